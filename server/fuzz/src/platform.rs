//! Platforms to ask: the whole router in this process, over databases in memory. An input that was carried out is undone
//! before the next one, so that an input means the same whenever it runs.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::COOKIE;
use axum::http::{HeaderValue, Method, Request};
use countersign::clock::Clock;
use countersign::config::{Config, Environment, Flags, Key};
use countersign::http::{App, router};
use countersign::site::{File, Site};
use libfuzzer_sys::Corpus;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::answer::Answer;
use crate::ask::{Asked, Role};
use crate::{LICENSE, NOW, input, rules};

/// Where the platforms are mounted.
const BASE: &str = "/platform";
const PASSWORD: &str = "three blue mountains at noon";
/// After so many requests a platform is made anew even if nothing was changed: refusals leave traces as well.
const REQUESTS: u32 = 2000;
/// Endpoints that change nothing, or nothing that the next input could mind.
const SMALL: [&str; 8] = [
    "/license/get-claims",
    "/license/preview",
    "/license/check",
    "/license/copy",
    "/license/dismiss",
    "/license/usage",
    "/organization",
    "/email/test",
];
/// Endpoints whose refusals are told: of a wrong password, of a license server or a mail server that is not there.
const TRACES: [&str; 4] = ["/auth/sign-in/", "/change-password", "/license/check", "/email/test"];
/// What takes longer is too slow to be tried over and over.
const SLOW: Duration = Duration::from_millis(100);

const SITE: Site = Site(&[
    File { name: "islands.js", etag: "script", plain: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") },
    File { name: "main.css", etag: "style", plain: b"plain", brotli: None, gzip: Some(b"gzip") },
]);

/// How far a platform is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// It is in use.
    Running,
    /// Nothing is there.
    Empty,
    /// The license of the first step is there.
    Licensed,
    /// The first administrator is there, and nothing after that.
    Founded,
}

impl Role {
    fn stage(self) -> Stage {
        match self {
            Self::Nobody | Self::Member | Self::OrgAdmin | Self::Admin => Stage::Running,
            Self::Stranger => Stage::Empty,
            Self::Installer => Stage::Licensed,
            Self::Founder => Stage::Founded,
        }
    }
}

/// A stage's files, and what its people have: cookies, and the ids that inputs name by a word.
struct Template {
    folder: TempDir,
    cookies: Vec<(Role, String)>,
    words: BTreeMap<&'static str, String>,
}

/// A running copy.
struct World {
    router: Router,
    requests: u32,
    /// What was there before the last request, unless that changed it.
    state: Option<String>,
    _folder: TempDir,
}

/// All platforms.
pub struct Platforms {
    runtime: Runtime,
    templates: BTreeMap<Stage, Template>,
    worlds: BTreeMap<Stage, World>,
    ours: Vec<String>,
}

impl Platforms {
    /// Sets platforms up over HTTP, as installers do.
    pub fn new() -> Self {
        crate::without_a_network();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let templates = runtime.block_on(templates());
        let jwt = serde_json::from_str::<Value>(LICENSE).expect("JSON")["jwt"].as_str().expect("a token").to_owned();
        let mut ours = vec![PASSWORD.to_owned(), METRICS_TOKEN.to_owned(), SERVICE_TOKEN.to_owned()];
        ours.extend(jwt.split('.').map(str::to_owned).skip(1));
        let cookies = templates.values().flat_map(|template| template.cookies.iter().map(|(_, cookie)| cookie.clone()));
        ours.extend(cookies.filter_map(|cookie| Some(cookie.split_once('=')?.1.to_owned())));
        Self { runtime, templates, worlds: BTreeMap::new(), ours }
    }

    /// Asks what an input describes. What took long is not mutated further: that would be hashing, or making a platform anew.
    pub fn try_out(&mut self, asked: Option<Asked>) -> Corpus {
        let started = Instant::now();
        let answer = asked.and_then(|asked| self.ask(&asked));
        if answer.is_some() && started.elapsed() < SLOW { Corpus::Keep } else { Corpus::Reject }
    }

    /// Asks, and holds the answer to the rules. `None` if no HTTP server would take the request.
    pub fn ask(&mut self, asked: &Asked) -> Option<Answer> {
        let stage = asked.role.stage();
        let template = &self.templates[&stage];
        let mut asked = asked.clone();
        for (word, id) in &template.words {
            asked.path = asked.path.replace(word, id);
        }
        self.like_session(&mut asked);
        let mut request = asked.request(BASE)?;
        if let Some((_, cookie)) = template.cookies.iter().find(|(role, _)| *role == asked.role) {
            request.headers_mut().append("cookie", HeaderValue::from_str(cookie).expect("a cookie"));
        }
        let world = self.worlds.entry(stage).or_insert_with(|| self.runtime.block_on(World::of(template)));
        world.requests += 1;
        let before = (asked.method == Method::POST).then(|| self.runtime.block_on(world.state(template)));
        let answer = self.runtime.block_on(send(&world.router, request));
        // A form's refusal leads back to its page, where it is told once.
        let page = answer.headers.get("location").map(|location| location.to_str().expect("text").to_owned());
        let came_back = page.filter(|_| asked.method == Method::POST).map(|page| {
            let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text"));
            let mut cookies: Vec<String> =
                cookies.map(|cookie| cookie.split(';').next().unwrap_or_default().to_owned()).collect();
            let own = template.cookies.iter().find(|(role, _)| *role == asked.role).map(|(_, cookie)| cookie.clone());
            let is_new = |own: &String| cookies.iter().all(|new| new.split('=').next() != own.split('=').next());
            cookies.extend(own.filter(is_new));
            let request = Request::get(&page).header("host", "localhost").header("cookie", cookies.join("; "));
            let answer = self.runtime.block_on(send(&world.router, request.body(Body::empty()).expect("a request")));
            let path = page.strip_prefix(BASE).expect("below the base path").to_owned();
            (Asked { method: Method::GET, path, ..asked.clone() }, answer)
        });
        let is_taken = asked.method == Method::POST
            && match (answer.status.as_u16(), &came_back) {
                (status @ 0..300, _) => status >= 200,
                (303, Some((at, page))) => !page.body.contains("id=\"problems\"") && !at.path.starts_with("/sign-in?"),
                _ => false,
            };
        let is_refused = answer.status.is_client_error()
            || came_back.as_ref().is_some_and(|(_, page)| page.body.contains("id=\"problems\""));
        let leaves_traces = TRACES.iter().any(|part| asked.path.contains(part));
        // To export the audit log is written into it: what is read changes something as well.
        world.state = None;
        if is_refused && !leaves_traces {
            let after = self.runtime.block_on(world.state(template));
            let before = before.unwrap_or_else(|| after.clone());
            let at = before.bytes().zip(after.bytes()).take_while(|(one, other)| one == other).count();
            let (was, is) = (before.get(at..).unwrap_or_default(), after.get(at..).unwrap_or_default());
            let what = format!("{:?} {} {:.300}: {}", asked.role, asked.method, asked.path, answer.status);
            assert!(before == after, "{what}: refused, and something changed from {was:.300} to {is:.300}");
        }
        let is_small = SMALL.iter().any(|end| asked.path.ends_with(end));
        if is_taken && !is_small || world.requests >= REQUESTS {
            self.worlds.remove(&stage);
        }
        rules::check(&asked, &answer, &self.ours);
        if let Some((asked, answer)) = came_back {
            rules::check(&asked, &answer, &self.ours);
        }
        Some(answer)
    }

    /// Puts cookies in that are nearly the administrator's session, as the input describes them.
    fn like_session(&self, asked: &mut Asked) {
        let admin = self.templates[&Stage::Running].cookies.iter().find(|(role, _)| *role == Role::Admin);
        let session = admin.and_then(|(_, cookie)| cookie.split_once('=')).expect("a session").1;
        for (name, value) in &mut asked.headers {
            if name.as_str() != input::LIKE_SESSION {
                continue;
            }
            let text = value.as_bytes();
            let at = text.iter().position(|byte| *byte == b'=').map_or(text.len(), |at| at + 1);
            let mut cookie = [&text[..at], session.as_bytes()].concat();
            for (index, change) in text[at..].iter().enumerate().filter(|(_, change)| **change != b'.') {
                match cookie.get_mut(at + index) {
                    Some(byte) => *byte = *change,
                    None => cookie.push(*change),
                }
            }
            (*name, *value) = (COOKIE, HeaderValue::from_bytes(&cookie).expect("it was one, and so was the session"));
        }
    }
}

impl Default for Platforms {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    async fn of(template: &Template) -> Self {
        let folder = folder();
        copy(template.folder.path(), folder.path());
        Self { router: opened(folder.path()).await, requests: 0, state: None, _folder: folder }
    }

    /// What an administrator or installer finds there: users and invitations, the license, the log of every change.
    async fn state(&mut self, template: &Template) -> String {
        if let Some(state) = &self.state {
            return state.clone();
        }
        let mut state = String::new();
        for path in ["/api/setup/state", "/api/users", "/api/audit", "/api/auth/license/status"] {
            let request = Request::get(format!("{BASE}{path}")).header("host", "localhost");
            let cookie = template
                .cookies
                .iter()
                .rfind(|(role, _)| matches!(role, Role::Installer | Role::Founder | Role::Admin));
            let request = request.header("cookie", cookie.map_or("", |(_, cookie)| cookie.as_str()));
            let answer = send(&self.router, request.body(Body::empty()).expect("a request")).await;
            state += &answer.body;
        }
        self.state = Some(state.clone());
        state
    }
}

/// A folder in memory.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder")
}

/// Copies the files of a database that nobody writes to.
fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).expect("a folder").map(|file| file.expect("a file")) {
        // The index of the write-ahead log is made anew.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
        }
    }
}

const METRICS_TOKEN: &str = "the-token-of-monitoring-6d1f";
const SERVICE_TOKEN: &str = "the-token-of-a-service-90ab";

async fn opened(folder: &Path) -> Router {
    let database = format!("sqlite://{}", folder.join("countersign.db").display());
    let settings = [
        (Key::BasePath, BASE),
        (Key::DatabaseUrl, &database),
        // Nobody listens there, nor anywhere else: there is no network.
        (Key::LicenseApiUrl, "http://127.0.0.1:9/"),
        (Key::MetricsToken, METRICS_TOKEN),
        (Key::ServiceToken, SERVICE_TOKEN),
        (Key::TrustedProxies, "127.0.0.1"),
    ];
    let settings = settings.map(|(key, value)| (key, value.to_owned())).to_vec();
    let config = Config::load(&Flags { file: None, settings }, &Environment::default()).expect("good settings");
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(NOW)));
    let mut app = App::open(&config, SITE, clock).await.expect("a server");
    app.outbound.connect = Duration::from_millis(500);
    app.outbound.total = Duration::from_secs(1);
    let found_nothing: countersign::egress::Lookup = Arc::new(|_, _| Box::pin(async { Ok(Vec::new()) }));
    app.egress = app.egress.with_lookup(found_nothing);
    app.outbound.egress = app.egress.clone();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
    router(Arc::new(app)).layer(axum::Extension(ConnectInfo(peer)))
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("a router never fails");
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// Somebody who sets a platform up.
struct Hand<'a> {
    router: &'a Router,
    jar: BTreeMap<String, String>,
}

impl<'a> Hand<'a> {
    fn new(router: &'a Router) -> Self {
        Self { router, jar: BTreeMap::new() }
    }

    fn cookie(&self) -> String {
        let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(format!("{BASE}/api/{path}"));
        let request = request.header("content-type", "application/json").header("sec-fetch-site", "same-origin");
        let request = request.header("host", "localhost").header("cookie", self.cookie());
        let answer = send(self.router, request.body(Body::from(body)).expect("a request")).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a pair");
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn post(&mut self, path: &str, body: &str) -> Value {
        let answer = self.send(Method::POST, path, body.to_owned()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }
}

/// Every stage, one made from the other.
async fn templates() -> BTreeMap<Stage, Template> {
    let mut made = BTreeMap::new();
    let last = folder();
    let router = opened(last.path()).await;
    let mut hand = Hand::new(&router);
    let mut keep = |stage, cookies, words| {
        let kept = folder();
        copy(last.path(), kept.path());
        made.insert(stage, Template { folder: kept, cookies, words });
    };
    keep(Stage::Empty, Vec::new(), BTreeMap::new());

    hand.post("setup/license", LICENSE).await;
    keep(Stage::Licensed, vec![(Role::Installer, hand.cookie())], BTreeMap::new());

    let account = json!({ "name": "First Admin", "email": "admin@example.com", "password": PASSWORD });
    hand.post("setup/admin", &account.to_string()).await;
    keep(Stage::Founded, vec![(Role::Founder, hand.cookie())], BTreeMap::new());

    hand.post("setup/organization", r#"{"name":"Acme Corp"}"#).await;
    hand.post("setup/email", r#"{"provider":"later"}"#).await;
    hand.post("setup/complete", "{}").await;
    let mut cookies = vec![(Role::Admin, hand.cookie())];
    let mut words = BTreeMap::new();
    for (role, name, word) in [(Role::Member, "member", "MEMBER"), (Role::OrgAdmin, "org-admin", "ORG_ADMIN")] {
        let invited = json!({ "email": format!("{name}@example.com"), "role": name }).to_string();
        let invited = hand.post("invitations", &invited).await;
        let code = invited["link"].as_str().and_then(|link| link.split_once('#')).expect("a code").1;
        let mut guest = Hand::new(&router);
        let account = json!({ "code": code, "name": "Guest", "password": "five yellow doors in rain" }).to_string();
        let session = guest.post("invitations/accept", &account).await;
        words.insert(word, session["user"]["id"].as_str().expect("an id").to_owned());
        cookies.push((role, guest.cookie()));
    }
    let waiting = hand.post("invitations", r#"{"email":"waiting@example.com","role":"member"}"#).await;
    words.insert("INVITATION", waiting["id"].as_str().expect("an id").to_owned());
    // So many that no further try reaches the hashing of passwords, which takes its time.
    for _ in 0..10 {
        let try_ = r#"{"email":"nobody@example.com","password":"seven silver lamps at sea"}"#.to_owned();
        assert_eq!(Hand::new(&router).send(Method::POST, "auth/sign-in/email", try_).await.status, 401);
    }
    keep(Stage::Running, cookies, words);
    made
}
