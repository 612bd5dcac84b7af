//! Counts, for whoever watches the platform.

use super::{Store, Transaction, Unavailable};

/// How many there are right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Accounts.
    pub users: i64,
    /// Sessions that have not ended.
    pub sessions: i64,
    /// Licenses that were replaced by another one, reversions included.
    pub rotations: i64,
}

impl Store {
    /// Counts, as [`Store::session`] sees them.
    pub async fn figures(&self, now: i64, idle_since: i64) -> Result<Figures, Unavailable> {
        let (users, sessions, rotations) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM sessions WHERE expires_at > $1 AND seen_at > $2), \
             (SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM totals WHERE name = 'rotations')",
        )
        .bind(now)
        .bind(idle_since)
        .fetch_one(&self.read)
        .await?;
        Ok(Figures { users, sessions, rotations })
    }
}

/// Counts a rotation, within its transaction.
pub(super) async fn count_rotation(tx: &mut Transaction) -> Result<(), Unavailable> {
    sqlx::query("INSERT INTO totals (name, value) VALUES ('rotations', 1) ON CONFLICT (name) DO UPDATE SET value = totals.value + 1")
        .execute(&mut *tx)
        .await?;
    Ok(())
}
