//! What went wrong on the way out.

use std::io;

/// The TLS library's own error inside one of the network's, however often that is wrapped.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    match inner.downcast_ref::<io::Error>() {
        Some(error) => tls_error(error),
        None => inner.downcast_ref(),
    }
}
