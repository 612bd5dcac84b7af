//! Refusals: a page for people, a problem for programs.

use axum::http::Method;

use crate::ask::{Answer, BASES, at, get, send};

fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(u64::from(status)), Some(code)));
    assert!(problem["title"].is_string());
}

#[tokio::test]
async fn where_nothing_is_people_get_a_page() {
    for base in BASES {
        let accept = [("accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")];
        let page = send(base, Method::GET, &at(base, "/nope"), &accept).await;
        assert_eq!(page.status, 404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.body.starts_with("<!doctype html>") && page.body.contains("There is no page at this address"));
        assert_eq!(get(base, "/nope").await.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn where_nothing_is_programs_get_a_problem() {
    for base in BASES {
        for path in ["/api", "/api/", "/api/auth/license/nothing"] {
            assert_problem(&get(base, path).await, 404, "not-found");
        }
        let asked = send(base, Method::GET, &at(base, "/nope"), &[("accept", "application/json")]).await;
        assert_problem(&asked, 404, "not-found");
        let page = get(base, "/apidocs").await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn nothing_is_outside_the_base_path() {
    for path in ["/", "/health", "/license-checker", "/pkg/main.css", "/platformx", "/platform2/health"] {
        assert_eq!(send("/platform", Method::GET, path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn another_method_is_refused_with_the_allowed_ones() {
    for base in BASES {
        for path in ["/", "/license-checker", "/health", "/health/ready", "/pkg/main.css", "/robots.txt"] {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
                let answer = send(base, method, &at(base, path), &[]).await;
                assert_problem(&answer, 405, "method-not-allowed");
                assert_eq!(answer.header("allow"), "GET,HEAD");
            }
            for method in [Method::TRACE, Method::CONNECT, Method::from_bytes(b"BREW").unwrap()] {
                assert_problem(&send(base, method, &at(base, path), &[]).await, 405, "method-not-allowed");
            }
        }
    }
}

#[tokio::test]
async fn a_large_request_is_refused_before_anybody_reads_it() {
    let post = async |length: &str| send("/", Method::POST, "/health", &[("content-length", length)]).await;
    assert_problem(&post("262145").await, 413, "body-too-large");
    assert_problem(&post("99999999999999999999").await, 413, "body-too-large");
    assert_problem(&post("262144").await, 405, "method-not-allowed");
}

#[tokio::test]
async fn a_long_address_is_refused() {
    let answer = send("/", Method::GET, &format!("/health?{}", "a".repeat(8200)), &[]).await;
    assert_problem(&answer, 414, "uri-too-long");
    assert_eq!(send("/", Method::GET, &format!("/health?{}", "a".repeat(8000)), &[]).await.status, 200);
}

#[tokio::test]
async fn a_request_in_chunks_is_refused() {
    for headers in
        [&[("transfer-encoding", "chunked")][..], &[("content-length", "5"), ("transfer-encoding", "chunked")]]
    {
        assert_problem(&send("/", Method::POST, "/health", headers).await, 411, "length-required");
    }
}

#[tokio::test]
async fn a_body_of_very_many_small_parts_is_refused() {
    let server = crate::ask::Server::start("/").await;
    let mut person = server.browser();
    let many = |count: usize| (0..count).map(|number| (format!("f{number}"), String::new())).collect::<Vec<_>>();
    let form: Vec<_> = many(101);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = person.form("/api/auth/sign-out", &fields).await;
    assert_eq!(sent.status, 400);
    assert!(sent.body.starts_with("<!doctype html>"), "people get a page: {}", sent.body);
    assert_eq!(person.form("/api/auth/sign-out", &fields[..100]).await.status, 303);

    let object: serde_json::Map<_, _> = many(101).into_iter().map(|(name, value)| (name, value.into())).collect();
    assert_problem(&person.json("/api/auth/sign-out", &object.into()).await, 400, "bad-json");
    let nul = person.form("/api/auth/sign-in/email", &[("email", "a\0b"), ("password", "x")]).await;
    assert_eq!(nul.status, 400);
}
