//! What a zone has settled about visits, so that none is a punch-card for the
//! office nor a burden for the enterprise (manual 2).

pub mod desk;

use super::Channel;
use crate::time::{DAY_MS, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The name under which the zone's settings hold them.
pub const SETTING: &str = "visits";

/// The rules of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// At most so many visits on the spot to one enterprise within
    /// [`Rules::cap_days`], of all departments together; 0 for no bound.
    pub cap: i64,
    /// Days of the bound.
    pub cap_days: i64,
    /// After so many days without an answer the planner is told.
    pub answer_days: i64,
    /// Visits of so many departments within [`Rules::cap_days`] are too many for one
    /// enterprise; 0 for no bound.
    pub many_departments: i64,
    /// What did not hold, and a hazard without a day, is due after so many days.
    pub item_days: i64,
    /// Whether somebody else looks through a record before the enterprise is asked.
    pub review: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { cap: 4, cap_days: 30, answer_days: 3, many_departments: 3, item_days: 7, review: false }
    }
}

impl Rules {
    /// What settings say, and what holds where they say nothing.
    pub fn of(settings: &Json) -> Self {
        serde_json::from_value(settings[SETTING].clone()).unwrap_or_default()
    }

    /// Whether one more visit would be more than the bound allows. `others` are the
    /// times of the visits on the spot, done and planned, but for emergencies. What takes
    /// nobody's time on the spot never counts.
    pub fn over_cap(&self, channel: Channel, at: Time, others: &[Time]) -> bool {
        self.cap > 0 && channel.is_on_site() && busiest(at, others, self.cap_days) > self.cap
    }

    /// The span in which other visits can count against one at a time.
    pub fn cap_span(&self, at: Time) -> (Time, Time) {
        (at.plus(-self.cap_days * DAY_MS), at.plus(self.cap_days * DAY_MS))
    }
}

/// The most that come within so many days, counting the one at `at`.
fn busiest(at: Time, others: &[Time], days: i64) -> i64 {
    let span = days * DAY_MS;
    let mut all: Vec<i64> = others.iter().map(|other| other.ms()).chain([at.ms()]).collect();
    all.sort_unstable();
    let within = |from: i64| all.iter().filter(|other| (from..from + span).contains(*other)).count() as i64;
    all.iter()
        .filter(|from| (at.ms() - span + 1..=at.ms()).contains(*from))
        .map(|from| within(*from))
        .max()
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_than_so_many_in_so_many_days_is_too_much() {
        let rules = Rules { cap: 2, cap_days: 30, ..Rules::default() };
        let day = |n: i64| Time::from_ms(n * DAY_MS);
        let days = |all: &[i64]| all.iter().map(|n| day(*n)).collect::<Vec<_>>();
        for (others, over, why) in [
            (&[][..], false, "the first"),
            (&[95], false, "the second"),
            (&[95, 90], true, "the third within thirty days"),
            (&[95, 70], false, "one is thirty days ago"),
            (&[95, 71], true, "the thirtieth day still counts"),
            (&[90, 120], false, "one before and one after are not within thirty days of each other"),
            (&[105, 120], true, "what is planned counts like what was"),
        ] {
            assert_eq!(rules.over_cap(Channel::Onsite, day(100), &days(others)), over, "{why}");
        }
        let busy = days(&[95, 96, 97, 98]);
        for (channel, over) in [(Channel::Phone, false), (Channel::Video, false), (Channel::Meeting, true)] {
            assert_eq!(rules.over_cap(channel, day(100), &busy), over, "{channel}");
        }
        let none = Rules { cap: 0, ..rules };
        assert!(!none.over_cap(Channel::Onsite, day(100), &busy), "no bound is set");
    }

    #[test]
    fn what_a_zone_has_not_set_holds_as_shipped() {
        assert_eq!(Rules::of(&json!({})), Rules::default());
        let own = Rules::of(&json!({"visits": {"cap": 1}}));
        assert_eq!((own.cap, own.cap_days), (1, 30));
        assert_eq!(Rules::of(&json!({"visits": "junk"})), Rules::default());
    }
}
