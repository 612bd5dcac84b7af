//! What may leave the server, on real sockets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use countersign::config::{Config, Environment, Flags, Key};
use countersign::egress::{BadRoots, Egress, Limits, Purpose, Refused, Unconnected};
use reqwest::Url;
use serde_json::json;
use tokio::net::TcpListener;

use crate::ask::Server;
use crate::mail_server::MailServer;

pub const LIMITS: Limits = Limits { connect: Duration::from_secs(2), total: Duration::from_secs(5) };

pub fn egress(settings: &[(Key, &str)]) -> Result<Egress, BadRoots> {
    let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Egress::of(&Config::load(&Flags { file: None, settings }, &Environment::default()).expect("good settings"))
}

/// The same, where every name has these addresses, and how often names were looked up.
pub fn with_names(settings: &[(Key, &str)], addresses: &[&str]) -> (Egress, Arc<AtomicUsize>) {
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = lookups.clone();
    let addresses: Vec<IpAddr> = addresses.iter().map(|one| one.parse().expect("an address")).collect();
    let egress = egress(settings).expect("good certificates").with_lookup(Arc::new(move |_, port| {
        counted.fetch_add(1, Ordering::Relaxed);
        let found = addresses.iter().map(|address| SocketAddr::new(*address, port)).collect();
        Box::pin(async { Ok(found) })
    }));
    (egress, lookups)
}

/// A web server on this machine: its port, and how often it was asked.
async fn web(answer: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, answer).await });
    port
}

pub async fn refused(egress: &Egress, purpose: Purpose, url: &str) -> Refused {
    egress.client(purpose, &Url::parse(url).expect("a URL"), LIMITS).await.expect_err("refused")
}

#[tokio::test]
async fn the_license_server_is_called_online_alone_and_nobody_else_is() {
    let own = "https://license.scrydon.com/api/license/validate";
    for mode in ["offline", "airgapped"] {
        let (egress, lookups) =
            with_names(&[(Key::LicenseMode, mode), (Key::EgressAllow, "license.scrydon.com")], &["1.1.1.1"]);
        assert_eq!(refused(&egress, Purpose::LicenseServer, own).await.code(), "egress-mode");
        assert_eq!(lookups.load(Ordering::Relaxed), 0, "no name was looked up");
    }
    let (egress, lookups) = with_names(&[], &["1.1.1.1"]);
    for other in [
        "https://example.com",
        "https://license.scrydon.com:8443",
        "https://license.scrydon.com.example.com",
        "https://api.resend.com",
    ] {
        assert_eq!(refused(&egress, Purpose::LicenseServer, other).await.code(), "egress-not-allowed", "{other}");
    }
    assert_eq!(lookups.load(Ordering::Relaxed), 0, "no name was looked up");
    egress.client(Purpose::LicenseServer, &Url::parse(own).unwrap(), LIMITS).await.expect("allowed");
}

#[tokio::test]
async fn one_bad_address_among_good_ones_refuses_all_of_them() {
    let own = "https://license.scrydon.com/";
    let (egress, _) = with_names(&[], &["1.1.1.1", "10.0.0.1"]);
    assert_eq!(refused(&egress, Purpose::LicenseServer, own).await.code(), "egress-private-address");
    // Saying so allows private addresses, and those where clouds keep secrets never.
    let allowed = [(Key::EgressAllow, "license.scrydon.com:443")];
    let (egress, _) = with_names(&allowed, &["1.1.1.1", "10.0.0.1"]);
    egress.client(Purpose::LicenseServer, &Url::parse(own).unwrap(), LIMITS).await.expect("allowed");
    let (egress, _) = with_names(&allowed, &["1.1.1.1", "169.254.169.254"]);
    assert_eq!(refused(&egress, Purpose::LicenseServer, own).await.code(), "egress-forbidden-address");
}

#[tokio::test]
async fn a_name_that_changes_its_address_meanwhile_changes_nothing() {
    let port = web(Router::new().fallback(|| async { "here" })).await;
    let url = Url::parse(&format!("http://rebinding.example.com:{port}/")).unwrap();
    let (egress, lookups) = with_names(&[(Key::EgressAllow, "rebinding.example.com")], &["127.0.0.1"]);
    let client = egress.client(Purpose::LicenseServer, &url, LIMITS).await.expect("allowed");
    for _ in 0..2 {
        // The name has no address in any DNS.
        assert_eq!(
            client.get(url.clone()).header("connection", "close").send().await.unwrap().text().await.unwrap(),
            "here"
        );
    }
    assert_eq!(lookups.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = visits.clone();
    let elsewhere = web(Router::new().fallback(move || async move {
        counted.fetch_add(1, Ordering::Relaxed);
    }))
    .await;
    let location = format!("http://127.0.0.1:{elsewhere}/");
    let port = web(Router::new()
        .fallback(move || async move { (axum::http::StatusCode::FOUND, [("location", location)]).into_response() }))
    .await;
    let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    let egress = egress(&[(Key::EgressAllow, "127.0.0.1")]).unwrap();
    let client = egress.client(Purpose::LicenseServer, &url, LIMITS).await.expect("allowed");
    assert_eq!(client.get(url).send().await.unwrap().status(), 302);
    assert_eq!(visits.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn extra_certificates_that_are_none_are_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for bad in
        ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n"]
    {
        std::fs::write(path, bad).unwrap();
        let error = egress(&[(Key::EgressCaFile, path)]).expect_err("refused").to_string();
        assert!(error.contains("EGRESS_CA_FILE") && error.contains(path), "{error}");
    }
    egress(&[(Key::EgressCaFile, "/nowhere.pem")]).expect_err("refused");
}

#[tokio::test]
async fn a_client_finds_no_other_host_than_the_one_it_is_for() {
    let port = web(Router::new().fallback(|| async { "here" })).await;
    let egress = egress(&[(Key::EgressAllow, "127.0.0.1")]).unwrap();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    let client = egress.client(Purpose::LicenseServer, &url, LIMITS).await.expect("allowed");
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    client.get(format!("http://localhost:{port}/")).send().await.expect_err("it does not know localhost");
}

#[tokio::test]
async fn addresses_that_are_no_web_addresses_are_refused_with_a_sentence() {
    let egress = egress(&[(Key::EgressAllow, "example.com")]).unwrap();
    for url in [
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:,x",
        "https://user@example.com/",
        "https://:word@example.com/",
    ] {
        assert_eq!(refused(&egress, Purpose::LicenseServer, url).await.code(), "egress-unusable", "{url}");
    }
    // However an address is written, it is the same.
    for (url, code) in [
        ("https://127.1/", "egress-private-address"),
        ("https://2130706433/", "egress-private-address"),
        ("https://0x7f.0.0.1/", "egress-private-address"),
        ("https://[::ffff:127.0.0.1]/", "egress-private-address"),
        ("https://[::1]/", "egress-private-address"),
        ("https://0/", "egress-forbidden-address"),
        ("https://0xa9fea9fe/", "egress-forbidden-address"),
        ("https://[64:ff9b::a9fe:a9fe]/", "egress-forbidden-address"),
        ("https://[fd00:ec2::254]/", "egress-forbidden-address"),
        ("https://localhost/", "egress-internal-name"),
        ("https://LOCALHOST./", "egress-internal-name"),
        ("https://license/", "egress-internal-name"),
        ("https://license.default.svc/", "egress-internal-name"),
        ("https://license.default.svc.cluster.local/", "egress-internal-name"),
        ("https://metadata.google.internal/", "egress-internal-name"),
        ("https://license.corp.local/", "egress-internal-name"),
    ] {
        let (egress, lookups) = with_names(&[(Key::LicenseApiUrl, url)], &["1.1.1.1"]);
        let error = refused(&egress, Purpose::LicenseServer, url).await;
        assert_eq!((error.code(), lookups.load(Ordering::Relaxed)), (code, 0), "{url}: {error}");
        let said = error.to_string();
        assert!(said.contains("; ") && !said.ends_with('.') && !said.contains("  "), "{said}");
    }
}

#[tokio::test]
async fn the_mail_servers_name_is_judged_by_where_it_leads() {
    let airgapped = &[(Key::LicenseMode, "airgapped"), (Key::EgressAllow, "mail.example.com")][..];
    let cases = [
        (airgapped, "127.0.0.1", None),
        (airgapped, "127.0.0.1 8.8.8.8", Some("egress-public-address")),
        (airgapped, "192.0.2.1", Some("egress-public-address")),
        (airgapped, "169.254.169.254", Some("egress-forbidden-address")),
        (&[], "127.0.0.1", None),
        (&[], "127.0.0.1 169.254.169.254", Some("egress-forbidden-address")),
        (&[], "", Some("egress-not-found")),
    ];
    let port = web(Router::new()).await;
    for (settings, addresses, expected) in cases {
        let (egress, _) = with_names(settings, &addresses.split_whitespace().collect::<Vec<_>>());
        let code = match egress.connect(Purpose::Smtp, "mail.example.com", port, LIMITS.connect).await {
            Ok(_) => None,
            Err(Unconnected::NotAllowed(refused)) => Some(refused.code()),
            Err(Unconnected::Failed(failed)) => panic!("{failed}"),
        };
        assert_eq!(code, expected, "{settings:?} {addresses:?}");
    }
}

#[tokio::test]
async fn a_dns_that_never_answers_is_not_waited_for() {
    let egress = egress(&[]).unwrap().with_lookup(Arc::new(|_, _| Box::pin(std::future::pending())));
    let begun = std::time::Instant::now();
    let limits = Limits { connect: Duration::from_millis(50), total: Duration::from_mins(1) };
    let url = Url::parse("https://license.scrydon.com/").unwrap();
    let error = egress.client(Purpose::LicenseServer, &url, limits).await.expect_err("nothing is found");
    assert_eq!(error, Refused::NotFound { host: "license.scrydon.com".to_owned() });
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_airgapped_platform_hands_mail_to_a_private_server_and_calls_nobody_else() {
    let mail = MailServer::start();
    let (server, admin) = Server::set_up("/").await;
    let authority = server.folder.path().join("authority.pem");
    std::fs::write(&authority, &mail.authority).unwrap();
    let settings = [(Key::LicenseMode, "airgapped"), (Key::EgressCaFile, authority.to_str().unwrap())];
    let server = Server::again("/", &settings, server.folder.clone()).await;
    let mut browser = server.browser();
    browser.jar = admin.jar;

    let resend =
        json!({ "provider": "resend", "apiKey": "re_1234567890", "from": "license@example.com", "fromName": "" });
    let refused = browser.json("/api/settings/email", &resend).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["field"]), (422, &json!("provider")));
    assert_eq!(refused.json()["errors"][0]["code"], "egress-mode");
    assert!(
        refused.body.contains("In the mode `airgapped` this server does not call Resend; use an SMTP server"),
        "{}",
        refused.body
    );
    for (host, code) in [("8.8.8.8", "egress-public-address"), ("169.254.169.254", "egress-forbidden-address")] {
        let mut settings = crate::smtp::settings(&mail, "tls", "tls");
        settings["host"] = json!(host);
        let refused = browser.json("/api/settings/email", &settings).await.json();
        assert_eq!((&refused["errors"][0]["field"], &refused["errors"][0]["code"]), (&json!("host"), &json!(code)));
    }
    let page = browser.get("/settings/network").await.body;
    assert!(page.contains("Nobody. This server calls no other."), "{page}");

    let settings = crate::smtp::settings(&mail, "tls", "tls");
    assert_eq!(browser.json("/api/settings/email/test", &settings).await.status, 200);
    assert_eq!(mail.taken().to, ["admin@example.com"]);
    assert_eq!(browser.json("/api/settings/email", &settings).await.status, 200);
    let page = browser.get("/settings/network").await.body;
    assert!(
        page.contains("Private only") && page.contains("localhost") && !page.contains("license.scrydon.com"),
        "{page}"
    );
}

#[tokio::test]
async fn settings_made_online_send_nothing_once_the_platform_is_airgapped() {
    let (server, mut admin) = Server::set_up("/").await;
    let resend =
        json!({ "provider": "resend", "apiKey": "re_1234567890", "from": "license@example.com", "fromName": "" });
    assert_eq!(admin.json("/api/settings/email", &resend).await.status, 200);
    let page = admin.get("/settings/network").await.body;
    assert!(page.contains("api.resend.com") && page.contains("license.scrydon.com"), "{page}");

    let server = Server::again("/", &[(Key::LicenseMode, "airgapped")], server.folder.clone()).await;
    let mut browser = server.browser();
    browser.jar = admin.jar;
    let invited =
        browser.json("/api/invitations", &json!({ "email": "guest@example.com", "role": "member" })).await.json();
    assert_eq!(invited["mailed"], false);
    assert!(invited["answer"].as_str().unwrap().contains("does not call Resend"), "{invited}");
    assert!(browser.get("/settings/network").await.body.contains("Nobody. This server calls no other."));
}
