//! `audit`: what was done, by whom, from where. Rows are only ever added, in the transaction of what they tell.

use countersign_app::{Event, EventFilter};
use sqlx::{Any, AssertSqlSafe, Executor};

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
        .execute(&mut *tx)
        .await?;
    Ok(())
}

impl Store {
    /// Adds an entry about something that changed nothing else.
    pub async fn record(&self, entry: &Entry) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        record(&mut tx, entry).await?;
        tx.commit().await
    }

    /// Up to `limit` events, the newest first.
    ///
    /// However long the log is, it takes as long: each statement reads `limit` entries of an index.
    pub async fn events(&self, filter: &EventFilter, limit: i64) -> Result<Vec<Event>, Unavailable> {
        if filter.action.is_empty() {
            return newest(&self.read, filter, None, limit).await;
        }
        let mut tx = self.snapshot().await?;
        // Whose action begins with a text: there are some tens of actions, each with its place in the index.
        let actions: Vec<String> = sqlx::query_scalar(ACTIONS).fetch_all(&mut tx).await?;
        let mut events = Vec::new();
        for action in actions.iter().filter(|action| action.starts_with(&filter.action)) {
            events.extend(newest(&mut tx, filter, Some(action), limit).await?);
        }
        events.sort_unstable_by(|one, other| other.id.cmp(&one.id));
        events.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(events)
    }
}

/// Each action that there is, found by one step in the index for each; `SELECT DISTINCT` would read all entries.
const ACTIONS: &str = "WITH RECURSIVE actions (action) AS (SELECT MIN(action) FROM audit UNION ALL \
                       SELECT (SELECT MIN(audit.action) FROM audit WHERE audit.action > actions.action) FROM actions \
                       WHERE actions.action IS NOT NULL) SELECT action FROM actions WHERE action IS NOT NULL";

/// The newest events, those of one action if there is one. What is asked for is part of the statement only where it is asked for:
/// a condition that may be off keeps a database from using its index.
async fn newest(
    from: impl Executor<'_, Database = Any>,
    filter: &EventFilter,
    action: Option<&str>,
    limit: i64,
) -> Result<Vec<Event>, Unavailable> {
    let (actor, before) = (filter.actor.as_str(), filter.before.as_str());
    let asked = [
        action.map(|action| ("action =", action)),
        (!actor.is_empty()).then_some(("actor =", actor)),
        (!before.is_empty()).then_some(("id <", before)),
    ];
    let asked: Vec<(&str, &str)> = asked.into_iter().flatten().collect();
    let conditions: Vec<String> = (1..).zip(&asked).map(|(number, (one, _))| format!(" AND {one} ${number}")).collect();
    let sql = format!(
        "SELECT id, at, actor, action, detail, address FROM audit WHERE true{} ORDER BY id DESC LIMIT ${}",
        conditions.concat(),
        asked.len() + 1
    );
    // Nothing of what is asked for stands in the statement.
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for (_, value) in asked {
        query = query.bind(value);
    }
    let rows: Vec<(String, i64, String, String, String, String)> = query.bind(limit).fetch_all(from).await?;
    let event = |(id, at, actor, action, detail, address)| Event { id, at, actor, action, detail, address };
    Ok(rows.into_iter().map(event).collect())
}
