//! Whose certificates count. There is no way to switch that question off.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Why `EGRESS_CA_FILE` cannot be used, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRoots(String);

impl fmt::Display for BadRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// TLS 1.2 or 1.3 on aws-lc-rs, every certificate verified: by the authorities of the system, or those of the web where the
/// system has none, and by those in the file.
pub(super) fn tls(extra: Option<&Path>) -> Result<ClientConfig, BadRoots> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::info!("this machine has no certificate authorities; those of the web count");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(path) = extra {
        add(&mut roots, path)?;
    }
    // Said here and not by a process-wide default, which whoever comes first would choose.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| BadRoots(format!("TLS cannot be used: {error}")))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), BadRoots> {
    let bad = |what: &str| {
        let path = path.display();
        BadRoots(format!(
            "EGRESS_CA_FILE {path} {what}: give a PEM file with the certificates of the authorities to trust"
        ))
    };
    let pem = std::fs::read(path).map_err(|error| bad(&format!("cannot be read ({error})")))?;
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| bad("is damaged"))?;
        roots.add(certificate).map_err(|_| bad("has a certificate that is none of an authority"))?;
    }
    if roots.len() == before { Err(bad("has no certificate in it")) } else { Ok(()) }
}
