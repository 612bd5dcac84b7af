//! What is answered where nothing is: a page for people, a problem for programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::{App, Problem, page};

pub(super) async fn fallback(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    not_found(&app, is_api(&app, &uri), &headers)
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::METHOD
}

/// The answer that fits who asks.
pub(super) fn not_found(app: &App, is_api: bool, headers: &HeaderMap) -> Response {
    if is_api || wants_json(headers) {
        Problem::NOT_FOUND.into_response()
    } else {
        let nonce = page::nonce();
        page::document(StatusCode::NOT_FOUND, &nonce, countersign_app::not_found(&app.paths, &nonce))
    }
}

/// Whether who asks wants a problem in answer, and no page.
pub(super) fn is_for_programs(app: &App, uri: &Uri, headers: &HeaderMap) -> bool {
    is_api(app, uri) || wants_json(headers)
}

fn is_api(app: &App, uri: &Uri) -> bool {
    let below = uri.path().strip_prefix(&app.paths.home()).unwrap_or_default();
    below == "api" || below.starts_with("api/")
}

/// Whether JSON is asked for, and no page.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("json") && !accept.contains("text/html")
}
