//! The license in use and what would replace it: what is stored, inspected now.

use std::sync::{Arc, RwLock};

use countersign_app::{Installed, Preview, Replaced};
use countersign_license::{
    Acknowledgement, Bundle, Comparison, Inspection, License, Mode, PhoneHome, Policy, Standing, Trust, Verdict,
    compare, inspect_with, shown,
};

use crate::ids;
use crate::store::{Entry, History, Pair, Rotated, Store, Unavailable};
use crate::verify;

/// What the installed license is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The rule that bundles are judged by.
    pub policy: Policy,
    /// How the license server is treated.
    pub mode: Mode,
}

/// The license in use, read and inspected now; `None` if there is none.
pub async fn installed(store: &Store, terms: &Terms, now: i64) -> Result<Option<Installed>, Unavailable> {
    Ok(store.pair().await?.map(|pair| judged(&pair, terms, now)))
}

/// What a license is known by in what is remembered about it: license id and key, hashed. Empty for what is not genuine.
pub fn subject(inspection: &Inspection) -> String {
    let subject = |license: &License| ids::hash(&format!("{}\n{}", license.claims().license_id, license.key()));
    inspection.license.as_ref().map(subject).unwrap_or_default()
}

/// A stored pair, inspected.
pub fn judged(pair: &Pair, terms: &Terms, now: i64) -> Installed {
    let inspection = inspect_bundle(&pair.bundle, &terms.policy, now);
    let known = known(&pair.known, &inspection);
    Installed {
        standing: Standing::of(Some(&inspection), terms.mode, &known, now),
        known,
        inspection,
        revision: pair.revision,
        installed_at: pair.installed_at,
        source: pair.source.clone(),
        installed_by: pair.by.clone(),
    }
}

/// What is known of a license from the license server. Most have no row: then there is nothing to hash.
fn known(of_all: &[(String, PhoneHome)], inspection: &Inspection) -> PhoneHome {
    if of_all.is_empty() {
        return PhoneHome::default();
    }
    let subject = subject(inspection);
    of_all.iter().find(|(of, _)| *of == subject).map(|(_, known)| *known).unwrap_or_default()
}

/// The licenses that were in use, the newest first, at most [`HISTORY`]: as they are stored now.
pub async fn history(store: &Store, policy: &Policy, now: i64) -> Result<Vec<Replaced>, Unavailable> {
    Ok(replaced(&store.license_history(HISTORY).await?, &store.revocations().await?, policy, now))
}

/// [`history`] before a license that was read just now, for a page: see [`Store::history_before`].
pub async fn history_before(
    store: &Store,
    policy: &Policy,
    now: i64,
    in_use: &Pair,
) -> Result<Vec<Replaced>, Unavailable> {
    let rows = store.history_before(in_use.revision, HISTORY, now).await?;
    // Where another rotation came in between, the license that was read is among them: it is not both in use and replaced.
    let is_it = |row: &History| row.revision == in_use.revision && row.bundle == in_use.bundle;
    let rows = if rows.iter().any(is_it) { rows.iter().filter(|row| !is_it(row)).cloned().collect() } else { rows };
    Ok(replaced(&rows, &in_use.revocations(), policy, now))
}

fn replaced(rows: &[History], revoked: &[(String, i64)], policy: &Policy, now: i64) -> Vec<Replaced> {
    let replaced = |row: &History| {
        let inspection = inspect_bundle(&row.bundle, policy, now);
        Replaced {
            revoked_at: revocation(revoked, &inspection),
            inspection,
            revision: row.revision,
            installed_at: row.installed_at,
            replaced_at: row.replaced_at,
            replaced_by: row.replaced_by.clone(),
        }
    };
    rows.iter().map(replaced).collect()
}

/// What the bundle in this text would change.
pub async fn preview(store: &Store, terms: &Terms, text: impl AsRef<[u8]>, now: i64) -> Result<Preview, Unavailable> {
    let current = installed(store, terms, now).await?;
    compared(store, current.as_ref(), &terms.policy, text, now).await
}

/// When the license server called a license revoked that may have been in use before, in seconds. Vendors revoke what they have
/// replaced: who puts that back loses everything.
pub async fn revoked_at(store: &Store, inspection: &Inspection) -> Result<Option<i64>, Unavailable> {
    Ok(revocation(&store.revocations().await?, inspection))
}

/// Most platforms know of no revocation: then there is nothing to hash.
fn revocation(of_all: &[(String, i64)], inspection: &Inspection) -> Option<i64> {
    if of_all.is_empty() {
        return None;
    }
    let subject = subject(inspection);
    of_all.iter().find(|(of, _)| *of == subject).map(|(_, at)| *at)
}

/// What the bundle in this text would change in the license in use.
async fn compared(
    store: &Store,
    current: Option<&Installed>,
    policy: &Policy,
    text: impl AsRef<[u8]>,
    now: i64,
) -> Result<Preview, Unavailable> {
    let in_use = current.and_then(|current| current.inspection.license.as_ref());
    let policy = Policy { installed: in_use.map(License::key), ..policy.clone() };
    let candidate = inspect_with(text, &policy, now, verify::rs256);
    let comparison = in_use.zip(candidate.license.as_ref()).map(|(old, new)| compare(old, new));
    let trust = candidate.trust.unwrap_or(Trust::Bundled);
    let acknowledgements = match &comparison {
        Some(comparison) => comparison.acknowledgements(trust),
        // Nothing genuine is installed, so there is no key that this one could be the same as.
        None if candidate.license.is_some() && trust == Trust::Bundled => vec![Acknowledgement::KeyChanged],
        None => Vec::new(),
    };
    let revoked_at = revoked_at(store, &candidate).await?;
    let revision = current.map_or(0, |current| current.revision);
    Ok(Preview { candidate, comparison, acknowledgements, revision, revoked_at })
}

/// The bundle to install, if the inspection found it valid now.
pub fn installable(inspection: &Inspection) -> Option<&Bundle> {
    (inspection.verdict == Verdict::Valid).then_some(inspection.bundle.as_ref()).flatten()
}

/// Inspects two stored texts. What is stored is the same from one request to the next, so what was found is remembered for as
/// long as it is the same second: only where both texts, the policy and the very second are the same is it told again, and it
/// is what would be found again.
pub fn inspect_bundle(bundle: &Bundle, policy: &Policy, now: i64) -> Arc<Inspection> {
    /// What was found in one second.
    struct Found {
        policy: Policy,
        now: i64,
        of: Vec<(Bundle, Arc<Inspection>)>,
    }
    /// The history that a page tells, the license in use, and some to spare.
    const MOST: usize = 64;
    static FOUND: RwLock<Option<Found>> = RwLock::new(None);
    let is_same = |found: &Found| found.now == now && found.policy == *policy;
    // A lock that a panic has poisoned remembers nothing.
    let seen = FOUND.read().ok().and_then(|found| {
        let (_, inspection) = found.as_ref().filter(|found| is_same(found))?.of.iter().find(|(of, _)| of == bundle)?;
        Some(Arc::clone(inspection))
    });
    if let Some(inspection) = seen {
        return inspection;
    }
    // In one line: indented, a bundle near the limit of 64 KiB would grow beyond it.
    let json = serde_json::to_vec(bundle).unwrap_or_default();
    let inspection = Arc::new(inspect_with(json, policy, now, verify::rs256));
    if let Ok(mut found) = FOUND.write() {
        if !found.as_ref().is_some_and(is_same) {
            *found = Some(Found { policy: policy.clone(), now, of: Vec::new() });
        }
        // Whoever came at the same time may have put it there.
        if let Some(found) = found.as_mut().filter(|found| found.of.len() < MOST)
            && found.of.iter().all(|(of, _)| of != bundle)
        {
            found.of.push((bundle.clone(), Arc::clone(&inspection)));
        }
    }
    inspection
}

/// A rotation that somebody asks for.
#[derive(Clone, Debug)]
pub struct Rotation<'a> {
    /// The new bundle, as it was sent.
    pub text: &'a [u8],
    /// The revision that it replaces; 0 where nothing is installed.
    pub expected: i64,
    /// What is acknowledged.
    pub acknowledged: &'a [Acknowledgement],
    /// How it comes in, as [`Installed::source`] says it.
    pub source: &'static str,
    /// Who asks, when, and as what it is recorded. The detail is written here.
    pub entry: Entry,
}

/// A rotation that was carried out.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new revision.
    pub revision: i64,
    /// What is installed now.
    pub inspection: Inspection,
    /// What it is worth.
    pub standing: Standing,
}

/// Why a rotation was not carried out. Nothing was changed.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The database did not do it.
    Unavailable(Unavailable),
    /// The bundle is not valid now.
    NotValid(Box<Inspection>),
    /// Something else is installed than was looked at.
    Stale(Box<Meanwhile>),
    /// It is installed already.
    Same,
    /// The license server called it revoked, at this instant in seconds.
    Revoked(Box<Inspection>, i64),
    /// These must be acknowledged first.
    Unacknowledged(Vec<Acknowledgement>),
}

/// What happened since somebody looked.
#[derive(Clone, Debug)]
pub struct Meanwhile {
    /// What is installed now.
    pub installed: Option<Installed>,
    /// What that changed in the license that was looked at, where both are genuine and known.
    pub changed: Option<Comparison>,
}

impl From<Unavailable> for Refusal {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

/// Replaces the license and its key together, or not at all.
pub async fn rotate(store: &Store, terms: &Terms, rotation: Rotation<'_>) -> Result<Applied, Refusal> {
    let now = rotation.entry.at;
    let pair = store.pair().await?;
    let stored = pair.as_ref().map(|pair| (pair.bundle.jwt.clone(), pair.known.clone()));
    let (stored, known_of) = stored.unzip();
    let current = pair.as_ref().map(|pair| judged(pair, terms, now));
    let preview = compared(store, current.as_ref(), &terms.policy, rotation.text, now).await?;
    let Some(bundle) = installable(&preview.candidate) else {
        return Err(Refusal::NotValid(Box::new(preview.candidate)));
    };
    if preview.revision != rotation.expected {
        return Err(stale(store, &terms.policy, current, rotation.expected, now).await?);
    }
    let key = |inspection: &Inspection| inspection.key.map(|key| key.sha256);
    let is_same_key = current.as_ref().is_some_and(|current| key(&current.inspection) == key(&preview.candidate));
    if stored.as_ref() == Some(&bundle.jwt) && is_same_key {
        return Err(Refusal::Same);
    }
    if let Some(at) = preview.revoked_at {
        return Err(Refusal::Revoked(Box::new(preview.candidate), at));
    }
    let missing: Vec<Acknowledgement> =
        preview.acknowledgements.iter().filter(|one| !rotation.acknowledged.contains(one)).copied().collect();
    if !missing.is_empty() {
        return Err(Refusal::Unacknowledged(missing));
    }
    let old = current.as_ref().map(|current| current.inspection.as_ref());
    let detail = |revision| described(old, &preview, revision);
    match store.rotate(rotation.expected, bundle, rotation.source, &rotation.entry, detail).await? {
        Rotated::Done(revision) => {
            let inspection = preview.candidate;
            // It may have been in use before, and out of reach.
            let known = known(&known_of.unwrap_or_default(), &inspection);
            let standing = Standing::of(Some(&inspection), terms.mode, &known, now);
            Ok(Applied { revision, inspection, standing })
        }
        Rotated::Stale => {
            let current = installed(store, terms, now).await?;
            Err(stale(store, &terms.policy, current, rotation.expected, now).await?)
        }
    }
}

/// The newest license that was in use and is another than the one in use now.
pub async fn previous(store: &Store) -> Result<Option<Bundle>, Unavailable> {
    let current = store.pair().await?.map(|pair| pair.bundle);
    let history = store.license_history(HISTORY).await?;
    Ok(history.into_iter().map(|row| row.bundle).find(|bundle| Some(bundle) != current.as_ref()))
}

/// How far back anybody looks.
pub const HISTORY: i64 = 50;

async fn stale(
    store: &Store,
    policy: &Policy,
    current: Option<Installed>,
    expected: i64,
    now: i64,
) -> Result<Refusal, Unavailable> {
    let history = store.license_history(HISTORY).await?;
    let seen = history.into_iter().find(|row| row.revision == expected);
    let seen = seen.and_then(|row| inspect_bundle(&row.bundle, policy, now).license.clone());
    let newer = current.as_ref().and_then(|current| current.inspection.license.as_ref());
    let changed = seen.as_ref().zip(newer).map(|(old, new)| compare(old, new));
    Ok(Refusal::Stale(Box::new(Meanwhile { installed: current, changed })))
}

/// A rotation in a sentence for the audit log. Names and fingerprints, never a token or key.
fn described(old: Option<&Inspection>, preview: &Preview, revision: i64) -> String {
    let name = |inspection: &Inspection| match &inspection.license {
        Some(license) => format!("license {} (key {})", shown(&license.claims().license_id), license.key()),
        None => "a license that was not genuine".to_owned(),
    };
    let old = old.map_or_else(|| "no license".to_owned(), name);
    let codes: Vec<&str> = preview.acknowledgements.iter().map(|one| one.code()).collect();
    let acknowledged = if codes.is_empty() { "nothing to acknowledge".to_owned() } else { codes.join(", ") };
    format!("Revision {revision}: from {old} to {}; acknowledged: {acknowledged}.", name(&preview.candidate))
}
