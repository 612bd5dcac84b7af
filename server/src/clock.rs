//! The one clock. Everything else takes `now` as a number.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01 UTC.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub fn now() -> i64 {
    // A clock before 1970 is wrong anyway; at 0 every license with `nbf` or `iat` says so.
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// What tells the time: the system, or a test.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that stands still until somebody moves it, in seconds.
    Fixed(Arc<AtomicI64>),
    /// The same, and beside it the time that really passed, for tests in which somebody sets the clock.
    Apart {
        /// What the clock says, in seconds.
        now: Arc<AtomicI64>,
        /// The seconds that passed since the start.
        uptime: Arc<AtomicI64>,
    },
}

impl Clock {
    /// Seconds since 1970-01-01 UTC.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => now(),
            Self::Fixed(now) | Self::Apart { now, .. } => now.load(Ordering::Relaxed),
        }
    }

    /// The time that passed since some instant, whatever anybody does to the clock.
    pub fn uptime(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        match self {
            Self::System => START.get_or_init(Instant::now).elapsed(),
            Self::Fixed(passed) | Self::Apart { uptime: passed, .. } => {
                Duration::from_secs(u64::try_from(passed.load(Ordering::Relaxed)).unwrap_or_default())
            }
        }
    }
}
