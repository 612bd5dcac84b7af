//! Foreign text in lines of ours.

use countersign_license::shown;

/// A text as one line, in which nothing hides or reorders it, however long it is. Backticks stay: in our sentences they mark
/// code.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c == '`' { c.into() } else { shown(c.encode_utf8(&mut [0; 4])) }).collect()
}

/// The same of somebody else's words, in a sentence of ours: at most so many characters as it is written, with `…` where there is
/// more. What has to be spelled out is several times as long, and so is a backtick, which is no mark of ours there.
pub(crate) fn bounded_line(text: &str, most: usize) -> String {
    let (mut out, mut left) = (String::new(), most);
    for c in text.chars() {
        let written = shown(c.encode_utf8(&mut [0; 4]));
        let Some(rest) = left.checked_sub(written.chars().count()) else {
            out.push('…');
            break;
        };
        left = rest;
        out.push_str(&written);
    }
    out
}
