//! What a failed handshake was about.

use std::io;

use rustls::CertificateError;

use super::{TlsFault, answer};
use crate::egress::tls_error;

/// What a failed handshake was about.
pub(super) fn fault(error: &io::Error) -> TlsFault {
    use rustls::Error;
    match tls_error(error) {
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
