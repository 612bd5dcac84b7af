//! `rotate`: a new license from the command line, beside a running server.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::platform::{bundle, set_up};
use crate::run::{Ran, command, empty, run, run_with};
use crate::running::Server;
use crate::status::sql;

fn rotate(folder: &Path, arguments: &[&str], bundle: &str) -> Ran {
    run_with(&mut command(folder, &[]), &[&["rotate", "-"], arguments].concat(), bundle.as_bytes())
}

fn claims(server: &mut Server) -> Value {
    let (status, answer) = server.post("/api/auth/license/get-claims", "{}");
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn a_running_server_follows_at_once() {
    let (mut server, folder) = set_up("rotate-running", &bundle(&["--jti", "lic_one"]));
    assert_eq!(claims(&mut server)["claims"]["jti"], "lic_one");
    std::fs::write(folder.join("new.json"), bundle(&["--jti", "lic_two", "--days=200"])).unwrap();
    let ran = run(&folder, &["rotate", "new.json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "The new license is in use, as revision 2.\n"));
    assert!(ran.out.contains("What the new bundle changes") && ran.out.contains("lic_two"), "{}", ran.out);
    let now = claims(&mut server);
    assert_eq!((&now["claims"]["jti"], &now["revision"]), (&json!("lic_two"), &json!(2)));
    assert_eq!(now["source"], "command line");
    let history = server.look("/api/auth/license/history");
    assert!(history.contains(r#""replacedBy":"command line""#), "{history}");
    // And what the server does next counts for the command line.
    assert!(run(&folder, &["status"]).out.contains("lic_two"));
}

#[test]
fn what_gets_worse_is_named_as_flags_to_add() {
    let (mut server, folder) = set_up("rotate-worse", &bundle(&["--jti", "lic_one", "--tier", "enterprise"]));
    let other = crate::common::folder().join("keys/rsa2048-other.pem").display().to_string();
    let worse = bundle(&["--key", &other, "--jti", "lic_worse", "--tier", "starter", "--days=30"]);
    let ran = rotate(&folder, &[], &worse);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "countersign: nothing was changed; if you know what gets worse, add --acknowledge key-changed --acknowledge \
         downgrade --acknowledge expires-sooner\n"
    );
    let ran = rotate(&folder, &["--acknowledge", "key-changed", "--acknowledge=downgrade"], &worse);
    assert_eq!(ran.code, 1);
    assert!(ran.err.ends_with("add --acknowledge expires-sooner\n"), "{}", ran.err);
    assert_eq!(claims(&mut server)["claims"]["jti"], "lic_one");

    let all = ["--json", "--acknowledge=key-changed", "--acknowledge=downgrade", "--acknowledge=expires-sooner"];
    let ran = rotate(&folder, &all, &worse);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["applied"], &told["revision"], &told["missing"]), (&json!(true), &json!(2), &json!([])));
    assert_eq!(told["inspection"]["verdict"], "valid");
    assert_eq!(claims(&mut server)["claims"]["jti"], "lic_worse");

    let ran = rotate(&folder, &["--acknowledge=anything"], &worse);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("key-changed, downgrade, expires-sooner, older"), "{}", ran.err);
}

#[test]
fn what_is_not_valid_changes_nothing() {
    let first = bundle(&["--jti", "lic_one"]);
    let (mut server, folder) = set_up("rotate-refused", &first);
    let same = "this license is in use already";
    let other = crate::common::folder().join("keys/rsa2048-other.pem").display().to_string();
    let other: Value = serde_json::from_str(&bundle(&["--key", &other])).unwrap();
    let mut mixed: Value = serde_json::from_str(&first).unwrap();
    mixed["publicKey"] = other["publicKey"].clone();
    for (text, code, reason) in [
        (first.clone(), 1, same),
        (bundle(&["--days=-1"]), 1, "not valid now"),
        (mixed.to_string(), 1, "not valid now"),
        ("rubbish".to_owned(), 2, "not valid now"),
        (String::new(), 2, "not valid now"),
    ] {
        let ran = rotate(&folder, &["--acknowledge=key-changed"], &text);
        assert_eq!(ran.code, code, "{text}: {}", ran.err);
        assert!(ran.err.contains(reason), "{text}: {}", ran.err);
    }
    let ran = run(&folder, &["rotate", "nothing.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no file nothing.json"), "{}", ran.err);
    let now = claims(&mut server);
    assert_eq!((&now["claims"]["jti"], &now["revision"]), (&json!("lic_one"), &json!(1)));
}

#[test]
fn what_the_vendor_revoked_is_not_put_back() {
    let first = bundle(&["--jti", "lic_one"]);
    let (mut server, folder) = set_up("rotate-revoked", &first);
    let ran = rotate(&folder, &[], &bundle(&["--jti", "lic_two", "--days=200"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let key: Value = serde_json::from_str(&run(&folder, &["status", "--json"]).out).unwrap();
    let subject = format!("{:x}", Sha256::digest(format!("lic_one\n{}", key["key"]["sha256"].as_str().unwrap())));
    let row = "INSERT INTO phone_home (subject, next_at, revoked_at) VALUES";
    sql(
        &folder,
        &format!("{row} ('{subject}', 99999999999, 86400) ON CONFLICT (subject) DO UPDATE SET revoked_at = 86400"),
    );
    let ran = rotate(&folder, &["--json", "--acknowledge=expires-sooner", "--acknowledge=older"], &first);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for words in ["The vendor revoked this license; nothing was changed", "2 January 1970", "Ask the vendor"] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["applied"], &told["revokedAt"]), (&json!(false), &json!("1970-01-02T00:00:00Z")));
    assert_eq!(claims(&mut server)["claims"]["jti"], "lic_two");
}

#[test]
fn a_trusted_list_holds_on_the_command_line_too() {
    let (mut server, folder) = set_up("rotate-pinned", &bundle(&[]));
    let other = crate::common::folder().join("keys/rsa2048-other.pem").display().to_string();
    let self_made = bundle(&["--key", &other]);
    let check = run_with(&mut command(&folder, &[]), &["check", "--json"], bundle(&[]).as_bytes());
    let inspection: Value = serde_json::from_str(&check.out).unwrap();
    let trusted = inspection["key"]["sha256"].as_str().unwrap().to_owned();
    let mut pinned = command(&folder, &[("LICENSE_TRUSTED_KEYS", &trusted)]);
    let ran = run_with(&mut pinned, &["rotate", "-", "--acknowledge=key-changed"], self_made.as_bytes());
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(claims(&mut server)["revision"], 1);
}

#[test]
fn a_platform_that_is_not_set_up_gets_its_license_from_the_command_line() {
    let folder = empty("rotate-fresh");
    let mut server = Server::start_in(&folder, &[], &["--listen-addr", "127.0.0.1:0"]);
    let license = bundle(&[]);
    let ran = rotate(&folder, &[], &license);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--acknowledge key-changed"), "{}", ran.err);
    let ran = rotate(&folder, &["--acknowledge=key-changed"], &license);
    assert_eq!((ran.code, ran.err.as_str()), (0, "The new license is in use, as revision 1.\n"));
    let state = server.look("/api/setup/state");
    assert!(state.contains(r#""next":"admin""#), "{state}");
    let (status, _) = server.post("/api/auth/license/get-claims", "{}");
    assert_eq!(status, 401);
}

/// Restarts a server that was killed, with the session of before.
fn restarted(folder: &Path, server: &Server) -> Server {
    Server::start_in(folder, &[], &["--listen-addr", "127.0.0.1:0"]).with_cookies_of(server)
}

/// Sends a rotation. All that could get worse is acknowledged.
fn begin(server: &Server, revision: i64, bundle: &str) -> std::net::TcpStream {
    let mut body: Value = serde_json::from_str(bundle).unwrap();
    body["acknowledge"] = json!(["key-changed", "downgrade", "expires-sooner", "older"]);
    server.begin("POST", "/api/auth/license/rotate", &format!("If-Match: \"{revision}\"\r\n"), &body.to_string())
}

/// Two licenses of different keys.
fn two() -> [String; 2] {
    let other = crate::common::folder().join("keys/rsa2048-other.pem").display().to_string();
    [bundle(&["--jti", "lic_a"]), bundle(&["--jti", "lic_b", "--key", &other])]
}

#[test]
fn kill_9_at_any_point_of_a_rotation_leaves_the_old_license_or_the_new_one() {
    // `tests/faults/kills.rs` does so more often, with others who ask meanwhile.
    const ROUNDS: u32 = 40;
    // A rotation is over within this time.
    const LONGEST: Duration = Duration::from_millis(30);
    let bundles = two();
    let (mut server, folder) = set_up("rotate-kill", &bundles[0]);
    let (mut old, mut new) = (0, 0);
    for round in 0..ROUNDS {
        let before = claims(&mut server);
        let revision = before["revision"].as_i64().unwrap();
        let is_a = before["claims"]["jti"] == "lic_a";
        let stream = begin(&server, revision, &bundles[usize::from(is_a)]);
        std::thread::sleep(LONGEST * round / ROUNDS);
        server.kill();
        drop(stream);
        server = restarted(&folder, &server);
        let after = claims(&mut server);
        assert_eq!((&after["state"], &after["verdict"]), (&json!("active"), &json!("valid")), "round {round}");
        if after["revision"] == before["revision"] {
            assert_eq!(after["claims"], before["claims"], "round {round}");
            old += 1;
        } else {
            assert_eq!(after["revision"], revision + 1, "round {round}");
            assert_eq!(after["claims"]["jti"], ["lic_a", "lic_b"][usize::from(is_a)], "round {round}");
            assert_ne!(after["key"], before["key"], "round {round}");
            new += 1;
        }
    }
    assert!(old > 0 && new > 0, "killed too late or too early: {old} times the old one, {new} times the new one");
    // It accepts a rotation.
    let now = claims(&mut server);
    let is_a = now["claims"]["jti"] == "lic_a";
    let mut answer = String::new();
    let mut stream = begin(&server, now["revision"].as_i64().unwrap(), &bundles[usize::from(is_a)]);
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_rotation_that_was_answered_survives_kill_9_right_after() {
    const ROUNDS: i64 = 20;
    let bundles = two();
    let (mut server, folder) = set_up("rotate-survives", &bundles[0]);
    for round in 1..=ROUNDS {
        let next = usize::from(round % 2 == 1);
        let mut head = [0; 12];
        begin(&server, round, &bundles[next]).read_exact(&mut head).unwrap();
        server.kill();
        assert_eq!(&head, b"HTTP/1.1 200", "round {round}");
        server = restarted(&folder, &server);
        let after = claims(&mut server);
        assert_eq!(after["revision"], round + 1);
        assert_eq!(after["claims"]["jti"], ["lic_a", "lic_b"][next]);
    }
}
