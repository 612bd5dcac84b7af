//! What the installed license is worth, in the words that home and settings share.

use countersign_license::{Claims, NumericDate, Policy, Remaining, State, Trust, Utc, Verdict, shown};
use leptos::prelude::*;

use crate::visit::{Installed, Visit};
use crate::words::{Headline, Tone};

/// What is licensed now, in one sentence, and what to do about it.
pub(super) fn standing(visit: &Visit, installed: Option<&Installed>) -> Headline {
    let said = |tone, title: String, body: String| Headline { tone, title, body };
    let Some(installed) = installed else {
        let body = "The platform runs, but nothing that needs a license can be used until one is installed.";
        return said(Tone::Bad, "No license is installed".to_owned(), body.to_owned());
    };
    let Some(license) = &installed.inspection.license else {
        let reason = installed.inspection.reason().map(|check| format!("{}. ", check.detail)).unwrap_or_default();
        let body = format!(
            "{reason}Something or somebody changed what is stored, so nothing is licensed. Installing the bundle again \
             puts it right."
        );
        return said(Tone::Bad, "The stored license is not genuine any more".to_owned(), body);
    };
    let claims = license.claims();
    let (organization, end) = (shown(&claims.organization), Utc(claims.expires_at.seconds()));
    let left = Remaining(claims.expires_at.seconds().saturating_sub(visit.now));
    match installed.standing.state {
        State::Expiring => said(
            Tone::Warn,
            format!("The license expires in {left}, on {}", end.day()),
            format!("Everything works until {end}. Ask for a new license now."),
        ),
        State::Expired => said(
            Tone::Bad,
            format!("The license expired {left} ago, on {}", end.day()),
            format!("What it granted to {organization} ended on {end}."),
        ),
        State::NotYetValid => {
            let start = claims.not_before.map_or(visit.now, NumericDate::seconds);
            let span = Remaining(start.saturating_sub(visit.now));
            said(
                Tone::Warn,
                format!("The license begins in {span}, on {}", Utc(start).day()),
                format!("Until {} nothing is licensed.", Utc(start)),
            )
        }
        State::Degraded => {
            let locks = Utc(installed.standing.locks_at.unwrap_or(visit.now));
            said(
                Tone::Warn,
                "The license server is out of reach".to_owned(),
                format!(
                    "Everything works until {locks}. It stops then, unless the license server is reached again or a new \
                     license is installed."
                ),
            )
        }
        State::Lapsed => said(
            Tone::Bad,
            "The license server was out of reach for too long".to_owned(),
            "Nothing is licensed until it is reached again, or a new license is installed.".to_owned(),
        ),
        State::Revoked => said(
            Tone::Bad,
            "The license was revoked".to_owned(),
            format!(
                "The vendor took it back on {}. Nothing is licensed.",
                Utc(installed.standing.revoked_at.unwrap_or(visit.now))
            ),
        ),
        State::Active | State::Unlicensed | State::Tampered => {
            let tone = if installed.inspection.trust == Some(Trust::Pinned) { Tone::Good } else { Tone::Known };
            said(tone, format!("Licensed to {organization} until {}", end.day()), format!("{left} are left."))
        }
    }
}

/// The same as the section that stands first on a page, with whom to write to where a new license would help.
pub(super) fn said(visit: &Visit, words: Headline, state: State, claims: Option<&Claims>) -> AnyView {
    view! {
        <section class=format!("verdict {}", words.tone.class())>
            <h2>{words.title}</h2>
            <p>{words.body}</p>
            {wants_license(state).then(|| contact(&visit.policy, claims))}
        </section>
    }
    .into_any()
}

/// What vouches for the key of the installed license. That it is the key already in use says nothing here.
pub(super) fn vouching(installed: &Installed, policy: &Policy) -> String {
    let vendor = policy.profile.vendor;
    match installed.inspection.trust {
        _ if installed.inspection.verdict == Verdict::BadSignature => {
            "Nobody vouches for it: the signature does not fit.".to_owned()
        }
        Some(Trust::Pinned) => format!("It is signed with a key that {vendor} publishes."),
        Some(Trust::Known | Trust::Bundled) => {
            format!(
                "Only the bundle vouches for its key: compare the fingerprint with the one that {vendor} publishes."
            )
        }
        None => "Nobody vouches for it: there is no acceptable key.".to_owned(),
    }
}

/// Who to write to for a new license, quoting the customer where a license says who that is.
pub(super) fn contact(policy: &Policy, claims: Option<&Claims>) -> AnyView {
    let contact = policy.profile.contact;
    let quoting = claims.map(|claims| {
        let customer = shown(&claims.customer);
        view! { ", quoting " <bdi class="mono">{customer}</bdi> }
    });
    view! { <p>"For a new license, write to " <a href=format!("mailto:{contact}")>{contact}</a> {quoting} "."</p> }
        .into_any()
}

/// Whether the state is one that a new license would cure.
pub(super) fn wants_license(state: State) -> bool {
    state != State::Active
}
