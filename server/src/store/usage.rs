//! `usage_reports` and `usage_days`: what services say that they use, and the most that was in use on each day.

use countersign_app::{Usage, UsageDay, UsageReport};

use super::{Store, Transaction, Unavailable, accounts};

/// A report counts for this many seconds: a day. A service that is gone stops counting.
const COUNTS: i64 = 24 * 60 * 60;
/// The most services that are known at a time.
const SERVICES: i64 = 1000;

/// What a report came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It counts; what is in use in all.
    Done(Usage),
    /// A thousand other services have reported within a day: nothing was changed.
    TooMany,
}

type Row = (i64, i64, i64, i64);

fn usage((cpu_cores, ram_gb, vram_gb, users): Row) -> Usage {
    let [cpu_cores, ram_gb, vram_gb, users] = [cpu_cores, ram_gb, vram_gb, users].map(count);
    Usage { cpu_cores, ram_gb, vram_gb, users }
}

fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

/// Whoever writes larger numbers than anybody reads gets the largest that can be stored.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What is in use at an instant: the sums of what was reported after `$1`, and the users.
const SUMS: &str = "SELECT COALESCE(CAST(SUM(cpu_cores) AS BIGINT), 0), COALESCE(CAST(SUM(ram_gb) AS BIGINT), 0), \
                    COALESCE(CAST(SUM(vram_gb) AS BIGINT), 0), (SELECT CAST(COUNT(*) AS BIGINT) FROM users) \
                    FROM usage_reports WHERE reported_at > $1";

/// Raises what is known of a day to this, where this is more.
async fn fold(tx: &mut Transaction, now: i64, most: Usage) -> Result<(), Unavailable> {
    sqlx::query(
        "INSERT INTO usage_days (day, cpu_cores, ram_gb, vram_gb, users) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (day) DO UPDATE SET \
         cpu_cores = CASE WHEN excluded.cpu_cores > usage_days.cpu_cores THEN excluded.cpu_cores ELSE usage_days.cpu_cores END, \
         ram_gb = CASE WHEN excluded.ram_gb > usage_days.ram_gb THEN excluded.ram_gb ELSE usage_days.ram_gb END, \
         vram_gb = CASE WHEN excluded.vram_gb > usage_days.vram_gb THEN excluded.vram_gb ELSE usage_days.vram_gb END, \
         users = CASE WHEN excluded.users > usage_days.users THEN excluded.users ELSE usage_days.users END",
    )
    .bind(day(now))
    .bind(stored(most.cpu_cores))
    .bind(stored(most.ram_gb))
    .bind(stored(most.vram_gb))
    .bind(stored(most.users))
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The day of an instant, counted from 1970-01-01 UTC.
fn day(now: i64) -> i64 {
    now.div_euclid(24 * 60 * 60)
}

impl Store {
    /// Takes the report of a service, in the place of its last one.
    pub async fn report_usage(&self, report: &UsageReport) -> Result<Reported, Unavailable> {
        let now = report.reported_at;
        let since = now.saturating_sub(COUNTS);
        let mut tx = self.begin().await?;
        accounts::one_at_a_time(&mut tx).await?;
        sqlx::query("DELETE FROM usage_reports WHERE reported_at <= $1").bind(since).execute(&mut tx).await?;
        let others: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM usage_reports WHERE service <> $1")
            .bind(&report.service)
            .fetch_one(&mut tx)
            .await?;
        if others >= SERVICES {
            return Ok(Reported::TooMany);
        }
        sqlx::query(
            "INSERT INTO usage_reports (service, cpu_cores, ram_gb, vram_gb, reported_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (service) DO UPDATE SET cpu_cores = excluded.cpu_cores, ram_gb = excluded.ram_gb, \
             vram_gb = excluded.vram_gb, reported_at = excluded.reported_at",
        )
        .bind(&report.service)
        .bind(stored(report.cpu_cores))
        .bind(stored(report.ram_gb))
        .bind(stored(report.vram_gb))
        .bind(now)
        .execute(&mut tx)
        .await?;
        let sums = usage(sqlx::query_as(SUMS).bind(since).fetch_one(&mut tx).await?);
        fold(&mut tx, now, sums).await?;
        tx.commit().await?;
        Ok(Reported::Done(sums))
    }

    /// What is in use now, and what services said of it, by name.
    pub async fn usage(&self, now: i64) -> Result<(Usage, Vec<UsageReport>), Unavailable> {
        let since = now.saturating_sub(COUNTS);
        let sums: Row = sqlx::query_as(SUMS).bind(since).fetch_one(&self.read).await?;
        let rows: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT service, cpu_cores, ram_gb, vram_gb, reported_at FROM usage_reports WHERE reported_at > $1 \
             ORDER BY service",
        )
        .bind(since)
        .fetch_all(&self.read)
        .await?;
        let report = |(service, cpu_cores, ram_gb, vram_gb, reported_at)| {
            let [cpu_cores, ram_gb, vram_gb] = [cpu_cores, ram_gb, vram_gb].map(count);
            UsageReport { service, cpu_cores, ram_gb, vram_gb, reported_at }
        };
        Ok((usage(sums), rows.into_iter().map(report).collect()))
    }

    /// The last so many days of which anything is known, the newest first.
    pub async fn usage_days(&self, now: i64, days: i64) -> Result<Vec<UsageDay>, Unavailable> {
        let rows: Vec<(i64, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT day, cpu_cores, ram_gb, vram_gb, users FROM usage_days WHERE day > $1 AND day <= $2 ORDER BY day DESC",
        )
        .bind(day(now).saturating_sub(days))
        .bind(day(now))
        .fetch_all(&self.read)
        .await?;
        let of_day = |(day, cpu, ram, vram, users)| UsageDay { day, most: usage((cpu, ram, vram, users)) };
        Ok(rows.into_iter().map(of_day).collect())
    }

    /// Notes what is in use now with the day, where that is more than is known of it.
    pub async fn note_usage(&self, now: i64) -> Result<(), Unavailable> {
        let (sums, _) = self.usage(now).await?;
        let known = self.usage_days(now, 1).await?.first().map(|day| day.most);
        let is_more = known.is_none_or(|most| {
            sums.cpu_cores > most.cpu_cores
                || sums.ram_gb > most.ram_gb
                || sums.vram_gb > most.vram_gb
                || sums.users > most.users
        });
        if is_more {
            let mut tx = self.begin().await?;
            fold(&mut tx, now, sums).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
