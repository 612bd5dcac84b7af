//! `POST {base}/api/setup/organization`: the third step names the root tenant.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Step;
use serde_json::json;

use super::{Gate, page_of};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, people};

pub(in crate::http) async fn organization(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = name(&app, &asker, &body).await;
    let page = page_of(&app, Step::Organization, result.as_ref().err());
    reply(&app, &asker, &body, Form { page, keep: &["name"] }, result).await
}

async fn name(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    Gate::read(app, asker).await?.open(Step::Organization)?;
    body.check(&["name"])?;
    let name = people::name(body.text("name"), "name")?;
    let entry =
        asker.entry("organization.named", format!("The organization is called {}.", countersign_license::shown(&name)));
    app.store.set_value("organization_name", &name, &entry).await?;
    Ok(Done::to(app.paths.setup_step(Step::Email)).json(json!({ "next": Step::Email.name() })))
}
