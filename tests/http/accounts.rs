//! Signing in and out, and what somebody who guesses gets.

use std::time::{Duration, Instant};

use axum::http::Method;
use countersign::config::Key;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::ask::{Answer, BASES, Browser, Server};
use crate::story::{ADMIN, PASSWORD, code, first};

const SIGN_IN: &str = "/api/auth/sign-in/email";

pub async fn sign_in(browser: &mut Browser, email: &str, password: &str) -> Answer {
    browser.json(SIGN_IN, &json!({ "email": email, "password": password })).await
}

async fn who(browser: &mut Browser) -> Value {
    let answer = browser.get("/api/auth/get-session").await;
    assert_eq!(answer.status, 200);
    answer.json()["user"]["email"].clone()
}

#[tokio::test]
async fn signing_in_begins_a_session_and_signing_out_ends_it_on_the_server() {
    for base in BASES {
        let (server, _) = Server::set_up(base).await;
        let mut browser = server.browser();
        assert_eq!(browser.get("/api/auth/get-session").await.body, "null");
        let answer = sign_in(&mut browser, " Admin@Example.COM ", PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["user"]["role"], "platform-admin");
        assert_eq!(who(&mut browser).await, ADMIN);

        let mut thief = browser.clone();
        assert_eq!(browser.json("/api/auth/sign-out", &json!({})).await.status, 200);
        assert!(browser.jar.is_empty(), "the cookie is gone");
        assert_eq!(who(&mut thief).await, Value::Null, "and so is the session");
        let answer = browser.json("/api/auth/sign-out", &json!({})).await;
        assert_eq!(answer.status, 200, "who is signed out already is signed out");
        let actions: Vec<String> = server.audit().await.into_iter().map(|(_, action, _)| action).collect();
        assert_eq!(actions[actions.len() - 2..], ["session.began", "session.ended"]);
    }
}

#[tokio::test]
async fn the_page_signs_in_without_script_and_says_what_is_wrong() {
    for base in BASES {
        let (server, _) = Server::set_up(base).await;
        let mut browser = server.browser();
        let page = browser.get("/sign-in").await;
        assert!(page.body.contains("<h1 tabindex=\"-1\">Sign in</h1>"), "{}", page.body);
        let refused = browser.form(SIGN_IN, &[("email", "admin@example.com"), ("password", "wrong")]).await;
        let page = browser.follow(&refused).await;
        assert!(page.body.contains("do not belong together") && page.body.contains("value=\"admin@example.com\""));
        assert!(!page.body.contains("wrong"), "no password comes back");
        let done = browser.form(SIGN_IN, &[("email", ADMIN), ("password", PASSWORD)]).await;
        assert_eq!(done.header("location"), format!("{}/", base.trim_end_matches('/')));
        assert_eq!(who(&mut browser).await, ADMIN);
        let out = browser.form("/api/auth/sign-out", &[]).await;
        assert!(browser.follow(&out).await.body.contains("You are signed out."));
    }
}

#[tokio::test]
async fn who_is_signed_out_signs_in_first_and_comes_to_the_page_that_was_asked_for() {
    for base in BASES {
        let (server, _) = Server::set_up(base).await;
        let mut browser = server.browser();
        for page in ["organization", "email", "users", "sessions", "audit?action=user.&actor=a@example.com"] {
            let path = format!("{}/settings/{page}", base.trim_end_matches('/'));
            browser.jar.clear();
            let refused = browser.get(&format!("/settings/{page}")).await;
            let html = browser.follow(&refused).await.body;
            let next = format!("name=\"next\" value=\"{}\"", path.replace('&', "&amp;"));
            assert!(html.contains(&next) || html.contains(&next.replace("&amp;", "&")), "{next} in {html}");
            // A mistake does not forget it.
            let wrong = [("email", ADMIN), ("password", "wrong"), ("next", &path)];
            let refused = browser.form(SIGN_IN, &wrong).await;
            let html = browser.follow(&refused).await.body;
            assert!(html.contains("name=\"next\""), "{html}");
            server.wait(60);
            let done = browser.form(SIGN_IN, &[("email", ADMIN), ("password", PASSWORD), ("next", &path)]).await;
            assert_eq!(done.header("location"), path);
        }
        // A form of a page whose session is over leads back to that page.
        let late = server.browser().form("/api/settings/organization", &[("name", "Acme")]).await;
        assert!(late.header("location").ends_with("%2Fsettings%2Forganization"), "{}", late.header("location"));
    }
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let (server, mut admin) = Server::set_up("/platform").await;
    for next in [
        "https://example.net/",
        "//example.net",
        "/\\example.net",
        "/platform//example.net",
        "/other",
        "platform/",
        "/platform/\r\nx",
        "/platform/\u{e4}",
        "javascript:alert(1)",
        "",
    ] {
        let fields = [("email", ADMIN), ("password", PASSWORD), ("next", next)];
        assert_eq!(server.browser().form(SIGN_IN, &fields).await.header("location"), "/platform/", "{next:?}");
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let answer = admin.get(&format!("/sign-in?{query}")).await;
        assert_eq!(answer.header("location"), "/platform/", "{next:?}");
    }
}

#[tokio::test]
async fn an_unknown_user_a_wrong_password_and_one_that_is_too_long_get_the_same_answer() {
    let (server, _) = Server::set_up("/").await;
    let long = "x".repeat(100_000);
    let longer_than_right = format!("{PASSWORD}{}", "x".repeat(2_000));
    let mut answers = Vec::new();
    for email in [ADMIN, "nobody@example.com", "", "no address"] {
        for password in ["wrong", "", "three blue mountains at noon ", &long, &longer_than_right] {
            server.wait(60);
            let answer = sign_in(&mut server.browser(), email, password).await;
            let mut headers: Vec<String> = answer.headers.iter().map(|pair| format!("{pair:?}")).collect();
            headers.sort();
            answers.push((answer.status, headers, answer.body));
        }
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers[0].2.contains("\"code\":\"invalid-credentials\""), "{}", answers[0].2);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let (server, _) = Server::set_up("/").await;
    let mut took: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..40 {
        server.wait(60);
        for (email, took) in [ADMIN, "nobody@example.com"].into_iter().zip(&mut took) {
            let begun = Instant::now();
            assert_eq!(sign_in(&mut server.browser(), email, "correct horse battery").await.status, 401);
            took.push(begun.elapsed());
        }
    }
    let [known, unknown] = took.map(|mut took| {
        took.sort();
        took[20].as_secs_f64()
    });
    let ratio = known / unknown;
    assert!((0.75..=1.0 / 0.75).contains(&ratio), "known {known} s, unknown {unknown} s");
}

#[tokio::test]
async fn the_eleventh_guess_within_a_minute_is_not_looked_at() {
    let (server, _) = Server::set_up("/").await;
    let try_it = async |password: &str| sign_in(&mut server.browser(), ADMIN, password).await;
    for _ in 0..5 {
        assert_eq!(try_it("wrong").await.status, 401);
    }
    server.wait(30);
    for _ in 0..5 {
        assert_eq!(try_it("wrong").await.status, 401);
    }
    for password in ["wrong", PASSWORD] {
        let refused = try_it(password).await;
        assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (429, "too-many-tries"));
        assert_eq!(refused.header("retry-after"), "30", "until the first five are a minute old");
    }
    server.wait(29);
    assert_eq!(try_it(PASSWORD).await.header("retry-after"), "1");
    server.wait(1);
    assert_eq!(try_it(PASSWORD).await.status, 200);
    for _ in 0..5 {
        assert_eq!(try_it("wrong").await.status, 401);
    }
    assert_eq!(try_it("wrong").await.status, 429, "never more than ten in any minute");

    let told = server.audit().await.into_iter().filter(|(_, action, _)| action == "session.guessing");
    let told: Vec<String> = told.map(|(_, _, detail)| detail).collect();
    assert_eq!(told, ["More than 10 tries in a minute to sign in as admin@example.com."], "once in a minute");
}

#[tokio::test]
async fn guesses_are_counted_for_accounts_that_are_not_there_too() {
    let (server, _) = Server::set_up("/").await;
    let mut bodies = Vec::new();
    for email in [ADMIN, "nobody@example.com"] {
        for _ in 0..10 {
            assert_eq!(sign_in(&mut server.browser(), email, "wrong").await.status, 401);
        }
        let refused = sign_in(&mut server.browser(), email, "wrong").await;
        bodies.push((refused.status, refused.header("retry-after").to_owned(), refused.body));
    }
    assert_eq!(bodies[0], bodies[1]);
    assert!(!server.audit().await.iter().any(|(_, _, detail)| detail.contains("nobody@")), "it may be a password");
}

#[tokio::test]
async fn many_guesses_at_once_get_no_further_than_ten() {
    let (server, _) = Server::set_up("/").await;
    let tries = (0..40).map(|_| async { sign_in(&mut server.browser(), ADMIN, "wrong").await.status.as_u16() });
    let mut answers = join_all(tries).await;
    answers.sort_unstable();
    assert_eq!(answers, [vec![401; 10], vec![429; 30]].concat());
}

#[tokio::test]
async fn an_address_gets_ten_guesses_over_all_accounts_whatever_headers_it_sends() {
    let (server, _) = Server::set_up("/").await;
    let mut guesser = server.browser().from("192.0.2.1");
    for n in 0..10 {
        guesser.headers = vec![("x-forwarded-for".to_owned(), format!("198.51.100.{n}"))];
        assert_eq!(sign_in(&mut guesser, &format!("user{n}@example.com"), "wrong").await.status, 401);
    }
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        guesser.headers = vec![(header.to_owned(), "198.51.100.99".to_owned())];
        assert_eq!(sign_in(&mut guesser, ADMIN, PASSWORD).await.status, 429, "{header}");
    }
    let mut other = server.browser().from("192.0.2.2");
    assert_eq!(sign_in(&mut other, ADMIN, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn whoever_signs_in_rightly_is_never_locked_out_and_wins_no_further_guesses() {
    let (server, _) = Server::set_up("/").await;
    let mut browser = server.browser().from("192.0.2.1");
    for _ in 0..25 {
        assert_eq!(sign_in(&mut browser, ADMIN, PASSWORD).await.status, 200);
    }
    for n in 0..10 {
        assert_eq!(sign_in(&mut browser, ADMIN, PASSWORD).await.status, 200);
        assert_eq!(sign_in(&mut browser, &format!("user{n}@example.com"), "wrong").await.status, 401);
    }
    assert_eq!(sign_in(&mut browser, "user@example.com", "wrong").await.status, 429);
}

#[tokio::test]
async fn addresses_of_one_network_in_ipv6_count_as_one() {
    let (server, _) = Server::set_up("/").await;
    for n in 0..10 {
        let mut guesser = server.browser().from(&format!("2001:db8:1:2:{n}::{n}"));
        assert_eq!(sign_in(&mut guesser, &format!("user{n}@example.com"), "wrong").await.status, 401);
    }
    let status = async |address: &str| sign_in(&mut server.browser().from(address), ADMIN, PASSWORD).await.status;
    assert_eq!(status("2001:db8:1:2:ffff::1").await, 429);
    assert_eq!(status("2001:db8:1:3::1").await, 200);
}

#[tokio::test]
async fn a_trusted_proxy_says_who_asks_and_a_stranger_before_it_does_not() {
    let server = Server::with("/", &[(Key::TrustedProxies, "10.0.0.1,10.0.0.2")]).await;
    let mut admin = server.install(&first()).await.from("10.0.0.1");
    let mut seen = async |headers: &[&[u8]]| {
        let mut browser = admin.clone();
        assert_eq!(sign_in(&mut admin, ADMIN, PASSWORD).await.status, 200);
        browser.jar.clear();
        let body = json!({ "email": ADMIN, "password": PASSWORD }).to_string();
        let mut all = vec![("content-type", "application/json")];
        let values: Vec<String> = headers.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        all.extend(values.iter().map(|value| ("x-forwarded-for", value.as_str())));
        let answer = browser.send(Method::POST, SIGN_IN, &all, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let sessions = browser.get("/api/auth/sessions").await.json();
        sessions["sessions"][0]["address"].as_str().expect("an address").to_owned()
    };
    assert_eq!(seen(&[]).await, "10.0.0.1");
    assert_eq!(seen(&[b"192.0.2.7"]).await, "192.0.2.7");
    assert_eq!(seen(&[b"6.6.6.6, 192.0.2.7"]).await, "192.0.2.7", "what stands before is hearsay");
    assert_eq!(seen(&[b"6.6.6.6", b"192.0.2.7, 10.0.0.2"]).await, "192.0.2.7", "two proxies");
    assert_eq!(seen(&[b"6.6.6.6", "\u{fc}".as_bytes()]).await, "10.0.0.1", "nonsense uncovers no hearsay");
    assert_eq!(seen(&[b"::ffff:192.0.2.7"]).await, "192.0.2.7");
}

#[tokio::test]
async fn fifty_people_at_once_all_get_in() {
    let (server, _) = Server::set_up("/").await;
    for n in 0..50 {
        let values = [format!("user{n}"), format!("user{n}@example.com")];
        let values = [values[0].as_str(), values[1].as_str(), ADMIN];
        let insert = "INSERT INTO users (id, email, name, role, password_hash, created_at) \
                      SELECT $1, $2, $1, 'member', password_hash, created_at FROM users WHERE email = $3";
        assert_eq!(server.sql(insert, &values).await, 1);
    }
    let people = (0..50).map(|n| {
        let mut browser = server.browser().from(&format!("192.0.2.{n}"));
        async move { sign_in(&mut browser, &format!("user{n}@example.com"), PASSWORD).await.status }
    });
    let answers = tokio::time::timeout(Duration::from_secs(30), join_all(people)).await.expect("in time");
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
}

#[tokio::test]
async fn the_cookie_is_for_this_server_alone() {
    let (server, _) = Server::set_up("/platform").await;
    let cookie = |answer: &Answer| answer.header("set-cookie").to_owned();
    let plain = cookie(&sign_in(&mut server.browser(), ADMIN, PASSWORD).await);
    let (pair, attributes) = plain.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; HttpOnly; SameSite=Lax; Max-Age=604800");
    assert_eq!(pair.len(), "session=".len() + 43, "256 bits: {pair}");

    let public = [(Key::PublicUrl, "https://license.example.com/platform")];
    let server = Server::again("/platform", &public, server.folder.clone()).await;
    let secure = cookie(&sign_in(&mut server.browser(), ADMIN, PASSWORD).await);
    let (pair, attributes) = secure.split_once(';').unwrap();
    assert!(pair.starts_with("__Host-session="), "{pair}");
    assert_eq!(attributes, " Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=604800");
    // What the plain name says is not looked at.
    let mut browser = server.browser();
    browser.jar.insert("session".to_owned(), pair.replace("__Host-session=", ""));
    assert_eq!(who(&mut browser).await, Value::Null);
}

#[tokio::test]
async fn a_planted_cookie_is_never_a_session() {
    let (server, _) = Server::set_up("/").await;
    let mut browser = server.browser();
    browser.jar.insert("session".to_owned(), "planted".to_owned());
    assert_eq!(sign_in(&mut browser, ADMIN, PASSWORD).await.status, 200);
    let id = browser.jar["session"].clone();
    assert_ne!(id, "planted");
    let mut planter = server.browser();
    planter.jar.insert("session".to_owned(), "planted".to_owned());
    assert_eq!(who(&mut planter).await, Value::Null);

    // Of two cookies of that name, one is not ours; nobody can tell which.
    let mut two = server.browser();
    two.headers = vec![("cookie".to_owned(), format!("session={id}; session=planted"))];
    assert_eq!(who(&mut two).await, Value::Null);

    // Signing in once more ends the session of before.
    let mut before = browser.clone();
    assert_eq!(sign_in(&mut browser, ADMIN, PASSWORD).await.status, 200);
    assert_ne!(browser.jar["session"], id);
    assert_eq!(who(&mut before).await, Value::Null);
}

#[tokio::test]
async fn the_hash_of_a_session_is_no_session_and_its_id_is_nowhere_in_the_database() {
    let (server, admin) = Server::set_up("/").await;
    let id = admin.jar["session"].clone();
    let mut database = server.database().await;
    let hashes: Vec<String> =
        sqlx::query_scalar("SELECT id_hash FROM sessions").fetch_all(&mut database).await.expect("rows");
    for hash in hashes {
        let mut thief = server.browser();
        thief.jar.insert("session".to_owned(), hash);
        assert_eq!(who(&mut thief).await, Value::Null);
    }
    assert!(!server.is_stored(&id).await && !server.is_stored(PASSWORD).await);
    assert!(server.is_stored(ADMIN).await, "the search finds what is there");
}

impl Server {
    /// Whether a text stands in a file of the server's, as it is.
    pub async fn is_stored(&self, text: &str) -> bool {
        let contents = crate::database::contents(&self.folder).await;
        assert!(contents.len() > 1, "the database and its log, or its rows");
        contents.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

#[tokio::test]
async fn a_hash_of_old_parameters_is_replaced_at_the_next_sign_in() {
    use argon2::password_hash::PasswordHasher as _;
    use argon2::password_hash::phc::PasswordHash;

    let (server, _) = Server::set_up("/").await;
    let weak = argon2::Params::new(8 * 1024, 1, 1, None).expect("parameters");
    let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weak);
    let weak: PasswordHash = weak.hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen bytes of").expect("a hash");
    let weak = weak.to_string();
    assert_eq!(server.sql("UPDATE users SET password_hash = $1", &[&weak]).await, 1);
    assert_eq!(sign_in(&mut server.browser(), ADMIN, "wrong").await.status, 401);
    let stored = async || {
        let mut database = server.database().await;
        let hash: String =
            sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(&mut database).await.expect("a hash");
        hash
    };
    assert_eq!(stored().await, weak, "a wrong password changes nothing");
    assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 200);
    assert!(stored().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(sign_in(&mut server.browser(), ADMIN, PASSWORD).await.status, 200);
}
