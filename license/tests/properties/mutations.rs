//! Texts that are nearly right: pieces in any order, and right ones that are changed.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::INPUTS;

/// Pieces that JSON, PEM and tokens are made of, in any order.
fn piece() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "\\udc00",
        "\\n",
        "\n",
        "\r\n",
        "null",
        "true",
        "-",
        "0",
        "1e400",
        "1.5",
        "\"jwt\"",
        "\"publicKey\"",
        "\"exp\"",
        "\"alg\"",
        "\"RS256\"",
        "\"crit\"",
        "\"scrydon\"",
        "\"a\":1,",
        "eyJ",
        ".",
        "=",
        "-----BEGIN ",
        "PUBLIC KEY-----",
        "-----END ",
        "PRIVATE KEY",
        "```",
        "> ",
        "<html",
        "&quot;",
        "“",
        "jwt:",
        "\u{feff}",
        "\u{a0}",
        "\u{202e}",
        "\0",
    ];
    prop_oneof![8 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,8}".prop_map(|text| text)]
}

/// Trees of JSON, and its pieces in any order.
pub fn json_like() -> impl Strategy<Value = String> {
    let soup = prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat());
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,10})?([eE][+-]?[0-9]{1,6})?".prop_map(|number| number),
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a string")),
    ];
    let tree = leaf.prop_recursive(40, 200, 6, |inner| {
        let member = ("[a-c]{0,2}", inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(", "))),
        ]
    });
    prop_oneof![soup, tree]
}

/// A change of some bytes.
#[derive(Clone, Debug)]
pub enum Mutation {
    Flip(Index, u8),
    Insert(Index, String),
    Remove(Index, usize),
    Repeat(Index, usize),
    Splice(Index, Index, Index, usize),
    Truncate(Index),
}

/// Any change.
pub fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), piece()).prop_map(|(at, text)| Mutation::Insert(at, text)),
        (at(), 1..200_usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (at(), 1..600_usize).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        (at(), at(), at(), 1..900_usize).prop_map(|(at, from, start, count)| Mutation::Splice(at, from, start, count)),
        at().prop_map(Mutation::Truncate),
    ]
}

impl Mutation {
    /// Changes them, wherever they are by now.
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        let part = |bytes: &[u8], at: usize, count: usize| bytes[at..(at + count).min(bytes.len())].to_vec();
        match self {
            Self::Flip(at, bit) => {
                let at = place(at, bytes);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Insert(at, text) => {
                let at = place(at, bytes);
                bytes.splice(at..at, text.bytes());
            }
            Self::Remove(at, count) => {
                let at = place(at, bytes);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Self::Repeat(at, count) => {
                let at = place(at, bytes);
                let again = part(bytes, at, *count);
                bytes.splice(at..at, again);
            }
            Self::Splice(at, from, start, count) => {
                let other = &INPUTS[from.index(INPUTS.len())];
                let piece = part(other, place(start, other), *count);
                let at = place(at, bytes);
                bytes.splice(at..at, piece);
            }
            Self::Truncate(at) => bytes.truncate(place(at, bytes)),
        }
    }
}

/// A text with some of its JSON tokens replaced, removed or doubled.
pub fn mutated_text(text: &'static str) -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("\"\"".to_owned()),
        Just("[]".to_owned()),
        Just("1789999999.5".to_owned()),
        Just("1e19".to_owned()),
        Just("\"scrydon-platform\"".to_owned()),
        Just("[\"scrydon-platform\",\"x\"]".to_owned()),
        Just("-1".to_owned()),
        Just("1800000000".to_owned()),
        Just("1.6e1".to_owned()),
        Just("{}".to_owned()),
        Just("true".to_owned()),
        Just("\"starter\"".to_owned()),
        Just("1e5000000000".to_owned()),
    ];
    prop::collection::vec((any::<Index>(), 0..6_u8, value), 0..4).prop_map(|changes| {
        let mut text = text.to_owned();
        for (at, kind, value) in changes {
            let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
            let Some(colon) = colons.get(at.index(colons.len().max(1))).copied() else { continue };
            let end = text[colon..].find([',', '}']).map_or(text.len(), |length| colon + length);
            match kind {
                0..=2 => text.replace_range(colon + 1..end, &value),
                3 => text.insert_str(1, &format!("\"extra{colon}\":{value},")),
                4 => text.replace_range(colon..colon, "x"),
                _ => {
                    let start = text[..colon].rfind([',', '{']).map_or(0, |at| at + 1);
                    text.replace_range(start..(end + 1).min(text.len()), "");
                }
            }
        }
        text
    })
}
