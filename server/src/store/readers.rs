//! Connections to a file that only read.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use tokio::time::timeout;

use super::file::begin;
use super::journal::Identity;

/// How many are kept beside the pool.
const KEPT: usize = 4;

/// A pool, and connections of which one is ready at once. A pool asks each connection that comes back whether it lives: one more
/// way to its thread and back, which is most of what it takes to read something small. Those that are kept are not asked; a file's
/// do not die. Whoever gives up in the middle leaves one that is well: its thread finds that nobody listens, and goes on.
#[derive(Debug)]
pub(super) struct Readers {
    pool: AnyPool,
    /// Made when they are needed first, and then in this order: what was in use a moment ago is still warm.
    kept: [Mutex<Option<AnyConnection>>; KEPT],
    path: PathBuf,
    identity: Identity,
    options: AnyConnectOptions,
    beginning: &'static str,
}

/// One of them, in use.
#[derive(Debug)]
pub(super) enum Reader<'a> {
    Kept(MappedMutexGuard<'a, AnyConnection>),
    Pooled(PoolConnection<Any>),
}

impl Readers {
    /// Of the file of that identity alone.
    pub(super) fn of(
        (path, identity): (&Path, Identity),
        pool: AnyPool,
        options: AnyConnectOptions,
        beginning: &'static str,
    ) -> Self {
        Self { pool, kept: Default::default(), path: path.to_owned(), identity, options, beginning }
    }

    pub(super) const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// One that is free.
    pub(super) async fn one(&self) -> sqlx::Result<Reader<'_>> {
        for kept in &self.kept {
            let Ok(mut kept) = kept.try_lock() else { continue };
            if kept.is_none() {
                // The pool knows whether it is over, and says why one cannot be made.
                if self.pool.is_closed() {
                    break;
                }
                let Ok(connection) = self.connect().await else { break };
                *kept = Some(connection);
            }
            if let Ok(kept) = MutexGuard::try_map(kept, Option::as_mut) {
                return Ok(Reader::Kept(kept));
            }
        }
        Ok(Reader::Pooled(self.pool.acquire().await?))
    }

    async fn connect(&self) -> sqlx::Result<AnyConnection> {
        let mut connection = AnyConnection::connect_with(&self.options).await?;
        begin(&mut connection, &self.path, self.identity, self.beginning).await?;
        Ok(connection)
    }

    /// Waits for what is read, each no longer than this, and closes.
    pub(super) async fn close(&self, patience: Duration) {
        // From here on no other one is made.
        let pool = timeout(patience, self.pool.close()).await;
        if pool.is_err() {
            tracing::warn!("something reads from the database's file still");
        }
        for kept in &self.kept {
            if let Ok(mut kept) = timeout(patience, kept.lock()).await
                && let Some(connection) = kept.take()
            {
                let _ = timeout(patience, connection.close()).await;
            }
        }
    }
}

impl Deref for Reader<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::Kept(connection) => connection,
            Self::Pooled(connection) => connection,
        }
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Kept(connection) => connection,
            Self::Pooled(connection) => connection,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use futures_util::poll;
    use tokio::task::yield_now;

    use crate::store::Store;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_gives_up_in_the_middle_leaves_a_connection_that_answers_the_next_one() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(&format!("sqlite://{}/read.db", folder.path().display())).await.unwrap();
        let many = "WITH RECURSIVE rows (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM rows WHERE number < 2000) \
                    SELECT number FROM rows";
        let mut given_up = 0;
        for number in 0..300_i64 {
            {
                // Dropped at the end of this block, wherever it is.
                let mut reading = pin!(sqlx::query_scalar::<_, i64>(many).fetch_all(&store.read));
                let mut read = Poll::Pending;
                for _ in 0..=number % 12 * 50 {
                    read = poll!(reading.as_mut());
                    if read.is_ready() {
                        break;
                    }
                    yield_now().await;
                }
                match read {
                    Poll::Ready(read) => assert_eq!(read.unwrap(), (1..=2000).collect::<Vec<i64>>()),
                    Poll::Pending => given_up += 1,
                }
            }
            let next: i64 = sqlx::query_scalar("SELECT $1").bind(number).fetch_one(&store.read).await.unwrap();
            assert_eq!(next, number, "it is the answer to this question");
        }
        assert!((25..300).contains(&given_up), "{given_up} of 300 gave up");
        store.close().await;
    }

    #[tokio::test]
    async fn more_at_once_than_are_kept_are_all_served_and_nobody_is_when_it_is_closed() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(&format!("sqlite://{}/read.db", folder.path().display())).await.unwrap();
        let ask =
            async |number: i64| sqlx::query_scalar::<_, i64>("SELECT $1").bind(number).fetch_one(&store.read).await;
        let answers = futures_util::future::join_all((0..64).map(ask)).await;
        for (number, answer) in (0..).zip(answers) {
            assert_eq!(answer.unwrap(), number);
        }
        store.close().await;
        assert!(matches!(ask(1).await, Err(sqlx::Error::PoolClosed)));
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["read.db"], "its journal went with the last connection");
    }
}
