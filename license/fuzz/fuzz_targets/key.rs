//! Any text where the key belongs.
#![no_main]

use countersign_license::{Policy, VerifyingKey, inspect};
use countersign_license_fuzz::{NOW, check, mutate, pem};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|text: &str| {
    match VerifyingKey::parse(text) {
        Ok(key) => {
            let modulus = key.modulus();
            assert!((2048..=8192).contains(&key.bits()) && modulus.len() == key.bits().div_ceil(8));
            assert!(modulus[0] != 0 && modulus[modulus.len() - 1] % 2 == 1);
            assert!((3..1 << 33).contains(&key.exponent()) && key.exponent() % 2 == 1);
            // The same key whatever its line breaks are.
            let body: String = text.split("-----").nth(2).unwrap_or_default().replace("\\n", "").replace("\\r", "");
            let one_line: String = body.split_ascii_whitespace().collect();
            let again = VerifyingKey::parse(&format!("-----BEGIN PUBLIC KEY-----{one_line}-----END PUBLIC KEY-----"));
            assert_eq!(again.as_ref(), Ok(&key));
            // One key has one fingerprint: it was the only way to write these numbers.
            assert_eq!(VerifyingKey::parse(&pem(modulus, key.exponent())).as_ref(), Ok(&key));
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.code().is_empty()),
    }
    let bundle = serde_json::json!({ "jwt": "e30.e30.AAAA", "publicKey": text }).to_string();
    check(&inspect(bundle, &Policy::default(), NOW));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate::key(data, size, max_size, seed) });
