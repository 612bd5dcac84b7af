//! What every page has around it.

use leptos::prelude::*;

use crate::Paths;

/// The icon as part of the page: browsers fetch icons when they like, and the checker makes no request once it is there.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22' fill='none' \
                    stroke='%234d7cc4' stroke-width='2'%3E%3Ccircle cx='11' cy='11' r='9'/%3E%3Cpath d='M6.5 11.5l3 3 6-7'/%3E%3C/svg%3E";

/// A page as a document: `<!doctype html>` and all.
pub(super) fn document<V: IntoView>(
    paths: &Paths,
    title: &'static str,
    description: &'static str,
    main: impl FnOnce() -> V,
) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        let style = paths.pkg("main.css");
        let script = paths.pkg("islands.js");
        let home = paths.home();
        view! {
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <title>{title}</title>
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <meta name="description" content=description />
                    <link rel="icon" href=ICON type="image/svg+xml" />
                    <link rel="stylesheet" href=style />
                    <script src=script defer></script>
                </head>
                <body>
                    <a class="skip" href="#main">"Skip to content"</a>
                    <header class="bar">
                        <a class="mark" href=home>
                            <svg width="22" height="22" viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
                                <circle cx="11" cy="11" r="9"></circle>
                                <path d="M6.5 11.5l3 3 6-7"></path>
                            </svg>
                            "Countersign"
                        </a>
                    </header>
                    <main id="main" class="page stack">{main()}</main>
                </body>
            </html>
        }
        .to_html()
    });
    format!("<!doctype html>{html}")
}
