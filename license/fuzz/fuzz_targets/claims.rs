//! Any payload under a good header, behind a verifier that accepts everything.
#![no_main]

use countersign_license::{Policy, Verdict, inspect_with};
use countersign_license_fuzz::{NOW, bundle, check, mutate, segment};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|payload: &[u8]| {
    let jwt = format!("{}.{}.AAAA", segment(br#"{"alg":"RS256"}"#), segment(payload));
    let inspection = inspect_with(bundle(&jwt), &Policy::default(), NOW, |_, _, _| true);
    check(&inspection);
    if inspection.verdict == Verdict::Valid {
        // Another parser reads the same; it gives up on numbers that no f64 holds.
        let Ok(claims) = serde_json::from_slice::<serde_json::Value>(payload) else { return };
        let seconds = |name: &str| claims[name].as_f64();
        assert!(claims["iss"] == "scrydon-license" && seconds("exp").is_some_and(|exp| exp > NOW as f64));
        assert!(claims.get("nbf").is_none() || seconds("nbf").is_some_and(|nbf| nbf <= NOW as f64));
        assert!(
            claims["scrydon"]["entitlements"]["cpuCores"]
                .as_f64()
                .is_some_and(|count| count >= 0.0 && count.fract() == 0.0)
        );
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate::json(data, size, max_size, seed) });
