//! Days that somebody asks about: from one to another, both counted.

use crate::error::{Error, Result};
use crate::time::{Day, Time};
use crate::zone::Zone;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

/// Days, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Day,
    /// The last.
    pub to: Day,
}

impl Days {
    /// What somebody asks for: until today, and `usual` many days, where he does not say.
    ///
    /// # Errors
    /// [`Error::Invalid`] of `from` when it is after the last day (`after_to`), of `to` when
    /// there are no days before it.
    pub fn asked(zone: &Zone, now: Time, from: Option<Day>, to: Option<Day>, usual: i64) -> Result<Self> {
        let to = to.unwrap_or_else(|| zone.day(now));
        let from = match from {
            Some(from) => from,
            None => Day(to.0.checked_sub((usual - 1).days()).map_err(|_| Error::field("to", "unreadable"))?),
        };
        if from > to {
            return Err(Error::field("from", "after_to"));
        }
        Ok(Self { from, to })
    }

    /// The first instant of the first day, and the first after the last.
    ///
    /// # Errors
    /// [`Error::Invalid`] of `to` when no day comes after it.
    pub fn bounds(self, zone: &TimeZone) -> Result<(Time, Time)> {
        let end = Day(self.to.0.tomorrow().map_err(|_| Error::field("to", "unreadable"))?);
        Ok((self.from.start(zone), end.start(zone)))
    }

    /// How many.
    pub fn count(self) -> i64 {
        self.from.0.until(self.to.0).map_or(0, |span| i64::from(span.get_days())) + 1
    }

    fn moved(self, by: Span) -> Option<Self> {
        Some(Self { from: Day(self.from.0.checked_add(by).ok()?), to: Day(self.to.0.checked_add(by).ok()?) })
    }

    /// Whole calendar months, which are compared with months.
    fn is_months(self) -> bool {
        self.from.0.day() == 1 && self.to.0.tomorrow().is_ok_and(|next| next.day() == 1)
    }

    fn months(self) -> i32 {
        let (from, to) = (self.from.0, self.to.0);
        i32::from(to.year() - from.year()) * 12 + i32::from(to.month()) - i32::from(from.month()) + 1
    }

    /// As many days (or whole months) before them.
    pub fn before(self) -> Option<Self> {
        if self.is_months() {
            let from = self.from.0.checked_sub(self.months().months()).ok()?;
            return Some(Self { from: Day(from), to: Day(self.from.0.yesterday().ok()?) });
        }
        self.moved((-self.count()).days())
    }

    /// The same days a year before (the last of February for the 29th).
    pub fn year_before(self) -> Option<Self> {
        let mut earlier = self.moved((-1).years())?;
        if self.is_months() {
            earlier.to = Day(earlier.to.0.last_of_month());
        }
        Some(earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> Days {
        Days { from: Day::read(from).expect("a day"), to: Day::read(to).expect("a day") }
    }

    #[test]
    fn what_a_period_is_compared_with() {
        for (from, to, before, year_before) in [
            // Whole months with whole months.
            ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31"), ("2025-11-01", "2025-11-30")),
            ("2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
            ("2028-02-01", "2028-02-29", ("2028-01-01", "2028-01-31"), ("2027-02-01", "2027-02-28")),
            ("2025-02-01", "2025-02-28", ("2025-01-01", "2025-01-31"), ("2024-02-01", "2024-02-29")),
            ("2026-07-01", "2026-09-30", ("2026-04-01", "2026-06-30"), ("2025-07-01", "2025-09-30")),
            // Days with as many days.
            ("2026-11-23", "2026-11-29", ("2026-11-16", "2026-11-22"), ("2025-11-23", "2025-11-29")),
            ("2026-11-01", "2026-11-29", ("2026-10-03", "2026-10-31"), ("2025-11-01", "2025-11-29")),
        ] {
            let these = days(from, to);
            assert_eq!(these.before(), Some(days(before.0, before.1)), "{from} to {to}");
            assert_eq!(these.year_before(), Some(days(year_before.0, year_before.1)), "{from} to {to}");
        }
        assert_eq!(days("2026-11-01", "2026-11-30").count(), 30);
    }
}
