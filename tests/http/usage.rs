//! What services use: reported, held against the license, and seen over time.

use countersign::config::Key;
use countersign::jobs;
use countersign_app::Role;
use serde_json::{Value, json};

use crate::ask::{Answer, BASES, Browser, NOW, Server};
use crate::story::{VENDOR, code, first};

const DAY: i64 = 24 * 60 * 60;
const TOKEN: &str = "a-token-for-services";
const USAGE: &str = "/api/license/usage";

async fn platform(base: &str) -> (Server, Browser) {
    // Offline, as the clock goes through months: nobody outside is asked about the license meanwhile.
    let server = Server::with(base, &[(Key::ServiceToken, TOKEN), (Key::LicenseMode, "offline")]).await;
    let admin = server.install(&first()).await;
    (server, admin)
}

impl Server {
    /// So many services that have just reported nothing.
    pub async fn services(&self, count: u32) {
        let (now, count) = ((NOW + 100_000).to_string(), count.to_string());
        self.sql(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT)) \
             INSERT INTO usage_reports SELECT 'many-' || i, 0, 0, 0, CAST($1 AS BIGINT) FROM n",
            &[&now, &count],
        )
        .await;
    }
}

async fn report(who: &mut Browser, token: &str, body: &Value) -> Answer {
    who.json_with(USAGE, &[("authorization", &format!("Bearer {token}"))], body).await
}

fn uses(service: &str, cpu: u64, ram: u64) -> Value {
    json!({ "service": service, "cpuCores": cpu, "ramGb": ram, "vramGb": 100 })
}

#[tokio::test]
async fn services_report_with_their_token_and_learn_the_sums() {
    for base in BASES {
        let (server, mut admin) = platform(base).await;
        let mut service = server.browser();
        let first = report(&mut service, TOKEN, &uses("models", 12, 100)).await;
        assert_eq!(first.status, 200, "{}", first.body);
        assert_eq!(
            first.json(),
            json!({
                "used": { "cpuCores": 12, "ramGb": 100, "vramGb": 100, "users": 1 },
                "entitled": { "cpuCores": 64, "ramGb": 256, "vramGb": 48, "users": 50 },
                "near": [], "exceeded": [],
            }),
            "video memory is never compared"
        );
        // 52 of 64 is more than four fifths, 257 of 256 is too much. Nothing is refused for it.
        let second = report(&mut service, TOKEN, &uses("reports", 40, 157)).await.json();
        assert_eq!((&second["near"], &second["exceeded"]), (&json!(["cpuCores"]), &json!(["ramGb"])));
        // A service's newer report takes the place of its older one.
        let third = report(&mut service, TOKEN, &uses("reports", 1, 1)).await.json();
        assert_eq!(third["used"], json!({ "cpuCores": 13, "ramGb": 101, "vramGb": 200, "users": 1 }));
        let seen = admin.get(USAGE).await.json();
        let services: Vec<_> = seen["services"].as_array().expect("a list").iter().map(|one| &one["service"]).collect();
        assert_eq!((services, &seen["used"]), (vec![&json!("models"), &json!("reports")], &third["used"]));
        // An administrator may say it too.
        let own = admin.json(USAGE, &json!({ "service": "by-hand", "cpuCores": 1, "ramGb": 0 })).await;
        assert_eq!(own.json()["used"]["cpuCores"], 14, "{}", own.body);
        let page = admin.get("/settings/license").await.body;
        assert!(page.contains("14 of 64 in use") && page.contains("contractual only"), "{page}");
        assert!(page.contains("3 services have reported"), "{page}");
        let member = server.somebody(Role::Member).await.get("/settings/license").await.body;
        assert!(!member.contains("in use"), "{member}");
    }
}

#[tokio::test]
async fn without_the_right_token_nothing_is_taken() {
    let (server, admin) = platform("/").await;
    let body = uses("models", 1, 1);
    let mut nobody = server.browser();
    for headers in [
        vec![],
        vec![("authorization", "Bearer a-token-for-servicex")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "Bearer")],
        vec![("authorization", TOKEN)],
        vec![("authorization", "Basic YTpi")],
        vec![("authorization", "Bearer a-token-for-services-and-more")],
        vec![("authorization", "Bearer a-token-for-services"), ("authorization", "Bearer a-token-for-services")],
    ] {
        let answer = nobody.json_with(USAGE, &headers, &body).await;
        assert_eq!(answer.status, 401, "{headers:?}: {}", answer.body);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let expected = if headers.is_empty() { "signed-out" } else { "service-token-wrong" };
        assert_eq!(code(&answer), expected, "{headers:?}");
        // Who shows a token is judged by it, session or not.
        let status = admin.clone().json_with(USAGE, &headers, &body).await.status;
        assert_eq!(status, if headers.is_empty() { 200 } else { 401 }, "{headers:?}");
    }
    assert_eq!(report(&mut server.somebody(Role::Member).await, TOKEN, &body).await.status, 200);
    assert_eq!(server.somebody(Role::OrgAdmin).await.get(USAGE).await.status, 200);
    // The token opens nothing else.
    let shown = [("authorization", "Bearer a-token-for-services")];
    for path in ["/api/license/usage", "/api/analytics/usage", "/api/users"] {
        let answer = nobody.send(axum::http::Method::GET, path, &shown, "").await;
        assert_eq!(answer.status, 401, "{path}");
    }
    // And where none is configured, none is right.
    let (server, _) = Server::set_up("/").await;
    for token in ["", TOKEN, "None"] {
        assert_eq!(report(&mut server.browser(), token, &body).await.status, 401);
    }
}

#[tokio::test]
async fn names_and_numbers_are_bounded() {
    let (server, _) = platform("/").await;
    let mut service = server.browser();
    let long = "x".repeat(65);
    for (body, field, wrong) in [
        (json!({ "cpuCores": 1, "ramGb": 1 }), "service", "missing"),
        (uses("a b", 1, 1), "service", "service-invalid"),
        (uses("<b>", 1, 1), "service", "service-invalid"),
        (uses(&long, 1, 1), "service", "service-invalid"),
        (json!({ "service": "a", "ramGb": 1 }), "cpuCores", "missing"),
        (json!({ "service": "a", "cpuCores": 1.5, "ramGb": 1 }), "cpuCores", "count"),
        (json!({ "service": "a", "cpuCores": 1_000_000_001, "ramGb": 1 }), "cpuCores", "count"),
        (json!({ "service": "a", "cpuCores": -1, "ramGb": 1 }), "cpuCores", "count"),
        (json!({ "service": "a", "cpuCores": 1, "ramGb": "many" }), "ramGb", "count"),
        (json!({ "service": "a", "cpuCores": 1, "ramGb": 1, "vramGb": [] }), "vramGb", "type"),
    ] {
        let answer = report(&mut service, TOKEN, &body).await;
        let errors = answer.json()["errors"].clone();
        if wrong == "type" {
            // An empty list is as good as nothing.
            assert_eq!(answer.status, 200, "{}", answer.body);
            continue;
        }
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(field), &json!(wrong)), "{body}");
    }
    let most = 1_000_000_000_u64;
    assert_eq!(report(&mut service, TOKEN, &uses("a", most, most)).await.json()["used"]["cpuCores"], most);
}

#[tokio::test]
async fn a_thousand_services_are_known_and_no_more() {
    let (server, _) = platform("/").await;
    let mut service = server.browser();
    assert_eq!(report(&mut service, TOKEN, &uses("first", 1, 1)).await.status, 200);
    server.services(999).await;
    let refused = report(&mut service, TOKEN, &uses("one-more", 1, 1)).await;
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (409, "too-many-services"));
    assert_eq!(report(&mut service, TOKEN, &uses("first", 2, 1)).await.json()["used"]["cpuCores"], 2);
}

#[tokio::test]
async fn a_report_counts_for_a_day_and_the_most_of_each_day_is_kept() {
    let (server, _) = platform("/").await;
    let mut service = server.browser();
    report(&mut service, TOKEN, &uses("models", 30, 30)).await;
    report(&mut service, TOKEN, &uses("models", 10, 40)).await;
    server.wait(DAY - 1);
    jobs::pass(&server.app).await;
    assert_eq!(server.app.store.usage(NOW + DAY - 1).await.expect("an answer").0.cpu_cores, 10);
    server.wait(1);
    assert_eq!(server.app.store.usage(NOW + DAY).await.expect("an answer").0.cpu_cores, 0, "it is a day old");
    server.somebody(Role::Member).await;
    server.wait(DAY);
    for _ in 0..3 {
        jobs::pass(&server.app).await;
    }
    let mut member = server.browser();
    member.jar.insert("session".to_owned(), format!("session-of-{}", Role::OrgAdmin.name()));
    server.somebody(Role::OrgAdmin).await;
    jobs::pass(&server.app).await;
    let days = member.get("/api/analytics/usage").await.json();
    assert_eq!(
        days,
        json!({
            "entitled": { "cpuCores": 64, "ramGb": 256, "vramGb": 48, "users": 50 },
            "days": [
                { "day": "2026-09-23", "cpuCores": 0, "ramGb": 0, "vramGb": 0, "users": 3 },
                { "day": "2026-09-22", "cpuCores": 10, "ramGb": 40, "vramGb": 100, "users": 1 },
                { "day": "2026-09-21", "cpuCores": 30, "ramGb": 40, "vramGb": 100, "users": 1 },
            ],
        })
    );
    server.wait(89 * DAY);
    let admin = json!({ "email": crate::story::ADMIN, "password": crate::story::PASSWORD });
    assert_eq!(member.json("/api/auth/sign-in/email", &admin).await.status, 200);
    let days = member.get("/api/analytics/usage").await.json()["days"].as_array().expect("a list").len();
    assert_eq!(days, 1, "ninety days are shown, today included");
}

#[tokio::test]
async fn the_page_is_there_for_whom_the_license_grants_it_and_so_is_the_way_to_it() {
    for base in BASES {
        let (server, mut admin) = platform(base).await;
        report(&mut server.browser(), TOKEN, &uses("models", 60, 300)).await;
        let mut member = server.somebody(Role::Member).await;
        let link = format!("href=\"{}\"", crate::ask::at(base, "/analytics"));
        for who in [&mut admin, &mut member] {
            assert_eq!(who.get("/").await.body.matches(&link).count(), 2, "in the header and in the page");
            let page = who.get("/analytics").await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains("60 of 64") && page.body.contains("nearly all in use"), "{}", page.body);
            assert!(page.body.contains("300 of 256") && page.body.contains("more than licensed"), "{}", page.body);
            assert!(page.body.contains("of 50") && page.body.contains("<caption"), "{}", page.body);
        }
        let without = VENDOR.issue(&json!({ "scrydon": { "features": { "analytics": false } } }));
        server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&without.jwt]).await;
        for who in [&mut admin, &mut member] {
            assert!(!who.get("/").await.body.contains(&link), "no way to what is not there");
            let page = who.get("/analytics").await;
            assert_eq!((page.status.as_u16(), page.header("x-license-feature")), (403, "analytics"));
            assert!(page.body.contains("Analytics: not part of the license"), "{}", page.body);
        }
        let away = server.browser().get("/analytics").await;
        assert_eq!(away.status, 303);
        assert!(away.header("location").contains("sign-in?next="), "{}", away.header("location"));
    }
}
