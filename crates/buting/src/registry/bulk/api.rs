use super::super::desk::KEEPERS;
use super::super::{EnterpriseQuery, Tag};
use super::{Action, What, desk};
use crate::error::{Error, Result};
use crate::http::bulk::{Pick, Report};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::patch::Patch;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .api_post("/api/v1/enterprises/bulk", Access::only(KEEPERS), StatusCode::OK, bulk)
        .summary("Change one thing of several enterprises; with dry_run: what would become of each");
}

/// One change to several enterprises.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bulk {
    /// What is done.
    action: Action,
    /// For `set_carrier`: the carrier, or null for none.
    #[serde(default)]
    carrier_id: Patch<Uuid>,
    /// For `add_tag` and `remove_tag`: the tag.
    tag: Option<Tag>,
    /// To these, at most 2,000.
    items: Option<Vec<Pick>>,
    /// To everything that these filters find, at most 2,000; instead of `items`.
    filter: Option<EnterpriseQuery>,
    /// `true`: nothing is changed.
    #[serde(default)]
    dry_run: bool,
}

async fn bulk(cx: Cx, body: Bulk) -> Result<Report> {
    let carrier = match body.carrier_id {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(carrier) => Some(Some(carrier)),
    };
    let what = What::of(body.action, carrier, body.tag)?;
    let picks = match (body.items, body.filter) {
        (Some(items), None) => items,
        (None, Some(filter)) => desk::picks(&cx.app, &cx.who, &filter).await?,
        (None, None) => return Err(Error::field("items", "required")),
        (Some(_), Some(_)) => return Err(Error::field("filter", "bulk_either")),
    };
    match body.dry_run {
        true => desk::preview(&cx.app, &cx.who, what, &picks).await,
        false => desk::carry_out(&cx.app, &cx.who, what, &picks).await,
    }
}
