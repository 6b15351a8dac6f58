//! The days of a calendar page. Weeks begin on Monday.

use crate::time::{Day, Time};
use crate::words;
use jiff::ToSpan;
use jiff::tz::TimeZone;

words! {
    /// How much of the calendar a page shows.
    pub enum View {
        /// 月
        Month = "month",
        /// 周
        Week = "week",
    }
}

/// The week of a day, from Monday on.
fn week_of(day: Day) -> Day {
    Day(day.0.saturating_sub(i64::from(day.0.weekday().to_monday_zero_offset()).days()))
}

impl View {
    /// The weeks that the view of a day shows.
    pub fn weeks(self, day: Day) -> Vec<Vec<Day>> {
        let (first, last) = match self {
            Self::Month => (Day(day.0.first_of_month()), Day(day.0.last_of_month())),
            Self::Week => (day, day),
        };
        let mut monday = week_of(first);
        let mut weeks = Vec::new();
        // No month has days in more than six weeks.
        while monday.0 <= last.0 && weeks.len() < 6 {
            weeks.push((0..7).map(|n| Day(monday.0.saturating_add(n.days()))).collect());
            monday = Day(monday.0.saturating_add(7.days()));
        }
        weeks
    }

    /// A day in the view before this one.
    pub fn before(self, day: Day) -> Day {
        Day(match self {
            Self::Month => day.0.first_of_month().saturating_sub(1.days()),
            Self::Week => day.0.saturating_sub(7.days()),
        })
    }

    /// A day in the view after this one.
    pub fn after(self, day: Day) -> Day {
        Day(match self {
            Self::Month => day.0.last_of_month().saturating_add(1.days()),
            Self::Week => day.0.saturating_add(7.days()),
        })
    }

    /// From the first instant of the view to the first after it.
    pub fn span(self, day: Day, zone: &TimeZone) -> (Time, Time) {
        let weeks = self.weeks(day);
        let all = || weeks.iter().flatten();
        let first = all().next().copied().unwrap_or(day);
        let last = all().last().copied().unwrap_or(day);
        (first.start(zone), last.last(zone).plus(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::read(text).expect("a day")
    }

    #[test]
    fn a_month_is_whole_weeks() {
        for (of, first, last, weeks) in [
            ("2026-11-24", "2026-10-26", "2026-12-06", 6),
            ("2026-02-01", "2026-01-26", "2026-03-01", 5),
            ("2027-02-10", "2027-02-01", "2027-02-28", 4),
        ] {
            let shown = View::Month.weeks(day(of));
            assert_eq!(
                (shown[0][0], *shown.last().expect("weeks").last().expect("days"), shown.len()),
                (day(first), day(last), weeks),
                "{of}"
            );
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        for of in ["2026-11-23", "2026-11-26", "2026-11-29"] {
            let shown = View::Week.weeks(day(of));
            assert_eq!((shown.len(), shown[0][0], shown[0][6]), (1, day("2026-11-23"), day("2026-11-29")), "{of}");
        }
    }

    #[test]
    fn one_goes_on_and_back() {
        for (view, of, before, after) in [
            (View::Month, "2026-01-31", "2025-12-31", "2026-02-01"),
            (View::Week, "2026-01-01", "2025-12-25", "2026-01-08"),
        ] {
            assert_eq!((view.before(day(of)), view.after(day(of))), (day(before), day(after)));
        }
        // The ends of the calendar are no ends of the program.
        for end in ["9999-12-31", "-009999-01-01"] {
            for view in View::ALL {
                let shown = view.weeks(day(end));
                assert!(!shown.is_empty());
                let _ = (view.before(day(end)), view.after(day(end)), view.span(day(end), &TimeZone::UTC));
            }
        }
    }
}
