//! Whose certificates count. There is no way to switch that question off.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::{SendError, TlsFault, answer};

/// Whose certificates count: the authorities of the web, and those that the operator adds.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// More authorities, as PEM.
    pub extra_roots_pem: Option<Vec<u8>>,
}

impl Trust {
    /// TLS 1.2 or 1.3 on aws-lc-rs, every certificate verified. Fails if the extra authorities cannot be read.
    pub(super) fn tls(&self) -> Result<ClientConfig, SendError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = &self.extra_roots_pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| SendError::Roots)?;
                roots.add(certificate).map_err(|_| SendError::Roots)?;
            }
            if roots.len() == before {
                return Err(SendError::Roots);
            }
        }
        // Said here and not by a process-wide default, which whoever comes first would choose.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        // The provider has both versions.
        Ok(versions.map_err(|_| SendError::Roots)?.with_root_certificates(roots).with_no_client_auth())
    }
}

/// The library's own error inside one of the network's, however often that is wrapped.
pub(super) fn inside(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    match inner.downcast_ref::<io::Error>() {
        Some(error) => inside(error),
        None => inner.downcast_ref(),
    }
}

/// What a failed handshake was about.
pub(super) fn fault(error: &io::Error) -> TlsFault {
    use rustls::Error;
    match inside(error) {
        None => TlsFault::Other("it closed the connection in place of a handshake".into()),
        Some(Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
            // The second: an authority has that name, and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::Untrusted,
            other => TlsFault::Other(answer(&format!("its certificate is refused ({other})"), &[])),
        },
        Some(Error::InvalidMessage(_)) => TlsFault::NotTls,
        Some(other) => TlsFault::Other(answer(&other.to_string(), &[])),
    }
}
