use super::{Application, Channel, Event, Known, State, Touch};
use crate::actor::{Actor, OFFICE, Scope};
use crate::app::Work;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Key, Walk};
use crate::time::Time;
use ::store::{Result, Sql, Tx, from_row, sql};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The next due time of a case: of the clocks that run. What stands still has none.
const DUE: &str =
    "(SELECT min(k.due_at) FROM clock k WHERE k.zone_id = a.zone_id AND k.owner_id = a.id AND k.state = 'running')";

/// What the list of applications can be sorted by.
pub const KEYS: &[Key] = &[
    Key::number(
        "due",
        "coalesce((SELECT min(k.due_at) FROM clock k WHERE k.zone_id = a.zone_id AND k.owner_id = a.id
           AND k.state = 'running'), 9007199254740991)",
    ),
    Key::number("made", "a.made_at"),
    Key::number("decided", "coalesce(a.decided_at, 0)"),
];

const COLUMNS: &str = "SELECT a.id, a.number, a.matter_id, m.title AS matter_title, a.edition, m.green, a.enterprise_id,
   e.short_name AS enterprise_name, a.state, a.open, a.on_behalf, a.handler_id, h.name AS handler_name, m.deputy_id,
   v.name AS deputy_name,
   CASE WHEN m.owner_id = a.handler_id THEN m.away_until END AS away_until, m.department_id, a.answers, a.known, a.papers,
   a.debts, a.received_at, a.accepted_at, a.corrected_at, a.correction, a.special, a.extended_days, a.decided_at,
   a.decision, a.remedies, a.ended_at, a.made_by, a.made_at, a.version, ";
const FROM: &str = " FROM application a
   JOIN matter m ON m.zone_id = a.zone_id AND m.id = a.matter_id
   LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
   LEFT JOIN person h ON h.zone_id = a.zone_id AND h.id = a.handler_id
   LEFT JOIN person v ON v.zone_id = m.zone_id AND v.id = m.deputy_id WHERE a.zone_id = ";

fn columns() -> Sql {
    let mut query = Sql::from(COLUMNS);
    query.push(DUE).push(" AS due_at");
    query
}

/// The condition, with its ` AND`, under which somebody knows of an application `a` of a
/// matter `m`: it is of his enterprise, he sees to it, or it is of his department or
/// within his reach. A draft is its writer's and the enterprise's.
pub fn known(who: &Actor) -> Sql {
    let mut query = Sql::from("");
    if who.is_rule() {
        return query;
    }
    let me = who.person_id.unwrap_or_default();
    if !who.is(OFFICE) {
        query.push(" AND a.enterprise_id = ").arg(match who.scope {
            Scope::Enterprise(id) => id,
            _ => Uuid::nil(),
        });
        return query;
    }
    query.push(" AND (a.state <> 'draft' OR a.made_by = ").arg(me).push(")");
    let Some(reach) = reach::subjects(who, "a.enterprise_id") else { return query };
    query.push(" AND (a.handler_id = ").arg(me).push(" OR m.deputy_id = ").arg(me).push(" OR a.made_by = ").arg(me);
    let departments = who.departments();
    if !departments.is_empty() {
        query.push(" OR m.department_id IN ").list(departments);
    }
    query.push(" OR ").append(reach).push(")");
    query
}

pub async fn one(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Option<Application>> {
    let mut query = columns();
    query.push(FROM).arg(who.zone_id).push(" AND a.id = ").arg(id).append(known(who));
    tx.opt(query).await
}

/// Whether there is an application with this key, whoever may know of it.
pub async fn is_there(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<bool> {
    let found: Option<Uuid> =
        tx.opt_value(sql!("SELECT id FROM application WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(found.is_some())
}

/// What a list of applications is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Vec<State>,
    /// Those at work, those that ended, or all.
    pub open: Option<bool>,
    /// Due before this time.
    pub overdue_at: Option<Time>,
    /// Of this specialist, or of him as a deputy.
    pub person: Option<Uuid>,
    pub matter_id: Option<Uuid>,
    pub enterprise_id: Option<Uuid>,
    /// Decided from, and before.
    pub decided: Option<(Time, Time)>,
    /// With a contact face to face, or without one.
    pub face: Option<bool>,
    pub q: Option<String>,
    /// What `q` finds among the subjects; the desk asks it.
    pub found: Option<Sql>,
}

/// A contact face to face of the case `a`.
pub const FACE: &str =
    "EXISTS (SELECT 1 FROM application_touch t WHERE t.zone_id = a.zone_id AND t.application_id = a.id AND t.face)";

fn narrow(query: &mut Sql, who: &Actor, filter: &Filter) {
    query.push(FROM).arg(who.zone_id).append(known(who));
    if !filter.state.is_empty() {
        query.push(" AND a.state IN ").list(filter.state.iter().copied());
    }
    match filter.open {
        Some(true) => drop(query.push(" AND a.open")),
        Some(false) => drop(query.push(" AND NOT a.open")),
        None => {}
    }
    if let Some(at) = filter.overdue_at {
        query.push(" AND a.open AND ").push(DUE).push(" < ").arg(at);
    }
    if let Some(person) = filter.person {
        query.push(" AND (a.handler_id = ").arg(person).push(" OR m.deputy_id = ").arg(person).push(")");
    }
    if let Some(id) = filter.matter_id {
        query.push(" AND a.matter_id = ").arg(id);
    }
    if let Some(id) = filter.enterprise_id {
        query.push(" AND a.enterprise_id = ").arg(id);
    }
    if let Some((from, to)) = filter.decided {
        query.push(" AND a.decided_at >= ").arg(from).push(" AND a.decided_at < ").arg(to);
    }
    match filter.face {
        Some(true) => drop(query.push(" AND ").push(FACE)),
        Some(false) => drop(query.push(" AND NOT ").push(FACE)),
        None => {}
    }
    list::about(query, &["m.title", "a.number"], filter.q.as_deref(), filter.found.as_ref());
}

pub async fn list(
    tx: &mut Tx,
    who: &Actor,
    filter: &Filter,
    walk: &Walk,
) -> Result<(Vec<Application>, Option<String>)> {
    let mut query = columns();
    walk.column(&mut query);
    narrow(&mut query, who, filter);
    walk.list(tx, query, "a.id").await
}

pub async fn count(tx: &mut Tx, who: &Actor, filter: &Filter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") AS found");
    tx.value(query).await
}

/// An application on its way into its table.
pub struct Row<'a> {
    pub id: Uuid,
    pub number: &'a str,
    pub matter_id: Uuid,
    pub edition: i64,
    pub enterprise_id: Uuid,
    pub on_behalf: bool,
    pub handler_id: Uuid,
    pub answers: &'a BTreeMap<String, String>,
    pub papers: &'a [usize],
}

pub async fn insert(work: &mut Work, row: &Row<'_>) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO application (zone_id, id, number, matter_id, edition, enterprise_id, state, open, on_behalf, handler_id,
           answers, known, papers, debts, made_by, made_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'draft', TRUE, $7, $8, $9, $10, $11, $10, $12, $13, 1)",
        zone,
        row.id,
        row.number,
        row.matter_id,
        row.edition,
        row.enterprise_id,
        row.on_behalf,
        row.handler_id,
        json!(row.answers),
        Json::Array(Vec::new()),
        json!(row.papers),
        by,
        now
    ))
    .await
    .map(drop)
}

/// Saves how a case stands; false when somebody was quicker.
pub async fn save(work: &mut Work, a: &Application) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE application SET state = $1, open = $2, answers = $3, known = $4, papers = $5, debts = $6,
               received_at = $7, accepted_at = $8, corrected_at = $9, correction = $10, special = $11,
               extended_days = $12, decided_at = $13, decision = $14, remedies = $15, ended_at = $16, handler_id = $17,
               remind_step = CASE WHEN state = $1 AND extended_days = $12 THEN remind_step ELSE 0 END,
               version = version + 1
             WHERE zone_id = $18 AND id = $19 AND version = $20",
            a.state,
            a.state.is_open(),
            a.answers,
            a.known,
            a.papers,
            a.debts,
            a.received_at,
            a.accepted_at,
            a.corrected_at,
            a.correction,
            a.special,
            a.extended_days,
            a.decided_at,
            a.decision,
            a.remedies,
            a.ended_at,
            a.handler_id,
            zone,
            a.id,
            a.version
        ))
        .await?;
    Ok(n == 1)
}

/// The facts of the register that were not asked, as they are kept.
pub fn kept(known: &[Known]) -> Json {
    json!(known)
}

pub async fn add_event(work: &mut Work, application: Uuid, kind: &str, text: &str, internal: bool) -> Result<Uuid> {
    let (zone, by, name, now) = (work.zone(), work.who.person_id, work.who.name.clone(), work.now);
    let id = Uuid::now_v7();
    work.run(sql!(
        "INSERT INTO application_event (zone_id, id, application_id, kind, internal, author_id, author, text, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        zone,
        id,
        application,
        kind,
        internal,
        by,
        name,
        text,
        now
    ))
    .await?;
    Ok(id)
}

/// What happened, newest first; those outside read what is not internal.
pub async fn events(tx: &mut Tx, zone: Uuid, application: Uuid, outside: bool) -> Result<Vec<Event>> {
    tx.list(sql!(
        "SELECT id, kind, internal, author, text, at FROM application_event
         WHERE zone_id = $1 AND application_id = $2 AND NOT (internal AND $3) ORDER BY at DESC, id DESC LIMIT 500",
        zone,
        application,
        outside
    ))
    .await
}

/// A contact on its way into its table.
pub struct NewTouch {
    pub channel: Channel,
    pub face: bool,
    pub minutes: Option<i64>,
    pub note: Option<String>,
    pub at: Time,
}

pub async fn add_touch(work: &mut Work, application: Uuid, new: &NewTouch) -> Result<Uuid> {
    let (zone, by) = (work.zone(), work.who.person_id);
    let id = Uuid::now_v7();
    work.run(sql!(
        "INSERT INTO application_touch (zone_id, id, application_id, at, channel, face, minutes, note, by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        zone,
        id,
        application,
        new.at,
        new.channel,
        new.face,
        new.minutes,
        new.note,
        by
    ))
    .await?;
    Ok(id)
}

pub async fn touches(tx: &mut Tx, zone: Uuid, application: Uuid) -> Result<Vec<Touch>> {
    tx.list(sql!(
        "SELECT t.id, t.at, t.channel, t.face, t.minutes, t.note, p.name AS by FROM application_touch t
         LEFT JOIN person p ON p.zone_id = t.zone_id AND p.id = t.by_id
         WHERE t.zone_id = $1 AND t.application_id = $2 ORDER BY t.at, t.id",
        zone,
        application
    ))
    .await
}

/// Cases whose five working days went by without an answer.
pub async fn unanswered(tx: &mut Tx, zone: Uuid, now: Time) -> Result<Vec<Uuid>> {
    let query = sql!(
        "SELECT a.id FROM application a JOIN clock k ON k.zone_id = a.zone_id AND k.owner_id = a.id AND k.kind = 'accept'
         WHERE a.zone_id = $1 AND a.state = 'submitted' AND k.state = 'running' AND k.due_at < $2
         ORDER BY k.due_at, a.id LIMIT 500",
        zone,
        now
    );
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// A case that came near its end or is over it and did not say so yet.
pub struct Waiting {
    pub id: Uuid,
    pub due_at: Time,
    pub remind_step: i64,
}

from_row!(Waiting { id, due_at, remind_step });

pub async fn to_remind(tx: &mut Tx, zone: Uuid, now: Time, until: Time) -> Result<Vec<Waiting>> {
    let mut query = Sql::from("SELECT w.id, w.due_at, w.remind_step FROM (SELECT a.id, a.remind_step, ");
    query.push(DUE).push(" AS due_at FROM application a WHERE a.open AND a.zone_id = ").arg(zone);
    query.push(") w WHERE w.due_at <= ").arg(until).push(" AND w.remind_step < CASE WHEN w.due_at < ").arg(now);
    query.push(" THEN 2 ELSE 1 END ORDER BY w.due_at, w.id LIMIT 500");
    tx.list(query).await
}

/// Whether the case had not said so and is still open.
pub async fn reminded(work: &mut Work, id: Uuid, step: i64) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE application SET remind_step = $1 WHERE zone_id = $2 AND id = $3 AND open AND remind_step < $1",
            step,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}
