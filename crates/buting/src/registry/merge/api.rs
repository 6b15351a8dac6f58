use super::desk;
use super::{Candidate, Merge, NewMerge};
use crate::error::Result;
use crate::http::api::{NoQuery, Nothing, Page, Versioned, id_of};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::registry::desk::KEEPERS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let keepers = Access::only(KEEPERS);
    routes
        .api_get("/api/v1/enterprises/duplicates", keepers, duplicates)
        .summary("Pairs of records that may be one enterprise, the likeliest first");
    routes
        .api_post("/api/v1/enterprises/duplicates/distinct", keepers, axum::http::StatusCode::OK, distinct)
        .summary("Two records are two enterprises");
    routes
        .api_under("/api/v1/enterprises/{id}/merges", keepers, merges)
        .summary("What was merged into an enterprise")
        .owner_scoped();
    routes
        .api_act("/api/v1/enterprises/{id}/merges", keepers, merge, show)
        .summary("Merge another record into this one")
        .owner_scoped();
    routes.api_read("/api/v1/merges/{id}", keepers, show).summary("A merge").owner_scoped();
    routes
        .api_act("/api/v1/merges/{id}/undo", keepers, undo, show)
        .summary("Undo a merge within thirty days")
        .owner_scoped();
}

/// What the list of duplicates is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn duplicates(cx: Cx, query: Asked) -> Result<Page<Candidate>> {
    desk::candidates(&cx.app, &cx.who, query.cursor.as_deref(), query.limit).await
}

/// Two records.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Two {
    /// One.
    a_id: Uuid,
    /// The other.
    b_id: Uuid,
    /// How one knows.
    note: Option<String>,
}

/// What was decided.
#[derive(Serialize, JsonSchema)]
struct Decided {
    /// `distinct`.
    verdict: &'static str,
}

async fn distinct(cx: Cx, two: Two) -> Result<Decided> {
    desk::distinct(&cx.app, &cx.who, two.a_id, two.b_id, two.note.as_deref()).await?;
    Ok(Decided { verdict: "distinct" })
}

async fn merges(cx: Cx, path: HashMap<String, String>, _: NoQuery) -> Result<Page<Merge>> {
    let id = id_of(&path)?;
    crate::registry::desk::enterprise(&cx.app, &cx.who, id).await?;
    let all = desk::into(&mut cx.read().await?, cx.who.zone_id, id).await?;
    let n = all.len() as i64;
    Ok(Page::new(all, None, n))
}

async fn merge(cx: Cx, into: Uuid, new: NewMerge) -> Result<Uuid> {
    desk::merge(&cx.app, &cx.who, into, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Merge> {
    desk::one(&cx.app, &cx.who, id).await
}

async fn undo(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::undo(&cx.app, &cx.who, id).await
}

impl Versioned for Merge {
    fn version(&self) -> i64 {
        self.version
    }
}
