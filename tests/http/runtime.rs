//! What the server does without being asked, one pass at a time.

use countersign::config::Key;
use countersign::jobs;
use serde_json::json;

use crate::ask::Server;
use crate::license::claims;
use crate::story::first;

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn each_change_of_state_is_in_the_audit_log_once() {
    let server = Server::with("/", &[(Key::LicenseMode, "offline")]).await;
    let mut admin = server.install(&first()).await;
    for (days, state) in [(0, "active"), (340, "expiring"), (25, "expired")] {
        server.wait(days * DAY);
        let (one, other) = tokio::join!(jobs::pass(&server.app), jobs::pass(&server.app));
        assert_eq!((one, other), ((), ()));
        jobs::pass(&server.app).await;
        if state == "active" {
            assert_eq!(claims(&mut admin).await["state"], json!(state));
        }
    }
    let all = server.audit().await;
    let told: Vec<_> = all.iter().filter(|row| row.1 == "license.state").map(|row| row.2.as_str()).collect();
    assert_eq!(told, ["The license was active and is expiring.", "The license was expiring and is expired."]);
}

#[tokio::test]
async fn what_is_told_follows_from_the_rows_of_the_very_moment_even_within_one_second() {
    let (server, mut admin) = Server::set_up("/").await;
    assert_eq!(claims(&mut admin).await["state"], json!("active"));
    // The clock stands still, and each fact changes under it.
    let jwt = server.stored().await[0].1.clone();
    let broken = jwt.replace('.', "A.");
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&broken]).await;
    assert_eq!(claims(&mut admin).await["state"], json!("tampered"));
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&jwt]).await;
    assert_eq!(claims(&mut admin).await["state"], json!("active"));
    let subject = countersign::licensing::subject(&countersign_license::inspect(
        crate::story::first().to_json(),
        &countersign_license::Policy::default(),
        crate::ask::NOW,
    ));
    let revoke = "INSERT INTO phone_home (subject, next_at, revoked_at) VALUES ($1, 9000000000, 1)";
    server.sql(revoke, &[&subject]).await;
    assert_eq!(claims(&mut admin).await["state"], json!("revoked"));
    server.sql("DELETE FROM phone_home", &[]).await;
    assert_eq!(claims(&mut admin).await["state"], json!("active"));
    server.wait(365 * DAY - 1);
    assert_eq!(server.app.clock.now() - crate::ask::NOW, 365 * DAY - 1);
    let authorize = "/api/license/authorize?feature=analytics";
    assert_eq!(server.browser().get(authorize).await.status, 204);
    server.wait(1);
    assert_eq!(server.browser().get(authorize).await.status, 403);
}
