use super::desk::Whose;
use super::{Called, ContactRule, Tier};
use crate::actor::Actor;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use crate::time::{DAY_MS, Time};
use crate::visit::Rules;
use store::{Result, Sql, Tx, from_row};
use uuid::Uuid;

/// An enterprise that is due.
pub struct Found {
    pub id: Uuid,
    pub name: String,
    pub tier: Tier,
    pub last_at: Option<Time>,
    pub agreed_at: Option<Time>,
    /// Since when; the beginning of time for whom nobody ever talked to.
    pub due_at: Time,
}

from_row!(Found { id, name, tier, last_at, agreed_at, due_at });

/// The words of a tier, and which enterprises are of it.
fn tier_of(tier: Tier) -> (&'static str, &'static str) {
    match tier {
        Tier::Key => ("'key'", " AND e.key"),
        Tier::AboveScale => ("'above_scale'", " AND NOT e.key AND CAST(e.tags AS text) LIKE '%\"above_scale\"%'"),
        Tier::General => ("'general'", " AND NOT e.key AND CAST(e.tags AS text) NOT LIKE '%\"above_scale\"%'"),
    }
}

fn within(query: &mut Sql, who: &Actor, whose: Whose, column: &'static str) {
    let condition = match whose {
        Whose::Reached => reach::subjects(who, column),
        Whose::Own => Some(reach::assigned(who, column)),
    };
    if let Some(condition) = condition {
        query.push(" AND ").append(condition);
    }
}

/// `… FROM (…) d WHERE d.due_at <= now`: what [`ContactRule::due`] says, for all at once.
fn from_due(query: &mut Sql, who: &Actor, whose: Whose, rules: &[(Tier, ContactRule)], now: Time) {
    query.push(
        " FROM (SELECT t.*, CASE WHEN t.agreed_at IS NOT NULL AND (t.by_rule IS NULL OR t.agreed_at < t.by_rule)
           THEN t.agreed_at ELSE t.by_rule END AS due_at FROM (",
    );
    for (n, (tier, rule)) in rules.iter().enumerate() {
        let (word, of_tier) = tier_of(*tier);
        query.push(if n == 0 { "" } else { " UNION ALL " });
        query.push("SELECT s.id, s.name, ").push(word).push(" AS tier, s.last_at, s.agreed_at, ");
        if rule.days > 0 {
            query.push("CASE WHEN s.last_at IS NULL THEN 0 ELSE s.last_at + ").arg(rule.days * DAY_MS).push(" END");
        } else {
            query.push("CAST(NULL AS bigint)");
        }
        query.push(
            " AS by_rule FROM (SELECT e.id, e.short_name AS name,
               (SELECT max(v.happened_at) FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id
                 AND v.outcome = 'done' AND v.channel IN ",
        );
        query.list(rule.counts.iter().copied()).push(
            ") AS last_at,
               (SELECT v.next_contact_due_at FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id
                 AND v.outcome = 'done' ORDER BY v.happened_at DESC, v.id DESC LIMIT 1) AS agreed_at
             FROM enterprise e WHERE e.zone_id = ",
        );
        query.arg(who.zone_id).push(" AND e.status = 'active' AND e.merged_into IS NULL").push(of_tier);
        within(query, who, whose, "e.id");
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM visit_plan q WHERE q.zone_id = e.zone_id AND q.subject_id = e.id
               AND q.state IN ('proposed', 'agreed', 'countered') AND q.planned_at >= ",
        );
        query.arg(now).push(")) s");
    }
    query.push(") t) d WHERE d.due_at <= ").arg(now);
}

/// Enterprises that are due, the longest ago first.
pub async fn due(
    tx: &mut Tx,
    who: &Actor,
    whose: Whose,
    rules: &[(Tier, ContactRule)],
    now: Time,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Found>> {
    let mut query = Sql::from("SELECT d.id, d.name, d.tier, d.last_at, d.agreed_at, d.due_at");
    from_due(&mut query, who, whose, rules, now);
    list::page(&mut query, ["d.due_at", "d.id"], false, Order::Usual, after, limit);
    tx.list(query).await
}

pub async fn count_due(
    tx: &mut Tx,
    who: &Actor,
    whose: Whose,
    rules: &[(Tier, ContactRule)],
    now: Time,
) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1");
    from_due(&mut query, who, whose, rules, now);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// What counts as a call on an enterprise: on the spot, found, no emergency.
const CALLS: &str = " AND v.channel IN ('onsite', 'meeting') AND v.outcome = 'done' AND v.kind <> 'emergency'";

/// On whom too many called since a time, the most visits first.
pub async fn called(
    tx: &mut Tx,
    who: &Actor,
    whose: Whose,
    rules: &Rules,
    since: Time,
    limit: i64,
) -> Result<Vec<Called>> {
    let mut query = Sql::from("SELECT s.*, (SELECT count(*) FROM visit_plan q WHERE q.zone_id = ");
    query.arg(who.zone_id).push(
        " AND q.subject_id = s.subject_id AND q.state IN ('proposed', 'agreed', 'countered')) AS planned
         FROM (SELECT v.subject_kind, v.subject_id, coalesce(max(e.short_name), max(p.short_name), '') AS name,
           count(*) AS visits, count(DISTINCT w.department_id) AS departments,
           count(CASE WHEN v.asked_for_material THEN 1 END) AS material
         FROM visit v
         LEFT JOIN visit_visitor w ON w.zone_id = v.zone_id AND w.visit_id = v.id AND w.position = 0
         LEFT JOIN enterprise e ON e.zone_id = v.zone_id AND e.id = v.subject_id
         LEFT JOIN project p ON p.zone_id = v.zone_id AND p.id = v.subject_id
         WHERE v.zone_id = ",
    );
    query.arg(who.zone_id).push(" AND v.happened_at >= ").arg(since).push(CALLS);
    within(&mut query, who, whose, "v.subject_id");
    query.push(" GROUP BY v.subject_kind, v.subject_id) s WHERE (FALSE");
    if rules.many_departments > 0 {
        query.push(" OR s.departments >= ").arg(rules.many_departments);
    }
    if rules.cap > 0 {
        query.push(" OR s.visits > ").arg(rules.cap);
    }
    query.push(") ORDER BY s.visits DESC, s.name, s.subject_id LIMIT ").arg(limit);
    tx.list(query).await
}

/// Which departments called on some since a time: subject and short name.
pub async fn departments(tx: &mut Tx, zone: Uuid, subjects: &[Uuid], since: Time) -> Result<Vec<(Uuid, String)>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Sql::from(
        "SELECT DISTINCT v.subject_id, d.short_name FROM visit v
         JOIN visit_visitor w ON w.zone_id = v.zone_id AND w.visit_id = v.id AND w.position = 0
         JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id WHERE v.zone_id = ",
    );
    query.arg(zone).push(" AND v.happened_at >= ").arg(since).push(CALLS);
    query.push(" AND v.subject_id IN ").list(subjects.iter().copied()).push(" ORDER BY d.short_name");
    tx.list(query).await
}
