use super::{Companion, Near, NewPlan, Plan, PlanState, Side};
use crate::actor::{Actor, Scope};
use crate::app::Work;
use crate::assignment::reach;
use crate::http::api::TOTAL_CAP;
use crate::list::{self, Order, Place};
use crate::subject::SubjectKind;
use crate::time::Time;
use crate::visit::{Channel, VisitKind};
use store::{Result, Sql, Tx, sql};
use uuid::Uuid;

const PLAN: &str =
    "SELECT v.id, v.subject_kind, v.subject_id, coalesce(e.short_name, p.short_name, '') AS subject_name,
   v.kind, v.channel, v.purpose, v.planned_at, v.department_id, d.short_name AS department_name, v.planned_by,
   o.name AS planned_by_name, v.despite, v.over_cap, v.state, coalesce(v.asked_at, v.created_at) AS asked_at,
   v.answered_at, v.other_at, v.reason, v.visit_id, coalesce(v.changed_at, v.created_at) AS changed_at,
   v.link_serial, v.version
 FROM visit_plan v
 LEFT JOIN enterprise e ON e.zone_id = v.zone_id AND e.id = v.subject_id
 LEFT JOIN project p ON p.zone_id = v.zone_id AND p.id = v.subject_id
 LEFT JOIN department d ON d.zone_id = v.zone_id AND d.id = v.department_id
 LEFT JOIN person o ON o.zone_id = v.zone_id AND o.id = v.planned_by";

const OPEN: &str = " AND v.state IN ('proposed', 'agreed', 'countered')";

pub async fn insert(
    work: &mut Work,
    id: Uuid,
    kind: SubjectKind,
    subject: Uuid,
    new: &NewPlan,
    over_cap: bool,
) -> Result<()> {
    let (zone, now, by, department) = (work.zone(), work.now, work.who.person_id, work.who.department_id);
    work.run(sql!(
        "INSERT INTO visit_plan (zone_id, id, subject_kind, subject_id, kind, channel, purpose, planned_at,
           department_id, planned_by, despite, over_cap, state, created_at, asked_at, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'proposed', $13, $13, $13, 1)",
        zone,
        id,
        kind,
        subject,
        new.kind.unwrap_or(VisitKind::Routine),
        new.channel.unwrap_or(Channel::Onsite),
        new.purpose,
        new.planned_at,
        department,
        by,
        new.despite,
        over_cap,
        now
    ))
    .await
    .map(drop)
}

pub async fn plan(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Plan>> {
    let mut query = Sql::from(PLAN);
    query.push(" WHERE v.zone_id = ").arg(zone).push(" AND v.id = ").arg(id);
    tx.opt(query).await
}

/// What a list of plans is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct PlanFilter {
    /// Only those that may still come about.
    pub open: bool,
    /// Only those that the enterprise was asked about before this time and has not answered.
    pub unanswered_since: Option<Time>,
    /// Only those that are oftener than the zone has settled.
    pub over_cap: bool,
    /// Without those that were declined, cancelled or have lapsed.
    pub happening: bool,
    /// From this time on.
    pub from: Option<Time>,
    /// Before this time.
    pub to: Option<Time>,
    /// To this enterprise or project.
    pub subject_id: Option<Uuid>,
    /// Of this department, its own or joined.
    pub department_id: Option<Uuid>,
    /// With this person, planner or companion.
    pub person_id: Option<Uuid>,
}

/// Plans within reach, and those that one goes along with.
fn narrow(query: &mut Sql, who: &Actor, filter: &PlanFilter) {
    query.push(" WHERE v.zone_id = ").arg(who.zone_id);
    let inside = matches!(who.scope, Scope::Assignments | Scope::Departments(_));
    // Whoever asks for his own is within reach of all of it.
    let own = inside && who.person_id.is_some() && filter.person_id == who.person_id;
    if let Some(reach) = reach::subjects(who, "v.subject_id").filter(|_| !own) {
        query.push(" AND (").append(reach);
        if let (Some(person), true) = (who.person_id, inside) {
            query.push(" OR ");
            with(query, who.zone_id, person);
        }
        query.push(")");
    }
    if filter.open {
        query.push(OPEN);
    }
    if let Some(since) = filter.unanswered_since {
        query.push(" AND v.state = 'proposed' AND coalesce(v.asked_at, v.created_at) < ").arg(since);
    }
    if filter.over_cap {
        query.push(" AND v.over_cap");
    }
    if filter.happening {
        query.push(" AND v.state NOT IN ('declined', 'cancelled', 'lapsed')");
    }
    if let Some(from) = filter.from {
        query.push(" AND v.planned_at >= ").arg(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND v.planned_at < ").arg(to);
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND v.subject_id = ").arg(id);
    }
    if let Some(id) = filter.department_id {
        query.push(" AND (v.department_id = ").arg(id).push(
            " OR EXISTS (SELECT 1 FROM visit_plan_party w WHERE w.zone_id = v.zone_id AND w.plan_id = v.id
               AND w.department_id = ",
        );
        query.arg(id).push("))");
    }
    if let Some(id) = filter.person_id {
        query.push(" AND ");
        with(query, who.zone_id, id);
    }
}

/// A condition that a person goes. Each way enters by its own index.
fn with(query: &mut Sql, zone: Uuid, person: Uuid) {
    query.push("(v.planned_by = ").arg(person);
    query.push(" OR v.id IN (SELECT c.plan_id FROM visit_plan_party c WHERE c.zone_id = ").arg(zone);
    query.push(" AND c.person_id = ").arg(person).push("))");
}

/// The first of the plans, the earliest first.
pub async fn first(tx: &mut Tx, who: &Actor, filter: &PlanFilter, limit: i64) -> Result<Vec<Plan>> {
    page(tx, who, filter, None, limit).await
}

/// A page of the plans, the earliest first.
pub async fn page(
    tx: &mut Tx,
    who: &Actor,
    filter: &PlanFilter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Plan>> {
    let mut query = Sql::from(PLAN);
    narrow(&mut query, who, filter);
    list::page(&mut query, ["v.planned_at", "v.id"], false, Order::Usual, after, limit);
    tx.list(query).await
}

pub async fn count(tx: &mut Tx, who: &Actor, filter: &PlanFilter) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM visit_plan v");
    narrow(&mut query, who, filter);
    query.push(" LIMIT ").arg(TOTAL_CAP + 1).push(") n");
    tx.value(query).await
}

/// What becomes of a plan.
pub struct Step<'a> {
    pub state: PlanState,
    pub reason: Option<&'a str>,
    pub other_at: Option<Time>,
    pub visit: Option<Uuid>,
}

/// Whether the plan was still as it was seen.
pub async fn answer(work: &mut Work, plan: &Plan, step: &Step<'_>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    // What the enterprise said, and when, stays when the visit has been or is called off.
    let said = step.state.said_by() == Some(Side::Outside);
    let (answered, other) = if said { (Some(now), step.other_at) } else { (plan.answered_at, plan.other_at) };
    let reason = if step.visit.is_some() { plan.reason.as_deref() } else { step.reason };
    let mut query = sql!(
        "UPDATE visit_plan SET state = $1, answered_at = $2, changed_at = $3, reason = $4, other_at = $5, visit_id = $6,
           version = version + 1
         WHERE zone_id = $7 AND id = $8 AND version = $9",
        step.state,
        answered,
        now,
        reason,
        other,
        step.visit,
        zone,
        plan.id,
        plan.version
    );
    query.push(match step.state {
        PlanState::Done => " AND state IN ('proposed', 'agreed', 'countered', 'lapsed')",
        _ => " AND state IN ('proposed', 'agreed', 'countered')",
    });
    Ok(work.run(query).await? == 1)
}

/// Withdraws the link of a plan: the next one is another.
pub async fn withdraw_link(work: &mut Work, plan: &Plan) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let mut query = sql!(
        "UPDATE visit_plan SET link_serial = link_serial + 1, changed_at = $1, version = version + 1
         WHERE zone_id = $2 AND id = $3 AND version = $4",
        now,
        zone,
        plan.id,
        plan.version
    );
    query.push(" AND state IN ('proposed', 'agreed', 'countered')");
    Ok(work.run(query).await? == 1)
}

/// Open plans from before a time, the oldest first.
pub async fn left_over(tx: &mut Tx, zone: Uuid, before: Time, limit: i64) -> Result<Vec<Plan>> {
    let mut query = Sql::from(PLAN);
    query.push(" WHERE v.zone_id = ").arg(zone).push(OPEN).push(" AND v.planned_at < ").arg(before);
    query.push(" ORDER BY v.planned_at, v.id LIMIT ").arg(limit);
    tx.list(query).await
}

/// A plan on its way to another time.
pub struct Move<'a> {
    pub at: Time,
    pub state: PlanState,
    pub reason: Option<&'a str>,
    pub despite: Option<&'a str>,
    pub over_cap: bool,
}

pub async fn set_time(work: &mut Work, plan: &Plan, to: &Move<'_>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let mut query = sql!(
        "UPDATE visit_plan SET planned_at = $1, state = $2, reason = $3, despite = $4, over_cap = $5, asked_at = $6,
           changed_at = $6, answered_at = NULL, other_at = NULL, version = version + 1
         WHERE zone_id = $7 AND id = $8 AND version = $9",
        to.at,
        to.state,
        to.reason,
        to.despite,
        to.over_cap,
        now,
        zone,
        plan.id,
        plan.version
    );
    query.push(" AND state IN ('proposed', 'agreed', 'countered')");
    Ok(work.run(query).await? == 1)
}

/// Notes that those who go have changed.
pub async fn touch(work: &mut Work, plan: &Plan) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let changed = work
        .run(sql!(
            "UPDATE visit_plan SET changed_at = $1, version = version + 1
             WHERE zone_id = $2 AND id = $3 AND version = $4",
            now,
            zone,
            plan.id,
            plan.version
        ))
        .await?;
    Ok(changed == 1)
}

pub async fn join(work: &mut Work, plan: Uuid, person: Uuid, department: Option<Uuid>) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let made = work
        .run(sql!(
            "INSERT INTO visit_plan_party (zone_id, plan_id, person_id, department_id, joined_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (zone_id, plan_id, person_id) DO NOTHING",
            zone,
            plan,
            person,
            department,
            now
        ))
        .await?;
    Ok(made == 1)
}

pub async fn leave(work: &mut Work, plan: Uuid, person: Uuid) -> Result<bool> {
    let zone = work.zone();
    let gone = work
        .run(sql!(
            "DELETE FROM visit_plan_party WHERE zone_id = $1 AND plan_id = $2 AND person_id = $3",
            zone,
            plan,
            person
        ))
        .await?;
    Ok(gone == 1)
}

/// Who goes along with these plans, in the order of joining.
pub async fn companions(tx: &mut Tx, zone: Uuid, plans: &[Uuid]) -> Result<Vec<Companion>> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = sql!(
        "SELECT w.plan_id, w.person_id, n.name, w.department_id, d.short_name AS department_name
         FROM visit_plan_party w
         JOIN person n ON n.zone_id = w.zone_id AND n.id = w.person_id
         LEFT JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id
         WHERE w.zone_id = $1 AND w.plan_id IN ",
        zone
    );
    query.list(plans.iter().copied()).push(" ORDER BY w.joined_at, w.person_id");
    tx.list(query).await
}

/// Visits on the spot and open plans of anybody within a span, without one plan.
pub async fn near(
    tx: &mut Tx,
    zone: Uuid,
    subject: Uuid,
    (from, to): (Time, Time),
    without: Option<Uuid>,
) -> Result<Vec<Near>> {
    let mut query = sql!(
        "SELECT v.happened_at AS at, FALSE AS planned, CAST(NULL AS uuid) AS plan_id,
           (SELECT d.short_name FROM visit_visitor w JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id
             WHERE w.zone_id = v.zone_id AND w.visit_id = v.id AND w.position = 0) AS department_name,
           CAST(NULL AS text) AS purpose
         FROM visit v WHERE v.zone_id = $1 AND v.subject_id = $2 AND v.channel IN ('onsite', 'meeting')
           AND v.outcome = 'done' AND v.happened_at >= $3 AND v.happened_at <= $4
         UNION ALL
         SELECT q.planned_at AS at, TRUE AS planned, q.id AS plan_id, d.short_name AS department_name, q.purpose
         FROM visit_plan q LEFT JOIN department d ON d.zone_id = q.zone_id AND d.id = q.department_id
         WHERE q.zone_id = $1 AND q.subject_id = $2 AND q.state IN ('proposed', 'agreed', 'countered')
           AND q.channel IN ('onsite', 'meeting') AND q.planned_at >= $3 AND q.planned_at <= $4",
        zone,
        subject,
        from,
        to
    );
    if let Some(id) = without {
        query.push(" AND q.id <> ").arg(id);
    }
    query.push(" ORDER BY at");
    tx.list(query).await
}

/// The times at which somebody is or was on the spot, but for emergencies: what a
/// bound counts.
pub async fn on_site(
    tx: &mut Tx,
    zone: Uuid,
    subject: Uuid,
    (from, to): (Time, Time),
    without: Option<Uuid>,
) -> Result<Vec<Time>> {
    let mut query = sql!(
        "SELECT v.happened_at AS at FROM visit v WHERE v.zone_id = $1 AND v.subject_id = $2
           AND v.channel IN ('onsite', 'meeting') AND v.kind <> 'emergency'
           AND v.outcome = 'done' AND v.happened_at > $3 AND v.happened_at < $4
         UNION ALL
         SELECT q.planned_at AS at FROM visit_plan q WHERE q.zone_id = $1 AND q.subject_id = $2
           AND q.state IN ('proposed', 'agreed', 'countered') AND q.channel IN ('onsite', 'meeting')
           AND q.kind <> 'emergency' AND q.planned_at > $3 AND q.planned_at < $4",
        zone,
        subject,
        from,
        to
    );
    if let Some(id) = without {
        query.push(" AND q.id <> ").arg(id);
    }
    Ok(tx.list::<(Time,)>(query).await?.into_iter().map(|(at,)| at).collect())
}

/// Where a subject is.
pub async fn address(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Option<String>> {
    let mut query = Sql::from(match kind {
        SubjectKind::Enterprise => "SELECT address FROM enterprise WHERE zone_id = ",
        SubjectKind::Project => "SELECT site FROM project WHERE zone_id = ",
        SubjectKind::Carrier => return Ok(None),
    });
    query.arg(zone).push(" AND id = ").arg(id);
    Ok(tx.opt_value::<Option<String>>(query).await?.flatten())
}

/// The serial of a person's calendar link, and whether it is open.
pub async fn feed(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<(i64, bool)>> {
    tx.opt(sql!("SELECT serial, is_open FROM calendar_feed WHERE zone_id = $1 AND person_id = $2", zone, person)).await
}

/// Opens a new link or closes the old one; the old one is worthless either way.
pub async fn set_feed(work: &mut Work, person: Uuid, open: bool) -> Result<()> {
    let zone = work.zone();
    work.run(sql!(
        "INSERT INTO calendar_feed (zone_id, person_id, serial, is_open) VALUES ($1, $2, 1, $3)
         ON CONFLICT (zone_id, person_id) DO UPDATE SET serial = calendar_feed.serial + 1, is_open = excluded.is_open",
        zone,
        person,
        open
    ))
    .await
    .map(drop)
}
