//! Keys as files: PEM blocks (RFC 7468).

use std::path::Path;

use aws_lc_rs::rsa::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Failure;

/// A block of that label, with its body in lines of 64 characters.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut block = format!("-----BEGIN {label}-----\n");
    for (at, c) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            block.push('\n');
        }
        block.push(c);
    }
    block + &format!("\n-----END {label}-----\n")
}

/// Reads the RSA key pair in a file, in PKCS#8 or PKCS#1 form.
pub(super) fn read_private_key(path: &Path) -> Result<KeyPair, Failure> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure(format!("cannot read the key {name}: {error}")))?;
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(Failure(format!("the key {name} is locked with a password: unlock it first, with `openssl pkey`")));
    }
    let pkcs8 = body(&text, "PRIVATE KEY").map(|der| KeyPair::from_pkcs8(&der));
    let pkcs1 = || body(&text, "RSA PRIVATE KEY").map(|der| KeyPair::from_der(&der));
    match pkcs8.or_else(pkcs1) {
        Some(Ok(key)) => Ok(key),
        Some(Err(error)) => Err(Failure(format!("the key {name} is not an RSA key of 2048 to 8192 bits ({error})"))),
        None => Err(Failure(format!(
            "{name} holds no private key: a block that begins with -----BEGIN PRIVATE KEY----- is needed"
        ))),
    }
}

fn body(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(body).ok()
}
