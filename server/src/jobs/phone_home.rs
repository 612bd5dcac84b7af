//! Asks the license server when it is time to, and watches the clock meanwhile.

use countersign_license::{Mode, Status};

use crate::http::App;
use crate::licensing;
use crate::phone_home::{contact, random, schedule};
use crate::store::Unavailable;

/// Asks, if it is this replica's turn. Only about a license that is in force by itself: for others it makes no difference.
pub(super) async fn pass(app: &App) -> Result<(), Unavailable> {
    if app.terms.mode == Mode::Offline {
        return Ok(());
    }
    let now = app.clock.now();
    let Some(installed) = licensing::installed(&app.store, &app.terms, now).await? else { return Ok(()) };
    let Some(license) = installed.inspection.license.as_ref().filter(|license| license.status(now) == Status::Valid)
    else {
        return Ok(());
    };
    let subject = licensing::subject(&installed.inspection);
    let Some(row) = app.store.contact(&subject).await? else {
        return app.store.begin_contact(&subject, now.saturating_add(schedule::first(random())), now).await;
    };

    let since = row.known.first_failure_at;
    let looked = app.watch.look(&subject, since, row.known.seen_at, now, app.clock.uptime());
    if looked.went_back {
        tracing::warn!("the clock went back by more than an hour; the time of grace goes on all the same");
    }
    if since.is_some() && looked.seen_at > row.known.seen_at {
        app.store.note_seen(&subject, looked.seen_at).await?;
    }

    // Noted while the clock was ahead, a due time would not come for long. Or it is this clock that is behind, and all others are
    // right.
    let is_wrong = looked.is_back && row.next_at > now.saturating_add(schedule::LONGEST);
    let is_due = row.next_at <= now || (is_wrong && app.watch.may_overrule(app.clock.uptime()));
    if !is_due {
        return Ok(());
    }
    if let Some(turn) = app.store.take_turn(&subject, row.turn, now.saturating_add(schedule::TURN)).await? {
        // What came of it is in the database and in the audit log; whoever only waits for the next turn needs no more.
        let _ = contact(app, &subject, turn, license).await?;
    }
    Ok(())
}
