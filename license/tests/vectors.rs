//! Every vector of `tests/vectors`, judged natively.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod common;

use std::time::{Duration, Instant};

use common::{Numbers, Vector, vectors};
use countersign_license::{Json, Policy, Trust, TrustRule, Verdict, inspect, inspect_with};

/// The members of the JSON that command line and API print, each always there.
const MEMBERS: [&str; 7] = ["verdict", "trust", "checks", "claims", "unverifiedClaims", "key", "expiresInSeconds"];
const ROW: [&str; 4] = ["id", "outcome", "code", "detail"];
const KEY: [&str; 3] = ["bits", "exponent", "sha256"];

const ORDER: [&str; 10] =
    ["format", "key", "algorithm", "signature", "trust", "issuer", "audience", "claims", "not-before", "expiry"];

/// What differs between an inspection and what the vector expects.
fn differences(vector: &Vector) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, expected: String, got: String| {
        if expected != got {
            found.push(format!("{what}: expected {expected}, got {got}"));
        }
    };
    let (bytes, policy, expect) = (vector.bytes(), vector.policy(), &vector.expect);
    let inspection = inspect(&bytes, &policy, vector.now);
    let json = serde_json::to_string(&inspection).expect("an inspection serializes");
    // Our own reader: others stumble over numbers as large as a claim may hold.
    let printed = match Json::parse(&json) {
        Ok(printed) => printed,
        Err(error) => return vec![format!("the JSON does not parse: {error}")],
    };
    let names = |value: &Json| format!("{:?}", members(value));
    let text =
        |value: &Json, name: &str| value.member(name).and_then(Json::as_str).unwrap_or("not a string").to_owned();
    let there = |name: &str| printed.member(name).filter(|value| **value != Json::Null);

    differ("members", format!("{MEMBERS:?}"), names(&printed));
    differ("verdict", expect.verdict.clone(), text(&printed, "verdict"));
    differ("trust", format!("{:?}", expect.trust.as_deref()), format!("{:?}", there("trust").and_then(Json::as_str)));
    let Some(Json::Array(rows)) = printed.member("checks") else { return vec!["checks is no array".to_owned()] };
    let ids: Vec<String> = rows.iter().map(|row| text(row, "id")).collect();
    differ("rows", format!("{ORDER:?}"), format!("{ids:?}"));
    let mut expected_rows = expect.checks.clone();
    for row in rows {
        differ("row", format!("{ROW:?}"), names(row));
        let expected = expected_rows.remove(&text(row, "id")).unwrap_or_default();
        differ(&text(row, "id"), expected, format!("{} {}", text(row, "outcome"), text(row, "code")));
    }
    differ("rows left over", "{}".to_owned(), format!("{expected_rows:?}"));

    let (claims, unverified) = (there("claims"), there("unverifiedClaims"));
    let signed = expect.checks["signature"].starts_with("pass");
    differ("verified claims only under a good signature", "false".into(), (claims.is_some() && !signed).to_string());
    differ("unverified claims only without one", "false".into(), (unverified.is_some() && signed).to_string());
    let expires = there("expiresInSeconds").map(|seconds| format!("{seconds:?}"));
    differ("expiresInSeconds only under a good signature", "false".into(), (expires.is_some() && !signed).to_string());
    if let Some(seconds) = expect.expires_in_seconds {
        differ(
            "expiresInSeconds",
            format!("{:?}", Some(Json::Number(seconds.to_string().into()))),
            format!("{:?}", there("expiresInSeconds")),
        );
    }
    let key = there("key");
    if let Some(key) = key {
        differ("key", format!("{KEY:?}"), names(key));
        differ("fingerprint", "64".into(), text(key, "sha256").len().to_string());
    }
    if let Some(numbers) = &expect.key {
        let got = inspection.key.map(|key| Numbers { bits: key.bits, exponent: key.exponent });
        differ("key", format!("{:?}", Some(numbers)), format!("{:?}", got.as_ref()));
    }

    let genuine = matches!(expect.verdict.as_str(), "valid" | "expired" | "not-yet-valid");
    differ("license", genuine.to_string(), inspection.license.is_some().to_string());
    differ("bundle to keep", genuine.to_string(), inspection.bundle.is_some().to_string());
    if let Some(organization) = &expect.organization {
        let got = inspection.license.as_ref().map(|license| license.claims().organization.clone());
        differ("organization", format!("{:?}", Some(organization)), format!("{:?}", got.as_ref()));
    }

    differ("repaired", expect.repaired.to_string(), inspection.repaired.is_some().to_string());
    if let Some(repaired) = &inspection.repaired {
        let again = inspect(repaired.to_json(), &policy, vector.now);
        let good = again.check(countersign_license::CheckId::Signature).is_some_and(|row| row.code == "signature-fits");
        differ(
            "the repaired bundle is genuine",
            "true".into(),
            (good && again.verdict != Verdict::Malformed).to_string(),
        );
        differ("the repaired bundle needs no repair", "false".into(), again.repaired.is_some().to_string());
    }
    differ("a reason unless valid", (expect.verdict != "valid").to_string(), inspection.reason().is_some().to_string());

    let secrets = if vector.name.contains("hostile") { Vec::new() } else { secrets(&bytes) };
    for row in &inspection.checks {
        let (id, detail) = (row.id.name(), row.detail.as_str());
        let unfit = detail.is_empty() || detail.chars().count() > 1000 || detail.chars().any(is_unfit);
        differ(&format!("detail of {id} is not one bounded line"), "false".into(), unfit.to_string());
        let leaks = secrets.iter().any(|secret| detail.contains(secret));
        differ(&format!("detail of {id} quotes token or key"), "false".into(), leaks.to_string());
        if let Some(part) = expect.detail_contains.get(id).filter(|part| !detail.contains(part.as_str())) {
            differ(&format!("detail of {id}"), format!("…{part}…"), detail.to_owned());
        }
    }
    found
}

fn members(value: &Json) -> Vec<&str> {
    value.as_object().unwrap_or_default().iter().map(|(name, _)| name.as_str()).collect()
}

/// A character that breaks, hides or reorders a line.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Ends of everything in a text that could be a token's segment or a key's line.
fn secrets(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).replace("\\n", "\n");
    if text.len() > 70_000 {
        return Vec::new();
    }
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '+' | '/'));
    let long = runs.filter(|run| run.len() >= 40);
    long.flat_map(|run| [run[..40].to_owned(), run[run.len() - 40..].to_owned()]).collect()
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let vectors = vectors();
    assert!(vectors.len() >= 600, "only {} vectors", vectors.len());
    let wrong: Vec<String> = vectors
        .iter()
        .filter_map(|vector| {
            let found = differences(vector);
            (!found.is_empty()).then(|| format!("{} ({})\n    {}", vector.name, vector.about, found.join("\n    ")))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} vectors differ:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
    println!("{} vectors", vectors.len());
}

/// The list of trusted keys is enforced for every vector: nothing is genuine without it, and with it nothing else changes.
#[test]
fn under_the_pinned_rule_only_listed_keys_count() {
    for vector in vectors() {
        let bytes = vector.bytes();
        let free = inspect(&bytes, &vector.policy(), vector.now);
        let unlisted = Policy { rule: TrustRule::Pinned, ..Policy::default() };
        let refused = inspect(&bytes, &unlisted, vector.now);
        assert!(refused.license.is_none() && refused.verdict != Verdict::Valid, "{}", vector.name);
        let Some(key) = free.key.filter(|_| free.trust.is_some()) else { continue };
        let listed = Policy { trusted: vec![key.sha256], ..unlisted.clone() };
        let pinned = inspect(&bytes, &listed, vector.now);
        assert_eq!((pinned.verdict, pinned.trust), (free.verdict, Some(Trust::Pinned)), "{}", vector.name);
        let installed = Policy { installed: Some(key.sha256), ..Policy::default() };
        let known = inspect(&bytes, &installed, vector.now);
        assert_eq!((known.verdict, known.trust), (free.verdict, Some(Trust::Known)), "{}", vector.name);
        // A known key is no pinned key.
        let known = inspect(&bytes, &Policy { installed: Some(key.sha256), ..unlisted }, vector.now);
        assert!(known.license.is_none(), "{}", vector.name);
    }
}

/// Without a good signature there is no license, no verified claim and no repair, whatever else is right.
#[test]
fn nothing_is_genuine_but_by_its_signature() {
    for vector in vectors() {
        let inspection = inspect_with(vector.bytes(), &vector.policy(), vector.now, |_, _, _| false);
        assert!(inspection.license.is_none() && inspection.claims.is_none(), "{}", vector.name);
        assert!(inspection.repaired.is_none() && inspection.bundle.is_none(), "{}", vector.name);
        assert!(
            !matches!(inspection.verdict, Verdict::Valid | Verdict::Expired | Verdict::NotYetValid),
            "{}",
            vector.name
        );
    }
}

/// No input costs more than 100 ms on a busy machine, a fifth of that on an idle one (optimized; debug builds are only run,
/// not timed).
#[test]
fn every_vector_is_quick() {
    let mut times: Vec<(Duration, String)> = Vec::new();
    for vector in vectors() {
        let (bytes, policy) = (vector.bytes(), vector.policy());
        // The best of three: another program may be busy.
        let once = || {
            let start = Instant::now();
            let _ = inspect(&bytes, &policy, vector.now);
            start.elapsed()
        };
        times.push(((0..3).map(|_| once()).min().expect("three"), vector.name));
    }
    times.sort();
    for (time, name) in times.iter().rev().take(12) {
        println!("{time:>12.3?}  {name}");
    }
    if cfg!(not(debug_assertions)) {
        let (time, name) = times.last().expect("vectors");
        assert!(*time <= Duration::from_millis(100), "{name} takes {time:?}");
    }
}
