//! The settings, but for the license: a page and its endpoints in one file each.

mod audit;
mod email;
mod invitations;
mod network;
mod organization;
mod sessions;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::App;

/// The routes of the settings.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    let paths = &app.paths;
    Router::new()
        .route(&paths.settings_page("organization"), get(organization::page))
        .route(&paths.settings_page("email"), get(email::page))
        .route(&paths.settings_page("network"), get(network::page))
        .route(&paths.settings_page("users"), get(users::page))
        .route(&paths.settings_page("sessions"), get(sessions::page))
        .route(&paths.settings_page("audit"), get(audit::page))
        .route(&paths.api("settings/organization"), post(organization::organization))
        .route(&paths.api("settings/email"), post(email::email))
        .route(&paths.api("settings/email/test"), post(email::test))
        .route(&paths.api("users"), get(users::list))
        .route(&paths.api("users/{id}/role"), post(users::role))
        .route(&paths.api("users/{id}/remove"), post(users::remove))
        .route(&paths.api("invitations"), post(invitations::invite))
        .route(&paths.api("invitations/{id}/revoke"), post(invitations::revoke))
        .route(&paths.api("audit"), get(audit::list))
        .route(&paths.api("audit/export"), get(audit::export))
}
