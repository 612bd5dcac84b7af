//! `{base}/`: what is licensed, at a glance.

use countersign_license::{Claims, Feature, State, shown};
use leptos::prelude::*;

use super::form::problems;
use super::report::pieces;
use super::shell::document;
use super::standing::{said, telling, wants_license};
use crate::Unavailable;
use crate::checker::report::facts_list;
use crate::visit::Visit;
use crate::words::facts;

/// The platform's home as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn home(visit: &Visit) -> Result<String, Unavailable> {
    let installed = visit.backend.installed().await?;
    let organization = visit.backend.organization().await?;
    let state = installed.as_ref().map_or(State::Unlicensed, |installed| installed.standing.state);
    let section = said(&telling(visit, installed.as_ref()));
    // That section says what banners would say, and larger.
    let visit = &Visit { banners: Vec::new(), ..visit.clone() };
    let claims = installed.as_ref().and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let is_admin = visit.viewer.as_ref().is_some_and(|viewer| viewer.role.is_admin());
    let name = if organization.is_empty() { "Home".to_owned() } else { organization };
    let granted = claims.map(|claims| {
        let facts = facts(claims, visit.now).into_iter().take(8).collect();
        view! { {pieces(&[facts_list(facts)])} {features(claims, state)} }
    });
    let update = (is_admin && wants_license(state)).then(|| {
        let label = if state == State::Unlicensed { "Install a license" } else { "Update license" };
        view! { <a class="btn" href=visit.paths.settings_page("license/update")>{label}</a> }
    });
    let analytics =
        visit.has_analytics.then(|| view! { <a class="btn quiet" href=visit.paths.analytics()>"Analytics"</a> });
    Ok(document(visit, "Home", "What this platform is licensed for.", move || {
        view! {
            <div>
                <h1 tabindex="-1"><bdi>{name}</bdi></h1>
                <p class="soft">"What this platform is licensed for."</p>
            </div>
            {problems(&visit.returned, &[])}
            {section}
            {granted}
            <p class="row">
                {update}
                {analytics}
                <a class="btn quiet" href=visit.paths.settings_page("license")>"License settings"</a>
                <a class="btn quiet" href=visit.paths.checker()>"Check a bundle"</a>
            </p>
        }
    }))
}

/// The features, each with what the license says about it.
fn features(claims: &Claims, state: State) -> AnyView {
    let title = match state {
        State::Active | State::Expiring | State::Degraded => "Features",
        State::NotYetValid => "Features, once the license begins",
        State::Lapsed | State::Revoked => "Features, while the license was in force",
        State::Expired | State::Tampered | State::Unlicensed => "Features, until the license expired",
    };
    let named = claims.features.iter().map(|(name, feature)| row(name, feature, state));
    let brought = claims.tier.features().iter().filter(|name| claims.feature(name).is_none());
    let rows: Vec<AnyView> = named.chain(brought.map(|name| with_the_tier(name, state))).collect();
    if rows.is_empty() {
        return view! {
            <section class="card">
                <h2>{title}</h2>
                <p class="soft">"The license names no features."</p>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="card">
            <h2>{title}</h2>
            <ul class="granted">{rows}</ul>
        </section>
    }
    .into_any()
}

fn row(name: &str, feature: &Feature, state: State) -> AnyView {
    let (class, tag) = match feature {
        Feature::Flag(true) if state.grants() => ("tag good", "granted".to_owned()),
        Feature::Flag(true) => ("tag", "granted".to_owned()),
        Feature::Flag(false) => ("tag", "not granted".to_owned()),
        Feature::Limit(limit) => ("tag", limit.to_string()),
        Feature::Other(_) => ("tag", shown(&feature.to_string())),
    };
    view! { <li><span>{Feature::title(name)}</span> " " <span class=class>{tag}</span></li> }.into_any()
}

/// A feature that the license says nothing of, and that comes with its tier.
fn with_the_tier(name: &str, state: State) -> AnyView {
    let class = if state.grants() { "tag good" } else { "tag" };
    view! { <li><span>{Feature::title(name)} " " <small>"with the tier"</small></span> " " <span class=class>"granted"</span></li> }
        .into_any()
}
