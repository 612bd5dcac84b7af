//! `countersign check`: what a bundle is worth.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign_license::{Fingerprint, FingerprintError, License, Policy, TrustRule, Verdict, compare, inspect};

use super::report::{Paint, comparison, report};
use super::{Failure, print, write_new};
use crate::clock;
use crate::config::{self, Environment};

/// The most that is read. A bundle has at most 64 KiB, but any amount of white space may stand around it.
const MAX_READ: u64 = 16 * 1024 * 1024 + 1;

/// Check a license bundle: who it was issued to, what it grants, until when, and whether it is genuine
#[derive(Args, Debug)]
#[command(after_help = "Exit status: 0 valid, 1 read but not valid, 2 malformed or unreadable.\n\
    Environment: LICENSE_TRUST and LICENSE_TRUSTED_KEYS (fingerprints with commas between them), NO_COLOR.")]
pub(super) struct Check {
    /// The bundle; standard input if left out or `-`
    file: Option<PathBuf>,
    /// Print the inspection as JSON
    #[arg(long)]
    json: bool,
    /// Judge as of this time, in seconds since 1970-01-01 UTC
    #[arg(long, value_name = "EPOCH", allow_negative_numbers = true)]
    now: Option<i64>,
    /// Fingerprint of a key that the vendor publishes; may be repeated
    #[arg(long = "trusted-key", value_name = "SHA256", value_parser = trusted_key)]
    trusted_keys: Vec<Fingerprint>,
    /// Which keys may vouch for a license: any, or trusted ones only [default: bundled]
    #[arg(long, value_enum)]
    trust: Option<TrustOption>,
    /// The bundle in use now: say what the new one changes
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    compare: Option<PathBuf>,
    /// If the bundle was damaged in copying and can be repaired, write the repaired one to this new file
    #[arg(long, value_name = "FILE")]
    write_repaired: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrustOption {
    Bundled,
    Pinned,
}

impl Check {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        let text = self.input()?;
        let now = self.now.unwrap_or_else(clock::now);
        let mut policy = self.policy(environment)?;
        let installed = match &self.compare {
            Some(path) => Some(installed(path, &policy, now)?),
            None => None,
        };
        policy.installed = installed.as_ref().map(License::key);

        let inspection = inspect(&text, &policy, now);
        if self.json {
            let json = serde_json::to_string_pretty(&inspection)
                .map_err(|error| Failure(format!("cannot write the inspection: {error}")))?;
            print(&(json + "\n"))?;
        } else {
            let paint = Paint::new(io::stdout().is_terminal(), environment);
            let mut out = report(&inspection, &policy, now, paint, self.write_repaired.is_none());
            if let (Some(old), Some(new), Some(trust)) = (&installed, &inspection.license, inspection.trust) {
                out.push_str(&comparison(&compare(old, new), trust, paint));
            }
            print(&out)?;
        }
        if let Some(path) = &self.write_repaired {
            match &inspection.repaired {
                Some(bundle) => {
                    write_new(path, &(bundle.to_json() + "\n"), false)?;
                    eprintln!("The repaired bundle is in {}", path.display());
                }
                None => eprintln!("There is nothing to repair: {} was not written", path.display()),
            }
        }
        Ok(ExitCode::from(match inspection.verdict {
            Verdict::Valid => 0,
            Verdict::Malformed => 2,
            Verdict::Expired
            | Verdict::NotYetValid
            | Verdict::BadSignature
            | Verdict::Rejected
            | Verdict::Unverified => 1,
        }))
    }

    fn input(&self) -> Result<Vec<u8>, Failure> {
        match &self.file {
            Some(path) if path != Path::new("-") => read(path),
            None if io::stdin().is_terminal() => Err(Failure(
                "there is no bundle to check. Name its file: countersign check bundle.json\n\
                 or pipe it in: countersign check < bundle.json"
                    .to_owned(),
            )),
            _ => standard_input(),
        }
    }

    /// The built-in default, then the environment, then the options.
    fn policy(&self, environment: &Environment) -> Result<Policy, Failure> {
        let rule = match (self.trust, environment.get("LICENSE_TRUST")) {
            (Some(TrustOption::Bundled), _) | (None, None) => TrustRule::Bundled,
            (Some(TrustOption::Pinned), _) => TrustRule::Pinned,
            (None, Some(text)) => {
                config::trust_rule(text).map_err(|error| Failure(format!("LICENSE_TRUST {error}")))?
            }
        };
        let listed = environment.get("LICENSE_TRUSTED_KEYS").map(config::fingerprints).transpose();
        let mut trusted = listed.map_err(|error| Failure(format!("LICENSE_TRUSTED_KEYS {error}")))?.unwrap_or_default();
        trusted.extend(&self.trusted_keys);
        Ok(Policy { rule, trusted, ..Policy::default() })
    }
}

fn trusted_key(text: &str) -> Result<Fingerprint, FingerprintError> {
    text.parse()
}

fn installed(path: &Path, policy: &Policy, now: i64) -> Result<License, Failure> {
    // It was accepted once; which keys are trusted now is asked of the new bundle alone.
    let policy = Policy { rule: TrustRule::Bundled, ..policy.clone() };
    let inspection = inspect(read(path)?, &policy, now);
    let words = countersign_app::headline(&inspection, &policy);
    inspection
        .license
        .ok_or_else(|| Failure(format!("cannot compare with {}. {}. {}", path.display(), words.title, words.body)))
}

/// The text of a file, or of standard input for `-`.
pub(super) fn text(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") { standard_input() } else { read(path) }
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    bounded(io::stdin().lock()).map_err(|error| Failure(format!("cannot read standard input: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| {
        Failure(match error.kind() {
            io::ErrorKind::NotFound => format!("there is no file {}: look at the name and the folder", path.display()),
            io::ErrorKind::PermissionDenied => format!("{} may not be read by this user", path.display()),
            io::ErrorKind::IsADirectory => format!("{} is a folder: name the bundle's file", path.display()),
            _ => format!("cannot read {}: {error}", path.display()),
        })
    };
    bounded(File::open(path).map_err(failed)?).map_err(failed)
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}
