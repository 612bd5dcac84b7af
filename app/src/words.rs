//! What a person is told about an inspection: one voice for the page, the command line and the support ticket.

use countersign_license::{Ago, Check, CheckId, Claims, Feature, Inspection, Policy, Remaining, Trust, Utc, Verdict};

/// The color of a verdict. It never stands alone: the title says the same in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Green: issued by the vendor.
    Good,
    /// Blue: the same key as before.
    Known,
    /// Amber: nothing is wrong, and something is still to be done.
    Warn,
    /// Red: not to be used.
    Bad,
}

impl Tone {
    /// The style class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Known => "known",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A verdict in words: what it is, then why and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// Its color.
    pub tone: Tone,
    /// One sentence that a buyer understands.
    pub title: String,
    /// Why, and what to do now.
    pub body: String,
}

/// The verdict of an inspection in words.
pub fn headline(inspection: &Inspection, policy: &Policy) -> Headline {
    let vendor = policy.profile.vendor;
    let reason = inspection.reason();
    let said = |fallback: &str| reason.map_or_else(|| fallback.to_owned(), |check| check.detail.clone());
    let seconds = inspection.expires_in_seconds.unwrap_or_default();
    let quality = if inspection.trust == Some(Trust::Pinned) { "Genuine" } else { "Undamaged" };
    let vouching = match inspection.trust {
        Some(Trust::Pinned) => format!("It was signed with a key that {vendor} publishes."),
        Some(Trust::Known) => "It was signed with the same key as the license in use.".to_owned(),
        _ => format!(
            "The signature fits the key in this bundle, but only the bundle vouches for that key: anybody can make both. \
             Compare the fingerprint below with the one that {vendor} publishes."
        ),
    };
    let (tone, title, body) = match inspection.verdict {
        Verdict::Valid => {
            let tone = match inspection.trust {
                Some(Trust::Pinned) => Tone::Good,
                Some(Trust::Known) => Tone::Known,
                _ => Tone::Warn,
            };
            (tone, format!("{quality}, and valid for {}", more(seconds)), vouching)
        }
        Verdict::Expired => {
            (Tone::Bad, format!("{quality}, but expired {}", Ago(seconds)), format!("It ended on {}.", said("")))
        }
        Verdict::NotYetValid => {
            (Tone::Warn, format!("{quality}, but not valid yet"), format!("{}.", said("It begins later")))
        }
        Verdict::BadSignature => (
            Tone::Bad,
            "Damaged: the signature does not fit".to_owned(),
            format!("{}.", said("The signature was not checked")),
        ),
        Verdict::Rejected => {
            let title = match reason.map(|check| check.id) {
                Some(CheckId::Key) => "The key is not acceptable",
                Some(CheckId::Algorithm) => "The signature method is not acceptable",
                Some(CheckId::Trust) => "Nobody you trust vouches for this key",
                Some(CheckId::Issuer | CheckId::Audience) => "Not a license for this product",
                _ => "The license is incomplete or wrong",
            };
            (Tone::Bad, title.to_owned(), format!("{}.", said("One of the checks failed")))
        }
        Verdict::Malformed => {
            let title = match reason.map(|check| check.code) {
                Some("private-key") => "This is a private key",
                Some("empty") => "Nothing to check yet",
                _ if inspection.repaired.is_some() => "Damaged in copying, and it can be repaired",
                Some(
                    "cut-off" | "line-break" | "smart-quotes" | "mail-quoting" | "html" | "token-segments"
                    | "token-encoding" | "token-white-space" | "token-character",
                ) => "The bundle is damaged",
                _ => "This is not a license bundle",
            };
            (Tone::Bad, title.to_owned(), format!("{}.", said("It cannot be read")))
        }
        Verdict::Unverified => (Tone::Warn, "Decoded, not verified".to_owned(), format!("{}.", said("A bare JWT"))),
    };
    Headline { tone, title, body }
}

/// `214 more days`, `1 more day`.
fn more(seconds: i64) -> String {
    let span = Remaining(seconds).to_string();
    span.split_once(' ').map_or(span.clone(), |(count, unit)| format!("{count} more {unit}"))
}

/// One thing that a license says, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its value. It may be anything that a stranger put into a token.
    pub value: String,
    /// A remark on the value, or nothing.
    pub remark: String,
    /// Whether it is an identifier, to be read letter by letter.
    pub is_id: bool,
}

/// What a license says, in the order in which it is read. `now` in seconds.
pub fn facts(claims: &Claims, now: i64) -> Vec<Fact> {
    let fact = |name: &str, value: String, remark: &str| Fact {
        name: name.to_owned(),
        value,
        remark: remark.to_owned(),
        is_id: false,
    };
    let id = |name: &str, value: &str| Fact {
        name: name.to_owned(),
        value: value.to_owned(),
        remark: String::new(),
        is_id: true,
    };
    let granted = claims.entitlements;
    let cores = if granted.cpu_cores == 1 { "core" } else { "cores" };
    let seconds = claims.expires_at.seconds().saturating_sub(now);
    let span =
        if claims.expires_at.reached(now) { Ago(seconds).to_string() } else { format!("in {}", Remaining(seconds)) };
    let mut facts = vec![
        fact("Organization", claims.organization.clone(), ""),
        fact("Tier", claims.tier.to_string(), ""),
        id("Customer", &claims.customer),
        id("License", &claims.license_id),
        fact("CPU", format!("{} {cores}", granted.cpu_cores), ""),
        fact("Memory", format!("{} GB", granted.ram_gb), ""),
        fact("Video memory", format!("{} GB", granted.vram_gb), "contractual only"),
        fact("Expires", claims.expires_at.to_string(), &span),
    ];
    if let Some(start) = claims.not_before {
        facts.push(fact("Starts", start.to_string(), ""));
    }
    if let Some(issued) = claims.issued_at {
        facts.push(fact("Issued", issued.to_string(), ""));
    }
    facts.extend(claims.features.iter().map(|(name, value)| fact(&Feature::title(name), value.to_string(), "")));
    facts
}

/// A row of the ladder in a word: `ok`, `look`, `failed`, `not checked`.
pub fn outcome(check: &Check) -> &'static str {
    match check.outcome {
        countersign_license::Outcome::Pass => "ok",
        countersign_license::Outcome::Warn => "look",
        countersign_license::Outcome::Fail => "failed",
        countersign_license::Outcome::Skip => "not checked",
    }
}

/// What there is to say about a license that is not installed, and that the license server is known to have called revoked, at
/// `revoked_at` in seconds.
pub fn revoked(revoked_at: i64) -> Headline {
    Headline {
        tone: Tone::Bad,
        title: "The vendor revoked this license".to_owned(),
        body: format!(
            "It was revoked on {} and would grant nothing. Ask the vendor why, and for a license with a new \
             license id: this one stays refused here, even if the vendor has reinstated it meanwhile.",
            Utc(revoked_at)
        ),
    }
}

/// A summary for a support ticket. It holds what a vendor needs to help, and neither token, signature nor key.
pub fn summary(inspection: &Inspection, policy: &Policy, now: i64) -> String {
    use std::fmt::Write as _;

    let words = headline(inspection, policy);
    let trust = inspection.trust.map_or("none", Trust::name);
    let mut out = format!("License check, {}\n\n{}\n{}\n\n", Utc(now), words.title, words.body);
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "Verdict: {} ({trust})", inspection.verdict.name());
    let (claims, mark) = match (&inspection.license, &inspection.unverified) {
        (Some(license), _) => (Some(license.claims()), ""),
        (None, unverified) => (unverified.as_ref(), " (not verified)"),
    };
    for fact in claims.map(|claims| facts(claims, now)).unwrap_or_default() {
        let remark = if fact.remark.is_empty() { String::new() } else { format!(" ({})", fact.remark) };
        let _ = writeln!(out, "{}: {}{remark}{mark}", fact.name, countersign_license::shown(&fact.value));
    }
    if let Some(key) = inspection.key {
        let _ = writeln!(
            out,
            "Key: RSA {} bits, exponent {}, SHA-256 {}",
            key.bits,
            key.exponent,
            key.sha256.groups().join(" ")
        );
    }
    out.push('\n');
    for check in &inspection.checks {
        let _ = writeln!(out, "{}: {}, {}. {}", check.id.name(), check.outcome.name(), check.code, check.detail);
    }
    out
}
