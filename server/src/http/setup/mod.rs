//! The set-up wizard: who may take which step now. One file for each step.
//!
//! One-shot and fail-closed: the wizard is there only while `setup_completed` is not `true`; once there is an administrator it is
//! that administrator's alone; and where the state cannot be read, it is not there.

mod admin;
mod complete;
mod email;
mod license;
mod organization;
mod pages;
mod state;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{FORWARDED, HOST, HeaderMap, VIA};
use axum::http::uri::Authority;
use axum::routing::{get, post};
use countersign_app::{Role, Step};
use countersign_license::{Inspection, Verdict};

use super::asker::Asker;
use super::body::Body;
use super::{App, Problem};
use crate::store::{SetupRows, Unavailable};
use crate::{ids, licensing};

/// Whether the wizard is there, and for whom.
#[derive(Clone, Debug)]
pub(super) enum Gate {
    /// The set-up is over.
    Completed,
    /// There is an administrator, who is not the one who asks.
    SignIn,
    /// It is there for whoever asks.
    Open {
        /// What is stored.
        rows: SetupRows,
        /// The license that the first step holds, inspected now.
        license: Option<Arc<Inspection>>,
        /// The first step that is not done.
        step: Step,
    },
}

const COMPLETED: Problem = Problem::new(StatusCode::CONFLICT, "setup-complete", "The set-up is complete; sign in");
const TAKEN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "admin-exists",
    "The first administrator is made already; sign in as that administrator to go on",
);
const CHANGED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "license-changed",
    "Somebody else gave another license meanwhile; look at it, or give yours again",
);
const ORDER: Problem = Problem::new(StatusCode::CONFLICT, "step-order", "An earlier step comes first");

impl Gate {
    /// Reads the state. Whoever cannot read it must not show a wizard.
    pub(super) async fn read(app: &App, asker: &Asker) -> Result<Self, Unavailable> {
        let rows = app.store.setup().await?;
        let was_told = app.told_reopened.swap(rows.is_reopened, Ordering::Relaxed);
        if rows.is_reopened && !was_told {
            tracing::warn!(
                setup_completed = "not `true`",
                "the set-up is open again, for its administrator alone: to close it, complete it"
            );
        }
        if rows.is_completed {
            return Ok(Self::Completed);
        }
        if rows.admin.is_some() && asker.viewer()?.is_none_or(|viewer| viewer.role != Role::PlatformAdmin) {
            return Ok(Self::SignIn);
        }
        let license = Self::license(app, asker, &rows).await?;
        let step = Self::step(&rows, license.as_deref());
        Ok(Self::Open { rows, license, step })
    }

    /// The license that the first step holds, inspected now: what was given there, or else what is installed.
    pub(super) async fn license(
        app: &App,
        asker: &Asker,
        rows: &SetupRows,
    ) -> Result<Option<Arc<Inspection>>, Unavailable> {
        match &rows.draft {
            Some(draft) if rows.admin.is_none() => {
                Ok(Some(licensing::inspect_bundle(&draft.bundle, &app.terms.policy, asker.now)))
            }
            _ => {
                let installed = licensing::installed(&app.store, &app.terms, asker.now).await?;
                Ok(installed.map(|installed| installed.inspection))
            }
        }
    }

    /// The first step that is not done.
    pub(super) fn step(rows: &SetupRows, license: Option<&Inspection>) -> Step {
        // Once an administrator has taken it over, a license that expires meanwhile is renewed in the settings.
        let has_license = match rows.admin {
            None => license.is_some_and(|license| license.verdict == Verdict::Valid),
            Some(_) => rows.has_license,
        };
        match rows {
            _ if !has_license => Step::License,
            SetupRows { admin: None, .. } => Step::Admin,
            SetupRows { organization: None, .. } => Step::Organization,
            SetupRows { email: None, .. } => Step::Email,
            _ => Step::Complete,
        }
    }

    /// What is stored and which step is next, for a step that may be taken from `from` on.
    pub(super) fn open(self, from: Step) -> Result<(SetupRows, Option<Arc<Inspection>>), Problem> {
        match self {
            Self::Completed => Err(COMPLETED),
            Self::SignIn => Err(TAKEN),
            Self::Open { step, .. } if step < from => Err(ORDER.with("next", step.name())),
            Self::Open { rows, license, .. } => Ok((rows, license)),
        }
    }
}

/// Whether the first step asks for the token: unless the request certainly comes from this machine. A proxy on this machine
/// speaks from a loopback address too, and a page of another site can have a name that leads here. Some proxies leave no mark
/// but an old version of HTTP, which no browser speaks; one that leaves none at all needs `PUBLIC_URL` to be set.
pub(super) fn needs_token(app: &App, asker: &Asker, headers: &HeaderMap) -> bool {
    let marks = [FORWARDED.as_str(), VIA.as_str(), "x-real-ip", "true-client-ip", "cf-connecting-ip"];
    let is_mark = |name: &str| name.starts_with("x-forwarded-") || marks.contains(&name);
    let is_proxied = asker.is_old_http || headers.keys().any(|name| is_mark(name.as_str()));
    let host = headers.get(HOST).map(|host| host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()));
    let is_local = match host {
        None => true,
        Some(host) => host.is_some_and(|host| is_loopback(host.host())),
    };
    !app.is_local || is_proxied || !is_local
}

/// Whether a host's name is one of this machine's to itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl App {
    /// Whether the wizard knows the asker as the one who gave the token.
    pub(super) async fn knows_installer(&self, asker: &Asker) -> Result<bool, Unavailable> {
        match &asker.installer {
            Some(installer) => self.store.is_installer(installer).await,
            None => Ok(false),
        }
    }
}

/// The token that a request carries.
fn token<'a>(headers: &'a HeaderMap, body: &'a Body) -> &'a str {
    match headers.get("x-setup-token").and_then(|token| token.to_str().ok()) {
        Some(token) => token.trim(),
        None => body.text("setupToken"),
    }
}

fn token_problem(code: &'static str, detail: &str) -> Problem {
    Problem {
        errors: Problem::field("setupToken", code, detail).errors,
        ..Problem::new(StatusCode::FORBIDDEN, code, "The set-up token is needed")
    }
}

const NO_TOKEN: &str =
    "Type the set-up token that the server printed when it started. `countersign setup-token` prints a new one.";
const WRONG_TOKEN: &str = "This is not the set-up token. `countersign setup-token` prints a new one.";
const USED_TOKEN: &str = "Somebody used this set-up token already. If that was not you, look into it; `countersign setup-token` prints a new one.";

/// The hash of who installs, once proven: by the cookie of a step before, or by the token that stands with this request. Empty
/// where no token is asked for.
async fn installer(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Installer, Problem> {
    if !needs_token(app, asker, headers) {
        return Ok(Installer::Anybody);
    }
    if let Some(installer) = &asker.installer
        && app.knows_installer(asker).await?
    {
        return Ok(Installer::Known(installer.clone()));
    }
    let token = token(headers, body);
    if token.is_empty() {
        return Err(token_problem("setup-token-required", NO_TOKEN));
    }
    Ok(Installer::Shows(ids::hash(token)))
}

/// Who installs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Installer {
    /// Nobody has to prove anything.
    Anybody,
    /// The one with the cookie of a step before.
    Known(String),
    /// Somebody who shows a token, of this hash.
    Shows(String),
}

/// The routes of the wizard.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    let paths = &app.paths;
    let mut routes = Router::new().route(&paths.setup(), get(pages::start));
    for step in Step::ALL {
        routes = routes
            .route(&paths.setup_step(step), get(move |app, asker, headers| pages::step(step, app, asker, headers)));
    }
    routes
        .route(&paths.api("setup/state"), get(state::state))
        .route(&paths.api("setup/license"), post(license::license))
        .route(&paths.api("setup/admin"), post(admin::admin))
        .route(&paths.api("setup/organization"), post(organization::organization))
        .route(&paths.api("setup/email"), post(email::email))
        .route(&paths.api("setup/email/test"), post(email::test))
        .route(&paths.api("setup/complete"), post(complete::complete))
}

/// Where a form of the wizard goes when the wizard is not there any more.
fn page_of(app: &App, step: Step, problem: Option<&Problem>) -> String {
    match problem.map(|problem| problem.code) {
        Some("setup-complete" | "admin-exists") => app.paths.sign_in(),
        Some("step-order") => app.paths.setup(),
        Some("license-changed") => app.paths.setup_step(Step::License),
        _ => app.paths.setup_step(step),
    }
}
