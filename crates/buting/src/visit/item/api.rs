use super::desk::{self, ItemFilter};
use super::{Item, ItemKind, ItemState, Recheck};
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use crate::visit::Visit;
use crate::visit::desk::{READERS, RECORDERS};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let recorders = Access::only(RECORDERS);
    routes
        .api_get("/api/v1/visits/items", Access::only(READERS), items)
        .summary("Requirements and hazards, the earliest due first")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/items/{id}/check", recorders, check, show)
        .summary("Note that a requirement or hazard was looked at again; what does not hold is followed by another; answers the visit")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/items/{id}/withdraw", recorders, withdraw, show)
        .summary("Take a requirement or hazard back, with the reason; answers the visit")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/items/{id}/give", recorders, give, show)
        .summary("Put a requirement or hazard into the hands of a colleague; answers the visit")
        .owner_scoped();
}

/// What the list is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ItemQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// With this word in its text or in the name of whom it is about.
    q: Option<String>,
    /// `due` (so it runs anyway) or `-due`.
    sort: Option<String>,
    /// Of this kind: `requirement` or `hazard`.
    kind: Option<ItemKind>,
    /// In this state.
    state: Option<ItemState>,
    /// Only those that are open and past their day.
    #[serde(default)]
    overdue: bool,
    /// Seen to by this person.
    owner_id: Option<Uuid>,
    /// About this enterprise.
    enterprise_id: Option<Uuid>,
    /// About this project.
    project_id: Option<Uuid>,
}

async fn items(cx: Cx, query: ItemQuery) -> Result<Page<Item>> {
    let filter = ItemFilter {
        kind: query.kind,
        state: query.state,
        overdue_at: query.overdue.then(|| cx.now()),
        owner_id: query.owner_id,
        subject_id: query.enterprise_id.or(query.project_id),
        q: query.q,
        found: None,
        order: Order::read(query.sort.as_deref(), "due")?,
    };
    desk::items(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

/// The visit that an item is of.
async fn show(cx: Cx, id: Uuid) -> Result<Visit> {
    crate::visit::desk::visit(&cx.app, &cx.who, id).await
}

async fn check(cx: Cx, id: Uuid, found: Recheck) -> Result<Uuid> {
    desk::check(&cx.app, &cx.who, id, found).await
}

/// Why something is taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    /// In words that the enterprise reads.
    note: String,
}

async fn withdraw(cx: Cx, id: Uuid, why: Withdrawal) -> Result<Uuid> {
    desk::withdraw(&cx.app, &cx.who, id, &why.note).await
}

/// Who sees to it from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Given {
    /// Somebody of the office.
    owner_id: Uuid,
}

async fn give(cx: Cx, id: Uuid, to: Given) -> Result<Uuid> {
    desk::give(&cx.app, &cx.who, id, to.owner_id).await
}
