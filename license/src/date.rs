//! Instants and spans as people read them: UTC, days left.

use std::fmt;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// An instant, in seconds since 1970-01-01 UTC, that displays as `24 June 2027, 00:00 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(pub i64);

impl Utc {
    /// Year, month (1 to 12) and day (1 to 31) in the proleptic Gregorian calendar.
    ///
    /// Howard Hinnant's `civil_from_days`, which has no table and no loop.
    pub fn date(self) -> (i64, u8, u8) {
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        // Both are small by construction; the fallbacks are unreachable and only spare a panic.
        (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
    }

    /// The day alone: `24 June 2027`.
    pub fn day(self) -> String {
        let (year, month, day) = self.date();
        let name = MONTHS.get(usize::from(month) - 1).copied().unwrap_or_default();
        format!("{day} {name} {year}")
    }

    /// RFC 3339, as machines read it: `2027-06-24T00:00:00Z`.
    pub fn rfc3339(self) -> String {
        let (year, month, day) = self.date();
        let second = self.0.rem_euclid(DAY);
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / HOUR,
            second % HOUR / MINUTE,
            second % MINUTE
        )
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(DAY);
        write!(f, "{}, {:02}:{:02} UTC", self.day(), second / HOUR, second % HOUR / MINUTE)
    }
}

/// A span in seconds, rounded down to the largest unit that fits, in words: `214 days`, `1 day`, `3 hours`, `12 seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remaining(pub i64);

impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unsigned_abs();
        let (count, unit) = match seconds {
            86_400.. => (seconds / 86_400, "day"),
            3_600.. => (seconds / 3_600, "hour"),
            60.. => (seconds / 60, "minute"),
            _ => (seconds, "second"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// A span in seconds that lies behind: `3 days ago`, and `just now` before the first second is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ago(pub i64);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("just now") } else { write!(f, "{} ago", Remaining(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ago, Remaining, Utc};

    #[test]
    fn instants_read_as_utc_dates() {
        assert_eq!(Utc(0).to_string(), "1 January 1970, 00:00 UTC");
        assert_eq!(Utc(1_767_225_600).to_string(), "1 January 2026, 00:00 UTC");
        assert_eq!(Utc(951_782_399).to_string(), "28 February 2000, 23:59 UTC");
        assert_eq!(Utc(951_868_799).to_string(), "29 February 2000, 23:59 UTC");
        assert_eq!(Utc(-1).to_string(), "31 December 1969, 23:59 UTC");
        assert_eq!(Utc(1_767_225_600).rfc3339(), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        assert_eq!(Utc(i64::MAX).day(), "4 December 292277026596");
        assert_eq!(Utc(i64::MIN).day(), "27 January -292277022657");
        assert_eq!(Remaining(i64::MIN).to_string(), "106751991167300 days");
    }

    #[test]
    fn spans_name_their_largest_unit() {
        assert_eq!(Remaining(0).to_string(), "0 seconds");
        assert_eq!(Remaining(86_400).to_string(), "1 day");
        assert_eq!(Remaining(-172_800).to_string(), "2 days");
        assert_eq!(Remaining(7_199).to_string(), "1 hour");
    }

    #[test]
    fn nothing_ended_0_seconds_ago() {
        assert_eq!(Ago(0).to_string(), "just now");
        assert_eq!(Ago(-1).to_string(), "1 second ago");
        assert_eq!(Ago(172_800).to_string(), "2 days ago");
    }
}
