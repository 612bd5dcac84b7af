//! Forms that check their fields before they are sent, and are sent once.

use gloo::utils::document;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, SubmitEvent};

use super::wake::{all, find};
use crate::piece::{Piece, append};

/// The form that checks itself around an element.
fn form(inside: &Element) -> Option<Element> {
    inside.closest("form[data-checks]").ok().flatten()
}

/// Takes the checks over from the browser, which would keep a form with errors by bubbles of its own before anybody hears of it.
pub(super) fn take_over() {
    let forms = all("form[data-checks]");
    for form in &forms {
        // An attribute can always be set.
        let _ = form.set_attribute("novalidate", "");
    }
    if let (false, Some(body)) = (forms.is_empty(), document().body()) {
        let region = Piece::new("p", "visually-hidden").with("role", "status").with("data-said", "");
        append(&body, &[region]);
    }
}

/// Checks a field that is left. An empty one may yet be filled in: that is asked when the form is sent.
pub(super) fn left(field: &Element) {
    let field: &HtmlInputElement = field.unchecked_ref();
    if form(field).is_some() && field.matches("input, select, textarea").unwrap_or(false) && !field.value().is_empty() {
        check(field);
    }
}

/// Looks again at a field that was wrong.
pub(super) fn edited(field: &Element) {
    if form(field).is_some() && field.has_attribute("aria-invalid") {
        check(field.unchecked_ref());
    }
}

/// Lets a form go if all is well, once.
pub(super) fn submitted(event: &Event, form: &Element) {
    if !form.has_attribute("data-checks") {
        return;
    }
    let button = event.dyn_ref::<SubmitEvent>().and_then(SubmitEvent::submitter);
    let is_unchecked = button.as_ref().is_some_and(|button| button.has_attribute("formnovalidate"));
    let is_on_its_way = form.has_attribute("data-sent");
    let wrong = if is_unchecked || is_on_its_way { None } else { first_wrong(form) };
    if is_on_its_way || wrong.is_some() {
        event.prevent_default();
        // A field that cannot be focused is no reason to stop.
        let _ = wrong.map(|field| field.focus());
        return;
    }
    let _ = form.set_attribute("data-sent", "");
    if let Some(button) = button {
        let _ = button.set_attribute("aria-busy", "true");
        if let Some(busy) = button.get_attribute("data-busy") {
            let _ = button.set_attribute("data-idle", &button.text_content().unwrap_or_default());
            button.set_text_content(Some(&busy));
            say(&busy);
        }
    }
}

/// A page that the browser kept and shows again was left with its form on the way.
pub(super) fn shown_again() {
    for form in all("form[data-sent]") {
        let _ = form.remove_attribute("data-sent");
    }
    for button in all("form [aria-busy]") {
        let _ = button.remove_attribute("aria-busy");
        if let Some(idle) = button.get_attribute("data-idle") {
            button.set_text_content(Some(&idle));
        }
    }
}

/// Checks every field. Of those that are wrong, the first.
fn first_wrong(form: &Element) -> Option<HtmlElement> {
    let fields = form.query_selector_all("input, select, textarea").ok()?;
    let mut wrong = None;
    for index in (0..fields.length()).rev() {
        let field = fields.item(index)?.unchecked_into();
        if !check(&field) {
            wrong = Some(field.unchecked_into());
        }
    }
    wrong
}

/// Says beside a field what is wrong with it, if anything is. Every kind of field has the few members that are used here.
fn check(field: &HtmlInputElement) -> bool {
    let validity = field.validity();
    let words = if validity.valid() {
        String::new()
    } else if validity.value_missing() {
        "This is needed.".to_owned()
    } else if validity.too_short() {
        format!("At least {} characters, please.", field.get_attribute("minlength").unwrap_or_default())
    } else if field.type_() == "email" {
        "This is not an e-mail address, such as name@example.com.".to_owned()
    } else {
        field.validation_message().unwrap_or_default()
    };
    if words.is_empty() {
        let _ = field.remove_attribute("aria-invalid");
    } else {
        let _ = field.set_attribute("aria-invalid", "true");
        say(&words);
    }
    write_error(field, &words);
    words.is_empty()
}

/// Puts the words into the field's error, in the place of what the server said there.
fn write_error(field: &HtmlInputElement, words: &str) {
    let Ok(Some(around)) = field.closest(".field, .choices, .check") else { return };
    if let Ok(Some(old)) = around.query_selector(".error") {
        old.remove();
    }
    if words.is_empty() {
        return;
    }
    let (id, others) = (format!("{}-error", field.name()), field.get_attribute("aria-describedby").unwrap_or_default());
    if !others.contains(&id) {
        let _ = field.set_attribute("aria-describedby", &format!("{id} {others}"));
    }
    append(&around, &[Piece::new("small", "error").with("id", &id).text(words)]);
}

/// Says something to people who do not see the page.
fn say(words: &str) {
    if let Some(place) = find("[data-said]") {
        place.set_text_content(Some(words));
    }
}
