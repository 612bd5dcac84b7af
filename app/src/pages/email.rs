//! The fields that say how e-mail is sent: in the wizard and in the settings.

use leptos::prelude::*;

use super::form::{Choice, Field, radios, select};
use crate::{EmailSettings, Returned};

/// The names of the fields, [`test`]'s among them.
pub(crate) const FIELDS: [&str; 10] =
    ["provider", "host", "port", "security", "username", "password", "apiKey", "from", "fromName", "to"];

const PROVIDERS: [Choice; 3] = [
    Choice { value: "smtp", title: "A mail server (SMTP)", help: "Your own, or your provider’s." },
    Choice { value: "resend", title: "Resend", help: "By the API of `resend.com`; this server must reach it." },
    Choice { value: "later", title: "Not now", help: "No e-mail is sent. You can set it up later, in the settings." },
];

const SECURITY: [(&str, &str); 3] = [
    ("starttls", "STARTTLS, mostly on port 587"),
    ("tls", "TLS from the start, mostly on port 465"),
    ("none", "None: only for a server on this machine or network"),
];

/// What the fields hold if nothing was typed.
#[derive(Default)]
struct Values<'a> {
    host: &'a str,
    port: String,
    security: &'a str,
    username: &'a str,
    from: &'a str,
    from_name: &'a str,
    provider: &'static str,
    has_secret: bool,
}

impl<'a> Values<'a> {
    fn of(stored: Option<&'a EmailSettings>) -> Self {
        let fresh = Self { security: "starttls", provider: "smtp", ..Self::default() };
        match stored {
            None => fresh,
            Some(EmailSettings::Later) => Self { provider: "later", ..fresh },
            Some(EmailSettings::Resend { from, from_name }) => {
                Self { provider: "resend", from, from_name, has_secret: true, ..fresh }
            }
            Some(EmailSettings::Smtp { host, port, security, username, has_password, from, from_name }) => Self {
                host,
                port: port.to_string(),
                security,
                username,
                from,
                from_name,
                provider: "smtp",
                has_secret: *has_password,
            },
        }
    }

    fn secret(&self, returned: &Returned, provider: &str, name: &'static str, label: &'static str) -> AnyView {
        let help = if self.has_secret && self.provider == provider {
            "One is stored. Leave this empty to keep it."
        } else if returned.values.is_empty() {
            "It is stored encrypted, and never shown again."
        } else {
            "Secrets are never sent back to the browser: if you typed one, type it again."
        };
        Field::password(name, label, "off").help(help).view(returned)
    }
}

/// The fields, filled with what was typed, else with what is stored. They stand in a form of the class `mailing`, whose style
/// leaves those in sight that the chosen provider needs.
pub(crate) fn fields(returned: &Returned, stored: Option<&EmailSettings>) -> AnyView {
    let values = Values::of(stored);
    let host = Field::plain("host", "Server").at_most(253).value(values.host).help("Such as `smtp.example.com`.");
    let username = Field::plain("username", "User name (optional)")
        .autocomplete("off")
        .at_most(254)
        .value(values.username)
        .help("Empty if the server asks for none.");
    // Which one is usual depends on the encryption that is chosen below it.
    let port = Field::number("port", "Port").at_most(5).value(values.port.clone()).help("Empty for the usual one.");
    view! {
        {radios(returned, "provider", "Send e-mail through", &PROVIDERS, values.provider)}
        <fieldset class="card when-smtp">
            <legend>"Mail server"</legend>
            <div class="pair">{host.view(returned)} {port.view(returned)}</div>
            {select(returned, "security", "Encryption", &SECURITY, values.security)}
            {username.view(returned)}
            {values.secret(returned, "smtp", "password", "Password (optional)")}
        </fieldset>
        <fieldset class="card when-resend">
            <legend>"Resend"</legend>
            {values.secret(returned, "resend", "apiKey", "API key")}
        </fieldset>
        <fieldset class="card when-any">
            <legend>"Sender"</legend>
            {Field::address("from", "Sender’s address").value(values.from).help("Such as `platform@example.com`.").view(returned)}
            {Field::text("fromName", "Sender’s name (optional)").at_most(100).value(values.from_name).view(returned)}
        </fieldset>
    }
    .into_any()
}

/// The way to try what is typed before it is saved. It stands behind the button that saves, which the Enter key presses.
pub(crate) fn test(returned: &Returned, action: String, to: &str) -> AnyView {
    view! {
        <fieldset class="card when-any">
            <legend>"Try it first"</legend>
            {Field::address("to", "Send a test message to").value(to).view(returned)}
            <div class="row">
                <button class="btn quiet" type="submit" name="action" value="test" formaction=action data-busy="Sending…">
                    "Send a test message"
                </button>
            </div>
        </fieldset>
    }
    .into_any()
}
