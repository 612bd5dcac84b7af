//! How bytes are read as a request. The first says who asks, the second for what, so that each mutation of the rest stays with
//! one endpoint; whoever reads a seed sees letters.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::ask::{Asked, Role};

/// The pages, and what is no endpoint of the document.
const PAGES: [&str; 21] = [
    "/",
    "/license-checker",
    "/analytics",
    "/sign-in",
    "/invitation",
    "/setup",
    "/setup/license",
    "/setup/admin",
    "/setup/organization",
    "/setup/email",
    "/setup/complete",
    "/settings/license",
    "/settings/license/update",
    "/settings/organization",
    "/settings/email",
    "/settings/network",
    "/settings/users",
    "/settings/sessions",
    "/settings/audit",
    "/pkg/{id}",
    "/favicon.ico",
];

/// Every method and path that there is: those of the OpenAPI document by path and method, then the pages.
pub static ROUTES: LazyLock<Vec<(Method, String)>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(crate::rules::DOCUMENT).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").iter();
    let documented = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").keys();
        methods.map(|method| (method.to_uppercase().parse().expect("a method"), path.clone()))
    });
    let mut documented: Vec<(Method, String)> = documented.collect();
    documented.sort_by(|(a, b), (c, d)| (b, a.as_str()).cmp(&(d, c.as_str())));
    let documented = documented.into_iter();
    documented.chain(PAGES.map(|path| (Method::GET, path.to_owned()))).collect()
});

/// The route of a byte: `!` is the first.
pub fn route(byte: u8) -> Option<&'static (Method, String)> {
    ROUTES.get(usize::from(byte.wrapping_sub(b'!')))
}

/// A text's lines up to an empty one, and what follows that.
pub fn head(text: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (mut lines, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    (lines, rest)
}

/// A header line; `None` if no HTTP server would take it.
pub fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

/// Role, route, then lines: what stands for `{id}` and the query, or method and path where the route is none; headers; an empty
/// line; and the body.
pub fn request(bytes: &[u8]) -> Option<Asked> {
    let (&[role, number], text) = bytes.split_first_chunk()?;
    // It may be empty, and headers follow all the same.
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (first, rest) = (&text[..end], text.get(end + 1..).unwrap_or_default());
    let (headers, body) = head(rest);
    let first = std::str::from_utf8(first).ok()?;
    let (method, path) = if let Some((method, template)) = route(number) {
        (method.clone(), place(template, first))
    } else {
        let (method, path) = first.split_once(' ')?;
        (method.parse().ok()?, path.to_owned())
    };
    let headers = headers.iter().filter_map(|line| header(line)).collect();
    let asked = Asked { role: Role::of(role), method, path, headers, body: body.to_vec() };
    Some(asked.with_usual_headers("application/json"))
}

/// Role, route, and the body of a form to it. With a letter for the role, a page of another site sends it: `Q` for `1`.
pub fn form(bytes: &[u8]) -> Option<Asked> {
    let (&[role, number], body) = bytes.split_first_chunk()?;
    let (method, template) = route(number)?;
    if method != Method::POST {
        return None;
    }
    let path = place(template, "MEMBER");
    let asked = Asked { role: Role::of(role), method: method.clone(), path, headers: Vec::new(), body: body.to_vec() };
    let is_foreign = role & 0x40 != 0;
    let asked = if is_foreign { asked.with("sec-fetch-site", "cross-site") } else { asked };
    let origin = if is_foreign { "https://elsewhere.example.com" } else { "http://localhost" };
    Some(asked.with_usual_headers("application/x-www-form-urlencoded").with("origin", origin))
}

/// Stands for a cookie that is nearly the administrator's: [`crate::platform`] knows theirs.
pub const LIKE_SESSION: &str = "x-like-session";

/// The headers by which the server knows whom it speaks with, and some that proxies and browsers add.
const NAMES: [&str; 24] = [
    "cookie",
    "authorization",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "if-match",
    "if-none-match",
    "accept",
    "accept-encoding",
    "accept-language",
    "host",
    "origin",
    "referer",
    "sec-fetch-site",
    "x-setup-token",
    "user-agent",
    "content-type",
    "content-length",
    "transfer-encoding",
    "range",
    "x-original-uri",
    "x-real-ip",
    "via",
];

/// Role, route, then lines: a letter from `a` on for the header's name, and its value. In a line of `y` the value is a cookie,
/// `name=changes`: the session of the platform's administrator, with these characters over its own; `.` leaves one as it is.
pub fn headers(bytes: &[u8]) -> Option<Asked> {
    let (&[role, number], text) = bytes.split_first_chunk()?;
    let (method, template) = route(number)?;
    let headers = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let (letter, value) = line.split_first()?;
        if *letter == b'y' {
            return Some((HeaderName::from_static(LIKE_SESSION), HeaderValue::from_bytes(value).ok()?));
        }
        let name = NAMES.get(usize::from(letter.wrapping_sub(b'a')))?;
        Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?))
    });
    let asked = Asked {
        role: Role::of(role),
        method: method.clone(),
        path: place(template, "MEMBER"),
        headers: headers.collect(),
        body: if *method == Method::POST { b"{}".to_vec() } else { Vec::new() },
    };
    Some(asked)
}

/// The path of a template, with `ID?QUERY` put in.
fn place(template: &str, text: &str) -> String {
    let (id, query) = text.split_once('?').map_or((text, None), |(id, query)| (id, Some(query)));
    let path = template.replace("{id}", id);
    query.map_or(path.clone(), |query| format!("{path}?{query}"))
}
