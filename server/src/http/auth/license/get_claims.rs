//! `POST {base}/api/auth/license/get-claims`: what is licensed right now. Read from the database on each request, so that a
//! rotation counts from its answer on, and checked each time, so that `exp` counts to the second.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_app::Installed;
use countersign_license::{Inspection, KeyFacts, State as LicenseState, Trust, Utc};
use serde::{Serialize, Serializer};

use super::tagged;
use crate::http::asker::AskerAndLicense;
use crate::http::body::Body;
use crate::http::{App, Problem};
use crate::licensing;

pub(super) async fn get_claims(State(app): State<Arc<App>>, asked: AskerAndLicense, _: Body) -> Response {
    tagged(read(&app, asked))
}

/// What is licensed. Claims stand as they are in the token: a number may be larger than any type here.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    claims: Claims,
    trust: Option<&'static str>,
    state: &'static str,
    verdict: Option<&'static str>,
    key: Option<KeyFacts>,
    revision: i64,
    expires_in_seconds: Option<i64>,
    source: Option<String>,
    installed_at: Option<String>,
}

fn read(app: &App, AskerAndLicense { asker, pair }: AskerAndLicense) -> Result<(i64, Told), Problem> {
    asker.signed_in()?;
    let told = told(pair.as_ref().map(|pair| licensing::judged(pair, &app.terms, asker.now)));
    Ok((told.revision, told))
}

fn told(installed: Option<Installed>) -> Told {
    let Some(installed) = installed else {
        return Told { state: LicenseState::Unlicensed.name(), ..Told::default() };
    };
    let inspection = installed.inspection;
    // A good signature alone is no license: claims that break a rule grant nothing.
    let is_genuine = inspection.license.is_some();
    Told {
        trust: inspection.trust.map(Trust::name),
        state: installed.standing.state.name(),
        verdict: Some(inspection.verdict.name()),
        key: inspection.key,
        revision: installed.revision,
        expires_in_seconds: inspection.expires_in_seconds.filter(|_| is_genuine),
        source: Some(installed.source),
        installed_at: Some(Utc(installed.installed_at).rfc3339()),
        claims: Claims(is_genuine.then_some(inspection)),
    }
}

/// The claims alone of what was inspected, without a copy of them.
#[derive(Default)]
struct Claims(Option<Arc<Inspection>>);

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().and_then(|inspection| inspection.claims.as_ref()).serialize(serializer)
    }
}
