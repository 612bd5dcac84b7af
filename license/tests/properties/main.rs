//! What holds for every input, tried on many.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p countersign-license --test properties` looks longer.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test")]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod licenses;
mod mutations;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cases::case;
use common::{NOW, base64url, bundle, private_key, public_pem, token, vectors};
use countersign_license::{
    Change, CheckId, Field, Inspection, Json, Outcome, Policy, Trust, Utc, Verdict, VerifyingKey, compare, inspect,
    inspect_with, shown,
};
use licenses::license;
use mutations::{json_like, mutated_text, mutation};
use proptest::prelude::*;
use proptest::sample::Index;
use rsa::RsaPrivateKey;

static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| private_key("rsa2048"));
static PEM: LazyLock<String> = LazyLock::new(|| public_pem(&KEY.to_public_key()));
static INPUTS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| vectors().iter().map(common::Vector::bytes).filter(|bytes| bytes.len() < 70_000).collect());

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT"}"#;
const PAYLOAD: &str = r#"{"sub":"cust_acme","iss":"scrydon-license","aud":"scrydon-platform","exp":1821536000,"nbf":1700000000,"iat":1700000000,"jti":"lic_abc123","scrydon":{"org":"Acme Corp","tier":"enterprise","entitlements":{"cpuCores":16,"ramGb":64,"vramGb":0},"features":{"analytics":true,"maxUsers":250}}}"#;

fn good() -> (String, String) {
    (token(&KEY, HEADER, PAYLOAD), PEM.clone())
}

fn is_genuine(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Valid | Verdict::Expired | Verdict::NotYetValid)
}

/// What is true of every inspection.
fn check_sanity(inspection: &Inspection) {
    assert_eq!(inspection.checks.len(), 10);
    assert_eq!(inspection.license.is_some(), is_genuine(inspection.verdict));
    assert_eq!(inspection.bundle.is_some(), is_genuine(inspection.verdict));
    assert_eq!(inspection.reason().is_none(), inspection.verdict == Verdict::Valid);
    let signed = inspection.check(CheckId::Signature).is_some_and(|row| row.outcome == Outcome::Pass);
    assert!(signed || !is_genuine(inspection.verdict));
    assert!(signed || inspection.claims.is_none() && inspection.expires_in_seconds.is_none());
    if is_genuine(inspection.verdict) {
        let fails: Vec<CheckId> =
            inspection.checks.iter().filter(|row| row.outcome == Outcome::Fail).map(|row| row.id).collect();
        assert!(fails.iter().all(|id| matches!(id, CheckId::NotBefore | CheckId::Expiry)), "{fails:?}");
        assert!(inspection.verdict != Verdict::Valid || fails.is_empty());
    }
    for row in &inspection.checks {
        assert!(!row.detail.is_empty() && row.detail.chars().count() < 1000, "{row:?}");
        assert!(!row.detail.chars().any(char::is_control), "{row:?}");
    }
    let json = serde_json::to_string(inspection).expect("an inspection serializes");
    let members: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_str(&json).expect("and is JSON");
    assert_eq!(members.len(), 7);
}

/// A repair is offered only where it is certain, and never for something that needs none.
fn check_repair(inspection: &Inspection) {
    let Some(repaired) = &inspection.repaired else { return };
    assert!(!is_genuine(inspection.verdict));
    let again = inspect(repaired.to_json(), &Policy::default(), NOW);
    let passes = |id| again.check(id).is_some_and(|row| row.outcome == Outcome::Pass);
    assert!(passes(CheckId::Signature) && passes(CheckId::Format) && passes(CheckId::Key), "{repaired:?}");
    assert!(again.repaired.is_none());
}

fn check_everything(input: &[u8]) {
    let inspection = inspect(input, &Policy::default(), NOW);
    check_sanity(&inspection);
    check_repair(&inspection);
    // What the token says is read the same whoever vouches for it.
    let trusting = inspect_with(input, &Policy::default(), NOW, |_, _, _| true);
    check_sanity(&trusting);
    let doubting = inspect_with(input, &Policy::default(), NOW, |_, _, _| false);
    check_sanity(&doubting);
    assert!(!is_genuine(doubting.verdict) && doubting.repaired.is_none());
}

// ---- (a) one change makes a valid bundle invalid

/// Each bit of each character of the token, and each bit of the bytes that its segments mean.
#[test]
fn no_single_bit_of_the_token_can_be_flipped() {
    let (jwt, pem) = good();
    let text = bundle(&jwt, &pem).into_bytes();
    assert_eq!(inspect(&text, &Policy::default(), NOW).verdict, Verdict::Valid);
    let start = text.windows(jwt.len()).position(|window| window == jwt.as_bytes()).expect("the token is there");
    let mut flips = 0;
    let mut refuse = |text: &[u8], what: &str| {
        let inspection = inspect(text, &Policy::default(), NOW);
        assert!(inspection.license.is_none() && !is_genuine(inspection.verdict), "{what} was accepted");
        flips += 1;
    };
    for at in start..start + jwt.len() {
        for bit in 0..8 {
            let mut flipped = text.clone();
            flipped[at] ^= 1 << bit;
            refuse(&flipped, &format!("character {at} with bit {bit} flipped"));
        }
    }
    let segments: Vec<Vec<u8>> =
        jwt.split('.').map(|segment| URL_SAFE_NO_PAD.decode(segment).expect("base64url")).collect();
    // A debug build tries every seventh, in turn over all bits; an optimized one all.
    let step = if cfg!(debug_assertions) { 7 } else { 1 };
    for (number, segment) in segments.iter().enumerate() {
        for place in (0..segment.len() * 8).step_by(step) {
            let mut changed = segments.clone();
            changed[number][place / 8] ^= 1 << (place % 8);
            let jwt = changed.iter().map(base64url).collect::<Vec<_>>().join(".");
            refuse(bundle(&jwt, &pem).as_bytes(), &format!("segment {number} with bit {place} flipped"));
        }
    }
    assert!(flips >= 4_900, "{flips}");
}

/// Each bit of the key's DER: either it is no key any more, or another one.
#[test]
fn no_single_bit_of_the_key_can_be_flipped() {
    use base64::engine::general_purpose::STANDARD;
    let (jwt, pem) = good();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).expect("base64");
    let original = VerifyingKey::parse(&pem).expect("a key").fingerprint();
    let step = if cfg!(debug_assertions) { 5 } else { 1 };
    for place in (0..der.len() * 8).step_by(step) {
        let mut changed = der.clone();
        changed[place / 8] ^= 1 << (place % 8);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(changed));
        let inspection = inspect(bundle(&jwt, &pem), &Policy::default(), NOW);
        assert!(!is_genuine(inspection.verdict), "bit {place}");
        assert!(inspection.key.is_none_or(|key| key.sha256 != original), "bit {place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_changed_character_is_never_valid(at in any::<Index>(), with in any::<char>(), in_key in any::<bool>()) {
        let (jwt, pem) = good();
        let change = |text: &str, at: usize| {
            let (before, behind) = (&text[..at], &text[at + 1..]);
            (!text[at..].starts_with(with)).then(|| format!("{before}{with}{behind}"))
        };
        let changed = if in_key {
            let body: Vec<usize> = pem
                .match_indices(|c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/' || c == '=')
                .map(|(at, _)| at)
                .filter(|at| (27..pem.len() - 26).contains(at))
                .collect();
            change(&pem, body[at.index(body.len())]).map(|pem| bundle(&jwt, &pem))
        } else {
            change(&jwt, at.index(jwt.len())).map(|jwt| bundle(&jwt, &pem))
        };
        if let Some(text) = changed {
            let inspection = inspect(&text, &Policy::default(), NOW);
            prop_assert!(!is_genuine(inspection.verdict), "{}", text);
            check_sanity(&inspection);
        }
    }

    // ---- (b) nothing panics, (e) repairs are certain

    #[test]
    fn any_bytes_are_inspected(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_everything(&bytes);
    }

    #[test]
    fn any_text_is_inspected(text in ".{0,200}") {
        check_everything(text.as_bytes());
        let line = shown(&text);
        prop_assert!(line.chars().count() <= 60 * 10 + 1 && !line.chars().any(char::is_control));
    }

    #[test]
    fn anything_like_json_is_inspected(text in json_like()) {
        check_everything(text.as_bytes());
        if let Ok(json) = Json::parse(&text) {
            let readable = json.readable();
            prop_assert_eq!(Json::parse(&readable), Ok(json.clone()));
            let again = serde_json::to_string(&json).expect("it serializes");
            prop_assert_eq!(Json::parse(&again), Ok(json));
        }
    }

    #[test]
    fn mutated_vectors_are_inspected(start in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut bytes = INPUTS[start.index(INPUTS.len())].clone();
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        check_everything(&bytes);
    }

    #[test]
    fn mutated_keys_are_read_or_refused(mutations in prop::collection::vec(mutation(), 1..5)) {
        let mut bytes = PEM.clone().into_bytes();
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = VerifyingKey::parse(&text) {
            prop_assert!(!error.to_string().is_empty() && !error.code().is_empty());
        }
    }

    /// Header and payload of any shape, behind a verifier that accepts everything: what passes then keeps the rules by the
    /// reading of another parser.
    #[test]
    fn no_rule_is_passed_by_accident(header in mutated_text(HEADER), payload in mutated_text(PAYLOAD)) {
        let jwt = format!("{}.{}.{}", base64url(&header), base64url(&payload), base64url([0_u8; 256]));
        let inspection = inspect_with(bundle(&jwt, &PEM), &Policy::default(), NOW, |_, _, _| true);
        check_sanity(&inspection);
        // The other parser gives up on numbers that no f64 holds; ours reads them exactly.
        let other = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        if inspection.verdict == Verdict::Valid {
            if let Some(header) = other(&header) {
                prop_assert_eq!(&header["alg"], "RS256");
                prop_assert!(["crit", "b64", "zip"].iter().all(|name| header.get(name).is_none()));
            }
            if let Some(claims) = other(&payload) {
                prop_assert!(is_plausible(&claims), "{}", payload);
            }
        }
    }

    // ---- (c) the verdict follows the rules

    #[test]
    fn the_verdict_follows_the_rules(case in case()) {
        let jwt = token(&KEY, HEADER, &case.payload());
        let inspection = inspect(bundle(&jwt, &PEM), &Policy::default(), case.now);
        prop_assert_eq!(inspection.verdict.name(), case.verdict(), "{} at {}", case.payload(), case.now);
        check_sanity(&inspection);
        if let Some(license) = &inspection.license {
            let claims = license.claims();
            prop_assert_eq!(Some(&claims.organization), case.org.value.as_ref());
            prop_assert_eq!(Some(&claims.customer), case.sub.value.as_ref());
            prop_assert_eq!(Some(claims.tier.name()), case.tier.value.as_deref());
            let granted = claims.entitlements;
            let counts = [granted.cpu_cores, granted.ram_gb, granted.vram_gb].map(Some);
            prop_assert_eq!(counts, case.counts.clone().map(|count| count.value));
            let json = serde_json::to_string(&inspection.claims).expect("claims serialize");
            prop_assert_eq!(Json::parse(&json), Json::parse(&case.payload()));
        }
    }

    // ---- (d) comparisons

    #[test]
    fn comparing_is_consistent(old in license(), new in license()) {
        for license in [&old, &new] {
            let same = compare(license, license);
            prop_assert!(same.is_same());
            for trust in [Trust::Pinned, Trust::Known, Trust::Bundled] {
                prop_assert!(same.acknowledgements(trust).is_empty());
            }
        }
        let (there, back) = (compare(&old, &new), compare(&new, &old));
        prop_assert_eq!(there.fields.len(), back.fields.len());
        let mut less = false;
        for (there, back) in there.fields.iter().zip(&back.fields) {
            prop_assert_eq!(&there.field, &back.field);
            prop_assert_eq!((&there.old, &there.new), (&back.new, &back.old));
            let opposite = match there.change {
                Change::Same => Change::Same,
                Change::Different => Change::Different,
                Change::More => Change::Less,
                Change::Less => Change::More,
            };
            prop_assert_eq!(opposite, back.change, "{:?}", there);
            // “no” and nothing at all are the same grant; whatever else reads differently is different.
            let said = |words: &Option<String>| words.clone().filter(|words| words != "no");
            if there.change == Change::Same {
                prop_assert_eq!(said(&there.old), said(&there.new), "{:?}", there);
            }
            less |= there.change == Change::Less;
            prop_assert_eq!(there.loss.is_some(), there.change == Change::Less && there.field != Field::Expires, "{:?}", there);
        }
        let acknowledgements = there.acknowledgements(Trust::Pinned);
        prop_assert_eq!(acknowledgements.iter().any(|one| one.code() == "downgrade" || one.code() == "expires-sooner"), less);
        prop_assert!(!there.is_same() || acknowledgements.is_empty());
    }

    #[test]
    fn instants_are_written_like_no_other(a in any::<i64>(), b in any::<i64>()) {
        prop_assert_eq!(a == b, Utc(a).rfc3339() == Utc(b).rfc3339());
        prop_assert_eq!(a < b && Utc(a).date() > Utc(b).date(), false);
    }
}

/// Whether these claims keep the rules, read by another parser and judged in floating point.
fn is_plausible(claims: &serde_json::Value) -> bool {
    let own = &claims["scrydon"];
    let now = 1_790_000_000.0;
    let filled = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.is_empty());
    let count =
        |name: &str| own["entitlements"][name].as_f64().is_some_and(|count| count >= 0.0 && count.fract() == 0.0);
    claims["iss"] == "scrydon-license"
        && (claims["aud"] == "scrydon-platform"
            || claims["aud"].as_array().is_some_and(|all| {
                all.iter().any(|one| one == "scrydon-platform") && all.iter().all(serde_json::Value::is_string)
            }))
        && claims["exp"].as_f64().is_some_and(|exp| exp > now && exp < 9.3e18)
        && claims.get("nbf").is_none_or(|nbf| nbf.as_f64().is_some_and(|nbf| nbf <= now))
        && filled(&claims["sub"])
        && filled(&claims["jti"])
        && own["org"].is_string()
        && ["starter", "professional", "enterprise"].iter().any(|tier| own["tier"] == *tier)
        && ["cpuCores", "ramGb", "vramGb"].into_iter().all(count)
}
