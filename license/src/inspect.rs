//! The inspection: every check, in one order, with one answer for every surface.

use std::fmt;

use crate::bundle::{Bundle, Reading, content, read};
use crate::claims::Claims;
use crate::date::{Ago, Remaining};
use crate::inspection::{Check, CheckId, Inspection, KeyFacts, Outcome, REJECTING, Trust, Verdict};
use crate::json::Json;
use crate::key::VerifyingKey;
use crate::license::{License, Proof, Rs256, rs256};
use crate::policy::{Policy, Profile, TrustRule};
use crate::repair::repair;
use crate::shown;
use crate::token::UnverifiedToken;

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
