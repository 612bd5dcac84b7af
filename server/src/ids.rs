//! Ids and secrets: random text, and hashes of it.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The system has no random numbers: nothing that rests on a secret may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

/// A secret of 256 bits, as 43 characters of base64url.
pub fn secret() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// An id that says nothing: 128 bits, as 22 characters of base64url.
pub fn id() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random::<16>()?))
}

/// `N` random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// An id that sorts behind those of earlier seconds, and behind those that this process made before.
pub fn ordered(now: i64) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // The random part only tells processes apart.
    let process = random::<6>().map(|bytes| hex(&bytes)).unwrap_or_default();
    format!("{now:011x}{count:010x}{process}")
}

/// SHA-256 of a text, in hex: how secrets with enough entropy are stored.
pub fn hash(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
