use super::desk::{self, ACCESS_READERS, JobsAsked, LEDGER_READERS, QUEUE_KEEPERS, VERIFIERS};
use super::{Access as Read, AccessFilter, Entry, Filter, Job, JobState};
use crate::error::{Error, Result};
use crate::http::api::{Nothing, Page, Versioned, limit};
use crate::http::cx::Cx;
use crate::http::routes::{Access, Routes};
use crate::list::Order;
use crate::time::{Day, Time};
use crate::trace;
use crate::zone::Zone;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use vault::head::{SignedHead, TreeHead};

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(LEDGER_READERS);
    routes.api_get("/api/v1/ledger", readers, ledger).summary("Rows of the ledger, newest first");
    routes
        .api_get("/api/v1/ledger/head", Access::only(VERIFIERS), head)
        .summary("The last signed head of the ledger's tree");
    routes
        .api_under("/api/v1/ledger/{seq}/proof", readers, proof)
        .summary("Proof that a row is in the tree of the last head (RFC 6962)");
    routes
        .api_get("/api/v1/access-log", Access::only(ACCESS_READERS), accesses)
        .summary("Reads that left a trace: sign-ins, exports, bulk reads, views of masked fields; newest first");
    let keepers = Access::only(QUEUE_KEEPERS);
    routes.api_get("/api/v1/jobs", keepers, jobs).summary("The queue of jobs, those not done first");
    routes.api_act("/api/v1/jobs/{id}/retry", keepers, retry, show_job).summary("Let a job that failed run again now");
}

/// What the ledger is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `-at` (newest first) or `at`.
    sort: Option<String>,
    /// A part of the name of who made the change.
    q: Option<String>,
    /// Changes by this person.
    actor_id: Option<Uuid>,
    /// Changes of this kind, such as `appeal.dispatch`; `appeal.` for all of a job.
    action: Option<String>,
    /// Changes to records of this table.
    subject: Option<String>,
    /// Changes to this record.
    subject_id: Option<Uuid>,
    /// Changes on the timeline of this enterprise, carrier or project.
    about_id: Option<Uuid>,
    /// Changes of this day, in the zone's time.
    day: Option<Day>,
}

async fn ledger(cx: Cx, query: LedgerQuery) -> Result<Page<Entry>> {
    let limit = limit(query.limit)?;
    let day = bounds_here(&cx, query.day).await?;
    let filter = Filter {
        actor_id: query.actor_id,
        actor: query.q,
        action: query.action,
        subject: query.subject,
        subject_ids: query.subject_id.into_iter().collect(),
        about_id: query.about_id,
        from: day.map(|(from, _)| from),
        to: day.map(|(_, to)| to),
        order: Order::read(query.sort.as_deref(), "-at")?,
    };
    desk::list(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit).await
}

/// What the log of accesses is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AccessQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// Reads by this person.
    actor_id: Option<Uuid>,
    /// Reads by people whose name holds this.
    q: Option<String>,
    /// Reads of this kind.
    kind: Option<trace::Kind>,
    /// Reads of this table.
    subject: Option<String>,
    /// Reads of this record.
    subject_id: Option<Uuid>,
    /// Reads of this day, in the zone's time.
    day: Option<Day>,
}

async fn accesses(cx: Cx, query: AccessQuery) -> Result<Page<Read>> {
    let limit = limit(query.limit)?;
    let day = bounds_here(&cx, query.day).await?;
    let filter = AccessFilter {
        actor_id: query.actor_id,
        actor: query.q.filter(|q| !q.trim().is_empty()),
        kind: query.kind,
        subject: query.subject,
        subject_id: query.subject_id,
        from: day.map(|(from, _)| from),
        to: day.map(|(_, to)| to),
    };
    desk::accesses(&cx.app, &cx.who, &filter, query.cursor.as_deref(), limit).await
}

/// Beginning and end of a day that is asked for, in the zone's time.
async fn bounds_here(cx: &Cx, day: Option<Day>) -> Result<Option<(Time, Time)>> {
    let Some(day) = day else { return Ok(None) };
    let zone = Zone::get(&mut cx.read().await?, cx.who.zone_id).await?.time_zone();
    bounds(day, &zone).map(Some).ok_or_else(|| Error::field("day", "unreadable"))
}

/// Beginning and end of a day in a time zone.
pub fn bounds(day: Day, zone: &TimeZone) -> Option<(Time, Time)> {
    Some((day.start(zone), Day(day.0.tomorrow().ok()?).start(zone)))
}

/// A signed head of the ledger's tree.
#[derive(Serialize, JsonSchema)]
pub struct Head {
    /// The zone.
    zone: String,
    /// Rows under it.
    size: u64,
    /// The root of the tree, in hex.
    root: String,
    /// When it was signed.
    at: Time,
    /// The key that signed it.
    key_id: String,
    /// The signature, in hex.
    signature: String,
    /// The same as text: keep it outside, and give it to `buting verify --head`.
    text: String,
}

impl Head {
    fn of(head: &TreeHead, signed: &SignedHead) -> Self {
        Self {
            zone: head.zone.clone(),
            size: head.size,
            root: vault::hash::hex(&head.root),
            at: Time::from_ms(head.at_ms),
            key_id: signed.key_id.clone(),
            signature: vault::hash::hex(&signed.signature),
            text: head.to_text(signed),
        }
    }
}

async fn head(cx: Cx, _: crate::http::api::NoQuery) -> Result<Head> {
    let (head, signed) = desk::head(&cx.app, &cx.who).await?;
    Ok(Head::of(&head, &signed))
}

/// A row exactly as it was hashed.
#[derive(Serialize, JsonSchema)]
struct ProvedRow {
    zone_id: Uuid,
    id: Uuid,
    /// UTC milliseconds.
    at: i64,
    actor_id: Option<Uuid>,
    behalf_of: Option<Uuid>,
    via: String,
    action: String,
    subject: String,
    subject_id: Uuid,
    about_id: Option<Uuid>,
    /// The text that was hashed; personal values are sealed in it.
    before: Option<String>,
    /// The text that was hashed; personal values are sealed in it.
    after: Option<String>,
    note: Option<String>,
}

/// Proof that a row is in the tree of a signed head.
#[derive(Serialize, JsonSchema)]
struct Proved {
    /// The row's place, from 0.
    seq: i64,
    /// The row.
    row: ProvedRow,
    /// The hash of the leaf made from it, in hex.
    leaf: String,
    /// The hashes beside the way from leaf to root, in hex.
    path: Vec<String>,
    /// The head that the path leads to.
    head: Head,
}

async fn proof(cx: Cx, path: HashMap<String, String>, _: crate::http::api::NoQuery) -> Result<Proved> {
    let seq: i64 = path.get("seq").and_then(|seq| seq.parse().ok()).filter(|seq| *seq >= 0).ok_or(Error::NotFound)?;
    let proof = desk::proof(&cx.app, &cx.who, seq).await?;
    let row = proof.row;
    Ok(Proved {
        seq,
        leaf: vault::hash::hex(&proof.leaf),
        path: proof.path.iter().map(|hash| vault::hash::hex(hash)).collect(),
        head: Head::of(&proof.head, &proof.signed),
        row: ProvedRow {
            zone_id: row.zone_id,
            id: row.id,
            at: row.at,
            actor_id: row.actor_id,
            behalf_of: row.behalf_of,
            via: row.via,
            action: row.action,
            subject: row.subject,
            subject_id: row.subject_id,
            about_id: row.about_id,
            before: row.before,
            after: row.after,
            note: row.note,
        },
    })
}

/// What the queue is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JobQuery {
    limit: Option<i64>,
    cursor: Option<String>,
    /// `-open` (those not done first), `run`, `kind`, `attempts`; with `-` the greatest first.
    sort: Option<String>,
    /// A part of the kind or of the error.
    q: Option<String>,
    /// Jobs that stand so.
    state: Option<JobState>,
}

async fn jobs(cx: Cx, query: JobQuery) -> Result<Page<Job>> {
    let asked = JobsAsked { state: query.state, q: query.q, sort: query.sort, cursor: query.cursor };
    desk::jobs(&cx.app, &cx.who, &asked, limit(query.limit)?).await
}

async fn retry(cx: Cx, id: Uuid, _: Nothing) -> Result<Uuid> {
    desk::retry(&cx.app, &cx.who, id).await
}

async fn show_job(cx: Cx, id: Uuid) -> Result<Job> {
    desk::job(&cx.app, &cx.who, id).await
}

impl Versioned for Job {
    /// A job has no versions; how often it was tried tells its states apart.
    fn version(&self) -> i64 {
        self.attempts
    }
}
