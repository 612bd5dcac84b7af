//! The configuration: a file's TOML, or settings from file, environment and flags.
#![no_main]

use std::cell::RefCell;
use std::fs;

use countersign::config::{Config, ConfigError, Environment, Flags, Key};
use countersign::store::postgres_address;
use countersign_fuzz::SECRET;
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

thread_local!(static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new_in("/dev/shm").expect("a file")));

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    FILE.with_borrow(|file| if kind % 2 == 0 { toml(text, file) } else { settings(text, file) });
});

/// Any text as the file.
fn toml(text: &str, file: &NamedTempFile) {
    fs::write(file.path(), text).expect("it is written");
    let flags = Flags { file: Some(file.path().to_owned()), settings: Vec::new() };
    let loaded = Config::load(&flags, &Environment::default());
    let said = said(&loaded, file);
    // What is no TOML may have its secret anywhere.
    assert!(!said.contains("is not TOML") || !said.contains(SECRET), "{said}");
}

/// Lines: where it is set (`f` in the file, `c` on the command line, or else in the environment), a letter for the setting, and
/// its text.
fn settings(text: &str, file: &NamedTempFile) {
    let (mut in_file, mut in_environment, mut flags) = (String::new(), Vec::new(), Vec::new());
    // Only where it is put is it a secret.
    let mut text = text.to_owned();
    while text.contains(SECRET) {
        // One may stand inside another.
        text = text.replace(SECRET, "");
    }
    for line in text.split('\n') {
        let mut letters = line.chars();
        let (Some(place), Some(letter)) = (letters.next(), letters.next()) else { continue };
        let Some((key, _)) = Key::ALL.into_iter().zip('a'..).find(|(_, known)| *known == letter) else { continue };
        let value = with_secret(key, letters.as_str());
        match place {
            // Rust's way to quote is close enough to TOML's; where it is not, this is a damaged file.
            'f' => in_file += &format!("{} = {value:?}\n", key.name().to_lowercase()),
            'c' => flags.push((key, value)),
            _ => in_environment.push((key.name().to_owned(), value)),
        }
    }
    fs::write(file.path(), in_file).expect("it is written");
    let flags = Flags { file: Some(file.path().to_owned()), settings: flags };
    let loaded = Config::load(&flags, &Environment::of(in_environment));
    let said = said(&loaded, file);
    assert!(!said.contains(SECRET), "it tells a secret: {said}");
}

/// A value with a secret where the setting has one.
fn with_secret(key: Key, text: &str) -> String {
    match key {
        Key::License | Key::LicensePublicKey | Key::MetricsToken | Key::SecretKey | Key::ServiceToken => {
            format!("{text}{SECRET}")
        }
        // The password of an address, wherever one stands.
        Key::DatabaseUrl | Key::HttpsProxy | Key::LicenseApiUrl | Key::PublicUrl => {
            let mut text = text.replacen(":@", &format!(":{SECRET}@"), 1);
            let lower = text.to_ascii_lowercase();
            if let Some(at) = ["?password=", "&password="].iter().find_map(|name| Some(lower.find(name)? + name.len()))
            {
                text.insert_str(at, SECRET);
            }
            text
        }
        _ => text.to_owned(),
    }
}

/// Everything that is told of a configuration, each sentence fit for a terminal.
fn said(loaded: &Result<Config, ConfigError>, file: &NamedTempFile) -> String {
    match loaded {
        Ok(config) => {
            config.policy();
            config.terms();
            let said = config.describe();
            assert_eq!(said.lines().count(), Key::ALL.len(), "{said}");
            assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
            // What would be connected to: nothing is, here.
            if config.database_url.starts_with("postgres")
                && let Err(why) = postgres_address(&config.database_url)
            {
                assert!(!why.is_empty() && !why.chars().any(char::is_control), "{why:?}");
            }
            said + &config.warnings().join("\n")
        }
        Err(error) => {
            let said = error.to_string();
            let path = file.path().display().to_string();
            for line in said.lines() {
                assert!(line.chars().count() < 1000, "{} characters: {line:.200}", line.chars().count());
                assert!(!line.chars().any(char::is_control), "{line:?}");
                assert!(
                    line.contains(&path) || Key::ALL.iter().any(|key| line.contains(key.name())),
                    "names nothing: {line}"
                );
            }
            assert!(!said.is_empty());
            said
        }
    }
}
