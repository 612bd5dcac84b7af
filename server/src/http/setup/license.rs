//! `POST {base}/api/setup/license`: the first step. The bundle is checked and kept for the next step, which stores it together
//! with the administrator.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_app::Step;
use countersign_license::{Bundle, inspect_with};
use serde_json::json;

use super::{Gate, Installer, TAKEN, USED_TOKEN, WRONG_TOKEN, installer, page_of, token_problem};
use crate::http::asker::{Asker, set_cookie};
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};
use crate::store::{Draft, Rotated, SetupRows, TokenUse};
use crate::{ids, licensing, verify};

/// The secret by which the wizard knows its installer lives for this many seconds: a day.
const INSTALLING: i64 = 24 * 60 * 60;

pub(in crate::http) async fn license(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let result = take(&app, &asker, &headers, &body).await;
    let problem = result.as_ref().err();
    // What may be a private key is not kept, not even for the page.
    let keep: &[_] = if problem.is_some_and(|problem| problem.member("secret").is_some()) { &[] } else { &["bundle"] };
    let page = page_of(&app, Step::License, problem);
    reply(&app, &asker, &body, Form { page, keep }, result).await
}

async fn take(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Done, Problem> {
    let (rows, held) = Gate::read(app, asker).await?.open(Step::License)?;
    if rows.admin.is_some() {
        return for_admin(app, asker, body, &rows).await;
    }
    let installer = installer(app, asker, headers, body).await?;
    if let Installer::Shows(token) = &installer {
        check_token(app, token).await?;
    }
    // “Continue” with the license that is there already.
    let is_empty = ["bundle", "jwt", "publicKey"].iter().all(|name| body.text(name).is_empty());
    let kept = is_empty && held.as_deref().and_then(licensing::installable).is_some();
    // A page without script has not shown yet what is in a bundle that was just given, nor whose license it is that came
    // with the configuration and was hidden until now.
    let is_shown_first =
        if kept { matches!(installer, Installer::Shows(_)) } else { body.is_form && body.text("seen").is_empty() };
    let bundle = if kept { None } else { Some(bundle(app, asker, body).await?) };

    let (installer, cookie) = match installer {
        Installer::Known(installer) => (installer, None),
        // Nobody has to prove anything, and all the same two people who install at once must not be mixed up.
        Installer::Anybody => {
            let secret = ids::secret()?;
            (ids::hash(&secret), set_cookie(app, app.installer_cookie(), &secret, Some(INSTALLING)))
        }
        Installer::Shows(token) => {
            let secret = ids::secret()?;
            let installer = ids::hash(&secret);
            match app.store.use_setup_token(&token, &installer).await? {
                TokenUse::Accepted => {}
                TokenUse::Used => return Err(token_problem("setup-token-used", USED_TOKEN)),
                TokenUse::Wrong => return Err(token_problem("setup-token-wrong", WRONG_TOKEN)),
            }
            (installer, set_cookie(app, app.installer_cookie(), &secret, Some(INSTALLING)))
        }
    };
    match (bundle, &rows.draft) {
        (Some(bundle), _) => app.store.keep_draft(&Draft { bundle, installer }, asker.now).await?,
        // Whoever goes on with a draft takes it over.
        (None, Some(draft)) => {
            app.store.keep_draft(&Draft { bundle: draft.bundle.clone(), installer }, asker.now).await?;
        }
        (None, None) => {}
    }
    Ok(Done {
        cookies: cookie.into_iter().collect(),
        ..Done::to(app.paths.setup_step(if is_shown_first { Step::License } else { Step::Admin }))
            .json(json!({ "next": Step::Admin.name() }))
    })
}

/// The set-up was re-opened, and the license is gone: its administrator installs another.
async fn for_admin(app: &App, asker: &Asker, body: &Body, rows: &SetupRows) -> Result<Done, Problem> {
    if rows.has_license {
        return Err(TAKEN.detail("A license is installed; change it under Settings, License."));
    }
    let bundle = bundle(app, asker, body).await?;
    let entry = asker.entry("license.installed", "");
    let detail = |_| "Installed in the re-opened set-up.".to_owned();
    match app.store.rotate(0, &bundle, "setup", &entry, detail).await? {
        Rotated::Done(_) => Ok(Done::to(app.paths.setup()).json(json!({ "next": Step::Organization.name() }))),
        Rotated::Stale => Err(TAKEN),
    }
}

/// The bundle in a body: a JSON body is one itself.
async fn bundle(app: &App, asker: &Asker, body: &Body) -> Result<Bundle, Problem> {
    let inspection = if body.is_form {
        inspect_with(body.raw_text("bundle"), &app.terms.policy, asker.now, verify::rs256)
    } else {
        inspect_with(&body.raw, &app.terms.policy, asker.now, verify::rs256)
    };
    let Some(bundle) = licensing::installable(&inspection) else { return Err(app.refused(&inspection)) };
    match licensing::revoked_at(&app.store, &inspection).await? {
        None => Ok(bundle.clone()),
        Some(at) => Err(App::refused_as_revoked(&inspection, at)),
    }
}

async fn check_token(app: &App, token_hash: &str) -> Result<(), Problem> {
    match app.store.setup_token(token_hash).await? {
        TokenUse::Accepted => Ok(()),
        TokenUse::Used => Err(token_problem("setup-token-used", USED_TOKEN)),
        TokenUse::Wrong => Err(token_problem("setup-token-wrong", WRONG_TOKEN)),
    }
}
