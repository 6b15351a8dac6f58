//! What can be done with facts: see how they stand, confirm, correct, decide; note
//! that a contact was not reached.

use super::super::desk::{
    CONTACT_KEEPERS, KEEPERS, READERS, change_contact_in, change_in, keeps_contacts_of, may_read, who_says,
};
use super::super::{Contact, ContactPatch, Enterprise, store as register};
use super::{
    Confirmation, Correction, CorrectionQuery, CorrectionState, Decision, Fact, Kept, Key, NewCorrection, NewFailure,
    Said, Source, Standing, Standings, Told, changed_since, destination, patch, store, told,
};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::{desk as assignment, reach};
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{Page, TOTAL_CAP, limit};
use crate::list::{self, Order};
use crate::subject::{self, SubjectKind};
use crate::time::Time;
use crate::todo::ToDo;
use ::store::{Sql, Tx};
use almanac::Light;
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Who confirms facts: the office, and each enterprise its own.
pub const CONFIRMERS: Roles = CONTACT_KEEPERS;
/// Who corrects facts of his own enterprise.
pub const PROPOSERS: Roles = Roles::of(&[Role::Enterprise]);
/// Who is reminded of what waits for the officer of an enterprise.
const REMINDED: Roles = Roles::of(&[Role::Officer, Role::Specialist]);
/// Things of one kind that the list of what needs one now names.
const NAMED: i64 = 50;

// ---- how facts stand -----------------------------------------------------------

/// The facts of a record with source and date. Its contacts must be with it.
pub async fn facts(tx: &mut Tx, zone: Uuid, one: &Enterprise, now: Time) -> Result<Vec<Fact>> {
    let stood = store::stood(tx, zone, one.id).await?;
    let made = store::made(tx, zone, one.id, one.confirmed_at.unwrap_or(one.created_at)).await?;
    Ok(super::facts(one, &stood, &made, now))
}

/// The facts of an enterprise. The caller sees to it that the reader may know of it.
pub async fn known(tx: &mut Tx, zone: Uuid, enterprise: Uuid, now: Time) -> Result<Vec<Fact>> {
    let Some(mut one) = register::enterprise(tx, zone, enterprise).await? else { return Ok(Vec::new()) };
    one.contacts = register::contacts(tx, zone, &[enterprise]).await?;
    facts(tx, zone, &one, now).await
}

/// A condition on `e`, an enterprise: it gives a fact that should be asked again.
pub fn is_stale(zone: Uuid, now: Time) -> Sql {
    store::stale(zone, now)
}

/// How every fact of a record stands, those untouched too.
pub async fn every_standing(tx: &mut Tx, zone: Uuid, one: &Enterprise) -> Result<Standings> {
    let made = store::made(tx, zone, one.id, one.confirmed_at.unwrap_or(one.created_at)).await?;
    let mut all = store::standings(tx, zone, one.id).await?;
    for key in Key::of_record().filter(|key| key.is_given(&one.facts())) {
        all.entry(key).or_insert_with(|| made.standing());
    }
    Ok(all)
}

/// How the facts stand that have a standing of their own.
pub async fn standings(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<Standings> {
    Ok(store::standings(tx, zone, subject).await?)
}

/// The facts of a record that goes have no standing any more.
pub async fn forget(tx: &mut Tx, zone: Uuid, subject: Uuid) -> Result<()> {
    Ok(store::forget_all(tx, zone, subject).await?)
}

/// A new record whose facts somebody named the source of.
pub async fn stand_new(work: &mut Work, one: &Enterprise, source: Source) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let said = Standing {
        source,
        confirmed_at: one.confirmed_at.map_or(now, |at| at.min(now)),
        confirmed_by: work.who.person_id,
    };
    let given = Key::of_record().filter(|key| key.is_given(&one.facts()));
    Ok(store::put(work, zone, one.id, &given.map(|key| (key, said.clone())).collect()).await?)
}

/// What a change of a record says of its facts.
pub struct Mentioned<'a> {
    /// The record before.
    pub old: &'a Enterprise,
    /// The record after.
    pub new: &'a Enterprise,
    /// Facts that the change names, be they another or the same.
    pub keys: Vec<Key>,
    /// The day on which what it names was found right.
    pub dated: Option<Time>,
}

/// Writes how facts stand after a change of their record, in the same transaction.
/// Answers how they stood and how they stand, for the ledger; none when all stay.
pub async fn stand(work: &mut Work, change: &Mentioned<'_>, said: Said) -> Result<Option<(Json, Json)>> {
    let (zone, now, by, id) = (work.zone(), work.now, work.who.person_id, change.new.id);
    let (was, is) = (change.old.facts(), change.new.facts());
    let known = store::standings(work, zone, id).await?;
    let differs = |key: &Key| was[key.word()] != is[key.word()];
    let changed: Vec<Key> = Key::of_record().filter(differs).collect();
    let mut put = Standings::new();
    let mut gone: Vec<Key> = changed.iter().copied().filter(|key| !key.is_given(&is)).collect();
    let given = changed.iter().copied().filter(|key| key.is_given(&is));
    let today =
        |source| Standing { source, confirmed_at: change.dated.map_or(now, |at| at.min(now)), confirmed_by: by };
    match said {
        Said::Now(source) => {
            put.extend(given.map(|key| (key, today(source))));
            let first = change.old.confirmed_at.unwrap_or(change.old.created_at);
            for key in change.keys.iter().copied().filter(|key| !differs(key) && key.is_given(&is)) {
                let before = known.get(&key).map_or(first, |standing| standing.confirmed_at);
                if change.dated.is_some() && before < today(source).confirmed_at {
                    put.insert(key, today(source));
                }
            }
        }
        Said::As(there) => {
            let other = today(Source::Officer);
            put.extend(given.map(|key| (key, there.get(&key).cloned().unwrap_or_else(|| other.clone()))));
        }
        Said::Back { stood, stands } => {
            let (stood, stands) = (standings_in(&stood), standings_in(&stands));
            let touched: BTreeSet<Key> = stood.keys().chain(stands.keys()).chain(&changed).copied().collect();
            for key in touched {
                // Who confirmed an unchanged value since has the last word.
                let since = known.get(&key) != stands.get(&key) && !changed.contains(&key);
                match stood.get(&key) {
                    _ if since || stood.get(&key) == known.get(&key) => {}
                    Some(former) if key.is_given(&is) => _ = put.insert(key, former.clone()),
                    _ => gone.push(key),
                }
            }
        }
    }
    gone.retain(|key| known.contains_key(key));
    if put.is_empty() && gone.is_empty() {
        return Ok(None);
    }
    store::put(work, zone, id, &put).await?;
    store::forget(work, zone, id, &gone).await?;
    let keys = || put.keys().chain(&gone);
    let before: serde_json::Map<String, Json> =
        keys().map(|key| (key.word().to_owned(), json!(known.get(key)))).collect();
    let after: serde_json::Map<String, Json> = keys().map(|key| (key.word().to_owned(), json!(put.get(key)))).collect();
    Ok(Some((Json::Object(before), Json::Object(after))))
}

/// Standings as the ledger keeps them: a fact without one is null there.
fn standings_in(kept: &Json) -> Standings {
    let read = |(key, value): (&String, &Json)| Some((Key::parse(key)?, serde_json::from_value(value.clone()).ok()?));
    kept.as_object().into_iter().flatten().filter_map(read).collect()
}

/// An enterprise that somebody may know of and that stands on its own.
async fn record(work: &mut Work, id: Uuid) -> Result<Enterprise> {
    let who = work.who.clone();
    if !may_read(&who, id) {
        return Err(Error::NotFound);
    }
    register::hold(work, who.zone_id, &[id]).await?;
    let one = register::enterprise(work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if one.merged_into.is_some() { Err(Error::state("enterprise_merged")) } else { Ok(one) }
}

/// Facts are found unchanged: those that are named, otherwise all that are stale. An
/// enterprise confirms its own facts, not what the register decides.
pub async fn confirm(app: &App, who: &Actor, id: Uuid, confirmation: Confirmation) -> Result<Uuid> {
    who.must(CONFIRMERS)?;
    let own = !who.is(OFFICE);
    if confirmation.said_by.is_some_and(|source| own || !Source::NAMED.contains(&source)) {
        return Err(Error::field("said_by", "unknown"));
    }
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let mut one = record(&mut work, id).await?;
    who.saw(one.version)?;
    one.contacts = register::contacts(&mut work, zone, &[id]).await?;
    let reached = reach::reaches(&mut work, who, id).await?;
    let all = facts(&mut work, zone, &one, now).await?;
    let mut keys: BTreeSet<Key> = confirmation.facts.iter().copied().collect();
    if keys.is_empty() {
        // That a number works again is said of that number alone.
        let contacts = reached && !one.contacts.iter().any(Contact::fails);
        let mine = |fact: &&Fact| fact.stale && !(own && fact.official) && (contacts || fact.key != Key::Contacts);
        keys.extend(all.iter().filter(mine).map(|fact| fact.key));
    }
    let mut check = Check::new();
    for key in &keys {
        match all.iter().find(|fact| fact.key == *key) {
            Some(fact) => check.that(!(own && fact.official), "facts", "fact_official"),
            None => check.that(false, "facts", "fact_not_given"),
        };
    }
    check.done()?;
    if keys.remove(&Key::Contacts)
        && let Some(first) = one.contacts.first()
    {
        keeps_contacts_of(&mut work, id).await?;
        let verified = ContactPatch { verified: Some(true), ..ContactPatch::default() };
        change_contact_in(&mut work, first, verified).await?;
    }
    if !keys.is_empty() {
        let source = confirmation.said_by.unwrap_or(who_says(who));
        let said = Standing { source, confirmed_at: now, confirmed_by: who.person_id };
        let known = store::standings(&mut work, zone, id).await?;
        let put: Standings = keys.iter().map(|key| (*key, said.clone())).collect();
        store::put(&mut work, zone, id, &put).await?;
        if !store::touch(&mut work, zone, id, one.version).await? {
            return Err(Error::Conflict(Conflict::Stale(one.version + 1)));
        }
        let before: serde_json::Map<String, Json> =
            keys.iter().map(|key| (key.word().to_owned(), json!(known.get(key)))).collect();
        let change = Change::from_to(json!({"standing": before}), json!({"confirmed": keys, "standing": put}));
        work.log("fact.confirm", Subject::about("enterprise", id, id), change).await?;
    }
    work.commit(id).await
}

// ---- corrections -------------------------------------------------------------

/// An enterprise corrects facts of its own: what it knows best holds at once, what
/// the register decides waits for an officer.
pub async fn propose(app: &App, who: &Actor, id: Uuid, new: NewCorrection) -> Result<Uuid> {
    who.must(PROPOSERS)?;
    let mut check = Check::new();
    let reason = check.opt_text("reason", new.reason.as_deref(), 500);
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let old = record(&mut work, id).await?;
    let correction = new.id.unwrap_or_else(Uuid::now_v7);
    if let Some(known) = store::correction(&mut work, zone, correction).await? {
        // A key that somebody else used is nobody's business.
        return Err(if known.enterprise_id == id { Error::Replayed(correction) } else { Error::field("id", "taken") });
    }
    who.saw(old.version)?;
    let would = new.patch().apply(&old).checked()?.record(id, old.created_at);
    let told = told(&old.facts(), &would.facts());
    let official = told.iter().any(|one| one.key.is_official());
    check.that(!official || reason.is_some(), "reason", "required");
    if let Some(carrier) = would.carrier_id.filter(|carrier| old.carrier_id != Some(*carrier)) {
        let open = register::carrier(&mut work, zone, carrier).await?.is_some_and(|one| one.closed_at.is_none());
        check.that(open, "carrier_id", "unknown");
    }
    check.done()?;
    if told.is_empty() {
        return Err(Error::state("correction_nothing"));
    }
    let own = patch(told.iter().filter(|one| !one.key.is_official()));
    if !own.is_empty() {
        let patch = serde_json::from_value(Json::Object(own)).map_err(|error| Error::Internal(error.to_string()))?;
        change_in(&mut work, &old, patch, None, Said::Now(Source::Enterprise)).await?;
    }
    let state = if official { CorrectionState::Waiting } else { CorrectionState::Applied };
    if official {
        for waiting in waiting(&mut work, zone, id).await? {
            end(&mut work, &waiting, CorrectionState::Replaced, None).await?;
        }
    }
    let row =
        store::New { id: correction, enterprise: id, state, told: &told, reason: reason.as_deref(), by: who.person_id };
    store::insert(&mut work, zone, row, now).await?;
    let subject = Subject::about("correction", correction, id);
    let official_only = |of: fn(&Told) -> &Json| -> Json {
        let waiting = told.iter().filter(|one| one.key.is_official());
        Json::Object(waiting.map(|one| (one.key.word().to_owned(), of(one).clone())).collect())
    };
    if official {
        let change = Change::from_to(official_only(|one| &one.was), official_only(|one| &one.to));
        work.log("correction.propose", subject, change.because(reason.unwrap_or_default())).await?;
        let answers = assignment::current(app, &mut work, zone, SubjectKind::Enterprise, id).await?;
        for person in [&answers.stand_in, &answers.officer].into_iter().flatten().filter_map(|holder| holder.person_id)
        {
            work.notify(person, "correction.proposed", subject, json!({"enterprise": old.short_name})).await?;
        }
    }
    work.commit(correction).await
}

async fn waiting(tx: &mut Tx, zone: Uuid, enterprise: Uuid) -> Result<Vec<Kept>> {
    let conditions = store::Conditions {
        state: Some(CorrectionState::Waiting),
        enterprise: Some(enterprise),
        ..store::Conditions::default()
    };
    Ok(store::corrections(tx, zone, &conditions, Order::Usual, None, 100).await?)
}

/// Ends the wait of a correction, with its row of the ledger.
async fn end(work: &mut Work, one: &Kept, state: CorrectionState, answer: Option<&str>) -> Result<()> {
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    if !store::end(work, zone, one, state, by, answer, now).await? {
        return Err(Error::Conflict(Conflict::Stale(one.version + 1)));
    }
    let subject = Subject::about("correction", one.id, one.enterprise_id);
    let change =
        Change::from_to(json!({"state": one.state}), json!({"state": state})).because(answer.unwrap_or_default());
    match state {
        CorrectionState::Accepted => work.log("correction.accept", subject, change).await,
        CorrectionState::Refused => work.log("correction.refuse", subject, change).await,
        CorrectionState::Withdrawn => work.log("correction.withdraw", subject, change).await,
        _ => work.log("correction.replace", subject, change).await,
    }
}

/// A correction that waits, for somebody who may know of its enterprise.
async fn waiting_one(work: &mut Work, id: Uuid) -> Result<(Kept, Enterprise)> {
    let (zone, who) = (work.zone(), work.who.clone());
    let found = store::correction(work, zone, id).await?.ok_or(Error::NotFound)?;
    let one = record(work, found.enterprise_id).await?;
    // Read again: somebody may have decided while the enterprise was held.
    let found = store::correction(work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(found.version)?;
    if found.state == CorrectionState::Waiting { Ok((found, one)) } else { Err(Error::state("correction_decided")) }
}

/// An officer accepts a correction as a whole, or refuses it and says why.
pub async fn decide(app: &App, who: &Actor, id: Uuid, decision: Decision) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    let answer = check.opt_text("answer", decision.answer.as_deref(), 500);
    check.that(decision.accept || answer.is_some(), "answer", "required");
    check.done()?;
    let mut work = app.work(who).await?;
    let (found, one) = waiting_one(&mut work, id).await?;
    if !reach::reaches(&mut work, who, one.id).await? {
        return Err(Error::Forbidden);
    }
    if decision.accept {
        if !changed_since(&found.told, &one.facts()).is_empty() {
            match decision.overwrite {
                None => return Err(Error::state("correction_overtaken")),
                Some(seen) if seen != one.version => return Err(Error::Conflict(Conflict::Stale(one.version))),
                Some(_) => {}
            }
        }
        let fields = patch(found.told.iter().filter(|one| one.key.is_official()));
        let patch = serde_json::from_value(Json::Object(fields)).map_err(|error| Error::Internal(error.to_string()))?;
        change_in(&mut work, &one, patch, found.reason.clone(), Said::Now(Source::Enterprise)).await?;
    }
    let state = if decision.accept { CorrectionState::Accepted } else { CorrectionState::Refused };
    end(&mut work, &found, state, answer.as_deref()).await?;
    let subject = Subject::about("correction", id, one.id);
    let zone = work.zone();
    for person in subject::accounts(&mut work, zone, SubjectKind::Enterprise, one.id).await? {
        if decision.accept {
            work.notify(person, "correction.accepted", subject, json!({})).await?;
        } else {
            work.notify(person, "correction.refused", subject, json!({"answer": answer})).await?;
        }
    }
    work.commit(id).await
}

/// An enterprise takes its correction back before it is decided.
pub async fn withdraw(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(PROPOSERS)?;
    let mut work = app.work(who).await?;
    let (found, _) = waiting_one(&mut work, id).await?;
    end(&mut work, &found, CorrectionState::Withdrawn, None).await?;
    work.commit(id).await
}

/// One correction, for whoever may know of its enterprise.
pub async fn correction(app: &App, who: &Actor, id: Uuid) -> Result<Correction> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let found = store::correction(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if !may_read(who, found.enterprise_id) {
        return Err(Error::NotFound);
    }
    let one = register::enterprise(&mut tx, who.zone_id, found.enterprise_id).await?;
    Ok(found.shown(one.as_ref()))
}

/// Corrections of enterprises within reach, the newest first.
pub async fn corrections(app: &App, who: &Actor, query: &CorrectionQuery) -> Result<Page<Correction>> {
    who.must(OFFICE)?;
    let mut conditions = store::Conditions { state: query.state, enterprise: query.enterprise_id, more: Vec::new() };
    conditions.more.extend(reach::subjects(who, "c.enterprise_id"));
    let mut tx = app.read().await?;
    conditions.more.extend(list::subjects(&mut tx, who.zone_id, "c.enterprise_id", None, query.q.as_deref()).await?);
    let order = Order::read(query.sort.as_deref(), "-proposed")?;
    page(&mut tx, who.zone_id, &conditions, order, query.cursor.as_deref(), limit(query.limit)?).await
}

/// The corrections of an enterprise, the newest first.
pub async fn corrections_of(
    app: &App,
    who: &Actor,
    enterprise: Uuid,
    state: Option<CorrectionState>,
    cursor: Option<&str>,
    asked: Option<i64>,
) -> Result<Page<Correction>> {
    who.must(READERS)?;
    if !may_read(who, enterprise) {
        return Err(Error::NotFound);
    }
    let mut tx = app.read().await?;
    register::enterprise(&mut tx, who.zone_id, enterprise).await?.ok_or(Error::NotFound)?;
    let conditions = store::Conditions { state, enterprise: Some(enterprise), more: Vec::new() };
    page(&mut tx, who.zone_id, &conditions, Order::Usual, cursor, limit(asked)?).await
}

async fn page(
    tx: &mut Tx,
    zone: Uuid,
    conditions: &store::Conditions,
    order: Order,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Correction>> {
    let after = list::read_cursor(cursor.filter(|cursor| !cursor.is_empty()))?;
    let mut found = store::corrections(tx, zone, conditions, order, after, limit + 1).await?;
    let counted = store::count(tx, zone, conditions, TOTAL_CAP + 1).await?;
    let next = list::cut(&mut found, limit, |last| Some((last.proposed_at, last.id)));
    let ids: BTreeSet<Uuid> =
        found.iter().filter(|one| one.state == CorrectionState::Waiting).map(|one| one.enterprise_id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let records = register::enterprises_of(tx, zone, &ids).await?;
    let records: HashMap<Uuid, Enterprise> = records.into_iter().map(|one| (one.id, one)).collect();
    let shown = found.into_iter().map(|one| {
        let record = records.get(&one.enterprise_id);
        one.shown(record)
    });
    Ok(Page::new(shown.collect(), next, counted))
}

/// Short names of the carriers that corrections speak of.
pub async fn carriers(tx: &mut Tx, zone: Uuid, all: &[Correction]) -> Result<HashMap<Uuid, String>> {
    let changes = all.iter().flat_map(|one| &one.changes).filter(|change| change.key == Key::Carrier);
    let values = changes.flat_map(|change| [&change.was, &change.to, &change.now]);
    let ids: BTreeSet<Uuid> = values.filter_map(|value| Uuid::parse_str(value.as_str()?).ok()).collect();
    Ok(store::carriers(tx, zone, &ids.into_iter().collect::<Vec<_>>()).await?)
}

// ---- numbers that do not reach anybody -----------------------------------------

/// Notes that a contact was not reached at his present number; he is asked for again
/// until it is confirmed or another is given.
pub async fn not_reached(app: &App, who: &Actor, contact: Uuid, new: NewFailure) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    not_reached_in(&mut work, contact, new).await?;
    work.commit(contact).await
}

/// The same within a piece of work: what a gateway for mail or messages says of it.
pub(crate) async fn not_reached_in(work: &mut Work, contact: Uuid, new: NewFailure) -> Result<()> {
    let new = new.checked()?;
    let (zone, now, by) = (work.zone(), work.now, work.who.person_id);
    let old = register::contact(work, zone, contact).await?.ok_or(Error::NotFound)?;
    keeps_contacts_of(work, old.enterprise_id).await?;
    work.who.saw(old.version)?;
    if old.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    let Some(number) = destination(&old, new.channel) else { return Err(Error::field("channel", "contact_no_number")) };
    store::fail(work, zone, contact, number, &new, by, now).await?;
    let made = json!({"reached_by": new.channel, "why": new.why});
    work.log("contact.fail", Subject::about("person", contact, old.enterprise_id), Change::made(made)).await?;
    for person in subject::accounts(work, zone, SubjectKind::Enterprise, old.enterprise_id).await? {
        let subject = Subject::new("enterprise", old.enterprise_id);
        work.notify(person, "contact.failed", subject, json!({"name": old.name})).await?;
    }
    Ok(())
}

// ---- what needs somebody now ---------------------------------------------------

/// What the facts of the register want of somebody: of an enterprise that it looks
/// at its own, of those who answer for it that they decide and find out.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut tx = app.read().await?;
    if let Scope::Enterprise(id) = who.scope {
        return own(&mut tx, who, id, app.now()).await;
    }
    let mut items = Vec::new();
    let item = |action, title, about, href| ToDo { action, title, about, href, due_at: None, light: Light::Near };
    if who.roles.meets(REMINDED) {
        // Those whom he answers for himself; others of his department have theirs.
        let own = Actor { scope: Scope::Assignments, ..who.clone() };
        let conditions = store::Conditions {
            state: Some(CorrectionState::Waiting),
            more: reach::subjects(&own, "c.enterprise_id").into_iter().collect(),
            ..store::Conditions::default()
        };
        for one in store::corrections(&mut tx, who.zone_id, &conditions, Order::Reversed, None, NAMED).await? {
            items.push(item("todo-correction", one.enterprise, None, format!("/corrections/{}", one.id)));
        }
        for one in store::failing(&mut tx, &own, NAMED).await? {
            let href = format!("/contacts/{}/edit", one.person_id);
            items.push(item("todo-contact-failed", one.person, Some(one.enterprise), href));
        }
    }
    if who.has(Role::Dispatcher) {
        let conditions = store::Conditions { state: Some(CorrectionState::Waiting), ..store::Conditions::default() };
        let waiting = store::count(&mut tx, who.zone_id, &conditions, TOTAL_CAP).await?;
        if waiting > 0 {
            items.push(item("todo-corrections", waiting.to_string(), None, "/corrections?state=waiting".into()));
        }
    }
    Ok(items)
}

async fn own(tx: &mut Tx, who: &Actor, id: Uuid, now: Time) -> Result<Vec<ToDo>> {
    let zone = who.zone_id;
    let Some(mut one) = register::enterprise(tx, zone, id).await? else { return Ok(Vec::new()) };
    one.contacts = register::contacts(tx, zone, &[id]).await?;
    let mut items = Vec::new();
    let item = |action, title: &str, href, light| ToDo {
        action,
        title: title.to_owned(),
        about: None,
        href,
        due_at: None,
        light,
    };
    let failing: Vec<&Contact> = one.contacts.iter().filter(|contact| contact.fails()).collect();
    for contact in &failing {
        let href = format!("/contacts/{}/edit", contact.id);
        items.push(item("todo-contact-failed", &contact.name, href, Light::Near));
    }
    let doubtful = one.contacts.first().is_none_or(|first| first.is_stale(&now));
    if failing.is_empty() && doubtful {
        items.push(item("todo-registry-contacts", &one.name, format!("/enterprises/{id}"), Light::Normal));
    }
    let facts = facts(tx, zone, &one, now).await?;
    if facts.iter().any(|fact| fact.stale && !fact.official && fact.key != Key::Contacts) {
        items.push(item("todo-registry-facts", &one.name, format!("/enterprises/{id}/facts"), Light::Normal));
    }
    Ok(items)
}
