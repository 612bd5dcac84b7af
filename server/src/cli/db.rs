//! `countersign db`: the database itself, moved, backed up, examined.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::database::{on_database, run_alone};
use super::settings::Settings;
use super::{Failure, print};
use crate::config::Environment;
use crate::store::{Copied, Store, TransferError, Unavailable, sqlite_path};

/// Move, back up and examine the database
#[derive(Args, Debug)]
pub(super) struct Db {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy everything into an empty database, such as from SQLite to PostgreSQL. Stop the server first
    Move {
        /// The database that everything is in, as `DATABASE_URL` names it
        #[arg(long, value_name = "URL")]
        from: String,
        /// The empty database that it goes to
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Write everything as of now into a new SQLite file, while the server goes on
    Backup {
        /// The file; it must not be there yet
        #[arg(value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Read everything and look for damage. Exit status: 0 all is well, 1 something is wrong, 2 no database or not readable
    Check {
        #[command(flatten)]
        settings: Settings,
    },
}

impl Db {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Move { from, to } => move_all(environment, &from, &to),
            Command::Backup { to, settings } => backup(environment, &to, settings),
            Command::Check { settings } => check(environment, settings),
        }
    }
}

fn move_all(environment: &Environment, from: &str, to: &str) -> Result<ExitCode, Failure> {
    if from == to {
        return Err(Failure("--from and --to are the same database".to_owned()));
    }
    for (name, url) in [("--from", from), ("--to", to)] {
        crate::config::database_url(url).map_err(|problem| Failure(format!("{name} {problem}")))?;
    }
    there(from)?;
    run_alone(environment, async || {
        let (source, target) = (open(from, "--from").await?, open(to, "--to").await?);
        let copied = source.move_to(&target, tell).await;
        source.close().await;
        target.close().await;
        copied.map_err(failed)
    })?;
    print("Everything was moved, and read again to compare. Set DATABASE_URL to the new database.\n")?;
    if sqlite_path(from).is_some() && sqlite_path(to).is_none() {
        let key = sqlite_path(from).unwrap_or_default().with_extension("key");
        print(&format!(
            "Set SECRET_KEY as well: to what it was, or to the content of {} where that file is. Without it the mail server's \
             password must be typed again.\n",
            key.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn backup(environment: &Environment, file: &Path, settings: Settings) -> Result<ExitCode, Failure> {
    if file.exists() {
        return Err(Failure(format!("{} is already there and stays as it is: name another file", file.display())));
    }
    let written = on_database(settings, environment, async |_, store| {
        let opened = Store::open_file_for_command(file).await;
        let target = opened.map_err(|error| Failure(error.to_string()))?;
        let copied = store.copy_to(&target, tell).await;
        target.close().await;
        copied.map_err(failed)
    });
    if written.is_err() {
        // Half a backup is worse than none.
        let _ = std::fs::remove_file(file);
    }
    written?;
    print(&format!(
        "Everything as of now is in {}. Keep the key for stored secrets with it: SECRET_KEY, or the file beside the database.\n",
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn check(environment: &Environment, settings: Settings) -> Result<ExitCode, Failure> {
    let found = on_database(settings, environment, async |_, store| Ok(store.examine().await?))?;
    for table in &found.tables {
        print(&format!("{:<16} {:>10} rows\n", table.table, table.rows))?;
    }
    for problem in &found.problems {
        print(&format!("Problem: {problem}.\n"))?;
    }
    if found.problems.is_empty() {
        print("The database is in order.\n")?;
    }
    Ok(ExitCode::from(u8::from(!found.problems.is_empty())))
}

/// A file that is not there is a mistake, not an empty database.
fn there(url: &str) -> Result<(), Failure> {
    match sqlite_path(url) {
        Some(path) if !path.exists() => Err(Failure(format!("there is no database {}", path.display()))),
        _ => Ok(()),
    }
}

async fn open(url: &str, option: &str) -> Result<Store, Failure> {
    Store::open_for_command(url).await.map_err(|error| Failure(error.of(option)))
}

/// Says on a terminal how far it is.
fn tell(copied: Copied) {
    if io::stderr().is_terminal() {
        eprintln!("{}: {} rows", copied.table, copied.rows);
    }
}

fn failed(error: TransferError) -> Failure {
    Failure(match error {
        TransferError::Unavailable(Unavailable::Away) => {
            "one of the databases does not answer; nothing was changed".to_owned()
        }
        TransferError::Unavailable(Unavailable::Unsure) => {
            "the database to write to went away at the end: it was done, or nothing was changed; try again: one that is not empty \
             is refused"
                .to_owned()
        }
        TransferError::Unavailable(why) => {
            format!("one of the databases could not be read or written; nothing was changed; {}", why.remedy())
        }
        TransferError::NotEmpty(table) => {
            format!("the database to write to is not empty: there is something in {table}; nothing was changed")
        }
        TransferError::Differs(table) => {
            format!("what arrived in {table} is not what was sent; nothing was changed")
        }
    })
}
