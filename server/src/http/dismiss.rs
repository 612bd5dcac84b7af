//! `POST {base}/api/license/dismiss`: puts a banner away, for who asks: that of one notice about the license in use.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{HeaderMap, REFERER};
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::Response;
use countersign_license::Notice;

use super::asker::Asker;
use super::body::Body;
use super::reply::{Done, Form, reply};
use super::{App, Problem, origin};
use crate::licensing;

pub(super) async fn dismiss(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, body: Body) -> Response {
    let page = came_from(&app, &headers);
    let result = put_away(&app, &asker, &body).await.map(|()| Done::to(page.clone()));
    reply(&app, &asker, &body, Form { page, keep: &[] }, result).await
}

async fn put_away(app: &App, asker: &Asker, body: &Body) -> Result<(), Problem> {
    let viewer = asker.signed_in()?;
    body.check(&["notice"])?;
    let Some(notice) = Notice::parse(body.text("notice")).filter(|notice| notice.is_dismissible()) else {
        let detail = "There is no such notice, or it stays until the license is in order.";
        return Err(Problem::field("notice", "notice", detail));
    };
    let installed = licensing::installed(&app.store, &app.terms, asker.now).await?;
    let Some(installed) = installed else { return Ok(()) };
    // Whoever looks at an old page has not seen what there is to be told about a license that came since.
    if Notice::of(&installed.standing, asker.now).contains(&notice) {
        let subject = licensing::subject(&installed.inspection);
        app.store.dismiss(&viewer.id, &subject, notice.name(), asker.now).await?;
    }
    Ok(())
}

/// The page that the form stood on, if it is one of ours.
fn came_from(app: &App, headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(uri) = referer.parse::<Uri>() else { return app.paths.home() };
    let origin = uri.scheme_str().zip(uri.authority()).map(|(scheme, host)| format!("{scheme}://{host}"));
    let is_ours = origin.is_some_and(|origin| origin::is_ours(app, headers, &origin));
    // A page that answered a form in place stands at an address that only forms can ask for.
    let below = uri.path().strip_prefix(&app.paths.home()).unwrap_or_default();
    if !is_ours || below.starts_with("api/") {
        return app.paths.home();
    }
    app.inside(uri.path_and_query().map_or("", PathAndQuery::as_str))
}
