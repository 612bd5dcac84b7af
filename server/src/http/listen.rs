//! The accept loop: HTTP/1.1 with a limit on everything that a client could draw out.
//!
//! TLS and HTTP/2 end at the ingress. `axum::serve` would do but for its missing header timeout.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};
use tower::ServiceExt as _;

use super::waiting::{Asked, Line, Place, Waiting};

/// How long a client may take, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a request's head to arrive, counted from the connection's begin or the end of the answer before.
    pub head: Duration,
    /// For a connection to be used, however busy. Ends those whose client stopped reading, too.
    pub connection: Duration,
    /// For open connections to finish once the server was told to stop.
    pub drain: Duration,
    /// Connections that are served at a time.
    pub connections: usize,
    /// Connections that are taken before there is room to serve them. What is left to the system's queue once that is full loses what
    /// it sent, and comes late, after its client has sent it again.
    pub queue: usize,
}

impl Limits {
    /// What `serve` uses for the metrics' own listener: few ask there.
    pub const METRICS: Self = Self { connections: 16, queue: 16, ..Self::DEFAULT };
    /// What `serve` uses.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(10),
        connection: Duration::from_mins(15),
        drain: Duration::from_millis(3_500),
        connections: 960,
        queue: 8192,
    };

    /// The same, with no more connections than this process may have open files beside everything else: it takes as many as the system
    /// lets it have.
    #[must_use]
    pub fn within_open_files(self) -> Self {
        // The database, the log, calls to elsewhere, the metrics' listener.
        const ELSE: usize = 64;
        let most = self.connections + self.queue + ELSE;
        let (connections, queue) = match open_files(most) {
            None => (self.connections, self.queue),
            Some(files) => {
                let left = files.saturating_sub(ELSE);
                let connections = self.connections.min(left).max(1);
                (connections, self.queue.min(left.saturating_sub(connections)).max(1))
            }
        };
        Self { connections, queue, ..self }
    }
}

/// How many files this process may have open, after asking for so many. Nothing where there is no limit.
#[cfg(unix)]
fn open_files(wanted: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let limit = getrlimit(Resource::Nofile);
    let now = limit.current?;
    let raised = limit.maximum.map_or(wanted, |maximum| wanted.min(maximum));
    if raised > now && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).is_ok() {
        return usize::try_from(raised).ok();
    }
    usize::try_from(now).ok()
}

#[cfg(not(unix))]
fn open_files(_: usize) -> Option<usize> {
    None
}

/// Listens there. A crowd waits in the system's queue, as long as the system lets it be.
///
/// # Errors
/// The address is not one of this machine, or somebody else's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    const QUEUE: u32 = 4096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that starts again need not wait until the connections of the one before are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// How long a connection whose request has not come yet is kept open once the server was told to stop: it may be on its way.
const LEAVE: Duration = Duration::from_millis(100);

/// A connection, whose it is, and when it came.
type Arrived = (TcpStream, SocketAddr, Instant);

/// Serves until `stop` ends, then lets open connections finish.
pub async fn listen(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    listen_through(listener, router, limits, |stream| std::future::ready(Ok(stream)), stop).await;
}

/// The same, with connections that `open` makes something of before they are read: it ends their TLS. It bounds its time itself.
pub(crate) async fn listen_through<S, O>(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    open: impl Fn(TcpStream) -> O,
    stop: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    O: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(32 * 1024)
        .max_buf_size(64 * 1024);
    // Connections hold a receiver each: it tells them to stop, and their end tells us.
    let (stopping, receiver) = watch::channel(());
    let slots = Arc::new(Semaphore::new(limits.connections));
    let waiting = Waiting::default();
    let take = |(stream, peer, came): Arrived, slot| {
        let (router, place) = (router.clone(), Arc::new(waiting.place(came)));
        // Answers are small and written at once; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let (stream, builder, receiver) = (open(stream), builder.clone(), receiver.clone());
        tokio::spawn(async move {
            let served = async {
                match stream.await {
                    Ok(stream) => serve_one(builder, stream, router, peer, limits, place.clone(), receiver).await,
                    Err(error) => tracing::debug!(%error, "a connection did not begin"),
                }
            };
            place.serve(served).await;
            drop::<OwnedSemaphorePermit>(slot);
        });
    };
    let mut stop = pin!(stop);
    let mut queue = VecDeque::new();
    // In a crowd nobody comes alone: some make room at once, and then some more.
    let mut round = interval(Duration::from_millis(20));
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            slot = slots.clone().acquire_owned(), if !queue.is_empty() => {
                let (Ok(slot), Some(arrived)) = (slot, queue.pop_front()) else { break };
                take(arrived, slot);
            }
            _ = round.tick(), if !queue.is_empty() && slots.available_permits() == 0 => {
                for _ in 0..queue.len().min(64) {
                    if !waiting.end_longest() {
                        break;
                    }
                }
            }
            accepted = listener.accept(), if queue.len() < limits.queue => match accepted {
                Ok((stream, peer)) => queue.push_back((stream, peer, Instant::now())),
                Err(error) => {
                    // Out of files, or a client that is gone already: neither gets better by trying at once.
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            () = &mut stop => break,
        }
    }
    let ends = Instant::now() + limits.drain;
    // Whoever was connected before, and waits to be taken, is answered as well, where there is time.
    if let Ok(listener) = listener.into_std() {
        while let (true, Ok((stream, peer))) = (queue.len() < limits.queue, listener.accept()) {
            if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                queue.push_back((stream, peer, Instant::now()));
            }
        }
    }
    let _ = stopping.send(());
    while let Some(arrived) = queue.pop_front() {
        let Ok(Ok(slot)) = timeout_at(ends, slots.clone().acquire_owned()).await else { break };
        take(arrived, slot);
    }
    drop(receiver);
    if timeout_at(ends, stopping.closed()).await.is_err() {
        tracing::warn!("some connections did not finish in time");
    }
}

async fn serve_one(
    builder: http1::Builder,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    peer: SocketAddr,
    limits: Limits,
    place: Arc<Place>,
    mut stopping: watch::Receiver<()>,
) {
    let of_requests = place.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let (router, place) = (router.clone(), of_requests.clone());
        // A layer would be a copy of all routes for each connection.
        request.extensions_mut().insert(ConnectInfo(peer));
        async move {
            let request = request.map(|body| Body::new(Asked::new(body, place.clone())));
            let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            place.wait();
            Ok::<_, Infallible>(answer)
        }
    });
    let stream = TokioIo::new(Line::new(stream, place));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async {
            tokio::select! {
                // Whoever asked before the server was told to stop is answered; hyper closes at once what it has read nothing of.
                () = async { let _ = stopping.changed().await; sleep(LEAVE).await } => {}
                () = sleep(limits.connection) => {}
            }
        } => {
            connection.as_mut().graceful_shutdown();
            match timeout(limits.connection.min(Duration::from_secs(30)), connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
