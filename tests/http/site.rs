//! The embedded files.

use axum::http::Method;
use countersign::site::Site;

use crate::ask::{Answer, BASES, at, get, send};

async fn script(headers: &[(&str, &str)]) -> Answer {
    send("/", Method::GET, "/pkg/islands.js", headers).await
}

#[tokio::test]
async fn a_file_comes_in_the_smallest_form_that_is_taken() {
    for (accepted, form, body) in [
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip", "gzip", "gzip"),
        ("br;q=0, gzip;q=0", "", "plain"),
        ("identity", "", "plain"),
        ("", "", "plain"),
    ] {
        let answer = script(&[("accept-encoding", accepted)]).await;
        assert_eq!((answer.header("content-encoding"), answer.body.as_str()), (form, body), "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
    let style = send("/", Method::GET, "/pkg/main.css", &[("accept-encoding", "br, gzip")]).await;
    assert_eq!((style.header("content-encoding"), style.header("content-type")), ("gzip", "text/css; charset=utf-8"));
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let first = script(&[("accept-encoding", "br")]).await;
    let tag = first.header("etag").to_owned();
    assert_eq!(tag, "\"script-br\"");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = script(&[("accept-encoding", "br"), ("if-none-match", &known)]).await;
        assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""), "{known}");
        assert_eq!((again.header("etag"), again.header("vary")), (tag.as_str(), "accept-encoding"));
        assert_eq!(again.header("content-encoding"), "");
    }
    let other_form = script(&[("if-none-match", &tag)]).await;
    assert_eq!(other_form.status, 200, "each form has its own tag");
}

#[tokio::test]
async fn nothing_but_the_listed_files_can_be_reached() {
    for base in BASES {
        for path in [
            "/pkg/",
            "/pkg",
            "/pkg/nope.js",
            "/pkg/../Cargo.toml",
            "/pkg/%2e%2e/Cargo.toml",
            "/pkg/..%2fCargo.toml",
            "/pkg/%2e%2e%2f%2e%2e%2fetc/passwd",
            "/pkg//etc/passwd",
            "/pkg/%2fetc%2fpasswd",
            "/pkg/islands.js/",
            "/pkg/islands.js%00",
            "/pkg/ISLANDS.JS",
            "/pkg/islands.js.br",
            "/pkg/.%2fislands.js",
            "/pkg/%ff",
            "/pkg/..\\..\\x",
            "/pkg/%5c..%5cx",
            "/pkg/islands.js;x",
        ] {
            let Ok(uri) = at(base, path).parse::<axum::http::Uri>() else { continue };
            let status = send(base, Method::GET, &uri.to_string(), &[]).await.status.as_u16();
            assert!(matches!(status, 400 | 404), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn browsers_and_robots_find_what_they_look_for() {
    for base in BASES {
        let icon = get(base, "/favicon.ico").await;
        assert_eq!((icon.status.as_u16(), icon.header("content-type")), (200, "image/svg+xml"));
        let robots = get(base, "/robots.txt").await;
        assert_eq!(robots.body, "User-agent: *\nDisallow: /\n");
        assert_eq!(robots.header("content-type"), "text/plain; charset=utf-8");
    }
}

#[test]
fn every_embedded_file_has_its_own_tag_and_a_type() {
    for file in Site::EMBEDDED.0 {
        assert_eq!(file.etag.len(), 32, "{}", file.name);
        assert_ne!(file.content_type(), "application/octet-stream", "{}", file.name);
        assert!(!file.plain.is_empty(), "{}", file.name);
    }
}
