use super::super::api::AppealQuery;
use super::Dispatch;
use super::desk::{self, DISPATCHERS};
use crate::error::{Error, Result};
use crate::http::bulk::{Pick, Report};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    routes
        .api_post("/api/v1/appeals/bulk", Access::only(DISPATCHERS), StatusCode::OK, bulk)
        .summary("Send several registered appeals to a department; with dry_run: what would become of each");
}

/// What is done to several appeals.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// 交办
    Dispatch,
}

/// One action on several appeals.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bulk {
    /// What is done.
    #[expect(dead_code, reason = "there is one action; the word keeps room for others")]
    action: Action,
    /// Who leads; without it, whom the routing of each category names.
    department_id: Option<Uuid>,
    /// What is asked of it.
    instruction: Option<String>,
    /// These, at most 2,000.
    items: Option<Vec<Pick>>,
    /// Everything that these filters find, at most 2,000; instead of `items`.
    filter: Option<AppealQuery>,
    /// `true`: nothing is sent.
    #[serde(default)]
    dry_run: bool,
}

async fn bulk(cx: Cx, body: Bulk) -> Result<Report> {
    let dispatch = Dispatch { department_id: body.department_id, instruction: body.instruction };
    let picks = match (body.items, body.filter) {
        (Some(items), None) => items,
        (None, Some(filter)) => desk::picks(&cx.app, &cx.who, &filter.filter()?).await?,
        (None, None) => return Err(Error::field("items", "required")),
        (Some(_), Some(_)) => return Err(Error::field("filter", "bulk_either")),
    };
    match body.dry_run {
        true => desk::preview(&cx.app, &cx.who, &dispatch, &picks).await,
        false => desk::carry_out(&cx.app, &cx.who, &dispatch, &picks).await,
    }
}
