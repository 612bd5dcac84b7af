//! `serve`: the process, from its first line to its end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::run::{command, empty, run, run_with};
use crate::running::Server;

#[test]
fn it_says_where_it_listens_and_ends_when_told_to() {
    let server = Server::start("serve-stop", &["--base-path", "/platform"]);
    assert_eq!(server.base, "/platform/");
    assert!(server.get("/platform/health").starts_with("HTTP/1.1 200"));
    let (code, took, _) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn idle_and_half_open_connections_do_not_keep_it_from_ending() {
    let server = Server::start("serve-idle", &[]);
    let mut half = server.connect();
    write!(half, "GET /health HTTP/1.1\r\nHo").unwrap();
    let mut idle = server.connect();
    write!(idle, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    idle.read_exact(&mut [0; 12]).unwrap();
    let (code, took, _) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_log_is_one_event_a_line_without_query_strings() {
    let server = Server::start("serve-log", &[]);
    server.get("/health?token=SENTINEL");
    server.get("/%0a%1b%0d?SENTINEL");
    let mut raw = server.connect();
    raw.write_all(
        b"GET /\xc2\x85\xe2\x80\xae HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: \x1b[31mSENTINEL\r\n\r\n",
    )
    .unwrap();
    let _ = raw.read_to_end(&mut Vec::new());
    let (_, _, log) = server.stop();
    assert!(!log.contains("SENTINEL"), "{log}");
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(event["timestamp"].is_string() && event["level"].is_string() && event["message"].is_string());
    }
    assert!(!log.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{log}");
}

#[test]
fn a_start_that_fails_says_why() {
    let folder = empty("serve-fails");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = run(&folder, &["serve", "--listen-addr", &address]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains(&format!("cannot listen on {address} (LISTEN_ADDR)")), "{}", ran.err);
    let ran = run(&folder, &["serve", "--base-path", "platform"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("BASE_PATH on the command line is `platform`"), "{}", ran.err);
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let folder = empty("serve-metrics");
    let variables = [("METRICS_LISTEN_ADDR", "127.0.0.1:0")];
    let server = Server::start_in(&folder, &variables, &["--listen-addr", "127.0.0.1:0", "--base-path=/platform"]);
    let address = server.metrics.clone().unwrap();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = get("/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\ncountersign_license_state{state=\"unlicensed\"} 1\n"), "{answer}");
    // It has nothing else, and the listener for people has no metrics.
    for path in ["/", "/platform/metrics", "/health", "/platform/api/setup/state"] {
        assert!(get(path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    assert!(server.get("/platform/metrics").starts_with("HTTP/1.1 404 "));

    let ran = run_with(
        &mut command(&empty("serve-metrics-taken"), &[("METRICS_LISTEN_ADDR", &address)]),
        &["serve", "--listen-addr", "127.0.0.1:0"],
        b"",
    );
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("METRICS_LISTEN_ADDR"), "{}", ran.err);
    // Both listeners end with the process.
    let (code, took, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}
