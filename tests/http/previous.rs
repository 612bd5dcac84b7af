//! Licenses that were in use before: how they are judged, and the way back to one.

use serde_json::{Value, json};

use crate::ask::{BASES, Browser, NOW, Server};
use crate::license::claims;
use crate::rotation::{history, rotate};
use crate::story::{VENDOR, code, renewal};

const DAY: i64 = 24 * 60 * 60;

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
async fn a_license_that_is_installed_where_the_rows_were_deleted_is_newer_than_any_before() {
    let (server, mut admin) = Server::set_up("/").await;
    let license = |id: &str| VENDOR.issue(&json!({ "jti": id, "iat": NOW, "exp": NOW + 730 * DAY }));
    assert_eq!(rotate(&mut admin, 1, &license("lic_b"), &[]).await.status, 200);
    assert_eq!(rotate(&mut admin, 2, &license("lic_c"), &[]).await.status, 200);
    let delete = "DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')";
    assert_eq!(server.sql(delete, &[]).await, 2);
    // Under a revision that somebody saw before there is never another license.
    let installed = rotate(&mut admin, 0, &license("lic_d"), &["key-changed"]).await;
    assert_eq!((installed.status.as_u16(), installed.header("etag")), (200, "\"4\""), "{}", installed.body);
    let told = server.audit().await.pop().unwrap().2;
    assert!(told.starts_with("Revision 4: "), "{told}");
    assert_eq!(code(&rotate(&mut admin, 1, &license("lic_e"), &[]).await), "stale");
    assert_eq!(rotate(&mut admin, 4, &license("lic_e"), &[]).await.status, 200);
    // The way back leads to the one before, not to one of the time before the deletion.
    let back = [("if-match", "\"5\"")];
    let reverted = admin.json_with("/api/auth/license/revert", &back, &json!({ "acknowledge": [] })).await;
    assert_eq!((reverted.status.as_u16(), reverted.header("etag")), (200, "\"6\""), "{}", reverted.body);
    assert_eq!(claims(&mut admin).await["claims"]["jti"], "lic_d");
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
