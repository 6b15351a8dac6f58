//! What is in somebody's hands besides assignments, and how it passes to another
//! when he leaves: appeals and work orders that he handles, promises, measures,
//! milestones and visits that he is to see to.
//!
//! A case stays in its department: whoever takes over from another department does
//! not take it along; it goes back into the department's own hands.

use crate::app::{Change, Subject, Work};
use crate::error::Result;
use ::store::{Sql, Tx, from_row, sql};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A place where records say who sees to them.
struct Place {
    /// The record, as the ledger and the pages name it.
    kind: &'static str,
    /// The table.
    table: &'static str,
    /// The column with the person.
    column: &'static str,
    /// The entry in the ledger.
    entry: &'static str,
    /// Records in the hands of `$2` in the zone `$1`.
    list: &'static str,
    /// How many there are by person; the zone follows.
    count: &'static str,
    /// Puts `$1` in the place of `$4` on the record `$3` of the zone `$2`.
    pass: &'static str,
}

const PLACES: &[Place] = &[
    Place {
        kind: "appeal",
        table: "appeal",
        column: "handler_id",
        entry: "appeal.hand_over",
        list:
            "SELECT a.id, a.id AS record_id, a.number || CASE WHEN a.accused_department_id IS NULL THEN ' ' || a.title
             ELSE '' END AS title, a.lead_department_id AS department_id,
             CASE WHEN a.accused_department_id IS NULL THEN coalesce(a.enterprise_id, a.project_id) END AS about_id
           FROM appeal a WHERE a.zone_id = $1 AND a.handler_id = $2 AND a.open = TRUE ORDER BY a.due_key, a.id",
        count: "SELECT handler_id, count(*) FROM appeal WHERE open = TRUE AND zone_id = ",
        pass: "UPDATE appeal SET handler_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND handler_id = $4",
    },
    Place {
        kind: "appeal",
        table: "work_order",
        column: "handler_id",
        entry: "appeal.order_hand_over",
        list: "SELECT w.id, w.appeal_id AS record_id, w.number || CASE WHEN a.accused_department_id IS NULL
             THEN ' ' || a.title ELSE '' END AS title, w.department_id,
             CASE WHEN a.accused_department_id IS NULL THEN coalesce(a.enterprise_id, a.project_id) END AS about_id
           FROM work_order w JOIN appeal a ON a.zone_id = w.zone_id AND a.id = w.appeal_id
           WHERE w.zone_id = $1 AND w.handler_id = $2 AND w.open ORDER BY w.due_at, w.id",
        count: "SELECT handler_id, count(*) FROM work_order WHERE open = TRUE AND zone_id = ",
        pass: "UPDATE work_order SET handler_id = $1 WHERE zone_id = $2 AND id = $3 AND handler_id = $4",
    },
    Place {
        kind: "promise",
        table: "promise",
        column: "owner_id",
        entry: "promise.hand_over",
        list: "SELECT p.id, p.id AS record_id, p.text AS title, NULL AS department_id, p.subject_id AS about_id
           FROM promise p WHERE p.zone_id = $1 AND p.owner_id = $2 AND p.state = 'open' ORDER BY p.due_at, p.id",
        count: "SELECT owner_id, count(*) FROM promise WHERE state = 'open' AND zone_id = ",
        pass: "UPDATE promise SET owner_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND owner_id = $4",
    },
    Place {
        kind: "measure",
        table: "measure",
        column: "owner_id",
        entry: "measure.hand_over",
        list: "SELECT m.id, m.id AS record_id, m.text AS title, NULL AS department_id, m.subject_id AS about_id
           FROM measure m WHERE m.zone_id = $1 AND m.owner_id = $2
             AND (m.ended_at IS NULL OR m.later_duty IS NOT NULL AND m.later_done_at IS NULL) ORDER BY m.due_at, m.id",
        count: "SELECT owner_id, count(*) FROM measure WHERE (ended_at IS NULL
             OR later_duty IS NOT NULL AND later_done_at IS NULL) AND zone_id = ",
        pass: "UPDATE measure SET owner_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND owner_id = $4",
    },
    Place {
        kind: "milestone",
        table: "milestone",
        column: "owner_id",
        entry: "milestone.hand_over",
        list: "SELECT m.id, m.id AS record_id, m.name AS title, NULL AS department_id, m.project_id AS about_id
           FROM milestone m WHERE m.zone_id = $1 AND m.owner_id = $2 AND m.done_on IS NULL ORDER BY m.plan_on, m.id",
        count: "SELECT owner_id, count(*) FROM milestone WHERE done_on IS NULL AND zone_id = ",
        pass: "UPDATE milestone SET owner_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND owner_id = $4",
    },
    Place {
        kind: "visit_plan",
        table: "visit_plan",
        column: "planned_by",
        entry: "visit.hand_over",
        list: "SELECT v.id, v.id AS record_id, v.purpose AS title, NULL AS department_id, v.subject_id AS about_id
           FROM visit_plan v WHERE v.zone_id = $1 AND v.planned_by = $2 AND v.state IN ('proposed', 'agreed')
           ORDER BY v.planned_at, v.id",
        count: "SELECT planned_by, count(*) FROM visit_plan WHERE state IN ('proposed', 'agreed') AND zone_id = ",
        pass: "UPDATE visit_plan SET planned_by = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND planned_by = $4",
    },
];

/// A record in somebody's hands.
#[derive(Clone, Debug)]
pub struct Held {
    /// What it is, for the words: `held-<kind>`.
    pub kind: &'static str,
    /// Its title; of a complaint about a department only the number.
    pub title: String,
    /// Its page, if it has one.
    pub href: Option<String>,
}

impl Held {
    /// Whether it is an appeal or an order, whose title begins with its number.
    pub fn is_case(&self) -> bool {
        matches!(self.kind, "appeal" | "work_order")
    }
}

struct Row {
    id: Uuid,
    record_id: Uuid,
    title: String,
    department_id: Option<Uuid>,
    about_id: Option<Uuid>,
}

from_row!(Row { id, record_id, title, department_id, about_id });

async fn rows(tx: &mut Tx, zone: Uuid, place: &Place, person: Uuid) -> Result<Vec<Row>> {
    Ok(tx.list(sql!(place.list, zone, person)).await?)
}

/// Everything in a person's hands besides assignments, by kind.
pub async fn held(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Held>> {
    let mut all = Vec::new();
    for place in PLACES {
        for row in rows(tx, zone, place, person).await? {
            let href = crate::subject::href_of(place.kind, row.record_id);
            all.push(Held { kind: place.table, title: row.title, href });
        }
    }
    Ok(all)
}

/// Staff of the committee who are gone: who have left, or whose account is disabled.
/// The zone follows.
pub const GONE: &str = "SELECT p.id FROM person p
   JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id AND d.kind IN ('department', 'leadership')
   LEFT JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
   WHERE (p.left_at IS NOT NULL OR a.disabled_at IS NOT NULL) AND p.zone_id = ";

/// How much is still in the hands of people who are gone, besides assignments.
pub async fn left_behind(tx: &mut Tx, zone: Uuid) -> Result<BTreeMap<Uuid, i64>> {
    let mut all = BTreeMap::new();
    for place in PLACES {
        let mut query = Sql::from(place.count);
        query.arg(zone).push(" AND ").push(place.column).push(" IN (").push(GONE).arg(zone).push(") GROUP BY ");
        query.push(place.column);
        for (person, n) in tx.list::<(Uuid, i64)>(query).await? {
            *all.entry(person).or_default() += n;
        }
    }
    Ok(all)
}

/// Holds the appeals in whose orders somebody is named, as an action on one does: an
/// action writes the whole order, and would put him back otherwise.
async fn hold_appeals(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<()> {
    let mut query = sql!(
        "SELECT id FROM appeal WHERE zone_id = $1 AND (handler_id = $2 AND open = TRUE
           OR id IN (SELECT appeal_id FROM work_order WHERE zone_id = $1 AND handler_id = $2 AND open = TRUE))
         ORDER BY id",
        zone,
        person
    );
    query.push(tx.dialect().pick("", " FOR UPDATE"));
    tx.all(query).await?;
    Ok(())
}

/// Passes everything in the hands of `from` to `to`, who is of `department`. Each
/// record says so in its history. Answers how many he takes over.
pub async fn pass_on(work: &mut Work, from: Uuid, to: Uuid, department: Option<Uuid>, note: &str) -> Result<i64> {
    let zone = work.zone();
    let mut passed = 0;
    hold_appeals(work, zone, from).await?;
    for place in PLACES {
        for row in rows(work, zone, place, from).await? {
            let new = Some(to).filter(|_| row.department_id.is_none() || row.department_id == department);
            if work.run(sql!(place.pass, new, zone, row.id, from)).await? == 0 {
                continue;
            }
            let subject = Subject { kind: place.kind, id: row.record_id, about: row.about_id };
            let change = Change::from_to(json!({ place.column: from }), json!({ place.column: new })).because(note);
            work.log(place.entry, subject, change).await?;
            passed += i64::from(new.is_some());
        }
    }
    if passed > 0 {
        work.notify(to, "handover.taken", Subject::new("person", from), json!({"n": passed})).await?;
    }
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::PLACES;
    use crate::migrations::columns;
    use crate::text::Lang;

    /// Columns of people who see to something; the owner of a clock, a holding, a
    /// key is a record.
    #[test]
    fn no_place_is_forgotten() {
        let mut found = 0;
        for (table, column, _) in columns() {
            if ["clock", "holding", "field_key"].contains(&table)
                || !["handler_id", "owner_id", "planned_by"].contains(&column)
            {
                continue;
            }
            let known = PLACES.iter().any(|place| place.table == table && place.column == column);
            assert!(known, "{table}.{column} names somebody who may leave");
            found += 1;
        }
        assert_eq!(found, PLACES.len());
    }

    #[test]
    fn every_place_has_its_words() {
        for place in PLACES {
            let keys = [format!("held-{}", place.table), format!("ledger-{}", place.entry.replace('.', "-"))];
            assert!(keys.iter().all(|key| Lang::Zh.has(key) && Lang::En.has(key)), "{keys:?}");
        }
    }
}
