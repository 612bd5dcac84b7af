//! SQLite: a file, one connection that writes, and several that read and never wait for it (WAL).

use std::error::Error;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Connection as _, Executor as _};
use tokio::time::sleep;

use super::file::{File, Use};
use super::unavailable::remedy;
use super::{Kind, OpenError, PATIENCE, Pool, Store, Transaction, Unavailable, migrations};

/// Connections that read, beside those that are kept ready.
const READERS: u32 = 4;
/// A power cut takes nothing that was confirmed: every commit is on the disk when it returns.
const WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      PRAGMA foreign_keys = ON";
/// Reads something, so that the journal is open.
const READER: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; SELECT COUNT(*) FROM sqlite_schema";

/// The file of an SQLite address.
pub(crate) fn path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?;
    Some(PathBuf::from(path.split_once('?').map_or(path, |(path, _)| path)))
}

/// `is_watched`: for as long as a server runs, not for one command.
pub(super) async fn open(path: &Path, is_watched: bool) -> Result<Store, OpenError> {
    let failed = |error: &(dyn Error + 'static)| {
        let remedy = remedy(error).map(|remedy| format!("; {remedy}")).unwrap_or_default();
        OpenError { database: format!("the database {}", path.display()), why: format!("{error}{remedy}") }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    private_file(path).map_err(|error| failed(&error))?;

    // Only here may the file be made. Later, a file that is gone must be an error and never an empty database, on which the
    // wizard would open.
    let options = |mode: &str| AnyConnectOptions::from_str(&format!("sqlite://{}?mode={mode}", encoded(path)));
    let first = options("rwc").map_err(|error| failed(&error))?;
    let mut connection = sqlx::AnyConnection::connect_with(&first).await.map_err(|error| failed(&error))?;
    let begun = Instant::now();
    // A new file's journal changes its kind, for which SQLite does not wait where others do the same.
    while let Err(error) = connection.execute(WRITER).await {
        if Unavailable::of(&error) != Unavailable::Busy || begun.elapsed() >= PATIENCE {
            return Err(failed(&error));
        }
        sleep(Duration::from_millis(20)).await;
    }
    // All steps in one transaction that has the write lock from the start: whoever starts at the same time waits, and finds them done.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| failed(&error))?;
    migrations().run(&mut *tx).await.map_err(|error| failed(&error))?;
    tx.commit().await.map_err(|error| failed(&error))?;
    connection.close().await.map_err(|error| failed(&error))?;

    let opened = options("rw").map_err(|error| failed(&error))?;
    let file = File::open(path, opened, [|| (pool(READERS), READER), || (pool(1), WRITER)]);
    let file = file.await.map_err(|error| failed(&error))?;
    if is_watched {
        tokio::spawn(File::watch(Arc::downgrade(&file)));
    }
    Ok(Store::of(Kind::Sqlite, Pool::of_file(&file, Use::Read), Pool::of_file(&file, Use::Write)))
}

/// A connection to a file does not die meanwhile, so it is not asked whether it lives each time.
/// But a commit that found no room ends its transaction, of which sqlx knows nothing: that connection would never begin one again.
fn pool(connections: u32) -> AnyPoolOptions {
    let pool = AnyPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).test_before_acquire(false);
    pool.before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))))
}

/// Takes the write lock at once: a transaction that took it later could be refused without waiting.
pub(super) async fn begin(pool: &Pool) -> Result<Transaction, Unavailable> {
    match pool.begin_with("BEGIN IMMEDIATE").await {
        Ok(tx) => Ok(tx),
        // The one connection is in use, by somebody who waits for the lock as well.
        Err(error @ sqlx::Error::PoolTimedOut) => {
            tracing::error!(%error, "database");
            Err(Unavailable::Busy)
        }
        Err(error) => Err(error.into()),
    }
}

/// A path as part of an address: from the root on, as what an address begins with would be the name of a host.
fn encoded(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// Makes the file when it is not there: for its owner alone.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
