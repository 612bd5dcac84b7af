//! `POST {base}/api/setup/admin`: the second step. License, key and the first administrator are stored in one transaction.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_app::{Role, Step, Viewer};
use countersign_license::Inspection;
use serde_json::json;

use super::{CHANGED, Gate, Installer, TAKEN, USED_TOKEN, WRONG_TOKEN, installer, page_of, token_problem};
use crate::http::asker::{Asker, set_cookie};
use crate::http::auth::session::Fresh;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, people};
use crate::store::{FirstAdmin, NewAccount, TokenUse};
use crate::{ids, licensing};

pub(in crate::http) async fn admin(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let result = make(&app, &asker, &headers, &body).await;
    let page = page_of(&app, Step::Admin, result.as_ref().err());
    reply(&app, &asker, &body, Form { page, keep: &["name", "email"] }, result).await
}

async fn make(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Done, Problem> {
    let (rows, license) = Gate::read(app, asker).await?.open(Step::Admin)?;
    if rows.admin.is_some() {
        return Err(TAKEN);
    }
    let gave = rows.draft.as_ref().map(|draft| &draft.installer);
    match installer(app, asker, headers, body).await? {
        Installer::Anybody if asker.installer.is_none() => {}
        // Two people install at once: each gets the license that they gave, or is told.
        Installer::Anybody | Installer::Known(_) if gave.is_some() && asker.installer.as_ref() != gave => {
            return Err(CHANGED);
        }
        Installer::Anybody | Installer::Known(_) => {}
        // A program without cookies shows the token again: it must be the one that the license was given with.
        Installer::Shows(token) => {
            match (app.store.setup_token(&token).await?, gave) {
                // With the license of the configuration there is nothing to give.
                (TokenUse::Accepted | TokenUse::Used, None) => {}
                (TokenUse::Used, Some(_)) if app.store.installer_of(&token).await?.as_ref() == gave => {}
                (TokenUse::Wrong, _) => return Err(token_problem("setup-token-wrong", WRONG_TOKEN)),
                _ => return Err(token_problem("setup-token-used", USED_TOKEN)),
            }
        }
    }
    body.check(&["name", "email", "password"])?;
    let person = people::Person::read(body, "password")?;
    let user = Viewer { id: ids::id()?, name: person.name, email: person.email, role: Role::PlatformAdmin };
    let password_hash = app.passwords.hash(person.password).await?;

    let bundle = rows.draft.as_ref().and(license.as_deref()).and_then(licensing::installable);
    let fresh = Fresh::new(asker.now)?;
    let email = user.email.clone();
    let account = NewAccount { user, password_hash };
    let session = fresh.row(&account.user.id, asker);
    let mut entry = asker.entry("setup.admin-made", described(license.as_deref()));
    entry.actor.clone_from(&email);
    match app.store.make_first_admin(&account, bundle, &session, &entry).await? {
        FirstAdmin::TooLate => Err(TAKEN),
        FirstAdmin::Made => {
            let cookies = [fresh.cookie(app), set_cookie(app, app.installer_cookie(), "", None)];
            Ok(Done {
                cookies: cookies.into_iter().flatten().collect(),
                ..Done::to(app.paths.setup_step(Step::Organization)).json(json!({ "next": Step::Organization.name() }))
            })
        }
    }
}

/// The license in a sentence for the audit log.
fn described(license: Option<&Inspection>) -> String {
    let Some(license) = license.and_then(|license| license.license.as_ref()) else { return String::new() };
    format!(
        "First administrator, with license {} signed by key {}.",
        countersign_license::shown(&license.claims().license_id),
        license.key()
    )
}
