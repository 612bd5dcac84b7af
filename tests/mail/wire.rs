//! Against servers that behave as no library would: each is a script on a socket.

use std::time::Instant;

use countersign::mail::{Secret, Security, SendError, Smtp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::settings::{impatient, message, outbound, send, smtp};

/// A server that says each answer after one more line was heard, the first at once. It yields everything that it heard.
async fn scripted(answers: Vec<Vec<u8>>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        for (turn, answer) in answers.into_iter().enumerate() {
            while heard.split(|&byte| byte == b'\n').count() <= turn {
                let mut bytes = [0; 4096];
                match socket.read(&mut bytes).await {
                    Ok(count) if count > 0 => heard.extend_from_slice(&bytes[..count]),
                    _ => return String::from_utf8_lossy(&heard).into_owned(),
                }
            }
            if socket.write_all(&answer).await.is_err() {
                break;
            }
        }
        let _ = socket.read_to_end(&mut heard).await;
        String::from_utf8_lossy(&heard).into_owned()
    });
    (port, heard)
}

fn lines(answers: &[&str]) -> Vec<Vec<u8>> {
    answers.iter().map(|answer| format!("{answer}\r\n").into_bytes()).collect()
}

#[tokio::test]
async fn without_starttls_only_a_greeting_is_sent() {
    let (port, heard) = scripted(lines(&["220 here", "250-here\r\n250 AUTH PLAIN LOGIN"])).await;
    let error = send(smtp(port, Security::StartTls), &message(), &outbound()).await.unwrap_err();
    assert_eq!(error.code(), "mail-starttls-not-offered");
    let heard = heard.await.unwrap();
    assert!(heard.starts_with("EHLO ") && heard.lines().count() == 1, "{heard}");
}

#[tokio::test]
async fn starttls_that_is_offered_and_refused_is_no_reason_to_go_on_in_the_clear() {
    let (port, heard) = scripted(lines(&["220 here", "250-here\r\n250 STARTTLS", "454 no TLS today"])).await;
    let error = send(smtp(port, Security::StartTls), &message(), &outbound()).await.unwrap_err();
    assert!(matches!(error, SendError::Deferred { code: 454, .. }), "{error:?}");
    assert!(heard.await.unwrap().ends_with("\r\nSTARTTLS\r\n"));
}

#[tokio::test]
async fn what_is_slipped_in_behind_starttls_ends_it() {
    let slipped = "220 go\r\n250-here\r\n250 AUTH PLAIN";
    let (port, heard) = scripted(lines(&["220 here", "250-here\r\n250 STARTTLS", slipped])).await;
    let error = send(smtp(port, Security::StartTls), &message(), &outbound()).await.unwrap_err();
    let SendError::Unexpected { answer, .. } = &error else { panic!("{error:?}") };
    assert_eq!(answer, "it went on in the clear after STARTTLS");
    assert!(heard.await.unwrap().ends_with("\r\nSTARTTLS\r\n"));
}

#[tokio::test]
async fn a_server_that_never_answers_is_not_waited_for() {
    for security in [Security::None, Security::StartTls, Security::Tls] {
        for said in [lines(&[]), lines(&["220 here"]), lines(&["220-here and", "220-there and"])] {
            let (port, _heard) = scripted(said).await;
            let begun = Instant::now();
            let error = send(smtp(port, security), &message(), &impatient()).await.unwrap_err();
            // A handshake ends at once where it finds a greeting.
            assert!(matches!(error, SendError::Timeout { .. } | SendError::Tls { .. }), "{error:?}");
            assert!(begun.elapsed().as_secs() < 5);
        }
    }
}

#[tokio::test]
async fn an_answer_with_controls_is_shown_as_one_bounded_line() {
    let wild = format!("554-\x1b[2Jgo\x07 \u{202e}away\r\n554 {}", "very ".repeat(150));
    let (port, _heard) = scripted(lines(&[&wild])).await;
    let error = send(smtp(port, Security::None), &message(), &outbound()).await.unwrap_err();
    let SendError::Refused { code: 554, answer, .. } = &error else { panic!("{error:?}") };
    assert!(answer.starts_with("\\u{1b}[2Jgo\\u{7} \\u{202e}away very very"), "{answer}");
    assert!(answer.chars().count() < 250 && !error.to_string().chars().any(char::is_control), "{answer}");
}

#[tokio::test]
async fn an_answer_in_latin_1_or_utf_8_keeps_its_reason() {
    for (said, shown) in
        [(&b"550 Empf\xe4nger unbekannt\r\n"[..], "Empf?nger"), ("550 Empfänger unbekannt\r\n".as_bytes(), "Empfänger")]
    {
        let (port, _heard) = scripted(vec![b"220 here\r\n".to_vec(), said.to_vec()]).await;
        let error = send(smtp(port, Security::None), &message(), &outbound()).await.unwrap_err();
        let SendError::Refused { code: 550, answer, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*answer, format!("{shown} unbekannt"));
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_cut_short() {
    let endless = vec![b'a'; 8 << 20];
    let many_lines = b"220-and on and on\r\n".repeat(100_000);
    for flood in [endless, many_lines] {
        for security in [Security::None, Security::StartTls] {
            let (port, heard) = scripted(vec![flood.clone()]).await;
            let error = send(smtp(port, security), &message(), &outbound()).await.unwrap_err();
            assert!(
                matches!(&error, SendError::Unexpected { answer, .. } if answer == "it says too much"),
                "{error:?}"
            );
            // Nothing was said to it; it may be told good-bye.
            assert!(!heard.await.unwrap().contains("EHLO"));
        }
    }
}

#[tokio::test]
async fn what_is_no_mail_server_is_named() {
    for greeting in ["SSH-2.0-OpenSSH_9.6", "HTTP/1.1 400 Bad Request", "\u{fc}\u{fc}\u{fc}", "999"] {
        for security in [Security::None, Security::StartTls] {
            let (port, _heard) = scripted(lines(&[greeting])).await;
            let error = send(smtp(port, security), &message(), &impatient()).await.unwrap_err();
            let said = error.to_string();
            assert!(
                matches!(error.code(), "mail-unexpected" | "mail-refused" | "mail-timeout"),
                "{greeting}: {error:?}"
            );
            assert!(!said.chars().any(char::is_control), "{said}");
        }
    }
}

#[tokio::test]
async fn a_server_that_quotes_the_password_is_not_quoted() {
    // What PLAIN looks like for this name and password (RFC 4616).
    let plain = "AGNvdW50ZXJzaWduAGNvcnJlY3QgaG9yc2U=";
    for said in
        [format!("500 unknown: AUTH PLAIN {plain}"), format!("535 `{}...`", &plain[..20]), "535 correct horse?".into()]
    {
        let (port, heard) = scripted(lines(&["220 here", "250-here\r\n250 AUTH PLAIN", &said])).await;
        let error = send(smtp(port, Security::None), &message(), &outbound()).await.unwrap_err();
        let SendError::Auth { answer, .. } = &error else { panic!("{error:?}") };
        assert!(answer.contains("••••••") && !answer.contains("AGNv") && !answer.contains("horse"), "{answer}");
        assert!(heard.await.unwrap().contains(plain));
    }
}

#[tokio::test]
async fn nobody_waits_for_the_answer_to_a_good_bye() {
    let begun = Instant::now();
    let settings = |port| Smtp { username: String::new(), password: Secret::default(), ..smtp(port, Security::None) };

    let answers = ["220 here", "250 here", "250 sender", "250 recipient", "354 go on", "250 taken"];
    let (port, heard) = scripted(lines(&answers)).await;
    let sent = send(settings(port), &message(), &outbound()).await.unwrap();
    assert_eq!(sent.answer, "250 taken");
    let heard = heard.await.unwrap();
    assert!(heard.ends_with("\r\n.\r\nQUIT\r\n"), "{heard}");

    let (port, heard) = scripted(lines(&["220 here", "250 here", "250 sender", "550 nobody"])).await;
    let error = send(settings(port), &message(), &outbound()).await.unwrap_err();
    assert!(matches!(error, SendError::Refused { code: 550, .. }), "{error:?}");
    assert!(heard.await.unwrap().ends_with("RCPT TO:<admin@example.com>\r\nQUIT\r\n"));

    assert!(begun.elapsed().as_secs() < 5, "somebody waited");
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    for security in [Security::None, Security::StartTls, Security::Tls] {
        let error = send(smtp(port, security), &message(), &outbound()).await.unwrap_err();
        assert!(matches!(error, SendError::Unexpected { .. } | SendError::Tls { .. }), "{security:?}: {error:?}");
    }
}
