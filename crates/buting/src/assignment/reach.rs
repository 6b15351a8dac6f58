//! How far somebody reaches, as SQL: the same rule for lists and for single
//! records. Register facts of enterprises are open to the whole office; what
//! belongs to an enterprise (appeals, visits, lights, contacts' numbers) is for
//! those whose scope holds it.

use crate::actor::{Actor, Scope};
use crate::error::Result;
use ::store::{Sql, Tx, sql};
use uuid::Uuid;

/// A condition on a column that holds the id of an enterprise, carrier or
/// project; `None` when the actor reaches everything in the zone. The column
/// must be text of the source, such as `"a.enterprise_id"`.
///
/// An enterprise is reached when it, or the carrier it sits in, is assigned to
/// the person or to one of his departments today.
pub fn subjects(who: &Actor, column: &'static str) -> Option<Sql> {
    let mut condition = Sql::from(column);
    match &who.scope {
        Scope::All => return None,
        Scope::Enterprise(id) | Scope::Project(id) => {
            condition.push(" = ").arg(*id);
        }
        Scope::Own | Scope::WorkOrder(_) => {
            condition.push(" IS NULL AND FALSE");
        }
        Scope::Assignments => {
            condition.push(" IN ").append(held(who, &[]));
        }
        Scope::Departments(departments) => {
            condition.push(" IN ").append(held(who, departments));
        }
    }
    Some(condition)
}

/// The subjects held by a person or by departments, directly or through the
/// carrier an enterprise sits in. One branch for each way, so that each enters by
/// its own index: an officer's few are found among a city's assignments at once.
fn held(who: &Actor, departments: &[Uuid]) -> Sql {
    const DIRECT: &str = "SELECT r.subject_id FROM assignment r WHERE r.zone_id = ";
    const IN_CARRIER: &str = "SELECT e.id FROM assignment r
        JOIN enterprise e ON e.zone_id = r.zone_id AND e.carrier_id = r.subject_id
        WHERE r.subject_kind = 'carrier' AND r.zone_id = ";
    let mut query = Sql::from("(");
    for (n, from) in [DIRECT, IN_CARRIER].into_iter().enumerate() {
        query.push(if n == 0 { "" } else { " UNION ALL " });
        query.push(from).arg(who.zone_id).push(" AND r.valid_to IS NULL AND r.person_id = ");
        query.arg(who.person_id.unwrap_or_default());
        if !departments.is_empty() {
            query
                .push(" UNION ALL ")
                .push(from)
                .arg(who.zone_id)
                .push(" AND r.valid_to IS NULL AND r.department_id IN ");
            query.list(departments.iter().copied());
        }
    }
    query.push(")");
    query
}

/// A condition on such a column: assigned to the person himself today, or the carrier
/// it sits in, however far he reaches besides.
pub fn assigned(who: &Actor, column: &'static str) -> Sql {
    let mut condition = Sql::from(column);
    condition.push(" IN ").append(held(who, &[]));
    condition
}

/// Whether the actor reaches one subject.
pub async fn reaches(tx: &mut Tx, who: &Actor, subject_id: Uuid) -> Result<bool> {
    match &who.scope {
        Scope::All => Ok(true),
        Scope::Enterprise(id) | Scope::Project(id) => Ok(*id == subject_id),
        Scope::Own | Scope::WorkOrder(_) => Ok(false),
        Scope::Assignments | Scope::Departments(_) => {
            let mut query = sql!("SELECT 1 FROM zone s WHERE s.zone_id = $1 AND ", who.zone_id);
            query.arg(subject_id).push(" IN ");
            let departments = match &who.scope {
                Scope::Departments(departments) => departments.as_slice(),
                _ => &[],
            };
            query.append(held(who, departments));
            Ok(tx.opt_value::<i64>(query).await?.is_some())
        }
    }
}
