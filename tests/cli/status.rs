//! `status`: what is licensed now, on a terminal and for scripts.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;

use crate::platform::{bundle, set_up};
use crate::run::{command, empty, run, run_with};
use crate::running::Server;

#[test]
fn it_says_what_is_in_use_beside_a_running_server() {
    let license = bundle(&["--org", "Acme Corp", "--tier", "professional", "--jti", "lic_one"]);
    let (_server, folder) = set_up("status-running", &license);
    let ran = run(&folder, &["status"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("Licensed to Acme Corp until "), "{}", ran.out);
    for part in ["State", "active", "professional", "lic_one", "Revision", "admin@example.com", "setup", "bundled"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let ran = run(&folder, &["status", "--json"]);
    assert_eq!(ran.code, 0);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let members = ["state", "organization", "tier", "licenseId", "revision", "trust", "source", "installedBy"];
    let expected =
        json!(["active", "Acme Corp", "professional", "lic_one", 1, "bundled", "setup", "admin@example.com"]);
    assert_eq!(json!(members.map(|member| told[member].clone())), expected);
    assert_eq!(told["key"]["sha256"].as_str().unwrap().len(), 64);
    // Groups of four, as on every page: the same digits.
    let digits = told["key"]["sha256"].as_str().unwrap().to_ascii_uppercase();
    assert!(run(&folder, &["status"]).out.contains(&digits[..4]));
    assert!(!ran.out.contains(license.split('"').nth(3).unwrap()), "no token");
}

#[test]
fn what_grants_nothing_is_status_1() {
    let folder = empty("status-none");
    let server = Server::start_in(&folder, &[], &["--listen-addr", "127.0.0.1:0"]);
    let ran = run(&folder, &["status"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.starts_with("No license is installed"), "{}", ran.out);
    let told: Value = serde_json::from_str(&run(&folder, &["status", "--json"]).out).unwrap();
    assert_eq!((&told["state"], &told["revision"]), (&json!("unlicensed"), &json!(0)));
    drop(server);

    // Under a trusted list without its key, what is stored is no license.
    let (_server, folder) = set_up("status-pinned", &bundle(&[]));
    let key = "0".repeat(64);
    let ran = run_with(&mut command(&folder, &[("LICENSE_TRUSTED_KEYS", &key)]), &["status"], b"");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("tampered"), "{}", ran.out);
}

#[test]
fn scripts_are_warned_while_there_is_time() {
    let (_server, folder) = set_up("status-warn", &bundle(&["--jti", "lic_warn"]));
    let status = |more: &[&str]| run(&folder, &[&["status"], more].concat()).code;
    // It ends in 90 days.
    assert_eq!([status(&[]), status(&["--warn-days", "89"]), status(&["--warn-days", "90"])], [0, 0, 3]);

    let told: Value = serde_json::from_str(&run(&folder, &["status", "--json"]).out).unwrap();
    let subject = format!("lic_warn\n{}", told["key"]["sha256"].as_str().unwrap());
    let subject = format!("{:x}", Sha256::digest(subject));
    let failing_since = |at: i64| {
        sql(
            &folder,
            &format!(
                "INSERT INTO phone_home (subject, next_at, first_failure_at) VALUES ('{subject}', 9999999999, {at}) \
                 ON CONFLICT (subject) DO UPDATE SET first_failure_at = {at}"
            ),
        );
    };
    failing_since(countersign::clock::now() - 60);
    assert_eq!([status(&[]), status(&["--warn-days", "0"])], [0, 3], "degraded");
    failing_since(1);
    assert_eq!([status(&[]), status(&["--warn-days", "90"])], [1, 1], "lapsed");

    let folder = empty("status-warn-none");
    assert_eq!(run(&folder, &["status", "--warn-days", "30"]).code, 2, "no database");
    let _server = Server::start_in(&folder, &[], &["--listen-addr", "127.0.0.1:0"]);
    assert_eq!(run(&folder, &["status", "--warn-days", "30"]).code, 1, "no license");
    for wrong in ["-1", "soon", ""] {
        assert_eq!(run(&folder, &["status", &format!("--warn-days={wrong}")]).code, 2, "{wrong}");
    }
}

/// Changes the database of a folder, as an operator could.
pub fn sql(folder: &Path, statement: &str) {
    let url = format!("sqlite://{}", folder.join("data/countersign.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn no_command_makes_a_database() {
    for arguments in [&["status"][..], &["setup-token"], &["rotate", "-"]] {
        let folder = empty("status-missing");
        let ran = run_with(&mut command(&folder, &[]), arguments, bundle(&[]).as_bytes());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("there is no database data/countersign.db (DATABASE_URL)"), "{}", ran.err);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
    let folder = empty("status-corrupt");
    std::fs::create_dir(folder.join("data")).unwrap();
    std::fs::write(folder.join("data/countersign.db"), "this is no database".repeat(1000)).unwrap();
    let ran = run(&folder, &["status"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot be opened"), "{}", ran.err);
}
