//! Two verifiers, one rule: the server's RSA and the browser's never disagree.

#![expect(clippy::expect_used, clippy::panic, reason = "these are tests")]

#[path = "../../license/tests/common/mod.rs"]
mod common;

use std::sync::LazyLock;

use common::{NOW, bundle, private_key, public_pem, token, vectors};
use countersign::verify;
use countersign_license::{Inspection, Policy, Verdict, VerifyingKey, inspect, inspect_with, rs256};
use proptest::prelude::*;
use rsa::traits::PublicKeyParts as _;

const CLAIMS: &str = r#"{"iss":"scrydon-license","aud":"scrydon-platform","sub":"cust_acme","jti":"lic_1","exp":1800000000,
    "scrydon":{"org":"Acme","tier":"starter","entitlements":{"cpuCores":1,"ramGb":2,"vramGb":0}}}"#;

/// Keys of every size and exponent: the public half, and a bundle signed with it.
static SIGNED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let names = ["rsa2048", "rsa2048-other", "rsa2048-e3", "rsa2048-e33", "rsa2050", "rsa3072", "rsa4096"];
    let signed = |name: &str| {
        let key = private_key(name);
        let public = public_pem(&key.to_public_key());
        let jwt = token(&key, r#"{"alg":"RS256"}"#, CLAIMS);
        (jwt, public)
    };
    names.into_iter().map(signed).collect()
});

fn both(text: &[u8], policy: &Policy, now: i64) -> (Inspection, Inspection) {
    let server = inspect_with(text, policy, now, verify::rs256);
    (inspect(text, policy, now), server)
}

fn json(inspection: &Inspection) -> String {
    let repaired = inspection.repaired.as_ref().map(countersign_license::Bundle::to_json);
    format!("{} {repaired:?}", serde_json::to_string(inspection).expect("an inspection serializes"))
}

#[test]
fn they_agree_on_every_vector() {
    let vectors = vectors();
    let differ: Vec<&str> = vectors
        .iter()
        .filter(|vector| {
            let (browser, server) = both(&vector.bytes(), &vector.policy(), vector.now);
            json(&browser) != json(&server)
        })
        .map(|vector| vector.name.as_str())
        .collect();
    assert!(differ.is_empty(), "{} of {}: {differ:?}", differ.len(), vectors.len());
}

#[test]
fn they_accept_every_size_and_exponent_that_the_core_accepts() {
    for name in ["rsa2048", "rsa2048-e3", "rsa2048-e33", "rsa2050", "rsa3072", "rsa4096", "rsa8192", "rsa8192-e33"] {
        let key = private_key(name);
        let jwt = token(&key, r#"{"alg":"RS256"}"#, CLAIMS);
        let text = bundle(&jwt, &public_pem(&key.to_public_key()));
        let (browser, server) = both(text.as_bytes(), &Policy::default(), NOW);
        assert_eq!((browser.verdict, server.verdict), (Verdict::Valid, Verdict::Valid), "{name}");
    }
}

/// The signature's bytes as a number, changed where libraries like to be lax.
#[test]
fn they_refuse_the_same_edges_of_a_signature() {
    let key = private_key("rsa2048");
    let public = VerifyingKey::parse(&public_pem(&key.to_public_key())).unwrap();
    let message = b"message";
    let good = {
        use rsa::pkcs1v15::Pkcs1v15Sign;
        use sha2::{Digest as _, Sha256};
        key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message)).unwrap()
    };
    assert!(rs256(&public, message, &good) && verify::rs256(&public, message, &good));
    let modulus = key.n().to_bytes_be();
    let added = (rsa::BigUint::from_bytes_be(&good) + key.n()).to_bytes_be();
    let zero_first = [&[0][..], &good].concat();
    let zero_last = [&good[..], &[0]].concat();
    let edges: [&[u8]; 9] = [b"", &[0], &[0; 256], &[255; 256], &modulus, &added, &zero_first, &zero_last, &good[1..]];
    for edge in edges {
        assert!(!rs256(&public, message, edge) && !verify::rs256(&public, message, edge), "{edge:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// A byte of the token or the key changed, dropped or added; the parts of two bundles mixed.
    #[test]
    fn they_agree_on_every_changed_bundle(
        (first, second) in (0..7_usize, 0..7_usize),
        in_key: bool,
        at: prop::sample::Index,
        change in 0..4_u8,
        byte in prop::sample::select(b"AZaz09-_+/=.\n {}\"\\x".to_vec()),
    ) {
        let (jwt, key) = (&SIGNED[first].0, &SIGNED[second].1);
        let (mut jwt, mut key) = (jwt.clone().into_bytes(), key.clone().into_bytes());
        let text = if in_key { &mut key } else { &mut jwt };
        let at = at.index(text.len());
        match change {
            0 => text[at] = byte,
            1 => { text.remove(at); }
            2 => text.insert(at, byte),
            _ => {}
        }
        let text = bundle(&String::from_utf8(jwt).unwrap(), &String::from_utf8(key).unwrap());
        let (browser, server) = both(text.as_bytes(), &Policy::default(), NOW);
        prop_assert_eq!(json(&browser), json(&server));
        if change > 2 {
            prop_assert_eq!(browser.verdict == Verdict::Valid, first == second);
        }
    }

    /// The RSA operation alone, on any signature of any length.
    #[test]
    fn they_agree_on_every_signature(
        which in 0..7_usize,
        message in prop::collection::vec(any::<u8>(), 0..64),
        signature in prop::collection::vec(any::<u8>(), 0..520),
    ) {
        let key = VerifyingKey::parse(&SIGNED[which].1).unwrap();
        prop_assert_eq!(rs256(&key, &message, &signature), verify::rs256(&key, &message, &signature));
    }
}
