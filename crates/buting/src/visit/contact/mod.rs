//! 联系规则: how often the enterprises of each tier are talked to, who is due, and who
//! was asked too often. A call counts where the rule says so (manual 1.2), so that a
//! contact a month does not turn into a visit a month. Both lists are about
//! enterprises; nobody of the office is counted or ranked.

mod api;
pub mod desk;
mod pages;
mod store;

use super::{Channel, Rules};
use crate::http::routes::Routes;
use crate::subject::SubjectKind;
use crate::time::{DAY_MS, Time};
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

/// The kind under which the policy data hold the rules; the key is the tier.
pub const CONTACT_RULE: &str = "contact_rule";

words! {
    /// What an enterprise is to the zone, as far as contact goes.
    pub enum Tier {
        /// 重点企业
        Key = "key",
        /// 规上企业
        AboveScale = "above_scale",
        /// 其他企业
        General = "general",
    }
}

/// How often somebody talks to the enterprises of a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactRule {
    /// At least once in so many days; 0 for no rule.
    pub days: i64,
    /// By these ways it counts.
    pub counts: Vec<Channel>,
}

impl ContactRule {
    /// What holds in a zone that has set nothing: a month for key enterprises, two for
    /// those above scale, a quarter for the rest, and every way counts.
    pub fn shipped(tier: Tier) -> Self {
        let days = match tier {
            Tier::Key => 30,
            Tier::AboveScale => 60,
            Tier::General => 90,
        };
        Self { days, counts: Channel::ALL.to_vec() }
    }

    /// The rule of a tier among what a zone has set.
    pub fn of(tier: Tier, set: &[(String, Json)]) -> Self {
        let own = set.iter().find(|(key, _)| key == tier.word());
        own.and_then(|(_, body)| serde_json::from_value(body.clone()).ok())
            .filter(|rule: &Self| !rule.counts.is_empty())
            .unwrap_or_else(|| Self::shipped(tier))
    }

    /// Why an enterprise is due, if it is. `last` is the last contact that counts,
    /// `agreed` the day that was agreed at the last talk of any kind; what comes first
    /// counts.
    pub fn due(&self, last: Option<Time>, agreed: Option<Time>, now: Time) -> Option<(Time, Reason)> {
        let by_rule = (self.days > 0).then(|| match last {
            None => (Time::from_ms(0), Reason::Never),
            Some(last) => (last.plus(self.days * DAY_MS), Reason::Rule),
        });
        let by_word = agreed.map(|at| (at, Reason::Agreed));
        by_word.into_iter().chain(by_rule).min_by_key(|(at, _)| *at).filter(|(at, _)| *at <= now)
    }
}

words! {
    /// Why somebody should talk to an enterprise.
    pub enum Reason {
        /// 从未联系
        Never = "never",
        /// 超过规定天数
        Rule = "rule",
        /// 到了约好的日子
        Agreed = "agreed",
    }
}

/// An enterprise that somebody should talk to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Due {
    /// The enterprise.
    pub enterprise_id: Uuid,
    /// Its short name.
    pub name: String,
    /// What it is to the zone.
    pub tier: Tier,
    /// Why.
    pub reason: Reason,
    /// The last contact that counts; null for never.
    pub last_at: Option<Time>,
    /// Days since then.
    pub days_ago: Option<i64>,
    /// At least once in so many days, says the rule; 0 where there is none.
    pub rule_days: i64,
    /// The day that was agreed at the last talk.
    pub agreed_at: Option<Time>,
}

/// An enterprise on which too many called.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Often {
    /// What it is.
    pub subject_kind: SubjectKind,
    /// The enterprise or project.
    pub subject_id: Uuid,
    /// Its short name.
    pub name: String,
    /// Visits on the spot within the days of the rules.
    pub visits: i64,
    /// Of so many departments.
    pub departments: i64,
    /// So many times it was to prepare material.
    pub material: i64,
    /// Visits that are planned.
    pub planned: i64,
    /// The departments by short name.
    pub names: Vec<String>,
}

struct Called {
    subject_kind: SubjectKind,
    subject_id: Uuid,
    name: String,
    visits: i64,
    departments: i64,
    material: i64,
    planned: i64,
}

from_row!(Called { subject_kind, subject_id, name, visits, departments, material, planned });

impl Often {
    fn of(called: Called, names: Vec<String>) -> Self {
        let Called { subject_kind, subject_id, name, visits, departments, material, planned } = called;
        Self { subject_kind, subject_id, name, visits, departments, material, planned, names }
    }

    /// The page of whom it is about.
    pub fn href(&self) -> String {
        self.subject_kind.href(self.subject_id)
    }
}

impl Rules {
    /// Whether so many visits on the spot of so many departments, each on a day of its
    /// own, were too many. Emergencies are not among them.
    pub fn too_often(&self, visits: i64, departments: i64) -> bool {
        self.many_departments > 0 && departments >= self.many_departments || self.cap > 0 && visits > self.cap
    }
}

/// Adds this job's routes.
pub(super) fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Time {
        Time::from_ms(n * DAY_MS)
    }

    #[test]
    fn who_is_due_and_why() {
        let month = ContactRule { days: 30, counts: vec![Channel::Phone] };
        let none = ContactRule { days: 0, ..month.clone() };
        let now = day(1000);
        for (rule, last, agreed, expected, why) in [
            (&month, None, None, Some(Reason::Never), "nobody ever talked to it"),
            (&month, Some(953), None, Some(Reason::Rule), "47 days ago, the rule is 30"),
            (&month, Some(970), None, Some(Reason::Rule), "the thirtieth day"),
            (&month, Some(971), None, None, "29 days ago"),
            (&month, Some(990), Some(999), Some(Reason::Agreed), "the day that was agreed is over"),
            (&month, Some(990), Some(1005), None, "the day that was agreed is yet to come"),
            (&month, Some(960), Some(1005), Some(Reason::Rule), "no agreement puts the rule off"),
            (&month, None, Some(999), Some(Reason::Never), "a talk that does not count, and a day agreed there"),
            (&none, None, None, None, "no rule"),
            (&none, Some(10), None, None, "no rule, however long ago"),
            (&none, None, Some(999), Some(Reason::Agreed), "no rule, but an agreement"),
        ] {
            let found = rule.due(last.map(day), agreed.map(day), now).map(|(_, reason)| reason);
            assert_eq!(found, expected, "{why}");
        }
    }

    #[test]
    fn too_often_is_many_departments_or_more_than_the_bound() {
        let rules = Rules { cap: 4, many_departments: 3, ..Rules::default() };
        for (visits, departments, expected) in [(1, 1, false), (4, 2, false), (3, 3, true), (5, 1, true), (0, 0, false)]
        {
            assert_eq!(rules.too_often(visits, departments), expected, "{visits} visits of {departments}");
        }
        let unbound = Rules { cap: 0, many_departments: 0, ..rules };
        assert!(!unbound.too_often(99, 9));
    }

    #[test]
    fn what_a_zone_has_not_set_holds_as_shipped() {
        let own = [("key".to_owned(), serde_json::json!({"days": 15, "counts": ["onsite"]}))];
        assert_eq!(ContactRule::of(Tier::Key, &own), ContactRule { days: 15, counts: vec![Channel::Onsite] });
        assert_eq!(ContactRule::of(Tier::General, &own), ContactRule::shipped(Tier::General));
        assert!(ContactRule::shipped(Tier::Key).counts.contains(&Channel::Phone), "a call counts");
    }
}
