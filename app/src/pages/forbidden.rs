//! The page for somebody who may not see what is asked for.

use leptos::prelude::*;

use super::shell::document;
use crate::Visit;

/// "Your account may not do this", as a document for a 403.
pub fn forbidden(visit: &Visit) -> String {
    document(visit, "Not allowed", "Your account may not do this.", || {
        let who = match &visit.viewer {
            Some(viewer) => {
                format!("You are signed in as {} ({}).", viewer.email, viewer.role.title().to_lowercase())
            }
            None => "You are not signed in.".to_owned(),
        };
        let sign_in = visit.viewer.is_none().then(|| view! { <a class="btn" href=visit.paths.sign_in()>"Sign in"</a> });
        view! {
            <div>
                <h1 tabindex="-1">"Your account may not do this"</h1>
                <p class="soft">{who} " An administrator can do it for you, or give you the role for it."</p>
            </div>
            <p class="row">{sign_in} <a class="btn quiet" href=visit.paths.home()>"Back to the platform"</a></p>
        }
    })
}
