//! Who asks: the session behind the cookie, and where the request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::header::{COOKIE, HeaderMap, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Version};
use countersign_app::{Role, Viewer};

use super::{App, Problem};
use crate::ids;
use crate::store::{Entry, Pair, SessionRow, Unavailable};

/// A session ends after this many seconds without use: 12 hours.
pub(crate) const IDLE: i64 = 12 * 60 * 60;
/// A session ends at the latest after this many seconds: 7 days.
pub(super) const LIFETIME: i64 = 7 * 24 * 60 * 60;
/// The use of a session is noted once in this many seconds, not on each request.
const NOTED: i64 = 60;

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// The session, if there is one that has not ended.
    session: Result<Option<SessionRow>, Unavailable>,
    /// The hash of the secret by which the wizard knows who gave the set-up token.
    pub(super) installer: Option<String>,
    /// Whether the request speaks HTTP/1.0, which browsers do not, and some proxies do.
    pub(super) is_old_http: bool,
    /// The address that the request came from.
    pub(super) address: String,
    /// What the browser calls itself, bounded.
    pub(super) agent: String,
    /// Seconds since 1970-01-01 UTC.
    pub(super) now: i64,
}

impl Asker {
    /// Who is signed in, if anybody is.
    pub(super) fn viewer(&self) -> Result<Option<&Viewer>, Unavailable> {
        Ok(self.session.as_ref().map_err(|unavailable| *unavailable)?.as_ref().map(|session| &session.user))
    }

    /// Who is signed in.
    pub(super) fn signed_in(&self) -> Result<&Viewer, Problem> {
        self.viewer()?.ok_or(Problem::SIGNED_OUT)
    }

    /// The administrator, of the organization or the platform, who is signed in.
    pub(super) fn admin(&self) -> Result<&Viewer, Problem> {
        let viewer = self.signed_in()?;
        if viewer.role.is_admin() { Ok(viewer) } else { Err(Problem::FORBIDDEN) }
    }

    /// The platform administrator who is signed in.
    pub(super) fn platform_admin(&self) -> Result<&Viewer, Problem> {
        let viewer = self.signed_in()?;
        if viewer.role == Role::PlatformAdmin { Ok(viewer) } else { Err(Problem::FORBIDDEN) }
    }

    /// The session of who is signed in.
    pub(super) fn session(&self) -> Result<&SessionRow, Problem> {
        self.session.as_ref().map_err(|unavailable| *unavailable)?.as_ref().ok_or(Problem::SIGNED_OUT)
    }

    /// The network that tries are counted by: the address, or of an IPv6 address the first 64 bits, as one customer has at
    /// least so many addresses. Empty if the address is not known.
    pub(super) fn network(&self) -> String {
        match self.address.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            _ => self.address.clone(),
        }
    }

    /// The hash of the session's id; empty if there is no session.
    pub(super) fn session_hash(&self) -> &str {
        match &self.session {
            Ok(Some(session)) => &session.id_hash,
            _ => "",
        }
    }

    /// What the audit log says of something that is done now.
    pub(super) fn entry(&self, action: &'static str, detail: impl Into<String>) -> Entry {
        let actor = self.viewer().ok().flatten().map(|viewer| viewer.email.clone()).unwrap_or_default();
        Entry { at: self.now, actor, action, detail: detail.into(), address: self.address.clone() }
    }
}

impl App {
    /// Notes that a session was used. Whoever only reads must not wait for whoever writes: one request at a time waits, and
    /// not for long. What is left out now is noted with the next request; where nothing can be written, ten seconds later, so
    /// that requests do not fill the log.
    async fn note_session(&self, id_hash: &str, now: i64) {
        let Ok(turn) = self.noting.clone().try_acquire_owned() else { return };
        // The log says why it was not noted.
        let noted = tokio::time::timeout(Duration::from_millis(250), self.store.touch_session(id_hash, now)).await;
        if !matches!(noted, Ok(Ok(()))) {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(10)).await;
                drop(turn);
            });
        }
    }
}

impl FromRequestParts<Arc<App>> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let now = app.clock.now();
        let session = match cookie(&parts.headers, app.session_cookie()) {
            Some(id) => app.store.session(&ids::hash(id), now, now - IDLE).await,
            None => Ok(None),
        };
        Ok(Self::with(parts, app, session, now).await)
    }
}

/// Who asks, and the license in use: both read in one statement. Without a session the license is not read.
pub(super) struct AskerAndLicense {
    pub(super) asker: Asker,
    pub(super) pair: Option<Pair>,
}

impl FromRequestParts<Arc<App>> for AskerAndLicense {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let now = app.clock.now();
        let read = match cookie(&parts.headers, app.session_cookie()) {
            Some(id) => app.store.session_and_pair(&ids::hash(id), now, now - IDLE).await,
            None => Ok((None, None)),
        };
        let (session, pair) = match read {
            Ok((session, pair)) => (Ok(session), pair),
            Err(unavailable) => (Err(unavailable), None),
        };
        Ok(Self { asker: Asker::with(parts, app, session, now).await, pair })
    }
}

impl Asker {
    async fn with(parts: &Parts, app: &App, session: Result<Option<SessionRow>, Unavailable>, now: i64) -> Self {
        if let Ok(Some(session)) = &session
            && now - session.seen_at >= NOTED
        {
            app.note_session(&session.id_hash, now).await;
        }
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self {
            session,
            installer: cookie(&parts.headers, app.installer_cookie()).map(ids::hash),
            is_old_http: parts.version < Version::HTTP_11,
            address: address(parts, app),
            agent: agent.chars().take(200).collect(),
            now,
        }
    }
}

/// The id in a path, as text. What is no text names nothing.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id): Path<String> = Path::from_request_parts(parts, state).await.map_err(|_| Problem::NOT_FOUND)?;
        // NUL is in no id of ours, and not every database takes it.
        if id.contains('\0') { Err(Problem::NOT_FOUND) } else { Ok(Self(id)) }
    }
}

/// The address that a request came from: the connection's, or what a proxy that the operator trusts says of it.
pub(super) fn address(parts: &Parts, app: &App) -> String {
    let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else { return String::new() };
    let trusted = |address: &IpAddr| app.trusted_proxies.contains(address);
    let mut address = peer.ip().to_canonical();
    // From right to left: each proxy appends who it was asked by, and what stands before the first stranger is hearsay.
    // A value that is no text is kept as one that is no address: left out, it would uncover what a stranger wrote before it.
    let all = parts.headers.get_all("x-forwarded-for");
    let forwarded: Vec<_> = all.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    for hop in forwarded.join(",").rsplit(',') {
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) if trusted(&address) => address = hop.to_canonical(),
            _ => break,
        }
    }
    address.to_string()
}

/// A cookie's value. If there are several of that name, somebody planted one: then there is none.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// A `Set-Cookie` of ours; without a value it deletes. `max_age` in seconds; `None` lives as long as the browser.
pub(super) fn set_cookie(app: &App, name: &str, value: &str, max_age: Option<i64>) -> Option<HeaderValue> {
    let secure = if app.https { "; Secure" } else { "" };
    let age = match (value.is_empty(), max_age) {
        (true, _) => "; Max-Age=0".to_owned(),
        (false, Some(seconds)) => format!("; Max-Age={seconds}"),
        (false, None) => String::new(),
    };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")).ok()
}
