//! A PostgreSQL of a test's own, to be stopped, paused and broken. `scripts/postgres.sh` starts it, as it does everybody's.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::postgres::database;

/// A cluster. It ends with the test.
pub struct Cluster {
    /// The script, which waits for the end of its input.
    script: Child,
    /// Its address, without a database.
    pub server: String,
    pub folder: PathBuf,
    bin: PathBuf,
}

impl Cluster {
    /// Starts one with these lines in its configuration.
    pub fn start(conf: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres.sh");
        let say = "echo \"$COUNTERSIGN_POSTGRES\"; echo \"$COUNTERSIGN_POSTGRES_FOLDER\"; \
                   echo \"$COUNTERSIGN_POSTGRES_BIN\"; exec cat";
        let mut script = Command::new(script)
            .args(["sh", "-c", say])
            .env("COUNTERSIGN_POSTGRES_CONF", conf)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script runs");
        let mut lines = BufReader::new(script.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().expect("PostgreSQL starts").expect("a line");
        Self { server: line(), folder: line().into(), bin: line().into(), script }
    }

    /// A new database.
    pub fn database(&self, name: &str) -> String {
        database(&self.server, name)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Stops it: `fast` as an operator does, `immediate` as a crash does.
    pub fn stop(&self, mode: &str) {
        self.control(&["-m", mode, "stop"]);
    }

    /// Starts it again.
    pub fn begin(&self) {
        let log = self.folder.join("log").display().to_string();
        self.control(&["-l", &log, "start"]);
    }

    /// Runs `pg_ctl` as whoever the files belong to.
    fn control(&self, arguments: &[&str]) {
        let data = self.folder.join("data");
        let owner = fs::metadata(&data).expect("its files");
        let status = Command::new(self.bin.join("pg_ctl"))
            .args(["-s", "-w", "-D"])
            .arg(data)
            .args(arguments)
            .current_dir("/")
            .uid(owner.uid())
            .gid(owner.gid())
            .status();
        assert!(status.expect("pg_ctl runs").success(), "pg_ctl {arguments:?}");
    }

    /// Stops all its processes where they are: connections stay, and nobody answers.
    pub fn pause(&self) {
        // The one that makes others first, so that there are no new ones meanwhile.
        self.signal("-STOP");
    }

    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Ok(note) = fs::read_to_string(self.folder.join("data/postmaster.pid")) else { return };
        let first = note.lines().next().expect("a process").trim().to_owned();
        kill(signal, std::slice::from_ref(&first));
        kill(signal, &children(&first));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.resume();
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

/// Asks psql, which waits for the answer: without headings, a row a line.
pub fn sql(url: &str, sql: &str) -> String {
    let ran = Command::new("psql").args([url, "-qAtc", sql]).output().expect("psql runs");
    assert!(ran.status.success(), "{sql}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("UTF-8").trim().to_owned()
}

/// Somebody's connection that does nothing.
pub struct Idle(Child);

impl Idle {
    /// Connects; `None` where there is no connection left.
    pub fn connect(url: &str) -> Option<Self> {
        let mut child = Command::new("psql")
            .args([url, "-qAt"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql runs");
        // A server that takes nobody ends it, and nobody reads.
        let _ = child.stdin.as_mut().expect("its input").write_all(b"\\echo here\n");
        let said = BufReader::new(child.stdout.as_mut().expect("its output")).lines().next();
        let idle = Self(child);
        (said.is_some_and(|line| line.is_ok_and(|line| line == "here"))).then_some(idle)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes that this one started.
fn children(of: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").expect("processes").filter_map(Result::ok);
    let numbers =
        all.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.parse::<u32>().is_ok());
    // After the name, in parentheses: how it does, and who started it.
    let parent = |process: &String| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).map(str::to_owned)
    };
    numbers.filter(|process| parent(process).as_deref() == Some(of)).collect()
}

/// Sends a signal to processes.
pub fn kill(signal: &str, processes: &[String]) {
    if !processes.is_empty() {
        let status = Command::new("kill").arg(signal).args(processes).stderr(Stdio::null()).status();
        // One of them may have ended meanwhile.
        let _ = status.expect("kill runs");
    }
}
