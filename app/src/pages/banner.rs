//! What is to be told about the license, as strips above a page.

use countersign_license::{Level, Notice};
use leptos::prelude::*;

use super::form::hidden;
use super::standing::write_to;
use crate::{Told, Visit};

/// The banners of a visit; nothing where there is nothing to tell.
pub(super) fn banners(visit: &Visit) -> Option<AnyView> {
    let banners: Vec<AnyView> =
        visit.banners.iter().filter_map(|told| Some(banner(visit, told, told.notice?))).collect();
    let are_there = !banners.is_empty();
    are_there.then(|| view! { <section class="banners" aria-label="About the license">{banners}</section> }.into_any())
}

fn banner(visit: &Visit, told: &Told, notice: Notice) -> AnyView {
    let level = notice.level();
    // Told at once only where waiting costs something.
    let role = if level == Level::Critical { "alert" } else { "status" };
    let body = told.body();
    let body = (!body.is_empty()).then(|| view! { <p>{body}</p> });
    let is_admin = visit.viewer.as_ref().is_some_and(|viewer| viewer.role.is_admin());
    let settings = is_admin.then(|| view! { <a href=visit.paths.settings_page("license")>"Settings, License"</a> });
    let dismiss = notice.is_dismissible().then(|| {
        view! {
            <form method="post" action=visit.paths.api("license/dismiss")>
                {hidden("notice", notice.name())}
                <button class="link" type="submit">
                    "Dismiss" <span class="visually-hidden">": " {told.title.clone()}</span>
                </button>
            </form>
        }
    });
    let ways = (is_admin || notice.is_dismissible()).then(|| view! { <div class="row">{settings} {dismiss}</div> });
    view! {
        <div class=format!("banner {}", level.name()) role=role>
            <p class="what">
                <span class="level">{word(level)}</span>
                " "
                <strong>{told.title.clone()}</strong>
            </p>
            {body}
            {told.contact.as_ref().map(write_to)}
            {ways}
        </div>
    }
    .into_any()
}

/// The level as a word, for whoever does not see its color.
fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "Note",
        Level::Warning => "Warning",
        Level::Prominent => "Important",
        Level::Critical => "Urgent",
    }
}
