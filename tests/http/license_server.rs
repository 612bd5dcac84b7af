//! `license-server`, asked as platforms and vendors ask it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::vendor::LicenseServer;

fn question(license: &str) -> Value {
    json!({ "licenseId": license, "customer": "cust_acme", "keySha256": "00", "nonce": "n" })
}

#[tokio::test]
async fn it_answers_what_its_list_says_and_keeps_the_list() {
    let server = LicenseServer::start();
    let valid = json!({ "status": "valid", "licenseId": "lic_1", "nonce": "n" });
    assert_eq!(server.ask(&question("lic_1")).await, (200, valid.clone()));
    server.revoke("lic_1").await;
    let revoked = json!({ "status": "revoked", "licenseId": "lic_1", "nonce": "n", "reason": "Not paid." });
    assert_eq!(server.ask(&question("lic_1")).await, (200, revoked.clone()));
    assert_eq!(server.list()["licenses"]["lic_1"]["customer"], "cust_acme");
    let server = server.again(&["--accept-unknown", "false"]);
    assert_eq!(server.ask(&question("lic_1")).await, (200, revoked), "a restart forgets nothing");
    let unknown = json!({ "status": "unknown", "licenseId": "lic_2", "nonce": "n" });
    assert_eq!(server.ask(&question("lic_2")).await, (200, unknown));
    server.reinstate("lic_1").await;
    assert_eq!(server.ask(&question("lic_1")).await, (200, valid));
    assert_eq!(server.asked("lic_1"), 4);
    let left: Vec<_> = Path::new(server.folder.path()).read_dir().unwrap().flatten().map(|f| f.file_name()).collect();
    assert_eq!(left.len(), 2, "no half-written file: {left:?}");
}

#[tokio::test]
async fn only_the_vendor_revokes_and_a_question_is_four_texts() {
    let server = LicenseServer::start();
    for token in [None, Some(""), Some("a token of somebody else")] {
        for path in ["/revoke", "/reinstate", "/behave"] {
            let told = server.post(path, token, &json!({ "licenseId": "lic_1", "mode": "fail" })).await;
            assert_eq!(told.0, 401, "{path} {token:?}");
        }
    }
    for wrong in [json!({}), json!([]), json!({ "licenseId": "lic_1" })] {
        assert_eq!(server.ask(&wrong).await.0, 400, "{wrong}");
    }
    let mut more = question("lic_1");
    more["hostname"] = json!("db-7");
    assert_eq!(server.ask(&more).await.0, 400, "nothing else is taken");
    assert_eq!(server.asked("lic_1"), 0);
}

#[tokio::test]
async fn it_misbehaves_when_it_is_told_to() {
    let server = LicenseServer::start();
    for (mode, status) in [("fail", 500), ("redirect", 302), ("html", 200), ("garbage", 200), ("huge", 200)] {
        server.behave(mode).await;
        let (said, json) = server.ask(&question("lic_1")).await;
        assert_eq!(said, status, "{mode}");
        assert_eq!(json["status"] == "valid", mode == "huge", "{mode}: {json}");
    }
    server.behave("wrong-nonce").await;
    assert_eq!(server.ask(&question("lic_1")).await.1["nonce"], "another");

    let authority = reqwest::Certificate::from_pem(&std::fs::read(server.authority()).unwrap()).unwrap();
    let client =
        reqwest::Client::builder().tls_certs_only([authority]).no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let ask = || client.post(&server.url).json(&question("lic_1")).send();
    assert_eq!(ask().await.expect("its authority vouches for it").status(), 200);
    server.behave("bad-certificate").await;
    let error = ask().await.expect_err("nobody vouches for it");
    assert!(error.is_connect(), "{error:?}");
}

#[test]
fn without_tls_it_listens_for_this_machine_alone() {
    let run = |arguments: &[&str]| {
        let folder = TempDir::new().unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("license-server")
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        (run.status.code(), String::from_utf8(run.stderr).unwrap())
    };
    let (code, said) = run(&["--plain", "--listen", "0.0.0.0:0"]);
    assert!(code == Some(2) && said.contains("loopback"), "{said}");
    let (code, said) = run(&["--tls-cert", "a.pem"]);
    assert!(code == Some(2) && said.contains("--tls-key"), "{said}");
    let (code, said) = run(&["--tls-cert", "a.pem", "--tls-key", "b.pem"]);
    assert!(code == Some(2) && said.contains("a.pem cannot be read"), "{said}");
    let (code, said) = run(&["--admin-token", "short"]);
    assert!(code == Some(2) && said.contains("16 characters"), "{said}");
}
