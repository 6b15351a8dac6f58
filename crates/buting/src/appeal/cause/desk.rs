//! What can be done with common causes. Each function is one transaction; what is
//! done to an appeal on the way goes by the appeal's own step, so that its guards,
//! clocks and ledger hold as if it were alone.

use super::super::act::Act as AppealAct;
use super::super::step::{self, Step};
use super::super::{Hat, Status as AppealStatus, store as appeals};
use super::store::{self, Filter};
use super::{
    Act, Answer, Cause, Cluster, Cry, MOST, Member, NewCause, Note, Status, WITHIN_DAYS, can_answer, can_join,
    can_tell, clusters,
};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{self, Page, TOTAL_CAP};
use crate::list::Walk;
use crate::time::DAY_MS;
use crate::zone::Zone;
use ::store::{Sql, Tx};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who sees common causes.
pub const READERS: Roles = OFFICE;
/// Who opens them, says what belongs to them, checks their answers and closes them.
pub const KEEPERS: Roles = Roles::of(&[Role::Dispatcher]);
/// Who coordinates them: the department that they are given to.
pub const WORKERS: Roles = Roles::of(&[Role::Officer, Role::Specialist]);
/// Who does anything with them.
pub const ACTORS: Roles = KEEPERS.and(WORKERS);

/// Open appeals that are looked at for proposals, the newest first.
const LOOKED_AT: i64 = 1000;

/// Appeals that are offered to be taken in.
const OFFERED: i64 = 50;

/// What a list of causes is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CausesQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `opened`, `appeals`; with `-` the greatest first.
    pub sort: Option<String>,
    /// `false`: those at work; `true`: those closed; all when absent.
    pub closed: Option<bool>,
    /// Of this department.
    pub department_id: Option<Uuid>,
    /// With this word in number, title, text or answer.
    pub q: Option<String>,
}

/// A cause with what belongs to it.
pub struct Record {
    /// The cause.
    pub cause: Cause,
    /// Its appeals, as far as the reader may see them.
    pub members: Vec<Member>,
    /// How many the reader may not see.
    pub hidden: i64,
    /// What was written down on the way, oldest first.
    pub notes: Vec<Note>,
}

/// Which causes somebody may know of: who reaches the whole zone, all; others those of
/// their departments, and those with an appeal that they may see.
fn known(who: &Actor) -> Sql {
    match who.scope {
        Scope::All => Sql::from(""),
        _ => store::known(appeals::departments_of(who), appeals::visible(who)),
    }
}

/// Causes, those opened last first.
pub async fn list(app: &App, who: &Actor, query: &CausesQuery) -> Result<Page<Cause>> {
    who.must(READERS)?;
    let limit = api::limit(query.limit)?;
    let walk = Walk::read(store::KEYS, "-opened", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let (closed, department) = (query.closed, query.department_id);
    let filter = Filter { closed, department, q: query.q.as_deref(), known: known(who) };
    let mut tx = app.read().await?;
    let (items, next) = store::list(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::total(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// One cause.
pub async fn cause(app: &App, who: &Actor, id: Uuid) -> Result<Record> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let cause = store::cause(&mut tx, who.zone_id, id, known(who)).await?.ok_or(Error::NotFound)?;
    let members = store::members(&mut tx, who.zone_id, id, appeals::visible(who)).await?;
    let hidden = cause.appeals - members.len() as i64;
    let notes = store::notes(&mut tx, who.zone_id, id).await?;
    Ok(Record { cause, members, hidden, notes })
}

/// The cause that an appeal belongs to: key, number, title, status, and how many
/// enterprises and projects share it. The appeal's own desk has checked who asks.
pub async fn of_appeal(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Option<(Uuid, String, String, Status, i64)>> {
    Ok(store::of_appeal(tx, zone, appeal).await?)
}

/// The appeal is worked on again: the common answer has not solved it.
pub async fn came_back(work: &mut Work, appeal: Uuid) -> Result<()> {
    let zone = work.zone();
    Ok(store::reached(work, zone, appeal, None).await?)
}

/// The answer of the cause that an appeal belongs to, for a department that leads
/// the appeal alone and may take it over.
pub async fn answer_for(tx: &mut Tx, zone: Uuid, appeal: Uuid) -> Result<Option<Answer>> {
    Ok(store::answer_for(tx, zone, appeal).await?)
}

/// Appeals that may have one cause, as far as the reader may see them, with what was
/// looked at.
pub async fn proposals(app: &App, who: &Actor) -> Result<(Vec<Cry>, Vec<Cluster>)> {
    who.must(KEEPERS)?;
    let mut tx = app.read().await?;
    // An appeal that came a little before may still belong to one of today.
    let mut condition = appeals::visible(who);
    condition.push(" AND a.created_at >= ").arg(app.now().plus(-3 * WITHIN_DAYS * DAY_MS));
    let cries = store::cries(&mut tx, who.zone_id, condition, LOOKED_AT).await?;
    drop(tx);
    tokio::task::spawn_blocking(move || {
        let found = clusters(&cries);
        (cries, found)
    })
    .await
    .map_err(|e| Error::Internal(e.to_string()))
}

/// Appeals that can be taken into a cause: those chosen, then others of their category,
/// the newest first.
pub async fn candidates(tx: &mut Tx, who: &Actor, chosen: &[Uuid], category: Option<&str>) -> Result<Vec<Cry>> {
    who.must(KEEPERS)?;
    let mut all = Vec::new();
    if !chosen.is_empty() {
        let mut condition = appeals::visible(who);
        condition.push(" AND a.id IN ").list(chosen.iter().copied().take(MOST));
        all = store::cries(tx, who.zone_id, condition, MOST as i64).await?;
    }
    let Some(category) = category.or(all.first().map(|cry| cry.category.as_str())).map(str::to_owned) else {
        return Ok(all);
    };
    let mut condition = appeals::visible(who);
    condition.push(" AND a.category = ").arg(category);
    let others = store::cries(tx, who.zone_id, condition, OFFERED).await?;
    let others: Vec<Cry> = others.into_iter().filter(|cry| !all.iter().any(|known| known.id == cry.id)).collect();
    all.extend(others);
    Ok(all)
}

/// Opens a common cause of these appeals.
pub async fn open(app: &App, who: &Actor, new: NewCause) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::cause(&mut work, zone, id, Sql::from("")).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let title = check.text("title", &new.title, 100);
    let body = check.opt_text("body", Some(&new.body), step::LONG).unwrap_or_default();
    let categories = appeals::categories(&mut work, zone).await?;
    let category = categories.iter().find(|c| c.key == new.category && !c.retired);
    check.that(category.is_some(), "category", "unknown");
    let routed = category.and_then(|c| c.lead_department_id);
    let department = new.department_id.or(routed);
    check.that(department.is_some(), "department_id", "required");
    check.that(!new.appeals.is_empty(), "appeals", "required");
    check.done()?;
    let department_id = department.unwrap_or_default();
    let own = own_department(&mut work, department_id).await?;
    let of_zone = Zone::get(&mut work, zone).await?;
    let cause = Cause {
        id,
        number: work.next_number("GX", &of_zone.day(work.now).compact()).await?,
        title,
        body,
        category: new.category,
        department_id,
        department: own,
        status: Status::Open,
        opened_at: work.now,
        answer: None,
        answered_at: None,
        closed_at: None,
        lesson: None,
        appeals: 0,
        open_appeals: 0,
        version: 1,
        answered_by: None,
    };
    let by = who.person_id;
    store::insert(&mut work, zone, &cause, by).await?;
    let n = join(&mut work, &cause, new.appeals).await?;
    let made = json!({
        "number": cause.number, "title": cause.title, "category": cause.category, "department": cause.department,
    });
    work.log("cause.open", Subject::new("cause", id), Change::made(made)).await?;
    tell_department(&mut work, &cause, "cause.opened", json!({"n": n})).await?;
    work.commit(id).await
}

/// The short name of a department of the committee that is there today.
async fn own_department(work: &mut Work, id: Uuid) -> Result<String> {
    let zone = work.zone();
    let all = crate::organisation::desk::departments(work, zone).await?;
    match all.into_iter().find(|d| d.id == id && d.valid_to.is_none()) {
        Some(own) if own.kind.is_own() => Ok(own.short_name),
        Some(_) => Err(Error::field("department_id", "not_own")),
        None => Err(Error::field("department_id", "unknown")),
    }
}

/// Carries out an action. What it does to appeals, it does to those that stand where
/// it can be done; it fails when there is none.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: Act) -> Result<Uuid> {
    who.must(ACTORS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    if !store::hold(&mut work, zone, id).await? {
        return Err(Error::NotFound);
    }
    let mut cause = store::cause(&mut work, zone, id, known(who)).await?.ok_or(Error::NotFound)?;
    who.saw(cause.version)?;
    // The appeals that are moved were seen with the cause, not one by one.
    work.who.seen_version = None;
    if cause.status == Status::Closed {
        return Err(Error::state("cause_closed"));
    }
    let (keeps, coordinates) = (who.is(KEEPERS), coordinates(who, &cause));
    let may = match &act {
        Act::Join { .. } | Act::Leave { .. } | Act::Pass { .. } | Act::Review { .. } | Act::Close { .. } => keeps,
        Act::Note { tell, .. } => coordinates || keeps && !*tell,
        Act::Answer(_) | Act::Repeat {} => coordinates,
    };
    if !may {
        return Err(Error::Forbidden);
    }
    match act {
        Act::Join { appeals } => {
            let n = join(&mut work, &cause, appeals).await?;
            tell_department(&mut work, &cause, "cause.joined", json!({"n": n})).await?;
        }
        Act::Leave { appeal_id, reason } => leave(&mut work, &cause, appeal_id, &reason).await?,
        Act::Pass { .. } if cause.status != Status::Open => return Err(Error::state("cause_pass_answered")),
        Act::Pass { department_id, reason } => pass(&mut work, &mut cause, department_id, &reason).await?,
        Act::Note { text, tell } => note(&mut work, &cause, &text, tell).await?,
        Act::Answer(_) if cause.status != Status::Open => return Err(Error::state("cause_answered")),
        Act::Answer(answer) => {
            cause.answer = Some(answer);
            cause.answered_by = who.person_id;
            cause.answered_at = Some(work.now);
            give(&mut work, &mut cause).await?
        }
        Act::Repeat {} => {
            if cause.status != Status::Answered {
                return Err(Error::state("cause_no_answer"));
            }
            give(&mut work, &mut cause).await?
        }
        Act::Review { ok, reason } => review(&mut work, &mut cause, ok, reason).await?,
        Act::Close { lesson } => close(&mut work, &mut cause, lesson).await?,
    }
    if !store::save(&mut work, zone, &cause).await? {
        return Err(Error::Conflict(Conflict::Stale(cause.version)));
    }
    work.commit(id).await
}

/// Whether somebody is of the department that coordinates a cause.
fn coordinates(who: &Actor, cause: &Cause) -> bool {
    who.is(WORKERS) && appeals::departments_of(who).contains(&cause.department_id)
}

/// Whether the common answer can reach an appeal and has not.
fn lacks_answer(cause: &Cause, member: &Member) -> bool {
    member.reached_at.is_none() && member.lead_department_id == Some(cause.department_id) && can_answer(member.status)
}

/// Whether the common answer to an appeal is to be checked.
fn waits_for_review(member: &Member) -> bool {
    member.status == AppealStatus::Answered && member.reached_at.is_some()
}

// ---- the actions ----------------------------------------------------------------

/// Takes appeals in: open ones that are no complaint and belong to no other cause.
/// What is not dispatched yet goes to the department of the cause. Answers how many.
async fn join(work: &mut Work, cause: &Cause, mut ids: Vec<Uuid>) -> Result<usize> {
    let (zone, now, who) = (work.zone(), work.now, work.who.clone());
    // Held in the order of their keys, as two posts that gather the same ones do.
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || usize::try_from(cause.appeals).unwrap_or_default() + ids.len() > MOST {
        return Err(Error::field("appeals", if ids.is_empty() { "required" } else { "too_many" }));
    }
    let mut numbers = Vec::with_capacity(ids.len());
    for id in ids {
        let seen = match step::see(work, &who, id, true).await {
            Err(Error::NotFound) => return Err(Error::field("appeals", "unknown")),
            seen => seen?,
        };
        let appeal = seen.appeal;
        if !seen.hats.has(Hat::Desk) {
            return Err(Error::Forbidden);
        }
        // A complaint is heard alone: gathered with others its words would be read where they must not.
        if appeal.accused_department_id.is_some() {
            return Err(Error::state("cause_complaint"));
        }
        if !can_join(appeal.status) {
            return Err(Error::state("cause_not_open"));
        }
        match store::of_appeal(work, zone, id).await? {
            None => {}
            // It was opened again after that one was done.
            Some((other, _, _, Status::Closed, _)) => drop(store::leave(work, zone, other, id, now).await?),
            Some((other, ..)) if other == cause.id => return Err(Error::state("cause_has_it")),
            Some(_) => return Err(Error::state("cause_other")),
        }
        store::join(work, zone, cause.id, id, now).await?;
        let made = json!({"cause": cause.number, "title": cause.title});
        work.log("appeal.join_cause", step::subject_of(&appeal), Change::made(made)).await?;
        if appeal.status == AppealStatus::Registered {
            let act = AppealAct::Dispatch {
                department_id: Some(cause.department_id),
                assist: Vec::new(),
                instruction: Some(format!("{} {}", cause.number, cause.title)),
                grade: None,
            };
            take(work, id, [act]).await?;
        }
        numbers.push(appeal.number);
    }
    let made = json!({"appeals": numbers});
    work.log("cause.join", Subject::new("cause", cause.id), Change::made(made)).await?;
    Ok(numbers.len())
}

/// Gives the cause to another department, with the appeals that the one before leads and
/// is at work on; what waits for somebody else stays where it is and is answered there.
async fn pass(work: &mut Work, cause: &mut Cause, to: Uuid, reason: &str) -> Result<()> {
    let mut check = Check::new();
    let reason = check.text("reason", reason, 500);
    check.that(to != cause.department_id, "department_id", "same");
    check.done()?;
    let name = own_department(work, to).await?;
    let (from, from_id) = (std::mem::replace(&mut cause.department, name), cause.department_id);
    cause.department_id = to;
    let instruction = format!("{} {}", cause.number, cause.title);
    let mut passed = Vec::new();
    for member in members_of(work, cause, |member| member.lead_department_id == Some(from_id)).await? {
        if !matches!(member.status, AppealStatus::Dispatched | AppealStatus::Signed | AppealStatus::Working) {
            continue;
        }
        work.begin_part().await?;
        let done = async {
            let mut step = Step::of_many(work, member.id).await?;
            step.pass_on(to, &instruction, &reason).await?;
            step.finish().await
        };
        match done.await {
            Ok(_) => {
                work.keep_part().await?;
                passed.push(member.number);
            }
            // A department that must not hear of it, or what has moved on: it stays.
            Err(Error::Conflict(Conflict::State(_)) | Error::Forbidden | Error::NotFound) => work.drop_part().await?,
            Err(error) => return Err(error),
        }
    }
    let before = json!({"department": from});
    let after = json!({"department": cause.department, "appeals": passed});
    work.log("cause.pass", Subject::new("cause", cause.id), Change::from_to(before, after).because(reason)).await?;
    // Those whose work it was find it gone otherwise.
    tell(work, cause, from_id, "cause.taken", json!({"department": cause.department})).await?;
    tell_department(work, cause, "cause.passed", json!({})).await
}

async fn leave(work: &mut Work, cause: &Cause, id: Uuid, reason: &str) -> Result<()> {
    let (zone, now, who) = (work.zone(), work.now, work.who.clone());
    let mut check = Check::new();
    let reason = check.text("reason", reason, 500);
    check.done()?;
    let seen = step::see(work, &who, id, true).await?;
    if !store::leave(work, zone, cause.id, id, now).await? {
        return Err(Error::NotFound);
    }
    let change = Change::made(json!({"cause": cause.number})).because(reason.clone());
    work.log("appeal.leave_cause", step::subject_of(&seen.appeal), change).await?;
    let change = Change::made(json!({"appeals": [seen.appeal.number]})).because(reason);
    work.log("cause.leave", Subject::new("cause", cause.id), change).await
}

async fn note(work: &mut Work, cause: &Cause, text: &str, tell: bool) -> Result<()> {
    let (zone, who) = (work.zone(), work.who.clone());
    let mut check = Check::new();
    let text = check.text("text", text, step::LONG);
    check.done()?;
    let department = Some(cause.department_id);
    let mut note = Note { id: Uuid::now_v7(), text, told: 0, author: who.name.clone(), at: work.now };
    if tell {
        let own = |member: &Member| member.lead_department_id == department && can_tell(member.status);
        let reply = || AppealAct::Reply { text: note.text.clone(), work_order_id: None };
        note.told = each(work, cause, own, |_| vec![reply()]).await?.done.len() as i64;
    }
    store::insert_note(work, zone, cause.id, &note, who.person_id).await?;
    let made = json!({"note_id": note.id, "told": note.told});
    work.log("cause.note", Subject::new("cause", cause.id), Change::made(made)).await
}

/// Gives the answer to every appeal that the department of the cause leads and that
/// it has not reached.
async fn give(work: &mut Work, cause: &mut Cause) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let answer = cause.answer.clone().unwrap_or_default();
    let lacks = |member: &Member| lacks_answer(cause, member);
    let reached = each(work, cause, lacks, |member| {
        let sign = AppealAct::Sign { work_order_id: None };
        let signs = (member.status == AppealStatus::Dispatched).then_some(sign);
        signs.into_iter().chain([answer.act()]).collect()
    })
    .await?;
    reached.some()?;
    for member in &reached.done {
        store::reached(work, zone, member.id, Some(now)).await?;
    }
    cause.status = Status::Answered;
    let made = json!({"result": answer.result, "appeals": reached.done.len()});
    work.log("cause.answer", Subject::new("cause", cause.id), Change::made(made)).await?;
    for person in appeals::with_role(work, zone, KEEPERS).await? {
        let args = json!({"number": cause.number, "title": cause.title});
        work.notify(person, "cause.answered", Subject::new("cause", cause.id), args).await?;
    }
    Ok(())
}

/// Tells those who lead an appeal of the cause elsewhere that there is an answer
/// which they may take over.
async fn offer_elsewhere(work: &mut Work, cause: &Cause) -> Result<()> {
    let zone = work.zone();
    let rule = Actor::rule(zone);
    for member in store::members(work, zone, cause.id, appeals::visible(&rule)).await? {
        let elsewhere = |lead: &Uuid| *lead != cause.department_id && can_join(member.status);
        let Some(lead) = member.lead_department_id.filter(elsewhere) else { continue };
        let appeal = step::see(work, &rule, member.id, false).await?.appeal;
        let people = match appeal.handler_id {
            Some(handler) => vec![handler],
            None => appeals::of_department(work, zone, lead).await?,
        };
        let args = json!({"number": appeal.number, "cause": cause.title});
        for person in people {
            work.notify(person, "cause.answer_there", step::subject_of(&appeal), args.clone()).await?;
        }
    }
    Ok(())
}

/// Checks the answer for every appeal that it reached and that waits for the check.
async fn review(work: &mut Work, cause: &mut Cause, ok: bool, reason: Option<String>) -> Result<()> {
    let mut check = Check::new();
    let reason = check.opt_text("reason", reason.as_deref(), 500);
    check.that(ok || reason.is_some(), "reason", "required");
    check.done()?;
    let said = reason.clone();
    let checked = each(work, cause, waits_for_review, |_| {
        vec![AppealAct::Review { ok, reason: said.clone(), work_order_id: None }]
    })
    .await?;
    checked.some()?;
    if ok {
        offer_elsewhere(work, cause).await?;
    } else {
        cause.status = Status::Open;
        tell_department(work, cause, "cause.sent_back", json!({})).await?;
    }
    let change = Change::made(json!({"ok": ok, "appeals": checked.done.len()})).because(reason.unwrap_or_default());
    work.log("cause.review", Subject::new("cause", cause.id), change).await
}

async fn close(work: &mut Work, cause: &mut Cause, lesson: Option<String>) -> Result<()> {
    let mut check = Check::new();
    cause.lesson = check.opt_text("lesson", lesson.as_deref(), step::LONG);
    check.done()?;
    if cause.open_appeals > 0 {
        return Err(Error::state("cause_open_appeals"));
    }
    cause.status = Status::Closed;
    cause.closed_at = Some(work.now);
    let change = Change::made(json!({"status": cause.status})).because(cause.lesson.clone().unwrap_or_default());
    work.log("cause.close", Subject::new("cause", cause.id), change).await
}

/// What came of doing something to several appeals.
#[derive(Default)]
struct Done {
    /// Those to whom it happened.
    done: Vec<Member>,
    /// Why it could not happen to the first of the others.
    why_not: Option<&'static str>,
}

impl Done {
    /// Refuses what happened to nobody.
    fn some(&self) -> Result<()> {
        match (self.done.is_empty(), self.why_not) {
            (false, _) => Ok(()),
            (true, why) => Err(Error::state(why.unwrap_or("cause_nobody"))),
        }
    }
}

/// The appeals of a cause that are meant, in the order in which they are held.
async fn members_of(work: &mut Work, cause: &Cause, meant: impl Fn(&Member) -> bool) -> Result<Vec<Member>> {
    let zone = work.zone();
    let mut members = store::members(work, zone, cause.id, appeals::visible(&Actor::rule(zone))).await?;
    members.retain(|member| meant(member));
    members.sort_by_key(|member| member.id);
    Ok(members)
}

/// Does something to each appeal of a cause that is meant: it happens to one as a
/// whole or not at all, and the others go on.
async fn each(
    work: &mut Work,
    cause: &Cause,
    meant: impl Fn(&Member) -> bool,
    what: impl Fn(&Member) -> Vec<AppealAct>,
) -> Result<Done> {
    let mut all = Done::default();
    for member in members_of(work, cause, meant).await? {
        work.begin_part().await?;
        match take(work, member.id, what(&member)).await {
            Ok(()) => {
                work.keep_part().await?;
                all.done.push(member);
            }
            Err(error) => {
                work.drop_part().await?;
                let why = match error {
                    Error::Conflict(Conflict::State(code)) => code,
                    Error::Forbidden | Error::NotFound => "cause_not_yours",
                    other => return Err(other),
                };
                all.why_not = all.why_not.or(Some(why));
            }
        }
    }
    Ok(all)
}

async fn take(work: &mut Work, id: Uuid, acts: impl IntoIterator<Item = AppealAct>) -> Result<()> {
    for act in acts {
        let mut step = Step::of_many(work, id).await?;
        step.take(act).await?;
        step.finish().await?;
    }
    Ok(())
}

/// Tells the department that coordinates, once for all of its appeals.
async fn tell_department(work: &mut Work, cause: &Cause, kind: &'static str, args: Json) -> Result<()> {
    tell(work, cause, cause.department_id, kind, args).await
}

async fn tell(work: &mut Work, cause: &Cause, department: Uuid, kind: &'static str, mut args: Json) -> Result<()> {
    let zone = work.zone();
    (args["number"], args["title"]) = (json!(cause.number), json!(cause.title));
    for person in appeals::of_department(work, zone, department).await? {
        work.notify(person, kind, Subject::new("cause", cause.id), args.clone()).await?;
    }
    Ok(())
}

/// What somebody can do with a cause now.
pub fn possible(who: &Actor, record: &Record) -> BTreeMap<&'static str, bool> {
    let cause = &record.cause;
    let at_work = cause.status != Status::Closed;
    let keeps = at_work && who.is(KEEPERS);
    let coordinates = at_work && coordinates(who, cause);
    BTreeMap::from([
        ("join", keeps),
        ("leave", keeps),
        ("pass", keeps && cause.status == Status::Open),
        ("note", keeps || coordinates),
        ("tell", coordinates),
        ("answer", coordinates && cause.status == Status::Open),
        (
            "repeat",
            coordinates
                && cause.status == Status::Answered
                && record.members.iter().any(|member| lacks_answer(cause, member)),
        ),
        ("review", keeps && record.members.iter().any(waits_for_review)),
        ("close", keeps && cause.open_appeals == 0),
    ])
}
