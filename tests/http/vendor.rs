//! A vendor's license server: the real binary, as a process of its own, over real TLS.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the vendor shows.
const TOKEN: &str = "a token of the vendor's own";

/// A license server. It ends with the test.
pub struct LicenseServer {
    child: Child,
    pub address: SocketAddr,
    /// Where platforms ask.
    pub url: String,
    pub folder: Arc<TempDir>,
}

impl LicenseServer {
    /// In a folder of its own, at any port, under an authority that it makes.
    pub fn start() -> Self {
        Self::with(Arc::new(TempDir::new().unwrap()), "127.0.0.1:0", &[])
    }

    pub fn with(folder: Arc<TempDir>, address: &str, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["license-server", "--listen", address, "--admin-token", TOKEN])
            .args(more)
            .current_dir(folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("License server listens on ").map(ToOwned::to_owned));
        let url = url.expect("it says where it listens");
        let address = url.split('/').nth(2).unwrap().parse().unwrap();
        Self { child, address, url, folder }
    }

    /// Ends it, and starts it again in the same place.
    pub fn again(mut self, more: &[&str]) -> Self {
        self.kill();
        Self::with(self.folder.clone(), &self.address.to_string(), more)
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// The certificate of its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("license-server-ca.pem")
    }

    /// What its list says.
    pub fn list(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder.path().join("licenses.json")).unwrap()).unwrap()
    }

    /// How often it was asked for a license.
    pub fn asked(&self, license: &str) -> u64 {
        if !self.folder.path().join("licenses.json").exists() {
            return 0;
        }
        self.list()["licenses"][license]["asked"].as_u64().unwrap_or_default()
    }

    /// Asks as a platform does.
    pub async fn ask(&self, body: &Value) -> (u16, Value) {
        self.post("/api/license/validate", None, body).await
    }

    pub async fn revoke(&self, license: &str) {
        let told = self.post("/revoke", Some(TOKEN), &json!({ "licenseId": license, "reason": "Not paid." })).await;
        assert_eq!(told.0, 200, "{}", told.1);
    }

    pub async fn reinstate(&self, license: &str) {
        assert_eq!(self.post("/reinstate", Some(TOKEN), &json!({ "licenseId": license })).await.0, 200);
    }

    pub async fn behave(&self, mode: &str) {
        let told = self.post("/behave", Some(TOKEN), &json!({ "mode": mode })).await;
        assert_eq!(told.0, 200, "{}", told.1);
    }

    /// Whoever tells it to show a bad certificate must be able to take that back.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let client = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let (scheme, _) = self.url.split_once("://").unwrap();
        let mut request = client.post(format!("{scheme}://{}{path}", self.address)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

impl Drop for LicenseServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
