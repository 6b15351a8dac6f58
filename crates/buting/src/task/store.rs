use super::{Doer, NewTask, Objective, RecordKind, Task, TaskKind};
use crate::actor::{Actor, Scope};
use crate::app::Work;
use crate::appeal::desk::visible;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use crate::time::Time;
use ::store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

/// What a task is read from, as `t`; the names of those who do it are joined.
fn task_sql(tx: &Tx) -> Sql {
    let names = tx.dialect().pick("group_concat(w.name, '、')", "string_agg(w.name, '、')");
    let mut query = Sql::from(
        "SELECT t.id, t.number, t.kind, t.title, t.body, t.record_kind, t.record_id, t.subject_id,
           coalesce(e.short_name, p.short_name, c.short_name) AS subject_name, t.department_id, d.short_name AS department_name,
           t.due_at, t.state, t.outcome, t.ended_at, t.made_by, m.name AS maker, t.made_at, t.version,
           (SELECT count(*) FROM task_objective o WHERE o.zone_id = t.zone_id AND o.task_id = t.id
             AND o.blocker IS NOT NULL AND o.reached_at IS NULL) AS blocked,
           (SELECT ",
    );
    query.push(names).push(
        " FROM (SELECT DISTINCT h.id, h.name FROM task_person q JOIN person h ON h.zone_id = q.zone_id
             AND h.id = q.owner_id WHERE q.zone_id = t.zone_id AND q.task_id = t.id) w) AS doers
         FROM task t
         LEFT JOIN enterprise e ON e.zone_id = t.zone_id AND e.id = t.subject_id
         LEFT JOIN project p ON p.zone_id = t.zone_id AND p.id = t.subject_id
         LEFT JOIN carrier c ON c.zone_id = t.zone_id AND c.id = t.subject_id
         LEFT JOIN department d ON d.zone_id = t.zone_id AND d.id = t.department_id
         LEFT JOIN person m ON m.zone_id = t.zone_id AND m.id = t.made_by",
    );
    query
}

/// The condition, with its ` AND`, under which somebody knows of a task `t`: it is his or
/// his department's, he made it, or he may know of what it is of. A task of a complaint is
/// known to nobody who may not know of the complaint, but to who does it.
fn known(who: &Actor) -> Sql {
    let me = who.person_id.unwrap_or_default();
    let mut query = Sql::from(" AND (t.made_by = ");
    query.arg(me).push(" OR EXISTS (SELECT 1 FROM task_person q WHERE q.zone_id = t.zone_id AND q.task_id = t.id");
    query.push(" AND q.owner_id = ").arg(me).push(")");
    let departments = who.departments();
    if !departments.is_empty() {
        query.push(" OR t.department_id IN ").list(departments);
    }
    query.push(" OR t.record_kind = 'appeal' AND EXISTS (SELECT 1 FROM appeal a WHERE a.zone_id = t.zone_id");
    query.push(" AND a.id = t.record_id").append(visible(who)).push(")");
    match (&who.scope, reach::subjects(who, "t.subject_id")) {
        (Scope::All, _) => drop(query.push(" OR coalesce(t.record_kind, '') <> 'appeal'")),
        (_, Some(reach)) => {
            query.push(" OR t.record_kind IN ('visit', 'project', 'readiness_plan') AND ").append(reach);
        }
        (_, None) => {}
    }
    query.push(")");
    query
}

pub async fn task(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Option<Task>> {
    let mut query = task_sql(tx);
    query.push(" WHERE t.zone_id = ").arg(who.zone_id).push(" AND t.id = ").arg(id);
    if !who.is_rule() {
        query.append(known(who));
    }
    tx.opt(query).await
}

/// Whether there is a task with this key, whoever may know of it.
pub async fn is_there(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<bool> {
    let found: Option<Uuid> =
        tx.opt_value(sql!("SELECT id FROM task WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(found.is_some())
}

pub async fn people(tx: &mut Tx, zone: Uuid, task: Uuid) -> Result<Vec<Doer>> {
    tx.list(sql!(
        "SELECT DISTINCT h.id AS person_id, h.name FROM task_person q
         JOIN person h ON h.zone_id = q.zone_id AND h.id = q.owner_id
         WHERE q.zone_id = $1 AND q.task_id = $2 ORDER BY h.name, h.id",
        zone,
        task
    ))
    .await
}

pub async fn objectives(tx: &mut Tx, zone: Uuid, task: Uuid) -> Result<Vec<Objective>> {
    tx.list(sql!(
        "SELECT id, text, reached_at, blocker, blocked_since, lifter FROM task_objective
         WHERE zone_id = $1 AND task_id = $2 ORDER BY position, id",
        zone,
        task
    ))
    .await
}

/// A task on its way into its tables.
pub struct Row<'a> {
    pub id: Uuid,
    pub number: &'a str,
    pub kind: TaskKind,
    pub new: &'a NewTask,
    pub record: Option<(RecordKind, Uuid)>,
    pub subject: Option<(crate::subject::SubjectKind, Uuid)>,
    pub due_at: Time,
}

pub async fn insert(work: &mut Work, row: &Row<'_>) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO task (zone_id, id, number, kind, title, body, record_kind, record_id, subject_kind, subject_id,
           department_id, due_at, state, made_by, made_at, remind_step, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open', $13, $14, 0, 1)",
        zone,
        row.id,
        row.number,
        row.kind,
        row.new.title,
        row.new.body,
        row.record.map(|(kind, _)| kind),
        row.record.map(|(_, id)| id),
        row.subject.map(|(kind, _)| kind),
        row.subject.map(|(_, id)| id),
        row.new.department_id,
        row.due_at,
        by,
        now
    ))
    .await?;
    staff(work, row.id, &row.new.doers).await?;
    for (position, text) in (0_i64..).zip(&row.new.objectives) {
        work.run(sql!(
            "INSERT INTO task_objective (zone_id, id, task_id, position, text) VALUES ($1, $2, $3, $4, $5)",
            zone,
            Uuid::now_v7(),
            row.id,
            position,
            text
        ))
        .await?;
    }
    Ok(())
}

/// These people do it, and nobody else.
pub async fn staff(work: &mut Work, task: Uuid, people: &[Uuid]) -> Result<()> {
    let zone = work.zone();
    work.run(sql!("DELETE FROM task_person WHERE zone_id = $1 AND task_id = $2", zone, task)).await?;
    for person in people {
        work.run(sql!(
            "INSERT INTO task_person (zone_id, id, task_id, owner_id) VALUES ($1, $2, $3, $4)",
            zone,
            Uuid::now_v7(),
            task,
            *person
        ))
        .await?;
    }
    Ok(())
}

/// Saves how a task stands; false when somebody was quicker. A new day is reminded of anew.
pub async fn save(work: &mut Work, task: &Task, anew: bool) -> Result<bool> {
    let (zone, by) = (work.zone(), work.who.person_id);
    let ended_by = by.filter(|_| !task.is_open());
    let n = work
        .run(sql!(
            "UPDATE task SET state = $1, outcome = $2, ended_at = $3, ended_by = $4, due_at = $5,
               remind_step = CASE WHEN $6 THEN 0 ELSE remind_step END, version = version + 1
             WHERE zone_id = $7 AND id = $8 AND version = $9 AND state = 'open'",
            task.state,
            task.outcome,
            task.ended_at,
            ended_by,
            task.due_at,
            anew,
            zone,
            task.id,
            task.version
        ))
        .await?;
    Ok(n == 1)
}

pub async fn save_objective(work: &mut Work, task: Uuid, o: &Objective) -> Result<()> {
    let zone = work.zone();
    work.run(sql!(
        "UPDATE task_objective SET reached_at = $1, blocker = $2, blocked_since = $3, lifter = $4
         WHERE zone_id = $5 AND task_id = $6 AND id = $7",
        o.reached_at,
        o.blocker,
        o.blocked_since,
        o.lifter,
        zone,
        task,
        o.id
    ))
    .await
    .map(drop)
}

/// What a list of tasks is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these states' groups: open, or ended, or any.
    pub open: Option<bool>,
    /// Open and due before this time.
    pub overdue_at: Option<Time>,
    /// Something stands in the way of an objective.
    pub blocked: bool,
    pub kind: Option<TaskKind>,
    /// Done by this person, or owed by one of these departments.
    pub mine: Option<(Uuid, Vec<Uuid>)>,
    pub record_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub q: Option<String>,
    /// What `q` finds among the subjects; the desk asks it.
    pub found: Option<Sql>,
    pub order: Order,
}

const BLOCKED: &str = " AND t.state = 'open' AND EXISTS (SELECT 1 FROM task_objective o WHERE o.zone_id = t.zone_id
   AND o.task_id = t.id AND o.blocker IS NOT NULL AND o.reached_at IS NULL)";

fn narrow(query: &mut Sql, who: &Actor, filter: &Filter) {
    query.push(" WHERE t.zone_id = ").arg(who.zone_id).append(known(who));
    match filter.open {
        Some(true) => drop(query.push(" AND t.state = 'open'")),
        Some(false) => drop(query.push(" AND t.state <> 'open'")),
        None => {}
    }
    if let Some(at) = filter.overdue_at {
        query.push(" AND t.state = 'open' AND t.due_at < ").arg(at);
    }
    if filter.blocked {
        query.push(BLOCKED);
    }
    if let Some(kind) = filter.kind {
        query.push(" AND t.kind = ").arg(kind);
    }
    if let Some((person, departments)) = &filter.mine {
        query.push(" AND (EXISTS (SELECT 1 FROM task_person q WHERE q.zone_id = t.zone_id AND q.task_id = t.id");
        query.push(" AND q.owner_id = ").arg(*person).push(")");
        if !departments.is_empty() {
            query.push(" OR t.department_id IN ").list(departments.iter().copied());
        }
        query.push(")");
    }
    if let Some(id) = filter.record_id {
        query.push(" AND t.record_id = ").arg(id);
    }
    if let Some(id) = filter.department_id {
        query.push(" AND t.department_id = ").arg(id);
    }
    list::about(query, &["t.title", "t.number"], filter.q.as_deref(), filter.found.as_ref());
}

pub async fn tasks(tx: &mut Tx, who: &Actor, filter: &Filter, after: Option<Place>, limit: i64) -> Result<Vec<Task>> {
    let mut query = task_sql(tx);
    narrow(&mut query, who, filter);
    list::page(&mut query, ["t.due_at", "t.id"], false, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count(tx: &mut Tx, who: &Actor, filter: &Filter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM task t");
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") AS found");
    tx.value(query).await
}

/// An open task that came near or is over and did not say so yet.
pub struct Waiting {
    pub id: Uuid,
    pub title: String,
    pub subject_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub due_at: Time,
    pub remind_step: i64,
    pub made_by: Option<Uuid>,
}

from_row!(Waiting { id, title, subject_id, department_id, due_at, remind_step, made_by });

pub async fn to_remind(tx: &mut Tx, zone: Uuid, now: Time, until: Time) -> Result<Vec<Waiting>> {
    tx.list(sql!(
        "SELECT id, title, subject_id, department_id, due_at, remind_step, made_by FROM task
         WHERE zone_id = $1 AND state = 'open' AND due_at <= $2
           AND remind_step < CASE WHEN due_at < $3 THEN 2 ELSE 1 END
         ORDER BY due_at, id LIMIT 500",
        zone,
        until,
        now
    ))
    .await
}

/// Whether the task had not said so and is still open.
pub async fn reminded(work: &mut Work, task: Uuid, step: i64) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE task SET remind_step = $1 WHERE zone_id = $2 AND id = $3 AND state = 'open' AND remind_step < $1",
            step,
            zone,
            task
        ))
        .await?;
    Ok(n == 1)
}
