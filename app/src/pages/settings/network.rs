//! `{base}/settings/network`: what may leave the server.

use countersign_license::shown;
use leptos::prelude::*;

use super::table::{foreign, table};
use super::{only_admins, role};
use crate::Unavailable;
use crate::pages::form::problems;
use crate::pages::shell::settings;
use crate::visit::{Addresses, CallMode, Callee, Destination, Network, Visit};

/// The network as a document.
///
/// # Errors
/// [`Unavailable`] if the store could not be read.
pub async fn settings_network(visit: &Visit) -> Result<String, Unavailable> {
    let body = if role(visit).is_admin() {
        list(&visit.backend.network().await?)
    } else {
        only_admins("What may leave this server is for administrators to see.")
    };
    Ok(settings(visit, "network", "Network", "What may leave this server.", || {
        view! {
            <div>
                <h1 tabindex="-1">"Network"</h1>
                <p class="soft">"What may leave this server. Any other call is refused before a name is looked up."</p>
            </div>
            {problems(&visit.returned, &[])}
            {body}
        }
    }))
}

fn list(network: &Network) -> AnyView {
    let meaning = match network.mode {
        CallMode::Online => {
            "This server may ask the license server whether the license still counts, and hand mail to whom you chose."
        }
        CallMode::Offline => "The license server is never called. Mail goes to whom you chose.",
        CallMode::Airgapped => {
            "Nothing leaves this server but mail, and that only to a mail server at a private address. The license server and \
             Resend are never called; what EGRESS_ALLOW and HTTPS_PROXY say changes nothing about that."
        }
    };
    let callees = if network.destinations.is_empty() {
        view! { <p>"Nobody. This server calls no other."</p> }.into_any()
    } else {
        let heads = &["Who", "Host", "Port", "Addresses", "Why"];
        table("Who may be called", heads, network.destinations.iter().map(row).collect())
    };
    let authorities = if network.has_extra_authorities { "The system’s, and yours" } else { "The system’s" };
    let proxy = network.proxy.as_deref().map_or_else(|| "None".into_any(), foreign);
    let without = network.proxy.is_some().then(|| {
        let hosts = if network.no_proxy.is_empty() { "Nobody".to_owned() } else { network.no_proxy.join(", ") };
        view! { <div><dt>"Called without it"</dt><dd>{foreign(&hosts)}</dd></div> }
    });
    let judged = network.proxy.is_some().then_some(
        " What goes through the proxy is judged by its name here; which addresses a name may lead to is the proxy’s to judge.",
    );
    view! {
        <section class="card">
            <h2>"Mode: "{network.mode.name()}</h2>
            <p>{meaning}</p>
            <p class="soft">"LICENSE_MODE sets it."</p>
        </section>
        <section class="card">
            <h2>"Who may be called"</h2>
            {callees}
            <p class="soft">
                "Beside these, the server talks to its database, and to your DNS where a host is given by name. It follows no \
                 redirects, and connects to no address that it did not judge."{judged}
            </p>
        </section>
        <dl class="facts">
            <div><dt>"Proxy for https"</dt><dd>{proxy}</dd></div>
            {without}
            <div><dt>"Certificate authorities"</dt><dd>{authorities}</dd></div>
        </dl>
    }
    .into_any()
}

fn row(destination: &Destination) -> Vec<AnyView> {
    let (who, why) = match destination.callee {
        Callee::LicenseServer => ("License server", "LICENSE_API_URL names it"),
        Callee::MailServer => ("Mail server", "An administrator saved it under E-mail"),
        Callee::Resend => ("Resend", "An administrator chose it under E-mail"),
        Callee::Added => ("Added", "EGRESS_ALLOW lists it"),
    };
    let addresses = match destination.addresses {
        Addresses::Public => "Public",
        Addresses::Any => "Public and private",
        Addresses::Private => "Private only",
    };
    let port = destination.port.map_or_else(|| "Any".to_owned(), |port| port.to_string());
    let host = view! { <code>{shown(&destination.host)}</code> }.into_any();
    vec![who.into_any(), host, port.into_any(), addresses.into_any(), why.into_any()]
}
