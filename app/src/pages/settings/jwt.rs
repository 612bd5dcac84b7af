//! The answer to "Copy the JWT": the token, to be copied.

use leptos::prelude::*;

use super::copy_button;
use crate::pages::shell::settings;
use crate::piece::escape;
use crate::visit::Visit;

/// The installed license's JWT as a document. The copying was written to the audit log before.
pub fn settings_license_jwt(visit: &Visit, jwt: &str) -> String {
    // Leptos writes the text inside a textarea as it is, markup and all.
    let mut html = String::new();
    escape(jwt, &mut html);
    settings(visit, "license/jwt", "The license’s JWT", "The token of the installed license.", || {
        view! {
            <div>
                <h1 tabindex="-1">"The license’s JWT"</h1>
                <p class="soft">"The token alone, without the key that it is checked with."</p>
            </div>
            <section class="verdict warn">
                <h2>"Treat it like a document of value"</h2>
                <p>"Whoever has it can show it as theirs. That you copied it is in the audit log."</p>
            </section>
            <div class="field">
                <label for="jwt">"JWT"</label>
                <textarea
                    id="jwt"
                    class="drop"
                    readonly
                    rows="10"
                    spellcheck="false"
                    inner_html=html
                ></textarea>
            </div>
            <p class="row">
                {copy_button("#jwt", "Copy the JWT")}
                <a class="btn quiet" href=visit.paths.settings_page("license")>"Back to the license"</a>
            </p>
        }
    })
}
