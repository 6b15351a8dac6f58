use super::{Holder, Version};
use crate::time::Time;
use ::store::{Result, Tx, from_row, sql};
use serde_json::Value as Json;
use uuid::Uuid;

pub async fn current(tx: &mut Tx, zone: Uuid, kind: &str, key: &str) -> Result<Option<Json>> {
    tx.opt_value(sql!(
        "SELECT body FROM policy_data WHERE zone_id = $1 AND kind = $2 AND key = $3 AND valid_to IS NULL",
        zone,
        kind,
        key
    ))
    .await
}

pub async fn all_current(tx: &mut Tx, zone: Uuid, kind: &str) -> Result<Vec<(String, Json)>> {
    tx.list(sql!(
        "SELECT key, body FROM policy_data WHERE zone_id = $1 AND kind = $2 AND valid_to IS NULL ORDER BY key",
        zone,
        kind
    ))
    .await
}

/// Every version of one key, newest first.
pub async fn versions(tx: &mut Tx, zone: Uuid, kind: &str, key: &str) -> Result<Vec<Version>> {
    tx.list(sql!(
        "SELECT version, valid_from, valid_to, body FROM policy_data
         WHERE zone_id = $1 AND kind = $2 AND key = $3 ORDER BY version DESC",
        zone,
        kind,
        key
    ))
    .await
}

/// Adds a version that holds from a time on, and answers its number. What would still
/// hold then ends; what was to begin later never does.
pub async fn put(tx: &mut Tx, zone: Uuid, kind: &str, key: &str, body: &Json, from: Time) -> Result<i64> {
    let last: Option<i64> = tx
        .value(sql!(
            "SELECT max(version) FROM policy_data WHERE zone_id = $1 AND kind = $2 AND key = $3",
            zone,
            kind,
            key
        ))
        .await?;
    tx.run(sql!(
        "UPDATE policy_data SET valid_to = CASE WHEN valid_from > $1 THEN valid_from ELSE $1 END
         WHERE zone_id = $2 AND kind = $3 AND key = $4 AND (valid_to IS NULL OR valid_to > $1)",
        from,
        zone,
        kind,
        key
    ))
    .await?;
    let version = last.unwrap_or(0) + 1;
    tx.run(sql!(
        "INSERT INTO policy_data (zone_id, kind, key, version, valid_from, body) VALUES ($1, $2, $3, $4, $5, $6)",
        zone,
        kind,
        key,
        version,
        from,
        body
    ))
    .await?;
    Ok(version)
}

/// Writes a zone's labels and switches; false when somebody was quicker.
pub async fn set_zone(tx: &mut Tx, zone: Uuid, version: i64, settings: &Json) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE zone SET settings = $1, version = version + 1 WHERE zone_id = $2 AND version = $3",
            settings,
            zone,
            version
        ))
        .await?;
    Ok(n == 1)
}

from_row!(Holder { account_id, name, department, role, scope, disabled });

/// Who has which role, by role and name.
pub async fn holders(tx: &mut Tx, zone: Uuid) -> Result<Vec<Holder>> {
    tx.list(sql!(
        "SELECT r.account_id, p.name, d.short_name AS department, r.role, r.scope, a.disabled_at IS NOT NULL AS disabled
         FROM account_role r
         JOIN account a ON a.zone_id = r.zone_id AND a.id = r.account_id
         JOIN person p ON p.zone_id = r.zone_id AND p.id = r.account_id
         LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
         WHERE r.zone_id = $1 AND p.department_id IS NOT NULL ORDER BY r.role, p.position, p.name",
        zone
    ))
    .await
}
