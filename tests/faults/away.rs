//! Two servers on a PostgreSQL that goes away.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cable::Cable;
use crate::cluster::Cluster;
use crate::nginx::{Answer, ask};
use crate::platform::{bundle, install};
use crate::run::{Ran, command, empty, run_with};
use crate::running::Server;

/// The longest that anybody waits for an answer, whatever became of the database. docs/postgresql.md says so.
pub const LONGEST: Duration = Duration::from_secs(15);
pub const JSON: &str = "Content-Type: application/json\r\n";

/// Two servers on a PostgreSQL that goes away, by a cable that can be cut.
pub struct Platform {
    pub cluster: Cluster,
    pub cable: Cable,
    pub servers: Vec<Server>,
    pub folder: PathBuf,
    pub url: String,
    /// The administrator's lines of a head.
    pub admin: String,
}

impl Platform {
    /// With these lines in PostgreSQL's configuration. Where there is a cable, the servers know no other way.
    pub fn start(name: &str, conf: &str, is_cabled: bool) -> Self {
        let cluster = Cluster::start(conf);
        let cable = Cable::to(cluster.port());
        let mut url = cluster.database("outages");
        if is_cabled {
            url = url.replace(&cluster.port().to_string(), &cable.port.to_string());
        }
        let folder = empty(name);
        let start = || Server::start_in(&folder, &variables(&url), &["--listen-addr", "127.0.0.1:0"]);
        let mut servers = vec![start(), start()];
        install(&mut servers[0], &bundle(&["--jti", "lic_0", "--tier", "enterprise"]));
        let admin = format!("{JSON}Cookie: {}\r\n", servers[0].cookies());
        std::fs::write(folder.join("new.json"), bundle(&["--jti", "lic_cli"])).expect("a file");
        Self { cluster, cable, servers, folder, url, admin }
    }

    pub fn claims(&self, server: usize) -> Answer {
        ask(self.servers[server].address(), "POST", "/api/auth/license/get-claims", &self.admin, "{}")
    }

    pub fn revision(&self, server: usize) -> i64 {
        let answer = self.claims(server);
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).expect("JSON")["revision"].as_i64().expect("a number")
    }

    /// Applies a license through one server; the other has it at the next request.
    pub fn rotate(&self) {
        let revision = self.revision(0);
        let new = bundle(&[
            "--jti",
            &format!("lic_{revision}"),
            "--tier",
            "enterprise",
            "--days",
            &(90 + revision).to_string(),
        ]);
        let head = format!("{}If-Match: \"{revision}\"\r\n", self.admin);
        let answer = ask(self.servers[0].address(), "POST", "/api/auth/license/rotate", &head, &new);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(self.revision(1), revision + 1);
    }

    /// Runs a command beside the servers: it ends, and says why.
    pub fn run(&self, arguments: &[&str]) -> (Ran, Duration) {
        let begun = Instant::now();
        let ran = run_with(&mut command(&self.folder, &variables(&self.url)), arguments, b"");
        (ran, begun.elapsed())
    }
}

pub fn variables(url: &str) -> [(&str, &str); 3] {
    [("DATABASE_URL", url), ("SECRET_KEY", "one for all of them, thirty-two or more"), ("RUST_LOG", "off")]
}

/// Asks, and sees to it that the answer is one: in time, and with words.
pub fn timely(server: &Server, method: &str, path: &str, lines: &str, body: &str) -> Answer {
    let begun = Instant::now();
    let answer = ask(server.address(), method, path, lines, body);
    let took = begun.elapsed();
    assert!(took < LONGEST, "{method} {path} took {took:?}: {answer:?}");
    assert!(answer.status != 0, "{method} {path}: no answer");
    answer
}
