//! `{base}/settings/email`: how e-mail is sent.

use leptos::prelude::*;

use super::{only_admins, role};
use crate::Unavailable;
use crate::pages::email::{FIELDS, fields, test};
use crate::pages::form::problems;
use crate::pages::shell::settings;
use crate::visit::{EmailSettings, Role, Visit};

/// How e-mail is sent, as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_email(visit: &Visit) -> Result<String, Unavailable> {
    let email = visit.backend.email().await?;
    let returned = &visit.returned;
    let body = if role(visit) == Role::PlatformAdmin {
        let to = visit.viewer.as_ref().map(|viewer| viewer.email.as_str()).unwrap_or_default();
        view! {
            <form class="stack mailing" method="post" action=visit.paths.api("settings/email") data-checks="">
                {fields(returned, Some(&email))}
                <p class="row"><button type="submit" class="btn" data-busy="Saving…">"Save"</button></p>
                {test(returned, visit.paths.api("settings/email/test"), to)}
            </form>
        }
        .into_any()
    } else {
        view! {
            <section class="card">
                <h2>"How it is sent"</h2>
                <p>{way(&email)}</p>
            </section>
            {only_admins("You can look, but not change how e-mail is sent: only platform administrators can.")}
        }
        .into_any()
    };
    Ok(settings(visit, "email", "E-mail", "How e-mail is sent.", || {
        view! {
            <div>
                <h1 tabindex="-1">"E-mail"</h1>
                <p class="soft">"Invitations go by e-mail. Without it, you hand their links on yourself."</p>
            </div>
            {problems(returned, &FIELDS)}
            {body}
        }
    }))
}

fn way(email: &EmailSettings) -> &'static str {
    match email {
        EmailSettings::Later => "No e-mail is sent.",
        EmailSettings::Resend { .. } => "By Resend.",
        EmailSettings::Smtp { .. } => "By a mail server.",
    }
}
