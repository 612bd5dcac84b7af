//! Resend's API: one endpoint, `POST /emails`.

use std::error::Error;
use std::io;

use reqwest::header::HeaderValue;
use reqwest::{Response, Url};
use serde::{Deserialize, Serialize};

use super::{ConnectFault, Message, Outbound, Resend, SendError, Sent, answer, letter, tls};
use crate::egress::{Purpose, tls_error};

/// How sentences name it.
pub(super) const NAME: &str = "Resend";
/// How much of an answer is read, in bytes. Those of Resend have 200.
const BODY: usize = 64 * 1024;

pub(super) async fn send(resend: &Resend, message: &Message, outbound: &Outbound) -> Result<Sent, SendError> {
    #[derive(Serialize)]
    struct Body {
        from: String,
        to: [String; 1],
        subject: String,
        text: String,
    }
    let body = Body {
        from: letter::sender(&resend.from, &resend.from_name)?.to_string(),
        to: [letter::recipient(message)?.to_string()],
        subject: letter::subject(message),
        text: letter::text(message),
    };
    let secrets = [resend.api_key.reveal().to_owned()];
    let unexpected = |what: &str| SendError::Unexpected { peer: NAME.into(), answer: answer(what, &secrets) };

    let url = Url::parse(&format!("{}/emails", outbound.resend_url)).map_err(|_| unexpected("its address is wrong"))?;
    let mut key = HeaderValue::from_str(&format!("Bearer {}", resend.api_key.reveal()))
        .map_err(|_| unexpected("the key has characters that no key has"))?;
    key.set_sensitive(true);

    let response = outbound
        .egress
        .client(Purpose::Resend, &url, outbound.limits())
        .await?
        .post(url)
        .header("Authorization", key)
        // So that a request that is sent twice on the way is one mail.
        .header("Idempotency-Key", letter::id())
        .json(&body)
        .send()
        .await
        .map_err(|error| failed(&error, outbound))?;
    let status = response.status().as_u16();
    let body = read(response).await.map_err(|error| failed(&error, outbound))?;
    judge(status, &body, &secrets).unwrap_or_else(|| Err(unexpected(&format!("HTTP {status}"))))
}

/// As much of the body as is read at all.
async fn read(mut response: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = BODY - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() == BODY {
            break;
        }
    }
    Ok(body)
}

/// What an answer means; nothing if it is none of Resend's.
fn judge(status: u16, body: &[u8], secrets: &[String]) -> Option<Result<Sent, SendError>> {
    #[derive(Deserialize)]
    struct Taken {
        id: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal {
        name: String,
        message: String,
    }
    if status == 200 {
        let taken: Taken = serde_json::from_slice(body).ok()?;
        return Some(Ok(Sent { answer: answer(&taken.id, secrets) }));
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let answer = match (refusal.message.as_str(), refusal.name.as_str()) {
        ("", "") => "without a reason".to_owned(),
        ("", name) => answer(name, secrets),
        (message, _) => answer(message, secrets),
    };
    let (peer, code) = (NAME.to_owned(), status);
    // Resend says 400, 401 or 403 about a key, depending on what is wrong with it.
    let about_key = matches!(refusal.name.as_str(), "missing_api_key" | "invalid_api_key" | "restricted_api_key");
    match status {
        400..500 if status == 401 || about_key => Some(Err(SendError::Key { code, answer })),
        429 | 500..600 => Some(Err(SendError::Deferred { peer, code, answer })),
        400..500 => Some(Err(SendError::Refused { peer, code, answer })),
        _ => None,
    }
}

/// Why there was no answer at all.
fn failed(error: &reqwest::Error, outbound: &Outbound) -> SendError {
    let peer = NAME.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if tls_error(error).is_some() {
                return SendError::Tls { peer, fault: tls::fault(error) };
            }
            if error.kind() == io::ErrorKind::ConnectionRefused {
                return SendError::Connect { peer, fault: ConnectFault::Refused };
            }
        }
        cause = error.source();
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => SendError::Connect { peer, fault: ConnectFault::TimedOut },
        (true, false) => SendError::Connect { peer, fault: ConnectFault::Unreachable },
        (false, true) => SendError::Timeout { peer, after: outbound.total, security: None },
        (false, false) => SendError::Unexpected { peer, answer: "it closed the connection".into() },
    }
}
