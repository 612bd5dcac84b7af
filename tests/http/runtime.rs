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
