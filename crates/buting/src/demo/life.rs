//! Sixty days of the committee's work: visits, difficulties and what became of
//! them. Each thing that happens is put in its place in time first and then
//! lived in order, so that one difficulty does not wait for another.

use super::approvals::{self, Approval};
use super::stories::{self, Story};
use super::{DAYS, World};
use crate::app::SetClock;
use crate::error::{Conflict, Error, Result};
use crate::time::{DAY_MS, Day, HOUR_MS, Time};
use almanac::Calendar;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A visit to the enterprise of that place in the list.
    Visit(usize),
    /// A difficulty is told: row of `appeals.tsv`, place of the enterprise.
    Trouble(usize, usize),
    /// A step of a difficulty.
    Step(Case, Step),
    /// A step of a story.
    Story(Story),
    /// Enterprises say how they stand.
    Status,
    /// A step of an application, by its place.
    Approval(usize, Approval),
    /// What the program does by itself at the end of a day.
    Evening,
}

/// A difficulty on its way.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The appeal.
    pub id: Uuid,
    /// Its row in `appeals.tsv`.
    pub row: usize,
    /// The place of its enterprise.
    pub enterprise: usize,
}

/// What is done next with a difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// 交办
    Dispatch,
    /// 签收
    Sign,
    /// 首次答复
    FirstReply,
    /// 请企业补充
    Ask,
    /// 企业补充
    Supply,
    /// 协同单位签收
    PartnerSign,
    /// 协同单位反馈
    PartnerAnswer,
    /// 申请延期
    Extend,
    /// 批准延期
    Grant,
    /// 反馈
    Answer,
    /// 审核
    Review,
    /// 企业确认
    Confirm,
    /// 回访
    ReturnVisit,
    /// 销号
    Close,
}

/// What is still to happen, in order of time.
#[derive(Default)]
pub struct Agenda {
    events: BTreeMap<(i64, u64), Event>,
    count: u64,
}

impl Agenda {
    /// Puts an event in its place.
    pub fn put(&mut self, at: Time, event: Event) {
        self.count += 1;
        self.events.insert((at.ms(), self.count), event);
    }

    /// The next event that is not later than `until`.
    fn next(&mut self, until: Time) -> Option<(Time, Event)> {
        let (&key, &event) = self.events.first_key_value()?;
        if key.0 > until.ms() {
            return None;
        }
        self.events.remove(&key);
        Some((Time::from_ms(key.0), event))
    }
}

impl World {
    /// Plans sixty days and lives them.
    pub(super) async fn live(&mut self, clock: &SetClock, now: Time, progress: &(dyn Fn(i64) + Sync)) -> Result<()> {
        let mut agenda = self.plan(now);
        let from = now.ms() - DAYS * DAY_MS;
        while let Some((at, event)) = agenda.next(now) {
            clock.set(at);
            match self.happen(event, &mut agenda).await {
                // What others did first, or what a firm took back, is no fault here.
                Ok(()) | Err(Error::Conflict(Conflict::State(_))) => {}
                Err(error) => return Err(error),
            }
            progress((at.ms() - from) * 100 / (DAYS * DAY_MS));
        }
        Ok(())
    }

    async fn happen(&mut self, event: Event, agenda: &mut Agenda) -> Result<()> {
        match event {
            Event::Visit(place) => self.visit(place, agenda).await,
            Event::Trouble(row, place) => self.trouble(row, place, agenda).await,
            Event::Step(case, step) => self.step(case, step).await,
            Event::Story(story) => self.tell(story).await,
            Event::Status => self.daily_status().await,
            Event::Approval(n, step) => self.approve(n, step).await,
            Event::Evening => self.evening().await,
        }
    }

    /// The days: visits, troubles and reports on working days, stories on theirs.
    fn plan(&mut self, now: Time) -> Agenda {
        let mut agenda = Agenda::default();
        let calendar = Calendar::built_in();
        let (rows, places) = (super::data::appeals().len(), self.enterprises.len());
        let first_invented = stories::OF_SOURCE;
        for ago in (0..DAYS).rev() {
            let day = Day(Time::from_ms(now.ms() - ago * DAY_MS).day(calendar.time_zone()).0);
            let at = |hour: i64, minute: i64| day.start(calendar.time_zone()).plus(hour * HOUR_MS + minute * 60_000);
            agenda.put(at(18, 30), Event::Evening);
            if !calendar.is_working(day.0) || ago > DAYS - 2 {
                continue;
            }
            agenda.put(at(8, 40), Event::Status);
            for _ in 0..self.dice.between(1, 3) {
                let place = first_invented + self.dice.below(places - first_invented);
                let (hour, minute) = (self.dice.between(9, 16), self.dice.between(0, 59));
                agenda.put(at(hour, minute), Event::Visit(place));
            }
            for _ in 0..self.dice.between(1, 4) {
                let place = first_invented + self.dice.below(places - first_invented);
                let (row, hour, minute) = (self.dice.below(rows), self.dice.between(8, 16), self.dice.between(0, 59));
                agenda.put(at(hour, minute), Event::Trouble(row, place));
            }
        }
        for (ago, hour, story) in stories::steps() {
            let day = Day(Time::from_ms(now.ms() - ago * DAY_MS).day(calendar.time_zone()).0);
            agenda.put(day.start(calendar.time_zone()).plus(hour * HOUR_MS), Event::Story(story));
        }
        approvals::plan(&mut agenda, now, &calendar);
        agenda
    }

    /// Puts the steps of a difficulty in their places: most go well, some are
    /// sent back, some wait for the enterprise, some are late.
    pub(super) fn plan_case(&mut self, case: Case, has_partner: bool, agenda: &mut Agenda) {
        let calendar = Calendar::built_in();
        let mut at = self.app.now();
        let mut after = |dice: &mut super::Dice, low: i64, high: i64| {
            at = office_hours(at.plus(dice.between(low, high) * 60_000), &calendar);
            at
        };
        let dice = &mut self.dice;
        let slow = dice.percent(12);
        let step = |agenda: &mut Agenda, at, step| agenda.put(at, Event::Step(case, step));
        step(agenda, after(dice, 20, 200), Step::Dispatch);
        step(agenda, after(dice, 40, if slow { 2400 } else { 420 }), Step::Sign);
        step(agenda, after(dice, 120, 1500), Step::FirstReply);
        if has_partner {
            step(agenda, after(dice, 20, 300), Step::PartnerSign);
            step(agenda, after(dice, 900, 4000), Step::PartnerAnswer);
        }
        if dice.percent(18) {
            step(agenda, after(dice, 200, 900), Step::Ask);
            step(agenda, after(dice, 900, 5000), Step::Supply);
        }
        if dice.percent(10) {
            step(agenda, after(dice, 2000, 6000), Step::Extend);
            step(agenda, after(dice, 100, 900), Step::Grant);
        }
        step(agenda, after(dice, 1400, if slow { 40_000 } else { 12_000 }), Step::Answer);
        step(agenda, after(dice, 100, 900), Step::Review);
        if dice.percent(85) {
            step(agenda, after(dice, 300, 3600), Step::Confirm);
            step(agenda, after(dice, 600, 3000), Step::ReturnVisit);
            step(agenda, after(dice, 60, 1400), Step::Close);
        }
    }
}

/// The same time, or the next moment at which the office is open.
fn office_hours(at: Time, calendar: &Calendar) -> Time {
    let zone = calendar.time_zone();
    let local = at.local(zone);
    let day = local.date();
    let begins = Day(day).start(zone).plus(8 * HOUR_MS + 40 * 60_000);
    let ends = Day(day).start(zone).plus(17 * HOUR_MS);
    if calendar.is_working(day) && at <= ends {
        return at.max(begins);
    }
    let next = calendar.add_working_days(day, 1);
    let into = (at.ms() % (2 * HOUR_MS)).max(0);
    Day(next).start(zone).plus(9 * HOUR_MS + into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_works_at_night() {
        let calendar = Calendar::built_in();
        let time = |text: &str| Time::read(text, calendar.time_zone()).expect("a time");
        assert_eq!(office_hours(time("2026-11-24T10:15"), &calendar), time("2026-11-24T10:15"));
        assert_eq!(office_hours(time("2026-11-24T06:15"), &calendar), time("2026-11-24T08:40"));
        let monday = office_hours(time("2026-11-20T19:00"), &calendar).local(calendar.time_zone());
        assert_eq!(monday.date().to_string(), "2026-11-23");
    }

    #[test]
    fn events_come_in_order_of_time() {
        let mut agenda = Agenda::default();
        for ms in [3, 1, 2, 1] {
            agenda.put(Time::from_ms(ms), Event::Evening);
        }
        let order: Vec<i64> = std::iter::from_fn(|| agenda.next(Time::from_ms(2))).map(|(at, _)| at.ms()).collect();
        assert_eq!(order, [1, 1, 2], "what lies after the end does not happen");
    }
}
