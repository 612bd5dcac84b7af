//! `POST {base}/api/invitations` and `POST {base}/api/invitations/{id}/revoke`: inviting people.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_app::Invitation;
use serde_json::json;

use super::users::{managed, named};
use crate::http::asker::{Asker, Id};
use crate::http::body::Body;
use crate::http::reply::{Done, Form, reply};
use crate::http::{App, Problem, mailing, origin, people, seats};
use crate::ids;
use crate::store::Managed;

/// An invitation can be used for this many seconds: 7 days.
const LIFETIME: i64 = 7 * 24 * 60 * 60;

pub(in crate::http) async fn invite(
    State(app): State<Arc<App>>,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let result = make(&app, &asker, &headers, &body).await;
    let form = Form { page: app.paths.settings_page("users"), keep: &["email", "role"] };
    reply(&app, &asker, &body, form, result).await
}

async fn make(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Done, Problem> {
    let viewer = asker.admin()?;
    body.check(&["email", "role"])?;
    let email = people::email(body.text("email"), "email")?;
    let role = named(body)?;
    let code = ids::secret()?;
    let invitation = Invitation {
        id: ids::id()?,
        email,
        role,
        invited_by: viewer.name.clone(),
        expires_at: asker.now.saturating_add(LIFETIME),
    };
    let entry =
        asker.entry("user.invited", format!("{} as {}.", invitation.email, invitation.role.title().to_lowercase()));
    let allowed = seats::allowed(app, asker.now).await?;
    allowed.may_invite()?;
    match app.store.invite(&viewer.id, &invitation, &ids::hash(&code), allowed.limit, &entry).await? {
        Managed::Full(taken) => return Err(allowed.refusal(taken)),
        other => managed(other)?,
    }
    let warning = allowed.warning(app.store.seats(asker.now).await?);

    // Behind the `#` it reaches no server and no log on the way.
    let link = format!("{}{}#{code}", origin::public(app, headers), app.paths.invitation());
    let (mailed, answer) = match mailing::invite(app, &invitation, &link).await {
        Ok(answer) => (true, answer),
        Err(why) => (false, why),
    };
    let notice = if mailed {
        format!("The invitation is on its way to {}. You can also pass its link on yourself.", invitation.email)
    } else {
        format!("{} is invited, but not by e-mail: pass the link on yourself. {answer}", invitation.email)
    };
    let notice = warning.iter().fold(notice, |notice, warning| format!("{notice} {warning}"));
    let json = json!({ "id": invitation.id, "link": link, "mailed": mailed, "answer": answer, "warning": warning });
    let mut done = Done::to(app.paths.settings_page("users")).notice(notice).json(json);
    done.returned.values.insert("invitationLink".to_owned(), link);
    Ok(done)
}

pub(in crate::http) async fn revoke(State(app): State<Arc<App>>, asker: Asker, Id(id): Id, body: Body) -> Response {
    let result = take_back(&app, &asker, &id).await;
    let form = Form { page: app.paths.settings_page("users"), keep: &[] };
    reply(&app, &asker, &body, form, result).await
}

async fn take_back(app: &App, asker: &Asker, id: &str) -> Result<Done, Problem> {
    let viewer = asker.admin()?;
    let Some(invitation) = app.store.invitation_of(id, asker.now).await? else {
        return managed(Managed::NotThere).map(|()| Done::default());
    };
    let entry = asker.entry("invitation.revoked", format!("{}.", invitation.email));
    managed(app.store.revoke_invitation(&viewer.id, id, &entry).await?)?;
    Ok(Done::to(app.paths.settings_page("users"))
        .notice("The invitation is taken back. Its link does not work any more."))
}
