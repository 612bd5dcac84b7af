//! Against a stand-in for Resend's API.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use countersign::mail::{ConnectFault, Message, Outbound, Provider, Resend, Secret, SendError, Sent};
use serde_json::{Value, json};

use crate::settings::{message, through};

/// How a stand-in is reached.
fn at(resend_url: String) -> Outbound {
    Outbound { resend_url, ..through(&[(countersign::config::Key::EgressAllow, "127.0.0.1,localhost")]) }
}

const KEY: &str = "re_very_secret_key";

/// A request as it came in.
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

type Log = Arc<Mutex<Vec<Asked>>>;

/// A server that answers everything with that.
async fn stand_in(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (Outbound, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let app = Router::new().fallback(async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        kept.lock().unwrap().push(Asked { method, path: uri.path().into(), headers, body });
        answer()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (at(url), log)
}

async fn send(message: &Message, outbound: &Outbound) -> Result<Sent, SendError> {
    let resend = Resend {
        api_key: Secret::new(KEY),
        from: "license@example.com".into(),
        from_name: "Müller, License\" <desk>".into(),
    };
    let result = Provider::Resend(resend).send(message, outbound).await;
    if let Err(error) = &result {
        let said = format!("{error} {error:?}");
        assert!(!said.contains(KEY), "an error quotes the key: {said}");
    }
    result
}

async fn answered(status: u16, body: Value) -> SendError {
    let answer = (StatusCode::from_u16(status).unwrap(), body.to_string());
    let (outbound, log) = stand_in(move || answer.clone().into_response()).await;
    let error = send(&message(), &outbound).await.unwrap_err();
    assert_eq!(log.lock().unwrap().len(), 1, "asked once");
    error
}

#[tokio::test]
async fn a_mail_is_one_request() {
    let (outbound, log) = stand_in(|| r#"{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}"#.into_response()).await;
    let mail = Message { subject: "Größe\r\nX: y".into(), ..message() };
    for _ in 0..2 {
        let sent = send(&mail, &outbound).await.unwrap();
        assert_eq!(sent.answer, "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794");
    }
    let log = log.lock().unwrap();
    let asked = &log[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/emails"));
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(asked.headers["idempotency-key"].len(), 32);
    assert_ne!(asked.headers["idempotency-key"], log[1].headers["idempotency-key"]);
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(
        body,
        json!({
            "from": "\"Müller, License\\\" <desk>\" <license@example.com>",
            "to": ["admin@example.com"],
            "subject": "Größe  X: y",
            "text": "It is installed.\n",
        })
    );
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_named_as_such() {
    for (status, name) in
        [(401, "validation_error"), (400, "invalid_api_key"), (403, "invalid_api_key"), (401, "restricted_api_key")]
    {
        let error =
            answered(status, json!({ "statusCode": status, "name": name, "message": "API key is invalid" })).await;
        let SendError::Key { code, answer } = &error else { panic!("{error:?}") };
        assert_eq!((*code, answer.as_str()), (status, "API key is invalid"));
    }
}

#[tokio::test]
async fn a_refusal_comes_with_resends_own_words() {
    for (status, name) in [(403, "validation_error"), (422, "invalid_from_address")] {
        let message = "The example.com domain is not verified. Please add and verify your domain";
        let error = answered(status, json!({ "statusCode": status, "name": name, "message": message })).await;
        let SendError::Refused { code, answer, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*code, answer.as_str()), (status, message));
    }
    let hostile = format!("no {KEY} \x1b[2J{}", "a".repeat(10_000));
    let error = answered(422, json!({ "message": hostile })).await;
    let SendError::Refused { answer, .. } = &error else { panic!("{error:?}") };
    assert!(answer.starts_with("no •••••• \\u{1b}[2Jaaa") && answer.chars().count() < 250, "{answer}");
}

#[tokio::test]
async fn what_passes_is_told_from_what_does_not() {
    for status in [429, 500, 503] {
        let error = answered(status, json!({ "name": "rate_limit_exceeded" })).await;
        assert!(matches!(&error, SendError::Deferred { code, .. } if *code == status), "{error:?}");
    }
    let (outbound, _log) = stand_in(|| (StatusCode::BAD_GATEWAY, "<html>").into_response()).await;
    let error = send(&message(), &outbound).await.unwrap_err();
    assert!(
        matches!(&error, SendError::Deferred { code: 502, answer, .. } if answer == "without a reason"),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_with_the_key() {
    let (elsewhere, visits) = stand_in(|| "{\"id\":\"1\"}".into_response()).await;
    for status in [301, 302, 307, 308] {
        let location = format!("{}/emails", elsewhere.resend_url);
        let answer = move || (StatusCode::from_u16(status).unwrap(), [("location", location.clone())]).into_response();
        let (outbound, _log) = stand_in(answer).await;
        let error = send(&message(), &outbound).await.unwrap_err();
        assert!(
            matches!(&error, SendError::Unexpected { answer, .. } if *answer == format!("HTTP {status}")),
            "{error:?}"
        );
    }
    assert!(visits.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_yes_that_is_none_of_resends_is_no_yes() {
    for body in ["", "<html>OK</html>", "{}", "[]"] {
        let (outbound, _log) = stand_in(move || body.into_response()).await;
        assert_eq!(send(&message(), &outbound).await.unwrap_err().code(), "mail-unexpected", "{body}");
    }
}

#[tokio::test]
async fn of_a_long_answer_only_the_beginning_is_read() {
    use axum::body::Body;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    let endless = || {
        // 10 MB in pieces of 10 kB, counted as they are taken.
        let pieces = (0..1000).map(|_| {
            GIVEN.fetch_add(10_000, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 10_000]))
        });
        (StatusCode::UNPROCESSABLE_ENTITY, Body::from_stream(futures_util::stream::iter(pieces))).into_response()
    };
    let (outbound, _log) = stand_in(endless).await;
    let error = send(&message(), &outbound).await.unwrap_err();
    assert!(matches!(error, SendError::Refused { code: 422, .. }), "{error:?}");
    // The rest stays where it is, but for what the sockets hold.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(GIVEN.load(Ordering::Relaxed) < 9_000_000, "{GIVEN:?}");
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let resend_url = format!("http://{}", listener.local_addr().unwrap());
    let outbound = Outbound { total: Duration::from_millis(300), ..at(resend_url) };
    let begun = Instant::now();
    let error = send(&message(), &outbound).await.unwrap_err();
    assert!(matches!(error, SendError::Timeout { .. }), "{error:?}");
    assert!(begun.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn nobody_at_the_port_and_a_stranger_with_a_certificate_are_told_apart() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outbound = at(format!("http://{free}"));
    let error = send(&message(), &outbound).await.unwrap_err();
    assert!(matches!(error, SendError::Connect { fault: ConnectFault::Refused, .. }), "{error:?}");

    let server = crate::server::MailServer::start();
    let resend_url = format!("https://localhost:{}", server.port("tls"));
    let error = send(&message(), &at(resend_url)).await.unwrap_err();
    assert!(matches!(error, SendError::Tls { fault: countersign::mail::TlsFault::Untrusted, .. }), "{error:?}");
}
