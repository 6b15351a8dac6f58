//! What can be done with text modules.

use super::{Draft, Phrase, Values, field_of, fill, store};
use crate::actor::{Actor, OFFICE, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::Action;
use crate::appeal::desk::{self as appeals, Record};
use crate::error::{Check, Conflict, Error, Result};
use crate::settings::desk::KEEPERS;
use ::store::Tx;
use serde_json::json;
use uuid::Uuid;

/// Who uses them, and writes his own.
pub const READERS: Roles = OFFICE.and(KEEPERS);
/// Text modules of the zone, and of one person.
const MOST: usize = 200;

/// The zone's and one's own, the zone's first.
pub async fn list(tx: &mut Tx, who: &Actor) -> Result<Vec<Phrase>> {
    who.must(READERS)?;
    Ok(store::of(tx, who.zone_id, who.person_id).await?)
}

/// One of them.
pub async fn phrase(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Phrase> {
    who.must(READERS)?;
    let found = store::phrase(tx, who.zone_id, id).await?;
    found.filter(|h| h.person_id.is_none() || h.person_id == who.person_id).ok_or(Error::NotFound)
}

/// Whether somebody may change one: his own, or as a keeper the zone's.
pub fn may_change(who: &Actor, phrase: &Phrase) -> bool {
    match phrase.person_id {
        Some(person) => who.person_id == Some(person),
        None => who.is(KEEPERS),
    }
}

async fn checked(work: &mut Work, draft: &Draft) -> Result<(String, String)> {
    let zone = work.zone();
    let mut check = Check::new();
    let heading = check.text("heading", &draft.heading, 40);
    let text = check.text("text", &draft.text, 2000);
    check.that(draft.action.is_none_or(|action| field_of(action).is_some()), "action", "unknown");
    if let Some(category) = &draft.category {
        let all = appeals::categories(work, zone).await?;
        check.that(all.iter().any(|c| c.key == *category), "category", "unknown");
    }
    check.done()?;
    Ok((heading, text))
}

fn told(phrase: &Phrase) -> serde_json::Value {
    json!({"heading": phrase.heading, "text": phrase.text, "action": phrase.action, "category": phrase.category})
}

/// Writes a new one: one's own, or as a keeper the zone's.
pub async fn add(app: &App, who: &Actor, draft: Draft) -> Result<Uuid> {
    who.must(READERS)?;
    if !draft.own && !who.is(KEEPERS) || draft.own && !who.is(OFFICE) {
        return Err(Error::Forbidden);
    }
    let person_id = if draft.own { Some(who.person()?) } else { None };
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let (heading, text) = checked(&mut work, &draft).await?;
    let there = store::of(&mut work, zone, person_id).await?;
    if there.iter().filter(|h| h.person_id == person_id).count() >= MOST {
        return Err(Error::state("phrases_many"));
    }
    let phrase = Phrase {
        id: Uuid::now_v7(),
        person_id,
        heading,
        text,
        action: draft.action,
        category: draft.category,
        changed_at: work.now,
        version: 1,
    };
    store::insert(&mut work, zone, &phrase).await?;
    work.log("phrase.add", Subject::new("phrase", phrase.id), Change::made(told(&phrase))).await?;
    work.commit(phrase.id).await
}

/// A text module that is about to be changed, as it was seen.
async fn to_change(work: &mut Work, who: &Actor, id: Uuid) -> Result<Phrase> {
    let phrase = phrase(work, who, id).await?;
    if !may_change(who, &phrase) {
        return Err(Error::Forbidden);
    }
    who.saw(phrase.version)?;
    Ok(phrase)
}

/// Changes one. Whose it is stays.
pub async fn change(app: &App, who: &Actor, id: Uuid, draft: Draft) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let mut phrase = to_change(&mut work, who, id).await?;
    let before = told(&phrase);
    let (heading, text) = checked(&mut work, &draft).await?;
    (phrase.heading, phrase.text, phrase.action, phrase.category) = (heading, text, draft.action, draft.category);
    phrase.changed_at = work.now;
    if !store::save(&mut work, zone, &phrase, false).await? {
        return Err(Error::Conflict(Conflict::Stale(phrase.version)));
    }
    work.log("phrase.change", Subject::new("phrase", id), Change::from_to(before, told(&phrase))).await?;
    work.commit(id).await
}

/// Takes one out.
pub async fn retire(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let mut phrase = to_change(&mut work, who, id).await?;
    phrase.changed_at = work.now;
    if !store::save(&mut work, zone, &phrase, true).await? {
        return Err(Error::Conflict(Conflict::Stale(phrase.version)));
    }
    work.log("phrase.retire", Subject::new("phrase", id), Change::made(json!({"heading": phrase.heading}))).await?;
    work.commit(id).await
}

/// A text module filled in from an appeal, for an action on it: the field that it goes
/// into, and the text.
pub async fn filled(
    tx: &mut Tx,
    who: &Actor,
    id: Uuid,
    action: Action,
    record: &Record,
) -> Result<Option<(&'static str, String)>> {
    let found = match phrase(tx, who, id).await {
        Ok(phrase) => phrase,
        // It was taken out meanwhile.
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let zone = record.calendar.time_zone();
    let values = Values {
        subject: record.line.subject_name().filter(|_| !record.masked).map(str::to_owned),
        number: Some(record.appeal.number.clone()),
        due: record.appeal.due_at.map(|at| at.day(zone).to_string()),
        department: record.line.lead_department_name.clone(),
        officer: Some(who.name.clone()),
    };
    Ok(field_of(action).map(|field| (field, fill(&found.text, &values))))
}
