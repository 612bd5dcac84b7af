//! Any bytes, as they are pasted or dropped.
#![no_main]

use countersign_license::{Policy, inspect};
use countersign_license_fuzz::{NOW, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check(&inspect(bytes, &Policy::default(), NOW));
});
