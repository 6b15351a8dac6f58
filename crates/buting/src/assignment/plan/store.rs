use super::super::Duty;
use super::{Holder, Known};
use crate::organisation::divisions;
use ::store::{Result, Row, Tx, sql};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Every active enterprise with who has it in this duty.
pub async fn subjects(tx: &mut Tx, zone: Uuid, role: Duty) -> Result<Vec<Known>> {
    let rows = tx
        .all(sql!(
            "SELECT e.id, e.short_name AS name, e.carrier_id, e.industry_code, e.headcount, e.key,
               r.id AS assignment_id, r.version AS assignment_version, coalesce(r.person_id, r.department_id) AS held_id,
               coalesce(c.person_id, c.department_id) AS inherited_id,
               coalesce(d.department_id, f.department_id) AS lead_id,
               (p.left_at IS NOT NULL OR t.valid_to IS NOT NULL) AS gone
             FROM enterprise e
             LEFT JOIN assignment r ON r.zone_id = e.zone_id AND r.subject_id = e.id AND r.role = $2
               AND r.valid_to IS NULL
             LEFT JOIN assignment c ON c.zone_id = e.zone_id AND c.subject_id = e.carrier_id AND c.role = $2
               AND c.valid_to IS NULL
             LEFT JOIN assignment d ON d.zone_id = e.zone_id AND d.subject_id = e.id AND d.role = 'lead_dept'
               AND d.valid_to IS NULL
             LEFT JOIN assignment f ON f.zone_id = e.zone_id AND f.subject_id = e.carrier_id AND f.role = 'lead_dept'
               AND f.valid_to IS NULL
             LEFT JOIN person p ON p.zone_id = e.zone_id AND p.id = coalesce(r.person_id, c.person_id)
             LEFT JOIN department t ON t.zone_id = e.zone_id AND t.id = coalesce(r.department_id, c.department_id)
             WHERE e.zone_id = $1 AND e.status = 'active' ORDER BY e.id",
            zone,
            role
        ))
        .await?;
    rows.iter().map(known).collect()
}

fn known(row: &Row) -> Result<Known> {
    let assignment: Option<Uuid> = row.get("assignment_id")?;
    let version: Option<i64> = row.get("assignment_version")?;
    Ok(Known {
        id: row.get("id")?,
        name: row.get("name")?,
        carrier_id: row.get("carrier_id")?,
        industry_code: row.get("industry_code")?,
        headcount: row.get("headcount")?,
        key: row.get("key")?,
        assignment: assignment.zip(version),
        held: row.get("held_id")?,
        inherited: row.get("inherited_id")?,
        lead: row.get("lead_id")?,
        gone: row.get("gone")?,
        open_appeals: 0,
    })
}

/// The industries in the duty of each department.
pub async fn industries(tx: &mut Tx, zone: Uuid) -> Result<HashMap<Uuid, Vec<u8>>> {
    let rows: Vec<(Uuid, String)> = tx
        .list(sql!("SELECT id, industries FROM department WHERE zone_id = $1 AND industries IS NOT NULL", zone))
        .await?;
    Ok(rows.into_iter().map(|(id, text)| (id, divisions(&text).unwrap_or_default())).collect())
}

/// The carriers that each holds in this duty.
pub async fn carriers(tx: &mut Tx, zone: Uuid, role: Duty) -> Result<BTreeMap<Uuid, Vec<Uuid>>> {
    let rows: Vec<(Uuid, Uuid)> = tx
        .list(sql!(
            "SELECT coalesce(person_id, department_id) AS unit_id, subject_id FROM assignment
             WHERE zone_id = $1 AND role = $2 AND subject_kind = 'carrier' AND valid_to IS NULL ORDER BY subject_id",
            zone,
            role
        ))
        .await?;
    let mut all: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (unit, carrier) in rows {
        all.entry(unit).or_default().push(carrier);
    }
    Ok(all)
}

/// Open appeals by enterprise.
pub async fn open_appeals(tx: &mut Tx, zone: Uuid) -> Result<HashMap<Uuid, i64>> {
    let rows: Vec<(Uuid, i64)> = tx
        .list(sql!(
            "SELECT enterprise_id, count(*) FROM appeal
             WHERE zone_id = $1 AND open AND enterprise_id IS NOT NULL GROUP BY enterprise_id",
            zone
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

impl Holder {
    /// Adds what the duty's carriers and industries say of a holder.
    pub fn with(mut self, industries: &HashMap<Uuid, Vec<u8>>, carriers: &BTreeMap<Uuid, Vec<Uuid>>) -> Self {
        let department = self.department_id.unwrap_or(self.id);
        self.industries = industries.get(&department).cloned().unwrap_or_default();
        self.carriers = carriers.get(&self.id).cloned().unwrap_or_default();
        self
    }
}
