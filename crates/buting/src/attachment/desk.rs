//! What can be done with files. Who may see the record may see its files, as far as
//! [`super::sees`] says; what a form keeps is its sender's alone.

use super::media::{clean_name, media_of};
use super::store::{self, By, FORM, NewRow, Place};
use super::{Attachment, Eyes, Limits, Owner, Purpose, State, View, picture, scan, sees, strip, takes};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles, Scope, Via};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Error, FieldError, Result};
use crate::time::DAY_MS;
use crate::trace::{self, Trace};
use crate::{appeal, approval, readiness, visit};
use ::store::Tx;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// Who has to do with files at all.
pub const PARTIES: Roles = OFFICE.and(OUTSIDE).and(Roles::of(&[Role::Agency]));
/// The job that asks the scanner about one file.
pub const SCAN: &str = "attachment.scan";
/// The job that makes one small picture.
pub const THUMBNAIL: &str = "attachment.thumbnail";
/// How long a form keeps what was not handed in (ms): a day.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Uploads that the forms of one person keep at a time: more is no work but a flood.
const KEPT_MOST: i64 = 100;
/// So many leftovers are removed in one transaction.
const BATCH: i64 = 20;

/// A file as it came in.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The name that it had where it came from.
    pub name: String,
    /// Its content.
    pub bytes: Bytes,
}

/// A file that may be kept: what it is, under which name, without what it tells beside.
struct Accepted {
    media: super::media::Media,
    name: String,
    bytes: Vec<u8>,
    sha256: String,
}

/// Looks at a file and takes out what it tells of its maker. `field` is where an
/// error stands.
async fn accept(file: Incoming, limits: Limits, field: &'static str) -> Result<Accepted> {
    let shown: String = file.name.chars().take(60).collect();
    let refuse = move |code: &'static str| FieldError::new(field, code).with("name", &shown);
    if file.bytes.len() > limits.bytes {
        let most = limits.bytes / (1024 * 1024);
        return Err(Error::Invalid(vec![refuse("file_large").with("max", most)]));
    }
    let worked = tokio::task::spawn_blocking(move || {
        let media = media_of(&file.bytes, &file.name)?;
        picture::check(&file.bytes, media)?;
        let bytes = strip::stripped(file.bytes.to_vec(), media)?;
        let sha256 = vault::hash::hex(&vault::hash::sha256(&bytes));
        Ok(Accepted { media, name: clean_name(&file.name, media), bytes, sha256 })
    });
    match worked.await {
        Ok(Ok(accepted)) => Ok(accepted),
        Ok(Err(refused)) => {
            let refused: super::media::Refused = refused;
            Err(Error::Invalid(vec![refuse(refused.code())]))
        }
        Err(broken) => Err(Error::Internal(broken.to_string())),
    }
}

fn by(who: &Actor) -> Result<By> {
    match (who.person_id, &who.scope) {
        (Some(person), _) => Ok(By::Person(person)),
        (None, Scope::WorkOrder(order)) if who.via == Via::Link => Ok(By::Link(*order)),
        _ => Err(Error::Forbidden),
    }
}

/// Writes a file down with its content, and sees that the scanner is asked and a
/// small picture made.
async fn insert(
    work: &mut Work,
    scanned: bool,
    (id, form): (Uuid, Option<Uuid>),
    (place, own): (Place<'_>, bool),
    file: &Accepted,
) -> Result<()> {
    let zone = work.zone();
    let row = NewRow {
        id,
        form_id: form,
        place,
        own,
        file_name: &file.name,
        media: file.media,
        sha256: &file.sha256,
        state: if scanned { State::Waiting } else { State::Clean },
        uploaded_by: work.who.person_id,
        at: work.now,
    };
    store::insert(work, zone, &row, &file.bytes).await?;
    let (now, args) = (work.now.ms(), json!({ "id": id }));
    if row.state == State::Waiting {
        work.enqueue(zone, SCAN, &args, now, None).await?;
    } else if file.media.has_thumbnail() {
        work.enqueue(zone, THUMBNAIL, &args, now, None).await?;
    }
    Ok(())
}

/// What the ledger says of a file; not its name, which may be a person's.
fn described(file: &Attachment) -> Json {
    json!({
        "attachment_id": file.id, "purpose": file.purpose, "media": file.media, "size": file.size,
        "sha256": file.sha256, "work_order_id": file.work_order_id,
    })
}

// ---- what forms keep ----

/// Keeps a file for a form that is not handed in yet. The same file of the same form
/// is kept once, be it handed in meanwhile or not.
pub async fn keep(app: &App, who: &Actor, form: Uuid, file: Incoming) -> Result<Uuid> {
    let by = by(who)?;
    let limits = app.config.files;
    let file = accept(file, limits, "files").await?;
    // The form's one-time key is for what is done with the form.
    let mut work = app.work(&Actor { once: None, ..who.clone() }).await?;
    let zone = work.zone();
    store::hold(&mut work, zone, by).await?;
    if let Some(known) = store::of_form(&mut work, zone, form, &file.sha256, by).await? {
        return Ok(known);
    }
    let kept = store::kept(&mut work, zone, form, by).await?.len();
    if kept >= limits.files || store::count_kept(&mut work, zone, by).await? >= KEPT_MOST {
        return Err(Error::Invalid(vec![FieldError::new("files", "files_many").with("max", limits.files)]));
    }
    day_for(&mut work, by, file.bytes.len(), "files").await?;
    let id = Uuid::now_v7();
    let link = match by {
        By::Link(order) => Some(order),
        By::Person(_) => None,
    };
    let place = Place { owner: FORM, owner_id: form, purpose: Purpose::Note, message_id: None, work_order_id: link };
    insert(&mut work, app.config.scanner.is_some(), (id, Some(form)), (place, false), &file).await?;
    let made = json!({"media": file.media, "size": file.bytes.len(), "sha256": file.sha256});
    work.log("attachment.keep", Subject::new("attachment", id), Change::made(made)).await?;
    work.commit(id).await
}

/// What a form keeps for its sender.
pub async fn kept(app: &App, who: &Actor, form: Uuid) -> Result<Vec<Attachment>> {
    let by = by(who)?;
    Ok(store::kept(&mut app.read().await?, who.zone_id, form, by).await?)
}

/// Lets go of what the sender of a form does not want to hand in after all.
pub async fn let_go(app: &App, who: &Actor, form: Uuid, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let by = by(who)?;
    let mut work = app.work(&Actor { once: None, ..who.clone() }).await?;
    let zone = work.zone();
    for file in store::kept(&mut work, zone, form, by).await?.iter().filter(|file| ids.contains(&file.id)) {
        store::forget(&mut work, zone, file.id).await?;
        work.log("attachment.let_go", Subject::new("attachment", file.id), Change::default()).await?;
    }
    work.commit(form).await?;
    Ok(())
}

/// Where a piece of work puts what its form kept.
pub struct Bound {
    /// The record.
    pub owner: Owner,
    /// Its key.
    pub owner_id: Uuid,
    /// What the files are for.
    pub purpose: Purpose,
    /// The message that they come with.
    pub message_id: Option<Uuid>,
    /// The work order that they come with.
    pub work_order_id: Option<Uuid>,
    /// Whether they come from whose record it is.
    pub own: bool,
    /// Where the ledger writes it.
    pub subject: Subject,
}

/// Hands in what a form kept, within the piece of work that the form was for: the
/// desk of the record has checked who may.
pub async fn bind(work: &mut Work, form: Uuid, to: &Bound) -> Result<usize> {
    let by = by(&work.who)?;
    let (zone, now) = (work.zone(), work.now);
    let files = store::kept(work, zone, form, by).await?;
    if files.is_empty() {
        return Ok(0);
    }
    room_for(work, to.owner, to.owner_id, files.len(), "files").await?;
    let place = Place {
        owner: to.owner.word(),
        owner_id: to.owner_id,
        purpose: to.purpose,
        message_id: to.message_id,
        work_order_id: to.work_order_id,
    };
    for mut file in files.iter().cloned() {
        store::bind(work, zone, file.id, &place, to.own, now).await?;
        (file.purpose, file.work_order_id) = (to.purpose, to.work_order_id);
        work.log("attachment.add", to.subject, Change::made(described(&file))).await?;
    }
    Ok(files.len())
}

async fn room_for(work: &mut Work, owner: Owner, id: Uuid, more: usize, field: &'static str) -> Result<()> {
    let (zone, limits) = (work.zone(), work.files);
    let there = store::count(work, zone, owner.word(), id).await?;
    if usize::try_from(there).unwrap_or(usize::MAX).saturating_add(more) > limits.files {
        return Err(Error::Invalid(vec![FieldError::new(field, "files_many").with("max", limits.files)]));
    }
    Ok(())
}

/// Refuses a file with which somebody would bring more within a day than is taken of one.
async fn day_for(work: &mut Work, by: By, more: usize, field: &'static str) -> Result<()> {
    let (zone, limits, since) = (work.zone(), work.files, work.now.plus(-DAY_MS));
    let brought = store::brought(work, zone, since, by).await?;
    if usize::try_from(brought).unwrap_or(usize::MAX).saturating_add(more) > limits.day {
        let most = limits.day / (1024 * 1024);
        return Err(Error::Invalid(vec![FieldError::new(field, "files_day").with("max", most)]));
    }
    Ok(())
}

/// Evidence that lay ready goes with the answer that is given now.
pub async fn give_to_answer(work: &mut Work, appeal: Uuid, message: Uuid) -> Result<()> {
    let zone = work.zone();
    Ok(store::give_to_answer(work, zone, appeal, message).await?)
}

// ---- files of records ----

/// What somebody is towards the files of a record; one that he may not know of is not
/// found. Held to the end of the transaction where it is to change.
async fn eyes(
    tx: &mut Tx,
    who: &Actor,
    owner: Owner,
    id: Uuid,
    to_change: bool,
) -> Result<(Eyes, Subject, Option<Uuid>)> {
    match owner {
        Owner::Appeal => appeal::desk::eyes(tx, who, id, to_change).await,
        Owner::Visit => {
            let (eyes, subject) = visit::desk::eyes(tx, who, id).await?;
            Ok((eyes, subject, None))
        }
        Owner::Application => {
            let (eyes, subject) = approval::desk::eyes(tx, who, id).await?;
            Ok((eyes, subject, None))
        }
        Owner::Plan => {
            let (eyes, subject) = readiness::plan::desk::eyes(tx, who, id).await?;
            Ok((eyes, subject, None))
        }
    }
}

/// A file that is added to a record by itself.
pub struct NewAttachment {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// What it belongs to.
    pub owner: Owner,
    /// The record.
    pub owner_id: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// The work order that it answers or is given with.
    pub work_order_id: Option<Uuid>,
    /// The file.
    pub file: Incoming,
}

/// Whether somebody may know of the record that he brings files for; asked before they
/// are read.
pub async fn may_bring(app: &App, who: &Actor, owner: Owner, id: Uuid) -> Result<()> {
    eyes(&mut app.read().await?, who, owner, id, false).await.map(drop)
}

/// Adds a file to a record.
pub async fn add(app: &App, who: &Actor, new: NewAttachment) -> Result<Uuid> {
    who.must(PARTIES)?;
    let by = by(who)?;
    // Whoever may not know of the record does not make the program open files.
    may_bring(app, who, new.owner, new.owner_id).await?;
    let limits = app.config.files;
    let file = accept(new.file, limits, "file").await?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    // Before the record: whoever hands somebody's things over holds the two in this order.
    store::hold(&mut work, zone, by).await?;
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_known(&mut work, zone, id).await? {
        // A key that another record has made known says nothing about that record.
        return match store::one(&mut work, zone, id).await? {
            Some(known) if known.owner_id == new.owner_id && known.sha256 == file.sha256 => Err(Error::Replayed(id)),
            _ => Err(Error::Conflict(crate::error::Conflict::Taken("id"))),
        };
    }
    let (eyes, subject, answer) = eyes(&mut work, who, new.owner, new.owner_id, true).await?;
    if let Some(order) = new.work_order_id
        && !eyes.open_orders.contains(&order)
        && !eyes.orders.iter().any(|(own, _)| *own == order)
    {
        return Err(Error::field("work_order_id", "unknown"));
    }
    if !eyes.open {
        return Err(Error::state("attachment_closed"));
    }
    if !takes(&eyes, new.purpose, new.work_order_id) {
        return Err(Error::field("purpose", "attachment_purpose"));
    }
    room_for(&mut work, new.owner, new.owner_id, 1, "file").await?;
    day_for(&mut work, by, file.bytes.len(), "file").await?;
    let evidence = new.purpose == Purpose::Evidence && new.work_order_id.is_none();
    let place = Place {
        owner: new.owner.word(),
        owner_id: new.owner_id,
        purpose: new.purpose,
        // What comes after the answer, and before its review, belongs to it.
        message_id: answer.filter(|_| evidence),
        work_order_id: new.work_order_id,
    };
    let own = eyes.owner && !eyes.office;
    insert(&mut work, app.config.scanner.is_some(), (id, None), (place, own), &file).await?;
    let made = store::one(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    work.log("attachment.add", subject, Change::made(described(&made))).await?;
    work.commit(id).await
}

/// The files of a record that somebody may know of, oldest first.
pub async fn list(tx: &mut Tx, who: &Actor, owner: Owner, id: Uuid) -> Result<Vec<Attachment>> {
    let (eyes, ..) = eyes(tx, who, owner, id, false).await?;
    let mut files = store::of(tx, who.zone_id, owner.word(), id).await?;
    files.retain(|file| sees(&eyes, file));
    if !eyes.office {
        // Outside, the committee speaks with one voice.
        files.iter_mut().filter(|file| !eyes.brought(file) && !file.own).for_each(|file| file.by_name = None);
    }
    Ok(files)
}

/// One file that somebody may know of.
async fn seen(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Attachment> {
    let mut file = store::one(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let owner = Owner::parse(&file.owner).ok_or(Error::NotFound)?;
    let (eyes, ..) = eyes(tx, who, owner, file.owner_id, false).await?;
    if !sees(&eyes, &file) {
        return Err(Error::NotFound);
    }
    if !eyes.office && !eyes.brought(&file) && !file.own {
        file.by_name = None;
    }
    Ok(file)
}

/// The files of a record as the API shows them.
pub async fn views(app: &App, who: &Actor, owner: Owner, id: Uuid) -> Result<Vec<View>> {
    let files = list(&mut app.read().await?, who, owner, id).await?;
    Ok(files.into_iter().filter_map(View::of).collect())
}

/// One file as the API shows it.
pub async fn view(app: &App, who: &Actor, id: Uuid) -> Result<View> {
    let file = seen(&mut app.read().await?, who, id).await?;
    View::of(file).ok_or(Error::NotFound)
}

/// The content of a file that may be opened. Leaves a trace where it is another's.
pub async fn content(app: &App, who: &Actor, id: Uuid, address: IpAddr) -> Result<(Attachment, Vec<u8>)> {
    let mut tx = app.read().await?;
    let file = seen(&mut tx, who, id).await?;
    if !file.is_clean() {
        return Err(Error::state(if file.state == State::Waiting {
            "attachment_waiting"
        } else {
            "attachment_quarantined"
        }));
    }
    let bytes = store::content(&mut tx, who.zone_id, id).await?;
    drop(tx);
    if file.uploaded_by.is_none() || file.uploaded_by != who.person_id {
        trace::note(app, who, address, Trace::of(trace::Kind::FileOpen, "attachment", id)).await?;
    }
    Ok((file, bytes))
}

/// The small picture of a file that may be opened, with what tells it from others.
pub async fn thumbnail(app: &App, who: &Actor, id: Uuid) -> Result<(String, Vec<u8>)> {
    let mut tx = app.read().await?;
    let file = seen(&mut tx, who, id).await?;
    let small = store::thumbnail(&mut tx, who.zone_id, id).await?;
    let small = small.filter(|_| file.is_clean()).ok_or(Error::NotFound)?;
    Ok((file.sha256, small))
}

/// Removes a file: whoever brought it while nothing rests on it, after that the
/// coordination office with a reason. The content goes; that there was one stays.
pub async fn remove(app: &App, who: &Actor, id: Uuid, reason: Option<&str>) -> Result<Uuid> {
    let mut check = Check::new();
    let reason = check.opt_text("reason", reason, 500);
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let file = store::one(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    let owner = Owner::parse(&file.owner).ok_or(Error::NotFound)?;
    let (eyes, subject, _) = eyes(&mut work, who, owner, file.owner_id, true).await?;
    if !sees(&eyes, &file) {
        return Err(Error::NotFound);
    }
    match removal(&eyes, &file) {
        Removal::Free => {}
        Removal::WithReason if reason.is_some() => {}
        Removal::WithReason => return Err(Error::field("reason", "required")),
        Removal::No if eyes.brought(&file) => return Err(Error::state("attachment_rests")),
        Removal::No => return Err(Error::Forbidden),
    }
    let now = work.now;
    store::remove(&mut work, zone, id, now).await?;
    let change = Change { before: Some(described(&file)), ..Change::default() };
    work.log("attachment.remove", subject, change.because(reason.unwrap_or_default())).await?;
    work.commit(id).await
}

/// How somebody may remove a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// At once.
    Free,
    /// With a reason.
    WithReason,
    /// Not at all.
    No,
}

/// Something rests on a file when it came with a message or an answer, or when its
/// record takes no more.
pub fn removal(eyes: &Eyes, file: &Attachment) -> Removal {
    let rests = !eyes.open || file.message_id.is_some();
    match () {
        _ if eyes.brought(file) && (!rests || file.state == State::Quarantined) => Removal::Free,
        _ if eyes.desk => Removal::WithReason,
        _ => Removal::No,
    }
}

/// The files of a record with what somebody may do about each.
pub async fn shown(app: &App, who: &Actor, owner: Owner, id: Uuid) -> Result<Vec<(Attachment, Removal)>> {
    let mut tx = app.read().await?;
    let (eyes, ..) = eyes(&mut tx, who, owner, id, false).await?;
    let files = list(&mut tx, who, owner, id).await?;
    Ok(files.into_iter().map(|file| (removal(&eyes, &file), file)).map(|(how, file)| (file, how)).collect())
}

// ---- what happens by itself ----

fn id_in(args: &Json) -> Result<Uuid> {
    let id = args["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    id.ok_or_else(|| Error::Internal("a job names no file".into()))
}

/// Asks the scanner about a file that waits. When there is no answer, the queue asks
/// again later.
pub async fn scan(app: &Arc<App>, zone: Uuid, args: &Json) -> Result<()> {
    let id = id_in(args)?;
    let (file, bytes) = {
        let mut tx = app.read().await?;
        let Some(file) = store::one(&mut tx, zone, id).await?.filter(|file| file.state == State::Waiting) else {
            return Ok(());
        };
        (file, store::content(&mut tx, zone, id).await?)
    };
    let verdict = match &app.config.scanner {
        Some(scanner) => scanner.ask(&bytes).await.map_err(Error::Internal)?,
        // The hook was taken away while the file waited.
        None => scan::Verdict::Clean,
    };
    let mut work = app.work(&Actor::rule(zone)).await?;
    let clean = verdict == scan::Verdict::Clean;
    if !store::set_state(&mut work, zone, id, if clean { State::Clean } else { State::Quarantined }).await? {
        return Ok(());
    }
    let subject = Subject::new("attachment", id);
    match verdict {
        scan::Verdict::Clean => {
            work.log("attachment.clean", subject, Change::default()).await?;
            if file.media.has_thumbnail() {
                let now = work.now.ms();
                work.enqueue(zone, THUMBNAIL, args, now, None).await?;
            }
        }
        scan::Verdict::Infected(found) => {
            let made = json!({"found": found, "sha256": file.sha256});
            work.log("attachment.quarantine", subject, Change::made(made)).await?;
            if let Some(person) = file.uploaded_by {
                // Its name goes with the file; a notice would keep it.
                work.notify(person, "attachment.quarantined", place_of(&file), json!({})).await?;
            }
            for person in store::guards(&mut work, zone).await? {
                // What it is called may give away whose it is.
                work.notify(person, "attachment.found", subject, json!({"found": found, "sha256": file.sha256}))
                    .await?;
            }
        }
    }
    work.commit(id).await?;
    Ok(())
}

/// What a notice about a file leads to.
fn place_of(file: &Attachment) -> Subject {
    match Owner::parse(&file.owner) {
        Some(Owner::Appeal) => Subject::new("appeal", file.owner_id),
        Some(Owner::Visit) => Subject::new("visit", file.owner_id),
        Some(Owner::Application) => Subject::new("application", file.owner_id),
        Some(Owner::Plan) => Subject::new("readiness_plan", file.owner_id),
        None => Subject::new("attachment", file.id),
    }
}

/// Makes the small picture of a file.
pub async fn make_thumbnail(app: &Arc<App>, zone: Uuid, args: &Json) -> Result<()> {
    let id = id_in(args)?;
    let (file, bytes) = {
        let mut tx = app.read().await?;
        let wanted = |file: &Attachment| file.is_clean() && !file.has_thumbnail;
        let Some(file) = store::one(&mut tx, zone, id).await?.filter(wanted) else { return Ok(()) };
        (file, store::content(&mut tx, zone, id).await?)
    };
    let media = file.media;
    let made = tokio::task::spawn_blocking(move || picture::thumbnail(&bytes, media)).await;
    let Some(small) = made.map_err(|broken| Error::Internal(broken.to_string()))? else {
        // It is no smaller for being tried again.
        tracing::info!(attachment = %id, "no small picture can be made of this file");
        return Ok(());
    };
    let mut tx = app.db.write().await?;
    store::set_thumbnail(&mut tx, zone, id, &small).await?;
    Ok(tx.commit().await?)
}

/// Removes what forms kept for a day and nobody handed in. Answers how many.
pub async fn purge(app: &App, zone: Uuid) -> Result<usize> {
    let mut removed = 0;
    loop {
        let mut work = app.work(&Actor::rule(zone)).await?;
        let before = work.now.plus(-KEPT_MS);
        let old = store::left_over(&mut work, zone, before, BATCH).await?;
        if old.is_empty() {
            return Ok(removed);
        }
        for id in &old {
            store::forget(&mut work, zone, *id).await?;
            work.log("attachment.purge", Subject::new("attachment", *id), Change::default()).await?;
        }
        work.commit(zone).await?;
        removed += old.len();
    }
}
