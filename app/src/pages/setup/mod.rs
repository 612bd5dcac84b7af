//! The set-up wizard: one page for each step.

mod admin;
mod complete;
mod email;
mod license;
mod organization;

use leptos::prelude::*;

use super::form::Field;
use crate::{Setup, Step, Visit};

pub use admin::setup_admin;
pub use complete::setup_complete;
pub use email::setup_email;
pub use license::setup_license;
pub use organization::setup_organization;

/// The field for a new password.
pub(super) fn password() -> Field {
    Field::password("password", "Password", "new-password")
        .required()
        .at_least(12)
        .at_most(1024)
        .help("At least 12 characters. A few words are better than one clever one.")
}

/// The organization that the license was issued to.
fn licensed_organization(setup: &Setup) -> Option<&str> {
    let license = setup.license.as_ref()?.license.as_ref()?;
    Some(&license.claims().organization)
}

/// The way to the next step, and back to the one before where it can still be changed.
fn actions(visit: &Visit, back: Option<Step>) -> AnyView {
    let back = back.map(|step| view! { <a class="btn quiet" href=visit.paths.setup_step(step)>"Back"</a> });
    view! {
        <div class="row">
            <button class="btn" type="submit" data-busy="Saving…">"Save and continue"</button>
            {back}
        </div>
    }
    .into_any()
}
