//! The word of the enterprise on a record, and the link that it needs for that.

use super::Receipt;
use crate::actor::{Actor, OUTSIDE, Once, Role, Roles, Scope, Via};
use crate::app::{App, Change, Subject};
use crate::assignment::reach;
use crate::error::{Check, Conflict, Error, Result};
use crate::link::{self, Handed, Opens};
use crate::subject::SubjectKind;
use crate::time::DAY_MS;
use crate::visit::desk::{RECORDERS, seen};
use crate::visit::review::ReviewState;
use crate::visit::store::{self, Ack, Stored};
use crate::visit::{self, AckHow, Visit};
use crate::zone::Zone;
use ::store::Tx;
use serde_json::json;
use uuid::Uuid;

/// A link to a record shows it for so long after the visit: what was asked for and
/// promised there is over by then.
const LINK_DAYS: i64 = 180;

/// The enterprise says that it has seen a record: by its own account or by link; an
/// officer may note that it did so on paper or by telephone.
pub async fn acknowledge(app: &App, who: &Actor, id: Uuid, receipt: Receipt) -> Result<Uuid> {
    who.must(RECORDERS.and(OUTSIDE))?;
    let mut work = app.work(who).await?;
    let stored = seen(&mut work, who, id).await?;
    who.saw(stored.version)?;
    if stored.ack_at.is_some() {
        return Err(Error::state("acknowledged"));
    }
    if stored.review_state.is_some_and(ReviewState::is_pending) {
        return Err(Error::state("not_reviewed"));
    }
    let outside = who.is(OUTSIDE) && !who.is_rule();
    let how = match (outside, receipt.how) {
        (true, None | Some(AckHow::Account | AckHow::Link)) if who.via == Via::Link => AckHow::Link,
        (true, None | Some(AckHow::Account)) => AckHow::Account,
        (false, Some(how @ (AckHow::Signature | AckHow::Phone))) => how,
        _ => return Err(Error::field("how", "ack_how")),
    };
    let mut check = Check::new();
    // Who has signed in has a name; who comes by a link says his.
    let name = match how {
        AckHow::Account => Some(who.name.clone()),
        AckHow::Link => Some(check.text("name", receipt.name.as_deref().unwrap_or_default(), 60)),
        AckHow::Signature | AckHow::Phone => check.opt_text("name", receipt.name.as_deref(), 60),
    };
    let note = check.opt_text("note", receipt.note.as_deref(), 500);
    check.done()?;
    let ack = Ack { how, name: name.as_deref(), note: note.as_deref() };
    if !store::acknowledge(&mut work, id, stored.version, &ack).await? {
        return Err(Error::Conflict(Conflict::Stale(stored.version)));
    }
    let about = Subject::about("visit", id, stored.subject_id);
    let change = Change::made(json!({"number": stored.number, "how": how})).because(note.unwrap_or_default());
    work.log("visit.acknowledge", about, change).await?;
    if let Some(recorder) = stored.recorded_by {
        let args = json!({"subject": stored.subject_name, "number": stored.number});
        work.notify(recorder, "visit.acknowledged", about, args).await?;
    }
    work.commit(id).await
}

/// Takes back what an officer noted by mistake, with the reason. What the enterprise
/// said itself stays.
pub async fn withdraw(app: &App, who: &Actor, id: Uuid, reason: &str) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let stored = seen(&mut work, who, id).await?;
    who.saw(stored.version)?;
    let Some(how) = stored.ack_how else { return Err(Error::state("not_acknowledged")) };
    if !matches!(how, AckHow::Signature | AckHow::Phone) {
        return Err(Error::state("own_word"));
    }
    let mut check = Check::new();
    let reason = check.text("note", reason, 500);
    check.done()?;
    if !store::unacknowledge(&mut work, id, stored.version).await? {
        return Err(Error::Conflict(Conflict::Stale(stored.version)));
    }
    let about = Subject::about("visit", id, stored.subject_id);
    let change = Change::from_to(json!({"how": how, "ack_at": stored.ack_at}), json!({"ack_at": null}));
    work.log("visit.unacknowledge", about, change.because(reason)).await?;
    work.commit(id).await
}

// By link

/// Whether somebody hands links to a record on: who answers for the subject.
async fn hands_on(tx: &mut Tx, who: &Actor, stored: &Stored) -> Result<bool> {
    let mine = stored.recorded_by.is_some() && stored.recorded_by == who.person_id;
    let told = !stored.review_state.is_some_and(ReviewState::is_pending);
    Ok(told && who.is(RECORDERS) && (mine || reach::reaches(tx, who, stored.subject_id).await?))
}

fn handed(app: &App, zone: Uuid, id: Uuid, serial: i64) -> Handed {
    link::handed(app.db.keyring(), Opens::Visit, "/record", zone, id, serial)
}

/// The link and the code of a record, for the office to hand on.
pub async fn link_of(app: &App, tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Option<Handed>> {
    let stored = seen(tx, who, id).await?;
    let may = hands_on(tx, who, &stored).await?;
    Ok(may.then(|| handed(app, who.zone_id, id, stored.link_serial)))
}

/// Makes a new link and a new code; whoever has the old ones reads nothing more.
pub async fn renew(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let stored = seen(&mut work, who, id).await?;
    who.saw(stored.version)?;
    if !hands_on(&mut work, who, &stored).await? {
        return Err(Error::Forbidden);
    }
    if !store::renew_link(&mut work, id, stored.version).await? {
        return Err(Error::Conflict(Conflict::Stale(stored.version)));
    }
    let change = Change::made(json!({"number": stored.number}));
    work.log("visit.link", Subject::about("visit", id, stored.subject_id), change).await?;
    work.commit(id).await
}

/// A record as the enterprise sees it that has only its link.
pub struct Shown {
    /// The record.
    pub visit: Visit,
    /// The zone.
    pub zone: Zone,
}

/// Who comes by a link, and the record. A link that is altered, withdrawn or long past
/// leads nowhere.
pub async fn by_link(app: &App, token: &str) -> Result<(Actor, Shown)> {
    let (zone_id, id) = link::read(token).ok_or(Error::NotFound)?;
    let mut tx = app.read().await?;
    let stored = store::visit(&mut tx, zone_id, id).await?.ok_or(Error::NotFound)?;
    let genuine = link::genuine(app.db.keyring(), Opens::Visit, token, zone_id, id, stored.link_serial);
    if !genuine || stored.created_at < app.now().plus(-LINK_DAYS * DAY_MS) {
        return Err(Error::NotFound);
    }
    let (role, scope) = match stored.subject_kind {
        SubjectKind::Enterprise => (Role::Enterprise, Scope::Enterprise(stored.subject_id)),
        SubjectKind::Project => (Role::Project, Scope::Project(stored.subject_id)),
        SubjectKind::Carrier => return Err(Error::NotFound),
    };
    let who =
        Actor { name: stored.subject_name, roles: Roles::of(&[role]), scope, via: Via::Link, ..Actor::rule(zone_id) };
    let zone = Zone::get(&mut tx, zone_id).await?;
    // One reader at a time: who holds one and waits for another may wait for himself.
    drop(tx);
    let visit = visit::desk::visit(app, &who, id).await?;
    Ok((who, Shown { visit, zone }))
}

/// The token of the record that a number and a code open, if they do. The code is as
/// long as nobody finds one by trying.
pub async fn by_code(app: &App, number: &str, code: &str) -> Result<String> {
    let number = number.trim().to_uppercase();
    let mut tx = app.read().await?;
    for (zone, id, serial) in store::numbered(&mut tx, &number).await? {
        if link::opened_by(app.db.keyring(), Opens::Visit, code, zone, id, serial) {
            return Ok(link::token(app.db.keyring(), Opens::Visit, zone, id, serial));
        }
    }
    Err(Error::field("code", "receipt_code"))
}

/// The enterprise says by its link that it has seen the record. `once` is the one-time
/// key of its form, `version` what it saw.
pub async fn acknowledge_by_link(
    app: &App,
    token: &str,
    receipt: Receipt,
    once: Option<Once>,
    version: Option<i64>,
) -> Result<Uuid> {
    let (mut who, shown) = by_link(app, token).await?;
    who.once = once;
    who.seen_version = version;
    acknowledge(app, &who, shown.visit.id, receipt).await
}
