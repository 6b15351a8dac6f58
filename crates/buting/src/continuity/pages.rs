use super::desk::{self, COMMANDERS, LightFilter, MeasureFilter, READERS, WRITERS};
use super::{
    Board, Cause, ClockMode, Counts, Disruption, DisruptionChange, DisruptionEnd, DisruptionKind, DisruptionState,
    Effect, Light, Line, Measure, MeasureChange, MeasureEnd, MeasureKind, NewDisruption, NewLight, NewMeasure, State,
    WarningColour,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::appeal;
use crate::clock;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, File, Piece, Row, Table};
use crate::list::{Column, Order};
use crate::organisation;
use crate::patch::Patch;
use crate::saved::{self, List, Offered};
use crate::subject::{Named, SubjectKind};
use crate::time::{Day, Time};
use crate::visit;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use uuid::Uuid;

const SPEAKERS: Roles = WRITERS.and(OUTSIDE);
const INFORMED: Roles = READERS.and(Roles::of(&[Role::Agency]));
/// Days of the board that are one click away.
const DAYS: i32 = 10;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let speakers = Access::only(SPEAKERS);
    let writers = Access::only(WRITERS);
    let commanders = Access::only(COMMANDERS);
    routes
        .get("/board", Access::only(OFFICE), board)
        .get("/board/export", Access::only(OFFICE), export_board)
        .get("/enterprises/{id}/lights", readers, enterprise_lights)
        .post("/enterprises/{id}/lights", speakers, enterprise_say)
        .post("/enterprises/{id}/lights/same", speakers, enterprise_same)
        .get("/projects/{id}/lights", readers, project_lights)
        .post("/projects/{id}/lights", speakers, project_say)
        .post("/projects/{id}/lights/same", speakers, project_same)
        .get("/disruptions", Access::only(INFORMED), disruptions)
        .post("/disruptions", commanders, open)
        .get("/disruptions/new", commanders, new_disruption)
        .get("/disruptions/{id}", Access::only(INFORMED), disruption)
        .post("/disruptions/{id}", commanders, change_disruption)
        .post("/disruptions/{id}/close", commanders, close)
        .post("/disruptions/{id}/appeals", commanders, join_appeals)
        .get("/measures", readers, measures)
        .get("/measures/export", Access::only(OFFICE), export_measures)
        .post("/measures", writers, add_measure)
        .get("/measures/new", writers, new_measure)
        .get("/measures/{id}", readers, measure)
        .post("/measures/{id}/close", writers, end_measure)
        .post("/measures/{id}/duty", writers, duty_done);
}

// The board

#[derive(Template)]
#[template(path = "continuity/board.html")]
struct BoardPage {
    s: Shell,
    sentence: String,
    board: Board,
    counts: Vec<Counts>,
    open: Vec<Disruption>,
    days: Vec<Day>,
    today: Day,
    table: Option<Table>,
    offered: Offered,
    list_title: String,
    plain: String,
}

#[derive(Template)]
#[template(path = "continuity/wall.html")]
struct WallPage {
    s: Shell,
    sentence: String,
    board: Board,
    counts: Vec<Counts>,
    open: Vec<Disruption>,
}

async fn board(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let board = desk::board(&cx.app, &cx.who, query.opt("day").and_then(Day::read)).await?;
        let s = Shell::of(&cx).await?;
        let mut tx = cx.read().await?;
        let open = desk::open_disruptions(&mut tx, cx.who.zone_id).await?;
        drop(tx);
        // A line that exists nowhere is not counted out loud.
        let mut counts = board.counts.clone();
        counts.retain(|counts| counts.tally.applicable() + counts.tally.suspended_filed > 0);
        let changed = board.tiles().filter(|tile| tile.changed).count();
        let subjects = board.tiles().count();
        let at = s.moment(&board.at);
        let sentence = s.lang.with("board-sentence", &[("at", &at), ("subjects", &subjects), ("changed", &changed)]);
        if query.on("wall") {
            return html(&WallPage { s, sentence, board, counts, open });
        }
        let today = s.now.day(&s.time_zone);
        let first = today.0.checked_sub(jiff::Span::new().days(DAYS - 1)).unwrap_or(today.0);
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= today.0).map(Day).collect();
        let asked = lights_asked(&query);
        let list_title = match asked {
            (Some(kind), Some(line), Some(state)) => {
                format!("{}{}{}", s.word("subject", kind), s.t("colon"), s.line_light(line, state))
            }
            _ => s.t("lights-all").into_owned(),
        };
        let lists = query.on("list") || matches!(asked, (Some(_), Some(_), Some(_)));
        let table = lists.then(|| Table::of(&s, "continuity", &lights_of(&board, asked)));
        let offered = saved::desk::offered(&cx.app, &cx.who, List::Lights).await?;
        let plain = format!("/board?day={}", board.day);
        html(&BoardPage { s, sentence, board, counts, open, days, today, table, offered, list_title, plain })
    })
    .await
}

/// What the lights of a list have in common.
type LightsAsked = (Option<SubjectKind>, Option<Line>, Option<State>);

fn lights_asked(query: &Form) -> LightsAsked {
    (
        query.opt("kind").and_then(SubjectKind::parse),
        query.opt("line").and_then(Line::parse),
        query.opt("state").and_then(State::parse),
    )
}

/// The lights of a board that a list asks for; lines that a subject does not have are none.
fn lights_of(board: &Board, (kind, line, state): LightsAsked) -> Vec<Light> {
    let lights = board.tiles().filter(|tile| kind.is_none_or(|kind| tile.kind == kind)).flat_map(|tile| &tile.lights);
    let asked = |light: &&Light| {
        line.is_none_or(|line| light.line == line)
            && state.map_or(light.state.is_applicable(), |state| light.state == state)
    };
    lights.filter(asked).cloned().collect()
}

/// The columns of a list of lights.
const LIGHTS: &[Column] = &[
    Column::new("subject", "continuity-subject", "对象"),
    Column::new("line", "continuity-which", "事项").hidden(),
    Column::new("state", "continuity-state", "状态").plain(),
    Column::new("since", "field-since", "自何时起"),
    Column::new("cause", "field-cause", "原因").plain(),
    Column::new("cause_kind", "field-cause_kind", "原因类别").hidden(),
    Column::new("recovery", "field-expected_recovery_at", "预计恢复"),
    Column::new("measure", "measure", "措施").plain(),
    Column::new("days_saved", "field-days_saved", "少停天数").hidden().number(),
    Column::new("said", "light-at", "报告时间").hidden(),
    Column::new("source", "light-from", "报告来源").hidden(),
];

impl Row for Light {
    const COLUMNS: &'static [Column] = LIGHTS;

    fn id(&self) -> Uuid {
        self.subject_id
    }

    fn name(&self) -> &str {
        &self.subject_name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "subject" => Piece::Link(self.href(), self.subject_name.clone()).into(),
            "line" => s.word("line", self.line).into(),
            "state" => Cell::from(Piece::Light(self.state.to_string(), s.line_light(self.line, self.state)))
                .and(self.reduced_to.map(|percent| Piece::Text(format!("{percent}%")))),
            "since" => self.since.into(),
            "cause" => self.cause.clone().into(),
            "cause_kind" => self.cause_kind.map(|cause| s.word("cause", cause)).into(),
            "recovery" => self.expected_recovery_at.into(),
            "measure" => self.measure_text.clone().into(),
            "days_saved" => self.days_saved.into(),
            "said" => self.at.into(),
            "source" => self.source.map(|source| s.word("light-source", source)).into(),
            _ => Cell::default(),
        }
    }
}

/// The lights that the page lists as a file; every light of the day where it lists none.
async fn export_board(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let board = desk::board(&cx.app, &cx.who, query.opt("day").and_then(Day::read)).await?;
        let mut file = File::of::<Light>(Shell::of(&cx).await?);
        file.add(&lights_of(&board, lights_asked(&query)));
        file.answer(&cx, "三不停状态", "continuity").await
    })
    .await
}

// The lights of one subject

#[derive(Template)]
#[template(path = "continuity/lights.html")]
struct LightsPage {
    s: Shell,
    subject: Named,
    lights: Vec<Light>,
    history: Vec<Light>,
    emergency: bool,
    speaks: bool,
    writer: bool,
    said: bool,
    home: String,
    action: String,
    lines: &'static [Line],
    sayable: Vec<State>,
    disruptions: Vec<(Uuid, String)>,
    measures: Vec<(Uuid, String)>,
    form: Form,
}

impl LightsPage {
    fn field_of(&self, line: &Line) -> String {
        format!("state-{line}")
    }
}

async fn lights_page(cx: &Cx, kind: SubjectKind, id: Uuid, form: Form) -> Result<LightsPage> {
    let s = Shell::of(cx).await?;
    let zone = cx.who.zone_id;
    let mut tx = cx.read().await?;
    let subject = desk::reached(&mut tx, &cx.who, kind, id).await?;
    let lights = desk::current(&mut tx, zone, &subject).await?;
    let history = desk::history(&mut tx, &cx.who, id, 60).await?;
    let emergency = desk::emergency(&mut tx, zone).await?;
    let disruptions = desk::open_disruptions(&mut tx, zone).await?.into_iter().map(|d| (d.id, d.name)).collect();
    drop(tx);
    let filter = MeasureFilter { subject_id: Some(id), open: true, ..MeasureFilter::default() };
    let measures = desk::measures(&cx.app, &cx.who, &filter, None, 50).await?.items;
    let mut sayable = vec![State::Running, State::Reduced, State::AtRisk, State::Stopped];
    if kind == SubjectKind::Enterprise {
        sayable.push(State::SuspendedFiled);
    }
    sayable.push(State::NotApplicable);
    let lights_said = lights.iter().any(|light| light.id.is_some());
    Ok(LightsPage {
        s,
        lights,
        history,
        emergency,
        speaks: cx.who.is(SPEAKERS),
        writer: cx.who.is(WRITERS),
        said: lights_said,
        home: kind.href(id),
        action: format!("{}/lights", kind.href(id)),
        lines: Line::of(kind),
        sayable,
        disruptions,
        measures: measures.into_iter().map(|m| (m.id, m.text)).collect(),
        form,
        subject,
    })
}

async fn enterprise_lights(cx: Cx, Path(id): Path<String>) -> PageResult {
    show_lights(cx, SubjectKind::Enterprise, id).await
}

async fn project_lights(cx: Cx, Path(id): Path<String>) -> PageResult {
    show_lights(cx, SubjectKind::Project, id).await
}

async fn show_lights(cx: Cx, kind: SubjectKind, id: String) -> PageResult {
    page::show(cx.lang, async { html(&lights_page(&cx, kind, id_of(&id)?, Form::default()).await?) }).await
}

async fn enterprise_say(Path(id): Path<String>, posted: Posted) -> PageResult {
    say(posted, SubjectKind::Enterprise, id).await
}

async fn project_say(Path(id): Path<String>, posted: Posted) -> PageResult {
    say(posted, SubjectKind::Project, id).await
}

async fn say(Posted { cx, mut form }: Posted, kind: SubjectKind, id: String) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let news =
            if form.opt("well").is_some() { all_well(&cx, kind, id).await? } else { said(&mut form, kind, &zone) };
        if news.is_empty() && !form.failed() {
            form.add(FieldError::new(format!("state-{}", Line::of(kind)[0]), "light_none"));
        }
        if !form.failed() {
            let result = desk::say_all(&cx.app, &cx.who, kind, id, news).await;
            if made(result, &mut form)?.is_some() {
                return Ok(go(&format!("{}/lights", kind.href(id)), "flash-light-said"));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &lights_page(&cx, kind, id, form).await?)
    })
    .await
}

/// 一切正常: every line that exists runs.
async fn all_well(cx: &Cx, kind: SubjectKind, id: Uuid) -> Result<Vec<NewLight>> {
    let mut tx = cx.read().await?;
    let subject = desk::reached(&mut tx, &cx.who, kind, id).await?;
    let lights = desk::current(&mut tx, cx.who.zone_id, &subject).await?;
    Ok(lights.iter().filter(|l| l.state.is_applicable()).map(|l| NewLight::new(l.line, State::Running)).collect())
}

/// The lines that the form says something about. Cause and dates stand once and
/// go with every line that is in trouble.
fn said(form: &mut Form, kind: SubjectKind, zone: &jiff::tz::TimeZone) -> Vec<NewLight> {
    let (cause, cause_kind) = (form.opt_text("cause"), form.word("cause_kind", Cause::parse));
    let (reduced_to, since) = (form.number("reduced_to"), form.time("since", zone));
    let recovery = form.time("expected_recovery_at", zone);
    let (measure, disruption_id) = (form.id("measure_id"), form.id("disruption_id"));
    let mut news = Vec::new();
    for line in Line::of(kind) {
        let Some(state) = form.word(&format!("state-{line}"), State::parse) else { continue };
        let trouble = state.is_trouble();
        news.push(NewLight {
            reduced_to: reduced_to.filter(|_| state == State::Reduced),
            cause: cause.clone().filter(|_| trouble),
            cause_kind: cause_kind.filter(|_| trouble),
            since,
            expected_recovery_at: recovery.filter(|_| trouble),
            measure_id: measure.filter(|_| state.goes_on()),
            disruption_id,
            ..NewLight::new(*line, state)
        });
    }
    news
}

async fn enterprise_same(Path(id): Path<String>, posted: Posted) -> PageResult {
    same(posted, SubjectKind::Enterprise, id).await
}

async fn project_same(Path(id): Path<String>, posted: Posted) -> PageResult {
    same(posted, SubjectKind::Project, id).await
}

async fn same(Posted { cx, .. }: Posted, kind: SubjectKind, id: String) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        match desk::same_all(&cx.app, &cx.who, kind, id).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("{}/lights", kind.href(id)), "flash-light-same")),
            Err(error) => Err(error),
        }
    })
    .await
}

// Disruptions

#[derive(Template)]
#[template(path = "continuity/disruptions.html")]
struct DisruptionsPage {
    s: Shell,
    page: Page<Disruption>,
    commander: bool,
}

async fn disruptions(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let query = Form::parse(cx.request.query.as_bytes());
        let page = desk::disruptions(&cx.app, &cx.who, query.opt("q"), query.opt("cursor"), 20).await?;
        html(&DisruptionsPage { s, page, commander: cx.who.is(COMMANDERS) })
    })
    .await
}

type Options = Vec<(i64, String)>;

/// Grades and response levels, 1 the gravest.
fn levels(s: &Shell) -> (Options, Options) {
    let words = |family: &str| (1..=4).map(|n: i64| (n, s.word(family, n).into_owned())).collect();
    (words("grade"), words("response-level"))
}

#[derive(Template)]
#[template(path = "continuity/disruption_new.html")]
struct NewDisruptionPage {
    s: Shell,
    form: Form,
    grades: Options,
    levels: Options,
}

async fn new_disruption(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let (grades, levels) = levels(&s);
        let form = Form::filled([("clock_mode", ClockMode::Office.to_string()), ("started_at", s.field_time(&s.now))]);
        html(&NewDisruptionPage { s, form, grades, levels })
    })
    .await
}

async fn open(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let kind = form.word("kind", DisruptionKind::parse);
        if kind.is_none() && !form.has_error("kind") {
            form.add(FieldError::new("kind", "required"));
        }
        let new = NewDisruption {
            id: None,
            name: form.text("name"),
            kind: kind.unwrap_or(DisruptionKind::Other),
            grade: form.number("grade"),
            response_level: form.number("response_level"),
            warning_colour: form.word("warning_colour", WarningColour::parse),
            exercise: form.on("exercise"),
            clock_mode: form.word("clock_mode", ClockMode::parse),
            area: form.opt_text("area"),
            source: form.opt_text("source"),
            state: None,
            started_at: form.time("started_at", &s.time_zone),
            expected_end_at: form.time("expected_end_at", &s.time_zone),
        };
        if !form.failed()
            && let Some(id) = made(desk::open(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/disruptions/{id}"), "flash-disruption-opened"));
        }
        let (grades, levels) = levels(&s);
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &NewDisruptionPage { s, form, grades, levels })
    })
    .await
}

#[derive(Template)]
#[template(path = "continuity/disruption.html")]
struct DisruptionPage {
    s: Shell,
    d: Disruption,
    sentence: String,
    lights: Vec<Light>,
    measures: Vec<Measure>,
    visits: Vec<visit::Row>,
    office: bool,
    writer: bool,
    commander: bool,
    states: Vec<(DisruptionState, String)>,
    grades: Options,
    levels: Options,
    form: Form,
    closing: Form,
    joining: Form,
    appeals: Vec<Under>,
}

/// A running appeal under a disruption.
struct Under {
    line: appeal::record::Line,
    light: almanac::Light,
}

async fn disruption_page(
    cx: &Cx,
    id: Uuid,
    form: Option<Form>,
    closing: Form,
    joining: Form,
) -> Result<DisruptionPage> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let d = desk::disruption(&mut tx, cx.who.zone_id, id).await?;
    let calendar = clock::calendar(&mut tx, cx.who.zone_id).await?;
    let mut appeals = Vec::new();
    if cx.who.is(OFFICE) {
        for line in appeal::desk::open_under(&mut tx, &cx.who, id).await? {
            appeals.push(Under { light: line.light(cx.now(), &calendar), line });
        }
    }
    drop(tx);
    let (mut lights, mut measures, mut visits) = (Vec::new(), Vec::new(), Vec::new());
    if cx.who.is(READERS) {
        let filter = LightFilter { disruption_id: Some(id), ..LightFilter::default() };
        lights = desk::lights(&cx.app, &cx.who, &filter, None, 100).await?.items;
        let filter = MeasureFilter { disruption_id: Some(id), ..MeasureFilter::default() };
        measures = desk::measures(&cx.app, &cx.who, &filter, None, 50).await?.items;
        let filter = visit::desk::VisitFilter { disruption_id: Some(id), ..Default::default() };
        visits = visit::desk::visits(&cx.app, &cx.who, &filter, None, 50).await?.items;
    }
    let form = form.unwrap_or_else(|| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |value: Option<i64>| value.map(|n| n.to_string()).unwrap_or_default();
        Form::filled([
            ("name", d.name.clone()),
            ("state", d.state.to_string()),
            ("grade", number(d.grade)),
            ("response_level", number(d.response_level)),
            ("warning_colour", d.warning_colour.map(|c| c.to_string()).unwrap_or_default()),
            ("clock_mode", d.clock_mode.to_string()),
            ("area", text(&d.area)),
            ("source", text(&d.source)),
            ("expected_end_at", d.expected_end_at.map(|at| s.field_time(&at)).unwrap_or_default()),
        ])
    });
    let states = DisruptionState::ALL
        .iter()
        .filter(|state| **state != DisruptionState::Closed)
        .map(|state| (*state, s.word("disruption-state", state).into_owned()))
        .collect();
    let (grades, levels) = levels(&s);
    let sentence = s.with2("disruption-sentence", "lights", lights.len(), "measures", measures.len());
    let (office, writer, commander) = (cx.who.is(OFFICE), cx.who.is(WRITERS), cx.who.is(COMMANDERS));
    Ok(DisruptionPage {
        s,
        d,
        sentence,
        lights,
        measures,
        visits,
        office,
        writer,
        commander,
        states,
        grades,
        levels,
        form,
        closing,
        joining,
        appeals,
    })
}

async fn disruption(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        html(&disruption_page(&cx, id_of(&id)?, None, Form::default(), Form::default()).await?)
    })
    .await
}

/// A field of a form as a change: empty clears it.
fn patch<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Clear, Patch::Set)
}

async fn change_disruption(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let change = DisruptionChange {
            name: Some(form.text("name")),
            state: form.word("state", DisruptionState::parse),
            grade: patch(form.number("grade")),
            response_level: patch(form.number("response_level")),
            warning_colour: patch(form.word("warning_colour", WarningColour::parse)),
            clock_mode: form.word("clock_mode", ClockMode::parse),
            area: patch(form.opt_text("area")),
            source: patch(form.opt_text("source")),
            expected_end_at: patch(form.time("expected_end_at", &zone)),
        };
        if !form.failed() && made(desk::change_disruption(&cx.app, &cx.who, id, change).await, &mut form)?.is_some() {
            return Ok(go(&format!("/disruptions/{id}"), "flash-saved"));
        }
        html_with(
            StatusCode::UNPROCESSABLE_ENTITY,
            &disruption_page(&cx, id, Some(form), Form::default(), Form::default()).await?,
        )
    })
    .await
}

async fn close(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let end = DisruptionEnd { ended_at: form.time("ended_at", &zone), lessons: form.opt_text("lessons") };
        if !form.failed() && made(desk::close(&cx.app, &cx.who, id, end).await, &mut form)?.is_some() {
            return Ok(go(&format!("/disruptions/{id}"), "flash-disruption-closed"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &disruption_page(&cx, id, None, form, Form::default()).await?)
    })
    .await
}

/// Puts running appeals under a disruption, whose hours then count for them.
async fn join_appeals(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (numbers, reason) = (form.text("numbers"), form.text("reason"));
        if made(appeal::limits::desk::join(&cx.app, &cx.who, id, &numbers, &reason).await, &mut form)?.is_some() {
            return Ok(go(&format!("/disruptions/{id}"), "flash-disruption-joined"));
        }
        let page = disruption_page(&cx, id, None, Form::default(), form).await?;
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })
    .await
}

// Measures

#[derive(Template)]
#[template(path = "continuity/measures.html")]
struct MeasuresPage {
    s: Shell,
    page: Page<Measure>,
    table: Table,
    offered: Offered,
    writer: bool,
}

/// The columns of the list of measures.
const MEASURES: &[Column] = &[
    Column::new("text", "measure", "措施"),
    Column::new("subject", "continuity-subject", "对象").plain(),
    Column::new("line", "continuity-which", "事项").plain(),
    Column::new("kind", "measure-kind", "类别").plain(),
    Column::new("state", "continuity-state", "状态").plain(),
    Column::new("owner", "measure-owner", "责任人"),
    Column::new("due", "measure-due", "落实时限"),
    Column::new("duty", "field-later_duty", "后续义务"),
    Column::new("effect", "field-effect", "效果").hidden(),
    Column::new("effect_text", "measure-effect-text", "效果说明").hidden().class("wide"),
    Column::new("days_saved", "field-days_saved", "少停天数").hidden().number(),
    Column::new("rule", "field-rule", "须守的规定").hidden().class("wide"),
    Column::new("created", "measure-created", "登记日期").hidden().sorted().class("nowrap"),
];

impl Row for Measure {
    const COLUMNS: &'static [Column] = MEASURES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.text
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "text" => Piece::Link(format!("/measures/{}", self.id), self.text.clone()).into(),
            "subject" => self.subject_name.clone().into(),
            "line" => s.word("line", self.line).into(),
            "kind" => s.word("measure-kind", self.kind).into(),
            "state" => Piece::State(s.word("measure-state", self.state).into_owned(), false).into(),
            "owner" => self.owner_name.clone().into(),
            "due" => self.due_at.into(),
            "duty" => {
                let done = self.later_done_at.map(|_| Piece::Quiet(s.t("measure-duty-done").into_owned()));
                Cell::from(self.later_duty.clone()).and(self.later_due_at.map(Piece::When)).and(done)
            }
            "effect" => self.effect.map(|effect| s.word("effect", effect)).into(),
            "effect_text" => self.effect_text.clone().into(),
            "days_saved" => self.days_saved.into(),
            "rule" => self.rule.clone().into(),
            "created" => s.date(&self.created_at).into(),
            _ => Cell::default(),
        }
    }
}

/// What the query of the list asks.
fn measures_asked(cx: &Cx) -> MeasureFilter {
    let query = Form::parse(cx.request.query.as_bytes());
    MeasureFilter {
        order: Order::read(query.opt("sort"), "-created").unwrap_or_default(),
        owner_id: cx.who.person_id.filter(|_| query.is("show", "mine")),
        open: !query.is("show", "all"),
        q: query.opt_text("q"),
        ..MeasureFilter::default()
    }
}

/// What the page shows as a file.
async fn export_measures(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let filter = measures_asked(&cx);
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::measures(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        table::exported::<Measure, _>(&cx, "措施清单", "measure", page).await
    })
    .await
}

async fn measures(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let cursor = Form::parse(cx.request.query.as_bytes()).opt_text("cursor");
        let page = desk::measures(&cx.app, &cx.who, &measures_asked(&cx), cursor.as_deref(), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "measures", &page.items);
        let offered = saved::desk::offered(&cx.app, &cx.who, List::Measures).await?;
        html(&MeasuresPage { s, page, table, offered, writer: cx.who.is(WRITERS) })
    })
    .await
}

#[derive(Template)]
#[template(path = "continuity/measure_new.html")]
struct NewMeasurePage {
    s: Shell,
    form: Form,
    subjects: Vec<(String, String)>,
    people: Vec<(Uuid, String)>,
    disruptions: Vec<(Uuid, String)>,
    library: Vec<(String, String)>,
}

async fn new_measure_page(cx: &Cx, form: Form) -> Result<NewMeasurePage> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let open = desk::open_disruptions(&mut tx, cx.who.zone_id).await?;
    drop(tx);
    let subjects = desk::subjects(&cx.app, &cx.who).await?;
    // With a cause in hand only what helped against it is shown, else the whole library.
    let chosen = form.opt("cause_kind").and_then(Cause::parse);
    let library = Cause::ALL
        .iter()
        .filter(|cause| chosen.is_none_or(|chosen| chosen == **cause))
        .map(|cause| {
            let own = cause.measures().into_iter().filter(|kind| *kind != MeasureKind::Other);
            let kinds: Vec<_> = own.map(|kind| s.word("measure-kind", kind).into_owned()).collect();
            (s.word("cause", cause).into_owned(), kinds.join(&s.t("comma")))
        })
        .collect();
    let people = people(&cx.app, &cx.who).await?;
    Ok(NewMeasurePage {
        s,
        form,
        subjects,
        people,
        disruptions: open.into_iter().map(|d| (d.id, d.name)).collect(),
        library,
    })
}

/// People of the office to choose from.
async fn people(app: &crate::app::App, who: &Actor) -> Result<Vec<(Uuid, String)>> {
    let staff = organisation::desk::staff(app, who, None, None, 200).await?;
    Ok(staff.items.into_iter().map(|person| (person.id, person.name)).collect())
}

async fn new_measure(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let subject =
            ["enterprise", "project"].iter().find_map(|kind| query.opt(kind).map(|id| format!("{kind}:{id}")));
        let me = cx.who.person_id.map(|id| id.to_string()).unwrap_or_default();
        let form = Form::filled([
            ("subject", subject.unwrap_or_default()),
            ("line", query.text("line")),
            ("cause_kind", query.text("cause")),
            ("disruption_id", query.text("disruption")),
            ("owner_id", me),
        ]);
        html(&new_measure_page(&cx, form).await?)
    })
    .await
}

/// The last instant of a day in a form.
fn until(form: &mut Form, name: &str, zone: &jiff::tz::TimeZone) -> Option<Time> {
    let day = form.day(name)?;
    Some(Day(day.0.tomorrow().ok()?).start(zone).plus(-1))
}

async fn add_measure(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let zone = Shell::of(&cx).await?.time_zone;
        let (kind, id) = match form.value("subject").split_once(':') {
            Some((kind, id)) => (SubjectKind::parse(kind), Uuid::parse_str(id).ok()),
            None => (None, None),
        };
        if kind.is_none() || id.is_none() {
            form.add(FieldError::new("subject", "required"));
        }
        let (line, measure_kind) = (form.word("line", Line::parse), form.word("kind", MeasureKind::parse));
        for (name, missing) in [("line", line.is_none()), ("kind", measure_kind.is_none())] {
            if missing && !form.has_error(name) {
                form.add(FieldError::new(name, "required"));
            }
        }
        let new = NewMeasure {
            id: None,
            enterprise_id: id.filter(|_| kind == Some(SubjectKind::Enterprise)),
            project_id: id.filter(|_| kind == Some(SubjectKind::Project)),
            line: line.unwrap_or(Line::Production),
            cause_kind: form.word("cause_kind", Cause::parse),
            disruption_id: form.id("disruption_id"),
            appeal_id: None,
            kind: measure_kind.unwrap_or(MeasureKind::Other),
            text: form.text("text"),
            owner_id: form.id("owner_id"),
            due_at: until(&mut form, "due_at", &zone),
            rule: form.opt_text("rule"),
            place: form.opt_text("place"),
            later_duty: form.opt_text("later_duty"),
            later_due_at: until(&mut form, "later_due_at", &zone),
        };
        if !form.failed()
            && let Some(id) = made(desk::add_measure(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/measures/{id}"), "flash-measure-added"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_measure_page(&cx, form).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "continuity/measure.html")]
struct MeasurePage {
    s: Shell,
    measure: Measure,
    sentence: String,
    writer: bool,
    duty_action: String,
    form: Form,
}

async fn measure_page(cx: &Cx, id: Uuid, form: Form) -> Result<MeasurePage> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let measure = desk::measure(&mut tx, &cx.who, id).await?;
    let sentence = format!("{} · {}", measure.subject_name, s.word("measure-state", measure.state));
    let duty_action = format!("/measures/{id}/duty");
    Ok(MeasurePage { s, measure, sentence, writer: cx.who.is(WRITERS), duty_action, form })
}

async fn measure(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&measure_page(&cx, id_of(&id)?, Form::default()).await?) }).await
}

async fn end_measure(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let effect = form.word("effect", Effect::parse);
        if effect.is_none() && !form.has_error("effect") {
            form.add(FieldError::new("effect", "required"));
        }
        let end = MeasureEnd {
            effect: effect.unwrap_or(Effect::None),
            effect_text: form.opt_text("effect_text"),
            days_saved: form.number("days_saved"),
            light: form.on("running").then_some(State::Running),
            dropped: form.on("dropped"),
        };
        if !form.failed() && made(desk::end_measure(&cx.app, &cx.who, id, end).await, &mut form)?.is_some() {
            return Ok(go(&format!("/measures/{id}"), "flash-measure-ended"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &measure_page(&cx, id, form).await?)
    })
    .await
}

async fn duty_done(Path(id): Path<String>, Posted { cx, .. }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let change = MeasureChange { later_done_at: Patch::Set(cx.now()), ..MeasureChange::default() };
        match desk::change_measure(&cx.app, &cx.who, id, change).await {
            Ok(_) | Err(Error::Replayed(_)) => Ok(go(&format!("/measures/{id}"), "flash-measure-duty")),
            Err(error) => Err(error),
        }
    })
    .await
}
