//! What monitoring reads, as a scraper reads it.

use std::collections::{BTreeMap, BTreeSet};

use countersign::config::Key;
use countersign_license::State;
use prometheus_parse::{Scrape, Value};
use serde_json::json;

use crate::ask::{Answer, BASES, NOW, Server};
use crate::license::claims;
use crate::story::{ADMIN, VENDOR, body, first, renewal};

const DAY: i64 = 24 * 60 * 60;
const TOKEN: &str = "a-token-of-monitoring-alone";

/// The values of a scrape: those with labels by `name{value,value}`.
fn read(answer: &Answer) -> BTreeMap<String, i64> {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/plain; version=0.0.4"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let lines = answer.body.lines().filter(|line| !line.is_empty()).map(|line| Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).expect("the text format");
    let samples = answer.body.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
    assert_eq!(scrape.samples.len(), samples, "a line that is no sample: {}", answer.body);
    let value = |sample: &prometheus_parse::Sample| {
        assert!(scrape.docs.contains_key(&sample.metric), "no help: {}", sample.metric);
        let labels: BTreeSet<&str> = sample.labels.values().map(String::as_str).collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        let label = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // All of ours are whole, and small enough for a float to hold.
        let whole = |value: f64| value.to_string().parse().expect("a whole number");
        match sample.value {
            Value::Counter(value) => {
                assert!(sample.metric.ends_with("_total"), "{}", sample.metric);
                (sample.metric.clone() + &label, whole(value))
            }
            Value::Gauge(value) => (sample.metric.clone() + &label, whole(value)),
            ref other => panic!("{}: {other:?}", sample.metric),
        }
    };
    scrape.samples.iter().map(value).collect()
}

impl Server {
    async fn metrics(&self) -> BTreeMap<String, i64> {
        let shown = format!("Bearer {TOKEN}");
        read(&self.browser().send(axum::http::Method::GET, "/metrics", &[("authorization", &shown)], "").await)
    }
}

/// What a scrape says of the license in this state: exactly this state, and no time left where nothing is granted.
fn judge(metrics: &BTreeMap<String, i64>, state: State, now: i64) {
    for one in State::ALL {
        let name = format!("countersign_license_state{{{}}}", one.name());
        assert_eq!(metrics[&name], i64::from(one == state), "{name} while {state:?}");
    }
    assert_eq!(metrics["countersign_license_grants"], i64::from(state.grants()));
    let left = metrics.get("countersign_license_expires_in_seconds").copied();
    let end = metrics.get("countersign_license_expiry_timestamp_seconds").copied();
    let locks = metrics.get("countersign_license_locks_timestamp_seconds").copied();
    let is_genuine = !matches!(state, State::Unlicensed | State::Tampered);
    assert_eq!(left.is_some(), is_genuine, "{state:?}");
    assert_eq!(end.is_some(), state.grants() || state == State::Expired, "{state:?}");
    assert_eq!(locks.is_some(), state == State::Degraded, "{state:?}");
    if !state.grants() {
        assert!(left.is_none_or(|left| left <= 0) && end.is_none_or(|end| end <= now), "{state:?}: {left:?}");
    } else if let (Some(left), Some(end)) = (left, end) {
        assert!(left > 0 && end - now == left, "{state:?}");
    }
}

#[tokio::test]
async fn each_state_is_told_and_no_time_is_left_where_nothing_is_granted() {
    for base in BASES {
        let server = Server::with(base, &[(Key::MetricsToken, TOKEN), (Key::LicenseGracePeriod, "86400")]).await;
        judge(&server.metrics().await, State::Unlicensed, NOW);
        let mut admin = server.install(&VENDOR.issue(&json!({ "nbf": NOW - 10 }))).await;
        let mut seen = Vec::new();
        let failing = "INSERT INTO phone_home (subject, next_at, first_failure_at, last_success_at, failures) \
                       VALUES ($1, 9999999999, 1790000000, 1789999000, 3)";
        let subject = countersign::licensing::subject(
            &countersign::licensing::installed(&server.app.store, &server.app.terms, NOW)
                .await
                .expect("a database")
                .expect("a license")
                .inspection,
        );
        for (statement, clock, state) in [
            ("", 0, State::Active),
            ("", -20, State::NotYetValid),
            ("", 336 * DAY, State::Expiring),
            ("", 365 * DAY, State::Expired),
            (failing, 100, State::Degraded),
            ("", DAY, State::Lapsed),
            ("UPDATE phone_home SET revoked_at = 1790000000 WHERE subject = $1", 200, State::Revoked),
            (
                "UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt' AND $1 <> ''",
                0,
                State::Tampered,
            ),
            (
                "DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key') AND $1 <> ''",
                0,
                State::Unlicensed,
            ),
        ] {
            if !statement.is_empty() {
                assert!(server.sql(statement, &[&subject]).await > 0, "{statement}");
            }
            server.wait(NOW + clock - server.app.clock.now());
            let metrics = server.metrics().await;
            judge(&metrics, state, NOW + clock);
            if state == State::Degraded {
                assert_eq!(metrics["countersign_license_locks_timestamp_seconds"], NOW + DAY);
                assert_eq!(metrics["countersign_phone_home_failures"], 3);
                assert_eq!(metrics["countersign_phone_home_last_success_timestamp_seconds"], NOW - 1000);
                assert_eq!(metrics["countersign_phone_home_last_success_age_seconds"], 1100);
            }
            if clock.abs() < DAY {
                // The same word as everywhere.
                assert_eq!(claims(&mut admin).await["state"], state.name());
            }
            seen.push(state);
        }
        seen.sort();
        assert_eq!(seen, State::ALL.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn only_the_token_opens_it() {
    for base in BASES {
        // Without the setting nothing is there.
        let (server, mut admin) = Server::set_up(base).await;
        assert_eq!(admin.get("/metrics").await.status, 404);
        drop(server);

        let server = Server::with(base, &[(Key::MetricsToken, TOKEN)]).await;
        let mut admin = server.install(&first()).await;
        let bearer = format!("Bearer {TOKEN}");
        let near = format!("Bearer {TOKEN}x");
        let basic = format!("Basic {TOKEN}");
        for wrong in ["", "Bearer", "Bearer ", "Bearer wrong", TOKEN, &near, &basic] {
            let answer = admin.send(axum::http::Method::GET, "/metrics", &[("authorization", wrong)], "").await;
            assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"), "{wrong:?}");
            assert_eq!(answer.json()["code"], "metrics-token");
            assert!(!answer.body.contains("countersign_"));
        }
        let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
        assert_eq!(admin.send(axum::http::Method::GET, "/metrics", &twice, "").await.status, 401);
        // No session counts for it.
        assert_eq!(admin.get("/metrics").await.status, 401);
        let metrics = server.metrics().await;
        assert_eq!(metrics["countersign_database_up"], 1);
        assert!(metrics["countersign_http_requests_total{4xx}"] >= 9);
    }
}

#[tokio::test]
async fn what_was_counted_survives_a_restart() {
    let settings = [(Key::MetricsToken, TOKEN)];
    let server = Server::with("/", &settings).await;
    let mut admin = server.install(&first()).await;
    let metrics = server.metrics().await;
    assert_eq!(metrics["countersign_license_rotations_total"], 0);
    assert_eq!(metrics["countersign_license_revision"], 1);
    let new = [("if-match", "\"1\"")];
    assert_eq!(admin.json_with("/api/auth/license/rotate", &new, &body(&renewal())).await.status, 200);
    let again = Server::again("/", &settings, server.folder.clone()).await;
    let metrics = again.metrics().await;
    assert_eq!(metrics["countersign_license_rotations_total"], 1);
    assert_eq!(metrics["countersign_license_revision"], 2);
    assert_eq!(metrics["countersign_license_expires_in_seconds"], 730 * DAY);
    assert_eq!([metrics["countersign_users"], metrics["countersign_users_limit"]], [1, 50]);
    assert_eq!(metrics["countersign_sessions"], 1);
    assert_eq!(metrics["countersign_http_requests_total{2xx}"], 0, "this process has answered nothing yet");
}

#[tokio::test]
async fn refusals_of_the_gates_are_counted_by_feature() {
    let server = Server::with("/", &[(Key::MetricsToken, TOKEN)]).await;
    let mut service = server.browser();
    server.install(&first()).await;
    for (feature, status) in [("analytics", 204), ("agentic", 403), ("agentic", 403), ("somebody-s-idea", 403)] {
        let answer = service.get(&format!("/api/license/authorize?feature={feature}")).await;
        assert_eq!(answer.status.as_u16(), status, "{feature}");
    }
    let metrics = server.metrics().await;
    let counts = ["analytics", "agentic", "other"]
        .map(|feature| metrics[&format!("countersign_license_gate_refusals_total{{{feature}}}")]);
    assert_eq!(counts, [0, 2, 1]);
    assert!(!metrics.keys().any(|name| name.contains("idea")), "names come from requests");
}

#[tokio::test]
async fn without_a_database_nothing_that_it_knew_is_told() {
    let server = Server::with("/", &[(Key::MetricsToken, TOKEN)]).await;
    let _admin = server.install(&first()).await;
    let before = server.metrics().await;
    server.sql("ALTER TABLE platform_config RENAME TO elsewhere", &[]).await;
    let metrics = server.metrics().await;
    assert_eq!(metrics["countersign_database_up"], 0);
    let told: BTreeSet<_> = metrics.keys().map(|name| name.split('{').next().expect("a name")).collect();
    assert_eq!(
        told.into_iter().collect::<Vec<_>>(),
        [
            "countersign_build_info",
            "countersign_database_up",
            "countersign_http_requests_total",
            "countersign_license_gate_refusals_total",
            "countersign_process_start_time_seconds",
            "countersign_process_uptime_seconds",
        ]
    );
    server.sql("ALTER TABLE elsewhere RENAME TO platform_config", &[]).await;
    let after = server.metrics().await;
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    judge(&after, State::Active, NOW);
}

#[tokio::test]
async fn it_names_nobody_and_every_metric_is_documented() {
    let server = Server::with("/", &[(Key::MetricsToken, TOKEN)]).await;
    server.install(&first()).await;
    let shown = format!("Bearer {TOKEN}");
    let answer = server.browser().send(axum::http::Method::GET, "/metrics", &[("authorization", &shown)], "").await;
    for name in ["Acme", "cust_acme", "lic_first", ADMIN, "First Admin"] {
        assert!(!answer.body.contains(name), "{name}");
    }
    let subject =
        "INSERT INTO phone_home (subject, next_at, first_failure_at, last_success_at) SELECT $1, 9999999999, 1, 1";
    let now = server.app.clock.now();
    let installed = countersign::licensing::installed(&server.app.store, &server.app.terms, now).await;
    let of = countersign::licensing::subject(&installed.expect("a database").expect("a license").inspection);
    let mut told: BTreeSet<_> = server.metrics().await.into_keys().collect();
    server.sql(subject, &[&of]).await;
    server.sql("UPDATE phone_home SET first_failure_at = 1789999990", &[]).await;
    told.extend(server.metrics().await.into_keys());
    let told: BTreeSet<_> = told.iter().map(|name| name.split('{').next().expect("a name")).collect();
    let rows = include_str!("../../docs/metrics.md").lines().filter(|line| line.starts_with("| `countersign_"));
    let documented: BTreeSet<_> = rows.map(|row| row.split(['`', '{']).nth(1).expect("a name")).collect();
    assert_eq!(told, documented);
    assert!(told.iter().all(|name| name.starts_with("countersign_")));
}
