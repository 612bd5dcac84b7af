//! The one way out of the server: whatever calls somebody else asks here first, and is told the addresses to connect to.
//!
//! A call is allowed by its purpose, the mode, and the host's name, before the name is looked up. Then every address that the
//! name has is judged, and the connection goes to those addresses and no others, so a name that changes meanwhile changes
//! nothing. No call follows a redirect, reads a proxy from the environment, or goes without verified certificates.

mod address;
mod refused;
mod roots;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use futures_util::future::BoxFuture;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Url};
use rustls::ClientConfig;

pub use self::address::{Reach, reach};
pub use self::refused::Refused;
pub use self::roots::BadRoots;
use crate::config::{Config, Host, LicenseMode};

/// Resend's API, the one host that is built in.
pub const RESEND: &str = "api.resend.com";

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To hear whether the license still counts.
    LicenseServer,
    /// To hand mail to Resend.
    Resend,
    /// To hand mail to the SMTP server that an administrator typed. Typing it is the permission, at a private address too.
    Smtp,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LicenseServer => "the license server",
            Self::Resend => "Resend",
            Self::Smtp => "the mail server",
        })
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Finding the host, and connecting to it.
    pub connect: Duration,
    /// Everything.
    pub total: Duration,
}

/// How names become addresses.
pub type Lookup = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// What may leave this server, and how.
#[derive(Clone)]
pub struct Egress {
    mode: LicenseMode,
    license_server: Option<Host>,
    allowed: Arc<[Host]>,
    tls: Arc<ClientConfig>,
    proxy: Option<String>,
    proxied: Arc<Matcher>,
    lookup: Lookup,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The proxy may have a password.
        f.debug_struct("Egress").field("mode", &self.mode).field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Egress {
    /// What the configuration allows.
    ///
    /// # Errors
    /// The certificates of `EGRESS_CA_FILE` cannot be used.
    pub fn of(config: &Config) -> Result<Self, BadRoots> {
        let license_server = Url::parse(&config.license_api_url).ok();
        let license_server =
            license_server.and_then(|url| Some((named(url.host_str()?)?, url.port_or_known_default())));
        let mut matcher = Matcher::builder().no(config.no_proxy.join(","));
        if let Some(proxy) = &config.https_proxy {
            matcher = matcher.https(proxy.clone());
        }
        Ok(Self {
            mode: config.license_mode,
            license_server: license_server.map(|(name, port)| Host { name, port }),
            allowed: config.egress_allow.clone().into(),
            tls: Arc::new(roots::tls(config.egress_ca_file.as_deref())?),
            proxy: config.https_proxy.clone(),
            proxied: Arc::new(matcher.build()),
            lookup: Arc::new(|host, port| {
                Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
            }),
        })
    }

    /// The same, with another way to look names up.
    #[must_use]
    pub fn with_lookup(self, lookup: Lookup) -> Self {
        Self { lookup, ..self }
    }

    /// How connections are protected.
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// A client for this address alone: it connects to addresses that were judged, or to the operator's proxy.
    ///
    /// # Errors
    /// The call is not allowed, or the host is not found.
    pub async fn client(&self, purpose: Purpose, url: &Url, limits: Limits) -> Result<Client, Refused> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(Refused::Unusable);
        };
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Unusable);
        }
        let builder = Client::builder()
            .tls_backend_preconfigured((*self.tls).clone())
            .redirect(Policy::none())
            // Else one would be read from the environment.
            .no_proxy()
            .connect_timeout(limits.connect)
            .timeout(limits.total);
        let builder = match self.proxy_for(url) {
            Some(proxy) => {
                // Which addresses the host has is the proxy's to judge; its name is still ours.
                self.admit(purpose, host, port)?;
                let unusable = |_| Refused::Unusable;
                let at = Url::parse(proxy).map_err(unusable)?;
                let name = at.host_str().ok_or(Refused::Unusable)?;
                let found = self.find(name, at.port_or_known_default().unwrap_or_default(), limits.connect).await?;
                let addresses = vet(name, found, Allowed::Private)?;
                builder.proxy(Proxy::all(proxy).map_err(|_| Refused::Unusable)?).resolve_to_addrs(name, &addresses)
            }
            None => builder.resolve_to_addrs(host, &self.resolve(purpose, host, port, limits.connect).await?),
        };
        builder.build().map_err(|_| Refused::Unusable)
    }

    /// The addresses of a host, at least one, all of them good to connect to.
    ///
    /// # Errors
    /// The call is not allowed, or the host is not found within the limit.
    pub async fn resolve(
        &self,
        purpose: Purpose,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let allowed = self.admit(purpose, host, port)?;
        vet(&written(host, port), self.find(host, port, limit).await?, allowed)
    }

    /// Judges a call before any name is looked up. An address in place of a name is judged here too.
    pub fn admit(&self, purpose: Purpose, asked: &str, port: u16) -> Result<Allowed, Refused> {
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
        let is_added = self.allowed.iter().any(is);
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

    async fn find(&self, host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Refused> {
        let host = bare(host);
        if let Ok(address) = host.parse() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let not_found = || Refused::NotFound { host: host.to_owned() };
        let found = tokio::time::timeout(limit, (self.lookup)(host.to_owned(), port)).await;
        let addresses = found.map_err(|_| not_found())?.map_err(|_| not_found())?;
        if addresses.is_empty() { Err(not_found()) } else { Ok(addresses) }
    }

    /// The proxy that this address is asked through.
    fn proxy_for(&self, url: &Url) -> Option<&str> {
        let uri: Uri = url.as_str().parse().ok()?;
        self.proxied.intercept(&uri)?;
        self.proxy.as_deref()
    }
}

/// Which addresses a host may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Public ones.
    Public,
    /// Others too, as the operator said so.
    Private,
    /// Private ones and no others.
    PrivateAlone,
}

/// All of these addresses, or none: whoever mixes good and bad ones hopes that the bad one is taken.
fn vet(host: &str, addresses: Vec<SocketAddr>, allowed: Allowed) -> Result<Vec<SocketAddr>, Refused> {
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

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn written(name: &str, port: u16) -> String {
    Host { name: name.to_owned(), port: Some(port) }.to_string()
}

/// A name of this machine, of its network or of its cluster: without a dot, or below a domain that is nobody's on the internet
/// (RFC 6761, RFC 6762, RFC 8375; `internal` is reserved by ICANN, `svc` is Kubernetes').
fn is_internal(name: &str) -> bool {
    const INSIDE: [&str; 5] = ["localhost", "local", "internal", "svc", "home.arpa"];
    let below = |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || INSIDE.iter().any(below)
}
