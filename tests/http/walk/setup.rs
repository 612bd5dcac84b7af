//! Before there is a platform, and until there is one.

use axum::http::Method;
use countersign::config::Key;
use serde_json::{Value, json};

use super::{FORM, METRICS, Walk};
use crate::ask::{Browser, Server};
use crate::document::JSON;
use crate::mail_server::MailServer;
use crate::story::{ADMIN, OTHER, PASSWORD, VENDOR, body, claims, first};

/// Before anything is set up: everything that is refused whatever it is.
pub(super) async fn refusals(walk: &Walk, base: &str) {
    let server = Server::start(base).await;
    let nobody = server.browser();
    let posts = |id: &str| {
        let operations = walk.document.operations();
        let operation = operations.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
        operation.0 == Method::POST
    };
    for (headers, body, wanted) in [
        (&[("content-type", JSON)][..], "{\"", 400),
        (&[("content-type", JSON)], "[]", 400),
        (&[("content-type", JSON), ("origin", "https://elsewhere.example")], "{}", 403),
        (&[("content-type", JSON), ("sec-fetch-site", "cross-site")], "{}", 403),
        (&[], "{}", 403),
        (&[("content-type", "text/plain"), ("sec-fetch-site", "same-origin")], "{}", 415),
    ] {
        for (id, status) in walk.all(&nobody, headers, body).await {
            // The export is told to the audit log, so it minds where it is asked from.
            let minds = posts(&id) || (id == "exportEvents" && headers.contains(&("sec-fetch-site", "cross-site")));
            assert_eq!(status == wanted, minds, "{id}: {status} for {headers:?}");
        }
    }
    for (headers, wanted) in [([("transfer-encoding", "chunked")], 411), ([("content-length", "262145")], 413)] {
        assert!(walk.all(&nobody, &headers, "").await.into_iter().all(|(_, status)| status == wanted));
    }
    for (method, path, _) in walk.document.operations() {
        let long = format!("{}?{}", path.replace("{id}", "nobody"), "a".repeat(8200));
        assert_eq!(walk.send(&mut nobody.clone(), &method, &long, &[], "").await.status, 414);
    }
    // Forms go back to a page, whatever is wrong.
    let form = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    for (id, status) in walk.all(&nobody, &form, "").await {
        assert_eq!(status == 303, posts(&id) && id != "getClaims", "{id}: {status}");
    }
    // Signed out is what nobody is told first, where somebody is needed.
    for (id, status) in walk.all(&nobody, &[("content-type", JSON)], "{}").await {
        let operations = walk.document.operations();
        let (_, path, operation) = operations.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
        let needs_session = operation["security"][0] == json!({ "session": [] }) && !path.starts_with("/api/setup/");
        assert_eq!(status == 401, needs_session || id == "signIn", "{id}: {status}");
    }
}

/// The wizard where it asks for a token.
pub(super) async fn tokens(walk: &Walk, base: &str) {
    let server = Server::with(base, &[(Key::PublicUrl, "https://platform.example.com")]).await;
    let token = server.app.setup_token().await.unwrap().expect("a token");
    let mut installer = server.browser();
    let bundle = body(&first());
    for given in ["", "wrong"] {
        walk.post_with(&mut installer, "/api/setup/license", &[("x-setup-token", given)], &bundle, 403).await;
        walk.post_with(&mut installer, "/api/setup/license", &[("x-setup-token", given)], &json!({}), 403).await;
    }
    let state = walk.get(&mut installer, "/api/setup/state", 200).await.json();
    assert_eq!(state["tokenRequired"], true);
    walk.post_with(&mut installer, "/api/setup/license", &[("x-setup-token", &token)], &bundle, 200).await;
    let mut other = server.browser();
    walk.post_with(&mut other, "/api/setup/license", &[("x-setup-token", &token)], &bundle, 403).await;
    walk.post(&mut other, "/api/setup/admin", &json!({}), 403).await;
    walk.post(&mut installer, "/api/setup/admin", &json!({}), 422).await;
}

/// The metrics, where there is a token for them.
pub(super) async fn metrics(walk: &Walk, base: &str) {
    let server = Server::with(base, &[(Key::MetricsToken, METRICS)]).await;
    let mut scraper = server.browser();
    walk.get(&mut scraper, "/metrics", 401).await;
    scraper.headers.push(("authorization".to_owned(), format!("Bearer {METRICS}")));
    walk.get(&mut scraper, "/metrics", 200).await;
}

/// The wizard from nothing to a platform, wrong inputs included.
pub(super) async fn set_up(walk: &Walk, server: &Server) -> Browser {
    let mut admin = server.browser();
    let mut other = server.browser();
    let state = walk.get(&mut admin, "/api/setup/state", 200).await.json();
    assert_eq!((&state["next"], &state["license"]), (&json!("license"), &Value::Null));
    let account = json!({ "name": "First Admin", "email": ADMIN, "password": PASSWORD });
    walk.post(&mut admin, "/api/setup/admin", &account, 409).await;

    let expired = VENDOR.issue(&json!({ "exp": 1_600_000_000 }));
    let ahead = VENDOR.issue(&json!({ "nbf": 1_900_000_000, "exp": 2_000_000_000 }));
    let foreign = countersign_license::Bundle { public_key: OTHER.issue(&json!({})).public_key, ..first() };
    let unruly = VENDOR.issue(&json!({ "iss": "somebody", "scrydon": { "tier": 7 } }));
    let huge = VENDOR.sign(&claims().to_string().replace("256", "123456789012345678901234567890"));
    for bad in [&expired, &ahead, &foreign, &unruly, &huge] {
        walk.post(&mut admin, "/api/setup/license", &body(bad), 422).await;
    }
    let secret = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
    for bad in [
        json!({}),
        json!({ "jwt": first().jwt }),
        json!({ "jwt": 1 }),
        json!({ "jwt": first().jwt, "publicKey": secret }),
    ] {
        walk.post(&mut admin, "/api/setup/license", &bad, 422).await;
    }
    walk.post(&mut admin, "/api/setup/license", &body(&first()), 200).await;
    let state = walk.get(&mut admin, "/api/setup/state", 200).await.json();
    assert_eq!((&state["next"], &state["license"]["verdict"]), (&json!("admin"), &json!("valid")));

    let long = "x".repeat(2000);
    for bad in [
        json!({}),
        json!({ "name": long, "email": long, "password": long }),
        json!({ "name": "a\u{202e}b", "email": "nobody", "password": "short" }),
        json!({ "name": {}, "email": [1], "password": null }),
        json!({ "name": "Ada", "email": ADMIN, "password": "password1234" }),
        json!({ "name": "Ada Lovelace Byron", "email": ADMIN, "password": "Ada Lovelace Byron" }),
    ] {
        walk.post(&mut admin, "/api/setup/admin", &bad, 422).await;
    }
    walk.post(&mut admin, "/api/setup/admin", &account, 200).await;
    walk.post(&mut other, "/api/setup/admin", &account, 409).await;
    walk.get(&mut other, "/api/setup/state", 409).await;
    walk.post(&mut admin, "/api/setup/license", &body(&first()), 409).await;
    walk.post(&mut admin, "/api/setup/complete", &json!({}), 409).await;

    for bad in [json!({}), json!({ "name": "" }), json!({ "name": {} })] {
        walk.post(&mut admin, "/api/setup/organization", &bad, 422).await;
    }
    walk.post(&mut admin, "/api/setup/organization", &json!({ "name": "Acme Corp" }), 200).await;
    emails(walk, &mut admin, "/api/setup/email").await;
    walk.post(&mut admin, "/api/setup/email", &json!({ "provider": "later" }), 200).await;
    walk.post(&mut admin, "/api/setup/complete", &json!({}), 200).await;
    for step in ["license", "admin", "organization", "email", "email/test", "complete"] {
        walk.post(&mut admin, &format!("/api/setup/{step}"), &json!({}), 409).await;
    }
    walk.get(&mut admin, "/api/setup/state", 409).await;
    admin
}

/// What may be wrong with the settings for e-mail, and a mail server that is not there.
pub(super) async fn emails(walk: &Walk, admin: &mut Browser, path: &str) {
    let test = format!("{path}/test");
    for bad in [
        json!({}),
        json!({ "provider": {} }),
        json!({ "provider": "smtp" }),
        json!({ "provider": "smtp", "host": "a b", "port": 99999, "security": "much", "username": "me", "from": "me" }),
        json!({ "provider": "smtp", "host": "mail.example.com", "password": "secret", "from": ADMIN, "fromName": "a\nb" }),
        json!({ "provider": "resend" }),
        json!({ "provider": "resend", "apiKey": "a b", "from": ADMIN }),
    ] {
        walk.post(admin, path, &bad, 422).await;
        walk.post(admin, &test, &bad, 422).await;
    }
    walk.post(admin, &test, &json!({ "provider": "later" }), 422).await;
    // Nobody listens at port 9.
    let smtp = json!({
        "provider": "smtp", "host": "127.0.0.1", "port": 9, "security": "none", "from": ADMIN, "fromName": "Acme",
    });
    let answer = walk.post(admin, &test, &smtp, 502).await;
    assert_eq!(answer.json()["code"], "mail-not-sent");
    // A person corrects what was typed: it comes back with what is wrong.
    let fields = [("provider", "smtp"), ("host", "127.0.0.1"), ("port", "9"), ("security", "none"), ("from", ADMIN)];
    let sent = admin.form(&test, &fields).await;
    let page = admin.follow(&sent).await;
    assert!(page.body.contains("127.0.0.1") && page.body.contains(ADMIN), "{}", page.body);
    walk.post(admin, path, &smtp, 200).await;
    let mail = MailServer::start();
    let there = json!({
        "provider": "smtp", "host": "127.0.0.1", "port": mail.port("plain"), "security": "none", "from": ADMIN,
    });
    walk.post(admin, &test, &there, 200).await;
    mail.taken();
}
