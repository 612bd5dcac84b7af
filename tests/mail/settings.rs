//! What the tests send, and how.

use std::time::Duration;

use countersign::mail::{Message, Outbound, Provider, Secret, Security, SendError, Sent, Smtp, Trust};

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

pub fn outbound() -> Outbound {
    Outbound::default()
}

pub fn trusting(pem: &str) -> Outbound {
    Outbound { trust: Trust { extra_roots_pem: Some(pem.into()) }, ..Outbound::default() }
}

pub fn impatient() -> Outbound {
    Outbound { total: Duration::from_millis(300), ..Outbound::default() }
}

pub async fn send(smtp: Smtp, message: &Message, outbound: &Outbound) -> Result<Sent, SendError> {
    let result = Provider::Smtp(smtp).send(message, outbound).await;
    if let Err(error) = &result {
        let said = format!("{error} {error:?}");
        assert!(!said.contains(PASSWORD), "an error quotes the password: {said}");
    }
    result
}
