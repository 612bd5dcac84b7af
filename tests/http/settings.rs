//! The settings: the organization's name, e-mail, and what hostile names do to the pages.

use countersign_app::Role;
use serde_json::{Value, json};

use crate::ask::{BASES, Browser, Server};
use crate::story::{PASSWORD, code};

const SECRET: &str = "a horse that is correct";

fn smtp() -> Value {
    json!({
        "provider": "smtp", "host": "smtp.example.com", "port": 587, "security": "starttls", "username": "countersign",
        "password": SECRET, "from": "license@example.com", "fromName": "License desk",
    })
}

async fn save(browser: &mut Browser, settings: &Value) -> (u16, Value) {
    let answer = browser.json("/api/settings/email", settings).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn both_kinds_of_administrators_name_the_organization() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let mut org = server.somebody(Role::OrgAdmin).await;
        let mut member = server.somebody(Role::Member).await;
        assert_eq!(org.json("/api/settings/organization", &json!({ "name": " Acme Labs " })).await.status, 200);
        assert!(member.get("/settings/organization").await.body.contains("Acme Labs"));
        let done = admin.form("/api/settings/organization", &[("name", "Acme Works")]).await;
        let page = admin.follow(&done).await.body;
        assert!(page.contains("Saved.") && page.contains("value=\"Acme Works\""), "{page}");
        for (name, why) in [("", "missing"), (&"x".repeat(101), "too-long"), ("a\u{202e}b", "characters")] {
            let refused = admin.json("/api/settings/organization", &json!({ "name": name })).await;
            assert_eq!(refused.json()["errors"][0]["code"], why);
        }
        assert_eq!(admin.json("/api/settings/organization", &json!({ "name": {} })).await.status, 422);
        let refused = admin.form("/api/settings/organization", &[("name", "")]).await;
        assert!(admin.follow(&refused).await.body.contains("Type a name."));
        let refused = member.json("/api/settings/organization", &json!({ "name": "Mine" })).await;
        assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (403, "forbidden"));
    }
}

#[tokio::test]
async fn a_member_sees_the_own_pages_and_a_kind_word_for_the_others() {
    let (server, _) = Server::set_up("/platform").await;
    let mut member = server.somebody(Role::Member).await;
    for page in ["email", "network", "users", "audit"] {
        let answer = member.get(&format!("/settings/{page}")).await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("You are signed in as member@example.com (member)."), "{}", answer.body);
    }
    let page = member.get("/settings/sessions").await.body;
    assert!(page.contains("/platform/settings/organization") && !page.contains("/platform/settings/users"), "{page}");
}

#[tokio::test]
async fn the_settings_for_mail_keep_their_password_and_show_it_to_nobody() {
    let (server, mut admin) = Server::set_up("/").await;
    assert_eq!(save(&mut admin, &smtp()).await.0, 200);
    assert!(!server.is_stored(SECRET).await, "it is sealed");
    assert!(server.is_stored("E-mail is sent by smtp.example.com").await, "the search finds what is there");
    let page = admin.get("/settings/email").await.body;
    assert!(page.contains("value=\"smtp.example.com\"") && !page.contains(SECRET), "{page}");

    // Without a password the stored one stays, for the same server alone.
    let mut changed = smtp();
    changed["password"] = json!("");
    changed["fromName"] = json!("Desk");
    assert_eq!(save(&mut admin, &changed).await.0, 200);
    changed["host"] = json!("smtp.example.net");
    let (status, answer) = save(&mut admin, &changed).await;
    assert_eq!((status, &answer["errors"][0]["code"]), (422, &json!("password-again")));

    let fields = [("provider", "smtp"), ("host", ""), ("password", SECRET), ("from", "x"), ("security", "tls")];
    let refused = admin.form("/api/settings/email", &fields).await;
    let page = admin.follow(&refused).await.body;
    assert!(page.contains("Give the mail server") && !page.contains(SECRET), "{page}");
    assert!(!server.is_stored(SECRET).await, "nor is it in what came back");

    let resend = json!({ "provider": "resend", "apiKey": "re_horse_battery", "from": "license@example.com" });
    assert_eq!(save(&mut admin, &resend).await.0, 200);
    assert!(
        !server.is_stored("re_horse_battery").await && !admin.get("/settings/email").await.body.contains("re_horse")
    );
    let told: Vec<String> = server.audit().await.into_iter().map(|(_, _, detail)| detail).collect();
    assert_eq!(told.last().map(String::as_str), Some("E-mail is sent by Resend as license@example.com."));
    assert!(!told.iter().any(|detail| detail.contains(SECRET)));
}

#[tokio::test]
async fn settings_that_were_sealed_with_another_key_are_no_settings() {
    let (server, mut admin) = Server::set_up("/").await;
    assert_eq!(save(&mut admin, &smtp()).await.0, 200);
    server.sql("UPDATE platform_config SET value = 'v1.AAAA' WHERE key = 'email'", &[]).await;
    assert_eq!(admin.get("/settings/email").await.status, 200);
    // Nobody is kept from inviting.
    let answer = admin.json("/api/invitations", &json!({ "email": "a@example.com", "role": "member" })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["mailed"]), (200, &json!(false)));
}

#[tokio::test]
async fn names_that_are_markup_stay_text_on_every_page() {
    let (server, mut admin) = Server::set_up("/").await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let answer =
        admin.json("/api/invitations", &json!({ "email": "evil@example.net", "role": "platform-admin" })).await;
    let link = answer.json()["link"].as_str().expect("a link").to_owned();
    let code = link.split_once('#').expect("a code").1;
    let mut guest = server.browser();
    guest.headers = vec![("user-agent".to_owned(), evil.to_owned())];
    let joined = json!({ "code": code, "name": evil, "password": PASSWORD });
    assert_eq!(guest.json("/api/invitations/accept", &joined).await.status, 200);
    assert_eq!(guest.json("/api/settings/organization", &json!({ "name": evil })).await.status, 200);
    assert_eq!(
        guest.json("/api/invitations", &json!({ "email": "b@example.net", "role": "member" })).await.status,
        200
    );

    let pairs = [("actor", evil), ("action", evil)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let filtered = format!("/settings/audit?{query}");
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", evil).finish();
    let mut pages = vec![filtered];
    for page in ["license", "license/update", "organization", "email", "users", "sessions", "audit"] {
        pages.push(format!("/settings/{page}"));
    }
    pages.push("/".to_owned());
    let mut shown = 0;
    for page in &pages {
        for somebody in [&mut admin, &mut guest] {
            let answer = somebody.get(page).await;
            assert_eq!(answer.status, 200, "{page}");
            assert!(!answer.body.contains("<script>alert") && !answer.body.contains("<img"), "{page}: {}", answer.body);
            shown += usize::from(answer.body.contains("&lt;script&gt;alert"));
        }
    }
    assert!(shown >= 8, "the name is there, as text: {shown}");
    let refused = admin.form("/api/settings/organization", &[("name", &evil.repeat(4))]).await;
    let page = admin.follow(&refused).await.body;
    assert!(!page.contains("<script>alert") && page.contains("&lt;script"), "{page}");
    let page = server.browser().get(&format!("/sign-in?{next}")).await.body;
    assert!(!page.contains("alert(1)"), "{page}");
}
