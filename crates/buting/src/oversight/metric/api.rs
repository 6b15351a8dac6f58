use super::desk::{self, Asked};
use super::freeze::{self, Compared, Freeze, NewFreeze};
use super::{By, Key, Metric, Part, READERS, Record};
use crate::error::{Error, Result};
use crate::http::api::{Page, Versioned, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::time::Day;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes
        .api_under("/api/v1/metrics/{key}", readers, figure)
        .summary("A figure with numerator, denominator and the way to its records");
    routes
        .api_under("/api/v1/metrics/{key}/records", readers, records)
        .summary("The records that a figure counts, the latest first");
    routes.api_get("/api/v1/metric-freezes", readers, freezes).summary("Figures as they were told, the newest first");
    routes
        .api_create("/api/v1/metric-freezes", readers, freeze_one, compare)
        .summary("Keep a figure with the records that it counts");
    routes
        .api_read("/api/v1/metric-freezes/{id}", readers, compare)
        .summary("A figure as it was told, beside what it would be today and why");
}

fn key_of(path: &HashMap<String, String>) -> Result<Key> {
    path.get("key").and_then(|key| Key::parse(key)).ok_or(Error::NotFound)
}

/// What a figure is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MetricQuery {
    /// The first day; thirty days before the last when absent.
    from: Option<Day>,
    /// The last day; today when absent.
    to: Option<Day>,
    /// Split by this; refused for a figure whose records do not have it.
    by: Option<By>,
}

async fn figure(cx: Cx, path: HashMap<String, String>, query: MetricQuery) -> Result<Metric> {
    desk::metric(&cx.app, &cx.who, key_of(&path)?, query.from, query.to, query.by).await
}

/// What the records of a figure are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RecordsQuery {
    /// The first day; thirty days before the last when absent.
    from: Option<Day>,
    /// The last day; today when absent.
    to: Option<Day>,
    /// Which of them; all when absent.
    part: Option<Part>,
    /// Of one part of the house: by what …
    by: Option<By>,
    /// … and which: an id, the word of a category, or `none`.
    group: Option<String>,
    /// `-at` (so it runs anyway), `at`, `name`, `-name`.
    sort: Option<String>,
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn records(cx: Cx, path: HashMap<String, String>, query: RecordsQuery) -> Result<Page<Record>> {
    let days = desk::days(&mut cx.read().await?, cx.who.zone_id, cx.now(), query.from, query.to).await?;
    let asked = Asked {
        key: key_of(&path)?,
        days,
        part: query.part.unwrap_or(Part::Whole),
        group: query.by.zip(query.group),
        sort: query.sort,
        cursor: query.cursor,
        limit: limit(query.limit)?,
    };
    let page = desk::list(&cx.app, &cx.who, &asked).await?;
    let counted = page.total.unwrap_or_default();
    Ok(Page::new(page.items, page.next_cursor, counted))
}

/// What the list of frozen figures is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct FreezesQuery {
    /// Of this figure.
    key: Option<Key>,
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn freezes(cx: Cx, query: FreezesQuery) -> Result<Page<Freeze>> {
    freeze::list(&cx.app, &cx.who, query.key, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn freeze_one(cx: Cx, new: NewFreeze) -> Result<Uuid> {
    freeze::freeze(&cx.app, &cx.who, new).await
}

async fn compare(cx: Cx, id: Uuid) -> Result<Compared> {
    freeze::compare(&cx.app, &cx.who, id).await
}

impl Versioned for Compared {
    /// What was told never changes.
    fn version(&self) -> i64 {
        1
    }
}
