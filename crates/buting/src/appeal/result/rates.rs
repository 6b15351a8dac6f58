//! The rates (结果统计, manual 3.5 and 17): each is a part of a whole, counted over a
//! period with and without what another unit left out, and the same condition that
//! counts it lists it.

use super::store::EXCLUDED;
use super::{BAD, Policy};
use crate::time::Time;
use crate::words;
use ::store::Sql;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

words! {
    /// A rate.
    pub enum Measure {
        /// 解决率: of those reached by a return call, who said that it is solved.
        SolveRate = "solve_rate",
        /// 满意率: of those reached who said how satisfied they are, who is.
        Satisfaction = "satisfaction",
        /// 回访率: of what was closed, what was called back.
        ReturnVisitRate = "return_visit_rate",
        /// 差评率: of what was rated, what was rated badly and rightly so.
        BadRatingRate = "bad_rating_rate",
        /// 差评整改率: of what was rated badly and rightly so, what was put right in time.
        BadFixRate = "bad_fix_rate",
        /// 未表态: of what was closed, what the enterprise said nothing about.
        SilentRate = "silent_rate",
    }
}

words! {
    /// Which of the appeals of a rate.
    pub enum Part {
        /// The whole.
        Whole = "whole",
        /// What counts.
        Hit = "hit",
        /// What another unit left out.
        Excluded = "excluded",
    }
}

words! {
    /// By what a rate is split.
    pub enum Split {
        /// 牵头部门
        Department = "department",
        /// 问题类别
        Category = "category",
    }
}

/// Over which time, and what counts as satisfied.
#[derive(Clone, Debug)]
pub struct Period {
    /// From then on.
    pub from: Time,
    /// Before then.
    pub to: Time,
    /// The zone.
    pub zone: Uuid,
    /// Which level is satisfied.
    pub policy: Policy,
}

impl Period {
    fn within(&self, column: &'static str) -> Sql {
        let mut condition = Sql::from(column);
        condition.push(" >= ").arg(self.from).push(" AND ").push(column).push(" < ").arg(self.to);
        condition
    }
}

/// Reached by a return call.
const REACHED: &str = "a.verdict IN ('solved', 'partly', 'not_solved')";

impl Measure {
    /// The condition, with its ` AND`, on an appeal `a` of the whole.
    pub fn whole(self, period: &Period) -> Sql {
        let mut condition = Sql::from(" AND ");
        match self {
            Self::SolveRate => drop(condition.push(REACHED).push(" AND ").append(period.within("a.visited_at"))),
            Self::Satisfaction => {
                condition.push(REACHED).push(" AND coalesce(a.visited_level, a.rating) IS NOT NULL AND ");
                condition.append(period.within("a.visited_at"));
            }
            Self::ReturnVisitRate | Self::SilentRate => {
                condition.push("a.status = 'closed' AND ").append(period.within("a.closed_at"));
            }
            Self::BadRatingRate | Self::BadFixRate => {
                condition.push("a.id IN (SELECT r.appeal_id FROM appeal_rating r WHERE r.zone_id = ").arg(period.zone);
                condition.push(" AND ").append(period.within("r.at"));
                condition.push(if self == Self::BadFixRate { " AND r.found = 'valid')" } else { ")" });
            }
        }
        condition
    }

    /// The condition on an appeal `a` of the whole that counts.
    pub fn hit(self, period: &Period) -> Sql {
        let mut condition = Sql::from("");
        match self {
            Self::SolveRate => drop(condition.push("a.verdict = 'solved'")),
            Self::Satisfaction => {
                condition.push("coalesce(a.visited_level, a.rating) >= ").arg(period.policy.satisfied_from);
            }
            Self::ReturnVisitRate => drop(condition.push("a.visited_at IS NOT NULL AND ").push(REACHED)),
            Self::SilentRate => drop(condition.push("a.confirmation = 'silent'")),
            Self::BadRatingRate => {
                condition
                    .push("EXISTS (SELECT 1 FROM appeal_rating r WHERE r.zone_id = a.zone_id AND r.appeal_id = a.id");
                condition.push(" AND ").append(period.within("r.at")).push(" AND r.level <= ").arg(BAD);
                condition.push(" AND (r.found IS NULL OR r.found = 'valid'))");
            }
            Self::BadFixRate => {
                condition.push(
                    "NOT EXISTS (SELECT 1 FROM appeal_rating r WHERE r.zone_id = a.zone_id AND r.appeal_id = a.id",
                );
                condition.push(" AND ").append(period.within("r.at")).push(
                    " AND r.found = 'valid' AND (r.fixed_at IS NULL OR r.fix_due_at IS NULL OR r.fixed_at > r.fix_due_at))",
                );
            }
        }
        condition
    }

    /// The condition, with its ` AND`, on the appeals `a` that a number counts.
    /// `without` leaves out what another unit left out.
    pub fn of(self, part: Part, without: bool, period: &Period) -> Sql {
        let mut condition = self.whole(period);
        match part {
            Part::Whole => {}
            Part::Hit => drop(condition.push(" AND ").append(self.hit(period))),
            Part::Excluded => drop(condition.push(" AND ").push(EXCLUDED)),
        }
        if without && part != Part::Excluded {
            condition.push(" AND NOT ").push(EXCLUDED);
        }
        condition
    }
}

/// A rate: what counts of the whole, before anything is left out, and how much was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rate {
    /// What counts.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
    /// How much of the whole another unit left out.
    pub excluded: i64,
    /// How much of what counts is among that.
    pub excluded_hits: i64,
}

impl Rate {
    /// What counts, once what was left out is.
    pub fn numerator_without(&self) -> i64 {
        self.numerator - self.excluded_hits
    }

    /// Of what, once what was left out is.
    pub fn denominator_without(&self) -> i64 {
        self.denominator - self.excluded
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            numerator: self.numerator + other.numerator,
            denominator: self.denominator + other.denominator,
            excluded: self.excluded + other.excluded,
            excluded_hits: self.excluded_hits + other.excluded_hits,
        }
    }
}

/// The rate of a part: a department, a category.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// The department's id or the category's key; null for what nobody leads.
    pub key: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Its rate.
    pub rate: Rate,
}

/// A rate in per cent with one digit; none where the whole is nought, never 100.
pub fn percent(numerator: i64, denominator: i64) -> Option<String> {
    (denominator > 0).then(|| format!("{:.1}", numerator as f64 * 100.0 / denominator as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nought_gives_no_rate_and_what_was_left_out_is_told() {
        for (numerator, denominator, told) in
            [(0, 0, None), (0, 4, Some("0.0")), (3, 4, Some("75.0")), (2, 3, Some("66.7")), (4, 4, Some("100.0"))]
        {
            assert_eq!(percent(numerator, denominator).as_deref(), told);
        }
        let rate = Rate { numerator: 6, denominator: 10, excluded: 2, excluded_hits: 0 };
        assert_eq!((rate.numerator_without(), rate.denominator_without()), (6, 8));
        // When all is left out there is nothing to have a rate of.
        let none = Rate { numerator: 1, denominator: 1, excluded: 1, excluded_hits: 1 };
        assert_eq!(percent(none.numerator_without(), none.denominator_without()), None);
        assert_eq!(rate.plus(none), Rate { numerator: 7, denominator: 11, excluded: 3, excluded_hits: 1 });
    }

    #[test]
    fn a_number_and_its_list_ask_the_same() {
        let period =
            Period { from: Time::from_ms(0), to: Time::from_ms(1), zone: Uuid::nil(), policy: Policy::default() };
        for measure in Measure::ALL {
            let whole = measure.of(Part::Whole, false, &period);
            for (part, without) in [(Part::Hit, false), (Part::Whole, true), (Part::Excluded, false)] {
                let narrower = measure.of(part, without, &period);
                assert!(narrower.text().starts_with(whole.text()), "{measure}: {} {}", whole.text(), narrower.text());
                assert!(narrower.text().starts_with(" AND "));
            }
        }
    }
}
