//! A license may limit the users: nobody is added beyond it, and whoever is there stays.

use axum::http::StatusCode;
use countersign_license::Bundle;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ask::{Answer, Browser, NOW, Server};
use crate::story::{VENDOR, code};

const DAY: i64 = 24 * 60 * 60;

fn license(limit: Option<u64>) -> Bundle {
    VENDOR.issue(&json!({ "scrydon": { "features": { "maxUsers": limit } } }))
}

async fn platform(limit: Option<u64>) -> (Server, Browser) {
    let server = Server::start("/").await;
    let admin = server.install(&license(limit)).await;
    (server, admin)
}

async fn invite(who: &mut Browser, name: &str) -> Answer {
    who.json("/api/invitations", &json!({ "email": format!("{name}@example.com"), "role": "member" })).await
}

fn secret(invited: &Answer) -> String {
    invited.json()["link"].as_str().and_then(|link| link.split_once('#')).expect("a link with a code").1.to_owned()
}

async fn join(server: &Server, code: &str) -> Answer {
    let account = json!({ "code": code, "name": "Somebody", "password": "five yellow doors in rain" });
    server.browser().json("/api/invitations/accept", &account).await
}

async fn users(admin: &mut Browser) -> (usize, usize) {
    let all = admin.get("/api/users").await.json();
    let count = |name: &str| all[name].as_array().expect("a list").len();
    (count("users"), count("invitations"))
}

#[tokio::test]
async fn users_and_open_invitations_together_stay_within_the_limit() {
    let (server, mut admin) = platform(Some(3)).await;
    let first = invite(&mut admin, "ada").await;
    assert_eq!((first.status.as_u16(), &first.json()["warning"]), (200, &Value::Null));
    let second = invite(&mut admin, "bob").await;
    assert_eq!(
        second.json()["warning"],
        "3 of the 3 users that the license allows are there or invited.",
        "the last place is taken"
    );
    let refused = invite(&mut admin, "eve").await;
    let problem = refused.json();
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (403, "user-limit"));
    assert_eq!((&problem["limit"], &problem["users"], &problem["invited"]), (&json!(3), &json!(1), &json!(2)));
    for words in ["3 users", "Accounts: 1; open invitations: 2", "Remove a user", "sales@", "cust_acme"] {
        assert!(problem["detail"].as_str().expect("words").contains(words), "{words}: {problem}");
    }
    // One that takes the place of another needs no further one.
    let again = invite(&mut admin, "bob").await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(join(&server, &secret(&second)).await.status, 422, "the first one to bob is over");
    assert_eq!(join(&server, &secret(&again)).await.status, 200);
    assert_eq!(users(&mut admin).await, (2, 1));
    // A person reads it on the page where the form stands.
    let form = admin.form("/api/invitations", &[("email", "eve@example.com"), ("role", "member")]).await;
    let page = admin.follow(&form).await.body;
    assert!(page.contains("The license allows 3 users.") && page.contains("eve@example.com"), "{page}");
    assert!(page.contains("2 of 3 users, and 1 invited.") && page.contains("all in use"), "{page}");
    // Room is made by taking back or by waiting.
    server.wait(7 * DAY);
    let mut admin = server.browser();
    let signed_in = json!({ "email": crate::story::ADMIN, "password": crate::story::PASSWORD });
    assert_eq!(admin.json("/api/auth/sign-in/email", &signed_in).await.status, 200);
    assert_eq!(invite(&mut admin, "eve").await.status, 200, "an invitation that is over takes no place");
}

#[tokio::test]
async fn whoever_joins_too_late_is_told_and_the_invitation_stays() {
    let (server, mut admin) = platform(None).await;
    let invited = invite(&mut admin, "ada").await;
    let set = "UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'";
    server.sql(set, &[&license(Some(1)).jwt]).await;
    let late = join(&server, &secret(&invited)).await;
    assert_eq!((late.status.as_u16(), code(&late).as_str()), (403, "user-limit"));
    assert!(late.body.contains("Ask who invited you") && !late.body.contains("sales@"), "{}", late.body);
    assert!(!late.body.contains("cust_acme") && late.headers.get("set-cookie").is_none());
    server.sql(set, &[&license(Some(2)).jwt]).await;
    assert_eq!(join(&server, &secret(&invited)).await.status, 200);
}

#[tokio::test]
async fn the_limit_holds_whatever_else_the_license_is_worth_and_removing_always_works() {
    let (server, mut admin) = platform(Some(2)).await;
    let joined = join(&server, &secret(&invite(&mut admin, "ada").await)).await;
    let ada = joined.json()["user"]["id"].as_str().expect("an id").to_owned();
    server.phoned("lic_first", 0, NOW).await;
    assert_eq!(code(&invite(&mut admin, "eve").await), "user-limit", "revoked");
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&license(Some(1)).jwt]).await;
    assert_eq!(code(&invite(&mut admin, "eve").await), "user-limit", "more are there than are allowed");
    let removed = admin.json(&format!("/api/users/{ada}/remove"), &json!({})).await;
    assert_eq!(removed.status, 200, "{}", removed.body);
    assert_eq!(users(&mut admin).await, (1, 0));
}

#[tokio::test]
async fn while_the_license_is_not_genuine_nobody_is_added_and_without_one_there_is_no_limit() {
    let (server, mut admin) = platform(Some(9)).await;
    let invited = invite(&mut admin, "ada").await;
    server.sql("UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt'", &[]).await;
    let refused = invite(&mut admin, "eve").await;
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (403, "license-tampered"));
    assert!(
        refused.body.contains("Settings, License") && refused.body.contains("nobody was invited"),
        "{}",
        refused.body
    );
    let late = join(&server, &secret(&invited)).await;
    assert_eq!((late.status.as_u16(), code(&late).as_str()), (403, "license-tampered"));
    assert!(late.body.contains("Ask who invited you") && late.body.contains("not used up"), "{}", late.body);
    assert_eq!(users(&mut admin).await, (1, 1));
    let form = admin.form("/api/invitations", &[("email", "eve@example.com"), ("role", "member")]).await;
    let page = admin.follow(&form).await.body;
    assert!(page.contains("nobody was invited") && page.contains("eve@example.com"), "{page}");
    // A key alone is no license either.
    server.sql("DELETE FROM platform_config WHERE key = 'license_jwt'", &[]).await;
    assert_eq!(code(&invite(&mut admin, "eve").await), "license-tampered");
    server.sql("DELETE FROM platform_config WHERE key = 'license_public_key'", &[]).await;
    assert_eq!(join(&server, &secret(&invited)).await.status, 200);
    assert_eq!(invite(&mut admin, "eve").await.status, 200);
}

#[tokio::test]
async fn four_fifths_are_warned_of() {
    let (_server, mut admin) = platform(Some(5)).await;
    for (name, warning) in [
        ("a", Value::Null),
        ("b", Value::Null),
        ("c", json!("4 of the 5 users that the license allows are there or invited.")),
    ] {
        assert_eq!(invite(&mut admin, name).await.json()["warning"], warning, "{name}");
    }
    let page = admin.get("/settings/users").await.body;
    assert!(page.contains("1 of 5 users, and 3 invited.") && page.contains("nearly all in use"), "{page}");
}

#[tokio::test]
async fn of_twenty_invitations_at_once_as_many_are_made_as_there_are_places() {
    let (_server, mut admin) = platform(Some(8)).await;
    let mut all = JoinSet::new();
    for number in 0..20 {
        let mut admin = admin.clone();
        all.spawn(async move { invite(&mut admin, &format!("person{number}")).await.status });
    }
    let statuses = all.join_all().await;
    let count = |wanted: StatusCode| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(StatusCode::OK), count(StatusCode::FORBIDDEN)), (7, 13), "{statuses:?}");
    assert_eq!(users(&mut admin).await, (1, 7));
}

#[tokio::test]
async fn of_twenty_who_join_at_once_as_many_come_in_as_there_are_places() {
    let (server, mut admin) = platform(None).await;
    let mut codes = Vec::new();
    for number in 0..20 {
        codes.push(secret(&invite(&mut admin, &format!("person{number}")).await));
    }
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&license(Some(6)).jwt]).await;
    let server = std::sync::Arc::new(server);
    let mut all = JoinSet::new();
    for code in codes {
        let server = server.clone();
        all.spawn(async move { join(&server, &code).await.status });
    }
    let statuses = all.join_all().await;
    let count = |wanted: StatusCode| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(StatusCode::OK), count(StatusCode::FORBIDDEN)), (5, 15), "{statuses:?}");
    assert_eq!(users(&mut admin).await, (6, 15));
}
