use super::desk::{self, Filter};
use super::{Delivery, DeliveryAct, DeliveryState, NewDelivery};
use crate::actor::OFFICE;
use crate::approval::desk::PARTIES;
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use crate::trace;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(PARTIES);
    routes
        .api_get("/api/v1/deliveries", parties, list)
        .summary("Licences on their way, the newest first")
        .owner_scoped();
    routes
        .api_create("/api/v1/deliveries", parties, make, show)
        .summary("Say where the licence of an application goes")
        .owner_scoped();
    routes.api_read("/api/v1/deliveries/{id}", parties, show).summary("One delivery").owner_scoped();
    routes
        .api_act("/api/v1/deliveries/{id}/actions", parties, act, show)
        .summary("Another address, dispatch, arrive; refused, returned, lost")
        .owner_scoped();
}

/// What the list is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct DeliveriesQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this in number, matter, enterprise or parcel number.
    q: Option<String>,
    /// `-made` (so it runs anyway) or `made`.
    sort: Option<String>,
    /// Those that stand so.
    state: Option<DeliveryState>,
    /// Only those of decided cases that wait to be handed over.
    ready: bool,
}

async fn list(cx: Cx, query: DeliveriesQuery) -> Result<Page<Delivery>> {
    let order = Order::read(query.sort.as_deref(), "-made")?;
    let filter = Filter { state: query.state, ready: query.ready, q: query.q, found: None, order };
    let page = desk::deliveries(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await?;
    if cx.who.is(OFFICE) {
        let goes_on = query.cursor.is_some();
        trace::bulk(&cx.app, &cx.who, cx.request.address, "licence_delivery", page.items.len(), goes_on).await?;
    }
    Ok(page)
}

async fn make(cx: Cx, new: NewDelivery) -> Result<Uuid> {
    desk::address(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Delivery> {
    desk::delivery(&cx.app, &cx.who, id).await
}

async fn act(cx: Cx, id: Uuid, act: DeliveryAct) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}
