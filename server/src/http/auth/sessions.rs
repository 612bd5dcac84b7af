//! `GET {base}/api/auth/sessions` and `POST …/sessions/{id}/revoke`, `…/sessions/revoke-others`: one's own sessions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Session;
use countersign_license::Utc;
use serde_json::{Value, json};

use crate::http::asker::{Asker, IDLE, Id};
use crate::http::body::Body;
use crate::http::reply::{Done, Form, data, reply};
use crate::http::{App, Problem};

pub(in crate::http) async fn list(State(app): State<Arc<App>>, asker: Asker) -> Response {
    data(all(&app, &asker).await)
}

async fn all(app: &App, asker: &Asker) -> Result<Value, Problem> {
    let viewer = asker.signed_in()?;
    let sessions = app.store.sessions(&viewer.id, asker.session_hash(), asker.now, asker.now - IDLE).await?;
    let session = |session: Session| {
        json!({
            "id": session.id,
            "createdAt": Utc(session.created_at).rfc3339(),
            "seenAt": Utc(session.seen_at).rfc3339(),
            "expiresAt": Utc(session.expires_at).rfc3339(),
            "agent": session.agent,
            "address": session.address,
            "isCurrent": session.is_current,
        })
    };
    Ok(json!({ "sessions": sessions.into_iter().map(session).collect::<Vec<_>>() }))
}

pub(in crate::http) async fn revoke(State(app): State<Arc<App>>, asker: Asker, Id(id): Id, body: Body) -> Response {
    let result = end(&app, &asker, &id).await;
    reply(&app, &asker, &body, form(&app), result).await
}

async fn end(app: &App, asker: &Asker, id: &str) -> Result<Done, Problem> {
    let viewer = asker.signed_in()?;
    let entry = asker.entry("session.revoked", "Signed out one of the own sessions.");
    // Somebody else's session is none of the viewer's, and so not there.
    if !app.store.end_session_of(&viewer.id, id, &entry).await? {
        return Err(Problem::NOT_FOUND.detail("This session has ended already."));
    }
    Ok(Done::to(app.paths.settings_page("sessions")).notice("That session is signed out."))
}

pub(in crate::http) async fn revoke_others(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = end_others(&app, &asker).await;
    reply(&app, &asker, &body, form(&app), result).await
}

async fn end_others(app: &App, asker: &Asker) -> Result<Done, Problem> {
    let viewer = asker.signed_in()?;
    let entry = asker.entry("session.revoked", "Signed out all other sessions of the own account.");
    let ended = app.store.end_other_sessions(&viewer.id, asker.session_hash(), &entry).await?;
    let page = app.paths.settings_page("sessions");
    Ok(Done::to(page).notice("All other sessions are signed out.").json(json!({ "ended": ended })))
}

fn form(app: &App) -> Form {
    Form { page: app.paths.settings_page("sessions"), keep: &[] }
}
