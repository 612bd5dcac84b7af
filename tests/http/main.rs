//! The whole server, in one process.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod accounts;
mod ask;
#[path = "../../license/tests/common/mod.rs"]
mod common;
mod errors;
mod headers;
mod license;
mod limits;
mod pages;
mod rotation;
mod sessions;
mod setup;
mod site;
mod story;
mod users;
