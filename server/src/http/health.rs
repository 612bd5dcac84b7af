//! `GET {base}/health`: the process lives. `GET {base}/health/ready`: it wants requests.
//!
//! Neither tells a version, configuration or anything about a tenant, and no license makes a difference.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

use super::App;

/// Whether the process wants requests, and whether anybody watches that.
#[derive(Debug, Default)]
pub struct Readiness {
    is_stopping: AtomicBool,
    /// When it was asked for last, in seconds since 1970-01-01 UTC.
    asked_at: AtomicI64,
}

impl Readiness {
    /// Whether the process was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// From `now` on (seconds since 1970-01-01 UTC) no more requests are wanted. For how long they are still to be taken: whoever
    /// watches readiness must see that it went before a connection is refused.
    pub fn end(&self, now: i64) -> Duration {
        /// Probes come each ten seconds and more often, as a rule.
        const WATCHED: i64 = 15;
        self.is_stopping.store(true, Ordering::Relaxed);
        let is_watched = (0..=WATCHED).contains(&now.saturating_sub(self.asked_at.load(Ordering::Relaxed)));
        if is_watched { Duration::from_secs(1) } else { Duration::ZERO }
    }
}

/// Liveness.
pub(super) async fn live() -> impl IntoResponse {
    json(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// Readiness: not without a database, and not any more once the process was told to stop.
pub(super) async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    app.readiness.asked_at.store(app.clock.now(), Ordering::Relaxed);
    if app.readiness.is_stopping() {
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
