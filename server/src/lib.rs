//! The server and the command line of Countersign.
//!
//! What a bundle is worth is decided in `countersign-license`, how it looks in `countersign-app`. This crate knows the
//! outside world: files, the environment, the clock, the network.

#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod egress;
pub mod http;
mod ids;
pub mod jobs;
pub mod licensing;
mod line;
pub mod mail;
pub mod metrics;
pub mod passwords;
pub mod phone_home;
pub mod seal;
pub mod site;
pub mod store;
pub mod verify;
