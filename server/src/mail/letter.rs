//! A mail as it is sent (RFC 5322). Nothing in it can begin a header of its own.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{Address, Message as Letter};

use super::{Message, SendError};

/// The longest address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
pub(super) const ADDRESS: usize = 254;

/// One address, or nothing.
pub(super) fn address(text: &str) -> Option<Address> {
    let fits = text.len() <= ADDRESS && !text.chars().any(char::is_control);
    fits.then(|| text.parse().ok()).flatten()
}

/// The sender, with the name if there is one.
pub(super) fn sender(from: &str, name: &str) -> Result<Mailbox, SendError> {
    let email = address(from).ok_or(SendError::Address { field: "from" })?;
    let name = line(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), email))
}

/// The recipient.
pub(super) fn recipient(message: &Message) -> Result<Address, SendError> {
    address(message.to.trim()).ok_or(SendError::Address { field: "to" })
}

/// The subject as one line.
pub(super) fn subject(message: &Message) -> String {
    line(&message.subject)
}

/// The text without what is no text.
pub(super) fn text(message: &Message) -> String {
    message.text.chars().filter(|&c| !c.is_control() || c == '\n' || c == '\t').collect()
}

/// The whole letter. `now` is in seconds since 1970-01-01 UTC.
pub(super) fn letter(sender: Mailbox, message: &Message, id: &str, now: i64) -> Result<Letter, SendError> {
    let to = recipient(message)?;
    let domain = sender.email.domain().to_owned();
    let date = UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or(0));
    let builder: MessageBuilder = Letter::builder()
        .from(sender)
        .to(Mailbox::new(None, to))
        .subject(subject(message))
        .date(date)
        // Not the library's, which would tell the name of this machine.
        .message_id(Some(format!("<{id}@{domain}>")))
        // So that nobody's absence notice answers (RFC 3834, section 5).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .header(ContentType::TEXT_PLAIN);
    builder.body(text(message)).map_err(|_| SendError::Address { field: "from" })
}

/// A random name for one mail: 128 bits in hexadecimal.
pub(super) fn id() -> String {
    // Where there is no randomness there is no TLS either; the name is not a secret.
    format!("{:032x}", u128::from_be_bytes(crate::ids::random().unwrap_or_default()))
}

fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}
