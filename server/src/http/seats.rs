//! How many users the license allows, where users are added.

use axum::http::StatusCode;
use countersign_app::{Fill, Telling};
use countersign_license::Claims;

use super::{App, Problem};
use crate::licensing;
use crate::store::{Seats, Unavailable};

/// What the license says about users, and whom to write to for more.
pub(super) struct Allowed {
    /// The most; `None` where there is no limit. A license that is genuine says so whether or not it is in force.
    pub(super) limit: Option<u64>,
    /// Whether nothing is installed, or what is installed can be believed.
    is_genuine: bool,
    more: String,
}

/// How many users the license in use allows.
pub(super) async fn allowed(app: &App, now: i64) -> Result<Allowed, Unavailable> {
    let installed = licensing::installed(&app.store, &app.terms, now).await?;
    let claims = installed.as_ref().and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let limit = claims.and_then(Claims::max_users);
    let is_genuine = installed.is_none() || claims.is_some();
    let telling = Telling { installed: installed.as_ref(), policy: &app.terms.policy, now, can_act: true };
    Ok(Allowed { limit, is_genuine, more: telling.contact().sentence() })
}

const TAMPERED: Problem =
    Problem::new(StatusCode::FORBIDDEN, "license-tampered", "The license is not genuine any more, so nobody is added");

impl Allowed {
    /// That an administrator may invite. Else a limit would end by damaging the license that sets it.
    pub(super) fn may_invite(&self) -> Result<(), Problem> {
        let detail = "It cannot be read how many users it allows, and nobody was invited. Put the license right first, under \
                      Settings, License: install the bundle again.";
        if self.is_genuine { Ok(()) } else { Err(TAMPERED.detail(detail)) }
    }

    /// That somebody who was invited may join.
    pub(super) fn may_join(&self) -> Result<(), Problem> {
        let detail = "The license of this platform must be put right first. Ask who invited you to do that, and try again: the \
                      invitation was not used up.";
        if self.is_genuine { Ok(()) } else { Err(TAMPERED.detail(detail)) }
    }

    /// What an administrator is told whose invitation there is no place for.
    pub(super) fn refusal(&self, seats: Seats) -> Problem {
        let limit = self.limit.unwrap_or_default();
        let Seats { users, invited } = seats;
        user_limit(seats, limit).detail(format!(
            "The license allows {limit} users. Accounts: {users}; open invitations: {invited}. Remove a user or take an \
             invitation back to make room. {}",
            self.more
        ))
    }

    /// What somebody is told who was invited, and comes too late.
    pub(super) fn too_late(&self, seats: Seats) -> Problem {
        let limit = self.limit.unwrap_or_default();
        user_limit(seats, limit).detail(format!(
            "The license of this platform allows {limit} users, and {} have an account. Ask who invited you to make room, and \
             try again: the invitation was not used up.",
            seats.users
        ))
    }

    /// What is to be said while there is not much room any more.
    pub(super) fn warning(&self, seats: Seats) -> Option<String> {
        let limit = self.limit?;
        (Fill::of(seats.taken(), limit) > Fill::Fine)
            .then(|| format!("{} of the {limit} users that the license allows are there or invited.", seats.taken()))
    }
}

fn user_limit(seats: Seats, limit: u64) -> Problem {
    let title = "The license allows no more users";
    let problem = Problem::new(StatusCode::FORBIDDEN, "user-limit", title);
    problem.with("limit", limit).with("users", seats.users).with("invited", seats.invited)
}
