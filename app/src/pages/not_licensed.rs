//! What stands in the place of what the license does not grant.

use countersign_license::{Denied, Feature, State};
use leptos::prelude::*;

use super::shell::document;
use crate::standing::Telling;
use crate::visit::Visit;
use crate::words::{Headline, Tone};

/// Why a feature cannot be used, and what to do: for administrators with whom to write to where a new license would help, for
/// everybody else without.
pub fn refusal(feature: &str, why: Denied, telling: &Telling<'_>) -> Headline {
    let feature = Feature::title(feature);
    let (title, tone) = match why {
        Denied::State(State::NotYetValid) => (format!("{feature}: not available yet"), Tone::Warn),
        Denied::State(_) => (format!("{feature}: not available right now"), Tone::Bad),
        Denied::NotIncluded => (format!("{feature}: not part of the license"), Tone::Warn),
    };
    let body = match why {
        Denied::State(_) if telling.can_act => telling.message(),
        Denied::State(_) => telling.notices().into_iter().find_map(|notice| telling.brief(notice)).unwrap_or_default(),
        Denied::NotIncluded if telling.can_act => {
            format!("The license in use does not include it. {}", telling.contact().sentence())
        }
        Denied::NotIncluded => {
            "The license of this platform does not include it. Ask an administrator of the platform about it."
                .to_owned()
        }
    };
    Headline { tone, title, body }
}

/// The refusal as a document for a 403.
pub fn not_licensed(visit: &Visit, words: Headline) -> String {
    let is_admin = visit.viewer.as_ref().is_some_and(|viewer| viewer.role.is_admin());
    let Headline { tone, title, body } = words;
    let heading = title.clone();
    document(visit, &title, "The license of this platform does not cover this page.", move || {
        let cure =
            is_admin.then(|| view! { <a class="btn" href=visit.paths.settings_page("license")>"License settings"</a> });
        view! {
            <section class=format!("verdict {}", tone.class())>
                <h1 tabindex="-1">{heading}</h1>
                <p>{body}</p>
            </section>
            <p class="row">{cure} <a class="btn quiet" href=visit.paths.home()>"Back to the platform"</a></p>
        }
    })
}
