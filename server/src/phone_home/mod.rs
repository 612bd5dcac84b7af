//! Asks the vendor's license server whether a license was revoked (docs/phone-home.md).
//!
//! There is one answer that counts. Everything else is a failure, which is no news about the license at all.

mod contact;
pub mod schedule;
mod watch;

use std::error::Error;
use std::io;
use std::time::Duration;

use countersign_app::Unreached;
use countersign_license::{License, shown};
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

pub(crate) use self::contact::random;
pub use self::contact::{Contacted, contact, json, told};
pub use self::watch::Watch;
use crate::config::{Config, LicenseMode};
use crate::egress::{Egress, Limits, Purpose, Refused, tls_error};
use crate::ids::{self, NoRandomness};
use crate::line::bounded_line;

/// For everything: name lookup, connection, TLS, question and answer.
const LIMIT: Duration = Duration::from_secs(10);
/// The largest answer, in bytes.
const MOST: usize = 16 * 1024;
/// How much of the vendor's reason is kept, in characters.
const REASON: usize = 200;

/// The license server of a configuration.
#[derive(Clone, Debug)]
pub struct LicenseServer {
    /// How it is treated.
    pub mode: LicenseMode,
    /// Where it is asked.
    pub url: String,
}

impl LicenseServer {
    /// The license server of a configuration.
    pub fn of(config: &Config) -> Self {
        Self { mode: config.license_mode, url: config.license_api_url.clone() }
    }

    /// Its host, with a port where that is unusual.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.url).ok();
        let host = |url: &Url| Some((url.host_str()?.to_owned(), url.port()));
        match url.as_ref().and_then(host) {
            Some((host, Some(port))) => format!("{host}:{port}"),
            Some((host, None)) => host,
            None => shown(&self.url),
        }
    }
}

/// What is asked. Nothing else leaves the platform.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question<'a> {
    license_id: &'a str,
    customer: &'a str,
    key_sha256: String,
    nonce: String,
}

impl<'a> Question<'a> {
    /// The question about a license, with a nonce of its own.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn about(license: &'a License) -> Result<Self, NoRandomness> {
        let claims = license.claims();
        Ok(Self {
            license_id: &claims.license_id,
            customer: &claims.customer,
            key_sha256: license.key().to_string(),
            nonce: ids::id()?,
        })
    }
}

/// An answer that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The license is good.
    Valid,
    /// The vendor took it back.
    Revoked {
        /// Why, in a line; may be empty.
        reason: String,
    },
}

/// No answer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub why: Unreached,
    /// After how many seconds the license server wants to be asked again, if it said so.
    pub retry_after: Option<i64>,
}

impl From<Unreached> for Failure {
    fn from(why: Unreached) -> Self {
        Self { why, retry_after: None }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound { .. } => Unreached::NotFound,
            _ => Unreached::NotAllowed,
        }
        .into()
    }
}

/// Asks once.
///
/// # Errors
/// No answer that counts came within the time.
pub async fn ask(egress: &Egress, url: &str, question: &Question<'_>) -> Result<Answer, Failure> {
    timeout(LIMIT, exchange(egress, url, question)).await.unwrap_or(Err(Unreached::Timeout.into()))
}

async fn exchange(egress: &Egress, url: &str, question: &Question<'_>) -> Result<Answer, Failure> {
    let url = Url::parse(url).map_err(|_| Unreached::NotAllowed)?;
    let limits = Limits { connect: LIMIT, total: LIMIT };
    let client = egress.client(Purpose::LicenseServer, &url, limits).await?;
    let request = client.post(url).header(ACCEPT, "application/json").json(question);
    let response = request.send().await.map_err(|error| failed(&error))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = after.and_then(|seconds| seconds.trim().parse::<u32>().ok()).map(i64::from);
            return Err(Failure { why: Unreached::Busy, retry_after });
        }
        status => return Err(Unreached::Status(status.as_u16()).into()),
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Unreached::NotJson.into());
    }
    judge(&read(response).await?, question).map_err(Failure::from)
}

async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len().saturating_add(chunk.len()) > MOST {
            return Err(Unreached::TooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer means.
fn judge(body: &[u8], question: &Question<'_>) -> Result<Answer, Unreached> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        status: String,
        #[serde(default)]
        license_id: String,
        #[serde(default)]
        nonce: String,
        #[serde(default)]
        reason: Option<String>,
    }
    // A list would do as well, read in the order of the members.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Unreached::Malformed);
    }
    let said: Said = serde_json::from_slice(body).map_err(|_| Unreached::Malformed)?;
    let is_ours = said.license_id == question.license_id && said.nonce == question.nonce;
    match said.status.as_str() {
        "unknown" => Err(Unreached::Unknown),
        "valid" | "revoked" if !is_ours => Err(Unreached::Mismatch),
        "valid" => Ok(Answer::Valid),
        "revoked" => Ok(Answer::Revoked { reason: bounded_line(&said.reason.unwrap_or_default(), REASON) }),
        _ => Err(Unreached::Malformed),
    }
}

/// Why there was no answer at all.
fn failed(error: &reqwest::Error) -> Failure {
    let mut cause = error.source();
    while let Some(inner) = cause {
        match inner.downcast_ref::<io::Error>().and_then(tls_error) {
            Some(rustls::Error::InvalidCertificate(_)) => return Unreached::Certificate.into(),
            Some(_) => return Unreached::Tls.into(),
            None => {}
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        Unreached::Timeout.into()
    } else if error.is_connect() {
        Unreached::Unreachable.into()
    } else {
        Unreached::Broken.into()
    }
}
