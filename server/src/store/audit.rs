//! `audit`: what was done, by whom, from where. Rows are only ever added, in the transaction of what they tell.

use countersign_app::{Event, EventFilter};

use super::{Store, Transaction, Unavailable};
use crate::ids;

/// Something that is done now.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Seconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who: an e-mail address, or `command line`; empty where nobody is signed in.
    pub actor: String,
    /// What, as a stable code: `license.rotated`.
    pub action: &'static str,
    /// On what, and how, in a sentence. No token, key, password or code.
    pub detail: String,
    /// The address that the request came from; empty for the command line.
    pub address: String,
}

/// Adds an entry within the transaction of what it tells.
pub(crate) async fn record(tx: &mut Transaction, entry: &Entry) -> Result<(), Unavailable> {
    sqlx::query("INSERT INTO audit (id, at, actor, action, detail, address) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(ids::ordered(entry.at))
        .bind(entry.at)
        .bind(&entry.actor)
        .bind(entry.action)
        .bind(&entry.detail)
        .bind(&entry.address)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Store {
    /// Adds an entry about something that changed nothing else.
    pub async fn record(&self, entry: &Entry) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        record(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Up to `limit` events, the newest first.
    pub async fn events(&self, filter: &EventFilter, limit: i64) -> Result<Vec<Event>, Unavailable> {
        let rows: Vec<(String, i64, String, String, String, String)> = sqlx::query_as(
            "SELECT id, at, actor, action, detail, address FROM audit \
             WHERE ($1 = '' OR substr(action, 1, length($1)) = $1) AND ($2 = '' OR actor = $2) AND ($3 = '' OR id < $3) \
             ORDER BY id DESC LIMIT $4",
        )
        .bind(&filter.action)
        .bind(&filter.actor)
        .bind(&filter.before)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        let event = |(id, at, actor, action, detail, address)| Event { id, at, actor, action, detail, address };
        Ok(rows.into_iter().map(event).collect())
    }
}
