//! The settings: their names, defaults, and how each may be shown.

use countersign_license::VerifyingKey;

use super::parse::without_password;
use crate::line::one_line;

/// A setting, by its name in the environment. In the file it is `listen_addr`, or under its group: `[license]`, `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `BASE_PATH`
    BasePath,
    /// `DATABASE_URL`
    DatabaseUrl,
    /// `EGRESS_ALLOW`
    EgressAllow,
    /// `EGRESS_CA_FILE`
    EgressCaFile,
    /// `HTTPS_PROXY`
    HttpsProxy,
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
    /// `METRICS_LISTEN_ADDR`
    MetricsListenAddr,
    /// `METRICS_TOKEN`
    MetricsToken,
    /// `NO_PROXY`
    NoProxy,
    /// `PUBLIC_URL`
    PublicUrl,
    /// `SECRET_KEY`
    SecretKey,
    /// `SERVICE_TOKEN`
    ServiceToken,
    /// `TRUSTED_PROXIES`
    TrustedProxies,
}

impl Key {
    /// Every key, in alphabetical order.
    pub const ALL: [Self; 20] = [
        Self::BasePath,
        Self::DatabaseUrl,
        Self::EgressAllow,
        Self::EgressCaFile,
        Self::HttpsProxy,
        Self::License,
        Self::LicenseApiUrl,
        Self::LicenseGracePeriod,
        Self::LicenseMode,
        Self::LicensePublicKey,
        Self::LicenseTrust,
        Self::LicenseTrustedKeys,
        Self::ListenAddr,
        Self::MetricsListenAddr,
        Self::MetricsToken,
        Self::NoProxy,
        Self::PublicUrl,
        Self::SecretKey,
        Self::ServiceToken,
        Self::TrustedProxies,
    ];

    /// The name in the environment.
    pub fn name(self) -> &'static str {
        match self {
            Self::BasePath => "BASE_PATH",
            Self::DatabaseUrl => "DATABASE_URL",
            Self::EgressAllow => "EGRESS_ALLOW",
            Self::EgressCaFile => "EGRESS_CA_FILE",
            Self::HttpsProxy => "HTTPS_PROXY",
            Self::License => "LICENSE",
            Self::LicenseApiUrl => "LICENSE_API_URL",
            Self::LicenseGracePeriod => "LICENSE_GRACE_PERIOD",
            Self::LicenseMode => "LICENSE_MODE",
            Self::LicensePublicKey => "LICENSE_PUBLIC_KEY",
            Self::LicenseTrust => "LICENSE_TRUST",
            Self::LicenseTrustedKeys => "LICENSE_TRUSTED_KEYS",
            Self::ListenAddr => "LISTEN_ADDR",
            Self::MetricsListenAddr => "METRICS_LISTEN_ADDR",
            Self::MetricsToken => "METRICS_TOKEN",
            Self::NoProxy => "NO_PROXY",
            Self::PublicUrl => "PUBLIC_URL",
            Self::SecretKey => "SECRET_KEY",
            Self::ServiceToken => "SERVICE_TOKEN",
            Self::TrustedProxies => "TRUSTED_PROXIES",
        }
    }

    pub(super) fn default(self) -> Option<&'static str> {
        match self {
            Self::BasePath => Some("/"),
            Self::DatabaseUrl => Some("sqlite://data/countersign.db"),
            Self::LicenseApiUrl => Some("https://license.scrydon.com/api/license/validate"),
            Self::LicenseGracePeriod => Some("2592000"),
            Self::LicenseMode => Some("online"),
            Self::ListenAddr => Some("127.0.0.1:3000"),
            Self::EgressAllow
            | Self::EgressCaFile
            | Self::HttpsProxy
            | Self::License
            | Self::LicensePublicKey
            | Self::LicenseTrust
            | Self::LicenseTrustedKeys
            | Self::MetricsListenAddr
            | Self::MetricsToken
            | Self::NoProxy
            | Self::PublicUrl
            | Self::SecretKey
            | Self::ServiceToken
            | Self::TrustedProxies => None,
        }
    }

    /// The value as it may be shown, in one line.
    pub(super) fn masked(self, value: &str) -> String {
        match self {
            Self::License | Self::MetricsToken | Self::SecretKey | Self::ServiceToken => "••••••".to_owned(),
            Self::DatabaseUrl | Self::HttpsProxy | Self::LicenseApiUrl | Self::PublicUrl => {
                one_line(&without_password(value))
            }
            // Somebody may have put the private half there.
            Self::LicensePublicKey => VerifyingKey::parse(value).map_or_else(
                |_| "not a key".to_owned(),
                |key| format!("RSA, {} bits, SHA-256 {}", key.bits(), key.fingerprint()),
            ),
            _ => one_line(value),
        }
    }
}
