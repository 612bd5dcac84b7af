//! What an installed license is worth to a running platform, at an instant.

use crate::inspect::{Inspection, Verdict};

/// Seconds before `exp` from which on a license counts as expiring: 30 days.
pub const EXPIRING: i64 = 30 * 24 * 60 * 60;

/// The one word for what is licensed right now. Page, API and command line read the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// What is stored is no genuine license any more: somebody or something changed it.
    Tampered,
}

impl State {
    /// The state of what is installed, judged now; `None` where nothing is.
    pub fn of(installed: Option<&Inspection>) -> Self {
        let Some(inspection) = installed else { return Self::Unlicensed };
        match inspection.verdict {
            Verdict::Valid if inspection.expires_in_seconds.is_some_and(|left| left <= EXPIRING) => Self::Expiring,
            Verdict::Valid => Self::Active,
            Verdict::NotYetValid => Self::NotYetValid,
            Verdict::Expired => Self::Expired,
            Verdict::BadSignature | Verdict::Rejected | Verdict::Malformed | Verdict::Unverified => Self::Tampered,
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unlicensed => "unlicensed",
            Self::NotYetValid => "not-yet-valid",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Tampered => "tampered",
        }
    }

    /// Whether what the license grants may be used.
    pub fn grants(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}
