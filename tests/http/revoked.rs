//! A license that the vendor is known to have revoked is not put back.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answerer::settings;
use crate::ask::{Answer, Browser, NOW, Server};
use crate::license::claims;
use crate::story::{body, code, first, renewal};

const DAY: i64 = 24 * 60 * 60;
const RENEW: [&str; 2] = ["expires-sooner", "older"];

/// The first license was revoked, as the vendor does when another replaces it.
async fn replaced() -> (Server, Browser) {
    let (server, mut admin) = Server::set_up("/").await;
    server.phoned("lic_first", 0, NOW - 100).await;
    assert_eq!(rotate(&mut admin, 1, &body(&renewal())).await.status, 200);
    (server, admin)
}

async fn rotate(admin: &mut Browser, revision: i64, body: &Value) -> Answer {
    let mut body = body.clone();
    body["acknowledge"] = json!(RENEW);
    admin.json_with("/api/auth/license/rotate", &[("if-match", &format!("\"{revision}\""))], &body).await
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, code(answer).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "license-revoked"));
    let problem = answer.json();
    assert_eq!(
        (&problem["verdict"], &problem["revokedAt"]),
        (&json!("valid"), &json!("2026-09-21T14:11:40Z")),
        "{problem}"
    );
    for words in ["21 September 2026, 14:11 UTC", "Ask the vendor", "new license id"] {
        assert!(problem["detail"].as_str().expect("words").contains(words), "{words}: {problem}");
    }
}

#[tokio::test]
async fn neither_a_rotation_nor_the_way_back_leads_to_it() {
    let (server, mut admin) = replaced().await;
    let tag = [("if-match", "\"2\"")];
    let acknowledged = json!({ "acknowledge": RENEW });
    assert_refused(&admin.json_with("/api/auth/license/revert", &tag, &acknowledged).await);
    assert_refused(&rotate(&mut admin, 2, &body(&first())).await);
    let seen = admin.json("/api/auth/license/preview", &body(&first())).await.json();
    assert_eq!((&seen["applicable"], &seen["revokedAt"]), (&json!(false), &json!("2026-09-21T14:11:40Z")));
    let kept = claims(&mut admin).await;
    assert_eq!(
        (&kept["claims"]["jti"], &kept["revision"], &kept["state"]),
        (&json!("lic_second"), &json!(2), &json!("active"))
    );

    // What the vendor gave back before it was replaced is as good as any.
    server.phoned("lic_first", 0, 0).await;
    let seen = admin.json("/api/auth/license/preview", &body(&first())).await.json();
    assert_eq!((&seen["applicable"], &seen["revokedAt"]), (&json!(true), &Value::Null));
    assert_eq!(admin.json_with("/api/auth/license/revert", &tag, &acknowledged).await.status, 200);
}

#[tokio::test]
async fn pages_say_so_and_offer_no_way_to_it() {
    let (_server, mut admin) = replaced().await;
    let past = admin.get("/api/auth/license/history").await.json()["history"].clone();
    assert_eq!(past[0]["revokedAt"], "2026-09-21T14:11:40Z", "{past}");
    let page = admin.get("/settings/license").await.body;
    assert!(page.contains("Revoked on 21 September 2026, 14:11 UTC"), "{page}");
    assert!(page.contains("cannot be put back") && !page.contains("auth/license/revert"), "{page}");
    let first = first().to_json();
    let review = admin.form("/api/auth/license/preview", &[("bundle", &first)]).await;
    let page = admin.follow(&review).await.body;
    assert!(page.contains("The vendor revoked this license") && page.contains("sales@"), "{page}");
    assert!(!page.contains("Apply license") && !page.contains("auth/license/rotate"), "{page}");
    // Whoever sends the form all the same reads it as well.
    let fields = [("bundle", first.as_str()), ("revision", "2"), ("acknowledge", "older")];
    let refused = admin.form("/api/auth/license/rotate", &fields).await;
    assert!(admin.follow(&refused).await.body.contains("The vendor revoked this license"));
}

#[tokio::test]
async fn the_wizard_does_not_take_it_either() {
    let (server, mut admin) = replaced().await;
    let gone = "DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key', 'setup_completed')";
    server.sql(gone, &[]).await;
    assert_refused(&admin.json("/api/setup/license", &body(&first())).await);
    assert!(server.stored().await.is_empty());
    assert_eq!(admin.json("/api/setup/license", &body(&renewal())).await.status, 200);
}

#[tokio::test]
async fn a_way_back_that_grants_nothing_is_not_told_as_a_success() {
    let server = Server::with("/", &settings("http://127.0.0.1:9", &[])).await;
    let mut admin = server.install(&first()).await;
    assert_eq!(rotate(&mut admin, 1, &body(&renewal())).await.status, 200);
    server.phoned("lic_first", NOW - 100 * DAY, 0).await;
    let fields = [("revision", "2"), ("acknowledge", "expires-sooner"), ("acknowledge", "older")];
    let answer = admin.form("/api/auth/license/revert", &fields).await;
    let page = admin.follow(&answer).await.body;
    assert!(page.contains("is installed, but it grants nothing") && !page.contains("is in use again"), "{page}");
}
