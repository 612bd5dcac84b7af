//! Sending e-mail: through an SMTP server of the operator's, or through Resend.
//!
//! What is here knows no database and no endpoint. Others judge a form with [`Provider::from_fields`], keep the
//! settings sealed, and send with [`Provider::send`].

mod error;
mod fields;
mod letter;
mod resend;
mod smtp;
mod tls;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::egress::{Egress, Limits, Purpose, RESEND};
use crate::line::bounded_line;

pub use error::{ConnectFault, SendError, TlsFault};
pub use fields::{Fields, Port, Wrong};

/// How many characters of a foreign answer are kept: enough for a sentence and an address of a help page.
const ANSWER: usize = 200;

/// Who delivers the mail. It serializes **with its secrets**, to be sealed as one text; show it by its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum Provider {
    /// Not set up yet.
    Later,
    /// Resend, over its API.
    Resend(Resend),
    /// An SMTP server.
    Smtp(Smtp),
}

/// The settings of Resend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resend {
    /// The API key.
    pub api_key: Secret,
    /// The sender's address.
    pub from: String,
    /// The sender's name, or nothing.
    pub from_name: String,
}

/// The settings of an SMTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Smtp {
    /// A DNS name or an IP address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// What protects the connection.
    pub security: Security,
    /// Who signs in, or nothing: then nobody does.
    pub username: String,
    /// The password that goes with the name.
    pub password: Secret,
    /// The sender's address.
    pub from: String,
    /// The sender's name, or nothing.
    pub from_name: String,
}

/// What protects a connection to an SMTP server. There is no mode that uses TLS only if it happens to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Nothing.
    None,
    /// TLS after the command STARTTLS (RFC 3207), or no mail at all.
    StartTls,
    /// TLS from the first byte on (RFC 8314).
    Tls,
}

impl Security {
    /// The port where such servers usually listen.
    pub fn default_port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::StartTls => 587,
            Self::Tls => 465,
        }
    }
}

/// A text that no log and no error shows. It serializes as it is, to be sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••••")
    }
}

/// One mail, as plain text.
#[derive(Clone, Debug)]
pub struct Message {
    /// The one recipient's address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text, with `\n` between lines.
    pub text: String,
}

/// A mail that was taken over by the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What the server answered, as one bounded line.
    pub answer: String,
}

/// How mail leaves this machine.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// What may leave it.
    pub egress: Egress,
    /// Where Resend's API is, without a slash at the end.
    pub resend_url: String,
    /// How long finding the server may take, and how long connecting to each of its addresses.
    pub connect: Duration,
    /// How long everything may take.
    pub total: Duration,
}

impl Outbound {
    /// The usual way.
    pub fn through(egress: Egress) -> Self {
        Self {
            egress,
            resend_url: format!("https://{RESEND}"),
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
        }
    }

    fn limits(&self) -> Limits {
        Limits { connect: self.connect, total: self.total }
    }
}

impl Provider {
    /// Hands one mail to the server, once. After a [`SendError::Timeout`] it may have been taken over all the same.
    pub async fn send(&self, message: &Message, outbound: &Outbound) -> Result<Sent, SendError> {
        let peer = match self {
            Self::Later => return Err(SendError::NotSetUp),
            Self::Resend(_) => resend::NAME.into(),
            Self::Smtp(smtp) => smtp.peer(),
        };
        let sending = async {
            match self {
                Self::Later => Err(SendError::NotSetUp),
                Self::Resend(resend) => resend::send(resend, message, outbound).await,
                Self::Smtp(smtp) => smtp::send(smtp, message, outbound).await,
            }
        };
        let too_late = SendError::Timeout { peer, after: outbound.total, security: self.security() };
        tokio::time::timeout(outbound.total, sending).await.unwrap_or(Err(too_late))
    }

    /// Who is called for it, if anybody is.
    pub fn destination(&self) -> Option<(Purpose, &str, u16)> {
        match self {
            Self::Later => None,
            Self::Resend(_) => Some((Purpose::Resend, RESEND, 443)),
            Self::Smtp(smtp) => Some((Purpose::Smtp, &smtp.host, smtp.port)),
        }
    }

    fn security(&self) -> Option<Security> {
        match self {
            Self::Smtp(smtp) => Some(smtp.security),
            Self::Later | Self::Resend(_) => None,
        }
    }
}

impl Smtp {
    /// The server as it is named in sentences.
    fn peer(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// A foreign answer as one bounded line, in which nothing of our secrets is left: many servers quote the line that they
/// did not understand.
fn answer(text: &str, secrets: &[String]) -> String {
    const HIDDEN: &str = "••••••";
    // Shorter pieces of a secret are words like any other.
    const PIECE: usize = 6;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, HIDDEN);
    }
    let words = text.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let piece = bare.len() >= PIECE && secrets.iter().any(|secret| secret.contains(bare));
        if piece { HIDDEN } else { word }
    });
    bounded_line(&words.collect::<Vec<_>>().join(" "), ANSWER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_in_what_a_debugger_prints() {
        let smtp = Provider::Smtp(Smtp {
            host: "mail.example.com".into(),
            port: 587,
            security: Security::StartTls,
            username: "countersign".into(),
            password: Secret::new("correct horse"),
            from: "license@example.com".into(),
            from_name: String::new(),
        });
        let resend = Provider::Resend(Resend {
            api_key: Secret::new("re_correct_horse"),
            from: "license@example.com".into(),
            from_name: String::new(),
        });
        for provider in [smtp, resend] {
            let printed = format!("{provider:?} {provider:#?}");
            assert!(printed.contains("••••••") && !printed.contains("horse"), "{printed}");
        }
    }

    #[test]
    fn settings_come_back_from_their_sealed_text() {
        let text = concat!(
            r#"{"provider":"smtp","host":"mail.example.com","port":587,"security":"starttls","#,
            r#""username":"u","password":"p","from":"license@example.com","fromName":"License"}"#
        );
        let provider: Provider = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&provider).unwrap(), text);
        assert_eq!(serde_json::to_string(&Provider::Later).unwrap(), r#"{"provider":"later"}"#);
    }

    #[test]
    fn an_answer_is_one_bounded_line() {
        assert_eq!(answer("no\r\n\x1b[31mred\u{202e}", &[]), "no \\u{1b}[31mred\\u{202e}");
        assert_eq!(answer(&"a".repeat(100_000), &[]).chars().count(), ANSWER + 1);
        assert!(answer(&"\u{16}".repeat(100_000), &[]).chars().count() <= ANSWER + 1);
    }

    #[test]
    fn an_answer_quotes_no_secret_not_even_a_piece_of_it() {
        let secrets = ["correct horse".to_owned(), "AGFkbWluAGNvcnJlY3QgaG9yc2U=".to_owned()];
        for quoted in
            ["`AUTH PLAIN AGFkbWluAGNvcnJlY3QgaG9yc2U=`", "'AUTH PLAIN AGFkbWluAGNv...'", "was correct horse."]
        {
            let line = answer(quoted, &secrets);
            assert!(line.contains("••••••") && !line.contains("AGFk") && !line.contains("horse"), "{line}");
        }
        assert_eq!(answer("no such user", &secrets), "no such user");
    }
}
