//! What people must be told about the installed license, in bands: each is told once for each license.

use crate::state::{Standing, State};

const DAY: i64 = 24 * 60 * 60;

/// A band: something to be told, by banner and by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// No license is installed.
    Unlicensed,
    /// It has not begun.
    NotYetValid,
    /// It ends within 30 days.
    Days30,
    /// It ends within 14 days.
    Days14,
    /// It ends within 7 days.
    Days7,
    /// It ends within a day.
    Day1,
    /// It ended.
    Expired,
    /// The license server is out of reach.
    Degraded,
    /// The license server was out of reach for too long.
    Lapsed,
    /// The vendor took it back.
    Revoked,
    /// What is stored is not genuine any more.
    Tampered,
}

/// How loudly a notice is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something will end if nobody acts.
    Warning,
    /// It will end soon.
    Prominent,
    /// It ends at once, or has ended.
    Critical,
}

impl Level {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Prominent => "prominent",
            Self::Critical => "critical",
        }
    }
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 11] = [
        Self::Unlicensed,
        Self::NotYetValid,
        Self::Days30,
        Self::Days14,
        Self::Days7,
        Self::Day1,
        Self::Expired,
        Self::Degraded,
        Self::Lapsed,
        Self::Revoked,
        Self::Tampered,
    ];

    /// What there is to be told at `now`, the loudest first: one notice about the state, and one about the end that comes
    /// near while the license server is out of reach. None while all is well.
    pub fn of(standing: &Standing, now: i64) -> Vec<Self> {
        let near = standing.expires_in(now).and_then(Self::near);
        let mut notices: Vec<Self> = match standing.state {
            State::Active | State::Expiring => near.into_iter().collect(),
            State::Degraded => [Some(Self::Degraded), near].into_iter().flatten().collect(),
            State::Unlicensed => vec![Self::Unlicensed],
            State::NotYetValid => vec![Self::NotYetValid],
            State::Expired => vec![Self::Expired],
            State::Lapsed => vec![Self::Lapsed],
            State::Revoked => vec![Self::Revoked],
            State::Tampered => vec![Self::Tampered],
        };
        notices.sort_by_key(|notice| std::cmp::Reverse(notice.level()));
        notices
    }

    /// The band of so many seconds until `exp`.
    fn near(left: i64) -> Option<Self> {
        let bands = [(1, Self::Day1), (7, Self::Days7), (14, Self::Days14), (30, Self::Days30)];
        bands.into_iter().find(|(days, _)| left <= days * DAY).map(|(_, notice)| notice)
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unlicensed => "unlicensed",
            Self::NotYetValid => "not-yet-valid",
            Self::Days30 => "days-30",
            Self::Days14 => "days-14",
            Self::Days7 => "days-7",
            Self::Day1 => "day-1",
            Self::Expired => "expired",
            Self::Degraded => "degraded",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
            Self::Tampered => "tampered",
        }
    }

    /// The notice of that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }

    /// How loudly it is told.
    pub fn level(self) -> Level {
        match self {
            Self::Days30 | Self::NotYetValid => Level::Info,
            Self::Days14 | Self::Degraded => Level::Warning,
            Self::Days7 => Level::Prominent,
            Self::Unlicensed | Self::Day1 | Self::Expired | Self::Lapsed | Self::Revoked | Self::Tampered => {
                Level::Critical
            }
        }
    }

    /// Whether somebody who has seen it may put it away: nothing has ended yet, and nothing ends within a week.
    pub fn is_dismissible(self) -> bool {
        matches!(self, Self::Days30 | Self::Days14 | Self::NotYetValid)
    }
}
