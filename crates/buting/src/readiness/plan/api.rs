use super::desk::{self, Asked, StandingAsked};
use super::template::Asks;
use super::{
    CHECKERS, NewReadyPlan, READERS, ReadyAct, ReadyKind, ReadyPlan, ReadyRecord, ReadyShow, ReadyStanding, ReadyState,
};
use crate::actor::{OFFICE, OUTSIDE};
use crate::error::Result;
use crate::http::api::{NoQuery, Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::settings::desk::KEEPERS;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let writers = Access::only(OUTSIDE.and(CHECKERS));
    routes
        .api_get("/api/v1/plans", readers, plans)
        .summary("Control plans and emergency plans within reach, what changed last first")
        .owner_scoped();
    routes
        .api_create("/api/v1/plans", writers, begin, show)
        .summary("Begin a plan from the template in force; a subject has one of each kind")
        .owner_scoped();
    routes
        .api_get("/api/v1/plans/standing", readers, standing)
        .summary("How enterprises and projects stand with both plans, those without any too")
        .owner_scoped();
    routes
        .api_get("/api/v1/plans/templates", Access::only(OFFICE.and(KEEPERS)), templates)
        .summary("The templates of both plans as they hold now");
    routes
        .api_post("/api/v1/plans/templates", Access::only(KEEPERS), StatusCode::OK, set_template)
        .summary("Set a template from now on; plans that are there keep their items");
    routes
        .api_read("/api/v1/plans/{id}", readers, show)
        .summary("A plan with its items, what is missing, drills and what they found")
        .owner_scoped();
    routes
        .api_act("/api/v1/plans/{id}/actions", writers, act, show)
        .summary("Write, submit, recall, return, review, approve, file or drill")
        .owner_scoped();
}

/// What the list is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct PlansQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `changed`, or `-changed` (so it runs anyway).
    sort: Option<String>,
    /// `control` or `emergency`.
    kind: Option<ReadyKind>,
    /// In this state.
    state: Option<ReadyState>,
    /// Of this enterprise or project.
    subject_id: Option<Uuid>,
}

async fn plans(cx: Cx, query: PlansQuery) -> Result<Page<ReadyPlan>> {
    let asked = Asked { kind: query.kind, state: query.state, subject_id: query.subject_id };
    let limit = limit(query.limit)?;
    desk::plans(&cx.app, &cx.who, &asked, query.sort.as_deref(), query.cursor.as_deref(), limit).await
}

/// What the list by enterprise is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct StandingQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `name`, `drill`, `control` or `emergency` (by the day); with `-` the last first.
    sort: Option<String>,
    /// With this word in the name.
    q: Option<String>,
    /// Narrowed to these.
    show: Option<ReadyShow>,
    /// Only key enterprises and projects.
    key: bool,
    /// Only what is assigned to me.
    mine: bool,
}

async fn standing(cx: Cx, query: StandingQuery) -> Result<Page<ReadyStanding>> {
    let asked = StandingAsked {
        show: query.show,
        key: query.key,
        mine: query.mine,
        subject_id: None,
        q: query.q,
        sort: query.sort,
        cursor: query.cursor,
    };
    desk::standing(&cx.app, &cx.who, &asked, limit(query.limit)?).await
}

async fn begin(cx: Cx, new: NewReadyPlan) -> Result<Uuid> {
    desk::begin(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<ReadyRecord> {
    desk::record(&cx.app, &cx.who, id, None).await
}

async fn act(cx: Cx, id: Uuid, act: ReadyAct) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}

/// A template as it holds now, or as it is set.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadyTemplate {
    /// Which plan.
    kind: ReadyKind,
    /// What it asks.
    items: Vec<Asks>,
    /// Counts the versions; 0 is the shipped one. Ignored when it is set.
    #[serde(default)]
    version: i64,
}

async fn templates(cx: Cx, _: NoQuery) -> Result<Page<ReadyTemplate>> {
    let mut tx = cx.read().await?;
    let mut all = Vec::new();
    for kind in ReadyKind::ALL {
        let (items, version) = desk::template_of(&mut tx, cx.who.zone_id, *kind).await?;
        all.push(ReadyTemplate { kind: *kind, items, version });
    }
    let total = i64::try_from(all.len()).unwrap_or_default();
    Ok(Page::new(all, None, total))
}

async fn set_template(cx: Cx, new: ReadyTemplate) -> Result<Page<ReadyTemplate>> {
    desk::set_template(&cx.app, &cx.who, new.kind, new.items).await?;
    templates(cx, NoQuery {}).await
}
