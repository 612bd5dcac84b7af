//! `config`

use std::fs;
use std::path::Path;

use crate::run::{Ran, command, empty, run_with};

const KEY: &str = "48357600d7288b0886e8760c4f671635fd3ca4df254819c059bcd1be32cc3340";

fn config(folder: &Path, variables: &[(&str, &str)], more: &[&str]) -> Ran {
    run_with(&mut command(folder, variables), &[&["config"], more].concat(), b"")
}

/// The words of the line about a key.
fn line(ran: &Ran, key: &str) -> String {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let found = ran.out.lines().find(|line| line.split_whitespace().next() == Some(key));
    found.expect("a line for each key").split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_defaults_need_no_configuration() {
    let ran = config(&empty("config-defaults"), &[], &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let folder = empty("config-precedence");
    fs::write(
        folder.join("countersign.toml"),
        "listen_addr = \"127.0.0.1:1\"\nbase_path = \"/file\"\npublic_url = \"https://file.example\"\n",
    )
    .unwrap();
    let variables = [("BASE_PATH", "/environment"), ("PUBLIC_URL", "https://environment.example")];
    let ran = config(&folder, &variables, &["--public-url", "https://flag.example"]);
    assert_eq!(line(&ran, "LISTEN_ADDR"), "127.0.0.1:1 countersign.toml");
    assert_eq!(line(&ran, "BASE_PATH"), "/environment environment");
    assert_eq!(line(&ran, "PUBLIC_URL"), "https://flag.example flag");
}

#[test]
fn the_file_is_the_named_one_or_the_one_that_is_there() {
    let folder = empty("config-file");
    fs::write(folder.join("other.toml"), "BASE_PATH = \"/other\"\n").unwrap();
    assert_eq!(line(&config(&folder, &[], &[]), "BASE_PATH"), "/ default");
    assert_eq!(line(&config(&folder, &[], &["--config", "other.toml"]), "BASE_PATH"), "/other other.toml");
    let variables = [("COUNTERSIGN_CONFIG", "other.toml")];
    assert_eq!(line(&config(&folder, &variables, &[]), "BASE_PATH"), "/other other.toml");
    let missing = config(&folder, &[], &["--config", "nowhere.toml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("There is no configuration file nowhere.toml"), "{}", missing.err);
}

#[test]
fn the_file_may_group_its_settings() {
    let folder = empty("config-groups");
    let file =
        format!("[license]\nmode = \"offline\"\ngracePeriod = 60\ntrust = \"pinned\"\ntrustedKeys = [\"{KEY}\"]\n");
    fs::write(folder.join("countersign.toml"), file).unwrap();
    let ran = config(&folder, &[], &[]);
    assert_eq!(line(&ran, "LICENSE_MODE"), "offline countersign.toml");
    assert_eq!(line(&ran, "LICENSE_GRACE_PERIOD"), "60 countersign.toml");
    assert_eq!(line(&ran, "LICENSE_TRUST"), "pinned countersign.toml");
    assert_eq!(line(&ran, "LICENSE_TRUSTED_KEYS"), format!("{KEY} countersign.toml"));
}

#[test]
fn an_unknown_setting_in_the_file_is_an_error_that_names_the_nearest() {
    let folder = empty("config-unknown");
    for (file, said) in [
        ("listen_adr = \"x\"", "there is no setting `listen_adr`; is listen_addr meant?"),
        ("[license]\ntrusted_key = \"x\"", "there is no setting `license.trusted_key`; is license_trusted_keys meant?"),
        ("color = \"red\"", "there is no setting `color`\n"),
        ("base_path = \"/a\"\nBASE_PATH = \"/b\"", "BASE_PATH is set twice"),
        ("base_path = true", "`base_path` is a boolean where text is needed"),
        ("secret_key = \"0123456789", "line 1: this is not TOML"),
    ] {
        fs::write(folder.join("countersign.toml"), file).unwrap();
        let ran = config(&folder, &[], &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{file}");
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(!ran.err.contains("0123456789"), "a secret is not repeated: {}", ran.err);
    }
}

#[test]
fn secrets_are_masked_wherever_they_stand() {
    let variables = [
        ("SECRET_KEY", "SENTINEL-SENTINEL-SENTINEL-SENTINEL"),
        ("DATABASE_URL", "postgres://app:SENTINEL@/x:SENTINEL@db.example/app?sslmode=require&sslpassword=SENTINEL"),
        ("LICENSE", "SENTINEL"),
        ("LICENSE_PUBLIC_KEY", "-----BEGIN PRIVATE KEY-----SENTINEL"),
    ];
    let ran = config(&empty("config-secrets"), &variables, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("SENTINEL"), "{}", ran.out);
    assert_eq!(
        line(&ran, "DATABASE_URL"),
        "postgres://app:••••••@db.example/app?sslmode=require&sslpassword=•••••• environment"
    );
}

#[test]
fn every_value_is_judged_by_key_value_and_remedy() {
    let folder = empty("config-values");
    for (key, value, said) in [
        ("BASE_PATH", "platform", "is `platform`: write `/`, or a path such as `/platform`"),
        ("BASE_PATH", "/platform/", "is `/platform/`"),
        ("BASE_PATH", "/a//b", "is `/a//b`"),
        ("BASE_PATH", "/a/../b", "is `/a/../b`"),
        ("BASE_PATH", "/a/.", "is `/a/.`"),
        ("BASE_PATH", "/a?b", "is `/a?b`"),
        ("BASE_PATH", "/a%2fb", "is `/a%2fb`"),
        ("BASE_PATH", "/{a}", "is `/{a}`"),
        ("DATABASE_URL", "mysql://root:SENTINEL@db/x", "write sqlite://PATH or postgres://"),
        ("DATABASE_URL", "sqlite://", "is not the address of a database"),
        ("LICENSE_API_URL", "license.example", "is `license.example`: write an address"),
        ("LICENSE_API_URL", "ftp://license.example", "is `ftp://license.example`"),
        ("LICENSE_API_URL", "http://license.example", "is `http://license.example`: write `https:`"),
        ("LICENSE_API_URL", "http://127.0.0.1.example", "is `http://127.0.0.1.example`: write `https:`"),
        ("LICENSE_GRACE_PERIOD", "30d", "is `30d`: write a whole number of seconds"),
        ("LICENSE_MODE", "on", "is `on`: write `online`, `offline` or `airgapped`"),
        ("LICENSE_TRUST", "yes", "is `yes`: write `bundled` or `pinned`"),
        ("LICENSE_TRUST", "pinned", "no key is trusted"),
        ("LICENSE_TRUSTED_KEYS", "abc", "has `abc`: a key fingerprint is 64 hexadecimal digits"),
        ("LICENSE_TRUSTED_KEYS", " , ", "names no key"),
        ("LISTEN_ADDR", "3000", "is `3000`: write an address with a port"),
        ("LISTEN_ADDR", "localhost", "is `localhost`"),
        ("PUBLIC_URL", "example.com", "is `example.com`"),
        ("PUBLIC_URL", "https://user:SENTINEL@example.com", "write an address such as"),
        ("PUBLIC_URL", "https://example.com/elsewhere", "has the path `/elsewhere` while BASE_PATH is `/`"),
        ("SECRET_KEY", "SENTINEL", "is shorter than 32 characters"),
    ] {
        let ran = config(&folder, &[(key, value)], &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{key}={value}");
        assert!(ran.err.contains(key) && ran.err.contains(said), "{key}={value}: {}", ran.err);
        assert!(!ran.err.contains("SENTINEL"), "a secret is not repeated: {}", ran.err);
    }
    for (key, value) in [
        ("BASE_PATH", "/a/b-c_d.e~1"),
        ("DATABASE_URL", "postgresql://db/x"),
        ("LISTEN_ADDR", "[::1]:0"),
        ("PUBLIC_URL", "http://localhost:3000/"),
    ] {
        let ran = config(&folder, &[(key, value)], &[]);
        assert_eq!(ran.code, 0, "{key}={value}: {}", ran.err);
    }
}

#[test]
fn what_is_not_utf_8_is_told_and_not_left_out() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = empty("config-bytes");
    for name in ["LICENSE_TRUST", "DATABASE_URL"] {
        let mut command = crate::run::command(&folder, &[]);
        command.env(name, std::ffi::OsStr::from_bytes(b"pinned\xff"));
        let ran = crate::run::run_with(&mut command, &["config"], b"");
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (2, format!("countersign: {name} is not UTF-8: write it as UTF-8\n").as_str())
        );
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let ran = config(&empty("config-errors"), &[("LISTEN_ADDR", "x"), ("BASE_PATH", "x")], &[]);
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
}

#[test]
fn whoever_lists_keys_trusts_no_others() {
    let folder = empty("config-trust");
    let listed = config(&folder, &[("LICENSE_TRUSTED_KEYS", KEY)], &[]);
    assert_eq!(line(&listed, "LICENSE_TRUST"), "pinned default, as LICENSE_TRUSTED_KEYS is set");
    let both = config(&folder, &[("LICENSE_TRUSTED_KEYS", KEY), ("LICENSE_TRUST", "bundled")], &[]);
    assert_eq!(line(&both, "LICENSE_TRUST"), "bundled environment");
}

#[test]
fn a_variable_that_looks_like_ours_is_warned_about() {
    let variables = [("LICENSE_TRUSTD_KEYS", KEY), ("LICENSES", "x"), ("COUNTERSIGN_CONFG", "x"), ("HOME", "/")];
    let ran = config(&empty("config-warnings"), &variables, &[]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.err,
        "warning: the environment has COUNTERSIGN_CONFG, which is no setting; is COUNTERSIGN_CONFIG meant?\n\
         warning: the environment has LICENSE_TRUSTD_KEYS, which is no setting; is LICENSE_TRUSTED_KEYS meant?\n"
    );
}

#[test]
fn a_variable_set_to_nothing_is_not_set() {
    let ran = config(&empty("config-empty"), &[("LICENSE_TRUSTED_KEYS", ""), ("BASE_PATH", "")], &[]);
    assert_eq!(line(&ran, "BASE_PATH"), "/ default");
    assert_eq!(line(&ran, "LICENSE_TRUST"), "bundled default");
}

#[test]
fn a_proxy_s_password_is_in_no_line_and_no_error() {
    let folder = empty("config-proxy");
    for address in
        ["bob:SENTINEL@proxy.example:3128", "//bob:SENTINEL@proxy.example:3128", "ftp://bob:SENTINEL@proxy.example"]
    {
        let ran = config(&folder, &[("HTTPS_PROXY", address)], &[]);
        assert_eq!(ran.code, 2, "{address}: {}", ran.out);
        assert!(ran.err.contains("HTTPS_PROXY is `") && ran.err.contains("bob:••••••@"), "{}", ran.err);
        assert!(!ran.err.contains("SENTINEL") && !ran.out.contains("SENTINEL"), "{}", ran.err);
    }
    let ran = config(&folder, &[("HTTPS_PROXY", "http://bob:SENTINEL@proxy.example:3128")], &[]);
    assert_eq!(line(&ran, "HTTPS_PROXY"), "http://bob:••••••@proxy.example:3128 environment");
}

#[test]
fn a_password_in_a_mistyped_address_is_not_repeated() {
    let folder = empty("config-mistyped");
    for key in ["HTTPS_PROXY", "LICENSE_API_URL", "PUBLIC_URL"] {
        for address in [
            "http?://bob:SENTINEL@host.example",
            "http://bob:SENTINEL?SENTINEL@host.example",
            "http//bob:SENTINEL@host.example",
            "http:/bob:SENTINEL@host.example",
            "http://host.example?bob:SENTINEL@host.example",
            "bob:SENTINEL@//host@host.example",
            "bob:SENTINEL//SENTINEL@host.example",
            "http://host.example?a=b&c=//bob:SENTINEL@d&password=SENTINEL@SENTINEL",
            "http//host.example/db&password=SENTINEL",
            "http://host.example?a=b?password=SENTINEL",
            "http://bob:SENTINEL@SENTINEL?SENTINEL@host.example",
            "http://bob:SENTINEL?SENTINEL=SENTINEL@host.example",
            "http://bob:SENTINEL@SENTINEL?SENTINEL=SENTINEL&SENTINEL@host.example",
        ] {
            let ran = config(&folder, &[(key, address)], &[]);
            assert_eq!(ran.code, 2, "{key}={address}: {}", ran.out);
            assert!(!ran.err.contains("SENTINEL") && ran.err.contains("••••••"), "{key}={address}: {}", ran.err);
        }
    }
}

#[test]
fn a_password_with_any_sign_is_not_shown_even_where_the_address_can_be_read() {
    let folder = empty("config-signs");
    for address in [
        "postgres://user:SENTINEL@SENTINEL?SENTINEL@host/db",
        "postgres://user:SENTINEL?SENTINEL=SENTINEL@host/db",
        "postgres://user:SENTINEL?password=SENTINEL@host/db",
        "postgres://user:SENTINEL?SENTINEL&SENTINEL=SENTINEL@host/db?sslmode=require",
    ] {
        let ran = config(&folder, &[("DATABASE_URL", address)], &[]);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(!told.contains("SENTINEL") && told.contains("••••••"), "{address}: {told}");
    }
}
