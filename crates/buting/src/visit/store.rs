use super::remind::Waiting;
use super::{
    AckHow, Channel, Coverage, NewPromise, NewVisit, Outcome, Promise, PromiseState, ReviewState, Row, VisitKind,
    Visitor,
};
use crate::actor::{Actor, OUTSIDE, Scope};
use crate::app::Work;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use crate::subject::SubjectKind;
use crate::time::Time;
use serde_json::Value as Json;
use store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

/// The columns of `visit` as they are stored; the rest of a record is read beside it.
pub struct Stored {
    pub number: String,
    pub subject_kind: SubjectKind,
    pub subject_id: Uuid,
    pub subject_name: String,
    pub disruption_id: Option<Uuid>,
    pub plan_id: Option<Uuid>,
    pub kind: VisitKind,
    pub channel: Channel,
    pub outcome: Outcome,
    pub happened_at: Time,
    pub minutes: Option<i64>,
    pub hosts: Json,
    pub blocks: Json,
    pub appeals: Json,
    pub note: Option<String>,
    pub asked_for_material: bool,
    pub next_contact_due_at: Option<Time>,
    pub ack_at: Option<Time>,
    pub ack_how: Option<AckHow>,
    pub ack_name: Option<String>,
    pub ack_note: Option<String>,
    pub review_state: Option<ReviewState>,
    pub reviewed_at: Option<Time>,
    pub reviewed_by_name: Option<String>,
    pub review_note: Option<String>,
    pub recorded_by: Option<Uuid>,
    pub created_at: Time,
    pub link_serial: i64,
    pub version: i64,
}

from_row!(Stored {
    number,
    subject_kind,
    subject_id,
    subject_name,
    disruption_id,
    plan_id,
    kind,
    channel,
    outcome,
    happened_at,
    minutes,
    hosts,
    blocks,
    appeals,
    note,
    asked_for_material,
    next_contact_due_at,
    ack_at,
    ack_how,
    ack_name,
    ack_note,
    review_state,
    reviewed_at,
    reviewed_by_name,
    review_note,
    recorded_by,
    created_at,
    link_serial,
    version,
});

const NAMES: &str = " LEFT JOIN enterprise e ON e.zone_id = v.zone_id AND e.id = v.subject_id
 LEFT JOIN project p ON p.zone_id = v.zone_id AND p.id = v.subject_id";

pub async fn visit(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Stored>> {
    let mut query = Sql::from(
        "SELECT v.id, v.number, v.subject_kind, v.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
           v.disruption_id, v.plan_id, v.kind, v.channel, v.outcome, v.happened_at, v.minutes, v.hosts, v.blocks,
           v.appeals, v.note, v.asked_for_material, v.next_contact_due_at, v.ack_at, v.ack_how, v.ack_name,
           v.ack_note, v.review_state, v.reviewed_at, (SELECT n.name FROM person n WHERE n.zone_id = v.zone_id
             AND n.id = v.reviewed_by) AS reviewed_by_name, v.review_note, v.recorded_by, v.created_at, v.link_serial,
           v.version
         FROM visit v",
    );
    query.push(NAMES).push(" WHERE v.zone_id = ").arg(zone).push(" AND v.id = ").arg(id);
    tx.opt(query).await
}

/// A visit on its way into the table.
pub struct NewRow<'a> {
    pub id: Uuid,
    pub number: &'a str,
    pub kind: SubjectKind,
    pub subject_id: Uuid,
    pub new: &'a NewVisit,
    pub blocks: &'a Json,
    pub hosts: &'a Json,
    pub appeals: &'a Json,
    pub lights: usize,
    pub review: Option<ReviewState>,
}

pub async fn insert_visit(work: &mut Work, row: &NewRow<'_>) -> Result<()> {
    let (zone, now, recorded_by) = (work.zone(), work.now, work.who.person_id);
    let new = row.new;
    work.run(sql!(
        "INSERT INTO visit (zone_id, id, number, subject_kind, subject_id, disruption_id, plan_id, kind, channel,
           outcome, happened_at, minutes, hosts, blocks, appeals, lights, note, asked_for_material,
           next_contact_due_at, recorded_by, created_at, review_state, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, 1)",
        zone,
        row.id,
        row.number,
        row.kind,
        row.subject_id,
        new.disruption_id,
        new.plan_id,
        new.kind.unwrap_or(VisitKind::Routine),
        new.channel.unwrap_or(Channel::Onsite),
        new.outcome.unwrap_or(Outcome::Done),
        new.happened_at.unwrap_or(now),
        new.minutes,
        row.hosts,
        row.blocks,
        row.appeals,
        row.lights,
        new.note,
        new.asked_for_material,
        new.next_contact_due_at,
        recorded_by,
        now,
        row.review
    ))
    .await
    .map(drop)
}

pub async fn insert_visitor(
    work: &mut Work,
    visit: Uuid,
    position: usize,
    person: Uuid,
    department: Option<Uuid>,
) -> Result<()> {
    let zone = work.zone();
    work.run(sql!(
        "INSERT INTO visit_visitor (zone_id, visit_id, position, person_id, department_id) VALUES ($1, $2, $3, $4, $5)",
        zone,
        visit,
        position,
        person,
        department
    ))
    .await
    .map(drop)
}

pub async fn visitors(tx: &mut Tx, zone: Uuid, visit: Uuid) -> Result<Vec<Visitor>> {
    tx.list(sql!(
        "SELECT w.person_id, n.name, n.title, w.department_id, d.short_name AS department_name
         FROM visit_visitor w
         JOIN person n ON n.zone_id = w.zone_id AND n.id = w.person_id
         LEFT JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id
         WHERE w.zone_id = $1 AND w.visit_id = $2 ORDER BY w.position",
        zone,
        visit
    ))
    .await
}

/// Whether a person was on a visit, wrote it down or sees to something that it left.
pub async fn was_there(tx: &mut Tx, zone: Uuid, visit: Uuid, person: Uuid) -> Result<bool> {
    let found: Option<i64> = tx
        .opt_value(sql!(
            "SELECT 1 FROM visit v WHERE v.zone_id = $1 AND v.id = $2 AND (v.recorded_by = $3 OR EXISTS
               (SELECT 1 FROM visit_visitor w WHERE w.zone_id = v.zone_id AND w.visit_id = v.id AND w.person_id = $3)
               OR EXISTS (SELECT 1 FROM visit_item i WHERE i.zone_id = v.zone_id AND i.visit_id = v.id AND i.owner_id = $3))",
            zone,
            visit,
            person
        ))
        .await?;
    Ok(found.is_some())
}

/// A visit as far as it is found by words.
pub struct Words {
    pub id: Uuid,
    pub subject_id: Uuid,
    pub created_at: Time,
    pub number: String,
    pub note: Option<String>,
    pub blocks: Json,
}

from_row!(Words { id, subject_id, created_at, number, note, blocks });

/// Visits after `after`, in the order of their keys.
pub async fn words(tx: &mut Tx, zone: Uuid, after: Uuid, limit: usize) -> Result<Vec<Words>> {
    tx.list(sql!(
        "SELECT id, subject_id, created_at, number, note, blocks FROM visit
         WHERE zone_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        zone,
        after,
        limit as i64
    ))
    .await
}

/// Promises after `after`, in the order of their keys: key, subject, since when, text.
pub async fn promise_words(
    tx: &mut Tx,
    zone: Uuid,
    after: Uuid,
    limit: usize,
) -> Result<Vec<(Uuid, Uuid, Time, String)>> {
    tx.list(sql!(
        "SELECT id, subject_id, created_at, text FROM promise WHERE zone_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        zone,
        after,
        limit as i64
    ))
    .await
}

/// What an enterprise says to a record, ready to be written.
pub struct Ack<'a> {
    pub how: AckHow,
    pub name: Option<&'a str>,
    pub note: Option<&'a str>,
}

pub async fn acknowledge(work: &mut Work, visit: Uuid, version: i64, ack: &Ack<'_>) -> Result<bool> {
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    let changed = work
        .run(sql!(
            "UPDATE visit SET ack_at = $1, ack_by = $2, ack_how = $3, ack_name = $4, ack_note = $5, version = version + 1
             WHERE zone_id = $6 AND id = $7 AND version = $8 AND ack_at IS NULL",
            now,
            by,
            ack.how,
            ack.name,
            ack.note,
            zone,
            visit,
            version
        ))
        .await?;
    Ok(changed == 1)
}

/// Takes an acknowledgement back that was noted by mistake.
pub async fn unacknowledge(work: &mut Work, visit: Uuid, version: i64) -> Result<bool> {
    let zone = work.zone();
    let changed = work
        .run(sql!(
            "UPDATE visit SET ack_at = NULL, ack_by = NULL, ack_how = NULL, ack_name = NULL, ack_note = NULL,
               version = version + 1
             WHERE zone_id = $1 AND id = $2 AND version = $3 AND ack_at IS NOT NULL",
            zone,
            visit,
            version
        ))
        .await?;
    Ok(changed == 1)
}

/// Makes the links and codes of a record worthless that were given so far.
pub async fn renew_link(work: &mut Work, visit: Uuid, version: i64) -> Result<bool> {
    let zone = work.zone();
    let changed = work
        .run(sql!(
            "UPDATE visit SET link_serial = link_serial + 1, version = version + 1
             WHERE zone_id = $1 AND id = $2 AND version = $3",
            zone,
            visit,
            version
        ))
        .await?;
    Ok(changed == 1)
}

/// The records of that number, of every zone: zone, key, serial of the link.
pub async fn numbered(tx: &mut Tx, number: &str) -> Result<Vec<(Uuid, Uuid, i64)>> {
    tx.list(sql!(
        "SELECT v.zone_id, v.id, v.link_serial FROM zone z JOIN visit v ON v.zone_id = z.zone_id AND v.number = $1
         ORDER BY v.zone_id LIMIT 1000",
        number
    ))
    .await
}

/// A step of the review, ready to be written.
pub struct Reviewed<'a> {
    pub state: ReviewState,
    /// Whether somebody reviewed it now.
    pub by_reviewer: bool,
    pub note: Option<&'a str>,
    /// The note of the record, when it was added to.
    pub text: Option<&'a str>,
}

pub async fn review(work: &mut Work, visit: Uuid, version: i64, step: &Reviewed<'_>) -> Result<bool> {
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    let mut query = sql!("UPDATE visit SET version = version + 1, review_state = $1", step.state);
    if step.by_reviewer {
        query.push(", reviewed_at = ").arg(now).push(", reviewed_by = ").arg(by);
        query.push(", review_note = ").arg(step.note);
    }
    if let Some(text) = step.text {
        query.push(", note = ").arg(text);
    }
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(visit).push(" AND version = ").arg(version);
    Ok(work.run(query).await? == 1)
}

/// The condition that the enterprise may read a record `v`: nobody has still to look
/// through it.
const TOLD: &str = " AND (v.review_state IS NULL OR v.review_state = 'reviewed')";

/// What a list of visits is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct VisitFilter {
    pub subject_id: Option<Uuid>,
    pub visitor_id: Option<Uuid>,
    pub channel: Option<Channel>,
    pub kind: Option<VisitKind>,
    pub disruption_id: Option<Uuid>,
    pub from: Option<Time>,
    pub to: Option<Time>,
    /// Only those that the enterprise has not acknowledged.
    pub unacknowledged: bool,
    /// In this state of review.
    pub review: Option<ReviewState>,
    /// Written down by this person.
    pub recorded_by: Option<Uuid>,
    /// Neither written down nor made by this person.
    pub not_of: Option<Uuid>,
    /// With this word in its texts or in the name of whom it is about.
    pub q: Option<String>,
    /// What `q` finds among the words of the record and among the subjects; the desk asks it.
    pub found: Option<Sql>,
    /// Which way the list runs.
    pub order: Order,
}

/// The condition, with its ` AND`, of visits `v` within somebody's reach, or that he made or
/// wrote down.
pub fn visible(who: &Actor) -> Sql {
    let mut query = Sql::from("");
    if let Some(reach) = reach::subjects(who, "v.subject_id") {
        query.push(" AND (").append(reach);
        if let (Some(person), Scope::Assignments | Scope::Departments(_)) = (who.person_id, &who.scope) {
            query.push(" OR v.recorded_by = ").arg(person);
            query.push(
                " OR EXISTS (SELECT 1 FROM visit_visitor w WHERE w.zone_id = v.zone_id AND w.visit_id = v.id
                   AND w.person_id = ",
            );
            query.arg(person).push(")");
        }
        query.push(")");
    }
    query
}

fn narrow(query: &mut Sql, who: &Actor, filter: &VisitFilter) {
    query.push(" WHERE v.zone_id = ").arg(who.zone_id).append(visible(who));
    if let Some(id) = filter.subject_id {
        query.push(" AND v.subject_id = ").arg(id);
    }
    if let Some(id) = filter.visitor_id {
        query.push(
            " AND EXISTS (SELECT 1 FROM visit_visitor x WHERE x.zone_id = v.zone_id AND x.visit_id = v.id
               AND x.person_id = ",
        );
        query.arg(id).push(")");
    }
    if let Some(channel) = filter.channel {
        query.push(" AND v.channel = ").arg(channel);
    }
    if let Some(kind) = filter.kind {
        query.push(" AND v.kind = ").arg(kind);
    }
    if let Some(id) = filter.disruption_id {
        query.push(" AND v.disruption_id = ").arg(id);
    }
    if let Some(from) = filter.from {
        query.push(" AND v.happened_at >= ").arg(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND v.happened_at < ").arg(to);
    }
    if filter.unacknowledged {
        query.push(" AND v.ack_at IS NULL");
    }
    if who.roles.meets(OUTSIDE) {
        query.push(TOLD);
    }
    if let Some(state) = filter.review {
        query.push(" AND v.review_state = ").arg(state);
    }
    if let Some(person) = filter.recorded_by {
        query.push(" AND v.recorded_by = ").arg(person);
    }
    if let Some(person) = filter.not_of {
        query.push(" AND (v.recorded_by IS NULL OR v.recorded_by <> ").arg(person);
        query.push(
            ") AND NOT EXISTS (SELECT 1 FROM visit_visitor y WHERE y.zone_id = v.zone_id AND y.visit_id = v.id
               AND y.person_id = ",
        );
        query.arg(person).push(")");
    }
    list::about(query, &["v.number"], filter.q.as_deref(), filter.found.as_ref());
}

/// Visits that the actor may see, newest first.
pub async fn visits(
    tx: &mut Tx,
    who: &Actor,
    filter: &VisitFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Row>> {
    let mut query = Sql::from(
        "SELECT v.id, v.number, v.subject_kind, v.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
           v.kind, v.channel, v.outcome, v.happened_at,
           (SELECT n.name FROM visit_visitor l JOIN person n ON n.zone_id = l.zone_id AND n.id = l.person_id
             WHERE l.zone_id = v.zone_id AND l.visit_id = v.id AND l.position = 0) AS leader_name,
           (SELECT count(*) FROM visit_visitor c WHERE c.zone_id = v.zone_id AND c.visit_id = v.id) AS visitors,
           v.appeals AS appeal_ids,
           (SELECT count(*) FROM promise r WHERE r.zone_id = v.zone_id AND r.visit_id = v.id) AS promises,
           v.lights, v.ack_at, v.review_state
         FROM visit v",
    );
    query.push(NAMES);
    narrow(&mut query, who, filter);
    list::page(&mut query, ["v.happened_at", "v.id"], true, filter.order, after, limit);
    tx.all(query)
        .await?
        .iter()
        .map(|row| {
            let appeals: Json = row.get("appeal_ids")?;
            Ok(Row {
                id: row.get("id")?,
                number: row.get("number")?,
                subject_kind: row.get("subject_kind")?,
                subject_id: row.get("subject_id")?,
                subject_name: row.get("subject_name")?,
                kind: row.get("kind")?,
                channel: row.get("channel")?,
                outcome: row.get("outcome")?,
                happened_at: row.get("happened_at")?,
                leader_name: row.get("leader_name")?,
                visitors: row.get("visitors")?,
                appeals: appeals.as_array().map_or(0, Vec::len) as i64,
                promises: row.get("promises")?,
                lights: row.get("lights")?,
                ack_at: row.get("ack_at")?,
                review: row.get("review_state")?,
            })
        })
        .collect()
}

pub async fn count_visits(tx: &mut Tx, who: &Actor, filter: &VisitFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM visit v");
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// Enterprises and projects within reach: never talked to first, then the longest ago.
pub async fn coverage(tx: &mut Tx, who: &Actor, recent_since: Time, limit: i64) -> Result<Vec<Coverage>> {
    let mut query = Sql::from("SELECT * FROM (");
    for (n, (table, active)) in [
        (
            "SELECT 'enterprise' AS subject_kind, s.id AS subject_id, s.short_name AS subject_name, s.key,",
            " s.status = 'active'",
        ),
        (
            "SELECT 'project' AS subject_kind, s.id AS subject_id, s.short_name AS subject_name, FALSE AS key,",
            " s.closed_at IS NULL",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        query.push(if n == 0 { "" } else { " UNION ALL " }).push(table);
        query.push(
            " (SELECT max(v.happened_at) FROM visit v WHERE v.zone_id = s.zone_id AND v.subject_id = s.id
               AND v.outcome = 'done') AS last_at,
             (SELECT count(*) FROM visit v WHERE v.zone_id = s.zone_id AND v.subject_id = s.id AND v.happened_at >= ",
        );
        query.arg(recent_since).push(") AS recent FROM ");
        query.push(if n == 0 { "enterprise" } else { "project" }).push(" s WHERE s.zone_id = ").arg(who.zone_id);
        query.push(" AND").push(active);
        if let Some(reach) = reach::subjects(who, "s.id") {
            query.push(" AND ").append(reach);
        }
    }
    query.push(
        ") c ORDER BY CASE WHEN c.last_at IS NULL THEN 0 ELSE 1 END, c.last_at, c.key DESC, c.subject_name LIMIT ",
    );
    query.arg(limit);
    tx.list(query).await
}

// Promises

const PROMISE: &str = "SELECT v.id, v.subject_kind, v.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
   v.visit_id, v.text, v.owner_id, o.name AS owner_name, v.due_at, v.state, v.ended_at, v.reason, v.created_at, v.version
 FROM promise v
 LEFT JOIN enterprise e ON e.zone_id = v.zone_id AND e.id = v.subject_id
 LEFT JOIN project p ON p.zone_id = v.zone_id AND p.id = v.subject_id
 LEFT JOIN person o ON o.zone_id = v.zone_id AND o.id = v.owner_id";

pub async fn insert_promise(
    work: &mut Work,
    id: Uuid,
    kind: SubjectKind,
    subject: Uuid,
    visit: Option<Uuid>,
    new: &NewPromise,
) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO promise (zone_id, id, subject_kind, subject_id, visit_id, text, owner_id, due_at, state, created_at,
           version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, 1)",
        zone,
        id,
        kind,
        subject,
        visit,
        new.text,
        new.owner_id,
        new.due_at,
        now
    ))
    .await
    .map(drop)
}

pub async fn promise(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Promise>> {
    let mut query = Sql::from(PROMISE);
    query.push(" WHERE v.zone_id = ").arg(zone).push(" AND v.id = ").arg(id);
    tx.opt(query).await
}

/// What a list of promises is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct PromiseFilter {
    pub subject_id: Option<Uuid>,
    pub visit_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub state: Option<PromiseState>,
    /// Open, and due before this time.
    pub overdue_at: Option<Time>,
    /// Open, or ended since this time.
    pub lately: Option<Time>,
    /// With this word in its texts or in the name of whom it is about.
    pub q: Option<String>,
    /// What `q` finds among the words of the record and among the subjects; the desk asks it.
    pub found: Option<Sql>,
    /// Which way the list runs.
    pub order: Order,
}

fn narrow_promises(query: &mut Sql, who: &Actor, filter: &PromiseFilter) {
    query.push(" WHERE v.zone_id = ").arg(who.zone_id);
    if let Some(reach) = reach::subjects(who, "v.subject_id") {
        query.push(" AND (").append(reach);
        if let (Some(person), Scope::Assignments | Scope::Departments(_)) = (who.person_id, &who.scope) {
            query.push(" OR v.owner_id = ").arg(person);
        }
        query.push(")");
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND v.subject_id = ").arg(id);
    }
    if let Some(id) = filter.visit_id {
        query.push(" AND v.visit_id = ").arg(id);
    }
    if let Some(id) = filter.owner_id {
        query.push(" AND v.owner_id = ").arg(id);
    }
    if let Some(state) = filter.state {
        query.push(" AND v.state = ").arg(state);
    }
    if let Some(at) = filter.overdue_at {
        query.push(" AND v.state = 'open' AND v.due_at < ").arg(at);
    }
    if let Some(at) = filter.lately {
        query.push(" AND (v.state = 'open' OR v.ended_at >= ").arg(at).push(")");
    }
    list::about(query, &[], filter.q.as_deref(), filter.found.as_ref());
}

/// Promises that the actor may see, the earliest due first.
pub async fn promises(
    tx: &mut Tx,
    who: &Actor,
    filter: &PromiseFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Promise>> {
    let mut query = Sql::from(PROMISE);
    narrow_promises(&mut query, who, filter);
    list::page(&mut query, ["v.due_at", "v.id"], false, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count_promises(tx: &mut Tx, who: &Actor, filter: &PromiseFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM promise v");
    narrow_promises(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// The promises of one visit. The visit's desk has checked who reads.
pub async fn promises_of_visit(tx: &mut Tx, zone: Uuid, visit: Uuid) -> Result<Vec<Promise>> {
    let mut query = Sql::from(PROMISE);
    query.push(" WHERE v.zone_id = ").arg(zone).push(" AND v.visit_id = ").arg(visit).push(" ORDER BY v.due_at, v.id");
    tx.list(query).await
}

pub async fn end_promise(
    work: &mut Work,
    promise: &Promise,
    state: PromiseState,
    reason: Option<&str>,
) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let changed = work
        .run(sql!(
            "UPDATE promise SET state = $1, ended_at = $2, reason = $3, version = version + 1
             WHERE zone_id = $4 AND id = $5 AND version = $6 AND state = 'open'",
            state,
            now,
            reason,
            zone,
            promise.id,
            promise.version
        ))
        .await?;
    Ok(changed == 1)
}

/// People of the office by exact name.
pub async fn colleagues_named(tx: &mut Tx, zone: Uuid, name: &str) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT p.id FROM person p JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
             WHERE p.zone_id = $1 AND p.name = $2 AND p.left_at IS NULL AND d.kind IN ('department', 'leadership')
             ORDER BY p.id LIMIT 2",
            zone,
            name
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Facts of an enterprise for the visitor.
pub struct Facts {
    pub name: String,
    pub uscc: Option<String>,
    pub carrier_name: Option<String>,
    pub headcount: Option<i64>,
    pub key: bool,
    pub address: Option<String>,
}

from_row!(Facts { name, uscc, carrier_name, headcount, key, address });

pub async fn facts(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Option<Facts>> {
    let mut query = Sql::from(match kind {
        SubjectKind::Enterprise => {
            "SELECT s.name, s.uscc, c.short_name AS carrier_name, s.headcount, s.key, s.address FROM enterprise s"
        }
        SubjectKind::Project => {
            "SELECT s.name, s.code AS uscc, c.short_name AS carrier_name, CAST(NULL AS bigint) AS headcount, FALSE AS key,
               s.site AS address FROM project s"
        }
        SubjectKind::Carrier => return Ok(None),
    });
    query.push(" LEFT JOIN carrier c ON c.zone_id = s.zone_id AND c.id = s.carrier_id WHERE s.zone_id = ").arg(zone);
    query.push(" AND s.id = ").arg(id);
    tx.opt(query).await
}

/// Open promises that came near or are over and did not say so yet.
pub async fn promises_to_remind(tx: &mut Tx, zone: Uuid, now: Time, until: Time) -> Result<Vec<Waiting>> {
    let rows = tx
        .all(sql!(
            "SELECT v.id, v.id AS record, v.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name, v.text,
               v.owner_id, o.department_id, v.due_at, v.remind_step
             FROM promise v
             JOIN person o ON o.zone_id = v.zone_id AND o.id = v.owner_id AND o.left_at IS NULL
             LEFT JOIN enterprise e ON e.zone_id = v.zone_id AND e.id = v.subject_id
             LEFT JOIN project p ON p.zone_id = v.zone_id AND p.id = v.subject_id
             WHERE v.zone_id = $1 AND v.state = 'open' AND v.due_at <= $2
               AND v.remind_step < CASE WHEN v.due_at < $3 THEN 2 ELSE 1 END
             ORDER BY v.due_at, v.id LIMIT 500",
            zone,
            until,
            now
        ))
        .await?;
    rows.iter().map(|row| waiting(row, "promise")).collect()
}

/// A row of something that is due.
pub fn waiting(row: &store::Row, table: &'static str) -> Result<Waiting> {
    Ok(Waiting {
        table,
        id: row.get("id")?,
        record: row.get("record")?,
        subject_id: row.get("subject_id")?,
        subject_name: row.get("subject_name")?,
        text: row.get("text")?,
        owner_id: row.get("owner_id")?,
        department_id: row.get("department_id")?,
        due_at: row.get("due_at")?,
        remind_step: row.get("remind_step")?,
    })
}

/// It reminded. The version stays: nobody's form is made stale by it. False when it had
/// reminded already, or is over.
pub async fn reminded(work: &mut Work, one: &Waiting, step: i64) -> Result<bool> {
    let zone = work.zone();
    let mut query = Sql::from("UPDATE ");
    query.push(one.table).push(" SET remind_step = ").arg(step).push(" WHERE zone_id = ").arg(zone);
    query.push(" AND id = ").arg(one.id).push(" AND remind_step < ").arg(step);
    query.push(match one.table {
        "promise" => " AND state = 'open'",
        _ => " AND checked_at IS NULL AND withdrawn_at IS NULL",
    });
    Ok(work.run(query).await? == 1)
}
