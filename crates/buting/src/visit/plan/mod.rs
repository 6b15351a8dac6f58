//! 约访: a visit is proposed, the enterprise agrees, names another day or declines.
//! Departments that want the same enterprise in the same days go together, and
//! together they come no oftener than the zone has settled.

mod api;
mod calendar;
pub mod desk;
mod feed;
mod pages;
mod store;

pub use calendar::View;

use super::{Channel, VisitKind};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{DAY_MS, Time};
use crate::words;
use crate::worker;
use ::store::{Schedule, from_row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// How far a planned visit is.
    pub enum PlanState {
        /// 待企业确认
        Proposed = "proposed",
        /// 企业已同意
        Agreed = "agreed",
        /// 企业另提时间
        Countered = "countered",
        /// 企业婉拒
        Declined = "declined",
        /// 已走访
        Done = "done",
        /// 已取消
        Cancelled = "cancelled",
        /// 逾期未走访: the day went by, and nobody wrote down a visit
        Lapsed = "lapsed",
    }
}

/// Who answers a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The enterprise or the project's owner, by account or link.
    Outside,
    /// The committee.
    Office,
}

impl PlanState {
    /// Whether the visit may still come about.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Proposed | Self::Agreed | Self::Countered)
    }

    /// Whether a visit may still fulfil it: one that was written down late, too.
    pub const fn can_take_place(self) -> bool {
        self.is_open() || matches!(self, Self::Lapsed)
    }

    /// Whose word brings a plan into this state; nobody's, where only a visit or a
    /// new time does.
    pub const fn said_by(self) -> Option<Side> {
        match self {
            Self::Agreed | Self::Declined | Self::Countered => Some(Side::Outside),
            Self::Cancelled => Some(Side::Office),
            Self::Proposed | Self::Done | Self::Lapsed => None,
        }
    }

    /// Whether the next word may follow this one. Another day may be named again.
    pub fn may_become(self, next: Self) -> bool {
        self.is_open() && next.said_by().is_some() && (self != next || next == Self::Countered)
    }

    /// How a plan stands when it gets a new time: agreed, when the enterprise has
    /// named that time itself.
    pub fn moved(other_at: Option<Time>, to: Time) -> Self {
        if other_at == Some(to) { Self::Agreed } else { Self::Proposed }
    }
}

/// A planned visit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// Key.
    pub id: Uuid,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// Why somebody comes.
    pub kind: VisitKind,
    /// By what way.
    pub channel: Channel,
    /// What for, in words that the enterprise reads.
    pub purpose: String,
    /// When.
    pub planned_at: Time,
    /// The department that comes.
    pub department_id: Option<Uuid>,
    /// Its short name.
    pub department_name: Option<String>,
    /// Who planned it.
    pub planned_by: Option<Uuid>,
    /// That person's name.
    pub planned_by_name: Option<String>,
    /// Why the office comes although others come within the same days, or although
    /// it is oftener than the zone has settled.
    pub despite: Option<String>,
    /// Whether it is oftener than the zone has settled.
    pub over_cap: bool,
    /// How far it is.
    pub state: PlanState,
    /// Since when the enterprise is asked.
    pub asked_at: Time,
    /// When the enterprise answered.
    pub answered_at: Option<Time>,
    /// The day that the enterprise names instead.
    pub other_at: Option<Time>,
    /// Why it was declined, cancelled or moved.
    pub reason: Option<String>,
    /// The visit that came of it.
    pub visit_id: Option<Uuid>,
    /// When it was last changed.
    pub changed_at: Time,
    /// Counts the withdrawn links.
    #[serde(skip)]
    pub link_serial: i64,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Plan {
    id,
    subject_kind,
    subject_id,
    subject_name,
    kind,
    channel,
    purpose,
    planned_at,
    department_id,
    department_name,
    planned_by,
    planned_by_name,
    despite,
    over_cap,
    state,
    asked_at,
    answered_at,
    other_at,
    reason,
    visit_id,
    changed_at,
    link_serial,
    version,
});

/// Somebody who goes along.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Companion {
    /// The plan.
    #[serde(skip)]
    pub plan_id: Uuid,
    /// The person.
    pub person_id: Uuid,
    /// Name.
    pub name: String,
    /// The department.
    pub department_id: Option<Uuid>,
    /// Its short name.
    pub department_name: Option<String>,
}

from_row!(Companion { plan_id, person_id, name, department_id, department_name });

/// A plan with those who go along.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlanRecord {
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
    /// Who goes along, in the order of joining.
    pub companions: Vec<Companion>,
}

impl PlanRecord {
    /// Whether several departments go.
    pub fn is_joint(&self) -> bool {
        self.companions.iter().any(|one| one.department_id != self.plan.department_id)
    }

    /// Whether a person goes.
    pub fn goes(&self, person: Option<Uuid>) -> bool {
        person.is_some()
            && (self.plan.planned_by == person || self.companions.iter().any(|one| Some(one.person_id) == person))
    }

    /// The departments that go, the planner's first, by short name.
    pub fn departments(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.plan.department_name.as_deref().into_iter().collect();
        for one in self.companions.iter().filter_map(|one| one.department_name.as_deref()) {
            if !names.contains(&one) {
                names.push(one);
            }
        }
        names
    }
}

impl Versioned for PlanRecord {
    fn version(&self) -> i64 {
        self.plan.version
    }
}

/// A visit to plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The enterprise; this or `project_id`.
    pub enterprise_id: Option<Uuid>,
    /// The project; this or `enterprise_id`.
    pub project_id: Option<Uuid>,
    /// Why somebody comes; `routine`, when absent.
    pub kind: Option<VisitKind>,
    /// By what way; `onsite`, when absent.
    pub channel: Option<Channel>,
    /// What for, in words that the enterprise reads.
    pub purpose: String,
    /// When.
    pub planned_at: Time,
    /// Why the office comes although others come within seven days, or although it
    /// is oftener than the zone has settled; needed then.
    pub despite: Option<String>,
}

/// A new time for a plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTime {
    /// When.
    pub planned_at: Time,
    /// Why it is moved, in words that the enterprise reads.
    pub reason: Option<String>,
    /// As in a new plan.
    pub despite: Option<String>,
}

/// What is said to a plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanAnswer {
    /// `agreed`, `countered` or `declined` (the enterprise), `cancelled` (the office).
    pub state: PlanState,
    /// The day that suits instead; needed with `countered`.
    pub other_at: Option<Time>,
    /// Why.
    pub reason: Option<String>,
}

/// A visit or plan of anybody within days of a planned one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Near {
    /// When.
    pub at: Time,
    /// Whether it is only planned.
    pub planned: bool,
    /// The plan, which one can join.
    pub plan_id: Option<Uuid>,
    /// Whose.
    pub department_name: Option<String>,
    /// What for.
    pub purpose: Option<String>,
}

from_row!(Near { at, planned, plan_id, department_name, purpose });

/// So many days before and after a planned visit others are looked for.
pub const NEAR_DAYS: i64 = 7;

/// So many days after its time an open plan lapses: whoever went has written it down.
pub const LAPSE_DAYS: i64 = 7;

/// The jobs of this folder.
pub fn kinds() -> Vec<worker::Kind> {
    vec![worker::Kind {
        name: "visit.lapse",
        schedule: Some(Schedule::EveryMinutes(60)),
        task: |app, zone, _| Box::pin(async move { desk::lapse(&app, zone).await.map(drop) }),
    }]
}

/// The span in which other visits count as near.
pub fn near_span(at: Time) -> (Time, Time) {
    (at.plus(-NEAR_DAYS * DAY_MS), at.plus(NEAR_DAYS * DAY_MS))
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use PlanState::*;

    #[test]
    fn a_week_on_either_side_is_near() {
        let at = Time::from_ms(100 * DAY_MS);
        assert_eq!(near_span(at), (Time::from_ms(93 * DAY_MS), Time::from_ms(107 * DAY_MS)));
    }

    #[test]
    fn what_may_follow_what() {
        let table: &[(PlanState, &[PlanState])] = &[
            (Proposed, &[Agreed, Countered, Declined, Cancelled]),
            (Agreed, &[Countered, Declined, Cancelled]),
            (Countered, &[Agreed, Countered, Declined, Cancelled]),
            (Declined, &[]),
            (Done, &[]),
            (Cancelled, &[]),
            (Lapsed, &[]),
        ];
        for (now, nexts) in table {
            let found: Vec<_> = PlanState::ALL.iter().copied().filter(|next| now.may_become(*next)).collect();
            assert_eq!(&found, nexts, "{now}");
            assert_eq!(now.is_open(), !nexts.is_empty());
            assert_eq!(
                now.can_take_place(),
                now.is_open() || *now == Lapsed,
                "who was there in time writes it down late"
            );
        }
        for (state, side) in [
            (Agreed, Some(Side::Outside)),
            (Countered, Some(Side::Outside)),
            (Declined, Some(Side::Outside)),
            (Cancelled, Some(Side::Office)),
            (Done, None),
            (Proposed, None),
            (Lapsed, None),
        ] {
            assert_eq!(state.said_by(), side, "{state}");
        }
    }

    #[test]
    fn the_day_that_the_enterprise_names_needs_no_second_word() {
        let [named, other] = [1, 2].map(Time::from_ms);
        assert_eq!(PlanState::moved(Some(named), named), Agreed);
        assert_eq!(PlanState::moved(Some(named), other), Proposed);
        assert_eq!(PlanState::moved(None, other), Proposed);
    }
}
