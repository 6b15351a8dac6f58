use super::desk::{self, Filter, READERS};
use super::{Act, Full, NewTask, RecordKind, Task, TaskKind, TaskMove};
use crate::continuity::desk::urgency;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of, made};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, Piece, Table};
use crate::list::{Column, Order};
use almanac::Light;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes
        .get("/tasks", readers, index)
        .get("/tasks/export", readers, export)
        .get("/tasks/new", readers, new_page)
        .post("/tasks/new", readers, new)
        .get("/tasks/{id}", readers, show)
        .post("/tasks/{id}", readers, act);
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("title", "task-title", "任务"),
    Column::new("kind", "task-kind", "类型").plain(),
    Column::new("doers", "task-doers", "责任人"),
    Column::new("department", "task-department", "协办单位").hidden(),
    Column::new("due", "field-due_on", "期限").sorted().plain(),
    Column::new("state", "field-status", "状态").plain(),
    Column::new("subject", "continuity-subject", "对象").plain(),
    Column::new("maker", "task-maker", "布置人").hidden(),
    Column::new("made", "task-made", "布置日期").hidden().class("nowrap"),
    Column::new("outcome", "task-outcome", "完成情况").hidden().class("wide"),
    Column::new("ended", "task-ended", "办结日期").hidden().class("nowrap"),
    Column::new("number", "field-number", "编号").hidden().class("wide nowrap"),
];

fn light_of(task: &Task, s: &Shell) -> Light {
    urgency(Some(task.due_at), s.now)
}

impl table::Row for Task {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.title
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "title" => Piece::Link(format!("/tasks/{}", self.id), self.title.clone()).into(),
            "kind" => s.word("task-kind", self.kind).into(),
            "doers" => self.doers.clone().or_else(|| self.department_name.clone()).into(),
            "department" => self.department_name.clone().into(),
            "due" if self.is_open() => Piece::Due(Some(self.due_at), light_of(self, s)).into(),
            "due" => s.date(&self.due_at).into(),
            "state" => {
                let blocked =
                    (self.is_open() && self.blocked > 0).then(|| Piece::State(s.t("task-blocked").into_owned(), false));
                Cell::from(Piece::State(s.word("task-state", self.state).into_owned(), !self.is_open())).and(blocked)
            }
            "subject" => self.subject_name.clone().into(),
            "maker" => self.maker.clone().into(),
            "made" => s.date(&self.made_at).into(),
            "outcome" => self.outcome.clone().into(),
            "ended" => self.ended_at.map(|at| s.date(&at)).into(),
            "number" => self.number.clone().into(),
            _ => Cell::default(),
        }
    }
}

// ---- the list ------------------------------------------------------------------------

#[derive(Template)]
#[template(path = "task/tasks.html")]
struct Index {
    s: Shell,
    page: Page<Task>,
    table: Table,
}

/// What the query of the list asks.
fn asked(cx: &Cx) -> Filter {
    let query = Form::parse(cx.request.query.as_bytes());
    let show = query.value("show");
    Filter {
        open: match show {
            "ended" => Some(false),
            "all" => None,
            _ => Some(true),
        },
        overdue_at: (show == "overdue").then(|| cx.now()),
        blocked: show == "blocked",
        kind: query.opt("kind").and_then(TaskKind::parse),
        mine: if show == "mine" { desk::mine(&cx.who) } else { None },
        q: query.opt_text("q"),
        order: Order::read(query.opt("sort"), "due").unwrap_or_default(),
        ..Filter::default()
    }
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let cursor = Form::parse(cx.request.query.as_bytes()).opt_text("cursor");
        let page = desk::tasks(&cx.app, &cx.who, &asked(&cx), cursor.as_deref(), 20).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "tasks", &page.items);
        html(&Index { s, page, table })
    })
    .await
}

/// What the page shows, as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let filter = asked(&cx);
        let page = |cursor: Option<String>| {
            let (cx, filter) = (&cx, &filter);
            async move { desk::tasks(&cx.app, &cx.who, filter, cursor.as_deref(), MAX_LIMIT).await }
        };
        table::exported::<Task, _>(&cx, "任务清单", "task", page).await
    })
    .await
}

// ---- on the page of a record -----------------------------------------------------------

/// The tasks of a record as its page sets them.
pub struct Section {
    tasks: Vec<Task>,
    /// The form of a new one; none for those outside and for what is over.
    new: Option<String>,
}

impl Section {
    /// For whoever may see tasks; empty for all others. `open` says whether new ones are made.
    pub async fn of(cx: &Cx, kind: RecordKind, id: Uuid, open: bool) -> Result<Self> {
        let tasks = desk::of_record(&cx.app, &cx.who, id).await?;
        let new = (open && cx.who.is(READERS)).then(|| format!("/tasks/new?{kind}={id}"));
        Ok(Self { tasks, new })
    }

    /// The section, or nothing where there is nothing to see or do.
    pub fn draw<'a>(&'a self, s: &'a Shell) -> Html<Drawn<'a>> {
        HtmlSafeOutput(Drawn { s, section: self })
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.new.is_none()
    }
}

/// The section, drawn.
#[derive(Template)]
#[template(path = "task/section.html")]
pub struct Drawn<'a> {
    s: &'a Shell,
    section: &'a Section,
}

impl Drawn<'_> {
    fn light(&self, task: &Task) -> Light {
        light_of(task, self.s)
    }
}

// ---- a new one -------------------------------------------------------------------------

/// Fields for objectives in the form.
const OBJECTIVES: usize = 3;

#[derive(Template)]
#[template(path = "task/new.html")]
struct New {
    s: Shell,
    form: Form,
    /// What it is of: the field, its key, its name.
    of: Option<(&'static str, Uuid, String)>,
    people: Vec<(Uuid, String)>,
    departments: Vec<(Uuid, String)>,
    objectives: Vec<usize>,
}

/// The records that a task can be of: the word in addresses, the field.
const RECORDS: &[(&str, &str)] =
    &[("appeal", "appeal_id"), ("visit", "visit_id"), ("project", "project_id"), ("readiness_plan", "plan_id")];

async fn new_shown(cx: &Cx, form: Form) -> Result<New> {
    let query = Form::parse(cx.request.query.as_bytes());
    let mut asked = NewTask::default();
    let mut of = None;
    for (word, field) in RECORDS {
        let id = Uuid::parse_str(form.value(field)).or_else(|_| Uuid::parse_str(query.value(word))).ok();
        let Some(id) = id.filter(|_| of.is_none()) else { continue };
        match *word {
            "appeal" => asked.appeal_id = Some(id),
            "visit" => asked.visit_id = Some(id),
            "readiness_plan" => asked.plan_id = Some(id),
            _ => asked.project_id = Some(id),
        }
        of = Some((*field, id));
    }
    let name = desk::name_of(&cx.app, &cx.who, &asked).await?;
    let typed = form.all("objectives").iter().filter(|text| !text.trim().is_empty()).count();
    Ok(New {
        people: desk::choices(&cx.app, &cx.who).await?,
        departments: desk::departments(&cx.app, &cx.who, asked.appeal_id).await?,
        objectives: (0..typed.max(OBJECTIVES)).collect(),
        of: of.zip(name).map(|((field, id), name)| (field, id, name)),
        s: Shell::of(cx).await?,
        form,
    })
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let me = cx.who.person_id.map(|id| id.to_string()).unwrap_or_default();
        html(&new_shown(&cx, Form::filled([("doers", me)])).await?)
    })
    .await
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let new = NewTask {
            id: None,
            title: form.text("title"),
            body: form.opt_text("body"),
            due_on: form.day("due_on"),
            doers: form.ids("doers"),
            department_id: form.id("department_id"),
            appeal_id: form.id("appeal_id"),
            visit_id: form.id("visit_id"),
            project_id: form.id("project_id"),
            plan_id: form.id("plan_id"),
            objectives: form.all("objectives").to_vec(),
        };
        if !form.failed()
            && let Some(id) = made(desk::make(&cx.app, &cx.who, new).await, &mut form)?
        {
            return Ok(go(&format!("/tasks/{id}"), "flash-task-made"));
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &new_shown(&cx, form).await?)
    })
    .await
}

// ---- one of them -----------------------------------------------------------------------

#[derive(Template)]
#[template(path = "task/task.html")]
struct Show {
    s: Shell,
    t: Full,
    light: Light,
    /// What was typed, by action; a form of an objective by its key too.
    forms: BTreeMap<String, Form>,
    empty: Form,
    people: Vec<(Uuid, String)>,
}

impl Show {
    fn can(&self, action: &str) -> bool {
        self.t.possible.iter().any(|does| does.word() == action)
    }

    fn form(&self, key: &str) -> &Form {
        self.forms.get(key).unwrap_or(&self.empty)
    }

    fn open(&self, key: &str) -> bool {
        self.forms.get(key).is_some_and(Form::failed)
    }

    /// What tells the form of one objective from those of the others.
    fn key(&self, action: &str, id: &Uuid) -> String {
        format!("{action}-{}", id.simple())
    }

    fn pre(&self, action: &str, id: &Uuid) -> String {
        format!("-{action}-{}", id.simple())
    }
}

async fn shown(cx: &Cx, id: Uuid, failed: Option<(String, Form)>) -> Result<Show> {
    let t = desk::full(&cx.app, &cx.who, id).await?;
    let people = match t.possible.contains(&TaskMove::Staff) {
        true => desk::choices(&cx.app, &cx.who).await?,
        false => Vec::new(),
    };
    let s = Shell::of(cx).await?;
    let mut forms = BTreeMap::from([(
        "staff".to_owned(),
        Form::of_pairs(t.people.iter().map(|doer| ("doers".to_owned(), doer.person_id.to_string()))),
    )]);
    forms.extend(failed);
    Ok(Show { light: light_of(&t.task, &s), forms, empty: Form::default(), people, s, t })
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&shown(&cx, id_of(&id)?, None).await?) }).await
}

/// What a form asks for; none where something that it needs is missing.
fn read(form: &mut Form) -> Result<Option<Act>> {
    let does = TaskMove::parse(&form.text("action")).ok_or(Error::NotFound)?;
    let objective_id = match does {
        TaskMove::Block | TaskMove::Lift | TaskMove::Reach => {
            let id = form.id("objective_id");
            form.need("objective_id", id)
        }
        _ => Uuid::nil(),
    };
    Ok(Some(match does {
        TaskMove::Done => Act::Done { outcome: form.opt_text("outcome") },
        TaskMove::NotDone => Act::NotDone { reason: form.text("reason") },
        TaskMove::Cancel => Act::Cancel { reason: form.text("reason") },
        TaskMove::Staff => Act::Staff { doers: form.ids("doers") },
        TaskMove::Block => Act::Block {
            objective_id,
            blocker: form.text("blocker"),
            since: form.day("since"),
            lifter: form.text("lifter"),
        },
        TaskMove::Lift => Act::Lift { objective_id, note: form.opt_text("note") },
        TaskMove::Reach => Act::Reach { objective_id },
        TaskMove::Extend => match form.day("due_on") {
            Some(due_on) => Act::Extend { due_on, reason: form.text("reason") },
            None => {
                if !form.has_error("due_on") {
                    form.add(FieldError::new("due_on", "required"));
                }
                return Ok(None);
            }
        },
    }))
}

async fn act(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let act = read(&mut form)?;
        if let (false, Some(act)) = (form.failed(), act)
            && made(desk::act(&cx.app, &cx.who, id, act).await, &mut form)?.is_some()
        {
            return Ok(go(&format!("/tasks/{id}"), "flash-task-done"));
        }
        let key = match Uuid::parse_str(form.value("objective_id")) {
            Ok(objective) => format!("{}-{}", form.text("action"), objective.simple()),
            Err(_) => form.text("action"),
        };
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &shown(&cx, id, Some((key, form))).await?)
    })
    .await
}
