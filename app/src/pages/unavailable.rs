//! The page for when the database does not answer.

use leptos::prelude::*;

use super::shell::bare;
use crate::Paths;

/// "The platform cannot be reached right now", as a document for a 503. `nonce` is that of its content security policy; empty
/// for none. `again` is the page to try again; empty for the one that was asked for.
pub fn unavailable(paths: &Paths, nonce: &str, again: &str) -> String {
    let description = "The platform cannot be reached right now.";
    bare(paths, nonce, "Not reachable right now", description, || {
        view! {
            <div>
                <h1 tabindex="-1">"The platform cannot be reached right now"</h1>
                <p class="soft">"Its database does not answer. Nothing is lost: what was saved stays saved, and nothing else was changed."</p>
            </div>
            <section class="card">
                <h2>"What to do now"</h2>
                <p>"Wait a minute and try again. If it lasts, tell whoever runs this platform: the server’s log says what is wrong."</p>
                // An empty address is this page's own, whichever it is.
                <p class="row">
                    <a class="btn" href=again.to_owned()>"Try again"</a>
                    <a class="btn quiet" href=paths.checker()>"Check a license bundle"</a>
                </p>
            </section>
        }
    })
}
