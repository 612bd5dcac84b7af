//! `platform_config`: single values.

use super::{Store, Transaction, Unavailable};

impl Store {
    /// The value of a key.
    pub async fn value(&self, key: &str) -> Result<Option<String>, Unavailable> {
        let value = sqlx::query_scalar("SELECT value FROM platform_config WHERE key = $1");
        Ok(value.bind(key).fetch_optional(&self.read).await?)
    }
}

/// Sets the value of a key, whatever it was.
pub(crate) async fn set(tx: &mut Transaction, key: &str, value: &str, now: i64) -> Result<(), Unavailable> {
    sqlx::query(
        "INSERT INTO platform_config (key, value, revision, updated_at) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = platform_config.revision + 1, \
         updated_at = excluded.updated_at",
    )
    .bind(key)
    .bind(value)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Sets the value of a key that has none. Of several who try, one is told `true`.
pub(crate) async fn claim(tx: &mut Transaction, key: &str, value: &str, now: i64) -> Result<bool, Unavailable> {
    let done = sqlx::query(
        "INSERT INTO platform_config (key, value, revision, updated_at) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING",
    )
    .bind(key)
    .bind(value)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
