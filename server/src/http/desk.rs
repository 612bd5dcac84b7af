//! What pages ask while they render, answered from the store.

use std::sync::Arc;

use axum::http::HeaderMap;
use countersign_app::{
    Answer, Backend, EmailSettings, Event, EventFilter, Heartbeat, Installed, Invitation, Network, Preview, Replaced,
    Session, Setup, Step, Unavailable, Usage, UsageReport, User,
};
use tokio::sync::OnceCell;

use super::App;
use super::asker::{Asker, IDLE};
use super::setup::{Gate, needs_token};
use crate::store::{self, Pair, SetupRows};
use crate::{licensing, phone_home};

impl From<store::Unavailable> for Unavailable {
    fn from(why: store::Unavailable) -> Self {
        match why {
            store::Unavailable::Away => Self::Away,
            store::Unavailable::Gone => Self::Gone,
            store::Unavailable::Unsure => Self::Unsure,
            store::Unavailable::Busy => Self::Busy,
            store::Unavailable::Full => Self::Full,
            store::Unavailable::ReadOnly => Self::ReadOnly,
        }
    }
}

/// The backend of one request.
pub(super) struct Desk {
    app: Arc<App>,
    asker: Asker,
    asks_for_token: bool,
    /// The license in use, read once: banners, report and heartbeat of a page tell of the same one.
    pair: OnceCell<Option<Pair>>,
}

impl Desk {
    pub(super) fn new(app: Arc<App>, asker: Asker, headers: &HeaderMap) -> Self {
        let asks_for_token = needs_token(&app, &asker, headers);
        Self { app, asker, asks_for_token, pair: OnceCell::new() }
    }

    async fn pair(&self) -> Result<Option<&Pair>, store::Unavailable> {
        Ok(self.pair.get_or_try_init(|| self.app.store.pair()).await?.as_ref())
    }

    async fn judged(&self) -> Result<Option<Installed>, store::Unavailable> {
        let pair = self.pair().await?;
        Ok(pair.map(|pair| licensing::judged(pair, &self.app.terms, self.asker.now)))
    }
}

/// Events on one page of the audit log.
const PAGE: i64 = 50;

impl Backend for Desk {
    fn setup(&self) -> Answer<'_, Setup> {
        Box::pin(async {
            let rows = self.app.store.setup().await?;
            let needs_token =
                self.asks_for_token && rows.admin.is_none() && !self.app.knows_installer(&self.asker).await?;
            // Whose license it is, is nobody's business who cannot show the token.
            let license = if needs_token { None } else { Gate::license(&self.app, &self.asker, &rows).await? };
            let step = Gate::step(&rows, license.as_deref());
            let SetupRows { has_license, admin, organization, email, draft, .. } = rows;
            Ok(Setup {
                step,
                needs_token,
                is_preseeded: has_license && admin.is_none() && draft.is_none(),
                license,
                preseed_problem: if has_license || step > Step::License {
                    None
                } else {
                    self.app.preseed_problem.clone()
                },
                admin,
                organization,
                email: email.map(|sealed| self.app.email_settings(&sealed)),
            })
        })
    }

    fn installed(&self) -> Answer<'_, Option<Installed>> {
        Box::pin(async { Ok(self.judged().await?) })
    }

    fn heartbeat(&self) -> Answer<'_, Heartbeat> {
        Box::pin(async {
            let installed = self.judged().await?;
            Ok(phone_home::told(&self.app.store, &self.app.license_server, installed.as_ref()).await?)
        })
    }

    fn history(&self) -> Answer<'_, Vec<Replaced>> {
        Box::pin(async {
            let (store, policy, now) = (&self.app.store, &self.app.terms.policy, self.asker.now);
            Ok(match self.pair().await? {
                Some(pair) => licensing::history_before(store, policy, now, pair).await?,
                None => licensing::history(store, policy, now).await?,
            })
        })
    }

    fn preview<'a>(&'a self, bundle: &'a str) -> Answer<'a, Preview> {
        Box::pin(async move { Ok(licensing::preview(&self.app.store, &self.app.terms, bundle, self.asker.now).await?) })
    }

    fn organization(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(self.app.store.value("organization_name").await?.unwrap_or_default()) })
    }

    fn email(&self) -> Answer<'_, EmailSettings> {
        Box::pin(async {
            let sealed = self.app.store.value("email").await?;
            Ok(sealed.map_or(EmailSettings::Later, |sealed| self.app.email_settings(&sealed)))
        })
    }

    fn network(&self) -> Answer<'_, Network> {
        Box::pin(async { Ok(self.app.network().await?) })
    }

    fn users(&self) -> Answer<'_, (Vec<User>, Vec<Invitation>)> {
        Box::pin(async { Ok((self.app.store.users().await?, self.app.store.invitations(self.asker.now).await?)) })
    }

    fn usage(&self) -> Answer<'_, (Usage, Vec<UsageReport>)> {
        Box::pin(async { Ok(self.app.store.usage(self.asker.now).await?) })
    }

    fn sessions(&self) -> Answer<'_, Vec<Session>> {
        Box::pin(async {
            let Some(viewer) = self.asker.viewer()? else { return Ok(Vec::new()) };
            let (now, current) = (self.asker.now, self.asker.session_hash());
            Ok(self.app.store.sessions(&viewer.id, current, now, now - IDLE).await?)
        })
    }

    fn events<'a>(&'a self, filter: &'a EventFilter) -> Answer<'a, (Vec<Event>, bool)> {
        Box::pin(async move {
            let mut events = self.app.store.events(filter, PAGE + 1).await?;
            let limit = usize::try_from(PAGE).unwrap_or_default();
            let there_are_more = events.len() > limit;
            events.truncate(limit);
            Ok((events, there_are_more))
        })
    }
}
