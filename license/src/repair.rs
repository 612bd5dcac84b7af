//! Putting a damaged paste together again, where exactly one way is certain.
//!
//! Certain means proven: a repair is offered only if the signature of the repaired bundle is right. So this file may guess
//! freely, and what it guesses wrong is never seen.

use crate::bundle::{Bundle, MAX_CONTENT, base64_text, is_smart_quote};
use crate::json::Json;
use crate::key::{VerifyingKey, contains_private_key};
use crate::license::{Proof, Rs256};
use crate::token::UnverifiedToken;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The one bundle that a damaged text certainly holds, if there is one.
pub(crate) fn repair(text: &str, verify: Rs256) -> Option<Bundle> {
    if contains_private_key(text) {
        return None;
    }
    let mut plain = plain_text(text);
    if let Some(inner) = base64_text(&plain).filter(|inner| inner.contains(BEGIN)) {
        plain = plain_text(&inner);
    }
    let packed: String = plain.split_whitespace().collect();
    let [key] = distinct(blocks(&plain)).try_into().ok()?;
    let mut candidates = tokens(&plain);
    candidates.extend(tokens(&packed));
    let candidates = distinct(candidates);
    // A text could be crafted to hold hundreds of candidates, each of which costs a verification.
    if candidates.len() > 4 {
        return None;
    }
    let verifying = VerifyingKey::parse(&key).ok()?;
    let proven = |token: &&String| {
        let token = UnverifiedToken::decode(token);
        let signature = token.signature.as_deref().unwrap_or_default();
        token.error.is_none()
            && token.algorithm() == Some(Ok(()))
            && Proof::verify(verify, &verifying, token.signing_input.as_bytes(), signature).is_some()
    };
    let mut proven = candidates.iter().filter(proven);
    let (jwt, None) = ((*proven.next()?).clone(), proven.next()) else {
        return None;
    };
    // Written out neatly, a text of just 64 KiB may no longer fit.
    Some(Bundle { jwt, public_key: wrapped(&key) }).filter(|bundle| bundle.to_json().len() <= MAX_CONTENT)
}

/// The text without what mail programs, chats and encoders put around and into it.
fn plain_text(text: &str) -> String {
    let text = match Json::parse(text) {
        Ok(Json::String(inner)) => inner,
        _ => text.to_owned(),
    };
    let unquoted: Vec<&str> = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t'])).collect();
    unquoted
        .join("\n")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("\\\"", "\"")
        .replace("\\\\n", "\n")
        .replace("\\r", "\n")
        .replace("\\n", "\n")
        .replace(is_smart_quote, "\"")
        .replace(['\u{a0}', '\u{200b}', '\u{feff}'], " ")
}

/// The key blocks in a text, each without white space inside.
fn blocks(text: &str) -> Vec<String> {
    let bodies = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    bodies
        .map(|(body, _)| body.split_whitespace().collect::<String>())
        .map(|body| format!("{BEGIN}{body}{END}"))
        .collect()
}

/// The compact tokens in a text: runs of base64url with two dots that begin as a JSON object does (`{"` is `eyJ`).
fn tokens(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    runs.filter(|run| run.starts_with("eyJ") && run.matches('.').count() == 2).map(str::to_owned).collect()
}

fn distinct(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// A key block with its body in lines of 64 characters, as RFC 7468 writes it.
fn wrapped(block: &str) -> String {
    let body: Vec<char> =
        block.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).unwrap_or_default().chars().collect();
    let lines: Vec<String> = body.chunks(64).map(|line| line.iter().collect()).collect();
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}
