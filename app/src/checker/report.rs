//! What was found out, from the verdict down to the raw text.

use countersign_license::{Check, Inspection, Json, KeyFacts, Outcome, Policy, Utc};

use crate::piece::Piece;
use crate::words::{Fact, facts, headline, outcome};

/// The verdict: one sentence, then why and what to do.
pub(crate) fn verdict(inspection: &Inspection, policy: &Policy) -> Piece {
    let words = headline(inspection, policy);
    Piece::new("section", &format!("verdict {}", words.tone.class()))
        .inside([Piece::new("h2", "").text(words.title), Piece::new("p", "").prose(&words.body)])
}

/// Everything behind the verdict. `now` in seconds.
pub(crate) fn details(inspection: &Inspection, now: i64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if inspection.repaired.is_some() {
        let text = "The bundle inside is whole: its signature is right once the damage is undone. The verdict above is about the text as it stands.";
        let button = Piece::new("button", "btn")
            .with("type", "button")
            .with("data-do", "repair")
            .text("Use the repaired bundle");
        pieces.push(Piece::new("section", "card noprint").inside([Piece::new("p", "").text(text), button]));
    }
    if let Some(license) = &inspection.license {
        pieces.push(facts_list(facts(license.claims(), now)));
    } else if let Some(claims) = &inspection.unverified {
        pieces.push(Piece::new("h2", "unverified").text("Not verified: what the token says"));
        pieces.push(facts_list(facts(claims, now)));
    }
    pieces.extend(inspection.key.map(key_card));
    pieces.push(ladder(&inspection.checks));
    pieces.extend(raw(inspection));
    pieces
}

/// The foot of the page: on the screen what the page has asked the network for, on paper when the check was made.
pub(crate) fn foot(requests: String, now: i64) -> Vec<Piece> {
    let checked = format!("Checked on {}.", Utc(now));
    vec![Piece::new("small", "noprint").text(requests), Piece::new("small", "onpaper").text(checked)]
}

/// What the license says. Values are a stranger's text: isolated, wrapped and bounded by the style sheet.
pub(crate) fn facts_list(facts: Vec<Fact>) -> Piece {
    let row = |fact: Fact| {
        let mut value = Piece::new("bdi", "");
        if fact.value.len() > 40 {
            // A long value scrolls, so the keyboard must be able to reach it.
            value = value.with("tabindex", "0").with("role", "group").with("aria-label", &fact.name);
        }
        let mut values = vec![value.text(fact.value)];
        if !fact.remark.is_empty() {
            values.push(Piece::new("small", "").text(fact.remark));
        }
        let class = if fact.is_id { "mono" } else { "" };
        Piece::new("div", "").inside([Piece::new("dt", "").text(fact.name), Piece::new("dd", class).inside(values)])
    };
    Piece::new("dl", "facts").inside(facts.into_iter().map(row))
}

/// The fingerprint of a key, to be read letter by letter.
pub(crate) fn fingerprint(key: KeyFacts) -> Piece {
    let groups = key.sha256.groups();
    let lines = groups.chunks(4).map(|line| Piece::new("span", "").text(format!("{} ", line.join(" "))));
    Piece::new("p", "print").inside(lines)
}

pub(crate) fn key_card(key: KeyFacts) -> Piece {
    let exponent = if key.exponent == u64::MAX { "above 2⁶⁴".to_owned() } else { key.exponent.to_string() };
    let button = Piece::new("button", "link noprint")
        .with("type", "button")
        .with("data-do", "fingerprint")
        .text("Copy fingerprint");
    Piece::new("section", "card").inside([
        Piece::new("h2", "").text("Signing key"),
        fingerprint(key),
        Piece::new("p", "soft")
            .text(format!("RSA, {} bits, exponent {exponent}. SHA-256 of the public key. ", key.bits))
            .inside([button]),
    ])
}

pub(crate) fn ladder(checks: &[Check]) -> Piece {
    let row = |check: &Check| {
        let (class, sign) = match check.outcome {
            Outcome::Pass => ("p", "✓"),
            Outcome::Warn => ("w", "!"),
            Outcome::Fail => ("f", "✗"),
            Outcome::Skip => ("s", "–"),
        };
        let spoken = Piece::new("span", "visually-hidden").text(format!(": {}.", outcome(check)));
        Piece::new("li", class).with("data-check", check.id.name()).inside([
            Piece::new("span", "i").with("aria-hidden", "true").text(sign),
            Piece::new("b", "").text(check.id.title()).inside([spoken]),
            Piece::new("span", "").prose(&check.detail),
        ])
    };
    Piece::new("section", "card")
        .inside([Piece::new("h2", "").text("Checks"), Piece::new("ol", "ladder").inside(checks.iter().map(row))])
}

/// Header and claims as they were written, behind a fold.
pub(crate) fn raw(inspection: &Inspection) -> Option<Piece> {
    let (title, claims) = match (&inspection.claims, &inspection.unverified_claims) {
        (Some(claims), _) => ("Header and claims as signed", Some(claims)),
        (None, claims) => ("Header and claims as written, not verified", claims.as_ref()),
    };
    let block = |name: &'static str, json: Option<&Json>| {
        let text = Piece::new("pre", "")
            .with("tabindex", "0")
            .with("role", "group")
            .with("aria-label", name)
            .text(json?.readable());
        Some([Piece::new("h3", "").text(name), text])
    };
    let blocks = [block("Header", inspection.unverified_header.as_ref()), block("Claims", claims)];
    let blocks: Vec<Piece> = blocks.into_iter().flatten().flatten().collect();
    (!blocks.is_empty())
        .then(|| Piece::new("details", "card").inside([Piece::new("summary", "").text(title)]).inside(blocks))
}
