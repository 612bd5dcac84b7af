//! What the text of each setting means. A refusal is the end of a sentence that begins with the setting's name.

use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;
use countersign_license::{Fingerprint, TrustRule, shown};

use super::{Host, LicenseMode};

/// Reads `LICENSE_TRUST`.
pub fn trust_rule(text: &str) -> Result<TrustRule, String> {
    match text {
        "bundled" => Ok(TrustRule::Bundled),
        "pinned" => Ok(TrustRule::Pinned),
        other => Err(format!("is `{}`: write `bundled` or `pinned`", shown(other))),
    }
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    text.parse().map_err(|error| format!("has `{}`: {error}", shown(text)))
}

/// Reads `LICENSE_TRUSTED_KEYS`: fingerprints with commas between them.
pub fn fingerprints(text: &str) -> Result<Vec<Fingerprint>, String> {
    let listed: Vec<_> =
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(fingerprint).collect::<Result<_, _>>()?;
    // A template that was filled with nothing must not mean that any key is trusted.
    if listed.is_empty() {
        return Err("names no key: list fingerprints with commas between them, or leave it out".to_owned());
    }
    Ok(listed)
}

pub(super) fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let address = |one: &str| {
        one.parse::<IpAddr>()
            .map(|address| address.to_canonical())
            .map_err(|_| format!("has `{}`: write IP addresses with commas between them, such as 10.0.0.5", shown(one)))
    };
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(address).collect()
}

pub(super) fn base_path(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(plain);
    match text.strip_prefix('/') {
        Some("") => Ok(text.to_owned()),
        Some(rest) if text.len() <= 200 && rest.split('/').all(segment) => Ok(text.to_owned()),
        _ => Err(format!(
            "is `{}`: write `/`, or a path such as `/platform`: it begins with a slash, does not end with one, and has \
             only letters, digits and -._~ between them",
            shown(text)
        )),
    }
}

/// Reads `DATABASE_URL`.
pub fn database_url(text: &str) -> Result<String, String> {
    let rest = ["sqlite://", "postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => {
            Err("is not the address of a database: write sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME"
                .to_owned())
        }
    }
}

pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = |_| format!("is `{}`: write a whole number of seconds, such as 2592000 for 30 days", shown(text));
    text.parse().map_err(wrong)
}

pub(super) fn license_mode(text: &str) -> Result<LicenseMode, String> {
    match text {
        "online" => Ok(LicenseMode::Online),
        "offline" => Ok(LicenseMode::Offline),
        "airgapped" => Ok(LicenseMode::Airgapped),
        other => Err(format!("is `{}`: write `online`, `offline` or `airgapped`", shown(other))),
    }
}

pub(super) fn listen_addr(text: &str) -> Result<SocketAddr, String> {
    let wrong = |_| {
        format!(
            "is `{}`: write an address with a port, such as 127.0.0.1:3000, or 0.0.0.0:3000 for all networks",
            shown(text)
        )
    };
    text.parse().map_err(wrong)
}

pub(super) fn http_url(text: &str) -> Result<Uri, String> {
    let wrong = || format!("is `{}`: write an address such as https://example.com", shown(&without_password(text)));
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let usable = matches!(uri.scheme_str(), Some("http" | "https"))
        && !authority.is_empty()
        && !authority.starts_with(':')
        && !authority.contains('@')
        && uri.query().is_none();
    if usable { Ok(uri) } else { Err(wrong()) }
}

/// Reads `LICENSE_API_URL`. Without TLS anybody on the way could say that a license is good, so `http:` is for this machine.
pub(super) fn license_api_url(text: &str) -> Result<String, String> {
    let uri = http_url(text)?;
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_here = host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback());
    if uri.scheme_str() == Some("https") || is_here {
        Ok(text.to_owned())
    } else {
        let text = shown(&without_password(text));
        Err(format!("is `{text}`: write `https:`, as `http:` is for a license server on this machine alone"))
    }
}

pub(super) fn public_url(text: &str, base_path: &str) -> Result<String, String> {
    let uri = http_url(text)?;
    let path = uri.path().trim_end_matches('/');
    if !path.is_empty() && path != base_path {
        let path = shown(&without_password(path));
        return Err(format!(
            "has the path `{path}` while BASE_PATH is `{base_path}`: leave the path away, or make them equal"
        ));
    }
    Ok(text.trim_end_matches('/').strip_suffix(path).unwrap_or(text).to_owned())
}

/// Reads `EGRESS_ALLOW`: hosts, each with a port or without, with commas between them.
pub(super) fn hosts(text: &str) -> Result<Vec<Host>, String> {
    let host = |one: &str| {
        Host::parse(one).ok_or_else(|| {
            format!(
                "has `{}`: write hosts with commas between them, such as mail.example.com or license.example.com:8443",
                shown(one)
            )
        })
    };
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(host).collect()
}

/// Reads `HTTPS_PROXY`.
pub(super) fn proxy(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "is `{}`: write the address of a proxy such as http://proxy.example.com:3128",
            shown(&without_password(text))
        )
    };
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let is_usable = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    if is_usable { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

/// Reads `NO_PROXY`: host names and domains, with commas between them.
pub(super) fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// Reads a token that programs show.
pub(super) fn token(text: &str) -> Result<String, String> {
    if text.len() < 16 || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err("needs 16 characters or more, without spaces: make one with `openssl rand -hex 24`".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn secret_key(text: &str) -> Result<String, String> {
    if text.len() < 32 {
        return Err("is shorter than 32 characters: make one with `openssl rand -base64 32`".to_owned());
    }
    Ok(text.to_owned())
}

/// An address without the passwords in it, wherever they may stand; also one that is mistyped.
pub(super) fn without_password(url: &str) -> String {
    // Where the question mark was forgotten, the parameters are there all the same.
    let Some((address, mark, query)) =
        url.find(['?', '&']).and_then(|at| Some((url.get(..at)?, url.get(at..=at)?, url.get(at + 1..)?)))
    else {
        return without_login(url);
    };
    if query.contains('@') {
        // The mark stands in a password, or before the login: nobody can say where either begins.
        return format!("{}••••••", scheme(url).0);
    }
    let parameter = |parameter: &str| {
        // Also one that follows another one with the wrong mark between them.
        let name = parameter.to_ascii_lowercase().find("pass");
        let value = name.and_then(|at| Some(at + parameter.get(at..)?.find('=')? + 1));
        let masked = value.and_then(|at| Some(format!("{}••••••", parameter.get(..at)?)));
        masked.unwrap_or_else(|| parameter.to_owned())
    };
    format!("{}{mark}{}", without_login(address), query.split('&').map(parameter).collect::<Vec<_>>().join("&"))
}

/// Without what stands between a colon and the last `@`.
fn without_login(address: &str) -> String {
    let Some((login, host)) = address.rsplit_once('@') else { return address.to_owned() };
    let (scheme, login) = scheme(login);
    let user = login.split_once(':').map_or_else(|| login.to_owned(), |(user, _)| format!("{user}:••••••"));
    format!("{scheme}{user}@{host}")
}

/// What stands before the address and in it, such as `https://`; empty where it is none.
fn scheme(address: &str) -> (&str, &str) {
    let rest = address.split_once("//").filter(|(scheme, _)| {
        let name = scheme.strip_suffix(':').unwrap_or(scheme);
        name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    rest.map_or(("", address), |(_, rest)| address.split_at(address.len() - rest.len()))
}
