//! `GET {base}/setup` and its steps, as pages.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_app::{Step, setup_admin, setup_complete, setup_email, setup_license, setup_organization};

use super::{Gate, needs_token};
use crate::http::asker::Asker;
use crate::http::page::Visiting;
use crate::http::reply::see;
use crate::http::{App, Problem};

/// Leads to the step that is next, or to sign-in: when the set-up is over, when it is somebody else's, and when nobody can
/// tell.
pub(in crate::http) async fn start(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    match Gate::read(&app, &asker).await {
        Ok(Gate::Open { rows, step, .. }) => {
            // A license that came with the configuration is shown first, and so is the question for the token.
            let begins = rows.admin.is_none() && (rows.draft.is_none() || asks_for_token(&app, &asker, &headers).await);
            see(&app.paths.setup_step(if begins { Step::License } else { step }))
        }
        Ok(Gate::SignIn) => somebody_elses(&app, &asker),
        _ => see(&app.paths.sign_in()),
    }
}

/// Whoever is signed in and cannot go on is told so: the way to sign in would lead back here.
fn somebody_elses(app: &App, asker: &Asker) -> Response {
    match asker.viewer() {
        Ok(Some(_)) => {
            let detail = "The platform administrator who began it goes on with it; ask them, and come back then.";
            app.problem_page(&UNFINISHED.detail(detail))
        }
        _ => see(&app.paths.sign_in()),
    }
}

const UNFINISHED: Problem = Problem::new(StatusCode::FORBIDDEN, "setup-unfinished", "The set-up is not finished yet");

/// A step, if it can be taken.
pub(in crate::http) async fn step(
    step: Step,
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
) -> Response {
    let next = match Gate::read(&app, &asker).await {
        Ok(Gate::Open { step, .. }) => step,
        Ok(Gate::SignIn) => return somebody_elses(&app, &asker),
        _ => return see(&app.paths.sign_in()),
    };
    if step > next || (step == Step::Admin && next == Step::Admin && asks_for_token(&app, &asker, &headers).await) {
        return see(&app.paths.setup());
    }
    let visiting = Visiting::begin(&app, &asker, &headers).await;
    let visit = &visiting.visit;
    let html = match step {
        Step::License => setup_license(visit).await,
        Step::Admin => setup_admin(visit).await,
        Step::Organization => setup_organization(visit).await,
        Step::Email => setup_email(visit).await,
        Step::Complete => setup_complete(visit).await,
    };
    // The database went away in between: fail closed.
    if html.is_err() {
        return see(&app.paths.sign_in());
    }
    visiting.answer(html)
}

/// Whether the asker has still to show the token. Who cannot be known has.
async fn asks_for_token(app: &App, asker: &Asker, headers: &HeaderMap) -> bool {
    needs_token(app, asker, headers) && !app.knows_installer(asker).await.unwrap_or(false)
}
