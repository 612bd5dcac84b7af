//! `{base}/settings/users`: who has an account, and what they may do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use countersign_app::{Invitation, Role, User, Viewer, settings_users};
use countersign_license::Utc;
use serde_json::{Value, json};

use crate::http::asker::{Asker, Id};
use crate::http::body::Body;
use crate::http::page::admit;
use crate::http::reply::{Done, Form, data, reply};
use crate::http::{App, Problem, seats};
use crate::store::Managed;

const LAST_ADMIN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "last-admin",
    "This is the last platform administrator; make somebody else one first",
);

pub(in crate::http) async fn page(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, uri: Uri) -> Response {
    let visiting = match admit(&app, &asker, &headers, &uri, Role::OrgAdmin).await {
        Ok(visiting) => visiting,
        Err(refusal) => return *refusal,
    };
    let html = settings_users(&visiting.visit).await;
    visiting.answer(html)
}

pub(in crate::http) async fn list(State(app): State<Arc<App>>, asker: Asker) -> Response {
    data(all(&app, &asker).await)
}

async fn all(app: &App, asker: &Asker) -> Result<Value, Problem> {
    asker.admin()?;
    let user = |User { who, created_at, seen_at }| {
        let Viewer { id, name, email, role } = who;
        json!({
            "id": id, "name": name, "email": email, "role": role.name(), "createdAt": Utc(created_at).rfc3339(),
            "seenAt": seen_at.map(|seen| Utc(seen).rfc3339()),
        })
    };
    let invitation = |Invitation { id, email, role, invited_by, expires_at }| json!({ "id": id, "email": email, "role": role.name(), "invitedBy": invited_by, "expiresAt": Utc(expires_at).rfc3339() });
    let users: Vec<Value> = app.store.users().await?.into_iter().map(user).collect();
    let invitations: Vec<Value> = app.store.invitations(asker.now).await?.into_iter().map(invitation).collect();
    let limit = seats::allowed(app, asker.now).await?.limit;
    Ok(json!({ "users": users, "invitations": invitations, "limit": limit }))
}

/// The role that a body names.
pub(super) fn named(body: &Body) -> Result<Role, Problem> {
    body.check(&["role"])?;
    Role::parse(body.text("role"))
        .ok_or_else(|| Problem::field("role", "role", "Choose a role: platform-admin, org-admin or member."))
}

/// What managing users or invitations came to, as a refusal.
pub(super) fn managed(managed: Managed) -> Result<(), Problem> {
    match managed {
        Managed::Done => Ok(()),
        Managed::LastAdmin => Err(LAST_ADMIN),
        Managed::AddressTaken => Err(Problem {
            status: StatusCode::CONFLICT,
            code: "address-taken",
            title: "Somebody with that address has an account already".into(),
            ..Problem::field("email", "address-taken", "Somebody with this address has an account already.")
        }),
        Managed::NotThere => Err(Problem::NOT_FOUND.detail("It is not there any more.")),
        // Inviting says it with the numbers; nothing else adds anybody.
        Managed::NotAllowed | Managed::Full(_) => Err(Problem::FORBIDDEN),
    }
}

/// Gives a user another role.
pub(in crate::http) async fn role(State(app): State<Arc<App>>, asker: Asker, Id(id): Id, body: Body) -> Response {
    let result = change(&app, &asker, &id, &body).await;
    reply(&app, &asker, &body, form(&app), result).await
}

async fn change(app: &App, asker: &Asker, id: &str, body: &Body) -> Result<Done, Problem> {
    let viewer = asker.admin()?;
    let role = named(body)?;
    let Some(user) = app.store.user(id).await? else { return managed(Managed::NotThere).map(|()| Done::default()) };
    let (from, to) = (user.role.title().to_lowercase(), role.title().to_lowercase());
    let entry = asker.entry("user.role-changed", format!("{}: from {from} to {to}.", user.email));
    managed(app.store.set_role(&viewer.id, id, role, &entry).await?)?;
    Ok(done(app, viewer, &user, role).notice(format!("{} is {to} now.", user.email)))
}

/// Removes a user.
pub(in crate::http) async fn remove(State(app): State<Arc<App>>, asker: Asker, Id(id): Id, body: Body) -> Response {
    let result = take_away(&app, &asker, &id).await;
    reply(&app, &asker, &body, form(&app), result).await
}

async fn take_away(app: &App, asker: &Asker, id: &str) -> Result<Done, Problem> {
    let viewer = asker.admin()?;
    let Some(user) = app.store.user(id).await? else { return managed(Managed::NotThere).map(|()| Done::default()) };
    let role = user.role.title().to_lowercase();
    let entry = asker.entry("user.removed", format!("{}, who was {role}.", user.email));
    managed(app.store.remove_user(&viewer.id, id, &entry).await?)?;
    Ok(done(app, viewer, &user, Role::Member).notice(format!("{} is removed and signed out.", user.email)))
}

/// Whoever may not see the users any more goes home.
fn done(app: &App, viewer: &Viewer, user: &Viewer, role: Role) -> Done {
    let is_out = viewer.id == user.id && !role.is_admin();
    Done::to(if is_out { app.paths.home() } else { app.paths.settings_page("users") })
}

fn form(app: &App) -> Form {
    Form { page: app.paths.settings_page("users"), keep: &[] }
}
