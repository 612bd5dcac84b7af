//! What was found out, from the verdict down to the raw text.

use countersign_license::{Check, Inspection, Json, KeyFacts, Outcome, Policy};
use leptos::prelude::*;

use super::state::{Checked, State};
use crate::words::{Fact, Headline, facts, headline, outcome};

/// The whole report, or nothing where there is no input.
#[component]
pub(super) fn Report(
    /// What is being looked at.
    checked: Memo<Option<Checked>>,
    /// The page's state.
    state: State,
) -> impl IntoView {
    // The live region stays while its content changes, or it would not be read out.
    view! {
        <div role="status" class="stack">
            {move || checked.with(|checked| checked.as_ref().map(|checked| verdict(headline(&checked.inspection, &Policy::default()))))}
        </div>
        {move || checked.with(|checked| checked.as_ref().map(|checked| details(checked, state)))}
    }
}

fn verdict(words: Headline) -> impl IntoView {
    view! {
        <section class=format!("verdict {}", words.tone.class())>
            <h2>{words.title}</h2>
            <p>{words.body}</p>
        </section>
    }
}

fn details(checked: &Checked, state: State) -> impl IntoView + use<> {
    let Checked { inspection, now } = checked;
    let repaired = inspection.repaired.clone().map(|bundle| {
        view! {
            <section class="card stack noprint">
                <p>
                    "The bundle inside is whole: its signature is right once the damage is undone. The verdict above is about the text as it stands."
                </p>
                <button type="button" class="btn" on:click=move |_| state.take(state.input, bundle.to_json().into_bytes())>"Use the repaired bundle"</button>
            </section>
        }
    });
    let genuine = inspection.license.as_ref().map(|license| facts_list(facts(license.claims(), *now)).into_any());
    let unverified = || {
        let claims = inspection.unverified.as_ref()?;
        let list = facts_list(facts(claims, *now));
        Some(view! { <h2 class="unverified">"Not verified: what the token says"</h2> {list} }.into_any())
    };
    view! {
        {repaired}
        {genuine.or_else(unverified)}
        {inspection.key.map(|key| key_card(key, state))}
        {ladder(&inspection.checks)}
        {raw(inspection)}
    }
    .into_any()
}

/// What the license says. Values are a stranger's text: isolated, wrapped and bounded by the style sheet.
fn facts_list(facts: Vec<Fact>) -> impl IntoView {
    let row = |fact: Fact| {
        // A long value scrolls, so the keyboard must be able to reach it.
        let reachable = (fact.value.len() > 120).then_some("0");
        view! {
            <div>
                <dt>{fact.name}</dt>
                <dd class:mono=fact.is_id>
                    <bdi tabindex=reachable>{fact.value}</bdi>
                    " "
                    <small>{fact.remark}</small>
                </dd>
            </div>
        }
    };
    view! { <dl class="facts">{facts.into_iter().map(row).collect_view()}</dl> }
}

fn key_card(key: KeyFacts, state: State) -> impl IntoView {
    let groups = key.sha256.groups();
    let lines = groups.chunks(4).map(|line| view! { <span>{line.join(" ")}</span> " " }).collect_view();
    let exponent = if key.exponent == u64::MAX { "above 2⁶⁴".to_owned() } else { key.exponent.to_string() };
    view! {
        <section class="card">
            <h2>"Signing key"</h2>
            <p class="print">{lines}</p>
            <p class="soft">
                {format!("RSA, {} bits, exponent {exponent}. SHA-256 of the public key. ", key.bits)}
                <button type="button" class="link noprint" on:click=move |_| state.copy(key.sha256.to_string(), "Fingerprint copied.")>"Copy fingerprint"</button>
            </p>
        </section>
    }
}

fn ladder(checks: &[Check]) -> impl IntoView + use<> {
    let row = |check: &Check| {
        let (class, sign) = match check.outcome {
            Outcome::Pass => ("i p", "✓"),
            Outcome::Warn => ("i w", "!"),
            Outcome::Fail => ("i f", "✗"),
            Outcome::Skip => ("i s", "–"),
        };
        view! {
            <li>
                <span class=class aria-hidden="true">{sign}</span>
                <b>{check.id.title()} <span class="visually-hidden">{format!(": {}.", outcome(check))}</span></b>
                <span>{check.detail.clone()}</span>
            </li>
        }
    };
    view! {
        <section class="card">
            <h2>"Checks"</h2>
            <ol class="ladder">{checks.iter().map(row).collect_view()}</ol>
        </section>
    }
}

fn raw(inspection: &Inspection) -> impl IntoView + use<> {
    let (title, claims) = match (&inspection.claims, &inspection.unverified_claims) {
        (Some(claims), _) => ("Header and claims as signed", Some(claims)),
        (None, claims) => ("Header and claims as written, not verified", claims.as_ref()),
    };
    let block = |name: &'static str, json: Option<&Json>| {
        json.map(|json| view! { <h3>{name}</h3> <pre tabindex="0" aria-label=name>{json.readable()}</pre> })
    };
    let header = block("Header", inspection.unverified_header.as_ref());
    let claims = block("Claims", claims);
    (header.is_some() || claims.is_some()).then(|| {
        view! {
            <details class="card">
                <summary>{title}</summary>
                {header}
                {claims}
            </details>
        }
    })
}
