//! What can be done with posts and with the order of the leadership.

use super::super::desk::{KEEPERS, department, kept, person as find_person, person_for};
use super::super::store as organisation;
use super::super::{Department, Person};
use super::store::{self, Beginning, Filter};
use super::{Beside, NewPost, NoEnd, Post, PostEnd, may_end, may_take};
use crate::actor::{ADMINS, Actor, OFFICE, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::handover;
use crate::http::api::{self, Page, TOTAL_CAP};
use crate::list::Walk;
use crate::time::Time;
use ::store::{Sql, Tx, sql};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who knows the office's people by name.
pub(super) const READERS: Roles = OFFICE.and(ADMINS);

/// What a list of posts is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PostsQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `position` (as offices list people), `from`, `name`, `department`; with `-` the greatest first.
    pub sort: Option<String>,
    /// Of this person.
    pub person_id: Option<Uuid>,
    /// In this department.
    pub department_id: Option<Uuid>,
    /// `true`: held now; `false`: ended; both when absent.
    pub current: Option<bool>,
    /// Held at that instant.
    pub as_of: Option<Time>,
}

/// A page of posts.
pub async fn list(app: &App, who: &Actor, query: &PostsQuery) -> Result<Page<Post>> {
    who.must(READERS)?;
    let limit = api::limit(query.limit)?;
    let walk = Walk::read(store::KEYS, "position", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let filter = Filter {
        person: query.person_id,
        department: query.department_id,
        current: query.current,
        at: query.as_of,
        ..Filter::default()
    };
    let mut tx = app.read().await?;
    let (items, next) = store::list(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::count(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// One post.
pub async fn post(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Post> {
    who.must(READERS)?;
    store::one(tx, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// Every post that somebody ever had, those he holds first; for who may know of him.
pub async fn of_person(tx: &mut Tx, who: &Actor, person: Uuid) -> Result<Vec<Post>> {
    person_for(tx, who, person).await?;
    let filter = Filter { person: Some(person), ..Filter::default() };
    Ok(store::all(tx, who.zone_id, &filter).await?)
}

/// Everybody who held a post in a department at an instant, in order.
pub async fn of_department(tx: &mut Tx, who: &Actor, department: Uuid, at: Time) -> Result<Vec<Post>> {
    who.must(READERS)?;
    let filter = Filter { department: Some(department), at: Some(at), ..Filter::default() };
    Ok(store::all(tx, who.zone_id, &filter).await?)
}

/// The departments of the posts that somebody holds now, that of the main one first.
pub async fn departments(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Vec<Uuid>> {
    Ok(store::departments(tx, zone, person).await?)
}

/// The posts that people hold beside their main ones, by person.
pub(in crate::organisation) async fn beside(
    tx: &mut Tx,
    zone: Uuid,
    people: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<Beside>>> {
    Ok(store::beside(tx, zone, people).await?)
}

/// The condition that a person `p` holds a post in a department now.
pub fn in_department(zone: Uuid, department: Uuid) -> Sql {
    sql!(
        "p.id IN (SELECT o.person_id FROM post o WHERE o.zone_id = $1 AND o.department_id = $2 AND o.valid_to IS NULL)",
        zone,
        department
    )
}

/// The first of a department by rank who can sign in.
pub async fn chief_of(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Option<Uuid>> {
    Ok(store::chief_of(tx, zone, department).await?)
}

// ---- what follows from a person --------------------------------------------

/// The main post of somebody who is entered, from now on.
pub(in crate::organisation) async fn begin_main(work: &mut Work, person: &Person) -> Result<()> {
    let Some(department) = person.department_id else { return Ok(()) };
    let (zone, now) = (work.zone(), work.now);
    let new = Beginning {
        id: Uuid::now_v7(),
        person: person.id,
        department,
        title: person.title.as_deref(),
        main: true,
        from: now,
        basis: None,
        now,
    };
    Ok(store::insert(work, zone, &new).await?)
}

/// Ends the main post and begins another when the department or the title of one
/// who is in post has become another. A post that he had beside it in the new
/// department becomes the main one.
pub(in crate::organisation) async fn follow(work: &mut Work, old: &Person, new: &Person) -> Result<()> {
    let same = old.department_id == new.department_id && old.title == new.title;
    let Some(department) = new.department_id.filter(|_| !same && new.left_at.is_none()) else { return Ok(()) };
    let (zone, now) = (work.zone(), work.now);
    let filter = Filter { person: Some(new.id), current: Some(true), ..Filter::default() };
    for post in store::all(work, zone, &filter).await? {
        if post.main || post.department_id == department {
            end_row(work, &post, now, None).await?;
        }
    }
    begin_main(work, new).await?;
    match old.department_id.filter(|left| *left != department) {
        Some(left) => handover::give_back(work, new.id, left, "").await,
        None => Ok(()),
    }
}

/// Whether everything that somebody holds beside a main post in `department` is on
/// the side of it.
pub(in crate::organisation) async fn on_one_side(
    work: &mut Work,
    person: Uuid,
    former: Option<Uuid>,
    department: Uuid,
) -> Result<bool> {
    let zone = work.zone();
    let own = find_department(work, department).await?.is_some_and(|d| d.kind.is_own());
    for other in store::departments(work, zone, person).await? {
        if Some(other) != former && find_department(work, other).await?.is_some_and(|d| d.kind.is_own() != own) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn find_department(work: &mut Work, id: Uuid) -> Result<Option<Department>> {
    let zone = work.zone();
    Ok(organisation::department(work, zone, id).await?)
}

/// Ends every post of somebody who leaves.
pub(in crate::organisation) async fn end_all(work: &mut Work, person: Uuid, note: &str) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let filter = Filter { person: Some(person), current: Some(true), ..Filter::default() };
    for post in store::all(work, zone, &filter).await? {
        end_row(work, &post, now, Some(note).filter(|note| !note.is_empty())).await?;
    }
    Ok(())
}

/// Lets the posts go on that ended because a leave was noted by mistake.
pub(in crate::organisation) async fn resume(work: &mut Work, person: &Person, left_at: Time) -> Result<()> {
    let Some(main) = person.department_id else { return Ok(()) };
    if find_department(work, main).await?.is_none_or(|d| d.valid_to.is_some()) {
        return Err(Error::state("department_closed"));
    }
    let zone = work.zone();
    store::reopen(work, zone, person.id, left_at).await?;
    // A post that began in the instant in which it would have ended is not there.
    if store::departments(work, zone, person.id).await?.contains(&main) {
        return Ok(());
    }
    begin_main(work, person).await
}

/// Forgets the posts of somebody who was entered by mistake.
pub(in crate::organisation) async fn forget(work: &mut Work, person: Uuid) -> Result<()> {
    let zone = work.zone();
    Ok(store::delete_of(work, zone, person).await?)
}

async fn end_row(work: &mut Work, post: &Post, at: Time, note: Option<&str>) -> Result<()> {
    let zone = work.zone();
    match store::end(work, zone, post, at, note).await? {
        true => Ok(()),
        false => Err(Error::Conflict(Conflict::Stale(post.version + 1))),
    }
}

// ---- by hand ---------------------------------------------------------------

/// A post as the ledger keeps it.
fn entry(post: &Post) -> Json {
    json!({
        "department_id": post.department_id, "title": post.title, "main_post": post.main,
        "valid_from": post.valid_from, "basis": post.basis,
    })
}

/// Gives somebody a post beside those he has, or another main one; the former main
/// post then goes on beside it.
pub async fn take(app: &App, who: &Actor, new: NewPost) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::one(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let person = match kept(&mut work, who, new.person_id).await {
        Err(Error::NotFound) => return Err(Error::field("person_id", "unknown")),
        other => other?,
    };
    not_own(who, &person)?;
    if person.left_at.is_some() {
        return Err(Error::state("person_left"));
    }
    let Some(main) = person.department_id else { return Err(Error::field("person_id", "post_outside")) };
    let main = department(&mut work, zone, main).await?;
    let mut check = Check::new();
    let title = check.opt_text("title", new.title.as_deref(), 60);
    let basis = check.opt_text("basis", new.basis.as_deref(), 200);
    match find_department(&mut work, new.department_id).await?.filter(|d| d.valid_to.is_none()) {
        None => _ = check.that(false, "department_id", "unknown"),
        Some(at) => _ = check.that(at.kind.is_own() == main.kind.is_own(), "department_id", "post_other_side"),
    }
    let from = new.valid_from.unwrap_or(now);
    let all = store::all(&mut work, zone, &Filter { person: Some(person.id), ..Filter::default() }).await?;
    if let Err((field, code)) = may_take(&all, new.department_id, new.main, from, now) {
        check.add(FieldError::new(field, code));
    }
    check.done()?;
    if new.main {
        set_aside(&mut work, &all, from).await?;
    }
    let row = Beginning {
        id,
        person: person.id,
        department: new.department_id,
        title: title.as_deref(),
        main: new.main,
        from,
        basis: basis.as_deref(),
        now,
    };
    store::insert(&mut work, zone, &row).await?;
    let made = begun(&mut work, id).await?;
    if new.main {
        keep_main(&mut work, &person, &made).await?;
    }
    work.log("person.post_begin", Subject::new("person", person.id), Change::made(entry(&made))).await?;
    tell(&mut work, "person.post_begin", &made).await?;
    work.commit(id).await
}

async fn begun(work: &mut Work, id: Uuid) -> Result<Post> {
    let zone = work.zone();
    store::one(work, zone, id).await?.ok_or_else(|| Error::Internal("a post that has just begun".into()))
}

/// The main post of today becomes one beside the new one.
async fn set_aside(work: &mut Work, all: &[Post], from: Time) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let Some(main) = all.iter().find(|post| post.main && post.valid_to.is_none()) else { return Ok(()) };
    end_row(work, main, from, None).await?;
    let aside = Beginning {
        id: Uuid::now_v7(),
        person: main.person_id,
        department: main.department_id,
        title: main.title.as_deref(),
        main: false,
        from,
        basis: main.basis.as_deref(),
        now,
    };
    Ok(store::insert(work, zone, &aside).await?)
}

/// Writes the main post where lists read it.
async fn keep_main(work: &mut Work, person: &Person, main: &Post) -> Result<()> {
    let zone = work.zone();
    let new = Person { department_id: Some(main.department_id), title: main.title.clone(), ..person.clone() };
    match organisation::update_person(work, zone, &new).await? {
        true => Ok(()),
        false => Err(Error::Conflict(Conflict::Stale(person.version + 1))),
    }
}

async fn tell(work: &mut Work, kind: &str, post: &Post) -> Result<()> {
    let title = post.title.clone().unwrap_or_default();
    let args = json!({"department": post.department, "title": title});
    work.notify(post.person_id, kind, Subject::new("person", post.person_id), args).await
}

/// Rights follow from posts, so nobody gives himself one or takes it.
fn not_own(who: &Actor, person: &Person) -> Result<()> {
    if who.person_id == Some(person.id) { Err(Error::state("own_post")) } else { Ok(()) }
}

/// A post of somebody whom the actor keeps, as he saw it.
async fn held_post(work: &mut Work, who: &Actor, id: Uuid) -> Result<(Post, Person)> {
    who.must(KEEPERS)?;
    let post = store::one(work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let person = kept(work, who, post.person_id).await?;
    not_own(who, &person)?;
    who.saw(post.version)?;
    Ok((post, person))
}

/// Makes a post that somebody has beside his main one the main one from now on; the
/// former main post goes on beside it. Answers the post as it goes on.
pub async fn make_main(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let (post, person) = held_post(&mut work, who, id).await?;
    let (zone, now) = (who.zone_id, work.now);
    if post.valid_to.is_some() {
        return Err(Error::state("post_over"));
    }
    if post.main {
        return Err(Error::state("post_is_main"));
    }
    let all = store::all(&mut work, zone, &Filter { person: Some(person.id), ..Filter::default() }).await?;
    end_row(&mut work, &post, now, None).await?;
    set_aside(&mut work, &all, now).await?;
    let row = Beginning {
        id: Uuid::now_v7(),
        person: person.id,
        department: post.department_id,
        title: post.title.as_deref(),
        main: true,
        from: now,
        basis: post.basis.as_deref(),
        now,
    };
    store::insert(&mut work, zone, &row).await?;
    let made = begun(&mut work, row.id).await?;
    keep_main(&mut work, &person, &made).await?;
    let before = json!({"department_id": person.department_id, "title": person.title});
    let after = json!({"department_id": made.department_id, "title": made.title});
    work.log("person.post_main", Subject::new("person", person.id), Change::from_to(before, after)).await?;
    work.commit(made.id).await
}

/// Ends a post that is not the main one. What the person has in hand there goes back
/// into the department's own hands.
pub async fn end(app: &App, who: &Actor, id: Uuid, end: &PostEnd) -> Result<Uuid> {
    let mut check = Check::new();
    let reason = check.opt_text("reason", end.reason.as_deref(), 200);
    check.done()?;
    let mut work = app.work(who).await?;
    let (post, person) = held_post(&mut work, who, id).await?;
    let now = work.now;
    let at = end.valid_to.unwrap_or(now);
    may_end(&post, at, now).map_err(|no| match no {
        NoEnd::State(code) => Error::state(code),
        NoEnd::Day(code) => Error::field("valid_to", code),
    })?;
    end_row(&mut work, &post, at, reason.as_deref()).await?;
    handover::give_back(&mut work, person.id, post.department_id, reason.as_deref().unwrap_or_default()).await?;
    let change = Change { before: Some(entry(&post)), after: Some(json!({"valid_to": at})), note: None };
    let change = change.because(reason.unwrap_or_default());
    work.log("person.post_end", Subject::new("person", person.id), change).await?;
    tell(&mut work, "person.post_end", &post).await?;
    work.commit(id).await
}

// ---- the leadership --------------------------------------------------------

/// The leadership (班子) at an instant, in order: everybody once, with his first
/// post in it. The order is today's.
pub async fn leadership(tx: &mut Tx, who: &Actor, at: Time) -> Result<Vec<Post>> {
    who.must(READERS)?;
    let filter = Filter { at: Some(at), leadership: true, ..Filter::default() };
    let mut all = store::all(tx, who.zone_id, &filter).await?;
    all.dedup_by_key(|post| post.person_id);
    Ok(all)
}

/// Puts the leadership into that order, which holds wherever leaders are listed or
/// chosen. Everybody of it must be named once.
pub async fn set_order(app: &App, who: &Actor, people: &[Uuid]) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let now = work.now;
    let today = leadership(&mut work, who, now).await?;
    let mut named = people.to_vec();
    let mut there: Vec<Uuid> = today.iter().map(|post| post.person_id).collect();
    named.sort_unstable();
    there.sort_unstable();
    if named != there {
        return Err(Error::field("people", "leadership_moved_on"));
    }
    for (position, id) in (1_i64..).zip(people) {
        let person = find_person(&mut work, who.zone_id, *id).await?;
        if person.position == position {
            continue;
        }
        store::set_position(&mut work, who.zone_id, *id, position).await?;
        let change = Change::from_to(json!({"position": person.position}), json!({"position": position}));
        work.log("person.change", Subject::new("person", *id), change).await?;
    }
    work.commit(who.zone_id).await
}
