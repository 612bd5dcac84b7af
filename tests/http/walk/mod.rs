//! A walk through every operation of the document: each answer is as documented, and each documented answer is got.

mod accounts;
mod licenses;
mod setup;

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::http::Method;
use countersign::config::Key;
use serde_json::{Value, json};

use crate::answerer::Answerer;
use crate::ask::{Answer, BASES, Browser, Server};
use crate::document::{Document, JSON, PROBLEM};
use crate::openapi::HTTP_MD;

use accounts::{accounts, users};
use licenses::{license_server, licenses};
use setup::{metrics, refusals, set_up, tokens};

const FORM: &str = "application/x-www-form-urlencoded";
const METRICS: &str = "a-token-of-monitoring";

/// Holds every answer against the document.
pub struct Walk {
    document: Document,
    /// Which answers were got: operation and status.
    got: Mutex<BTreeSet<(String, u16)>>,
    /// The codes of fields.
    codes: Mutex<BTreeSet<String>>,
}

impl Walk {
    pub async fn begin(base: &str) -> Self {
        let document = Document::fetch(base).await;
        Self { document, got: Mutex::default(), codes: Mutex::default() }
    }

    pub async fn send(
        &self,
        who: &mut Browser,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let answer = who.send(method.clone(), path, headers, body).await;
        if let Err(wrong) = self.document.judge(method, path, &answer) {
            panic!("{method} {path} with {body:.200}: {}: {wrong}\n{:.2000}", answer.status, answer.body);
        }
        let id = self.document.operation(method, path)["operationId"].as_str().unwrap().to_owned();
        self.got.lock().unwrap().insert((id, answer.status.as_u16()));
        if answer.header("content-type") == PROBLEM {
            let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
            let codes = errors.iter().map(|error| error["code"].as_str().unwrap().to_owned());
            self.codes.lock().unwrap().extend(codes);
            assert_eq!(answer.json()["status"], answer.status.as_u16());
        }
        answer
    }

    /// A program asks, and gets this status.
    pub async fn get(&self, who: &mut Browser, path: &str, status: u16) -> Answer {
        let answer = self.send(who, &Method::GET, path, &[], "").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        answer
    }

    /// A program sends JSON, and gets this status.
    async fn post(&self, who: &mut Browser, path: &str, body: &Value, status: u16) -> Answer {
        self.post_with(who, path, &[], body, status).await
    }

    async fn post_with(
        &self,
        who: &mut Browser,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
        status: u16,
    ) -> Answer {
        let headers = [&[("content-type", JSON)], headers].concat();
        let answer = self.send(who, &Method::POST, path, &headers, &body.to_string()).await;
        assert_eq!(answer.status, status, "{path} with {body}: {}", answer.body);
        answer
    }

    /// Sends every operation the same, with an id that nobody has. Signing out comes last, so that all have the same session.
    pub async fn all(&self, who: &Browser, headers: &[(&str, &str)], body: &str) -> Vec<(String, u16)> {
        let mut statuses = Vec::new();
        let mut operations = self.document.operations();
        operations.sort_by_key(|(_, _, operation)| operation["operationId"] == "signOut");
        for (method, path, operation) in operations {
            let body = if method == Method::GET { "" } else { body };
            // What one does to the browser is nothing to the next.
            let answer = self.send(&mut who.clone(), &method, &path.replace("{id}", "nobody"), headers, body).await;
            statuses.push((operation["operationId"].as_str().unwrap().to_owned(), answer.status.as_u16()));
        }
        statuses
    }
}

/// Without a database nothing is said to be done.
async fn down(walk: &Walk, base: &str) {
    let (server, admin) = Server::set_up(base).await;
    for statement in ["platform_config", "users", "sessions", "invitations", "audit"]
        .map(|table| format!("ALTER TABLE {table} RENAME TO {table}_elsewhere"))
    {
        server.sql(Box::leak(statement.into_boxed_str()), &[]).await;
    }
    let form = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    for headers in [&[("content-type", JSON)][..], &form] {
        for (id, status) in walk.all(&admin, headers, if headers.len() == 1 { "{}" } else { "bundle=x" }).await {
            // Which feature, is asked before the database is.
            let minds = !["health", "metrics", "openapi", "authorize"].contains(&id.as_str());
            assert_eq!(status == 503, minds, "{id}: {status} for {headers:?}");
        }
    }
    walk.get(&mut server.browser(), "/api/license/authorize?feature=analytics", 503).await;
}

#[tokio::test]
async fn every_answer_is_as_documented_and_every_documented_answer_is_got() {
    for base in BASES {
        let walk = Walk::begin(base).await;
        refusals(&walk, base).await;
        tokens(&walk, base).await;
        let vendor = Answerer::start().await;
        let asked = [(Key::LicenseApiUrl, vendor.url()), (Key::EgressAllow, "127.0.0.1".to_owned())];
        let asked = asked.each_ref().map(|(key, value)| (*key, value.as_str()));
        let server = Server::with(base, &asked).await;
        let mut admin = set_up(&walk, &server).await;
        walk.get(&mut admin, "/health", 200).await;
        walk.get(&mut admin, "/health/ready", 200).await;
        walk.get(&mut admin, "/api/openapi.json", 200).await;
        metrics(&walk, base).await;
        accounts(&walk, &server, &mut admin).await;
        users(&walk, &server, &mut admin).await;
        license_server(&walk, &server, &mut admin, &vendor).await;
        licenses(&walk, &server, &mut admin).await;
        walk.post(&mut admin, "/api/auth/license/check", &json!({}), 409).await;
        walk.post(&mut admin, "/api/auth/sign-out", &json!({}), 200).await;

        let got = walk.got.lock().unwrap().clone();
        let broken: Vec<_> = got.iter().filter(|(_, status)| *status >= 500 && *status != 502).collect();
        assert!(broken.is_empty(), "{broken:?}");
        down(&walk, base).await;

        let got = walk.got.lock().unwrap().clone();
        let mut missing = Vec::new();
        for (_, _, operation) in walk.document.operations() {
            let id = operation["operationId"].as_str().unwrap();
            for status in walk.document.responses(operation).into_keys() {
                // Nothing here breaks (500) or takes too long.
                let is_elsewhere = status == 500 || (status == 503 && ["health", "metrics", "openapi"].contains(&id));
                if !is_elsewhere && !got.contains(&(id.to_owned(), status)) {
                    missing.push(format!("{id} {status}"));
                }
            }
        }
        assert!(missing.is_empty(), "documented and never got: {missing:?}");
        for code in walk.codes.lock().unwrap().iter() {
            assert!(HTTP_MD.contains(&format!("`{code}`")), "docs/http.md does not explain {code}");
        }
    }
}
