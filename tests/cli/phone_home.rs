//! A platform and its vendor's license server, both as processes, over real TLS.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

use crate::platform::{bundle, install};
use crate::run::{command, empty, run_with};
use crate::running::Server;
use crate::vendor::LicenseServer;

/// An authority that outlives restarts of the license server: its certificate, and one for 127.0.0.1 with its key.
fn certificates(folder: &Path) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    for (name, pem) in [("ca.pem", authority.pem()), ("tls.pem", certificate.pem()), ("key.pem", key.serialize_pem())] {
        std::fs::write(folder.join(name), pem).unwrap();
    }
}

/// Lets an administrator check again, as a minute does.
async fn a_minute_later(folder: &Path) {
    sql(folder, "UPDATE checked SET at = at - 60", &[]).await;
}

/// Changes the database of a server in that folder while it runs.
pub async fn sql(folder: &Path, statement: &'static str, bound: &[&str]) {
    sqlx::any::install_default_drivers();
    let path = folder.join("data/countersign.db");
    let mut database = AnyConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("PRAGMA busy_timeout = 5000").execute(&mut database).await.unwrap();
    let statement = bound.iter().fold(sqlx::query(statement), |statement, value| statement.bind(value.to_string()));
    statement.execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

fn claims(server: &mut Server) -> Value {
    let (status, answer) = server.post("/api/auth/license/get-claims", "{}");
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

fn status(server: &Server) -> Value {
    let answer = server.look("/api/auth/license/status");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_hears_its_vendor_through_restarts_of_both() {
    let folder = Arc::new(TempDir::new().unwrap());
    certificates(folder.path());
    let tls = ["--tls-cert", "tls.pem", "--tls-key", "key.pem"];
    let vendor = LicenseServer::with(folder.clone(), "127.0.0.1:0", &tls);
    let authority = folder.path().join("ca.pem").display().to_string();
    let variables = [
        ("LICENSE_API_URL", vendor.url.as_str()),
        ("EGRESS_ALLOW", "127.0.0.1"),
        ("EGRESS_CA_FILE", &authority),
        ("LISTEN_ADDR", "127.0.0.1:0"),
    ];
    let home = empty("phone-home");
    let mut server = Server::start_in(&home, &variables, &[]);
    install(&mut server, &bundle(&["--jti", "lic_one"]));
    let home = home.as_path();
    let check = async |server: &mut Server| {
        a_minute_later(home).await;
        let (status, answer) = server.post("/api/auth/license/check", "{}");
        (status, serde_json::from_str::<Value>(&answer).unwrap())
    };

    assert_eq!(check(&mut server).await, (200, json!({ "status": "valid" })));
    assert_eq!(vendor.list()["licenses"]["lic_one"]["customer"], "cust_acme");
    vendor.revoke("lic_one").await;
    assert_eq!(check(&mut server).await.1["status"], "revoked");
    assert_eq!(claims(&mut server)["state"], "revoked", "gated off at once");
    let ran = run_with(&mut command(home, &variables), &["status"], b"");
    assert!(ran.code == 1 && ran.out.contains("revoked"), "{}", ran.out);
    vendor.reinstate("lic_one").await;
    assert_eq!(check(&mut server).await.1["status"], "valid");
    assert_eq!(claims(&mut server)["state"], "active");

    for (mode, why) in [("fail", "status-500"), ("garbage", "malformed"), ("bad-certificate", "certificate")] {
        vendor.behave(mode).await;
        let (status, problem) = check(&mut server).await;
        assert_eq!((status, &problem["errors"][0]["code"]), (502, &json!(why)));
        assert_eq!(claims(&mut server)["state"], "degraded");
    }
    vendor.behave("hang").await;
    let begun = std::time::Instant::now();
    assert_eq!(check(&mut server).await.1["errors"][0]["code"], "timeout");
    assert!((9..=12).contains(&begun.elapsed().as_secs()));
    let before = status(&server);
    assert_eq!((&before["mode"], &before["phoneHome"]["failures"]), (&json!("online"), &json!(4)));

    // A crash of the platform forgets nothing.
    server.kill();
    let mut server = Server::start_in(home, &variables, &[]).with_cookies_of(&server);
    let after = status(&server);
    assert_eq!(after["phoneHome"], before["phoneHome"]);
    assert!(after["locksAt"].is_string() && after["locksAt"] == before["locksAt"]);
    let ran = run_with(&mut command(home, &variables), &["status", "--json"], b"");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["phoneHome"], &told["locksAt"]), (&before["phoneHome"], &before["locksAt"]));
    let ran = run_with(&mut command(home, &variables), &["status"], b"");
    for words in ["License server", "Out of reach since", "4 tries", "did not answer within 10 seconds", "HTTPS_PROXY"]
    {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }

    // Nor does one of the license server, and a new one is well.
    let vendor = vendor.again(&tls);
    assert_eq!(check(&mut server).await, (200, json!({ "status": "valid" })));
    assert_eq!(claims(&mut server)["state"], "active");
    assert!(vendor.asked("lic_one") >= 6, "{}", vendor.list());
    let (code, _, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(!log.contains("eyJ"), "no token in the log");
}
