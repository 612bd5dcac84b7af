//! Requests that come from another site change nothing.

use axum::http::Method;
use serde_json::json;

use crate::ask::Server;
use crate::story::code;

/// Every endpoint that changes something.
pub const ENDPOINTS: [&str; 29] = [
    "setup/license",
    "auth/license/check",
    "setup/admin",
    "setup/organization",
    "setup/email",
    "setup/email/test",
    "setup/complete",
    "auth/sign-in/email",
    "auth/sign-out",
    "auth/sessions/any/revoke",
    "auth/sessions/revoke-others",
    "auth/change-password",
    "auth/license/get-claims",
    "auth/license/preview",
    "auth/license/rotate",
    "auth/license/revert",
    "auth/license/copy",
    "license/dismiss",
    "license/usage",
    "invitations",
    "invitations/any/revoke",
    "invitations/accept",
    "users/member/role",
    "users/member/remove",
    "users/org-admin/role",
    "users/org-admin/remove",
    "settings/organization",
    "settings/email",
    "settings/email/test",
];

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("origin", "http://localhost");

impl Server {
    /// Everything that is stored and that a request could change.
    async fn snapshot(&self) -> Vec<String> {
        let mut database = self.database().await;
        let rows = sqlx::query_scalar(
            "SELECT 'config ' || key || value || revision FROM platform_config \
             UNION ALL SELECT 'user ' || id || email || name || role || password_hash FROM users \
             UNION ALL SELECT 'session ' || id_hash || user_id FROM sessions \
             UNION ALL SELECT 'invitation ' || id || code_hash || role FROM invitations \
             UNION ALL SELECT 'draft ' || jwt FROM setup_draft \
             UNION ALL SELECT 'history ' || id FROM license_history \
             UNION ALL SELECT 'attempt ' || id FROM attempts \
             UNION ALL SELECT 'dismissed ' || user_id || notice FROM dismissed \
             UNION ALL SELECT 'usage ' || service FROM usage_reports \
             UNION ALL SELECT 'checked ' || at FROM checked \
             UNION ALL SELECT 'contact ' || subject || next_at || failures FROM phone_home \
             UNION ALL SELECT 'returned ' || id_hash FROM returned \
             UNION ALL SELECT 'audit ' || id || action FROM audit ORDER BY 1",
        );
        rows.fetch_all(&mut database).await.expect("rows")
    }
}

#[tokio::test]
async fn what_comes_from_another_site_is_refused_everywhere_and_changes_nothing() {
    let (server, mut admin) = Server::set_up("/").await;
    server.somebody(countersign_app::Role::Member).await;
    server.somebody(countersign_app::Role::OrgAdmin).await;
    let before = server.snapshot().await;
    assert!(before.len() > 15, "{before:?}");
    let body =
        json!({ "role": "member", "name": "Evil", "email": "evil@example.net", "provider": "later" }).to_string();
    let form = "role=member&name=Evil&email=evil%40example.net&provider=later";
    for (headers, body, status) in [
        (vec![JSON, ("origin", "https://example.net")], body.as_str(), 403),
        (vec![JSON, ("origin", "null")], &body, 403),
        (vec![JSON, ("origin", "http://localhost:8080")], &body, 403),
        (vec![JSON, ("origin", "http://localhost.example.net")], &body, 403),
        (vec![JSON, ("origin", "file://localhost")], &body, 403),
        (vec![JSON, ("origin", "")], &body, 403),
        (vec![JSON, ("sec-fetch-site", "cross-site")], &body, 403),
        (vec![JSON, ("sec-fetch-site", "same-site")], &body, 403),
        (vec![JSON, OURS, ("sec-fetch-site", "cross-site")], &body, 403),
        (vec![JSON, ("origin", "https://example.net"), ("sec-fetch-site", "same-origin")], &body, 403),
        (vec![JSON, ("origin", "https://example.net"), ("x-forwarded-host", "example.net")], &body, 403),
        (vec![FORM], form, 403),
        (vec![FORM, ("origin", "https://example.net")], form, 403),
        (vec![FORM, ("sec-fetch-site", "same-site")], form, 403),
        (vec![("content-type", "text/plain")], &body, 403),
        (vec![("content-type", "text/plain;application/json")], &body, 403),
        (vec![("content-type", "text/plain"), OURS], &body, 415),
        (vec![("content-type", "multipart/form-data; boundary=x"), OURS], &body, 415),
        (vec![], &body, 403),
        (vec![OURS], &body, 415),
    ] {
        for endpoint in ENDPOINTS {
            let answer = admin.send(Method::POST, &format!("/api/{endpoint}"), &headers, body).await;
            let expected = if status == 403 { "foreign-origin" } else { "media-type" };
            assert_eq!(answer.status, status, "{endpoint} {headers:?}");
            if headers.contains(&FORM) {
                assert!(answer.body.starts_with("<!doctype html>"), "people get a page: {endpoint} {headers:?}");
            } else {
                assert_eq!(code(&answer), expected, "{endpoint} {headers:?}");
            }
            assert_eq!(answer.header("set-cookie"), "", "{endpoint} {headers:?}");
        }
    }
    assert_eq!(server.snapshot().await, before);
}

#[tokio::test]
async fn get_changes_nothing() {
    let (server, mut admin) = Server::set_up("/").await;
    server.somebody(countersign_app::Role::Member).await;
    server.somebody(countersign_app::Role::OrgAdmin).await;
    let before = server.snapshot().await;
    for endpoint in ENDPOINTS {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let path = format!("/api/{endpoint}?role=member&name=Evil");
            let answer = admin.send(method.clone(), &path, &[JSON, OURS], "{\"role\":\"member\"}").await;
            let reads = endpoint == "license/usage" && matches!(method, Method::GET | Method::HEAD);
            assert_eq!(answer.status, if reads { 200 } else { 405 }, "{method} {endpoint}");
        }
    }
    for page in ["", "sign-in", "invitation", "setup", "settings", "api/users", "api/audit", "api/auth/sessions"] {
        admin.get(&format!("/{page}")).await;
    }
    for page in ["license", "license/update", "organization", "email", "users", "sessions", "audit"] {
        assert_eq!(admin.get(&format!("/settings/{page}")).await.status, 200, "{page}");
    }
    assert_eq!(server.snapshot().await, before);
    // An export is written down. That is all.
    assert_eq!(admin.get("/api/audit/export").await.status, 200);
    let mut after = server.snapshot().await;
    after.retain(|row| !before.contains(row));
    assert!(after.len() == 1 && after[0].ends_with("audit.exported"), "{after:?}");
}

#[tokio::test]
async fn what_comes_from_our_own_pages_or_from_a_program_is_carried_out() {
    let (server, mut admin) = Server::set_up("/").await;
    let form = "name=Acme";
    for (headers, body) in [
        (vec![JSON], "{\"name\":\"Acme\"}"),
        (vec![("content-type", "Application/JSON; charset=utf-8")], "{\"name\":\"Acme\"}"),
        (vec![JSON, OURS, ("sec-fetch-site", "same-origin")], "{\"name\":\"Acme\"}"),
        (vec![FORM, OURS], form),
        (vec![FORM, ("origin", "http://LOCALHOST")], form),
        // An ingress speaks https with people and plain HTTP with us.
        (vec![FORM, ("origin", "https://localhost")], form),
        (vec![FORM, ("sec-fetch-site", "same-origin")], form),
    ] {
        server.sql("UPDATE platform_config SET value = 'Before' WHERE key = 'organization_name'", &[]).await;
        let answer = admin.send(Method::POST, "/api/settings/organization", &headers, body).await;
        assert!([200, 303].contains(&answer.status.as_u16()), "{headers:?} {}", answer.body);
        assert!(
            server.snapshot().await.iter().any(|row| row.starts_with("config organization_nameAcme")),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn with_a_public_url_that_is_the_origin_whatever_the_host_is_called_inside() {
    let (server, admin) = Server::set_up("/").await;
    let public = [(countersign::config::Key::PublicUrl, "https://license.example.com")];
    let server = Server::again("/", &public, server.folder.clone()).await;
    let mut browser = server.browser();
    browser.jar.insert("__Host-session".to_owned(), admin.jar["session"].clone());
    let mut from = async |origin: &str| {
        let headers = [FORM, ("origin", origin)];
        browser.send(Method::POST, "/api/settings/organization", &headers, "name=Acme").await.status.as_u16()
    };
    assert_eq!(from("https://license.example.com").await, 303);
    assert_eq!(from("https://license.example.com:8443").await, 403);
    assert_eq!(from("http://license.example.com").await, 403, "over https another scheme is another site");
    assert_eq!(from("http://localhost").await, 403);
}
