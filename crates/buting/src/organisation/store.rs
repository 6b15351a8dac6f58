use super::{Department, Grant, NewDepartment, NewPerson, Person};
use crate::time::Time;
use hanzi::pinyin::spelling_keys;
use store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

const PERSON: &str = "SELECT id, name, partial, title, phone, email, department_id, enterprise_id, project_id,
   position, left_at, version FROM person";
const DEPARTMENT: &str = "SELECT id, name, short_name, kind, parent_id, position, phone, valid_from, valid_to,
   version FROM department";

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

from_row!(Credentials {
    zone_id, id, user_name, password_hash, must_change, totp_secret, totp_last_step, disabled_at,
});

pub async fn insert_zone(tx: &mut Tx, zone_id: Uuid, handle: &str, name: &str, settings: &serde_json::Value, at: Time) -> Result<()> {
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

pub async fn zone_by_handle(tx: &mut Tx, handle: &str) -> Result<Option<Uuid>> {
    tx.opt_value(sql!("SELECT zone_id FROM zone WHERE handle = $1", handle)).await
}

pub async fn department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Department>> {
    let mut query = Sql::from(DEPARTMENT);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

pub async fn departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<Department>> {
    let mut query = Sql::from(DEPARTMENT);
    query.push(" WHERE zone_id = ").arg(zone).push(" ORDER BY position, name");
    tx.list(query).await
}

pub async fn insert_department(tx: &mut Tx, zone: Uuid, id: Uuid, new: &NewDepartment, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO department (zone_id, id, name, short_name, kind, parent_id, position, phone, valid_from, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
        zone,
        id,
        new.name,
        new.short_name.as_ref().unwrap_or(&new.name),
        new.kind,
        new.parent_id,
        new.position.unwrap_or(100),
        new.phone,
        at
    ))
    .await
    .map(drop)
}

pub async fn person(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Person>> {
    let mut query = Sql::from(PERSON);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// People of the office (not those of enterprises and projects), in order.
pub async fn staff(tx: &mut Tx, zone: Uuid, q: Option<&str>, after: Option<(i64, Uuid)>, limit: i64) -> Result<Vec<Person>> {
    let mut query = Sql::from(PERSON);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND department_id IS NOT NULL AND left_at IS NULL");
    if let Some(q) = q {
        let like = format!("%{}%", q.replace(['%', '_'], ""));
        query.push(" AND (name LIKE ").arg(like.clone()).push(" OR spelling LIKE ").arg(like).push(")");
    }
    if let Some((position, id)) = after {
        query.push(" AND (position, id) > (").arg(position).push(", ").arg(id).push(")");
    }
    query.push(" ORDER BY position, id LIMIT ").arg(limit);
    tx.list(query).await
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

/// Writes a person over the row of that version; false when it has moved on.
pub async fn update_person(tx: &mut Tx, zone: Uuid, person: &Person) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE person SET name = $1, partial = $2, spelling = $3, title = $4, phone = $5, email = $6, left_at = $7,
               version = version + 1
             WHERE zone_id = $8 AND id = $9 AND version = $10",
            person.name,
            person.partial,
            spelling_keys(&person.name),
            person.title,
            person.phone,
            person.email,
            person.left_at,
            zone,
            person.id,
            person.version
        ))
        .await?;
    Ok(n == 1)
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
}

pub async fn insert_session(tx: &mut Tx, zone: Uuid, new: &NewSession<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO session (zone_id, digest, account_id, created_at, seen_at, expires_at, address, agent, stage)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
        zone,
        new.digest,
        new.account_id,
        new.at,
        new.expires_at,
        new.address,
        new.agent,
        new.stage
    ))
    .await
    .map(drop)
}

pub async fn delete_session(tx: &mut Tx, zone: Uuid, digest: &[u8; 32]) -> Result<()> {
    tx.run(sql!("DELETE FROM session WHERE zone_id = $1 AND digest = $2", zone, digest.as_slice())).await.map(drop)
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
    let row: Option<(f64, i64)> = tx
        .opt(sql!("SELECT tokens, at FROM attempt WHERE zone_id = $1 AND bucket = $2", zone, bucket))
        .await?;
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

/// Gives a session a new token and stage.
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
