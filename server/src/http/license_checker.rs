//! `GET {base}/license-checker`: the checker as a page. What is pasted into it stays there: its policy lets it send nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};

use super::App;
use super::headers::SILENT_POLICY;

pub(super) async fn license_checker(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, SILENT_POLICY)], Html(countersign_app::license_checker(&app.paths, "")))
}
