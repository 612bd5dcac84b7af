//! Programs that show a token of the configuration instead of a session.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::header::{AUTHORIZATION, HeaderMap};

use crate::ids;

/// Whether the request shows this very token as `Authorization: Bearer …`; `None` where it shows none at all. Nobody has a
/// token that is not configured.
pub(super) fn shows(headers: &HeaderMap, token: Option<&str>) -> Option<bool> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (shown, others) = (all.next()?, all.next());
    let shown = shown.to_str().ok().and_then(|value| value.split_once(' '));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let fits = |shown: &str, token: &str| {
        // Hashes have one length: how long the token is, takes no time either.
        verify_slices_are_equal(ids::hash(shown).as_bytes(), ids::hash(token).as_bytes()).is_ok()
    };
    Some(others.is_none() && shown.zip(token).is_some_and(|(shown, token)| fits(shown, token)))
}
