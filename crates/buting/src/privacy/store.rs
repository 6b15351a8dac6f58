use super::catalogue::{Erase, Field, owned};
use super::{Consent, ConsentKind, Disclosure, Ground, Request, RequestKind, RequestState};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use uuid::Uuid;

// Consent

/// The last decision of a person about each use.
pub async fn consents(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Consent>> {
    tx.list(sql!(
        "SELECT kind, text_version, given, at FROM consent WHERE zone_id = $1 AND person_id = $2 ORDER BY at DESC, id DESC",
        zone,
        person
    ))
    .await
}

pub async fn insert_consent(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    person: Uuid,
    consent: &Consent,
    locale: &str,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO consent (zone_id, id, person_id, kind, text_version, locale, given, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        zone,
        id,
        person,
        consent.kind,
        consent.text_version,
        locale,
        consent.given,
        consent.at
    ))
    .await
    .map(drop)
}

pub async fn last_consent(tx: &mut Tx, zone: Uuid, person: Uuid, kind: ConsentKind) -> Result<Option<Consent>> {
    tx.opt(sql!(
        "SELECT kind, text_version, given, at FROM consent
         WHERE zone_id = $1 AND person_id = $2 AND kind = $3 ORDER BY at DESC, id DESC LIMIT 1",
        zone,
        person,
        kind
    ))
    .await
}

// Requests

const REQUEST: &str =
    "SELECT r.id, r.number, r.person_id, p.name AS person, r.kind, r.body, r.state, r.received_at, r.due_at,
   r.received_by, c.name AS taken_by, r.identity_check, r.answer, r.ground, d.name AS decided_by, r.decided_at,
   r.version
 FROM subject_request r
 LEFT JOIN person c ON c.zone_id = r.zone_id AND c.id = r.received_by AND r.received_by <> r.person_id
 LEFT JOIN person p ON p.zone_id = r.zone_id AND p.id = r.person_id
 LEFT JOIN person d ON d.zone_id = r.zone_id AND d.id = r.decided_by";

/// A request about to be received.
pub struct NewRequest<'a> {
    pub id: Uuid,
    pub number: &'a str,
    pub person_id: Uuid,
    pub kind: RequestKind,
    pub body: &'a str,
    pub at: Time,
    pub received_by: Option<Uuid>,
    pub identity_check: Option<&'a str>,
    pub due_at: Time,
}

pub async fn insert_request(tx: &mut Tx, zone: Uuid, new: &NewRequest<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO subject_request (zone_id, id, number, person_id, kind, body, state, received_at, received_by, due_at,
           identity_check, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'received', $7, $8, $9, $10, 1)",
        zone,
        new.id,
        new.number,
        new.person_id,
        new.kind,
        new.body,
        new.at,
        new.received_by,
        new.due_at,
        new.identity_check
    ))
    .await
    .map(drop)
}

pub async fn request(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Request>> {
    let mut query = Sql::from(REQUEST);
    query.push(" WHERE r.zone_id = ").arg(zone).push(" AND r.id = ").arg(id);
    tx.opt(query).await
}

/// Requests of a person, or of everybody: open ones first, by when they are due.
pub async fn requests(tx: &mut Tx, zone: Uuid, person: Option<Uuid>, open: bool, limit: i64) -> Result<Vec<Request>> {
    let mut query = Sql::from(REQUEST);
    query.push(" WHERE r.zone_id = ").arg(zone);
    if let Some(person) = person {
        query.push(" AND r.person_id = ").arg(person);
    }
    if open {
        query.push(" AND r.decided_at IS NULL");
    }
    query.push(" ORDER BY CASE WHEN r.decided_at IS NULL THEN 0 ELSE 1 END, r.due_at, r.id LIMIT ").arg(limit);
    tx.list(query).await
}

/// Writes a decision; false when somebody was quicker.
pub async fn decide(
    tx: &mut Tx,
    zone: Uuid,
    request: &Request,
    state: RequestState,
    (answer, ground): (&str, Option<Ground>),
    by: Option<Uuid>,
    at: Time,
) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE subject_request SET state = $1, answer = $2, ground = $3, decided_by = $4, decided_at = $5,
               version = version + 1
             WHERE zone_id = $6 AND id = $7 AND version = $8 AND decided_at IS NULL",
            state,
            answer,
            ground,
            by,
            at,
            zone,
            request.id,
            request.version
        ))
        .await?;
    Ok(n == 1)
}

/// Accounts with a role.
pub async fn accounts_with(tx: &mut Tx, zone: Uuid, role: crate::actor::Role) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> =
        tx.list(sql!("SELECT account_id FROM account_role WHERE zone_id = $1 AND role = $2", zone, role)).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

// Disclosures

pub async fn insert_disclosure(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    person: Option<Uuid>,
    made_by: Option<Uuid>,
    new: &Disclosure,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO disclosure (zone_id, id, at, person_id, to_org, basis, fields, occasion, made_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        zone,
        id,
        new.at,
        person,
        new.to_org,
        new.basis,
        new.fields,
        new.occasion,
        made_by
    ))
    .await
    .map(drop)
}

pub async fn disclosures(tx: &mut Tx, zone: Uuid, person: Option<Uuid>, limit: i64) -> Result<Vec<Disclosure>> {
    let mut query = Sql::from(
        "SELECT d.at, p.name AS person, d.to_org, d.basis, d.fields, d.occasion, m.name AS made_by FROM disclosure d
         LEFT JOIN person p ON p.zone_id = d.zone_id AND p.id = d.person_id
         LEFT JOIN person m ON m.zone_id = d.zone_id AND m.id = d.made_by WHERE d.zone_id = ",
    );
    query.arg(zone);
    if let Some(person) = person {
        query.push(" AND d.person_id = ").arg(person);
    }
    query.push(" ORDER BY d.at DESC, d.id DESC LIMIT ").arg(limit);
    tx.list(query).await
}

// What the catalogue says, done

/// A person's post: whether he is of the office and has not left.
pub async fn in_post(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<bool>> {
    let row: Option<(Option<Uuid>, Option<i64>)> =
        tx.opt(sql!("SELECT department_id, left_at FROM person WHERE zone_id = $1 AND id = $2", zone, person)).await?;
    Ok(row.map(|(department, left)| department.is_some() && left.is_none()))
}

/// Everything that the catalogue gives a person of his own data: table → rows.
pub async fn data_of(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Map<String, Json>> {
    let mut all = Map::new();
    let tables: BTreeSet<&str> = owned().filter(|field| field.given).map(|field| field.table).collect();
    for table in tables {
        let fields: Vec<&Field> = owned().filter(|field| field.given && field.table == table).collect();
        let mut query = Sql::from("SELECT ");
        for (n, field) in fields.iter().enumerate() {
            query
                .push(if n == 0 { "CAST(" } else { ", CAST(" })
                .push(field.column)
                .push(" AS text) AS ")
                .push(field.column);
        }
        let Some((first, owner)) = fields.first().and_then(|field| Some((field.table, field.owner?))) else { continue };
        query.push(" FROM ").push(first).push(" WHERE zone_id = ").arg(zone).push(" AND ").push(owner).push(" = ");
        query.arg(person).push(" LIMIT 1000");
        let mut rows = Vec::new();
        for row in tx.all(query).await? {
            let mut record = Map::new();
            for field in &fields {
                let value: Option<String> = row.get(field.column)?;
                record.insert(field.column.to_owned(), value.map_or(Json::Null, Json::String));
            }
            rows.push(Json::Object(record));
        }
        if !rows.is_empty() {
            all.insert(table.to_owned(), Json::Array(rows));
        }
    }
    Ok(all)
}

/// Erases what the catalogue says of a person; answers how many rows were touched.
pub async fn erase(tx: &mut Tx, zone: Uuid, person: Uuid, at: Time) -> Result<u64> {
    let mut touched = 0;
    let mut gone = BTreeSet::new();
    for field in owned() {
        let Some(owner) = field.owner else { continue };
        let mut query = match field.erase {
            Erase::Stay => continue,
            Erase::Row if !gone.insert(field.table) => continue,
            Erase::Row => Sql::from("DELETE FROM "),
            _ => Sql::from("UPDATE "),
        };
        query.push(field.table);
        if field.erase != Erase::Row {
            query.push(" SET ").push(field.column).push(" = ");
            match field.erase {
                Erase::Null => query.push("NULL"),
                Erase::Mark => query.arg("已删除"),
                Erase::Unique => query.arg(format!("erased-{}", person.simple())),
                _ => query.push("''"),
            };
        }
        query.push(" WHERE zone_id = ").arg(zone).push(" AND ").push(owner).push(" = ").arg(person);
        touched += tx.run(query).await?;
    }
    tx.run(sql!(
        "UPDATE account SET disabled_at = coalesce(disabled_at, $1), version = version + 1 WHERE zone_id = $2 AND id = $3",
        at,
        zone,
        person
    ))
    .await?;
    tx.run(sql!(
        "UPDATE person SET left_at = coalesce(left_at, $1), version = version + 1 WHERE zone_id = $2 AND id = $3",
        at,
        zone,
        person
    ))
    .await?;
    Ok(touched)
}

/// People who left before an instant and are not erased yet.
pub async fn left_before(tx: &mut Tx, zone: Uuid, before: Time, limit: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT id FROM person WHERE zone_id = $1 AND left_at < $2 AND spelling <> '' ORDER BY left_at LIMIT $3",
            zone,
            before,
            limit
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub async fn delete_notices(tx: &mut Tx, zone: Uuid, before: Time) -> Result<u64> {
    tx.run(sql!("DELETE FROM notice WHERE zone_id = $1 AND created_at < $2", zone, before)).await
}

pub async fn blank_requests(tx: &mut Tx, zone: Uuid, before: Time) -> Result<u64> {
    tx.run(sql!(
        "UPDATE subject_request SET body = '', answer = NULL, identity_check = NULL
         WHERE zone_id = $1 AND decided_at < $2 AND (body <> '' OR answer IS NOT NULL)",
        zone,
        before
    ))
    .await
}
