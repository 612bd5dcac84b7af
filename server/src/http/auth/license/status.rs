//! `GET {base}/api/auth/license/status`: what a banner says.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Installed;
use countersign_license::{NumericDate, Policy, Remaining, State as LicenseState, Utc, shown};
use serde_json::{Value, json};

use super::tagged;
use crate::http::asker::Asker;
use crate::http::{App, Problem};
use crate::licensing;

pub(super) async fn status(State(app): State<Arc<App>>, asker: Asker) -> Response {
    tagged(read(&app, &asker).await)
}

async fn read(app: &App, asker: &Asker) -> Result<(i64, Value), Problem> {
    let viewer = asker.signed_in()?;
    let installed = licensing::installed(&app.store, &app.policy, asker.now).await?;
    let revision = installed.as_ref().map_or(0, |installed| installed.revision);
    let license = installed.as_ref().and_then(|installed| installed.inspection.license.as_ref());
    let expires_at = license.map(|license| license.claims().expires_at.seconds());
    let json = json!({
        "state": installed.as_ref().map_or(LicenseState::Unlicensed, |installed| installed.state).name(),
        "expiresAt": expires_at.map(|seconds| Utc(seconds).rfc3339()),
        "expiresInSeconds": expires_at.map(|seconds| seconds.saturating_sub(asker.now)),
        "revision": revision,
        "message": message(installed.as_ref(), &app.policy, asker.now),
        "canAct": viewer.role.is_admin(),
    });
    Ok((revision, json))
}

/// One sentence: what, until when, what happens next, who to write to.
fn message(installed: Option<&Installed>, policy: &Policy, now: i64) -> String {
    let contact = policy.profile.contact;
    let Some(installed) = installed else {
        return format!(
            "No license is installed, so nothing that needs one can be used; for a license, write to {contact}."
        );
    };
    let Some(license) = &installed.inspection.license else {
        return format!(
            "The stored license is not genuine any more, so nothing is licensed until the bundle is installed again; if \
             you do not have it, write to {contact}."
        );
    };
    let claims = license.claims();
    let (organization, customer) = (shown(&claims.organization), shown(&claims.customer));
    let end = Utc(claims.expires_at.seconds());
    let left = Remaining(end.0.saturating_sub(now));
    let write = format!("for a new one, write to {contact}, quoting {customer}");
    match installed.state {
        LicenseState::Active => format!("Licensed to {organization} until {end}; {left} are left."),
        LicenseState::Expiring => {
            format!("The license expires in {left}, on {end}, and what it grants stops then; {write}.")
        }
        LicenseState::NotYetValid => {
            let start = Utc(claims.not_before.map_or(now, NumericDate::seconds));
            format!("The license begins on {start}, and nothing is licensed until then; if that is wrong, {write}.")
        }
        LicenseState::Expired | LicenseState::Tampered | LicenseState::Unlicensed => {
            format!("The license expired on {end}, and what it granted cannot be used since; {write}.")
        }
    }
}
