//! `GET {base}/sign-in` and `POST {base}/api/auth/sign-in/email`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::session::{Fresh, user};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::page::Visiting;
use crate::http::reply::{Done, Form, reply, see};
use crate::http::{App, Problem};
use crate::{ids, passwords};

/// Tries in a minute, for one account and for one address.
const TRIES: i64 = 10;
/// Seconds in which tries are counted together.
const PERIOD: i64 = 60;

/// The page. It needs no database.
pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    if let Ok(Some(_)) = asker.viewer() {
        return see(&app.paths.home());
    }
    let visiting = Visiting::begin(&app, &asker, &headers).await;
    let html = countersign_app::sign_in(&visiting.visit).await;
    visiting.answer(html)
}

pub(in crate::http) async fn sign_in(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = check(&app, &asker, &body).await;
    let form = Form { page: app.paths.sign_in(), keep: &["email", "next"] };
    reply(&app, &asker, &body, form, result).await
}

/// The same words and the same work for a wrong password and for nobody.
const REFUSED: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "invalid-credentials",
    "E-mail address and password do not belong together; check both and try again",
);
const TOO_MANY: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-many-tries",
    "There were too many tries; wait a minute and try again",
);

async fn check(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    body.check(&["email", "password", "next"])?;
    let email = body.text("email").to_ascii_lowercase();
    let password = body.raw_text("password");
    count(app, asker, &email).await?;

    let account = if password.len() > passwords::MAX { None } else { app.store.account(&email).await? };
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let fits = app.passwords.fits(password.chars().take(passwords::MAX).collect(), stored).await?;
    let Some(account) = account.filter(|_| fits) else {
        tracing::info!(address = asker.address, "a sign-in was refused");
        return Err(REFUSED);
    };

    let rehashed = if passwords::is_outdated(&account.password_hash) {
        Some(app.passwords.hash(password.to_owned()).await?)
    } else {
        None
    };
    let fresh = Fresh::new(asker.now)?;
    let mut entry = asker.entry("session.began", "Signed in.");
    entry.actor.clone_from(&account.user.email);
    app.store.sign_in(&fresh.row(&account.user.id, asker), rehashed.as_deref(), &entry).await?;
    // The session of before, if this browser had one, ends here.
    if !asker.session_hash().is_empty() {
        app.store.end_session(asker.session_hash()).await?;
    }
    Ok(Done {
        cookies: fresh.cookie(app).into_iter().collect(),
        ..Done::to(inside(app, body.text("next"))).json(json!({ "user": user(&account.user) }))
    })
}

/// Counts a try, for the account (there or not) and for the address, and refuses the eleventh of a minute.
async fn count(app: &App, asker: &Asker, email: &str) -> Result<(), Problem> {
    let period = asker.now.div_euclid(PERIOD);
    let mut tries = app.store.count_try(&ids::hash(&format!("account {email}")), period).await?;
    if !asker.address.is_empty() {
        tries = tries.max(app.store.count_try(&ids::hash(&format!("address {}", asker.address)), period).await?);
    }
    if tries == 1 {
        app.store.forget_tries(period).await?;
    }
    if tries > TRIES {
        return Err(Problem { retry_after: Some(PERIOD - asker.now.rem_euclid(PERIOD)), ..TOO_MANY });
    }
    Ok(())
}

/// Where to go on: a page of ours, never another site.
fn inside(app: &App, next: &str) -> String {
    let home = app.paths.home();
    let is_plain = next.chars().all(|c| c.is_ascii_graphic() && c != '\\') && !next.contains("//");
    if is_plain && next.starts_with(&home) { next.to_owned() } else { home }
}
