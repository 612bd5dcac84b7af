//! The database. All SQL of the product stands in this folder, one file for each thing that is stored.
//!
//! The same SQL runs on SQLite and PostgreSQL. On SQLite there are two pools: one connection that writes, and several that
//! read and never wait for it (WAL).

mod accounts;
mod attempts;
mod audit;
mod config;
mod figures;
mod license;
mod notices;
mod phone_home;
mod returned;
mod seats;
mod sessions;
mod setup;
mod state;
mod usage;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, Connection as _, Executor as _, SqlSafeStr as _};

pub use accounts::{Account, Invited, Managed, NewAccount};
pub use attempts::Tried;
pub use audit::Entry;
pub use figures::Figures;
pub use license::{History, Pair, Rotated};
pub use notices::Recipient;
pub use phone_home::Contact;
pub(crate) use phone_home::News;
pub use seats::Seats;
pub(crate) use sessions::NewSession;
pub use sessions::SessionRow;
pub use setup::{Draft, FirstAdmin, SetupRows, TokenUse};
pub use usage::Reported;

/// The database did not do what it was asked to. The reason is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        // A database's message names tables and constraints. Values are bound, never part of it.
        tracing::error!(%error, "database");
        Self
    }
}

/// Why a database cannot be opened, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError(String);

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A transaction that writes. Dropped without `commit`, it never was.
pub(crate) type Transaction = sqlx::Transaction<'static, Any>;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    read: AnyPool,
    write: AnyPool,
}

/// How long a connection waits for a lock, and a request for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS: u32 = 8;

impl Store {
    /// Opens the database at `url`, makes it when it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// The address is of no kind that this build knows, or the file cannot be made, opened, read or written.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let Some(path) = sqlite_path(url) else {
            return Err(OpenError(
                "DATABASE_URL is a PostgreSQL address, which this version cannot use yet: write sqlite://PATH"
                    .to_owned(),
            ));
        };
        let failed = |error: &dyn fmt::Display| {
            OpenError(format!("the database {} (DATABASE_URL) cannot be opened: {error}", path.display()))
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        private_file(&path).map_err(|error| failed(&error))?;

        // Only here may the file be made. Later, a file that is gone must be an error and never an empty database, on
        // which the wizard would open.
        let options = |mode: &str| AnyConnectOptions::from_str(&format!("sqlite://{}?mode={mode}", encoded(&path)));
        let first = options("rwc").map_err(|error| failed(&error))?;
        let mut connection = sqlx::AnyConnection::connect_with(&first).await.map_err(|error| failed(&error))?;
        connection.execute(WRITER).await.map_err(|error| failed(&error))?;
        migrations().run(&mut connection).await.map_err(|error| failed(&error))?;
        connection.close().await.map_err(|error| failed(&error))?;

        let opened = options("rw").map_err(|error| failed(&error))?;
        let pool = |connections: u32, pragmas: &'static str| {
            // A file needs no question whether it is still there, which would cost as much as the reading that follows.
            let options = AnyPoolOptions::new().max_connections(connections).test_before_acquire(false);
            options.acquire_timeout(PATIENCE).after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(pragmas).await?;
                    Ok(())
                })
            })
        };
        let write = pool(1, WRITER).connect_with(opened.clone()).await.map_err(|error| failed(&error))?;
        let read = pool(READERS, READER).connect_with(opened).await.map_err(|error| failed(&error))?;
        Ok(Self { read, write })
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once: one that took it later could be
    /// refused without waiting.
    pub(crate) async fn begin(&self) -> Result<Transaction, Unavailable> {
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        self.is_set_up().await.is_ok()
    }

    /// Waits for what runs, and closes.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// A power cut takes nothing that was confirmed: every commit is on the disk when it returns.
const WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      PRAGMA foreign_keys = ON";
const READER: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON";

/// The tables, step by step. A step that was ever released is never changed.
fn migrations() -> Migrator {
    const STEPS: [(i64, &str, &str); 2] = [
        (1, "begin", include_str!("../../migrations/0001_begin.sql")),
        (2, "runtime", include_str!("../../migrations/0002_runtime.sql")),
    ];
    let step = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(STEPS.into_iter().map(step).collect())
}

/// The file of an SQLite address.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?;
    Some(PathBuf::from(path.split_once('?').map_or(path, |(path, _)| path)))
}

/// A path as part of an address.
fn encoded(path: &Path) -> String {
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
