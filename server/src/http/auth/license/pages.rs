//! `GET {base}/settings`, and its pages about the license. None of them asks whether the license is in force: here the next one
//! is installed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_app::{settings_license, settings_license_update};

use crate::http::App;
use crate::http::asker::Asker;
use crate::http::page::Visiting;
use crate::http::reply::see;

/// Leads to the license.
pub(super) async fn settings(State(app): State<Arc<App>>) -> Response {
    see(&app.paths.settings_page("license"))
}

/// What is installed, and what was.
pub(super) async fn license(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    if let Some(other) = elsewhere(&app, &asker, "license") {
        return other;
    }
    let visiting = Visiting::begin(&app, &asker, &headers).await;
    let html = settings_license(&visiting.visit).await;
    visiting.answer(html)
}

/// A new bundle, and what it would change. To whoever may not change anything, it says so.
pub(super) async fn update(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    if let Some(other) = elsewhere(&app, &asker, "license/update") {
        return other;
    }
    let visiting = Visiting::begin(&app, &asker, &headers).await;
    let html = settings_license_update(&visiting.visit).await;
    visiting.answer(html)
}

/// Where whoever is not signed in goes instead.
fn elsewhere(app: &App, asker: &Asker, page: &str) -> Option<Response> {
    match asker.viewer() {
        Ok(Some(_)) => None,
        Ok(None) => Some(app.to_sign_in_for(&app.paths.settings_page(page))),
        Err(why) => Some(app.problem_page(&why.into())),
    }
}
