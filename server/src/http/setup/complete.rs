//! `POST {base}/api/setup/complete`: the last step closes the wizard.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Step;
use serde_json::json;

use super::{COMPLETED, Gate, page_of};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};

pub(in crate::http) async fn complete(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = close(&app, &asker).await;
    let page = page_of(&app, Step::Complete, result.as_ref().err());
    reply(&app, &asker, &body, Form { page, keep: &[] }, result).await
}

async fn close(app: &App, asker: &Asker) -> Result<Done, Problem> {
    Gate::read(app, asker).await?.open(Step::Complete)?;
    if !app.store.complete_setup(&asker.entry("setup.completed", "The set-up was completed.")).await? {
        return Err(COMPLETED);
    }
    tracing::info!("the set-up is complete");
    Ok(Done::to(app.paths.home()).notice("The platform is set up.").json(json!({ "next": null })))
}
