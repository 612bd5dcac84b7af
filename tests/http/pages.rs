//! The pages and the health of the server.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use countersign::http::router;

use crate::ask::{BASES, app, ask, at, get, send};

#[tokio::test]
async fn the_checker_is_a_whole_page_without_script() {
    for base in BASES {
        let page = get(base, "/license-checker").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.body.starts_with("<!doctype html><html lang=\"en\">"), "{}", page.body);
        assert!(page.body.contains("<h1>Check a license bundle</h1>") && page.body.contains("<textarea"));
        for link in ["/pkg/main.css", "/pkg/islands.js"] {
            assert!(page.body.contains(&format!("\"{}\"", at(base, link))), "{link}");
        }
        let other = get(base, "/license-checker?x=1").await;
        assert_ne!(other.body, page.body, "each answer has a nonce of its own");
    }
}

#[tokio::test]
async fn no_page_has_anything_inline_but_that_it_fades() {
    for base in BASES {
        for path in ["/license-checker", "/nope"] {
            // A namespace is a name that looks like an address; the icon, which is part of the page, has one.
            let page = get(base, path).await.body.replace("http://www.w3.org/2000/svg", "");
            let scripts = page.matches("<script").count();
            assert_eq!(scripts, page.matches("<script src=").count(), "{page}");
            let (before, style) = page.split_once("<style nonce=\"").unwrap_or_default();
            let rule = style.split_once('>').and_then(|(_, rest)| rest.split_once("</style>"));
            let (rule, after) = rule.expect("it says that it fades");
            assert_eq!(
                rule,
                "@media (prefers-reduced-motion: no-preference) { @view-transition { navigation: auto } }"
            );
            let page = format!("{before}{after}");
            assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="), "{page}");
            assert!(
                !page.contains("http://") && !page.contains("https://"),
                "nothing is loaded from elsewhere: {page}"
            );
        }
    }
}

#[tokio::test]
async fn home_leads_to_the_wizard_while_nothing_is_set_up() {
    for base in BASES {
        let home = get(base, "/").await;
        assert_eq!((home.status.as_u16(), home.header("location")), (303, at(base, "/setup").as_str()));
    }
    let bare = send("/platform", Method::GET, "/platform", &[]).await;
    assert_eq!((bare.status.as_u16(), bare.header("location")), (308, "/platform/"));
}

#[tokio::test]
async fn health_tells_nothing_but_health() {
    for base in BASES {
        let live = get(base, "/health").await;
        assert_eq!((live.status.as_u16(), live.body.as_str()), (200, r#"{"status":"ok"}"#));
        assert_eq!(live.header("content-type"), "application/json");
        let ready = get(base, "/health/ready").await;
        assert_eq!((ready.status.as_u16(), ready.body.as_str()), (200, r#"{"status":"ready"}"#));
    }
}

#[tokio::test]
async fn a_server_that_stops_is_alive_and_not_ready() {
    let app = app("/").await;
    // Nobody asked for it lately.
    assert_eq!(app.readiness.end(), Duration::ZERO);
    let router = router(app);
    let status = |path: &'static str| {
        let router = router.clone();
        async move { ask(&router, Request::get(path).body(Body::empty()).unwrap()).await.status.as_u16() }
    };
    assert_eq!((status("/health").await, status("/health/ready").await), (200, 503));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    for path in ["/license-checker", "/health", "/pkg/islands.js"] {
        let (head, get) = (send("/", Method::HEAD, path, &[]).await, get("/", path).await);
        assert_eq!((head.status, head.body.as_str()), (get.status, ""));
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(head.header("content-length"), get.body.len().to_string());
    }
}
