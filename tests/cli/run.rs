//! Runs the binary.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::folder;

/// The instant at which bundles are judged here: 2026-09-21, 14:13 UTC.
pub const NOW: &str = "1790000000";

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Where it is.
pub const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// The binary in a folder, with these variables and no others.
pub fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).env_clear().envs(variables.iter().copied());
    command
}

/// Runs the binary with this input.
pub fn run_with(command: &mut Command, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A command that does not read its input closes it.
    let _ = child.stdin.take().expect("standard input").write_all(input);
    let output = child.wait_with_output().expect("the binary ends");
    Ran {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs the binary without input or environment.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(&mut command(folder, &[]), arguments, b"")
}

/// An empty folder of that name.
pub fn empty(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

/// The test vendor's private key.
pub fn vendor_key() -> String {
    folder().join("keys/rsa2048.pem").display().to_string()
}

/// A bundle signed by the test vendor, always the same for the same arguments.
pub fn issued(more: &[&str]) -> String {
    let key = vendor_key();
    let mut arguments = vec!["issue", "--key", &key, "--now", NOW, "--jti", "lic_test"];
    arguments.extend(more);
    let ran = run(Path::new("."), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out
}
