use super::desk::{self, Filter, KEYS, PARTIES};
use super::{Act, Application, Full, NewApplication, State};
use crate::error::Result;
use crate::http::api::{Page, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Walk;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let parties = Access::only(PARTIES);
    routes
        .api_get("/api/v1/applications", parties, list)
        .summary("Applications, the earliest due first")
        .owner_scoped();
    routes
        .api_create("/api/v1/applications", parties, make, show)
        .summary("Apply, or keep a draft; the office for an enterprise too")
        .owner_scoped();
    routes
        .api_read("/api/v1/applications/{id}", parties, show)
        .summary("An application with form, events, contacts, clocks and deliveries")
        .owner_scoped();
    routes
        .api_act("/api/v1/applications/{id}/actions", parties, act, show)
        .summary("Submit, ask for a correction once, accept, decide, deliver, withdraw, message, contact")
        .owner_scoped();
}

/// What the list is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ApplicationsQuery {
    /// At most so many, up to 200.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// With this in its number, in the matter or in the name of the enterprise.
    q: Option<String>,
    /// `due` (so it runs anyway), `made`, `decided`, or one of them with `-`.
    sort: Option<String>,
    /// Those that stand so.
    state: Option<State>,
    /// `true`: at work; `false`: ended.
    open: Option<bool>,
    /// Only those that are at work and late.
    overdue: bool,
    /// Only those of mine, as specialist or deputy.
    mine: bool,
    /// Of this matter.
    matter_id: Option<Uuid>,
    /// Of this enterprise.
    enterprise_id: Option<Uuid>,
    /// `true`: with a contact face to face; `false`: without one.
    face: Option<bool>,
}

async fn list(cx: Cx, query: ApplicationsQuery) -> Result<Page<Application>> {
    let filter = Filter {
        state: query.state.into_iter().collect(),
        open: query.open,
        overdue_at: query.overdue.then(|| cx.now()),
        person: cx.who.person_id.filter(|_| query.mine),
        matter_id: query.matter_id,
        enterprise_id: query.enterprise_id,
        decided: None,
        face: query.face,
        q: query.q,
        found: None,
    };
    let walk = Walk::read(KEYS, "due", query.sort.as_deref(), query.cursor.as_deref(), limit(query.limit)?)?;
    desk::applications(&cx.app, &cx.who, &filter, &walk).await
}

async fn make(cx: Cx, new: NewApplication) -> Result<Uuid> {
    desk::apply(&cx.app, &cx.who, new).await
}

async fn show(cx: Cx, id: Uuid) -> Result<Full> {
    desk::full(&cx.app, &cx.who, id).await
}

async fn act(cx: Cx, id: Uuid, act: Act) -> Result<Uuid> {
    desk::act(&cx.app, &cx.who, id, act, None).await
}
