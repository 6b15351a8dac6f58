use super::desk::{self, COMMANDERS, LightFilter, MeasureFilter, READERS, WRITERS};
use super::{
    Board, Cause, Disruption, DisruptionChange, DisruptionEnd, Light, Line, Measure, MeasureChange, MeasureEnd,
    MeasureState, NewDisruption, NewLight, NewMeasure, State,
};
use crate::actor::{OFFICE, OUTSIDE, Role, Roles};
use crate::error::Result;
use crate::http::api::{Nothing, Page, WordsQuery, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use crate::time::{Day, Time};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

const SPEAKERS: Roles = WRITERS.and(OUTSIDE);
const INFORMED: Roles = READERS.and(Roles::of(&[Role::Agency]));

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let speakers = Access::only(SPEAKERS);
    routes
        .api_get("/api/v1/continuity", readers, list_lights)
        .summary("Lights of production, works and transport, newest word first")
        .owner_scoped();
    routes
        .api_create("/api/v1/continuity", speakers, say, show_light)
        .summary("Say how a line of an enterprise or project stands")
        .owner_scoped();
    routes
        .api_get("/api/v1/continuity/board", Access::only(OFFICE), board)
        .summary("The board of lights of one day, with its counts")
        .owner_scoped();
    routes.api_read("/api/v1/continuity/{id}", readers, show_light).summary("One word on a line").owner_scoped();
    routes
        .api_act("/api/v1/continuity/{id}/same", speakers, same, show_light)
        .summary("No change: say the last word on a line again")
        .owner_scoped();

    let informed = Access::only(INFORMED);
    let commanders = Access::only(COMMANDERS);
    routes.api_get("/api/v1/disruptions", informed, list_disruptions).summary("Disruptions, running ones first");
    routes.api_create("/api/v1/disruptions", commanders, open, show_disruption).summary("Declare a disruption");
    routes.api_read("/api/v1/disruptions/{id}", informed, show_disruption).summary("A disruption");
    routes
        .api_change("/api/v1/disruptions/{id}", commanders, change_disruption, show_disruption)
        .summary("Change level, state or area of a disruption that runs");
    routes.api_act("/api/v1/disruptions/{id}/close", commanders, close, show_disruption).summary("Close a disruption");

    let writers = Access::only(WRITERS);
    routes
        .api_get("/api/v1/measures", readers, list_measures)
        .summary("Measures against a stop, newest first")
        .owner_scoped();
    routes
        .api_create("/api/v1/measures", writers, add_measure, show_measure)
        .summary("Write down a measure")
        .owner_scoped();
    routes.api_read("/api/v1/measures/{id}", readers, show_measure).summary("A measure").owner_scoped();
    routes
        .api_change("/api/v1/measures/{id}", writers, change_measure, show_measure)
        .summary("Change a measure, or report its later duty as done")
        .owner_scoped();
    routes
        .api_act("/api/v1/measures/{id}/close", writers, end_measure, show_measure)
        .summary("End a measure: its effect, and the light it turned")
        .owner_scoped();
}

/// What the list of lights is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LightQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// With this word in its texts or in the name of whom it is about.
    q: Option<String>,
    /// `-at` (so it runs anyway) or `at`.
    sort: Option<String>,
    /// Of this enterprise.
    enterprise_id: Option<Uuid>,
    /// Of this project.
    project_id: Option<Uuid>,
    /// On this line.
    line: Option<Line>,
    /// In this state.
    state: Option<State>,
    /// Under this disruption.
    disruption_id: Option<Uuid>,
    /// Said in this visit.
    visit_id: Option<Uuid>,
    /// Only the last word on each line.
    #[serde(default)]
    current: bool,
}

async fn list_lights(cx: Cx, query: LightQuery) -> Result<Page<Light>> {
    let filter = LightFilter {
        q: query.q,
        found: None,
        order: Order::read(query.sort.as_deref(), "-at")?,
        subject_id: query.enterprise_id.or(query.project_id),
        subject_kind: None,
        line: query.line,
        state: query.state,
        disruption_id: query.disruption_id,
        visit_id: query.visit_id,
        current: query.current,
    };
    desk::lights(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

/// A new word, with the subject it is about.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Client-chosen key.
    id: Option<Uuid>,
    /// The enterprise; this or `project_id`.
    enterprise_id: Option<Uuid>,
    /// The project; this or `enterprise_id`.
    project_id: Option<Uuid>,
    /// What may stop.
    line: Line,
    /// How it stands. At risk is not stopped.
    state: State,
    /// For `reduced`: to how many per cent (1–99).
    reduced_to: Option<i64>,
    /// Why; needed when the line is in trouble.
    cause: Option<String>,
    /// Why, as a class.
    cause_kind: Option<Cause>,
    /// Since when; now, when absent.
    since: Option<Time>,
    /// When it is expected to run again.
    expected_recovery_at: Option<Time>,
    /// The measure that turned it.
    measure_id: Option<Uuid>,
    /// The disruption it belongs to.
    disruption_id: Option<Uuid>,
    /// The appeal it belongs to.
    appeal_id: Option<Uuid>,
}

async fn say(cx: Cx, said: Said) -> Result<Uuid> {
    let (kind, subject) = desk::subject_of(said.enterprise_id, said.project_id)?;
    let new = NewLight {
        id: said.id,
        line: said.line,
        state: said.state,
        reduced_to: said.reduced_to,
        cause: said.cause,
        cause_kind: said.cause_kind,
        since: said.since,
        expected_recovery_at: said.expected_recovery_at,
        measure_id: said.measure_id,
        disruption_id: said.disruption_id,
        appeal_id: said.appeal_id,
    };
    desk::say(&cx.app, &cx.who, kind, subject, new).await
}

async fn show_light(cx: Cx, id: Uuid) -> Result<Light> {
    let mut tx = cx.read().await?;
    desk::light(&mut tx, &cx.who, id).await
}

async fn same(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::same(&cx.app, &cx.who, id).await
}

/// Which day the board shows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BoardQuery {
    /// A past day; today when absent.
    day: Option<Day>,
}

async fn board(cx: Cx, query: BoardQuery) -> Result<Board> {
    desk::board(&cx.app, &cx.who, query.day).await
}

async fn list_disruptions(cx: Cx, query: WordsQuery) -> Result<Page<Disruption>> {
    desk::disruptions(&cx.app, &cx.who, query.q.as_deref(), query.cursor.as_deref(), limit(query.limit)?).await
}

async fn open(cx: Cx, new: NewDisruption) -> Result<Uuid> {
    desk::open(&cx.app, &cx.who, new).await
}

async fn show_disruption(cx: Cx, id: Uuid) -> Result<Disruption> {
    let mut tx = cx.read().await?;
    desk::disruption(&mut tx, cx.who.zone_id, id).await
}

async fn change_disruption(cx: Cx, id: Uuid, change: DisruptionChange) -> Result<Uuid> {
    desk::change_disruption(&cx.app, &cx.who, id, change).await
}

async fn close(cx: Cx, id: Uuid, end: DisruptionEnd) -> Result<Uuid> {
    desk::close(&cx.app, &cx.who, id, end).await
}

/// What the list of measures is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MeasureQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// With this word in its texts or in the name of whom it is about.
    q: Option<String>,
    /// `-created` (so it runs anyway) or `created`.
    sort: Option<String>,
    /// For this enterprise.
    enterprise_id: Option<Uuid>,
    /// For this project.
    project_id: Option<Uuid>,
    /// Under this disruption.
    disruption_id: Option<Uuid>,
    /// In the hands of this person.
    owner_id: Option<Uuid>,
    /// In this state.
    state: Option<MeasureState>,
    /// Only those that are not ended, or whose later duty is open.
    #[serde(default)]
    open: bool,
}

async fn list_measures(cx: Cx, query: MeasureQuery) -> Result<Page<Measure>> {
    let filter = MeasureFilter {
        q: query.q,
        found: None,
        order: Order::read(query.sort.as_deref(), "-created")?,
        subject_id: query.enterprise_id.or(query.project_id),
        disruption_id: query.disruption_id,
        owner_id: query.owner_id,
        state: query.state,
        open: query.open,
    };
    desk::measures(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit(query.limit)?).await
}

async fn add_measure(cx: Cx, new: NewMeasure) -> Result<Uuid> {
    desk::add_measure(&cx.app, &cx.who, new).await
}

async fn show_measure(cx: Cx, id: Uuid) -> Result<Measure> {
    let mut tx = cx.read().await?;
    desk::measure(&mut tx, &cx.who, id).await
}

async fn change_measure(cx: Cx, id: Uuid, change: MeasureChange) -> Result<Uuid> {
    desk::change_measure(&cx.app, &cx.who, id, change).await
}

async fn end_measure(cx: Cx, id: Uuid, end: MeasureEnd) -> Result<Uuid> {
    desk::end_measure(&cx.app, &cx.who, id, end).await
}
