use super::{Clock, ClockKind, Holder};
use crate::time::Time;
use ::store::{Result, Sql, Tx, from_row, sql};
use almanac::Event;
use serde_json::Value as Json;
use std::collections::HashMap;
use uuid::Uuid;

const COLUMNS: &str = "SELECT id, owner, owner_id, kind, target, mode, told, state, started_at, due_at, floor_at,
  stopped_at, provisional, cycle, calendar_version FROM clock";

pub async fn insert(tx: &mut Tx, zone: Uuid, clocks: &[Clock]) -> Result<()> {
    let mut insert = Sql::from(
        "INSERT INTO clock (zone_id, id, owner, owner_id, kind, target, mode, told, state, started_at, due_at,
           floor_at, stopped_at, provisional, cycle, calendar_version) VALUES ",
    );
    for (i, one) in clocks.iter().enumerate() {
        insert.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(one.id).push(", ").arg(&one.owner);
        insert.push(", ").arg(one.owner_id).push(", ").arg(one.kind).push(", ").arg(&one.target);
        insert.push(", ").arg(one.mode).push(", ").arg(one.told).push(", ").arg(one.state).push(", ");
        insert.arg(one.started_at).push(", ").arg(one.due_at).push(", ").arg(one.floor_at).push(", ");
        insert.arg(one.stopped_at).push(", ").arg(one.provisional).push(", ").arg(one.cycle).push(", ");
        insert.arg(&one.calendar_version).push(")");
    }
    if !clocks.is_empty() {
        tx.run(insert).await?;
    }
    Ok(())
}

pub async fn update(tx: &mut Tx, zone: Uuid, clock: &Clock) -> Result<()> {
    tx.run(sql!(
        "UPDATE clock SET state = $1, due_at = $2, floor_at = $3, stopped_at = $4, provisional = $5, cycle = $6,
           calendar_version = $7
         WHERE zone_id = $8 AND id = $9",
        clock.state,
        clock.due_at,
        clock.floor_at,
        clock.stopped_at,
        clock.provisional,
        clock.cycle,
        clock.calendar_version,
        zone,
        clock.id
    ))
    .await?;
    Ok(())
}

pub async fn find(tx: &mut Tx, zone: Uuid, owner_id: Uuid, kind: ClockKind) -> Result<Option<Clock>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND owner_id = ").arg(owner_id).push(" AND kind = ").arg(kind);
    tx.opt(query).await
}

pub async fn of(tx: &mut Tx, zone: Uuid, owners: &[Uuid]) -> Result<Vec<Clock>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND owner_id IN ").list(owners.iter().copied());
    query.push(" ORDER BY started_at, id");
    tx.list(query).await
}

pub async fn open(tx: &mut Tx, zone: Uuid) -> Result<Vec<Clock>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND state <> 'stopped' ORDER BY id");
    tx.list(query).await
}

/// Running clocks of a table that are due before that time, or at any.
pub async fn due_before(tx: &mut Tx, zone: Uuid, owner: &str, time: Option<Time>) -> Result<Vec<Clock>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND state = 'running'");
    if let Some(time) = time {
        query.push(" AND due_at < ").arg(time);
    }
    query.push(" AND owner = ").arg(owner).push(" ORDER BY due_at, id");
    tx.list(query).await
}

pub async fn events(tx: &mut Tx, zone: Uuid, clock_id: Uuid) -> Result<Vec<Event>> {
    let rows: Vec<(Json,)> = tx
        .list(sql!("SELECT body FROM clock_event WHERE zone_id = $1 AND clock_id = $2 ORDER BY n", zone, clock_id))
        .await?;
    rows.into_iter()
        .map(|(body,)| serde_json::from_value(body).map_err(|e| ::store::Error::Shape(format!("clock event: {e}"))))
        .collect()
}

/// The events of several clocks, in order.
pub async fn events_of(tx: &mut Tx, zone: Uuid, clocks: &[Uuid]) -> Result<HashMap<Uuid, Vec<Event>>> {
    let mut query = sql!("SELECT clock_id, body FROM clock_event WHERE zone_id = $1 AND clock_id IN ", zone);
    query.list(clocks.iter().copied()).push(" ORDER BY clock_id, n");
    let mut all: HashMap<Uuid, Vec<Event>> = HashMap::new();
    for (clock, body) in tx.list::<(Uuid, Json)>(query).await? {
        let event = serde_json::from_value(body).map_err(|e| ::store::Error::Shape(format!("clock event: {e}")))?;
        all.entry(clock).or_default().push(event);
    }
    Ok(all)
}

pub async fn append(
    tx: &mut Tx,
    zone: Uuid,
    clock_id: Uuid,
    n: usize,
    at: Time,
    actor: Option<Uuid>,
    event: &Event,
) -> Result<()> {
    let body = serde_json::to_value(event).map_err(|e| ::store::Error::Shape(e.to_string()))?;
    tx.run(sql!(
        "INSERT INTO clock_event (zone_id, clock_id, n, at, actor_id, body) VALUES ($1, $2, $3, $4, $5, $6)",
        zone,
        clock_id,
        n,
        at,
        actor,
        body
    ))
    .await?;
    Ok(())
}

/// The rungs that several clocks have reached, by clock and cycle.
pub async fn rungs_of(tx: &mut Tx, zone: Uuid, clocks: &[Uuid]) -> Result<HashMap<(Uuid, i64), Vec<String>>> {
    let mut query = sql!("SELECT clock_id, cycle, rule FROM clock_rung WHERE zone_id = $1 AND clock_id IN ", zone);
    query.list(clocks.iter().copied());
    let mut all: HashMap<(Uuid, i64), Vec<String>> = HashMap::new();
    for (clock, cycle, rule) in tx.list::<(Uuid, i64, String)>(query).await? {
        all.entry((clock, cycle)).or_default().push(rule);
    }
    Ok(all)
}

/// Notes a rung; false when another process was quicker.
pub async fn fire(tx: &mut Tx, zone: Uuid, clock: &Clock, rule: &str, action: Option<&str>, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "INSERT INTO clock_rung (zone_id, clock_id, cycle, rule, action, at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (zone_id, clock_id, cycle, rule) DO NOTHING",
            zone,
            clock.id,
            clock.cycle,
            rule,
            action,
            at
        ))
        .await?;
    Ok(n == 1)
}

/// A line of who held a record.
#[derive(Clone, Debug)]
pub struct Holding {
    pub at: Time,
    pub holder: String,
    pub holder_id: Option<Uuid>,
    pub name: Option<String>,
}

from_row!(Holding { at, holder, holder_id, name });

pub async fn holdings(tx: &mut Tx, zone: Uuid, owner_id: Uuid) -> Result<Vec<Holding>> {
    tx.list(sql!(
        "SELECT h.at, h.holder, h.holder_id, d.short_name AS name FROM holding h
         LEFT JOIN department d ON d.zone_id = h.zone_id AND d.id = h.holder_id
         WHERE h.zone_id = $1 AND h.owner_id = $2 ORDER BY h.n",
        zone,
        owner_id
    ))
    .await
}

pub async fn hold(
    tx: &mut Tx,
    zone: Uuid,
    owner_id: Uuid,
    n: usize,
    at: Time,
    holder: Holder,
    holder_id: Option<Uuid>,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO holding (zone_id, owner_id, n, at, holder, holder_id) VALUES ($1, $2, $3, $4, $5, $6)",
        zone,
        owner_id,
        n,
        at,
        holder,
        holder_id
    ))
    .await?;
    Ok(())
}

/// The present rows of the zone's calendar: key, version, body.
pub async fn calendar_rows(tx: &mut Tx, zone: Uuid) -> Result<Vec<(String, i64, Json)>> {
    tx.list(sql!(
        "SELECT key, version, body FROM policy_data
         WHERE zone_id = $1 AND kind = 'calendar' AND valid_to IS NULL ORDER BY key",
        zone
    ))
    .await
}

/// What the present rows of the zone's calendar are, cheaply: how many, of which
/// versions, and since when, which tells a load from another that was rolled back.
pub async fn calendar_stamp(tx: &mut Tx, zone: Uuid) -> Result<(i64, i64, i64)> {
    let stamp: Option<(i64, i64, i64)> = tx
        .opt(sql!(
            "SELECT count(*), CAST(coalesce(sum(version), 0) AS bigint), coalesce(max(valid_from), 0) FROM policy_data
             WHERE zone_id = $1 AND kind = 'calendar'",
            zone
        ))
        .await?;
    Ok(stamp.unwrap_or_default())
}

pub async fn set_calendar(tx: &mut Tx, zone: Uuid, key: &str, body: &Json, now: Time) -> Result<i64> {
    let last: Option<i64> = tx
        .opt_value(sql!(
            "SELECT max(version) FROM policy_data WHERE zone_id = $1 AND kind = 'calendar' AND key = $2",
            zone,
            key
        ))
        .await?
        .flatten();
    tx.run(sql!(
        "UPDATE policy_data SET valid_to = $1
         WHERE zone_id = $2 AND kind = 'calendar' AND key = $3 AND valid_to IS NULL",
        now,
        zone,
        key
    ))
    .await?;
    let version = last.unwrap_or(0) + 1;
    tx.run(sql!(
        "INSERT INTO policy_data (zone_id, kind, key, version, valid_from, body)
         VALUES ($1, 'calendar', $2, $3, $4, $5)",
        zone,
        key,
        version,
        now,
        body
    ))
    .await?;
    Ok(version)
}
