//! A request as an input describes it.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};

/// Who asks: of a platform that is set up, or of one whose wizard is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Nobody,
    Member,
    OrgAdmin,
    Admin,
    /// Nobody, where nothing is set up.
    Stranger,
    /// The one who gave the license of the first step.
    Installer,
    /// The administrator who has not finished the set-up.
    Founder,
}

impl Role {
    pub const ALL: [Self; 7] =
        [Self::Nobody, Self::Member, Self::OrgAdmin, Self::Admin, Self::Stranger, Self::Installer, Self::Founder];

    /// Of this byte: `1` is the first, and `8` again.
    pub fn of(byte: u8) -> Self {
        Self::ALL[usize::from(byte) % Self::ALL.len()]
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub role: Role,
    pub method: Method,
    /// Under the base path.
    pub path: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The request for a platform that is mounted there, if it is one at all.
    pub fn request(&self, base: &str) -> Option<Request<Body>> {
        let uri: Uri = format!("{base}{}", self.path).parse().ok()?;
        let mut request = Request::builder().method(&self.method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).ok()
    }

    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// With what a client says by itself, unless the input says something else.
    pub fn with_usual_headers(mut self, content_type: &str) -> Self {
        if !self.has("host") {
            self = self.with("host", "localhost");
        }
        if !self.has("sec-fetch-site") && !self.has("origin") {
            self = self.with("sec-fetch-site", "same-origin");
        }
        if !self.body.is_empty() || self.method == Method::POST {
            if !self.has("content-type") {
                self = self.with("content-type", content_type);
            }
            // As the HTTP server has it by then: a length that is not the body's never gets so far.
            self.headers.retain(|(name, _)| name != "content-length");
            let length = self.body.len().to_string();
            self = self.with("content-length", &length);
        }
        self
    }
}
