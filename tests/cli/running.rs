//! A server as a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{command, empty};

/// A running server. It ends with the test.
pub struct Server {
    child: Child,
    address: String,
    pub base: String,
    /// The set-up token, if one was printed.
    pub token: Option<String>,
    /// Address and port of the metrics' own listener, if it has one.
    pub metrics: Option<String>,
    /// The cookies that the server set.
    cookies: BTreeMap<String, String>,
}

impl Server {
    /// A server in an empty folder of that name.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self::start_in(&empty(name), &[], &[&["--listen-addr", "127.0.0.1:0"], arguments].concat())
    }

    /// A server in a folder, such as one where a server ran before.
    pub fn start_in(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::spawn(command(folder, variables), arguments)
    }

    /// A server that this command runs.
    pub fn spawn(mut command: Command, arguments: &[&str]) -> Self {
        let mut child = command
            .arg("serve")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut out = BufReader::new(child.stdout.as_mut().unwrap());
        let (mut token, mut metrics) = (None, None);
        let url = loop {
            let mut line = String::new();
            if out.read_line(&mut line).expect("a line") == 0 {
                let mut log = String::new();
                child.stderr.take().unwrap().read_to_string(&mut log).expect("UTF-8");
                panic!("it ended: {log}");
            }
            if let Some(url) = line.trim().strip_prefix("Countersign listens on http://") {
                break url.to_owned();
            }
            if let Some(url) = line.trim().strip_prefix("Metrics are at http://") {
                metrics = url.strip_suffix("/metrics").map(str::to_owned);
                continue;
            }
            let printed = line.trim().strip_prefix("Set-up token").and_then(|rest| rest.rsplit_once(' '));
            token = Some(printed.unwrap_or_else(|| panic!("what it says: {line:?}")).1.to_owned());
        };
        let (address, base) = url.split_once('/').expect("a path");
        Self { child, address: address.to_owned(), base: format!("/{base}"), token, metrics, cookies: BTreeMap::new() }
    }

    /// Where it listens, with the port.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    pub fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Posts JSON as a program that keeps cookies does: the status and the body.
    pub fn post(&mut self, path: &str, body: &str) -> (u16, String) {
        let answer = self.send("POST", path, body);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        for line in head.lines() {
            if let Some(cookie) = line.strip_prefix("set-cookie: ")
                && let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('='))
            {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        (head[9..12].parse().expect("a status"), body.to_owned())
    }

    /// Asks with the cookies that the server set.
    pub fn look(&self, path: &str) -> String {
        self.send("GET", path, "")
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = self.begin(method, path, "", body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// The cookies that the server set, as a request carries them.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Sends a request with these further lines in its head, and does not wait for the answer.
    pub fn begin(&self, method: &str, path: &str, lines: &str, body: &str) -> TcpStream {
        let mut stream = self.connect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {lines}Cookie: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.cookies(),
            body.len()
        )
        .unwrap();
        stream
    }

    /// Goes on with the cookies of a server that is gone.
    pub fn with_cookies_of(mut self, other: &Self) -> Self {
        self.cookies.clone_from(&other.cookies);
        self
    }

    /// Sends SIGKILL: the process has no time for anything.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Its process.
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends SIGTERM and waits: the exit status, how long it took, and the log.
    pub fn stop(mut self) -> (Option<i32>, Duration, String) {
        let started = Instant::now();
        Command::new("kill").args(["-TERM", &self.id()]).status().expect("kill runs");
        let status = self.child.wait().expect("it ends");
        let took = started.elapsed();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).expect("UTF-8");
        (status.code(), took, log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
