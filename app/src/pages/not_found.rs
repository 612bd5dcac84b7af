//! The page for an address that leads nowhere.

use leptos::prelude::*;

use super::shell::document;
use crate::Paths;

/// "There is no page here", as a document.
pub fn not_found(paths: &Paths) -> String {
    let checker = paths.checker();
    document(paths, "Page not found", "There is no page at this address.", || {
        view! {
            <div>
                <h1>"There is no page at this address"</h1>
                <p class="soft">"It may have been mistyped, or the page has moved."</p>
                <p><a class="btn" href=checker>"Check a license bundle"</a></p>
            </div>
        }
    })
}
