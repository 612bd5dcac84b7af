//! What every answer must be, whatever was asked.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::{Asked, Role};
use crate::document::{Document, PROBLEM};
use crate::hardened::assert_hardened;
use crate::{MARKUP, SECRET};

/// The served document.
pub const DOCUMENT: &str = include_str!("../../src/http/openapi/openapi.json");

static OPENAPI: LazyLock<Document> = LazyLock::new(|| Document(serde_json::from_str(DOCUMENT).expect("JSON")));

/// The codes that it names.
static CODES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let schemas = OPENAPI.0["components"]["schemas"].as_object().expect("schemas").values();
    let problems = schemas.filter(|schema| schema["properties"]["title"]["$ref"] == "#/components/schemas/Title");
    let codes = problems.flat_map(|schema| schema["properties"]["code"]["enum"].as_array().expect("codes").clone());
    codes.map(|code| code.as_str().expect("a code").to_owned()).collect()
});

/// The names of fields that hold secrets.
const SECRETS: [&str; 10] = [
    "password",
    "newPassword",
    "currentPassword",
    "apiKey",
    "setupToken",
    "code",
    "jwt",
    "publicKey",
    "passwordAgain",
    "confirmPassword",
];

/// Panics where an answer is not what it must be. `ours` are secrets of the platform.
pub fn check(asked: &Asked, answer: &Answer, ours: &[String]) {
    let what = format!("{:?} {} {:.300}: {}", asked.role, asked.method, asked.path, answer.status);
    // A mail server or a license server that is not there is told as such.
    let calls = ["/email/test", "/auth/license/check"].iter().any(|end| asked.path.contains(end));
    assert!(
        !answer.status.is_server_error() || answer.status == StatusCode::BAD_GATEWAY && calls,
        "{what}: {}",
        answer.body
    );
    assert_hardened(answer, &what);
    let is_problem = answer.header("content-type") == PROBLEM;
    if asked.method != Method::HEAD {
        if is_problem {
            is_documented_problem(answer, &what);
        }
        is_documented(asked, answer, ours, &what);
    }
    let locations = answer.headers.get_all("location").iter();
    for location in locations.map(|location| location.to_str().expect("text")) {
        let is_ours = location.starts_with('/') && !location.starts_with("//") && !location.contains('\\');
        assert!(is_ours, "{what}: leads elsewhere: {location}");
    }
    for cookie in answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text")) {
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        let has = |begins: &str| attributes.iter().any(|attribute| attribute.starts_with(begins));
        assert!(has("HttpOnly") && has("SameSite=") && has("Path="), "{what}: {cookie}");
    }
    if answer.header("content-type").starts_with("text/html") {
        assert!(!answer.body.contains(MARKUP), "{what}: text became markup");
    }
    if answer.status.as_u16() >= 400 {
        for secret in ours {
            assert!(!answer.body.contains(secret.as_str()), "{what}: a secret of ours is in {}", answer.body);
        }
    }
    tells_no_secret(asked, answer, &what);
    if asked.method == Method::POST && is_foreign(asked) {
        assert!(answer.status.as_u16() >= 400, "{what}: it comes from another site");
    }
}

/// Whether a page of another site sent this, by what browsers say of it: first values, as a browser sends no second ones.
fn is_foreign(asked: &Asked) -> bool {
    let header = |name: &str| {
        let value = asked.headers.iter().find(|(known, _)| known == name)?;
        value.1.to_str().ok()
    };
    let is_other = |origin: &str| {
        let host = origin.split_once("://").map(|(_, host)| host);
        !host.is_some_and(|host| header("host").is_some_and(|ours| host.eq_ignore_ascii_case(ours)))
    };
    matches!(header("sec-fetch-site"), Some("cross-site" | "same-site")) || header("origin").is_some_and(is_other)
}

/// Whether the request shows a session of the platform: all of it, in the cookie that is for it.
fn shows_session(asked: &Asked, ours: &[String]) -> bool {
    let lines = asked.headers.iter().filter(|(name, _)| name == "cookie").filter_map(|(_, value)| value.to_str().ok());
    let mut cookies = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    cookies.any(|(name, value)| name == "session" && ours.iter().any(|ours| ours == value))
}

fn is_documented_problem(answer: &Answer, what: &str) {
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status.as_u16(), "{what}");
    let code = problem["code"].as_str().unwrap_or_else(|| panic!("{what}: no code"));
    assert!(CODES.contains(code), "{what}: the code {code} is not documented");
    for text in [&problem["title"], &problem["detail"]].into_iter().filter_map(Value::as_str) {
        let is_fit = !text.chars().any(|c| c.is_control() && c != '\n') && text.chars().count() < 2000;
        assert!(is_fit, "{what}: not fit for a person: {text:?}");
    }
}

/// The document is true of the answer; and where it wants a session, nobody gets what they asked for.
fn is_documented(asked: &Asked, answer: &Answer, ours: &[String], what: &str) {
    let Some(operation) = OPENAPI.find(&asked.method, &asked.path) else {
        if answer.header("content-type") == PROBLEM {
            let schema = json!({ "$ref": "#/components/schemas/Problem" });
            OPENAPI.validate(&schema, &answer.json(), what).unwrap_or_else(|wrong| panic!("{wrong}"));
        }
        return;
    };
    // What is asked for as a page is answered as one.
    let is_page = answer.header("content-type").starts_with("text/html");
    if !is_page || asked.method == Method::POST {
        OPENAPI.judge(&asked.method, &asked.path, answer).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    }
    let security = operation["security"].as_array().expect("security");
    let wants_session = !security.is_empty() && security.iter().all(|one| one != &json!({}));
    if wants_session && matches!(asked.role, Role::Nobody | Role::Stranger) {
        assert!(!answer.status.is_success() || shows_session(asked, ours), "{what}: nobody is let in");
    }
}

/// What stands in the request as a secret, and nowhere else in it, is not in the answer.
fn tells_no_secret(asked: &Asked, answer: &Answer, what: &str) {
    let count = |text: &[u8]| text.windows(SECRET.len()).filter(|window| *window == SECRET.as_bytes()).count();
    let all = count(asked.path.as_bytes())
        + count(&asked.body)
        + asked.headers.iter().map(|(_, value)| count(value.as_bytes())).sum::<usize>();
    if all == 0 {
        return;
    }
    let headers =
        asked.headers.iter().filter(|(name, _)| ["cookie", "authorization", "x-setup-token"].contains(&name.as_str()));
    let as_secret = fields(asked).iter().map(|value| count(value.as_bytes())).sum::<usize>()
        + headers.map(|(_, value)| count(value.as_bytes())).sum::<usize>();
    if as_secret == all {
        let headers = answer.headers.values().any(|value| count(value.as_bytes()) > 0);
        assert!(!headers && !answer.body.contains(SECRET), "{what}: a secret comes back: {}", answer.body);
    }
}

/// The values of the fields that hold secrets.
fn fields(asked: &Asked) -> Vec<String> {
    let is_form = asked.headers.iter().any(|(name, value)| {
        name == "content-type" && value.as_bytes().starts_with(b"application/x-www-form-urlencoded")
    });
    if is_form {
        let pairs = form_urlencoded::parse(&asked.body).filter(|(name, _)| SECRETS.contains(&name.as_ref()));
        return pairs.map(|(_, value)| value.into_owned()).collect();
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(&asked.body) else { return Vec::new() };
    let secrets = members.into_iter().filter(|(name, _)| SECRETS.contains(&name.as_str()));
    secrets.filter_map(|(_, value)| Some(value.as_str()?.to_owned())).collect()
}
