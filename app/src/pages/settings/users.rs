//! `{base}/settings/users`: who may sign in, and as what.

use countersign_license::{Utc, shown};
use leptos::prelude::*;

use super::table::{foreign, table, time};
use super::{copy_button, only_admins, role};
use crate::Unavailable;
use crate::pages::form::{Field, problems, select};
use crate::pages::shell::settings;
use crate::usage::Fill;
use crate::visit::{Invitation, Role, User, Visit};

/// Users and invitations as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_users(visit: &Visit) -> Result<String, Unavailable> {
    let body = if role(visit).is_admin() {
        let (users, invitations) = visit.backend.users().await?;
        let installed = visit.backend.installed().await?;
        let license = installed.as_ref().and_then(|installed| installed.inspection.license.as_ref());
        let limit = license.and_then(|license| license.claims().max_users());
        everybody(visit, &users, &invitations, limit)
    } else {
        only_admins("The users are for administrators to see.")
    };
    Ok(settings(visit, "users", "Users", "Who may sign in, and as what.", || {
        view! {
            <h1 tabindex="-1">"Users"</h1>
            {problems(&visit.returned, &["email", "role"])}
            {body}
        }
    }))
}

/// All of them, and who is invited. `limit` is the most that the license allows.
fn everybody(visit: &Visit, users: &[User], invitations: &[Invitation], limit: Option<u64>) -> AnyView {
    let masters = users.iter().filter(|user| user.who.role == Role::PlatformAdmin).count();
    let heads = &["Name", "Role", "Last seen", "Remove"];
    let rows = users.iter().map(|user| row(visit, user, masters)).collect();
    let room = limit.map(|limit| room(users.len(), invitations.len(), limit));
    let users = if users.is_empty() {
        view! { <p class="soft">"There are no users."</p> }.into_any()
    } else {
        table("Users", heads, rows)
    };
    view! {
        {fresh(visit)}
        <section class="card">
            <h2>"Users"</h2>
            {room}
            {users}
        </section>
        <section class="card">
            <h2>"Open invitations"</h2>
            {open(visit, invitations)}
        </section>
        {invite(visit)}
    }
    .into_any()
}

/// How much room the license leaves for more users.
fn room(users: usize, invited: usize, limit: u64) -> AnyView {
    let [users, invited] = [users, invited].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    let fill = Fill::of(users.saturating_add(invited), limit);
    let more = if invited > 0 { format!(", and {invited} invited") } else { String::new() };
    let advice = match fill {
        Fill::Fine => "",
        Fill::Near => " Ask for a larger license before there is no room for more.",
        Fill::Full => {
            " Nobody more can be invited until a user is removed, an invitation is revoked, or a license allows more."
        }
        Fill::Over => " That is more than the license allows: nobody more can be invited or join.",
    };
    let tag = fill.words().map(|words| view! { " " <span class=format!("tag {}", fill.class())>{words}</span> });
    view! { <p>{format!("{users} of {limit} users{more}.")} {tag} {advice}</p> }.into_any()
}

/// Whether the viewer may change or remove somebody of that role, or invite somebody into it.
fn may_manage(visit: &Visit, other: Role) -> bool {
    role(visit).may_manage(other)
}

/// The roles that the viewer may give.
fn grantable(visit: &Visit) -> Vec<(&'static str, &'static str)> {
    // The mightiest last: the first one is what a hasty click gives.
    let roles = Role::ALL.into_iter().rev().filter(|role| may_manage(visit, *role));
    roles.map(|role| (role.name(), role.title())).collect()
}

fn row(visit: &Visit, user: &User, masters: usize) -> Vec<AnyView> {
    let who = &user.who;
    let is_viewer = visit.viewer.as_ref().is_some_and(|viewer| viewer.id == who.id);
    let is_last = who.role == Role::PlatformAdmin && masters <= 1;
    let can_change = may_manage(visit, who.role) && !is_last;
    let you = is_viewer.then(|| view! { " " <span class="tag known">"You"</span> });
    let name = view! {
        <div>
            {foreign(&who.name)} {you} <small>{foreign(&who.email)}</small>
            <small>{format!("since {}", Utc(user.created_at).day())}</small>
        </div>
    }
    .into_any();
    let role = if can_change { role_form(visit, user) } else { who.role.title().into_any() };
    let remove = if can_change {
        removal(visit, user, is_viewer)
    } else if is_last {
        view! { <small>"The last platform administrator stays."</small> }.into_any()
    } else {
        view! { <small>"Only platform administrators can."</small> }.into_any()
    };
    let seen = user.seen_at.map_or_else(|| "Never".into_any(), time);
    vec![name, role, seen, remove]
}

fn role_form(visit: &Visit, user: &User) -> AnyView {
    let options: Vec<AnyView> = grantable(visit)
        .into_iter()
        .map(|(name, title)| {
            view! { <option value=name selected=name == user.who.role.name()>{title}</option> }.into_any()
        })
        .collect();
    let label = format!("Role of {}", shown(&user.who.name));
    let saves = format!("Save the role of {}", shown(&user.who.name));
    view! {
        <form class="inline" method="post" action=visit.paths.api(&format!("users/{}/role", user.who.id))>
            <select name="role" aria-label=label>{options}</select>
            <button type="submit" class="link" aria-label=saves>"Save"</button>
        </form>
    }
    .into_any()
}

fn removal(visit: &Visit, user: &User, is_viewer: bool) -> AnyView {
    let name = shown(&user.who.name);
    let question = if is_viewer {
        "You are signed out at once, and cannot sign in again.".to_owned()
    } else {
        format!("{name} is signed out at once, and cannot sign in again.")
    };
    let label = format!("Remove {name} for good");
    view! {
        <details class="confirm">
            <summary>"Remove…" <span class="visually-hidden">{format!(" {name}")}</span></summary>
            <p>{question}</p>
            <form method="post" action=visit.paths.api(&format!("users/{}/remove", user.who.id))>
                <button type="submit" class="btn danger" aria-label=label>"Remove"</button>
            </form>
        </details>
    }
    .into_any()
}

/// The link of an invitation that was just made. It is shown this once.
fn fresh(visit: &Visit) -> Option<AnyView> {
    let link = visit.returned.value("invitationLink")?.to_owned();
    let view = view! {
        <section class="card">
            <h2>"The invitation’s link"</h2>
            <div class="field">
                <label for="invitationLink">"Link to pass on"</label>
                <input id="invitationLink" class="mono" type="text" readonly value=link aria-describedby="invitationLink-help" />
                <small id="invitationLink-help">
                    "It is shown only now. Whoever has it can use it once, so pass it on to the invited person alone."
                </small>
            </div>
            <p class="row">{copy_button("#invitationLink", "Copy the link")}</p>
        </section>
    };
    Some(view.into_any())
}

fn open(visit: &Visit, invitations: &[Invitation]) -> AnyView {
    if invitations.is_empty() {
        return view! { <p class="soft">"Nobody is invited at the moment."</p> }.into_any();
    }
    let row = |invitation: &Invitation| {
        let revoke = if may_manage(visit, invitation.role) {
            let label = format!("Revoke the invitation of {}", shown(&invitation.email));
            view! {
                <form method="post" action=visit.paths.api(&format!("invitations/{}/revoke", invitation.id))>
                    <button type="submit" class="link" aria-label=label>"Revoke"</button>
                </form>
            }
            .into_any()
        } else {
            view! { <small>"Only platform administrators can."</small> }.into_any()
        };
        let role = invitation.role.title().into_any();
        vec![foreign(&invitation.email), role, foreign(&invitation.invited_by), time(invitation.expires_at), revoke]
    };
    let heads = &["E-mail", "Role", "Invited by", "Can be used until", "Revoke"];
    table("Open invitations", heads, invitations.iter().map(row).collect())
}

fn invite(visit: &Visit) -> AnyView {
    let returned = &visit.returned;
    let email = Field::email("email", "E-mail").autocomplete("off").required();
    view! {
        <section class="card">
            <h2>"Invite somebody"</h2>
            <form class="stack" method="post" action=visit.paths.api("invitations") data-checks="">
                {email.view(returned)}
                {select(returned, "role", "Role", &grantable(visit), Role::Member.name())}
                <p class="row"><button type="submit" class="btn" data-busy="Inviting…">"Invite"</button></p>
            </form>
        </section>
    }
    .into_any()
}
