//! `GET {base}/license-checker`: the checker as a page. What is pasted into it stays there: its policy lets it send nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};

use super::headers::silent_policy;
use super::{App, page};

pub(super) async fn license_checker(State(app): State<Arc<App>>) -> impl IntoResponse {
    let nonce = page::nonce();
    ([(CONTENT_SECURITY_POLICY, silent_policy(&nonce))], Html(countersign_app::license_checker(&app.paths, &nonce)))
}
