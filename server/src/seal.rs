//! Secrets at rest: sealed with AES-256-GCM-SIV (RFC 8452) before they are stored.
//!
//! A sealed text is `v1.<nonce and ciphertext in base64url>`. What it is for is authenticated along with it, so that one sealed
//! text cannot stand in the place of another.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Config;
use crate::ids;
use crate::store::sqlite_path;

/// Seals and opens. Knows the key, and does not show it.
pub struct Seal(RandomizedNonceKey);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

/// It could not be sealed, or what is stored was sealed with another key, for something else, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsealable;

/// Why there is no key, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKey(String);

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Seal {
    /// The seal of a configuration: by `SECRET_KEY`, or by the key that is kept beside the database and made when absent.
    pub fn of(config: &Config) -> Result<Self, NoKey> {
        if let Some(key) = &config.secret_key {
            return Self::new(key);
        }
        let Some(database) = sqlite_path(&config.database_url) else {
            return Err(NoKey(
                "SECRET_KEY is not set: with PostgreSQL it must be, and the same for every replica".to_owned(),
            ));
        };
        let path = database.with_extension("key");
        let failed = |error: io::Error| NoKey(format!("the key file {} cannot be used: {error}", path.display()));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        make_key_file(&path).map_err(failed)?;
        Self::new(fs::read_to_string(&path).map_err(failed)?.trim())
    }

    /// The seal of a secret text.
    pub fn new(secret: &str) -> Result<Self, NoKey> {
        let unusable = || NoKey("SECRET_KEY cannot be used".to_owned());
        if secret.len() < 32 {
            return Err(NoKey("the key is shorter than 32 characters".to_owned()));
        }
        // Whatever somebody chose becomes 256 bits (RFC 5869).
        let derived = Salt::new(HKDF_SHA256, b"countersign").extract(secret.as_bytes());
        let mut key = [0; 32];
        derived.expand(&[b"stored secrets"], HKDF_SHA256).and_then(|okm| okm.fill(&mut key)).map_err(|_| unusable())?;
        RandomizedNonceKey::new(&AES_256_GCM_SIV, &key).map(Self).map_err(|_| unusable())
    }

    /// Seals a text for a purpose, such as the name of the row that it is stored in.
    pub fn seal(&self, purpose: &str, text: &str) -> Result<String, Unsealable> {
        let mut sealed = text.as_bytes().to_vec();
        let nonce =
            self.0.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut sealed).map_err(|_| Unsealable)?;
        let bytes = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens what was sealed for this purpose.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<String, Unsealable> {
        let bytes = sealed.strip_prefix("v1.").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(Unsealable)?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let mut text = rest.to_vec();
        let text = self.0.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut text).map_err(|_| Unsealable)?;
        String::from_utf8(text.to_vec()).map_err(|_| Unsealable)
    }
}

/// Makes the key file when it is not there, whole or not at all: of two processes that start at once, both then read one key.
fn make_key_file(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let secret = ids::secret().map_err(|_| io::Error::other("there are no random numbers"))?;
    let own = ids::id().map_err(|_| io::Error::other("there are no random numbers"))?;
    let part = path.with_extension(format!("key-{own}"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    // A link fails where a file is, unlike a rename.
    let linked = fs::hard_link(&part, path);
    fs::remove_file(&part)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_purpose_alone() {
        let seal = Seal::new("0123456789abcdef0123456789abcdef").unwrap();
        let sealed = seal.seal("email", "secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(seal.open("email", &sealed).as_deref(), Ok("secret"));
        assert_eq!(seal.open("other", &sealed), Err(Unsealable));
        let other = Seal::new("0123456789abcdef0123456789abcdeX").unwrap();
        assert_eq!(other.open("email", &sealed), Err(Unsealable));
        assert_eq!(seal.open("email", "v1."), Err(Unsealable));
        assert_ne!(sealed, seal.seal("email", "secret").unwrap());
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(Seal::new("short").is_err());
    }
}
