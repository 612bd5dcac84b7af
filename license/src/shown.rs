//! Hostile text inside our sentences.

use std::fmt::Write as _;

/// How many characters of a foreign text stand in a sentence of ours.
const LIMIT: usize = 60;

/// A piece of somebody else's text, made fit for a sentence: one line, bounded, and with every character that could hide,
/// reorder or break the line written as its code point (`\u{202e}`), and so the backtick, by which our sentences mark code.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LIMIT * 4));
    for (count, c) in text.chars().enumerate() {
        if count == LIMIT {
            out.push('…');
            break;
        }
        if is_plain(c) && c != '`' {
            out.push(c);
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    out
}

/// A text as a JSON string in which every character that could hide or reorder the line is escaped.
pub(crate) fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if is_plain(c) => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Whether a character is shown as it is. Controls, bidirectional and other invisible format characters are not, nor are
/// combining marks, which stack without bound.
fn is_plain(c: char) -> bool {
    !(c.is_control()
        || matches!(u32::from(c),
            0x00ad
            | 0x0300..=0x036f
            | 0x061c
            | 0x115f..=0x1160
            | 0x180b..=0x180f
            | 0x1ab0..=0x1aff
            | 0x1dc0..=0x1dff
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0x20d0..=0x20ff
            | 0xfe00..=0xfe0f
            | 0xfe20..=0xfe2f
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xe0000..=0xe0fff))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(shown("Acme Corp. Ünïcode 株式会社"), "Acme Corp. Ünïcode 株式会社");
    }

    #[test]
    fn characters_that_hide_or_reorder_are_spelled_out() {
        assert_eq!(shown("a\u{202e}b\nc\u{0}d\u{1b}[31m"), "a\\u{202e}b\\u{a}c\\u{0}d\\u{1b}[31m");
    }

    #[test]
    fn a_backtick_cannot_end_what_is_marked_as_code() {
        assert_eq!(shown("scrydon`-license"), "scrydon\\u{60}-license");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown(&"x".repeat(10_000)).chars().count(), 61);
    }
}
