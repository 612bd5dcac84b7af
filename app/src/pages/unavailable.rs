//! The page for when the database did not do what it was asked to.

use leptos::prelude::*;

use super::shell::bare;
use crate::{Paths, Unavailable};

/// The form that met it, if there was one.
#[derive(Clone, Debug, Default)]
pub struct Unsent {
    /// The page to try again; empty for the one that was asked for.
    pub page: String,
    /// What was typed, by field, to be sent once more to where it was sent. Never a secret.
    pub values: Vec<(String, String)>,
    /// Whether something is missing there, as a secret is.
    pub is_part: bool,
}

impl Unavailable {
    /// What happened, what that means, and what to do.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Away => (
                "The platform cannot be reached right now",
                "Its database does not answer. Nothing is lost: what was saved stays saved, and nothing else was changed.",
                "Wait a minute and try again. If it lasts, tell whoever runs this platform: the server’s log says what is wrong.",
            ),
            Self::Gone => (
                "The file of the database is gone",
                "It is not where it was, so nothing was changed.",
                "Tell whoever runs this platform: the file must be put back, or a backup in its place. Then try again: nothing needs \
                 to be restarted.",
            ),
            Self::Unsure => (
                "This may have been saved, or not",
                "The database went away just while it was saving: either all of it was saved, or nothing was changed.",
                "Look before you try again: what is there already need not be sent twice.",
            ),
            Self::Busy => (
                "The database is busy",
                "Somebody else is writing to it, so nothing was changed. What is stored can still be read.",
                "Wait a moment and try again. If it lasts, tell whoever runs this platform: a copy or a tool with an open \
                 transaction holds the database, and must be ended.",
            ),
            Self::Full => (
                "The disk of the database is full",
                "There is no room for anything new, not even a sign-in, so nothing was changed. What is stored can still be read.",
                "Make room on that disk, or tell whoever runs this platform. Then try again: nothing needs to be restarted.",
            ),
            Self::ReadOnly => (
                "The database can only be read right now",
                "Nothing was changed, and what is stored can still be read.",
                "Tell whoever runs this platform: the database must be made writable, or DATABASE_URL must name the one that is. \
                 Then try again.",
            ),
        }
    }
}

/// What happened and what to do, as a document for a 503, with the way to send once more what was typed: it is in this page, since
/// nothing can be stored. `nonce` is that of its content security policy; empty for none.
pub fn unavailable(paths: &Paths, nonce: &str, why: Unavailable, unsent: &Unsent) -> String {
    let (title, meaning, remedy) = why.words();
    bare(paths, nonce, title, "The database did not do what it was asked to.", || {
        let is_unsure = why == Unavailable::Unsure;
        let kept = match (unsent.values.is_empty(), unsent.is_part) {
            (true, _) => None,
            (false, false) => Some("What you typed is kept in this page, and is sent once more when you try again."),
            (false, true) => Some(
                "What you typed is kept in this page, except for passwords and keys: you are asked for them again.",
            ),
        };
        let resend = (!unsent.values.is_empty()).then(|| {
            let values = unsent.values.clone().into_iter();
            let fields = values.map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
            let class = if is_unsure { "btn quiet" } else { "btn" };
            // Without an action it goes to where the form before went.
            view! {
                <form method="post">
                    {fields.collect_view()} <button type="submit" class=class>"Try again"</button>
                </form>
            }
        });
        let look = (is_unsure || resend.is_none()).then(|| {
            let label = if is_unsure { "See what is there" } else { "Try again" };
            // What was typed is only here, so this page stays open.
            let beside = resend.is_some().then_some("_blank");
            let told = beside.map(|_| view! { <span class="visually-hidden">" (opens beside this page)"</span> });
            // An empty address is this page's own, whichever it is.
            view! { <a class="btn" href=unsent.page.clone() target=beside>{label}{told}</a> }
        });
        let checker = (matches!(why, Unavailable::Away | Unavailable::Gone) && resend.is_none())
            .then(|| view! { <a class="btn quiet" href=paths.checker()>"Check a license bundle"</a> });
        view! {
            <div>
                <h1 tabindex="-1">{title}</h1>
                <p class="soft">{meaning}</p>
            </div>
            <section class="card">
                <h2>"What to do now"</h2>
                <p>{remedy}</p>
                {kept.map(|kept| view! { <p>{kept}</p> })}
                <div class="row">{look} {resend} {checker}</div>
            </section>
        }
    })
}
