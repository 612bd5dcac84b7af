//! `POST {base}/api/auth/license/copy`: the installed token, for a support ticket. Each time is written down before.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::Response;
use countersign_app::Returned;
use countersign_license::{License, shown};
use serde_json::json;

use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::page::Visiting;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};
use crate::licensing;

const NONE: Problem = Problem::new(StatusCode::NOT_FOUND, "unlicensed", "No license is installed");

pub(super) async fn copy(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, body: Body) -> Response {
    let result = match hand_out(&app, &asker).await {
        // The one form that is answered in place: a token is brought back by no redirect.
        Ok(jwt) if body.is_form => {
            let visiting = Visiting::plain(&app, &asker, &headers, Returned::default());
            let visiting = visiting.with_banners(&asker).await;
            let html = countersign_app::settings_license_jwt(&visiting.visit, &jwt);
            return visiting.answer(Ok(html));
        }
        Ok(jwt) => Ok(Done::default().json(json!({ "jwt": jwt }))),
        Err(problem) => Err(problem),
    };
    reply(&app, &asker, &body, Form { page: app.paths.settings_page("license"), keep: &[] }, result).await
}

async fn hand_out(app: &App, asker: &Asker) -> Result<String, Problem> {
    asker.admin()?;
    let pair = app.store.pair().await?.ok_or(NONE)?;
    let jwt = pair.bundle.jwt.clone();
    let installed = licensing::judged(&pair, &app.terms, asker.now);
    let name = |license: &License| format!("license {}", shown(&license.claims().license_id));
    let what = installed.inspection.license.as_ref().map_or_else(|| "a license that is not genuine".to_owned(), name);
    let entry = asker.entry("license.copied", format!("The JWT of {what}, revision {}.", installed.revision));
    app.store.record(&entry).await?;
    Ok(jwt)
}
