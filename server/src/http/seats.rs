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
    more: String,
}

/// How many users the license in use allows.
pub(super) async fn allowed(app: &App, now: i64) -> Result<Allowed, Unavailable> {
    let installed = licensing::installed(&app.store, &app.terms, now).await?;
    let claims = installed.as_ref().and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let limit = claims.and_then(Claims::max_users);
    let telling = Telling { installed: installed.as_ref(), policy: &app.terms.policy, now, can_act: true };
    Ok(Allowed { limit, more: telling.contact().sentence() })
}

impl Allowed {
    /// What an administrator is told whose invitation there is no place for.
    pub(super) fn refusal(&self, seats: Seats) -> Problem {
        let limit = self.limit.unwrap_or_default();
        let Seats { users, invited } = seats;
        user_limit(seats, limit).detail(format!(
            "The license allows {limit} users. {users} have an account, and {invited} more are invited. Remove a user or take an \
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
