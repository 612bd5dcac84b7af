//! Organization, e-mail and network.

use countersign_app::{
    Addresses, CallMode, Callee, Destination, EmailSettings, Network, Role, settings_email, settings_network,
    settings_organization,
};

use crate::fake::{Fake, page, visit};
use crate::{HOSTILE, says, says_not};

#[test]
fn the_organization_has_a_name_that_administrators_change() {
    let mut admin = visit(Fake::default(), Role::OrgAdmin);
    let html = page(settings_organization(&admin)).expect("it answers");
    assert!(html.contains("action=\"/platform/api/settings/organization\"") && html.contains("value=\"Acme Corp\""));
    admin.returned.values.insert("name".to_owned(), String::new());
    let html = page(settings_organization(&admin)).expect("it answers");
    assert!(!html.contains("value=\"Acme Corp\""), "what was typed stands, even if it is nothing");
}

#[test]
fn the_mail_server_is_shown_without_its_password() {
    let email = EmailSettings::Smtp {
        host: "mail.example.com".to_owned(),
        port: 587,
        security: "starttls".to_owned(),
        username: "acme".to_owned(),
        has_password: true,
        from: "license@example.com".to_owned(),
        from_name: String::new(),
    };
    let server = Fake { email, ..Fake::default() };
    let html = page(settings_email(&visit(server.clone(), Role::PlatformAdmin))).expect("it answers");
    assert!(html.contains("value=\"mail.example.com\"") && html.contains("action=\"/platform/api/settings/email\""));
    assert!(html.contains("formaction=\"/platform/api/settings/email/test\""));
    let html = page(settings_email(&visit(server, Role::Member))).expect("it answers");
    says(&html, "By a mail server.");
    says_not(&html, "mail.example.com");
}

/// Everything that a list can have, with this proxy.
pub fn network(proxy: &str) -> Network {
    let destination =
        |callee, host: &str, port, addresses| Destination { callee, host: host.to_owned(), port, addresses };
    Network {
        mode: CallMode::Online,
        destinations: vec![
            destination(Callee::LicenseServer, "license.example.com", Some(443), Addresses::Public),
            destination(Callee::MailServer, "fd00::25", Some(587), Addresses::Any),
            destination(Callee::Resend, "api.resend.com", Some(443), Addresses::Public),
            destination(Callee::Added, HOSTILE, None, Addresses::Any),
        ],
        proxy: Some(proxy.to_owned()),
        no_proxy: vec![HOSTILE.to_owned()],
        has_extra_authorities: true,
    }
}

#[test]
fn administrators_see_who_may_be_called_and_why() {
    let server = Fake { network: network("http://proxy.example.com:3128"), ..Fake::default() };
    let html = page(settings_network(&visit(server.clone(), Role::OrgAdmin))).expect("it answers");
    says(&html, "Mode: online");
    says(&html, "License server license.example.com 443 Public LICENSE_API_URL names it");
    says(&html, "Mail server fd00::25 587 Public and private An administrator saved it under E-mail");
    says(&html, "Added </script><b>x Any Public and private EGRESS_ALLOW lists it");
    says(&html, "Proxy for https http://proxy.example.com:3128 Called without it </script><b>x");
    says(&html, "The system’s, and yours");
    let html = page(settings_network(&visit(server, Role::Member))).expect("it answers");
    says_not(&html, "example.com");

    let airgapped = Network {
        mode: CallMode::Airgapped,
        destinations: Vec::new(),
        proxy: None,
        no_proxy: Vec::new(),
        has_extra_authorities: false,
    };
    let html = page(settings_network(&visit(Fake { network: airgapped, ..Fake::default() }, Role::PlatformAdmin)))
        .expect("it answers");
    says(&html, "Nothing leaves this server but mail");
    says(&html, "Nobody. This server calls no other.");
    says_not(&html, "The proxy");
}
