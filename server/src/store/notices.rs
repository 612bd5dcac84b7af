//! `notices`: mails about the license, a row for each notice, license and administrator; and `dismissed`: banners put away.
//!
//! Many replicas may run; whoever counts a try is the one that sends.

use super::{Store, Unavailable};

/// An administrator who is to be told something by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The user's id.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it is to be tried again; `None` where it was not tried yet.
    pub next_at: Option<i64>,
    /// When it was sent.
    pub sent_at: Option<i64>,
}

/// A row as it is read.
type Row = (String, String, i64, Option<i64>, Option<i64>);

impl Store {
    /// All administrators, and how far each of them was told this.
    pub async fn recipients(&self, subject: &str, notice: &str) -> Result<Vec<Recipient>, Unavailable> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT users.id, users.email, COALESCE(notices.tries, 0), notices.next_at, notices.sent_at FROM users \
             LEFT JOIN notices ON notices.user_id = users.id AND notices.subject = $1 AND notices.notice = $2 \
             WHERE users.role IN ('platform-admin', 'org-admin') ORDER BY users.id",
        )
        .bind(subject)
        .bind(notice)
        .fetch_all(&self.read)
        .await?;
        let recipient = |(id, email, tries, next_at, sent_at)| Recipient { id, email, tries, next_at, sent_at };
        Ok(rows.into_iter().map(recipient).collect())
    }

    /// Counts a try, and says when the next one is due if nobody hears of this one again. Of several replicas that want to send, one is told `true`.
    pub async fn claim_notice(
        &self,
        subject: &str,
        notice: &str,
        to: &Recipient,
        next_at: i64,
    ) -> Result<bool, Unavailable> {
        let statement = if to.next_at.is_none() {
            "INSERT INTO notices (subject, notice, user_id, tries, next_at) VALUES ($1, $2, $3, $4 + 1, $5) \
             ON CONFLICT DO NOTHING"
        } else {
            "UPDATE notices SET tries = tries + 1, next_at = $5 \
             WHERE subject = $1 AND notice = $2 AND user_id = $3 AND tries = $4 AND sent_at IS NULL"
        };
        let claimed = sqlx::query(statement)
            .bind(subject)
            .bind(notice)
            .bind(&to.id)
            .bind(to.tries)
            .bind(next_at)
            .execute(&self.write)
            .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Notes that the try of that number failed, and when the next one is due.
    pub async fn put_notice_off(
        &self,
        subject: &str,
        notice: &str,
        to: &str,
        tries: i64,
        next_at: i64,
    ) -> Result<(), Unavailable> {
        sqlx::query(
            "UPDATE notices SET next_at = $5 \
             WHERE subject = $1 AND notice = $2 AND user_id = $3 AND tries = $4 AND sent_at IS NULL",
        )
        .bind(subject)
        .bind(notice)
        .bind(to)
        .bind(tries)
        .bind(next_at)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Notes that the mail was taken over.
    pub async fn notice_sent(&self, subject: &str, notice: &str, to: &str, now: i64) -> Result<(), Unavailable> {
        sqlx::query("UPDATE notices SET sent_at = $4 WHERE subject = $1 AND notice = $2 AND user_id = $3")
            .bind(subject)
            .bind(notice)
            .bind(to)
            .bind(now)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Licenses and notices that were mailed, or given up, before an instant.
    pub async fn notices_before(&self, instant: i64) -> Result<Vec<(String, String)>, Unavailable> {
        let rows = sqlx::query_as("SELECT DISTINCT subject, notice FROM notices WHERE next_at <= $1");
        Ok(rows.bind(instant).fetch_all(&self.read).await?)
    }

    /// Forgets that a notice was mailed, so that it is mailed again when there is reason to.
    pub async fn forget_notice(&self, subject: &str, notice: &str) -> Result<(), Unavailable> {
        sqlx::query("DELETE FROM notices WHERE subject = $1 AND notice = $2")
            .bind(subject)
            .bind(notice)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The notices about a license whose banners a user put away.
    pub async fn dismissed(&self, user: &str, subject: &str) -> Result<Vec<String>, Unavailable> {
        let names = sqlx::query_scalar("SELECT notice FROM dismissed WHERE user_id = $1 AND subject = $2");
        Ok(names.bind(user).bind(subject).fetch_all(&self.read).await?)
    }

    /// Puts a banner away for a user: that of one notice about one license.
    pub async fn dismiss(&self, user: &str, subject: &str, notice: &str, now: i64) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO dismissed (user_id, subject, notice, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(user)
        .bind(subject)
        .bind(notice)
        .bind(now)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }
}
