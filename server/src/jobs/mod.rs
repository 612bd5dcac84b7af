//! What the server does without being asked: one pass each minute, and at once where something changed.
//!
//! Many replicas may run on one database. Each of them makes its passes; who does a piece of work is decided in the database, by
//! whoever moves its due time on, so that it is done once, and by another replica when this one dies.

mod notices;
mod phone_home;
mod state;
mod usage;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::http::App;
use crate::store::Unavailable;

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
    attempt("phone-home", phone_home::pass(app)).await;
    attempt("state", state::pass(app)).await;
    attempt("notices", notices::pass(app)).await;
    attempt("usage", usage::pass(app)).await;
}

/// Does a job. Whatever becomes of it, a panic included, the next jobs and passes go on.
async fn attempt(what: &'static str, job: impl Future<Output = Result<(), Unavailable>>) {
    match AssertUnwindSafe(job).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::warn!(what, "this job could not be done; it is tried again"),
        // The log has the panic itself, from its hook.
        Err(_) => tracing::error!(what, "this job ended in a panic; it is tried again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_does_not_take_the_next_ones_with_it() {
        for _ in 0..3 {
            attempt("one", async { panic!("a bug in a library") }).await;
            attempt("two", async { Err(Unavailable::Away) }).await;
        }
        let mut is_done = false;
        attempt("three", async {
            tokio::task::yield_now().await;
            is_done = true;
            Ok(())
        })
        .await;
        assert!(is_done);
    }
}
