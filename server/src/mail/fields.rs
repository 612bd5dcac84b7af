//! What people type into the e-mail form, or programs send as JSON, judged field by field.

use std::net::IpAddr;

use serde::Deserialize;

use super::{Provider, Resend, Secret, Security, Smtp, letter};

/// The longest DNS name (RFC 1035, section 2.3.4, as text).
const HOST: usize = 253;
/// The longest user name: some services take their longest address.
const USERNAME: usize = 254;
/// The longest password, in bytes: some services take tokens.
const PASSWORD: usize = 1024;
/// The longest key.
const API_KEY: usize = 256;
/// The longest name of a sender, in characters.
const NAME: usize = 100;

/// What was typed. White space around everything but the password does not count.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Fields {
    /// `smtp`, `resend` or `later`.
    pub provider: String,
    /// The SMTP server.
    pub host: String,
    /// Its port; nothing means the usual one.
    pub port: Option<Port>,
    /// `none`, `starttls` or `tls`.
    pub security: String,
    /// Who signs in; nothing means nobody.
    pub username: String,
    /// The password; nothing means the stored one.
    pub password: Secret,
    /// Resend's key; nothing means the stored one.
    pub api_key: Secret,
    /// The sender's address.
    pub from: String,
    /// The sender's name.
    pub from_name: String,
}

/// A port as forms and as JSON write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Port {
    /// JSON's number.
    Number(i64),
    /// A form's text.
    Text(String),
}

/// A field that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field's name, as in [`Fields`]' JSON.
    pub field: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// One sentence: what is wrong, and what to do.
    pub detail: String,
}

impl Provider {
    /// The settings that were typed, or everything that is wrong with them, in the order of the form.
    ///
    /// An empty password or key stands for the one in `stored`, as forms never show it. That holds for the server it
    /// was typed for alone: with another host, port or security it must be typed again, or settings could be changed to
    /// carry it off.
    pub fn from_fields(fields: &Fields, stored: Option<&Self>) -> Result<Self, Vec<Wrong>> {
        let mut form = Form::default();
        let provider = match fields.provider.trim() {
            "later" => Some(Self::Later),
            "resend" => form.resend(fields, stored).map(Self::Resend),
            "smtp" => form.smtp(fields, stored).map(Self::Smtp),
            _ => form.wrong("provider", "provider-unknown", "Choose SMTP, Resend or later"),
        };
        match provider {
            Some(provider) if form.wrong.is_empty() => Ok(provider),
            _ => Err(form.wrong),
        }
    }
}

#[derive(Default)]
struct Form {
    wrong: Vec<Wrong>,
}

impl Form {
    /// Notes what is wrong. There is no value then.
    fn wrong<T>(&mut self, field: &'static str, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.wrong.push(Wrong { field, code, detail: detail.into() });
        None
    }

    fn smtp(&mut self, fields: &Fields, stored: Option<&Provider>) -> Option<Smtp> {
        let host = self.host(&fields.host);
        let security = self.security(&fields.security);
        let port = self.port(fields.port.as_ref(), security);
        let username = self.username(&fields.username);
        let server = match (host, port, security) {
            (Some(host), Some(port), Some(security)) => Some((host, port, security)),
            _ => None,
        };
        let password = match (&username, &server) {
            (Some(username), Some(server)) => self.password(&fields.password, username, server, stored),
            // What it belongs to is not known yet.
            _ => None,
        };
        let from = self.sender(&fields.from);
        let from_name = self.sender_name(&fields.from_name);
        let (host, port, security) = server?;
        Some(Smtp {
            host,
            port,
            security,
            username: username?,
            password: password?,
            from: from?,
            from_name: from_name?,
        })
    }

    fn resend(&mut self, fields: &Fields, stored: Option<&Provider>) -> Option<Resend> {
        let api_key = self.api_key(&fields.api_key, stored);
        let from = self.sender(&fields.from);
        let from_name = self.sender_name(&fields.from_name);
        Some(Resend { api_key: api_key?, from: from?, from_name: from_name? })
    }

    fn host(&mut self, text: &str) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            return self.wrong("host", "host-missing", "Give the mail server's name, like smtp.example.com");
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Some(address.to_string());
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if is_dns_name(&name) {
            return Some(name);
        }
        let detail = if text.is_ascii() {
            "This is no server name; give it alone, like smtp.example.com, without `https://` and the port"
        } else {
            "This name has letters beyond ASCII; give its `xn--` form"
        };
        self.wrong("host", "host-invalid", detail)
    }

    fn security(&mut self, text: &str) -> Option<Security> {
        match text.trim() {
            "none" => Some(Security::None),
            "starttls" => Some(Security::StartTls),
            "tls" => Some(Security::Tls),
            _ => self.wrong(
                "security",
                "security-missing",
                "Choose what protects the connection: TLS, STARTTLS or nothing",
            ),
        }
    }

    fn port(&mut self, port: Option<&Port>, security: Option<Security>) -> Option<u16> {
        let number = match port {
            None => return security.map(Security::default_port),
            Some(Port::Text(text)) if text.trim().is_empty() => return security.map(Security::default_port),
            Some(Port::Text(text)) => text.trim().parse::<u16>().ok(),
            Some(Port::Number(number)) => u16::try_from(*number).ok(),
        };
        match number {
            Some(number) if number > 0 => Some(number),
            _ => self.wrong("port", "port-invalid", "The port is a number from 1 to 65535, usually 587 or 465"),
        }
    }

    fn username(&mut self, text: &str) -> Option<String> {
        let text = text.trim();
        if text.len() > USERNAME || text.chars().any(char::is_control) {
            let detail = format!("The user name must be one line of at most {USERNAME} bytes");
            return self.wrong("username", "username-invalid", detail);
        }
        Some(text.to_owned())
    }

    fn password(
        &mut self,
        typed: &Secret,
        username: &str,
        (host, port, security): &(String, u16, Security),
        stored: Option<&Provider>,
    ) -> Option<Secret> {
        if typed.reveal().len() > PASSWORD || typed.reveal().chars().any(char::is_control) {
            let detail = format!("The password must be one line of at most {PASSWORD} bytes");
            return self.wrong("password", "password-invalid", detail);
        }
        if username.is_empty() {
            if typed.is_empty() {
                return Some(Secret::default());
            }
            return self.wrong("username", "username-missing", "A password needs the user name that it belongs to");
        }
        if *security == Security::None && !is_this_machine(host) {
            return self.wrong(
                "security",
                "password-readable",
                "The password would cross the network readable; choose STARTTLS or TLS, or empty the user name",
            );
        }
        match stored {
            _ if !typed.is_empty() => Some(typed.clone()),
            Some(Provider::Smtp(old)) if !old.password.is_empty() => {
                if (&old.host, old.port, old.security) == (host, *port, *security) {
                    return Some(old.password.clone());
                }
                self.wrong(
                    "password",
                    "password-again",
                    "Host, port or security changed, and the stored password goes to no other server; type it again",
                )
            }
            _ => self.wrong("password", "password-missing", "Give the password, or leave the user name empty too"),
        }
    }

    fn api_key(&mut self, typed: &Secret, stored: Option<&Provider>) -> Option<Secret> {
        let key = typed.reveal().trim();
        match stored {
            _ if key.len() > API_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) => self.wrong(
                "apiKey",
                "api-key-invalid",
                "This is no API key; copy it from Resend once more, it begins with re_",
            ),
            _ if !key.is_empty() => Some(Secret::new(key)),
            Some(Provider::Resend(old)) if !old.api_key.is_empty() => Some(old.api_key.clone()),
            _ => {
                self.wrong("apiKey", "api-key-missing", "Give the API key that Resend made for you; it begins with re_")
            }
        }
    }

    fn sender(&mut self, text: &str) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            return self.wrong("from", "from-missing", "Give the address that mail comes from");
        }
        match letter::address(text) {
            Some(address) => Some(address.to_string()),
            None => self.wrong(
                "from",
                "from-invalid",
                "This is not one e-mail address; give it alone, like license@example.com: the name has its own field",
            ),
        }
    }

    fn sender_name(&mut self, text: &str) -> Option<String> {
        let text = text.trim();
        if text.chars().count() > NAME || text.chars().any(char::is_control) {
            let detail = format!("The sender's name must be one line of at most {NAME} characters");
            return self.wrong("fromName", "from-name-invalid", detail);
        }
        Some(text.to_owned())
    }
}

/// Letters, digits, `-` and, as names in container networks have it, `_`. What ends in a number is a mistyped address.
fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= HOST && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp() -> Fields {
        Fields {
            provider: "smtp".into(),
            host: "smtp.example.com".into(),
            security: "starttls".into(),
            username: "countersign".into(),
            password: Secret::new("correct horse"),
            from: "license@example.com".into(),
            ..Fields::default()
        }
    }

    fn stored() -> Provider {
        Provider::from_fields(&smtp(), None).unwrap()
    }

    fn codes(fields: &Fields, stored: Option<&Provider>) -> Vec<&'static str> {
        match Provider::from_fields(fields, stored) {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong.iter().map(|wrong| wrong.code).collect(),
        }
    }

    #[test]
    fn the_port_is_the_usual_one_unless_it_is_given() {
        for (security, port) in [("none", 25), ("starttls", 587), ("tls", 465)] {
            let fields = Fields {
                security: security.into(),
                username: String::new(),
                password: Secret::default(),
                port: Some(Port::Text(" ".into())),
                ..smtp()
            };
            let Provider::Smtp(smtp) = Provider::from_fields(&fields, None).unwrap() else { panic!("smtp") };
            assert_eq!(smtp.port, port);
        }
        for (port, good) in [("2525", true), ("0", false), ("65536", false), ("-1", false), ("smtp", false)] {
            let fields = Fields { port: Some(Port::Text(port.into())), ..smtp() };
            assert_eq!(codes(&fields, None).is_empty(), good, "{port}");
        }
        assert_eq!(codes(&Fields { port: Some(Port::Number(70_000)), ..smtp() }, None), ["port-invalid"]);
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for good in [
            "smtp.example.com",
            "SMTP.Example.com.",
            "mail_relay",
            "192.0.2.1",
            "::1",
            "[2001:db8::1]",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(codes(&Fields { host: good.into(), ..smtp() }, None), [""; 0], "{good}");
        }
        let long = format!("{}.com", "a.".repeat(130));
        for bad in [
            "https://smtp.example.com",
            "smtp.example.com:587",
            "a b",
            "a..b",
            "-a.com",
            "1.2.3",
            "bücher.example",
            "a\r\nb",
            &long,
        ] {
            assert_eq!(codes(&Fields { host: bad.into(), ..smtp() }, None), ["host-invalid"], "{bad}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let fields = Fields { provider: "smtp".into(), from_name: "a\nb".into(), ..Fields::default() };
        assert_eq!(codes(&fields, None), ["host-missing", "security-missing", "from-missing", "from-name-invalid"]);
        assert_eq!(codes(&Fields::default(), None), ["provider-unknown"]);
        let fields = Fields { password: Secret::default(), from: "x".into(), from_name: "a\nb".into(), ..smtp() };
        assert_eq!(codes(&fields, None), ["password-missing", "from-invalid", "from-name-invalid"]);
    }

    #[test]
    fn the_sender_is_one_address() {
        for bad in [
            "License <license@example.com>",
            "a@example.com, b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "\"a\r\nb\"@example.com",
            "example.com",
            &format!("{}@example.com", "a".repeat(250)),
        ] {
            assert_eq!(codes(&Fields { from: bad.into(), ..smtp() }, None), ["from-invalid"], "{bad}");
        }
        assert_eq!(codes(&Fields { from: " license@mail ".into(), ..smtp() }, None), [""; 0]);
    }

    #[test]
    fn a_password_never_crosses_the_network_readable() {
        let plain = Fields { security: "none".into(), ..smtp() };
        assert_eq!(codes(&plain, None), ["password-readable"]);
        for here in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(codes(&Fields { host: here.into(), ..plain.clone() }, None), [""; 0], "{here}");
        }
        for there in ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1"] {
            assert_eq!(codes(&Fields { host: there.into(), ..plain.clone() }, None), ["password-readable"], "{there}");
        }
        let nobody = Fields { username: String::new(), password: Secret::default(), ..plain };
        assert_eq!(codes(&nobody, None), [""; 0]);
    }

    #[test]
    fn an_empty_password_keeps_the_stored_one_for_the_same_server_alone() {
        let kept = Fields { password: Secret::default(), from_name: "License".into(), ..smtp() };
        let Provider::Smtp(new) = Provider::from_fields(&kept, Some(&stored())).unwrap() else { panic!("smtp") };
        assert_eq!((new.password, new.from_name.as_str()), (Secret::new("correct horse"), "License"));

        let host = Fields { host: "smtp.example.net".into(), ..kept.clone() };
        let port = Fields { port: Some(Port::Number(2525)), ..kept.clone() };
        let security = Fields { security: "tls".into(), port: Some(Port::Number(587)), ..kept.clone() };
        for changed in [host, port, security] {
            assert_eq!(codes(&changed, Some(&stored())), ["password-again"]);
            let typed = Fields { password: Secret::new("battery"), ..changed };
            assert_eq!(codes(&typed, Some(&stored())), [""; 0]);
        }
        assert_eq!(codes(&kept, None), ["password-missing"]);
        assert_eq!(codes(&kept, Some(&Provider::Later)), ["password-missing"]);
    }

    #[test]
    fn without_a_user_name_no_password_stays() {
        let nobody = Fields { username: String::new(), password: Secret::default(), ..smtp() };
        let Provider::Smtp(new) = Provider::from_fields(&nobody, Some(&stored())).unwrap() else { panic!("smtp") };
        assert!(new.password.is_empty());
        assert_eq!(codes(&Fields { username: String::new(), ..smtp() }, None), ["username-missing"]);
    }

    #[test]
    fn a_key_is_kept_if_none_is_typed() {
        let typed = Fields {
            provider: "resend".into(),
            api_key: Secret::new(" re_123 "),
            from: "license@example.com".into(),
            ..Fields::default()
        };
        let stored = Provider::from_fields(&typed, None).unwrap();
        let empty = Fields { api_key: Secret::default(), ..typed.clone() };
        assert_eq!(Provider::from_fields(&empty, Some(&stored)).unwrap(), stored);
        assert_eq!(codes(&empty, Some(&self::stored())), ["api-key-missing"]);
        for bad in ["re_1\r\nX: y", "re 1", "ré", &"r".repeat(300)] {
            assert_eq!(
                codes(&Fields { api_key: Secret::new(bad), ..typed.clone() }, None),
                ["api-key-invalid"],
                "{bad}"
            );
        }
    }

    #[test]
    fn what_was_typed_is_not_in_what_a_debugger_prints() {
        let printed = format!("{:?}", Fields { api_key: Secret::new("re_horse"), ..smtp() });
        assert!(printed.contains("••••••") && !printed.contains("horse"), "{printed}");
    }

    #[test]
    fn json_and_forms_say_the_same() {
        let json =
            r#"{"provider":"smtp","host":"smtp.example.com","port":587,"security":"starttls","from":"l@example.com"}"#;
        let fields: Fields = serde_json::from_str(json).unwrap();
        assert!(matches!(fields.port, Some(Port::Number(587))));
        let fields: Fields = serde_json::from_str(&json.replace("587", "\"587\"")).unwrap();
        assert!(matches!(fields.port, Some(Port::Text(_))));
        assert_eq!(codes(&fields, None), [""; 0]);
    }
}
