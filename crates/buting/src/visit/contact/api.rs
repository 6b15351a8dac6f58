use super::desk::{self, Whose};
use super::{Due, Often};
use crate::actor::OFFICE;
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    let office = Access::only(OFFICE);
    routes
        .api_get("/api/v1/visits/due", office, due)
        .summary("Enterprises that somebody should talk to by the rule of their tier, the longest ago first")
        .owner_scoped();
    routes
        .api_get("/api/v1/visits/often", office, often)
        .summary("Enterprises and projects on which too many called within the days of the zone's rules")
        .owner_scoped();
}

/// What the list is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DueQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// Only those that are assigned to the caller himself.
    #[serde(default)]
    own: bool,
}

fn whose(own: bool) -> Whose {
    if own { Whose::Own } else { Whose::Reached }
}

async fn due(cx: Cx, query: DueQuery) -> Result<Page<Due>> {
    desk::due(&cx.app, &cx.who, whose(query.own), query.cursor.as_deref(), limit(query.limit)?).await
}

/// What the list is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OftenQuery {
    limit: Option<i64>,
    /// Only those that are assigned to the caller himself.
    #[serde(default)]
    own: bool,
}

async fn often(cx: Cx, query: OftenQuery) -> Result<Vec<Often>> {
    desk::often(&cx.app, &cx.who, whose(query.own), limit(query.limit)?).await
}
