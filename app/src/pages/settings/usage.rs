//! What is in use of what the license entitles to: the section of `{base}/settings/license` for administrators.

use countersign_license::{Claims, Utc};
use leptos::prelude::*;

use super::table::{foreign, table, time};
use crate::pages::analytics::bar;
use crate::usage::{Measure, Usage, UsageReport};

/// The section.
pub(super) fn usage(now: Usage, reports: &[UsageReport], claims: Option<&Claims>) -> AnyView {
    let measures = now.against(claims);
    // Users are counted here; the rest is only known where services say it.
    let known = measures.iter().filter(|measure| measure.name == "users" || !reports.is_empty());
    let rows: Vec<AnyView> = known.map(row).collect();
    let latest = reports.iter().map(|report| report.reported_at).max();
    let said = match latest {
        Some(at) => format!(
            "{} reported within the last 24 hours, last on {}.",
            if reports.len() == 1 { "One service has".to_owned() } else { format!("{} services have", reports.len()) },
            Utc(at)
        ),
        None => {
            "No service has reported what it uses within the last 24 hours, so CPU and memory are not known.".to_owned()
        }
    };
    view! {
        <section class="card">
            <h2>"In use"</h2>
            <ul class="granted usage">{rows}</ul>
            <p class="soft">{said} " Nothing is switched off for using more CPU or memory; ask for more before it is needed."</p>
            {(!reports.is_empty()).then(|| services(reports))}
        </section>
    }
    .into_any()
}

fn row(measure: &Measure) -> AnyView {
    let contract = (measure.name == "vramGb").then(|| view! { " " <small>"contractual only"</small> });
    let tag = measure.fill().words().map(|words| {
        let class = format!("tag {}", measure.fill().class());
        view! { " " <span class=class>{words}</span> }
    });
    let used = if measure.entitled.is_some() { format!("{} in use", measure.of()) } else { measure.of() };
    view! {
        <li>
            <span>{measure.title} {contract}</span> " "
            <span class="measure">{used} {tag} {bar(measure)}</span>
        </li>
    }
    .into_any()
}

fn services(reports: &[UsageReport]) -> AnyView {
    let heads = &["Service", "CPU cores", "RAM, GB", "VRAM, GB", "Reported"];
    let row = |report: &UsageReport| {
        let counts = [report.cpu_cores, report.ram_gb, report.vram_gb].map(|count| count.to_string().into_any());
        let mut cells = vec![foreign(&report.service)];
        cells.extend(counts);
        cells.push(time(report.reported_at));
        cells
    };
    view! {
        <details>
            <summary>"By service"</summary>
            {table("What each service reported last", heads, reports.iter().map(row).collect())}
        </details>
    }
    .into_any()
}
