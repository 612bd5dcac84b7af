//! What the installed license is worth, as the section that home and settings begin with.

use countersign_license::{Claims, Policy, State, Trust, Verdict, shown};
use leptos::prelude::*;

use crate::standing::{Contact, Telling, Told};
use crate::visit::{Installed, Visit};

/// The license in use, to be told to who visits.
pub(super) fn telling<'a>(visit: &'a Visit, installed: Option<&'a Installed>) -> Telling<'a> {
    let can_act = visit.viewer.as_ref().is_some_and(|viewer| viewer.role.is_admin());
    Telling { installed, policy: &visit.policy, now: visit.now, can_act }
}

/// What is licensed now and what to do about it.
pub(super) fn said(telling: &Telling<'_>) -> AnyView {
    let section = |told: Told| {
        view! {
            <section class=format!("verdict {}", told.tone.class())>
                <h2>{told.title.clone()}</h2>
                <p>{told.body()}</p>
                {told.contact.as_ref().map(write_to)}
            </section>
        }
    };
    telling.all().into_iter().map(section).collect_view().into_any()
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
    let quoting = claims.map(|claims| shown(&claims.customer));
    write_to(&Contact { address: policy.profile.contact, quoting })
}

/// The same, as it is told of the license in use.
pub(super) fn write_to(contact: &Contact) -> AnyView {
    let address = contact.address;
    let quoting = contact.quoting.clone().map(|customer| view! { ", quoting " <bdi class="mono">{customer}</bdi> });
    view! { <p>"For a new license, write to " <a href=format!("mailto:{address}")>{address}</a> {quoting} "."</p> }
        .into_any()
}

/// Whether the state is one that a new license would cure.
pub(super) fn wants_license(state: State) -> bool {
    state != State::Active
}
