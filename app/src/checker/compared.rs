//! Two licenses side by side: what a renewal changes.

use countersign_license::{Change, Comparison, Difference, Field, Inspection, Policy, compare};

use crate::piece::Piece;
use crate::words::headline;

/// The comparison of the pasted bundle with the one in use, or what is still missing for it.
pub(crate) fn comparison(new: Option<&Inspection>, old: Option<&Inspection>, policy: &Policy) -> Piece {
    let (Some(new), Some(old)) = (new, old) else {
        return hint("Paste both bundles to see what the new one changes.".to_owned());
    };
    let (Some(after), Some(before)) = (&new.license, &old.license) else {
        let (which, refused) = if old.license.is_none() { ("bundle in use now", old) } else { ("new bundle", new) };
        let words = headline(refused, policy);
        return hint(format!("The {which} cannot be compared. {}. {}", words.title, words.body));
    };
    let comparison = compare(before, after);
    let title = if comparison.is_same() { "Both bundles hold the same license" } else { "What the new bundle changes" };
    Piece::new("section", "card").inside([Piece::new("h2", "").text(title), table(comparison)])
}

/// The comparison itself, a row for each field.
pub(crate) fn table(comparison: Comparison) -> Piece {
    let heads = ["Field", "Current", "New", "Change"].map(|head| Piece::new("th", "").with("scope", "col").text(head));
    let head = Piece::new("thead", "").inside([Piece::new("tr", "").inside(heads)]);
    let body = Piece::new("tbody", "").inside(comparison.fields.into_iter().map(row));
    Piece::new("table", "diff").inside([head, body])
}

fn hint(text: String) -> Piece {
    Piece::new("section", "card")
        .inside([Piece::new("h2", "").text("Comparison"), Piece::new("p", "soft").prose(&text)])
}

/// Enough of a fingerprint to tell two keys apart in a narrow column: `9F2C 41D7 …`.
pub(crate) fn first_groups(fingerprint: &str) -> String {
    let digits = |from, to| fingerprint.get(from..to).unwrap_or_default().to_ascii_uppercase();
    format!("{} {} …", digits(0, 4), digits(4, 8))
}

fn row(difference: Difference) -> Piece {
    let Difference { field, old, new, change, note, .. } = difference;
    let (row, tag) = match change {
        Change::Same => ("", None),
        Change::Different => ("changed", Some("tag known")),
        Change::More => ("changed", Some("tag good")),
        Change::Less => ("changed", Some("tag bad")),
    };
    let cell = |value: Option<String>| {
        let (text, class) = match (&field, value) {
            (_, None) => ("–".to_owned(), ""),
            (Field::Key, Some(fingerprint)) => (first_groups(&fingerprint), "mono"),
            (_, Some(value)) => (value, ""),
        };
        let isolated = Piece::new("bdi", class);
        let isolated = if text.len() > 120 { isolated.with("tabindex", "0") } else { isolated };
        Piece::new("td", "").inside([isolated.text(text)])
    };
    let (old, new) = (cell(old), cell(new));
    let change = Piece::new("td", "").inside(tag.map(|tag| Piece::new("span", tag).text(note)));
    Piece::new("tr", row).inside([Piece::new("th", "").with("scope", "row").text(field.title()), old, new, change])
}
