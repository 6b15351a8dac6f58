use super::desk::{self, Brief, PromiseFilter, READERS, RECORDERS, VisitFilter};
use super::{
    BlockAnswer, Channel, Coverage, Host, Item, NewAnswer, NewItem, NewPromise, NewVisit, Outcome, Plan, Promise,
    PromiseState, Rating, ReviewState, Row, Rules, Visit, VisitAppeal, VisitKind, at, plan, receipt, review,
};
use crate::actor::{OFFICE, OUTSIDE};
use crate::appeal;
use crate::attachment::pages::{Files, Uploads, may_bring, take};
use crate::attachment::{Owner, Purpose};
use crate::continuity::desk as continuity;
use crate::continuity::{Line, NewLight, State};
use crate::document::Links;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{AfterResult, Form, Posted, PostedFiles, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::session;
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Order};
use crate::organisation;
use crate::saved::{self, List, Offered};
use crate::settings::{self, VisitBlock};
use crate::subject::SubjectKind;
use crate::task;
use crate::time::{Day, Time};
use crate::visit::plan::desk::PlanFilter;
use crate::zone::Zone;
use ::store::Tx;
use askama::Template;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::LazyLock;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let recorders = Access::only(RECORDERS);
    let both = Access::only(RECORDERS.and(OUTSIDE));
    routes
        .get("/visits", readers, visits)
        .get("/visits/export", Access::only(OFFICE), export_visits)
        .post("/visits", recorders, save)
        .get("/visits/new", recorders, new_visit)
        .get("/visits/{id}", readers, visit)
        .post("/visits/{id}/files", both, add_files)
        .get("/promises", readers, promises)
        .get("/promises/export", Access::only(OFFICE), export_promises)
        .get("/promises/{id}", readers, promise)
        .post("/promises/{id}/close", recorders, end_promise);
}

/// `enterprise:id` or `project:id`.
pub(super) fn subject_of(text: &str) -> Option<(SubjectKind, Uuid)> {
    let (kind, id) = text.split_once(':')?;
    let kind = SubjectKind::parse(kind).filter(|kind| *kind != SubjectKind::Carrier)?;
    Some((kind, Uuid::parse_str(id).ok()?))
}

/// The subject that a query names: `enterprise=id`, `project=id` or `subject=kind:id`.
pub(super) fn asked_subject(query: &Form) -> Option<String> {
    let named = ["enterprise", "project"].iter().find_map(|kind| query.opt(kind).map(|id| format!("{kind}:{id}")));
    named.or_else(|| query.opt_text("subject"))
}

/// The name of a block: the zone's own, or the one of the locale files.
pub(super) fn block_name(s: &Shell, block: &VisitBlock) -> String {
    block.name.clone().unwrap_or_else(|| s.word("visit-block", &block.key).into_owned())
}

/// A text that only some blocks have.
fn block_text(s: &Shell, family: &str, block: &VisitBlock) -> String {
    let key = format!("{family}-{}", block.key);
    if s.lang.has(&key) { s.t(&key).into_owned() } else { String::new() }
}

// Lists

#[derive(Template)]
#[template(path = "visit/visits.html")]
struct VisitsPage {
    s: Shell,
    page: Page<Row>,
    table: Table,
    offered: Offered,
    coverage: Option<Vec<Coverage>>,
    plans: Option<Page<Plan>>,
    recorder: bool,
    office: bool,
}

/// The columns of the list of visits.
const VISITS: &[Column] = &[
    Column::new("subject", "continuity-subject", "走访对象"),
    Column::new("happened", "field-happened_at", "走访时间").sorted().plain(),
    Column::new("channel", "field-channel-visit", "方式").plain(),
    Column::new("kind", "visit-kind", "类型").hidden(),
    Column::new("outcome", "visit-outcome", "结果").hidden(),
    Column::new("team", "visit-team", "走访人员").plain(),
    Column::new("appeals", "nav-appeals", "诉求数").number(),
    Column::new("promises", "promises", "承诺数").number(),
    Column::new("lights", "continuity", "三不停").number(),
    Column::new("ack", "visit-ack", "企业确认"),
    Column::new("review", "visit-review", "审核").hidden(),
    Column::new("number", "number", "编号").class("wide nowrap"),
];

impl table::Row for Row {
    const COLUMNS: &'static [Column] = VISITS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.subject_name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let outcome = || s.word("visit-outcome", self.outcome).into_owned();
        match column {
            "subject" => Piece::Link(format!("/visits/{}", self.id), self.subject_name.clone()).into(),
            "happened" => self.happened_at.into(),
            "channel" => Cell::from(s.word("visit-channel", self.channel))
                .beside((self.outcome != Outcome::Done).then(|| Piece::State(outcome(), false))),
            "kind" => s.word("visit-kind", self.kind).into(),
            "outcome" => outcome().into(),
            "team" => Cell::from(self.leader_name.clone())
                .and((self.visitors > 1).then(|| Piece::Text(s.with("visit-and-more", "n", self.visitors)))),
            "appeals" => self.appeals.into(),
            "promises" => self.promises.into(),
            "lights" => self.lights.into(),
            "ack" => self.ack_at.into(),
            "review" => self.review.map(|state| Piece::State(s.word("review-state", state).into_owned(), false)).into(),
            "number" => self.number.clone().into(),
            _ => Cell::default(),
        }
    }
}

/// What the query of the list asks.
fn visits_asked(s: &Shell) -> VisitFilter {
    let query = Form::parse(s.query.as_bytes());
    let next = |day: Day| day.0.tomorrow().map_or(day, Day).start(&s.time_zone);
    VisitFilter {
        order: Order::read(query.opt("sort"), "-happened").unwrap_or_default(),
        channel: query.opt("channel").and_then(Channel::parse),
        kind: query.opt("kind").and_then(VisitKind::parse),
        from: query.opt("from").and_then(Day::read).map(|day| day.start(&s.time_zone)),
        to: query.opt("to").and_then(Day::read).map(next),
        q: query.opt_text("q"),
        review: query.opt("review").and_then(ReviewState::parse),
        ..VisitFilter::default()
    }
}

async fn visits(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let query = Form::parse(cx.request.query.as_bytes());
        let (office, recorder) = (cx.who.is(OFFICE), cx.who.is(RECORDERS));
        let (mut coverage, mut plans, mut page) = (None, None, Page::new(Vec::new(), None, 0));
        match query.value("show") {
            "coverage" if office => coverage = Some(desk::coverage(&cx.app, &cx.who, 100).await?),
            show @ ("plans" | "unanswered" | "over-cap") => {
                let filter = match show {
                    "unanswered" => plan::desk::unanswered(&cx.app, &cx.who).await?,
                    "over-cap" => PlanFilter { over_cap: true, ..PlanFilter::default() },
                    _ => PlanFilter { open: true, ..PlanFilter::default() },
                };
                plans = Some(plan::desk::plans(&cx.app, &cx.who, &filter, query.opt("cursor"), 20).await?);
            }
            _ => page = desk::visits(&cx.app, &cx.who, &visits_asked(&s), query.opt("cursor"), 20).await?,
        }
        let table = Table::of(&s, "visits", &page.items);
        let offered = saved::desk::offered(&cx.app, &cx.who, List::Visits).await?;
        html(&VisitsPage { s, page, table, offered, coverage, plans, recorder, office })
    })
    .await
}

/// What the page shows as a file.
async fn export_visits(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let s = Shell::of(&cx).await?;
        let filter = visits_asked(&s);
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::visits(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        table::exported::<Row, _>(&cx, "走访台账", "visit", page).await
    })
    .await
}

// One save

/// Lists of rows of the form, and how many rows each begins with.
const ROWS: &[(&str, usize)] =
    &[("visitor", 3), ("host", 1), ("appeal", 3), ("promise", 3), ("requirement", 3), ("hazard", 3), ("answer", 3)];
/// No list has more rows on the page.
const MAX_ROWS: usize = 30;

#[derive(Template)]
#[template(path = "visit/new.html")]
struct NewVisitPage {
    s: Shell,
    f: VisitForm,
    b: Brief,
    subject: String,
}

/// The one-save form: what was typed, and what its fields offer.
pub(super) struct VisitForm {
    pub(super) kind: SubjectKind,
    pub(super) form: Form,
    pub(super) rows: Vec<(&'static str, usize)>,
    pub(super) blocks: Vec<VisitBlock>,
    pub(super) lines: &'static [Line],
    pub(super) people: Vec<(Uuid, String)>,
    pub(super) categories: Vec<(String, String)>,
    pub(super) urgencies: Vec<(String, String)>,
    pub(super) disruptions: Vec<(Uuid, String)>,
    /// Whether records are reviewed, so that one can be kept as a draft.
    pub(super) reviews: bool,
}

impl VisitForm {
    /// The form for subjects of that kind, with what was typed.
    pub(super) async fn of(cx: &Cx, s: &Shell, kind: SubjectKind, form: Form) -> Result<Self> {
        let mut tx = cx.read().await?;
        let zone = cx.who.zone_id;
        let blocks = settings::desk::visit_blocks(&mut tx, zone, false).await?;
        let open = continuity::open_disruptions(&mut tx, zone).await?;
        let categories = categories(&mut tx, s, zone).await?;
        let reviews = Rules::of(&Zone::get(&mut tx, zone).await?.settings).review;
        drop(tx);
        let staff = organisation::desk::staff(&cx.app, &cx.who, None, None, 200).await?;
        let rows = ROWS
            .iter()
            .map(|(name, least)| {
                let asked = form.value(&format!("rows_{name}")).parse().unwrap_or(0_usize);
                let more = if form.is("more", name) { 3 } else { 0 };
                (*name, (asked.max(*least) + more).min(MAX_ROWS))
            })
            .collect();
        let urgencies =
            ["normal", "urgent", "critical"].map(|word| (word.to_owned(), s.word("urgency", word).into_owned()));
        Ok(Self {
            kind,
            form,
            rows,
            blocks,
            lines: Line::of(kind),
            people: staff.items.into_iter().map(|person| (person.id, person.name)).collect(),
            categories,
            urgencies: urgencies.into(),
            disruptions: open.into_iter().map(|d| (d.id, d.name)).collect(),
            reviews,
        })
    }

    /// What a form begins with. What was planned is not typed again: who goes, why and
    /// by what way.
    pub(super) fn begun(cx: &Cx, s: &Shell, planned: Option<&plan::PlanRecord>) -> Form {
        let (mut channel, mut why) = (Channel::Onsite, VisitKind::Routine);
        let mut team: Vec<Uuid> = cx.who.person_id.into_iter().collect();
        if let Some(record) = planned {
            let going = record.plan.planned_by.into_iter().chain(record.companions.iter().map(|one| one.person_id));
            team = going.collect();
            channel = record.plan.channel;
            why = if record.is_joint() { VisitKind::Joint } else { record.plan.kind };
        }
        let known = [
            ("happened_at", s.field_time(&s.now)),
            ("channel", channel.to_string()),
            ("kind", why.to_string()),
            ("outcome", Outcome::Done.to_string()),
            ("rows_visitor", team.len().to_string()),
        ];
        Form::filled(known.into_iter().chain(team.iter().map(|id| ("visitor", id.to_string()))))
    }

    pub(super) fn range(&self, name: &str) -> Vec<usize> {
        let n = self.rows.iter().find(|(row, _)| *row == name).map_or(0, |(_, n)| *n);
        (0..n).collect()
    }

    pub(super) fn visitor_label(&self, n: &usize) -> &'static str {
        if *n == 0 { "visit-leader" } else { "visit-member" }
    }

    pub(super) fn block_name(&self, s: &Shell, block: &VisitBlock) -> String {
        block_name(s, block)
    }

    pub(super) fn block_hint(&self, s: &Shell, block: &VisitBlock) -> String {
        block_text(s, "visit-hint", block)
    }

    /// What is often found, to choose from.
    pub(super) fn findings(&self, s: &Shell, block: &VisitBlock) -> Vec<String> {
        block_text(s, "visit-findings", block)
            .split(['、', '|'])
            .map(|f| f.trim().to_owned())
            .filter(|f| !f.is_empty())
            .collect()
    }

    pub(super) fn findings_id(&self, block: &VisitBlock) -> String {
        format!("findings-{}", block.key)
    }

    pub(super) fn rated(&self, block: &VisitBlock, rating: &Rating) -> bool {
        let typed = self.form.value(&at("rating", &block.key));
        typed == rating.word() || typed.is_empty() && *rating == Rating::NotChecked
    }

    pub(super) fn sayable(&self, state: &State) -> bool {
        *state != State::Unknown && (*state != State::SuspendedFiled || self.kind == SubjectKind::Enterprise)
    }

    pub(super) fn filled(&self, name: &str) -> bool {
        self.form.all(name).iter().any(|value| !value.trim().is_empty())
    }
}

async fn new_visit_page(cx: &Cx, kind: SubjectKind, id: Uuid, form: Form) -> Result<NewVisitPage> {
    let s = Shell::of(cx).await?;
    let b = desk::brief(&cx.app, &cx.who, kind, id).await?;
    let f = VisitForm::of(cx, &s, kind, form).await?;
    Ok(NewVisitPage { s, f, b, subject: format!("{kind}:{id}") })
}

/// Categories of appeals to choose from: key and name.
async fn categories(tx: &mut Tx, s: &Shell, zone: Uuid) -> Result<Vec<(String, String)>> {
    let all = appeal::desk::categories(tx, zone).await?;
    let named = |c: appeal::policy::Category| {
        let name = c.name.unwrap_or_else(|| s.word("category", &c.key).into_owned());
        (c.key, name)
    };
    Ok(all.into_iter().map(named).collect())
}

#[derive(Template)]
#[template(path = "visit/choose.html")]
struct ChoosePage {
    s: Shell,
    form: Form,
    subjects: Vec<(String, String)>,
}

async fn new_visit(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let Some(subject) = asked_subject(&query) else {
            let subjects = continuity::subjects(&cx.app, &cx.who).await?;
            return html(&ChoosePage { s: Shell::of(&cx).await?, form: query, subjects });
        };
        let (kind, id) = subject_of(&subject).ok_or(Error::NotFound)?;
        let s = Shell::of(&cx).await?;
        let planned = match Uuid::parse_str(query.value("plan")) {
            Ok(planned) => Some(plan::desk::record(&mut cx.read().await?, &cx.who, planned).await?),
            Err(_) => None,
        };
        let mut form = VisitForm::begun(&cx, &s, planned.as_ref());
        form.fill("plan_id", query.text("plan"));
        form.fill("disruption_id", query.text("disruption"));
        html(&new_visit_page(&cx, kind, id, form).await?)
    })
    .await
}

/// The visit that a form tells of, and which row of the form each part of it
/// came from: place in the visit to field of the form.
pub(super) struct Told {
    pub(super) visit: NewVisit,
    pub(super) places: HashMap<String, String>,
}

impl Told {
    fn place(&mut self, part: String, field: String) {
        self.places.insert(part, field);
    }
}

/// The field of the form for a place that the desk refused.
pub(super) fn field_of(places: &HashMap<String, String>, place: &str) -> String {
    let tail =
        |prefix: &str| place.strip_prefix(prefix)?.split_once('/').map(|(n, field)| (n.to_owned(), field.to_owned()));
    places.get(place).cloned().unwrap_or_else(|| {
        // A record that a marked line made is wrong where the line is.
        let marked = ["appeals/", "promises/", "continuity/"].iter().any(|prefix| tail(prefix).is_some());
        if marked { "note".to_owned() } else { place.to_owned() }
    })
}

/// The last instant of a day in the n-th field of that name.
fn nth_day(form: &mut Form, name: &str, n: usize, zone: &TimeZone) -> Option<Time> {
    let text = form.nth(name, &n).trim().to_owned();
    if text.is_empty() {
        return None;
    }
    match Day::read(&text).and_then(|day| day.0.tomorrow().ok()) {
        Some(next) => Some(Day(next).start(zone).plus(-1)),
        None => {
            form.add(FieldError::new(at(name, n), "unreadable"));
            None
        }
    }
}

fn nth_id(form: &mut Form, name: &str, n: usize) -> Option<Uuid> {
    let text = form.nth(name, &n).trim().to_owned();
    if text.is_empty() {
        return None;
    }
    let id = Uuid::parse_str(&text).ok();
    if id.is_none() {
        form.add(FieldError::new(at(name, n), "unreadable"));
    }
    id
}

fn nth_text(form: &Form, name: &str, n: usize) -> Option<String> {
    Some(form.nth(name, &n).trim().to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn told(form: &mut Form, kind: SubjectKind, id: Uuid, blocks: &[VisitBlock], zone: &TimeZone) -> Told {
    let visit = match kind {
        SubjectKind::Project => NewVisit::to_project(id),
        _ => NewVisit::to_enterprise(id),
    };
    let mut told = Told { visit, places: HashMap::new() };
    told.visit.happened_at = form.time("happened_at", zone);
    told.visit.channel = form.word("channel", Channel::parse);
    told.visit.kind = form.word("kind", VisitKind::parse);
    told.visit.outcome = form.word("outcome", Outcome::parse);
    told.visit.minutes = form.number("minutes");
    told.visit.note = form.opt_text("note");
    told.visit.asked_for_material = form.on("asked_for_material");
    told.visit.next_contact_due_at = nth_day(form, "next_contact_due_at", 0, zone);
    told.visit.disruption_id = form.id("disruption_id");
    told.visit.plan_id = form.id("plan_id");
    told.visit.draft = form.on("draft");
    for n in 0..form.all("visitor").len().min(MAX_ROWS) {
        if let Some(person) = nth_id(form, "visitor", n) {
            told.place(format!("visitors/{}", told.visit.visitors.len()), at("visitor", n));
            told.visit.visitors.push(person);
        }
    }
    told.place("visitors".into(), at("visitor", 0));
    for n in 0..form.all("host_name").len().min(MAX_ROWS) {
        let (name, title) = (nth_text(form, "host_name", n), nth_text(form, "host_title", n));
        if name.is_some() || title.is_some() {
            for part in ["name", "title"] {
                told.place(format!("hosts/{}/{part}", told.visit.hosts.len()), at(format!("host_{part}"), n));
            }
            told.visit.hosts.push(Host { name: name.unwrap_or_default(), title });
        }
    }
    for block in blocks {
        let key = &block.key;
        let rating = form.word(&at("rating", key), Rating::parse).unwrap_or(Rating::NotChecked);
        let (finding, text) = (form.opt_text(&at("finding", key)), form.opt_text(&at("text", key)));
        if rating != Rating::NotChecked || finding.is_some() || text.is_some() {
            let n = told.visit.blocks.len();
            told.place(format!("blocks/{n}/finding"), at(at("finding", key), 0));
            told.place(format!("blocks/{n}/text"), at("text", key));
            told.visit.blocks.push(BlockAnswer { key: key.clone(), rating, finding, text });
        }
    }
    for line in Line::of(kind) {
        let (state, cause) = (at("state", line), at("cause", line));
        let percent = at("reduced_to", line);
        let reduced_to = form.number(&percent);
        let Some(said) = form.word(&state, State::parse) else {
            // A cause without a state would be lost: say so instead.
            if form.opt(&cause).is_some() || reduced_to.is_some() {
                form.add(FieldError::new(state, "required"));
            }
            continue;
        };
        let n = told.visit.continuity.len();
        for (part, field) in [("cause", &cause), ("reduced_to", &percent), ("state", &state), ("line", &state)] {
            told.place(format!("continuity/{n}/{part}"), field.clone());
        }
        let mut light = NewLight::new(*line, said);
        light.cause = form.opt_text(&cause);
        light.reduced_to = reduced_to;
        told.visit.continuity.push(light);
    }
    rows_of(form, &mut told, zone);
    told
}

/// Appeals, promises, requirements, hazards and answers.
fn rows_of(form: &mut Form, told: &mut Told, zone: &TimeZone) {
    for n in 0..form.all("appeal_title").len().min(MAX_ROWS) {
        let (title, body) = (nth_text(form, "appeal_title", n), nth_text(form, "appeal_body", n));
        if title.is_some() || body.is_some() {
            for part in ["title", "category", "urgency", "body"] {
                told.place(format!("appeals/{}/{part}", told.visit.appeals.len()), at(format!("appeal_{part}"), n));
            }
            told.visit.appeals.push(VisitAppeal {
                id: None,
                title: title.unwrap_or_default(),
                body,
                category: nth_text(form, "appeal_category", n),
                urgency: nth_text(form, "appeal_urgency", n),
                kind: None,
            });
        }
    }
    for n in 0..form.all("promise_text").len().min(MAX_ROWS) {
        let (text, due_at) = (nth_text(form, "promise_text", n), nth_day(form, "promise_due", n, zone));
        if text.is_none() && due_at.is_none() {
            continue;
        }
        if due_at.is_none() {
            form.add(FieldError::new(at("promise_due", n), "promise_due_missing"));
        }
        let owner_id = nth_id(form, "promise_owner", n);
        for (part, field) in [("text", "promise_text"), ("due_at", "promise_due"), ("owner_id", "promise_owner")] {
            told.place(format!("promises/{}/{part}", told.visit.promises.len()), at(field, n));
        }
        let due_at = due_at.unwrap_or_default();
        told.visit.promises.push(NewPromise { id: None, text: text.unwrap_or_default(), owner_id, due_at });
    }
    for (list, text_name, due_name) in
        [("requirements", "requirement_text", "requirement_due"), ("hazards", "hazard_text", "hazard_due")]
    {
        for n in 0..form.all(text_name).len().min(MAX_ROWS) {
            let (text, due_at) = (nth_text(form, text_name, n), nth_day(form, due_name, n, zone));
            if text.is_none() && due_at.is_none() {
                continue;
            }
            let owner_id = if list == "hazards" { nth_id(form, "hazard_owner", n) } else { None };
            let items = if list == "hazards" { &mut told.visit.hazards } else { &mut told.visit.requirements };
            let place = items.len();
            items.push(NewItem { text: text.unwrap_or_default(), due_at, owner_id });
            told.place(format!("{list}/{place}/owner_id"), at("hazard_owner", n));
            told.place(format!("{list}/{place}/text"), at(text_name, n));
            told.place(format!("{list}/{place}/due_at"), at(due_name, n));
        }
    }
    for n in 0..form.all("answer_question").len().min(MAX_ROWS) {
        let (question, answer) = (nth_text(form, "answer_question", n), nth_text(form, "answer_text", n));
        if question.is_some() || answer.is_some() {
            let place = told.visit.answers.len();
            told.place(format!("answers/{place}/question"), at("answer_question", n));
            told.place(format!("answers/{place}/answer"), at("answer_text", n));
            let (question, answer) = (question.unwrap_or_default(), answer.unwrap_or_default());
            told.visit.answers.push(NewAnswer { question, answer });
        }
    }
}

async fn save(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let Some((kind, id)) = subject_of(form.value("subject")) else {
            return Ok(go("/visits/new", ""));
        };
        if form.opt("more").is_some() {
            // More rows were asked for: everything stays, nothing is saved.
            return html(&new_visit_page(&cx, kind, id, form).await?);
        }
        let zone = Shell::of(&cx).await?.time_zone;
        let mut tx = cx.read().await?;
        let blocks = settings::desk::visit_blocks(&mut tx, cx.who.zone_id, false).await?;
        drop(tx);
        let told = told(&mut form, kind, id, &blocks, &zone);
        if !form.failed() {
            let Told { visit, places } = told;
            match desk::save(&cx.app, &cx.who, visit).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/visits/{id}"), "flash-visit-saved")),
                Err(Error::Invalid(errors)) => {
                    for error in errors {
                        form.add(FieldError { field: field_of(&places, &error.field), ..error });
                    }
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_visit_page(&cx, kind, id, form).await?)
    })
    .await
}

// One record

#[derive(Template)]
#[template(path = "visit/visit.html")]
pub(super) struct VisitPage {
    s: Shell,
    x: Visit,
    title: String,
    sentence: String,
    home: String,
    blocks: Vec<VisitBlock>,
    items: Vec<(String, Vec<Item>)>,
    /// To whom what is open can be handed.
    people: Vec<(Uuid, String)>,
    office: bool,
    outside: bool,
    recorder: bool,
    /// What this person may do with the review.
    steps: Vec<review::Step>,
    /// The link of the enterprise, whole, and its code.
    link: Option<(String, String)>,
    files: Files,
    tasks: task::pages::Section,
    documents: Links,
    /// Whether files may be added here, by the form that adds them.
    adds: bool,
    uploads: Uploads,
    typed: Typed,
}

impl VisitPage {
    /// What was typed into the form of an item and did not hold.
    fn form_of(&self, item: &Uuid) -> &Form {
        static EMPTY: LazyLock<Form> = LazyLock::new(Form::default);
        self.typed.item.as_ref().filter(|(id, _)| id == item).map_or(&*EMPTY, |(_, form)| form)
    }

    /// Whether somebody may take a step of the review.
    fn may(&self, step: &str) -> bool {
        self.steps.iter().any(|one| one.word() == step)
    }

    fn block_name(&self, block: &VisitBlock) -> String {
        block_name(&self.s, block)
    }
}

/// What was typed into the forms of the page and did not hold.
#[derive(Default)]
pub(super) struct Typed {
    /// The one of the receipt.
    pub(super) receipt: Form,
    /// The one that adds files.
    pub(super) added: Form,
    /// The one of the review.
    pub(super) review: Form,
    /// The one of a requirement or hazard.
    pub(super) item: Option<(Uuid, Form)>,
}

pub(super) async fn visit_page(cx: &Cx, headers: &HeaderMap, id: Uuid, typed: Typed) -> Result<VisitPage> {
    let s = Shell::of(cx).await?;
    let mut x = desk::visit(&cx.app, &cx.who, id).await?;
    let mut tx = cx.read().await?;
    let blocks = settings::desk::visit_blocks(&mut tx, cx.who.zone_id, true).await?;
    let steps = review::desk::steps(&mut tx, &cx.who, id).await?;
    let site = session::origin(&cx.app, headers);
    let handed = receipt::desk::link_of(&cx.app, &mut tx, &cx.who, id).await?;
    drop(tx);
    let items = vec![
        (s.t("visit-requirements").into_owned(), std::mem::take(&mut x.requirements)),
        (s.t("visit-hazards").into_owned(), std::mem::take(&mut x.hazards)),
        (s.t("visit-answers").into_owned(), std::mem::take(&mut x.answers)),
    ];
    let title = format!("{} · {}", x.subject_name, s.t("visit"));
    let mut sentence = format!(
        "{} · {} · {} · {}",
        x.number,
        s.word("visit-kind", x.kind),
        s.word("visit-channel", x.channel),
        s.word("visit-outcome", x.outcome)
    );
    if let Some(state) = x.review {
        sentence = format!("{sentence} · {}", s.word("review-state", state));
    }
    let (office, recorder) = (cx.who.is(OFFICE), cx.who.is(RECORDERS));
    let mut people = Vec::new();
    if recorder && items.iter().flat_map(|(_, items)| items).any(Item::is_open) {
        let staff = organisation::desk::staff(&cx.app, &cx.who, None, None, 200).await?;
        people.extend(staff.items.into_iter().map(|person| (person.id, person.name)));
    }
    let outside = cx.who.roles.meets(OUTSIDE);
    Ok(VisitPage {
        home: x.subject_kind.href(x.subject_id),
        files: Files::of(cx, Owner::Visit, id).await?,
        tasks: task::pages::Section::of(cx, task::RecordKind::Visit, id, true).await?,
        documents: Links::of_visit(cx, &x).await?,
        uploads: Uploads::of(cx, &cx.who, &typed.added).await?,
        adds: outside || recorder,
        link: handed.map(|handed| (format!("{site}{}", handed.href), handed.code)),
        s,
        x,
        title,
        sentence,
        blocks,
        items,
        people,
        office,
        outside,
        recorder,
        steps,
        typed,
    })
}

async fn visit(cx: Cx, headers: HeaderMap, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&visit_page(&cx, &headers, id_of(&id)?, Typed::default()).await?) }).await
}

async fn add_files(Path(id): Path<String>, headers: HeaderMap, request: Request) -> AfterResult {
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may_bring(Owner::Visit, id.clone())).await?;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let key = take(&cx, &cx.who, &mut form, files).await?;
        if !form.failed()
            && let Some(key) = key
        {
            let purpose = if form.on("internal") { Purpose::Note } else { Purpose::Report };
            if made(desk::add_files(&cx.app, &cx.who, id, purpose, key).await, &mut form)?.is_some() {
                return Ok(go(&format!("/visits/{id}"), "flash-attachment-added"));
            }
        }
        let typed = Typed { added: form, ..Typed::default() };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &visit_page(&cx, &headers, id, typed).await?)
    })
    .await)
}

// Promises

#[derive(Template)]
#[template(path = "visit/promises.html")]
struct PromisesPage {
    s: Shell,
    page: Page<Promise>,
    table: Table,
    offered: Offered,
}

/// The columns of the list of promises.
const PROMISES: &[Column] = &[
    Column::new("text", "promise-text", "承诺事项"),
    Column::new("subject", "continuity-subject", "对象").plain(),
    Column::new("due", "promise-due", "兑现时限").sorted().plain(),
    Column::new("owner", "promise-owner", "责任人"),
    Column::new("state", "continuity-state", "状态").plain(),
    Column::new("ended", "promise-ended", "办结日期").hidden().class("nowrap"),
    Column::new("reason", "promise-reason-short", "说明").hidden().class("wide"),
    Column::new("created", "promise-made", "承诺日期").hidden().class("nowrap"),
];

impl table::Row for Promise {
    const COLUMNS: &'static [Column] = PROMISES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.text
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "text" => Piece::Link(format!("/promises/{}", self.id), self.text.clone()).into(),
            "subject" => self.subject_name.clone().into(),
            "due" if self.state == PromiseState::Open => {
                Piece::Due(Some(self.due_at), continuity::urgency(Some(self.due_at), s.now)).into()
            }
            "due" => self.due_at.into(),
            "owner" => self.owner_name.clone().into(),
            "state" => Piece::State(s.word("promise-state", self.state).into_owned(), false).into(),
            "ended" => self.ended_at.map(|at| s.date(&at)).into(),
            "reason" => self.reason.clone().into(),
            "created" => s.date(&self.created_at).into(),
            _ => Cell::default(),
        }
    }
}

/// What the query of the list asks.
fn promises_asked(cx: &Cx) -> PromiseFilter {
    let query = Form::parse(cx.request.query.as_bytes());
    let show = query.value("show");
    PromiseFilter {
        order: Order::read(query.opt("sort"), "due").unwrap_or_default(),
        overdue_at: (show == "overdue").then(|| cx.now()),
        owner_id: cx.who.person_id.filter(|_| show == "mine"),
        state: Some(PromiseState::parse(show).unwrap_or(PromiseState::Open)),
        q: query.opt_text("q"),
        ..PromiseFilter::default()
    }
}

async fn promises(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let cursor = Form::parse(cx.request.query.as_bytes()).opt_text("cursor");
        let page = desk::promises(&cx.app, &cx.who, &promises_asked(&cx), cursor.as_deref(), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "promises", &page.items);
        let offered = saved::desk::offered(&cx.app, &cx.who, List::Promises).await?;
        html(&PromisesPage { s, page, table, offered })
    })
    .await
}

/// What the page shows as a file.
async fn export_promises(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let filter = promises_asked(&cx);
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::promises(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        table::exported::<Promise, _>(&cx, "承诺清单", "promise", page).await
    })
    .await
}

#[derive(Template)]
#[template(path = "visit/promise.html")]
struct PromisePage {
    s: Shell,
    p: Promise,
    sentence: String,
    home: String,
    recorder: bool,
    form: Form,
}

async fn promise_page(cx: &Cx, id: Uuid, form: Form) -> Result<PromisePage> {
    let s = Shell::of(cx).await?;
    let mut tx = cx.read().await?;
    let p = desk::promise_of(&mut tx, &cx.who, id).await?;
    let sentence = format!("{} · {}", p.subject_name, s.word("promise-state", p.state));
    let home = p.subject_kind.href(p.subject_id);
    Ok(PromisePage { s, p, sentence, home, recorder: cx.who.is(RECORDERS), form })
}

async fn promise(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&promise_page(&cx, id_of(&id)?, Form::default()).await?) }).await
}

async fn end_promise(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let reason = form.opt_text("reason");
        let kept = form.on("kept");
        if made(desk::end_promise(&cx.app, &cx.who, id, kept, reason.as_deref()).await, &mut form)?.is_some() {
            return Ok(go(&format!("/promises/{id}"), "flash-promise-ended"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &promise_page(&cx, id, form).await?)
    })
    .await
}
