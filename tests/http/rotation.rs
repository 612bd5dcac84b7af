//! Rotations: whole or not at all, seen at once, and never by accident.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

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
async fn rotate(somebody: &mut Browser, revision: i64, bundle: &Bundle, acknowledge: &[&str]) -> Answer {
    let mut body = body(bundle);
    body["acknowledge"] = json!(acknowledge);
    somebody.json_with("/api/auth/license/rotate", &[("if-match", &format!("\"{revision}\""))], &body).await
}

async fn history(somebody: &mut Browser) -> Vec<Value> {
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
async fn each_row_of_the_history_is_judged_by_what_stands_in_it_at_that_second() {
    let server = Server::start("/").await;
    let mut admin = server.install(&VENDOR.issue(&json!({ "exp": NOW + 100 }))).await;
    let third = VENDOR.issue(&json!({ "jti": "lic_third", "iat": NOW, "exp": NOW + 730 * DAY }));
    for (revision, bundle) in [(1, renewal()), (2, third)] {
        assert_eq!(rotate(&mut admin, revision, &bundle, &[]).await.status, 200);
    }
    let verdicts = async |admin: &mut Browser| {
        let of = |row: &Value| (row["inspection"]["verdict"].clone(), row["inspection"]["expiresInSeconds"].clone());
        history(admin).await.iter().map(of).collect::<Vec<_>>()
    };
    let valid = |seconds: i64| (json!("valid"), json!(seconds));
    assert_eq!(verdicts(&mut admin).await, [valid(730 * DAY), valid(100)]);

    // Within the same second, one of them is written over.
    server.sql("UPDATE license_history SET jwt = jwt || 'x' WHERE revision = 2", &[]).await;
    let changed = verdicts(&mut admin).await;
    assert_eq!((&changed[0].0, &changed[1]), (&json!("malformed"), &valid(100)));

    server.wait(1);
    assert_eq!(verdicts(&mut admin).await[1], valid(99));
    server.wait(99);
    assert_eq!(verdicts(&mut admin).await[1], (json!("expired"), json!(0)));
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
    for headers in [&[][..], &[("if-match", "*")], &[("if-match", "1")]] {
        let answer = admin.json_with(path, headers, &renewed).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (428, "precondition-required"), "{headers:?}");
    }
    for tag in ["\"0\"", "\"2\"", "\"x\"", "\"\"", "\"-1\""] {
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
async fn the_way_back_is_one_more_rotation() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let revert = async |who: &mut Browser, revision: i64, acknowledge: &[&str]| {
            let tag = format!("\"{revision}\"");
            let body = json!({ "acknowledge": acknowledge });
            who.json_with("/api/auth/license/revert", &[("if-match", &tag)], &body).await
        };
        assert_eq!(code(&revert(&mut admin, 1, &[]).await), "nothing-to-revert");
        assert_eq!(rotate(&mut admin, 1, &renewal(), &[]).await.status, 200);
        assert_eq!(code(&revert(&mut admin, 1, &[]).await), "stale");
        let answer = revert(&mut admin, 2, &[]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["required"]), (428, &json!(["expires-sooner", "older"])));
        let answer = revert(&mut admin, 2, &["expires-sooner", "older"]).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"3\""));
        let json = claims(&mut admin).await;
        assert_eq!((&json["claims"]["jti"], &json["source"]), (&json!("lic_first"), &json!("revert")));
        assert_eq!(server.audit().await.pop().unwrap().1, "license.reverted");
        // Once more leads forward again; and a form does the same.
        let fields = [("revision", "3"), ("acknowledge", "expires-sooner"), ("acknowledge", "older")];
        let answer = admin.form("/api/auth/license/revert", &fields).await;
        let page = admin.follow(&answer).await;
        assert!(page.body.contains("The license of before is in use again."), "{}", page.body);
        assert_eq!(claims(&mut admin).await["claims"]["jti"], "lic_second");
        assert_eq!(history(&mut admin).await.len(), 3);
    }
}

#[tokio::test]
async fn there_is_no_way_back_to_a_license_that_ended() {
    let server = Server::start("/").await;
    let mut admin = server.install(&VENDOR.issue(&json!({ "exp": NOW + 100 }))).await;
    assert_eq!(rotate(&mut admin, 1, &renewal(), &[]).await.status, 200);
    server.wait(100);
    let body = json!({ "acknowledge": ["expires-sooner", "older"] });
    let answer = admin.json_with("/api/auth/license/revert", &[("if-match", "\"2\"")], &body).await;
    assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (422, "license-expired"));
    assert_eq!(claims(&mut admin).await["revision"], 2);
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

/// Two licenses of different vendors, told apart by everything: number and revision included.
fn pair(number: i64) -> [Bundle; 2] {
    let changes = |name: &str| json!({ "jti": format!("lic_{name}_{number}"), "sub": format!("cust_{name}") });
    [VENDOR.issue(&changes("a")), OTHER.issue(&changes("b"))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_rotations_at_once_one_wins_whole_and_the_log_says_which() {
    const ROUNDS: i64 = 100;
    let (server, one) = Server::set_up("/").await;
    let other = server.somebody(Role::OrgAdmin).await;
    let all = ["key-changed", "downgrade", "expires-sooner", "older"];
    let mut won = Vec::new();
    for round in 1..=ROUNDS {
        let bundles = pair(round);
        let tries = [one.clone(), other.clone()]
            .into_iter()
            .zip(bundles.clone())
            .map(|(mut who, bundle)| tokio::spawn(async move { rotate(&mut who, round, &bundle, &all).await }));
        let mut winners = Vec::new();
        for (index, answer) in tries.collect::<Vec<_>>().into_iter().enumerate() {
            let answer = answer.await.unwrap();
            match answer.status.as_u16() {
                200 => winners.push(index),
                412 => assert_eq!(answer.json()["revision"], round + 1),
                status => panic!("{status}: {}", answer.body),
            }
        }
        let [winner] = winners[..] else { panic!("{winners:?} won round {round}") };
        let stored = server.stored().await;
        let expected = &bundles[winner];
        assert_eq!(
            stored,
            [
                ("license_jwt".to_owned(), expected.jwt.clone(), round + 1),
                ("license_public_key".to_owned(), expected.public_key.clone(), round + 1),
            ]
        );
        won.push(winner);
    }
    let audit = server.audit().await;
    let rotated: Vec<_> = audit.iter().filter(|(_, action, _)| action == "license.rotated").collect();
    assert_eq!(rotated.len(), won.len());
    for ((actor, _, detail), (winner, round)) in rotated.into_iter().zip(won.into_iter().zip(1..)) {
        let (who, name) = [(ADMIN, "a"), ("org-admin@example.com", "b")][winner];
        assert_eq!(actor, who);
        assert!(detail.contains(&format!(" to license lic_{name}_{round} (key ")), "{detail}");
        assert!(detail.starts_with(&format!("Revision {}: ", round + 1)), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_the_old_license_or_the_new_one_and_never_a_stale_one_after_the_answer() {
    const READERS: usize = 64;
    const ROTATIONS: i64 = 1000;
    let (_server, mut admin) = Server::set_up("/").await;
    let [a, b] = pair(0);
    let all = ["key-changed", "downgrade", "expires-sooner", "older"];
    assert_eq!(rotate(&mut admin, 1, &a, &all).await.status, 200);

    let confirmed = Arc::new(AtomicI64::new(2));
    let done = Arc::new(AtomicBool::new(false));
    let keys = [VENDOR.fingerprint(), OTHER.fingerprint()];
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (mut reader, confirmed, done, keys) = (admin.clone(), confirmed.clone(), done.clone(), keys.clone());
            tokio::spawn(async move {
                let mut answers = 0;
                while !done.load(Ordering::Acquire) {
                    let least = confirmed.load(Ordering::Acquire);
                    let json = claims(&mut reader).await;
                    let revision = json["revision"].as_i64().unwrap();
                    assert!(revision >= least, "{revision} after {least} was confirmed");
                    // Even revisions are A's.
                    let index = usize::try_from(revision % 2).unwrap();
                    let name = ["a", "b"][index];
                    assert_eq!(json["claims"]["jti"], format!("lic_{name}_0"));
                    assert_eq!(json["claims"]["sub"], format!("cust_{name}"));
                    assert_eq!(json["key"]["sha256"], keys[index]);
                    assert_eq!((&json["state"], &json["verdict"]), (&json!("active"), &json!("valid")));
                    answers += 1;
                }
                answers
            })
        })
        .collect();
    for revision in 2..2 + ROTATIONS {
        let bundle = if revision % 2 == 0 { &b } else { &a };
        let answer = rotate(&mut admin, revision, bundle, &all).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        confirmed.store(revision + 1, Ordering::Release);
        assert_eq!(claims(&mut admin).await["revision"], revision + 1, "the writer reads its own write");
    }
    done.store(true, Ordering::Release);
    let mut answers = 0;
    for reader in readers {
        answers += reader.await.unwrap();
    }
    let wanted = usize::try_from(ROTATIONS * 10).unwrap();
    assert!(answers > wanted.min(2000), "only {answers} answers");
}

#[tokio::test]
async fn a_rotation_that_fails_half_way_changes_nothing() {
    let (server, mut admin) = Server::set_up("/").await;
    let before = server.stored().await;
    let mut operator = server.database().await;
    for (statement, table) in [("INSERT", "license_history"), ("INSERT", "audit"), ("UPDATE", "platform_config")] {
        crate::database::break_table(&mut operator, statement, table).await;
        let answer = rotate(&mut admin, 1, &renewal(), &[]).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (503, "unavailable"), "{table}");
        assert!(!answer.body.contains("disk"), "what went wrong inside is not told: {}", answer.body);
        assert_eq!(server.stored().await, before, "{table}");
        assert_eq!(claims(&mut admin).await["claims"]["jti"], "lic_first");
        crate::database::mend(&mut operator, table).await;
    }
    assert!(history(&mut admin).await.is_empty());
    assert_eq!(rotate(&mut admin, 1, &renewal(), &[]).await.status, 200);
}

#[tokio::test]
async fn while_somebody_holds_the_database_the_old_license_is_told_and_a_rotation_waits_or_fails_whole() {
    let (server, mut admin) = Server::set_up("/").await;
    let mut operator = server.database().await;
    crate::database::hold(&mut operator).await;
    let (mut other, renewed) = (admin.clone(), renewal());
    let rotation = tokio::spawn(async move { rotate(&mut other, 1, &renewed, &[]).await });
    while !rotation.is_finished() {
        assert_eq!(claims(&mut admin).await["revision"], 1);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let answer = rotation.await.unwrap();
    assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (503, "database-busy"));
    // A lock that is given back in time only costs time.
    let (mut other, renewed) = (admin.clone(), renewal());
    let rotation = tokio::spawn(async move { rotate(&mut other, 1, &renewed, &[]).await });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(!rotation.is_finished());
    sqlx::query("ROLLBACK").execute(&mut operator).await.unwrap();
    assert_eq!(rotation.await.unwrap().status, 200);
    assert_eq!(claims(&mut admin).await["claims"]["jti"], "lic_second");
}
