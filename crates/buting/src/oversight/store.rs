use super::{Access, AccessFilter, Entry, Filter, Job, JobState, Verification};
use crate::list::{self, Key, Order, Place, Walk, like};
use crate::time::Time;
use ::store::{FromRow, MAX_ATTEMPTS, Result, Row, Sql, Tx, sql};
use serde_json::Value as Json;
use std::collections::HashMap;
use uuid::Uuid;

const ENTRY: &str = "SELECT l.id, l.seq, l.at, l.actor_id, p.name AS actor_name, l.behalf_of, b.name AS behalf_name,
   l.via, l.action, l.subject, l.subject_id, l.about_id,
   coalesce(e.short_name, c.short_name, j.short_name) AS about_name,
   CASE WHEN e.id IS NOT NULL THEN 'enterprise' WHEN c.id IS NOT NULL THEN 'carrier'
        WHEN j.id IS NOT NULL THEN 'project' END AS about_kind,
   l.before, l.after, l.note
 FROM ledger l
 LEFT JOIN person p ON p.zone_id = l.zone_id AND p.id = l.actor_id
 LEFT JOIN person b ON b.zone_id = l.zone_id AND b.id = l.behalf_of
 LEFT JOIN enterprise e ON e.zone_id = l.zone_id AND e.id = l.about_id
 LEFT JOIN carrier c ON c.zone_id = l.zone_id AND c.id = l.about_id
 LEFT JOIN project j ON j.zone_id = l.zone_id AND j.id = l.about_id";

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self> {
        let document = |name: &str| -> Result<Json> {
            let text: Option<String> = row.get(name)?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null))
        };
        Ok(Self {
            id: row.get("id")?,
            seq: row.get("seq")?,
            at: row.get("at")?,
            actor_id: row.get("actor_id")?,
            actor_name: row.get("actor_name")?,
            behalf_of: row.get("behalf_of")?,
            behalf_name: row.get("behalf_name")?,
            via: row.get("via")?,
            action: row.get("action")?,
            subject: row.get("subject")?,
            subject_id: row.get("subject_id")?,
            about_id: row.get("about_id")?,
            about_name: row.get("about_name")?,
            about_kind: row.get("about_kind")?,
            before: document("before")?,
            after: document("after")?,
            note: row.get("note")?,
        })
    }
}

fn conditions(zone: Uuid, filter: &Filter) -> Sql {
    let mut query = sql!(" WHERE l.zone_id = $1", zone);
    if let Some(id) = filter.actor_id {
        query.push(" AND l.actor_id = ").arg(id);
    }
    if let Some(name) = &filter.actor {
        query.push(" AND l.actor_id IN (SELECT id FROM person WHERE zone_id = ").arg(zone);
        query.push(" AND name LIKE ").arg(format!("%{}%", name.replace(['%', '_'], ""))).push(")");
    }
    match filter.action.as_deref() {
        Some(job) if job.ends_with('.') => {
            query.push(" AND l.action LIKE ").arg(format!("{}%", job.replace(['%', '_'], "")));
        }
        Some(action) => {
            query.push(" AND l.action = ").arg(action);
        }
        None => {}
    }
    if let Some(table) = &filter.subject {
        query.push(" AND l.subject = ").arg(table.as_str());
    }
    if !filter.subject_ids.is_empty() {
        query.push(" AND l.subject_id IN ").list(filter.subject_ids.iter().copied());
    }
    if let Some(id) = filter.about_id {
        query.push(" AND l.about_id = ").arg(id);
    }
    if let Some(from) = filter.from {
        query.push(" AND l.at >= ").arg(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND l.at < ").arg(to);
    }
    query
}

/// Rows, usually newest first, after a place in that order.
pub async fn entries(tx: &mut Tx, zone: Uuid, filter: &Filter, after: Option<Place>, limit: i64) -> Result<Vec<Entry>> {
    let mut query = Sql::from(ENTRY);
    query.append(conditions(zone, filter));
    list::page(&mut query, ["l.at", "l.id"], true, filter.order, after, limit);
    tx.list(query).await
}

/// How many rows there are, counted up to `cap` + 1.
pub async fn count_entries(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM ledger l");
    query.append(conditions(zone, filter)).push(" LIMIT ").arg(cap + 1).push(") AS counted");
    tx.value(query).await
}

pub async fn entry(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Entry>> {
    let mut query = Sql::from(ENTRY);
    query.push(" WHERE l.zone_id = ").arg(zone).push(" AND l.id = ").arg(id);
    tx.opt(query).await
}

/// The names that these ids stand for, whatever they are.
pub async fn names(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let mut names = HashMap::new();
    for table in [
        "SELECT id, name FROM person",
        "SELECT id, short_name AS name FROM department",
        "SELECT id, short_name AS name FROM enterprise",
        "SELECT id, short_name AS name FROM carrier",
        "SELECT id, short_name AS name FROM project",
    ] {
        for chunk in ids.chunks(500) {
            let mut query = Sql::from(table);
            query.push(" WHERE zone_id = ").arg(zone).push(" AND id IN ").list(chunk.iter().copied());
            names.extend(tx.list::<(Uuid, String)>(query).await?);
        }
    }
    Ok(names)
}

pub async fn count_ledger(tx: &mut Tx, zone: Uuid) -> Result<i64> {
    tx.value(sql!("SELECT count(*) FROM ledger WHERE zone_id = $1", zone)).await
}

pub async fn count_unsealed(tx: &mut Tx, zone: Uuid) -> Result<i64> {
    tx.value(sql!("SELECT count(*) FROM ledger WHERE zone_id = $1 AND seq IS NULL", zone)).await
}

pub async fn count_heads(tx: &mut Tx, zone: Uuid) -> Result<i64> {
    tx.value(sql!("SELECT count(*) FROM ledger_head WHERE zone_id = $1", zone)).await
}

// The log of accesses

impl FromRow for Access {
    fn from_row(row: &Row) -> Result<Self> {
        let detail: Json = row.get("detail")?;
        Ok(Self {
            id: row.get("id")?,
            at: row.get("at")?,
            actor_id: row.get("actor_id")?,
            actor_name: row.get("actor_name")?,
            address: row.get("address")?,
            kind: row.get("kind")?,
            subject: row.get("subject")?,
            subject_id: row.get::<Option<Uuid>>("subject_id")?.filter(|id| !id.is_nil()),
            subject_name: row.get("subject_name")?,
            count: detail["count"].as_i64(),
        })
    }
}

/// `zones` are the reader's own, and the nil zone where that is his to read.
fn accessed(zones: &[Uuid], filter: &AccessFilter) -> Sql {
    let mut query = Sql::from(" WHERE l.zone_id IN ");
    query.list(zones.iter().copied());
    if let Some(id) = filter.actor_id {
        query.push(" AND l.actor_id = ").arg(id);
    }
    if let Some(name) = &filter.actor {
        query.push(" AND EXISTS (SELECT 1 FROM person q WHERE q.zone_id = l.zone_id AND q.id = l.actor_id");
        query.push(" AND q.name LIKE ").arg(list::like(name)).push(")");
    }
    if let Some(kind) = filter.kind {
        query.push(" AND l.kind = ").arg(kind);
    }
    if let Some(table) = &filter.subject {
        query.push(" AND l.subject = ").arg(table.as_str());
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND l.subject_id = ").arg(id);
    }
    if let Some(from) = filter.from {
        query.push(" AND l.at >= ").arg(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND l.at < ").arg(to);
    }
    query
}

/// Reads that left a trace, newest first, after a place in that order.
pub async fn accesses(
    tx: &mut Tx,
    zones: &[Uuid],
    filter: &AccessFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Access>> {
    let mut query = Sql::from(
        "SELECT l.id, l.at, l.actor_id, p.name AS actor_name, l.address, l.kind, l.subject, l.subject_id,
           coalesce(s.name, e.short_name) AS subject_name, l.detail
         FROM access_log l
         LEFT JOIN person p ON p.zone_id = l.zone_id AND p.id = l.actor_id
         LEFT JOIN person s ON s.zone_id = l.zone_id AND s.id = l.subject_id
         LEFT JOIN enterprise e ON e.zone_id = l.zone_id AND e.id = l.subject_id",
    );
    query.append(accessed(zones, filter));
    list::page(&mut query, ["l.at", "l.id"], true, Order::Usual, after, limit);
    tx.list(query).await
}

/// How many there are, counted up to `cap` + 1.
pub async fn count_accesses(tx: &mut Tx, zones: &[Uuid], filter: &AccessFilter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM access_log l");
    query.append(accessed(zones, filter)).push(" LIMIT ").arg(cap + 1).push(") AS counted");
    tx.value(query).await
}

// Checks of the whole ledger

const VERIFICATION: &str = "SELECT v.id, p.name AS asked_by, v.asked_at, v.to_check, v.began_at, v.ended_at, v.checked,
   v.unsealed, v.heads, v.faults
 FROM verification v LEFT JOIN person p ON p.zone_id = v.zone_id AND p.id = v.asked_by";

pub async fn insert_verification(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    asked_by: Option<Uuid>,
    at: Time,
    outside: &str,
    to_check: i64,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO verification (zone_id, id, asked_by, asked_at, outside, to_check) VALUES ($1, $2, $3, $4, $5, $6)",
        zone,
        id,
        asked_by,
        at,
        outside,
        to_check
    ))
    .await
    .map(drop)
}

/// Notes that a check begins; answers the heads to check against.
pub async fn begin_verification(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<Option<String>> {
    tx.opt_value(sql!(
        "UPDATE verification SET began_at = $1 WHERE zone_id = $2 AND id = $3 AND ended_at IS NULL RETURNING outside",
        at,
        zone,
        id
    ))
    .await
}

pub async fn end_verification(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    at: Time,
    (checked, unsealed, heads): (i64, i64, i64),
    faults: &Json,
) -> Result<()> {
    tx.run(sql!(
        "UPDATE verification SET ended_at = $1, checked = $2, unsealed = $3, heads = $4, faults = $5
         WHERE zone_id = $6 AND id = $7",
        at,
        checked,
        unsealed,
        heads,
        faults,
        zone,
        id
    ))
    .await
    .map(drop)
}

/// The last checks, newest first.
pub async fn verifications(tx: &mut Tx, zone: Uuid, limit: i64) -> Result<Vec<Verification>> {
    let mut query = Sql::from(VERIFICATION);
    query.push(" WHERE v.zone_id = ").arg(zone).push(" ORDER BY v.asked_at DESC, v.id DESC LIMIT ").arg(limit);
    tx.list(query).await
}

// The queue

impl FromRow for Job {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            state: row.get("state")?,
            run_at: row.get("run_at")?,
            attempts: row.get("attempts")?,
            error: row.get("error")?,
            created_at: row.get("created_at")?,
            done_at: row.get("done_at")?,
        })
    }
}

/// The state of a job as an expression; its arguments are the limit of tries
/// and the time now.
fn state(now: Time) -> Sql {
    sql!(
        "CASE WHEN done_at IS NOT NULL THEN 'done' WHEN locked_until >= $1 THEN 'running'
           WHEN attempts >= $2 THEN 'failed' WHEN error IS NOT NULL THEN 'retrying' ELSE 'waiting' END",
        now,
        MAX_ATTEMPTS
    )
}

const JOB: &str = "SELECT id, kind, state, run_at, attempts, error, created_at, done_at";

fn jobs_query(head: Sql, zone: Uuid, wanted: Option<JobState>, q: Option<&str>, now: Time) -> Sql {
    let mut query = head;
    query.push(" FROM (SELECT id, kind, ").append(state(now));
    query.push(" AS state, run_at, attempts, error, created_at, done_at FROM job WHERE zone_id = ").arg(zone);
    query.push(") AS queue WHERE ");
    match wanted {
        Some(state) => query.push("state = ").arg(state),
        None => query.push("TRUE"),
    };
    if let Some(q) = q.filter(|q| !q.trim().is_empty()) {
        let pattern = like(q).to_lowercase();
        query.push(" AND (lower(kind) LIKE ").arg(pattern.as_str());
        query.push(" OR lower(error) LIKE ").arg(pattern.as_str()).push(")");
    }
    query
}

/// What a list of jobs is sorted by. `open` puts those that are not done after all
/// others, each by the time of its run.
pub const JOB_KEYS: &[Key] = &[
    Key::number("open", "run_at + CASE WHEN done_at IS NULL THEN 100000000000000 ELSE 0 END"),
    Key::number("run", "run_at"),
    Key::text("kind", "kind"),
    Key::number("attempts", "attempts"),
];

/// Jobs in order, and the cursor of the rest.
pub async fn jobs(
    tx: &mut Tx,
    zone: Uuid,
    (wanted, q): (Option<JobState>, Option<&str>),
    now: Time,
    walk: &Walk,
) -> Result<(Vec<Job>, Option<String>)> {
    let mut head = Sql::from(JOB);
    walk.column(&mut head);
    walk.list(tx, jobs_query(head, zone, wanted, q, now), "id").await
}

pub async fn count_jobs(
    tx: &mut Tx,
    zone: Uuid,
    (wanted, q): (Option<JobState>, Option<&str>),
    now: Time,
    cap: i64,
) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (");
    query
        .append(jobs_query(Sql::from("SELECT 1"), zone, wanted, q, now))
        .push(" LIMIT ")
        .arg(cap + 1)
        .push(") AS counted");
    tx.value(query).await
}

pub async fn job(tx: &mut Tx, zone: Uuid, id: Uuid, now: Time) -> Result<Option<Job>> {
    let mut query = jobs_query(Sql::from(JOB), zone, None, None, now);
    query.push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Lets a job that failed run again at once; false when it runs or is done.
pub async fn retry_job(tx: &mut Tx, zone: Uuid, id: Uuid, now: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE job SET run_at = $1, attempts = 0, locked_until = NULL
             WHERE zone_id = $2 AND id = $3 AND done_at IS NULL AND error IS NOT NULL
               AND (locked_until IS NULL OR locked_until < $1)",
            now,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

// Figures. They are read where they are kept, and nothing is ever written.

/// A step of a record from hand to hand.
#[derive(Clone, Debug)]
pub struct Handover {
    pub owner_id: Uuid,
    pub at: Time,
    pub holder: String,
    pub closed_at: Option<Time>,
}

::store::from_row!(Handover { owner_id, at, holder, closed_at });

/// Who had the appeals of the last time in hand, record by record, in order.
pub async fn handovers(tx: &mut Tx, zone: Uuid, since: Time) -> Result<Vec<Handover>> {
    tx.list(sql!(
        "SELECT h.owner_id, h.at, h.holder, a.closed_at FROM appeal a
         JOIN holding h ON h.zone_id = a.zone_id AND h.owner_id = a.id
         WHERE a.zone_id = $1 AND a.created_at >= $2 ORDER BY h.owner_id, h.n LIMIT 20000",
        zone,
        since
    ))
    .await
}

/// Appeals that came in and that were closed, by weeks from an instant.
pub async fn weeks(
    tx: &mut Tx,
    zone: Uuid,
    from: Time,
    weeks: i64,
) -> Result<std::collections::BTreeMap<i64, (i64, i64)>> {
    let week = 7 * crate::time::DAY_MS;
    let to = from.plus(weeks * week);
    let opened: Vec<(i64, i64)> = tx
        .list(sql!(
            "SELECT (created_at - $1) / $2 AS week, count(*) FROM appeal
             WHERE zone_id = $3 AND created_at >= $1 AND created_at < $4 AND status <> 'draft' GROUP BY 1",
            from,
            week,
            zone,
            to
        ))
        .await?;
    let closed: Vec<(i64, i64)> = tx
        .list(sql!(
            "SELECT (closed_at - $1) / $2 AS week, count(*) FROM appeal
             WHERE zone_id = $3 AND closed_at >= $1 AND closed_at < $4 AND status = 'closed' GROUP BY 1",
            from,
            week,
            zone,
            to
        ))
        .await?;
    let mut all: std::collections::BTreeMap<i64, (i64, i64)> = std::collections::BTreeMap::new();
    for (week, n) in opened {
        all.entry(week).or_default().0 = n;
    }
    for (week, n) in closed {
        all.entry(week).or_default().1 = n;
    }
    Ok(all)
}
