//! `POST {base}/api/auth/license/rotate`: JWT and key are replaced together or not at all, while everything runs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{acknowledged, apply, bundle_text, expected};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};
use crate::licensing::{self, Rotation};

pub(super) async fn rotate(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, body: Body) -> Response {
    let result = swap(&app, &asker, &headers, &body).await;
    // What may be a private key is not kept, not even for the page.
    let is_secret = result.as_ref().is_err_and(|problem| problem.member("secret").is_some());
    let keep: &[_] = if is_secret { &[] } else { &["bundle"] };
    let form = Form { page: app.paths.settings_page("license/update"), keep };
    reply(&app, &asker, &body, form, result).await
}

async fn swap(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Done, Problem> {
    asker.admin()?;
    let (text, codes) = (bundle_text(body), acknowledged(body)?);
    let revision = match expected(headers, body) {
        Ok(revision) => revision,
        // A bundle that is no good is the first thing to know about it.
        Err(missing) => {
            let preview = licensing::preview(&app.store, &app.terms, text, asker.now).await?;
            let is_valid = licensing::installable(&preview.candidate).is_some();
            return Err(if is_valid { missing } else { app.refused(&preview.candidate) });
        }
    };
    let rotation = Rotation {
        text,
        expected: revision,
        acknowledged: &codes,
        source: "rotation",
        entry: asker.entry("license.rotated", ""),
    };
    apply(app, asker, "The new license is in use.", rotation).await
}
