//! Accounts: signing in and out, sessions, the license for people who are signed in.

mod guess;
mod invitation;
mod license;
mod password;
pub(super) mod session;
mod sessions;
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
        .route(&paths.api("auth/sessions"), get(sessions::list))
        .route(&paths.api("auth/sessions/{id}/revoke"), post(sessions::revoke))
        .route(&paths.api("auth/sessions/revoke-others"), post(sessions::revoke_others))
        .route(&paths.api("auth/change-password"), post(password::change_password))
        .route(&paths.invitation(), get(invitation::page))
        .route(&paths.api("invitations/accept"), post(invitation::accept))
        .merge(license::routes(app))
}
