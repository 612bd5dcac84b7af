//! `{base}/settings/organization`: the organization's name.

use leptos::prelude::*;

use super::{only_admins, role};
use crate::Unavailable;
use crate::pages::form::{Field, problems};
use crate::pages::shell::settings;
use crate::visit::Visit;

/// The organization as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_organization(visit: &Visit) -> Result<String, Unavailable> {
    let name = visit.backend.organization().await?;
    let body = if role(visit).is_admin() {
        let field = Field::text("name", "Name").help("It is shown on every page, and in e-mail.").value(name);
        view! {
            <form class="stack card" method="post" action=visit.paths.api("settings/organization") data-checks="">
                {field.autocomplete("organization").required().at_most(100).view(&visit.returned)}
                <p class="row"><button type="submit" class="btn" data-busy="Saving…">"Save"</button></p>
            </form>
        }
        .into_any()
    } else {
        let name = if name.is_empty() { "It has no name yet.".to_owned() } else { name };
        view! {
            <section class="card">
                <h2>"Name"</h2>
                <p><bdi>{name}</bdi></p>
            </section>
            {only_admins("You can look, but not change the name.")}
        }
        .into_any()
    };
    Ok(settings(visit, "organization", "Organization", "The organization’s name.", || {
        view! {
            <h1 tabindex="-1">"Organization"</h1>
            {problems(&visit.returned, &["name"])}
            {body}
        }
    }))
}
