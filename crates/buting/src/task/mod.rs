//! 任务: something that several people have to do until a day: of an appeal, a visit or a
//! project, or alone. A follow-up (协办跟进, R-ASG-4) is what an assisting department owes
//! by a day. Objectives say what is to be reached, and what stands in the way of each:
//! what, since when, who can lift it.

mod api;
pub mod desk;
pub mod pages;
mod store;

use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::time::{Day, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// What kind of task it is.
    pub enum TaskKind {
        /// 任务
        Task = "task",
        /// 协办跟进
        FollowUp = "follow_up",
    }
}

words! {
    /// How a task stands.
    pub enum TaskState {
        /// 进行中
        Open = "open",
        /// 已完成
        Done = "done",
        /// 未完成
        NotDone = "not_done",
        /// 已取消
        Cancelled = "cancelled",
    }
}

words! {
    /// The record that a task is of.
    pub enum RecordKind {
        /// 诉求
        Appeal = "appeal",
        /// 走访
        Visit = "visit",
        /// 项目
        Project = "project",
        /// 防控方案、应急预案
        Plan = "readiness_plan",
    }
}

words! {
    /// What somebody is to a task.
    pub enum Part {
        /// One of those who do it, or of the department that owes it.
        Doer = "doer",
        /// Who made it, or leads what it is of.
        Keeper = "keeper",
    }
}

words! {
    /// What can be done with a task.
    pub enum TaskMove {
        /// 完成
        Done = "done",
        /// 未完成
        NotDone = "not_done",
        /// 取消
        Cancel = "cancel",
        /// 调整期限
        Extend = "extend",
        /// 调整人员
        Staff = "staff",
        /// 登记受阻
        Block = "block",
        /// 受阻解除
        Lift = "lift",
        /// 目标达成
        Reach = "reach",
    }
}

/// Who may do what with an open task. What is over stays as it is.
const MOVES: &[(TaskMove, &[Part])] = &[
    (TaskMove::Done, &[Part::Doer, Part::Keeper]),
    (TaskMove::NotDone, &[Part::Doer, Part::Keeper]),
    (TaskMove::Cancel, &[Part::Keeper]),
    (TaskMove::Extend, &[Part::Keeper]),
    (TaskMove::Staff, &[Part::Keeper]),
    (TaskMove::Block, &[Part::Doer, Part::Keeper]),
    (TaskMove::Lift, &[Part::Doer, Part::Keeper]),
    (TaskMove::Reach, &[Part::Doer, Part::Keeper]),
];

/// Whether somebody who is this to an open task may do that.
pub fn may(does: TaskMove, parts: &[Part]) -> bool {
    MOVES.iter().any(|(known, by)| *known == does && by.iter().any(|part| parts.contains(part)))
}

/// One of those who do a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Doer {
    /// The person.
    pub person_id: Uuid,
    /// Name.
    pub name: String,
}

from_row!(Doer { person_id, name });

/// What a task is to reach.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Objective {
    /// Key.
    pub id: Uuid,
    /// What.
    pub text: String,
    /// When it was reached.
    pub reached_at: Option<Time>,
    /// What stands in its way.
    pub blocker: Option<String>,
    /// Since when.
    pub blocked_since: Option<Time>,
    /// Who can lift it.
    pub lifter: Option<String>,
}

from_row!(Objective { id, text, reached_at, blocker, blocked_since, lifter });

impl Objective {
    /// Whether something stands in its way now.
    pub fn is_blocked(&self) -> bool {
        self.reached_at.is_none() && self.blocker.is_some()
    }
}

/// A task.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Task {
    /// Key.
    pub id: Uuid,
    /// Its number, such as RW-20261130-0001.
    pub number: String,
    /// Task or follow-up.
    pub kind: TaskKind,
    /// What is to be done, in one line.
    pub title: String,
    /// More about it.
    pub body: Option<String>,
    /// What it is of; null when it stands alone.
    pub record_kind: Option<RecordKind>,
    /// That record.
    pub record_id: Option<Uuid>,
    /// Enterprise or project on whose timeline it shows; null for a complaint's.
    pub subject_id: Option<Uuid>,
    /// Its short name.
    pub subject_name: Option<String>,
    /// The assisting department whose follow-up it is.
    pub department_id: Option<Uuid>,
    /// Its short name.
    pub department_name: Option<String>,
    /// Until when.
    pub due_at: Time,
    /// How it stands.
    pub state: TaskState,
    /// What came of it, or why it was not done.
    pub outcome: Option<String>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Who made it.
    pub made_by: Option<Uuid>,
    /// Name of who made it.
    pub maker: Option<String>,
    /// When it was made.
    pub made_at: Time,
    /// The names of those who do it.
    pub doers: Option<String>,
    /// Objectives in whose way something stands.
    pub blocked: i64,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Task {
    id,
    number,
    kind,
    title,
    body,
    record_kind,
    record_id,
    subject_id,
    subject_name,
    department_id,
    department_name,
    due_at,
    state,
    outcome,
    ended_at,
    made_by,
    maker,
    made_at,
    doers,
    blocked,
    version,
});

impl Task {
    /// Whether something is still to be done.
    pub fn is_open(&self) -> bool {
        self.state == TaskState::Open
    }

    /// Until when, as a due time is shown.
    pub fn due(&self) -> Option<Time> {
        Some(self.due_at)
    }

    /// The page of the record that it is of.
    pub fn record_href(&self) -> Option<String> {
        crate::subject::href_of(self.record_kind?.word(), self.record_id?)
    }
}

/// A task with everything about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Full {
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// Those who do it.
    pub people: Vec<Doer>,
    /// What is to be reached.
    pub objectives: Vec<Objective>,
    /// What the reader can do now.
    pub possible: Vec<TaskMove>,
}

impl Versioned for Full {
    fn version(&self) -> i64 {
        self.task.version
    }
}

/// A new task.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What is to be done, in one line.
    pub title: String,
    /// More about it.
    pub body: Option<String>,
    /// The day by whose end it is done.
    pub due_on: Option<Day>,
    /// Those who do it; who makes it, when nobody is named and it is no department's.
    #[serde(default)]
    pub doers: Vec<Uuid>,
    /// The assisting department whose follow-up it is.
    pub department_id: Option<Uuid>,
    /// The appeal that it is of.
    pub appeal_id: Option<Uuid>,
    /// The visit that it is of.
    pub visit_id: Option<Uuid>,
    /// The project that it is of.
    pub project_id: Option<Uuid>,
    /// The control or emergency plan that it is of.
    pub plan_id: Option<Uuid>,
    /// What is to be reached, each in one line.
    #[serde(default)]
    pub objectives: Vec<String>,
}

/// What somebody does with a task.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// It is done.
    Done {
        /// What came of it.
        outcome: Option<String>,
    },
    /// It was not done.
    NotDone {
        /// Why.
        reason: String,
    },
    /// It need not be done any more.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Another day.
    Extend {
        /// By the end of this day.
        due_on: Day,
        /// Why.
        reason: String,
    },
    /// Other people.
    Staff {
        /// Those who do it from now on.
        doers: Vec<Uuid>,
    },
    /// Something stands in the way of an objective.
    Block {
        /// Which objective.
        objective_id: Uuid,
        /// What stands in its way.
        blocker: String,
        /// Since which day; today when absent.
        since: Option<Day>,
        /// Who can lift it.
        lifter: String,
    },
    /// It stands in its way no longer.
    Lift {
        /// Which objective.
        objective_id: Uuid,
        /// How it was lifted.
        note: Option<String>,
    },
    /// An objective is reached.
    Reach {
        /// Which one.
        objective_id: Uuid,
    },
}

impl Act {
    /// The word for it.
    pub fn does(&self) -> TaskMove {
        match self {
            Self::Done { .. } => TaskMove::Done,
            Self::NotDone { .. } => TaskMove::NotDone,
            Self::Cancel { .. } => TaskMove::Cancel,
            Self::Extend { .. } => TaskMove::Extend,
            Self::Staff { .. } => TaskMove::Staff,
            Self::Block { .. } => TaskMove::Block,
            Self::Lift { .. } => TaskMove::Lift,
            Self::Reach { .. } => TaskMove::Reach,
        }
    }
}

/// What happens to tasks by itself.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "task.remind",
        schedule: Some(Schedule::EveryMinutes(60)),
        task: |app, zone, _| Box::pin(async move { desk::remind(&app, zone).await.map(drop) }),
    }]
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what_with_a_task() {
        for (does, doer, keeper) in [
            (TaskMove::Done, true, true),
            (TaskMove::NotDone, true, true),
            (TaskMove::Cancel, false, true),
            (TaskMove::Extend, false, true),
            (TaskMove::Staff, false, true),
            (TaskMove::Block, true, true),
            (TaskMove::Lift, true, true),
            (TaskMove::Reach, true, true),
        ] {
            assert_eq!(may(does, &[Part::Doer]), doer, "{does}");
            assert_eq!(may(does, &[Part::Keeper]), keeper, "{does}");
            assert!(!may(does, &[]), "{does} by nobody in particular");
        }
        assert_eq!(MOVES.len(), TaskMove::ALL.len());
    }

    #[test]
    fn what_is_reached_is_blocked_no_longer() {
        let objective = |reached: bool, blocker: Option<&str>| Objective {
            id: Uuid::nil(),
            text: String::new(),
            reached_at: reached.then(Time::default),
            blocker: blocker.map(str::to_owned),
            blocked_since: None,
            lifter: None,
        };
        for (reached, blocker, blocked) in
            [(false, None, false), (false, Some("管线未迁"), true), (true, Some("管线未迁"), false)]
        {
            assert_eq!(objective(reached, blocker).is_blocked(), blocked);
        }
    }
}
