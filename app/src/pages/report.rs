//! An inspection on a page of the server: the checker's report, without what only the checker can do.

use countersign_license::{Inspection, KeyFacts, Policy};
use leptos::prelude::*;

use crate::CopyButton;
use crate::checker::report;
use crate::piece::Piece;
use crate::words::{self, Fact};

/// The verdict.
pub(crate) fn verdict(inspection: &Inspection, policy: &Policy) -> AnyView {
    pieces(&[report::verdict(inspection, policy)])
}

/// What stands behind the verdict: facts, key and checks. `now` in seconds.
pub(crate) fn details(inspection: &Inspection, now: i64) -> AnyView {
    let facts = match (&inspection.license, &inspection.unverified) {
        (Some(license), _) => vec![report::facts_list(words::facts(license.claims(), now))],
        (None, Some(claims)) => {
            let title = Piece::new("h2", "unverified").text("Not verified: what the token says");
            vec![title, report::facts_list(words::facts(claims, now))]
        }
        (None, None) => Vec::new(),
    };
    view! {
        {(!facts.is_empty()).then(|| pieces(&facts))}
        {inspection.key.map(key)}
        {pieces(&[report::ladder(&inspection.checks)])}
    }
    .into_any()
}

/// Names and values, the values a stranger's text.
pub(crate) fn facts<const N: usize>(facts: [(&str, &str); N]) -> AnyView {
    let fact = |(name, value): (&str, &str)| Fact {
        name: name.to_owned(),
        value: value.to_owned(),
        remark: String::new(),
        is_id: false,
    };
    pieces(&[report::facts_list(facts.map(fact).into())])
}

/// The signing key, with its fingerprint to compare and to copy. One on a page.
pub(crate) fn key(key: KeyFacts) -> AnyView {
    let groups = key.sha256.groups();
    let lines = groups.chunks(4).map(|line| view! { <span>{format!("{} ", line.join(" "))}</span> });
    let exponent = if key.exponent == u64::MAX { "above 2⁶⁴".to_owned() } else { key.exponent.to_string() };
    view! {
        <section class="card">
            <h2>"Signing key"</h2>
            <p class="print" id="fingerprint">{lines.collect_view()}</p>
            <p class="soft">{format!("RSA, {} bits, exponent {exponent}. SHA-256 of the public key.", key.bits)}</p>
            <p class="row noprint"><CopyButton of="#fingerprint" label="Copy fingerprint" /></p>
        </section>
    }
    .into_any()
}

/// Whether a private key stands in the text. Such a text is not sent back.
pub fn holds_private_key(inspection: &Inspection) -> bool {
    // Alone or in a wrong place it is no bundle; as the bundle's key it is a key that is refused.
    inspection.checks.iter().any(|check| matches!(check.code, "private-key" | "key-is-private"))
}

/// Pieces as part of a view. They escape every text themselves.
pub(crate) fn pieces(pieces: &[Piece]) -> AnyView {
    let html: String = pieces.iter().map(Piece::to_html).collect();
    view! { <div class="stack" inner_html=html></div> }.into_any()
}
