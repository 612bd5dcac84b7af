//! Asks a router.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use countersign::clock::Clock;
use countersign::config::{Config, Environment, Flags, Key};
use countersign::http::{App, router};
use countersign::site::{File, Site};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub use crate::answer::Answer;
use crate::database;

/// The mounts that everything is tested at.
pub const BASES: [&str; 2] = ["/", "/platform"];

/// A site that does not depend on what was built.
pub const SITE: Site = Site(&[
    File { name: "icon.svg", etag: "icon", plain: b"<svg/>", brotli: None, gzip: None },
    File { name: "islands.js", etag: "script", plain: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") },
    File { name: "main.css", etag: "style", plain: b"plain", brotli: None, gzip: Some(b"gzip") },
]);

/// The instant that the clock of a test's server stands at: the one at which the bundles of `tests/vectors` are judged.
pub const NOW: i64 = 1_790_000_000;

/// A server with a database of its own in a folder that goes with it, and a clock that stands still.
pub struct Server {
    pub app: Arc<App>,
    pub router: Router,
    pub clock: Arc<AtomicI64>,
    pub base: String,
    pub folder: Arc<TempDir>,
}

impl Server {
    pub async fn start(base: &str) -> Self {
        Self::with(base, &[]).await
    }

    pub async fn with(base: &str, more: &[(Key, &str)]) -> Self {
        Self::again(base, more, Arc::new(TempDir::new().expect("a folder"))).await
    }

    /// A server on the database of a folder, such as one that was there before.
    pub async fn again(base: &str, more: &[(Key, &str)], folder: Arc<TempDir>) -> Self {
        Self::made(base, more, folder, |_| ()).await
    }

    /// The same, with something about it changed.
    pub async fn made(base: &str, more: &[(Key, &str)], folder: Arc<TempDir>, change: impl FnOnce(&mut App)) -> Self {
        let database = database::of(&folder).await;
        // Beside a file the server keeps a key of its own.
        let key = if database::is_a_file() { "" } else { "for tests alone, and for nobody else" };
        let mut settings = vec![(Key::BasePath, base), (Key::DatabaseUrl, &database)];
        settings.extend((!key.is_empty()).then_some((Key::SecretKey, key)));
        settings.extend(more);
        let settings = settings.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
        let Ok(config) = Config::load(&Flags { file: None, settings }, &Environment::default()) else {
            panic!("the configuration is good");
        };
        let clock = Arc::new(AtomicI64::new(NOW));
        let mut app = App::open(&config, SITE, Clock::Fixed(clock.clone())).await.expect("the server starts");
        change(&mut app);
        let app = Arc::new(app);
        Self { router: router(app.clone()), app, clock, base: base.to_owned(), folder }
    }

    /// Moves the clock.
    pub fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Somebody with a browser: keeps cookies and says where requests come from.
    pub fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            base: self.base.clone(),
            jar: BTreeMap::new(),
            host: "localhost".to_owned(),
            headers: Vec::new(),
        }
    }
}

/// Somebody with a browser, or a program that keeps cookies.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    base: String,
    pub jar: BTreeMap<String, String>,
    /// The host that it asks for.
    pub host: String,
    /// Headers that go with each request.
    pub headers: Vec<(String, String)>,
}

impl Browser {
    /// The same, from this address: that of the connection.
    pub fn from(mut self, address: &str) -> Self {
        let peer = std::net::SocketAddr::new(address.parse().expect("an address"), 50_000);
        self.router = self.router.layer(axum::Extension(axum::extract::ConnectInfo(peer)));
        self
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// What a program sends.
    pub async fn json(&mut self, path: &str, body: &serde_json::Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// The same, with further headers.
    pub async fn json_with(&mut self, path: &str, headers: &[(&str, &str)], body: &serde_json::Value) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send(Method::POST, path, &headers, body.to_string()).await
    }

    /// What a page's form sends. The answer is the redirect.
    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "http://localhost"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Goes where a redirect leads.
    pub async fn follow(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 303, "{}", answer.body);
        let path = answer.header("location").to_owned();
        let below = path.strip_prefix(self.base.trim_end_matches('/')).expect("a path of ours").to_owned();
        self.get(&below).await
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(at(&self.base, path)).header("host", &self.host);
        for (name, value) in headers.iter().copied().chain(self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()))) {
            request = request.header(name, value);
        }
        if !self.jar.is_empty() {
            let pairs: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        let request = request.body(Body::from(body.as_ref().to_vec())).expect("a request");
        let answer = ask(&self.router, request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

pub async fn app(base: &str) -> Arc<App> {
    app_with(base, &[]).await
}

/// An app whose folder stays until the process ends.
pub async fn app_with(base: &str, more: &[(Key, &str)]) -> Arc<App> {
    let server = Server::with(base, more).await;
    std::mem::forget(server.folder.clone());
    server.app.clone()
}

/// A path under a base path.
pub fn at(base: &str, path: &str) -> String {
    format!("{}{path}", base.trim_end_matches('/'))
}

pub async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("a router never fails");
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).expect("UTF-8") }
}

pub async fn send(base: &str, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let server = Server::start(base).await;
    ask(&server.router, request.body(Body::empty()).expect("a request")).await
}

pub async fn get(base: &str, path: &str) -> Answer {
    send(base, Method::GET, &at(base, path), &[]).await
}
