//! What can be done with zones, departments and people. Accounts, invitations
//! and second factors have desks of their own beside this one.

pub use super::accounts::{NewAccount, add_account, create_token, disable_account, reset_password, set_locale};

use super::post::desk as posts;
use super::store::accounts as account_store;
use super::store::invitations as invitation_store;
use super::store::{self, DepartmentFilter, Group, PeopleFilter};
use super::{
    Department, DepartmentChange, DepartmentPast, Listed, NewDepartment, NewPerson, Person, PersonChange, Place, Right,
    Shown,
};
use crate::actor::{ADMINS, Actor, OFFICE, OUTSIDE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::reach;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::handover::{self, Held, InTheWay};
use crate::http::api::{self, Page, TOTAL_CAP};
use crate::list::Walk;
use crate::registry::desk as registry;
use crate::subject::SubjectKind;
use crate::time::Time;
use crate::trace::{self, Kind, Trace};
use crate::zone::Zone;
use ::store::{Error as StoreError, Tx};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::net::IpAddr;
use uuid::Uuid;

/// Who keeps the organisation.
pub(crate) const KEEPERS: Roles = Roles::of(&[Role::Sysadmin, Role::Dispatcher]);

/// Makes a zone. Its administrators are made after it, by the command or the
/// first-run page.
pub async fn create_zone(app: &App, handle: &str, name: &str, settings: Json) -> Result<Uuid> {
    let mut work = app.work(&Actor::rule(Uuid::now_v7())).await?;
    create_zone_in(&mut work, handle, name, &settings).await?;
    let zone_id = work.zone();
    work.commit(zone_id).await
}

/// Makes the zone of a piece of work, within it.
pub async fn create_zone_in(work: &mut Work, handle: &str, name: &str, settings: &Json) -> Result<()> {
    let mut check = Check::new();
    let name = check.text("name", name, 60);
    let readable = !handle.is_empty()
        && handle.len() <= 32
        && handle.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    check.that(readable, "handle", "handle");
    check.done()?;
    let (zone_id, now) = (work.zone(), work.now);
    store::insert_zone(work, zone_id, handle, &name, settings, now).await.map_err(|e| taken(e, "handle"))?;
    work.log("zone.create", Subject::new("zone", zone_id), Change::made(json!({"handle": handle, "name": name}))).await
}

pub(super) fn taken(error: StoreError, field: &'static str) -> Error {
    match error {
        StoreError::Duplicate(_) => Error::Conflict(Conflict::Taken(field)),
        other => other.into(),
    }
}

/// Adds a department or a partner agency.
pub async fn add_department(app: &App, who: &Actor, new: NewDepartment) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let id = add_department_in(&mut work, new).await?;
    work.commit(id).await
}

/// Adds a department within a piece of work.
pub async fn add_department_in(work: &mut Work, new: NewDepartment) -> Result<Uuid> {
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::department(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let short_name = check.opt_text("short_name", new.short_name.as_deref(), 20);
    let phone = check.opt_text("phone", new.phone.as_deref(), 30);
    let industries = industries(&mut check, new.industries.as_deref());
    if let Some(parent) = new.parent_id {
        check.that(store::department(work, zone, parent).await?.is_some(), "parent_id", "unknown");
    }
    check.that(new.valid_from.is_none_or(|from| from <= work.now), "valid_from", "future");
    check.done()?;
    let new = NewDepartment { name, short_name, phone, industries, ..new };
    let now = work.now;
    store::insert_department(work, zone, id, &new, now).await?;
    let made = json!({"name": new.name, "kind": new.kind, "parent_id": new.parent_id});
    work.log("department.create", Subject::new("department", id), Change::made(made)).await?;
    Ok(id)
}

/// The divisions of industry as they are kept; what names none is told.
fn industries(check: &mut Check, text: Option<&str>) -> Option<String> {
    let Some(divisions) = super::divisions(text.unwrap_or_default()) else {
        check.add(FieldError::new("industries", "divisions"));
        return None;
    };
    let words: Vec<String> = divisions.iter().map(|division| format!("{division:02}")).collect();
    Some(words.join(" ")).filter(|text| !text.is_empty())
}

/// Every department and partner agency, in order.
pub async fn departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<Department>> {
    Ok(store::departments(tx, zone).await?)
}

/// What a list of departments is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DepartmentsQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `position` (as offices list them), `name`, `short_name`, `kind`; with `-` the greatest first.
    pub sort: Option<String>,
    /// A part of the full or short name.
    pub q: Option<String>,
    /// `true`: those that were closed; `false`: those at work; both when absent.
    pub closed: Option<bool>,
    /// As they were at that instant: those there were then, with the name, kind and parent that they had.
    pub as_of: Option<Time>,
}

/// A page of departments and partner agencies.
pub async fn departments_by(app: &App, who: &Actor, query: &DepartmentsQuery) -> Result<Page<Department>> {
    let limit = api::limit(query.limit)?;
    let (sort, cursor) = (query.sort.as_deref(), query.cursor.as_deref());
    let walk = Walk::read(store::DEPARTMENT_KEYS, "position", sort, cursor, limit)?;
    let filter = DepartmentFilter { q: query.q.clone(), closed: query.closed, at: query.as_of };
    let mut tx = app.read().await?;
    let (items, next) = store::departments_by(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::count_departments(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// One department.
pub async fn department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Department> {
    store::department(tx, zone, id).await?.ok_or(Error::NotFound)
}

/// What a department was called, what it was and under whom it came before, the
/// last state first.
pub async fn department_past(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Vec<DepartmentPast>> {
    department(tx, zone, id).await?;
    Ok(store::department_past(tx, zone, id).await?)
}

/// What a department still holds: people, departments under it, whom it answers for,
/// open cases, planned visits. For those who may close it.
pub async fn held_by_department(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Vec<Held>> {
    who.must(KEEPERS)?;
    department(tx, who.zone_id, id).await?;
    Ok(handover::shown_to(who, handover::of_department(tx, who.zone_id, id).await?))
}

/// What a person still answers for or has in hand. For those who may note the leave.
pub async fn held_by_person(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Vec<Held>> {
    let person = kept(tx, who, id).await?;
    if person.department_id.is_none() {
        return Ok(Vec::new());
    }
    Ok(handover::shown_to(who, handover::of_person(tx, who.zone_id, id).await?))
}

/// Changes a department.
pub async fn change_department(app: &App, who: &Actor, id: Uuid, change: DepartmentChange) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let old = department(&mut work, who.zone_id, id).await?;
    who.saw(old.version)?;
    change_department_in(&mut work, id, change).await?;
    work.commit(id).await
}

/// Changes a department within a piece of work of somebody who may; false when all
/// stays as it was.
pub async fn change_department_in(work: &mut Work, id: Uuid, change: DepartmentChange) -> Result<bool> {
    let zone = work.zone();
    let old = department(work, zone, id).await?;
    if old.valid_to.is_some() {
        return Err(Error::state("department_closed"));
    }
    let mut check = Check::new();
    let name = check.text("name", change.name.as_deref().unwrap_or(&old.name), 60);
    let short_name = check.text("short_name", change.short_name.as_deref().unwrap_or(&old.short_name), 20);
    let phone = change.phone.apply(old.phone.clone());
    let phone = check.opt_text("phone", phone.as_deref(), 30);
    let industries = industries(&mut check, change.industries.apply(old.industries.clone()).as_deref());
    let parent_id = change.parent_id.apply(old.parent_id);
    if let Some(parent) = parent_id {
        check.that(is_free_parent(work, zone, id, parent).await?, "parent_id", "parent");
    }
    let kind = change.kind.unwrap_or(old.kind);
    if kind.is_own() != old.kind.is_own() && store::people_there(work, zone, id).await? > 0 {
        // Their roles follow from what kind of body it is.
        check.add(FieldError::new("kind", "kind_with_people"));
    }
    check.done()?;
    let new = Department {
        name,
        short_name,
        phone,
        industries,
        parent_id,
        kind,
        position: change.position.unwrap_or(old.position),
        ..old.clone()
    };
    let mut changed = Changed::default();
    changed.plain("name", &old.name, &new.name);
    changed.plain("short_name", &old.short_name, &new.short_name);
    changed.plain("kind", &old.kind, &new.kind);
    changed.plain("parent_id", &old.parent_id, &new.parent_id);
    changed.plain("position", &old.position, &new.position);
    changed.plain("phone", &old.phone, &new.phone);
    changed.plain("industries", &old.industries, &new.industries);
    if changed.before.is_empty() {
        return Ok(false);
    }
    if ["name", "short_name", "kind", "parent_id"].iter().any(|field| changed.before.contains_key(*field)) {
        let now = work.now;
        store::keep_department_past(work, zone, &old, now).await?;
    }
    if !store::update_department(work, zone, &new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    work.log("department.change", Subject::new("department", id), changed.change()).await?;
    Ok(true)
}

/// The fields of a department that the ledger keeps of a change.
pub fn department_facts(one: &Department) -> Json {
    json!({
        "name": one.name, "short_name": one.short_name, "kind": one.kind, "parent_id": one.parent_id,
        "position": one.position, "phone": one.phone, "industries": one.industries,
    })
}

/// Takes a department out again that a sheet brought by mistake. The caller sees to
/// it that nothing rests on it.
pub async fn remove_department_in(work: &mut Work, id: Uuid, because: &str) -> Result<()> {
    let zone = work.zone();
    let Some(old) = store::department(work, zone, id).await? else { return Ok(()) };
    store::delete_department_past(work, zone, id).await?;
    store::delete_department(work, zone, id).await?;
    let change = Change { before: Some(department_facts(&old)), ..Change::default() }.because(because);
    work.log("department.undo", Subject::new("department", id), change).await
}

/// Whether a department may come under that parent: one that exists, is open,
/// and does not come under it in turn.
async fn is_free_parent(work: &mut Work, zone: Uuid, id: Uuid, parent: Uuid) -> Result<bool> {
    let mut next = Some(parent);
    for step in 0..20 {
        let Some(at) = next else { return Ok(true) };
        if at == id {
            return Ok(false);
        }
        match store::department(work, zone, at).await? {
            Some(found) if step > 0 || found.valid_to.is_none() => next = found.parent_id,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// Closes a department that holds nothing any more. It stays in every record that
/// names it.
pub async fn close_department(app: &App, who: &Actor, id: Uuid, reason: &str) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    let reason = check.opt_text("reason", Some(reason), 200).unwrap_or_default();
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let old = department(&mut work, zone, id).await?;
    who.saw(old.version)?;
    if old.valid_to.is_some() {
        return Err(Error::state("department_closed"));
    }
    let held = held_by_department(&mut work, who, id).await?;
    if !held.is_empty() {
        let href = format!("/departments/{id}");
        return Err(Error::Conflict(Conflict::Held(InTheWay { code: "department_holds", held, href })));
    }
    let new = Department { valid_to: Some(work.now), ..old.clone() };
    if !store::update_department(&mut work, zone, &new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    let change = Change::from_to(json!({"valid_to": null}), json!({"valid_to": new.valid_to})).because(reason);
    work.log("department.close", Subject::new("department", id), change).await?;
    work.commit(id).await
}

/// Adds a person: staff by those who keep the organisation, partners and
/// contacts by the office, colleagues by who manages an enterprise's accounts.
pub async fn add_person(app: &App, who: &Actor, new: NewPerson) -> Result<Uuid> {
    who.must(OFFICE.and(KEEPERS).and(OUTSIDE))?;
    let mut work = app.work(who).await?;
    let places = [new.department_id, new.enterprise_id, new.project_id];
    if places.iter().flatten().count() > 1 {
        return Err(Error::field("department_id", "one_place"));
    }
    if let Some(subject) = new.enterprise_id.or(new.project_id) {
        let field = if new.enterprise_id.is_some() { "enterprise_id" } else { "project_id" };
        if !reach::reaches(&mut work, who, subject).await? && !who.is(Roles::of(&[Role::Sysadmin])) {
            return Err(Error::field(field, "unknown"));
        }
        if who.is(OUTSIDE) && !who.is_rule() && !manages(&mut work, who).await? {
            return Err(Error::Forbidden);
        }
    } else if who.is(OUTSIDE) && !who.is_rule() {
        return Err(Error::Forbidden);
    } else if let Some(id) = new.department_id {
        match store::department(&mut work, who.zone_id, id).await? {
            Some(department) if department.kind.is_own() => who.must(KEEPERS)?,
            _ => {}
        }
    }
    let id = add_person_in(&mut work, new).await?;
    work.commit(id).await
}

/// Adds a person within a piece of work.
pub async fn add_person_in(work: &mut Work, new: NewPerson) -> Result<Uuid> {
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::person(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let Particulars { name, title, phone, email } =
        particulars(&mut check, &new.name, new.title.as_deref(), new.phone.as_deref(), new.email.as_deref());
    if let Some(department) = new.department_id {
        let open = store::department(work, zone, department).await?.is_some_and(|d| d.valid_to.is_none());
        check.that(open, "department_id", "unknown");
    }
    if let Some(enterprise) = new.enterprise_id {
        match crate::subject::held(work, zone, SubjectKind::Enterprise, enterprise).await {
            Err(Error::NotFound) => drop(check.add(FieldError::new("enterprise_id", "unknown"))),
            found => found.map(drop)?,
        }
    }
    check.done()?;
    let new = NewPerson { name, title, email, phone, ..new };
    let now = work.now;
    store::insert_person(work, zone, id, &new, now).await?;
    let entered = person(work, zone, id).await?;
    posts::begin_main(work, &entered).await?;
    let made = json!({
        "name": sealed(work, id, Some(&new.name)).await?,
        "phone": sealed(work, id, new.phone.as_deref()).await?,
        "email": sealed(work, id, new.email.as_deref()).await?,
        "title": new.title,
        "department_id": new.department_id,
        "enterprise_id": new.enterprise_id,
        "project_id": new.project_id,
    });
    let subject = match new.enterprise_id.or(new.project_id) {
        Some(about) => Subject::about("person", id, about),
        None => Subject::new("person", id),
    };
    work.log("person.create", subject, Change::made(made)).await?;
    Ok(id)
}

/// A personal value as it goes into the ledger: sealed under its owner's key.
pub async fn sealed(work: &mut Work, owner: Uuid, plain: Option<&str>) -> Result<Json> {
    match plain {
        None => Ok(Json::Null),
        Some(plain) => {
            let (zone, at) = (work.zone(), work.now.ms());
            Ok(work.seal(zone, owner, at, plain).await?)
        }
    }
}

/// One person, with telephone and e-mail in full: for the desks of other jobs,
/// which have checked that the reader may call.
pub async fn person(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Person> {
    store::person(tx, zone, id).await?.ok_or(Error::NotFound)
}

/// Whether somebody is of the committee and still there, not of a partner agency.
pub async fn is_colleague(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<bool> {
    let Some(person) = store::person(tx, zone, person).await?.filter(|person| person.left_at.is_none()) else {
        return Ok(false);
    };
    let Some(department) = person.department_id else { return Ok(false) };
    Ok(store::department(tx, zone, department).await?.is_some_and(|department| department.kind.is_own()))
}

/// What somebody is to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May change and invite.
    Keeper,
    /// May see.
    Reader,
}

/// What the actor is to a person. `NotFound` when he may not know of the person:
/// contacts are known to those who reach their enterprise or project, staff and
/// partners to the office, colleagues to each other.
pub async fn standing(tx: &mut Tx, who: &Actor, person: &Person) -> Result<Standing> {
    if who.is_rule() {
        return Ok(Standing::Keeper);
    }
    if let Some(subject) = person.enterprise_id.or(person.project_id) {
        if let Scope::Enterprise(own) | Scope::Project(own) = who.scope {
            return match own == subject {
                true if manages(tx, who).await? => Ok(Standing::Keeper),
                true => Ok(Standing::Reader),
                false => Err(Error::NotFound),
            };
        }
        if who.is(OFFICE) && reach::reaches(tx, who, subject).await? {
            return Ok(Standing::Keeper);
        }
        if who.is(Roles::of(&[Role::Sysadmin])) {
            return Ok(Standing::Keeper);
        }
        return if who.is(ADMINS) { Ok(Standing::Reader) } else { Err(Error::NotFound) };
    }
    if who.is(KEEPERS) {
        return Ok(Standing::Keeper);
    }
    if who.is(OFFICE) && store::place(tx, who.zone_id, person).await? == Place::Agency {
        return Ok(Standing::Keeper);
    }
    let colleague = person.department_id.is_some() && who.department_id == person.department_id;
    if who.is(OFFICE.and(ADMINS)) || colleague || who.person_id == Some(person.id) {
        return Ok(Standing::Reader);
    }
    Err(Error::NotFound)
}

/// The person, for somebody who means to change it.
pub(super) async fn kept(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Person> {
    let person = person(tx, who.zone_id, id).await?;
    match standing(tx, who, &person).await? {
        Standing::Keeper => Ok(person),
        Standing::Reader => Err(Error::Forbidden),
    }
}

/// Whether the actor holds the right to manage the accounts of his enterprise
/// or project.
pub async fn manages(tx: &mut Tx, who: &Actor) -> Result<bool> {
    match who.person_id {
        Some(person) if who.is(OUTSIDE) => Ok(account_store::has_right(tx, who.zone_id, person, Right::Manage).await?),
        _ => Ok(false),
    }
}

/// One person as somebody may see him: numbers masked unless they are his own.
pub async fn person_for(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(Person, Standing)> {
    let person = person(tx, who.zone_id, id).await?;
    let standing = standing(tx, who, &person).await?;
    let own = who.person_id == Some(id);
    Ok((if own { person } else { person.masked() }, standing))
}

/// Shows telephone and e-mail of a person in full. The view is logged.
pub async fn show_numbers(app: &App, who: &Actor, id: Uuid, address: IpAddr) -> Result<Shown> {
    who.must(OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Sysadmin, Role::Agency])))?;
    let mut tx = app.db.write().await?;
    let person = person(&mut tx, who.zone_id, id).await?;
    standing(&mut tx, who, &person).await?;
    let shown = Trace::of(Kind::ShowNumbers, "person", id);
    trace::leave(&mut tx, who.zone_id, who.person_id, address, shown, app.now()).await?;
    tx.commit().await?;
    Ok(Shown { phone: person.phone, email: person.email })
}

/// Checks name and numbers as they are to be stored.
struct Particulars {
    name: String,
    title: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// What is wrong with the particulars of a person who is to be added.
pub(crate) fn wrong_person(
    name: &str,
    title: Option<&str>,
    phone: Option<&str>,
    email: Option<&str>,
) -> Vec<FieldError> {
    let mut check = Check::new();
    particulars(&mut check, name, title, phone, email);
    noted(check)
}

/// What is wrong with the texts of a department that is to be added.
pub(crate) fn wrong_department(name: &str, short_name: Option<&str>, phone: Option<&str>) -> Vec<FieldError> {
    let mut check = Check::new();
    check.text("name", name, 60);
    check.opt_text("short_name", short_name, 20);
    check.opt_text("phone", phone, 30);
    noted(check)
}

fn noted(check: Check) -> Vec<FieldError> {
    match check.done() {
        Err(Error::Invalid(errors)) => errors,
        _ => Vec::new(),
    }
}

fn particulars(
    check: &mut Check,
    name: &str,
    title: Option<&str>,
    phone: Option<&str>,
    email: Option<&str>,
) -> Particulars {
    let name = check.text("name", name, 60);
    let title = check.opt_text("title", title, 60);
    let email = check.opt_text("email", email, 120);
    if let Some(email) = &email {
        let plausible = email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.contains('@') && !email.contains(char::is_whitespace)
        });
        check.that(plausible, "email", "email");
    }
    let phone = check.opt_text("phone", phone, 30).and_then(|text| match identifiers::phone::parse(&text) {
        Ok(phone) => Some(phone.to_string()),
        Err(_) => {
            check.add(FieldError::new("phone", "phone"));
            None
        }
    });
    Particulars { name, title, phone, email }
}

/// Collects which fields changed, for the ledger.
#[derive(Default)]
pub(super) struct Changed {
    before: Map<String, Json>,
    after: Map<String, Json>,
}

impl Changed {
    pub(super) fn plain<T: serde::Serialize + PartialEq>(&mut self, field: &str, old: &T, new: &T) {
        if old != new {
            self.before.insert(field.to_owned(), json!(old));
            self.after.insert(field.to_owned(), json!(new));
        }
    }

    async fn personal(
        &mut self,
        work: &mut Work,
        owner: Uuid,
        field: &str,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Result<()> {
        if old != new {
            self.before.insert(field.to_owned(), sealed(work, owner, old).await?);
            self.after.insert(field.to_owned(), sealed(work, owner, new).await?);
        }
        Ok(())
    }

    pub(super) fn change(self) -> Change {
        Change::from_to(Json::Object(self.before), Json::Object(self.after))
    }
}

fn subject_of(person: &Person) -> Subject {
    match person.enterprise_id.or(person.project_id) {
        Some(about) => Subject::about("person", person.id, about),
        None => Subject::new("person", person.id),
    }
}

/// Changes a person.
pub async fn change_person(app: &App, who: &Actor, id: Uuid, change: PersonChange) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let old = kept(&mut work, who, id).await?;
    who.saw(old.version)?;
    change_person_in(&mut work, id, change).await?;
    work.commit(id).await
}

/// Changes a person within a piece of work of somebody who may; false when all
/// stays as it was.
pub async fn change_person_in(work: &mut Work, id: Uuid, change: PersonChange) -> Result<bool> {
    let zone = work.zone();
    let old = person(work, zone, id).await?;
    let mut check = Check::new();
    let name = change.name.unwrap_or_else(|| old.name.clone());
    let title = change.title.apply(old.title.clone());
    let phone = change.phone.apply(old.phone.clone());
    let email = change.email.apply(old.email.clone());
    let checked = particulars(&mut check, &name, title.as_deref(), phone.as_deref(), email.as_deref());
    let department_id = change.department_id.apply(old.department_id);
    if department_id != old.department_id {
        check.that(old.enterprise_id.is_none() && old.project_id.is_none(), "department_id", "one_place");
        match department_id {
            Some(id) => {
                let open = store::department(work, zone, id).await?.is_some_and(|d| d.valid_to.is_none());
                check.that(open, "department_id", "unknown");
            }
            None => {
                check.that(old.department_id.is_none(), "department_id", "required");
            }
        }
    }
    check.done()?;
    let new = Person {
        name: checked.name,
        partial: change.partial.unwrap_or(old.partial),
        title: checked.title,
        phone: checked.phone,
        email: checked.email,
        department_id,
        position: change.position.unwrap_or(old.position),
        ..old.clone()
    };
    if new.department_id != old.department_id {
        let place = store::place(work, zone, &new).await?;
        if place == Place::Office || store::place(work, zone, &old).await? == Place::Office {
            work.who.must(KEEPERS)?;
        }
        if let Some(department) = new.department_id
            && !posts::on_one_side(work, id, old.department_id, department).await?
        {
            return Err(Error::field("department_id", "post_other_side"));
        }
        let grants = account_store::grants(work, zone, id).await?;
        if !grants.iter().all(|grant| place.allows(grant.role)) {
            return Err(Error::state("roles_do_not_fit"));
        }
    }
    store_person(work, &old, &new).await
}

/// The fields of a person that the ledger keeps of a change, names and numbers open.
pub fn person_facts(one: &Person) -> Json {
    json!({
        "name": one.name, "phone": one.phone, "email": one.email, "partial": one.partial, "title": one.title,
        "department_id": one.department_id, "position": one.position,
    })
}

/// Takes a person out again whom a sheet brought by mistake, with what the ledger
/// holds of him: there is no purpose left. The caller sees to it that nothing rests
/// on him.
pub async fn remove_person_in(work: &mut Work, id: Uuid, because: &str) -> Result<()> {
    let zone = work.zone();
    let Some(old) = store::person(work, zone, id).await? else { return Ok(()) };
    posts::forget(work, id).await?;
    store::delete_person(work, zone, id).await?;
    work.destroy_key(zone, id).await?;
    let change = Change { before: Some(json!({"title": old.title})), ..Change::default() }.because(because);
    work.log("person.undo", subject_of(&old), change).await
}

/// Changes one's own telephone and e-mail.
pub async fn change_own_numbers(app: &App, who: &Actor, phone: Option<&str>, email: Option<&str>) -> Result<Uuid> {
    let id = who.person()?;
    let mut work = app.work(who).await?;
    let old = person(&mut work, who.zone_id, id).await?;
    who.saw(old.version)?;
    let mut check = Check::new();
    let checked = particulars(&mut check, &old.name, old.title.as_deref(), phone, email);
    check.done()?;
    let new = Person { phone: checked.phone, email: checked.email, ..old.clone() };
    store_person(&mut work, &old, &new).await?;
    work.commit(id).await
}

/// Stores and logs what changed of a person; false when nothing did.
async fn store_person(work: &mut Work, old: &Person, new: &Person) -> Result<bool> {
    let zone = work.zone();
    let mut changed = Changed::default();
    let id = old.id;
    changed.personal(work, id, "name", Some(&old.name), Some(&new.name)).await?;
    changed.personal(work, id, "phone", old.phone.as_deref(), new.phone.as_deref()).await?;
    changed.personal(work, id, "email", old.email.as_deref(), new.email.as_deref()).await?;
    changed.plain("partial", &old.partial, &new.partial);
    changed.plain("title", &old.title, &new.title);
    changed.plain("department_id", &old.department_id, &new.department_id);
    changed.plain("position", &old.position, &new.position);
    if changed.before.is_empty() {
        return Ok(false);
    }
    if !store::update_person(work, zone, new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    posts::follow(work, old, new).await?;
    work.log("person.change", subject_of(new), changed.change()).await?;
    if new.enterprise_id.is_some() && (new.phone != old.phone || new.email != old.email) {
        registry::numbers_given_in(work, id, new.phone != old.phone).await?;
    }
    Ok(true)
}

/// What a leave would mean: whether the person is the last of the enterprise or
/// project who can sign in.
pub async fn is_last_contact(tx: &mut Tx, who: &Actor, person: &Person) -> Result<bool> {
    let Some(subject) = person.enterprise_id.or(person.project_id) else { return Ok(false) };
    let has_account =
        super::store::credentials_of(tx, who.zone_id, person.id).await?.is_some_and(|a| a.disabled_at.is_none());
    Ok(has_account && account_store::colleagues(tx, who.zone_id, subject, person.id).await?.is_empty())
}

/// That somebody has left.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Leaving {
    /// Why.
    pub reason: Option<String>,
    /// That this is the last one of the enterprise who can sign in was seen.
    pub last_contact: bool,
    /// That what is in the person's hands has no successor yet was seen: it is
    /// listed among the gaps until somebody takes it over. Needs the reason.
    pub hand_over_later: bool,
}

/// Notes that a person has left: the account is disabled, sessions, tokens and
/// open invitations end at once. The last contact of an enterprise is only let
/// go when `last_contact` says that this was seen; the officer who answers for
/// the enterprise is told. One of the staff hands over first; where nobody can take
/// over yet, `hand_over_later` says so, with the reason. All posts end. When the one who managed the enterprise's accounts
/// goes, the right passes to the colleague who has been there longest.
pub async fn leave(app: &App, who: &Actor, id: Uuid, leaving: Leaving) -> Result<Uuid> {
    let mut check = Check::new();
    let reason = check.opt_text("reason", leaving.reason.as_deref(), 200).unwrap_or_default();
    check.done()?;
    let mut work = app.work(who).await?;
    let old = kept(&mut work, who, id).await?;
    who.saw(old.version)?;
    if old.left_at.is_none() && !leaving.last_contact && is_last_contact(&mut work, who, &old).await? {
        return Err(Error::state("last_contact"));
    }
    if old.left_at.is_none() {
        let held = held_by_person(&mut work, who, id).await?;
        if !held.is_empty() && !leaving.hand_over_later {
            let href = format!("/assignments/handover?from={id}");
            return Err(Error::Conflict(Conflict::Held(InTheWay { code: "hand_over_first", held, href })));
        }
        if !held.is_empty() && reason.is_empty() {
            return Err(Error::field("reason", "required"));
        }
    }
    leave_because(&mut work, id, &reason).await?;
    work.commit(id).await
}

/// Notes within a piece of work, of somebody who may, that a person has left:
/// what [`leave`] does once it was confirmed.
pub async fn leave_in(work: &mut Work, id: Uuid) -> Result<()> {
    leave_because(work, id, "").await
}

async fn leave_because(work: &mut Work, id: Uuid, reason: &str) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let old = person(work, zone, id).await?;
    if old.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    let who = work.who.clone();
    let last = is_last_contact(work, &who, &old).await?;
    super::accounts::not_the_last_administrator(work, id).await?;
    let new = Person { left_at: Some(now), ..old.clone() };
    if !store::update_person(work, zone, &new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    posts::end_all(work, id, reason).await?;
    let change = Change::from_to(json!({"left_at": null}), json!({"left_at": now})).because(reason);
    work.log("person.leave", subject_of(&new), change).await?;
    invitation_store::revoke_open(work, zone, id, None, now).await?;
    if store::disable(work, zone, id, now).await? {
        super::accounts::cut_off(work, id).await?;
        work.log("account.disable", Subject::new("account", id), Change::default()).await?;
    }
    let Some(subject) = old.enterprise_id.or(old.project_id) else { return Ok(()) };
    if account_store::has_right(work, zone, id, Right::Manage).await? {
        account_store::take_right(work, zone, id, Right::Manage).await?;
        let colleagues = account_store::colleagues(work, zone, subject, id).await?;
        if let Some((next, _)) = colleagues.first().filter(|_| colleagues.iter().all(|(_, manages)| !manages)) {
            super::accounts::give_right_in(work, *next, Right::Manage).await?;
        }
    }
    if last {
        let kind = if old.enterprise_id.is_some() { SubjectKind::Enterprise } else { SubjectKind::Project };
        let name = crate::subject::named(work, zone, kind, subject).await?.short_name;
        let answerable = crate::assignment::desk::as_of(work, zone, kind, subject, now).await?;
        let people = [answerable.officer, answerable.leader].into_iter().flatten().filter_map(|h| h.person_id);
        for person in people {
            let about = Subject::new(kind.word(), subject);
            work.notify(person, "person.last_contact", about, json!({"subject": name})).await?;
        }
    }
    Ok(())
}

/// Takes a leave back that was noted by mistake: the posts go on. The account stays disabled
/// until the system administrator enables it.
pub async fn come_back(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let old = kept(&mut work, who, id).await?;
    who.saw(old.version)?;
    let Some(left_at) = old.left_at else { return Err(Error::state("person_there")) };
    let new = Person { left_at: None, ..old.clone() };
    if !store::update_person(&mut work, who.zone_id, &new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    posts::resume(&mut work, &new, left_at).await?;
    let change = Change::from_to(json!({"left_at": old.left_at}), json!({"left_at": null}));
    work.log("person.come_back", subject_of(&new), change).await?;
    work.commit(id).await
}

/// What a list of people is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `staff`, `partners` or `left`; both kinds that are there without it.
    pub group: Option<String>,
    /// With a post in this department.
    pub department_id: Option<Uuid>,
    /// Of this enterprise, for those who reach it.
    pub enterprise_id: Option<Uuid>,
    /// Of this project, for those who reach it.
    pub project_id: Option<Uuid>,
    /// A part of the name, its pinyin, or a whole telephone.
    pub q: Option<String>,
    /// `position` (as offices list people), `name` (by pinyin), `place`, `title`; with `-` the greatest first.
    pub sort: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// People of the office and of partner agencies, or of one enterprise or
/// project, in order, with their numbers masked.
pub async fn people(app: &App, who: &Actor, query: &PeopleQuery) -> Result<Page<Listed>> {
    let limit = api::limit(query.limit)?;
    let mut tx = app.read().await?;
    let group = if let Some(subject) = query.enterprise_id.or(query.project_id) {
        if !reach::reaches(&mut tx, who, subject).await? {
            return Err(Error::NotFound);
        }
        if query.enterprise_id.is_some() { Group::Enterprise(subject) } else { Group::Project(subject) }
    } else {
        who.must(OFFICE.and(ADMINS))?;
        match query.group.as_deref() {
            None | Some("") => Group::Departments,
            Some("staff") => Group::Staff,
            Some("partners") => Group::Partners,
            Some("left") => Group::Left,
            Some(_) => return Err(Error::field("group", "unknown")),
        }
    };
    let walk = Walk::read(store::PEOPLE_KEYS, "position", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let filter = PeopleFilter { group, department: query.department_id, q: query.q.as_deref() };
    let (mut people, next) = store::people(&mut tx, who.zone_id, &filter, &walk).await?;
    if !matches!(group, Group::Enterprise(_) | Group::Project(_)) {
        let ids: Vec<Uuid> = people.iter().map(|listed| listed.person.id).collect();
        let mut beside = posts::beside(&mut tx, who.zone_id, &ids).await?;
        for listed in &mut people {
            listed.beside = beside.remove(&listed.person.id).unwrap_or_default();
        }
    }
    let total = match (&next, walk.begins()) {
        (None, true) => people.len() as i64,
        _ => store::count_people(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?,
    };
    let own = who.person_id;
    let mask = |mut listed: Listed| {
        if own != Some(listed.person.id) {
            listed.person = listed.person.masked();
        }
        listed
    };
    Ok(Page::new(people.into_iter().map(mask).collect(), next, total))
}

/// People of the office and of partner agencies who are there, for other jobs'
/// lists of choices.
pub async fn staff(app: &App, who: &Actor, q: Option<&str>, cursor: Option<&str>, limit: i64) -> Result<Page<Person>> {
    let query = PeopleQuery {
        limit: Some(limit),
        q: q.map(str::to_owned),
        cursor: cursor.map(str::to_owned),
        ..PeopleQuery::default()
    };
    Ok(people(app, who, &query).await?.map(|listed| listed.person))
}

/// Whether the zone asks administrators and approvers for a second factor.
pub async fn requires_second_factor(tx: &mut Tx, zone: Uuid) -> Result<bool> {
    Ok(Zone::get(tx, zone).await?.settings["require_totp"].as_bool().unwrap_or(false))
}
