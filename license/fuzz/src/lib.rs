//! What every inspection must be, whatever was inspected.

pub mod mutate;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_license::{CheckId, Inspection, Json, Outcome, Policy, Verdict, inspect};
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

/// Whether another reader finds a compact JWS in its one spelling, under RS256, with nothing that changes what that means.
pub fn is_strict(jwt: &str) -> bool {
    let segments: Vec<&str> = jwt.trim().split('.').collect();
    let decoded: Vec<Vec<u8>> = segments.iter().filter_map(|text| URL_SAFE_NO_PAD.decode(text).ok()).collect();
    let [header, ..] = decoded.as_slice() else { return false };
    let Ok(header) = serde_json::from_slice::<serde_json::Value>(header) else { return false };
    decoded.len() == 3
        && decoded.iter().zip(&segments).all(|(bytes, text)| segment(bytes) == *text)
        && header["alg"] == "RS256"
        && ["crit", "b64", "zip"].iter().all(|member| header.get(member).is_none())
}

/// The one way to write a key down.
pub fn pem(modulus: &[u8], exponent: u64) -> String {
    let number = |bytes: &[u8]| {
        let bytes: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        element(0x02, &[&[0; 1][..usize::from(bytes[0] >= 0x80)], &bytes].concat())
    };
    let numbers = element(0x30, &[number(modulus), number(&exponent.to_be_bytes())].concat());
    // rsaEncryption with NULL for its parameters: RFC 8017, appendix C.
    let algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let info = element(0x30, &[&algorithm[..], &element(0x03, &[&[0][..], &numbers].concat())].concat());
    format!("-----BEGIN PUBLIC KEY-----{}-----END PUBLIC KEY-----", STANDARD.encode(info))
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let length = match (high, low) {
        (0, 0..=0x7f) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag][..], &length, content].concat()
}

fn is_read_one_way(json: &Json) -> bool {
    match json {
        Json::Array(elements) => elements.iter().all(is_read_one_way),
        Json::Object(members) => {
            let names: BTreeSet<&String> = members.iter().map(|(name, _)| name).collect();
            names.len() == members.len() && members.iter().all(|(_, value)| is_read_one_way(value))
        }
        _ => true,
    }
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
    for json in [&inspection.claims, &inspection.unverified_claims, &inspection.unverified_header].into_iter().flatten()
    {
        assert_eq!(Json::parse(&json.readable()).as_ref(), Ok(json));
        assert!(is_read_one_way(json), "a member stands twice");
    }
    if let Some(repaired) = &inspection.repaired {
        assert!(!genuine);
        let again = inspect(repaired.to_json(), &Policy::default(), NOW);
        let passes = |id| again.check(id).is_some_and(|row| row.outcome == Outcome::Pass);
        assert!(
            passes(CheckId::Signature) && passes(CheckId::Format) && passes(CheckId::Key) && again.repaired.is_none()
        );
    }
}
