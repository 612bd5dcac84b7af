//! The token: a compact JWS (RFC 7515, section 7.1) whose payload is a JSON object.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::{Json, JsonError};
use crate::shown;

/// A part of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentName {
    /// The protected header, first.
    Header,
    /// The claims, second.
    Payload,
    /// The signature, third.
    Signature,
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a text is not a compact JWS with a JSON object inside. Characters count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// A character that base64url does not have.
    Character {
        /// Its place in the token.
        at: usize,
        /// The character.
        found: char,
    },
    /// There is no text.
    Empty,
    /// Five segments: an encrypted token.
    Encrypted,
    /// A segment's last character is impossible: characters are missing, or it is not the canonical encoding.
    Encoding {
        /// Which segment.
        segment: SegmentName,
    },
    /// A segment is not JSON that can be read one way only.
    Json {
        /// Which segment.
        segment: SegmentName,
        /// What is wrong with it.
        error: JsonError,
    },
    /// A segment is JSON, but not an object.
    NotAnObject {
        /// Which segment.
        segment: SegmentName,
        /// What it is instead, with its article.
        kind: &'static str,
    },
    /// A segment is not UTF-8.
    NotUtf8 {
        /// Which segment.
        segment: SegmentName,
    },
    /// Not three segments.
    Segments {
        /// How many there are.
        found: usize,
    },
    /// Spaces or line breaks inside the token.
    WhiteSpace {
        /// The place of the first.
        at: usize,
    },
}

impl TokenError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Character { .. } => "token-character",
            Self::Empty => "token-empty",
            Self::Encrypted => "token-encrypted",
            Self::Encoding { .. } => "token-encoding",
            Self::Json { error: JsonError::DuplicateMember { .. }, .. } => "duplicate-member",
            Self::Json { error: JsonError::TooDeep, .. } => "too-deep",
            Self::Json { .. } => "token-not-json",
            Self::NotAnObject { .. } => "token-not-object",
            Self::NotUtf8 { .. } => "token-not-utf8",
            Self::Segments { .. } => "token-segments",
            Self::WhiteSpace { .. } => "token-white-space",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character { at, found: '=' } => {
                write!(f, "The JWT has padding (`=`) at character {at}, which a JWT never has: ask for the bundle as it was issued")
            }
            Self::Character { at, found } => write!(
                f,
                "The JWT has a character that does not belong there, “{}” at character {at}: copy the whole bundle again",
                shown(&found.to_string())
            ),
            Self::Empty => f.write_str("`jwt` is empty: copy the whole bundle again"),
            Self::Encrypted => f.write_str("The JWT is encrypted (it has five parts); a signed one has three: ask the vendor for the bundle as it was issued"),
            Self::Encoding { segment } => write!(
                f,
                "The {segment} of the JWT does not end where its encoding can end: characters were lost or changed; copy the whole bundle again"
            ),
            Self::Json { segment, error } => write!(f, "The {segment} of the JWT cannot be read: {error}; ask the vendor for a new bundle"),
            Self::NotAnObject { segment, kind } => {
                write!(f, "The {segment} of the JWT is {kind} where an object is needed: ask the vendor for a new bundle")
            }
            Self::NotUtf8 { segment } => {
                write!(f, "The {segment} of the JWT is not text: characters were lost or changed; copy the whole bundle again")
            }
            Self::Segments { found } => write!(
                f,
                "The JWT has {found} {} where three are needed, joined by dots: the paste was cut off; copy the whole bundle again",
                if *found == 1 { "part" } else { "parts" }
            ),
            Self::WhiteSpace { at } => {
                write!(f, "The JWT is broken by a space or line break at character {at}: copy it without line wrapping")
            }
        }
    }
}

/// Why a token's header is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlgorithmError {
    /// There is no `alg`, or it is not a string.
    Missing,
    /// An extension that changes what a signature means (RFC 7515 section 4.1.11, RFC 7797, RFC 7516).
    Extension {
        /// `crit`, `b64` or `zip`.
        member: &'static str,
    },
    /// `none`: a token without a signature (RFC 7518, section 3.6).
    Unsigned,
    /// Another algorithm.
    Unsupported {
        /// What `alg` says.
        alg: String,
    },
}

impl AlgorithmError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "algorithm-missing",
            Self::Extension { member: "b64" } => "header-b64",
            Self::Extension { member: "zip" } => "header-zip",
            Self::Extension { .. } => "header-crit",
            Self::Unsigned => "algorithm-none",
            Self::Unsupported { .. } => "algorithm-unsupported",
        }
    }
}

impl fmt::Display for AlgorithmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("The header names no algorithm; it must be RS256: ask the vendor for a new bundle"),
            Self::Extension { member } => {
                write!(f, "The header has `{member}`, which licenses never use: ask the vendor for a new bundle")
            }
            Self::Unsigned => f.write_str("The token says it is not signed (`none`), so anybody could have written it: ask the vendor for a signed bundle"),
            Self::Unsupported { alg } => {
                write!(f, "The token says it is signed with {}; only RS256 is accepted: ask the vendor for a new bundle", shown(alg))
            }
        }
    }
}

/// What could be read of a compact JWS. Nothing here is verified.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnverifiedToken {
    /// The header, a JSON object.
    pub(crate) header: Option<Json>,
    /// The claims, a JSON object.
    pub(crate) claims: Option<Json>,
    /// What is signed: the first two segments with their dot, as they stand in the token.
    pub(crate) signing_input: String,
    /// The signature's bytes.
    pub(crate) signature: Option<Vec<u8>>,
    /// The first thing that is wrong with its form.
    pub(crate) error: Option<TokenError>,
}

impl UnverifiedToken {
    /// Reads as much of a token as can be read. White space around it is ignored: a YAML block scalar always adds a newline.
    pub(crate) fn decode(text: &str) -> Self {
        let text = text.trim();
        if let Some(error) = shape(text) {
            return Self { error: Some(error), ..Self::default() };
        }
        let mut segments = text.split('.');
        let mut next = || segments.next().unwrap_or_default();
        let (header, payload, signature) = (next(), next(), next());
        let signing_input = text.get(..header.len() + 1 + payload.len()).unwrap_or_default().to_owned();
        let header = object(header, SegmentName::Header);
        let claims = object(payload, SegmentName::Payload);
        let signature = bytes(signature, SegmentName::Signature);
        let error = [header.as_ref().err(), claims.as_ref().err(), signature.as_ref().err()]
            .into_iter()
            .flatten()
            .next()
            .cloned();
        Self { header: header.ok(), claims: claims.ok(), signing_input, signature: signature.ok(), error }
    }

    /// What the header demands: `alg` RS256, and nothing that changes what that means. `None` where there is no header.
    pub(crate) fn algorithm(&self) -> Option<Result<(), AlgorithmError>> {
        let header = self.header.as_ref()?;
        let extension = ["crit", "b64", "zip"].into_iter().find(|member| header.member(member).is_some());
        Some(match (header.member("alg").and_then(Json::as_str), extension) {
            (None, _) => Err(AlgorithmError::Missing),
            (Some(alg), _) if alg.eq_ignore_ascii_case("none") => Err(AlgorithmError::Unsigned),
            (Some("RS256"), None) => Ok(()),
            (Some("RS256"), Some(member)) => Err(AlgorithmError::Extension { member }),
            (Some(alg), _) => Err(AlgorithmError::Unsupported { alg: alg.to_owned() }),
        })
    }

    /// The header member, if there is one, by which the token proposes a key of its own. It is never used.
    pub(crate) fn proposes_key(&self) -> Option<&'static str> {
        let header = self.header.as_ref()?;
        ["jwk", "jku", "x5u", "x5c"].into_iter().find(|member| header.member(member).is_some())
    }
}

/// What is wrong with the outer form of a token, if anything is.
fn shape(text: &str) -> Option<TokenError> {
    if text.is_empty() {
        return Some(TokenError::Empty);
    }
    let foreign = text.chars().enumerate().find(|(_, c)| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    match foreign {
        Some((index, c)) if c.is_whitespace() => return Some(TokenError::WhiteSpace { at: index + 1 }),
        Some((index, found)) => return Some(TokenError::Character { at: index + 1, found }),
        None => {}
    }
    match text.split('.').count() {
        3 => None,
        5 => Some(TokenError::Encrypted),
        found => Some(TokenError::Segments { found }),
    }
}

fn bytes(segment: &str, name: SegmentName) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| TokenError::Encoding { segment: name })
}

fn object(segment: &str, name: SegmentName) -> Result<Json, TokenError> {
    let bytes = bytes(segment, name)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| TokenError::NotUtf8 { segment: name })?;
    let json = Json::parse(text).map_err(|error| TokenError::Json { segment: name, error })?;
    match json {
        Json::Object(_) => Ok(json),
        other => Err(TokenError::NotAnObject { segment: name, kind: other.kind() }),
    }
}
