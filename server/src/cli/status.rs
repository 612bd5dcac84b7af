//! `countersign status`: what is licensed now.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;
use countersign_app::{Fact, Heartbeat, Installed, Telling};
use countersign_license::{Claims, KeyFacts, Standing, State, Trust, Utc, shown};
use serde::Serialize;

use super::database::on_database;
use super::report::{Paint, key_lines, table};
use super::settings::Settings;
use super::{Failure, print};
use crate::config::Environment;
use crate::line::one_line;
use crate::phone_home::{self, LicenseServer};
use crate::{clock, licensing};

/// Print what is licensed now: by which license, until when, signed with which key
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 the license is in force, 1 it is not or there is none, 2 no database or not readable, 3 only with\n\
    --warn-days: it is in force, and somebody must act: it ends within so many days, or the license server is out of reach."
)]
pub(super) struct Status {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    /// End with exit status 3 where the license ends within so many days, or holds only for the time of grace
    #[arg(long, value_name = "DAYS")]
    warn_days: Option<u32>,
    #[command(flatten)]
    settings: Settings,
}

impl Status {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        on_database(self.settings, environment, async |config, store| {
            let (now, terms) = (clock::now(), config.terms());
            let installed = licensing::installed(store, &terms, now).await?;
            let standing = installed.as_ref().map_or(Standing::UNLICENSED, |installed| installed.standing);
            let state = standing.state;
            // Whoever reads the database may write it.
            let telling = Telling { installed: installed.as_ref(), policy: &terms.policy, now, can_act: true };
            let message = telling.message();
            let heartbeat = phone_home::told(store, &LicenseServer::of(config), installed.as_ref()).await?;
            let told = Told {
                mode: heartbeat.mode,
                locks_at: heartbeat.locks_at.map(|seconds| Utc(seconds).rfc3339()),
                phone_home: phone_home::json(&heartbeat),
                ..Told::of(installed.as_ref(), state, message)
            };
            if self.json {
                let json = serde_json::to_string_pretty(&told)
                    .map_err(|error| Failure(format!("cannot write the status: {error}")))?;
                print(&(json + "\n"))?;
            } else {
                let paint = Paint::new(io::stdout().is_terminal(), environment);
                print(&(told.text(installed.as_ref(), paint) + &contact(&heartbeat, paint, now)))?;
            }
            Ok(ExitCode::from(exit(&standing, self.warn_days, now)))
        })
    }
}

/// The exit status of a standing.
fn exit(standing: &Standing, warn_days: Option<u32>, now: i64) -> u8 {
    let ends_within = |days: u32| standing.expires_in(now).is_some_and(|left| left <= i64::from(days) * 24 * 60 * 60);
    match warn_days {
        _ if !standing.state.grants() => 1,
        Some(days) if standing.state == State::Degraded || ends_within(days) => 3,
        _ => 0,
    }
}

/// What `--json` prints; `null` where there is nothing to say.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    state: &'static str,
    message: String,
    organization: Option<String>,
    tier: Option<&'static str>,
    customer: Option<String>,
    license_id: Option<String>,
    expires_at: Option<String>,
    expires_in_seconds: Option<i64>,
    revision: i64,
    trust: Option<&'static str>,
    key: Option<KeyFacts>,
    source: Option<String>,
    installed_at: Option<String>,
    installed_by: Option<String>,
    mode: &'static str,
    locks_at: Option<String>,
    phone_home: serde_json::Value,
}

impl Told {
    fn of(installed: Option<&Installed>, state: State, message: String) -> Self {
        let Some(installed) = installed else { return Self { state: state.name(), message, ..Self::default() } };
        let inspection = &installed.inspection;
        let claims = inspection.license.as_ref().map(countersign_license::License::claims);
        let text = |claim: fn(&Claims) -> &String| claims.map(|claims| claim(claims).clone());
        Self {
            state: state.name(),
            message,
            organization: text(|claims| &claims.organization),
            tier: claims.map(|claims| claims.tier.name()),
            customer: text(|claims| &claims.customer),
            license_id: text(|claims| &claims.license_id),
            expires_at: claims.map(|claims| Utc(claims.expires_at.seconds()).rfc3339()),
            expires_in_seconds: inspection.expires_in_seconds.filter(|_| claims.is_some()),
            revision: installed.revision,
            trust: inspection.trust.map(Trust::name),
            key: inspection.key,
            source: Some(installed.source.clone()),
            installed_at: Some(Utc(installed.installed_at).rfc3339()),
            installed_by: installed.installed_by.clone(),
            ..Self::default()
        }
    }

    fn text(&self, installed: Option<&Installed>, paint: Paint) -> String {
        let mut out = format!("{}\n", one_line(&self.message));
        let Some(installed) = installed else { return out };
        let row = |name: &str, value: &str| [name.to_owned(), shown(value)];
        let mut rows = vec![row("State", self.state)];
        for (name, value) in [
            ("Organization", self.organization.as_deref()),
            ("Tier", self.tier),
            ("Customer", self.customer.as_deref()),
            ("License", self.license_id.as_deref()),
        ] {
            rows.extend(value.map(|value| row(name, value)));
        }
        rows.extend(
            installed
                .inspection
                .license
                .as_ref()
                .map(|license| row("Expires", &license.claims().expires_at.to_string())),
        );
        rows.push(row("Revision", &self.revision.to_string()));
        rows.push(row("Installed", &Utc(installed.installed_at).to_string()));
        rows.extend(self.installed_by.as_deref().map(|by| row("By", by)));
        rows.push(row("How", &installed.source));
        rows.extend(self.trust.map(|trust| row("Trust", trust)));
        let _ = write!(out, "\n{}\n{}", paint.bold("License"), table(&rows));
        if let Some(key) = self.key {
            let _ = write!(out, "\n{}\n{}", paint.bold("Signing key"), key_lines(key));
        }
        out
    }
}

/// How it stands with the license server.
fn contact(heartbeat: &Heartbeat, paint: Paint, now: i64) -> String {
    let value = |fact: &Fact| match fact.remark.as_str() {
        "" => one_line(&fact.value),
        remark => format!("{}  ({remark})", one_line(&fact.value)),
    };
    let rows: Vec<_> = heartbeat.facts(now).iter().map(|fact| [fact.name.clone(), value(fact)]).collect();
    let mut out = format!("\n{}\n{}", paint.bold("License server"), table(&rows));
    if let Some((why, remedy)) = heartbeat.trouble() {
        let _ = writeln!(out, "\n{why} {remedy}");
    }
    out
}
