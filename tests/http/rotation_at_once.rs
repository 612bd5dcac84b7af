//! Rotations of many at once, and those that fail half way: the old license or the new one, and nothing in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use countersign_app::Role;
use countersign_license::Bundle;
use serde_json::json;

use crate::ask::Server;
use crate::license::claims;
use crate::rotation::{history, rotate};
use crate::story::{ADMIN, OTHER, VENDOR, code, renewal};

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
