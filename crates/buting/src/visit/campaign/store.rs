use super::{Campaign, Counts, NewCampaign, Reached, Target, TargetFilter};
use crate::actor::Actor;
use crate::app::Work;
use crate::assignment::reach;
use crate::list::{self, Order, Place};
use crate::time::{DAY_MS, Time};
use serde_json::Value as Json;
use std::collections::HashMap;
use store::{Result, Row, Sql, Tx, from_row, sql};
use uuid::Uuid;

/// What a campaign is found by.
const TEXTS: &[&str] = &["c.name", "coalesce(c.purpose, '')"];

const CAMPAIGN: &str =
    "SELECT c.id, c.name, c.purpose, c.starts_at, c.ends_at, c.rounds, c.blocks, c.ended_at, c.end_note,
   n.name AS created_by_name, c.version
 FROM campaign c LEFT JOIN person n ON n.zone_id = c.zone_id AND n.id = c.created_by";

/// A row of the table; who is how far is counted apart.
fn campaign_of(row: &Row) -> Result<Campaign> {
    let blocks: Json = row.get("blocks")?;
    let keys = blocks.as_array().into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect();
    Ok(Campaign {
        id: row.get("id")?,
        name: row.get("name")?,
        purpose: row.get("purpose")?,
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
        rounds: row.get("rounds")?,
        blocks: keys,
        ended_at: row.get("ended_at")?,
        end_note: row.get("end_note")?,
        created_by_name: row.get("created_by_name")?,
        counts: Counts::default(),
        version: row.get("version")?,
    })
}

pub async fn insert(work: &mut Work, id: Uuid, new: &NewCampaign, filter: &Json, blocks: &Json) -> Result<()> {
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    work.run(sql!(
        "INSERT INTO campaign (zone_id, id, name, purpose, starts_at, ends_at, rounds, blocks, filter, created_by,
           created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
        zone,
        id,
        new.name,
        new.purpose,
        new.starts_at,
        new.ends_at,
        new.rounds.unwrap_or(1),
        blocks,
        filter,
        by,
        now
    ))
    .await
    .map(drop)
}

/// Enterprises in business that a filter finds, at most so many.
pub async fn matching(tx: &mut Tx, zone: Uuid, filter: &TargetFilter, now: Time, limit: i64) -> Result<Vec<Uuid>> {
    let mut query = Sql::from("SELECT e.id FROM enterprise e WHERE e.zone_id = ");
    query.arg(zone).push(" AND e.status = 'active' AND e.merged_into IS NULL");
    if filter.key {
        query.push(" AND e.key");
    }
    if let Some(carrier) = filter.carrier_id {
        query.push(" AND e.carrier_id = ").arg(carrier);
    }
    if let Some(industry) = filter.industry.as_deref() {
        // Wildcards are no part of a code. LIKE looks at the case of letters on one database alone.
        let begins = industry.replace(['%', '_', '\\'], "").to_uppercase();
        query.push(" AND upper(e.industry_code) LIKE ").arg(format!("{begins}%"));
    }
    if let Some(least) = filter.headcount_min {
        query.push(" AND coalesce(e.headcount, 0) >= ").arg(least);
    }
    if let Some(days) = filter.silent_days {
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id
               AND v.outcome = 'done' AND v.happened_at >= ",
        );
        query.arg(now.plus(-days * DAY_MS)).push(")");
    }
    query.push(" ORDER BY e.id LIMIT ").arg(limit);
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// So many targets are written in one statement.
const BATCH: usize = 200;

/// Writes the list that a campaign begins with.
pub async fn add_targets(work: &mut Work, campaign: Uuid, enterprises: &[Uuid]) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    for some in enterprises.chunks(BATCH) {
        let mut query =
            Sql::from("INSERT INTO campaign_target (zone_id, id, campaign_id, enterprise_id, added_at) VALUES ");
        for (n, enterprise) in some.iter().enumerate() {
            query.push(if n == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(Uuid::now_v7()).push(", ");
            query.arg(campaign).push(", ").arg(*enterprise).push(", ").arg(now).push(")");
        }
        work.run(query).await?;
    }
    Ok(())
}

/// Adds an enterprise unless it is there; answers whether it was not.
pub async fn add_target(work: &mut Work, campaign: Uuid, enterprise: Uuid, reason: &str) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let there: Option<i64> = work
        .opt_value(sql!(
            "SELECT 1 FROM campaign_target WHERE zone_id = $1 AND campaign_id = $2 AND enterprise_id = $3 LIMIT 1",
            zone,
            campaign,
            enterprise
        ))
        .await?;
    if there.is_some() {
        return Ok(false);
    }
    work.run(sql!(
        "INSERT INTO campaign_target (zone_id, id, campaign_id, enterprise_id, reason, added_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        zone,
        Uuid::now_v7(),
        campaign,
        enterprise,
        reason,
        now
    ))
    .await?;
    Ok(true)
}

/// Who looks after the enterprises of a campaign, directly or, where nobody does,
/// through their carrier, and how many each.
pub async fn officers(tx: &mut Tx, zone: Uuid, campaign: Uuid) -> Result<Vec<(Uuid, i64)>> {
    tx.list(sql!(
        "SELECT o.person_id, count(*) FROM (
           SELECT r.person_id, t.enterprise_id FROM campaign_target t
             JOIN assignment r ON r.zone_id = t.zone_id AND r.subject_id = t.enterprise_id AND r.role = 'officer'
               AND r.valid_to IS NULL AND r.person_id IS NOT NULL
             WHERE t.zone_id = $1 AND t.campaign_id = $2
           UNION
           SELECT r.person_id, t.enterprise_id FROM campaign_target t
             JOIN enterprise e ON e.zone_id = t.zone_id AND e.id = t.enterprise_id
             JOIN assignment r ON r.zone_id = e.zone_id AND r.subject_id = e.carrier_id AND r.role = 'officer'
               AND r.valid_to IS NULL AND r.person_id IS NOT NULL
             WHERE t.zone_id = $1 AND t.campaign_id = $2
               AND NOT EXISTS (SELECT 1 FROM assignment d WHERE d.zone_id = e.zone_id AND d.subject_id = e.id
                 AND d.role = 'officer' AND d.valid_to IS NULL)
         ) o GROUP BY o.person_id ORDER BY o.person_id",
        zone,
        campaign
    ))
    .await
}

pub async fn campaign(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Campaign>> {
    let mut query = Sql::from(CAMPAIGN);
    query.push(" WHERE c.zone_id = ").arg(zone).push(" AND c.id = ").arg(id);
    tx.all(query).await?.first().map(campaign_of).transpose()
}

/// Campaigns, the latest first.
pub async fn campaigns(
    tx: &mut Tx,
    zone: Uuid,
    q: Option<&str>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Campaign>> {
    let mut query = Sql::from(CAMPAIGN);
    query.push(" WHERE c.zone_id = ").arg(zone);
    list::about(&mut query, TEXTS, q, None);
    list::page(&mut query, ["c.starts_at", "c.id"], true, Order::Usual, after, limit);
    tx.all(query).await?.iter().map(campaign_of).collect()
}

pub async fn count(tx: &mut Tx, zone: Uuid, q: Option<&str>) -> Result<i64> {
    let mut query = sql!("SELECT count(*) FROM campaign c WHERE c.zone_id = $1", zone);
    list::about(&mut query, TEXTS, q, None);
    tx.value(query).await
}

/// Campaigns that run at a time.
pub async fn running(tx: &mut Tx, zone: Uuid, now: Time) -> Result<Vec<Campaign>> {
    let mut query = Sql::from(CAMPAIGN);
    query.push(" WHERE c.zone_id = ").arg(zone).push(" AND c.ended_at IS NULL AND c.starts_at <= ").arg(now);
    query.push(" AND c.ends_at >= ").arg(now).push(" ORDER BY c.ends_at, c.id LIMIT 20");
    tx.all(query).await?.iter().map(campaign_of).collect()
}

/// Running campaigns that an enterprise is in.
pub async fn running_for(tx: &mut Tx, zone: Uuid, enterprise: Uuid, now: Time) -> Result<Vec<Campaign>> {
    let mut query = Sql::from(CAMPAIGN);
    query.push(" WHERE c.zone_id = ").arg(zone).push(" AND c.ended_at IS NULL AND c.starts_at <= ").arg(now);
    query.push(" AND c.ends_at >= ").arg(now);
    query.push(
        " AND EXISTS (SELECT 1 FROM campaign_target t WHERE t.zone_id = c.zone_id AND t.campaign_id = c.id
           AND t.enterprise_id = ",
    );
    query.arg(enterprise).push(") ORDER BY c.ends_at, c.id LIMIT 5");
    tx.all(query).await?.iter().map(campaign_of).collect()
}

/// The enterprises of some campaigns with how far each is, within reach: as `y`. What
/// happens after a campaign was ended is none of it. An enterprise that stands twice
/// counts once.
fn targets_of(who: &Actor, campaigns: &[Uuid]) -> Sql {
    let zone = who.zone_id;
    let mut query = Sql::from(
        "(SELECT x.*, CASE WHEN x.visits >= x.rounds THEN 'visited' WHEN x.planned THEN 'planned'
           WHEN x.visits > 0 THEN 'begun' WHEN x.declined THEN 'declined' ELSE 'never' END AS reached
         FROM (SELECT e.zone_id, c.id AS campaign_id, c.rounds, c.starts_at, c.until, e.id AS enterprise_id,
           e.short_name, e.key,
           (SELECT count(*) FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id AND v.outcome = 'done'
             AND v.happened_at >= c.starts_at AND v.happened_at <= c.until) AS visits,
           EXISTS (SELECT 1 FROM visit_plan q WHERE q.zone_id = e.zone_id AND q.subject_id = e.id
             AND q.state IN ('proposed', 'agreed', 'countered')
             AND q.planned_at >= c.starts_at AND q.planned_at <= c.until) AS planned,
           (EXISTS (SELECT 1 FROM visit_plan q WHERE q.zone_id = e.zone_id AND q.subject_id = e.id
             AND q.state = 'declined' AND q.planned_at >= c.starts_at AND q.planned_at <= c.until)
           OR EXISTS (SELECT 1 FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id
             AND v.outcome = 'declined' AND v.happened_at >= c.starts_at AND v.happened_at <= c.until)) AS declined
         FROM (SELECT zone_id, id, rounds, starts_at,
             CASE WHEN ended_at < ends_at THEN ended_at ELSE ends_at END AS until
             FROM campaign WHERE zone_id = ",
    );
    query.arg(zone).push(" AND id IN ").list(campaigns.iter().copied());
    query.push(") c JOIN (SELECT DISTINCT zone_id, campaign_id, enterprise_id FROM campaign_target WHERE zone_id = ");
    query.arg(zone).push(" AND campaign_id IN ").list(campaigns.iter().copied());
    query.push(
        ") t ON t.zone_id = c.zone_id AND t.campaign_id = c.id
         JOIN enterprise e ON e.zone_id = t.zone_id AND e.id = t.enterprise_id WHERE TRUE",
    );
    if let Some(reach) = reach::subjects(who, "e.id") {
        query.push(" AND ").append(reach);
    }
    query.push(") x) y");
    query
}

struct Tally {
    campaign_id: Uuid,
    reached: Reached,
    n: i64,
}

from_row!(Tally { campaign_id, reached, n });

/// How many are how far, by campaign.
pub async fn counts(tx: &mut Tx, who: &Actor, campaigns: &[Uuid]) -> Result<HashMap<Uuid, Counts>> {
    let mut all: HashMap<Uuid, Counts> = HashMap::new();
    if campaigns.is_empty() {
        return Ok(all);
    }
    let mut query = Sql::from("SELECT y.campaign_id, y.reached, count(*) AS n FROM ");
    query.append(targets_of(who, campaigns)).push(" GROUP BY y.campaign_id, y.reached");
    for Tally { campaign_id, reached, n } in tx.list::<Tally>(query).await? {
        all.entry(campaign_id).or_default().add(reached, n);
    }
    Ok(all)
}

/// How a list of targets runs: those that nobody was at first.
const RUNS: &str = " ORDER BY y.visits, y.key DESC, y.short_name, y.enterprise_id";

/// The enterprises of a campaign, those that nobody was at first; `after` is how many
/// were shown. What only a row of the page shows is looked up for those rows alone.
pub async fn targets(
    tx: &mut Tx,
    who: &Actor,
    campaign: Uuid,
    reached: Option<Reached>,
    after: i64,
    limit: i64,
) -> Result<Vec<Target>> {
    let mut query = Sql::from(
        "SELECT y.enterprise_id, y.short_name, y.key, y.reached, y.visits,
           coalesce(
             (SELECT n.name FROM assignment r JOIN person n ON n.zone_id = r.zone_id AND n.id = r.person_id
               WHERE r.zone_id = y.zone_id AND r.subject_id = y.enterprise_id AND r.role = 'officer'
                 AND r.valid_to IS NULL ORDER BY r.valid_from, r.id LIMIT 1),
             (SELECT n.name FROM enterprise e JOIN assignment r ON r.zone_id = e.zone_id AND r.subject_id = e.carrier_id
               JOIN person n ON n.zone_id = r.zone_id AND n.id = r.person_id
               WHERE e.zone_id = y.zone_id AND e.id = y.enterprise_id AND r.role = 'officer'
                 AND r.valid_to IS NULL ORDER BY r.valid_from, r.id LIMIT 1)) AS officer_name,
           (SELECT max(v.happened_at) FROM visit v WHERE v.zone_id = y.zone_id AND v.subject_id = y.enterprise_id
             AND v.outcome = 'done' AND v.happened_at >= y.starts_at AND v.happened_at <= y.until) AS last_at,
           (SELECT min(q.planned_at) FROM visit_plan q WHERE q.zone_id = y.zone_id AND q.subject_id = y.enterprise_id
             AND q.state IN ('proposed', 'agreed', 'countered')
             AND q.planned_at >= y.starts_at AND q.planned_at <= y.until) AS planned_at,
           (SELECT q.id FROM visit_plan q WHERE q.zone_id = y.zone_id AND q.subject_id = y.enterprise_id
             AND q.state IN ('proposed', 'agreed', 'countered')
             AND q.planned_at >= y.starts_at AND q.planned_at <= y.until
             ORDER BY q.planned_at, q.id LIMIT 1) AS plan_id,
           (SELECT max(t.reason) FROM campaign_target t WHERE t.zone_id = y.zone_id
             AND t.enterprise_id = y.enterprise_id AND t.campaign_id = y.campaign_id) AS reason
         FROM (SELECT * FROM ",
    );
    query.append(targets_of(who, &[campaign]));
    if let Some(reached) = reached {
        query.push(" WHERE y.reached = ").arg(reached);
    }
    query.push(RUNS).push(" LIMIT ").arg(limit).push(" OFFSET ").arg(after).push(") y").push(RUNS);
    tx.list(query).await
}

pub async fn end(work: &mut Work, campaign: &Campaign, note: Option<&str>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let changed = work
        .run(sql!(
            "UPDATE campaign SET ended_at = $1, end_note = $2, version = version + 1
             WHERE zone_id = $3 AND id = $4 AND version = $5 AND ended_at IS NULL",
            now,
            note,
            zone,
            campaign.id,
            campaign.version
        ))
        .await?;
    Ok(changed == 1)
}
