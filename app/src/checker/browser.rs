//! What the checker asks of the browser. Called from events and effects alone, so never on the server.

use gloo::utils::{document, window};
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Date, Reflect, Uint8Array};
use web_sys::{Element, Event, HtmlDocument, HtmlInputElement, HtmlTextAreaElement};

use super::state::State;

/// The most that is read of a file, in bytes. A bundle has at most 64 KiB; the rest only serves to say how large a file is.
const MAX_FILE: f64 = 8.0 * 1024.0 * 1024.0;

/// The browser's clock, in seconds since 1970-01-01 UTC.
pub(crate) fn now() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a Date are within ±8.64e15")]
    let seconds = (Date::now() / 1000.0).floor() as i64;
    seconds
}

/// Follows what is dragged over the page and dropped on it, wherever that is: a file that misses the boxes would otherwise
/// make the browser leave the page.
pub(super) fn follow_drags(state: State) {
    window_event_listener(ev::dragover, move |event| {
        event.prevent_default();
        state.is_dragging.set(true);
    });
    window_event_listener(ev::dragleave, move |_| state.is_dragging.set(false));
    window_event_listener(ev::drop, move |event| state.dropped(&event));
}

/// Calls a function every minute for as long as the page is open.
pub(super) fn every_minute(call: impl FnMut() + 'static) {
    gloo::timers::callback::Interval::new(60_000, call).forget();
}

/// The text in the box that an event comes from.
pub(super) fn text_of(event: &Event) -> String {
    let area = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok());
    area.map(|area| area.value()).unwrap_or_default()
}

/// Puts the cursor into a box.
pub(super) fn focus(area: NodeRef<html::Textarea>) {
    if let Some(area) = area.get_untracked() {
        // A box that cannot be focused is no reason to stop.
        let _ = area.focus();
    }
}

/// Reads a file into a box. A file that cannot be read leaves it empty.
pub(super) fn read(file: web_sys::File, state: State, into: RwSignal<Vec<u8>>) {
    read_file(file, move |bytes| state.take(into, bytes));
}

/// Reads a file, if it is a large one its beginning. Of a file that cannot be read there are no bytes.
pub(crate) fn read_file(file: web_sys::File, then: impl FnOnce(Vec<u8>) + 'static) {
    let then: Box<dyn FnOnce(Vec<u8>)> = Box::new(then);
    let Ok(start) = file.slice_with_f64_and_f64(0.0, MAX_FILE) else { return };
    spawn_local(async move {
        let bytes = JsFuture::from(start.array_buffer()).await;
        then(bytes.map(|bytes| Uint8Array::new(&bytes).to_vec()).unwrap_or_default());
    });
}

/// Reads the file that was chosen in a file field.
pub(super) fn chosen(event: &Event, state: State, into: RwSignal<Vec<u8>>) {
    let field = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(file) = field.as_ref().and_then(chosen_file) {
        read(file, state, into);
    }
}

/// The file that was chosen in a file field, which is emptied so that the same file can be chosen again.
pub(crate) fn chosen_file(field: &Element) -> Option<web_sys::File> {
    let field = field.dyn_ref::<HtmlInputElement>()?;
    let file = field.files().and_then(|files| files.get(0));
    field.set_value("");
    file
}

/// Whether a text is on the clipboard now.
pub(crate) enum Copied {
    Yes,
    No,
}

/// Puts a text on the clipboard, by whichever of the browser's two ways there is, and says whether it worked.
pub(crate) fn copy(text: String, then: impl Fn(Copied, String) + 'static) {
    let then: Box<dyn Fn(Copied, String)> = Box::new(then);
    let navigator = window().navigator();
    // On plain http the clipboard does not exist, whatever the types say.
    let has_clipboard =
        Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|clipboard| clipboard.is_object());
    if !has_clipboard {
        let outcome = if copy_selected(&text) { Copied::Yes } else { Copied::No };
        return then(outcome, text);
    }
    spawn_local(async move {
        let written = JsFuture::from(navigator.clipboard().write_text(&text)).await;
        let outcome = if written.is_ok() || copy_selected(&text) { Copied::Yes } else { Copied::No };
        then(outcome, text);
    });
}

/// The old way: select the text in a field and ask the document to copy.
fn copy_selected(text: &str) -> bool {
    let document = document();
    let field = document.create_element("textarea").ok().and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok());
    let (Some(field), Some(body), Some(html)) = (field, document.body(), document.dyn_ref::<HtmlDocument>()) else {
        return false;
    };
    field.set_value(text);
    field.set_class_name("visually-hidden");
    let is_copied = body.append_child(&field).is_ok() && {
        field.select();
        html.exec_command("copy").unwrap_or(false)
    };
    field.remove();
    is_copied
}

/// Opens the print dialog.
pub(super) fn print() {
    let _ = window().print();
}

/// How many requests this page has made since it was loaded, in a sentence.
pub(super) fn requests() -> String {
    let Some(performance) = window().performance() else { return String::new() };
    let loaded = document_loaded();
    let entries = performance.get_entries_by_type("resource");
    let later = entries.iter().filter(|entry| {
        let start = Reflect::get(entry, &JsValue::from_str("startTime")).ok().and_then(|start| start.as_f64());
        start.is_some_and(|start| start > loaded)
    });
    match later.count() {
        1 => "1 request since this page was loaded.".to_owned(),
        count => format!("{count} requests since this page was loaded."),
    }
}

/// When the page had loaded, in milliseconds after its navigation began.
fn document_loaded() -> f64 {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
    let navigation = window().performance().map(|performance| performance.get_entries_by_type("navigation").get(0));
    let end = navigation.and_then(|entry| get(&entry, "loadEventEnd")).and_then(|end| end.as_f64());
    end.filter(|end| *end > 0.0).unwrap_or(f64::INFINITY)
}
