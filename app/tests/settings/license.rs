//! Settings, License: what is in use, its history, the way back.

use countersign_app::{Role, settings_license_jwt};
use countersign_license::Policy;
use serde_json::json;

use crate::fake::{DAY, Fake, NOW, bundle, claims, tampered, visit};
use crate::{ADMINS, active, hidden, license, says, with, worse};

#[test]
fn a_tampered_license_is_shown_as_not_verified() {
    let html = license(&visit(Fake::default().with_license(&tampered(&claims(214))), Role::OrgAdmin));
    says(
        &html,
        "The stored license is not genuine any more Something or somebody changed what is stored, so nothing is licensed. Does not fit the key",
    );
    says(&html, "Not verified: what the token says");
    says(&html, "Nobody vouches for it: the signature does not fit.");
    assert!(html.contains("<a href=\"/platform/settings/license/update\" class=\"btn\">"));
}

#[test]
fn trust_is_said_in_words() {
    let bundle = bundle(&claims(214));
    says(&license(&visit(active(), Role::Member)), "Only the bundle vouches for its key: compare the fingerprint");
    let mut policy = Policy::default();
    policy.trusted.extend(active().installed.and_then(|installed| installed.inspection.key).map(|key| key.sha256));
    let html = license(&visit(Fake { policy, ..Fake::default() }.with_license(&bundle), Role::Member));
    says(&html, "It is signed with a key that Scrydon publishes.");
    assert!(html.contains("class=\"verdict good\""));
}

#[test]
fn administrators_can_copy_the_token_and_are_told_what_that_means() {
    for role in ADMINS {
        let html = license(&visit(active(), role));
        assert!(html.contains("<form method=\"post\" action=\"/platform/api/auth/license/copy\""), "{html}");
        says(&html, "whoever has it can show it as theirs");
        says(&html, "That you do is written to the audit log.");
        // It is not on the page before somebody asks for it.
        let jwt = active().installed.and_then(|installed| installed.inspection.bundle.clone()).expect("a bundle").jwt;
        assert!(!html.contains(&jwt));
        let answer = settings_license_jwt(&visit(active(), role), &jwt);
        assert!(answer.contains(&jwt) && answer.contains("data-copy=\"#jwt\"") && answer.contains("readonly"));
    }
}

#[test]
fn the_history_has_a_row_for_each_license_and_is_for_administrators() {
    let mut server = active();
    for revision in (1..=6).rev() {
        server = server.replaced(&worse(), revision);
    }
    assert!(!license(&visit(server.clone(), Role::Member)).contains("History"), "it names people");
    let html = license(&visit(server, Role::OrgAdmin));
    assert_eq!(html.matches("<th role=\"rowheader\"").count(), 6);
    says(&html, "2 March 2027, 06:00 UTC");
    says(&html, "24 August 2026, 06:00 UTC to 23 October 2026, 06:00 UTC");
    says(&license(&visit(active(), Role::OrgAdmin)), "No other license was in use before.");
}

#[test]
fn a_revert_names_what_gets_worse_and_acknowledges_just_that() {
    let html = license(&visit(active().replaced(&worse(), 6), Role::OrgAdmin));
    says(&html, "This puts revision 6 back as a new revision: Acme Corp, Enterprise, until 2 March 2027, 06:00 UTC.");
    says(&html, "The license is signed with another key: 41E3 D541 …");
    says(
        &html,
        "Licensed memory goes down from 128 GB to 64 GB; “Analytics” is no longer named: only the tier grants it now; “Users, at most” goes down from 50 to 20.",
    );
    says(&html, "The license expires sooner: on 2 March 2027, 06:00 UTC, no longer on 24 June 2027, 06:00 UTC.");
    says(
        &html,
        "The license is older: it was issued on 26 January 2026, 06:00 UTC, the one in use on 6 May 2026, 06:00 UTC.",
    );
    assert_eq!(hidden(&html, "acknowledge"), ["key-changed", "downgrade", "expires-sooner", "older"]);
    assert_eq!(hidden(&html, "revision"), ["7"]);
    says(&html, "Revert to revision 6");
}

#[test]
fn a_revert_that_loses_nothing_says_so() {
    let better = with(claims(400), |claims| claims["iat"] = json!(NOW - DAY));
    let html = license(&visit(active().replaced(&bundle(&better), 6), Role::OrgAdmin));
    says(&html, "Nothing gets less, older or shorter by it.");
    assert!(hidden(&html, "acknowledge").is_empty());
}

#[test]
fn a_license_that_expired_meanwhile_cannot_be_put_back() {
    let html = license(&visit(active().replaced(&bundle(&claims(-40)), 6), Role::OrgAdmin));
    says(&html, "Revision 6 expired on 13 October 2026, 06:00 UTC, so it cannot be put back.");
    assert!(!html.contains("auth/license/revert"));
}
