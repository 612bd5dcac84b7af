//! Accounts: signing in and out, sessions, the license for people who are signed in.

mod license;
pub(super) mod session;
mod sign_in;
mod sign_out;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::App;

/// The routes of accounts.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    let paths = &app.paths;
    Router::new()
        .route(&paths.sign_in(), get(sign_in::page))
        .route(&paths.api("auth/sign-in/email"), post(sign_in::sign_in))
        .route(&paths.api("auth/sign-out"), post(sign_out::sign_out))
        .route(&paths.api("auth/get-session"), get(session::get_session))
        .merge(license::routes(app))
}
