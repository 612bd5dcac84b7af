//! `GET {base}/sign-in` and `POST {base}/api/auth/sign-in/email`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::guess::Guess;
use super::session::{Fresh, user};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::page::{Visiting, query};
use crate::http::reply::{Done, Form, reply, see};
use crate::http::{App, Problem};
use crate::passwords;

/// The page. It needs no database.
pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, uri: Uri) -> Response {
    let next = query(&uri, "next");
    if let Ok(Some(_)) = asker.viewer() {
        return see(&app.inside(&next));
    }
    let mut visiting = Visiting::begin(&app, &asker, &headers).await;
    if !next.is_empty() {
        // A form that was sent before knows better.
        visiting.visit.returned.values.entry("next".to_owned()).or_insert_with(|| app.inside(&next));
    }
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

async fn check(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    body.check(&["email", "password", "next"])?;
    let email = body.text("email").to_ascii_lowercase();
    let password = body.raw_text("password");
    // A form that is sent once more, after a database that did not answer, comes without it.
    if body.is_form && !email.is_empty() && password.is_empty() {
        return Err(Problem::field("password", "missing", "Type your password."));
    }
    let guess = Guess::count(app, asker, &email).await?;

    let account = app.store.account(&email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    // A password that is too long is nobody's. It costs what any other costs, and no more.
    let bounded: String = password.chars().take(passwords::MAX).collect();
    let fits = app.passwords.fits(bounded, stored).await? && password.len() <= passwords::MAX;
    let Some(account) = account.filter(|_| fits) else { return Err(REFUSED) };

    let rehashed = if passwords::is_outdated(&account.password_hash) {
        Some(app.passwords.hash(password.to_owned()).await?)
    } else {
        None
    };
    let fresh = Fresh::new(asker.now)?;
    let mut entry = asker.entry("session.began", "Signed in.");
    entry.actor.clone_from(&account.user.email);
    let hashes = (account.password_hash.as_str(), rehashed.as_deref().unwrap_or(&account.password_hash));
    // The session of before, if this browser had one, ends here.
    let row = fresh.row(&account.user.id, asker);
    if !app.store.sign_in(&row, asker.session_hash(), hashes, &entry).await? {
        return Err(REFUSED);
    }
    guess.was_right(app).await;
    Ok(Done {
        cookies: fresh.cookie(app).into_iter().collect(),
        ..Done::to(app.inside(body.text("next"))).json(json!({ "user": user(&account.user) }))
    })
}
