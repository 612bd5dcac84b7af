//! Foreign text in lines of ours.

use countersign_license::shown;

/// A text as one line, in which nothing hides or reorders it, however long it is. Backticks stay: in our sentences they mark
/// code.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c == '`' { c.into() } else { shown(c.encode_utf8(&mut [0; 4])) }).collect()
}
