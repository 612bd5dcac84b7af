//! The most that was in use on each day: also of users, and also on days on which no service reports.

use crate::http::App;
use crate::store::Unavailable;

/// Notes what is in use now.
pub(super) async fn pass(app: &App) -> Result<(), Unavailable> {
    app.store.note_usage(app.clock.now()).await
}
