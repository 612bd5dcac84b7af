//! What stands in the place of what the license does not grant.

use countersign_license::{Denied, Feature, NumericDate, Policy, State, Utc, shown};
use leptos::prelude::*;

use super::shell::document;
use crate::visit::{Installed, Visit};
use crate::words::{Headline, Tone};

/// Why a feature cannot be used, and what to do: for administrators with whom to write to where a new license would help, for
/// everybody else without.
pub fn refusal(feature: &str, why: Denied, installed: Option<&Installed>, policy: &Policy, is_admin: bool) -> Headline {
    let feature = Feature::title(feature);
    let (title, tone) = match why {
        Denied::State(State::NotYetValid) => (format!("{feature}: not available yet"), Tone::Warn),
        Denied::State(_) => (format!("{feature}: not available right now"), Tone::Bad),
        Denied::NotIncluded => (format!("{feature}: not part of the license"), Tone::Warn),
    };
    let body = match (is_admin, why) {
        (true, why) => remedy(why, installed, policy),
        (false, Denied::State(_)) => "An administrator of this platform can say when it will be.".to_owned(),
        (false, Denied::NotIncluded) => {
            "The license of this platform does not include it. Ask an administrator of the platform about it."
                .to_owned()
        }
    };
    Headline { tone, title, body }
}

/// What is wrong with the license, and what an administrator does about it.
fn remedy(why: Denied, installed: Option<&Installed>, policy: &Policy) -> String {
    let contact = policy.profile.contact;
    let claims = installed.and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let write = match claims {
        Some(claims) => format!("write to {contact}, quoting {}", shown(&claims.customer)),
        None => format!("write to {contact}"),
    };
    let ended = claims.map(|claims| Utc(claims.expires_at.seconds()).to_string()).unwrap_or_default();
    let place = "under Settings, License";
    match why {
        Denied::NotIncluded => {
            let tier = claims.map(|claims| format!(" ({})", claims.tier)).unwrap_or_default();
            format!("The license in use{tier} does not include it. For one that does, {write}, and install it {place}.")
        }
        Denied::State(State::Unlicensed) => {
            format!("No license is installed. Install one {place}; if you have none, {write}.")
        }
        Denied::State(State::NotYetValid) => {
            let start = claims.and_then(|claims| claims.not_before).map(NumericDate::seconds).unwrap_or_default();
            format!("The license begins on {}. It is available from then on.", Utc(start))
        }
        Denied::State(State::Expired) => {
            format!("The license expired on {ended}. For a new one, {write}, and install it {place}.")
        }
        Denied::State(State::Lapsed) => format!(
            "The license server has been out of reach for too long. See {place} what keeps it from being reached; or for a new \
             license, {write}."
        ),
        Denied::State(State::Revoked) => {
            format!("The vendor has taken the license back. To learn why and for a new one, {write}.")
        }
        Denied::State(State::Tampered | State::Active | State::Expiring | State::Degraded) => format!(
            "What is stored is no genuine license any more. Install the bundle again {place}; if you do not have it, {write}."
        ),
    }
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
