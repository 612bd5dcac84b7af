//! Counts, for whoever watches the platform.

use super::{Store, Unavailable};

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
    /// Counts, as [`Store::session`] and the audit log see them.
    pub async fn figures(&self, now: i64, idle_since: i64) -> Result<Figures, Unavailable> {
        let (users, sessions, rotations) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM sessions WHERE expires_at > $1 AND seen_at > $2), \
             (SELECT COUNT(*) FROM audit WHERE action IN ('license.rotated', 'license.reverted'))",
        )
        .bind(now)
        .bind(idle_since)
        .fetch_one(&self.read)
        .await?;
        Ok(Figures { users, sessions, rotations })
    }
}
