//! `GET {base}/api/openapi.json`: what the endpoints take and answer, for programs.
//!
//! The document is written by hand, as the bodies are read by hand; `tests/http/openapi.rs` holds it to every route, and to every
//! answer of a walk through all of them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

use super::App;

const DOCUMENT: &str = include_str!("openapi.json");

/// The document, the same for everybody. All it tells of this server is where the paths begin.
pub(super) async fn openapi(State(app): State<Arc<App>>) -> impl IntoResponse {
    let home = app.paths.home();
    // Paths are appended to it.
    let base = match home.trim_end_matches('/') {
        "" => "/",
        base => base,
    };
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT.replacen("{base}", base, 1))
}
