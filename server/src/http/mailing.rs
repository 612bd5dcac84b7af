//! How e-mail is sent: what the wizard and the settings store, and the test message.

use axum::http::StatusCode;
use countersign_app::{EmailSettings, FieldError, Invitation, Network};
use countersign_license::{Utc, shown};
use serde_json::Value;

use super::asker::Asker;
use super::body::Body;
use super::{App, Problem, people};
use crate::egress::Purpose;
use crate::mail::{Fields, Message, Port, Provider, Secret};
use crate::store::Unavailable;

/// The fields that return to the page: all but the secrets.
pub(super) const KEEP: &[&str] = &["provider", "host", "port", "security", "username", "from", "fromName", "to"];
const NAMES: &[&str] =
    &["provider", "host", "port", "security", "username", "password", "from", "fromName", "apiKey", "to"];
/// The row, and what its text is sealed for.
const ROW: &str = "email";

const NOT_SENT: Problem = Problem::new(StatusCode::BAD_GATEWAY, "mail-not-sent", "The test message was not sent");

/// Judges what was typed.
async fn read(app: &App, body: &Body) -> Result<Provider, Problem> {
    body.check(NAMES)?;
    let port = body.text("port");
    let fields = Fields {
        provider: body.text("provider").to_owned(),
        host: body.text("host").to_owned(),
        port: (!port.is_empty()).then(|| Port::Text(port.to_owned())),
        security: body.text("security").to_owned(),
        username: body.text("username").to_owned(),
        password: Secret::new(body.raw_text("password")),
        api_key: Secret::new(body.text("apiKey")),
        from: body.text("from").to_owned(),
        from_name: body.text("fromName").to_owned(),
    };
    // What was sealed with another key is as good as gone, and must not stand in the way of new settings.
    let stored = match app.provider().await {
        Err(problem) if problem.status == StatusCode::INTERNAL_SERVER_ERROR => None,
        stored => stored?,
    };
    let provider = Provider::from_fields(&fields, stored.as_ref()).map_err(|wrong| {
        let error = |wrong: crate::mail::Wrong| FieldError {
            field: wrong.field.to_owned(),
            code: wrong.code.to_owned(),
            detail: format!("{}.", wrong.detail),
        };
        Problem::fields(wrong.into_iter().map(error).collect())
    })?;
    if let Some((purpose, host, port)) = provider.destination()
        && let Err(refused) = app.egress.admit(purpose, host, port)
    {
        let field = if purpose == Purpose::Resend { "provider" } else { "host" };
        return Err(Problem::field(field, refused.code(), format!("{refused}.")));
    }
    Ok(provider)
}

/// Stores what was typed, sealed.
pub(super) async fn save(app: &App, asker: &Asker, body: &Body) -> Result<(), Problem> {
    let provider = read(app, body).await?;
    let how = match &provider {
        Provider::Later => "E-mail is not sent for now.".to_owned(),
        Provider::Resend(resend) => format!("E-mail is sent by Resend as {}.", resend.from),
        Provider::Smtp(smtp) => format!("E-mail is sent by {} as {}.", smtp.host, smtp.from),
    };
    // Texts and numbers always serialize.
    let sealed = app.seal.seal(ROW, &serde_json::to_string(&provider).unwrap_or_default())?;
    app.store.set_value(ROW, &sealed, &asker.entry("email.configured", how)).await?;
    Ok(())
}

/// Sends a test message with what was typed, and says what the server answered.
pub(super) async fn test(app: &App, asker: &Asker, body: &Body) -> Result<String, Problem> {
    let provider = read(app, body).await?;
    let typed = body.text("to");
    let to = if typed.is_empty() { asker.signed_in()?.email.clone() } else { people::email(typed, "to")? };
    if provider == Provider::Later {
        return Err(Problem::field("provider", "provider-later", "Choose how e-mail is sent before you test it."));
    }
    let message = Message {
        to: to.clone(),
        subject: "Test message from Countersign".to_owned(),
        text: "This is the test message that somebody asked for while setting up e-mail.\n\n\
               If you can read this, e-mail works.\n"
            .to_owned(),
    };
    let result = provider.send(&message, &app.outbound).await;
    let how = match &result {
        Ok(_) => format!("A test message was sent to {to}."),
        Err(error) => format!("A test message to {to} was not sent: {}.", error.code()),
    };
    app.store.record(&asker.entry("email.tested", how)).await?;
    match result {
        Ok(sent) => Ok(format!("Sent to {to}. The mail server answered: {}", sent.answer)),
        Err(error) => {
            let detail = format!("{error}.");
            Err(Problem {
                errors: Problem::field("", "mail-not-sent", detail.as_str()).errors,
                ..NOT_SENT.detail(detail)
            })
        }
    }
}

/// Sends an invitation to whom it is for. Says what the server answered, or why it was not sent.
pub(super) async fn invite(app: &App, invitation: &Invitation, link: &str) -> Result<String, String> {
    let (provider, organization) = match (app.provider().await, app.store.value("organization_name").await) {
        (Ok(Some(provider)), Ok(organization)) if provider != Provider::Later => (provider, organization),
        (Ok(_), Ok(_)) => return Err("E-mail is not set up.".to_owned()),
        _ => return Err("The settings for e-mail cannot be read.".to_owned()),
    };
    let organization = organization.unwrap_or_else(|| "the platform".to_owned());
    let message = Message {
        to: invitation.email.clone(),
        subject: format!("Your invitation to {}", shown(&organization)),
        text: format!(
            "{} invites you to {}.\n\nMake your account with this link. It works once, until {}:\n\n{link}\n\n\
             If you did not expect this, do nothing: without the link nobody can use the invitation.\n",
            shown(&invitation.invited_by),
            shown(&organization),
            Utc(invitation.expires_at).day(),
        ),
    };
    match provider.send(&message, &app.outbound).await {
        Ok(sent) => Ok(sent.answer),
        Err(error) => Err(format!("{error}.")),
    }
}

impl App {
    /// The stored settings, if there are any.
    pub(crate) async fn provider(&self) -> Result<Option<Provider>, Problem> {
        let Some(sealed) = self.store.value(ROW).await? else { return Ok(None) };
        let text = self.seal.open(ROW, &sealed)?;
        Ok(serde_json::from_str(&text).ok())
    }

    /// What may leave the server. Settings for mail that cannot be opened send none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn network(&self) -> Result<Network, Unavailable> {
        let sealed = self.store.value(ROW).await?;
        let text = sealed.and_then(|sealed| self.seal.open(ROW, &sealed).ok());
        let provider: Option<Provider> = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(self.egress.network(provider.as_ref().and_then(Provider::destination)))
    }

    /// The stored settings without their secrets. What cannot be opened counts as not set up.
    pub(super) fn email_settings(&self, sealed: &str) -> EmailSettings {
        let provider = self.seal.open(ROW, sealed).ok().and_then(|text| serde_json::from_str(&text).ok());
        match provider {
            None | Some(Provider::Later) => EmailSettings::Later,
            Some(Provider::Resend(resend)) => EmailSettings::Resend { from: resend.from, from_name: resend.from_name },
            Some(Provider::Smtp(smtp)) => EmailSettings::Smtp {
                // As it is serialized, which is how forms and programs write it.
                security: match serde_json::to_value(smtp.security) {
                    Ok(Value::String(name)) => name,
                    _ => String::new(),
                },
                host: smtp.host,
                port: smtp.port,
                has_password: !smtp.password.is_empty(),
                username: smtp.username,
                from: smtp.from,
                from_name: smtp.from_name,
            },
        }
    }
}
