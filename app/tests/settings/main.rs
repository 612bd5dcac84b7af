//! Home and settings, from a server in any state.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod audit;
#[path = "../fake/mod.rs"]
mod fake;
mod home;
mod license;
mod people;
mod platform;
mod update;

use countersign_app::{
    Event, EventFilter, Invitation, Role, Session, Visit, home, settings_audit, settings_email, settings_license,
    settings_license_jwt, settings_license_update, settings_network, settings_organization, settings_sessions,
    settings_users,
};
use serde_json::{Value, json};

use fake::{DAY, Fake, NOW, bundle, claims, page, signed, tampered, user, visit};
use platform::network;

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
