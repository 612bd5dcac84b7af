//! What every inspection must be, whatever was inspected.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_license::{CheckId, Inspection, Outcome, Policy, Verdict, inspect};
use serde_json::value::RawValue;

/// The instant at which everything is judged.
pub const NOW: i64 = 1_790_000_000;

/// The key that stands beside every token.
pub const KEY: &str = include_str!("../seeds/key/valid");

/// A bundle of this token and the fixed key.
pub fn bundle(jwt: &str) -> String {
    serde_json::json!({ "jwt": jwt, "publicKey": KEY }).to_string()
}

/// One segment of a token.
pub fn segment(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Panics where an inspection contradicts itself.
pub fn check(inspection: &Inspection) {
    let genuine = matches!(inspection.verdict, Verdict::Valid | Verdict::Expired | Verdict::NotYetValid);
    let passes = |id| inspection.check(id).is_some_and(|row| row.outcome == Outcome::Pass);
    let fails = |id| inspection.check(id).is_some_and(|row| row.outcome == Outcome::Fail);
    assert_eq!(inspection.checks.len(), 10);
    assert_eq!(inspection.license.is_some(), genuine);
    assert_eq!(inspection.bundle.is_some(), genuine);
    assert_eq!(inspection.reason().is_none(), inspection.verdict == Verdict::Valid);
    assert!(passes(CheckId::Signature) || !genuine && inspection.claims.is_none());
    if genuine {
        use CheckId::{Audience, Claims, Format, Issuer, Key};
        assert!([Format, Key, Issuer, Audience, Claims].into_iter().all(passes) && !fails(CheckId::Algorithm));
    }
    if inspection.verdict == Verdict::Valid {
        assert!(passes(CheckId::Expiry) && !fails(CheckId::NotBefore));
    }
    for row in &inspection.checks {
        assert!(!row.detail.is_empty() && row.detail.chars().count() < 1000, "{row:?}");
        assert!(!row.detail.chars().any(char::is_control), "{row:?}");
    }
    let json = serde_json::to_string(inspection).expect("an inspection serializes");
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json).expect("and is JSON");
    assert_eq!(members.len(), 7);
    for json in [&inspection.claims, &inspection.unverified_claims, &inspection.unverified_header].into_iter().flatten() {
        assert_eq!(countersign_license::Json::parse(&json.readable()).as_ref(), Ok(json));
    }
    if let Some(repaired) = &inspection.repaired {
        assert!(!genuine);
        let again = inspect(repaired.to_json(), &Policy::default(), NOW);
        let passes = |id| again.check(id).is_some_and(|row| row.outcome == Outcome::Pass);
        assert!(passes(CheckId::Signature) && passes(CheckId::Format) && passes(CheckId::Key) && again.repaired.is_none());
    }
}
