//! What monitoring reads, put together at each scrape: the license from the same [`Standing`] that gates requests, counts from the
//! database, and what this process counts itself. Nothing is kept from one scrape to the next, so nothing is ever stale.
//!
//! A figure that does not exist is left out. None has the name of a person or an organization in it.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_app::Installed;
use countersign_license::{Mode, Standing, State, Trust};
use prometheus::core::Collector;
use prometheus::{Error, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::http::App;
use crate::licensing;
use crate::store::{Contact, Figures, Unavailable};

/// The media type of [`scrape`]: Prometheus' text format.
pub const MEDIA_TYPE: &str = prometheus::TEXT_FORMAT;

/// How many requests were answered since the process began, by the class of the status.
#[derive(Debug, Default)]
pub struct Requests([AtomicU64; CLASSES.len()]);

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Requests {
    /// Counts an answer of that status.
    pub fn count(&self, status: u16) {
        if let Some(class) = self.0.get(usize::from(status / 100).wrapping_sub(1)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the database says.
struct Stored {
    installed: Option<Installed>,
    contact: Option<Contact>,
    figures: Figures,
}

/// All metrics, as text.
///
/// # Errors
/// A metric has a name or label that there must not be: a mistake in here.
pub async fn scrape(app: &App) -> Result<String, Error> {
    let now = app.clock.now();
    let stored = stored(app, now).await;
    let out = Out(Registry::new_custom(Some("countersign".to_owned()), None)?);
    out.process(app, now)?;
    out.gauge("database_up", "Whether the database answers; without it, what it knows is left out.", stored.is_ok())?;
    if let Ok(stored) = stored {
        out.license(stored.installed.as_ref(), now)?;
        out.phone_home(app, stored.contact.as_ref(), now)?;
        out.figures(&stored)?;
    }
    TextEncoder::new().encode_to_string(&out.0.gather())
}

async fn stored(app: &App, now: i64) -> Result<Stored, Unavailable> {
    let installed = licensing::installed(&app.store, &app.terms, now).await?;
    let subject = installed.as_ref().map(|installed| licensing::subject(&installed.inspection)).unwrap_or_default();
    Ok(Stored {
        contact: app.store.contact(&subject).await?,
        figures: app.store.figures(now, now.saturating_sub(crate::http::IDLE)).await?,
        installed,
    })
}

/// One scrape.
struct Out(Registry);

impl Out {
    fn add(&self, metric: impl Collector + 'static) -> Result<(), Error> {
        self.0.register(Box::new(metric))
    }

    fn gauge(&self, name: &str, help: &str, value: impl Into<i64>) -> Result<(), Error> {
        let gauge = IntGauge::new(name, help)?;
        gauge.set(value.into());
        self.add(gauge)
    }

    /// A gauge that is there where its value is.
    fn optional(&self, name: &str, help: &str, value: Option<i64>) -> Result<(), Error> {
        value.map_or(Ok(()), |value| self.gauge(name, help, value))
    }

    fn process(&self, app: &App, now: i64) -> Result<(), Error> {
        let info = GaugeVec::new(Opts::new("build_info", "Always 1; the version of the server."), &["version"])?;
        info.get_metric_with_label_values(&[env!("CARGO_PKG_VERSION")])?.set(1.0);
        self.add(info)?;
        self.gauge("process_start_time_seconds", "When the server was started.", app.started_at)?;
        let uptime = now.saturating_sub(app.started_at).max(0);
        self.gauge("process_uptime_seconds", "For how long the server has been running.", uptime)?;
        let name = Opts::new(
            "http_requests_total",
            "Requests that were answered since the start, by the class of the status.",
        );
        let requests = IntCounterVec::new(name, &["class"])?;
        for (class, count) in CLASSES.iter().zip(&app.requests.0) {
            requests.get_metric_with_label_values(&[class])?.inc_by(count.load(Ordering::Relaxed));
        }
        self.add(requests)?;
        let name = Opts::new(
            "license_gate_refusals_total",
            "Requests that the gates refused since the start, by the feature.",
        );
        let refusals = IntCounterVec::new(name, &["feature"])?;
        for (feature, count) in app.refusals.counts() {
            refusals.get_metric_with_label_values(&[feature])?.inc_by(count);
        }
        self.add(refusals)
    }

    fn license(&self, installed: Option<&Installed>, now: i64) -> Result<(), Error> {
        let standing = installed.map_or(Standing::UNLICENSED, |installed| installed.standing);
        let state = Opts::new("license_state", "1 for the state that the license is in, 0 for all others.");
        let states = IntGaugeVec::new(state, &["state"])?;
        for state in State::ALL {
            states.get_metric_with_label_values(&[state.name()])?.set(i64::from(state == standing.state));
        }
        self.add(states)?;
        let grants = standing.state.grants();
        self.gauge("license_grants", "Whether what the license grants may be used.", grants)?;
        // Whatever is subtracted from what: it is positive only while the license grants.
        let left = standing.expires_in(now).map(|left| if grants { left } else { left.min(0) });
        let help = "Seconds until the license ends, negative after it; never positive while nothing is granted.";
        self.optional("license_expires_in_seconds", help, left)?;
        let end = standing.expires_at.filter(|end| grants || *end <= now);
        let help = "When the license ends or ended; left out while nothing is granted before that.";
        self.optional("license_expiry_timestamp_seconds", help, end)?;
        let help = "When what the license grants ends for want of the license server.";
        self.optional("license_locks_timestamp_seconds", help, standing.locks_at.filter(|_| grants))?;
        let revision = installed.map_or(0, |installed| installed.revision);
        self.gauge("license_revision", "Counts the licenses that were installed; 0 where none is.", revision)?;
        let genuine = installed.map(|installed| &installed.inspection);
        if let Some((inspection, license)) = genuine.and_then(|one| Some((one, one.license.as_ref()?))) {
            let help = "Always 1; the tier of the license, what vouches for its key, and the SHA-256 of the key.";
            let info = IntGaugeVec::new(Opts::new("license_info", help), &["tier", "trust", "key"])?;
            let trust = inspection.trust.map(Trust::name).unwrap_or_default();
            let key = license.key().to_string();
            info.get_metric_with_label_values(&[license.claims().tier.name(), trust, key.as_str()])?.set(1);
            self.add(info)?;
        }
        Ok(())
    }

    fn phone_home(&self, app: &App, contact: Option<&Contact>, now: i64) -> Result<(), Error> {
        if app.terms.mode == Mode::Offline {
            return Ok(());
        }
        let success = contact.and_then(|contact| contact.known.last_success_at);
        let help = "When the license server last gave an answer that counts.";
        self.optional("phone_home_last_success_timestamp_seconds", help, success)?;
        let age = success.map(|at| now.saturating_sub(at).max(0));
        let help = "How long ago the license server last gave an answer that counts.";
        self.optional("phone_home_last_success_age_seconds", help, age)?;
        let failures = contact.map_or(0, |contact| contact.failures);
        self.gauge("phone_home_failures", "How often in a row the license server was not to be had.", failures)
    }

    fn figures(&self, stored: &Stored) -> Result<(), Error> {
        let Figures { users, sessions, rotations } = stored.figures;
        self.gauge("users", "Accounts.", users)?;
        let claims = stored.installed.as_ref().and_then(|installed| installed.inspection.license.as_ref());
        let limit = claims.and_then(|license| license.claims().max_users());
        let help = "How many accounts the license grants; left out where it sets no limit.";
        self.optional("users_limit", help, limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX)))?;
        self.gauge("sessions", "Sessions that have not ended.", sessions)?;
        let help = "Licenses that were replaced by another one, since the audit log begins.";
        let counter = IntCounter::new("license_rotations_total", help)?;
        counter.inc_by(u64::try_from(rotations).unwrap_or_default());
        self.add(counter)
    }
}
