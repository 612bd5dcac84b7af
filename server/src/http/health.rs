//! `GET {base}/health`: the process lives. `GET {base}/health/ready`: it wants requests.
//!
//! Neither tells a version, configuration or anything about a tenant, and no license makes a difference.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

use super::App;

/// Liveness.
pub(super) async fn live() -> impl IntoResponse {
    json(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// Readiness: not without a database, and not any more once the process was told to stop.
pub(super) async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    if app.stopping.load(Ordering::Relaxed) {
        json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"stopping"}"#)
    } else if !app.store.answers().await {
        json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"no database"}"#)
    } else {
        json(StatusCode::OK, r#"{"status":"ready"}"#)
    }
}

fn json(status: StatusCode, body: &'static str) -> impl IntoResponse {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
}
