//! What an installed license is worth to a running platform, at an instant: one state, computed here and nowhere else.

use crate::claims::NumericDate;
use crate::inspection::Inspection;
use crate::license::Status;

/// Seconds before `exp` from which on a license counts as expiring: 30 days.
pub const EXPIRING: i64 = 30 * 24 * 60 * 60;

/// The one word for what is licensed right now. Gate, pages, API, metrics, mails and command line read the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No license is installed.
    Unlicensed,
    /// Its `nbf` lies ahead.
    NotYetValid,
    /// In force.
    Active,
    /// In force, and about to end within [`EXPIRING`].
    Expiring,
    /// Its `exp` has been reached.
    Expired,
    /// In force, while the license server is out of reach. It locks at [`Standing::locks_at`].
    Degraded,
    /// The license server has been out of reach for longer than is tolerated.
    Lapsed,
    /// The license server said that the vendor took it back.
    Revoked,
    /// What is stored is no genuine license any more: somebody or something changed it.
    Tampered,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Unlicensed,
        Self::NotYetValid,
        Self::Active,
        Self::Expiring,
        Self::Expired,
        Self::Degraded,
        Self::Lapsed,
        Self::Revoked,
        Self::Tampered,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unlicensed => "unlicensed",
            Self::NotYetValid => "not-yet-valid",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Degraded => "degraded",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
            Self::Tampered => "tampered",
        }
    }

    /// Whether what the license grants may be used.
    pub fn grants(self) -> bool {
        matches!(self, Self::Active | Self::Expiring | Self::Degraded)
    }
}

/// How a running platform treats the license server (seed 003, *License Modes*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is asked for revocations; when it is out of reach, the license holds for so many seconds after the first failure.
    Online {
        /// Seconds.
        grace: i64,
    },
    /// It is never asked, so nothing follows from its silence.
    Offline,
}

/// What is known from the license server about one license. Instants are seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhoneHome {
    /// When it last gave an answer that counts, good or bad.
    pub last_success_at: Option<i64>,
    /// When it was first out of reach since then; `None` while all is well.
    pub first_failure_at: Option<i64>,
    /// When it said that the license is revoked, if it did and has not taken that back.
    pub revoked_at: Option<i64>,
    /// The latest instant that anybody saw meanwhile. A clock that is set back does not give time back.
    pub seen_at: i64,
}

/// What the installed license is worth at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The one word.
    pub state: State,
    /// When what it grants ends for want of the license server: while it is [`State::Degraded`] or [`State::Lapsed`].
    pub locks_at: Option<i64>,
    /// When it was revoked, while it is [`State::Revoked`].
    pub revoked_at: Option<i64>,
    /// `nbf` of a genuine license, in whole seconds.
    pub starts_at: Option<i64>,
    /// `exp` of a genuine license, in whole seconds.
    pub expires_at: Option<i64>,
}

impl Standing {
    /// Nothing is installed.
    pub const UNLICENSED: Self =
        Self { state: State::Unlicensed, locks_at: None, revoked_at: None, starts_at: None, expires_at: None };

    /// What is installed is worth, at `now`; `None` where nothing is. `known` is what the license server said of this very
    /// license.
    ///
    /// Once `nbf` has come, no later instant grants more, as long as bundle, mode and facts stay: `exp`, a lapse and a
    /// revocation only ever end something.
    pub fn of(installed: Option<&Inspection>, mode: Mode, known: &PhoneHome, now: i64) -> Self {
        let Some(inspection) = installed else { return Self::UNLICENSED };
        let Some(license) = &inspection.license else { return Self { state: State::Tampered, ..Self::UNLICENSED } };
        let claims = license.claims();
        let standing = Self {
            starts_at: claims.not_before.map(NumericDate::seconds),
            expires_at: Some(claims.expires_at.seconds()),
            ..Self::UNLICENSED
        };
        // A revocation is a fact about the license: it holds in every mode, and outlasts `exp`.
        if known.revoked_at.is_some() {
            return Self { state: State::Revoked, revoked_at: known.revoked_at, ..standing };
        }
        match license.status(now) {
            Status::NotYetValid { .. } => return Self { state: State::NotYetValid, ..standing },
            Status::Expired => return Self { state: State::Expired, ..standing },
            Status::Valid => {}
        }
        if let (Mode::Online { grace }, Some(first)) = (mode, known.first_failure_at) {
            let locks_at = first.saturating_add(grace);
            let is_over = now.max(known.seen_at) >= locks_at;
            let state = if is_over { State::Lapsed } else { State::Degraded };
            return Self { state, locks_at: Some(locks_at), ..standing };
        }
        let left = claims.expires_at.seconds().saturating_sub(now);
        Self { state: if left <= EXPIRING { State::Expiring } else { State::Active }, ..standing }
    }

    /// Seconds until `exp`, negative after it; `None` without a genuine license.
    pub fn expires_in(&self, now: i64) -> Option<i64> {
        Some(self.expires_at?.saturating_sub(now))
    }
}
