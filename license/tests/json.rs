//! The library's JSON reader against one on `serde_json`: both say the same of every text.

use std::fmt;

use countersign_license::{Bundle, Json, JsonError};
use proptest::prelude::*;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What `Json::parse` must say, by way of `serde_json`.
fn expected(text: &str) -> Result<Json, JsonError> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        if error.is_eof() {
            JsonError::CutOff { line }
        } else if values.next().is_some_and(|first| first.is_ok()) {
            JsonError::Trailing { line, column }
        } else {
            JsonError::Syntax { line, column }
        }
    })?;
    open(raw.get(), 0, "")
}

fn open(raw: &str, depth: usize, path: &str) -> Result<Json, JsonError> {
    if depth > JsonError::MAX_DEPTH {
        return Err(JsonError::TooDeep);
    }
    let mut level = serde_json::Deserializer::from_str(raw);
    Ok(match raw.as_bytes().first() {
        Some(b'{') => {
            let members = level.deserialize_map(Members).map_err(|_| JsonError::LoneSurrogate)?;
            let mut names: Vec<&String> = members.iter().map(|(name, _)| name).collect();
            names.sort();
            if let Some([name, _]) = names.array_windows().find(|[one, next]| one == next) {
                return Err(JsonError::DuplicateMember { path: join(path, name) });
            }
            let open = |(name, value): &(String, &RawValue)| {
                Ok((name.clone(), open(value.get(), depth + 1, &join(path, name))?))
            };
            Json::Object(members.iter().map(open).collect::<Result<_, _>>()?)
        }
        Some(b'[') => {
            let elements = level.deserialize_seq(Elements).map_err(|_| JsonError::LoneSurrogate)?;
            Json::Array(elements.iter().map(|value| open(value.get(), depth + 1, path)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::String(serde_json::from_str(raw).map_err(|_| JsonError::LoneSurrogate)?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        _ => Json::Number(raw.into()),
    })
}

fn join(path: &str, name: &str) -> String {
    let name: String = name.chars().take(80).collect();
    if path.is_empty() || path.len() > 200 { name } else { format!("{path}.{name}") }
}

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

/// Every piece of which JSON is made, and much that has no place in it.
const PIECES: [&str; 54] = [
    "{", "}", "[", "]", ":", ",", "\"", "\"a\"", "\"b\"", "\"\"", "\"a\":", "\"b\":1,", "{\"a\":", "[1,", "]}", "0",
    "1", "-", "-0", "01", "1.5", ".", "1.", "e", "E", "1e5", "e+", "e-7", "+", "true", "tru", "false", "null", "nul",
    "x", " ", "\n", "\r", "\t", "\u{b}", "\u{a0}", "é", "𝄞", "\\", "\\n", "\\/", "\\u0061", "\\u00e", "\\ud834",
    "\\udd1e", "\\x", "\u{1}", "\u{7f}", "//",
];

/// A well-formed text with every kind of value, to be damaged.
const WHOLE: &str = "{\n \"a\": [1, -2.5e+3, 0, \"x\\n\\u00e9\\ud834\\udd1e\\/\"],\r\n\t\"bé\": {\"\\u0063\": null, \"d\": [true, false, {}, []]} }";

#[test]
fn every_text_of_three_pieces_is_read_as_serde_json_reads_it() {
    for one in PIECES {
        for two in PIECES {
            for three in PIECES {
                let text = format!("{one}{two}{three}");
                assert_eq!(Json::parse(&text), expected(&text), "{text:?}");
            }
        }
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_read_as_serde_json_reads_it() {
    assert_eq!(Json::parse(WHOLE), expected(WHOLE));
    assert!(Json::parse(WHOLE).is_ok());
    for at in (0..=WHOLE.len()).filter(|at| WHOLE.is_char_boundary(*at)) {
        let (before, after) = WHOLE.split_at(at);
        assert_eq!(Json::parse(before), expected(before), "{before:?}");
        assert_eq!(Json::parse(after), expected(after), "{after:?}");
        for piece in PIECES {
            let rest: String = after.chars().skip(1).collect();
            for text in [format!("{before}{piece}{after}"), format!("{before}{piece}{rest}")] {
                assert_eq!(Json::parse(&text), expected(&text), "{text:?}");
            }
        }
    }
}

#[test]
fn depth_ends_where_it_must() {
    for depth in [31, 32, 33, 34, 5_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(Json::parse(&text), expected(&text), "{depth} of {open}");
        }
    }
}

proptest! {
    #[test]
    fn random_pieces_are_read_as_serde_json_reads_them(pieces in prop::collection::vec(prop::sample::select(&PIECES), 0..24)) {
        let text = pieces.concat();
        prop_assert_eq!(Json::parse(&text), expected(&text));
    }

    #[test]
    fn random_texts_are_read_as_serde_json_reads_them(text in "[\\[\\]{}\":,\\\\a-fu0-9eE+. \n-]{0,40}") {
        prop_assert_eq!(Json::parse(&text), expected(&text));
    }

    #[test]
    fn every_string_is_read_back(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(Json::parse(&json), Ok(Json::String(text)));
    }

    #[test]
    fn a_bundle_is_written_as_serde_json_writes_it(jwt in any::<String>(), public_key in "[\u{0}-\u{ff}]*") {
        let bundle = Bundle { jwt, public_key };
        prop_assert_eq!(bundle.to_json(), serde_json::to_string_pretty(&bundle).unwrap());
    }
}
