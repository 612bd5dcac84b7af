//! PostgreSQL: for more than one machine.

use std::str::FromStr as _;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Connection as _, Executor as _};
use tokio::time::timeout;

use super::{
    Kind, OpenError, PATIENCE, Pool, Store, Transaction, Unavailable, migrations, postgres_address as address,
};

/// The oldest PostgreSQL that all of this was tried on: `make test` does. Older ones are not mended any more.
const OLDEST: u32 = 14;
/// Connections of a replica that write. One works, the other waits for it.
const WRITERS: u32 = 2;
/// Connections of a replica that read.
const READERS: u32 = 8;
/// How long a connection may take to say that it lives.
const ALIVE: Duration = Duration::from_secs(1);
/// No statement may take long: less than anybody waits on this side, so that who waits for a lock hears so. A replica that stops in
/// the middle of a transaction (paused, or cut off) loses it, so that the others go on; and a commit is on the disk when it returns,
/// whatever the server's configuration says.
const WRITER: &str = "SET statement_timeout = '4500ms'; SET lock_timeout = '4500ms'; \
                      SET idle_in_transaction_session_timeout = '10s'; SET synchronous_commit = on; \
                      SET client_min_messages = error";
const READER: &str = "SET statement_timeout = '4500ms'; SET idle_in_transaction_session_timeout = '10s'; \
                      SET default_transaction_read_only = on; SET client_min_messages = error";
/// For a transaction that reads or copies everything, which takes as long as there is much: whether anything still comes is watched
/// on this side, row by row.
pub(super) const LONG: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// How a transaction begins that reads one snapshot.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// The lock of who writes: taken by every transaction, so that writing means the same as on SQLite, one at a time. The number
/// says nothing; it must only be ours.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4850721093)";

/// `is_replica`: many use it at once; else one command, which does one thing after the other.
pub(super) async fn open(url: &str, is_replica: bool) -> Result<Store, OpenError> {
    let refused = |why: String| OpenError { database: "the PostgreSQL database".to_owned(), why };
    let failed = |error: sqlx::Error| refused(address::why(&error));
    let url = address::read(url).map_err(refused)?;
    let options = AnyConnectOptions::from_str(&url).map_err(failed)?;
    let connecting = timeout(PATIENCE, sqlx::AnyConnection::connect_with(&options)).await;
    let mut connection = connecting.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
    let version = timeout(PATIENCE, version(&mut connection)).await;
    let version = version.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
    if version < OLDEST {
        let old =
            format!("it is PostgreSQL {version}: Countersign needs {OLDEST} or a later one; nothing was changed there");
        return Err(refused(old));
    }
    // Many replicas may start at once: sqlx takes a lock of its own meanwhile.
    let migrated = migrations().run(&mut connection).await;
    migrated.map_err(|error| refused(format!("its tables cannot be brought up to date: {error}")))?;
    connection.close().await.map_err(failed)?;
    let (writers, readers) = if is_replica { (WRITERS, READERS) } else { (1, 1) };
    let write = pool(writers, WRITER).connect_with(options.clone()).await.map_err(failed)?;
    let read = pool(readers, READER).connect_with(options).await.map_err(failed)?;
    let pool = |pool| Pool::of_server(pool, PATIENCE);
    Ok(Store::of(Kind::Postgres, pool(read), pool(write)))
}

/// The release that answers, such as 14. It numbers itself with four digits more, for its repairs.
async fn version(connection: &mut sqlx::AnyConnection) -> sqlx::Result<u32> {
    let number: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(connection).await?;
    number.parse().map(|number: u32| number / 10_000).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// So many connections, which stay. A pool that may grow tries to where all are in use, and fails where PostgreSQL has none left;
/// one that is complete waits until one of its own is free.
fn pool(connections: u32, beginning: &'static str) -> AnyPoolOptions {
    let pool = AnyPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    let pool = pool.after_connect(move |connection, _| {
        Box::pin(async move {
            connection.execute(beginning).await?;
            Ok(())
        })
    });
    let pool = pool.min_connections(connections).idle_timeout(None).max_lifetime(None);
    // Who hangs, or is gone without a word, does not say so. Asked before it is used, so that another takes its place at once; and
    // after, since whoever leaves one may have given up waiting for it.
    let pool = pool.test_before_acquire(false);
    pool.before_acquire(|connection, _| lives(connection)).after_release(|connection, _| is_free(connection))
}

/// Ends whatever transaction is still open. sqlx knows of one only when its beginning was answered: of whoever gave up before that, a
/// snapshot would stay, in which all who come later read what is no longer so, or write what nobody commits. Where there is none,
/// PostgreSQL warns, which nobody asks it to.
fn is_free(connection: &mut sqlx::AnyConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async move {
        let ended = timeout(ALIVE, connection.execute("ROLLBACK")).await;
        ended.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|_| true)
    })
}

fn lives(connection: &mut sqlx::AnyConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async move {
        let answered = timeout(ALIVE, connection.ping()).await;
        answered.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
    })
}

/// Begins when no other transaction writes.
pub(super) async fn begin(write: &Pool, read: &Pool) -> Result<Transaction, Unavailable> {
    let beginning = async {
        let mut tx = write.begin_with("BEGIN").await?;
        tx.execute(LOCK).await?;
        Ok(tx)
    };
    match timeout(PATIENCE, beginning).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
        // Who reads is answered: so the connections that write are in use, by others who wait for the lock as well.
        Err(error @ sqlx::Error::PoolTimedOut)
            if matches!(timeout(ALIVE, read.execute("SELECT 1")).await, Ok(Ok(_))) =>
        {
            tracing::error!(%error, "database");
            Err(Unavailable::Busy)
        }
        result => Ok(result?),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
    use tokio::task::yield_now;

    use super::super::Store;

    #[tokio::test]
    async fn who_gives_up_at_the_beginning_of_a_transaction_leaves_none_behind() {
        #[expect(clippy::disallowed_methods, reason = "the tests' own switch")]
        let server = std::env::var("COUNTERSIGN_POSTGRES").expect("it is run through scripts/postgres.sh");
        sqlx::any::install_default_drivers();
        let name = format!("given_up_{}", std::process::id());
        let mut maker = sqlx::AnyConnection::connect(&format!("{server}/postgres")).await.unwrap();
        maker.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let store = Store::open_for_command(&format!("{server}/{name}")).await.unwrap();
        let mut given_up = 0;
        for number in 0..400_usize {
            {
                let mut beginning = pin!(store.snapshot());
                for _ in 0..=number {
                    if poll!(beginning.as_mut()).is_ready() {
                        break;
                    }
                    given_up += usize::from(number > 0);
                    yield_now().await;
                }
            }
            // In a transaction of before, time stands still.
            let now = async || {
                let now = sqlx::query_scalar::<_, String>("SELECT CAST(now() AS TEXT)").fetch_one(&store.read);
                now.await.unwrap()
            };
            assert_ne!(now().await, now().await, "after {number}");
        }
        assert!(given_up > 100, "{given_up}");
        store.close().await;
    }
}
