//! E-mail through the endpoints, to a real mail server.

use countersign::config::Key;
use serde_json::{Value, json};

use crate::ask::{Browser, Server};
use crate::mail_server::MailServer;
use crate::story::{ADMIN, PASSWORD};

/// The password that the mail server knows.
const MAIL_PASSWORD: &str = "correct horse";

/// A platform whose mail trusts the authority of this mail server, and its administrator.
pub async fn platform(mail: &MailServer) -> (Server, Browser) {
    let (server, admin) = Server::set_up("/").await;
    let folder = server.folder.clone();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, &mail.authority).expect("written");
    let settings = [(Key::EgressCaFile, authority.to_str().expect("a path"))];
    let server = Server::again("/", &settings, folder.clone()).await;
    let mut browser = server.browser();
    browser.jar = admin.jar;
    (server, browser)
}

pub fn settings(mail: &MailServer, kind: &str, security: &str) -> Value {
    json!({
        "provider": "smtp", "host": "localhost", "port": mail.port(kind), "security": security,
        "username": "countersign", "password": MAIL_PASSWORD, "from": "license@example.com", "fromName": "License desk",
    })
}

#[tokio::test]
async fn a_test_message_arrives_with_and_without_tls_before_anything_is_saved() {
    let mail = MailServer::start();
    let (server, mut admin) = platform(&mail).await;
    for (kind, security) in [("plain", "none"), ("starttls", "starttls"), ("tls", "tls")] {
        let answer = admin.json("/api/settings/email/test", &settings(&mail, kind, security)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["answer"], "Sent to admin@example.com. The mail server answered: 250 Queued as 4711");
        let taken = mail.taken();
        assert_eq!((taken.secure, taken.to), (security != "none", vec![ADMIN.to_owned()]));
    }
    let mut to = settings(&mail, "tls", "tls");
    to["to"] = json!("nobody@example.com");
    let answer = admin.json("/api/settings/email/test", &to).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].clone()), (502, json!("mail-not-sent")));
    assert!(answer.body.contains("No such mailbox here") && !answer.body.contains(MAIL_PASSWORD), "{}", answer.body);
    mail.took_nothing();
    assert!(admin.get("/settings/email").await.body.contains("admin@example.com"));
    let told: Vec<_> = server.audit().await.into_iter().filter(|(_, action, _)| action == "email.tested").collect();
    assert_eq!(told.len(), 4);
    assert_eq!(told[3].2, "A test message to nobody@example.com was not sent: mail-refused.");
    assert!(!server.audit().await.iter().any(|(_, _, detail)| detail.starts_with("E-mail is sent by localhost")));
}

#[tokio::test]
async fn the_form_comes_back_as_it_was_typed_but_for_the_password() {
    let mail = MailServer::start();
    let (_server, mut admin) = platform(&mail).await;
    let port = mail.port("tls").to_string();
    let fields = [
        ("provider", "smtp"),
        ("host", "localhost"),
        ("port", &port),
        ("security", "tls"),
        ("username", "countersign"),
        ("password", "wrong"),
        ("from", "license@example.com"),
        ("fromName", "License desk"),
        ("to", ADMIN),
    ];
    let refused = admin.form("/api/settings/email/test", &fields).await;
    let page = admin.follow(&refused).await.body;
    assert!(page.contains(&format!("value=\"{port}\"")) && page.contains("value=\"License desk\""), "{page}");
    assert!(page.contains("535") && !page.contains("value=\"wrong\""), "{page}");
}

#[tokio::test]
async fn an_invitation_goes_by_mail_and_its_link_works() {
    let mail = MailServer::start();
    let (server, mut admin) = platform(&mail).await;
    assert_eq!(admin.json("/api/settings/email", &settings(&mail, "starttls", "starttls")).await.status, 200);
    let invitation = json!({ "email": "guest@example.com", "role": "member" });
    let answer = admin.json("/api/invitations", &invitation).await.json();
    assert_eq!((&answer["mailed"], &answer["answer"]), (&json!(true), &json!("250 Queued as 4711")));
    let taken = mail.taken();
    assert_eq!(taken.to, ["guest@example.com"]);
    assert_eq!(taken.header("Subject"), "Your invitation to Acme Corp");
    let text = taken.text();
    assert!(text.starts_with("First Admin invites you to Acme Corp."), "{text}");
    let link = text.lines().find(|line| line.starts_with("http")).expect("a link");
    assert_eq!(answer["link"], link);
    let code = link.split_once('#').expect("a code").1;
    let joined = json!({ "code": code, "name": "Guest", "password": PASSWORD });
    assert_eq!(server.browser().json("/api/invitations/accept", &joined).await.status, 200);

    // When the mail does not go out, whoever invites still has the link.
    let answer =
        admin.json("/api/invitations", &json!({ "email": "nobody@example.com", "role": "member" })).await.json();
    assert_eq!(answer["mailed"], false);
    assert!(answer["answer"].as_str().expect("text").contains("No such mailbox here"), "{answer}");
    assert!(answer["link"].as_str().expect("a link").contains("/invitation#"));
}
