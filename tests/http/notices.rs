//! Mails about the license, to a real mail server, with a clock that is moved through all bands.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign::config::Key;
use countersign::http::App;
use countersign::{jobs, licensing};
use countersign_app::Role;
use countersign_license::{Policy, inspect};
use serde_json::{Value, json};

use crate::ask::{Browser, NOW, Server};
use crate::mail_server::{MailServer, Taken};
use crate::smtp::{platform, settings};
use crate::story::{ADMIN, VENDOR, body, first, renewal};

const DAY: i64 = 24 * 60 * 60;
/// When the license ends that set-up installs.
const END: i64 = NOW + 365 * DAY;

/// A platform that sends e-mail through this server.
async fn mailing(mail: &MailServer) -> (Server, Browser) {
    let (server, mut admin) = platform(mail).await;
    let answer = admin.json("/api/settings/email", &settings(mail, "tls", "tls")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (server, admin)
}

impl Server {
    async fn pass_at(&self, now: i64) {
        self.clock.store(now, Ordering::Relaxed);
        // Nobody outside is asked whether these licenses still count.
        for bundle in [first(), renewal()] {
            let subject = licensing::subject(&inspect(bundle.to_json(), &Policy::default(), NOW));
            let never = "INSERT INTO phone_home (subject, next_at) VALUES ($1, 9000000000) ON CONFLICT DO NOTHING";
            self.sql(never, &[&subject]).await;
        }
        jobs::pass(&self.app).await;
    }

    /// What is remembered of mails: notice, tries, and whether it was sent.
    async fn notices(&self) -> Vec<(String, i64, bool)> {
        let mut database = self.database().await;
        let rows = sqlx::query_as(
            "SELECT notice, tries, CAST(CASE WHEN sent_at IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM notices ORDER BY next_at, user_id",
        );
        let rows: Vec<(String, i64, i64)> = rows.fetch_all(&mut database).await.expect("rows");
        rows.into_iter().map(|(notice, tries, sent)| (notice, tries, sent == 1)).collect()
    }

    /// What the license server is said to have said of the first license.
    async fn known(&self, column: &'static str, at: Option<i64>) {
        self.sql("DELETE FROM phone_home", &[]).await;
        let Some(at) = at else { return };
        let subject = licensing::subject(&inspect(first().to_json(), &Policy::default(), NOW));
        let statement = match column {
            "first_failure_at" => {
                "INSERT INTO phone_home (subject, next_at, first_failure_at) VALUES ($1, 9000000000, CAST($2 AS INTEGER))"
            }
            _ => "INSERT INTO phone_home (subject, next_at, revoked_at) VALUES ($1, 9000000000, CAST($2 AS INTEGER))",
        };
        assert_eq!(self.sql(statement, &[&subject, &at.to_string()]).await, 1);
    }
}

fn subject(mail: &MailServer) -> String {
    mail.taken().header("Subject")
}

#[tokio::test]
async fn each_band_is_mailed_once_to_each_administrator_and_to_nobody_else() {
    let mail = MailServer::start();
    let (server, _) = mailing(&mail).await;
    server.somebody(Role::OrgAdmin).await;
    server.somebody(Role::Member).await;
    server.pass_at(END - 30 * DAY - 1).await;
    mail.took_nothing();
    for (left, expected) in [
        (30 * DAY, "License of Acme Corp ends in 30 days"),
        (20 * DAY, ""),
        (14 * DAY, "License of Acme Corp ends in 14 days"),
        (7 * DAY, "License of Acme Corp ends in 7 days"),
        (DAY, "License of Acme Corp ends in 1 day"),
        (1, ""),
        (0, "License of Acme Corp has ended"),
        (-90 * DAY, ""),
    ] {
        server.pass_at(END - left).await;
        if !expected.is_empty() {
            let both: [Taken; 2] = [mail.taken(), mail.taken()];
            let mut to: Vec<_> = both.iter().flat_map(|taken| taken.to.clone()).collect();
            to.sort();
            assert_eq!(to, [ADMIN, "org-admin@example.com"]);
            assert!(both.iter().all(|taken| taken.header("Subject") == expected), "{}", both[0].raw);
        }
        // Told once, however often somebody looks.
        jobs::pass(&server.app).await;
        server.pass_at(END - left + left.clamp(0, 600) / 2).await;
        mail.took_nothing();
    }
    assert_eq!(server.notices().await.len(), 10);
    assert!(server.notices().await.iter().all(|(_, tries, sent)| *tries == 1 && *sent));
}

#[tokio::test]
async fn a_mail_says_what_follows_what_to_do_and_whom_to_write_to() {
    let mail = MailServer::start();
    let (server, mut admin) = mailing(&mail).await;
    // Whoever comes late is told the band of that day, and none of those before.
    server.pass_at(END - 5 * DAY - 3600).await;
    let taken = mail.taken();
    assert_eq!(taken.header("Subject"), "License of Acme Corp ends in 5 days");
    assert_eq!(
        taken.text().trim_end(),
        "The license expires in 5 days, on 21 September 2027.\n\nEverything works until 21 September 2027, 14:13 UTC; then \
         what it grants is switched off. Nothing is deleted.\n\nAsk for a new license now, and install it when it comes. For \
         a new license, write to sales@scrydon.com, quoting cust_acme.\n\nOn the platform, the license stands under Settings, \
         License.\n\nYou get this once, as an administrator of the platform."
    );
    mail.took_nothing();

    // With PUBLIC_URL there is a link; and a renewal is another license.
    server.clock.store(NOW, Ordering::Relaxed);
    let answer = admin.json_with("/api/auth/license/rotate", &[("if-match", "\"1\"")], &body(&renewal())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let public = [(Key::PublicUrl, "https://license.example.com"), (Key::BasePath, "/platform")];
    let egress = server.app.outbound.clone();
    let server = Server::made("/platform", &public, server.folder.clone(), |app| app.outbound = egress).await;
    server.pass_at(END - 5 * DAY).await;
    mail.took_nothing();
    server.pass_at(NOW + 730 * DAY - 10 * DAY).await;
    let taken = mail.taken();
    assert_eq!(taken.header("Subject"), "License of Acme Corp ends in 10 days");
    assert!(taken.text().contains("\nhttps://license.example.com/platform/settings/license\n"), "{}", taken.text());
}

#[tokio::test]
async fn while_mail_is_left_for_later_nothing_is_sent_and_nothing_counts_as_sent() {
    let mail = MailServer::start();
    let (server, mut admin) = platform(&mail).await;
    server.sql("UPDATE sessions SET expires_at = expires_at + 40000000", &[]).await;
    server.pass_at(END - 10 * DAY).await;
    mail.took_nothing();
    assert_eq!(server.notices().await, []);
    server.sql("UPDATE sessions SET seen_at = CAST($1 AS INTEGER)", &[&(END - 10 * DAY).to_string()]).await;
    assert_eq!(admin.json("/api/settings/email", &settings(&mail, "tls", "tls")).await.status, 200);
    jobs::pass(&server.app).await;
    assert_eq!(subject(&mail), "License of Acme Corp ends in 10 days");
}

#[tokio::test]
async fn of_several_replicas_one_sends() {
    let mail = MailServer::start();
    let (server, _) = mailing(&mail).await;
    server.somebody(Role::OrgAdmin).await;
    let mut replicas: Vec<Arc<App>> = vec![server.app.clone()];
    for _ in 0..3 {
        let egress = server.app.outbound.clone();
        let another = Server::made("/", &[], server.folder.clone(), |app| app.outbound = egress).await;
        another.clock.store(END - DAY, Ordering::Relaxed);
        replicas.push(another.app.clone());
    }
    server.clock.store(END - DAY, Ordering::Relaxed);
    let passes: Vec<_> = replicas.into_iter().map(|app| tokio::spawn(async move { jobs::pass(&app).await })).collect();
    for pass in passes {
        pass.await.expect("a pass");
    }
    let mut to = [mail.taken(), mail.taken()].map(|taken| taken.to[0].clone());
    to.sort();
    assert_eq!(to, [ADMIN, "org-admin@example.com"]);
    mail.took_nothing();
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_tried_again_later_and_later_and_at_last_given_up() {
    let mail = MailServer::start();
    let (server, mut admin) = mailing(&mail).await;
    // The address keeps its port for as long as the test runs, and nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut down = settings(&mail, "plain", "none");
    down["host"] = json!("127.0.0.1");
    down["port"] = json!(closed);
    down["username"] = json!("");
    down["password"] = Value::Null;
    assert_eq!(admin.json("/api/settings/email", &down).await.status, 200);
    let begin = END - 7 * DAY;
    let mut at = begin;
    for (tries, wait) in [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 3 * DAY]
        .into_iter()
        .enumerate()
        .map(|(n, wait)| (n + 1, wait))
    {
        server.pass_at(at).await;
        assert_eq!(server.notices().await, [("days-7".to_owned(), i64::try_from(tries).unwrap(), false)]);
        // Not before its time.
        server.pass_at(at + wait.min(DAY) - 1).await;
        assert_eq!(server.notices().await[0].1, i64::try_from(tries).unwrap());
        at += wait;
    }
    assert!(at - 3 * DAY - begin < DAY, "eight tries take less than a day");
    server.pass_at(at).await;
    assert_eq!(server.notices().await, [("days-7".to_owned(), 8, false)], "given up");

    // The next band begins anew, and a server that is back takes it at the next try.
    server.pass_at(END - DAY).await;
    assert_eq!(server.notices().await[1], ("day-1".to_owned(), 1, false));
    server
        .sql("UPDATE sessions SET expires_at = 9000000000, seen_at = CAST($1 AS INTEGER)", &[&(END - DAY).to_string()])
        .await;
    assert_eq!(admin.json("/api/settings/email", &settings(&mail, "tls", "tls")).await.status, 200);
    server.pass_at(END - DAY + 59).await;
    mail.took_nothing();
    server.pass_at(END - DAY + 60).await;
    assert_eq!(subject(&mail), "License of Acme Corp ends in 23 hours");
    assert_eq!(server.notices().await[1], ("day-1".to_owned(), 2, true));
}

#[tokio::test]
async fn a_mail_that_a_replica_began_which_died_is_sent_by_another_within_a_minute() {
    let mail = MailServer::start();
    let (server, mut admin) = mailing(&mail).await;
    // It takes the connection, and never says a word.
    let hangs = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut hanging = settings(&mail, "plain", "none");
    hanging["host"] = json!("127.0.0.1");
    hanging["port"] = json!(hangs.local_addr().expect("an address").port());
    assert_eq!(admin.json("/api/settings/email", &hanging).await.status, 200);
    let begin = END - 7 * DAY;
    {
        let dies = server.pass_at(begin);
        let row = async {
            while server.notices().await.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = dies => panic!("it hangs"),
            () = row => {}
        }
    }
    server
        .sql("UPDATE sessions SET expires_at = 9000000000, seen_at = CAST($1 AS INTEGER)", &[&begin.to_string()])
        .await;
    assert_eq!(admin.json("/api/settings/email", &settings(&mail, "tls", "tls")).await.status, 200);
    // As long as sending may take, it is its own.
    server.pass_at(begin + 20).await;
    mail.took_nothing();
    server.pass_at(begin + 30).await;
    assert_eq!(mail.taken().to, [ADMIN]);
    assert_eq!(server.notices().await, [("days-7".to_owned(), 2, true)]);
}

#[tokio::test]
async fn what_else_ends_a_license_is_mailed_and_told_again_when_it_comes_back() {
    let mail = MailServer::start();
    let (server, _) = mailing(&mail).await;
    server.known("first_failure_at", Some(NOW)).await;
    server.pass_at(NOW + 3600).await;
    let taken = mail.taken();
    assert_eq!(taken.header("Subject"), "License of Acme Corp: the license server is out of reach");
    assert!(
        taken.text().contains("Everything works until 21 October 2026, 14:13 UTC, for 29 days;"),
        "{}",
        taken.text()
    );
    assert!(!taken.text().contains("sales@"), "money does not cure it: {}", taken.text());
    // Well again, and out of reach again: not twice a day, but anew after that.
    server.known("first_failure_at", None).await;
    server.pass_at(NOW + 7200).await;
    server.known("first_failure_at", Some(NOW + 10800)).await;
    server.pass_at(NOW + 18000).await;
    mail.took_nothing();
    server.known("first_failure_at", None).await;
    server.pass_at(NOW + 2 * DAY).await;
    server.known("first_failure_at", Some(NOW + 3 * DAY - 3600)).await;
    server.pass_at(NOW + 3 * DAY).await;
    assert_eq!(subject(&mail), "License of Acme Corp: the license server is out of reach");

    server.pass_at(NOW + 33 * DAY).await;
    assert_eq!(subject(&mail), "License of Acme Corp: switched off, the license server was out of reach for too long");
    server.known("revoked_at", Some(NOW + 34 * DAY)).await;
    server.pass_at(NOW + 34 * DAY).await;
    let taken = mail.taken();
    assert_eq!(taken.header("Subject"), "License of Acme Corp was revoked");
    assert!(taken.text().contains("The vendor took it back on 25 October 2026, 14:13 UTC"), "{}", taken.text());

    server.sql("UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt'", &[]).await;
    server.pass_at(NOW + 35 * DAY).await;
    assert_eq!(subject(&mail), "License of Acme Corp is not genuine any more");
    server.sql("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')", &[]).await;
    server.pass_at(NOW + 36 * DAY).await;
    assert_eq!(subject(&mail), "No license is installed for Acme Corp");
    mail.took_nothing();
}

#[tokio::test]
async fn a_license_server_that_is_back_within_the_hour_is_no_reason_to_write_to_anybody() {
    let mail = MailServer::start();
    let (server, mut admin) = mailing(&mail).await;
    server.known("first_failure_at", Some(NOW)).await;
    for seconds in [0, 60, 3599] {
        server.pass_at(NOW + seconds).await;
    }
    assert!(
        admin.get("/settings/users").await.body.contains("The license server is out of reach"),
        "the banner comes at once"
    );
    assert_eq!(server.notices().await, [], "nothing counts as sent");
    server.known("first_failure_at", None).await;
    server.pass_at(NOW + 3600).await;
    mail.took_nothing();
    // A clock that was set back makes the hour no shorter.
    server.known("first_failure_at", Some(NOW + 9000)).await;
    server.pass_at(NOW + 5000).await;
    mail.took_nothing();
    server.pass_at(NOW + 9000 + 3600).await;
    assert_eq!(subject(&mail), "License of Acme Corp: the license server is out of reach");
}

#[tokio::test]
async fn near_its_end_and_out_of_reach_both_are_mailed() {
    let mail = MailServer::start();
    let (server, _) = mailing(&mail).await;
    server.known("first_failure_at", Some(END - 8 * DAY)).await;
    server.pass_at(END - 7 * DAY).await;
    let mut subjects = [subject(&mail), subject(&mail)];
    subjects.sort();
    assert_eq!(
        subjects,
        ["License of Acme Corp ends in 7 days", "License of Acme Corp: the license server is out of reach"]
    );
}

#[tokio::test]
async fn nothing_is_mailed_before_the_set_up_is_complete_or_while_waiting_is_all_there_is_to_do() {
    let mail = MailServer::start();
    let (server, _) = mailing(&mail).await;
    let later = VENDOR.issue(&json!({ "nbf": NOW + 5 * DAY }));
    server.sql("UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'", &[&later.jwt]).await;
    server.pass_at(NOW).await;
    mail.took_nothing();
    server
        .sql("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key', 'setup_completed')", &[])
        .await;
    server.pass_at(NOW + 60).await;
    mail.took_nothing();
    assert_eq!(server.notices().await, []);
}
