//! Over a real socket: what a slow or rude client gets.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::routing::get as answer_get;
use axum::routing::post;
use countersign::http::listen::{Limits, listen};
use countersign::http::router;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::ask::app;

const SHORT: Limits = Limits {
    head: Duration::from_millis(300),
    connection: Duration::from_mins(1),
    drain: Duration::from_secs(1),
    connections: 4,
    queue: 4,
};

struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

async fn start(limits: Limits) -> Server {
    serve(limits, router(app("/").await)).await
}

async fn serve(limits: Limits, router: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(listen(listener, router, limits, async {
        let _ = stopped.await;
    }));
    Server { address, stop, running }
}

async fn connect(server: &Server, text: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(text).await.unwrap();
    stream
}

/// Everything until the server closes the connection.
async fn all(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server closes the connection");
    String::from_utf8(bytes).unwrap()
}

async fn get(server: &Server) -> String {
    all(connect(server, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await).await
}

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let server = start(SHORT).await;
    for begin in [&b""[..], b"GET /health HTTP/1.1\r\nHost: x\r\nX: "] {
        let started = Instant::now();
        let mut stream = connect(&server, begin).await;
        // A byte now and then does not help.
        let trickle = async {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if begin.is_empty() || stream.write_all(b"a").await.is_err() {
                    break;
                }
                if started.elapsed() > Duration::from_secs(2) {
                    break;
                }
            }
        };
        trickle.await;
        let answer = all(stream).await;
        assert!(!answer.contains("200"), "{answer}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn half_open_connections_do_not_keep_others_out() {
    // They may say nothing for longer than anybody would wait.
    let server = start(Limits { head: Duration::from_hours(1), connection: Duration::from_hours(1), ..SHORT }).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(connect(&server, b"GET /health HTTP/1.1\r\n").await);
    }
    for _ in 0..2 {
        let answer = get(&server).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Those that waited longest had to go, without an answer.
    assert_eq!(all(held.remove(0)).await, "");
}

#[tokio::test]
async fn bodies_that_do_not_come_do_not_keep_others_out() {
    let server = start(Limits { head: Duration::from_hours(1), ..SHORT }).await;
    let begun = b"POST /api/auth/sign-in/email HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(connect(&server, begun).await);
    }
    let started = Instant::now();
    for _ in 0..2 {
        let answer = get(&server).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(started.elapsed() < Duration::from_secs(10), "nobody waits until their time is over");
    drop(held);
}

#[tokio::test]
async fn whoever_is_being_answered_is_not_put_out_for_others() {
    let server = start(Limits { head: Duration::from_hours(1), ..SHORT }).await;
    let guess = r#"{"email":"nobody@example.com","password":"a guess"}"#;
    let head =
        "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
    // A password takes a while to hash. Meanwhile many others come.
    let asked = format!("{head}Content-Length: {}\r\n\r\n{guess}", guess.len());
    for _ in 0..5 {
        let answered = connect(&server, asked.as_bytes()).await;
        let mut others = Vec::new();
        for _ in 0..20 {
            others.push(connect(&server, b"GET / HTTP/1.1\r\n").await);
        }
        let answer = all(answered).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

/// Room for four, and endpoints that take their time.
async fn slow() -> Server {
    const MEGABYTES: usize = 8;
    let late = async |request: Request| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        to_bytes(request.into_body(), 100).await.map_err(|error| error.to_string())
    };
    let router = Router::new()
        .route("/health", answer_get(async || "ok"))
        .route("/large", answer_get(async || vec![b'x'; MEGABYTES << 20]))
        .route("/late", post(late));
    serve(Limits { head: Duration::from_hours(1), connection: Duration::from_hours(1), ..SHORT }, router).await
}

const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// As many come and say nothing, again and again, as there is room for, until that is done.
async fn among_others<T>(server: &Server, done: impl Future<Output = T>) -> T {
    let others = async {
        let mut held = Vec::new();
        loop {
            held.push(connect(server, b"GET / HTTP/1.1\r\n").await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        done = done => done,
        () = others => unreachable!("they come for ever"),
    }
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_its_answer_while_others_come() {
    let server = slow().await;
    let read = async {
        let mut stream = connect(&server, LARGE).await;
        let (mut piece, mut read) = (vec![0; 64 << 10], 0);
        loop {
            let count = stream.read(&mut piece).await.unwrap();
            if count == 0 {
                return read;
            }
            read += count;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let read = among_others(&server, read).await;
    assert!(read > 8 << 20, "{read} bytes");
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_does_not_keep_others_out() {
    let server = slow().await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(connect(&server, LARGE).await);
    }
    let answer = get(&server).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(held);
}

#[tokio::test]
async fn a_request_that_has_come_whole_is_answered_however_late_it_is_read() {
    let server = slow().await;
    let asked = b"POST /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    let answer = among_others(&server, async { all(connect(&server, asked).await).await }).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_open_ones_are_finished() {
    let server = start(Limits { head: Duration::from_secs(30), ..SHORT }).await;
    let mut stream = connect(&server, b"").await;
    for _ in 0..3 {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        let mut rest = vec![0; 4096];
        let count = stream.read(&mut rest).await.unwrap();
        assert!(String::from_utf8_lossy(&rest[..count]).ends_with(r#"{"status":"ok"}"#));
    }
    let started = Instant::now();
    server.stop.send(()).unwrap();
    server.running.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(all(stream).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn whoever_waits_for_room_when_the_server_is_told_to_stop_is_answered() {
    let brief = async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        "brief"
    };
    let limits = Limits { queue: 16, drain: Duration::from_secs(10), ..SHORT };
    let server = serve(limits, Router::new().route("/brief", answer_get(brief))).await;
    let mut people = Vec::new();
    for _ in 0..16 {
        people.push(connect(&server, b"GET /brief HTTP/1.1\r\nHost: x\r\n\r\n").await);
    }
    server.stop.send(()).unwrap();
    for person in people {
        let answer = all(person).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("brief"), "{answer}");
    }
    server.running.await.unwrap();
}

#[tokio::test]
async fn rude_requests_are_refused() {
    let server = start(SHORT).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    let many = format!("GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(200));
    for (text, status) in [
        (
            &b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"[..],
            "411",
        ),
        (
            b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "411",
        ),
        (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "400"),
        (b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "400"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", "400"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", "400"),
        (b"GET / x HTTP/1.1\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "400"),
        (long.as_bytes(), "431"),
        (many.as_bytes(), "431"),
    ] {
        let answer = all(connect(&server, text).await).await;
        let begin = String::from_utf8_lossy(&text[..text.len().min(60)]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{begin:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{begin:?}: {answer}");
    }
}
