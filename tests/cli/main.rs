//! The command line, run as people run it.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod airgapped;
mod check;
#[path = "../../license/tests/common/mod.rs"]
mod common;
mod config;
mod db;
mod help;
mod ingress;
mod issue;
mod nginx;
mod phone_home;
mod platform;
mod postgres;
mod replicas;
mod rotate;
mod run;
mod running;
mod serve;
mod setup;
mod setup_token;
mod status;
mod vectors;
#[path = "../http/vendor.rs"]
#[expect(dead_code, reason = "the license server has its own tests")]
mod vendor;
