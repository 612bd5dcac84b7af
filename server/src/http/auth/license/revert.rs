//! `POST {base}/api/auth/license/revert`: back to the license that was in use before, as one more rotation.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{acknowledged, apply, expected};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};
use crate::licensing::{self, Rotation};

const NOTHING: Problem =
    Problem::new(StatusCode::CONFLICT, "nothing-to-revert", "No other license was in use before; nothing was changed");

pub(super) async fn revert(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, body: Body) -> Response {
    let result = back(&app, &asker, &headers, &body).await;
    reply(&app, &asker, &body, Form { page: app.paths.settings_page("license"), keep: &[] }, result).await
}

async fn back(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Done, Problem> {
    asker.admin()?;
    let (revision, codes) = (expected(headers, body)?, acknowledged(body)?);
    let previous = licensing::previous(&app.store).await?.ok_or(NOTHING)?;
    // In one line: indented, a bundle near the limit would grow beyond it.
    let text = serde_json::to_vec(&previous).unwrap_or_default();
    let rotation = Rotation {
        text: &text,
        expected: revision,
        acknowledged: &codes,
        source: "revert",
        entry: asker.entry("license.reverted", ""),
    };
    apply(app, asker, "The license of before is in use again.", rotation).await
}
