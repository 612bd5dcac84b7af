//! `db`: everything moved, backed up, examined.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};

use crate::platform::{bundle, set_up};
use crate::postgres::{database, postgres};
use crate::run::{command, empty, run, run_with};
use crate::running::Server;

fn claims(server: &mut Server) -> Value {
    let (status, answer) = server.post("/api/auth/license/get-claims", "{}");
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

fn status(folder: &Path, database: &str) -> Value {
    let ran = run_with(&mut command(folder, &[("DATABASE_URL", database)]), &["status", "--json"], b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn renewed(name: &str) -> (Server, PathBuf) {
    let (server, folder) = set_up(name, &bundle(&["--jti", "lic_one"]));
    std::fs::write(folder.join("new.json"), bundle(&["--jti", "lic_two", "--days=200"])).unwrap();
    assert_eq!(run(&folder, &["rotate", "new.json"]).code, 0);
    (server, folder)
}

#[test]
fn a_backup_is_taken_while_the_server_goes_on_and_is_a_database_of_its_own() {
    let (mut server, folder) = renewed("db-backup");
    let ran = run(&folder, &["db", "backup", "copy.db"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("Everything as of now is in copy.db."), "{}", ran.out);
    assert_eq!(claims(&mut server)["claims"]["jti"], "lic_two");
    let (here, there) = (status(&folder, "sqlite://data/countersign.db"), status(&folder, "sqlite://copy.db"));
    for member in ["licenseId", "revision", "installedAt", "installedBy", "source"] {
        assert_eq!(here[member], there[member], "{member}");
    }
    let ran = run_with(&mut command(&folder, &[("DATABASE_URL", "sqlite://copy.db")]), &["db", "check"], b"");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.ends_with("The database is in order.\n") && ran.out.contains("license_history"), "{}", ran.out);
    // Nothing that is there is written over.
    let ran = run(&folder, &["db", "backup", "copy.db"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("copy.db is already there"), "{}", ran.err);
}

#[test]
fn a_backup_is_in_the_file_that_was_named_whatever_its_characters() {
    let (_server, folder) = renewed("db-backup-names");
    for name in ["a?b.db", "50%20 off.db", "a#b.db"] {
        let ran = run(&folder, &["db", "backup", name]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(ran.out.starts_with(&format!("Everything as of now is in {name}.")), "{}", ran.out);
        assert!(std::fs::read(folder.join(name)).unwrap().starts_with(b"SQLite format 3"), "{name}");
    }
    assert!(!folder.join("a").exists());
}

#[test]
fn a_large_database_may_take_longer_than_a_request() {
    let (server, folder) = renewed("db-slow");
    let postgres = postgres();
    let url = database(&postgres, "slow");
    server.stop();
    let move_to = |from: &str, to: &str| run(&folder, &["db", "move", "--from", from, "--to", to]);
    assert_eq!(move_to("sqlite://data/countersign.db", &url).code, 0);
    // Each row takes its time, as many rows would: together longer than any statement of the server may. PostgreSQL sends them as soon
    // as they fill 8 kB.
    let slow = "ALTER TABLE audit RENAME TO audit_rows; INSERT INTO audit_rows SELECT 'more' || number, 1, '', 'more', repeat('x', 9000), '' \
                FROM generate_series(1, 12) AS number; CREATE VIEW audit AS SELECT audit_rows.* FROM audit_rows, \
                LATERAL (SELECT pg_sleep(0.5) WHERE audit_rows.id <> '') AS slow";
    let ran = std::process::Command::new("psql").args([&url, "-qc", slow]).status();
    assert!(ran.expect("psql runs").success());
    let with = |arguments: &[&str]| run_with(&mut command(&folder, &[("DATABASE_URL", &url)]), arguments, b"");
    let begun = std::time::Instant::now();
    let ran = with(&["db", "check"]);
    assert!(begun.elapsed().as_secs() >= 5, "it is slow");
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
    let ran = with(&["db", "backup", "copy.db"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = move_to(&url, "sqlite://moved.db");
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn everything_moves_and_the_server_goes_on_from_there() {
    let (mut server, folder) = renewed("db-move");
    // In the worst case it did not even end well.
    server.kill();
    let before = status(&folder, "sqlite://data/countersign.db");
    for target in ["sqlite://moved.db".to_owned(), database(&postgres(), "moved")] {
        let arguments = ["db", "move", "--from", "sqlite://data/countersign.db", "--to", &target];
        let ran = run(&folder, &arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{target}");
        assert!(ran.out.starts_with("Everything was moved"), "{}", ran.out);
        let key = std::fs::read_to_string(folder.join("data/countersign.key")).unwrap();
        if target.starts_with("postgres") {
            assert!(ran.out.contains("SECRET_KEY") && ran.out.contains("data/countersign.key"), "{}", ran.out);
            assert!(!ran.out.contains(key.trim()), "the key itself is not told");
        }
        let after = status(&folder, &target);
        for member in ["licenseId", "revision", "installedAt", "installedBy", "source", "key"] {
            assert_eq!(before[member], after[member], "{target}: {member}");
        }
        // Whoever was signed in still is.
        let variables = [("DATABASE_URL", target.as_str()), ("SECRET_KEY", key.trim())];
        let moved = Server::start_in(&folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
        let mut moved = moved.with_cookies_of(&server);
        assert_eq!(claims(&mut moved)["claims"]["jti"], json!("lic_two"), "{target}");
        drop(moved);
        // A second time there is something in the way, and it stays.
        let ran = run(&folder, &arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{target}");
        assert!(ran.err.contains("is not empty") && ran.err.contains("nothing was changed"), "{}", ran.err);
    }
}

#[test]
fn damage_is_found_and_named() {
    let (server, folder) = renewed("db-damage");
    server.stop();
    let break_it = |sql: &str| {
        let script =
            format!("import sqlite3\nc = sqlite3.connect('data/countersign.db')\nc.execute(\"{sql}\")\nc.commit()");
        let ran = std::process::Command::new("python3").args(["-c", &script]).current_dir(&folder).status();
        assert!(ran.expect("python3 runs").success());
    };
    break_it("UPDATE platform_config SET revision = 9 WHERE key = 'license_jwt'");
    let ran = run(&folder, &["db", "check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("license and key have different revisions"), "{}", ran.out);
    break_it("DROP TABLE audit");
    let ran = run(&folder, &["db", "check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("the table audit cannot be read") && ran.out.contains("users"), "{}", ran.out);
    let ran = run(&folder, &["db", "backup", "half.db"]);
    assert_eq!(ran.code, 2);
    assert!(!folder.join("half.db").exists(), "half a backup is none");
}

#[test]
fn damage_on_postgresql_is_named_as_well() {
    let (server, folder) = renewed("db-damage-postgres");
    let url = database(&postgres(), "damage");
    server.stop();
    assert_eq!(run(&folder, &["db", "move", "--from", "sqlite://data/countersign.db", "--to", &url]).code, 0);
    let ran = std::process::Command::new("psql").args([&url, "-qc", "DROP TABLE audit"]).status();
    assert!(ran.expect("psql runs").success());
    let ran = run_with(&mut command(&folder, &[("DATABASE_URL", &url)]), &["db", "check"], b"");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("the table audit cannot be read") && ran.out.contains("users"), "{}", ran.out);
}

/// A real PostgreSQL that says it were release 13: between it and whoever asks, the number is another.
fn of_before(server: &str) -> String {
    let (who, address) = server.rsplit_once('@').expect("postgres://name@host:port");
    let (address, listener) = (address.to_owned(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut from in listener.incoming().map_while(Result::ok) {
            let mut to = TcpStream::connect(&address).expect("PostgreSQL");
            let (mut back, mut forth) = (to.try_clone().expect("a socket"), from.try_clone().expect("a socket"));
            thread::spawn(move || io::copy(&mut forth, &mut to));
            thread::spawn(move || {
                let mut bytes = [0; 16 * 1024];
                while let Ok(read @ 1..) = back.read(&mut bytes) {
                    let said = &mut bytes[..read];
                    // A row of one column of six characters, in the answer to `SHOW server_version_num`.
                    let number = said.windows(4).position(|length| length == [0, 0, 0, 6]);
                    if let Some(number) = number.and_then(|at| said.get_mut(at + 4..at + 10))
                        && number.iter().all(u8::is_ascii_digit)
                    {
                        number.copy_from_slice(b"130023");
                    }
                    if from.write_all(said).is_err() {
                        break;
                    }
                }
            });
        }
    });
    format!("{who}@127.0.0.1:{port}")
}

#[test]
fn a_postgresql_that_is_too_old_is_named_and_nothing_is_changed_there() {
    let name = database(&postgres(), "old").rsplit('/').next().expect("a name").to_owned();
    let url = format!("{}/{name}", of_before(&postgres()));
    let folder = empty("db-old");
    for arguments in [&["serve"][..], &["status"], &["db", "check"]] {
        let ran = run_with(&mut command(&folder, &[("DATABASE_URL", &url)]), arguments, b"");
        assert!(
            ran.code == 2 && ran.err.contains("it is PostgreSQL 13: Countersign needs 14 or a later one"),
            "{arguments:?}: {} {}",
            ran.code,
            ran.err
        );
    }
    let ran = std::process::Command::new("psql")
        .args([&format!("{}/{name}", postgres()), "-Atc", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"])
        .output();
    assert_eq!(ran.expect("psql runs").stdout, b"0\n");
}

#[test]
fn a_source_that_is_not_there_is_a_mistake() {
    let folder = empty("db-none");
    let ran = run(&folder, &["db", "move", "--from", "sqlite://none.db", "--to", "sqlite://new.db"]);
    assert_eq!((ran.code, ran.err.as_str()), (2, "countersign: there is no database none.db\n"));
    assert!(!folder.join("none.db").exists() && !folder.join("new.db").exists());
    let ran = run(&folder, &["db", "move", "--from", "mysql://x", "--to", "sqlite://new.db"]);
    assert!(ran.code == 2 && ran.err.contains("--from is not the address of a database"), "{}", ran.err);
}

#[test]
fn the_database_that_cannot_be_opened_is_named_as_it_was_given() {
    let (_server, folder) = set_up("db-unopened", &bundle(&[]));
    let ran = run(&folder, &["db", "backup", "/proc/none/b.db"]);
    assert!(
        ran.code == 2 && ran.err.starts_with("countersign: the database /proc/none/b.db cannot be opened"),
        "{}",
        ran.err
    );
    let ran =
        run(&folder, &["db", "move", "--from", "sqlite://data/countersign.db", "--to", "sqlite:///proc/none/b.db"]);
    assert!(ran.code == 2 && ran.err.contains("the database /proc/none/b.db (--to) cannot be opened"), "{}", ran.err);
}
