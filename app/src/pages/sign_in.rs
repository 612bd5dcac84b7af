//! `{base}/sign-in`. It asks nothing of the server, so it is there while the database is not.

use std::future::{Ready, ready};

use leptos::prelude::*;

use super::form::{Field, hidden, problems};
use super::shell::document;
use crate::{Unavailable, Visit};

/// Where people sign in. Where they go then is the returned value `next`, a path.
pub fn sign_in(visit: &Visit) -> Ready<Result<String, Unavailable>> {
    let returned = &visit.returned;
    ready(Ok(document(visit, "Sign in", "Sign in to the platform.", || {
        let next = returned.value("next").filter(|next| !next.is_empty()).map(|next| hidden("next", next));
        view! {
            <div class="narrow stack">
                <h1 tabindex="-1">"Sign in"</h1>
                {problems(returned, &["email", "password"])}
                <form class="stack" method="post" action=visit.paths.api("auth/sign-in/email") data-checks="">
                    {next}
                    {Field::email("email", "E-mail").autocomplete("username").required().view(returned)}
                    {Field::password("password", "Password", "current-password").required().view(returned)}
                    <div class="row">
                        <button class="btn" type="submit" data-busy="Signing in…">"Sign in"</button>
                    </div>
                </form>
                <p class="soft">
                    "Password forgotten? An administrator of the platform can help. You can "
                    <a href=visit.paths.checker()>"check a license bundle"</a> " without signing in."
                </p>
            </div>
        }
    })))
}
