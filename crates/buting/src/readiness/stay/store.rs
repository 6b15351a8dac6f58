use super::{ClosedLoop, LoopState, Member, NewMember, Shift, Stay};
use crate::app::Work;
use crate::list::{self, Key, Walk};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

const LOOP: &str = "SELECT l.id, l.subject_kind, l.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
   l.disruption_id, d.name AS disruption, l.state, l.reason, l.areas, l.beds, l.meals, l.medicine_days, l.party,
   l.began_at, l.closed_at, l.ended_at, l.end_reason,
   (SELECT CAST(coalesce(sum(m.number), 0) AS bigint) FROM loop_stay s JOIN loop_member m ON m.zone_id = s.zone_id
     AND m.id = s.member_id WHERE s.zone_id = l.zone_id AND s.loop_id = l.id AND s.void_at IS NULL AND s.out_at IS NULL) AS inside,
   (SELECT CAST(coalesce(sum(m.number), 0) AS bigint) FROM loop_member m WHERE m.zone_id = l.zone_id AND m.loop_id = l.id)
     AS enlisted, l.version";
const LOOP_FROM: &str = " FROM closed_loop l
   LEFT JOIN enterprise e ON e.zone_id = l.zone_id AND e.id = l.subject_id
   LEFT JOIN project p ON p.zone_id = l.zone_id AND p.id = l.subject_id
   LEFT JOIN disruption d ON d.zone_id = l.zone_id AND d.id = l.disruption_id
   WHERE l.zone_id = ";

pub async fn closed(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<ClosedLoop>> {
    let mut query = Sql::from(LOOP);
    query.push(LOOP_FROM).arg(zone).push(" AND l.id = ").arg(id);
    tx.opt(query).await
}

/// The loop of a subject that has not ended.
pub async fn open_of(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Option<ClosedLoop>> {
    let mut query = Sql::from(LOOP);
    query.push(LOOP_FROM).arg(zone).push(" AND l.subject_id = ").arg(subject);
    query.push(" AND l.state <> 'ended' ORDER BY l.began_at DESC, l.id DESC LIMIT 1");
    tx.opt(query).await
}

pub async fn insert(work: &mut Work, l: &ClosedLoop) -> Result<()> {
    let (zone, by) = (work.zone(), work.who.person_id);
    work.run(sql!(
        "INSERT INTO closed_loop (zone_id, id, subject_kind, subject_id, disruption_id, state, reason, areas, beds, meals,
           medicine_days, party, began_at, made_by, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)",
        zone,
        l.id,
        l.subject_kind,
        l.subject_id,
        l.disruption_id,
        l.state,
        l.reason,
        l.areas,
        l.beds,
        l.meals,
        l.medicine_days,
        l.party,
        l.began_at,
        by
    ))
    .await
    .map(drop)
}

/// Saves how a loop stands; false when somebody was quicker.
pub async fn save(work: &mut Work, l: &ClosedLoop) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE closed_loop SET state = $1, areas = $2, beds = $3, meals = $4, medicine_days = $5, party = $6,
               closed_at = $7, ended_at = $8, end_reason = $9, version = version + 1
             WHERE zone_id = $10 AND id = $11 AND version = $12",
            l.state,
            l.areas,
            l.beds,
            l.meals,
            l.medicine_days,
            l.party,
            l.closed_at,
            l.ended_at,
            l.end_reason,
            zone,
            l.id,
            l.version
        ))
        .await?;
    Ok(n == 1)
}

pub async fn members(tx: &mut Tx, zone: Uuid, of: Uuid) -> Result<Vec<Member>> {
    tx.list(sql!(
        "SELECT id, name, phone, job, crew, number, responsible, planned_on,
           CASE WHEN name IS NULL THEN FALSE ELSE TRUE END AS named
         FROM loop_member WHERE zone_id = $1 AND loop_id = $2 ORDER BY crew, made_at, id",
        zone,
        of
    ))
    .await
}

pub async fn enlist(work: &mut Work, of: Uuid, id: Uuid, new: &NewMember) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO loop_member (zone_id, id, loop_id, name, phone, job, crew, number, responsible, planned_on, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        zone,
        id,
        of,
        new.name,
        new.phone,
        new.job,
        new.crew,
        new.number,
        new.responsible,
        new.planned_on,
        now
    ))
    .await
    .map(drop)
}

pub async fn strike(work: &mut Work, of: Uuid, member: Uuid) -> Result<()> {
    let zone = work.zone();
    work.run(sql!("DELETE FROM loop_shift_member WHERE zone_id = $1 AND member_id = $2", zone, member)).await?;
    work.run(sql!("DELETE FROM loop_member WHERE zone_id = $1 AND loop_id = $2 AND id = $3", zone, of, member))
        .await
        .map(drop)
}

pub async fn stays(tx: &mut Tx, zone: Uuid, of: Uuid) -> Result<Vec<Stay>> {
    tx.list(sql!(
        "SELECT id, member_id, area, in_at, out_at, note, corrects_id, void_at FROM loop_stay
         WHERE zone_id = $1 AND loop_id = $2 ORDER BY in_at DESC, id DESC",
        zone,
        of
    ))
    .await
}

pub async fn add_stay(work: &mut Work, of: Uuid, s: &Stay) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO loop_stay (zone_id, id, loop_id, member_id, area, in_at, out_at, note, corrects_id, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        zone,
        s.id,
        of,
        s.member_id,
        s.area,
        s.in_at,
        s.out_at,
        s.note,
        s.corrects_id,
        by,
        now
    ))
    .await
    .map(drop)
}

/// Ends an interval that is open.
pub async fn leave(work: &mut Work, stay: Uuid, at: Time, note: Option<&str>) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE loop_stay SET out_at = $1, note = $2 WHERE zone_id = $3 AND id = $4 AND out_at IS NULL AND void_at IS NULL",
            at,
            note,
            zone,
            stay
        ))
        .await?;
    Ok(n == 1)
}

/// Another row has taken the place of this one.
pub async fn void(work: &mut Work, stay: Uuid) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!("UPDATE loop_stay SET void_at = $1 WHERE zone_id = $2 AND id = $3", now, zone, stay)).await.map(drop)
}

pub async fn shifts(tx: &mut Tx, zone: Uuid, of: Uuid, from: Time) -> Result<Vec<Shift>> {
    tx.list(sql!(
        "SELECT id, label, starts_at, ends_at, least, told FROM loop_shift
         WHERE zone_id = $1 AND loop_id = $2 AND ends_at > $3 ORDER BY starts_at, id LIMIT 60",
        zone,
        of,
        from
    ))
    .await
}

pub async fn shift_members(tx: &mut Tx, zone: Uuid, of: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    tx.list(sql!(
        "SELECT shift_id, member_id FROM loop_shift_member WHERE zone_id = $1 AND loop_id = $2 ORDER BY shift_id, member_id",
        zone,
        of
    ))
    .await
}

pub async fn add_shift(work: &mut Work, of: Uuid, shift: &Shift, members: &[Uuid]) -> Result<()> {
    let (zone, by) = (work.zone(), work.who.person_id);
    work.run(sql!(
        "INSERT INTO loop_shift (zone_id, id, loop_id, label, starts_at, ends_at, least, told, made_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
        zone,
        shift.id,
        of,
        shift.label,
        shift.starts_at,
        shift.ends_at,
        shift.least,
        by
    ))
    .await?;
    for member in members {
        work.run(sql!(
            "INSERT INTO loop_shift_member (zone_id, loop_id, shift_id, member_id) VALUES ($1, $2, $3, $4)",
            zone,
            of,
            shift.id,
            *member
        ))
        .await?;
    }
    Ok(())
}

pub async fn drop_shift(work: &mut Work, of: Uuid, shift: Uuid) -> Result<bool> {
    let zone = work.zone();
    work.run(sql!("DELETE FROM loop_shift_member WHERE zone_id = $1 AND shift_id = $2", zone, shift)).await?;
    let gone = sql!("DELETE FROM loop_shift WHERE zone_id = $1 AND loop_id = $2 AND id = $3", zone, of, shift);
    Ok(work.run(gone).await? == 1)
}

/// Shifts of loops at work that begin before a time and were not told yet: loop, shift.
pub async fn untold(tx: &mut Tx, zone: Uuid, now: Time, until: Time) -> Result<Vec<(Uuid, Uuid)>> {
    tx.list(sql!(
        "SELECT s.loop_id, s.id FROM loop_shift s JOIN closed_loop l ON l.zone_id = s.zone_id AND l.id = s.loop_id
         WHERE s.zone_id = $1 AND l.state <> 'ended' AND s.told = 0 AND s.ends_at > $2 AND s.starts_at <= $3
         ORDER BY s.starts_at, s.id LIMIT 500",
        zone,
        now,
        until
    ))
    .await
}

/// Whether it had not been told.
pub async fn tell_shift(work: &mut Work, shift: Uuid) -> Result<bool> {
    let zone = work.zone();
    let update = sql!("UPDATE loop_shift SET told = 1 WHERE zone_id = $1 AND id = $2 AND told = 0", zone, shift);
    Ok(work.run(update).await? == 1)
}

// ---- lists ----

pub const KEYS: &[Key] =
    &[Key::number("began", "l.began_at"), Key::text("name", "coalesce(e.short_name, p.short_name, '')")];

/// What a list of loops is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Option<LoopState>,
    /// Not ended, or ended.
    pub open: Option<bool>,
    pub subject_id: Option<Uuid>,
    pub disruption_id: Option<Uuid>,
    /// Within these, on `l.subject_id`.
    pub reach: Option<Sql>,
    pub q: Option<String>,
    pub found: Option<Sql>,
}

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.push(LOOP_FROM).arg(zone);
    if let Some(state) = filter.state {
        query.push(" AND l.state = ").arg(state);
    }
    match filter.open {
        Some(true) => drop(query.push(" AND l.state <> 'ended'")),
        Some(false) => drop(query.push(" AND l.state = 'ended'")),
        None => {}
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND l.subject_id = ").arg(id);
    }
    if let Some(id) = filter.disruption_id {
        query.push(" AND l.disruption_id = ").arg(id);
    }
    if let Some(reach) = &filter.reach {
        query.push(" AND ").append(reach.clone());
    }
    list::about(query, &["l.reason"], filter.q.as_deref(), filter.found.as_ref());
}

pub async fn list(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<ClosedLoop>, Option<String>)> {
    let mut query = Sql::from(LOOP);
    walk.column(&mut query);
    narrow(&mut query, zone, filter);
    walk.list(tx, query, "l.id").await
}

pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}
