//! A connection that is kept: one question after the other, as programs and browsers ask.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::nginx::Answer;

/// A connection to a server.
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    pub fn to(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks with these further lines in the head. An error is a connection that was cut before the answer was whole.
    pub fn ask(&mut self, method: &str, path: &str, lines: &str, body: &str) -> io::Result<Answer> {
        let length = body.len();
        let question =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}Content-Length: {length}\r\n\r\n{body}");
        self.0.get_mut().write_all(question.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(cut());
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(Ok(0), str::parse);
        let mut body = vec![0; length.map_err(io::Error::other)?];
        self.0.read_exact(&mut body)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
        Ok(Answer { status, head, body: String::from_utf8(body).map_err(io::Error::other)? })
    }
}

/// The lines of a head that carries these cookies and a JSON body.
pub fn as_person(cookies: &str) -> String {
    format!("Content-Type: application/json\r\nCookie: {cookies}\r\n")
}

/// What `get-claims` answered, after a look that all of it is of one license: of those of [`crate::place::pair`], the one of
/// that revision.
pub fn whole(answer: &Answer, keys: &[String; 2]) -> i64 {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
    let revision = told["revision"].as_i64().expect("a revision");
    let index = crate::place::of(revision);
    assert_eq!(told["claims"]["jti"], ["lic_even", "lic_odd"][index], "{}", answer.body);
    assert_eq!(told["claims"]["scrydon"]["org"], ["Even", "Odd"][index], "{}", answer.body);
    assert_eq!(told["key"]["sha256"], keys[index].as_str(), "{}", answer.body);
    assert_eq!((&told["verdict"], &told["state"]), (&"valid".into(), &"active".into()), "{}", answer.body);
    assert!(answer.head.contains(&format!("etag: \"{revision}\"\r\n")), "{}", answer.head);
    revision
}

/// The fingerprints of the keys of two bundles.
pub fn fingerprints(bundles: &[String; 2]) -> [String; 2] {
    bundles.each_ref().map(|bundle| {
        let ran = crate::run::run_with(
            &mut crate::run::command(std::path::Path::new("."), &[]),
            &["check", "--json"],
            bundle.as_bytes(),
        );
        let told: Value = serde_json::from_str(&ran.out).expect("JSON");
        told["key"]["sha256"].as_str().expect("a fingerprint").to_owned()
    })
}

/// Says that it is over, also where a test fails: nobody goes on for ever then.
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
