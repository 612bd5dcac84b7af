//! What may leave the server: against real sockets, TLS included.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use countersign::config::{Config, Environment, Flags, Key};
use countersign::egress::{BadRoots, Egress, Limits, Purpose, Refused};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Url;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::ask::Server;
use crate::mail_server::MailServer;

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
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
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

/// A web server over TLS as `license.example.com`, behind an authority of its own: its port, and the authority's PEM file.
async fn over_tls() -> (u16, tempfile::NamedTempFile) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["license.example.com".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever does not trust the certificate goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    (port, file)
}

/// A proxy that leads every CONNECT to this port here: its own port, and the first lines that it was sent with the login.
async fn proxy(port: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
            log.lock().unwrap().push(head);
            let mut there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut there).await });
        }
    });
    (own, asked)
}

#[tokio::test]
async fn a_certificate_counts_by_the_authorities_of_the_file_and_by_none_without_it() {
    let (port, authority) = over_tls().await;
    let (_, other) = over_tls().await;
    let ask = async |host: &str, file: Option<&tempfile::NamedTempFile>| {
        let allow = [(Key::EgressAllow, host)];
        let file = file.map(|file| (Key::EgressCaFile, file.path().to_str().unwrap()));
        let (egress, _) = with_names(&allow.into_iter().chain(file).collect::<Vec<_>>(), &["127.0.0.1"]);
        let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
        let client = egress.client(Purpose::LicenseServer, &url, LIMITS).await.expect("allowed");
        client.get(url).send().await.map(|answer| answer.status().as_u16()).map_err(|error| format!("{error:?}"))
    };
    assert_eq!(ask("license.example.com", Some(&authority)).await.unwrap(), 200);
    // The other authority has the same name, and another key.
    for (file, why) in [(None, "UnknownIssuer"), (Some(&other), "BadSignature")] {
        let refused = ask("license.example.com", file).await;
        assert!(refused.as_ref().is_err_and(|error| error.contains(why)), "{refused:?}");
    }
    let refused = ask("mail.example.com", Some(&authority)).await;
    assert!(refused.as_ref().is_err_and(|error| error.contains("NotValidForName")), "{refused:?}");
}

#[tokio::test]
async fn the_proxy_is_asked_for_a_name_that_is_allowed_and_for_no_other() {
    let (port, authority) = over_tls().await;
    let (proxy, asked) = proxy(port).await;
    let url = Url::parse("https://license.example.com/validate").unwrap();
    let address = format!("http://countersign:secret@proxy.example.com:{proxy}");
    let settings = [
        (Key::LicenseApiUrl, url.as_str()),
        (Key::HttpsProxy, address.as_str()),
        (Key::EgressCaFile, authority.path().to_str().unwrap()),
    ];
    // Of all names, only the proxy's is looked up; it may be private. TLS goes through it to the license server itself.
    let (egress, lookups) = with_names(&settings, &["127.0.0.1"]);
    let client = egress.client(Purpose::LicenseServer, &url, LIMITS).await.expect("allowed");
    assert_eq!(client.get(url.clone()).send().await.unwrap().text().await.unwrap(), "here");
    assert_eq!(lookups.load(Ordering::Relaxed), 1);
    let heads = asked.lock().unwrap().clone();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("CONNECT license.example.com:443 HTTP/1.1\r\n"), "{heads:?}");
    // The user name and the password, in base64.
    assert!(heads[0].to_lowercase().contains("proxy-authorization: basic"), "{heads:?}");
    assert!(!format!("{egress:?}").contains("secret"));

    for other in ["https://example.com/", "https://localhost/", "https://10.0.0.1/"] {
        assert_eq!(refused(&egress, Purpose::LicenseServer, other).await.code(), "egress-not-allowed");
    }
    let internal = [(Key::LicenseApiUrl, "https://license.corp.internal/"), settings[1]];
    let (egress, _) = with_names(&internal, &["127.0.0.1"]);
    let error = refused(&egress, Purpose::LicenseServer, "https://license.corp.internal/").await;
    assert_eq!(error.code(), "egress-internal-name");

    // What goes past the proxy is judged as ever.
    let (egress, _) = with_names(&[&settings[..], &[(Key::NoProxy, "example.com")]].concat(), &["127.0.0.1"]);
    assert_eq!(refused(&egress, Purpose::LicenseServer, url.as_str()).await.code(), "egress-private-address");
    let (egress, _) = with_names(&settings, &["169.254.169.254"]);
    assert_eq!(refused(&egress, Purpose::LicenseServer, url.as_str()).await.code(), "egress-forbidden-address");
    assert_eq!(asked.lock().unwrap().len(), 1);
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
