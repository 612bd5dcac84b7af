//! The `countersign` binary: see [`countersign::cli`].

#![forbid(unsafe_code)]

use std::process::ExitCode;

use mimalloc::MiMalloc;

// A hashed password takes 19 MiB for a moment. The system's allocator would keep them, once for each thread that ever did it.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    countersign::cli::run()
}
