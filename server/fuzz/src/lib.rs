//! What the fuzzers share: a platform to ask, how an input is read as a request, and what every answer must be.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a fuzzer reports by panicking"
)]

#[path = "../../../tests/http/answer.rs"]
pub mod answer;
pub mod ask;
#[path = "../../../tests/http/document.rs"]
#[expect(clippy::pedantic, dead_code, reason = "the HTTP tests hold it to their rules")]
mod document;
#[path = "../../../tests/http/hardened.rs"]
mod hardened;
pub mod input;
pub mod platform;
pub mod replies;
pub mod rules;

/// The instant that the clock of every platform stands at.
pub const NOW: i64 = 1_790_000_000;

/// A license that is valid then.
pub const LICENSE: &str = include_str!("../../../license/fuzz/seeds/bundle/valid");

/// What stands for a secret in the inputs: it must not come back out.
pub const SECRET: &str = "c4n4ry-53cr3t";

/// How a piece of markup begins in the inputs: no page may have it as markup.
pub const MARKUP: &str = "<c4n4ry";

/// Ends the process where there is a network: what an input makes the server call must not reach anybody.
pub fn without_a_network() {
    let interfaces = std::fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    let interfaces = interfaces.lines().filter_map(|line| line.split_once(':'));
    let other: Vec<_> = interfaces.map(|(name, _)| name.trim()).filter(|name| *name != "lo").collect();
    if !other.is_empty() {
        eprintln!("there is a network here ({other:?}): run this by scripts/fuzz.sh, which takes it away");
        std::process::exit(2);
    }
}
