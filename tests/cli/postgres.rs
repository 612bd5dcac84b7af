//! PostgreSQL, which `scripts/postgres.sh` starts.

/// Where PostgreSQL is.
pub fn postgres() -> String {
    #[expect(clippy::disallowed_methods, reason = "the tests' own switch")]
    let server = std::env::var("COUNTERSIGN_POSTGRES");
    server.expect(
        "COUNTERSIGN_POSTGRES says where PostgreSQL is: run this through scripts/postgres.sh, as make test does",
    )
}

/// A new database on PostgreSQL.
pub fn database(server: &str, name: &str) -> String {
    let name = format!("{name}_{}", std::process::id());
    let sql = format!("CREATE DATABASE {name}");
    let made = std::process::Command::new("psql").args([&format!("{server}/postgres"), "-qc", &sql]).status();
    assert!(made.expect("psql runs").success());
    format!("{server}/{name}")
}
