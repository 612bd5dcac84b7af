//! The bundle: `{ "jwt", "publicKey" }`, and everything that people paste instead.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Serialize;

use crate::json::{Json, JsonError, write_string};
use crate::key::contains_private_key;
use crate::shown;

/// The most content a bundle may have, in bytes: 64 KiB, after white space and a byte order mark around it are trimmed.
pub const MAX_CONTENT: usize = 64 * 1024;

/// The two texts of a bundle. They may be anything: nothing is checked yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// The compact JWS.
    pub jwt: String,
    /// The PEM key.
    pub public_key: String,
}

impl Bundle {
    /// The bundle as JSON, indented as the vendor ships it.
    pub fn to_json(&self) -> String {
        let mut out = "{\n  \"jwt\": ".to_owned();
        write_string(&mut out, &self.jwt);
        out.push_str(",\n  \"publicKey\": ");
        write_string(&mut out, &self.public_key);
        out.push_str("\n}");
        out
    }
}

/// Why a text is not a bundle. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// The whole bundle in base64.
    Base64,
    /// A PEM certificate alone.
    Certificate,
    /// A Markdown code fence around the JSON.
    CodeFence,
    /// The JSON ends in the middle.
    CutOff {
        /// The last line.
        line: usize,
    },
    /// JSON as a string inside JSON, or with its quotes still escaped.
    DoubleEncoded,
    /// The same member twice, in the bundle itself.
    DuplicateMember {
        /// The member's name.
        name: String,
    },
    /// No text.
    Empty,
    /// A web page.
    Html,
    /// A line break inside a JSON string.
    LineBreak {
        /// The line that is broken.
        line: usize,
    },
    /// `>` at the start of each line.
    MailQuoting,
    /// A member is not there.
    MemberMissing {
        /// `jwt` or `publicKey`.
        name: &'static str,
        /// A member that might be meant.
        instead: Option<String>,
    },
    /// A member is not a string.
    MemberNotString {
        /// `jwt` or `publicKey`.
        name: &'static str,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Not JSON.
    NotJson {
        /// Where, and what.
        error: JsonError,
    },
    /// JSON, but not an object.
    NotObject {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Not UTF-8.
    NotUtf8 {
        /// The first byte that does not fit, counted from 1.
        at: usize,
    },
    /// A private key.
    PrivateKey,
    /// A public key alone.
    PublicKeyAlone,
    /// Typographic quotation marks.
    SmartQuotes {
        /// The line of the first.
        line: usize,
    },
    /// The JWT and the key stand in each other's place.
    Swapped,
    /// Nested too deep.
    TooDeep,
    /// More content than [`MAX_CONTENT`].
    TooLarge {
        /// How much there is, in bytes.
        bytes: usize,
    },
    /// Two bundles, one after the other.
    TwoBundles {
        /// The line on which the second begins.
        line: usize,
    },
    /// UTF-16, as some editors and shells save text.
    Utf16,
    /// YAML, as in a values file.
    Yaml,
}

impl FormatError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Certificate => "certificate-alone",
            Self::CodeFence => "code-fence",
            Self::CutOff { .. } => "cut-off",
            Self::DoubleEncoded => "double-encoded",
            Self::DuplicateMember { .. } => "duplicate-member",
            Self::Empty => "empty",
            Self::Html => "html",
            Self::LineBreak { .. } => "line-break",
            Self::MailQuoting => "mail-quoting",
            Self::MemberMissing { name: "jwt", .. } => "jwt-missing",
            Self::MemberMissing { .. } => "key-missing",
            Self::MemberNotString { name: "jwt", .. } => "jwt-not-string",
            Self::MemberNotString { .. } => "key-not-string",
            Self::NotJson { .. } => "not-json",
            Self::NotObject { .. } => "not-object",
            Self::NotUtf8 { .. } => "not-utf8",
            Self::PrivateKey => "private-key",
            Self::PublicKeyAlone => "public-key-alone",
            Self::SmartQuotes { .. } => "smart-quotes",
            Self::Swapped => "swapped",
            Self::TooDeep => "too-deep",
            Self::TooLarge { .. } => "too-large",
            Self::TwoBundles { .. } => "two-bundles",
            Self::Utf16 => "utf16",
            Self::Yaml => "yaml",
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 => f.write_str("This is a bundle in base64: decode it first"),
            Self::Certificate => {
                f.write_str("This is a certificate, not a license bundle: paste the JSON file that the vendor sent")
            }
            Self::CodeFence => f.write_str("There is a Markdown code fence around the bundle: paste only what is between the fences"),
            Self::CutOff { line } => {
                write!(f, "The bundle ends in the middle, on line {line}: the paste was cut off; copy the whole bundle again")
            }
            Self::DoubleEncoded => {
                f.write_str("The bundle is wrapped in a JSON string, so its quotes are escaped: unwrap it once, for example with `jq -r .`")
            }
            Self::DuplicateMember { name } => write!(
                f,
                "The bundle has `{}` twice, so two programs could read two different licenses: ask the vendor for the bundle as it was issued",
                shown(name)
            ),
            Self::Empty => f.write_str("There is nothing here yet: paste the bundle, or choose its file"),
            Self::Html => f.write_str("This is a web page or formatted mail, not a bundle: save the attached .json file and choose it here"),
            Self::LineBreak { line } => write!(
                f,
                "A text is broken in the middle, at the end of line {line}: the mail or terminal wrapped it; choose the file instead of pasting"
            ),
            Self::MailQuoting => f.write_str("Mail quoting (`>`) stands before the lines: copy the bundle from the original message"),
            Self::MemberMissing { name, instead: None } => {
                write!(f, "The bundle has no `{name}`: both `jwt` and `publicKey` are needed; copy the whole bundle again")
            }
            Self::MemberMissing { name, instead: Some(other) } => write!(
                f,
                "The bundle has no `{name}` (there is a member `{}`): names must be exactly `jwt` and `publicKey`",
                shown(other)
            ),
            Self::MemberNotString { name, kind } => {
                write!(f, "`{name}` is {kind} where a string is needed: ask the vendor for the bundle as it was issued")
            }
            Self::NotJson { error } => write!(f, "This is not a license bundle: {error}; paste the JSON file that the vendor sent"),
            Self::NotObject { kind } => {
                write!(f, "This is {kind}, not a bundle: paste the whole file, from the first {{ to the last }}")
            }
            Self::NotUtf8 { at } => write!(f, "This is not a text file (byte {at} is not UTF-8): choose the JSON file that the vendor sent"),
            Self::PrivateKey => f.write_str(
                "This is a private key. Treat it as compromised: do not send it to anybody, delete this copy, and tell the vendor",
            ),
            Self::PublicKeyAlone => f.write_str("This is a public key alone: paste the whole bundle, with `jwt` and `publicKey`"),
            Self::SmartQuotes { line } => write!(
                f,
                "Typographic quotation marks stand where plain ones (\") belong, first on line {line}: a mail program or word processor changed them; use the original file"
            ),
            Self::Swapped => f.write_str("`jwt` holds the key and `publicKey` holds the token: swap them"),
            Self::TooDeep => write!(
                f,
                "This nests deeper than {} levels, which no bundle does: paste the JSON file that the vendor sent",
                JsonError::MAX_DEPTH
            ),
            // Callers stop reading somewhere, so beyond a point the count would be theirs, not the text's.
            Self::TooLarge { bytes: 1_048_576.. } => write!(
                f,
                "This is larger than 1 MiB; a bundle has at most {} KiB: paste only the bundle",
                MAX_CONTENT / 1024
            ),
            Self::TooLarge { bytes } => write!(
                f,
                "This is {} KiB; a bundle has at most {} KiB: paste only the bundle",
                bytes.div_ceil(1024),
                MAX_CONTENT / 1024
            ),
            Self::TwoBundles { line } => write!(f, "A second bundle begins on line {line}: paste one at a time"),
            Self::Utf16 => f.write_str("This file is saved as UTF-16: save it as UTF-8, or use the original file"),
            Self::Yaml => f.write_str("This looks like YAML, not JSON: paste the JSON file that the vendor sent"),
        }
    }
}

/// What could be read of a pasted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The token, from a bundle or alone.
    pub(crate) jwt: Option<String>,
    /// The key's text.
    pub(crate) public_key: Option<String>,
    /// Whether a token was pasted alone.
    pub(crate) bare: bool,
    /// What keeps the text from being a bundle.
    pub(crate) error: Option<FormatError>,
}

impl Reading {
    fn refused(error: FormatError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}

/// The text within white space and byte order marks, if it is text, not empty, and not too large.
pub(crate) fn content(text: &[u8]) -> Result<&str, FormatError> {
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return Err(FormatError::Utf16);
    }
    // The size is checked before the text is looked at any closer.
    let fits = |bytes: usize| if bytes > MAX_CONTENT { Err(FormatError::TooLarge { bytes }) } else { Ok(()) };
    match std::str::from_utf8(text) {
        Ok(text) => {
            let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            fits(text.len())?;
            if text.is_empty() { Err(FormatError::Empty) } else { Ok(text) }
        }
        Err(error) => {
            fits(text.trim_ascii().len())?;
            Err(FormatError::NotUtf8 { at: error.valid_up_to() + 1 })
        }
    }
}

/// Reads a pasted text as a bundle, or as a bare token. Never fails: what is wrong is part of the answer.
pub(crate) fn read(text: &str) -> Reading {
    if is_bare_token(text) {
        return Reading { jwt: Some(text.to_owned()), bare: true, ..Reading::default() };
    }
    let json = match Json::parse_wanting(text, &["jwt", "publicKey"]) {
        Ok(json) => json,
        Err(error) => return Reading::refused(diagnose(text, error)),
    };
    if json.as_object().is_none() {
        return Reading::refused(match &json {
            Json::String(inner) if inner.trim_start().starts_with('{') => FormatError::DoubleEncoded,
            Json::Array(elements)
                if elements.len() > 1 && elements.iter().all(|element| element.member("jwt").is_some()) =>
            {
                FormatError::TwoBundles { line: 1 }
            }
            other => FormatError::NotObject { kind: other.kind() },
        });
    }
    let (jwt, public_key) = (member(&json, "jwt"), member(&json, "publicKey"));
    let mut members = json.as_object().unwrap_or_default().iter();
    let gives_private_key_away = members.any(|(name, value)| name != "publicKey" && holds_private_key(value));
    let looks_swapped = |jwt: &str, key: &str| jwt.contains("-----BEGIN ") && is_bare_token(key.trim());
    let error = match (&jwt, &public_key) {
        (Ok(jwt), _) if contains_private_key(jwt) => Some(FormatError::PrivateKey),
        _ if gives_private_key_away => Some(FormatError::PrivateKey),
        (Ok(jwt), Ok(key)) if looks_swapped(jwt, key) => Some(FormatError::Swapped),
        (Ok(_), Ok(_)) => None,
        (Err(error), _) | (_, Err(error)) => Some(error.clone()),
    };
    Reading { jwt: jwt.ok(), public_key: public_key.ok(), bare: false, error }
}

fn member(bundle: &Json, name: &'static str) -> Result<String, FormatError> {
    match bundle.member(name) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(other) => Err(FormatError::MemberNotString { name, kind: other.kind() }),
        None => {
            let squeezed = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
            let meant: &[&str] = if name == "jwt" {
                &["jwt", "token", "license"]
            } else {
                &["publickey", "key", "pem", "licensepublickey"]
            };
            let members = bundle.as_object().unwrap_or_default();
            let instead = members.iter().find(|(other, _)| meant.contains(&squeezed(other).as_str()));
            Err(FormatError::MemberMissing { name, instead: instead.map(|(other, _)| other.clone()) })
        }
    }
}

/// Whether a private key stands anywhere in a value: other members are ignored, but not when they give the vendor's key away.
fn holds_private_key(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains("-----BEGIN ") && contains_private_key(text),
        Json::Array(elements) => elements.iter().any(holds_private_key),
        Json::Object(members) => members.iter().any(|(_, value)| holds_private_key(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Whether a text is shaped like a compact JWS and nothing else.
fn is_bare_token(text: &str) -> bool {
    text.len() > 16
        && text.bytes().filter(|byte| *byte == b'.').count() == 2
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Tells the ways apart in which a bundle is damaged on its way to us.
fn diagnose(text: &str, error: JsonError) -> FormatError {
    match error {
        JsonError::DuplicateMember { path } => return FormatError::DuplicateMember { name: path },
        JsonError::TooDeep => return FormatError::TooDeep,
        _ => {}
    }
    let line_of = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let lower = text.get(..text.floor_char_boundary(512)).unwrap_or_default().to_ascii_lowercase();
    if contains_private_key(text) {
        return FormatError::PrivateKey;
    }
    if text.starts_with("-----BEGIN CERTIFICATE") {
        return FormatError::Certificate;
    }
    if text.starts_with("-----BEGIN ") {
        return FormatError::PublicKeyAlone;
    }
    if text.starts_with('<') || lower.contains("<html") || lower.contains("&quot;") || lower.contains("<div") {
        return FormatError::Html;
    }
    if text.starts_with("```") || text.contains("\n```") {
        return FormatError::CodeFence;
    }
    if text.starts_with('>') && text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('>')) {
        return FormatError::MailQuoting;
    }
    if let Some(at) = text.find(is_smart_quote) {
        return FormatError::SmartQuotes { line: line_of(at) };
    }
    if text.starts_with("{\\\"") || text.starts_with("{\\n") || text.starts_with("\\\"{") {
        return FormatError::DoubleEncoded;
    }
    if base64_text(text).is_some_and(|inner| inner.trim_start().starts_with('{')) {
        return FormatError::Base64;
    }
    let is_yaml =
        |line: &str| ["jwt:", "license:", "publickey:"].iter().any(|name| line.trim_start().starts_with(name));
    if !text.starts_with(['{', '[', '"']) && lower.lines().any(is_yaml) {
        return FormatError::Yaml;
    }
    match error {
        JsonError::Trailing { line, .. } if text.matches("\"jwt\"").count() > 1 => FormatError::TwoBundles { line },
        JsonError::CutOff { line } => FormatError::CutOff { line },
        JsonError::Syntax { line, column } if breaks_inside_string(text, line, column) => {
            FormatError::LineBreak { line }
        }
        error => FormatError::NotJson { error },
    }
}

/// Whether the parser stopped at a line break inside a string: at the end of this line, with quotation marks open.
fn breaks_inside_string(text: &str, line: usize, column: usize) -> bool {
    let above: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let Some((before, rest)) = text.as_bytes().split_at_checked(above + column) else { return false };
    let (open, _) = before.iter().fold((false, false), |(open, escaped), byte| match byte {
        _ if escaped => (open, false),
        b'\\' => (open, open),
        b'"' => (!open, false),
        _ => (open, false),
    });
    open && rest.first().is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
}

/// A typographic quotation mark.
pub(crate) fn is_smart_quote(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '＂')
}

/// The text inside base64 of either alphabet, with or without padding and line breaks.
pub(crate) fn base64_text(text: &str) -> Option<String> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let packed: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, LENIENT).decode(packed).ok()?;
    String::from_utf8(bytes).ok()
}
