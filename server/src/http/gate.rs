//! The gate in front of what needs a license. Whether it opens is read from the database and judged on each request, so that
//! `exp`, a rotation and a revocation count at once, and where that cannot be read it stays shut.
//!
//! There are two forms of it. [`LicenseGate`] is a layer around whole routers. [`Licensed`] is an extractor and a proof: what
//! takes one cannot be called without a license.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_app::{Headline, Installed, Returned, Telling, Viewer, refusal};
use countersign_license::{Claims, Denied, License, Standing, Tier};
use futures_util::future::BoxFuture;
use tower::{Layer, Service};

use super::asker::Asker;
use super::fallback::is_for_programs;
use super::page::{Visiting, document};
use super::{App, Problem};
use crate::licensing;
use crate::store::Unavailable;

/// A feature of the license, as a type.
pub trait Feature: Send + Sync + 'static {
    /// Its name in `scrydon.features`.
    const NAME: &'static str;
}

/// The feature `analytics`.
#[derive(Clone, Copy, Debug)]
pub enum Analytics {}

impl Feature for Analytics {
    const NAME: &'static str = "analytics";
}

/// The feature `agentic`.
#[derive(Clone, Copy, Debug)]
pub enum Agentic {}

impl Feature for Agentic {
    const NAME: &'static str = "agentic";
}

/// The proof that somebody who is signed in asks, and that the license grants the feature `F` at this very request. Only the
/// extractor makes one:
///
/// ```compile_fail,E0451
/// use countersign::http::{Analytics, Licensed};
///
/// fn forged(other: Licensed<Analytics>) -> Licensed<Analytics> {
///     Licensed { ..other }
/// }
/// ```
///
/// Whoever is not signed in gets what pages and endpoints answer to strangers; then the license is judged.
#[derive(Clone, Debug)]
pub struct Licensed<F> {
    viewer: Viewer,
    installed: Option<Installed>,
    feature: PhantomData<fn() -> F>,
}

impl<F> Licensed<F> {
    /// Who asks.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// What the license says that grants it.
    pub fn claims(&self) -> Option<&Claims> {
        Some(self.installed.as_ref()?.inspection.license.as_ref()?.claims())
    }
}

impl<F: Feature> FromRequestParts<Arc<App>> for Licensed<F> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Ok(asker) = Asker::from_request_parts(parts, app).await;
        let viewer = match asker.signed_in() {
            Ok(viewer) => viewer.clone(),
            Err(problem) if is_for_programs(app, &parts.uri, &parts.headers) => return Err(problem.into_response()),
            Err(problem) if problem.code == Problem::SIGNED_OUT.code => {
                let page = parts.uri.path_and_query().map_or(parts.uri.path(), PathAndQuery::as_str);
                return Err(app.to_sign_in_for(page));
            }
            Err(problem) => return Err(app.problem_page(&problem)),
        };
        match ask(app, &[F::NAME], asker.now).await {
            Ok(Ok(installed)) => Ok(Self { viewer, installed, feature: PhantomData }),
            Ok(Err(refusal)) => Err(refusal.answer(app, parts, &asker)),
            Err(why) => Err(unavailable(app, parts, &why.into())),
        }
    }
}

/// A layer that lets requests through while the license grants a feature. It asks for no session: what is behind it does.
///
/// ```no_run
/// # use axum::{Router, routing::get};
/// # use countersign::http::{App, LicenseGate};
/// # use std::sync::Arc;
/// # fn routes(app: Arc<App>) -> Router<Arc<App>> {
/// Router::new().route("/reports", get(async || "…")).layer(LicenseGate::new(app, "analytics"))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LicenseGate {
    app: Arc<App>,
    feature: &'static str,
}

impl LicenseGate {
    /// A gate that asks for this feature.
    pub fn new(app: Arc<App>, feature: &'static str) -> Self {
        Self { app, feature }
    }

    async fn pass(&self, request: Request) -> Result<Request, Response> {
        match ask(&self.app, &[self.feature], self.app.clock.now()).await {
            Ok(Ok(_)) => Ok(request),
            Ok(Err(refusal)) => {
                let (mut parts, _) = request.into_parts();
                let Ok(asker) = Asker::from_request_parts(&mut parts, &self.app).await;
                Err(refusal.answer(&self.app, &parts, &asker))
            }
            Err(why) => Err(unavailable(&self.app, &request.into_parts().0, &why.into())),
        }
    }
}

impl<S> Layer<S> for LicenseGate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// What is behind a [`LicenseGate`].
#[derive(Clone, Debug)]
pub struct Gated<S> {
    gate: LicenseGate,
    inner: S,
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that said it is ready is the one to call.
        let fresh = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, fresh);
        let gate = self.gate.clone();
        Box::pin(async move {
            match gate.pass(request).await {
                Ok(request) => inner.call(request).await,
                Err(response) => Ok(response),
            }
        })
    }
}

/// A refusal, with what it follows from.
pub(super) struct Refusal {
    feature: String,
    why: Denied,
    installed: Option<Installed>,
    now: i64,
}

/// The license in use, if it grants all these features now; else the refusal of the first that it does not, counted.
pub(super) async fn ask(
    app: &App,
    features: &[impl AsRef<str>],
    now: i64,
) -> Result<Result<Option<Installed>, Refusal>, Unavailable> {
    let installed = licensing::installed(&app.store, &app.terms, now).await?;
    let standing = installed.as_ref().map_or(Standing::UNLICENSED, |installed| installed.standing);
    let claims = installed.as_ref().and_then(|installed| installed.inspection.license.as_ref()).map(License::claims);
    let mut denied = features.iter().map(AsRef::as_ref);
    let denied = denied.find_map(|feature| Some((feature, standing.permits(claims, feature).err()?)));
    let Some((feature, why)) = denied else { return Ok(Ok(installed)) };
    app.refusals.record(feature);
    Ok(Err(Refusal { feature: feature.to_owned(), why, installed, now }))
}

impl Refusal {
    /// For programs: 403, in words for administrators or for everybody else.
    pub(super) fn problem(&self, app: &App, is_admin: bool) -> Response {
        let words = self.words(app, is_admin);
        let problem = Problem {
            status: StatusCode::FORBIDDEN,
            code: self.why.code(),
            title: words.title.into(),
            detail: words.body.into(),
            ..Problem::FORBIDDEN
        };
        let problem = problem.with("feature", &self.feature).with("state", self.state());
        self.marked(problem.into_response())
    }

    /// For programs or for people, whichever asks.
    fn answer(&self, app: &Arc<App>, parts: &Parts, asker: &Asker) -> Response {
        let is_admin = asker.viewer().ok().flatten().is_some_and(|viewer| viewer.role.is_admin());
        if is_for_programs(app, &parts.uri, &parts.headers) {
            return self.problem(app, is_admin);
        }
        let words = self.words(app, is_admin);
        let visit = Visiting::plain(app, asker, &parts.headers, Returned::default()).visit;
        let html = countersign_app::not_licensed(&visit, words);
        self.marked(document(StatusCode::FORBIDDEN, &visit.nonce, html))
    }

    fn words(&self, app: &App, is_admin: bool) -> Headline {
        let (installed, policy) = (self.installed.as_ref(), &app.terms.policy);
        refusal(&self.feature, self.why, &Telling { installed, policy, now: self.now, can_act: is_admin })
    }

    fn state(&self) -> &'static str {
        self.installed.as_ref().map_or(Standing::UNLICENSED, |installed| installed.standing).state.name()
    }

    /// With the headers that an ingress reads: it may see no body.
    fn marked(&self, mut response: Response) -> Response {
        mark(response.headers_mut(), "x-license-state", self.state());
        mark(response.headers_mut(), "x-license-feature", &self.feature);
        response
    }
}

/// Sets a header to what fits one: everything but visible ASCII, and the percent sign, is written as in a URL. What comes to
/// more than 256 characters is left away, since proxies bound the head of an answer.
pub(super) fn mark(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let escaped = value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_graphic() && byte != b'%' {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    });
    if escaped.len() <= 256
        && let Ok(value) = HeaderValue::try_from(escaped)
    {
        headers.insert(name, value);
    }
}

fn unavailable(app: &App, parts: &Parts, problem: &Problem) -> Response {
    if is_for_programs(app, &parts.uri, &parts.headers) {
        problem.clone().into_response()
    } else {
        app.problem_page(problem)
    }
}

/// How often gates refused, by feature, since the process began. Only features that we know have a count of their own: names
/// come from requests, and there must not be a count for each that somebody thinks of.
#[derive(Debug)]
pub struct Refusals(Vec<(&'static str, AtomicU64)>);

impl Default for Refusals {
    fn default() -> Self {
        // The mightiest tier has them all.
        let names = Tier::Enterprise.features().iter().copied().chain(["other"]);
        Self(names.map(|name| (name, AtomicU64::new(0))).collect())
    }
}

impl Refusals {
    /// Counts one.
    pub fn record(&self, feature: &str) {
        let count = self.0.iter().find(|(known, _)| *known == feature).or(self.0.last());
        if let Some((_, count)) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts, by name; `other` is the last.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, count.load(Ordering::Relaxed)))
    }
}
