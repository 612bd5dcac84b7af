//! `{base}/settings/license`: what is installed, what was, and what can be done about it.

use countersign_license::{Acknowledgement, Comparison, State, Status, Trust, Utc, Verdict, compare};
use leptos::prelude::*;

use super::consequences::clause;
use super::license_server::license_server;
use super::table::{foreign, table, time};
use super::usage::usage;
use super::{only_admins, role};
use crate::Unavailable;
use crate::checker::compared::first_groups;
use crate::checker::report::{facts_list, raw};
use crate::pages::form::{hidden, problems};
use crate::pages::report::{details, pieces};
use crate::pages::shell::settings;
use crate::pages::standing::{said, telling, vouching, wants_license};
use crate::visit::{Installed, Replaced, Visit};
use crate::words::Fact;

/// The installed license as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_license(visit: &Visit) -> Result<String, Unavailable> {
    let installed = visit.backend.installed().await?;
    // It names people, so it is for those who manage them.
    let history = if role(visit).is_admin() { Some(visit.backend.history().await?) } else { None };
    let claims = installed.as_ref().and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let in_use = if role(visit).is_admin() { Some(visit.backend.usage().await?) } else { None };
    let heartbeat = if role(visit).is_admin() { Some(visit.backend.heartbeat().await?) } else { None };
    let state = installed.as_ref().map_or(State::Unlicensed, |installed| installed.standing.state);
    let section = said(&telling(visit, installed.as_ref()));
    // That section says what banners would say, and larger.
    let visit = &Visit { banners: Vec::new(), ..visit.clone() };
    let is_over = matches!(state, State::Revoked | State::Lapsed);
    let has_end = !is_over && installed.as_ref().is_some_and(|installed| installed.inspection.license.is_some());
    let calendar = has_end.then(|| {
        let href = visit.paths.api("auth/license/expiry.ics");
        view! { <p><a href=href download="license-expiry.ics">"Add its end to a calendar"</a></p> }
    });
    let update = if role(visit).is_admin() {
        let (class, label) = match state {
            State::Unlicensed => ("btn", "Install a license"),
            state if wants_license(state) => ("btn", "Update license"),
            _ => ("btn quiet", "Update license"),
        };
        let href = visit.paths.settings_page("license/update");
        view! { <p class="row"><a class=class href=href>{label}</a></p> }.into_any()
    } else {
        only_admins("You can look, but not change the license.")
    };
    // Expired or not begun, it makes no difference what the license server says.
    let license = installed.as_ref().and_then(|installed| installed.inspection.license.as_ref());
    let can_ask = license.is_some_and(|license| license.status(visit.now) == Status::Valid);
    let description = "What is installed, what it grants, and until when.";
    Ok(settings(visit, "license", "License", description, || {
        view! {
            <h1 tabindex="-1">"License"</h1>
            {problems(&visit.returned, &[])}
            {section}
            {update}
            {calendar}
            {in_use.map(|(now, reports)| usage(now, &reports, claims))}
            {installed.as_ref().map(|installed| report(visit, installed))}
            {heartbeat.map(|heartbeat| license_server(visit, &heartbeat, can_ask))}
            {history.map(|history| past(visit, installed.as_ref(), &history))}
        }
    }))
}

/// Everything about the installed license.
fn report(visit: &Visit, installed: &Installed) -> AnyView {
    let inspection = &installed.inspection;
    view! {
        <h2 class="visually-hidden">"What it says"</h2>
        {details(inspection, visit.now)}
        {raw(inspection).map(|raw| pieces(&[raw]))}
        <section class="stack">
            <h2>"How it came here"</h2>
            {pieces(&[facts_list(provenance(installed))])}
            <p class="soft">{vouching(installed, &visit.policy)}</p>
        </section>
        {role(visit).is_admin().then(|| copy(visit))}
    }
    .into_any()
}

/// Who installed it, when and how.
fn provenance(installed: &Installed) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value, remark: String::new(), is_id: false };
    let by = installed.installed_by.clone().unwrap_or_else(|| "Nobody who was signed in".to_owned());
    vec![
        fact("Installed", Utc(installed.installed_at).to_string()),
        fact("By", by),
        fact("How", source(&installed.source)),
        fact("Revision", installed.revision.to_string()),
    ]
}

fn source(name: &str) -> String {
    match name {
        "setup" => "In the set-up",
        "configuration" => "With the configuration",
        "rotation" => "Updated in the settings",
        "revert" => "Reverted in the settings",
        "command line" => "On the command line",
        "database" => "Written into the database",
        other => other,
    }
    .to_owned()
}

/// The token can be had, but not by accident.
fn copy(visit: &Visit) -> AnyView {
    view! {
        <details class="card">
            <summary>"Copy the JWT"</summary>
            <p>
                "The JWT is a bearer document: whoever has it can show it as theirs. Copy it only where it is needed. \
                 That you do is written to the audit log."
            </p>
            <form method="post" action=visit.paths.api("auth/license/copy")>
                <button type="submit" class="btn quiet">"Show the JWT"</button>
            </form>
        </details>
    }
    .into_any()
}

/// The licenses that were in use, and the way back to the last of them.
fn past(visit: &Visit, installed: Option<&Installed>, history: &[Replaced]) -> AnyView {
    let Some(previous) = history.first() else {
        return view! {
            <section class="card">
                <h2>"History"</h2>
                <p class="soft">"No other license was in use before."</p>
            </section>
        }
        .into_any();
    };
    let heads = &["Revision", "License", "Expires", "Key", "In use", "Replaced by"];
    // Whoever installed one license twice means the one before.
    let in_use = installed.and_then(|installed| installed.inspection.bundle.as_ref());
    let before = history.iter().find(|row| row.inspection.bundle.as_ref() != in_use).unwrap_or(previous);
    let revert = revert(visit, installed, before);
    view! {
        <section class="card">
            <h2>"History"</h2>
            {table("Licenses that were in use, the newest first", heads, history.iter().map(row).collect())}
        </section>
        {revert}
    }
    .into_any()
}

fn row(replaced: &Replaced) -> Vec<AnyView> {
    let inspection = &replaced.inspection;
    let (license, expires) = match &inspection.license {
        Some(license) => {
            let claims = license.claims();
            let (tier, id) = (claims.tier.to_string(), foreign(&claims.license_id));
            let license =
                view! { <div>{foreign(&claims.organization)} <small>{tier}</small> <small class="mono">{id}</small></div> }.into_any();
            (license, time(claims.expires_at.seconds()))
        }
        None => ("Not genuine".into_any(), "–".into_any()),
    };
    let key = match inspection.key {
        Some(key) => view! { <span class="mono">{first_groups(&key.sha256.to_string())}</span> }.into_any(),
        None => "–".into_any(),
    };
    let in_use = view! { <div>{time(replaced.installed_at)} " to " {time(replaced.replaced_at)}</div> }.into_any();
    let by = replaced.replaced_by.as_deref().map_or_else(|| "–".into_any(), foreign);
    let license = match replaced.revoked_at {
        Some(at) => {
            let revoked = format!("Revoked on {}", Utc(at));
            view! { <div>{license} <small class="revoked">{revoked}</small></div> }.into_any()
        }
        None => license,
    };
    vec![replaced.revision.to_string().into_any(), license, expires, key, in_use, by]
}

/// The way back, saying first where it leads.
fn revert(visit: &Visit, installed: Option<&Installed>, previous: &Replaced) -> AnyView {
    let number = previous.revision;
    let body = match &previous.inspection.license {
        Some(license) if previous.inspection.verdict == Verdict::Valid && previous.revoked_at.is_none() => {
            let current = installed.and_then(|installed| installed.inspection.license.as_ref());
            let comparison = current.map(|current| compare(current, license));
            let claims = license.claims();
            let brings = format!(
                "This puts revision {number} back as a new revision: {}, {}, until {}.",
                countersign_license::shown(&claims.organization),
                claims.tier,
                Utc(claims.expires_at.seconds())
            );
            back(visit, installed, previous, comparison.as_ref(), brings)
        }
        license => {
            let ended =
                license.as_ref().map(|license| license.claims().expires_at).filter(|end| end.reached(visit.now));
            let why = match (previous.revoked_at, ended) {
                (Some(at), _) => format!("was revoked by the vendor on {}", Utc(at)),
                (None, Some(end)) => format!("expired on {}", Utc(end.seconds())),
                (None, None) => "is not valid now".to_owned(),
            };
            view! { <p class="soft">{format!("Revision {number} {why}, so it cannot be put back.")}</p> }.into_any()
        }
    };
    view! {
        <details class="card">
            <summary>"Revert to the previous license"</summary>
            {body}
        </details>
    }
    .into_any()
}

fn back(
    visit: &Visit,
    installed: Option<&Installed>,
    previous: &Replaced,
    comparison: Option<&Comparison>,
    brings: String,
) -> AnyView {
    let trust = previous.inspection.trust.unwrap_or(Trust::Bundled);
    // Where nothing genuine is installed, nothing but a published key vouches for the one that comes back.
    let needed = comparison.map_or_else(
        || if trust == Trust::Bundled { vec![Acknowledgement::KeyChanged] } else { Vec::new() },
        |comparison| comparison.acknowledgements(trust),
    );
    let codes: Vec<AnyView> = needed.iter().map(|about| hidden("acknowledge", about.code())).collect();
    let worse: Vec<AnyView> = needed
        .iter()
        .map(|about| {
            let clause = clause(*about, comparison, &previous.inspection);
            view! { <li>{sentence(&clause)}</li> }.into_any()
        })
        .collect();
    let consequences = if worse.is_empty() {
        view! { <p>"Nothing gets less, older or shorter by it."</p> }.into_any()
    } else {
        view! { <p>"What gets worse or older by it:"</p> <ul>{worse}</ul> }.into_any()
    };
    let revision = installed.map_or(0, |installed| installed.revision);
    view! {
        <p>{brings}</p>
        {consequences}
        <form method="post" action=visit.paths.api("auth/license/revert")>
            {hidden("revision", revision.to_string())}
            {codes}
            <button type="submit" class="btn danger">{format!("Revert to revision {}", previous.revision)}</button>
        </form>
    }
    .into_any()
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut rest = clause.chars();
    let start = rest.next().map(char::to_uppercase).into_iter().flatten();
    // After the dots of a fingerprint's beginning, a full stop would be one more.
    let stop = if clause.ends_with('…') { "" } else { "." };
    start.chain(rest).chain(stop.chars()).collect()
}
