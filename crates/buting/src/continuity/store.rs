use super::{Disruption, Light, Line, Measure, MeasureState, NewDisruption, NewLight, NewMeasure, Source, State};
use crate::actor::Actor;
use crate::app::Work;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Key, Order, Place, Walk};
use crate::subject::SubjectKind;
use crate::time::Time;
use store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

const LIGHT: &str =
    "SELECT c.id, c.subject_kind, c.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
   c.line, c.state, c.was, c.reduced_to, c.cause, c.cause_kind, c.since, c.expected_recovery_at, c.measure_id,
   m.text AS measure_text, m.kind AS measure_kind, m.days_saved, c.disruption_id,
   coalesce(d.exercise, FALSE) AS exercise, c.appeal_id, c.visit_id, c.source, c.said_by, c.at, c.same_as
 FROM continuity c
 LEFT JOIN enterprise e ON e.zone_id = c.zone_id AND e.id = c.subject_id
 LEFT JOIN project p ON p.zone_id = c.zone_id AND p.id = c.subject_id
 LEFT JOIN measure m ON m.zone_id = c.zone_id AND m.id = c.measure_id
 LEFT JOIN disruption d ON d.zone_id = c.zone_id AND d.id = c.disruption_id";

const MEASURE: &str =
    "SELECT m.id, m.subject_kind, m.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
   m.line, m.cause_kind, m.disruption_id, m.appeal_id, m.kind, m.text, m.owner_id, o.name AS owner_name, m.due_at,
   m.rule, m.place, m.effect, m.effect_text, m.later_duty, m.later_due_at, m.later_done_at, m.days_saved, m.state,
   m.created_at, m.ended_at, m.version
 FROM measure m
 LEFT JOIN enterprise e ON e.zone_id = m.zone_id AND e.id = m.subject_id
 LEFT JOIN project p ON p.zone_id = m.zone_id AND p.id = m.subject_id
 LEFT JOIN person o ON o.zone_id = m.zone_id AND o.id = m.owner_id";

const DISRUPTION: &str = "SELECT id, number, name, kind, grade, response_level, warning_colour, exercise, clock_mode,
   area, source, state, started_at, expected_end_at, ended_at, lessons, created_at, version";
const DISRUPTION_FROM: &str = " FROM disruption WHERE zone_id = ";

/// What a disruption is found by.
const DISRUPTION_TEXTS: &[&str] = &["name", "number", "coalesce(area, '')", "coalesce(lessons, '')"];

/// What a list of lights is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct LightFilter {
    pub subject_id: Option<Uuid>,
    pub subject_kind: Option<SubjectKind>,
    pub line: Option<Line>,
    pub state: Option<State>,
    pub disruption_id: Option<Uuid>,
    pub visit_id: Option<Uuid>,
    /// Only the last word on each line.
    pub current: bool,
    /// With this word in its texts or in the name of whom it is about.
    pub q: Option<String>,
    /// What `q` finds among the subjects; the desk asks it.
    pub found: Option<Sql>,
    /// Which way the list runs.
    pub order: Order,
}

/// A word on its way into the table.
pub struct LightRow<'a> {
    pub id: Uuid,
    pub kind: SubjectKind,
    pub subject_id: Uuid,
    pub new: &'a NewLight,
    pub was: State,
    pub since: Time,
    pub source: Source,
    pub visit_id: Option<Uuid>,
    pub same_as: Option<Uuid>,
}

/// Makes the row the last word on its line.
pub async fn insert_light(work: &mut Work, row: &LightRow<'_>) -> Result<()> {
    let (zone, now, said_by) = (work.zone(), work.now, work.who.person_id);
    work.run(sql!(
        "UPDATE continuity SET current = FALSE WHERE zone_id = $1 AND subject_id = $2 AND line = $3 AND current",
        zone,
        row.subject_id,
        row.new.line
    ))
    .await?;
    work.run(sql!(
        "INSERT INTO continuity (zone_id, id, subject_kind, subject_id, line, state, was, reduced_to, cause, cause_kind,
           since, expected_recovery_at, measure_id, disruption_id, appeal_id, visit_id, source, said_by, at, same_as,
           current)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, TRUE)",
        zone,
        row.id,
        row.kind,
        row.subject_id,
        row.new.line,
        row.new.state,
        row.was,
        row.new.reduced_to,
        row.new.cause,
        row.new.cause_kind,
        row.since,
        row.new.expected_recovery_at,
        row.new.measure_id,
        row.new.disruption_id,
        row.new.appeal_id,
        row.visit_id,
        row.source,
        said_by,
        now,
        row.same_as
    ))
    .await
    .map(drop)
}

pub async fn light(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Light>> {
    let mut query = Sql::from(LIGHT);
    query.push(" WHERE c.zone_id = ").arg(zone).push(" AND c.id = ").arg(id);
    tx.opt(query).await
}

/// The last word on each line of a subject.
pub async fn current(tx: &mut Tx, zone: Uuid, subject_id: Uuid) -> Result<Vec<Light>> {
    let mut query = Sql::from(LIGHT);
    query.push(" WHERE c.zone_id = ").arg(zone).push(" AND c.subject_id = ").arg(subject_id).push(" AND c.current");
    tx.list(query).await
}

/// The last words on the lines of many subjects, of those that the actor reaches.
pub async fn standing(tx: &mut Tx, who: &Actor, subjects: &[Uuid]) -> Result<Vec<Light>> {
    let mut query = Sql::from(LIGHT);
    let filter = LightFilter { current: true, ..LightFilter::default() };
    narrow(&mut query, who, &filter);
    query.push(" AND c.subject_id IN ").list(subjects.iter().copied()).push(" ORDER BY c.line");
    tx.list(query).await
}

fn narrow(query: &mut Sql, who: &Actor, filter: &LightFilter) {
    query.push(" WHERE c.zone_id = ").arg(who.zone_id);
    if let Some(reach) = reach::subjects(who, "c.subject_id") {
        query.push(" AND ").append(reach);
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND c.subject_id = ").arg(id);
    }
    if let Some(kind) = filter.subject_kind {
        query.push(" AND c.subject_kind = ").arg(kind);
    }
    if let Some(line) = filter.line {
        query.push(" AND c.line = ").arg(line);
    }
    if let Some(state) = filter.state {
        query.push(" AND c.state = ").arg(state);
    }
    if let Some(id) = filter.disruption_id {
        query.push(" AND c.disruption_id = ").arg(id);
    }
    if let Some(id) = filter.visit_id {
        query.push(" AND c.visit_id = ").arg(id);
    }
    if filter.current {
        query.push(" AND c.current");
    }
    list::about(query, &["c.cause"], filter.q.as_deref(), filter.found.as_ref());
}

/// Lights that the actor reaches, newest first.
pub async fn lights(
    tx: &mut Tx,
    who: &Actor,
    filter: &LightFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Light>> {
    let mut query = Sql::from(LIGHT);
    narrow(&mut query, who, filter);
    list::page(&mut query, ["c.at", "c.id"], true, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count_lights(tx: &mut Tx, who: &Actor, filter: &LightFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM continuity c");
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// The words said in one visit, in the order of saying.
pub async fn of_visit(tx: &mut Tx, zone: Uuid, visit_id: Uuid) -> Result<Vec<Light>> {
    let mut query = Sql::from(LIGHT);
    query.push(" WHERE c.zone_id = ").arg(zone).push(" AND c.visit_id = ").arg(visit_id).push(" ORDER BY c.id");
    tx.list(query).await
}

/// A subject that the board shows.
pub struct Shown {
    pub kind: SubjectKind,
    pub id: Uuid,
    pub name: String,
    pub key: bool,
    pub carrier_id: Option<Uuid>,
    pub carrier_name: String,
}

from_row!(Shown { kind, id, name, key, carrier_id, carrier_name });

/// Enterprises and projects that the actor reaches and that were there at that time.
pub async fn shown(tx: &mut Tx, who: &Actor, at: Time) -> Result<Vec<Shown>> {
    let mut query = Sql::from(
        "SELECT 'enterprise' AS kind, e.id, e.short_name AS name, e.key, e.carrier_id,
           coalesce(k.short_name, '') AS carrier_name
         FROM enterprise e LEFT JOIN carrier k ON k.zone_id = e.zone_id AND k.id = e.carrier_id
         WHERE e.status = 'active' AND e.zone_id = ",
    );
    query.arg(who.zone_id).push(" AND e.created_at <= ").arg(at);
    if let Some(reach) = reach::subjects(who, "e.id") {
        query.push(" AND ").append(reach);
    }
    let mut all = tx.list(query).await?;
    let mut query = Sql::from(
        "SELECT 'project' AS kind, p.id, p.short_name AS name, FALSE AS key, p.carrier_id, '' AS carrier_name
         FROM project p WHERE p.zone_id = ",
    );
    query.arg(who.zone_id).push(" AND p.created_at <= ").arg(at);
    query.push(" AND (p.closed_at IS NULL OR p.closed_at > ").arg(at).push(")");
    if let Some(reach) = reach::subjects(who, "p.id") {
        query.push(" AND ").append(reach);
    }
    all.extend(tx.list(query).await?);
    Ok(all)
}

/// The last word on every line at an instant, `None` for now; of these subjects,
/// where they are named.
pub async fn words_at(tx: &mut Tx, zone: Uuid, at: Option<Time>, of: Option<&[Uuid]>) -> Result<Vec<Light>> {
    let mut query = Sql::from(LIGHT);
    query.push(" WHERE c.zone_id = ").arg(zone);
    if let Some(of) = of {
        query.push(" AND c.subject_id IN ").list(of.iter().copied());
    }
    match at {
        None => {
            query.push(" AND c.current");
        }
        Some(at) => {
            query.push(
                " AND c.id IN (SELECT w.id FROM (SELECT id, row_number() OVER
                   (PARTITION BY subject_id, line ORDER BY at DESC, id DESC) AS n FROM continuity WHERE zone_id = ",
            );
            query.arg(zone).push(" AND at <= ").arg(at).push(") w WHERE w.n = 1)");
        }
    }
    tx.list(query).await
}

/// Words between two instants that differ from the word before them.
pub async fn changed(tx: &mut Tx, zone: Uuid, from: Time, to: Time) -> Result<Vec<(Uuid, State, State)>> {
    tx.list(sql!(
        "SELECT subject_id, was, state FROM continuity WHERE zone_id = $1 AND at >= $2 AND at <= $3 AND was <> state",
        zone,
        from,
        to
    ))
    .await
}

pub async fn insert_measure(
    work: &mut Work,
    id: Uuid,
    kind: SubjectKind,
    subject_id: Uuid,
    new: &NewMeasure,
    state: MeasureState,
) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO measure (zone_id, id, subject_kind, subject_id, line, cause_kind, disruption_id, appeal_id, kind,
           text, owner_id, due_at, rule, place, later_duty, later_due_at, state, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)",
        zone,
        id,
        kind,
        subject_id,
        new.line,
        new.cause_kind,
        new.disruption_id,
        new.appeal_id,
        new.kind,
        new.text,
        new.owner_id,
        new.due_at,
        new.rule,
        new.place,
        new.later_duty,
        new.later_due_at,
        state,
        now
    ))
    .await
    .map(drop)
}

pub async fn measure(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Measure>> {
    let mut query = Sql::from(MEASURE);
    query.push(" WHERE m.zone_id = ").arg(zone).push(" AND m.id = ").arg(id);
    tx.opt(query).await
}

/// What a list of measures is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct MeasureFilter {
    pub subject_id: Option<Uuid>,
    pub disruption_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub state: Option<MeasureState>,
    /// Only those that are not ended, or whose later duty is open.
    pub open: bool,
    /// With this word in its texts or in the name of whom it is about.
    pub q: Option<String>,
    /// What `q` finds among the subjects; the desk asks it.
    pub found: Option<Sql>,
    /// Which way the list runs.
    pub order: Order,
}

fn narrow_measures(query: &mut Sql, who: &Actor, filter: &MeasureFilter) {
    query.push(" WHERE m.zone_id = ").arg(who.zone_id);
    if let Some(reach) = reach::subjects(who, "m.subject_id") {
        query.push(" AND ").append(reach);
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND m.subject_id = ").arg(id);
    }
    if let Some(id) = filter.disruption_id {
        query.push(" AND m.disruption_id = ").arg(id);
    }
    if let Some(id) = filter.owner_id {
        query.push(" AND m.owner_id = ").arg(id);
    }
    if let Some(state) = filter.state {
        query.push(" AND m.state = ").arg(state);
    }
    if filter.open {
        query.push(
            " AND (m.ended_at IS NULL OR (m.state = 'done' AND m.later_duty IS NOT NULL AND m.later_done_at IS NULL))",
        );
    }
    list::about(query, &["m.text", "m.effect_text"], filter.q.as_deref(), filter.found.as_ref());
}

/// Measures that the actor reaches, newest first.
pub async fn measures(
    tx: &mut Tx,
    who: &Actor,
    filter: &MeasureFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Measure>> {
    let mut query = Sql::from(MEASURE);
    narrow_measures(&mut query, who, filter);
    list::page(&mut query, ["m.created_at", "m.id"], true, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count_measures(tx: &mut Tx, who: &Actor, filter: &MeasureFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM measure m");
    narrow_measures(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// Writes every field of a measure that may change; answers whether the version still held.
pub async fn update_measure(work: &mut Work, measure: &Measure) -> Result<bool> {
    let zone = work.zone();
    let changed = work
        .run(sql!(
            "UPDATE measure SET text = $1, owner_id = $2, due_at = $3, rule = $4, place = $5, effect = $6,
               effect_text = $7, later_duty = $8, later_due_at = $9, later_done_at = $10, days_saved = $11, state = $12,
               ended_at = $13, version = version + 1
             WHERE zone_id = $14 AND id = $15 AND version = $16",
            measure.text,
            measure.owner_id,
            measure.due_at,
            measure.rule,
            measure.place,
            measure.effect,
            measure.effect_text,
            measure.later_duty,
            measure.later_due_at,
            measure.later_done_at,
            measure.days_saved,
            measure.state,
            measure.ended_at,
            zone,
            measure.id,
            measure.version
        ))
        .await?;
    Ok(changed == 1)
}

pub async fn insert_disruption(work: &mut Work, id: Uuid, number: &str, new: &NewDisruption) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO disruption (zone_id, id, number, name, kind, grade, response_level, warning_colour, exercise,
           clock_mode, area, source, state, started_at, expected_end_at, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1)",
        zone,
        id,
        number,
        new.name,
        new.kind,
        new.grade,
        new.response_level,
        new.warning_colour,
        new.exercise,
        new.clock_mode.unwrap_or(super::ClockMode::Office),
        new.area,
        new.source,
        new.state.unwrap_or(super::DisruptionState::Responding),
        new.started_at.unwrap_or(now),
        new.expected_end_at,
        now
    ))
    .await
    .map(drop)
}

/// Holds a disruption as it is until the end of the transaction.
pub async fn hold_disruption(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    let mut query = sql!("SELECT id FROM disruption WHERE zone_id = $1 AND id = $2", zone, id);
    query.push(tx.dialect().pick("", " FOR SHARE"));
    tx.all(query).await.map(drop)
}

pub async fn disruption(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Disruption>> {
    let mut query = Sql::from(DISRUPTION);
    query.push(DISRUPTION_FROM).arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Every disruption, running ones first, then the newest.
pub async fn open_disruptions(tx: &mut Tx, zone: Uuid) -> Result<Vec<Disruption>> {
    let mut query = Sql::from(DISRUPTION);
    query.push(DISRUPTION_FROM).arg(zone).push(" AND ended_at IS NULL ORDER BY started_at DESC, id DESC LIMIT 200");
    tx.list(query).await
}

/// How the list of disruptions runs: those that have not ended after all times that
/// there are, so that with the latest first they stand before the others.
pub const DISRUPTION_KEYS: &[Key] =
    &[Key::number("started", "(CASE WHEN ended_at IS NULL THEN 1000000000000000 ELSE 0 END + started_at)")];

/// A page of disruptions, and the cursor of the rest.
pub async fn disruptions(
    tx: &mut Tx,
    zone: Uuid,
    q: Option<&str>,
    walk: &Walk,
) -> Result<(Vec<Disruption>, Option<String>)> {
    let mut query = Sql::from(DISRUPTION);
    walk.column(&mut query);
    query.push(DISRUPTION_FROM).arg(zone);
    list::about(&mut query, DISRUPTION_TEXTS, q, None);
    walk.list(tx, query, "id").await
}

pub async fn count_disruptions(tx: &mut Tx, zone: Uuid, q: Option<&str>) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1");
    query.push(DISRUPTION_FROM).arg(zone);
    list::about(&mut query, DISRUPTION_TEXTS, q, None);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// Writes every field of a disruption that may change; answers whether the version still held.
pub async fn update_disruption(work: &mut Work, disruption: &Disruption) -> Result<bool> {
    let zone = work.zone();
    let changed = work
        .run(sql!(
            "UPDATE disruption SET name = $1, grade = $2, response_level = $3, warning_colour = $4, clock_mode = $5,
               area = $6, source = $7, state = $8, expected_end_at = $9, ended_at = $10, lessons = $11,
               version = version + 1
             WHERE zone_id = $12 AND id = $13 AND version = $14",
            disruption.name,
            disruption.grade,
            disruption.response_level,
            disruption.warning_colour,
            disruption.clock_mode,
            disruption.area,
            disruption.source,
            disruption.state,
            disruption.expected_end_at,
            disruption.ended_at,
            disruption.lessons,
            zone,
            disruption.id,
            disruption.version
        ))
        .await?;
    Ok(changed == 1)
}
