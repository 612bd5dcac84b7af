//! Mails to administrators about the license: each band once, to each of them.

use std::time::Duration;

use axum::http::StatusCode;
use countersign_app::{Contact, Telling};
use countersign_license::Notice;
use futures_util::future::join_all;

use crate::http::App;
use crate::licensing;
use crate::mail::{Message, Provider};
use crate::store::{Recipient, Unavailable};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// Seconds for which the license server may be out of reach before anybody is written to: most of it is over by then.
const BLIP: i64 = HOUR;

/// Seconds from one try to the next. After the last one, within a day of the first, nobody tries again.
const RETRIES: [i64; 7] = [60, 5 * 60, 15 * 60, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
/// How many tries there are.
const TRIES: i64 = 8;
/// How long whoever sends a mail has it to itself: as long as sending takes, and noting what came of it. If it dies meanwhile, another
/// sends it with its next pass, so within a minute.
const TURN: i64 = 25;
/// Mails that leave in one pass, at once: so a mail server that hangs holds the other jobs up for as long as one mail may take.
const AT_ONCE: usize = 8;

/// A mail that this replica sends.
struct Letter {
    notice: Notice,
    to: Recipient,
    message: Message,
}

/// Sends what is due. While e-mail is not set up nothing is sent, and nothing is remembered as sent.
pub(super) async fn pass(app: &App) -> Result<(), Unavailable> {
    let now = app.clock.now();
    let Some(provider) = provider(app).await? else { return Ok(()) };
    if !app.store.is_set_up().await? {
        return Ok(());
    }
    let installed = licensing::installed(&app.store, &app.terms, now).await?;
    let telling = Telling { installed: installed.as_ref(), policy: &app.terms.policy, now, can_act: true };
    let subject = installed.as_ref().map(|installed| licensing::subject(&installed.inspection)).unwrap_or_default();
    let mut notices = telling.notices();
    // Waiting is all there is to do.
    notices.retain(|notice| *notice != Notice::NotYetValid);
    forget(app, &subject, &notices, now).await?;
    let failing_since = installed.as_ref().and_then(|installed| installed.known.first_failure_at).unwrap_or(now);
    notices.retain(|notice| *notice != Notice::Degraded || now.saturating_sub(failing_since) >= BLIP);
    let organization = app.store.value("organization_name").await?.unwrap_or_default();
    let mut letters = Vec::new();
    for notice in notices {
        for to in app.store.recipients(&subject, notice.name()).await? {
            if letters.len() == AT_ONCE {
                // The others are for the next pass, at once.
                app.changed.notify_one();
                break;
            }
            if is_due(&to, now) && app.store.claim_notice(&subject, notice.name(), &to, now + TURN).await? {
                let message = letter(app, &telling, notice, &to, &organization);
                letters.push(Letter { notice, to, message });
            }
        }
    }
    let sent = letters.iter().map(|letter| deliver(app, &provider, &subject, letter));
    join_all(sent).await.into_iter().collect()
}

/// How e-mail is sent, if it is. Settings that cannot be opened count as none, as everywhere.
async fn provider(app: &App) -> Result<Option<Provider>, Unavailable> {
    match app.provider().await {
        Ok(provider) => Ok(provider.filter(|provider| *provider != Provider::Later)),
        Err(problem) if problem.status == StatusCode::SERVICE_UNAVAILABLE => Err(Unavailable::Away),
        Err(_) => Ok(None),
    }
}

/// What is over may come back: then it is told again, if that is not within a day. The bands before `exp` never come back.
async fn forget(app: &App, subject: &str, current: &[Notice], now: i64) -> Result<(), Unavailable> {
    for (of, name) in app.store.notices_before(now.saturating_sub(DAY)).await? {
        let comes_back = matches!(
            Notice::parse(&name),
            Some(Notice::Unlicensed | Notice::Degraded | Notice::Lapsed | Notice::Revoked | Notice::Tampered)
        );
        let is_current = of == subject && current.iter().any(|notice| notice.name() == name);
        if comes_back && !is_current {
            app.store.forget_notice(&of, &name).await?;
        }
    }
    Ok(())
}

fn is_due(to: &Recipient, now: i64) -> bool {
    to.sent_at.is_none() && to.tries < TRIES && to.next_at.is_none_or(|at| at <= now)
}

/// How long after a try that failed the next one is due.
fn wait(to: &Recipient) -> i64 {
    let tries = usize::try_from(to.tries).unwrap_or(usize::MAX);
    RETRIES.get(tries).copied().unwrap_or(DAY)
}

/// Sends one mail, once.
async fn deliver(app: &App, provider: &Provider, subject: &str, letter: &Letter) -> Result<(), Unavailable> {
    let Letter { notice, to, message } = letter;
    let (user, notice, tries) = (&to.id, notice.name(), to.tries + 1);
    match provider.send(message, &app.outbound).await {
        Ok(_) => {
            tracing::info!(notice, user, "an administrator was told about the license by mail");
            app.store.notice_sent(subject, notice, user, app.clock.now()).await
        }
        Err(error) if tries < TRIES => {
            let next_at = app.clock.now().saturating_add(wait(to));
            let wait = Duration::from_secs(wait(to).unsigned_abs());
            tracing::warn!(
                notice,
                user,
                tries,
                ?wait,
                code = error.code(),
                "a mail about the license was not sent; it is tried again"
            );
            app.store.put_notice_off(subject, notice, user, tries, next_at).await
        }
        Err(error) => {
            tracing::error!(notice, user, tries, code = error.code(), "a mail about the license was given up: {error}");
            app.store.put_notice_off(subject, notice, user, tries, app.clock.now().saturating_add(DAY)).await
        }
    }
}

/// The mail about a notice.
fn letter(app: &App, telling: &Telling<'_>, notice: Notice, to: &Recipient, organization: &str) -> Message {
    let told = telling.told(notice);
    let contact = told.contact.as_ref().map(|contact| format!(" {}", Contact::sentence(contact))).unwrap_or_default();
    let page = app.paths.settings_page("license");
    let way = match app.link(&page) {
        Some(link) => format!("The license of the platform:\n{link}"),
        None => "On the platform, the license stands under Settings, License.".to_owned(),
    };
    Message {
        to: to.email.clone(),
        subject: telling.subject(notice, organization),
        text: format!(
            "{}.\n\n{}\n\n{}{contact}\n\n{way}\n\nYou get this once, as an administrator of the platform.\n",
            told.title, told.next, told.remedy
        ),
    }
}
