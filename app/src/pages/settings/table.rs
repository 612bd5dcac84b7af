//! Tables whose rows become blocks on a narrow screen.

use countersign_license::Utc;
use leptos::prelude::*;

/// A table with a caption that is heard, not seen. The first cell of a row is its heading.
///
/// Rows that are laid out as blocks are no rows any more to some screen readers, so the roles are spelled out; and the
/// style sheet puts each column's name before its cells there.
pub(in crate::pages) fn table(
    caption: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<AnyView>>,
) -> AnyView {
    let columns: Vec<AnyView> =
        heads.iter().map(|head| view! { <th role="columnheader" scope="col">{*head}</th> }.into_any()).collect();
    let rows: Vec<AnyView> = rows.into_iter().map(|cells| row(heads, cells)).collect();
    view! {
        <table class="rows" role="table">
            <caption class="visually-hidden">{caption}</caption>
            <thead role="rowgroup">
                <tr role="row">{columns}</tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(heads: &'static [&'static str], cells: Vec<AnyView>) -> AnyView {
    let cell = |(index, (head, cell)): (usize, (&&'static str, AnyView))| {
        if index == 0 {
            view! { <th role="rowheader" scope="row" data-label=*head>{cell}</th> }.into_any()
        } else {
            view! { <td role="cell" data-label=*head>{cell}</td> }.into_any()
        }
    };
    let cells: Vec<AnyView> = heads.iter().zip(cells).enumerate().map(cell).collect();
    view! { <tr role="row">{cells}</tr> }.into_any()
}

/// An instant for people and for programs. In seconds.
pub(in crate::pages) fn time(at: i64) -> AnyView {
    view! { <time datetime=Utc(at).rfc3339()>{Utc(at).to_string()}</time> }.into_any()
}

/// A stranger's text: isolated in its direction.
pub(in crate::pages) fn foreign(text: &str) -> AnyView {
    view! { <bdi>{countersign_license::shown(text)}</bdi> }.into_any()
}
