//! What gets worse or older when one license replaces another, in words with the values in them.

use countersign_license::{Acknowledgement, Comparison, Difference, Field, Inspection, Loss, Policy};

use crate::checker::compared::first_groups;

/// How many losses one sentence names; the table has them all.
const NAMED: usize = 6;

/// What an acknowledgement is about, as a clause that begins in lower case and has no full stop.
pub(super) fn clause(about: Acknowledgement, comparison: Option<&Comparison>, candidate: &Inspection) -> String {
    let row = |field: &Field| comparison.and_then(|all| all.fields.iter().find(|row| row.field == *field));
    let dates = |field: &Field| {
        let words = |value: Option<&String>| value.cloned().unwrap_or_else(|| "an unknown date".to_owned());
        row(field).map(|row| (words(row.old.as_ref()), words(row.new.as_ref())))
    };
    match about {
        Acknowledgement::KeyChanged => {
            // Where nothing genuine is installed, there is no key that this one could be another than.
            let what = match comparison {
                Some(_) => "the license is signed with another key",
                None => "only the bundle vouches for the key that the license is signed with",
            };
            let key = candidate.key.map(|key| format!(": {}", first_groups(&key.sha256.to_string())));
            format!("{what}{}", key.unwrap_or_default())
        }
        Acknowledgement::Downgrade => losses(comparison),
        Acknowledgement::ExpiresSooner => match dates(&Field::Expires) {
            Some((old, new)) => format!("the license expires sooner: on {new}, no longer on {old}"),
            None => "the license expires sooner".to_owned(),
        },
        Acknowledgement::Older => match dates(&Field::Issued) {
            Some((old, new)) => format!("the license is older: it was issued on {new}, the one in use on {old}"),
            None => "the license is older than the one in use".to_owned(),
        },
    }
}

/// The sentence beside a required check box.
pub(super) fn sentence(
    about: Acknowledgement,
    comparison: Option<&Comparison>,
    candidate: &Inspection,
    policy: &Policy,
) -> String {
    let known = format!("I know that {}", clause(about, comparison, candidate));
    match about {
        Acknowledgement::KeyChanged => {
            let vendor = policy.profile.vendor;
            format!("{known}; I compared its whole fingerprint with the one that {vendor} publishes.")
        }
        Acknowledgement::Downgrade | Acknowledgement::ExpiresSooner | Acknowledgement::Older => format!("{known}."),
    }
}

fn losses(comparison: Option<&Comparison>) -> String {
    let loss = |row: &Difference| row.loss.map(|lost| told(row, lost));
    let all: Vec<String> = comparison.map(|all| all.fields.iter().filter_map(loss).collect()).unwrap_or_default();
    match all.as_slice() {
        [] => "the license grants less".to_owned(),
        few if few.len() <= NAMED => few.join("; "),
        many => {
            let rest = many.len() - NAMED;
            let named: Vec<&str> = many.iter().take(NAMED).map(String::as_str).collect();
            format!("{}; and {rest} more, which stand in the table", named.join("; "))
        }
    }
}

fn told(row: &Difference, lost: Loss) -> String {
    let name = match &row.field {
        Field::Tier => "the tier".to_owned(),
        Field::CpuCores => "licensed CPU".to_owned(),
        Field::RamGb => "licensed memory".to_owned(),
        Field::VramGb => "licensed video memory".to_owned(),
        other => format!("“{}”", other.title()),
    };
    let (old, new) = (row.old.as_deref().unwrap_or_default(), row.new.as_deref().unwrap_or_default());
    match lost {
        Loss::Lowered => format!("{name} goes down from {old} to {new}"),
        Loss::Limited => format!("{name} is now limited to {new}, so far without limit"),
        Loss::Gone(None) => format!("{name} is no longer granted"),
        Loss::Gone(Some(limit)) => format!("{name} is no longer granted, so far up to {limit}"),
        Loss::Unknown => format!("{name} is no longer granted: it says “{new}” now"),
        Loss::Unsaid => format!("{name} is no longer named: only the tier grants it now"),
    }
}
