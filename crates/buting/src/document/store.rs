use super::{Draft, Issued, Kind};
use crate::list::{Key, Walk};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

/// What the register is sorted by.
pub const KEYS: &[Key] = &[Key::number("issued", "d.issued_at"), Key::number("n", "d.n")];

const COLUMNS: &str =
    "SELECT d.id, d.kind, d.year, d.n, d.number, d.title, d.appeal_id, d.visit_id, d.plan_id, d.sha256,
    d.reply_on, d.earlier_id, e.number AS earlier_number, l.id AS later_id, l.number AS later_number, d.issued_by,
    i.name AS issued_by_name, d.issued_at, d.withdrawn_at, w.name AS withdrawn_by_name, d.withdrawn_reason, d.version";
const FROM: &str = " FROM document d
  LEFT JOIN document e ON e.zone_id = d.zone_id AND e.id = d.earlier_id
  LEFT JOIN document l ON l.zone_id = d.zone_id AND l.earlier_id = d.id
  LEFT JOIN person i ON i.zone_id = d.zone_id AND i.id = d.issued_by
  LEFT JOIN person w ON w.zone_id = d.zone_id AND w.id = d.withdrawn_by
  WHERE d.zone_id = ";

/// Which documents a list holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this year.
    pub year: Option<i64>,
    /// Of this appeal.
    pub appeal_id: Option<Uuid>,
    /// Of this visit.
    pub visit_id: Option<Uuid>,
    /// Of this plan.
    pub plan_id: Option<Uuid>,
    /// Which the reader may know of, with its ` AND`.
    pub known: Option<Sql>,
}

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.arg(zone);
    if let Some(kind) = filter.kind {
        query.push(" AND d.kind = ").arg(kind);
    }
    if let Some(year) = filter.year {
        query.push(" AND d.year = ").arg(year);
    }
    if let Some(id) = filter.appeal_id {
        query.push(" AND d.appeal_id = ").arg(id);
    }
    if let Some(id) = filter.visit_id {
        query.push(" AND d.visit_id = ").arg(id);
    }
    if let Some(id) = filter.plan_id {
        query.push(" AND d.plan_id = ").arg(id);
    }
    if let Some(known) = &filter.known {
        query.append(known.clone());
    }
}

pub async fn list(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<Issued>, Option<String>)> {
    let mut query = Sql::from(COLUMNS);
    walk.column(&mut query);
    query.push(FROM);
    narrow(&mut query, zone, filter);
    walk.list(tx, query, "d.id").await
}

pub async fn total(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM document d WHERE d.zone_id = ");
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

/// The years that there are documents of, the last first.
pub async fn years(tx: &mut Tx, zone: Uuid) -> Result<Vec<i64>> {
    let query = sql!("SELECT DISTINCT year FROM document WHERE zone_id = $1 ORDER BY year DESC", zone);
    Ok(tx.list::<(i64,)>(query).await?.into_iter().map(|(year,)| year).collect())
}

/// A document, where a condition (with its ` AND`) of who may know of it holds.
pub async fn document(tx: &mut Tx, zone: Uuid, id: Uuid, known: Option<Sql>) -> Result<Option<Issued>> {
    let mut query = Sql::from(COLUMNS);
    query.push(FROM).arg(zone).push(" AND d.id = ").arg(id);
    if let Some(known) = known {
        query.append(known);
    }
    tx.opt(query).await
}

/// What it says, byte for byte.
pub async fn content(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<String>> {
    tx.opt_value(sql!("SELECT content FROM document WHERE zone_id = $1 AND id = $2", zone, id)).await
}

/// The last of a kind about the same record (of ledgers: that the person issued) that was
/// not withdrawn: key, number, and the digest of what it was made from.
pub async fn last(tx: &mut Tx, zone: Uuid, draft: &Draft, by: Option<Uuid>) -> Result<Option<(Uuid, String, String)>> {
    let mut query = sql!(
        "SELECT d.id, d.number, d.basis FROM document d
         WHERE d.zone_id = $1 AND d.kind = $2 AND d.withdrawn_at IS NULL",
        zone,
        draft.kind
    );
    match (draft.appeal_id, draft.visit_id, draft.plan_id) {
        (Some(id), ..) => query.push(" AND d.appeal_id = ").arg(id),
        (None, Some(id), _) => query.push(" AND d.visit_id = ").arg(id),
        (None, None, Some(id)) => query.push(" AND d.plan_id = ").arg(id),
        (None, None, None) => query.push(" AND d.issued_by = ").arg(by.unwrap_or_default()),
    };
    query.push(" ORDER BY d.n DESC, d.year DESC LIMIT 1");
    tx.opt(query).await
}

/// What a new document is beside its draft.
pub struct New {
    pub id: Uuid,
    pub year: i64,
    pub n: i64,
    pub number: String,
    pub content: String,
    pub sha256: String,
    pub basis: String,
    pub earlier_id: Option<Uuid>,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, draft: &Draft, new: &New, by: Option<Uuid>, now: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO document (zone_id, id, kind, year, n, number, title, appeal_id, visit_id, content, sha256, basis,
           secret, reply_on, earlier_id, issued_by, issued_at, plan_id, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)",
        zone,
        new.id,
        draft.kind,
        new.year,
        new.n,
        new.number,
        draft.title,
        draft.appeal_id,
        draft.visit_id,
        new.content,
        new.sha256,
        new.basis,
        draft.secret,
        draft.reply_on,
        new.earlier_id,
        by,
        now,
        draft.plan_id
    ))
    .await
    .map(drop)
}

/// Withdraws a document; false when that was done before.
pub async fn withdraw(tx: &mut Tx, zone: Uuid, id: Uuid, by: Option<Uuid>, now: Time, reason: &str) -> Result<bool> {
    let update = sql!(
        "UPDATE document SET withdrawn_by = $1, withdrawn_at = $2, withdrawn_reason = $3, version = version + 1
         WHERE zone_id = $4 AND id = $5 AND withdrawn_at IS NULL",
        by,
        now,
        reason,
        zone,
        id
    );
    Ok(tx.run(update).await? == 1)
}
