//! SMTP (RFC 5321). Connection, STARTTLS and TLS are ours, the conversation after that is lettre's.
//!
//! Lettre upgrades underneath a buffered reader, so what somebody in between puts behind the answer to STARTTLS would
//! be read as if it had come protected. Here such bytes end it. Every connection may only say so much: lettre reads a
//! line without a bound before it measures it. And nobody waits for the answer to QUIT: lettre does, after a refusal
//! too, and a silent server would turn the refusal into a timeout.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::{ClientId, Extension};
use rustls::pki_types::ServerName;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{ConnectFault, Message, Outbound, Security, SendError, Sent, Smtp, TlsFault, answer, letter, tls};
use crate::egress::{Egress, Purpose, Unconnected};

/// How many bytes a server may say in one connection. Those of a usual one are 2,000.
const SAID: usize = 64 * 1024;
/// The longest reply before TLS.
const REPLY: usize = 16 * 1024;

pub(super) async fn send(smtp: &Smtp, message: &Message, outbound: &Outbound) -> Result<Sent, SendError> {
    let letter =
        letter::letter(letter::sender(&smtp.from, &smtp.from_name)?, message, &letter::id(), crate::clock::now())?;
    let talk = Talk { peer: smtp.peer(), secrets: secrets(smtp) };
    let hello = ClientId::default();

    let tcp = talk.connect(smtp, outbound).await?;
    let wire = match smtp.security {
        Security::None => Wire::new(Protection::None(tcp), b""),
        Security::StartTls => {
            let tcp = talk.starttls(tcp, &hello).await?;
            // Lettre waits for a greeting, which the server said before.
            Wire::new(talk.protect(tcp, smtp, &outbound.egress).await?, b"220 ready\r\n")
        }
        Security::Tls => Wire::new(talk.protect(tcp, smtp, &outbound.egress).await?, b""),
    };
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello)
        .await
        .map_err(|error| talk.error(&error))?;

    if !smtp.username.is_empty() {
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(SendError::AuthNotOffered { peer: talk.peer });
        }
        let credentials = Credentials::new(smtp.username.clone(), smtp.password.reveal().to_owned());
        connection.auth(&mechanisms, &credentials).await.map_err(|error| match talk.error(&error) {
            // 454 is the one code of RFC 4954 that does not blame who signs in.
            SendError::Refused { peer, code, answer } => SendError::Auth { peer, code, answer },
            other => other,
        })?;
    }
    if !letter_is_ascii(&letter) && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        return Err(SendError::Utf8Address { peer: talk.peer });
    }
    let response = connection.send(letter.envelope(), &letter.formatted()).await.map_err(|error| talk.error(&error))?;
    let said = response.message().collect::<Vec<_>>().join(" ");
    // It says QUIT and closes. Lettre's `quit` would say it twice, as it hears no answer.
    connection.abort().await;
    Ok(Sent { answer: answer(&format!("{} {said}", response.code()), &talk.secrets) })
}

fn letter_is_ascii(letter: &lettre::Message) -> bool {
    let envelope = letter.envelope();
    envelope.from().into_iter().chain(envelope.to()).all(|address| {
        let text: &str = address.as_ref();
        text.is_ascii()
    })
}

/// What must not be in any sentence: the password, and what it looks like when it is sent.
fn secrets(smtp: &Smtp) -> Vec<String> {
    let password = smtp.password.reveal();
    if password.is_empty() {
        return Vec::new();
    }
    let plain = BASE64_STANDARD.encode(format!("\0{}\0{password}", smtp.username));
    vec![password.to_owned(), BASE64_STANDARD.encode(password), plain]
}

/// What sentences about one conversation need.
struct Talk {
    peer: String,
    secrets: Vec<String>,
}

impl Talk {
    async fn connect(&self, smtp: &Smtp, outbound: &Outbound) -> Result<TcpStream, SendError> {
        let connecting = outbound.egress.connect(Purpose::Smtp, &smtp.host, smtp.port, outbound.connect);
        let fault = match connecting.await {
            Ok(tcp) => return Ok(tcp),
            Err(Unconnected::NotAllowed(refused)) => return Err(SendError::NotAllowed(refused)),
            Err(Unconnected::Failed(io::ErrorKind::ConnectionRefused)) => ConnectFault::Refused,
            Err(Unconnected::Failed(io::ErrorKind::TimedOut)) => ConnectFault::TimedOut,
            Err(Unconnected::Failed(_)) => ConnectFault::Unreachable,
        };
        Err(SendError::Connect { peer: self.peer.clone(), fault })
    }

    /// Talks as far as the answer to STARTTLS.
    async fn starttls(&self, tcp: TcpStream, hello: &ClientId) -> Result<TcpStream, SendError> {
        let mut stream = BufReader::new(tcp);
        self.positive(self.reply(&mut stream).await?)?;
        self.say(&mut stream, &format!("EHLO {hello}\r\n")).await?;
        let features = self.positive(self.reply(&mut stream).await?)?;
        // The first line is the server's name.
        if !features.iter().skip(1).any(|feature| feature.trim().eq_ignore_ascii_case("STARTTLS")) {
            return Err(SendError::StartTlsNotOffered { peer: self.peer.clone() });
        }
        self.say(&mut stream, "STARTTLS\r\n").await?;
        self.positive(self.reply(&mut stream).await?)?;
        if !stream.buffer().is_empty() {
            return Err(self.unexpected("it went on in the clear after STARTTLS"));
        }
        Ok(stream.into_inner())
    }

    async fn protect(&self, tcp: TcpStream, smtp: &Smtp, egress: &Egress) -> Result<Protection, SendError> {
        let failed = |fault| SendError::Tls { peer: self.peer.clone(), fault };
        let name = ServerName::try_from(smtp.host.clone()).map_err(|_| failed(TlsFault::WrongName))?;
        let stream = TlsConnector::from(egress.tls()).connect(name, tcp).await;
        Ok(Protection::Tls(Box::new(stream.map_err(|error| failed(tls::fault(&error)))?)))
    }

    async fn say(&self, stream: &mut BufReader<TcpStream>, line: &str) -> Result<(), SendError> {
        stream.write_all(line.as_bytes()).await.map_err(|_| self.unexpected("it closed the connection"))
    }

    /// One reply, of one or more lines (RFC 5321, section 4.2).
    async fn reply(&self, stream: &mut BufReader<TcpStream>) -> Result<(u16, Vec<String>), SendError> {
        let mut lines = Vec::new();
        let mut left = REPLY;
        loop {
            let mut line = Vec::new();
            let limit = u64::try_from(left).unwrap_or(0);
            stream
                .take(limit)
                .read_until(b'\n', &mut line)
                .await
                .map_err(|_| self.unexpected("it closed the connection"))?;
            left = left.saturating_sub(line.len());
            if line.last() != Some(&b'\n') {
                let what = if left == 0 { "it says too much" } else { "it closed the connection" };
                return Err(self.unexpected(what));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            let code = line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
            let (Some(Ok(code)), rest) = (code.map(str::parse), line.get(3..).unwrap_or_default()) else {
                return Err(self.unexpected(line));
            };
            match (rest.chars().next(), rest.get(1..)) {
                (Some('-'), Some(text)) => lines.push(text.to_owned()),
                (Some(' '), text) => {
                    lines.push(text.unwrap_or_default().to_owned());
                    return Ok((code, lines));
                }
                (None, _) => return Ok((code, lines)),
                _ => return Err(self.unexpected(line)),
            }
        }
    }

    fn positive(&self, (code, lines): (u16, Vec<String>)) -> Result<Vec<String>, SendError> {
        if (200..300).contains(&code) { Ok(lines) } else { Err(self.refusal(code, &lines.join(" "))) }
    }

    fn refusal(&self, code: u16, said: &str) -> SendError {
        let (peer, answer) = (self.peer.clone(), answer(said, &self.secrets));
        if (400..500).contains(&code) {
            SendError::Deferred { peer, code, answer }
        } else {
            SendError::Refused { peer, code, answer }
        }
    }

    fn unexpected(&self, what: &str) -> SendError {
        SendError::Unexpected { peer: self.peer.clone(), answer: answer(what, &self.secrets) }
    }

    fn error(&self, error: &Error) -> SendError {
        let source = error.source();
        if let Some(code) = error.status() {
            let said = source.map(ToString::to_string).unwrap_or_default();
            return self.refusal(code.into(), &said);
        }
        match source.and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind) {
            Some(io::ErrorKind::QuotaExceeded) => self.unexpected("it says too much"),
            Some(io::ErrorKind::InvalidData) => self.unexpected("it says what is no text"),
            Some(_) => self.unexpected("it closed the connection"),
            // In the words of the library, which quote nothing: "incomplete response", "SMTP response line too long".
            None => self.unexpected(&source.map_or_else(|| error.to_string(), ToString::to_string)),
        }
    }
}

/// A connection as lettre sees it.
#[derive(Debug)]
struct Wire {
    /// What is read before anything that the server says.
    before: &'static [u8],
    protection: Protection,
    /// How many bytes the server may still say.
    left: usize,
    /// Whether QUIT was said: nothing is read after that.
    parted: bool,
}

#[derive(Debug)]
enum Protection {
    None(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    fn new(protection: Protection, before: &'static [u8]) -> Self {
        Self { before, protection, left: SAID, parted: false }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.protection {
            Protection::None(tcp) => tcp.peer_addr(),
            Protection::Tls(tls) => tls.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.before.is_empty() {
            let (now, later) = this.before.split_at(this.before.len().min(buf.remaining()));
            buf.put_slice(now);
            this.before = later;
            return Poll::Ready(Ok(()));
        }
        if this.parted {
            return Poll::Ready(Ok(()));
        }
        if this.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let before = buf.filled().len();
        ready!(match &mut this.protection {
            Protection::None(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Protection::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        })?;
        let said = buf.filled_mut().get_mut(before..).unwrap_or_default();
        this.left = this.left.saturating_sub(said.len());
        // Lettre reads UTF-8 alone, and some servers answer in Latin-1: their reason must not be lost over one letter.
        // A letter that comes in two halves is no error.
        if std::str::from_utf8(said).is_err_and(|error| error.error_len().is_some()) {
            said.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.parted |= bytes == b"QUIT\r\n";
        match &mut this.protection {
            Protection::None(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Protection::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().protection {
            Protection::None(tcp) => Pin::new(tcp).poll_flush(cx),
            Protection::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().protection {
            Protection::None(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Protection::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
