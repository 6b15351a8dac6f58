//! What can be done with projects, their pairs, milestones and task forces.

use super::store::{self, Filter, MilestoneFilter, PairRow};
use super::{
    Level, Milestone, MilestonePatch, MilestoneState, NewMember, NewMilestone, NewPair, NewProject, NewTaskForce, Pair,
    Project, ProjectPatch, Side, Stage, TaskForce, TaskForcePatch,
};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::desk::DECIDERS;
use crate::assignment::reach;
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::Walk;
use crate::organisation::NewPerson;
use crate::organisation::desk::{add_person_in, sealed};
use crate::search;
use crate::time::{Day, Time};
use crate::todo::ToDo;
use crate::zone::Zone;
use ::store::{Error as StoreError, Sql, Tx};
use almanac::Light;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Who may know of projects: the office, and a project's own people of theirs.
pub const READERS: Roles = OFFICE.and(Roles::of(&[Role::Project]));
/// Who keeps projects; officers and specialists those that they reach.
pub const KEEPERS: Roles = DECIDERS.and(Roles::of(&[Role::Officer, Role::Specialist]));
/// The kind under which projects are found by words.
const PROJECT: &str = "project";

/// Refuses who may not know of a project as if there were none.
fn may_know(who: &Actor, id: Uuid) -> Result<()> {
    let own = matches!(&who.scope, Scope::Project(own) if *own == id);
    if who.is(OFFICE) || own { Ok(()) } else { Err(Error::NotFound) }
}

/// A project that the actor may change.
async fn kept(work: &mut Work, id: Uuid) -> Result<Project> {
    let who = work.who.clone();
    who.must(KEEPERS)?;
    let project = store::project(work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if who.is(DECIDERS) || reach::reaches(work, &who, id).await? { Ok(project) } else { Err(Error::Forbidden) }
}

// ---- the register ------------------------------------------------------------

/// One project.
pub async fn project(app: &App, who: &Actor, id: Uuid) -> Result<Project> {
    may_know(who, id)?;
    let mut tx = app.read().await?;
    store::project(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// The enterprise whose project it is, where that is one of the register.
pub async fn enterprise_of(tx: &mut Tx, zone: Uuid, project: Uuid) -> Result<Option<Uuid>> {
    Ok(store::project(tx, zone, project).await?.and_then(|project| project.enterprise_id))
}

/// Whether somebody may change a project.
pub async fn may_keep(app: &App, who: &Actor, id: Uuid) -> Result<bool> {
    if !who.is(KEEPERS) {
        return Ok(false);
    }
    let mut tx = app.read().await?;
    Ok(who.is(DECIDERS) || reach::reaches(&mut tx, who, id).await?)
}

/// What a list of projects is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Which have come so far.
    pub stage: Option<Stage>,
    /// Of that level.
    pub level: Option<Level>,
    /// In that carrier.
    pub carrier_id: Option<Uuid>,
    /// Only those without a pair that can be called.
    pub without_pair: bool,
    /// Only those that are assigned to the person or his department.
    pub mine: bool,
    /// Those that have left the register instead of those in it.
    pub closed: bool,
    /// Words of name, owner, site, works, code.
    pub q: Option<String>,
    /// `name` when nothing is said, `stage`, `level`, `carrier`, `created`; with `-` the greatest first.
    pub sort: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of projects.
pub async fn projects(app: &App, who: &Actor, asked: Asked, limit: i64) -> Result<Page<Project>> {
    who.must(READERS)?;
    let zone = who.zone_id;
    let walk = Walk::read(store::KEYS, "name", asked.sort.as_deref(), asked.cursor.as_deref(), limit)?;
    let mut tx = app.read().await?;
    let words = match asked.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => Some(search::matching(&mut tx, zone, PROJECT, "p.id", q).await?.unwrap_or(Sql::from("FALSE"))),
        None => None,
    };
    let only = match &who.scope {
        _ if who.is(OFFICE) => None,
        Scope::Project(own) => Some(*own),
        _ => return Err(Error::Forbidden),
    };
    let mine = match (asked.mine, &who.scope) {
        (false, _) => None,
        // A leader's scope is everything; his own are those assigned to him.
        (true, Scope::All) => {
            let narrow = Actor { scope: Scope::Departments(who.departments()), ..who.clone() };
            reach::subjects(&narrow, "p.id")
        }
        (true, _) => reach::subjects(who, "p.id"),
    };
    let filter = Filter {
        stage: asked.stage,
        level: asked.level,
        carrier_id: asked.carrier_id,
        only,
        without_pair: asked.without_pair,
        closed: asked.closed,
        words,
        mine,
    };
    let (rows, next) = store::projects(&mut tx, zone, &filter, &walk).await?;
    let counted = store::count(&mut tx, zone, &filter, TOTAL_CAP).await?;
    Ok(Page::new(rows, next, counted))
}

/// A project code as it is kept and compared.
pub fn plain_code(code: &str) -> String {
    identifiers::half_width(code.trim())
}

/// Whether a project other than this one has that code.
pub async fn has_code(tx: &mut Tx, zone: Uuid, code: &str, but: Uuid) -> Result<bool> {
    Ok(store::coded(tx, zone, &plain_code(code), but).await?.is_some())
}

/// The texts of a project, trimmed and measured.
fn checked(mut project: Project) -> Result<Project> {
    let mut check = Check::new();
    project.name = check.text("name", &project.name, 100);
    let short = check.opt_text("short_name", Some(&project.short_name), 30);
    project.short_name = short.unwrap_or_else(|| project.name.chars().take(30).collect());
    project.code = check.opt_text("code", project.code.as_deref(), 40).map(|code| plain_code(&code));
    project.level_text = check.opt_text("level_text", project.level_text.as_deref(), 40);
    project.owner_name = check.opt_text("owner_name", project.owner_name.as_deref(), 100);
    project.contractor = check.opt_text("contractor", project.contractor.as_deref(), 200);
    project.site = check.opt_text("site", project.site.as_deref(), 200);
    project.works = check.opt_text("works", project.works.as_deref(), 300);
    check.done()?;
    Ok(project)
}

async fn known_places(tx: &mut Tx, zone: Uuid, project: &Project) -> Result<()> {
    let (enterprise, carrier) = store::has(tx, zone, project.enterprise_id, project.carrier_id).await?;
    let mut check = Check::new();
    check.that(enterprise, "enterprise_id", "unknown");
    check.that(carrier, "carrier_id", "unknown");
    check.done()
}

fn words_of(project: &Project) -> String {
    let parts =
        [&project.code, &project.level_text, &project.owner_name, &project.contractor, &project.site, &project.works];
    let mut text = format!("{}\n{}", project.name, project.short_name);
    for name in [&project.name, &project.short_name] {
        text.push('\n');
        text.push_str(&hanzi::spelling_keys(name));
    }
    for part in parts.into_iter().flatten() {
        text.push('\n');
        text.push_str(part);
    }
    text
}

/// The words that projects after `after` are found by, held until the end of the
/// transaction.
pub async fn texts(work: &mut Work, after: Uuid, limit: usize) -> Result<(&'static str, Vec<search::Text>)> {
    let zone = work.zone();
    let mut texts = Vec::new();
    for id in store::hold(work, zone, after, limit).await? {
        let one = by_id(work, zone, id).await?;
        texts.push(search::Text { id, about: Some(id), at: one.created_at, text: words_of(&one) });
    }
    Ok((PROJECT, texts))
}

/// The facts that the ledger keeps of a project.
pub fn facts(project: &Project) -> Json {
    json!({
        "name": project.name, "short_name": project.short_name, "code": project.code, "level": project.level,
        "level_text": project.level_text, "owner_name": project.owner_name, "contractor": project.contractor,
        "enterprise_id": project.enterprise_id, "carrier_id": project.carrier_id, "site": project.site,
        "stage": project.stage, "works": project.works, "closed_at": project.closed_at,
    })
}

fn taken(error: StoreError) -> Error {
    match error {
        StoreError::Duplicate(_) => Error::Conflict(Conflict::Taken("code")),
        other => other.into(),
    }
}

/// Enters a project. Officers enter those that their department looks after.
pub async fn create(app: &App, who: &Actor, new: NewProject) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let id = create_in(&mut work, new).await?;
    work.commit(id).await
}

fn entered(new: &NewProject, id: Uuid, now: Time) -> Project {
    let new = new.clone();
    Project {
        id,
        short_name: new.short_name.unwrap_or_default(),
        name: new.name,
        code: new.code,
        level: new.level,
        level_text: new.level_text,
        owner_name: new.owner_name,
        contractor: new.contractor,
        enterprise_id: new.enterprise_id,
        carrier_id: new.carrier_id,
        carrier: None,
        site: new.site,
        stage: new.stage,
        works: new.works,
        closed_at: None,
        created_at: now,
        version: 1,
    }
}

/// Whether the texts of a new project hold; everything that is wrong at once.
pub fn checked_new(new: &NewProject) -> Result<()> {
    checked(entered(new, Uuid::nil(), Time::default())).map(drop)
}

/// Enters a project within a piece of work.
pub async fn create_in(work: &mut Work, new: NewProject) -> Result<Uuid> {
    let (zone, id, now) = (work.zone(), new.id.unwrap_or_else(Uuid::now_v7), work.now);
    if store::project(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let project = checked(entered(&new, id, now))?;
    known_places(work, zone, &project).await?;
    store::insert(work, zone, &project).await.map_err(taken)?;
    search::put(work, PROJECT, id, Some(id), now, &words_of(&project)).await?;
    work.log("project.create", Subject::about("project", id, id), Change::made(facts(&project))).await?;
    Ok(id)
}

/// Changes a project; what is not mentioned stays.
pub async fn change(app: &App, who: &Actor, id: Uuid, patch: ProjectPatch) -> Result<Uuid> {
    may_know(who, id)?;
    let mut work = app.work(who).await?;
    let old = kept(&mut work, id).await?;
    who.saw(old.version)?;
    change_in(&mut work, &old, patch, None).await?;
    work.commit(id).await
}

/// One project, for other jobs, which have checked that the reader may know of it.
pub async fn by_id(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Project> {
    store::project(tx, zone, id).await?.ok_or(Error::NotFound)
}

/// The project as it would be after a change.
fn changed(old: &Project, patch: ProjectPatch, now: Time) -> Result<Project> {
    let closed_at = match patch.closed {
        Some(true) => old.closed_at.or(Some(now)),
        Some(false) => None,
        None => old.closed_at,
    };
    checked(Project {
        name: patch.name.unwrap_or_else(|| old.name.clone()),
        short_name: patch.short_name.unwrap_or_else(|| old.short_name.clone()),
        code: patch.code.apply(old.code.clone()),
        level: patch.level.unwrap_or(old.level),
        level_text: patch.level_text.apply(old.level_text.clone()),
        owner_name: patch.owner_name.apply(old.owner_name.clone()),
        contractor: patch.contractor.apply(old.contractor.clone()),
        enterprise_id: patch.enterprise_id.apply(old.enterprise_id),
        carrier_id: patch.carrier_id.apply(old.carrier_id),
        site: patch.site.apply(old.site.clone()),
        stage: patch.stage.unwrap_or(old.stage),
        works: patch.works.apply(old.works.clone()),
        closed_at,
        ..old.clone()
    })
}

/// Whether a change would change anything; what is wrong with it as an error.
pub fn would_change(old: &Project, patch: ProjectPatch, now: Time) -> Result<bool> {
    Ok(difference(&facts(old), &facts(&changed(old, patch, now)?)).is_some())
}

/// Changes a project within a piece of work of somebody who may; false when all
/// stays as it was.
pub async fn change_in(work: &mut Work, old: &Project, patch: ProjectPatch, because: Option<&str>) -> Result<bool> {
    let (zone, now, id) = (work.zone(), work.now, old.id);
    let new = changed(old, patch, now)?;
    let Some((before, after)) = difference(&facts(old), &facts(&new)) else { return Ok(false) };
    known_places(work, zone, &new).await?;
    if !store::update(work, zone, &new, old.version).await.map_err(taken)? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    search::put(work, PROJECT, id, Some(id), old.created_at, &words_of(&new)).await?;
    let action = match (old.stage == new.stage, old.closed_at == new.closed_at) {
        (_, false) => "project.close",
        (false, true) => "project.stage",
        (true, true) => "project.change",
    };
    let change = Change::from_to(before, after).because(because.unwrap_or_default());
    work.log(action, Subject::about("project", id, id), change).await?;
    Ok(true)
}

/// Takes a project out again that a sheet brought by mistake. The caller sees to it
/// that nothing rests on it.
pub async fn remove_in(work: &mut Work, id: Uuid, because: &str) -> Result<()> {
    let zone = work.zone();
    let Some(old) = store::project(work, zone, id).await? else { return Ok(()) };
    store::delete(work, zone, id).await?;
    search::remove(work, PROJECT, id).await?;
    let change = Change { before: Some(facts(&old)), ..Change::default() }.because(because);
    work.log("project.undo", Subject::about("project", id, id), change).await
}

/// The fields that differ, as they were and as they are; none when none does.
fn difference(old: &Json, new: &Json) -> Option<(Json, Json)> {
    let (mut before, mut after) = (serde_json::Map::new(), serde_json::Map::new());
    for (key, value) in new.as_object()? {
        if old.get(key) != Some(value) {
            before.insert(key.clone(), old.get(key).cloned().unwrap_or_default());
            after.insert(key.clone(), value.clone());
        }
    }
    (!after.is_empty()).then(|| (before.into(), after.into()))
}

/// The carriers that a project can stand in: key and short name.
pub async fn carriers(app: &App, who: &Actor) -> Result<Vec<(String, String)>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let rows = store::carriers(&mut tx, who.zone_id).await?;
    Ok(rows.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

// ---- point to point ------------------------------------------------------------

/// Who calls whom for a project; their numbers are masked for those who do not
/// reach it.
pub async fn pair(app: &App, who: &Actor, project: Uuid) -> Result<Option<Pair>> {
    may_know(who, project)?;
    let mut tx = app.read().await?;
    let full = reach::reaches(&mut tx, who, project).await?;
    let pair = store::pairs(&mut tx, who.zone_id, &[project], true).await?.pop();
    Ok(pair.map(|pair| if full { pair } else { masked(pair) }))
}

/// The person of a project whom to call first: theirs of the pair.
pub async fn first_contact(tx: &mut Tx, zone: Uuid, project: Uuid) -> Result<Option<Uuid>> {
    Ok(store::pairs(tx, zone, &[project], true).await?.pop().map(|pair| pair.theirs.person_id))
}

/// The pairs of a list of projects, masked where need be.
pub async fn pairs_of(app: &App, who: &Actor, projects: &[Uuid]) -> Result<BTreeMap<Uuid, Pair>> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let mut all = BTreeMap::new();
    for pair in store::pairs(&mut tx, who.zone_id, projects, true).await? {
        let full = reach::reaches(&mut tx, who, pair.project_id).await?;
        all.insert(pair.project_id, if full { pair } else { masked(pair) });
    }
    Ok(all)
}

fn masked(mut pair: Pair) -> Pair {
    pair.theirs.phone = pair.theirs.phone.as_deref().map(identifiers::phone::mask);
    pair.wechat = pair.wechat.as_deref().map(|_| "***".to_owned());
    pair
}

/// The project's own people, masked likewise.
pub async fn people(app: &App, who: &Actor, project: Uuid) -> Result<Vec<Side>> {
    may_know(who, project)?;
    let mut tx = app.read().await?;
    let full = reach::reaches(&mut tx, who, project).await?;
    let mut people = store::people(&mut tx, who.zone_id, project).await?;
    if !full {
        for person in &mut people {
            person.phone = person.phone.as_deref().map(identifiers::phone::mask);
        }
    }
    Ok(people)
}

/// Ties a project to one of us and one of them. A pair that is there ends with
/// the reason. Answers the project.
pub async fn set_pair(app: &App, who: &Actor, project_id: Uuid, new: NewPair) -> Result<Uuid> {
    may_know(who, project_id)?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    store::lock(&mut work, zone, project_id).await?;
    let project = kept(&mut work, project_id).await?;
    who.saw(project.version)?;
    let old = store::pairs(&mut work, zone, &[project_id], true).await?.pop();
    let mut check = Check::new();
    let wechat = check.opt_text("wechat", new.wechat.as_deref(), 60);
    let reason = match &old {
        Some(_) => check.text("reason", new.reason.as_deref().unwrap_or_default(), 300),
        None => check.opt_text("reason", new.reason.as_deref(), 300).unwrap_or_default(),
    };
    for (field, person) in [("our_person_id", Some(new.our_person_id)), ("backup_person_id", new.backup_person_id)] {
        let Some(person) = person else { continue };
        let home = store::home(&mut work, zone, person).await?;
        let ours = home.as_ref().is_some_and(|home| home.department_id.is_some());
        check.that(ours, field, if home.is_some() { "person_outside" } else { "unknown" });
        check.that(home.is_none_or(|home| home.left_at.is_none()), field, "person_left");
    }
    check.that(new.backup_person_id != Some(new.our_person_id), "backup_person_id", "same_person");
    if let Some(person) = new.their_person_id {
        let home = store::home(&mut work, zone, person).await?;
        let theirs = home.as_ref().is_some_and(|home| home.project_id == Some(project_id));
        check.that(theirs, "their_person_id", "not_of_project");
        check.that(home.is_none_or(|home| home.left_at.is_none()), "their_person_id", "person_left");
    } else {
        let named = new.their_name.as_deref().is_some_and(|name| !name.trim().is_empty());
        check.that(named, "their_name", "required");
        let reachable = [&new.their_phone, &new.wechat].into_iter().flatten().any(|text| !text.trim().is_empty());
        check.that(reachable, "their_phone", "required");
    }
    check.done()?;
    let theirs = match new.their_person_id {
        Some(person) => person,
        None => {
            let person = NewPerson {
                name: new.their_name.unwrap_or_default(),
                title: new.their_title,
                phone: new.their_phone.filter(|phone| !phone.trim().is_empty()),
                project_id: Some(project_id),
                ..NewPerson::default()
            };
            add_person_in(&mut work, person).await.map_err(theirs_field)?
        }
    };
    let (id, now) = (Uuid::now_v7(), work.now);
    if let Some(old) = &old {
        store::end_pair(&mut work, zone, old.id, now, &reason).await?;
    }
    // The pair is part of the project's record: who saw the old one is told.
    if !store::update(&mut work, zone, &project, project.version).await.map_err(taken)? {
        return Err(Error::Conflict(Conflict::Stale(project.version + 1)));
    }
    let row = PairRow {
        id,
        project_id,
        ours: new.our_person_id,
        backup: new.backup_person_id,
        theirs,
        wechat: wechat.as_deref(),
        at: now,
    };
    store::insert_pair(&mut work, zone, &row).await?;
    let after = json!({
        "our_person_id": row.ours, "backup_person_id": row.backup, "their_person_id": row.theirs,
        "wechat": sealed(&mut work, theirs, wechat.as_deref()).await?,
    });
    let change = match &old {
        Some(old) => {
            let backup = old.backup.as_ref().map(|side| side.person_id);
            let before = json!({
                "our_person_id": old.ours.person_id, "backup_person_id": backup, "their_person_id": old.theirs.person_id,
            });
            Change::from_to(before, after)
        }
        None => Change::made(after),
    };
    work.log("project.pair", Subject::about("project_contact", id, project_id), change.because(reason)).await?;
    tell_pair(&mut work, &project).await?;
    work.commit(project_id).await
}

/// What is wrong with their person is told under the fields of the pair's form.
fn theirs_field(error: Error) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors
                .into_iter()
                .map(|mut error| {
                    error.field = format!("their_{}", error.field);
                    error
                })
                .collect(),
        ),
        other => other,
    }
}

/// Both sides hear who the other is.
async fn tell_pair(work: &mut Work, project: &Project) -> Result<()> {
    let zone = work.zone();
    let Some(pair) = store::pairs(work, zone, &[project.id], true).await?.pop() else { return Ok(()) };
    let subject = Subject::new("project", project.id);
    let called = |side: &Side| json!({"project": project.short_name, "name": side.name, "phone": side.phone.clone().unwrap_or_default()});
    for side in [Some(&pair.ours), pair.backup.as_ref()].into_iter().flatten() {
        work.notify(side.person_id, "project.pair_ours", subject, called(&pair.theirs)).await?;
    }
    for person in store::accounts(work, zone, project.id).await? {
        work.notify(person, "project.pair_theirs", subject, called(&pair.ours)).await?;
    }
    Ok(())
}

// ---- milestones --------------------------------------------------------------

async fn today(app: &App, tx: &mut Tx, zone: Uuid) -> Result<Day> {
    Ok(Zone::get(tx, zone).await?.day(app.now()))
}

/// What a list of milestones is asked.
#[derive(Clone, Debug, Default)]
pub struct MilestoneAsked {
    /// Of this project.
    pub project_id: Option<Uuid>,
    /// Which stand so.
    pub state: Option<MilestoneState>,
    /// A part of its name, or words of its project.
    pub q: Option<String>,
    /// `plan` when nothing is said, `name`, `project`, `owner`, `moves`; with `-` the greatest first.
    pub sort: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of milestones.
pub async fn milestones(app: &App, who: &Actor, asked: MilestoneAsked, limit: i64) -> Result<Page<Milestone>> {
    who.must(READERS)?;
    let zone = who.zone_id;
    let project_id = match (&who.scope, asked.project_id) {
        (_, asked) if who.is(OFFICE) => asked,
        (Scope::Project(own), asked) if asked.is_none_or(|asked| asked == *own) => Some(*own),
        _ => return Err(Error::NotFound),
    };
    let walk = Walk::read(store::MILESTONE_KEYS, "plan", asked.sort.as_deref(), asked.cursor.as_deref(), limit)?;
    let mut tx = app.read().await?;
    let q = match asked.q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty()) {
        Some(q) => {
            let projects = search::matching(&mut tx, zone, PROJECT, "m.project_id", &q).await?;
            Some((q, projects))
        }
        None => None,
    };
    let filter = MilestoneFilter { project_id, state: asked.state, q, ..MilestoneFilter::default() };
    let today = today(app, &mut tx, zone).await?;
    let (rows, next) = store::milestones(&mut tx, zone, &filter, today, &walk).await?;
    let counted = store::count_milestones(&mut tx, zone, &filter, today, TOTAL_CAP).await?;
    Ok(Page::new(rows, next, counted))
}

/// How many milestones of each of these projects are late.
pub async fn late_by_project(app: &App, who: &Actor, projects: &[Uuid]) -> Result<BTreeMap<Uuid, i64>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let today = today(app, &mut tx, who.zone_id).await?;
    Ok(store::late(&mut tx, who.zone_id, projects, today).await?.into_iter().collect())
}

async fn milestone_in(app: &App, tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Milestone> {
    let today = today(app, tx, who.zone_id).await?;
    let filter = MilestoneFilter { id: Some(id), ..MilestoneFilter::default() };
    let one = store::first_milestones(tx, who.zone_id, &filter, today, 1).await?.pop().ok_or(Error::NotFound)?;
    may_know(who, one.project_id)?;
    Ok(one)
}

/// One milestone.
pub async fn milestone(app: &App, who: &Actor, id: Uuid) -> Result<Milestone> {
    let mut tx = app.read().await?;
    milestone_in(app, &mut tx, who, id).await
}

/// Who may answer for a milestone: people of the committee and of the project.
async fn owner_fits(tx: &mut Tx, zone: Uuid, project: Uuid, owner: Option<Uuid>) -> Result<bool> {
    let Some(owner) = owner else { return Ok(true) };
    let home = store::home(tx, zone, owner).await?;
    Ok(home.is_some_and(|home| {
        home.left_at.is_none() && (home.department_id.is_some() || home.project_id == Some(project))
    }))
}

/// Sets a milestone. Its date is the original one from then on.
pub async fn add_milestone(app: &App, who: &Actor, new: NewMilestone) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, id, now) = (who.zone_id, new.id.unwrap_or_else(Uuid::now_v7), work.now);
    let there = MilestoneFilter { id: Some(id), ..MilestoneFilter::default() };
    let today = today(app, &mut work, zone).await?;
    if !store::first_milestones(&mut work, zone, &there, today, 1).await?.is_empty() {
        return Err(Error::Replayed(id));
    }
    let project = match kept(&mut work, new.project_id).await {
        Err(Error::NotFound) => return Err(Error::field("project_id", "unknown")),
        other => other?,
    };
    let mut check = Check::new();
    let name = check.text("name", &new.name, 100);
    let note = check.opt_text("note", new.note.as_deref(), 500);
    check.that(owner_fits(&mut work, zone, project.id, new.owner_id).await?, "owner_id", "unknown");
    check.done()?;
    let new = NewMilestone { name, note, ..new };
    store::insert_milestone(&mut work, zone, id, &new, now).await?;
    let made = json!({"name": new.name, "plan_on": new.plan_on, "owner_id": new.owner_id});
    work.log("milestone.create", Subject::about("milestone", id, project.id), Change::made(made)).await?;
    work.commit(id).await
}

/// Moves a milestone (with a reason, by those who decide), notes that it was
/// reached, or corrects who answers for it.
pub async fn change_milestone(app: &App, who: &Actor, id: Uuid, patch: MilestonePatch) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let old = milestone_in(app, &mut work, who, id).await?;
    kept(&mut work, old.project_id).await?;
    who.saw(old.version)?;
    let zone = who.zone_id;
    let today = today(app, &mut work, zone).await?;
    let moved = patch.plan_on.filter(|day| *day != old.plan_on);
    let mut new = Milestone {
        done_on: patch.done_on.apply(old.done_on),
        owner_id: patch.owner_id.apply(old.owner_id),
        note: patch.note.apply(old.note.clone()),
        ..old.clone()
    };
    let mut check = Check::new();
    new.note = check.opt_text("note", new.note.as_deref(), 500);
    check.that(new.done_on.is_none_or(|day| day <= today), "done_on", "future");
    check.that(owner_fits(&mut work, zone, old.project_id, new.owner_id).await?, "owner_id", "unknown");
    let reason = check.opt_text("reason", patch.reason.as_deref(), 500);
    if let Some(day) = moved {
        who.must(DECIDERS)?;
        check.that(reason.is_some(), "reason", "required");
        check.that(old.done_on.is_none(), "plan_on", "milestone_done");
        new.plan_on = day;
        new.moves += 1;
        new.moved_because = reason.clone();
    }
    check.done()?;
    let facts = |one: &Milestone| json!({"plan_on": one.plan_on, "done_on": one.done_on, "owner_id": one.owner_id, "note": one.note});
    let Some((before, after)) = difference(&facts(&old), &facts(&new)) else { return work.commit(id).await };
    if !store::update_milestone(&mut work, zone, &new, old.version).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    let action = match (moved, new.done_on != old.done_on) {
        (Some(_), _) => "milestone.move",
        (None, true) => "milestone.done",
        (None, false) => "milestone.change",
    };
    let change = Change::from_to(before, after).because(reason.unwrap_or_default());
    work.log(action, Subject::about("milestone", id, old.project_id), change).await?;
    work.commit(id).await
}

// ---- task forces ---------------------------------------------------------------

/// The task forces at work, or those of one project.
pub async fn task_forces(app: &App, who: &Actor, project: Option<Uuid>) -> Result<Vec<TaskForce>> {
    match project {
        Some(project) => may_know(who, project)?,
        None => who.must(OFFICE)?,
    }
    let mut tx = app.read().await?;
    let mut forces = store::task_forces(&mut tx, who.zone_id, None, project).await?;
    if !who.is(OFFICE) {
        // A project's people see who is there for them, not for whom else.
        for force in &mut forces {
            force.projects.retain(|linked| Some(linked.project_id) == project);
        }
    }
    Ok(forces)
}

/// Task forces with a word in their name, note, or the name of a project or member.
pub async fn task_forces_called(app: &App, who: &Actor, q: Option<&str>) -> Result<Vec<TaskForce>> {
    let mut forces = task_forces(app, who, None).await?;
    if let Some(q) = q.map(|q| q.trim().to_lowercase()).filter(|q| !q.is_empty()) {
        let has = |text: &str| text.to_lowercase().contains(&q);
        forces.retain(|one| {
            has(&one.name)
                || has(&one.leader)
                || one.note.as_deref().is_some_and(has)
                || one.members.iter().any(|member| has(&member.name))
                || one.projects.iter().any(|linked| has(&linked.name))
        });
    }
    Ok(forces)
}

/// One task force.
pub async fn task_force(app: &App, who: &Actor, id: Uuid) -> Result<TaskForce> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    store::task_forces(&mut tx, who.zone_id, Some(id), None).await?.pop().ok_or(Error::NotFound)
}

async fn fits(tx: &mut Tx, zone: Uuid, leader: Uuid, members: &[NewMember], projects: &[Uuid]) -> Result<()> {
    let mut check = Check::new();
    let mut seen = BTreeSet::new();
    let people = members.iter().enumerate().map(|(n, member)| (format!("members/{n}/person_id"), member.person_id));
    for (field, person) in std::iter::once(("leader_id".to_owned(), leader)).chain(people) {
        let home = store::home(tx, zone, person).await?;
        let code = match &home {
            None => "unknown",
            Some(home) if home.left_at.is_some() => "person_left",
            Some(home) if home.department_id.is_none() => "person_outside",
            Some(_) if field != "leader_id" && !seen.insert(person) => "twice",
            Some(_) => continue,
        };
        check.add(crate::error::FieldError::new(field, code));
    }
    for (n, member) in members.iter().enumerate() {
        check.opt_text(&format!("members/{n}/duty"), member.duty.as_deref(), 60);
    }
    let mut seen = BTreeSet::new();
    for (n, project) in projects.iter().enumerate() {
        let field = format!("project_ids/{n}");
        check.that(store::project(tx, zone, *project).await?.is_some(), &field, "unknown");
        check.that(seen.insert(*project), &field, "twice");
    }
    check.done()
}

/// Founds a task force.
pub async fn found(app: &App, who: &Actor, new: NewTaskForce) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (zone, id, now) = (who.zone_id, new.id.unwrap_or_else(Uuid::now_v7), work.now);
    if !store::task_forces(&mut work, zone, Some(id), None).await?.is_empty() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let note = check.opt_text("note", new.note.as_deref(), 500);
    let today = today(app, &mut work, zone).await?;
    check.that(new.founded_on <= today, "founded_on", "future");
    check.done()?;
    fits(&mut work, zone, new.leader_id, &new.members, &new.project_ids).await?;
    let force = TaskForce {
        id,
        name,
        leader_id: new.leader_id,
        leader: String::new(),
        founded_on: new.founded_on,
        members: Vec::new(),
        projects: Vec::new(),
        note,
        closed_at: None,
        version: 1,
    };
    store::insert_task_force(&mut work, zone, &force, now).await?;
    store::set_members(&mut work, zone, &force, &new.members, now).await?;
    store::set_projects(&mut work, zone, &force, &new.project_ids, now).await?;
    let made = json!({"name": force.name, "leader_id": force.leader_id, "founded_on": force.founded_on});
    work.log("task_force.found", Subject::new("task_force", id), Change::made(made)).await?;
    for project in &new.project_ids {
        let joined = Change::made(json!({"name": force.name}));
        work.log("task_force.take", Subject::about("task_force", id, *project), joined).await?;
    }
    let people = new.members.iter().map(|member| member.person_id).chain([new.leader_id]);
    for person in people.collect::<BTreeSet<_>>() {
        let args = json!({"name": force.name});
        work.notify(person, "task_force.joined", Subject::new("task_force", id), args).await?;
    }
    work.commit(id).await
}

/// Changes a task force; lists are replaced as a whole, dated.
pub async fn change_task_force(app: &App, who: &Actor, id: Uuid, patch: TaskForcePatch) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    let old = store::task_forces(&mut work, zone, Some(id), None).await?.pop().ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    let mut check = Check::new();
    let name = check.text("name", patch.name.as_deref().unwrap_or(&old.name), 60);
    let note = patch.note.apply(old.note.clone());
    let note = check.opt_text("note", note.as_deref(), 500);
    check.done()?;
    let leader_id = patch.leader_id.unwrap_or(old.leader_id);
    let stay = |member: &super::Member| NewMember { person_id: member.person_id, duty: member.duty.clone() };
    let members = patch.members.unwrap_or_else(|| old.members.iter().map(stay).collect());
    let projects = patch.project_ids.unwrap_or_else(|| old.projects.iter().map(|linked| linked.project_id).collect());
    fits(&mut work, zone, leader_id, &members, &projects).await?;
    let closed_at = match patch.closed {
        Some(true) => old.closed_at.or(Some(now)),
        Some(false) => None,
        None => old.closed_at,
    };
    let new = TaskForce { name, note, leader_id, closed_at, ..old.clone() };
    if !store::update_task_force(&mut work, zone, &new, old.version).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    store::set_members(&mut work, zone, &old, &members, now).await?;
    store::set_projects(&mut work, zone, &old, &projects, now).await?;
    let ids = |force: &TaskForce| force.members.iter().map(|member| member.person_id).collect::<Vec<_>>();
    let before = json!({
        "name": old.name, "leader_id": old.leader_id, "members": ids(&old),
        "project_ids": old.projects.iter().map(|linked| linked.project_id).collect::<Vec<_>>(), "closed_at": old.closed_at,
    });
    let after = json!({
        "name": new.name, "leader_id": new.leader_id, "members": members.iter().map(|m| m.person_id).collect::<Vec<_>>(),
        "project_ids": projects, "closed_at": new.closed_at,
    });
    if let Some((before, after)) = difference(&before, &after) {
        work.log("task_force.change", Subject::new("task_force", id), Change::from_to(before, after)).await?;
    }
    for project in projects.iter().filter(|new| !old.projects.iter().any(|linked| linked.project_id == **new)) {
        let joined = Change::made(json!({"name": new.name}));
        work.log("task_force.take", Subject::about("task_force", id, *project), joined).await?;
    }
    for member in members.iter().filter(|new| !old.members.iter().any(|member| member.person_id == new.person_id)) {
        let args = json!({"name": new.name});
        work.notify(member.person_id, "task_force.joined", Subject::new("task_force", id), args).await?;
    }
    work.commit(id).await
}

// ---- what needs me now -----------------------------------------------------------

/// What needs this person now: projects without a pair, milestones that are near
/// or late.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = Vec::new();
    if !who.roles.meets(KEEPERS) {
        return Ok(items);
    }
    let mine = !who.roles.meets(DECIDERS);
    let asked = Asked { without_pair: true, mine, ..Asked::default() };
    for project in projects(app, who, asked, 20).await?.items {
        items.push(ToDo {
            action: "todo-project-pair",
            title: project.name,
            about: Some(project.short_name),
            href: format!("/projects/{}/pair", project.id),
            due_at: None,
            light: Light::Behind,
        });
    }
    let Some(person) = who.person_id else { return Ok(items) };
    let zone = who.zone_id;
    let mut tx = app.read().await?;
    let place = Zone::get(&mut tx, zone).await?;
    let today = place.day(app.now());
    for (state, light) in [(MilestoneState::Late, Light::Overdue), (MilestoneState::Near, Light::Near)] {
        let filter = MilestoneFilter { owner_id: Some(person), state: Some(state), ..MilestoneFilter::default() };
        for milestone in store::first_milestones(&mut tx, zone, &filter, today, 20).await? {
            // The day itself still counts; it is late from the next morning on.
            let due = Day(milestone.plan_on.0.saturating_add(jiff::Span::new().days(1))).start(&place.time_zone());
            items.push(ToDo {
                action: "todo-milestone",
                title: milestone.name,
                about: Some(milestone.project),
                href: format!("/milestones/{}", milestone.id),
                due_at: Some(due),
                light,
            });
        }
    }
    Ok(items)
}
