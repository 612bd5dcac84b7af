//! Sessions: how one begins, and `GET {base}/api/auth/get-session`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_app::Viewer;
use serde_json::{Value, json};

use crate::http::asker::{Asker, LIFETIME, set_cookie};
use crate::http::reply::answer;
use crate::http::{App, Problem};
use crate::ids::{self, NoRandomness};
use crate::store::NewSession;

/// A session that is about to begin. Its id is new at each sign-in: one that somebody planted is never used.
pub(in crate::http) struct Fresh {
    id: String,
    id_hash: String,
    public_id: String,
    expires_at: i64,
}

impl Fresh {
    /// A session that begins now.
    pub(in crate::http) fn new(now: i64) -> Result<Self, NoRandomness> {
        let id = ids::secret()?;
        let id_hash = ids::hash(&id);
        Ok(Self { id, id_hash, public_id: ids::id()?, expires_at: now.saturating_add(LIFETIME) })
    }

    /// The hash of its id.
    pub(in crate::http) fn id_hash(&self) -> &str {
        &self.id_hash
    }

    /// The row to store.
    pub(in crate::http) fn row<'a>(&'a self, user_id: &'a str, asker: &'a Asker) -> NewSession<'a> {
        NewSession {
            id_hash: &self.id_hash,
            public_id: &self.public_id,
            user_id,
            now: asker.now,
            expires_at: self.expires_at,
            agent: &asker.agent,
            address: &asker.address,
        }
    }

    /// The cookie that shows it.
    pub(in crate::http) fn cookie(&self, app: &App) -> Option<HeaderValue> {
        self.cookie_for(app, LIFETIME)
    }

    /// The cookie that shows it for so many seconds.
    pub(in crate::http) fn cookie_for(&self, app: &App, seconds: i64) -> Option<HeaderValue> {
        set_cookie(app, app.session_cookie(), &self.id, Some(seconds))
    }
}

/// A user as programs see one.
pub(in crate::http) fn user(viewer: &Viewer) -> Value {
    json!({ "id": viewer.id, "name": viewer.name, "email": viewer.email, "role": viewer.role.name() })
}

/// Who is signed in; `null` if nobody is.
pub(in crate::http) async fn get_session(State(_): State<Arc<App>>, asker: Asker) -> Response {
    match asker.viewer() {
        Ok(Some(viewer)) => answer(StatusCode::OK, &json!({ "user": user(viewer) })),
        Ok(None) => answer(StatusCode::OK, &Value::Null),
        Err(why) => Problem::from(why).into_response(),
    }
}
