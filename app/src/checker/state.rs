//! What the checker holds while the page is open. None of it outlives the page.

use countersign_license::{Bundle, Inspection, License, Policy, Verdict, inspect};
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::Element;

use super::browser::{self, Copied, copy, now};
use super::compared::comparison;
use super::report::{details, foot, verdict};
use crate::piece::{Piece, replace};
use crate::words::summary;

/// The checker's signals.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// What was pasted, dropped or chosen. Bytes, because a file need not be text.
    pub(super) input: RwSignal<Vec<u8>>,
    /// The bundle in use now, to compare with.
    pub(super) current: RwSignal<Vec<u8>>,
    /// The key for a bare token.
    pub(super) key: RwSignal<Vec<u8>>,
    /// Whether there is a second box.
    pub(super) is_comparing: RwSignal<bool>,
    /// Whether a file hovers over the page.
    pub(super) is_dragging: RwSignal<bool>,
    /// What the last action did, in a sentence.
    pub(super) notice: RwSignal<&'static str>,
    /// A text that the page was not allowed to copy.
    pub(super) to_copy_by_hand: RwSignal<Vec<u8>>,
    /// Whether a token was pasted without its key.
    pub(super) is_bare: RwSignal<bool>,
    /// What the page shows now, so that it is touched only where something changes.
    showing: StoredValue<[Vec<Piece>; 4]>,
}

/// The places that follow the input: verdict, details, comparison, foot.
pub(super) type Places = [NodeRef<html::Div>; 4];

impl State {
    pub(super) fn new() -> Self {
        Self {
            input: RwSignal::default(),
            current: RwSignal::default(),
            key: RwSignal::default(),
            is_comparing: RwSignal::default(),
            is_dragging: RwSignal::default(),
            notice: RwSignal::default(),
            to_copy_by_hand: RwSignal::default(),
            is_bare: RwSignal::default(),
            showing: StoredValue::default(),
        }
    }

    /// What the first box is judged under: while two bundles are compared, the key of the one in use is a known key.
    fn policy(self, old: Option<&Inspection>) -> Policy {
        let license = old.and_then(|old| old.license.as_ref()).filter(|_| self.is_comparing.get_untracked());
        Policy { installed: license.map(License::key), ..Policy::default() }
    }

    /// What is to be said about the first box, and whether a bare token is in it. Such a token is looked at together with the
    /// key from its own box, once there is one.
    fn inspected(self, now: i64, policy: &Policy) -> (Option<Inspection>, bool) {
        let alone = look(&self.input.read(), now, policy);
        let is_bare = alone.as_ref().is_some_and(|alone| alone.verdict == Verdict::Unverified);
        let public_key = text(&self.key.read());
        if !is_bare || public_key.trim().is_empty() {
            return (alone, is_bare);
        }
        let jwt = text(&self.input.read()).trim().to_owned();
        (look(Bundle { jwt, public_key }.to_json().as_bytes(), now, policy), is_bare)
    }

    /// Looks at everything again and shows what came out. An effect: it follows the boxes and the clock.
    pub(super) fn show(self, places: Places) {
        let now = now();
        let old = look(&self.current.read(), now, &Policy::default());
        let policy = self.policy(old.as_ref());
        let (inspection, is_bare) = self.inspected(now, &policy);
        let pieces = [
            inspection.iter().map(|inspection| verdict(inspection, &policy)).collect(),
            inspection.as_ref().map(|inspection| details(inspection, now)).unwrap_or_default(),
            self.is_comparing
                .get()
                .then(|| comparison(inspection.as_ref(), old.as_ref(), &policy))
                .into_iter()
                .collect(),
            foot(browser::requests(), now),
        ];
        if self.is_bare.get_untracked() != is_bare {
            self.is_bare.set(is_bare);
        }
        let before = self.showing.get_value();
        for ((place, pieces), before) in places.iter().zip(&pieces).zip(&before) {
            if let (Some(place), true) = (place.get(), pieces != before) {
                replace(&place, pieces);
            }
        }
        self.showing.set_value(pieces);
    }

    /// Looks at the clock again.
    pub(super) fn look_again(self) {
        self.input.update(|_| {});
    }

    /// Takes new content into a box.
    pub(super) fn take(self, into: RwSignal<Vec<u8>>, bytes: Vec<u8>) {
        self.notice.set("");
        self.to_copy_by_hand.set(Vec::new());
        into.set(bytes);
    }

    /// Takes what was dropped: a file or text, into the box it was dropped on or else the first, and a second file to compare with.
    pub(super) fn dropped(self, event: &ev::DragEvent) {
        event.prevent_default();
        self.is_dragging.set(false);
        let Some(data) = event.data_transfer() else { return };
        let files = data.files();
        let file = |index| files.as_ref().and_then(|files| files.get(index));
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let into = match target.map(|target| target.id()).as_deref() {
            Some("current") => self.current,
            Some("key") => self.key,
            _ => self.input,
        };
        if let Some(first) = file(0) {
            browser::read(first, self, into);
        } else if let Some(text) = data.get_data("text").ok().filter(|text| !text.is_empty()) {
            self.take(into, text.into_bytes());
        }
        if let Some(old) = file(1) {
            self.is_comparing.set(true);
            browser::read(old, self, self.current);
        }
    }

    /// Does what the clicked button stands for. One listener for all buttons, those in the report among them.
    pub(super) fn act(self, event: &ev::MouseEvent, area: NodeRef<html::Textarea>) {
        let button = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(action) = button.and_then(|button| button.get_attribute("data-do")) else { return };
        match action.as_str() {
            "compare" => self.is_comparing.update(|is| *is = !*is),
            "print" => browser::print(),
            "clear" => {
                self.clear();
                browser::focus(area);
            }
            action => self.act_on_inspection(action),
        }
    }

    fn act_on_inspection(self, action: &str) {
        let now = now();
        let policy = self.policy(look(&self.current.read(), now, &Policy::default()).as_ref());
        let (Some(inspection), _) = self.inspected(now, &policy) else { return };
        match (action, &inspection.repaired, inspection.key) {
            ("repair", Some(bundle), _) => self.take(self.input, bundle.to_json().into_bytes()),
            ("fingerprint", _, Some(key)) => self.copy(key.sha256.to_string(), "Fingerprint copied."),
            ("summary", ..) => {
                let text = summary(&inspection, &policy, now);
                self.copy(text, "Summary copied. It holds neither the token nor the signature.");
            }
            _ => {}
        }
    }

    /// Puts a text on the clipboard and says so, or shows it for copying by hand.
    fn copy(self, text: String, done: &'static str) {
        copy(text, move |outcome, text| match outcome {
            Copied::Yes => self.notice.set(done),
            Copied::No => {
                self.notice.set("This browser does not let the page copy. Select the text below and copy it.");
                self.to_copy_by_hand.set(text.into_bytes());
            }
        });
    }

    /// Forgets everything.
    pub(super) fn clear(self) {
        for signal in [self.input, self.current, self.key] {
            self.take(signal, Vec::new());
        }
        self.is_comparing.set(false);
        self.notice.set("Cleared.");
    }
}

/// Inspects what is in a box, if anything is.
fn look(bytes: &[u8], now: i64, policy: &Policy) -> Option<Inspection> {
    (!bytes.trim_ascii().is_empty()).then(|| inspect(bytes, policy, now))
}

/// The most that a box shows, in bytes. Laying out megabytes takes seconds, and no bundle is longer than half of this.
const MAX_SHOWN: usize = 128 * 1024;

/// What stands in a box for these bytes: their beginning, if there are very many.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..MAX_SHOWN).unwrap_or(bytes)).into_owned()
}
