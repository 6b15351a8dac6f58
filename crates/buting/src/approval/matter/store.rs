use super::{Content, Level, Matter, MatterKind, NewMatter};
use crate::app::Work;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Key, Walk};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use serde_json::Value as Json;
use uuid::Uuid;

/// What the list of matters can be sorted by.
pub const KEYS: &[Key] =
    &[Key::text("code", "m.code"), Key::text("title", "m.title"), Key::number("promised", "m.promised_days")];

const COLUMNS: &str =
    "SELECT m.id, m.code, m.title, m.kind, m.level, m.green, m.instant, m.promised_days, m.department_id,
   d.short_name AS department_name, m.owner_id, o.name AS owner_name, m.deputy_id, v.name AS deputy_name, m.away_until,
   m.edition, m.content, m.closed_at, m.version,
   (SELECT count(*) FROM application a WHERE a.zone_id = m.zone_id AND a.matter_id = m.id AND a.open
     AND a.state <> 'draft') AS open";
const FROM: &str = " FROM matter m
   LEFT JOIN department d ON d.zone_id = m.zone_id AND d.id = m.department_id
   LEFT JOIN person o ON o.zone_id = m.zone_id AND o.id = m.owner_id
   LEFT JOIN person v ON v.zone_id = m.zone_id AND v.id = m.deputy_id WHERE m.zone_id = ";

pub async fn matter(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Matter>> {
    let mut query = Sql::from(COLUMNS);
    query.push(FROM).arg(zone).push(" AND m.id = ").arg(id);
    tx.opt(query).await
}

/// What a list of matters is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that can be applied for, those that were closed, or all.
    pub open: Option<bool>,
    pub green: bool,
    pub kind: Option<MatterKind>,
    pub level: Option<Level>,
    /// Of this specialist or deputy.
    pub person: Option<Uuid>,
    pub q: Option<String>,
}

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.push(FROM).arg(zone);
    match filter.open {
        Some(true) => drop(query.push(" AND m.closed_at IS NULL")),
        Some(false) => drop(query.push(" AND m.closed_at IS NOT NULL")),
        None => {}
    }
    if filter.green {
        query.push(" AND m.green");
    }
    if let Some(kind) = filter.kind {
        query.push(" AND m.kind = ").arg(kind);
    }
    if let Some(level) = filter.level {
        query.push(" AND m.level = ").arg(level);
    }
    if let Some(person) = filter.person {
        query.push(" AND (m.owner_id = ").arg(person).push(" OR m.deputy_id = ").arg(person).push(")");
    }
    list::about(query, &["m.title", "m.code"], filter.q.as_deref(), None);
}

pub async fn matters(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<Matter>, Option<String>)> {
    let mut query = Sql::from(COLUMNS);
    walk.column(&mut query);
    narrow(&mut query, zone, filter);
    walk.list(tx, query, "m.id").await
}

pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") AS found");
    tx.value(query).await
}

/// What an edition of a matter says.
pub async fn edition(tx: &mut Tx, zone: Uuid, matter: Uuid, edition: i64) -> Result<Content> {
    let found: Option<Json> = tx
        .opt_value(sql!(
            "SELECT content FROM matter_edition WHERE zone_id = $1 AND matter_id = $2 AND edition = $3",
            zone,
            matter,
            edition
        ))
        .await?;
    Ok(found.and_then(|content| serde_json::from_value(content).ok()).unwrap_or_default())
}

/// Telephone of somebody of the office, or of his department.
pub async fn phone(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<String>> {
    let found: Option<Option<String>> = tx
        .opt_value(sql!(
            "SELECT COALESCE(p.phone, d.phone) FROM person p
             LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
             WHERE p.zone_id = $1 AND p.id = $2",
            zone,
            person
        ))
        .await?;
    Ok(found.flatten())
}

/// Whether another matter of the department has this code.
pub async fn has_code(tx: &mut Tx, zone: Uuid, department: Uuid, code: &str, but: Uuid) -> Result<bool> {
    let found: Option<Uuid> = tx
        .opt_value(sql!(
            "SELECT id FROM matter WHERE zone_id = $1 AND department_id = $2 AND code = $3 AND id <> $4",
            zone,
            department,
            code,
            but
        ))
        .await?;
    Ok(found.is_some())
}

/// Who sees to a matter.
#[derive(Clone, Copy)]
pub struct Staff {
    pub department: Uuid,
    pub owner: Uuid,
    pub deputy: Uuid,
}

pub async fn insert(work: &mut Work, id: Uuid, new: &NewMatter, staff: Staff) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let content = serde_json::to_value(&new.content).unwrap_or_default();
    work.run(sql!(
        "INSERT INTO matter (zone_id, id, code, title, kind, level, green, instant, promised_days, department_id, owner_id,
           deputy_id, edition, content, made_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, 1)",
        zone,
        id,
        new.code,
        new.title,
        new.kind,
        new.level,
        new.green,
        new.instant,
        new.content.promised_days,
        staff.department,
        staff.owner,
        staff.deputy,
        content,
        now
    ))
    .await?;
    keep(work, id, 1, &content).await
}

/// Keeps an edition for the cases that begin with it.
async fn keep(work: &mut Work, id: Uuid, edition: i64, content: &Json) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    work.run(sql!(
        "INSERT INTO matter_edition (zone_id, matter_id, edition, content, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        zone,
        id,
        edition,
        *content,
        by,
        now
    ))
    .await
    .map(drop)
}

/// Saves another edition; false when somebody was quicker.
pub async fn revise(work: &mut Work, old: &Matter, new: &NewMatter, staff: Staff) -> Result<bool> {
    let zone = work.zone();
    let content = serde_json::to_value(&new.content).unwrap_or_default();
    let edition = old.edition + i64::from(content != old.content);
    let away = old.away_until.filter(|_| old.owner_id == staff.owner);
    let n = work
        .run(sql!(
            "UPDATE matter SET code = $1, title = $2, kind = $3, level = $4, green = $5, instant = $6, promised_days = $7,
               department_id = $8, owner_id = $9, deputy_id = $10, edition = $11, content = $12, away_until = $13,
               version = version + 1
             WHERE zone_id = $14 AND id = $15 AND version = $16",
            new.code,
            new.title,
            new.kind,
            new.level,
            new.green,
            new.instant,
            new.content.promised_days,
            staff.department,
            staff.owner,
            staff.deputy,
            edition,
            content,
            away,
            zone,
            old.id,
            old.version
        ))
        .await?;
    if n == 1 && edition != old.edition {
        keep(work, old.id, edition, &content).await?;
    }
    Ok(n == 1)
}

/// The open matters of a specialist.
pub async fn of_owner(tx: &mut Tx, zone: Uuid, owner: Uuid) -> Result<Vec<Uuid>> {
    let query = sql!(
        "SELECT id FROM matter WHERE zone_id = $1 AND owner_id = $2 AND closed_at IS NULL ORDER BY id",
        zone,
        owner
    );
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn set_away(work: &mut Work, id: Uuid, until: Option<Time>) -> Result<()> {
    let zone = work.zone();
    work.run(sql!(
        "UPDATE matter SET away_until = $1, version = version + 1 WHERE zone_id = $2 AND id = $3",
        until,
        zone,
        id
    ))
    .await
    .map(drop)
}

pub async fn close(work: &mut Work, id: Uuid) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "UPDATE matter SET closed_at = $1, version = version + 1 WHERE zone_id = $2 AND id = $3",
        now,
        zone,
        id
    ))
    .await
    .map(drop)
}

/// The cases of a matter that are still open; what somebody has only begun to write is none.
pub async fn open_cases(tx: &mut Tx, zone: Uuid, matter: Uuid) -> Result<i64> {
    tx.value(sql!(
        "SELECT count(*) FROM application WHERE zone_id = $1 AND matter_id = $2 AND open AND state <> 'draft'",
        zone,
        matter
    ))
    .await
}
