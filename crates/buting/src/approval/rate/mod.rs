//! 不见面率: counted from the contacts, by case and by matter, both named as what they are,
//! since the two are different rates. By case: decided cases without a contact face to face ÷
//! decided cases of the period. By matter: matters all of whose decided cases were so ÷
//! matters with decided cases.

mod api;
pub mod desk;
pub mod pages;
mod store;

use crate::http::routes::Routes;
use crate::time::Day;
use ::store::from_row;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// The line that the rate is held against, in percent: 90 % of cases go without a meeting.
pub const TARGET: i64 = 90;

/// A rate with what it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rate {
    /// Without a meeting.
    pub numerator: i64,
    /// In all.
    pub denominator: i64,
}

impl Rate {
    /// In tenths of a percent, rounded down so that no rate is shown better than it is;
    /// none of nothing.
    pub fn tenths(self) -> Option<i64> {
        (self.denominator > 0).then(|| self.numerator * 1000 / self.denominator)
    }

    /// As it is printed: `93.3 %`, or `—` of nothing.
    pub fn text(self) -> String {
        self.tenths().map_or_else(|| "—".to_owned(), |tenths| format!("{}.{} %", tenths / 10, tenths % 10))
    }

    /// Whether it stands above the line; none of nothing.
    pub fn reaches(self) -> Option<bool> {
        self.tenths().map(|_| self.numerator * 100 > self.denominator * TARGET)
    }
}

/// What one matter adds to the rates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OfMatter {
    /// The matter.
    pub matter_id: Uuid,
    /// What it is called.
    pub title: String,
    /// Its decided cases of the period.
    pub decided: i64,
    /// Those of them without a contact face to face.
    pub without: i64,
    /// Times that applicants had to come.
    pub trips: i64,
}

from_row!(OfMatter { matter_id, title, decided, without, trips });

impl OfMatter {
    /// The rate of its cases.
    pub fn rate(&self) -> Rate {
        Rate { numerator: self.without, denominator: self.decided }
    }
}

/// The rates of a period.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rates {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Decided cases without a contact face to face ÷ decided cases.
    pub by_case: Rate,
    /// Matters all of whose decided cases were so ÷ matters with decided cases.
    pub by_matter: Rate,
    /// Times that applicants had to come, in all.
    pub trips: i64,
    /// The line, in percent.
    pub target: i64,
    /// What each matter adds, the lowest rate first.
    pub matters: Vec<OfMatter>,
}

impl Rates {
    /// The rates that these matters make.
    pub fn of(from: Day, to: Day, mut matters: Vec<OfMatter>) -> Self {
        matters.retain(|one| one.decided > 0);
        matters.sort_by_key(|one| (one.rate().tenths(), -one.decided));
        let sum = |part: fn(&OfMatter) -> i64| matters.iter().map(part).sum();
        let count =
            |holds: fn(&&OfMatter) -> bool| i64::try_from(matters.iter().filter(holds).count()).unwrap_or_default();
        Self {
            from,
            to,
            by_case: Rate { numerator: sum(|one| one.without), denominator: sum(|one| one.decided) },
            by_matter: Rate { numerator: count(|one| one.without == one.decided), denominator: count(|_| true) },
            trips: sum(|one| one.trips),
            target: TARGET,
            matters,
        }
    }

    /// Trips per decided case, to two places; `—` of none.
    pub fn trips_text(&self) -> String {
        match self.by_case.denominator {
            0 => "—".to_owned(),
            n => {
                let hundredths = self.trips * 100 / n;
                format!("{}.{:02}", hundredths / 100, hundredths % 100)
            }
        }
    }
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
    fn a_rate_is_never_shown_better_than_it_is() {
        for (numerator, denominator, text, reaches) in [
            (0, 0, "—", None),
            (9, 10, "90.0 %", Some(false)),
            (10, 11, "90.9 %", Some(true)),
            (1999, 2000, "99.9 %", Some(true)),
            (3, 3, "100.0 %", Some(true)),
            (0, 4, "0.0 %", Some(false)),
        ] {
            let rate = Rate { numerator, denominator };
            assert_eq!((rate.text().as_str(), rate.reaches()), (text, reaches), "{numerator}/{denominator}");
        }
    }

    #[test]
    fn by_case_and_by_matter_are_two_rates() {
        let day = Day::read("2026-11-30").expect("a day");
        let one = |title: &str, decided, without, trips| OfMatter {
            matter_id: Uuid::nil(),
            title: title.into(),
            decided,
            without,
            trips,
        };
        let rates = Rates::of(day, day, vec![one("甲", 10, 10, 0), one("乙", 10, 9, 1), one("丙", 0, 0, 0)]);
        assert_eq!(rates.by_case, Rate { numerator: 19, denominator: 20 });
        assert_eq!(rates.by_matter, Rate { numerator: 1, denominator: 2 });
        assert_eq!(rates.matters[0].title, "乙", "the lowest first; none without a decided case");
        assert_eq!(rates.trips_text(), "0.05");
    }
}
