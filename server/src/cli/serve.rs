//! `countersign serve`: the server.

use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::settings::Settings;
use super::{Failure, print};
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::http::listen::{Limits, bind, listen};
use crate::http::metrics::alone;
use crate::http::{App, router};
use crate::jobs;
use crate::site::Site;
use crate::verify;

/// Run the server until it gets SIGTERM or SIGINT
#[derive(Args, Debug)]
#[command(
    after_help = "`countersign config` shows every setting. RUST_LOG sets what is logged to standard error, such as\n\
    `warn` or `countersign=debug`: as text on a terminal, else as JSON."
)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        let config = Config::load(&self.settings.flags(), environment)?;
        log(environment, "info")?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        verify::install();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure(format!("the server cannot start: {error}")))?;
        runtime.block_on(serve(config))?;
        // What still runs by now has had its time.
        runtime.shutdown_timeout(Duration::from_millis(500));
        Ok(ExitCode::SUCCESS)
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let stop = stopped()?;
    let listener = bind(config.listen_addr)
        .map_err(|error| Failure(format!("cannot listen on {} (LISTEN_ADDR): {error}", config.listen_addr)))?;
    // The port may have been left to the system.
    let address = listener.local_addr().unwrap_or(config.listen_addr);
    let metrics = match config.metrics_listen_addr {
        None => None,
        Some(at) => {
            Some(bind(at).map_err(|error| Failure(format!("cannot listen on {at} (METRICS_LISTEN_ADDR): {error}")))?)
        }
    };
    let app = App::open(&config, Site::EMBEDDED, Clock::System).await.map_err(|error| Failure(error.to_string()))?;
    let app = Arc::new(app);
    let token = app.setup_token().await.map_err(|error| Failure(error.to_string()))?;
    let network = app.network().await.map_err(|_| Failure("the database does not answer".to_owned()))?;
    // One line that says all of it, for whoever writes the rules of a firewall.
    let called: Vec<_> = network.destinations.iter().map(ToString::to_string).collect();
    let called = if called.is_empty() { "nobody".to_owned() } else { called.join(", ") };
    tracing::info!(mode = network.mode.name(), called, proxy = network.proxy, "who may be called");
    let router = router(app.clone());
    if let Some(token) = token {
        // Once, to whoever starts the server: it is stored as a hash alone, and no log has it.
        print(&format!("Set-up token, to be typed at {}: {token}\n", app.paths.setup()))?;
    }
    if let Some(address) = metrics.as_ref().and_then(|listener| listener.local_addr().ok()) {
        print(&format!("Metrics are at http://{address}/metrics\n"))?;
    }
    print(&format!("Countersign listens on http://{address}{}\n", app.paths.home()))?;
    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let mut told = stopped.clone();
    let metrics = metrics.map(|listener| {
        tokio::spawn(listen(listener, alone(app.clone()), Limits::METRICS, async move {
            let _ = told.changed().await;
        }))
    });
    let jobs = tokio::spawn(jobs::run(app.clone(), async move {
        // An error is the end of the sender: stopped as well.
        let _ = stopped.changed().await;
    }));
    listen(listener, router, Limits::DEFAULT.within_open_files(), async {
        stop.await;
        tracing::info!("stopping");
        let going_on = app.readiness.end();
        drop(stopping);
        tokio::time::sleep(going_on).await;
    })
    .await;
    let _ = jobs.await;
    if let Some(metrics) = metrics {
        let _ = metrics.await;
    }
    app.store.close().await;
    Ok(())
}

/// Ends at the first SIGTERM or SIGINT.
pub(super) fn stopped() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure(format!("the server cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Log to standard error, an event a line. `RUST_LOG` says what; else `usual`.
pub(super) fn log(environment: &Environment, usual: &str) -> Result<(), Failure> {
    let wanted = environment.get("RUST_LOG").unwrap_or(usual);
    let targets: Targets = wanted
        .parse()
        .map_err(|_| Failure("RUST_LOG cannot be read: write `info`, or `countersign=debug`".to_owned()))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let registry = tracing_subscriber::registry().with(targets);
    let installed = if io::stderr().is_terminal() {
        registry.with(lines).try_init()
    } else {
        registry.with(lines.json().flatten_event(true)).try_init()
    };
    installed.map_err(|error| Failure(format!("the log cannot start: {error}")))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or_default().escape_debug().to_string();
        tracing::error!(place, message, "panic");
    }));
    Ok(())
}
