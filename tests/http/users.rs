//! Inviting people, and who may do what to whom.

use countersign_app::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::accounts::sign_in;
use crate::ask::{BASES, Browser, Server};
use crate::story::{ADMIN, PASSWORD, code};

const DAY: i64 = 24 * 60 * 60;
const GUEST: &str = "guest@example.com";

async fn invite(browser: &mut Browser, email: &str, role: &str) -> Value {
    let answer = browser.json("/api/invitations", &json!({ "email": email, "role": role })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn code_of(invitation: &Value) -> String {
    invitation["link"].as_str().and_then(|link| link.split_once('#')).expect("a code").1.to_owned()
}

fn acceptance(code: &str) -> Value {
    json!({ "code": code, "name": "Guest", "password": PASSWORD })
}

async fn users(browser: &mut Browser) -> Vec<(String, String)> {
    let answer = browser.get("/api/users").await.json();
    let user = |user: &Value| {
        let text = |name: &str| user[name].as_str().expect("text").to_owned();
        (text("email"), text("role"))
    };
    answer["users"].as_array().expect("a list").iter().map(user).collect()
}

async fn id_of(browser: &mut Browser, email: &str) -> String {
    let answer = browser.get("/api/users").await.json();
    let all = answer["users"].as_array().expect("a list");
    all.iter().find(|user| user["email"] == email).and_then(|user| user["id"].as_str()).expect("a user").to_owned()
}

#[tokio::test]
async fn an_invitation_makes_an_account_once() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let invitation = invite(&mut admin, " Guest@Example.com", "org-admin").await;
        let link = invitation["link"].as_str().expect("a link");
        let start = format!("http://localhost{}/invitation#", base.trim_end_matches('/'));
        assert!(link.starts_with(&start) && link.len() == start.len() + 43, "{link}");
        assert_eq!((&invitation["mailed"], &invitation["answer"]), (&json!(false), &json!("E-mail is not set up.")));
        let code = code_of(&invitation);
        assert!(!server.is_stored(&code).await, "only its hash is kept");
        let open = admin.get("/api/users").await.json()["invitations"][0].clone();
        assert_eq!((&open["email"], &open["role"]), (&json!(GUEST), &json!("org-admin")));

        let mut guest = server.browser();
        let page = guest.get("/invitation").await;
        assert!(page.status == 200 && page.body.contains("Accept your invitation"));
        let joined = guest.json("/api/invitations/accept", &acceptance(&code)).await;
        assert_eq!(joined.status, 200, "{}", joined.body);
        let session = guest.get("/api/auth/get-session").await.json();
        assert_eq!((&session["user"]["email"], &session["user"]["role"]), (&json!(GUEST), &json!("org-admin")));
        assert_eq!(sign_in(&mut server.browser(), GUEST, PASSWORD).await.status, 200);

        let again = server.browser().json("/api/invitations/accept", &acceptance(&code)).await;
        assert_eq!((again.status.as_u16(), &again.json()["errors"][0]["code"]), (422, &json!("invitation-over")));
        let log = server.audit().await;
        for (actor, action, detail) in [
            (ADMIN, "user.invited", "guest@example.com as organization administrator."),
            (GUEST, "user.joined", "Joined as organization administrator."),
        ] {
            assert!(log.contains(&(actor.to_owned(), action.to_owned(), detail.to_owned())), "{log:?}");
        }
    }
}

#[tokio::test]
async fn the_page_invites_and_the_invited_make_their_account_without_script() {
    let (server, mut admin) = Server::set_up("/platform").await;
    let done = admin.form("/api/invitations", &[("email", GUEST), ("role", "member")]).await;
    let page = admin.follow(&done).await.body;
    assert!(page.contains("pass the link on yourself"), "{page}");
    let start = "http://localhost/platform/invitation#";
    let code: String = page[page.find(start).expect("a link") + start.len()..].chars().take(43).collect();
    assert!(!admin.get("/settings/users").await.body.contains(&code), "it is shown once");

    let mut guest = server.browser();
    let fields = [("code", code.as_str()), ("name", "Guest"), ("password", "short")];
    let refused = guest.form("/api/invitations/accept", &fields).await;
    let page = guest.follow(&refused).await.body;
    assert!(page.contains("shorter than 12 characters") && page.contains("value=\"Guest\""), "{page}");
    let done =
        guest.form("/api/invitations/accept", &[("code", &code), ("name", "Guest"), ("password", PASSWORD)]).await;
    assert_eq!(done.header("location"), "/platform/");
    assert!(guest.jar.contains_key("session"));
}

#[tokio::test]
async fn an_invitation_ends_after_seven_days_or_when_it_is_taken_back_or_replaced() {
    let (server, mut admin) = Server::set_up("/").await;
    let accept = async |code: &str| server.browser().json("/api/invitations/accept", &acceptance(code)).await.status;
    for wrong in ["", "wrong", &"x".repeat(5_000)] {
        assert_eq!(accept(wrong).await, 422, "{wrong}");
    }
    let old = code_of(&invite(&mut admin, GUEST, "member").await);
    let new = code_of(&invite(&mut admin, GUEST, "member").await);
    assert_eq!(accept(&old).await, 422, "replaced");

    let taken = invite(&mut admin, "other@example.com", "member").await;
    let path = format!("/api/invitations/{}/revoke", taken["id"].as_str().expect("an id"));
    assert_eq!(admin.json(&path, &json!({})).await.status, 200);
    assert_eq!(accept(&code_of(&taken)).await, 422, "taken back");
    assert_eq!(admin.json(&path, &json!({})).await.status, 404);

    server.wait(7 * DAY - 1);
    let mut admin = server.browser();
    sign_in(&mut admin, ADMIN, PASSWORD).await;
    let late = code_of(&invite(&mut admin, "late@example.com", "member").await);
    assert_eq!(accept(&new).await, 200, "the last second");
    server.wait(7 * DAY);
    assert_eq!(accept(&late).await, 422, "over");
}

#[tokio::test]
async fn of_a_hundred_who_use_one_invitation_at_once_one_gets_an_account() {
    let (server, mut admin) = Server::set_up("/").await;
    let code = code_of(&invite(&mut admin, GUEST, "member").await);
    let guests = (0..100).map(|_| async { server.browser().json("/api/invitations/accept", &acceptance(&code)).await });
    let mut answers: Vec<u16> = join_all(guests).await.iter().map(|answer| answer.status.as_u16()).collect();
    answers.sort_unstable();
    assert_eq!(answers, [vec![200], vec![422; 99]].concat());
    assert_eq!(users(&mut admin).await.len(), 2);
}

#[tokio::test]
async fn an_address_that_has_an_account_is_not_invited() {
    let (_server, mut admin) = Server::set_up("/").await;
    let refused = admin.json("/api/invitations", &json!({ "email": "ADMIN@example.com", "role": "member" })).await;
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (409, "address-taken"));
    for (email, role, field) in
        [("", "member", "email"), ("a b@example.com", "member", "email"), (GUEST, "king", "role")]
    {
        let refused = admin.json("/api/invitations", &json!({ "email": email, "role": role })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn an_organization_administrator_manages_all_but_platform_administrators() {
    let (server, mut admin) = Server::set_up("/").await;
    let (mut org, _member) = (server.somebody(Role::OrgAdmin).await, server.somebody(Role::Member).await);
    let master = id_of(&mut admin, ADMIN).await;
    for (path, body) in [
        (format!("/api/users/{master}/role"), json!({ "role": "member" })),
        (format!("/api/users/{master}/remove"), json!({})),
        ("/api/users/member/role".to_owned(), json!({ "role": "platform-admin" })),
        ("/api/users/org-admin/role".to_owned(), json!({ "role": "platform-admin" })),
        ("/api/invitations".to_owned(), json!({ "email": GUEST, "role": "platform-admin" })),
    ] {
        let refused = org.json(&path, &body).await;
        assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (403, "forbidden"), "{path}");
    }
    // Nor may it take back or replace an invitation that it could not make.
    let invitation = invite(&mut admin, GUEST, "platform-admin").await;
    let path = format!("/api/invitations/{}/revoke", invitation["id"].as_str().expect("an id"));
    assert_eq!(org.json(&path, &json!({})).await.status, 403);
    let replaced = org.json("/api/invitations", &json!({ "email": GUEST, "role": "member" })).await;
    assert_eq!(replaced.status, 403);

    assert_eq!(org.json("/api/users/member/role", &json!({ "role": "org-admin" })).await.status, 200);
    assert_eq!(org.json("/api/users/member/role", &json!({ "role": "member" })).await.status, 200);
    assert_eq!(org.json("/api/users/member/remove", &json!({})).await.status, 200);
    assert_eq!(org.json("/api/users/member/remove", &json!({})).await.status, 404);
    invite(&mut org, "new@example.com", "org-admin").await;
    let joined = server.browser().json("/api/invitations/accept", &acceptance(&code_of(&invitation))).await;
    assert_eq!(joined.status, 200, "the invitation is as it was");
}

#[tokio::test]
async fn a_role_that_changed_and_a_removal_count_from_the_next_request_on() {
    let (server, mut admin) = Server::set_up("/").await;
    let mut other = server.somebody(Role::OrgAdmin).await;
    assert_eq!(other.get("/api/users").await.status, 200);
    let kept = code_of(&invite(&mut other, GUEST, "org-admin").await);
    assert_eq!(admin.json("/api/users/org-admin/role", &json!({ "role": "member" })).await.status, 200);
    assert_eq!(other.get("/api/users").await.status, 403);
    let used = server.browser().json("/api/invitations/accept", &acceptance(&kept)).await;
    assert_eq!(used.status, 422, "who may not invite any more has no invitation left to use");

    assert_eq!(admin.json("/api/users/org-admin/role", &json!({ "role": "platform-admin" })).await.status, 200);
    let kept = code_of(&invite(&mut other, GUEST, "platform-admin").await);
    assert_eq!(admin.json("/api/users/org-admin/remove", &json!({})).await.status, 200);
    assert_eq!(other.get("/api/users").await.status, 401);
    let used = server.browser().json("/api/invitations/accept", &acceptance(&kept)).await;
    assert_eq!(used.status, 422, "nor who was removed");
    let log = server.audit().await;
    let details: Vec<&str> = log
        .iter()
        .filter(|(_, action, _)| action.starts_with("user.role") || action == "user.removed")
        .map(|(_, _, detail)| detail.as_str())
        .collect();
    assert_eq!(
        details,
        [
            "org-admin@example.com: from organization administrator to member.",
            "org-admin@example.com: from member to platform administrator.",
            "org-admin@example.com, who was platform administrator.",
        ]
    );
}

#[tokio::test]
async fn the_last_platform_administrator_stays() {
    let (server, mut admin) = Server::set_up("/").await;
    let id = id_of(&mut admin, ADMIN).await;
    for (path, body) in [
        (format!("/api/users/{id}/role"), json!({ "role": "org-admin" })),
        (format!("/api/users/{id}/role"), json!({ "role": "member" })),
        (format!("/api/users/{id}/remove"), json!({})),
    ] {
        let refused = admin.json(&path, &body).await;
        assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (409, "last-admin"), "{path}");
    }
    assert_eq!(users(&mut admin).await, [(ADMIN.to_owned(), "platform-admin".to_owned())]);
    let refused = admin.form(&format!("/api/users/{id}/remove"), &[]).await;
    assert!(admin.follow(&refused).await.body.contains("This is the last platform administrator"));

    let mut second = server.somebody(Role::PlatformAdmin).await;
    assert_eq!(second.json(&format!("/api/users/{id}/remove"), &json!({})).await.status, 200);
    assert_eq!(second.json("/api/users/platform-admin/remove", &json!({})).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_demote_or_remove_each_other_at_once_do_not_both_succeed() {
    for (action, body) in [("role", json!({ "role": "member" })), ("remove", json!({}))] {
        for _ in 0..5 {
            let (server, mut first) = Server::set_up("/").await;
            let mut second = server.somebody(Role::PlatformAdmin).await;
            let id = id_of(&mut second, ADMIN).await;
            let paths = [format!("/api/users/platform-admin/{action}"), format!("/api/users/{id}/{action}")];
            let (one, two) = tokio::join!(first.json(&paths[0], &body), second.json(&paths[1], &body));
            let mut answers = [one.status.as_u16(), two.status.as_u16()];
            answers.sort_unstable();
            // The slower one is told that it is the last, that it may not any more, or that it is signed out.
            assert!(answers[0] == 200 && [401, 403, 409].contains(&answers[1]), "{answers:?}");
            let mut database = server.database().await;
            let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'platform-admin'")
                .fetch_one(&mut database)
                .await
                .expect("a count");
            assert_eq!(left, 1);
        }
    }
}
