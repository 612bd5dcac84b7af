//! `{base}/setup/complete`: a last look.

use leptos::prelude::*;

use crate::pages::form::problems;
use crate::pages::shell::wizard;
use crate::words::headline;
use crate::{EmailSettings, Setup, Step, Unavailable, Visit};

/// The wizard's last step.
pub async fn setup_complete(visit: &Visit) -> Result<String, Unavailable> {
    let setup = visit.backend.setup().await?;
    Ok(wizard(visit, Step::Complete, setup.step, "Look it over, and finish", || {
        view! {
            <div>
                <h1 tabindex="-1">"Look it over, and finish"</h1>
                <p class="soft">"When you finish, the platform opens and this set-up closes for good."</p>
            </div>
            {problems(&visit.returned, &[])}
            <dl class="review card">
                <div>
                    <dt>"License"</dt>
                    <dd>{license(visit, &setup)}</dd>
                </div>
                <div>
                    <dt>"Administrator"</dt>
                    <dd>{administrator(&setup)}</dd>
                </div>
                <div>
                    <dt>"Organization"</dt>
                    <dd><bdi>{setup.organization.clone().unwrap_or_else(|| "Not named yet".to_owned())}</bdi></dd>
                    {change(visit, Step::Organization, "organization")}
                </div>
                <div>
                    <dt>"E-mail"</dt>
                    <dd>{email(setup.email.as_ref())}</dd>
                    {change(visit, Step::Email, "e-mail")}
                </div>
            </dl>
            <form method="post" action=visit.paths.api("setup/complete") data-checks="">
                <button class="btn" type="submit" data-busy="Finishing…">"Finish and open the platform"</button>
            </form>
        }
    }))
}

fn change(visit: &Visit, step: Step, what: &'static str) -> AnyView {
    view! {
        <dd class="change">
            <a href=visit.paths.setup_step(step)>"Change" <span class="visually-hidden">{format!(" {what}")}</span></a>
        </dd>
    }
    .into_any()
}

fn license(visit: &Visit, setup: &Setup) -> AnyView {
    let Some(inspection) = &setup.license else { return "Not there yet".into_any() };
    let claims = inspection.license.as_ref().map(|license| {
        let claims = license.claims();
        view! {
            <bdi>{claims.organization.clone()}</bdi>
            {format!(", {}, until {}", claims.tier, claims.expires_at)}
        }
    });
    let fingerprint = inspection.key.map(|key| {
        let groups = key.sha256.groups();
        let start = groups.get(..4).unwrap_or_default().join(" ");
        view! { <small>"Key " <span class="mono">{format!("{start} …")}</span></small> }
    });
    view! { {claims} <small>{headline(inspection, &visit.policy).title}</small> {fingerprint} }.into_any()
}

fn administrator(setup: &Setup) -> AnyView {
    match &setup.admin {
        Some((name, email)) => view! { <bdi>{name.clone()}</bdi> <small><bdi>{email.clone()}</bdi></small> }.into_any(),
        None => "Not there yet".into_any(),
    }
}

fn email(settings: Option<&EmailSettings>) -> AnyView {
    let sender = |from: &str, name: &str| {
        let from = if name.is_empty() { from.to_owned() } else { format!("{name} <{from}>") };
        view! { <small>"From " <bdi>{from}</bdi></small> }
    };
    match settings {
        None => "Not chosen yet".into_any(),
        Some(EmailSettings::Later) => "Not now: no e-mail is sent".into_any(),
        Some(EmailSettings::Resend { from, from_name }) => view! { "Resend" {sender(from, from_name)} }.into_any(),
        Some(EmailSettings::Smtp { host, port, from, from_name, .. }) => {
            view! { "Mail server " <bdi>{format!("{host}:{port}")}</bdi> {sender(from, from_name)} }.into_any()
        }
    }
}
