//! `GET {base}/api/setup/state`: how far the set-up is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_app::Step;
use serde_json::json;

use super::{COMPLETED, Gate, TAKEN, needs_token};
use crate::http::App;
use crate::http::Problem;
use crate::http::asker::Asker;
use crate::http::reply::answer;

pub(in crate::http) async fn state(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    match Gate::read(&app, &asker).await {
        Err(_) => Problem::UNAVAILABLE.into_response(),
        Ok(Gate::Completed) => COMPLETED.into_response(),
        Ok(Gate::SignIn) => TAKEN.into_response(),
        Ok(Gate::Open { rows, license, step }) => {
            let steps: Vec<_> =
                Step::ALL.into_iter().map(|each| json!({ "name": each.name(), "done": each < step })).collect();
            let state = json!({
                "next": step.name(),
                "steps": steps,
                "tokenRequired": rows.admin.is_none() && needs_token(&app, &headers),
                "license": license,
            });
            answer(StatusCode::OK, &state)
        }
    }
}
