//! Which records are the whole of a figure, and which of them count.

use super::Key;
use crate::actor::Actor;
use crate::appeal::desk::{units_of, visible};
use crate::appeal::result;
use crate::error::Result;
use crate::time::Time;
use ::store::{Sql, Tx};
use uuid::Uuid;

/// How often somebody may be visited in a period before it is a burden (manual 17).
const OFTEN: i64 = 2;

/// Over which time, and when that is asked.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// From then on.
    pub from: Time,
    /// Before then.
    pub to: Time,
    /// The time now: how things stand at the end of a span is asked of the past only.
    pub now: Time,
}

impl Span {
    /// The instant at which a state is looked at.
    pub fn at(&self) -> Time {
        self.to.min(self.now)
    }
}

/// The statement of a figure. Its columns: `id`, `hit` (1 or 0),
/// `at`, `target_id` (whose page it is), `number`, `name`, `subject`, `department_id`, `carrier_id`, `category`,
/// `disruption_id`. Figures of the lights have none; they are read from the board.
pub async fn of(tx: &mut Tx, who: &Actor, key: Key, span: &Span) -> Result<Option<Sql>> {
    let zone = who.zone_id;
    let appeals = |hit: Sql, at: &'static str, whole: Sql| appeals(who, span, hit, at, whole);
    Ok(Some(match key {
        Key::AppealCount => appeals(Sql::from("TRUE"), "a.created_at", Sql::from(" AND a.status <> 'draft'")),
        Key::CancelRate => appeals(
            Sql::from("a.status = 'closed'"),
            "a.registered_at",
            Sql::from(" AND a.status NOT IN ('draft', 'rejected', 'merged', 'withdrawn')"),
        ),
        Key::ExtensionRate => closed(appeals, "a.extensions > 0"),
        Key::ObjectionRate => closed(appeals, "a.objected_by IS NOT NULL"),
        Key::RedoRate => closed(appeals, "a.sent_back > 0"),
        Key::ReopenRate => closed(appeals, "a.reopened > 0"),
        Key::OnTimeRate => {
            let stopped = Sql::from("c.stopped_at IS NOT NULL AND c.stopped_at <= c.due_at");
            let mut query = select_appeals(who, stopped, "c.due_at");
            query.push(APPEALS_FROM).push(
                " JOIN clock c ON c.zone_id = a.zone_id AND c.owner_id = a.id AND c.kind = 'finish'
                  WHERE c.owner = 'appeal' AND a.status NOT IN ('draft', 'rejected', 'merged', 'withdrawn')
                    AND a.zone_id = ",
            );
            query.arg(zone).push(" AND c.due_at >= ").arg(span.from).push(" AND c.due_at < ").arg(span.to);
            query.append(visible(who));
            query
        }
        Key::OverdueNow => {
            let mut hit = Sql::from("a.due_key < ");
            hit.arg(span.now);
            let mut query = select_appeals(who, hit, "a.created_at");
            query
                .push(APPEALS_FROM)
                .push(" WHERE a.open AND a.open = TRUE AND a.registered_at IS NOT NULL AND a.zone_id = ");
            query.arg(zone).append(visible(who));
            query
        }
        Key::SignInTimeRate => {
            let mut query = Sql::from(
                "SELECT w.id, CASE WHEN c.stopped_at IS NOT NULL AND c.stopped_at <= c.due_at THEN 1 ELSE 0 END AS hit,
                   c.due_at AS at, a.id AS target_id, w.number, a.title AS name, ",
            );
            query.append(subject(who)).push(" AS subject, w.department_id, ");
            query.append(carrier(who)).push(
                " AS carrier_id, a.category, a.disruption_id
                 FROM clock c
                 JOIN work_order w ON w.zone_id = c.zone_id AND w.id = c.owner_id AND w.status <> 'cancelled'
                 JOIN appeal a ON a.zone_id = w.zone_id AND a.id = w.appeal_id
                 LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
                 LEFT JOIN project j ON j.zone_id = a.zone_id AND j.id = a.project_id
                 WHERE c.owner = 'work_order' AND c.kind = 'sign' AND c.zone_id = ",
            );
            query.arg(zone).push(" AND c.due_at >= ").arg(span.from).push(" AND c.due_at < ").arg(span.to);
            query.append(visible(who));
            query
        }
        Key::VisitCount => visits(zone, span, "TRUE"),
        Key::IssueFoundRate => visits(
            zone,
            span,
            "EXISTS (SELECT 1 FROM appeal a WHERE a.zone_id = v.zone_id AND a.visit_id = v.id AND a.status <> 'draft')",
        ),
        Key::VisitedEnterprises => {
            let mut hit =
                Sql::from("EXISTS (SELECT 1 FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id");
            hit.push(VISITED).append(on_days(span)).push(")");
            enterprises(zone, span, hit, Sql::from(""))
        }
        Key::RevisitBurden => {
            let count = || {
                let mut count = Sql::from(
                    "(SELECT count(*) FROM visit v WHERE v.zone_id = e.zone_id AND v.subject_id = e.id
                       AND v.channel IN ('onsite', 'meeting') AND v.kind <> 'emergency'",
                );
                count.push(VISITED).append(on_days(span)).push(")");
                count
            };
            let mut hit = count();
            hit.push(" > ").arg(OFTEN);
            let mut whole = Sql::from(" AND ");
            whole.append(count()).push(" > 0");
            enterprises(zone, span, hit, whole)
        }
        Key::AssignmentCoverage => {
            let mut hit = held(span, "lead_leader");
            hit.push(" AND ").append(held(span, "lead_dept"));
            enterprises(zone, span, hit, Sql::from(""))
        }
        Key::ProductionRunningRate | Key::ConstructionRunningRate | Key::TransportRunningRate => return Ok(None),
        Key::SolveRate
        | Key::Satisfaction
        | Key::ReturnVisitRate
        | Key::BadRatingRate
        | Key::BadFixRate
        | Key::SilentRate => {
            let Some(measure) = key.measure() else { return Ok(None) };
            let (whole, hit) = result::desk::conditions(tx, zone, measure, span.from, span.to).await?;
            let mut query = select_appeals(who, hit, "coalesce(a.visited_at, a.closed_at, a.changed_at)");
            query.push(APPEALS_FROM).push(" WHERE a.zone_id = ").arg(zone).append(visible(who)).append(whole);
            query
        }
    }))
}

const APPEALS_FROM: &str = " FROM appeal a
   LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
   LEFT JOIN project j ON j.zone_id = a.zone_id AND j.id = a.project_id";

/// A column about whose the appeal `a` is: nothing, to those of the department that it
/// complains about.
fn fair(who: &Actor, column: &'static str) -> Sql {
    let units = units_of(who);
    if units.is_empty() {
        return Sql::from(column);
    }
    let mut query = Sql::from("CASE WHEN a.accused_department_id IN ");
    query.list(units).push(" THEN NULL ELSE ").push(column).push(" END");
    query
}

/// Whom an appeal is about.
fn subject(who: &Actor) -> Sql {
    fair(who, "coalesce(e.short_name, j.short_name)")
}

/// The carrier of whom it is about, which could tell who that is.
fn carrier(who: &Actor) -> Sql {
    fair(who, "e.carrier_id")
}

fn select_appeals(who: &Actor, hit: Sql, at: &'static str) -> Sql {
    let mut query = Sql::from("SELECT a.id, CASE WHEN ");
    query
        .append(hit)
        .push(" THEN 1 ELSE 0 END AS hit, ")
        .push(at)
        .push(" AS at, a.id AS target_id, a.number, a.title AS name, ");
    query.append(subject(who)).push(" AS subject, a.lead_department_id AS department_id, ");
    query.append(carrier(who)).push(" AS carrier_id, a.category, a.disruption_id");
    query
}

/// Appeals of which something happened on the days.
fn appeals(who: &Actor, span: &Span, hit: Sql, at: &'static str, whole: Sql) -> Sql {
    let mut query = select_appeals(who, hit, at);
    query.push(APPEALS_FROM).push(" WHERE a.zone_id = ").arg(who.zone_id);
    query.push(" AND ").push(at).push(" >= ").arg(span.from).push(" AND ").push(at).push(" < ").arg(span.to);
    query.append(whole).append(visible(who));
    query
}

/// Appeals that were closed on the days.
fn closed(appeals: impl Fn(Sql, &'static str, Sql) -> Sql, hit: &'static str) -> Sql {
    appeals(Sql::from(hit), "a.closed_at", Sql::from(" AND a.status = 'closed'"))
}

/// A visit that found somebody.
const VISITED: &str = " AND v.outcome = 'done'";

fn on_days(span: &Span) -> Sql {
    let mut query = Sql::from(" AND v.happened_at >= ");
    query.arg(span.from).push(" AND v.happened_at < ").arg(span.to);
    query
}

/// Visits of the days, each for the department of who led it.
fn visits(zone: Uuid, span: &Span, hit: &'static str) -> Sql {
    let mut query = Sql::from("SELECT v.id, CASE WHEN ");
    query.push(hit).push(
        " THEN 1 ELSE 0 END AS hit, v.happened_at AS at, v.id AS target_id, v.number, coalesce(e.short_name, c.short_name, j.short_name, '') AS name,
           coalesce(e.short_name, c.short_name, j.short_name) AS subject,
           (SELECT w.department_id FROM visit_visitor w WHERE w.zone_id = v.zone_id AND w.visit_id = v.id
             ORDER BY w.position LIMIT 1) AS department_id,
           coalesce(e.carrier_id, c.id) AS carrier_id, CAST(NULL AS text) AS category, v.disruption_id
         FROM visit v
         LEFT JOIN enterprise e ON e.zone_id = v.zone_id AND e.id = v.subject_id
         LEFT JOIN carrier c ON c.zone_id = v.zone_id AND c.id = v.subject_id
         LEFT JOIN project j ON j.zone_id = v.zone_id AND j.id = v.subject_id
         WHERE v.zone_id = ",
    );
    query.arg(zone).push(VISITED).append(on_days(span));
    query
}

/// Somebody held the duty for the enterprise `e`, directly or through its carrier, at the
/// end of the days.
fn held(span: &Span, duty: &'static str) -> Sql {
    let mut query = Sql::from(
        "EXISTS (SELECT 1 FROM assignment r WHERE r.zone_id = e.zone_id AND (r.subject_id = e.id OR r.subject_id = e.carrier_id)
           AND r.role = ",
    );
    query.arg(duty).append(valid(span)).push(")");
    query
}

fn valid(span: &Span) -> Sql {
    let mut query = Sql::from(" AND r.valid_from <= ");
    query.arg(span.at()).push(" AND (r.valid_to IS NULL OR r.valid_to > ").arg(span.at()).push(")");
    query
}

/// The department that answers for the enterprise `e` at the end of the days: its own, or
/// its carrier's. Two statements, since SQLite does not let an order look outside.
pub fn department_of(span: &Span) -> Sql {
    let held_for = |whose: &'static str| {
        let mut query = Sql::from(
            "(SELECT r.department_id FROM assignment r WHERE r.zone_id = e.zone_id AND r.role = 'lead_dept' AND ",
        );
        query.push(whose).append(valid(span)).push(" ORDER BY r.valid_from DESC, r.id LIMIT 1)");
        query
    };
    let mut query = Sql::from("coalesce(");
    query.append(held_for("r.subject_id = e.id")).push(", ").append(held_for("r.subject_id = e.carrier_id")).push(")");
    query
}

/// Active enterprises that were in the register at the end of the days.
fn enterprises(zone: Uuid, span: &Span, hit: Sql, whole: Sql) -> Sql {
    let mut query = Sql::from("SELECT e.id, CASE WHEN ");
    query.append(hit).push(
        " THEN 1 ELSE 0 END AS hit, e.created_at AS at, e.id AS target_id, CAST(NULL AS text) AS number, e.name, e.short_name AS subject, ",
    );
    query.append(department_of(span)).push(
        " AS department_id, e.carrier_id, CAST(NULL AS text) AS category, CAST(NULL AS uuid) AS disruption_id
         FROM enterprise e WHERE e.status = 'active' AND e.merged_into IS NULL AND e.zone_id = ",
    );
    query.arg(zone).push(" AND e.created_at <= ").arg(span.at()).append(whole);
    query
}
