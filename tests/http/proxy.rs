//! Outbound TLS, and the way through a proxy: both real, with an authority that the test made.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use countersign::config::Key;
use countersign::egress::Purpose;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Url;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::egress::{LIMITS, refused, with_names};

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
    let shown = egress.network(None).proxy;
    assert_eq!(shown, Some(format!("proxy.example.com:{proxy}")));
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
