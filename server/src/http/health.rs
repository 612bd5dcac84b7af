//! `GET {base}/health`: the process lives. `GET {base}/health/ready`: it wants requests.
//!
//! Neither tells a version, configuration or anything about a tenant, and no license makes a difference.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

use super::App;

/// Whether the process wants requests, and whether anybody watches that.
#[derive(Debug, Default)]
pub struct Readiness {
    is_stopping: AtomicBool,
    /// When it was asked for last. Whoever sets the clock takes nothing away from that.
    asked_at: Mutex<Option<Instant>>,
}

impl Readiness {
    /// Whether the process was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// From now on no more requests are wanted. For how long they are still to be taken: whoever watches readiness must see that it
    /// went before a connection is refused.
    pub fn end(&self) -> Duration {
        /// Probes come each ten seconds and more often, as a rule.
        const WATCHED: Duration = Duration::from_secs(15);
        self.is_stopping.store(true, Ordering::Relaxed);
        let asked_at = *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_watched = asked_at.is_some_and(|asked_at| asked_at.elapsed() <= WATCHED);
        if is_watched { Duration::from_secs(1) } else { Duration::ZERO }
    }

    fn asked(&self) {
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Liveness.
pub(super) async fn live() -> impl IntoResponse {
    json(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// Readiness: not without a database, and not any more once the process was told to stop.
pub(super) async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    app.readiness.asked();
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
