//! The islands' entry: wakes what is alive in the server's pages.

use countersign_app as _;

fn main() {
    leptos::mount::hydrate_islands();
}
