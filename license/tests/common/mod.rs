//! What several tests need: the vectors, the test keys, a signature.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_license::{Policy, VerifyingKey};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The instant at which most vectors are judged.
pub const NOW: i64 = 1_790_000_000;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

/// A file of `tests/vectors/cases`; `README.md` there says what each member means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Vector {
    #[serde(skip)]
    pub name: String,
    pub about: String,
    pub now: i64,
    pub trusted: Vec<String>,
    input: Option<String>,
    input_base64: Option<String>,
    input_parts: Option<Vec<Part>>,
    pub expect: Expect,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Repeat { repeat: String, times: usize },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expect {
    pub verdict: String,
    pub trust: Option<String>,
    pub checks: BTreeMap<String, String>,
    pub repaired: bool,
    pub key: Option<Numbers>,
    pub expires_in_seconds: Option<i64>,
    pub organization: Option<String>,
    #[serde(default)]
    pub detail_contains: BTreeMap<String, String>,
}

#[derive(Deserialize, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub bits: usize,
    pub exponent: u64,
}

impl Vector {
    pub fn bytes(&self) -> Vec<u8> {
        match (&self.input, &self.input_base64, &self.input_parts) {
            (Some(text), None, None) => text.clone().into_bytes(),
            (None, Some(text), None) => STANDARD.decode(text).expect("inputBase64 is base64"),
            (None, None, Some(parts)) => {
                let texts = parts.iter().map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Repeat { repeat, times } => repeat.repeat(*times),
                });
                texts.collect::<String>().into_bytes()
            }
            _ => panic!("{}: exactly one of input, inputBase64, inputParts", self.name),
        }
    }

    pub fn policy(&self) -> Policy {
        let trusted = self.trusted.iter().map(|digits| digits.parse().expect("a fingerprint")).collect();
        Policy { trusted, ..Policy::default() }
    }
}

/// All vectors, by name.
pub fn vectors() -> Vec<Vector> {
    let cases = std::fs::read_dir(folder().join("cases")).expect("tests/vectors/cases is there");
    let mut paths: Vec<PathBuf> = cases.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        let mut vector: Vector =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        vector.name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        vector
    };
    paths.into_iter().map(read).collect()
}

/// A key of `tests/vectors/keys`.
pub fn private_key(name: &str) -> RsaPrivateKey {
    let pem = std::fs::read_to_string(folder().join("keys").join(format!("{name}.pem"))).expect("a test key");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    RsaPrivateKey::from_pkcs8_der(&STANDARD.decode(body).expect("base64")).expect("an RSA key")
}

/// Its public half, in a PEM block with lines of 64 characters.
pub fn public_pem(key: &RsaPublicKey) -> String {
    use rsa::pkcs8::EncodePublicKey as _;
    let body = STANDARD.encode(key.to_public_key_der().expect("a key can be written").as_bytes());
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64")).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    assert!(VerifyingKey::parse(&pem).is_ok());
    pem
}

pub fn base64url(data: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// An RS256 token over these two texts.
pub fn token(key: &RsaPrivateKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header), base64url(payload));
    let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&input)).expect("the key is large enough");
    format!("{input}.{}", base64url(signature))
}

/// A bundle of these two texts.
pub fn bundle(jwt: &str, public_key: &str) -> String {
    serde_json::json!({ "jwt": jwt, "publicKey": public_key }).to_string()
}
