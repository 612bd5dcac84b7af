//! The license in use and what would replace it: what is stored, inspected now.

use countersign_app::{Installed, Preview, Replaced};
use countersign_license::{
    Acknowledgement, Bundle, Inspection, License, Policy, State, Trust, Verdict, compare, inspect_with,
};

use crate::store::{Pair, Store, Unavailable};
use crate::verify;

/// The license in use, read and inspected now; `None` if there is none.
pub async fn installed(store: &Store, policy: &Policy, now: i64) -> Result<Option<Installed>, Unavailable> {
    Ok(store.pair().await?.map(|pair| judged(pair, policy, now)))
}

/// A stored pair, inspected.
pub fn judged(pair: Pair, policy: &Policy, now: i64) -> Installed {
    let inspection = inspect_bundle(&pair.bundle, policy, now);
    Installed {
        state: State::of(Some(&inspection)),
        inspection,
        revision: pair.revision,
        installed_at: pair.installed_at,
        source: pair.source,
        installed_by: pair.by,
    }
}

/// The licenses that were in use, the newest first, at most `limit`.
pub async fn history(store: &Store, policy: &Policy, now: i64, limit: i64) -> Result<Vec<Replaced>, Unavailable> {
    let replaced = |row: crate::store::History| Replaced {
        inspection: inspect_bundle(&row.bundle, policy, now),
        revision: row.revision,
        installed_at: row.installed_at,
        replaced_at: row.replaced_at,
        replaced_by: row.replaced_by,
    };
    Ok(store.license_history(limit).await?.into_iter().map(replaced).collect())
}

/// What the bundle in this text would change.
pub async fn preview(store: &Store, policy: &Policy, text: impl AsRef<[u8]>, now: i64) -> Result<Preview, Unavailable> {
    let current = installed(store, policy, now).await?;
    Ok(compared(current.as_ref(), policy, text, now))
}

/// What the bundle in this text would change in the license in use.
pub fn compared(current: Option<&Installed>, policy: &Policy, text: impl AsRef<[u8]>, now: i64) -> Preview {
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
    Preview { candidate, comparison, acknowledgements, revision: current.map_or(0, |current| current.revision) }
}

/// The bundle to install, if the inspection found it valid now.
pub fn installable(inspection: &Inspection) -> Option<&Bundle> {
    (inspection.verdict == Verdict::Valid).then_some(inspection.bundle.as_ref()).flatten()
}

/// Inspects two stored texts.
pub fn inspect_bundle(bundle: &Bundle, policy: &Policy, now: i64) -> Inspection {
    // In one line: indented, a bundle near the limit of 64 KiB would grow beyond it.
    let json = serde_json::to_vec(bundle).unwrap_or_default();
    inspect_with(json, policy, now, verify::rs256)
}
