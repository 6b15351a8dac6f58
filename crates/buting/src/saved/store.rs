use super::{List, NewView, View};
use crate::time::Time;
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

const VIEW: &str = "SELECT v.id, v.list, v.name, v.query, v.person_id, p.name AS person, v.department_id, v.version
 FROM saved_view v JOIN person p ON p.zone_id = v.zone_id AND p.id = v.person_id WHERE v.zone_id = ";

/// Views that a person keeps or that one of these departments shares.
pub async fn views(
    tx: &mut Tx,
    zone: Uuid,
    person: Uuid,
    department: Option<Uuid>,
    list: Option<List>,
) -> Result<Vec<View>> {
    let mut query = Sql::from(VIEW);
    query.arg(zone).push(" AND (v.person_id = ").arg(person);
    if let Some(department) = department {
        query.push(" OR v.department_id = ").arg(department);
    }
    query.push(")");
    if let Some(list) = list {
        query.push(" AND v.list = ").arg(list);
    }
    query.push(" ORDER BY CASE WHEN v.person_id = ").arg(person).push(" THEN 0 ELSE 1 END, v.list, v.name, v.id");
    tx.list(query).await
}

pub async fn view(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<View>> {
    let mut query = Sql::from(VIEW);
    query.arg(zone).push(" AND v.id = ").arg(id);
    tx.opt(query).await
}

/// How many views a person keeps.
pub async fn count(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<i64> {
    tx.value(sql!("SELECT count(*) FROM saved_view WHERE zone_id = $1 AND person_id = $2", zone, person)).await
}

pub async fn insert(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    new: &NewView,
    (person, department): (Uuid, Option<Uuid>),
    at: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO saved_view (zone_id, id, list, name, query, person_id, department_id, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
        zone,
        id,
        new.list,
        new.name,
        new.query,
        person,
        department,
        at
    ))
    .await
    .map(drop)
}

pub async fn delete(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM saved_view WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}
