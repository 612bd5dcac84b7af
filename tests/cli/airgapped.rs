//! What leaves the machine, by what the kernel was asked for: the real binary under `strace`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use countersign::licensing;
use countersign_license::{Policy, inspect};
use serde_json::{Value, json};

use crate::phone_home::sql;
use crate::platform::bundle;
use crate::run::{BINARY, empty};
use crate::running::Server;

/// An address for documentation (RFC 5737), which an administrator may type as a mail server's.
const TYPED: &str = "192.0.2.1";
/// Another one, at which the license server is said to be.
const LICENSE_SERVER: &str = "192.0.2.2";

/// The addresses that the process asked to connect or send to, but for those of this machine.
fn foreign(trace: &str) -> BTreeSet<IpAddr> {
    let quoted =
        |line: &str, before: &str| Some(line.split_once(before)?.1.split_once('"')?.0.parse().expect("an address"));
    let called = |line: &str| -> Option<IpAddr> {
        quoted(line, "inet_addr(\"").or_else(|| quoted(line, "inet_pton(AF_INET6, \""))
    };
    trace.lines().filter_map(called).filter(|address| !address.to_canonical().is_loopback()).collect()
}

/// Walks through the wizard, sign-in, a rotation and what goes wrong meanwhile, in that mode. What the kernel was asked for.
async fn walk(mode: &str) -> String {
    let folder = empty(&format!("airgapped-{mode}"));
    let file = folder.join("trace");
    let mut command = Command::new("strace");
    // The tracer is a grandchild, so that signals reach the server itself.
    command.args(["-D", "-f", "-q", "-s", "64", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"]);
    command.arg(&file).arg(BINARY).current_dir(&folder).env_clear().env("LICENSE_MODE", mode);
    // In a way out that is not taken, nothing may be looked up.
    command.env("HTTPS_PROXY", "http://proxy.example.com:3128").env("NO_PROXY", LICENSE_SERVER);
    command.env("LICENSE_API_URL", format!("https://{LICENSE_SERVER}/validate")).env("EGRESS_ALLOW", LICENSE_SERVER);
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    let mut server = Server::spawn(command, &["--listen-addr", "127.0.0.1:0"]);

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mail = |host: &str| {
        let settings = json!({
            "provider": "smtp", "host": host, "port": closed, "security": "tls", "username": "", "password": "",
            "from": "license@example.com", "fromName": "",
        });
        settings.to_string()
    };
    let resend =
        json!({ "provider": "resend", "apiKey": "re_1234567890", "from": "license@example.com", "fromName": "" });
    let admin = json!({ "name": "First Admin", "email": "admin@example.com", "password": "correct horse battery" });
    let sign_in = |password: &str| json!({ "email": "admin@example.com", "password": password }).to_string();
    let (airgapped, online) = (mode == "airgapped", mode == "online");
    let steps = [
        ("setup/license", r#"{"jwt":"no","publicKey":"no"}"#.to_owned(), 422),
        ("setup/license", bundle(&[]), 200),
        ("setup/admin", admin.to_string(), 200),
        ("setup/organization", r#"{"name":"Acme Corp"}"#.to_owned(), 200),
        // Nobody listens there.
        ("setup/email/test", mail("127.0.0.1"), 502),
        ("setup/email/test", mail(TYPED), if airgapped { 422 } else { 502 }),
        ("setup/email", resend.to_string(), if airgapped { 422 } else { 200 }),
        ("setup/email", mail("127.0.0.1"), 200),
        ("setup/complete", "{}".to_owned(), 200),
        ("auth/sign-out", "{}".to_owned(), 200),
        ("auth/sign-in/email", sign_in("wrong horse battery"), 401),
        ("auth/sign-in/email", sign_in("correct horse battery"), 200),
        ("auth/license/rotate", "{}".to_owned(), 422),
        ("auth/license/check", "{}".to_owned(), if online { 502 } else { 409 }),
        ("invitations", json!({ "email": "guest@example.com", "role": "member" }).to_string(), 200),
        ("nothing", "{}".to_owned(), 404),
    ];
    for (path, body, expected) in steps {
        let (status, answer) = server.post(&format!("/api/{path}"), &body);
        assert_eq!(status, expected, "{mode}, {path}: {answer}");
    }
    // It ends so soon that administrators get a mail about it.
    let renewal = bundle(&["--days=5"]);
    // And it was due to be asked about long ago, as one is that was used online before.
    let subject = licensing::subject(&inspect(&renewal, &Policy::default(), countersign::clock::now()));
    sql(&folder, "INSERT INTO phone_home (subject, next_at) VALUES ($1, 0)", &[&subject]).await;
    let mut renewal: Value = serde_json::from_str(&renewal).unwrap();
    renewal["acknowledge"] = json!(["key-changed", "downgrade", "expires-sooner", "older"]);
    let mut answer = String::new();
    let mut rotating = server.begin("POST", "/api/auth/license/rotate", "If-Match: \"1\"\r\n", &renewal.to_string());
    rotating.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{mode}: {answer}");
    for page in ["/", "/settings/license", "/settings/network", "/settings/email", "/license-checker", "/nowhere"] {
        server.look(page);
    }
    // Test message, invitation, and that mail; it leaves in the pass in which the license server is due.
    let license_server = format!("inet_addr(\"{LICENSE_SERVER}\")");
    until(&file, |trace| {
        let times = |what: &str| trace.matches(what).count();
        times("inet_addr(\"127.0.0.1\")") >= 3 && (!online || times(&license_server) >= 2)
    });
    let (code, _, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("who may be called"), "{log}");
    // The tracer sees the last thread end a moment later.
    until(&file, |trace| trace.trim_end().ends_with("+++ exited with 0 +++"))
}

/// The trace, once it is like that.
fn until(file: &Path, is: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let trace = fs::read_to_string(file).expect("strace writes; `make setup-test` installs it");
        if is(&trace) {
            return trace;
        }
        assert!(Instant::now() < deadline, "{trace}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn airgapped_no_socket_is_opened_to_anywhere_but_this_machine() {
    let trace = walk("airgapped").await;
    assert_eq!(foreign(&trace), BTreeSet::new(), "{trace}");
    // The trace sees what there is: the mail server here.
    assert!(trace.contains("inet_addr(\"127.0.0.1\")"), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_only_the_mail_server_that_was_typed_is_called() {
    let trace = walk("offline").await;
    assert_eq!(foreign(&trace), BTreeSet::from([TYPED.parse().unwrap()]), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn online_the_same_walk_calls_the_license_server_and_the_trace_shows_it() {
    let trace = walk("online").await;
    assert_eq!(foreign(&trace), [TYPED, LICENSE_SERVER].map(|address| address.parse().unwrap()).into(), "{trace}");
    // By the administrator who checks, and by the job.
    assert_eq!(trace.matches(&format!("inet_addr(\"{LICENSE_SERVER}\")")).count(), 2, "{trace}");
}
