//! `setup-token`: a new token for the first step, when the one that was printed is lost.

use serde_json::{Value, json};

use crate::platform::{bundle, set_up};
use crate::run::{empty, run};
use crate::running::Server;

const PUBLIC: &[&str] = &["--listen-addr", "127.0.0.1:0", "--public-url", "https://example.com"];

#[test]
fn the_new_token_opens_the_first_step_and_the_lost_one_does_not() {
    let folder = empty("setup-token-new");
    let mut server = Server::start_in(&folder, &[], PUBLIC);
    let lost = server.token.clone().expect("a token is printed");
    let license: Value = serde_json::from_str(&bundle(&[])).unwrap();
    let with = |token: &str| {
        let mut body = license.clone();
        body["setupToken"] = json!(token);
        body.to_string()
    };
    let older = run(&folder, &["setup-token"]).out;
    let ran = run(&folder, &["setup-token"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let token = ran.out.strip_suffix('\n').expect("a line");
    assert!(token.len() == 43 && token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{token}");
    assert!(ran.err.starts_with("Type this token") && !ran.err.contains(token), "{}", ran.err);
    for gone in [lost.as_str(), older.trim()] {
        let (status, answer) = server.post("/api/setup/license", &with(gone));
        assert!(status == 403 && answer.contains("setup-token-wrong"), "{answer}");
    }
    assert_eq!(server.post("/api/setup/license", &with(token)).0, 200);
    let stored = std::fs::read(folder.join("data/countersign.db-wal")).unwrap();
    assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()), "it is stored as a hash alone");
}

#[test]
fn a_platform_that_has_its_administrator_gets_no_token() {
    let (_server, folder) = set_up("setup-token-late", &bundle(&[]));
    let ran = run(&folder, &["setup-token"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("has its first administrator already"), "{}", ran.err);
}
