//! Where a platform lives: a folder and a database, in which one server after the other may run.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::nginx::ask;
use crate::platform::bundle;
use crate::postgres::{database, postgres};
use crate::run::{Ran, command, empty, run_with};
use crate::running::Server;

/// A folder and a database.
pub struct Place {
    pub folder: PathBuf,
    /// The address of the database, from anywhere.
    pub url: String,
    variables: Vec<(String, String)>,
}

impl Place {
    /// With SQLite, in an empty folder of that name.
    pub fn sqlite(name: &str) -> Self {
        Self::sqlite_in(empty(name))
    }

    /// With SQLite, in that folder.
    pub fn sqlite_in(folder: PathBuf) -> Self {
        let url = format!("sqlite://{}", folder.join("data/countersign.db").display());
        Self::new(folder, url)
    }

    /// With a new database on PostgreSQL.
    pub fn postgres(name: &str) -> Self {
        let url = database(&postgres(), &name.replace('-', "_"));
        let place = Self::new(empty(&format!("{name}-postgres")), url.clone());
        place.with("DATABASE_URL", &url).with("SECRET_KEY", "one for all of them, thirty-two or more")
    }

    fn new(folder: PathBuf, url: String) -> Self {
        // Nobody reads the log, and a line for each request would fill its pipe. And nobody is to be called.
        Self { folder, url, variables: Vec::new() }.with("RUST_LOG", "warn").with("LICENSE_MODE", "offline")
    }

    /// With one more variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// A server on it.
    pub fn start(&self) -> Server {
        Server::start_in(&self.folder, &self.variables(), &["--listen-addr", "127.0.0.1:0"])
    }

    /// A server on it that is ready, and how long that took from its start.
    pub fn start_ready(&self) -> (Server, Duration) {
        let started = Instant::now();
        let server = self.start();
        while ask(server.address(), "GET", "/health/ready", "", "").status != 200 {
            assert!(started.elapsed() < Duration::from_secs(20), "it does not become ready");
            thread::sleep(Duration::from_millis(1));
        }
        (server, started.elapsed())
    }

    /// Runs a command on it.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        run_with(&mut command(&self.folder, &self.variables()), arguments, b"")
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// The licenses of even and odd revisions: different in everything, the key included.
pub fn pair() -> [String; 2] {
    let other = crate::common::folder().join("keys/rsa2048-other.pem").display().to_string();
    [bundle(&["--jti", "lic_even", "--org", "Even", "--key", &other]), bundle(&["--jti", "lic_odd", "--org", "Odd"])]
}

/// Which of the two a revision has.
pub fn of(revision: i64) -> usize {
    usize::from(revision % 2 == 1)
}

/// The body of a rotation: all that gets worse is acknowledged.
pub fn acknowledged(bundle: &str) -> String {
    let mut body: serde_json::Value = serde_json::from_str(bundle).expect("JSON");
    body["acknowledge"] = serde_json::json!(["key-changed", "downgrade", "expires-sooner", "older"]);
    body.to_string()
}
