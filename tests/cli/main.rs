//! The command line, run as people run it.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]
#![expect(clippy::allow_attributes, reason = "each test uses its own part of what is common")]

mod check;
#[allow(dead_code)]
#[path = "../../license/tests/common/mod.rs"]
mod common;
mod config;
mod help;
mod issue;
mod run;
mod serve;
mod vectors;
