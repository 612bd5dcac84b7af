//! The wizard's token: who is asked for it, and what it opens.

use countersign::config::Key;
use serde_json::json;

use crate::ask::{NOW, Server};
use crate::setup::account;
use crate::story::{ADMIN, PASSWORD, VENDOR, body, first};

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn whoever_may_come_from_elsewhere_is_asked_for_the_token() {
    let server = Server::start("/").await;
    for (headers, asks) in [
        (vec![], false),
        (vec![("host", "127.0.0.1:3000")], false),
        (vec![("host", "[::1]:3000")], false),
        (vec![("host", "platform.example.com")], true),
        (vec![("host", "localhost.example.com")], true),
        (vec![("x-forwarded-for", "203.0.113.9")], true),
        (vec![("x-real-ip", "203.0.113.9")], true),
        (vec![("forwarded", "for=203.0.113.9")], true),
    ] {
        let mut person = server.browser();
        let host = headers.iter().find(|(name, _)| *name == "host");
        person.headers =
            headers.iter().filter(|h| h.0 != "host").map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        if let Some((_, host)) = host {
            person.host = (*host).to_owned();
        }
        let state = person.get("/api/setup/state").await;
        assert_eq!(state.json()["tokenRequired"], asks, "{headers:?}");
        let answer = person.json("/api/setup/license", &body(&first())).await;
        assert_eq!(answer.status.as_u16(), if asks { 403 } else { 200 }, "{headers:?}: {}", answer.body);
    }
    for settings in [(Key::ListenAddr, "0.0.0.0:3000"), (Key::PublicUrl, "https://example.com")] {
        let server = Server::with("/", &[settings]).await;
        let answer = server.browser().json("/api/setup/license", &body(&first())).await;
        assert_eq!(answer.json()["code"], "setup-token-required", "{settings:?}");
        assert!(server.app.setup_token().await.unwrap().is_some(), "one is printed");
    }
}

#[tokio::test]
async fn the_token_opens_the_wizard_to_one_installer() {
    let server = Server::with("/", &[(Key::ListenAddr, "0.0.0.0:3000")]).await;
    let token = server.app.setup_token().await.unwrap().expect("a token");
    let mut person = server.browser();
    let page = person.get("/setup/license").await;
    assert!(page.body.contains("name=\"setupToken\""), "{}", page.body);

    // A bundle that is refused costs no token.
    let expired = VENDOR.issue(&json!({ "exp": NOW - DAY }));
    let sent = person.form("/api/setup/license", &[("bundle", &expired.to_json()), ("setupToken", &token)]).await;
    let page = person.follow(&sent).await;
    assert!(page.body.contains("expired 1 day ago"), "{}", page.body);
    assert!(!page.body.contains(&token), "it is not shown again");

    let fields = [("bundle", first().to_json()), ("setupToken", token.clone()), ("seen", "1".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let sent = person.form("/api/setup/license", &fields).await;
    assert_eq!(sent.header("location"), "/setup/admin", "{}", sent.body);
    let page = person.follow(&sent).await;
    assert_eq!(page.status, 200);

    // Nobody else gets in with it, nor past it.
    let mut thief = server.browser();
    let answer = thief.json_with("/api/setup/license", &[("x-setup-token", &token)], &body(&first())).await;
    assert_eq!(answer.json()["code"], "setup-token-used");
    assert_eq!(thief.json("/api/setup/admin", &account()).await.json()["code"], "setup-token-required");
    assert_eq!(thief.get("/setup/admin").await.header("location"), "/setup");

    let sent = person.form("/api/setup/admin", &[("name", "A"), ("email", ADMIN), ("password", PASSWORD)]).await;
    assert_eq!(sent.header("location"), "/setup/organization", "{}", sent.body);
    assert!(server.app.setup_token().await.unwrap().is_none(), "no more tokens");
    assert_eq!(server.sql("DELETE FROM setup_tokens", &[]).await, 0, "and none is left");
}

#[tokio::test]
async fn a_program_without_cookies_shows_the_token_at_both_steps() {
    let server = Server::with("/", &[(Key::ListenAddr, "0.0.0.0:3000")]).await;
    let token = server.app.setup_token().await.unwrap().expect("a token");
    let header = [("x-setup-token", token.as_str())];
    let answer = server.browser().json_with("/api/setup/license", &header, &body(&first())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let wrong = [("x-setup-token", "wrong")];
    assert_eq!(server.browser().json_with("/api/setup/admin", &wrong, &account()).await.status, 403);
    let answer = server.browser().json_with("/api/setup/admin", &header, &account()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn whose_license_it_is_is_told_with_the_token_alone() {
    let given = first();
    let settings = [
        (Key::ListenAddr, "0.0.0.0:3000"),
        (Key::License, given.jwt.as_str()),
        (Key::LicensePublicKey, given.public_key.as_str()),
    ];
    let server = Server::with("/", &settings).await;
    let token = server.app.setup_token().await.unwrap().expect("a token");
    let mut person = server.browser();
    for path in ["/setup/license", "/api/setup/state"] {
        let answer = person.get(path).await;
        assert!(answer.status == 200 && !answer.body.contains("Acme Corp"), "{path}: {}", answer.body);
    }
    let sent = person.form("/api/setup/license", &[("bundle", ""), ("setupToken", &token)]).await;
    assert_eq!(sent.header("location"), "/setup/license", "{}", sent.body);
    let page = person.follow(&sent).await;
    assert!(page.body.contains("Acme Corp") && page.body.contains("/setup/admin"), "{}", page.body);
    assert_eq!(person.json("/api/setup/admin", &account()).await.status, 200);

    // A program goes on with it by the token alone.
    let server = Server::with("/", &settings).await;
    let token = server.app.setup_token().await.unwrap().expect("a token");
    let header = [("x-setup-token", token.as_str())];
    let answer = server.browser().json_with("/api/setup/license", &header, &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(server.browser().json_with("/api/setup/admin", &header, &account()).await.status, 200);
}
