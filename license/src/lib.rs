//! What a license bundle is and whether it is good.
//!
//! A license comes as a JSON bundle `{ "jwt", "publicKey" }`: a compact JWS signed with RS256, and the RSA key that it
//! verifies with. This crate reads such a bundle, checks it row by row and says what it is worth. It does no I/O, reads no
//! clock, makes no randomness and does not panic on any input: time is a parameter (`now`, seconds since 1970-01-01 UTC),
//! and so is everything that an operator may choose ([`Policy`]).
//!
//! * [`inspect`] never fails: it is the whole ladder of checks, the same on every surface.
//! * [`License`] is a checked fact. Its one constructor is the verification inside [`inspect`].
//! * [`Standing`] is what an installed license is worth at an instant: the one place where that is decided.
//! * [`compare`] says what a renewal changes, and what must be acknowledged before it may be applied.
//!
//! A good signature proves that a bundle is undamaged, not who made it: the key travels inside the bundle. [`Trust`] is the
//! second word that goes beside every [`Verdict`].

#![forbid(unsafe_code)]

mod bundle;
mod claims;
mod compare;
mod date;
mod gate;
mod inspect;
mod inspection;
mod json;
mod key;
mod license;
mod notice;
mod policy;
mod repair;
mod shown;
mod spki;
mod state;
mod token;

pub use bundle::{Bundle, FormatError, MAX_CONTENT};
pub use claims::{Claims, ClaimsError, Entitlements, Feature, NumericDate, Tier};
pub use compare::{Acknowledgement, Change, Comparison, Difference, Field, Loss, compare};
pub use date::{Ago, Remaining, Utc};
pub use gate::Denied;
pub use inspect::{inspect, inspect_with};
pub use inspection::{Check, CheckId, Inspection, KeyFacts, Outcome, Trust, Verdict};
pub use json::{Json, JsonError};
pub use key::{Fingerprint, FingerprintError, KeyError, VerifyingKey};
pub use license::{License, Rs256, Status, rs256};
pub use notice::{Level, Notice};
pub use policy::{Policy, Profile, TrustRule};
pub use shown::shown;
pub use state::{EXPIRING, Mode, PhoneHome, Standing, State};
pub use token::{AlgorithmError, SegmentName, TokenError};
