use super::fact::Standing;
use super::{Carrier, Contact, Enterprise};
use crate::list::{Key, Walk};
use crate::time::Time;
use hanzi::{name_key, spelling_keys};
use std::collections::HashMap;
use store::{Result, Sql, Tx, sql};
use uuid::Uuid;

/// Rows in one statement.
const BATCH: usize = 200;

const ENTERPRISE: &str = "SELECT e.id, e.name, e.short_name, e.uscc, e.uscc_note, e.legacy_reg_no, e.carrier_id,
   c.short_name AS carrier, e.industry_code, e.headcount, e.key, e.status, e.address, e.tags, e.note, e.source,
   e.confirmed_at, e.merged_into, e.created_at, e.changed_at, e.version";
const ENTERPRISE_FROM: &str = " FROM enterprise e LEFT JOIN carrier c ON c.zone_id = e.zone_id AND c.id = e.carrier_id";

/// What a list of enterprises is sorted by.
pub const ENTERPRISE_KEYS: &[Key] = &[
    Key::text("name", "e.spelling"),
    Key::text("carrier", "coalesce(c.spelling, '')"),
    Key::text("industry", "coalesce(e.industry_code, '')"),
    Key::number("headcount", "coalesce(e.headcount, -1)"),
    Key::text("status", "e.status"),
    Key::number("changed", "e.changed_at"),
];

const CARRIER: &str = "SELECT c.id, c.name, c.short_name, c.kind, c.address, c.note, c.closed_at, c.version,
   (SELECT count(*) FROM enterprise e WHERE e.zone_id = c.zone_id AND e.carrier_id = c.id AND e.status = 'active')
     AS enterprises";
const CARRIER_FROM: &str = " FROM carrier c";

/// What a list of carriers is sorted by.
pub const CARRIER_KEYS: &[Key] = &[
    Key::text("name", "c.spelling"),
    Key::text("kind", "c.kind"),
    Key::number(
        "enterprises",
        "(SELECT count(*) FROM enterprise e WHERE e.zone_id = c.zone_id AND e.carrier_id = c.id
           AND e.status = 'active')",
    ),
];

pub async fn enterprise(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Enterprise>> {
    let mut query = Sql::from(ENTERPRISE);
    query.push(ENTERPRISE_FROM).push(" WHERE e.zone_id = ").arg(zone).push(" AND e.id = ").arg(id);
    let mut found: Vec<Enterprise> = tx.list(query).await?;
    name(tx, zone, &mut found).await?;
    Ok(found.pop())
}

/// The enterprises of these ids, in no order.
pub async fn enterprises_of(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<Vec<Enterprise>> {
    let mut found = Vec::new();
    for some in ids.chunks(BATCH) {
        let mut query = Sql::from(ENTERPRISE);
        query
            .push(ENTERPRISE_FROM)
            .push(" WHERE e.zone_id = ")
            .arg(zone)
            .push(" AND e.id IN ")
            .list(some.iter().copied());
        found.extend(tx.list::<Enterprise>(query).await?);
    }
    name(tx, zone, &mut found).await?;
    Ok(found)
}

/// Holds enterprises against other writers until the end of the transaction.
pub async fn hold(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut query = sql!("SELECT id FROM enterprise WHERE zone_id = $1 AND id IN ", zone);
    query.list(ids.iter().copied()).push(" ORDER BY id").push(tx.dialect().pick("", " FOR UPDATE"));
    tx.all(query).await?;
    Ok(())
}

/// Adds their short names.
async fn name(tx: &mut Tx, zone: Uuid, found: &mut [Enterprise]) -> Result<()> {
    let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
    for some in found.chunks(BATCH) {
        let mut query = sql!(
            "SELECT enterprise_id, name FROM enterprise_short_name WHERE zone_id = $1 AND enterprise_id IN ",
            zone
        );
        query.list(some.iter().map(|one| one.id)).push(" ORDER BY enterprise_id, position");
        for (id, name) in tx.list::<(Uuid, String)>(query).await? {
            names.entry(id).or_default().push(name);
        }
    }
    for one in found {
        one.short_names = names.remove(&one.id).unwrap_or_default();
    }
    Ok(())
}

/// Conditions of a list of enterprises.
#[derive(Clone, Default)]
pub struct Conditions {
    pub carrier: Option<Uuid>,
    pub key: Option<bool>,
    pub status: Option<super::Status>,
    pub headcount_min: Option<i64>,
    pub headcount_max: Option<i64>,
    /// How the industry code begins.
    pub industry: Option<String>,
    pub without_officer: bool,
    pub tag: Option<super::Tag>,
    pub department: Option<Uuid>,
    pub person: Option<Uuid>,
    /// On `e`: it gives a fact that should be asked again.
    pub stale: Option<Sql>,
    /// On `e.id`: what the words match, what the actor reaches.
    pub more: Vec<Sql>,
}

impl Conditions {
    fn push(&self, zone: Uuid, query: &mut Sql) {
        query.push(" WHERE e.zone_id = ").arg(zone);
        if let Some(carrier) = self.carrier {
            query.push(" AND e.carrier_id = ").arg(carrier);
        }
        if let Some(key) = self.key {
            query.push(" AND e.key = ").arg(key);
        }
        match (self.status, &self.stale) {
            (Some(status), _) => query.push(" AND e.status = ").arg(status),
            // Nobody asks an enterprise that is gone.
            (None, Some(_)) => query.push(" AND e.status IN ('active', 'contact_lost')"),
            (None, None) => query.push(" AND e.merged_into IS NULL"),
        };
        if let Some(stale) = &self.stale {
            query.push(" AND ").append(stale.clone());
        }
        if let Some(least) = self.headcount_min {
            query.push(" AND coalesce(e.headcount, -1) >= ").arg(least);
        }
        if let Some(most) = self.headcount_max {
            // Whose number nobody knows is neither above nor below.
            query.push(" AND e.headcount <= ").arg(most);
        }
        if let Some(start) = &self.industry {
            query.push(" AND e.industry_code LIKE ").arg(format!("{}%", start.replace(['%', '_', '\\'], "")));
        }
        if self.without_officer {
            query.push(
                " AND NOT EXISTS (SELECT 1 FROM assignment r WHERE r.zone_id = e.zone_id AND r.valid_to IS NULL
                    AND r.role = 'officer' AND r.subject_id IN (e.id, e.carrier_id))",
            );
        }
        if let Some(tag) = self.tag {
            // Tags are words of the program, so the text of the list tells.
            query.push(" AND CAST(e.tags AS text) LIKE ").arg(format!("%\"{tag}\"%"));
        }
        for (column, unit) in [("r.department_id = ", self.department), ("r.person_id = ", self.person)] {
            if let Some(unit) = unit {
                query.push(" AND e.id IN (SELECT r.subject_id FROM assignment r WHERE r.zone_id = ").arg(zone);
                query.push(" AND r.valid_to IS NULL AND ").push(column).arg(unit);
                query.push(" UNION SELECT i.id FROM assignment r JOIN enterprise i ON i.zone_id = r.zone_id");
                query.push(" AND i.carrier_id = r.subject_id WHERE r.zone_id = ").arg(zone);
                query
                    .push(" AND r.valid_to IS NULL AND r.subject_kind = 'carrier' AND ")
                    .push(column)
                    .arg(unit)
                    .push(")");
            }
        }
        for more in &self.more {
            query.push(" AND ").append(more.clone());
        }
    }
}

/// Enterprises in order, and the cursor of the rest.
pub async fn enterprises(
    tx: &mut Tx,
    zone: Uuid,
    conditions: &Conditions,
    walk: &Walk,
) -> Result<(Vec<Enterprise>, Option<String>)> {
    let mut query = Sql::from(ENTERPRISE);
    walk.column(&mut query);
    query.push(ENTERPRISE_FROM);
    conditions.push(zone, &mut query);
    let (mut found, next) = walk.list::<Enterprise>(tx, query, "e.id").await?;
    name(tx, zone, &mut found).await?;
    Ok((found, next))
}

pub async fn enterprise_count(tx: &mut Tx, zone: Uuid, conditions: &Conditions, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM enterprise e");
    conditions.push(zone, &mut query);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

/// The enterprise of that full name, other than `not`.
pub async fn enterprise_named(tx: &mut Tx, zone: Uuid, name: &str, not: Uuid) -> Result<Option<Uuid>> {
    tx.opt_value(sql!(
        "SELECT id FROM enterprise WHERE zone_id = $1 AND name = $2 AND id <> $3 AND merged_into IS NULL LIMIT 1",
        zone,
        name,
        not
    ))
    .await
}

/// Puts enterprises into the register with their short names.
pub async fn insert_enterprises(tx: &mut Tx, zone: Uuid, all: &[Enterprise]) -> Result<()> {
    for some in all.chunks(BATCH) {
        let mut insert = Sql::from(
            "INSERT INTO enterprise (zone_id, id, name, short_name, uscc, uscc_note, legacy_reg_no, carrier_id,
               industry_code, headcount, key, status, address, tags, spelling, name_key, note, source, confirmed_at,
               created_at, changed_at, version) VALUES ",
        );
        for (i, one) in some.iter().enumerate() {
            insert.push(if i == 0 { "(" } else { ", (" }).arg(zone).push(", ").arg(one.id).push(", ").arg(&one.name);
            insert.push(", ").arg(&one.short_name).push(", ").arg(&one.uscc).push(", ").arg(&one.uscc_note);
            insert.push(", ").arg(&one.legacy_reg_no).push(", ").arg(one.carrier_id).push(", ").arg(&one.industry_code);
            insert.push(", ").arg(one.headcount).push(", ").arg(one.key).push(", ").arg(one.status);
            insert.push(", ").arg(&one.address).push(", ").arg(serde_json::json!(one.tags));
            insert
                .push(", ")
                .arg(spelling_keys(&one.name))
                .push(", ")
                .arg(name_key(&one.name))
                .push(", ")
                .arg(&one.note);
            insert.push(", ").arg(&one.source).push(", ").arg(one.confirmed_at).push(", ").arg(one.created_at);
            insert.push(", ").arg(one.changed_at).push(", 1)");
        }
        tx.run(insert).await?;
        insert_names(tx, zone, some).await?;
    }
    Ok(())
}

async fn insert_names(tx: &mut Tx, zone: Uuid, some: &[Enterprise]) -> Result<()> {
    let mut insert = Sql::from("INSERT INTO enterprise_short_name (zone_id, enterprise_id, name, position) VALUES ");
    let mut first = true;
    for one in some {
        for (position, name) in (0_i64..).zip(&one.short_names) {
            insert.push(if first { "(" } else { ", (" }).arg(zone).push(", ").arg(one.id).push(", ").arg(name);
            insert.push(", ").arg(position).push(")");
            first = false;
        }
    }
    if !first {
        tx.run(insert).await?;
    }
    Ok(())
}

/// Writes an enterprise over its row of `version`; false when that has moved on.
pub async fn update_enterprise(tx: &mut Tx, zone: Uuid, one: &Enterprise, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE enterprise SET name = $1, short_name = $2, uscc = $3, uscc_note = $4, legacy_reg_no = $5,
               carrier_id = $6, industry_code = $7, headcount = $8, key = $9, status = $10, address = $11, tags = $12,
               spelling = $13, name_key = $14, note = $15, source = $16, confirmed_at = $17, changed_at = $18,
               version = version + 1
             WHERE zone_id = $19 AND id = $20 AND version = $21",
            one.name,
            one.short_name,
            one.uscc,
            one.uscc_note,
            one.legacy_reg_no,
            one.carrier_id,
            one.industry_code,
            one.headcount,
            one.key,
            one.status,
            one.address,
            serde_json::json!(one.tags),
            spelling_keys(&one.name),
            name_key(&one.name),
            one.note,
            one.source,
            one.confirmed_at,
            one.changed_at,
            zone,
            one.id,
            version
        ))
        .await?;
    if n == 1 {
        tx.run(sql!("DELETE FROM enterprise_short_name WHERE zone_id = $1 AND enterprise_id = $2", zone, one.id))
            .await?;
        insert_names(tx, zone, std::slice::from_ref(one)).await?;
    }
    Ok(n == 1)
}

pub async fn delete_enterprise(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM enterprise_short_name WHERE zone_id = $1 AND enterprise_id = $2", zone, id)).await?;
    tx.run(sql!("DELETE FROM enterprise_pair WHERE zone_id = $1 AND (a_id = $2 OR b_id = $2)", zone, id)).await?;
    tx.run(sql!("DELETE FROM enterprise WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}

pub async fn delete_carrier(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM carrier WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}

/// The contacts of these enterprises who have not left; those to call first come first.
pub async fn contacts(tx: &mut Tx, zone: Uuid, enterprises: &[Uuid]) -> Result<Vec<Contact>> {
    let mut query = Sql::from(CONTACT);
    query.push(" WHERE p.zone_id = ").arg(zone).push(" AND p.left_at IS NULL AND p.enterprise_id IN ");
    query
        .list(enterprises.iter().copied())
        .push(" ORDER BY CASE WHEN k.is_primary THEN 0 ELSE 1 END, p.position, p.id");
    tx.list(query).await
}

const CONTACT: &str =
    "SELECT p.id, p.enterprise_id, p.name, p.partial, p.title, p.phone, p.email, p.left_at, p.version,
   coalesce(k.is_primary, FALSE) AS \"primary\", k.verified_at, k.source, v.name AS verified_by,
   a.why AS phone_why, a.detail AS phone_detail, a.failed_at AS phone_failed_at,
   b.why AS email_why, b.detail AS email_detail, b.failed_at AS email_failed_at
 FROM person p LEFT JOIN contact k ON k.zone_id = p.zone_id AND k.person_id = p.id
 LEFT JOIN person v ON v.zone_id = k.zone_id AND v.id = k.verified_by
 LEFT JOIN contact_failure a ON a.zone_id = p.zone_id AND a.person_id = p.id AND a.channel = 'phone'
   AND a.destination = p.phone
 LEFT JOIN contact_failure b ON b.zone_id = p.zone_id AND b.person_id = p.id AND b.channel = 'email'
   AND b.destination = p.email";

pub async fn contact(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Contact>> {
    let mut query = Sql::from(CONTACT);
    query.push(" WHERE p.zone_id = ").arg(zone).push(" AND p.id = ").arg(id);
    query.push(" AND p.enterprise_id IS NOT NULL");
    tx.opt(query).await
}

/// Notes what is known of a contact; the one to call first takes that from the other.
/// How he was last verified stays when he was not just now.
pub async fn set_contact(
    tx: &mut Tx,
    zone: Uuid,
    person: Uuid,
    enterprise: Uuid,
    primary: bool,
    verified: Option<&Standing>,
) -> Result<()> {
    if primary {
        tx.run(sql!(
            "UPDATE contact SET is_primary = FALSE WHERE zone_id = $1 AND enterprise_id = $2 AND person_id <> $3",
            zone,
            enterprise,
            person
        ))
        .await?;
    }
    tx.run(sql!(
        "INSERT INTO contact (zone_id, person_id, enterprise_id, is_primary, verified_at, source, verified_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (zone_id, person_id) DO UPDATE SET is_primary = excluded.is_primary,
           verified_at = coalesce(excluded.verified_at, contact.verified_at),
           source = coalesce(excluded.source, contact.source),
           verified_by = CASE WHEN excluded.verified_at IS NULL THEN contact.verified_by ELSE excluded.verified_by END",
        zone,
        person,
        enterprise,
        primary,
        verified.map(|standing| standing.confirmed_at),
        verified.map(|standing| standing.source),
        verified.and_then(|standing| standing.confirmed_by)
    ))
    .await
    .map(drop)
}

/// Notes that the number of a contact was just found right; who is none has no date.
pub async fn verify_contact(tx: &mut Tx, zone: Uuid, person: Uuid, verified: &Standing) -> Result<()> {
    tx.run(sql!(
        "UPDATE contact SET verified_at = $1, source = $2, verified_by = $3 WHERE zone_id = $4 AND person_id = $5",
        verified.confirmed_at,
        verified.source,
        verified.confirmed_by,
        zone,
        person
    ))
    .await
    .map(drop)
}

/// Forgets where a contact was not reached: everywhere, or at numbers that he no
/// longer has.
pub async fn forget_failures(tx: &mut Tx, zone: Uuid, person: Uuid, every: bool) -> Result<()> {
    let mut query = sql!("DELETE FROM contact_failure WHERE zone_id = $1 AND person_id = $2", zone, person);
    if !every {
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM person p WHERE p.zone_id = contact_failure.zone_id
                AND p.id = contact_failure.person_id AND contact_failure.destination
                  = CASE contact_failure.channel WHEN 'phone' THEN p.phone ELSE p.email END)",
        );
    }
    tx.run(query).await.map(drop)
}

pub async fn forget_contact(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<()> {
    forget_failures(tx, zone, person, true).await?;
    tx.run(sql!("DELETE FROM contact WHERE zone_id = $1 AND person_id = $2", zone, person)).await.map(drop)
}

pub async fn carrier(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Carrier>> {
    let mut query = Sql::from(CARRIER);
    query.push(CARRIER_FROM).push(" WHERE c.zone_id = ").arg(zone).push(" AND c.id = ").arg(id);
    tx.opt(query).await
}

/// The carrier of that full name, other than `not`.
pub async fn carrier_named(tx: &mut Tx, zone: Uuid, name: &str, not: Uuid) -> Result<Option<Uuid>> {
    tx.opt_value(sql!("SELECT id FROM carrier WHERE zone_id = $1 AND name = $2 AND id <> $3 LIMIT 1", zone, name, not))
        .await
}

/// Id, full and short name of every carrier that exists, by pinyin.
pub async fn carrier_names(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, String)>> {
    tx.list(sql!(
        "SELECT id, name, short_name FROM carrier WHERE zone_id = $1 AND closed_at IS NULL ORDER BY spelling, id",
        zone
    ))
    .await
}

/// Which carriers a list shows.
#[derive(Default)]
pub struct CarrierConditions {
    pub kind: Option<super::CarrierKind>,
    pub closed: bool,
    /// On `c.id`: what the words match.
    pub words: Option<Sql>,
}

impl CarrierConditions {
    fn push(&self, zone: Uuid, query: &mut Sql) {
        query.push(" WHERE c.zone_id = ").arg(zone);
        query.push(if self.closed { " AND c.closed_at IS NOT NULL" } else { " AND c.closed_at IS NULL" });
        if let Some(kind) = self.kind {
            query.push(" AND c.kind = ").arg(kind);
        }
        if let Some(words) = &self.words {
            query.push(" AND ").append(words.clone());
        }
    }
}

/// Carriers in order, and the cursor of the rest.
pub async fn carriers(
    tx: &mut Tx,
    zone: Uuid,
    conditions: &CarrierConditions,
    walk: &Walk,
) -> Result<(Vec<Carrier>, Option<String>)> {
    let mut query = Sql::from(CARRIER);
    walk.column(&mut query);
    query.push(CARRIER_FROM);
    conditions.push(zone, &mut query);
    walk.list(tx, query, "c.id").await
}

pub async fn carrier_count(tx: &mut Tx, zone: Uuid, conditions: &CarrierConditions, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM carrier c");
    conditions.push(zone, &mut query);
    query.push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

pub async fn insert_carrier(tx: &mut Tx, zone: Uuid, one: &Carrier, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO carrier (zone_id, id, name, short_name, kind, address, note, spelling, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
        zone,
        one.id,
        one.name,
        one.short_name,
        one.kind,
        one.address,
        one.note,
        spelling_keys(&one.name),
        at
    ))
    .await
    .map(drop)
}

pub async fn update_carrier(tx: &mut Tx, zone: Uuid, one: &Carrier, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE carrier SET name = $1, short_name = $2, kind = $3, address = $4, note = $5, spelling = $6,
               closed_at = $7, version = version + 1 WHERE zone_id = $8 AND id = $9 AND version = $10",
            one.name,
            one.short_name,
            one.kind,
            one.address,
            one.note,
            spelling_keys(&one.name),
            one.closed_at,
            zone,
            one.id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// Keys of enterprises in their order, from the one after `after` on.
pub async fn with_telephone(tx: &mut Tx, zone: Uuid, phone: &str, reach: Option<Sql>, limit: i64) -> Result<Vec<Uuid>> {
    let mut query = sql!(
        "SELECT DISTINCT p.enterprise_id FROM person p
         WHERE p.zone_id = $1 AND p.phone = $2 AND p.left_at IS NULL AND p.enterprise_id IS NOT NULL",
        zone,
        phone
    );
    if let Some(reach) = reach {
        query.push(" AND ").append(reach);
    }
    query.push(" ORDER BY p.enterprise_id LIMIT ").arg(limit);
    let rows: Vec<(Uuid,)> = tx.list(query).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub async fn enterprise_keys(tx: &mut Tx, zone: Uuid, after: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    let limit = limit as i64;
    let rows: Vec<(Uuid,)> = tx
        .list(sql!("SELECT id FROM enterprise WHERE zone_id = $1 AND id > $2 ORDER BY id LIMIT $3", zone, after, limit))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Holds carriers against other writers until the end of the transaction; answers
/// their keys and when they were entered.
pub async fn hold_carriers(tx: &mut Tx, zone: Uuid, after: Uuid, limit: usize) -> Result<Vec<(Uuid, Time)>> {
    let mut query = sql!(
        "SELECT id, created_at FROM carrier WHERE zone_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        zone,
        after,
        limit as i64
    );
    query.push(tx.dialect().pick("", " FOR UPDATE"));
    tx.list(query).await
}
