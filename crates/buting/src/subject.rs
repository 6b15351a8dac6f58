//! What the committee looks after: enterprises, carriers, projects. They share
//! assignment, timeline and lights.

use crate::error::{Error, Result};
use crate::words;
use ::store::{Sql, Tx, sql};
use uuid::Uuid;

words! {
    /// What a subject is.
    pub enum SubjectKind {
        /// 企业
        Enterprise = "enterprise",
        /// 载体（园区、孵化器、加速器…）
        Carrier = "carrier",
        /// 项目
        Project = "project",
    }
}

impl SubjectKind {
    /// The page of one.
    pub fn href(self, id: Uuid) -> String {
        match self {
            Self::Enterprise => format!("/enterprises/{id}"),
            Self::Carrier => format!("/carriers/{id}"),
            Self::Project => format!("/projects/{id}"),
        }
    }
}

/// A subject by name.
#[derive(Clone, Debug)]
pub struct Named {
    /// What it is.
    pub kind: SubjectKind,
    /// Its key.
    pub id: Uuid,
    /// Its full name.
    pub name: String,
    /// Its short name, as it stands in tables.
    pub short_name: String,
}

/// The name of a subject; `NotFound` when the zone has none of that kind.
pub async fn named(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Named> {
    find(tx, zone, kind, id, "").await
}

/// Like [`named`], for who is about to attach something to it: until the end of the
/// transaction it is neither merged away nor taken out. Ask before anything that
/// belongs to it is changed, so that two never wait for each other. SQLite has one
/// writer and needs no lock.
pub async fn held(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Named> {
    let lock = tx.dialect().pick("", " FOR SHARE");
    find(tx, zone, kind, id, lock).await
}

async fn find(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid, lock: &'static str) -> Result<Named> {
    let mut query = Sql::from(match kind {
        // What was merged away is led to the record that stayed by its own page alone.
        SubjectKind::Enterprise => "SELECT name, short_name FROM enterprise WHERE merged_into IS NULL AND",
        SubjectKind::Carrier => "SELECT name, short_name FROM carrier WHERE",
        SubjectKind::Project => "SELECT name, short_name FROM project WHERE",
    });
    query.push(" zone_id = ").arg(zone).push(" AND id = ").arg(id).push(lock);
    let (name, short_name): (String, String) = tx.opt(query).await?.ok_or(Error::NotFound)?;
    Ok(Named { kind, id, name, short_name })
}

/// The enterprise that another was merged into, however often that went on; `None`
/// for one that stands by itself, is not there, or whose last one is gone.
pub async fn merged_into(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Named>> {
    let mut at = id;
    // Merges are few; the bound only keeps a ring, which no merge makes, from holding this up.
    for _ in 0..10 {
        let query = sql!("SELECT merged_into FROM enterprise WHERE zone_id = $1 AND id = $2", zone, at);
        match tx.opt::<(Option<Uuid>,)>(query).await? {
            Some((Some(next),)) => at = next,
            Some((None,)) if at != id => return named(tx, zone, SubjectKind::Enterprise, at).await.map(Some),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The people of an enterprise or project who can sign in, at most 100. A carrier
/// has none of its own.
pub async fn accounts(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Vec<Uuid>> {
    let mut query = Sql::from(
        "SELECT p.id FROM person p JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         WHERE p.left_at IS NULL AND a.disabled_at IS NULL AND p.zone_id = ",
    );
    query.arg(zone).push(match kind {
        SubjectKind::Enterprise => " AND p.enterprise_id = ",
        SubjectKind::Project => " AND p.project_id = ",
        SubjectKind::Carrier => return Ok(Vec::new()),
    });
    query.arg(id).push(" ORDER BY p.id LIMIT 100");
    Ok(tx.list::<(Uuid,)>(query).await?.into_iter().map(|(id,)| id).collect())
}

/// The page of a record, by the table that a ledger row or notice names.
pub fn href_of(table: &str, id: Uuid) -> Option<String> {
    let collection = match table {
        "enterprise" => "enterprises",
        "carrier" => "carriers",
        "project" => "projects",
        "appeal" => "appeals",
        "cause" => "causes",
        "visit" => "visits",
        "visit_plan" => "visits/plans",
        "campaign" => "visits/campaigns",
        "promise" => "promises",
        "measure" => "measures",
        "milestone" => "milestones",
        "disruption" => "disruptions",
        "correction" => "corrections",
        "subject_request" => "privacy/requests",
        _ => return None,
    };
    Some(format!("/{collection}/{id}"))
}
