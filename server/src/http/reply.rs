//! How an endpoint answers: JSON to programs; to a page's form the way back to a page, which then says what happened.

use axum::http::header::{ETAG, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_app::{Returned, Unsent};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::asker::{Asker, cookie, set_cookie};
use super::body::Body;
use super::{App, Problem};
use crate::ids;
use crate::store::Unavailable;

/// What a form brings back is kept for this many seconds: ten minutes.
const KEPT: i64 = 10 * 60;
const PURPOSE: &str = "returned";

/// It was done.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    /// The answer to a program; nothing is an empty object.
    pub(super) json: Option<Box<RawValue>>,
    /// The page that a form goes on to.
    pub(super) next: String,
    /// What that page says.
    pub(super) returned: Returned,
    /// Cookies to set.
    pub(super) cookies: Vec<HeaderValue>,
    /// The revision of the license, as the entity tag.
    pub(super) revision: Option<i64>,
}

impl Done {
    /// Done; a form goes on to this page.
    pub(super) fn to(next: String) -> Self {
        Self { next, ..Self::default() }
    }

    /// With a sentence for the page.
    pub(super) fn notice(mut self, notice: impl Into<String>) -> Self {
        self.returned.notice = notice.into();
        self
    }

    /// With an answer for programs.
    pub(super) fn json(mut self, json: impl Serialize) -> Self {
        // As it serializes, digit by digit: `json!` would lose numbers that are larger than any type of ours.
        self.json = to_raw_value(&json).ok();
        self
    }
}

/// Where a form stands, and which of its fields return to it when something is wrong. Never a secret's.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) page: String,
    pub(super) keep: &'static [&'static str],
}

/// The answer of an endpoint.
pub(super) async fn reply(
    app: &App,
    asker: &Asker,
    body: &Body,
    form: Form,
    result: Result<Done, Problem>,
) -> Response {
    match result {
        Ok(done) if body.is_form => {
            let mut response = see(&done.next);
            cookies(&mut response, done.cookies);
            if done.returned != Returned::default() {
                let told = bring_back(app, asker, &done.returned, &mut response).await;
                // Where something was done, the page is whole without; where nothing was, it goes on with what was typed.
                if let (Err(why), true) = (told, done.returned.notice.is_empty()) {
                    return app.problem_page_of(&why.into(), &body.again(form.keep, form.page));
                }
            }
            response
        }
        Ok(done) => {
            let mut response = match &done.json {
                Some(json) => answer(StatusCode::OK, json),
                None => answer(StatusCode::OK, &json!({})),
            };
            cookies(&mut response, done.cookies);
            if let Some(revision) = done.revision {
                tag(response.headers_mut(), revision);
            }
            response
        }
        // Without a database nothing can be brought back, so the page carries it; and whoever is signed out has to sign in first. What went wrong
        // elsewhere, at a mail server, is about the form.
        Err(problem) if body.is_form && problem.status.is_server_error() && problem.errors.is_empty() => {
            app.problem_page_of(&problem, &body.again(form.keep, form.page))
        }
        // Whoever sends too much gets nothing kept.
        Err(problem) if body.is_form && problem.status == StatusCode::TOO_MANY_REQUESTS => {
            app.problem_page_of(&problem, &Unsent { page: form.page, ..Unsent::default() })
        }
        Err(problem) if body.is_form && problem.code == Problem::SIGNED_OUT.code => app.to_sign_in_for(&form.page),
        Err(problem) if body.is_form => {
            let returned =
                Returned { notice: String::new(), errors: problem.to_errors(), values: body.keep(form.keep) };
            let mut response = see(&form.page);
            match bring_back(app, asker, &returned, &mut response).await {
                Ok(()) => response,
                // What is wrong is told once it can be, and what was typed is not lost until then.
                Err(why) => app.problem_page_of(&why.into(), &body.again(form.keep, form.page)),
            }
        }
        Err(problem) => problem.into_response(),
    }
}

/// JSON with a status.
pub(super) fn answer(status: StatusCode, json: &impl Serialize) -> Response {
    let content_type = (axum::http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // What is answered here always serializes.
    (status, [content_type], serde_json::to_string(json).unwrap_or_default()).into_response()
}

/// The answer of an endpoint that only reads.
pub(super) fn data(result: Result<impl Serialize, Problem>) -> Response {
    match result {
        Ok(json) => answer(StatusCode::OK, &json),
        Err(problem) => problem.into_response(),
    }
}

/// `303 See Other`: the browser goes on with GET.
pub(super) fn see(page: &str) -> Response {
    // Our own paths always fit a header.
    let location = HeaderValue::from_str(page).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// `ETag: "<revision>"`.
pub(super) fn tag(headers: &mut HeaderMap, revision: i64) {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        headers.insert(ETAG, tag);
    }
}

fn cookies(response: &mut Response, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Keeps what a form brings back, and gives the browser a cookie to fetch it with.
///
/// # Errors
/// [`Unavailable`] if the store could not keep it.
pub(super) async fn bring_back(
    app: &App,
    asker: &Asker,
    returned: &Returned,
    response: &mut Response,
) -> Result<(), Unavailable> {
    let Ok(id) = ids::secret() else { return Ok(()) };
    let sealed = serde_json::to_string(returned).ok().and_then(|json| app.seal.seal(PURPOSE, &json).ok());
    let Some(sealed) = sealed else { return Ok(()) };
    let (now, is_stranger) = (asker.now, asker.session_hash().is_empty());
    let id_hash = ids::hash(&id);
    app.store.keep_returned(&id_hash, &sealed, is_stranger, now, now.saturating_add(KEPT)).await?;
    cookies(response, set_cookie(app, app.returned_cookie(), &id, Some(KEPT)).into_iter().collect());
    Ok(())
}

/// Takes what a form brought back. The cookie that deletes the cookie comes along, for the answer.
pub(super) async fn take_back(app: &App, now: i64, headers: &HeaderMap) -> (Returned, Option<HeaderValue>) {
    let Some(id) = cookie(headers, app.returned_cookie()) else { return (Returned::default(), None) };
    let Ok(sealed) = app.store.take_returned(&ids::hash(id), now).await else {
        // It is not lost: the next visit finds it.
        return (Returned::default(), None);
    };
    let returned = sealed
        .and_then(|sealed| app.seal.open(PURPOSE, &sealed).ok())
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default();
    (returned, set_cookie(app, app.returned_cookie(), "", None))
}
