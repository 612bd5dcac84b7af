//! `phone_home`: what is known from the license server, a row for each license that was ever in use.
//!
//! Many replicas may run; whoever counts `turn` on is the one that asks. Only what came of the newest question is noted: an answer
//! that was long on its way undoes nothing that was learned meanwhile, whatever the clocks of the replicas say.

use countersign_license::PhoneHome;

use super::{Entry, Store, Unavailable, audit};

/// The row of one license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// What the state follows from.
    pub known: PhoneHome,
    /// When the license server is to be asked next, in seconds.
    pub next_at: i64,
    /// Which question was the latest, counted from 1.
    pub turn: i64,
    /// How often in a row it was not to be had.
    pub failures: i64,
    /// Why it was not to be had last, as a stable code; empty while all is well.
    pub last_error: String,
    /// What the vendor says about the revocation.
    pub reason: String,
}

/// A row as it is read.
type Row = (i64, i64, i64, String, String, Option<i64>, Option<i64>, Option<i64>, i64);

/// The audit rows of an answer, each written only where it is news.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) restored: Entry,
    pub(crate) revoked: Entry,
    pub(crate) reinstated: Entry,
}

impl Store {
    /// The row of a license; `None` if it was never due.
    pub async fn contact(&self, subject: &str) -> Result<Option<Contact>, Unavailable> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT next_at, turn, failures, last_error, reason, last_success_at, first_failure_at, revoked_at, seen_at \
             FROM phone_home WHERE subject = $1",
        )
        .bind(subject)
        .fetch_optional(&self.read)
        .await?;
        let contact = |row: Row| {
            let (next_at, turn, failures, last_error, reason, last_success_at, first_failure_at, revoked_at, seen_at) =
                row;
            let known = PhoneHome { last_success_at, first_failure_at, revoked_at, seen_at };
            Contact { known, next_at, turn, failures, last_error, reason }
        };
        Ok(row.map(contact))
    }

    /// The licenses that are known to be revoked, by their subjects, and since when.
    pub async fn revocations(&self) -> Result<Vec<(String, i64)>, Unavailable> {
        let rows = "SELECT subject, revoked_at FROM phone_home WHERE revoked_at IS NOT NULL";
        Ok(sqlx::query_as(rows).fetch_all(&self.read).await?)
    }

    /// Begins the row of a license, if it has none.
    pub(crate) async fn begin_contact(&self, subject: &str, next_at: i64, now: i64) -> Result<(), Unavailable> {
        sqlx::query(
            "INSERT INTO phone_home (subject, next_at, seen_at) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING",
        )
        .bind(subject)
        .bind(next_at)
        .bind(now)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Takes the turn after `before`. Of several who read the same one, one is told the new one, and asks. If it dies, the row is
    /// due again at `next_at`.
    pub(crate) async fn take_turn(&self, subject: &str, before: i64, next_at: i64) -> Result<Option<i64>, Unavailable> {
        let turn = before.saturating_add(1);
        let taken = sqlx::query("UPDATE phone_home SET turn = $1, next_at = $2 WHERE subject = $3 AND turn = $4")
            .bind(turn)
            .bind(next_at)
            .bind(subject)
            .bind(before)
            .execute(&self.write)
            .await?;
        Ok((taken.rows_affected() == 1).then_some(turn))
    }

    /// Takes the turn now, whoever has it, and begins the row if there is none. What others still wait for is not noted any more.
    pub(crate) async fn seize_turn(&self, subject: &str, next_at: i64, now: i64) -> Result<i64, Unavailable> {
        let turn = sqlx::query_scalar(
            "INSERT INTO phone_home (subject, turn, next_at, seen_at) VALUES ($1, 1, $2, $3) ON CONFLICT (subject) \
             DO UPDATE SET turn = phone_home.turn + 1, next_at = excluded.next_at RETURNING turn",
        );
        // A transaction, since somebody waits for the answer: without one nobody says that nothing was changed.
        let mut tx = self.begin().await?;
        let turn = turn.bind(subject).bind(next_at).bind(now).fetch_one(&mut tx).await?;
        tx.commit().await?;
        Ok(turn)
    }

    /// Moves on the latest instant that was seen while the license server is out of reach. It never goes back.
    pub(crate) async fn note_seen(&self, subject: &str, seen_at: i64) -> Result<(), Unavailable> {
        sqlx::query(
            "UPDATE phone_home SET seen_at = $1 WHERE subject = $2 AND seen_at < $1 AND first_failure_at IS NOT NULL",
        )
        .bind(seen_at)
        .bind(subject)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Notes an answer: `revoked` is the vendor's reason where the license is revoked. The clock of failures ends. `false` if
    /// somebody asked meanwhile: then nothing is noted, and since two were heard, it is asked once more at `again_at`.
    pub(crate) async fn note_answer(
        &self,
        (subject, turn): (&str, i64),
        revoked: Option<&str>,
        (next_at, again_at): (i64, i64),
        news: &News,
    ) -> Result<bool, Unavailable> {
        let now = news.restored.at;
        let mut tx = self.begin().await?;
        let noted = sqlx::query(
            "UPDATE phone_home SET next_at = $1, last_success_at = $2, failures = 0, last_error = '', reason = $3, seen_at = $2 \
             WHERE subject = $4 AND turn = $5",
        );
        let noted = noted.bind(next_at).bind(now).bind(revoked.unwrap_or_default()).bind(subject).bind(turn);
        if noted.execute(&mut tx).await?.rows_affected() != 1 {
            let again = sqlx::query("UPDATE phone_home SET next_at = $1 WHERE subject = $2 AND next_at > $1");
            again.bind(again_at).bind(subject).execute(&mut tx).await?;
            tx.commit().await?;
            return Ok(false);
        }
        let restored = sqlx::query(
            "UPDATE phone_home SET first_failure_at = NULL WHERE subject = $1 AND first_failure_at IS NOT NULL",
        );
        if restored.bind(subject).execute(&mut tx).await?.rows_affected() == 1 {
            audit::record(&mut tx, &news.restored).await?;
        }
        let (change, entry) = if revoked.is_some() {
            let revoke = "UPDATE phone_home SET revoked_at = $2 WHERE subject = $1 AND revoked_at IS NULL";
            (sqlx::query(revoke).bind(subject).bind(now), &news.revoked)
        } else {
            let reinstate = "UPDATE phone_home SET revoked_at = NULL WHERE subject = $1 AND revoked_at IS NOT NULL";
            (sqlx::query(reinstate).bind(subject), &news.reinstated)
        };
        if change.execute(&mut tx).await?.rows_affected() == 1 {
            audit::record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Notes a failure. The first one starts the clock, and `entry` tells of it. `false` if somebody asked meanwhile: then it is no
    /// news, and nothing is noted.
    pub(crate) async fn note_failure(
        &self,
        (subject, turn): (&str, i64),
        code: &str,
        next_at: i64,
        entry: &Entry,
    ) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let noted = sqlx::query(
            "UPDATE phone_home SET next_at = $1, failures = failures + 1, last_error = $2 WHERE subject = $3 AND turn = $4",
        );
        let noted = noted.bind(next_at).bind(code).bind(subject).bind(turn);
        if noted.execute(&mut tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        let first = sqlx::query(
            "UPDATE phone_home SET first_failure_at = $1, seen_at = $1 WHERE subject = $2 AND first_failure_at IS NULL",
        );
        if first.bind(entry.at).bind(subject).execute(&mut tx).await?.rows_affected() == 1 {
            audit::record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Whether an administrator may have the license server asked now, and is the one who has: once in `pause` seconds for the
    /// whole platform. Else after how many seconds.
    pub(crate) async fn take_check(&self, pause: i64, now: i64) -> Result<Result<(), i64>, Unavailable> {
        // A time ahead was set by a clock that was wrong.
        let taken = sqlx::query(
            "INSERT INTO checked (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at \
             WHERE checked.at <= $2 OR checked.at > $1",
        );
        let mut tx = self.begin().await?;
        let taken = taken.bind(now).bind(now.saturating_sub(pause)).execute(&mut tx).await?;
        tx.commit().await?;
        if taken.rows_affected() == 1 {
            return Ok(Ok(()));
        }
        let at: Option<i64> =
            sqlx::query_scalar("SELECT at FROM checked WHERE id = 1").fetch_optional(&self.read).await?;
        Ok(Err(at.unwrap_or(now).saturating_add(pause).saturating_sub(now).clamp(1, pause)))
    }
}
