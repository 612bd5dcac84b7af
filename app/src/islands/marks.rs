//! The server's half: elements with the attributes that `wake` looks for. They can be written by hand just as well.
//!
//! | attribute | on | what happens in the browser |
//! |---|---|---|
//! | `data-bundle` | an element around one `<textarea>` | each change is judged at once, into the `[data-verdict]` inside it; `<input type="file">` inside it and files dropped on the page fill the box. A `[data-found]` inside it gets what was found, and a field named `seen` says `1` once that is a license |
//! | `data-copy="#id"` | `<button type="button">` | a click copies the value or text of that element, and says so in the `[role=status]` right behind the button |
//! | `data-checks` | `<form>` | its fields are checked as they are left and on submit, see below |
//! | `data-busy="Saving…"` | a submit button in such a form | what it says while the form is on its way. Without it, it keeps its text |
//! | `data-from-hash` | `<input>` | takes the address's `#…` while it is empty; the `#…` goes from the address bar and the history |
//! | `class="needs-script"` | anything | hidden until scripts run |
//!
//! Awake, the page has `<html data-wasm="ready">`.
//!
//! A form with `data-checks` checks each field by the constraints in its attributes (`required`, `minlength`,
//! `type="email"`, …) when it is left with something in it, and all of them when the form is sent: a form with errors stays,
//! with the first wrong field focused. What is wrong stands in a `<small class="error" id="NAME-error">` at the end of the
//! `.field`, `.choices` or `.check` around the field, in the place of what the server said there; the field has
//! `aria-invalid="true"` for as long as it is wrong. A submit button with `formnovalidate` (Back, Skip) sends without checks.
//! Once the form is on its way, its button has `aria-busy`, and a second click does nothing.

use leptos::prelude::*;

use crate::piece::escape;

/// A box for a license bundle in a form: a textarea named `bundle`, which submits with the form like any other.
///
/// In the browser files can be dropped on the page or chosen, and the verdict stands below at once. It is the browser's own:
/// the server judges again, with its own list of keys.
#[component]
pub fn BundleBox(
    /// The label: `License bundle`.
    #[prop(into)]
    label: String,
    /// What was typed before, or nothing.
    #[prop(into, optional)]
    value: String,
    /// Whether the server refused that.
    #[prop(optional)]
    invalid: bool,
    /// The ids of what describes the box further, separated by spaces, or nothing: its help and its error.
    #[prop(into, optional)]
    described_by: String,
    /// Whether the form may go without a bundle.
    #[prop(optional)]
    optional: bool,
    /// Whether everything that was found stands below, not the verdict alone. The form then says `seen=1`.
    #[prop(optional)]
    details: bool,
    /// What stands below the box, or nothing: its error and its help.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    // A browser takes one line break right behind the tag for none.
    let mut html = if value.starts_with('\n') { "\n".to_owned() } else { String::new() };
    // Leptos writes the text inside a textarea as it is, markup and all.
    escape(&value, &mut html);
    view! {
        <div class="field" data-bundle>
            <label for="bundle">{label}</label>
            <textarea
                id="bundle"
                name="bundle"
                class="drop"
                rows="7"
                required=!optional
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                placeholder="{ \"jwt\": \"…\", \"publicKey\": \"…\" }"
                aria-invalid=invalid.then_some("true")
                aria-describedby=(!described_by.is_empty()).then_some(described_by)
                inner_html=html
            ></textarea>
            {children.map(|children| children())}
            <label class="link file needs-script">
                "Choose a file"
                <input type="file" class="visually-hidden" accept=".json,.txt,.jwt,application/json,text/plain" />
            </label>
            <div role="status" data-verdict></div>
            {details.then(|| view! { <input type="hidden" name="seen" /> <div class="stack" data-found></div> })}
        </div>
    }
}

/// A button that copies the value or the text of an element of the page, and the place where it says so.
#[component]
pub fn CopyButton(
    /// The selector of the element: `#invite-link`.
    #[prop(into)]
    of: String,
    /// What the button says: `Copy link`.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <button type="button" class="btn quiet needs-script" data-copy=of>
            {label}
        </button>
        <span class="soft" role="status"></span>
    }
}

#[cfg(test)]
mod tests {
    use leptos::prelude::*;

    use super::{BundleBox, CopyButton};

    fn bundle_box(value: &str, invalid: bool) -> String {
        let value = value.to_owned();
        view! { <BundleBox label="License bundle" value invalid described_by="bundle-error" /> }.to_html()
    }

    #[test]
    fn the_box_holds_what_was_typed_before_as_text() {
        let html = bundle_box("</textarea><script>\"&", true);
        assert!(html.contains(">&lt;/textarea&gt;&lt;script&gt;&quot;&amp;</textarea>"), "{html}");
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("aria-describedby=\"bundle-error\""), "{html}");
    }

    #[test]
    fn nothing_stands_in_an_empty_box() {
        let html = bundle_box("", false);
        assert!(html.contains("></textarea>"), "{html}");
        assert!(!html.contains("aria-invalid"), "{html}");
    }

    #[test]
    fn the_first_line_break_of_a_value_is_not_lost() {
        assert!(bundle_box("\n{}", false).contains(">\n\n{}</textarea>"));
    }

    #[test]
    fn the_marks_are_those_that_the_browser_looks_for() {
        let html = view! { <CopyButton of="#link" label="Copy link" /> }.to_html();
        assert!(html.contains("data-copy=\"#link\""), "{html}");
        // The place for "Copied." comes right behind the button.
        assert!(html.contains("</button><span role=\"status\""), "{html}");
    }
}
