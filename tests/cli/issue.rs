//! `keygen` and `issue`

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::run::{NOW, empty, issued, run, vendor_key};

#[test]
fn a_new_key_signs_a_bundle_that_checks_out() {
    let folder = empty("keygen-round-trip");
    let made = run(&folder, &["keygen", "--out", "keys"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let permissions = |name: &str| fs::metadata(folder.join(name)).expect("the file").permissions().mode() & 0o777;
    assert_eq!((permissions("keys/private.pem"), permissions("keys/public.pem") & 0o700), (0o600, 0o600));
    let made_again = run(&folder, &["keygen", "--out", "keys"]);
    assert_eq!(made_again.code, 2, "a key pair is never overwritten");

    let bundle = run(&folder, &["issue", "--key", "keys/private.pem", "--out", "bundle.json"]);
    assert_eq!((bundle.code, bundle.out.as_str()), (0, ""), "{}", bundle.err);
    let fingerprint = made.out.lines().last().expect("the fingerprint").trim();
    let checked = run(&folder, &["check", "bundle.json", "--trust", "pinned", "--trusted-key", fingerprint]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    assert!(checked.out.contains("RSA, 3072 bits, exponent 65537"), "{}", checked.out);
    let public = fs::read_to_string(folder.join("keys/public.pem")).unwrap();
    assert!(fs::read_to_string(folder.join("bundle.json")).unwrap().contains(&public.trim().replace('\n', "\\n")));

    let overwritten = run(&folder, &["issue", "--key", "keys/private.pem", "--out", "bundle.json"]);
    assert_eq!(overwritten.code, 2, "a bundle is never overwritten");
}

#[test]
fn keys_come_in_three_sizes() {
    for bits in ["2048", "4096"] {
        let folder = empty(&format!("keygen-{bits}"));
        let made = run(&folder, &["keygen", "--bits", bits]);
        assert_eq!(made.code, 0, "{}", made.err);
        assert!(made.out.contains(&format!("{bits} bits")), "{}", made.out);
    }
    assert_eq!(run(&empty("keygen-1024"), &["keygen", "--bits", "1024"]).code, 2);
}

#[test]
fn the_same_arguments_make_the_same_bundle() {
    assert_eq!(issued(&["--org", "Ünïcode 株式会社"]), issued(&["--org", "Ünïcode 株式会社"]));
}

#[test]
fn a_bundle_that_is_no_license_is_not_made_unless_asked_for() {
    let folder = empty("issue-unchecked");
    fs::write(folder.join("claims.json"), r#"{"iss":"somebody-else"}"#).unwrap();
    let key = vendor_key();
    let arguments = ["issue", "--key", &key, "--now", NOW, "--claims", "claims.json"];
    let refused = run(&folder, &arguments);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert!(refused.err.contains("Issued by `somebody-else`"), "{}", refused.err);

    let made = run(&folder, &[&arguments[..], &["--unchecked", "--out", "made.json"]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(run(&folder, &["check", "made.json"]).code, 1);

    let bad_feature = run(&folder, &["issue", "--key", &key, "--feature", "maxUsers=many"]);
    assert_eq!(bad_feature.code, 2);
    assert!(bad_feature.err.contains("maxUsers"), "{}", bad_feature.err);
}

#[test]
fn claims_are_signed_byte_for_byte() {
    let folder = empty("issue-claims");
    let claims = "{ \"exp\" : 1.8e9,\n \"iss\":\"scrydon-license\" }";
    fs::write(folder.join("claims.json"), claims).unwrap();
    let key = vendor_key();
    let made = run(&folder, &["issue", "--key", &key, "--claims", "claims.json", "--unchecked"]);
    assert!(made.out.contains(&format!(".{}.", crate::common::base64url(claims))), "{}", made.out);
    let mixed = run(&folder, &["issue", "--key", &key, "--claims", "claims.json", "--org", "Acme"]);
    assert_eq!(mixed.code, 2, "claims come from one place");
}

#[test]
fn other_files_are_refused_as_keys() {
    let folder = empty("issue-keys");
    let keys = crate::common::folder().join("keys");
    for (name, said) in [
        ("nowhere.pem", "cannot read the key"),
        ("certificate.pem", "holds no private key"),
        ("ec-p256.pem", "is not an RSA key"),
        ("rsa1024.pem", "is not an RSA key"),
        ("rsa2048-other-encrypted.pem", "is locked with a password"),
        ("openssh-private.pem", "holds no private key"),
    ] {
        let path = keys.join(name).display().to_string();
        let ran = run(&folder, &["issue", "--key", &path]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}");
        assert!(ran.err.contains(said), "{name}: {}", ran.err);
    }
}
