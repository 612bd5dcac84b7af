//! `POST {base}/api/auth/change-password`: ends all other sessions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::guess::Guess;
use super::session::Fresh;
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, people};
use crate::passwords;

pub(in crate::http) async fn change_password(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = change(&app, &asker, &body).await;
    let form = Form { page: app.paths.settings_page("sessions"), keep: &[] };
    reply(&app, &asker, &body, form, result).await
}

async fn change(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    let session = asker.session()?;
    let user = &session.user;
    body.check(&["currentPassword", "newPassword"])?;
    let (current, new) = (body.raw_text("currentPassword"), body.raw_text("newPassword"));
    if current.is_empty() {
        return Err(Problem::field("currentPassword", "missing", "Type your current password."));
    }
    people::new_password(new, "newPassword", &user.name, &user.email)?;

    // Whoever finds an open browser could guess here as well as at the sign-in.
    let guess = Guess::count(app, asker, &user.email).await?;
    let stored = app.store.account(&user.email).await?.map(|account| account.password_hash);
    let bounded: String = current.chars().take(passwords::MAX).collect();
    let fits = app.passwords.fits(bounded, stored.clone()).await? && current.len() <= passwords::MAX;
    let Some(stored) = stored.filter(|_| fits) else {
        return Err(Problem::field("currentPassword", "wrong-password", "This is not your current password."));
    };
    guess.was_right(app).await;
    if current == new {
        return Err(Problem::field(
            "newPassword",
            "password-same",
            "This is the password that you have. Choose another.",
        ));
    }

    let hash = app.passwords.hash(new.to_owned()).await?;
    let fresh = Fresh::new(asker.now)?;
    let entry = asker.entry("password.changed", "Changed the password. All other sessions are signed out.");
    let ids = (session.id_hash.as_str(), fresh.id_hash());
    if !app.store.set_password(&user.id, (&stored, &hash), ids, &entry).await? {
        // Somebody was quicker: with another password, or by ending this session.
        return Err(Problem::SIGNED_OUT);
    }
    Ok(Done {
        cookies: fresh.cookie_for(app, session.expires_at.saturating_sub(asker.now)).into_iter().collect(),
        ..Done::to(app.paths.settings_page("sessions"))
            .notice("Your password is changed. All other sessions are signed out.")
    })
}
