//! A vendor's license server: the real binary, as a process of its own, over real TLS.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
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
