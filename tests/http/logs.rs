//! The log of a whole story, at its most talkative, holds no secret.

use std::io;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use countersign::config::Key;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::accounts::sign_in;
use crate::ask::Server;
use crate::mail_server::MailServer;
use crate::smtp::{platform, settings};
use crate::story::{ADMIN, PASSWORD, body, first, renewal};

/// What was logged, by all threads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_line_has_a_password_session_token_code_license_or_key() {
    let log = Log::default();
    // For the whole process: the database has threads of its own. No level is left out.
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
    tracing_subscriber::registry().with(layer).try_init().expect("no other test logs");

    let mut secrets = vec![PASSWORD.to_owned(), "guessed password".to_owned(), "seven green rivers at dawn".to_owned()];
    secrets.extend(["re_horse_battery".to_owned(), "correct horse".to_owned(), "Y29ycmVjdCBob3JzZ".to_owned()]);

    // The wizard, with a token.
    let server = Server::with("/", &[(Key::PublicUrl, "http://license.example.com")]).await;
    let token = server.app.setup_token().await.expect("a token").expect("one is asked for");
    let mut installer = server.browser();
    let wrong = [("x-setup-token", "wrong-token-of-somebody")];
    assert_eq!(installer.json_with("/api/setup/license", &wrong, &body(&first())).await.status, 403);
    let shown = [("x-setup-token", token.as_str())];
    assert_eq!(installer.json_with("/api/setup/license", &shown, &body(&first())).await.status, 200);
    secrets.extend(installer.jar.values().cloned());
    secrets.extend([token, "wrong-token-of-somebody".to_owned()]);
    let account = json!({ "name": "First Admin", "email": ADMIN, "password": PASSWORD });
    assert_eq!(installer.json("/api/setup/admin", &account).await.status, 200);
    secrets.extend(installer.jar.values().cloned());

    // People, mail and a rotation.
    let mail = MailServer::start();
    let (server, mut admin) = platform(&mail).await;
    secrets.extend(admin.jar.values().cloned());
    assert_eq!(sign_in(&mut server.browser(), ADMIN, "guessed password").await.status, 401);
    assert_eq!(sign_in(&mut admin, ADMIN, PASSWORD).await.status, 200);
    secrets.extend(admin.jar.values().cloned());
    let refused = admin.form("/api/auth/sign-in/email", &[("email", ADMIN), ("password", "guessed password")]).await;
    assert_eq!(refused.status, 303);
    secrets.extend(admin.jar.values().cloned());
    let resend = json!({ "provider": "resend", "apiKey": "re_horse_battery", "from": "license@example.com" });
    assert_eq!(admin.json("/api/settings/email", &resend).await.status, 200);
    let smtp = settings(&mail, "login", "tls");
    assert_eq!(admin.json("/api/settings/email/test", &smtp).await.status, 200);
    assert_eq!(admin.json("/api/settings/email", &smtp).await.status, 200);
    let invitation = json!({ "email": "guest@example.com", "role": "member" });
    let link = admin.json("/api/invitations", &invitation).await.json()["link"].as_str().expect("a link").to_owned();
    let code = link.split_once('#').expect("a code").1.to_owned();
    // Somebody types the code into the address.
    let mut guest = server.browser();
    assert_eq!(guest.get(&format!("/invitation?code={code}")).await.status, 200);
    let joined = json!({ "code": code, "name": "Guest", "password": PASSWORD });
    assert_eq!(guest.json("/api/invitations/accept", &joined).await.status, 200);
    secrets.extend(guest.jar.values().cloned());
    secrets.push(code);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "seven green rivers at dawn" });
    assert_eq!(guest.json("/api/auth/change-password", &change).await.status, 200);
    secrets.extend(guest.jar.values().cloned());
    let rotated = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body(&renewal())).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let broken = format!("{{\"jwt\":\"{}\",", renewal().jwt);
    let headers = [("content-type", "application/json"), ("if-match", "\"2\"")];
    assert!(admin.send(Method::POST, "/api/auth/license/rotate", &headers, &broken).await.status.is_client_error());
    for bundle in [first(), renewal()] {
        secrets.extend(bundle.jwt.split('.').skip(1).map(ToOwned::to_owned));
        secrets.extend(bundle.public_key.lines().nth(3).map(ToOwned::to_owned));
    }
    if crate::database::is_a_file() {
        let key = std::fs::read_to_string(server.folder.path().join("countersign.key")).expect("a key");
        secrets.push(key.trim().to_owned());
    }
    // The database is gone: errors are logged, too.
    server.sql("DROP TABLE audit", &[]).await;
    assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 503);

    let log = String::from_utf8(log.0.lock().expect("a log").clone()).expect("text");
    for there in ["/api/invitations/accept", "INSERT INTO sessions", "DEBUG", "ERROR", "audit"] {
        assert!(log.contains(there), "the log is there: {there}");
    }
    secrets.sort();
    secrets.dedup();
    assert!(secrets.len() > 15 && secrets.iter().all(|secret| secret.len() > 8), "{secrets:?}");
    for secret in secrets {
        let said = log.lines().find(|line| line.contains(&secret));
        assert_eq!(said, None, "{secret}");
    }
}
