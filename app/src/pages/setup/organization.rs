//! `{base}/setup/organization`: what the organization is called.

use leptos::prelude::*;

use super::{actions, licensed_organization};
use crate::pages::form::{Field, problems};
use crate::pages::shell::wizard;
use crate::{Step, Unavailable, Visit};

/// The wizard's third step.
pub async fn setup_organization(visit: &Visit) -> Result<String, Unavailable> {
    let setup = visit.backend.setup().await?;
    let returned = &visit.returned;
    Ok(wizard(visit, Step::Organization, setup.step, "Name your organization", || {
        let name = setup.organization.as_deref().filter(|name| !name.is_empty());
        let name = name.or(licensed_organization(&setup)).unwrap_or_default();
        let field = Field::text("name", "Name").autocomplete("organization").required().at_most(100).value(name).help(
            "It stands on the pages and in e-mails. The license stays as it was issued, whatever you choose here.",
        );
        view! {
            <div>
                <h1 tabindex="-1">"Name your organization"</h1>
                <p class="soft">"This is how people will see it. You can change it later, in the settings."</p>
            </div>
            {problems(returned, &["name"])}
            <form class="stack" method="post" action=visit.paths.api("setup/organization") data-checks="">
                {field.view(returned)}
                {actions(visit, Some(Step::Admin))}
            </form>
        }
    }))
}
