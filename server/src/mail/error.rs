//! Why a mail was not taken over.

use std::fmt;
use std::time::Duration;

use super::Security;
use crate::egress::Refused as NotAllowed;

/// Why a mail was not taken over. Answers of others are bounded, on one line, and quote no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Sender or recipient are no addresses.
    Address {
        /// `from` or `to`.
        field: &'static str,
    },
    /// The user name or the password is wrong.
    Auth {
        /// Which server.
        peer: String,
        /// The status of SMTP.
        code: u16,
        /// What was answered.
        answer: String,
    },
    /// The server has no way to sign in that we know.
    AuthNotOffered {
        /// Which server.
        peer: String,
    },
    /// Nobody was reached.
    Connect {
        /// Which server.
        peer: String,
        /// Why not.
        fault: ConnectFault,
    },
    /// Refused for now.
    Deferred {
        /// Who says so.
        peer: String,
        /// The status of SMTP or HTTP.
        code: u16,
        /// What was answered.
        answer: String,
    },
    /// Resend does not accept the API key.
    Key {
        /// The status of HTTP.
        code: u16,
        /// What was answered.
        answer: String,
    },
    /// This server does not call that one.
    NotAllowed(NotAllowed),
    /// Mail is not set up.
    NotSetUp,
    /// Refused for good.
    Refused {
        /// Who says so.
        peer: String,
        /// The status of SMTP or HTTP.
        code: u16,
        /// What was answered.
        answer: String,
    },
    /// The server does not offer STARTTLS. Nothing but the greeting was sent.
    StartTlsNotOffered {
        /// Which server.
        peer: String,
    },
    /// There was no answer in time.
    Timeout {
        /// Which server.
        peer: String,
        /// How long was waited.
        after: Duration,
        /// How the connection was to be protected, over SMTP.
        security: Option<Security>,
    },
    /// No protected connection came about.
    Tls {
        /// Which server.
        peer: String,
        /// Why not.
        fault: TlsFault,
    },
    /// What came back is not what such a server says.
    Unexpected {
        /// Which server.
        peer: String,
        /// What was found.
        answer: String,
    },
    /// The address has letters beyond ASCII, and the server does not take those.
    Utf8Address {
        /// Which server.
        peer: String,
    },
}

/// Why nobody was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectFault {
    /// Nobody listens at that port.
    Refused,
    /// Nothing came back.
    TimedOut,
    /// There is no way there.
    Unreachable,
}

/// Why no protected connection came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate has expired.
    Expired,
    /// What was answered is not TLS.
    NotTls,
    /// The certificate is not valid yet.
    NotYetValid,
    /// Something else, in the words of the library.
    Other(String),
    /// Nobody who is trusted vouches for the certificate.
    Untrusted,
    /// The certificate is for other names.
    WrongName,
}

impl SendError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "mail-address",
            Self::Auth { .. } => "mail-auth",
            Self::AuthNotOffered { .. } => "mail-auth-not-offered",
            Self::Connect { .. } => "mail-connect",
            Self::Deferred { .. } => "mail-deferred",
            Self::Key { .. } => "mail-key",
            Self::NotAllowed(NotAllowed::NotFound { .. }) => "mail-resolve",
            Self::NotAllowed(refused) => refused.code(),
            Self::NotSetUp => "mail-not-set-up",
            Self::Refused { .. } => "mail-refused",
            Self::StartTlsNotOffered { .. } => "mail-starttls-not-offered",
            Self::Timeout { .. } => "mail-timeout",
            Self::Tls { .. } => "mail-tls",
            Self::Unexpected { .. } => "mail-unexpected",
            Self::Utf8Address { .. } => "mail-utf8-address",
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { field: "to" } => f.write_str("The recipient is not one e-mail address; correct it"),
            Self::Address { .. } => {
                f.write_str("The sender is not one e-mail address; correct it in the e-mail settings")
            }
            Self::Auth { peer, code, answer } => {
                write!(f, "{peer} did not accept the user name and password ({code}: {answer}); type both again")
            }
            Self::AuthNotOffered { peer } => write!(
                f,
                "{peer} offers no way to sign in like this; choose STARTTLS or TLS, or leave the user name empty"
            ),
            Self::Connect { peer, fault: ConnectFault::Refused } => {
                write!(f, "Nobody listens at {peer}; check the host and the port")
            }
            Self::Connect { peer, fault: ConnectFault::TimedOut } => {
                write!(f, "{peer} was not reached in time; check the host, the port, and any firewall in between")
            }
            Self::Connect { peer, fault: ConnectFault::Unreachable } => {
                write!(f, "There is no way to {peer} from this server; check the host, and this server's network")
            }
            Self::Deferred { peer, code, answer } => {
                write!(f, "{peer} does not take the mail at the moment ({code}: {answer}); try again in a few minutes")
            }
            Self::Key { code, answer } => {
                write!(
                    f,
                    "Resend did not accept the API key ({code}: {answer}); make a new one there, and paste it here"
                )
            }
            Self::NotAllowed(refused) => refused.fmt(f),
            Self::NotSetUp => f.write_str("E-mail is not set up; choose a provider in the e-mail settings"),
            Self::Refused { peer, code, answer } => {
                write!(f, "{peer} refused the mail ({code}: {answer}); correct what the answer names")
            }
            Self::StartTlsNotOffered { peer } => {
                write!(
                    f,
                    "{peer} does not offer STARTTLS, so nothing was sent; if it expects TLS from the start, choose TLS"
                )
            }
            Self::Timeout { peer, after, security } => {
                write!(f, "{peer} did not finish within {} seconds; ", after.as_secs().max(1))?;
                match security {
                    Some(Security::None | Security::StartTls) => {
                        f.write_str("try again, and if that port expects TLS from the start (465 does), choose TLS")
                    }
                    Some(Security::Tls) | None => f.write_str("try again in a few minutes"),
                }
            }
            Self::Tls { peer, fault } => write!(f, "No protected connection to {peer}: {fault}"),
            Self::Unexpected { peer, answer } => {
                write!(
                    f,
                    "{peer} answered in a way that such a server does not ({answer}); check the host and the port"
                )
            }
            Self::Utf8Address { peer } => {
                write!(f, "{peer} takes no address with letters beyond ASCII; use another, or its domain's `xn--` form")
            }
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("its certificate has expired; whoever runs it must renew it"),
            Self::NotTls => f.write_str("what it answered is not TLS; if the port is 587 or 25, choose STARTTLS"),
            Self::NotYetValid => f.write_str("its certificate is not valid yet; check the clocks of both sides"),
            Self::Other(reason) => write!(f, "{reason}; ask whoever runs it"),
            Self::Untrusted => {
                f.write_str("nobody trusted here vouches for its certificate; add its authority to EGRESS_CA_FILE")
            }
            Self::WrongName => f.write_str("its certificate is for another name; give the host by the name in it"),
        }
    }
}

impl From<NotAllowed> for SendError {
    fn from(refused: NotAllowed) -> Self {
        Self::NotAllowed(refused)
    }
}

impl std::error::Error for SendError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each, as people read them.
    fn all() -> Vec<SendError> {
        let peer = || "mail.example.com:587".to_owned();
        let answer = || "5.1.1 No such mailbox here".to_owned();
        let tls = |fault| SendError::Tls { peer: peer(), fault };
        vec![
            SendError::Address { field: "from" },
            SendError::Address { field: "to" },
            SendError::Auth { peer: peer(), code: 535, answer: answer() },
            SendError::AuthNotOffered { peer: peer() },
            SendError::Connect { peer: peer(), fault: ConnectFault::Refused },
            SendError::Connect { peer: peer(), fault: ConnectFault::TimedOut },
            SendError::Connect { peer: peer(), fault: ConnectFault::Unreachable },
            SendError::Deferred { peer: peer(), code: 451, answer: answer() },
            SendError::Key { code: 401, answer: answer() },
            SendError::NotAllowed(NotAllowed::NotFound { host: "mail.example.com".into() }),
            SendError::NotSetUp,
            SendError::Refused { peer: peer(), code: 550, answer: answer() },
            SendError::StartTlsNotOffered { peer: peer() },
            SendError::Timeout { peer: peer(), after: Duration::from_secs(15), security: Some(Security::StartTls) },
            SendError::Timeout { peer: "Resend".into(), after: Duration::from_secs(15), security: None },
            tls(TlsFault::Expired),
            tls(TlsFault::NotTls),
            tls(TlsFault::NotYetValid),
            tls(TlsFault::Other("its certificate is refused".into())),
            tls(TlsFault::Untrusted),
            tls(TlsFault::WrongName),
            SendError::Unexpected { peer: peer(), answer: "SSH-2.0".into() },
            SendError::Utf8Address { peer: peer() },
        ]
    }

    #[test]
    fn every_refusal_is_one_sentence_with_a_remedy() {
        for error in all() {
            let said = error.to_string();
            let (_, remedy) = said.rsplit_once(';').unwrap_or_default();
            assert!(
                !remedy.is_empty() && !said.ends_with('.') && !said.contains('\n') && !said.contains("  "),
                "{said}"
            );
        }
    }
}
