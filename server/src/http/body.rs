//! What an unsafe request brings: JSON from programs, a form from pages. Endpoints read both alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use countersign_app::FieldError;
use serde_json::Value;

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
        there.map(|name| ((*name).to_owned(), self.raw_text(name).to_owned())).collect()
    }

    /// The members whose JSON type is wrong, among those that the endpoint reads.
    pub(super) fn check(&self, names: &[&str]) -> Result<(), Problem> {
        let wrong: Vec<FieldError> =
            self.wrong.iter().filter(|error| names.contains(&error.field.as_str())).cloned().collect();
        if wrong.is_empty() { Ok(()) } else { Err(Problem::fields(wrong)) }
    }

    fn json(raw: Bytes) -> Result<Self, Problem> {
        let bad = |detail: String| {
            Problem::new(axum::http::StatusCode::BAD_REQUEST, "bad-json", "The body cannot be read as JSON")
                .detail(detail)
        };
        // `curl -X POST` without `-d`.
        if raw.trim_ascii().is_empty() {
            return Ok(Self { is_form: false, raw, fields: BTreeMap::new(), wrong: Vec::new() });
        }
        // The parser refuses more than 128 levels by itself.
        let value: Value = serde_json::from_slice(&raw).map_err(|error| {
            bad(format!("It stops making sense at line {}, column {}.", error.line(), error.column()))
        })?;
        let Value::Object(members) = value else {
            return Err(bad("An object is needed: `{ … }`.".to_owned()));
        };
        let (mut fields, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, value) in members {
            match texts(value) {
                Some(texts) => drop(fields.insert(name, texts)),
                None => wrong.push(FieldError {
                    detail: "A text is needed here.".to_owned(),
                    code: "type".to_owned(),
                    field: name,
                }),
            }
        }
        Ok(Self { is_form: false, raw, fields, wrong })
    }

    fn form(raw: Bytes) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&raw) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self { is_form: true, raw, fields, wrong: Vec::new() }
    }
}

/// A text, a list of texts, or nothing. Numbers and flags count as their text.
fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(vec![text]),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Array(values) => values
            .into_iter()
            .map(|value| match value {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect(),
        Value::Object(_) => None,
    }
}

/// Reading a body is where a request from another site ends, so that no endpoint that changes something can forget it.
impl FromRequest<Arc<App>> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if let Some(problem) = origin::refusal(app, &request) {
            return Err(problem);
        }
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
        let is_form = match kind.as_str() {
            "application/json" => false,
            "application/x-www-form-urlencoded" => true,
            _ => return Err(Problem::MEDIA_TYPE),
        };
        // The only reason besides a connection that broke: it is larger than the limit.
        let raw = Bytes::from_request(request, app).await.map_err(|_| Problem::BODY_TOO_LARGE)?;
        if is_form { Ok(Self::form(raw)) } else { Self::json(raw) }
    }
}
