//! `GET {base}/api/auth/license/history`: the licenses that were in use, without their tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use countersign_app::Replaced;
use countersign_license::{Inspection, Utc};
use serde::Serialize;

use crate::http::asker::Asker;
use crate::http::reply::answer;
use crate::http::{App, Problem};
use crate::licensing;

pub(super) async fn history(State(app): State<Arc<App>>, asker: Asker) -> Response {
    match read(&app, &asker).await {
        Ok(past) => answer(StatusCode::OK, &past),
        Err(problem) => problem.into_response(),
    }
}

#[derive(Serialize)]
struct Past {
    history: Vec<Row>,
}

/// A license that was in use.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    revision: i64,
    installed_at: String,
    replaced_at: String,
    replaced_by: Option<String>,
    revoked_at: Option<String>,
    inspection: Arc<Inspection>,
}

async fn read(app: &App, asker: &Asker) -> Result<Past, Problem> {
    asker.admin()?;
    let replaced = licensing::history(&app.store, &app.terms.policy, asker.now).await?;
    let row = |row: Replaced| Row {
        revision: row.revision,
        installed_at: Utc(row.installed_at).rfc3339(),
        replaced_at: Utc(row.replaced_at).rfc3339(),
        replaced_by: row.replaced_by,
        revoked_at: row.revoked_at.map(|at| Utc(at).rfc3339()),
        inspection: row.inspection,
    };
    Ok(Past { history: replaced.into_iter().map(row).collect() })
}
