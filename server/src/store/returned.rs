//! `returned`: what a form brought back to its page, sealed, taken once.

use super::{Store, Unavailable};

impl Store {
    /// Keeps what a form brings back until `expires_at`. What is over goes on that occasion, and so does the oldest above five
    /// hundred: nobody fills the disk with forms. Strangers push out strangers alone.
    pub async fn keep_returned(
        &self,
        id_hash: &str,
        sealed: &str,
        is_stranger: bool,
        now: i64,
        expires_at: i64,
    ) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM returned WHERE expires_at <= $1").bind(now).execute(&mut tx).await?;
        sqlx::query(
            "DELETE FROM returned WHERE id_hash IN \
             (SELECT id_hash FROM returned WHERE is_stranger = $1 ORDER BY expires_at DESC LIMIT 1000 OFFSET 499)",
        )
        .bind(i64::from(is_stranger))
        .execute(&mut tx)
        .await?;
        sqlx::query("INSERT INTO returned (id_hash, sealed, is_stranger, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(id_hash)
            .bind(sealed)
            .bind(i64::from(is_stranger))
            .bind(expires_at)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Takes what a form brought back; it is gone then.
    pub async fn take_returned(&self, id_hash: &str, now: i64) -> Result<Option<String>, Unavailable> {
        let mut tx = self.begin().await?;
        let sealed = sqlx::query_scalar("DELETE FROM returned WHERE id_hash = $1 AND expires_at > $2 RETURNING sealed");
        let sealed = sealed.bind(id_hash).bind(now).fetch_optional(&mut tx).await?;
        tx.commit().await?;
        Ok(sealed)
    }
}
