//! What is behind a gate is there while the license grants it, and not a second longer.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get;
use countersign::config::Key;
use countersign::http::{LicenseGate, guarded};
use countersign_app::Role;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::ask::{Answer, BASES, Browser, NOW, Server, ask};
use crate::story::{ADMIN, PASSWORD, VENDOR, code, first, renewal};

const DAY: i64 = 24 * 60 * 60;
const ANALYTICS: &str = "/api/license/authorize?feature=analytics";

impl Server {
    /// With these claims changed in the license of the set-up.
    pub async fn licensed(changes: &Value) -> (Self, Browser) {
        let server = Self::start("/").await;
        let admin = server.install(&VENDOR.issue(changes)).await;
        (server, admin)
    }

    /// What the license server said of the license of that id, as a row.
    pub async fn phoned(&self, license_id: &str, first_failure_at: i64, revoked_at: i64) {
        let subject = format!("{:x}", Sha256::digest(format!("{license_id}\n{}", VENDOR.fingerprint())));
        let [failed, revoked] = [first_failure_at, revoked_at].map(|at| at.to_string());
        self.sql(
            "INSERT INTO phone_home (subject, next_at, first_failure_at, revoked_at) \
             VALUES ($1, 0, NULLIF(CAST($2 AS BIGINT), 0), NULLIF(CAST($3 AS BIGINT), 0)) ON CONFLICT (subject) DO UPDATE \
             SET first_failure_at = excluded.first_failure_at, revoked_at = excluded.revoked_at",
            &[&subject, &failed, &revoked],
        )
        .await;
    }
}

/// The status and the code of what a program is told.
async fn asked(who: &mut Browser, path: &str) -> (u16, String) {
    let answer = who.get(path).await;
    (answer.status.as_u16(), if answer.body.is_empty() { String::new() } else { code(&answer) })
}

#[tokio::test]
async fn what_is_licensed_is_told_in_headers_and_nothing_of_whose_license_it_is() {
    for base in BASES {
        let (server, _) = Server::set_up(base).await;
        let mut nobody = server.browser();
        for (method, more) in [
            (Method::GET, &[][..]),
            (Method::HEAD, &[]),
            (Method::GET, &[("x-forwarded-method", "DELETE"), ("x-original-method", "POST"), ("content-length", "0")]),
        ] {
            let answer = nobody.send(method, ANALYTICS, more, "").await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
            for (name, value) in [
                ("x-license-state", "active"),
                ("x-license-feature", "analytics"),
                ("x-license-tier", "professional"),
                ("x-license-expires", "2027-09-21T14:13:20Z"),
                ("x-license-revision", "1"),
                ("x-license-id", "lic_first"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(answer.header(name), value, "{name}");
            }
            let told = format!("{:?}", answer.headers);
            assert!(!told.contains("Acme") && !told.contains("cust_acme"), "{told}");
        }
        let refused = nobody.get("/api/license/authorize?feature=agentic").await;
        let problem = refused.json();
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (403, "application/problem+json"));
        assert_eq!((&problem["code"], &problem["feature"]), (&json!("feature-not-licensed"), &json!("agentic")));
        assert_eq!((refused.header("x-license-state"), refused.header("x-license-feature")), ("active", "agentic"));
        assert_eq!((refused.header("x-license-id"), refused.header("x-license-tier")), ("", ""));
        assert!(!refused.body.contains("Acme") && !refused.body.contains("cust_acme") && !refused.body.contains('@'));
    }
}

#[tokio::test]
async fn several_features_are_all_needed() {
    let (server, _) = Server::licensed(&json!({ "scrydon": { "features": { "sso": true, "agentic": false } } })).await;
    let mut nobody = server.browser();
    let answer = nobody.get("/api/license/authorize?feature=sso&feature=analytics&feature=sso&other=1").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-license-feature")), (204, "sso,analytics"));
    let answer = nobody.get("/api/license/authorize?feature=sso&feature=agentic&feature=nothing").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-license-feature")), (403, "agentic"));
    let many: String = (0..17).map(|_| "feature=analytics&").collect();
    for query in [
        "",
        "feature=",
        "feature=analytics&feature=",
        "feature=a%0d%0aSet-Cookie:x",
        "feature=a,b",
        "feature=%00",
        &many,
    ] {
        let answer = nobody.get(&format!("/api/license/authorize?{query}")).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (422, "fields"), "{query}");
    }
    let long = format!("/api/license/authorize?feature={}", "x".repeat(65));
    assert_eq!(nobody.get(&long).await.status, 422);
}

#[tokio::test]
async fn the_gate_shuts_at_exp_to_the_second_and_opens_with_a_new_license_without_a_restart() {
    let (server, mut admin) = Server::licensed(&json!({ "exp": NOW + 100 })).await;
    let mut nobody = server.browser();
    server.wait(99);
    assert_eq!(asked(&mut nobody, ANALYTICS).await.0, 204);
    server.wait(1);
    assert_eq!(asked(&mut nobody, ANALYTICS).await, (403, "license-expired".to_owned()));
    let body = crate::story::body(&renewal());
    let rotated = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    assert_eq!(asked(&mut nobody, ANALYTICS).await.0, 204);
}

#[tokio::test]
async fn every_state_that_grants_nothing_has_its_own_code() {
    let (server, _) = Server::set_up("/").await;
    let mut nobody = server.browser();
    let grace = 2_592_000;
    for (first_failure, revoked, expected) in [
        (NOW, 0, (204, "degraded", "")),
        (NOW - grace + 1, 0, (204, "degraded", "")),
        (NOW - grace, 0, (403, "lapsed", "license-lapsed")),
        (0, NOW - 1, (403, "revoked", "license-revoked")),
        (0, 0, (204, "active", "")),
    ] {
        server.phoned("lic_first", first_failure, revoked).await;
        let answer = nobody.get(ANALYTICS).await;
        let code = if answer.status == 204 { String::new() } else { code(&answer) };
        assert_eq!((answer.status.as_u16(), answer.header("x-license-state"), code.as_str()), expected);
    }
    for (statement, expected) in [
        ("UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt'", "license-tampered"),
        ("DELETE FROM platform_config WHERE key LIKE 'license_%'", "license-missing"),
    ] {
        server.sql(statement, &[]).await;
        assert_eq!(asked(&mut nobody, ANALYTICS).await, (403, expected.to_owned()));
    }
    server.sql("ALTER TABLE platform_config RENAME TO elsewhere", &[]).await;
    assert_eq!(asked(&mut nobody, ANALYTICS).await, (503, "unavailable".to_owned()), "never open");

    let (server, _) = Server::set_up("/").await;
    let ahead = VENDOR.issue(&json!({ "nbf": NOW + DAY }));
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&ahead.jwt]).await;
    assert_eq!(asked(&mut server.browser(), ANALYTICS).await, (403, "license-not-yet-valid".to_owned()));
}

#[tokio::test]
async fn what_a_license_does_not_say_comes_with_its_tier() {
    for (tier, features, analytics, agentic) in [
        ("starter", json!({ "analytics": null }), 403, 403),
        ("professional", json!({ "analytics": null }), 204, 403),
        ("enterprise", json!({ "analytics": null }), 204, 204),
        ("enterprise", json!({ "analytics": false }), 403, 204),
        ("starter", json!({ "agentic": true }), 204, 204),
    ] {
        let (server, _) = Server::licensed(&json!({ "scrydon": { "tier": tier, "features": features } })).await;
        let mut nobody = server.browser();
        assert_eq!(asked(&mut nobody, ANALYTICS).await.0, analytics, "{tier} {features}");
        assert_eq!(asked(&mut nobody, "/api/license/authorize?feature=agentic").await.0, agentic, "{tier} {features}");
    }
}

#[tokio::test]
async fn no_claim_breaks_a_header() {
    let long = "x".repeat(300);
    for (id, header) in [
        ("lic 1", "lic%201"),
        ("a\r\nSet-Cookie: b=c", "a%0D%0ASet-Cookie:%20b=c"),
        ("100%", "100%25"),
        ("株", "%E6%A0%AA"),
        ("\u{0}\u{7f}\t", "%00%7F%09"),
        (&long, ""),
    ] {
        let (server, _) = Server::licensed(&json!({ "jti": id })).await;
        let answer = server.browser().get(ANALYTICS).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-license-id")), (204, header));
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

/// A router of somebody else's, behind the layer.
fn behind_a_gate(server: &Server) -> Router {
    let routes = Router::new().route("/reports", get(async || "reports").post(async || "made"));
    let gate = LicenseGate::new(server.app.clone(), "analytics");
    guarded(routes.layer(gate), server.app.clone())
}

async fn visit(router: &Router, who: &Browser, accept: &str) -> Answer {
    let cookies: Vec<String> = who.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = Request::builder().uri("/reports").header("accept", accept).header("cookie", cookies.join("; "));
    ask(router, request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn a_whole_router_stands_behind_the_layer() {
    let (server, admin) = Server::licensed(&json!({ "exp": NOW + 100 })).await;
    let (member, nobody) = (server.somebody(Role::Member).await, server.browser());
    let router = behind_a_gate(&server);
    for who in [&admin, &member, &nobody] {
        assert_eq!(visit(&router, who, "*/*").await.body, "reports");
    }
    server.wait(100);
    for who in [&admin, &member, &nobody] {
        let (page, problem) = (visit(&router, who, "text/html").await, visit(&router, who, "application/json").await);
        assert_eq!((page.status.as_u16(), page.header("content-type")), (403, "text/html; charset=utf-8"));
        assert_eq!((problem.status.as_u16(), code(&problem).as_str()), (403, "license-expired"));
        for answer in [&page, &problem] {
            assert!(answer.body.contains("Analytics: not available right now"), "{}", answer.body);
            let is_admin = who.jar == admin.jar;
            for word in ["sales@", "cust_acme", "Acme Corp"] {
                assert_eq!(answer.body.contains(word), is_admin, "{word}: {}", answer.body);
            }
            assert!(answer.body.contains("21 September 2026, 14:15 UTC"), "{}", answer.body);
            assert_eq!(answer.header("x-license-state"), "expired");
        }
        assert_eq!(page.body.contains("href=\"/settings/license\""), who.jar == admin.jar);
    }
    server.sql("ALTER TABLE platform_config RENAME TO elsewhere", &[]).await;
    for accept in ["text/html", "application/json"] {
        assert_eq!(visit(&router, &admin, accept).await.status, 503, "never open");
    }
}

#[tokio::test]
async fn refusals_are_counted_by_the_features_that_we_know() {
    let (server, _) = Server::set_up("/").await;
    let mut nobody = server.browser();
    for (feature, times) in [("agentic", 3), ("analytics", 2), ("made-up", 1), ("other", 1)] {
        for _ in 0..times {
            nobody.get(&format!("/api/license/authorize?feature={feature}")).await;
        }
    }
    let counts: Vec<_> = server.app.refusals.counts().collect();
    assert_eq!(counts, [("agentic", 3), ("analytics", 0), ("other", 2)]);
}

/// Every route: what the document has, and the pages.
async fn every_route(who: &Browser, document: &Value) -> Vec<(String, u16)> {
    let mut statuses = Vec::new();
    let paths = document["paths"].as_object().expect("paths").iter();
    let reads =
        paths.filter(|(_, item)| item.get("get").is_some()).map(|(path, _)| (Method::GET, path.clone(), Value::Null));
    let table = crate::matrix::table().into_iter().map(|(method, path, body, _)| (method, path.to_owned(), body));
    for (method, path, body) in reads.chain(table) {
        let path = if path == "/api/license/authorize" { ANALYTICS.to_owned() } else { path };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("content-type", "application/json")];
        let answer = who.clone().send(method.clone(), &path, &headers, &body).await;
        statuses.push((format!("{method} {path}"), answer.status.as_u16()));
    }
    statuses
}

#[tokio::test]
async fn without_a_license_in_force_everything_but_what_is_gated_answers_as_before() {
    // Offline, so that nobody outside is asked whether the license still counts.
    let server = Server::with("/", &[(Key::LicenseMode, "offline")]).await;
    let admin = server.install(&VENDOR.issue(&json!({ "exp": NOW + 3600 }))).await;
    let document = admin.clone().get("/api/openapi.json").await.json();
    let gated = ["GET /api/license/authorize?feature=analytics", "GET /api/analytics/usage", "GET /analytics"];
    let before = every_route(&admin, &document).await;
    assert!(before.len() > 60, "{}", before.len());
    for (revoked, seconds) in [(true, 0), (false, 3600)] {
        server.phoned("lic_first", 0, if revoked { NOW } else { 0 }).await;
        server.wait(seconds);
        // The last row of the table ended the session. Whoever has a password signs in all the same.
        let mut admin = server.browser();
        let signed_in = admin.json("/api/auth/sign-in/email", &json!({ "email": ADMIN, "password": PASSWORD })).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.body);
        let after = every_route(&admin, &document).await;
        for ((route, before), (_, after)) in before.iter().zip(&after) {
            if gated.contains(&route.as_str()) {
                assert!([200, 204].contains(before) && *after == 403, "{route}: {before}, then {after}");
            } else if revoked && route == "GET /api/auth/license/expiry.ics" {
                assert_eq!((*before, *after), (200, 404), "it has no date any more");
            } else {
                assert_eq!(before, after, "{route}");
            }
        }
    }
}

#[tokio::test]
async fn an_airgapped_platform_asks_nobody_and_is_gated_all_the_same() {
    let server = Server::with("/", &[(Key::LicenseMode, "airgapped")]).await;
    server.install(&first()).await;
    let mut nobody = server.browser();
    assert_eq!(asked(&mut nobody, ANALYTICS).await.0, 204);
    server.wait(366 * DAY);
    assert_eq!(asked(&mut nobody, ANALYTICS).await, (403, "license-expired".to_owned()));
}
