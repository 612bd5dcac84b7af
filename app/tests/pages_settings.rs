//! Home and settings, from a server in any state.

#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod fake;

use countersign_app::{
    Addresses, CallMode, Callee, Destination, EmailSettings, Event, EventFilter, FieldError, Invitation, Network, Role,
    Session, Usage, UsageReport, Visit, home, settings_audit, settings_email, settings_license, settings_license_jwt,
    settings_license_update, settings_network, settings_organization, settings_sessions, settings_users,
};
use countersign_license::Policy;
use fake::{DAY, Fake, NOW, bundle, claims, page, signed, tampered, user, visit};
use serde_json::{Value, json};

const HOSTILE: &str = "</script><b>x";
const ADMINS: [Role; 2] = [Role::PlatformAdmin, Role::OrgAdmin];

fn active() -> Fake {
    Fake::default().with_license(&bundle(&claims(214)))
}

fn with(mut claims: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut claims);
    claims
}

/// Less, shorter, older, and by another key.
fn worse() -> String {
    let claims = with(claims(100), |claims| {
        claims["scrydon"]["entitlements"]["ramGb"] = json!(64);
        claims["scrydon"]["features"] = json!({ "maxUsers": 20 });
        claims["iat"] = json!(NOW - 300 * DAY);
    });
    signed(&claims, "rsa2048-other")
}

fn license(visit: &Visit) -> String {
    page(settings_license(visit)).expect("the store answers")
}

fn update(visit: &Visit) -> String {
    page(settings_license_update(visit)).expect("the store answers")
}

fn users(visit: &Visit) -> String {
    page(settings_users(visit)).expect("the store answers")
}

fn sessions(visit: &Visit) -> String {
    page(settings_sessions(visit)).expect("the store answers")
}

fn audit(visit: &Visit, filter: &EventFilter) -> String {
    page(settings_audit(visit, filter)).expect("the store answers")
}

/// The update of that server's license with this bundle in the box.
fn reviewed(server: Fake, bundle: &str) -> String {
    let mut visit = visit(server, Role::OrgAdmin);
    visit.returned.values.insert("bundle".to_owned(), bundle.to_owned());
    update(&visit)
}

/// The text of a page as it is read: no markup, entities resolved, white space folded.
fn text(html: &str) -> String {
    const INLINE: [&str; 7] = ["a", "b", "bdi", "code", "small", "span", "time"];
    let mut parts = html.split('<');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (tag, rest) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if !INLINE.contains(&name) && !tag.starts_with('!') {
            out.push(' ');
        }
        out.push_str(rest);
    }
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    out.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(html: &str, sentence: &str) {
    assert!(text(html).contains(sentence), "“{sentence}” is missing in: {}", text(html));
}

#[track_caller]
fn says_not(html: &str, sentence: &str) {
    assert!(!text(html).contains(sentence), "“{sentence}” stands in: {}", text(html));
}

/// The value of the hidden fields of that name.
fn hidden(html: &str, name: &str) -> Vec<String> {
    let mark = format!("type=\"hidden\" name=\"{name}\" value=\"");
    html.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// Every state of every page, to be looked at in the same way.
fn all() -> Vec<(String, String)> {
    let hostile = with(claims(214), |claims| {
        claims["scrydon"]["org"] = json!(HOSTILE.repeat(40));
        claims["sub"] = json!(HOSTILE);
        claims["jti"] = json!(HOSTILE);
        claims["scrydon"]["features"][HOSTILE] = json!(HOSTILE);
    });
    let full = Fake {
        organization: HOSTILE.to_owned(),
        users: vec![user("u1", "First Admin", Role::PlatformAdmin), user("u2", HOSTILE, Role::Member)],
        invitations: vec![invitation(HOSTILE, Role::Member)],
        sessions: vec![session("s1", HOSTILE, true), session("s2", HOSTILE, false)],
        events: (0..50).map(|number| event(number, HOSTILE)).collect(),
        has_more_events: true,
        network: network(HOSTILE),
        ..Fake::default()
    };
    let states = [
        ("active", active()),
        ("expiring", Fake::default().with_license(&bundle(&claims(12)))),
        ("expired", Fake::default().with_license(&bundle(&claims(-3)))),
        ("unlicensed", Fake::default()),
        ("tampered", Fake::default().with_license(&tampered(&claims(214)))),
        ("hostile", full.with_license(&bundle(&hostile)).replaced(&bundle(&hostile), 6)),
    ];
    let mut pages = Vec::new();
    for (state, server) in states {
        for role in Role::ALL {
            let visit = visit(server.clone(), role);
            let mut add = |page: &str, html: String| pages.push((format!("{page}, {state}, {}", role.name()), html));
            add("home", page(home(&visit)).expect("the store answers"));
            add("license", license(&visit));
            add("update", update(&visit));
            add("organization", page(settings_organization(&visit)).expect("the store answers"));
            add("email", page(settings_email(&visit)).expect("the store answers"));
            add("network", page(settings_network(&visit)).expect("the store answers"));
            add("users", users(&visit));
            add("sessions", sessions(&visit));
            add("audit", audit(&visit, &EventFilter::default()));
            add("jwt", settings_license_jwt(&visit, HOSTILE));
            for (name, bundle) in
                [("worse", worse()), ("expired", bundle(&claims(-3))), ("hostile", HOSTILE.to_owned())]
            {
                let mut visit = visit.clone();
                visit.returned.values.insert("bundle".to_owned(), bundle);
                pages.push((format!("review of {name}, {state}, {}", role.name()), update(&visit)));
            }
        }
    }
    pages
}

fn invitation(email: &str, role: Role) -> Invitation {
    let (id, invited_by) = ("i1".to_owned(), "First Admin".to_owned());
    Invitation { id, email: email.to_owned(), role, invited_by, expires_at: NOW + 7 * DAY }
}

fn session(id: &str, agent: &str, is_current: bool) -> Session {
    Session {
        id: id.to_owned(),
        created_at: NOW - DAY,
        seen_at: NOW - 60,
        expires_at: NOW + 20 * DAY,
        agent: agent.to_owned(),
        address: "192.0.2.7".to_owned(),
        is_current,
    }
}

fn event(number: i64, detail: &str) -> Event {
    Event {
        id: (1000 - number).to_string(),
        at: NOW - number * 3600,
        actor: "admin@example.com".to_owned(),
        action: "license.rotated".to_owned(),
        detail: detail.to_owned(),
        address: "192.0.2.7".to_owned(),
    }
}

#[test]
fn every_page_in_every_state_has_one_heading_of_the_first_level_and_nothing_inline() {
    for (name, html) in all() {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert!(!html.contains(" style=") && !html.contains(" onclick"), "{name}");
    }
}

#[test]
fn hostile_names_stay_text_on_every_page() {
    for (name, html) in all() {
        assert!(!html.contains("<b>x"), "{name}");
        // The page's own script is the only one.
        assert_eq!(html.matches("</script>").count(), 1, "{name}");
    }
}

#[test]
fn every_id_stands_once_on_a_page() {
    for (name, html) in all() {
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}: {ids:?}");
    }
}

#[test]
fn members_get_no_form_but_their_own() {
    for (name, html) in all().into_iter().filter(|(name, _)| name.ends_with(", member") && !name.starts_with("jwt")) {
        for rest in html.split("<form").skip(1) {
            let action = rest.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            assert!(
                action.starts_with("/platform/api/auth/s") || action.ends_with("change-password"),
                "{name}: {action}"
            );
        }
        assert!(!html.contains("href=\"/platform/settings/license/update\""), "{name}");
    }
}

#[test]
fn a_member_sees_everything_about_the_license_and_who_can_change_it() {
    let html = license(&visit(active().replaced(&worse(), 6), Role::Member));
    for sentence in ["Licensed to Acme Corp until 24 June 2027", "128 GB", "Signing key", "Checks", "First Admin"] {
        says(&html, sentence);
    }
    says(&html, "You can look, but not change the license. Ask an administrator of this platform.");
    says_not(&html, "Copy the JWT");
    says_not(&html, "Revert to");
}

#[test]
fn nothing_is_shown_while_the_store_cannot_be_read() {
    let visit = visit(Fake { is_down: true, ..active() }, Role::PlatformAdmin);
    assert!(page(home(&visit)).is_err());
    assert!(page(settings_license(&visit)).is_err());
    assert!(page(settings_users(&visit)).is_err());
}

#[test]
fn home_says_what_is_licensed_until_when_and_which_features() {
    let html = page(home(&visit(active(), Role::Member))).expect("the store answers");
    says(&html, "Licensed to Acme Corp until 24 June 2027, 06:00 UTC 214 days are left.");
    for sentence in ["Enterprise", "16 cores", "128 GB", "48 GBcontractual only", "24 June 2027, 06:00 UTCin 214 days"]
    {
        says(&html, sentence);
    }
    for sentence in ["Analytics granted", "Agentic features not granted", "Users, at most 50"] {
        says(&html, sentence);
    }
    assert!(
        html.contains("href=\"/platform/settings/license\"") && html.contains("href=\"/platform/license-checker\"")
    );
    says_not(&html, "sales@scrydon.com");
}

#[test]
fn home_says_what_the_tier_brings_where_the_license_does_not() {
    let claims = with(claims(214), |claims| claims["scrydon"]["features"] = json!({ "agentic": false, "sso": true }));
    let server = Fake::default().with_license(&bundle(&claims));
    let html = page(home(&visit(server, Role::Member))).expect("the store answers");
    for sentence in ["Analytics with the tier granted", "Agentic features not granted", "sso granted"] {
        says(&html, sentence);
    }
}

#[test]
fn the_settings_hold_what_is_in_use_against_the_license_for_administrators() {
    let report = |service: &str, cpu_cores| UsageReport {
        service: service.to_owned(),
        cpu_cores,
        ram_gb: 130,
        vram_gb: 90,
        reported_at: NOW - 60,
    };
    let sums = Usage { cpu_cores: 13, ram_gb: 130, vram_gb: 90, users: 50 };
    let in_use = |reports: Vec<UsageReport>| Fake { usage: (sums, reports), ..active() };
    let reported = license(&visit(in_use(vec![report("models", 13)]), Role::OrgAdmin));
    for sentence in [
        "CPU cores 13 of 16 in use nearly all in use",
        "RAM, GB 130 of 128 in use more than licensed",
        "VRAM, GB contractual only 90 of 48 in use Users",
        "Users 50 of 50 in use all in use",
        "One service has reported within the last 24 hours",
    ] {
        says(&reported, sentence);
    }
    let silent = license(&visit(in_use(Vec::new()), Role::OrgAdmin));
    says(&silent, "No service has reported what it uses within the last 24 hours");
    assert!(!silent.contains("CPU cores"), "what nobody reports is not known");
    assert!(!license(&visit(in_use(Vec::new()), Role::Member)).contains("In use"));
}

#[test]
fn home_says_that_a_license_expires_and_whom_to_write_to() {
    let html =
        page(home(&visit(Fake::default().with_license(&bundle(&claims(12))), Role::OrgAdmin))).expect("it answers");
    says(&html, "The license expires in 12 days, on 4 December 2026");
    says(&html, "For a new license, write to sales@scrydon.com, quoting cus_Acme42.");
    says(&html, "Update license");
}

#[test]
fn home_says_that_a_license_expired_and_to_those_who_can_act_whom_to_write_to() {
    for role in Role::ALL {
        let html = page(home(&visit(Fake::default().with_license(&bundle(&claims(-3))), role))).expect("it answers");
        says(&html, "The license expired 3 days ago, on 19 November 2026");
        says(&html, "Features, until the license expired");
        let contact = "For a new license, write to sales@scrydon.com, quoting cus_Acme42.";
        let tell = if role.is_admin() { says } else { says_not };
        tell(&html, contact);
    }
}

#[test]
fn home_says_that_a_license_has_not_begun() {
    let later = with(claims(214), |claims| claims["nbf"] = json!(NOW + 5 * DAY));
    let html = page(home(&visit(Fake::default().with_license(&bundle(&later)), Role::Member))).expect("it answers");
    says(&html, "The license begins in 5 days, on 27 November 2026");
    says(&html, "Features, once the license begins");
}

#[test]
fn home_says_that_nothing_is_licensed() {
    let none = page(home(&visit(Fake::default(), Role::PlatformAdmin))).expect("it answers");
    says(&none, "No license is installed");
    says(&none, "Install a license");
    let changed = Fake::default().with_license(&tampered(&claims(214)));
    let changed = page(home(&visit(changed, Role::PlatformAdmin))).expect("it answers");
    says(&changed, "The stored license is not genuine any more");
    says(&changed, "sales@scrydon.com");
    // What nobody vouches for is not shown as what is licensed.
    says_not(&changed, "9999");
}

#[test]
fn a_tampered_license_is_shown_as_not_verified() {
    let html = license(&visit(Fake::default().with_license(&tampered(&claims(214))), Role::OrgAdmin));
    says(&html, "The stored license is not genuine any more Does not fit the key");
    says(&html, "Not verified: what the token says");
    says(&html, "Nobody vouches for it: the signature does not fit.");
    assert!(html.contains("<a href=\"/platform/settings/license/update\" class=\"btn\">"));
}

#[test]
fn trust_is_said_in_words() {
    let bundle = bundle(&claims(214));
    says(&license(&visit(active(), Role::Member)), "Only the bundle vouches for its key: compare the fingerprint");
    let mut policy = Policy::default();
    policy.trusted.extend(active().installed.and_then(|installed| installed.inspection.key).map(|key| key.sha256));
    let html = license(&visit(Fake { policy, ..Fake::default() }.with_license(&bundle), Role::Member));
    says(&html, "It is signed with a key that Scrydon publishes.");
    assert!(html.contains("class=\"verdict good\""));
}

#[test]
fn administrators_can_copy_the_token_and_are_told_what_that_means() {
    for role in ADMINS {
        let html = license(&visit(active(), role));
        assert!(html.contains("<form method=\"post\" action=\"/platform/api/auth/license/copy\""), "{html}");
        says(&html, "whoever has it can show it as theirs");
        says(&html, "That you do is written to the audit log.");
        // It is not on the page before somebody asks for it.
        let jwt = active().installed.and_then(|installed| installed.inspection.bundle).expect("a bundle").jwt;
        assert!(!html.contains(&jwt));
        let answer = settings_license_jwt(&visit(active(), role), &jwt);
        assert!(answer.contains(&jwt) && answer.contains("data-copy=\"#jwt\"") && answer.contains("readonly"));
    }
}

#[test]
fn the_history_has_a_row_for_each_license_and_is_for_administrators() {
    let mut server = active();
    for revision in (1..=6).rev() {
        server = server.replaced(&worse(), revision);
    }
    assert!(!license(&visit(server.clone(), Role::Member)).contains("History"), "it names people");
    let html = license(&visit(server, Role::OrgAdmin));
    assert_eq!(html.matches("<th role=\"rowheader\"").count(), 6);
    says(&html, "2 March 2027, 06:00 UTC");
    says(&html, "24 August 2026, 06:00 UTC to 23 October 2026, 06:00 UTC");
    says(&license(&visit(active(), Role::OrgAdmin)), "No other license was in use before.");
}

#[test]
fn a_revert_names_what_gets_worse_and_acknowledges_just_that() {
    let html = license(&visit(active().replaced(&worse(), 6), Role::OrgAdmin));
    says(&html, "This puts revision 6 back as a new revision: Acme Corp, Enterprise, until 2 March 2027, 06:00 UTC.");
    says(&html, "The license is signed with another key: 41E3 D541 …");
    says(
        &html,
        "Licensed memory goes down from 128 GB to 64 GB; “Analytics” is no longer granted; “Users, at most” goes down from 50 to 20.",
    );
    says(&html, "The license expires sooner: on 2 March 2027, 06:00 UTC, no longer on 24 June 2027, 06:00 UTC.");
    says(
        &html,
        "The license is older: it was issued on 26 January 2026, 06:00 UTC, the one in use on 6 May 2026, 06:00 UTC.",
    );
    assert_eq!(hidden(&html, "acknowledge"), ["key-changed", "downgrade", "expires-sooner", "older"]);
    assert_eq!(hidden(&html, "revision"), ["7"]);
    says(&html, "Revert to revision 6");
}

#[test]
fn a_revert_that_loses_nothing_says_so() {
    let better = with(claims(400), |claims| claims["iat"] = json!(NOW - DAY));
    let html = license(&visit(active().replaced(&bundle(&better), 6), Role::OrgAdmin));
    says(&html, "Nothing gets less, older or shorter by it.");
    assert!(hidden(&html, "acknowledge").is_empty());
}

#[test]
fn a_license_that_expired_meanwhile_cannot_be_put_back() {
    let html = license(&visit(active().replaced(&bundle(&claims(-40)), 6), Role::OrgAdmin));
    says(&html, "Revision 6 expired on 13 October 2026, 06:00 UTC, so it cannot be put back.");
    assert!(!html.contains("auth/license/revert"));
}

#[test]
fn an_update_begins_with_an_empty_box() {
    for server in [Fake::default(), active(), Fake::default().with_license(&bundle(&claims(-3)))] {
        let html = update(&visit(server, Role::OrgAdmin));
        assert!(html.contains("action=\"/platform/api/auth/license/preview\"") && html.contains("name=\"bundle\""));
        assert!(!html.contains("auth/license/rotate"));
    }
}

#[test]
fn each_acknowledgement_is_a_required_box_with_the_values_in_words() {
    let html = reviewed(active(), &worse());
    assert!(html.contains("action=\"/platform/api/auth/license/rotate\""));
    let boxes: Vec<&str> =
        html.split("<label class=\"check\"").skip(1).filter_map(|rest| rest.split("</label>").next()).collect();
    let expected = [
        (
            "key-changed",
            "I know that the license is signed with another key: 41E3 D541 …; I compared its whole fingerprint with the one that Scrydon publishes.",
        ),
        (
            "downgrade",
            "I know that licensed memory goes down from 128 GB to 64 GB; “Analytics” is no longer granted; “Users, at most” goes down from 50 to 20.",
        ),
        (
            "expires-sooner",
            "I know that the license expires sooner: on 2 March 2027, 06:00 UTC, no longer on 24 June 2027, 06:00 UTC.",
        ),
        (
            "older",
            "I know that the license is older: it was issued on 26 January 2026, 06:00 UTC, the one in use on 6 May 2026, 06:00 UTC.",
        ),
    ];
    assert_eq!(boxes.len(), expected.len());
    for (html, (code, sentence)) in boxes.into_iter().zip(expected) {
        assert!(html.contains("type=\"checkbox\"") && html.contains(" required"), "{html}");
        assert!(html.contains("name=\"acknowledge\"") && html.contains(&format!("value=\"{code}\"")), "{html}");
        assert!(!html.contains(" checked"), "{html}");
        says(&format!("<label{html}"), sentence);
    }
    assert_eq!(hidden(&html, "revision"), ["7"]);
    says(&html, "Signing key 41E3 D541");
}

#[test]
fn a_plain_renewal_asks_for_nothing_but_the_click() {
    let renewal = bundle(&with(claims(400), |claims| claims["iat"] = json!(NOW - DAY)));
    let html = reviewed(active(), &renewal);
    says(&html, "Undamaged, and valid for 400 more days It was signed with the same key as the license in use.");
    says(&html, "+186 days");
    says(&html, "Apply license");
    assert!(!html.contains("name=\"acknowledge\""));
    // The bundle travels with the form, as text.
    assert_eq!(hidden(&html, "bundle").len(), 1);
}

#[test]
fn a_first_license_is_reviewed_without_a_comparison() {
    let html = reviewed(Fake::default(), &bundle(&claims(214)));
    says(&html, "16 cores");
    says(&html, "Apply license");
    assert_eq!(hidden(&html, "revision"), ["0"]);
    says(
        &html,
        "I know that only the bundle vouches for the key that the license is signed with: 943E 1FD6 …; I compared",
    );
    assert!(!html.contains("class=\"diff\""));
}

#[test]
fn the_license_in_use_need_not_be_applied_again() {
    let html = reviewed(active(), &bundle(&claims(214)));
    says(&html, "This license is in use already. There is nothing to apply.");
    assert!(!html.contains("auth/license/rotate"));
}

#[test]
fn a_bundle_that_is_not_valid_cannot_be_applied_and_stays_in_the_box() {
    let expired = bundle(&claims(-3));
    for (given, words) in [
        (expired.as_str(), "Undamaged, but expired 3 days ago"),
        (&tampered(&claims(214)), "Damaged: the signature does not fit"),
        ("{ \"jwt\": 1 }", "This is not a license bundle"),
    ] {
        let html = reviewed(active(), given);
        says(&html, "This bundle cannot be applied Nothing has changed.");
        says(&html, words);
        says(&html, "sales@scrydon.com");
        assert!(html.contains("class=\"ladder\""));
        assert!(!html.contains("auth/license/rotate"));
        assert!(text(&html).contains(given.split_whitespace().collect::<Vec<_>>().join(" ").as_str()), "{html}");
    }
    says(&reviewed(active(), &expired), "Write to sales@scrydon.com for a renewal and quote cus_Acme42.");
}

#[test]
fn a_damaged_bundle_comes_back_repaired() {
    let whole = bundle(&claims(400));
    let html = reviewed(active(), &format!("> {whole}\n>\n"));
    says(&html, "This bundle was damaged Nothing has changed.");
    says(&html, "The box below holds it put together again.");
    assert!(html.find("name=\"bundle\"") < html.find("class=\"ladder\""), "what can be done comes first");
    assert!(!html.contains("auth/license/rotate"));
}

#[test]
fn a_private_key_is_not_sent_back() {
    let key = include_str!("../../tests/vectors/keys/rsa2048.pem");
    let html = reviewed(active(), &json!({ "jwt": "a.b.c", "publicKey": key }).to_string());
    says(&html, "This is a private key");
    assert!(!html.contains("BEGIN PRIVATE KEY"), "{html}");
}

#[test]
fn a_stale_review_says_so_and_shows_the_new_comparison() {
    let mut visit = visit(active(), Role::OrgAdmin);
    visit.returned.values.insert("bundle".to_owned(), worse());
    let detail = "Somebody installed revision 7 meanwhile. Look at what changes now.".to_owned();
    visit.returned.errors.push(FieldError { field: String::new(), code: "stale".to_owned(), detail: detail.clone() });
    let html = update(&visit);
    says(&html, &detail);
    assert_eq!(hidden(&html, "revision"), ["7"]);
    assert!(html.contains("auth/license/rotate"));
}

#[test]
fn the_organization_has_a_name_that_administrators_change() {
    let mut admin = visit(Fake::default(), Role::OrgAdmin);
    let html = page(settings_organization(&admin)).expect("it answers");
    assert!(html.contains("action=\"/platform/api/settings/organization\"") && html.contains("value=\"Acme Corp\""));
    admin.returned.values.insert("name".to_owned(), String::new());
    let html = page(settings_organization(&admin)).expect("it answers");
    assert!(!html.contains("value=\"Acme Corp\""), "what was typed stands, even if it is nothing");
}

#[test]
fn the_mail_server_is_shown_without_its_password() {
    let email = EmailSettings::Smtp {
        host: "mail.example.com".to_owned(),
        port: 587,
        security: "starttls".to_owned(),
        username: "acme".to_owned(),
        has_password: true,
        from: "license@example.com".to_owned(),
        from_name: String::new(),
    };
    let server = Fake { email, ..Fake::default() };
    let html = page(settings_email(&visit(server.clone(), Role::PlatformAdmin))).expect("it answers");
    assert!(html.contains("value=\"mail.example.com\"") && html.contains("action=\"/platform/api/settings/email\""));
    assert!(html.contains("formaction=\"/platform/api/settings/email/test\""));
    let html = page(settings_email(&visit(server, Role::Member))).expect("it answers");
    says(&html, "By a mail server.");
    says_not(&html, "mail.example.com");
}

/// Everything that a list can have, with this proxy.
fn network(proxy: &str) -> Network {
    let destination =
        |callee, host: &str, port, addresses| Destination { callee, host: host.to_owned(), port, addresses };
    Network {
        mode: CallMode::Online,
        destinations: vec![
            destination(Callee::LicenseServer, "license.example.com", Some(443), Addresses::Public),
            destination(Callee::MailServer, "fd00::25", Some(587), Addresses::Any),
            destination(Callee::Resend, "api.resend.com", Some(443), Addresses::Public),
            destination(Callee::Added, HOSTILE, None, Addresses::Any),
        ],
        proxy: Some(proxy.to_owned()),
        no_proxy: vec![HOSTILE.to_owned()],
        has_extra_authorities: true,
    }
}

#[test]
fn administrators_see_who_may_be_called_and_why() {
    let server = Fake { network: network("http://proxy.example.com:3128"), ..Fake::default() };
    let html = page(settings_network(&visit(server.clone(), Role::OrgAdmin))).expect("it answers");
    says(&html, "Mode: online");
    says(&html, "License server license.example.com 443 Public LICENSE_API_URL names it");
    says(&html, "Mail server fd00::25 587 Public and private An administrator saved it under E-mail");
    says(&html, "Added </script><b>x Any Public and private EGRESS_ALLOW lists it");
    says(&html, "Proxy for https http://proxy.example.com:3128 Called without it </script><b>x");
    says(&html, "The system’s, and yours");
    let html = page(settings_network(&visit(server, Role::Member))).expect("it answers");
    says_not(&html, "example.com");

    let airgapped = Network {
        mode: CallMode::Airgapped,
        destinations: Vec::new(),
        proxy: None,
        no_proxy: Vec::new(),
        has_extra_authorities: false,
    };
    let html = page(settings_network(&visit(Fake { network: airgapped, ..Fake::default() }, Role::PlatformAdmin)))
        .expect("it answers");
    says(&html, "Nothing leaves this server but mail");
    says(&html, "Nobody. This server calls no other.");
    says_not(&html, "The proxy");
}

fn crowd() -> Fake {
    Fake {
        users: vec![
            user("u1", "First Admin", Role::PlatformAdmin),
            user("u2", "Second Admin", Role::OrgAdmin),
            user("u3", "Mary Member", Role::Member),
        ],
        invitations: vec![
            invitation("new@example.com", Role::Member),
            invitation("boss@example.com", Role::PlatformAdmin),
        ],
        ..Fake::default()
    }
}

#[test]
fn the_last_platform_administrator_cannot_leave() {
    let html = users(&visit(crowd(), Role::PlatformAdmin));
    assert!(!html.contains("users/u1/"));
    says(&html, "The last platform administrator stays.");
    for id in ["u2", "u3"] {
        assert!(html.contains(&format!("action=\"/platform/api/users/{id}/role\"")));
        assert!(html.contains(&format!("action=\"/platform/api/users/{id}/remove\"")));
    }
    let mut two = crowd();
    two.users.push(user("u4", "Third Admin", Role::PlatformAdmin));
    let html = users(&visit(two, Role::PlatformAdmin));
    assert!(html.contains("users/u1/remove") && html.contains("users/u4/remove"));
    says(&html, "You are signed out at once, and cannot sign in again.");
}

#[test]
fn an_organization_administrator_cannot_act_on_platform_administrators() {
    let mut server = crowd();
    server.users.push(user("u4", "Third Admin", Role::PlatformAdmin));
    let html = users(&visit(server, Role::OrgAdmin));
    assert!(!html.contains("users/u1/") && !html.contains("users/u4/"));
    assert!(html.contains("users/u2/remove") && html.contains("users/u3/role"));
    // Nor make one, nor take back the invitation of one.
    assert!(!html.contains("value=\"platform-admin\""));
    assert_eq!(html.matches("/revoke\"").count(), 1);
}

#[test]
fn a_removal_is_behind_a_confirmation_that_names_the_user() {
    let html = users(&visit(crowd(), Role::PlatformAdmin));
    let (before, _) = html.split_once("users/u3/remove").expect("a form");
    let confirmation = &before[before.rfind("<details").expect("a confirmation")..];
    says(confirmation, "Remove… Mary Member");
    says(confirmation, "Mary Member is signed out at once, and cannot sign in again.");
}

#[test]
fn an_invitation_s_link_is_shown_once_with_what_became_of_the_mail() {
    let mut visit = visit(crowd(), Role::OrgAdmin);
    says_not(&users(&visit), "Link to pass on");
    visit.returned.notice = "No e-mail was sent to new@example.com: pass the link on yourself.".to_owned();
    let link = "https://platform.example.com/platform/invitation#secret";
    visit.returned.values.insert("invitationLink".to_owned(), link.to_owned());
    let html = users(&visit);
    says(&html, "No e-mail was sent to new@example.com: pass the link on yourself.");
    assert_eq!(html.matches(link).count(), 1);
    assert!(html.contains("data-copy=\"#invitationLink\""));
}

#[test]
fn members_do_not_see_who_else_is_there() {
    let html = users(&visit(crowd(), Role::Member));
    says(&html, "The users are for administrators to see.");
    says_not(&html, "Mary Member");
}

#[test]
fn no_users_and_no_invitations_are_said_to_be_none() {
    says(&users(&visit(Fake::default(), Role::OrgAdmin)), "Nobody is invited at the moment.");
}

#[test]
fn sessions_are_named_in_words_and_the_current_one_is_marked() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
    let sessions_of = vec![
        session("s1", firefox, true),
        session("s2", edge, false),
        session("s3", &"curl ".repeat(500), false),
        session("s4", "", false),
    ];
    let html = sessions(&visit(Fake { sessions: sessions_of, ..Fake::default() }, Role::Member));
    says(&html, "Firefox on Linux");
    says(&html, "Edge on Windows");
    says(&html, "Unknown");
    assert!(!html.contains(&"curl ".repeat(20)), "a stranger's text is bounded");
    says(&html, "This one");
    assert!(!html.contains("sessions/s1/revoke"));
    assert!(html.contains("action=\"/platform/api/auth/sessions/s2/revoke\""));
    assert!(html.contains("action=\"/platform/api/auth/sessions/revoke-others\""));
    says(&html, "12 December 2026, 06:00 UTCin 20 days");
}

#[test]
fn a_single_session_has_no_others_to_end() {
    let html = sessions(&visit(Fake { sessions: vec![session("s1", "", true)], ..Fake::default() }, Role::Member));
    assert!(!html.contains("revoke-others"));
}

#[test]
fn a_password_is_never_filled_in_again() {
    let mut visit = visit(Fake::default(), Role::Member);
    visit.returned.values.insert("currentPassword".to_owned(), "correct horse".to_owned());
    let detail = "This is not your password.".to_owned();
    visit.returned.errors.push(FieldError { field: "currentPassword".to_owned(), code: "wrong".to_owned(), detail });
    let html = sessions(&visit);
    assert!(html.contains("action=\"/platform/api/auth/change-password\""));
    assert!(html.contains("name=\"currentPassword\"") && html.contains("name=\"newPassword\""));
    assert!(!html.contains("correct horse"));
    assert!(html.contains("href=\"#currentPassword\"") && html.contains("id=\"currentPassword-error\""));
}

#[test]
fn the_audit_log_is_filtered_paged_and_exported_with_the_same_filter() {
    let server =
        Fake { events: (0..50).map(|n| event(n, "Revision 7.")).collect(), has_more_events: true, ..Fake::default() };
    let actor = "admin@example.com".to_owned();
    let filter = EventFilter { action: "license.".to_owned(), actor, before: String::new() };
    let html = audit(&visit(server, Role::OrgAdmin), &filter);
    assert_eq!(html.matches("<th role=\"rowheader\"").count(), 50);
    let query = "?action=license.&amp;actor=admin%40example.com";
    assert!(html.contains(&format!("href=\"/platform/settings/audit{query}&amp;before=951\"")), "{html}");
    assert!(html.contains(&format!("href=\"/platform/api/audit/export{query}\"")));
    assert!(html.contains("method=\"get\"") && html.contains("value=\"license.\""));
}

#[test]
fn an_empty_audit_log_says_why_it_is_empty() {
    let visit = visit(Fake::default(), Role::PlatformAdmin);
    says(&audit(&visit, &EventFilter::default()), "Nothing has been done yet.");
    let filter = EventFilter { action: "nothing".to_owned(), ..EventFilter::default() };
    says(&audit(&visit, &filter), "Nothing fits this filter.");
    let filter = EventFilter { before: "1".to_owned(), ..EventFilter::default() };
    says(&audit(&visit, &filter), "There is nothing older.");
}

#[test]
fn a_hostile_filter_stays_a_value() {
    let filter = EventFilter { action: "\"><b>x&a=b".to_owned(), ..EventFilter::default() };
    let html = audit(&visit(Fake::default(), Role::PlatformAdmin), &filter);
    assert!(!html.contains("<b>x"));
    assert!(html.contains("audit/export?action=%22%3E%3Cb%3Ex%26a%3Db\""), "{html}");
}

#[test]
fn members_do_not_see_the_audit_log() {
    let server = Fake { events: vec![event(0, "Revision 7.")], ..Fake::default() };
    let html = audit(&visit(server, Role::Member), &EventFilter::default());
    says(&html, "The audit log is for administrators to see.");
    says_not(&html, "Revision 7.");
}
