//! `{base}/settings/network`: what may leave the server.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use countersign_app::{Role, settings_network};

use crate::http::App;
use crate::http::asker::Asker;
use crate::http::page::admit;

pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, uri: Uri) -> Response {
    let visiting = match admit(&app, &asker, &headers, &uri, Role::OrgAdmin).await {
        Ok(visiting) => visiting,
        Err(refusal) => return *refusal,
    };
    let html = settings_network(&visiting.visit).await;
    visiting.answer(html)
}
