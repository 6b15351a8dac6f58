//! What can be done with kept views: list, keep, delete.

use super::{List, NewView, Offered, View, logged, store};
use crate::actor::{Actor, OFFICE};
use crate::app::{App, Change, Subject};
use crate::error::{Conflict, Error, Result};
use ::store::{Error as StoreError, Tx};
use serde_json::json;
use uuid::Uuid;

/// The most views that a person keeps.
const MOST: i64 = 200;

/// The views that somebody sees, his own first; of one list or of all.
pub async fn views(tx: &mut Tx, who: &Actor, list: Option<List>) -> Result<Vec<View>> {
    who.must(OFFICE)?;
    Ok(store::views(tx, who.zone_id, who.person()?, who.department_id, list).await?)
}

/// What a list offers to its reader; nothing to those outside the office.
pub async fn offered(app: &App, who: &Actor, list: List) -> Result<Offered> {
    let views = if who.is(OFFICE) { views(&mut app.read().await?, who, Some(list)).await? } else { Vec::new() };
    Ok(Offered { list, views })
}

/// One view that somebody sees.
pub async fn view(app: &App, who: &Actor, id: Uuid) -> Result<View> {
    who.must(OFFICE)?;
    let me = who.person()?;
    let view = store::view(&mut app.read().await?, who.zone_id, id).await?;
    let seen =
        |view: &View| view.person_id == me || view.department_id.is_some() && view.department_id == who.department_id;
    view.filter(seen).ok_or(Error::NotFound)
}

/// Keeps a view. Its name is free among one's own of the same list; who has no
/// department has nobody to share it with.
pub async fn keep(app: &App, who: &Actor, new: NewView) -> Result<Uuid> {
    who.must(OFFICE)?;
    let me = who.person()?;
    let new = new.checked()?;
    let department =
        if new.shared { Some(who.department_id.ok_or_else(|| Error::field("shared", "no_department"))?) } else { None };
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if let Some(there) = store::view(&mut work, zone, id).await? {
        return Err(if there.person_id == me { Error::Replayed(id) } else { Error::Conflict(Conflict::Taken("id")) });
    }
    if store::count(&mut work, zone, me).await? >= MOST {
        return Err(Error::state("views_full"));
    }
    store::insert(&mut work, zone, id, &new, (me, department), now).await.map_err(|error| match error {
        StoreError::Duplicate(_) => Error::Conflict(Conflict::Taken("name")),
        other => other.into(),
    })?;
    let made = json!({"list": new.list, "name": new.name, "query": logged(&new.query), "department_id": department});
    work.log("view.keep", Subject::new("saved_view", id), Change::made(made)).await?;
    work.commit(id).await
}

/// Deletes a view of one's own.
pub async fn delete(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(OFFICE)?;
    let me = who.person()?;
    let mut work = app.work(who).await?;
    let view = store::view(&mut work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if view.person_id != me {
        let shared = view.department_id.is_some() && view.department_id == who.department_id;
        return Err(if shared { Error::Forbidden } else { Error::NotFound });
    }
    store::delete(&mut work, who.zone_id, id).await?;
    let query = logged(&view.query);
    let was = json!({"list": view.list, "name": view.name, "query": query, "department_id": view.department_id});
    let change = Change { before: Some(was), after: None, note: None };
    work.log("view.delete", Subject::new("saved_view", id), change).await?;
    work.commit(id).await
}
