//! Asks a router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use countersign::config::{Config, Environment, Flags, Key};
use countersign::http::{App, router};
use countersign::site::{File, Site};
use tower::ServiceExt as _;

/// The mounts that everything is tested at.
pub const BASES: [&str; 2] = ["/", "/platform"];

/// A site that does not depend on what was built.
pub const SITE: Site = Site(&[
    File { name: "icon.svg", etag: "icon", plain: b"<svg/>", brotli: None, gzip: None },
    File { name: "islands.js", etag: "script", plain: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") },
    File { name: "main.css", etag: "style", plain: b"plain", brotli: None, gzip: Some(b"gzip") },
]);

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

pub fn app(base: &str) -> Arc<App> {
    app_with(base, &[])
}

pub fn app_with(base: &str, more: &[(Key, &str)]) -> Arc<App> {
    let settings = [&[(Key::BasePath, base)], more].concat();
    let settings = settings.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
    let Ok(config) = Config::load(&Flags { file: None, settings }, &Environment::default()) else {
        panic!("the configuration is good");
    };
    Arc::new(App::new(&config, SITE))
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
    ask(&router(app(base)), request.body(Body::empty()).expect("a request")).await
}

pub async fn get(base: &str, path: &str) -> Answer {
    send(base, Method::GET, &at(base, path), &[]).await
}
