//! Configuration: a file, then the environment, then flags. The one place that reads the environment.
//!
//! Every setting is a [`Key`]. [`Config::load`] collects its text from the strongest source and judges it; [`Config`] holds the
//! typed values. A refusal names the key, where its value comes from, what is wrong and what to write instead. It never
//! repeats a secret.

mod file;
mod host;
mod key;
mod parse;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use countersign_license::{Fingerprint, Mode, Policy, TrustRule};

use self::file::{misspelled, read_file};
pub use self::host::Host;
pub use self::key::Key;
use self::parse::{
    addresses, base_path, hosts, license_api_url, license_mode, listen_addr, names, proxy, public_url, seconds,
    secret_key, token,
};
pub use self::parse::{database_url, fingerprints, trust_rule};
use crate::licensing::Terms;

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "countersign.toml";
/// The variable that names another.
const FILE_VARIABLE: &str = "COUNTERSIGN_CONFIG";

/// The process environment, read once. A variable that is set to nothing counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. In the place of what is not UTF-8 stands U+FFFD, which no setting may have.
    pub fn read() -> Self {
        Self::of(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))),
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

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// Nobody set it, and another setting decides.
    Follows(Key),
    /// The configuration file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Follows(key) => write!(f, "default, as {} is set", key.name()),
            Self::File(path) => path.display().fmt(f),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// Why a configuration cannot be used: sentences, one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl From<String> for ConfigError {
    fn from(sentence: String) -> Self {
        Self(vec![sentence])
    }
}

/// How a running platform treats the license server, and the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseMode {
    /// Asks it for revocations.
    Online,
    /// Never asks it.
    Offline,
    /// Never asks it, nor anybody else.
    Airgapped,
}

impl LicenseMode {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Airgapped => "airgapped",
        }
    }
}

/// The effective configuration.
#[derive(Clone)]
pub struct Config {
    /// The prefix that the platform is mounted at: `/`, or `/platform`.
    pub base_path: String,
    /// Where the data is.
    pub database_url: String,
    /// Hosts that the operator allows to be asked, at private addresses too.
    pub egress_allow: Vec<Host>,
    /// More certificate authorities, as a PEM file.
    pub egress_ca_file: Option<PathBuf>,
    /// The proxy for outbound https.
    pub https_proxy: Option<String>,
    /// A license to write on first start.
    pub license: Option<String>,
    /// The license server.
    pub license_api_url: String,
    /// For how many seconds an unreachable license server is tolerated.
    pub license_grace_period: u64,
    /// How the license server is treated.
    pub license_mode: LicenseMode,
    /// The key of the license to write on first start.
    pub license_public_key: Option<String>,
    /// Which keys may vouch for a license.
    pub license_trust: TrustRule,
    /// The keys that the vendor publishes.
    pub license_trusted_keys: Vec<Fingerprint>,
    /// Where to listen.
    pub listen_addr: SocketAddr,
    /// Where `/metrics` has a listener of its own.
    pub metrics_listen_addr: Option<SocketAddr>,
    /// Who shows it may read `/metrics`.
    pub metrics_token: Option<String>,
    /// Hosts that are asked without the proxy.
    pub no_proxy: Vec<String>,
    /// Where people reach the platform from outside.
    pub public_url: Option<String>,
    /// Encrypts stored secrets.
    pub secret_key: Option<String>,
    /// Services show it when they report what they use.
    pub service_token: Option<String>,
    /// The proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpAddr>,
    shown: Vec<Shown>,
    warnings: Vec<String>,
}

/// One line of [`Config::describe`].
#[derive(Clone)]
struct Shown {
    key: Key,
    value: Option<String>,
    source: Source,
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file to read.
    pub file: Option<PathBuf>,
    /// The settings that are given as flags.
    pub settings: Vec<(Key, String)>,
}

impl Config {
    /// Collects and judges the configuration.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let named = flags.file.clone().or_else(|| environment.get(FILE_VARIABLE).map(PathBuf::from));
        let file = match named {
            Some(path) => read_file(&path)?,
            None if Path::new(DEFAULT_FILE).exists() => read_file(Path::new(DEFAULT_FILE))?,
            None => BTreeMap::new(),
        };
        let mut settings = Settings { values: file, errors: Vec::new() };
        for key in Key::ALL {
            if let Some(value) = environment.get(key.name()) {
                settings.values.insert(key, (value.to_owned(), Source::Environment));
            }
        }
        for (key, value) in &flags.settings {
            settings.values.insert(*key, (value.clone(), Source::Flag));
        }
        settings.judge(misspelled(environment))
    }

    /// The effective values and where each comes from, a line each. Secrets are masked.
    pub fn describe(&self) -> String {
        let value = |shown: &Shown| shown.value.clone().unwrap_or_else(|| "–".to_owned());
        let width = self.shown.iter().map(|shown| value(shown).chars().count()).max().unwrap_or_default().min(60);
        self.shown.iter().fold(String::new(), |out, shown| {
            let source = if shown.value.is_none() { "not set".to_owned() } else { shown.source.to_string() };
            out + &format!("{:<20}  {:<width$}  {source}\n", shown.key.name(), value(shown))
        })
    }

    /// What looks like a mistake and is not certainly one.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The rule that bundles are judged by. The key of the installed license is not configuration.
    pub fn policy(&self) -> Policy {
        Policy { rule: self.license_trust, trusted: self.license_trusted_keys.clone(), ..Policy::default() }
    }

    /// What the installed license is judged by.
    pub fn terms(&self) -> Terms {
        let grace = i64::try_from(self.license_grace_period).unwrap_or(i64::MAX);
        let mode = match self.license_mode {
            LicenseMode::Online => Mode::Online { grace },
            LicenseMode::Offline | LicenseMode::Airgapped => Mode::Offline,
        };
        Terms { policy: self.policy(), mode }
    }
}

/// The texts of all settings that somebody set, and what is wrong with them.
struct Settings {
    values: BTreeMap<Key, (String, Source)>,
    errors: Vec<String>,
}

impl Settings {
    fn judge(mut self, warnings: Vec<String>) -> Result<Config, ConfigError> {
        let base_path = self.read(Key::BasePath, base_path);
        let database_url = self.read(Key::DatabaseUrl, database_url);
        let egress_allow = self.optional(Key::EgressAllow, hosts).unwrap_or_default();
        let egress_ca_file = self.optional(Key::EgressCaFile, |text| Ok(PathBuf::from(text)));
        let https_proxy = self.optional(Key::HttpsProxy, proxy);
        let license = self.optional(Key::License, |text| Ok(text.to_owned()));
        let license_api_url = self.read(Key::LicenseApiUrl, license_api_url);
        let license_grace_period = self.read(Key::LicenseGracePeriod, seconds);
        let license_mode = self.read(Key::LicenseMode, license_mode);
        let license_public_key = self.optional(Key::LicensePublicKey, |text| Ok(text.to_owned()));
        let license_trusted_keys = self.optional(Key::LicenseTrustedKeys, fingerprints);
        let license_trust = self.optional(Key::LicenseTrust, trust_rule);
        let metrics_listen_addr = self.optional(Key::MetricsListenAddr, listen_addr);
        let listen_addr = self.read(Key::ListenAddr, listen_addr);
        let base = base_path.clone().unwrap_or_default();
        let public_url = self.optional(Key::PublicUrl, |text| public_url(text, &base));
        let metrics_token = self.optional(Key::MetricsToken, token);
        let no_proxy = self.optional(Key::NoProxy, |text| Ok(names(text))).unwrap_or_default();
        let secret_key = self.optional(Key::SecretKey, secret_key);
        let service_token = self.optional(Key::ServiceToken, token);
        let trusted_proxies = self.optional(Key::TrustedProxies, addresses).unwrap_or_default();

        let license_trusted_keys = license_trusted_keys.unwrap_or_default();
        // Whoever lists keys means that others are not trusted; forgetting the second setting must not undo the first.
        let license_trust = license_trust.unwrap_or(if license_trusted_keys.is_empty() {
            TrustRule::Bundled
        } else {
            TrustRule::Pinned
        });
        if license_trust == TrustRule::Pinned && license_trusted_keys.is_empty() && self.errors.is_empty() {
            self.errors.push(
                "LICENSE_TRUST is `pinned` and no key is trusted, so no license could ever be accepted: \
                 list the vendor's fingerprints in LICENSE_TRUSTED_KEYS"
                    .to_owned(),
            );
        }
        let shown = self.shown(license_trust);
        let config = || {
            Some(Config {
                base_path: base_path?,
                database_url: database_url?,
                egress_allow,
                egress_ca_file,
                https_proxy,
                license,
                license_api_url: license_api_url?,
                license_grace_period: license_grace_period?,
                license_mode: license_mode?,
                license_public_key,
                license_trust,
                license_trusted_keys,
                listen_addr: listen_addr?,
                metrics_listen_addr,
                metrics_token,
                no_proxy,
                public_url,
                secret_key,
                service_token,
                trusted_proxies,
                shown,
                warnings,
            })
        };
        match config() {
            Some(config) if self.errors.is_empty() => Ok(config),
            _ => Err(ConfigError(self.errors)),
        }
    }

    /// A setting that always has a value.
    fn read<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        if let (false, Some(default)) = (self.values.contains_key(&key), key.default()) {
            return parse(default).ok();
        }
        self.optional(key, parse)
    }

    /// A setting that may be left out.
    fn optional<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let (text, source) = self.values.get(&key)?;
        let is_text = *source != Source::Environment || !text.contains(char::REPLACEMENT_CHARACTER);
        // To leave it out would be to take the default, of which nobody said anything.
        let parsed = if is_text { parse(text) } else { Err("is not UTF-8: write it as UTF-8".to_owned()) };
        match parsed {
            Ok(value) => Some(value),
            Err(problem) => {
                let from = match source {
                    Source::File(path) => format!(" in {}", path.display()),
                    Source::Flag => " on the command line".to_owned(),
                    _ => String::new(),
                };
                self.errors.push(format!("{}{from} {problem}", key.name()));
                None
            }
        }
    }

    fn shown(&self, trust: TrustRule) -> Vec<Shown> {
        let shown = |key: Key| match self.values.get(&key) {
            Some((value, source)) => Shown { key, value: Some(key.masked(value)), source: source.clone() },
            None if key == Key::LicenseTrust => {
                let (value, source) = match trust {
                    TrustRule::Bundled => ("bundled", Source::Default),
                    TrustRule::Pinned => ("pinned", Source::Follows(Key::LicenseTrustedKeys)),
                };
                Shown { key, value: Some(value.to_owned()), source }
            }
            None => Shown { key, value: key.default().map(str::to_owned), source: Source::Default },
        };
        Key::ALL.into_iter().map(shown).collect()
    }
}
