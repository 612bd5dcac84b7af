//! `{base}/settings/organization`: the organization's name.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use countersign_app::{Role, settings_organization};
use countersign_license::shown;

use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::page::admit;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, people};

pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, uri: Uri) -> Response {
    let visiting = match admit(&app, &asker, &headers, &uri, Role::Member).await {
        Ok(visiting) => visiting,
        Err(refusal) => return *refusal,
    };
    let html = settings_organization(&visiting.visit).await;
    visiting.answer(html)
}

pub(in crate::http) async fn organization(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = name(&app, &asker, &body).await;
    let form = Form { page: app.paths.settings_page("organization"), keep: &["name"] };
    reply(&app, &asker, &body, form, result).await
}

async fn name(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    asker.admin()?;
    body.check(&["name"])?;
    let name = people::name(body.text("name"), "name")?;
    let entry = asker.entry("organization.named", format!("The organization is called {}.", shown(&name)));
    app.store.set_value("organization_name", &name, &entry).await?;
    Ok(Done::to(app.paths.settings_page("organization")).notice("Saved."))
}
