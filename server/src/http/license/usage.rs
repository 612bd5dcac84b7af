//! `POST` and `GET {base}/api/license/usage`: what services use, against what the license entitles to. Nothing is refused for
//! using more; it is told.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{HeaderMap, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use countersign_app::{Fill, Measure, Usage, UsageReport};
use countersign_license::{Claims, Utc};
use serde_json::{Value, json};

use super::is_name;
use crate::http::asker::Asker;
use crate::http::body::Body;
use crate::http::reply::{Done, Form, data, reply};
use crate::http::{App, Problem, bearer};
use crate::licensing;
use crate::store::Reported;

/// The most that one service reports of anything.
const MOST: u64 = 1_000_000_000;

const WRONG_TOKEN: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "service-token-wrong",
    "The bearer token is not the one that this server has as SERVICE_TOKEN",
);

const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "too-many-services",
    "A thousand other services have reported within a day; report under one of their names",
);

pub(super) async fn report(State(app): State<Arc<App>>, asker: Asker, headers: HeaderMap, body: Body) -> Response {
    let result = take(&app, &asker, &headers, &body).await;
    let form = Form { page: app.paths.settings_page("license"), keep: &[] };
    let mut response = reply(&app, &asker, &body, form, result).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

async fn take(app: &App, asker: &Asker, headers: &HeaderMap, body: &Body) -> Result<Done, Problem> {
    match bearer::shows(headers, app.service_token.as_deref()) {
        Some(true) => {}
        Some(false) => return Err(WRONG_TOKEN),
        None => drop(asker.admin()?),
    }
    let report = read(body, asker.now)?;
    let Reported::Done(usage) = app.store.report_usage(&report).await? else { return Err(TOO_MANY) };
    let installed = licensing::installed(&app.store, &app.terms, asker.now).await?;
    let claims = installed.as_ref().and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let done = Done::to(app.paths.settings_page("license")).json(told(usage, claims));
    Ok(done.notice("The usage is noted."))
}

fn read(body: &Body, now: i64) -> Result<UsageReport, Problem> {
    body.check(&["service", "cpuCores", "ramGb", "vramGb"])?;
    let service = body.text("service");
    let name = if service.is_empty() {
        Err(Problem::field("service", "missing", "Say which service this is."))
    } else if is_name(service) {
        Ok(service.to_owned())
    } else {
        let detail = "Up to 64 letters, digits, dots, colons, underscores and hyphens name a service.";
        Err(Problem::field("service", "service-invalid", detail))
    };
    let count = |field: &str| match body.text(field) {
        "" => Err(Problem::field(field, "missing", "Say how much is in use.")),
        text => text.parse().ok().filter(|count| *count <= MOST).ok_or_else(|| {
            Problem::field(field, "count", "A whole number from 0 to 1,000,000,000 is needed; round up.")
        }),
    };
    let vram_gb = if body.text("vramGb").is_empty() { Ok(0) } else { count("vramGb") };
    match (name, count("cpuCores"), count("ramGb"), vram_gb) {
        (Ok(service), Ok(cpu_cores), Ok(ram_gb), Ok(vram_gb)) => {
            Ok(UsageReport { service, cpu_cores, ram_gb, vram_gb, reported_at: now })
        }
        (name, cpu, ram, vram) => {
            let wrong = [name.err(), cpu.err(), ram.err(), vram.err()];
            Err(Problem::fields(wrong.into_iter().flatten().flat_map(|problem| problem.errors).collect()))
        }
    }
}

/// What is in use, what is entitled to, and where the one nears or exceeds the other.
fn told(usage: Usage, claims: Option<&Claims>) -> Value {
    let measures = usage.against(claims);
    let names = |fits: fn(Fill) -> bool| -> Vec<&str> {
        measures.iter().filter(|measure| fits(measure.fill())).map(|measure| measure.name).collect()
    };
    let used: serde_json::Map<String, Value> =
        measures.iter().map(|measure| (measure.name.to_owned(), measure.used.into())).collect();
    json!({
        "used": used,
        "entitled": claims.is_some().then(|| entitled(&measures)),
        "near": names(|fill| matches!(fill, Fill::Near | Fill::Full)),
        "exceeded": names(|fill| fill == Fill::Over),
    })
}

/// What a license entitles to, by name; `null` where it sets no limit.
pub(in crate::http) fn entitled(measures: &[Measure]) -> Value {
    measures.iter().map(|measure| (measure.name.to_owned(), json!(measure.entitled))).collect()
}

pub(super) async fn sums(State(app): State<Arc<App>>, asker: Asker) -> Response {
    data(all(&app, &asker).await)
}

async fn all(app: &App, asker: &Asker) -> Result<Value, Problem> {
    asker.admin()?;
    let (usage, reports) = app.store.usage(asker.now).await?;
    let installed = licensing::installed(&app.store, &app.terms, asker.now).await?;
    let claims = installed.as_ref().and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
    let report = |UsageReport { service, cpu_cores, ram_gb, vram_gb, reported_at }: &UsageReport| {
        json!({
            "service": service, "cpuCores": cpu_cores, "ramGb": ram_gb, "vramGb": vram_gb,
            "reportedAt": Utc(*reported_at).rfc3339(),
        })
    };
    let mut json = told(usage, claims);
    if let Value::Object(members) = &mut json {
        members.insert("services".to_owned(), reports.iter().map(report).collect());
    }
    Ok(json)
}
