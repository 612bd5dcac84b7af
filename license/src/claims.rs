//! What a license says: its claims, each with the type it must have.

use std::cmp::Ordering;
use std::fmt;

use crate::date::Utc;
use crate::json::Json;
use crate::policy::Profile;
use crate::shown;

/// How much a customer has bought, in three steps. Ordered: `Starter < Professional < Enterprise`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// `starter`
    Starter,
    /// `professional`
    Professional,
    /// `enterprise`
    Enterprise,
}

impl Tier {
    /// The tier of that name. Names are lower case.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "starter" => Some(Self::Starter),
            "professional" => Some(Self::Professional),
            "enterprise" => Some(Self::Enterprise),
            _ => None,
        }
    }

    /// The name in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starter => "Starter",
            Self::Professional => "Professional",
            Self::Enterprise => "Enterprise",
        })
    }
}

/// What a license grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entitlements {
    /// CPU cores.
    pub cpu_cores: u64,
    /// Memory, in GB.
    pub ram_gb: u64,
    /// Video memory, in GB. A matter of contract only: it is shown, never enforced.
    pub vram_gb: u64,
}

/// The value of one entry in the `features` claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// On or off: `analytics`, `agentic`.
    Flag(bool),
    /// At most so many: `maxUsers`.
    Limit(u64),
    /// Something this version gives no meaning to.
    Other(Json),
}

impl Feature {
    /// The name for people of the feature of this name: ours for those that we know.
    pub fn title(name: &str) -> String {
        match name {
            "analytics" => "Analytics".to_owned(),
            "agentic" => "Agentic features".to_owned(),
            "maxUsers" => "Users, at most".to_owned(),
            other => shown(other),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(true) => f.write_str("yes"),
            Self::Flag(false) => f.write_str("no"),
            Self::Limit(limit) => write!(f, "{limit}"),
            Self::Other(Json::String(text)) => f.write_str(&shown(text)),
            Self::Other(Json::Number(text)) => f.write_str(&shown(text)),
            Self::Other(other) => f.write_str(other.kind()),
        }
    }
}

/// A `NumericDate` (RFC 7519, section 2): seconds since 1970-01-01 UTC, possibly with a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate {
    seconds: i64,
    fraction: bool,
}

impl NumericDate {
    /// A whole number of seconds.
    pub fn from_seconds(seconds: i64) -> Self {
        Self { seconds, fraction: false }
    }

    /// Reads a JSON number as it was written. `None` at 2⁶³ and above.
    fn parse(text: &str) -> Option<Self> {
        let number = Decimal::parse(text);
        let fraction = number.fraction;
        let seconds = match (number.negative, number.whole) {
            (false, Some(whole)) => i64::try_from(whole).ok()?,
            (false, None) => return None,
            // Before the beginning of time is long ago, however long.
            (true, Some(whole)) => {
                i64::try_from(whole).map_or(i64::MIN, |whole| (-whole).saturating_sub(i64::from(fraction)))
            }
            (true, None) => i64::MIN,
        };
        Some(Self { seconds, fraction })
    }

    /// The seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Whether `now` (seconds) is at or after this instant.
    pub fn reached(self, now: i64) -> bool {
        if self.fraction { now > self.seconds } else { now >= self.seconds }
    }
}

impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Utc(self.seconds).fmt(f)
    }
}

/// A JSON number by its exact value, without floating point.
struct Decimal {
    negative: bool,
    /// The whole part of the magnitude, or `None` if it is 2⁶⁴ or more.
    whole: Option<u64>,
    /// Whether something but zeros stands behind the decimal point.
    fraction: bool,
}

impl Decimal {
    fn parse(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().unwrap_or_else(|_| {
            // More digits than an i64 has: as far as can be, on its side.
            if exponent.starts_with('-') { i64::MIN } else { i64::MAX }
        });
        // The decimal point stands behind `point` of these digits.
        let digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = digits.get(leading..).unwrap_or_default();
        let magnitude = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let point = magnitude(whole.len()).saturating_sub(magnitude(leading)).saturating_add(exponent);
        if digits.iter().all(|digit| *digit == 0) {
            return Self { negative: false, whole: Some(0), fraction: false };
        }
        if point < 0 {
            return Self { negative, whole: Some(0), fraction: true };
        }
        // In the browser `usize` has 32 bits: a point further right than that stays far right.
        let point = usize::try_from(point).unwrap_or(usize::MAX);
        let fraction = digits.iter().skip(point).any(|digit| *digit != 0);
        // 2⁶⁴ has twenty digits; the bound also keeps the padding short.
        let mut padded = digits.iter().copied().chain(std::iter::repeat(0)).take(point.min(21));
        let whole = padded.try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit)));
        Self { negative, whole, fraction }
    }

    /// The value, if it is a whole number from 0 to 2⁶⁴−1. `16.0` and `1e2` are whole.
    fn integer(text: &str) -> Option<u64> {
        let number = Self::parse(text);
        (!number.negative && !number.fraction).then_some(number.whole).flatten()
    }
}

/// What a license says, every claim of the type it must have. Who says so is another question: see [`crate::License`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the customer's identifier, to be quoted to the vendor.
    pub customer: String,
    /// `jti`: the license's own identifier.
    pub license_id: String,
    /// `exp`: from this instant on the license is expired.
    pub expires_at: NumericDate,
    /// `nbf`: before this instant the license is not yet valid.
    pub not_before: Option<NumericDate>,
    /// `iat`: when it was issued.
    pub issued_at: Option<NumericDate>,
    /// `scrydon.org`: the organization's name.
    pub organization: String,
    /// `scrydon.tier`
    pub tier: Tier,
    /// `scrydon.entitlements`
    pub entitlements: Entitlements,
    /// `scrydon.features`, in the order of their names, each name once.
    pub features: Vec<(String, Feature)>,
}

/// Why a claim cannot be used. Names are paths: `scrydon.entitlements.cpuCores`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimsError {
    /// It must not be an empty string.
    Empty {
        /// The claim.
        name: String,
    },
    /// It is not there.
    Missing {
        /// The claim.
        name: String,
    },
    /// It is a number, but not a whole one from 0 to 2⁶⁴−1.
    NotACount {
        /// The claim.
        name: String,
    },
    /// It is a number, but 2⁶³ or more.
    NotATime {
        /// The claim.
        name: String,
    },
    /// It is none of the known tiers.
    UnknownTier {
        /// What it says.
        found: String,
    },
    /// It is of another type.
    WrongType {
        /// The claim.
        name: String,
        /// What it must be, with its article.
        expected: &'static str,
        /// What it is, with its article.
        found: &'static str,
    },
}

impl ClaimsError {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "claim-empty",
            Self::Missing { .. } => "claim-missing",
            Self::NotACount { .. } => "claim-not-a-count",
            Self::NotATime { .. } => "claim-not-a-time",
            Self::UnknownTier { .. } => "tier-unknown",
            Self::WrongType { .. } => "claim-wrong-type",
        }
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { name } => write!(f, "`{name}` is empty"),
            Self::Missing { name } => write!(f, "`{name}` is missing"),
            Self::NotACount { name } => write!(f, "`{name}` is not a whole number from 0 to 2⁶⁴−1"),
            Self::NotATime { name } => write!(f, "`{name}` is not a number of seconds below 2⁶³"),
            Self::UnknownTier { found } => {
                write!(f, "the tier “{}” is none of starter, professional and enterprise", shown(found))
            }
            Self::WrongType { name, expected, found } => {
                write!(f, "`{}` is {found} where {expected} is needed", shown(name))
            }
        }
    }
}

impl Claims {
    /// Reads the claims of a license, all but `iss` and `aud`.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub(crate) fn parse(claims: &Json, profile: &Profile) -> Result<Self, Vec<ClaimsError>> {
        let mut reader = Reader { errors: Vec::new() };
        let namespace = profile.namespace;
        let customer = reader.filled(claims, "sub", "sub");
        let license_id = reader.filled(claims, "jti", "jti");
        let expires_at = reader.required(claims, "exp", "exp").and_then(|value| reader.time(value, "exp"));
        let not_before = claims.member("nbf").and_then(|value| reader.time(value, "nbf"));
        let issued_at = claims.member("iat").and_then(|value| reader.time(value, "iat"));
        let own = reader.object(claims, namespace, namespace);
        let organization = own.and_then(|own| reader.string(own, "org", &format!("{namespace}.org")));
        let tier = own.and_then(|own| reader.tier(own, &format!("{namespace}.tier")));
        let path = format!("{namespace}.entitlements");
        let granted = own.and_then(|own| reader.object(own, "entitlements", &path));
        let [cpu_cores, ram_gb, vram_gb] = ["cpuCores", "ramGb", "vramGb"].map(|name| {
            let path = format!("{path}.{name}");
            reader.required(granted?, name, &path).and_then(|value| reader.count(value, &path))
        });
        let features = own.map(|own| reader.features(own, &format!("{namespace}.features"))).unwrap_or_default();
        let read = || {
            Some(Self {
                customer: customer?,
                license_id: license_id?,
                expires_at: expires_at?,
                not_before,
                issued_at,
                organization: organization?,
                tier: tier?,
                entitlements: Entitlements { cpu_cores: cpu_cores?, ram_gb: ram_gb?, vram_gb: vram_gb? },
                features,
            })
        };
        match read() {
            Some(claims) if reader.errors.is_empty() => Ok(claims),
            _ => Err(reader.errors),
        }
    }

    /// The feature of that name, if the license says anything about it.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.iter().find(|(known, _)| known == name).map(|(_, feature)| feature)
    }

    /// `exp` alone, where it can be read.
    pub(crate) fn expiry(claims: &Json) -> Option<NumericDate> {
        time(claims.member("exp")?)
    }

    /// `nbf` alone, where it can be read.
    pub(crate) fn start(claims: &Json) -> Option<NumericDate> {
        time(claims.member("nbf")?)
    }

    /// How this license's issue date relates to another's, where both say.
    pub(crate) fn issued_order(&self, other: &Self) -> Option<Ordering> {
        Some(self.issued_at?.cmp(&other.issued_at?))
    }
}

fn time(value: &Json) -> Option<NumericDate> {
    match value {
        Json::Number(text) => NumericDate::parse(text),
        _ => None,
    }
}

/// Reads claims and keeps everything that is wrong with them.
struct Reader {
    errors: Vec<ClaimsError>,
}

impl Reader {
    fn required<'json>(&mut self, object: &'json Json, name: &str, path: &str) -> Option<&'json Json> {
        let value = object.member(name);
        if value.is_none() {
            self.errors.push(ClaimsError::Missing { name: path.to_owned() });
        }
        value
    }

    fn wrong_type<T>(&mut self, value: &Json, path: &str, expected: &'static str) -> Option<T> {
        self.errors.push(ClaimsError::WrongType { name: path.to_owned(), expected, found: value.kind() });
        None
    }

    fn string(&mut self, object: &Json, name: &str, path: &str) -> Option<String> {
        let value = self.required(object, name, path)?;
        match value {
            Json::String(text) => Some(text.clone()),
            other => self.wrong_type(other, path, "a string"),
        }
    }

    fn filled(&mut self, object: &Json, name: &str, path: &str) -> Option<String> {
        let text = self.string(object, name, path)?;
        if text.is_empty() {
            self.errors.push(ClaimsError::Empty { name: path.to_owned() });
            return None;
        }
        Some(text)
    }

    fn object<'json>(&mut self, object: &'json Json, name: &str, path: &str) -> Option<&'json Json> {
        match self.required(object, name, path)? {
            value @ Json::Object(_) => Some(value),
            other => self.wrong_type(other, path, "an object"),
        }
    }

    fn tier(&mut self, object: &Json, path: &str) -> Option<Tier> {
        let name = self.string(object, "tier", path)?;
        let tier = Tier::parse(&name);
        if tier.is_none() {
            self.errors.push(ClaimsError::UnknownTier { found: name });
        }
        tier
    }

    fn count(&mut self, value: &Json, path: &str) -> Option<u64> {
        let Json::Number(text) = value else {
            return self.wrong_type(value, path, "a number");
        };
        let count = Decimal::integer(text);
        if count.is_none() {
            self.errors.push(ClaimsError::NotACount { name: path.to_owned() });
        }
        count
    }

    fn time(&mut self, value: &Json, path: &str) -> Option<NumericDate> {
        let Json::Number(text) = value else {
            return self.wrong_type(value, path, "a number");
        };
        let time = NumericDate::parse(text);
        if time.is_none() {
            self.errors.push(ClaimsError::NotATime { name: path.to_owned() });
        }
        time
    }

    /// The features that have a meaning must have their type, or the gates that read them would guess. Others may be anything.
    fn features(&mut self, own: &Json, path: &str) -> Vec<(String, Feature)> {
        let members = match own.member("features") {
            None => return Vec::new(),
            Some(Json::Object(members)) => members,
            Some(other) => return self.wrong_type(other, path, "an object").unwrap_or_default(),
        };
        let read = members.iter().filter_map(|(name, value)| {
            let path = format!("{path}.{name}");
            let feature = match (name.as_str(), value) {
                ("maxUsers", value) => Feature::Limit(self.count(value, &path)?),
                (_, Json::Bool(flag)) => Feature::Flag(*flag),
                ("analytics" | "agentic", other) => return self.wrong_type(other, &path, "true or false"),
                (_, Json::Number(text)) => {
                    Decimal::integer(text).map_or_else(|| Feature::Other(value.clone()), Feature::Limit)
                }
                (_, other) => Feature::Other(other.clone()),
            };
            Some((name.clone(), feature))
        });
        let mut features: Vec<(String, Feature)> = read.collect();
        features.sort_by(|(one, _), (other, _)| one.cmp(other));
        features
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, NumericDate};

    #[test]
    fn numbers_are_read_by_their_exact_value() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("0e999999999999999999999", Some(0)),
            ("16.0", Some(16)),
            ("1e2", Some(100)),
            ("0.16E+2", Some(16)),
            ("1600e-2", Some(16)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("16.5", None),
            ("-1", None),
            ("1e-400", None),
            ("1e400", None),
            ("1e99999999999999999999", None),
        ] {
            assert_eq!(Decimal::integer(text), value, "{text}");
        }
        assert_eq!(Decimal::integer(&"9".repeat(50_000)), None);
    }

    #[test]
    fn an_instant_is_reached_exactly_then() {
        let reached = |text: &str, now| NumericDate::parse(text).map(|date| date.reached(now));
        assert_eq!(reached("100", 99), Some(false));
        assert_eq!(reached("100", 100), Some(true));
        assert_eq!(reached("100.5", 100), Some(false));
        assert_eq!(reached("100.5", 101), Some(true));
        assert_eq!(reached("1e2", 100), Some(true));
        assert_eq!(reached("-0.5", -1), Some(false));
        assert_eq!(reached("-0.5", 0), Some(true));
        assert_eq!(reached("-1e400", i64::MIN), Some(true));
        assert_eq!(reached("9223372036854775807", i64::MAX - 1), Some(false));
        assert_eq!(reached("9223372036854775808", 0), None);
        assert_eq!(reached("9223372036854775807.5", 0), Some(false));
        assert_eq!(reached("1e400", 0), None);
    }
}
