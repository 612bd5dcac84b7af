//! The gate behind a real nginx, with the file of docs/examples as it stands.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;

use crate::nginx::{Nginx, ask};
use crate::platform::{bundle, set_up};
use crate::run::{run, vendor_key};

const EXAMPLE: &str = include_str!("../../docs/examples/nginx.conf");

/// The service that stands behind the gate: it keeps the heads of all requests.
fn service() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = heads.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<u64>().ok());
            let _ = std::io::copy(&mut (&stream).take(length.unwrap_or_default()), &mut std::io::sink());
            kept.lock().expect("the list").push(head);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nreports\n");
        }
    });
    (address, heads)
}

fn start(folder: &Path, countersign: &str, service: &str) -> Nginx {
    Nginx::start(folder, |address| {
        let site = ["127.0.0.1:8080", "127.0.0.1:3000", "127.0.0.1:9000"];
        let site = site.into_iter().zip([address, countersign, service]);
        site.fold(EXAMPLE.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    })
}

impl Nginx {
    /// The status of a request with these further lines in its head, and this body.
    fn ask(&self, method: &str, path: &str, lines: &str, body: &str) -> u16 {
        ask(&self.address, method, path, lines, body).status
    }
}

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the server's own clock runs")]
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Runs a statement as an operator does.
fn sql(folder: &Path, statement: &'static str, value: &str) {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = format!("sqlite://{}", folder.join("data/countersign.db").display());
        let mut database = sqlx::AnyConnection::connect(&url).await.expect("the database");
        sqlx::query(statement).bind(value.to_owned()).execute(&mut database).await.expect(statement);
        database.close().await.expect("it closes");
    });
}

#[test]
fn nginx_lets_through_what_the_license_grants_and_shuts_when_nobody_says_so() {
    let good = bundle(&["--jti", "lic_good", "--tier", "professional"]);
    let (mut countersign, folder) = set_up("ingress", &good);
    let (service, heads) = service();
    let site = folder.join("nginx");
    fs::create_dir(&site).expect("a folder");
    let nginx = start(&site, countersign.address(), &service);
    let seen = || heads.lock().expect("the list").len();

    // Granted: the service sees what the gate says, and nothing that a client made up.
    let forged = "X-License-State: forged\r\nX-License-Tier: forged\r\nx-license-id: forged\r\nX-License-Expires: forged\r\n\
                  X-License-Revision: forged\r\nX-License-Feature: forged\r\nX-Forwarded-Method: DELETE\r\nCookie: a=b\r\n";
    assert_eq!(nginx.ask("GET", "/reports/1?x=1", forged, ""), 200);
    let head = heads.lock().expect("the list").last().cloned().expect("a request");
    assert!(!head.contains("forged") && head.starts_with("get /reports/1?x=1 "), "{head}");
    for line in [
        "x-license-state: active",
        "x-license-tier: professional",
        "x-license-id: lic_good",
        "x-license-revision: 1",
        "x-license-feature: analytics",
        "x-license-expires: 20",
    ] {
        assert!(head.contains(&format!("\r\n{line}")), "{line}: {head}");
    }
    // Bodies and other methods go through as well; the question is asked without them.
    assert_eq!(nginx.ask("POST", "/reports/", "Content-Type: text/plain\r\n", &"x".repeat(300_000)), 200);
    assert_eq!(nginx.ask("DELETE", "/reports/1", "", ""), 200);
    assert_eq!(nginx.ask("GET", "/_license", "", ""), 404, "the question is nobody's but nginx's");

    // Expired, without a restart of anything.
    let before = seen();
    let end = now() + 8;
    let key = vendor_key();
    let short = run(Path::new("."), &["issue", "--key", &key, "--jti", "lic_short", "--expires", &end.to_string()]);
    fs::write(folder.join("short.json"), short.out).expect("a file");
    let all = ["rotate", "short.json", "--acknowledge", "expires-sooner", "--acknowledge", "downgrade"];
    let rotated = run(&folder, &all);
    assert_eq!(rotated.code, 0, "{}", rotated.err);
    while now() < end {
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(nginx.ask("GET", "/reports/1", "", ""), 403);
    assert_eq!(seen(), before, "the service is not asked");

    // Renewed, then revoked, then taken back.
    fs::write(folder.join("new.json"), bundle(&["--jti", "lic_new"])).expect("a file");
    let rotated = run(&folder, &["rotate", "new.json"]);
    assert_eq!(rotated.code, 0, "{}", rotated.err);
    assert_eq!(nginx.ask("GET", "/reports/1", "", ""), 200);
    let json: serde_json::Value = serde_json::from_str(&bundle(&[])).expect("a bundle");
    let public = countersign_license::VerifyingKey::parse(json["publicKey"].as_str().expect("a key")).expect("a key");
    let subject = format!("{:x}", Sha256::digest(format!("lic_new\n{}", public.fingerprint())));
    sql(&folder, "DELETE FROM phone_home WHERE subject = $1", &subject);
    sql(&folder, "INSERT INTO phone_home (subject, next_at, revoked_at) VALUES ($1, 99999999999, 1)", &subject);
    assert_eq!(nginx.ask("GET", "/reports/1", "", ""), 403);
    sql(&folder, "DELETE FROM phone_home WHERE subject = $1", &subject);
    assert_eq!(nginx.ask("GET", "/reports/1", "", ""), 200);

    // Nobody says so: shut.
    let before = seen();
    countersign.kill();
    assert!(nginx.ask("GET", "/reports/1", "", "") >= 500);
    assert_eq!(seen(), before, "the service is not asked");
}
