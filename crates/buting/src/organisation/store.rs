//! The SQL of zones, departments, people, credentials and sessions.

pub mod accounts;
pub mod invitations;
#[cfg(feature = "oidc")]
pub mod oidc;

use super::post::desk::in_department;
use super::{Department, DepartmentKind, DepartmentPast, Grant, Listed, NewDepartment, NewPerson, Person, Place};
use crate::list::{Key, Walk, like};
use crate::time::Time;
use ::store::{FromRow, Result, Row, Sql, Tx, from_row, sql};
use hanzi::pinyin::spelling_keys;
use uuid::Uuid;

const PERSON: &str = "SELECT id, name, partial, title, phone, email, department_id, enterprise_id, project_id,
   position, left_at, version FROM person";
const DEPARTMENT: &str = "SELECT id, name, short_name, kind, parent_id, position, phone, industries, valid_from,
   valid_to, version";
const DEPARTMENT_FROM: &str = " FROM department";
/// Departments as they were at an instant: those there were, with what they were
/// called, what they were and under whom they came.
const DEPARTMENT_THEN: [&str; 4] = [
    " FROM (SELECT d.zone_id, d.id, COALESCE(h.name, d.name) AS name, COALESCE(h.short_name, d.short_name) AS short_name,
       COALESCE(h.kind, d.kind) AS kind, CASE WHEN h.department_id IS NULL THEN d.parent_id ELSE h.parent_id END AS parent_id,
       d.position, d.phone, d.industries, d.valid_from, d.valid_to, d.version FROM department d
     LEFT JOIN department_past h ON h.zone_id = d.zone_id AND h.department_id = d.id AND h.valid_from <= ",
    " AND h.valid_to > ",
    " WHERE d.valid_from <= ",
    " AND (d.valid_to IS NULL OR d.valid_to > ",
];

/// What a list of departments is sorted by. Their names have no spelling of their
/// own: there are few, and offices know them by their place.
pub const DEPARTMENT_KEYS: &[Key] = &[
    Key::number("position", "position"),
    Key::text("name", "name"),
    Key::text("short_name", "short_name"),
    Key::text("kind", "kind"),
];

/// What a list of people is sorted by.
pub const PEOPLE_KEYS: &[Key] = &[
    Key::number("position", "p.position"),
    Key::text("name", "p.spelling"),
    Key::text("place", "COALESCE(d.short_name, e.short_name, j.short_name, '')"),
    Key::text("title", "COALESCE(p.title, '')"),
];

/// What sign-in needs to know of an account.
pub struct Credentials {
    pub zone_id: Uuid,
    pub id: Uuid,
    pub user_name: String,
    pub password_hash: Option<String>,
    pub must_change: bool,
    pub totp_secret: Option<Vec<u8>>,
    pub totp_last_step: Option<i64>,
    pub disabled_at: Option<Time>,
}

from_row!(Credentials { zone_id, id, user_name, password_hash, must_change, totp_secret, totp_last_step, disabled_at });

pub async fn insert_zone(
    tx: &mut Tx,
    zone_id: Uuid,
    handle: &str,
    name: &str,
    settings: &serde_json::Value,
    at: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO zone (zone_id, handle, name, time_zone, settings, created_at, version)
         VALUES ($1, $2, $3, 'Asia/Shanghai', $4, $5, 1)",
        zone_id,
        handle,
        name,
        settings,
        at
    ))
    .await
    .map(drop)
}

/// Whether there is any zone at all.
pub async fn any_zone(tx: &mut Tx) -> Result<bool> {
    Ok(tx.opt_value::<String>("SELECT handle FROM zone LIMIT 1").await?.is_some())
}

pub async fn insert_setup_code(tx: &mut Tx, digest: &[u8; 32], at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO setup_code (zone_id, digest, created_at) VALUES ($1, $2, $3)",
        Uuid::nil(),
        digest.as_slice(),
        at
    ))
    .await
    .map(drop)
}

/// Takes every set-up code away at once and answers whether this one was among
/// those made since; of two who try, one finds none left.
pub async fn take_setup_codes(tx: &mut Tx, digest: &[u8; 32], since: Time) -> Result<bool> {
    let taken: Vec<(Vec<u8>, Time)> =
        tx.list(sql!("DELETE FROM setup_code WHERE zone_id = $1 RETURNING digest, created_at", Uuid::nil())).await?;
    Ok(taken.iter().any(|(known, at)| known == digest && *at >= since))
}

/// Whether a set-up code made since holds.
pub async fn has_setup_code(tx: &mut Tx, digest: &[u8; 32], since: Time) -> Result<bool> {
    let found: Option<Time> = tx
        .opt_value(sql!(
            "SELECT created_at FROM setup_code WHERE zone_id = $1 AND digest = $2",
            Uuid::nil(),
            digest.as_slice()
        ))
        .await?;
    Ok(found.is_some_and(|at| at >= since))
}

pub async fn zone_by_handle(tx: &mut Tx, handle: &str) -> Result<Option<Uuid>> {
    tx.opt_value(sql!("SELECT zone_id FROM zone WHERE handle = $1", handle)).await
}

pub async fn department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Department>> {
    let mut query = Sql::from(DEPARTMENT);
    query.push(DEPARTMENT_FROM).push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

pub async fn departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<Department>> {
    let mut query = Sql::from(DEPARTMENT);
    query.push(DEPARTMENT_FROM).push(" WHERE zone_id = ").arg(zone).push(" ORDER BY position, name");
    tx.list(query).await
}

/// What a list of departments is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct DepartmentFilter {
    /// A part of the full or short name.
    pub q: Option<String>,
    /// Those that were closed, or those at work; both when absent.
    pub closed: Option<bool>,
    /// As they were at that instant.
    pub at: Option<Time>,
}

fn departments_where(query: &mut Sql, zone: Uuid, filter: &DepartmentFilter) {
    match filter.at {
        None => _ = query.push(DEPARTMENT_FROM),
        Some(at) => {
            for piece in DEPARTMENT_THEN {
                query.push(piece).arg(at);
            }
            query.push(")) AS department");
        }
    }
    query.push(" WHERE zone_id = ").arg(zone);
    if let Some(q) = filter.q.as_deref().filter(|q| !q.trim().is_empty()) {
        query.push(" AND (name LIKE ").arg(like(q)).push(" OR short_name LIKE ").arg(like(q)).push(")");
    }
    match filter.closed {
        None => {}
        Some(true) => _ = query.push(" AND valid_to IS NOT NULL"),
        Some(false) => _ = query.push(" AND valid_to IS NULL"),
    }
}

/// Departments and partner agencies in an order, and the cursor of the rest.
pub async fn departments_by(
    tx: &mut Tx,
    zone: Uuid,
    filter: &DepartmentFilter,
    walk: &Walk,
) -> Result<(Vec<Department>, Option<String>)> {
    let mut query = Sql::from(DEPARTMENT);
    walk.column(&mut query);
    departments_where(&mut query, zone, filter);
    walk.list(tx, query, "id").await
}

/// How many departments a filter matches, counted up to a cap.
pub async fn count_departments(tx: &mut Tx, zone: Uuid, filter: &DepartmentFilter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    departments_where(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS counted");
    tx.value(query).await
}

pub async fn insert_department(tx: &mut Tx, zone: Uuid, id: Uuid, new: &NewDepartment, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO department (zone_id, id, name, short_name, kind, parent_id, position, phone, valid_from, industries,
           version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)",
        zone,
        id,
        new.name,
        new.short_name.as_ref().unwrap_or(&new.name),
        new.kind,
        new.parent_id,
        new.position.unwrap_or(100),
        new.phone,
        new.valid_from.unwrap_or(at),
        new.industries
    ))
    .await
    .map(drop)
}

pub async fn person(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Person>> {
    let mut query = Sql::from(PERSON);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Which people a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Of the committee's own departments.
    Staff,
    /// Of partner agencies.
    Partners,
    /// Of both.
    Departments,
    /// Those who have left, of both.
    Left,
    /// Of one enterprise.
    Enterprise(Uuid),
    /// Of one project.
    Project(Uuid),
}

/// What a list of people is narrowed by.
#[derive(Clone, Debug)]
pub struct PeopleFilter<'a> {
    /// Which people at all.
    pub group: Group,
    /// Of this department.
    pub department: Option<Uuid>,
    /// A part of the name, or of its spelling in letters.
    pub q: Option<&'a str>,
}

impl FromRow for Listed {
    fn from_row(row: &Row) -> Result<Self> {
        let (place, account) = (row.get("place")?, row.get("account")?);
        Ok(Self { person: Person::from_row(row)?, place, account, beside: Vec::new() })
    }
}

fn people_where(query: &mut Sql, zone: Uuid, filter: &PeopleFilter<'_>) {
    query.push(" WHERE p.zone_id = ").arg(zone);
    query.push(if filter.group == Group::Left { " AND p.left_at IS NOT NULL" } else { " AND p.left_at IS NULL" });
    match filter.group {
        Group::Staff => {
            query.push(" AND p.department_id IS NOT NULL AND d.kind IN ").list(own_kinds());
        }
        Group::Partners => {
            query.push(" AND p.department_id IS NOT NULL AND d.kind NOT IN ").list(own_kinds());
        }
        Group::Departments | Group::Left => {
            query.push(" AND p.department_id IS NOT NULL");
        }
        Group::Enterprise(id) => {
            query.push(" AND p.enterprise_id = ").arg(id);
        }
        Group::Project(id) => {
            query.push(" AND p.project_id = ").arg(id);
        }
    }
    if let Some(department) = filter.department {
        // Of those who left, the last main post; of all others every post.
        query.push(" AND (p.department_id = ").arg(department).push(" OR ");
        query.append(in_department(zone, department)).push(")");
    }
    if let Some(q) = filter.q.filter(|q| !q.trim().is_empty()) {
        query.push(" AND (p.name LIKE ").arg(like(q));
        query.push(" OR p.spelling LIKE ").arg(like(q).to_lowercase());
        // A whole telephone finds whose it is; a part of one finds nobody.
        if let Ok(phone) = identifiers::phone::parse(q) {
            query.push(" OR p.phone = ").arg(phone.to_string());
        }
        query.push(")");
    }
}

/// The kinds of department that are the committee's own.
fn own_kinds() -> impl Iterator<Item = DepartmentKind> {
    DepartmentKind::ALL.iter().copied().filter(|kind| kind.is_own())
}

const PEOPLE_FROM: &str = " FROM person p
   LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
   LEFT JOIN enterprise e ON e.zone_id = p.zone_id AND e.id = p.enterprise_id
   LEFT JOIN project j ON j.zone_id = p.zone_id AND j.id = p.project_id
   LEFT JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id";

/// How an account stands, as a word; null without one.
const ACCOUNT_STATE: &str = "CASE WHEN a.id IS NULL THEN NULL WHEN a.disabled_at IS NOT NULL THEN 'disabled'
   WHEN a.password_hash IS NULL THEN 'invited' ELSE 'active' END";

/// People in order, and the cursor of the rest.
pub async fn people(
    tx: &mut Tx,
    zone: Uuid,
    filter: &PeopleFilter<'_>,
    walk: &Walk,
) -> Result<(Vec<Listed>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT p.id, p.name, p.partial, p.title, p.phone, p.email, p.department_id, p.enterprise_id, p.project_id,
           p.position, p.left_at, p.version, COALESCE(d.short_name, e.short_name, j.short_name) AS place, ",
    );
    query.push(ACCOUNT_STATE).push(" AS account");
    walk.column(&mut query);
    query.push(PEOPLE_FROM);
    people_where(&mut query, zone, filter);
    walk.list(tx, query, "p.id").await
}

/// How many people a filter matches, counted up to a cap.
pub async fn count_people(tx: &mut Tx, zone: Uuid, filter: &PeopleFilter<'_>, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    query.push(PEOPLE_FROM);
    people_where(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS counted");
    tx.value(query).await
}

/// How many people of a department are still there.
pub async fn people_there(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<i64> {
    let mut query = sql!("SELECT count(*) FROM person p WHERE p.zone_id = $1 AND p.left_at IS NULL AND ", zone);
    query.append(in_department(zone, department));
    tx.value(query).await
}

/// Where a person belongs.
pub async fn place(tx: &mut Tx, zone: Uuid, person: &Person) -> Result<Place> {
    if person.enterprise_id.is_some() {
        return Ok(Place::Enterprise);
    }
    if person.project_id.is_some() {
        return Ok(Place::Project);
    }
    let department = match person.department_id {
        Some(id) => department(tx, zone, id).await?,
        None => None,
    };
    Ok(match department {
        Some(department) if !department.kind.is_own() => Place::Agency,
        _ => Place::Office,
    })
}

/// Stores what a department is now; false when somebody was quicker.
pub async fn update_department(tx: &mut Tx, zone: Uuid, new: &Department) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE department SET name = $1, short_name = $2, kind = $3, parent_id = $4, position = $5, phone = $6,
               valid_to = $7, industries = $8, version = version + 1
             WHERE zone_id = $9 AND id = $10 AND version = $11",
            new.name,
            new.short_name,
            new.kind,
            new.parent_id,
            new.position,
            new.phone,
            new.valid_to,
            new.industries,
            zone,
            new.id,
            new.version
        ))
        .await?;
    Ok(n == 1)
}

/// Stores what a person is now; false when somebody was quicker.
pub async fn update_person(tx: &mut Tx, zone: Uuid, new: &Person) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE person SET name = $1, partial = $2, spelling = $3, title = $4, phone = $5, email = $6,
               department_id = $7, position = $8, left_at = $9, version = version + 1
             WHERE zone_id = $10 AND id = $11 AND version = $12",
            new.name,
            new.partial,
            spelling_keys(&new.name),
            new.title,
            new.phone,
            new.email,
            new.department_id,
            new.position,
            new.left_at,
            zone,
            new.id,
            new.version
        ))
        .await?;
    Ok(n == 1)
}

pub async fn insert_person(tx: &mut Tx, zone: Uuid, id: Uuid, new: &NewPerson, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO person (zone_id, id, name, partial, spelling, title, phone, email, department_id,
           enterprise_id, project_id, position, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)",
        zone,
        id,
        new.name,
        new.partial,
        spelling_keys(&new.name),
        new.title,
        new.phone,
        new.email,
        new.department_id,
        new.enterprise_id,
        new.project_id,
        new.position.unwrap_or(1000),
        at
    ))
    .await
    .map(drop)
}

pub async fn delete_person(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM person WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}

pub async fn delete_department_past(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM department_past WHERE zone_id = $1 AND department_id = $2", zone, id)).await.map(drop)
}

/// Keeps what a department is until now, before it changes. Of several changes in
/// one instant the first counts.
pub async fn keep_department_past(tx: &mut Tx, zone: Uuid, old: &Department, now: Time) -> Result<()> {
    let since: Option<Time> = tx
        .value(sql!(
            "SELECT max(valid_to) FROM department_past WHERE zone_id = $1 AND department_id = $2",
            zone,
            old.id
        ))
        .await?;
    let since = since.unwrap_or(old.valid_from);
    if since >= now {
        return Ok(());
    }
    tx.run(sql!(
        "INSERT INTO department_past (zone_id, department_id, name, short_name, kind, parent_id, valid_from, valid_to)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        zone,
        old.id,
        old.name,
        old.short_name,
        old.kind,
        old.parent_id,
        since,
        now
    ))
    .await
    .map(drop)
}

/// The former states of a department, the last one first.
pub async fn department_past(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Vec<DepartmentPast>> {
    tx.list(sql!(
        "SELECT h.name, h.short_name, h.kind, h.parent_id, p.short_name AS parent, h.valid_from, h.valid_to
         FROM department_past h LEFT JOIN department p ON p.zone_id = h.zone_id AND p.id = h.parent_id
         WHERE h.zone_id = $1 AND h.department_id = $2 ORDER BY h.valid_from DESC",
        zone,
        id
    ))
    .await
}

pub async fn delete_department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM department WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}

pub async fn insert_account(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    user_name: &str,
    password_hash: Option<&str>,
    must_change: bool,
    at: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO account (zone_id, id, user_name, password_hash, must_change, large_text, created_at, version)
         VALUES ($1, $2, $3, $4, $5, FALSE, $6, 1)",
        zone,
        id,
        user_name,
        password_hash,
        must_change,
        at
    ))
    .await
    .map(drop)
}

pub async fn insert_grant(tx: &mut Tx, zone: Uuid, account: Uuid, grant: &Grant) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO account_role (zone_id, account_id, role, scope, departments) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (zone_id, account_id, role) DO UPDATE
           SET scope = excluded.scope, departments = excluded.departments",
        zone,
        account,
        grant.role,
        grant.scope,
        grant.departments_json()
    ))
    .await
    .map(drop)
}

pub async fn credentials(tx: &mut Tx, zone: Uuid, user_name: &str) -> Result<Option<Credentials>> {
    tx.opt(sql!(
        "SELECT zone_id, id, user_name, password_hash, must_change, totp_secret, totp_last_step, disabled_at
         FROM account WHERE zone_id = $1 AND user_name = $2",
        zone,
        user_name
    ))
    .await
}

pub async fn credentials_of(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Credentials>> {
    tx.opt(sql!(
        "SELECT zone_id, id, user_name, password_hash, must_change, totp_secret, totp_last_step, disabled_at
         FROM account WHERE zone_id = $1 AND id = $2",
        zone,
        id
    ))
    .await
}

pub async fn set_password(tx: &mut Tx, zone: Uuid, id: Uuid, hash: &str, must_change: bool) -> Result<()> {
    tx.run(sql!(
        "UPDATE account SET password_hash = $1, must_change = $2, version = version + 1
         WHERE zone_id = $3 AND id = $4",
        hash,
        must_change,
        zone,
        id
    ))
    .await
    .map(drop)
}

/// Disables an account; false when there is none that is enabled.
pub async fn disable(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE account SET disabled_at = $1, version = version + 1
             WHERE zone_id = $2 AND id = $3 AND disabled_at IS NULL",
            at,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

/// A session about to begin.
pub struct NewSession<'a> {
    pub digest: [u8; 32],
    pub account_id: Uuid,
    pub at: Time,
    pub expires_at: Time,
    pub address: &'a str,
    pub agent: &'a str,
    pub stage: &'static str,
    pub device: Option<Uuid>,
}

pub async fn insert_session(tx: &mut Tx, zone: Uuid, new: &NewSession<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO session (zone_id, digest, account_id, created_at, seen_at, expires_at, address, agent, stage, device_id)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)",
        zone,
        new.digest,
        new.account_id,
        new.at,
        new.expires_at,
        new.address,
        new.agent,
        new.stage,
        new.device
    ))
    .await
    .map(drop)
}

pub async fn delete_session(tx: &mut Tx, zone: Uuid, digest: &[u8; 32]) -> Result<()> {
    tx.run(sql!("DELETE FROM session WHERE zone_id = $1 AND digest = $2", zone, digest.as_slice())).await.map(drop)
}

/// Ends a session by its token's digest alone, whoever it was.
pub async fn end_session_of(tx: &mut Tx, digest: &[u8; 32]) -> Result<()> {
    tx.run(sql!("DELETE FROM session WHERE digest = $1", digest.as_slice())).await.map(drop)
}

/// Ends every session of an account but one.
pub async fn delete_other_sessions(tx: &mut Tx, zone: Uuid, account: Uuid, keep: Option<[u8; 32]>) -> Result<u64> {
    tx.run(sql!(
        "DELETE FROM session WHERE zone_id = $1 AND account_id = $2 AND digest <> $3",
        zone,
        account,
        keep.unwrap_or_default()
    ))
    .await
}

/// Takes one token from a bucket that refills steadily; answers the tokens left,
/// negative when there was none. Holds across processes.
pub async fn take_token(tx: &mut Tx, zone: Uuid, bucket: &str, size: f64, per_second: f64, at: Time) -> Result<f64> {
    let row: Option<(f64, i64)> =
        tx.opt(sql!("SELECT tokens, at FROM attempt WHERE zone_id = $1 AND bucket = $2", zone, bucket)).await?;
    let tokens = row.map_or(size, |(tokens, then)| {
        let seconds = (at.ms() - then).max(0) as f64 / 1000.0;
        (tokens + seconds * per_second).min(size)
    });
    let left = tokens - 1.0;
    tx.run(sql!(
        "INSERT INTO attempt (zone_id, bucket, tokens, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (zone_id, bucket) DO UPDATE SET tokens = excluded.tokens, at = excluded.at",
        zone,
        bucket,
        left.max(0.0),
        at
    ))
    .await?;
    Ok(left)
}

/// Gives one token back: what it was taken for turned out well.
pub async fn give_back(tx: &mut Tx, zone: Uuid, bucket: &str, size: f64) -> Result<()> {
    tx.run(sql!(
        "UPDATE attempt SET tokens = CASE WHEN tokens + 1 > $1 THEN $1 ELSE tokens + 1 END
         WHERE zone_id = $2 AND bucket = $3",
        size,
        zone,
        bucket
    ))
    .await
    .map(drop)
}

pub async fn refill(tx: &mut Tx, zone: Uuid, bucket: &str) -> Result<()> {
    tx.run(sql!("DELETE FROM attempt WHERE zone_id = $1 AND bucket = $2", zone, bucket)).await.map(drop)
}

/// A new API token.
pub struct NewToken<'a> {
    pub id: Uuid,
    pub digest: [u8; 32],
    pub account_id: Uuid,
    pub name: &'a str,
    pub scopes: &'a str,
    pub at: Time,
    pub expires_at: Option<Time>,
}

pub async fn insert_token(tx: &mut Tx, zone: Uuid, new: &NewToken<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO api_token (zone_id, id, digest, account_id, name, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        zone,
        new.id,
        new.digest,
        new.account_id,
        new.name,
        new.scopes,
        new.at,
        new.expires_at
    ))
    .await
    .map(drop)
}

/// Notes the step of a code so that it works once; false when it is used up.
pub async fn use_totp_step(tx: &mut Tx, zone: Uuid, account: Uuid, step: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE account SET totp_last_step = $1
             WHERE zone_id = $2 AND id = $3 AND (totp_last_step IS NULL OR totp_last_step < $1)",
            step,
            zone,
            account
        ))
        .await?;
    Ok(n == 1)
}

pub async fn use_recovery_code(tx: &mut Tx, zone: Uuid, account: Uuid, digest: &[u8; 32], at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE recovery_code SET used_at = $1
             WHERE zone_id = $2 AND account_id = $3 AND digest = $4 AND used_at IS NULL",
            at,
            zone,
            account,
            digest.as_slice()
        ))
        .await?;
    Ok(n == 1)
}

/// Gives a session a new token and stage; it keeps its age.
pub async fn renew_session(tx: &mut Tx, zone: Uuid, old: &[u8; 32], new: &[u8; 32], stage: &str) -> Result<()> {
    tx.run(sql!(
        "UPDATE session SET digest = $1, stage = $2 WHERE zone_id = $3 AND digest = $4",
        new.as_slice(),
        stage,
        zone,
        old.as_slice()
    ))
    .await
    .map(drop)
}

pub async fn set_locale(tx: &mut Tx, zone: Uuid, account: Uuid, locale: &str) -> Result<()> {
    tx.run(sql!("UPDATE account SET locale = $1 WHERE zone_id = $2 AND id = $3", locale, zone, account)).await.map(drop)
}
