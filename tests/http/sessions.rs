//! How long a session lives, where one is signed in, and what a new password ends.

use serde_json::{Value, json};

use crate::accounts::sign_in;
use crate::ask::{Browser, Server};
use crate::story::{ADMIN, PASSWORD, code};

const HOUR: i64 = 60 * 60;
const NEW: &str = "seven green rivers at dawn";

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/api/auth/get-session").await.body != "null"
}

async fn list(browser: &mut Browser) -> Vec<Value> {
    let answer = browser.get("/api/auth/sessions").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["sessions"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_without_use() {
    let (server, mut admin) = Server::set_up("/").await;
    server.wait(12 * HOUR - 1);
    assert!(is_signed_in(&mut admin).await);
    server.wait(12 * HOUR - 1);
    assert!(is_signed_in(&mut admin).await, "each use counts");
    server.wait(12 * HOUR);
    assert!(!is_signed_in(&mut admin).await);
    assert_eq!(admin.get("/api/auth/sessions").await.status, 401);
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_much_it_is_used() {
    let (server, mut admin) = Server::set_up("/").await;
    for _ in 0..7 * 24 - 1 {
        server.wait(HOUR);
        assert!(is_signed_in(&mut admin).await);
    }
    server.wait(HOUR - 1);
    assert!(is_signed_in(&mut admin).await);
    server.wait(1);
    assert!(!is_signed_in(&mut admin).await);
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sessions_alone() {
    let (server, mut admin) = Server::set_up("/").await;
    let mut member = server.somebody(countersign_app::Role::Member).await;
    let mut phone = server.browser().from("192.0.2.9");
    phone.headers = vec![("user-agent".to_owned(), "Phone/1.0".to_owned())];
    assert_eq!(sign_in(&mut phone, ADMIN, PASSWORD).await.status, 200);

    let all = list(&mut admin).await;
    assert_eq!(all.len(), 2);
    assert_eq!((all[0]["isCurrent"].clone(), all[1]["isCurrent"].clone()), (json!(true), json!(false)));
    assert_eq!((&all[1]["agent"], &all[1]["address"]), (&json!("Phone/1.0"), &json!("192.0.2.9")));
    let id = all[1]["id"].as_str().expect("an id").to_owned();
    let mut impostor = server.browser();
    impostor.jar.insert("session".to_owned(), id.clone());
    assert!(!is_signed_in(&mut impostor).await, "the id that is shown is of no use");

    let path = format!("/api/auth/sessions/{id}/revoke");
    let refused = member.json(&path, &json!({})).await;
    assert_eq!(refused.status, 404, "somebody else's is not there");
    assert!(is_signed_in(&mut phone).await);
    assert_eq!(admin.json(&path, &json!({})).await.status, 200);
    assert!(!is_signed_in(&mut phone).await && is_signed_in(&mut admin).await);
    assert_eq!(admin.json(&path, &json!({})).await.status, 404);
    assert_eq!(admin.json("/api/auth/sessions/%ff/revoke", &json!({})).await.status, 404);

    for _ in 0..3 {
        assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 200);
    }
    let ended = admin.json("/api/auth/sessions/revoke-others", &json!({})).await;
    assert_eq!(ended.json(), json!({ "ended": 3 }));
    assert_eq!(list(&mut admin).await.len(), 1);
    assert!(is_signed_in(&mut member).await, "only one's own");
}

#[tokio::test]
async fn the_page_of_sessions_ends_them_without_script() {
    let (server, mut admin) = Server::set_up("/platform").await;
    let mut phone = server.browser();
    assert_eq!(sign_in(&mut phone, ADMIN, PASSWORD).await.status, 200);
    let id = list(&mut admin).await[1]["id"].as_str().expect("an id").to_owned();
    let page = admin.get("/settings/sessions").await.body;
    assert!(page.contains(&format!("action=\"/platform/api/auth/sessions/{id}/revoke\"")), "{page}");
    let done = admin.form(&format!("/api/auth/sessions/{id}/revoke"), &[]).await;
    assert!(admin.follow(&done).await.body.contains("That session is signed out."));
    assert!(!is_signed_in(&mut phone).await);
    let late = admin.form(&format!("/api/auth/sessions/{id}/revoke"), &[]).await;
    assert!(admin.follow(&late).await.body.contains("This session has ended already."));
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions_and_gives_this_one_another_id() {
    let (server, mut admin) = Server::set_up("/").await;
    let mut phone = server.browser();
    assert_eq!(sign_in(&mut phone, ADMIN, PASSWORD).await.status, 200);
    let mut thief = admin.clone();
    server.wait(3 * HOUR);
    assert!(is_signed_in(&mut admin).await && is_signed_in(&mut phone).await);

    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let answer = admin.json("/api/auth/change-password", &change).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("set-cookie").ends_with(&format!("Max-Age={}", 7 * 24 * HOUR - 3 * HOUR)));
    assert!(is_signed_in(&mut admin).await);
    assert!(!is_signed_in(&mut phone).await && !is_signed_in(&mut thief).await);
    assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 401);
    assert_eq!(sign_in(&mut server.browser(), ADMIN, NEW).await.status, 200);
    let (actor, action, _) = server.audit().await.into_iter().rev().nth(1).expect("an entry");
    assert_eq!((actor.as_str(), action.as_str()), (ADMIN, "password.changed"));

    // Its life goes on where it was.
    for _ in 0..7 * 2 - 1 {
        server.wait(11 * HOUR);
        assert!(is_signed_in(&mut admin).await);
    }
    server.wait(22 * HOUR);
    assert!(!is_signed_in(&mut admin).await);
}

#[tokio::test]
async fn a_password_is_changed_only_by_who_knows_it_and_to_a_good_one() {
    let (server, mut admin) = Server::set_up("/").await;
    for (current, new, field, why) in [
        ("wrong", NEW, "currentPassword", "wrong-password"),
        ("", NEW, "currentPassword", "missing"),
        (PASSWORD, "", "newPassword", "missing"),
        (PASSWORD, "short", "newPassword", "password-short"),
        (PASSWORD, "passwordpassword", "newPassword", "password-common"),
        (PASSWORD, ADMIN, "newPassword", "password-personal"),
        (PASSWORD, &"long ".repeat(300), "newPassword", "password-long"),
        (PASSWORD, PASSWORD, "newPassword", "password-same"),
    ] {
        let body = json!({ "currentPassword": current, "newPassword": new });
        let refused = admin.json("/api/auth/change-password", &body).await;
        let error = refused.json()["errors"][0].clone();
        assert_eq!((refused.status.as_u16(), &error["field"], &error["code"]), (422, &json!(field), &json!(why)));
    }
    let nobody = server.browser().json("/api/auth/change-password", &json!({})).await;
    assert_eq!((nobody.status.as_u16(), code(&nobody).as_str()), (401, "signed-out"));
    assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 200, "it is what it was");

    server.wait(60);
    let wrong = json!({ "currentPassword": "wrong", "newPassword": NEW });
    for _ in 0..10 {
        assert_eq!(admin.json("/api/auth/change-password", &wrong).await.status, 422);
    }
    assert_eq!(admin.json("/api/auth/change-password", &wrong).await.status, 429);
    assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 429, "it is the same count");
}
