//! The static checker's entry: the checker component, mounted in the page.

fn main() {
    if let Some(place) = gloo::utils::document().get_element_by_id("checker") {
        use leptos::wasm_bindgen::JsCast as _;
        leptos::mount::mount_to(place.unchecked_into(), countersign_app::Checker).forget();
    }
}
