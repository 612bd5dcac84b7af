//! A platform to try things on: a license for it, and the way through its wizard.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::run::{empty, run, vendor_key};
use crate::running::Server;

/// A bundle that is valid today, by the test vendor unless `more` names another key.
pub fn bundle(more: &[&str]) -> String {
    let key = vendor_key();
    let has = |option: &str| more.iter().any(|one| one.starts_with(option));
    let key: &[_] = if has("--key") { &[] } else { &["--key", &key] };
    let days: &[_] = if has("--days") { &[] } else { &["--days=90"] };
    let ran = run(Path::new("."), &[&["issue"], key, days, more].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out
}

/// A server that is set up, with that license.
pub fn set_up(name: &str, license: &str) -> (Server, PathBuf) {
    let folder = empty(name);
    let mut server = Server::start_in(&folder, &[], &["--listen-addr", "127.0.0.1:0"]);
    install(&mut server, license);
    (server, folder)
}

/// Goes through the wizard with that license.
pub fn install(server: &mut Server, license: &str) {
    let admin = json!({ "name": "First Admin", "email": "admin@example.com", "password": "correct horse battery" });
    for (step, body) in [
        ("license", license.to_owned()),
        ("admin", admin.to_string()),
        ("organization", r#"{"name":"Acme Corp"}"#.to_owned()),
        ("email", r#"{"provider":"later"}"#.to_owned()),
        ("complete", "{}".to_owned()),
    ] {
        let (status, answer) = server.post(&format!("/api/setup/{step}"), &body);
        assert_eq!(status, 200, "{step}: {answer}");
    }
}
