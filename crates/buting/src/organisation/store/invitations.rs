//! The SQL of invitations and resets.

use crate::actor::Actor;
use crate::list::{Key, Walk, like};
use crate::organisation::{Invitation, InvitationState, Purpose};
use crate::time::Time;
use ::store::{FromRow, Result, Row, Sql, Tx, from_row, sql};
use uuid::Uuid;

/// An invitation about to be made.
pub struct NewInvitation {
    pub id: Uuid,
    pub person_id: Uuid,
    pub purpose: Purpose,
    pub digest: [u8; 32],
    pub code_digest: [u8; 32],
    pub made_by: Option<Uuid>,
    pub at: Time,
    pub expires_at: Time,
}

pub async fn insert(tx: &mut Tx, zone: Uuid, new: &NewInvitation) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO invitation (zone_id, id, person_id, purpose, digest, code_digest, made_by, created_at, expires_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
        zone,
        new.id,
        new.person_id,
        new.purpose,
        new.digest,
        new.code_digest,
        new.made_by,
        new.at,
        new.expires_at
    ))
    .await
    .map(drop)
}

/// What an accepted link or code leads to.
#[derive(Clone, Debug)]
pub struct Found {
    pub zone_id: Uuid,
    pub id: Uuid,
    pub person_id: Uuid,
    pub purpose: Purpose,
    pub expires_at: Time,
    pub used_at: Option<Time>,
    pub revoked_at: Option<Time>,
}

from_row!(Found { zone_id, id, person_id, purpose, expires_at, used_at, revoked_at });

/// The invitation of a link or of a code, of any zone.
pub async fn by_digest(tx: &mut Tx, digest: &[u8; 32], is_code: bool) -> Result<Option<Found>> {
    let mut query =
        Sql::from("SELECT zone_id, id, person_id, purpose, expires_at, used_at, revoked_at FROM invitation WHERE ");
    query.push(if is_code { "code_digest" } else { "digest" }).push(" = ").arg(digest.as_slice());
    tx.opt(query).await
}

/// Uses an invitation up; false when somebody was quicker.
pub async fn use_up(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE invitation SET used_at = $1, version = version + 1
             WHERE zone_id = $2 AND id = $3 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $1",
            at,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

/// Revokes what is open of a person; answers how many there were.
pub async fn revoke_open(tx: &mut Tx, zone: Uuid, person: Uuid, purpose: Option<Purpose>, at: Time) -> Result<u64> {
    let mut query = sql!(
        "UPDATE invitation SET revoked_at = $1, version = version + 1
         WHERE zone_id = $2 AND person_id = $3 AND used_at IS NULL AND revoked_at IS NULL",
        at,
        zone,
        person
    );
    if let Some(purpose) = purpose {
        query.push(" AND purpose = ").arg(purpose);
    }
    tx.run(query).await
}

/// Revokes one; false when it was used or revoked before.
pub async fn revoke(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE invitation SET revoked_at = $1, version = version + 1
             WHERE zone_id = $2 AND id = $3 AND used_at IS NULL AND revoked_at IS NULL",
            at,
            zone,
            id
        ))
        .await?;
    Ok(n == 1)
}

/// A row of a list; its state depends on the time.
struct InvitationRow {
    id: Uuid,
    person_id: Uuid,
    name: String,
    place: Option<String>,
    purpose: Purpose,
    created_at: Time,
    expires_at: Time,
    used_at: Option<Time>,
    revoked_at: Option<Time>,
    made_by: Option<Uuid>,
    version: i64,
}

from_row!(InvitationRow {
    id,
    person_id,
    name,
    place,
    purpose,
    created_at,
    expires_at,
    used_at,
    revoked_at,
    made_by,
    version,
});

/// What a list of invitations is sorted by.
pub const KEYS: &[Key] = &[
    Key::number("created", "i.created_at"),
    Key::number("expires", "i.expires_at"),
    Key::text("name", "p.spelling"),
    Key::text("place", "COALESCE(d.short_name, e.short_name, j.short_name, '')"),
];

impl InvitationRow {
    fn at(self, now: Time) -> Invitation {
        let state = match (self.used_at, self.revoked_at) {
            (Some(_), _) => InvitationState::Used,
            (None, Some(_)) => InvitationState::Revoked,
            (None, None) if self.expires_at <= now => InvitationState::Expired,
            (None, None) => InvitationState::Open,
        };
        Invitation {
            id: self.id,
            person_id: self.person_id,
            name: self.name,
            place: self.place,
            purpose: self.purpose,
            state,
            created_at: self.created_at,
            expires_at: self.expires_at,
            made_by: self.made_by,
            version: self.version,
        }
    }
}

/// What a list of invitations is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    pub id: Option<Uuid>,
    pub state: Option<InvitationState>,
    pub q: Option<&'a str>,
    /// Only those of this enterprise or project.
    pub subject: Option<Uuid>,
    /// Only those made by this person.
    pub made_by: Option<Uuid>,
    /// Only those of people whose main post is in this department.
    pub department: Option<Uuid>,
}

const FROM: &str = " FROM invitation i
   JOIN person p ON p.zone_id = i.zone_id AND p.id = i.person_id
   LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
   LEFT JOIN enterprise e ON e.zone_id = p.zone_id AND e.id = p.enterprise_id
   LEFT JOIN project j ON j.zone_id = p.zone_id AND j.id = p.project_id";

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter<'_>, now: Time) {
    query.push(" WHERE i.zone_id = ").arg(zone);
    if let Some(id) = filter.id {
        query.push(" AND i.id = ").arg(id);
    }
    if let Some(subject) = filter.subject {
        query.push(" AND (p.enterprise_id = ").arg(subject).push(" OR p.project_id = ").arg(subject).push(")");
    }
    if let Some(department) = filter.department {
        query.push(" AND p.department_id = ").arg(department);
    }
    if let Some(by) = filter.made_by {
        query.push(" AND i.made_by = ").arg(by);
    }
    if let Some(q) = filter.q.filter(|q| !q.trim().is_empty()) {
        query.push(" AND (p.name LIKE ").arg(like(q)).push(" OR e.short_name LIKE ").arg(like(q));
        query.push(" OR d.short_name LIKE ").arg(like(q)).push(")");
    }
    match filter.state {
        None => {}
        Some(InvitationState::Used) => {
            query.push(" AND i.used_at IS NOT NULL");
        }
        Some(InvitationState::Revoked) => {
            query.push(" AND i.used_at IS NULL AND i.revoked_at IS NOT NULL");
        }
        Some(InvitationState::Expired) => {
            query.push(" AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at <= ").arg(now);
        }
        Some(InvitationState::Open) => {
            query.push(" AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > ").arg(now);
        }
    }
}

/// Invitations in order, and the cursor of the rest.
pub async fn list(
    tx: &mut Tx,
    zone: Uuid,
    filter: &Filter<'_>,
    now: Time,
    walk: &Walk,
) -> Result<(Vec<Invitation>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT i.id, i.person_id, p.name, i.purpose, i.created_at, i.expires_at, i.used_at, i.revoked_at, i.made_by,
           i.version, COALESCE(d.short_name, e.short_name, j.short_name) AS place",
    );
    walk.column(&mut query);
    query.push(FROM);
    narrow(&mut query, zone, filter, now);
    let (rows, next) = walk.list::<InvitationRow>(tx, query, "i.id").await?;
    Ok((rows.into_iter().map(|row| row.at(now)).collect(), next))
}

/// One of them.
pub async fn one(tx: &mut Tx, zone: Uuid, filter: &Filter<'_>, now: Time) -> Result<Option<Invitation>> {
    Ok(list(tx, zone, filter, now, &Walk::first(KEYS, 1)).await?.0.pop())
}

/// How many invitations a filter matches, counted up to a cap.
pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter<'_>, now: Time, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 AS one");
    query.push(FROM);
    narrow(&mut query, zone, filter, now);
    query.push(" LIMIT ").arg(cap).push(") AS counted");
    tx.value(query).await
}

/// Somebody who could be invited.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub id: Uuid,
    pub name: String,
    pub title: Option<String>,
    pub place: Option<String>,
}

impl FromRow for Candidate {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self { id: row.get("id")?, name: row.get("name")?, title: row.get("title")?, place: row.get("place")? })
    }
}

/// Whom to look for.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    pub people: &'a [Uuid],
    pub department: Option<Uuid>,
    pub enterprises: &'a [Uuid],
    pub carrier: Option<Uuid>,
    pub key_only: bool,
    pub q: Option<&'a str>,
    pub every_enterprise: bool,
    /// Whether staff of the committee are among them.
    pub staff: bool,
    /// Whether people of partner agencies are among them.
    pub partners: bool,
}

/// Carriers as options.
pub async fn carriers(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!("SELECT id, short_name FROM carrier WHERE zone_id = $1 ORDER BY short_name, id", zone)).await
}

/// People who are there, are wanted, and have no account in use. `reach` limits
/// enterprises and projects to those that the actor reaches.
pub async fn candidates(
    tx: &mut Tx,
    who: &Actor,
    wanted: &Wanted<'_>,
    reach: Option<Sql>,
    limit: i64,
) -> Result<Vec<Candidate>> {
    let mut query = Sql::from(
        "SELECT p.id, p.name, p.title, COALESCE(d.short_name, e.short_name, j.short_name) AS place
         FROM person p
         LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
         LEFT JOIN enterprise e ON e.zone_id = p.zone_id AND e.id = p.enterprise_id
         LEFT JOIN project j ON j.zone_id = p.zone_id AND j.id = p.project_id
         LEFT JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         WHERE p.zone_id = ",
    );
    query.arg(who.zone_id).push(" AND p.left_at IS NULL AND NOT p.partial");
    query.push(" AND (a.id IS NULL OR (a.password_hash IS NULL AND a.disabled_at IS NULL))");
    query.push(" AND (p.id IN ").list(wanted.people.iter().copied());
    if let Some(department) = wanted.department {
        query.push(" OR p.department_id = ").arg(department);
    }
    query.push(" OR p.enterprise_id IN ").list(wanted.enterprises.iter().copied());
    if let Some(carrier) = wanted.carrier {
        query.push(" OR e.carrier_id = ").arg(carrier);
    }
    if wanted.every_enterprise {
        query.push(" OR p.enterprise_id IS NOT NULL");
    }
    query.push(")");
    if wanted.key_only {
        query.push(" AND (e.id IS NULL OR e.key)");
    }
    if let Some(q) = wanted.q.filter(|q| !q.trim().is_empty()) {
        query.push(" AND (e.name LIKE ").arg(like(q)).push(" OR e.short_name LIKE ").arg(like(q));
        query.push(" OR p.name LIKE ").arg(like(q)).push(")");
    }
    if !wanted.staff {
        query.push(" AND (p.department_id IS NULL OR d.kind NOT IN ").list(super::own_kinds()).push(")");
    }
    if !wanted.partners {
        query.push(" AND (p.department_id IS NULL OR d.kind IN ").list(super::own_kinds()).push(")");
    }
    if let Some(reach) = reach {
        query.push(" AND (p.department_id IS NOT NULL OR ").append(reach).push(")");
    }
    query.push(" ORDER BY place, p.position, p.id LIMIT ").arg(limit);
    tx.list(query).await
}
