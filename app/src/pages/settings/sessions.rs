//! `{base}/settings/sessions`: where the viewer is signed in, and the viewer's password.

use countersign_license::{Remaining, shown};
use leptos::prelude::*;

use super::table::{foreign, table, time};
use crate::Unavailable;
use crate::pages::form::{Field, problems};
use crate::pages::shell::settings;
use crate::visit::{Session, Visit};

/// The viewer's sessions as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_sessions(visit: &Visit) -> Result<String, Unavailable> {
    let sessions = visit.backend.sessions().await?;
    let others = sessions.iter().filter(|session| !session.is_current).count();
    let heads = &["Browser", "Address", "Signed in", "Last used", "Ends", "Sign out"];
    let list = if sessions.is_empty() {
        view! { <p class="soft">"There are no sessions."</p> }.into_any()
    } else {
        table("Your sessions", heads, sessions.iter().map(|session| row(visit, session)).collect())
    };
    let end_others = (others > 0).then(|| {
        let label = if others == 1 { "Sign out the other one" } else { "Sign out all others" };
        view! {
            <form method="post" action=visit.paths.api("auth/sessions/revoke-others")>
                <button type="submit" class="btn quiet">{label}</button>
            </form>
        }
    });
    Ok(settings(visit, "sessions", "Sessions", "Where you are signed in, and your password.", || {
        view! {
            <div>
                <h1 tabindex="-1">"Sessions"</h1>
                <p class="soft">"Where you are signed in. Sign out what you do not know, and change your password then."</p>
            </div>
            {problems(&visit.returned, &["currentPassword", "newPassword"])}
            <section class="card">
                <h2>"Your sessions"</h2>
                {list}
                {end_others}
            </section>
            {password(visit)}
        }
    }))
}

fn row(visit: &Visit, session: &Session) -> Vec<AnyView> {
    let agent = agent(&session.agent);
    let end = if session.is_current {
        view! { <span class="tag known">"This one"</span> }.into_any()
    } else {
        let label = format!("Sign out {agent} at {}", shown(&session.address));
        view! {
            <form method="post" action=visit.paths.api(&format!("auth/sessions/{}/revoke", session.id))>
                <button type="submit" class="link" aria-label=label>"Sign out"</button>
            </form>
        }
        .into_any()
    };
    let ends = if session.expires_at > visit.now {
        let left = Remaining(session.expires_at.saturating_sub(visit.now));
        view! { {time(session.expires_at)} <small>{format!("in {left}")}</small> }.into_any()
    } else {
        view! { "Ended" }.into_any()
    };
    let browser = view! { <bdi>{agent}</bdi> }.into_any();
    vec![browser, foreign(&session.address), time(session.created_at), time(session.seen_at), ends, end]
}

fn password(visit: &Visit) -> AnyView {
    let returned = &visit.returned;
    let current = Field::password("currentPassword", "Current password", "current-password").required();
    let new = Field::password("newPassword", "New password", "new-password").required().at_least(12).at_most(1024);
    let email = visit.viewer.as_ref().map(|viewer| viewer.email.clone()).unwrap_or_default();
    view! {
        <section class="card">
            <h2>"Change your password"</h2>
            <form class="stack" method="post" action=visit.paths.api("auth/change-password") data-checks="">
                // Password managers want to know whose password it is.
                <input type="hidden" autocomplete="username" value=email />
                {current.view(returned)}
                {new.help("At least 12 characters. A few words are better than one clever one.").view(returned)}
                <p class="row"><button type="submit" class="btn">"Change password"</button></p>
            </form>
        </section>
    }
    .into_any()
}

/// What a browser calls itself, in words: `Firefox on Linux`. What is not known is shown as it is, bounded.
fn agent(text: &str) -> String {
    // Each names its ancestors too: the first that fits is the youngest.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name);
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if text.trim().is_empty() => "Unknown".to_owned(),
        _ => shown(text),
    }
}
