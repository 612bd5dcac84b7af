//! A limit on guesses: at most so many tries within a minute, for each account and from each address.

use std::slice;

use axum::http::StatusCode;
use countersign_license::shown;

use crate::http::asker::Asker;
use crate::http::{App, Problem};
use crate::ids;
use crate::store::Tried;

/// Tries within any minute, for one account and from one address.
const TRIES: i64 = 10;

const TOO_MANY: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too-many-tries",
    "There were too many tries; wait a minute and try again",
);

/// A try to know a password. It is counted before anybody looks whether it is right, so that many at once get no further.
pub(super) struct Guess(String);

impl Guess {
    /// Counts a try for the account of this address, there or not, and for where it comes from.
    pub(super) async fn count(app: &App, asker: &Asker, email: &str) -> Result<Self, Problem> {
        let id = ids::id()?;
        let mut subjects = vec![ids::hash(&format!("account {email}"))];
        let network = asker.network();
        if !network.is_empty() {
            subjects.push(ids::hash(&format!("address {network}")));
        }
        let Tried::Refused { subject, wait } = app.store.note_try(&id, &subjects, TRIES, asker.now).await? else {
            return Ok(Self(id));
        };
        // The audit log has it once in a minute: whoever guesses must not be able to fill it.
        let whose = subjects.get(subject).map(String::as_str).unwrap_or_default();
        let told = ids::hash(&format!("told {whose}"));
        if app.store.note_try(&id, slice::from_ref(&told), 1, asker.now).await? == Tried::Noted {
            let known = app.store.account(email).await?.is_some();
            let detail = match (subject, known) {
                (0, true) => format!("More than {TRIES} tries in a minute to sign in as {}.", shown(email)),
                // What was typed may be anything, a password among it.
                (0, false) => format!("More than {TRIES} tries in a minute to sign in as somebody who is not there."),
                _ => format!("More than {TRIES} tries in a minute to sign in from this address."),
            };
            app.store.record(&asker.entry("session.guessing", detail)).await?;
        }
        Err(Problem { retry_after: Some(u16::try_from(wait).unwrap_or(60)), ..TOO_MANY })
    }

    /// It was right, so it was no guess. What was tried before still counts.
    ///
    /// What it was right for may be done already: whoever is told of a failure here would think that it was not. One try more counts
    /// then, for a minute.
    pub(super) async fn was_right(self, app: &App) {
        let _ = app.store.forget_try(&self.0).await;
    }
}
