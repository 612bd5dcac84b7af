//! `known_state`: the state of the license that the audit log knows.

use super::{Entry, Store, Unavailable, audit};

impl Store {
    /// Notes the state of the license. Where it was another one, `entry` tells the audit log of the change; of several replicas
    /// that see it, one writes. The first state of all is no change.
    pub async fn note_state(
        &self,
        state: &str,
        entry: impl FnOnce(&str) -> Entry,
        now: i64,
    ) -> Result<(), Unavailable> {
        let known: Option<(String,)> =
            sqlx::query_as("SELECT state FROM known_state WHERE id = 1").fetch_optional(&self.read).await?;
        let Some((before,)) = known else {
            sqlx::query("INSERT INTO known_state (id, state, at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING")
                .bind(state)
                .bind(now)
                .execute(&self.write)
                .await?;
            return Ok(());
        };
        if before == state {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let changed = sqlx::query("UPDATE known_state SET state = $1, at = $2 WHERE id = 1 AND state = $3")
            .bind(state)
            .bind(now)
            .bind(&before)
            .execute(&mut tx)
            .await?;
        if changed.rows_affected() == 1 {
            audit::record(&mut tx, &entry(&before)).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
