//! What the committee looks after: enterprises, carriers, projects. They share
//! assignment, timeline and lights.

use crate::error::{Error, Result};
use crate::search;
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

/// Like [`held`], for who counts what belongs to it before he adds to it: until the end
/// of the transaction nobody else who asks so, or by [`held`], goes on.
pub async fn held_alone(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Named> {
    let lock = tx.dialect().pick("", " FOR NO KEY UPDATE");
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

/// So many are answered by [`called`], at most.
const CALLED: i64 = 20;

/// Those in business that go by a name, a part of it, its pinyin or a code; where some
/// are called exactly so, only those.
pub async fn called(tx: &mut Tx, zone: Uuid, kinds: &[SubjectKind], q: &str) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for kind in kinds {
        let Some(words) = search::matching(tx, zone, kind.word(), "s.id", q).await? else { continue };
        let mut query = Sql::from(match kind {
            SubjectKind::Enterprise => {
                "SELECT s.id, s.name, s.short_name FROM enterprise s
                 WHERE s.merged_into IS NULL AND s.status = 'active' AND s.zone_id = "
            }
            SubjectKind::Carrier => "SELECT s.id, s.name, s.short_name FROM carrier s WHERE s.zone_id = ",
            SubjectKind::Project => {
                "SELECT s.id, s.name, s.short_name FROM project s WHERE s.closed_at IS NULL AND s.zone_id = "
            }
        });
        query.arg(zone).push(" AND ").append(words);
        query.push(" ORDER BY CASE WHEN s.name = ").arg(q).push(" OR s.short_name = ").arg(q);
        query.push(" THEN 0 ELSE 1 END, s.name, s.id LIMIT ").arg(CALLED);
        let rows: Vec<(Uuid, String, String)> = tx.list(query).await?;
        found.extend(rows.into_iter().map(|(id, name, short_name)| Named { kind: *kind, id, name, short_name }));
    }
    let so = |one: &Named| one.name == q || one.short_name == q;
    if found.iter().any(so) {
        found.retain(so);
    }
    Ok(found)
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
        "remedy" => "solutions",
        "task" => "tasks",
        "document" => "documents",
        "metric_freeze" => "figures/frozen",
        "screening_point" => "screening/points",
        "screening_round" => "screening/rounds",
        "screening_training" => "screening/trainings",
        "application" => "applications",
        "matter" => "matters",
        "readiness_plan" => "plans",
        "closed_loop" => "closed-loops",
        _ => return None,
    };
    Some(format!("/{collection}/{id}"))
}
