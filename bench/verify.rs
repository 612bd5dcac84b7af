//! Verification natively: whole inspections and bare signature checks by both verifiers, beside `openssl speed`.
//!
//! Prints one JSON object, which `run.mjs` makes tables of. Rounds go through all contestants in turn, so that whatever
//! else the machine does hits all of them alike. What counts is processor time, as in `openssl speed`.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "this is a benchmark")]

#[path = "../license/tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{NOW, bundle, private_key, public_pem, token, vectors};
use countersign::verify;
use countersign_license::{Policy, Rs256, Verdict, VerifyingKey, inspect_with, rs256};
use serde_json::{Value, json};

const BITS: [u32; 4] = [2048, 3072, 4096, 8192];
const VERIFIERS: [(&str, Rs256); 2] = [("rsa", rs256), ("aws-lc", verify::rs256)];
const ROUNDS: usize = 9;
/// How long a contestant's turn lasts, by the clock on the wall.
const TURN: Duration = Duration::from_millis(200);

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT"}"#;
const CLAIMS: &str = r#"{"sub":"cust_acme","iss":"scrydon-license","aud":"scrydon-platform","exp":1821536000,
    "jti":"lic_abc123","scrydon":{"org":"Acme Corp","tier":"enterprise","entitlements":{"cpuCores":16,"ramGb":64,"vramGb":0}}}"#;

struct Contestant {
    what: &'static str,
    by: &'static str,
    bits: u32,
    work: Box<dyn Fn() -> bool>,
    per_second: Vec<f64>,
}

fn main() {
    let mut contestants: Vec<Contestant> = BITS.into_iter().flat_map(contestants).collect();
    for contestant in &contestants {
        assert!((contestant.work)(), "{} {} {}", contestant.what, contestant.by, contestant.bits);
    }
    let mut openssl = Vec::new();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            openssl.extend(openssl_speed());
        }
        for contestant in &mut contestants {
            contestant.per_second.push(rate(&contestant.work));
        }
    }
    let native: Vec<Value> = contestants
        .iter()
        .map(|Contestant { what, by, bits, per_second, .. }| json!({ "what": what, "by": by, "bits": bits, "perSecond": per_second }))
        .collect();
    let worst: Vec<Value> = VERIFIERS.into_iter().map(worst).collect();
    let clock = if processor_time().is_some() { "processor" } else { "wall" };
    println!("{}", json!({ "clock": clock, "native": native, "openssl": openssl, "worst": worst }));
}

/// A good bundle with a key of that size: inspected whole, and its signature alone, by each verifier.
fn contestants(bits: u32) -> Vec<Contestant> {
    let private = private_key(&format!("rsa{bits}"));
    let (jwt, pem) = (token(&private, HEADER, CLAIMS), public_pem(&private.to_public_key()));
    let text = bundle(&jwt, &pem);
    let key = VerifyingKey::parse(&pem).expect("a key");
    let (input, signature) = jwt.rsplit_once('.').expect("three segments");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let both = |(by, verifier): (&'static str, Rs256)| {
        let (text, key, input, signature) = (text.clone(), key.clone(), input.to_owned(), signature.clone());
        let whole = move || {
            inspect_with(black_box(text.as_bytes()), &Policy::default(), NOW, verifier).verdict == Verdict::Valid
        };
        let bare = move || verifier(black_box(&key), black_box(input.as_bytes()), black_box(&signature));
        [
            Contestant { what: "inspect", by, bits, work: Box::new(whole), per_second: Vec::new() },
            Contestant { what: "signature", by, bits, work: Box::new(bare), per_second: Vec::new() },
        ]
    };
    VERIFIERS.into_iter().flat_map(both).collect()
}

/// How often it can be done in a second of processor time.
fn rate(work: &dyn Fn() -> bool) -> f64 {
    let (clock, before) = (Instant::now(), processor_time());
    let mut times = 0_u32;
    while clock.elapsed() < TURN {
        black_box(work());
        times += 1;
    }
    let spent =
        before.zip(processor_time()).map_or_else(|| clock.elapsed(), |(before, after)| after.saturating_sub(before));
    f64::from(times) / spent.as_secs_f64()
}

/// What this thread has had of a processor; Linux tells.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Verifications per second of processor time, by size: lines such as `+F2:2:2048:4693.3:78190.9`. Empty without openssl.
fn openssl_speed() -> Vec<Value> {
    let run = Command::new("openssl").args(["speed", "-mr", "-seconds", "1", "rsa2048", "rsa3072", "rsa4096"]).output();
    let printed = run.map(|run| String::from_utf8_lossy(&run.stdout).into_owned()).unwrap_or_default();
    let figures = printed.lines().filter_map(|line| {
        let mut fields = line.strip_prefix("+F2:")?.split(':').skip(1);
        let (bits, _sign, verify) = (fields.next()?, fields.next()?, fields.next()?);
        Some(json!({ "bits": bits.parse::<u32>().ok()?, "perSecond": verify.parse::<f64>().ok()? }))
    });
    figures.collect()
}

/// The vector that takes longest, and how long: the best of several tries, by the clock on the wall.
fn worst((by, verifier): (&str, Rs256)) -> Value {
    let once = |bytes: &[u8], policy: &Policy, now: i64| {
        let start = Instant::now();
        black_box(inspect_with(bytes, policy, now, verifier));
        start.elapsed()
    };
    let vectors = vectors();
    let best = |vector: &common::Vector| {
        let (bytes, policy) = (vector.bytes(), vector.policy());
        (0..9).map(|_| once(&bytes, &policy, vector.now)).min().unwrap_or_default()
    };
    let (time, name) =
        vectors.iter().map(|vector| (best(vector), vector.name.clone())).max().expect("there are vectors");
    json!({ "by": by, "vectors": vectors.len(), "name": name, "ms": time.as_secs_f64() * 1000.0 })
}
