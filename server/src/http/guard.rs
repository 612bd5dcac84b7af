//! What every request goes through: limits on the way in; the log, the headers and the answer to a panic on the way out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use super::{App, Problem, headers};
use crate::ids;

/// The longest address, in bytes.
const MAX_URI: usize = 8 * 1024;
/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 256 * 1024;
/// The longest that an answer may take, reading the body included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The outermost layer.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id();
    let method = request.method().clone();
    let path = request.uri().path().escape_debug().to_string();

    let mut response = match refusal(&request) {
        Some(problem) => problem.into_response(),
        None => match tokio::time::timeout(TIMEOUT, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
            Ok(Ok(response)) => response,
            // The panic itself is logged by the hook that `serve` installs.
            Ok(Err(_)) => Problem::INTERNAL.with_id(&id),
            Err(_) => Problem::TIMEOUT.with_id(&id),
        },
    };
    headers::complete(response.headers_mut(), app.https);
    if app.readiness.is_stopping() {
        // The next request of this client goes to somebody else, and none is sent into a connection that is just being closed.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }

    let status = response.status().as_u16();
    app.requests.count(status);
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    // No query string: it may hold what nobody meant to keep.
    if response.status().is_server_error() {
        tracing::error!(id, %method, path, status, ms, "request");
    } else {
        tracing::info!(id, %method, path, status, ms, "request");
    }
    response
}

/// What is refused before anybody looks at it.
fn refusal(request: &Request) -> Option<Problem> {
    let headers = request.headers();
    let uri = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    let length = headers.get(header::CONTENT_LENGTH).map(|length| length.to_str().ok()?.parse::<usize>().ok());
    if uri > MAX_URI {
        Some(Problem::URI_TOO_LONG)
    } else if headers.contains_key(header::TRANSFER_ENCODING) {
        // Bodies here are small and known beforehand. Without this coding there is no second opinion about where one ends.
        Some(Problem::LENGTH_REQUIRED)
    } else if length.is_some_and(|length| length.is_none_or(|length| length > MAX_BODY)) {
        Some(Problem::BODY_TOO_LARGE)
    } else if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        Some(Problem::METHOD)
    } else {
        None
    }
}

/// Names one request in the log and in the answer to whom it went wrong for.
fn request_id() -> String {
    // Without random numbers all ids are the same, and that is all that happens.
    format!("{:016x}", u64::from_be_bytes(ids::random().unwrap_or_default()))
}
