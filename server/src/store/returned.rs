//! `returned`: what a form brought back to its page, sealed, taken once. And `attempts`: how often somebody tried.

use super::{Store, Unavailable};

impl Store {
    /// Keeps what a form brings back until `expires_at`. What is over goes on that occasion, and so does the oldest above a
    /// thousand: nobody fills the disk with forms.
    pub async fn keep_returned(
        &self,
        id_hash: &str,
        sealed: &str,
        now: i64,
        expires_at: i64,
    ) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM returned WHERE expires_at <= $1").bind(now).execute(&mut *tx).await?;
        sqlx::query(
            "DELETE FROM returned WHERE id_hash IN (SELECT id_hash FROM returned ORDER BY expires_at DESC LIMIT 1000 OFFSET 999)",
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO returned (id_hash, sealed, expires_at) VALUES ($1, $2, $3)")
            .bind(id_hash)
            .bind(sealed)
            .bind(expires_at)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes what a form brought back; it is gone then.
    pub async fn take_returned(&self, id_hash: &str, now: i64) -> Result<Option<String>, Unavailable> {
        let sealed = sqlx::query_scalar("DELETE FROM returned WHERE id_hash = $1 AND expires_at > $2 RETURNING sealed");
        Ok(sealed.bind(id_hash).bind(now).fetch_optional(&self.write).await?)
    }

    /// Counts one more try of `subject` in `period` (a number of the caller's) and returns how many there are now.
    pub async fn count_try(&self, subject: &str, period: i64) -> Result<i64, Unavailable> {
        let tries = sqlx::query_scalar(
            "INSERT INTO attempts (subject, period, tries) VALUES ($1, $2, 1) ON CONFLICT (subject) DO UPDATE SET \
             tries = CASE WHEN attempts.period = excluded.period THEN attempts.tries + 1 ELSE 1 END, \
             period = excluded.period RETURNING tries",
        );
        Ok(tries.bind(subject).bind(period).fetch_one(&self.write).await?)
    }

    /// Forgets the tries of all periods before this one.
    pub async fn forget_tries(&self, period: i64) -> Result<(), Unavailable> {
        sqlx::query("DELETE FROM attempts WHERE period < $1").bind(period).execute(&self.write).await?;
        Ok(())
    }
}
