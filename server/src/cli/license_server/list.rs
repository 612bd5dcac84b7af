//! The list of licenses that a license server keeps: a JSON file, always written whole.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use countersign_license::Utc;
use serde::{Deserialize, Serialize};

use super::super::{Failure, replace};
use super::answers::Question;

/// More licenses than this are not put on the list by being asked for.
const MOST: usize = 10_000;

/// What a vendor says of a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Valid,
    Revoked,
}

/// What is known of a license.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Known {
    pub(super) status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_asked_at: Option<String>,
    #[serde(default)]
    asked: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    licenses: BTreeMap<String, Known>,
}

/// The list, and where it is kept.
#[derive(Debug)]
pub(super) struct List {
    path: PathBuf,
    file: File,
}

impl List {
    /// Reads the list; it is empty where there is no file.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure(format!("the list {} (--list) cannot be read: {error}", path.display()))
        };
        let file = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(&error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::default(),
            Err(error) => return Err(failed(&error)),
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// Notes that a license was asked for, and says what is known of it; `None` where it is not known.
    pub(super) fn asked(&mut self, of: &Question, accept: bool, now: i64) -> Result<Option<Known>, Failure> {
        if !self.file.licenses.contains_key(&of.license_id) && (!accept || self.file.licenses.len() >= MOST) {
            return Ok(None);
        }
        let known = self.entry(&of.license_id);
        // The same number under another key is another's license.
        if known.key_sha256.as_ref().is_some_and(|key| *key != of.key_sha256) {
            return Ok(None);
        }
        known.customer = Some(of.customer.clone());
        known.key_sha256 = Some(of.key_sha256.clone());
        known.last_asked_at = Some(Utc(now).rfc3339());
        known.asked = known.asked.saturating_add(1);
        let known = known.clone();
        self.save()?;
        Ok(Some(known))
    }

    /// Says what a license is worth from now on. One that nobody asked for yet is put on the list.
    pub(super) fn set(&mut self, license_id: &str, status: Status, reason: Option<String>) -> Result<(), Failure> {
        let known = self.entry(license_id);
        (known.status, known.reason) = (status, reason);
        self.save()
    }

    fn entry(&mut self, license_id: &str) -> &mut Known {
        self.file.licenses.entry(license_id.to_owned()).or_insert(Known {
            status: Status::Valid,
            reason: None,
            customer: None,
            key_sha256: None,
            last_asked_at: None,
            asked: 0,
        })
    }

    fn save(&self) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(&self.file)
            .map_err(|error| Failure(format!("the list cannot be written: {error}")))?;
        replace(&self.path, format!("{json}\n").as_bytes())
    }
}
