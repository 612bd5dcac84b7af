//! `POST {base}/api/auth/sign-out`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::http::asker::{Asker, set_cookie};
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem};

pub(in crate::http) async fn sign_out(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = end(&app, &asker).await;
    reply(&app, &asker, &body, Form { page: app.paths.sign_in(), keep: &[] }, result).await
}

/// Ends the session on the server. Whoever has none is signed out already.
async fn end(app: &App, asker: &Asker) -> Result<Done, Problem> {
    // Whose session cannot be read is not told that it has ended.
    if asker.viewer()?.is_some() {
        app.store.end_session(asker.session_hash(), &asker.entry("session.ended", "Signed out.")).await?;
    }
    Ok(Done {
        cookies: set_cookie(app, app.session_cookie(), "", None).into_iter().collect(),
        ..Done::to(app.paths.sign_in()).notice("You are signed out.")
    })
}
