//! `countersign rotate`: a new license, while the server runs.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use countersign_app::Preview;
use countersign_license::{Acknowledgement, Inspection, Utc, Verdict};
use serde::Serialize;

use super::check::text;
use super::database::{entry, on_database};
use super::report::{Paint, comparison, report};
use super::settings::Settings;
use super::{Failure, print};
use crate::config::Environment;
use crate::licensing::{self, Refusal, Rotation};

const CODES: [&str; 4] = ["key-changed", "downgrade", "expires-sooner", "older"];

/// Replace the license and its key together, while the server runs; says first what changes
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 the license is in use, 1 nothing was changed (not valid, revoked, or something must be acknowledged),\n\
    2 malformed or unreadable, or no database."
)]
pub(super) struct Rotate {
    /// The new bundle; `-` for standard input
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Something that gets worse and is known; may be repeated
    #[arg(long = "acknowledge", value_name = "CODE", value_parser = PossibleValuesParser::new(CODES).try_map(acknowledgement))]
    acknowledged: Vec<Acknowledgement>,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

fn acknowledgement(code: String) -> Result<Acknowledgement, &'static str> {
    Acknowledgement::parse(&code).ok_or("nobody knows this code")
}

/// What `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    applied: bool,
    /// The revision in use, afterwards.
    revision: i64,
    acknowledgements: Vec<&'static str>,
    missing: Vec<&'static str>,
    /// When the license server called it revoked.
    revoked_at: Option<String>,
    inspection: &'a Inspection,
}

impl Rotate {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        let text = text(&self.bundle)?;
        let (acknowledged, is_json) = (self.acknowledged, self.json);
        on_database(self.settings, environment, async |config, store| {
            let terms = config.terms();
            let entry = entry("license.rotated", "");
            let preview = licensing::preview(store, &terms, &text, entry.at).await?;
            let now = entry.at;
            let rotation = Rotation {
                text: &text,
                expected: preview.revision,
                acknowledged: &acknowledged,
                source: "command line",
                entry,
            };
            let result = licensing::rotate(store, &terms, rotation).await;
            let missing = match &result {
                Err(Refusal::Unacknowledged(missing)) => missing.iter().map(|one| one.code()).collect(),
                _ => Vec::new(),
            };
            if is_json {
                let told = Told {
                    applied: result.is_ok(),
                    revision: result.as_ref().map_or(preview.revision, |applied| applied.revision),
                    acknowledgements: preview.acknowledgements.iter().map(|one| one.code()).collect(),
                    missing: missing.clone(),
                    revoked_at: preview.revoked_at.map(|at| Utc(at).rfc3339()),
                    inspection: &preview.candidate,
                };
                let json = serde_json::to_string_pretty(&told)
                    .map_err(|error| Failure(format!("cannot write what happened: {error}")))?;
                print(&(json + "\n"))?;
            } else {
                let paint = Paint::new(io::stdout().is_terminal(), environment);
                let mut out = report(&preview.candidate, &terms.policy, now, paint, false);
                out.push_str(&difference(&preview, paint));
                print(&out)?;
            }
            match result {
                Ok(applied) => {
                    let what = if applied.standing.state.grants() {
                        "The new license is in use"
                    } else {
                        "The new license is installed, but grants nothing (see `countersign status`)"
                    };
                    eprintln!("{what}, as revision {}.", applied.revision);
                    return Ok(ExitCode::SUCCESS);
                }
                Err(Refusal::Unavailable(why)) => return Err(why.into()),
                Err(Refusal::NotValid(_)) => eprintln!("countersign: the bundle is not valid now; nothing was changed"),
                Err(Refusal::Same) => eprintln!("countersign: this license is in use already; nothing was changed"),
                Err(Refusal::Revoked(_, at)) => {
                    let words = countersign_app::revoked(at);
                    eprintln!("countersign: {}; nothing was changed. {}", words.title, words.body);
                }
                Err(Refusal::Stale(_)) => eprintln!(
                    "countersign: somebody else changed the license in this very moment; nothing was changed, look again"
                ),
                Err(Refusal::Unacknowledged(_)) => {
                    let flags: Vec<String> = missing.iter().map(|code| format!("--acknowledge {code}")).collect();
                    eprintln!("countersign: nothing was changed; if you know what gets worse, add {}", flags.join(" "));
                }
            }
            Ok(ExitCode::from(if preview.candidate.verdict == Verdict::Malformed { 2 } else { 1 }))
        })
    }
}

/// What changes; where no genuine license is in use, what must be acknowledged.
fn difference(preview: &Preview, paint: Paint) -> String {
    match (&preview.comparison, preview.candidate.trust) {
        (Some(rows), Some(trust)) => comparison(rows, trust, paint),
        _ if preview.acknowledgements.is_empty() => String::new(),
        _ => {
            let codes: Vec<&str> = preview.acknowledgements.iter().map(|one| one.code()).collect();
            format!("\nTo be acknowledged before it is applied: {}\n", codes.join(", "))
        }
    }
}
