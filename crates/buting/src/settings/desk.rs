//! Reading and setting policy. Other jobs read it here too.

use super::{VISIT_BLOCK, Version, VisitBlock, overlay, shipped, store};
use crate::app::{Change, Subject, Work};
use crate::error::{Error, Result};
use ::store::Tx;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// What holds now under a key: what the zone set, otherwise what is shipped.
pub async fn current(tx: &mut Tx, zone: Uuid, kind: &str, key: &str) -> Result<Option<Json>> {
    if let Some(body) = store::current(tx, zone, kind, key).await? {
        return Ok(Some(body));
    }
    Ok(shipped(kind).into_iter().find(|(shipped, _)| shipped == key).map(|(_, body)| body))
}

/// Everything of a kind that holds now: what is shipped in its order, changed by
/// what the zone set, then the zone's own.
pub async fn all_current(tx: &mut Tx, zone: Uuid, kind: &str) -> Result<Vec<(String, Json)>> {
    Ok(overlay(shipped(kind), store::all_current(tx, zone, kind).await?))
}

/// Every version of one key that the zone ever set, newest first.
pub async fn versions(tx: &mut Tx, zone: Uuid, kind: &str, key: &str) -> Result<Vec<Version>> {
    Ok(store::versions(tx, zone, kind, key).await?)
}

/// Sets a piece of policy from now on; answers its version. What came before
/// stays as it was. Who may do this is for the caller to check.
pub async fn put(work: &mut Work, kind: &'static str, key: &str, body: Json) -> Result<i64> {
    let (zone, now) = (work.zone(), work.now);
    let before = current(work, zone, kind, key).await?;
    let version = store::put(work, zone, kind, key, &body, now).await?;
    let change = Change {
        before: before.map(|body| json!({ "body": body })),
        after: Some(json!({"kind": kind, "key": key, "version": version, "body": body})),
        note: None,
    };
    work.log("settings.set", Subject::new("policy_data", zone), change).await?;
    Ok(version)
}

/// The blocks of a visit's record, in the order of the form; those that are
/// offered no longer only when asked for, so that old records keep their heads.
pub async fn visit_blocks(tx: &mut Tx, zone: Uuid, with_retired: bool) -> Result<Vec<VisitBlock>> {
    let mut blocks = Vec::new();
    for (key, body) in all_current(tx, zone, VISIT_BLOCK).await? {
        let block: VisitBlock =
            serde_json::from_value(body).map_err(|e| Error::Internal(format!("visit block {key}: {e}")))?;
        if with_retired || !block.retired {
            blocks.push(VisitBlock { key, ..block });
        }
    }
    blocks.sort_by_key(|block| block.position);
    Ok(blocks)
}
