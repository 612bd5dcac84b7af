//! `{base}/analytics`: usage over time, against what the license entitles to.

use countersign_license::{Claims, Utc};
use leptos::prelude::*;

use super::settings::table::table;
use super::shell::document;
use crate::usage::{Fill, Measure, UsageDay};
use crate::visit::Visit;

/// The last days as a document. `claims` are those of the license that grants this page.
pub fn analytics(visit: &Visit, claims: Option<&Claims>, days: &[UsageDay]) -> String {
    let rows = days.iter().map(|day| row(day, claims)).collect();
    let heads = &["Day (UTC)", "CPU cores", "RAM, GB", "Users"];
    let body = if days.is_empty() {
        view! { <p class="soft">"Nothing has been noted yet. The first numbers are here within a minute."</p> }
            .into_any()
    } else {
        table("The most in use at once, by day, the newest first", heads, rows)
    };
    document(visit, "Analytics", "What was in use, day by day.", || {
        view! {
            <div>
                <h1 tabindex="-1">"Analytics"</h1>
                <p class="soft">
                    "The most that was in use at once on each of the last 90 days, against what the license entitles to. CPU and \
                     memory are what the services of this platform report."
                </p>
            </div>
            <section class="card usage">
                <h2>"Usage by day"</h2>
                {body}
            </section>
            <p class="row"><a class="btn quiet" href=visit.paths.home()>"Back to the platform"</a></p>
        }
    })
}

fn row(day: &UsageDay, claims: Option<&Claims>) -> Vec<AnyView> {
    let midnight = Utc(day.day.saturating_mul(24 * 60 * 60));
    let date = midnight.rfc3339().split('T').next().unwrap_or_default().to_owned();
    let date = view! { <time datetime=date>{midnight.day()}</time> }.into_any();
    let [cpu, ram, _, users] = day.most.against(claims);
    vec![date, cell(&cpu), cell(&ram), cell(&users)]
}

fn cell(measure: &Measure) -> AnyView {
    let words = measure.fill().words().map(|words| view! { <small>{words}</small> });
    view! { <div class="measure">{measure.of()} {words} {bar(measure)}</div> }.into_any()
}

/// The share in use as a picture of what the numbers beside it say.
pub(super) fn bar(measure: &Measure) -> Option<AnyView> {
    let percent = measure.percent()?;
    let class = format!("share {}", if measure.name == "vramGb" { Fill::Fine } else { measure.fill() }.class());
    Some(
        view! {
            <svg class=class viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="whole" width="100" height="6"></rect>
                <rect class="part" width=percent.to_string() height="6"></rect>
            </svg>
        }
        .into_any(),
    )
}
