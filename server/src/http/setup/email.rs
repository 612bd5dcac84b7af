//! `POST {base}/api/setup/email` and its test message: the fourth step says how e-mail is sent.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Step;
use serde_json::json;

use super::{Gate, page_of};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::mailing;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};

pub(in crate::http) async fn email(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = save(&app, &asker, &body).await;
    let page = page_of(&app, Step::Email, result.as_ref().err());
    reply(&app, &asker, &body, Form { page, keep: mailing::KEEP }, result).await
}

async fn save(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    Gate::read(app, asker).await?.open(Step::Email)?;
    mailing::save(app, asker, body).await?;
    Ok(Done::to(app.paths.setup_step(Step::Complete)).json(json!({ "next": Step::Complete.name() })))
}

/// Sends a test message with what was typed, before it is saved.
pub(in crate::http) async fn test(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = try_out(&app, &asker, &body).await;
    let page = page_of(&app, Step::Email, result.as_ref().err());
    reply(&app, &asker, &body, Form { page, keep: mailing::KEEP }, result).await
}

async fn try_out(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    Gate::read(app, asker).await?.open(Step::Email)?;
    let said = mailing::test(app, asker, body).await?;
    let mut done = Done::to(app.paths.setup_step(Step::Email)).notice(&said).json(json!({ "answer": said }));
    // The form comes back as it was: nothing is saved yet.
    done.returned.values = body.keep(mailing::KEEP);
    Ok(done)
}
