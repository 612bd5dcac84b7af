//! The command line, run as people run it.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

mod check;
#[path = "../../license/tests/common/mod.rs"]
mod common;
mod config;
mod help;
mod issue;
mod run;
mod serve;
mod vectors;
