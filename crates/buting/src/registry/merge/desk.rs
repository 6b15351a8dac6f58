//! What can be done with duplicates: look for them, say that two are two, merge,
//! undo.

use super::super::desk::{ENTERPRISE, KEEPERS, change_in};
use super::super::fact::{self, Said};
use super::super::{Enterprise, difference, store as register};
use super::{Candidate, Fact, Merge, NewMerge, UNDO_MS, joined, pairs, parted, refusal, store};
use crate::actor::Actor;
use crate::app::{App, Change, Subject, Work};
use crate::assignment::{desk as assignment, reach};
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{Page, limit};
use crate::search;
use ::store::{Error as StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Looks through the whole register for pairs that may be one; answers how many
/// wait for a decision.
pub async fn look(app: &App, zone: Uuid) -> Result<i64> {
    let all = {
        let mut tx = app.read().await?;
        store::known(&mut tx, zone).await?
    };
    // A city's register takes seconds to compare: not on the thread that serves.
    let found = tokio::task::spawn_blocking(move || pairs(&all));
    let found = found.await.map_err(|error| Error::Internal(error.to_string()))?;
    let now = app.now();
    let mut tx = app.db.write().await?;
    store::replace_pairs(&mut tx, zone, &found, now).await?;
    let waiting = store::pair_count(&mut tx, zone).await?;
    tx.commit().await?;
    Ok(waiting)
}

/// Looks now, because somebody asked.
pub async fn look_now(app: &App, who: &Actor) -> Result<i64> {
    who.must(KEEPERS)?;
    look(app, who.zone_id).await
}

/// Pairs that wait for a decision, the likeliest first.
pub async fn candidates(app: &App, who: &Actor, cursor: Option<&str>, asked: Option<i64>) -> Result<Page<Candidate>> {
    who.must(KEEPERS)?;
    let limit = limit(asked)?;
    let after = cursor.map(|text| read_cursor(text).ok_or_else(|| Error::field("cursor", "unreadable"))).transpose()?;
    let mut tx = app.read().await?;
    let mut found = store::pairs(&mut tx, who.zone_id, after, limit + 1).await?;
    let counted = store::pair_count(&mut tx, who.zone_id).await?;
    let more = found.len() as i64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    for one in &mut found {
        one.reachable = reach::reaches(&mut tx, who, one.a_id).await? && reach::reaches(&mut tx, who, one.b_id).await?;
    }
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}.{}", last.score, last.a_id, last.b_id));
    Ok(Page::new(found, next, counted))
}

fn read_cursor(text: &str) -> Option<(i64, Uuid, Uuid)> {
    let mut parts = text.splitn(3, '.');
    let score = parts.next()?.parse().ok().filter(|score| (0..=i64::from(u32::MAX)).contains(score))?;
    Some((score, Uuid::parse_str(parts.next()?).ok()?, Uuid::parse_str(parts.next()?).ok()?))
}

/// Two records are two enterprises: they are not offered again.
pub async fn distinct(app: &App, who: &Actor, a: Uuid, b: Uuid, note: Option<&str>) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    let note = check.opt_text("note", note, 500);
    check.done()?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let pair = (a.min(b), a.max(b));
    for id in [pair.0, pair.1] {
        reached(&mut work, id).await?;
    }
    if !store::distinct(&mut work, zone, pair, note.as_deref(), who.person_id, now).await? {
        return Err(Error::NotFound);
    }
    let made = Change::made(json!({"other_id": pair.1})).because(note.unwrap_or_default());
    work.log("enterprise.distinct", Subject::about("enterprise", pair.0, pair.0), made).await?;
    work.commit(pair.0).await
}

/// What a merge would do.
pub struct Preview {
    /// The record that goes.
    pub from: Enterprise,
    /// The record that stays.
    pub into: Enterprise,
    /// Facts on which both say something and not the same.
    pub differing: Vec<Fact>,
    /// What moves, by table.
    pub moves: Vec<(&'static str, i64)>,
    /// What forbids it.
    pub refusal: Option<&'static str>,
}

/// What merging `from` into `into` would do.
pub async fn preview(app: &App, who: &Actor, from: Uuid, into: Uuid) -> Result<Preview> {
    who.must(KEEPERS)?;
    let mut tx = app.db.snapshot().await?;
    let zone = who.zone_id;
    let mut both = Vec::new();
    for id in [from, into] {
        both.push(register::enterprise(&mut tx, zone, id).await?.ok_or(Error::NotFound)?);
        if !reach::reaches(&mut tx, who, id).await? {
            return Err(Error::Forbidden);
        }
    }
    let moves = store::counts(&mut tx, zone, from).await?;
    tx.commit().await?;
    let [from, into] = <[Enterprise; 2]>::try_from(both).map_err(|_| Error::NotFound)?;
    let refusal = refusal(&from, &into);
    let differing = Fact::ALL.iter().copied().filter(|fact| differ(*fact, &from, &into)).collect();
    Ok(Preview { from, into, differing, moves, refusal })
}

fn differ(fact: Fact, from: &Enterprise, into: &Enterprise) -> bool {
    let (from, into) = (from.facts(), into.facts());
    let (theirs, own) = (&from[fact.word()], &into[fact.word()]);
    !theirs.is_null() && !own.is_null() && theirs != own
}

/// A record that the actor keeps.
async fn reached(work: &mut Work, id: Uuid) -> Result<Enterprise> {
    let who = work.who.clone();
    let found = register::enterprise(work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if reach::reaches(work, &who, id).await? { Ok(found) } else { Err(Error::Forbidden) }
}

/// Merges a record into another.
pub async fn merge(app: &App, who: &Actor, into: Uuid, new: NewMerge) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    let reason = check.text("reason", &new.reason, 500);
    check.done()?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    register::hold(&mut work, zone, &[new.from, into]).await?;
    let into = reached(&mut work, into).await?;
    who.saw(into.version)?;
    let from = match reached(&mut work, new.from).await {
        Err(Error::NotFound) => return Err(Error::field("from", "unknown")),
        found => found?,
    };
    if let Some(code) = refusal(&from, &into) {
        return Err(Error::state(code));
    }
    let id = Uuid::now_v7();
    let moved: serde_json::Map<String, Json> =
        store::counts(&mut work, zone, from.id).await?.into_iter().map(|(table, n)| (table.into(), n.into())).collect();
    let because = format!("与《{}》合并：{reason}", into.name);
    let ended = assignment::join_in(&mut work, from.id, into.id, &because).await?;
    store::take(&mut work, zone, id, from.id, into.id, &ended).await?;
    store::leave(&mut work, zone, from.id, into.id, now).await?;
    search::remove(&mut work, ENTERPRISE, from.id).await?;
    // What it takes over keeps its source and date.
    let theirs = fact::desk::every_standing(&mut work, zone, &from).await?;
    let stood = fact::desk::standings(&mut work, zone, into.id).await?;
    let patch = joined(&from, &into, &new.take);
    change_in(&mut work, &into, patch, Some(reason.clone()), Said::As(theirs)).await?;
    let stands = fact::desk::standings(&mut work, zone, into.id).await?;
    let changed = register::enterprise(&mut work, zone, into.id).await?.ok_or(Error::NotFound)?;
    let (was, is) = difference(&into.facts(), &changed.facts()).unwrap_or_default();
    let had = json!({"status": from.status, "uscc": from.uscc});
    let gave = json!({"was": was, "is": is, "stood": stood, "stands": stands});
    let row = store::New { id, from: from.id, into: into.id, reason: &reason, had, gave, made_by: who.person_id };
    store::insert(&mut work, zone, row, now).await?;
    let went = Change::from_to(
        json!({"status": from.status, "uscc": from.uscc, "merged_into": null}),
        json!({"status": "merged", "uscc": null, "merged_into": into.id}),
    );
    work.log("enterprise.merged", Subject::about("enterprise", from.id, from.id), went.because(reason.clone())).await?;
    let made = Change::made(json!({"merge_id": id, "merged_from": from.id, "moved": moved}));
    work.log("enterprise.merge", Subject::about("enterprise", into.id, into.id), made.because(reason)).await?;
    work.commit(id).await
}

/// Undoes a merge: what moved goes back, what came since stays.
pub async fn undo(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let merge = store::merge(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    register::hold(&mut work, zone, &[merge.from_id, merge.into_id]).await?;
    let into = reached(&mut work, merge.into_id).await?;
    who.saw(merge.version)?;
    if merge.undone_at.is_some() {
        return Err(Error::state("merge_undone"));
    }
    if now.ms() - merge.at.ms() > UNDO_MS {
        return Err(Error::state("merge_undo_over"));
    }
    if !store::holds(&mut work, zone, &merge).await? {
        return Err(Error::state("merge_undo_later_first"));
    }
    let (had, gave) = store::facts(&mut work, zone, id).await?;
    let back = Json::Object(parted(&gave, &into.facts()));
    let patch = serde_json::from_value(back).map_err(|error| Error::Internal(error.to_string()))?;
    let said = Said::Back { stood: gave["stood"].clone(), stands: gave["stands"].clone() };
    change_in(&mut work, &into, patch, None, said).await?;
    store::come_back(&mut work, zone, merge.from_id, &had, now).await.map_err(|error| match error {
        StoreError::Duplicate(_) => Error::Conflict(Conflict::Taken("uscc")),
        other => other.into(),
    })?;
    let ended = store::give_back(&mut work, zone, id, merge.from_id, merge.into_id).await?;
    assignment::part_in(&mut work, &ended, merge.from_id, merge.into_id, "撤销企业合并").await?;
    if !store::undone(&mut work, zone, id, who.person_id, now, merge.version).await? {
        return Err(Error::Conflict(Conflict::Stale(merge.version + 1)));
    }
    let from = register::enterprise(&mut work, zone, merge.from_id).await?.ok_or(Error::NotFound)?;
    search::put(&mut work, ENTERPRISE, from.id, Some(from.id), from.created_at, &from.search_text()).await?;
    let came = Change::from_to(
        json!({"status": "merged", "merged_into": into.id}),
        json!({"status": from.status, "merged_into": null}),
    );
    work.log("enterprise.unmerged", Subject::about("enterprise", from.id, from.id), came).await?;
    let made = Change::made(json!({"merge_id": id, "merged_from": from.id}));
    work.log("enterprise.unmerge", Subject::about("enterprise", into.id, into.id), made).await?;
    work.commit(id).await
}

/// One merge.
pub async fn one(app: &App, who: &Actor, id: Uuid) -> Result<Merge> {
    who.must(KEEPERS)?;
    store::merge(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// What was merged into an enterprise, the newest first.
pub async fn into(tx: &mut Tx, zone: Uuid, enterprise: Uuid) -> Result<Vec<Merge>> {
    Ok(store::merges_into(tx, zone, enterprise).await?)
}

/// An enterprise and the records merged into it.
pub async fn with_merged(tx: &mut Tx, zone: Uuid, enterprise: Uuid) -> Result<Vec<Uuid>> {
    Ok(store::with_merged(tx, zone, enterprise).await?)
}
