use super::{Answer, Cause, Cry, Member, Note, Status};
use crate::list::{self, Key, Walk};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

/// What a list of causes is sorted by.
pub const KEYS: &[Key] = &[Key::number("opened", "c.opened_at"), Key::number("appeals", "c.appeals")];

/// Causes with their counts, as `c`.
/// What a cause is found by.
const TEXTS: &[&str] = &["c.number", "c.title", "c.body", "coalesce(CAST(c.answer AS text), '')"];

const CAUSES: &str = "SELECT k.zone_id, k.id, k.number, k.title, k.body, k.category, k.department_id,
    d.short_name AS department, k.status, k.opened_at, k.answer, k.answered_by, k.answered_at, k.lesson, k.closed_at,
    k.version,
    (SELECT count(*) FROM cause_appeal m WHERE m.zone_id = k.zone_id AND m.cause_id = k.id AND m.left_at IS NULL)
      AS appeals,
    (SELECT count(*) FROM cause_appeal m JOIN appeal a ON a.zone_id = m.zone_id AND a.id = m.appeal_id
      WHERE m.zone_id = k.zone_id AND m.cause_id = k.id AND m.left_at IS NULL AND a.open) AS open_appeals
  FROM cause k JOIN department d ON d.zone_id = k.zone_id AND d.id = k.department_id";

/// Which causes a list holds.
#[derive(Clone, Debug)]
pub struct Filter<'q> {
    /// Only those not closed, or only those closed.
    pub closed: Option<bool>,
    /// Of this department.
    pub department: Option<Uuid>,
    /// With this word in a text.
    pub q: Option<&'q str>,
    /// Which the reader may know of, with its ` AND`.
    pub known: Sql,
}

/// The condition, with its ` AND`, of causes `c` that belong to these departments or
/// hold an appeal that is visible under a condition.
pub fn known(departments: Vec<Uuid>, visible: Sql) -> Sql {
    let mut query = Sql::from(
        " AND (EXISTS (SELECT 1 FROM cause_appeal m JOIN appeal a ON a.zone_id = m.zone_id
        AND a.id = m.appeal_id WHERE m.zone_id = c.zone_id AND m.cause_id = c.id AND m.left_at IS NULL",
    );
    query.append(visible).push(")");
    if !departments.is_empty() {
        query.push(" OR c.department_id IN ").list(departments);
    }
    query.push(")");
    query
}

fn condition(zone: Uuid, filter: &Filter<'_>) -> Sql {
    let mut query = sql!("c.zone_id = $1", zone);
    if let Some(closed) = filter.closed {
        query.push(if closed { " AND c.status = 'closed'" } else { " AND c.status <> 'closed'" });
    }
    if let Some(department) = filter.department {
        query.push(" AND c.department_id = ").arg(department);
    }
    list::about(&mut query, TEXTS, filter.q, None);
    query.append(filter.known.clone());
    query
}

pub async fn list(tx: &mut Tx, zone: Uuid, filter: &Filter<'_>, walk: &Walk) -> Result<(Vec<Cause>, Option<String>)> {
    let mut query = Sql::from("SELECT c.*");
    walk.column(&mut query);
    query.push(" FROM (").push(CAUSES).push(") c WHERE ").append(condition(zone, filter));
    walk.list(tx, query, "c.id").await
}

pub async fn total(tx: &mut Tx, zone: Uuid, filter: &Filter<'_>, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM cause c WHERE ");
    query.append(condition(zone, filter)).push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

/// A cause, where a condition (with its ` AND`) of who may know of it holds.
pub async fn cause(tx: &mut Tx, zone: Uuid, id: Uuid, known: Sql) -> Result<Option<Cause>> {
    let mut query = Sql::from("SELECT c.* FROM (");
    query.push(CAUSES).push(") c WHERE c.zone_id = ").arg(zone).push(" AND c.id = ").arg(id).append(known);
    tx.opt(query).await
}

/// Holds a cause until the work is done, so that what is done to its appeals at the
/// same time comes one after the other.
pub async fn hold(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<bool> {
    let mut query = sql!("SELECT id FROM cause WHERE zone_id = $1 AND id = $2", zone, id);
    query.push(tx.dialect().pick("", " FOR UPDATE"));
    Ok(tx.opt_value::<Uuid>(query).await?.is_some())
}

pub async fn insert(tx: &mut Tx, zone: Uuid, cause: &Cause, by: Option<Uuid>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO cause (zone_id, id, number, title, body, category, department_id, status, opened_by, opened_at,
           version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)",
        zone,
        cause.id,
        cause.number,
        cause.title,
        cause.body,
        cause.category,
        cause.department_id,
        cause.status,
        by,
        cause.opened_at
    ))
    .await
    .map(drop)
}

/// Keeps a changed cause; false when somebody changed it before.
pub async fn save(tx: &mut Tx, zone: Uuid, cause: &Cause) -> Result<bool> {
    let answer = cause.answer.as_ref().map(|answer| serde_json::to_value(answer).unwrap_or_default());
    let n = tx
        .run(sql!(
            "UPDATE cause SET status = $1, answer = $2, answered_by = $3, answered_at = $4, lesson = $5,
               closed_at = $6, department_id = $7, version = version + 1
             WHERE zone_id = $8 AND id = $9 AND version = $10",
            cause.status,
            answer,
            cause.answered_by,
            cause.answered_at,
            cause.lesson,
            cause.closed_at,
            cause.department_id,
            zone,
            cause.id,
            cause.version
        ))
        .await?;
    Ok(n == 1)
}

/// The appeals of a cause under a condition of who may see them (with its ` AND`).
pub async fn members(tx: &mut Tx, zone: Uuid, cause: Uuid, visible: Sql) -> Result<Vec<Member>> {
    let mut query = sql!(
        "SELECT a.id, a.number, a.title, a.status, coalesce(e.short_name, p.short_name, '') AS subject,
           a.lead_department_id, d.short_name AS lead_department, a.due_at, a.rating, m.joined_at, m.reached_at, a.open
         FROM cause_appeal m
         JOIN appeal a ON a.zone_id = m.zone_id AND a.id = m.appeal_id
         LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
         LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
         LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = a.lead_department_id
         WHERE m.zone_id = $1 AND m.cause_id = $2 AND m.left_at IS NULL",
        zone,
        cause
    );
    query.append(visible).push(" ORDER BY m.joined_at, a.number");
    tx.list(query).await
}

/// The cause that an appeal belongs to: its key, number, title and status, and how
/// many enterprises and projects share it.
pub async fn of_appeal(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Option<(Uuid, String, String, Status, i64)>> {
    tx.opt(sql!(
        "SELECT k.id, k.number, k.title, k.status, (SELECT count(DISTINCT coalesce(a.enterprise_id, a.project_id))
             FROM cause_appeal o JOIN appeal a ON a.zone_id = o.zone_id AND a.id = o.appeal_id
             WHERE o.zone_id = k.zone_id AND o.cause_id = k.id AND o.left_at IS NULL) AS subjects
         FROM cause_appeal m JOIN cause k ON k.zone_id = m.zone_id AND k.id = m.cause_id
         WHERE m.zone_id = $1 AND m.appeal_id = $2 AND m.left_at IS NULL",
        zone,
        appeal
    ))
    .await
}

pub async fn join(tx: &mut Tx, zone: Uuid, cause: Uuid, appeal: Uuid, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO cause_appeal (zone_id, cause_id, appeal_id, joined_at) VALUES ($1, $2, $3, $4)",
        zone,
        cause,
        appeal,
        at
    ))
    .await
    .map(drop)
}

/// Ends that an appeal belongs to a cause; false when it does not.
pub async fn leave(tx: &mut Tx, zone: Uuid, cause: Uuid, appeal: Uuid, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE cause_appeal SET left_at = $1
             WHERE zone_id = $2 AND cause_id = $3 AND appeal_id = $4 AND left_at IS NULL",
            at,
            zone,
            cause,
            appeal
        ))
        .await?;
    Ok(n == 1)
}

/// Notes when the common answer reached an appeal; none when it is worked on again.
pub async fn reached(tx: &mut Tx, zone: Uuid, appeal: Uuid, at: Option<Time>) -> Result<()> {
    tx.run(sql!(
        "UPDATE cause_appeal SET reached_at = $1 WHERE zone_id = $2 AND appeal_id = $3 AND left_at IS NULL",
        at,
        zone,
        appeal
    ))
    .await
    .map(drop)
}

pub async fn insert_note(tx: &mut Tx, zone: Uuid, cause: Uuid, note: &Note, by: Option<Uuid>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO cause_note (zone_id, id, cause_id, text, told, author_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        zone,
        note.id,
        cause,
        note.text,
        note.told,
        by,
        note.at
    ))
    .await
    .map(drop)
}

pub async fn notes(tx: &mut Tx, zone: Uuid, cause: Uuid) -> Result<Vec<Note>> {
    tx.list(sql!(
        "SELECT n.id, n.text, n.told, coalesce(p.name, '') AS author, n.at FROM cause_note n
         LEFT JOIN person p ON p.zone_id = n.zone_id AND p.id = n.author_id
         WHERE n.zone_id = $1 AND n.cause_id = $2 ORDER BY n.at, n.id",
        zone,
        cause
    ))
    .await
}

/// Open appeals that wait for an answer, belong to no cause at work and are no complaint, under a
/// condition (with its ` AND`), the newest first, at most so many.
pub async fn cries(tx: &mut Tx, zone: Uuid, condition: Sql, most: i64) -> Result<Vec<Cry>> {
    let mut query = sql!(
        "SELECT a.id, a.number, a.title, substr(a.body, 1, 200) AS body, a.category,
           coalesce(a.enterprise_id, a.project_id) AS subject_id, coalesce(e.short_name, p.short_name, '') AS subject, coalesce(e.carrier_id, p.carrier_id) AS carrier_id,
           a.registered_at AS at
         FROM appeal a
         LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
         LEFT JOIN project p ON p.zone_id = a.zone_id AND p.id = a.project_id
         WHERE a.zone_id = $1 AND a.open AND a.accused_department_id IS NULL
           AND a.registered_at IS NOT NULL AND a.status NOT IN ('answered', 'reviewed', 'return_visit', 'long_term')
           AND coalesce(a.enterprise_id, a.project_id) IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM cause_appeal m JOIN cause k ON k.zone_id = m.zone_id AND k.id = m.cause_id
             WHERE m.zone_id = a.zone_id AND m.appeal_id = a.id AND m.left_at IS NULL AND k.status <> 'closed')",
        zone
    );
    query.append(condition).push(" ORDER BY a.created_at DESC, a.id DESC LIMIT ").arg(most);
    tx.list(query).await
}

/// The answer of a cause that an appeal belongs to, where one stands.
pub async fn answer_for(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Option<Answer>> {
    let found: Option<Option<Answer>> = tx
        .opt_value(sql!(
            "SELECT k.answer FROM cause_appeal m JOIN cause k ON k.zone_id = m.zone_id AND k.id = m.cause_id
             WHERE m.zone_id = $1 AND m.appeal_id = $2 AND m.left_at IS NULL AND k.status = $3",
            zone,
            appeal,
            Status::Answered
        ))
        .await?;
    Ok(found.flatten())
}
