//! The license in use, and what the license server says of it.

use axum::http::Method;
use serde_json::{Value, json};

use super::{FORM, Walk};
use crate::answerer::{Answerer, broken, revoked};
use crate::ask::{Browser, Server};
use crate::story::{ADMIN, OTHER, PASSWORD, VENDOR, body, first, renewal};

pub(super) async fn license_server(walk: &Walk, server: &Server, admin: &mut Browser, vendor: &Answerer) {
    let path = "/api/auth/license/check";
    let status = walk.get(admin, "/api/auth/license/status", 200).await.json();
    assert_eq!((&status["mode"], &status["phoneHome"]["nextAt"]), (&json!("online"), &Value::Null));
    walk.post(admin, path, &json!({}), 200).await;
    let refused = walk.post(admin, path, &json!({}), 429).await;
    assert_eq!(refused.header("retry-after"), "60");
    server.wait(61);
    vendor.says(broken);
    walk.post(admin, path, &json!({}), 502).await;
    let status = walk.get(admin, "/api/auth/license/status", 200).await.json();
    assert_eq!((&status["state"], &status["phoneHome"]["lastError"]), (&json!("degraded"), &json!("status-500")));
    server.wait(61);
    vendor.says(revoked);
    walk.post(admin, path, &json!({}), 200).await;
    assert_eq!(walk.get(admin, "/api/auth/license/status", 200).await.json()["state"], "revoked");
    server.sql("DELETE FROM phone_home", &[]).await;
}

pub(super) async fn licenses(walk: &Walk, server: &Server, admin: &mut Browser) {
    let claims = walk.post(admin, "/api/auth/license/get-claims", &json!({}), 200).await;
    assert_eq!((&claims.json()["state"], claims.header("etag")), (&json!("active"), "\"1\""));
    walk.get(admin, "/api/auth/license/status", 200).await;
    walk.get(admin, "/api/license/authorize?feature=analytics", 204).await;
    walk.get(admin, "/api/license/authorize?feature=analytics&feature=agentic", 403).await;
    walk.get(admin, "/api/license/authorize?feature=a%0d%0ab", 422).await;
    walk.get(admin, "/api/auth/license/expiry.ics", 200).await;
    walk.post(admin, "/api/license/dismiss", &json!({ "notice": "days-30" }), 200).await;
    walk.post(admin, "/api/license/dismiss", &json!({ "notice": "expired" }), 422).await;
    walk.get(admin, "/api/analytics/usage", 200).await;
    for bad in [json!({}), json!({ "service": "a b", "cpuCores": -1, "ramGb": 1.5, "vramGb": {} })] {
        walk.post(admin, "/api/license/usage", &bad, 422).await;
    }
    for service in ["models", "reports"] {
        let uses = json!({ "service": service, "cpuCores": 40, "ramGb": 120, "vramGb": 24 });
        walk.post(admin, "/api/license/usage", &uses, 200).await;
    }
    walk.get(admin, "/api/license/usage", 200).await;
    server.services(998).await;
    let uses = json!({ "service": "one-more", "cpuCores": 1, "ramGb": 1 });
    walk.post(admin, "/api/license/usage", &uses, 409).await;
    walk.post_with(admin, "/api/license/usage", &[("authorization", "Bearer wrong")], &uses, 401).await;
    walk.post(admin, "/api/auth/license/revert", &json!({}), 428).await;
    walk.post_with(admin, "/api/auth/license/revert", &[("if-match", "\"1\"")], &json!({}), 409).await;

    let worse = OTHER
        .issue(&json!({ "exp": crate::ask::NOW + 86_400, "iat": 1_600_000_000, "scrydon": { "tier": "starter" } }));
    let expired = VENDOR.issue(&json!({ "exp": 1_600_000_000 }));
    for (bundle, applicable) in
        [(body(&renewal()), true), (body(&worse), true), (body(&first()), false), (json!({}), false)]
    {
        let seen = walk.post(admin, "/api/auth/license/preview", &bundle, 200).await;
        assert_eq!((&seen.json()["applicable"], seen.header("etag")), (&json!(applicable), "\"1\""));
    }
    let rotate = "/api/auth/license/rotate";
    walk.post(admin, rotate, &body(&renewal()), 428).await;
    walk.post(admin, rotate, &body(&expired), 422).await;
    walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&expired), 422).await;
    walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &json!({ "acknowledge": {} }), 422).await;
    walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&first()), 409).await;
    walk.post_with(admin, rotate, &[("if-match", "\"0\"")], &body(&renewal()), 412).await;
    let missing = walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&worse), 428).await;
    assert_eq!(missing.json()["required"].as_array().unwrap().len(), 4, "{}", missing.body);
    let done = walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&renewal()), 200).await;
    assert_eq!(done.header("etag"), "\"2\"");
    let stale = walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&worse), 412).await;
    assert!(stale.json()["changed"].is_array(), "{}", stale.body);
    let mut bundle = body(&worse);
    bundle["acknowledge"] = missing.json()["required"].clone();
    walk.post_with(admin, rotate, &[("if-match", "\"2\"")], &bundle, 200).await;

    let revert = "/api/auth/license/revert";
    walk.post_with(admin, revert, &[("if-match", "\"1\"")], &json!({}), 412).await;
    walk.post_with(admin, revert, &[("if-match", "\"3\"")], &json!({}), 428).await;
    walk.post_with(admin, revert, &[("if-match", "\"3\"")], &json!({ "acknowledge": {} }), 422).await;
    let all = json!({ "acknowledge": ["key-changed", "downgrade", "expires-sooner", "older"] });
    walk.post_with(admin, revert, &[("if-match", "\"3\"")], &all, 200).await;
    let history = walk.get(admin, "/api/auth/license/history", 200).await.json();
    assert_eq!(history["history"].as_array().unwrap().len(), 3);
    walk.post(admin, "/api/auth/license/copy", &json!({}), 200).await;
    let form = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    assert_eq!(walk.send(admin, &Method::POST, "/api/auth/license/copy", &form, "").await.status, 200);

    // Expired, damaged, gone.
    server.wait(800 * 86_400);
    walk.post(admin, "/api/auth/sign-in/email", &json!({ "email": ADMIN, "password": PASSWORD }), 200).await;
    assert_eq!(walk.get(admin, "/api/auth/license/status", 200).await.json()["state"], "expired");
    walk.get(admin, "/api/analytics/usage", 403).await;
    walk.post(admin, "/api/auth/license/get-claims", &json!({}), 200).await;
    walk.post_with(admin, revert, &[("if-match", "\"4\"")], &all, 422).await;
    for (statement, state) in [
        ("UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt'", "tampered"),
        ("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')", "unlicensed"),
    ] {
        server.sql(statement, &[]).await;
        assert_eq!(walk.get(admin, "/api/auth/license/status", 200).await.json()["state"], state);
        let claims = walk.post(admin, "/api/auth/license/get-claims", &json!({}), 200).await;
        assert_eq!(claims.json()["claims"], Value::Null);
        let longer = VENDOR.issue(&json!({ "exp": crate::ask::NOW + 1000 * 86_400 }));
        walk.post(admin, "/api/auth/license/preview", &body(&longer), 200).await;
        walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&longer), 412).await;
    }
    walk.post(admin, "/api/auth/license/copy", &json!({}), 404).await;
    walk.get(admin, "/api/auth/license/expiry.ics", 404).await;
}
