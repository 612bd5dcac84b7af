//! How many users there are and may come, for licenses that limit them.

use super::{Store, Transaction, Unavailable};

/// The places for users that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// Users with an account.
    pub users: u64,
    /// Open invitations.
    pub invited: u64,
}

impl Seats {
    /// All of them.
    pub fn taken(self) -> u64 {
        self.users.saturating_add(self.invited)
    }

    fn of((users, invited): (i64, i64)) -> Self {
        let [users, invited] = [users, invited].map(|count| u64::try_from(count).unwrap_or_default());
        Self { users, invited }
    }
}

/// Users, and the invitations that are open at `$1` but for one of the address `$2`.
const SEATS: &str = "SELECT (SELECT CAST(COUNT(*) AS BIGINT) FROM users), \
                     (SELECT CAST(COUNT(*) AS BIGINT) FROM invitations WHERE expires_at > $1 AND email <> $2)";

/// The places that are taken, within the transaction that takes one more. An invitation of `but` is not counted: it makes way
/// for the one that is made now.
pub(crate) async fn taken(tx: &mut Transaction, now: i64, but: &str) -> Result<Seats, Unavailable> {
    Ok(Seats::of(sqlx::query_as(SEATS).bind(now).bind(but).fetch_one(&mut *tx).await?))
}

impl Store {
    /// The places that are taken.
    pub async fn seats(&self, now: i64) -> Result<Seats, Unavailable> {
        Ok(Seats::of(sqlx::query_as(SEATS).bind(now).bind("").fetch_one(&self.read).await?))
    }
}
