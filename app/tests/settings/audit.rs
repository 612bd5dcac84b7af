//! The audit log.

use countersign_app::{EventFilter, Role};

use crate::fake::{Fake, visit};
use crate::{audit, event, says, says_not};

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
