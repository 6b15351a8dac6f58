//! What can be done with requirements and hazards.

use super::store::{self, End, NewItemRow};
use super::{Item, ItemKind, ItemState, Recheck, due};
use crate::actor::{Actor, OUTSIDE, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::continuity::desk::urgency;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{self, cut, read_cursor};
use crate::organisation;
use crate::subject::{Named, accounts};
use crate::time::Time;
use crate::todo::ToDo;
use crate::visit::desk::{READERS, RECORDERS, seen};
use crate::visit::remind::Waiting;
use crate::visit::review::ReviewState;
use crate::visit::rules::desk as rules;
use crate::visit::{NewItem, NewVisit};
use ::store::Tx;
use serde_json::json;
use uuid::Uuid;

pub use super::store::ItemFilter;

/// What has no day comes after everything that has one.
const FAR: Time = Time::from_ms(9_000_000_000_000_000);

/// Writes what a visit leaves. A hazard is seen to by whoever is named, or by who
/// writes it down, and has a day always.
pub(in crate::visit) async fn insert_all(
    work: &mut Work,
    visit_id: Uuid,
    subject: &Named,
    new: &NewVisit,
    at: Time,
) -> Result<()> {
    let zone = work.zone();
    let days = rules::get(work, zone).await?.item_days;
    for (list, kind, items) in
        [("requirements", ItemKind::Requirement, &new.requirements), ("hazards", ItemKind::Hazard, &new.hazards)]
    {
        for (n, NewItem { text, due_at, owner_id }) in items.iter().enumerate() {
            if let Some(owner) = owner_id {
                colleague(work, *owner, &format!("{list}/{n}/owner_id")).await?;
            }
            let owner_id = owner_id.or(work.who.person_id.filter(|_| kind == ItemKind::Hazard));
            let due_at = due(kind, false, *due_at, at, days);
            let row = NewItemRow {
                visit_id,
                subject_id: subject.id,
                kind,
                text,
                answer: None,
                due_at,
                owner_id,
                follows_id: None,
            };
            store::insert(work, &row).await?;
            if let Some(owner) = owner_id {
                let args = json!({"subject": subject.short_name, "text": text});
                work.notify(owner, "visit.item_given", Subject::about("visit", visit_id, subject.id), args).await?;
            }
        }
    }
    for answer in &new.answers {
        let row = NewItemRow {
            visit_id,
            subject_id: subject.id,
            kind: ItemKind::Answer,
            text: &answer.question,
            answer: Some(&answer.answer),
            due_at: None,
            owner_id: None,
            follows_id: None,
        };
        store::insert(work, &row).await?;
    }
    Ok(())
}

/// Refuses who is not of the office.
async fn colleague(work: &mut Work, person: Uuid, field: &str) -> Result<()> {
    let zone = work.zone();
    match organisation::desk::is_colleague(work, zone, person).await? {
        true => Ok(()),
        false => Err(Error::Invalid(vec![FieldError::new(field, "unknown")])),
    }
}

/// An item for whom it concerns: those who may see the visit, and who sees to it.
async fn item_of(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Item> {
    let item = store::item(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    seen(tx, who, item.visit_id).await?;
    Ok(item)
}

/// The visit that an item is of.
pub async fn visit_of(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Uuid> {
    Ok(item_of(tx, who, id).await?.visit_id)
}

/// An item that is about to be changed, as it was seen.
async fn open_item(work: &mut Work, who: &Actor, id: Uuid) -> Result<Item> {
    let item = item_of(work, who, id).await?;
    who.saw(item.version)?;
    if !item.is_open() {
        return Err(Error::state("item_checked"));
    }
    Ok(item)
}

fn about(item: &Item) -> Subject {
    Subject::about("visit_item", item.id, item.subject_id)
}

/// Tells the enterprise of an item.
async fn tell(work: &mut Work, item: &Item, kind: &str) -> Result<()> {
    let zone = work.zone();
    let who = work.who.clone();
    // Nobody outside knows of a record before it is reviewed.
    if seen(work, &who, item.visit_id).await?.review_state.is_some_and(ReviewState::is_pending) {
        return Ok(());
    }
    for person in accounts(work, zone, item.subject_kind, item.subject_id).await? {
        let to = Subject::about("visit", item.visit_id, item.subject_id);
        work.notify(person, kind, to, json!({"number": item.visit_number, "text": item.text})).await?;
    }
    Ok(())
}

/// Notes that a requirement or hazard was looked at again. What holds is over; what
/// does not is followed by another with a new day. Answers the visit.
pub async fn check(app: &App, who: &Actor, id: Uuid, found: Recheck) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let item = open_item(&mut work, who, id).await?;
    let mut check = Check::new();
    let note = check.opt_text("note", found.note.as_deref(), 500);
    check.that(found.held || note.is_some(), "note", "required");
    check.that(found.held || found.due_at.is_none_or(|due| due > work.now), "due_at", "in_past");
    check.done()?;
    if !store::end(&mut work, &item, &End { held: Some(found.held), note: note.as_deref() }).await? {
        return Err(Error::Conflict(Conflict::Stale(item.version)));
    }
    let change = Change::made(json!({"kind": item.kind, "text": item.text, "held": found.held}));
    work.log("visit.check", about(&item), change.because(note.unwrap_or_default())).await?;
    if !found.held {
        let zone = work.zone();
        let days = rules::get(&mut work, zone).await?.item_days;
        let due_at = due(item.kind, true, found.due_at, work.now, days);
        let row = NewItemRow {
            visit_id: item.visit_id,
            subject_id: item.subject_id,
            kind: item.kind,
            text: &item.text,
            answer: None,
            due_at,
            owner_id: item.owner_id,
            follows_id: Some(item.id),
        };
        let next = store::insert(&mut work, &row).await?;
        let made = json!({"kind": item.kind, "text": item.text, "due_at": due_at, "follows_id": item.id});
        let to = Subject::about("visit_item", next, item.subject_id);
        work.log("visit.item_again", to, Change::made(made)).await?;
        tell(&mut work, &item, "visit.item_again").await?;
        if let Some(owner) = item.owner_id {
            let args = json!({"subject": item.subject_name, "text": item.text});
            let to = Subject::about("visit", item.visit_id, item.subject_id);
            work.notify(owner, "visit.item_given", to, args).await?;
        }
    }
    work.commit(item.visit_id).await
}

/// Takes back what was asked of an enterprise, with the reason; it is told. Answers
/// the visit.
pub async fn withdraw(app: &App, who: &Actor, id: Uuid, reason: &str) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let item = open_item(&mut work, who, id).await?;
    let mut check = Check::new();
    let reason = check.text("note", reason, 500);
    check.done()?;
    if !store::end(&mut work, &item, &End { held: None, note: Some(&reason) }).await? {
        return Err(Error::Conflict(Conflict::Stale(item.version)));
    }
    let change = Change::made(json!({"kind": item.kind, "text": item.text})).because(reason);
    work.log("visit.item_withdraw", about(&item), change).await?;
    tell(&mut work, &item, "visit.item_withdrawn").await?;
    work.commit(item.visit_id).await
}

/// Puts a requirement or hazard into the hands of a colleague. Answers the visit.
pub async fn give(app: &App, who: &Actor, id: Uuid, owner: Uuid) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let item = open_item(&mut work, who, id).await?;
    colleague(&mut work, owner, "owner_id").await?;
    if !store::set_owner(&mut work, &item, owner).await? {
        return Err(Error::Conflict(Conflict::Stale(item.version)));
    }
    let change = Change::from_to(json!({"owner_id": item.owner_id}), json!({"owner_id": owner, "text": item.text}));
    work.log("visit.item_give", about(&item), change).await?;
    let args = json!({"subject": item.subject_name, "text": item.text});
    work.notify(owner, "visit.item_given", Subject::about("visit", item.visit_id, item.subject_id), args).await?;
    work.commit(item.visit_id).await
}

// Reading

/// What a visit left. The visit's desk has checked who reads.
pub(in crate::visit) async fn of_visit(tx: &mut Tx, zone: Uuid, visit: Uuid) -> Result<Vec<Item>> {
    Ok(store::of_visit(tx, zone, visit).await?)
}

/// Requirements and hazards of a subject that nobody has looked at again. The caller
/// sees to it that the reader may know of them.
pub async fn open_of(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Vec<Item>> {
    Ok(store::open_of(tx, zone, subject).await?)
}

/// The same, as far as somebody may read of them: an enterprise reads of a record that
/// nobody has still to look through.
pub async fn open_for(tx: &mut Tx, who: &Actor, subject: Uuid) -> Result<Vec<Item>> {
    let filter = ItemFilter { subject_id: Some(subject), state: Some(ItemState::Open), ..ItemFilter::default() };
    Ok(store::items(tx, who, &filter, None, 20).await?)
}

/// Requirements and hazards within reach, the earliest due first.
pub async fn items(
    app: &App,
    who: &Actor,
    filter: &ItemFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Item>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let found = list::subjects(&mut tx, who.zone_id, "i.subject_id", None, filter.q.as_deref()).await?;
    let filter = &ItemFilter { found, ..filter.clone() };
    let counted = store::count(&mut tx, who, filter).await?;
    let mut items = store::items(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |item| Some((item.due_at.unwrap_or(FAR), item.id)));
    Ok(Page::new(items, next, counted))
}

/// Requirements and hazards that somebody sees to; for an enterprise, those it has not
/// met on their day.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let Some(person) = who.person_id else { return Ok(Vec::new()) };
    let now = app.now();
    let mut tx = app.read().await?;
    let items = match who.scope {
        _ if who.is(RECORDERS) => store::of_owner(&mut tx, who.zone_id, person, 100).await?,
        Scope::Enterprise(_) | Scope::Project(_) if who.is(OUTSIDE) => {
            let filter = ItemFilter { overdue_at: Some(now), ..ItemFilter::default() };
            store::items(&mut tx, who, &filter, None, 10).await?
        }
        _ => Vec::new(),
    };
    let item = |item: Item| ToDo {
        action: match item.kind {
            ItemKind::Hazard => "todo-hazard",
            _ => "todo-requirement",
        },
        title: item.text,
        about: Some(item.subject_name),
        href: format!("/visits/{}#item-{}", item.visit_id, item.id),
        due_at: item.due_at,
        light: urgency(item.due_at, now),
    };
    Ok(items.into_iter().map(item).collect())
}

/// What came near or is over and has not said so yet.
pub(in crate::visit) async fn to_remind(tx: &mut Tx, zone: Uuid, now: Time, until: Time) -> Result<Vec<Waiting>> {
    Ok(store::to_remind(tx, zone, now, until).await?)
}
