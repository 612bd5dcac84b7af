//! A clock that is set back gives no time back: while the license server is out of reach, each pass moves the latest instant
//! that anybody saw on by the time that passed, whatever the clock says.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A clock that goes back by more than this, in seconds, is warned of.
const BACK: i64 = 60 * 60;
/// From one due time that a process overrules to the next.
const PAUSE: Duration = Duration::from_hours(1);

/// What this process saw of the time.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<Option<Seen>>,
    /// How long this process ran when it last overruled a due time.
    overruled: Mutex<Option<Duration>>,
}

#[derive(Clone, Debug)]
struct Seen {
    /// Of which license, out of reach since when.
    of: (String, Option<i64>),
    /// An instant, and how long this process ran then.
    at: (i64, Duration),
    /// Whether it is known that the clock is behind.
    is_back: bool,
}

/// What a look at the clock came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The latest instant, in seconds.
    pub seen_at: i64,
    /// Whether the clock is more than an hour behind that.
    pub is_back: bool,
    /// Whether that is news since the last look.
    pub went_back: bool,
}

impl Watch {
    /// Looks at the clock, for a license that is out of reach since `since` and whose latest instant is stored as `stored`.
    ///
    /// What is added is this process's own time since its own last look. So many replicas that look at one row do not add up.
    pub fn look(&self, subject: &str, since: Option<i64>, stored: i64, now: i64, uptime: Duration) -> Looked {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.take().filter(|seen| seen.of.0 == subject && seen.of.1 == since);
        let passed = |(at, then): (i64, Duration)| {
            let seconds = uptime.saturating_sub(then).as_secs();
            at.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX))
        };
        let counted = before.as_ref().map(|seen| passed(seen.at));
        let latest = now.max(stored).max(counted.unwrap_or(i64::MIN));
        let is_back = now < latest.saturating_sub(BACK);
        let was_back = before.as_ref().is_some_and(|seen| seen.is_back);
        // Counted on from one place as long as nothing is later, so that parts of seconds add up.
        let at = before.filter(|_| counted == Some(latest)).map_or((latest, uptime), |seen| seen.at);
        *seen = Some(Seen { of: (subject.to_owned(), since), at, is_back });
        Looked { seen_at: latest, is_back, went_back: is_back && !was_back }
    }

    /// Whether this process may take a due time for wrong: once an hour. Where its own clock is the wrong one, the others, for whom
    /// what it notes is long past, ask at once each time.
    pub fn may_overrule(&self, uptime: Duration) -> bool {
        let mut overruled = self.overruled.lock().unwrap_or_else(PoisonError::into_inner);
        let may = overruled.is_none_or(|then| uptime.saturating_sub(then) >= PAUSE);
        if may {
            *overruled = Some(uptime);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn up(seconds: i64) -> Duration {
        Duration::from_secs(seconds.unsigned_abs())
    }

    #[test]
    fn a_clock_that_is_set_back_gives_no_time_back() {
        let watch = Watch::default();
        let look = |stored, now, uptime| watch.look("a", Some(0), stored, now, up(uptime));
        assert_eq!(look(0, 100, 0).seen_at, 100);
        assert_eq!(look(100, 10 * DAY, 10 * DAY - 100), Looked { seen_at: 10 * DAY, is_back: false, went_back: false });
        // Back to the beginning; and from there on, day by day.
        assert_eq!(look(10 * DAY, 0, 10 * DAY), Looked { seen_at: 10 * DAY + 100, is_back: true, went_back: true });
        assert_eq!(look(10 * DAY, DAY, 11 * DAY), Looked { seen_at: 11 * DAY + 100, is_back: true, went_back: false });
        assert_eq!(look(10 * DAY, 20 * DAY, 30 * DAY).seen_at, 30 * DAY + 100);
    }

    #[test]
    fn many_replicas_do_not_make_time_pass_faster() {
        let (one, other) = (Watch::default(), Watch::default());
        let mut stored = 1000;
        for second in 0..1000 {
            let (watch, uptime) = if second % 2 == 0 { (&one, 50 + second) } else { (&other, 7 + second) };
            stored = watch.look("a", Some(0), stored, 1000 + second, up(uptime)).seen_at;
            assert_eq!(stored, 1000 + second);
        }
    }

    #[test]
    fn parts_of_seconds_add_up() {
        let watch = Watch::default();
        let mut stored = 0;
        for tenth in 0..=1000_u64 {
            stored = watch.look("a", Some(0), stored, -10 * DAY, Duration::from_millis(tenth * 100)).seen_at;
        }
        assert_eq!(stored, 100);
    }

    #[test]
    fn a_new_failure_and_another_license_begin_anew() {
        let watch = Watch::default();
        assert_eq!(watch.look("a", Some(0), 50 * DAY, 50 * DAY, up(0)).seen_at, 50 * DAY);
        assert_eq!(watch.look("a", Some(9), 10, 10, up(100)).seen_at, 10);
        assert_eq!(watch.look("b", Some(9), 5, 5, up(200)).seen_at, 5);
    }
}
