use super::desk::{self, ACTORS, Filter, KEEPERS, KEYS, READERS};
use super::{Level, Matter, MatterAct, MatterKind, NewMatter};
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Walk;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes.api_get("/api/v1/matters", Access::only(READERS), list).summary("Matters that can be applied for");
    routes.api_create("/api/v1/matters", Access::only(KEEPERS), make, show).summary("Make a matter");
    routes.api_read("/api/v1/matters/{id}", Access::only(READERS), show).summary("A matter: guide, form, limits");
    routes
        .api_act("/api/v1/matters/{id}/actions", Access::only(ACTORS), act, show)
        .summary("A new edition, the specialist is absent, or the matter is closed");
}

/// What the list is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct MattersQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this word in its title or code.
    q: Option<String>,
    /// `code`, `title`, `promised`, or one of them with `-`.
    sort: Option<String>,
    /// Only those of the green channel.
    green: bool,
    /// Only of this kind.
    kind: Option<MatterKind>,
    /// Only those that can be done so far without a meeting.
    level: Option<Level>,
    /// `false`: those that were closed.
    open: Option<bool>,
}

async fn list(cx: Cx, query: MattersQuery) -> Result<Page<Matter>> {
    let filter = Filter {
        open: Some(query.open.unwrap_or(true)),
        green: query.green,
        kind: query.kind,
        level: query.level,
        person: None,
        q: query.q,
    };
    let walk = Walk::read(KEYS, "code", query.sort.as_deref(), query.cursor.as_deref(), limit(query.limit)?)?;
    desk::matters(&cx.app, &cx.who, &filter, &walk).await
}

async fn make(cx: Cx, new: NewMatter) -> Result<Uuid> {
    desk::make(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Matter> {
    desk::matter(&cx.app, &cx.who, id).await
}

async fn act(cx: Cx, id: Uuid, act: MatterAct) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}
