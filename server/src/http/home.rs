//! `GET {base}/`: leads to the one page there is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use super::App;

pub(super) async fn home(State(app): State<Arc<App>>) -> impl IntoResponse {
    Redirect::temporary(&app.paths.checker())
}

/// `{base}` without its slash.
pub(super) async fn slash(State(app): State<Arc<App>>) -> impl IntoResponse {
    Redirect::permanent(&app.paths.home())
}
