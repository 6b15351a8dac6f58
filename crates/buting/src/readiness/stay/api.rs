use super::desk::{self, Asked};
use super::{ClosedLoop, LoopAct, LoopState, NewLoop, READERS, Roster, WRITERS};
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let (readers, writers) = (Access::only(READERS), Access::only(WRITERS));
    routes
        .api_get("/api/v1/rosters", readers, list)
        .summary("Closed loops within reach with how many are inside, the last first")
        .owner_scoped();
    routes.api_create("/api/v1/rosters", writers, begin, show).summary("Begin to prepare a closed loop").owner_scoped();
    routes
        .api_read("/api/v1/rosters/{id}", readers, show)
        .summary("A closed loop with its roster, register, shifts; names for the enterprise and its officer alone")
        .owner_scoped();
    routes
        .api_act("/api/v1/rosters/{id}/actions", writers, act, show)
        .summary("Change, close, end; enlist, strike, enter, leave, correct; shift, unshift")
        .owner_scoped();
}

/// What the list is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RostersQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `began` or `name`; `-began` (the last first) when absent.
    sort: Option<String>,
    /// With this word in the name or the reason.
    q: Option<String>,
    /// In this state.
    state: Option<LoopState>,
    /// `true`: not ended; `false`: ended.
    open: Option<bool>,
    /// Of this enterprise or project.
    subject_id: Option<Uuid>,
    /// Under this disruption.
    disruption_id: Option<Uuid>,
}

async fn list(cx: Cx, query: RostersQuery) -> Result<Page<ClosedLoop>> {
    let asked = Asked {
        state: query.state,
        open: query.open,
        mine: false,
        subject_id: query.subject_id,
        disruption_id: query.disruption_id,
        q: query.q,
        sort: query.sort,
        cursor: query.cursor,
    };
    desk::list(&cx.app, &cx.who, &asked, limit(query.limit)?).await
}

async fn begin(cx: Cx, new: NewLoop) -> Result<Uuid> {
    desk::begin(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Roster> {
    desk::roster(&cx.app, &cx.who, id, None).await
}

async fn act(cx: Cx, id: Uuid, act: LoopAct) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}
