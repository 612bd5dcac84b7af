//! The verified license: a fact with one source.

use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::{BigUint, RsaPublicKey};
use sha2::{Digest as _, Sha256};

use crate::claims::{Claims, NumericDate};
use crate::key::{Fingerprint, VerifyingKey};

/// Verifies an RS256 signature (RFC 7518, section 3.3: RSASSA-PKCS1-v1_5 with SHA-256) over the signing input.
///
/// The key has passed this crate's own rules. Two functions of this type exist: [`rs256`] here, for browser and command line,
/// and the server's, on a faster library. Both must agree on every input.
pub type Rs256 = fn(key: &VerifyingKey, signing_input: &[u8], signature: &[u8]) -> bool;

/// [`Rs256`] in pure Rust, on the `rsa` crate.
pub fn rs256(key: &VerifyingKey, signing_input: &[u8], signature: &[u8]) -> bool {
    let (modulus, exponent) = (BigUint::from_bytes_be(key.modulus()), BigUint::from(key.exponent()));
    let Ok(public) = RsaPublicKey::new_with_max_size(modulus, exponent, VerifyingKey::MAX_BITS) else {
        return false;
    };
    public.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(signing_input), signature).is_ok()
}

/// Proof that a signature is right. Its one source is [`Proof::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    key: Fingerprint,
}

impl Proof {
    pub(crate) fn verify(verify: Rs256, key: &VerifyingKey, signing_input: &[u8], signature: &[u8]) -> Option<Self> {
        verify(key, signing_input, signature).then(|| Self { key: key.fingerprint() })
    }
}

/// A genuine license: its signature fits its key, its issuer, audience and claims are right, and the policy accepts the key.
///
/// It may be expired or not yet valid; ask [`License::status`]. There is no way to have one but an inspection that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct License {
    claims: Claims,
    proof: Proof,
}

/// What a license is worth at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `nbf` lies ahead.
    NotYetValid {
        /// When it begins.
        starts_at: NumericDate,
    },
    /// In force.
    Valid,
    /// `exp` has been reached.
    Expired,
}

impl License {
    pub(crate) fn new(claims: Claims, proof: Proof) -> Self {
        Self { claims, proof }
    }

    /// What the license says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The fingerprint of the key that signed it.
    pub fn key(&self) -> Fingerprint {
        self.proof.key
    }

    /// What the license is worth at `now` (seconds since 1970-01-01 UTC). No leeway: it is expired at `exp`.
    pub fn status(&self, now: i64) -> Status {
        match self.claims.not_before {
            Some(starts_at) if !starts_at.reached(now) => Status::NotYetValid { starts_at },
            _ if self.claims.expires_at.reached(now) => Status::Expired,
            _ => Status::Valid,
        }
    }
}
