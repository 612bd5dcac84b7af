//! The web server. One file per endpoint or page; [`router`] is the whole of it.

mod analytics;
mod asker;
mod auth;
mod bearer;
mod body;
mod desk;
mod dismiss;
mod fallback;
mod gate;
mod guard;
mod headers;
mod health;
mod home;
mod license;
mod license_checker;
pub mod listen;
mod mailing;
pub mod metrics;
mod openapi;
mod origin;
mod page;
mod people;
mod pkg;
mod problem;
mod reply;
mod seats;
mod settings;
mod setup;
mod waiting;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::http::uri::Scheme;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use countersign_app::Paths;
use countersign_license::{Inspection, Utc, Verdict};
use tokio::sync::{Notify, Semaphore};

pub(crate) use asker::IDLE;
pub use gate::{Agentic, Analytics, Feature, Gated, LicenseGate, Licensed, Refusals};
pub use health::Readiness;
pub use problem::Problem;

use crate::clock::Clock;
use crate::config::Config;
use crate::egress::Egress;
use crate::licensing::Terms;
use crate::mail::Outbound;
use crate::metrics::Requests;
use crate::passwords::Passwords;
use crate::phone_home::{LicenseServer, Watch};
use crate::seal::Seal;
use crate::site::Site;
use crate::store::{Entry, Store, Unavailable};
use crate::{ids, licensing};

/// What the endpoints share.
#[derive(Debug)]
pub struct App {
    /// Every path, under the base path.
    pub paths: Paths,
    /// Script, style and icons.
    pub site: Site,
    /// Whether people reach the platform by https.
    pub https: bool,
    /// Whether requests are wanted.
    pub readiness: Readiness,
    /// What tells the time.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// What the installed license is judged by.
    pub terms: Terms,
    /// Why the license that came with the configuration cannot be used, in a sentence.
    pub preseed_problem: Option<String>,
    /// Whom the jobs ask whether the license still counts.
    pub license_server: LicenseServer,
    /// What the jobs saw of the time.
    pub watch: Watch,
    /// Whether the log tells that an operator has opened the set-up again.
    pub told_reopened: AtomicBool,
    /// Rung where something changed that the next pass of [`crate::jobs`] should see at once.
    pub changed: Notify,
    /// How often gates refused.
    pub refusals: Refusals,
    /// What may leave this machine, and how.
    pub egress: Egress,
    /// How e-mail does.
    pub outbound: Outbound,
    /// When the process began, in seconds since 1970-01-01 UTC.
    pub started_at: i64,
    /// What was answered since.
    pub requests: Requests,
    /// Who shows it may read the metrics.
    metrics_token: Option<String>,
    passwords: Passwords,
    seal: Seal,
    /// Scheme and host of `PUBLIC_URL`.
    public_origin: Option<String>,
    /// Whether the server is meant for this machine alone: neither its address nor `PUBLIC_URL` says otherwise.
    is_local: bool,
    trusted_proxies: Vec<IpAddr>,
    /// What services show when they report what they use.
    service_token: Option<String>,
    /// Whose turn it is to note that a session was used.
    noting: Arc<Semaphore>,
}

/// Why the server cannot start, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl App {
    /// Opens the database and makes ready what the endpoints share. A license that comes with the configuration is written if
    /// nothing was ever set up.
    ///
    /// # Errors
    /// The database cannot be opened, there is no key for stored secrets, or `EGRESS_CA_FILE` cannot be used.
    pub async fn open(config: &Config, site: Site, clock: Clock) -> Result<Self, StartError> {
        let failed = |error: &dyn fmt::Display| StartError(error.to_string());
        let store = Store::open(&config.database_url).await.map_err(|error| failed(&error.of("DATABASE_URL")))?;
        let seal = Seal::of(config).map_err(|error| failed(&error))?;
        let egress = Egress::of(config).map_err(|error| failed(&error))?;
        let passwords = Passwords::new().map_err(|_| StartError("passwords cannot be hashed here".to_owned()))?;
        let public: Option<Uri> = config.public_url.as_ref().and_then(|url| url.parse().ok());
        let is_public = public.as_ref().and_then(Uri::host).is_some_and(|host| !setup::is_loopback(host));
        let mut app = Self {
            paths: Paths::new(&config.base_path),
            site,
            https: public.as_ref().is_some_and(|url| url.scheme() == Some(&Scheme::HTTPS)),
            readiness: Readiness::default(),
            store,
            terms: config.terms(),
            license_server: LicenseServer::of(config),
            watch: Watch::default(),
            told_reopened: AtomicBool::default(),
            preseed_problem: None,
            changed: Notify::new(),
            refusals: Refusals::default(),
            outbound: Outbound::through(egress.clone()),
            egress,
            started_at: clock.now(),
            clock,
            requests: Requests::default(),
            metrics_token: config.metrics_token.clone(),
            passwords,
            seal,
            public_origin: public
                .as_ref()
                .and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))),
            is_local: config.listen_addr.ip().is_loopback() && !is_public,
            trusted_proxies: config.trusted_proxies.clone(),
            service_token: config.service_token.clone(),
            noting: Arc::new(Semaphore::new(1)),
        };
        if config.public_url.is_none() && !app.is_local {
            tracing::warn!(
                "PUBLIC_URL is not set: cookies are sent without `Secure`; set it to the address that people use, such as \
                 https://platform.example.com"
            );
        }
        app.preseed(config)
            .await
            .map_err(|why| StartError(format!("the database does not answer: {}", why.remedy())))?;
        Ok(app)
    }

    /// Writes the license of the configuration, once: where nothing was ever set up. Later the variables are ignored, and the log
    /// says so where they differ from what is installed.
    async fn preseed(&mut self, config: &Config) -> Result<(), Unavailable> {
        let (jwt, public_key) = match (&config.license, &config.license_public_key) {
            (None, None) => return Ok(()),
            (Some(jwt), Some(key)) => (jwt.trim().to_owned(), key.clone()),
            (jwt, _) => {
                let (set, missing) =
                    if jwt.is_some() { ("LICENSE", "LICENSE_PUBLIC_KEY") } else { ("LICENSE_PUBLIC_KEY", "LICENSE") };
                return self.cannot_preseed(format!("{set} is set and {missing} is not; both are needed.")).await;
            }
        };
        let given = countersign_license::Bundle { jwt, public_key };
        if let Some(pair) = self.store.pair().await? {
            if pair.bundle != given {
                tracing::warn!(
                    "LICENSE and LICENSE_PUBLIC_KEY are ignored: another license is installed; change it under Settings, License"
                );
            }
            return Ok(());
        }
        let now = self.clock.now();
        let inspection = licensing::inspect_bundle(&given, &self.terms.policy, now);
        let Some(bundle) = licensing::installable(&inspection) else {
            let words = countersign_app::headline(&inspection, &self.terms.policy);
            return self.cannot_preseed(format!("{}. {}", words.title, words.body)).await;
        };
        let entry = Entry {
            at: now,
            actor: String::new(),
            action: "license.preseeded",
            detail: "Installed from LICENSE and LICENSE_PUBLIC_KEY.".to_owned(),
            address: String::new(),
        };
        if self.store.preseed(bundle, &entry).await? {
            tracing::info!("the license of LICENSE and LICENSE_PUBLIC_KEY was installed");
        }
        Ok(())
    }

    async fn cannot_preseed(&mut self, why: String) -> Result<(), Unavailable> {
        if self.store.pair().await?.is_none() && !self.store.is_set_up().await? {
            tracing::error!("the license of LICENSE and LICENSE_PUBLIC_KEY cannot be used: {why}");
            self.preseed_problem = Some(why);
        }
        Ok(())
    }

    /// A new set-up token to print, if a first step that could be reached from elsewhere may ask for one.
    ///
    /// # Errors
    /// The database does not answer, or there are no random numbers.
    pub async fn setup_token(&self) -> Result<Option<String>, StartError> {
        let rows = self.store.setup().await.map_err(|_| StartError("the database does not answer".to_owned()))?;
        if self.is_local || rows.is_completed || rows.admin.is_some() {
            return Ok(None);
        }
        let failed = || StartError("the set-up token cannot be made".to_owned());
        let token = ids::secret().map_err(|_| failed())?;
        self.store.add_setup_token(&ids::hash(&token), self.clock.now()).await.map_err(|_| failed())?;
        Ok(Some(token))
    }

    /// The address of a path of ours for whoever is elsewhere; `None` where `PUBLIC_URL` does not say it.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        self.public_origin.as_ref().map(|origin| format!("{origin}{path}"))
    }

    /// The name of the session's cookie. Over https no other site and no path can plant it.
    fn session_cookie(&self) -> &'static str {
        if self.https { "__Host-session" } else { "session" }
    }

    /// The name of the cookie that fetches what a form brought back.
    fn returned_cookie(&self) -> &'static str {
        if self.https { "__Host-returned" } else { "returned" }
    }

    /// The name of the cookie by which the wizard knows its installer.
    fn installer_cookie(&self) -> &'static str {
        if self.https { "__Host-installer" } else { "installer" }
    }

    /// The refusal of a bundle that is not valid now, with the whole inspection.
    fn refused(&self, inspection: &Inspection) -> Problem {
        let words = countersign_app::headline(inspection, &self.terms.policy);
        let code = match inspection.verdict {
            // Whoever asks what is not valid gets a refusal all the same.
            Verdict::Valid | Verdict::Rejected => "license-rejected",
            Verdict::Expired => "license-expired",
            Verdict::NotYetValid => "license-not-yet-valid",
            Verdict::BadSignature => "license-bad-signature",
            Verdict::Malformed => "license-malformed",
            Verdict::Unverified => "license-unverified",
        };
        let detail = format!("{}. {}", words.title, words.body);
        let problem = Problem { code, title: words.title.into(), ..Problem::field("bundle", code, detail.as_str()) };
        let problem = problem.detail(detail).with("verdict", inspection.verdict.name());
        let problem = problem.with("inspection", inspection);
        let is_secret = countersign_app::holds_private_key(inspection);
        if is_secret { problem.with("secret", true) } else { problem }
    }

    /// The refusal of a bundle that the license server called revoked at that instant, in seconds.
    fn refused_as_revoked(inspection: &Inspection, revoked_at: i64) -> Problem {
        let words = countersign_app::revoked(revoked_at);
        let detail = format!("{}. {}", words.title, words.body);
        let problem = Problem::field("bundle", "license-revoked", detail.as_str());
        let problem = Problem { code: "license-revoked", title: words.title.into(), ..problem };
        let problem = problem.detail(detail).with("verdict", inspection.verdict.name());
        problem.with("inspection", inspection).with("revokedAt", Utc(revoked_at).rfc3339())
    }
}

/// All routes, within the layer that every request goes through.
pub fn router(app: Arc<App>) -> Router {
    let paths = &app.paths;
    let mut routes = Router::new()
        .route(&paths.home(), get(home::home))
        .route(&paths.checker(), get(license_checker::license_checker))
        .route(&paths.analytics(), get(analytics::page))
        .route(&paths.api("analytics/usage"), get(analytics::usage))
        .route(&paths.health(), get(health::live))
        .route(&paths.ready(), get(health::ready))
        .route(&paths.metrics(), get(metrics::with_token))
        .route(&paths.api("openapi.json"), get(openapi::openapi))
        .route(&paths.api("license/dismiss"), post(dismiss::dismiss))
        .route(&paths.pkg("{*file}"), get(pkg::pkg))
        .route(&format!("{}favicon.ico", paths.home()), get(pkg::favicon))
        .route(&format!("{}robots.txt", paths.home()), get(pkg::robots))
        .merge(setup::routes(&app))
        .merge(auth::routes(&app))
        .merge(license::routes(&app))
        .merge(settings::routes(&app));
    let bare = paths.home().trim_end_matches('/').to_owned();
    if !bare.is_empty() {
        routes = routes.route(&bare, get(home::slash));
    }
    guarded(routes, app)
}

/// Routes within the layer that every request goes through, and with the answers where nothing is.
pub fn guarded(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    routes
        .fallback(fallback::fallback)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(DefaultBodyLimit::max(guard::MAX_BODY))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
