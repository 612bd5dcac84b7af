//! `{base}/setup/admin`: the first administrator.

use leptos::prelude::*;

use super::{actions, licensed_organization, password};
use crate::pages::form::{Field, problems};
use crate::pages::report;
use crate::pages::shell::wizard;
use crate::{Setup, Step, Unavailable, Visit};

/// The wizard's second step. Once the account is there, it shows whose it is.
pub async fn setup_admin(visit: &Visit) -> Result<String, Unavailable> {
    let setup = visit.backend.setup().await?;
    Ok(match &setup.admin {
        Some((name, email)) => saved(visit, &setup, name, email),
        None => form(visit, &setup),
    })
}

fn form(visit: &Visit, setup: &Setup) -> String {
    let returned = &visit.returned;
    wizard(visit, Step::Admin, setup.step, "Create the first administrator", || {
        let organization = licensed_organization(setup).map_or_else(
            || view! { "the license" }.into_any(),
            |name| view! { "the license of " <bdi><b>{name.to_owned()}</b></bdi> }.into_any(),
        );
        view! {
            <div>
                <h1 tabindex="-1">"Create the first administrator"</h1>
                <p class="soft">"When you continue, " {organization} " and this account are saved together."</p>
            </div>
            {problems(returned, &["name", "email", "password"])}
            <form class="stack" method="post" action=visit.paths.api("setup/admin") data-checks="">
                {Field::text("name", "Name").autocomplete("name").required().at_most(100).view(returned)}
                {Field::email("email", "E-mail").autocomplete("username").required().help("You sign in with it.").view(returned)}
                {password().view(returned)}
                {actions(visit, Some(Step::License))}
            </form>
        }
    })
}

fn saved(visit: &Visit, setup: &Setup, name: &str, email: &str) -> String {
    wizard(visit, Step::Admin, setup.step, "The first administrator", || {
        view! {
            <div>
                <h1 tabindex="-1">"The first administrator"</h1>
                <p class="soft">"This account is saved, and the license with it. It can be changed in the settings once the platform is set up."</p>
            </div>
            {problems(&visit.returned, &[])}
            {report::facts([("Name", name), ("E-mail", email)])}
            <p class="row"><a class="btn" href=visit.paths.setup_step(setup.step)>"Continue"</a></p>
        }
    })
}
