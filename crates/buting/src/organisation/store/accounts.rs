//! The SQL of accounts, their grants and rights, devices, sessions and tokens.

use super::ACCOUNT_STATE;
use crate::actor::{Role, ScopeKind};
use crate::list::{Key, Walk, like};
use crate::organisation::{Account, AccountState, Grant, Right};
use crate::time::Time;
use ::store::{FromRow, Result, Row, Sql, Tx, from_row, sql};
use serde_json::Value as Json;
use uuid::Uuid;

impl FromRow for Account {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            user_name: row.get("user_name")?,
            name: row.get("name")?,
            place: row.get("place")?,
            department_id: row.get("department_id")?,
            enterprise_id: row.get("enterprise_id")?,
            project_id: row.get("project_id")?,
            grants: Vec::new(),
            rights: Vec::new(),
            state: row.get("state")?,
            second_factor: row.get::<i64>("second_factor")? == 1,
            must_change: row.get("must_change")?,
            reset_allowed_at: row.get("reset_allowed_at")?,
            signed_in_at: row.get("signed_in_at")?,
            created_at: row.get("created_at")?,
            version: row.get("version")?,
        })
    }
}

/// What a list of accounts is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter<'a> {
    /// A part of the user name or the person's name.
    pub q: Option<&'a str>,
    /// How they stand.
    pub state: Option<AccountState>,
    /// With this role.
    pub role: Option<Role>,
    /// Only those without any role.
    pub without_role: bool,
    /// Only this one.
    pub id: Option<Uuid>,
}

/// What a list of accounts is sorted by.
pub const KEYS: &[Key] = &[
    Key::text("user", "a.user_name"),
    Key::text("name", "p.spelling"),
    Key::text("place", "COALESCE(d.short_name, e.short_name, j.short_name, '')"),
    Key::number("seen", "COALESCE(a.signed_in_at, 0)"),
    Key::number("created", "a.created_at"),
];

const FROM: &str = " FROM account a
   JOIN person p ON p.zone_id = a.zone_id AND p.id = a.id
   LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
   LEFT JOIN enterprise e ON e.zone_id = p.zone_id AND e.id = p.enterprise_id
   LEFT JOIN project j ON j.zone_id = p.zone_id AND j.id = p.project_id";

fn narrow(query: &mut Sql, zone: Uuid, filter: &AccountFilter<'_>) {
    query.push(" WHERE a.zone_id = ").arg(zone);
    if let Some(id) = filter.id {
        query.push(" AND a.id = ").arg(id);
    }
    if let Some(q) = filter.q.filter(|q| !q.trim().is_empty()) {
        query.push(" AND (a.user_name LIKE ").arg(like(q)).push(" OR p.name LIKE ").arg(like(q));
        query.push(" OR p.spelling LIKE ").arg(like(q).to_lowercase()).push(")");
    }
    match filter.state {
        None => {}
        Some(AccountState::Disabled) => {
            query.push(" AND a.disabled_at IS NOT NULL");
        }
        Some(AccountState::Invited) => {
            query.push(" AND a.disabled_at IS NULL AND a.password_hash IS NULL");
        }
        Some(AccountState::Active) => {
            query.push(" AND a.disabled_at IS NULL AND a.password_hash IS NOT NULL");
        }
    }
    if let Some(role) = filter.role {
        query.push(" AND EXISTS (SELECT 1 FROM account_role r WHERE r.zone_id = a.zone_id AND r.account_id = a.id AND r.role = ");
        query.arg(role).push(")");
    }
    if filter.without_role {
        query
            .push(" AND NOT EXISTS (SELECT 1 FROM account_role r WHERE r.zone_id = a.zone_id AND r.account_id = a.id)");
    }
}

/// Accounts in order, with their grants and rights, and the cursor of the rest.
pub async fn accounts(
    tx: &mut Tx,
    zone: Uuid,
    filter: &AccountFilter<'_>,
    walk: &Walk,
) -> Result<(Vec<Account>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT a.id, a.user_name, p.name, p.department_id, p.enterprise_id, p.project_id, a.must_change,
           a.reset_allowed_at,
           CASE WHEN a.totp_secret IS NULL THEN CAST(0 AS bigint) ELSE CAST(1 AS bigint) END AS second_factor,
           a.signed_in_at, a.created_at, a.version, COALESCE(d.short_name, e.short_name, j.short_name) AS place, ",
    );
    query.push(ACCOUNT_STATE).push(" AS state");
    walk.column(&mut query);
    query.push(FROM);
    narrow(&mut query, zone, filter);
    let (mut accounts, next) = walk.list::<Account>(tx, query, "a.id").await?;
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
    for (account, grant) in grants_of(tx, zone, &ids).await? {
        if let Some(account) = accounts.iter_mut().find(|a| a.id == account) {
            account.grants.push(grant);
        }
    }
    let mut query = sql!("SELECT account_id, name FROM account_right WHERE zone_id = $1 AND account_id IN ", zone);
    query.list(ids).push(" ORDER BY name");
    for (account, right) in tx.list::<(Uuid, Right)>(query).await? {
        if let Some(account) = accounts.iter_mut().find(|a| a.id == account) {
            account.rights.push(right);
        }
    }
    Ok((accounts, next))
}

/// How many accounts a filter matches, counted up to a cap.
pub async fn count_accounts(tx: &mut Tx, zone: Uuid, filter: &AccountFilter<'_>, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    query.push(FROM);
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS counted");
    tx.value(query).await
}

async fn grants_of(tx: &mut Tx, zone: Uuid, accounts: &[Uuid]) -> Result<Vec<(Uuid, Grant)>> {
    let mut query = sql!(
        "SELECT account_id, role, scope, departments FROM account_role WHERE zone_id = $1 AND account_id IN ",
        zone
    );
    query.list(accounts.iter().copied()).push(" ORDER BY role");
    let rows: Vec<(Uuid, Role, ScopeKind, Json)> = tx.list(query).await?;
    Ok(rows
        .into_iter()
        .map(|(account, role, scope, departments)| {
            let ids = departments.as_array().into_iter().flatten();
            let departments = ids.filter_map(|id| Uuid::parse_str(id.as_str()?).ok()).collect();
            (account, Grant { role, scope, departments })
        })
        .collect())
}

/// The grants of one account.
pub async fn grants(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<Vec<Grant>> {
    Ok(grants_of(tx, zone, &[account]).await?.into_iter().map(|(_, grant)| grant).collect())
}

pub async fn delete_grants(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM account_role WHERE zone_id = $1 AND account_id = $2", zone, account)).await.map(drop)
}

/// People who can sign in with this role.
pub async fn holders(tx: &mut Tx, zone: Uuid, role: Role) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT a.id FROM account a
             JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
             JOIN person p ON p.zone_id = a.zone_id AND p.id = a.id
             WHERE a.zone_id = $1 AND r.role = $2 AND a.disabled_at IS NULL AND p.left_at IS NULL",
            zone,
            role
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Makes a disabled account usable again; false when it was not disabled.
pub async fn enable(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE account SET disabled_at = NULL, version = version + 1
             WHERE zone_id = $1 AND id = $2 AND disabled_at IS NOT NULL",
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

/// Counts a change of the account; false when somebody was quicker.
pub async fn touch(tx: &mut Tx, zone: Uuid, id: Uuid, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE account SET version = version + 1 WHERE zone_id = $1 AND id = $2 AND version = $3",
            zone,
            id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// Notes that the next reset is allowed.
pub async fn allow_reset(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE account SET reset_allowed_at = $1, version = version + 1 WHERE zone_id = $2 AND id = $3",
        at,
        zone,
        id
    ))
    .await
    .map(drop)
}

/// Uses up what was allowed since that time; false when nothing was.
pub async fn take_consent(tx: &mut Tx, zone: Uuid, id: Uuid, since: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE account SET reset_allowed_at = NULL WHERE zone_id = $1 AND id = $2 AND reset_allowed_at > $3",
            zone,
            id,
            since
        ))
        .await?;
    Ok(n == 1)
}

/// Lets the open sessions of those with this role who have no second factor go no
/// further than setting one up.
pub async fn restrict_sessions(tx: &mut Tx, zone: Uuid, role: Role) -> Result<u64> {
    tx.run(sql!(
        "UPDATE session SET stage = 'set_up_second_factor'
         WHERE zone_id = $1 AND stage = 'full' AND account_id IN
           (SELECT a.id FROM account a JOIN account_role r ON r.zone_id = a.zone_id AND r.account_id = a.id
            WHERE a.zone_id = $1 AND a.totp_secret IS NULL AND r.role = $2)",
        zone,
        role
    ))
    .await
}

/// Lets sessions go on that waited for a second factor to be set up.
pub async fn release_sessions(tx: &mut Tx, zone: Uuid) -> Result<u64> {
    tx.run(sql!("UPDATE session SET stage = 'full' WHERE zone_id = $1 AND stage = 'set_up_second_factor'", zone)).await
}

pub async fn set_user_name(tx: &mut Tx, zone: Uuid, id: Uuid, user_name: &str) -> Result<()> {
    tx.run(sql!("UPDATE account SET user_name = $1 WHERE zone_id = $2 AND id = $3", user_name, zone, id))
        .await
        .map(drop)
}

/// Whether a user name is taken in the zone by somebody else.
pub async fn user_name_taken(tx: &mut Tx, zone: Uuid, user_name: &str, but: Uuid) -> Result<bool> {
    let other: Option<Uuid> = tx
        .opt_value(sql!(
            "SELECT id FROM account WHERE zone_id = $1 AND user_name = $2 AND id <> $3",
            zone,
            user_name,
            but
        ))
        .await?;
    Ok(other.is_some())
}

pub async fn note_sign_in(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<()> {
    tx.run(sql!("UPDATE account SET signed_in_at = $1 WHERE zone_id = $2 AND id = $3", at, zone, id)).await.map(drop)
}

/// The display that an account chose.
pub async fn display(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<(Option<String>, Option<String>, bool)>> {
    tx.opt(sql!("SELECT locale, theme, large_text FROM account WHERE zone_id = $1 AND id = $2", zone, id)).await
}

pub async fn set_display(tx: &mut Tx, zone: Uuid, id: Uuid, theme: Option<&str>, large_text: bool) -> Result<()> {
    tx.run(sql!(
        "UPDATE account SET theme = $1, large_text = $2 WHERE zone_id = $3 AND id = $4",
        theme,
        large_text,
        zone,
        id
    ))
    .await
    .map(drop)
}

pub async fn has_right(tx: &mut Tx, zone: Uuid, account: Uuid, right: Right) -> Result<bool> {
    let found: Option<Time> = tx
        .opt_value(sql!(
            "SELECT granted_at FROM account_right WHERE zone_id = $1 AND account_id = $2 AND name = $3",
            zone,
            account,
            right
        ))
        .await?;
    Ok(found.is_some())
}

pub async fn give_right(
    tx: &mut Tx,
    zone: Uuid,
    account: Uuid,
    right: Right,
    by: Option<Uuid>,
    at: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO account_right (zone_id, account_id, name, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (zone_id, account_id, name) DO NOTHING",
        zone,
        account,
        right,
        by,
        at
    ))
    .await
    .map(drop)
}

pub async fn take_right(tx: &mut Tx, zone: Uuid, account: Uuid, right: Right) -> Result<()> {
    tx.run(sql!("DELETE FROM account_right WHERE zone_id = $1 AND account_id = $2 AND name = $3", zone, account, right))
        .await
        .map(drop)
}

/// Accounts of an enterprise or project other than one, that may still sign in.
pub async fn colleagues(tx: &mut Tx, zone: Uuid, subject: Uuid, but: Uuid) -> Result<Vec<(Uuid, bool)>> {
    let rows: Vec<(Uuid, i64)> = tx
        .list(sql!(
            "SELECT a.id, CASE WHEN t.account_id IS NULL THEN CAST(0 AS bigint) ELSE CAST(1 AS bigint) END
             FROM person p
             JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
             LEFT JOIN account_right t ON t.zone_id = a.zone_id AND t.account_id = a.id AND t.name = 'manage'
             WHERE p.zone_id = $1 AND (p.enterprise_id = $2 OR p.project_id = $2) AND p.id <> $3
               AND p.left_at IS NULL AND a.disabled_at IS NULL
             ORDER BY a.created_at, a.id",
            zone,
            subject,
            but
        ))
        .await?;
    Ok(rows.into_iter().map(|(id, manages)| (id, manages == 1)).collect())
}

/// A browser that has signed in before, by its secret.
pub async fn device(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<(Uuid, Uuid)>> {
    tx.opt(sql!("SELECT account_id, id FROM device WHERE digest = $1", digest.as_slice())).await
}

pub async fn insert_device(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    account: Uuid,
    digest: &[u8; 32],
    agent: &str,
    at: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO device (zone_id, id, account_id, digest, agent, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
        zone,
        id,
        account,
        digest.as_slice(),
        agent,
        at
    ))
    .await
    .map(drop)
}

pub async fn see_device(tx: &mut Tx, zone: Uuid, id: Uuid, agent: &str, at: Time) -> Result<()> {
    tx.run(sql!("UPDATE device SET seen_at = $1, agent = $2 WHERE zone_id = $3 AND id = $4", at, agent, zone, id))
        .await
        .map(drop)
}

/// Forgets a browser and ends its sessions; false when the account has no such.
pub async fn delete_device(tx: &mut Tx, zone: Uuid, account: Uuid, id: Uuid) -> Result<bool> {
    tx.run(sql!("DELETE FROM session WHERE zone_id = $1 AND account_id = $2 AND device_id = $3", zone, account, id))
        .await?;
    let n = tx
        .run(sql!("DELETE FROM device WHERE zone_id = $1 AND account_id = $2 AND id = $3", zone, account, id))
        .await?;
    Ok(n == 1)
}

/// Forgets every browser of an account.
pub async fn delete_devices(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM device WHERE zone_id = $1 AND account_id = $2", zone, account)).await.map(drop)
}

/// A browser that has signed in before.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    pub id: Uuid,
    pub agent: String,
    pub created_at: Time,
    pub seen_at: Time,
}

from_row!(DeviceRow { id, agent, created_at, seen_at });

pub async fn devices(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<Vec<DeviceRow>> {
    tx.list(sql!(
        "SELECT id, agent, created_at, seen_at FROM device WHERE zone_id = $1 AND account_id = $2 ORDER BY seen_at DESC, id",
        zone,
        account
    ))
    .await
}

/// A session of an account.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub digest: Vec<u8>,
    pub created_at: Time,
    pub seen_at: Time,
    pub expires_at: Time,
    pub address: String,
    pub agent: String,
}

from_row!(SessionRow { digest, created_at, seen_at, expires_at, address, agent });

pub async fn sessions(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<Vec<SessionRow>> {
    tx.list(sql!(
        "SELECT digest, created_at, seen_at, expires_at, address, agent FROM session
         WHERE zone_id = $1 AND account_id = $2 ORDER BY seen_at DESC, digest",
        zone,
        account
    ))
    .await
}

/// An API token, without its secret.
#[derive(Clone, Debug)]
pub struct TokenRow {
    pub id: Uuid,
    pub account_id: Uuid,
    pub name: String,
    pub scopes: String,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    pub seen_at: Option<Time>,
    pub revoked_at: Option<Time>,
}

from_row!(TokenRow { id, account_id, name, scopes, created_at, expires_at, seen_at, revoked_at });

const TOKEN: &str = "SELECT id, account_id, name, scopes, created_at, expires_at, seen_at, revoked_at FROM api_token";

pub async fn tokens(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<Vec<TokenRow>> {
    let mut query = Sql::from(TOKEN);
    query
        .push(" WHERE zone_id = ")
        .arg(zone)
        .push(" AND account_id = ")
        .arg(account)
        .push(" ORDER BY id DESC LIMIT 200");
    tx.list(query).await
}

pub async fn token(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<TokenRow>> {
    let mut query = Sql::from(TOKEN);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Revokes a token; false when it was revoked before.
pub async fn revoke_token(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE api_token SET revoked_at = $1 WHERE zone_id = $2 AND id = $3 AND revoked_at IS NULL",
            at,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

/// Revokes every token of an account.
pub async fn revoke_tokens(tx: &mut Tx, zone: Uuid, account: Uuid, at: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE api_token SET revoked_at = $1 WHERE zone_id = $2 AND account_id = $3 AND revoked_at IS NULL",
        at,
        zone,
        account
    ))
    .await
    .map(drop)
}

/// The provider that an account is linked to, and since when.
pub async fn link(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<Option<(String, Time)>> {
    tx.opt(sql!("SELECT issuer, linked_at FROM account_oidc WHERE zone_id = $1 AND account_id = $2", zone, account))
        .await
}

/// Takes the link to a provider off an account; false when there is none.
pub async fn unlink(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<bool> {
    let gone = sql!("DELETE FROM account_oidc WHERE zone_id = $1 AND account_id = $2", zone, account);
    Ok(tx.run(gone).await? > 0)
}

pub async fn set_totp(
    tx: &mut Tx,
    zone: Uuid,
    account: Uuid,
    secret: Option<&[u8]>,
    last_step: Option<i64>,
) -> Result<()> {
    tx.run(sql!(
        "UPDATE account SET totp_secret = $1, totp_last_step = $2, version = version + 1 WHERE zone_id = $3 AND id = $4",
        secret.map(<[u8]>::to_vec),
        last_step,
        zone,
        account
    ))
    .await?;
    tx.run(sql!("DELETE FROM totp_setup WHERE zone_id = $1 AND account_id = $2", zone, account)).await.map(drop)
}

pub async fn begin_totp(tx: &mut Tx, zone: Uuid, account: Uuid, sealed: &[u8], at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO totp_setup (zone_id, account_id, secret, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (zone_id, account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at",
        zone,
        account,
        sealed,
        at
    ))
    .await
    .map(drop)
}

pub async fn totp_setup(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<Option<(Vec<u8>, Time)>> {
    tx.opt(sql!("SELECT secret, created_at FROM totp_setup WHERE zone_id = $1 AND account_id = $2", zone, account))
        .await
}

/// Puts new recovery codes in the place of all earlier ones.
pub async fn replace_recovery_codes(tx: &mut Tx, zone: Uuid, account: Uuid, digests: &[[u8; 32]]) -> Result<()> {
    tx.run(sql!("DELETE FROM recovery_code WHERE zone_id = $1 AND account_id = $2", zone, account)).await?;
    for digest in digests {
        tx.run(sql!(
            "INSERT INTO recovery_code (zone_id, account_id, digest) VALUES ($1, $2, $3)",
            zone,
            account,
            digest.as_slice()
        ))
        .await?;
    }
    Ok(())
}

/// How many recovery codes are left.
pub async fn recovery_codes_left(tx: &mut Tx, zone: Uuid, account: Uuid) -> Result<i64> {
    tx.value(sql!(
        "SELECT count(*) FROM recovery_code WHERE zone_id = $1 AND account_id = $2 AND used_at IS NULL",
        zone,
        account
    ))
    .await
}

/// A notice as it is stored.
#[derive(Clone, Debug)]
pub struct NoticeRow {
    pub id: Uuid,
    pub kind: String,
    pub subject: String,
    pub subject_id: Uuid,
    pub args: Json,
    pub created_at: Time,
    pub read_at: Option<Time>,
}

from_row!(NoticeRow { id, kind, subject, subject_id, args, created_at, read_at });

pub async fn notices(
    tx: &mut Tx,
    zone: Uuid,
    person: Uuid,
    unread: bool,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<NoticeRow>> {
    let mut query = sql!(
        "SELECT id, kind, subject, subject_id, args, created_at, read_at FROM notice WHERE zone_id = $1 AND person_id = $2",
        zone,
        person
    );
    if unread {
        query.push(" AND read_at IS NULL");
    }
    if let Some(before) = before {
        query.push(" AND id < ").arg(before);
    }
    query.push(" ORDER BY id DESC LIMIT ").arg(limit);
    tx.list(query).await
}

pub async fn notice(tx: &mut Tx, zone: Uuid, person: Uuid, id: Uuid) -> Result<Option<NoticeRow>> {
    tx.opt(sql!(
        "SELECT id, kind, subject, subject_id, args, created_at, read_at FROM notice
         WHERE zone_id = $1 AND person_id = $2 AND id = $3",
        zone,
        person,
        id
    ))
    .await
}

/// Notes notices as read: one, or all up to now.
pub async fn read_notices(tx: &mut Tx, zone: Uuid, person: Uuid, one: Option<Uuid>, at: Time) -> Result<u64> {
    let mut query = sql!(
        "UPDATE notice SET read_at = $1 WHERE zone_id = $2 AND person_id = $3 AND read_at IS NULL",
        at,
        zone,
        person
    );
    if let Some(id) = one {
        query.push(" AND id = ").arg(id);
    }
    tx.run(query).await
}
