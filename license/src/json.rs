//! JSON as a signed document needs it read: every member exactly once, numbers as they were written, depth bounded.
//!
//! `serde_json` alone keeps the last of two equal members and turns `1e400` into an error. Here the text is checked once as a
//! whole (without recursion), then opened level by level over [`RawValue`], so that places in errors stay those of the text.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::value::RawValue;

/// How deep arrays and objects may nest. Deeper input is refused, so that reading it cannot exhaust the stack.
const MAX_DEPTH: usize = 32;

/// A JSON value (RFC 8259) in which no object has two members of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written: `16`, `1.5`, `1e400`.
    Number(Box<str>),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, its members in the order of the text.
    Object(Vec<(String, Json)>),
}

/// Why a text is not JSON that can be read one way only. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// The text ends in the middle of a value.
    CutOff {
        /// The last line.
        line: usize,
    },
    /// An object has a member twice: two readers might see different values.
    DuplicateMember {
        /// The member's name, with the names of those around it: `scrydon.tier`.
        path: String,
    },
    /// A string has half of a surrogate pair, which is no character.
    LoneSurrogate,
    /// The text breaks JSON's grammar.
    Syntax {
        /// The line of the first character that does not fit.
        line: usize,
        /// Its column, in bytes.
        column: usize,
    },
    /// Arrays and objects nest deeper than [`JsonError::MAX_DEPTH`].
    TooDeep,
    /// A complete value is followed by something else.
    Trailing {
        /// The line on which the rest begins.
        line: usize,
        /// Its column, in bytes.
        column: usize,
    },
}

impl JsonError {
    /// How deep arrays and objects may nest.
    pub const MAX_DEPTH: usize = MAX_DEPTH;
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { line } => write!(f, "it ends in the middle, on line {line}"),
            Self::DuplicateMember { path } => write!(f, "the member `{}` stands in it twice", crate::shown(path)),
            Self::LoneSurrogate => f.write_str("a string in it has half of a surrogate pair"),
            Self::Syntax { line, column } => write!(f, "it is not valid JSON at line {line}, column {column}"),
            Self::TooDeep => write!(f, "it nests deeper than {MAX_DEPTH} levels"),
            Self::Trailing { line, column } => {
                write!(f, "something follows the end of the JSON at line {line}, column {column}")
            }
        }
    }
}

impl Json {
    /// Reads a text that holds exactly one JSON value.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Self::parse_wanting(text, &[])
    }

    /// [`Json::parse`] for an object of which only some members matter. What is inside the others is read where it can be,
    /// and is its own text where it breaks a rule of ours. An empty list wants them all.
    pub(crate) fn parse_wanting(text: &str, wanted: &[&str]) -> Result<Self, JsonError> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            if error.is_eof() {
                JsonError::CutOff { line }
            } else if serde_json::Deserializer::from_str(text)
                .into_iter::<&RawValue>()
                .next()
                .is_some_and(|first| first.is_ok())
            {
                JsonError::Trailing { line, column }
            } else {
                JsonError::Syntax { line, column }
            }
        })?;
        open(raw.get(), 0, "", wanted)
    }

    /// The member of that name, if this is an object that has it.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value over several lines, for people: two spaces of indentation, and every character that could hide or reorder
    /// the text as its JSON escape. It reads back as the same value.
    pub fn readable(&self) -> String {
        let mut out = String::new();
        self.write_readable(&mut out, 0);
        out
    }

    fn write_readable(&self, out: &mut String, depth: usize) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => crate::shown::write_quoted(out, text),
            Self::Array(elements) => write_block(out, depth, '[', ']', elements, |out, element| {
                element.write_readable(out, depth + 1);
            }),
            Self::Object(members) => write_block(out, depth, '{', '}', members, |out, (name, value)| {
                crate::shown::write_quoted(out, name);
                out.push_str(": ");
                value.write_readable(out, depth + 1);
            }),
        }
    }

    /// What kind of value this is, in a word with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

fn write_block<T>(
    out: &mut String,
    depth: usize,
    open: char,
    close: char,
    items: &[T],
    write: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n("  ", depth + 1));
        write(out, item);
    }
    if !items.is_empty() {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
    out.push(close);
}

/// Opens one level of a text that is known to be one well-formed value, and what lies within.
fn open(raw: &str, depth: usize, path: &str, wanted: &[&str]) -> Result<Json, JsonError> {
    if depth > MAX_DEPTH {
        return Err(JsonError::TooDeep);
    }
    let mut level = serde_json::Deserializer::from_str(raw);
    Ok(match raw.as_bytes().first() {
        Some(b'{') => {
            let members = level.deserialize_map(Members).map_err(|_| JsonError::LoneSurrogate)?;
            let mut names: Vec<&String> = members.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            if let Some([name, _]) = names.array_windows().find(|[one, next]| one == next) {
                return Err(JsonError::DuplicateMember { path: join(path, name) });
            }
            let opened = members.iter().map(|(name, value)| {
                let value = match open(value.get(), depth + 1, &join(path, name), &[]) {
                    Err(_) if !wanted.is_empty() && !wanted.contains(&name.as_str()) => {
                        Json::String(value.get().to_owned())
                    }
                    value => value?,
                };
                Ok((name.clone(), value))
            });
            Json::Object(opened.collect::<Result<_, _>>()?)
        }
        Some(b'[') => {
            let elements = level.deserialize_seq(Elements).map_err(|_| JsonError::LoneSurrogate)?;
            // The exact size: growing by doubling would take more than sixteen times the text's own.
            let mut opened = Vec::with_capacity(elements.len());
            for value in elements {
                opened.push(open(value.get(), depth + 1, path, &[])?);
            }
            Json::Array(opened)
        }
        Some(b'"') => Json::String(serde_json::from_str(raw).map_err(|_| JsonError::LoneSurrogate)?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        _ => Json::Number(raw.into()),
    })
}

/// A member's name after the names of the objects around it, bounded: it is for a sentence.
fn join(path: &str, name: &str) -> String {
    let name: String = name.chars().take(80).collect();
    if path.is_empty() || path.len() > 200 { name } else { format!("{path}.{name}") }
}

/// Collects an object's members, each value unopened.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// Collects an array's elements, each unopened.
struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(elements)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => serde_json::from_str::<&RawValue>(text)
                .map_err(|_| serde::ser::Error::custom("not a number"))?
                .serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => {
                let mut seq = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    seq.serialize_element(element)?;
                }
                seq.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, JsonError};

    fn error(text: &str) -> JsonError {
        Json::parse(text).unwrap_err()
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let digits = "9".repeat(50_000);
        for text in ["16", "1.50", "1e400", "-0", digits.as_str()] {
            assert_eq!(Json::parse(text), Ok(Json::Number(text.into())));
            assert_eq!(serde_json::to_string(&Json::parse(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_wherever_it_is() {
        assert_eq!(
            error(r#"{"a":1,"b":[{"c":{"d":1,"\u0064":2}}]}"#),
            JsonError::DuplicateMember { path: "b.c.d".into() }
        );
        assert_eq!(error(r#"{"a":1,"a":1}"#), JsonError::DuplicateMember { path: "a".into() });
    }

    #[test]
    fn places_are_those_of_the_text() {
        assert_eq!(error("{\n  \"a\": x\n}"), JsonError::Syntax { line: 2, column: 8 });
        assert_eq!(error("{\n  \"a\": {"), JsonError::CutOff { line: 2 });
        assert_eq!(error("{}\n{}"), JsonError::Trailing { line: 2, column: 1 });
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(error(&"[".repeat(60_000)), JsonError::CutOff { line: 1 });
        assert_eq!(error(&format!("{}{}", "[".repeat(30_000), "]".repeat(30_000))), JsonError::TooDeep);
    }

    #[test]
    fn the_readable_form_hides_nothing_and_reads_back_the_same() {
        let json = Json::parse("{\"a\":[1,\"x\u{202e}\\u0000\\\"\u{1f600}\"],\"b\":{},\"c\":[]}").unwrap();
        let readable = json.readable();
        assert_eq!(
            readable,
            "{\n  \"a\": [\n    1,\n    \"x\\u202e\\u0000\\\"\u{1f600}\"\n  ],\n  \"b\": {},\n  \"c\": []\n}"
        );
        assert_eq!(Json::parse(&readable), Ok(json));
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        assert_eq!(error(r#"{"a":"\ud800"}"#), JsonError::LoneSurrogate);
    }
}
