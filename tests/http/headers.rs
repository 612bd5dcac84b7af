//! What every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get as route;
use countersign::config::Key;
use countersign::http::{App, guarded, router};

use crate::ask::{Answer, BASES, app, app_with, ask, at, get, send};

fn assert_hardened(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|one| one == directive), "{what}: {directive} in {policy}");
    }
    if answer.header("content-type").starts_with("text/html") && !answer.body.is_empty() {
        let nonce = policy.split("script-src 'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("");
        assert_eq!(nonce.len(), 22, "{what}: {policy}");
        assert!(
            policy
                .contains(&format!("script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'")),
            "{policy}"
        );
        let inline = answer.body.matches("<script").count() + answer.body.matches("<style").count();
        assert_eq!(answer.body.matches(&format!("nonce=\"{nonce}\"")).count(), inline, "{what}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert!(answer.header("permissions-policy").contains("camera=()"), "{what}");
    assert!(matches!(answer.header("cache-control"), "no-store" | "no-cache"), "{what}");
    for name in ["server", "x-powered-by"] {
        assert_eq!(answer.header(name), "", "{what}: {name}");
    }
}

#[tokio::test]
async fn every_answer_is_hardened() {
    for base in BASES {
        for path in [
            "/",
            "/license-checker",
            "/health",
            "/health/ready",
            "/pkg/islands.js",
            "/pkg/nope",
            "/favicon.ico",
            "/robots.txt",
            "/nope",
            "/api/nope",
            "/setup",
        ] {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::TRACE] {
                let what = format!("{method} {base} {path}");
                assert_hardened(&send(base, method, &at(base, path), &[]).await, &what);
            }
        }
        let outside = send(base, Method::GET, "/elsewhere", &[]).await;
        assert_hardened(&outside, "outside");
        let long = send(base, Method::GET, &format!("/{}", "a".repeat(9000)), &[]).await;
        assert_hardened(&long, "414");
        let large = send(base, Method::POST, &at(base, "/health"), &[("content-length", "262145")]).await;
        assert_hardened(&large, "413");
    }
}

#[tokio::test]
async fn an_answer_to_a_panic_is_hardened_and_tells_nothing() {
    async fn broken() {
        panic!("SENTINEL");
    }
    let app = app("/").await;
    let routes: Router<Arc<App>> = Router::new().route("/broken", route(broken));
    let request = Request::get("/broken").body(Body::empty()).unwrap();
    let answer = ask(&guarded(routes, app), request).await;
    assert_eq!(answer.status, 500);
    assert_hardened(&answer, "500");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(!answer.body.contains("SENTINEL"));
    let problem = answer.json();
    assert_eq!(problem["code"], "internal");
    assert_eq!(problem["id"].as_str().map(str::len), Some(16));
}

#[tokio::test]
async fn the_checker_can_send_nothing_anywhere() {
    for base in BASES {
        let page = get(base, "/license-checker").await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("connect-src 'none'; form-action 'none'"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store");
        let other = get(base, "/nope").await;
        let policy = other.header("content-security-policy");
        assert!(policy.contains("connect-src 'self'; form-action 'self'"), "{policy}");
    }
}

#[tokio::test]
async fn https_is_insisted_on_where_people_use_it() {
    let strict = |url: &'static str| async move {
        let app = app_with("/", &[(Key::PublicUrl, url)]).await;
        let request = Request::get("/health").body(Body::empty()).unwrap();
        ask(&router(app), request).await.header("strict-transport-security").to_owned()
    };
    assert_eq!(strict("https://example.com").await, "max-age=31536000");
    assert_eq!(strict("http://example.com").await, "");
}
