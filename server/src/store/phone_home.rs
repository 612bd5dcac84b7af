//! `phone_home`: what is known from the license server, a row for each license that was ever in use.
//!
//! Many replicas may run; whoever moves `next_at` on is the one that asks.

use countersign_license::PhoneHome;

use super::{Store, Unavailable};

/// The row of one license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// What the state follows from.
    pub known: PhoneHome,
    /// When the license server is to be asked next, in seconds.
    pub next_at: i64,
    /// How often in a row it was not to be had.
    pub failures: i64,
    /// Why it was not to be had last, as a stable code; empty while all is well.
    pub last_error: String,
}

/// A row as it is read.
type Row = (i64, i64, String, Option<i64>, Option<i64>, Option<i64>, i64);

impl Store {
    /// The row of a license; `None` if it was never due.
    pub async fn contact(&self, subject: &str) -> Result<Option<Contact>, Unavailable> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT next_at, failures, last_error, last_success_at, first_failure_at, revoked_at, seen_at \
             FROM phone_home WHERE subject = $1",
        )
        .bind(subject)
        .fetch_optional(&self.read)
        .await?;
        let contact =
            |(next_at, failures, last_error, last_success_at, first_failure_at, revoked_at, seen_at)| Contact {
                known: PhoneHome { last_success_at, first_failure_at, revoked_at, seen_at },
                next_at,
                failures,
                last_error,
            };
        Ok(row.map(contact))
    }
}
