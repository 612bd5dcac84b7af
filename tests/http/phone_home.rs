//! The license server is asked, and what follows from what it says. The clock stands still but for where a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use countersign::clock::Clock;
use countersign::config::Key;
use countersign::jobs;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::answerer::{Answerer, DAY, HOUR, Platform, at, broken, plain, revoked, said, seconds, settings, valid};
use crate::ask::{Browser, NOW, Server};
use crate::license::claims;
use crate::story::{body, code, first, renewal};

const GRACE: i64 = 30 * DAY;

#[tokio::test]
async fn only_license_customer_key_and_a_nonce_leave() {
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    platform.pass().await;
    let next = seconds(&platform.status().await["phoneHome"]["nextAt"]);
    assert!((NOW + 60..=NOW + 120).contains(&next), "nobody is asked at once: {}", next - NOW);
    platform.server.clock.store(next - 1, Ordering::Relaxed);
    platform.pass().await;
    assert!(answerer.asked().is_empty());
    platform.pass_when_due().await;
    platform.pass_when_due().await;
    let asked = answerer.asked();
    let [one, other] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((&one["method"], &one["path"]), (&json!("POST"), &json!("/api/license/validate")));
    let headers = one["headers"].as_array().unwrap();
    let known = ["content-type", "accept", "host", "content-length"].map(|name| json!(name));
    assert!(headers.iter().all(|header| known.contains(header)), "{headers:?}");
    let mut members: Vec<_> = one["body"].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["customer", "keySha256", "licenseId", "nonce"]);
    assert_eq!(one["body"]["licenseId"], "lic_first");
    assert_eq!(one["body"]["customer"], "cust_acme");
    assert_eq!(one["body"]["keySha256"], crate::story::VENDOR.fingerprint());
    let nonce = |one: &Value| one["body"]["nonce"].as_str().unwrap().to_owned();
    assert!(nonce(one).len() >= 22 && nonce(one) != nonce(other));
}

#[tokio::test]
async fn the_time_of_grace_begins_with_the_first_failure_outlives_restarts_and_ends_with_an_answer() {
    let answerer = Answerer::start().await;
    let url = answerer.url();
    let mut platform = Platform::asking(&url, &[]).await;
    platform.begin().await;
    let status = platform.status().await;
    let good = platform.now();
    assert_eq!(
        (&status["state"], &status["mode"], &status["locksAt"]),
        (&json!("active"), &json!("online"), &Value::Null)
    );
    let home = &status["phoneHome"];
    assert_eq!((&home["lastSuccessAt"], &home["failures"], &home["lastError"]), (&at(good), &json!(0), &Value::Null));
    let next = seconds(&home["nextAt"]);
    assert!((good + 23 * HOUR..=good + 25 * HOUR).contains(&next), "{}", next - good);

    answerer.says(broken);
    platform.pass_when_due().await;
    let first = platform.now();
    let status = platform.status().await;
    assert_eq!((&status["state"], &status["locksAt"]), (&json!("degraded"), &at(first + GRACE)));
    let home = &status["phoneHome"];
    let facts = ["lastSuccessAt", "firstFailureAt", "failures", "lastError", "locksAt"].map(|name| home[name].clone());
    assert_eq!(facts, [at(good), at(first), json!(1), json!("status-500"), at(first + GRACE)]);
    assert_eq!(claims(&mut platform.admin).await["state"], "degraded");

    // Each wait is twice as long, up to an hour; the beginning stays.
    for base in [60, 120, 240, 480, 960, 1920, 3600, 3600] {
        let wait = seconds(&platform.status().await["phoneHome"]["nextAt"]) - platform.now();
        assert!((base..=base + base / 4).contains(&wait), "{wait}, not about {base}");
        platform.pass_when_due().await;
        assert_eq!(platform.status().await["locksAt"], at(first + GRACE));
    }
    assert_eq!(platform.status().await["phoneHome"]["failures"], 9);
    assert_eq!(answerer.asked().len(), 1 + 9);

    // Another process on the same database.
    let now = first + 10 * DAY;
    let server = Server::again("/", &settings(&url, &[]), platform.server.folder.clone()).await;
    server.clock.store(now, Ordering::Relaxed);
    let mut admin = server.browser();
    admin.jar.clone_from(&platform.admin.jar);
    let mut platform = Platform { server, admin };
    platform.pass().await;
    assert_eq!(platform.status().await["locksAt"], at(first + GRACE), "a restart does not begin anew");

    for (now, state) in [(first + GRACE - 1, "degraded"), (first + GRACE, "lapsed"), (first + GRACE + DAY, "lapsed")] {
        platform.server.clock.store(now, Ordering::Relaxed);
        assert_eq!(platform.state().await, state);
    }
    platform.pass().await;
    platform.server.clock.store(first + DAY, Ordering::Relaxed);
    assert_eq!(platform.state().await, "lapsed", "a clock that is set back gives nothing back");

    answerer.says(valid);
    platform.server.clock.store(first + GRACE + 2 * DAY, Ordering::Relaxed);
    platform.pass().await;
    let status = platform.status().await;
    assert_eq!((&status["state"], &status["locksAt"]), (&json!("active"), &Value::Null));
    assert_eq!(status["phoneHome"]["failures"], 0);
    assert_eq!(platform.told().await, ["phone-home.failed", "phone-home.restored"], "the first failure alone is told");
    let changes = platform.server.audit().await.into_iter().filter(|row| row.1 == "license.state").count();
    assert_eq!(changes, 3, "degraded, lapsed and active again");
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_the_grace_longer() {
    let answerer = Answerer::start().await;
    answerer.says(broken);
    let (now, uptime) = (Arc::new(AtomicI64::new(NOW)), Arc::new(AtomicI64::new(0)));
    let clock = Clock::Apart { now: now.clone(), uptime: uptime.clone() };
    let (url, folder) = (answerer.url(), Arc::new(TempDir::new().unwrap()));
    let server = Server::made("/", &settings(&url, &[]), folder, |app| app.clock = clock).await;
    let mut admin = server.install(&first()).await;
    let pass = async |passes: i64| {
        now.fetch_add(passes, Ordering::Relaxed);
        uptime.fetch_add(passes, Ordering::Relaxed);
        jobs::pass(&server.app).await;
    };
    let mut state = async || {
        let at = now.load(Ordering::Relaxed).to_string();
        let sql = "UPDATE sessions SET seen_at = CAST($1 AS INTEGER), expires_at = CAST($1 AS INTEGER) + 1000";
        server.sql(sql, &[&at]).await;
        claims(&mut admin).await["state"].as_str().unwrap().to_owned()
    };
    pass(0).await;
    pass(120).await;
    assert_eq!(state().await, "degraded");
    // Each day that passes, somebody sets the clock back to the first day.
    for day in 1..30 {
        pass(DAY).await;
        assert_eq!(state().await, "degraded", "day {day}");
        now.store(NOW + 500, Ordering::Relaxed);
        pass(0).await;
        assert_eq!(state().await, "degraded", "day {day}");
    }
    pass(DAY).await;
    assert_eq!(state().await, "lapsed", "thirty days have passed, whatever the clock says");
    assert!(now.load(Ordering::Relaxed) < NOW + 2 * DAY);
}

#[tokio::test]
async fn a_revocation_counts_at_once_and_can_be_taken_back() {
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    platform.begin().await;
    answerer.says(revoked);
    platform.pass_when_due().await;
    let status = platform.status().await;
    assert_eq!((&status["state"], &status["phoneHome"]["failures"]), (&json!("revoked"), &json!(0)));
    assert_eq!(claims(&mut platform.admin).await["state"], "revoked");
    let page = platform.admin.get("/settings/license").await.body;
    assert!(page.contains("About the revocation the vendor says") && page.contains("Not paid."), "{page}");
    assert!(!page.contains('\u{202e}'));
    // Out of reach, it stays so.
    answerer.says(broken);
    platform.pass_when_due().await;
    assert_eq!(platform.state().await, "revoked");
    answerer.says(valid);
    platform.pass_when_due().await;
    assert_eq!(platform.state().await, "active");
    let told = ["license.revoked", "phone-home.failed", "phone-home.restored", "license.reinstated"];
    assert_eq!(platform.told().await, told);
}

#[tokio::test]
async fn a_fresh_bundle_ends_a_lapse_at_once() {
    let answerer = Answerer::start().await;
    answerer.says(broken);
    let mut platform = Platform::asking(&answerer.url(), &[(Key::LicenseGracePeriod, "1000")]).await;
    platform.begin().await;
    platform.server.wait(1000);
    assert_eq!(platform.state().await, "lapsed");
    let rotated =
        platform.admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body(&renewal())).await;
    assert_eq!(rotated.json()["state"], "active", "{}", rotated.body);
    let status = platform.status().await;
    assert_eq!((&status["state"], &status["phoneHome"]["nextAt"]), (&json!("active"), &Value::Null));
    platform.pass().await;
    let next = seconds(&platform.status().await["phoneHome"]["nextAt"]) - platform.now();
    assert!((60..=120).contains(&next), "{next}");
}

#[tokio::test]
async fn of_many_replicas_one_asks_and_another_when_that_one_dies() {
    let answerer = Answerer::start().await;
    let (url, mut platforms) = (answerer.url(), Vec::new());
    let mut platform = Platform::asking(&url, &[]).await;
    platform.pass().await;
    for _ in 0..4 {
        platforms.push(Server::again("/", &settings(&url, &[]), platform.server.folder.clone()).await);
    }
    let all = async |now: i64| {
        let passes = platforms.iter().map(|server| {
            server.clock.store(now, Ordering::Relaxed);
            jobs::pass(&server.app)
        });
        futures_util::future::join_all(passes).await;
    };
    for asked in 1..=5 {
        let due = seconds(&platform.status().await["phoneHome"]["nextAt"]);
        all(due - 1).await;
        assert_eq!(answerer.asked().len(), asked - 1);
        platform.server.clock.store(due, Ordering::Relaxed);
        all(due).await;
        assert_eq!(answerer.asked().len(), asked, "one of four asks");
    }

    // The one that asks is gone before it hears the answer.
    let hanging = hanging().await;
    let due = seconds(&platform.status().await["phoneHome"]["nextAt"]);
    let dying = Server::again("/", &settings(&hanging, &[]), platform.server.folder.clone()).await;
    dying.clock.store(due, Ordering::Relaxed);
    assert!(timeout(Duration::from_millis(300), jobs::pass(&dying.app)).await.is_err(), "it waits for the answer");
    all(due).await;
    all(due + 24).await;
    assert_eq!(answerer.asked().len(), 5);
    // With its next pass, at most half a minute later.
    all(due + 25).await;
    assert_eq!(answerer.asked().len(), 6, "another one asks");
}

/// The address of a license server that takes connections and never says a word.
async fn hanging() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok(connection) = listener.accept().await {
            open.push(connection);
        }
    });
    url
}

#[tokio::test]
async fn without_a_license_in_force_or_online_mode_nobody_is_asked() {
    let answerer = Answerer::start().await;
    for mode in ["offline", "airgapped"] {
        let mut platform = Platform::asking(&answerer.url(), &[(Key::LicenseMode, mode)]).await;
        for _ in 0..3 {
            platform.pass().await;
            platform.server.wait(2 * DAY);
        }
        let status = platform.status().await;
        assert_eq!((&status["mode"], &status["phoneHome"]["nextAt"]), (&json!(mode), &Value::Null));
        let (status, problem) = platform.check().await;
        assert_eq!((status, &problem["code"]), (409, &json!("not-online")));
        assert!(problem["detail"].as_str().unwrap().contains(mode), "{problem}");
        assert!(!platform.admin.get("/settings/license").await.body.contains("Check now"));
    }
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    platform.server.wait(400 * DAY);
    platform.pass().await;
    platform.server.wait(HOUR);
    platform.pass().await;
    let (status, problem) = platform.check().await;
    assert_eq!((status, &problem["code"]), (409, &json!("nothing-to-check")));
    assert!(answerer.asked().is_empty());
}

#[tokio::test]
async fn a_due_time_that_a_wrong_clock_set_is_not_waited_for() {
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    platform.begin().await;
    platform.server.sql("UPDATE phone_home SET next_at = next_at + 34560000, seen_at = seen_at + 34560000", &[]).await;
    platform.pass().await;
    assert_eq!(answerer.asked().len(), 2);
    let next = seconds(&platform.status().await["phoneHome"]["nextAt"]) - platform.now();
    assert!(next <= 25 * HOUR, "{next}");
}

#[tokio::test]
async fn an_answer_that_comes_late_undoes_nothing_newer() {
    type Said = fn(&Value) -> Response<Body>;
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    platform.begin().await;
    for (late, meanwhile, state) in [
        ("valid", revoked as Said, "revoked"),
        ("revoked", valid as Said, "active"),
        ("garbage", valid as Said, "active"),
        ("valid", broken as Said, "degraded"),
        ("garbage", valid as Said, "active"),
    ] {
        let (release, held) = tokio::sync::oneshot::channel::<()>();
        let held = Mutex::new(Some(held));
        answerer.says(move |question| {
            let held = held.lock().unwrap().take().expect("it is asked once");
            let answer = said(late, question).to_string();
            let answer = async move { held.await.map(|()| answer) };
            plain(200, "application/json", Body::from_stream(futures_util::stream::once(answer)))
        });
        // The job asks, and waits for the answer.
        let due = seconds(&platform.status().await["phoneHome"]["nextAt"]);
        platform.server.clock.store(due, Ordering::Relaxed);
        let (app, asked) = (platform.server.app.clone(), answerer.asked().len());
        let pass = tokio::spawn(async move { jobs::pass(&app).await });
        while answerer.asked().len() == asked {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // An administrator asks meanwhile, and hears something else.
        answerer.says(meanwhile);
        platform.check().await;
        let before = platform.status().await;
        assert_eq!(before["state"], state, "{late}");
        let audit = platform.server.audit().await.len();
        release.send(()).unwrap();
        pass.await.unwrap();
        let mut after = platform.status().await;
        let again = seconds(&after["phoneHome"]["nextAt"]) - platform.now();
        if late == "garbage" {
            assert!(again >= 23 * HOUR, "a failure of before is no news");
        } else {
            assert!(again <= 75, "who hears two things asks again soon: {again}");
        }
        after["phoneHome"]["nextAt"] = before["phoneHome"]["nextAt"].clone();
        assert_eq!(after, before, "{late}");
        let rows = platform.server.audit().await;
        let told: Vec<_> = rows.iter().skip(audit).filter(|row| row.1 != "license.state").collect();
        assert!(told.is_empty(), "{late}: {told:?}");
    }
}

#[tokio::test]
async fn a_replica_whose_clock_is_days_behind_makes_no_storm() {
    let answerer = Answerer::start().await;
    let url = answerer.url();
    let mut platform = Platform::asking(&url, &[]).await;
    platform.begin().await;
    let behind = Server::again("/", &settings(&url, &[]), platform.server.folder.clone()).await;
    let begun = platform.now();
    let asked = answerer.asked().len();
    for pass in 0..240 {
        platform.server.clock.store(begun + 30 * pass, Ordering::Relaxed);
        behind.clock.store(begun + 30 * pass - 3 * DAY, Ordering::Relaxed);
        jobs::pass(&behind.app).await;
        platform.pass().await;
    }
    let asked = answerer.asked().len() - asked;
    assert!((1..=5).contains(&asked), "asked {asked} times in two hours");
}

#[tokio::test]
async fn a_license_that_stands_well_adds_nothing_to_what_each_request_reads() {
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    platform.begin().await;
    for (says, rows) in [(valid as fn(&Value) -> Response<Body>, 0), (broken, 1), (valid, 0), (revoked, 1), (broken, 1)]
    {
        answerer.says(says);
        platform.pass_when_due().await;
        let pair = platform.server.app.store.pair().await.unwrap().unwrap();
        assert_eq!(pair.known.len(), rows);
    }
    assert!(platform.status().await["phoneHome"]["lastSuccessAt"].is_string());
}

#[tokio::test]
async fn an_administrator_has_it_asked_at_most_once_a_minute() {
    let answerer = Answerer::start().await;
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    let path = "/api/auth/license/check";
    // Many at once.
    let mut people: Vec<Browser> = (0..8).map(|_| platform.admin.clone()).collect();
    let nothing = json!({});
    let answers = futures_util::future::join_all(people.iter_mut().map(|person| person.json(path, &nothing))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429, 429, 429, 429, 429, 429, 429]);
    assert_eq!(answerer.asked().len(), 1);
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!((refused.header("retry-after"), code(refused)), ("60", "checked-already".to_owned()));
    platform.server.wait(59);
    let refused = platform.admin.json(path, &nothing).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));

    // A person, on the page.
    platform.server.wait(1);
    let sent = platform.admin.form(path, &[]).await;
    let page = platform.admin.follow(&sent).await.body;
    assert!(page.contains("The license server was reached, and the license is good."), "{page}");
    assert!(page.contains("Check now") && page.contains(&answerer.address.to_string()), "{page}");
    platform.server.wait(60);
    answerer.says(broken);
    let sent = platform.admin.form(path, &[]).await;
    let page = platform.admin.follow(&sent).await.body;
    assert!(page.contains("answered with status 500") && page.contains("Out of reach since"), "{page}");
    let sent = platform.admin.form(path, &[]).await;
    assert_eq!(sent.status, 429);
    assert!(sent.body.contains("asked less than a minute ago"), "{}", sent.body);
}
