//! What can be done with assignments.

use super::store::{self, Facts, Filter, GapRow, GoneRow, Locked};
use super::{
    Answerable, Assignment, Bulk, Candidate, Duty, EndReason, Holder, Item, NewAssignment, NewEnd, NewHolder, Proposed,
    Shown, Step, may_begin, may_hold, propose, standing, step,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::handover::{self, Held};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::{self, Walk};
use crate::organisation::post::desk as posts;
use crate::subject::{Named, SubjectKind, named};
use crate::time::{DAY_MS, Time};
use crate::todo::ToDo;
use ::store::Tx;
use almanac::Light;
use serde_json::{Value as Json, json};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Who decides who answers for whom: the leaders and the dispatch office.
pub const DECIDERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher]);
/// At most so many places in one bulk assignment.
pub const MAX_ITEMS: usize = 2000;

// ---- reading ---------------------------------------------------------------

/// Who answers for a subject now. The caller sees to it that the reader may
/// know of the subject.
pub async fn current(app: &App, tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid) -> Result<Answerable> {
    let now = app.now();
    let mut all = store::holders(tx, zone, kind, &[id], now, now).await?;
    Ok(Answerable::of(all.remove(&id).unwrap_or_default()))
}

/// Who answers for several subjects of a kind now, for lists.
pub async fn current_of(
    app: &App,
    tx: &mut Tx,
    zone: Uuid,
    kind: SubjectKind,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Answerable>> {
    let now = app.now();
    let all = store::holders(tx, zone, kind, ids, now, now).await?;
    Ok(all.into_iter().map(|(id, holders)| (id, Answerable::of(holders))).collect())
}

/// Who answered for a subject at an instant, as the rows stand today. What is
/// inherited comes from the carrier that the enterprise sat in then.
pub async fn as_of(tx: &mut Tx, zone: Uuid, kind: SubjectKind, id: Uuid, at: Time) -> Result<Answerable> {
    let mut all = store::holders(tx, zone, kind, &[id], at, at).await?;
    let mut holders = all.remove(&id).unwrap_or_default();
    if kind == SubjectKind::Enterprise
        && let Some(carrier) = store::moved_from(tx, zone, id, at).await?
    {
        holders.retain(|(_, holder)| !holder.inherited);
        if let Some((carrier, name)) = carrier {
            let of_carrier = store::holders(tx, zone, SubjectKind::Carrier, &[carrier], at, at).await?;
            holders.extend(of_carrier.into_values().flatten().map(|(role, holder)| {
                (role, Holder { inherited: true, inherited_from: Some(name.clone()), ..holder })
            }));
        }
    }
    Ok(Answerable::of(holders))
}

/// Every assignment that a subject ever had, newest first.
pub async fn history(app: &App, tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Vec<Shown>> {
    let filter = Filter { subject_id: Some(subject), ..Filter::default() };
    let mut rows = store::first(tx, zone, &filter, 1000).await?;
    rows.sort_by_key(|row| std::cmp::Reverse((row.valid_to.is_none(), row.valid_from, row.id)));
    let now = app.now();
    Ok(rows.into_iter().map(|row| row.judged_at(now)).collect())
}

/// What a list of assignments is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What the subject is.
    pub subject_kind: Option<SubjectKind>,
    /// Of this subject.
    pub subject_id: Option<Uuid>,
    /// Held by this person.
    pub person_id: Option<Uuid>,
    /// Held by this department.
    pub department_id: Option<Uuid>,
    /// In this role.
    pub role: Option<Duty>,
    /// Only those that hold now, or only those that have ended.
    pub current: Option<bool>,
    /// Only those that held at that instant.
    pub as_of: Option<Time>,
    /// Words of the subject: name, short name, pinyin, credit code.
    pub q: Option<String>,
    /// Held by this person or by one of these departments of his.
    pub held_by: Option<(Uuid, Vec<Uuid>)>,
    /// `created` when nothing is said, `subject`, `role`, `holder`, `from`; with `-` the greatest first.
    pub sort: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of assignments. Who answers is open to the whole office; enterprises
/// and project owners see their own.
pub async fn list(app: &App, who: &Actor, asked: Asked, limit: i64) -> Result<Page<Shown>> {
    who.must(OFFICE.and(OUTSIDE))?;
    let walk = Walk::read(store::KEYS, "created", asked.sort.as_deref(), asked.cursor.as_deref(), limit)?;
    let mut tx = app.read().await?;
    let filter = Filter {
        id: None,
        subject_kind: asked.subject_kind,
        subject_id: asked.subject_id,
        person_id: asked.person_id,
        department_id: asked.department_id,
        role: asked.role,
        current: asked.current,
        as_of: asked.as_of,
        words: list::subjects(&mut tx, who.zone_id, "a.subject_id", None, asked.q.as_deref()).await?,
        held_by: asked.held_by,
        scope: own_only(who),
    };
    let (rows, next) = store::list(&mut tx, who.zone_id, &filter, &walk).await?;
    let counted = store::count(&mut tx, who.zone_id, &filter, TOTAL_CAP).await?;
    let now = app.now();
    Ok(Page::new(rows.into_iter().map(|row| row.judged_at(now)).collect(), next, counted))
}

/// One assignment.
pub async fn get(app: &App, who: &Actor, id: Uuid) -> Result<Shown> {
    who.must(OFFICE.and(OUTSIDE))?;
    let filter = Filter { id: Some(id), scope: own_only(who), ..Filter::default() };
    let mut tx = app.read().await?;
    let row = store::first(&mut tx, who.zone_id, &filter, 1).await?.pop().ok_or(Error::NotFound)?;
    Ok(row.judged_at(app.now()))
}

fn own_only(who: &Actor) -> Option<::store::Sql> {
    if who.is(OFFICE) { None } else { super::reach::subjects(who, "a.subject_id") }
}

/// A subject that wants somebody.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The subject.
    pub subject: GapRow,
    /// Who answers as far as anybody does.
    pub answerable: Answerable,
    /// What is missing.
    pub missing: Vec<super::GapKind>,
}

/// A page of enterprises, carriers and projects without leader, department or
/// officer, or whose holder has left or order has run out. Key ones first.
pub async fn gaps(app: &App, who: &Actor, cursor: Option<&str>, limit: i64) -> Result<Page<Gap>> {
    who.must(OFFICE)?;
    let walk = Walk::read(store::GAP_KEYS, "usual", None, cursor, limit)?;
    let (zone, now) = (who.zone_id, app.now());
    let mut tx = app.read().await?;
    let (rows, next) = store::gaps(&mut tx, zone, now, &walk).await?;
    let counted = store::gap_count(&mut tx, zone, now, TOTAL_CAP).await?;
    let gaps = with_answerable(app, &mut tx, zone, rows).await?;
    Ok(Page::new(gaps, next, counted))
}

async fn with_answerable(app: &App, tx: &mut Tx, zone: Uuid, rows: Vec<GapRow>) -> Result<Vec<Gap>> {
    let mut answers: BTreeMap<Uuid, Answerable> = BTreeMap::new();
    for kind in SubjectKind::ALL {
        let ids: Vec<Uuid> = rows.iter().filter(|row| row.kind == *kind).map(|row| row.id).collect();
        for part in ids.chunks(500) {
            answers.extend(current_of(app, tx, zone, *kind, part).await?);
        }
    }
    let gap = |subject: GapRow| {
        let answerable = answers.remove(&subject.id).unwrap_or_default();
        Gap { missing: answerable.gaps(), answerable, subject }
    };
    Ok(rows.into_iter().map(gap).collect())
}

/// Somebody who is gone and still has something in hand.
#[derive(Clone, Debug)]
pub struct Leaver {
    /// Who, and since when he is gone.
    pub person: GoneRow,
    /// Appeals, orders, promises, measures, milestones and visits in his hands.
    pub matters: i64,
}

/// Who has left, or has no account any more that works, and still answers for
/// something or has something in hand: nobody else sees to it until it is handed over.
pub async fn leavers(app: &App, who: &Actor) -> Result<Vec<Leaver>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let mut matters = handover::left_behind(&mut tx, who.zone_id).await?;
    let gone = store::gone(&mut tx, who.zone_id).await?.into_iter();
    let all = gone.map(|person| Leaver { matters: matters.remove(&person.id).unwrap_or_default(), person });
    Ok(all.filter(|leaver| leaver.person.assignments + leaver.matters > 0).collect())
}

/// How many subjects want somebody, counted to one above 1,000.
pub async fn gap_count(app: &App, who: &Actor) -> Result<i64> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    Ok(store::gap_count(&mut tx, who.zone_id, app.now(), TOTAL_CAP).await?)
}

/// What somebody answers for, in numbers.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// The person or department.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// A person's title.
    pub title: Option<String>,
    /// Enterprises held directly.
    pub enterprises: i64,
    /// Of these, key enterprises.
    pub key: i64,
    /// Their people.
    pub headcount: i64,
    /// Carriers.
    pub carriers: i64,
    /// Projects.
    pub projects: i64,
    /// The weights, added up: see [`super::weight`].
    pub weight: i64,
}

/// The load of everybody who can hold a role, those with nothing too; heaviest
/// first. Leaders, lead departments, officers.
pub async fn load(app: &App, who: &Actor, role: Duty) -> Result<Vec<Load>> {
    who.must(OFFICE)?;
    let zone = who.zone_id;
    let mut tx = app.read().await?;
    let units = match role {
        Duty::LeadDept | Duty::AssistDept => store::own_departments(&mut tx, zone).await?,
        role => store::staff(&mut tx, zone, role).await?,
    };
    let mut order: Vec<Uuid> = Vec::new();
    let mut loads: BTreeMap<Uuid, Load> = BTreeMap::new();
    for unit in units {
        order.push(unit.id);
        loads.insert(unit.id, Load { id: unit.id, name: unit.name, title: unit.title, ..Load::default() });
    }
    for row in store::loads(&mut tx, zone).await?.into_iter().filter(|row| row.role == role) {
        if let Entry::Vacant(place) = loads.entry(row.holder_id) {
            // Somebody who left, or who holds it without the account role.
            let facts = match role.is_personal() {
                true => store::person(&mut tx, zone, row.holder_id).await?,
                false => store::department(&mut tx, zone, row.holder_id).await?,
            };
            let (name, title) = facts.map(|facts| (facts.name, facts.title)).unwrap_or_default();
            order.push(row.holder_id);
            place.insert(Load { id: row.holder_id, name, title, ..Load::default() });
        }
        let Some(load) = loads.get_mut(&row.holder_id) else { continue };
        load.weight += row.weight();
        match row.kind {
            SubjectKind::Enterprise => {
                load.enterprises = row.subjects;
                load.key = row.key;
                load.headcount = row.headcount;
            }
            SubjectKind::Carrier => load.carriers = row.subjects,
            SubjectKind::Project => load.projects = row.subjects,
        }
    }
    Ok(order.into_iter().filter_map(|id| loads.remove(&id)).collect())
}

/// Enterprises, carriers and projects with that in their name, at most twenty.
pub async fn find_subjects(app: &App, who: &Actor, q: &str) -> Result<Vec<Named>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    Ok(store::find_subjects(&mut tx, who.zone_id, q.trim()).await?)
}

// ---- one place -------------------------------------------------------------

/// What has to be told when the transaction is about to end: to each person one
/// notice, however many places changed.
#[derive(Default)]
struct News {
    /// Newly responsible → the places.
    assigned: BTreeMap<Uuid, Vec<(Duty, SubjectKind, Uuid, String)>>,
    /// Relieved → the places.
    relieved: BTreeMap<Uuid, Vec<(Duty, SubjectKind, Uuid, String)>>,
    /// Subjects whose people are told who answers now.
    answers: Vec<(SubjectKind, Uuid, Duty, String, Option<String>)>,
}

impl News {
    /// Who holds that row is told that it is no longer his.
    fn relieve(&mut self, row: &Assignment, subject: &Locked) {
        if let Some(person) = row.person_id {
            let place = (row.role, row.subject_kind, row.subject_id, subject.short_name.clone());
            self.relieved.entry(person).or_default().push(place);
        }
    }

    async fn tell(self, work: &mut Work) -> Result<()> {
        for (kinds, people) in [
            (["assignment.assigned", "assignment.assigned_many"], self.assigned),
            (["assignment.relieved", "assignment.relieved_many"], self.relieved),
        ] {
            for (person, places) in people {
                let Some((role, kind, id, name)) = places.first() else { continue };
                let subject = Subject::new(kind.word(), *id);
                if places.len() == 1 {
                    work.notify(person, kinds[0], subject, json!({"role": role, "subject": name})).await?;
                } else {
                    let subjects: BTreeSet<Uuid> = places.iter().map(|place| place.2).collect();
                    let args = json!({"n": subjects.len(), "subject": name});
                    work.notify(person, kinds[1], subject, args).await?;
                }
            }
        }
        let zone = work.zone();
        for (kind, id, role, name, phone) in self.answers {
            for person in store::accounts_of(work, zone, kind, id, role).await? {
                let args = json!({"role": role, "name": name, "phone": phone.clone().unwrap_or_default()});
                work.notify(person, "assignment.answers", Subject::new(kind.word(), id), args).await?;
            }
        }
        Ok(())
    }
}

/// The facts of who is to hold a role, checked by the rules.
async fn candidate(
    tx: &mut Tx,
    zone: Uuid,
    role: Duty,
    department: Option<Uuid>,
    person: Option<Uuid>,
) -> Result<Facts> {
    let (field, extra, facts) = if role.is_personal() {
        let person = person.ok_or_else(|| Error::field("person_id", "required"))?;
        ("person_id", department.map(|_| "department_id"), store::person(tx, zone, person).await?)
    } else {
        let department = department.ok_or_else(|| Error::field("department_id", "required"))?;
        ("department_id", person.map(|_| "person_id"), store::department(tx, zone, department).await?)
    };
    if let Some(extra) = extra {
        return Err(Error::field(extra, "not_for_role"));
    }
    let facts = facts.ok_or_else(|| Error::field(field, "unknown"))?;
    may_hold(role, facts.candidate).map_err(|(field, code)| Error::field(field, code))?;
    Ok(facts)
}

/// A row as the ledger keeps it.
fn entry(row: &Assignment, name: &str) -> Json {
    json!({
        "role": row.role, "person_id": row.person_id, "department_id": row.department_id, "holder": name,
        "valid_from": row.valid_from, "until": row.until, "basis": row.basis,
    })
}

struct Opening<'a> {
    subject: &'a Locked,
    role: Duty,
    department_id: Option<Uuid>,
    person_id: Option<Uuid>,
    valid_from: Time,
    until: Option<Time>,
    basis: Option<String>,
    reason: Option<String>,
    batch_id: Option<Uuid>,
}

impl Opening<'_> {
    fn row(&self, id: Uuid, now: Time) -> Assignment {
        Assignment {
            id,
            subject_kind: self.subject.kind,
            subject_id: self.subject.id,
            role: self.role,
            department_id: self.department_id,
            person_id: self.person_id,
            valid_from: self.valid_from,
            valid_to: None,
            until: self.until,
            basis: self.basis.clone(),
            reason: self.reason.clone(),
            end_reason: None,
            end_note: None,
            successor_id: None,
            batch_id: self.batch_id,
            created_at: now,
            version: 1,
        }
    }
}

/// Opens a row. The subject is locked and the candidate checked.
async fn open(work: &mut Work, news: &mut News, id: Uuid, opening: Opening<'_>, facts: &Facts) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let row = opening.row(id, now);
    let earlier = store::rows(work, zone, row.subject_id, row.role).await?;
    if row.role.is_single() && earlier.iter().any(|earlier| earlier.valid_to.is_none()) {
        return Err(Error::state("assignment_held"));
    }
    let same = |earlier: &Assignment| earlier.person_id == row.person_id && earlier.department_id == row.department_id;
    if earlier.iter().any(|earlier| earlier.valid_to.is_none() && same(earlier)) {
        return Err(Error::state("assignment_same"));
    }
    may_begin(row.role, &earlier, row.valid_from, now).map_err(|code| Error::field("valid_from", code))?;
    store::insert(work, zone, &row).await?;
    let change = Change::made(entry(&row, &facts.name)).because(row.reason.clone().unwrap_or_default());
    work.log("assignment.open", Subject::about("assignment", id, row.subject_id), change).await?;
    note_news(work, news, opening.subject, &row, facts).await
}

async fn note_news(work: &mut Work, news: &mut News, subject: &Locked, row: &Assignment, facts: &Facts) -> Result<()> {
    let place = || (row.role, subject.kind, subject.id, subject.short_name.clone());
    match (row.person_id, row.department_id) {
        (Some(person), _) => news.assigned.entry(person).or_default().push(place()),
        (None, Some(department)) => {
            let zone = work.zone();
            for person in store::accounts_in(work, zone, department).await? {
                news.assigned.entry(person).or_default().push(place());
            }
        }
        (None, None) => {}
    }
    if row.role != Duty::AssistDept {
        news.answers.push((subject.kind, subject.id, row.role, facts.name.clone(), facts.phone.clone()));
    }
    Ok(())
}

/// Closes `old` and opens `next` in its place at one instant.
async fn replace(
    work: &mut Work,
    news: &mut News,
    old: &Assignment,
    id: Uuid,
    opening: Opening<'_>,
    facts: &Facts,
    ended: EndReason,
) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let row = opening.row(id, now);
    if old.person_id == row.person_id && old.department_id == row.department_id {
        return Err(Error::state("assignment_same"));
    }
    if row.valid_from < old.valid_from {
        return Err(Error::field("valid_from", "before_start"));
    }
    let others: Vec<_> =
        store::rows(work, zone, row.subject_id, row.role).await?.into_iter().filter(|row| row.id != old.id).collect();
    may_begin(row.role, &others, row.valid_from, now).map_err(|code| Error::field("valid_from", code))?;
    let before = holder_name(work, zone, old).await?;
    if !store::close(work, zone, old, row.valid_from, ended, row.reason.as_deref(), Some(id)).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    store::insert(work, zone, &row).await?;
    let change =
        Change::from_to(entry(old, &before), entry(&row, &facts.name)).because(row.reason.clone().unwrap_or_default());
    work.log("assignment.change", Subject::about("assignment", id, row.subject_id), change).await?;
    news.relieve(old, opening.subject);
    note_news(work, news, opening.subject, &row, facts).await?;
    if row.role == Duty::Officer {
        end_own_stand_in(work, &row).await?;
    }
    Ok(())
}

/// Who becomes the officer no longer stands in for him.
async fn end_own_stand_in(work: &mut Work, officer: &Assignment) -> Result<()> {
    let zone = work.zone();
    for row in store::rows(work, zone, officer.subject_id, Duty::StandIn).await? {
        if row.valid_to.is_none() && row.person_id == officer.person_id {
            close(work, &row, officer.valid_from.max(row.valid_from), EndReason::Changed, None).await?;
        }
    }
    Ok(())
}

async fn close(work: &mut Work, row: &Assignment, at: Time, reason: EndReason, note: Option<String>) -> Result<()> {
    close_for(work, row, at, reason, note, None).await
}

/// Closes a row that goes on in another, for another subject.
async fn close_for(
    work: &mut Work,
    row: &Assignment,
    at: Time,
    reason: EndReason,
    note: Option<String>,
    successor: Option<Uuid>,
) -> Result<()> {
    let zone = work.zone();
    let name = holder_name(work, zone, row).await?;
    if !store::close(work, zone, row, at, reason, note.as_deref(), successor).await? {
        return Err(Error::Conflict(Conflict::Stale(row.version + 1)));
    }
    let change = Change::from_to(entry(row, &name), json!({"valid_to": at, "end_reason": reason}));
    let change = change.because(note.unwrap_or_default());
    work.log("assignment.end", Subject::about("assignment", row.id, row.subject_id), change).await
}

async fn holder(tx: &mut Tx, zone: Uuid, row: &Assignment) -> Result<Option<Facts>> {
    Ok(match (row.person_id, row.department_id) {
        (Some(person), _) => store::person(tx, zone, person).await?,
        (None, Some(department)) => store::department(tx, zone, department).await?,
        (None, None) => None,
    })
}

async fn holder_name(tx: &mut Tx, zone: Uuid, row: &Assignment) -> Result<String> {
    Ok(holder(tx, zone, row).await?.map(|facts| facts.name).unwrap_or_default())
}

/// Texts and days of an order, checked.
struct Order {
    basis: Option<String>,
    reason: Option<String>,
    from: Time,
    until: Option<Time>,
}

fn order(
    now: Time,
    basis: Option<&str>,
    reason: Option<&str>,
    from: Option<Time>,
    until: Option<Time>,
    reason_needed: bool,
) -> Result<Order> {
    let mut check = Check::new();
    let basis = check.opt_text("basis", basis, 200);
    let reason = match reason_needed {
        true => Some(check.text("reason", reason.unwrap_or_default(), 500)),
        false => check.opt_text("reason", reason, 500),
    };
    let from = from.unwrap_or(now);
    check.that(from <= now, "valid_from", "future");
    check.that(until.is_none_or(|until| until > from), "until", "before_start");
    check.done()?;
    Ok(Order { basis, reason, from, until })
}

async fn locked(work: &mut Work, kind: SubjectKind, id: Uuid) -> Result<Locked> {
    let zone = work.zone();
    store::lock(work, zone, kind, id).await?.ok_or_else(|| Error::field("subject_id", "unknown"))
}

/// Assigns somebody to a place that is free. A place that somebody holds is
/// changed with [`change`], so that nobody is replaced unseen.
pub async fn assign(app: &App, who: &Actor, new: NewAssignment) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (zone, id) = (who.zone_id, new.id.unwrap_or_else(Uuid::now_v7));
    if store::get(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let order = order(work.now, new.basis.as_deref(), new.reason.as_deref(), new.valid_from, new.until, false)?;
    let subject = locked(&mut work, new.subject_kind, new.subject_id).await?;
    let facts = candidate(&mut work, zone, new.role, new.department_id, new.person_id).await?;
    let opening = Opening {
        subject: &subject,
        role: new.role,
        department_id: new.department_id,
        person_id: new.person_id,
        valid_from: order.from,
        until: order.until,
        basis: order.basis,
        reason: order.reason,
        batch_id: None,
    };
    let mut news = News::default();
    open(&mut work, &mut news, id, opening, &facts).await?;
    news.tell(&mut work).await?;
    work.commit(id).await
}

/// The row to change, with its subject locked.
async fn row_to_change(work: &mut Work, id: Uuid) -> Result<(Locked, Assignment)> {
    let zone = work.zone();
    let row = store::get(work, zone, id).await?.ok_or(Error::NotFound)?;
    let subject = locked(work, row.subject_kind, row.subject_id).await?;
    // What was read before the lock may have changed while waiting for it.
    let row = store::get(work, zone, id).await?.ok_or(Error::NotFound)?;
    work.who.saw(row.version)?;
    if row.subject_id != subject.id {
        // Its enterprise was merged into another meanwhile.
        return Err(Error::state("assignment_moved_on"));
    }
    if row.valid_to.is_some() {
        return Err(Error::state("assignment_ended"));
    }
    Ok((subject, row))
}

/// Puts somebody else in the place of an assignment; answers the new row.
pub async fn change(app: &App, who: &Actor, id: Uuid, new: NewHolder) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (subject, old) = row_to_change(&mut work, id).await?;
    let order = order(work.now, new.basis.as_deref(), new.reason.as_deref(), new.valid_from, new.until, true)?;
    let facts = candidate(&mut work, who.zone_id, old.role, new.department_id, new.person_id).await?;
    let next = Uuid::now_v7();
    let opening = Opening {
        subject: &subject,
        role: old.role,
        department_id: new.department_id,
        person_id: new.person_id,
        valid_from: order.from,
        until: order.until,
        basis: order.basis,
        reason: order.reason,
        batch_id: None,
    };
    let mut news = News::default();
    replace(&mut work, &mut news, &old, next, opening, &facts, EndReason::Changed).await?;
    news.tell(&mut work).await?;
    work.commit(next).await
}

/// Ends an assignment without a successor: the place shows up as a gap.
pub async fn end(app: &App, who: &Actor, id: Uuid, end: NewEnd) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (subject, row) = row_to_change(&mut work, id).await?;
    let at = end.at.unwrap_or(work.now);
    let mut check = Check::new();
    let note = check.opt_text("note", end.note.as_deref(), 500);
    check.that(at <= work.now, "valid_to", "future");
    check.that(at >= row.valid_from, "valid_to", "before_start");
    check.done()?;
    close(&mut work, &row, at, end.reason, note).await?;
    let mut news = News::default();
    news.relieve(&row, &subject);
    news.tell(&mut work).await?;
    work.commit(id).await
}

/// Lets the order of an assignment run on, or run out at another time.
pub async fn renew(app: &App, who: &Actor, id: Uuid, until: Option<Time>, basis: Option<&str>) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (_, row) = row_to_change(&mut work, id).await?;
    let mut check = Check::new();
    let basis = check.opt_text("basis", basis, 200).or_else(|| row.basis.clone());
    check.that(until.is_none_or(|until| until > work.now), "until", "past");
    check.done()?;
    let zone = who.zone_id;
    if !store::renew(&mut work, zone, &row, until, basis.as_deref()).await? {
        return Err(Error::Conflict(Conflict::Stale(row.version + 1)));
    }
    let change =
        Change::from_to(json!({"until": row.until, "basis": row.basis}), json!({"until": until, "basis": basis}));
    work.log("assignment.renew", Subject::about("assignment", id, row.subject_id), change).await?;
    work.commit(id).await
}

// ---- many places -----------------------------------------------------------

/// What a bulk assignment would do at one place.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The place.
    pub item: Item,
    /// Short name of the subject.
    pub subject: String,
    /// What happens.
    pub step: Step,
    /// Who holds it now.
    pub before: Option<String>,
    /// Who is to hold it.
    pub after: String,
    /// Whether the officer would be of another department than the lead.
    pub lent: bool,
    /// How the place stands; to be sent back as the item's `seen`.
    pub seen: String,
    held: Option<Assignment>,
}

/// What a bulk assignment would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Place by place.
    pub places: Vec<Planned>,
}

impl Preview {
    /// How many places take that step.
    pub fn count(&self, step: Step) -> usize {
        self.places.iter().filter(|place| place.step == step).count()
    }
}

/// What a bulk assignment would do, place by place, without doing it.
pub async fn preview(app: &App, who: &Actor, bulk: &Bulk) -> Result<Preview> {
    who.must(DECIDERS)?;
    let mut tx = app.read().await?;
    plan(&mut tx, who.zone_id, bulk, MAX_ITEMS).await
}

async fn plan(tx: &mut Tx, zone: Uuid, bulk: &Bulk, most: usize) -> Result<Preview> {
    if bulk.items.is_empty() {
        return Err(Error::field("items", "required"));
    }
    if bulk.items.len() > most {
        return Err(Error::Invalid(vec![FieldError::new("items", "too_many").with("max", most)]));
    }
    let mut candidates: BTreeMap<(Duty, Option<Uuid>, Option<Uuid>), String> = BTreeMap::new();
    let mut subjects: BTreeMap<Uuid, String> = BTreeMap::new();
    let mut departments: BTreeMap<Uuid, Option<Uuid>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for (n, item) in bulk.items.iter().enumerate() {
        let here = |error: Error| match error {
            Error::Invalid(errors) => Error::Invalid(
                errors.into_iter().map(|e| FieldError { field: format!("items/{n}/{}", e.field), ..e }).collect(),
            ),
            Error::NotFound => Error::field(format!("items/{n}/subject_id"), "unknown"),
            other => other,
        };
        if !seen.insert((item.subject_id, item.role)) {
            return Err(Error::field(format!("items/{n}"), "twice"));
        }
        let key = (item.role, item.department_id, item.person_id);
        if let Entry::Vacant(place) = candidates.entry(key) {
            let facts = candidate(tx, zone, item.role, item.department_id, item.person_id).await.map_err(here)?;
            place.insert(facts.name);
        }
        if let Entry::Vacant(place) = subjects.entry(item.subject_id) {
            let subject = named(tx, zone, item.subject_kind, item.subject_id).await.map_err(here)?;
            place.insert(subject.short_name);
        }
        let rows = store::rows(tx, zone, item.subject_id, item.role).await?;
        let mut now_held = rows.into_iter().filter(|row| row.valid_to.is_none());
        let held = match item.role.is_single() {
            true => now_held.next(),
            false => now_held.find(|row| row.person_id == item.person_id && row.department_id == item.department_id),
        };
        let before = match &held {
            Some(held) => Some(holder_name(tx, zone, held).await?),
            None => None,
        };
        places.push(Planned {
            item: item.clone(),
            subject: subjects[&item.subject_id].clone(),
            step: step(held.as_ref(), item, bulk.replace),
            before,
            after: candidates[&key].clone(),
            lent: false,
            seen: standing(held.as_ref().map(|held| (held.id, held.version))),
            held,
        });
    }
    // The lead department that each subject will have tells whose officers are lent.
    for place in &places {
        if place.item.role == Duty::LeadDept {
            let kept = place.held.as_ref().filter(|_| place.step == Step::Stays).and_then(|held| held.department_id);
            departments.insert(place.item.subject_id, kept.or(place.item.department_id));
        }
    }
    for place in &mut places {
        let (Duty::Officer, Some(person)) = (place.item.role, place.item.person_id) else { continue };
        let id = place.item.subject_id;
        if let Entry::Vacant(place) = departments.entry(id) {
            let rows = store::rows(tx, zone, id, Duty::LeadDept).await?;
            place.insert(rows.into_iter().find(|row| row.valid_to.is_none()).and_then(|row| row.department_id));
        }
        let Some(lead) = departments.get(&id).copied().flatten() else { continue };
        place.lent = !posts::departments(tx, zone, person).await?.contains(&lead);
    }
    Ok(Preview { places })
}

/// What a bulk assignment or a handover did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The batch, under which its rows are found.
    pub id: Uuid,
    /// Rows opened in all.
    pub opened: i64,
    /// Of these, rows that followed somebody else's.
    pub changed: i64,
}

/// What a batch did.
pub async fn done(app: &App, who: &Actor, batch: Uuid) -> Result<Done> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let (opened, changed) = store::batch(&mut tx, who.zone_id, batch).await?;
    Ok(Done { id: batch, opened, changed })
}

/// Assigns many places in one transaction: all or nothing. Answers the batch.
pub async fn bulk(app: &App, who: &Actor, bulk: Bulk) -> Result<Uuid> {
    bulk_up_to(app, who, bulk, MAX_ITEMS).await
}

/// The same with another bound than that of a form.
pub(super) async fn bulk_up_to(app: &App, who: &Actor, bulk: Bulk, most: usize) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (batch, _) = assign_places(&mut work, bulk, most).await?;
    work.commit(batch).await
}

/// Assigns many places within a piece of work of somebody who may, which is to be
/// dropped when this fails. Answers the batch, and the rows that were opened, each
/// with whether nobody held the place before.
pub async fn bulk_in(work: &mut Work, bulk: Bulk) -> Result<(Uuid, Vec<(Uuid, bool)>)> {
    assign_places(work, bulk, MAX_ITEMS).await
}

async fn assign_places(work: &mut Work, bulk: Bulk, most: usize) -> Result<(Uuid, Vec<(Uuid, bool)>)> {
    let zone = work.zone();
    // In the order of keys, so that two batches never wait for each other.
    let subjects: BTreeMap<Uuid, SubjectKind> =
        bulk.items.iter().map(|item| (item.subject_id, item.subject_kind)).collect();
    let mut held = BTreeMap::new();
    for (id, kind) in subjects {
        held.insert(id, locked(work, kind, id).await?);
    }
    let preview = plan(work, zone, &bulk, most).await?;
    let moved_on = |place: &Planned| place.item.seen.as_ref().is_some_and(|seen| *seen != place.seen);
    if preview.places.iter().any(moved_on) {
        return Err(Error::state("assignment_moved_on"));
    }
    let replaces = preview.count(Step::Change) > 0;
    let order = order(work.now, bulk.basis.as_deref(), bulk.reason.as_deref(), None, None, replaces)?;
    let batch = Uuid::now_v7();
    let mut news = News::default();
    let mut opened = Vec::new();
    let mut candidates = BTreeMap::new();
    for place in preview.places {
        let Some(subject) = held.get(&place.item.subject_id) else { continue };
        let opening = Opening {
            subject,
            role: place.item.role,
            department_id: place.item.department_id,
            person_id: place.item.person_id,
            valid_from: order.from,
            until: None,
            basis: order.basis.clone(),
            reason: order.reason.clone(),
            batch_id: Some(batch),
        };
        let id = Uuid::now_v7();
        let facts = match candidates.entry((place.item.role, place.item.department_id, place.item.person_id)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let (role, department, person) = *new.key();
                new.insert(candidate(work, zone, role, department, person).await?)
            }
        };
        match (place.step, &place.held) {
            (Step::Open, _) => {
                opened.push((id, true));
                open(work, &mut news, id, opening, facts).await?;
            }
            (Step::Change, Some(old)) => {
                opened.push((id, false));
                replace(work, &mut news, old, id, opening, facts, EndReason::Changed).await?;
            }
            _ => {}
        }
    }
    news.tell(work).await?;
    Ok((batch, opened))
}

/// Ends a row that a sheet opened by mistake, and gives the place back to whom it
/// was taken from, as of now: who answered in between did answer. When the row no
/// longer holds, or was changed since, it stays: the subject's name says where.
pub async fn take_back_in(work: &mut Work, id: Uuid, because: &str) -> Result<Option<String>> {
    let (zone, now) = (work.zone(), work.now);
    let Some(row) = store::get(work, zone, id).await? else { return Ok(None) };
    let subject = locked(work, row.subject_kind, row.subject_id).await?;
    let row = store::get(work, zone, id).await?.ok_or(Error::NotFound)?;
    if row.valid_to.is_some() || row.version != 1 {
        return Ok(Some(subject.short_name));
    }
    let before = store::rows(work, zone, row.subject_id, row.role).await?;
    let before = before.into_iter().find(|earlier| earlier.successor_id == Some(id));
    let mut news = News::default();
    let facts = match &before {
        Some(before) => candidate(work, zone, before.role, before.department_id, before.person_id).await.ok(),
        None => None,
    };
    match (before, facts) {
        (Some(before), Some(facts)) => {
            let opening = Opening {
                subject: &subject,
                role: before.role,
                department_id: before.department_id,
                person_id: before.person_id,
                valid_from: now,
                until: before.until.filter(|until| *until > now),
                basis: before.basis.clone(),
                reason: Some(because.to_owned()),
                batch_id: None,
            };
            replace(work, &mut news, &row, Uuid::now_v7(), opening, &facts, EndReason::Mistake).await?;
        }
        // Nobody held it, or who did may no longer.
        _ => {
            close(work, &row, now, EndReason::Mistake, Some(because.to_owned())).await?;
            news.relieve(&row, &subject);
        }
    }
    news.tell(work).await?;
    Ok(None)
}

/// Whether somebody else has the place of that row at a subject, or the same has it.
async fn is_taken(work: &mut Work, row: &Assignment, subject: Uuid) -> Result<bool> {
    let zone = work.zone();
    let there = store::rows(work, zone, subject, row.role).await?;
    let same = |other: &Assignment| other.person_id == row.person_id && other.department_id == row.department_id;
    Ok(there.iter().any(|other| other.valid_to.is_none() && (row.role.is_single() || same(other))))
}

/// Opens for a subject from now on what `row` is for another.
async fn go_on(
    work: &mut Work,
    news: &mut News,
    id: Uuid,
    row: &Assignment,
    subject: &Locked,
    because: &str,
) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    // Who has left is not dropped unseen: he stands in the list of gaps there too.
    let Some(facts) = holder(work, zone, row).await? else { return Ok(()) };
    let opening = Opening {
        subject,
        role: row.role,
        department_id: row.department_id,
        person_id: row.person_id,
        valid_from: now,
        until: row.until,
        basis: row.basis.clone(),
        reason: Some(because.to_owned()),
        batch_id: None,
    };
    open(work, news, id, opening, &facts).await
}

/// An enterprise is merged into another, within a piece of work that holds both:
/// whatever holds for it ends now, and goes on for the other where the place is free.
/// What has ended stays as it was, so that any past day can be shown of both. Answers
/// the rows that ended.
pub async fn join_in(work: &mut Work, from: Uuid, into: Uuid, because: &str) -> Result<Vec<Uuid>> {
    let (zone, now) = (work.zone(), work.now);
    let gone = locked(work, SubjectKind::Enterprise, from).await?;
    let stays = locked(work, SubjectKind::Enterprise, into).await?;
    let mut news = News::default();
    let mut ended = Vec::new();
    for row in store::held_for(work, zone, from).await? {
        let note = Some(because.to_owned());
        if is_taken(work, &row, into).await? {
            close(work, &row, now, EndReason::Changed, note).await?;
            news.relieve(&row, &gone);
        } else {
            let next = Uuid::now_v7();
            close_for(work, &row, now, EndReason::Changed, note, Some(next)).await?;
            go_on(work, &mut news, next, &row, &stays, because).await?;
        }
        ended.push(row.id);
    }
    news.tell(work).await?;
    Ok(ended)
}

/// Takes back what [`join_in`] did: those whose rows ended answer for the enterprise
/// again from now on, and no longer for the other. Where somebody else was put in the
/// place since, he stays, and the enterprise has a gap.
pub async fn part_in(work: &mut Work, ended: &[Uuid], from: Uuid, into: Uuid, because: &str) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let back = locked(work, SubjectKind::Enterprise, from).await?;
    let stays = locked(work, SubjectKind::Enterprise, into).await?;
    let mut news = News::default();
    for id in ended {
        let Some(mut row) = store::get(work, zone, *id).await? else { continue };
        if let Some(next) = row.successor_id {
            let next = store::get(work, zone, next).await?;
            let Some(next) = next.filter(|next| next.valid_to.is_none() && next.subject_id == into) else { continue };
            close(work, &next, now, EndReason::Changed, Some(because.to_owned())).await?;
            news.relieve(&next, &stays);
            row = next;
        }
        if !is_taken(work, &row, from).await? {
            go_on(work, &mut news, Uuid::now_v7(), &row, &back, because).await?;
        }
    }
    news.tell(work).await
}

/// Everything that one person hands over to another.
#[derive(Clone, Debug)]
pub struct NewHandover {
    /// Who leaves.
    pub from_person: Uuid,
    /// Who takes over.
    pub to_person: Uuid,
    /// Why, and what the other should know.
    pub note: String,
    /// Whether the first has left, moved, or is only relieved.
    pub reason: EndReason,
}

/// What a person holds now, as he would hand it over.
pub async fn held(app: &App, who: &Actor, person: Uuid) -> Result<Vec<Shown>> {
    who.must(OFFICE)?;
    let filter = Filter { person_id: Some(person), current: Some(true), ..Filter::default() };
    let mut tx = app.read().await?;
    let now = app.now();
    let rows = store::first(&mut tx, who.zone_id, &filter, MAX_ITEMS as i64).await?;
    Ok(rows.into_iter().map(|row| row.judged_at(now)).collect())
}

/// What else is in a person's hands: appeals, orders, promises, measures, milestones, visits.
pub async fn in_hands(app: &App, who: &Actor, person: Uuid) -> Result<Vec<Held>> {
    who.must(OFFICE)?;
    Ok(handover::shown_to(who, handover::held(&mut app.read().await?, who.zone_id, person).await?))
}

/// Hands over everything that a person holds in one step: each row is closed and
/// followed by one of the successor, whatever else is in his hands passes on, and
/// the enterprises' people hear who is new.
pub async fn handover(app: &App, who: &Actor, new: NewHandover) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut check = Check::new();
    let note = check.text("note", &new.note, 500);
    check.that(new.from_person != new.to_person, "to_person", "same_person");
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    if store::person(&mut work, zone, new.from_person).await?.is_none() {
        return Err(Error::field("from_person", "unknown"));
    }
    let rows = store::held_by(&mut work, zone, new.from_person).await?;
    let others = handover::held(&mut work, zone, new.from_person).await?;
    if rows.is_empty() && others.is_empty() {
        return Err(Error::state("nothing_to_hand_over"));
    }
    let to = store::person(&mut work, zone, new.to_person).await?.map(|facts| facts.candidate);
    match to {
        Some(Candidate::Person { department: Some(kind), left: false }) if kind.is_own() => {}
        Some(Candidate::Person { left: true, .. }) => return Err(Error::field("to_person", "person_left")),
        Some(_) => return Err(Error::field("to_person", "person_outside")),
        None => return Err(Error::field("to_person", "unknown")),
    }
    let subjects: BTreeMap<Uuid, SubjectKind> = rows.iter().map(|row| (row.subject_id, row.subject_kind)).collect();
    let mut held = BTreeMap::new();
    for (id, kind) in subjects {
        held.insert(id, locked(&mut work, kind, id).await?);
    }
    let (batch, now) = (Uuid::now_v7(), work.now);
    let mut news = News::default();
    // Officers first: a stand-in who becomes the officer need not be replaced.
    let mut rows = store::held_by(&mut work, zone, new.from_person).await?;
    rows.sort_by_key(|row| (row.role == Duty::StandIn, row.subject_id));
    for old in rows {
        let Some(subject) = held.get(&old.subject_id) else { return Err(Error::state("assignment_moved_on")) };
        let facts =
            candidate(&mut work, zone, old.role, None, Some(new.to_person)).await.map_err(|error| match error {
                Error::Invalid(errors) => {
                    Error::Invalid(errors.into_iter().map(|e| FieldError { field: "to_person".into(), ..e }).collect())
                }
                other => other,
            })?;
        if old.role == Duty::StandIn && stands_already(&mut work, &old, new.to_person).await? {
            close(&mut work, &old, now, new.reason, Some(note.clone())).await?;
            continue;
        }
        let opening = Opening {
            subject,
            role: old.role,
            department_id: None,
            person_id: Some(new.to_person),
            valid_from: now,
            until: old.until.filter(|until| *until > now),
            basis: old.basis.clone(),
            reason: Some(note.clone()),
            batch_id: Some(batch),
        };
        replace(&mut work, &mut news, &old, Uuid::now_v7(), opening, &facts, new.reason).await?;
    }
    let departments = posts::departments(&mut work, zone, new.to_person).await?;
    handover::pass_on(&mut work, new.from_person, new.to_person, &departments, &note).await?;
    news.tell(&mut work).await?;
    work.commit(batch).await
}

/// Whether a person answers for the subject already as officer or stand-in.
async fn stands_already(work: &mut Work, row: &Assignment, person: Uuid) -> Result<bool> {
    let zone = work.zone();
    let mut there = store::rows(work, zone, row.subject_id, Duty::Officer).await?;
    there.extend(store::rows(work, zone, row.subject_id, Duty::StandIn).await?);
    Ok(there.iter().any(|other| other.valid_to.is_none() && other.person_id == Some(person)))
}

// ---- proposals -------------------------------------------------------------

/// A proposal for one place.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Who, and why.
    pub proposed: Proposed,
    /// Who holds the place though he has left.
    pub before: Option<String>,
    /// How the place stands; to be sent back as the item's `seen`.
    pub seen: String,
}

impl Proposal {
    /// The place as a bulk assignment takes it.
    pub fn item(&self) -> Item {
        let personal = self.proposed.role.is_personal();
        Item {
            subject_kind: self.proposed.kind,
            subject_id: self.proposed.subject_id,
            role: self.proposed.role,
            department_id: (!personal).then_some(self.proposed.unit_id),
            person_id: personal.then_some(self.proposed.unit_id),
            seen: Some(self.seen.clone()),
        }
    }
}

/// Proposes somebody for every gap (or for the gaps of these subjects). Nothing
/// is stored: a proposal is accepted through [`bulk`].
pub async fn proposals(app: &App, who: &Actor, subjects: Option<&[Uuid]>, roles: &[Duty]) -> Result<Vec<Proposal>> {
    who.must(DECIDERS)?;
    let (zone, now) = (who.zone_id, app.now());
    let mut tx = app.read().await?;
    let rows = match subjects {
        Some(ids) if ids.len() > MAX_ITEMS => {
            return Err(Error::Invalid(vec![FieldError::new("subject_ids", "too_many").with("max", MAX_ITEMS)]));
        }
        Some(ids) => store::subjects(&mut tx, zone, ids).await?,
        None => store::gaps(&mut tx, zone, now, &Walk::first(store::GAP_KEYS, MAX_ITEMS as i64)).await?.0,
    };
    let gaps = with_answerable(app, &mut tx, zone, rows).await?;
    let mut held: BTreeMap<(Uuid, Duty), Holder> = BTreeMap::new();
    for (gap, role) in gaps.iter().flat_map(|gap| Duty::NEEDED.map(|role| (gap, role))) {
        if let Some(holder) = gap.answerable.holder(role).filter(|holder| !holder.inherited) {
            held.insert((gap.subject.id, role), holder.clone());
        }
    }
    let open = gaps.into_iter().filter_map(|gap| {
        let free = |role: Duty| gap.answerable.holder(role).is_none_or(|holder| holder.gone);
        let wanted: Vec<Duty> =
            Duty::NEEDED.into_iter().filter(|role| (roles.is_empty() || roles.contains(role)) && free(*role)).collect();
        let department = gap.answerable.department.as_ref().filter(|holder| !holder.gone).and_then(|d| d.department_id);
        (!wanted.is_empty()).then(|| gap.subject.open(wanted, department))
    });
    let proposed = propose(open.collect(), store::field(&mut tx, zone).await?);
    Ok(proposed
        .into_iter()
        .map(|proposed| {
            let before = held.get(&(proposed.subject_id, proposed.role));
            Proposal {
                seen: standing(before.map(|holder| (holder.assignment_id, holder.version))),
                before: before.map(|holder| holder.name.clone()),
                proposed,
            }
        })
        .collect())
}

// ---- what needs me now -----------------------------------------------------

/// What needs this person now: gaps for those who decide; orders that run out
/// for those who hold them.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = Vec::new();
    let now = app.now();
    if who.roles.meets(DECIDERS) {
        let gaps = gap_count(app, who).await?;
        if gaps > 0 {
            items.push(ToDo {
                action: "todo-assignment-gaps",
                title: gaps.to_string(),
                about: None,
                href: "/assignments".into(),
                due_at: None,
                light: Light::Behind,
            });
        }
    }
    let Some(person) = who.person_id.filter(|_| who.roles.meets(OFFICE)) else { return Ok(items) };
    for row in held(app, who, person).await? {
        let Some(until) = row.until.filter(|until| until.ms() - now.ms() <= 7 * DAY_MS) else { continue };
        items.push(ToDo {
            action: "todo-assignment-expires",
            title: row.subject.clone(),
            about: Some(row.subject.clone()),
            href: row.subject_kind.href(row.subject_id),
            due_at: Some(until),
            light: if until <= now { Light::Overdue } else { Light::Near },
        });
    }
    Ok(items)
}

/// Everybody who can be chosen for a role: people of the committee or its
/// departments (partner agencies too, where they may assist).
pub async fn choices(app: &App, who: &Actor, role: Duty) -> Result<Vec<Holder>> {
    who.must(OFFICE)?;
    let zone = who.zone_id;
    let mut tx = app.read().await?;
    if role == Duty::AssistDept {
        let all = crate::organisation::desk::departments(&mut tx, zone).await?;
        let open = all.into_iter().filter(|department| department.valid_to.is_none());
        return Ok(open
            .map(|d| Holder { department_id: Some(d.id), name: d.short_name, ..Holder::default() })
            .collect());
    }
    let units = match role {
        Duty::LeadDept => store::own_departments(&mut tx, zone).await?,
        // Anybody of the committee may be lent.
        role => store::staff(&mut tx, zone, if role == Duty::LeadLeader { role } else { Duty::StandIn }).await?,
    };
    let names: BTreeMap<Uuid, String> = crate::organisation::desk::departments(&mut tx, zone)
        .await?
        .into_iter()
        .map(|department| (department.id, department.short_name))
        .collect();
    Ok(units
        .into_iter()
        .map(|unit| Holder {
            person_id: role.is_personal().then_some(unit.id),
            department_id: if role.is_personal() { unit.department_id } else { Some(unit.id) },
            department: unit.department_id.and_then(|id| names.get(&id).cloned()),
            name: unit.name,
            title: unit.title,
            ..Holder::default()
        })
        .collect())
}
