//! A license server that says whatever a test wants, and a platform that asks it.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Response;
use countersign::config::Key;
use countersign::jobs;
use countersign_license::Utc;
use serde_json::{Value, json};

use crate::ask::{Browser, NOW, Server};
use crate::story::first;

pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;

pub type Says = Box<dyn Fn(&Value) -> Response<Body> + Send>;

/// Answers at a loopback address whatever a test wants, and remembers what it was asked.
#[derive(Clone)]
pub struct Answerer {
    pub address: SocketAddr,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Answerer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let says: Says = Box::new(valid);
        let answerer =
            Self { address: listener.local_addr().unwrap(), says: Arc::new(Mutex::new(says)), asked: Arc::default() };
        let router = Router::new().fallback(answer).with_state(answerer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        answerer
    }

    pub fn url(&self) -> String {
        format!("http://{}/api/license/validate", self.address)
    }

    /// From now on it answers so.
    pub fn says(&self, says: impl Fn(&Value) -> Response<Body> + Send + 'static) {
        *self.says.lock().unwrap() = Box::new(says);
    }

    /// What it was asked, bodies and all.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(answerer): State<Answerer>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let question: Value = serde_json::from_slice(&body).expect("JSON");
    let headers: Vec<String> = parts.headers.keys().map(ToString::to_string).collect();
    let asked =
        json!({ "method": parts.method.as_str(), "path": parts.uri.to_string(), "headers": headers, "body": question });
    answerer.asked.lock().unwrap().push(asked);
    let says = answerer.says.lock().unwrap();
    says(&question)
}

/// An answer with this status, type and body.
pub fn plain(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).header("content-type", kind).body(body.into()).unwrap()
}

pub fn said(status: &str, question: &Value) -> Value {
    json!({ "status": status, "licenseId": question["licenseId"], "nonce": question["nonce"] })
}

pub fn valid(question: &Value) -> Response<Body> {
    plain(200, "application/json", said("valid", question).to_string())
}

pub fn revoked(question: &Value) -> Response<Body> {
    let mut answer = said("revoked", question);
    answer["reason"] = json!("Not paid.\u{202e}\nCall us.");
    plain(200, "application/json; charset=utf-8", answer.to_string())
}

pub fn broken(_: &Value) -> Response<Body> {
    plain(500, "text/plain", "no")
}

/// A platform that is set up and asks there.
pub struct Platform {
    pub server: Server,
    pub admin: Browser,
}

impl Platform {
    pub async fn asking(url: &str, more: &[(Key, &str)]) -> Self {
        let server = Server::with("/", &settings(url, more)).await;
        let admin = server.install(&first()).await;
        Self { server, admin }
    }

    pub fn now(&self) -> i64 {
        self.server.clock.load(Ordering::Relaxed)
    }

    pub async fn pass(&self) {
        jobs::pass(&self.server.app).await;
    }

    /// Waits until the license server is due, and for the pass in which it is asked.
    pub async fn pass_when_due(&mut self) {
        let next = self.status().await["phoneHome"]["nextAt"].clone();
        self.server.clock.store(seconds(&next), Ordering::Relaxed);
        self.pass().await;
    }

    /// Until the license server was asked for the first time.
    pub async fn begin(&mut self) {
        self.pass().await;
        self.pass_when_due().await;
    }

    /// What an administrator reads, however long ago anybody signed in.
    pub async fn status(&mut self) -> Value {
        let now = self.now().to_string();
        let sql = "UPDATE sessions SET seen_at = CAST($1 AS INTEGER), expires_at = CAST($1 AS INTEGER) + 1000";
        self.server.sql(sql, &[&now]).await;
        let answer = self.admin.get("/api/auth/license/status").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn state(&mut self) -> String {
        self.status().await["state"].as_str().unwrap().to_owned()
    }

    /// Presses “Check now”, a minute after the last time.
    pub async fn check(&mut self) -> (u16, Value) {
        self.server.wait(61);
        self.status().await;
        let answer = self.admin.json("/api/auth/license/check", &json!({})).await;
        (answer.status.as_u16(), answer.json())
    }

    /// The actions in the audit log about the license server.
    pub async fn told(&self) -> Vec<String> {
        let of = |action: &str| {
            ["phone-home.", "license.revoked", "license.reinstated"].iter().any(|one| action.starts_with(one))
        };
        self.server.audit().await.into_iter().map(|row| row.1).filter(|action| of(action)).collect()
    }
}

pub fn settings<'a>(url: &'a str, more: &[(Key, &'a str)]) -> Vec<(Key, &'a str)> {
    [&[(Key::LicenseApiUrl, url), (Key::EgressAllow, "127.0.0.1")], more].concat()
}

/// The seconds of an RFC 3339 instant, found among those around `NOW`.
pub fn seconds(instant: &Value) -> i64 {
    let text = instant.as_str().expect("an instant");
    let (mut low, mut high) = (NOW - 10 * 365 * DAY, NOW + 10 * 365 * DAY);
    while low < high {
        let middle = low + (high - low) / 2;
        if Utc(middle).rfc3339().as_str() < text { low = middle + 1 } else { high = middle }
    }
    low
}

pub fn at(instant: i64) -> Value {
    json!(Utc(instant).rfc3339())
}
