//! `{base}/setup/email`: how e-mail is sent.

use leptos::prelude::*;

use super::actions;
use crate::pages::email::{FIELDS, fields, test};
use crate::pages::form::problems;
use crate::pages::shell::wizard;
use crate::{Step, Unavailable, Visit};

/// The wizard's fourth step.
pub async fn setup_email(visit: &Visit) -> Result<String, Unavailable> {
    let setup = visit.backend.setup().await?;
    let returned = &visit.returned;
    Ok(wizard(visit, Step::Email, setup.step, "Choose how e-mail is sent", || {
        let admin = setup.admin.as_ref().map(|(_, email)| email.as_str()).unwrap_or_default();
        view! {
            <div>
                <h1 tabindex="-1">"Choose how e-mail is sent"</h1>
                <p class="soft">"Invitations go by e-mail. Without it, you hand their links on yourself."</p>
            </div>
            {problems(returned, &FIELDS)}
            <form class="stack mailing" method="post" action=visit.paths.api("setup/email") data-checks="">
                {fields(returned, setup.email.as_ref())}
                {actions(visit, Some(Step::Organization))}
                {test(returned, visit.paths.api("setup/email/test"), admin)}
            </form>
        }
    }))
}
