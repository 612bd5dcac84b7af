//! `countersign issue`: a signed bundle, for trials and tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, ValueEnum};
use countersign_license::{Bundle, Outcome, Policy, Profile, Verdict, inspect};
use serde::Serialize;
use serde_json::Value;

use super::keygen::public_pem;
use super::{Failure, pem, print, write_new};
use crate::{clock, ids};

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT"}"#;
const DAY: i64 = 86_400;

/// Sign a license bundle and print it
#[derive(Args, Debug)]
#[command(after_help = "What is made is checked before it is printed; it may be expired or not yet valid on purpose.")]
pub(super) struct Issue {
    /// The private key, in PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The organization's name
    #[arg(long, default_value = "Acme Corp")]
    org: String,
    /// What was bought
    #[arg(long, value_enum, default_value = "enterprise")]
    tier: TierOption,
    /// The customer's identifier
    #[arg(long, value_name = "ID", default_value = "cust_acme")]
    sub: String,
    /// The license's identifier [default: a random one]
    #[arg(long, value_name = "ID")]
    jti: Option<String>,
    /// CPU cores
    #[arg(long, value_name = "CORES", default_value_t = 16)]
    cpu: u64,
    /// Memory, in GB
    #[arg(long, value_name = "GB", default_value_t = 64)]
    ram: u64,
    /// Video memory, in GB
    #[arg(long, value_name = "GB", default_value_t = 0)]
    vram: u64,
    /// A feature, such as analytics=true or maxUsers=50; may be repeated
    #[arg(long = "feature", value_name = "NAME=VALUE", value_parser = feature)]
    features: Vec<(String, Value)>,
    /// Valid for so many days from now; negative for an expired license [default: 365]
    #[arg(long, value_name = "N", allow_negative_numbers = true, conflicts_with = "expires")]
    days: Option<i64>,
    /// The end of validity, in seconds since 1970-01-01 UTC
    #[arg(long, value_name = "EPOCH", allow_negative_numbers = true)]
    expires: Option<i64>,
    /// The beginning of validity [default: not limited]
    #[arg(long, value_name = "EPOCH", allow_negative_numbers = true)]
    not_before: Option<i64>,
    /// The time of issue [default: now]
    #[arg(long, value_name = "EPOCH", allow_negative_numbers = true)]
    issued: Option<i64>,
    /// Take this as now
    #[arg(long, value_name = "EPOCH", allow_negative_numbers = true)]
    now: Option<i64>,
    /// Sign the claims in this file, byte for byte, in place of the options above
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "org", "tier", "sub", "jti", "cpu", "ram", "vram", "features", "days", "expires", "not_before", "issued",
    ])]
    claims: Option<PathBuf>,
    /// Do not check what is made: for tests with claims that are wrong on purpose
    #[arg(long)]
    unchecked: bool,
    /// Write to this new file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum TierOption {
    Starter,
    Professional,
    Enterprise,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    sub: &'a str,
    aud: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    iat: i64,
    jti: &'a str,
    #[serde(flatten)]
    own: BTreeMap<&'static str, Own<'a>>,
}

#[derive(Serialize)]
struct Own<'a> {
    org: &'a str,
    tier: TierOption,
    entitlements: Entitlements,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<&'a str, &'a Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entitlements {
    cpu_cores: u64,
    ram_gb: u64,
    vram_gb: u64,
}

impl Issue {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let now = self.now.unwrap_or_else(clock::now);
        let pair = pem::read_private_key(&self.key)?;
        let claims = match &self.claims {
            Some(path) => std::fs::read(path)
                .map_err(|error| Failure(format!("cannot read the claims {}: {error}", path.display())))?,
            None => self.made_claims(now)?,
        };
        let bundle = Bundle { jwt: sign(&pair, &claims)?, public_key: public_pem(&pair)? };
        let text = bundle.to_json() + "\n";
        if !self.unchecked {
            let inspection = inspect(&text, &Policy::default(), now);
            if !matches!(inspection.verdict, Verdict::Valid | Verdict::Expired | Verdict::NotYetValid) {
                let failure = inspection.checks.iter().find(|check| check.outcome == Outcome::Fail);
                let reason = failure.map_or("it is not a license", |check| check.detail.as_str());
                return Err(Failure(format!("no license was made: {reason}. --unchecked makes it all the same")));
            }
        }
        match &self.out {
            Some(path) => write_new(path, &text, false)?,
            None => print(&text)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn made_claims(&self, now: i64) -> Result<Vec<u8>, Failure> {
        let Profile { issuer, audience, namespace, .. } = Profile::default();
        let jti = match &self.jti {
            Some(jti) => jti.clone(),
            None => random_id()?,
        };
        let span = self.days.unwrap_or(365).saturating_mul(DAY);
        let own = Own {
            org: &self.org,
            tier: self.tier,
            entitlements: Entitlements { cpu_cores: self.cpu, ram_gb: self.ram, vram_gb: self.vram },
            features: self.features.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        };
        let claims = Claims {
            iss: issuer,
            sub: &self.sub,
            aud: audience,
            nbf: self.not_before,
            exp: self.expires.unwrap_or(now.saturating_add(span)),
            iat: self.issued.unwrap_or(now),
            jti: &jti,
            own: BTreeMap::from([(namespace, own)]),
        };
        serde_json::to_vec(&claims).map_err(|error| Failure(format!("the claims cannot be written: {error}")))
    }
}

/// `analytics=true`: the value as JSON where it is JSON, else as a string.
fn feature(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let json = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((name.to_owned(), json))
        }
        _ => Err("a feature is written NAME=VALUE".to_owned()),
    }
}

fn random_id() -> Result<String, Failure> {
    let bytes = ids::random().map_err(|_| Failure("the system gives no random numbers".to_owned()))?;
    Ok(format!("lic_{:016x}", u64::from_be_bytes(bytes)))
}

/// A compact JWS (RFC 7515, section 7.1), RS256.
fn sign(pair: &KeyPair, claims: &[u8]) -> Result<String, Failure> {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
        .map_err(|_| Failure("the claims could not be signed: the cryptographic library refused".to_owned()))?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
