//! The next release: this source with one more step of the tables.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{BINARY, empty};

/// What the step does.
pub const STEP: &str = include_str!("9000_next.sql");

/// Builds it. The compiled dependencies are those of this build, so only our own crates are compiled.
pub fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the checkout");
    let folder = empty("next");
    let source = folder.join("source");
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output().expect("git runs");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    for file in listed.split('\0').filter(|file| root.join(file).is_file()) {
        let to = source.join(file);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(root.join(file), to).expect("a copy");
    }
    fs::write(source.join("server/migrations/9000_next.sql"), STEP).expect("a file");
    let store = source.join("server/src/store/mod.rs");
    fs::write(&store, with_step(&fs::read_to_string(&store).expect("the steps"))).expect("the steps");

    let profile = Path::new(BINARY).parent().expect("a folder");
    let target = folder.join("target");
    fs::create_dir(&target).expect("a folder");
    for kind in [".fingerprint", "build", "deps"] {
        let to = target.join(profile.file_name().expect("a name"));
        fs::create_dir_all(&to).expect("a folder");
        let linked = Command::new("cp").arg("-al").arg(profile.join(kind)).arg(&to).status();
        assert!(linked.expect("cp runs").success());
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--offline", "-p", "countersign", "--bin", "countersign", "--target-dir"]).arg(&target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    // What cargo told this test about itself is not for another one.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("NEXTEST"))
    {
        cargo.env_remove(name);
    }
    let built = cargo.current_dir(&source).env("CARGO_INCREMENTAL", "0").status();
    assert!(built.expect("cargo runs").success(), "the next release is built");
    target.join(profile.file_name().expect("a name")).join("countersign")
}

/// The list of steps, with one more.
fn with_step(text: &str) -> String {
    let (before, rest) = text.split_once("const STEPS: [(i64, &str, &str); ").expect("the list");
    let (count, rest) = rest.split_once("] = [").expect("its length");
    let count: usize = count.parse().expect("a number");
    let step = r#"(9000, "next", include_str!("../../migrations/9000_next.sql"))"#;
    format!("{before}const STEPS: [(i64, &str, &str); {}] = [{step},{}", count + 1, rest)
}
