//! 大走访: whom to visit within some weeks, in how many rounds, and what to ask. It
//! counts enterprises that were reached, never the officers who went (manual 2).

mod api;
pub mod desk;
mod pages;
mod store;

use crate::error::{Check, FieldError};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::settings::VisitBlock;
use crate::time::{DAY_MS, Time};
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

words! {
    /// How far an enterprise of a campaign is. Each is in one of them.
    pub enum Reached {
        /// 已走访
        Visited = "visited",
        /// 尚差轮次
        Begun = "begun",
        /// 已约
        Planned = "planned",
        /// 企业婉拒
        Declined = "declined",
        /// 未走访
        Never = "never",
    }
}

impl Reached {
    /// How far an enterprise is: visits made in the time of the campaign, whether one
    /// is planned, whether it declined one. The statement of the store says the same.
    pub fn of(visits: i64, rounds: i64, planned: bool, declined: bool) -> Self {
        match (visits, planned, declined) {
            (n, ..) if n >= rounds => Self::Visited,
            (_, true, _) => Self::Planned,
            (n, ..) if n > 0 => Self::Begun,
            (_, _, true) => Self::Declined,
            _ => Self::Never,
        }
    }
}

/// Which enterprises a campaign begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetFilter {
    /// Only key enterprises.
    pub key: bool,
    /// Only those in this carrier.
    pub carrier_id: Option<Uuid>,
    /// Only those whose industry code begins so.
    pub industry: Option<String>,
    /// Only those with at least so many people.
    pub headcount_min: Option<i64>,
    /// Only those that nobody talked to for so many days.
    pub silent_days: Option<i64>,
}

/// A campaign to start.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// Its first instant.
    pub starts_at: Time,
    /// Its last instant.
    pub ends_at: Time,
    /// How many visits each enterprise is to have; 1, when absent.
    pub rounds: Option<i64>,
    /// Keys of the blocks to ask; all, when empty.
    #[serde(default)]
    pub blocks: Vec<String>,
    /// Which enterprises.
    #[serde(default)]
    pub filter: TargetFilter,
}

/// A campaign lasts no longer, in days.
const LONGEST_DAYS: i64 = 366;

impl NewCampaign {
    /// Tidies the texts and notes what is wrong.
    pub(crate) fn check(&mut self, check: &mut Check, blocks: &[VisitBlock], now: Time) {
        self.name = check.text("name", &self.name, 60);
        self.purpose = check.text("purpose", &self.purpose, 500);
        check.that(self.ends_at > self.starts_at, "ends_at", "before_start");
        check.that(self.ends_at > now, "ends_at", "in_past");
        let long = self.ends_at.ms() - self.starts_at.ms() > LONGEST_DAYS * DAY_MS;
        check.that(!long, "ends_at", "campaign_long");
        if self.rounds.is_some_and(|rounds| !(1..=12).contains(&rounds)) {
            check.add(FieldError::new("rounds", "range").with("min", 1).with("max", 12));
        }
        let mut seen = HashSet::new();
        for (n, key) in self.blocks.iter().enumerate() {
            let field = format!("blocks/{n}");
            check.that(blocks.iter().any(|block| block.key == *key), &field, "unknown");
            check.that(seen.insert(key), &field, "twice");
        }
        let filter = &mut self.filter;
        filter.industry = check.opt_text("industry", filter.industry.as_deref(), 6);
        for (field, value) in [("headcount_min", filter.headcount_min), ("silent_days", filter.silent_days)] {
            if value.is_some_and(|n| !(0..=1_000_000).contains(&n)) {
                check.add(FieldError::new(field, "range").with("min", 0).with("max", 1_000_000));
            }
        }
    }
}

/// A campaign.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Campaign {
    /// Key.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// Its first instant.
    pub starts_at: Time,
    /// Its last instant.
    pub ends_at: Time,
    /// How many visits each enterprise is to have.
    pub rounds: i64,
    /// Keys of the blocks to ask.
    pub blocks: Vec<String>,
    /// When it was ended before its time or after.
    pub ended_at: Option<Time>,
    /// What was said at the end.
    pub end_note: Option<String>,
    /// Who started it.
    pub created_by_name: Option<String>,
    /// How many enterprises are how far, of those within the reader's reach.
    pub counts: Counts,
    /// Counts the changes.
    pub version: i64,
}

impl Campaign {
    /// Whether it runs at a time.
    pub fn runs(&self, now: Time) -> bool {
        self.ended_at.is_none() && self.starts_at <= now && now <= self.ends_at
    }
}

impl Versioned for Campaign {
    fn version(&self) -> i64 {
        self.version
    }
}

/// How many enterprises are how far. They add up to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// All visits made.
    pub visited: i64,
    /// Some visits made, others lack.
    pub begun: i64,
    /// A visit is planned.
    pub planned: i64,
    /// The enterprise declined.
    pub declined: i64,
    /// Nobody was there.
    pub never: i64,
}

impl Counts {
    /// All enterprises.
    pub fn total(&self) -> i64 {
        self.visited + self.begun + self.planned + self.declined + self.never
    }

    /// Each with its word.
    pub fn each(&self) -> [(Reached, i64); 5] {
        [
            (Reached::Visited, self.visited),
            (Reached::Begun, self.begun),
            (Reached::Planned, self.planned),
            (Reached::Declined, self.declined),
            (Reached::Never, self.never),
        ]
    }

    pub(crate) fn add(&mut self, reached: Reached, n: i64) {
        match reached {
            Reached::Visited => self.visited += n,
            Reached::Begun => self.begun += n,
            Reached::Planned => self.planned += n,
            Reached::Declined => self.declined += n,
            Reached::Never => self.never += n,
        }
    }
}

/// An enterprise of a campaign.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Target {
    /// The enterprise.
    pub enterprise_id: Uuid,
    /// Its short name.
    pub short_name: String,
    /// Whether it is a key enterprise.
    pub key: bool,
    /// Who goes: its officer.
    pub officer_name: Option<String>,
    /// How far it is.
    pub reached: Reached,
    /// Visits in the time of the campaign.
    pub visits: i64,
    /// The last of them.
    pub last_at: Option<Time>,
    /// The next that is planned.
    pub planned_at: Option<Time>,
    /// That plan.
    pub plan_id: Option<Uuid>,
    /// Why it was added after the start.
    pub reason: Option<String>,
}

from_row!(Target {
    enterprise_id,
    short_name,
    key,
    officer_name,
    reached,
    visits,
    last_at,
    planned_at,
    plan_id,
    reason,
});

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn each_enterprise_is_counted_once() {
        for (visits, rounds, planned, declined, reached) in [
            (1, 1, false, false, Reached::Visited),
            (1, 1, true, true, Reached::Visited),
            (1, 2, false, false, Reached::Begun),
            (1, 2, true, false, Reached::Planned),
            (1, 2, false, true, Reached::Begun),
            (0, 1, true, true, Reached::Planned),
            (0, 1, false, true, Reached::Declined),
            (0, 1, false, false, Reached::Never),
        ] {
            assert_eq!(Reached::of(visits, rounds, planned, declined), reached);
        }
        let mut counts = Counts::default();
        Reached::ALL.iter().for_each(|reached| counts.add(*reached, 2));
        assert_eq!(counts.total(), 10);
        assert!(counts.each().iter().all(|(_, n)| *n == 2));
    }

    #[test]
    fn a_campaign_has_a_name_an_end_and_known_questions() {
        let now = Time::from_ms(100 * DAY_MS);
        let day = |n: i64| Time::from_ms(n * DAY_MS);
        let faults = |change: &dyn Fn(&mut NewCampaign)| -> Vec<(String, &'static str)> {
            let mut new = NewCampaign {
                id: None,
                name: "百日大走访".into(),
                purpose: "摸清用工".into(),
                starts_at: day(100),
                ends_at: day(130),
                rounds: None,
                blocks: vec!["safety".into()],
                filter: TargetFilter::default(),
            };
            change(&mut new);
            let blocks = [VisitBlock { key: "safety".into(), ..VisitBlock::default() }];
            let mut check = Check::new();
            new.check(&mut check, &blocks, now);
            match check.done() {
                Ok(()) => Vec::new(),
                Err(Error::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
                Err(other) => panic!("{other}"),
            }
        };
        let wrong = |field: &str, code| vec![(field.to_owned(), code)];
        assert_eq!(faults(&|_| ()), []);
        assert_eq!(faults(&|new| new.name = " ".into()), wrong("name", "required"));
        assert_eq!(faults(&|new| new.starts_at = day(140)), wrong("ends_at", "before_start"));
        assert_eq!(faults(&|new| (new.starts_at, new.ends_at) = (day(50), day(60))), wrong("ends_at", "in_past"));
        assert_eq!(faults(&|new| new.ends_at = day(500)), wrong("ends_at", "campaign_long"));
        assert_eq!(faults(&|new| new.rounds = Some(0)), wrong("rounds", "range"));
        assert_eq!(faults(&|new| new.blocks = vec!["weather".into()]), wrong("blocks/0", "unknown"));
        assert_eq!(faults(&|new| new.filter.silent_days = Some(-1)), wrong("silent_days", "range"));
    }
}
