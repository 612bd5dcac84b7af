//! Signing in, sessions, users and invitations.

use countersign_app::Role;
use serde_json::{Value, json};

use super::Walk;
use super::setup::emails;
use crate::ask::{Browser, Server};
use crate::document::JSON;
use crate::story::{ADMIN, PASSWORD, VENDOR, first};

pub(super) async fn accounts(walk: &Walk, server: &Server, admin: &mut Browser) {
    let mut person = server.browser().from("192.0.2.7");
    assert_eq!(walk.get(&mut person, "/api/auth/get-session", 200).await.json(), Value::Null);
    let right = json!({ "email": ADMIN, "password": PASSWORD });
    walk.post(&mut person, "/api/auth/sign-in/email", &right, 200).await;
    assert_eq!(walk.get(&mut person, "/api/auth/get-session", 200).await.json()["user"]["email"], ADMIN);
    walk.post(&mut person, "/api/auth/sign-in/email", &json!({ "email": {}, "password": "x" }), 422).await;

    for (current, new) in [("", ""), ("wrong", PASSWORD), (PASSWORD, PASSWORD), (PASSWORD, "short")] {
        let passwords = json!({ "currentPassword": current, "newPassword": new });
        walk.post(&mut person, "/api/auth/change-password", &passwords, 422).await;
    }
    let passwords = json!({ "currentPassword": PASSWORD, "newPassword": "four green rivers at dawn" });
    walk.post(&mut person, "/api/auth/change-password", &passwords, 200).await;
    walk.get(admin, "/api/auth/sessions", 401).await;
    let passwords = json!({ "currentPassword": "four green rivers at dawn", "newPassword": PASSWORD });
    walk.post(&mut person, "/api/auth/change-password", &passwords, 200).await;
    walk.post(admin, "/api/auth/sign-in/email", &right, 200).await;

    let sessions = walk.get(admin, "/api/auth/sessions", 200).await.json()["sessions"].clone();
    let other = sessions.as_array().unwrap().iter().find(|session| session["isCurrent"] == false).unwrap();
    let revoke = format!("/api/auth/sessions/{}/revoke", other["id"].as_str().unwrap());
    walk.post(admin, &revoke, &json!({}), 200).await;
    walk.post(admin, &revoke, &json!({}), 404).await;
    walk.post(admin, "/api/auth/sessions/revoke-others", &json!({}), 200).await;

    // The guesses above count as well.
    server.wait(61);
    let mut guesser = server.browser().from("192.0.2.66");
    let wrong = json!({ "email": ADMIN, "password": "wrong" });
    for _ in 0..10 {
        walk.post(&mut guesser, "/api/auth/sign-in/email", &wrong, 401).await;
    }
    let refused = walk.post(&mut guesser, "/api/auth/sign-in/email", &wrong, 429).await;
    assert!((1..=60).contains(&refused.header("retry-after").parse::<i32>().unwrap()));
    let passwords = json!({ "currentPassword": "wrong", "newPassword": "four green rivers at dawn" });
    walk.post(admin, "/api/auth/change-password", &passwords, 429).await;
    server.wait(120);
}

pub(super) async fn users(walk: &Walk, server: &Server, admin: &mut Browser) {
    for bad in [json!({}), json!({ "email": "nobody", "role": "king" }), json!({ "email": {}, "role": "member" })] {
        walk.post(admin, "/api/invitations", &bad, 422).await;
    }
    walk.post(admin, "/api/invitations", &json!({ "email": ADMIN, "role": "member" }), 409).await;
    let ada = json!({ "email": "ada@example.com", "role": "org-admin" });
    let invited = walk.post(admin, "/api/invitations", &ada, 200).await.json();
    let code = |invited: &Value| invited["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let listed = walk.get(admin, "/api/users", 200).await.json();
    assert_eq!(listed["invitations"].as_array().unwrap().len(), 1);

    let accept = "/api/invitations/accept";
    let mut ada = server.browser();
    for bad in [json!({}), json!({ "code": code(&invited), "name": "", "password": "short" }), json!({ "code": {} })] {
        walk.post(&mut ada, accept, &bad, 422).await;
    }
    let account = json!({ "code": code(&invited), "name": "Ada", "password": "five yellow doors in rain" });
    walk.post(&mut ada, accept, &account, 200).await;
    walk.post(&mut server.browser(), accept, &account, 422).await;

    let invited =
        walk.post(admin, "/api/invitations", &json!({ "email": "b@example.com", "role": "member" }), 200).await;
    let revoke = format!("/api/invitations/{}/revoke", invited.json()["id"].as_str().unwrap());
    walk.post(admin, &revoke, &json!({}), 200).await;
    walk.post(admin, &revoke, &json!({}), 404).await;

    // A license for fewer users than there are.
    let license = "UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'";
    let late = walk.post(admin, "/api/invitations", &json!({ "email": "c@example.com", "role": "member" }), 200).await;
    let small = VENDOR.issue(&json!({ "scrydon": { "features": { "maxUsers": 2 } } }));
    server.sql(license, &[&small.jwt]).await;
    let refused =
        walk.post(admin, "/api/invitations", &json!({ "email": "d@example.com", "role": "member" }), 403).await;
    assert_eq!(refused.json()["code"], "user-limit");
    let account = json!({ "code": code(&late.json()), "name": "C", "password": "five yellow doors in rain" });
    let refused = walk.post(&mut server.browser(), accept, &account, 403).await;
    assert_eq!(refused.json()["code"], "user-limit");
    server.sql(license, &["nothing genuine"]).await;
    for address in ["/api/invitations", accept] {
        let (mut who, body) = match address {
            "/api/invitations" => (admin.clone(), json!({ "email": "d@example.com", "role": "member" })),
            _ => (server.browser(), account.clone()),
        };
        assert_eq!(walk.post(&mut who, address, &body, 403).await.json()["code"], "license-tampered");
    }
    server.sql(license, &[&first().jwt]).await;

    // Invited, and then there by another way.
    let invited =
        walk.post(admin, "/api/invitations", &json!({ "email": "member@example.com", "role": "member" }), 200).await;
    let member = server.somebody(Role::Member).await;
    let account = json!({ "code": code(&invited.json()), "name": "M", "password": "five yellow doors in rain" });
    walk.post(&mut server.browser(), accept, &account, 409).await;

    // What a member may not do is refused, by the role alone.
    for (id, status) in walk.all(&member, &[("content-type", JSON)], "{}").await {
        let operations = walk.document.operations();
        let (_, _, operation) = operations.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
        let needs_admin = match operation["responses"].get("403") {
            None => false,
            Some(response) => {
                let kinds = ["ForbiddenToRead", "Forbidden", "InviteRefused"]
                    .map(|name| format!("#/components/responses/{name}"));
                kinds.iter().any(|kind| response["$ref"] == *kind)
            }
        };
        assert_eq!(status == 403, needs_admin, "{id}: {status}");
    }

    let listed = walk.get(admin, "/api/users", 200).await.json();
    let id = |email: &str| {
        let users = listed["users"].as_array().unwrap();
        users.iter().find(|user| user["email"] == email).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let role = |email: &str| format!("/api/users/{}/role", id(email));
    walk.post(admin, &role(ADMIN), &json!({ "role": "king" }), 422).await;
    walk.post(admin, &role(ADMIN), &json!({ "role": "member" }), 409).await;
    walk.post(&mut ada, &role(ADMIN), &json!({ "role": "member" }), 403).await;
    walk.post(admin, &role("ada@example.com"), &json!({ "role": "member" }), 200).await;
    walk.post(admin, "/api/users/nobody/role", &json!({ "role": "member" }), 404).await;
    walk.post(admin, &format!("/api/users/{}/remove", id(ADMIN)), &json!({}), 409).await;
    let remove = format!("/api/users/{}/remove", id("ada@example.com"));
    walk.post(admin, &remove, &json!({}), 200).await;
    walk.post(admin, &remove, &json!({}), 404).await;
    walk.post(admin, "/api/users/%FF%00/remove", &json!({}), 404).await;

    for bad in [json!({}), json!({ "name": "x".repeat(101) })] {
        walk.post(admin, "/api/settings/organization", &bad, 422).await;
    }
    walk.post(admin, "/api/settings/organization", &json!({ "name": "Acme Corporation" }), 200).await;
    emails(walk, admin, "/api/settings/email").await;

    let events = walk.get(admin, "/api/audit", 200).await.json();
    let last = events["events"][0]["id"].as_str().unwrap().to_owned();
    let some = walk.get(admin, &format!("/api/audit?action=user.&actor={ADMIN}&before={last}"), 200).await.json();
    assert!(some["events"].as_array().unwrap().len() >= 3, "{some}");
    let export = walk.get(admin, "/api/audit/export?action=setup", 200).await;
    let event = json!({ "$ref": "#/components/schemas/Event" });
    for line in export.body.lines() {
        walk.document.validate(&event, &serde_json::from_str(line).unwrap(), "a line").unwrap();
    }
    assert_eq!(export.body.lines().count(), 2);
}
