use super::{Import, KEPT_MS, Kind, State};
use crate::time::Time;
use hanzi::name_key;
use serde_json::Value as Json;
use store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

const IMPORT: &str =
    "SELECT id, kind, file_name, dry_run, state, failure, total, position, created, updated, unchanged,
   rejected, columns, errors, preview, made_by, created_at, finished_at, version FROM import";

#[expect(clippy::too_many_arguments, reason = "the columns of the table")]
pub async fn insert(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    kind: Kind,
    file_name: &str,
    file: &[u8],
    dry_run: bool,
    made_by: Option<Uuid>,
    at: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO import (zone_id, id, kind, file_name, file, dry_run, state, total, position, created, updated,
           unchanged, rejected, columns, errors, preview, made_by, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, 0, 0, 0, 0, $7, $7, $7, $8, $9, 1)",
        zone,
        id,
        kind,
        file_name,
        file,
        dry_run,
        Json::Array(Vec::new()),
        made_by,
        at
    ))
    .await
    .map(drop)
}

pub async fn import(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Import>> {
    let mut query = Sql::from(IMPORT);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

pub async fn recent(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Import>> {
    let mut query = Sql::from(IMPORT);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND made_by = ").arg(person).push(" ORDER BY id DESC LIMIT 20");
    tx.list(query).await
}

pub async fn file(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Vec<u8>>> {
    let file: Option<Option<Vec<u8>>> =
        tx.opt_value(sql!("SELECT file FROM import WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(file.flatten())
}

/// Takes the file away from an import, once.
pub async fn take_file(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Vec<u8>>> {
    let file = file(tx, zone, id).await?;
    let taken = tx
        .run(sql!("UPDATE import SET file = NULL WHERE zone_id = $1 AND id = $2 AND file IS NOT NULL", zone, id))
        .await?;
    Ok(file.filter(|_| taken == 1))
}

pub async fn rejects(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Vec<u8>>> {
    let rejects: Option<Option<Vec<u8>>> =
        tx.opt_value(sql!("SELECT rejects FROM import WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(rejects.flatten())
}

/// Writes how far an import has come.
pub async fn save(tx: &mut Tx, zone: Uuid, import: &Import) -> Result<()> {
    tx.run(sql!(
        "UPDATE import SET state = $1, failure = $2, total = $3, position = $4, created = $5, updated = $6,
           unchanged = $7, rejected = $8, columns = $9, errors = $10, preview = $11, finished_at = $12,
           version = version + 1
         WHERE zone_id = $13 AND id = $14",
        import.state,
        import.failure,
        import.total,
        import.position,
        import.created,
        import.updated,
        import.unchanged,
        import.rejected,
        import.columns,
        import.errors,
        import.preview,
        import.finished_at,
        zone,
        import.id
    ))
    .await
    .map(drop)
}

/// Puts away what came back; the file itself goes when its rows are in.
pub async fn finish(tx: &mut Tx, zone: Uuid, id: Uuid, rejects: Option<&[u8]>, keep_file: bool) -> Result<()> {
    tx.run(sql!("UPDATE import SET rejects = $1 WHERE zone_id = $2 AND id = $3", rejects, zone, id)).await?;
    if !keep_file {
        tx.run(sql!("UPDATE import SET file = NULL WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    }
    Ok(())
}

/// Forgets what was handed in so long ago: files, returned rows, and what quotes
/// them. An import that still waits for its file has failed.
pub async fn forget_files(tx: &mut Tx, zone: Uuid, now: Time) -> Result<u64> {
    let nothing = Json::Array(Vec::new());
    tx.run(sql!(
        "UPDATE import SET file = NULL, rejects = NULL, errors = $1, preview = $1, version = version + 1,
           failure = CASE WHEN state IN ($2, $3) THEN 'file_gone' ELSE failure END,
           finished_at = CASE WHEN state IN ($2, $3) THEN $4 ELSE finished_at END,
           state = CASE WHEN state IN ($2, $3) THEN $5 ELSE state END
         WHERE zone_id = $6 AND created_at < $7 AND (file IS NOT NULL OR rejects IS NOT NULL OR state IN ($2, $3)
           OR errors <> $1 OR preview <> $1)",
        nothing,
        State::Queued,
        State::Running,
        now,
        State::Failed,
        zone,
        now.plus(-KEPT_MS)
    ))
    .await
}

/// What rows are known by.
pub struct Known {
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub uscc: Option<String>,
}

from_row!(Known { id, name, name_key, uscc });

/// Every enterprise of the zone, by what rows are known by.
pub async fn enterprises(tx: &mut Tx, zone: Uuid) -> Result<Vec<Known>> {
    tx.list(sql!("SELECT id, name, name_key, uscc FROM enterprise WHERE zone_id = $1 ORDER BY id", zone)).await
}

/// Short names of enterprises.
pub async fn short_names(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!("SELECT enterprise_id, name FROM enterprise_short_name WHERE zone_id = $1", zone)).await
}

/// Names of carriers that exist: id, full name, short name.
pub async fn carriers(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, String)>> {
    tx.list(sql!("SELECT id, name, short_name FROM carrier WHERE zone_id = $1 AND closed_at IS NULL ORDER BY id", zone))
        .await
}

/// Staff who have not left: id and name.
pub async fn staff(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!(
        "SELECT id, name FROM person WHERE zone_id = $1 AND department_id IS NOT NULL AND left_at IS NULL ORDER BY id",
        zone
    ))
    .await
}

/// Departments that exist: id, full name, short name.
pub async fn departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, String)>> {
    tx.list(sql!(
        "SELECT id, name, short_name FROM department WHERE zone_id = $1 AND valid_to IS NULL ORDER BY id",
        zone
    ))
    .await
}

/// A name as rows are known by it.
pub fn key_of(name: &str) -> String {
    name_key(name)
}
