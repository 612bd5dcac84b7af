//! The license in use in one sentence, for banners and the terminal.

use countersign_app::Installed;
use countersign_license::{NumericDate, Policy, Remaining, State, Utc, shown};

/// What is licensed, until when, what happens next, and who to write to. `now` in seconds.
pub fn sentence(installed: Option<&Installed>, policy: &Policy, now: i64) -> String {
    let contact = policy.profile.contact;
    let Some(installed) = installed else {
        return format!(
            "No license is installed, so nothing that needs one can be used; for a license, write to {contact}."
        );
    };
    let Some(license) = &installed.inspection.license else {
        return format!(
            "The stored license is not genuine any more, so nothing is licensed until the bundle is installed again; if \
             you do not have it, write to {contact}."
        );
    };
    let claims = license.claims();
    let (organization, customer) = (shown(&claims.organization), shown(&claims.customer));
    let end = Utc(claims.expires_at.seconds());
    let left = Remaining(end.0.saturating_sub(now));
    let write = format!("for a new one, write to {contact}, quoting {customer}");
    match installed.standing.state {
        State::Active => format!("Licensed to {organization} until {end}; {left} are left."),
        State::Expiring => {
            format!("The license expires in {left}, on {end}, and what it grants stops then; {write}.")
        }
        State::NotYetValid => {
            let start = Utc(claims.not_before.map_or(now, NumericDate::seconds));
            format!("The license begins on {start}, and nothing is licensed until then; if that is wrong, {write}.")
        }
        State::Degraded => {
            let locks = Utc(installed.standing.locks_at.unwrap_or(now));
            format!(
                "The license server has not been reached; what the license grants stays until {locks}, and stops then unless \
                 it is reached again or a new license is installed."
            )
        }
        State::Lapsed => format!(
            "The license server has been out of reach for too long, so nothing is licensed until it is reached again or a new \
             license is installed; {write}."
        ),
        State::Revoked => format!("The vendor has revoked the license, so nothing is licensed; {write}."),
        State::Expired | State::Tampered | State::Unlicensed => {
            format!("The license expired on {end}, and what it granted cannot be used since; {write}.")
        }
    }
}
