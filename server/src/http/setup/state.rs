//! `GET {base}/api/setup/state`: how far the set-up is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_app::Step;
use countersign_license::Inspection;
use serde::Serialize;
use serde_json::{Value, json};

use super::{COMPLETED, Gate, TAKEN, needs_token};
use crate::http::App;
use crate::http::Problem;
use crate::http::asker::Asker;
use crate::http::reply::answer;

pub(in crate::http) async fn state(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    match Gate::read(&app, &asker).await {
        Err(why) => Problem::from(why).into_response(),
        Ok(Gate::Completed) => COMPLETED.into_response(),
        Ok(Gate::SignIn) => TAKEN.into_response(),
        Ok(Gate::Open { rows, license, step }) => {
            let steps = Step::ALL.map(|each| json!({ "name": each.name(), "done": each < step }));
            let token_required = rows.admin.is_none() && needs_token(&app, &asker, &headers);
            // Whose license it is, is nobody's business who cannot show the token.
            let is_known = !token_required || app.knows_installer(&asker).await.unwrap_or(false);
            let license = license.filter(|_| is_known);
            let state = SetupState { next: step.name(), steps, token_required, license };
            answer(StatusCode::OK, &state)
        }
    }
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetupState {
    next: &'static str,
    steps: [Value; 5],
    token_required: bool,
    license: Option<Arc<Inspection>>,
}
