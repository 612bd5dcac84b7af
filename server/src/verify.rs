//! The server's signature check, on `jsonwebtoken` with aws-lc-rs: eight to nine times as fast as the pure-Rust one.
//!
//! Only the RSA operation is the library's. Which keys, headers and claims are acceptable is the core's business, so that
//! browser, command line and server never disagree.

use std::sync::{Once, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_license::VerifyingKey;
use jsonwebtoken::crypto::{self, aws_lc};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Picks the cryptography behind `jsonwebtoken`. Another dependency could switch a second one on, and then the first use
/// would panic without this.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only where one is already installed, and there is no other than this.
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    });
}

/// [`countersign_license::Rs256`] on aws-lc-rs.
pub fn rs256(key: &VerifyingKey, signing_input: &[u8], signature: &[u8]) -> bool {
    install();
    let exponent = key.exponent().to_be_bytes();
    let leading = exponent.iter().take_while(|byte| **byte == 0).count();
    let exponent = exponent.get(leading..).unwrap_or_default();
    let decoding = DecodingKey::from_rsa_raw_components(key.modulus(), exponent);
    let signature = URL_SAFE_NO_PAD.encode(signature);
    crypto::verify(&signature, signing_input, &decoding, Algorithm::RS256).unwrap_or(false)
}

/// [`rs256`], where the signature that was right last time is remembered: byte for byte, key, signing input and signature. The
/// license in use is the same from one request to the next. What a right signature is worth now, `exp` and trust, is judged each time.
pub fn rs256_in_use(key: &VerifyingKey, signing_input: &[u8], signature: &[u8]) -> bool {
    struct Right {
        modulus: Vec<u8>,
        exponent: u64,
        signing_input: Vec<u8>,
        signature: Vec<u8>,
    }
    static RIGHT: RwLock<Option<Right>> = RwLock::new(None);
    let is_same = |right: &Right| {
        right.signature == signature
            && right.signing_input == signing_input
            && right.modulus == key.modulus()
            && right.exponent == key.exponent()
    };
    // A lock that a panic has poisoned remembers nothing.
    if RIGHT.read().is_ok_and(|right| right.as_ref().is_some_and(is_same)) {
        return true;
    }
    let is_right = rs256(key, signing_input, signature);
    if is_right && let Ok(mut right) = RIGHT.write() {
        *right = Some(Right {
            modulus: key.modulus().to_vec(),
            exponent: key.exponent(),
            signing_input: signing_input.to_vec(),
            signature: signature.to_vec(),
        });
    }
    is_right
}
