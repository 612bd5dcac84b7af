//! `{base}/settings/audit`, `GET {base}/api/audit` and `GET {base}/api/audit/export`: what was done, by whom.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use countersign_app::{Event, EventFilter, Role, settings_audit};
use countersign_license::{Utc, shown};
use futures_util::stream;
use serde_json::{Value, json};

use crate::http::asker::Asker;
use crate::http::page::{admit, query};
use crate::http::reply::data;
use crate::http::{App, Problem};

/// Events in one answer.
const PAGE: i64 = 50;
/// Events that an export reads at a time.
const BATCH: i64 = 500;

/// The filter of a query.
fn filter(uri: &Uri) -> EventFilter {
    let text = |name: &str| query(uri, name).trim().to_owned();
    EventFilter { action: text("action"), actor: text("actor").to_ascii_lowercase(), before: text("before") }
}

pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, uri: Uri) -> Response {
    let visiting = match admit(&app, &asker, &headers, &uri, Role::OrgAdmin).await {
        Ok(visiting) => visiting,
        Err(refusal) => return *refusal,
    };
    let html = settings_audit(&visiting.visit, &filter(&uri)).await;
    visiting.answer(html)
}

pub(in crate::http) async fn list(State(app): State<Arc<App>>, asker: Asker, uri: Uri) -> Response {
    data(some(&app, &asker, &uri).await)
}

async fn some(app: &App, asker: &Asker, uri: &Uri) -> Result<Value, Problem> {
    asker.admin()?;
    let mut events = app.store.events(&filter(uri), PAGE + 1).await?;
    let limit = usize::try_from(PAGE).unwrap_or_default();
    let more = events.len() > limit;
    events.truncate(limit);
    Ok(json!({ "events": events.iter().map(event).collect::<Vec<_>>(), "more": more }))
}

/// An event as programs see one.
fn event(event: &Event) -> Value {
    json!({
        "id": event.id,
        "at": Utc(event.at).rfc3339(),
        "actor": event.actor,
        "action": event.action,
        "detail": event.detail,
        "address": event.address,
    })
}

/// The export is told to the log. A link of another site must not be able to fill it.
pub(in crate::http) async fn export(
    State(app): State<Arc<App>>,
    asker: Asker,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
        return Problem::FORBIDDEN.detail("Open the audit log, and export it from there.").into_response();
    }
    match lines(app, &asker, filter(&uri)).await {
        Ok(body) => {
            let headers =
                [(CONTENT_TYPE, "application/x-ndjson"), (CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\"")];
            (headers, body).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// All events that pass the filter, one JSON object a line, the newest first. They are read in batches while they are sent, so
/// that a long log takes no more memory than a short one.
async fn lines(app: Arc<App>, asker: &Asker, filter: EventFilter) -> Result<Body, Problem> {
    asker.admin()?;
    let detail = match (filter.action.as_str(), filter.actor.as_str()) {
        ("", "") => "All events.".to_owned(),
        (action, "") => format!("Events whose action begins with {}.", shown(action)),
        ("", actor) => format!("Events of {}.", shown(actor)),
        (action, actor) => format!("Events of {} whose action begins with {}.", shown(actor), shown(action)),
    };
    app.store.record(&asker.entry("audit.exported", detail)).await?;
    // `None` once the last batch was read.
    let state = (app, Some(filter), VecDeque::new());
    let lines = stream::try_unfold(state, |(app, mut rest, mut batch): (_, Option<EventFilter>, VecDeque<Event>)| {
        async move {
            if batch.is_empty()
                && let Some(filter) = &mut rest
            {
                // The log of the store says why; the answer breaks off, so that nobody takes it for the whole.
                let read = app.store.events(filter, BATCH).await.map_err(|_| std::io::ErrorKind::Other)?;
                match read.last() {
                    Some(last) => filter.before.clone_from(&last.id),
                    None => rest = None,
                }
                batch.extend(read);
            }
            let mut text = String::new();
            for row in batch.drain(..) {
                text.push_str(&event(&row).to_string());
                text.push('\n');
            }
            let is_over = text.is_empty();
            Ok::<_, std::io::Error>((!is_over).then_some((text, (app, rest, batch))))
        }
    });
    Ok(Body::from_stream(lines))
}
