//! A host that may be asked.

use std::fmt;
use std::net::IpAddr;

/// A host by name or address, at one port or at any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A name in lower case without a dot at its end, or an IP address without brackets.
    pub name: String,
    /// The port; `None` for any.
    pub port: Option<u16>,
}

impl Host {
    /// Reads `mail.example.com`, `license.example.com:8443`, `10.0.0.5`, `[fd00::5]:443`, `fd00::5`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self { name: address.to_canonical().to_string(), port: None });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse::<u16>().ok().filter(|port| *port != 0)?)),
            None => (text, None),
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(name).parse::<IpAddr>() {
            return Some(Self { name: address.to_canonical().to_string(), port });
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        let is_name = name.len() <= 253 && name.split('.').all(is_label);
        is_name.then_some(Self { name, port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.name.contains(':') => write!(f, "[{}]:{port}", self.name),
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
