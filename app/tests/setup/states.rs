//! Every page of the wizard and of signing in, in every state.

use countersign_app::{
    EmailSettings, FieldError, Paths, Returned, Role, Setup, Step, Unavailable, Unsent, Viewer, Visit,
};
use countersign_app::{
    forbidden, invitation, problem_page, setup_admin, setup_complete, setup_email, setup_license, setup_organization,
    sign_in, unavailable,
};
use countersign_license::{Policy, inspect};
use serde_json::json;

use crate::fake::{DAY, Fake, NOW, bundle, claims, page, tampered, visit};

/// A text that would be markup if anything let it.
pub const HOSTILE: &str = "</script></title></textarea>\"'><b onclick=x>&amp;\u{202e}";

/// A visit of nobody to that set-up.
pub fn fresh(setup: Setup) -> Visit {
    let mut visit = visit(Fake { setup, ..Fake::default() }, Role::PlatformAdmin);
    visit.viewer = None;
    "bm9uY2U".clone_into(&mut visit.nonce);
    visit
}

/// A set-up in which everything before that step is done.
pub fn before(step: Step) -> Setup {
    let done = |other: Step| step > other;
    Setup {
        license: done(Step::License).then(|| inspect(bundle(&claims(214)), &Policy::default(), NOW).into()),
        admin: done(Step::Admin).then(|| ("First Admin".to_owned(), "admin@example.com".to_owned())),
        organization: done(Step::Organization).then(|| "Acme Corp".to_owned()),
        email: done(Step::Email).then(smtp),
        step,
        ..Fake::default().setup
    }
}

/// A mail server.
pub fn smtp() -> EmailSettings {
    EmailSettings::Smtp {
        host: "smtp.example.com".to_owned(),
        port: 465,
        security: "tls".to_owned(),
        username: "platform".to_owned(),
        has_password: true,
        from: "platform@example.com".to_owned(),
        from_name: "Acme Corp".to_owned(),
    }
}

/// The visit, with these errors.
pub fn refused(mut visit: Visit, errors: &[(&str, &str)], values: &[(&str, &str)]) -> Visit {
    visit.returned.errors = errors
        .iter()
        .map(|&(field, detail)| FieldError { field: field.to_owned(), code: "x".to_owned(), detail: detail.to_owned() })
        .collect();
    visit.returned.values = values.iter().map(|&(field, value)| (field.to_owned(), value.to_owned())).collect();
    visit
}

/// The visit of somebody.
pub fn signed_in(mut visit: Visit) -> Visit {
    visit.viewer = Some(Viewer {
        id: "u1".to_owned(),
        name: "First Admin".to_owned(),
        email: "admin@example.com".to_owned(),
        role: Role::PlatformAdmin,
    });
    visit
}

fn license(visit: &Visit) -> String {
    page(setup_license(visit)).expect("the backend answers")
}

/// Pages by name.
pub fn all() -> Vec<(String, String)> {
    let mut pages = licenses();
    pages.extend(steps());
    pages.extend(outside());
    pages.extend(hostile());
    // Empty comments hold the places of what is alive in other builds.
    pages.into_iter().map(|(name, page)| (name.to_owned(), page.replace("<!>", ""))).collect()
}

fn licenses() -> Vec<(&'static str, String)> {
    let good = bundle(&claims(214));
    let mut ahead = claims(214);
    ahead["nbf"] = json!(NOW + 5 * DAY);
    let bare = good.split('"').nth(3).expect("the token").to_owned();
    let sent = |text: &str, detail: &str| {
        license(&refused(fresh(before(Step::License)), &[("bundle", detail)], &[("bundle", text)]))
    };
    let inspected = |text: &str| Some(inspect(text, &Policy::default(), NOW).into());
    let token = Setup { needs_token: true, ..before(Step::License) };
    let preseeded = Setup { license: inspected(&good), is_preseeded: true, ..before(Step::License) };
    let problem = "`LICENSE` is set and `LICENSE_PUBLIC_KEY` is not. Both belong together.".to_owned();
    vec![
        ("license-fresh", license(&fresh(before(Step::License)))),
        ("license-token", license(&fresh(token.clone()))),
        (
            "license-token-refused",
            license(&refused(fresh(token), &[("bundle", "Paste the bundle."), ("setupToken", "Not the token.")], &[])),
        ),
        ("license-expired", sent(&bundle(&claims(-3)), "This license has expired.")),
        ("license-ahead", sent(&bundle(&ahead), "This license is not valid yet.")),
        ("license-tampered", sent(&tampered(&claims(214)), "The signature does not fit.")),
        ("license-bare", sent(&bare, "This is a JWT without its key.")),
        ("license-damaged", sent(&format!("> {good}"), "This bundle is damaged.")),
        ("license-nonsense", sent("Hello", "This is not a license bundle.")),
        ("license-given", license(&fresh(Setup { admin: None, ..before(Step::Admin) }))),
        ("license-preseeded", license(&fresh(preseeded.clone()))),
        ("license-preseeded-token", license(&fresh(Setup { needs_token: true, ..preseeded.clone() }))),
        (
            "license-preseeded-token-refused",
            license(&refused(
                fresh(Setup { needs_token: true, ..preseeded }),
                &[("setupToken", "This is not the set-up token of this server.")],
                &[],
            )),
        ),
        ("license-preseed-problem", license(&fresh(Setup { preseed_problem: Some(problem), ..before(Step::License) }))),
        ("license-stale", license(&fresh(Setup { license: inspected(&bundle(&claims(-1))), ..before(Step::License) }))),
        ("license-saved", license(&fresh(before(Step::Email)))),
    ]
}

fn steps() -> Vec<(&'static str, String)> {
    let admin = |visit: &Visit| page(setup_admin(visit)).expect("the backend answers");
    let organization = |visit: &Visit| page(setup_organization(visit)).expect("the backend answers");
    let email = |visit: &Visit| page(setup_email(visit)).expect("the backend answers");
    let complete = |visit: &Visit| page(setup_complete(visit)).expect("the backend answers");
    let at = |step| signed_in(fresh(before(step)));
    let mut tested = at(Step::Email);
    "A test message is on its way to admin@example.com.".clone_into(&mut tested.returned.notice);
    let resend = EmailSettings::Resend { from: "platform@example.com".to_owned(), from_name: String::new() };
    let with = |settings| signed_in(fresh(Setup { email: Some(settings), ..before(Step::Complete) }));
    vec![
        ("admin", admin(&fresh(before(Step::Admin)))),
        (
            "admin-refused",
            admin(&refused(
                fresh(before(Step::Admin)),
                &[("email", "This is not an e-mail address."), ("password", "This password is too common.")],
                &[("name", "First Admin"), ("email", "admin")],
            )),
        ),
        ("admin-saved", admin(&at(Step::Organization))),
        ("organization", organization(&at(Step::Organization))),
        (
            "organization-refused",
            organization(&refused(at(Step::Organization), &[("name", "Give it a name.")], &[("name", "")])),
        ),
        ("organization-again", organization(&at(Step::Complete))),
        ("email", email(&at(Step::Email))),
        (
            "email-refused",
            email(&refused(
                at(Step::Email),
                &[("host", "The server `smtp.example.com` does not answer."), ("", "No message was sent.")],
                &[("provider", "smtp"), ("host", "smtp.example.com"), ("from", "platform@example.com")],
            )),
        ),
        ("email-tested", email(&tested)),
        ("email-again", email(&at(Step::Complete))),
        ("email-resend", email(&with(resend.clone()))),
        ("email-later", email(&with(EmailSettings::Later))),
        ("complete", complete(&at(Step::Complete))),
        ("complete-resend", complete(&with(resend))),
        ("complete-later", complete(&with(EmailSettings::Later))),
        (
            "complete-refused",
            complete(&refused(at(Step::Complete), &[("", "The license has expired meanwhile.")], &[])),
        ),
    ]
}

/// A form that the database did not take.
fn unsent(is_part: bool) -> Unsent {
    let values = ["acknowledge", "acknowledge", "name"].map(|name| (name.to_owned(), HOSTILE.to_owned()));
    Unsent { page: "/platform/settings/users".to_owned(), values: values.into(), is_part }
}

fn outside() -> Vec<(&'static str, String)> {
    let paths = Paths::new("/platform");
    let mut next = fresh(before(Step::License));
    next.returned.values.insert("next".to_owned(), "/platform/settings/license?a=\"b\"".to_owned());
    "You are signed out.".clone_into(&mut next.returned.notice);
    let nobody = || fresh(before(Step::License));
    let render = |page_of: std::future::Ready<Result<String, Unavailable>>| page(page_of).expect("it asks for nothing");
    let wrong = refused(
        nobody(),
        &[("", "E-mail or password is wrong, or the account does not exist.")],
        &[("email", "admin@example.com")],
    );
    let used = refused(nobody(), &[("code", "This code was used or has run out.")], &[("name", "Mary")]);
    vec![
        ("sign-in", render(sign_in(&nobody()))),
        ("sign-in-next", render(sign_in(&next))),
        ("sign-in-refused", render(sign_in(&wrong))),
        ("invitation", render(invitation(&nobody()))),
        ("invitation-refused", render(invitation(&used))),
        ("unavailable", unavailable(&paths, "bm9uY2U", Unavailable::Away, &Unsent::default())),
        ("unavailable-gone", unavailable(&paths, "bm9uY2U", Unavailable::Gone, &unsent(false))),
        ("unavailable-unsure", unavailable(&paths, "bm9uY2U", Unavailable::Unsure, &unsent(true))),
        ("unavailable-busy", unavailable(&paths, "bm9uY2U", Unavailable::Busy, &unsent(false))),
        ("unavailable-full", unavailable(&paths, "bm9uY2U", Unavailable::Full, &unsent(true))),
        ("unavailable-read-only", unavailable(&paths, "bm9uY2U", Unavailable::ReadOnly, &unsent(false))),
        ("forbidden", forbidden(&signed_in(nobody()))),
        ("forbidden-nobody", forbidden(&nobody())),
        (
            "problem",
            problem_page(&paths, "", 500, "Something went wrong here", "It was noted. Try again.", "01J9ZK3V7Q"),
        ),
    ]
}

/// A set-up in which every text is a stranger's.
pub fn hostile_setup(step: Step) -> Setup {
    let mut said = claims(214);
    said["scrydon"]["org"] = json!(HOSTILE);
    said["sub"] = json!(HOSTILE);
    said["jti"] = json!(HOSTILE);
    let text = || HOSTILE.to_owned();
    Setup {
        license: Some(inspect(bundle(&said), &Policy::default(), NOW).into()),
        preseed_problem: Some(text()),
        admin: (step > Step::Admin).then(|| (text(), text())),
        organization: (step > Step::Organization).then(text),
        email: (step > Step::Email).then(|| EmailSettings::Smtp {
            host: text(),
            port: 25,
            security: "none".to_owned(),
            username: text(),
            has_password: false,
            from: text(),
            from_name: text(),
        }),
        ..before(step)
    }
}

/// A visit in which everything that came back is a stranger's text.
pub fn hostile_visit(step: Step) -> Visit {
    const FIELDS: [&str; 17] = [
        "bundle",
        "setupToken",
        "name",
        "email",
        "password",
        "next",
        "code",
        "provider",
        "host",
        "port",
        "security",
        "username",
        "apiKey",
        "from",
        "fromName",
        "to",
        "",
    ];
    let errors = FIELDS.map(|field| (field, HOSTILE));
    let mut visit = refused(fresh(hostile_setup(step)), &errors, &errors);
    HOSTILE.clone_into(&mut visit.returned.notice);
    let mut visit = signed_in(visit);
    if let Some(viewer) = &mut visit.viewer {
        HOSTILE.clone_into(&mut viewer.name);
        HOSTILE.clone_into(&mut viewer.email);
    }
    visit
}

fn hostile() -> Vec<(&'static str, String)> {
    let ok = |result: Result<String, Unavailable>| result.expect("the backend answers");
    let at = hostile_visit;
    let paths = Paths::new("/platform");
    vec![
        ("hostile-license", ok(page(setup_license(&at(Step::License))))),
        ("hostile-license-saved", ok(page(setup_license(&at(Step::Complete))))),
        ("hostile-admin", ok(page(setup_admin(&at(Step::Admin))))),
        ("hostile-admin-saved", ok(page(setup_admin(&at(Step::Complete))))),
        ("hostile-organization", ok(page(setup_organization(&at(Step::Organization))))),
        ("hostile-organization-again", ok(page(setup_organization(&at(Step::Complete))))),
        ("hostile-email", ok(page(setup_email(&at(Step::Email))))),
        (
            "hostile-email-again",
            ok(page(setup_email(&{
                let mut visit = at(Step::Complete);
                visit.returned = Returned::default();
                visit
            }))),
        ),
        ("hostile-complete", ok(page(setup_complete(&at(Step::Complete))))),
        ("hostile-sign-in", ok(page(sign_in(&at(Step::License))))),
        ("hostile-invitation", ok(page(invitation(&at(Step::License))))),
        ("hostile-forbidden", forbidden(&Visit { returned: Returned::default(), ..at(Step::License) })),
        ("hostile-problem", problem_page(&paths, HOSTILE, 413, HOSTILE, HOSTILE, HOSTILE)),
    ]
}
