//! What a license server answers, well or as badly as it was told to.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Vendor;
use super::list::{Known, Status};
use crate::{clock, ids};

/// How it treats who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Behavior {
    /// As it should.
    Well,
    /// Status 500.
    Fail,
    /// It takes the question and never answers.
    Hang,
    /// 200 and `application/json`, and no JSON.
    Garbage,
    /// The right answer, a byte a second.
    Slow,
    /// The right answer with 10 MB of white space in it.
    Huge,
    /// 302 to another host.
    Redirect,
    /// The page of a proxy that wants somebody to sign in.
    Html,
    /// The answer to another question.
    WrongNonce,
    /// A certificate of an authority that nobody knows. Without TLS it is the same as `well`.
    BadCertificate,
}

/// What a platform asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Question {
    pub(super) license_id: String,
    pub(super) customer: String,
    pub(super) key_sha256: String,
    pub(super) nonce: String,
}

impl Question {
    /// Whoever asks is a stranger, and what is asked for is kept.
    fn is_bounded(&self) -> bool {
        [&self.license_id, &self.customer, &self.key_sha256, &self.nonce].iter().all(|text| text.len() <= 1024)
    }
}

/// `POST /api/license/validate`
pub(super) async fn validate(State(vendor): State<Arc<Vendor>>, body: Bytes) -> Response {
    let question = serde_json::from_slice::<Question>(&body).ok().filter(Question::is_bounded);
    let Some(question) = question else {
        return problem(
            StatusCode::BAD_REQUEST,
            "licenseId, customer, keySha256 and nonce are needed, none of more than 1,024 bytes, and nothing else",
        );
    };
    let behavior = vendor.behavior();
    let known = vendor.list().asked(&question, vendor.accept_unknown, clock::now());
    let known = match known {
        Ok(known) => known,
        Err(failure) => return problem(StatusCode::INTERNAL_SERVER_ERROR, &failure.0),
    };
    match behavior {
        Behavior::Well | Behavior::BadCertificate => {
            Json(said(&question, &question.nonce, known.as_ref())).into_response()
        }
        Behavior::WrongNonce => Json(said(&question, "another", known.as_ref())).into_response(),
        Behavior::Fail => problem(StatusCode::INTERNAL_SERVER_ERROR, "it was told to fail"),
        Behavior::Hang => {
            sleep(Duration::from_hours(1)).await;
            problem(StatusCode::GATEWAY_TIMEOUT, "it was told to hang")
        }
        Behavior::Garbage => ([(CONTENT_TYPE, "application/json")], "\u{0}\u{1}{\"status\":\"valid\"").into_response(),
        Behavior::Slow => {
            let bytes = said(&question, &question.nonce, known.as_ref()).to_string().into_bytes();
            let drip = futures_util::stream::unfold(bytes.into_iter(), |mut bytes| async move {
                let byte = bytes.next()?;
                sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, Infallible>(Bytes::from(vec![byte])), bytes))
            });
            ([(CONTENT_TYPE, "application/json")], Body::from_stream(drip)).into_response()
        }
        Behavior::Huge => {
            let answer = said(&question, &question.nonce, known.as_ref()).to_string();
            ([(CONTENT_TYPE, "application/json")], format!("{}{answer}", " ".repeat(10_000_000))).into_response()
        }
        Behavior::Redirect => {
            (StatusCode::FOUND, [(LOCATION, "https://license.example.net/api/license/validate")]).into_response()
        }
        Behavior::Html => {
            let page = "<!doctype html><title>Sign in</title><p>Sign in to use this network: {\"status\":\"valid\"}";
            ([(CONTENT_TYPE, "text/html")], page).into_response()
        }
    }
}

/// What is said of a license; `unknown` where nothing is known.
fn said(question: &Question, nonce: &str, known: Option<&Known>) -> Value {
    let Some(known) = known else {
        return json!({ "status": "unknown", "licenseId": question.license_id, "nonce": nonce });
    };
    let mut answer = json!({ "status": known.status, "licenseId": question.license_id, "nonce": nonce });
    if let (Status::Revoked, Some(reason), Some(members)) = (known.status, &known.reason, answer.as_object_mut()) {
        members.insert("reason".to_owned(), json!(reason));
    }
    answer
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct About {
    license_id: String,
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /revoke {"licenseId", "reason"?}`
pub(super) async fn revoke(State(vendor): State<Arc<Vendor>>, headers: HeaderMap, body: Bytes) -> Response {
    change(&vendor, &headers, &body, Status::Revoked)
}

/// `POST /reinstate {"licenseId"}`
pub(super) async fn reinstate(State(vendor): State<Arc<Vendor>>, headers: HeaderMap, body: Bytes) -> Response {
    change(&vendor, &headers, &body, Status::Valid)
}

fn change(vendor: &Vendor, headers: &HeaderMap, body: &[u8], status: Status) -> Response {
    if let Some(refusal) = stranger(vendor, headers) {
        return refusal;
    }
    let Ok(about) = serde_json::from_slice::<About>(body) else {
        return problem(StatusCode::BAD_REQUEST, "licenseId is needed");
    };
    let reason = about.reason.filter(|_| status == Status::Revoked);
    match vendor.list().set(&about.license_id, status, reason) {
        Ok(()) => Json(json!({ "licenseId": about.license_id, "status": status })).into_response(),
        Err(failure) => problem(StatusCode::INTERNAL_SERVER_ERROR, &failure.0),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    mode: Behavior,
}

/// `POST /behave {"mode"}`
pub(super) async fn behave(State(vendor): State<Arc<Vendor>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refusal) = stranger(&vendor, &headers) {
        return refusal;
    }
    match serde_json::from_slice::<Told>(&body) {
        Ok(told) => {
            vendor.behave(told.mode);
            Json(json!({})).into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// The refusal of who does not show the token.
fn stranger(vendor: &Vendor, headers: &HeaderMap) -> Option<Response> {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = shown.strip_prefix("Bearer ").unwrap_or_default();
    (ids::hash(token) != vendor.token)
        .then(|| problem(StatusCode::UNAUTHORIZED, "show the administration token: Authorization: Bearer TOKEN"))
}

fn problem(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}
