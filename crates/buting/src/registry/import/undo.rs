//! Taking back what an import wrote. What it made goes while nothing rests on it;
//! what it changed gets its former values where they still are the import's. The
//! former values stand in the ledger, in the rows that the import wrote.
//!
//! One transaction takes everything back. Each record is a part of it: what cannot
//! be taken back is noted and the others are tried all the same, so that everything
//! that stands in the way is said at once; then nothing at all is changed.

use super::store::{self, Written};
use super::{IMPORTERS, Import, JOB, State, own};
use crate::actor::Actor;
use crate::app::{App, Change, Subject, Work};
use crate::assignment::desk as assignment;
use crate::error::{Conflict, Error, Result};
use crate::organisation::{PersonChange, desk as organisation};
use crate::patch::Patch;
use crate::project::desk as project;
use crate::registry::fact::Said;
use crate::registry::{CarrierPatch, EnterprisePatch, desk, store as register};
use crate::subject::href_of;
use crate::text::{Arg, Lang};
use crate::time::Time;
use ::store::{Tx, from_row};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Records that are looked at together.
const BATCH: i64 = 250;
/// Records that rest on the import, or were left as they are, that an answer lists.
const LISTED: usize = 100;

/// A place where the key of a record may stand in another.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// The table of the record.
    pub of: &'static str,
    /// The table that holds the key.
    pub table: &'static str,
    /// The column that holds it.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds it against the schema"))]
    pub column: &'static str,
    pub select: &'static str,
    pub within: &'static str,
}

macro_rules! references {
    ($($of:ident <- $table:ident.$column:ident ($id:ident);)*) => {
        &[$(Reference {
            of: stringify!($of),
            table: stringify!($table),
            column: stringify!($column),
            select: concat!(
                "SELECT ", stringify!($column), " AS target, ", stringify!($id), " AS source FROM ",
                stringify!($table), " WHERE zone_id = "
            ),
            within: concat!(" AND ", stringify!($column), " IN "),
        }),*]
    };
}

/// Every place that makes a record more than a row of a sheet. A test holds it
/// against the schema.
pub const REFERENCES: &[Reference] = references! {
    enterprise <- appeal.enterprise_id (id);
    enterprise <- assignment.subject_id (id);
    enterprise <- campaign_target.enterprise_id (id);
    enterprise <- continuity.subject_id (id);
    enterprise <- correction.enterprise_id (id);
    enterprise <- enterprise.merged_into (id);
    enterprise <- enterprise_merge.from_id (id);
    enterprise <- enterprise_merge.into_id (id);
    enterprise <- measure.subject_id (id);
    enterprise <- person.enterprise_id (id);
    enterprise <- project.enterprise_id (id);
    enterprise <- promise.subject_id (id);
    enterprise <- visit.subject_id (id);
    enterprise <- visit_plan.subject_id (id);
    enterprise <- task.subject_id (id);
    enterprise <- screening_candidate.subject_id (id);
    enterprise <- screening_point.subject_id (id);
    enterprise <- screening_person.subject_id (round_id);
    enterprise <- application.enterprise_id (id);
    enterprise <- readiness_plan.subject_id (id);
    enterprise <- closed_loop.subject_id (id);
    carrier <- enterprise.carrier_id (id);
    carrier <- project.carrier_id (id);
    carrier <- assignment.subject_id (id);
    carrier <- promise.subject_id (id);
    carrier <- visit.subject_id (id);
    carrier <- visit_plan.subject_id (id);
    carrier <- task.subject_id (id);
    project <- appeal.project_id (id);
    project <- assignment.subject_id (id);
    project <- continuity.subject_id (id);
    project <- measure.subject_id (id);
    project <- milestone.project_id (id);
    project <- person.project_id (id);
    project <- project_contact.project_id (id);
    project <- promise.subject_id (id);
    project <- task_force_project.project_id (task_force_id);
    project <- visit.subject_id (id);
    project <- visit_plan.subject_id (id);
    project <- task.subject_id (id);
    project <- screening_candidate.subject_id (id);
    project <- screening_point.subject_id (id);
    project <- screening_person.subject_id (round_id);
    project <- readiness_plan.subject_id (id);
    project <- closed_loop.subject_id (id);
    person <- account.id (id);
    person <- appeal.handler_id (id);
    person <- assignment.person_id (id);
    person <- consent.person_id (id);
    person <- disclosure.person_id (id);
    person <- invitation.person_id (id);
    person <- measure.owner_id (id);
    person <- milestone.owner_id (id);
    person <- project_contact.our_person_id (id);
    person <- project_contact.backup_person_id (id);
    person <- project_contact.their_person_id (id);
    person <- promise.owner_id (id);
    person <- saved_view.person_id (id);
    person <- subject_request.person_id (id);
    person <- task_force.leader_id (id);
    person <- task_force_member.person_id (task_force_id);
    person <- visit_item.owner_id (id);
    person <- visit_visitor.person_id (visit_id);
    person <- visit_plan_party.person_id (plan_id);
    person <- calendar_feed.person_id (person_id);
    person <- work_order.contact_id (id);
    person <- work_order.handler_id (id);
    person <- task_person.owner_id (task_id);
    person <- phrase.person_id (id);
    person <- application.handler_id (id);
    person <- matter.owner_id (id);
    person <- matter.deputy_id (id);
    person <- readiness_item.person_id (id);
    department <- appeal.lead_department_id (id);
    department <- appeal.accused_department_id (id);
    department <- assignment.department_id (id);
    department <- cause.department_id (id);
    department <- department.parent_id (id);
    department <- department_past.parent_id (department_id);
    department <- person.department_id (id);
    department <- post.department_id (person_id);
    department <- saved_view.department_id (id);
    department <- visit_plan.department_id (id);
    department <- visit_plan_party.department_id (plan_id);
    department <- visit_visitor.department_id (visit_id);
    department <- work_order.department_id (id);
    department <- task.department_id (id);
    department <- screening_training.department_id (id);
    department <- matter.department_id (id);
};

/// What rests on a record that the import made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Depends {
    /// The record's table.
    pub subject: String,
    /// The record.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The page on which it can be seen.
    pub href: Option<String>,
    /// What rests on it, in words.
    pub what: String,
}

/// What taking an import back would do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Undoing {
    /// Records that would go.
    pub removes: i64,
    /// Changes that would be taken back, as far as nobody changed them since.
    pub restores: i64,
    /// What rests on records that would go; at most 100. While there is any, the
    /// import stays.
    pub depends: Vec<Depends>,
}

/// What was left as it is, or what stands in the way, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    code: String,
    name: String,
    fields: Vec<String>,
}

impl Kept {
    /// Why the former values of a record are refused; what is no refusal goes on.
    fn refused(name: String, error: Error) -> Result<Self> {
        let (code, fields) = match error {
            Error::Invalid(errors) => ("invalid", errors.into_iter().map(|error| error.field).collect()),
            Error::Conflict(Conflict::Taken(field)) => ("taken", vec![field.to_owned()]),
            Error::Conflict(Conflict::State(_) | Conflict::Stale(_)) | Error::NotFound => ("state", Vec::new()),
            other => return Err(other),
        };
        Ok(Self { code: code.to_owned(), name, fields })
    }

    pub(super) fn message(&self, lang: Lang) -> String {
        let label = |field: &String| {
            let key = format!("log-field-{field}");
            lang.t(&if lang.has(&key) { key } else { format!("field-{field}") })
        };
        let fields: Vec<_> = self.fields.iter().map(label).collect();
        let fields = fields.join(&lang.t("comma"));
        let args: [(&str, &dyn Arg); 2] = [("name", &self.name), ("fields", &fields)];
        lang.with(&format!("import-kept-{}", self.code), &args)
    }
}

/// What an import wrote in the ledger about a record, or somebody since.
pub(super) struct Entry {
    subject_id: Uuid,
    about_id: Option<Uuid>,
    at: Time,
    action: String,
    before: Option<String>,
    after: Option<String>,
}

from_row!(Entry { subject_id, about_id, at, action, before, after });

/// Whether the state of an import lets it be taken back: all of it, or what one that
/// broke off had taken in.
pub(super) fn may_begin(import: &Import) -> bool {
    !import.dry_run && matches!(import.state, State::Done | State::Failed)
}

/// The import, for somebody who may take it back.
async fn undoable(app: &App, who: &Actor, id: Uuid) -> Result<Import> {
    who.must(IMPORTERS)?;
    let import = own(app, who, id).await?;
    who.must(import.kind.importers())?;
    if !may_begin(&import) {
        return Err(Error::state("import_not_undoable"));
    }
    Ok(import)
}

/// What taking an import back would do, and what stands against it.
pub async fn undoing(app: &App, who: &Actor, id: Uuid, lang: Lang) -> Result<Undoing> {
    undoable(app, who, id).await?;
    let mut tx = app.db.snapshot().await?;
    let zone = who.zone_id;
    let (removes, restores) = store::written_counts(&mut tx, zone, id).await?;
    let own = store::made(&mut tx, zone, id).await?.into_iter().collect::<HashSet<_>>();
    let mut depends = Vec::new();
    let mut before = i64::MAX;
    while depends.len() < LISTED {
        let some = store::written(&mut tx, zone, id, before, BATCH).await?;
        let Some(last) = some.last() else { break };
        before = last.seq;
        depends.extend(resting(&mut tx, zone, &some, &own, lang).await?);
    }
    depends.truncate(LISTED);
    Ok(Undoing { removes, restores, depends })
}

/// Takes an import back; the queue does it. Refused while anything rests on what
/// the import made.
pub async fn undo(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    let found = undoing(app, who, id, Lang::Zh).await?;
    if !found.depends.is_empty() {
        return Err(Error::state("import_depends"));
    }
    if found.removes + found.restores == 0 {
        return Err(Error::state("import_not_undoable"));
    }
    let import = undoable(app, who, id).await?;
    let version = import.version;
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    // Its failure stays with it, for when it cannot be taken back.
    let next = Import { state: State::Undoing, attempts: Some(0), kept: None, undone_by: who.person_id, ..import };
    if !store::save(&mut work, zone, &next).await? {
        return Err(Error::Conflict(Conflict::Stale(version + 1)));
    }
    work.enqueue(zone, JOB, &json!({"id": id}), now.ms(), None).await?;
    work.commit(id).await
}

/// Takes back all that is left to take back, or nothing.
pub(super) async fn work_off(app: &App, who: &Actor, id: Uuid) -> Result<()> {
    let zone = who.zone_id;
    let mut work = app.work(who).await?;
    let import = store::import(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    let found = take_all_back(&mut work, &import).await?;
    if !found.stands.is_empty() {
        // What was tried goes with its transaction.
        drop(work);
        return stays(app, zone, import, &found.stands).await;
    }
    let undone = Import {
        state: State::Undone,
        failure: None,
        undone_at: Some(work.now),
        kept: Some(json!(found.kept)),
        ..import
    };
    if !store::save(&mut work, zone, &undone).await? {
        // Another worker has done it.
        return Ok(());
    }
    let made = json!({"kind": undone.kind, "file_name": undone.file_name});
    work.log("import.undo", Subject::new("import", id), Change::made(made)).await?;
    work.commit(id).await?;
    Ok(())
}

/// Leaves an import as it was whose undo failed again and again.
pub(super) async fn give_up(app: &App, zone: Uuid, import: Import) -> Result<()> {
    let why = Kept { code: "gave_up".to_owned(), name: import.file_name.clone(), fields: Vec::new() };
    stays(app, zone, import, &[why]).await
}

/// The import is what it was before somebody asked to take it back; it says why.
async fn stays(app: &App, zone: Uuid, import: Import, stands: &[Kept]) -> Result<()> {
    let state = if import.failure.is_some() { State::Failed } else { State::Done };
    let mut tx = app.db.write().await?;
    let import = Import { state, attempts: Some(0), undone_by: None, kept: Some(json!(stands)), ..import };
    store::save(&mut tx, zone, &import).await?;
    Ok(tx.commit().await?)
}

/// What taking everything back came to.
#[derive(Default)]
struct Found {
    /// What somebody has changed since, and stays so.
    kept: Vec<Kept>,
    /// What stands in the way; at most so many as are listed.
    stands: Vec<Kept>,
}

/// Tries to take every record back, the last first.
async fn take_all_back(work: &mut Work, import: &Import) -> Result<Found> {
    let (zone, id) = (work.zone(), import.id);
    let own = store::made(work, zone, id).await?.into_iter().collect::<HashSet<_>>();
    let because = format!("撤销导入《{}》", import.file_name);
    let mut found = Found::default();
    let mut before = i64::MAX;
    while found.stands.len() < LISTED {
        let some = store::written(work, zone, id, before, BATCH).await?;
        let Some(last) = some.last() else { break };
        before = last.seq;
        let enterprises = some.iter().filter(|one| one.created && one.subject == "enterprise");
        // Nobody attaches anything to what is about to go.
        register::hold(work, zone, &enterprises.map(|one| one.subject_id).collect::<Vec<_>>()).await?;
        // Somebody may have begun to use a record since the undo was asked for.
        let used = resting(work, zone, &some, &own, Lang::Zh).await?;
        let used: HashMap<Uuid, Depends> = used.into_iter().map(|one| (one.id, one)).collect();
        let entries = entries_of(work, zone, &some).await?;
        for one in &some {
            if let Some(used) = used.get(&one.subject_id).filter(|_| one.created) {
                found.stands.push(Kept { code: "used".into(), name: used.name.clone(), fields: Vec::new() });
                continue;
            }
            work.begin_part().await?;
            match take_back(work, one, &entries, &because).await {
                Ok(left) => {
                    work.keep_part().await?;
                    found.kept.extend(left.filter(|_| found.kept.len() < LISTED));
                }
                Err(error) => {
                    work.drop_part().await?;
                    let name = match store::name_of(work, zone, &one.subject, one.subject_id).await? {
                        Some((name, _)) => name,
                        None => Lang::Zh.word("table", &one.subject).into_owned(),
                    };
                    found.stands.push(Kept::refused(name, error)?);
                }
            }
        }
    }
    found.stands.truncate(LISTED);
    store::mark_undone(work, zone, id).await?;
    Ok(found)
}

/// What rests on those records of a batch that the import made: other records
/// that name them, or anything that was done with them since.
async fn resting(tx: &mut Tx, zone: Uuid, some: &[Written], own: &HashSet<Uuid>, lang: Lang) -> Result<Vec<Depends>> {
    let mut found: BTreeMap<Uuid, (String, BTreeMap<&'static str, Vec<Uuid>>)> = BTreeMap::new();
    let created = |table: &str| -> Vec<Uuid> {
        some.iter().filter(|one| one.created && one.subject == table).map(|one| one.subject_id).collect()
    };
    for reference in REFERENCES {
        let ids = created(reference.of);
        if ids.is_empty() {
            continue;
        }
        for (target, source) in store::referring(tx, zone, reference, &ids).await? {
            // An account bears the key of its person.
            if own.contains(&source) && reference.table != "account" {
                continue;
            }
            let (_, sources) = found.entry(target).or_insert_with(|| (reference.of.to_owned(), BTreeMap::new()));
            sources.entry(reference.table).or_default().push(source);
        }
    }
    let mut since: BTreeMap<Uuid, String> = BTreeMap::new();
    let made: HashMap<Uuid, &Written> =
        some.iter().filter(|one| one.created && one.subject != "assignment").map(|one| (one.subject_id, one)).collect();
    if let Some(first) = made.values().map(|one| one.at).min() {
        let ids: Vec<Uuid> = made.keys().copied().collect();
        for entry in store::entries_since(tx, zone, &ids, first).await? {
            for id in [Some(entry.subject_id), entry.about_id].into_iter().flatten() {
                let later = made.get(&id).is_some_and(|one| entry.at > one.at);
                if later && (entry.subject_id == id || !own.contains(&entry.subject_id)) {
                    since.entry(id).or_insert_with(|| entry.action.clone());
                }
            }
        }
    }
    let mut depends = Vec::new();
    let targets: Vec<(Uuid, String)> = found
        .iter()
        .map(|(id, (table, _))| (*id, table.clone()))
        .chain(
            since
                .keys()
                .filter(|id| !found.contains_key(id))
                .filter_map(|id| made.get(id).map(|one| (*id, one.subject.clone()))),
        )
        .collect();
    for (id, subject) in targets {
        let (name, place) = store::name_of(tx, zone, &subject, id).await?.unwrap_or_default();
        // A contact is seen at its enterprise.
        let mut href = href_of(&subject, id).or_else(|| href_of("enterprise", place?));
        let what = match found.get(&id) {
            Some((_, sources)) => {
                let first = sources.iter().find_map(|(table, ids)| href_of(table, *ids.first()?));
                href = first.or(href);
                let parts = sources.iter().map(|(table, ids)| {
                    let args: [(&str, &dyn Arg); 2] = [("what", &lang.word("table", table)), ("n", &ids.len())];
                    lang.with("import-depends-on", &args)
                });
                parts.collect::<Vec<_>>().join(&lang.t("comma"))
            }
            None => {
                let action = since.get(&id).map(|action| action.replace('.', "-")).unwrap_or_default();
                let args: [(&str, &dyn Arg); 1] = [("action", &lang.t(&format!("ledger-{action}")))];
                lang.with("import-depends-since", &args)
            }
        };
        depends.push(Depends { subject, id, name, href, what });
    }
    Ok(depends)
}

/// What the import itself wrote in the ledger about the records of a batch.
async fn entries_of(tx: &mut Tx, zone: Uuid, some: &[Written]) -> Result<HashMap<(Uuid, i64), Vec<Entry>>> {
    let changed: Vec<&Written> = some.iter().filter(|one| !one.created).collect();
    let mut entries: HashMap<(Uuid, i64), Vec<Entry>> = HashMap::new();
    let Some(first) = changed.iter().map(|one| one.at).min() else { return Ok(entries) };
    let ids: Vec<Uuid> = changed.iter().map(|one| one.subject_id).collect();
    for entry in store::entries_since(tx, zone, &ids, Time::from_ms(first.ms() - 1)).await? {
        entries.entry((entry.subject_id, entry.at.ms())).or_default().push(entry);
    }
    Ok(entries)
}

/// Fields as they were and as the import made them.
#[derive(Default)]
struct Values {
    before: Map<String, Json>,
    after: Map<String, Json>,
}

impl Values {
    fn of(entries: Option<&Vec<Entry>>) -> Self {
        let mut values = Self::default();
        let object = |text: &Option<String>| -> Map<String, Json> {
            text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
        };
        // A row that made the record has nothing before it.
        for entry in entries.into_iter().flatten().filter(|entry| entry.before.is_some()) {
            values.before.extend(object(&entry.before));
            values.after.extend(object(&entry.after));
        }
        values
    }

    /// What is to be set again, and the fields that were changed since.
    fn against(self, now: &Json) -> (Map<String, Json>, Vec<String>) {
        let (mut again, mut since) = (Map::new(), Vec::new());
        for (field, was) in self.before {
            let made = self.after.get(&field).unwrap_or(&Json::Null);
            if now.get(&field).unwrap_or(&Json::Null) == made {
                again.insert(field, was);
            } else if field != "source" && field != "confirmed_at" {
                since.push(field);
            }
        }
        (again, since)
    }
}

fn patch<P: DeserializeOwned>(fields: Map<String, Json>) -> Result<P> {
    serde_json::from_value(Json::Object(fields)).map_err(|e| Error::Internal(format!("a former value: {e}")))
}

/// Takes one record back; answers what was left as it is.
async fn take_back(
    work: &mut Work,
    one: &Written,
    entries: &HashMap<(Uuid, i64), Vec<Entry>>,
    because: &str,
) -> Result<Option<Kept>> {
    let (zone, id) = (work.zone(), one.subject_id);
    let kept = |code: &str, name: String, fields| Some(Kept { code: code.to_owned(), name, fields });
    let values = || Values::of(entries.get(&(id, one.at.ms())));
    let since = |name: String, fields: Vec<String>| {
        if fields.is_empty() { None } else { Some(Kept { code: "changed".into(), name, fields }) }
    };
    match (one.subject.as_str(), one.created) {
        ("enterprise", true) => desk::remove_enterprise_in(work, id, because).await.map(|()| None),
        ("carrier", true) => desk::remove_carrier_in(work, id, because).await.map(|()| None),
        ("project", true) => project::remove_in(work, id, because).await.map(|()| None),
        ("department", true) => organisation::remove_department_in(work, id, because).await.map(|()| None),
        ("person", true) => desk::remove_person_in(work, id, because).await.map(|()| None),
        ("enterprise", false) => {
            let Some(old) = register::enterprise(work, zone, id).await? else { return Ok(None) };
            let mut values = values();
            // Source and date of the values come back with them.
            let said = Said::Back {
                stood: values.before.remove("standing").unwrap_or_default(),
                stands: values.after.remove("standing").unwrap_or_default(),
            };
            let (again, fields) = values.against(&old.facts());
            desk::change_in(work, &old, patch::<EnterprisePatch>(again)?, Some(because.to_owned()), said).await?;
            Ok(since(old.name, fields))
        }
        ("carrier", false) => {
            let Some(old) = register::carrier(work, zone, id).await? else { return Ok(None) };
            let (again, fields) = values().against(&old.facts());
            let patch = CarrierPatch { reason: Some(because.to_owned()), ..patch(again)? };
            desk::change_carrier_in(work, &old, patch).await?;
            Ok(since(old.name, fields))
        }
        ("project", false) => {
            let old = project::by_id(work, zone, id).await?;
            let (again, fields) = values().against(&project::facts(&old));
            project::change_in(work, &old, patch(again)?, Some(because)).await?;
            Ok(since(old.name, fields))
        }
        ("department", false) => {
            let old = organisation::department(work, zone, id).await?;
            let (again, fields) = values().against(&organisation::department_facts(&old));
            organisation::change_department_in(work, id, patch(again)?).await?;
            Ok(since(old.name, fields))
        }
        ("person", false) => {
            let old = organisation::person(work, zone, id).await?;
            let (change, fields) = former_person(work, values(), &organisation::person_facts(&old)).await?;
            organisation::change_person_in(work, id, change).await?;
            Ok(since(old.name, fields))
        }
        ("assignment", _) => {
            let left = assignment::take_back_in(work, id, because).await?;
            Ok(left.and_then(|name| kept("assigned", name, Vec::new())))
        }
        (other, _) => Err(Error::Internal(format!("an import wrote {other}"))),
    }
}

/// The former values of a person: names and numbers are sealed in the ledger.
async fn former_person(work: &mut Work, values: Values, now: &Json) -> Result<(PersonChange, Vec<String>)> {
    let zone = work.zone();
    let mut open = Values::default();
    let mut lost = Vec::new();
    for (field, was) in values.before {
        let made = values.after.get(&field).cloned().unwrap_or_default();
        let mut opened = Vec::new();
        for value in [was, made] {
            opened.push(match value.get("sealed") {
                Some(_) => work.open(zone, &value).await?.map(Json::String),
                None => Some(value),
            });
        }
        match (opened.remove(0), opened.remove(0)) {
            (Some(was), Some(made)) => {
                open.before.insert(field.clone(), was);
                open.after.insert(field, made);
            }
            _ => lost.push(field),
        }
    }
    let (mut again, mut since) = open.against(now);
    // Who is called first is no field of the person; another may be by now.
    again.remove("primary");
    since.retain(|field| field != "primary");
    since.extend(lost);
    let text = |value: Option<Json>| match value {
        None => Patch::Keep,
        Some(Json::String(text)) => Patch::Set(text),
        Some(_) => Patch::Clear,
    };
    let change = PersonChange {
        title: text(again.remove("title")),
        phone: text(again.remove("phone")),
        email: text(again.remove("email")),
        position: again.remove("position").and_then(|n| n.as_i64()),
        ..PersonChange::default()
    };
    Ok((change, since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::columns;

    #[test]
    fn what_was_changed_since_stays() {
        let values = Values {
            before: Map::from_iter([("headcount".into(), json!(10)), ("address".into(), Json::Null)]),
            after: Map::from_iter([("headcount".into(), json!(20)), ("address".into(), json!("一号路"))]),
        };
        let (again, since) = values.against(&json!({"headcount": 30, "address": "一号路"}));
        assert_eq!(again, Map::from_iter([("address".into(), Json::Null)]));
        assert_eq!(since, ["headcount"]);
    }

    /// Columns that name a record of the kinds that sheets bring, and no dependence:
    /// they go with it, or only tell who did something.
    const NO_DEPENDENCE: &[(&str, &str)] = &[
        ("contact", "enterprise_id"),
        ("contact", "person_id"),
        ("department_past", "department_id"),
        ("post", "person_id"),
        ("contact_failure", "person_id"),
        ("subject_fact", "subject_id"),
        ("enterprise_short_name", "enterprise_id"),
        ("notice", "person_id"),
        ("notice", "subject_id"),
        ("visit_item", "subject_id"),
        ("access_log", "subject_id"),
        ("once", "subject_id"),
        ("ledger", "subject_id"),
        ("import_change", "subject_id"),
        ("import_column", "department_id"),
        ("appeal_count", "department_id"),
        ("clock", "owner_id"),
        ("field_key", "owner_id"),
        ("holding", "owner_id"),
        ("attachment", "owner_id"),
        ("delivery", "person_id"),
        ("delivery", "subject_id"),
        ("delivery_contact", "person_id"),
        ("delivery_preference", "person_id"),
        // Somebody on a list, whom the register does not know.
        ("screening_result", "person_id"),
    ];

    #[test]
    fn every_column_that_names_a_record_is_looked_at() {
        let named = [
            "enterprise_id",
            "carrier_id",
            "project_id",
            "person_id",
            "department_id",
            "parent_id",
            "subject_id",
            "handler_id",
            "owner_id",
            "leader_id",
            "our_person_id",
            "their_person_id",
            "backup_person_id",
            "lead_department_id",
            "accused_department_id",
        ];
        let mut open = Vec::new();
        for (table, column, _) in columns() {
            let known = REFERENCES.iter().any(|r| r.table == table && r.column == column)
                || NO_DEPENDENCE.contains(&(table, column));
            if named.contains(&column) && !known {
                open.push(format!("{table}.{column}"));
            }
        }
        assert!(open.is_empty(), "say in undo.rs whether these rest on a record: {open:?}");
    }
}
