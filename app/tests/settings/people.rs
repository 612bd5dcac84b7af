//! Users, invitations and sessions.

use countersign_app::{FieldError, Role};

use crate::fake::{Fake, user, visit};
use crate::{invitation, says, says_not, session, sessions, users};

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
