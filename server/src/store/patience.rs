//! How long anybody waits for PostgreSQL. Its own limits count for nothing where it hangs or the network is gone: no answer comes
//! then, and no error either. So whatever is asked has a limit on this side as well.
//!
//! What reads one row, or writes, has it as a whole; what reads many has it for each row.

use std::fmt::Debug;
use std::future::ready;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use sqlx::{Any, AnyPool, Either, Error, Execute, Executor, SqlStr};
use tokio::time::timeout;

use super::Unavailable;
use super::file::{File, Use};

type Result<T> = std::result::Result<T, Error>;
/// What a statement gives, one after the other.
type Given = Result<Either<<Any as sqlx::Database>::QueryResult, <Any as sqlx::Database>::Row>>;

/// Connections that are waited for no longer than this; a file's as long as it takes.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    to: To,
    limit: Option<Duration>,
}

#[derive(Clone, Debug)]
enum To {
    Server(AnyPool),
    File(Arc<File>, Use),
}

impl Pool {
    pub(super) fn of_server(pool: AnyPool, limit: Duration) -> Self {
        Self { to: To::Server(pool), limit: Some(limit) }
    }

    /// A file answers, or says why not: it needs no limit but its own.
    pub(super) fn of_file(file: &Arc<File>, to: Use) -> Self {
        Self { to: To::File(Arc::clone(file), to), limit: None }
    }

    /// Connections to what the database is now.
    fn now(&self) -> Result<AnyPool> {
        match &self.to {
            To::Server(pool) => Ok(pool.clone()),
            To::File(file, to) => file.connections(*to).map(|(pool, _)| pool),
        }
    }

    /// Begins a transaction with this statement.
    pub(super) async fn begin_with<For>(&self, statement: &'static str) -> Result<Transaction<For>> {
        let (pool, file) = match &self.to {
            To::Server(pool) => (pool.clone(), None),
            To::File(file, to) => {
                let (pool, number) = file.connections(*to)?;
                (pool, Some((Arc::clone(file), number)))
            }
        };
        let inner = within(self.limit, pool.begin_with(statement)).await?;
        Ok(Transaction { inner, limit: self.limit, file, of: PhantomData })
    }

    pub(super) async fn close(&self) {
        // Who hangs is not waited for.
        let close = async {
            match &self.to {
                To::Server(pool) => pool.close().await,
                To::File(file, _) => file.close().await,
            }
            Ok(())
        };
        let _ = within(self.limit, close).await;
    }
}

/// A transaction. Dropped without `commit`, it never was.
#[derive(Debug)]
pub(crate) struct Transaction<For = Changes> {
    inner: sqlx::Transaction<'static, Any>,
    limit: Option<Duration>,
    /// The file that it is in, and its number.
    file: Option<(Arc<File>, u64)>,
    of: PhantomData<fn() -> For>,
}

/// What a transaction is for: to change something.
#[derive(Debug)]
pub(crate) enum Changes {}

/// What a snapshot is for.
#[derive(Debug)]
pub(crate) enum Reading {}

/// A transaction that reads. It cannot be committed.
pub(super) type Snapshot = Transaction<Reading>;

impl Transaction {
    /// Confirms what was done. Without an answer nobody can say whether it was.
    pub(crate) async fn commit(self) -> std::result::Result<(), Unavailable> {
        // Nothing is confirmed that stands in a file which nobody will open again.
        if let Some((file, number)) = &self.file {
            file.is_still(*number)?;
        }
        within(self.limit, self.inner.commit()).await.map_err(|error| {
            let is_unsure = !error.as_database_error().is_some_and(is_refusal);
            tracing::error!(%error, is_unsure, "database, at a commit");
            if is_unsure { Unavailable::Unsure } else { Unavailable::of(&error) }
        })
    }
}

/// Whether a commit that a database answered like this was surely not done.
///
/// PostgreSQL: what it could not keep was against a rule, in the way of others, or too much. Any other answer may be that of a pooler
/// that lost it, or of one that wrote it down and then fell. SQLite: all but an error of its disk, where the mark of the commit may stand
/// in the journal, though it could not be forced to the disk; whoever opens the file after a crash may find it. Where writing itself
/// failed (`SQLITE_IOERR_WRITE`) it does not stand there.
fn is_refusal(error: &(dyn DatabaseError + 'static)) -> bool {
    let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else {
        let code = error.code().and_then(|code| code.parse::<u16>().ok());
        return code.is_some_and(|code| code & 0xff != 10 || code == 778);
    };
    // The standard's word for a commit of which nobody knows.
    if error.code() == "40003" {
        return false;
    }
    let is_class = |class: &&str| error.code().starts_with(*class);
    error.severity() != PgSeverity::Panic && ["23", "25", "40", "53", "55", "57014"].iter().any(is_class)
}

async fn within<T>(limit: Option<Duration>, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    match limit {
        Some(limit) => timeout(limit, work).await.unwrap_or(Err(Error::PoolTimedOut)),
        None => work.await,
    }
}

fn each_within<'e>(limit: Option<Duration>, given: BoxStream<'e, Given>) -> BoxStream<'e, Given> {
    let Some(limit) = limit else { return given };
    let next = move |given: Option<BoxStream<'e, Given>>| async move {
        let mut given = given?;
        match timeout(limit, given.next()).await {
            Ok(item) => Some((item?, Some(given))),
            Err(_) => Some((Err(Error::PoolTimedOut), None)),
        }
    };
    stream::unfold(Some(given), next).boxed()
}

impl<'p> Executor<'p> for &'_ Pool {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Given>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &self.to {
            To::File(file, Use::Read) => {
                let file = Arc::clone(file);
                let given = async move {
                    let mut reader = file.readers()?.one().await?;
                    // To the end, so that others can have the connection.
                    let given: Vec<Given> = reader.connection()?.fetch_many(query).collect().await;
                    reader.finish(given.last().is_none_or(Result::is_ok));
                    Ok(given)
                };
                let given = stream::once(given.map(|given: Result<_>| given.unwrap_or_else(|error| vec![Err(error)])));
                given.flat_map(stream::iter).boxed()
            }
            _ => match self.now() {
                Ok(pool) => each_within(self.limit, (&pool).fetch_many(query)),
                Err(error) => stream::once(ready(Err(error))).boxed(),
            },
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<<Any as sqlx::Database>::Row>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        if let To::File(file, Use::Read) = &self.to {
            let file = Arc::clone(file);
            return Box::pin(async move {
                let mut reader = file.readers()?.one().await?;
                let given = reader.connection()?.fetch_optional(query).await;
                reader.finish(given.is_ok());
                given
            });
        }
        let (limit, pool) = (self.limit, self.now());
        Box::pin(async move { within(limit, (&pool?).fetch_optional(query)).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<Any as sqlx::Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Any as sqlx::Database>::Statement>>
    where
        'p: 'e,
    {
        let (limit, pool) = (self.limit, self.now());
        Box::pin(async move { within(limit, (&pool?).prepare_with(sql, parameters)).await })
    }
}

impl<'t, For: Debug> Executor<'t> for &'t mut Transaction<For> {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Given>
    where
        't: 'e,
        E: 'q + Execute<'q, Any>,
    {
        each_within(self.limit, (&mut *self.inner).fetch_many(query))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<<Any as sqlx::Database>::Row>>>
    where
        't: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(within(self.limit, (&mut *self.inner).fetch_optional(query)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<Any as sqlx::Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Any as sqlx::Database>::Statement>>
    where
        't: 'e,
    {
        Box::pin(within(self.limit, (&mut *self.inner).prepare_with(sql, parameters)))
    }
}
