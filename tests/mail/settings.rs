//! What the tests send, and how.

use std::time::Duration;

use countersign::config::{Config, Environment, Flags, Key};
use countersign::egress::Egress;
use countersign::mail::{Message, Outbound, Provider, Secret, Security, SendError, Sent, Smtp};

pub const PASSWORD: &str = "correct horse";

pub fn message() -> Message {
    Message { to: "admin@example.com".into(), subject: "Your license".into(), text: "It is installed.\n".into() }
}

pub fn to(recipient: &str) -> Message {
    Message { to: recipient.into(), ..message() }
}

pub fn smtp(port: u16, security: Security) -> Smtp {
    Smtp {
        host: "localhost".into(),
        port,
        security,
        username: "countersign".into(),
        password: Secret::new(PASSWORD),
        from: "license@example.com".into(),
        from_name: "License desk".into(),
    }
}

/// What leaves a server with these settings.
pub fn through(settings: &[(Key, &str)]) -> Outbound {
    let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let config = Config::load(&Flags { file: None, settings }, &Environment::default()).expect("good settings");
    Outbound::through(Egress::of(&config).expect("good certificates"))
}

pub fn outbound() -> Outbound {
    through(&[])
}

pub fn trusting(pem: &str) -> Outbound {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), pem).expect("written");
    through(&[(Key::EgressCaFile, file.path().to_str().expect("a path"))])
}

pub fn impatient() -> Outbound {
    Outbound { total: Duration::from_millis(300), ..outbound() }
}

pub async fn send(smtp: Smtp, message: &Message, outbound: &Outbound) -> Result<Sent, SendError> {
    let result = Provider::Smtp(smtp).send(message, outbound).await;
    if let Err(error) = &result {
        let said = format!("{error} {error:?}");
        assert!(!said.contains(PASSWORD), "an error quotes the password: {said}");
    }
    result
}
