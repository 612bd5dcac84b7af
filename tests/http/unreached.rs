//! Everything that a license server, or whatever stands in its place, can get wrong: none of it counts.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Response;
use countersign::config::Key;
use countersign::jobs;
use serde_json::{Value, json};

use crate::answerer::{Answerer, Platform, Says, at, broken, plain, revoked, said, seconds, valid};
use crate::ask::Server;
use crate::license::claims;
use crate::story::first;
use crate::vendor::LicenseServer;

/// Bad answers, each with the reason that it is.
fn bad() -> Vec<(&'static str, Says)> {
    let with = |change: fn(&mut Value)| {
        move |question: &Value| {
            let mut answer = said("valid", question);
            change(&mut answer);
            plain(200, "application/json", answer.to_string())
        }
    };
    let busy = |status: u16, after: &'static str| {
        move |_: &Value| {
            Response::builder().status(status).header("retry-after", after).body(Body::from("later")).unwrap()
        }
    };
    vec![
        ("status-500", Box::new(broken)),
        (
            "status-201",
            Box::new(|question: &Value| plain(201, "application/json", said("valid", question).to_string())),
        ),
        ("status-204", Box::new(|_: &Value| plain(204, "application/json", ""))),
        (
            "status-403",
            Box::new(|question: &Value| plain(403, "application/json", said("revoked", question).to_string())),
        ),
        ("status-404", Box::new(|_: &Value| plain(404, "text/html", "<h1>Not found</h1>"))),
        (
            "status-302",
            Box::new(|_: &Value| {
                Response::builder().status(302).header("location", "/elsewhere").body(Body::empty()).unwrap()
            }),
        ),
        ("busy", Box::new(busy(429, "600"))),
        ("busy", Box::new(busy(503, "soon"))),
        ("not-json", Box::new(|question: &Value| plain(200, "text/html", said("valid", question).to_string()))),
        ("not-json", Box::new(|question: &Value| plain(200, "application/jsonp", said("valid", question).to_string()))),
        ("not-json", Box::new(|question: &Value| Response::new(Body::from(said("valid", question).to_string())))),
        (
            "too-large",
            Box::new(|question: &Value| {
                plain(200, "application/json", format!("{}{}", said("valid", question), " ".repeat(16 * 1024)))
            }),
        ),
        ("malformed", Box::new(|_: &Value| plain(200, "application/json", ""))),
        ("malformed", Box::new(|_: &Value| plain(200, "application/json", "\"valid\""))),
        (
            "malformed",
            Box::new(|question: &Value| plain(200, "application/json", json!([said("valid", question)]).to_string())),
        ),
        (
            "malformed",
            Box::new(|question: &Value| {
                let in_order = json!(["valid", question["licenseId"], question["nonce"]]);
                plain(200, "application/json", in_order.to_string())
            }),
        ),
        (
            "malformed",
            Box::new(|question: &Value| plain(200, "application/json", format!("{}{0}", said("valid", question)))),
        ),
        (
            "malformed",
            Box::new(|question: &Value| {
                let both = said("valid", question).to_string().replacen('{', "{\"status\":\"revoked\",", 1);
                plain(200, "application/json", both)
            }),
        ),
        ("malformed", Box::new(with(|answer| answer["status"] = json!("Valid")))),
        ("malformed", Box::new(with(|answer| answer["status"] = json!(true)))),
        ("malformed", Box::new(with(|answer| answer["status"] = json!("ok")))),
        ("mismatch", Box::new(with(|answer| answer["nonce"] = json!("AAAAAAAAAAAAAAAAAAAAAA")))),
        ("mismatch", Box::new(with(|answer| drop(answer.as_object_mut().unwrap().remove("nonce"))))),
        ("mismatch", Box::new(with(|answer| answer["licenseId"] = json!("lic_other")))),
        (
            "mismatch",
            Box::new(|question: &Value| {
                let mut answer = said("revoked", question);
                answer["nonce"] = json!("");
                plain(200, "application/json", answer.to_string())
            }),
        ),
        ("unknown", Box::new(with(|answer| answer["status"] = json!("unknown")))),
        (
            "broken",
            Box::new(|_: &Value| {
                let torn =
                    futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("torn"))]);
                plain(200, "application/json", Body::from_stream(torn))
            }),
        ),
    ]
}

#[tokio::test]
async fn nothing_but_the_defined_answer_counts() {
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    let bad = bad();
    let bad: Vec<(&str, Arc<Mutex<Says>>)> =
        bad.into_iter().map(|(why, says)| (why, Arc::new(Mutex::new(says)))).collect();
    for (good, state, failing) in
        [(valid as fn(&Value) -> Response<Body>, "active", "degraded"), (revoked, "revoked", "revoked")]
    {
        for (why, says) in &bad {
            answerer.says(good);
            assert_eq!(platform.check().await.0, 200);
            assert_eq!(platform.state().await, state);
            let says = says.clone();
            answerer.says(move |question| (says.lock().unwrap())(question));
            let (status, problem) = platform.check().await;
            assert_eq!((status, &problem["errors"][0]["code"]), (502, &json!(why)), "{problem}");
            let status = platform.status().await;
            assert_eq!((&status["state"], &status["phoneHome"]["lastError"]), (&json!(failing), &json!(why)));
        }
    }
    answerer.says(valid);
    platform.check().await;
    answerer.says(|_| Response::builder().status(429).header("retry-after", "600").body(Body::empty()).unwrap());
    platform.check().await;
    assert_eq!(platform.status().await["phoneHome"]["nextAt"], at(platform.now() + 600), "Retry-After counts");
}

#[tokio::test]
async fn over_real_tls_every_way_to_misbehave_is_a_failure() {
    let vendor = LicenseServer::start();
    let authority = vendor.authority().display().to_string();
    let mut platform = Platform::asking(&vendor.url, &[(Key::EgressCaFile, &authority)]).await;
    for (mode, why) in [
        ("fail", "status-500"),
        ("garbage", "malformed"),
        ("huge", "too-large"),
        ("redirect", "status-302"),
        ("html", "not-json"),
        ("wrong-nonce", "mismatch"),
        ("bad-certificate", "certificate"),
    ] {
        vendor.behave("well").await;
        assert_eq!(platform.check().await, (200, json!({ "status": "valid" })));
        vendor.behave(mode).await;
        let (status, problem) = platform.check().await;
        assert_eq!((status, &problem["errors"][0]["code"]), (502, &json!(why)), "{mode}: {problem}");
        assert_eq!(platform.state().await, "degraded", "{mode}");
    }
    vendor.behave("well").await;
    vendor.revoke("lic_first").await;
    assert_eq!(platform.check().await.1, json!({ "status": "revoked", "reason": "Not paid." }));
    assert_eq!(platform.state().await, "revoked");
    vendor.reinstate("lic_first").await;
    assert_eq!(platform.check().await.1, json!({ "status": "valid" }));
    let vendor = vendor.again(&["--accept-unknown", "false"]);
    assert_eq!(platform.check().await.1["errors"][0]["code"], "certificate", "another start, another authority");
    drop(vendor);
    assert_eq!(platform.check().await.1["errors"][0]["code"], "unreachable");

    // Without the authority, and without the permission to call a private address.
    let vendor = LicenseServer::start();
    let mut platform = Platform::asking(&vendor.url, &[]).await;
    assert_eq!(platform.check().await.1["errors"][0]["code"], "certificate");
    let server = Server::with("/", &[(Key::LicenseApiUrl, &vendor.url)]).await;
    let admin = server.install(&first()).await;
    assert_eq!(Platform { server, admin }.check().await.1["errors"][0]["code"], "not-allowed");
    assert_eq!(vendor.asked("lic_first"), 0, "nobody was told anything");
}

#[tokio::test]
async fn what_speaks_no_tls_is_not_called_a_bad_certificate() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let router = axum::Router::new().fallback(|| async { "no TLS here" });
        axum::serve(listener, router).await
    });
    let mut platform = Platform::asking(&format!("https://{address}/"), &[]).await;
    let (status, problem) = platform.check().await;
    assert_eq!((status, &problem["errors"][0]["code"]), (502, &json!("tls")), "{problem}");
    let words = problem["detail"].as_str().unwrap();
    assert!(words.contains(&address.to_string()) && !words.contains("certificate"), "{words}");
}

#[tokio::test]
async fn what_hangs_or_drips_ends_after_ten_seconds_and_delays_no_request() {
    let vendor = LicenseServer::start();
    let authority = vendor.authority().display().to_string();
    for mode in ["hang", "slow"] {
        vendor.behave("well").await;
        let mut platform = Platform::asking(&vendor.url, &[(Key::EgressCaFile, &authority)]).await;
        platform.begin().await;
        vendor.behave(mode).await;
        let next = seconds(&platform.status().await["phoneHome"]["nextAt"]);
        platform.server.clock.store(next, Ordering::Relaxed);
        platform.status().await;
        let (begun, app) = (Instant::now(), platform.server.app.clone());
        let pass = tokio::spawn(async move { jobs::pass(&app).await });
        let mut slowest = Duration::ZERO;
        let mut asked = 0;
        while !pass.is_finished() {
            let asking = Instant::now();
            let state = claims(&mut platform.admin).await["state"].clone();
            assert!(state == "active" || state == "degraded", "{state}");
            slowest = slowest.max(asking.elapsed());
            asked += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(begun.elapsed() < Duration::from_secs(15), "{mode}");
        }
        let took = begun.elapsed();
        assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&took), "{mode}: {took:?}");
        // One that waited for the call would have taken seconds.
        assert!(asked > 50 && slowest < Duration::from_secs(2), "{mode}: {asked} requests, the slowest {slowest:?}");
        let status = platform.status().await;
        assert_eq!((&status["state"], &status["phoneHome"]["lastError"]), (&json!("degraded"), &json!("timeout")));
    }
}
