use super::desk::{self, Asked, KEEPERS, MilestoneAsked, READERS};
use super::{
    Level, Milestone, MilestonePatch, MilestoneState, NewMember, NewMilestone, NewPair, NewProject, NewTaskForce, Pair,
    Project, ProjectPatch, Side, Stage, TaskForce, TaskForcePatch, code_warning,
};
use crate::actor::OFFICE;
use crate::appeal;
use crate::assignment::desk::DECIDERS;
use crate::assignment::{self, Answerable, Duty};
use crate::continuity;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, File, Piece, Row, Table};
use crate::list::Column;
use crate::patch::Patch;
use crate::readiness;
use crate::registry::rows::holder;
use crate::registry::timeline::{self, Timeline};
use crate::saved::{self, List, Offered};
use crate::screening;
use crate::subject::{Named, SubjectKind};
use crate::task;
use crate::text::Lang;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of a list.
const ROWS: i64 = 50;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let keepers = Access::only(KEEPERS);
    let office = Access::only(OFFICE);
    let deciders = Access::only(DECIDERS);
    routes
        .get("/projects", readers, index)
        .get("/projects/export", office, export)
        .get("/projects/new", keepers, new_page)
        .post("/projects/new", keepers, new)
        .get("/projects/{id}", readers, show)
        .get("/projects/{id}/edit", keepers, edit_page)
        .post("/projects/{id}/edit", keepers, edit)
        .get("/projects/{id}/pair", keepers, pair_page)
        .post("/projects/{id}/pair", keepers, pair)
        .get("/projects/{id}/milestones/new", keepers, new_milestone_page)
        .post("/projects/{id}/milestones/new", keepers, new_milestone)
        .get("/milestones", office, milestones)
        .get("/milestones/export", office, export_milestones)
        .get("/milestones/{id}", readers, milestone)
        .post("/milestones/{id}", keepers, change_milestone)
        .get("/task-forces", office, task_forces)
        .get("/task-forces/new", deciders, new_force_page)
        .post("/task-forces/new", deciders, new_force)
        .get("/task-forces/{id}", office, force_page)
        .post("/task-forces/{id}", deciders, change_force);
}

/// The language in which findings about identifiers speak.
pub fn language(lang: Lang) -> identifiers::Language {
    match lang {
        Lang::Zh => identifiers::Language::Zh,
        Lang::En => identifiers::Language::En,
    }
}

/// A choice: value and text.
type Choice = (String, String);

async fn staff(cx: &Cx) -> Result<Vec<Choice>> {
    let all = assignment::desk::choices(&cx.app, &cx.who, Duty::StandIn).await?;
    Ok(all
        .into_iter()
        .map(|holder| {
            let text = match holder.department {
                Some(department) => format!("{}（{department}）", holder.name),
                None => holder.name,
            };
            (holder.person_id.unwrap_or_default().to_string(), text)
        })
        .collect())
}

// ---- the register ------------------------------------------------------------

#[derive(Template)]
#[template(path = "project/index.html")]
struct Index {
    s: Shell,
    keeps: bool,
    page: Page<Project>,
    table: Table,
    stages: &'static [Stage],
    levels: &'static [Level],
    carriers: Vec<Choice>,
    without_pair: i64,
    offered: Offered,
}

/// A project with who answers and who calls whom.
struct Listed {
    project: Project,
    answerable: Answerable,
    pair: Option<Pair>,
    late: i64,
}

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::new("name", "subject-project", "项目名称").sorted(),
    Column::new("code", "project-code", "项目代码").hidden().class("nowrap"),
    Column::new("level", "project-level", "级别").hidden().sorted(),
    Column::new("stage", "project-stage", "阶段").sorted(),
    Column::new("works", "project-works", "在施内容").class("wide"),
    Column::new("owner", "project-owner_name", "项目方").hidden(),
    Column::new("contractor", "project-contractor", "施工单位").hidden(),
    Column::new("carrier", "subject-carrier", "所在载体").hidden().sorted(),
    Column::new("site", "project-site", "建设地点").hidden().class("wide"),
    Column::new("answers", "assignment-who-answers", "责任人"),
    Column::new("leader", "duty-lead_leader", "包联领导").hidden(),
    Column::new("department", "duty-lead_dept", "责任部门").hidden(),
    Column::new("officer", "duty-officer", "包联干部").hidden(),
    Column::new("pair", "project-who-to-call", "点对点联系人"),
    Column::new("late", "project-late", "滞后节点").number(),
    Column::new("created", "project-created", "入库日期").hidden().sorted().class("nowrap"),
];

/// A side of a pair in words: name, title, number.
fn side(s: &Shell, side: &Side) -> Vec<Piece> {
    let mut pieces = vec![Piece::Fixed(side.name.clone())];
    pieces.extend(side.title.clone().map(Piece::Quiet));
    pieces.extend(side.phone.clone().map(Piece::Phone));
    pieces.extend(side.gone.then(|| Piece::State(s.t("assignment-warning-holder_left").into_owned(), false)));
    pieces
}

impl Row for Listed {
    const COLUMNS: &'static [Column] = COLUMNS;

    fn id(&self) -> Uuid {
        self.project.id
    }

    fn name(&self) -> &str {
        &self.project.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let one = &self.project;
        let level = || one.level_text.clone().unwrap_or_else(|| s.word("level", one.level).into_owned());
        match column {
            "name" => {
                let link = Piece::Link(format!("/projects/{}", one.id), one.name.clone());
                Cell::from(link).beside(Piece::Quiet(level()))
            }
            "code" => one.code.clone().into(),
            "level" => level().into(),
            "stage" => s.word("stage", one.stage).into(),
            "works" => one.works.clone().into(),
            "owner" => one.owner_name.clone().into(),
            "contractor" => one.contractor.clone().into(),
            "carrier" => one.carrier.clone().into(),
            "site" => one.site.clone().into(),
            "answers" => {
                let mut pieces = Vec::new();
                for (role, holder) in self.answerable.needed() {
                    let Some(holder) = holder else { continue };
                    pieces.push(Piece::Quiet(s.word("duty", role).into_owned()));
                    pieces.push(Piece::Fixed(holder.name.clone()));
                }
                let gaps = self.answerable.gaps();
                pieces.extend(gaps.iter().map(|gap| Piece::State(s.word("gap", gap).into_owned(), false)));
                pieces.into()
            }
            "leader" => holder(&self.answerable, 0),
            "department" => holder(&self.answerable, 1),
            "officer" => holder(&self.answerable, 2),
            "pair" => match &self.pair {
                Some(pair) => {
                    let mut pieces = side(s, &pair.ours);
                    pieces.push(Piece::Text("↔".into()));
                    pieces.extend(side(s, &pair.theirs));
                    pieces.into()
                }
                None => Piece::State(s.t("project-no-pair").into_owned(), false).into(),
            },
            "late" if self.late > 0 => {
                Piece::Count(format!("/milestones?state=late&project_id={}", one.id), self.late).into()
            }
            "late" => self.late.into(),
            "created" => s.date(&one.created_at).into(),
            _ => Cell::default(),
        }
    }
}

/// What the query of the list asks.
fn asked(cx: &Cx) -> Asked {
    let mut query = Form::parse(cx.request.query.as_bytes());
    Asked {
        stage: query.word("stage", Stage::parse),
        level: query.word("level", Level::parse),
        carrier_id: query.id("carrier_id"),
        without_pair: query.on("without_pair"),
        mine: query.on("mine"),
        closed: query.on("closed"),
        q: query.opt_text("q"),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
    }
}

/// Projects as rows of the list.
async fn listed(cx: &Cx, projects: &[Project]) -> Result<Vec<Listed>> {
    let ids: Vec<Uuid> = projects.iter().map(|project| project.id).collect();
    let mut pairs = desk::pairs_of(&cx.app, &cx.who, &ids).await?;
    let mut late: BTreeMap<Uuid, i64> = desk::late_by_project(&cx.app, &cx.who, &ids).await?;
    let mut tx = cx.read().await?;
    let mut answers =
        assignment::desk::current_of(&cx.app, &mut tx, cx.who.zone_id, SubjectKind::Project, &ids).await?;
    let row = |project: &Project| Listed {
        answerable: answers.remove(&project.id).unwrap_or_default(),
        pair: pairs.remove(&project.id),
        late: late.remove(&project.id).unwrap_or(0),
        project: project.clone(),
    };
    Ok(projects.iter().map(row).collect())
}

async fn index(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        // A project's own people have one project: theirs.
        if let (false, Some(own)) = (cx.who.is(OFFICE), cx.who.project_id) {
            return Ok(go(&format!("/projects/{own}"), ""));
        }
        let page = desk::projects(&cx.app, &cx.who, asked(&cx), ROWS).await?;
        let lonely = Asked { without_pair: true, ..Asked::default() };
        let lonely = desk::projects(&cx.app, &cx.who, lonely, 1).await?;
        let s = Shell::of(&cx).await?;
        html(&Index {
            keeps: cx.who.roles.meets(KEEPERS),
            stages: Stage::ALL,
            levels: Level::ALL,
            carriers: desk::carriers(&cx.app, &cx.who).await?,
            without_pair: lonely.total.unwrap_or(crate::http::api::TOTAL_CAP),
            table: Table::of(&s, "nav-projects", &listed(&cx, &page.items).await?),
            page,
            offered: saved::desk::offered(&cx.app, &cx.who, List::Projects).await?,
            s,
        })
    })
    .await
}

/// What the page shows as a file.
async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let asked = asked(&cx);
        let page = |cursor| desk::projects(&cx.app, &cx.who, Asked { cursor, ..asked.clone() }, MAX_LIMIT);
        let all = table::every(page).await?;
        let mut file = File::of::<Listed>(Shell::of(&cx).await?);
        for some in all.chunks(table::CHUNK) {
            file.add(&listed(&cx, some).await?);
        }
        file.answer(&cx, "重点项目清单", "project").await
    })
    .await
}

#[derive(Template)]
#[template(path = "project/show.html")]
struct ShowPage {
    s: Shell,
    project: Project,
    warning: Option<String>,
    keeps: bool,
    office: bool,
    answerable: Answerable,
    pair: Option<Pair>,
    people: Vec<Side>,
    lights: Vec<continuity::Light>,
    appeals: Vec<appeal::record::Line>,
    milestones: Page<Milestone>,
    forces: Vec<TaskForce>,
    tasks: task::pages::Section,
    screening: screening::pages::Section,
    plans: Option<readiness::plan::pages::Section>,
    timeline: Timeline,
}

impl ShowPage {
    /// How the project stands, in one sentence.
    fn sentence(&self) -> String {
        let stage = self.s.word("stage", self.project.stage);
        match (&self.project.closed_at, &self.project.works) {
            (Some(at), _) => self.s.with("project-left", "day", self.s.date(at)),
            (None, Some(works)) => self.s.with2("project-now-works", "stage", stage.as_ref(), "works", works.as_str()),
            (None, None) => self.s.with("project-now", "stage", stage.as_ref()),
        }
    }
}

async fn show(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (app, who) = (&cx.app, &cx.who);
        let project = desk::project(app, who, id).await?;
        let asked = MilestoneAsked { project_id: Some(id), ..MilestoneAsked::default() };
        let milestones = desk::milestones(app, who, asked, 200).await?;
        let mut tx = cx.read().await?;
        let answerable = assignment::desk::current(app, &mut tx, who.zone_id, SubjectKind::Project, id).await?;
        let appeals = appeal::desk::open_for(&mut tx, who, id).await?;
        let lights = if assignment::reach::reaches(&mut tx, who, id).await? {
            let (name, short_name) = (project.name.clone(), project.short_name.clone());
            let named = Named { kind: SubjectKind::Project, id, name, short_name };
            continuity::desk::current(&mut tx, who.zone_id, &named).await?
        } else {
            Vec::new()
        };
        drop(tx);
        let s = Shell::of(&cx).await?;
        let before = Form::parse(cx.request.query.as_bytes()).id("before");
        let timeline = timeline::of(app, who, &s, id, before).await?;
        html(&ShowPage {
            warning: code_warning(project.code.as_deref()).map(|finding| finding.message(language(cx.lang))),
            keeps: desk::may_keep(app, who, id).await?,
            office: who.is(OFFICE),
            answerable,
            pair: desk::pair(app, who, id).await?,
            people: desk::people(app, who, id).await?,
            lights,
            appeals,
            milestones,
            forces: desk::task_forces(app, who, Some(id)).await?,
            screening: screening::pages::Section::of(&cx.app, &cx.who, id).await?,
            plans: readiness::plan::pages::Section::of(&cx, id).await?.filter(|_| project.closed_at.is_none()),
            tasks: task::pages::Section::of(&cx, task::RecordKind::Project, id, project.closed_at.is_none()).await?,
            timeline,
            project,
            s,
        })
    })
    .await
}

#[derive(Template)]
#[template(path = "project/form.html")]
struct FormPage {
    s: Shell,
    form: Form,
    project: Option<Project>,
    warning: Option<String>,
    stages: &'static [Stage],
    levels: &'static [Level],
    carriers: Vec<Choice>,
}

async fn fill_form(cx: &Cx, form: Form, project: Option<Project>) -> Result<FormPage> {
    Ok(FormPage {
        warning: code_warning(form.opt("code")).map(|finding| finding.message(language(cx.lang))),
        carriers: desk::carriers(&cx.app, &cx.who).await?,
        stages: Stage::ALL,
        levels: Level::ALL,
        s: Shell::of(cx).await?,
        form,
        project,
    })
}

async fn new_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async { html(&fill_form(&cx, Form::default(), None).await?) }).await
}

/// A word that must be chosen; notes an error when it is not.
fn chosen<T>(form: &mut Form, name: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
    let word = form.word(name, parse);
    if word.is_none() && !form.has_error(name) {
        form.add(FieldError::new(name, "required"));
    }
    word
}

async fn new(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (level, stage) = (chosen(&mut form, "level", Level::parse), chosen(&mut form, "stage", Stage::parse));
        let carrier_id = form.id("carrier_id");
        if let (Some(level), Some(stage), false) = (level, stage, form.failed()) {
            let new = NewProject {
                id: None,
                name: form.text("name"),
                short_name: form.opt_text("short_name"),
                code: form.opt_text("code"),
                level,
                level_text: form.opt_text("level_text"),
                owner_name: form.opt_text("owner_name"),
                contractor: form.opt_text("contractor"),
                enterprise_id: None,
                carrier_id,
                site: form.opt_text("site"),
                stage,
                works: form.opt_text("works"),
            };
            match desk::create(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/projects/{id}"), "flash-project-entered"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_form(&cx, form, None).await?)
    })
    .await
}

/// A project that this person may change; what he sees but may not change is forbidden.
async fn kept(cx: &Cx, id: &str) -> Result<Project> {
    let id = id_of(id)?;
    let project = desk::project(&cx.app, &cx.who, id).await?;
    if desk::may_keep(&cx.app, &cx.who, id).await? { Ok(project) } else { Err(Error::Forbidden) }
}

async fn edit_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let project = kept(&cx, &id).await?;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let form = Form::filled([
            ("name", project.name.clone()),
            ("short_name", project.short_name.clone()),
            ("code", text(&project.code)),
            ("level", project.level.to_string()),
            ("level_text", text(&project.level_text)),
            ("owner_name", text(&project.owner_name)),
            ("contractor", text(&project.contractor)),
            ("carrier_id", project.carrier_id.map(|id| id.to_string()).unwrap_or_default()),
            ("site", text(&project.site)),
            ("stage", project.stage.to_string()),
            ("works", text(&project.works)),
            ("closed", project.closed_at.map(|_| "true".to_owned()).unwrap_or_default()),
        ]);
        html(&fill_form(&cx, form, Some(project)).await?)
    })
    .await
}

/// What a form says of an optional text: what is emptied is cleared.
fn patch(form: &Form, name: &str) -> Patch<String> {
    form.opt_text(name).map_or(Patch::Clear, Patch::Set)
}

async fn edit(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let project = kept(&cx, &id).await?;
        let (level, stage) = (chosen(&mut form, "level", Level::parse), chosen(&mut form, "stage", Stage::parse));
        let carrier_id = form.id("carrier_id");
        if !form.failed() {
            let change = ProjectPatch {
                name: Some(form.text("name")),
                short_name: Some(form.text("short_name")),
                code: patch(&form, "code"),
                level,
                level_text: patch(&form, "level_text"),
                owner_name: patch(&form, "owner_name"),
                contractor: patch(&form, "contractor"),
                enterprise_id: Patch::Keep,
                carrier_id: carrier_id.map_or(Patch::Clear, Patch::Set),
                site: patch(&form, "site"),
                stage,
                works: patch(&form, "works"),
                closed: Some(form.on("closed")),
            };
            match desk::change(&cx.app, &cx.who, project.id, change).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/projects/{id}"), "flash-project-saved")),
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_form(&cx, form, Some(project)).await?)
    })
    .await
}

// ---- point to point ------------------------------------------------------------

#[derive(Template)]
#[template(path = "project/pair.html")]
struct PairPage {
    s: Shell,
    form: Form,
    project: Project,
    pair: Option<Pair>,
    staff: Vec<Choice>,
    theirs: Vec<Choice>,
}

async fn fill_pair(cx: &Cx, form: Form, project: Project) -> Result<PairPage> {
    let people = desk::people(&cx.app, &cx.who, project.id).await?;
    let text = |side: Side| {
        let extra: Vec<String> = side.title.into_iter().chain(side.phone).collect();
        (side.person_id.to_string(), format!("{} {}", side.name, extra.join(" ")).trim().to_owned())
    };
    Ok(PairPage {
        pair: desk::pair(&cx.app, &cx.who, project.id).await?,
        staff: staff(cx).await?,
        theirs: people.into_iter().map(text).collect(),
        s: Shell::of(cx).await?,
        form,
        project,
    })
}

async fn pair_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let project = kept(&cx, &id).await?;
        let form = match desk::pair(&cx.app, &cx.who, project.id).await? {
            Some(pair) => Form::filled([
                ("our_person_id", pair.ours.person_id.to_string()),
                ("backup_person_id", pair.backup.map(|side| side.person_id.to_string()).unwrap_or_default()),
                ("their_person_id", pair.theirs.person_id.to_string()),
                ("wechat", pair.wechat.unwrap_or_default()),
            ]),
            None => Form::default(),
        };
        html(&fill_pair(&cx, form, project).await?)
    })
    .await
}

async fn pair(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let project = kept(&cx, &id).await?;
        let ours = form.id("our_person_id");
        let ours = form.need("our_person_id", ours);
        let (backup, theirs) = (form.id("backup_person_id"), form.id("their_person_id"));
        if !form.failed() {
            let new = NewPair {
                our_person_id: ours,
                backup_person_id: backup,
                their_person_id: theirs,
                their_name: form.opt_text("their_name"),
                their_title: form.opt_text("their_title"),
                their_phone: form.opt_text("their_phone"),
                wechat: form.opt_text("wechat"),
                reason: form.opt_text("reason"),
            };
            match desk::set_pair(&cx.app, &cx.who, project.id, new).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/projects/{id}"), "flash-pair-set")),
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_pair(&cx, form, project).await?)
    })
    .await
}

// ---- milestones --------------------------------------------------------------

#[derive(Template)]
#[template(path = "project/milestones.html")]
struct MilestonesPage {
    s: Shell,
    page: Page<Milestone>,
    table: Table,
    offered: Offered,
    states: &'static [MilestoneState],
}

/// The columns of the list of milestones.
const MILESTONES: &[Column] = &[
    Column::new("name", "milestone-name", "节点").sorted(),
    Column::new("project", "subject-project", "项目名称").sorted().plain(),
    Column::new("plan", "milestone-plan_on", "计划日期").sorted(),
    Column::new("original", "milestone-original_on", "原定日期").hidden().class("nowrap"),
    Column::new("moves", "milestone-moves", "调整次数").hidden().sorted().number(),
    Column::new("because", "milestone-moved-because", "调整原因").hidden().class("wide"),
    Column::new("owner", "milestone-owner", "责任人").sorted(),
    Column::new("state", "assignment-state", "状态").plain(),
    Column::new("done", "milestone-done_on", "完成日期").hidden().class("nowrap"),
    Column::new("note", "field-note", "备注").hidden().class("wide"),
];

impl Row for Milestone {
    const COLUMNS: &'static [Column] = MILESTONES;

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "name" => Piece::Link(format!("/milestones/{}", self.id), self.name.clone()).into(),
            "project" => Piece::Link(format!("/projects/{}", self.project_id), self.project.clone()).into(),
            "plan" => {
                let moved = || s.with("milestone-originally", "day", self.original_on.to_string());
                Cell::from(Piece::Fixed(self.plan_on.to_string()))
                    .beside(self.is_moved().then(|| Piece::Quiet(moved())))
            }
            "original" => self.original_on.to_string().into(),
            "moves" => self.moves.into(),
            "because" => self.moved_because.clone().into(),
            "owner" => match &self.owner {
                Some(owner) => owner.clone().into(),
                None => Piece::Nothing.into(),
            },
            "state" => Cell::from(Piece::Light(self.light().to_owned(), s.word("milestone", self.state).into_owned()))
                .beside(self.done_on.map(|day| Piece::Fixed(day.to_string()))),
            "done" => self.done_on.map(|day| day.to_string()).into(),
            "note" => self.note.clone().into(),
            _ => Cell::default(),
        }
    }
}

/// What the query of the list asks.
fn milestones_asked(cx: &Cx) -> MilestoneAsked {
    let mut query = Form::parse(cx.request.query.as_bytes());
    MilestoneAsked {
        project_id: query.id("project_id"),
        state: query.word("state", MilestoneState::parse),
        q: query.opt_text("q"),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
    }
}

async fn milestones(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let page = desk::milestones(&cx.app, &cx.who, milestones_asked(&cx), ROWS).await?;
        let s = Shell::of(&cx).await?;
        let table = Table::of(&s, "milestones", &page.items);
        let offered = saved::desk::offered(&cx.app, &cx.who, List::Milestones).await?;
        html(&MilestonesPage { s, page, table, offered, states: MilestoneState::ALL })
    })
    .await
}

/// What the page shows as a file.
async fn export_milestones(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let asked = milestones_asked(&cx);
        let page = |cursor| desk::milestones(&cx.app, &cx.who, MilestoneAsked { cursor, ..asked.clone() }, MAX_LIMIT);
        table::exported::<Milestone, _>(&cx, "项目节点清单", "milestone", page).await
    })
    .await
}

#[derive(Template)]
#[template(path = "project/milestone_new.html")]
struct NewMilestonePage {
    s: Shell,
    form: Form,
    project: Project,
    owners: Vec<Choice>,
}

/// Who may answer for a milestone: the committee's people, and the project's.
async fn owners(cx: &Cx, project: Uuid) -> Result<Vec<Choice>> {
    let mut owners = staff(cx).await?;
    let people = desk::people(&cx.app, &cx.who, project).await?;
    owners.extend(people.into_iter().map(|side| (side.person_id.to_string(), side.name)));
    Ok(owners)
}

async fn fill_new_milestone(cx: &Cx, form: Form, project: Project) -> Result<NewMilestonePage> {
    Ok(NewMilestonePage { owners: owners(cx, project.id).await?, s: Shell::of(cx).await?, form, project })
}

async fn new_milestone_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let project = kept(&cx, &id).await?;
        html(&fill_new_milestone(&cx, Form::default(), project).await?)
    })
    .await
}

async fn new_milestone(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let project = kept(&cx, &id).await?;
        let (day, owner_id) = (form.day("plan_on"), form.id("owner_id"));
        if day.is_none() && !form.has_error("plan_on") {
            form.add(FieldError::new("plan_on", "required"));
        }
        if let Some(plan_on) = day.filter(|_| !form.failed()) {
            let (project_id, name, note) = (project.id, form.text("name"), form.opt_text("note"));
            let new = NewMilestone { id: None, project_id, name, plan_on, owner_id, note };
            match desk::add_milestone(&cx.app, &cx.who, new).await {
                Ok(_) | Err(Error::Replayed(_)) => {
                    return Ok(go(&format!("/projects/{project_id}"), "flash-milestone-set"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_new_milestone(&cx, form, project).await?)
    })
    .await
}

#[derive(Template)]
#[template(path = "project/milestone.html")]
struct MilestonePage {
    s: Shell,
    form: Form,
    milestone: Milestone,
    keeps: bool,
    decides: bool,
    owners: Vec<Choice>,
}

async fn fill_milestone(cx: &Cx, form: Option<Form>, id: Uuid) -> Result<MilestonePage> {
    let milestone = desk::milestone(&cx.app, &cx.who, id).await?;
    let keeps = desk::may_keep(&cx.app, &cx.who, milestone.project_id).await?;
    let form = form.unwrap_or_else(|| {
        Form::filled([
            ("plan_on", milestone.plan_on.to_string()),
            ("done_on", milestone.done_on.map(|day| day.to_string()).unwrap_or_default()),
            ("owner_id", milestone.owner_id.map(|id| id.to_string()).unwrap_or_default()),
            ("note", milestone.note.clone().unwrap_or_default()),
        ])
    });
    Ok(MilestonePage {
        owners: if keeps { owners(cx, milestone.project_id).await? } else { Vec::new() },
        decides: cx.who.roles.meets(DECIDERS),
        s: Shell::of(cx).await?,
        form,
        milestone,
        keeps,
    })
}

async fn milestone(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async { html(&fill_milestone(&cx, None, id_of(&id)?).await?) }).await
}

async fn change_milestone(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let id = id_of(&id)?;
        let (plan_on, done_on, owner_id) = (form.day("plan_on"), form.day("done_on"), form.id("owner_id"));
        if !form.failed() {
            let change = MilestonePatch {
                plan_on,
                reason: form.opt_text("reason"),
                done_on: done_on.map_or(Patch::Clear, Patch::Set),
                owner_id: owner_id.map_or(Patch::Clear, Patch::Set),
                note: patch(&form, "note"),
            };
            match desk::change_milestone(&cx.app, &cx.who, id, change).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/milestones/{id}"), "flash-milestone-saved"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_milestone(&cx, Some(form), id).await?)
    })
    .await
}

// ---- task forces ---------------------------------------------------------------

#[derive(Template)]
#[template(path = "project/task_forces.html")]
struct ForcesPage {
    s: Shell,
    decides: bool,
    forces: Vec<TaskForce>,
}

async fn task_forces(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let forces = desk::task_forces_called(&cx.app, &cx.who, query.opt("q")).await?;
        html(&ForcesPage { s: Shell::of(&cx).await?, decides: cx.who.roles.meets(DECIDERS), forces })
    })
    .await
}

#[derive(Template)]
#[template(path = "project/task_force.html")]
struct ForcePage {
    s: Shell,
    form: Form,
    force: Option<TaskForce>,
    decides: bool,
    staff: Vec<Choice>,
    projects: Vec<Choice>,
}

async fn fill_force(cx: &Cx, form: Form, force: Option<TaskForce>) -> Result<ForcePage> {
    let decides = cx.who.roles.meets(DECIDERS);
    let (mut people, mut projects) = (Vec::new(), Vec::new());
    if decides {
        people = staff(cx).await?;
        let list = desk::projects(&cx.app, &cx.who, Asked::default(), crate::http::api::MAX_LIMIT).await?;
        projects = list.items.into_iter().map(|project| (project.id.to_string(), project.short_name)).collect();
    }
    Ok(ForcePage { s: Shell::of(cx).await?, form, force, decides, staff: people, projects })
}

async fn new_force_page(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let form = Form::filled([("project_ids", query.text("project_id"))]);
        html(&fill_force(&cx, form, None).await?)
    })
    .await
}

/// Every id of a repeated field; what is no id is no choice.
fn ids(form: &Form, name: &str) -> Vec<Uuid> {
    form.all(name).iter().filter_map(|text| Uuid::parse_str(text).ok()).collect()
}

/// Members as ticked; who was in keeps what he does.
fn members(form: &Form, before: &[super::Member]) -> Vec<NewMember> {
    let duty =
        |person: Uuid| before.iter().find(|member| member.person_id == person).and_then(|member| member.duty.clone());
    ids(form, "members").into_iter().map(|person_id| NewMember { person_id, duty: duty(person_id) }).collect()
}

async fn new_force(Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let (leader, day) = (form.id("leader_id"), form.day("founded_on"));
        let leader_id = form.need("leader_id", leader);
        if day.is_none() && !form.has_error("founded_on") {
            form.add(FieldError::new("founded_on", "required"));
        }
        if let Some(founded_on) = day.filter(|_| !form.failed()) {
            let new = NewTaskForce {
                id: None,
                name: form.text("name"),
                leader_id,
                founded_on,
                members: members(&form, &[]),
                project_ids: ids(&form, "project_ids"),
                note: form.opt_text("note"),
            };
            match desk::found(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/task-forces/{id}"), "flash-force-founded"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_force(&cx, form, None).await?)
    })
    .await
}

async fn force_page(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let force = desk::task_force(&cx.app, &cx.who, id_of(&id)?).await?;
        let mut values = vec![
            ("name", force.name.clone()),
            ("leader_id", force.leader_id.to_string()),
            ("note", force.note.clone().unwrap_or_default()),
        ];
        values.extend(force.members.iter().map(|member| ("members", member.person_id.to_string())));
        values.extend(force.projects.iter().map(|linked| ("project_ids", linked.project_id.to_string())));
        html(&fill_force(&cx, Form::filled(values), Some(force)).await?)
    })
    .await
}

async fn change_force(Path(id): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let force = desk::task_force(&cx.app, &cx.who, id_of(&id)?).await?;
        let leader = form.id("leader_id");
        let leader_id = form.need("leader_id", leader);
        if !form.failed() {
            let change = TaskForcePatch {
                name: Some(form.text("name")),
                leader_id: Some(leader_id),
                members: Some(members(&form, &force.members)),
                project_ids: Some(ids(&form, "project_ids")),
                note: patch(&form, "note"),
                closed: Some(form.on("closed")),
            };
            match desk::change_task_force(&cx.app, &cx.who, force.id, change).await {
                Ok(id) | Err(Error::Replayed(id)) => return Ok(go(&format!("/task-forces/{id}"), "flash-force-saved")),
                Err(error) => form.refused(error)?,
            }
        }
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &fill_force(&cx, form, Some(force)).await?)
    })
    .await
}
