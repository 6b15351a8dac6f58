use super::desk::{self, Asked, KEEPERS, MilestoneAsked, READERS};
use super::{
    Level, Milestone, MilestonePatch, MilestoneState, NewMilestone, NewPair, NewProject, NewTaskForce, Pair, Project,
    ProjectPatch, Stage, TaskForce, TaskForcePatch, code_warning,
};
use crate::actor::OFFICE;
use crate::assignment::Answerable;
use crate::assignment::desk::DECIDERS;
use crate::error::Result;
use crate::http::api::{Page, Versioned, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::subject::SubjectKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    let keepers = Access::only(KEEPERS);
    routes.api_get("/api/v1/projects", readers, list).summary("Key projects").owner_scoped();
    routes.api_create("/api/v1/projects", keepers, add, show).summary("Enter a project");
    routes
        .api_read("/api/v1/projects/{id}", readers, show)
        .summary("A project, with who answers and who calls whom")
        .owner_scoped();
    routes.api_change("/api/v1/projects/{id}", keepers, change, show).summary("Change a project");
    routes
        .api_act("/api/v1/projects/{id}/pair", keepers, pair, show)
        .summary("Tie a project to one of us and one of them");
    routes.api_get("/api/v1/milestones", readers, milestones).summary("Milestones by date").owner_scoped();
    routes.api_create("/api/v1/milestones", keepers, add_milestone, show_milestone).summary("Set a milestone");
    routes.api_read("/api/v1/milestones/{id}", readers, show_milestone).summary("A milestone").owner_scoped();
    routes
        .api_change("/api/v1/milestones/{id}", keepers, change_milestone, show_milestone)
        .summary("Move a milestone, or note that it was reached");
    routes.api_get("/api/v1/task-forces", Access::only(OFFICE), task_forces).summary("Task forces at work");
    routes
        .api_create("/api/v1/task-forces", Access::only(DECIDERS), found, show_task_force)
        .summary("Found a task force");
    routes.api_read("/api/v1/task-forces/{id}", Access::only(OFFICE), show_task_force).summary("A task force");
    routes
        .api_change("/api/v1/task-forces/{id}", Access::only(DECIDERS), change_task_force, show_task_force)
        .summary("Change a task force");
}

/// A project with who answers for it and who calls whom.
#[derive(Serialize, JsonSchema)]
struct ProjectOut {
    #[serde(flatten)]
    project: Project,
    /// What is odd about the code.
    code_warning: Option<String>,
    /// Who answers for it.
    answerable: Answerable,
    /// Who calls whom; null while nobody is named.
    pair: Option<Pair>,
}

impl Versioned for ProjectOut {
    fn version(&self) -> i64 {
        self.project.version
    }
}

impl Versioned for Milestone {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for TaskForce {
    fn version(&self) -> i64 {
        self.version
    }
}

/// What the list is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `name` (by pinyin), `stage`, `level`, `carrier`, `created`; with `-` the greatest first.
    sort: Option<String>,
    /// Which have come so far.
    stage: Option<Stage>,
    /// Of that level.
    level: Option<Level>,
    /// In that carrier.
    carrier_id: Option<Uuid>,
    /// Only those where nobody can be called.
    #[serde(default)]
    without_pair: bool,
    /// Only my own.
    #[serde(default)]
    mine: bool,
    /// Those that have left the register.
    #[serde(default)]
    closed: bool,
    /// Words of name, owner, site, works, code.
    q: Option<String>,
}

async fn list(cx: Cx, query: ListQuery) -> Result<Page<Project>> {
    let asked = Asked {
        stage: query.stage,
        level: query.level,
        carrier_id: query.carrier_id,
        without_pair: query.without_pair,
        mine: query.mine,
        closed: query.closed,
        q: query.q,
        sort: query.sort,
        cursor: query.cursor,
    };
    desk::projects(&cx.app, &cx.who, asked, limit(query.limit)?).await
}

async fn show(cx: Cx, id: Uuid) -> Result<ProjectOut> {
    let project = desk::project(&cx.app, &cx.who, id).await?;
    let pair = desk::pair(&cx.app, &cx.who, id).await?;
    let mut tx = cx.read().await?;
    let answerable =
        crate::assignment::desk::current(&cx.app, &mut tx, cx.who.zone_id, SubjectKind::Project, id).await?;
    let code_warning =
        code_warning(project.code.as_deref()).map(|finding| finding.message(super::pages::language(cx.lang)));
    Ok(ProjectOut { project, code_warning, answerable, pair })
}

async fn add(cx: Cx, new: NewProject) -> Result<Uuid> {
    desk::create(&cx.app, &cx.who, new).await
}

async fn change(cx: Cx, id: Uuid, patch: ProjectPatch) -> Result<Uuid> {
    desk::change(&cx.app, &cx.who, id, patch).await
}

async fn pair(cx: Cx, id: Uuid, new: NewPair) -> Result<Uuid> {
    desk::set_pair(&cx.app, &cx.who, id, new).await
}

/// What the list of milestones is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MilestoneQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `plan`, `name`, `project`, `owner` (by pinyin), `moves`; with `-` the greatest first.
    sort: Option<String>,
    /// A part of its name, or words of its project.
    q: Option<String>,
    /// Of this project.
    project_id: Option<Uuid>,
    /// Which stand so.
    state: Option<MilestoneState>,
}

async fn milestones(cx: Cx, query: MilestoneQuery) -> Result<Page<Milestone>> {
    let asked = MilestoneAsked {
        project_id: query.project_id,
        state: query.state,
        q: query.q,
        sort: query.sort,
        cursor: query.cursor,
    };
    desk::milestones(&cx.app, &cx.who, asked, limit(query.limit)?).await
}

async fn show_milestone(cx: Cx, id: Uuid) -> Result<Milestone> {
    desk::milestone(&cx.app, &cx.who, id).await
}

async fn add_milestone(cx: Cx, new: NewMilestone) -> Result<Uuid> {
    desk::add_milestone(&cx.app, &cx.who, new).await
}

async fn change_milestone(cx: Cx, id: Uuid, patch: MilestonePatch) -> Result<Uuid> {
    desk::change_milestone(&cx.app, &cx.who, id, patch).await
}

/// Which task forces.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ForcesQuery {
    /// With this word in a name or the note.
    q: Option<String>,
}

async fn task_forces(cx: Cx, query: ForcesQuery) -> Result<Page<TaskForce>> {
    let all = desk::task_forces_called(&cx.app, &cx.who, query.q.as_deref()).await?;
    let n = all.len() as i64;
    Ok(Page::new(all, None, n))
}

async fn show_task_force(cx: Cx, id: Uuid) -> Result<TaskForce> {
    desk::task_force(&cx.app, &cx.who, id).await
}

async fn found(cx: Cx, new: NewTaskForce) -> Result<Uuid> {
    desk::found(&cx.app, &cx.who, new).await
}

async fn change_task_force(cx: Cx, id: Uuid, patch: TaskForcePatch) -> Result<Uuid> {
    desk::change_task_force(&cx.app, &cx.who, id, patch).await
}
