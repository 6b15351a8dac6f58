use super::{
    Background, Candidate, Evidence, Given, NewCandidate, Part, PersonState, Point, PointState, Round, RoundKind,
    RoundState, Training, Tube, TubeState,
};
use crate::actor::{Actor, Scope};
use crate::app::Work;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use ::store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

/// Names of subjects, joined to a table under the letter `t`.
const NAMED: &str = " LEFT JOIN enterprise e ON e.zone_id = t.zone_id AND e.id = t.subject_id
  LEFT JOIN project p ON p.zone_id = t.zone_id AND p.id = t.subject_id";

/// The condition, with its ` AND`, that the actor reaches a subject.
fn reached(query: &mut Sql, who: &Actor, column: &'static str) {
    if let Some(reach) = reach::subjects(who, column) {
        query.push(" AND ").append(reach);
    }
}

async fn counted(tx: &mut Tx, mut inner: Sql) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (");
    inner.push(" LIMIT ").arg(TOTAL_CAP + 1);
    query.append(inner).push(") AS found");
    tx.value(query).await
}

/// Whether a table of this job holds the key.
pub async fn is_there(tx: &mut Tx, zone: Uuid, table: Table, id: Uuid) -> Result<bool> {
    let mut query = Sql::from(match table {
        Table::Candidate => "SELECT id FROM screening_candidate WHERE zone_id = ",
        Table::Training => "SELECT id FROM screening_training WHERE zone_id = ",
        Table::Point => "SELECT id FROM screening_point WHERE zone_id = ",
        Table::Round => "SELECT id FROM screening_round WHERE zone_id = ",
    });
    query.arg(zone).push(" AND id = ").arg(id);
    Ok(tx.opt_value::<Uuid>(query).await?.is_some())
}

#[derive(Clone, Copy)]
pub enum Table {
    Candidate,
    Training,
    Point,
    Round,
}

// ---- candidates ---------------------------------------------------------------------------

const CANDIDATE: &str =
    "SELECT t.id, t.subject_kind, t.subject_id, coalesce(e.short_name, p.short_name) AS subject_name,
    t.name, t.background, t.background_note, t.consented_on, t.state, t.training_id, g.number AS training_number,
    t.attended, t.score, t.certificate_no, t.valid_from, t.valid_to, t.reason, t.made_at, t.version
  FROM screening_candidate t
  LEFT JOIN screening_training g ON g.zone_id = t.zone_id AND g.id = t.training_id";

/// What a list of candidates is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct CandidateFilter {
    pub background: Option<Background>,
    /// Passed, with a certificate that has ended before this day.
    pub expired_on: Option<Day>,
    /// Passed, with a certificate that holds on this day.
    pub valid_on: Option<Day>,
    /// Neither in a training nor through one.
    pub free: bool,
    pub subject_id: Option<Uuid>,
    pub training_id: Option<Uuid>,
    pub id: Option<Uuid>,
    pub q: Option<String>,
}

fn narrow_candidates(query: &mut Sql, who: &Actor, filter: &CandidateFilter, taught: &[Uuid]) {
    query.push(" WHERE t.zone_id = ").arg(who.zone_id);
    if let Some(reach) = reach::subjects(who, "t.subject_id") {
        query.push(" AND (").append(reach);
        if !taught.is_empty() {
            // Who teaches knows whom.
            query.push(" OR g.department_id IN ").list(taught.iter().copied());
        }
        query.push(")");
    }
    if let Some(background) = filter.background {
        query.push(" AND t.background = ").arg(background);
    }
    if let Some(day) = filter.expired_on {
        query.push(" AND t.state = 'passed' AND t.valid_to < ").arg(day);
    }
    if let Some(day) = filter.valid_on {
        query.push(" AND t.state = 'passed' AND t.valid_from <= ").arg(day).push(" AND t.valid_to >= ").arg(day);
    }
    if filter.free {
        query.push(" AND t.state IN ('nominated', 'failed')");
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND t.subject_id = ").arg(id);
    }
    if let Some(id) = filter.training_id {
        query.push(" AND t.training_id = ").arg(id);
    }
    if let Some(id) = filter.id {
        query.push(" AND t.id = ").arg(id);
    }
    list::about(query, &["t.name", "e.short_name", "p.short_name", "t.certificate_no"], filter.q.as_deref(), None);
}

pub async fn candidates(
    tx: &mut Tx,
    who: &Actor,
    filter: &CandidateFilter,
    taught: &[Uuid],
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Candidate>> {
    let mut query = Sql::from(CANDIDATE);
    query.push(NAMED);
    narrow_candidates(&mut query, who, filter, taught);
    list::page(&mut query, ["t.made_at", "t.id"], true, Order::Usual, after, limit);
    tx.list(query).await
}

pub async fn count_candidates(tx: &mut Tx, who: &Actor, filter: &CandidateFilter, taught: &[Uuid]) -> Result<i64> {
    let mut query = Sql::from(
        "SELECT 1 AS one FROM screening_candidate t
         LEFT JOIN screening_training g ON g.zone_id = t.zone_id AND g.id = t.training_id",
    );
    query.push(NAMED);
    narrow_candidates(&mut query, who, filter, taught);
    counted(tx, query).await
}

pub async fn insert_candidate(
    work: &mut Work,
    id: Uuid,
    subject: (SubjectKind, Uuid),
    new: &NewCandidate,
    today: Day,
) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO screening_candidate (zone_id, id, subject_kind, subject_id, name, background, background_note,
           consented_on, state, disruption_id, made_by, made_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'nominated', $9, $10, $11, 1)",
        zone,
        id,
        subject.0,
        subject.1,
        new.name,
        new.background,
        new.background_note,
        today,
        new.disruption_id,
        by,
        now
    ))
    .await
    .map(drop)
}

/// Saves how far a candidate is; false when somebody was quicker.
pub async fn save_candidate(work: &mut Work, c: &Candidate) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE screening_candidate SET state = $1, training_id = $2, attended = $3, score = $4, certificate_no = $5,
               valid_from = $6, valid_to = $7, reason = $8, version = version + 1
             WHERE zone_id = $9 AND id = $10 AND version = $11",
            c.state,
            c.training_id,
            c.attended,
            c.score,
            c.certificate_no,
            c.valid_from,
            c.valid_to,
            c.reason,
            zone,
            c.id,
            c.version
        ))
        .await?;
    Ok(n == 1)
}

// ---- trainings ----------------------------------------------------------------------------

const TRAINING: &str =
    "SELECT t.id, t.number, t.topic, t.department_id, d.short_name AS department_name, t.state, t.held_at,
    t.hours, t.place, t.note, t.disruption_id, x.name AS disruption_name,
    (SELECT count(*) FROM screening_candidate c WHERE c.zone_id = t.zone_id AND c.training_id = t.id) AS people,
    (SELECT count(*) FROM screening_candidate c WHERE c.zone_id = t.zone_id AND c.training_id = t.id
      AND c.certificate_no IS NOT NULL) AS passed,
    t.made_at, t.version
  FROM screening_training t
  LEFT JOIN department d ON d.zone_id = t.zone_id AND d.id = t.department_id
  LEFT JOIN disruption x ON x.zone_id = t.zone_id AND x.id = t.disruption_id
  WHERE t.zone_id = ";

/// Trainings of these departments, or all.
pub async fn trainings(
    tx: &mut Tx,
    zone: Uuid,
    of: Option<&[Uuid]>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Training>> {
    let mut query = Sql::from(TRAINING);
    query.arg(zone);
    if let Some(departments) = of {
        query.push(" AND t.department_id IN ").list(departments.iter().copied());
    }
    list::page(&mut query, ["t.made_at", "t.id"], true, Order::Usual, after, limit);
    tx.list(query).await
}

pub async fn training(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Training>> {
    let mut query = Sql::from(TRAINING);
    query.arg(zone).push(" AND t.id = ").arg(id);
    tx.opt(query).await
}

pub async fn insert_training(work: &mut Work, t: &Training) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO screening_training (zone_id, id, number, topic, department_id, state, note, disruption_id, made_by,
           made_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)",
        zone,
        t.id,
        t.number,
        t.topic,
        t.department_id,
        t.state,
        t.note,
        t.disruption_id,
        by,
        now
    ))
    .await
    .map(drop)
}

pub async fn save_training(work: &mut Work, t: &Training) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE screening_training SET state = $1, held_at = $2, hours = $3, place = $4, note = $5,
               version = version + 1 WHERE zone_id = $6 AND id = $7 AND version = $8",
            t.state,
            t.held_at,
            t.hours,
            t.place,
            t.note,
            zone,
            t.id,
            t.version
        ))
        .await?;
    Ok(n == 1)
}

// ---- points -------------------------------------------------------------------------------

/// What a point is read from, as `t`; `today` tells which certificates hold.
fn point_sql(today: Day) -> Sql {
    let mut query = Sql::from(
        "SELECT t.id, t.number, t.name, t.subject_kind, t.subject_id, coalesce(e.short_name, p.short_name) AS subject_name,
           t.place, t.people, t.teams, t.opens_at, t.closes_at, t.state, t.reason, t.approved_at, t.opened_at,
           t.heard_at, t.silent_step, t.disruption_id, x.name AS disruption_name,
           (SELECT CAST(coalesce(sum(u.filled), 0) AS bigint) FROM screening_tube u
             WHERE u.zone_id = t.zone_id AND u.point_id = t.id) AS sampled,
           (SELECT count(*) FROM screening_candidate c WHERE c.zone_id = t.zone_id AND c.subject_id = t.subject_id
             AND c.state = 'passed' AND c.valid_from <= ",
    );
    query.arg(today).push(" AND c.valid_to >= ").arg(today);
    query.push(
        ") AS samplers, t.made_at, t.version FROM screening_point t
         LEFT JOIN disruption x ON x.zone_id = t.zone_id AND x.id = t.disruption_id",
    );
    query.push(NAMED);
    query
}

/// What a list of points is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct PointFilter {
    pub state: Option<PointState>,
    pub subject_id: Option<Uuid>,
    pub id: Option<Uuid>,
    pub q: Option<String>,
}

fn narrow_points(query: &mut Sql, who: &Actor, filter: &PointFilter) {
    query.push(" WHERE t.zone_id = ").arg(who.zone_id);
    reached(query, who, "t.subject_id");
    if let Some(state) = filter.state {
        query.push(" AND t.state = ").arg(state);
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND t.subject_id = ").arg(id);
    }
    if let Some(id) = filter.id {
        query.push(" AND t.id = ").arg(id);
    }
    list::about(query, &["t.name", "t.number", "e.short_name", "p.short_name"], filter.q.as_deref(), None);
}

pub async fn points(
    tx: &mut Tx,
    who: &Actor,
    filter: &PointFilter,
    today: Day,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Point>> {
    let mut query = point_sql(today);
    narrow_points(&mut query, who, filter);
    list::page(&mut query, ["t.made_at", "t.id"], true, Order::Usual, after, limit);
    tx.list(query).await
}

pub async fn count_points(tx: &mut Tx, who: &Actor, filter: &PointFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT 1 AS one FROM screening_point t");
    query.push(NAMED);
    narrow_points(&mut query, who, filter);
    counted(tx, query).await
}

pub async fn insert_point(work: &mut Work, p: &Point) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO screening_point (zone_id, id, number, name, subject_kind, subject_id, place, people, teams, opens_at,
           closes_at, state, disruption_id, made_by, made_at, silent_step, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 1)",
        zone,
        p.id,
        p.number,
        p.name,
        p.subject_kind,
        p.subject_id,
        p.place,
        p.people,
        p.teams,
        p.opens_at,
        p.closes_at,
        p.state,
        p.disruption_id,
        by,
        now
    ))
    .await
    .map(drop)
}

pub async fn save_point(work: &mut Work, p: &Point) -> Result<bool> {
    let (zone, by) = (work.zone(), work.who.person_id);
    let n = work
        .run(sql!(
            "UPDATE screening_point SET place = $1, people = $2, teams = $3, opens_at = $4, closes_at = $5, state = $6,
               reason = $7, approved_by = CASE WHEN $8 IS NULL THEN NULL WHEN approved_at = $8 THEN approved_by ELSE $9 END,
               approved_at = $8, opened_at = $10, heard_at = $11, silent_step = $12, version = version + 1
             WHERE zone_id = $13 AND id = $14 AND version = $15",
            p.place,
            p.people,
            p.teams,
            p.opens_at,
            p.closes_at,
            p.state,
            p.reason,
            p.approved_at,
            by,
            p.opened_at,
            p.heard_at,
            p.silent_step,
            zone,
            p.id,
            p.version
        ))
        .await?;
    Ok(n == 1)
}

/// A point was heard of.
pub async fn heard(work: &mut Work, point: Uuid) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "UPDATE screening_point SET heard_at = $1, silent_step = 0 WHERE zone_id = $2 AND id = $3",
        now,
        zone,
        point
    ))
    .await
    .map(drop)
}

/// Open points that were not heard of since a time.
pub async fn silent(tx: &mut Tx, zone: Uuid, since: Time) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT id FROM screening_point WHERE zone_id = $1 AND state = 'open' AND heard_at < $2
             ORDER BY heard_at, id LIMIT 500",
            zone,
            since
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub async fn evidence(tx: &mut Tx, zone: Uuid, point: Uuid) -> Result<Vec<Given>> {
    tx.list(sql!(
        "SELECT v.kind, v.text, v.given_at, h.name AS giver FROM screening_evidence v
         LEFT JOIN person h ON h.zone_id = v.zone_id AND h.id = v.given_by
         WHERE v.zone_id = $1 AND v.point_id = $2 ORDER BY v.given_at, v.kind",
        zone,
        point
    ))
    .await
}

pub async fn put_evidence(work: &mut Work, point: Uuid, kind: Evidence, text: &str) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO screening_evidence (zone_id, point_id, kind, text, given_at, given_by) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (zone_id, point_id, kind) DO UPDATE SET text = $4, given_at = $5, given_by = $6",
        zone,
        point,
        kind,
        text,
        now,
        by
    ))
    .await
    .map(drop)
}

// ---- rounds -------------------------------------------------------------------------------

/// A column that counts people of a round, as far as the actor reaches them.
fn count_of(query: &mut Sql, who: &Actor, state: &'static str, name: &'static str) {
    query
        .push(", (SELECT count(*) FROM screening_person q WHERE q.zone_id = t.zone_id AND q.round_id = t.id")
        .push(state);
    reached(query, who, "q.subject_id");
    query.push(") AS ").push(name);
}

fn round_sql(who: &Actor) -> Sql {
    let mut query = Sql::from(
        "SELECT t.id, t.number, t.kind, t.title, t.starts_at, t.ends_at, t.pool_size, t.lab, t.state, t.closed_at, t.reason,
           t.disruption_id, x.name AS disruption_name, x.exercise AS exercise",
    );
    count_of(&mut query, who, "", "people");
    count_of(&mut query, who, " AND q.state = 'exempt'", "exempt");
    count_of(&mut query, who, " AND q.state = 'done'", "done");
    query.push(
        ", t.made_at, t.version FROM screening_round t
         LEFT JOIN disruption x ON x.zone_id = t.zone_id AND x.id = t.disruption_id",
    );
    query
}

/// What a list of rounds is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct RoundFilter {
    pub state: Option<RoundState>,
    pub kind: Option<RoundKind>,
    /// With people of this subject on the list.
    pub subject_id: Option<Uuid>,
    pub disruption_id: Option<Uuid>,
    pub id: Option<Uuid>,
    pub q: Option<String>,
    pub order: Order,
}

fn narrow_rounds(query: &mut Sql, who: &Actor, filter: &RoundFilter) {
    query.push(" WHERE t.zone_id = ").arg(who.zone_id);
    const OF: &str = "EXISTS (SELECT 1 FROM screening_person q WHERE q.zone_id = t.zone_id AND q.round_id = t.id
      AND q.subject_id = ";
    if let Scope::Enterprise(id) | Scope::Project(id) = who.scope {
        // Who is outside begins his list in a round that runs, and keeps what it came to.
        query.push(" AND (t.state = 'open' OR ").push(OF).arg(id).push("))");
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND ").push(OF).arg(id).push(")");
    }
    if let Some(state) = filter.state {
        query.push(" AND t.state = ").arg(state);
    }
    if let Some(kind) = filter.kind {
        query.push(" AND t.kind = ").arg(kind);
    }
    if let Some(id) = filter.disruption_id {
        query.push(" AND t.disruption_id = ").arg(id);
    }
    if let Some(id) = filter.id {
        query.push(" AND t.id = ").arg(id);
    }
    list::about(query, &["t.title", "t.number"], filter.q.as_deref(), None);
}

pub async fn rounds(
    tx: &mut Tx,
    who: &Actor,
    filter: &RoundFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Round>> {
    let mut query = round_sql(who);
    narrow_rounds(&mut query, who, filter);
    list::page(&mut query, ["t.ends_at", "t.id"], true, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count_rounds(tx: &mut Tx, who: &Actor, filter: &RoundFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT 1 AS one FROM screening_round t");
    narrow_rounds(&mut query, who, filter);
    counted(tx, query).await
}

pub async fn insert_round(work: &mut Work, r: &Round) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO screening_round (zone_id, id, number, kind, title, starts_at, ends_at, pool_size, lab, state,
           disruption_id, made_by, made_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)",
        zone,
        r.id,
        r.number,
        r.kind,
        r.title,
        r.starts_at,
        r.ends_at,
        r.pool_size,
        r.lab,
        r.state,
        r.disruption_id,
        by,
        now
    ))
    .await
    .map(drop)
}

/// Closes a round; false when somebody was quicker.
pub async fn close_round(work: &mut Work, id: Uuid, reason: Option<&str>, version: i64) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let n = work
        .run(sql!(
            "UPDATE screening_round SET state = 'closed', closed_at = $1, reason = $2, version = version + 1
             WHERE zone_id = $3 AND id = $4 AND version = $5 AND state = 'open'",
            now,
            reason.map(str::to_owned),
            zone,
            id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// Until the end of the transaction nobody else adds to the round's lists or closes it;
/// none when it is closed.
pub async fn hold_round(work: &mut Work, id: Uuid) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE screening_round SET state = state WHERE zone_id = $1 AND id = $2 AND state = 'open'",
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

pub async fn parts(tx: &mut Tx, who: &Actor, round: Uuid) -> Result<Vec<Part>> {
    let mut query = Sql::from(
        "SELECT t.subject_kind, t.subject_id, coalesce(e.short_name, p.short_name) AS subject_name, t.unit,
           count(*) AS people, count(CASE WHEN t.state = 'exempt' THEN 1 END) AS exempt,
           count(CASE WHEN t.state = 'done' THEN 1 END) AS done,
           count(CASE WHEN o.subject_id = t.subject_id THEN 1 END) AS on_site
         FROM screening_person t
         LEFT JOIN screening_tube u ON u.zone_id = t.zone_id AND u.id = t.tube_id
         LEFT JOIN screening_point o ON o.zone_id = u.zone_id AND o.id = u.point_id",
    );
    query.push(NAMED).push(" WHERE t.zone_id = ").arg(who.zone_id).push(" AND t.round_id = ").arg(round);
    reached(&mut query, who, "t.subject_id");
    query.push(
        " GROUP BY t.subject_kind, t.subject_id, e.short_name, p.short_name, t.unit
         ORDER BY coalesce(e.short_name, p.short_name), t.subject_id, coalesce(t.unit, '')",
    );
    tx.list(query).await
}

/// When those who are done did it.
pub async fn done_times(tx: &mut Tx, who: &Actor, round: Uuid) -> Result<Vec<Time>> {
    let mut query = Sql::from("SELECT t.done_at FROM screening_person t WHERE t.state = 'done' AND t.zone_id = ");
    query.arg(who.zone_id).push(" AND t.round_id = ").arg(round);
    reached(&mut query, who, "t.subject_id");
    let rows: Vec<(Option<Time>,)> = tx.list(query).await?;
    Ok(rows.into_iter().filter_map(|(at,)| at).collect())
}

/// Somebody on a list, still sealed.
#[derive(Clone)]
pub struct Person {
    pub id: Uuid,
    pub subject_kind: SubjectKind,
    pub subject_id: Uuid,
    pub subject_name: Option<String>,
    pub unit: Option<String>,
    pub sealed_name: Vec<u8>,
    pub sealed_reason: Option<Vec<u8>>,
    pub no_digest: Option<String>,
    pub state: PersonState,
    pub slot_at: Option<Time>,
    pub done_at: Option<Time>,
    pub single_id: Option<Uuid>,
    pub sealed_result: Option<Vec<u8>>,
}

from_row!(Person {
    id,
    subject_kind,
    subject_id,
    subject_name,
    unit,
    sealed_name,
    sealed_reason,
    no_digest,
    state,
    slot_at,
    done_at,
    single_id,
    sealed_result,
});

const PERSON: &str =
    "SELECT t.id, t.subject_kind, t.subject_id, coalesce(e.short_name, p.short_name) AS subject_name, t.unit,
    t.sealed_name, t.sealed_reason, t.no_digest, t.state, t.slot_at, t.done_at, t.single_id, r.sealed_result
  FROM screening_person t LEFT JOIN screening_result r ON r.zone_id = t.zone_id AND r.person_id = t.id";

/// Whom a list of people is narrowed to.
#[derive(Clone, Copy, Default)]
pub struct PeopleFilter<'a> {
    pub subject_id: Option<Uuid>,
    /// Due or booked, or with a result that may call again.
    pub open: bool,
    /// With this digest of name or number.
    pub digests: Option<(&'a str, &'a str)>,
    pub tube_id: Option<Uuid>,
}

pub async fn people(tx: &mut Tx, zone: Uuid, round: Uuid, filter: PeopleFilter<'_>) -> Result<Vec<Person>> {
    let mut query = Sql::from(PERSON);
    query.push(NAMED).push(" WHERE t.zone_id = ").arg(zone).push(" AND t.round_id = ").arg(round);
    if let Some(id) = filter.subject_id {
        query.push(" AND t.subject_id = ").arg(id);
    }
    if filter.open {
        query.push(" AND (t.state IN ('due', 'booked') OR r.sealed_result IS NOT NULL AND t.single_id IS NULL)");
    }
    if let Some((name, no)) = filter.digests {
        query.push(" AND (t.name_digest = ").arg(name).push(" OR t.no_digest = ").arg(no).push(")");
    }
    if let Some(tube) = filter.tube_id {
        query.push(" AND (t.tube_id = ").arg(tube).push(" OR t.single_id = ").arg(tube).push(")");
    }
    query.push(" ORDER BY t.subject_id, t.position, t.id LIMIT 20000");
    tx.list(query).await
}

/// Digests of those on a list already: name, number.
pub async fn digests(tx: &mut Tx, zone: Uuid, round: Uuid) -> Result<Vec<(Uuid, String, Option<String>)>> {
    tx.list(sql!(
        "SELECT subject_id, name_digest, no_digest FROM screening_person WHERE zone_id = $1 AND round_id = $2",
        zone,
        round
    ))
    .await
}

/// Somebody on his way onto a list.
pub struct NewPerson {
    pub id: Uuid,
    pub unit: Option<String>,
    pub position: i64,
    pub sealed_name: Vec<u8>,
    pub sealed_reason: Option<Vec<u8>>,
    pub name_digest: String,
    pub no_digest: Option<String>,
    pub state: PersonState,
}

pub async fn insert_person(
    work: &mut Work,
    round: Uuid,
    subject: (SubjectKind, Uuid),
    person: NewPerson,
) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO screening_person (zone_id, id, round_id, subject_kind, subject_id, unit, position, sealed_name,
           sealed_reason, name_digest, no_digest, state, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        zone,
        person.id,
        round,
        subject.0,
        subject.1,
        person.unit,
        person.position,
        person.sealed_name,
        person.sealed_reason,
        person.name_digest,
        person.no_digest,
        person.state,
        now
    ))
    .await
    .map(drop)
}

/// Exempts somebody; false when he is no longer in that state.
pub async fn exempt(work: &mut Work, person: Uuid, from: PersonState, sealed: Vec<u8>) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE screening_person SET state = 'exempt', sealed_reason = $1, slot_at = NULL
             WHERE zone_id = $2 AND id = $3 AND state = $4",
            sealed,
            zone,
            person,
            from
        ))
        .await?;
    Ok(n == 1)
}

pub async fn book(work: &mut Work, person: Uuid, at: Time) -> Result<()> {
    let zone = work.zone();
    work.run(sql!(
        "UPDATE screening_person SET state = 'booked', slot_at = $1
         WHERE zone_id = $2 AND id = $3 AND state IN ('due', 'booked')",
        at,
        zone,
        person
    ))
    .await
    .map(drop)
}

/// Somebody is done, by his sample in a tube or by a tick; false when he was already.
pub async fn done(work: &mut Work, person: Uuid, tube: Option<Uuid>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let n = work
        .run(sql!(
            "UPDATE screening_person SET state = 'done', done_at = $1, tube_id = $2
             WHERE zone_id = $3 AND id = $4 AND state IN ('due', 'booked')",
            now,
            tube,
            zone,
            person
        ))
        .await?;
    Ok(n == 1)
}

/// Somebody who was called again has a tube of his own; false when he has one already.
pub async fn single(work: &mut Work, person: Uuid, tube: Uuid) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE screening_person SET single_id = $1
             WHERE zone_id = $2 AND id = $3 AND state = 'done' AND single_id IS NULL",
            tube,
            zone,
            person
        ))
        .await?;
    Ok(n == 1)
}

/// Writes down what came of somebody's sample. Who is called once more has no tube of his
/// own any longer.
pub async fn put_result(work: &mut Work, round: Uuid, person: Uuid, sealed: Vec<u8>, again: bool) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO screening_result (zone_id, person_id, round_id, sealed_result, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (zone_id, person_id) DO UPDATE SET sealed_result = $4, at = $5",
        zone,
        person,
        round,
        sealed,
        now
    ))
    .await?;
    if again {
        work.run(sql!("UPDATE screening_person SET single_id = NULL WHERE zone_id = $1 AND id = $2", zone, person))
            .await?;
    }
    Ok(())
}

// ---- tubes --------------------------------------------------------------------------------

const TUBE: &str = "SELECT t.id, t.code, t.point_id, o.name AS point_name, t.pool_size, t.filled, t.state, t.made_at,
    t.handed_to, t.handed_at, t.result_at
  FROM screening_tube t LEFT JOIN screening_point o ON o.zone_id = t.zone_id AND o.id = t.point_id";

/// The newest tubes of a round at points that the actor reaches.
pub async fn tubes(tx: &mut Tx, who: &Actor, round: Uuid, limit: i64) -> Result<Vec<Tube>> {
    let mut query = Sql::from(TUBE);
    query.push(" WHERE t.zone_id = ").arg(who.zone_id).push(" AND t.round_id = ").arg(round);
    reached(&mut query, who, "o.subject_id");
    query.push(" ORDER BY t.made_at DESC, t.code DESC LIMIT ").arg(limit);
    tx.list(query).await
}

/// The tube with that code: its round with it. Who fills several at once waits here for
/// who fills the same.
pub async fn tube(tx: &mut Tx, zone: Uuid, code: &str) -> Result<Option<(Uuid, Tube)>> {
    let found: Option<(Uuid, Uuid)> = tx
        .opt(sql!("SELECT id, round_id FROM screening_tube WHERE zone_id = $1 AND code = $2", zone, code.to_owned()))
        .await?;
    let Some((id, round)) = found else { return Ok(None) };
    let mut query = Sql::from(TUBE);
    query.push(" WHERE t.zone_id = ").arg(zone).push(" AND t.id = ").arg(id);
    Ok(tx.opt(query).await?.map(|tube| (round, tube)))
}

pub async fn insert_tube(work: &mut Work, round: Uuid, sampler: Uuid, tube: &Tube) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO screening_tube (zone_id, id, round_id, point_id, sampler_id, code, pool_size, filled, state, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)",
        zone,
        tube.id,
        round,
        tube.point_id,
        sampler,
        tube.code,
        tube.pool_size,
        TubeState::Filling,
        now
    ))
    .await
    .map(drop)
}

/// Puts one more in; false when it is full or gone. The row decides, so that no two who fill
/// the same tube at once overfill it.
pub async fn fill(work: &mut Work, tube: Uuid) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE screening_tube SET filled = filled + 1
             WHERE zone_id = $1 AND id = $2 AND state = 'filling' AND filled < pool_size",
            zone,
            tube
        ))
        .await?;
    Ok(n == 1)
}

/// Takes a tube that nobody was put into away again.
pub async fn drop_empty(work: &mut Work, tube: Uuid) -> Result<()> {
    let zone = work.zone();
    work.run(sql!("DELETE FROM screening_tube WHERE zone_id = $1 AND id = $2 AND filled = 0", zone, tube))
        .await
        .map(drop)
}

pub async fn hand_over(work: &mut Work, tube: Uuid, to: &str) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let n = work
        .run(sql!(
            "UPDATE screening_tube SET state = 'handed', handed_to = $1, handed_at = $2
             WHERE zone_id = $3 AND id = $4 AND state = 'filling' AND filled > 0",
            to.to_owned(),
            now,
            zone,
            tube
        ))
        .await?;
    Ok(n == 1)
}

pub async fn result(work: &mut Work, tube: Uuid, sealed: Vec<u8>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let n = work
        .run(sql!(
            "UPDATE screening_tube SET state = 'resulted', sealed_result = $1, result_at = $2
             WHERE zone_id = $3 AND id = $4 AND state = 'handed'",
            sealed,
            now,
            zone,
            tube
        ))
        .await?;
    Ok(n == 1)
}

/// Open rounds with people of a subject who are missing: key, title, end, how many.
pub async fn waiting(tx: &mut Tx, zone: Uuid, subjects: Sql) -> Result<Vec<(Uuid, String, Time, i64)>> {
    let mut query = Sql::from(
        "SELECT r.id, r.title, r.ends_at, count(*) FROM screening_person q
         JOIN screening_round r ON r.zone_id = q.zone_id AND r.id = q.round_id
         WHERE r.state = 'open' AND q.state IN ('due', 'booked') AND q.zone_id = ",
    );
    query.arg(zone).push(" AND ").append(subjects);
    query.push(" GROUP BY r.id, r.title, r.ends_at ORDER BY r.ends_at, r.id LIMIT 20");
    tx.list(query).await
}
