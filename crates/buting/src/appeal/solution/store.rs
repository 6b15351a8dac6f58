use super::{Ended, Remedy, Solution, SolutionState, WentOnCount};
use crate::actor::Actor;
use crate::appeal::store::visible;
use crate::list::{Key, Walk};
use ::store::{Result, Sql, Tx, sql};
use uuid::Uuid;

/// What a solution is read from.
const SOLUTION: &str = "SELECT x.id, x.appeal_id, x.method, x.measures, x.bearer, x.pros, x.limits, x.basis, x.state,
    x.offered, x.preferred_at, x.proposed_by, p.name AS proposer, x.proposed_unit, x.proposed_at, x.chosen_at, x.reason,
    x.remedy_id, r.number AS remedy_number, x.passed_at, x.version
  FROM solution x
  LEFT JOIN person p ON p.zone_id = x.zone_id AND p.id = x.proposed_by
  LEFT JOIN remedy r ON r.zone_id = x.zone_id AND r.id = x.remedy_id";

/// What was proposed for an appeal: the chosen one first, what was dropped last.
pub async fn of_appeal(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Vec<Solution>> {
    let mut query = Sql::from(SOLUTION);
    query.push(" WHERE x.zone_id = ").arg(zone).push(" AND x.appeal_id = ").arg(appeal);
    query.push(
        " ORDER BY CASE x.state WHEN 'chosen' THEN 0 WHEN 'proposed' THEN 1 ELSE 2 END, x.proposed_at, x.id LIMIT 100",
    );
    tx.list(query).await
}

pub async fn solution(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Solution>> {
    let mut query = Sql::from(SOLUTION);
    query.push(" WHERE x.zone_id = ").arg(zone).push(" AND x.id = ").arg(id);
    tx.opt(query).await
}

pub async fn insert(tx: &mut Tx, zone: Uuid, x: &Solution) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO solution (zone_id, id, appeal_id, method, measures, bearer, pros, limits, basis, state, offered,
           proposed_by, proposed_unit, proposed_at, remedy_id, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE, $11, $12, $13, $14, 1)",
        zone,
        x.id,
        x.appeal_id,
        x.method,
        x.measures,
        x.bearer,
        x.pros,
        x.limits,
        x.basis,
        x.state,
        x.proposed_by,
        x.proposed_unit,
        x.proposed_at,
        x.remedy_id
    ))
    .await
    .map(drop)
}

/// Saves how a solution stands; false when somebody was quicker.
pub async fn save(tx: &mut Tx, zone: Uuid, x: &Solution, by: Option<Uuid>) -> Result<bool> {
    let chosen_by = by.filter(|_| x.state == SolutionState::Chosen);
    let n = tx
        .run(sql!(
            "UPDATE solution SET state = $1, offered = $2, preferred_at = $3, chosen_at = $4, reason = $5,
               remedy_id = $6, passed_at = $7, version = version + 1,
               chosen_by = CASE WHEN $8 THEN coalesce(chosen_by, $9) END
             WHERE zone_id = $10 AND id = $11 AND version = $12",
            x.state,
            x.offered,
            x.preferred_at,
            x.chosen_at,
            x.reason,
            x.remedy_id,
            x.passed_at,
            x.state == SolutionState::Chosen,
            chosen_by,
            zone,
            x.id,
            x.version
        ))
        .await?;
    Ok(n == 1)
}

/// What was chosen for an appeal before stands beside the others again.
pub async fn put_back(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<()> {
    tx.run(sql!(
        "UPDATE solution SET state = 'proposed', chosen_by = NULL, chosen_at = NULL, reason = NULL, version = version + 1
         WHERE zone_id = $1 AND appeal_id = $2 AND state = 'chosen'",
        zone,
        appeal
    ))
    .await
    .map(drop)
}

/// The enterprise prefers one at most.
pub async fn prefer_none(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<()> {
    tx.run(sql!(
        "UPDATE solution SET preferred_at = NULL, version = version + 1
         WHERE zone_id = $1 AND appeal_id = $2 AND preferred_at IS NOT NULL",
        zone,
        appeal
    ))
    .await
    .map(drop)
}

/// What the library must not name: the enterprise, the project, their people, who wrote
/// the appeal down. Names of the enterprise that are known for it are among them.
pub async fn names(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Vec<String>> {
    let rows: Vec<(Option<String>,)> = tx
        .list(sql!(
            "SELECT name FROM (
               SELECT a.number AS name FROM appeal a WHERE a.zone_id = $1 AND a.id = $2
               UNION SELECT e.name FROM appeal a JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.enterprise_id
                 WHERE a.zone_id = $1 AND a.id = $2
               UNION SELECT e.short_name FROM appeal a JOIN enterprise e ON e.zone_id = a.zone_id
                 AND e.id = a.enterprise_id WHERE a.zone_id = $1 AND a.id = $2
               UNION SELECT n.name FROM appeal a JOIN enterprise_short_name n ON n.zone_id = a.zone_id
                 AND n.enterprise_id = a.enterprise_id WHERE a.zone_id = $1 AND a.id = $2
               UNION SELECT j.name FROM appeal a JOIN project j ON j.zone_id = a.zone_id AND j.id = a.project_id
                 WHERE a.zone_id = $1 AND a.id = $2
               UNION SELECT j.short_name FROM appeal a JOIN project j ON j.zone_id = a.zone_id AND j.id = a.project_id
                 WHERE a.zone_id = $1 AND a.id = $2
               UNION SELECT p.name FROM appeal a JOIN person p ON p.zone_id = a.zone_id
                 AND (p.enterprise_id = a.enterprise_id OR p.project_id = a.project_id OR p.id = a.created_by
                   OR p.id = a.handler_id) WHERE a.zone_id = $1 AND a.id = $2) AS named",
            zone,
            appeal
        ))
        .await?;
    Ok(rows.into_iter().filter_map(|(name,)| name).collect())
}

// ---- the library -----------------------------------------------------------------

/// What the library is sorted by.
pub const KEYS: &[Key] =
    &[Key::number("solved", "r.solved"), Key::number("used", "r.used"), Key::number("kept", "r.kept_at")];

/// What the library is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this category.
    pub category: Option<String>,
    /// Only what is offered, or only what was taken out.
    pub retired: Option<bool>,
    /// With this word in its name or its measures.
    pub q: Option<String>,
}

/// The entries with their counts, as `r`: of the appeals for which they were chosen, as
/// far as the reader may see them.
fn remedies(who: &Actor) -> Sql {
    let mut query = Sql::from(
        "SELECT k.zone_id, k.id, k.number, k.category, k.method, k.measures, k.bearer, k.pros, k.limits, k.basis,
           k.kept_at, k.retired_at, k.version, coalesce(u.used, 0) AS used, coalesce(u.solved, 0) AS solved,
           coalesce(u.unsolved, 0) AS unsolved, coalesce(u.at_work, 0) AS at_work
         FROM remedy k LEFT JOIN (SELECT x.remedy_id, count(*) AS used, count(CASE WHEN ",
    );
    query.push(ended(Ended::Solved)).push(" THEN 1 END) AS solved, count(CASE WHEN ").push(ended(Ended::Unsolved));
    query.push(" THEN 1 END) AS unsolved, count(CASE WHEN ").push(ended(Ended::AtWork));
    query.push(
        " THEN 1 END) AS at_work FROM solution x JOIN appeal a ON a.zone_id = x.zone_id AND a.id = x.appeal_id
         WHERE x.remedy_id IS NOT NULL AND x.state = 'chosen' AND x.zone_id = ",
    );
    query.arg(who.zone_id).append(visible(who)).push(" GROUP BY x.remedy_id) u ON u.remedy_id = k.id");
    query
}

/// The condition on an appeal `a` that came to this end.
pub const fn ended(end: Ended) -> &'static str {
    match end {
        Ended::Solved => "a.status = 'closed' AND a.result IN ('solved', 'solved_otherwise')",
        Ended::Unsolved => {
            "NOT a.open AND NOT (a.status = 'closed' AND coalesce(a.result, '') IN ('solved', 'solved_otherwise'))"
        }
        Ended::AtWork => "a.open",
    }
}

/// The condition, with its ` AND`, of appeals `a` for which an entry was chosen, and
/// which came to this end.
pub fn chosen_for(remedy: Uuid, end: Option<Ended>) -> Sql {
    let mut query = Sql::from(
        " AND a.id IN (SELECT x.appeal_id FROM solution x WHERE x.zone_id = a.zone_id AND x.state = 'chosen'
           AND x.remedy_id = ",
    );
    query.arg(remedy).push(")");
    if let Some(end) = end {
        query.push(" AND ").push(ended(end));
    }
    query
}

fn condition(zone: Uuid, filter: &Filter) -> Sql {
    let mut query = sql!("r.zone_id = $1", zone);
    if let Some(category) = &filter.category {
        query.push(" AND r.category = ").arg(category.as_str());
    }
    if let Some(retired) = filter.retired {
        query.push(if retired { " AND r.retired_at IS NOT NULL" } else { " AND r.retired_at IS NULL" });
    }
    crate::list::about(&mut query, &["r.method", "r.measures", "r.number"], filter.q.as_deref(), None);
    query
}

pub async fn library(tx: &mut Tx, who: &Actor, filter: &Filter, walk: &Walk) -> Result<(Vec<Remedy>, Option<String>)> {
    let mut query = Sql::from("SELECT r.*");
    walk.column(&mut query);
    query.push(" FROM (").append(remedies(who)).push(") r WHERE ").append(condition(who.zone_id, filter));
    walk.list(tx, query, "r.id").await
}

pub async fn total(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one FROM remedy r WHERE ");
    query.append(condition(zone, filter)).push(" LIMIT ").arg(cap).push(") AS found");
    tx.value(query).await
}

pub async fn remedy(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Option<Remedy>> {
    let mut query = Sql::from("SELECT r.* FROM (");
    query.append(remedies(who)).push(") r WHERE r.zone_id = ").arg(who.zone_id).push(" AND r.id = ").arg(id);
    tx.opt(query).await
}

/// What the library offers to an appeal of a category that does not have it yet: what
/// solved most first.
pub async fn offered_to(tx: &mut Tx, who: &Actor, category: &str, appeal: Uuid, most: i64) -> Result<Vec<Remedy>> {
    let mut query = Sql::from("SELECT r.* FROM (");
    query.append(remedies(who)).push(") r WHERE r.zone_id = ").arg(who.zone_id);
    query.push(" AND r.retired_at IS NULL AND r.category = ").arg(category);
    query.push(" AND r.id NOT IN (SELECT x.remedy_id FROM solution x WHERE x.remedy_id IS NOT NULL AND x.zone_id = ");
    query.arg(who.zone_id).push(" AND x.appeal_id = ").arg(appeal);
    query.push(") ORDER BY r.solved DESC, r.used DESC, r.kept_at DESC, r.id LIMIT ").arg(most);
    tx.list(query).await
}

pub async fn insert_remedy(tx: &mut Tx, zone: Uuid, r: &Remedy, by: Option<Uuid>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO remedy (zone_id, id, number, category, method, measures, bearer, pros, limits, basis, kept_by,
           kept_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)",
        zone,
        r.id,
        r.number,
        r.category,
        r.method,
        r.measures,
        r.bearer,
        r.pros,
        r.limits,
        r.basis,
        by,
        r.kept_at
    ))
    .await
    .map(drop)
}

/// Saves an entry; false when somebody was quicker.
pub async fn save_remedy(tx: &mut Tx, zone: Uuid, r: &Remedy) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE remedy SET method = $1, measures = $2, bearer = $3, pros = $4, limits = $5, basis = $6,
               retired_at = $7, version = version + 1 WHERE zone_id = $8 AND id = $9 AND version = $10",
            r.method,
            r.measures,
            r.bearer,
            r.pros,
            r.limits,
            r.basis,
            r.retired_at,
            zone,
            r.id,
            r.version
        ))
        .await?;
    Ok(n == 1)
}

/// Solutions by which appeals were solved and that are neither in the library nor left
/// out of it, of appeals that one may see: key of the appeal, its number and title, and
/// what the solution is called.
pub async fn to_keep(tx: &mut Tx, who: &Actor, most: i64) -> Result<Vec<(Uuid, String, String, String)>> {
    let mut query = Sql::from(
        "SELECT a.id, a.number, a.title, x.method FROM solution x
         JOIN appeal a ON a.zone_id = x.zone_id AND a.id = x.appeal_id
         WHERE x.state = 'chosen' AND x.remedy_id IS NULL AND x.passed_at IS NULL AND ",
    );
    query.push(ended(Ended::Solved)).push(" AND a.accused_department_id IS NULL AND x.zone_id = ").arg(who.zone_id);
    query.append(visible(who)).push(" ORDER BY a.closed_at DESC, a.id LIMIT ").arg(most);
    tx.list(query).await
}

/// Closed appeals by whether production went on, as far as one may see them.
pub async fn went_on(tx: &mut Tx, who: &Actor) -> Result<Vec<WentOnCount>> {
    let mut query = Sql::from(
        "SELECT a.production_continued, count(*) AS count FROM appeal a
         WHERE a.status = 'closed' AND a.production_continued IS NOT NULL AND a.zone_id = ",
    );
    query.arg(who.zone_id).append(visible(who)).push(" GROUP BY a.production_continued");
    tx.list(query).await
}
