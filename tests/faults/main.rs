//! The promises held while things break: processes killed, disks full, databases away. `make test` runs a short form,
//! `make faults` the whole.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests, and tell their figures"
)]

mod again;
mod away;
mod cable;
mod calls;
mod clock;
mod cluster;
mod commits;
#[path = "../../license/tests/common/mod.rs"]
mod common;
mod connections;
mod disk;
mod held;
mod jobs;
mod kills;
mod leaving;
mod moved;
mod names;
mod next;
#[path = "../cli/nginx.rs"]
mod nginx;
mod outages;
mod place;
#[path = "../cli/platform.rs"]
mod platform;
mod ports;
#[path = "../cli/postgres.rs"]
mod postgres;
mod power;
mod probes;
mod races;
mod random;
mod readers;
mod rotated;
#[expect(dead_code, reason = "shared, and not all of it is needed here")]
#[path = "../cli/run.rs"]
mod run;
#[expect(dead_code, reason = "shared, and not all of it is needed here")]
#[path = "../cli/running.rs"]
mod running;
mod stored;
mod tls;
mod unsure;
mod upgrade;
#[expect(dead_code, reason = "shared, and not all of it is needed here")]
#[path = "../http/vendor.rs"]
mod vendor;
mod wire;

/// How often something is tried: `FAULTS=full` tries the whole.
pub(crate) fn times(short: usize, full: usize) -> usize {
    match std::env::var("FAULTS").as_deref() {
        Ok("full") => full,
        Ok(other) => panic!("FAULTS={other}: there is only full"),
        Err(_) => short,
    }
}
