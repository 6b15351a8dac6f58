//! 要求、隐患、现场答复: what a visit leaves besides appeals, promises and lights. A
//! requirement and a hazard are things of their own: with a day, a hazard with somebody
//! of the office who sees to it. They end when they are looked at again and hold; what
//! does not hold is followed by another with a new day. What was asked for and no longer
//! is, is withdrawn with the reason.

mod api;
pub mod desk;
mod pages;
mod store;

use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{DAY_MS, Time};
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// What a visit leaves besides appeals, promises and lights.
    pub enum ItemKind {
        /// 要求
        Requirement = "requirement",
        /// 隐患
        Hazard = "hazard",
        /// 现场答复
        Answer = "answer",
    }
}

impl ItemKind {
    /// What an enterprise is asked to do.
    pub const ASKED: &[Self] = &[Self::Requirement, Self::Hazard];
}

words! {
    /// How a requirement or a hazard stands.
    pub enum ItemState {
        /// 待复查
        Open = "open",
        /// 已落实
        Held = "held",
        /// 未落实, followed by another
        NotHeld = "not_held",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

impl ItemState {
    /// How it can have ended.
    pub const ENDED: &[Self] = &[Self::Held, Self::NotHeld, Self::Withdrawn];
}

/// A requirement, a hazard, or an answer on the spot.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Item {
    /// Key.
    pub id: Uuid,
    /// The visit.
    pub visit_id: Uuid,
    /// Its number.
    pub visit_number: String,
    /// What the subject is.
    pub subject_kind: SubjectKind,
    /// The subject.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// What it is.
    pub kind: ItemKind,
    /// What is required, what is dangerous, or what was asked.
    pub text: String,
    /// The answer that was given on the spot.
    pub answer: Option<String>,
    /// Until when.
    pub due_at: Option<Time>,
    /// Who of the office sees to it.
    pub owner_id: Option<Uuid>,
    /// That person's name.
    pub owner_name: Option<String>,
    /// The one that did not hold before.
    pub follows_id: Option<Uuid>,
    /// When it was looked at again.
    pub checked_at: Option<Time>,
    /// Whether it then held: done, or removed.
    pub held: Option<bool>,
    /// What was seen, or why it was withdrawn.
    pub check_note: Option<String>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Time>,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Item {
    id,
    visit_id,
    visit_number,
    subject_kind,
    subject_id,
    subject_name,
    kind,
    text,
    answer,
    due_at,
    owner_id,
    owner_name,
    follows_id,
    checked_at,
    held,
    check_note,
    withdrawn_at,
    version,
});

impl Item {
    /// How it stands; an answer is over when it is given.
    pub fn state(&self) -> ItemState {
        match (self.withdrawn_at, self.held, self.kind) {
            (Some(_), ..) => ItemState::Withdrawn,
            (None, Some(false), _) => ItemState::NotHeld,
            (None, Some(true), _) | (None, None, ItemKind::Answer) => ItemState::Held,
            (None, None, _) => ItemState::Open,
        }
    }

    /// Whether somebody still has to look at it again.
    pub fn is_open(&self) -> bool {
        self.state() == ItemState::Open
    }
}

/// When something is due that was found at `at`: the day that was named, or for what has
/// to have one so many days on.
pub fn due(kind: ItemKind, again: bool, named: Option<Time>, at: Time, days: i64) -> Option<Time> {
    let must = kind == ItemKind::Hazard || again;
    named.or_else(|| must.then(|| at.plus(days * DAY_MS)))
}

/// A second look at a requirement or a hazard.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recheck {
    /// Whether it holds: done, or removed.
    pub held: bool,
    /// What was seen; needed when it does not hold.
    pub note: Option<String>,
    /// Until when it is to hold now, when it does not; so many days on, when absent.
    pub due_at: Option<Time>,
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ItemKind::{Answer, Hazard, Requirement};

    fn item(kind: ItemKind, held: Option<bool>, withdrawn: bool) -> Item {
        Item {
            id: Uuid::nil(),
            visit_id: Uuid::nil(),
            visit_number: String::new(),
            subject_kind: SubjectKind::Enterprise,
            subject_id: Uuid::nil(),
            subject_name: String::new(),
            kind,
            text: String::new(),
            answer: None,
            due_at: None,
            owner_id: None,
            owner_name: None,
            follows_id: None,
            checked_at: held.map(|_| Time::from_ms(1)),
            held,
            check_note: None,
            withdrawn_at: withdrawn.then_some(Time::from_ms(1)),
            version: 1,
        }
    }

    #[test]
    fn how_it_stands() {
        for (kind, held, withdrawn, state) in [
            (Hazard, None, false, ItemState::Open),
            (Hazard, Some(true), false, ItemState::Held),
            (Hazard, Some(false), false, ItemState::NotHeld),
            (Requirement, None, true, ItemState::Withdrawn),
            (Answer, None, false, ItemState::Held),
        ] {
            assert_eq!(item(kind, held, withdrawn).state(), state, "{kind} {held:?}");
        }
    }

    #[test]
    fn a_hazard_has_a_day_always() {
        let (found, named) = (Time::from_ms(10 * DAY_MS), Time::from_ms(12 * DAY_MS));
        let week = Some(Time::from_ms(17 * DAY_MS));
        for (kind, again, day, expected, why) in [
            (Hazard, false, Some(named), Some(named), "the day that was named"),
            (Hazard, false, None, week, "a hazard without a day"),
            (Requirement, false, None, None, "a requirement may be without a day"),
            (Requirement, true, None, week, "what did not hold gets one"),
            (Requirement, true, Some(named), Some(named), "the new day that was named"),
        ] {
            assert_eq!(due(kind, again, day, found, 7), expected, "{why}");
        }
    }
}
