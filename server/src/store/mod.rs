//! The database. All SQL of the product stands in this folder, one file for each thing that is stored.
//!
//! The same SQL runs on SQLite and PostgreSQL. Some connections write, the others only read and never wait for those. What a person
//! or program waits for is written in a transaction, also where it is one statement, so that an answer that is lost is told as such;
//! what the jobs write alone is written again at the next pass, and may be lost. How each database is opened stands in its own file.

mod accounts;
mod attempts;
mod audit;
mod config;
mod examine;
mod figures;
mod file;
mod invitations;
mod journal;
mod license;
mod notices;
mod patience;
mod phone_home;
mod postgres;
mod postgres_address;
mod readers;
mod returned;
mod seats;
mod sessions;
mod setup;
mod shared;
mod sqlite;
mod state;
mod tables;
mod transfer;
mod unavailable;
mod usage;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Executor as _, SqlSafeStr as _};

pub use accounts::{Account, Managed, NewAccount};
pub use attempts::Tried;
pub use audit::Entry;
pub use figures::Figures;
pub use invitations::Invited;
pub use license::{History, Pair, Rotated};
pub use notices::Recipient;
pub(crate) use patience::Transaction;
pub use phone_home::Contact;
pub(crate) use phone_home::News;
pub use postgres_address::read as postgres_address;
pub use seats::Seats;
pub(crate) use sessions::NewSession;
pub use sessions::SessionRow;
pub use setup::{Draft, FirstAdmin, SetupRows, TokenUse};
pub(crate) use sqlite::path as sqlite_path;
pub use transfer::{Copied, TransferError};
pub use unavailable::Unavailable;
pub use usage::Reported;

use self::patience::{Pool, Snapshot};
use self::shared::Shared;

/// Why a database cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// Which one: `the database data/countersign.db`.
    database: String,
    /// Why, and what to do.
    why: String,
}

impl OpenError {
    /// In a sentence, with the setting that named the database.
    pub fn of(&self, setting: &str) -> String {
        format!("{} ({setting}) cannot be opened: {}", self.database, self.why)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be opened: {}", self.database, self.why)
    }
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    kind: Kind,
    read: Pool,
    write: Pool,
    /// What most requests ask, read once for all who ask at the same time.
    pairs: Arc<Shared<Result<Option<Pair>, Unavailable>>>,
    /// The same with a session, by its hash.
    sessions_and_pairs: Arc<Shared<Result<SessionAndPair, Unavailable>>>,
    /// The history that pages told last.
    before: Arc<Mutex<Option<license::Before>>>,
}

/// What the commonest question comes to.
pub(crate) type SessionAndPair = (Option<SessionRow>, Option<Pair>);

/// Which database it is. Only how it is opened and how a transaction begins differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// How long a connection waits for a lock, and a request for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the database at `url`, and brings its tables up to date. An SQLite file is made when it is not there.
    ///
    /// # Errors
    /// The database cannot be made, opened, reached, read or written.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_for(url, true).await
    }

    /// The same for a command, which does one thing after the other.
    ///
    /// # Errors
    /// As above.
    pub async fn open_for_command(url: &str) -> Result<Self, OpenError> {
        Self::open_for(url, false).await
    }

    /// Opens an SQLite file for a command, and makes it when it is not there. Any path will do, whatever an address makes of its
    /// characters.
    ///
    /// # Errors
    /// As above.
    pub async fn open_file_for_command(file: &Path) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        sqlite::open(file, false).await
    }

    async fn open_for(url: &str, is_replica: bool) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        match sqlite_path(url) {
            Some(path) => sqlite::open(&path, is_replica).await,
            None => postgres::open(url, is_replica).await,
        }
    }

    fn of(kind: Kind, read: Pool, write: Pool) -> Self {
        Self { kind, read, write, pairs: Arc::default(), sessions_and_pairs: Arc::default(), before: Arc::default() }
    }

    /// Begins a transaction that may write. There is one at a time, on either database: what it reads stays true until it
    /// ends.
    pub(crate) async fn begin(&self) -> Result<Transaction, Unavailable> {
        match self.kind {
            Kind::Sqlite => sqlite::begin(&self.write).await,
            Kind::Postgres => postgres::begin(&self.write, &self.read).await,
        }
    }

    /// Begins a transaction that only reads, all of it in one snapshot.
    async fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        Ok(match self.kind {
            Kind::Sqlite => self.read.begin_with("BEGIN").await?,
            Kind::Postgres => self.read.begin_with(postgres::SNAPSHOT).await?,
        })
    }

    /// Lifts the database's own limits for a transaction that reads or copies everything. SQLite has none.
    async fn take_long<For: fmt::Debug>(&self, tx: &mut Transaction<For>) -> Result<(), Unavailable> {
        if self.kind == Kind::Postgres {
            tx.execute(postgres::LONG).await?;
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        self.is_set_up().await.is_ok()
    }

    /// Waits for what runs, and closes.
    pub async fn close(&self) {
        self.read.close().await;
        // On SQLite both are of one file, which is closed as a whole.
        if self.kind == Kind::Postgres {
            self.write.close().await;
        }
    }
}

/// The tables, step by step. A step that was ever released is never changed.
fn migrations() -> Migrator {
    const STEPS: [(i64, &str, &str); 3] = [
        (1, "begin", include_str!("../../migrations/0001_begin.sql")),
        (2, "runtime", include_str!("../../migrations/0002_runtime.sql")),
        (3, "long", include_str!("../../migrations/0003_long.sql")),
    ];
    let step = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(STEPS.into_iter().map(step).collect());
    // Steps only add. So a version of before goes on, and starts again, on tables that a later one has brought up to date:
    // while replicas are swapped one after the other, both are there.
    migrator.set_ignore_missing(true);
    migrator
}
