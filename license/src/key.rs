//! The verifying key: PEM `SubjectPublicKeyInfo`, RSA, 2048 to 8192 bits, and nothing else.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::spki;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// An RSA public key that this crate agrees to verify with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    modulus: Vec<u8>,
    exponent: u64,
    bits: usize,
    fingerprint: Fingerprint,
}

/// Why a text is not a key to verify with. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The PEM block holds something that is not base64.
    Base64 {
        /// The line of the block with the first character that does not fit.
        line: usize,
    },
    /// An X.509 certificate, which holds a key but is not one.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// The block has a beginning and no end.
    CutOff {
        /// The last line that is there.
        line: usize,
    },
    /// The bytes are not a DER `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7), exactly.
    Der,
    /// An elliptic-curve key.
    EllipticCurve,
    /// There is no text.
    Empty,
    /// The modulus is even.
    EvenModulus,
    /// The public exponent is even, below 3 or above 2³³−1.
    Exponent,
    /// A JSON Web Key (RFC 7517).
    Jwk,
    /// Text without a PEM block.
    NotPem,
    /// A key of another algorithm.
    OtherAlgorithm,
    /// A PEM block with another label.
    OtherBlock {
        /// What stands between `BEGIN` and the dashes.
        label: String,
    },
    /// A PKCS#1 key: `BEGIN RSA PUBLIC KEY`.
    Pkcs1,
    /// A private key, of any kind.
    PrivateKey,
    /// An RSA key restricted to PSS signatures, which RS256 is not.
    Pss,
    /// An OpenSSH key.
    Ssh,
    /// Text before the block or behind it.
    Surrounded {
        /// The first line that does not belong to the block.
        line: usize,
    },
    /// Too large to be worth the time.
    TooLarge {
        /// The modulus, in bits.
        bits: usize,
    },
    /// Too small to be safe.
    TooSmall {
        /// The modulus, in bits.
        bits: usize,
    },
    /// More than one block.
    Two,
}

impl KeyError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Base64 { .. } => "key-not-base64",
            Self::Certificate => "key-is-certificate",
            Self::CertificateRequest => "key-is-certificate-request",
            Self::CutOff { .. } => "key-cut-off",
            Self::Der => "key-damaged",
            Self::EllipticCurve => "key-is-elliptic-curve",
            Self::Empty => "key-empty",
            Self::EvenModulus => "key-even-modulus",
            Self::Exponent => "key-exponent",
            Self::Jwk => "key-is-jwk",
            Self::NotPem => "key-not-pem",
            Self::OtherAlgorithm => "key-other-algorithm",
            Self::OtherBlock { .. } => "key-other-block",
            Self::Pkcs1 => "key-is-pkcs1",
            Self::PrivateKey => "key-is-private",
            Self::Pss => "key-is-pss",
            Self::Ssh => "key-is-ssh",
            Self::Surrounded { .. } => "key-surrounded",
            Self::TooLarge { .. } => "key-too-large",
            Self::TooSmall { .. } => "key-too-small",
            Self::Two => "key-twice",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 { line } => write!(
                f,
                "Line {line} of the public key has characters that do not belong into a key: copy the key again, as plain text"
            ),
            Self::Certificate => f.write_str(
                "`publicKey` holds a certificate, not a public key: ask the vendor for the bundle as it was issued",
            ),
            Self::CertificateRequest => {
                f.write_str("`publicKey` holds a certificate request, not a public key: ask the vendor for the bundle as it was issued")
            }
            Self::CutOff { line } => {
                write!(f, "The key block ends after line {line}: the paste was cut off; copy the whole bundle again")
            }
            Self::Der => f.write_str(
                "The key block is complete but its content is damaged: some characters are missing or changed; copy the whole bundle again",
            ),
            Self::EllipticCurve => {
                f.write_str("`publicKey` holds an elliptic-curve key; licenses are signed with RSA: ask the vendor for the bundle as it was issued")
            }
            Self::Empty => f.write_str("`publicKey` is empty: copy the whole bundle again"),
            Self::EvenModulus => f.write_str("The RSA modulus is even, so this cannot be a real key: ask the vendor for a new bundle"),
            Self::Exponent => f.write_str(
                "The RSA exponent is not an odd number from 3 to 2³³−1, so signatures under this key prove nothing: ask the vendor for a new bundle",
            ),
            Self::Jwk => f.write_str("`publicKey` holds a JSON Web Key; a PEM block is needed: ask the vendor for the bundle as it was issued"),
            Self::NotPem => write!(f, "`publicKey` is not a PEM block: it must begin with {BEGIN}"),
            Self::OtherAlgorithm => f.write_str("`publicKey` holds a key of another algorithm; licenses are signed with RSA: ask the vendor for the bundle as it was issued"),
            Self::OtherBlock { label } => {
                write!(f, "`publicKey` holds a block named “{}”, not “PUBLIC KEY”: ask the vendor for the bundle as it was issued", crate::shown(label))
            }
            Self::Pkcs1 => f.write_str(
                "`publicKey` is in PKCS#1 form (BEGIN RSA PUBLIC KEY); the standard form is needed (BEGIN PUBLIC KEY): ask the vendor for the bundle as it was issued",
            ),
            Self::PrivateKey => f.write_str(
                "This is a private key. Treat it as compromised: do not send it to anybody, delete this copy, and tell the vendor",
            ),
            Self::Pss => {
                f.write_str("`publicKey` is restricted to RSA-PSS, which RS256 is not: ask the vendor for the bundle as it was issued")
            }
            Self::Ssh => f.write_str("`publicKey` holds an OpenSSH key; a PEM block is needed: ask the vendor for the bundle as it was issued"),
            Self::Surrounded { line } => {
                write!(f, "`publicKey` has text around the key block, on line {line}: keep the block alone")
            }
            Self::TooLarge { bits } => write!(f, "The RSA key has {bits} bits; at most 8192 are accepted: ask the vendor for a bundle with a smaller key"),
            Self::TooSmall { bits } => {
                write!(f, "The RSA key has {bits} bits, which can be broken; at least 2048 are needed: ask the vendor for a bundle with a stronger key")
            }
            Self::Two => f.write_str("`publicKey` holds more than one key block: exactly one is needed"),
        }
    }
}

impl VerifyingKey {
    /// The smallest modulus that is accepted, in bits.
    pub const MIN_BITS: usize = 2048;
    /// The largest modulus that is accepted, in bits.
    pub const MAX_BITS: usize = 8192;
    /// The largest public exponent that is accepted: 2³³−1, the limit of both RSA libraries.
    pub const MAX_EXPONENT: u64 = (1 << 33) - 1;

    /// Reads a PEM `SubjectPublicKeyInfo` (RFC 7468, section 13).
    ///
    /// Lenient where people's tools mangle PEM and its meaning stays certain: CRLF, missing or extra line breaks, literal `\n`,
    /// indentation. Strict in everything else.
    pub fn parse(pem: &str) -> Result<Self, KeyError> {
        let der = armored(pem)?;
        let key = Self::decode(&der)?;
        key.accepted()?;
        Ok(key)
    }

    /// Reads a key as [`VerifyingKey::parse`] does, and says what can be said of one that is refused for its numbers.
    pub(crate) fn examine(pem: &str) -> (Option<Self>, Option<KeyError>) {
        match armored(pem).and_then(|der| Self::decode(&der)) {
            Ok(key) => {
                let refusal = key.accepted().err();
                (Some(key), refusal)
            }
            Err(error) => (None, Some(error)),
        }
    }

    fn decode(der: &[u8]) -> Result<Self, KeyError> {
        let spki::RsaNumbers { modulus, exponent } = spki::read(der)?;
        let leading = modulus.first().map_or(8, |byte| byte.leading_zeros());
        Ok(Self {
            bits: (modulus.len() * 8).saturating_sub(leading as usize),
            modulus: modulus.to_vec(),
            // An exponent of more than eight bytes is refused below, whatever its value.
            exponent: if exponent.len() > 8 {
                u64::MAX
            } else {
                exponent.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
            },
            fingerprint: Fingerprint(Sha256::digest(der).into()),
        })
    }

    fn accepted(&self) -> Result<(), KeyError> {
        let bits = self.bits;
        if bits < Self::MIN_BITS {
            return Err(KeyError::TooSmall { bits });
        }
        if bits > Self::MAX_BITS {
            return Err(KeyError::TooLarge { bits });
        }
        if self.modulus.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(KeyError::EvenModulus);
        }
        if self.exponent < 3 || self.exponent > Self::MAX_EXPONENT || self.exponent.is_multiple_of(2) {
            return Err(KeyError::Exponent);
        }
        Ok(())
    }

    /// The modulus `n`, big-endian, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent `e`.
    pub fn exponent(&self) -> u64 {
        self.exponent
    }

    /// The size of the modulus, in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// SHA-256 of the DER `SubjectPublicKeyInfo`.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// The bytes inside the one `PUBLIC KEY` block of a text.
fn armored(pem: &str) -> Result<Vec<u8>, KeyError> {
    // `\n` spelled out is what JSON inside JSON, and YAML in quotes, make of a line break.
    let text = pem.replace("\\r", "\n").replace("\\n", "\n");
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if contains_private_key(text) {
        return Err(KeyError::PrivateKey);
    }
    let Some(begin) = text.find("-----BEGIN ") else {
        return Err(match text {
            _ if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") => KeyError::Ssh,
            _ if text.starts_with('{') && text.contains("\"kty\"") && text.contains("\"d\"") => KeyError::PrivateKey,
            _ if text.starts_with('{') && text.contains("\"kty\"") => KeyError::Jwk,
            _ => KeyError::NotPem,
        });
    };
    let (before, block) = (text.get(..begin).unwrap_or_default(), text.get(begin..).unwrap_or_default());
    let Some(body) = block.strip_prefix(BEGIN) else {
        // Where the dashes behind the label are damaged, the key follows: it must not be quoted.
        let label = block.trim_start_matches("-----BEGIN ").split(['-', '\r', '\n']).next().unwrap_or_default();
        let label = label.get(..label.floor_char_boundary(32)).unwrap_or_default();
        return Err(match label {
            "RSA PUBLIC KEY" => KeyError::Pkcs1,
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => KeyError::Certificate,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => KeyError::CertificateRequest,
            "SSH2 PUBLIC KEY" => KeyError::Ssh,
            _ => KeyError::OtherBlock { label: label.to_owned() },
        });
    };
    let Some((body, after)) = body.split_once(END) else {
        return Err(KeyError::CutOff { line: text.lines().count() });
    };
    if text.matches("-----BEGIN ").count() > 1 {
        return Err(KeyError::Two);
    }
    if !before.trim().is_empty() {
        return Err(KeyError::Surrounded { line: 1 });
    }
    if !after.trim().is_empty() {
        return Err(KeyError::Surrounded { line: line_at(text, text.len() - after.trim_start().len()) });
    }
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') || c.is_ascii_whitespace();
    if let Some(at) = body.find(|c| !is_base64(c)) {
        return Err(KeyError::Base64 { line: line_at(body, at) });
    }
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(body).map_err(|_| KeyError::Der)
}

/// The line on which this byte stands, counted from 1.
fn line_at(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// Whether a text holds a private key, so that it must not be kept, shown or repaired. The dashes around the words may be
/// damaged; the words cannot stand in base64.
pub(crate) fn contains_private_key(text: &str) -> bool {
    text.contains("PRIVATE KEY")
}

/// SHA-256 of a key's DER `SubjectPublicKeyInfo`: what people compare to know whose key it is.
///
/// Displays as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerprintError {
    /// How many hexadecimal digits there are, or `None` if something else is among them.
    pub digits: Option<usize>,
}

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key fingerprint is 64 hexadecimal digits (SHA-256)")?;
        match self.digits {
            Some(digits) => write!(f, "; this has {digits}"),
            None => f.write_str("; this has other characters among them"),
        }
    }
}

impl std::error::Error for FingerprintError {}

impl Fingerprint {
    /// Groups of four digits, upper case, as one reads them over the phone: `9F2C 41D7 …`, sixteen groups.
    pub fn groups(self) -> Vec<String> {
        let digits: Vec<char> = self.to_string().to_ascii_uppercase().chars().collect();
        digits.chunks(4).map(|group| group.iter().collect()).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads 64 hexadecimal digits of either case. Spaces, colons and middle dots between them are ignored, and so is a
    /// leading `sha256:`, so that a fingerprint can be copied from wherever it stands.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let text = text
            .get(..7)
            .filter(|start| start.eq_ignore_ascii_case("sha256:"))
            .map_or(text, |start| text.get(start.len()..).unwrap_or_default());
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, ':' | '·'))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.ok_or(FingerprintError { digits: None })?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) if digits.len() == 64 => Ok(Self(bytes)),
            _ => Err(FingerprintError { digits: Some(digits.len()) }),
        }
    }
}
