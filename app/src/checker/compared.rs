//! Two licenses side by side: what a renewal changes.

use countersign_license::{Change, Difference, Field, Policy, compare};
use leptos::prelude::*;

use super::state::Checked;
use crate::words::headline;

/// The comparison of the pasted bundle with the one in use, or what is still missing for it.
#[component]
pub(super) fn Compared(
    /// The pasted bundle.
    new: Memo<Option<Checked>>,
    /// The bundle in use.
    old: Memo<Option<Checked>>,
) -> impl IntoView {
    move || {
        let (new, old) = (new.get(), old.get());
        let (Some(new), Some(old)) = (new, old) else {
            return hint("Paste both bundles to see what the new one changes.".to_owned());
        };
        let (Some(after), Some(before)) = (&new.inspection.license, &old.inspection.license) else {
            let (which, checked) =
                if old.inspection.license.is_none() { ("bundle in use now", &old) } else { ("new bundle", &new) };
            let words = headline(&checked.inspection, &Policy::default());
            return hint(format!("The {which} cannot be compared. {}. {}", words.title, words.body));
        };
        let comparison = compare(before, after);
        let verdict =
            if comparison.is_same() { "Both bundles hold the same license." } else { "What the new bundle changes" };
        view! {
            <section class="card">
                <h2>{verdict}</h2>
                <table class="diff">
                    <thead>
                        <tr><th scope="col">"Field"</th><th scope="col">"Current"</th><th scope="col">"New"</th><th scope="col">"Change"</th></tr>
                    </thead>
                    <tbody>{comparison.fields.into_iter().map(row).collect_view()}</tbody>
                </table>
            </section>
        }
        .into_any()
    }
}

fn hint(text: String) -> AnyView {
    view! { <section class="card"><h2>"Comparison"</h2><p class="soft">{text}</p></section> }.into_any()
}

fn row(difference: Difference) -> impl IntoView {
    let Difference { field, old, new, change, note } = difference;
    let tag = match change {
        Change::Same => "",
        Change::Different => "tag known",
        Change::More => "tag good",
        Change::Less => "tag bad",
    };
    let short = |value: Option<String>| match (&field, value) {
        (_, None) => "–".to_owned(),
        (Field::Key, Some(fingerprint)) => {
            format!("{} …", fingerprint.get(..16).unwrap_or_default().to_ascii_uppercase())
        }
        (_, Some(value)) => value,
    };
    let (old, new) = (short(old), short(new));
    view! {
        <tr class:changed=change != Change::Same>
            <th scope="row">{field.title()}</th>
            <td><bdi>{old}</bdi></td>
            <td><bdi>{new}</bdi></td>
            <td>{(change != Change::Same).then(|| view! { <span class=tag>{note}</span> })}</td>
        </tr>
    }
}
