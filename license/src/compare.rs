//! What a renewal changes, and what must be acknowledged before it may be applied.

use std::cmp::Ordering;
use std::fmt;

use crate::claims::{Claims, Feature, NumericDate};
use crate::date::Remaining;
use crate::inspection::Trust;
use crate::license::License;

/// A thing that a license says, as a row of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// `scrydon.org`
    Organization,
    /// `sub`
    Customer,
    /// `jti`
    LicenseId,
    /// `scrydon.tier`
    Tier,
    /// `scrydon.entitlements.cpuCores`
    CpuCores,
    /// `scrydon.entitlements.ramGb`
    RamGb,
    /// `scrydon.entitlements.vramGb`
    VramGb,
    /// An entry of `scrydon.features`.
    Feature(String),
    /// `nbf`
    NotBefore,
    /// `exp`
    Expires,
    /// `iat`
    Issued,
    /// The fingerprint of the signing key.
    Key,
}

impl Field {
    /// The stable name.
    pub fn name(&self) -> String {
        match self {
            Self::Organization => "organization".to_owned(),
            Self::Customer => "customer".to_owned(),
            Self::LicenseId => "licenseId".to_owned(),
            Self::Tier => "tier".to_owned(),
            Self::CpuCores => "cpuCores".to_owned(),
            Self::RamGb => "ramGb".to_owned(),
            Self::VramGb => "vramGb".to_owned(),
            Self::Feature(name) => format!("features.{name}"),
            Self::NotBefore => "notBefore".to_owned(),
            Self::Expires => "expires".to_owned(),
            Self::Issued => "issued".to_owned(),
            Self::Key => "key".to_owned(),
        }
    }

    /// The name for people.
    pub fn title(&self) -> String {
        match self {
            Self::Organization => "Organization".to_owned(),
            Self::Customer => "Customer".to_owned(),
            Self::LicenseId => "License".to_owned(),
            Self::Tier => "Tier".to_owned(),
            Self::CpuCores => "CPU".to_owned(),
            Self::RamGb => "Memory".to_owned(),
            Self::VramGb => "Video memory".to_owned(),
            Self::Feature(name) => Feature::title(name),
            Self::NotBefore => "Starts".to_owned(),
            Self::Expires => "Expires".to_owned(),
            Self::Issued => "Issued".to_owned(),
            Self::Key => "Signing key".to_owned(),
        }
    }
}

/// How a field changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Not at all.
    Same,
    /// Neither for better nor for worse.
    Different,
    /// An upgrade: more, longer, newly granted.
    More,
    /// A downgrade: less, shorter, no longer granted.
    Less,
}

impl Change {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::More => "more",
            Self::Less => "less",
        }
    }

    fn of(order: Ordering) -> Self {
        match order {
            Ordering::Less => Self::More,
            Ordering::Equal => Self::Same,
            Ordering::Greater => Self::Less,
        }
    }
}

/// What a license grants no longer, or less of, than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It goes down, from one value to the other.
    Lowered,
    /// There was no limit, and there is one now.
    Limited,
    /// Granted before, now not: nothing is said of it, or no. Up to so many were granted, where there was a limit.
    Gone(Option<u64>),
    /// Granted before; what is said of it now is neither yes, nor no, nor a number, and grants nothing.
    Unknown,
    /// Granted before in so many words; now nothing is said of it, and it comes with the tier alone.
    Unsaid,
}

/// One row of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is compared.
    pub field: Field,
    /// What the old license says, in words; `None` where it says nothing.
    pub old: Option<String>,
    /// What the new license says.
    pub new: Option<String>,
    /// How that is a change.
    pub change: Change,
    /// What is lost by it. What is only over sooner is not.
    pub loss: Option<Loss>,
    /// The change in a word or two, for beside the row: `more`, `+202 days`, `new key`. Empty where there is none.
    pub note: String,
}

/// Something that a person must say they know before a rotation is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acknowledgement {
    /// The new license is signed with a key that is neither pinned nor the installed one.
    KeyChanged,
    /// The new license grants less.
    Downgrade,
    /// The new license ends before the installed one.
    ExpiresSooner,
    /// The new license was issued before the installed one.
    Older,
}

impl Acknowledgement {
    /// The stable code, as the API knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::KeyChanged => "key-changed",
            Self::Downgrade => "downgrade",
            Self::ExpiresSooner => "expires-sooner",
            Self::Older => "older",
        }
    }

    /// The acknowledgement of that code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::KeyChanged, Self::Downgrade, Self::ExpiresSooner, Self::Older]
            .into_iter()
            .find(|known| known.code() == code)
    }
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What a new license changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// All fields, changed or not, in the order in which they are read.
    pub fields: Vec<Difference>,
    /// What must be acknowledged, apart from the key: see [`Comparison::acknowledgements`].
    findings: Vec<Acknowledgement>,
}

impl Comparison {
    /// What must be acknowledged before the new license replaces the old one, given what vouches for the new key.
    pub fn acknowledgements(&self, trust: Trust) -> Vec<Acknowledgement> {
        let key = (trust == Trust::Bundled && self.key_changes()).then_some(Acknowledgement::KeyChanged);
        key.into_iter().chain(self.findings.iter().copied()).collect()
    }

    /// Whether the new license is signed with another key.
    pub fn key_changes(&self) -> bool {
        self.fields.iter().any(|row| row.field == Field::Key && row.change != Change::Same)
    }

    /// Whether nothing changes at all.
    pub fn is_same(&self) -> bool {
        self.fields.iter().all(|row| row.change == Change::Same)
    }
}

/// Compares two genuine licenses, field by field.
pub fn compare(old: &License, new: &License) -> Comparison {
    let (before, after) = (old.claims(), new.claims());
    let (had, has) = (before.entitlements, after.entitlements);
    let mut fields = vec![
        text(Field::Organization, &before.organization, &after.organization),
        text(Field::Customer, &before.customer, &after.customer),
        text(Field::LicenseId, &before.license_id, &after.license_id),
        ordered(Field::Tier, before.tier, after.tier, ToString::to_string),
        ordered(Field::CpuCores, had.cpu_cores, has.cpu_cores, |cores| {
            format!("{cores} {}", if *cores == 1 { "core" } else { "cores" })
        }),
        ordered(Field::RamGb, had.ram_gb, has.ram_gb, |gb| format!("{gb} GB")),
        ordered(Field::VramGb, had.vram_gb, has.vram_gb, |gb| format!("{gb} GB")),
    ];
    let mut names: Vec<&String> = before.features.iter().chain(&after.features).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    fields.extend(names.into_iter().map(|name| feature(name, before, after)));
    fields.push(moment(Field::NotBefore, before.not_before, after.not_before));
    fields.push(expiry(before.expires_at, after.expires_at));
    fields.push(moment(Field::Issued, before.issued_at, after.issued_at));
    let mut key = text(Field::Key, &old.key().to_string(), &new.key().to_string());
    if key.change != Change::Same {
        "new key".clone_into(&mut key.note);
    }
    fields.push(key);

    let findings = [
        (fields.iter().any(|row| row.loss.is_some()), Acknowledgement::Downgrade),
        (after.expires_at < before.expires_at, Acknowledgement::ExpiresSooner),
        (after.issued_order(before) == Some(Ordering::Less), Acknowledgement::Older),
    ];
    let findings =
        findings.into_iter().filter_map(|(found, acknowledgement)| found.then_some(acknowledgement)).collect();
    Comparison { fields, findings }
}

fn text(field: Field, old: &str, new: &str) -> Difference {
    let change = if old == new { Change::Same } else { Change::Different };
    Difference { field, old: Some(old.to_owned()), new: Some(new.to_owned()), change, loss: None, note: note(change) }
}

fn ordered<T: Ord>(field: Field, old: T, new: T, words: impl Fn(&T) -> String) -> Difference {
    let change = Change::of(old.cmp(&new));
    let loss = (change == Change::Less).then_some(Loss::Lowered);
    Difference { field, old: Some(words(&old)), new: Some(words(&new)), change, loss, note: note(change) }
}

/// Features are compared by what a gate makes of them ([`Claims::includes`]): one that it opened and will not is lost, whatever the
/// words. Where it opens both times, less is what is limited, or left to the tier. A number under a name that begins with `max` is
/// no gate's: where there is none, there is no limit.
fn feature(name: &str, before: &Claims, after: &Claims) -> Difference {
    let (old, new) = (before.feature(name), after.feature(name));
    let is_unsaid_or_limit = |feature: Option<&Feature>| matches!(feature, None | Some(Feature::Limit(_)));
    let is_cap = name.starts_with("max") && is_unsaid_or_limit(old) && is_unsaid_or_limit(new);
    let (opened, opens) = (is_cap || before.includes(name), is_cap || after.includes(name));
    let change = match (old, new) {
        (Some(Feature::Limit(old)), Some(Feature::Limit(new))) => Change::of(old.cmp(new)),
        _ if opened != opens => Change::of(opened.cmp(&opens)),
        // No limit is more than any limit.
        (Some(Feature::Limit(_)), _) if opened => Change::More,
        (_, Some(Feature::Limit(_))) if opened => Change::Less,
        (old, new) if opened => Change::of(old.is_some().cmp(&new.is_some())),
        (old, new) => {
            let says = |feature: Option<&'_ Feature>| feature.filter(|said| **said != Feature::Flag(false)).cloned();
            if says(old) == says(new) { Change::Same } else { Change::Different }
        }
    };
    let loss = match (old, new) {
        _ if change != Change::Less => None,
        (Some(Feature::Limit(_)), Some(Feature::Limit(_))) => Some(Loss::Lowered),
        (_, Some(Feature::Limit(_))) if opens => Some(Loss::Limited),
        (_, None) if opens => Some(Loss::Unsaid),
        (_, Some(Feature::Other(_))) => Some(Loss::Unknown),
        (Some(Feature::Limit(limit)), _) => Some(Loss::Gone(Some(*limit))),
        _ => Some(Loss::Gone(None)),
    };
    // What is not said is worth saying where the other side makes the difference.
    let words = |feature: Option<&Feature>, opens: bool, other: Option<&Feature>| match (feature, other) {
        (None, Some(Feature::Limit(_))) if opens => Some("no limit".to_owned()),
        (None, Some(Feature::Flag(false) | Feature::Other(_))) if opens => Some("with the tier".to_owned()),
        (feature, _) => feature.map(ToString::to_string),
    };
    Difference {
        field: Field::Feature(name.to_owned()),
        old: words(old, opened, new),
        new: words(new, opens, old),
        change,
        loss,
        note: note(change),
    }
}

fn moment(field: Field, old: Option<NumericDate>, new: Option<NumericDate>) -> Difference {
    let change = if old == new { Change::Same } else { Change::Different };
    let words = |moment: Option<NumericDate>| moment.map(|moment| moment.to_string());
    Difference { field, old: words(old), new: words(new), change, loss: None, note: note(change) }
}

fn expiry(old: NumericDate, new: NumericDate) -> Difference {
    let mut row = ordered(Field::Expires, old, new, ToString::to_string);
    let span = Remaining(new.seconds().saturating_sub(old.seconds()));
    row.loss = None;
    match row.change {
        Change::More => row.note = format!("+{span}"),
        Change::Less => row.note = format!("−{span}"),
        Change::Same | Change::Different => {}
    }
    row
}

fn note(change: Change) -> String {
    match change {
        Change::Same => "",
        Change::Different => "changed",
        Change::More => "more",
        Change::Less => "less",
    }
    .to_owned()
}
