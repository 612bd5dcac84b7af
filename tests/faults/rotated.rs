//! `kill -9` right after an answer.

use serde_json::Value;

use crate::nginx::ask;
use crate::platform::{bundle, install};
use crate::postgres::{database, postgres};
use crate::run::empty;
use crate::running::Server;
use crate::times;

/// Rotates, kills the server once the answer is there, and starts it again.
fn rotate_and_kill(name: &str, variables: &[(&str, &str)]) {
    let folder = empty(name);
    let start = || Server::start_in(&folder, variables, &["--listen-addr", "127.0.0.1:0"]);
    let mut server = start();
    install(&mut server, &bundle(&["--jti", "lic_0"]));
    for round in 1..=times(5, 200) {
        let id = format!("lic_{round}");
        let new = bundle(&["--jti", &id, "--days", &(90 + round).to_string()]);
        let head =
            format!("Content-Type: application/json\r\nIf-Match: \"{round}\"\r\nCookie: {}\r\n", server.cookies());
        let answer = ask(server.address(), "POST", "/api/auth/license/rotate", &head, &new);
        assert_eq!(answer.status, 200, "{}", answer.body);
        server.kill();
        server = start().with_cookies_of(&server);
        let (status, answer) = server.post("/api/auth/license/get-claims", "{}");
        assert_eq!(status, 200, "{answer}");
        let told: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(told["claims"]["jti"], id.as_str());
    }
}

#[test]
fn what_was_answered_survives_a_kill_on_sqlite() {
    rotate_and_kill("faults-rotated", &[("RUST_LOG", "warn")]);
}

#[test]
fn what_was_answered_survives_a_kill_on_postgresql() {
    let url = database(&postgres(), "rotated");
    rotate_and_kill(
        "faults-rotated-postgres",
        &[("DATABASE_URL", &url), ("SECRET_KEY", "one for all of them, thirty-two or more"), ("RUST_LOG", "warn")],
    );
}
