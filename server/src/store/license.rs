//! The license in use: two rows of `platform_config` that are only ever written together, and `license_history`.

use std::sync::Arc;

use countersign_app::{Role, Viewer};
use countersign_license::{Bundle, PhoneHome};

use super::audit::{self, Entry};
use super::{SessionAndPair, SessionRow, Store, Transaction, Unavailable, config, figures, sessions};
use crate::ids;

/// The license in use, as it is stored. Nothing is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// JWT and key. A row that is missing is an empty text.
    pub bundle: Bundle,
    /// The counter that orders rotations.
    pub revision: i64,
    /// When it was installed, in seconds.
    pub installed_at: i64,
    /// How it came in: `setup`, `configuration`, `rotation`, `revert`, `command line`, or `database` where somebody set the
    /// rows by SQL.
    pub source: String,
    /// Who installed it, if anybody was signed in.
    pub by: Option<String>,
    /// What is known from the license server, by subject, for each license that was ever in use and does not stand well: revoked,
    /// or out of reach.
    pub known: Vec<(String, PhoneHome)>,
    /// The revisions of the two rows. They differ only where somebody set one by SQL.
    rows: [Option<i64>; 2],
}

/// A license that was in use, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Its revision.
    pub revision: i64,
    /// JWT and key.
    pub bundle: Bundle,
    /// When it was installed, in seconds.
    pub installed_at: i64,
    /// When it was replaced, in seconds.
    pub replaced_at: i64,
    /// Who replaced it, if anybody was signed in.
    pub replaced_by: Option<String>,
}

impl Pair {
    /// The licenses that are known to be revoked, by their subjects, and since when.
    pub fn revocations(&self) -> Vec<(String, i64)> {
        let revoked = self.known.iter().filter_map(|(subject, known)| Some((subject.clone(), known.revoked_at?)));
        revoked.collect()
    }
}

/// What was in use before a license, as it was read in one second.
#[derive(Debug)]
pub(super) struct Before {
    revision: i64,
    limit: i64,
    now: i64,
    rows: Arc<[History]>,
}

/// What a rotation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// Both rows were replaced; the new revision.
    Done(i64),
    /// Another rotation came first: nothing was changed.
    Stale,
}

/// How a license comes in, for the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub source: &'a str,
    pub by: &'a str,
    pub now: i64,
}

impl Store {
    /// The license in use. Both rows come from one statement: never a pair that was not written together.
    pub async fn pair(&self) -> Result<Option<Pair>, Unavailable> {
        self.pairs.ask("", async || Ok(pair(sqlx::query_as(ROWS).fetch_all(&self.read).await?))).await
    }

    /// [`Store::session`] and [`Store::pair`] in one statement, for what is asked most often: on SQLite a statement takes its time
    /// on the way to another thread and back, hardly in the database.
    pub async fn session_and_pair(
        &self,
        id_hash: &str,
        now: i64,
        idle_since: i64,
    ) -> Result<SessionAndPair, Unavailable> {
        let asked = self.sessions_and_pairs.ask(id_hash, || self.read_session_and_pair(id_hash, now, idle_since)).await;
        let (session, pair) = asked?;
        // Somebody else may have asked, a moment ago.
        let session = session.filter(|session| session.expires_at > now && session.seen_at > idle_since);
        Ok((session, pair))
    }

    async fn read_session_and_pair(
        &self,
        id_hash: &str,
        now: i64,
        idle_since: i64,
    ) -> Result<SessionAndPair, Unavailable> {
        let rows: Vec<RowOrSession> = sqlx::query_as(ROWS_AND_SESSION)
            .bind(id_hash)
            .bind(now)
            .bind(idle_since)
            .bind(sessions::latest_begin(now))
            .fetch_all(&self.read)
            .await?;
        let mut session = None;
        let mut of_license = Vec::with_capacity(rows.len());
        for (kind, text, number, second, third, fourth, name, email, role) in rows {
            if kind == "session" {
                let user = Viewer { id: text, name, email, role: Role::parse(&role).unwrap_or(Role::Member) };
                let (id_hash, expires_at) = (id_hash.to_owned(), second.unwrap_or_default());
                session = Some(SessionRow { user, id_hash, seen_at: number, expires_at });
            } else {
                of_license.push((kind, text, number, second, third, fourth));
            }
        }
        Ok((session, pair(of_license)))
    }

    /// Replaces the license if its revision is still `expected` (0: if there is none), and keeps the old one in the history. The
    /// entry is recorded with the detail that belongs to the new revision.
    pub async fn rotate(
        &self,
        expected: i64,
        new: &Bundle,
        source: &str,
        entry: &Entry,
        detail: impl FnOnce(i64) -> String + Send,
    ) -> Result<Rotated, Unavailable> {
        let origin = Origin { source, by: &entry.actor, now: entry.at };
        let mut tx = self.begin().await?;
        let old = pair(sqlx::query_as(ROWS).fetch_all(&mut tx).await?);
        let revision = match &old {
            Some(old) if old.revision == expected => replace(&mut tx, old, new, origin).await?,
            None if expected == 0 => install(&mut tx, new, expected, origin).await?,
            _ => None,
        };
        let Some(revision) = revision else { return Ok(Rotated::Stale) };
        if old.is_some() {
            figures::count_rotation(&mut tx).await?;
        }
        audit::record(&mut tx, &Entry { detail: detail(revision), ..entry.clone() }).await?;
        tx.commit().await?;
        Ok(Rotated::Done(revision))
    }

    /// [`Store::license_history`] before the license of this revision, which was read just now. Whatever adds to the history
    /// raises the revision with it, so what was read is told again within that second. Later it is read once more: somebody may have
    /// changed it by hand.
    pub async fn history_before(&self, revision: i64, limit: i64, now: i64) -> Result<Arc<[History]>, Unavailable> {
        let is_it = |before: &&Before| (before.revision, before.limit, before.now) == (revision, limit, now);
        // A lock that a panic has poisoned remembers nothing.
        let remembered =
            self.before.lock().ok().and_then(|before| before.as_ref().filter(is_it).map(|it| it.rows.clone()));
        if let Some(rows) = remembered {
            return Ok(rows);
        }
        let rows: Arc<[History]> = self.license_history(limit).await?.into();
        // A rotation may have come in between: then this is what was in use before a later one.
        if rows.first().is_none_or(|newest| newest.revision < revision)
            && let Ok(mut before) = self.before.lock()
        {
            *before = Some(Before { revision, limit, now, rows: rows.clone() });
        }
        Ok(rows)
    }

    /// The licenses that were in use, the newest first.
    pub async fn license_history(&self, limit: i64) -> Result<Vec<History>, Unavailable> {
        let rows: Vec<(i64, String, String, i64, i64, Option<String>)> = sqlx::query_as(
            "SELECT revision, jwt, public_key, installed_at, replaced_at, replaced_by FROM license_history \
             ORDER BY revision DESC, id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        let history = |(revision, jwt, public_key, installed_at, replaced_at, replaced_by)| History {
            revision,
            bundle: Bundle { jwt, public_key },
            installed_at,
            replaced_at,
            replaced_by,
        };
        Ok(rows.into_iter().map(history).collect())
    }
}

/// Everything that says what is licensed, in one statement: the rows of the pair, and what the license server said where it is not
/// that all is well. The keys from `license_jwt` to `license_source` are a stretch of the index: for a list SQLite would make a table
/// each time.
const ROWS: &str = "SELECT key, CAST(value AS TEXT), CAST(revision AS BIGINT), CAST(updated_at AS BIGINT), CAST(NULL AS BIGINT), \
                    CAST(NULL AS BIGINT) FROM platform_config \
                    WHERE key BETWEEN 'license_jwt' AND 'license_source' \
                    UNION ALL SELECT 'phone_home', subject, seen_at, last_success_at, first_failure_at, revoked_at FROM phone_home \
                    WHERE first_failure_at IS NOT NULL OR revoked_at IS NOT NULL";

/// [`ROWS`], and the session of a hash with whose it is.
const ROWS_AND_SESSION: &str = "SELECT key, CAST(value AS TEXT), CAST(revision AS BIGINT), CAST(updated_at AS BIGINT), \
     CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), '', '', '' FROM platform_config \
     WHERE key BETWEEN 'license_jwt' AND 'license_source' \
     UNION ALL SELECT 'phone_home', subject, seen_at, last_success_at, first_failure_at, revoked_at, '', '', '' FROM phone_home \
     WHERE first_failure_at IS NOT NULL OR revoked_at IS NOT NULL \
     UNION ALL SELECT 'session', users.id, sessions.seen_at, sessions.expires_at, NULL, NULL, users.name, users.email, users.role \
     FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id_hash = $1 AND sessions.expires_at > $2 \
     AND sessions.seen_at > $3 AND sessions.created_at <= $4";

/// A row of [`ROWS_AND_SESSION`].
type RowOrSession = (String, String, i64, Option<i64>, Option<i64>, Option<i64>, String, String, String);

/// A row of [`ROWS`].
type Row = (String, String, i64, Option<i64>, Option<i64>, Option<i64>);

fn pair(rows: Vec<Row>) -> Option<Pair> {
    let row = |name: &str| rows.iter().find(|(key, ..)| key == name);
    let (jwt, key, source) = (row("license_jwt"), row("license_public_key"), row("license_source"));
    let text = |row: Option<&Row>| row.map(|(_, value, ..)| value.clone()).unwrap_or_default();
    let revision = [jwt, key].into_iter().flatten().map(|row| row.2).max()?;
    let installed_at = [jwt, key].into_iter().flatten().filter_map(|row| row.3).max();
    // Written by us in one line: how, a space-free word; then who.
    let origin = source.filter(|row| row.2 == revision).and_then(|row| row.1.split_once('\n'));
    let (source, by) = origin.unwrap_or(("database", ""));
    let known = rows.iter().filter(|(key, ..)| key == "phone_home");
    let known = known.map(|(_, subject, seen_at, last_success_at, first_failure_at, revoked_at)| {
        let (seen_at, last_success_at, first_failure_at) = (*seen_at, *last_success_at, *first_failure_at);
        (subject.clone(), PhoneHome { last_success_at, first_failure_at, revoked_at: *revoked_at, seen_at })
    });
    Some(Pair {
        bundle: Bundle { jwt: text(jwt), public_key: text(key) },
        revision,
        installed_at: installed_at.unwrap_or_default(),
        source: source.to_owned(),
        by: (!by.is_empty()).then(|| by.to_owned()),
        known: known.collect(),
        rows: [jwt, key].map(|row| row.map(|row| row.2)),
    })
}

/// Swaps both rows, if both still have the revision they were read with, and remembers the old ones. The new revision.
async fn replace(
    tx: &mut Transaction,
    old: &Pair,
    new: &Bundle,
    origin: Origin<'_>,
) -> Result<Option<i64>, Unavailable> {
    let [Some(jwt_row), Some(key_row)] = old.rows else {
        // One row is gone. Whatever is left is no license; the new pair takes its place whole.
        sqlx::query("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')")
            .execute(&mut *tx)
            .await?;
        return install(tx, new, old.revision, origin).await;
    };
    let revision = old.revision.saturating_add(1);
    // The revisions stand in the rows that are changed: a compare-and-set through a sub-select loses updates on PostgreSQL.
    let changed = sqlx::query(
        "UPDATE platform_config SET value = CASE key WHEN 'license_jwt' THEN $1 ELSE $2 END, revision = $3, \
         updated_at = $4 WHERE (key = 'license_jwt' AND revision = $5) OR (key = 'license_public_key' AND revision = $6)",
    )
    .bind(&new.jwt)
    .bind(&new.public_key)
    .bind(revision)
    .bind(origin.now)
    .bind(jwt_row)
    .bind(key_row)
    .execute(&mut *tx)
    .await?;
    if changed.rows_affected() != 2 {
        return Ok(None);
    }
    sqlx::query(
        "INSERT INTO license_history (id, revision, jwt, public_key, installed_at, replaced_at, replaced_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(ids::ordered(origin.now))
    .bind(old.revision)
    .bind(&old.bundle.jwt)
    .bind(&old.bundle.public_key)
    .bind(old.installed_at)
    .bind(origin.now)
    .bind((!origin.by.is_empty()).then_some(origin.by))
    .execute(&mut *tx)
    .await?;
    remember_origin(tx, revision, origin).await?;
    Ok(Some(revision))
}

/// Writes both rows, in the place of those that came with the configuration if there are any.
pub(crate) async fn put(tx: &mut Transaction, new: &Bundle, origin: Origin<'_>) -> Result<Option<i64>, Unavailable> {
    match pair(sqlx::query_as(ROWS).fetch_all(&mut *tx).await?) {
        Some(old) => replace(tx, &old, new, origin).await,
        None => install(tx, new, 0, origin).await,
    }
}

/// Writes both rows where there are none, under the first revision above this one and any that was ever in use. `None` if there is
/// a row.
pub(crate) async fn install(
    tx: &mut Transaction,
    new: &Bundle,
    above: i64,
    origin: Origin<'_>,
) -> Result<Option<i64>, Unavailable> {
    let jwt = config::claim(tx, "license_jwt", &new.jwt, origin.now).await?;
    let key = config::claim(tx, "license_public_key", &new.public_key, origin.now).await?;
    if !(jwt && key) {
        return Ok(None);
    }
    let revision = above.max(last_revision(tx).await?).saturating_add(1);
    sqlx::query("UPDATE platform_config SET revision = $1 WHERE key IN ('license_jwt', 'license_public_key')")
        .bind(revision)
        .execute(&mut *tx)
        .await?;
    remember_origin(tx, revision, origin).await?;
    Ok(Some(revision))
}

/// The highest revision that anything tells of, also where the rows of the license were deleted: under a revision that somebody saw
/// once there must never be another license, and the newest of the history must stay the newest.
async fn last_revision(tx: &mut Transaction) -> Result<i64, Unavailable> {
    let last = sqlx::query_scalar(
        "SELECT CAST(COALESCE(MAX(revision), 0) AS BIGINT) FROM (SELECT MAX(revision) AS revision FROM license_history \
         UNION ALL SELECT revision FROM platform_config WHERE key = 'license_source') AS known",
    );
    Ok(last.fetch_one(&mut *tx).await?)
}

async fn remember_origin(tx: &mut Transaction, revision: i64, origin: Origin<'_>) -> Result<(), Unavailable> {
    config::set(tx, "license_source", &format!("{}\n{}", origin.source, origin.by), origin.now).await?;
    sqlx::query("UPDATE platform_config SET revision = $1 WHERE key = 'license_source'")
        .bind(revision)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_every_answer_asks_reads_no_table_from_end_to_end() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(&format!("sqlite://{}/plan.db", folder.path().display())).await.unwrap();
        for sql in [ROWS, ROWS_AND_SESSION] {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(&store.read).await.unwrap();
            assert!(plan.iter().any(|(.., step)| step.contains("phone_home_not_well")), "{plan:?}");
            assert!(!plan.iter().any(|(.., step)| step.starts_with("SCAN ") && !step.contains(" USING ")), "{plan:?}");
        }
    }
}
