//! The islands' entry: wakes what is alive in the server's pages.

fn main() {
    leptos::mount::hydrate_islands();
    countersign_app::wake();
}
