//! The address of PostgreSQL (`DATABASE_URL`): what of it counts, and what is wrong where nothing answers there.

use std::net::IpAddr;
use std::{fs, io};

use countersign_license::shown;
use reqwest::Url;
use rustls::{CertificateError, Error as TlsError};
use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::egress::tls_error;

/// The parameters that count. `sqlx` would log any other with its value, which may be a secret.
const KNOWN: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// The names of the parameter that says how sure one is of the database server.
const SSLMODE: [&str; 2] = ["sslmode", "ssl-mode"];

/// The address as it counts, with host, port and `sslmode` whatever the environment says (`PGHOST`, `PGSSLMODE`): what is looked at here is
/// what is used. The log warns of what does not count, and of a database that could be somebody else.
///
/// # Errors
/// A sentence: it cannot be read, or somebody would think that a certificate is checked.
pub fn read(text: &str) -> Result<String, String> {
    let mut url = Url::parse(text).map_err(|error| format!("its address cannot be read: {error}"))?;
    let all: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let is_known = |name: &str| KNOWN.contains(&name) || name.starts_with("options[");
    for (name, _) in all.iter().filter(|(name, _)| !is_known(name)) {
        tracing::warn!(
            parameter = name.escape_debug().to_string(),
            "DATABASE_URL has a parameter that means nothing here"
        );
    }
    let mut known: Vec<_> = all.into_iter().filter(|(name, _)| is_known(name)).collect();
    let missing = |names: &[&str]| !known.iter().any(|(name, _)| names.contains(&name.as_str()));
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    let added = [
        ("host", "localhost", !has_host && missing(&["host", "hostaddr"])),
        ("port", "5432", url.port().is_none() && missing(&["port"])),
        ("sslmode", "prefer", missing(&SSLMODE)),
    ];
    let added = added.into_iter().filter(|(.., is_missing)| *is_missing);
    known.extend(added.map(|(name, value, _)| (name.to_owned(), value.to_owned())));
    for (_, value) in known.iter_mut().filter(|(name, _)| SSLMODE.contains(&name.as_str())) {
        value.make_ascii_lowercase();
    }
    // Of several the last one counts.
    let last = |names: &[&str]| {
        known.iter().rev().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value.as_str())
    };

    let mode = last(&SSLMODE).unwrap_or_default();
    if let Some(file) = last(&["sslrootcert", "ssl-root-cert", "ssl-ca"]) {
        if !matches!(mode, "verify-ca" | "verify-full") {
            return Err(format!(
                "with sslmode={} nothing is held against sslrootcert: write sslmode=verify-full, or leave sslrootcert out",
                shown(mode)
            ));
        }
        fs::File::open(file).map_err(|error| format!("sslrootcert={} cannot be read: {error}", shown(file)))?;
    }
    let host = last(&["host", "hostaddr"]).or(url.host_str()).unwrap_or_default();
    if mode != "verify-full" && !is_here(host) {
        tracing::warn!(
            sslmode = mode,
            "the database server's certificate is not checked (DATABASE_URL): add sslmode=verify-full to its address, and \
             sslrootcert=FILE where its authority is not one of the web's"
        );
    }
    url.query_pairs_mut().clear().extend_pairs(&known);
    Ok(url.into())
}

/// Whether nobody stands in between: it is on this machine.
fn is_here(host: &str) -> bool {
    let is_loopback = |host: &str| host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    // A path is that of a socket, and so is one in the place of a name, percent-encoded.
    let is_path = host.starts_with('/') || host.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("%2f"));
    matches!(host, "" | "localhost") || is_path || is_loopback(host.trim_matches(['[', ']']))
}

/// What is wrong, and what to do. PostgreSQL's own messages name host, user and database; never the password.
pub(super) fn why(error: &Error) -> String {
    let remedy = match error {
        Error::PoolTimedOut => {
            return "it does not answer within 5 seconds: look whether it runs, and whether a firewall is in between"
                .to_owned();
        }
        Error::Tls(_) => "turn TLS on there (ssl = on), or write sslmode=disable where nobody is in between",
        Error::Io(error) => of_the_line(error),
        error => match error.as_database_error().and_then(DatabaseError::code).as_deref() {
            Some("53300") => {
                "it has no connection left: raise its max_connections (a replica takes 10), or end what holds them"
            }
            Some("57P03") => "it is starting, stopping or being repaired: try again in a moment",
            _ => return error.to_string(),
        },
    };
    format!("{error}; {remedy}")
}

fn of_the_line(error: &io::Error) -> &'static str {
    use CertificateError as Wrong;
    match tls_error(error) {
        None => "look whether it runs, and whether its address and port are right",
        Some(TlsError::InvalidCertificate(wrong)) => match wrong {
            Wrong::Expired | Wrong::ExpiredContext { .. } => {
                "its certificate has expired: renew it there, and look at this machine's clock"
            }
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
                "its certificate is not valid yet: look at this machine's clock"
            }
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                "its certificate is for another name: write a name of the certificate into the address, or renew it there"
            }
            _ => {
                "nobody who is trusted here vouches for its certificate: name the PEM file of its authority as sslrootcert"
            }
        },
        Some(_) => "it speaks another TLS than this server",
    }
}
