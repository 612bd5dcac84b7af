//! The one way out of the server: whatever calls somebody else asks here first, and is told the addresses to connect to.
//!
//! A call is allowed by its purpose, the mode, and the host's name, before the name is looked up. Then every address that the
//! name has is judged, and the connection goes to those addresses and no others, so a name that changes meanwhile changes
//! nothing. No call follows a redirect, reads a proxy from the environment, or goes without verified certificates.

mod address;
mod fault;
mod list;
mod refused;
mod roots;
mod rules;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use futures_util::future::BoxFuture;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Url};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use self::address::{Reach, reach};
pub(crate) use self::fault::tls_error;
pub use self::refused::{Refused, Unconnected};
pub use self::roots::BadRoots;
use self::rules::{Allowed, Rules, bare, vet, written};
use crate::config::Config;

/// Resend's API, the one host that is built in.
pub const RESEND: &str = "api.resend.com";

/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;

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

/// A client's DNS in which nothing is found.
struct Nothing;

impl Resolve for Nothing {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err(io::Error::from(io::ErrorKind::HostUnreachable).into()) })
    }
}

/// What may leave this server, and how.
#[derive(Clone)]
pub struct Egress {
    rules: Arc<Rules>,
    tls: Arc<ClientConfig>,
    has_extra_authorities: bool,
    proxy: Option<String>,
    no_proxy: Vec<String>,
    proxied: Arc<Matcher>,
    lookup: Lookup,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The proxy may have a password.
        f.debug_struct("Egress").field("rules", &self.rules).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one way out")]
impl Egress {
    /// What the configuration allows.
    ///
    /// # Errors
    /// The certificates of `EGRESS_CA_FILE` cannot be used.
    pub fn of(config: &Config) -> Result<Self, BadRoots> {
        let mut matcher = Matcher::builder().no(config.no_proxy.join(","));
        if let Some(proxy) = &config.https_proxy {
            matcher = matcher.https(proxy.clone());
        }
        Ok(Self {
            rules: Arc::new(Rules::of(config)),
            tls: Arc::new(roots::tls(config.egress_ca_file.as_deref())?),
            has_extra_authorities: config.egress_ca_file.is_some(),
            proxy: config.https_proxy.clone(),
            no_proxy: config.no_proxy.clone(),
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

    /// A client for this address alone: it connects to addresses that were judged, or to the operator's proxy. Names of other
    /// hosts have no address for it.
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
            // Of names, it knows those that it is given.
            .dns_resolver(Nothing)
            .connect_timeout(limits.connect)
            .timeout(limits.total);
        let builder = match self.proxy_for(url) {
            Some(proxy) => {
                // Which addresses the host has is the proxy's to judge; its name is still ours.
                self.rules.admit(purpose, host, port)?;
                let at = Url::parse(proxy).map_err(|_| Refused::Unusable)?;
                let name = at.host_str().ok_or(Refused::Unusable)?;
                let found = self.find(name, at.port_or_known_default().unwrap_or_default(), limits.connect).await?;
                let addresses = vet(name, found, Allowed::Private)?;
                builder.proxy(Proxy::all(proxy).map_err(|_| Refused::Unusable)?).resolve_to_addrs(name, &addresses)
            }
            None => builder.resolve_to_addrs(host, &self.resolve(purpose, host, port, limits.connect).await?),
        };
        builder.build().map_err(|_| Refused::Unusable)
    }

    /// A connection to a host, by one of its addresses.
    ///
    /// # Errors
    /// The call is not allowed, the host is not found, or nobody there takes the connection.
    pub async fn connect(
        &self,
        purpose: Purpose,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<TcpStream, Unconnected> {
        let addresses = self.resolve(purpose, host, port, limit).await?;
        let mut failed = io::ErrorKind::HostUnreachable;
        for address in addresses.into_iter().take(ADDRESSES) {
            failed = match timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => error.kind(),
                Err(_) => io::ErrorKind::TimedOut,
            };
        }
        Err(Unconnected::Failed(failed))
    }

    /// Judges a call by everything but what its name leads to: the mode, the lists, the name, or the address in place of one.
    ///
    /// # Errors
    /// The call is not allowed.
    pub fn admit(&self, purpose: Purpose, host: &str, port: u16) -> Result<(), Refused> {
        self.rules.admit(purpose, host, port).map(|_| ())
    }

    /// The addresses of a host, at least one, all of them good to connect to.
    async fn resolve(
        &self,
        purpose: Purpose,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let allowed = self.rules.admit(purpose, host, port)?;
        vet(&written(host, port), self.find(host, port, limit).await?, allowed)
    }

    async fn find(&self, host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Refused> {
        let host = bare(host);
        if let Ok(address) = host.parse() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let not_found = || Refused::NotFound { host: host.to_owned() };
        let found = timeout(limit, (self.lookup)(host.to_owned(), port)).await;
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
