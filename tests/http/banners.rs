//! What stands about the license above every page, for whom, and how it is put away.

use axum::http::Method;
use countersign_app::Role;
use serde_json::{Value, json};

use crate::ask::{Answer, BASES, Browser, NOW, Server};
use crate::story::{VENDOR, body, code};

const DAY: i64 = 24 * 60 * 60;
const DISMISS: &str = "/api/license/dismiss";
const FORM: [(&str, &str); 2] =
    [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];

/// A platform whose license ends in so many seconds, and its administrator.
async fn ending(base: &str, seconds: i64) -> (Server, Browser) {
    let server = Server::start(base).await;
    let admin = server.install(&VENDOR.issue(&json!({ "exp": NOW + seconds }))).await;
    (server, admin)
}

/// The banners of a page: level, and the text without markup.
async fn banners(somebody: &mut Browser, page: &str) -> Vec<(String, String)> {
    let answer = somebody.get(page).await;
    let banner = |rest: &str| {
        let html = rest.split("</section>").next().unwrap().split("<div role=").next().unwrap();
        let level = html.split('"').next().unwrap().to_owned();
        let text: String = html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
        (level, text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    answer.body.split("class=\"banner ").skip(1).map(banner).collect()
}

/// A form that stood on this page puts a banner away.
async fn dismiss(somebody: &mut Browser, referer: &str, notice: &str) -> Answer {
    let headers = [&FORM[..], &[("referer", referer)]].concat();
    somebody.send(Method::POST, DISMISS, &headers, format!("notice={notice}")).await
}

async fn rotate(admin: &mut Browser, jti: &str, seconds: i64) {
    let preview = VENDOR.issue(&json!({ "jti": jti, "exp": NOW + seconds }));
    let mut body = body(&preview);
    let seen = admin.json("/api/auth/license/preview", &body).await;
    body["acknowledge"] = seen.json()["acknowledgements"].clone();
    let tag = seen.header("etag").to_owned();
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", &tag)], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn each_band_stands_above_every_page_that_does_not_say_it_larger() {
    for base in BASES {
        for (seconds, level, title) in [
            (31 * DAY, "", ""),
            (30 * DAY, "info", "Note The license expires in 30 days, on 21 October 2026"),
            (14 * DAY, "warning", "Warning The license expires in 14 days, on 5 October 2026"),
            (7 * DAY, "prominent", "Important The license expires in 7 days, on 28 September 2026"),
            (DAY, "critical", "Urgent The license expires in 1 day, on 22 September 2026"),
        ] {
            let (_server, mut admin) = ending(base, seconds).await;
            for page in ["/settings/license/update", "/settings/organization", "/settings/users", "/settings/audit"] {
                let told = banners(&mut admin, page).await;
                if level.is_empty() {
                    assert_eq!(told, []);
                    continue;
                }
                assert_eq!(told.len(), 1, "{page}");
                assert!(told[0].0 == level && told[0].1.starts_with(title), "{told:?}");
                assert!(told[0].1.contains("Everything works until") && told[0].1.contains("Settings, License"));
                assert!(told[0].1.contains("write to sales@scrydon.com, quoting cust_acme."), "{told:?}");
                assert_eq!(told[0].1.contains("Dismiss"), level == "info" || level == "warning");
                let role = if level == "critical" { "alert" } else { "status" };
                let tag = format!("<div role=\"{role}\" class=\"banner {level}\">");
                assert!(admin.get(page).await.body.contains(&tag), "{tag}");
            }
            // There it is the first section, or there is nobody to tell.
            for page in ["/", "/settings/license", "/license-checker"] {
                assert_eq!(banners(&mut admin, page).await, [], "{page}");
            }
            assert_eq!(admin.get("/").await.body.contains("The license expires in"), !level.is_empty());
        }
    }
}

#[tokio::test]
async fn while_the_set_up_is_not_complete_there_is_no_banner() {
    let server = Server::start("/").await;
    let mut admin = server.browser();
    let license = VENDOR.issue(&json!({ "exp": NOW + DAY }));
    let account =
        json!({ "name": "First Admin", "email": "admin@example.com", "password": "three blue mountains at noon" });
    for (step, body) in [("license", body(&license)), ("admin", account)] {
        assert_eq!(admin.json(&format!("/api/setup/{step}"), &body).await.status, 200);
    }
    let page = admin.get("/setup/organization").await;
    assert_eq!((page.status.as_u16(), page.body.contains("class=\"banner")), (200, false));
}

#[tokio::test]
async fn whoever_can_do_nothing_gets_one_sentence_only_of_what_concerns_them() {
    let (server, mut admin) = ending("/", DAY).await;
    let mut member = server.somebody(Role::Member).await;
    let told = banners(&mut member, "/settings/organization").await;
    assert_eq!(
        told,
        [(
            "critical".to_owned(),
            "Urgent What this platform is licensed for ends on 22 September 2026, 14:13 UTC, in 1 day, unless an administrator \
             renews the license."
                .to_owned()
        )]
    );
    // Out of reach of the license server, everything works.
    rotate(&mut admin, "lic_long", 300 * DAY).await;
    let asker = admin.clone();
    let known = async |column: &str| {
        let claims = asker.clone().json("/api/auth/license/get-claims", &json!({})).await.json();
        let bundle = VENDOR.issue(&json!({ "jti": claims["claims"]["jti"], "exp": claims["claims"]["exp"] }));
        let inspection = countersign_license::inspect(bundle.to_json(), &countersign_license::Policy::default(), NOW);
        let subject = countersign::licensing::subject(&inspection);
        server.sql("DELETE FROM phone_home", &[]).await;
        let statement = format!("INSERT INTO phone_home (subject, next_at, {column}) VALUES ($1, 9000000000, {NOW})");
        server.sql(Box::leak(statement.into_boxed_str()), &[&subject]).await;
    };
    known("first_failure_at").await;
    assert_eq!(banners(&mut member, "/settings/organization").await, []);
    let told = banners(&mut admin, "/settings/organization").await;
    assert!(
        told[0].0 == "warning" && told[0].1.contains("Everything works until 21 October 2026, 14:13 UTC"),
        "{told:?}"
    );
    assert!(!told[0].1.contains("sales@") && !told[0].1.contains("Dismiss"), "{told:?}");
    assert!(admin.get("/").await.body.contains("The license server is out of reach"));
    assert!(!member.get("/").await.body.contains("The license server is out of reach"));

    // Near the end as well: both, the louder first.
    rotate(&mut admin, "lic_short", 5 * DAY).await;
    known("first_failure_at").await;
    let levels: Vec<_> = banners(&mut admin, "/settings/users").await.into_iter().map(|(level, _)| level).collect();
    assert_eq!(levels, ["prominent", "warning"]);
    let home = admin.get("/").await.body;
    assert!(home.contains("The license expires in 5 days") && home.contains("The license server is out of reach"));
    known("revoked_at").await;
    for (somebody, sentence) in [
        (&mut admin, "The vendor took it back on 21 September 2026, 14:13 UTC, and nothing is licensed since."),
        (&mut member, "Urgent This platform has no license in force: licensed features are off until an administrator"),
    ] {
        let told = banners(somebody, "/settings/organization").await;
        assert!(told.len() == 1 && told[0].1.contains(sentence), "{told:?}");
    }
    let status = member.get("/api/auth/license/status").await.json();
    assert_eq!((&status["state"], &status["notices"][0]["notice"]), (&json!("revoked"), &json!("revoked")));
    assert_eq!(status["notices"][0]["dismissible"], false);
    assert!(!status.to_string().contains("sales@"), "{status}");
}

#[tokio::test]
async fn a_banner_that_was_put_away_comes_back_with_the_next_band_and_with_a_renewal() {
    for base in BASES {
        let (server, mut admin) = ending(base, 20 * DAY).await;
        let mut org = server.somebody(Role::OrgAdmin).await;
        let page = "/settings/users";
        let at = format!("http://localhost{}settings/users?x=1", if base == "/" { "/" } else { "/platform/" });
        assert_eq!(banners(&mut admin, page).await.len(), 1);
        let answer = dismiss(&mut admin, &at, "days-30").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, &at["http://localhost".len()..]));
        assert_eq!(banners(&mut admin, page).await, []);
        assert_eq!(banners(&mut org, page).await.len(), 1, "each for themselves");
        // By JSON the same, and as often as anybody likes.
        for _ in 0..2 {
            let answer = org.json(DISMISS, &json!({ "notice": "days-30" })).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "{}"));
        }
        assert_eq!(banners(&mut org, page).await, []);
        // Whoever asks is told all the same.
        assert_eq!(admin.get("/api/auth/license/status").await.json()["notices"][0]["notice"], "days-30");

        rotate(&mut admin, "lic_second", 20 * DAY).await;
        assert_eq!(banners(&mut admin, page).await.len(), 1, "another license");
        dismiss(&mut admin, &at, "days-30").await;
        // What is not being told is not put away beforehand.
        assert_eq!(admin.json(DISMISS, &json!({ "notice": "days-14" })).await.status, 200);
        assert_eq!(banners(&mut admin, page).await, []);
        server.sql("UPDATE sessions SET expires_at = 9000000000, seen_at = 1790600000", &[]).await;
        server.wait(7 * DAY);
        assert_eq!(banners(&mut admin, page).await.len(), 1, "the next band");
        dismiss(&mut admin, &at, "days-14").await;
        assert_eq!(banners(&mut admin, page).await, []);
        server.sql("UPDATE sessions SET expires_at = 9000000000, seen_at = 1791200000", &[]).await;
        server.wait(7 * DAY);
        let answer = admin.json(DISMISS, &json!({ "notice": "days-7" })).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (422, "fields"));
        assert_eq!(banners(&mut admin, page).await.len(), 1, "what is near stays");
    }
}

#[tokio::test]
async fn a_form_leads_back_to_a_page_of_ours_and_nowhere_else() {
    let (_server, mut admin) = ending("/platform", 20 * DAY).await;
    let home = "/platform/";
    for (referer, expected) in [
        ("http://localhost/platform/settings/audit?action=license.", "/platform/settings/audit?action=license."),
        ("http://localhost/elsewhere", home),
        ("http://localhost/platform/api/auth/license/copy", home),
        ("http://localhost/platform//example.net", home),
        ("http://example.net/platform/settings/users", home),
        ("https://localhost@example.net/platform/settings/users", home),
        ("//example.net/platform/", home),
        ("/platform/settings/users", home),
        ("", home),
    ] {
        let answer = dismiss(&mut admin, referer, "days-30").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, expected), "{referer}");
    }
    // What cannot be put away is said on the page.
    let answer = dismiss(&mut admin, "http://localhost/platform/settings/users", "expired").await;
    assert_eq!(answer.header("location"), "/platform/settings/users");
    assert!(admin.follow(&answer).await.body.contains("There is no such notice"));
    let answer = admin.json(DISMISS, &json!({ "notice": { "a": 1 } })).await;
    assert_eq!(answer.json()["errors"][0]["code"], "type");
    let nobody = admin.json(DISMISS, &Value::Null).await;
    assert!(nobody.status == 400 || nobody.status == 422, "{}", nobody.body);
}
