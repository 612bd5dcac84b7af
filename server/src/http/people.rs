//! What people type about themselves: names, e-mail addresses, new passwords.

use countersign_app::FieldError;

use super::Problem;
use super::body::Body;
use crate::passwords;

/// Somebody who makes an account.
pub(super) struct Person {
    pub(super) name: String,
    /// In lower case.
    pub(super) email: String,
    pub(super) password: String,
}

impl Person {
    /// Reads `name`, `email` and the password's field. All that is wrong is said at once.
    pub(super) fn read(body: &Body, password_field: &str) -> Result<Self, Problem> {
        let (name, email) = (name(body.text("name"), "name"), email(body.text("email"), "email"));
        let password = body.raw_text(password_field).to_owned();
        let known = |text: &Result<String, Problem>| text.as_deref().unwrap_or_default().to_owned();
        let judged = new_password(&password, password_field, &known(&name), &known(&email));
        match (name, email, judged) {
            (Ok(name), Ok(email), Ok(())) => Ok(Self { name, email, password }),
            (name, email, judged) => {
                let wrong = [name.err(), email.err(), judged.err()];
                Err(Problem::fields(wrong.into_iter().flatten().flat_map(|problem| problem.errors).collect()))
            }
        }
    }
}

/// A name of somebody or something: one line, up to 100 characters.
pub(super) fn name(text: &str, field: &str) -> Result<String, Problem> {
    if text.is_empty() {
        Err(Problem::field(field, "missing", "Type a name."))
    } else if text.chars().count() > 100 {
        Err(Problem::field(field, "too-long", "The name is longer than 100 characters. Type a shorter one."))
    } else if text.chars().any(is_hidden) {
        Err(Problem::field(field, "characters", "The name has characters that cannot be seen. Type it by hand."))
    } else {
        Ok(text.to_owned())
    }
}

/// Control characters, and those that hide or reorder a text.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// An e-mail address, in lower case.
pub(super) fn email(text: &str, field: &str) -> Result<String, Problem> {
    if text.is_empty() {
        return Err(Problem::field(field, "missing", "Type an e-mail address."));
    }
    let is_address =
        text.len() <= 254 && text.bytes().all(|b| b.is_ascii_graphic()) && text.parse::<lettre::Address>().is_ok();
    if !is_address {
        return Err(Problem::field(field, "email", "This is no e-mail address. Type one such as admin@example.com."));
    }
    Ok(text.to_ascii_lowercase())
}

/// Whether a password may be chosen.
pub(super) fn new_password(password: &str, field: &str, name: &str, email: &str) -> Result<(), Problem> {
    if password.is_empty() {
        return Err(Problem::field(field, "missing", "Choose a password."));
    }
    passwords::judge(password, name, email).map_err(|weak| {
        Problem::fields(vec![FieldError {
            field: field.to_owned(),
            code: weak.code().to_owned(),
            detail: weak.detail().to_owned(),
        }])
    })
}
