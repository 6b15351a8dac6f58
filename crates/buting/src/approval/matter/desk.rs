//! What can be done with matters.

use super::store::{self, Staff};
use super::{Content, Matter, MatterAct, NewMatter};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::desk as appeals;
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::list::Walk;
use crate::organisation;
use crate::zone::Zone;
use ::store::Tx;
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub use super::store::{Filter, KEYS};

/// Who reads matters: everybody who works here or may apply.
pub const READERS: Roles = OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Agency]));
/// Who keeps them.
pub const KEEPERS: Roles = Roles::of(&[Role::Dispatcher]);
/// Who may say that a specialist is absent: he, his deputy, the coordination office.
pub const ACTORS: Roles = OFFICE;

/// Matters; those outside see what can be applied for.
pub async fn matters(app: &App, who: &Actor, filter: &Filter, walk: &Walk) -> Result<Page<Matter>> {
    who.must(READERS)?;
    let mut filter = filter.clone();
    if !who.is(OFFICE) {
        filter.open = Some(true);
    }
    let mut tx = app.read().await?;
    let counted = store::count(&mut tx, who.zone_id, &filter).await?;
    let (mut items, next) = store::matters(&mut tx, who.zone_id, &filter, walk).await?;
    items.iter_mut().for_each(|one| keep_load(who, one));
    Ok(Page::new(items, next, counted))
}

/// A matter.
pub async fn matter(app: &App, who: &Actor, id: Uuid) -> Result<Matter> {
    who.must(READERS)?;
    let mut found = read(&mut app.read().await?, who, id).await?;
    keep_load(who, &mut found);
    Ok(found)
}

/// How many cases others have in hand is for the office alone.
fn keep_load(who: &Actor, matter: &mut Matter) {
    if !who.is(OFFICE) {
        matter.open = 0;
    }
}

/// A matter that somebody may know of, within a transaction.
pub(in crate::approval) async fn read(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Matter> {
    let found = store::matter(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if found.closed_at.is_some() && !who.is(OFFICE) {
        return Err(Error::NotFound);
    }
    Ok(found)
}

/// The number to call of who acts in a matter now.
pub async fn phone(app: &App, who: &Actor, matter: &Matter) -> Result<Option<String>> {
    who.must(READERS)?;
    let acting = if matter.stands_in(&app.now()) { matter.deputy_id } else { matter.owner_id };
    Ok(store::phone(&mut app.read().await?, who.zone_id, acting).await?)
}

/// Whether somebody may say that the specialist is absent.
pub fn may_stand_in(who: &Actor, matter: &Matter) -> bool {
    let me = who.person_id;
    who.is(KEEPERS) || me == Some(matter.owner_id) || me == Some(matter.deputy_id)
}

async fn checked(work: &mut Work, id: Uuid, new: &mut NewMatter) -> Result<Staff> {
    let zone = work.zone();
    let mut check = Check::new();
    new.code = check.text("code", &new.code, 64);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    check.that(new.code.chars().all(plain), "code", "matter_code");
    new.title = check.text("title", &new.title, 100);
    new.content.check(&mut check);
    for (field, set) in [("department_id", new.department_id), ("owner_id", new.owner_id), ("deputy_id", new.deputy_id)]
    {
        check.that(set.is_some(), field, "required");
    }
    if let Some(department) = new.department_id {
        let own = appeals::departments(work, zone).await?.iter().any(|d| d.id == department && d.kind.is_own());
        check.that(own, "department_id", "unknown");
        check.that(!store::has_code(work, zone, department, &new.code, id).await?, "code", "taken");
    }
    for (field, person) in [("owner_id", new.owner_id), ("deputy_id", new.deputy_id)] {
        if let Some(person) = person {
            check.that(organisation::desk::is_colleague(work, zone, person).await?, field, "unknown");
        }
    }
    // Exactly one who answers for it, and another who can stand in.
    check.that(new.owner_id.is_none() || new.owner_id != new.deputy_id, "deputy_id", "deputy_same");
    check.done()?;
    let needed = || Error::field("owner_id", "required");
    Ok(Staff {
        department: new.department_id.ok_or_else(needed)?,
        owner: new.owner_id.ok_or_else(needed)?,
        deputy: new.deputy_id.ok_or_else(needed)?,
    })
}

fn facts(new: &NewMatter, staff: Staff) -> Json {
    json!({
        "code": new.code, "title": new.title, "kind": new.kind, "level": new.level, "green": new.green,
        "instant": new.instant, "statutory_days": new.content.statutory_days,
        "promised_days": new.content.promised_days, "department_id": staff.department, "owner_id": staff.owner,
        "deputy_id": staff.deputy,
    })
}

fn facts_of(old: &Matter) -> Json {
    let said = old.said();
    json!({
        "code": old.code, "title": old.title, "kind": old.kind, "level": old.level, "green": old.green,
        "instant": old.instant, "statutory_days": said.statutory_days, "promised_days": said.promised_days,
        "department_id": old.department_id, "owner_id": old.owner_id, "deputy_id": old.deputy_id,
    })
}

/// Makes a matter.
pub async fn make(app: &App, who: &Actor, mut new: NewMatter) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::matter(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let staff = checked(&mut work, id, &mut new).await?;
    store::insert(&mut work, id, &new, staff).await?;
    work.log("matter.make", Subject::new("matter", id), Change::made(facts(&new, staff))).await?;
    tell_staff(&mut work, id, &new.title, staff, None).await?;
    work.commit(id).await
}

async fn tell_staff(work: &mut Work, id: Uuid, title: &str, staff: Staff, old: Option<&Matter>) -> Result<()> {
    let subject = Subject::new("matter", id);
    if old.is_none_or(|old| old.owner_id != staff.owner) {
        work.notify(staff.owner, "matter.given", subject, json!({"title": title})).await?;
    }
    if old.is_none_or(|old| old.deputy_id != staff.deputy) {
        work.notify(staff.deputy, "matter.deputy", subject, json!({"title": title})).await?;
    }
    Ok(())
}

/// Does something with a matter. Answers it.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: MatterAct) -> Result<Uuid> {
    who.must(ACTORS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let old = store::matter(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(old.version)?;
    if old.closed_at.is_some() {
        return Err(Error::state("matter_closed"));
    }
    match act {
        MatterAct::Revise { matter } => {
            who.must(KEEPERS)?;
            let mut new = *matter;
            let staff = checked(&mut work, id, &mut new).await?;
            if !store::revise(&mut work, &old, &new, staff).await? {
                return Err(Error::Conflict(Conflict::Stale(old.version)));
            }
            let change = Change::from_to(facts_of(&old), facts(&new, staff));
            work.log("matter.revise", Subject::new("matter", id), change).await?;
            tell_staff(&mut work, id, &new.title, staff, Some(&old)).await?;
        }
        MatterAct::Away { until } => {
            if !may_stand_in(who, &old) {
                return Err(Error::Forbidden);
            }
            let of_zone = Zone::get(&mut work, zone).await?;
            if until.is_some_and(|day| day < of_zone.day(work.now)) {
                return Err(Error::field("until", "past"));
            }
            let until = until.map(|day| day.last(&of_zone.time_zone()));
            // Who is absent is so in all that he answers for.
            for one in store::of_owner(&mut work, zone, old.owner_id).await? {
                let matter = store::matter(&mut work, zone, one).await?.ok_or(Error::NotFound)?;
                store::set_away(&mut work, one, until).await?;
                let change = Change::from_to(json!({"away_until": matter.away_until}), json!({"away_until": until}));
                work.log("matter.away", Subject::new("matter", one), change).await?;
                if until.is_some() {
                    let args = json!({"title": matter.title, "until": until});
                    work.notify(matter.deputy_id, "matter.stand_in", Subject::new("matter", one), args).await?;
                }
            }
        }
        MatterAct::Close { reason } => {
            who.must(KEEPERS)?;
            let mut check = Check::new();
            let reason = check.text("reason", &reason, 500);
            check.done()?;
            if store::open_cases(&mut work, zone, id).await? > 0 {
                return Err(Error::state("matter_cases"));
            }
            store::close(&mut work, id).await?;
            let change = Change::made(json!({"closed": true})).because(reason);
            work.log("matter.close", Subject::new("matter", id), change).await?;
        }
    }
    work.commit(id).await
}

/// What an edition of a matter says; the caller has checked that the reader may know.
pub(in crate::approval) async fn edition(tx: &mut Tx, zone: Uuid, matter: Uuid, edition: i64) -> Result<Content> {
    Ok(store::edition(tx, zone, matter, edition).await?)
}

/// What the form of a matter offers: departments, people.
pub async fn choices(app: &App, who: &Actor) -> Result<(Vec<(Uuid, String)>, Vec<(Uuid, String)>)> {
    who.must(KEEPERS)?;
    let own: Vec<(Uuid, String)> = appeals::departments(&mut app.read().await?, who.zone_id)
        .await?
        .into_iter()
        .filter(|department| department.kind.is_own())
        .map(|department| (department.id, department.short_name))
        .collect();
    let staff = organisation::desk::staff(app, who, None, None, MAX_LIMIT).await?;
    let there = |person: &organisation::Person| {
        person.left_at.is_none() && person.department_id.is_some_and(|of| own.iter().any(|(id, _)| *id == of))
    };
    let people = staff.items.into_iter().filter(there).map(|person| (person.id, person.name)).collect();
    Ok((own, people))
}
