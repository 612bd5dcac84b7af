//! What the server does without being asked: one pass each minute, and at once where something changed.
//!
//! Many replicas may run on one database. Each of them makes its passes; who does a piece of work is decided in the database, by
//! whoever moves its due time on, so that it is done once, and by another replica when this one dies.

mod notices;
mod phone_home;
mod state;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::http::App;

/// How long a pass waits for the next one. Another replica takes over within this time.
const PAUSE: Duration = Duration::from_secs(30);

/// Makes passes until `stop` ends.
pub async fn run(app: Arc<App>, stop: impl Future<Output = ()>) {
    let passes = async {
        loop {
            pass(&app).await;
            // Woken earlier where something changed.
            let _ = timeout(PAUSE, app.changed.notified()).await;
        }
    };
    tokio::select! {
        () = passes => {}
        () = stop => {}
    }
}

/// One pass: whatever is due now. What fails is logged, and due again.
pub async fn pass(app: &App) {
    let done = [
        ("phone-home", phone_home::pass(app).await),
        ("state", state::pass(app).await),
        ("notices", notices::pass(app).await),
        ("usage", usage::pass(app).await),
    ];
    for (what, result) in done {
        if result.is_err() {
            tracing::warn!(what, "this job could not be done; it is tried again");
        }
    }
}
