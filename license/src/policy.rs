//! What a vendor and an operator may choose.

use crate::key::Fingerprint;

/// Whose licenses these are: the names a token must carry, and who to write to.
///
/// A vendor that ships its own build changes this one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The required `iss` (RFC 7519, section 4.1.1).
    pub issuer: &'static str,
    /// What `aud` must be or contain (RFC 7519, section 4.1.3).
    pub audience: &'static str,
    /// The private claim that holds organization, tier, entitlements and features.
    pub namespace: &'static str,
    /// The vendor's name, for people.
    pub vendor: &'static str,
    /// Where people write for a new license.
    pub contact: &'static str,
}

impl Profile {
    /// The profile of the seed documents.
    pub const SCRYDON: Self = Self {
        issuer: "scrydon-license",
        audience: "scrydon-platform",
        namespace: "scrydon",
        vendor: "Scrydon",
        contact: "sales@scrydon.com",
    };
}

impl Default for Profile {
    fn default() -> Self {
        Self::SCRYDON
    }
}

/// Which keys may vouch for a license.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustRule {
    /// Any key: the bundle vouches for itself, and every surface says so.
    #[default]
    Bundled,
    /// Only a key on the trusted list. Everything else is refused.
    Pinned,
}

/// The circumstances a bundle is judged under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Issuer, audience, claim namespace, vendor name and contact.
    pub profile: Profile,
    /// Which keys may vouch for a license.
    pub rule: TrustRule,
    /// Fingerprints of the keys that the vendor publishes.
    pub trusted: Vec<Fingerprint>,
    /// The key of the license already installed, if there is one.
    pub installed: Option<Fingerprint>,
}
