//! How it stands with the license server: a section of `{base}/settings/license`, for administrators.

use leptos::prelude::*;

use super::table::foreign;
use crate::Heartbeat;
use crate::checker::report::facts_list;
use crate::pages::report::pieces;
use crate::visit::Visit;

/// The section. Asking now makes sense where the mode is `online` and a license is in force by itself.
pub(super) fn license_server(visit: &Visit, heartbeat: &Heartbeat, can_ask: bool) -> AnyView {
    let trouble = heartbeat.trouble().map(|(why, remedy)| view! { <p><strong>{why}</strong> " " {remedy}</p> });
    let reason = (!heartbeat.reason.is_empty()).then(|| {
        let words: String = heartbeat.reason.chars().take(200).collect();
        view! { <p>"About the revocation the vendor says: " {foreign(&words)}</p> }
    });
    let ask = (heartbeat.is_online() && can_ask).then(|| {
        view! {
            <form method="post" action=visit.paths.api("auth/license/check")>
                <button type="submit" class="btn quiet" data-busy="Asking…">"Check now"</button>
            </form>
        }
    });
    view! {
        <section class="stack" id="license-server">
            <h2>"License server"</h2>
            {pieces(&[facts_list(heartbeat.facts(visit.now))])}
            {trouble}
            {reason}
            {ask}
        </section>
    }
    .into_any()
}
