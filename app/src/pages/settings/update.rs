//! `{base}/settings/license/update`: a new bundle, what it would change, and what must be known before it is applied.

use countersign_license::{Policy, Trust, Verdict, inspect};
use leptos::prelude::*;

use super::consequences::sentence;
use super::{only_admins, role};
use crate::Unavailable;
use crate::checker::compared::table;
use crate::checker::report::{facts_list, ladder};
use crate::pages::form::{bundle_box, checkbox, hidden, problems};
use crate::pages::report::{holds_private_key, key, pieces, verdict};
use crate::pages::shell::settings;
use crate::pages::standing::contact;
use crate::piece::Piece;
use crate::visit::{Preview, Visit};
use crate::words::{facts, headline, revoked};

/// The update of the license as a document: the form, or the review of the bundle that came back from it.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_license_update(visit: &Visit) -> Result<String, Unavailable> {
    let text = visit.returned.value("bundle").filter(|text| !text.trim().is_empty());
    let (heading, lead, body) = match (role(visit).is_admin(), text) {
        (false, _) => ("Update license", "", only_admins("You can look, but not change the license.")),
        (true, None) => ("Update license", FIRST, ask(visit, "")),
        (true, Some(text)) => {
            let preview = visit.backend.preview(text).await?;
            if let Some(at) = preview.revoked_at {
                ("This bundle cannot be applied", "Nothing has changed.", taken_back(visit, &preview, at))
            } else if preview.candidate.verdict == Verdict::Valid {
                ("Review the new license", REVIEW, review(visit, &preview, text))
            } else {
                let heading = match &preview.candidate.repaired {
                    Some(_) => "This bundle was damaged",
                    None => "This bundle cannot be applied",
                };
                (heading, "Nothing has changed.", refused(visit, &preview, text))
            }
        }
    };
    let description = "Replace the license and its key together, without an interruption.";
    Ok(settings(visit, "license/update", heading, description, || {
        view! {
            <div>
                <h1 tabindex="-1">{heading}</h1>
                <p class="soft">{lead}</p>
            </div>
            {problems(&visit.returned, &["bundle"])}
            {body}
        }
    }))
}

const HELP: &str = "The whole text, from the first `{` to the last `}`, or the file it came in.";
const FIRST: &str = "Paste the bundle that you received. You see what it changes before anything is applied.";
const REVIEW: &str =
    "Nothing has changed yet. Applying swaps the JWT and its key together; no restart, no interruption.";

/// The box for a bundle, with this text in it.
fn ask(visit: &Visit, text: &str) -> AnyView {
    view! {
        <form class="stack" method="post" action=visit.paths.api("auth/license/preview") data-checks="">
            {bundle_box(&visit.returned, text.to_owned(), HELP, true, false)}
            <p class="row">
                <button type="submit" class="btn" data-busy="Checking…">"Review"</button>
                <a class="btn quiet" href=visit.paths.settings_page("license")>"Cancel"</a>
            </p>
        </form>
    }
    .into_any()
}

/// What the bundle is, why that is not enough, and whom to ask; then the box again.
fn refused(visit: &Visit, preview: &Preview, text: &str) -> AnyView {
    let candidate = &preview.candidate;
    let claims = candidate.license.as_ref().map(countersign_license::License::claims);
    // Some sentences say it by themselves.
    let is_said = headline(candidate, &visit.policy).body.contains(visit.policy.profile.contact);
    // A private key is not sent back.
    let is_secret = holds_private_key(candidate);
    let (again, note) = match &candidate.repaired {
        None if is_secret => (String::new(), None),
        Some(whole) => {
            let note = "The bundle inside is whole: its signature is right once the damage is undone. The box below holds \
                        it put together again.";
            (whole.to_json(), Some(view! { <p class="note">{note}</p> }))
        }
        None => (text.to_owned(), None),
    };
    // Where scripts run, the box says by itself what is in it: the same once more would be too much.
    let by_itself = Policy::default();
    let is_below = headline(&inspect(&again, &by_itself, visit.now), &by_itself) == headline(candidate, &visit.policy);
    view! {
        <div data-said-below=is_below.then_some("")>{verdict(candidate, &visit.policy)}</div>
        {note}
        {(!is_said).then(|| contact(&visit.policy, claims))}
        {ask(visit, &again)}
        {pieces(&[ladder(&candidate.checks)])}
    }
    .into_any()
}

/// That the vendor revoked it, and whom to ask; then the box for another.
fn taken_back(visit: &Visit, preview: &Preview, revoked_at: i64) -> AnyView {
    let words = revoked(revoked_at);
    let claims = preview.candidate.license.as_ref().map(countersign_license::License::claims);
    view! {
        <section class=format!("verdict {}", words.tone.class())>
            <h2>{words.title}</h2>
            <p>{words.body}</p>
            {contact(&visit.policy, claims)}
        </section>
        {ask(visit, "")}
    }
    .into_any()
}

/// What changes, what must be known, and the button.
fn review(visit: &Visit, preview: &Preview, text: &str) -> AnyView {
    let candidate = &preview.candidate;
    let is_same = preview.comparison.as_ref().is_some_and(countersign_license::Comparison::is_same);
    let change = match (&preview.comparison, &candidate.license) {
        (Some(comparison), _) => {
            let title = if is_same { "Both are the same license" } else { "What changes" };
            let table = table(comparison.clone());
            pieces(&[Piece::new("section", "card compared").inside([Piece::new("h2", "").text(title), table])])
        }
        (None, Some(license)) => pieces(&[facts_list(facts(license.claims(), visit.now))]),
        (None, None) => ().into_any(),
    };
    let key = candidate.key.filter(|_| candidate.trust != Some(Trust::Known)).map(key);
    let cancel = visit.paths.settings_page("license");
    let decision = if is_same {
        view! {
            <p>"This license is in use already. There is nothing to apply."</p>
            <p class="row"><a class="btn" href=cancel>"Back to the license"</a></p>
        }
        .into_any()
    } else {
        view! {
            <form class="stack" method="post" action=visit.paths.api("auth/license/rotate") data-checks="">
                {acknowledgements(visit, preview)}
                {hidden("revision", preview.revision.to_string())}
                {hidden("bundle", text)}
                <p class="row">
                    <button type="submit" class="btn" data-busy="Applying…">"Apply license"</button>
                    <a class="btn quiet" href=cancel>"Cancel"</a>
                </p>
            </form>
        }
        .into_any()
    };
    view! { {verdict(candidate, &visit.policy)} {change} {key} {decision} }.into_any()
}

/// A box to tick for each thing that must be known. All are required.
fn acknowledgements(visit: &Visit, preview: &Preview) -> AnyView {
    let boxes: Vec<AnyView> = preview
        .acknowledgements
        .iter()
        .map(|about| {
            let label = sentence(*about, preview.comparison.as_ref(), &preview.candidate, &visit.policy);
            checkbox(format!("acknowledge-{about}"), "acknowledge", about.code(), &label, false, true)
        })
        .collect();
    if boxes.is_empty() {
        return ().into_any();
    }
    view! {
        <fieldset class="choices">
            <legend>"Before you apply it"</legend>
            {boxes}
        </fieldset>
    }
    .into_any()
}
