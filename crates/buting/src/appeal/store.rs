use super::Status;
use super::policy::{self, Category};
use super::record::{Appeal, FAR, Line, Message, Spoken, WorkOrder};
use super::step::OVERSEERS;
use crate::actor::{Actor, OFFICE, Role, Roles, Scope};
use crate::assignment::reach;
use crate::list::{Key, Walk};
use crate::organisation::post::desk::in_department;
use crate::time::{Day, Time};
use ::store::{Error, Result, Sql, Tx, from_row, sql};
use serde_json::Value as Json;
use uuid::Uuid;

const COLUMNS: &str = "SELECT zone_id, id, number, enterprise_id, project_id, title, body, kind, category, urgency,
  channel, outer_number, accused_department_id, visit_id, disruption_id, created_by, created_at, registered_at, profile,
  profile_version, grade, clock_mode, status, open, back_to, lead_department_id, handler_id, holder, holder_id, due_at, due_key,
  objected_by, objection_final, extension_days, extension_by, extensions, extended_days, planned_for, suspend_until,
  merged_into, result, answer, production_continued, stopped_hours, review_on, remind_on, answered_by, answered_at, reviewed_by, reviewed_at,
  sent_back, reopened, confirmation, rating, rating_text, confirmed_by, confirmed_at, verdict, visited_by, visited_at,
  visited_level, link_serial, closed_at, changed_at, version FROM appeal";

/// One appeal.
pub async fn appeal(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Appeal>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// One appeal, held against other writers until the end of the transaction.
pub async fn appeal_to_change(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Appeal>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    query.push(tx.dialect().pick("", " FOR UPDATE"));
    tx.opt(query).await
}

pub async fn insert(tx: &mut Tx, a: &Appeal) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO appeal (zone_id, id, number, enterprise_id, project_id, title, body, kind, category, urgency,
           channel, outer_number, accused_department_id, visit_id, disruption_id, created_by, created_at,
           registered_at, profile, profile_version, clock_mode, status, open, holder, due_at, due_key,
           objection_final, extensions, extended_days, sent_back, reopened, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
           $22, $23, $24, $25, $26, FALSE, 0, 0, 0, 0, $17, 1)",
        a.zone_id,
        a.id,
        a.number,
        a.enterprise_id,
        a.project_id,
        a.title,
        a.body,
        a.kind,
        a.category,
        a.urgency,
        a.channel,
        a.outer_number,
        a.accused_department_id,
        a.visit_id,
        a.disruption_id,
        a.created_by,
        a.created_at,
        a.registered_at,
        a.profile,
        a.profile_version,
        a.clock_mode,
        a.status,
        a.open,
        a.holder,
        a.due_at,
        a.due_key
    ))
    .await?;
    Ok(())
}

/// Saves what may change; false when somebody else saved in between.
pub async fn save(tx: &mut Tx, a: &Appeal) -> Result<bool> {
    let mut update = Sql::from("UPDATE appeal SET version = version + 1, status = ");
    update.arg(a.status).push(", profile = ").arg(&a.profile).push(", profile_version = ").arg(a.profile_version);
    update.push(", grade = ").arg(a.grade.as_deref());
    update.push(", registered_at = ").arg(a.registered_at).push(", open = ").arg(a.open);
    update.push(", back_to = ").arg(a.back_to).push(", lead_department_id = ").arg(a.lead_department_id);
    update.push(", handler_id = ").arg(a.handler_id).push(", holder = ").arg(a.holder);
    update.push(", holder_id = ").arg(a.holder_id).push(", due_at = ").arg(a.due_at);
    update.push(", due_key = ").arg(a.due_key).push(", objected_by = ").arg(a.objected_by);
    update.push(", objection_final = ").arg(a.objection_final);
    update.push(", extension_days = ").arg(a.extension_days).push(", extension_by = ").arg(a.extension_by);
    update.push(", extensions = ").arg(a.extensions).push(", extended_days = ").arg(a.extended_days);
    update.push(", planned_for = ").arg(a.planned_for).push(", suspend_until = ").arg(a.suspend_until);
    update.push(", merged_into = ").arg(a.merged_into).push(", result = ").arg(a.result);
    update.push(", answer = ").arg(a.answer.as_deref());
    update.push(", production_continued = ").arg(a.production_continued).push(", review_on = ").arg(a.review_on);
    update.push(", stopped_hours = ").arg(a.stopped_hours);
    update.push(", remind_on = ").arg(a.remind_on);
    update.push(", answered_by = ").arg(a.answered_by).push(", answered_at = ").arg(a.answered_at);
    update.push(", reviewed_by = ").arg(a.reviewed_by).push(", reviewed_at = ").arg(a.reviewed_at);
    update.push(", sent_back = ").arg(a.sent_back).push(", reopened = ").arg(a.reopened);
    update.push(", confirmation = ").arg(a.confirmation).push(", rating = ").arg(a.rating);
    update.push(", rating_text = ").arg(a.rating_text.as_deref());
    update.push(", confirmed_by = ").arg(a.confirmed_by).push(", confirmed_at = ").arg(a.confirmed_at);
    update.push(", verdict = ").arg(a.verdict).push(", visited_by = ").arg(a.visited_by);
    update.push(", visited_at = ").arg(a.visited_at).push(", closed_at = ").arg(a.closed_at);
    update.push(", visited_level = ").arg(a.visited_level).push(", link_serial = ").arg(a.link_serial);
    update.push(", changed_at = ").arg(a.changed_at);
    update.push(" WHERE zone_id = ").arg(a.zone_id).push(" AND id = ").arg(a.id).push(" AND version = ").arg(a.version);
    Ok(tx.run(update).await? == 1)
}

/// Holds every open appeal, and so its clocks, until the end of the transaction.
pub async fn hold_open(tx: &mut Tx, zone: Uuid) -> Result<()> {
    let mut query = sql!("SELECT id FROM appeal WHERE zone_id = $1 AND open ORDER BY id", zone);
    query.push(tx.dialect().pick("", " FOR UPDATE"));
    tx.all(query).await?;
    Ok(())
}

/// What waits and should come back to mind by this day.
pub async fn to_remind(tx: &mut Tx, zone: Uuid, today: Day) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT id FROM appeal WHERE zone_id = $1 AND remind_on <= $2 ORDER BY remind_on, id LIMIT 500",
            zone,
            today
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A handler who has not left.
pub async fn still_there(tx: &mut Tx, zone: Uuid, handler: Option<Uuid>) -> Result<Option<Uuid>> {
    let Some(id) = handler else { return Ok(None) };
    tx.opt_value(sql!("SELECT id FROM person WHERE zone_id = $1 AND id = $2 AND left_at IS NULL", zone, id)).await
}

/// It reminded. The version stays: nobody's form is made stale by it.
pub async fn reminded(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("UPDATE appeal SET remind_on = NULL WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(())
}

/// Takes over a due time that the calendar moved. The version stays: nobody's
/// form is made stale by it.
pub async fn set_due(tx: &mut Tx, zone: Uuid, id: Uuid, due_at: Option<Time>) -> Result<()> {
    let key = due_at.map_or(FAR, Time::ms);
    tx.run(sql!("UPDATE appeal SET due_at = $1, due_key = $2 WHERE zone_id = $3 AND id = $4", due_at, key, zone, id))
        .await?;
    tx.run(sql!(
        "UPDATE work_order SET due_at = $1 WHERE zone_id = $2 AND appeal_id = $3 AND kind = 'lead' AND open",
        due_at,
        zone,
        id
    ))
    .await?;
    Ok(())
}

pub async fn set_order_due(tx: &mut Tx, zone: Uuid, id: Uuid, due_at: Option<Time>) -> Result<()> {
    tx.run(sql!("UPDATE work_order SET due_at = $1 WHERE zone_id = $2 AND id = $3", due_at, zone, id)).await?;
    Ok(())
}

const ORDER: &str = "SELECT w.id, w.appeal_id, w.number, w.kind, w.department_id, w.obligatory, w.status, w.open,
    w.instruction, w.handler_id, w.due_at, w.sent_at, w.signed_at, w.answered_at, w.answer, w.asked_days,
    w.asked_reason, w.link_serial, w.ended_at, w.contact_id, coalesce(d.short_name, '') AS department_name, p.name AS handler_name
  FROM work_order w
  LEFT JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id
  LEFT JOIN person p ON p.zone_id = w.zone_id AND p.id = w.handler_id";

/// The work orders of an appeal, oldest first.
pub async fn orders(tx: &mut Tx, zone: Uuid, appeal_id: Uuid) -> Result<Vec<WorkOrder>> {
    let mut query = sql!(ORDER);
    query.push(" WHERE w.zone_id = ").arg(zone).push(" AND w.appeal_id = ").arg(appeal_id);
    query.push(" ORDER BY w.sent_at, w.id");
    tx.list(query).await
}

pub async fn order(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<WorkOrder>> {
    let mut query = sql!(ORDER);
    query.push(" WHERE w.zone_id = ").arg(zone).push(" AND w.id = ").arg(id);
    tx.opt(query).await
}

pub async fn insert_order(tx: &mut Tx, zone: Uuid, w: &WorkOrder) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO work_order (zone_id, id, appeal_id, number, kind, department_id, obligatory, status, open,
           instruction, due_at, sent_at, link_serial, contact_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        zone,
        w.id,
        w.appeal_id,
        w.number,
        w.kind,
        w.department_id,
        w.obligatory,
        w.status,
        w.open,
        w.instruction,
        w.due_at,
        w.sent_at,
        w.link_serial,
        w.contact_id
    ))
    .await?;
    Ok(())
}

pub async fn save_order(tx: &mut Tx, zone: Uuid, w: &WorkOrder) -> Result<()> {
    tx.run(sql!(
        "UPDATE work_order SET status = $1, open = $2, handler_id = $3, due_at = $4, signed_at = $5, answered_at = $6,
           answer = $7, asked_days = $8, asked_reason = $9, link_serial = $10, ended_at = $11, obligatory = $12
         WHERE zone_id = $13 AND id = $14",
        w.status,
        w.open,
        w.handler_id,
        w.due_at,
        w.signed_at,
        w.answered_at,
        w.answer,
        w.asked_days,
        w.asked_reason,
        w.link_serial,
        w.ended_at,
        w.obligatory,
        zone,
        w.id
    ))
    .await?;
    Ok(())
}

pub async fn insert_message(tx: &mut Tx, zone: Uuid, appeal_id: Uuid, m: &Message) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO appeal_message (zone_id, id, appeal_id, work_order_id, kind, internal, author_id, author, text, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        zone,
        m.id,
        appeal_id,
        m.work_order_id,
        m.kind,
        m.internal,
        m.author_id,
        m.author,
        m.text,
        m.at
    ))
    .await?;
    Ok(())
}

/// The enterprise may now read the answer that was reviewed.
pub async fn publish_answer(tx: &mut Tx, zone: Uuid, appeal_id: Uuid, since: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE appeal_message SET internal = FALSE WHERE zone_id = $1 AND appeal_id = $2 AND kind = 'answer' AND at >= $3",
        zone,
        appeal_id,
        since
    ))
    .await?;
    Ok(())
}

pub async fn messages(tx: &mut Tx, zone: Uuid, appeal_id: Uuid) -> Result<Vec<Message>> {
    tx.list(sql!(
        "SELECT id, work_order_id, kind, internal, author_id, author, text, at FROM appeal_message
         WHERE zone_id = $1 AND appeal_id = $2 ORDER BY id",
        zone,
        appeal_id
    ))
    .await
}

/// A line of the ledger about an appeal.
#[derive(Clone, Debug)]
pub struct Past {
    pub at: Time,
    pub actor_id: Option<Uuid>,

    pub action: String,
    pub after: Option<String>,
    pub note: Option<String>,
    pub name: Option<String>,
    pub of_enterprise: Option<Uuid>,
    pub of_project: Option<Uuid>,
}

from_row!(Past { at, actor_id, action, after, note, name, of_enterprise, of_project });

pub async fn past(tx: &mut Tx, zone: Uuid, appeal_id: Uuid) -> Result<Vec<Past>> {
    tx.list(sql!(
        "SELECT l.at, l.actor_id, l.action, l.after, l.note, p.name, p.enterprise_id AS of_enterprise,
           p.project_id AS of_project
         FROM ledger l LEFT JOIN person p ON p.zone_id = l.zone_id AND p.id = l.actor_id
         WHERE l.zone_id = $1 AND l.subject_id = $2 ORDER BY l.id",
        zone,
        appeal_id
    ))
    .await
}

/// Changes the number of appeals of a department in a status. Callers go through
/// several in the order of their keys, so that two never wait for each other.
pub async fn count(tx: &mut Tx, zone: Uuid, department: Uuid, status: &str, by: i64) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO appeal_count (zone_id, department_id, status, n) VALUES ($1, $2, $3, $4)
         ON CONFLICT (zone_id, department_id, status) DO UPDATE SET n = appeal_count.n + $4",
        zone,
        department,
        status,
        by
    ))
    .await?;
    Ok(())
}

/// Numbers per department and status.
#[derive(Clone, Debug)]
pub struct Counted {
    pub department_id: Uuid,
    pub department_name: Option<String>,
    pub status: Status,
    pub n: i64,
}

from_row!(Counted { department_id, department_name, status, n });

pub async fn counts(tx: &mut Tx, zone: Uuid) -> Result<Vec<Counted>> {
    tx.list(sql!(
        "SELECT c.department_id, d.short_name AS department_name, c.status, c.n FROM appeal_count c
         LEFT JOIN department d ON d.zone_id = c.zone_id AND d.id = c.department_id
         WHERE c.zone_id = $1 AND c.n <> 0 ORDER BY d.position, c.department_id, c.status",
        zone
    ))
    .await
}

/// The same numbers counted out, to check the kept ones.
pub async fn recount(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Option<Uuid>, Status, i64)>> {
    tx.list(sql!(
        "SELECT lead_department_id, status, count(*) FROM appeal WHERE zone_id = $1 AND registered_at IS NOT NULL
         GROUP BY lead_department_id, status",
        zone
    ))
    .await
}

/// Appeals about departments that their own people are not shown.
pub async fn hidden_counts(tx: &mut Tx, who: &Actor) -> Result<Vec<(Option<Uuid>, Status, i64)>> {
    // Complaints are few: they are found first and grouped then. Grouped in one step,
    // SQLite would walk every appeal in the order of departments.
    let mut query = Sql::from(
        "WITH about AS MATERIALIZED (SELECT a.* FROM appeal a
           WHERE a.accused_department_id IS NOT NULL AND a.zone_id = ",
    );
    query.arg(who.zone_id).push(" AND a.accused_department_id IN ").list(units_of(who));
    query.push(
        ") SELECT a.lead_department_id, a.status, count(*) FROM about a
         WHERE a.registered_at IS NOT NULL AND NOT (a.created_by = ",
    );
    query.arg(who.person_id.unwrap_or_default());
    query.push(" OR ").append(ordered(&departments_of(who))).push(") GROUP BY a.lead_department_id, a.status");
    tx.list(query).await
}

/// At most so many appeals are hidden from somebody who sees the whole zone:
/// drafts, and complaints about departments that he is of.
pub async fn hidden(tx: &mut Tx, who: &Actor) -> Result<i64> {
    let mut query = sql!(
        "SELECT (SELECT count(*) FROM appeal
             WHERE zone_id = $1 AND status IN ('draft', 'withdrawn') AND registered_at IS NULL)
           + (SELECT count(*) FROM appeal WHERE zone_id = $1 AND accused_department_id IN ",
        who.zone_id
    );
    query.list(units_of(who)).push(")");
    tx.value(query).await
}

/// The departments in whose name somebody acts: those of his posts, and those that
/// his roles name.
pub fn departments_of(who: &Actor) -> Vec<Uuid> {
    let mut own = who.departments();
    if let Scope::Departments(more) = &who.scope {
        let more: Vec<Uuid> = more.iter().copied().filter(|id| !own.contains(id)).collect();
        own.extend(more);
    }
    own
}

/// The departments that somebody is of, for recusal (回避): those of his posts, and
/// those he acts for. Whom several departments report to is of none of these.
pub fn units_of(who: &Actor) -> Vec<Uuid> {
    if who.roles.meets(OVERSEERS) { who.departments() } else { departments_of(who) }
}

/// Whether one of these departments has a work order in the appeal `a`.
fn ordered(departments: &[Uuid]) -> Sql {
    let mut query = Sql::from(
        "EXISTS (SELECT 1 FROM work_order w WHERE w.zone_id = a.zone_id AND w.appeal_id = a.id
           AND w.status <> 'cancelled' AND w.department_id IN ",
    );
    query.list(departments.iter().copied()).push(")");
    query
}

/// Whether somebody of a department, or of one of these, wrote the appeal `a`.
fn by_officer(departments: Option<&[Uuid]>) -> Sql {
    let mut query = Sql::from(
        "EXISTS (SELECT 1 FROM person w WHERE w.zone_id = a.zone_id AND w.id = a.created_by AND w.department_id ",
    );
    match departments {
        Some(departments) => query.push("IN ").list(departments.iter().copied()),
        None => query.push("IS NOT NULL"),
    };
    query.push(")");
    query
}

/// The department of a person, if he is of one.
pub async fn department_of(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<Uuid>> {
    let found: Option<Option<Uuid>> =
        tx.opt_value(sql!("SELECT department_id FROM person WHERE zone_id = $1 AND id = $2", zone, person)).await?;
    Ok(found.flatten())
}

/// The condition, with its ` AND`, under which somebody sees an appeal `a` in lists.
pub fn visible(who: &Actor) -> Sql {
    let me = who.person_id.unwrap_or_default();
    let mut query = Sql::from("");
    if who.is_rule() {
        return query;
    }
    let departments = departments_of(who);
    query.push(" AND (a.registered_at IS NOT NULL OR a.created_by = ").arg(me);
    match &who.scope {
        Scope::Enterprise(_) | Scope::Project(_) => drop(query.push(" OR NOT ").append(by_officer(None))),
        _ if who.is(OFFICE) => drop(query.push(" OR ").append(by_officer(Some(&departments)))),
        _ => {}
    }
    query.push(")");
    let units = units_of(who);
    if !units.is_empty() {
        query.push(" AND (a.accused_department_id IS NULL OR a.accused_department_id NOT IN ").list(units);
        query.push(" OR a.created_by = ").arg(me).push(" OR ").append(ordered(&departments)).push(")");
    }
    if !who.is(OFFICE) && who.has(Role::Agency) {
        query.push(" AND ").append(ordered(&departments));
        return query;
    }
    match &who.scope {
        Scope::All if who.is(OFFICE) => {}
        Scope::Enterprise(id) => drop(query.push(" AND a.enterprise_id = ").arg(*id)),
        Scope::Project(id) => drop(query.push(" AND a.project_id = ").arg(*id)),
        Scope::Assignments | Scope::Departments(_) => {
            // The handler first: what somebody has in hand is counted from the index alone.
            query.push(" AND (a.handler_id = ").arg(me).push(" OR a.created_by = ").arg(me);
            query.push(" OR ").append(ordered(&departments));
            query.push(" OR a.registered_at IS NULL AND ").append(by_officer(Some(&departments)));
            for column in ["a.enterprise_id", "a.project_id"] {
                if let Some(reached) = reach::subjects(who, column) {
                    query.push(" OR ").append(reached);
                }
            }
            query.push(")");
        }
        Scope::All | Scope::Own | Scope::WorkOrder(_) => drop(query.push(" AND FALSE")),
    }
    query
}

const LINE: &str = "SELECT a.id, a.number, a.title, a.status, a.kind, a.category, a.urgency, a.channel,
    a.enterprise_id, e.short_name AS enterprise_name, a.project_id, p.short_name AS project_name,
    a.lead_department_id, d.short_name AS lead_department_name, a.handler_id, h.name AS handler_name, a.holder,
    hd.short_name AS holder_name, a.accused_department_id, a.created_by, a.created_at, a.registered_at, a.due_at,
    a.due_key, a.answered_at, a.closed_at, a.result, a.rating, a.version";
const LINE_FROM: &str = "
  FROM appeal a
  LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
  LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
  LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
  LEFT JOIN person h ON h.zone_id = a.zone_id AND h.id = a.handler_id
  LEFT JOIN department hd ON hd.zone_id = a.zone_id AND hd.id = a.holder_id
  WHERE a.zone_id = ";

/// Lines under a condition (with its ` AND`), in an order, from a place on.
pub async fn lines(tx: &mut Tx, zone: Uuid, condition: Sql, tail: Sql) -> Result<Vec<Line>> {
    let mut query = Sql::from(LINE);
    query.push(LINE_FROM).arg(zone).append(condition).append(tail);
    tx.list(query).await
}

/// What a list of appeals is sorted by.
pub const KEYS: &[Key] = &[Key::number("due", "a.due_key"), Key::number("created", "a.created_at")];
/// The same where few were found by their words: the sign keeps the database from
/// walking the whole order for them.
pub const KEYS_OF_FEW: &[Key] = &[Key::number("due", "+a.due_key"), Key::number("created", "+a.created_at")];

/// A page of lines under a condition, and the cursor of the rest.
pub async fn page(tx: &mut Tx, zone: Uuid, condition: Sql, walk: &Walk) -> Result<(Vec<Line>, Option<String>)> {
    let mut query = Sql::from(LINE);
    walk.column(&mut query);
    query.push(LINE_FROM).arg(zone).append(condition);
    walk.list(tx, query, "a.id").await
}

/// How many there are under a condition, counted up to the cap and one more.
pub async fn total(tx: &mut Tx, zone: Uuid, condition: Sql) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM appeal a WHERE a.zone_id = ");
    query.arg(zone).append(condition).push(" LIMIT ").arg(crate::http::api::TOTAL_CAP + 1).push(") AS found");
    tx.value(query).await
}

/// One line by its key, for the record page.
pub async fn line(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Line>> {
    let mut query = Sql::from(LINE);
    query.push(LINE_FROM).arg(zone).push(" AND a.id = ").arg(id);
    tx.opt(query).await
}

/// What the ledger of problems (问题台账) shows beyond a list's line.
#[derive(Clone, Debug)]
pub struct Extra {
    pub id: Uuid,
    pub body: String,
    pub uscc: Option<String>,
    pub dispatched_at: Option<Time>,
    pub assist: Option<String>,
    pub answer: Option<String>,
    pub extended_days: i64,
    pub visited_at: Option<Time>,
    pub production_continued: Option<super::WentOn>,
    pub stopped_hours: Option<i64>,
    pub solution: Option<String>,
    pub handler_phone: Option<String>,
    pub leader: Option<String>,
}

from_row!(Extra {
    id,
    body,
    uscc,
    dispatched_at,
    assist,
    answer,
    extended_days,
    visited_at,
    production_continued,
    stopped_hours,
    solution,
    handler_phone,
    leader,
});

pub async fn extras(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<Vec<Extra>> {
    let mut all = Vec::with_capacity(ids.len());
    let names = tx.dialect().pick("group_concat(d.short_name, '、')", "string_agg(d.short_name, '、')");
    for some in ids.chunks(500) {
        let mut query = Sql::from(
            "SELECT a.id, a.body, e.uscc, a.answer, a.extended_days, a.visited_at, a.production_continued, a.stopped_hours,
               (SELECT x.method FROM solution x WHERE x.zone_id = a.zone_id AND x.appeal_id = a.id
                 AND x.state = 'chosen') AS solution, d.phone AS handler_phone,
               (SELECT min(w.sent_at) FROM work_order w WHERE w.zone_id = a.zone_id AND w.appeal_id = a.id) AS dispatched_at,
               (SELECT l.name FROM assignment s JOIN person l ON l.zone_id = s.zone_id AND l.id = s.person_id
                 WHERE s.zone_id = a.zone_id AND s.subject_id = coalesce(a.enterprise_id, a.project_id)
                   AND s.role = 'lead_leader' AND s.valid_to IS NULL) AS leader,
               (SELECT ",
        );
        query.push(names).push(
            " FROM work_order w JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id
                 WHERE w.zone_id = a.zone_id AND w.appeal_id = a.id AND w.kind <> 'lead' AND w.status <> 'cancelled') AS assist
             FROM appeal a
             LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
             LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
             WHERE a.zone_id = ",
        );
        query.arg(zone).push(" AND a.id IN ").list(some.iter().copied());
        all.extend(tx.list::<Extra>(query).await?);
    }
    Ok(all)
}

/// Reviewed answers on which the enterprise has said nothing since that time.
pub async fn silent_since(tx: &mut Tx, zone: Uuid, before: Time) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT id FROM appeal WHERE zone_id = $1 AND status = 'reviewed' AND reviewed_at < $2 ORDER BY reviewed_at, id",
            zone,
            before
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Work orders that wait for these departments, with their appeals.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub appeal_id: Uuid,
    pub title: String,
    pub about: Option<String>,
    pub accused_department_id: Option<Uuid>,
    pub status: super::OrderStatus,
    pub sent_at: Time,
    pub due_at: Option<Time>,
}

from_row!(Waiting { appeal_id, title, about, accused_department_id, status, sent_at, due_at });

pub async fn waiting_orders(tx: &mut Tx, zone: Uuid, departments: &[Uuid], limit: i64) -> Result<Vec<Waiting>> {
    let mut query = Sql::from(
        "SELECT w.appeal_id, a.title, coalesce(e.short_name, p.short_name) AS about, a.accused_department_id, w.status,
           w.sent_at, w.due_at
         FROM work_order w
         JOIN appeal a ON a.zone_id = w.zone_id AND a.id = w.appeal_id
         LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
         LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
         WHERE w.zone_id = ",
    );
    query.arg(zone).push(" AND w.open AND w.kind <> 'lead' AND w.department_id IN ").list(departments.iter().copied());
    query.push(" ORDER BY w.due_at, w.id LIMIT ").arg(limit);
    tx.list(query).await
}

/// Requests for more time that wait for a decision.
pub fn asked_for_time() -> Sql {
    Sql::from(" AND a.extension_days IS NOT NULL AND a.open")
}

/// People with an account and this role, for notices.
pub async fn with_role(tx: &mut Tx, zone: Uuid, roles: Roles) -> Result<Vec<Uuid>> {
    let mut query = Sql::from(
        "SELECT DISTINCT r.account_id FROM account_role r
         JOIN account a ON a.zone_id = r.zone_id AND a.id = r.account_id WHERE r.zone_id = ",
    );
    query.arg(zone).push(" AND a.disabled_at IS NULL AND r.role IN ").list(roles.iter()).push(" LIMIT 100");
    ids(tx, query).await
}

/// The people of a department who deal with its orders.
pub async fn of_department(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Vec<Uuid>> {
    let mut query = Sql::from(
        "SELECT DISTINCT p.id FROM person p JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         JOIN account_role r ON r.zone_id = p.zone_id AND r.account_id = p.id WHERE p.zone_id = ",
    );
    query.arg(zone).push(" AND ").append(in_department(zone, department)).push(
        " AND p.left_at IS NULL AND a.disabled_at IS NULL AND r.role IN ('officer', 'specialist', 'agency') LIMIT 100",
    );
    ids(tx, query).await
}

/// Everybody of a department.
pub async fn everybody_of(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Vec<Uuid>> {
    let mut query = sql!("SELECT p.id FROM person p WHERE p.zone_id = $1 AND ", zone);
    query.append(in_department(zone, department));
    ids(tx, query).await
}

async fn ids(tx: &mut Tx, query: Sql) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx.list(query).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

fn read<T: serde::de::DeserializeOwned>(body: Json) -> Result<T> {
    serde_json::from_value(body).map_err(|e| Error::Shape(format!("policy data: {e}")))
}

/// The categories of a zone.
pub async fn categories(tx: &mut Tx, zone: Uuid) -> Result<Vec<Category>> {
    let rows: Vec<(String, Json)> = tx
        .list(sql!(
            "SELECT key, body FROM policy_data WHERE zone_id = $1 AND kind = 'category' AND valid_to IS NULL ORDER BY key",
            zone
        ))
        .await?;
    let stored = rows.into_iter().map(|(key, body)| Ok((key, read(body)?))).collect::<Result<_>>()?;
    Ok(policy::categories(stored))
}

/// Enterprises whose name holds a text, or whose credit code it is.
pub async fn find_enterprises(tx: &mut Tx, zone: Uuid, q: &str) -> Result<Vec<(Uuid, String, String)>> {
    let literal = q.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").to_lowercase();
    let like = format!("%{literal}%");
    tx.list(sql!(
        "SELECT id, name, short_name FROM enterprise
         WHERE zone_id = $1 AND merged_into IS NULL AND (lower(name) LIKE $2 ESCAPE '\\' OR lower(short_name) LIKE $2 ESCAPE '\\'
           OR lower(uscc) = $3)
         ORDER BY name, id LIMIT 20",
        zone,
        like,
        q.to_lowercase()
    ))
    .await
}

/// The name of a department that exists today, and whether it is the committee's own.
pub async fn department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<(String, String)>> {
    tx.opt(sql!(
        "SELECT short_name, kind FROM department WHERE zone_id = $1 AND id = $2 AND valid_to IS NULL",
        zone,
        id
    ))
    .await
}

/// What an appeal is found by.
pub struct Words {
    pub id: Uuid,
    pub about_id: Option<Uuid>,
    pub created_at: Time,
    pub number: String,
    pub title: String,
    pub body: String,
    /// What was answered, once it is out.
    pub answer: Option<String>,
    pub outer_number: Option<String>,
    pub accused_department_id: Option<Uuid>,
    pub enterprise_name: Option<String>,
    pub project_name: Option<String>,
}

from_row!(Words {
    id,
    about_id,
    created_at,
    number,
    title,
    body,
    answer,
    outer_number,
    accused_department_id,
    enterprise_name,
    project_name,
});

/// What an appeal is found by, to be narrowed and ordered.
fn words_from(zone: Uuid) -> Sql {
    sql!(
        "SELECT a.id, coalesce(a.enterprise_id, a.project_id) AS about_id, a.created_at, a.number, a.title, a.body,
           CASE WHEN a.status IN ('reviewed', 'return_visit', 'long_term', 'closed') THEN a.answer END AS answer,
           a.outer_number, a.accused_department_id, e.name AS enterprise_name, p.name AS project_name
         FROM appeal a
         LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
         LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
         WHERE a.zone_id = $1",
        zone
    )
}

/// The words of appeals in order of their keys, from the one after `after` on.
pub async fn words(tx: &mut Tx, zone: Uuid, after: Uuid, limit: usize) -> Result<Vec<Words>> {
    let mut query = words_from(zone);
    query.push(" AND a.id > ").arg(after).push(" ORDER BY a.id LIMIT ").arg(limit as i64);
    query.push(tx.dialect().pick("", " FOR UPDATE OF a"));
    tx.list(query).await
}

/// The words of one appeal.
pub async fn words_of(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Words>> {
    let mut query = words_from(zone);
    query.push(" AND a.id = ").arg(id);
    tx.opt(query).await
}

/// Puts an appeal under another category; false when somebody else saved in between.
pub async fn set_category(tx: &mut Tx, a: &Appeal) -> Result<bool> {
    let changed = tx
        .run(sql!(
            "UPDATE appeal SET category = $1, changed_at = $2, version = version + 1
             WHERE zone_id = $3 AND id = $4 AND version = $5",
            a.category,
            a.changed_at,
            a.zone_id,
            a.id,
            a.version
        ))
        .await?;
    Ok(changed == 1)
}

/// The telephones of departments.
pub async fn phones(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, Option<String>)>> {
    tx.list(sql!("SELECT id, phone FROM department WHERE zone_id = $1 AND phone IS NOT NULL", zone)).await
}

/// What a list of messages is sorted by.
pub const MESSAGE_KEYS: &[Key] = &[Key::number("at", "m.at")];

/// What of all messages somebody outside reads.
fn spoken_from(who: &Actor) -> Sql {
    let mut query = Sql::from(
        " FROM appeal_message m JOIN appeal a ON a.zone_id = m.zone_id AND a.id = m.appeal_id
         WHERE m.internal = FALSE AND m.zone_id = ",
    );
    query.arg(who.zone_id).append(visible(who));
    query
}

/// A page of the messages that somebody outside reads.
pub async fn spoken(tx: &mut Tx, who: &Actor, walk: &Walk) -> Result<(Vec<Spoken>, Option<String>)> {
    let mut query = Sql::from("SELECT m.id, m.appeal_id, a.number, a.title, m.kind, m.author, m.text, m.at");
    walk.column(&mut query);
    query.append(spoken_from(who));
    walk.list(tx, query, "m.id").await
}

/// How many there are, counted up to the cap and one more.
pub async fn count_spoken(tx: &mut Tx, who: &Actor) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    query.append(spoken_from(who)).push(" LIMIT ").arg(crate::http::api::TOTAL_CAP + 1).push(") AS found");
    tx.value(query).await
}
