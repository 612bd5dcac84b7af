//! One listener for everything on the page.

use gloo::utils::{document, window};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::js_sys::Reflect;
use web_sys::{Element, Event, HtmlInputElement};

use super::{bundle_box, form};
use crate::checker::browser::{self, Copied};

const EVENTS: [&str; 9] =
    ["click", "change", "input", "focusout", "submit", "dragover", "dragleave", "drop", "pageshow"];

/// Wakes what the page has of these: call it once, when the page is there.
pub fn wake() {
    // Not FnMut: moving the focus while a form is judged makes a further event.
    let listener = Closure::<dyn Fn(Event)>::new(heard).into_js_value();
    for event in EVENTS {
        // The window takes every listener.
        let _ = window().add_event_listener_with_callback(event, listener.unchecked_ref());
    }
    form::take_over();
    all("[data-bundle]").iter().for_each(bundle_box::judge);
    take_hash();
}

/// The first element that a selector finds in the page.
pub(super) fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// All elements that a selector finds in the page.
pub(super) fn all(selector: &str) -> Vec<Element> {
    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

fn heard(event: Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let around = |selector| target.as_ref().and_then(|target| target.closest(selector).ok().flatten());
    match (event.type_().as_str(), &target) {
        ("pageshow", _) => form::shown_again(),
        ("dragover", _) => bundle_box::dragged(&event, target.as_ref(), true),
        ("dragleave", _) => bundle_box::dragged(&event, target.as_ref(), false),
        ("drop", _) => bundle_box::dropped(&event, target.as_ref()),
        ("click", _) => around("[data-copy]").map(copy).unwrap_or_default(),
        ("submit", Some(form)) => form::submitted(&event, form),
        ("focusout", Some(field)) => form::left(field),
        ("change", Some(field)) => bundle_box::chosen(field),
        ("input", Some(field)) => {
            bundle_box::edited(field);
            form::edited(field);
        }
        _ => {}
    }
}

/// Copies what a button stands for, and says so behind it.
fn copy(button: Element) {
    let Some(from) = button.get_attribute("data-copy").and_then(|selector| find(&selector)) else { return };
    // Of all elements those with a value are fields.
    let text = Reflect::get(&from, &JsValue::from_str("value")).ok().and_then(|value| value.as_string());
    let text = text.or_else(|| from.text_content()).unwrap_or_default();
    browser::copy(text, move |outcome, _| {
        let words = match outcome {
            Copied::Yes => "Copied.",
            Copied::No => "This browser does not let the page copy. Select the text and copy it.",
        };
        if let Some(place) = button.next_element_sibling() {
            place.set_text_content(Some(words));
        }
    });
}

/// Moves what stands behind the `#` of the address into its field. It never leaves the browser by itself, and does not stay in
/// the address.
fn take_hash() {
    let Some(field) = find("[data-from-hash]") else { return };
    let (field, location): (HtmlInputElement, _) = (field.unchecked_into(), window().location());
    let hash = location.hash().unwrap_or_default();
    let code = hash.trim_start_matches('#');
    // "Skip to content" leaves a place of the page there.
    if code.is_empty() || document().get_element_by_id(code).is_some() {
        return;
    }
    if field.value().is_empty() {
        field.set_value(code);
    }
    let address = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    if let Ok(history) = window().history() {
        // An address of the same page is never refused.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
