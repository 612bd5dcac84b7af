//! The license for services and for the ingress.

mod authorize;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::App;

/// The routes of services and ingress.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    Router::new().route(&app.paths.api("license/authorize"), get(authorize::authorize))
}
