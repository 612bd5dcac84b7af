//! Every vector through the binary.

use std::path::Path;

use countersign_license::{Verdict, inspect};

use crate::common::vectors;
use crate::run::{command, run_with};

#[test]
fn the_binary_says_of_every_vector_what_the_library_says() {
    let vectors = vectors();
    let wrong: Vec<&str> = vectors
        .iter()
        .filter(|vector| {
            let bytes = vector.bytes();
            let inspection = inspect(&bytes, &vector.policy(), vector.now);
            let expected = serde_json::to_string_pretty(&inspection).expect("an inspection serializes") + "\n";
            let code = match inspection.verdict {
                Verdict::Valid => 0,
                Verdict::Malformed => 2,
                _ => 1,
            };
            let now = vector.now.to_string();
            let mut arguments = vec!["check", "--json", "--now", &now];
            arguments.extend(vector.trusted.iter().flat_map(|key| ["--trusted-key", key.as_str()]));
            let ran = run_with(&mut command(Path::new("."), &[]), &arguments, &bytes);
            (ran.code, ran.out.as_str(), ran.err.as_str()) != (code, expected.as_str(), "")
        })
        .map(|vector| vector.name.as_str())
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:?}", wrong.len(), vectors.len());
}

#[test]
fn no_vector_puts_a_control_character_on_the_terminal() {
    let unfit = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for vector in vectors().iter().filter(|vector| vector.name.contains("hostile")) {
        let now = vector.now.to_string();
        let ran = run_with(&mut command(Path::new("."), &[]), &["check", "--now", &now], &vector.bytes());
        assert!(!ran.out.contains(unfit), "{}", vector.name);
    }
}
