//! Mail, sent to real servers: SMTP on sockets, and Resend's API as a stand-in.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod resend;
mod server;
mod settings;
mod smtp;
mod wire;
