//! Configuration: a file, then the environment, then flags. The one place that reads the environment.
//!
//! Every setting is a [`Key`]. [`Config::load`] collects its text from the strongest source and judges it; [`Config`] holds the
//! typed values. A refusal names the key, where its value comes from, what is wrong and what to write instead. It never
//! repeats a secret.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::http::Uri;
use countersign_license::{Fingerprint, Policy, TrustRule, VerifyingKey, shown};

use crate::line::one_line;

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "countersign.toml";
/// The variable that names another.
const FILE_VARIABLE: &str = "COUNTERSIGN_CONFIG";

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

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A setting, by its name in the environment. In the file it is `listen_addr`, or under its group: `[license]`, `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `BASE_PATH`
    BasePath,
    /// `DATABASE_URL`
    DatabaseUrl,
    /// `LICENSE`
    License,
    /// `LICENSE_API_URL`
    LicenseApiUrl,
    /// `LICENSE_GRACE_PERIOD`
    LicenseGracePeriod,
    /// `LICENSE_MODE`
    LicenseMode,
    /// `LICENSE_PUBLIC_KEY`
    LicensePublicKey,
    /// `LICENSE_TRUST`
    LicenseTrust,
    /// `LICENSE_TRUSTED_KEYS`
    LicenseTrustedKeys,
    /// `LISTEN_ADDR`
    ListenAddr,
    /// `PUBLIC_URL`
    PublicUrl,
    /// `SECRET_KEY`
    SecretKey,
    /// `TRUSTED_PROXIES`
    TrustedProxies,
}

impl Key {
    /// Every key, in alphabetical order.
    pub const ALL: [Self; 13] = [
        Self::BasePath,
        Self::DatabaseUrl,
        Self::License,
        Self::LicenseApiUrl,
        Self::LicenseGracePeriod,
        Self::LicenseMode,
        Self::LicensePublicKey,
        Self::LicenseTrust,
        Self::LicenseTrustedKeys,
        Self::ListenAddr,
        Self::PublicUrl,
        Self::SecretKey,
        Self::TrustedProxies,
    ];

    /// The name in the environment.
    pub fn name(self) -> &'static str {
        match self {
            Self::BasePath => "BASE_PATH",
            Self::DatabaseUrl => "DATABASE_URL",
            Self::License => "LICENSE",
            Self::LicenseApiUrl => "LICENSE_API_URL",
            Self::LicenseGracePeriod => "LICENSE_GRACE_PERIOD",
            Self::LicenseMode => "LICENSE_MODE",
            Self::LicensePublicKey => "LICENSE_PUBLIC_KEY",
            Self::LicenseTrust => "LICENSE_TRUST",
            Self::LicenseTrustedKeys => "LICENSE_TRUSTED_KEYS",
            Self::ListenAddr => "LISTEN_ADDR",
            Self::PublicUrl => "PUBLIC_URL",
            Self::SecretKey => "SECRET_KEY",
            Self::TrustedProxies => "TRUSTED_PROXIES",
        }
    }

    fn default(self) -> Option<&'static str> {
        match self {
            Self::BasePath => Some("/"),
            Self::DatabaseUrl => Some("sqlite://data/countersign.db"),
            Self::LicenseApiUrl => Some("https://license.scrydon.com/api/license/validate"),
            Self::LicenseGracePeriod => Some("2592000"),
            Self::LicenseMode => Some("online"),
            Self::ListenAddr => Some("127.0.0.1:3000"),
            Self::License
            | Self::LicensePublicKey
            | Self::LicenseTrust
            | Self::LicenseTrustedKeys
            | Self::PublicUrl
            | Self::SecretKey
            | Self::TrustedProxies => None,
        }
    }

    /// The value as it may be shown, in one line.
    fn masked(self, value: &str) -> String {
        match self {
            Self::License | Self::SecretKey => "••••••".to_owned(),
            Self::DatabaseUrl => one_line(&without_password(value)),
            // Somebody may have put the private half there.
            Self::LicensePublicKey => VerifyingKey::parse(value).map_or_else(
                |_| "not a key".to_owned(),
                |key| format!("RSA, {} bits, SHA-256 {}", key.bits(), key.fingerprint()),
            ),
            _ => one_line(value),
        }
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

/// How a running platform treats the license server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseMode {
    /// Asks it for revocations.
    Online,
    /// Never asks it.
    Offline,
    /// Never asks it, nor anybody else.
    Airgapped,
}

/// The effective configuration.
#[derive(Clone)]
pub struct Config {
    /// The prefix that the platform is mounted at: `/`, or `/platform`.
    pub base_path: String,
    /// Where the data is.
    pub database_url: String,
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
    /// Where people reach the platform from outside.
    pub public_url: Option<String>,
    /// Encrypts stored secrets.
    pub secret_key: Option<String>,
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
        let license = self.optional(Key::License, |text| Ok(text.to_owned()));
        let license_api_url = self.read(Key::LicenseApiUrl, |text| http_url(text).map(|_| text.to_owned()));
        let license_grace_period = self.read(Key::LicenseGracePeriod, seconds);
        let license_mode = self.read(Key::LicenseMode, license_mode);
        let license_public_key = self.optional(Key::LicensePublicKey, |text| Ok(text.to_owned()));
        let license_trusted_keys = self.optional(Key::LicenseTrustedKeys, fingerprints);
        let license_trust = self.optional(Key::LicenseTrust, trust_rule);
        let listen_addr = self.read(Key::ListenAddr, listen_addr);
        let base = base_path.clone().unwrap_or_default();
        let public_url = self.optional(Key::PublicUrl, |text| public_url(text, &base));
        let secret_key = self.optional(Key::SecretKey, secret_key);
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
                license,
                license_api_url: license_api_url?,
                license_grace_period: license_grace_period?,
                license_mode: license_mode?,
                license_public_key,
                license_trust,
                license_trusted_keys,
                listen_addr: listen_addr?,
                public_url,
                secret_key,
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
        match parse(text) {
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

/// Reads the file into texts by key. Names may be written `listen_addr`, `listenAddr`, `LISTEN_ADDR`, or in a table:
/// `[license]` and `trustedKeys`.
fn read_file(path: &Path) -> Result<BTreeMap<Key, (String, Source)>, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("There is no configuration file {}", path.display()),
        _ => format!("The configuration file {} cannot be read: {error}", path.display()),
    })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The error's own text would quote the line, which may hold a secret.
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        format!("{}, line {line}: this is not TOML: {}", path.display(), one_line(error.message()))
    })?;
    let mut found = Found { path, values: BTreeMap::new(), errors: Vec::new() };
    found.table("", &table);
    if found.errors.is_empty() { Ok(found.values) } else { Err(ConfigError(found.errors)) }
}

/// What is in the file.
struct Found<'a> {
    path: &'a Path,
    values: BTreeMap<Key, (String, Source)>,
    errors: Vec<String>,
}

impl Found<'_> {
    fn table(&mut self, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            let written = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => self.table(&written, inner),
                value => self.setting(&written, value),
            }
        }
    }

    fn setting(&mut self, written: &str, value: &toml::Value) {
        let file = self.path.display();
        let name = canonical(written);
        let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
            let meant =
                nearest(&name).map_or_else(String::new, |key| format!("; is {} meant?", key.to_ascii_lowercase()));
            self.errors.push(format!("{file}: there is no setting `{}`{meant}", shown(written)));
            return;
        };
        let text = match value {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Array(all) => {
                all.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>().map(|all| all.join(","))
            }
            _ => None,
        };
        let Some(text) = text else {
            let kind = value.type_str();
            self.errors
                .push(format!("{file}: `{}` is a {kind} where text is needed: write it in quotes", shown(written)));
            return;
        };
        if text.is_empty() {
            return;
        }
        if self.values.insert(key, (text, Source::File(self.path.to_owned()))).is_some() {
            self.errors.push(format!("{file}: {} is set twice, in two spellings: keep one", key.name()));
        }
    }
}

/// `license.trustedKeys` as `LICENSE_TRUSTED_KEYS`.
fn canonical(written: &str) -> String {
    let mut name = String::new();
    let mut lower = false;
    for c in written.chars() {
        if c.is_ascii_uppercase() && lower {
            name.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        name.push(if c == '.' || c == '-' { '_' } else { c.to_ascii_uppercase() });
    }
    name
}

/// Variables that look like settings of ours. Others may use the names, so this is no error.
fn misspelled(environment: &Environment) -> Vec<String> {
    let ours = |name: &str| name.starts_with("LICENSE_") || name.starts_with("COUNTERSIGN_");
    let known = |name: &str| name == FILE_VARIABLE || Key::ALL.iter().any(|key| key.name() == name);
    let warning = |name: &str| {
        let meant = nearest(name).map_or_else(String::new, |key| format!("; is {key} meant?"));
        format!("the environment has {}, which is no setting{meant}", shown(name))
    };
    environment.names().filter(|name| ours(name) && !known(name)).map(warning).collect()
}

/// The known name that takes the fewest changes of a character to reach, if they are few.
fn nearest(name: &str) -> Option<&'static str> {
    let known = Key::ALL.iter().map(|key| key.name()).chain([FILE_VARIABLE]);
    let near = known.map(|known| (distance(name, known), known)).min()?;
    (near.0 <= 1 + name.len() / 4).then_some(near.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let cost = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Reads `LICENSE_TRUST`.
pub fn trust_rule(text: &str) -> Result<TrustRule, String> {
    match text {
        "bundled" => Ok(TrustRule::Bundled),
        "pinned" => Ok(TrustRule::Pinned),
        other => Err(format!("is `{}`: write `bundled` or `pinned`", shown(other))),
    }
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    text.parse().map_err(|error| format!("has `{}`: {error}", shown(text)))
}

/// Reads `LICENSE_TRUSTED_KEYS`: fingerprints with commas between them.
pub fn fingerprints(text: &str) -> Result<Vec<Fingerprint>, String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(fingerprint).collect()
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let address = |one: &str| {
        one.parse::<IpAddr>()
            .map(|address| address.to_canonical())
            .map_err(|_| format!("has `{}`: write IP addresses with commas between them, such as 10.0.0.5", shown(one)))
    };
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(address).collect()
}

fn base_path(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(plain);
    match text.strip_prefix('/') {
        Some("") => Ok(text.to_owned()),
        Some(rest) if text.len() <= 200 && rest.split('/').all(segment) => Ok(text.to_owned()),
        _ => Err(format!(
            "is `{}`: write `/`, or a path such as `/platform`: it begins with a slash, does not end with one, and has \
             only letters, digits and -._~ between them",
            shown(text)
        )),
    }
}

fn database_url(text: &str) -> Result<String, String> {
    let rest = ["sqlite://", "postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => {
            Err("is not the address of a database: write sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME"
                .to_owned())
        }
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let wrong = |_| format!("is `{}`: write a whole number of seconds, such as 2592000 for 30 days", shown(text));
    text.parse().map_err(wrong)
}

fn license_mode(text: &str) -> Result<LicenseMode, String> {
    match text {
        "online" => Ok(LicenseMode::Online),
        "offline" => Ok(LicenseMode::Offline),
        "airgapped" => Ok(LicenseMode::Airgapped),
        other => Err(format!("is `{}`: write `online`, `offline` or `airgapped`", shown(other))),
    }
}

fn listen_addr(text: &str) -> Result<SocketAddr, String> {
    let wrong = |_| {
        format!(
            "is `{}`: write an address with a port, such as 127.0.0.1:3000, or 0.0.0.0:3000 for all networks",
            shown(text)
        )
    };
    text.parse().map_err(wrong)
}

fn http_url(text: &str) -> Result<Uri, String> {
    let wrong = || format!("is `{}`: write an address such as https://example.com", shown(&without_password(text)));
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let usable = matches!(uri.scheme_str(), Some("http" | "https"))
        && !authority.is_empty()
        && !authority.starts_with(':')
        && !authority.contains('@')
        && uri.query().is_none();
    if usable { Ok(uri) } else { Err(wrong()) }
}

fn public_url(text: &str, base_path: &str) -> Result<String, String> {
    let uri = http_url(text)?;
    let path = uri.path().trim_end_matches('/');
    if !path.is_empty() && path != base_path {
        let path = shown(path);
        return Err(format!(
            "has the path `{path}` while BASE_PATH is `{base_path}`: leave the path away, or make them equal"
        ));
    }
    Ok(text.trim_end_matches('/').strip_suffix(path).unwrap_or(text).to_owned())
}

fn secret_key(text: &str) -> Result<String, String> {
    if text.len() < 32 {
        return Err("is shorter than 32 characters: make one with `openssl rand -base64 32`".to_owned());
    }
    Ok(text.to_owned())
}

/// An address without the passwords in it, wherever they may stand.
fn without_password(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let address = match (address.split_once("://"), address.rfind('@')) {
        (Some((scheme, rest)), Some(_)) => {
            let (login, host) = rest.rsplit_once('@').unwrap_or(("", rest));
            let user = login.split_once(':').map_or_else(|| login.to_owned(), |(user, _)| format!("{user}:••••••"));
            format!("{scheme}://{user}@{host}")
        }
        _ => address.to_owned(),
    };
    let Some(query) = query else {
        return address;
    };
    let parameter = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}=••••••"),
        _ => parameter.to_owned(),
    };
    format!("{address}?{}", query.split('&').map(parameter).collect::<Vec<_>>().join("&"))
}
