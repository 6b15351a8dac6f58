//! What can be done with the ledger and the queue: read, verify, retry.

use super::reading::{Names, Shown, ids_in, opened, sealed_in, shown};
use super::record::Record;
use super::{Access, AccessFilter, Entry, Filter, Job, JobState, KeptFault, Verification, store};
use crate::actor::{ADMINS, Actor, OFFICE, Role, Roles};
use crate::app::{App, Change, Subject};
use crate::assignment::reach;
use crate::error::{Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::http::page::Shell;
use crate::list::{self, Walk};
use crate::organisation::mask_email;
use crate::time::DAY_MS;
use crate::todo::ToDo;
use crate::trace::{self, Trace};
use crate::zone::Zone;
use ::store::Tx;
use almanac::Light;
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use uuid::Uuid;
use vault::head::{SignedHead, TreeHead};

/// Who reads the whole ledger.
pub const LEDGER_READERS: Roles = Roles::of(&[Role::Auditor, Role::Oversight]);
/// Who reads the history of records, each of those that he may open.
pub const HISTORY_READERS: Roles = OFFICE.and(ADMINS);
/// Who reads the log of accesses.
pub const ACCESS_READERS: Roles = Roles::of(&[Role::Auditor, Role::Secadmin]);
/// Who has the whole ledger checked.
pub const VERIFIERS: Roles = Roles::of(&[Role::Auditor, Role::Oversight, Role::Sysadmin]);
/// Who looks after the queue.
pub const QUEUE_KEEPERS: Roles = Roles::of(&[Role::Sysadmin]);
/// The longest text with heads kept outside.
const MAX_HEADS: usize = 200_000;
/// After so many days without a check of the whole ledger its keeper is told.
const VERIFY_DAYS: i64 = 7;

// Reading

/// Rows of the ledger, newest first. Personal values stay closed.
pub async fn list(app: &App, who: &Actor, filter: &Filter, cursor: Option<&str>, limit: i64) -> Result<Page<Entry>> {
    who.must(LEDGER_READERS)?;
    let after = list::read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let mut entries = store::entries(&mut tx, who.zone_id, filter, after, limit + 1).await?;
    let next = list::cut(&mut entries, limit, |last| Some((last.at, last.id)));
    entries.iter_mut().for_each(close);
    let counted = store::count_entries(&mut tx, who.zone_id, filter, TOTAL_CAP).await?;
    Ok(Page::new(entries, next, counted))
}

/// Replaces every sealed value by a mark.
fn close(entry: &mut Entry) {
    let mark = |_: &Json| json!({"sealed": true});
    entry.before = opened(&entry.before, &mark);
    entry.after = opened(&entry.after, &mark);
}

/// One row, its personal values opened for those of the office who reach what it
/// is about, and for the person himself. That they were opened is noted.
pub async fn entry(app: &App, who: &Actor, address: IpAddr, id: Uuid) -> Result<Entry> {
    who.must(LEDGER_READERS)?;
    let mut tx = app.read().await?;
    let mut entry = store::entry(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let read = open(&mut tx, who, std::slice::from_mut(&mut entry), false).await?;
    if read > 0 {
        drop(tx);
        let opened = Trace { kind: trace::Kind::LedgerOpen, table: "ledger", id: Some(id), count: Some(read) };
        trace::note(app, who, address, opened).await?;
    }
    Ok(entry)
}

/// Reads that left a trace, newest first.
pub async fn accesses(
    app: &App,
    who: &Actor,
    filter: &AccessFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Access>> {
    who.must(ACCESS_READERS)?;
    let after = list::read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let mut zones = vec![who.zone_id];
    // Who guesses at names that nobody has belongs to no zone; a zone that is alone looks after that too.
    if Zone::only(&mut tx).await?.is_some() {
        zones.push(Uuid::nil());
    }
    let mut accesses = store::accesses(&mut tx, &zones, filter, after, limit + 1).await?;
    let next = list::cut(&mut accesses, limit, |access| Some((access.at, access.id)));
    let counted = store::count_accesses(&mut tx, &zones, filter, TOTAL_CAP).await?;
    Ok(Page::new(accesses, next, counted))
}

/// Opens what the actor may read of the sealed values, with the numbers of
/// others masked where that is asked for; answers how many.
async fn open(tx: &mut Tx, who: &Actor, entries: &mut [Entry], mask: bool) -> Result<usize> {
    let mut known: HashMap<String, Json> = HashMap::new();
    let mut reached: HashMap<Uuid, bool> = HashMap::new();
    let mut count = 0;
    for entry in entries.iter_mut() {
        let mut sealed = Vec::new();
        sealed_in(&entry.before, &mut sealed);
        sealed_in(&entry.after, &mut sealed);
        let in_reach = match entry.about_id {
            _ if !who.is(OFFICE) => false,
            None => true,
            Some(about) => match reached.get(&about) {
                Some(known) => *known,
                None => {
                    let reaches = reach::reaches(tx, who, about).await?;
                    reached.insert(about, reaches);
                    reaches
                }
            },
        };
        for value in &sealed {
            let owner = value["owner"].as_str().and_then(|id| Uuid::parse_str(id).ok());
            let own = owner.is_some() && owner == who.person_id;
            let key = value["sealed"].as_str().unwrap_or_default().to_owned();
            if known.contains_key(&key) {
                continue;
            }
            let plain = if in_reach || own {
                match tx.open(who.zone_id, value).await? {
                    Some(text) => {
                        count += 1;
                        Json::String(if mask && !own { masked(text) } else { text })
                    }
                    None => json!({"erased": true}),
                }
            } else {
                json!({"sealed": true})
            };
            known.insert(key, plain);
        }
        let of = |value: &Json| {
            let key = value["sealed"].as_str().unwrap_or_default();
            known.get(key).cloned().unwrap_or_else(|| json!({"sealed": true}))
        };
        entry.before = opened(&entry.before, &of);
        entry.after = opened(&entry.after, &of);
    }
    Ok(count)
}

/// A personal value as a record's page shows it: telephone and e-mail masked, a
/// name as it is.
fn masked(text: String) -> String {
    match identifiers::phone::parse(&text) {
        Ok(_) => identifiers::phone::mask(&text),
        Err(_) if text.contains('@') => mask_email(&text),
        Err(_) => text,
    }
}

/// Rows in words, with the names that their ids stand for.
pub async fn in_words(tx: &mut Tx, zone: Uuid, s: &Shell, entries: &[Entry]) -> Result<Vec<Shown>> {
    let mut ids = BTreeSet::new();
    for entry in entries {
        ids_in(&entry.before, &mut ids);
        ids_in(&entry.after, &mut ids);
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let names: Names = if ids.is_empty() { Names::new() } else { store::names(tx, zone, &ids).await? };
    Ok(entries.iter().map(|entry| shown(s, entry, &names)).collect())
}

/// The changes of one record in words, newest first.
pub struct History {
    /// What kind of record it is.
    pub record: Record,
    /// The record's title.
    pub title: String,
    /// The record's page.
    pub href: String,
    /// The changes.
    pub page: Page<Shown>,
}

/// The changes of one record, newest first: for those of the committee who may
/// open the record, since the ledger holds what is internal. Numbers are masked
/// as on the record's own page.
pub async fn history(
    app: &App,
    who: &Actor,
    s: &Shell,
    (record, id): (Record, Uuid),
    cursor: Option<&str>,
    limit: i64,
) -> Result<History> {
    who.must(HISTORY_READERS)?;
    let after = list::read_cursor(cursor)?;
    let of = record.open(app, who, s, id).await?;
    let filter = Filter { subject: of.table.map(str::to_owned), subject_ids: of.ids, ..Filter::default() };
    let mut tx = app.read().await?;
    let mut entries = store::entries(&mut tx, who.zone_id, &filter, after, limit + 1).await?;
    let next = list::cut(&mut entries, limit, |entry| Some((entry.at, entry.id)));
    open(&mut tx, who, &mut entries, true).await?;
    let rows = in_words(&mut tx, who.zone_id, s, &entries).await?;
    let counted = store::count_entries(&mut tx, who.zone_id, &filter, TOTAL_CAP).await?;
    Ok(History { record, title: of.title, href: of.href, page: Page::new(rows, next, counted) })
}

/// The last signed head of the zone, and its text to keep outside.
pub async fn head(app: &App, who: &Actor) -> Result<(TreeHead, SignedHead)> {
    who.must(VERIFIERS)?;
    app.db.ledger_head(who.zone_id).await?.ok_or(Error::NotFound)
}

/// Proves that the row at a place is in the tree of the last head.
pub async fn proof(app: &App, who: &Actor, seq: i64) -> Result<::store::Proof> {
    who.must(LEDGER_READERS)?;
    app.db.ledger_proof(who.zone_id, seq).await?.ok_or(Error::NotFound)
}

// Checking the whole

/// Asks for a check of the whole ledger, also against heads that were kept
/// outside. It runs as a job.
pub async fn ask_verification(app: &App, who: &Actor, outside: &str) -> Result<Uuid> {
    who.must(VERIFIERS)?;
    let outside = outside.trim();
    if outside.len() > MAX_HEADS {
        return Err(Error::Invalid(vec![FieldError::new("outside", "too_long").with("max", MAX_HEADS)]));
    }
    if !outside.is_empty() && TreeHead::from_text(outside).is_none_or(|heads| heads.is_empty()) {
        return Err(Error::field("outside", "ledger_head"));
    }
    let mut work = app.work(who).await?;
    let (zone, now, id) = (work.zone(), work.now, Uuid::now_v7());
    let to_check = store::count_ledger(&mut work, zone).await?;
    store::insert_verification(&mut work, zone, id, who.person_id, now, outside, to_check).await?;
    work.enqueue(zone, "ledger.verify", &json!({"id": id}), now.ms(), None).await?;
    let made = json!({"outside": !outside.is_empty()});
    work.log("ledger.verify", Subject::new("verification", id), Change::made(made)).await?;
    work.commit(id).await
}

/// Carries out a check that was asked for.
pub async fn run_verification(app: &App, zone: Uuid, args: &Json) -> Result<()> {
    let id = args["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let id = id.ok_or_else(|| Error::Internal("a check of the ledger has no id".into()))?;
    let mut tx = app.db.write().await?;
    let outside = store::begin_verification(&mut tx, zone, id, app.now()).await?;
    tx.commit().await?;
    // A job that comes back after its work was done has nothing left to do.
    let Some(outside) = outside else { return Ok(()) };
    let outside = if outside.is_empty() { Vec::new() } else { TreeHead::from_text(&outside).unwrap_or_default() };
    let report = app.db.verify(&outside).await?;
    // The check covers every zone of the installation; this zone is told its own.
    let faults: Vec<KeptFault> = report
        .faults
        .iter()
        .filter(|fault| fault.zone_id == zone || fault.kind == "outside_head")
        .map(|fault| KeptFault { kind: fault.kind.to_owned(), seq: fault.seq, id: fault.id })
        .collect();
    let faults = serde_json::to_value(faults).map_err(|e| Error::Internal(e.to_string()))?;
    let mut tx = app.db.write().await?;
    let unsealed = store::count_unsealed(&mut tx, zone).await?;
    let checked = store::count_ledger(&mut tx, zone).await?;
    let heads = store::count_heads(&mut tx, zone).await?;
    store::end_verification(&mut tx, zone, id, app.now(), (checked, unsealed, heads), &faults).await?;
    tx.commit().await?;
    Ok(())
}

/// The nightly check.
pub async fn verify_by_rule(app: &App, zone: Uuid) -> Result<()> {
    let id = Uuid::now_v7();
    let mut tx = app.db.write().await?;
    let to_check = store::count_ledger(&mut tx, zone).await?;
    store::insert_verification(&mut tx, zone, id, None, app.now(), "", to_check).await?;
    tx.commit().await?;
    run_verification(app, zone, &json!({"id": id})).await
}

/// The last checks, newest first.
pub async fn verifications(tx: &mut Tx, who: &Actor) -> Result<Vec<Verification>> {
    who.must(VERIFIERS)?;
    Ok(store::verifications(tx, who.zone_id, 20).await?)
}

// The queue

/// What the queue is asked for.
#[derive(Clone, Debug, Default)]
pub struct JobsAsked {
    /// Jobs that stand so.
    pub state: Option<JobState>,
    /// A part of the kind or of the error.
    pub q: Option<String>,
    /// `-open` when nothing is said: those not done first. Else `run`, `kind`, `attempts`.
    pub sort: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of the zone's jobs.
pub async fn jobs(app: &App, who: &Actor, asked: &JobsAsked, limit: i64) -> Result<Page<Job>> {
    who.must(QUEUE_KEEPERS)?;
    let walk = Walk::read(store::JOB_KEYS, "-open", asked.sort.as_deref(), asked.cursor.as_deref(), limit)?;
    let (mut tx, now) = (app.read().await?, app.now());
    let wanted = (asked.state, asked.q.as_deref());
    let (jobs, next) = store::jobs(&mut tx, who.zone_id, wanted, now, &walk).await?;
    let counted = store::count_jobs(&mut tx, who.zone_id, wanted, now, TOTAL_CAP).await?;
    Ok(Page::new(jobs, next, counted))
}

/// One job.
pub async fn job(app: &App, who: &Actor, id: Uuid) -> Result<Job> {
    who.must(QUEUE_KEEPERS)?;
    store::job(&mut app.read().await?, who.zone_id, id, app.now()).await?.ok_or(Error::NotFound)
}

/// Lets a job that failed run again at once.
pub async fn retry(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(QUEUE_KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let job = store::job(&mut work, zone, id, now).await?.ok_or(Error::NotFound)?;
    if !store::retry_job(&mut work, zone, id, now).await? {
        return Err(Error::state("job_not_failed"));
    }
    let change = Change::from_to(json!({"attempts": job.attempts, "error": job.error}), json!({"kind": job.kind}));
    work.log("job.retry", Subject::new("job", id), change).await?;
    work.commit(id).await
}

/// What waits for those who keep ledger and queue.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let (mut tx, now) = (app.read().await?, app.now());
    let mut items = Vec::new();
    let item = |action, title: String, href: &str, light| ToDo {
        action,
        title,
        about: None,
        href: href.to_owned(),
        due_at: None,
        light,
    };
    if who.roles.meets(QUEUE_KEEPERS) {
        let failed = store::count_jobs(&mut tx, who.zone_id, (Some(JobState::Failed), None), now, TOTAL_CAP).await?;
        let retrying =
            store::count_jobs(&mut tx, who.zone_id, (Some(JobState::Retrying), None), now, TOTAL_CAP).await?;
        if failed > 0 {
            items.push(item("todo-job-failed", failed.to_string(), "/admin/jobs?state=failed", Light::Overdue));
        }
        if retrying > 0 {
            items.push(item("todo-job-retrying", retrying.to_string(), "/admin/jobs?state=retrying", Light::Near));
        }
    }
    if who.roles.meets(Roles::of(&[Role::Auditor])) {
        let last = store::verifications(&mut tx, who.zone_id, 1).await?.into_iter().next();
        let title = last.as_ref().map_or_else(|| "—".to_owned(), |last| last.asked_at.to_string()[..10].to_owned());
        match last {
            Some(last) if last.state() == "broken" => {
                items.push(item("todo-ledger-broken", title, "/admin/verify", Light::Overdue));
            }
            Some(last) if now.ms() - last.asked_at.ms() < VERIFY_DAYS * DAY_MS => {}
            _ => items.push(item("todo-ledger-verify", title, "/admin/verify", Light::Near)),
        }
    }
    Ok(items)
}
