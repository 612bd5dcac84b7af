//! `{base}/invitation`: somebody who was invited makes an account. The code comes behind the `#` of the link, which browsers
//! send to nobody.

use std::future::{Ready, ready};

use leptos::prelude::*;

use super::form::{Field, problems};
use super::setup::password;
use super::shell::document;
use crate::{Unavailable, Visit};

/// Where somebody who was invited makes an account.
pub fn invitation(visit: &Visit) -> Ready<Result<String, Unavailable>> {
    let returned = &visit.returned;
    ready(Ok(document(visit, "Accept your invitation", "Make an account with an invitation.", || {
        let code = Field::code_from_hash("code", "Invitation code")
            .help("It stands at the end of the link in your invitation, behind the `#`. Each code works once.");
        view! {
            <div class="narrow stack">
                <div>
                    <h1 tabindex="-1">"Accept your invitation"</h1>
                    <p class="soft">"Choose a name and a password. You sign in with the e-mail address that was invited."</p>
                </div>
                {problems(returned, &["code", "name", "password"])}
                <form class="stack" method="post" action=visit.paths.api("invitations/accept") data-checks="">
                    {code.required().view(returned)}
                    {Field::text("name", "Your name").autocomplete("name").required().at_most(100).view(returned)}
                    {password().view(returned)}
                    <div class="row">
                        <button class="btn" type="submit" data-busy="Saving…">"Make the account"</button>
                    </div>
                </form>
                <p class="soft">"Already done? " <a href=visit.paths.sign_in()>"Sign in"</a></p>
            </div>
        }
    })))
}
