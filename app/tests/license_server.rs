//! The section about the license server, in every state.

#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod fake;

use countersign_app::{Heartbeat, Role, Unreached, settings_license};
use countersign_license::{Mode, PhoneHome, Standing};
use fake::{DAY, Fake, NOW, bundle, claims, page, tampered, visit};

/// The section's markup, and the whole page's; the section is empty where there is none.
fn section(server: Fake, role: Role) -> (String, String) {
    let html = page(settings_license(&visit(server, role))).expect("the store answers");
    let section = html.split("id=\"license-server\"").nth(1).and_then(|rest| rest.split("</section>").next());
    (section.unwrap_or_default().to_owned(), html.clone())
}

fn online() -> Heartbeat {
    Heartbeat { mode: "online", host: "license.example.com".to_owned(), ..Heartbeat::default() }
}

fn failing() -> Heartbeat {
    Heartbeat {
        last_success_at: Some(NOW - 3 * DAY),
        first_failure_at: Some(NOW - 2 * DAY),
        failures: 40,
        last_error: Some(Unreached::Timeout),
        next_at: Some(NOW + 1800),
        locks_at: Some(NOW + 28 * DAY),
        ..online()
    }
}

/// A license in force and these facts about the license server, with the state that follows from them.
fn server(heartbeat: Heartbeat) -> Fake {
    let mut server = Fake::default().with_license(&bundle(&claims(214)));
    if let Some(installed) = &mut server.installed {
        installed.known = PhoneHome { first_failure_at: heartbeat.first_failure_at, ..PhoneHome::default() };
        let mode = Mode::Online { grace: 30 * DAY };
        installed.standing = Standing::of(Some(&installed.inspection), mode, &installed.known, NOW);
    }
    server.heartbeat = heartbeat;
    server
}

#[track_caller]
fn says(html: &str, words: &[&str]) {
    for words in words {
        assert!(html.contains(words), "“{words}” is missing in {html}");
    }
}

#[track_caller]
fn says_not(html: &str, words: &[&str]) {
    for words in words {
        assert!(!html.contains(words), "“{words}” stands in {html}");
    }
}

#[test]
fn while_all_is_well_it_says_when_it_was_reached_and_when_it_is_asked_next() {
    let (html, _) = section(server(online()), Role::OrgAdmin);
    says(&html, &["Online", "asked once a day", "license.example.com", "Last reached", "Not yet", "Check now"]);
    says_not(&html, &["Out of reach", "Locks", "Asked next"]);
    let well = Heartbeat { last_success_at: Some(NOW - 3600), next_at: Some(NOW + 23 * 3600), ..online() };
    let (html, _) = section(server(well.clone()), Role::PlatformAdmin);
    says(&html, &["22 November 2026, 05:00 UTC", "Asked next", "23 November 2026, 05:00 UTC"]);
    says(&html, &["method=\"post\"", "action=\"/platform/api/auth/license/check\""]);
    let (html, _) = section(server(Heartbeat { next_at: Some(NOW), ..well }), Role::OrgAdmin);
    says(&html, &["Now"]);
}

#[test]
fn out_of_reach_it_says_since_when_why_until_when_and_what_to_do() {
    let (html, whole) = section(server(failing()), Role::OrgAdmin);
    says(
        &html,
        &["Out of reach since", "20 November 2026, 06:00 UTC", "40 tries", "Locks", "20 December 2026, 06:00 UTC"],
    );
    says(&html, &["license.example.com did not answer within 10 seconds.", "Let the firewall pass https"]);
    says(&whole, &["The license server is out of reach"]);
    let lapsed = Heartbeat { first_failure_at: Some(NOW - 31 * DAY), locks_at: Some(NOW - DAY), ..failing() };
    let (html, whole) = section(server(lapsed), Role::OrgAdmin);
    says(&html, &["Locked since", "21 November 2026, 06:00 UTC", "Check now"]);
    says(&whole, &["The license server was out of reach for too long"]);
}

#[test]
fn each_reason_has_its_words() {
    for why in Unreached::ALL {
        let (html, _) = section(server(Heartbeat { last_error: Some(why), failures: 1, ..failing() }), Role::OrgAdmin);
        let escaped = |text: String| text.replace('\'', "&#x27;");
        let (said, remedy) = (why.said("license.example.com"), why.remedy("license.example.com"));
        assert!(html.contains(&said) || html.contains(&escaped(said.clone())), "{said} is missing in {html}");
        assert!(html.contains(&remedy) || html.contains(&escaped(remedy.clone())), "{remedy} is missing in {html}");
        says(&html, &["1 try"]);
    }
}

#[test]
fn what_the_vendor_says_of_a_revocation_stays_text() {
    let reason = "<script>alert(1)</script> \u{202e}unpaid".repeat(20);
    let (html, _) = section(server(Heartbeat { reason, ..online() }), Role::OrgAdmin);
    says(&html, &["About the revocation the vendor says", "&lt;script"]);
    says_not(&html, &["<script", "\u{202e}"]);
}

#[test]
fn offline_nobody_is_asked_and_there_is_no_button() {
    for (mode, words) in [("offline", "no license server is asked"), ("airgapped", "nobody outside is asked anything")]
    {
        let (html, _) = section(server(Heartbeat { mode, ..failing() }), Role::OrgAdmin);
        says(&html, &[words]);
        says_not(&html, &["Check now", "license.example.com", "Out of reach", "firewall"]);
    }
}

#[test]
fn without_a_license_in_force_there_is_nothing_to_ask_about() {
    for license in [bundle(&claims(-3)), tampered(&claims(214))] {
        let (html, _) = section(Fake { heartbeat: online(), ..Fake::default().with_license(&license) }, Role::OrgAdmin);
        says(&html, &["License server"]);
        says_not(&html, &["Check now"]);
    }
    let (html, _) = section(Fake { heartbeat: online(), ..Fake::default() }, Role::OrgAdmin);
    says_not(&html, &["Check now"]);
}

#[test]
fn members_do_not_see_it() {
    let (html, whole) = section(server(failing()), Role::Member);
    assert!(html.is_empty(), "{html}");
    says_not(&whole, &["license.example.com", "auth/license/check"]);
}
