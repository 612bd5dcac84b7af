//! `attempts`: who tried to guess something, and when, so that guesses can be limited.

use super::{Store, Unavailable};

/// Seconds in which tries are counted together.
const WINDOW: i64 = 60;

/// What noting a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is noted.
    Noted,
    /// A subject has used up its tries: nothing was noted.
    Refused {
        /// Which of the subjects.
        subject: usize,
        /// Seconds until it may try again.
        wait: i64,
    },
}

impl Store {
    /// Notes a try of each of these subjects, unless one of them tried `limit` times within the last minute already. Of many who
    /// try at once, no more than `limit` are noted.
    pub async fn note_try(&self, id: &str, subjects: &[String], limit: i64, now: i64) -> Result<Tried, Unavailable> {
        let mut tx = self.begin().await?;
        for (index, subject) in subjects.iter().enumerate() {
            let (tries, first): (i64, Option<i64>) =
                sqlx::query_as("SELECT COUNT(*), MIN(at) FROM attempts WHERE subject = $1 AND at > $2 AND at <= $3")
                    .bind(subject)
                    .bind(now - WINDOW)
                    .bind(now)
                    .fetch_one(&mut tx)
                    .await?;
            if tries >= limit {
                // Nothing was written, so that a refusal costs the disk nothing.
                let wait = first.unwrap_or(now).saturating_add(WINDOW).saturating_sub(now);
                return Ok(Tried::Refused { subject: index, wait: wait.clamp(1, WINDOW) });
            }
        }
        sqlx::query("DELETE FROM attempts WHERE at <= $1 OR at > $2")
            .bind(now - WINDOW)
            .bind(now)
            .execute(&mut tx)
            .await?;
        for subject in subjects {
            sqlx::query("INSERT INTO attempts (id, subject, at) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(subject)
                .bind(now)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Tried::Noted)
    }

    /// Takes back a try: it was no guess.
    pub async fn forget_try(&self, id: &str) -> Result<(), Unavailable> {
        sqlx::query("DELETE FROM attempts WHERE id = $1").bind(id).execute(&self.write).await?;
        Ok(())
    }
}
