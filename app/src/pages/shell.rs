//! What every page has around it.

use leptos::prelude::*;

use super::banner::banners;
use crate::{Paths, Role, Step, Viewer, Visit};

/// The icon as part of the page: browsers fetch icons when they like, and the checker makes no request once it is there.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22' fill='none' \
                    stroke='%234d7cc4' stroke-width='2'%3E%3Ccircle cx='11' cy='11' r='9'/%3E%3Cpath d='M6.5 11.5l3 3 6-7'/%3E%3C/svg%3E";

/// Pages fade into one another. This stands in the page itself: a browser that looks before the style sheet has come takes the
/// page for one that does not want it, breaks the transition off and calls that an error (seen in Chromium 156).
const TRANSITION: &str = "@media (prefers-reduced-motion: no-preference) { @view-transition { navigation: auto } }";

/// The pages of the settings: path below the settings, name, and the least role that sees them.
const SETTINGS: [(&str, &str, Role); 7] = [
    ("license", "License", Role::Member),
    ("organization", "Organization", Role::Member),
    ("email", "E-mail", Role::OrgAdmin),
    ("network", "Network", Role::OrgAdmin),
    ("users", "Users", Role::OrgAdmin),
    ("sessions", "Sessions", Role::Member),
    ("audit", "Audit log", Role::OrgAdmin),
];

/// A page of one column.
pub(crate) fn document<V: IntoView>(
    visit: &Visit,
    title: &str,
    description: &'static str,
    main: impl FnOnce() -> V,
) -> String {
    let banners = banners(visit);
    Shell::of(visit, title, description)
        .render(|| view! { {banners} <main id="main" class="page stack">{main()}</main> })
}

/// A page that needs no visit, so that it can be had while nothing else is to be had.
pub(crate) fn bare<V: IntoView>(
    paths: &Paths,
    nonce: &str,
    title: &str,
    description: &'static str,
    main: impl FnOnce() -> V,
) -> String {
    let shell = Shell {
        paths,
        nonce,
        viewer: None,
        has_analytics: false,
        mark: Mark::Product,
        title: title.to_owned(),
        description,
    };
    shell.render(|| view! { <main id="main" class="page stack">{main()}</main> })
}

/// A step of the wizard. `reached` is the first step that is not done: those before it, and it, are links.
pub(crate) fn wizard<V: IntoView>(
    visit: &Visit,
    step: Step,
    reached: Step,
    title: &str,
    main: impl FnOnce() -> V,
) -> String {
    let mut shell = Shell::of(visit, title, "Set up the platform, step by step.");
    shell.mark = Mark::Wizard;
    let steps = Step::ALL.map(|each| {
        let current = (each == step).then_some("step");
        let class = (each < reached && each != step).then_some("done");
        let href = (each <= reached && each != step).then(|| visit.paths.setup_step(each));
        let name = match href {
            Some(href) => view! { <a href=href>{each.title()}</a> }.into_any(),
            None => view! { <span>{each.title()}</span> }.into_any(),
        };
        let told = class.map(|_| view! { <span class="visually-hidden">", done"</span> });
        view! { <li class=class aria-current=current>{name}{told}</li> }
    });
    shell.render(|| {
        view! {
            <main id="main" class="page stack">
                <nav aria-label="Steps">
                    <ol class="steps">{steps.collect_view()}</ol>
                </nav>
                {main()}
            </main>
        }
    })
}

/// A page of the settings, named as in [`Paths::settings_page`], beside the list of all of them.
pub(crate) fn settings<V: IntoView>(
    visit: &Visit,
    page: &str,
    title: &str,
    description: &'static str,
    main: impl FnOnce() -> V,
) -> String {
    let role = visit.viewer.as_ref().map_or(Role::Member, |viewer| viewer.role);
    let links = SETTINGS.into_iter().filter(|(_, _, least)| role >= *least).map(|(path, name, _)| {
        let current = if path == page {
            Some("page")
        } else {
            // A page below another one, such as `license/update`.
            page.split('/').next().filter(|above| *above == path).map(|_| "true")
        };
        view! { <a href=visit.paths.settings_page(path) aria-current=current>{name}</a> }
    });
    let banners = banners(visit);
    Shell::of(visit, title, description).render(|| {
        view! {
            {banners}
            <div class="split">
                <nav class="side" aria-label="Settings">{links.collect_view()}</nav>
                <main id="main" class="stack">{main()}</main>
            </div>
        }
    })
}

/// What stands in the corner of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Product,
    Wizard,
}

struct Shell<'a> {
    paths: &'a Paths,
    nonce: &'a str,
    viewer: Option<&'a Viewer>,
    has_analytics: bool,
    mark: Mark,
    title: String,
    description: &'static str,
}

impl<'a> Shell<'a> {
    fn of(visit: &'a Visit, title: &str, description: &'static str) -> Self {
        let mark = if visit.returned.errors.is_empty() { "" } else { "Error: " };
        Self {
            paths: &visit.paths,
            nonce: &visit.nonce,
            viewer: visit.viewer.as_ref(),
            has_analytics: visit.has_analytics,
            mark: Mark::Product,
            title: format!("{mark}{title}"),
            description,
        }
    }

    /// The document: `<!doctype html>` and all.
    fn render<V: IntoView>(self, body: impl FnOnce() -> V) -> String {
        let html = Owner::new().with(|| {
            let (title, description) = (format!("{} · Countersign", self.title), self.description);
            let (style, script) = (self.paths.pkg("main.css"), self.paths.pkg("islands.js"));
            let nonce = (!self.nonce.is_empty()).then(|| self.nonce.to_owned());
            let transition = nonce.clone().map(|nonce| view! { <style nonce=nonce>{TRANSITION}</style> });
            let header = self.header();
            view! {
                <html lang="en">
                    <head>
                        <meta charset="utf-8" />
                        <title>{title}</title>
                        <meta name="viewport" content="width=device-width, initial-scale=1" />
                        <meta name="color-scheme" content="light dark" />
                        <meta name="description" content=description />
                        <link rel="icon" href=ICON type="image/svg+xml" />
                        {transition}
                        <link rel="stylesheet" href=style />
                        <script src=script defer nonce=nonce></script>
                    </head>
                    <body>
                        <a class="skip" href="#main">"Skip to content"</a>
                        {header}
                        {body()}
                    </body>
                </html>
            }
            .to_html()
        });
        format!("<!doctype html>{html}")
    }

    fn header(&self) -> impl IntoView + use<> {
        let icon = view! {
            <svg width="22" height="22" viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
                <circle cx="11" cy="11" r="9"></circle>
                <path d="M6.5 11.5l3 3 6-7"></path>
            </svg>
        };
        let mark = match self.mark {
            Mark::Product => view! { <a class="mark" href=self.paths.home()>{icon}"Countersign"</a> }.into_any(),
            Mark::Wizard => view! { <span class="mark">{icon}"Set up your platform"</span> }.into_any(),
        };
        let is_at_home = self.mark == Mark::Product;
        let account = self.viewer.map(|viewer| {
            let settings = is_at_home.then(|| view! { <a href=self.paths.settings()>"Settings"</a> });
            let analytics = (is_at_home && self.has_analytics)
                .then(|| view! { <a href=self.paths.analytics()>"Analytics"</a> " " });
            view! {
                <nav aria-label="Account">
                    {analytics} {settings} <span class="who">{viewer.name.clone()}</span>
                    <form method="post" action=self.paths.api("auth/sign-out")>
                        <button class="link" type="submit">"Sign out"</button>
                    </form>
                </nav>
            }
        });
        view! { <header class="bar">{mark}{account}</header> }
    }
}
