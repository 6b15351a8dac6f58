//! 重点项目: key projects, the point-to-point pair (点对点), milestones and the
//! task force (专班). Manual 9, anchors 5.9.
//!
//! 1. Every project has a pair: one person of the committee, one of the project's
//!    side, and a backup. A new pair ends the old one; nobody is without unseen.
//! 2. The first date of a milestone stays visible for ever: moving one needs a
//!    reason and a decision of a leader or the dispatch office (倒排工期).
//! 3. The project code is a warning at most, since real papers hold odd ones.

mod api;
pub mod desk;
mod pages;
mod store;

use crate::http::routes::Routes;
use crate::patch::Patch;
use crate::time::{Day, Time};
use crate::words;
use ::store::from_row;
use identifiers::ProjectCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

words! {
    /// How high a project stands (重点项目的级别); the highest where several hold.
    pub enum Level {
        /// 国家重点
        National = "national",
        /// 省重点
        Province = "province",
        /// 市重点
        City = "city",
        /// 区重点
        Zone = "zone",
    }
}

words! {
    /// How far a project has come (manual 9).
    pub enum Stage {
        /// 签约
        Signed = "signed",
        /// 注册
        Registered = "registered",
        /// 立项（备案、核准、审批）
        Approved = "approved",
        /// 用地
        Land = "land",
        /// 规划
        Planning = "planning",
        /// 环评、能评、安评
        Assessment = "assessment",
        /// 施工图
        Drawings = "drawings",
        /// 施工许可
        Permit = "permit",
        /// 开工
        Started = "started",
        /// 主体施工
        Construction = "construction",
        /// 竣工联合验收
        Acceptance = "acceptance",
        /// 投产
        Production = "production",
        /// 达产
        FullCapacity = "full_capacity",
    }
}

/// A project as it is read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Project {
    /// Key.
    pub id: Uuid,
    /// Full name.
    pub name: String,
    /// Short name, as it stands in tables.
    pub short_name: String,
    /// Investment project code (GB/T 40058).
    pub code: Option<String>,
    /// The highest level that holds.
    pub level: Level,
    /// The level as papers say it, such as 省市重点.
    pub level_text: Option<String>,
    /// 项目方 (建设单位)
    pub owner_name: Option<String>,
    /// 施工单位
    pub contractor: Option<String>,
    /// The enterprise that owns it, where it is in the register.
    pub enterprise_id: Option<Uuid>,
    /// The carrier it stands in.
    pub carrier_id: Option<Uuid>,
    /// Name of that carrier.
    pub carrier: Option<String>,
    /// Where it is built.
    pub site: Option<String>,
    /// How far it has come.
    pub stage: Stage,
    /// Works in hand (在施内容), such as 土方外运.
    pub works: Option<String>,
    /// When it left the register.
    pub closed_at: Option<Time>,
    /// When it was entered.
    pub created_at: Time,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Project {
    id,
    name,
    short_name,
    code,
    level,
    level_text,
    owner_name,
    contractor,
    enterprise_id,
    carrier_id,
    carrier,
    site,
    stage,
    works,
    closed_at,
    created_at,
    version,
});

/// What is odd about a project code; none when it holds or is absent.
pub fn code_warning(code: Option<&str>) -> Option<identifiers::Finding> {
    match code?.parse::<ProjectCode>() {
        Ok(code) => code.warning,
        Err(findings) => findings.into_iter().next(),
    }
}

/// A new project.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Full name.
    pub name: String,
    /// Short name; the full name when absent.
    pub short_name: Option<String>,
    /// Investment project code; an odd one is a warning, not an error.
    pub code: Option<String>,
    /// The highest level that holds.
    pub level: Level,
    /// The level as papers say it.
    pub level_text: Option<String>,
    /// 项目方
    pub owner_name: Option<String>,
    /// 施工单位
    pub contractor: Option<String>,
    /// The enterprise that owns it.
    pub enterprise_id: Option<Uuid>,
    /// The carrier it stands in.
    pub carrier_id: Option<Uuid>,
    /// Where it is built.
    pub site: Option<String>,
    /// How far it has come.
    pub stage: Stage,
    /// Works in hand.
    pub works: Option<String>,
}

/// A change of a project. Absent fields stay.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectPatch {
    /// Full name.
    pub name: Option<String>,
    /// Short name.
    pub short_name: Option<String>,
    /// Investment project code.
    pub code: Patch<String>,
    /// The highest level that holds.
    pub level: Option<Level>,
    /// The level as papers say it.
    pub level_text: Patch<String>,
    /// 项目方
    pub owner_name: Patch<String>,
    /// 施工单位
    pub contractor: Patch<String>,
    /// The enterprise that owns it.
    pub enterprise_id: Patch<Uuid>,
    /// The carrier it stands in.
    pub carrier_id: Patch<Uuid>,
    /// Where it is built.
    pub site: Patch<String>,
    /// How far it has come.
    pub stage: Option<Stage>,
    /// Works in hand.
    pub works: Patch<String>,
    /// Whether it leaves the register (true) or comes back (false).
    pub closed: Option<bool>,
}

/// One side of the pair, with what one needs to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Side {
    /// The person.
    pub person_id: Uuid,
    /// Name.
    pub name: String,
    /// Title.
    pub title: Option<String>,
    /// Telephone; masked for those who do not reach the project.
    pub phone: Option<String>,
    /// Whether the person has left.
    pub gone: bool,
}

/// 点对点: who calls whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pair {
    /// Key.
    pub id: Uuid,
    /// The project.
    pub project_id: Uuid,
    /// Our person.
    pub ours: Side,
    /// Our person when the first cannot be reached.
    pub backup: Option<Side>,
    /// Their person.
    pub theirs: Side,
    /// Their WeChat; masked likewise.
    pub wechat: Option<String>,
    /// Since when.
    pub valid_from: Time,
    /// Until when; null while it holds.
    pub valid_to: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

impl Pair {
    /// Whether both sides can still be called.
    pub fn holds(&self) -> bool {
        self.valid_to.is_none()
            && !self.theirs.gone
            && (!self.ours.gone || self.backup.as_ref().is_some_and(|b| !b.gone))
    }
}

/// A new pair. Their person is one the register knows, or is entered with it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPair {
    /// Our person.
    pub our_person_id: Uuid,
    /// Our person when the first cannot be reached.
    pub backup_person_id: Option<Uuid>,
    /// Their person, when he is known.
    pub their_person_id: Option<Uuid>,
    /// Their person's name, when he is new.
    pub their_name: Option<String>,
    /// Their person's title, when he is new.
    pub their_title: Option<String>,
    /// Their person's telephone, when he is new.
    pub their_phone: Option<String>,
    /// Their WeChat.
    pub wechat: Option<String>,
    /// Why the pair changes; needed when there is one.
    pub reason: Option<String>,
}

words! {
    /// How a milestone stands on a day (manual 9: red flag, black flag).
    pub enum MilestoneState {
        /// Not yet.
        NotDue = "not_due",
        /// Within seven days.
        Near = "near",
        /// Its day has passed.
        Late = "late",
        /// Done by the first date.
        Done = "done",
        /// Done, after the first date.
        DoneLate = "done_late",
    }
}

/// A milestone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Milestone {
    /// Key.
    pub id: Uuid,
    /// The project.
    pub project_id: Uuid,
    /// Short name of the project.
    pub project: String,
    /// What is to be reached.
    pub name: String,
    /// The first date; never changes.
    pub original_on: Day,
    /// The date it was moved to.
    pub plan_on: Day,
    /// When it was reached.
    pub done_on: Option<Day>,
    /// How often it was moved.
    pub moves: i64,
    /// Why it was moved last.
    pub moved_because: Option<String>,
    /// Who answers for it.
    pub owner_id: Option<Uuid>,
    /// Name of who answers for it.
    pub owner: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// How it stands today.
    pub state: MilestoneState,
    /// Counts the changes.
    pub version: i64,
}

/// How a milestone stands on a day. Whether it was on time is judged by the
/// first date, however often it was moved.
pub fn milestone_state(original: Day, plan: Day, done: Option<Day>, today: Day) -> MilestoneState {
    match done {
        Some(done) if done <= original => MilestoneState::Done,
        Some(_) => MilestoneState::DoneLate,
        None if plan < today => MilestoneState::Late,
        None if days_between(today, plan) <= 7 => MilestoneState::Near,
        None => MilestoneState::NotDue,
    }
}

/// Whole days from one day to another.
pub fn days_between(from: Day, to: Day) -> i64 {
    from.0.until(to.0).map_or(0, |span| i64::from(span.get_days()))
}

impl Milestone {
    /// By how many days it is or was later than first said; negative when earlier.
    pub fn slip(&self) -> i64 {
        days_between(self.original_on, self.done_on.unwrap_or(self.plan_on))
    }

    /// The style of its state: shape and colour as for deadlines.
    pub fn light(&self) -> &'static str {
        match self.state {
            MilestoneState::NotDue | MilestoneState::Done => "normal",
            MilestoneState::Near => "near",
            MilestoneState::DoneLate => "behind",
            MilestoneState::Late => "overdue",
        }
    }

    /// Whether it was moved.
    pub fn is_moved(&self) -> bool {
        self.plan_on != self.original_on
    }
}

/// A new milestone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMilestone {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The project.
    pub project_id: Uuid,
    /// What is to be reached.
    pub name: String,
    /// When.
    pub plan_on: Day,
    /// Who answers for it: a person of the committee or of the project.
    pub owner_id: Option<Uuid>,
    /// More about it.
    pub note: Option<String>,
}

/// A change of a milestone. Absent fields stay.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MilestonePatch {
    /// The date it is moved to; needs a reason and a leader or the dispatch office.
    pub plan_on: Option<Day>,
    /// Why it is moved.
    pub reason: Option<String>,
    /// When it was reached; null when that was a mistake.
    pub done_on: Patch<Day>,
    /// Who answers for it.
    pub owner_id: Patch<Uuid>,
    /// More about it.
    pub note: Patch<String>,
}

/// A member of a task force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Member {
    /// The person.
    pub person_id: Uuid,
    /// Name.
    pub name: String,
    /// What he does in it.
    pub duty: Option<String>,
}

/// 专班: a task force for key projects.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TaskForce {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Its leader.
    pub leader_id: Uuid,
    /// Name of its leader.
    pub leader: String,
    /// Since when.
    pub founded_on: Day,
    /// Members now.
    pub members: Vec<Member>,
    /// Projects now: key and short name.
    pub projects: Vec<Linked>,
    /// More about it.
    pub note: Option<String>,
    /// When it was dissolved.
    pub closed_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

/// A project of a task force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Linked {
    /// The project.
    pub project_id: Uuid,
    /// Its short name.
    pub name: String,
}

/// Somebody to be in a task force.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// The person.
    pub person_id: Uuid,
    /// What he does in it.
    pub duty: Option<String>,
}

/// A new task force.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaskForce {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Name.
    pub name: String,
    /// Its leader, a person of the committee.
    pub leader_id: Uuid,
    /// Since when.
    pub founded_on: Day,
    /// Members.
    #[serde(default)]
    pub members: Vec<NewMember>,
    /// Projects.
    #[serde(default)]
    pub project_ids: Vec<Uuid>,
    /// More about it.
    pub note: Option<String>,
}

/// A change of a task force. Absent fields stay; lists are replaced as a whole.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TaskForcePatch {
    /// Name.
    pub name: Option<String>,
    /// Its leader.
    pub leader_id: Option<Uuid>,
    /// Everybody in it from now on.
    pub members: Option<Vec<NewMember>>,
    /// Every project of it from now on.
    pub project_ids: Option<Vec<Uuid>>,
    /// More about it.
    pub note: Patch<String>,
    /// Whether it is dissolved.
    pub closed: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::read(text).expect("a day")
    }

    #[test]
    fn how_a_milestone_stands() {
        use MilestoneState as S;
        let today = day("2026-11-24");
        for (original, plan, done, expected) in [
            ("2026-12-31", "2026-12-31", None, S::NotDue),
            ("2026-12-01", "2026-12-01", None, S::Near),
            ("2026-12-02", "2026-12-02", None, S::NotDue),
            ("2026-11-24", "2026-11-24", None, S::Near),
            ("2026-11-23", "2026-11-23", None, S::Late),
            ("2026-11-20", "2026-12-31", None, S::NotDue),
            ("2026-11-20", "2026-11-20", Some("2026-11-20"), S::Done),
            ("2026-11-20", "2026-11-20", Some("2026-11-21"), S::DoneLate),
            // Moved beforehand and kept then: late all the same, by the first date.
            ("2026-11-10", "2026-11-20", Some("2026-11-20"), S::DoneLate),
        ] {
            assert_eq!(
                milestone_state(day(original), day(plan), done.map(day), today),
                expected,
                "{original} {plan} {done:?}"
            );
        }
    }

    #[test]
    fn days_between_days_cross_months() {
        for (from, to, days) in
            [("2026-11-24", "2026-12-01", 7), ("2026-12-01", "2026-11-24", -7), ("2026-02-28", "2026-03-01", 1)]
        {
            assert_eq!(days_between(day(from), day(to)), days, "{from} {to}");
        }
    }

    #[test]
    fn an_odd_code_is_a_warning() {
        for (code, warned) in [
            (None, false),
            (Some("2020-330327-48-01-167360"), false),
            (Some("2603-141124-89-05-346948"), false),
            (Some("2603-141124-89-05-346949"), true),
            (Some("12345"), true),
        ] {
            assert_eq!(code_warning(code).is_some(), warned, "{code:?}");
        }
    }

    fn side(gone: bool) -> Side {
        Side { person_id: Uuid::nil(), name: "某".into(), title: None, phone: None, gone }
    }

    #[test]
    fn a_pair_holds_while_somebody_can_be_called_on_both_sides() {
        for (ours, backup, theirs, holds) in [
            (false, None, false, true),
            (true, None, false, false),
            (true, Some(false), false, true),
            (true, Some(true), false, false),
            (false, None, true, false),
        ] {
            let pair = Pair {
                id: Uuid::nil(),
                project_id: Uuid::nil(),
                ours: side(ours),
                backup: backup.map(side),
                theirs: side(theirs),
                wechat: None,
                valid_from: Time::default(),
                valid_to: None,
                version: 1,
            };
            assert_eq!(pair.holds(), holds, "{ours} {backup:?} {theirs}");
        }
    }
}
