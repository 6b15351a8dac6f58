use super::{Item, ItemKind, ItemState};
use crate::actor::{Actor, OUTSIDE, Scope};
use crate::app::Work;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use crate::time::Time;
use crate::visit::remind::Waiting;
use crate::visit::store as visit;
use store::{Result, Sql, Tx, sql};
use uuid::Uuid;

/// What an item is read from.
const ITEM: &str = "SELECT i.id, i.visit_id, v.number AS visit_number, v.subject_kind, i.subject_id,
   coalesce(e.short_name, p.short_name, '') AS subject_name, i.kind, i.text, i.answer, i.due_at, i.owner_id,
   o.name AS owner_name, i.follows_id, i.checked_at, i.held, i.check_note, i.withdrawn_at, i.version
 FROM visit_item i
 JOIN visit v ON v.zone_id = i.zone_id AND v.id = i.visit_id
 LEFT JOIN enterprise e ON e.zone_id = i.zone_id AND e.id = i.subject_id
 LEFT JOIN project p ON p.zone_id = i.zone_id AND p.id = i.subject_id
 LEFT JOIN person o ON o.zone_id = i.zone_id AND o.id = i.owner_id";

/// What nobody has looked at again.
const OPEN: &str = " AND i.checked_at IS NULL AND i.withdrawn_at IS NULL AND i.kind <> 'answer'";

/// An item on its way into the table.
pub struct NewItemRow<'a> {
    pub visit_id: Uuid,
    pub subject_id: Uuid,
    pub kind: ItemKind,
    pub text: &'a str,
    pub answer: Option<&'a str>,
    pub due_at: Option<Time>,
    pub owner_id: Option<Uuid>,
    pub follows_id: Option<Uuid>,
}

/// Appends it to those of its visit. Answers its key.
pub async fn insert(work: &mut Work, item: &NewItemRow<'_>) -> Result<Uuid> {
    let (zone, id) = (work.zone(), Uuid::now_v7());
    work.run(sql!(
        "INSERT INTO visit_item (zone_id, id, visit_id, subject_id, kind, position, text, answer, due_at, owner_id,
           follows_id, version)
         VALUES ($1, $2, $3, $4, $5, (SELECT count(*) FROM visit_item o WHERE o.zone_id = $1 AND o.visit_id = $3), $6, $7,
           $8, $9, $10, 1)",
        zone,
        id,
        item.visit_id,
        item.subject_id,
        item.kind,
        item.text,
        item.answer,
        item.due_at,
        item.owner_id,
        item.follows_id
    ))
    .await?;
    Ok(id)
}

pub async fn of_visit(tx: &mut Tx, zone: Uuid, visit: Uuid) -> Result<Vec<Item>> {
    let mut query = Sql::from(ITEM);
    query
        .push(" WHERE i.zone_id = ")
        .arg(zone)
        .push(" AND i.visit_id = ")
        .arg(visit)
        .push(" ORDER BY i.position, i.id");
    tx.list(query).await
}

pub async fn item(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Item>> {
    let mut query = Sql::from(ITEM);
    query.push(" WHERE i.zone_id = ").arg(zone).push(" AND i.id = ").arg(id);
    tx.opt(query).await
}

/// Requirements and hazards of a subject that nobody has looked at again.
pub async fn open_of(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Vec<Item>> {
    let mut query = Sql::from(ITEM);
    query.push(" WHERE i.zone_id = ").arg(zone).push(" AND i.subject_id = ").arg(subject).push(OPEN);
    query.push(" ORDER BY i.due_at, i.id LIMIT 50");
    tx.list(query).await
}

/// What a person sees to, the earliest due first.
pub async fn of_owner(tx: &mut Tx, zone: Uuid, person: Uuid, limit: i64) -> Result<Vec<Item>> {
    let mut query = Sql::from(ITEM);
    query.push(" WHERE i.zone_id = ").arg(zone).push(" AND i.owner_id = ").arg(person).push(OPEN);
    query.push(" ORDER BY i.due_at, i.id LIMIT ").arg(limit);
    tx.list(query).await
}

/// How a look at an item ended.
pub struct End<'a> {
    /// Whether it holds; `None` when it is withdrawn.
    pub held: Option<bool>,
    pub note: Option<&'a str>,
}

/// Whether the item was still as it was seen.
pub async fn end(work: &mut Work, item: &Item, end: &End<'_>) -> Result<bool> {
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    let (checked_at, checked_by, withdrawn_at) = match end.held {
        Some(_) => (Some(now), by, None),
        None => (None, None, Some(now)),
    };
    let mut query = sql!(
        "UPDATE visit_item SET checked_at = $1, checked_by = $2, held = $3, check_note = $4, withdrawn_at = $5,
           version = version + 1
         WHERE zone_id = $6 AND id = $7 AND version = $8",
        checked_at,
        checked_by,
        end.held,
        end.note,
        withdrawn_at,
        zone,
        item.id,
        item.version
    );
    query.push(" AND checked_at IS NULL AND withdrawn_at IS NULL");
    Ok(work.run(query).await? == 1)
}

/// Whether the item was still as it was seen.
pub async fn set_owner(work: &mut Work, item: &Item, owner: Uuid) -> Result<bool> {
    let zone = work.zone();
    let changed = work
        .run(sql!(
            "UPDATE visit_item SET owner_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND version = $4",
            owner,
            zone,
            item.id,
            item.version
        ))
        .await?;
    Ok(changed == 1)
}

/// What a list of requirements and hazards is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct ItemFilter {
    pub kind: Option<ItemKind>,
    /// In this state; in any, when absent.
    pub state: Option<ItemState>,
    /// Due before this time and still open.
    pub overdue_at: Option<Time>,
    pub owner_id: Option<Uuid>,
    pub subject_id: Option<Uuid>,
    /// With this word in the name of whom it is about.
    pub q: Option<String>,
    /// What `q` finds among the subjects; the desk asks it.
    pub found: Option<Sql>,
    /// Which way the list runs.
    pub order: Order,
}

/// The order of the list: what has no day comes last.
const DUE: &str = "coalesce(i.due_at, 9000000000000000)";

fn narrow(query: &mut Sql, who: &Actor, filter: &ItemFilter) {
    query.push(" WHERE i.zone_id = ").arg(who.zone_id).push(" AND i.kind <> 'answer'");
    if let Some(reach) = reach::subjects(who, "i.subject_id") {
        query.push(" AND (").append(reach);
        if let (Some(person), Scope::Assignments | Scope::Departments(_)) = (who.person_id, &who.scope) {
            query.push(" OR i.owner_id = ").arg(person);
        }
        query.push(")");
    }
    if who.roles.meets(OUTSIDE) {
        query.push(" AND (v.review_state IS NULL OR v.review_state = 'reviewed')");
    }
    if let Some(kind) = filter.kind {
        query.push(" AND i.kind = ").arg(kind);
    }
    match filter.state {
        None => {}
        Some(ItemState::Open) => {
            query.push(OPEN);
        }
        Some(ItemState::Held) => {
            query.push(" AND i.held");
        }
        Some(ItemState::NotHeld) => {
            query.push(" AND NOT i.held");
        }
        Some(ItemState::Withdrawn) => {
            query.push(" AND i.withdrawn_at IS NOT NULL");
        }
    }
    if let Some(at) = filter.overdue_at {
        query.push(OPEN).push(" AND i.due_at < ").arg(at);
    }
    if let Some(id) = filter.owner_id {
        query.push(" AND i.owner_id = ").arg(id);
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND i.subject_id = ").arg(id);
    }
    list::about(query, &["i.text"], filter.q.as_deref(), filter.found.as_ref());
}

pub async fn items(
    tx: &mut Tx,
    who: &Actor,
    filter: &ItemFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Item>> {
    let mut query = Sql::from(ITEM);
    narrow(&mut query, who, filter);
    list::page(&mut query, [DUE, "i.id"], false, filter.order, after, limit);
    tx.list(query).await
}

pub async fn count(tx: &mut Tx, who: &Actor, filter: &ItemFilter) -> Result<i64> {
    let mut query = Sql::from(
        "SELECT count(*) FROM (SELECT 1 FROM visit_item i JOIN visit v ON v.zone_id = i.zone_id AND v.id = i.visit_id",
    );
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// Open requirements and hazards that came near or are over and did not say so yet.
pub async fn to_remind(tx: &mut Tx, zone: Uuid, now: Time, until: Time) -> Result<Vec<Waiting>> {
    let rows = tx
        .all(sql!(
            "SELECT i.id, i.visit_id AS record, i.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
               i.text, i.owner_id, o.department_id, i.due_at, i.remind_step
             FROM visit_item i
             JOIN person o ON o.zone_id = i.zone_id AND o.id = i.owner_id AND o.left_at IS NULL
             LEFT JOIN enterprise e ON e.zone_id = i.zone_id AND e.id = i.subject_id
             LEFT JOIN project p ON p.zone_id = i.zone_id AND p.id = i.subject_id
             WHERE i.zone_id = $1 AND i.checked_at IS NULL AND i.withdrawn_at IS NULL AND i.kind <> 'answer'
               AND i.due_at <= $2 AND i.remind_step < CASE WHEN i.due_at < $3 THEN 2 ELSE 1 END
             ORDER BY i.due_at, i.id LIMIT 500",
            zone,
            until,
            now
        ))
        .await?;
    rows.iter().map(|row| visit::waiting(row, "visit_item")).collect()
}
