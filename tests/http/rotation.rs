//! Rotations: whole or not at all, seen at once, and never by accident.

use std::collections::BTreeMap;

use axum::http::Method;
use countersign::config::Key;
use countersign_app::Role;
use countersign_license::{Bundle, Policy, Verdict, inspect};
use serde_json::{Value, json};

use crate::ask::{Answer, BASES, Browser, NOW, Server};
use crate::common::vectors;
use crate::license::claims;
use crate::story::{ADMIN, OTHER, VENDOR, body, code, first, renewal};

const DAY: i64 = 24 * 60 * 60;

/// Rotates as a program does.
pub async fn rotate(somebody: &mut Browser, revision: i64, bundle: &Bundle, acknowledge: &[&str]) -> Answer {
    let mut body = body(bundle);
    body["acknowledge"] = json!(acknowledge);
    somebody.json_with("/api/auth/license/rotate", &[("if-match", &format!("\"{revision}\""))], &body).await
}

/// The licenses that were in use before, the latest first.
pub async fn history(somebody: &mut Browser) -> Vec<Value> {
    let answer = somebody.get("/api/auth/license/history").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["history"].as_array().unwrap().clone()
}

#[tokio::test]
async fn get_claims_follows_a_rotation_on_the_very_next_request() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let mut member = server.somebody(Role::Member).await;
        server.wait(60);
        let answer = rotate(&mut admin, 1, &renewal(), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("etag"), "\"2\"");
        let json = answer.json();
        assert_eq!((&json["revision"], &json["state"]), (&json!(2), &json!("active")));
        for who in [&mut admin, &mut member] {
            let now = claims(who).await;
            assert_eq!((&now["revision"], &now["claims"]), (&json!(2), &json["claims"]));
            assert_eq!((&now["source"], &now["claims"]["jti"]), (&json!("rotation"), &json!("lic_second")));
        }
        let past = history(&mut admin).await;
        assert_eq!(past.len(), 1);
        assert_eq!((&past[0]["revision"], &past[0]["replacedBy"]), (&json!(1), &json!(ADMIN)));
        assert_eq!(past[0]["inspection"]["claims"]["jti"], "lic_first");
        assert_eq!(past[0]["replacedAt"], "2026-09-21T14:14:20Z");

        let (actor, action, detail) = server.audit().await.pop().unwrap();
        assert_eq!((actor.as_str(), action.as_str()), (ADMIN, "license.rotated"));
        let key = VENDOR.fingerprint();
        assert_eq!(
            detail,
            format!(
                "Revision 2: from license lic_first (key {key}) to license lic_second (key {key}); acknowledged: nothing \
                 to acknowledge."
            )
        );
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_database_follows_as_well() {
    let (server, mut admin) = Server::set_up("/").await;
    let second = Server::again("/", &[], server.folder.clone()).await;
    let mut there = second.browser();
    there.jar = admin.jar.clone();
    assert_eq!(claims(&mut there).await["revision"], 1);
    assert_eq!(rotate(&mut admin, 1, &renewal(), &[]).await.status, 200);
    assert_eq!(claims(&mut there).await["revision"], 2);
    // And the other way round.
    assert_eq!(rotate(&mut there, 2, &first(), &["expires-sooner", "older"]).await.status, 200);
    assert_eq!(claims(&mut admin).await["claims"]["jti"], "lic_first");
}

#[tokio::test]
async fn of_two_administrators_one_is_told_what_the_other_changed() {
    let (server, mut one) = Server::set_up("/").await;
    let mut other = server.somebody(Role::OrgAdmin).await;
    let more = VENDOR.issue(&json!({ "jti": "lic_more", "iat": NOW, "exp": NOW + 900 * DAY,
        "scrydon": { "tier": "enterprise", "entitlements": { "cpuCores": 128 } } }));
    server.wait(10);
    assert_eq!(rotate(&mut other, 1, &more, &[]).await.status, 200);
    server.wait(10);
    let answer = rotate(&mut one, 1, &renewal(), &[]).await;
    assert_eq!(answer.status, 412, "{}", answer.body);
    let json = answer.json();
    assert_eq!((&json["code"], &json["revision"]), (&json!("stale"), &json!(2)));
    assert_eq!(
        json["detail"],
        "Yours was not applied: org-admin@example.com installed license lic_more meanwhile, on 21 September 2026, 14:13 UTC. Look at the difference to that \
         one before you go on."
    );
    assert_eq!(json["installed"]["licenseId"], "lic_more");
    assert_eq!(
        (&json["installed"]["by"], &json["installed"]["at"]),
        (&json!("org-admin@example.com"), &json!("2026-09-21T14:13:30Z"))
    );
    let changed: BTreeMap<&str, (&Value, &Value, &str)> = json["changed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["field"].as_str().unwrap(), (&row["current"], &row["new"], row["change"].as_str().unwrap())))
        .collect();
    assert_eq!(changed["cpuCores"], (&json!("64 cores"), &json!("128 cores"), "more"));
    assert_eq!(changed["ramGb"].2, "same");
    assert_eq!(changed["licenseId"], (&json!("lic_first"), &json!("lic_more"), "different"));
    assert_eq!(claims(&mut one).await["claims"]["jti"], "lic_more");
    assert_eq!(server.audit().await.iter().filter(|row| row.1 == "license.rotated").count(), 1);
}

#[tokio::test]
async fn a_rotation_says_which_revision_it_replaces() {
    let (_server, mut admin) = Server::set_up("/").await;
    let path = "/api/auth/license/rotate";
    let renewed = body(&renewal());
    for headers in [&[][..], &[("if-match", "*")], &[("if-match", "1")], &[("if-match", "\"1\", \"2\"")]] {
        let answer = admin.json_with(path, headers, &renewed).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (428, "precondition-required"), "{headers:?}");
    }
    for tag in ["\"0\"", "\"2\"", "\"x\"", "\"\"", "\"-1\"", "\"+1\"", "\"01\"", "\" 1\""] {
        let answer = admin.json_with(path, &[("if-match", tag)], &renewed).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (412, "stale"), "{tag}");
    }
    // A bundle that is no good is said first, whatever else is wrong.
    let bad = json!({ "jwt": "x", "publicKey": "y" });
    for headers in [&[][..], &[("if-match", "\"9\"")]] {
        assert_eq!(admin.json_with(path, headers, &bad).await.status, 422);
    }
    assert_eq!(claims(&mut admin).await["revision"], 1);
}

#[tokio::test]
async fn the_same_license_again_changes_nothing() {
    let (server, mut admin) = Server::set_up("/").await;
    let before = server.stored().await;
    let answer = rotate(&mut admin, 1, &first(), &[]).await;
    assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (409, "license-same"));
    assert_eq!(server.stored().await, before);
    assert!(history(&mut admin).await.is_empty());
    let preview = admin.json("/api/auth/license/preview", &body(&first())).await.json();
    assert_eq!((&preview["applicable"], &preview["acknowledgements"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn what_gets_worse_must_be_acknowledged() {
    let (server, mut admin) = Server::set_up("/").await;
    let later = json!({ "jti": "lic_x", "iat": NOW, "exp": NOW + 730 * DAY });
    let with = |changes: Value| {
        let mut all = later.clone();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        all
    };
    let less = json!({ "scrydon": { "entitlements": { "cpuCores": 32 } } });
    let everything =
        json!({ "jti": "lic_x", "iat": NOW - 2 * DAY, "exp": NOW + DAY, "scrydon": { "tier": "starter" } });
    let mut revision = 1;
    for (bundle, needed) in [
        (VENDOR.issue(&later), &[][..]),
        (OTHER.issue(&later), &["key-changed"]),
        (VENDOR.issue(&with(less.clone())), &["downgrade"]),
        (VENDOR.issue(&with(json!({ "scrydon": { "features": { "analytics": null } } }))), &["downgrade"]),
        (VENDOR.issue(&with(json!({ "exp": NOW + 100 * DAY }))), &["expires-sooner"]),
        (VENDOR.issue(&with(json!({ "iat": NOW - 2 * DAY }))), &["older"]),
        (OTHER.issue(&everything), &["key-changed", "downgrade", "expires-sooner", "older"]),
    ] {
        let preview = admin.json("/api/auth/license/preview", &body(&bundle)).await;
        assert_eq!((preview.status.as_u16(), preview.header("etag")), (200, format!("\"{revision}\"").as_str()));
        let preview = preview.json();
        assert_eq!(preview["acknowledgements"], json!(needed));
        assert_eq!((&preview["applicable"], &preview["inspection"]["verdict"]), (&json!(true), &json!("valid")));
        assert!(preview["comparison"].as_array().is_some_and(|rows| rows.len() > 8));

        for missing in needed {
            // Acknowledging something else, or something that nobody knows, does not help.
            let others: Vec<&str> =
                needed.iter().filter(|code| *code != missing).copied().chain(["anything"]).collect();
            let answer = rotate(&mut admin, revision, &bundle, &others).await;
            assert_eq!(answer.status, 428, "{}", answer.body);
            let json = answer.json();
            assert_eq!((&json["code"], &json["required"]), (&json!("acknowledgement-required"), &json!([missing])));
        }
        let answer = rotate(&mut admin, revision, &bundle, &[]).await;
        if !needed.is_empty() {
            assert_eq!((answer.status.as_u16(), &answer.json()["required"]), (428, &json!(needed)));
            assert_eq!(claims(&mut admin).await["revision"], revision);
            assert_eq!(rotate(&mut admin, revision, &bundle, needed).await.status, 200);
            let detail = server.audit().await.pop().unwrap().2;
            assert!(detail.ends_with(&format!("acknowledged: {}.", needed.join(", "))), "{detail}");
        }
        let all = ["key-changed", "downgrade", "expires-sooner", "older"];
        assert_eq!(rotate(&mut admin, revision + 1, &first(), &all).await.status, 200);
        revision += 2;
    }
}

#[tokio::test]
async fn a_feature_is_lost_where_a_gate_will_refuse_it_whatever_the_words() {
    let (_server, mut admin) = Server::set_up("/").await;
    let all = ["key-changed", "downgrade", "expires-sooner", "older"];
    let issue = |id: String, tier: &str, features: &Value| {
        let mut said = json!({ "analytics": null, "maxUsers": null });
        said.as_object_mut().unwrap().extend(features.as_object().unwrap().clone());
        VENDOR.issue(&json!({ "jti": id, "scrydon": { "tier": tier, "features": said } }))
    };
    let cases = [
        ("enterprise", json!({}), json!({ "agentic": false }), "less"),
        ("enterprise", json!({ "agentic": false }), json!({}), "more"),
        ("enterprise", json!({}), json!({ "agentic": true }), "more"),
        ("starter", json!({ "agentic": false }), json!({}), "same"),
        ("starter", json!({ "analytics": true }), json!({}), "less"),
        // It names it no longer, though the tier still brings it: worth a look.
        ("professional", json!({ "analytics": true }), json!({}), "less"),
        ("starter", json!({ "reports": true }), json!({ "reports": "pdf" }), "less"),
        ("starter", json!({ "reports": "pdf" }), json!({ "reports": true }), "more"),
        ("starter", json!({ "reports": "pdf" }), json!({ "reports": "csv" }), "different"),
        ("starter", json!({ "reports": 5 }), json!({}), "less"),
        ("starter", json!({}), json!({ "reports": 5 }), "more"),
        ("starter", json!({ "reports": true }), json!({ "reports": 5 }), "less"),
        ("starter", json!({ "reports": 5 }), json!({ "reports": 0 }), "less"),
        ("starter", json!({ "maxProjects": 5 }), json!({}), "more"),
        ("starter", json!({}), json!({ "maxProjects": 5 }), "less"),
    ];
    for (number, (tier, old, new, change)) in (1..).zip(cases) {
        let said = format!("{tier}: {old} to {new}");
        let installed = rotate(&mut admin, number, &issue(format!("lic_{number}"), tier, &old), &all).await;
        assert_eq!(installed.status, 200, "{said}: {}", installed.body);
        let renewal = body(&issue(format!("lic_{number}_new"), tier, &new));
        let preview = admin.json("/api/auth/license/preview", &renewal).await.json();
        let is_feature = |row: &&Value| row["field"].as_str().is_some_and(|field| field.starts_with("features."));
        let rows: Vec<&Value> = preview["comparison"].as_array().unwrap().iter().filter(is_feature).collect();
        assert_eq!(rows.iter().map(|row| &row["change"]).collect::<Vec<_>>(), [change], "{said}");
        let needed = if change == "less" { json!(["downgrade"]) } else { json!([]) };
        assert_eq!(preview["acknowledgements"], needed, "{said}");
    }
}

#[tokio::test]
async fn with_a_trusted_list_no_other_key_is_taken_acknowledged_or_not() {
    for base in BASES {
        let trusted = VENDOR.fingerprint();
        let server = Server::with(base, &[(Key::LicenseTrustedKeys, &trusted)]).await;
        let mut admin = server.install(&first()).await;
        let self_made = OTHER.issue(&json!({ "jti": "lic_mine", "exp": NOW + 9000 * DAY }));
        let before = server.stored().await;
        let answer = rotate(&mut admin, 1, &self_made, &["key-changed"]).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (422, "license-rejected"));
        let preview = admin.json("/api/auth/license/preview", &body(&self_made)).await.json();
        assert_eq!(preview["applicable"], false);
        assert_eq!(server.stored().await, before);
        assert_eq!(rotate(&mut admin, 1, &renewal(), &[]).await.status, 200);
    }
}

#[tokio::test]
async fn no_vector_that_is_not_valid_changes_a_byte() {
    let (server, mut admin) = Server::set_up("/").await;
    let before = server.stored().await;
    let all = ["key-changed", "downgrade", "expires-sooner", "older"];
    let mut refused = 0;
    for vector in vectors() {
        let bytes = vector.bytes();
        if inspect(&bytes, &Policy::default(), NOW).verdict == Verdict::Valid {
            continue;
        }
        refused += 1;
        let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
        for path in ["rotate", "preview"] {
            let path = format!("/api/auth/license/{path}");
            let answer = admin.send(Method::POST, &path, &headers, bytes.clone()).await;
            let looked =
                answer.status == 200 && path.ends_with("preview") && answer.body.contains(r#""applicable":false"#);
            assert!(looked || answer.status.is_client_error(), "{}: {path}: {}", vector.name, answer.status);
        }
        if let Ok(text) = String::from_utf8(bytes) {
            let fields = [("bundle", text.as_str()), ("revision", "1")];
            let fields = fields.into_iter().chain(all.map(|code| ("acknowledge", code))).collect::<Vec<_>>();
            let answer = admin.form("/api/auth/license/rotate", &fields).await;
            assert!(answer.status == 303 || answer.status.is_client_error(), "{}: {}", vector.name, answer.status);
        }
    }
    assert!(refused > 200, "{refused} vectors");
    assert_eq!(server.stored().await, before);
    assert_eq!(claims(&mut admin).await["state"], "active");
    assert!(history(&mut admin).await.is_empty());
}

#[tokio::test]
async fn people_rotate_with_forms_and_lose_nothing_on_the_way() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let sooner = VENDOR.issue(&json!({ "jti": "lic_sooner", "iat": NOW, "exp": NOW + 300 * DAY })).to_json();
        let answer = admin.form("/api/auth/license/preview", &[("bundle", &sooner)]).await;
        let page = admin.follow(&answer).await;
        assert!(page.body.contains("Review the new license") && page.body.contains("expires-sooner"), "{}", page.body);

        // The box was not ticked.
        let answer = admin.form("/api/auth/license/rotate", &[("bundle", &sooner), ("revision", "1")]).await;
        let page = admin.follow(&answer).await;
        assert!(page.body.contains("acknowledge it to go on: expires-sooner."), "{}", page.body);
        assert!(page.body.contains("Review the new license"), "the bundle is still there");

        // Somebody else is first.
        let mut other = server.somebody(Role::OrgAdmin).await;
        assert_eq!(rotate(&mut other, 1, &renewal(), &[]).await.status, 200);
        let fields = [("bundle", sooner.as_str()), ("revision", "1"), ("acknowledge", "expires-sooner")];
        let answer = admin.form("/api/auth/license/rotate", &fields).await;
        let page = admin.follow(&answer).await;
        assert!(page.body.contains("org-admin@example.com installed license lic_second"), "{}", page.body);
        assert!(page.body.contains(r#"name="revision" value="2""#), "{}", page.body);

        let fields = [("bundle", sooner.as_str()), ("revision", "2"), ("acknowledge", "expires-sooner")];
        let answer = admin.form("/api/auth/license/rotate", &fields).await;
        assert!(answer.header("location").ends_with("/settings/license"));
        let page = admin.follow(&answer).await;
        assert!(page.body.contains("The new license is in use."), "{}", page.body);
        assert_eq!(claims(&mut admin).await["claims"]["jti"], "lic_sooner");
    }
}

#[tokio::test]
async fn a_private_key_is_never_stored_kept_or_echoed() {
    let (server, mut admin) = Server::set_up("/").await;
    let secret = std::fs::read_to_string(crate::common::folder().join("keys/rsa2048.pem")).unwrap();
    let line = secret.lines().nth(5).unwrap().to_owned();
    let text = json!({ "jwt": renewal().jwt, "publicKey": secret }).to_string();
    let beside = json!({ "jwt": renewal().jwt, "publicKey": renewal().public_key, "note": secret }).to_string();
    for text in [text, beside] {
        for path in ["/api/auth/license/rotate", "/api/auth/license/preview"] {
            let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
            let answer = admin.send(Method::POST, path, &headers, text.clone()).await;
            assert!(answer.body.contains("private key") && !answer.body.contains(&line), "{}", answer.body);
            let answer = admin.form(path, &[("bundle", &text), ("revision", "1")]).await;
            assert!(!answer.body.contains(&line));
            let page = admin.follow(&answer).await;
            assert!(page.body.contains("private key") && !page.body.contains(&line), "{}", page.body);
        }
    }
    for bytes in crate::database::contents(&server.folder).await {
        assert!(!bytes.windows(line.len()).any(|window| window == line.as_bytes()));
    }
    assert_eq!(claims(&mut admin).await["revision"], 1);
}
