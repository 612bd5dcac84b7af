//! The mail server in `server.mjs`, with a certificate for `localhost` that an authority of its own vouches for.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use serde::Deserialize;
use serde_json::json;

/// A server that ends with the test.
pub struct MailServer {
    /// The authority's certificate, as PEM.
    pub authority: String,
    child: Child,
    lines: Receiver<String>,
    ports: HashMap<String, u16>,
}

/// A mail that the server took over.
#[derive(Debug, Deserialize)]
pub struct Taken {
    pub kind: String,
    pub secure: bool,
    pub user: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    pub raw: String,
}

/// An authority, and a certificate for `localhost`.
pub struct Certificates {
    pub authority: String,
    pub certificate: String,
    pub key: String,
}

pub fn certificates(expired: bool) -> Certificates {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let certificate = params.signed_by(&key, &authority).unwrap();
    Certificates { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
}

impl MailServer {
    pub fn start() -> Self {
        Self::with(certificates(false))
    }

    pub fn with(certificates: Certificates) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mail/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there");
        let config = json!({ "cert": certificates.certificate, "key": certificates.key });
        writeln!(child.stdin.as_mut().unwrap(), "{config}").unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let ports =
            lines.recv_timeout(Duration::from_secs(30)).expect("the server starts; `make setup-test` installs it");
        let ports = serde_json::from_str(&ports).unwrap();
        Self { authority: certificates.authority, child, lines, ports }
    }

    pub fn port(&self, kind: &str) -> u16 {
        self.ports[kind]
    }

    /// The next mail that was taken over.
    pub fn taken(&self) -> Taken {
        let line = self.lines.recv_timeout(Duration::from_secs(10)).expect("a mail is taken over");
        serde_json::from_str(&line).unwrap()
    }

    /// No mail was taken over.
    pub fn took_nothing(&self) {
        if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(200)) {
            panic!("a mail was taken over: {line}");
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Taken {
    /// The lines of the header, unfolded (RFC 5322, section 2.2.3).
    pub fn headers(&self) -> Vec<String> {
        let (head, _) = self.raw.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(ToOwned::to_owned).collect()
    }

    /// The one header with that name, its encoded words decoded.
    pub fn header(&self, name: &str) -> String {
        let start = format!("{}:", name.to_lowercase());
        let found: Vec<_> = self.headers().into_iter().filter(|line| line.to_lowercase().starts_with(&start)).collect();
        assert_eq!(found.len(), 1, "{name} in {}", self.raw);
        decode_words(found[0][start.len()..].trim())
    }

    /// The text, decoded, with `\n`.
    pub fn text(&self) -> String {
        let (_, body) = self.raw.split_once("\r\n\r\n").unwrap();
        let bytes = match self.header("Content-Transfer-Encoding").as_str() {
            "7bit" => body.as_bytes().to_vec(),
            "base64" => BASE64_STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap(),
            "quoted-printable" => unquote(body),
            other => panic!("{other}"),
        };
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }
}

/// Encoded words (RFC 2047) in base64. Between two of them white space does not count.
fn decode_words(text: &str) -> String {
    let mut out = String::new();
    let mut after_word = false;
    for piece in text.split(' ') {
        let word = piece.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?="));
        let joined = out.is_empty() || (after_word && word.is_some());
        if !joined {
            out.push(' ');
        }
        match word {
            Some(word) => out.push_str(&String::from_utf8(BASE64_STANDARD.decode(word).unwrap()).unwrap()),
            None => out.push_str(piece),
        }
        after_word = word.is_some();
    }
    out
}

/// Quoted-printable (RFC 2045, section 6.7).
fn unquote(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    out
}
