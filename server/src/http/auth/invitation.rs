//! `GET {base}/invitation` and `POST {base}/api/invitations/accept`: somebody who was invited makes an account.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_app::Viewer;
use serde_json::json;

use super::session::{Fresh, user};
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::page::Visiting;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, people, seats};
use crate::ids;
use crate::store::{Invited, NewAccount};

/// The page. The code stands behind the `#` of its address, which browsers send to nobody.
pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap) -> Response {
    let visiting = Visiting::begin(&app, &asker, &headers).await;
    let html = countersign_app::invitation(&visiting.visit).await;
    visiting.answer(html)
}

pub(in crate::http) async fn accept(State(app): State<Arc<App>>, asker: Asker, body: Body) -> Response {
    let result = make(&app, &asker, &body).await;
    // The code is a secret: it does not return, the page takes it from its own address.
    let form = Form { page: app.paths.invitation(), keep: &["name"] };
    reply(&app, &asker, &body, form, result).await
}

fn no_such_code() -> Problem {
    Problem::field(
        "code",
        "invitation-over",
        "This invitation is over: it was used, taken back, or is older than 7 days. Ask who invited you for another.",
    )
}

async fn make(app: &App, asker: &Asker, body: &Body) -> Result<Done, Problem> {
    body.check(&["code", "name", "password"])?;
    let code_hash = ids::hash(body.text("code"));
    let Some(invitation) = app.store.invitation(&code_hash, asker.now).await? else { return Err(no_such_code()) };
    let (name, password) = (people::name(body.text("name"), "name"), body.raw_text("password"));
    let judged = people::new_password(password, "password", body.text("name"), &invitation.email);
    let name = match (name, judged) {
        (Ok(name), Ok(())) => name,
        (name, judged) => {
            let wrong = [name.err(), judged.err()].into_iter().flatten().flat_map(|problem| problem.errors);
            return Err(Problem::fields(wrong.collect()));
        }
    };

    let account = NewAccount {
        user: Viewer { id: ids::id()?, name, email: invitation.email, role: invitation.role },
        password_hash: app.passwords.hash(password.to_owned()).await?,
    };
    let fresh = Fresh::new(asker.now)?;
    let session = fresh.row(&account.user.id, asker);
    let mut entry = asker.entry("user.joined", format!("Joined as {}.", account.user.role.title().to_lowercase()));
    entry.actor.clone_from(&account.user.email);
    let allowed = seats::allowed(app, asker.now).await?;
    allowed.may_join()?;
    let replaced = asker.session_hash();
    match app.store.accept_invitation(&code_hash, &account, &session, replaced, allowed.limit, &entry).await? {
        Invited::Done => Ok(Done {
            cookies: fresh.cookie(app).into_iter().collect(),
            ..Done::to(app.paths.home()).json(json!({ "user": user(&account.user) }))
        }),
        Invited::Full(taken) => Err(allowed.too_late(taken)),
        Invited::NoSuchCode => Err(no_such_code()),
        Invited::AddressTaken => Err(Problem::new(
            StatusCode::CONFLICT,
            "address-taken",
            "Somebody with this e-mail address has an account already; sign in",
        )),
    }
}
