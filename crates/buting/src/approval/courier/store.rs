use super::{Delivery, DeliveryState, NewDelivery};
use crate::actor::Actor;
use crate::app::Work;
use crate::approval::store::known;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

const COLUMNS: &str =
    "SELECT l.id, l.application_id, a.number, m.title AS matter_title, e.short_name AS enterprise_name,
   l.state, l.recipient, l.phone, l.address, l.consent_at, l.carrier, l.parcel_no, l.licences, a.decided_at,
   l.dispatched_at, l.ended_at, l.proof, l.made_at, a.state IN ('granted', 'granted_conditional') AS ready, l.version";
const FROM: &str = " FROM licence_delivery l
   JOIN application a ON a.zone_id = l.zone_id AND a.id = l.application_id
   JOIN matter m ON m.zone_id = a.zone_id AND m.id = a.matter_id
   LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id WHERE l.zone_id = ";

pub async fn one(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Option<Delivery>> {
    let mut query = Sql::from(COLUMNS);
    query.push(FROM).arg(who.zone_id).push(" AND l.id = ").arg(id).append(known(who));
    tx.opt(query).await
}

/// Whether there is a delivery with this key, whoever may know of it.
pub async fn is_there(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<bool> {
    let found: Option<Uuid> =
        tx.opt_value(sql!("SELECT id FROM licence_delivery WHERE zone_id = $1 AND id = $2", zone, id)).await?;
    Ok(found.is_some())
}

/// The deliveries of a case, the newest first.
pub async fn of(tx: &mut Tx, zone: Uuid, application: Uuid) -> Result<Vec<Delivery>> {
    let mut query = Sql::from(COLUMNS);
    query.push(FROM).arg(zone).push(" AND l.application_id = ").arg(application);
    query.push(" ORDER BY l.made_at DESC, l.id DESC");
    tx.list(query).await
}

/// What a list of deliveries is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Option<DeliveryState>,
    /// Those of decided cases that wait to be handed over.
    pub ready: bool,
    pub q: Option<String>,
    /// What `q` finds among the subjects; the desk asks it.
    pub found: Option<Sql>,
    pub order: Order,
}

fn narrow(query: &mut Sql, who: &Actor, filter: &Filter) {
    query.push(FROM).arg(who.zone_id).append(known(who));
    if let Some(state) = filter.state {
        query.push(" AND l.state = ").arg(state);
    }
    if filter.ready {
        query.push(" AND l.state = 'to_pack' AND a.state IN ('granted', 'granted_conditional')");
    }
    list::about(query, &["m.title", "a.number", "l.parcel_no"], filter.q.as_deref(), filter.found.as_ref());
}

pub async fn list(
    tx: &mut Tx,
    who: &Actor,
    filter: &Filter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let mut query = Sql::from(COLUMNS);
    narrow(&mut query, who, filter);
    list::page(&mut query, ["l.made_at", "l.id"], true, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count(tx: &mut Tx, who: &Actor, filter: &Filter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") AS found");
    tx.value(query).await
}

pub async fn insert(work: &mut Work, id: Uuid, new: &NewDelivery) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    work.run(sql!(
        "INSERT INTO licence_delivery (zone_id, id, application_id, state, recipient, phone, address, consent_at, made_at,
           version)
         VALUES ($1, $2, $3, 'to_pack', $4, $5, $6, $7, $7, 1)",
        zone,
        id,
        new.application_id,
        new.recipient,
        new.phone,
        new.address,
        now
    ))
    .await
    .map(drop)
}

/// Saves how a delivery stands; false when somebody was quicker.
pub async fn save(work: &mut Work, one: &Delivery) -> Result<bool> {
    let zone = work.zone();
    let n = work
        .run(sql!(
            "UPDATE licence_delivery SET state = $1, recipient = $2, phone = $3, address = $4, carrier = $5, parcel_no = $6,
               licences = $7, dispatched_at = $8, ended_at = $9, proof = $10, version = version + 1
             WHERE zone_id = $11 AND id = $12 AND version = $13",
            one.state,
            one.recipient,
            one.phone,
            one.address,
            one.carrier,
            one.parcel_no,
            one.licences,
            one.dispatched_at,
            one.ended_at,
            one.proof,
            zone,
            one.id,
            one.version
        ))
        .await?;
    Ok(n == 1)
}
