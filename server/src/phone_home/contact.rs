//! One contact with the license server, from the question to the row and the audit log.

use countersign_app::{Heartbeat, Installed, Unreached};
use countersign_license::{License, Utc, shown};
use serde_json::{Value, json};

use super::{Answer, Failure, LicenseServer, Question, ask, schedule};
use crate::http::App;
use crate::ids::{self, NoRandomness};
use crate::licensing;
use crate::store::{Entry, News, Store, Unavailable};

/// What a contact came to.
pub type Contacted = Result<Answer, Failure>;

/// Asks about a license and notes what came of it, unless somebody asked meanwhile. The turn must have been taken.
///
/// # Errors
/// The database does not answer; then nothing is noted, and the row is due again.
pub async fn contact(app: &App, subject: &str, turn: i64, license: &License) -> Result<Contacted, Unavailable> {
    let question = Question::about(license).map_err(|NoRandomness| {
        tracing::error!("the system has no random numbers");
        Unavailable::Away
    })?;
    let contacted = ask(&app.egress, &app.license_server.url, &question).await;
    // Asking takes time.
    let now = app.clock.now();
    let host = app.license_server.host();
    let entry = |action, detail| Entry { at: now, actor: String::new(), action, detail, address: String::new() };
    let id = shown(&license.claims().license_id);
    let is_noted = match &contacted {
        Ok(answer) => {
            let revoked = match answer {
                Answer::Valid => None,
                Answer::Revoked { reason } => Some(reason.as_str()),
            };
            let because = revoked.filter(|reason| !reason.is_empty());
            let because = because.map(|reason| format!(" The vendor says: {reason}")).unwrap_or_default();
            let news = News {
                restored: entry("phone-home.restored", format!("The license server {host} was reached again.")),
                revoked: entry("license.revoked", format!("The vendor revoked license {id}.{because}")),
                reinstated: entry(
                    "license.reinstated",
                    format!("The vendor took back the revocation of license {id}."),
                ),
            };
            let next_at = now.saturating_add(schedule::after_answer(random()));
            tracing::info!(host, is_revoked = revoked.is_some(), "the license server answered");
            let again_at = now.saturating_add(schedule::AGAIN);
            app.store.note_answer((subject, turn), revoked, (next_at, again_at), &news).await?
        }
        Err(failure) => {
            let failures = app.store.contact(subject).await?.map_or(0, |row| row.failures).saturating_add(1);
            let wait = schedule::after_failure(failures, failure.retry_after, random());
            let detail = format!("The license server was not reached. {}", failure.why.said(&host));
            let (why, entry) = (failure.why.to_string(), entry("phone-home.failed", detail));
            tracing::warn!(host, why, failures, again_in_seconds = wait, "the license server was not reached");
            app.store.note_failure((subject, turn), &why, now.saturating_add(wait), &entry).await?
        }
    };
    if !is_noted {
        tracing::info!("the license server was asked once more meanwhile; that is what counts");
    }
    Ok(contacted)
}

/// How it stands with the license server.
///
/// # Errors
/// The database does not answer.
pub async fn told(
    store: &Store,
    server: &LicenseServer,
    installed: Option<&Installed>,
) -> Result<Heartbeat, Unavailable> {
    let subject = installed.map(|installed| licensing::subject(&installed.inspection)).filter(|id| !id.is_empty());
    let row = match subject {
        Some(subject) => store.contact(&subject).await?,
        None => None,
    };
    let heartbeat = Heartbeat {
        mode: server.mode.name(),
        host: server.host(),
        locks_at: installed.and_then(|installed| installed.standing.locks_at),
        ..Heartbeat::default()
    };
    let Some(row) = row else { return Ok(heartbeat) };
    Ok(Heartbeat {
        last_success_at: row.known.last_success_at,
        first_failure_at: row.known.first_failure_at,
        failures: row.failures,
        last_error: Unreached::parse(&row.last_error),
        next_at: Some(row.next_at),
        reason: row.reason,
        ..heartbeat
    })
}

/// The same for programs: instants in RFC 3339, `null` where there is nothing.
pub fn json(heartbeat: &Heartbeat) -> Value {
    let time = |instant: Option<i64>| instant.map(|seconds| Utc(seconds).rfc3339());
    json!({
        "lastSuccessAt": time(heartbeat.last_success_at),
        "firstFailureAt": time(heartbeat.first_failure_at),
        "failures": heartbeat.failures,
        "lastError": heartbeat.last_error.map(|why| why.to_string()),
        "nextAt": time(heartbeat.next_at),
        "locksAt": time(heartbeat.locks_at),
    })
}

/// Jitter. Without random numbers there is none.
pub(crate) fn random() -> u64 {
    ids::random().map(u64::from_le_bytes).unwrap_or_default()
}
