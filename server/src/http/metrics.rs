//! `GET {base}/metrics` for who shows `METRICS_TOKEN`, and `GET /metrics` on a listener of its own (`METRICS_LISTEN_ADDR`).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::{App, Problem, bearer, guarded};
use crate::metrics;

const NO_TOKEN: Problem = Problem::new(StatusCode::UNAUTHORIZED, "metrics-token", "Show the token for metrics");

/// On the listener that people use: nothing is there unless a token is set.
pub(super) async fn with_token(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(token) = &app.metrics_token else { return Problem::NOT_FOUND.into_response() };
    if bearer::shows(&headers, Some(token)) != Some(true) {
        let problem = NO_TOKEN.detail("Send `Authorization: Bearer` and the value of METRICS_TOKEN.");
        return ([("www-authenticate", "Bearer")], problem).into_response();
    }
    answer(&app).await
}

/// The routes of the listener that has nothing but metrics.
pub fn alone(app: Arc<App>) -> Router {
    let scraped = async |State(app): State<Arc<App>>| answer(&app).await;
    guarded(Router::new().route("/metrics", get(scraped)), app)
}

async fn answer(app: &App) -> Response {
    match metrics::scrape(app).await {
        Ok(text) => ([(CONTENT_TYPE, HeaderValue::from_static(metrics::MEDIA_TYPE))], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            Problem::INTERNAL.into_response()
        }
    }
}
