//! The page for an address that leads nowhere.

use leptos::prelude::*;

use super::shell::bare;
use crate::Paths;

/// "There is no page here", as a document. `nonce` is that of its content security policy; empty for none.
pub fn not_found(paths: &Paths, nonce: &str) -> String {
    let checker = paths.checker();
    bare(paths, nonce, "Page not found", "There is no page at this address.", || {
        view! {
            <div>
                <h1>"There is no page at this address"</h1>
                <p class="soft">"It may have been mistyped, or the page has moved."</p>
                <p><a class="btn" href=checker>"Check a license bundle"</a></p>
            </div>
        }
    })
}
