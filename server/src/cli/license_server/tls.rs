//! The license server's certificates: read, or made at the start under an authority of its own.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::super::{Failure, replace};

/// A handshake ends after this time, done or not.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What is shown to whoever connects.
pub(super) struct Tls {
    good: TlsAcceptor,
    /// A certificate for the same names by an authority that nobody knows.
    bad: TlsAcceptor,
}

impl Tls {
    /// Reads a certificate chain and its key, both PEM.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let wrong = |path: &Path, error: &dyn std::fmt::Display| {
            Failure(format!("{} cannot be read as PEM: {error}", path.display()))
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| wrong(certificate, &error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
        let bad = Made::of(vec!["localhost".to_owned()])?;
        Ok(Self { good: acceptor(chain, private)?, bad: bad.acceptor()? })
    }

    /// Makes an authority and a certificate for these names, and writes the authority's certificate.
    pub(super) fn make(names: Vec<String>, authority: &Path) -> Result<Self, Failure> {
        let (good, bad) = (Made::of(names.clone())?, Made::of(names)?);
        replace(authority, good.authority.as_bytes())?;
        Ok(Self { good: good.acceptor()?, bad: bad.acceptor()? })
    }

    /// What the next connection is shown.
    pub(super) fn acceptor(&self, is_bad: bool) -> TlsAcceptor {
        if is_bad { self.bad.clone() } else { self.good.clone() }
    }
}

/// Ends the TLS of a connection.
pub(super) async fn accept(acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    timeout(HANDSHAKE, acceptor.accept(stream)).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// An authority and a certificate that it signed. The authority's key is gone with it.
struct Made {
    authority: String,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Made {
    fn of(names: Vec<String>) -> Result<Self, Failure> {
        let made = || -> Result<Self, rcgen::Error> {
            let mut params = CertificateParams::new([])?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(rcgen::DnType::CommonName, "countersign license-server, for trials");
            let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
            let key = KeyPair::generate()?;
            let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
            Ok(Self { authority: authority.pem(), certificate: certificate.der().clone(), key })
        };
        made().map_err(|error| Failure(format!("no certificate could be made: {error}")))
    }

    fn acceptor(self) -> Result<TlsAcceptor, Failure> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der())
            .map_err(|error| Failure(format!("the made key cannot be used: {error}")))?;
        acceptor(vec![self.certificate], key)
    }
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<TlsAcceptor, Failure> {
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| Failure(format!("certificate and key cannot be used: {error}")))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
