//! What can be done with visits, promises and plans.

use super::campaign::{self, Campaign};
use super::store::{self, NewRow, Stored};
use super::{
    BlockAnswer, Coverage, Item, ItemKind, Mark, NewPromise, NewVisit, Plan, Promise, PromiseState, Raised, Row, Visit,
    VisitAppeal, item, marks, plan, review, rules,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::{self, NewAppeal, Urgency};
use crate::assignment::reach;
use crate::attachment::{self, Eyes, Owner, Purpose};
use crate::continuity::desk as continuity;
use crate::continuity::{Light, Line, Measure, Source, State};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{self, cut, read_cursor};
use crate::organisation;
use crate::registry::{self, fact::Fact};
use crate::search;
use crate::settings;
use crate::subject::{self, Named, SubjectKind, accounts};
use crate::time::{DAY_MS, Day, Time};
use crate::todo::ToDo;
use crate::zone::Zone;
use ::store::{Sql, Tx};
use almanac::Light as Signal;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use uuid::Uuid;

pub use super::store::{Facts, PromiseFilter, VisitFilter};

/// Who records visits.
pub const RECORDERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher, Role::Officer, Role::Specialist]);
/// Who may read visits, each within his reach.
pub const READERS: Roles = OFFICE.and(OUTSIDE);

/// The kinds under which visits and promises are found by words.
const VISIT: &str = "visit";
const PROMISE: &str = "promise";

/// What the search box finds a visit by.
fn words_of(number: &str, note: Option<&str>, blocks: &[BlockAnswer]) -> String {
    let said = blocks.iter().flat_map(|block| [block.finding.as_deref(), block.text.as_deref()]);
    std::iter::once(Some(number)).chain([note]).chain(said).flatten().collect::<Vec<_>>().join("\n")
}

/// What the search box finds a record by once its note is another.
pub(super) fn note_words(stored: &Stored, note: &str) -> Result<String> {
    let blocks: Vec<BlockAnswer> = document(stored.blocks.clone(), "the blocks")?;
    Ok(words_of(&stored.number, Some(note), &blocks))
}

/// The words that visits after `after` are found by.
pub async fn visit_texts(work: &mut Work, after: Uuid, limit: usize) -> Result<(&'static str, Vec<search::Text>)> {
    let zone = work.zone();
    let mut texts = Vec::new();
    for one in store::words(work, zone, after, limit).await? {
        let blocks: Vec<BlockAnswer> = document(one.blocks, "the blocks")?;
        let text = words_of(&one.number, one.note.as_deref(), &blocks);
        texts.push(search::Text { id: one.id, about: Some(one.subject_id), at: one.created_at, text });
    }
    Ok((VISIT, texts))
}

/// The words that promises after `after` are found by.
pub async fn promise_texts(work: &mut Work, after: Uuid, limit: usize) -> Result<(&'static str, Vec<search::Text>)> {
    let zone = work.zone();
    let some = store::promise_words(work, zone, after, limit).await?;
    let texts =
        some.into_iter().map(|(id, subject, at, text)| search::Text { id, about: Some(subject), at, text }).collect();
    Ok((PROMISE, texts))
}

/// Puts the fields that a nested record refused under its place in the visit.
fn within<T>(place: &str, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::Invalid(errors) => Error::Invalid(
            errors.into_iter().map(|e| FieldError { field: format!("{place}/{}", e.field), ..e }).collect(),
        ),
        // A key inside a visit that was used before is no replay of the visit.
        Error::Replayed(_) => Error::Conflict(Conflict::Taken("id")),
        other => other,
    })
}

/// Records a visit and everything that came of it: one transaction, all or
/// nothing. Marked lines of the note become appeals, promises and lights too.
pub async fn save(app: &App, who: &Actor, new: NewVisit) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let (kind, subject_id) = continuity::subject_of(new.enterprise_id, new.project_id)?;
    let mut work = app.work(who).await?;
    let subject = subject::held(&mut work, who.zone_id, kind, subject_id).await?;
    let id = save_in(&mut work, &subject, new).await?;
    work.commit(id).await
}

/// What became of a visit that was written down without network.
pub enum Received {
    /// It is saved.
    Saved(Uuid),
    /// What was read before has changed meanwhile. Nothing was saved.
    Changed(Vec<Meanwhile>),
}

/// What changed between the last look at the register and the arrival of a visit.
pub enum Meanwhile {
    /// Somebody said something else about a line that the visit speaks of; with the line
    /// of the note, from 1, where a marked one does.
    Light(Box<Light>, Option<usize>),
    /// The plan that the visit fulfils is over.
    Plan(Box<Plan>),
    /// The enterprise was merged into this one.
    Merged(Named),
}

/// Records a visit that was written down without network, once: a key that is
/// known is answered before anything else is looked at, so that an answer which
/// was lost on the way makes no second visit and no complaint. `seen` is how
/// lines stood when the visitor last saw them; lines that are not named there
/// are taken as they come.
pub async fn receive(app: &App, who: &Actor, new: NewVisit, seen: &[(Line, State)]) -> Result<Received> {
    match receive_once(app, who, new.clone(), seen).await {
        // Somebody spoke of the same line in the same instant: now his word can be seen.
        Err(Error::Conflict(Conflict::State("said_meanwhile"))) => receive_once(app, who, new, seen).await,
        other => other,
    }
}

async fn receive_once(app: &App, who: &Actor, new: NewVisit, seen: &[(Line, State)]) -> Result<Received> {
    who.must(RECORDERS)?;
    let (kind, subject_id) = continuity::subject_of(new.enterprise_id, new.project_id)?;
    let mut work = app.work(who).await?;
    if let Some(id) = new.id
        && let Some(stored) = store::visit(&mut work, who.zone_id, id).await?
    {
        let own = stored.recorded_by == who.person_id;
        return Err(if own { Error::Replayed(id) } else { Error::Conflict(Conflict::Taken("id")) });
    }
    let subject = match subject::held(&mut work, who.zone_id, kind, subject_id).await {
        Err(Error::NotFound) if kind == SubjectKind::Enterprise => {
            let into = subject::merged_into(&mut work, who.zone_id, subject_id).await?;
            return into.map(|into| Received::Changed(vec![Meanwhile::Merged(into)])).ok_or(Error::NotFound);
        }
        other => other?,
    };
    let changed = meanwhile(&mut work, &subject, &new, seen).await?;
    if !changed.is_empty() {
        return Ok(Received::Changed(changed));
    }
    let id = save_in(&mut work, &subject, new).await?;
    work.commit(id).await.map(Received::Saved)
}

/// Whether this person's visit of that key is saved.
pub async fn was_received(app: &App, who: &Actor, id: Uuid) -> Result<bool> {
    let mut tx = app.read().await?;
    let stored = store::visit(&mut tx, who.zone_id, id).await?;
    Ok(stored.is_some_and(|stored| stored.recorded_by == who.person_id))
}

/// A line of the note that speaks of lights: its number, and what it says of which line;
/// none where it says that nothing has changed.
type Marked = (usize, Option<(Line, State)>);

/// What the marked lines of a note say of lights.
fn marked_lights(new: &NewVisit, day: Day) -> Vec<Marked> {
    // The names of categories say nothing of lights.
    let (found, _) = marks(new.note.as_deref().unwrap_or_default(), day, &[]);
    let light = |(n, mark)| match mark {
        Mark::Light(light) => Some((n, Some((light.line, light.state)))),
        Mark::Same => Some((n, None)),
        Mark::Appeal { .. } | Mark::Promise { .. } => None,
    };
    found.into_iter().filter_map(light).collect()
}

/// What a visit says of a line, in its fields or in its note: the state, none for "as
/// before", and the line of the note.
fn said_of(line: Line, new: &NewVisit, marked: &[Marked]) -> Option<(Option<State>, Option<usize>)> {
    if let Some(said) = new.continuity.iter().find(|said| said.line == line) {
        return Some((Some(said.state), None));
    }
    let own = marked.iter().find(|(_, said)| said.is_some_and(|(of, _)| of == line));
    let same = || marked.iter().find(|(_, said)| said.is_none());
    own.or_else(same).map(|(n, said)| (said.map(|(_, state)| state), Some(*n)))
}

async fn meanwhile(work: &mut Work, subject: &Named, new: &NewVisit, seen: &[(Line, State)]) -> Result<Vec<Meanwhile>> {
    let who = work.who.clone();
    let zone = Zone::get(work, who.zone_id).await?;
    let marked = marked_lights(new, zone.day(new.happened_at.unwrap_or(work.now)));
    let speaks = !new.continuity.is_empty() || !marked.is_empty();
    let mut changed = Vec::new();
    // How the lines stand is told to those who reach the subject only.
    if speaks && !seen.is_empty() && reach::reaches(work, &who, subject.id).await? {
        for light in continuity::current(work, who.zone_id, subject).await? {
            let read = seen.iter().find(|(line, _)| *line == light.line);
            if let (Some((_, read)), Some((said, note_line))) = (read, said_of(light.line, new, &marked))
                && *read != light.state
                && said != Some(light.state)
            {
                changed.push(Meanwhile::Light(Box::new(light), note_line));
            }
        }
    }
    if let Some(plan) = new.plan_id {
        match plan::desk::plan_of(work, &who, plan).await {
            Ok(plan) if plan.subject_id == subject.id && !plan.state.can_take_place() => {
                changed.push(Meanwhile::Plan(Box::new(plan)));
            }
            Ok(_) | Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

async fn save_in(work: &mut Work, subject: &Named, mut new: NewVisit) -> Result<Uuid> {
    let (zone_id, now) = (work.zone(), work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::visit(work, zone_id, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let zone = Zone::get(work, zone_id).await?;
    let happened_at = new.happened_at.unwrap_or(now);
    new.happened_at = Some(happened_at);
    let blocks = settings::desk::visit_blocks(work, zone_id, false).await?;
    let mut check = Check::new();
    new.check(&mut check, &blocks, now);
    if new.visitors.is_empty() {
        new.visitors.extend(work.who.person_id);
    }
    let team = team(work, &new.visitors, &mut check).await?;
    let same = read_marks(work, &mut new, zone.day(happened_at), &zone, &mut check).await?;
    check.done()?;
    // Who does not look after the subject can only tell of a visit of his own.
    let own = work.who.person_id.is_some_and(|person| new.visitors.contains(&person));
    let who = work.who.clone();
    if !own && !reach::reaches(work, &who, subject.id).await? {
        return Err(Error::field("visitors", "own_visit"));
    }
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(work, zone_id, disruption).await?;
    }
    let rules = rules::desk::get(work, zone_id).await?;
    let review = review::begins(rules.review, new.draft).map_err(|code| Error::field("draft", code))?;

    let number = work.next_number("ZF", &zone.day(now).compact()).await?;
    for appeal in &mut new.appeals {
        appeal.id.get_or_insert_with(Uuid::now_v7);
    }
    let raised: Vec<Uuid> = new.appeals.iter().filter_map(|appeal| appeal.id).collect();
    let repeats = if same {
        continuity::current(work, zone_id, subject).await?.iter().filter(|l| l.id.is_some()).count()
    } else {
        0
    };
    let row = NewRow {
        id,
        number: &number,
        kind: subject.kind,
        subject_id: subject.id,
        blocks: &json!(new.blocks),
        hosts: &json!(new.hosts),
        appeals: &json!(raised),
        lights: new.continuity.len() + repeats,
        review,
        new: &new,
    };
    store::insert_visit(work, &row).await?;
    search::put(work, VISIT, id, Some(subject.id), now, &words_of(&number, new.note.as_deref(), &new.blocks)).await?;
    for (n, (person, department)) in team.iter().enumerate() {
        store::insert_visitor(work, id, n, *person, *department).await?;
    }
    item::desk::insert_all(work, id, subject, &new, happened_at).await?;
    let made = json!({
        "number": number, "channel": new.channel, "kind": new.kind, "outcome": new.outcome, "happened_at": happened_at,
        "visitors": new.visitors, "blocks": new.blocks, "requirements": new.requirements.len(),
        "hazards": new.hazards.len(), "answers": new.answers.len(), "appeals": raised, "promises": new.promises.len(),
        "lights": row.lights, "review": review,
    });
    work.log("visit.save", Subject::about("visit", id, subject.id), Change::made(made)).await?;

    for (n, appeal) in std::mem::take(&mut new.appeals).into_iter().enumerate() {
        within(&format!("appeals/{n}"), raise(work, subject, id, new.disruption_id, appeal).await)?;
    }
    for (n, promise) in std::mem::take(&mut new.promises).into_iter().enumerate() {
        within(&format!("promises/{n}"), promise_in(work, subject, Some(id), promise).await)?;
    }
    for (n, mut light) in std::mem::take(&mut new.continuity).into_iter().enumerate() {
        light.disruption_id = light.disruption_id.or(new.disruption_id);
        within(&format!("continuity/{n}"), continuity::say_in(work, subject, light, Source::Visit, Some(id)).await)?;
    }
    if same {
        continuity::same_in(work, subject, Source::Visit, Some(id)).await?;
    }
    if let Some(plan) = new.plan_id {
        plan::desk::fulfil(work, plan, subject, id).await?;
    }
    if review.is_none() {
        ask_for_receipt(work, subject.kind, subject.id, id, &number).await?;
    }
    Ok(id)
}

/// Asks the people of an enterprise to confirm a record.
pub(super) async fn ask_for_receipt(
    work: &mut Work,
    kind: SubjectKind,
    subject_id: Uuid,
    visit: Uuid,
    number: &str,
) -> Result<()> {
    let zone = work.zone();
    for person in accounts(work, zone, kind, subject_id).await? {
        let about = Subject::about("visit", visit, subject_id);
        work.notify(person, "visit.acknowledge", about, json!({"number": number})).await?;
    }
    Ok(())
}

/// The visitors with their departments of today; notes those that are not of the office.
async fn team(work: &mut Work, visitors: &[Uuid], check: &mut Check) -> Result<Vec<(Uuid, Option<Uuid>)>> {
    let zone = work.zone();
    let mut seen = HashSet::new();
    let mut team = Vec::new();
    for (n, id) in visitors.iter().enumerate() {
        let field = format!("visitors/{n}");
        check.that(seen.insert(*id), &field, "twice");
        match organisation::desk::person(work, zone, *id).await {
            Ok(person) if person.department_id.is_some() => team.push((*id, person.department_id)),
            Ok(_) | Err(Error::NotFound) => {
                check.that(false, &field, "unknown");
            }
            Err(other) => return Err(other),
        }
    }
    Ok(team)
}

/// Takes the marked lines of the note over into the record. Answers whether one
/// of them says "no change".
async fn read_marks(work: &mut Work, new: &mut NewVisit, day: Day, zone: &Zone, check: &mut Check) -> Result<bool> {
    let Some(note) = new.note.clone() else { return Ok(false) };
    let named = appeal::desk::categories(work, zone.zone_id).await?;
    let named: Vec<_> = named.into_iter().filter_map(|one| Some((one.key, one.name?))).collect();
    let (found, errors) = marks(&note, day, &named);
    for error in errors {
        check.add(FieldError::new("note", error.code).with("line", error.line));
    }
    let mut same = false;
    for (line, mark) in found {
        match mark {
            Mark::Appeal { title, body, category, urgency, consult } => new.appeals.push(VisitAppeal {
                id: None,
                title,
                body,
                category,
                urgency: urgency.map(str::to_owned),
                kind: consult.then_some(appeal::Kind::Consult),
            }),
            Mark::Promise { text, due, owner } => {
                let owner_id = match owner {
                    None => None,
                    Some(name) => match store::colleagues_named(work, zone.zone_id, &name).await?.as_slice() {
                        [id] => Some(*id),
                        _ => {
                            check.add(FieldError::new("note", "mark_owner").with("line", line).with("name", name));
                            None
                        }
                    },
                };
                new.promises.push(NewPromise { id: None, text, owner_id, due_at: end_of(due, zone) });
            }
            Mark::Light(light) => new.continuity.push(light),
            Mark::Same => same = true,
        }
    }
    Ok(same)
}

/// The last instant of a day.
pub(super) fn end_of(day: Day, zone: &Zone) -> Time {
    let next = day.0.tomorrow().map_or(day, Day);
    next.start(&zone.time_zone()).plus(-1)
}

/// Opens the appeal of a visit.
async fn raise(
    work: &mut Work,
    subject: &Named,
    visit: Uuid,
    disruption: Option<Uuid>,
    told: VisitAppeal,
) -> Result<Uuid> {
    let urgency = match told.urgency.as_deref() {
        None => Urgency::Normal,
        Some(word) => Urgency::parse(word).ok_or_else(|| Error::field("urgency", "unknown"))?,
    };
    let body = told.body.filter(|body| !body.trim().is_empty()).unwrap_or_else(|| told.title.clone());
    let new = NewAppeal {
        id: told.id,
        enterprise_id: (subject.kind == SubjectKind::Enterprise).then_some(subject.id),
        project_id: (subject.kind == SubjectKind::Project).then_some(subject.id),
        title: told.title,
        body,
        category: told.category.unwrap_or_else(|| "other".to_owned()),
        urgency,
        kind: told.kind.unwrap_or(appeal::Kind::Help),
        channel: appeal::Channel::Visit,
        disruption_id: disruption,
        visit_id: Some(visit),
        ..NewAppeal::default()
    };
    appeal::desk::open_in(work, new).await
}

// Promises

/// Promises something outside a visit.
pub async fn promise(app: &App, who: &Actor, kind: SubjectKind, subject_id: Uuid, new: NewPromise) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let subject = continuity::reached_to_write(&mut work, kind, subject_id).await?;
    let id = promise_in(&mut work, &subject, None, new).await?;
    work.commit(id).await
}

async fn promise_in(work: &mut Work, subject: &Named, visit: Option<Uuid>, new: NewPromise) -> Result<Uuid> {
    let (zone, now) = (work.zone(), work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::promise(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let text = check.text("text", &new.text, 500);
    // What was promised in a visit that is written down later may be due already,
    // but a promise cannot be due years before it is told.
    check.that(new.due_at >= now.plus(-366 * DAY_MS), "due_at", "before_start");
    let owner_id = match new.owner_id {
        None => work.who.person_id,
        Some(owner) => match organisation::desk::person(work, zone, owner).await {
            Ok(person) if person.department_id.is_some() => Some(owner),
            Ok(_) | Err(Error::NotFound) => {
                check.add(FieldError::new("owner_id", "unknown"));
                None
            }
            Err(other) => return Err(other),
        },
    };
    check.done()?;
    let new = NewPromise { text, owner_id, ..new };
    store::insert_promise(work, id, subject.kind, subject.id, visit, &new).await?;
    search::put(work, PROMISE, id, Some(subject.id), now, &new.text).await?;
    let about = Subject::about("promise", id, subject.id);
    let made = json!({"text": new.text, "owner_id": owner_id, "due_at": new.due_at, "visit_id": visit});
    work.log("promise.make", about, Change::made(made)).await?;
    if let Some(owner) = owner_id {
        work.notify(owner, "promise.given", about, json!({"subject": subject.short_name, "text": new.text})).await?;
    }
    Ok(id)
}

/// Reports a promise as kept, or as broken with the reason.
pub async fn end_promise(app: &App, who: &Actor, id: Uuid, kept: bool, reason: Option<&str>) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let promise = promise_of(&mut work, who, id).await?;
    who.saw(promise.version)?;
    if promise.state != PromiseState::Open {
        return Err(Error::state("promise_ended"));
    }
    let mut check = Check::new();
    let reason = check.opt_text("reason", reason, 500);
    check.that(kept || reason.is_some(), "reason", "required");
    check.done()?;
    let state = if kept { PromiseState::Kept } else { PromiseState::Broken };
    if !store::end_promise(&mut work, &promise, state, reason.as_deref()).await? {
        return Err(Error::Conflict(Conflict::Stale(promise.version)));
    }
    let change = Change::from_to(json!({"state": promise.state}), json!({"state": state, "text": promise.text}));
    let action = if kept { "promise.keep" } else { "promise.break" };
    let change = change.because(reason.unwrap_or_default());
    work.log(action, Subject::about("promise", id, promise.subject_id), change).await?;
    work.commit(id).await
}

/// One promise, for whom it concerns.
pub async fn promise_of(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Promise> {
    let promise = store::promise(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let mine = promise.owner_id.is_some() && promise.owner_id == who.person_id;
    if mine || reach::reaches(tx, who, promise.subject_id).await? {
        return Ok(promise);
    }
    // Who was at the visit heard it made.
    let there = match (promise.visit_id, who.person_id) {
        (Some(visit), Some(person)) if who.is(OFFICE) => store::was_there(tx, who.zone_id, visit, person).await?,
        _ => false,
    };
    if there { Ok(promise) } else { Err(Error::NotFound) }
}

/// Promises that the actor may see, the earliest due first.
pub async fn promises(
    app: &App,
    who: &Actor,
    filter: &PromiseFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Promise>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let own = Some((PROMISE, "v.id"));
    let found = list::subjects(&mut tx, who.zone_id, "v.subject_id", own, filter.q.as_deref()).await?;
    let filter = &PromiseFilter { found, ..filter.clone() };
    let counted = store::count_promises(&mut tx, who, filter).await?;
    let mut items = store::promises(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |promise| Some((promise.due_at, promise.id)));
    Ok(Page::new(items, next, counted))
}

// Reading

/// The record of a visit, for those who look after the subject, for those who
/// were there, and for the enterprise itself. The enterprise does not see
/// ratings and notes, which are the office's own.
pub async fn visit(app: &App, who: &Actor, id: Uuid) -> Result<Visit> {
    let mut tx = app.read().await?;
    let stored = seen(&mut tx, who, id).await?;
    // One reader at a time: who holds one and waits for another may wait for himself.
    drop(tx);
    let raised: Vec<Uuid> = document(stored.appeals, "appeals")?;
    let raised = appeals(app, who, &raised).await?;
    let tx = &mut app.read().await?;
    let zone = who.zone_id;
    let (mut requirements, mut hazards, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for item in item::desk::of_visit(tx, zone, id).await? {
        match item.kind {
            ItemKind::Requirement => requirements.push(item),
            ItemKind::Hazard => hazards.push(item),
            ItemKind::Answer => answers.push(item),
        }
    }
    let mut visit = Visit {
        id,
        number: stored.number,
        subject_kind: stored.subject_kind,
        subject_id: stored.subject_id,
        subject_name: stored.subject_name,
        disruption_id: stored.disruption_id,
        plan_id: stored.plan_id,
        kind: stored.kind,
        channel: stored.channel,
        outcome: stored.outcome,
        happened_at: stored.happened_at,
        minutes: stored.minutes,
        visitors: store::visitors(tx, zone, id).await?,
        hosts: document(stored.hosts, "hosts")?,
        blocks: document(stored.blocks, "blocks")?,
        note: stored.note,
        requirements,
        hazards,
        answers,
        appeals: raised,
        promises: store::promises_of_visit(tx, zone, id).await?,
        continuity: continuity::of_visit(tx, zone, id).await?,
        asked_for_material: stored.asked_for_material,
        next_contact_due_at: stored.next_contact_due_at,
        ack_at: stored.ack_at,
        ack_how: stored.ack_how,
        ack_name: stored.ack_name,
        ack_note: stored.ack_note,
        review: stored.review_state,
        reviewed_at: stored.reviewed_at,
        reviewed_by_name: stored.reviewed_by_name,
        review_note: stored.review_note,
        recorded_by: stored.recorded_by,
        created_at: stored.created_at,
        version: stored.version,
    };
    if !who.is(OFFICE) {
        visit.note = None;
        visit.review_note = None;
        visit.blocks.iter_mut().for_each(|answer| answer.rating = super::Rating::NotChecked);
    }
    Ok(visit)
}

fn document<T: DeserializeOwned>(json: Json, what: &str) -> Result<T> {
    serde_json::from_value(json).map_err(|e| Error::Internal(format!("{what} of a visit: {e}")))
}

/// What somebody is towards the files of a visit, and where the ledger writes of them.
pub async fn eyes(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(Eyes, Subject)> {
    let stored = seen(tx, who, id).await?;
    let office = who.is(OFFICE);
    let eyes = Eyes {
        office,
        owner: !office,
        keeper: who.is(RECORDERS),
        desk: who.has(Role::Dispatcher),
        open: true,
        me: who.poster(),
        ..Eyes::default()
    };
    Ok((eyes, Subject::about("visit", id, stored.subject_id)))
}

/// Adds the uploads that a form kept to a visit.
pub async fn add_files(app: &App, who: &Actor, id: Uuid, purpose: Purpose, form: Uuid) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let (eyes, subject) = eyes(&mut work, who, id).await?;
    if !attachment::takes(&eyes, purpose, None) {
        return Err(Error::Forbidden);
    }
    let to = attachment::desk::Bound {
        owner: Owner::Visit,
        owner_id: id,
        purpose,
        message_id: None,
        work_order_id: None,
        own: eyes.owner,
        subject,
    };
    attachment::desk::bind(&mut work, form, &to).await?;
    work.commit(id).await
}

/// The number of a record and whom it is about, for who may see it.
pub async fn about(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(String, SubjectKind, Uuid)> {
    let stored = seen(tx, who, id).await?;
    Ok((stored.number, stored.subject_kind, stored.subject_id))
}

/// A record for whom it concerns: those who look after the subject, who were there, who
/// see to what it left; the enterprise itself once nobody has still to look through it.
pub(super) async fn seen(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Stored> {
    who.must(READERS)?;
    let stored = store::visit(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if who.roles.meets(OUTSIDE) && stored.review_state.is_some_and(review::ReviewState::is_pending) {
        return Err(Error::NotFound);
    }
    if reach::reaches(tx, who, stored.subject_id).await? {
        return Ok(stored);
    }
    let there = match who.person_id {
        Some(person) if who.is(OFFICE) => store::was_there(tx, who.zone_id, id, person).await?,
        _ => false,
    };
    if there { Ok(stored) } else { Err(Error::NotFound) }
}

/// The condition, with its ` AND`, of visits `v` that somebody of the office may know of.
pub fn visible(who: &Actor) -> Sql {
    store::visible(who)
}

/// Whom a visit was to.
pub async fn subject_of(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Uuid> {
    Ok(store::visit(tx, zone, id).await?.ok_or(Error::NotFound)?.subject_id)
}

/// The appeals of a visit that the actor may know of.
async fn appeals(app: &App, who: &Actor, ids: &[Uuid]) -> Result<Vec<Raised>> {
    let mut raised = Vec::new();
    for id in ids {
        match appeal::desk::record(app, who, *id).await {
            Ok(record) => raised.push(raised_of(record.line)),
            Err(Error::NotFound | Error::Forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(raised)
}

fn raised_of(line: appeal::record::Line) -> Raised {
    Raised { id: line.id, number: line.number, title: line.title, status: line.status.to_string(), due_at: line.due_at }
}

/// Visits that the actor may see, newest first.
pub async fn visits(
    app: &App,
    who: &Actor,
    filter: &VisitFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    // The note is the office's own: nobody else finds by its words what he may not read.
    let own = who.is(OFFICE).then_some((VISIT, "v.id"));
    let found = list::subjects(&mut tx, who.zone_id, "v.subject_id", own, filter.q.as_deref()).await?;
    let filter = &VisitFilter { found, ..filter.clone() };
    let counted = store::count_visits(&mut tx, who, filter).await?;
    let mut items = store::visits(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |row| Some((row.happened_at, row.id)));
    Ok(Page::new(items, next, counted))
}

/// The last visits to a subject that the actor may see, newest first.
pub async fn last_visits(tx: &mut Tx, who: &Actor, subject_id: Uuid, limit: i64) -> Result<Vec<Row>> {
    let filter = VisitFilter { subject_id: Some(subject_id), ..VisitFilter::default() };
    Ok(store::visits(tx, who, &filter, None, limit).await?)
}

/// Who was never talked to or not for long: never first, then the longest ago.
pub async fn coverage(app: &App, who: &Actor, limit: i64) -> Result<Vec<Coverage>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    Ok(store::coverage(&mut tx, who, app.now().plus(-30 * DAY_MS), limit).await?)
}

/// What a visitor should know before he comes.
pub struct Brief {
    /// The subject.
    pub subject: Named,
    /// What the register says.
    pub facts: Option<Facts>,
    /// Its facts, with the day on which each was last confirmed.
    pub known: Vec<Fact>,
    /// How its lines stand.
    pub lights: Vec<Light>,
    /// Measures that go on.
    pub measures: Vec<Measure>,
    /// Appeals that are open.
    pub appeals: Vec<Raised>,
    /// Promises that are open.
    pub promises: Vec<Promise>,
    /// Requirements and hazards that nobody has looked at again.
    pub items: Vec<Item>,
    /// The last talks.
    pub visits: Vec<Row>,
    /// Plans that are open.
    pub plans: Vec<Plan>,
    /// Running campaigns that it is in.
    pub campaigns: Vec<Campaign>,
}

impl Brief {
    /// Facts that are to be asked again, and no others.
    pub fn stale(&self) -> Vec<&Fact> {
        self.known.iter().filter(|fact| fact.stale).collect()
    }
}

/// What a visitor should know. Register facts are for the whole office; the rest
/// only for those who reach the subject.
pub async fn brief(app: &App, who: &Actor, kind: SubjectKind, id: Uuid) -> Result<Brief> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let subject = subject::named(&mut tx, who.zone_id, kind, id).await?;
    let facts = store::facts(&mut tx, who.zone_id, kind, id).await?;
    let known = match kind {
        SubjectKind::Enterprise => registry::fact::desk::known(&mut tx, who.zone_id, id, app.now()).await?,
        _ => Vec::new(),
    };
    let mut brief = Brief {
        facts,
        known,
        lights: Vec::new(),
        measures: Vec::new(),
        appeals: Vec::new(),
        promises: Vec::new(),
        items: Vec::new(),
        visits: last_visits(&mut tx, who, id, 5).await?,
        plans: plan::desk::open(&mut tx, who, id).await?,
        campaigns: campaign::desk::running_for(app, &mut tx, who, id).await?,
        subject,
    };
    if reach::reaches(&mut tx, who, id).await? {
        brief.lights = continuity::current(&mut tx, who.zone_id, &brief.subject).await?;
        let filter =
            PromiseFilter { subject_id: Some(id), state: Some(PromiseState::Open), ..PromiseFilter::default() };
        brief.promises = store::promises(&mut tx, who, &filter, None, 20).await?;
        brief.items = item::desk::open_of(&mut tx, who.zone_id, id).await?;
        let open = appeal::desk::open_for(&mut tx, who, id).await?;
        brief.appeals = open.into_iter().map(raised_of).collect();
        drop(tx);
        let filter = continuity::MeasureFilter { subject_id: Some(id), open: true, ..Default::default() };
        brief.measures = continuity::measures(app, who, &filter, None, 10).await?.items;
    }
    Ok(brief)
}

// What waits

/// What was promised to a subject: what is open, and what was kept or broken in the
/// last thirty days.
pub async fn promises_to(app: &App, tx: &mut Tx, who: &Actor, subject_id: Uuid) -> Result<Vec<Promise>> {
    let lately = Some(app.now().plus(-30 * DAY_MS));
    let filter = PromiseFilter { subject_id: Some(subject_id), lately, ..PromiseFilter::default() };
    Ok(store::promises(tx, who, &filter, None, 20).await?)
}

/// Promises to keep, requirements and hazards to see to, records to acknowledge and to
/// review.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = Vec::new();
    let Some(person) = who.person_id else { return Ok(items) };
    let now = app.now();
    let mut tx = app.read().await?;
    if who.is(RECORDERS) {
        let filter =
            PromiseFilter { owner_id: Some(person), state: Some(PromiseState::Open), ..PromiseFilter::default() };
        for promise in store::promises(&mut tx, who, &filter, None, 100).await? {
            items.push(ToDo {
                action: "todo-promise",
                title: promise.text,
                about: Some(promise.subject_name),
                href: format!("/promises/{}", promise.id),
                due_at: Some(promise.due_at),
                light: continuity::urgency(Some(promise.due_at), now),
            });
        }
    }
    let record = |action, row: Row, about| ToDo {
        action,
        title: row.number,
        about,
        href: format!("/visits/{}", row.id),
        due_at: None,
        light: Signal::Normal,
    };
    for (filter, action) in review::waiting(who, person) {
        for row in store::visits(&mut tx, who, &filter, None, 10).await? {
            let about = Some(row.subject_name.clone());
            items.push(record(action, row, about));
        }
    }
    if matches!(who.scope, Scope::Enterprise(_) | Scope::Project(_)) {
        let filter = VisitFilter { unacknowledged: true, ..VisitFilter::default() };
        for row in store::visits(&mut tx, who, &filter, None, 10).await? {
            let about = row.leader_name.clone();
            items.push(record("todo-visit-acknowledge", row, about));
        }
    }
    drop(tx);
    items.extend(item::desk::to_do(app, who).await?);
    Ok(items)
}
