//! The end of the license as a calendar's event, read by somebody else's parser.

use countersign_app::Role;
use icalendar::parser::{Component, read_calendar, unfold};
use serde_json::json;

use crate::answerer::settings;
use crate::ask::{Browser, NOW, Server};
use crate::story::{VENDOR, body, code, first};

const PATH: &str = "/api/auth/license/expiry.ics";
const DAY: i64 = 24 * 60 * 60;

async fn file(somebody: &mut Browser) -> String {
    let answer = somebody.get(PATH).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"license-expiry.ics\"");
    for line in answer.body.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\n', '\r']), "{line}");
    }
    answer.body
}

/// A property of a component, as the parser reads it.
fn property(component: &Component<'_>, name: &str) -> String {
    let found: Vec<_> = component.properties.iter().filter(|property| property.name == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0].val.to_string()
}

#[tokio::test]
async fn a_calendar_reads_when_the_license_ends_and_reminds_four_times() {
    let (server, mut admin) = Server::set_up("/platform").await;
    let text = file(&mut admin).await;
    let unfolded = unfold(&text);
    let calendar = read_calendar(&unfolded).expect("a calendar");
    assert_eq!(calendar.components.len(), 1);
    let event = &calendar.components[0];
    assert_eq!(event.name, "VEVENT");
    assert_eq!(property(event, "DTSTART"), "20270921T141320Z");
    assert_eq!(property(event, "DTSTAMP"), "20260921T141320Z");
    assert_eq!(property(event, "SUMMARY"), "License of Acme Corp ends");
    assert_eq!(
        property(event, "DESCRIPTION"),
        "What the license lic_first grants ends on 21 September 2027, 14:13 UTC. Install a new one before. For a new license, \
         write to sales@scrydon.com, quoting cust_acme."
    );
    let alarms: Vec<_> = event.components.iter().map(|alarm| property(alarm, "TRIGGER")).collect();
    assert_eq!(alarms, ["-P30D", "-P14D", "-P7D", "-P1D"]);
    assert!(event.components.iter().all(|alarm| alarm.name == "VALARM" && property(alarm, "ACTION") == "DISPLAY"));

    // A member can have it, without the vendor's address.
    let theirs = file(&mut server.somebody(Role::Member).await).await;
    assert!(theirs.contains("lic_first") && !theirs.contains("scrydon.com"), "{theirs}");

    // The same license keeps its event, a renewal has another.
    let uid = property(event, "UID");
    server.wait(DAY / 4);
    assert_eq!(property(&read_calendar(&unfold(&file(&mut admin).await)).expect("it").components[0], "UID"), uid);
    let renewal = VENDOR.issue(&json!({ "jti": "lic_second", "iat": NOW, "exp": NOW + 730 * DAY }));
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body(&renewal)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = file(&mut admin).await;
    assert!(!unfold(&text).contains(&uid) && text.contains("DTSTART:20280920T141320Z"), "{text}");
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let hostile = "Acme; Inc, \\n株式会社\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:x\u{202e}";
    let license = VENDOR.issue(&json!({ "sub": hostile, "jti": hostile, "scrydon": { "org": hostile } }));
    let server = Server::start("/").await;
    let mut admin = server.install(&license).await;
    let text = file(&mut admin).await;
    let unfolded = unfold(&text);
    let calendar = read_calendar(&unfolded).expect("a calendar");
    assert_eq!(calendar.components.len(), 1);
    let event = &calendar.components[0];
    assert_eq!((event.name.as_ref(), event.components.len()), ("VEVENT", 4));
    assert_eq!(
        property(event, "SUMMARY"),
        "License of Acme; Inc, \\n株式会社\\u{d}\\u{a}END:VEVENT\\u{d}\\u{a}BEGIN:VEVENT\\u{d}\\u{a}SUMMARY:x\\u{202e} ends"
    );
    assert!(unfolded.contains("SUMMARY:License of Acme\\; Inc\\, \\\\n株式会社\\\\u{d}"), "{unfolded}");
}

#[tokio::test]
async fn what_was_revoked_or_lapsed_has_no_date_to_wait_for() {
    let server = Server::with("/", &settings("http://127.0.0.1:9", &[])).await;
    let mut admin = server.install(&first()).await;
    for (failed, revoked, words) in
        [(0, NOW - DAY, "revoked on 20 September 2026"), (NOW - 100 * DAY, 0, "out of reach for too long")]
    {
        server.phoned("lic_first", failed, revoked).await;
        let answer = admin.get(PATH).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (404, "no-expiry"), "{}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
        assert!(!admin.get("/settings/license").await.body.contains("expiry.ics"), "{words}");
    }
    // What works, and what ended by itself, has one.
    server.phoned("lic_first", NOW - DAY, 0).await;
    file(&mut admin).await;
    assert!(admin.get("/settings/license").await.body.contains("expiry.ics"));
}

#[tokio::test]
async fn without_a_date_there_is_no_file() {
    let server = Server::start("/").await;
    let mut admin = server.install(&VENDOR.issue(&json!({ "exp": 253_402_300_800_i64 }))).await;
    assert_eq!(server.browser().get(PATH).await.status, 401);
    let refused = async |admin: &mut Browser| {
        let answer = admin.get(PATH).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (404, "no-expiry"));
        answer.json()["detail"].as_str().expect("a detail").to_owned()
    };
    assert!(refused(&mut admin).await.contains("year 9999"));
    server.sql("UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt'", &[]).await;
    assert!(refused(&mut admin).await.contains("not genuine"));
    assert!(!admin.get("/settings/license").await.body.contains("expiry.ics"));
    server.sql("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')", &[]).await;
    assert!(refused(&mut admin).await.contains("No license is installed"));
}
