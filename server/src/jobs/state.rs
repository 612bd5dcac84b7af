//! A row in the audit log for each change of what the installed license is worth.

use countersign_license::Standing;

use crate::http::App;
use crate::licensing;
use crate::store::{Entry, Unavailable};

/// Tells the audit log, if the state is another one than it knows.
pub(super) async fn pass(app: &App) -> Result<(), Unavailable> {
    let now = app.clock.now();
    let installed = licensing::installed(&app.store, &app.terms, now).await?;
    let state = installed.map_or(Standing::UNLICENSED, |installed| installed.standing).state.name();
    let entry = |before: &str| Entry {
        at: now,
        actor: String::new(),
        action: "license.state",
        detail: format!("The license was {before} and is {state}."),
        address: String::new(),
    };
    app.store.note_state(state, entry, now).await
}
