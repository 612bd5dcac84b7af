//! The inspection: every check, in one order, with one answer for every surface.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::bundle::{Bundle, Reading, content, read};
use crate::claims::Claims;
use crate::date::{Ago, Remaining};
use crate::json::Json;
use crate::key::{Fingerprint, VerifyingKey};
use crate::license::{License, Proof, Rs256, rs256};
use crate::policy::{Policy, Profile, TrustRule};
use crate::repair::repair;
use crate::shown;
use crate::token::UnverifiedToken;

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

    fn of(key: Fingerprint, policy: &Policy) -> Self {
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
const REJECTING: &[CheckId] =
    &[CheckId::Key, CheckId::Algorithm, CheckId::Trust, CheckId::Issuer, CheckId::Audience, CheckId::Claims];

/// Inspects a text: the whole ladder of checks at `now` (seconds since 1970-01-01 UTC). Never fails.
pub fn inspect(text: impl AsRef<[u8]>, policy: &Policy, now: i64) -> Inspection {
    inspect_with(text, policy, now, rs256)
}

/// [`inspect`] with another library underneath. Everything but the RSA operation itself stays the same.
pub fn inspect_with(text: impl AsRef<[u8]>, policy: &Policy, now: i64, verify: Rs256) -> Inspection {
    let (text, reading) = match content(text.as_ref()) {
        Ok(text) => (text, read(text)),
        Err(error) => ("", Reading { error: Some(error), ..Reading::default() }),
    };
    let token = reading.jwt.as_deref().map(UnverifiedToken::decode).unwrap_or_default();
    let mut inspection = Ladder { policy, now, verify, reading: &reading, token }.climb();
    let damaged = inspection.verdict == Verdict::Malformed
        || inspection.check(CheckId::Key).is_some_and(|check| check.outcome == Outcome::Fail);
    if damaged && !text.is_empty() {
        inspection.repaired = repair(text, verify);
    }
    inspection
}

/// The circumstances and the input of one inspection.
struct Ladder<'a> {
    policy: &'a Policy,
    now: i64,
    verify: Rs256,
    reading: &'a Reading,
    token: UnverifiedToken,
}

impl Ladder<'_> {
    fn climb(self) -> Inspection {
        let (examined, refusal) = match &self.reading.public_key {
            Some(pem) => VerifyingKey::examine(pem),
            None => (None, None),
        };
        let facts = examined.as_ref().map(|key| KeyFacts {
            bits: key.bits(),
            exponent: key.exponent(),
            sha256: key.fingerprint(),
        });
        let format = self.format();
        let key_row = match (&examined, &refusal) {
            (_, Some(error)) => fail(CheckId::Key, error.code(), error),
            (Some(key), None) => {
                pass(CheckId::Key, "rsa-public-key", &format_args!("RSA public key, {} bits", key.bits()))
            }
            (None, None) => skip(CheckId::Key, "There is no key to look at"),
        };
        let key = examined.filter(|_| refusal.is_none());
        let algorithm = self.algorithm();
        let (signature, proof) = self.signature(key.as_ref(), &algorithm);
        let trust = key.as_ref().map(|key| Trust::of(key.fingerprint(), self.policy));
        let trust_row = self.trust(trust);
        let verified = proof.is_some();
        let parsed = self.token.claims.as_ref().map(|claims| Claims::parse(claims, &self.policy.profile));
        let claims_row = match &parsed {
            None => skip(CheckId::Claims, "There are no claims to look at"),
            Some(Ok(_)) => said(
                verified,
                pass(
                    CheckId::Claims,
                    "claims-complete",
                    &"Complete: customer, license, organization, tier and entitlements",
                ),
            ),
            Some(Err(errors)) => {
                let all: Vec<String> = errors.iter().take(5).map(ToString::to_string).collect();
                let detail = format!("The license cannot be used: {}. Ask the vendor for a new bundle", all.join("; "));
                fail(CheckId::Claims, errors.first().map_or("claim-missing", |error| error.code()), &detail)
            }
        };
        let checks = vec![
            format,
            key_row,
            algorithm,
            signature,
            trust_row,
            said(verified, self.issuer()),
            said(verified, self.audience()),
            claims_row,
            said(verified, self.not_before()),
            said(verified, self.expiry()),
        ];
        let verdict = verdict(self.reading.bare, &checks);
        let genuine = matches!(verdict, Verdict::Valid | Verdict::Expired | Verdict::NotYetValid);
        let expiry = self.token.claims.as_ref().and_then(Claims::expiry);
        let (license, unverified) = match (parsed, proof) {
            (Some(Ok(claims)), Some(proof)) if genuine => (Some(License::new(claims, proof)), None),
            (Some(Ok(claims)), None) => (None, Some(claims)),
            _ => (None, None),
        };
        let bundle = license.as_ref().and_then(|_| self.bundle());
        let (claims, unverified_claims) = match self.token.claims {
            claims if verified => (claims, None),
            claims => (None, claims),
        };
        Inspection {
            verdict,
            trust,
            checks,
            bundle,
            license,
            unverified_header: self.token.header,
            claims,
            unverified_claims,
            unverified,
            key: facts,
            expires_in_seconds: expiry.filter(|_| verified).map(|expiry| expiry.seconds().saturating_sub(self.now)),
            repaired: None,
        }
    }

    fn bundle(&self) -> Option<Bundle> {
        Some(Bundle { jwt: self.reading.jwt.clone()?, public_key: self.reading.public_key.clone()? })
    }

    fn format(&self) -> Check {
        let id = CheckId::Format;
        match (&self.reading.error, &self.token.error) {
            (Some(error), _) => fail(id, error.code(), error),
            (None, Some(error)) => fail(id, error.code(), error),
            (None, None) if self.reading.bare => warn(
                id,
                "bare-jwt",
                &"A bare JWT without its public key: it is decoded, and nothing about it is verified; paste the whole bundle, or add the key",
            ),
            (None, None) => pass(id, "bundle", &"A bundle with one JWT and one public key"),
        }
    }

    fn algorithm(&self) -> Check {
        let id = CheckId::Algorithm;
        match (self.token.algorithm(), self.token.proposes_key()) {
            (None, _) => skip(id, "There is no header to look at"),
            (Some(Err(error)), _) => fail(id, error.code(), &error),
            (Some(Ok(())), Some(member)) => warn(
                id,
                "header-key-ignored",
                &format_args!("RS256. The header also proposes a key of its own (`{member}`), which is never used"),
            ),
            (Some(Ok(())), None) => pass(id, "rs256", &"RS256"),
        }
    }

    fn signature(&self, key: Option<&VerifyingKey>, algorithm: &Check) -> (Check, Option<Proof>) {
        let id = CheckId::Signature;
        if self.reading.bare {
            return (skip(id, "Not checked: that needs the public key"), None);
        }
        if algorithm.outcome == Outcome::Fail {
            return (skip(id, "Not checked: the algorithm is not accepted"), None);
        }
        let Some(key) = key else {
            return (skip(id, "Not checked: there is no acceptable key"), None);
        };
        let (Some(signature), Outcome::Pass | Outcome::Warn) = (&self.token.signature, algorithm.outcome) else {
            return (skip(id, "Not checked: the token is incomplete"), None);
        };
        let expected = key.bits().div_ceil(8);
        match Proof::verify(self.verify, key, self.token.signing_input.as_bytes(), signature) {
            Some(proof) => {
                (pass(id, "signature-fits", &"Fits the key: nothing was changed since signing"), Some(proof))
            }
            None if signature.len() < expected => {
                let detail = format!(
                    "The signature has {} bytes where this key makes {expected}: the end of the JWT was cut off, or it was signed with another key; copy the whole bundle again",
                    signature.len()
                );
                (fail(id, "signature-length", &detail), None)
            }
            None if signature.len() > expected => {
                let detail = format!(
                    "The signature has {} bytes where this key makes {expected}: it was signed with another key; ask the vendor for a fresh bundle",
                    signature.len()
                );
                (fail(id, "signature-length", &detail), None)
            }
            None => (
                fail(
                    id,
                    "signature-mismatch",
                    &"Does not fit the key: the bundle was edited, damaged in copying, or put together from two; ask for a fresh bundle and paste it whole",
                ),
                None,
            ),
        }
    }

    fn trust(&self, trust: Option<Trust>) -> Check {
        let id = CheckId::Trust;
        let vendor = self.policy.profile.vendor;
        match trust {
            None => skip(id, "Not judged: there is no acceptable key"),
            Some(Trust::Pinned) => {
                pass(id, "pinned", &format_args!("The key is on the list of keys that {vendor} publishes"))
            }
            Some(_) if self.policy.rule == TrustRule::Pinned => fail(
                id,
                "not-pinned",
                &"The key is not on the trusted list, and this system accepts no other: ask the vendor for a bundle signed with a published key, or add the fingerprint to the list",
            ),
            Some(Trust::Known) => pass(id, "known", &"The same key as the license in use"),
            Some(Trust::Bundled) => warn(
                id,
                "bundled",
                &"Only the bundle vouches for this key: compare its fingerprint with the one that the vendor publishes",
            ),
        }
    }

    fn issuer(&self) -> Check {
        let id = CheckId::Issuer;
        let expected = self.policy.profile.issuer;
        let Some(claims) = &self.token.claims else {
            return skip(id, "There are no claims to look at");
        };
        match claims.member("iss") {
            None => fail(
                id,
                "issuer-missing",
                &format_args!("`iss` is missing; it must be `{expected}`: ask the vendor for a new bundle"),
            ),
            Some(Json::String(found)) if found == expected => pass(id, "issuer-matches", &format_args!("`{expected}`")),
            Some(Json::String(found)) => fail(
                id,
                "issuer-other",
                &format_args!(
                    "Issued by `{}`, not by `{expected}`: this token is not a license for this product",
                    shown(found)
                ),
            ),
            Some(other) => fail(
                id,
                "issuer-not-string",
                &format_args!("`iss` is {} where a string is needed: ask the vendor for a new bundle", other.kind()),
            ),
        }
    }

    fn audience(&self) -> Check {
        let id = CheckId::Audience;
        let expected = self.policy.profile.audience;
        let Some(claims) = &self.token.claims else {
            return skip(id, "There are no claims to look at");
        };
        let other = |found: &str| {
            let detail = format!(
                "Made for `{}`, not for `{expected}`: this token is not a license for this product",
                shown(found)
            );
            fail(id, "audience-other", &detail)
        };
        match claims.member("aud") {
            None => fail(
                id,
                "audience-missing",
                &format_args!("`aud` is missing; it must be `{expected}`: ask the vendor for a new bundle"),
            ),
            Some(Json::String(found)) if found == expected => {
                pass(id, "audience-matches", &format_args!("`{expected}`"))
            }
            Some(Json::String(found)) => other(found),
            Some(Json::Array(all)) if all.iter().all(|one| one.as_str().is_some()) => {
                let names: Vec<&str> = all.iter().filter_map(Json::as_str).collect();
                if names.contains(&expected) {
                    pass(id, "audience-matches", &format_args!("`{expected}`, among others"))
                } else {
                    other(&names.join(", "))
                }
            }
            Some(_) => fail(
                id,
                "audience-not-string",
                &"`aud` is neither a string nor an array of strings: ask the vendor for a new bundle",
            ),
        }
    }

    fn not_before(&self) -> Check {
        let id = CheckId::NotBefore;
        let Some(claims) = &self.token.claims else {
            return skip(id, "There are no claims to look at");
        };
        match Claims::start(claims) {
            None if claims.member("nbf").is_some() => skip(id, "`nbf` cannot be read, see above"),
            None => Check { id, outcome: Outcome::Skip, code: "not-limited", detail: "Not limited".to_owned() },
            Some(start) if start.reached(self.now) => pass(id, "started", &format_args!("In force since {start}")),
            Some(start) => {
                let wait = Remaining(start.seconds().saturating_sub(self.now));
                fail(
                    id,
                    "not-yet-valid",
                    &format_args!("Begins on {start}, in {wait}: keep the current license until then"),
                )
            }
        }
    }

    fn expiry(&self) -> Check {
        let id = CheckId::Expiry;
        let Some(claims) = &self.token.claims else {
            return skip(id, "There are no claims to look at");
        };
        let Some(expiry) = Claims::expiry(claims) else {
            return skip(id, "`exp` cannot be read, see above");
        };
        let seconds = expiry.seconds().saturating_sub(self.now);
        if expiry.reached(self.now) {
            let ago = Ago(seconds);
            fail(id, "expired", &format_args!("{expiry}, {ago}. {}", renew(&self.policy.profile, claims)))
        } else {
            pass(id, "not-expired", &format_args!("{expiry}, in {}", Remaining(seconds)))
        }
    }
}

/// A row about a claim says so when no signature vouches for it.
fn said(verified: bool, mut check: Check) -> Check {
    if !verified && check.outcome != Outcome::Skip {
        check.detail.push_str(" (as the token says; not verified)");
    }
    check
}

/// Who to write to for a new license, and what to quote.
fn renew(profile: &Profile, claims: &Json) -> String {
    match claims.member("sub").and_then(Json::as_str).filter(|customer| !customer.is_empty()) {
        Some(customer) => format!("Write to {} for a renewal and quote {}", profile.contact, shown(customer)),
        None => format!("Write to {} for a renewal", profile.contact),
    }
}

/// The verdict over the rows, by precedence: malformed, rejected (key, algorithm), bad signature, rejected (trust, claims),
/// not yet valid, expired.
fn verdict(bare: bool, checks: &[Check]) -> Verdict {
    let failed = |id: CheckId| checks.iter().any(|check| check.id == id && check.outcome == Outcome::Fail);
    let passed = |id: CheckId| checks.iter().any(|check| check.id == id && check.outcome == Outcome::Pass);
    if failed(CheckId::Format) {
        Verdict::Malformed
    } else if bare {
        Verdict::Unverified
    } else if failed(CheckId::Key) || failed(CheckId::Algorithm) {
        Verdict::Rejected
    } else if !passed(CheckId::Signature) {
        Verdict::BadSignature
    } else if REJECTING.iter().any(|id| failed(*id)) {
        Verdict::Rejected
    } else if failed(CheckId::NotBefore) {
        Verdict::NotYetValid
    } else if failed(CheckId::Expiry) {
        Verdict::Expired
    } else if passed(CheckId::Expiry) && passed(CheckId::Claims) {
        Verdict::Valid
    } else {
        Verdict::Rejected
    }
}

fn row(id: CheckId, outcome: Outcome, code: &'static str, detail: &dyn fmt::Display) -> Check {
    Check { id, outcome, code, detail: detail.to_string() }
}

fn pass(id: CheckId, code: &'static str, detail: &dyn fmt::Display) -> Check {
    row(id, Outcome::Pass, code, detail)
}

fn warn(id: CheckId, code: &'static str, detail: &dyn fmt::Display) -> Check {
    row(id, Outcome::Warn, code, detail)
}

fn fail(id: CheckId, code: &'static str, detail: &dyn fmt::Display) -> Check {
    row(id, Outcome::Fail, code, detail)
}

fn skip(id: CheckId, detail: &str) -> Check {
    row(id, Outcome::Skip, "not-checked", &detail)
}

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
