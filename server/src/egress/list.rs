//! What may leave the server, as a list for people.

use countersign_app::{Addresses, CallMode, Callee, Destination, Network};
use reqwest::Url;

use super::rules::Allowed;
use super::{Egress, Purpose};
use crate::config::{Host, LicenseMode};

impl Egress {
    /// The list, with where mail goes: its purpose, host and port.
    pub fn network(&self, mail: Option<(Purpose, &str, u16)>) -> Network {
        let rules = &self.rules;
        let server =
            rules.license_server.as_ref().and_then(|host| Some((Purpose::LicenseServer, &*host.name, host.port?)));
        let calls = [server, mail].into_iter().flatten().filter_map(|(purpose, host, port)| {
            let allowed = rules.admit(purpose, host, port).ok()?;
            Some(destination(purpose.into(), &Host { name: host.to_owned(), port: Some(port) }, allowed))
        });
        // The operator's additions are no way around this mode.
        let is_open = rules.mode != LicenseMode::Airgapped;
        let added = rules.added.iter().filter(|_| is_open);
        let added = added.map(|host| destination(Callee::Added, host, Allowed::Private));
        Network {
            mode: match rules.mode {
                LicenseMode::Online => CallMode::Online,
                LicenseMode::Offline => CallMode::Offline,
                LicenseMode::Airgapped => CallMode::Airgapped,
            },
            destinations: calls.chain(added).collect(),
            proxy: self.proxy.as_deref().filter(|_| is_open).map(without_login),
            no_proxy: self.no_proxy.clone(),
            has_extra_authorities: self.has_extra_authorities,
        }
    }
}

impl From<Purpose> for Callee {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::LicenseServer => Self::LicenseServer,
            Purpose::Resend => Self::Resend,
            Purpose::Smtp => Self::MailServer,
        }
    }
}

fn destination(callee: Callee, host: &Host, allowed: Allowed) -> Destination {
    let addresses = match allowed {
        Allowed::Public => Addresses::Public,
        Allowed::Private => Addresses::Any,
        Allowed::PrivateAlone => Addresses::Private,
    };
    Destination { callee, host: host.name.clone(), port: host.port, addresses }
}

/// Host and port; the scheme too where it is not the usual one.
fn without_login(proxy: &str) -> String {
    let Ok(url) = Url::parse(proxy) else { return String::new() };
    let scheme = if url.scheme() == "http" { "" } else { "https://" };
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}{}{port}", url.host_str().unwrap_or_default())
}
