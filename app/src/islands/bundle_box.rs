//! A box for a bundle in a form: files fill it, and each change is judged at once.

use countersign_license::{Policy, inspect};
use wasm_bindgen::JsCast as _;
use web_sys::{DragEvent, Element, Event, HtmlInputElement, HtmlTextAreaElement};

use super::wake::find;
use crate::checker::browser;
use crate::checker::{report, shown};
use crate::piece::replace;
use crate::words::facts;

fn around(element: &Element) -> Option<Element> {
    element.closest("[data-bundle]").ok().flatten()
}

/// Where something goes that is dropped on an element: into the box around it, else the first box of the page. A text may
/// also be dragged into any other field.
fn place(target: Option<&Element>) -> Option<Element> {
    match target.and_then(around) {
        None if target.is_some_and(|target| target.matches("input, textarea").unwrap_or(false)) => None,
        None => find("[data-bundle]"),
        found => found,
    }
}

fn area(place: &Element) -> Option<HtmlTextAreaElement> {
    place.query_selector("textarea").ok()??.dyn_into().ok()
}

/// Says below the box what is in it: the verdict, and everything else where there is a place for it.
pub(super) fn judge(place: &Element) {
    let (Some(area), Ok(Some(below))) = (area(place), place.query_selector("[data-verdict]")) else { return };
    let (text, policy, now) = (area.value(), Policy::default(), browser::now());
    let (mut pieces, mut found) = (Vec::new(), Vec::new());
    if !text.trim_ascii().is_empty() {
        let inspection = inspect(text.as_bytes(), &policy, now);
        pieces.push(report::verdict(&inspection, &policy));
        if let Some(license) = &inspection.license {
            // The verdict asks to compare it.
            pieces.extend(inspection.key.map(report::fingerprint));
            found.push(report::facts_list(facts(license.claims(), now)));
        }
        found.push(report::ladder(&inspection.checks));
    }
    replace(&below, &pieces);
    if let Ok(Some(place)) = place.query_selector("[data-found]") {
        replace(&place, &found);
    }
    if let Ok(Some(seen)) = place.query_selector("[name=seen]") {
        // Facts and ladder stand there for a license alone.
        seen.unchecked_ref::<HtmlInputElement>().set_value(if found.len() > 1 { "1" } else { "" });
    }
}

/// Looks again at a box that was typed into.
pub(super) fn edited(field: &Element) {
    if let Some(place) = around(field).filter(|_| field.tag_name() == "TEXTAREA") {
        judge(&place);
    }
}

/// Takes the file that was chosen, and empties the field so that the same file can be chosen again.
pub(super) fn chosen(field: &Element) {
    let Some(place) = around(field) else { return };
    if let Some(file) = browser::chosen_file(field) {
        read(place, file);
    }
}

/// Files over the page: shows where they would go, and keeps the browser from leaving the page for them.
pub(super) fn dragged(event: &Event, target: Option<&Element>, is_over: bool) {
    let Some(place) = place(target) else { return };
    event.prevent_default();
    // An attribute can always be set.
    let _ = if is_over { place.set_attribute("data-dragging", "") } else { place.remove_attribute("data-dragging") };
}

/// Takes a file or a text that was dropped.
pub(super) fn dropped(event: &Event, target: Option<&Element>) {
    dragged(event, target, false);
    let data = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer);
    let (Some(place), Some(data)) = (place(target), data) else { return };
    match data.files().and_then(|files| files.get(0)) {
        Some(file) => read(place, file),
        None => take(&place, &data.get_data("text").unwrap_or_default()),
    }
}

fn read(place: Element, file: web_sys::File) {
    browser::read_file(file, move |bytes| take(&place, &shown(&bytes)));
}

fn take(place: &Element, text: &str) {
    if let Some(area) = area(place).filter(|_| !text.is_empty()) {
        area.set_value(text);
        judge(place);
    }
}
