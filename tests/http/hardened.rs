//! The headers that every answer carries. The fuzzers of `server/fuzz` look for them as well.

use crate::answer::Answer;

pub fn assert_hardened(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|one| one == directive), "{what}: {directive} in {policy}");
    }
    if answer.header("content-type").starts_with("text/html") && !answer.body.is_empty() {
        let nonce = policy.split("script-src 'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("");
        assert_eq!(nonce.len(), 22, "{what}: {policy}");
        assert!(
            policy
                .contains(&format!("script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'")),
            "{policy}"
        );
        let inline = answer.body.matches("<script").count() + answer.body.matches("<style").count();
        assert_eq!(answer.body.matches(&format!("nonce=\"{nonce}\"")).count(), inline, "{what}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert!(answer.header("permissions-policy").contains("camera=()"), "{what}");
    assert!(matches!(answer.header("cache-control"), "no-store" | "no-cache"), "{what}");
    for name in ["server", "x-powered-by"] {
        assert_eq!(answer.header(name), "", "{what}: {name}");
    }
}
