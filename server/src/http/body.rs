//! What an unsafe request brings: JSON from programs, a form from pages. Endpoints read both alike.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use countersign_app::{FieldError, Unsent};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{App, Problem, origin};

/// A body, read into texts by name.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// Whether it came from a page's form, which wants a page for an answer.
    pub(super) is_form: bool,
    /// The body as it came.
    pub(super) raw: Bytes,
    fields: BTreeMap<String, Vec<String>>,
    wrong: Vec<FieldError>,
}

impl Body {
    /// A field's text, trimmed; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw_text(name).trim()
    }

    /// A field's text as it came: for passwords and bundles.
    pub(super) fn raw_text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// All texts of a field that may come several times.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// The fields of these names that are there, for the page that the form stands on.
    pub(super) fn keep(&self, names: &[&str]) -> BTreeMap<String, String> {
        let there = names.iter().filter(|name| self.fields.contains_key(**name));
        let kept = |name: &str| {
            // Longer than anything that could be right, it only fills the store.
            let most = if name == "bundle" { countersign_license::MAX_CONTENT } else { 400 };
            self.raw_text(name).chars().take(most).collect()
        };
        there.map(|name| ((*name).to_owned(), kept(name))).collect()
    }

    /// What can be sent once more as it came: the fields of these names, those that pages put into their forms, and whether that is
    /// less than all.
    pub(super) fn again(&self, names: &[&str], page: String) -> Unsent {
        const BY_PAGES: [&str; 4] = ["acknowledge", "action", "revision", "seen"];
        let (again, rest): (Vec<_>, Vec<_>) = self
            .fields
            .iter()
            .partition(|(name, _)| names.contains(&name.as_str()) || BY_PAGES.contains(&name.as_str()));
        let is_part = rest.iter().any(|(_, texts)| texts.iter().any(|text| !text.is_empty()));
        // Where no more than a button was pressed, there is nothing that would be lost.
        if is_part && names.is_empty() {
            return Unsent { page, ..Unsent::default() };
        }
        let each = again.into_iter().flat_map(|(name, texts)| texts.iter().map(|text| (name.clone(), text.clone())));
        Unsent { page, values: each.collect(), is_part }
    }

    /// The members whose JSON type is wrong, among those that the endpoint reads.
    pub(super) fn check(&self, names: &[&str]) -> Result<(), Problem> {
        let wrong: Vec<FieldError> =
            self.wrong.iter().filter(|error| names.contains(&error.field.as_str())).cloned().collect();
        if wrong.is_empty() { Ok(()) } else { Err(Problem::fields(wrong)) }
    }

    fn json(raw: Bytes) -> Result<Self, Problem> {
        let bad = |detail: String| {
            Problem::new(StatusCode::BAD_REQUEST, "bad-json", "The body cannot be read as JSON").detail(detail)
        };
        // `curl -X POST` without `-d`.
        if raw.trim_ascii().is_empty() {
            return Ok(Self { is_form: false, raw, fields: BTreeMap::new(), wrong: Vec::new() });
        }
        let Members(members) = serde_json::from_slice(&raw).map_err(|error| {
            bad(format!(
                "An object of at most {MEMBERS} members is needed. It stops being one at line {}, column {}.",
                error.line(),
                error.column()
            ))
        })?;
        let (mut fields, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, value) in members {
            match texts(value.get()) {
                Some(texts) if !texts.iter().any(|text| text.contains('\0')) => drop(fields.insert(name, texts)),
                _ => wrong.push(FieldError {
                    detail: "A text is needed here.".to_owned(),
                    code: "type".to_owned(),
                    field: name,
                }),
            }
        }
        Ok(Self { is_form: false, raw, fields, wrong })
    }

    fn form(raw: Bytes) -> Result<Self, Problem> {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (index, (name, value)) in form_urlencoded::parse(&raw).enumerate() {
            // NUL is in no text that anybody types, and not every database stores it.
            if index >= MEMBERS || value.contains('\0') {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "bad-form",
                    "The form has more fields than any page here, or characters that are no text",
                ));
            }
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Self { is_form: true, raw, fields, wrong: Vec::new() })
    }
}

/// The most members or fields of a body. Many small ones would take many times the memory of the text.
const MEMBERS: usize = 100;

/// The members of a JSON object as they stand, in order. Nothing in them is looked at.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MEMBERS} members")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MEMBERS {
                        return Err(de::Error::invalid_length(MEMBERS + 1, &self));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A text, a list of texts, or nothing. Numbers and flags count as their text.
fn texts(value: &str) -> Option<Vec<String>> {
    match value.as_bytes().first() {
        Some(b'n') => Some(Vec::new()),
        Some(b'"') => serde_json::from_str(value).ok().map(|text| vec![text]),
        Some(b'[') if value.len() <= LIST => serde_json::from_str(value).ok(),
        Some(b'[' | b'{') | None => None,
        Some(_) => Some(vec![value.to_owned()]),
    }
}

/// The longest list of texts that is read, in bytes.
const LIST: usize = 4 * 1024;

/// Reading a body is where a request from another site ends, so that no endpoint that changes something can forget it.
impl FromRequest<Arc<App>> for Body {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
        let is_form = kind == "application/x-www-form-urlencoded";
        read(request, app, &kind).await.map_err(|problem| {
            // People who sent a form get a page.
            if is_form { app.problem_page(&problem) } else { problem.into_response() }
        })
    }
}

async fn read(request: Request, app: &Arc<App>, kind: &str) -> Result<Body, Problem> {
    if let Some(problem) = origin::refusal(app, &request) {
        return Err(problem);
    }
    let is_form = match kind {
        "application/json" => false,
        "application/x-www-form-urlencoded" => true,
        _ => return Err(Problem::MEDIA_TYPE),
    };
    // The only reason besides a connection that broke: it is larger than the limit.
    let raw = Bytes::from_request(request, app).await.map_err(|_| Problem::BODY_TOO_LARGE)?;
    if is_form { Body::form(raw) } else { Body::json(raw) }
}
