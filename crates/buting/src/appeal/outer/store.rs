use super::super::{Channel, ResultKind, Status};
use super::desk::Known;
use crate::list::{Key, Walk};
use crate::time::{Day, Time};
use ::store::{Result, Sql, Tx, from_row, sql};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// What orders of platforms are sorted by.
pub const KEYS: &[Key] = &[Key::number("taken", "o.taken_at"), Key::text("due", "coalesce(o.due_on, '9999')")];

/// What the platform said besides the appeal itself.
#[derive(Clone, Debug)]
pub struct Outer {
    /// Who called.
    pub caller: Option<String>,
    /// Whom to call back.
    pub caller_phone: Option<String>,
    /// The day on which the platform says it is due.
    pub due_on: Option<Day>,
    /// When it was answered back.
    pub reported_at: Option<Time>,
}

from_row!(Outer { caller, caller_phone, due_on, reported_at });

/// An order with how it stands, as it is answered back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The appeal.
    pub id: Uuid,
    /// Its number here.
    pub number: String,
    /// Its number on the platform.
    pub outer_number: String,
    /// The platform.
    pub channel: Channel,
    /// What it is about.
    pub title: String,
    /// Whose it is.
    pub subject: Option<String>,
    /// How it stands.
    pub status: Status,
    /// What came of it.
    pub result: Option<ResultKind>,
    /// The reviewed answer; of what was not accepted, why and where it belongs.
    pub answer: Option<String>,
    /// The department that leads.
    pub department: Option<String>,
    /// The day on which the platform says it is due.
    pub due_on: Option<Day>,
    /// When it was taken in.
    pub taken_at: Time,
    /// When the answer was ready.
    pub ready_at: Option<Time>,
    /// When it was answered back.
    pub reported_at: Option<Time>,
}

from_row!(Answer {
    id,
    number,
    outer_number,
    channel,
    title,
    subject,
    status,
    result,
    answer,
    department,
    due_on,
    taken_at,
    ready_at,
    reported_at,
});

/// How far an order has come, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not answered here yet.
    Working,
    /// Answered here, not answered back.
    Ready,
    /// Answered back.
    Reported,
}

/// When there was something to answer back: what was reviewed, or not accepted.
const READY_AT: &str = "CASE WHEN a.status IN ('reviewed', 'return_visit', 'long_term', 'closed') THEN a.reviewed_at
    WHEN a.status IN ('rejected', 'merged', 'withdrawn') THEN a.closed_at END";

const FROM: &str = " FROM outer_order o
  JOIN appeal a ON a.zone_id = o.zone_id AND a.id = o.appeal_id
  LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
  LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
  LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
  WHERE o.zone_id = ";

fn condition(zone: Uuid, stage: Option<Stage>, visible: Sql) -> Sql {
    let mut query = Sql::from(FROM);
    query.arg(zone);
    match stage {
        None => {}
        Some(Stage::Working) => {
            query.push(" AND (").push(READY_AT).push(") IS NULL");
        }
        Some(Stage::Ready) => {
            query.push(" AND (").push(READY_AT).push(") > coalesce(o.reported_at, 0)");
        }
        Some(Stage::Reported) => {
            query.push(" AND o.reported_at >= (").push(READY_AT).push(")");
        }
    }
    query.append(visible);
    query
}

/// Orders of platforms at a stage, as far as a condition (with its ` AND`) lets the
/// reader see their appeals.
pub async fn answers(
    tx: &mut Tx,
    zone: Uuid,
    stage: Option<Stage>,
    visible: Sql,
    walk: &Walk,
) -> Result<(Vec<Answer>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT a.id, a.number, o.outer_number, a.channel, a.title, coalesce(e.short_name, p.short_name) AS subject,
           a.status, a.result, d.short_name AS department, o.due_on, o.taken_at, o.reported_at,
           CASE WHEN a.status IN ('reviewed', 'return_visit', 'long_term', 'closed') THEN a.answer
             WHEN a.status = 'rejected' THEN (SELECT m.text FROM appeal_message m WHERE m.zone_id = a.zone_id
               AND m.appeal_id = a.id AND m.kind = 'told' AND NOT m.internal ORDER BY m.id DESC LIMIT 1) END AS answer, ",
    );
    query.push(READY_AT).push(" AS ready_at");
    walk.column(&mut query);
    query.append(condition(zone, stage, visible));
    walk.list(tx, query, "a.id").await
}

/// How many there are at a stage, up to a cap.
pub async fn count(tx: &mut Tx, zone: Uuid, stage: Option<Stage>, visible: Sql, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    query.append(condition(zone, stage, visible)).push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

/// Keeps what the platform said; [`store::Error::Duplicate`] when the number was taken
/// in before.
pub async fn insert(
    tx: &mut Tx,
    zone: Uuid,
    channel: Channel,
    outer_number: &str,
    appeal: Uuid,
    outer: &Outer,
    now: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO outer_order (zone_id, channel, outer_number, appeal_id, caller, caller_phone, due_on, taken_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        zone,
        channel,
        outer_number,
        appeal,
        outer.caller,
        outer.caller_phone,
        outer.due_on,
        now
    ))
    .await
    .map(drop)
}

/// The appeal that an order was taken in as.
pub async fn known(tx: &mut Tx, zone: Uuid, channel: Channel, outer_number: &str) -> Result<Option<Known>> {
    let found: Option<(Uuid, String)> = tx
        .opt(sql!(
            "SELECT a.id, a.number FROM outer_order o JOIN appeal a ON a.zone_id = o.zone_id AND a.id = o.appeal_id
             WHERE o.zone_id = $1 AND o.channel = $2 AND o.outer_number = $3",
            zone,
            channel,
            outer_number
        ))
        .await?;
    Ok(found.map(|(id, number)| Known { id, number }))
}

/// What the platform said of an appeal.
pub async fn of_appeal(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Option<Outer>> {
    tx.opt(sql!(
        "SELECT caller, caller_phone, due_on, reported_at FROM outer_order WHERE zone_id = $1 AND appeal_id = $2",
        zone,
        appeal
    ))
    .await
}

/// Writes down that an order was answered back; false when it is none of a platform.
pub async fn report(tx: &mut Tx, zone: Uuid, appeal: Uuid, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!("UPDATE outer_order SET reported_at = $3 WHERE zone_id = $1 AND appeal_id = $2", zone, appeal, at))
        .await?;
    Ok(n == 1)
}

/// Enterprises that are called so: by full name, short name or credit code, whatever
/// the case of its letters.
pub async fn called(tx: &mut Tx, zone: Uuid, name: &str) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!(
        "SELECT id, name FROM enterprise WHERE zone_id = $1 AND merged_into IS NULL
           AND (name = $2 OR short_name = $2 OR uscc = $3 OR id IN
             (SELECT enterprise_id FROM enterprise_short_name WHERE zone_id = $1 AND name = $2))
         ORDER BY name, id LIMIT 5",
        zone,
        name,
        name.to_uppercase()
    ))
    .await
}
