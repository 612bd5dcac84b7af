//! Servers that answer whatever an input says, and what may come of it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::config::{Config, Environment, Flags, Key};
use countersign::egress::Egress;
use countersign::mail::{Message, Outbound, Provider, Resend, Secret, Security, Smtp};
use countersign::phone_home::{Answer, Question, ask};
use countersign_license::{License, Policy, inspect};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::{LICENSE, NOW, SECRET};

/// What stands between two replies of one conversation.
const NEXT: &[u8] = b"\n--\n";
/// In a reply: what was said last.
const SAID: &[u8] = b"$SAID";

/// Everybody who may be called.
pub struct Replies {
    runtime: Runtime,
    listener: TcpListener,
    port: u16,
    direct: Egress,
    proxied: Egress,
    license: License,
}

impl Replies {
    /// Listens on this machine, where nobody else is.
    pub fn new() -> Self {
        crate::without_a_network();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("a listener: scripts/fuzz.sh brings the loopback interface up");
        let port = listener.local_addr().expect("an address").port();
        let license = inspect(LICENSE, &Policy::default(), NOW).license.expect("a license");
        let direct = egress(&[(Key::LicenseApiUrl, &format!("http://127.0.0.1:{port}/validate"))]);
        let proxied = egress(&[
            (Key::LicenseApiUrl, "https://license.example.com/validate"),
            (Key::HttpsProxy, &format!("http://countersign:{SECRET}@127.0.0.1:{port}")),
        ]);
        Self { runtime, listener, port, direct, proxied, license }
    }

    /// The first byte says who is called: `0` the license server.
    pub fn try_out(&self, bytes: &[u8]) {
        let Some((kind, text)) = bytes.split_first() else { return };
        self.runtime.block_on(async {
            match kind.wrapping_sub(b'0') % 6 {
                0 => {
                    self.license_server(
                        &self.direct,
                        &["HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".as_bytes(), text].concat(),
                    )
                    .await
                }
                1 => self.license_server(&self.direct, text).await,
                2 => self.license_server(&self.proxied, text).await,
                3 => self.smtp(Security::None, text).await,
                4 => self.smtp(Security::StartTls, text).await,
                _ => self.resend(text).await,
            }
        });
    }

    async fn license_server(&self, egress: &Egress, script: &[u8]) {
        let question = Question::about(&self.license).expect("random numbers");
        let asked: Value = serde_json::to_value(&question).expect("JSON");
        let text = |name: &str| asked[name].as_str().expect("a text").to_owned();
        let script = replaced(script, b"$NONCE", text("nonce").as_bytes());
        let script = replaced(&script, b"$ID", text("licenseId").as_bytes());
        let is_proxied = std::ptr::eq(egress, &raw const self.proxied);
        let url = if is_proxied {
            "https://license.example.com/validate".to_owned()
        } else {
            format!("http://127.0.0.1:{}/validate", self.port)
        };
        let answer = self.talk(ask(egress, &url, &question), &script).await;
        match answer {
            Ok(answer) => {
                assert!(!is_proxied, "nobody there has the certificate");
                // It counts only if the nonce came back.
                let nonce = text("nonce");
                assert!(
                    script.windows(nonce.len()).any(|window| window == nonce.as_bytes()),
                    "{answer:?} without the nonce"
                );
                let id = text("licenseId");
                assert!(
                    script.windows(id.len()).any(|window| window == id.as_bytes()),
                    "{answer:?} about another license"
                );
                if let Answer::Revoked { reason } = answer {
                    is_fit(&reason);
                }
            }
            Err(failure) => is_fit(&failure.why.said("license.example.com")),
        }
    }

    async fn smtp(&self, security: Security, script: &[u8]) {
        let smtp = Smtp {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            security,
            username: "countersign".to_owned(),
            password: Secret::new(SECRET),
            from: "license@example.com".to_owned(),
            from_name: "License desk".to_owned(),
        };
        self.send(Provider::Smtp(smtp), script).await;
    }

    async fn resend(&self, script: &[u8]) {
        let resend = Resend {
            api_key: Secret::new(SECRET),
            from: "license@example.com".to_owned(),
            from_name: "License desk".to_owned(),
        };
        self.send(Provider::Resend(resend), script).await;
    }

    async fn send(&self, provider: Provider, script: &[u8]) {
        let outbound = Outbound {
            resend_url: format!("http://127.0.0.1:{}", self.port),
            total: Duration::from_secs(2),
            ..Outbound::through(self.direct.clone())
        };
        let message = Message {
            to: "admin@example.com".to_owned(),
            subject: "Your license".to_owned(),
            text: "It is installed.\n".to_owned(),
        };
        match self.talk(provider.send(&message, &outbound), script).await {
            Ok(sent) => is_fit(&sent.answer),
            Err(error) => is_fit(&error.to_string()),
        }
    }

    /// Calls, while whoever takes the call answers by the script. Nobody waits for what does not come.
    async fn talk<T>(&self, calling: impl Future<Output = T>, script: &[u8]) -> T {
        let serving = async {
            loop {
                if let Ok((stream, _)) = self.listener.accept().await {
                    // Whoever is called may be left alone in the middle of a word.
                    let _ = answer(stream, script).await;
                }
            }
        };
        tokio::select! {
            biased;
            result = calling => result,
            () = serving => unreachable!("it serves for ever"),
        }
    }
}

impl Default for Replies {
    fn default() -> Self {
        Self::new()
    }
}

fn egress(settings: &[(Key, &str)]) -> Egress {
    let more = [(Key::EgressAllow, "127.0.0.1,license.example.com")];
    let settings = more.iter().chain(settings).map(|(key, value)| (*key, (*value).to_owned())).collect();
    let config = Config::load(&Flags { file: None, settings }, &Environment::default()).expect("good settings");
    let lookup: countersign::egress::Lookup = Arc::new(|_, _| Box::pin(async { Ok(Vec::new()) }));
    Egress::of(&config).expect("good certificates").with_lookup(lookup)
}

/// Says the first reply; after each thing that it hears the next; and hangs up. A server of SMTP speaks first, others wait: a
/// script that begins with HTTP does.
async fn answer(mut stream: TcpStream, script: &[u8]) -> std::io::Result<()> {
    let mut said = vec![0; 8192];
    let mut heard = 0;
    let mut replies = split(script).into_iter();
    if script.starts_with(b"HTTP/") {
        heard = stream.read(&mut said).await?;
    }
    while let Some(reply) = replies.next() {
        let reply = replaced(reply, SAID, said[..heard].trim_ascii());
        stream.write_all(&reply).await?;
        if replies.len() > 0 {
            // Whoever is called may wait for more of this reply.
            match timeout(Duration::from_millis(20), stream.read(&mut said)).await {
                Ok(read) => heard = read?,
                Err(_) => heard = 0,
            }
        }
    }
    stream.shutdown().await
}

fn split(script: &[u8]) -> Vec<&[u8]> {
    let (mut replies, mut rest) = (Vec::new(), script);
    while let Some(at) = rest.windows(NEXT.len()).position(|window| window == NEXT) {
        // The line break belongs to the reply.
        replies.push(&rest[..=at]);
        rest = &rest[at + NEXT.len()..];
    }
    replies.push(rest);
    replies
}

fn replaced(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by);
        rest = &rest[at + what.len()..];
        // Many of them would make much out of little.
        if out.len() > 1 << 20 {
            break;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// One bounded line that tells no secret, nor what a password looks like when it is sent.
fn is_fit(said: &str) {
    let sent = [STANDARD.encode(SECRET), STANDARD.encode(format!("\0countersign\0{SECRET}"))];
    assert!(!sent.iter().any(|sent| said.contains(sent)), "it tells a secret: {said}");
    assert!(said.chars().count() < 1000, "{said}");
    assert!(!said.chars().any(char::is_control), "{said:?}");
    assert!(!said.contains(SECRET), "it tells a secret: {said}");
}
