//! Which days are worked, and from when to when.

use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Whether a day is worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// An ordinary working day.
    Working,
    /// A weekend day that is worked in exchange (调休上班).
    MakeUp,
    /// A weekend day.
    Weekend,
    /// A holiday.
    Holiday,
}

impl DayKind {
    /// Whether the day is worked.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Working | Self::MakeUp)
    }
}

/// Where a year's days come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The State Council's notice of the year.
    Official,
    /// No notice yet: reckoned from the statutory days. Weekends may be moved.
    Provisional,
}

/// A day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// Whether it is worked.
    pub kind: DayKind,
    /// The holiday's name; empty for other days.
    pub name: String,
    /// Where this is from.
    pub status: Status,
}

/// A row of a calendar file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The row, from 1; 0 for the whole file.
    pub row: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}: {}", self.row, self.what)
    }
}

impl std::error::Error for LoadError {}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Special {
    works: bool,
    name: String,
}

/// Working days and office hours of a place.
#[derive(Clone, Debug)]
pub struct Calendar {
    days: BTreeMap<Date, Special>,
    official: BTreeSet<i16>,
    hours: Vec<(Time, Time)>,
    zone: TimeZone,
    version: String,
}

const OFFICIAL: &str = include_str!("../data/official.tsv");
const STATUTORY: &str = include_str!("../data/statutory.tsv");
/// The years that `chinese_holiday` has and the built-in table has not.
const EARLIER: std::ops::RangeInclusive<i16> = 2004..=2023;

impl Calendar {
    /// The days built into the program, Asia/Shanghai, 08:30–12:00 and 13:30–17:30.
    pub fn built_in() -> Self {
        let mut calendar = Self {
            days: BTreeMap::new(),
            official: EARLIER.collect(),
            hours: vec![(time(8, 30, 0, 0), time(12, 0, 0, 0)), (time(13, 30, 0, 0), time(17, 30, 0, 0))],
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::fixed(jiff::tz::offset(8))),
            version: "built-in 2026".to_owned(),
        };
        calendar.add_earlier();
        calendar.add_statutory();
        // The built-in table is checked by a test.
        calendar.load_tsv(OFFICIAL).unwrap_or_default();
        calendar
    }

    fn add_earlier(&mut self) {
        for year in EARLIER {
            let mut day = date(year, 1, 1);
            while day.year() == year {
                let month = day.month().unsigned_abs();
                let ymd = chinese_holiday::Ymd::new(year.unsigned_abs(), month, day.day().unsigned_abs());
                let works = chinese_holiday::chinese_holiday(ymd).is_workday();
                if works == is_weekend(day) {
                    self.days.insert(day, Special { works, name: String::new() });
                }
                day = next(day);
            }
        }
    }

    /// The thirteen statutory days, and a working day for each that falls on a
    /// weekend (放假办法 §2, §6).
    fn add_statutory(&mut self) {
        for line in STATUTORY.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            let Some(Ok(year)) = cells.next().map(str::parse::<i16>) else { continue };
            let days: Vec<Date> = cells.filter_map(|cell| format!("{year}-{cell}").parse().ok()).collect();
            let [eve, qingming, dragon, autumn] = days[..] else { continue };
            let mut blocks = [
                ("元旦", date(year, 1, 1), 1),
                ("春节", eve, 4),
                ("清明节", qingming, 1),
                ("劳动节", date(year, 5, 1), 2),
                ("端午节", dragon, 1),
                ("中秋节", autumn, 1),
                ("国庆节", date(year, 10, 1), 3),
            ];
            blocks.sort_by_key(|(_, first, _)| *first);
            let mut holidays = Vec::new();
            for (name, first, length) in blocks {
                for n in 0..length {
                    let day = first.saturating_add(n.days());
                    if !holidays.iter().any(|(known, _)| *known == day) {
                        holidays.push((day, name));
                    }
                }
            }
            for (day, name) in &holidays {
                self.days.insert(*day, Special { works: false, name: (*name).to_owned() });
            }
            for (day, name) in holidays.iter().filter(|(day, _)| is_weekend(*day)) {
                let mut instead = next(*day);
                while is_weekend(instead) || self.days.contains_key(&instead) {
                    instead = next(instead);
                }
                self.days.insert(instead, Special { works: false, name: format!("{name}（补休）") });
            }
        }
    }

    /// Adds the days of a table `date<TAB>off|work<TAB>name`; the years in it
    /// become official. Nothing is changed when a row cannot be read.
    pub fn with_tsv(mut self, text: &str) -> Result<Self, LoadError> {
        self.load_tsv(text)?;
        Ok(self)
    }

    fn load_tsv(&mut self, text: &str) -> Result<(), LoadError> {
        let mut days = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim_end_matches('\r').trim_start_matches('\u{feff}');
            if line.trim().is_empty() || line.starts_with('#') || line.starts_with("date") {
                continue;
            }
            let wrong = |what: &str| LoadError { row: i + 1, what: what.to_owned() };
            let mut cells = line.split('\t').map(str::trim);
            let day: Date =
                cells.next().and_then(|cell| cell.parse().ok()).ok_or_else(|| wrong("no date as 2026-10-01"))?;
            let works = match cells.next() {
                Some("off") => false,
                Some("work") => true,
                _ => return Err(wrong("neither `off` nor `work`")),
            };
            days.push((day, works, cells.next().unwrap_or_default().to_owned()));
        }
        self.replace_years(days)
    }

    /// Adds a year in the format of the `holiday-cn` project:
    /// `{"year": 2027, "days": [{"name", "date", "isOffDay"}]}`.
    pub fn with_holiday_cn(mut self, json: &str) -> Result<Self, LoadError> {
        #[derive(Deserialize)]
        struct File {
            days: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Row {
            name: String,
            date: String,
            #[serde(rename = "isOffDay")]
            is_off_day: bool,
        }
        let file: File = serde_json::from_str(json).map_err(|e| LoadError { row: e.line(), what: e.to_string() })?;
        let days = file.days.into_iter().enumerate().map(|(i, row)| match row.date.parse() {
            Ok(day) => Ok((day, !row.is_off_day, row.name)),
            Err(_) => Err(LoadError { row: i + 1, what: format!("`{}` is no date", row.date) }),
        });
        self.replace_years(days.collect::<Result<_, _>>()?)?;
        Ok(self)
    }

    fn replace_years(&mut self, days: Vec<(Date, bool, String)>) -> Result<(), LoadError> {
        if days.is_empty() {
            return Err(LoadError { row: 0, what: "the file holds no day".to_owned() });
        }
        let years: BTreeSet<i16> = days.iter().map(|(day, ..)| day.year()).collect();
        self.days.retain(|day, _| !years.contains(&day.year()));
        self.version = format!("official to {}", years.last().copied().unwrap_or_default());
        self.official.extend(years);
        for (day, works, name) in days {
            self.days.insert(day, Special { works, name });
        }
        Ok(())
    }

    /// Closes or opens a single day of this place.
    pub fn with_exception(mut self, day: Date, works: bool, name: &str) -> Self {
        self.days.insert(day, Special { works, name: name.to_owned() });
        self
    }

    /// Sets the office hours: from and to, in order, not overlapping.
    pub fn with_hours(mut self, hours: Vec<(Time, Time)>) -> Self {
        self.hours = hours;
        self
    }

    /// Sets the time zone.
    pub fn with_time_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Sets the name under which a running case remembers this calendar.
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The name under which a running case remembers this calendar.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The place's time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the notice of that year is in.
    pub fn year_status(&self, year: i16) -> Status {
        if self.official.contains(&year) { Status::Official } else { Status::Provisional }
    }

    /// The day, its kind and its name.
    pub fn day(&self, day: Date) -> Day {
        let weekend = is_weekend(day);
        let (kind, name) = match self.days.get(&day) {
            Some(special) if special.works => {
                (if weekend { DayKind::MakeUp } else { DayKind::Working }, special.name.clone())
            }
            Some(special) if weekend && special.name.is_empty() => (DayKind::Weekend, String::new()),
            Some(special) => (DayKind::Holiday, special.name.clone()),
            None if weekend => (DayKind::Weekend, String::new()),
            None => (DayKind::Working, String::new()),
        };
        Day { date: day, kind, name, status: self.year_status(day.year()) }
    }

    /// Whether the day is worked.
    pub fn is_working(&self, day: Date) -> bool {
        self.days.get(&day).map_or_else(|| !is_weekend(day), |special| special.works)
    }

    /// The day that is so many working days later; the start day is not counted.
    pub fn add_working_days(&self, start: Date, n: u32) -> Date {
        let mut day = start;
        for _ in 0..n {
            day = self.next_working(next(day));
        }
        day
    }

    /// That day, or the first worked one after it.
    pub fn next_working(&self, mut day: Date) -> Date {
        while !self.is_working(day) {
            day = next(day);
        }
        day
    }

    /// Working days after `from`, up to and with `to`.
    pub fn remaining(&self, from: Date, to: Date) -> i64 {
        let mut day = from;
        let mut n = 0;
        while day < to {
            day = next(day);
            n += i64::from(self.is_working(day));
        }
        n
    }

    /// The local day of an instant.
    pub fn local_day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// The close of business of a day: when a limit that ends on it is over.
    pub fn close(&self, day: Date) -> Timestamp {
        let end = self.hours.last().map_or(time(23, 59, 59, 0), |(_, to)| *to);
        self.instant(day, end)
    }

    /// The first instant of a day.
    pub fn midnight(&self, day: Date) -> Timestamp {
        self.instant(day, Time::midnight())
    }

    /// The office hours of a day; none on a rest day.
    pub(crate) fn office_hours(&self, day: Date) -> Vec<(Timestamp, Timestamp)> {
        if !self.is_working(day) {
            return Vec::new();
        }
        self.hours.iter().map(|(from, to)| (self.instant(day, *from), self.instant(day, *to))).collect()
    }

    /// When the office opens on a day; midnight on a rest day.
    pub fn open(&self, day: Date) -> Timestamp {
        self.office_hours(day).first().map_or_else(|| self.midnight(day), |(from, _)| *from)
    }

    fn instant(&self, day: Date, at: Time) -> Timestamp {
        self.zone.to_timestamp(day.to_datetime(at)).unwrap_or(Timestamp::MAX)
    }
}

pub(crate) fn next(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn the_official_table_reads() {
        assert_eq!(OFFICIAL.lines().count(), 109);
        Calendar::built_in().with_tsv(OFFICIAL).expect("every row reads");
    }

    #[test]
    fn working_days_of_a_year() {
        let calendar = Calendar::built_in();
        for (year, n) in [(2024, 251), (2025, 248), (2026, 248)] {
            let from = date(year - 1, 12, 31);
            assert_eq!(calendar.remaining(from, date(year, 12, 31)), n, "{year}");
        }
    }

    #[test]
    fn vectors_of_the_manual() {
        let calendar = Calendar::built_in();
        for (start, n, end) in [
            ("2026-02-12", 5, "2026-02-26"),
            ("2026-09-18", 5, "2026-09-24"),
            ("2026-09-30", 3, "2026-10-10"),
            ("2026-09-30", 5, "2026-10-13"),
            ("2026-04-30", 1, "2026-05-06"),
            ("2026-05-06", 20, "2026-06-02"),
            ("2026-01-30", 20, "2026-03-05"),
            ("2025-09-26", 5, "2025-10-10"),
            // No notice for 2027 yet: New Year's Day is a holiday all the same.
            ("2026-12-31", 1, "2027-01-04"),
        ] {
            assert_eq!(calendar.add_working_days(day(start), n), day(end), "{start} + {n}");
        }
    }

    #[test]
    fn a_year_without_notice_has_its_statutory_days() {
        let calendar = Calendar::built_in();
        let off: Vec<String> = (0..365)
            .map(|n| date(2027, 1, 1).saturating_add(n.days()))
            .filter(|d| calendar.day(*d).kind == DayKind::Holiday)
            .map(|d| d.strftime("%m-%d").to_string())
            .collect();
        assert_eq!(
            off,
            [
                "01-01", "02-05", "02-06", "02-07", "02-08", "02-09", "02-10", "04-05", "05-01", "05-02", "05-03",
                "05-04", "06-09", "09-15", "10-01", "10-02", "10-03", "10-04", "10-05"
            ]
        );
        assert_eq!(calendar.year_status(2027), Status::Provisional);
        assert_eq!(calendar.year_status(2026), Status::Official);
        assert_eq!(calendar.year_status(2015), Status::Official);
    }

    #[test]
    fn two_tables_of_the_same_years_agree() {
        let calendar = Calendar::built_in();
        let mut d = date(2024, 1, 1);
        while d <= date(2026, 12, 25) {
            let ymd =
                chinese_holiday::Ymd::new(d.year().unsigned_abs(), d.month().unsigned_abs(), d.day().unsigned_abs());
            assert_eq!(calendar.is_working(d), chinese_holiday::chinese_holiday(ymd).is_workday(), "{d}");
            d = next(d);
        }
    }

    #[test]
    fn a_notice_replaces_the_whole_year() {
        let json = r#"{"year": 2027, "papers": [], "days": [
            {"name": "元旦", "date": "2027-01-01", "isOffDay": true},
            {"name": "元旦", "date": "2027-01-03", "isOffDay": false}]}"#;
        let calendar = Calendar::built_in().with_holiday_cn(json).expect("it reads");
        assert_eq!(calendar.day(day("2027-01-03")).kind, DayKind::MakeUp);
        assert_eq!(calendar.day(day("2027-02-09")).kind, DayKind::Working, "the fallback is gone");
        assert_eq!(calendar.year_status(2027), Status::Official);
        let empty = Calendar::built_in().with_holiday_cn(r#"{"year": 2027, "papers": [], "days": []}"#);
        assert!(empty.is_err(), "an empty year is no notice");
    }

    #[test]
    fn a_broken_row_is_named() {
        let error = Calendar::built_in().with_tsv("date\tkind\tname\n2027-01-01\toff\t元旦\n2027-13-01\toff\tx\n");
        assert_eq!(error.expect_err("refused").row, 3);
        let error = Calendar::built_in().with_tsv("2027-01-01\tfrei\tx\n");
        assert_eq!(error.expect_err("refused").row, 1);
    }
}
