//! Any text where the token belongs, beside a fixed key: behind the real verifier, and behind one that accepts everything.
#![no_main]

use countersign_license::{Policy, inspect, inspect_with};
use countersign_license_fuzz::{NOW, bundle, check, is_strict, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|jwt: &str| {
    let text = bundle(jwt);
    let inspection = inspect(&text, &Policy::default(), NOW);
    check(&inspection);
    assert!(inspection.license.is_none() || is_strict(jwt), "genuine, and it should not be");
    let trusting = inspect_with(&text, &Policy::default(), NOW, |_, _, _| true);
    assert!(trusting.license.is_none() || is_strict(jwt), "genuine for a careless verifier, and it should not be");
    // A repair that only a careless verifier accepts is not looked at.
    check(&countersign_license::Inspection { repaired: None, ..trusting });
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate::token(data, size, max_size, seed) });
