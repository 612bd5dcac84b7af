//! `{base}/license-checker`: the checker, rendered by the server and woken in the browser.

use leptos::prelude::*;

use super::shell::bare;
use crate::{CheckerIsland, Paths};

/// The license checker as a document. `nonce` is that of its content security policy; empty for none.
pub fn license_checker(paths: &Paths, nonce: &str) -> String {
    let description = "See who a license bundle was issued to, what it grants, until when, and whether it is genuine. Nothing leaves this page.";
    bare(paths, nonce, "Check a license bundle", description, || {
        view! {
            <div>
                <h1>"Check a license bundle"</h1>
                <p class="soft" id="bundle-help">
                    "Paste it, drop the file, or choose a file. Nothing leaves this page."
                </p>
            </div>
            <noscript>
                <section class="verdict warn">
                    <h2>"This page needs scripts to check a bundle"</h2>
                    <p>"Allow them for this page, or use the command line: " <code>"countersign check bundle.json"</code></p>
                </section>
            </noscript>
            <section class="verdict warn no-wasm">
                <h2>"This browser cannot check a bundle"</h2>
                <p>
                    "WebAssembly is switched off or missing. Use another browser, or the command line: "
                    <code>"countersign check bundle.json"</code>
                </p>
            </section>
            <CheckerIsland />
        }
    })
}
