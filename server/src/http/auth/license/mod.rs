//! The license for people and programs that are signed in. One file for each endpoint.

mod check;
mod copy;
mod expiry;
mod get_claims;
mod history;
mod pages;
mod preview;
mod revert;
mod rotate;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{HeaderMap, IF_MATCH};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use countersign_app::Installed;
use countersign_license::{Acknowledgement, Comparison, Json, Utc, shown};
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, answer, tag};
use crate::http::{App, Problem};
use crate::licensing::{self, Meanwhile, Refusal, Rotation};

/// The routes of the license.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    let paths = &app.paths;
    Router::new()
        .route(&paths.settings(), get(pages::settings))
        .route(&paths.settings_page("license"), get(pages::license))
        .route(&paths.settings_page("license/update"), get(pages::update))
        .route(&paths.api("auth/license/get-claims"), post(get_claims::get_claims))
        .route(&paths.api("auth/license/status"), get(status::status))
        .route(&paths.api("auth/license/expiry.ics"), get(expiry::expiry))
        .route(&paths.api("auth/license/history"), get(history::history))
        .route(&paths.api("auth/license/preview"), post(preview::preview))
        .route(&paths.api("auth/license/rotate"), post(rotate::rotate))
        .route(&paths.api("auth/license/revert"), post(revert::revert))
        .route(&paths.api("auth/license/copy"), post(copy::copy))
        .route(&paths.api("auth/license/check"), post(check::check))
}

/// JSON whose entity tag is the revision. No answer is ever 304: what is read from a license changes with the clock as well, at
/// `exp` to the second, while its revision stays. For the same reason it is `no-store`, as everything that is no file.
fn tagged(result: Result<(i64, impl Serialize), Problem>) -> Response {
    match result {
        Ok((revision, json)) => {
            let mut response = answer(StatusCode::OK, &json);
            tag(response.headers_mut(), revision);
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The bundle as it was sent: a form's field, or the JSON body itself.
fn bundle_text(body: &Body) -> &[u8] {
    if body.is_form { body.raw_text("bundle").as_bytes() } else { &body.raw }
}

const NO_PRECONDITION: Problem = Problem::new(
    StatusCode::PRECONDITION_REQUIRED,
    "precondition-required",
    "Say which revision of the license this replaces",
);

/// The revision that a change is meant for: the header `If-Match: "3"`, or the field of a form. `*` would be any, which is what
/// must not happen unseen. A proxy that compresses may have made the tag a weak one; the revision in it is the same.
fn expected(headers: &HeaderMap, body: &Body) -> Result<i64, Problem> {
    if body.is_form {
        return body.text("revision").parse().map_err(|_| {
            NO_PRECONDITION.detail("The form does not say it. Open the page again and send it once more.")
        });
    }
    let mut tags = headers.get_all(IF_MATCH).iter();
    let tag = match (tags.next().map(HeaderValue::to_str), tags.next()) {
        (Some(Ok(tag)), None) => {
            tag.trim().trim_start_matches("W/").strip_prefix('"').and_then(|tag| tag.strip_suffix('"'))
        }
        _ => None,
    };
    match tag {
        // A tag that none of ours can be (`+3`, `03`) matches nothing. Several of them name no single revision.
        Some(tag) if !tag.contains('"') => {
            Ok(tag.parse().ok().filter(|revision: &i64| revision.to_string() == tag).unwrap_or(-1))
        }
        _ => Err(NO_PRECONDITION.detail(
            "Send If-Match with the ETag of get-claims, status or preview, such as If-Match: \"3\"; \"0\" where nothing is installed. \
             * is not accepted.",
        )),
    }
}

/// What is acknowledged. Codes that nobody knows mean nothing.
fn acknowledged(body: &Body) -> Result<Vec<Acknowledgement>, Problem> {
    body.check(&["acknowledge"])?;
    Ok(body.all("acknowledge").iter().filter_map(|code| Acknowledgement::parse(code)).collect())
}

/// What is in use after a rotation.
#[derive(Serialize)]
struct InUse<'a> {
    revision: i64,
    state: &'static str,
    claims: Option<&'a Json>,
}

/// What is told where it was in use before, and nothing changed since for the better.
const GRANTS_NOTHING: &str = "The license is installed, but it grants nothing: this page says why.";

/// Replaces the license, and says what that came to. `notice` is for people, where it grants something.
async fn apply(app: &App, asker: &Asker, notice: &str, rotation: Rotation<'_>) -> Result<Done, Problem> {
    let applied = licensing::rotate(&app.store, &app.terms, rotation).await.map_err(|refusal| refused(app, refusal))?;
    app.changed.notify_one();
    tracing::info!(revision = applied.revision, by = asker.signed_in()?.id, "the license was replaced");
    let now = InUse {
        revision: applied.revision,
        state: applied.standing.state.name(),
        claims: applied.inspection.claims.as_ref(),
    };
    let notice = if applied.standing.state.grants() { notice } else { GRANTS_NOTHING };
    let done = Done::to(app.paths.settings_page("license")).notice(notice).json(now);
    Ok(Done { revision: Some(applied.revision), ..done })
}

fn refused(app: &App, refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Unavailable(why) => why.into(),
        Refusal::NotValid(inspection) => app.refused(&inspection),
        Refusal::Stale(meanwhile) => stale(&meanwhile),
        Refusal::Same => {
            Problem::new(StatusCode::CONFLICT, "license-same", "This license is installed already; nothing was changed")
        }
        Refusal::Revoked(inspection, at) => App::refused_as_revoked(&inspection, at),
        Refusal::Unacknowledged(missing) => {
            let codes: Vec<&str> = missing.iter().map(|one| one.code()).collect();
            Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "acknowledgement-required",
                "Something gets worse by this license; nothing was changed",
            )
            .detail(format!("Look at the difference, and acknowledge it to go on: {}.", codes.join(", ")))
            .with("required", codes)
        }
    }
}

/// Somebody else was first: what is installed now, by whom, since when, and what that changed.
fn stale(meanwhile: &Meanwhile) -> Problem {
    let problem = Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "stale",
        "The license was changed meanwhile; yours was not applied",
    );
    let changed = meanwhile.changed.as_ref().map_or(Value::Null, rows);
    let Some(installed) = &meanwhile.installed else {
        let detail = "Yours was not applied: no license is installed any more. Look again before you install one.";
        return problem.detail(detail).with("revision", 0).with("changed", changed).with("installed", Value::Null);
    };
    let who = installed.installed_by.as_deref().map_or_else(|| "somebody".to_owned(), shown);
    let what = match &installed.inspection.license {
        Some(license) => format!("license {}", shown(&license.claims().license_id)),
        None => "a license that is not genuine".to_owned(),
    };
    let when = Utc(installed.installed_at);
    problem
        .detail(format!(
            "Yours was not applied: {who} installed {what} meanwhile, on {when}. Look at the difference to that one before you go on."
        ))
        .with("revision", installed.revision)
        .with("changed", changed)
        .with("installed", origin(installed))
}

/// Which license is installed, by whom, since when.
fn origin(installed: &Installed) -> Value {
    json!({
        "licenseId": installed.inspection.license.as_ref().map(|license| &license.claims().license_id),
        "key": installed.inspection.key,
        "by": installed.installed_by,
        "at": Utc(installed.installed_at).rfc3339(),
        "source": installed.source,
    })
}

/// A comparison, row by row.
fn rows(comparison: &Comparison) -> Value {
    let row = |row: &countersign_license::Difference| {
        json!({
            "field": row.field.name(),
            "title": row.field.title(),
            "current": row.old,
            "new": row.new,
            "change": row.change.name(),
            "note": row.note,
        })
    };
    comparison.fields.iter().map(row).collect()
}
