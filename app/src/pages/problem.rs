//! The page for a request that cannot be answered.

use leptos::prelude::*;

use super::shell::bare;
use crate::Paths;

/// A problem as a document, for any other status such as 405, 413 or 500. `nonce` is that of its content security policy;
/// empty for none. `title` and `detail` are sentences, the detail with its full stop. `id` is what the log knows the request
/// by; empty for none.
pub fn problem_page(paths: &Paths, nonce: &str, status: u16, title: &str, detail: &str, id: &str) -> String {
    bare(paths, nonce, title, "This request could not be answered.", || {
        let id = (!id.is_empty()).then(|| {
            view! { <p>"If you ask for help, quote this id: " <code class="id">{id.to_owned()}</code></p> }
        });
        view! {
            <div>
                <h1 tabindex="-1">{title.to_owned()}</h1>
                <p class="soft">{detail.to_owned()}</p>
            </div>
            {id}
            <p class="row">
                <a class="btn" href=paths.home()>"To the start"</a>
            </p>
            <p class="soft"><small>{format!("Status {status}")}</small></p>
        }
    })
}
