//! Configuration, and the one place that reads the environment.

use std::collections::BTreeMap;

use countersign_license::{Fingerprint, TrustRule};

/// The process environment, read once. A variable that is set to nothing counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. What is not UTF-8 is left out.
    pub fn read() -> Self {
        Self::of(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// An environment made of these variables.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Reads `LICENSE_TRUST`.
pub fn trust_rule(text: &str) -> Result<TrustRule, String> {
    match text {
        "bundled" => Ok(TrustRule::Bundled),
        "pinned" => Ok(TrustRule::Pinned),
        other => Err(format!("`{}` is neither `bundled` nor `pinned`", countersign_license::shown(other))),
    }
}

/// Reads one fingerprint of `LICENSE_TRUSTED_KEYS` or `--trusted-key`.
pub fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    text.parse().map_err(|error| format!("`{}`: {error}", countersign_license::shown(text)))
}

/// Reads `LICENSE_TRUSTED_KEYS`: fingerprints with commas between them.
pub fn fingerprints(text: &str) -> Result<Vec<Fingerprint>, String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(fingerprint).collect()
}
