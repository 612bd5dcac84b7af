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

/// Runs this where it may mount what it likes: in a mount namespace of its own, which ends with it.
pub fn where_it_may_mount(body: impl FnOnce()) {
    if is_second() {
        return body();
    }
    match std::env::var("FAULTS_WITHOUT_DISKS").as_deref() {
        Ok("1") => return println!("left out, as FAULTS_WITHOUT_DISKS says"),
        Ok(other) => panic!("FAULTS_WITHOUT_DISKS={other}: there is only 1"),
        Err(_) => {}
    }
    // As root, or as one in a namespace of one's own.
    let ways: [&[&str]; 2] = [&["-m"], &["-r", "-m"]];
    let probe = "mount -t tmpfs none /mnt || mount -t tmpfs none /tmp";
    let may = |way: &&&[&str]| {
        Command::new("unshare").args(**way).args(["sh", "-c", probe]).output().is_ok_and(|ran| ran.status.success())
    };
    let way = ways.iter().find(may).expect(
        "this needs a disk or a list of names of its own, and nobody may mount one here: run it as root, or where users \
         may have namespaces (a container needs CAP_SYS_ADMIN). FAULTS_WITHOUT_DISKS=1 leaves out what mounts",
    );
    run(Command::new("unshare").args(*way));
}
