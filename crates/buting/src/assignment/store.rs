use super::{Assignment, Candidate, Duty, EndReason, Field, Holder, Open, Shown, Unit, weight};
use crate::handover::GONE;
use crate::list::{Key, Walk};
use crate::organisation::DepartmentKind;
use crate::organisation::post::desk::in_department;
use crate::subject::{Named, SubjectKind};
use crate::time::Time;
use ::store::{FromRow, Result, Row, Sql, Tx, from_row, sql};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use uuid::Uuid;

const COLUMNS: &str =
    "SELECT id, subject_kind, subject_id, role, department_id, person_id, valid_from, valid_to, until,
   basis, reason, end_reason, end_note, successor_id, batch_id, created_at, version FROM assignment";

/// A subject while its assignments are being changed.
pub struct Locked {
    pub kind: SubjectKind,
    pub id: Uuid,
    pub short_name: String,
}

/// Takes hold of a subject, so that of two who assign it at once one waits for
/// the other. SQLite has one writer and needs no lock.
pub async fn lock(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Option<Locked>> {
    let mut query = Sql::from(match kind {
        SubjectKind::Enterprise => "SELECT short_name FROM enterprise WHERE merged_into IS NULL AND",
        SubjectKind::Carrier => "SELECT short_name FROM carrier WHERE",
        SubjectKind::Project => "SELECT short_name FROM project WHERE",
    });
    query.push(" zone_id = ").arg(zone).push(" AND id = ").arg(id);
    query.push(tx.dialect().pick("", " FOR NO KEY UPDATE"));
    Ok(tx.opt_value(query).await?.map(|short_name| Locked { kind, id, short_name }))
}

pub async fn get(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Assignment>> {
    let mut query = Sql::from(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Every row of a subject in a role, ended ones too.
pub async fn rows(tx: &mut Tx, zone: Uuid, subject: Uuid, role: Duty) -> Result<Vec<Assignment>> {
    let mut query = Sql::from(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND subject_id = ").arg(subject).push(" AND role = ").arg(role);
    query.push(" ORDER BY valid_from, id");
    tx.list(query).await
}

/// What holds for a subject now.
pub async fn held_for(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Vec<Assignment>> {
    let mut query = Sql::from(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND subject_id = ").arg(subject);
    query.push(" AND valid_to IS NULL ORDER BY role, valid_from, id");
    tx.list(query).await
}

/// What a person holds now, by subject.
pub async fn held_by(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Assignment>> {
    let mut query = Sql::from(COLUMNS);
    query.push(" WHERE zone_id = ").arg(zone).push(" AND person_id = ").arg(person);
    query.push(" AND valid_to IS NULL ORDER BY subject_id, role, id");
    tx.list(query).await
}

pub async fn insert(tx: &mut Tx, zone: Uuid, row: &Assignment) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO assignment (zone_id, id, subject_kind, subject_id, role, department_id, person_id, valid_from,
           until, basis, reason, batch_id, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)",
        zone,
        row.id,
        row.subject_kind,
        row.subject_id,
        row.role,
        row.department_id,
        row.person_id,
        row.valid_from,
        row.until,
        row.basis,
        row.reason,
        row.batch_id,
        row.created_at
    ))
    .await
    .map(drop)
}

/// Ends a row that still holds; false when somebody else changed it before.
pub async fn close(
    tx: &mut Tx,
    zone: Uuid,
    row: &Assignment,
    at: Time,
    reason: EndReason,
    note: Option<&str>,
    successor: Option<Uuid>,
) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE assignment SET valid_to = $1, end_reason = $2, end_note = $3, successor_id = $4, version = version + 1
             WHERE zone_id = $5 AND id = $6 AND version = $7 AND valid_to IS NULL",
            at,
            reason,
            note,
            successor,
            zone,
            row.id,
            row.version
        ))
        .await?;
    Ok(n == 1)
}

/// Lets the order of a row run on; false when somebody else changed it before.
pub async fn renew(
    tx: &mut Tx,
    zone: Uuid,
    row: &Assignment,
    until: Option<Time>,
    basis: Option<&str>,
) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE assignment SET until = $1, basis = $2, version = version + 1
             WHERE zone_id = $3 AND id = $4 AND version = $5 AND valid_to IS NULL",
            until,
            basis,
            zone,
            row.id,
            row.version
        ))
        .await?;
    Ok(n == 1)
}

/// Facts about a person or department that is to answer.
pub struct Facts {
    pub name: String,
    pub title: Option<String>,
    pub phone: Option<String>,
    pub candidate: Candidate,
}

pub async fn person(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Facts>> {
    let row = tx
        .all(sql!(
            "SELECT p.name, p.title, COALESCE(p.phone, d.phone) AS phone, p.left_at, d.kind
             FROM person p LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
             WHERE p.zone_id = $1 AND p.id = $2",
            zone,
            id
        ))
        .await?;
    let Some(row) = row.first() else { return Ok(None) };
    let left: Option<i64> = row.get("left_at")?;
    let candidate = Candidate::Person { department: row.get("kind")?, left: left.is_some() };
    Ok(Some(Facts { name: row.get("name")?, title: row.get("title")?, phone: row.get("phone")?, candidate }))
}

pub async fn department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Facts>> {
    let row: Option<(String, Option<String>, DepartmentKind, Option<i64>)> = tx
        .opt(sql!("SELECT short_name, phone, kind, valid_to FROM department WHERE zone_id = $1 AND id = $2", zone, id))
        .await?;
    Ok(row.map(|(name, phone, kind, closed)| Facts {
        name,
        title: None,
        phone,
        candidate: Candidate::Department { kind, closed: closed.is_some() },
    }))
}

/// Whom a change concerns at the subject's own side: accounts of the enterprise
/// or project; for a carrier, of the enterprises in it that have nobody of their
/// own in the role.
pub async fn accounts_of(tx: &mut Tx, zone: Uuid, kind: SubjectKind, subject: Uuid, role: Duty) -> Result<Vec<Uuid>> {
    let mut query = sql!(
        "SELECT p.id FROM person p JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         WHERE p.zone_id = $1 AND p.left_at IS NULL AND a.disabled_at IS NULL AND ",
        zone
    );
    match kind {
        SubjectKind::Enterprise => query.push("p.enterprise_id = ").arg(subject),
        SubjectKind::Project => query.push("p.project_id = ").arg(subject),
        SubjectKind::Carrier => {
            query.push("p.enterprise_id IN (SELECT e.id FROM enterprise e WHERE e.zone_id = ").arg(zone);
            query.push(" AND e.carrier_id = ").arg(subject);
            query.push(
                " AND NOT EXISTS (SELECT 1 FROM assignment r WHERE r.zone_id = e.zone_id AND r.subject_id = e.id",
            );
            query.push(" AND r.valid_to IS NULL AND r.role = ").arg(role).push("))")
        }
    };
    query.push(" ORDER BY p.id");
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// The accounts of a department's people.
pub async fn accounts_in(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Vec<Uuid>> {
    let mut query = sql!(
        "SELECT p.id FROM person p JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         WHERE p.zone_id = $1 AND p.left_at IS NULL AND a.disabled_at IS NULL AND ",
        zone
    );
    query.append(in_department(zone, department)).push(" ORDER BY p.id");
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// A holder of one of several subjects.
struct HolderRow {
    for_id: Uuid,
    role: Duty,
    holder: Holder,
}

impl FromRow for HolderRow {
    fn from_row(row: &Row) -> Result<Self> {
        let person_id: Option<Uuid> = row.get("person_id")?;
        let person: Option<String> = row.get("person")?;
        let department: Option<String> = row.get("department")?;
        let left_at: Option<i64> = row.get("left_at")?;
        let closed_at: Option<i64> = row.get("closed_at")?;
        Ok(Self {
            for_id: row.get("for_id")?,
            role: row.get("role")?,
            holder: Holder {
                assignment_id: row.get("id")?,
                person_id,
                department_id: row.get("department_id")?,
                name: person.or_else(|| department.clone()).unwrap_or_default(),
                title: row.get("title")?,
                department,
                phone: row.get("phone")?,
                since: row.get("valid_from")?,
                until: row.get("until")?,
                inherited: row.get("inherited")?,
                inherited_from: row.get("carrier")?,
                gone: if person_id.is_some() { left_at.is_some() } else { closed_at.is_some() },
                expired: false,
                version: row.get("version")?,
            },
        })
    }
}

/// Who held what of these subjects at an instant; enterprises with what they
/// inherit. `now` tells what has run out.
pub async fn holders(
    tx: &mut Tx,
    zone: Uuid,
    kind: SubjectKind,
    subjects: &[Uuid],
    at: Time,
    now: Time,
) -> Result<BTreeMap<Uuid, Vec<(Duty, Holder)>>> {
    let mut query = Sql::from(match kind {
        SubjectKind::Enterprise => {
            "SELECT s.id AS for_id, a.subject_id <> s.id AS inherited, k.short_name AS carrier, "
        }
        SubjectKind::Carrier | SubjectKind::Project => {
            "SELECT a.subject_id AS for_id, FALSE AS inherited, NULL AS carrier, "
        }
    });
    query.push(
        "a.id, a.role, a.person_id, COALESCE(a.department_id, p.department_id) AS department_id, a.valid_from, a.until,
           a.version, p.name AS person, p.title, p.left_at, d.short_name AS department, d.valid_to AS closed_at,
           COALESCE(p.phone, d.phone) AS phone FROM ",
    );
    query.push(match kind {
        SubjectKind::Enterprise => {
            "enterprise s JOIN assignment a ON a.zone_id = s.zone_id AND a.subject_id IN (s.id, s.carrier_id)
             LEFT JOIN carrier k ON k.zone_id = a.zone_id AND k.id = a.subject_id"
        }
        SubjectKind::Carrier | SubjectKind::Project => "assignment a",
    });
    query.push(
        " LEFT JOIN person p ON p.zone_id = a.zone_id AND p.id = a.person_id
          LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = COALESCE(a.department_id, p.department_id)
          WHERE ",
    );
    match kind {
        SubjectKind::Enterprise => {
            query.push("s.zone_id = ").arg(zone).push(" AND s.id IN ").list(subjects.iter().copied())
        }
        SubjectKind::Carrier | SubjectKind::Project => {
            query.push("a.zone_id = ").arg(zone).push(" AND a.subject_id IN ").list(subjects.iter().copied())
        }
    };
    query.push(" AND a.valid_from <= ").arg(at).push(" AND (a.valid_to IS NULL OR a.valid_to > ").arg(at).push(")");
    query.push(" ORDER BY a.valid_from, a.id");
    let mut all: BTreeMap<Uuid, Vec<(Duty, Holder)>> = BTreeMap::new();
    for mut row in tx.list::<HolderRow>(query).await? {
        row.holder.expired = row.holder.until.is_some_and(|until| until <= now);
        all.entry(row.for_id).or_default().push((row.role, row.holder));
    }
    Ok(all)
}

/// The carrier that an enterprise sat in at an instant, where it has moved since: its
/// key and short name, or none.
pub async fn moved_from(tx: &mut Tx, zone: Uuid, enterprise: Uuid, at: Time) -> Result<Option<Option<(Uuid, String)>>> {
    let later: Vec<(String,)> = tx
        .list(sql!(
            "SELECT before FROM ledger
             WHERE zone_id = $1 AND subject = 'enterprise' AND subject_id = $2 AND at > $3 AND before IS NOT NULL
             ORDER BY id",
            zone,
            enterprise,
            at
        ))
        .await?;
    let carrier = |(before,): &(String,)| serde_json::from_str::<Json>(before).ok()?.get("carrier_id").cloned();
    let Some(then) = later.iter().find_map(carrier) else { return Ok(None) };
    let Some(carrier) = then.as_str().and_then(|id| Uuid::parse_str(id).ok()) else { return Ok(Some(None)) };
    let name =
        tx.opt_value(sql!("SELECT short_name FROM carrier WHERE zone_id = $1 AND id = $2", zone, carrier)).await?;
    Ok(Some(name.map(|name| (carrier, name))))
}

/// What a list of assignments is asked.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<Uuid>,
    pub subject_kind: Option<SubjectKind>,
    pub subject_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub role: Option<Duty>,
    /// Only what holds now, or only what does not.
    pub current: Option<bool>,
    /// Only what held at that instant.
    pub as_of: Option<Time>,
    /// On `a.subject_id`: what the words find.
    pub words: Option<Sql>,
    pub held_by: Option<(Uuid, Vec<Uuid>)>,
    /// A condition on who may see it.
    pub scope: Option<Sql>,
}

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.push(" WHERE a.zone_id = ").arg(zone);
    if let Some(id) = filter.id {
        query.push(" AND a.id = ").arg(id);
    }
    if let Some(kind) = filter.subject_kind {
        query.push(" AND a.subject_kind = ").arg(kind);
    }
    if let Some(id) = filter.subject_id {
        query.push(" AND a.subject_id = ").arg(id);
    }
    if let Some(id) = filter.person_id {
        query.push(" AND a.person_id = ").arg(id);
    }
    if let Some(id) = filter.department_id {
        query.push(" AND a.department_id = ").arg(id);
    }
    if let Some(role) = filter.role {
        query.push(" AND a.role = ").arg(role);
    }
    match filter.current {
        Some(true) => _ = query.push(" AND a.valid_to IS NULL"),
        Some(false) => _ = query.push(" AND a.valid_to IS NOT NULL"),
        None => {}
    }
    if let Some(at) = filter.as_of {
        query.push(" AND a.valid_from <= ").arg(at).push(" AND (a.valid_to IS NULL OR a.valid_to > ").arg(at).push(")");
    }
    if let Some(words) = &filter.words {
        query.push(" AND ").append(words.clone());
    }
    if let Some((person, departments)) = &filter.held_by {
        query.push(" AND (a.person_id = ").arg(*person).push(" OR a.department_id IN ");
        query.list(departments.iter().copied()).push(")");
    }
    if let Some(scope) = &filter.scope {
        query.push(" AND ").append(scope.clone());
    }
}

const NAMED: &str = " FROM assignment a
   LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.subject_id
   LEFT JOIN carrier k ON k.zone_id = a.zone_id AND k.id = a.subject_id
   LEFT JOIN project j ON j.zone_id = a.zone_id AND j.id = a.subject_id
   LEFT JOIN person p ON p.zone_id = a.zone_id AND p.id = a.person_id
   LEFT JOIN department d ON d.zone_id = a.zone_id AND d.id = COALESCE(a.department_id, p.department_id)";

/// What a list of assignments is sorted by.
pub const KEYS: &[Key] = &[
    Key::number("created", "a.created_at"),
    Key::text("subject", "COALESCE(e.spelling, k.spelling, j.spelling, '')"),
    Key::text("role", "a.role"),
    Key::text("holder", "COALESCE(p.spelling, d.short_name, '')"),
    Key::number("from", "a.valid_from"),
];

/// The first of the assignments, in the order in which they were entered.
pub async fn first(tx: &mut Tx, zone: Uuid, filter: &Filter, limit: i64) -> Result<Vec<Shown>> {
    Ok(list(tx, zone, filter, &Walk::first(KEYS, limit)).await?.0)
}

/// Assignments with names, in order, and the cursor of the rest.
pub async fn list(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<Shown>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT a.id, a.subject_kind, a.subject_id, COALESCE(e.short_name, k.short_name, j.short_name) AS subject,
           a.role, a.department_id, a.person_id, p.name AS person, p.title, d.short_name AS department,
           d.id AS department_of, COALESCE(p.phone, d.phone) AS phone, p.left_at, d.valid_to AS closed_at, a.valid_from,
           a.valid_to, a.until, a.basis, a.reason, a.end_reason, a.end_note, a.successor_id, a.batch_id, a.created_at, a.version,
           (SELECT l.department_id FROM assignment l WHERE l.zone_id = a.zone_id AND l.subject_id = a.subject_id
              AND l.role = 'lead_dept' AND l.valid_to IS NULL) AS lead_department",
    );
    walk.column(&mut query);
    query.push(NAMED);
    narrow(&mut query, zone, filter);
    walk.list(tx, query, "a.id").await
}

/// How many there are, counted to one above the cap.
pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    query.push(NAMED);
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap + 1).push(") AS counted");
    tx.value(query).await
}

/// A subject in the list of gaps.
#[derive(Clone, Debug)]
pub struct GapRow {
    pub kind: SubjectKind,
    pub id: Uuid,
    pub name: String,
    pub short_name: String,
    pub key: bool,
    pub headcount: Option<i64>,
    pub carrier_id: Option<Uuid>,
    pub carrier: Option<String>,
}

from_row!(GapRow { kind, id, name, short_name, key, headcount, carrier_id, carrier });

/// Every subject that wants somebody. A subject has no gap when its own rows
/// all hold well, and its own and its carrier's together fill the three roles.
fn gap_query(zone: Uuid, now: Time) -> Sql {
    fn well(query: &mut Sql, now: Time) {
        query
            .push(" AND p.left_at IS NULL AND d.valid_to IS NULL AND (r.until IS NULL OR r.until > ")
            .arg(now)
            .push(")");
    }
    const FROM: &str = " FROM assignment r
       LEFT JOIN person p ON p.zone_id = r.zone_id AND p.id = r.person_id
       LEFT JOIN department d ON d.zone_id = r.zone_id AND d.id = r.department_id
       WHERE r.zone_id = s.zone_id AND r.valid_to IS NULL AND r.role IN ('lead_leader', 'lead_dept', 'officer')";
    fn lacks(query: &mut Sql, now: Time, whose: &'static str) {
        query.push(" AND ((SELECT count(DISTINCT r.role)").push(FROM).push(whose);
        well(query, now);
        query.push(") < 3 OR EXISTS (SELECT 1").push(FROM).push(" AND r.subject_id = s.id");
        query.push(" AND NOT (p.left_at IS NULL AND d.valid_to IS NULL AND (r.until IS NULL OR r.until > ").arg(now);
        query.push("))))");
    }
    let mut query = Sql::from(
        "SELECT 'enterprise' AS kind, s.id, s.name, s.short_name, s.key, s.headcount, s.carrier_id, c.short_name AS carrier
         FROM enterprise s LEFT JOIN carrier c ON c.zone_id = s.zone_id AND c.id = s.carrier_id WHERE s.zone_id = ",
    );
    query.arg(zone).push(" AND s.status = 'active'");
    lacks(&mut query, now, " AND r.subject_id IN (s.id, s.carrier_id)");
    query.push(
        " UNION ALL SELECT 'carrier' AS kind, s.id, s.name, s.short_name, FALSE AS key, NULL AS headcount,
           s.id AS carrier_id, s.short_name AS carrier FROM carrier s WHERE s.zone_id = ",
    );
    query.arg(zone).push(" AND s.closed_at IS NULL");
    lacks(&mut query, now, " AND r.subject_id = s.id");
    query.push(
        " UNION ALL SELECT 'project' AS kind, s.id, s.name, s.short_name, TRUE AS key, NULL AS headcount,
           s.carrier_id, NULL AS carrier FROM project s WHERE s.zone_id = ",
    );
    query.arg(zone).push(" AND s.closed_at IS NULL");
    lacks(&mut query, now, " AND r.subject_id = s.id");
    query
}

/// How the list of gaps runs: key subjects first, then by name.
pub const GAP_KEYS: &[Key] = &[Key::text("usual", "(CASE WHEN g.key THEN '0' ELSE '1' END || g.name)")];

/// A page of the list of gaps.
pub async fn gaps(tx: &mut Tx, zone: Uuid, now: Time, walk: &Walk) -> Result<(Vec<GapRow>, Option<String>)> {
    let mut query = Sql::from("SELECT g.kind, g.id, g.name, g.short_name, g.key, g.headcount, g.carrier_id, g.carrier");
    walk.column(&mut query);
    query.push(" FROM (").append(gap_query(zone, now)).push(") AS g WHERE TRUE");
    walk.list(tx, query, "g.id").await
}

/// How many subjects want somebody.
pub async fn gap_count(tx: &mut Tx, zone: Uuid, now: Time, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT g.id FROM (");
    query.append(gap_query(zone, now)).push(") AS g LIMIT ").arg(cap + 1).push(") AS counted");
    tx.value(query).await
}

/// Somebody of the committee who is gone.
#[derive(Clone, Debug)]
pub struct GoneRow {
    pub id: Uuid,
    pub name: String,
    pub department: String,
    pub left_at: Option<Time>,
    pub disabled_at: Option<Time>,
    /// Assignments that he still holds.
    pub assignments: i64,
}

from_row!(GoneRow { id, name, department, left_at, disabled_at, assignments });

/// Everybody of the committee who is gone, with the assignments that he still holds.
pub async fn gone(tx: &mut Tx, zone: Uuid) -> Result<Vec<GoneRow>> {
    let mut query = sql!(
        "SELECT p.id, p.name, d.short_name AS department, p.left_at, a.disabled_at,
           (SELECT count(*) FROM assignment r WHERE r.zone_id = p.zone_id AND r.person_id = p.id
              AND r.valid_to IS NULL) AS assignments
         FROM person p JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
         LEFT JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         WHERE p.zone_id = $1 AND p.id IN (",
        zone
    );
    query.push(GONE).arg(zone).push(") ORDER BY p.spelling, p.id");
    tx.list(query).await
}

/// Subjects for a proposal, whether they have gaps or not.
pub async fn subjects(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<Vec<GapRow>> {
    let mut query = Sql::from(
        "SELECT 'enterprise' AS kind, s.id, s.name, s.short_name, s.key, s.headcount, s.carrier_id, c.short_name AS carrier
         FROM enterprise s LEFT JOIN carrier c ON c.zone_id = s.zone_id AND c.id = s.carrier_id WHERE s.zone_id = ",
    );
    query.arg(zone).push(" AND s.id IN ").list(ids.iter().copied());
    query.push(
        " UNION ALL SELECT 'carrier' AS kind, s.id, s.name, s.short_name, FALSE AS key, NULL AS headcount,
           s.id AS carrier_id, s.short_name AS carrier FROM carrier s WHERE s.zone_id = ",
    );
    query.arg(zone).push(" AND s.id IN ").list(ids.iter().copied());
    query.push(
        " UNION ALL SELECT 'project' AS kind, s.id, s.name, s.short_name, TRUE AS key, NULL AS headcount,
           s.carrier_id, NULL AS carrier FROM project s WHERE s.zone_id = ",
    );
    query.arg(zone).push(" AND s.id IN ").list(ids.iter().copied());
    tx.list(query).await
}

impl GapRow {
    /// Its weight in the load of who answers for it.
    pub fn weight(&self) -> i64 {
        weight(self.kind, self.key && self.kind == SubjectKind::Enterprise, self.headcount)
    }

    /// The subject as the rule of proposals takes it.
    pub fn open(&self, wanted: Vec<Duty>, department_id: Option<Uuid>) -> Open {
        Open {
            kind: self.kind,
            id: self.id,
            name: self.short_name.clone(),
            carrier_id: self.carrier_id,
            weight: self.weight(),
            wanted,
            department_id,
        }
    }
}

/// What one holder holds of one kind, counted.
pub struct LoadRow {
    pub role: Duty,
    pub holder_id: Uuid,
    pub kind: SubjectKind,
    pub subjects: i64,
    pub key: i64,
    pub big: i64,
    pub headcount: i64,
}

from_row!(LoadRow { role, holder_id, kind, subjects, key, big, headcount });

/// What everybody holds directly now.
pub async fn loads(tx: &mut Tx, zone: Uuid) -> Result<Vec<LoadRow>> {
    tx.list(sql!(
        "SELECT a.role, COALESCE(a.person_id, a.department_id) AS holder_id, a.subject_kind AS kind, count(*) AS subjects,
           CAST(SUM(CASE WHEN e.key THEN 1 ELSE 0 END) AS bigint) AS key,
           CAST(SUM(CASE WHEN e.headcount >= 300 THEN 1 ELSE 0 END) AS bigint) AS big,
           CAST(SUM(COALESCE(e.headcount, 0)) AS bigint) AS headcount
         FROM assignment a
         LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.subject_id
         WHERE a.zone_id = $1 AND a.valid_to IS NULL
         GROUP BY a.role, COALESCE(a.person_id, a.department_id), a.subject_kind",
        zone
    ))
    .await
}

/// A person of the committee, or a department.
pub struct UnitRow {
    pub id: Uuid,
    pub name: String,
    pub title: Option<String>,
    pub department_id: Option<Uuid>,
}

from_row!(UnitRow { id, name, title, department_id });

/// People of the committee's own departments who can hold a role, in order.
/// Leaders are those with a post in the leadership (班子) and accounts with that role; officers
/// are accounts with that role, and staff who have no account yet.
pub async fn staff(tx: &mut Tx, zone: Uuid, role: Duty) -> Result<Vec<UnitRow>> {
    let mut query = sql!(
        "SELECT p.id, p.name, p.title, p.department_id
         FROM person p JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
         WHERE p.zone_id = $1 AND p.left_at IS NULL AND d.kind IN ('department', 'leadership') AND d.valid_to IS NULL",
        zone
    );
    const HAS_ROLE: &str =
        "EXISTS (SELECT 1 FROM account_role r WHERE r.zone_id = p.zone_id AND r.account_id = p.id AND r.role ";
    match role {
        Duty::LeadLeader => query
            .push(" AND (EXISTS (SELECT 1 FROM post o JOIN department l ON l.zone_id = o.zone_id AND l.id = o.department_id")
            .push(" WHERE o.zone_id = p.zone_id AND o.person_id = p.id AND o.valid_to IS NULL")
            .push(" AND l.kind = 'leadership') OR ")
            .push(HAS_ROLE)
            .push("= 'leader'))"),
        Duty::Officer => query
            .push(" AND (")
            .push(HAS_ROLE)
            .push("IN ('officer', 'specialist')) OR d.kind = 'department' AND NOT EXISTS (SELECT 1 FROM account a")
            .push(" WHERE a.zone_id = p.zone_id AND a.id = p.id))"),
        _ => &mut query,
    };
    query.push(" ORDER BY p.position, p.id");
    tx.list(query).await
}

/// The committee's own departments that can lead, in order.
pub async fn own_departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<UnitRow>> {
    tx.list(sql!(
        "SELECT id, short_name AS name, NULL AS title, NULL AS department_id FROM department
         WHERE zone_id = $1 AND kind = 'department' AND valid_to IS NULL ORDER BY position, name",
        zone
    ))
    .await
}

/// How many subjects of each carrier everybody answers for.
pub async fn neighbours(tx: &mut Tx, zone: Uuid) -> Result<BTreeMap<(Uuid, Uuid), i64>> {
    let rows: Vec<(Uuid, Uuid, i64)> = tx
        .list(sql!(
            "SELECT COALESCE(e.carrier_id, a.subject_id), COALESCE(a.person_id, a.department_id), count(*)
             FROM assignment a LEFT JOIN enterprise e ON e.zone_id = a.zone_id AND e.id = a.subject_id
             WHERE a.zone_id = $1 AND a.valid_to IS NULL AND a.role IN ('lead_leader', 'lead_dept', 'officer')
               AND (a.subject_kind = 'carrier' OR e.carrier_id IS NOT NULL)
             GROUP BY COALESCE(e.carrier_id, a.subject_id), COALESCE(a.person_id, a.department_id)",
            zone
        ))
        .await?;
    Ok(rows.into_iter().map(|(carrier, holder, n)| ((carrier, holder), n)).collect())
}

/// Who is there to propose, with their loads.
pub async fn field(tx: &mut Tx, zone: Uuid) -> Result<Field> {
    let mut load: BTreeMap<(Duty, Uuid), i64> = BTreeMap::new();
    for row in loads(tx, zone).await? {
        *load.entry((row.role, row.holder_id)).or_default() += row.weight();
    }
    let unit = |role: Duty| {
        let load = &load;
        move |row: UnitRow| Unit {
            load: load.get(&(role, row.id)).copied().unwrap_or(0),
            id: row.id,
            name: row.name,
            department_id: row.department_id,
        }
    };
    Ok(Field {
        leaders: staff(tx, zone, Duty::LeadLeader).await?.into_iter().map(unit(Duty::LeadLeader)).collect(),
        departments: own_departments(tx, zone).await?.into_iter().map(unit(Duty::LeadDept)).collect(),
        officers: staff(tx, zone, Duty::Officer).await?.into_iter().map(unit(Duty::Officer)).collect(),
        neighbours: neighbours(tx, zone).await?,
    })
}

impl LoadRow {
    /// The weights of what it counts, added up.
    pub fn weight(&self) -> i64 {
        self.subjects * weight(self.kind, false, None) + self.key + self.big
    }
}

/// How many rows a batch opened, and how many of them followed another.
pub async fn batch(tx: &mut Tx, zone: Uuid, batch: Uuid) -> Result<(i64, i64)> {
    tx.one(sql!(
        "SELECT count(*), CAST(COALESCE(SUM(CASE WHEN EXISTS (
             SELECT 1 FROM assignment o WHERE o.zone_id = a.zone_id AND o.subject_id = a.subject_id AND o.successor_id = a.id
           ) THEN 1 ELSE 0 END), 0) AS bigint)
         FROM assignment a WHERE a.zone_id = $1 AND a.batch_id = $2",
        zone,
        batch
    ))
    .await
}

/// Subjects with that in their name, at most twenty.
pub async fn find_subjects(tx: &mut Tx, zone: Uuid, q: &str) -> Result<Vec<Named>> {
    let like = format!("%{}%", q.replace(['%', '_'], ""));
    let rows: Vec<(SubjectKind, Uuid, String, String)> = tx
        .list(sql!(
            "SELECT kind, id, name, short_name FROM (
               SELECT 'enterprise' AS kind, id, name, short_name FROM enterprise
                 WHERE zone_id = $1 AND merged_into IS NULL
               UNION ALL SELECT 'carrier' AS kind, id, name, short_name FROM carrier WHERE zone_id = $1
               UNION ALL SELECT 'project' AS kind, id, name, short_name FROM project WHERE zone_id = $1
             ) AS s WHERE name LIKE $2 OR short_name LIKE $2 ORDER BY name, id LIMIT 20",
            zone,
            like
        ))
        .await?;
    Ok(rows.into_iter().map(|(kind, id, name, short_name)| Named { kind, id, name, short_name }).collect())
}
