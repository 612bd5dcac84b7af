//! `GET {base}/api/license/authorize?feature=…`: whether the license grants a feature now, for nginx (`auth_request`), Traefik
//! (`ForwardAuth`) and services. No session is needed; license id and tier are told to whoever reaches it, organization and customer to
//! nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use countersign_app::Installed;
use countersign_license::Utc;

use super::{LONGEST, is_name};
use crate::http::gate::{ask, mark};
use crate::http::{App, Problem};

/// The most features of one question.
const MOST: usize = 16;

pub(super) async fn authorize(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let features = match features(&uri) {
        Ok(features) => features,
        Err(problem) => return problem.into_response(),
    };
    match ask(&app, &features, app.clock.now()).await {
        Ok(Ok(installed)) => granted(installed.as_ref(), &features),
        Ok(Err(refusal)) => refusal.problem(&app, false),
        Err(unavailable) => Problem::from(unavailable).into_response(),
    }
}

/// The features that are asked for: all of them are needed.
fn features(uri: &Uri) -> Result<Vec<String>, Problem> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let named: Vec<_> = pairs.filter(|(name, _)| name == "feature").map(|(_, feature)| feature).collect();
    if named.is_empty() {
        return Err(Problem::field("feature", "missing", "Say which feature is needed, such as ?feature=analytics."));
    }
    if named.len() > MOST || !named.iter().all(|feature| is_name(feature)) {
        let detail = format!(
            "Name at most {MOST} features, each with up to {LONGEST} letters, digits, dots, colons, underscores and hyphens."
        );
        return Err(Problem::field("feature", "feature-invalid", detail));
    }
    let mut seen = BTreeSet::new();
    let mut features: Vec<String> = named.into_iter().map(std::borrow::Cow::into_owned).collect();
    features.retain(|feature| seen.insert(feature.clone()));
    Ok(features)
}

fn granted(installed: Option<&Installed>, features: &[String]) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    mark(headers, "x-license-feature", &features.join(","));
    if let Some(installed) = installed {
        mark(headers, "x-license-state", installed.standing.state.name());
        mark(headers, "x-license-revision", &installed.revision.to_string());
        if let Some(license) = &installed.inspection.license {
            let claims = license.claims();
            mark(headers, "x-license-tier", claims.tier.name());
            mark(headers, "x-license-expires", &Utc(claims.expires_at.seconds()).rfc3339());
            mark(headers, "x-license-id", &claims.license_id);
        }
    }
    response
}
