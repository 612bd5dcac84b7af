//! What may leave the server: against real sockets, TLS included.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use countersign::config::{Config, Environment, Flags, Key};
use countersign::egress::{BadRoots, Egress, Limits, Purpose, Refused};
use reqwest::Url;

const LIMITS: Limits = Limits { connect: Duration::from_secs(2), total: Duration::from_secs(5) };

fn egress(settings: &[(Key, &str)]) -> Result<Egress, BadRoots> {
    let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Egress::of(&Config::load(&Flags { file: None, settings }, &Environment::default()).expect("good settings"))
}

/// The same, where every name has these addresses, and how often names were looked up.
fn with_names(settings: &[(Key, &str)], addresses: &[&str]) -> (Egress, Arc<AtomicUsize>) {
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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move { axum::serve(listener, answer).await });
    port
}

async fn refused(egress: &Egress, purpose: Purpose, url: &str) -> Refused {
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
