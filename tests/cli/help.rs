//! `--help` and `--version`

use std::path::Path;

use crate::run::run;

#[test]
fn help_fits_a_screen() {
    for name in
        ["", "check", "keygen", "issue", "license-server", "config", "serve", "rotate", "status", "setup-token", "db"]
    {
        let arguments: Vec<&str> = [name, "--help"].into_iter().filter(|one| !one.is_empty()).collect();
        let ran = run(Path::new("."), &arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        insta::assert_snapshot!(format!("help-{name}"), ran.out);
    }
}

#[test]
fn the_version_is_the_packages() {
    let ran = run(Path::new("."), &["--version"]);
    assert_eq!(ran.out, format!("countersign {}\n", env!("CARGO_PKG_VERSION")));
}
