//! Any text where the token belongs, beside a fixed key: behind the real verifier, and behind one that accepts everything.
#![no_main]

use countersign_license::{Policy, inspect, inspect_with};
use countersign_license_fuzz::{NOW, bundle, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|jwt: &str| {
    let text = bundle(jwt);
    check(&inspect(&text, &Policy::default(), NOW));
    let trusting = inspect_with(&text, &Policy::default(), NOW, |_, _, _| true);
    // A repair that only a careless verifier accepts is not looked at.
    check(&countersign_license::Inspection { repaired: None, ..trusting });
});
