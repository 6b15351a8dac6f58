//! Clocks: what is due when, and why then. Every job that has deadlines keeps
//! them here. A due time is never typed: it is what the limit, the events and
//! the calendar make of it, and it can always be opened to show them.

mod calendar;
mod explain;
mod store;

pub use calendar::{calendar, load_days, years};
pub use explain::{Explanation, HeldBar, Line, limit_words};

use crate::app::Work;
use crate::error::Result;
use crate::time::Time;
use crate::words;
use ::store::{Tx, from_row};
use almanac::{Calendar, Event, Light, Limit, Point, Reckoning, Rule, Unit};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

words! {
    /// What a clock measures.
    pub enum ClockKind {
        /// 启动核实
        Verify = "verify",
        /// 签收
        Sign = "sign",
        /// 提出异议
        Objection = "objection",
        /// 异议裁定
        Ruling = "ruling",
        /// 首次答复
        Answer = "answer",
        /// 办结
        Finish = "finish",
        /// 协办反馈
        Assist = "assist",
        /// 审核
        Review = "review",
        /// 差评联系
        Contact = "contact",
        /// 差评整改
        Fix = "fix",
        /// 承诺
        Promise = "promise",
        /// 交办
        Dispatch = "dispatch",
        /// 受理审查
        Accept = "accept",
        /// 承诺时限
        Promised = "promised",
        /// 法定时限
        Statutory = "statutory",
        /// 送达
        Deliver = "deliver",
        /// 容缺补齐
        Debt = "debt",
    }
}

words! {
    /// What a clock does now.
    pub enum ClockState {
        /// It runs.
        Running = "running",
        /// It waits for somebody else: there is no due time.
        Paused = "paused",
        /// It is done.
        Stopped = "stopped",
    }
}

words! {
    /// Which hours a clock counts.
    pub enum ClockMode {
        /// Office hours and working days.
        Office = "office",
        /// A declared emergency: nights and rest days count.
        Hours24 = "hours24",
    }
}

words! {
    /// Whom the limit was told.
    pub enum Told {
        /// An enterprise: it is never shortened.
        Enterprise = "enterprise",
        /// Only the office: it takes the new date.
        Office = "office",
    }
}

words! {
    /// In whose hands a record is.
    pub enum Holder {
        /// 总协调室（调度）
        Desk = "desk",
        /// A department of the committee.
        Department = "department",
        /// The enterprise or the project's owner.
        Enterprise = "enterprise",
        /// A partner agency.
        Partner = "partner",
        /// A procedure that the law demands.
        Law = "law",
    }
}

impl From<ClockMode> for almanac::Mode {
    fn from(mode: ClockMode) -> Self {
        match mode {
            ClockMode::Office => Self::Office,
            ClockMode::Hours24 => Self::Hours24,
        }
    }
}

impl From<almanac::State> for ClockState {
    fn from(state: almanac::State) -> Self {
        match state {
            almanac::State::Running => Self::Running,
            almanac::State::Paused => Self::Paused,
            almanac::State::Stopped => Self::Stopped,
        }
    }
}

/// A clock as it is kept.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Key.
    pub id: Uuid,
    /// Table of the record that it belongs to.
    pub owner: String,
    /// The record that it belongs to.
    pub owner_id: Uuid,
    /// What it measures.
    pub kind: ClockKind,
    target: Json,
    /// Which hours it counts.
    pub mode: ClockMode,
    /// Whom its limit was told.
    pub told: Told,
    /// What it does now.
    pub state: ClockState,
    /// When it began.
    pub started_at: Time,
    /// When it is (or was) due; none while it stands still.
    pub due_at: Option<Time>,
    floor_at: Option<Time>,
    /// When it was done.
    pub stopped_at: Option<Time>,
    /// Whether a year without an official notice is crossed.
    pub provisional: bool,
    /// Counts extensions, new limits and reopenings.
    pub cycle: i64,
    /// The calendar it was last reckoned with.
    pub calendar_version: String,
}

from_row!(Clock {
    id,
    owner,
    owner_id,
    kind,
    target,
    mode,
    told,
    state,
    started_at,
    due_at,
    floor_at,
    stopped_at,
    provisional,
    cycle,
    calendar_version,
});

/// A clock to start.
#[derive(Clone, Copy, Debug)]
pub struct NewClock {
    /// Table of the record that it belongs to.
    pub owner: &'static str,
    /// The record that it belongs to.
    pub owner_id: Uuid,
    /// What it measures.
    pub kind: ClockKind,
    /// How much time there is.
    pub limit: Limit,
    /// Which hours it counts.
    pub mode: ClockMode,
    /// Whom the limit was told.
    pub told: Told,
}

/// A clock as the API shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClockView {
    /// The record that it belongs to: the appeal or one of its work orders.
    pub owner_id: Uuid,
    /// What it measures.
    pub kind: ClockKind,
    /// What it does now.
    pub state: ClockState,
    /// When it began.
    pub started_at: Time,
    /// When it is due; null while it stands still.
    pub due_at: Option<Time>,
    /// When it was done.
    pub stopped_at: Option<Time>,
    /// `suspended`, `normal`, `near`, `behind` or `overdue`.
    pub light: &'static str,
    /// Whether the days of a year without official notice were reckoned from the statutory ones.
    pub provisional: bool,
}

/// The stable word of a light.
pub const fn light_word(light: Light) -> &'static str {
    match light {
        Light::Suspended => "suspended",
        Light::Normal => "normal",
        Light::Near => "near",
        Light::Behind => "behind",
        Light::Overdue => "overdue",
    }
}

/// The light of a deadline known by its times alone, as lists keep them.
pub fn light_of(
    started_at: Time,
    due_at: Option<Time>,
    stopped_at: Option<Time>,
    now: Time,
    calendar: &Calendar,
) -> Light {
    let state = match (stopped_at, due_at) {
        (Some(_), _) => almanac::State::Stopped,
        (None, None) => almanac::State::Paused,
        (None, Some(_)) => almanac::State::Running,
    };
    let began = almanac::Segment {
        from: started_at.stamp(),
        to: due_at.unwrap_or(started_at).stamp(),
        counted: true,
        amount: 0,
        why: almanac::Why::Elapsed,
    };
    let reckoning = Reckoning {
        due_at: due_at.map(Time::stamp),
        state,
        unit: Unit::Minute,
        total: 0,
        used: 0,
        stopped_at: stopped_at.map(Time::stamp),
        provisional: false,
        segments: vec![began],
    };
    almanac::light(&reckoning, now.stamp(), calendar)
}

impl Clock {
    /// The limit that it began with.
    pub fn limit(&self) -> Limit {
        serde_json::from_value(self.target.clone()).unwrap_or(Limit::working_days(0))
    }

    /// Whether it is late, or was when it was done.
    pub fn is_late(&self, now: Time) -> bool {
        self.due_at.is_some_and(|due| self.stopped_at.unwrap_or(now) > due)
    }

    /// Its light.
    pub fn light(&self, now: Time, calendar: &Calendar) -> Light {
        light_of(self.started_at, self.due_at, self.stopped_at, now, calendar)
    }

    /// As the API shows it.
    pub fn view(&self, now: Time, calendar: &Calendar) -> ClockView {
        ClockView {
            owner_id: self.owner_id,
            kind: self.kind,
            state: self.state,
            started_at: self.started_at,
            due_at: self.due_at,
            stopped_at: self.stopped_at,
            light: light_word(self.light(now, calendar)),
            provisional: self.provisional,
        }
    }

    /// What an enterprise was told stands, whatever comes after.
    fn keep_told(&mut self) {
        if self.told == Told::Enterprise {
            self.floor_at = self.floor_at.max(self.due_at);
        }
    }

    fn reckon(&self, events: &[Event], calendar: &Calendar) -> Reckoning {
        let clock = almanac::Clock { limit: self.limit(), started_at: self.started_at.stamp(), mode: self.mode.into() };
        almanac::due(&clock, events, calendar)
    }

    /// Takes over what limit, events and calendar make of it.
    fn settle(&mut self, events: &[Event], calendar: &Calendar) {
        let reckoning = self.reckon(events, calendar);
        // A pause after the end moves nothing, but somebody is waited for all the
        // same, and the pause must find its resumption.
        self.state = match ClockState::from(reckoning.state) {
            ClockState::Running if stands_still(events) => ClockState::Paused,
            state => state,
        };
        self.due_at = reckoning.due_at.map(Time::of).map(|due| self.floor_at.map_or(due, |floor| due.max(floor)));
        self.stopped_at = reckoning.stopped_at.map(Time::of);
        self.provisional = reckoning.provisional;
        let anew = |(i, event): &(usize, &Event)| match event {
            Event::Extend { .. } | Event::Retarget { .. } | Event::Restart { .. } => true,
            // The end of an emergency gives more time to what was not late yet.
            Event::Mode { at, mode: almanac::Mode::Office, .. } => {
                self.reckon(&events[..*i], calendar).due_at.is_some_and(|due| due > *at)
            }
            Event::Pause { .. } | Event::Resume { .. } | Event::Stop { .. } | Event::Mode { .. } => false,
        };
        self.cycle = events.iter().enumerate().filter(anew).count().try_into().unwrap_or(i64::MAX);
        self.calendar_version = calendar.version().to_owned();
    }
}

/// Whether the last pause was not resumed yet.
fn stands_still(events: &[Event]) -> bool {
    let open = events.iter().fold(0_u32, |open, event| match event {
        Event::Pause { .. } => open + 1,
        Event::Resume { .. } => open.saturating_sub(1),
        Event::Stop { .. } => 0,
        Event::Extend { .. } | Event::Retarget { .. } | Event::Restart { .. } | Event::Mode { .. } => open,
    });
    open > 0
}

/// Starts clocks now, in their order.
pub async fn start(work: &mut Work, calendar: &Calendar, new: Vec<NewClock>) -> Result<Vec<Clock>> {
    let now = work.now;
    start_from(work, calendar, now, new).await
}

/// Starts clocks that began before: what stands by law since an earlier day.
pub async fn start_from(work: &mut Work, calendar: &Calendar, from: Time, new: Vec<NewClock>) -> Result<Vec<Clock>> {
    let zone = work.zone();
    let clocks: Vec<Clock> = new.into_iter().map(|new| begun(new, from, calendar)).collect();
    store::insert(work, zone, &clocks).await?;
    Ok(clocks)
}

/// A clock as it starts.
fn begun(new: NewClock, from: Time, calendar: &Calendar) -> Clock {
    let mut clock = Clock {
        id: Uuid::now_v7(),
        owner: new.owner.to_owned(),
        owner_id: new.owner_id,
        kind: new.kind,
        target: serde_json::to_value(new.limit).unwrap_or_default(),
        mode: new.mode,
        told: new.told,
        state: ClockState::Running,
        started_at: from,
        due_at: None,
        floor_at: None,
        stopped_at: None,
        provisional: false,
        cycle: 0,
        calendar_version: String::new(),
    };
    clock.settle(&[], calendar);
    clock
}

/// The clock of a record, by what it measures.
pub async fn find(tx: &mut Tx, zone: Uuid, owner_id: Uuid, kind: ClockKind) -> Result<Option<Clock>> {
    Ok(store::find(tx, zone, owner_id, kind).await?)
}

/// Every clock of these records, oldest first.
pub async fn of(tx: &mut Tx, zone: Uuid, owners: &[Uuid]) -> Result<Vec<Clock>> {
    Ok(store::of(tx, zone, owners).await?)
}

/// Time stands still; `holder` is waited for. Nothing happens to a clock that
/// does not run, or that the record does not have.
pub async fn pause(
    work: &mut Work,
    owner_id: Uuid,
    kind: ClockKind,
    holder: Holder,
    reason: &str,
) -> Result<Option<Clock>> {
    let at = work.now.stamp();
    let event = Event::Pause { at, holder: holder.word().into(), reason: reason.into() };
    change(work, owner_id, kind, &[ClockState::Running], event).await
}

/// Time goes on after a pause.
pub async fn resume(work: &mut Work, owner_id: Uuid, kind: ClockKind) -> Result<Option<Clock>> {
    let at = work.now.stamp();
    change(work, owner_id, kind, &[ClockState::Paused], Event::Resume { at }).await
}

/// Gives more time, in the unit of the limit.
pub async fn extend(work: &mut Work, owner_id: Uuid, kind: ClockKind, n: u32) -> Result<Option<Clock>> {
    let event = Event::Extend { at: work.now.stamp(), n, by: work.who.name.clone() };
    change(work, owner_id, kind, &[ClockState::Running, ClockState::Paused], event).await
}

/// Sets another limit than it has, from the same beginning; what was waited stays.
/// What an enterprise was told does not come nearer.
pub async fn retarget(work: &mut Work, owner_id: Uuid, kind: ClockKind, limit: Limit) -> Result<Option<Clock>> {
    let zone = work.zone();
    let Some(clock) = store::find(work, zone, owner_id, kind).await? else { return Ok(None) };
    if present_limit(&clock, &store::events(work, zone, clock.id).await?) == limit {
        return Ok(Some(clock));
    }
    let event = Event::Retarget { at: work.now.stamp(), limit };
    change(work, owner_id, kind, &[ClockState::Running, ClockState::Paused], event).await
}

/// Other hours count from now on for the clocks of these records: an emergency was
/// declared, or has ended. What is done stays as it was, but goes on in the new hours
/// if it is opened again. What an enterprise was told does not come nearer.
/// Answers the clocks whose due time moved, with what it was.
pub async fn turn(
    work: &mut Work,
    owners: &[Uuid],
    mode: ClockMode,
    reason: &str,
) -> Result<Vec<(Clock, Option<Time>)>> {
    let (zone, at) = (work.zone(), work.now.stamp());
    let mut moved = Vec::new();
    for clock in of(work, zone, owners).await? {
        let event = Event::Mode { at, mode: mode.into(), reason: reason.to_owned() };
        let now = change(work, clock.owner_id, clock.kind, ClockState::ALL, event).await?;
        moved.extend(now.filter(|now| now.due_at != clock.due_at).map(|now| (now, clock.due_at)));
    }
    Ok(moved)
}

/// A due time that another limit would move.
#[derive(Clone, Debug)]
pub struct Move {
    /// The clock as it stands.
    pub clock: Clock,
    /// The limit that it would have.
    pub limit: Limit,
    /// When it would be due; none while it stands still.
    pub to: Option<Time>,
}

/// What other limits would make of these clocks, begun when they began; those that
/// stay as they are, and those without another limit, are left out.
pub async fn would_move(
    tx: &mut Tx,
    zone: Uuid,
    clocks: Vec<Clock>,
    now: Time,
    limit_of: impl Fn(&Clock) -> Option<Limit>,
) -> Result<Vec<Move>> {
    let calendar = calendar(tx, zone).await?;
    let mut moves = Vec::new();
    for some in clocks.chunks(MANY) {
        let ids: Vec<Uuid> = some.iter().map(|clock| clock.id).collect();
        let mut all = store::events_of(tx, zone, &ids).await?;
        for clock in some.iter().filter(|clock| clock.state != ClockState::Stopped) {
            let mut events = all.remove(&clock.id).unwrap_or_default();
            let Some(limit) = limit_of(clock).filter(|limit| *limit != present_limit(clock, &events)) else {
                continue;
            };
            let mut then = clock.clone();
            then.keep_told();
            events.push(Event::Retarget { at: now.stamp(), limit });
            then.settle(&events, &calendar);
            moves.push(Move { clock: clock.clone(), limit, to: then.due_at });
        }
    }
    Ok(moves)
}

/// The limit that it has now: the last that was set.
fn present_limit(clock: &Clock, events: &[Event]) -> Limit {
    let set = events.iter().rev().find_map(|event| match event {
        Event::Retarget { limit, .. } => Some(*limit),
        _ => None,
    });
    set.unwrap_or_else(|| clock.limit())
}

/// How often a clock was given more time.
pub async fn extensions(tx: &mut Tx, zone: Uuid, clock_id: Uuid) -> Result<usize> {
    let events = store::events(tx, zone, clock_id).await?;
    Ok(events.iter().filter(|event| matches!(event, Event::Extend { .. })).count())
}

/// It is done.
pub async fn stop(work: &mut Work, owner_id: Uuid, kind: ClockKind) -> Result<Option<Clock>> {
    let at = work.now.stamp();
    change(work, owner_id, kind, &[ClockState::Running, ClockState::Paused], Event::Stop { at }).await
}

/// Stops every clock of a record that still runs or stands still.
pub async fn stop_all(work: &mut Work, owner_id: Uuid) -> Result<()> {
    let zone = work.zone();
    for clock in of(work, zone, &[owner_id]).await? {
        stop(work, owner_id, clock.kind).await?;
    }
    Ok(())
}

/// It was opened again: the old clock goes on where it stopped.
pub async fn restart(work: &mut Work, owner_id: Uuid, kind: ClockKind) -> Result<Option<Clock>> {
    let at = work.now.stamp();
    change(work, owner_id, kind, &[ClockState::Stopped], Event::Restart { at }).await
}

async fn change(
    work: &mut Work,
    owner_id: Uuid,
    kind: ClockKind,
    when: &[ClockState],
    event: Event,
) -> Result<Option<Clock>> {
    let zone = work.zone();
    let Some(mut clock) = store::find(work, zone, owner_id, kind).await? else { return Ok(None) };
    if !when.contains(&clock.state) {
        return Ok(Some(clock));
    }
    let calendar = calendar(work, zone).await?;
    let mut events = store::events(work, zone, clock.id).await?;
    let (at, actor) = (work.now, work.who.person_id);
    store::append(work, zone, clock.id, events.len(), at, actor, &event).await?;
    match event {
        Event::Retarget { .. } if clock.told == Told::Office => clock.floor_at = None,
        // What stands still has no due time to be kept when the hours change.
        Event::Retarget { .. } | Event::Mode { .. } | Event::Pause { .. } => clock.keep_told(),
        _ => {}
    }
    let hours_alone = matches!(event, Event::Mode { .. });
    events.push(event);
    // What is done was in time or late by the calendar of its day.
    if hours_alone && clock.state == ClockState::Stopped {
        return Ok(Some(clock));
    }
    clock.settle(&events, &calendar);
    store::update(work, zone, &clock).await?;
    Ok(Some(clock))
}

/// Reckons every open clock again, after official days replaced provisional
/// ones. What an enterprise was told is never shortened; a limit of the office
/// takes the new date. Answers the clocks whose due time changed.
pub async fn recompute_open(work: &mut Work) -> Result<Vec<Clock>> {
    let zone = work.zone();
    let calendar = calendar(work, zone).await?;
    let mut changed = Vec::new();
    for mut clock in store::open(work, zone).await? {
        let events = store::events(work, zone, clock.id).await?;
        let (due_before, version_before) = (clock.due_at, clock.calendar_version.clone());
        clock.keep_told();
        clock.settle(&events, &calendar);
        if clock.due_at != due_before || clock.calendar_version != version_before {
            store::update(work, zone, &clock).await?;
        }
        if clock.due_at != due_before {
            changed.push(clock);
        }
    }
    Ok(changed)
}

/// Notes in whose hands a record is from now on.
pub async fn hand_over(work: &mut Work, owner_id: Uuid, holder: Holder, holder_id: Option<Uuid>) -> Result<()> {
    let (zone, at) = (work.zone(), work.now);
    let last = store::holdings(work, zone, owner_id).await?;
    if last.last().is_some_and(|last| last.holder == holder.word() && last.holder_id == holder_id) {
        return Ok(());
    }
    store::hold(work, zone, owner_id, last.len(), at, holder, holder_id).await?;
    Ok(())
}

/// A rung that a clock has reached now, for the first time in its cycle.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The clock.
    pub clock: Clock,
    /// The rung's name.
    pub key: String,
    /// What to do, such as `remind`.
    pub action: String,
}

/// So many clocks are read at a time.
const MANY: usize = 200;

/// Rungs reached since the last look, by clocks of this table. Each rung acts
/// once per cycle; after a standstill of the program only the highest acts.
pub async fn escalate(work: &mut Work, owner: &'static str, rules: &[Rule]) -> Result<Vec<Reached>> {
    let (zone, now) = (work.zone(), work.now);
    let calendar = calendar(work, zone).await?;
    let mut reached = Vec::new();
    let clocks = store::due_before(work, zone, owner, horizon(rules, now)).await?;
    for some in clocks.chunks(MANY) {
        let ids: Vec<Uuid> = some.iter().map(|clock| clock.id).collect();
        let mut fired_before = store::rungs_of(work, zone, &ids).await?;
        let mut events_of = store::events_of(work, zone, &ids).await?;
        for clock in some {
            let done = fired_before.remove(&(clock.id, clock.cycle)).unwrap_or_default();
            if rules.iter().all(|rule| done.contains(&rule.key)) {
                continue;
            }
            let mut reckoning = clock.reckon(&events_of.remove(&clock.id).unwrap_or_default(), &calendar);
            reckoning.due_at = clock.due_at.map(Time::stamp);
            for fired in almanac::escalate(rules, &reckoning, now.stamp(), &done, &calendar) {
                let first = store::fire(work, zone, clock, &fired.key, fired.action.as_deref(), now).await?;
                if let Some(action) = fired.action.filter(|_| first) {
                    reached.push(Reached { clock: clock.clone(), key: fired.key, action });
                }
            }
        }
    }
    Ok(reached)
}

/// Until when a clock must be due for its lowest rung to be reached now: a rung so
/// many working days before the end is, with rest days, never a fortnight further.
/// None where a share of the time can be used up at any distance from the end.
fn horizon(rules: &[Rule], now: Time) -> Option<Time> {
    let mut ahead = 0;
    for rule in rules {
        match rule.at {
            Point::Days(days) => ahead = ahead.max(-days),
            Point::Share(_) => return None,
        }
    }
    // A week of five working days has seven.
    Some(now.plus((ahead + ahead / 5 * 2 + 14) * crate::time::DAY_MS))
}

/// When each rung would be reached by a clock that begins then, and when it is due.
pub fn climb(limit: Limit, started_at: Time, rules: &[Rule], calendar: &Calendar) -> (Option<Time>, Vec<Option<Time>>) {
    let reckoning = almanac::due(&almanac::Clock::new(limit, started_at.stamp()), &[], calendar);
    let when = |rule: &Rule| almanac::moment(rule.at, &reckoning, calendar).map(Time::of);
    (reckoning.due_at.map(Time::of), rules.iter().map(when).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::of(format!("{text}+08:00").parse().expect("a time"))
    }

    #[test]
    fn a_pause_after_the_end_still_finds_its_resumption() {
        let stamp = |text: &str| at(text).stamp();
        let pause = Event::Pause { at: stamp("2026-11-20T09:00:00"), holder: "enterprise".into(), reason: "x".into() };
        let resume = Event::Resume { at: stamp("2026-11-24T09:00:00") };
        assert!(stands_still(std::slice::from_ref(&pause)));
        assert!(!stands_still(&[pause.clone(), resume]));
        assert!(!stands_still(&[pause, Event::Stop { at: stamp("2026-11-24T09:00:00") }]));
        assert!(!stands_still(&[]));
    }

    #[test]
    fn lists_show_the_same_light_as_the_record() {
        let calendar = Calendar::built_in();
        let limit = Limit::working_days(5);
        let started = at("2026-11-02T10:00:00");
        let reckoning = almanac::due(&almanac::Clock::new(limit, started.stamp()), &[], &calendar);
        for day in 2..16 {
            let now = at(&format!("2026-11-{day:02}T11:00:00"));
            let of_list = light_of(started, reckoning.due_at.map(Time::of), None, now, &calendar);
            assert_eq!(of_list, almanac::light(&reckoning, now.stamp(), &calendar), "{now}");
        }
        assert_eq!(light_of(started, None, None, started, &calendar), Light::Suspended);
        let stopped = Some(at("2026-11-04T09:00:00"));
        let due = reckoning.due_at.map(Time::of);
        assert_eq!(light_of(started, due, stopped, at("2027-01-04T09:00:00"), &calendar), Light::Normal);
    }
}
