//! `GET {base}/pkg/*`: the files of the site, and the few that browsers and robots look for at fixed places.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::App;
use super::fallback::not_found;
use crate::site::File;

pub(super) async fn pkg(State(app): State<Arc<App>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    match app.site.file(&name) {
        Some(file) => send(file, &headers),
        None => not_found(&app, false, &headers),
    }
}

/// `{base}/favicon.ico`, for browsers that do not read the page first.
pub(super) async fn favicon(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.site.file("favicon.ico").or_else(|| app.site.file("icon.svg")) {
        Some(file) => send(file, &headers),
        None => not_found(&app, false, &headers),
    }
}

/// `{base}/robots.txt`: there is nothing here for a search engine.
pub(super) async fn robots(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    const NOBODY: &File =
        &File { name: "robots.txt", etag: "nobody", plain: b"User-agent: *\nDisallow: /\n", brotli: None, gzip: None };
    send(app.site.file("robots.txt").unwrap_or(NOBODY), &headers)
}

fn send(file: &File, request: &HeaderMap) -> Response {
    let accepted: Vec<&str> = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).collect();
    let (encoding, bytes) = file.negotiated(&accepted.join(","));
    let tag = file.tag(encoding);
    let known =
        request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| matches(tags, &tag));

    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let headers = response.headers_mut();
    // The names have no hash in them, so a browser must ask each time; the answer is nearly always 304.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let mut insert = |name: HeaderName, value: &str| {
        // Digits, letters and quotes always fit a header.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(ETAG, &tag);
    if file.varies() {
        insert(VARY, "accept-encoding");
    }
    if known {
        headers.remove(CONTENT_TYPE);
    } else {
        insert(CONTENT_TYPE, file.content_type());
        if let Some(name) = encoding.name() {
            insert(CONTENT_ENCODING, name);
        }
    }
    response
}

/// Whether an `If-None-Match` names this tag (RFC 9110, section 13.1.2).
fn matches(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}
