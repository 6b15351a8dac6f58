//! Setting checklists, and ticking what they ask.

use super::{
    ACTIONS, CheckLine, CheckStanding, KIND, LONG, List, MOST, Tick, key_of, open_for, read_key, store, takes,
};
use crate::actor::{Actor, OFFICE, Roles};
use crate::app::{App, Change, Subject};
use crate::appeal::record::Appeal;
use crate::appeal::{Action, Hat, desk as appeals, step};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::settings;
use crate::settings::desk::KEEPERS;
use ::store::Tx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Who ticks: those who act on appeals in the office.
pub const READERS: Roles = OFFICE;
/// What somebody has to be towards an appeal to tick its lists.
const TICKERS: &[Hat] = &[Hat::Lead, Hat::Desk, Hat::Overseer];

/// A list as settings show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Set {
    /// The category; null for all.
    pub category: Option<String>,
    /// What it guards.
    pub action: Action,
    /// Its items.
    #[serde(flatten)]
    pub list: List,
    /// Counts the versions.
    pub version: i64,
}

/// A list as it is set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewList {
    /// The category; null for all.
    pub category: Option<String>,
    /// What it guards: `answer`, `review`, `close`, `suspend` or `reject`.
    pub action: Action,
    /// Items that are looked at always, one a line.
    #[serde(default)]
    pub required: String,
    /// Items that may not apply, one a line.
    #[serde(default)]
    pub if_applicable: String,
}

fn read(body: serde_json::Value) -> Result<List> {
    serde_json::from_value(body).map_err(|e| Error::Internal(format!("a checklist: {e}")))
}

/// Every list that holds now, and has items.
pub async fn lists(tx: &mut Tx, who: &Actor) -> Result<Vec<Set>> {
    who.must(settings::desk::READERS.and(OFFICE))?;
    let mut all = Vec::new();
    for (key, body) in settings::desk::all_current(tx, who.zone_id, KIND).await? {
        let (Some((category, action)), list) = (read_key(&key), read(body)?) else { continue };
        let version = settings::desk::versions(tx, who.zone_id, KIND, &key).await?.first().map_or(0, |v| v.version);
        if !list.items.is_empty() {
            all.push(Set { category, action, list, version });
        }
    }
    Ok(all)
}

/// The list of a category and an action as it holds now, with its version; 0 where none
/// was ever set.
pub async fn list_of(tx: &mut Tx, who: &Actor, category: Option<&str>, action: Action) -> Result<(List, i64)> {
    let key = key_of(category, action);
    let version = settings::desk::versions(tx, who.zone_id, KIND, &key).await?.first().map_or(0, |v| v.version);
    let body = settings::desk::current(tx, who.zone_id, KIND, &key).await?;
    Ok((body.map(read).transpose()?.unwrap_or_default(), version))
}

/// Sets a list from now on; appeals that were registered before keep theirs. Without
/// items it guards nothing.
pub async fn set(app: &App, who: &Actor, new: NewList) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let list = List::read(&new.required, &new.if_applicable);
    let mut check = Check::new();
    check.that(ACTIONS.contains(&new.action), "action", "unknown");
    if let Some(category) = &new.category {
        let known = appeals::categories(&mut work, zone).await?;
        check.that(known.iter().any(|c| c.key == *category), "category", "unknown");
    }
    for (field, text) in [("required", &new.required), ("if_applicable", &new.if_applicable)] {
        check.opt_text(field, Some(text), 4000);
        if text.lines().any(|line| line.trim().chars().count() > LONG) {
            check.add(FieldError::new(field, "too_long").with("max", LONG));
        }
    }
    if list.items.len() > MOST {
        check.add(FieldError::new("required", "too_many").with("max", MOST));
    }
    check.done()?;
    let category = new.category.as_deref();
    let (before, version) = list_of(&mut work, who, category, new.action).await?;
    if who.seen_version.is_some_and(|seen| seen != version) {
        return Err(Error::Conflict(Conflict::Stale(version)));
    }
    let body = serde_json::to_value(&list).map_err(|e| Error::Internal(e.to_string()))?;
    let now = work.now;
    settings::desk::put_from(&mut work, KIND, &key_of(category, new.action), &body, now).await?;
    let texts = |list: &List| list.items.iter().map(|item| item.text.clone()).collect::<Vec<_>>();
    let change = Change::from_to(
        json!({"items": texts(&before)}),
        json!({"category": new.category, "checked_action": new.action, "items": texts(&list)}),
    );
    work.log("checklist.set", Subject::new("policy_data", zone), change).await?;
    work.commit(zone).await
}

/// The lists that an appeal began with, as they stand. Whoever calls has checked that
/// the reader may know of them.
pub async fn of_appeal(tx: &mut Tx, appeal: &Appeal) -> Result<Vec<CheckStanding>> {
    let Some(at) = appeal.registered_at else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (key, body) in store::lists_at(tx, appeal.zone_id, at).await? {
        let Some((category, action)) = read_key(&key) else { continue };
        let list = read(body)?;
        if !list.items.is_empty() && category.is_none_or(|category| category == appeal.category) {
            let line = |(n, item): (i64, super::CheckItem)| CheckLine {
                item: n,
                text: item.text,
                need: item.need,
                state: None,
                by: None,
                at: None,
            };
            all.push(CheckStanding { list: key, action, items: (0..).zip(list.items).map(line).collect() });
        }
    }
    if all.is_empty() {
        return Ok(all);
    }
    for ticked in store::ticks(tx, appeal.zone_id, appeal.id).await? {
        let list = all.iter_mut().find(|list| list.list == ticked.list);
        if let Some(line) = list.and_then(|list| list.items.iter_mut().find(|line| line.item == ticked.item)) {
            (line.state, line.by, line.at) = (Some(ticked.state), ticked.who, Some(ticked.at));
        }
    }
    Ok(all)
}

/// Refuses an action before which something is still open, naming each.
pub async fn must_be_ticked(tx: &mut Tx, appeal: &Appeal, action: Action) -> Result<()> {
    if !ACTIONS.contains(&action) {
        return Ok(());
    }
    let all = of_appeal(tx, appeal).await?;
    let open = open_for(&all, action);
    let wrong: Vec<FieldError> =
        open.into_iter().map(|text| FieldError::new("checklist", "unchecked").with("item", text)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

/// What is ticked, or taken back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ticking {
    /// Key of the list.
    pub list: String,
    /// Place of the item.
    pub item: i64,
    /// What was found; null takes the tick back.
    pub state: Option<Tick>,
}

/// Whether somebody may tick the lists of an appeal that he is this to.
pub fn may_tick(hats: crate::appeal::Hats, appeal: &Appeal) -> bool {
    appeal.open && hats.any(TICKERS)
}

/// Ticks an item of an appeal's lists. Answers the appeal.
pub async fn tick(app: &App, who: &Actor, id: Uuid, ticking: Ticking) -> Result<Uuid> {
    who.must(READERS)?;
    let mut work = app.work(who).await?;
    let seen = step::see(&mut work, who, id, true).await?;
    if !seen.hats.any(TICKERS) {
        return Err(Error::Forbidden);
    }
    if !seen.appeal.open {
        return Err(Error::state("appeal_status"));
    }
    let all = of_appeal(&mut work, &seen.appeal).await?;
    let list = all.iter().find(|list| list.list == ticking.list).ok_or_else(|| Error::field("list", "unknown"))?;
    let line = list.items.iter().find(|line| line.item == ticking.item);
    let line = line.ok_or_else(|| Error::field("item", "unknown"))?;
    if ticking.state.is_some_and(|tick| !takes(line.need, tick)) {
        return Err(Error::field("state", "check_always"));
    }
    if line.state == ticking.state {
        return work.commit(id).await;
    }
    store::tick(&mut work, id, &ticking.list, ticking.item, ticking.state).await?;
    let made = json!({"checked_action": list.action, "item": line.text, "tick": ticking.state});
    let entry = if ticking.state.is_some() { "checklist.tick" } else { "checklist.untick" };
    work.log(entry, step::subject_of(&seen.appeal), Change::made(made).because(line.text.clone())).await?;
    work.commit(id).await
}
