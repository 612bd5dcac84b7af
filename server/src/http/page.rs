//! Pages: a visit is put together, the page renders, and the answer gets its headers.

use std::sync::Arc;

use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, RETRY_AFTER, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use countersign_app::{Installed, Returned, Role, Telling, Told, Unavailable, Unsent, Viewer, Visit};
use countersign_license::{License, Notice};

use super::asker::Asker;
use super::desk::Desk;
use super::gate::{Analytics, Feature as _};
use super::reply::{see, take_back};
use super::{App, Problem, headers};
use crate::{ids, licensing};

/// A visit to a page that is about to be answered.
pub(super) struct Visiting {
    pub(super) visit: Visit,
    app: Arc<App>,
    cookie: Option<HeaderValue>,
}

impl Visiting {
    /// Somebody visits a page. What a form brought back is taken on that occasion.
    pub(super) async fn begin(app: &Arc<App>, asker: &Asker, headers: &HeaderMap) -> Self {
        let (returned, cookie) = take_back(app, asker.now, headers).await;
        Self { cookie, ..Self::plain(app, asker, headers, returned).with_banners(asker).await }
    }

    /// Somebody gets a page as the answer to a form, or a page that says itself what there is to say about the license.
    pub(super) fn plain(app: &Arc<App>, asker: &Asker, headers: &HeaderMap, returned: Returned) -> Self {
        let visit = Visit {
            paths: app.paths.clone(),
            nonce: nonce(),
            now: asker.now,
            policy: app.terms.policy.clone(),
            // A page that needs to know asks the backend, which says that it cannot be known.
            viewer: asker.viewer().ok().flatten().cloned(),
            has_analytics: false,
            returned,
            banners: Vec::new(),
            backend: Arc::new(Desk::new(app.clone(), asker.clone(), headers)),
        };
        Self { visit, app: app.clone(), cookie: None }
    }

    /// The same, with what the license means for every page: what is to be told above it, and the way to what is gated. A page
    /// is whole without, and what cannot be read it says itself.
    pub(super) async fn with_banners(mut self, asker: &Asker) -> Self {
        let Ok(Some(viewer)) = asker.viewer() else { return self };
        let Ok(installed) = self.visit.backend.installed().await else { return self };
        self.visit.has_analytics = installed.as_ref().is_some_and(|installed| {
            let claims = installed.inspection.license.as_ref().map(License::claims);
            installed.standing.permits(claims, Analytics::NAME).is_ok()
        });
        self.visit.banners = banners(&self.app, viewer, installed.as_ref(), asker.now).await;
        self
    }

    /// The answer. Without a database it says so.
    pub(super) fn answer(self, html: Result<String, Unavailable>) -> Response {
        match html {
            Ok(html) => {
                // Errors that came back make it no error of this request: the page is there and well.
                let mut response = document(StatusCode::OK, &self.visit.nonce, html);
                if let Some(cookie) = self.cookie {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
                response
            }
            Err(why) => self.app.problem_page(&why.into()),
        }
    }
}

/// What is to be told about the license above the page, but for what the viewer put away.
async fn banners(app: &App, viewer: &Viewer, installed: Option<&Installed>, now: i64) -> Vec<Told> {
    let can_act = viewer.role.is_admin();
    let telling = Telling { installed, policy: &app.terms.policy, now, can_act };
    let mut banners = telling.banners();
    let may_go = |told: &Told| told.notice.is_some_and(Notice::is_dismissible);
    if let Some(installed) = installed.filter(|_| banners.iter().any(may_go)) {
        let away =
            app.store.dismissed(&viewer.id, &licensing::subject(&installed.inspection)).await.unwrap_or_default();
        banners.retain(|told| {
            !may_go(told) || !told.notice.is_some_and(|notice| away.iter().any(|name| name == notice.name()))
        });
    }
    banners
}

/// A visit to a page that is for people of at least this role; or what somebody else gets in its place.
pub(super) async fn admit(
    app: &Arc<App>,
    asker: &Asker,
    headers: &HeaderMap,
    uri: &Uri,
    least: Role,
) -> Result<Visiting, Box<Response>> {
    match asker.viewer() {
        Ok(Some(viewer)) if viewer.role >= least => Ok(Visiting::begin(app, asker, headers).await),
        Ok(Some(_)) => {
            let visiting = Visiting::plain(app, asker, headers, Returned::default()).with_banners(asker).await;
            Err(Box::new(App::forbidden_page(&visiting.visit)))
        }
        Ok(None) => Err(Box::new(app.to_sign_in_for(uri.path_and_query().map_or(uri.path(), PathAndQuery::as_str)))),
        Err(why) => Err(Box::new(app.problem_page(&why.into()))),
    }
}

/// A document with the policy that its nonce belongs to.
pub(super) fn document(status: StatusCode, nonce: &str, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, headers::policy(nonce));
    response
}

/// A fresh nonce. Without random numbers it is empty, and then no script runs.
pub(super) fn nonce() -> String {
    ids::id().unwrap_or_default()
}

impl App {
    /// A problem as a page, for whoever sent a form.
    pub(super) fn problem_page(&self, problem: &Problem) -> Response {
        self.problem_page_of(problem, &Unsent::default())
    }

    /// The same, for what was sent with a form: trying again begins there.
    pub(super) fn problem_page_of(&self, problem: &Problem, unsent: &Unsent) -> Response {
        let nonce = nonce();
        let html = if let Some(outage) = problem.outage() {
            countersign_app::unavailable(&self.paths, &nonce, outage, unsent)
        } else {
            let id = problem.member("id").map(|id| id.get().trim_matches('"')).unwrap_or_default();
            let detail = if problem.detail.is_empty() { "" } else { &problem.detail };
            countersign_app::problem_page(&self.paths, &nonce, problem.status.as_u16(), &problem.title, detail, id)
        };
        let mut response = document(problem.status, &nonce, html);
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The way to sign in, for a page that only people who are signed in see.
    pub(super) fn to_sign_in(&self) -> Response {
        see(&self.paths.sign_in())
    }

    /// The same, and from there to the page that was asked for.
    pub(super) fn to_sign_in_for(&self, page: &str) -> Response {
        let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", page).finish();
        see(&format!("{}?{next}", self.paths.sign_in()))
    }

    /// Where to go on after signing in: a page of ours, never another site.
    pub(super) fn inside(&self, next: &str) -> String {
        let home = self.paths.home();
        let is_plain = next.chars().all(|c| c.is_ascii_graphic() && c != '\\') && !next.contains("//");
        if is_plain && next.starts_with(&home) { next.to_owned() } else { home }
    }

    /// A page with these words for whoever may not see the one that was asked for.
    pub(super) fn forbidden_page(visit: &Visit) -> Response {
        document(StatusCode::FORBIDDEN, &visit.nonce, countersign_app::forbidden(visit))
    }
}

/// The first value of that name in a query.
pub(super) fn query(uri: &Uri, name: &str) -> String {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    // NUL is in no text that anybody types, and not every database takes it.
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.replace('\0', "")).unwrap_or_default()
}
