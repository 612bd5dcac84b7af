//! The whole server, in one process.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod accounts;
mod addresses;
mod answer;
mod answerer;
mod ask;
mod audit;
mod banners;
mod calendar;
#[path = "../../license/tests/common/mod.rs"]
mod common;
mod csrf;
mod database;
mod document;
mod egress;
mod errors;
mod gate;
mod hardened;
mod headers;
mod license;
mod license_server;
mod limits;
mod logs;
#[path = "../mail/server.rs"]
#[expect(dead_code, reason = "mail has its own tests")]
mod mail_server;
mod matrix;
mod metrics;
mod notices;
mod openapi;
mod pages;
mod phone_home;
mod previous;
mod proxy;
mod revoked;
mod rotation;
mod rotation_at_once;
mod runtime;
mod seats;
mod sessions;
mod settings;
mod setup;
mod setup_token;
mod site;
mod smtp;
mod story;
mod unreached;
mod usage;
mod users;
mod vendor;
mod walk;
