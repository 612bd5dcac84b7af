//! Which features a license grants.

use crate::claims::{Claims, Feature, Tier};
use crate::state::{Standing, State};

/// Why a feature may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nothing is granted in this state.
    State(State),
    /// The license is in force and does not grant this feature.
    NotIncluded,
}

impl Denied {
    /// The stable code of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::State(State::Unlicensed) => "license-missing",
            Self::State(State::NotYetValid) => "license-not-yet-valid",
            Self::State(State::Expired) => "license-expired",
            Self::State(State::Lapsed) => "license-lapsed",
            Self::State(State::Revoked) => "license-revoked",
            // The states that grant are never a reason.
            Self::State(State::Tampered | State::Active | State::Expiring | State::Degraded) => "license-tampered",
            Self::NotIncluded => "feature-not-licensed",
        }
    }
}

impl Standing {
    /// Whether a feature may be used in this standing, under these claims of the installed license.
    ///
    /// # Errors
    /// Why not.
    pub fn permits(&self, claims: Option<&Claims>, feature: &str) -> Result<(), Denied> {
        match claims {
            _ if !self.state.grants() => Err(Denied::State(self.state)),
            Some(claims) if claims.includes(feature) => Ok(()),
            _ => Err(Denied::NotIncluded),
        }
    }
}

impl Tier {
    /// The features that come with the tier where a license says nothing about them.
    pub fn features(self) -> &'static [&'static str] {
        match self {
            Self::Starter => &[],
            Self::Professional => &["analytics"],
            Self::Enterprise => &["agentic", "analytics"],
        }
    }
}

impl Claims {
    /// Whether the license includes a feature: by its own word, else by its tier. What has no meaning here grants nothing.
    pub fn includes(&self, feature: &str) -> bool {
        match self.feature(feature) {
            Some(Feature::Flag(flag)) => *flag,
            Some(Feature::Limit(limit)) => *limit > 0,
            Some(Feature::Other(_)) => false,
            None => self.tier.features().contains(&feature),
        }
    }

    /// How many users there may be; `None` where the license sets no limit.
    pub fn max_users(&self) -> Option<u64> {
        match self.feature("maxUsers") {
            Some(Feature::Limit(limit)) => Some(*limit),
            _ => None,
        }
    }
}
