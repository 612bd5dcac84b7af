//! `GET {base}/`: what is licensed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::App;
use super::asker::Asker;
use super::page::Visiting;
use super::reply::see;

/// While the platform is not set up, home is the wizard; whoever is not signed in signs in first.
pub(super) async fn home(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    match (app.store.is_set_up().await, asker.viewer()) {
        (Ok(false), _) => see(&app.paths.setup()),
        (Ok(true), Ok(Some(_))) => {
            let visiting = Visiting::begin(&app, &asker, &headers).await;
            let html = countersign_app::home(&visiting.visit).await;
            visiting.answer(html)
        }
        (Ok(true), Ok(None)) => app.to_sign_in(),
        (Err(why), _) | (_, Err(why)) => app.problem_page(&why.into()),
    }
}

/// `{base}` without its slash.
pub(super) async fn slash(State(app): State<Arc<App>>) -> impl IntoResponse {
    Redirect::permanent(&app.paths.home())
}
