//! What honest clients send, and how they are served.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::Failure;
use crate::pace::Pace;
use crate::platform::{Platform, SERVICE_TOKEN};

/// A request, and the status that answers it.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    path: String,
    head: Vec<(&'static str, String)>,
    body: Bytes,
    expected: u16,
}

impl Request {
    /// Something that is read.
    pub fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), head: Vec::new(), body: Bytes::new(), expected: 200 }
    }

    /// JSON that is sent.
    pub fn post(path: &str, body: String) -> Self {
        let head = vec![("content-type", "application/json".to_owned())];
        Self { method: "POST", path: path.to_owned(), head, body: body.into(), expected: 200 }
    }

    /// With further lines in its head; those without a value are left out.
    pub fn with<const N: usize>(mut self, lines: [(&'static str, String); N]) -> Self {
        self.head.extend(lines.into_iter().filter(|(_, value)| !value.is_empty()));
        self
    }

    /// Answered by another status than 200.
    pub const fn expecting(mut self, status: u16) -> Self {
        self.expected = status;
        self
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The cookies that it sets, as a request carries them.
    pub cookies: Vec<String>,
}

/// A connection that is kept, and made again once it is gone.
pub struct Connection {
    address: Arc<str>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Connection {
    /// A connection to there, made by its first request.
    pub const fn new(address: Arc<str>) -> Self {
        Self { address, sender: None }
    }

    /// Sends a request and reads its answer whole.
    ///
    /// # Errors
    /// There is no whole answer in time.
    pub async fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let answer = timeout(PATIENCE, self.send(request)).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.sender = None;
                Err(error)
            }
            Err(late) => {
                self.sender = None;
                Err(late.into())
            }
        }
    }

    async fn send(&mut self, request: &Request) -> Result<Answer, Failure> {
        let mut builder =
            hyper::Request::builder().method(request.method).uri(&request.path).header("host", "localhost");
        for (name, value) in &request.head {
            builder = builder.header(*name, value);
        }
        let message = builder.body(Full::new(request.body.clone()))?;
        let answer = self.ready().await?.send_request(message).await?;
        let status = answer.status().as_u16();
        let closes = answer.headers().get("connection").is_some_and(|value| value == "close");
        let set =
            answer.headers().get_all("set-cookie").iter().filter_map(|line| line.to_str().ok()?.split(';').next());
        let cookies = set.map(str::to_owned).collect();
        answer.into_body().collect().await?;
        if closes {
            self.sender = None;
        }
        Ok(Answer { status, cookies })
    }

    /// The connection, made if there is none: a server may end one that is kept.
    async fn ready(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Failure> {
        let is_open = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            let stream = TcpStream::connect(&*self.address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "no connection".into())
    }
}

/// How clients were served.
pub struct Figures {
    /// Answers that were what they should be.
    pub answers: u64,
    /// Whatever else happened to a request.
    pub errors: u64,
    /// The first of them, in words.
    pub first_error: Option<String>,
    time: Duration,
    /// Microseconds.
    latency: Histogram<u64>,
}

impl Figures {
    /// None yet.
    ///
    /// # Errors
    /// None that a caller could bring about: the histogram's bounds are fixed.
    pub fn new() -> Result<Self, Failure> {
        let latency = Histogram::new_with_bounds(1, 60_000_000, 3)?;
        Ok(Self { answers: 0, errors: 0, first_error: None, time: Duration::ZERO, latency })
    }

    /// One took so long.
    pub fn record(&mut self, time: Duration) {
        self.latency.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// These together.
    ///
    /// # Errors
    /// None that a caller could bring about: all histograms have the same bounds.
    pub fn of<'a>(parts: impl Iterator<Item = &'a Self>) -> Result<Self, Failure> {
        let mut whole = Self::new()?;
        for part in parts {
            whole.add(part)?;
            whole.time += part.time;
        }
        Ok(whole)
    }

    fn add(&mut self, other: &Self) -> Result<(), Failure> {
        self.answers += other.answers;
        self.errors += other.errors;
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
        self.latency.add(&other.latency)?;
        Ok(())
    }

    /// Answers in a second.
    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let answers = self.answers as f64;
        answers / self.time.as_secs_f64()
    }

    /// The time within which this share of the answers was there, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most a minute in microseconds")]
        let micros = self.latency.value_at_quantile(share) as f64;
        micros / 1000.0
    }

    /// All of it in a line.
    pub fn line(&self) -> String {
        let (rate, p50, p99) = (self.per_second(), self.quantile(0.5), self.quantile(0.99));
        let error = self.first_error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        format!("{rate:.0} a second, p50 {p50:.2} ms, p99 {p99:.2} ms, {} errors{error}.", self.errors)
    }
}

/// What honest clients send, again and again.
pub struct Traffic {
    address: Arc<str>,
    mix: Arc<[Request]>,
}

impl Traffic {
    /// What is only read of a platform, in the proportions in which it is asked for it.
    pub fn reading(platform: &Platform) -> Self {
        Self::of(platform, reads(platform))
    }

    /// What services report that they use: each report is on the disk before it is answered.
    pub fn reporting(platform: &Platform) -> Self {
        Self::of(platform, vec![(1, report())])
    }

    /// Both: one in a hundred is a report.
    pub fn mixed(platform: &Platform) -> Self {
        let mut kinds = reads(platform);
        kinds.push((1, report()));
        Self::of(platform, kinds)
    }

    /// Requests in these shares.
    fn of(platform: &Platform, kinds: Vec<(i32, Request)>) -> Self {
        let all: i32 = kinds.iter().map(|(share, _)| share).sum();
        // Spread, so that any stretch of it is much like the whole: each place goes to the kind that is furthest behind.
        let mut owed: Vec<i32> = kinds.iter().map(|_| 0).collect();
        let mut mix = Vec::new();
        for _ in 0..all {
            for (owed, (share, _)) in owed.iter_mut().zip(&kinds) {
                *owed += share;
            }
            if let Some((owed, (_, request))) = owed.iter_mut().zip(&kinds).max_by_key(|(owed, _)| **owed) {
                *owed -= all;
                mix.push(request.clone());
            }
        }
        Self { address: platform.address.clone(), mix: mix.into() }
    }

    /// As many as come, each connection one after the other.
    ///
    /// # Errors
    /// Nothing was answered.
    pub async fn at_full_speed(&self, connections: usize, time: Duration) -> Result<Figures, Failure> {
        self.send(connections, time, None, false).await
    }

    /// So many a second, whether or not those before are answered. Times count from when a request was due.
    ///
    /// # Errors
    /// Nothing was answered.
    pub async fn at_rate(&self, rate: f64, connections: usize, time: Duration) -> Result<Figures, Failure> {
        self.send(connections, time, Some(rate), false).await
    }

    /// The same, with a new connection for each request, as clients have that come for the first time.
    ///
    /// # Errors
    /// Nothing was answered.
    pub async fn anew_at_rate(&self, rate: f64, connections: usize, time: Duration) -> Result<Figures, Failure> {
        self.send(connections, time, Some(rate), true).await
    }

    async fn send(&self, count: usize, time: Duration, rate: Option<f64>, anew: bool) -> Result<Figures, Failure> {
        // All that a client needs is there before anything is due: who comes once a slice is not to look like who comes all the time.
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            let mut connection = Connection::new(self.address.clone());
            if !anew {
                connection.ready().await?;
            }
            clients.push((connection, Figures::new()?));
        }
        let (next, begin) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let pace = rate.map(|rate| Pace::begin(rate, begin, time));
        let mut tasks = JoinSet::new();
        for (mut connection, mut figures) in clients {
            let (next, mix, address, pace) = (next.clone(), self.mix.clone(), self.address.clone(), pace.clone());
            tasks.spawn(async move {
                loop {
                    if let Some(pace) = &pace {
                        pace.wait().await;
                    }
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let due = pace.as_ref().map_or_else(Instant::now, |pace| pace.due(number));
                    if due > begin + time {
                        return Ok::<_, Failure>(figures);
                    }
                    let turn = usize::try_from(number).unwrap_or_default() % mix.len();
                    let Some(request) = mix.get(turn) else { return Ok(figures) };
                    let error = match connection.ask(request).await {
                        Ok(answer) if answer.status == request.expected => None,
                        Ok(answer) => Some(format!("{} was answered {}", request.path, answer.status)),
                        Err(error) => Some(format!("{}: {error}", request.path)),
                    };
                    if anew {
                        // It is not kept: nobody is to be in the way of others between two requests.
                        connection = Connection::new(address.clone());
                    }
                    match error {
                        None => figures.answers += 1,
                        Some(error) => {
                            figures.errors += 1;
                            figures.first_error.get_or_insert(error);
                        }
                    }
                    figures.record(due.elapsed());
                }
            });
        }
        let mut all = Figures::new()?;
        while let Some(figures) = tasks.join_next().await {
            all.add(&figures??)?;
        }
        all.time = begin.elapsed();
        if let Some(error) = &all.first_error {
            println!("  the first of {} errors: {error}", all.errors);
        }
        if all.answers == 0 { Err("nothing was answered".into()) } else { Ok(all) }
    }
}

/// What people, services and the ingress ask: shares of 99.
fn reads(platform: &Platform) -> Vec<(i32, Request)> {
    let cookie = || [("cookie", platform.cookie.to_string())];
    vec![
        (57, Request::post("/api/auth/license/get-claims", "{}".to_owned()).with(cookie())),
        (25, Request::get("/api/license/authorize?feature=agentic").expecting(204)),
        (8, Request::get("/api/auth/license/status").with(cookie())),
        (4, Request::get("/settings/license").with(cookie())),
        (2, Request::get("/sign-in")),
        (2, Request::get("/license-checker")),
        (1, Request::get("/settings/audit").with(cookie())),
    ]
}

/// What a service says of itself.
fn report() -> Request {
    let usage = r#"{"service":"soak","cpuCores":8,"ramGb":32}"#.to_owned();
    Request::post("/api/license/usage", usage).with([("authorization", format!("Bearer {SERVICE_TOKEN}"))])
}
