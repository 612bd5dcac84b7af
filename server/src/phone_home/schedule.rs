//! When the license server is asked: pure functions of what happened and a random number. All results are seconds from now.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// How long whoever asks has it to itself: as long as asking takes, and noting what came of it. If it dies meanwhile, another sees
/// that with its next pass, so within a minute.
pub const TURN: i64 = 25;
/// Until a question whose answer was overtaken by another is asked once more.
pub const AGAIN: i64 = MINUTE;
/// The longest that anything here waits. A due time that lies further ahead was set by a clock that was wrong.
pub const LONGEST: i64 = 25 * HOUR;

/// Until a license is asked about for the first time: one to two minutes. So a server that was just started, in a place without
/// network, is not degraded before anybody has seen it work.
pub fn first(random: u64) -> i64 {
    MINUTE + below(random, MINUTE + 1)
}

/// Until the next question after an answer: a day, give or take an hour, so that platforms that began together do not stay so.
pub fn after_answer(random: u64) -> i64 {
    23 * HOUR + below(random, 2 * HOUR + 1)
}

/// Until the next try after so many failures in a row, this one included: 1, 2, 4, … minutes up to an hour, and up to a quarter
/// more. What the license server asked for counts where it is longer, up to 6 hours.
pub fn after_failure(failures: i64, retry_after: Option<i64>, random: u64) -> i64 {
    let doublings = u32::try_from(failures.saturating_sub(1).clamp(0, 6)).unwrap_or(6);
    let base = (MINUTE << doublings).min(HOUR);
    let wait = base + below(random, base / 4 + 1);
    wait.max(retry_after.unwrap_or_default().clamp(0, 6 * HOUR))
}

/// From 0 on, below the limit. That it is not quite even makes no difference here.
fn below(random: u64, limit: i64) -> i64 {
    let limit = u64::try_from(limit).unwrap_or(1).max(1);
    i64::try_from(random % limit).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nobody_is_ever_asked_in_a_storm_or_forgotten(failures: i64, retry: Option<i64>, random: u64) {
            for wait in [first(random), after_answer(random), after_failure(failures, retry, random)] {
                prop_assert!((TURN..=LONGEST).contains(&wait), "{wait}");
            }
            prop_assert!((60..=120).contains(&first(random)));
            prop_assert!((23 * HOUR..=25 * HOUR).contains(&after_answer(random)));
            let wait = after_failure(failures, None, random);
            prop_assert!(wait <= HOUR + HOUR / 4);
            prop_assert!(after_failure(failures, retry, random) >= wait);
            // The next failure never waits less than this one without its jitter.
            prop_assert!(after_failure(failures.saturating_add(1), None, 0) >= after_failure(failures, None, 0));
        }
    }

    #[test]
    fn failures_wait_twice_as_long_each_time_up_to_an_hour() {
        let waits: Vec<i64> = (1..=9).map(|failures| after_failure(failures, None, 0) / MINUTE).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(after_failure(1, Some(600), 0), 600);
        assert_eq!(after_failure(1, Some(10), 0), 60, "sooner than we would is not needed");
        assert_eq!(after_failure(1, Some(i64::MAX), 0), 6 * HOUR);
    }
}
