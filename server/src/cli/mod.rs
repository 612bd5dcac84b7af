//! The command line. One file per command.

mod check;
mod config;
mod database;
mod db;
mod issue;
mod keygen;
mod license_server;
mod pem;
mod report;
mod rotate;
mod serve;
mod settings;
mod setup_token;
mod status;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{ConfigError, Environment};

/// Checks and issues license bundles, and serves the license front door of a self-hosted platform.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Keygen(keygen::Keygen),
    Issue(issue::Issue),
    LicenseServer(license_server::LicenseServer),
    Config(config::Show),
    Serve(serve::Serve),
    Rotate(rotate::Rotate),
    Status(status::Status),
    Db(db::Db),
    SetupToken(setup_token::SetupToken),
}

/// Why a command could not do what it was asked. Exit status 2.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::read();
    let result = match cli.command {
        Command::Check(check) => check.run(&environment),
        Command::Keygen(keygen) => keygen.run(),
        Command::Issue(issue) => issue.run(),
        Command::LicenseServer(server) => server.run(&environment),
        Command::Config(show) => show.run(&environment),
        Command::Serve(serve) => serve.run(&environment),
        Command::Rotate(rotate) => rotate.run(&environment),
        Command::Status(status) => status.run(&environment),
        Command::Db(db) => db.run(&environment),
        Command::SetupToken(token) => token.run(&environment),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("countersign: {failure}");
        ExitCode::from(2)
    })
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a file that must not be there yet. A secret one only its owner can read.
fn write_new(path: &Path, text: &str, secret: bool) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure(format!("{} is already there and stays as it is: name another file", path.display()))
        }
        _ => Failure(format!("cannot write {}: {error}", path.display())),
    })
}

/// Writes a file in the place of one that may be there: whoever reads it sees the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let written = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| Failure(format!("cannot write {}: {error}", path.display())))
}
