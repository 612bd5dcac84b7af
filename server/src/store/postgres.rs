//! PostgreSQL: for more than one machine.

use std::net::IpAddr;
use std::str::FromStr as _;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyPool, Connection as _, Executor as _};

use super::{Kind, OpenError, Store, Transaction, Unavailable, migrations, pool};

/// Connections of a replica that write. One works, the others wait for it.
const WRITERS: u32 = 4;
/// Connections of a replica that read.
const READERS: u32 = 12;
/// No statement may take long. A replica that stops in the middle of a transaction (paused, or cut off) loses it, so that the
/// others go on; and a commit is on the disk when it returns, whatever the server's configuration says.
const WRITER: &str = "SET statement_timeout = '5s'; SET lock_timeout = '5s'; \
                      SET idle_in_transaction_session_timeout = '10s'; SET synchronous_commit = on";
const READER: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; \
                      SET default_transaction_read_only = on";
/// How a transaction begins that reads one snapshot.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// The lock of who writes: taken by every transaction, so that writing means the same as on SQLite, one at a time. The number
/// says nothing; it must only be ours.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4850721093)";

pub(super) async fn open(url: &str) -> Result<Store, OpenError> {
    // Its own messages name host, user and database; never the password.
    let failed =
        |error: sqlx::Error| OpenError(format!("the PostgreSQL database (DATABASE_URL) cannot be opened: {error}"));
    let options = AnyConnectOptions::from_str(url).map_err(failed)?;
    if !is_checked(&options.database_url) {
        tracing::warn!(
            "the database server's certificate is not checked (DATABASE_URL): add sslmode=verify-full to its address, and \
             sslrootcert=FILE where its authority is not one of the web's"
        );
    }
    let mut connection = sqlx::AnyConnection::connect_with(&options).await.map_err(failed)?;
    // Many replicas may start at once: sqlx takes a lock of its own meanwhile.
    let migrated = migrations().run(&mut connection).await;
    migrated.map_err(|error| OpenError(format!("the tables (DATABASE_URL) cannot be brought up to date: {error}")))?;
    connection.close().await.map_err(failed)?;
    let write = pool(WRITERS, WRITER).connect_with(options.clone()).await.map_err(failed)?;
    let read = pool(READERS, READER).connect_with(options).await.map_err(failed)?;
    Ok(Store::of(Kind::Postgres, read, write))
}

/// Whether somebody on the way could not pretend to be the database: it is on this machine, or its certificate is checked.
fn is_checked(url: &reqwest::Url) -> bool {
    let is_here = match url.host_str() {
        None | Some("" | "localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback()),
    };
    let mode = url.query_pairs().find(|(name, _)| matches!(&**name, "sslmode" | "ssl-mode"));
    is_here || mode.is_some_and(|(_, mode)| mode == "verify-full")
}

/// Begins when no other transaction writes.
pub(super) async fn begin(pool: &AnyPool) -> Result<Transaction, Unavailable> {
    let mut tx = pool.begin().await?;
    tx.execute(LOCK).await?;
    Ok(tx)
}
