//! What is licensed, as programs and people read it.

use axum::http::Method;
use countersign::config::Key;
use countersign_app::Role;
use countersign_license::Bundle;
use serde_json::{Value, json};

use crate::ask::{Answer, BASES, Browser, NOW, Server};
use crate::story::{ADMIN, OTHER, VENDOR, body, code, first, renewal};

/// What `get-claims` says.
pub async fn claims(somebody: &mut Browser) -> Value {
    let answer = somebody.json("/api/auth/license/get-claims", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json = answer.json();
    assert_eq!(answer.header("etag"), format!("\"{}\"", json["revision"]));
    assert_eq!(answer.header("cache-control"), "no-store");
    json
}

async fn status(somebody: &mut Browser) -> Value {
    let answer = somebody.get("/api/auth/license/status").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json = answer.json();
    assert_eq!(answer.header("etag"), format!("\"{}\"", json["revision"]));
    json
}

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn claims_are_told_with_what_they_are_worth() {
    for base in BASES {
        let (_server, mut admin) = Server::set_up(base).await;
        let json = claims(&mut admin).await;
        assert_eq!(json["claims"], crate::story::claims());
        assert_eq!(json["key"]["sha256"], VENDOR.fingerprint());
        let members = ["trust", "state", "verdict", "revision", "expiresInSeconds", "source", "installedAt"];
        let told = members.map(|member| json[member].clone());
        let expected = [
            json!("bundled"),
            json!("active"),
            json!("valid"),
            json!(1),
            json!(365 * DAY),
            json!("setup"),
            json!("2026-09-21T14:13:20Z"),
        ];
        assert_eq!(told, expected);
        let json = status(&mut admin).await;
        assert_eq!((&json["state"], &json["canAct"]), (&json!("active"), &json!(true)));
        assert_eq!(json["expiresAt"], "2027-09-21T14:13:20Z");
        assert_eq!(json["message"], "Licensed to Acme Corp until 21 September 2027, 14:13 UTC. 365 days are left.");
    }
}

#[tokio::test]
async fn the_banner_says_what_happens_next_and_whom_to_write_to() {
    let (server, mut admin) = Server::set_up("/").await;
    server.sql("UPDATE sessions SET expires_at = expires_at + 40000000", &[]).await;
    let mut at = async |now: i64| {
        let value = now.to_string();
        server.clock.store(now, std::sync::atomic::Ordering::Relaxed);
        server.sql("UPDATE sessions SET seen_at = CAST($1 AS INTEGER)", &[&value]).await;
        let json = status(&mut admin).await;
        (json["state"].as_str().unwrap().to_owned(), json["message"].as_str().unwrap().to_owned())
    };
    let end = NOW + 365 * DAY;
    assert_eq!(at(end - 30 * DAY - 1).await.0, "active");
    let (state, message) = at(end - 30 * DAY).await;
    assert_eq!(state, "expiring");
    assert_eq!(
        message,
        "The license expires in 30 days, on 21 September 2027. Everything works until 21 September 2027, 14:13 UTC; then what \
         it grants is switched off. Nothing is deleted. Ask for a new license now, and install it when it comes. For a new \
         license, write to sales@scrydon.com, quoting cust_acme."
    );
    let (state, message) = at(end).await;
    assert_eq!(state, "expired");
    assert!(
        message.starts_with("The license expired just now, on 21 September 2027. What it granted to Acme Corp ended"),
        "{message}"
    );
    assert!(message.ends_with("write to sales@scrydon.com, quoting cust_acme."), "{message}");
}

#[tokio::test]
async fn a_license_ends_at_exp_to_the_second() {
    let server = Server::start("/").await;
    let end = NOW + 100;
    let mut admin = server.install(&VENDOR.issue(&json!({ "exp": end }))).await;
    for (now, state, left) in [(end - 1, "expiring", 1), (end, "expired", 0), (end + 1, "expired", -1)] {
        server.clock.store(now, std::sync::atomic::Ordering::Relaxed);
        let json = claims(&mut admin).await;
        assert_eq!((&json["state"], &json["expiresInSeconds"]), (&json!(state), &json!(left)), "{now}");
        assert_eq!(json["claims"]["jti"], "lic_first", "an expired license is still genuine");
        assert_eq!(status(&mut admin).await["state"], state);
    }
}

#[tokio::test]
async fn an_expired_license_blocks_no_page_and_no_rotation() {
    for base in BASES {
        let server = Server::start(base).await;
        let mut admin = server.install(&VENDOR.issue(&json!({ "exp": NOW + 100 }))).await;
        server.wait(3600);
        for page in ["/", "/settings/license", "/settings/license/update"] {
            let answer = admin.get(page).await;
            assert_eq!(answer.status, 200, "{page}");
        }
        assert!(admin.get("/settings/license").await.body.contains("The license expired"));
        let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body(&renewal())).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(claims(&mut admin).await["state"], "active");
    }
}

#[tokio::test]
async fn what_an_operator_writes_by_sql_counts_at_the_next_request() {
    let (server, mut admin) = Server::set_up("/").await;
    let write = async |bundle: &Bundle, revision: &str| {
        for (key, value) in [("license_jwt", &bundle.jwt), ("license_public_key", &bundle.public_key)] {
            let statement = "UPDATE platform_config SET value = $2, revision = CAST($3 AS INTEGER) WHERE key = $1";
            assert_eq!(server.sql(statement, &[key, value, revision]).await, 1);
        }
    };
    write(&OTHER.issue(&json!({ "jti": "lic_operator" })), "7").await;
    let json = claims(&mut admin).await;
    assert_eq!((&json["claims"]["jti"], &json["revision"]), (&json!("lic_operator"), &json!(7)));
    assert_eq!((&json["source"], &json["key"]["sha256"]), (&json!("database"), &json!(OTHER.fingerprint())));

    // One row alone is no license.
    let statement = "UPDATE platform_config SET value = $2 WHERE key = $1";
    server.sql(statement, &["license_public_key", &first().public_key]).await;
    let json = claims(&mut admin).await;
    assert_eq!((&json["state"], &json["verdict"]), (&json!("tampered"), &json!("bad-signature")));
    assert_eq!((&json["claims"], &json["expiresInSeconds"]), (&Value::Null, &Value::Null));
    let json = status(&mut admin).await;
    assert_eq!((&json["state"], &json["expiresAt"]), (&json!("tampered"), &Value::Null));
    for page in ["/", "/settings/license", "/settings/license/update"] {
        assert_eq!(admin.get(page).await.status, 200, "{page}");
    }

    // The bundle again puts it right; nothing vouches for its key any more.
    let mut again = body(&first());
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"7\"")], &again).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["required"]), (428, &json!(["key-changed"])));
    again["acknowledge"] = json!(["key-changed"]);
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"7\"")], &again).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(claims(&mut admin).await["revision"], 8);

    // Both rows gone: nothing is licensed.
    server.sql("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')", &[]).await;
    let json = claims(&mut admin).await;
    assert_eq!((&json["state"], &json["claims"], &json["revision"]), (&json!("unlicensed"), &Value::Null, &json!(0)));
    assert_eq!(status(&mut admin).await["state"], "unlicensed");
    assert_eq!(code(&admin.json("/api/auth/license/copy", &json!({})).await), "unlicensed");
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"0\"")], &again).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(claims(&mut admin).await["state"], "active");
}

#[tokio::test]
async fn claims_that_break_a_rule_are_not_told_though_their_signature_is_right() {
    let (server, mut admin) = Server::set_up("/").await;
    let wrong = VENDOR.issue(&json!({ "iss": "somebody-else" }));
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&wrong.jwt]).await;
    let json = claims(&mut admin).await;
    assert_eq!((&json["state"], &json["claims"]), (&json!("tampered"), &Value::Null));
}

#[tokio::test]
async fn with_a_trusted_list_the_installed_license_needs_a_listed_key_too() {
    let trusted = VENDOR.fingerprint();
    let server = Server::with("/", &[(Key::LicenseTrustedKeys, &trusted)]).await;
    let mut admin = server.install(&first()).await;
    assert_eq!(claims(&mut admin).await["trust"], "pinned");
    let other = OTHER.fingerprint();
    let server = Server::again("/", &[(Key::LicenseTrustedKeys, &other)], server.folder.clone()).await;
    let mut again = server.browser();
    again.jar = admin.jar;
    let json = claims(&mut again).await;
    assert_eq!((&json["state"], &json["verdict"]), (&json!("tampered"), &json!("rejected")));
}

#[tokio::test]
async fn each_role_may_do_what_is_its_own_and_nothing_else() {
    for base in BASES {
        let (server, mut platform) = Server::set_up(base).await;
        let (mut member, mut org) = (server.somebody(Role::Member).await, server.somebody(Role::OrgAdmin).await);
        let mut nobody = server.browser();
        // A preview and a refused rotation change nothing, so that everybody meets the same license.
        for (method, path, anybody) in [
            (Method::POST, "get-claims", true),
            (Method::GET, "status", true),
            (Method::GET, "history", false),
            (Method::POST, "preview", false),
            (Method::POST, "rotate", false),
            (Method::POST, "revert", false),
            (Method::POST, "copy", false),
        ] {
            let path = format!("/api/auth/license/{path}");
            let ask = async |who: &mut Browser| -> Answer {
                let body = if method == Method::GET { String::new() } else { body(&renewal()).to_string() };
                who.send(method.clone(), &path, &[("content-type", "application/json")], body).await
            };
            assert_eq!(code(&ask(&mut nobody).await), "signed-out", "{path}");
            let refused = ask(&mut member).await;
            if anybody {
                assert_eq!(refused.status, 200, "{path}");
            } else {
                assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (403, "forbidden"), "{path}");
            }
            for who in [&mut org, &mut platform] {
                let answer = ask(who).await;
                assert!(answer.status == 200 || answer.status == 428, "{path}: {}", answer.body);
            }
        }
        assert_eq!(status(&mut member).await["canAct"], false);
        assert_eq!(status(&mut org).await["canAct"], true);
        for page in ["/settings/license", "/settings/license/update"] {
            assert_eq!(nobody.get(page).await.status, 303, "{page}");
            for who in [&mut member, &mut org, &mut platform] {
                assert_eq!(who.get(page).await.status, 200, "{page}");
            }
        }
        // A form of somebody who may not leaves no trace either.
        let bundle = renewal().to_json();
        member.form("/api/auth/license/rotate", &[("bundle", &bundle), ("revision", "1")]).await;
        nobody.form("/api/auth/license/rotate", &[("bundle", &bundle), ("revision", "1")]).await;
        assert_eq!(claims(&mut platform).await["revision"], 1);
    }
}

#[tokio::test]
async fn a_jwt_is_handed_out_to_administrators_and_written_down_before() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let answer = admin.json("/api/auth/license/copy", &json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "jwt": first().jwt })));
        let (actor, action, detail) = server.audit().await.pop().unwrap();
        assert_eq!((actor.as_str(), action.as_str()), (ADMIN, "license.copied"));
        assert_eq!(detail, "The JWT of license lic_first, revision 1.");
        let page = admin.form("/api/auth/license/copy", &[]).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&first().jwt) && page.body.contains("audit log"));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(server.audit().await.pop().unwrap().1, "license.copied");

        // Where it cannot be written down, it is not handed out.
        server.sql("ALTER TABLE audit RENAME TO elsewhere", &[]).await;
        for answer in
            [admin.json("/api/auth/license/copy", &json!({})).await, admin.form("/api/auth/license/copy", &[]).await]
        {
            assert_eq!(answer.status, 503);
            assert!(!answer.body.contains(&first().jwt));
        }
    }
}

#[tokio::test]
async fn no_answer_but_the_one_that_is_asked_for_it_holds_the_jwt() {
    let (_server, mut admin) = Server::set_up("/").await;
    let rotate = [("if-match", "\"1\"")];
    let answer = admin.json_with("/api/auth/license/rotate", &rotate, &body(&renewal())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut bodies = vec![answer.body, claims(&mut admin).await.to_string()];
    for path in ["/api/auth/license/status", "/api/auth/license/history", "/", "/settings/license"] {
        bodies.push(admin.get(path).await.body);
    }
    bodies.push(admin.json("/api/auth/license/preview", &body(&first())).await.body);
    for bundle in [first(), renewal()] {
        let signature = bundle.jwt.rsplit('.').next().unwrap().to_owned();
        let payload = bundle.jwt.split('.').nth(1).unwrap().to_owned();
        for body in &bodies {
            assert!(!body.contains(&signature) && !body.contains(&payload), "{body}");
        }
    }
}

#[tokio::test]
async fn without_a_database_nothing_is_said_to_be_licensed() {
    let (server, mut admin) = Server::set_up("/").await;
    server.sql("ALTER TABLE platform_config RENAME TO elsewhere", &[]).await;
    let answer = admin.json("/api/auth/license/get-claims", &json!({})).await;
    assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (503, "unavailable"));
    assert_eq!(admin.get("/api/auth/license/status").await.status, 503);
    assert_eq!(admin.get("/settings/license").await.status, 503);
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body(&renewal())).await;
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn numbers_of_any_size_are_told_as_they_stand_in_the_token() {
    let number = "1234567890123456789012345678901234567890.10e999";
    let mut claims = crate::story::claims();
    claims["scrydon"]["features"]["quota"] = json!("QUOTA");
    let payload = claims.to_string().replace("\"QUOTA\"", number);
    let server = Server::start("/").await;
    let mut admin = server.install(&first()).await;
    let huge = body(&VENDOR.sign(&payload));
    let headers = [("if-match", "\"1\"")];
    let mut bodies = vec![admin.json("/api/auth/license/preview", &huge).await.body];
    bodies.push(admin.json_with("/api/auth/license/rotate", &headers, &huge).await.body);
    bodies.push(admin.json("/api/auth/license/get-claims", &json!({})).await.body);
    let back = json!({ "acknowledge": ["expires-sooner", "downgrade", "older"] });
    let answer = admin.json_with("/api/auth/license/revert", &[("if-match", "\"2\"")], &back).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    bodies.push(admin.get("/api/auth/license/history").await.body);
    for body in bodies {
        assert!(body.contains(number), "{body}");
    }
}
