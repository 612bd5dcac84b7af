//! `{base}/analytics` and `GET {base}/api/analytics/usage`: usage over time, the capability of our own that a license grants.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_app::{Usage, UsageDay, analytics};
use countersign_license::Utc;
use serde_json::{Value, json};

use super::asker::Asker;
use super::gate::{Analytics, Licensed};
use super::license::entitled;
use super::page::Visiting;
use super::reply::data;
use super::{App, Problem};
use crate::store::Unavailable;

/// How many days are shown.
const DAYS: i64 = 90;

/// What only a license lets anybody see: the way to it is the proof.
async fn days(app: &App, asker: &Asker, _: &Licensed<Analytics>) -> Result<Vec<UsageDay>, Unavailable> {
    app.store.usage_days(asker.now, DAYS).await
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    licensed: Licensed<Analytics>,
    asker: Asker,
    headers: HeaderMap,
) -> Response {
    let visiting = Visiting::begin(&app, &asker, &headers).await;
    let days = days(&app, &asker, &licensed).await;
    let html = days.map(|days| analytics(&visiting.visit, licensed.claims(), &days)).map_err(Into::into);
    visiting.answer(html)
}

pub(super) async fn usage(State(app): State<Arc<App>>, licensed: Licensed<Analytics>, asker: Asker) -> Response {
    data(told(&app, &asker, &licensed).await)
}

async fn told(app: &App, asker: &Asker, licensed: &Licensed<Analytics>) -> Result<Value, Problem> {
    let day = |UsageDay { day, most }: &UsageDay| {
        json!({
            "day": Utc(day.saturating_mul(24 * 60 * 60)).rfc3339().split('T').next(),
            "cpuCores": most.cpu_cores, "ramGb": most.ram_gb, "vramGb": most.vram_gb, "users": most.users,
        })
    };
    let days = days(app, asker, licensed).await?;
    Ok(json!({
        "entitled": entitled(&Usage::default().against(licensed.claims())),
        "days": days.iter().map(day).collect::<Vec<_>>(),
    }))
}
