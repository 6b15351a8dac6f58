//! What of whose appeals somebody sees in the lists of this room.

use super::store::{OfAppeal, Rows};
use crate::actor::{Actor, Role};
use crate::appeal::step::OVERSEERS;
use crate::appeal::store as appeals;
use crate::assignment::reach;
use crate::error::Result;
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::Walk;
use ::store::{FromRow, Sql, Tx};

/// Hides whose a complaint is from those of the department that it is about.
pub fn mask(who: &Actor, row: &mut impl OfAppeal) {
    let (accused, subject) = row.accused_and_subject();
    if accused.is_some_and(|accused| appeals::units_of(who).contains(&accused)) {
        *subject = None;
    }
}

/// A page of rows under a condition, with their number.
pub async fn page<T: OfAppeal + FromRow + Send + 'static>(
    tx: &mut Tx,
    who: &Actor,
    rows: &Rows<T>,
    condition: Sql,
    walk: &Walk,
) -> Result<Page<T>> {
    let (mut items, next) = rows.page(tx, who.zone_id, condition.clone(), walk).await?;
    let counted = rows.count(tx, who.zone_id, condition, TOTAL_CAP + 1).await?;
    for row in &mut items {
        mask(who, row);
    }
    Ok(Page::new(items, next, counted))
}

/// The condition, with its ` AND`, on appeals `a` that somebody may call back about: those
/// that he sees, did not answer, and that another unit than his own led. Whoever does not
/// coordinate or supervise calls those whose enterprise is his to look after.
pub fn callable(who: &Actor) -> Sql {
    let me = who.person_id.unwrap_or_default();
    let mut condition = appeals::visible(who);
    let mine = who.departments();
    if !mine.is_empty() {
        condition.push(" AND (a.lead_department_id IS NULL OR a.lead_department_id NOT IN ").list(mine).push(")");
    }
    condition.push(" AND (a.answered_by IS NULL OR a.answered_by <> ").arg(me).push(")");
    condition.push(" AND (a.handler_id IS NULL OR a.handler_id <> ").arg(me).push(")");
    let units = appeals::units_of(who);
    if !units.is_empty() {
        condition
            .push(" AND (a.accused_department_id IS NULL OR a.accused_department_id NOT IN ")
            .list(units)
            .push(")");
    }
    if !who.roles.meets(OVERSEERS) && !who.has(Role::Dispatcher) {
        condition.push(" AND (FALSE");
        for column in ["a.enterprise_id", "a.project_id"] {
            match reach::subjects(who, column) {
                Some(reached) => drop(condition.push(" OR ").append(reached)),
                None => drop(condition.push(" OR ").push(column).push(" IS NOT NULL")),
            }
        }
        condition.push(")");
    }
    condition
}
