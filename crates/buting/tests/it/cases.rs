//! An appeal on its way, as several of the books tell it.

use crate::house::{House, MORNING};
use buting::appeal::act::Act;
use buting::appeal::{NewAppeal, Urgency, desk};
use buting::clock::{self, ClockKind};
use buting::error::{Conflict, Error, Result};
use buting::time::{DAY_MS, HOUR_MS, Time};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// An appeal of the enterprise's own.
pub fn trucks() -> NewAppeal {
    NewAppeal {
        title: "货车进不了园区东门".into(),
        body: "限高杆改造后，高栏货车无法进入，原料只能在门外倒短。".into(),
        category: "logistics".into(),
        urgency: Urgency::Urgent,
        ..NewAppeal::default()
    }
}

/// The same, reported by the enterprise.
pub async fn raise(house: &House) -> Uuid {
    desk::open(&house.app, &house.who("enterprise").await, trucks()).await.unwrap()
}

/// A step of it.
pub async fn act(house: &House, who: &str, id: Uuid, act: Json) -> Result<Uuid> {
    let act: Act = serde_json::from_value(act).expect("an action");
    desk::act(&house.app, &house.who(who).await, id, act).await
}

/// Does what must succeed.
#[track_caller]
pub fn done(result: Result<Uuid>) {
    if let Err(error) = result {
        panic!("refused: {error:?}");
    }
}

/// Dispatched to the department of `officer2` and signed there.
pub async fn signed(house: &House) -> Uuid {
    let id = raise(house).await;
    done(act(house, "dispatcher", id, json!({"action": "dispatch", "department_id": house.other_department})).await);
    done(act(house, "officer2", id, json!({"action": "sign"})).await);
    id
}

/// The stable code of a refusal by state.
pub fn code(result: Result<Uuid>) -> &'static str {
    match result {
        Err(Error::Conflict(Conflict::State(code))) => code,
        other => panic!("not refused by state: {other:?}"),
    }
}

/// The fields that were refused, and the code of each.
pub fn wrong(result: Result<Uuid>) -> Vec<(String, &'static str)> {
    match result {
        Err(Error::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.code)).collect(),
        other => panic!("not refused by field: {other:?}"),
    }
}

/// A day of November 2026 in Shanghai, and on.
pub fn at(day: i64, hour: i64) -> Time {
    MORNING.plus((day - 24) * DAY_MS + (hour - 10) * HOUR_MS)
}

/// A due time as the books write it.
pub fn told(time: Option<Time>) -> String {
    let zone = buting::zone::default_time_zone();
    time.map_or("standing still".into(), |due| due.local(&zone).strftime("%m-%d %H:%M").to_string())
}

/// When a clock of a record is due.
pub async fn due(house: &House, id: Uuid, kind: ClockKind) -> Option<String> {
    let mut tx = house.app.read().await.unwrap();
    Some(told(clock::find(&mut tx, house.zone, id, kind).await.unwrap()?.due_at))
}
