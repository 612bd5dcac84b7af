//! Refusals: `application/problem+json` (RFC 9457) with a stable `code`.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_app::{FieldError, Unavailable};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::ids::NoRandomness;
use crate::passwords::Failed;
use crate::seal::Unsealable;
use crate::store;

/// A refusal as programs read it. What went wrong inside is logged, never told.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// One sentence: what happened.
    pub title: Cow<'static, str>,
    /// One sentence: why, and what to do.
    pub detail: Cow<'static, str>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldError>,
    /// Further members.
    pub more: Vec<(&'static str, Box<RawValue>)>,
    /// Seconds after which to try again (`Retry-After`).
    pub retry_after: Option<u16>,
}

impl Problem {
    /// The body is larger than anything that is accepted here.
    pub const BODY_TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The request is larger than 256 KiB");
    /// Something broke.
    pub const INTERNAL: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something went wrong here; quote the id to your administrator",
    );
    /// The body comes in chunks.
    pub const LENGTH_REQUIRED: Self = Self::new(
        StatusCode::LENGTH_REQUIRED,
        "length-required",
        "The request must give its length, not come in chunks",
    );
    /// The path is there, the method is not.
    pub const METHOD: Self =
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This address does not take that method");
    /// Nothing is at that path.
    pub const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this address");
    /// It took too long.
    pub const TIMEOUT: Self = Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "This took too long; try again");
    /// The address is too long.
    pub const URI_TOO_LONG: Self = Self::new(StatusCode::URI_TOO_LONG, "uri-too-long", "The address is too long");
    /// The database does not answer.
    pub const UNAVAILABLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "The database does not answer right now; nothing was changed, try again in a moment",
    );
    /// The file of the database was taken away.
    const GONE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "database-gone",
        "The file of the database is not where it was; nothing was changed",
    );
    /// The database was told to commit, and then there was no answer.
    pub const UNSURE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "outcome-unknown",
        "The database went away in the middle of this: it was done, or nothing was changed; look before you try again",
    );
    /// Somebody else is at work in the database.
    const BUSY: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "database-busy",
        "Somebody else is writing to the database; nothing was changed",
    );
    /// The database's disk is full.
    const FULL: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "database-full",
        "The disk of the database is full; nothing was changed",
    );
    /// The database can be read alone.
    const READ_ONLY: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "database-read-only",
        "The database can only be read right now; nothing was changed",
    );
    /// Nobody is signed in.
    pub const SIGNED_OUT: Self = Self::new(StatusCode::UNAUTHORIZED, "signed-out", "Sign in first");
    /// Somebody is signed in who may not do this.
    pub const FORBIDDEN: Self =
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Your role does not allow this; ask an administrator");
    /// The body is neither JSON nor a form.
    pub const MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "Send application/json, or a form as application/x-www-form-urlencoded",
    );
    /// Single fields are wrong.
    pub const FIELDS: Self = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "fields", "Something needs your attention");

    /// A refusal without details.
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            status,
            code,
            title: Cow::Borrowed(title),
            detail: Cow::Borrowed(""),
            errors: Vec::new(),
            more: Vec::new(),
            retry_after: None,
        }
    }

    /// The refusal of a body because of these fields.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::FIELDS }
    }

    /// The refusal of a body because of one field.
    pub fn field(field: &str, code: &str, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.to_owned(), code: code.to_owned(), detail: detail.into() }])
    }

    /// With a sentence that says why, and what to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        // As it serializes, digit by digit: a number of a license may be larger than any type of ours.
        if let Ok(value) = to_raw_value(&value) {
            self.more.push((name, value));
        }
        self
    }

    /// A further member.
    pub fn member(&self, name: &str) -> Option<&RawValue> {
        self.more.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// The refusal with the id that the log knows it by.
    pub fn with_id(self, id: &str) -> Response {
        self.with("id", id).into_response()
    }

    /// What it means for people, if it is that the database did not do what it was asked to.
    pub(super) fn outage(&self) -> Option<Unavailable> {
        let outages = [
            (Self::UNAVAILABLE, Unavailable::Away),
            (Self::GONE, Unavailable::Gone),
            (Self::UNSURE, Unavailable::Unsure),
            (Self::BUSY, Unavailable::Busy),
            (Self::FULL, Unavailable::Full),
            (Self::READ_ONLY, Unavailable::ReadOnly),
        ];
        outages.into_iter().find(|(problem, _)| problem.code == self.code).map(|(_, outage)| outage)
    }

    /// What a page says of it, beside its fields or above its form.
    pub fn to_errors(&self) -> Vec<FieldError> {
        if !self.errors.is_empty() {
            return self.errors.clone();
        }
        let detail = if self.detail.is_empty() { format!("{}.", self.title) } else { self.detail.to_string() };
        vec![FieldError { field: String::new(), code: self.code.to_owned(), detail }]
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (detail, errors) = (&self.detail, &self.errors);
        let mut members = vec![
            ("status", to_raw_value(&self.status.as_u16())),
            ("code", to_raw_value(self.code)),
            ("title", to_raw_value(&self.title)),
        ];
        members.extend((!detail.is_empty()).then(|| ("detail", to_raw_value(detail))));
        members.extend((!errors.is_empty()).then(|| ("errors", to_raw_value(errors))));
        let members = members.into_iter().filter_map(|(name, value)| Some((name, value.ok()?))).chain(self.more);
        let body = members.collect::<Vec<_>>();
        let body: Vec<String> = body.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let body = format!("{{{}}}", body.join(","));
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (self.status, [content_type], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Unavailable> for Problem {
    fn from(why: Unavailable) -> Self {
        match why {
            Unavailable::Away => Self::UNAVAILABLE,
            Unavailable::Unsure => Self::UNSURE,
            Unavailable::Gone => Self::GONE.detail(
                "Whoever runs this platform must put the file back, or a backup in its place: nothing needs to be restarted.",
            ),
            Unavailable::Busy => Self { retry_after: Some(5), ..Self::BUSY }.detail(
                "What is stored can still be read. Wait a moment and try again; if it lasts, whoever runs this platform must end \
                 what holds the database, such as a copy or a tool with an open transaction.",
            ),
            Unavailable::Full => Self::FULL.detail(
                "What is stored can still be read, but nothing can be added, not even a sign-in. Make room on the disk of the \
                 database, and try again: nothing needs to be restarted.",
            ),
            Unavailable::ReadOnly => Self::READ_ONLY.detail(
                "What is stored can still be read. Whoever runs this platform must make the database writable, or let \
                 DATABASE_URL name the one that is: then try again.",
            ),
        }
    }
}

impl From<store::Unavailable> for Problem {
    fn from(why: store::Unavailable) -> Self {
        Unavailable::from(why).into()
    }
}

impl From<NoRandomness> for Problem {
    fn from(_: NoRandomness) -> Self {
        tracing::error!("the system has no random numbers");
        Self::INTERNAL
    }
}

impl From<Failed> for Problem {
    fn from(_: Failed) -> Self {
        tracing::error!("a password could not be hashed");
        Self::INTERNAL
    }
}

impl From<Unsealable> for Problem {
    fn from(_: Unsealable) -> Self {
        tracing::error!("a stored secret cannot be opened: was SECRET_KEY changed?");
        Self::INTERNAL
    }
}
