//! A new license: its review, its acknowledgements, what is wrong with it.

use countersign_app::{FieldError, Role};
use serde_json::{Value, json};

use crate::fake::{DAY, Fake, NOW, bundle, claims, tampered, visit};
use crate::{active, hidden, reviewed, says, text, update, with, worse};

#[test]
fn an_update_begins_with_an_empty_box() {
    for server in [Fake::default(), active(), Fake::default().with_license(&bundle(&claims(-3)))] {
        let html = update(&visit(server, Role::OrgAdmin));
        assert!(html.contains("action=\"/platform/api/auth/license/preview\"") && html.contains("name=\"bundle\""));
        assert!(!html.contains("auth/license/rotate"));
    }
}

#[test]
fn each_acknowledgement_is_a_required_box_with_the_values_in_words() {
    let html = reviewed(active(), &worse());
    assert!(html.contains("action=\"/platform/api/auth/license/rotate\""));
    let boxes: Vec<&str> =
        html.split("<label class=\"check\"").skip(1).filter_map(|rest| rest.split("</label>").next()).collect();
    let expected = [
        (
            "key-changed",
            "I know that the license is signed with another key: 41E3 D541 …; I compared its whole fingerprint with the one that Scrydon publishes.",
        ),
        (
            "downgrade",
            "I know that licensed memory goes down from 128 GB to 64 GB; “Analytics” is no longer named: only the tier grants it now; “Users, at most” goes down from 50 to 20.",
        ),
        (
            "expires-sooner",
            "I know that the license expires sooner: on 2 March 2027, 06:00 UTC, no longer on 24 June 2027, 06:00 UTC.",
        ),
        (
            "older",
            "I know that the license is older: it was issued on 26 January 2026, 06:00 UTC, the one in use on 6 May 2026, 06:00 UTC.",
        ),
    ];
    assert_eq!(boxes.len(), expected.len());
    for (html, (code, sentence)) in boxes.into_iter().zip(expected) {
        assert!(html.contains("type=\"checkbox\"") && html.contains(" required"), "{html}");
        assert!(html.contains("name=\"acknowledge\"") && html.contains(&format!("value=\"{code}\"")), "{html}");
        assert!(!html.contains(" checked"), "{html}");
        says(&format!("<label{html}"), sentence);
    }
    assert_eq!(hidden(&html, "revision"), ["7"]);
    says(&html, "Signing key 41E3 D541");
}

#[test]
fn what_a_feature_loses_is_said_whatever_the_two_licenses_say_of_it() {
    let bundle_of = |tier: &str, features: &Value| {
        bundle(&with(claims(214), |claims| {
            claims["scrydon"]["tier"] = json!(tier);
            claims["scrydon"]["features"] = features.clone();
        }))
    };
    let cases = [
        ("professional", json!({ "sso": true }), json!({}), "“sso” is no longer granted."),
        ("professional", json!({ "sso": true }), json!({ "sso": false }), "“sso” is no longer granted."),
        ("professional", json!({ "sso": 5 }), json!({ "sso": 2 }), "“sso” goes down from 5 to 2."),
        ("professional", json!({ "sso": 5 }), json!({}), "“sso” is no longer granted, so far up to 5."),
        (
            "professional",
            json!({ "sso": true }),
            json!({ "sso": 5 }),
            "“sso” is now limited to 5, so far without limit.",
        ),
        ("professional", json!({}), json!({ "maxSites": 5 }), "“maxSites” is now limited to 5, so far without limit."),
        (
            "professional",
            json!({ "sso": true }),
            json!({ "sso": "yes" }),
            "“sso” is no longer granted: it says “yes” now.",
        ),
        (
            "professional",
            json!({ "sso": 5 }),
            json!({ "sso": "no limit" }),
            "“sso” is no longer granted: it says “no limit” now.",
        ),
        ("enterprise", json!({}), json!({ "agentic": false }), "“Agentic features” is no longer granted."),
        (
            "enterprise",
            json!({ "agentic": true }),
            json!({}),
            "“Agentic features” is no longer named: only the tier grants it now.",
        ),
    ];
    for (tier, before, after, sentence) in cases {
        let html = reviewed(Fake::default().with_license(&bundle_of(tier, &before)), &bundle_of(tier, &after));
        says(&html, &format!("I know that {sentence}"));
    }
}

#[test]
fn a_plain_renewal_asks_for_nothing_but_the_click() {
    let renewal = bundle(&with(claims(400), |claims| claims["iat"] = json!(NOW - DAY)));
    let html = reviewed(active(), &renewal);
    says(&html, "Undamaged, and valid for 400 more days It was signed with the same key as the license in use.");
    says(&html, "+186 days");
    says(&html, "Apply license");
    assert!(!html.contains("name=\"acknowledge\""));
    // The bundle travels with the form, as text.
    assert_eq!(hidden(&html, "bundle").len(), 1);
}

#[test]
fn a_first_license_is_reviewed_without_a_comparison() {
    let html = reviewed(Fake::default(), &bundle(&claims(214)));
    says(&html, "16 cores");
    says(&html, "Apply license");
    assert_eq!(hidden(&html, "revision"), ["0"]);
    says(
        &html,
        "I know that only the bundle vouches for the key that the license is signed with: 943E 1FD6 …; I compared",
    );
    assert!(!html.contains("class=\"diff\""));
}

#[test]
fn the_license_in_use_need_not_be_applied_again() {
    let html = reviewed(active(), &bundle(&claims(214)));
    says(&html, "This license is in use already. There is nothing to apply.");
    assert!(!html.contains("auth/license/rotate"));
}

#[test]
fn a_bundle_that_is_not_valid_cannot_be_applied_and_stays_in_the_box() {
    let expired = bundle(&claims(-3));
    for (given, words) in [
        (expired.as_str(), "Undamaged, but expired 3 days ago"),
        (&tampered(&claims(214)), "Damaged: the signature does not fit"),
        ("{ \"jwt\": 1 }", "This is not a license bundle"),
    ] {
        let html = reviewed(active(), given);
        says(&html, "This bundle cannot be applied Nothing has changed.");
        says(&html, words);
        says(&html, "sales@scrydon.com");
        assert!(html.contains("class=\"ladder\""));
        assert!(!html.contains("auth/license/rotate"));
        assert!(text(&html).contains(given.split_whitespace().collect::<Vec<_>>().join(" ").as_str()), "{html}");
    }
    says(&reviewed(active(), &expired), "Write to sales@scrydon.com for a renewal and quote cus_Acme42.");
}

#[test]
fn a_damaged_bundle_comes_back_repaired() {
    let whole = bundle(&claims(400));
    let html = reviewed(active(), &format!("> {whole}\n>\n"));
    says(&html, "This bundle was damaged Nothing has changed.");
    says(&html, "The box below holds it put together again.");
    assert!(html.find("name=\"bundle\"") < html.find("class=\"ladder\""), "what can be done comes first");
    assert!(!html.contains("auth/license/rotate"));
}

#[test]
fn a_private_key_is_not_sent_back() {
    let key = include_str!("../../../tests/vectors/keys/rsa2048.pem");
    let html = reviewed(active(), &json!({ "jwt": "a.b.c", "publicKey": key }).to_string());
    says(&html, "This is a private key");
    assert!(!html.contains("BEGIN PRIVATE KEY"), "{html}");
}

#[test]
fn a_stale_review_says_so_and_shows_the_new_comparison() {
    let mut visit = visit(active(), Role::OrgAdmin);
    visit.returned.values.insert("bundle".to_owned(), worse());
    let detail = "Somebody installed revision 7 meanwhile. Look at what changes now.".to_owned();
    visit.returned.errors.push(FieldError { field: String::new(), code: "stale".to_owned(), detail: detail.clone() });
    let html = update(&visit);
    says(&html, &detail);
    assert_eq!(hidden(&html, "revision"), ["7"]);
    assert!(html.contains("auth/license/rotate"));
}
