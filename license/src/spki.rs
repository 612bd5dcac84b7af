//! The one ASN.1 structure that a license key may be: `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7) with an RSA key
//! (RFC 3279, section 2.3.1), in DER (X.690): every length minimal, every number minimal, nothing left over.
//!
//! The general libraries that read it cost 13 kB of wasm, an eighth of what the checker may weigh; a test holds this reader
//! against one of them.

use crate::key::KeyError;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// NULL, with its length of zero.
const NULL: &[u8] = &[0x05, 0x00];

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, appendix C).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10 (RFC 8017, appendix C).
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480, section 2.1.1).
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// id-Ed25519, 1.3.101.112 (RFC 8410, section 3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The two numbers of an RSA key, big-endian, without leading zeros. Zero is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RsaNumbers<'der> {
    /// `n`
    pub(crate) modulus: &'der [u8],
    /// `e`
    pub(crate) exponent: &'der [u8],
}

/// Reads the structure, all of it.
pub(crate) fn read(der: &[u8]) -> Result<RsaNumbers<'_>, KeyError> {
    let mut info = only(der, SEQUENCE).ok_or(KeyError::Der)?;
    let mut algorithm = next(&mut info, SEQUENCE).ok_or(KeyError::Der)?;
    match next(&mut algorithm, OBJECT_IDENTIFIER).ok_or(KeyError::Der)? {
        RSA => {}
        RSA_PSS => return Err(KeyError::Pss),
        EC | ED25519 => return Err(KeyError::EllipticCurve),
        _ => return Err(KeyError::OtherAlgorithm),
    }
    // The parameters MUST be NULL.
    if algorithm != NULL {
        return Err(KeyError::Der);
    }
    numbers(info).ok_or(KeyError::Der)
}

fn numbers(info: &[u8]) -> Option<RsaNumbers<'_>> {
    // The first byte counts the unused bits at the end: none, since the content is whole bytes.
    let key = only(info, BIT_STRING)?.strip_prefix(&[0])?;
    let mut key = only(key, SEQUENCE)?;
    let modulus = positive(next(&mut key, INTEGER)?)?;
    let exponent = positive(only(key, INTEGER)?)?;
    Some(RsaNumbers { modulus, exponent })
}

/// The content of an element that is all there is.
fn only(mut der: &[u8], tag: u8) -> Option<&[u8]> {
    let content = next(&mut der, tag)?;
    der.is_empty().then_some(content)
}

/// The content of the next element, which must have this tag; `der` moves on behind it.
fn next<'der>(der: &mut &'der [u8], tag: u8) -> Option<&'der [u8]> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = length(rest)?;
    let (content, rest) = rest.split_at_checked(length)?;
    *der = rest;
    (*first == tag).then_some(content)
}

/// A definite length in its shortest form (X.690, section 10.1), and what follows it. Two bytes of length suffice: a bundle
/// has at most 64 KiB.
fn length(der: &[u8]) -> Option<(usize, &[u8])> {
    match der {
        [short @ 0..=0x7f, rest @ ..] => Some((usize::from(*short), rest)),
        [0x81, long @ 0x80..=0xff, rest @ ..] => Some((usize::from(*long), rest)),
        [0x82, high @ 1..=0xff, low, rest @ ..] => Some((usize::from(*high) << 8 | usize::from(*low), rest)),
        _ => None,
    }
}

/// The magnitude of a non-negative INTEGER in its shortest form (X.690, section 8.3).
fn positive(content: &[u8]) -> Option<&[u8]> {
    match content {
        [0] => Some(&[]),
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Some(rest),
        [1..=0x7f, ..] => Some(content),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use proptest::prelude::*;
    use rsa::pkcs1::RsaPublicKey;
    use rsa::pkcs8::der::Decode as _;
    use rsa::pkcs8::der::oid::ObjectIdentifier;
    use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

    /// What the general library makes of the bytes.
    fn by_library(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        let is_rsa = info.algorithm.oid == ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        let is_null = info.algorithm.parameters.is_some_and(rsa::pkcs8::der::AnyRef::is_null);
        let numbers = RsaPublicKey::from_der(info.subject_public_key.as_bytes()?).ok()?;
        let magnitude = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
        (is_rsa && is_null)
            .then(|| (magnitude(numbers.modulus.as_bytes()), magnitude(numbers.public_exponent.as_bytes())))
    }

    fn by_us(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        read(der).ok().map(|numbers| (numbers.modulus.to_vec(), numbers.exponent.to_vec()))
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let [.., high, low] = content.len().to_be_bytes();
        let length = match (high, low) {
            (0, 0..=0x7f) => vec![low],
            (0, _) => vec![0x81, low],
            _ => vec![0x82, high, low],
        };
        [vec![tag], length, content.to_vec()].concat()
    }

    fn info(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let numbers = element(0x30, &[element(2, modulus), element(2, exponent)].concat());
        let algorithm = element(0x30, &[element(6, super::RSA), super::NULL.to_vec()].concat());
        element(0x30, &[algorithm, element(3, &[vec![0], numbers].concat())].concat())
    }

    proptest! {
        #[test]
        fn this_reader_and_the_general_library_agree_on_every_change_of_a_key(
            modulus in prop::collection::vec(any::<u8>(), 0..300),
            exponent in prop::collection::vec(any::<u8>(), 0..6),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut der = info(&modulus, &exponent);
            for (at, byte) in changes {
                let at = at.index(der.len());
                der[at] = byte;
            }
            if let Some(cut) = cut {
                der.truncate(cut.index(der.len()));
            }
            prop_assert_eq!(by_us(&der), by_library(&der));
        }
    }

    #[test]
    fn this_reader_and_the_general_library_agree_on_every_single_byte_of_a_key() {
        let der = info(&[&[0, 0xc1][..], &[0x5b; 255]].concat(), &[1, 0, 1]);
        assert!(by_us(&der).is_some());
        for at in (0..40).chain(der.len() - 8..der.len()) {
            for byte in 0..=255 {
                let mut changed = der.clone();
                changed[at] = byte;
                assert_eq!(by_us(&changed), by_library(&changed), "byte {at} = {byte}");
            }
        }
    }
}
