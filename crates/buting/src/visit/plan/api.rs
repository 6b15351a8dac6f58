use super::desk::{self, PlanFilter};
use super::{Near, NewPlan, NewTime, Plan, PlanAnswer, PlanRecord};
use crate::actor::{OFFICE, OUTSIDE};
use crate::error::Result;
use crate::http::api::{Nothing, Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::time::Time;
use crate::visit::desk::{READERS, RECORDERS};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let recorders = Access::only(RECORDERS);
    let both = Access::only(RECORDERS.and(OUTSIDE));
    routes
        .api_get("/api/v1/visits/near", Access::only(OFFICE), near)
        .summary("Visits and plans of anybody within seven days of a time");
    routes
        .api_get("/api/v1/visits/plans", readers, plans)
        .summary("Planned visits, the earliest first; those that are still open, unless a span is asked for")
        .owner_scoped();
    routes.api_create("/api/v1/visits/plans", recorders, plan, show).summary("Propose a visit").owner_scoped();
    routes.api_read("/api/v1/visits/plans/{id}", readers, show).summary("A planned visit").owner_scoped();
    routes
        .api_act("/api/v1/visits/plans/{id}/answer", both, answer, show)
        .summary("Agree to a planned visit, name another day, decline it, or cancel it")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/plans/{id}/move", recorders, move_to, show)
        .summary("Give a planned visit another time")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/plans/{id}/join", recorders, join, show)
        .summary("Go along with a planned visit instead of coming on another day");
    routes
        .api_act("/api/v1/visits/plans/{id}/leave", recorders, leave, show)
        .summary("No longer go along with a planned visit")
        .owner_scoped();
    routes
        .api_act("/api/v1/visits/plans/{id}/link", recorders, withdraw_link, show)
        .summary("Withdraw the link of a planned visit: the next one is another")
        .owner_scoped();
    routes
        .api_post("/api/v1/visits/calendar-feed", readers, StatusCode::OK, feed)
        .summary("Open a secret calendar link for oneself (RFC 5545), or revoke it");
}

/// What the list of plans is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlanQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// To this enterprise.
    enterprise_id: Option<Uuid>,
    /// To this project.
    project_id: Option<Uuid>,
    /// Of this department, its own or joined.
    department_id: Option<Uuid>,
    /// With this person.
    person_id: Option<Uuid>,
    /// From this time on, whatever became of them.
    from: Option<Time>,
    /// Before this time.
    to: Option<Time>,
    /// Only those that the enterprise has not answered within the days of the zone's rules.
    #[serde(default)]
    unanswered: bool,
    /// Only those that are oftener than the zone has settled.
    #[serde(default)]
    over_cap: bool,
}

async fn plans(cx: Cx, query: PlanQuery) -> Result<Page<Plan>> {
    let asked = if query.unanswered { desk::unanswered(&cx.app, &cx.who).await? } else { PlanFilter::default() };
    let filter = PlanFilter {
        open: query.from.is_none() && query.to.is_none() && !query.over_cap,
        over_cap: query.over_cap,
        from: query.from,
        to: query.to,
        subject_id: query.enterprise_id.or(query.project_id),
        department_id: query.department_id,
        person_id: query.person_id,
        ..asked
    };
    desk::plans(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

/// About whom and when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NearQuery {
    /// The enterprise.
    enterprise_id: Option<Uuid>,
    /// The project.
    project_id: Option<Uuid>,
    /// The planned time.
    at: Time,
}

async fn near(cx: Cx, query: NearQuery) -> Result<Vec<Near>> {
    let (_, subject) = crate::continuity::desk::subject_of(query.enterprise_id, query.project_id)?;
    desk::near(&cx.app, &cx.who, subject, query.at).await
}

async fn plan(cx: Cx, new: NewPlan) -> Result<Uuid> {
    desk::plan(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<PlanRecord> {
    desk::record(&mut cx.read().await?, &cx.who, id).await
}

async fn answer(cx: Cx, id: Uuid, said: PlanAnswer) -> Result<Uuid> {
    desk::answer(&cx.app, &cx.who, id, said).await
}

async fn move_to(cx: Cx, id: Uuid, new: NewTime) -> Result<Uuid> {
    desk::move_to(&cx.app, &cx.who, id, new).await
}

async fn join(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::join(&cx.app, &cx.who, id).await
}

async fn leave(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::leave(&cx.app, &cx.who, id).await
}

async fn withdraw_link(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::withdraw_link(&cx.app, &cx.who, id).await
}

/// Whether the link is to be open.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OpenFeed {
    /// True makes a new link, and the old one worthless; false revokes it.
    open: bool,
}

/// The calendar link.
#[derive(Serialize, JsonSchema)]
struct Feed {
    /// Its path on this site; null when it is revoked.
    href: Option<String>,
}

async fn feed(cx: Cx, asked: OpenFeed) -> Result<Feed> {
    desk::set_feed(&cx.app, &cx.who, asked.open).await?;
    Ok(Feed { href: desk::feed_of(&cx.app, &cx.who).await?.map(|token| super::pages::feed_href(&token)) })
}
