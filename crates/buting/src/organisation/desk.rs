//! What can be done with zones, departments, people and accounts.

use super::signin::{hash_password, policy_error};
use super::store::{self, NewToken};
use super::{Department, Grant, NewDepartment, NewPerson, Person, PersonChange, roles_fit_together};
use crate::actor::{Actor, OFFICE, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Error, FieldError, Result};
use crate::http::api::Page;
use crate::time::Time;
use ::store::{Error as StoreError, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Who keeps the organisation.
const KEEPERS: Roles = Roles::of(&[Role::Sysadmin, Role::Dispatcher]);

/// Makes a zone. Its administrators are made after it, by the command or the
/// first-run page.
pub async fn create_zone(app: &App, handle: &str, name: &str, settings: Json) -> Result<Uuid> {
    let mut check = Check::new();
    let name = check.text("name", name, 60);
    let readable = !handle.is_empty()
        && handle.len() <= 32
        && handle.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    check.that(readable, "handle", "handle");
    check.done()?;
    let zone_id = Uuid::now_v7();
    let mut work = app.work(&Actor::rule(zone_id)).await?;
    let now = work.now;
    store::insert_zone(&mut work, zone_id, handle, &name, &settings, now).await.map_err(|e| taken(e, "handle"))?;
    work.log("zone.create", Subject::new("zone", zone_id), Change::made(json!({"handle": handle, "name": name}))).await?;
    work.commit(zone_id).await
}

fn taken(error: StoreError, field: &'static str) -> Error {
    match error {
        StoreError::Duplicate(_) => Error::Conflict(crate::error::Conflict::Taken(field)),
        other => other.into(),
    }
}

/// Adds a department or a partner agency.
pub async fn add_department(app: &App, who: &Actor, new: NewDepartment) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let short_name = check.opt_text("short_name", new.short_name.as_deref(), 20);
    let phone = check.opt_text("phone", new.phone.as_deref(), 30);
    check.done()?;
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    let mut work = app.work(who).await?;
    if store::department(&mut work, who.zone_id, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    if let Some(parent) = new.parent_id
        && store::department(&mut work, who.zone_id, parent).await?.is_none()
    {
        return Err(Error::field("parent_id", "unknown"));
    }
    let new = NewDepartment { name, short_name, phone, ..new };
    let now = work.now;
    store::insert_department(&mut work, who.zone_id, id, &new, now).await?;
    let made = json!({"name": new.name, "kind": new.kind, "parent_id": new.parent_id});
    work.log("department.create", Subject::new("department", id), Change::made(made)).await?;
    work.commit(id).await
}

/// Every department and partner agency, in order.
pub async fn departments(tx: &mut Tx, zone: Uuid) -> Result<Vec<Department>> {
    Ok(store::departments(tx, zone).await?)
}

/// One department.
pub async fn department(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Department> {
    store::department(tx, zone, id).await?.ok_or(Error::NotFound)
}

/// Adds a person.
pub async fn add_person(app: &App, who: &Actor, new: NewPerson) -> Result<Uuid> {
    who.must(OFFICE.and(KEEPERS))?;
    let mut work = app.work(who).await?;
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
    let name = check.text("name", &new.name, 60);
    let title = check.opt_text("title", new.title.as_deref(), 60);
    let email = check.opt_text("email", new.email.as_deref(), 120);
    let phone = phone(&mut check, new.phone.as_deref());
    if let Some(department) = new.department_id {
        check.that(store::department(work, zone, department).await?.is_some(), "department_id", "unknown");
    }
    check.done()?;
    let new = NewPerson { name, title, email, phone, ..new };
    let now = work.now;
    store::insert_person(work, zone, id, &new, now).await?;
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

/// A telephone number as it is stored, or what is wrong with it.
fn phone(check: &mut Check, typed: Option<&str>) -> Option<String> {
    match identifiers::phone::parse(check.opt_text("phone", typed, 30)?.as_str()) {
        Ok(phone) => Some(phone.to_string()),
        Err(_) => {
            check.add(FieldError::new("phone", "phone"));
            None
        }
    }
}

/// Corrects a person within a piece of work; false when all stays as it was.
pub async fn change_person_in(work: &mut Work, id: Uuid, change: PersonChange) -> Result<bool> {
    let zone = work.zone();
    let old = person(work, zone, id).await?;
    let mut check = Check::new();
    let new = Person {
        name: check.text("name", change.name.as_deref().unwrap_or(&old.name), 60),
        partial: change.partial.unwrap_or(old.partial),
        title: check.opt_text("title", change.title.apply(old.title.clone()).as_deref(), 60),
        phone: phone(&mut check, change.phone.apply(old.phone.clone()).as_deref()),
        email: check.opt_text("email", change.email.apply(old.email.clone()).as_deref(), 120),
        ..old.clone()
    };
    check.done()?;
    let (mut before, mut after) = (serde_json::Map::new(), serde_json::Map::new());
    for (field, was, is) in [
        ("name", Some(&old.name), Some(&new.name)),
        ("phone", old.phone.as_ref(), new.phone.as_ref()),
        ("email", old.email.as_ref(), new.email.as_ref()),
    ] {
        if was != is {
            before.insert(field.into(), sealed(work, id, was.map(String::as_str)).await?);
            after.insert(field.into(), sealed(work, id, is.map(String::as_str)).await?);
        }
    }
    if old.title != new.title {
        before.insert("title".into(), json!(old.title));
        after.insert("title".into(), json!(new.title));
    }
    if before.is_empty() {
        return Ok(false);
    }
    if !store::update_person(work, zone, &new).await? {
        return Err(Error::Conflict(crate::error::Conflict::Stale(old.version + 1)));
    }
    work.log("person.change", person_subject(&new), Change::from_to(before.into(), after.into())).await?;
    Ok(true)
}

/// Notes within a piece of work that a person has left.
pub async fn leave_in(work: &mut Work, id: Uuid) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let old = person(work, zone, id).await?;
    if old.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    if !store::update_person(work, zone, &Person { left_at: Some(now), ..old.clone() }).await? {
        return Err(Error::Conflict(crate::error::Conflict::Stale(old.version + 1)));
    }
    work.log("person.leave", person_subject(&old), Change::made(json!({"left_at": now}))).await
}

/// A person of an enterprise or project shows on its timeline.
fn person_subject(person: &Person) -> Subject {
    Subject { kind: "person", id: person.id, about: person.enterprise_id.or(person.project_id) }
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

/// One person.
pub async fn person(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Person> {
    store::person(tx, zone, id).await?.ok_or(Error::NotFound)
}

/// People of the office, in order, with their telephones masked for those who
/// are not of the office themselves.
pub async fn staff(app: &App, who: &Actor, q: Option<&str>, cursor: Option<&str>, limit: i64) -> Result<Page<Person>> {
    who.must(OFFICE.and(KEEPERS))?;
    let after = cursor.map(|cursor| read_cursor(cursor).ok_or_else(|| Error::field("cursor", "unreadable"))).transpose()?;
    let mut tx = app.read().await?;
    let mut people = store::staff(&mut tx, who.zone_id, q, after, limit + 1).await?;
    let more = people.len() as i64 > limit;
    people.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = people.last().filter(|_| more).map(|last| format!("{}.{}", last.position, last.id));
    let counted = people.len() as i64;
    let mut page = Page::new(people, next, counted);
    if more || after.is_some() {
        page.total = None;
    }
    Ok(page)
}

fn read_cursor(cursor: &str) -> Option<(i64, Uuid)> {
    let (position, id) = cursor.split_once('.')?;
    Some((position.parse().ok()?, Uuid::parse_str(id).ok()?))
}

/// A new account for a person who is there already.
pub struct NewAccount<'a> {
    /// The person.
    pub person_id: Uuid,
    /// The name to sign in with.
    pub user_name: &'a str,
    /// The first password; without one the person comes in by invitation.
    pub password: Option<&'a str>,
    /// Whether the password must be changed at first sign-in.
    pub must_change: bool,
    /// What the account may do.
    pub grants: &'a [Grant],
}

/// Opens an account. Only the system administrator makes accounts, and only the
/// security administrator gives roles; the program's own commands do both.
pub async fn add_account(app: &App, who: &Actor, new: &NewAccount<'_>) -> Result<Uuid> {
    who.must(Roles::of(&[Role::Sysadmin]))?;
    if !new.grants.is_empty() {
        who.must(Roles::of(&[Role::Secadmin]))?;
    }
    let mut check = Check::new();
    let name = check.text("user_name", new.user_name, 32);
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    check.that(plain, "user_name", "user_name");
    check.that(roles_fit_together(new.grants), "roles", "three_administrators");
    check.done()?;
    let hash = match new.password {
        Some(password) => {
            vault::password::check_policy(password, &name).map_err(|e| policy_error("password", &e))?;
            Some(hash_password(password).await?)
        }
        None => None,
    };
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    person(&mut work, zone, new.person_id).await?;
    let now = work.now;
    store::insert_account(&mut work, zone, new.person_id, &name, hash.as_deref(), new.must_change, now)
        .await
        .map_err(|e| taken(e, "user_name"))?;
    for grant in new.grants {
        store::insert_grant(&mut work, zone, new.person_id, grant).await?;
    }
    let roles: Vec<_> = new.grants.iter().map(|grant| grant.role.word()).collect();
    let made = json!({"user_name": name, "roles": roles});
    work.log("account.create", Subject::new("account", new.person_id), Change::made(made)).await?;
    work.commit(new.person_id).await
}

/// Sets a first or forgotten password and ends every session of the account.
pub async fn reset_password(app: &App, who: &Actor, account: Uuid, password: &str, must_change: bool) -> Result<()> {
    who.must(Roles::of(&[Role::Sysadmin]))?;
    let name = {
        let mut tx = app.read().await?;
        store::credentials_of(&mut tx, who.zone_id, account).await?.ok_or(Error::NotFound)?.user_name
    };
    vault::password::check_policy(password, &name).map_err(|e| policy_error("password", &e))?;
    let hash = hash_password(password).await?;
    let mut work = app.work(who).await?;
    store::set_password(&mut work, who.zone_id, account, &hash, must_change).await?;
    store::delete_other_sessions(&mut work, who.zone_id, account, None).await?;
    work.log("account.reset_password", Subject::new("account", account), Change::default()).await?;
    work.commit(account).await?;
    Ok(())
}

/// Disables an account: its sessions end and its tokens hold no longer.
pub async fn disable_account(app: &App, who: &Actor, account: Uuid) -> Result<()> {
    who.must(Roles::of(&[Role::Sysadmin]))?;
    let mut work = app.work(who).await?;
    let now = work.now;
    if !store::disable(&mut work, who.zone_id, account, now).await? {
        return Err(Error::NotFound);
    }
    store::delete_other_sessions(&mut work, who.zone_id, account, None).await?;
    work.log("account.disable", Subject::new("account", account), Change::default()).await?;
    work.commit(account).await?;
    Ok(())
}

/// Makes an API token for an account; the text is shown once and never again.
pub async fn create_token(app: &App, who: &Actor, account: Uuid, name: &str, scopes: &str, expires_at: Option<Time>) -> Result<String> {
    if who.person_id != Some(account) {
        who.must(Roles::of(&[Role::Secadmin]))?;
    }
    let mut check = Check::new();
    let name = check.text("name", name, 60);
    let scopes = check.text("scopes", scopes, 200);
    let known = scopes.split_whitespace().all(is_scope);
    check.that(known, "scopes", "scope");
    check.that(expires_at.is_none_or(|at| at > app.now()), "expires_at", "past");
    check.done()?;
    let (token, digest) = vault::token::api();
    let mut work = app.work(who).await?;
    let new = NewToken { id: Uuid::now_v7(), digest, account_id: account, name: &name, scopes: &scopes, at: work.now, expires_at };
    store::insert_token(&mut work, who.zone_id, &new).await?;
    let made = json!({"name": name, "scopes": scopes, "expires_at": expires_at});
    work.log("token.create", Subject::new("api_token", new.id), Change::made(made)).await?;
    let id = new.id;
    work.commit(id).await?;
    Ok(token)
}

/// `*`, `read`, or `collection:read|write`.
fn is_scope(scope: &str) -> bool {
    match scope.split_once(':') {
        None => matches!(scope, "*" | "read"),
        Some((name, right)) => {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && matches!(right, "read" | "write")
        }
    }
}

/// Keeps the language that a person chose.
pub async fn set_locale(app: &App, zone: Uuid, account: Uuid, locale: &str) -> Result<()> {
    let mut tx = app.db.write().await?;
    store::set_locale(&mut tx, zone, account, locale).await?;
    Ok(tx.commit().await?)
}
