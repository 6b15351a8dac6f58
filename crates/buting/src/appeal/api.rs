use super::act::Act;
use super::desk::{self, Filter};
use super::record::{Count, Item, View};
use super::{Kind, NewAppeal, Status, Urgency};
use crate::actor::{OFFICE, OUTSIDE, Role, Roles};
use crate::clock;
use crate::error::{Error, Result};
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who works with appeals at all: the office, their owners, partner agencies.
const PARTIES: Roles = OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Agency]));

pub fn routes(routes: &mut Routes) {
    routes
        .api_get("/api/v1/appeals", Access::only(PARTIES), list)
        .summary("Appeals that one may see, soonest due first")
        .owner_scoped();
    routes
        .api_create("/api/v1/appeals", Access::only(desk::WRITERS), create, show)
        .summary("Write an appeal down; it is registered at once unless `draft` is set")
        .owner_scoped();
    routes.api_get("/api/v1/appeals/counts", Access::only(OFFICE), counts).summary("How many stand where: the board");
    routes
        .api_read("/api/v1/appeals/{id}", Access::only(PARTIES), show)
        .summary("One appeal with history, work orders and clocks")
        .owner_scoped();
    routes
        .api_act("/api/v1/appeals/{id}/actions", Access::only(PARTIES), act, show)
        .summary("Do something with an appeal or with one of its work orders")
        .owner_scoped();
}

/// What the list of appeals is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AppealQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `due` (the default) or `-created`; also `-due` and `created`.
    sort: Option<String>,
    /// One status, or several with commas between.
    status: Option<String>,
    /// The department that leads.
    department_id: Option<Uuid>,
    /// Who handles it.
    handler_id: Option<Uuid>,
    category: Option<String>,
    kind: Option<Kind>,
    urgency: Option<Urgency>,
    /// Only those past their due time.
    overdue: Option<bool>,
    /// Only those that something is still to be done about.
    open: Option<bool>,
    enterprise_id: Option<Uuid>,
    project_id: Option<Uuid>,
    /// Words in number, title, text or name.
    q: Option<String>,
}

impl AppealQuery {
    /// The same as the desk is asked.
    pub(super) fn filter(self) -> Result<Filter> {
        let status = self.status.as_deref().unwrap_or_default().split(',').filter(|word| !word.is_empty());
        let status: Option<Vec<Status>> = status.map(Status::parse).collect();
        Ok(Filter {
            without: &[],
            status: status.ok_or_else(|| Error::field("status", "unknown"))?,
            open: self.open.unwrap_or(false),
            department_id: self.department_id,
            handler_id: self.handler_id,
            category: self.category,
            kind: self.kind,
            urgency: self.urgency,
            overdue: self.overdue.unwrap_or(false),
            enterprise_id: self.enterprise_id,
            project_id: self.project_id,
            extension_asked: false,
            remedy: None,
            went_on: None,
            q: self.q,
            sort: self.sort,
            cursor: self.cursor,
            limit: limit(self.limit)?,
        })
    }
}

async fn list(cx: Cx, query: AppealQuery) -> Result<Page<Item>> {
    let page = desk::list(&cx.app, &cx.who, &query.filter()?).await?;
    let calendar = clock::calendar(&mut cx.read().await?, cx.who.zone_id).await?;
    let now = cx.now();
    Ok(page.map(|line| Item::of(line, now, &calendar)))
}

async fn create(cx: Cx, new: NewAppeal) -> Result<Uuid> {
    desk::open(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<View> {
    desk::view(&cx.app, &cx.who, id).await
}

async fn act(cx: Cx, id: Uuid, act: Act) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}

/// By what the numbers are taken apart.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CountQuery {
    /// `department,status`, the only way there is.
    by: Option<String>,
}

/// The board's numbers.
#[derive(Serialize, JsonSchema)]
struct Counts {
    /// One per department and status that has any.
    items: Vec<Count>,
    /// Their sum.
    total: i64,
}

async fn counts(cx: Cx, query: CountQuery) -> Result<Counts> {
    if query.by.is_some_and(|by| by != "department,status") {
        return Err(Error::field("by", "unknown"));
    }
    let items = desk::counts(&cx.app, &cx.who).await?;
    let total = items.iter().map(|count| count.count).sum();
    Ok(Counts { items, total })
}
