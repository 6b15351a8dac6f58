use super::{
    Level, Linked, Member, Milestone, MilestoneState, NewMember, NewMilestone, Pair, Project, Side, Stage, TaskForce,
    milestone_state,
};
use crate::list::{Key, Walk, like};
use crate::time::{Day, Time};
use ::store::{FromRow, Result, Row, Sql, Tx, from_row, sql};
use hanzi::pinyin::spelling_keys;
use uuid::Uuid;

const PROJECT: &str = "SELECT p.id, p.name, p.short_name, p.code, p.level, p.level_text, p.owner_name, p.contractor,
   p.enterprise_id, p.carrier_id, c.short_name AS carrier, p.site, p.stage, p.works, p.closed_at, p.created_at, p.version";
const PROJECT_FROM: &str = " FROM project p LEFT JOIN carrier c ON c.zone_id = p.zone_id AND c.id = p.carrier_id";

/// What a list of projects is sorted by.
pub const KEYS: &[Key] = &[
    Key::text("name", "p.spelling"),
    Key::number("stage", STAGE),
    Key::number("level", LEVEL),
    Key::text("carrier", "coalesce(c.spelling, '')"),
    Key::number("created", "p.created_at"),
];

/// Stages by how far the project has come ([`Stage`]).
const STAGE: &str = "CASE p.stage WHEN 'signed' THEN 1 WHEN 'registered' THEN 2 WHEN 'approved' THEN 3
   WHEN 'land' THEN 4 WHEN 'planning' THEN 5 WHEN 'assessment' THEN 6 WHEN 'drawings' THEN 7 WHEN 'permit' THEN 8
   WHEN 'started' THEN 9 WHEN 'construction' THEN 10 WHEN 'acceptance' THEN 11 WHEN 'production' THEN 12
   WHEN 'full_capacity' THEN 13 ELSE 99 END";

/// Levels from the state's to the zone's ([`Level`]).
const LEVEL: &str =
    "CASE p.level WHEN 'national' THEN 1 WHEN 'province' THEN 2 WHEN 'city' THEN 3 WHEN 'zone' THEN 4 ELSE 99 END";

/// What a list of milestones is sorted by.
pub const MILESTONE_KEYS: &[Key] = &[
    Key::text("plan", "m.plan_on"),
    Key::text("name", "m.name"),
    Key::text("project", "j.spelling"),
    Key::text("owner", "coalesce(o.spelling, '')"),
    Key::number("moves", "m.moves"),
];

pub async fn project(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Project>> {
    let mut query = Sql::from(PROJECT);
    query.push(PROJECT_FROM).push(" WHERE p.zone_id = ").arg(zone).push(" AND p.id = ").arg(id);
    tx.opt(query).await
}

/// Holds projects against other writers until the end of the transaction.
pub async fn hold(tx: &mut Tx, zone: Uuid, after: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    let mut query =
        sql!("SELECT id FROM project WHERE zone_id = $1 AND id > $2 ORDER BY id LIMIT $3", zone, after, limit as i64);
    query.push(tx.dialect().pick("", " FOR UPDATE"));
    let rows: Vec<(Uuid,)> = tx.list(query).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Another project with this code.
pub async fn coded(tx: &mut Tx, zone: Uuid, code: &str, but: Uuid) -> Result<Option<Uuid>> {
    tx.opt_value(sql!("SELECT id FROM project WHERE zone_id = $1 AND code = $2 AND id <> $3", zone, code, but)).await
}

/// What a list of projects is asked.
#[derive(Default)]
pub struct Filter {
    pub stage: Option<Stage>,
    pub level: Option<Level>,
    pub carrier_id: Option<Uuid>,
    pub only: Option<Uuid>,
    pub without_pair: bool,
    pub closed: bool,
    /// A condition on words, on `p.id`.
    pub words: Option<Sql>,
    /// A condition on what is mine, on `p.id`.
    pub mine: Option<Sql>,
}

fn narrow(query: &mut Sql, zone: Uuid, filter: &Filter) {
    query.push(" WHERE p.zone_id = ").arg(zone);
    query.push(if filter.closed { " AND p.closed_at IS NOT NULL" } else { " AND p.closed_at IS NULL" });
    if let Some(stage) = filter.stage {
        query.push(" AND p.stage = ").arg(stage);
    }
    if let Some(level) = filter.level {
        query.push(" AND p.level = ").arg(level);
    }
    if let Some(carrier) = filter.carrier_id {
        query.push(" AND p.carrier_id = ").arg(carrier);
    }
    if let Some(only) = filter.only {
        query.push(" AND p.id = ").arg(only);
    }
    if filter.without_pair {
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM project_contact k
                JOIN person t ON t.zone_id = k.zone_id AND t.id = k.their_person_id AND t.left_at IS NULL
                LEFT JOIN person o ON o.zone_id = k.zone_id AND o.id = k.our_person_id AND o.left_at IS NULL
                LEFT JOIN person b ON b.zone_id = k.zone_id AND b.id = k.backup_person_id AND b.left_at IS NULL
                WHERE k.zone_id = p.zone_id AND k.project_id = p.id AND k.valid_to IS NULL
                  AND (o.id IS NOT NULL OR b.id IS NOT NULL))",
        );
    }
    for condition in filter.words.iter().chain(&filter.mine) {
        query.push(" AND ").append(condition.clone());
    }
}

/// Projects in order, and the cursor of the rest.
pub async fn projects(tx: &mut Tx, zone: Uuid, filter: &Filter, walk: &Walk) -> Result<(Vec<Project>, Option<String>)> {
    let mut query = Sql::from(PROJECT);
    walk.column(&mut query);
    query.push(PROJECT_FROM);
    narrow(&mut query, zone, filter);
    walk.list(tx, query, "p.id").await
}

pub async fn count(tx: &mut Tx, zone: Uuid, filter: &Filter, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT p.id FROM project p");
    narrow(&mut query, zone, filter);
    query.push(" LIMIT ").arg(cap + 1).push(") AS counted");
    tx.value(query).await
}

pub async fn insert(tx: &mut Tx, zone: Uuid, project: &Project) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO project (zone_id, id, name, short_name, code, level, level_text, owner_name, contractor,
           enterprise_id, carrier_id, site, stage, works, spelling, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1)",
        zone,
        project.id,
        project.name,
        project.short_name,
        project.code,
        project.level,
        project.level_text,
        project.owner_name,
        project.contractor,
        project.enterprise_id,
        project.carrier_id,
        project.site,
        project.stage,
        project.works,
        spelling_keys(&project.name),
        project.created_at
    ))
    .await
    .map(drop)
}

/// Keeps a changed project; false when somebody else changed it before.
pub async fn delete(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    tx.run(sql!("DELETE FROM project WHERE zone_id = $1 AND id = $2", zone, id)).await.map(drop)
}

pub async fn update(tx: &mut Tx, zone: Uuid, project: &Project, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE project SET name = $1, short_name = $2, code = $3, level = $4, level_text = $5, owner_name = $6,
               contractor = $7, enterprise_id = $8, carrier_id = $9, site = $10, stage = $11, works = $12, spelling = $13,
               closed_at = $14, version = version + 1
             WHERE zone_id = $15 AND id = $16 AND version = $17",
            project.name,
            project.short_name,
            project.code,
            project.level,
            project.level_text,
            project.owner_name,
            project.contractor,
            project.enterprise_id,
            project.carrier_id,
            project.site,
            project.stage,
            project.works,
            spelling_keys(&project.name),
            project.closed_at,
            zone,
            project.id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// Whether the zone has that enterprise or carrier.
pub async fn has(tx: &mut Tx, zone: Uuid, enterprise: Option<Uuid>, carrier: Option<Uuid>) -> Result<(bool, bool)> {
    let mut found = (true, true);
    if let Some(id) = enterprise {
        // Held, so that it is not merged away beside this.
        let mut query =
            sql!("SELECT id FROM enterprise WHERE zone_id = $1 AND id = $2 AND merged_into IS NULL", zone, id);
        query.push(tx.dialect().pick("", " FOR SHARE"));
        found.0 = tx.opt_value::<Uuid>(query).await?.is_some();
    }
    if let Some(id) = carrier {
        let query = sql!("SELECT count(*) FROM carrier WHERE zone_id = $1 AND id = $2", zone, id);
        found.1 = tx.value::<i64>(query).await? == 1;
    }
    Ok(found)
}

/// Open carriers by name.
pub async fn carriers(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String)>> {
    tx.list(sql!("SELECT id, short_name FROM carrier WHERE zone_id = $1 AND closed_at IS NULL ORDER BY name, id", zone))
        .await
}

/// How many milestones of each project are late.
pub async fn late(tx: &mut Tx, zone: Uuid, projects: &[Uuid], today: Day) -> Result<Vec<(Uuid, i64)>> {
    let mut query = sql!("SELECT project_id, count(*) FROM milestone WHERE zone_id = $1 AND done_on IS NULL", zone);
    query.push(" AND plan_on < ").arg(today).push(" AND project_id IN ").list(projects.iter().copied());
    query.push(" GROUP BY project_id");
    tx.list(query).await
}

/// Where a person belongs, as far as projects care.
pub struct Home {
    pub department_id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    pub left_at: Option<Time>,
}

from_row!(Home { department_id, project_id, left_at });

pub async fn home(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<Home>> {
    tx.opt(sql!("SELECT department_id, project_id, left_at FROM person WHERE zone_id = $1 AND id = $2", zone, person))
        .await
}

/// The project's own people.
pub async fn people(tx: &mut Tx, zone: Uuid, project: Uuid) -> Result<Vec<Side>> {
    tx.list(sql!(
        "SELECT id AS person_id, name, title, phone, left_at IS NOT NULL AS gone FROM person
         WHERE zone_id = $1 AND project_id = $2 AND left_at IS NULL ORDER BY position, id",
        zone,
        project
    ))
    .await
}

from_row!(Side { person_id, name, title, phone, gone });

/// Accounts of the project's people.
pub async fn accounts(tx: &mut Tx, zone: Uuid, project: Uuid) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT p.id FROM person p JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
             WHERE p.zone_id = $1 AND p.project_id = $2 AND p.left_at IS NULL AND a.disabled_at IS NULL ORDER BY p.id",
            zone,
            project
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

impl FromRow for Pair {
    fn from_row(row: &Row) -> Result<Self> {
        fn side(row: &Row, names: [&str; 5]) -> Result<Option<Side>> {
            let Some(name) = row.get::<Option<String>>(names[1])? else { return Ok(None) };
            Ok(Some(Side {
                person_id: row.get(names[0])?,
                name,
                title: row.get(names[2])?,
                phone: row.get(names[3])?,
                gone: row.get::<Option<i64>>(names[4])?.is_some(),
            }))
        }
        let ours = side(row, ["our_person_id", "our_name", "our_title", "our_phone", "our_left"])?;
        let theirs = side(row, ["their_person_id", "their_name", "their_title", "their_phone", "their_left"])?;
        Ok(Self {
            id: row.get("id")?,
            project_id: row.get("project_id")?,
            ours: ours.ok_or(::store::Error::Missing)?,
            backup: side(row, ["backup_person_id", "backup_name", "backup_title", "backup_phone", "backup_left"])?,
            theirs: theirs.ok_or(::store::Error::Missing)?,
            wechat: row.get("wechat")?,
            valid_from: row.get("valid_from")?,
            valid_to: row.get("valid_to")?,
            version: row.get("version")?,
        })
    }
}

/// Every pair that a project had, newest first; the first is the current one
/// when it has not ended.
pub async fn pairs(tx: &mut Tx, zone: Uuid, projects: &[Uuid], current: bool) -> Result<Vec<Pair>> {
    let mut query = Sql::from(
        "SELECT k.id, k.project_id, k.wechat, k.valid_from, k.valid_to, k.version,
           k.our_person_id, o.name AS our_name, o.title AS our_title, COALESCE(o.phone, od.phone) AS our_phone,
           o.left_at AS our_left,
           k.backup_person_id, b.name AS backup_name, b.title AS backup_title, COALESCE(b.phone, bd.phone) AS backup_phone,
           b.left_at AS backup_left,
           k.their_person_id, t.name AS their_name, t.title AS their_title, t.phone AS their_phone, t.left_at AS their_left
         FROM project_contact k
         LEFT JOIN person o ON o.zone_id = k.zone_id AND o.id = k.our_person_id
         LEFT JOIN department od ON od.zone_id = o.zone_id AND od.id = o.department_id
         LEFT JOIN person b ON b.zone_id = k.zone_id AND b.id = k.backup_person_id
         LEFT JOIN department bd ON bd.zone_id = b.zone_id AND bd.id = b.department_id
         LEFT JOIN person t ON t.zone_id = k.zone_id AND t.id = k.their_person_id
         WHERE k.zone_id = ",
    );
    query.arg(zone).push(" AND k.project_id IN ").list(projects.iter().copied());
    if current {
        query.push(" AND k.valid_to IS NULL");
    }
    query.push(" ORDER BY k.valid_from DESC, k.id DESC");
    tx.list(query).await
}

/// A pair to keep.
pub struct PairRow<'a> {
    pub id: Uuid,
    pub project_id: Uuid,
    pub ours: Uuid,
    pub backup: Option<Uuid>,
    pub theirs: Uuid,
    pub wechat: Option<&'a str>,
    pub at: Time,
}

pub async fn insert_pair(tx: &mut Tx, zone: Uuid, pair: &PairRow<'_>) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO project_contact (zone_id, id, project_id, our_person_id, backup_person_id, their_person_id, wechat,
           valid_from, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
        zone,
        pair.id,
        pair.project_id,
        pair.ours,
        pair.backup,
        pair.theirs,
        pair.wechat,
        pair.at
    ))
    .await
    .map(drop)
}

pub async fn end_pair(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time, reason: &str) -> Result<()> {
    tx.run(sql!(
        "UPDATE project_contact SET valid_to = $1, end_reason = $2, version = version + 1
         WHERE zone_id = $3 AND id = $4 AND valid_to IS NULL",
        at,
        reason,
        zone,
        id
    ))
    .await
    .map(drop)
}

/// Takes hold of a project, so that two changes of its pair follow each other.
pub async fn lock(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<()> {
    let mut query = sql!("SELECT 1 FROM project WHERE zone_id = $1 AND id = $2", zone, id);
    query.push(tx.dialect().pick("", " FOR NO KEY UPDATE"));
    tx.all(query).await.map(drop)
}

// ---- milestones --------------------------------------------------------------

struct MilestoneRow(Milestone);

impl FromRow for MilestoneRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(Milestone {
            id: row.get("id")?,
            project_id: row.get("project_id")?,
            project: row.get("project")?,
            name: row.get("name")?,
            original_on: row.get("original_on")?,
            plan_on: row.get("plan_on")?,
            done_on: row.get("done_on")?,
            moves: row.get("moves")?,
            moved_because: row.get("moved_because")?,
            owner_id: row.get("owner_id")?,
            owner: row.get("owner")?,
            note: row.get("note")?,
            state: MilestoneState::NotDue,
            version: row.get("version")?,
        }))
    }
}

/// What a list of milestones is asked.
#[derive(Default)]
pub struct MilestoneFilter {
    pub id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub state: Option<MilestoneState>,
    /// A part of its name, or what the words of its project match.
    pub q: Option<(String, Option<Sql>)>,
}

fn narrow_milestones(query: &mut Sql, zone: Uuid, filter: &MilestoneFilter, today: Day) {
    let soon = Day(today.0.saturating_add(jiff::Span::new().days(7)));
    query.push(" WHERE m.zone_id = ").arg(zone);
    if let Some(id) = filter.id {
        query.push(" AND m.id = ").arg(id);
    }
    if let Some(id) = filter.project_id {
        query.push(" AND m.project_id = ").arg(id);
    }
    if let Some(id) = filter.owner_id {
        query.push(" AND m.owner_id = ").arg(id);
    }
    if let Some((q, projects)) = &filter.q {
        query.push(" AND (m.name LIKE ").arg(like(q));
        if let Some(projects) = projects {
            query.push(" OR ").append(projects.clone());
        }
        query.push(")");
    }
    match filter.state {
        None => {}
        Some(MilestoneState::Late) => _ = query.push(" AND m.done_on IS NULL AND m.plan_on < ").arg(today),
        Some(MilestoneState::Near) => {
            query.push(" AND m.done_on IS NULL AND m.plan_on >= ").arg(today).push(" AND m.plan_on <= ").arg(soon);
        }
        Some(MilestoneState::NotDue) => _ = query.push(" AND m.done_on IS NULL AND m.plan_on > ").arg(soon),
        Some(MilestoneState::Done) => _ = query.push(" AND m.done_on <= m.original_on"),
        Some(MilestoneState::DoneLate) => _ = query.push(" AND m.done_on > m.original_on"),
    }
}

/// Milestones in order, and the cursor of the rest.
pub async fn milestones(
    tx: &mut Tx,
    zone: Uuid,
    filter: &MilestoneFilter,
    today: Day,
    walk: &Walk,
) -> Result<(Vec<Milestone>, Option<String>)> {
    let mut query = Sql::from(
        "SELECT m.id, m.project_id, j.short_name AS project, m.name, m.original_on, m.plan_on, m.done_on, m.moves,
           m.moved_because, m.owner_id, o.name AS owner, m.note, m.version",
    );
    walk.column(&mut query);
    query.push(
        " FROM milestone m JOIN project j ON j.zone_id = m.zone_id AND j.id = m.project_id
         LEFT JOIN person o ON o.zone_id = m.zone_id AND o.id = m.owner_id",
    );
    narrow_milestones(&mut query, zone, filter, today);
    let (rows, next) = walk.list::<MilestoneRow>(tx, query, "m.id").await?;
    let stated = |MilestoneRow(mut row): MilestoneRow| {
        row.state = milestone_state(row.original_on, row.plan_on, row.done_on, today);
        row
    };
    Ok((rows.into_iter().map(stated).collect(), next))
}

/// The first of them by date.
pub async fn first_milestones(
    tx: &mut Tx,
    zone: Uuid,
    filter: &MilestoneFilter,
    today: Day,
    limit: i64,
) -> Result<Vec<Milestone>> {
    Ok(milestones(tx, zone, filter, today, &Walk::first(MILESTONE_KEYS, limit)).await?.0)
}

pub async fn count_milestones(tx: &mut Tx, zone: Uuid, filter: &MilestoneFilter, today: Day, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT m.id FROM milestone m");
    narrow_milestones(&mut query, zone, filter, today);
    query.push(" LIMIT ").arg(cap + 1).push(") AS counted");
    tx.value(query).await
}

pub async fn insert_milestone(tx: &mut Tx, zone: Uuid, id: Uuid, new: &NewMilestone, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO milestone (zone_id, id, project_id, name, original_on, plan_on, moves, owner_id, note, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $5, 0, $6, $7, $8, 1)",
        zone,
        id,
        new.project_id,
        new.name,
        new.plan_on,
        new.owner_id,
        new.note,
        at
    ))
    .await
    .map(drop)
}

/// Keeps a changed milestone; false when somebody else changed it before.
pub async fn update_milestone(tx: &mut Tx, zone: Uuid, one: &Milestone, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE milestone SET plan_on = $1, done_on = $2, moves = $3, moved_because = $4, owner_id = $5, note = $6,
               version = version + 1
             WHERE zone_id = $7 AND id = $8 AND version = $9",
            one.plan_on,
            one.done_on,
            one.moves,
            one.moved_because,
            one.owner_id,
            one.note,
            zone,
            one.id,
            version
        ))
        .await?;
    Ok(n == 1)
}

// ---- task forces -------------------------------------------------------------

struct ForceRow(TaskForce);

impl FromRow for ForceRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self(TaskForce {
            id: row.get("id")?,
            name: row.get("name")?,
            leader_id: row.get("leader_id")?,
            leader: row.get::<Option<String>>("leader")?.unwrap_or_default(),
            founded_on: row.get("founded_on")?,
            members: Vec::new(),
            projects: Vec::new(),
            note: row.get("note")?,
            closed_at: row.get("closed_at")?,
            version: row.get("version")?,
        }))
    }
}

/// Task forces with their members and projects: one, those of a project, or all
/// that are at work.
pub async fn task_forces(tx: &mut Tx, zone: Uuid, id: Option<Uuid>, project: Option<Uuid>) -> Result<Vec<TaskForce>> {
    let mut query = Sql::from(
        "SELECT f.id, f.name, f.leader_id, l.name AS leader, f.founded_on, f.note, f.closed_at, f.version
         FROM task_force f LEFT JOIN person l ON l.zone_id = f.zone_id AND l.id = f.leader_id WHERE f.zone_id = ",
    );
    query.arg(zone);
    match id {
        Some(id) => query.push(" AND f.id = ").arg(id),
        None => query.push(" AND f.closed_at IS NULL"),
    };
    if let Some(project) = project {
        query.push(" AND f.id IN (SELECT x.task_force_id FROM task_force_project x WHERE x.zone_id = ").arg(zone);
        query.push(" AND x.project_id = ").arg(project).push(" AND x.valid_to IS NULL)");
    }
    query.push(" ORDER BY f.founded_on, f.id");
    let mut forces: Vec<TaskForce> = tx.list::<ForceRow>(query).await?.into_iter().map(|row| row.0).collect();
    for force in &mut forces {
        let members: Vec<(Uuid, String, Option<String>)> = tx
            .list(sql!(
                "SELECT m.person_id, p.name, m.duty FROM task_force_member m
                 JOIN person p ON p.zone_id = m.zone_id AND p.id = m.person_id
                 WHERE m.zone_id = $1 AND m.task_force_id = $2 AND m.valid_to IS NULL ORDER BY p.position, p.id",
                zone,
                force.id
            ))
            .await?;
        force.members = members.into_iter().map(|(person_id, name, duty)| Member { person_id, name, duty }).collect();
        let projects: Vec<(Uuid, String)> = tx
            .list(sql!(
                "SELECT x.project_id, j.short_name FROM task_force_project x
                 JOIN project j ON j.zone_id = x.zone_id AND j.id = x.project_id
                 WHERE x.zone_id = $1 AND x.task_force_id = $2 AND x.valid_to IS NULL ORDER BY j.name, j.id",
                zone,
                force.id
            ))
            .await?;
        force.projects = projects.into_iter().map(|(project_id, name)| Linked { project_id, name }).collect();
    }
    Ok(forces)
}

pub async fn insert_task_force(tx: &mut Tx, zone: Uuid, force: &TaskForce, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO task_force (zone_id, id, name, leader_id, founded_on, note, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1)",
        zone,
        force.id,
        force.name,
        force.leader_id,
        force.founded_on,
        force.note,
        at
    ))
    .await
    .map(drop)
}

/// Keeps a changed task force; false when somebody else changed it before.
pub async fn update_task_force(tx: &mut Tx, zone: Uuid, force: &TaskForce, version: i64) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE task_force SET name = $1, leader_id = $2, note = $3, closed_at = $4, version = version + 1
             WHERE zone_id = $5 AND id = $6 AND version = $7",
            force.name,
            force.leader_id,
            force.note,
            force.closed_at,
            zone,
            force.id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// Makes these the members: who is not named leaves, who is new joins, whose
/// duty changed leaves and joins at the same instant.
pub async fn set_members(tx: &mut Tx, zone: Uuid, force: &TaskForce, members: &[NewMember], at: Time) -> Result<()> {
    let stays =
        |person: Uuid, duty: &Option<String>| members.iter().any(|new| new.person_id == person && new.duty == *duty);
    for old in force.members.iter().filter(|old| !stays(old.person_id, &old.duty)) {
        tx.run(sql!(
            "UPDATE task_force_member SET valid_to = $1
             WHERE zone_id = $2 AND task_force_id = $3 AND person_id = $4 AND valid_to IS NULL",
            at,
            zone,
            force.id,
            old.person_id
        ))
        .await?;
    }
    let there =
        |new: &NewMember| force.members.iter().any(|old| old.person_id == new.person_id && old.duty == new.duty);
    for new in members.iter().filter(|new| !there(new)) {
        tx.run(sql!(
            "INSERT INTO task_force_member (zone_id, task_force_id, person_id, duty, valid_from) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (zone_id, task_force_id, person_id, valid_from) DO UPDATE SET duty = excluded.duty, valid_to = NULL",
            zone,
            force.id,
            new.person_id,
            new.duty,
            at
        ))
        .await?;
    }
    Ok(())
}

/// Makes these the projects.
pub async fn set_projects(tx: &mut Tx, zone: Uuid, force: &TaskForce, projects: &[Uuid], at: Time) -> Result<()> {
    for old in force.projects.iter().filter(|old| !projects.contains(&old.project_id)) {
        tx.run(sql!(
            "UPDATE task_force_project SET valid_to = $1
             WHERE zone_id = $2 AND task_force_id = $3 AND project_id = $4 AND valid_to IS NULL",
            at,
            zone,
            force.id,
            old.project_id
        ))
        .await?;
    }
    for new in projects.iter().filter(|new| !force.projects.iter().any(|old| old.project_id == **new)) {
        tx.run(sql!(
            "INSERT INTO task_force_project (zone_id, task_force_id, project_id, valid_from) VALUES ($1, $2, $3, $4)
             ON CONFLICT (zone_id, task_force_id, project_id, valid_from) DO UPDATE SET valid_to = NULL",
            zone,
            force.id,
            new,
            at
        ))
        .await?;
    }
    Ok(())
}
