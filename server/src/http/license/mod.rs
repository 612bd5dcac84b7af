//! The license for services and for the ingress.

mod authorize;
mod usage;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::App;
pub(super) use usage::entitled;

/// The routes of services and ingress.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    Router::new()
        .route(&app.paths.api("license/authorize"), get(authorize::authorize))
        .route(&app.paths.api("license/usage"), get(usage::sums).post(usage::report))
}

/// Whether this can name a feature or a service: 1 to 64 letters, digits, dots, colons, underscores and hyphens.
fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
}

/// The longest name of a feature or a service, in characters.
const LONGEST: usize = 64;
