//! 定格: a figure that was told stays told. With it are kept the records that it counted,
//! so that a later correction is shown as what it is: was 98, now 97, because this record
//! is no longer among them, after that change.

use super::desk;
use super::{Figure, Key, Of, READERS};
use crate::actor::Actor;
use crate::app::{App, Change, Subject};
use crate::appeal::desk::visible;
use crate::days::Days;
use crate::error::{Check, Error, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::{self, Order};
use crate::time::{Day, Time};
use crate::zone::Zone;
use ::store::{Sql, Tx, from_row, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Records that one figure keeps, at most: a year of a large zone.
const MOST: usize = 200_000;
/// Rows of one statement.
const ROWS: usize = 400;
/// Corrections that a page tells.
const TOLD: usize = 200;

/// A figure to be frozen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFreeze {
    /// The key that the client chose; a second request with it makes nothing.
    pub id: Option<Uuid>,
    /// The figure.
    pub key: Key,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// What it is frozen for: the issue of a brief, a report to the city.
    pub reason: Option<String>,
}

/// A figure as it was told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Freeze {
    /// Key.
    pub id: Uuid,
    /// The figure.
    pub key: Key,
    /// The first day.
    #[serde(rename = "from")]
    pub from_on: Day,
    /// The last day.
    #[serde(rename = "to")]
    pub to_on: Day,
    /// What counted.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
    /// What it was frozen for.
    pub reason: Option<String>,
    /// When.
    pub frozen_at: Time,
    /// Who did it.
    pub frozen_by: Option<Uuid>,
    /// His name.
    pub frozen_by_name: Option<String>,
}

from_row!(Freeze { id, key, from_on, to_on, numerator, denominator, reason, frozen_at, frozen_by, frozen_by_name });

impl Freeze {
    /// What was told.
    pub const fn figure(&self) -> Figure {
        Figure { numerator: self.numerator, denominator: self.denominator }
    }

    /// Its days.
    pub const fn days(&self) -> Days {
        Days { from: self.from_on, to: self.to_on }
    }
}

const FREEZE: &str =
    "SELECT f.id, f.key, f.from_on, f.to_on, f.numerator, f.denominator, f.reason, f.frozen_at, f.frozen_by,
   p.name AS frozen_by_name
 FROM metric_freeze f LEFT JOIN person p ON p.zone_id = f.zone_id AND p.id = f.frozen_by
 WHERE f.zone_id = ";

/// How a record stood in a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stood {
    /// Not among its records.
    Absent,
    /// Among them, and did not count.
    Rest,
    /// Counted.
    Hit,
}

impl Stood {
    fn of(counts: Option<bool>) -> Self {
        counts.map_or(Self::Absent, |counts| if counts { Self::Hit } else { Self::Rest })
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Rest => "rest",
            Self::Hit => "hit",
        }
    }
}

/// A record that stands otherwise than when the figure was frozen.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Correction {
    /// The record.
    pub id: Uuid,
    /// Its number and title; null for what the reader may not know of.
    pub name: Option<String>,
    /// The page of it.
    pub href: Option<String>,
    /// How it stood.
    pub was: Stood,
    /// How it stands.
    pub now: Stood,
    /// What was done with it last since then, as `job.verb`; null where time alone did it.
    pub because: Option<String>,
    /// When.
    pub at: Option<Time>,
}

/// A frozen figure beside what it would be today.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Compared {
    /// As it was told.
    #[serde(flatten)]
    pub freeze: Freeze,
    /// As it would be today.
    pub now: Figure,
    /// How many records stand otherwise.
    pub corrected: i64,
    /// The first of them.
    pub corrections: Vec<Correction>,
}

/// Freezes a figure of the whole zone: its number and the records that it counts.
pub async fn freeze(app: &App, who: &Actor, new: NewFreeze) -> Result<Uuid> {
    who.must(READERS)?;
    if new.from > new.to {
        return Err(Error::field("from", "after_to"));
    }
    let today = Zone::get(&mut app.read().await?, who.zone_id).await?.day(app.now());
    let mut check = Check::new();
    check.that(new.to <= today, "to", "future");
    let reason = check.opt_text("reason", new.reason.as_deref(), 200);
    check.done()?;
    let days = Days { from: new.from, to: new.to };
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    let members = desk::members(app, who.zone_id, new.key, days).await?;
    if members.len() > MOST {
        return Err(Error::field("from", "too_many_records"));
    }
    let Figure { numerator, denominator } = sum(&members);
    let mut work = app.work(who).await?;
    let zone = work.zone();
    if one(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let now = work.now;
    work.run(sql!(
        "INSERT INTO metric_freeze (zone_id, id, key, from_on, to_on, numerator, denominator, reason, frozen_at, frozen_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        zone, id, new.key, new.from, new.to, numerator, denominator, reason.clone(), now, who.person_id
    ))
    .await?;
    for chunk in members.chunks(ROWS) {
        let mut rows = Sql::from("INSERT INTO metric_freeze_record (zone_id, freeze_id, record_id, counts) VALUES ");
        for (n, (record, counts)) in chunk.iter().enumerate() {
            rows.push(if n == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(id);
            rows.push(", ").arg(*record).push(", ").arg(*counts).push(")");
        }
        work.run(rows).await?;
    }
    let made = json!({
        "key": new.key, "from_on": new.from, "to_on": new.to, "numerator": numerator, "denominator": denominator,
        "reason": reason,
    });
    work.log("metric.freeze", Subject::new("metric_freeze", id), Change::made(made)).await?;
    work.commit(id).await
}

async fn one(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Freeze>> {
    let mut query = Sql::from(FREEZE);
    query.arg(zone).push(" AND f.id = ").arg(id);
    Ok(tx.opt(query).await?)
}

/// One frozen figure.
pub async fn get(app: &App, who: &Actor, id: Uuid) -> Result<Freeze> {
    who.must(READERS)?;
    one(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// Frozen figures, the newest first; of one figure, when told which.
pub async fn list(app: &App, who: &Actor, key: Option<Key>, cursor: Option<&str>, limit: i64) -> Result<Page<Freeze>> {
    who.must(READERS)?;
    let after = list::read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let narrowed = |query: &mut Sql| {
        query.arg(who.zone_id);
        if let Some(key) = key {
            query.push(" AND f.key = ").arg(key);
        }
    };
    let mut count = Sql::from("SELECT count(*) FROM (SELECT 1 FROM metric_freeze f WHERE f.zone_id = ");
    narrowed(&mut count);
    count.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") AS counted");
    let counted: i64 = tx.value(count).await?;
    let mut query = Sql::from(FREEZE);
    narrowed(&mut query);
    list::page(&mut query, ["f.frozen_at", "f.id"], true, Order::Usual, after, limit + 1);
    let mut items: Vec<Freeze> = tx.list(query).await?;
    let next = list::cut(&mut items, limit, |one| Some((one.frozen_at, one.id)));
    Ok(Page::new(items, next, counted))
}

/// A frozen figure beside what it would be today, with what stands otherwise and why.
pub async fn compare(app: &App, who: &Actor, id: Uuid) -> Result<Compared> {
    let freeze = get(app, who, id).await?;
    let now = desk::members(app, who.zone_id, freeze.key, freeze.days()).await?;
    let figure = sum(&now);
    let mut tx = app.read().await?;
    let kept: Vec<(Uuid, bool)> = tx
        .list(sql!(
            "SELECT record_id, counts FROM metric_freeze_record WHERE zone_id = $1 AND freeze_id = $2",
            who.zone_id,
            id
        ))
        .await?;
    let mut told = differing(&kept, &now);
    let corrected = told.len() as i64;
    told.truncate(TOLD);
    let ids: Vec<Uuid> = told.iter().map(|(id, ..)| *id).collect();
    let mut named = names(&mut tx, who, freeze.key.of(), &ids).await?;
    let mut done = changes(&mut tx, who.zone_id, &ids, freeze.frozen_at).await?;
    let corrections = told.into_iter().map(|(id, was, now)| {
        let (href, name) = named.remove(&id).unzip();
        let (because, at) = done.remove(&id).unzip();
        Correction { id, name, href, was, now, because, at }
    });
    Ok(Compared { now: figure, corrected, corrections: corrections.collect(), freeze })
}

/// The figure that these records make.
fn sum(members: &[(Uuid, bool)]) -> Figure {
    let numerator = members.iter().filter(|(_, counts)| *counts).count() as i64;
    Figure { numerator, denominator: members.len() as i64 }
}

/// What stands otherwise, by record.
fn differing(kept: &[(Uuid, bool)], now: &[(Uuid, bool)]) -> Vec<(Uuid, Stood, Stood)> {
    let mut both: BTreeMap<Uuid, (Option<bool>, Option<bool>)> = BTreeMap::new();
    for (id, counts) in kept {
        both.entry(*id).or_default().0 = Some(*counts);
    }
    for (id, counts) in now {
        both.entry(*id).or_default().1 = Some(*counts);
    }
    let stood = |(id, (was, now)): (Uuid, (Option<bool>, Option<bool>))| (id, Stood::of(was), Stood::of(now));
    both.into_iter().map(stood).filter(|(_, was, now)| was != now).collect()
}

/// The page of each record and what it is called, for those that a reader may know of.
async fn names(tx: &mut Tx, who: &Actor, of: Of, ids: &[Uuid]) -> Result<HashMap<Uuid, (String, String)>> {
    let mut named = HashMap::new();
    for chunk in ids.chunks(ROWS) {
        let mut query = Sql::from(match of {
            Of::Appeal => {
                "SELECT a.id, 'appeal', a.id AS target, a.number || ' ' || a.title FROM appeal a WHERE a.id IN "
            }
            Of::WorkOrder => {
                "SELECT w.id, 'work_order', a.id AS target, w.number || ' ' || a.title FROM work_order w
                 JOIN appeal a ON a.zone_id = w.zone_id AND a.id = w.appeal_id WHERE w.id IN "
            }
            Of::Visit => "SELECT a.id, 'visit', a.id AS target, a.number FROM visit a WHERE a.id IN ",
            Of::Enterprise | Of::Project => {
                "SELECT a.id, a.kind, a.id AS target, a.name FROM
                   (SELECT zone_id, id, short_name AS name, 'enterprise' AS kind FROM enterprise
                    UNION ALL SELECT zone_id, id, short_name AS name, 'project' AS kind FROM project) a WHERE a.id IN "
            }
        });
        query.list(chunk.iter().copied()).push(" AND a.zone_id = ").arg(who.zone_id);
        if matches!(of, Of::Appeal | Of::WorkOrder) {
            query.append(visible(who));
        }
        let rows: Vec<(Uuid, Of, Uuid, String)> = tx.list(query).await?;
        named.extend(rows.into_iter().map(|(id, of, target, name)| (id, (of.href(target), name))));
    }
    Ok(named)
}

/// What was done last with each record after an instant.
async fn changes(tx: &mut Tx, zone: Uuid, ids: &[Uuid], after: Time) -> Result<HashMap<Uuid, (String, Time)>> {
    let mut done = HashMap::new();
    for chunk in ids.chunks(ROWS) {
        let mut query = Sql::from("SELECT l.subject_id, l.action, l.at FROM ledger l WHERE l.zone_id = ");
        query.arg(zone).push(" AND l.at > ").arg(after).push(" AND l.subject_id IN ").list(chunk.iter().copied());
        query.push(" ORDER BY l.at, l.id");
        let rows: Vec<(Uuid, String, Time)> = tx.list(query).await?;
        done.extend(rows.into_iter().map(|(id, action, at)| (id, (action, at))));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_otherwise_is_told_record_by_record() {
        let id = Uuid::from_u128;
        let kept = [(id(1), true), (id(2), true), (id(3), false), (id(4), false)];
        let now = [(id(1), true), (id(2), false), (id(3), true), (id(5), false)];
        assert_eq!(
            differing(&kept, &now),
            [
                (id(2), Stood::Hit, Stood::Rest),
                (id(3), Stood::Rest, Stood::Hit),
                (id(4), Stood::Rest, Stood::Absent),
                (id(5), Stood::Absent, Stood::Rest),
            ]
        );
        assert!(differing(&kept, &kept).is_empty());
    }
}
