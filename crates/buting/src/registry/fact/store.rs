use super::{CorrectionState, Failing, Kept, Key, NewFailure, Source, Standing, Standings, Stood, Told};
use crate::actor::{Actor, Via};
use crate::assignment::reach;
use crate::list::{self, Order, Place};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// How facts of a record stand, with the names of those who confirmed them.
pub async fn stood(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<BTreeMap<Key, Stood>> {
    let rows = tx
        .all(sql!(
            "SELECT f.key, f.source, f.confirmed_at, f.confirmed_by, p.name FROM subject_fact f
             LEFT JOIN person p ON p.zone_id = f.zone_id AND p.id = f.confirmed_by
             WHERE f.zone_id = $1 AND f.subject_id = $2",
            zone,
            subject
        ))
        .await?;
    rows.iter().map(|row| Ok((row.get("key")?, row.read()?))).collect()
}

/// The same without names.
pub async fn standings(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Standings> {
    Ok(stood(tx, zone, subject).await?.into_iter().map(|(key, stood)| (key, stood.standing())).collect())
}

/// By whom and through what a record was made, as the ledger tells.
pub async fn made(tx: &mut Tx, zone: Uuid, subject: Uuid, at: Time) -> Result<Stood> {
    let found: Option<(String, Option<Uuid>, Option<String>)> = tx
        .opt(sql!(
            "SELECT l.via, l.actor_id, p.name FROM ledger l
             LEFT JOIN person p ON p.zone_id = l.zone_id AND p.id = l.actor_id
             WHERE l.zone_id = $1 AND l.subject_id = $2 AND l.action = 'enterprise.create' ORDER BY l.id LIMIT 1",
            zone,
            subject
        ))
        .await?;
    let (via, confirmed_by, name) = found.unwrap_or_default();
    let source = if via == Via::Import.word() { Source::Import } else { Source::Officer };
    Ok(Stood { source, confirmed_at: at, confirmed_by, name })
}

/// Writes how facts stand.
pub async fn put(tx: &mut Tx, zone: Uuid, subject: Uuid, all: &Standings) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let mut insert =
        Sql::from("INSERT INTO subject_fact (zone_id, subject_id, key, source, confirmed_at, confirmed_by) VALUES ");
    for (n, (key, Standing { source, confirmed_at, confirmed_by })) in all.iter().enumerate() {
        insert.push(if n == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(subject).push(", ").arg(*key);
        insert.push(", ").arg(*source).push(", ").arg(*confirmed_at).push(", ").arg(*confirmed_by).push(")");
    }
    insert.push(
        " ON CONFLICT (zone_id, subject_id, key) DO UPDATE SET source = excluded.source,
           confirmed_at = excluded.confirmed_at, confirmed_by = excluded.confirmed_by",
    );
    tx.run(insert).await.map(drop)
}

/// These facts stand as the record was made, or are not given any more.
pub async fn forget(tx: &mut Tx, zone: Uuid, subject: Uuid, keys: &[Key]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut query = sql!("DELETE FROM subject_fact WHERE zone_id = $1 AND subject_id = $2 AND key IN ", zone, subject);
    query.list(keys.iter().copied());
    tx.run(query).await.map(drop)
}

pub async fn forget_all(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM subject_fact WHERE zone_id = $1 AND subject_id = $2", zone, subject)).await.map(drop)
}

/// Counts a change of an enterprise over that version; false when it has moved on.
pub async fn touch(tx: &mut Tx, zone: Uuid, enterprise: Uuid, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE enterprise SET version = version + 1 WHERE zone_id = $1 AND id = $2 AND version = $3",
            zone,
            enterprise,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// A condition on `e`, an enterprise: it gives a fact that should be asked again.
/// Most facts stand as their record was made, which the record itself tells; the
/// others enter by indexes of their age, so that few old ones are found among many.
pub fn stale(zone: Uuid, now: Time) -> Sql {
    let mut query = Sql::from("(FALSE");
    for key in Key::of_record() {
        query.push(match key {
            Key::Name | Key::Contacts => " OR e.name <> ''",
            Key::Uscc => " OR e.uscc IS NOT NULL",
            Key::Carrier => " OR e.carrier_id IS NOT NULL",
            Key::Industry => " OR e.industry_code IS NOT NULL",
            Key::KeyEnterprise => " OR e.key",
            Key::Headcount => " OR e.headcount IS NOT NULL",
            Key::Address => " OR e.address IS NOT NULL",
        });
        query.push(" AND coalesce(e.confirmed_at, e.created_at) < ").arg(now.plus(-key.fresh_ms()));
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM subject_fact f WHERE f.zone_id = e.zone_id AND f.subject_id = e.id
                AND f.key = ",
        );
        query.arg(key).push(")");
    }
    query.push(" OR e.id IN (SELECT k.enterprise_id FROM contact k WHERE k.is_primary AND k.zone_id = ").arg(zone);
    query.push(" AND coalesce(k.verified_at, 0) < ").arg(now.plus(-Key::Contacts.fresh_ms()));
    for key in Key::of_record() {
        query.push(" UNION ALL SELECT f.subject_id FROM subject_fact f WHERE f.zone_id = ").arg(zone);
        query.push(" AND f.key = ").arg(key).push(" AND f.confirmed_at < ").arg(now.plus(-key.fresh_ms()));
    }
    query.push(" UNION ALL SELECT p.enterprise_id").push(FAILING).push(" AND x.zone_id = ").arg(zone).push("))");
    query
}

/// Contacts (`p`) whose present number did not work (`x`).
const FAILING: &str = " FROM contact_failure x JOIN person p ON p.zone_id = x.zone_id AND p.id = x.person_id
   WHERE p.left_at IS NULL AND p.enterprise_id IS NOT NULL
     AND x.destination = CASE x.channel WHEN 'phone' THEN p.phone ELSE p.email END";

// ---- corrections -------------------------------------------------------------

const CORRECTION: &str = "SELECT c.id, c.enterprise_id, e.short_name AS enterprise, c.state, c.changes, c.reason,
   p.name AS proposed_by, c.proposed_at, d.name AS decided_by, c.decided_at, c.answer, c.version
 FROM correction c JOIN enterprise e ON e.zone_id = c.zone_id AND e.id = c.enterprise_id
 LEFT JOIN person p ON p.zone_id = c.zone_id AND p.id = c.proposed_by
 LEFT JOIN person d ON d.zone_id = c.zone_id AND d.id = c.decided_by
 WHERE c.zone_id = ";

/// A correction to be written down.
pub struct New<'a> {
    pub id: Uuid,
    pub enterprise: Uuid,
    pub state: CorrectionState,
    pub told: &'a [Told],
    pub reason: Option<&'a str>,
    pub by: Option<Uuid>,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, new: New<'_>, now: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO correction (zone_id, id, enterprise_id, state, changes, reason, proposed_by, proposed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
        zone,
        new.id,
        new.enterprise,
        new.state,
        serde_json::json!(new.told),
        new.reason,
        new.by,
        now
    ))
    .await
    .map(drop)
}

pub async fn correction(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Kept>> {
    let mut query = Sql::from(CORRECTION);
    query.arg(zone).push(" AND c.id = ").arg(id);
    tx.opt(query).await
}

/// Which corrections a list shows.
#[derive(Clone, Default)]
pub struct Conditions {
    pub state: Option<CorrectionState>,
    pub enterprise: Option<Uuid>,
    /// On `c.enterprise_id`: what the actor reaches, what the words match.
    pub more: Vec<Sql>,
}

impl Conditions {
    fn push(&self, query: &mut Sql) {
        if let Some(state) = self.state {
            query.push(" AND c.state = ").arg(state);
        }
        if let Some(enterprise) = self.enterprise {
            query.push(" AND c.enterprise_id = ").arg(enterprise);
        }
        for more in &self.more {
            query.push(" AND ").append(more.clone());
        }
    }
}

/// Corrections by the time of their proposal, usually the newest first.
pub async fn corrections(
    tx: &mut Tx,
    zone: Uuid,
    conditions: &Conditions,
    order: Order,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Kept>> {
    let mut query = Sql::from(CORRECTION);
    query.arg(zone);
    conditions.push(&mut query);
    list::page(&mut query, ["c.proposed_at", "c.id"], true, order, after, limit);
    tx.list(query).await
}

pub async fn count(tx: &mut Tx, zone: Uuid, conditions: &Conditions, cap: i64) -> Result<i64> {
    let mut query = sql!("SELECT count(*) FROM (SELECT 1 AS one FROM correction c WHERE c.zone_id = $1", zone);
    conditions.push(&mut query);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

/// Ends the wait of a correction; false when somebody was quicker.
pub async fn end(
    tx: &mut Tx,
    zone: Uuid,
    correction: &Kept,
    state: CorrectionState,
    by: Option<Uuid>,
    answer: Option<&str>,
    now: Time,
) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE correction SET state = $1, decided_by = $2, decided_at = $3, answer = $4, version = version + 1
             WHERE zone_id = $5 AND id = $6 AND state = $7 AND version = $8",
            state,
            by,
            now,
            answer,
            zone,
            correction.id,
            CorrectionState::Waiting,
            correction.version
        ))
        .await?;
    Ok(n == 1)
}

/// Short names of carriers, be they open or closed.
pub async fn carriers(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = sql!("SELECT id, short_name FROM carrier WHERE zone_id = $1 AND id IN ", zone);
    query.list(ids.iter().copied());
    Ok(tx.list::<(Uuid, String)>(query).await?.into_iter().collect())
}

// ---- numbers that do not reach anybody -----------------------------------------

pub async fn fail(
    tx: &mut Tx,
    zone: Uuid,
    person: Uuid,
    destination: &str,
    new: &NewFailure,
    by: Option<Uuid>,
    now: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO contact_failure (zone_id, person_id, channel, destination, why, detail, failed_at, told_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (zone_id, person_id, channel) DO UPDATE SET destination = excluded.destination,
           why = excluded.why, detail = excluded.detail, failed_at = excluded.failed_at, told_by = excluded.told_by",
        zone,
        person,
        new.channel,
        destination,
        new.why,
        new.detail,
        now,
        by
    ))
    .await
    .map(drop)
}

/// Contacts whose present number did not work, of enterprises within reach, the
/// latest first.
pub async fn failing(tx: &mut Tx, who: &Actor, limit: i64) -> Result<Vec<Failing>> {
    let mut query = Sql::from(
        "SELECT p.id AS person_id, p.name AS person,
           (SELECT e.short_name FROM enterprise e WHERE e.zone_id = p.zone_id AND e.id = p.enterprise_id) AS enterprise",
    );
    query.push(FAILING).push(" AND x.zone_id = ").arg(who.zone_id);
    if let Some(reached) = reach::subjects(who, "p.enterprise_id") {
        query.push(" AND ").append(reached);
    }
    query.push(" ORDER BY x.failed_at DESC, p.id LIMIT ").arg(limit);
    tx.list(query).await
}
