//! The accept loop: HTTP/1.1 with a limit on everything that a client could draw out.
//!
//! TLS and HTTP/2 end at the ingress. `axum::serve` would do but for its missing header timeout.

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
use tokio::time::{sleep, timeout};
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
    /// Connections at a time. Below 1,024, the usual limit of open files.
    pub connections: usize,
}

impl Limits {
    /// What `serve` uses for the metrics' own listener: few ask there.
    pub const METRICS: Self = Self { connections: 16, ..Self::DEFAULT };
    /// What `serve` uses.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(10),
        connection: Duration::from_mins(15),
        drain: Duration::from_secs(4),
        connections: 960,
    };
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
    let take = |stream: TcpStream, peer, slot| {
        let (router, place) = (router.clone(), Arc::new(waiting.place()));
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
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files, or a client that is gone already: neither gets better by trying at once.
                tracing::warn!(%error, "a connection was not accepted");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let slot = async {
            loop {
                if slots.available_permits() == 0 {
                    // Some at once: in a crowd nobody comes alone.
                    for _ in 0..64 {
                        if !waiting.end_longest() {
                            break;
                        }
                    }
                }
                // Somebody is done meanwhile, or has waited for long enough.
                if let Ok(slot) = timeout(Duration::from_millis(20), slots.clone().acquire_owned()).await {
                    break slot;
                }
            }
        };
        let slot = tokio::select! {
            slot = slot => slot,
            () = &mut stop => break,
        };
        match slot {
            Ok(slot) => take(stream, peer, slot),
            Err(_) => break,
        }
    }
    // Whoever was connected before, and waits to be taken, is answered as well.
    if let Ok(listener) = listener.into_std() {
        while let (Ok(slot), Ok((stream, peer))) = (slots.clone().try_acquire_owned(), listener.accept()) {
            if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                take(stream, peer, slot);
            }
        }
    }
    drop(receiver);
    let _ = stopping.send(());
    if timeout(limits.drain, stopping.closed()).await.is_err() {
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
                _ = stopping.changed() => {}
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
