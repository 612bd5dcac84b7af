//! The wizard: one-shot, fail-closed, and the same with a form as with JSON.

use axum::http::Method;
use countersign::config::Key;
use countersign_app::Role;
use serde_json::{Value, json};

use crate::ask::{BASES, Browser, NOW, Server, at};
use crate::common::vectors;
use crate::story::{ADMIN, OTHER, PASSWORD, VENDOR, body, first};

const STEPS: [&str; 5] = ["license", "admin", "organization", "email", "complete"];

pub(crate) fn account() -> Value {
    json!({ "name": "First Admin", "email": ADMIN, "password": PASSWORD })
}

fn bundle_text(bundle: &countersign_license::Bundle) -> String {
    bundle.to_json()
}

#[tokio::test]
async fn a_person_without_script_goes_from_nothing_to_the_platform() {
    for base in BASES {
        let server = Server::start(base).await;
        let mut person = server.browser();
        let home = person.get("/").await;
        assert_eq!(home.header("location"), at(base, "/setup"));
        let start = person.get("/setup").await;
        assert_eq!(start.header("location"), at(base, "/setup/license"));
        let page = person.get("/setup/license").await;
        assert!(page.status == 200 && page.body.contains("name=\"bundle\""), "{}", page.body);

        let sent = person.form("/api/setup/license", &[("bundle", &bundle_text(&first()))]).await;
        assert_eq!(sent.header("location"), at(base, "/setup/license"), "{}", sent.body);
        let page = person.follow(&sent).await;
        for shown in ["Acme Corp", "Professional", "64 cores", "256 GB", "48 GB", "in 365 days", "Signature", "Expiry"]
        {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert!(page.body.contains(&format!("href=\"{}\"", at(base, "/setup/admin"))), "{}", page.body);

        let fields = [("name", "First Admin"), ("email", ADMIN), ("password", PASSWORD)];
        let sent = person.form("/api/setup/admin", &fields).await;
        assert_eq!(sent.header("location"), at(base, "/setup/organization"), "{}", sent.body);
        let page = person.follow(&sent).await;
        assert!(page.body.contains("Acme Corp"), "the license's organization is suggested: {}", page.body);

        let sent = person.form("/api/setup/organization", &[("name", "Acme Corporation")]).await;
        assert_eq!(sent.header("location"), at(base, "/setup/email"));
        person.follow(&sent).await;
        let sent = person.form("/api/setup/email", &[("provider", "later")]).await;
        assert_eq!(sent.header("location"), at(base, "/setup/complete"));
        let page = person.follow(&sent).await;
        for shown in ["Acme Corporation", ADMIN, "First Admin"] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        let sent = person.form("/api/setup/complete", &[]).await;
        assert_eq!(sent.header("location"), at(base, "/"));
        let page = person.follow(&sent).await;
        assert!(page.status == 200 && page.body.contains("Acme Corp"), "{}", page.body);
        assert_eq!(server.stored().await.len(), 2);
    }
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_but_passwords_is_lost() {
    let server = Server::start("/platform").await;
    let mut person = server.browser();
    person.json("/api/setup/license", &body(&first())).await;
    let sent = person
        .form("/api/setup/admin", &[("name", "Ada <b>"), ("email", "not an address"), ("password", "password1234")])
        .await;
    assert_eq!(sent.header("location"), "/platform/setup/admin");
    let page = person.follow(&sent).await;
    assert!(page.body.contains("This is no e-mail address"), "{}", page.body);
    assert!(page.body.contains("The password is on the list of common passwords"), "{}", page.body);
    assert!(page.body.contains("Ada &lt;b&gt;") && page.body.contains("not an address"), "{}", page.body);
    assert!(!page.body.contains("password1234"), "a password never comes back");
    assert!(page.body.contains("2 things need your attention"), "{}", page.body);
    // It is said once: the next visit is a fresh one.
    let page = person.get("/setup/admin").await;
    assert!(!page.body.contains("not an address"), "{}", page.body);
}

#[tokio::test]
async fn only_a_bundle_that_is_valid_now_passes_the_first_step() {
    let server = Server::start("/").await;
    let expired = VENDOR.issue(&json!({ "exp": NOW }));
    let future = VENDOR.issue(&json!({ "nbf": NOW + 1 }));
    let damaged = countersign_license::Bundle { public_key: OTHER.issue(&json!({})).public_key, ..first() };
    let bare = first().jwt;
    for (text, code) in [
        (bundle_text(&expired), "license-expired"),
        (bundle_text(&future), "license-not-yet-valid"),
        (bundle_text(&damaged), "license-bad-signature"),
        (bare, "license-unverified"),
        ("rubbish".to_owned(), "license-malformed"),
        (String::new(), "license-malformed"),
    ] {
        let mut person = server.browser();
        let sent = person.form("/api/setup/license", &[("bundle", &text)]).await;
        assert_eq!(sent.header("location"), "/setup/license", "{code}");
        let page = person.follow(&sent).await;
        assert!(page.body.contains("One thing needs your attention"), "{code}: {}", page.body);
        if let Ok(body) = serde_json::from_str::<Value>(&text) {
            let answer = person.json("/api/setup/license", &body).await;
            assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (422, Some(code)), "{}", answer.body);
            assert_eq!(answer.json()["inspection"]["checks"].as_array().map(Vec::len), Some(10));
        }
        assert_eq!(person.get("/setup").await.header("location"), "/setup/license");
    }
    // One second earlier it was in force.
    server.wait(-1);
    assert_eq!(server.browser().json("/api/setup/license", &body(&expired)).await.status, 200);
    server.wait(1);
    let mut person = server.browser();
    let answer = person.json("/api/setup/admin", &account()).await;
    assert_eq!(answer.status, 409, "what expired meanwhile is not stored: {}", answer.body);
    assert!(server.stored().await.is_empty());
}

#[tokio::test]
async fn no_vector_that_is_not_valid_passes_the_first_step() {
    let server = Server::start("/").await;
    let mut person = server.browser();
    let mut refused = 0;
    for vector in vectors() {
        let (valid, bytes) = (vector.expect.verdict == "valid", vector.bytes());
        if vector.now != NOW || valid || bytes.len() > 60_000 {
            continue;
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let headers = [("content-type", "application/json")];
        let answer = person.send(Method::POST, "/api/setup/license", &headers, &text).await;
        assert!(answer.status.is_client_error(), "{}: {} {}", vector.name, answer.status, answer.body);
        refused += 1;
    }
    assert!(refused > 400, "{refused}");
    assert_eq!(person.get("/setup").await.header("location"), "/setup/license");
}

#[tokio::test]
async fn a_private_key_is_neither_kept_nor_shown() {
    let server = Server::start("/").await;
    let mut person = server.browser();
    let private = "-----BEGIN PRIVATE KEY-----\nSENTINELSENTINEL\n-----END PRIVATE KEY-----\n";
    let text = json!({ "jwt": first().jwt, "publicKey": private }).to_string();
    let sent = person.form("/api/setup/license", &[("bundle", &text)]).await;
    let page = person.follow(&sent).await;
    assert!(page.body.contains("private key"), "{}", page.body);
    assert!(!page.body.contains("SENTINEL"), "{}", page.body);
    let answer = person.send(Method::POST, "/api/setup/license", &[("content-type", "application/json")], &text).await;
    assert!(answer.status == 422 && !answer.body.contains("SENTINEL"), "{}", answer.body);
    let mut database = server.database().await;
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM returned").fetch_one(&mut database).await.unwrap();
    assert_eq!(kept, 0, "what came back was taken");
    let mut admin = server.install(&first()).await;
    for (endpoint, page) in
        [("auth/license/preview", "/settings/license/update"), ("auth/license/rotate", "/settings/license/update")]
    {
        let sent = admin.form(&format!("/api/{endpoint}"), &[("bundle", &text), ("revision", "1")]).await;
        assert_eq!(sent.header("location"), page);
        // Sealed it would be in no file to be found; so its size tells.
        let size: i64 =
            sqlx::query_scalar("SELECT MAX(length(sealed)) FROM returned").fetch_one(&mut database).await.unwrap();
        assert!(size < 1000, "{endpoint}: {size} characters were kept");
        let page = admin.follow(&sent).await;
        assert!(!page.body.contains("SENTINEL"), "{}", page.body);
    }
    for bytes in crate::database::contents(&server.folder).await {
        assert!(!bytes.windows(8).any(|window| window == b"SENTINEL"), "it is in no file");
    }
}

#[tokio::test]
async fn steps_can_be_neither_skipped_nor_repeated() {
    let server = Server::start("/").await;
    let mut person = server.browser();
    let bodies = [body(&first()), account(), json!({ "name": "Acme" }), json!({ "provider": "later" }), json!({})];
    for done in 0..STEPS.len() {
        for (step, body) in STEPS.iter().zip(&bodies).skip(done + 1) {
            let answer = person.json(&format!("/api/setup/{step}"), body).await;
            assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (409, Some("step-order")), "{step}");
            let page = person.get(&format!("/setup/{step}")).await;
            assert_eq!(page.header("location"), "/setup", "{step}");
        }
        let answer = person.json(&format!("/api/setup/{}", STEPS[done]), &bodies[done]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    for (step, body) in STEPS.iter().zip(&bodies) {
        for mut who in [person.clone(), server.browser()] {
            let answer = who.json(&format!("/api/setup/{step}"), body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["code"].as_str()),
                (409, Some("setup-complete")),
                "{step}"
            );
            let sent = who.form(&format!("/api/setup/{step}"), &[("name", "x")]).await;
            assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/sign-in"), "{step}");
            let page = who.get(&format!("/setup/{step}")).await;
            assert_eq!((page.status.as_u16(), page.header("location")), (303, "/sign-in"), "{step}");
        }
    }
    assert_eq!(person.get("/api/setup/state").await.status, 409);
}

#[tokio::test]
async fn of_a_hundred_installers_exactly_one_becomes_the_administrator() {
    let rounds = if std::env::var_os("FAULTS").is_some_and(|how| how == "full") { 50 } else { 2 };
    for _ in 0..rounds {
        let server = Server::start("/").await;
        server.browser().json("/api/setup/license", &body(&first())).await;
        let installers = (0..100).map(|number| {
            let mut person = server.browser();
            let account =
                json!({ "name": "Somebody", "email": format!("a{number}@example.com"), "password": PASSWORD });
            tokio::spawn(async move { (person.json("/api/setup/admin", &account).await, person) })
        });
        let mut winners = Vec::new();
        for installer in installers.collect::<Vec<_>>() {
            let (answer, person) = installer.await.expect("no panic");
            if answer.status == 200 {
                winners.push(person);
            } else {
                assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (409, Some("admin-exists")));
                assert!(person.jar.is_empty(), "no session for who came second");
            }
        }
        assert_eq!(winners.len(), 1);
        let mut database = server.database().await;
        let (users, sessions): (i64, i64) =
            sqlx::query_as("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM sessions)")
                .fetch_one(&mut database)
                .await
                .unwrap();
        assert_eq!((users, sessions), (1, 1));
        // The others cannot go on; the one can.
        assert_eq!(server.browser().json("/api/setup/organization", &json!({ "name": "x" })).await.status, 409);
        assert_eq!(winners[0].json("/api/setup/organization", &json!({ "name": "x" })).await.status, 200);
    }
}

#[tokio::test]
async fn a_wizard_that_is_finished_by_many_at_once_is_finished_once() {
    let server = Server::start("/").await;
    let mut admin = server.browser();
    for (step, body) in
        STEPS.iter().zip([body(&first()), account(), json!({ "name": "x" }), json!({ "provider": "later" })])
    {
        assert_eq!(admin.json(&format!("/api/setup/{step}"), &body).await.status, 200);
    }
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let mut admin = admin.clone();
            tokio::spawn(async move { admin.json("/api/setup/complete", &json!({})).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for one in tries {
        statuses.push(one.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    assert_eq!(server.audit().await.iter().filter(|(_, action, _)| action == "setup.completed").count(), 1);
}

/// Every way to ask for the wizard: none may show or run it.
async fn assert_closed(person: &mut Browser, how: &str) {
    for path in std::iter::once("/setup".to_owned()).chain(STEPS.map(|step| format!("/setup/{step}"))) {
        let page = person.get(&path).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (303, "/sign-in"), "{how} {path}: {}", page.body);
    }
    let bodies = [body(&first()), account(), json!({ "name": "x" }), json!({ "provider": "later" }), json!({})];
    for (step, body) in STEPS.iter().zip(&bodies) {
        let answer = person.json(&format!("/api/setup/{step}"), body).await;
        assert_eq!(answer.status, 503, "{how} {step}: {}", answer.body);
        let sent = person.form(&format!("/api/setup/{step}"), &[("bundle", "x")]).await;
        assert_eq!(sent.status, 503, "{how} {step}: {}", sent.body);
        assert!(sent.body.starts_with("<!doctype html>"), "{how}: a page for people");
    }
    assert_eq!(person.get("/api/setup/state").await.status, 503, "{how}");
    assert_eq!(person.get("/health").await.status, 200, "{how}: it lives");
    assert_eq!(person.get("/health/ready").await.status, 503, "{how}: it wants no requests");
    let page = person.get("/sign-in").await;
    assert!(page.status == 200 && page.body.contains("name=\"password\""), "{how}: {}", page.body);
    assert_eq!(person.get("/").await.status, 503, "{how}");
}

#[tokio::test]
async fn without_a_database_there_is_no_wizard() {
    for is_set_up in [false, true] {
        let start = async || if is_set_up { Server::set_up("/").await.0 } else { Server::start("/").await };

        let server = start().await;
        server.app.store.close().await;
        assert_closed(&mut server.browser(), "closed").await;
        let credentials = json!({ "email": ADMIN, "password": PASSWORD });
        let answer = server.browser().json("/api/auth/sign-in/email", &credentials).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (503, Some("unavailable")));

        let server = start().await;
        server.sql("DROP TABLE platform_config", &[]).await;
        assert_closed(&mut server.browser(), "without its table").await;

        let server = start().await;
        server.sql("ALTER TABLE platform_config RENAME COLUMN value TO was", &[]).await;
        assert_closed(&mut server.browser(), "of another shape").await;
    }
}

#[tokio::test]
async fn a_wizard_that_somebody_began_is_that_administrators_alone() {
    let server = Server::start("/").await;
    let mut admin = server.browser();
    admin.json("/api/setup/license", &body(&first())).await;
    assert_eq!(admin.json("/api/setup/admin", &account()).await.status, 200);
    let mut stranger = server.browser();
    assert_eq!(stranger.get("/setup").await.header("location"), "/sign-in");
    for (step, body) in STEPS.iter().zip([body(&first()), account(), json!({ "name": "x" }), json!({}), json!({})]) {
        let answer = stranger.json(&format!("/api/setup/{step}"), &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (409, Some("admin-exists")), "{step}");
    }
    // Somewhere else the administrator signs in, and goes on.
    let mut elsewhere = server.browser();
    let signed_in = elsewhere.json("/api/auth/sign-in/email", &json!({ "email": ADMIN, "password": PASSWORD })).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    assert_eq!(elsewhere.get("/").await.header("location"), "/setup");
    assert_eq!(elsewhere.get("/setup").await.header("location"), "/setup/organization");
    assert_eq!(elsewhere.json("/api/setup/organization", &json!({ "name": "Acme" })).await.status, 200);
}

#[tokio::test]
async fn the_wizard_is_opened_again_by_hand_for_its_administrator() {
    let (server, mut admin) = Server::set_up("/").await;
    let mut member = server.somebody(Role::Member).await;
    assert_eq!(server.sql("UPDATE platform_config SET value = 'false' WHERE key = 'setup_completed'", &[]).await, 1);
    let mut stranger = server.browser();
    assert_eq!(stranger.get("/setup").await.header("location"), "/sign-in");
    for other in [&mut stranger, &mut member] {
        assert_eq!(other.json("/api/setup/complete", &json!({})).await.status, 409);
    }
    // Whoever is signed in is told, and not sent in a circle.
    assert_eq!(member.get("/").await.header("location"), "/setup");
    for path in ["/setup", "/setup/complete"] {
        let page = member.get(path).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains("The set-up is not finished yet"), "{}", page.body);
    }
    assert_eq!(admin.get("/setup").await.header("location"), "/setup/complete");
    let again = admin.json("/api/setup/license", &body(&first())).await;
    assert_eq!((again.status.as_u16(), again.json()["code"].as_str()), (409, Some("admin-exists")), "{}", again.body);
    assert_eq!(admin.json("/api/setup/organization", &json!({ "name": "Acme Two" })).await.status, 200);
    assert_eq!(admin.json("/api/setup/complete", &json!({})).await.status, 200);
    assert_eq!(admin.get("/").await.status, 200);
}

#[tokio::test]
async fn a_platform_whose_license_was_deleted_gets_another_in_the_wizard() {
    let (server, mut admin) = Server::set_up("/").await;
    server
        .sql("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key', 'setup_completed')", &[])
        .await;
    assert_eq!(admin.get("/setup").await.header("location"), "/setup/license");
    assert_eq!(server.browser().get("/setup").await.header("location"), "/sign-in");
    let sent = admin.form("/api/setup/license", &[("bundle", &bundle_text(&first()))]).await;
    assert_eq!(sent.header("location"), "/setup", "{}", sent.body);
    assert_eq!(server.stored().await.len(), 2);
    assert_eq!(admin.json("/api/setup/complete", &json!({})).await.status, 200);
}

#[tokio::test]
async fn another_license_than_the_configurations_can_be_pasted() {
    let given = first();
    let settings = [(Key::License, given.jwt.as_str()), (Key::LicensePublicKey, given.public_key.as_str())];
    let server = Server::with("/", &settings).await;
    let mut person = server.browser();
    assert_eq!(person.get("/setup").await.header("location"), "/setup/license");
    let page = person.get("/setup/license").await;
    assert!(page.body.contains("Acme Corp") && page.body.contains("/setup/admin"), "it opens verified: {}", page.body);

    let mut other = server.browser();
    let pasted = OTHER.issue(&json!({ "scrydon": { "org": "Other" } }));
    assert_eq!(other.json("/api/setup/license", &body(&pasted)).await.status, 200);
    for page in ["/setup/license", "/setup/admin"] {
        let page = other.get(page).await;
        assert!(
            page.body.contains("Other") && !page.body.contains("Acme Corp"),
            "what is shown is what is saved: {}",
            page.body
        );
    }
    assert_eq!(other.json("/api/setup/admin", &account()).await.status, 200);
    let stored = server.stored().await;
    assert!(stored.iter().any(|(_, value, _)| *value == pasted.jwt), "{stored:?}");
}

#[tokio::test]
async fn two_people_who_install_at_once_are_not_mixed_up() {
    let server = Server::start("/").await;
    let (mut one, mut other) = (server.browser(), server.browser());
    one.form("/api/setup/license", &[("bundle", &bundle_text(&first()))]).await;
    let theirs = OTHER.issue(&json!({ "scrydon": { "org": "Other" } }));
    other.form("/api/setup/license", &[("bundle", &bundle_text(&theirs))]).await;
    let fields = [("name", "One"), ("email", ADMIN), ("password", PASSWORD)];
    let sent = one.form("/api/setup/admin", &fields).await;
    assert_eq!(sent.header("location"), "/setup/license", "one's license is not there any more: {}", sent.body);
    let page = one.follow(&sent).await;
    assert!(page.body.contains("Somebody else gave another license meanwhile"), "{}", page.body);
    let sent =
        other.form("/api/setup/admin", &[("name", "Two"), ("email", "two@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(sent.header("location"), "/setup/organization");
    assert!(server.stored().await.iter().any(|(_, value, _)| *value == theirs.jwt));
}
