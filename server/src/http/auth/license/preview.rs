//! `POST {base}/api/auth/license/preview`: what a bundle is worth, what it would change, and what must be acknowledged. Changes
//! nothing. A bundle that is not valid is no error here: saying so is what was asked for.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_license::{Inspection, Utc, Verdict};
use serde::Serialize;
use serde_json::Value;

use super::{bundle_text, rows};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};
use crate::licensing;

pub(super) async fn preview(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = look(&app, &asker, &body).await;
    // What may be a private key is not kept, not even for the page.
    let is_secret = result.as_ref().is_err_and(|problem| problem.member("secret").is_some());
    let keep: &[_] = if is_secret { &[] } else { &["bundle"] };
    let form = Form { page: app.paths.settings_page("license/update"), keep };
    reply(&app, &asker, &body, form, result).await
}

async fn look(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    asker.admin()?;
    let text = bundle_text(body);
    if body.is_form && text.trim_ascii().is_empty() {
        return Err(Problem::field("bundle", "missing", "Paste the bundle, or choose its file."));
    }
    let preview = licensing::preview(&app.store, &app.terms, text, asker.now).await?;
    if body.is_form {
        let refusal = app.refused(&preview.candidate);
        if refusal.member("secret").is_some() {
            return Err(refusal);
        }
        let mut done = Done::to(app.paths.settings_page("license/update"));
        done.returned.values = body.keep(&["bundle"]);
        return Ok(done);
    }
    let is_same = preview.comparison.as_ref().is_some_and(countersign_license::Comparison::is_same);
    let seen = Seen {
        inspection: &preview.candidate,
        comparison: preview.comparison.as_ref().map(rows),
        acknowledgements: preview.acknowledgements.iter().map(|one| one.code()).collect(),
        applicable: preview.candidate.verdict == Verdict::Valid && !is_same && preview.revoked_at.is_none(),
        revision: preview.revision,
        revoked_at: preview.revoked_at.map(|at| Utc(at).rfc3339()),
    };
    Ok(Done { revision: Some(preview.revision), ..Done::default().json(seen) })
}

/// What a bundle would change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen<'a> {
    inspection: &'a Inspection,
    comparison: Option<Value>,
    acknowledgements: Vec<&'static str>,
    applicable: bool,
    revision: i64,
    revoked_at: Option<String>,
}
