//! The records that show their own history. Who may open a record's page reads
//! it, if he is of the committee: what a record's desk refuses, its history
//! refuses too.

use crate::actor::{Actor, OFFICE};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::page::Shell;
use crate::subject::SubjectKind;
use crate::words;
use crate::{
    appeal, approval, assignment, continuity, document, organisation, privacy, project, readiness, registry, settings,
    task, visit,
};
use uuid::Uuid;

words! {
    /// A record with a history, `/history/<word>/<id>`. The word is the record's table.
    pub enum Record {
        /// 人员、联系人
        Person = "person",
        /// 部门
        Department = "department",
        /// 账号
        Account = "account",
        /// 邀请
        Invitation = "invitation",
        /// 企业
        Enterprise = "enterprise",
        /// 载体
        Carrier = "carrier",
        /// 项目
        Project = "project",
        /// 项目节点
        Milestone = "milestone",
        /// 服务专班
        TaskForce = "task_force",
        /// 责任关系
        Assignment = "assignment",
        /// 走访
        Visit = "visit",
        /// 约访
        VisitPlan = "visit_plan",
        /// 共性问题
        Cause = "cause",
        /// 方案库条目
        Remedy = "remedy",
        /// 任务
        Task = "task",
        /// 承诺
        Promise = "promise",
        /// 措施
        Measure = "measure",
        /// 突发事件
        Disruption = "disruption",
        /// 个人信息申请
        Request = "subject_request",
        /// 文书
        Document = "document",
        /// 办件
        Application = "application",
        /// 政务服务事项
        Matter = "matter",
        /// 防控方案、应急预案
        ReadinessPlan = "readiness_plan",
        /// 闭环管理
        ClosedLoop = "closed_loop",
        /// 设置; its id is the zone's
        Settings = "settings",
    }
}

/// A record that somebody may open.
pub(super) struct Opened {
    /// Its title.
    pub title: String,
    /// Its page.
    pub href: String,
    /// The table that its ledger rows name; none where several do.
    pub table: Option<&'static str>,
    /// The keys that they name.
    pub ids: Vec<Uuid>,
}

impl Record {
    /// Opens a record as its own page would; answers what its desk refuses with.
    pub(super) async fn open(self, app: &App, who: &Actor, s: &Shell, id: Uuid) -> Result<Opened> {
        let (zone, now) = (who.zone_id, app.now());
        let for_admins =
            [Self::Person, Self::Department, Self::Account, Self::Invitation, Self::Request, Self::Settings];
        if !for_admins.contains(&self) {
            // An administrator's role may hold the whole zone, and is still none of the office.
            who.must(OFFICE)?;
        }
        let mut ids = vec![id];
        let (title, href) = match self {
            Self::Person => {
                let (person, _) = organisation::desk::person_for(&mut app.read().await?, who, id).await?;
                (person.name, format!("/people/{id}"))
            }
            Self::Department => {
                let department = organisation::desk::department(&mut app.read().await?, zone, id).await?;
                (department.name, format!("/departments/{id}"))
            }
            Self::Account => {
                let account = organisation::accounts::account(&mut app.read().await?, who, id).await?;
                (account.user_name, format!("/admin/accounts/{id}"))
            }
            Self::Invitation => {
                let invitation = organisation::invitations::get(&mut app.read().await?, who, id, now).await?;
                (invitation.name, "/invitations".to_owned())
            }
            Self::Enterprise => {
                (registry::desk::enterprise(app, who, id).await?.name, SubjectKind::Enterprise.href(id))
            }
            Self::Carrier => (registry::desk::carrier(app, who, id).await?.name, SubjectKind::Carrier.href(id)),
            Self::Project => (project::desk::project(app, who, id).await?.name, SubjectKind::Project.href(id)),
            Self::Milestone => (project::desk::milestone(app, who, id).await?.name, format!("/milestones/{id}")),
            Self::TaskForce => (project::desk::task_force(app, who, id).await?.name, format!("/task-forces/{id}")),
            Self::Assignment => {
                let one = assignment::desk::get(app, who, id).await?;
                let title = format!("{}{}{}", one.subject, s.t("colon"), s.word("duty", one.role));
                (title, format!("/assignments/{id}"))
            }
            Self::Visit => {
                let visit = visit::desk::visit(app, who, id).await?;
                for items in [&visit.requirements, &visit.hazards, &visit.answers] {
                    ids.extend(items.iter().map(|item| item.id));
                }
                (format!("{} {}", visit.subject_name, visit.number), format!("/visits/{id}"))
            }
            Self::VisitPlan => {
                let plan = visit::plan::desk::plan_of(&mut app.read().await?, who, id).await?;
                (plan.purpose, format!("/visits/plans/{id}"))
            }
            Self::Cause => {
                let cause = appeal::cause::desk::cause(app, who, id).await?.cause;
                (format!("{} {}", cause.number, cause.title), format!("/causes/{id}"))
            }
            Self::Remedy => {
                let remedy = appeal::solution::desk::remedy(app, who, id).await?;
                (format!("{} {}", remedy.number, remedy.method), format!("/solutions/{id}"))
            }
            Self::Task => {
                let task = task::desk::task(app, who, id).await?;
                (format!("{} {}", task.number, task.title), format!("/tasks/{id}"))
            }
            Self::Promise => {
                let promise = visit::desk::promise_of(&mut app.read().await?, who, id).await?;
                (promise.text, format!("/promises/{id}"))
            }
            Self::Measure => {
                let measure = continuity::desk::measure(&mut app.read().await?, who, id).await?;
                (measure.text, format!("/measures/{id}"))
            }
            Self::Disruption => {
                let disruption = continuity::desk::disruption(&mut app.read().await?, zone, id).await?;
                (disruption.name, format!("/disruptions/{id}"))
            }
            Self::Request => {
                let request = privacy::desk::request(app, who, id).await?;
                (request.number, format!("/privacy/requests/{id}"))
            }
            Self::Document => {
                let issued = document::desk::issued(app, who, id).await?;
                (issued.number, format!("/documents/{id}"))
            }
            Self::Application => {
                let case = approval::desk::application(app, who, id).await?;
                (format!("{} {}", case.number, case.matter_title), format!("/applications/{id}"))
            }
            Self::Matter => (approval::matter::desk::matter(app, who, id).await?.title, format!("/matters/{id}")),
            Self::ReadinessPlan => {
                let (title, _) = readiness::plan::desk::about_plan(&mut app.read().await?, who, id).await?;
                (title, format!("/plans/{id}"))
            }
            Self::ClosedLoop => {
                let roster = readiness::stay::desk::roster(app, who, id, None).await?;
                (roster.closed.subject_name, format!("/closed-loops/{id}"))
            }
            Self::Settings => {
                who.must(settings::desk::READERS)?;
                if id != zone {
                    return Err(Error::NotFound);
                }
                (s.t("nav-settings").into_owned(), "/settings".to_owned())
            }
        };
        let table = (!matches!(self, Self::Visit | Self::Settings)).then(|| self.word());
        Ok(Opened { title, href, table, ids })
    }
}
