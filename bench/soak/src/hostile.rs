//! Clients that mean it ill.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::platform::Platform;
use crate::traffic::{Connection, Request};

/// What they do.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Nobody does anything: what the others are compared with.
    Nobody,
    /// Five hundred connections that begin a request and say no more: there is room for them.
    HalfOpen,
    /// Two thousand connections that begin a request and say no more: twice as many as there is room for.
    Crowd,
    /// Five hundred whose request comes a byte a second.
    Slow,
    /// Sixteen that send bodies of 1 GB, announced or in pieces.
    Bodies,
    /// Sixty-four that send heads without end.
    Heads,
    /// Sixty-four that guess passwords, each time another account's.
    Guessing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Nobody, Self::HalfOpen, Self::Crowd, Self::Slow, Self::Bodies, Self::Heads, Self::Guessing];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::HalfOpen => "500 half-open connections",
            Self::Crowd => "2,000 half-open connections",
            Self::Slow => "500 at a byte a second",
            Self::Bodies => "16 bodies of 1 GB",
            Self::Heads => "64 heads without end",
            Self::Guessing => "64 who guess passwords",
        }
    }

    /// How soon somebody who is thrown out is there again.
    const fn pause(self) -> Duration {
        match self {
            Self::HalfOpen | Self::Crowd | Self::Slow => Duration::from_secs(1),
            Self::Nobody | Self::Bodies | Self::Heads | Self::Guessing => Duration::from_millis(5),
        }
    }

    /// Whether they say nothing, and all of them have room: then nobody else waits for them.
    pub const fn is_idle(self) -> bool {
        matches!(self, Self::HalfOpen)
    }

    const fn clients(self) -> u32 {
        match self {
            Self::Nobody => 0,
            Self::HalfOpen | Self::Slow => 500,
            Self::Crowd => 2_000,
            Self::Bodies => 16,
            Self::Heads | Self::Guessing => 64,
        }
    }
}

/// Clients at work.
pub struct Attack {
    clients: JoinSet<()>,
    tries: Arc<AtomicU64>,
}

impl Attack {
    /// Begins; each client starts over when it is thrown out, until `end`.
    pub fn begin(kind: Kind, platform: &Platform, end: Instant) -> Self {
        let tries = Arc::new(AtomicU64::new(0));
        let mut clients = JoinSet::new();
        for number in 0..kind.clients() {
            let (address, tries) = (platform.address.clone(), tries.clone());
            clients.spawn(async move {
                while Instant::now() < end {
                    let number = tries.fetch_add(1, Ordering::Relaxed) * u64::from(kind.clients()) + u64::from(number);
                    let _ = timeout_at(end, attempt(kind, &address, number)).await;
                    sleep(kind.pause()).await;
                }
            });
        }
        Self { clients, tries }
    }

    /// Waits for all of them; how many tries there were.
    pub async fn end(mut self) -> u64 {
        while self.clients.join_next().await.is_some() {}
        self.tries.load(Ordering::Relaxed)
    }
}

/// One try, until the server ends it.
async fn attempt(kind: Kind, address: &Arc<str>, number: u64) -> std::io::Result<()> {
    const LENGTH: u64 = 1 << 30;
    if let Kind::Guessing = kind {
        let guess = format!(r#"{{"email":"person{number}@example.com","password":"a guess {number}"}}"#);
        let mut connection = Connection::new(address.clone());
        // 401 or 429: either is an answer.
        let _ = connection.ask(&Request::post("/api/auth/sign-in/email", guess)).await;
        return Ok(());
    }
    let mut stream = TcpStream::connect(&**address).await?;
    match kind {
        Kind::Nobody | Kind::Guessing => {}
        Kind::HalfOpen | Kind::Crowd => {
            stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n").await?;
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await?;
        }
        Kind::Slow => {
            // Every other one is past its head and is slow with the body.
            let head = "POST /api/auth/license/get-claims HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";
            if number.is_multiple_of(2) {
                stream.write_all(head.as_bytes()).await?;
            }
            let (mut reader, mut writer) = stream.into_split();
            let ended = async {
                let mut rest = Vec::new();
                reader.read_to_end(&mut rest).await
            };
            let sending = async {
                for byte in head.bytes().cycle() {
                    writer.write_all(&[byte]).await?;
                    sleep(Duration::from_secs(1)).await;
                }
                Ok::<(), std::io::Error>(())
            };
            tokio::select! {
                ended = ended => { ended?; }
                sent = sending => sent?,
            }
        }
        Kind::Bodies => {
            let is_announced = number.is_multiple_of(2);
            let length = if is_announced {
                format!("Content-Length: {LENGTH}")
            } else {
                "Transfer-Encoding: chunked".to_owned()
            };
            let head = format!(
                "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            let piece = vec![b' '; 1 << 16];
            let framed = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
            for _ in 0..LENGTH >> 16 {
                stream.write_all(if is_announced { &piece } else { &framed }).await?;
            }
        }
        Kind::Heads => {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").await?;
            let line = format!("X-Flood: {}\r\n", "a".repeat(1000));
            loop {
                stream.write_all(line.as_bytes()).await?;
            }
        }
    }
    Ok(())
}
