//! Connections to a file that only read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use sqlx::any::AnyConnectOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::PATIENCE;
use super::file::{Gone, begin};
use super::journal::Identity;

/// How many are kept beside the pool.
const KEPT: usize = 4;

/// A pool, and connections of which one is ready at once. A pool asks each connection that comes back whether it lives: one more
/// way to its thread and back, as much again as reading something small takes. Those that are kept are asked only where somebody
/// gave up or something failed.
#[derive(Debug)]
pub(super) struct Readers {
    pool: AnyPool,
    /// Made when they are needed first, and used in this order: what was in use a moment ago is still warm.
    kept: [Slot; KEPT],
    path: PathBuf,
    identity: Identity,
    options: AnyConnectOptions,
    beginning: &'static str,
}

/// A connection, once it is made, and who uses it.
type Slot = Arc<Mutex<Option<AnyConnection>>>;

/// One of them, in use.
#[derive(Debug)]
pub(super) enum Reader {
    Kept { slot: Option<OwnedMutexGuard<Option<AnyConnection>>>, is_well: bool },
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

    /// Whether any is open.
    pub(super) fn is_open(&self) -> bool {
        let is_open = |slot: &Slot| slot.try_lock().map_or(true, |slot| slot.is_some());
        self.pool.size() > 0 || self.kept.iter().any(is_open)
    }

    /// One that is free.
    pub(super) async fn one(&self) -> sqlx::Result<Reader> {
        for slot in &self.kept {
            let Ok(mut slot) = Arc::clone(slot).try_lock_owned() else { continue };
            if slot.is_none() {
                // The pool knows whether it is over.
                if self.pool.is_closed() {
                    continue;
                }
                match timeout(PATIENCE, self.connect()).await {
                    Ok(Ok(connection)) => *slot = Some(connection),
                    failed => {
                        drop(slot);
                        if let Some(open) = self.open_one().await {
                            return Ok(open);
                        }
                        match failed {
                            Ok(Err(error)) if Gone::is(&error) => return Err(error),
                            // The pool tries again, and says why it fails.
                            _ => break,
                        }
                    }
                }
            }
            return Ok(Reader::Kept { slot: Some(slot), is_well: false });
        }
        match self.pool.acquire().await {
            Ok(connection) => Ok(Reader::Pooled(connection)),
            Err(error) => self.open_one().await.ok_or(error),
        }
    }

    /// One that is open already. Until somebody has looked, all of the file that is gone is read, or nothing: not one and the other
    /// in turns.
    async fn open_one(&self) -> Option<Reader> {
        for slot in &self.kept {
            let slot = timeout(PATIENCE, Arc::clone(slot).lock_owned()).await.ok()?;
            if slot.is_some() {
                return Some(Reader::Kept { slot: Some(slot), is_well: false });
            }
        }
        None
    }

    async fn connect(&self) -> sqlx::Result<AnyConnection> {
        let mut connection = AnyConnection::connect_with(&self.options).await?;
        begin(&mut connection, &self.path, self.identity, self.beginning).await?;
        Ok(connection)
    }

    /// Waits for what is read, no longer than this, and closes.
    pub(super) async fn close(&self, patience: Duration) {
        // From here on no other one is made.
        let pool = self.pool.close();
        let kept = join_all(self.kept.iter().map(|slot| async move {
            if let Some(connection) = slot.lock().await.take() {
                // It fails where its thread is gone, and then there is nothing to close.
                let _ = connection.close().await;
            }
        }));
        if timeout(patience, join(pool, kept)).await.is_err() {
            tracing::warn!("something still reads from the database's file");
        }
    }
}

impl Reader {
    /// The connection.
    pub(super) fn connection(&mut self) -> sqlx::Result<&mut AnyConnection> {
        match self {
            Self::Kept { slot, .. } => slot.as_mut().and_then(|slot| slot.as_mut()).ok_or(sqlx::Error::WorkerCrashed),
            Self::Pooled(connection) => Ok(connection),
        }
    }

    /// It was read to the end: without an error, the next one may have the connection at once.
    pub(super) fn finish(&mut self, has_worked: bool) {
        if let Self::Kept { is_well, .. } = self {
            *is_well = has_worked;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Self::Kept { slot, is_well: false } = self else { return };
        let (Some(mut slot), Ok(runtime)) = (slot.take(), Handle::try_current()) else { return };
        // Somebody gave up in the middle, or it failed. Nobody has it before its thread says that it is done; if that is gone,
        // another one is made.
        runtime.spawn(async move {
            let lives = match slot.as_mut() {
                Some(connection) => connection.ping().await.is_ok(),
                None => true,
            };
            if !lives {
                *slot = None;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;
    use std::time::{Duration, Instant};

    use futures_util::poll;
    use tokio::task::yield_now;
    use tokio::time::sleep;

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
                // Each twelfth one does not give up.
                let most = if number % 12 == 11 { i64::MAX } else { number % 12 * 50 };
                for _ in 0..=most {
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_waits_for_a_connection_that_is_at_work_for_somebody_who_gave_up() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(&format!("sqlite://{}/read.db", folder.path().display())).await.unwrap();
        // One row, for which its thread works long.
        let long = "WITH RECURSIVE rows (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM rows WHERE number < 3000000) \
                    SELECT COUNT(*) FROM rows";
        let begun = Instant::now();
        let _: i64 = sqlx::query_scalar(long).fetch_one(&store.read).await.unwrap();
        let takes = begun.elapsed();
        for number in 0..3_i64 {
            {
                let mut reading = pin!(sqlx::query_scalar::<_, i64>(long).fetch_one(&store.read));
                // Nobody can see from here when its thread begins: asked again and again, for a small part of what it takes.
                for _ in 0..20 {
                    assert!(poll!(reading.as_mut()).is_pending());
                    sleep(Duration::from_millis(1)).await;
                }
            }
            let begun = Instant::now();
            let next: i64 = sqlx::query_scalar("SELECT $1").bind(number).fetch_one(&store.read).await.unwrap();
            assert_eq!(next, number);
            assert!(begun.elapsed() < takes / 2, "{:?} of {takes:?}", begun.elapsed());
        }
        store.close().await;
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["read.db"], "its journal went with the last connection");
    }

    #[tokio::test]
    async fn while_nobody_has_looked_all_read_the_file_that_is_gone() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("read.db");
        let store = Store::open_for_command(&format!("sqlite://{}", file.display())).await.unwrap();
        let ask =
            async |number: i64| sqlx::query_scalar::<_, i64>("SELECT $1").bind(number).fetch_one(&store.read).await;
        assert_eq!(ask(1).await.unwrap(), 1);
        std::fs::rename(&file, folder.path().join("elsewhere.db")).unwrap();
        // More than are open: those that find none cannot make one.
        let answers = futures_util::future::join_all((0..8).map(ask)).await;
        for (number, answer) in (0..).zip(answers) {
            assert_eq!(answer.unwrap(), number);
        }
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
