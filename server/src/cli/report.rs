//! An inspection as text on a terminal, in the order of the page: verdict, facts, key, ladder.

use std::fmt::Write as _;

use countersign_app::{Tone, facts, headline};
use countersign_license::{
    Change, Comparison, Difference, Field, Fingerprint, Inspection, KeyFacts, Outcome, Policy, Trust, shown,
};

use crate::config::Environment;
use crate::line::one_line;

/// Colors, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    colored: bool,
}

impl Paint {
    /// Colors only on a terminal that can show them, and not where `NO_COLOR` says no (<https://no-color.org>).
    pub(super) fn new(is_terminal: bool, environment: &Environment) -> Self {
        let wanted = environment.get("NO_COLOR").is_none() && environment.get("TERM") != Some("dumb");
        Self { colored: is_terminal && wanted }
    }

    /// In the SGR attributes `code`.
    fn set(self, code: &str, text: &str) -> String {
        if self.colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.set("1", text)
    }

    fn tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Known => "1;34",
            Tone::Warn => "1;33",
            Tone::Bad => "1;31",
        };
        self.set(code, text)
    }
}

/// The whole report. `offer` says whether to point at `--write-repaired`.
pub(super) fn report(inspection: &Inspection, policy: &Policy, now: i64, paint: Paint, offer: bool) -> String {
    let words = headline(inspection, policy);
    let mut out = format!("{}\n{}\n", paint.tone(words.tone, &one_line(&words.title)), one_line(&words.body));
    if inspection.repaired.is_some() {
        out.push_str(
            "\nThe bundle inside is whole: its signature is right once the damage is undone. \
             The verdict above is about the text as it stands.",
        );
        out.push_str(if offer { " To keep the repaired bundle: --write-repaired FILE\n" } else { "\n" });
    }
    let claims = match (&inspection.license, &inspection.unverified) {
        (Some(license), _) => Some((license.claims(), "License")),
        (None, unverified) => unverified.as_ref().map(|claims| (claims, "NOT VERIFIED: what the token says")),
    };
    if let Some((claims, heading)) = claims {
        let _ = write!(out, "\n{}\n", paint.bold(heading));
        let rows: Vec<[String; 2]> = facts(claims, now)
            .into_iter()
            .map(|fact| {
                let remark = if fact.remark.is_empty() { String::new() } else { format!("  ({})", fact.remark) };
                [one_line(&fact.name), shown(&fact.value) + &remark]
            })
            .collect();
        out.push_str(&table(&rows));
    }
    if let Some(key) = inspection.key {
        let _ = write!(out, "\n{}\n{}", paint.bold("Signing key"), key_lines(key));
    }
    let _ = write!(out, "\n{}\n", paint.bold("Checks"));
    for check in &inspection.checks {
        let (sign, code) = match check.outcome {
            Outcome::Pass => ("✓", "32"),
            Outcome::Warn => ("!", "33"),
            Outcome::Fail => ("✗", "31"),
            Outcome::Skip => ("–", "2"),
        };
        let mark = paint.set(code, &format!("{sign} {}", check.outcome.name()));
        let _ = writeln!(out, "  {mark}  {:<10}  {}", check.id.title(), one_line(&check.detail));
    }
    out
}

/// What the new license changes, and what must be acknowledged before it may replace the old one.
pub(super) fn comparison(comparison: &Comparison, trust: Trust, paint: Paint) -> String {
    if comparison.is_same() {
        return format!("\n{}\n", paint.bold("Both bundles hold the same license"));
    }
    let cell = |row: &Difference, value: &Option<String>| match (&row.field, value) {
        (_, None) => "–".to_owned(),
        (Field::Key, Some(fingerprint)) => {
            format!("{} …", fingerprint.get(..16).unwrap_or_default().to_ascii_uppercase())
        }
        (_, Some(value)) => shown(value),
    };
    let head = ["", "Current", "New", "Change"].map(str::to_owned);
    let rows = comparison.fields.iter().map(|row| {
        let note = if row.change == Change::Same { "" } else { &row.note };
        [one_line(&row.field.title()), cell(row, &row.old), cell(row, &row.new), one_line(note)]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let mut out = format!("\n{}\n{}\n", paint.bold("What the new bundle changes"), table(&rows));
    let needed = comparison.acknowledgements(trust);
    if needed.is_empty() {
        out.push_str("Nothing must be acknowledged before it is applied.\n");
    } else {
        let codes: Vec<&str> = needed.iter().map(|one| one.code()).collect();
        let _ = writeln!(out, "To be acknowledged before it is applied: {}", codes.join(", "));
    }
    out
}

/// A fingerprint in groups of four, in two lines, as one reads it over the phone.
pub(super) fn fingerprint_lines(fingerprint: Fingerprint) -> String {
    let groups = fingerprint.groups();
    let half = |line: &[String]| line.chunks(4).map(|four| four.join(" ")).collect::<Vec<_>>().join(" · ");
    groups.chunks(8).fold(String::new(), |out, line| out + "  " + &half(line) + "\n")
}

/// A key: its fingerprint, size and exponent.
pub(super) fn key_lines(key: KeyFacts) -> String {
    let exponent = if key.exponent == u64::MAX { "above 2⁶⁴".to_owned() } else { key.exponent.to_string() };
    let print = fingerprint_lines(key.sha256);
    format!("{print}  RSA, {} bits, exponent {exponent}. The digits are SHA-256 of the public key\n", key.bits)
}

/// Rows in columns, two spaces apart and indented by two.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    rows.iter().fold(String::new(), |mut out, row| {
        let line =
            row.iter().zip(widths).fold(String::new(), |line, (cell, width)| line + "  " + &format!("{cell:<width$}"));
        out.push_str(line.trim_end());
        out.push('\n');
        out
    })
}

#[cfg(test)]
mod tests {
    use super::Paint;
    use crate::config::Environment;

    #[test]
    fn colors_are_for_terminals_that_want_them() {
        let paint = |is_terminal: bool, variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Paint::new(is_terminal, &Environment::of(variables)).bold("x")
        };
        assert_eq!(paint(true, &[]), "\x1b[1mx\x1b[0m");
        assert_eq!(paint(false, &[]), "x");
        assert_eq!(paint(true, &[("NO_COLOR", "1")]), "x");
        assert_eq!(paint(true, &[("NO_COLOR", "")]), "\x1b[1mx\x1b[0m");
        assert_eq!(paint(true, &[("TERM", "dumb")]), "x");
    }
}
