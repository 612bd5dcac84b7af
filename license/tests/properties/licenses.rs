//! Licenses to be compared.

use std::fmt::Write as _;

use countersign_license::{License, Policy, inspect_with};
use proptest::prelude::*;

use crate::HEADER;
use crate::common::{NOW, base64url, bundle, private_key, public_pem};

/// A license without a signature behind it, for comparisons alone: the verifier is told to accept everything.
pub fn license() -> impl Strategy<Value = License> {
    let feature = prop_oneof![
        Just("true"),
        Just("false"),
        Just("0"),
        Just("5"),
        Just("250"),
        Just("\"x\""),
        Just("null"),
        Just("1.5"),
    ];
    let features = prop::collection::btree_map("[a-c]", feature, 0..4);
    let limit = prop::option::of(0..3_u64);
    let analytics = prop::option::of(any::<bool>());
    let tier = prop::sample::select(vec!["starter", "professional", "enterprise"]);
    let times = (NOW + 1..NOW + 4, prop::option::of(NOW - 3..NOW), prop::option::of(NOW - 3..NOW));
    let key = prop::sample::select(vec!["rsa2048", "rsa2048-other"]);
    ("[ab]", tier, 0..3_u64, times, features, (analytics, limit), key).prop_map(|(text, tier, count, times, features, (analytics, limit), key)| {
        let (exp, nbf, iat) = times;
        let mut own = features.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>();
        own.extend(analytics.map(|granted| format!("\"analytics\":{granted}")));
        own.extend(limit.map(|limit| format!("\"maxUsers\":{limit}")));
        let mut optional = String::new();
        for (name, value) in [("nbf", nbf), ("iat", iat)] {
            if let Some(value) = value {
                write!(optional, "\"{name}\":{value},").expect("a string can be written to");
            }
        }
        let payload = format!(
            r#"{{"iss":"scrydon-license","aud":"scrydon-platform","sub":"{text}","jti":"{text}","exp":{exp},{optional}"scrydon":{{"org":"{text}","tier":"{tier}","entitlements":{{"cpuCores":{count},"ramGb":{count},"vramGb":0}},"features":{{{}}}}}}}"#,
            own.join(",")
        );
        let jwt = format!("{}.{}.{}", base64url(HEADER), base64url(&payload), base64url([0_u8; 256]));
        let text = bundle(&jwt, &public_pem(&private_key(key).to_public_key()));
        let inspection = inspect_with(text, &Policy::default(), NOW, |_, _, _| true);
        inspection.license.clone().unwrap_or_else(|| panic!("{payload}: {:?}", inspection.reason()))
    })
}
