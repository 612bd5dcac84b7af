//! `inspect` for JavaScript: the same call as `countersign check --json`, compiled for the browser.

#![expect(clippy::panic, reason = "this is a test")]

use countersign_license::{Policy, inspect as inspection};
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// The inspection of these bytes at `now` as JSON. `trusted` are fingerprints with commas between them.
///
/// # Panics
///
/// Where one of them is no fingerprint.
#[wasm_bindgen]
pub fn inspect(text: &[u8], now: i64, trusted: &str) -> String {
    let parsed = |text: &str| text.parse().unwrap_or_else(|error| panic!("{text} is no fingerprint: {error}"));
    let trusted = trusted.split(',').filter(|text| !text.is_empty()).map(parsed).collect();
    let policy = Policy { trusted, ..Policy::default() };
    serde_json::to_string(&inspection(text, &policy, now)).unwrap_or_else(|error| panic!("no JSON: {error}"))
}
