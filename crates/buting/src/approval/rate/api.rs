use super::Rates;
use super::desk::{self, READERS};
use crate::error::Result;
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::time::Day;
use schemars::JsonSchema;
use serde::Deserialize;

pub fn routes(routes: &mut Routes) {
    routes
        .api_get("/api/v1/applications/rate", Access::only(READERS), rates)
        .summary("How many were decided without a meeting, by case and by matter");
}

/// The period.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RateQuery {
    /// The first day; ninety days until the last, when absent.
    from: Option<Day>,
    /// The last day; today when absent.
    to: Option<Day>,
}

async fn rates(cx: Cx, query: RateQuery) -> Result<Rates> {
    desk::rates(&cx.app, &cx.who, query.from, query.to).await
}
