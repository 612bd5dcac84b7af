//! The set-up of a real server: what survives a crash, who is asked for the token, what the variables do.

use serde_json::{Value, json};

use crate::run::{command, empty, run, run_with, vendor_key};
use crate::running::Server;

const LOCAL: &[&str] = &["--listen-addr", "127.0.0.1:0"];

/// A bundle that is valid today.
fn bundle(more: &[&str]) -> Value {
    let key = vendor_key();
    let days: &[_] = if more.iter().any(|option| option.starts_with("--days")) { &[] } else { &["--days=90"] };
    let arguments = [&["issue", "--key", &key], days, more].concat();
    let ran = run(std::path::Path::new("."), &arguments);
    serde_json::from_str(&ran.out).expect("a bundle")
}

fn admin() -> String {
    json!({ "name": "First Admin", "email": "admin@example.com", "password": "correct horse battery" }).to_string()
}

#[test]
fn what_was_confirmed_survives_kill_9_after_each_step() {
    let folder = empty("setup-kill");
    let license = bundle(&[]).to_string();
    let email = json!({ "provider": "later" }).to_string();
    let steps = [
        ("license", license.as_str(), json!("admin")),
        ("admin", &admin(), json!("organization")),
        ("organization", r#"{"name":"Acme Corp"}"#, json!("email")),
        ("email", &email, json!("complete")),
        ("complete", "{}", Value::Null),
    ];
    let mut server = Server::start_in(&folder, &[], LOCAL);
    for (step, body, next) in steps {
        let (status, answer) = server.post(&format!("/api/setup/{step}"), body);
        assert_eq!(status, 200, "{step}: {answer}");
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), json!({ "next": next }));
        server.kill();
        server = Server::start_in(&folder, &[], LOCAL).with_cookies_of(&server);
        let state = server.look("/api/setup/state");
        match next.as_str() {
            Some(next) => assert!(state.contains(&format!(r#""next":"{next}""#)), "after {step}: {state}"),
            None => assert!(state.contains("setup-complete"), "{state}"),
        }
    }
    let session = server.look("/api/auth/get-session");
    assert!(session.contains("admin@example.com"), "the session survives as well: {session}");
}

#[test]
fn a_server_that_others_can_reach_asks_for_the_token_that_it_printed() {
    let folder = empty("setup-token");
    let mut server =
        Server::start_in(&folder, &[], &["--listen-addr", "127.0.0.1:0", "--public-url", "https://example.com"]);
    let token = server.token.clone().expect("a token is printed");
    assert_eq!(token.len(), 43);
    let license = bundle(&[]);
    let (status, answer) = server.post("/api/setup/license", &license.to_string());
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("setup-token-required"), "{answer}");

    let with = |token: &str| {
        let mut body = license.clone();
        body["setupToken"] = json!(token);
        body.to_string()
    };
    let (status, answer) = server.post("/api/setup/license", &with("wrong"));
    assert!(status == 403 && answer.contains("setup-token-wrong"), "{answer}");
    assert_eq!(server.post("/api/setup/license", &with(&token)).0, 200);

    // Somebody else with the same token is too late.
    let other =
        Server::start_in(&folder, &[], &["--listen-addr", "127.0.0.1:0", "--public-url", "https://example.com"]);
    assert_ne!(other.token.as_ref(), Some(&token), "each start prints its own");
    let mut other = other;
    let (status, answer) = other.post("/api/setup/license", &with(&token));
    assert!(status == 403 && answer.contains("setup-token-used"), "{answer}");
    let (status, answer) = other.post("/api/setup/admin", &admin());
    assert!(status == 403 && answer.contains("setup-token-required"), "{answer}");
    let log = other.stop().2 + &server.stop().2;
    assert!(!log.contains(&token), "the log has no token");
}

#[test]
fn the_license_of_the_variables_is_written_once_and_ignored_afterwards() {
    let folder = empty("setup-preseed");
    let (first, second) = (bundle(&["--org", "First"]), bundle(&["--org", "Another"]));
    let variables = |bundle: &Value| {
        // A block scalar ends with a line break.
        let text = |name: &str| format!("{}\n", bundle[name].as_str().unwrap());
        [("LICENSE", text("jwt")), ("LICENSE_PUBLIC_KEY", text("publicKey"))]
    };
    let start = |bundle: &Value| {
        let variables = variables(bundle);
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Server::start_in(&folder, &variables, LOCAL)
    };
    let server = start(&first);
    let state = server.look("/api/setup/state");
    assert!(state.contains(r#""next":"admin""#) && state.contains("First"), "{state}");
    assert!(server.look("/setup/license").contains("First"), "the first step opens verified");
    server.stop();

    let mut server = start(&second);
    let state = server.look("/api/setup/state");
    assert!(state.contains("First") && !state.contains("Another"), "{state}");
    assert_eq!(server.post("/api/setup/admin", &admin()).0, 200);
    let (_, _, log) = server.stop();
    assert!(log.contains("LICENSE and LICENSE_PUBLIC_KEY are ignored"), "{log}");
    assert!(!log.contains(second["jwt"].as_str().unwrap()), "no log has a token");
}

#[test]
fn a_license_of_the_variables_that_is_not_valid_opens_nothing_and_is_named() {
    let expired = bundle(&["--days=-2"]);
    let (jwt, key) = (expired["jwt"].as_str().unwrap(), expired["publicKey"].as_str().unwrap());
    for (name, variables, reason) in [
        ("expired", vec![("LICENSE", jwt), ("LICENSE_PUBLIC_KEY", key)], "expired 2 days ago"),
        ("half", vec![("LICENSE", jwt)], "LICENSE is set and LICENSE_PUBLIC_KEY is not"),
        ("rubbish", vec![("LICENSE", "a.b.c"), ("LICENSE_PUBLIC_KEY", "rubbish")], "cannot be used"),
    ] {
        let folder = empty(&format!("setup-preseed-{name}"));
        let mut server = Server::start_in(&folder, &variables, LOCAL);
        assert!(server.look("/api/setup/state").contains(r#""next":"license""#), "{name}");
        assert_eq!(server.post("/api/setup/admin", &admin()).0, 409, "{name}");
        let (_, _, log) = server.stop();
        assert!(log.contains(reason), "{name}: {log}");
        assert!(!log.contains(jwt), "{name}: no log has a token");
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_named_at_the_start() {
    let folder = empty("setup-corrupt");
    std::fs::create_dir(folder.join("data")).unwrap();
    std::fs::write(folder.join("data/countersign.db"), "this is no database".repeat(1000)).unwrap();
    let ran = run_with(&mut command(&folder, &[]), &["serve", "--listen-addr", "127.0.0.1:0"], b"");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the database data/countersign.db (DATABASE_URL) cannot be opened"), "{}", ran.err);
}

#[test]
fn the_log_tells_once_that_the_set_up_was_opened_again() {
    let (server, folder) = crate::platform::set_up("setup-reopened", &crate::platform::bundle(&[]));
    let script = "import sqlite3\nc = sqlite3.connect('data/countersign.db')\n\
                  c.execute(\"UPDATE platform_config SET value = 'false' WHERE key = 'setup_completed'\")\nc.commit()";
    let ran = std::process::Command::new("python3").args(["-c", script]).current_dir(&folder).status();
    assert!(ran.expect("python3 runs").success());
    for _ in 0..3 {
        assert!(server.look("/setup").starts_with("HTTP/1.1 303"));
    }
    let (_, _, log) = server.stop();
    assert_eq!(log.matches("the set-up is open again, for its administrator alone").count(), 1, "{log}");
}
