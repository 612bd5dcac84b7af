//! `sessions`: who is signed in. The id in the cookie is stored as a hash alone.

use countersign_app::{Role, Session, Viewer};

use super::audit::{self, Entry};
use super::{Store, Transaction, Unavailable};

/// A session that somebody showed.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Whose it is.
    pub user: Viewer,
    /// SHA-256 of the cookie's id, in hex.
    pub id_hash: String,
    /// When it was last used, in seconds.
    pub seen_at: i64,
    /// When it ends at the latest, in seconds.
    pub expires_at: i64,
}

/// A session to begin.
#[derive(Clone, Debug)]
pub(crate) struct NewSession<'a> {
    pub id_hash: &'a str,
    pub public_id: &'a str,
    pub user_id: &'a str,
    pub now: i64,
    pub expires_at: i64,
    pub agent: &'a str,
    pub address: &'a str,
}

/// Sessions of one user; the one that was not used for longest ends when there is one more.
const MOST: i64 = 100;

/// The latest instant at which a session may have begun. One of the future began before the clock was set back: its limits could
/// not be kept.
pub(crate) fn latest_begin(now: i64) -> i64 {
    now.saturating_add(300)
}

/// Begins a session, and ends what is over.
pub(crate) async fn begin(tx: &mut Transaction, new: &NewSession<'_>) -> Result<(), Unavailable> {
    sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(new.now).execute(&mut *tx).await?;
    sqlx::query(
        "DELETE FROM sessions WHERE user_id = $1 AND id_hash NOT IN \
         (SELECT id_hash FROM sessions WHERE user_id = $1 ORDER BY seen_at DESC, created_at DESC LIMIT $2)",
    )
    .bind(new.user_id)
    .bind(MOST - 1)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO sessions (id_hash, public_id, user_id, created_at, seen_at, expires_at, agent, address) \
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
    )
    .bind(new.id_hash)
    .bind(new.public_id)
    .bind(new.user_id)
    .bind(new.now)
    .bind(new.expires_at)
    .bind(new.agent)
    .bind(new.address)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Gives a session another id. `false` if it has ended.
pub(crate) async fn rename(tx: &mut Transaction, from: &str, to: &str) -> Result<bool, Unavailable> {
    let renamed = sqlx::query("UPDATE sessions SET id_hash = $2 WHERE id_hash = $1").bind(from).bind(to);
    Ok(renamed.execute(&mut *tx).await?.rows_affected() == 1)
}

/// Ends a session by the hash of its id. `false` if it has ended.
pub(crate) async fn end(tx: &mut Transaction, id_hash: &str) -> Result<bool, Unavailable> {
    let ended = sqlx::query("DELETE FROM sessions WHERE id_hash = $1").bind(id_hash).execute(&mut *tx).await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends all sessions of a user but one.
pub(crate) async fn end_others(tx: &mut Transaction, user_id: &str, but: &str) -> Result<u64, Unavailable> {
    let ended = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2")
        .bind(user_id)
        .bind(but)
        .execute(&mut *tx)
        .await?;
    Ok(ended.rows_affected())
}

impl Store {
    /// The session of that hash, if it has not ended: neither at `expires_at`, nor by being unused since `idle_since`.
    pub async fn session(&self, id_hash: &str, now: i64, idle_since: i64) -> Result<Option<SessionRow>, Unavailable> {
        let row: Option<(String, String, String, String, i64, i64)> = sqlx::query_as(
            "SELECT users.id, users.name, users.email, users.role, sessions.seen_at, sessions.expires_at \
             FROM sessions JOIN users ON users.id = sessions.user_id \
             WHERE sessions.id_hash = $1 AND sessions.expires_at > $2 AND sessions.seen_at > $3 \
             AND sessions.created_at <= $4",
        )
        .bind(id_hash)
        .bind(now)
        .bind(idle_since)
        .bind(latest_begin(now))
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(|(id, name, email, role, seen_at, expires_at)| SessionRow {
            // A role that this version does not know may do the least.
            user: Viewer { id, name, email, role: Role::parse(&role).unwrap_or(Role::Member) },
            id_hash: id_hash.to_owned(),
            seen_at,
            expires_at,
        }))
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, id_hash: &str, now: i64) -> Result<(), Unavailable> {
        sqlx::query("UPDATE sessions SET seen_at = $2 WHERE id_hash = $1 AND seen_at < $2")
            .bind(id_hash)
            .bind(now)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// All sessions of a user, `current` first, then the last used.
    pub async fn sessions(
        &self,
        user_id: &str,
        current: &str,
        now: i64,
        idle_since: i64,
    ) -> Result<Vec<Session>, Unavailable> {
        let rows: Vec<(String, String, i64, i64, i64, String, String)> = sqlx::query_as(
            "SELECT id_hash, public_id, created_at, seen_at, expires_at, agent, address FROM sessions \
             WHERE user_id = $1 AND expires_at > $2 AND seen_at > $3 ORDER BY seen_at DESC LIMIT 200",
        )
        .bind(user_id)
        .bind(now)
        .bind(idle_since)
        .fetch_all(&self.read)
        .await?;
        let session = |(id_hash, id, created_at, seen_at, expires_at, agent, address): (String, _, _, _, _, _, _)| {
            Session { id, created_at, seen_at, expires_at, agent, address, is_current: id_hash == current }
        };
        let mut sessions: Vec<Session> = rows.into_iter().map(session).collect();
        sessions.sort_by_key(|session| !session.is_current);
        Ok(sessions)
    }

    /// Ends a session by the hash of its id.
    pub async fn end_session(&self, id_hash: &str, entry: &Entry) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        if end(&mut tx, id_hash).await? {
            audit::record(&mut tx, entry).await?;
        }
        tx.commit().await
    }

    /// Ends a session of a user by its public id. `false` if there is none.
    pub async fn end_session_of(&self, user_id: &str, public_id: &str, entry: &Entry) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND public_id = $2")
            .bind(user_id)
            .bind(public_id)
            .execute(&mut tx)
            .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends all sessions of a user but one; returns how many.
    pub async fn end_other_sessions(&self, user_id: &str, but: &str, entry: &Entry) -> Result<u64, Unavailable> {
        let mut tx = self.begin().await?;
        let ended = end_others(&mut tx, user_id, but).await?;
        if ended > 0 {
            audit::record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}
