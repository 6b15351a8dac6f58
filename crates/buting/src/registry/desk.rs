//! What can be done with the register.

use super::fact::{self, Said, Source, Standing};
use super::store::{self, CarrierConditions, Conditions};
use super::{
    Carrier, CarrierPatch, CarrierQuery, Contact, ContactPatch, Enterprise, EnterprisePatch, EnterpriseQuery,
    NewCarrier, NewContact, NewEnterprise, Status, difference,
};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope, Via};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::reach;
use crate::error::{Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP, limit};
use crate::list::Walk;
use crate::organisation::desk as organisation;
use crate::organisation::{NewPerson, PersonChange};
use crate::patch::Patch;
use crate::search;
use crate::subject::{self, SubjectKind};
use crate::time::Time;
use crate::todo::ToDo;
use crate::trace::{self, Trace};
use ::store::{Error as StoreError, Sql, Tx};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Who reads the register.
pub const READERS: Roles = OFFICE.and(Roles::of(&[Role::Enterprise]));
/// Who keeps it.
pub const KEEPERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher, Role::Officer, Role::Specialist]);
/// Who keeps contacts: the office, and each enterprise its own.
pub const CONTACT_KEEPERS: Roles = KEEPERS.and(Roles::of(&[Role::Enterprise]));

/// The kinds of text that the register puts into the search index.
pub const ENTERPRISE: &str = "enterprise";
/// See [`ENTERPRISE`].
pub const CARRIER: &str = "carrier";

/// Whether somebody may know of an enterprise: the whole office, and itself.
pub(super) fn may_read(who: &Actor, id: Uuid) -> bool {
    who.is(OFFICE) || who.scope == Scope::Enterprise(id)
}

/// Through whom a fact comes that somebody gives.
pub(super) fn who_says(who: &Actor) -> Source {
    match who.scope {
        _ if who.via == Via::Import => Source::Import,
        Scope::Enterprise(_) => Source::Enterprise,
        _ => Source::Officer,
    }
}

/// What only the office reads is taken off for others, and numbers are masked
/// for all but the enterprise itself.
fn shown_to(who: &Actor, mut one: Enterprise, contacts: Vec<Contact>) -> Enterprise {
    let own = who.scope == Scope::Enterprise(one.id);
    if !who.is(OFFICE) {
        one.note = None;
    }
    one.contacts = if own { contacts } else { contacts.into_iter().map(Contact::masked).collect() };
    one
}

/// One enterprise, its contacts' numbers masked.
pub async fn enterprise(app: &App, who: &Actor, id: Uuid) -> Result<Enterprise> {
    if !may_read(who, id) {
        return Err(Error::NotFound);
    }
    let mut tx = app.read().await?;
    let one = store::enterprise(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let contacts = store::contacts(&mut tx, who.zone_id, &[id]).await?;
    let mut one = shown_to(who, one, contacts);
    one.facts = Some(fact::desk::facts(&mut tx, who.zone_id, &one, app.now()).await?);
    Ok(one)
}

/// The contacts of an enterprise with their numbers. Only for those whose scope
/// reaches it, and it leaves a trace.
pub async fn contacts_shown(app: &App, who: &Actor, id: Uuid, address: IpAddr) -> Result<Vec<Contact>> {
    if !may_read(who, id) {
        return Err(Error::NotFound);
    }
    let zone = who.zone_id;
    let contacts = {
        let mut tx = app.read().await?;
        store::enterprise(&mut tx, zone, id).await?.ok_or(Error::NotFound)?;
        if !reach::reaches(&mut tx, who, id).await? {
            return Err(Error::Forbidden);
        }
        store::contacts(&mut tx, zone, &[id]).await?
    };
    if who.scope != Scope::Enterprise(id) {
        let count = Some(contacts.len());
        let shown = Trace { kind: trace::Kind::ContactShow, table: "enterprise", id: Some(id), count };
        trace::note(app, who, address, shown).await?;
    }
    Ok(contacts)
}

/// Whether somebody may see the numbers of an enterprise's contacts and change them.
pub async fn reaches(app: &App, who: &Actor, id: Uuid) -> Result<bool> {
    reach::reaches(&mut app.read().await?, who, id).await
}

async fn conditions(tx: &mut Tx, who: &Actor, query: &EnterpriseQuery, now: Time) -> Result<Conditions> {
    let mut conditions = Conditions {
        carrier: query.carrier_id,
        key: query.key,
        status: query.status,
        headcount_min: query.headcount_min,
        headcount_max: query.headcount_max,
        industry: query.industry_code.as_deref().map(|code| code.trim().to_uppercase()).filter(|code| !code.is_empty()),
        without_officer: query.without_officer == Some(true),
        tag: query.tag,
        department: query.department_id,
        person: query.person_id,
        stale: (query.stale == Some(true)).then(|| fact::desk::is_stale(who.zone_id, now)),
        more: Vec::new(),
    };
    if !who.is(OFFICE) || query.mine == Some(true) {
        conditions.more.extend(reach::subjects(who, "e.id"));
    }
    if let Some(q) = query.q.as_deref().filter(|q| !q.trim().is_empty()) {
        let words = search::matching(tx, who.zone_id, ENTERPRISE, "e.id", q).await?;
        conditions.more.push(words.unwrap_or(Sql::from("FALSE")));
    }
    Ok(conditions)
}

/// A list of enterprises. An enterprise finds only itself.
pub async fn enterprises(app: &App, who: &Actor, query: &EnterpriseQuery) -> Result<Page<Enterprise>> {
    who.must(READERS)?;
    let limit = limit(query.limit)?;
    let (sort, cursor) = (query.sort.as_deref(), query.cursor.as_deref());
    let walk = Walk::read(store::ENTERPRISE_KEYS, "name", sort, cursor, limit)?;
    let zone = who.zone_id;
    let mut tx = app.read().await?;
    let conditions = conditions(&mut tx, who, query, app.now()).await?;
    let counted = store::enterprise_count(&mut tx, zone, &conditions, TOTAL_CAP + 1).await?;
    let (items, next) = enterprises_in(&mut tx, who, &conditions, &walk).await?;
    Ok(Page::new(items, next, counted))
}

/// Every enterprise that the filters find, in order: read by chunks of so many, all
/// as they stood at one moment.
pub async fn every_enterprise(app: &App, who: &Actor, query: &EnterpriseQuery, chunk: i64) -> Result<Vec<Enterprise>> {
    who.must(READERS)?;
    let mut tx = app.db.snapshot().await?;
    let conditions = conditions(&mut tx, who, query, app.now()).await?;
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let walk = Walk::read(store::ENTERPRISE_KEYS, "name", query.sort.as_deref(), cursor.as_deref(), chunk)?;
        let (items, next) = enterprises_in(&mut tx, who, &conditions, &walk).await?;
        all.extend(items);
        cursor = next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

async fn enterprises_in(
    tx: &mut Tx,
    who: &Actor,
    conditions: &Conditions,
    walk: &Walk,
) -> Result<(Vec<Enterprise>, Option<String>)> {
    let zone = who.zone_id;
    let (found, next) = store::enterprises(tx, zone, conditions, walk).await?;
    let ids: Vec<Uuid> = found.iter().map(|one| one.id).collect();
    let mut contacts = store::contacts(tx, zone, &ids).await?;
    let items = found
        .into_iter()
        .map(|one| {
            let own = contacts.extract_if(.., |contact| contact.enterprise_id == one.id).collect();
            shown_to(who, one, own)
        })
        .collect();
    Ok((items, next))
}

fn taken(error: StoreError, field: &'static str) -> Error {
    match error {
        StoreError::Duplicate(_) => Error::Conflict(Conflict::Taken(field)),
        other => other.into(),
    }
}

/// Enters an enterprise with its contacts.
pub async fn create_enterprise(app: &App, who: &Actor, new: NewEnterprise) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let new = new.checked()?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::enterprise(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let one = new.record(id, work.now);
    holds(&mut work, &one, None).await?;
    store::insert_enterprises(&mut work, zone, std::slice::from_ref(&one)).await.map_err(|e| taken(e, "uscc"))?;
    let now = work.now;
    search::put(&mut work, ENTERPRISE, id, Some(id), now, &one.search_text()).await?;
    work.log("enterprise.create", Subject::about("enterprise", id, id), Change::made(one.facts())).await?;
    if let Some(source) = new.said_by {
        fact::desk::stand_new(&mut work, &one, source).await?;
    }
    let marked = new.contacts.iter().any(|contact| contact.primary);
    for (i, contact) in new.contacts.into_iter().enumerate() {
        let primary = contact.primary || (!marked && i == 0);
        let added = add_contact_in(&mut work, id, NewContact { primary, ..contact }).await;
        added.map_err(|error| within(error, &format!("contacts/{i}")))?;
    }
    work.commit(id).await
}

/// Names the fields of a part by their place in the whole.
fn within(error: Error, place: &str) -> Error {
    match error {
        Error::Invalid(errors) => Error::Invalid(
            errors.into_iter().map(|e| FieldError { field: format!("{place}/{}", e.field), ..e }).collect(),
        ),
        other => other,
    }
}

/// What only the register itself can tell: the carrier is there, the name is free.
async fn holds(work: &mut Work, one: &Enterprise, old: Option<&Enterprise>) -> Result<()> {
    let zone = work.zone();
    if let Some(carrier) = one.carrier_id.filter(|_| old.is_none_or(|old| old.carrier_id != one.carrier_id)) {
        match store::carrier(work, zone, carrier).await? {
            Some(carrier) if carrier.closed_at.is_none() => {}
            Some(_) => return Err(Error::field("carrier_id", "carrier_closed")),
            None => return Err(Error::field("carrier_id", "unknown")),
        }
    }
    let renamed = old.is_none_or(|old| old.name != one.name);
    if renamed && store::enterprise_named(work, zone, &one.name, one.id).await?.is_some() {
        return Err(Error::Conflict(Conflict::Taken("name")));
    }
    Ok(())
}

/// Changes facts of an enterprise. Who takes it out of the active ones says why.
pub async fn change_enterprise(app: &App, who: &Actor, id: Uuid, mut patch: EnterprisePatch) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let reason = patch.reason.take().map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
        return Err(Error::Invalid(vec![FieldError::new("reason", "too_long").with("max", 500)]));
    }
    let old = store::enterprise(&mut work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    if old.merged_into.is_some() {
        return Err(Error::state("enterprise_merged"));
    }
    let said = Said::Now(patch.said_by.unwrap_or_else(|| who_says(who)));
    change_in(&mut work, &old, patch, reason, said).await?;
    work.commit(id).await
}

/// Changes facts of an enterprise within a piece of work, and how they stand; false
/// when all stay.
pub(super) async fn change_in(
    work: &mut Work,
    old: &Enterprise,
    patch: EnterprisePatch,
    reason: Option<String>,
    said: Said,
) -> Result<bool> {
    let zone = work.zone();
    let keys = patch.mentioned();
    let dated = match patch.confirmed_at {
        Patch::Set(at) if old.confirmed_at != Some(at) => Some(at),
        _ => None,
    };
    let new = patch.apply(old).checked()?;
    let mut one = new.record(old.id, old.created_at);
    one.changed_at = work.now;
    let Some((mut before, mut after)) = difference(&old.facts(), &one.facts()) else { return Ok(false) };
    if one.status != old.status && one.status != Status::Active && reason.is_none() {
        return Err(Error::field("reason", "required"));
    }
    holds(work, &one, Some(old)).await?;
    let updated = store::update_enterprise(work, zone, &one, old.version).await.map_err(|e| taken(e, "uscc"))?;
    if !updated {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    search::put(work, ENTERPRISE, one.id, Some(one.id), old.created_at, &one.search_text()).await?;
    let mentioned = fact::desk::Mentioned { old, new: &one, keys, dated };
    if let Some((stood, stands)) = fact::desk::stand(work, &mentioned, said).await? {
        (before["standing"], after["standing"]) = (stood, stands);
    }
    let action = if one.status == old.status { "enterprise.change" } else { "enterprise.status" };
    let change = Change::from_to(before, after).because(reason.unwrap_or_default());
    work.log(action, Subject::about("enterprise", one.id, one.id), change).await?;
    Ok(true)
}

/// Takes an enterprise out again that a sheet brought by mistake. The caller sees to
/// it that nothing rests on it.
pub(super) async fn remove_enterprise_in(work: &mut Work, id: Uuid, because: &str) -> Result<()> {
    let zone = work.zone();
    let Some(old) = store::enterprise(work, zone, id).await? else { return Ok(()) };
    fact::desk::forget(work, zone, id).await?;
    store::delete_enterprise(work, zone, id).await?;
    search::remove(work, ENTERPRISE, id).await?;
    let change = Change { before: Some(old.facts()), ..Change::default() }.because(because);
    work.log("enterprise.undo", Subject::about("enterprise", id, id), change).await
}

/// The same for a carrier.
pub(super) async fn remove_carrier_in(work: &mut Work, id: Uuid, because: &str) -> Result<()> {
    let zone = work.zone();
    let Some(old) = store::carrier(work, zone, id).await? else { return Ok(()) };
    store::delete_carrier(work, zone, id).await?;
    search::remove(work, CARRIER, id).await?;
    let change = Change { before: Some(old.facts()), ..Change::default() }.because(because);
    work.log("carrier.undo", Subject::about("carrier", id, id), change).await
}

/// The same for a person, who may be a contact; the next contact is called first then.
pub(super) async fn remove_person_in(work: &mut Work, id: Uuid, because: &str) -> Result<()> {
    let zone = work.zone();
    if let Some(contact) = store::contact(work, zone, id).await? {
        store::forget_contact(work, zone, id).await?;
        let rest = store::contacts(work, zone, &[contact.enterprise_id]).await?;
        if let Some(next) = rest.iter().find(|one| one.id != id).filter(|_| contact.primary) {
            store::set_contact(work, zone, next.id, contact.enterprise_id, true, None).await?;
        }
    }
    organisation::remove_person_in(work, id, because).await
}

/// Adds a contact. An enterprise adds its own people.
pub async fn add_contact(app: &App, who: &Actor, enterprise: Uuid, new: NewContact) -> Result<Uuid> {
    who.must(CONTACT_KEEPERS)?;
    let mut work = app.work(who).await?;
    keeps_contacts_of(&mut work, enterprise).await?;
    let id = add_contact_in(&mut work, enterprise, new).await?;
    work.commit(id).await
}

/// Refuses who may not know of an enterprise, and who knows of it but does not reach it.
pub(super) async fn keeps_contacts_of(work: &mut Work, enterprise: Uuid) -> Result<()> {
    let who = work.who.clone();
    let found = store::enterprise(work, who.zone_id, enterprise).await?;
    if !may_read(&who, enterprise) || found.is_none() {
        return Err(Error::NotFound);
    }
    // What was merged away has no contacts of its own any more.
    subject::held(work, who.zone_id, SubjectKind::Enterprise, enterprise).await?;
    if reach::reaches(work, &who, enterprise).await? { Ok(()) } else { Err(Error::Forbidden) }
}

/// Adds a contact within a piece of work.
pub(super) async fn add_contact_in(work: &mut Work, enterprise: Uuid, new: NewContact) -> Result<Uuid> {
    let zone = work.zone();
    let others = store::contacts(work, zone, &[enterprise]).await?;
    let primary = new.primary || others.is_empty();
    let verified = new.phone.as_deref().is_some_and(|phone| !phone.trim().is_empty()).then(|| found_right(work));
    let person = NewPerson {
        id: new.id,
        partial: new.is_partial(),
        name: new.name,
        title: new.title,
        phone: new.phone,
        email: new.email,
        enterprise_id: Some(enterprise),
        ..NewPerson::default()
    };
    let id = organisation::add_person_in(work, person).await?;
    store::set_contact(work, zone, id, enterprise, primary, verified.as_ref()).await?;
    Ok(id)
}

/// How a number stands that the actor just found right.
fn found_right(work: &Work) -> Standing {
    Standing { source: who_says(&work.who), confirmed_at: work.now, confirmed_by: work.who.person_id }
}

/// A person of an enterprise has other numbers now, wherever they were given: where the
/// old ones failed is past, and whoever gives a telephone has just looked at it. A
/// sheet that is taken back has looked at nothing.
pub async fn numbers_given_in(work: &mut Work, person: Uuid, telephone: bool) -> Result<()> {
    let (zone, verified) = (work.zone(), found_right(work));
    if telephone && work.who.via != Via::Import {
        store::verify_contact(work, zone, person, &verified).await?;
    }
    Ok(store::forget_failures(work, zone, person, false).await?)
}

/// Corrects a contact, notes that the number was found right, or that the person
/// has left.
pub async fn change_contact(app: &App, who: &Actor, id: Uuid, patch: ContactPatch) -> Result<Uuid> {
    who.must(CONTACT_KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = store::contact(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    keeps_contacts_of(&mut work, old.enterprise_id).await?;
    who.saw(old.version)?;
    if old.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    change_contact_in(&mut work, &old, patch).await?;
    work.commit(id).await
}

/// Notes that somebody has left within a piece of work: account, sessions and
/// invitations end, and another contact of the enterprise is the one to call.
pub async fn leave_in(work: &mut Work, person: Uuid) -> Result<()> {
    let zone = work.zone();
    match store::contact(work, zone, person).await? {
        Some(contact) => contact_leaves(work, &contact).await,
        None => organisation::leave_in(work, person).await,
    }
}

async fn contact_leaves(work: &mut Work, old: &Contact) -> Result<()> {
    let (zone, enterprise) = (work.zone(), old.enterprise_id);
    organisation::leave_in(work, old.id).await?;
    store::forget_contact(work, zone, old.id).await?;
    let rest = store::contacts(work, zone, &[enterprise]).await?;
    if let Some(next) = rest.first().filter(|_| old.primary) {
        store::set_contact(work, zone, next.id, enterprise, true, None).await?;
    }
    Ok(())
}

/// Corrects a contact within a piece of work.
pub(super) async fn change_contact_in(work: &mut Work, old: &Contact, patch: ContactPatch) -> Result<()> {
    let (zone, id, enterprise) = (work.zone(), old.id, old.enterprise_id);
    if patch.left == Some(true) {
        return contact_leaves(work, old).await;
    }
    let new_phone = patch.phone.is_set();
    let renamed = NewContact { name: patch.name.clone().unwrap_or_else(|| old.name.clone()), ..NewContact::default() };
    let change = PersonChange {
        partial: patch.name.is_some().then(|| renamed.is_partial()),
        name: patch.name,
        title: patch.title,
        phone: patch.phone,
        email: patch.email,
        ..PersonChange::default()
    };
    organisation::change_person_in(work, id, change).await?;
    // Whoever gives a number has just looked at it.
    let right = patch.verified == Some(true);
    let verified = (right || new_phone).then(|| found_right(work));
    let primary = patch.primary.unwrap_or(old.primary);
    store::set_contact(work, zone, id, enterprise, primary, verified.as_ref()).await?;
    // A number that is only written down again has not reached anybody yet.
    store::forget_failures(work, zone, id, right).await?;
    if right {
        let made = Change::made(json!({"verified_at": work.now}));
        work.log("contact.verify", Subject::about("person", id, enterprise), made).await?;
    }
    if primary != old.primary {
        let change = Change::from_to(json!({"primary": old.primary}), json!({"primary": primary}));
        work.log("contact.primary", Subject::about("person", id, enterprise), change).await?;
    }
    Ok(())
}

/// The contact of an enterprise whom to call first.
pub async fn first_contact(tx: &mut Tx, zone: Uuid, enterprise: Uuid) -> Result<Option<Uuid>> {
    Ok(store::contacts(tx, zone, &[enterprise]).await?.first().map(|contact| contact.id))
}

/// One contact; masked for all but the enterprise itself.
pub async fn contact(app: &App, who: &Actor, id: Uuid) -> Result<Contact> {
    let mut tx = app.read().await?;
    let contact = store::contact(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if !may_read(who, contact.enterprise_id) {
        return Err(Error::NotFound);
    }
    Ok(if who.scope == Scope::Enterprise(contact.enterprise_id) { contact } else { contact.masked() })
}

/// One carrier.
pub async fn carrier(app: &App, who: &Actor, id: Uuid) -> Result<Carrier> {
    who.must(OFFICE)?;
    store::carrier(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// Id, full and short name of every carrier that exists, for choices.
pub async fn carrier_names(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Uuid, String, String)>> {
    Ok(store::carrier_names(tx, zone).await?)
}

/// A list of carriers.
pub async fn carriers(app: &App, who: &Actor, query: &CarrierQuery) -> Result<Page<Carrier>> {
    who.must(OFFICE)?;
    let limit = limit(query.limit)?;
    let (sort, cursor) = (query.sort.as_deref(), query.cursor.as_deref());
    let walk = Walk::read(store::CARRIER_KEYS, "name", sort, cursor, limit)?;
    let mut tx = app.read().await?;
    let words = match query.q.as_deref().filter(|q| !q.trim().is_empty()) {
        None => None,
        Some(q) => {
            Some(search::matching(&mut tx, who.zone_id, CARRIER, "c.id", q).await?.unwrap_or(Sql::from("FALSE")))
        }
    };
    let conditions = CarrierConditions { kind: query.kind, closed: query.closed == Some(true), words };
    let counted = store::carrier_count(&mut tx, who.zone_id, &conditions, TOTAL_CAP + 1).await?;
    let (found, next) = store::carriers(&mut tx, who.zone_id, &conditions, &walk).await?;
    Ok(Page::new(found, next, counted))
}

/// Enters a carrier.
pub async fn create_carrier(app: &App, who: &Actor, new: NewCarrier) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let id = create_carrier_in(&mut work, new).await?;
    work.commit(id).await
}

/// Enters a carrier within a piece of work.
pub(super) async fn create_carrier_in(work: &mut Work, new: NewCarrier) -> Result<Uuid> {
    let new = new.checked()?;
    let (zone, now) = (work.zone(), work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::carrier(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    if store::carrier_named(work, zone, &new.name, id).await?.is_some() {
        return Err(Error::Conflict(Conflict::Taken("name")));
    }
    let one = Carrier {
        id,
        short_name: new.short_name.unwrap_or_else(|| new.name.chars().take(20).collect()),
        name: new.name,
        kind: new.kind,
        address: new.address,
        note: new.note,
        closed_at: None,
        enterprises: 0,
        version: 1,
    };
    store::insert_carrier(work, zone, &one, now).await?;
    search::put(work, CARRIER, id, Some(id), now, &one.search_text()).await?;
    work.log("carrier.create", Subject::about("carrier", id, id), Change::made(one.facts())).await?;
    Ok(id)
}

/// Changes a carrier, closes it, or opens it again. One in which enterprises
/// still sit is not closed.
pub async fn change_carrier(app: &App, who: &Actor, id: Uuid, patch: CarrierPatch) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let old = store::carrier(&mut work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    change_carrier_in(&mut work, &old, patch).await?;
    work.commit(id).await
}

pub(super) async fn change_carrier_in(work: &mut Work, old: &Carrier, patch: CarrierPatch) -> Result<bool> {
    let (zone, now) = (work.zone(), work.now);
    let checked = NewCarrier {
        id: Some(old.id),
        name: patch.name.unwrap_or_else(|| old.name.clone()),
        short_name: Some(patch.short_name.unwrap_or_else(|| old.short_name.clone())),
        kind: patch.kind.unwrap_or(old.kind),
        address: patch.address.apply(old.address.clone()),
        note: patch.note.apply(old.note.clone()),
    }
    .checked()?;
    let reason = patch.reason.unwrap_or_default().trim().to_owned();
    if reason.chars().count() > 500 {
        return Err(Error::Invalid(vec![FieldError::new("reason", "too_long").with("max", 500)]));
    }
    let one = Carrier {
        short_name: checked.short_name.unwrap_or_else(|| checked.name.chars().take(20).collect()),
        name: checked.name,
        kind: checked.kind,
        address: checked.address,
        note: checked.note,
        closed_at: match patch.closed {
            None => old.closed_at,
            Some(false) => None,
            Some(true) => old.closed_at.or(Some(now)),
        },
        ..old.clone()
    };
    let Some((before, after)) = difference(&old.facts(), &one.facts()) else { return Ok(false) };
    if one.closed_at.is_some() && old.closed_at.is_none() {
        if old.enterprises > 0 {
            return Err(Error::state("carrier_in_use"));
        }
        if reason.is_empty() {
            return Err(Error::field("reason", "required"));
        }
    }
    if one.name != old.name && store::carrier_named(work, zone, &one.name, one.id).await?.is_some() {
        return Err(Error::Conflict(Conflict::Taken("name")));
    }
    if !store::update_carrier(work, zone, &one, old.version).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    search::put(work, CARRIER, one.id, Some(one.id), now, &one.search_text()).await?;
    let change = Change::from_to(before, after).because(reason);
    work.log("carrier.change", Subject::about("carrier", one.id, one.id), change).await?;
    Ok(true)
}

/// What the register wants of somebody now.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    fact::desk::to_do(app, who).await
}

/// Enterprises by id, for other jobs that show names.
pub async fn enterprises_of(tx: &mut Tx, zone: Uuid, ids: &[Uuid]) -> Result<Vec<Enterprise>> {
    Ok(store::enterprises_of(tx, zone, ids).await?)
}

/// Enterprises within somebody's reach where a contact has this telephone, written as
/// the register keeps it.
pub async fn with_telephone(tx: &mut Tx, who: &Actor, phone: &str, limit: i64) -> Result<Vec<Enterprise>> {
    who.must(OFFICE)?;
    let ids = store::with_telephone(tx, who.zone_id, phone, reach::subjects(who, "p.enterprise_id"), limit).await?;
    Ok(store::enterprises_of(tx, who.zone_id, &ids).await?)
}

/// The words that enterprises after `after` are found by, held until the end of the
/// transaction.
pub async fn enterprise_texts(work: &mut Work, after: Uuid, limit: usize) -> Result<(&'static str, Vec<search::Text>)> {
    let zone = work.zone();
    let keys = store::enterprise_keys(work, zone, after, limit).await?;
    store::hold(work, zone, &keys).await?;
    let mut some = store::enterprises_of(work, zone, &keys).await?;
    some.sort_by_key(|one| one.id);
    let texts = some.iter().map(|one| search::Text {
        id: one.id,
        about: Some(one.id),
        at: one.created_at,
        text: one.search_text(),
    });
    Ok((ENTERPRISE, texts.collect()))
}

/// The words that carriers after `after` are found by, held until the end of the
/// transaction.
pub async fn carrier_texts(work: &mut Work, after: Uuid, limit: usize) -> Result<(&'static str, Vec<search::Text>)> {
    let zone = work.zone();
    let mut texts = Vec::new();
    for (id, at) in store::hold_carriers(work, zone, after, limit).await? {
        if let Some(one) = store::carrier(work, zone, id).await? {
            texts.push(search::Text { id, about: Some(id), at, text: one.search_text() });
        }
    }
    Ok((CARRIER, texts))
}
