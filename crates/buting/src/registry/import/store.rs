use super::{Fate, Import, KEPT_MS, KeptRow, Kind, State};
use crate::time::Time;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use store::{Result, Sql, Tx, from_row, sql};
use uuid::Uuid;

const IMPORT: &str =
    "SELECT id, kind, file_name, dry_run, state, failure, total, position, created, updated, unchanged,
   rejected, columns, said, preview, sheets, notices, choices, kept, attempts, made_by, created_at, finished_at, undone_at,
   undone_by, version FROM import";
/// Rows in one statement.
const BATCH: usize = 200;

/// A sheet that is handed in.
pub struct New<'a> {
    pub id: Uuid,
    pub kind: Kind,
    pub file_name: &'a str,
    pub file: &'a [u8],
    pub dry_run: bool,
    pub choices: Json,
    /// What was said of its headings when it was previewed.
    pub said: Option<Json>,
    pub made_by: Option<Uuid>,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, new: New<'_>, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO import (zone_id, id, kind, file_name, file, dry_run, state, total, position, created, updated,
           unchanged, rejected, columns, preview, choices, said, made_by, created_at, attempts, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, 0, 0, 0, 0, $7, $7, $8, $9, $10, $11, 0, 1)",
        zone,
        new.id,
        new.kind,
        new.file_name,
        new.file,
        new.dry_run,
        json!([]),
        new.choices,
        new.said,
        new.made_by,
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

/// Counts that the job has begun once more.
pub async fn attempt(tx: &mut Tx, zone: Uuid, id: Uuid, n: i64) -> Result<()> {
    tx.run(sql!("UPDATE import SET attempts = $1 WHERE zone_id = $2 AND id = $3", n, zone, id)).await.map(drop)
}

/// Writes how far an import has come over its row of that version; false when
/// another worker has gone on with it.
pub async fn save(tx: &mut Tx, zone: Uuid, import: &Import) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE import SET state = $1, failure = $2, total = $3, position = $4, created = $5, updated = $6,
               unchanged = $7, rejected = $8, columns = $9, preview = $10, sheets = $11, notices = $12, kept = $13,
               attempts = $14, finished_at = $15, undone_at = $16, undone_by = $17, said = $18, version = version + 1
             WHERE zone_id = $19 AND id = $20 AND version = $21",
            import.state,
            import.failure,
            import.total,
            import.position,
            import.created,
            import.updated,
            import.unchanged,
            import.rejected,
            import.columns,
            import.preview,
            import.sheets,
            import.notices,
            import.kept,
            import.attempts,
            import.finished_at,
            import.undone_at,
            import.undone_by,
            import.said,
            zone,
            import.id,
            import.version
        ))
        .await?;
    Ok(n == 1)
}

/// The file goes when its rows are in.
pub async fn forget_file(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("UPDATE import SET file = NULL WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}

/// Forgets what was handed in so long ago: files, rows that came back, and what
/// quotes them: heads, names of sheets, what an undo left alone. An import that
/// still waits for its file has failed.
pub async fn forget_files(tx: &mut Tx, zone: Uuid, now: Time) -> Result<()> {
    let (nothing, before) = (json!([]), now.plus(-KEPT_MS));
    tx.run(sql!(
        "DELETE FROM import_row WHERE zone_id = $1
           AND import_id IN (SELECT id FROM import WHERE zone_id = $1 AND created_at < $2)",
        zone,
        before
    ))
    .await?;
    tx.run(sql!(
        "UPDATE import SET file = NULL, preview = $1, columns = $1, said = NULL, sheets = NULL, notices = NULL,
           version = version + 1,
           failure = CASE WHEN state IN ($2, $3) THEN 'file_gone' ELSE failure END,
           finished_at = CASE WHEN state IN ($2, $3) THEN $4 ELSE finished_at END,
           state = CASE WHEN state IN ($2, $3) THEN $5 ELSE state END
         WHERE zone_id = $6 AND created_at < $7 AND state <> $8
           AND (file IS NOT NULL OR state IN ($2, $3) OR preview <> $1 OR columns <> $1 OR said IS NOT NULL
             OR sheets IS NOT NULL OR notices IS NOT NULL)",
        nothing,
        State::Queued,
        State::Running,
        now,
        State::Failed,
        zone,
        before,
        State::Undoing
    ))
    .await?;
    // An undo may come later than the file goes; its own day runs from there.
    tx.run(sql!(
        "UPDATE import SET kept = NULL, version = version + 1
         WHERE zone_id = $1 AND kept IS NOT NULL AND state <> $2 AND coalesce(undone_at, created_at) < $3",
        zone,
        State::Undoing,
        before
    ))
    .await
    .map(drop)
}

/// Puts away rows that were not simply taken.
pub async fn keep_rows(tx: &mut Tx, zone: Uuid, import: Uuid, rows: &[KeptRow]) -> Result<()> {
    for some in rows.chunks(BATCH) {
        let mut insert = Sql::from(
            "INSERT INTO import_row (zone_id, import_id, n, sheet, line, outcome, cells, faults, candidate) VALUES ",
        );
        for (i, row) in some.iter().enumerate() {
            insert.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(import).push(", ").arg(row.n);
            insert.push(", ").arg(row.sheet).push(", ").arg(row.line).push(", ").arg(row.outcome);
            insert.push(", ").arg(&row.cells).push(", ").arg(&row.faults).push(", ").arg(&row.candidate).push(")");
        }
        tx.run(insert).await?;
    }
    Ok(())
}

/// Rows of an import with one of these fates, in the order of the file.
pub async fn rows(
    tx: &mut Tx,
    zone: Uuid,
    import: Uuid,
    fates: &[Fate],
    after: i64,
    limit: i64,
) -> Result<Vec<KeptRow>> {
    let mut query = sql!(
        "SELECT n, sheet, line, outcome, cells, faults, candidate FROM import_row
         WHERE zone_id = $1 AND import_id = $2 AND n > $3 AND outcome IN ",
        zone,
        import,
        after
    );
    query.list(fates.iter().copied()).push(" ORDER BY n LIMIT ").arg(limit);
    tx.list(query).await
}

pub async fn count_rows(tx: &mut Tx, zone: Uuid, import: Uuid, fate: Fate) -> Result<i64> {
    tx.value(sql!(
        "SELECT count(*) FROM import_row WHERE zone_id = $1 AND import_id = $2 AND outcome = $3",
        zone,
        import,
        fate
    ))
    .await
}

pub async fn forget_rows(tx: &mut Tx, zone: Uuid, import: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM import_row WHERE zone_id = $1 AND import_id = $2", zone, import)).await.map(drop)
}

/// What an import wrote.
#[derive(Clone, Debug)]
pub struct Written {
    pub seq: i64,
    pub subject: String,
    pub subject_id: Uuid,
    pub created: bool,
    pub at: Time,
}

from_row!(Written { seq, subject, subject_id, created, at });

/// Notes what an import wrote, after what it wrote before.
pub async fn note(tx: &mut Tx, zone: Uuid, import: Uuid, made: &[(&'static str, Uuid, bool)], at: Time) -> Result<()> {
    if made.is_empty() {
        return Ok(());
    }
    let last: Option<i64> = tx
        .value(sql!("SELECT max(seq) FROM import_change WHERE zone_id = $1 AND import_id = $2", zone, import))
        .await?;
    let mut seq = last.unwrap_or_default();
    for some in made.chunks(BATCH) {
        let mut insert = Sql::from(
            "INSERT INTO import_change (zone_id, import_id, seq, subject, subject_id, created, at, undone) VALUES ",
        );
        for (i, (subject, id, created)) in some.iter().enumerate() {
            seq += 1;
            insert.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(import).push(", ").arg(seq);
            insert.push(", ").arg(*subject).push(", ").arg(*id).push(", ").arg(*created).push(", ").arg(at);
            insert.push(", FALSE)");
        }
        tx.run(insert).await?;
    }
    Ok(())
}

/// What an import wrote and has not been taken back, the last first.
pub async fn written(tx: &mut Tx, zone: Uuid, import: Uuid, before: i64, limit: i64) -> Result<Vec<Written>> {
    tx.list(sql!(
        "SELECT seq, subject, subject_id, created, at FROM import_change
         WHERE zone_id = $1 AND import_id = $2 AND undone = FALSE AND seq < $3 ORDER BY seq DESC LIMIT $4",
        zone,
        import,
        before,
        limit
    ))
    .await
}

/// The records that an import made, be they taken back or not.
pub async fn made(tx: &mut Tx, zone: Uuid, import: Uuid) -> Result<Vec<Uuid>> {
    let made = sql!(
        "SELECT subject_id FROM import_change WHERE zone_id = $1 AND import_id = $2 AND created = TRUE",
        zone,
        import
    );
    Ok(tx.list::<(Uuid,)>(made).await?.into_iter().map(|(id,)| id).collect())
}

/// How many records an import made and changed, of what was not taken back.
pub async fn written_counts(tx: &mut Tx, zone: Uuid, import: Uuid) -> Result<(i64, i64)> {
    tx.one(sql!(
        "SELECT coalesce(sum(CASE WHEN created THEN 1 ELSE 0 END), 0) AS made,
           coalesce(sum(CASE WHEN created THEN 0 ELSE 1 END), 0) AS changed
         FROM import_change WHERE zone_id = $1 AND import_id = $2 AND undone = FALSE",
        zone,
        import
    ))
    .await
}

/// Notes that all of it was taken back.
pub async fn mark_undone(tx: &mut Tx, zone: Uuid, import: Uuid) -> Result<()> {
    let undone = sql!(
        "UPDATE import_change SET undone = TRUE WHERE zone_id = $1 AND import_id = $2 AND undone = FALSE",
        zone,
        import
    );
    tx.run(undone).await.map(drop)
}

/// Remembers what a heading means in a department's sheets; without a field it is
/// forgotten, and an empty one says that the column is not read.
pub async fn remember(
    tx: &mut Tx,
    zone: Uuid,
    department: Uuid,
    kind: Kind,
    heading: &str,
    field: Option<&str>,
    at: Time,
) -> Result<()> {
    let Some(field) = field else {
        let forget = sql!(
            "DELETE FROM import_column WHERE zone_id = $1 AND department_id = $2 AND kind = $3 AND heading = $4",
            zone,
            department,
            kind,
            heading
        );
        return tx.run(forget).await.map(drop);
    };
    tx.run(sql!(
        "INSERT INTO import_column (zone_id, department_id, kind, heading, field, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (zone_id, department_id, kind, heading) DO UPDATE
           SET field = excluded.field, changed_at = excluded.changed_at",
        zone,
        department,
        kind,
        heading,
        field,
        at
    ))
    .await
    .map(drop)
}

/// What a department said of headings: heading and field.
pub async fn remembered(tx: &mut Tx, zone: Uuid, department: Uuid, kind: Kind) -> Result<Vec<(String, String)>> {
    tx.list(sql!(
        "SELECT heading, field FROM import_column WHERE zone_id = $1 AND department_id = $2 AND kind = $3",
        zone,
        department,
        kind
    ))
    .await
}

/// What rows are known by.
pub struct Known {
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub uscc: Option<String>,
    pub carrier_id: Option<Uuid>,
    /// The enterprise that it was merged into.
    pub merged_into: Option<Uuid>,
}

from_row!(Known { id, name, name_key, uscc, carrier_id, merged_into });

/// Every enterprise of the zone, by what rows are known by.
pub async fn enterprises(tx: &mut Tx, zone: Uuid) -> Result<Vec<Known>> {
    tx.list(sql!(
        "SELECT id, name, name_key, uscc, carrier_id, merged_into FROM enterprise WHERE zone_id = $1 ORDER BY id",
        zone
    ))
    .await
}

/// Short names of enterprises.
pub async fn short_names(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!("SELECT enterprise_id, name FROM enterprise_short_name WHERE zone_id = $1", zone)).await
}

/// Which of these credit codes and full names are in the register by now.
pub async fn taken(
    tx: &mut Tx,
    zone: Uuid,
    codes: &[&str],
    names: &[&str],
) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let mut by_code = sql!("SELECT uscc FROM enterprise WHERE zone_id = $1 AND uscc IN ", zone);
    by_code.list(codes.iter().copied());
    let mut by_name = sql!("SELECT name FROM enterprise WHERE zone_id = $1 AND name IN ", zone);
    by_name.list(names.iter().copied());
    let codes: Vec<(String,)> = tx.list(by_code).await?;
    let names: Vec<(String,)> = tx.list(by_name).await?;
    Ok((codes.into_iter().map(|(code,)| code).collect(), names.into_iter().map(|(name,)| name).collect()))
}

/// Of these enterprises those that a condition on `e.id` holds for.
pub async fn within(tx: &mut Tx, zone: Uuid, ids: &[Uuid], condition: Sql) -> Result<BTreeSet<Uuid>> {
    let mut query = sql!("SELECT e.id FROM enterprise e WHERE e.zone_id = $1 AND e.id IN ", zone);
    query.list(ids.iter().copied()).push(" AND ").append(condition);
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// Names of carriers that exist: id, full name, short name.
pub async fn carriers(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, String)>> {
    tx.list(sql!("SELECT id, name, short_name FROM carrier WHERE zone_id = $1 AND closed_at IS NULL ORDER BY id", zone))
        .await
}

/// Names of projects in the register: id, full name, short name.
pub async fn projects(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, String)>> {
    tx.list(sql!("SELECT id, name, short_name FROM project WHERE zone_id = $1 AND closed_at IS NULL ORDER BY id", zone))
        .await
}

/// Staff who have not left: id, name and department.
pub async fn staff(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, Uuid)>> {
    tx.list(sql!(
        "SELECT id, name, department_id FROM person
         WHERE zone_id = $1 AND department_id IS NOT NULL AND left_at IS NULL ORDER BY id",
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

/// The records that name one of these: which is named, and by which.
pub async fn referring(
    tx: &mut Tx,
    zone: Uuid,
    reference: &super::undo::Reference,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>> {
    let mut query = Sql::from(reference.select);
    query.arg(zone).push(reference.within).list(ids.iter().copied()).push(" LIMIT 1000");
    tx.list(query).await
}

/// What the ledger holds about these records after that time, in its order.
pub async fn entries_since(tx: &mut Tx, zone: Uuid, ids: &[Uuid], after: Time) -> Result<Vec<super::undo::Entry>> {
    let columns = "SELECT id, subject_id, about_id, at, action, before, after FROM ledger WHERE zone_id = ";
    let mut query = Sql::from(columns);
    query.arg(zone).push(" AND at > ").arg(after).push(" AND subject_id IN ").list(ids.iter().copied());
    query.push(" UNION ").push(columns).arg(zone).push(" AND at > ").arg(after);
    query.push(" AND about_id IN ").list(ids.iter().copied()).push(" ORDER BY id");
    tx.list(query).await
}

/// The name of a record of one of the tables that sheets write, and the enterprise
/// where it is seen.
pub async fn name_of(tx: &mut Tx, zone: Uuid, table: &str, id: Uuid) -> Result<Option<(String, Option<Uuid>)>> {
    let mut query = Sql::from(match table {
        "enterprise" => "SELECT name, id FROM enterprise WHERE zone_id = ",
        "carrier" => "SELECT name, id FROM carrier WHERE zone_id = ",
        "project" => "SELECT name, id FROM project WHERE zone_id = ",
        "department" => "SELECT name, id FROM department WHERE zone_id = ",
        "person" => "SELECT name, enterprise_id FROM person WHERE zone_id = ",
        _ => return Ok(None),
    });
    query.arg(zone).push(" AND id = ").arg(id);
    let found: Option<(String, Option<Uuid>)> = tx.opt(query).await?;
    Ok(found.map(|(name, place)| (name, place.filter(|_| table == "person"))))
}
