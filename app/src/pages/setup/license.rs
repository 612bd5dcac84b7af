//! `{base}/setup/license`: the bundle.

use countersign_license::{Inspection, Policy, Verdict, inspect};
use leptos::prelude::*;

use crate::pages::form::{Field, bundle_box, problems, prose};
use crate::pages::report;
use crate::pages::shell::wizard;
use crate::words::headline;
use crate::{Setup, Step, Unavailable, Visit};

/// The wizard's first step: paste the bundle, see what it is worth. It opens verified where a license is there already.
pub async fn setup_license(visit: &Visit) -> Result<String, Unavailable> {
    let setup = visit.backend.setup().await?;
    if setup.admin.is_some() {
        return Ok(saved(visit, &setup));
    }
    let typed = visit.returned.value("bundle").filter(|typed| !typed.trim().is_empty());
    let sent = match typed.filter(|_| !visit.returned.errors.is_empty()) {
        Some(typed) => Some(visit.backend.preview(typed).await?.candidate),
        None => None,
    };
    let held = setup.license.as_ref().filter(|license| license.verdict == Verdict::Valid);
    Ok(match held {
        Some(license) => verified(visit, &setup, license, typed, sent.as_ref()),
        None => paste(visit, &setup, typed, sent.as_ref()),
    })
}

/// Nothing usable is there yet.
fn paste(visit: &Visit, setup: &Setup, typed: Option<&str>, sent: Option<&Inspection>) -> String {
    let (returned, profile) = (&visit.returned, visit.policy.profile);
    wizard(visit, Step::License, setup.step, "Apply your license", || {
        let problem = setup.preseed_problem.as_ref().map(|problem| {
            view! {
                <section class="verdict warn">
                    <h2>"The license in the configuration cannot be used"</h2>
                    <p>{prose(problem)}</p>
                    <p>"Correct the configuration and start the server again, or paste the bundle here."</p>
                </section>
            }
        });
        // One that cannot be used, or cannot be used any more.
        let held = setup.license.as_ref().filter(|_| sent.is_none());
        let verdict = held.filter(|_| setup.preseed_problem.is_none());
        view! {
            <div>
                <h1 tabindex="-1">"Apply your license"</h1>
                <p class="soft">{format!("Paste the license bundle that {} sent you: the token and its key, together.", profile.vendor)}</p>
            </div>
            {problems(returned, fields(setup))}
            {problem}
            {verdict.map(|license| report::verdict(license, &visit.policy))}
            {(setup.is_preseeded && setup.needs_token).then(|| view! {
                <p class="note">"A license came with the configuration of this server. Type the token alone to see it and go on with it."</p>
            })}
            <form class="stack" method="post" action=visit.paths.api("setup/license") data-checks="">
                {sent.and_then(repaired)}
                {bundle_box(returned, kept(typed, sent), HELP, !setup.is_preseeded, true)}
                {token(setup).map(|field| field.view(returned))}
                <div class="row">
                    <button class="btn" type="submit" data-busy="Checking…">"Check and continue"</button>
                </div>
            </form>
            <p class="soft">
                "No bundle yet? Write to " <a href=format!("mailto:{}", profile.contact)>{profile.contact}</a>
                ". To look at a bundle without using it, open the " <a href=visit.paths.checker()>"license checker"</a> "."
            </p>
            {held.map(|license| report::details(license, visit.now))}
            {sent.map(|sent| refused(visit, typed, sent))}
        }
    })
}

/// A good license is there: from the configuration, or given before.
fn verified(
    visit: &Visit,
    setup: &Setup,
    license: &Inspection,
    typed: Option<&str>,
    sent: Option<&Inspection>,
) -> String {
    let returned = &visit.returned;
    wizard(visit, Step::License, setup.step, "Your license", || {
        let origin = if setup.is_preseeded {
            "It came with the configuration of this server, and has been checked just now."
        } else {
            "It has been checked just now. It is saved together with the first administrator, in the next step."
        };
        let is_open = typed.is_some() || returned.error("bundle").is_some();
        let has_next = setup.step > Step::License && !setup.needs_token;
        let other = |is_required| bundle_box(returned, kept(typed, sent), HELP, is_required, true);
        let action = visit.paths.api("setup/license");
        let forms = if has_next {
            view! {
                <p class="row"><a class="btn" href=visit.paths.setup_step(Step::Admin)>"Continue"</a></p>
                <details class="card" open=is_open>
                    <summary>"Use another bundle"</summary>
                    <form class="stack" method="post" action=action data-checks="">
                        {sent.and_then(repaired)}
                        {other(true)}
                        <div class="row">
                            <button class="btn" type="submit" data-busy="Checking…">"Check and continue"</button>
                        </div>
                    </form>
                </details>
            }
            .into_any()
        } else {
            // One form: an empty box stands for the bundle that is there.
            view! {
                <form class="stack" method="post" action=action data-checks="">
                    {token(setup).map(|field| field.view(returned))}
                    <details class="card" open=is_open>
                        <summary>"Use another bundle"</summary>
                        <div class="stack">{sent.and_then(repaired)} {other(false)}</div>
                    </details>
                    <div class="row">
                        <button class="btn" type="submit" data-busy="Checking…">"Continue"</button>
                    </div>
                </form>
            }
            .into_any()
        };
        view! {
            <div>
                <h1 tabindex="-1">"Your license"</h1>
                <p class="soft">{origin}</p>
            </div>
            {problems(returned, fields(setup))}
            {report::verdict(license, &visit.policy)}
            {forms}
            {match sent {
                Some(sent) => refused(visit, typed, sent),
                None => report::details(license, visit.now),
            }}
        }
    })
}

/// The license is saved, and the wizard does not change it any more.
fn saved(visit: &Visit, setup: &Setup) -> String {
    wizard(visit, Step::License, setup.step, "Your license", || {
        let license = setup.license.as_ref();
        view! {
            <div>
                <h1 tabindex="-1">"Your license"</h1>
                <p class="soft">"It is saved. A new one can be applied in the settings, once the platform is set up."</p>
            </div>
            {problems(&visit.returned, &[])}
            {license.map(|license| report::verdict(license, &visit.policy))}
            <p class="row"><a class="btn" href=visit.paths.setup_step(setup.step)>"Continue"</a></p>
            {license.map(|license| report::details(license, visit.now))}
        }
    })
}

const HELP: &str = "The whole text, from the first `{` to the last `}`, or the file it came in.";

fn fields(setup: &Setup) -> &'static [&'static str] {
    if setup.needs_token { &["bundle", "setupToken"] } else { &["bundle"] }
}

/// The field that proves that somebody can read the server's output.
fn token(setup: &Setup) -> Option<Field> {
    let help = "The server printed it when it started. `countersign setup-token` prints a new one.";
    setup.needs_token.then(|| Field::code("setupToken", "Set-up token").required().help(help))
}

/// What stands in the box again: what was typed, or the bundle in it that was only damaged. A private key is not sent back.
fn kept(typed: Option<&str>, sent: Option<&Inspection>) -> String {
    if let Some(bundle) = sent.and_then(|sent| sent.repaired.as_ref()) {
        return bundle.to_json();
    }
    let is_secret = sent.is_some_and(report::holds_private_key);
    typed.filter(|_| !is_secret).unwrap_or_default().to_owned()
}

/// Says that what stands in the box is not letter by letter what was typed.
fn repaired(sent: &Inspection) -> Option<AnyView> {
    sent.repaired.as_ref()?;
    let text = "The bundle was damaged in copying, and it could be put together again: its signature is right. It stands in the \
                box now. Send it once more to use it.";
    Some(view! { <p class="note">{text}</p> }.into_any())
}

/// What was found in a bundle that was not taken.
fn refused(visit: &Visit, typed: Option<&str>, sent: &Inspection) -> AnyView {
    // Where scripts run, the box says by itself what is in it: the same once more would be too much.
    let (policy, text) = (Policy::default(), kept(typed, Some(sent)));
    let is_said = headline(&inspect(text, &policy, visit.now), &policy) == headline(sent, &visit.policy);
    view! {
        <section class="stack sent" data-said-above=is_said.then_some("")>
            <h2>"What was found in the bundle you sent"</h2>
            {report::verdict(sent, &visit.policy)}
            {report::details(sent, visit.now)}
        </section>
    }
    .into_any()
}
