//! Refusals: `application/problem+json` (RFC 9457) with a stable `code`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal as programs read it. What went wrong inside is logged, never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// One sentence.
    pub title: &'static str,
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

    const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title }
    }

    /// The refusal with the id that the log knows it by.
    pub fn with_id(self, id: &str) -> Response {
        self.response(Some(id))
    }

    fn response(self, id: Option<&str>) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            status: u16,
            code: &'static str,
            title: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a str>,
        }
        let body = Body { status: self.status.as_u16(), code: self.code, title: self.title, id };
        // Numbers and strings always serialize.
        let json = serde_json::to_string(&body).unwrap_or_default();
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        (self.status, [content_type], json).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response(None)
    }
}
