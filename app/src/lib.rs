//! Every page and component of Countersign.

use leptos::prelude::*;

/// The license checker.
#[component]
pub fn Checker() -> impl IntoView {
    view! { <h1>"Check a license bundle"</h1> }
}
