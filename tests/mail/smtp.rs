//! Against a whole mail server.

use countersign::egress::Refused;
use countersign::mail::{ConnectFault, Message, Provider, Secret, Security, SendError, TlsFault};

use crate::server::{MailServer, certificates};
use crate::settings::{impatient, message, outbound, send, smtp, to, trusting};

#[tokio::test]
async fn every_kind_of_connection_delivers() {
    let server = MailServer::start();
    let outbound = trusting(&server.authority);
    for (kind, security) in
        [("plain", Security::None), ("starttls", Security::StartTls), ("tls", Security::Tls), ("login", Security::Tls)]
    {
        let sent = send(smtp(server.port(kind), security), &message(), &outbound).await.unwrap();
        assert_eq!(sent.answer, "250 Queued as 4711");
        let taken = server.taken();
        assert_eq!(taken.kind, kind);
        assert_eq!(taken.secure, security != Security::None);
        assert_eq!(taken.user.as_deref(), Some("countersign"));
        assert_eq!(taken.from, "license@example.com");
        assert_eq!(taken.to, ["admin@example.com"]);
        assert_eq!(taken.header("Subject"), "Your license");
        assert_eq!(taken.header("From"), "\"License desk\" <license@example.com>");
        assert_eq!(taken.header("To"), "admin@example.com");
        assert_eq!(taken.text().trim_end(), "It is installed.");
    }
}

#[tokio::test]
async fn a_mail_arrives_letter_by_letter() {
    let server = MailServer::start();
    let text =
        "Grüße aus Köln 🚀\n.\n..\nFrom here\n\tindented = 100 %\n\nlong: ".to_owned() + &"wörter ".repeat(300) + "end";
    let mail = Message {
        subject: "Ihre Lizenz läuft in 14 Tagen ab – bitte erneuern Sie sie rechtzeitig, damit nichts stehen bleibt 🚀"
            .into(),
        text: text.clone(),
        ..message()
    };
    let mut settings = smtp(server.port("tls"), Security::Tls);
    settings.from_name = "Müller & Söhne".into();
    send(settings, &mail, &trusting(&server.authority)).await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.header("Subject"), mail.subject);
    assert_eq!(taken.header("From"), "Müller & Söhne <license@example.com>");
    assert_eq!(taken.text().trim_end(), text);
    assert!(taken.raw.is_ascii() && taken.raw.lines().all(|line| line.len() <= 998), "{}", taken.raw);
}

#[tokio::test]
async fn a_mail_says_when_it_was_written_and_that_a_machine_did_but_not_which() {
    let server = MailServer::start();
    send(smtp(server.port("tls"), Security::Tls), &message(), &trusting(&server.authority)).await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.header("Auto-Submitted"), "auto-generated");
    assert!(taken.header("Date").ends_with("+0000"));
    let id = taken.header("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@example.com>") && id.len() == "<@example.com>".len() + 32, "{id}");
}

#[tokio::test]
async fn nothing_that_is_typed_begins_a_header() {
    let server = MailServer::start();
    let mail = Message { subject: "Hello\r\nBcc: spy@example.net\r\n\r\nnot the text".into(), ..message() };
    let mut settings = smtp(server.port("tls"), Security::Tls);
    settings.from_name = "Desk\" <spy@example.net>\r\nBcc: spy@example.net".into();
    send(settings, &mail, &trusting(&server.authority)).await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.to, ["admin@example.com"]);
    assert!(!taken.headers().iter().any(|line| line.to_lowercase().starts_with("bcc")), "{}", taken.raw);
    assert_eq!(taken.text().trim_end(), "It is installed.");
    assert!(taken.header("From").ends_with(" <license@example.com>"), "{}", taken.raw);
}

#[tokio::test]
async fn what_is_not_one_address_is_not_sent_to() {
    let server = MailServer::start();
    let outbound = trusting(&server.authority);
    for bad in [
        "a@example.com>\r\nRCPT TO:<spy@example.net",
        "\"a\r\nb\"@example.com",
        "a@example.com, b@example.com",
        "a@example.com\nBcc: b@example.net",
        "admin",
        "",
    ] {
        let error = send(smtp(server.port("tls"), Security::Tls), &to(bad), &outbound).await.unwrap_err();
        assert_eq!(error, SendError::Address { field: "to" }, "{bad}");
        let mut settings = smtp(server.port("tls"), Security::Tls);
        settings.from = bad.into();
        let error = send(settings, &message(), &outbound).await.unwrap_err();
        assert_eq!(error, SendError::Address { field: "from" }, "{bad}");
    }
    server.took_nothing();
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let server = MailServer::start();
    let outbound = trusting(&server.authority);
    send(smtp(server.port("tls"), Security::Tls), &to("jörg@example.com"), &outbound).await.unwrap();
    assert_eq!(server.taken().to, ["jörg@example.com"]);
    let error = send(smtp(server.port("ascii"), Security::Tls), &to("jörg@example.com"), &outbound).await.unwrap_err();
    assert_eq!(error.code(), "mail-utf8-address");
    server.took_nothing();
}

#[tokio::test]
async fn a_wrong_password_is_named_as_such() {
    let server = MailServer::start();
    for (kind, security) in [("starttls", Security::StartTls), ("login", Security::Tls)] {
        let mut settings = smtp(server.port(kind), security);
        settings.password = Secret::new("wrong donkey");
        let error = send(settings, &message(), &trusting(&server.authority)).await.unwrap_err();
        let SendError::Auth { code: 535, answer, .. } = &error else { panic!("{error:?}") };
        assert!(answer.contains("5.7.8 Authentication credentials invalid"), "{answer}");
        assert!(!format!("{error} {error:?}").contains("donkey"));
    }
    server.took_nothing();
}

#[tokio::test]
async fn a_server_where_nobody_can_sign_in_gets_no_password() {
    let server = MailServer::start();
    let settings = smtp(server.port("noauth"), Security::Tls);
    let error = send(settings.clone(), &message(), &trusting(&server.authority)).await.unwrap_err();
    assert_eq!(error.code(), "mail-auth-not-offered");
    let nobody = countersign::mail::Smtp { username: String::new(), password: Secret::default(), ..settings };
    send(nobody, &message(), &trusting(&server.authority)).await.unwrap();
    assert_eq!(server.taken().user, None);
}

#[tokio::test]
async fn a_certificate_counts_only_if_somebody_trusted_vouches_for_that_name_and_day() {
    let server = MailServer::start();
    let expired = MailServer::with(certificates(true));
    for (kind, security) in [("starttls", Security::StartTls), ("tls", Security::Tls)] {
        let fault = async |server: &MailServer, host: &str, outbound| {
            let mut settings = smtp(server.port(kind), security);
            settings.host = host.into();
            match send(settings, &message(), &outbound).await.unwrap_err() {
                SendError::Tls { fault, .. } => fault,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(fault(&server, "localhost", outbound()).await, TlsFault::Untrusted);
        assert_eq!(fault(&server, "localhost", trusting(&expired.authority)).await, TlsFault::Untrusted);
        assert_eq!(fault(&server, "127.0.0.1", trusting(&server.authority)).await, TlsFault::WrongName);
        assert_eq!(fault(&expired, "localhost", trusting(&expired.authority)).await, TlsFault::Expired);
    }
    server.took_nothing();
    expired.took_nothing();
}

#[tokio::test]
async fn starttls_that_is_not_offered_ends_it() {
    let server = MailServer::start();
    let settings = smtp(server.port("plain"), Security::StartTls);
    let error = send(settings, &message(), &trusting(&server.authority)).await.unwrap_err();
    assert_eq!(error.code(), "mail-starttls-not-offered");
    server.took_nothing();
}

#[tokio::test]
async fn the_wrong_kind_of_tls_is_named() {
    let server = MailServer::start();
    let settings = smtp(server.port("starttls"), Security::Tls);
    let error = send(settings, &message(), &trusting(&server.authority)).await.unwrap_err();
    assert!(matches!(&error, SendError::Tls { fault: TlsFault::NotTls, .. }), "{error:?}");
    assert!(error.to_string().contains("choose STARTTLS"), "{error}");

    // Both sides wait for the other to begin.
    let settings = smtp(server.port("tls"), Security::StartTls);
    let error = send(settings, &message(), &impatient()).await.unwrap_err();
    assert!(error.to_string().contains("choose TLS"), "{error}");
}

#[tokio::test]
async fn a_refused_recipient_comes_with_the_servers_answer() {
    let server = MailServer::start();
    let outbound = trusting(&server.authority);
    let settings = smtp(server.port("starttls"), Security::StartTls);
    let error = send(settings.clone(), &to("nobody@example.com"), &outbound).await.unwrap_err();
    let SendError::Refused { code: 550, answer, .. } = &error else { panic!("{error:?}") };
    assert!(answer.contains("5.1.1 No such mailbox here"), "{answer}");
    assert!(error.to_string().contains("(550: 5.1.1 No such mailbox here)"), "{error}");

    let error = send(settings, &to("grey@example.com"), &outbound).await.unwrap_err();
    assert!(matches!(error, SendError::Deferred { code: 451, .. }), "{error:?}");
    server.took_nothing();
}

#[tokio::test]
async fn nobody_at_the_port_and_no_such_name_are_told_apart() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = send(smtp(free, Security::Tls), &message(), &outbound()).await.unwrap_err();
    let SendError::Connect { peer, fault: ConnectFault::Refused } = &error else { panic!("{error:?}") };
    assert_eq!(*peer, format!("localhost:{free}"));

    let mut settings = smtp(free, Security::Tls);
    settings.host = "mail.invalid".into();
    let error = send(settings, &message(), &outbound()).await.unwrap_err();
    assert_eq!(error, SendError::NotAllowed(Refused::NotFound { host: "mail.invalid".into() }));
    assert_eq!(error.code(), "mail-resolve");
}

#[tokio::test]
async fn without_a_provider_there_is_no_mail() {
    let error = Provider::Later.send(&message(), &outbound()).await.unwrap_err();
    assert_eq!(error, SendError::NotSetUp);
}
