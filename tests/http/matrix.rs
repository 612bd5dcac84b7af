//! Who may call what: every endpoint and page, for nobody, a member and both kinds of administrators.

use axum::http::Method;
use countersign::config::Key;
use countersign_app::Role;
use serde_json::{Value, json};

use crate::ask::{BASES, Server};
use crate::csrf::ENDPOINTS;
use crate::story::first;

/// Method, path, body, and the status for nobody, a member, an organization's administrator and a platform's. Where somebody
/// may, the body is such that nothing is changed.
pub fn table() -> Vec<(Method, &'static str, Value, [u16; 4])> {
    let (get, post) = (Method::GET, Method::POST);
    let nothing = json!({});
    let member = json!({ "role": "member" });
    let get = |path, statuses| (get.clone(), path, Value::Null, statuses);
    let post = |path, body: &Value, statuses| (post.clone(), path, body.clone(), statuses);
    vec![
        // Anybody.
        get("/health", [200; 4]),
        get("/health/ready", [200; 4]),
        get("/license-checker", [200; 4]),
        // Nobody without the token, and there is none.
        get("/metrics", [404; 4]),
        get("/invitation", [200; 4]),
        get("/sign-in", [200, 303, 303, 303]),
        get("/api/auth/get-session", [200; 4]),
        post("/api/auth/sign-in/email", &nothing, [401; 4]),
        post("/api/invitations/accept", &nothing, [422; 4]),
        get("/api/license/authorize?feature=analytics", [204; 4]),
        // The wizard is over.
        get("/setup", [303; 4]),
        get("/setup/license", [303; 4]),
        get("/setup/admin", [303; 4]),
        get("/api/setup/state", [409; 4]),
        post("/api/setup/license", &nothing, [409; 4]),
        post("/api/setup/admin", &nothing, [409; 4]),
        post("/api/setup/organization", &nothing, [409; 4]),
        post("/api/setup/email", &nothing, [409; 4]),
        post("/api/setup/email/test", &nothing, [409; 4]),
        post("/api/setup/complete", &nothing, [409; 4]),
        // Whoever is signed in.
        get("/", [303, 200, 200, 200]),
        get("/settings", [303; 4]),
        get("/settings/license", [303, 200, 200, 200]),
        get("/settings/license/update", [303, 200, 200, 200]),
        get("/settings/organization", [303, 200, 200, 200]),
        get("/settings/sessions", [303, 200, 200, 200]),
        get("/api/auth/sessions", [401, 200, 200, 200]),
        post("/api/auth/sessions/any/revoke", &nothing, [401, 404, 404, 404]),
        post("/api/auth/sessions/revoke-others", &nothing, [401, 200, 200, 200]),
        post("/api/auth/change-password", &nothing, [401, 422, 422, 422]),
        post("/api/auth/license/get-claims", &nothing, [401, 200, 200, 200]),
        get("/api/auth/license/status", [401, 200, 200, 200]),
        get("/api/auth/license/expiry.ics", [401, 200, 200, 200]),
        post("/api/license/dismiss", &nothing, [401, 422, 422, 422]),
        get("/analytics", [303, 200, 200, 200]),
        get("/api/analytics/usage", [401, 200, 200, 200]),
        // Administrators.
        get("/api/license/usage", [401, 403, 200, 200]),
        post("/api/license/usage", &nothing, [401, 403, 422, 422]),
        get("/settings/email", [303, 403, 200, 200]),
        get("/settings/network", [303, 403, 200, 200]),
        get("/settings/users", [303, 403, 200, 200]),
        get("/settings/audit", [303, 403, 200, 200]),
        get("/api/users", [401, 403, 200, 200]),
        get("/api/audit", [401, 403, 200, 200]),
        get("/api/audit/export", [401, 403, 200, 200]),
        post("/api/settings/organization", &nothing, [401, 403, 422, 422]),
        post("/api/invitations", &nothing, [401, 403, 422, 422]),
        post("/api/invitations/any/revoke", &nothing, [401, 403, 404, 404]),
        post("/api/users/nobody/role", &member, [401, 403, 404, 404]),
        post("/api/users/nobody/remove", &nothing, [401, 403, 404, 404]),
        post("/api/auth/license/check", &nothing, [401, 403, 409, 409]),
        post("/api/auth/license/preview", &nothing, [401, 403, 200, 200]),
        post("/api/auth/license/rotate", &nothing, [401, 403, 422, 422]),
        post("/api/auth/license/revert", &nothing, [401, 403, 428, 428]),
        // Platform administrators.
        post("/api/settings/email", &nothing, [401, 403, 403, 422]),
        post("/api/settings/email/test", &nothing, [401, 403, 403, 422]),
        post("/api/users/first/role", &member, [401, 403, 403, 409]),
        post("/api/users/first/remove", &nothing, [401, 403, 403, 409]),
        // The last row: it ends the sessions.
        post("/api/auth/sign-out", &nothing, [200; 4]),
    ]
}

#[tokio::test]
async fn each_role_may_do_what_it_may_and_nothing_else() {
    for base in BASES {
        let server = Server::with(base, &[(Key::LicenseMode, "offline")]).await;
        let admin = server.install(&first()).await;
        let (member, org) = (server.somebody(Role::Member).await, server.somebody(Role::OrgAdmin).await);
        let first = admin.clone().get("/api/auth/get-session").await.json()["user"]["id"].clone();
        let first = first.as_str().expect("an id");
        let mut wrong = Vec::new();
        for (method, path, body, expected) in table() {
            let path = path.replace("first", first);
            // Each try with a copy: none of them keeps what an answer says.
            let people = [server.browser(), member.clone(), org.clone(), admin.clone()];
            let mut statuses = [0; 4];
            for (mut somebody, status) in people.into_iter().zip(&mut statuses) {
                let headers = [("content-type", "application/json")];
                let body = if body.is_null() { String::new() } else { body.to_string() };
                let answer = somebody.send(method.clone(), &path, &headers, &body).await;
                *status = answer.status.as_u16();
                if *status == 403 {
                    assert!(
                        answer.body.contains("Your account may not do this") || answer.json()["code"] == "forbidden"
                    );
                }
            }
            if statuses != expected {
                wrong.push(format!("{method} {path}: {statuses:?}, not {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn the_table_has_every_endpoint_that_changes_something() {
    let known: Vec<String> = table().iter().map(|(_, path, _, _)| (*path).to_owned()).collect();
    for endpoint in ENDPOINTS {
        let path =
            format!("/api/{endpoint}").replace("users/member", "users/first").replace("users/org-admin", "users/first");
        // Its own tests say who may copy.
        assert!(known.contains(&path) || path.ends_with("/license/copy"), "{path}");
    }
}
