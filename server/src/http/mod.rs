//! The web server. One file per endpoint; [`router`] is the whole of it.

mod fallback;
mod guard;
mod headers;
mod health;
mod home;
mod license_checker;
pub mod listen;
mod pkg;
mod problem;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use countersign_app::Paths;

pub use problem::Problem;

use crate::config::Config;
use crate::site::Site;

/// What the endpoints share.
#[derive(Debug)]
pub struct App {
    /// Every path, under the base path.
    pub paths: Paths,
    /// Script, style and icons.
    pub site: Site,
    /// Whether people reach the platform by https.
    pub https: bool,
    /// Whether the process was told to stop.
    pub stopping: AtomicBool,
}

impl App {
    /// What the endpoints share under this configuration.
    pub fn new(config: &Config, site: Site) -> Self {
        Self {
            paths: Paths::new(&config.base_path),
            site,
            https: config.public_url.as_ref().is_some_and(|url| url.starts_with("https:")),
            stopping: AtomicBool::new(false),
        }
    }
}

/// All routes, within the layer that every request goes through.
pub fn router(app: Arc<App>) -> Router {
    let paths = &app.paths;
    let mut routes = Router::new()
        .route(&paths.home(), get(home::home))
        .route(&paths.checker(), get(license_checker::license_checker))
        .route(&paths.health(), get(health::live))
        .route(&paths.ready(), get(health::ready))
        .route(&paths.pkg("{*file}"), get(pkg::pkg))
        .route(&format!("{}favicon.ico", paths.home()), get(pkg::favicon))
        .route(&format!("{}robots.txt", paths.home()), get(pkg::robots));
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
