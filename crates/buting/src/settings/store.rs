use super::Version;
use crate::time::Time;
use ::store::{Result, Tx, sql};
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

/// Ends what held and says what holds from now on; answers the version.
pub async fn put(tx: &mut Tx, zone: Uuid, kind: &str, key: &str, body: &Json, now: Time) -> Result<i64> {
    let last: Option<i64> = tx
        .value(sql!(
            "SELECT max(version) FROM policy_data WHERE zone_id = $1 AND kind = $2 AND key = $3",
            zone,
            kind,
            key
        ))
        .await?;
    tx.run(sql!(
        "UPDATE policy_data SET valid_to = $1 WHERE zone_id = $2 AND kind = $3 AND key = $4 AND valid_to IS NULL",
        now,
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
        now,
        body
    ))
    .await?;
    Ok(version)
}
