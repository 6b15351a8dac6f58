use super::desk::{self, PromiseFilter, READERS, RECORDERS, VisitFilter};
use super::{Channel, Coverage, NewPromise, NewVisit, Promise, PromiseState, ReviewState, Row, Visit, VisitKind};
use crate::actor::OFFICE;
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use crate::time::Time;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let recorders = Access::only(RECORDERS);
    routes.api_get("/api/v1/visits", readers, list).summary("Visits, newest first").owner_scoped();
    routes
        .api_create("/api/v1/visits", recorders, save, show)
        .summary("Record a visit with its appeals, promises and lights in one save")
        .owner_scoped();
    routes
        .api_get("/api/v1/visits/coverage", Access::only(OFFICE), coverage)
        .summary("Who was never talked to, or not for long")
        .owner_scoped();
    routes.api_read("/api/v1/visits/{id}", readers, show).summary("The record of a visit").owner_scoped();

    routes.api_get("/api/v1/promises", readers, promises).summary("Promises, the earliest due first").owner_scoped();
    routes.api_create("/api/v1/promises", recorders, promise, show_promise).summary("Promise something").owner_scoped();
    routes.api_read("/api/v1/promises/{id}", readers, show_promise).summary("A promise").owner_scoped();
    routes
        .api_act("/api/v1/promises/{id}/close", recorders, end_promise, show_promise)
        .summary("Report a promise as kept, or as broken with the reason")
        .owner_scoped();
}

/// What the list of visits is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VisitQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// With this word in its texts or in the name of whom it is about.
    q: Option<String>,
    /// `-happened` (so it runs anyway) or `happened`.
    sort: Option<String>,
    /// To this enterprise.
    enterprise_id: Option<Uuid>,
    /// To this project.
    project_id: Option<Uuid>,
    /// With this visitor.
    visitor_id: Option<Uuid>,
    /// By this way.
    channel: Option<Channel>,
    /// Of this kind.
    kind: Option<VisitKind>,
    /// Under this disruption.
    disruption_id: Option<Uuid>,
    /// From this time on.
    from: Option<Time>,
    /// Before this time.
    to: Option<Time>,
    /// Only those that the enterprise has not acknowledged.
    #[serde(default)]
    unacknowledged: bool,
    /// In this state of review.
    review: Option<ReviewState>,
}

async fn list(cx: Cx, query: VisitQuery) -> Result<Page<Row>> {
    let filter = VisitFilter {
        q: query.q,
        found: None,
        order: Order::read(query.sort.as_deref(), "-happened")?,
        subject_id: query.enterprise_id.or(query.project_id),
        visitor_id: query.visitor_id,
        channel: query.channel,
        kind: query.kind,
        disruption_id: query.disruption_id,
        from: query.from,
        to: query.to,
        unacknowledged: query.unacknowledged,
        review: query.review,
        ..VisitFilter::default()
    };
    desk::visits(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn save(cx: Cx, new: NewVisit) -> Result<Uuid> {
    desk::save(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Visit> {
    desk::visit(&cx.app, &cx.who, id).await
}

/// How many the list of coverage gives.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CoverageQuery {
    limit: Option<i64>,
}

async fn coverage(cx: Cx, query: CoverageQuery) -> Result<Vec<Coverage>> {
    desk::coverage(&cx.app, &cx.who, limit(query.limit)?).await
}

/// What the list of promises is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PromiseQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// With this word in its texts or in the name of whom it is about.
    q: Option<String>,
    /// `due` (so it runs anyway) or `-due`.
    sort: Option<String>,
    /// To this enterprise.
    enterprise_id: Option<Uuid>,
    /// To this project.
    project_id: Option<Uuid>,
    /// Made in this visit.
    visit_id: Option<Uuid>,
    /// Kept by this person.
    owner_id: Option<Uuid>,
    /// In this state.
    state: Option<PromiseState>,
    /// Only those that are open and past their day.
    #[serde(default)]
    overdue: bool,
}

async fn promises(cx: Cx, query: PromiseQuery) -> Result<Page<Promise>> {
    let filter = PromiseFilter {
        q: query.q,
        found: None,
        order: Order::read(query.sort.as_deref(), "due")?,
        subject_id: query.enterprise_id.or(query.project_id),
        visit_id: query.visit_id,
        owner_id: query.owner_id,
        state: query.state,
        overdue_at: query.overdue.then(|| cx.now()),
        lately: None,
    };
    desk::promises(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

/// A promise with the subject it is made to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Promised {
    /// Client-chosen key.
    id: Option<Uuid>,
    /// The enterprise; this or `project_id`.
    enterprise_id: Option<Uuid>,
    /// The project; this or `enterprise_id`.
    project_id: Option<Uuid>,
    /// What.
    text: String,
    /// Who keeps it; the one who writes it down, when absent.
    owner_id: Option<Uuid>,
    /// Until when.
    due_at: Time,
}

async fn promise(cx: Cx, new: Promised) -> Result<Uuid> {
    let (kind, subject) = crate::continuity::desk::subject_of(new.enterprise_id, new.project_id)?;
    let promise = NewPromise { id: new.id, text: new.text, owner_id: new.owner_id, due_at: new.due_at };
    desk::promise(&cx.app, &cx.who, kind, subject, promise).await
}

async fn show_promise(cx: Cx, id: Uuid) -> Result<Promise> {
    let mut tx = cx.read().await?;
    desk::promise_of(&mut tx, &cx.who, id).await
}

/// The end of a promise.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PromiseEnd {
    /// Whether it was kept.
    kept: bool,
    /// What came of it; needed when it was broken.
    reason: Option<String>,
}

async fn end_promise(cx: Cx, id: Uuid, end: PromiseEnd) -> Result<Uuid> {
    desk::end_promise(&cx.app, &cx.who, id, end.kept, end.reason.as_deref()).await
}
