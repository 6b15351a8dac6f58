use super::desk::{self, StandingAsked};
use super::{
    CHECKERS, DrillKind, NewReadyGap, NewReadyPlan, READERS, ReadyAct, ReadyAnswer, ReadyItem, ReadyItemKind,
    ReadyKind, ReadyMove, ReadyRecord, ReadyShow, ReadyStanding, ReadyState, ReviewMode,
};
use crate::actor::{OFFICE, OUTSIDE};
use crate::attachment::Owner;
use crate::attachment::pages::{Files, Uploads, may_bring, take};
use crate::document;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{AfterResult, Form, Posted, PostedFiles, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::Column;
use crate::subject::SubjectKind;
use crate::task;
use crate::time::Day;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let writers = Access::only(OUTSIDE.and(CHECKERS));
    routes
        .get("/plans", readers, index)
        .get("/plans/export", Access::only(OFFICE), export)
        .post("/plans", writers, begin)
        .get("/plans/{id}", readers, show)
        .post("/plans/{id}", writers, act)
        .get("/plans/{id}/edit", writers, edit_page)
        .post("/plans/{id}/edit", writers, edit)
        .post("/plans/{id}/files", writers, add_file);
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("name", "continuity-subject", "对象").sorted(),
    Column::new("control", "ready-kind-control", "防控方案").sorted().plain(),
    Column::new("emergency", "ready-kind-emergency", "应急预案").sorted().plain(),
    Column::new("drill", "ready-drill-due", "演练期限").sorted().class("nowrap"),
    Column::new("filing", "ready-filing-due", "备案期限").class("nowrap"),
    Column::new("control_until", "ready-control-until", "防控方案有效期至").hidden().class("nowrap"),
    Column::new("emergency_until", "ready-emergency-until", "应急预案有效期至").hidden().class("nowrap"),
    Column::new("kind", "ready-subject-kind", "类别").hidden().plain(),
    Column::new("key", "enterprise-key", "重点").hidden(),
];

/// How a plan of a kind stands, or that there is none.
fn state_cell(s: &Shell, id: Option<Uuid>, state: Option<ReadyState>) -> Cell {
    match id.zip(state) {
        Some((id, state)) => Piece::Link(format!("/plans/{id}"), s.word("ready-state", state).into_owned()).into(),
        None => Piece::State(s.t("ready-none").into_owned(), false).into(),
    }
}

fn fixed(day: Option<Day>) -> Cell {
    day.map(|day| Piece::Fixed(day.to_string())).into()
}

/// A day that something is due, marked when it is over.
fn due_cell(s: &Shell, day: Option<Day>) -> Cell {
    let over = day.is_some_and(|day| day < s.now.day(&s.time_zone));
    fixed(day).and(over.then(|| Piece::Light("overdue".into(), s.word("light", "overdue").into_owned())))
}

impl table::Row for ReadyStanding {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "name" => Piece::Link(self.subject_kind.href(self.id), self.name.clone()).into(),
            "control" => state_cell(s, self.control_id, self.control_state),
            "emergency" => state_cell(s, self.emergency_id, self.emergency_state),
            "drill" => due_cell(s, self.drill_due),
            "filing" => due_cell(s, self.filing_due),
            "control_until" => fixed(self.control_until),
            "emergency_until" => fixed(self.emergency_until),
            "kind" => s.word("ready-subject", self.subject_kind).into(),
            "key" => s.t(if self.key { "yes" } else { "no" }).into(),
            _ => Cell::default(),
        }
    }
}

// ---- the list, and an enterprise's own page ----------------------------------------------

#[derive(Template)]
#[template(path = "readiness/plans.html")]
struct Index {
    s: Shell,
    page: Page<ReadyStanding>,
    table: Table,
}

#[derive(Template)]
#[template(path = "readiness/own.html")]
struct Own {
    s: Shell,
    section: Option<Section>,
}

fn asked(cx: &Cx) -> StandingAsked {
    let query = Form::parse(cx.request.query.as_bytes());
    StandingAsked {
        show: ReadyShow::parse(query.value("show")),
        key: query.on("key"),
        mine: query.on("mine"),
        subject_id: None,
        q: query.opt_text("q"),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        if cx.who.is(OUTSIDE) {
            let own = cx.who.enterprise_id.or(cx.who.project_id).unwrap_or_default();
            let section = Section::of(&cx, own).await?;
            return html(&Own { s: Shell::of(&cx).await?, section });
        }
        let page = desk::standing(&cx.app, &cx.who, &asked(&cx), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "ready-plans", &page.items);
        html(&Index { s, page, table })
    })
    .await
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = |cursor: Option<String>| {
            let (cx, asked) = (&cx, StandingAsked { cursor, ..asked(&cx) });
            async move { desk::standing(&cx.app, &cx.who, &asked, MAX_LIMIT).await }
        };
        table::exported::<ReadyStanding, _>(&cx, "两案台账", desk::TABLE, page).await
    })
    .await
}

async fn begin(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let kind = form.word("kind", ReadyKind::parse);
        let subject = form.id("subject_id");
        let (enterprise_id, project_id) = match SubjectKind::parse(form.value("subject_kind")) {
            Some(SubjectKind::Project) => (None, subject),
            _ => (subject, None),
        };
        let new = NewReadyPlan { id: None, kind, enterprise_id, project_id, disruption_id: None };
        match desk::begin(&cx.app, &cx.who, new).await {
            Ok(id) | Err(Error::Replayed(id)) => Ok(go(&format!("/plans/{id}/edit"), "flash-ready-begun")),
            Err(error) => Err(error),
        }
    })
    .await
}

// ---- on the page of an enterprise or a project ---------------------------------------------

/// Both plans of a subject, as its page sets them.
pub struct Section {
    one: ReadyStanding,
    /// Whether the reader may begin one.
    begins: bool,
}

/// One of the two plans, as a line.
struct Of {
    kind: ReadyKind,
    id: Option<Uuid>,
    state: Option<ReadyState>,
    until: Option<Day>,
}

impl Section {
    /// For who reaches the subject; none for all others.
    pub async fn of(cx: &Cx, subject: Uuid) -> Result<Option<Self>> {
        let begins = cx.who.is(OUTSIDE.and(CHECKERS));
        Ok(desk::of_subject(&cx.app, &cx.who, subject).await?.map(|one| Self { one, begins }))
    }

    fn plans(&self) -> [Of; 2] {
        let one = &self.one;
        [
            Of { kind: ReadyKind::Control, id: one.control_id, state: one.control_state, until: one.control_until },
            Of {
                kind: ReadyKind::Emergency,
                id: one.emergency_id,
                state: one.emergency_state,
                until: one.emergency_until,
            },
        ]
    }

    /// The section.
    pub fn draw<'a>(&'a self, s: &'a Shell) -> Html<Drawn<'a>> {
        HtmlSafeOutput(Drawn { s, section: self })
    }
}

/// The section, drawn.
#[derive(Template)]
#[template(path = "readiness/section.html")]
pub struct Drawn<'a> {
    s: &'a Shell,
    section: &'a Section,
}

// ---- one of them ------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "readiness/plan.html")]
struct Show {
    s: Shell,
    r: ReadyRecord,
    forms: BTreeMap<String, Form>,
    empty: Form,
    office: bool,
    shown: bool,
    files: Files,
    uploads: Uploads,
    tasks: task::pages::Section,
    documents: document::Links,
}

fn title(s: &Shell, r: &ReadyRecord) -> String {
    format!("{} {}", r.plan.subject_name, s.word("ready-kind", r.plan.kind))
}

impl Show {
    fn title(&self) -> String {
        title(&self.s, &self.r)
    }

    fn can(&self, word: &str) -> bool {
        self.r.possible.iter().any(|does| does.word() == word)
    }

    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed)
    }

    fn lack(&self, key: &str) -> Option<super::Lack> {
        self.r.missing.iter().find(|(missing, _)| missing == key).map(|(_, lack)| *lack)
    }

    fn found(&self, drill: &Uuid) -> Vec<&super::ReadyFinding> {
        self.r.findings.iter().filter(|finding| finding.drill_id == *drill).collect()
    }

    /// What there is of an item, in words.
    fn answer(&self, item: &ReadyItem) -> String {
        match item.kind {
            ReadyItemKind::Person => item.name.clone().unwrap_or_default(),
            ReadyItemKind::Stock => {
                item.quantity.map(|n| format!("{n} {}", item.unit.clone().unwrap_or_default())).unwrap_or_default()
            }
            ReadyItemKind::File => item.file_name.clone().unwrap_or_default(),
            ReadyItemKind::Place | ReadyItemKind::Roster | ReadyItemKind::Text => item.text.clone().unwrap_or_default(),
        }
    }

    /// Why it fell back, in words.
    fn fell(&self) -> String {
        match self.r.plan.fell_why.as_deref().unwrap_or_default() {
            why @ (desk::BY_DRILL | desk::BY_REGISTER) => self.s.word("ready-why", why).into_owned(),
            items => items.to_owned(),
        }
    }

    fn file_items(&self) -> Vec<(String, String)> {
        let files = self.r.items.iter().filter(|item| item.kind == ReadyItemKind::File);
        files.map(|item| (item.key.clone(), item.title.clone())).collect()
    }

    fn takes_files(&self) -> bool {
        self.can("write") && self.r.items.iter().any(|item| item.kind == ReadyItemKind::File)
    }

    /// Words that cannot be told apart by their place alone get the name of the item.
    fn gap_name(&self, key: &str) -> String {
        format!("gap_{key}")
    }

    /// How it stands, in one sentence.
    fn sentence(&self) -> String {
        let p = &self.r.plan;
        let mut parts = vec![self.s.word("ready-state", p.state).into_owned()];
        if let Some(day) = p.valid_until.filter(|_| p.state == ReadyState::Approved) {
            parts.push(self.s.with("ready-until", "day", day.to_string()));
        }
        if !self.r.missing.is_empty() {
            parts.push(self.s.with("ready-missing-n", "n", self.r.missing.len()));
        }
        parts.join(&self.s.t("comma"))
    }
}

async fn shown(cx: &Cx, id: Uuid, failed: Option<(String, Form)>) -> Result<Show> {
    let office = cx.who.is(OFFICE);
    let shows = office && Form::parse(cx.request.query.as_bytes()).on("show");
    let r = desk::record(&cx.app, &cx.who, id, shows.then_some(cx.request.address)).await?;
    let forms: BTreeMap<String, Form> = failed.into_iter().collect();
    let empty = Form::default();
    Ok(Show {
        files: Files::of(cx, Owner::Plan, id).await?,
        uploads: Uploads::of(cx, &cx.who, forms.get("files").unwrap_or(&empty)).await?,
        tasks: task::pages::Section::of(cx, task::RecordKind::Plan, id, true).await?,
        documents: document::Links::of_plan(cx, &r.plan).await?,
        s: Shell::of(cx).await?,
        shown: shows || !office,
        r,
        forms,
        empty,
        office,
    })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None).await?) }).await
}

/// What a form asks for; none where something that it needs is missing.
fn read(form: &mut Form) -> Result<Option<ReadyAct>> {
    let does = ReadyMove::parse(&form.text("action")).ok_or(Error::NotFound)?;
    let need = |form: &mut Form, name: &'static str| {
        let day = form.day(name);
        form.need(name, day.map(Some)).is_some().then_some(day).flatten()
    };
    Ok(match does {
        ReadyMove::Write => return Err(Error::NotFound),
        ReadyMove::Submit => Some(ReadyAct::Submit),
        ReadyMove::Recall => Some(ReadyAct::Recall),
        ReadyMove::Return => {
            let gap = |(name, text): (&str, &str)| {
                let key = name.strip_prefix("gap_").filter(|_| !text.trim().is_empty())?;
                Some(NewReadyGap { item_key: key.to_owned(), text: text.trim().to_owned() })
            };
            let gaps = form.pairs().filter_map(gap).collect();
            Some(ReadyAct::Return { gaps, late_reason: form.opt_text("late_reason") })
        }
        ReadyMove::Review => {
            let mode = form.word("mode", ReviewMode::parse);
            if mode.is_none() && !form.has_error("mode") {
                form.add(FieldError::new("mode", "required"));
            }
            mode.map(|mode| ReadyAct::Review { mode, note: form.text("note") })
        }
        ReadyMove::Approve => Some(ReadyAct::Approve { valid_until: form.day("valid_until") }),
        ReadyMove::File => {
            need(form, "filed_on").map(|filed_on| ReadyAct::File { filed_on, filing_no: form.text("filing_no") })
        }
        ReadyMove::Drill => {
            let held_on = need(form, "held_on");
            let kind = form.word("kind", DrillKind::parse);
            if kind.is_none() && !form.has_error("kind") {
                form.add(FieldError::new("kind", "required"));
            }
            let people = form.number("people").unwrap_or_default();
            held_on.zip(kind).map(|(held_on, kind)| ReadyAct::Drill {
                kind,
                held_on,
                people,
                scenario: form.text("scenario"),
                outcome: form.opt_text("outcome"),
                findings: form.value("findings").lines().map(str::to_owned).collect(),
                revise: form.on("revise"),
            })
        }
    })
}

async fn act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let act = read(&mut form)?;
        if let (false, Some(act)) = (form.failed(), act)
            && made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/plans/{id}"), "flash-ready-done"));
        }
        let key = form.text("action");
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some((key, form))).await?)
    })
    .await
}

async fn add_file(Path(id): Path<String>, request: Request) -> AfterResult {
    let PostedFiles { cx, mut form, files } = PostedFiles::after(request, may_bring(Owner::Plan, id.clone())).await?;
    Ok(page::show(cx.lang, async {
        let id = id_of(&id)?;
        let key = take(&cx, &cx.who, &mut form, files).await?;
        if !form.failed()
            && let Some(key) = key
            && made(desk::add_file(&cx.app, &cx.who, id, &form.text("key"), key).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/plans/{id}"), "flash-attachment-added"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some(("files".to_owned(), form))).await?)
    })
    .await)
}

// ---- writing -----------------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "readiness/edit.html")]
struct Edit {
    s: Shell,
    r: ReadyRecord,
    form: Form,
    people: Vec<(Uuid, String)>,
}

impl Edit {
    fn title(&self) -> String {
        title(&self.s, &self.r)
    }

    /// What changing it does.
    fn line(&self) -> &'static str {
        if self.r.plan.state == ReadyState::Approved { "ready-edit-approved" } else { "ready-edit-line" }
    }

    fn back(&self) -> String {
        format!("/plans/{}", self.r.plan.id)
    }

    fn name(&self, field: &str, item: &ReadyItem) -> String {
        format!("{field}_{}", item.key)
    }

    /// What the last return said of an item.
    fn told(&self, item: &ReadyItem) -> Option<&str> {
        self.r.told.iter().find(|gap| gap.item_key == item.key).map(|gap| gap.text.as_str())
    }
}

/// What is known, as the form holds it. Masked numbers are no numbers: they stay out, and
/// what is not typed anew stays as it is.
fn filled(r: &ReadyRecord) -> Form {
    let mut pairs = vec![
        ("hazard".to_owned(), if r.plan.hazard { "on".to_owned() } else { String::new() }),
        ("published_on".to_owned(), r.plan.published_on.map(|day| day.to_string()).unwrap_or_default()),
    ];
    for item in &r.items {
        let mut put = |field: &str, value: String| pairs.push((format!("{field}_{}", item.key), value));
        match item.kind {
            ReadyItemKind::Person => {
                put("person", item.person_id.map(|id| id.to_string()).unwrap_or_default());
                if item.person_id.is_none() {
                    put("name", item.name.clone().unwrap_or_default());
                    put("phone", item.phone.clone().unwrap_or_default());
                }
            }
            ReadyItemKind::Stock => {
                put("quantity", item.quantity.map(|n| n.to_string()).unwrap_or_default());
                put("unit", item.unit.clone().unwrap_or_default());
            }
            ReadyItemKind::File => {}
            ReadyItemKind::Place | ReadyItemKind::Roster | ReadyItemKind::Text => {
                put("text", item.text.clone().unwrap_or_default())
            }
        }
    }
    Form::of_pairs(pairs)
}

async fn edited(cx: &Cx, id: Uuid, form: Option<Form>) -> Result<Edit> {
    // Who writes needs the numbers as they are; it leaves the trace of a look.
    let r = desk::record(&cx.app, &cx.who, id, Some(cx.request.address)).await?;
    if !r.possible.contains(&ReadyMove::Write) {
        return Err(Error::state("ready_state"));
    }
    let people = desk::people(&cx.app, &cx.who, &r.plan).await?;
    let form = form.unwrap_or_else(|| filled(&r));
    Ok(Edit { s: Shell::of(cx).await?, r, form, people })
}

async fn edit_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&edited(&cx, id_of(&id)?, None).await?) }).await
}

fn answers(form: &mut Form, items: &[ReadyItem]) -> Vec<ReadyAnswer> {
    let mut all = Vec::new();
    for item in items.iter().filter(|item| item.kind != ReadyItemKind::File) {
        let at = |field: &str| format!("{field}_{}", item.key);
        all.push(ReadyAnswer {
            key: item.key.clone(),
            person_id: form.id(&at("person")),
            name: form.opt_text(&at("name")),
            phone: form.opt_text(&at("phone")),
            text: form.opt_text(&at("text")),
            quantity: form.number(&at("quantity")),
            unit: form.opt_text(&at("unit")),
            file_id: None,
        });
    }
    all
}

async fn edit(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let r = desk::record(&cx.app, &cx.who, id, None).await?;
        let answers = answers(&mut form, &r.items);
        let published_on = form.day("published_on");
        if !form.failed() {
            let act = ReadyAct::Write { answers, hazard: Some(form.on("hazard")), published_on };
            if made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some() {
                return Ok(go(&format!("/plans/{id}"), "flash-ready-kept"));
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &edited(&cx, id, Some(form)).await?)
    })
    .await
}
