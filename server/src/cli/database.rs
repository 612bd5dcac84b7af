//! The configured database, for the commands that work beside a running server.

use super::settings::Settings;
use super::{Failure, serve};
use crate::clock;
use crate::config::{Config, Environment};
use crate::store::{Entry, Store, Unavailable, sqlite_path};
use crate::verify;

impl From<Unavailable> for Failure {
    fn from(why: Unavailable) -> Self {
        Self(match why {
            Unavailable::Unsure => {
                "the database (DATABASE_URL) went away in the middle of this: it was done, or nothing was changed; \
                                    look with `countersign status` before you try again"
                    .to_owned()
            }
            Unavailable::Away => "the database (DATABASE_URL) does not answer; nothing was changed".to_owned(),
            why => format!("the database (DATABASE_URL) could not be written; nothing was changed; {}", why.remedy()),
        })
    }
}

/// Runs something on the configured database, which must be there: none of these commands makes one.
pub(super) fn on_database<T>(
    settings: Settings,
    environment: &Environment,
    work: impl AsyncFnOnce(&Config, &Store) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = Config::load(&settings.flags(), environment)?;
    serve::log(environment, "error")?;
    verify::install();
    if let Some(path) = sqlite_path(&config.database_url)
        && !path.exists()
    {
        return Err(Failure(format!(
            "there is no database {} (DATABASE_URL): `countersign serve` makes it, and it may have been started in another \
             folder",
            path.display()
        )));
    }
    block_on(async || {
        let opened = Store::open_for_command(&config.database_url).await;
        let store = opened.map_err(|error| Failure(error.of("DATABASE_URL")))?;
        let result = work(&config, &store).await;
        store.close().await;
        result
    })
}

/// Runs something that names its databases itself.
pub(super) fn run_alone<T>(
    environment: &Environment,
    work: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    serve::log(environment, "error")?;
    verify::install();
    block_on(work)
}

fn block_on<T>(work: impl AsyncFnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure(format!("the command cannot start: {error}")))?;
    runtime.block_on(work())
}

/// What the audit log says of something that is done on the command line now.
pub(super) fn entry(action: &'static str, detail: &str) -> Entry {
    Entry {
        at: clock::now(),
        actor: "command line".to_owned(),
        action,
        detail: detail.to_owned(),
        address: String::new(),
    }
}
