use super::super::DepartmentKind;
use super::{Beside, Post};
use crate::list::{Key, Walk};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a list of posts is sorted by.
pub const KEYS: &[Key] = &[
    Key::number("position", "p.position"),
    Key::number("from", "o.valid_from"),
    Key::text("name", "p.spelling"),
    Key::text("department", "d.short_name"),
];

/// What a list of posts is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<Uuid>,
    pub person: Option<Uuid>,
    pub department: Option<Uuid>,
    /// Those that are held now, or those that have ended.
    pub current: Option<bool>,
    /// Those that were held at that instant; departments are called as they were then.
    pub at: Option<Time>,
    /// Only posts of the leadership.
    pub leadership: bool,
}

fn select(filter: &Filter) -> Sql {
    Sql::from(match filter.at {
        None => {
            "SELECT o.id, o.person_id, p.name AS person, o.department_id, d.short_name AS department, o.title, o.main,
               p.position, o.valid_from, o.valid_to, o.basis, o.end_note, o.version"
        }
        Some(_) => {
            "SELECT o.id, o.person_id, p.name AS person, o.department_id,
               COALESCE(h.short_name, d.short_name) AS department, o.title, o.main,
               p.position, o.valid_from, o.valid_to, o.basis, o.end_note, o.version"
        }
    })
}

fn from(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.push(
        " FROM post o JOIN person p ON p.zone_id = o.zone_id AND p.id = o.person_id
          JOIN department d ON d.zone_id = o.zone_id AND d.id = o.department_id",
    );
    if let Some(at) = filter.at {
        query.push(" LEFT JOIN department_past h ON h.zone_id = o.zone_id AND h.department_id = o.department_id");
        query.push(" AND h.valid_from <= ").arg(at).push(" AND h.valid_to > ").arg(at);
    }
    query.push(" WHERE o.zone_id = ").arg(zone);
    for (column, value) in [
        (" AND o.id = ", filter.id),
        (" AND o.person_id = ", filter.person),
        (" AND o.department_id = ", filter.department),
    ] {
        if let Some(value) = value {
            query.push(column).arg(value);
        }
    }
    match filter.current {
        Some(true) => _ = query.push(" AND o.valid_to IS NULL"),
        Some(false) => _ = query.push(" AND o.valid_to IS NOT NULL"),
        None => {}
    }
    if let Some(at) = filter.at {
        query.push(" AND o.valid_from <= ").arg(at).push(" AND (o.valid_to IS NULL OR o.valid_to > ").arg(at).push(")");
    }
    if filter.leadership {
        query.push(if filter.at.is_some() { " AND COALESCE(h.kind, d.kind) = " } else { " AND d.kind = " });
        query.arg(DepartmentKind::Leadership);
    }
}

/// A page of posts, and the cursor of the rest.
pub async fn list(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<Post>, Option<String>)> {
    let mut query = select(filter);
    walk.column(&mut query);
    from(&mut query, zone, filter);
    walk.list(tx, query, "o.id").await
}

/// How many posts a filter matches, counted up to a cap.
pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    from(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap).push(") AS counted");
    tx.value(query).await
}

/// Every post that a filter matches: by the people's places, of each the main one
/// first, then the newest.
pub async fn all(tx: &mut Tx, zone: Uuid, filter: &Filter) -> Result<Vec<Post>> {
    let mut query = select(filter);
    from(&mut query, zone, filter);
    query.push(
        " ORDER BY p.position, p.id, CASE WHEN o.valid_to IS NULL THEN 0 ELSE 1 END, CASE WHEN o.main THEN 0 ELSE 1 END,
          o.valid_from DESC, o.id",
    );
    tx.list(query).await
}

/// One post.
pub async fn one(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Post>> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    Ok(all(tx, zone, &filter).await?.pop())
}

/// The departments of the posts that somebody holds now, that of the main one first.
pub async fn departments(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Uuid>> {
    let filter = Filter { person: Some(person), current: Some(true), ..Filter::default() };
    Ok(all(tx, zone, &filter).await?.into_iter().map(|post| post.department_id).collect())
}

/// The posts that people hold beside their main ones, by person.
pub async fn beside(tx: &mut Tx, zone: Uuid, people: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<Beside>>> {
    let mut query = sql!(
        "SELECT o.person_id, o.department_id, d.short_name, o.title FROM post o
         JOIN department d ON d.zone_id = o.zone_id AND d.id = o.department_id
         WHERE o.zone_id = $1 AND o.valid_to IS NULL AND NOT o.main AND o.person_id IN ",
        zone
    );
    query.list(people.iter().copied()).push(" ORDER BY o.valid_from, o.id");
    let mut all: BTreeMap<Uuid, Vec<Beside>> = BTreeMap::new();
    for (person, department_id, department, title) in tx.list::<(Uuid, Uuid, String, Option<String>)>(query).await? {
        all.entry(person).or_default().push(Beside { department_id, department, title });
    }
    Ok(all)
}

/// The first of a department by rank who can sign in.
pub async fn chief_of(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Option<Uuid>> {
    tx.opt_value(sql!(
        "SELECT p.id FROM person p JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         JOIN post o ON o.zone_id = p.zone_id AND o.person_id = p.id AND o.valid_to IS NULL
         WHERE p.zone_id = $1 AND o.department_id = $2 AND p.left_at IS NULL AND a.disabled_at IS NULL
         ORDER BY p.position, p.id LIMIT 1",
        zone,
        department
    ))
    .await
}

/// A post about to begin.
pub struct Beginning<'a> {
    pub id: Uuid,
    pub person: Uuid,
    pub department: Uuid,
    pub title: Option<&'a str>,
    pub main: bool,
    pub from: Time,
    pub basis: Option<&'a str>,
    pub now: Time,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, new: &Beginning<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO post (zone_id, id, person_id, department_id, title, main, valid_from, basis, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
        zone,
        new.id,
        new.person,
        new.department,
        new.title,
        new.main,
        new.from,
        new.basis,
        new.now
    ))
    .await
    .map(drop)
}

/// Ends a post that is as it was read; false when somebody was quicker. One that
/// would end as it begins was never held.
pub async fn end(tx: &mut Tx, zone: Uuid, post: &Post, at: Time, note: Option<&str>) -> Result<bool> {
    let n = if post.valid_from >= at {
        tx.run(sql!(
            "DELETE FROM post WHERE zone_id = $1 AND id = $2 AND version = $3 AND valid_to IS NULL",
            zone,
            post.id,
            post.version
        ))
        .await?
    } else {
        tx.run(sql!(
            "UPDATE post SET valid_to = $1, end_note = $2, version = version + 1
             WHERE zone_id = $3 AND id = $4 AND version = $5 AND valid_to IS NULL",
            at,
            note,
            zone,
            post.id,
            post.version
        ))
        .await?
    };
    Ok(n == 1)
}

/// Lets the posts that ended at that instant go on, as far as their departments
/// are still there.
pub async fn reopen(tx: &mut Tx, zone: Uuid, person: Uuid, ended: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE post SET valid_to = NULL, end_note = NULL, version = version + 1
         WHERE zone_id = $1 AND person_id = $2 AND valid_to = $3 AND department_id IN
           (SELECT d.id FROM department d WHERE d.zone_id = $1 AND d.valid_to IS NULL)",
        zone,
        person,
        ended
    ))
    .await
    .map(drop)
}

pub async fn delete_of(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM post WHERE zone_id = $1 AND person_id = $2", zone, person)).await.map(drop)
}

/// Puts people in that order at the head of every list of people.
pub async fn set_position(tx: &mut Tx, zone: Uuid, person: Uuid, position: i64) -> Result<()> {
    tx.run(sql!(
        "UPDATE person SET position = $1, version = version + 1 WHERE zone_id = $2 AND id = $3",
        position,
        zone,
        person
    ))
    .await
    .map(drop)
}
