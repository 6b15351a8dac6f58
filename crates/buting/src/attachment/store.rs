use super::media::Media;
use super::{Attachment, Purpose, State};
use crate::time::Time;
use ::store::{Dialect, Result, Sql, Tx, sql};
use uuid::Uuid;

/// Bytes of a piece: so much is in the memory at a time for a backup.
const PIECE: usize = 256 * 1024;
/// The owner of an upload that a form keeps.
pub const FORM: &str = "form";

const COLUMNS: &str = "SELECT f.id, f.owner, f.owner_id, f.purpose, f.message_id, f.work_order_id, f.own, f.file_name,
    f.media, f.size, f.sha256, f.state, f.uploaded_by, f.uploaded_at, f.version,
    (f.thumbnail IS NOT NULL) AS has_thumbnail, p.name AS by_name
  FROM attachment f LEFT JOIN person p ON p.zone_id = f.zone_id AND p.id = f.uploaded_by";

/// A new file.
pub struct NewRow<'a> {
    pub id: Uuid,
    pub form_id: Option<Uuid>,
    pub place: Place<'a>,
    pub own: bool,
    pub file_name: &'a str,
    pub media: Media,
    pub sha256: &'a str,
    pub state: State,
    pub uploaded_by: Option<Uuid>,
    pub at: Time,
}

/// What a file belongs to.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub owner: &'a str,
    pub owner_id: Uuid,
    pub purpose: Purpose,
    pub message_id: Option<Uuid>,
    pub work_order_id: Option<Uuid>,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, row: &NewRow<'_>, bytes: &[u8]) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO attachment (zone_id, id, owner, owner_id, purpose, message_id, work_order_id, form_id, own,
           file_name, media, size, sha256, state, uploaded_by, uploaded_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1)",
        zone,
        row.id,
        row.place.owner,
        row.place.owner_id,
        row.place.purpose,
        row.place.message_id,
        row.place.work_order_id,
        row.form_id,
        row.own,
        row.file_name,
        row.media,
        bytes.len(),
        row.sha256,
        row.state,
        row.uploaded_by,
        row.at
    ))
    .await?;
    for (n, piece) in bytes.chunks(PIECE).enumerate() {
        tx.run(sql!(
            "INSERT INTO attachment_piece (zone_id, attachment_id, n, bytes) VALUES ($1, $2, $3, $4)",
            zone,
            row.id,
            n,
            piece
        ))
        .await?;
    }
    Ok(())
}

pub async fn one(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Attachment>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE f.zone_id = ").arg(zone).push(" AND f.id = ").arg(id).push(" AND f.removed_at IS NULL");
    tx.opt(query).await
}

/// Whether there is or was a file of that key.
pub async fn is_known(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<bool> {
    let n: i64 = tx.value(sql!("SELECT count(*) FROM attachment WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(n > 0)
}

/// The files of a record, oldest first.
pub async fn of(tx: &mut Tx, zone: Uuid, owner: &str, owner_id: Uuid) -> Result<Vec<Attachment>> {
    let mut query = sql!(COLUMNS);
    query.push(" WHERE f.zone_id = ").arg(zone).push(" AND f.owner_id = ").arg(owner_id);
    query.push(" AND f.owner = ").arg(owner).push(" AND f.removed_at IS NULL ORDER BY f.id");
    tx.list(query).await
}

/// How many files a record has.
pub async fn count(tx: &mut Tx, zone: Uuid, owner: &str, owner_id: Uuid) -> Result<i64> {
    tx.value(sql!(
        "SELECT count(*) FROM attachment WHERE zone_id = $1 AND owner_id = $2 AND owner = $3 AND removed_at IS NULL",
        zone,
        owner_id,
        owner
    ))
    .await
}

/// Whether the form of that key handed these bytes in before.
pub async fn of_form(tx: &mut Tx, zone: Uuid, form: Uuid, sha256: &str, by: By) -> Result<Option<Uuid>> {
    let mut query =
        sql!("SELECT id FROM attachment WHERE zone_id = $1 AND form_id = $2 AND sha256 = $3", zone, form, sha256);
    query.push(" AND removed_at IS NULL AND ").append(by.condition()).push(" ORDER BY id LIMIT 1");
    tx.opt_value(query).await
}

/// Who keeps uploads of forms: a person, or the work order of a signed link.
#[derive(Clone, Copy)]
pub enum By {
    Person(Uuid),
    Link(Uuid),
}

impl By {
    fn condition(self) -> Sql {
        match self {
            Self::Person(id) => sql!("uploaded_by = $1", id),
            Self::Link(order) => sql!("uploaded_by IS NULL AND work_order_id = $1", order),
        }
    }
}

/// Holds whoever brings a file, so that of two files that come at once the second sees
/// the first. SQLite has one writer and needs no lock.
pub async fn hold(tx: &mut Tx, zone: Uuid, by: By) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let query = match by {
        By::Person(id) => {
            sql!("SELECT 1 FROM person WHERE zone_id = $1 AND id = $2 FOR NO KEY UPDATE", zone, id)
        }
        By::Link(order) => {
            sql!("SELECT 1 FROM work_order WHERE zone_id = $1 AND id = $2 FOR NO KEY UPDATE", zone, order)
        }
    };
    tx.all(query).await.map(drop)
}

/// The bytes that somebody brought since a time, and that are there.
pub async fn brought(tx: &mut Tx, zone: Uuid, since: Time, by: By) -> Result<i64> {
    let mut query = sql!(
        "SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM attachment WHERE zone_id = $1 AND uploaded_at >= $2",
        zone,
        since
    );
    query.push(" AND ").append(by.condition());
    tx.value(query).await
}

/// What a form keeps, oldest first.
pub async fn kept(tx: &mut Tx, zone: Uuid, form: Uuid, by: By) -> Result<Vec<Attachment>> {
    let all = of(tx, zone, FORM, form).await?;
    let own = |file: &Attachment| match by {
        By::Person(id) => file.uploaded_by == Some(id),
        By::Link(order) => file.uploaded_by.is_none() && file.work_order_id == Some(order),
    };
    Ok(all.into_iter().filter(own).collect())
}

/// How many uploads somebody's forms keep.
pub async fn count_kept(tx: &mut Tx, zone: Uuid, by: By) -> Result<i64> {
    let mut query =
        sql!("SELECT count(*) FROM attachment WHERE zone_id = $1 AND owner = 'form' AND removed_at IS NULL", zone);
    query.push(" AND ").append(by.condition());
    tx.value(query).await
}

/// Gives what a form kept to a record.
pub async fn bind(tx: &mut Tx, zone: Uuid, id: Uuid, place: &Place<'_>, own: bool, at: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE attachment SET owner = $1, owner_id = $2, purpose = $3, message_id = $4, work_order_id = $5, own = $6,
           uploaded_at = $7, version = version + 1
         WHERE zone_id = $8 AND id = $9 AND owner = 'form'",
        place.owner,
        place.owner_id,
        place.purpose,
        place.message_id,
        place.work_order_id,
        own,
        at,
        zone,
        id
    ))
    .await?;
    Ok(())
}

/// Evidence that lay ready belongs to the answer that is given now.
pub async fn give_to_answer(tx: &mut Tx, zone: Uuid, appeal: Uuid, message: Uuid) -> Result<()> {
    tx.run(sql!(
        "UPDATE attachment SET message_id = $1, version = version + 1
         WHERE zone_id = $2 AND owner_id = $3 AND owner = 'appeal' AND purpose = 'evidence'
           AND message_id IS NULL AND work_order_id IS NULL",
        message,
        zone,
        appeal
    ))
    .await?;
    Ok(())
}

/// The content, piece after piece.
pub async fn content(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Vec<u8>> {
    let rows: Vec<(Vec<u8>,)> = tx
        .list(sql!("SELECT bytes FROM attachment_piece WHERE zone_id = $1 AND attachment_id = $2 ORDER BY n", zone, id))
        .await?;
    Ok(rows.into_iter().flat_map(|(bytes,)| bytes).collect())
}

pub async fn thumbnail(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Vec<u8>>> {
    let found: Option<Option<Vec<u8>>> = tx
        .opt_value(sql!(
            "SELECT thumbnail FROM attachment WHERE zone_id = $1 AND id = $2 AND removed_at IS NULL",
            zone,
            id
        ))
        .await?;
    Ok(found.flatten())
}

pub async fn set_thumbnail(tx: &mut Tx, zone: Uuid, id: Uuid, bytes: &[u8]) -> Result<()> {
    tx.run(sql!(
        "UPDATE attachment SET thumbnail = $1 WHERE zone_id = $2 AND id = $3 AND removed_at IS NULL",
        bytes,
        zone,
        id
    ))
    .await?;
    Ok(())
}

/// Answers whether it still waited.
pub async fn set_state(tx: &mut Tx, zone: Uuid, id: Uuid, state: State) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE attachment SET state = $1, version = version + 1
             WHERE zone_id = $2 AND id = $3 AND state = 'waiting' AND removed_at IS NULL",
            state,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

/// Removes content, name and small picture; that there was a file stays.
pub async fn remove(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<()> {
    tx.run(sql!("DELETE FROM attachment_piece WHERE zone_id = $1 AND attachment_id = $2", zone, id)).await?;
    tx.run(sql!(
        "UPDATE attachment SET removed_at = $1, file_name = '', thumbnail = NULL, version = version + 1
         WHERE zone_id = $2 AND id = $3",
        at,
        zone,
        id
    ))
    .await?;
    Ok(())
}

/// Removes what a form kept and nobody handed in.
pub async fn forget(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM attachment_piece WHERE zone_id = $1 AND attachment_id = $2", zone, id)).await?;
    tx.run(sql!("DELETE FROM attachment WHERE zone_id = $1 AND id = $2 AND owner = 'form'", zone, id)).await?;
    Ok(())
}

/// Uploads of forms from before a time.
pub async fn left_over(tx: &mut Tx, zone: Uuid, before: Time, limit: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT id FROM attachment WHERE zone_id = $1 AND owner = 'form' AND uploaded_at < $2
             ORDER BY uploaded_at, id LIMIT $3",
            zone,
            before,
            limit
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Those who keep the program safe.
pub async fn guards(tx: &mut Tx, zone: Uuid) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT DISTINCT r.account_id FROM account_role r
             JOIN account a ON a.zone_id = r.zone_id AND a.id = r.account_id
             WHERE r.zone_id = $1 AND a.disabled_at IS NULL AND r.role = 'secadmin'",
            zone
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
