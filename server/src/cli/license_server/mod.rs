//! `countersign license-server`: the vendor's side of the protocol in docs/phone-home.md, for trials and tests.
//!
//! It keeps a list of its own, and can be told to misbehave in every way that a platform must bear.

mod answers;
mod list;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use clap::{ArgAction, Args};
use tokio::net::TcpListener;

use self::answers::Behavior;
use self::list::List;
use self::tls::Tls;
use super::serve::{log, stopped};
use super::{Failure, print};
use crate::config::Environment;
use crate::http::listen::{Limits, listen, listen_through};
use crate::{ids, verify};

/// A question is small: three names and a nonce. A license id may be long.
const MAX_BODY: usize = 128 * 1024;

/// Run a license server for trials and tests: it answers platforms, and revokes licenses
#[derive(Args, Debug)]
#[command(after_help = "Platforms ask POST /api/license/validate. The vendor posts JSON to /revoke and /reinstate \
    ({\"licenseId\":\"…\"}) and to /behave ({\"mode\":\"well\"}), with `Authorization: Bearer TOKEN`. docs/phone-home.md has it \
    all.")]
pub(super) struct LicenseServer {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// The licenses that it knows, as JSON; made if it is missing
    #[arg(long, value_name = "FILE", default_value = "licenses.json")]
    list: PathBuf,
    /// Whether a license that is not on the list counts as valid, and is put on it
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    accept_unknown: bool,
    /// What the vendor shows to revoke and reinstate [default: made and printed]
    #[arg(long, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// A certificate chain of your own, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "plain")]
    tls_cert: Option<PathBuf>,
    /// Its private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where to write the certificate of the authority that is made at each start, unless --tls-cert is given
    #[arg(long, value_name = "FILE", default_value = "license-server-ca.pem")]
    ca_out: PathBuf,
    /// One more name that the made certificate is for, beside localhost and the address
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Speak http without TLS, at a loopback address alone
    #[arg(long)]
    plain: bool,
}

/// What its endpoints share.
#[derive(Debug)]
struct Vendor {
    list: Mutex<List>,
    behavior: Mutex<Behavior>,
    accept_unknown: bool,
    /// The hash of the token: hashes can be compared without telling how much of them is right.
    token: String,
}

impl Vendor {
    /// Nothing in here is left half done by a panic, so a poisoned lock is as good.
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn behavior(&self) -> Behavior {
        *self.behavior.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn behave(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap_or_else(PoisonError::into_inner) = behavior;
    }
}

impl LicenseServer {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        log(environment, "warn")?;
        verify::install();
        if self.plain && !self.listen.ip().is_loopback() {
            return Err(Failure("--plain is for loopback addresses: others need TLS".to_owned()));
        }
        let token = match &self.admin_token {
            Some(token) if token.len() < 16 => {
                return Err(Failure("--admin-token needs 16 characters or more".to_owned()));
            }
            Some(token) => token.clone(),
            None => ids::secret().map_err(|_| Failure("the system gives no random numbers".to_owned()))?,
        };
        let vendor = Arc::new(Vendor {
            list: Mutex::new(List::open(&self.list)?),
            behavior: Mutex::new(Behavior::Well),
            accept_unknown: self.accept_unknown,
            token: ids::hash(&token),
        });
        let tls = if self.plain { None } else { Some(self.tls()?) };
        if self.admin_token.is_none() {
            print(&format!("Administration token: {token}\n"))?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure(format!("the license server cannot start: {error}")))?;
        runtime.block_on(serve(self.listen, vendor, tls))?;
        runtime.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }

    fn tls(&self) -> Result<Tls, Failure> {
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            return Tls::read(certificate, key);
        }
        let mut names = vec!["localhost".to_owned(), self.listen.ip().to_string()];
        names.extend(self.host.iter().cloned());
        let tls = Tls::make(names, &self.ca_out)?;
        print(&format!("Its certificate authority is in {}: set EGRESS_CA_FILE to it\n", self.ca_out.display()))?;
        Ok(tls)
    }
}

async fn serve(address: SocketAddr, vendor: Arc<Vendor>, tls: Option<Tls>) -> Result<(), Failure> {
    let stop = stopped()?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure(format!("cannot listen on {address} (--listen): {error}")))?;
    let address = listener.local_addr().unwrap_or(address);
    let router = Router::new()
        .route("/api/license/validate", post(answers::validate))
        .route("/revoke", post(answers::revoke))
        .route("/reinstate", post(answers::reinstate))
        .route("/behave", post(answers::behave))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(vendor.clone());
    let scheme = if tls.is_some() { "https" } else { "http" };
    print(&format!("License server listens on {scheme}://{address}/api/license/validate\n"))?;
    match tls {
        None => listen(listener, router, LIMITS, stop).await,
        Some(tls) => {
            let open = move |stream| {
                let acceptor = tls.acceptor(vendor.behavior() == Behavior::BadCertificate);
                async move { tls::accept(acceptor, stream).await }
            };
            listen_through(listener, router, LIMITS, open, stop).await;
        }
    }
    Ok(())
}

/// Whoever hangs, hangs: a stop does not wait for it.
const LIMITS: Limits =
    Limits { drain: std::time::Duration::from_millis(200), connections: 256, queue: 256, ..Limits::DEFAULT };
