use super::desk::{
    self, CandidateFilter, DECIDERS, LEADS, LEARNERS, PointFilter, READERS, RoundFilter, TEACHERS, WRITERS,
};
use super::{
    Background, Candidate, Evidence, Fault, FullPoint, FullRound, FullTraining, Missing, Named, Needs, NewCandidate,
    NewPoint, NewRound, NewSamples, NewTraining, POOLS, Point, PointAct, PointMove, PointState, Round, RoundAct,
    RoundKind, RoundState, Standing, Taken, Training, TrainingAct, TubeResult, TubeState, clock,
};
use crate::actor::{OFFICE, OUTSIDE, Role, Roles, Scope};
use crate::appeal::desk as appeals;
use crate::continuity::desk as continuity;
use crate::continuity::desk::urgency;
use crate::error::{Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, PostedFiles, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::seek::{Seek, VISITED};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Order};
use crate::subject::SubjectKind;
use crate::text::Arg;
use crate::time::Day;
use almanac::Light;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of a list.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let (readers, writers) = (Access::only(READERS), Access::only(WRITERS));
    let (leads, learners) = (Access::only(LEADS), Access::only(LEARNERS));
    routes
        .get("/screening/rounds", readers, rounds)
        .get("/screening/rounds/new", leads, round_new)
        .post("/screening/rounds/new", leads, round_make)
        .get("/screening/rounds/{id}", readers, round)
        .post("/screening/rounds/{id}", writers, round_act)
        .post("/screening/rounds/{id}/people", writers, people)
        .post("/screening/rounds/{id}/samples", writers, samples)
        .post("/screening/rounds/{id}/names", readers, names)
        .get("/screening/points", readers, points)
        .get("/screening/points/new", writers, point_new)
        .post("/screening/points/new", writers, point_make)
        .get("/screening/points/{id}", readers, point)
        .post("/screening/points/{id}", writers, point_act)
        .get("/screening/trainings", Access::only(OFFICE.and(TEACHERS)), trainings)
        .get("/screening/trainings/new", leads, training_new)
        .post("/screening/trainings/new", leads, training_make)
        .get("/screening/trainings/{id}", learners, training)
        .post("/screening/trainings/{id}", Access::only(TEACHERS), training_act)
        .get("/screening/samplers", learners, samplers)
        .get("/screening/samplers/new", writers, sampler_new)
        .post("/screening/samplers/new", writers, sampler_make)
        .post("/screening/samplers/{id}/withdraw", writers, sampler_withdraw);
}

/// What the tabs of this job offer to a reader.
struct Tabs {
    rounds: bool,
    trainings: bool,
}

impl Tabs {
    fn of(cx: &Cx) -> Self {
        Self { rounds: cx.who.is(READERS), trainings: cx.who.is(OFFICE.and(Roles::of(&[Role::Agency]))) }
    }
}

async fn disruptions(cx: &Cx) -> Result<Vec<(Uuid, String)>> {
    let open = continuity::open_disruptions(&mut cx.read().await?, cx.who.zone_id).await?;
    Ok(open.into_iter().map(|d| (d.id, d.name)).collect())
}

/// Whether somebody speaks for one enterprise or project alone.
fn is_own(cx: &Cx) -> bool {
    matches!(cx.who.scope, Scope::Enterprise(_) | Scope::Project(_))
}

/// Enterprise or project of a key, each in its place.
fn split(key: Option<(SubjectKind, Uuid)>) -> (Option<Uuid>, Option<Uuid>) {
    match key {
        Some((SubjectKind::Enterprise, id)) => (Some(id), None),
        Some((SubjectKind::Project, id)) => (None, Some(id)),
        _ => (None, None),
    }
}

/// The subject of a form: sought by name, or one's own.
async fn sought(cx: &Cx, form: &mut Form) -> Result<(Seek, (Option<Uuid>, Option<Uuid>))> {
    let seek = Seek::of(cx, form, "subject", VISITED).await?;
    if is_own(cx) {
        return Ok((seek, (None, None)));
    }
    let key = seek.need(form);
    Ok((seek, split(key)))
}

/// The subject that a choice of `kind:id` names.
fn chosen(form: &mut Form, name: &'static str) -> (Option<Uuid>, Option<Uuid>) {
    let read = |text: &str| {
        let (kind, id) = text.split_once(':')?;
        Some((SubjectKind::parse(kind)?, Uuid::parse_str(id).ok()?))
    };
    match form.opt(name).map(read) {
        None => (None, None),
        Some(Some(key)) => split(Some(key)),
        Some(None) => {
            form.add(FieldError::new(name, "unreadable"));
            (None, None)
        }
    }
}

/// A desk's errors about subjects stand at the field that the form has for them.
fn at_subject(error: Error) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|mut e| {
                    if matches!(e.field.as_str(), "enterprise_id" | "project_id") {
                        e.field = "subject".to_owned();
                    }
                    e
                })
                .collect(),
        ),
        other => other,
    }
}

// ---- rounds -------------------------------------------------------------------------------

const ROUND_COLUMNS: &[Column] = &[
    Column::new("title", "screening-title", "轮次"),
    Column::new("kind", "screening-kind", "类型").plain(),
    Column::new("due", "screening-ends", "截止").plain(),
    Column::new("share", "screening-share", "已检率").number(),
    Column::new("done", "screening-done", "已检").number(),
    Column::new("of", "screening-of", "应检").number(),
    Column::new("missing", "screening-missing", "未检").number(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("disruption", "screening-disruption", "事件").hidden(),
    Column::new("number", "field-number", "编号").hidden().class("nowrap"),
];

impl table::Row for Round {
    const COLUMNS: &'static [Column] = ROUND_COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.title
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "title" => Piece::Link(format!("/screening/rounds/{}", self.id), self.title.clone()).into(),
            "kind" => s.word("round-kind", self.kind).into(),
            "due" if self.is_open() => Piece::Due(self.due(), urgency(self.due(), s.now)).into(),
            "due" => s.date(&self.ends_at).into(),
            "share" => self.share().percent().unwrap_or_else(|| "—".to_owned()).into(),
            "done" => self.done.into(),
            "of" => self.share().of.into(),
            "missing" => self.missing().into(),
            "state" => Piece::State(s.word("round-state", self.state).into_owned(), !self.is_open()).into(),
            "disruption" => self.disruption_name.clone().into(),
            "number" => self.number.clone().into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "screening/rounds.html")]
struct Rounds {
    s: Shell,
    tabs: Tabs,
    page: Page<Round>,
    table: Table,
    may_begin: bool,
}

async fn rounds(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let filter = RoundFilter {
            state: match query.value("show") {
                "closed" => Some(RoundState::Closed),
                "all" => None,
                _ => Some(RoundState::Open),
            },
            kind: query.opt("kind").and_then(RoundKind::parse),
            q: query.opt_text("q"),
            order: Order::Usual,
            ..RoundFilter::default()
        };
        let page = desk::rounds(&cx.app, &cx.who, &filter, query.opt("cursor"), ROWS).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "screening-rounds", &page.items);
        html(&Rounds { tabs: Tabs::of(&cx), may_begin: cx.who.is(LEADS), page, table, s })
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/round_new.html")]
struct RoundNew {
    s: Shell,
    form: Form,
    disruptions: Vec<(Uuid, String)>,
    pools: Vec<(i64, String)>,
}

impl RoundNew {
    async fn of(cx: &Cx, form: Form) -> Result<Self> {
        let s = Shell::of(cx).await?;
        Ok(Self { disruptions: disruptions(cx).await?, pools: pools(&s), form, s })
    }
}

/// What so many people need, in words.
fn needs_text(s: &Shell, needs: &Needs) -> String {
    let args: [(&str, &dyn Arg); 3] = [("samplers", &needs.samplers), ("desks", &needs.desks), ("tubes", &needs.tubes)];
    s.lang.with("screening-needs-n", &args)
}

fn pools(s: &Shell) -> Vec<(i64, String)> {
    POOLS.iter().map(|n| (*n, s.with("screening-pool-n", "n", *n))).collect()
}

async fn round_new(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut form = Form::filled([("kind", RoundKind::Screening.word().to_owned()), ("pool_size", "10".to_owned())]);
        let query = Form::parse(cx.request.query.as_bytes());
        form.fill("disruption_id", query.text("disruption"));
        html(&RoundNew::of(&cx, form).await?)
    })
    .await
}

async fn round_make(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let zone = Shell::of(&cx).await?.time_zone;
        let kind = form.word("kind", RoundKind::parse);
        if kind.is_none() && !form.has_error("kind") {
            form.add(FieldError::new("kind", "required"));
        }
        let new = NewRound {
            id: None,
            kind: kind.unwrap_or(RoundKind::Screening),
            title: form.text("title"),
            starts_at: form.time("starts_at", &zone),
            ends_at: form.time("ends_at", &zone),
            pool_size: form.number("pool_size"),
            lab: form.opt_text("lab"),
            disruption_id: form.id("disruption_id"),
        };
        if !form.failed()
            && let Some(id) = made(desk::begin(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/screening/rounds/{id}"), "flash-screening-round"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &RoundNew::of(&cx, form).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/round.html")]
struct Show {
    s: Shell,
    r: FullRound,
    light: Light,
    missing: Vec<Missing>,
    lists: Vec<(Uuid, String)>,
    /// Whose lists there are, to choose from: `kind:id` and name.
    subjects: Vec<(String, String)>,
    own: bool,
    seek: Seek,
    points: Vec<(Uuid, String)>,
    samplers: Vec<(Uuid, String)>,
    pools: Vec<(i64, String)>,
    /// What was typed, by form.
    forms: BTreeMap<&'static str, Form>,
    empty: Form,
    /// What came of many rows, and in which form they were given.
    taken: Option<(&'static str, Taken)>,
    decides: bool,
}

impl Show {
    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed) || self.taken.as_ref().is_some_and(|(of, _)| *of == key)
    }

    fn fault(&self, fault: &Fault) -> String {
        let text = self.s.t(&format!("screening-fault-{}", fault.code));
        let place = self.s.with2("screening-fault-place", "row", fault.row.to_string(), "column", fault.column.clone());
        let said = if fault.text.is_empty() { String::new() } else { format!("{} ", fault.text) };
        format!("{place}{}{said}{text}", self.s.t("colon"))
    }

    fn needs(&self) -> String {
        needs_text(&self.s, &self.r.needs)
    }

    fn to_hand(&self) -> Vec<(String, String)> {
        self.codes(TubeState::Filling)
    }

    fn to_result(&self) -> Vec<(String, String)> {
        self.codes(TubeState::Handed)
    }

    fn codes(&self, state: TubeState) -> Vec<(String, String)> {
        let all = self.r.tubes.iter().filter(|tube| tube.state == state && tube.filled > 0);
        all.map(|tube| (tube.code.clone(), format!("{} · {}/{}", tube.code, tube.filled, tube.pool_size))).collect()
    }
}

async fn shown(
    cx: &Cx,
    id: Uuid,
    failed: Option<(&'static str, Form)>,
    taken: Option<(&'static str, Taken)>,
) -> Result<Show> {
    let r = desk::round(&cx.app, &cx.who, id).await?;
    let missing = desk::missing(&cx.app, &cx.who, id).await?;
    let lists = desk::named_lists(&cx.app, &cx.who, &r).await?;
    let s = Shell::of(cx).await?;
    let mut subjects: Vec<(String, String)> = r
        .parts
        .iter()
        .map(|part| {
            let name = part.subject_name.clone().unwrap_or_default();
            (format!("{}:{}", part.subject_kind, part.subject_id), name)
        })
        .collect();
    subjects.dedup();
    let mut forms: BTreeMap<&'static str, Form> = BTreeMap::new();
    let pool = r.round.pool_size.to_string();
    let mut usual = Form::filled([("pool_size", pool)]);
    let (mut points, mut samplers) = (Vec::new(), Vec::new());
    if r.keeps && r.round.kind.has_tubes() {
        let open = PointFilter { state: Some(PointState::Open), ..PointFilter::default() };
        let today = desk::day(&cx.app, &cx.who).await?;
        for point in desk::points(&cx.app, &cx.who, &open, None, 100).await?.items {
            let of = CandidateFilter { subject_id: Some(point.subject_id), ..CandidateFilter::default() };
            for one in desk::candidates(&cx.app, &cx.who, &of, None, 50).await?.items {
                let standing = one.standing(today);
                if standing == Standing::None {
                    continue;
                }
                let text = format!(
                    "{} · {} · {}",
                    one.name,
                    one.subject_name.clone().unwrap_or_default(),
                    s.word("certificate", standing)
                );
                samplers.push((one.id, text));
            }
            points.push((point.id, format!("{} · {}", point.name, point.subject_name.unwrap_or_default())));
        }
        if let [(point, _)] = &points[..] {
            usual.set("point_id", point.to_string());
        }
    }
    samplers.dedup();
    forms.insert("samples", usual);
    forms.insert("book", Form::filled([("minutes", "30".to_owned()), ("teams", "1".to_owned())]));
    let mut for_seek = match &failed {
        Some(("people", form)) => form.clone(),
        _ => Form::default(),
    };
    let seek = Seek::of(cx, &mut for_seek, "subject", VISITED).await?;
    forms.extend(failed);
    Ok(Show {
        light: urgency(r.round.due(), s.now),
        pools: pools(&s),
        own: is_own(cx),
        decides: r.leads && cx.who.is(DECIDERS),
        empty: Form::default(),
        missing,
        lists,
        subjects,
        seek,
        points,
        samplers,
        forms,
        taken,
        r,
        s,
    })
}

async fn round(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None, None).await?) }).await
}

/// What came of many rows: the next page when all were taken, otherwise this one with what
/// was wrong, and the rows that were not taken to be mended.
async fn taken(
    cx: &Cx,
    id: Uuid,
    key: &'static str,
    field: &'static str,
    mut form: Form,
    result: Result<Taken>,
) -> Result<axum::response::Response> {
    let to = format!("/screening/rounds/{id}");
    match result {
        Ok(taken) if taken.faults.is_empty() => Ok(go(&to, "flash-saved")),
        Err(Error::Replayed(_)) => Ok(go(&to, "flash-saved")),
        Ok(taken) => {
            let rows: Vec<&str> = form.value(field).lines().collect();
            let left = taken.faults.iter().filter_map(|fault| rows.get(usize::try_from(fault.row - 1).ok()?));
            let left = left.copied().collect::<Vec<_>>().join("\n");
            form.set(field, left);
            let status = if taken.kept > 0 { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            html_with(status, &shown(cx, id, Some((key, form)), Some((key, taken))).await?)
        }
        Err(error) => {
            form.refused(at_subject(error))?;
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(cx, id, Some((key, form)), None).await?)
        }
    }
}

async fn people(Path(id): Path<String>, PostedFiles { cx, mut form, files }: PostedFiles) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (_, (enterprise, project)) = sought(&cx, &mut form).await?;
        let file = files.into_iter().find(|file| file.field == "file");
        let field = if file.is_some() { "file" } else { "text" };
        let bytes = match file {
            Some(file) => file.bytes.map(|bytes| bytes.to_vec()),
            None => Some(form.value("text").as_bytes().to_vec()),
        };
        let Some(bytes) = bytes else {
            form.add(FieldError::new(field, "screening_file"));
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(("people", form)), None).await?);
        };
        if form.failed() {
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(("people", form)), None).await?);
        }
        let subject = match &cx.who.scope {
            Scope::Enterprise(own) => (SubjectKind::Enterprise, *own),
            Scope::Project(own) => (SubjectKind::Project, *own),
            _ => continuity::subject_of(enterprise, project)?,
        };
        let result = desk::add_sheet(&cx.app, &cx.who, id, subject, bytes, field).await;
        taken(&cx, id, "people", "text", form, result).await
    })
    .await
}

async fn samples(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (enterprise_id, project_id) = chosen(&mut form, "of");
        let new = NewSamples {
            round_id: id,
            point_id: form.id("point_id"),
            sampler_id: form.id("sampler_id"),
            pool_size: form.number("pool_size"),
            enterprise_id,
            project_id,
            code: form.opt_text("code"),
            lines: form.value("lines").to_owned(),
        };
        if form.failed() {
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(("samples", form)), None).await?);
        }
        let result = desk::fill(&cx.app, &cx.who, new).await;
        taken(&cx, id, "samples", "lines", form, result).await
    })
    .await
}

async fn round_act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let (key, act) = match form.value("action") {
            "exempt" => {
                let (enterprise_id, project_id) = chosen(&mut form, "subject");
                let (person, reason) = (form.text("person"), form.text("reason"));
                ("exempt", RoundAct::Exempt { enterprise_id, project_id, person, reason })
            }
            "book" => {
                let (enterprise_id, project_id) = chosen(&mut form, "subject");
                let first_at = form.time("first_at", &zone);
                let first_at = form.need("first_at", first_at);
                let minutes = form.number("minutes");
                let minutes = form.need("minutes", minutes);
                let teams = form.number("teams");
                let teams = form.need("teams", teams);
                ("book", RoundAct::Book { enterprise_id, project_id, first_at, minutes, teams })
            }
            "hand_over" => ("hand_over", RoundAct::HandOver { code: form.text("code"), to: form.text("to") }),
            "result" => {
                let result = form.word("result", TubeResult::parse);
                if result.is_none() && !form.has_error("result") {
                    form.add(FieldError::new("result", "required"));
                }
                let result = result.unwrap_or(TubeResult::NotDone);
                ("result", RoundAct::Result { code: form.text("code"), result })
            }
            "close" => ("close", RoundAct::Close { reason: form.opt_text("reason") }),
            _ => return Err(Error::NotFound),
        };
        if !form.failed() {
            let result = desk::act_round(&cx.app, &cx.who, id, act).await.map_err(at_subject);
            if made(result, &mut form)?.is_some() {
                return Ok(go(&format!("/screening/rounds/{id}"), "flash-saved"));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some((key, form)), None).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/names.html")]
struct Names {
    s: Shell,
    round: Round,
    people: Vec<Named>,
    reason: String,
}

async fn names(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let subject = form.id("subject_id");
        let subject = form.need("subject_id", subject);
        let reason = form.text("reason");
        if !form.failed() {
            // Looked at once more is another look; a post sent twice is the same one.
            let mut who = cx.who.clone();
            who.once = None;
            match desk::names(&cx.app, &who, id, subject, &reason).await {
                Ok(people) => {
                    let round = desk::round(&cx.app, &cx.who, id).await?.round;
                    return html(&Names { s: Shell::of(&cx).await?, round, people, reason });
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(("names", form)), None).await?)
    })
    .await
}

// ---- points -------------------------------------------------------------------------------

const POINT_COLUMNS: &[Column] = &[
    Column::new("name", "screening-point", "采样点"),
    Column::new("subject", "screening-whose", "所属").plain(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("hours", "screening-hours", "时间").class("nowrap"),
    Column::new("capacity", "screening-capacity", "日采样能力").number(),
    Column::new("samplers", "screening-samplers-valid", "持证采样员").number(),
    Column::new("sampled", "screening-sampled", "已采人次").number(),
    Column::new("heard", "screening-heard", "最近报告").plain(),
    Column::new("place", "screening-place", "地点").hidden(),
    Column::new("disruption", "screening-disruption", "事件").hidden(),
    Column::new("number", "field-number", "编号").hidden().class("nowrap"),
];

impl table::Row for Point {
    const COLUMNS: &'static [Column] = POINT_COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "name" => Piece::Link(format!("/screening/points/{}", self.id), self.name.clone()).into(),
            "subject" => self.subject_name.clone().into(),
            "state" => {
                let over = matches!(self.state, PointState::Closed);
                let silent = (self.silent_step > 0 && self.state == PointState::Open)
                    .then(|| Piece::State(s.t("screening-silent").into_owned(), false));
                Cell::from(Piece::State(s.word("point-state", self.state).into_owned(), over)).and(silent)
            }
            "hours" => self.hours().into(),
            "capacity" => self.capacity().into(),
            "samplers" => self.samplers.into(),
            "sampled" => self.sampled.into(),
            "heard" => self.heard_at.map(Piece::Ago).map(Cell::from).into(),
            "place" => self.place.clone().into(),
            "disruption" => self.disruption_name.clone().into(),
            "number" => self.number.clone().into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "screening/points.html")]
struct Points {
    s: Shell,
    tabs: Tabs,
    page: Page<Point>,
    table: Table,
    may_suggest: bool,
}

async fn points(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let filter = PointFilter {
            state: query.opt("state").and_then(PointState::parse),
            q: query.opt_text("q"),
            ..PointFilter::default()
        };
        let page = desk::points(&cx.app, &cx.who, &filter, query.opt("cursor"), ROWS).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "screening-points", &page.items);
        html(&Points { tabs: Tabs::of(&cx), may_suggest: cx.who.is(WRITERS), page, table, s })
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/point_new.html")]
struct PointNew {
    s: Shell,
    form: Form,
    seek: Seek,
    own: bool,
    disruptions: Vec<(Uuid, String)>,
}

async fn point_new(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let mut form = Form::filled([
            ("teams", "1".to_owned()),
            ("opens", "07:30".to_owned()),
            ("closes", "11:30".to_owned()),
            ("subject", query.text("of")),
        ]);
        let seek = Seek::of(&cx, &mut form, "subject", VISITED).await?;
        let (own, disruptions) = (is_own(&cx), disruptions(&cx).await?);
        html(&PointNew { s: Shell::of(&cx).await?, form, seek, own, disruptions })
    })
    .await
}

async fn point_make(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (seek, (enterprise_id, project_id)) = sought(&cx, &mut form).await?;
        let new = NewPoint {
            id: None,
            enterprise_id,
            project_id,
            name: form.text("name"),
            place: form.text("place"),
            people: form.number("people"),
            teams: form.number("teams"),
            opens: form.text("opens"),
            closes: form.text("closes"),
            disruption_id: form.id("disruption_id"),
        };
        if !form.failed() {
            let result = desk::suggest(&cx.app, &cx.who, new).await.map_err(at_subject);
            if let Some(id) = made(result, &mut form)? {
                return Ok(go(&format!("/screening/points/{id}"), "flash-screening-point"));
            }
        }
        let (own, disruptions) = (is_own(&cx), disruptions(&cx).await?);
        let page = PointNew { s: Shell::of(&cx).await?, form, seek, own, disruptions };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/point.html")]
struct PointShow {
    s: Shell,
    p: FullPoint,
    today: Day,
    forms: BTreeMap<&'static str, Form>,
    empty: Form,
}

impl PointShow {
    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed)
    }

    fn can(&self, action: &str) -> bool {
        self.p.possible.iter().any(|does| does.word() == action)
    }

    fn standing(&self, one: &Candidate) -> Standing {
        one.standing(self.today)
    }

    fn needs(&self) -> String {
        needs_text(&self.s, &self.p.needs)
    }

    fn given(&self, kind: &Evidence) -> Option<&super::Given> {
        self.p.evidence.iter().find(|given| given.kind == *kind)
    }
}

async fn point_shown(cx: &Cx, id: Uuid, failed: Option<(&'static str, Form)>) -> Result<PointShow> {
    let p = desk::point(&cx.app, &cx.who, id).await?;
    let of = &p.point;
    let change = Form::filled([
        ("place", of.place.clone()),
        ("people", of.people.to_string()),
        ("teams", of.teams.to_string()),
        ("opens", clock(of.opens_at)),
        ("closes", clock(of.closes_at)),
    ]);
    let next = p.lacking.first().map(|kind| Form::filled([("kind", kind.word().to_owned())]));
    let mut forms = BTreeMap::from([("change", change), ("show", next.unwrap_or_default())]);
    forms.extend(failed);
    let today = desk::day(&cx.app, &cx.who).await?;
    Ok(PointShow { s: Shell::of(cx).await?, today, forms, empty: Form::default(), p })
}

async fn point(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&point_shown(&cx, id_of(&id)?, None).await?) }).await
}

async fn point_act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (key, act) = match form.value("action") {
            "apply" => ("apply", PointAct::Apply {}),
            "approve" => ("approve", PointAct::Approve {}),
            "open" => ("open", PointAct::Open {}),
            "report" => ("report", PointAct::Report {}),
            "resume" => ("resume", PointAct::Resume {}),
            "send_back" => ("send_back", PointAct::SendBack { reason: form.text("reason") }),
            "pause" => ("pause", PointAct::Pause { reason: form.text("reason") }),
            "close" => ("close", PointAct::Close { reason: form.text("reason") }),
            "show" => {
                let kind = form.word("kind", Evidence::parse);
                if kind.is_none() && !form.has_error("kind") {
                    form.add(FieldError::new("kind", "required"));
                }
                ("show", PointAct::Show { kind: kind.unwrap_or(Evidence::Register), text: form.text("text") })
            }
            "change" => {
                let people = form.number("people");
                let people = form.need("people", people);
                let teams = form.number("teams");
                let teams = form.need("teams", teams);
                let (opens, closes) = (form.text("opens"), form.text("closes"));
                ("change", PointAct::Change { place: form.text("place"), people, teams, opens, closes })
            }
            _ => return Err(Error::NotFound),
        };
        if !form.failed() && made(desk::act_point(&cx.app, &cx.who, id, act).await, &mut form)?.is_some() {
            return Ok(go(&format!("/screening/points/{id}"), "flash-saved"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &point_shown(&cx, id, Some((key, form))).await?)
    })
    .await
}

// ---- trainings ----------------------------------------------------------------------------

const TRAINING_COLUMNS: &[Column] = &[
    Column::new("topic", "screening-topic", "培训"),
    Column::new("department", "screening-trainer", "培训单位").plain(),
    Column::new("held", "screening-held", "时间").plain(),
    Column::new("people", "screening-enrolled", "报名").number(),
    Column::new("passed", "screening-passed", "合格").number(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("place", "screening-place", "地点").hidden(),
    Column::new("disruption", "screening-disruption", "事件").hidden(),
    Column::new("number", "field-number", "编号").hidden().class("nowrap"),
];

impl table::Row for Training {
    const COLUMNS: &'static [Column] = TRAINING_COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.topic
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "topic" => Piece::Link(format!("/screening/trainings/{}", self.id), self.topic.clone()).into(),
            "department" => self.department_name.clone().into(),
            "held" => self.held_at.into(),
            "people" => self.people.into(),
            "passed" => self.passed.into(),
            "state" => Piece::State(s.word("training-state", self.state).into_owned(), !self.is_open()).into(),
            "place" => self.place.clone().into(),
            "disruption" => self.disruption_name.clone().into(),
            "number" => self.number.clone().into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "screening/trainings.html")]
struct Trainings {
    s: Shell,
    tabs: Tabs,
    page: Page<Training>,
    table: Table,
    may_ask: bool,
}

async fn trainings(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let page = desk::trainings(&cx.app, &cx.who, query.opt("cursor"), ROWS).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "screening-trainings", &page.items);
        html(&Trainings { tabs: Tabs::of(&cx), may_ask: cx.who.is(LEADS), page, table, s })
    })
    .await
}

/// Candidates who can be enrolled: key, name with whose staff and what they know.
async fn free(cx: &Cx) -> Result<Vec<(Uuid, String)>> {
    let filter = CandidateFilter { free: true, ..CandidateFilter::default() };
    let all = desk::candidates(&cx.app, &cx.who, &filter, None, 100).await?;
    let text = |one: &Candidate| {
        let background = cx.lang.word("background", one.background.word());
        format!("{} · {} · {background}", one.name, one.subject_name.clone().unwrap_or_default())
    };
    Ok(all.items.iter().map(|one| (one.id, text(one))).collect())
}

#[derive(Template)]
#[template(path = "screening/training_new.html")]
struct TrainingNew {
    s: Shell,
    form: Form,
    departments: Vec<(Uuid, String)>,
    candidates: Vec<(Uuid, String)>,
    disruptions: Vec<(Uuid, String)>,
}

impl TrainingNew {
    async fn of(cx: &Cx, form: Form) -> Result<Self> {
        let all = appeals::departments(&mut cx.read().await?, cx.who.zone_id).await?;
        // A partner teaches; the committee's own departments come after.
        let (own, mut departments): (Vec<_>, Vec<_>) = all.into_iter().partition(|d| d.kind.is_own());
        departments.extend(own);
        Ok(Self {
            departments: departments.into_iter().map(|d| (d.id, d.short_name)).collect(),
            candidates: free(cx).await?,
            disruptions: disruptions(cx).await?,
            s: Shell::of(cx).await?,
            form,
        })
    }
}

async fn training_new(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&TrainingNew::of(&cx, Form::default()).await?) }).await
}

async fn training_make(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = NewTraining {
            id: None,
            topic: form.text("topic"),
            department_id: form.id("department_id"),
            note: form.opt_text("note"),
            disruption_id: form.id("disruption_id"),
            candidates: form.ids("candidates"),
        };
        if !form.failed()
            && let Some(id) = made(desk::ask(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/screening/trainings/{id}"), "flash-screening-training"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &TrainingNew::of(&cx, form).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/training.html")]
struct TrainingShow {
    s: Shell,
    t: FullTraining,
    today: Day,
    free: Vec<(Uuid, String)>,
    forms: BTreeMap<String, Form>,
    empty: Form,
    tabs: Tabs,
}

impl TrainingShow {
    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed)
    }

    fn key(&self, id: &Uuid) -> String {
        format!("result-{}", id.simple())
    }

    fn pre(&self, id: &Uuid) -> String {
        format!("-{}", id.simple())
    }

    fn standing(&self, one: &Candidate) -> Standing {
        one.standing(self.today)
    }

    fn to_judge(&self, one: &Candidate) -> bool {
        let held = self.t.training.held_at.is_some_and(|at| at <= self.s.now);
        self.t.teaches && held && one.state == super::CandidateState::Enrolled
    }
}

async fn training_shown(cx: &Cx, id: Uuid, failed: Option<(String, Form)>) -> Result<TrainingShow> {
    let t = desk::training(&cx.app, &cx.who, id).await?;
    let free = if t.keeps && t.training.is_open() { free(cx).await? } else { Vec::new() };
    let s = Shell::of(cx).await?;
    let mut plan = Form::filled([("place", t.training.place.clone().unwrap_or_default())]);
    if let Some(at) = &t.training.held_at {
        plan.set("held_at", s.field_time(at));
    }
    if let Some(hours) = t.training.hours {
        plan.set("hours", hours.to_string());
    }
    let mut forms = BTreeMap::from([("plan".to_owned(), plan)]);
    for one in &t.candidates {
        let usual = [("attended", "on".to_owned()), ("passed", "on".to_owned()), ("months", "12".to_owned())];
        forms.insert(format!("result-{}", one.id.simple()), Form::filled(usual));
    }
    forms.extend(failed);
    let (today, tabs) = (desk::day(&cx.app, &cx.who).await?, Tabs::of(cx));
    Ok(TrainingShow { s, t, today, free, forms, empty: Form::default(), tabs })
}

async fn training(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&training_shown(&cx, id_of(&id)?, None).await?) }).await
}

async fn training_act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let zone = Shell::of(&cx).await?.time_zone;
        let (key, act) = match form.value("action") {
            "enrol" => ("enrol".to_owned(), TrainingAct::Enrol { candidates: form.ids("candidates") }),
            "plan" => {
                let held_at = form.time("held_at", &zone);
                let held_at = form.need("held_at", held_at);
                let hours = form.number("hours");
                ("plan".to_owned(), TrainingAct::Plan { held_at, hours, place: form.text("place") })
            }
            "result" => {
                let candidate_id = form.id("candidate_id");
                let candidate_id = form.need("candidate_id", candidate_id);
                let act = TrainingAct::Result {
                    candidate_id,
                    attended: form.on("attended"),
                    passed: form.on("passed"),
                    score: form.number("score"),
                    certificate_no: form.opt_text("certificate_no"),
                    months: form.number("months"),
                    reason: form.opt_text("reason"),
                };
                (format!("result-{}", candidate_id.simple()), act)
            }
            "cancel" => ("cancel".to_owned(), TrainingAct::Cancel { reason: form.text("reason") }),
            _ => return Err(Error::NotFound),
        };
        if !form.failed() && made(desk::act_training(&cx.app, &cx.who, id, act).await, &mut form)?.is_some() {
            return Ok(go(&format!("/screening/trainings/{id}"), "flash-saved"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &training_shown(&cx, id, Some((key, form))).await?)
    })
    .await
}

// ---- samplers -----------------------------------------------------------------------------

/// A candidate in a list, with how his certificate stands today.
struct Sampler {
    one: Candidate,
    standing: Standing,
}

const SAMPLER_COLUMNS: &[Column] = &[
    Column::new("name", "screening-person-name", "姓名"),
    Column::new("subject", "screening-whose", "所属").plain(),
    Column::new("background", "screening-background", "医学背景").plain(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("certificate", "screening-certificate", "合格证号"),
    Column::new("standing", "screening-standing", "证书").plain(),
    Column::new("to", "screening-valid-to", "有效期至").class("nowrap"),
    Column::new("training", "screening-training", "培训"),
    Column::new("score", "screening-score", "成绩").number().hidden(),
    Column::new("consented", "screening-consented", "同意日期").class("nowrap").hidden(),
];

impl table::Row for Sampler {
    const COLUMNS: &'static [Column] = SAMPLER_COLUMNS;

    fn id(&self) -> Uuid {
        self.one.id
    }

    fn name(&self) -> &str {
        &self.one.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let one = &self.one;
        match column {
            "name" => one.name.clone().into(),
            "subject" => one.subject_name.clone().into(),
            "background" => {
                let note = one.background_note.clone().map(Piece::Quiet);
                Cell::from(s.word("background", one.background)).and(note)
            }
            "state" => s.word("candidate-state", one.state).into(),
            "certificate" => one.certificate_no.clone().into(),
            "standing" if self.standing == Standing::None => Piece::Nothing.into(),
            "standing" => {
                let word = s.word("certificate", self.standing).into_owned();
                Piece::State(word, self.standing == Standing::Expired).into()
            }
            "to" => one.valid_to.map(|day| day.to_string()).into(),
            "training" => match (one.training_id, &one.training_number) {
                (Some(id), Some(number)) => Piece::Link(format!("/screening/trainings/{id}"), number.clone()).into(),
                _ => Cell::default(),
            },
            "score" => one.score.into(),
            "consented" => one.consented_on.to_string().into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "screening/samplers.html")]
struct Samplers {
    s: Shell,
    tabs: Tabs,
    page: Page<Sampler>,
    table: Table,
    may_nominate: bool,
    /// Those whom the reader may take off, to choose from.
    active: Vec<(Uuid, String)>,
    form: Form,
}

async fn samplers_shown(cx: &Cx, form: Form) -> Result<Samplers> {
    let query = Form::parse(cx.request.query.as_bytes());
    let today = desk::day(&cx.app, &cx.who).await?;
    let show = query.value("show");
    let filter = CandidateFilter {
        background: query.opt("background").and_then(Background::parse),
        expired_on: (show == "expired").then_some(today),
        valid_on: (show == "valid").then_some(today),
        free: show == "free",
        q: query.opt_text("q"),
        ..CandidateFilter::default()
    };
    let page = desk::candidates(&cx.app, &cx.who, &filter, query.opt("cursor"), ROWS).await?;
    let page = page.map(|one| Sampler { standing: one.standing(today), one });
    let s = Shell::of(cx).await?;
    let table = Table::of(&s, "screening-samplers", &page.items);
    let may_nominate = cx.who.is(WRITERS);
    let there = page.items.iter().filter(|row| row.one.state != super::CandidateState::Withdrawn);
    let text = |row: &Sampler| format!("{} · {}", row.one.name, row.one.subject_name.clone().unwrap_or_default());
    let active = if may_nominate { there.map(|row| (row.one.id, text(row))).collect() } else { Vec::new() };
    Ok(Samplers { tabs: Tabs::of(cx), may_nominate, active, page, table, form, s })
}

async fn samplers(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&samplers_shown(&cx, Form::default()).await?) }).await
}

async fn sampler_withdraw(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        // The form names whom it means; the address is the one of the list where it stands.
        let named = form.id("sampler_id");
        let id = if id == "chosen" { form.need("sampler_id", named) } else { id_of(&id)? };
        if !form.failed()
            && made(desk::withdraw(&cx.app, &cx.who, id, &form.text("reason")).await, &mut form)?.is_some()
        {
            return Ok(go("/screening/samplers", "flash-saved"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &samplers_shown(&cx, form).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "screening/sampler_new.html")]
struct SamplerNew {
    s: Shell,
    form: Form,
    seek: Seek,
    own: bool,
    disruptions: Vec<(Uuid, String)>,
}

async fn sampler_new(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let mut form = Form::filled([("subject", query.text("of"))]);
        let seek = Seek::of(&cx, &mut form, "subject", VISITED).await?;
        let (own, disruptions) = (is_own(&cx), disruptions(&cx).await?);
        html(&SamplerNew { s: Shell::of(&cx).await?, form, seek, own, disruptions })
    })
    .await
}

async fn sampler_make(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (seek, (enterprise_id, project_id)) = sought(&cx, &mut form).await?;
        let background = form.word("background", Background::parse);
        if background.is_none() && !form.has_error("background") {
            form.add(FieldError::new("background", "required"));
        }
        let new = NewCandidate {
            id: None,
            enterprise_id,
            project_id,
            name: form.text("name"),
            background: background.unwrap_or(Background::Other),
            background_note: form.opt_text("background_note"),
            consent: form.on("consent"),
            disruption_id: form.id("disruption_id"),
        };
        if !form.failed() {
            let result = desk::nominate(&cx.app, &cx.who, new).await.map_err(at_subject);
            if made(result, &mut form)?.is_some() {
                return Ok(go("/screening/samplers", "flash-screening-sampler"));
            }
        }
        let (own, disruptions) = (is_own(&cx), disruptions(&cx).await?);
        let page = SamplerNew { s: Shell::of(&cx).await?, form, seek, own, disruptions };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })
    .await
}

// ---- on the page of an enterprise or a project ----------------------------------------------

/// Points and rounds of a subject as its page sets them.
#[derive(Debug)]
pub struct Section {
    points: Vec<Point>,
    rounds: Vec<(Round, Vec<Missing>)>,
    /// Whether who reads it speaks for the subject.
    own: bool,
}

impl Section {
    /// For whoever reaches the subject; empty for all others.
    pub async fn of(app: &crate::app::App, who: &crate::actor::Actor, id: Uuid) -> Result<Self> {
        let (points, rounds) = desk::of_subject(app, who, id).await?;
        Ok(Self { points, rounds, own: who.is(OUTSIDE) })
    }

    /// The section, or nothing where there is nothing to see.
    pub fn draw<'a>(&'a self, s: &'a Shell) -> Html<Drawn<'a>> {
        HtmlSafeOutput(Drawn { s, section: self })
    }

    fn is_empty(&self) -> bool {
        self.points.is_empty() && self.rounds.is_empty()
    }
}

/// The section, drawn.
#[derive(Template)]
#[template(path = "screening/section.html")]
pub struct Drawn<'a> {
    s: &'a Shell,
    section: &'a Section,
}

impl Drawn<'_> {
    fn light(&self, round: &Round) -> Light {
        urgency(round.due(), self.s.now)
    }
}

/// Moves that need nothing but a button.
const PLAIN: &[PointMove] =
    &[PointMove::Apply, PointMove::Approve, PointMove::Open, PointMove::Report, PointMove::Resume];
/// Moves that need a reason.
const REASONED: &[PointMove] = &[PointMove::SendBack, PointMove::Pause, PointMove::Close];
