use super::template::Asks;
use super::{
    NewReadyGap, ReadyAnswer, ReadyDrill, ReadyFinding, ReadyGap, ReadyItem, ReadyKind, ReadyPlan, ReadyShow,
    ReadyStanding, ReadyState,
};
use crate::app::Work;
use crate::list::{self, Key, Walk};
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

const PLAN: &str =
    "SELECT r.id, r.kind, r.subject_kind, r.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
   r.disruption_id, r.state, r.template_version, r.hazard, r.published_on, r.filing_due, r.filed_on, r.filing_no,
   r.valid_until, r.drilled_on, r.drill_due, r.submitted_by, r.submitted_at, r.returned_at, r.reviewed_by,
   v.name AS reviewer, r.reviewed_at, r.review_mode, r.review_note, r.approved_by, a.name AS approver, r.approved_at,
   r.facts_hash, r.fell_at, r.fell_why, r.valid_told, r.filing_told, r.drill_told, r.made_at, r.changed_at, r.version";
const PLAN_FROM: &str = " FROM readiness_plan r
   LEFT JOIN enterprise e ON e.zone_id = r.zone_id AND e.id = r.subject_id
   LEFT JOIN project p ON p.zone_id = r.zone_id AND p.id = r.subject_id
   LEFT JOIN person v ON v.zone_id = r.zone_id AND v.id = r.reviewed_by
   LEFT JOIN person a ON a.zone_id = r.zone_id AND a.id = r.approved_by
   WHERE r.zone_id = ";

/// Name and telephone of a contact are the register's, as they are now.
const ITEM: &str = "SELECT i.plan_id, i.key, i.title, i.kind, i.required, i.least, i.person_id,
   CASE WHEN i.person_id IS NOT NULL AND (h.id IS NULL OR h.left_at IS NOT NULL) THEN TRUE ELSE FALSE END AS gone,
   CASE WHEN i.person_id IS NULL THEN i.name ELSE h.name END AS name,
   CASE WHEN i.person_id IS NULL THEN i.phone ELSE h.phone END AS phone,
   i.text, i.quantity, i.unit, i.file_id, f.file_name, i.changed_by, i.changed_at
   FROM readiness_item i
   LEFT JOIN person h ON h.zone_id = i.zone_id AND h.id = i.person_id
   LEFT JOIN attachment f ON f.zone_id = i.zone_id AND f.id = i.file_id
   WHERE i.zone_id = ";

pub async fn plan(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<ReadyPlan>> {
    let mut query = Sql::from(PLAN);
    query.push(PLAN_FROM).arg(zone).push(" AND r.id = ").arg(id);
    tx.opt(query).await
}

/// The plan of a kind that a subject has; after a merge the one begun last.
pub async fn of_subject(tx: &mut Tx, zone: Uuid, subject: Uuid, kind: ReadyKind) -> Result<Option<ReadyPlan>> {
    let mut query = Sql::from(PLAN);
    query.push(PLAN_FROM).arg(zone).push(" AND r.subject_id = ").arg(subject).push(" AND r.kind = ").arg(kind);
    query.push(" ORDER BY r.made_at DESC, r.id DESC LIMIT 1");
    tx.opt(query).await
}

pub async fn items(tx: &mut Tx, zone: Uuid, plan: Uuid) -> Result<Vec<ReadyItem>> {
    let mut query = Sql::from(ITEM);
    query.arg(zone).push(" AND i.plan_id = ").arg(plan).push(" ORDER BY i.position, i.id");
    tx.list(query).await
}

/// The items of every approved plan, plan by plan.
pub async fn approved_items(tx: &mut Tx, zone: Uuid) -> Result<Vec<ReadyItem>> {
    let mut query = Sql::from(ITEM);
    query
        .arg(zone)
        .push(" AND i.plan_id IN (SELECT r.id FROM readiness_plan r WHERE r.state = 'approved' AND r.zone_id = ");
    query.arg(zone).push(") ORDER BY i.plan_id, i.position");
    tx.list(query).await
}

/// What of a new plan is not in its row yet.
pub struct New {
    pub id: Uuid,
    pub kind: ReadyKind,
    pub subject: (SubjectKind, Uuid),
    pub disruption_id: Option<Uuid>,
    pub template_version: i64,
}

pub async fn insert(work: &mut Work, new: &New, asks: &[Asks]) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO readiness_plan (zone_id, id, kind, subject_kind, subject_id, disruption_id, state, template_version,
           hazard, made_by, made_at, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, FALSE, $8, $9, $9, 1)",
        zone,
        new.id,
        new.kind,
        new.subject.0,
        new.subject.1,
        new.disruption_id,
        new.template_version,
        by,
        now
    ))
    .await?;
    for (position, asks) in (0_i64..).zip(asks) {
        work.run(sql!(
            "INSERT INTO readiness_item (zone_id, id, plan_id, position, key, title, kind, required, least, unit)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            zone,
            Uuid::now_v7(),
            new.id,
            position,
            asks.key,
            asks.title,
            asks.kind,
            asks.required,
            asks.least,
            asks.unit
        ))
        .await?;
    }
    Ok(())
}

/// Saves how a plan stands; false when somebody was quicker.
pub async fn save(work: &mut Work, p: &ReadyPlan) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let n = work
        .run(sql!(
            "UPDATE readiness_plan SET state = $1, hazard = $2, published_on = $3, filing_due = $4, filed_on = $5,
               filing_no = $6, valid_until = $7, drilled_on = $8, drill_due = $9, submitted_by = $10,
               submitted_at = $11, returned_at = $12, reviewed_by = $13, reviewed_at = $14, review_mode = $15,
               review_note = $16, approved_by = $17, approved_at = $18, facts_hash = $19, fell_at = $20,
               fell_why = $21, valid_told = $22, filing_told = $23, drill_told = $24, changed_at = $25,
               version = version + 1
             WHERE zone_id = $26 AND id = $27 AND version = $28",
            p.state,
            p.hazard,
            p.published_on,
            p.filing_due,
            p.filed_on,
            p.filing_no,
            p.valid_until,
            p.drilled_on,
            p.drill_due,
            p.submitted_by,
            p.submitted_at,
            p.returned_at,
            p.reviewed_by,
            p.reviewed_at,
            p.review_mode,
            p.review_note,
            p.approved_by,
            p.approved_at,
            p.facts_hash,
            p.fell_at,
            p.fell_why,
            p.valid_told,
            p.filing_told,
            p.drill_told,
            now,
            zone,
            p.id,
            p.version
        ))
        .await?;
    Ok(n == 1)
}

/// Puts an answer in its place.
pub async fn answer(work: &mut Work, plan: Uuid, a: &ReadyAnswer) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "UPDATE readiness_item SET person_id = $1, name = $2, phone = $3, text = $4, quantity = $5, unit = $6,
           file_id = $7, changed_by = $8, changed_at = $9
         WHERE zone_id = $10 AND plan_id = $11 AND key = $12",
        a.person_id,
        a.name,
        a.phone,
        a.text,
        a.quantity,
        a.unit,
        a.file_id,
        by,
        now,
        zone,
        plan,
        a.key
    ))
    .await
    .map(drop)
}

/// The people of an enterprise or project who have not left.
pub async fn people(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!(
        "SELECT h.id, h.name FROM person h WHERE h.zone_id = $1 AND (h.enterprise_id = $2 OR h.project_id = $2)
           AND h.left_at IS NULL ORDER BY h.position, h.name, h.id LIMIT 200",
        zone,
        subject
    ))
    .await
}

pub async fn tell_gap(work: &mut Work, plan: Uuid, gap: &NewReadyGap, late: Option<&str>) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO readiness_gap (zone_id, id, plan_id, item_key, text, late_reason, told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        zone,
        Uuid::now_v7(),
        plan,
        gap.item_key,
        gap.text,
        late,
        now
    ))
    .await
    .map(drop)
}

/// What returns named since a time, in the order of the plan.
pub async fn told(tx: &mut Tx, zone: Uuid, plan: Uuid, since: Time) -> Result<Vec<ReadyGap>> {
    tx.list(sql!(
        "SELECT g.item_key, i.title, g.text, g.late_reason, g.told_at FROM readiness_gap g
         JOIN readiness_item i ON i.zone_id = g.zone_id AND i.plan_id = g.plan_id AND i.key = g.item_key
         WHERE g.zone_id = $1 AND g.plan_id = $2 AND g.told_at >= $3 ORDER BY i.position, g.told_at, g.id",
        zone,
        plan,
        since
    ))
    .await
}

pub async fn insert_drill(work: &mut Work, plan: Uuid, drill: &ReadyDrill) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO readiness_drill (zone_id, id, plan_id, kind, held_on, people, scenario, outcome, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        zone,
        drill.id,
        plan,
        drill.kind,
        drill.held_on,
        drill.people,
        drill.scenario,
        drill.outcome,
        by,
        now
    ))
    .await
    .map(drop)
}

pub async fn insert_finding(
    work: &mut Work,
    (plan, drill): (Uuid, Uuid),
    position: i64,
    text: &str,
    task: Option<Uuid>,
) -> Result<()> {
    let zone = work.zone();
    work.run(sql!(
        "INSERT INTO readiness_finding (zone_id, id, drill_id, plan_id, position, text, task_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        zone,
        Uuid::now_v7(),
        drill,
        plan,
        position,
        text,
        task
    ))
    .await
    .map(drop)
}

pub async fn drills(tx: &mut Tx, zone: Uuid, plan: Uuid) -> Result<Vec<ReadyDrill>> {
    tx.list(sql!(
        "SELECT id, kind, held_on, people, scenario, outcome FROM readiness_drill
         WHERE zone_id = $1 AND plan_id = $2 ORDER BY held_on DESC, id DESC LIMIT 50",
        zone,
        plan
    ))
    .await
}

pub async fn findings(tx: &mut Tx, zone: Uuid, plan: Uuid) -> Result<Vec<ReadyFinding>> {
    tx.list(sql!(
        "SELECT f.drill_id, f.text, f.task_id, t.state AS task_state FROM readiness_finding f
         LEFT JOIN task t ON t.zone_id = f.zone_id AND t.id = f.task_id
         WHERE f.zone_id = $1 AND f.plan_id = $2 ORDER BY f.drill_id, f.position",
        zone,
        plan
    ))
    .await
}

/// Plans whose days are watched: those in force, and those that lapsed and are still drilled.
pub async fn watched(tx: &mut Tx, zone: Uuid) -> Result<Vec<ReadyPlan>> {
    let mut query = Sql::from(PLAN);
    query.push(PLAN_FROM).arg(zone).push(" AND r.state IN ('approved', 'fallen_back', 'expired') ORDER BY r.id");
    tx.list(query).await
}

// ---- lists ----

/// What a list of plans is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub kind: Option<ReadyKind>,
    pub states: Vec<ReadyState>,
    pub subject_id: Option<Uuid>,
    /// Within this reach, on `r.subject_id`.
    pub reach: Option<Sql>,
}

pub const PLAN_KEYS: &[Key] = &[Key::number("changed", "r.changed_at")];

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.arg(zone);
    if let Some(kind) = filter.kind {
        query.push(" AND r.kind = ").arg(kind);
    }
    if !filter.states.is_empty() {
        query.push(" AND r.state IN ").list(filter.states.iter().copied());
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND r.subject_id = ").arg(id);
    }
    if let Some(reach) = &filter.reach {
        query.push(" AND ").append(reach.clone());
    }
}

pub async fn plans(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<ReadyPlan>, Option<String>)> {
    let mut query = Sql::from(PLAN);
    walk.column(&mut query);
    query.push(PLAN_FROM);
    narrow(&mut query, zone, filter);
    walk.list(tx, query, "r.id").await
}

pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM readiness_plan r WHERE r.zone_id = ");
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

/// What the list by enterprise is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct StandingFilter {
    pub show: Option<ReadyShow>,
    /// Only key enterprises and projects.
    pub key: bool,
    pub subject_id: Option<Uuid>,
    /// Within these, on `u.id`, each with its own condition.
    pub within: Vec<Sql>,
    pub q: Option<String>,
    /// What `q` finds; the desk asks it.
    pub found: Option<Sql>,
    pub today: Option<Day>,
}

pub const STANDING_KEYS: &[Key] = &[
    Key::text("name", "u.name"),
    Key::text("drill", "coalesce(m.drill_due, '9999')"),
    Key::text("control", "coalesce(c.valid_until, '9999')"),
    Key::text("emergency", "coalesce(m.valid_until, '9999')"),
];

fn standing_from(query: &mut Sql, zone: Uuid, filter: &StandingFilter) {
    const LATEST: &str = " AND NOT EXISTS (SELECT 1 FROM readiness_plan o WHERE o.zone_id = ";
    query.push(
        " FROM (SELECT zone_id, id, 'enterprise' AS subject_kind, short_name AS name, key FROM enterprise
           WHERE merged_into IS NULL AND status = 'active' AND zone_id = ",
    );
    query.arg(zone).push(
        " UNION ALL SELECT zone_id, id, 'project' AS subject_kind, short_name AS name, TRUE AS key FROM project
           WHERE closed_at IS NULL AND zone_id = ",
    );
    query
        .arg(zone)
        .push(") u LEFT JOIN readiness_plan c ON c.zone_id = u.zone_id AND c.subject_id = u.id AND c.kind = 'control'");
    query.push(LATEST).push(
        "c.zone_id AND o.subject_id = c.subject_id AND o.kind = c.kind AND (o.made_at, o.id) > (c.made_at, c.id))",
    );
    query.push(" LEFT JOIN readiness_plan m ON m.zone_id = u.zone_id AND m.subject_id = u.id AND m.kind = 'emergency'");
    query.push(LATEST).push(
        "m.zone_id AND o.subject_id = m.subject_id AND o.kind = m.kind AND (o.made_at, o.id) > (m.made_at, m.id))",
    );
    query.push(" WHERE u.zone_id = ").arg(zone);
    if filter.key {
        query.push(" AND u.key = TRUE");
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND u.id = ").arg(id);
    }
    for within in &filter.within {
        query.push(" AND ").append(within.clone());
    }
    let today = filter.today.map(|day| day.to_string()).unwrap_or_default();
    match filter.show {
        None => {}
        Some(ReadyShow::Missing) => drop(query.push(" AND (c.id IS NULL OR m.id IS NULL)")),
        Some(ReadyShow::Waiting) => {
            query.push(" AND (c.state IN ('submitted', 'reviewed') OR m.state IN ('submitted', 'reviewed'))");
        }
        Some(ReadyShow::Returned) => drop(query.push(" AND (c.state = 'returned' OR m.state = 'returned')")),
        Some(ReadyShow::FallenBack) => drop(query.push(" AND (c.state = 'fallen_back' OR m.state = 'fallen_back')")),
        Some(ReadyShow::Expired) => drop(query.push(" AND (c.state = 'expired' OR m.state = 'expired')")),
        Some(ReadyShow::Complete) => drop(query.push(" AND c.state = 'approved' AND m.state = 'approved'")),
        Some(ReadyShow::DrillOver) => drop(query.push(" AND m.drill_due < ").arg(today)),
        Some(ReadyShow::FilingOver) => drop(query.push(" AND m.filed_on IS NULL AND m.filing_due < ").arg(today)),
    }
    list::about(query, &["u.name"], filter.q.as_deref(), filter.found.as_ref());
}

pub async fn standing(
    tx: &mut Tx,
    zone: Uuid,
    filter: &StandingFilter,
    walk: &Walk,
) -> Result<(Vec<ReadyStanding>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT u.id, u.subject_kind, u.name, u.key, c.id AS control_id, c.state AS control_state,
           c.valid_until AS control_until, m.id AS emergency_id, m.state AS emergency_state,
           m.valid_until AS emergency_until, CASE WHEN m.filed_on IS NULL THEN m.filing_due END AS filing_due, m.drill_due",
    );
    walk.column(&mut query);
    standing_from(&mut query, zone, filter);
    walk.list(tx, query, "u.id").await
}

pub async fn count_standing(tx: &mut Tx, zone: Uuid, filter: &StandingFilter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    standing_from(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}
