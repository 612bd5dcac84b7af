//! Unsafe methods from other places are refused: cross-site request forgery ends here, for every endpoint.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::uri::Authority;

use super::{App, Problem};

const FOREIGN: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "foreign-origin",
    "This request comes from another site, so it was not carried out; if the address in the browser is right, set PUBLIC_URL to it",
);

/// Why an unsafe request is not carried out, if so.
///
/// Browsers say where a request comes from (`Origin`, `Sec-Fetch-Site`). What says neither is no browser of today: it is judged
/// by its session alone, and only as JSON, which no form of another site can send.
pub(super) fn refusal(app: &App, request: &Request) -> Option<Problem> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    match (text(ORIGIN.as_str()), site) {
        // `same-site` is another host of the same domain: another site to us.
        (_, Some("cross-site" | "same-site")) => Some(FOREIGN),
        (Some(origin), _) => (!is_ours(app, headers, origin)).then_some(FOREIGN),
        (None, Some("same-origin" | "none")) => None,
        (None, Some(_)) => Some(FOREIGN),
        (None, None) => {
            let kind = text(CONTENT_TYPE.as_str()).unwrap_or_default();
            let is_json =
                kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
            (!is_json).then_some(FOREIGN)
        }
    }
}

/// Scheme and host that people reach the platform by, for links that leave it: `PUBLIC_URL`; or where the page came from that
/// sent this request, which was judged before; or the host that the request names.
pub(super) fn public(app: &App, headers: &HeaderMap) -> String {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = || text(&HOST).and_then(|host| host.parse::<Authority>().ok());
    match (&app.public_origin, text(&ORIGIN)) {
        (Some(ours), _) => ours.clone(),
        (None, Some(origin)) if is_ours(app, headers, origin) => origin.to_owned(),
        (None, _) => host().map(|host| format!("http://{host}")).unwrap_or_default(),
    }
}

/// Whether an origin is where the platform is reached: `PUBLIC_URL`, or the host that the request itself names.
pub(super) fn is_ours(app: &App, headers: &HeaderMap, origin: &str) -> bool {
    if app.public_origin.as_deref().is_some_and(|ours| ours.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme_and_host = origin.split_once("://");
    // Over https another scheme is another site; without PUBLIC_URL we do not know which one the ingress speaks.
    scheme_and_host.is_some_and(|(scheme, rest)| {
        matches!(scheme, "http" | "https")
            && !(app.https && scheme == "http")
            && !host.is_empty()
            && rest.eq_ignore_ascii_case(host)
    })
}
