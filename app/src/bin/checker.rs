//! The static checker's entry: the checker component, mounted on the page.

fn main() {
    leptos::mount::mount_to_body(countersign_app::Checker);
}
