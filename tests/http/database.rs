//! The database of a test's server: a file in its folder, or a PostgreSQL database of its own where one is given.
//!
//! `COUNTERSIGN_TEST_ON=postgres scripts/postgres.sh cargo test -p countersign --test http` runs every test on PostgreSQL.

use std::path::Path;

use sqlx::{AnyConnection, Connection as _, Executor as _};
use tempfile::TempDir;

/// Where PostgreSQL is, if the tests are to use it.
fn postgres() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the tests' own switch")]
    let variable = |name| std::env::var(name).ok();
    if variable("COUNTERSIGN_TEST_ON").as_deref() != Some("postgres") {
        return None;
    }
    Some(variable("COUNTERSIGN_POSTGRES").expect("COUNTERSIGN_POSTGRES says where it is"))
}

/// Whether the database is a file of the test's folder.
pub fn is_a_file() -> bool {
    postgres().is_none()
}

/// The address of the folder's database. On PostgreSQL it is made when it is not there.
pub async fn of(folder: &TempDir) -> String {
    sqlx::any::install_default_drivers();
    let Some(server) = postgres() else { return format!("sqlite://{}", file(folder.path())) };
    let name = folder.path().file_name().expect("a name").to_string_lossy();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    // Names of folders differ in case as well; the note says which database is this one's.
    let note = folder.path().join("database");
    if let Ok(url) = std::fs::read_to_string(&note) {
        return url;
    }
    let mut admin = AnyConnection::connect(&format!("{server}/postgres")).await.expect("PostgreSQL");
    let name = format!("{name}_{}", std::process::id());
    // The quicker way here. PostgreSQL 14 knows no other, and no word for it.
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&mut admin).await.expect("a version");
    let strategy = if version.as_str() < "150000" { "" } else { "STRATEGY FILE_COPY" };
    let made = format!("CREATE DATABASE {name} {strategy}");
    admin.execute(sqlx::AssertSqlSafe(made)).await.expect("a database");
    admin.close().await.expect("it closes");
    let url = format!("{server}/{name}");
    std::fs::write(note, &url).expect("a note");
    url
}

fn file(folder: &Path) -> String {
    folder.join("countersign.db").display().to_string()
}

/// Everything that is stored, as bytes: files, or the rows of all tables as text.
pub async fn contents(folder: &TempDir) -> Vec<Vec<u8>> {
    if is_a_file() {
        let files = std::fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file").path());
        return files.map(|path| std::fs::read(path).expect("a file")).collect();
    }
    let mut database = AnyConnection::connect(&of(folder).await).await.expect("the database");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public'",
    )
    .fetch_all(&mut database)
    .await
    .expect("tables");
    let mut contents = Vec::new();
    for table in tables {
        let rows = format!("SELECT CAST(t AS TEXT) FROM {table} AS t");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_all(&mut database).await.expect("rows");
        contents.extend(rows.into_iter().map(String::into_bytes));
    }
    contents
}

/// Makes every such statement (`INSERT`, `UPDATE`) on a table fail, as on a full disk; [`mend`] ends it.
pub async fn break_table(database: &mut AnyConnection, statement: &str, table: &str) {
    let sql = if is_a_file() {
        format!(
            "CREATE TRIGGER broken BEFORE {statement} ON {table} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    } else {
        format!(
            "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN RAISE EXCEPTION ''the disk is full''; END'; \
             CREATE TRIGGER broken BEFORE {statement} ON {table} EXECUTE FUNCTION broken()"
        )
    };
    database.execute(sqlx::AssertSqlSafe(sql)).await.expect("a trigger");
}

/// Ends what [`break_table`] began.
pub async fn mend(database: &mut AnyConnection, table: &str) {
    let of = if is_a_file() { String::new() } else { format!(" ON {table}") };
    database.execute(sqlx::AssertSqlSafe(format!("DROP TRIGGER broken{of}"))).await.expect("no trigger");
}

/// Begins what keeps others from writing, and not from reading, until it is rolled back.
pub async fn hold(database: &mut AnyConnection) {
    let hold = if is_a_file() { "BEGIN IMMEDIATE" } else { "BEGIN; SELECT key FROM platform_config FOR UPDATE" };
    database.execute(hold).await.expect("a lock");
}
