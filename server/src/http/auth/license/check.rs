//! `POST {base}/api/auth/license/check`: an administrator has the license server asked now, not tomorrow.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_app::FieldError;
use countersign_license::Status;
use serde_json::json;

use crate::config::LicenseMode;
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};
use crate::licensing;
use crate::phone_home::{Answer, contact, schedule};

/// Seconds between two checks that somebody asks for, on the whole platform.
const PAUSE: i64 = 60;

const OFFLINE: Problem =
    Problem::new(StatusCode::CONFLICT, "not-online", "This platform asks no license server; nothing was asked");
const NOTHING: Problem =
    Problem::new(StatusCode::CONFLICT, "nothing-to-check", "No license is in force that could be asked about");
const TOO_SOON: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "checked-already",
    "The license server was asked less than a minute ago; wait a moment and try again",
);
const NOT_REACHED: Problem =
    Problem::new(StatusCode::BAD_GATEWAY, "license-server-not-reached", "The license server was not reached");

pub(super) async fn check(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = ask(&app, &asker).await;
    reply(&app, &asker, &body, Form { page: app.paths.settings_page("license"), keep: &[] }, result).await
}

async fn ask(app: &App, asker: &Asker) -> Result<Done, Problem> {
    asker.admin()?;
    if app.license_server.mode != LicenseMode::Online {
        let mode = app.license_server.mode.name();
        return Err(OFFLINE.detail(format!(
            "LICENSE_MODE is `{mode}`: the license is checked here alone. An operator can set it to `online`."
        )));
    }
    let installed = licensing::installed(&app.store, &app.terms, asker.now).await?;
    let installed = installed.as_ref().map(|installed| &installed.inspection);
    let in_force = |license: &_| countersign_license::License::status(license, asker.now) == Status::Valid;
    let license = installed.and_then(|inspection| inspection.license.as_ref()).filter(|license| in_force(license));
    let (Some(inspection), Some(license)) = (installed, license) else {
        return Err(NOTHING.detail("No license is in force that could be asked about. Install one first."));
    };
    if let Err(wait) = app.store.take_check(PAUSE, asker.now).await? {
        return Err(Problem { retry_after: Some(u16::try_from(wait).unwrap_or(60)), ..TOO_SOON });
    }
    let subject = licensing::subject(inspection);
    let turn = app.store.seize_turn(&subject, asker.now.saturating_add(schedule::TURN), asker.now).await?;
    let contacted = contact(app, &subject, turn, license).await?;
    // The state may have changed.
    app.changed.notify_one();
    let done = Done::to(app.paths.settings_page("license"));
    match contacted {
        Ok(Answer::Valid) => Ok(done
            .notice("The license server was reached, and the license is good.")
            .json(json!({ "status": "valid" }))),
        Ok(Answer::Revoked { reason }) => Ok(done
            .notice("The license server was reached: the vendor has revoked this license.")
            .json(json!({ "status": "revoked", "reason": reason }))),
        Err(failure) => {
            let (host, why) = (app.license_server.host(), failure.why);
            let detail = format!("{} {}", why.said(&host), why.remedy(&host));
            // Beside the words for people, so that a form comes back to its page.
            let error = FieldError { field: String::new(), code: why.to_string(), detail: detail.clone() };
            let problem = Problem { errors: vec![error], ..NOT_REACHED };
            Err(problem.detail(detail))
        }
    }
}
