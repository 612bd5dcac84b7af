//! `check`

use std::fs;
use std::path::Path;

use countersign_license::Json;

use crate::run::{NOW, Ran, command, empty, issued, run, run_with};

/// Checks a text from standard input.
fn check(input: &str, more: &[&str]) -> Ran {
    check_in(&[], input, more)
}

fn check_in(variables: &[(&str, &str)], input: &str, more: &[&str]) -> Ran {
    let arguments = [&["check", "--now", NOW], more].concat();
    run_with(&mut command(Path::new("."), variables), &arguments, input.as_bytes())
}

/// The fingerprint of the test vendor's key.
fn fingerprint() -> String {
    let ran = check(&issued(&[]), &["--json"]);
    let json = Json::parse(&ran.out).expect("JSON");
    json.member("key").and_then(|key| key.member("sha256")).and_then(Json::as_str).expect("a fingerprint").to_owned()
}

fn verdict_and_trust(ran: &Ran) -> (String, String) {
    let json = Json::parse(&ran.out).expect("JSON");
    let text = |name: &str| json.member(name).and_then(Json::as_str).unwrap_or("null").to_owned();
    (text("verdict"), text("trust"))
}

#[test]
fn the_exit_status_says_valid_or_not_or_unreadable() {
    assert_eq!(check(&issued(&[]), &[]).code, 0);
    assert_eq!(check(&issued(&["--days", "-1"]), &[]).code, 1);
    assert_eq!(check(&issued(&["--not-before", "1800000000"]), &[]).code, 1);
    assert_eq!(check("not a bundle", &[]).code, 2);
    assert_eq!(check("", &[]).code, 2);
    let bundle = issued(&[]);
    let bare = bundle.split('"').nth(3).expect("the token");
    assert_eq!(check(bare, &[]).code, 1, "a bare token is read and not verified");
}

#[test]
fn a_bundle_comes_from_a_file_or_from_standard_input() {
    let folder = empty("check-input");
    let bundle = issued(&[]);
    fs::write(folder.join("bundle.json"), &bundle).unwrap();
    let file = run(&folder, &["check", "--now", NOW, "bundle.json"]);
    assert_eq!(file.code, 0, "{}", file.err);
    assert_eq!(check(&bundle, &[]).out, file.out);
    assert_eq!(check(&bundle, &["-"]).out, file.out);
}

#[test]
fn a_file_that_cannot_be_read_is_named_in_one_sentence() {
    let folder = empty("check-missing");
    for json in [&[][..], &["--json"]] {
        let missing = run(&folder, &[&["check", "nowhere.json"], json].concat());
        assert_eq!((missing.code, missing.out.as_str()), (2, ""));
        assert_eq!(missing.err, "countersign: there is no file nowhere.json: look at the name and the folder\n");
        let directory = run(&folder, &[&["check", "."], json].concat());
        assert_eq!((directory.code, directory.out.as_str()), (2, ""));
        assert_eq!(directory.err, "countersign: . is a folder: name the bundle's file\n");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["check", "--no-such-flag"][..],
        &["check", "--now", "tomorrow"],
        &["check", "--trusted-key", "abc"],
        &["check", "--trust", "blindly"],
        &["no-such-command"],
        &[],
    ] {
        let ran = run(Path::new("."), arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn json_has_exactly_the_members_of_the_contract_in_order() {
    let names = |json: &Json| json.as_object().unwrap().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    for (input, code) in [(issued(&[]), 0), (issued(&["--days", "-1"]), 1), ("{".to_owned(), 2)] {
        let ran = check(&input, &["--json"]);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""));
        let json = Json::parse(&ran.out).expect("JSON");
        assert_eq!(
            names(&json),
            ["verdict", "trust", "checks", "claims", "unverifiedClaims", "key", "expiresInSeconds"]
        );
        let Some(Json::Array(checks)) = json.member("checks") else { panic!("no checks") };
        let ids: Vec<&str> = checks.iter().map(|check| check.member("id").unwrap().as_str().unwrap()).collect();
        assert_eq!(
            ids,
            [
                "format",
                "key",
                "algorithm",
                "signature",
                "trust",
                "issuer",
                "audience",
                "claims",
                "not-before",
                "expiry"
            ]
        );
        for check in checks {
            assert_eq!(names(check), ["id", "outcome", "code", "detail"]);
        }
        if let Some(key @ Json::Object(_)) = json.member("key") {
            assert_eq!(names(key), ["bits", "exponent", "sha256"]);
        }
    }
}

#[test]
fn now_moves_the_verdict_to_the_second() {
    let bundle = issued(&["--expires", "1800000000", "--not-before", "1795000000"]);
    let at = |now: &str| {
        let ran = run_with(&mut command(Path::new("."), &[]), &["check", "--json", "--now", now], bundle.as_bytes());
        verdict_and_trust(&ran).0
    };
    assert_eq!(at("1794999999"), "not-yet-valid");
    assert_eq!(at("1795000000"), "valid");
    assert_eq!(at("1799999999"), "valid");
    assert_eq!(at("1800000000"), "expired");
    assert_eq!(at("-1"), "not-yet-valid");
}

#[test]
fn a_trusted_key_pins_the_bundle() {
    let (bundle, key) = (issued(&[]), fingerprint());
    let other = "00".repeat(32);
    let grouped = format!("SHA256:{}", key.to_ascii_uppercase());
    let trust = |ran: &Ran| verdict_and_trust(ran).1;
    assert_eq!(trust(&check(&bundle, &["--json"])), "bundled");
    assert_eq!(trust(&check(&bundle, &["--json", "--trusted-key", &key])), "pinned");
    assert_eq!(trust(&check(&bundle, &["--json", "--trusted-key", &grouped])), "pinned");
    assert_eq!(trust(&check(&bundle, &["--json", "--trusted-key", &other])), "bundled");
    assert_eq!(trust(&check(&bundle, &["--json", "--trusted-key", &other, "--trusted-key", &key])), "pinned");
    let listed = format!(" {other} , {key},");
    let variables = [("LICENSE_TRUSTED_KEYS", listed.as_str())];
    assert_eq!(trust(&check_in(&variables, &bundle, &["--json"])), "pinned");
    let genuine = check(&bundle, &["--trusted-key", &key]).out;
    assert!(genuine.starts_with("Genuine, and valid for 365 more days\n"), "{genuine}");
}

#[test]
fn the_pinned_rule_refuses_every_other_key() {
    let (bundle, key) = (issued(&[]), fingerprint());
    let pinned = [("LICENSE_TRUST", "pinned")];
    let refused = check_in(&pinned, &bundle, &["--json"]);
    assert_eq!((refused.code, verdict_and_trust(&refused).0.as_str()), (1, "rejected"));
    assert_eq!(check(&bundle, &["--trust", "pinned"]).code, 1);
    assert_eq!(check(&bundle, &["--trust", "pinned", "--trusted-key", &key]).code, 0);
    assert_eq!(check_in(&pinned, &bundle, &["--trust", "bundled"]).code, 0, "a flag goes before the environment");
}

#[test]
fn an_unreadable_variable_is_no_reason_to_trust() {
    for (name, value) in [("LICENSE_TRUST", "pined"), ("LICENSE_TRUSTED_KEYS", "abc")] {
        let ran = check_in(&[(name, value)], &issued(&[]), &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains(name) && ran.err.contains(value), "{}", ran.err);
    }
}

#[test]
fn a_valid_bundle_reads_like_the_page() {
    let bundle = issued(&["--feature", "analytics=true", "--feature", "maxUsers=50"]);
    insta::assert_snapshot!(check(&bundle, &[]).out);
}

#[test]
fn an_expired_bundle_says_whom_to_write_to() {
    insta::assert_snapshot!(check(&issued(&["--days", "-3"]), &[]).out);
}

#[test]
fn what_is_not_verified_stands_under_a_heading_that_says_so() {
    let bundle = issued(&[]);
    let bare = bundle.split('"').nth(3).expect("the token");
    insta::assert_snapshot!(check(bare, &[]).out);
    let verified = check(&bundle, &[]).out;
    assert!(!verified.contains("NOT VERIFIED"), "{verified}");
}

#[test]
fn a_pipe_gets_no_colors() {
    assert!(!check(&issued(&[]), &[]).out.contains('\x1b'));
}

#[test]
fn a_hostile_name_cannot_break_or_reorder_a_line() {
    let org = "Acme\n✓ pass  Trust\x1b[32m\u{202e}\u{0}Corp";
    let ran = check(&issued(&["--org", &org.replace('\0', "")]), &[]);
    assert_eq!(ran.code, 0);
    let line = ran.out.lines().find(|line| line.contains("Organization")).expect("the organization");
    assert_eq!(line, "  Organization  Acme\\u{a}✓ pass  Trust\\u{1b}[32m\\u{202e}Corp");
}

#[test]
fn a_comparison_says_what_changes_and_what_must_be_acknowledged() {
    let folder = empty("check-compare");
    fs::write(folder.join("old.json"), issued(&["--feature", "analytics=true"])).unwrap();
    fs::write(folder.join("new.json"), issued(&["--cpu", "8", "--ram", "128", "--days", "100"])).unwrap();
    let ran = run(&folder, &["check", "--now", NOW, "new.json", "--compare", "old.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out);
    let same = run(&folder, &["check", "--now", NOW, "old.json", "--compare", "old.json"]);
    assert!(same.out.contains("Both bundles hold the same license"), "{}", same.out);
    let broken = run(&folder, &["check", "--now", NOW, "old.json", "--compare", "nowhere.json"]);
    assert_eq!((broken.code, broken.out.as_str()), (2, ""));
}

#[test]
fn a_repaired_bundle_is_written_once() {
    let folder = empty("check-repair");
    let bundle = issued(&[]);
    fs::write(folder.join("pasted.txt"), bundle.replace('"', "\u{201d}")).unwrap();
    let arguments = ["check", "--now", NOW, "pasted.txt", "--write-repaired", "good.json"];
    let ran = run(&folder, &arguments);
    assert_eq!(ran.code, 2, "the verdict is about the text as it stands");
    assert!(ran.out.starts_with("Damaged in copying, and it can be repaired\n"), "{}", ran.out);
    assert_eq!(run(&folder, &["check", "--now", NOW, "good.json"]).code, 0);
    fs::write(folder.join("good.json"), "mine").unwrap();
    let again = run(&folder, &arguments);
    assert!(again.err.contains("good.json is already there"), "{}", again.err);
    assert_eq!(fs::read_to_string(folder.join("good.json")).unwrap(), "mine");

    fs::write(folder.join("whole.json"), &bundle).unwrap();
    let whole = run(&folder, &["check", "--now", NOW, "whole.json", "--write-repaired", "none.json"]);
    assert_eq!(whole.code, 0);
    assert!(!folder.join("none.json").exists());
}

#[test]
fn a_private_key_is_never_echoed() {
    let key = fs::read_to_string(crate::run::vendor_key()).unwrap();
    let secret = key.lines().nth(3).expect("a line of the key").to_owned();
    for more in [&[][..], &["--json"]] {
        let ran = check(&key, more);
        assert_eq!(ran.code, 2);
        assert!(!ran.out.contains(&secret) && !ran.err.contains(&secret));
    }
}

#[test]
fn endless_input_is_read_to_a_limit() {
    let ran = run(Path::new("."), &["check", "/dev/zero"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("a bundle has at most 64 KiB"), "{}", ran.out);
}

#[test]
fn the_first_line_names_what_decides() {
    let folder = empty("check-first-line");
    fs::write(folder.join("claims.json"), r#"{"iss":"somebody-else"}"#).unwrap();
    let key = crate::run::vendor_key();
    let made = run(&folder, &["issue", "--key", &key, "--claims", "claims.json", "--unchecked"]);
    let ran = check(&made.out, &[]);
    assert!(ran.out.starts_with("Not a license for this product\nIssued by `somebody-else`"), "{}", ran.out);
}
