//! `{base}/settings/email`: how e-mail is sent, and the test message.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use countersign_app::{Role, settings_email};
use serde_json::json;

use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::page::admit;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, mailing};

pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, uri: Uri) -> Response {
    let visiting = match admit(&app, &asker, &headers, &uri, Role::OrgAdmin).await {
        Ok(visiting) => visiting,
        Err(refusal) => return *refusal,
    };
    let html = settings_email(&visiting.visit).await;
    visiting.answer(html)
}

pub(in crate::http) async fn email(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = save(&app, &asker, &body).await;
    reply(&app, &asker, &body, form(&app), result).await
}

async fn save(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    asker.platform_admin()?;
    mailing::save(app, asker, body).await?;
    Ok(Done::to(app.paths.settings_page("email")).notice("Saved."))
}

/// Sends a test message with what was typed, before it is saved.
pub(in crate::http) async fn test(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = try_out(&app, &asker, &body).await;
    reply(&app, &asker, &body, form(&app), result).await
}

async fn try_out(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    asker.platform_admin()?;
    let said = mailing::test(app, asker, body).await?;
    let mut done = Done::to(app.paths.settings_page("email")).notice(&said).json(json!({ "answer": said }));
    // The form comes back as it was: nothing is saved yet.
    done.returned.values = body.keep(mailing::KEEP);
    Ok(done)
}

fn form(app: &App) -> Form {
    Form { page: app.paths.settings_page("email"), keep: mailing::KEEP }
}
