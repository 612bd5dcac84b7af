//! A test that runs once more, in a process that has what it needs: disks of its own, more open files.

use std::process::{Command, Stdio};
use std::thread;

/// Whether this is the second run.
pub fn is_second() -> bool {
    std::env::var_os("FAULTS_AGAIN").is_some()
}

/// Runs the test of this thread once more, by a command that runs what follows it. It fails unless that very test ran, and passed.
pub fn run(by: &mut Command) {
    let this = std::env::current_exe().expect("this program");
    let thread = thread::current();
    let test = thread.name().expect("each test has a thread of its name");
    let ran = by
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env("FAULTS_AGAIN", "1")
        .stderr(Stdio::inherit())
        .output()
        .expect("it runs again");
    let told = String::from_utf8_lossy(&ran.stdout);
    print!("{told}");
    assert!(ran.status.success(), "{test}: {}", ran.status);
    // A name that is not there is no failure: nothing runs, and all of that passes.
    assert!(told.contains("test result: ok. 1 passed;"), "{test} did not run");
}
