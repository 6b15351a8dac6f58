use super::desk::{self, Filter, READERS};
use super::{Act, Full, NewTask, Task, TaskKind};
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes.api_get("/api/v1/tasks", readers, list).summary("Tasks and follow-ups, the earliest due first");
    routes.api_create("/api/v1/tasks", readers, make, show).summary("Make a task, or a follow-up of a department");
    routes.api_read("/api/v1/tasks/{id}", readers, show).summary("A task with its people and objectives");
    routes
        .api_act("/api/v1/tasks/{id}/actions", readers, act, show)
        .summary("Done, not done, cancel, extend, staff; block, lift or reach an objective");
}

/// What the list is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct TasksQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this word in its title or in the name of whom it is about.
    q: Option<String>,
    /// `due` (so it runs anyway) or `-due`.
    sort: Option<String>,
    /// `true`: what is still to be done; `false`: what has ended.
    open: Option<bool>,
    /// Only those that are open and past their day.
    overdue: bool,
    /// Only those with an objective in whose way something stands.
    blocked: bool,
    /// Only those of mine and of my departments.
    mine: bool,
    /// `task` or `follow_up`.
    kind: Option<TaskKind>,
    /// Owed by this department.
    department_id: Option<Uuid>,
    /// Of this appeal, visit or project.
    record_id: Option<Uuid>,
}

async fn list(cx: Cx, query: TasksQuery) -> Result<Page<Task>> {
    let filter = Filter {
        open: query.open,
        overdue_at: query.overdue.then(|| cx.now()),
        blocked: query.blocked,
        kind: query.kind,
        mine: if query.mine { desk::mine(&cx.who) } else { None },
        record_id: query.record_id,
        department_id: query.department_id,
        q: query.q,
        found: None,
        order: Order::read(query.sort.as_deref(), "due")?,
    };
    desk::tasks(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn make(cx: Cx, new: NewTask) -> Result<Uuid> {
    desk::make(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Full> {
    desk::full(&cx.app, &cx.who, id).await
}

async fn act(cx: Cx, id: Uuid, act: Act) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act).await
}
