use super::{KIND, Tick};
use crate::app::Work;
use crate::time::Time;
use ::store::{Result, Tx, from_row, sql};
use serde_json::Value as Json;
use uuid::Uuid;

/// Every list that was in force at a time: key and body.
pub async fn lists_at(tx: &mut Tx, zone: Uuid, at: Time) -> Result<Vec<(String, Json)>> {
    tx.list(sql!(
        "SELECT key, body FROM policy_data WHERE zone_id = $1 AND kind = $2 AND valid_from <= $3
           AND (valid_to IS NULL OR valid_to > $3) ORDER BY key, version",
        zone,
        KIND,
        at
    ))
    .await
}

/// What somebody ticked.
pub struct Ticked {
    pub list: String,
    pub item: i64,
    pub state: Tick,
    pub who: Option<String>,
    pub at: Time,
}

from_row!(Ticked { list, item, state, who, at });

pub async fn ticks(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Vec<Ticked>> {
    tx.list(sql!(
        "SELECT k.list, k.item, k.state, p.name AS who, k.at FROM check_tick k
         LEFT JOIN person p ON p.zone_id = k.zone_id AND p.id = k.ticked_by
         WHERE k.zone_id = $1 AND k.appeal_id = $2",
        zone,
        appeal
    ))
    .await
}

/// Ticks an item, or takes the tick back.
pub async fn tick(work: &mut Work, appeal: Uuid, list: &str, item: i64, state: Option<Tick>) -> Result<()> {
    let (zone, by, now) = (work.zone(), work.who.person_id, work.now);
    let query = match state {
        Some(state) => sql!(
            "INSERT INTO check_tick (zone_id, appeal_id, list, item, state, ticked_by, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (zone_id, appeal_id, list, item) DO UPDATE SET state = $5, ticked_by = $6, at = $7",
            zone,
            appeal,
            list,
            item,
            state,
            by,
            now
        ),
        None => sql!(
            "DELETE FROM check_tick WHERE zone_id = $1 AND appeal_id = $2 AND list = $3 AND item = $4",
            zone,
            appeal,
            list,
            item
        ),
    };
    work.run(query).await.map(drop)
}
