use super::Phrase;
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

const PHRASE: &str = "SELECT h.id, h.person_id, h.heading, h.text, h.action, h.category, h.changed_at, h.version
  FROM phrase h WHERE h.retired_at IS NULL AND h.zone_id = ";

/// The zone's and somebody's own, the zone's first.
pub async fn of(tx: &mut Tx, zone: Uuid, person: Option<Uuid>) -> Result<Vec<Phrase>> {
    let mut query = Sql::from(PHRASE);
    query.arg(zone).push(" AND (h.person_id IS NULL");
    if let Some(person) = person {
        query.push(" OR h.person_id = ").arg(person);
    }
    query.push(") ORDER BY CASE WHEN h.person_id IS NULL THEN 0 ELSE 1 END, h.heading, h.id LIMIT 400");
    tx.list(query).await
}

pub async fn phrase(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Phrase>> {
    let mut query = Sql::from(PHRASE);
    query.arg(zone).push(" AND h.id = ").arg(id);
    tx.opt(query).await
}

pub async fn insert(tx: &mut Tx, zone: Uuid, h: &Phrase) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO phrase (zone_id, id, person_id, heading, text, action, category, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
        zone,
        h.id,
        h.person_id,
        h.heading,
        h.text,
        h.action,
        h.category,
        h.changed_at
    ))
    .await
    .map(drop)
}

/// Saves one, or takes it out; false when somebody was quicker.
pub async fn save(tx: &mut Tx, zone: Uuid, h: &Phrase, retired: bool) -> Result<bool> {
    let retired_at = retired.then_some(h.changed_at);
    let n = tx
        .run(sql!(
            "UPDATE phrase SET heading = $1, text = $2, action = $3, category = $4, changed_at = $5, retired_at = $6,
               version = version + 1 WHERE zone_id = $7 AND id = $8 AND version = $9 AND retired_at IS NULL",
            h.heading,
            h.text,
            h.action,
            h.category,
            h.changed_at,
            retired_at,
            zone,
            h.id,
            h.version
        ))
        .await?;
    Ok(n == 1)
}
