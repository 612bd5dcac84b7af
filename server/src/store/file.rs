//! The file of an SQLite database, which somebody may take away, delete or replace while the server runs.
//!
//! Handles go on with the file that they opened, wherever it is by now, while SQLite finds its journal (`-wal`, `-shm`) by the
//! path. So connections belong to one file, and none is opened to the next before those are closed and their journal is gone: it
//! would be written into the new file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _};
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use super::journal::{Aside, Identity, identity, journal};
use super::readers::Readers;

/// How often somebody looks whether the file is still there. Who writes looks each time.
const LOOK: Duration = Duration::from_secs(1);

/// Writes all of the journal into the file.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The file is not at its path.
#[derive(Debug)]
pub(super) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file that was opened is not at its path any more")
    }
}

impl std::error::Error for Gone {}

impl Gone {
    pub(super) fn is(error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::Io(error) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>))
    }

    fn error() -> sqlx::Error {
        sqlx::Error::Io(io::Error::other(Self))
    }
}

/// What connections are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Read,
    Write,
}

/// A file, and the connections to it.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    options: AnyConnectOptions,
    /// How each pool is made.
    pools: [fn() -> (AnyPoolOptions, &'static str); 2],
    opened: Mutex<Opened>,
    /// Held by who looks.
    turn: tokio::sync::Mutex<()>,
}

/// The file that is open.
#[derive(Clone, Debug)]
struct Opened {
    identity: Identity,
    /// Its `-wal` and `-shm`.
    journal: [Option<Identity>; 2],
    /// Whether it was there at the last look.
    is_there: bool,
    /// How many were open before it.
    number: u64,
    read: Arc<Readers>,
    write: AnyPool,
}

impl File {
    /// Opens the file, which must be there.
    pub(super) async fn open(
        path: &Path,
        options: AnyConnectOptions,
        pools: [fn() -> (AnyPoolOptions, &'static str); 2],
    ) -> sqlx::Result<Arc<Self>> {
        let identity = identity(path)?;
        let (read, write) = connections(path, identity, &options, pools).await?;
        let opened = Opened { identity, journal: journal(path), is_there: true, number: 0, read, write };
        Ok(Arc::new(Self {
            path: path.to_owned(),
            options,
            pools,
            opened: Mutex::new(opened),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// The connections that only read.
    pub(super) fn readers(&self) -> sqlx::Result<Arc<Readers>> {
        let opened = self.opened();
        if opened.is_there { Ok(Arc::clone(&opened.read)) } else { Err(Gone::error()) }
    }

    /// The connections, and which file they are to.
    pub(super) fn connections(&self, to: Use) -> sqlx::Result<(AnyPool, u64)> {
        // A copy: nobody waits at this lock while a disk that hangs is asked.
        let opened = self.opened().clone();
        match to {
            Use::Read if opened.is_there => Ok((opened.read.pool().clone(), opened.number)),
            Use::Write if opened.is_there && self.has(opened.identity) => Ok((opened.write, opened.number)),
            _ => Err(Gone::error()),
        }
    }

    /// Whether the file of that number is still the one at the path: looked at now.
    pub(super) fn is_still(&self, number: u64) -> sqlx::Result<()> {
        match self.connections(Use::Write)? {
            (_, now) if now == number => Ok(()),
            _ => Err(Gone::error()),
        }
    }

    fn has(&self, one: Identity) -> bool {
        identity(&self.path).is_ok_and(|found| found == one)
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        // Nothing in here can be left half done.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks what is at the path, and goes on with that.
    async fn look(&self) {
        let _turn = self.turn.lock().await;
        let before = self.opened().clone();
        let found = identity(&self.path);
        let is_the_same = found.as_ref().is_ok_and(|found| *found == before.identity);
        // Put back after another one could not be taken into use, it has no connections any more.
        let has_connections = before.is_there || !before.write.is_closed();
        if is_the_same && has_connections {
            let journal = journal(&self.path);
            let mut opened = self.opened();
            (opened.is_there, opened.journal) = (true, journal);
            return;
        }
        // From here on nobody begins anything.
        self.opened().is_there = false;
        if before.is_there {
            tracing::error!(file = %self.path.display(), "the database's file was taken away or replaced");
            // What stands in the journal alone belongs into the file, wherever that is now.
            let writing = async {
                if before.write.size() > 0 {
                    before.write.execute(CHECKPOINT).await?;
                } else if before.read.is_open() {
                    before.read.one().await?.connection()?.execute(CHECKPOINT).await?;
                }
                Ok::<_, sqlx::Error>(())
            };
            if !matches!(timeout(PATIENCE, writing).await, Ok(Ok(()))) {
                tracing::error!("the journal of the database's file could not be written into it");
            }
        }
        let Ok(found) = found else { return };
        for pool in [&before.write, before.read.pool()] {
            // Whoever is trying to open one more connection to the file before is not waited for.
            if let Ok(nowhere) = "sqlite:///dev/null/nowhere?mode=rw".parse() {
                pool.set_connect_options(nowhere);
            }
        }
        // Whoever does not come to an end is not waited for.
        let _ = timeout(PATIENCE, before.write.close()).await;
        before.read.close(PATIENCE).await;
        let aside = match if is_the_same { Ok(Aside::default()) } else { Aside::set(&self.path, before.journal) } {
            Ok(aside) => aside,
            Err(error) => {
                tracing::error!(%error, "the journal of the database's file before is in the way of the one that is there now");
                return;
            }
        };
        // By one connection first: pools try again and again, and do not say why.
        if let Err(error) = self.can_be_opened().await {
            tracing::error!(%error, "what is in the place of the database's file cannot be opened");
            // As if nothing had been: the file before may be put back.
            return aside.put_back();
        }
        aside.keep();
        let opening = connections(&self.path, found, &self.options, self.pools);
        let (read, write) = match timeout(PATIENCE, opening).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                return tracing::error!(%error, "what is in the place of the database's file cannot be opened");
            }
            Err(_) => return tracing::error!("what is in the place of the database's file does not open in time"),
        };
        let number = before.number.saturating_add(1);
        // Who is connected has a journal: so it is known whose that is, whatever comes next.
        let journal = journal(&self.path);
        *self.opened() = Opened { identity: found, journal, is_there: true, number, read, write };
        tracing::warn!(file = %self.path.display(), "another file is in the place of the database's, and is used from now on");
    }

    /// Whether what is at the path is our database.
    async fn can_be_opened(&self) -> sqlx::Result<()> {
        // SQLite would take a file of no length for a database, write into it, and remove the journal beside it.
        if std::fs::metadata(&self.path)?.len() == 0 {
            return Err(Gone::error());
        }
        let opening = async {
            let mut connection = AnyConnection::connect_with(&self.options).await?;
            // One of our tables: no other database is, nor a copy that has only begun.
            let read = connection.execute("SELECT COUNT(*) FROM platform_config").await;
            connection.close().await?;
            read.map(|_| ())
        };
        timeout(PATIENCE, opening).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Looks each second, for as long as anybody uses it.
    pub(super) async fn watch(file: Weak<Self>) {
        loop {
            sleep(LOOK).await;
            let Some(file) = file.upgrade() else { return };
            file.look().await;
        }
    }

    /// Waits for what runs, where it reads for five seconds, and closes.
    pub(super) async fn close(&self) {
        self.look().await;
        let Opened { read, write, .. } = self.opened().clone();
        read.close(PATIENCE).await;
        // A disk that hangs must not keep the process.
        if timeout(PATIENCE, write.close()).await.is_err() {
            tracing::warn!("something still writes into the database's file");
        }
    }
}

/// Connections to that file alone. They stay: so no other file gets its number while it is open, and its journal stays the same.
async fn connections(
    path: &Path,
    one: Identity,
    options: &AnyConnectOptions,
    pools: [fn() -> (AnyPoolOptions, &'static str); 2],
) -> sqlx::Result<(Arc<Readers>, AnyPool)> {
    let stays = |pool: AnyPoolOptions, beginning| {
        let path = path.to_owned();
        pool.idle_timeout(None).max_lifetime(None).after_connect(move |connection, _| {
            let path = path.clone();
            Box::pin(async move { begin(connection, &path, one, beginning).await })
        })
    };
    let [(readers, reading), (writers, writing)] = pools.map(|pool| pool());
    let write = stays(writers, writing).connect_with(options.clone()).await?;
    // Made when those that are kept ready do not do.
    let read = stays(readers, reading).connect_lazy_with(options.clone());
    Ok((Arc::new(Readers::of((path, one), read, options.clone(), reading)), write))
}

/// Begins with a connection that was made at that path, if it is to that file.
pub(super) async fn begin(
    connection: &mut AnyConnection,
    path: &Path,
    one: Identity,
    beginning: &'static str,
) -> sqlx::Result<()> {
    // Before its first statement, which would open a journal: that may be of another file.
    if !identity(path).is_ok_and(|found| found == one) {
        return Err(Gone::error());
    }
    connection.execute(beginning).await?;
    // Now it has its journal open, and keeps it. It is of that file if that was still there.
    if identity(path).is_ok_and(|found| found == one) { Ok(()) } else { Err(Gone::error()) }
}
