//! `{base}/settings/…`: the license, and everything else that an administrator looks after.

mod audit;
mod consequences;
mod email;
mod jwt;
mod license;
mod license_server;
mod network;
mod organization;
mod sessions;
pub(super) mod table;
mod update;
mod usage;
mod users;

use leptos::prelude::*;

use crate::visit::{Role, Visit};

pub use audit::settings_audit;
pub use email::settings_email;
pub use jwt::settings_license_jwt;
pub use license::settings_license;
pub use network::settings_network;
pub use organization::settings_organization;
pub use sessions::settings_sessions;
pub use update::settings_license_update;
pub use users::settings_users;

/// What the viewer may do. Nobody who is not signed in sees a page of the settings.
fn role(visit: &Visit) -> Role {
    visit.viewer.as_ref().map_or(Role::Member, |viewer| viewer.role)
}

/// What stands in the place of what only administrators may see or do.
fn only_admins(what: &'static str) -> AnyView {
    view! { <p class="soft">{what} " Ask an administrator of this platform."</p> }.into_any()
}

/// A button that puts what a field holds on the clipboard, where scripts run, and the place where that is said.
fn copy_button(of: &'static str, label: &'static str) -> AnyView {
    view! {
        <button type="button" class="btn needs-script" data-copy=of>{label}</button>
        <span class="soft" role="status"></span>
    }
    .into_any()
}
