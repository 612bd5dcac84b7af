//! What an inspection says: its verdict, what vouches for the key, the rows of the ladder.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::bundle::Bundle;
use crate::claims::Claims;
use crate::json::Json;
use crate::key::Fingerprint;
use crate::license::License;
use crate::policy::Policy;

/// What a bundle is worth, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Undamaged, of the right form, and in force. Who issued it is said by [`Trust`].
    Valid,
    /// Genuine, but `exp` has been reached.
    Expired,
    /// Genuine, but `nbf` lies ahead.
    NotYetValid,
    /// The signature does not fit the key: one of the two was changed.
    BadSignature,
    /// Key, algorithm, trust or claims break a rule.
    Rejected,
    /// Not a bundle.
    Malformed,
    /// A bare token, decoded and not verified.
    Unverified,
}

impl Verdict {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::BadSignature => "bad-signature",
            Self::Rejected => "rejected",
            Self::Malformed => "malformed",
            Self::Unverified => "unverified",
        }
    }
}

/// What vouches for the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Its fingerprint is on the trusted list.
    Pinned,
    /// It is the key of the license already installed.
    Known,
    /// Only the bundle itself: anybody can make a key pair and sign anything.
    Bundled,
}

impl Trust {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Known => "known",
            Self::Bundled => "bundled",
        }
    }

    pub(crate) fn of(key: Fingerprint, policy: &Policy) -> Self {
        if policy.trusted.contains(&key) {
            Self::Pinned
        } else if policy.installed == Some(key) {
            Self::Known
        } else {
            Self::Bundled
        }
    }
}

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckId {
    /// A bundle with one token and one key, each of the right form.
    Format,
    /// An RSA public key, neither too small nor too large.
    Key,
    /// RS256, and no header that changes what that means.
    Algorithm,
    /// The signature fits the key.
    Signature,
    /// What vouches for the key.
    Trust,
    /// `iss`
    Issuer,
    /// `aud`
    Audience,
    /// The other claims are there and of the right type.
    Claims,
    /// `nbf`
    NotBefore,
    /// `exp`
    Expiry,
}

impl CheckId {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Key => "key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Trust => "trust",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Claims => "claims",
            Self::NotBefore => "not-before",
            Self::Expiry => "expiry",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Format => "Format",
            Self::Key => "Key",
            Self::Algorithm => "Algorithm",
            Self::Signature => "Signature",
            Self::Trust => "Trust",
            Self::Issuer => "Issuer",
            Self::Audience => "Audience",
            Self::Claims => "Claims",
            Self::NotBefore => "Not before",
            Self::Expiry => "Expiry",
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not wrong, but somebody should look.
    Warn,
    /// Wrong.
    Fail,
    /// Not judged: its input is missing, or the check does not apply.
    Skip,
}

impl Outcome {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// One row of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub id: CheckId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, as a stable code.
    pub code: &'static str,
    /// Why, as one sentence with place and remedy. It may quote the bundle, never its token, signature or key.
    pub detail: String,
}

/// What can be said of the key, accepted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// The size of the modulus, in bits.
    pub bits: usize,
    /// The public exponent; `u64::MAX` stands for anything larger.
    pub exponent: u64,
    /// SHA-256 of the DER `SubjectPublicKeyInfo`.
    pub sha256: Fingerprint,
}

/// Everything that was found out about a text.
///
/// Serializes to the JSON of the command line and the API: `{"verdict","trust","checks","claims","unverifiedClaims","key",
/// "expiresInSeconds"}`, every member always there, `null` where there is nothing to say.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What it is worth.
    pub verdict: Verdict,
    /// What vouches for the key, where there is an acceptable one.
    pub trust: Option<Trust>,
    /// The ladder, all ten rows, in order.
    pub checks: Vec<Check>,
    /// The verified license, if the verdict is valid, expired or not-yet-valid.
    pub license: Option<License>,
    /// The header as it was read. Not verified.
    pub unverified_header: Option<Json>,
    /// The claims, under a good signature.
    pub claims: Option<Json>,
    /// The claims, where no good signature vouches for them.
    pub unverified_claims: Option<Json>,
    /// [`Inspection::unverified_claims`] as a license would have them, if they are complete.
    pub unverified: Option<Claims>,
    /// The key.
    pub key: Option<KeyFacts>,
    /// Seconds until `exp`, negative after it; only under a good signature.
    pub expires_in_seconds: Option<i64>,
    /// The two texts to keep, where there is a license.
    pub bundle: Option<Bundle>,
    /// The bundle that a damaged text certainly holds. The verdict is about the text as it was pasted.
    pub repaired: Option<Bundle>,
}

impl Inspection {
    /// The row of that name.
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The row that decides the verdict, if one stands in the way of `valid`.
    pub fn reason(&self) -> Option<&Check> {
        let deciding = match self.verdict {
            Verdict::Valid => return None,
            Verdict::Malformed | Verdict::Unverified => &[CheckId::Format][..],
            Verdict::BadSignature => &[CheckId::Signature],
            Verdict::NotYetValid => &[CheckId::NotBefore],
            Verdict::Expired => &[CheckId::Expiry],
            Verdict::Rejected => REJECTING,
        };
        // A bare token is the one case that a warning decides; a warning beside a failure decides nothing.
        let decides = if self.verdict == Verdict::Unverified { Outcome::Warn } else { Outcome::Fail };
        self.checks.iter().find(|check| deciding.contains(&check.id) && check.outcome == decides)
    }
}

/// The rows whose failure means `rejected`.
pub(crate) const REJECTING: &[CheckId] =
    &[CheckId::Key, CheckId::Algorithm, CheckId::Trust, CheckId::Issuer, CheckId::Audience, CheckId::Claims];

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Check", 4)?;
        row.serialize_field("id", self.id.name())?;
        row.serialize_field("outcome", self.outcome.name())?;
        row.serialize_field("code", self.code)?;
        row.serialize_field("detail", &self.detail)?;
        row.end()
    }
}

impl Serialize for KeyFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut key = serializer.serialize_struct("KeyFacts", 3)?;
        key.serialize_field("bits", &self.bits)?;
        key.serialize_field("exponent", &self.exponent)?;
        key.serialize_field("sha256", &self.sha256.to_string())?;
        key.end()
    }
}

impl Serialize for Inspection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut inspection = serializer.serialize_struct("Inspection", 7)?;
        inspection.serialize_field("verdict", self.verdict.name())?;
        inspection.serialize_field("trust", &self.trust.map(Trust::name))?;
        inspection.serialize_field("checks", &self.checks)?;
        inspection.serialize_field("claims", &self.claims)?;
        inspection.serialize_field("unverifiedClaims", &self.unverified_claims)?;
        inspection.serialize_field("key", &self.key)?;
        inspection.serialize_field("expiresInSeconds", &self.expires_in_seconds)?;
        inspection.end()
    }
}
