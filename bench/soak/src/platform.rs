//! A server that is set up, and what it takes from the machine.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Failure;
use crate::traffic::{Connection, Figures, Request};

/// What services show when they say what they use.
pub const SERVICE_TOKEN: &str = "a-token-that-services-of-this-run-show";

/// A running server with a license and an administrator.
pub struct Platform {
    server: Child,
    log: JoinHandle<String>,
    folder: TempDir,
    /// Where it listens, with the port.
    pub address: Arc<str>,
    /// The administrator's cookie.
    pub cookie: Arc<str>,
    bundles: [String; 2],
    /// That of the license in use when it was last known.
    revision: u64,
}

/// What a process takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Resident memory.
    pub megabytes: f64,
    /// Open files and sockets.
    pub files: usize,
    /// Threads.
    pub threads: u64,
    /// Processor time since it started.
    pub processor: Duration,
}

impl Platform {
    /// Starts the server in a folder of its own and goes through its wizard.
    ///
    /// # Errors
    /// It does not start, or refuses a step.
    pub async fn start(program: &Path, key: &Path, database: Option<&str>) -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let (program, key) = (program.canonicalize()?, key.canonicalize()?);
        let bundles = [issued(&program, &key, "lic_one")?, issued(&program, &key, "lic_two")?];
        let mut command = tokio::process::Command::new(&program);
        command.arg("serve").current_dir(folder.path()).env_clear().kill_on_drop(true);
        command.envs([("LISTEN_ADDR", "127.0.0.1:0"), ("LICENSE_MODE", "offline"), ("RUST_LOG", "warn")]);
        command.envs([("SERVICE_TOKEN", SERVICE_TOKEN), ("SECRET_KEY", "a secret of this run alone, not kept")]);
        command.envs(database.map(|url| ("DATABASE_URL", url)));
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut errors = server.stderr.take().ok_or("no log")?;
        // Read to the end, so that the server never waits for somebody to read it.
        let log = tokio::spawn(async move {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text).await;
            text
        });
        let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
        let address = loop {
            let Some(line) = lines.next_line().await? else { return Err(log.await?.into()) };
            if let Some(address) = line.strip_prefix("Countersign listens on http://") {
                break address.trim_end_matches('/').to_owned();
            }
        };
        let address: Arc<str> = address.into();
        let cookie = set_up(&address, &bundles[0]).await?;
        Ok(Self { server, log, folder, address, cookie, bundles, revision: 1 })
    }

    /// What it takes right now.
    ///
    /// # Errors
    /// There is no such process any more, or no `/proc`.
    pub fn usage(&self) -> Result<Usage, Failure> {
        usage(self.server.id().ok_or("the server ended")?)
    }

    /// How long the disk takes, by itself, for what each report waits for: a page that is written and forced to it, 20 times a second.
    ///
    /// # Errors
    /// The disk is full, or gone.
    pub async fn disk(&self, time: Duration) -> Result<Figures, Failure> {
        let path = self.folder.path().join("disk");
        let ends = Instant::now() + time;
        let work = move || {
            let mut figures = Figures::new()?;
            let mut file = File::create(path)?;
            while Instant::now() < ends {
                let begun = Instant::now();
                file.rewind()?;
                file.write_all(&[1; 4096])?;
                file.sync_data()?;
                figures.record(begun.elapsed());
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(figures)
        };
        tokio::task::spawn_blocking(work).await?
    }

    /// Looks at what it takes four times a second, and keeps the most.
    pub fn watch(&self) -> Watch {
        let (process, over) = (self.server.id(), Arc::new(Notify::new()));
        let told = over.clone();
        let work = tokio::spawn(async move {
            let mut most = Usage::default();
            while tokio::time::timeout(Duration::from_millis(250), told.notified()).await.is_err() {
                if let Some(now) = process.and_then(|process| usage(process).ok()) {
                    most.megabytes = most.megabytes.max(now.megabytes);
                    most.files = most.files.max(now.files);
                    most.threads = most.threads.max(now.threads);
                }
            }
            most
        });
        Watch { over, work }
    }

    /// Replaces the license so many times, one after the other.
    ///
    /// # Errors
    /// One was refused.
    pub async fn rotate_often(&mut self, times: u64) -> Result<(), Failure> {
        let mut connection = Connection::new(self.address.clone());
        for _ in 0..times {
            rotate(&mut connection, &self.cookie, &self.bundles, self.revision).await?;
            self.revision += 1;
        }
        Ok(())
    }

    /// Replaces the license again and again.
    pub fn rotate_each(&self, period: Duration) -> Rotations {
        let (address, cookie, bundles) = (self.address.clone(), self.cookie.clone(), self.bundles.clone());
        let first = self.revision;
        let over = Arc::new(Notify::new());
        let told = over.clone();
        let work = tokio::spawn(async move {
            let mut connection = Connection::new(address);
            let mut revision = first;
            while tokio::time::timeout(period, told.notified()).await.is_err() {
                rotate(&mut connection, &cookie, &bundles, revision).await?;
                revision += 1;
            }
            Ok(revision - first)
        });
        Rotations { over, work }
    }

    /// Tells it to stop, and waits; its log.
    ///
    /// # Errors
    /// It does not end well.
    pub async fn stop(mut self) -> Result<String, Failure> {
        let process = self.server.id().ok_or("the server ended")?;
        tokio::process::Command::new("kill").args(["-TERM", &process.to_string()]).status().await?;
        let status = self.server.wait().await?;
        if !status.success() {
            return Err(format!("the server ended with {status}").into());
        }
        Ok(self.log.await?)
    }
}

/// Puts the other license in the place of the one of this revision.
async fn rotate(
    connection: &mut Connection,
    cookie: &str,
    bundles: &[String; 2],
    revision: u64,
) -> Result<(), Failure> {
    let [first, second] = bundles;
    let bundle = if revision.is_multiple_of(2) { first } else { second };
    let head = [("cookie", cookie.to_owned()), ("if-match", format!("\"{revision}\""))];
    let answer = connection.ask(&Request::post("/api/auth/license/rotate", bundle.clone()).with(head)).await?;
    if answer.status == 200 { Ok(()) } else { Err(format!("a rotation was answered {}", answer.status).into()) }
}

/// Rotations that go on until they are told to end.
pub struct Rotations {
    over: Arc<Notify>,
    work: JoinHandle<Result<u64, Failure>>,
}

impl Rotations {
    /// Ends them: how many there were.
    ///
    /// # Errors
    /// One was refused.
    pub async fn end(self) -> Result<u64, Failure> {
        self.over.notify_one();
        self.work.await?
    }
}

/// Somebody who looks at what the server takes.
pub struct Watch {
    over: Arc<Notify>,
    work: JoinHandle<Usage>,
}

impl Watch {
    /// The most that was seen.
    pub async fn end(self) -> Usage {
        self.over.notify_one();
        self.work.await.unwrap_or_default()
    }
}

fn usage(process: u32) -> Result<Usage, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u32>().ok()
    };
    let kilobytes = number("VmRSS:").ok_or("no memory")?;
    let files = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may hold anything: of the fields from `state` on the 12th and 13th, in hundredths of a second.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default().split_whitespace();
    let hundredths: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Usage {
        megabytes: f64::from(kilobytes) / 1024.0,
        files,
        threads: number("Threads:").unwrap_or_default().into(),
        processor: Duration::from_millis(hundredths * 10),
    })
}

/// A bundle that is valid today. All end at the same time, so that none is worse than another.
fn issued(program: &Path, key: &Path, id: &str) -> Result<String, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 86_400 * 86_400;
    let ran = Command::new(program)
        .args(["issue", "--jti", id, "--key"])
        .arg(key)
        .args(["--issued", &now.to_string(), "--expires", &(now + 90 * 86_400).to_string()])
        .output()?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into());
    }
    Ok(String::from_utf8(ran.stdout)?)
}

/// Goes through the wizard; the first administrator's cookie.
async fn set_up(address: &Arc<str>, license: &str) -> Result<Arc<str>, Failure> {
    let account =
        json!({ "name": "First Admin", "email": "admin@example.com", "password": "three blue mountains at noon" });
    let steps: [(&str, Value); 5] = [
        ("license", serde_json::from_str(license)?),
        ("admin", account),
        ("organization", json!({ "name": "Acme Corp" })),
        ("email", json!({ "provider": "later" })),
        ("complete", json!({})),
    ];
    let mut connection = Connection::new(address.clone());
    let mut cookie = String::new();
    for (step, body) in steps {
        let request = Request::post(&format!("/api/setup/{step}"), body.to_string()).with([("cookie", cookie.clone())]);
        let answer = connection.ask(&request).await?;
        if answer.status != 200 {
            return Err(format!("the wizard's step {step} was answered {}", answer.status).into());
        }
        if let Some(set) = answer.cookies.iter().find(|set| set.contains("session")) {
            set.clone_into(&mut cookie);
        }
    }
    Ok(cookie.into())
}
