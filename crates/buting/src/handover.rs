//! What is in somebody's hands besides assignments, and how it passes to another
//! when he leaves: appeals and work orders that he handles, promises, measures,
//! milestones and visits that he is to see to. And what a department still holds
//! that is to be closed.
//!
//! A case stays in its department: whoever takes over from another department does
//! not take it along; it goes back into the department's own hands.

use crate::actor::{Actor, OFFICE, Scope};
use crate::app::{Change, Subject, Work};
use crate::error::Result;
use ::store::{Sql, Tx, from_row, sql};
use schemars::JsonSchema;
use serde::Serialize;
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
        kind: "visit",
        table: "visit_item",
        column: "owner_id",
        entry: "visit.item_hand_over",
        list: "SELECT i.id, i.visit_id AS record_id, i.text AS title, NULL AS department_id, i.subject_id AS about_id
           FROM visit_item i WHERE i.zone_id = $1 AND i.owner_id = $2 AND i.checked_at IS NULL
             AND i.withdrawn_at IS NULL AND i.kind <> 'answer' ORDER BY i.due_at, i.id",
        count: "SELECT owner_id, count(*) FROM visit_item WHERE checked_at IS NULL AND withdrawn_at IS NULL
             AND kind <> 'answer' AND zone_id = ",
        pass: "UPDATE visit_item SET owner_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND owner_id = $4",
    },
    Place {
        kind: "visit_plan",
        table: "visit_plan",
        column: "planned_by",
        entry: "visit.hand_over",
        list: "SELECT v.id, v.id AS record_id, v.purpose AS title, NULL AS department_id, v.subject_id AS about_id
           FROM visit_plan v WHERE v.zone_id = $1 AND v.planned_by = $2 AND v.state IN ('proposed', 'agreed', 'countered')
           ORDER BY v.planned_at, v.id",
        count: "SELECT planned_by, count(*) FROM visit_plan WHERE state IN ('proposed', 'agreed', 'countered') AND zone_id = ",
        pass: "UPDATE visit_plan SET planned_by = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND planned_by = $4",
    },
    Place {
        kind: "task",
        table: "task_person",
        column: "owner_id",
        entry: "task.hand_over",
        list: "SELECT q.id, t.id AS record_id, t.title, NULL AS department_id, t.subject_id AS about_id
           FROM task_person q JOIN task t ON t.zone_id = q.zone_id AND t.id = q.task_id
           WHERE q.zone_id = $1 AND q.owner_id = $2 AND t.state = 'open' ORDER BY t.due_at, q.id",
        count: "SELECT owner_id, count(*) FROM task_person WHERE EXISTS (SELECT 1 FROM task t
             WHERE t.zone_id = task_person.zone_id AND t.id = task_person.task_id AND t.state = 'open') AND zone_id = ",
        pass: "UPDATE task_person SET owner_id = $1 WHERE zone_id = $2 AND id = $3 AND owner_id = $4",
    },
    Place {
        kind: "application",
        table: "application",
        column: "handler_id",
        entry: "application.hand_over",
        list: "SELECT a.id, a.id AS record_id, a.number || ' ' || m.title AS title, NULL AS department_id,
             a.enterprise_id AS about_id
           FROM application a JOIN matter m ON m.zone_id = a.zone_id AND m.id = a.matter_id
           WHERE a.zone_id = $1 AND a.handler_id = $2 AND a.open = TRUE ORDER BY a.made_at, a.id",
        count: "SELECT handler_id, count(*) FROM application WHERE open = TRUE AND zone_id = ",
        pass:
            "UPDATE application SET handler_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND handler_id = $4",
    },
    Place {
        kind: "matter",
        table: "matter",
        column: "owner_id",
        entry: "matter.hand_over",
        list: "SELECT m.id, m.id AS record_id, m.title, NULL AS department_id, NULL AS about_id FROM matter m
           WHERE m.zone_id = $1 AND m.owner_id = $2 AND m.closed_at IS NULL ORDER BY m.title, m.id",
        count: "SELECT owner_id, count(*) FROM matter WHERE closed_at IS NULL AND zone_id = ",
        // Whoever takes it over is there.
        pass: "UPDATE matter SET owner_id = $1, away_until = NULL, version = version + 1
           WHERE zone_id = $2 AND id = $3 AND owner_id = $4",
    },
    Place {
        kind: "matter",
        table: "matter",
        column: "deputy_id",
        entry: "matter.hand_over",
        list: "SELECT m.id, m.id AS record_id, m.title, NULL AS department_id, NULL AS about_id FROM matter m
           WHERE m.zone_id = $1 AND m.deputy_id = $2 AND m.closed_at IS NULL ORDER BY m.title, m.id",
        count: "SELECT deputy_id, count(*) FROM matter WHERE closed_at IS NULL AND zone_id = ",
        pass: "UPDATE matter SET deputy_id = $1, version = version + 1 WHERE zone_id = $2 AND id = $3 AND deputy_id = $4",
    },
];

/// Something that a person or a department still holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// What it is: the table of the record. The words are `held-<kind>`.
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

/// What somebody may read of it. What the matters are about is for those who reach
/// them; for all others it counts how many there are. Who answers for whom is open to
/// the office.
pub fn shown_to(who: &Actor, mut all: Vec<Held>) -> Vec<Held> {
    if who.scope == Scope::All {
        return all;
    }
    for one in &mut all {
        let open = match one.kind {
            "assignment" => who.is(OFFICE),
            "post" | "department" => true,
            _ => false,
        };
        if !open {
            one.title = one.title.split(' ').next().filter(|_| one.is_case()).unwrap_or_default().to_owned();
            one.href = None;
        }
    }
    all
}

/// What stands in the way of a leave or a closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTheWay {
    /// Stable, and the key of the explanation (`conflict-<code>`).
    pub code: &'static str,
    /// What is still held, as far as the reader may know of it.
    pub held: Vec<Held>,
    /// Where it is handed over or looked at.
    pub href: String,
}

/// How much is held, by kind, in the order of the list.
pub fn by_kind(all: &[Held]) -> Vec<(&'static str, usize)> {
    let mut kinds: Vec<(&'static str, usize)> = Vec::new();
    for one in all {
        match kinds.iter_mut().find(|(kind, _)| *kind == one.kind) {
            Some((_, n)) => *n += 1,
            None => kinds.push((one.kind, 1)),
        }
    }
    kinds
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

/// Everything that a person holds: what he answers for, then what is in his hands.
pub async fn of_person(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Held>> {
    let mut all = units(tx, zone, &ANSWERS_FOR, person).await?;
    all.extend(held(tx, zone, person).await?);
    Ok(all)
}

/// Everything that a department holds: whom it answers for, its open cases and
/// planned visits, what comes under it, who is of it.
pub async fn of_department(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Vec<Held>> {
    let mut all = Vec::new();
    for unit in UNITS {
        all.extend(units(tx, zone, unit, department).await?);
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

/// How many cases of a department a person has in hand.
pub async fn cases_in(tx: &mut Tx, zone: Uuid, person: Uuid, department: Uuid) -> Result<usize> {
    let mut n = 0;
    for place in PLACES {
        n += rows(tx, zone, place, person).await?.iter().filter(|row| row.department_id == Some(department)).count();
    }
    Ok(n)
}

/// Passes everything in the hands of `from` to `to`, who is of these departments.
/// Each record says so in its history. Answers how many he takes over.
pub async fn pass_on(work: &mut Work, from: Uuid, to: Uuid, departments: &[Uuid], note: &str) -> Result<i64> {
    let (zone, mut passed) = (work.zone(), 0);
    hold_appeals(work, zone, from).await?;
    for place in PLACES {
        for row in rows(work, zone, place, from).await? {
            let new = Some(to).filter(|_| row.department_id.is_none_or(|of| departments.contains(&of)));
            let done = pass(work, place, &row, from, new, note).await?;
            passed += i64::from(done && new.is_some());
        }
    }
    if passed > 0 {
        work.notify(to, "handover.taken", Subject::new("person", from), json!({"n": passed})).await?;
    }
    Ok(passed)
}

/// Gives the cases of a department in the hands of somebody who is no longer of it
/// back to the department. Each says so in its history.
pub async fn give_back(work: &mut Work, person: Uuid, department: Uuid, note: &str) -> Result<()> {
    let zone = work.zone();
    for place in PLACES {
        for row in rows(work, zone, place, person).await? {
            if row.department_id == Some(department) {
                pass(work, place, &row, person, None, note).await?;
            }
        }
    }
    Ok(())
}

/// Puts a record into other hands; false when it is no longer in those of `from`.
async fn pass(work: &mut Work, place: &Place, row: &Row, from: Uuid, new: Option<Uuid>, note: &str) -> Result<bool> {
    let zone = work.zone();
    if work.run(sql!(place.pass, new, zone, row.id, from)).await? == 0 {
        return Ok(false);
    }
    let subject = Subject { kind: place.kind, id: row.record_id, about: row.about_id };
    let change = Change::from_to(json!({ place.column: from }), json!({ place.column: new })).because(note);
    work.log(place.entry, subject, change).await?;
    Ok(true)
}

/// A place where records say which department (or person) holds them.
struct Unit {
    /// The table.
    table: &'static str,
    /// The column with the holder.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds it against the schema"))]
    column: &'static str,
    /// `SELECT kind, record_id, title … WHERE … zone_id = `.
    list: &'static str,
    /// ` AND … holder = `.
    holder: &'static str,
    /// What holds now, and the order.
    now: &'static str,
}

const ASSIGNMENTS: &str = "SELECT r.subject_kind AS kind, r.subject_id AS record_id,
     COALESCE(e.short_name, c.short_name, j.short_name, '') AS title FROM assignment r
   LEFT JOIN enterprise e ON e.zone_id = r.zone_id AND e.id = r.subject_id
   LEFT JOIN carrier c ON c.zone_id = r.zone_id AND c.id = r.subject_id
   LEFT JOIN project j ON j.zone_id = r.zone_id AND j.id = r.subject_id WHERE r.zone_id = ";

/// Whom a person answers for.
const ANSWERS_FOR: Unit = Unit {
    table: "assignment",
    column: "person_id",
    list: ASSIGNMENTS,
    holder: " AND r.person_id = ",
    now: " AND r.valid_to IS NULL ORDER BY title, r.id",
};

/// Everything that names the department that it is with.
const UNITS: &[Unit] = &[
    Unit {
        table: "post",
        column: "department_id",
        list: "SELECT 'person' AS kind, p.id AS record_id, p.name AS title FROM post o
           JOIN person p ON p.zone_id = o.zone_id AND p.id = o.person_id WHERE o.zone_id = ",
        holder: " AND o.department_id = ",
        now: " AND o.valid_to IS NULL ORDER BY p.position, p.id",
    },
    Unit {
        table: "department",
        column: "parent_id",
        list: "SELECT 'department' AS kind, d.id AS record_id, d.name AS title FROM department d WHERE d.zone_id = ",
        holder: " AND d.parent_id = ",
        now: " AND d.valid_to IS NULL ORDER BY d.position, d.name",
    },
    Unit {
        table: "assignment",
        column: "department_id",
        list: ASSIGNMENTS,
        holder: " AND r.department_id = ",
        now: " AND r.valid_to IS NULL ORDER BY title, r.id",
    },
    Unit {
        table: "appeal",
        column: "lead_department_id",
        list: "SELECT 'appeal' AS kind, a.id AS record_id, a.number || CASE WHEN a.accused_department_id IS NULL
             THEN ' ' || a.title ELSE '' END AS title FROM appeal a WHERE a.zone_id = ",
        holder: " AND a.lead_department_id = ",
        now: " AND a.open ORDER BY a.due_key, a.id",
    },
    Unit {
        table: "work_order",
        column: "department_id",
        list: "SELECT 'appeal' AS kind, w.appeal_id AS record_id, w.number AS title FROM work_order w
           JOIN appeal a ON a.zone_id = w.zone_id AND a.id = w.appeal_id WHERE w.zone_id = ",
        // The order to lead is the appeal itself, which is named already.
        holder: " AND w.kind <> 'lead' AND w.department_id = ",
        now: " AND w.open AND a.open ORDER BY w.due_at, w.id",
    },
    Unit {
        table: "cause",
        column: "department_id",
        list: "SELECT 'cause' AS kind, c.id AS record_id, c.number || ' ' || c.title AS title FROM cause c
           WHERE c.zone_id = ",
        holder: " AND c.department_id = ",
        now: " AND c.status <> 'closed' ORDER BY c.opened_at, c.id",
    },
    Unit {
        table: "visit_plan",
        column: "department_id",
        list: "SELECT 'visit_plan' AS kind, v.id AS record_id, v.purpose AS title FROM visit_plan v WHERE v.zone_id = ",
        holder: " AND v.department_id = ",
        now: " AND v.state IN ('proposed', 'agreed', 'countered') ORDER BY v.planned_at, v.id",
    },
    Unit {
        table: "task",
        column: "department_id",
        list: "SELECT 'task' AS kind, t.id AS record_id, t.number || ' ' || t.title AS title FROM task t WHERE t.zone_id = ",
        holder: " AND t.department_id = ",
        now: " AND t.state = 'open' ORDER BY t.due_at, t.id",
    },
    Unit {
        table: "screening_training",
        column: "department_id",
        list: "SELECT 'screening_training' AS kind, g.id AS record_id, g.number || ' ' || g.topic AS title
           FROM screening_training g WHERE g.zone_id = ",
        holder: " AND g.department_id = ",
        now: " AND g.state IN ('asked', 'planned') ORDER BY g.made_at, g.id",
    },
    Unit {
        table: "matter",
        column: "department_id",
        list: "SELECT 'matter' AS kind, m.id AS record_id, m.title FROM matter m WHERE m.zone_id = ",
        holder: " AND m.department_id = ",
        now: " AND m.closed_at IS NULL ORDER BY m.title, m.id",
    },
];

struct UnitRow {
    kind: String,
    record_id: Uuid,
    title: String,
}

from_row!(UnitRow { kind, record_id, title });

async fn units(tx: &mut Tx, zone: Uuid, unit: &Unit, holder: Uuid) -> Result<Vec<Held>> {
    let mut query = Sql::from(unit.list);
    query.arg(zone).push(unit.holder).arg(holder).push(unit.now);
    let rows: Vec<UnitRow> = tx.list(query).await?;
    let held = |row: UnitRow| {
        let href = match row.kind.as_str() {
            "person" => Some(format!("/people/{}", row.record_id)),
            "department" => Some(format!("/departments/{}", row.record_id)),
            kind => crate::subject::href_of(kind, row.record_id),
        };
        Held { kind: unit.table, title: row.title, href }
    };
    Ok(rows.into_iter().map(held).collect())
}

#[cfg(test)]
mod tests {
    use super::{ANSWERS_FOR, Held, PLACES, UNITS, by_kind};
    use crate::migrations::columns;
    use crate::text::Lang;

    /// Columns of people who see to something; the owner of a clock, a holding, a
    /// key is a record.
    #[test]
    fn no_place_is_forgotten() {
        let mut found = 0;
        for (table, column, _) in columns() {
            if ["attachment", "clock", "holding", "field_key"].contains(&table)
                || !["handler_id", "owner_id", "planned_by", "deputy_id"].contains(&column)
            {
                continue;
            }
            let known = PLACES.iter().any(|place| place.table == table && place.column == column);
            assert!(known, "{table}.{column} names somebody who may leave");
            found += 1;
        }
        assert_eq!(found, PLACES.len());
    }

    /// Columns of departments that hold nothing: what they name is over or a choice, a
    /// complaint is about them, or a number counts what is listed.
    const NOT_HELD: &[(&str, &str)] = &[
        ("person", "department_id"),
        ("appeal", "accused_department_id"),
        ("appeal_count", "department_id"),
        ("visit_visitor", "department_id"),
        ("visit_plan_party", "department_id"),
        ("saved_view", "department_id"),
        ("import_column", "department_id"),
        ("department_past", "department_id"),
        ("department_past", "parent_id"),
    ];

    #[test]
    fn no_place_of_a_department_is_forgotten() {
        let mut found = 0;
        for (table, column, _) in columns() {
            let names = column.ends_with("department_id") || column == "parent_id";
            if !names || NOT_HELD.contains(&(table, column)) {
                continue;
            }
            let known = UNITS.iter().any(|unit| unit.table == table && unit.column == column);
            assert!(known, "{table}.{column} names a department that may be closed");
            found += 1;
        }
        assert_eq!(found, UNITS.len());
    }

    #[test]
    fn what_is_held_is_counted_by_kind() {
        let one = |kind| Held { kind, title: String::new(), href: None };
        assert_eq!(by_kind(&["a", "b", "a"].map(one)), [("a", 2), ("b", 1)]);
        assert_eq!(by_kind(&[]), []);
    }

    #[test]
    fn every_unit_has_its_word() {
        for unit in UNITS.iter().chain([&ANSWERS_FOR]) {
            let key = format!("held-{}", unit.table);
            assert!(Lang::Zh.has(&key) && Lang::En.has(&key), "{key}");
            assert!(unit.holder.contains(unit.column), "{}", unit.holder);
        }
    }

    #[test]
    fn every_place_has_its_words() {
        for place in PLACES {
            let keys = [format!("held-{}", place.table), format!("ledger-{}", place.entry.replace('.', "-"))];
            assert!(keys.iter().all(|key| Lang::Zh.has(key) && Lang::En.has(key)), "{keys:?}");
        }
    }
}
