//! Clocks: when something is due, and why then.

use crate::calendar::{Calendar, DayKind, Status, next};
use crate::mode;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// In what a limit is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Months by the calendar: they end on the day of the same number, or on the
    /// month's last where there is none (民法典 §202).
    Month,
}

/// Which of them count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Working days; of hours and minutes, those of the office.
    Working,
    /// All: calendar days, or the clock on the wall.
    Calendar,
}

/// How much time there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How many.
    pub n: u32,
    /// Of what.
    pub unit: Unit,
    /// Which count.
    pub count: Count,
}

impl Limit {
    /// So many working days.
    pub const fn working_days(n: u32) -> Self {
        Self { n, unit: Unit::Day, count: Count::Working }
    }

    /// So many hours on the wall.
    pub const fn hours(n: u32) -> Self {
        Self { n, unit: Unit::Hour, count: Count::Calendar }
    }

    /// The limit with months made the days that they have from that day on.
    fn begun_on(self, start: Date) -> Self {
        if self.unit != Unit::Month {
            return self;
        }
        let months = Span::new().try_months(i64::from(self.n)).unwrap_or_default();
        let end = start.saturating_add(months);
        let days = start.until(end).map_or(0, |span| span.get_days());
        Self { n: u32::try_from(days).unwrap_or_default(), unit: Unit::Day, count: Count::Calendar }
    }

    /// How many minutes, where a day is 24 hours. A month is thirty days here: who
    /// knows when it begins asks [`Limit::begun_on`] first.
    pub(crate) fn minutes(self) -> i64 {
        i64::from(self.n)
            * match self.unit {
                Unit::Minute => 1,
                Unit::Hour => 60,
                Unit::Day => 24 * 60,
                Unit::Month => 30 * 24 * 60,
            }
    }
}

/// Which hours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Office hours and working days.
    #[default]
    Office,
    /// A declared emergency: nights and rest days count, a day is 24 hours.
    Hours24,
}

/// A clock as it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// How much time there is.
    pub limit: Limit,
    /// When it began.
    pub started_at: Timestamp,
    /// Which hours there are.
    #[serde(default)]
    pub mode: Mode,
}

impl Clock {
    /// A clock in office hours.
    pub const fn new(limit: Limit, started_at: Timestamp) -> Self {
        Self { limit, started_at, mode: Mode::Office }
    }
}

/// What happened to a clock, in order of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Time stops; from now somebody else is waited for.
    Pause {
        /// When.
        at: Timestamp,
        /// Who is waited for.
        holder: String,
        /// Why, or on what legal ground.
        reason: String,
    },
    /// Time goes on.
    Resume {
        /// When.
        at: Timestamp,
    },
    /// More time was granted, in the unit of the limit.
    Extend {
        /// When.
        at: Timestamp,
        /// How much.
        n: u32,
        /// Who granted it.
        by: String,
    },
    /// The limit was replaced (urgency or class changed); what was waited stays.
    Retarget {
        /// When.
        at: Timestamp,
        /// The new limit, from the same beginning.
        limit: Limit,
    },
    /// From now on other hours count: an emergency was declared or has ended.
    Mode {
        /// When.
        at: Timestamp,
        /// Which hours.
        mode: Mode,
        /// On whose account, such as the disruption's name.
        reason: String,
    },
    /// It is done.
    Stop {
        /// When.
        at: Timestamp,
    },
    /// It was opened again: the old clock goes on where it stopped.
    Restart {
        /// When.
        at: Timestamp,
    },
}

impl Event {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Pause { at, .. }
            | Self::Resume { at }
            | Self::Extend { at, .. }
            | Self::Retarget { at, .. }
            | Self::Mode { at, .. }
            | Self::Stop { at }
            | Self::Restart { at } => *at,
        }
    }
}

/// What a clock does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It runs.
    Running,
    /// It waits for somebody else: there is no due time.
    Paused,
    /// It is done.
    Stopped,
}

/// Why a stretch counted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// The day it began on, which does not count (民法典 §201).
    StartDay,
    /// Working days.
    WorkingDay,
    /// A weekend day worked in exchange.
    MakeUpDay,
    /// A weekend.
    Weekend,
    /// A holiday.
    Holiday {
        /// Its name.
        name: String,
    },
    /// Calendar days, or hours on the wall.
    Elapsed,
    /// Outside office hours.
    OutsideHours,
    /// Somebody else was waited for.
    Paused {
        /// Who.
        holder: String,
        /// Why.
        reason: String,
    },
    /// It was closed.
    Closed,
    /// The last day is a rest day: the end moves to the next working day (民法典 §203).
    EndMoved,
    /// Here other hours began to count.
    Mode {
        /// Which.
        mode: Mode,
        /// On whose account.
        reason: String,
    },
    /// An emergency that begins makes nothing later, one that ends nothing earlier
    /// and nothing later than the office's hours alone would have made it.
    Bound,
}

/// A stretch of time that counted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// From.
    pub from: Timestamp,
    /// To, not included.
    pub to: Timestamp,
    /// Whether it counted.
    pub counted: bool,
    /// Days of a limit in days, minutes otherwise.
    pub amount: i64,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// When something is due, and why then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoning {
    /// The end; none while paused.
    pub due_at: Option<Timestamp>,
    /// What the clock does.
    pub state: State,
    /// In what `total`, `used` and the amounts are counted: days or minutes.
    pub unit: Unit,
    /// Days or minutes that the limit has in all, with extensions.
    pub total: i64,
    /// Days or minutes that counted before the present pause, if paused.
    pub used: i64,
    /// When it was done, if it is.
    pub stopped_at: Option<Timestamp>,
    /// Whether a year without an official notice was crossed.
    pub provisional: bool,
    /// The stretches from the beginning to the end, or to the present pause.
    pub segments: Vec<Segment>,
}

impl Reckoning {
    /// Whether it was or is late at that time.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| self.stopped_at.unwrap_or(now) > due)
    }
}

/// A stretch in which time stood still.
pub(crate) struct Still {
    from: Timestamp,
    to: Option<Timestamp>,
    why: Why,
}

/// Reads the events: stretches of standstill, united where they overlap; the
/// limit in force; whether it is done.
fn read(clock: &Clock, events: &[Event]) -> (Vec<Still>, Limit, u32, Option<Timestamp>) {
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by_key(|event| event.at());
    let mut limit = clock.limit;
    let mut extra = 0;
    let mut stills: Vec<Still> = Vec::new();
    let mut depth = 0_u32;
    let mut stopped_at = None;
    for event in ordered {
        let at = event.at().max(clock.started_at);
        match event {
            Event::Pause { holder, reason, .. } => {
                depth += 1;
                if depth == 1 {
                    let why = Why::Paused { holder: holder.clone(), reason: reason.clone() };
                    stills.push(Still { from: at, to: None, why });
                }
            }
            Event::Resume { .. } => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some(last) = stills.last_mut().filter(|still| still.to.is_none())
                {
                    last.to = Some(at);
                }
            }
            Event::Extend { n, .. } => extra += n,
            Event::Retarget { limit: new, .. } => limit = *new,
            Event::Mode { .. } => {}
            Event::Stop { .. } => {
                stopped_at = Some(at);
                depth = 0;
                if let Some(last) = stills.last_mut().filter(|still| still.to.is_none()) {
                    last.to = Some(at);
                }
            }
            Event::Restart { .. } => {
                if let Some(from) = stopped_at.take() {
                    stills.push(Still { from, to: Some(at), why: Why::Closed });
                }
            }
        }
    }
    (stills, limit, extra, stopped_at)
}

/// When the clock's limit ends, given what happened to it.
pub fn due(clock: &Clock, events: &[Event], calendar: &Calendar) -> Reckoning {
    let (stills, limit, extra, stopped_at) = read(clock, events);
    let limit = Limit { n: limit.n.saturating_add(extra), ..limit }.begun_on(calendar.local_day(clock.started_at));
    let turns = mode::turns(clock, events, stopped_at);
    let mut reckoning = if turns.is_empty() {
        straight(clock, limit, &stills, calendar)
    } else {
        mode::in_turns(clock, limit, &stills, &turns, calendar)
    };
    reckoning.stopped_at = stopped_at;
    if stopped_at.is_some() {
        reckoning.state = State::Stopped;
    }
    let first = calendar.local_day(clock.started_at).year();
    let last = calendar.local_day(reckoning.due_at.unwrap_or(clock.started_at)).year();
    reckoning.provisional = limit.count == Count::Working
        && (clock.mode == Mode::Office || !turns.is_empty())
        && (first..=last).any(|year| calendar.year_status(year) == Status::Provisional);
    reckoning
}

/// When it ends if the same hours count all the time.
pub(crate) fn straight(clock: &Clock, limit: Limit, stills: &[Still], calendar: &Calendar) -> Reckoning {
    match (limit.unit, clock.mode, limit.count) {
        (Unit::Day, Mode::Office, count) => in_days(clock, limit, count, stills, calendar),
        (_, Mode::Office, Count::Working) => in_office_minutes(clock, limit, stills, calendar),
        (Unit::Day, Mode::Hours24, _) if limit.n == 0 => on_the_day(clock, stills, calendar),
        _ => in_minutes(clock, limit, stills),
    }
}

/// A limit of the same day, where the day has 24 hours.
fn on_the_day(clock: &Clock, stills: &[Still], calendar: &Calendar) -> Reckoning {
    let end = calendar.midnight(next(calendar.local_day(clock.started_at)));
    let left = end.duration_since(clock.started_at).as_mins();
    let limit = Limit { n: u32::try_from(left).unwrap_or_default(), unit: Unit::Minute, count: Count::Calendar };
    in_minutes(clock, limit, stills)
}

/// Collects segments, joining neighbours of one kind.
#[derive(Default)]
struct Trail(Vec<Segment>);

impl Trail {
    fn push(&mut self, from: Timestamp, to: Timestamp, counted: bool, amount: i64, why: Why) {
        if to <= from && amount == 0 {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.why == why && last.counted == counted && last.to == from => {
                last.to = to;
                last.amount += amount;
            }
            _ => self.0.push(Segment { from, to, counted, amount, why }),
        }
    }
}

fn finished(unit: Unit, due_at: Option<Timestamp>, total: i64, used: i64, trail: Trail) -> Reckoning {
    Reckoning {
        due_at,
        state: if due_at.is_some() { State::Running } else { State::Paused },
        unit,
        total,
        used,
        stopped_at: None,
        provisional: false,
        segments: trail.0,
    }
}

/// Day by day: the day it began on never counts; a day on which a standstill
/// begins or which it covers does not count, the day on which it ends does.
fn in_days(clock: &Clock, limit: Limit, count: Count, stills: &[Still], calendar: &Calendar) -> Reckoning {
    let total = i64::from(limit.n);
    let start = calendar.local_day(clock.started_at);
    let still_on = |day: Date| {
        stills.iter().find(|still| {
            let from = calendar.local_day(still.from);
            day >= from && still.to.is_none_or(|to| day < calendar.local_day(to))
        })
    };
    let mut trail = Trail::default();
    let mut day = start;
    let mut used = 0;
    trail.push(clock.started_at, calendar.midnight(next(day)), false, 0, Why::StartDay);
    while used < total || !may_end(clock, count, calendar, day, used) {
        let ended = used >= total;
        day = next(day);
        if day == Date::MAX {
            break;
        }
        let (from, to) = (calendar.midnight(day), calendar.midnight(next(day)));
        if let Some(still) = still_on(day) {
            if still.to.is_none() {
                trail.push(from.max(still.from), to, false, 0, still.why.clone());
                return finished(Unit::Day, None, total, used, trail);
            }
            trail.push(from, to, false, 0, still.why.clone());
            continue;
        }
        let about = calendar.day(day);
        let (counted, why) = match (count, about.kind) {
            _ if ended => (false, Why::EndMoved),
            (Count::Calendar, _) => (true, Why::Elapsed),
            (Count::Working, DayKind::Working) => (true, Why::WorkingDay),
            (Count::Working, DayKind::MakeUp) => (true, Why::MakeUpDay),
            (Count::Working, DayKind::Weekend) => (false, Why::Weekend),
            (Count::Working, DayKind::Holiday) => (false, Why::Holiday { name: about.name }),
        };
        used += i64::from(counted);
        trail.push(from, to, counted, i64::from(counted), why);
    }
    finished(Unit::Day, Some(calendar.close(day)), total, used, trail)
}

/// Whether a limit may end on this day: on a rest day it goes on to the next
/// working day. A limit of nothing ends on the day itself; of working days, when
/// the office closed before it began, on the next one.
fn may_end(clock: &Clock, count: Count, calendar: &Calendar, day: Date, used: i64) -> bool {
    match count {
        Count::Calendar => used == 0 || calendar.is_working(day),
        Count::Working => used > 0 || calendar.is_working(day) && calendar.close(day) > clock.started_at,
    }
}

/// Hours on the wall, less what stood still.
fn in_minutes(clock: &Clock, limit: Limit, stills: &[Still]) -> Reckoning {
    let total = limit.minutes();
    let mut trail = Trail::default();
    let mut at = clock.started_at;
    let mut left = SignedDuration::from_mins(total);
    for still in stills {
        if still.to.is_some_and(|to| to <= at) {
            continue;
        }
        let running = still.from.max(at).duration_since(at);
        if running >= left {
            break;
        }
        trail.push(at, at + running, true, running.as_mins(), Why::Elapsed);
        left -= running;
        at += running;
        match still.to {
            Some(to) => {
                trail.push(at, to, false, 0, still.why.clone());
                at = to;
            }
            None => {
                let used = total - left.as_mins();
                trail.push(at, at, false, 0, still.why.clone());
                return finished(Unit::Minute, None, total, used, trail);
            }
        }
    }
    let end = at + left;
    let counted: i64 = trail.0.iter().filter(|s| s.counted).map(|s| s.amount).sum();
    trail.push(at, end, true, total - counted, Why::Elapsed);
    finished(Unit::Minute, Some(end), total, total, trail)
}

/// Minutes of the office, less what stood still.
fn in_office_minutes(clock: &Clock, limit: Limit, stills: &[Still], calendar: &Calendar) -> Reckoning {
    let total = limit.minutes();
    let mut trail = Trail::default();
    let mut left = SignedDuration::from_mins(total);
    let mut at = clock.started_at;
    let mut day = calendar.local_day(at);
    let mut end = at;
    while left > SignedDuration::ZERO {
        for (open, close) in calendar.office_hours(day) {
            let mut from = open.max(at);
            while from < close && left > SignedDuration::ZERO {
                if let Some(still) = stills.iter().find(|s| s.from <= from && s.to.is_none_or(|to| to > from)) {
                    trail.push(at, from, false, 0, Why::OutsideHours);
                    let Some(to) = still.to else {
                        return finished(Unit::Minute, None, total, total - left.as_mins(), trail);
                    };
                    trail.push(from, to.min(close), false, 0, still.why.clone());
                    (from, at) = (to.min(close), to.min(close));
                    continue;
                }
                let stop = stills.iter().map(|s| s.from).filter(|s| *s > from).min().unwrap_or(close).min(close);
                let running = stop.duration_since(from).min(left);
                trail.push(at, from, false, 0, Why::OutsideHours);
                trail.push(from, from + running, true, running.as_mins(), Why::WorkingDay);
                left -= running;
                from += running;
                (at, end) = (from, from);
            }
        }
        day = next(day);
        if day == Date::MAX {
            break;
        }
    }
    finished(Unit::Minute, Some(end), total, total, trail)
}

/// Whom a limit was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Communicated {
    /// Set for an enterprise: never shortened.
    ToEnterprise,
    /// The office's own statutory limit: takes the new date.
    OfOffice,
}

/// The due time after official days replaced provisional ones.
pub fn recompute(old: Timestamp, new: Timestamp, communicated: Communicated) -> Timestamp {
    match communicated {
        Communicated::ToEnterprise => old.max(new),
        Communicated::OfOffice => new,
    }
}

/// How long each holder held something, in working days begun: the day counts
/// for whoever holds it at its end. `handovers` are (from, holder) in order.
pub fn held(handovers: &[(Timestamp, String)], until: Timestamp, calendar: &Calendar) -> Vec<(String, i64)> {
    let mut all: Vec<(String, i64)> = Vec::new();
    for (i, (from, holder)) in handovers.iter().enumerate() {
        let to = handovers.get(i + 1).map_or(until, |(next, _)| *next);
        let days = calendar.remaining(calendar.local_day(*from), calendar.local_day(to.max(*from)));
        match all.iter_mut().find(|(known, _)| known == holder) {
            Some((_, n)) => *n += days,
            None => all.push((holder.clone(), days)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().expect("a time")
    }

    fn pause(text: &str) -> Event {
        Event::Pause { at: at(text), holder: "enterprise".into(), reason: "补充材料".into() }
    }

    fn resume(text: &str) -> Event {
        Event::Resume { at: at(text) }
    }

    fn end(clock: &Clock, events: &[Event]) -> Option<String> {
        let calendar = Calendar::built_in();
        let reckoning = due(clock, events, &calendar);
        reckoning.due_at.map(|t| calendar.time_zone().to_datetime(t).strftime("%Y-%m-%d %H:%M").to_string())
    }

    fn days(n: u32, start: &str) -> Clock {
        Clock::new(Limit::working_days(n), at(start))
    }

    /// Each line guards against a fault that a public product had.
    #[test]
    fn faults_that_others_had() {
        let five = days(5, "2026-11-02T10:00");
        let office_hours = |n| Limit { n, unit: Unit::Hour, count: Count::Working };
        for (what, clock, events, expected) in [
            ("a deadline is not the time of creation", five, vec![], Some("2026-11-09 17:30")),
            ("a holiday in the week is not counted", days(5, "2026-09-28T10:00"), vec![], Some("2026-10-10 17:30")),
            ("a make-up Saturday is counted", days(3, "2026-02-12T10:00"), vec![], Some("2026-02-24 17:30")),
            (
                "a suspension moves the end",
                five,
                vec![pause("2026-11-03T09:00"), resume("2026-11-05T09:00")],
                Some("2026-11-11 17:30"),
            ),
            (
                "a pause over a holiday loses only working days",
                days(5, "2026-09-28T10:00"),
                vec![pause("2026-09-30T09:00"), resume("2026-10-08T09:00")],
                Some("2026-10-12 17:30"),
            ),
            (
                "two pauses that overlap count once",
                five,
                vec![
                    pause("2026-11-03T09:00"),
                    pause("2026-11-04T09:00"),
                    resume("2026-11-05T09:00"),
                    resume("2026-11-06T09:00"),
                ],
                Some("2026-11-12 17:30"),
            ),
            ("while paused there is no due time", five, vec![pause("2026-11-03T09:00")], None),
            (
                "an extension granted while paused is kept",
                five,
                vec![
                    pause("2026-11-03T09:00"),
                    Event::Extend { at: at("2026-11-04T09:00"), n: 5, by: "督查室".into() },
                    resume("2026-11-05T09:00"),
                ],
                Some("2026-11-18 17:30"),
            ),
            (
                "a reopened case goes on with its old clock",
                five,
                vec![Event::Stop { at: at("2026-11-04T09:00") }, Event::Restart { at: at("2026-11-10T09:00") }],
                Some("2026-11-13 17:30"),
            ),
            (
                "waiting time is not lost when urgency changes the limit",
                five,
                vec![
                    pause("2026-11-03T09:00"),
                    resume("2026-11-05T09:00"),
                    Event::Retarget { at: at("2026-11-05T10:00"), limit: Limit::working_days(3) },
                ],
                Some("2026-11-09 17:30"),
            ),
            ("a limit of nothing ends on its day", days(0, "2026-11-02T10:00"), vec![], Some("2026-11-02 17:30")),
            (
                "a limit of nothing that begins after hours is not late at once",
                days(0, "2026-11-02T18:10"),
                vec![],
                Some("2026-11-03 17:30"),
            ),
            (
                "a limit of nothing that begins on a rest day ends on the next working day",
                days(0, "2026-11-07T10:00"),
                vec![],
                Some("2026-11-09 17:30"),
            ),
            (
                "opened outside office hours, the hours begin in the morning",
                Clock::new(office_hours(2), at("2026-11-02T22:00")),
                vec![],
                Some("2026-11-03 10:30"),
            ),
            (
                "the lunch break is not counted",
                Clock::new(office_hours(4), at("2026-11-02T10:00")),
                vec![],
                Some("2026-11-02 15:30"),
            ),
            (
                "hours on the wall run through the holiday",
                Clock::new(Limit::hours(24), at("2026-09-30T20:00")),
                vec![],
                Some("2026-10-01 20:00"),
            ),
            (
                "in an emergency nights and rest days count",
                Clock { mode: Mode::Hours24, ..days(1, "2026-11-07T22:00") },
                vec![],
                Some("2026-11-08 22:00"),
            ),
            (
                "calendar days that end on a rest day end on the next working day",
                Clock::new(Limit { n: 5, unit: Unit::Day, count: Count::Calendar }, at("2026-11-02T10:00")),
                vec![],
                Some("2026-11-09 17:30"),
            ),
            (
                "the year's end without next year's notice",
                days(1, "2026-12-31T10:00"),
                vec![],
                Some("2027-01-04 17:30"),
            ),
        ] {
            assert_eq!(end(&clock, &events).as_deref(), expected, "{what}");
        }
    }

    #[test]
    fn a_year_without_notice_is_marked() {
        let calendar = Calendar::built_in();
        assert!(due(&days(3, "2026-12-30T10:00"), &[], &calendar).provisional);
        assert!(!due(&days(3, "2026-11-02T10:00"), &[], &calendar).provisional);
    }

    #[test]
    fn a_closed_case_is_late_or_not_by_when_it_was_closed() {
        let calendar = Calendar::built_in();
        let clock = days(5, "2026-11-02T10:00");
        let on_time = due(&clock, &[Event::Stop { at: at("2026-11-09T17:00") }], &calendar);
        assert_eq!(on_time.state, State::Stopped);
        assert!(!on_time.is_late(at("2027-01-01T00:00")), "it does not escalate after it was answered");
        let late = due(&clock, &[Event::Stop { at: at("2026-11-09T18:00") }], &calendar);
        assert!(late.is_late(at("2026-11-09T18:00")));
    }

    #[test]
    fn a_new_calendar_in_the_middle_explains_itself_by_its_version() {
        let clock = days(5, "2026-11-02T10:00");
        let old = Calendar::built_in();
        let new = old.clone().with_exception(jiff::civil::date(2026, 11, 5), false, "停电").with_version("v2");
        let (a, b) = (due(&clock, &[], &old), due(&clock, &[], &new));
        assert!(b.due_at > a.due_at && new.version() == "v2");
        assert!(b.segments.iter().any(|s| s.why == Why::Holiday { name: "停电".into() }));
    }

    #[test]
    fn a_limit_told_to_an_enterprise_is_never_shortened() {
        let (early, late) = (at("2027-01-04T17:30"), at("2027-01-05T17:30"));
        assert_eq!(recompute(late, early, Communicated::ToEnterprise), late);
        assert_eq!(recompute(early, late, Communicated::ToEnterprise), late);
        assert_eq!(recompute(late, early, Communicated::OfOffice), early);
    }

    #[test]
    fn time_is_booked_to_whom_it_belongs() {
        let calendar = Calendar::built_in();
        let handovers = [
            (at("2026-11-02T10:00"), "经济发展部".to_owned()),
            (at("2026-11-04T10:00"), "企业".to_owned()),
            (at("2026-11-09T10:00"), "经济发展部".to_owned()),
        ];
        let held = held(&handovers, at("2026-11-10T10:00"), &calendar);
        assert_eq!(held, [("经济发展部".to_owned(), 3), ("企业".to_owned(), 3)]);
    }

    fn instants() -> impl Strategy<Value = Timestamp> {
        (0_i64..1_000_000).prop_map(|minutes| at("2024-06-01T00:00") + SignedDuration::from_mins(minutes))
    }

    fn limits() -> impl Strategy<Value = Limit> {
        let unit = prop_oneof![Just(Unit::Minute), Just(Unit::Hour), Just(Unit::Day)];
        let count = prop_oneof![Just(Count::Working), Just(Count::Calendar)];
        (0_u32..40, unit, count).prop_map(|(n, unit, count)| Limit { n, unit, count })
    }

    proptest! {
        #[test]
        fn counted_segments_add_up_and_leave_no_gap(limit in limits(), start in instants(), gap in 0_i64..20_000, length in 0_i64..20_000) {
            let calendar = Calendar::built_in();
            let from = start + SignedDuration::from_mins(gap);
            let events = [
                Event::Pause { at: from, holder: "x".into(), reason: "y".into() },
                Event::Resume { at: from + SignedDuration::from_mins(length) },
            ];
            let reckoning = due(&Clock::new(limit, start), &events, &calendar);
            let counted: i64 = reckoning.segments.iter().filter(|s| s.counted).map(|s| s.amount).sum();
            prop_assert_eq!(counted, reckoning.total);
            for pair in reckoning.segments.windows(2) {
                prop_assert_eq!(pair[0].to, pair[1].from);
            }
        }

        #[test]
        fn later_begun_is_never_due_earlier(limit in limits(), start in instants(), later in 0_i64..50_000) {
            let calendar = Calendar::built_in();
            let due_of = |start| due(&Clock::new(limit, start), &[], &calendar).due_at;
            prop_assert!(due_of(start) <= due_of(start + SignedDuration::from_mins(later)));
        }

        #[test]
        fn more_time_is_never_less(limit in limits(), start in instants(), more in 0_u32..10) {
            let calendar = Calendar::built_in();
            let longer = Limit { n: limit.n + more, ..limit };
            let due_of = |limit| due(&Clock::new(limit, start), &[], &calendar).due_at;
            prop_assert!(due_of(limit) <= due_of(longer));
        }

        #[test]
        fn a_pause_shifts_the_end_by_the_working_days_lost(n in 1_u32..20, start in instants(), after in 1_u32..10, length in 0_u32..10) {
            let calendar = Calendar::built_in();
            let first = calendar.local_day(start);
            let from = calendar.add_working_days(first, after.min(n));
            let to = calendar.add_working_days(from, length);
            let events = [
                Event::Pause { at: calendar.midnight(from), holder: "x".into(), reason: "y".into() },
                Event::Resume { at: calendar.midnight(to) },
            ];
            let clock = Clock::new(Limit::working_days(n), start);
            let shifted = due(&clock, &events, &calendar).due_at.expect("running");
            let expected = calendar.add_working_days(first, n + length);
            prop_assert_eq!(calendar.local_day(shifted), expected);
        }

        #[test]
        fn adding_working_days_agrees_with_counting(start in instants(), n in 0_u32..200) {
            let calendar = Calendar::built_in();
            let first = calendar.local_day(start);
            prop_assert_eq!(calendar.remaining(first, calendar.add_working_days(first, n)), i64::from(n));
        }
    }
}
