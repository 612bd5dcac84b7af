//! What every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get as route;
use countersign::config::Key;
use countersign::http::{App, guarded, router};

use crate::ask::{BASES, app, app_with, ask, at, get, send};
use crate::hardened::assert_hardened;

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
