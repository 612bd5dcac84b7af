//! PostgreSQL over TLS: who is believed to be the database, and what is said where nobody is.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::platform::{bundle, install};
use crate::run::{Ran, command, empty, run_with};
use crate::running::Server;

/// What must be seen nowhere.
const PASSWORD: &str = "SENTINEL-password";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(file: &Path) -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(file, authority.pem()).unwrap();
    authority
}

/// Gives the database a certificate for this name, good until the end of that year; its next connection shows it.
fn certify(cluster: &Cluster, authority: &Authority, name: &str, until: i32) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 12, 31);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let data = cluster.folder.join("data");
    let owner = fs::metadata(&data).unwrap();
    for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = data.join(name);
        fs::write(&path, pem).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    cluster.stop("fast");
    fs::write(data.join("postgresql.auto.conf"), "ssl = on\n").unwrap();
    cluster.begin();
}

struct Database {
    cluster: Cluster,
    folder: std::path::PathBuf,
    name: String,
}

impl Database {
    /// The address with a password, of this host and with these options.
    fn url(&self, host: &str, options: &str) -> String {
        let port = self.cluster.port();
        format!("postgres://countersign:{PASSWORD}@{host}:{port}/{}?{options}", self.name)
    }

    fn status(&self, host: &str, options: &str) -> Ran {
        let url = self.url(host, options);
        let begun = Instant::now();
        let mut command = command(&self.folder, &[("DATABASE_URL", &url), ("RUST_LOG", "trace")]);
        let ran = run_with(&mut command, &["status", "--json"], b"");
        assert!(begun.elapsed() < Duration::from_secs(10), "{options}: {:?}", begun.elapsed());
        assert!(!ran.err.contains("SENTINEL") && !ran.out.contains("SENTINEL"), "{options}: {}", ran.err);
        ran
    }

    /// It is not believed, and these words say why and what to do.
    fn is_refused(&self, host: &str, options: &str, words: &[&str]) {
        let ran = self.status(host, options);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{options}: {}", ran.err);
        // What people read is the last line; the log before it was asked for.
        let told = ran.err.lines().last().unwrap_or_default();
        for word in ["DATABASE_URL", "cannot be opened"].iter().chain(words) {
            assert!(told.contains(word), "{host} {options}: {word}: {told}");
        }
    }

    fn is_taken(&self, host: &str, options: &str) {
        let ran = self.status(host, options);
        assert_eq!(ran.code, 1, "{options}: {}", ran.err);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(told["state"], "unlicensed");
    }

    /// A server that starts on it, and its log.
    fn log(&self, host: &str, options: &str) -> String {
        let url = self.url(host, options);
        let variables = [("DATABASE_URL", url.as_str()), ("SECRET_KEY", "one for all of them, thirty-two or more")];
        let server = Server::start_in(&self.folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
        assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
        let log = server.stop().2;
        assert!(!log.contains("SENTINEL"), "{log}");
        log
    }
}

#[test]
fn with_verify_full_only_the_database_of_that_name_and_authority_is_believed() {
    let cluster = Cluster::start("");
    let folder = empty("tls");
    let (ours, other) = (authority(&folder.join("ca.pem")), authority(&folder.join("other.pem")));
    let name = cluster.database("tls").rsplit('/').next().unwrap().to_owned();
    let database = Database { cluster, folder, name };
    let (full, other_full) = ("sslmode=verify-full&sslrootcert=ca.pem", "sslmode=verify-full&sslrootcert=other.pem");

    // One that speaks no TLS is not spoken to.
    for options in [full, "sslmode=require", "sslmode=verify-ca&sslrootcert=ca.pem"] {
        database.is_refused("localhost", options, &["does not support TLS", "ssl = on"]);
    }
    database.is_taken("localhost", "sslmode=disable");

    certify(&database.cluster, &ours, "localhost", 2090);
    database.is_taken("localhost", full);
    database.is_taken("localhost", "sslmode=Verify-Full&sslrootcert=ca.pem");
    database.is_refused("localhost", other_full, &["nobody who is trusted here", "sslrootcert"]);
    database.is_refused("localhost", "sslmode=verify-full", &["nobody who is trusted here", "sslrootcert"]);
    database.is_refused("127.0.0.1", full, &["another name"]);
    database.is_refused("localhost", "sslmode=verify-full&sslrootcert=none.pem", &["none.pem", "cannot be read"]);
    // Without an authority's file, `require` only means that the line is encrypted, as everywhere.
    database.is_taken("localhost", "sslmode=require");
    // With one it would be thought to mean more.
    database.is_refused("localhost", "sslmode=require&sslrootcert=other.pem", &["sslmode=verify-full"]);

    certify(&database.cluster, &ours, "localhost", 2021);
    database.is_refused("localhost", full, &["expired", "renew"]);
    certify(&database.cluster, &ours, "db.example.com", 2090);
    database.is_refused("localhost", full, &["another name"]);
    database.is_taken("localhost", "sslmode=verify-ca&sslrootcert=ca.pem");
    certify(&database.cluster, &other, "localhost", 2090);
    database.is_refused("localhost", full, &["nobody who is trusted here", "sslrootcert"]);
}

#[test]
fn a_server_warns_where_the_database_could_be_somebody_else() {
    let cluster = Cluster::start("");
    let folder = empty("tls-warned");
    let ours = authority(&folder.join("ca.pem"));
    let name = cluster.database("tls").rsplit('/').next().unwrap().to_owned();
    certify(&cluster, &ours, "localhost", 2090);
    let database = Database { cluster, folder, name };
    let warning = "the database server's certificate is not checked";
    // Leads to this machine as well, and is no address of it by name.
    let elsewhere = "0.0.0.0";
    for options in ["", "sslmode=prefer", "sslmode=require", "sslmode=verify-ca&sslrootcert=ca.pem"] {
        assert!(database.log(elsewhere, options).contains(warning), "{options}");
    }
    // The name that counts is the last one.
    assert!(database.log("localhost", &format!("host={elsewhere}")).contains(warning));
    // What means nothing is named, and not repeated.
    let log = database.log("localhost", "sslpassword=SENTINEL-key");
    assert!(log.contains("sslpassword") && log.contains("means nothing here"), "{log}");
    for (host, options) in
        [("localhost", ""), ("localhost", "sslmode=verify-full&sslrootcert=ca.pem"), ("127.0.0.1", "")]
    {
        assert!(!database.log(host, options).contains(warning), "{host} {options}");
    }

    // Over TLS a platform works as without.
    let url = database.url("localhost", "sslmode=verify-full&sslrootcert=ca.pem");
    let variables = [("DATABASE_URL", url.as_str()), ("SECRET_KEY", "one for all of them, thirty-two or more")];
    let mut server = Server::start_in(&database.folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
    install(&mut server, &bundle(&["--jti", "lic_tls"]));
    let (status, answer) = server.post("/api/auth/license/get-claims", "{}");
    assert!(status == 200 && answer.contains("lic_tls"), "{answer}");
    let ran = run_with(&mut command(&database.folder, &variables), &["config"], b"");
    assert!(ran.code == 0 && !ran.out.contains("SENTINEL"), "{}", ran.out);
    // A certificate that goes bad meanwhile is told in the log, not the password.
    certify(&database.cluster, &ours, "localhost", 2021);
    assert_eq!(server.post("/api/auth/license/get-claims", "{}").0, 503);
    certify(&database.cluster, &ours, "localhost", 2091);
    assert_eq!(server.post("/api/auth/license/get-claims", "{}").0, 200);
    let log = server.stop().2;
    assert!(log.contains("certificate") && !log.contains("SENTINEL"), "{log}");
}

#[test]
fn the_environment_leads_to_no_other_database_and_asks_for_no_less() {
    let cluster = Cluster::start("");
    let folder = empty("tls-environment");
    let name = cluster.database("tls").rsplit('/').next().unwrap().to_owned();
    let status = |url: &str, more: &[(&str, &str)]| {
        let variables = [&[("DATABASE_URL", url)], more].concat();
        run_with(&mut command(&folder, &variables), &["status", "--json"], b"")
    };
    // Without a host it is this machine.
    let url = format!("postgres:///{name}?user=countersign&port={}", cluster.port());
    for variable in [("PGHOST", "192.0.2.7"), ("PGHOSTADDR", "192.0.2.7"), ("PGSSLMODE", "require")] {
        let ran = status(&url, &[variable]);
        assert_eq!(ran.code, 1, "{variable:?}: {}", ran.err);
    }
}
