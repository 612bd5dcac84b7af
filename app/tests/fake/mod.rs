//! A server in any state, for pages to render from.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_app::{
    Answer, Backend, CallMode, EmailSettings, Event, EventFilter, Heartbeat, Installed, Invitation, Network, Paths,
    Preview, Replaced, Returned, Role, Session, Setup, Step, Unavailable, Usage, UsageReport, User, Viewer, Visit,
};
use countersign_license::{Acknowledgement, License, Mode, PhoneHome, Policy, Standing, Trust, compare, inspect};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// 22 November 2026, 06:00 UTC: the instant of every visit.
pub const NOW: i64 = 1_795_327_200;
/// A day, in seconds.
pub const DAY: i64 = 86_400;

/// What the server would say.
#[derive(Clone)]
pub struct Fake {
    pub is_down: bool,
    pub setup: Setup,
    pub installed: Option<Installed>,
    pub heartbeat: Heartbeat,
    pub history: Vec<Replaced>,
    /// The rule by which previews are made.
    pub policy: Policy,
    pub organization: String,
    pub email: EmailSettings,
    pub network: Network,
    pub users: Vec<User>,
    pub invitations: Vec<Invitation>,
    pub usage: (Usage, Vec<UsageReport>),
    pub sessions: Vec<Session>,
    pub events: Vec<Event>,
    pub has_more_events: bool,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            is_down: false,
            setup: Setup {
                step: Step::License,
                needs_token: false,
                license: None,
                is_preseeded: false,
                preseed_problem: None,
                admin: None,
                organization: None,
                email: None,
            },
            installed: None,
            heartbeat: Heartbeat { mode: "offline", ..Heartbeat::default() },
            history: Vec::new(),
            policy: Policy::default(),
            organization: "Acme Corp".to_owned(),
            email: EmailSettings::Later,
            network: Network {
                mode: CallMode::Online,
                destinations: Vec::new(),
                proxy: None,
                no_proxy: Vec::new(),
                has_extra_authorities: false,
            },
            users: Vec::new(),
            invitations: Vec::new(),
            usage: (Usage::default(), Vec::new()),
            sessions: Vec::new(),
            events: Vec::new(),
            has_more_events: false,
        }
    }
}

impl Fake {
    /// With this bundle installed, judged at [`NOW`].
    pub fn with_license(mut self, bundle: &str) -> Self {
        self.installed = Some(installed(bundle, &self.policy, 7));
        self
    }

    /// With this bundle replaced last.
    pub fn replaced(mut self, bundle: &str, revision: i64) -> Self {
        let inspection = inspect(bundle, &self.policy, NOW).into();
        let (installed_at, replaced_at) = (NOW - 90 * DAY, NOW - 30 * DAY);
        let replaced_by = Some("First Admin".to_owned());
        self.history.push(Replaced { revision, inspection, installed_at, replaced_at, replaced_by, revoked_at: None });
        self
    }

    fn answer<'a, T: Send + 'a>(&self, value: T) -> Answer<'a, T> {
        let is_down = self.is_down;
        Box::pin(async move { if is_down { Err(Unavailable::Away) } else { Ok(value) } })
    }
}

impl Backend for Fake {
    fn setup(&self) -> Answer<'_, Setup> {
        self.answer(self.setup.clone())
    }

    fn installed(&self) -> Answer<'_, Option<Installed>> {
        self.answer(self.installed.clone())
    }

    fn heartbeat(&self) -> Answer<'_, Heartbeat> {
        self.answer(self.heartbeat.clone())
    }

    fn history(&self) -> Answer<'_, Vec<Replaced>> {
        self.answer(self.history.clone())
    }

    fn preview<'a>(&'a self, bundle: &'a str) -> Answer<'a, Preview> {
        let current = self.installed.as_ref().and_then(|installed| installed.inspection.license.clone());
        let policy = Policy { installed: current.as_ref().map(License::key), ..self.policy.clone() };
        let candidate = inspect(bundle, &policy, NOW);
        let comparison = current.zip(candidate.license.as_ref()).map(|(old, new)| compare(&old, new));
        let trust = candidate.trust.unwrap_or(Trust::Bundled);
        let acknowledgements = match &comparison {
            Some(comparison) => comparison.acknowledgements(trust),
            None if candidate.license.is_some() && trust == Trust::Bundled => vec![Acknowledgement::KeyChanged],
            None => Vec::new(),
        };
        let revision = self.installed.as_ref().map_or(0, |installed| installed.revision);
        self.answer(Preview { candidate, comparison, acknowledgements, revision, revoked_at: None })
    }

    fn organization(&self) -> Answer<'_, String> {
        self.answer(self.organization.clone())
    }

    fn email(&self) -> Answer<'_, EmailSettings> {
        self.answer(self.email.clone())
    }

    fn network(&self) -> Answer<'_, Network> {
        self.answer(self.network.clone())
    }

    fn users(&self) -> Answer<'_, (Vec<User>, Vec<Invitation>)> {
        self.answer((self.users.clone(), self.invitations.clone()))
    }

    fn usage(&self) -> Answer<'_, (Usage, Vec<UsageReport>)> {
        self.answer(self.usage.clone())
    }

    fn sessions(&self) -> Answer<'_, Vec<Session>> {
        self.answer(self.sessions.clone())
    }

    fn events<'a>(&'a self, filter: &'a EventFilter) -> Answer<'a, (Vec<Event>, bool)> {
        let fits = |event: &&Event| {
            event.action.starts_with(&filter.action) && (filter.actor.is_empty() || event.actor == filter.actor)
        };
        self.answer((self.events.iter().filter(fits).cloned().collect(), self.has_more_events))
    }
}

/// A visit of somebody with that role to that server.
pub fn visit(server: Fake, role: Role) -> Visit {
    Visit {
        paths: Paths::new("/platform"),
        nonce: String::new(),
        now: NOW,
        policy: server.policy.clone(),
        viewer: Some(viewer("u1", "First Admin", role)),
        has_analytics: false,
        returned: Returned::default(),
        banners: Vec::new(),
        backend: Arc::new(server),
    }
}

/// Somebody.
pub fn viewer(id: &str, name: &str, role: Role) -> Viewer {
    let email = format!("{}@example.com", name.split(' ').next().unwrap_or_default().to_lowercase());
    Viewer { id: id.to_owned(), name: name.to_owned(), email, role }
}

/// A user.
pub fn user(id: &str, name: &str, role: Role) -> User {
    User { who: viewer(id, name, role), created_at: NOW - 100 * DAY, seen_at: Some(NOW - DAY) }
}

/// A bundle, installed.
pub fn installed(bundle: &str, policy: &Policy, revision: i64) -> Installed {
    let inspection = Arc::new(inspect(bundle, policy, NOW));
    Installed {
        standing: Standing::of(Some(&inspection), Mode::Offline, &PhoneHome::default(), NOW),
        known: PhoneHome::default(),
        inspection,
        revision,
        installed_at: NOW - 30 * DAY,
        source: "rotation".to_owned(),
        installed_by: Some("First Admin".to_owned()),
    }
}

/// The claims of a license that ends that many days from now.
pub fn claims(days: i64) -> Value {
    json!({
        "iss": "scrydon-license",
        "aud": "scrydon-platform",
        "sub": "cus_Acme42",
        "jti": "lic_2026_0007",
        "iat": NOW - 200 * DAY,
        "exp": NOW + days * DAY,
        "scrydon": {
            "org": "Acme Corp",
            "tier": "enterprise",
            "entitlements": { "cpuCores": 16, "ramGb": 128, "vramGb": 48 },
            "features": { "agentic": false, "analytics": true, "maxUsers": 50 },
        },
    })
}

/// A bundle of these claims, signed with the key of `tests/vectors/keys` of that name.
pub fn signed(claims: &Value, key: &str) -> String {
    let key = private_key(key);
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let input = format!("{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(&claims.to_string()));
    let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&input)).expect("the key is large enough");
    let jwt = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
    json!({ "jwt": jwt, "publicKey": public_pem(&key.to_public_key()) }).to_string()
}

/// A bundle of these claims, signed with the usual key.
pub fn bundle(claims: &Value) -> String {
    signed(claims, "rsa2048")
}

/// A bundle whose token was changed after it was signed.
pub fn tampered(claims: &Value) -> String {
    let mut changed: Value = serde_json::from_str(&bundle(claims)).expect("a bundle is JSON");
    let mut more = claims.clone();
    more["scrydon"]["entitlements"]["cpuCores"] = json!(9999);
    let jwt = changed["jwt"].as_str().expect("a token").to_owned();
    let parts: Vec<&str> = jwt.split('.').collect();
    changed["jwt"] = json!(format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(more.to_string()), parts[2]));
    changed.to_string()
}

/// What a page comes to. The fake answers at once, so it is ready when it is first asked.
pub fn page<T>(page: impl Future<Output = T>) -> T {
    match pin!(page).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(page) => page,
        Poll::Pending => panic!("the page waits for something that is not there"),
    }
}

fn private_key(name: &str) -> RsaPrivateKey {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/keys");
    let pem = std::fs::read_to_string(keys.join(format!("{name}.pem"))).expect("a test key");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    RsaPrivateKey::from_pkcs8_der(&STANDARD.decode(body).expect("base64")).expect("an RSA key")
}

fn public_pem(key: &RsaPublicKey) -> String {
    let body = STANDARD.encode(key.to_public_key_der().expect("a key can be written").as_bytes());
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64")).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
