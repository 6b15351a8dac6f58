//! What a promise, a requirement and a hazard say by themselves: a day before they are
//! due to who sees to them, and when the day is over to him and the first of his
//! department. Each once, after a time without the program the last one only.

use super::item::desk as items;
use super::store;
use crate::actor::Actor;
use crate::app::{App, Change, Subject};
use crate::error::Result;
use crate::organisation::post;
use crate::time::{DAY_MS, Time};
use serde_json::json;
use uuid::Uuid;

/// How far the reminders of something are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing was said.
    Quiet,
    /// It is due within a day.
    Near,
    /// Its day is over.
    Over,
}

impl Stage {
    /// The stage that should be reached now.
    pub fn at(due_at: Time, now: Time) -> Self {
        match due_at.ms() - now.ms() {
            left if left < 0 => Self::Over,
            left if left <= DAY_MS => Self::Near,
            _ => Self::Quiet,
        }
    }

    /// As the tables hold it.
    pub const fn step(self) -> i64 {
        self as i64
    }
}

/// Something that is due and that somebody sees to.
pub struct Waiting {
    /// Its table: `promise` or `visit_item`.
    pub table: &'static str,
    /// Key.
    pub id: Uuid,
    /// The record that a notice leads to: the promise, or the visit of an item.
    pub record: Uuid,
    /// The enterprise or project.
    pub subject_id: Uuid,
    /// Its short name.
    pub subject_name: String,
    /// What.
    pub text: String,
    /// Who sees to it.
    pub owner_id: Uuid,
    /// His department.
    pub department_id: Option<Uuid>,
    /// Until when.
    pub due_at: Time,
    /// How far its reminders are.
    pub remind_step: i64,
}

/// Reminds of everything that came near or is over. Answers how many.
pub async fn remind(app: &App, zone: Uuid) -> Result<usize> {
    let now = app.now();
    let until = now.plus(DAY_MS);
    let mut tx = app.read().await?;
    let mut waiting = store::promises_to_remind(&mut tx, zone, now, until).await?;
    waiting.extend(items::to_remind(&mut tx, zone, now, until).await?);
    drop(tx);
    let mut told = 0;
    for one in waiting {
        let stage = Stage::at(one.due_at, now);
        if stage.step() <= one.remind_step {
            continue;
        }
        let mut work = app.work(&Actor::rule(zone)).await?;
        if !store::reminded(&mut work, &one, stage.step()).await? {
            // Another process was quicker, or it has ended meanwhile.
            continue;
        }
        let mut people = vec![one.owner_id];
        if let (Stage::Over, Some(department)) = (stage, one.department_id) {
            people.extend(post::desk::chief_of(&mut work, zone, department).await?.filter(|id| *id != one.owner_id));
        }
        let (entry, kind, leads_to) = match (one.table, stage) {
            ("promise", Stage::Over) => ("promise.remind", "promise.over", "promise"),
            ("promise", _) => ("promise.remind", "promise.near", "promise"),
            (_, Stage::Over) => ("visit.item_remind", "visit.item_over", "visit"),
            (..) => ("visit.item_remind", "visit.item_near", "visit"),
        };
        let about = Subject::about(one.table, one.id, one.subject_id);
        work.log(entry, about, Change::made(json!({"text": one.text, "due_at": one.due_at}))).await?;
        for person in people {
            let args = json!({"subject": one.subject_name, "text": one.text});
            work.notify(person, kind, Subject::about(leads_to, one.record, one.subject_id), args).await?;
        }
        work.commit(one.id).await?;
        told += 1;
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_before_and_when_it_is_over() {
        let now = Time::from_ms(100 * DAY_MS);
        for (due, expected) in [
            (2 * DAY_MS, Stage::Quiet),
            (DAY_MS + 1, Stage::Quiet),
            (DAY_MS, Stage::Near),
            (0, Stage::Near),
            (-1, Stage::Over),
            (-30 * DAY_MS, Stage::Over),
        ] {
            assert_eq!(Stage::at(now.plus(due), now), expected, "{due}");
        }
        assert!(Stage::Quiet.step() < Stage::Near.step() && Stage::Near.step() < Stage::Over.step());
        assert_eq!(Stage::Quiet.step(), 0, "what the tables begin with");
    }
}
