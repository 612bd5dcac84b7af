//! `{base}/settings/audit`: what was done, by whom.

use countersign_license::shown;
use leptos::prelude::*;

use super::table::{foreign, table, time};
use super::{only_admins, role};
use crate::Unavailable;
use crate::pages::form::problems;
use crate::pages::shell::settings;
use crate::visit::{Event, EventFilter, Visit};

/// The audit log as a document, filtered.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_audit(visit: &Visit, filter: &EventFilter) -> Result<String, Unavailable> {
    let body = if role(visit).is_admin() {
        let (events, has_more) = visit.backend.events(filter).await?;
        log(visit, filter, &events, has_more)
    } else {
        only_admins("The audit log is for administrators to see.")
    };
    Ok(settings(visit, "audit", "Audit log", "What was done on this platform, and by whom.", || {
        view! {
            <div>
                <h1 tabindex="-1">"Audit log"</h1>
                <p class="soft">"What was done, by whom, and from where. The newest first."</p>
            </div>
            {problems(&visit.returned, &["action", "actor"])}
            {body}
        }
    }))
}

fn log(visit: &Visit, filter: &EventFilter, events: &[Event], has_more: bool) -> AnyView {
    let page = visit.paths.settings_page("audit");
    let is_filtered = !filter.action.is_empty() || !filter.actor.is_empty();
    let list = if events.is_empty() {
        let text = match (filter.before.is_empty(), is_filtered) {
            (true, false) => "Nothing has been done yet.",
            (true, true) => "Nothing fits this filter.",
            (false, _) => "There is nothing older.",
        };
        view! { <p class="soft">{text}</p> }.into_any()
    } else {
        let heads = &["When", "Who", "What", "Details", "Address"];
        table("Events, the newest first", heads, events.iter().map(row).collect())
    };
    let newest = (!filter.before.is_empty()).then(|| {
        let href = format!("{page}{}", query(filter, ""));
        view! { <a class="btn quiet" href=href>"Newest"</a> }
    });
    let older = events.last().filter(|_| has_more).map(|last| {
        let href = format!("{page}{}", query(filter, &last.id));
        view! { <a class="btn quiet" href=href rel="next">"Older"</a> }
    });
    let export = format!("{}{}", visit.paths.api("audit/export"), query(filter, ""));
    let all = is_filtered.then(|| view! { <a class="btn quiet" href=page.clone()>"Show all"</a> });
    view! {
        <form class="card filter" method="get" action=page.clone()>
            <div class="field">
                <label for="action">"Action begins with"</label>
                <input id="action" name="action" type="text" class="mono" autocomplete="off" autocapitalize="none"
                    spellcheck="false" placeholder="license." value=filter.action.clone() />
            </div>
            <div class="field">
                <label for="actor">"Done by"</label>
                <input id="actor" name="actor" type="text" autocomplete="off" autocapitalize="none" spellcheck="false"
                    placeholder="admin@example.com" value=filter.actor.clone() />
            </div>
            <p class="row">
                <button type="submit" class="btn">"Filter"</button>
                {all}
            </p>
        </form>
        <section class="card">
            <h2>"Events"</h2>
            {list}
        </section>
        <p class="row">
            {newest} {older} <a class="btn quiet" href=export download="audit.jsonl">"Export as JSON lines"</a>
        </p>
    }
    .into_any()
}

fn row(event: &Event) -> Vec<AnyView> {
    let actor = if event.actor.is_empty() { "Nobody signed in".into_any() } else { foreign(&event.actor) };
    let action = view! { <code>{shown(&event.action)}</code> }.into_any();
    // A sentence of the server's, with strangers' names in it that the server made fit for one.
    let detail = view! { <span class="detail" dir="auto">{event.detail.clone()}</span> }.into_any();
    vec![time(event.at), actor, action, detail, foreign(&event.address)]
}

/// The query of this filter, beginning with `?`; empty where there is nothing to filter by.
fn query(filter: &EventFilter, before: &str) -> String {
    let parts = [("action", filter.action.as_str()), ("actor", filter.actor.as_str()), ("before", before)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// A value of a query, percent-encoded but for unreserved characters (RFC 3986, section 2.3).
fn encoded(value: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
