//! The one clock. Everything else takes `now` as a number.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

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
}

impl Clock {
    /// Seconds since 1970-01-01 UTC.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => now(),
            Self::Fixed(seconds) => seconds.load(Ordering::Relaxed),
        }
    }
}
