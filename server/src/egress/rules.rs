//! Which calls are allowed, before and after the lookup of a name.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;

use super::{Purpose, RESEND, Reach, Refused, reach};
use crate::config::{Config, Host, LicenseMode};

/// What the configuration says about calls.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) mode: LicenseMode,
    /// The host of `LICENSE_API_URL`.
    pub(super) license_server: Option<Host>,
    /// `EGRESS_ALLOW`.
    pub(super) added: Vec<Host>,
}

impl Rules {
    pub(super) fn of(config: &Config) -> Self {
        let url = Url::parse(&config.license_api_url).ok();
        let license_server =
            url.and_then(|url| Some(Host { name: named(url.host_str()?)?, port: url.port_or_known_default() }));
        Self { mode: config.license_mode, license_server, added: config.egress_allow.clone() }
    }

    /// Judges a call before any name is looked up. An address in place of a name is judged here too.
    pub(super) fn admit(&self, purpose: Purpose, asked: &str, port: u16) -> Result<Allowed, Refused> {
        let airgapped = self.mode == LicenseMode::Airgapped;
        let is_ruled_out = match purpose {
            Purpose::LicenseServer => self.mode != LicenseMode::Online,
            Purpose::Resend => airgapped,
            Purpose::Smtp => false,
        };
        if is_ruled_out {
            return Err(Refused::Mode { purpose, mode: self.mode });
        }
        let name = named(asked).ok_or(Refused::Unusable)?;
        let is = |allowed: &Host| allowed.name == name && allowed.port.is_none_or(|allowed| allowed == port);
        let is_added = self.added.iter().any(is);
        let is_listed = match purpose {
            Purpose::LicenseServer => self.license_server.as_ref().is_some_and(is),
            Purpose::Resend => name == RESEND && port == 443,
            Purpose::Smtp => true,
        };
        let host = written(&name, port);
        if !is_listed && !is_added {
            return Err(Refused::NotAllowed { host });
        }
        let allowed = match purpose {
            Purpose::Smtp if airgapped => Allowed::PrivateAlone,
            Purpose::Smtp => Allowed::Private,
            _ if is_added => Allowed::Private,
            _ => Allowed::Public,
        };
        match bare(asked).parse::<IpAddr>() {
            Ok(address) => vet(&host, vec![SocketAddr::new(address, port)], allowed).map(|_| allowed),
            Err(_) if allowed == Allowed::Public && is_internal(&name) => Err(Refused::InternalName { host }),
            Err(_) => Ok(allowed),
        }
    }
}

/// Which addresses a host may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Public ones.
    Public,
    /// Others too, as the operator said so.
    Private,
    /// Private ones and no others.
    PrivateAlone,
}

/// All of these addresses, or none: whoever mixes good and bad ones hopes that the bad one is taken.
pub(super) fn vet(host: &str, addresses: Vec<SocketAddr>, allowed: Allowed) -> Result<Vec<SocketAddr>, Refused> {
    for address in addresses.iter().map(SocketAddr::ip) {
        let host = host.to_owned();
        match (reach(address), allowed) {
            (Reach::Never, _) => return Err(Refused::ForbiddenAddress { host, address }),
            (Reach::Public, Allowed::Public | Allowed::Private)
            | (Reach::Private | Reach::Special, Allowed::Private)
            | (Reach::Private, Allowed::PrivateAlone) => {}
            (Reach::Private | Reach::Special, Allowed::Public) => {
                return Err(Refused::PrivateAddress { host, address });
            }
            (Reach::Public | Reach::Special, Allowed::PrivateAlone) => {
                return Err(Refused::PublicAddress { host, address });
            }
        }
    }
    Ok(addresses)
}

/// A host as lists have it: in lower case, without brackets and the dot at the end.
fn named(host: &str) -> Option<String> {
    Host::parse(bare(host)).filter(|host| host.port.is_none()).map(|host| host.name)
}

pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// As sentences have it.
pub(super) fn written(name: &str, port: u16) -> String {
    Host { name: name.to_owned(), port: Some(port) }.to_string()
}

/// A name of this machine, of its network or of its cluster: without a dot, or below a domain that is nobody's on the internet
/// (RFC 6761, RFC 6762, RFC 8375; `internal` is reserved by ICANN, `svc` is Kubernetes').
fn is_internal(name: &str) -> bool {
    const INSIDE: [&str; 5] = ["localhost", "local", "internal", "svc", "home.arpa"];
    let below = |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || INSIDE.iter().any(below)
}
