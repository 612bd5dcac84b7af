//! What a failed handshake was about.

use std::io;

use rustls::CertificateError;

use super::{TlsFault, answer};

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
