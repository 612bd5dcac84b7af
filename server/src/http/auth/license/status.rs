//! `GET {base}/api/auth/license/status`: what a banner says.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::{Telling, Told};
use countersign_license::{State as LicenseState, Utc};
use serde_json::{Value, json};

use super::tagged;
use crate::http::asker::AskerAndLicense;
use crate::http::{App, Problem};
use crate::{licensing, phone_home};

pub(super) async fn status(State(app): State<Arc<App>>, asked: AskerAndLicense) -> Response {
    tagged(read(&app, asked).await)
}

async fn read(app: &App, AskerAndLicense { asker, pair }: AskerAndLicense) -> Result<(i64, Value), Problem> {
    let viewer = asker.signed_in()?;
    let installed = pair.as_ref().map(|pair| licensing::judged(pair, &app.terms, asker.now));
    let revision = installed.as_ref().map_or(0, |installed| installed.revision);
    let license = installed.as_ref().and_then(|installed| installed.inspection.license.as_ref());
    let expires_at = license.map(|license| license.claims().expires_at.seconds());
    let can_act = viewer.role.is_admin();
    let telling = Telling { installed: installed.as_ref(), policy: &app.terms.policy, now: asker.now, can_act };
    let heartbeat = phone_home::told(&app.store, &app.license_server, installed.as_ref()).await?;
    let json = json!({
        "state": installed.as_ref().map_or(LicenseState::Unlicensed, |installed| installed.standing.state).name(),
        "expiresAt": expires_at.map(|seconds| Utc(seconds).rfc3339()),
        "expiresInSeconds": expires_at.map(|seconds| seconds.saturating_sub(asker.now)),
        "revision": revision,
        "message": telling.message(),
        "canAct": telling.can_act,
        "notices": telling.banners().iter().filter_map(notice).collect::<Vec<_>>(),
        "mode": heartbeat.mode,
        "locksAt": heartbeat.locks_at.map(|seconds| Utc(seconds).rfc3339()),
        "phoneHome": viewer.role.is_admin().then(|| phone_home::json(&heartbeat)),
    });
    Ok((revision, json))
}

/// A banner, whether it was put away or not.
fn notice(told: &Told) -> Option<Value> {
    let notice = told.notice?;
    Some(json!({
        "notice": notice.name(),
        "level": notice.level().name(),
        "title": told.title,
        "detail": told.body(),
        "dismissible": notice.is_dismissible(),
    }))
}
