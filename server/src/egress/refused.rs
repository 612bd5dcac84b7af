//! Why a call is not made.

use std::net::IpAddr;
use std::{fmt, io};

use countersign_license::shown;

use super::Purpose;
use crate::config::LicenseMode;

/// Why a call is not made. Nothing was sent to anybody, but for the lookup of a name in the last three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such call in this mode.
    Mode {
        /// What was to be asked.
        purpose: Purpose,
        /// The mode.
        mode: LicenseMode,
    },
    /// Nobody allowed this host.
    NotAllowed {
        /// Host and port.
        host: String,
    },
    /// The name is one of this machine or of the network inside, and nobody allowed it.
    InternalName {
        /// Host and port.
        host: String,
    },
    /// This is no address of a web service.
    Unusable,
    /// The name was not found.
    NotFound {
        /// The name.
        host: String,
    },
    /// It is at an address that is not public, and nobody allowed that.
    PrivateAddress {
        /// Host and port.
        host: String,
        /// The first such address.
        address: IpAddr,
    },
    /// It is at an address that is never asked.
    ForbiddenAddress {
        /// Host and port.
        host: String,
        /// The first such address.
        address: IpAddr,
    },
    /// It is at an address that is not private, which this mode rules out.
    PublicAddress {
        /// Host and port.
        host: String,
        /// The first such address.
        address: IpAddr,
    },
}

impl Refused {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mode { .. } => "egress-mode",
            Self::NotAllowed { .. } => "egress-not-allowed",
            Self::InternalName { .. } => "egress-internal-name",
            Self::Unusable => "egress-unusable",
            Self::NotFound { .. } => "egress-not-found",
            Self::PrivateAddress { .. } => "egress-private-address",
            Self::ForbiddenAddress { .. } => "egress-forbidden-address",
            Self::PublicAddress { .. } => "egress-public-address",
        }
    }
}

/// One sentence without its full stop: what is refused, and after the semicolon what to set.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode { purpose, mode } => {
                write!(f, "In the mode `{}` this server does not call {purpose}; ", mode.name())?;
                match purpose {
                    Purpose::LicenseServer => f.write_str("set LICENSE_MODE to `online` if it should"),
                    Purpose::Resend => f.write_str("use an SMTP server at a private address"),
                    Purpose::Smtp => f.write_str("set LICENSE_MODE to another"),
                }
            }
            Self::NotAllowed { host } => {
                let host = shown(host);
                write!(f, "{host} is not among the hosts that this server may call; add it to EGRESS_ALLOW if it should")
            }
            Self::InternalName { host } => {
                let host = shown(host);
                write!(
                    f,
                    "{host} is a name inside your network, which this server calls only where you say so; add it to EGRESS_ALLOW"
                )
            }
            Self::Unusable => f.write_str(
                "This is no address that can be called; write it like https://license.example.com, without a name or password",
            ),
            Self::NotFound { host } => {
                write!(f, "The name {} was not found; check the spelling, and this server's DNS", shown(host))
            }
            Self::PrivateAddress { host, address } => write!(
                f,
                "{} is at {address}, which is no public address; if that is right, add {0} to EGRESS_ALLOW",
                shown(host)
            ),
            Self::ForbiddenAddress { host, address } => write!(
                f,
                "{} is at {address}, an address that this server never calls; check the name, and this server's DNS",
                shown(host)
            ),
            Self::PublicAddress { host, address } => write!(
                f,
                "{} is at {address}, and in the mode `airgapped` mail goes to private addresses alone; use a mail server of your \
                 own network",
                shown(host)
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unconnected {
    /// It was not tried.
    NotAllowed(Refused),
    /// Nobody took it, at the last address that was tried.
    Failed(io::ErrorKind),
}

impl From<Refused> for Unconnected {
    fn from(refused: Refused) -> Self {
        Self::NotAllowed(refused)
    }
}
