//! Why the license server was not to be had, and what to do about it: the same words for the page, the API and the terminal.

use std::fmt;

/// Why there was no answer that counts (docs/phone-home.md has them all).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// Its name was not found.
    NotFound,
    /// This server may not call it at that address.
    NotAllowed,
    /// There was no connection.
    Unreachable,
    /// Nobody who is trusted vouches for the certificate.
    Certificate,
    /// TLS failed otherwise.
    Tls,
    /// It took too long.
    Timeout,
    /// The connection ended within the answer.
    Broken,
    /// It said that it is busy (429, 503).
    Busy,
    /// It answered with this status.
    Status(u16),
    /// What came was something else than JSON.
    NotJson,
    /// The answer was too large.
    TooLarge,
    /// It was JSON, and not the answer that is defined.
    Malformed,
    /// It answered another question.
    Mismatch,
    /// It does not know this license.
    Unknown,
}

impl Unreached {
    /// Every reason, with one status for all.
    pub const ALL: [Self; 14] = [
        Self::NotFound,
        Self::NotAllowed,
        Self::Unreachable,
        Self::Certificate,
        Self::Tls,
        Self::Timeout,
        Self::Broken,
        Self::Busy,
        Self::Status(500),
        Self::NotJson,
        Self::TooLarge,
        Self::Malformed,
        Self::Mismatch,
        Self::Unknown,
    ];

    /// The reason of that stable code.
    pub fn parse(code: &str) -> Option<Self> {
        if let Some(status) = code.strip_prefix("status-") {
            return status.parse().ok().map(Self::Status);
        }
        Self::ALL.into_iter().find(|reason| reason.to_string() == code)
    }

    /// What happened, in a sentence. `host` is the license server, with its port where that is unusual.
    pub fn said(self, host: &str) -> String {
        match self {
            Self::NotFound => format!("The name {host} was not found."),
            Self::NotAllowed => format!("{host} is at an address that this server does not call."),
            Self::Unreachable => format!("There was no connection to {host}."),
            Self::Certificate => format!("Nobody that this server trusts vouches for the certificate of {host}."),
            Self::Tls => format!("{host} and this server found no way to speak TLS with each other."),
            Self::Timeout => format!("{host} did not answer within 10 seconds."),
            Self::Broken => format!("The connection to {host} ended in the middle of the answer."),
            Self::Busy => format!("{host} is too busy to answer."),
            Self::Status(status) => format!("{host} answered with status {status}."),
            Self::NotJson => format!("What answered for {host} is no license server, but some other page."),
            Self::TooLarge => format!("The answer of {host} was far too large."),
            Self::Malformed => format!("The answer of {host} could not be understood."),
            Self::Mismatch => format!("{host} answered another question than the one that was asked."),
            Self::Unknown => format!("{host} does not know this license."),
        }
    }

    /// What to do about it, in a sentence or two. `host` as before.
    pub fn remedy(self, host: &str) -> String {
        match self {
            Self::NotFound => {
                format!("Check LICENSE_API_URL, and whether this server's DNS resolves {host}.")
            }
            Self::NotAllowed => format!(
                "If the license server is inside your network, add {host} to EGRESS_ALLOW; else look at what this server's DNS \
                 answers."
            ),
            Self::Unreachable | Self::Timeout | Self::Broken => format!(
                "Let the firewall pass https to {host}, or set HTTPS_PROXY if this network has a proxy. It is tried again by \
                 itself."
            ),
            Self::Certificate => {
                "If a proxy opens TLS in this network, name the file with its certificate authority in \
                                  EGRESS_CA_FILE and restart; else somebody may be listening in: ask your network's \
                                  administrators."
                    .to_owned()
            }
            Self::Tls => format!(
                "Check LICENSE_API_URL: host, port, and that https is spoken there. Then whether a proxy stands before {host}; it \
                 must speak TLS 1.2 or later."
            ),
            Self::Busy => "Nothing needs to be done: it is tried again later.".to_owned(),
            Self::Status(300..400) => {
                "Redirects are not followed. Check LICENSE_API_URL, and whether a proxy wants somebody to sign in."
                    .to_owned()
            }
            Self::Status(400..500) => {
                "Check LICENSE_API_URL, and whether a proxy wants somebody to sign in.".to_owned()
            }
            Self::Status(_) => "It is tried again by itself. If it lasts, tell the vendor.".to_owned(),
            Self::NotJson | Self::TooLarge | Self::Malformed | Self::Mismatch => format!(
                "Check LICENSE_API_URL, and whether a proxy answers in the place of {host}; let it pass this address unchanged."
            ),
            Self::Unknown => "Ask the vendor, quoting the customer and the license id.".to_owned(),
        }
    }
}

/// The stable code.
impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "not-found",
            Self::NotAllowed => "not-allowed",
            Self::Unreachable => "unreachable",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Busy => "busy",
            Self::Status(status) => return write!(f, "status-{status}"),
            Self::NotJson => "not-json",
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Unreached;

    #[test]
    fn each_reason_is_known_by_its_code_and_says_what_to_do() {
        for reason in Unreached::ALL {
            assert_eq!(Unreached::parse(&reason.to_string()), Some(reason));
            let words = format!("{} {}", reason.said("license.example.com"), reason.remedy("license.example.com"));
            assert!(words.contains("license.example.com") && words.ends_with('.') && words.len() < 400, "{words}");
        }
        assert_eq!(Unreached::parse("status-404"), Some(Unreached::Status(404)));
        assert_eq!(Unreached::parse("status-"), None);
        assert_eq!(Unreached::parse(""), None);
    }
}
