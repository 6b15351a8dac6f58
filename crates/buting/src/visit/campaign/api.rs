use super::desk::{self, MAKERS};
use super::{Campaign, NewCampaign, Reached, Target};
use crate::actor::OFFICE;
use crate::error::Result;
use crate::http::api::{Page, WordsQuery, id_of, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (office, makers) = (Access::only(OFFICE), Access::only(MAKERS));
    routes
        .api_get("/api/v1/visits/campaigns", office, list)
        .summary("Campaigns of visits, the latest first, with how many enterprises are how far");
    routes
        .api_create("/api/v1/visits/campaigns", makers, start, show)
        .summary("Start a campaign: its enterprises are those that the filter finds now");
    routes.api_read("/api/v1/visits/campaigns/{id}", office, show).summary("A campaign of visits");
    routes
        .api_under("/api/v1/visits/campaigns/{id}/targets", office, targets)
        .summary("The enterprises of a campaign, those that nobody was at first");
    routes
        .api_act("/api/v1/visits/campaigns/{id}/add", makers, add, show)
        .summary("Add an enterprise to a campaign, with the reason");
    routes.api_act("/api/v1/visits/campaigns/{id}/end", makers, end, show).summary("End a campaign");
}

async fn list(cx: Cx, query: WordsQuery) -> Result<Page<Campaign>> {
    desk::campaigns(&cx.app, &cx.who, query.q.as_deref(), query.cursor.as_deref(), limit(query.limit)?).await
}

async fn start(cx: Cx, new: NewCampaign) -> Result<Uuid> {
    desk::start(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Campaign> {
    desk::campaign(&cx.app, &cx.who, id).await
}

/// What the list of enterprises is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TargetQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// Only those that are so far.
    reached: Option<Reached>,
}

async fn targets(cx: Cx, path: HashMap<String, String>, query: TargetQuery) -> Result<Page<Target>> {
    let cursor = query.cursor.as_deref();
    desk::targets(&cx.app, &cx.who, id_of(&path)?, query.reached, cursor, limit(query.limit)?).await
}

/// An enterprise that is added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Added {
    /// The enterprise.
    enterprise_id: Uuid,
    /// Why it comes in after the start.
    reason: String,
}

async fn add(cx: Cx, id: Uuid, added: Added) -> Result<Uuid> {
    desk::add(&cx.app, &cx.who, id, added.enterprise_id, &added.reason).await
}

/// The end of a campaign.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ended {
    /// What is to be said of it.
    note: Option<String>,
}

async fn end(cx: Cx, id: Uuid, ended: Ended) -> Result<Uuid> {
    desk::end(&cx.app, &cx.who, id, ended.note.as_deref()).await
}
