//! What the checker holds while the page is open. None of it outlives the page.

use countersign_license::{Bundle, Inspection, Policy, Verdict, inspect};
use leptos::ev;
use leptos::prelude::*;

use super::browser::{self, Copied, copy, now};
use crate::words::summary;

/// The checker's signals.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// What was pasted, dropped or chosen. Bytes, because a file need not be text.
    pub(super) input: RwSignal<Vec<u8>>,
    /// The bundle in use now, to compare with.
    pub(super) current: RwSignal<Vec<u8>>,
    /// The key for a bare token.
    pub(super) key: RwSignal<String>,
    /// Whether there is a second box.
    pub(super) is_comparing: RwSignal<bool>,
    /// Whether a file hovers over the page.
    pub(super) is_dragging: RwSignal<bool>,
    /// What the last action did, in a sentence.
    pub(super) notice: RwSignal<String>,
    /// A text that the page was not allowed to copy.
    pub(super) to_copy_by_hand: RwSignal<String>,
    /// Counts the times that the clock was looked at.
    looks: RwSignal<u32>,
}

/// An input and what was found out about it, as of an instant.
#[derive(Clone)]
pub(super) struct Checked {
    /// What was found out.
    pub(super) inspection: Inspection,
    /// When, in seconds.
    pub(super) now: i64,
}

fn check(text: &[u8]) -> Checked {
    let now = now();
    Checked { inspection: inspect(text, &Policy::default(), now), now }
}

/// What stands in a box for these bytes.
#[expect(clippy::ptr_arg, reason = "called through a signal of a vector")]
pub(super) fn text(bytes: &Vec<u8>) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a token was pasted without its key.
pub(super) fn is_bare(checked: Memo<Option<Checked>>) -> bool {
    checked.with(|checked| checked.as_ref().is_some_and(|checked| checked.inspection.verdict == Verdict::Unverified))
}

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
            looks: RwSignal::default(),
        }
    }

    /// What is to be said about the first box. Looking again is always a change: the clock has moved.
    pub(super) fn checked(self) -> Memo<Option<Checked>> {
        self.inspected(self.input)
    }

    /// What is to be said about the second box.
    pub(super) fn other(self) -> Memo<Option<Checked>> {
        self.inspected(self.current)
    }

    fn inspected(self, input: RwSignal<Vec<u8>>) -> Memo<Option<Checked>> {
        let look = move |_: Option<&Option<Checked>>| {
            self.looks.track();
            input.with(|bytes| (!bytes.trim_ascii().is_empty()).then(|| check(bytes)))
        };
        Memo::new_with_compare(look, |_, _| true)
    }

    /// A bare token is looked at together with the key from its own box, as soon as there is one.
    pub(super) fn with_key(self, checked: Memo<Option<Checked>>) -> Memo<Option<Checked>> {
        let look = move |_: Option<&Option<Checked>>| {
            let public_key = self.key.get();
            if !is_bare(checked) || public_key.trim().is_empty() {
                return checked.get();
            }
            let jwt = self.input.with(text).trim().to_owned();
            Some(check(Bundle { jwt, public_key }.to_json().as_bytes()))
        };
        Memo::new_with_compare(look, |_, _| true)
    }

    /// Looks at the clock again.
    pub(super) fn look_again(self) {
        self.looks.update(|looks| *looks = looks.wrapping_add(1));
    }

    /// Takes new content into a box.
    pub(super) fn take(self, into: RwSignal<Vec<u8>>, bytes: Vec<u8>) {
        self.notice.set(String::new());
        self.to_copy_by_hand.set(String::new());
        into.set(bytes);
    }

    /// Takes what was dropped: a file, a second file to compare with, or text.
    pub(super) fn dropped(self, event: &ev::DragEvent) {
        event.prevent_default();
        self.is_dragging.set(false);
        let Some(data) = event.data_transfer() else { return };
        let files = data.files();
        let file = |index| files.as_ref().and_then(|files| files.get(index));
        if let Some(new) = file(0) {
            browser::read(new, move |bytes| self.take(self.input, bytes));
        } else if let Ok(text) = data.get_data("text") {
            self.take(self.input, text.into_bytes());
        }
        if let Some(old) = file(1) {
            self.is_comparing.set(true);
            browser::read(old, move |bytes| self.take(self.current, bytes));
        }
    }

    /// Puts the summary for a support ticket on the clipboard.
    pub(super) fn copy_summary(self, shown: Memo<Option<Checked>>) {
        if let Some(Checked { inspection, now }) = shown.get_untracked() {
            self.copy(
                summary(&inspection, &Policy::default(), now),
                "Summary copied. It holds neither the token nor the signature.",
            );
        }
    }

    /// Puts a text on the clipboard and says so, or shows it for copying by hand.
    pub(super) fn copy(self, text: String, done: &'static str) {
        copy(text, move |outcome, text| match outcome {
            Copied::Yes => self.notice.set(done.to_owned()),
            Copied::No => {
                self.notice
                    .set("This browser does not let the page copy. Select the text below and copy it.".to_owned());
                self.to_copy_by_hand.set(text);
            }
        });
    }

    /// Forgets everything.
    pub(super) fn clear(self) {
        self.take(self.input, Vec::new());
        self.take(self.current, Vec::new());
        self.key.set(String::new());
        self.is_comparing.set(false);
        self.notice.set("Cleared.".to_owned());
    }
}
