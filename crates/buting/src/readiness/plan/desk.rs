//! What can be done with plans.

use super::store::{self, New};
use super::template::{self, Asks};
use super::{
    CHECKERS, NewReadyGap, NewReadyPlan, Part, READERS, ReadyAct, ReadyAnswer, ReadyDrill, ReadyItem, ReadyItemKind,
    ReadyKind, ReadyMove, ReadyPlan, ReadyRecord, ReadyShow, ReadyStanding, ReadyState, drill_due, facts_hash,
    filing_due, gaps, is_told_in_time, may, nearness, parts, valid_until,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::{self, reach};
use crate::attachment::{self, Eyes, Owner, Purpose};
use crate::clock;
use crate::continuity::desk as continuity;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::{self, Walk};
use crate::settings;
use crate::subject::{self, SubjectKind};
use crate::task;
use crate::time::{Day, Time};
use crate::todo::{Line, ToDo};
use crate::trace::{self, Trace};
use crate::zone::Zone;
use ::store::Tx;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use uuid::Uuid;

/// The table, as the ledger and notices name it.
pub const TABLE: &str = "readiness_plan";
/// Longest text.
const LONG: usize = 2000;
/// Findings of a drill, at most.
const FINDINGS: usize = 20;
/// Days before its end that an approval is reminded of.
const NEAR_VALID: i64 = 30;
/// Days before a filing that it is reminded of.
const NEAR_FILING: i64 = 5;
/// Days before a drill that it is reminded of.
const NEAR_DRILL: i64 = 14;
/// Why a plan fell back, where it is no item: `ready-why-<word>`.
pub const BY_DRILL: &str = "drill";
/// The same, where a name or number of the register changed.
pub const BY_REGISTER: &str = "register";
/// Days that the task of a finding has.
const FINDING_DAYS: i64 = 30;

/// The template of a kind as it holds now, with its version; 0 is the shipped one.
pub async fn template_of(tx: &mut Tx, zone: Uuid, kind: ReadyKind) -> Result<(Vec<Asks>, i64)> {
    let Some(body) = settings::desk::current(tx, zone, template::POLICY, kind.word()).await? else {
        return Ok((template::shipped(kind), 0));
    };
    let version =
        settings::desk::versions(tx, zone, template::POLICY, kind.word()).await?.first().map_or(0, |v| v.version);
    let asks = serde_json::from_value(body).map_err(|e| Error::Internal(format!("a template of plans: {e}")))?;
    Ok((asks, version))
}

/// Sets the template of a kind from now on; plans that are there keep theirs.
pub async fn set_template(app: &App, who: &Actor, kind: ReadyKind, asks: Vec<Asks>) -> Result<Uuid> {
    who.must(settings::desk::KEEPERS)?;
    let mut check = Check::new();
    check.that(!asks.is_empty(), "items", "required");
    if asks.len() > template::MOST {
        check.add(FieldError::new("items", "too_many").with("max", template::MOST));
    }
    let mut keys = BTreeSet::new();
    for one in &asks {
        check.text("items", &one.title, template::LONG);
        check.that(!one.key.is_empty() && keys.insert(one.key.as_str()), "items", "ready_keys");
        check.that(one.least.is_none_or(|n| n > 0), "items", "unreadable");
    }
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let (_, version) = template_of(&mut work, zone, kind).await?;
    who.saw(version)?;
    let body = serde_json::to_value(&asks).map_err(|e| Error::Internal(e.to_string()))?;
    let now = work.now;
    settings::desk::put_from(&mut work, template::POLICY, kind.word(), &body, now).await?;
    let titles: Vec<&str> = asks.iter().map(|one| one.title.as_str()).collect();
    let change = Change::made(json!({"ready_kind": kind, "items": titles}));
    work.log("readiness.template", Subject::new("policy_data", zone), change).await?;
    work.commit(zone).await
}

fn about(p: &ReadyPlan) -> Subject {
    Subject::about(TABLE, p.id, p.subject_id)
}

fn told(p: &ReadyPlan) -> serde_json::Value {
    json!({"subject": p.subject_name, "plan": p.kind})
}

/// A plan within reach.
async fn seen(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<ReadyPlan> {
    who.must(READERS)?;
    let plan = store::plan(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if !reach::reaches(tx, who, plan.subject_id).await? {
        return Err(Error::NotFound);
    }
    Ok(plan)
}

/// Who wrote it: whoever answered an item, and who handed it in.
fn authors(plan: &ReadyPlan, items: &[ReadyItem]) -> Vec<Uuid> {
    items.iter().filter_map(|item| item.changed_by).chain(plan.submitted_by).collect()
}

/// Who of the office is told of a plan: the officer with his stand-in, or the leader.
async fn keepers(work: &mut Work, p: &ReadyPlan) -> Result<BTreeSet<Uuid>> {
    let (zone, now) = (work.zone(), work.now);
    let answerable = assignment::desk::as_of(work, zone, p.subject_kind, p.subject_id, now).await?;
    let there = |holder: &assignment::Holder| !holder.gone;
    let officers = answerable.officer.into_iter().chain(answerable.stand_in).filter(there);
    let mut people: BTreeSet<Uuid> = officers.filter_map(|holder| holder.person_id).collect();
    if people.is_empty() {
        people.extend(answerable.leader.filter(there).and_then(|holder| holder.person_id));
    }
    Ok(people)
}

async fn tell_office(work: &mut Work, p: &ReadyPlan, kind: &str) -> Result<()> {
    for person in keepers(work, p).await? {
        work.notify(person, kind, about(p), told(p)).await?;
    }
    Ok(())
}

async fn tell_subject(work: &mut Work, p: &ReadyPlan, kind: &str) -> Result<()> {
    let zone = work.zone();
    for person in subject::accounts(work, zone, p.subject_kind, p.subject_id).await? {
        work.notify(person, kind, about(p), told(p)).await?;
    }
    Ok(())
}

/// Begins a plan from the template that holds now. A subject has one of each kind; asked
/// again it is answered with the one that is there.
pub async fn begin(app: &App, who: &Actor, new: NewReadyPlan) -> Result<Uuid> {
    who.must(OUTSIDE.and(CHECKERS))?;
    let kind = new.kind.ok_or_else(|| Error::field("kind", "required"))?;
    let (subject_kind, subject_id) = match (new.enterprise_id, new.project_id, &who.scope) {
        (None, None, Scope::Enterprise(id)) => (SubjectKind::Enterprise, *id),
        (None, None, Scope::Project(id)) => (SubjectKind::Project, *id),
        (enterprise, project, _) => continuity::subject_of(enterprise, project)?,
    };
    let mut work = app.work(who).await?;
    let zone = work.zone();
    if !reach::reaches(&mut work, who, subject_id).await? {
        return Err(Error::NotFound);
    }
    let subject = subject::held_alone(&mut work, zone, subject_kind, subject_id).await?;
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if let Some(there) = store::of_subject(&mut work, zone, subject_id, kind).await? {
        return Err(if there.id == id || new.id.is_none() {
            Error::Replayed(there.id)
        } else {
            Error::state("ready_there")
        });
    }
    if store::plan(&mut work, zone, id).await?.is_some() {
        return Err(Error::Conflict(Conflict::Taken("id")));
    }
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(&mut work, zone, disruption).await?;
    }
    let (asks, template_version) = template_of(&mut work, zone, kind).await?;
    let row = New { id, kind, subject: (subject_kind, subject_id), disruption_id: new.disruption_id, template_version };
    store::insert(&mut work, &row, &asks).await?;
    let made = json!({"ready_kind": kind, "disruption_id": new.disruption_id});
    work.log("readiness.begin", Subject::about(TABLE, id, subject.id), Change::made(made)).await?;
    work.commit(id).await
}

/// Reads the answer to an item; what does not belong to its kind is left out.
fn checked(check: &mut Check, item: &ReadyItem, a: ReadyAnswer) -> ReadyAnswer {
    let at = |field: &str| format!("{field}_{}", item.key);
    let mut out = ReadyAnswer { key: a.key, ..ReadyAnswer::default() };
    match item.kind {
        ReadyItemKind::Person if a.person_id.is_some() => out.person_id = a.person_id,
        ReadyItemKind::Person => {
            out.name = check.opt_text(&at("name"), a.name.as_deref(), 40);
            out.phone = check.opt_text(&at("phone"), a.phone.as_deref(), 30).and_then(|text| {
                let phone = identifiers::phone::parse(&text).ok().map(|phone| phone.to_string());
                if phone.is_none() {
                    check.add(FieldError::new(at("phone"), "ready_phone").with("item", &item.title));
                }
                phone
            });
        }
        ReadyItemKind::Stock => {
            out.quantity = a.quantity;
            if a.quantity.is_some_and(|n| !(0..=1_000_000_000).contains(&n)) {
                check.add(FieldError::new(at("quantity"), "ready_quantity").with("item", &item.title));
            }
            out.unit = check.opt_text(&at("unit"), a.unit.as_deref(), 10).or_else(|| item.unit.clone());
        }
        ReadyItemKind::File => out.file_id = a.file_id,
        ReadyItemKind::Place | ReadyItemKind::Roster | ReadyItemKind::Text => {
            out.text = check.opt_text(&at("text"), a.text.as_deref(), LONG);
        }
    }
    out
}

/// Whether an answer says something else than the item has.
fn differs(item: &ReadyItem, a: &ReadyAnswer) -> bool {
    let typed = item.person_id.is_none();
    (item.person_id, &item.text, item.quantity, item.file_id) != (a.person_id, &a.text, a.quantity, a.file_id)
        || item.kind == ReadyItemKind::Stock && item.unit != a.unit
        || typed && (&item.name, &item.phone) != (&a.name, &a.phone)
}

/// Answers items. What says the same again changes nothing. Answers which items changed.
async fn write(work: &mut Work, p: &ReadyPlan, items: &[ReadyItem], answers: Vec<ReadyAnswer>) -> Result<Vec<String>> {
    let zone = work.zone();
    let mut check = Check::new();
    let people: BTreeSet<Uuid> = store::people(work, zone, p.subject_id).await?.into_iter().map(|(id, _)| id).collect();
    let who = work.who.clone();
    let files: BTreeSet<Uuid> = match answers.iter().any(|a| a.file_id.is_some()) {
        true => attachment::desk::list(work, &who, Owner::Plan, p.id).await?.into_iter().map(|file| file.id).collect(),
        false => BTreeSet::new(),
    };
    let mut changed = Vec::new();
    for answer in answers {
        let Some(item) = items.iter().find(|item| item.key == answer.key) else {
            check.add(FieldError::new("answers", "ready_item").with("key", &answer.key));
            continue;
        };
        let answer = checked(&mut check, item, answer);
        let known = |id: &Uuid| people.contains(id) || item.person_id == Some(*id);
        check.that(answer.person_id.as_ref().is_none_or(known), &format!("person_{}", item.key), "unknown");
        check.that(answer.file_id.is_none_or(|id| files.contains(&id)), &format!("file_{}", item.key), "unknown");
        if differs(item, &answer) {
            changed.push((item.title.clone(), answer));
        }
    }
    check.done()?;
    let mut titles = Vec::new();
    for (title, answer) in changed {
        store::answer(work, p.id, &answer).await?;
        titles.push(title);
    }
    Ok(titles)
}

/// Lets a plan fall back.
fn fall(p: &mut ReadyPlan, why: &str, now: Time) {
    (p.state, p.fell_at, p.fell_why) = (ReadyState::FallenBack, Some(now), Some(why.to_owned()));
}

/// What is told when a plan fell back, and to whom.
async fn fell(work: &mut Work, p: &ReadyPlan) -> Result<()> {
    let why = p.fell_why.clone().unwrap_or_default();
    let change = match why.as_str() {
        BY_DRILL | BY_REGISTER => Change::made(json!({"state": p.state, "ready_why": why})),
        _ => Change::made(json!({"state": p.state})).because(why),
    };
    work.log("readiness.fall", about(p), change).await?;
    tell_office(work, p, "readiness.fell").await?;
    tell_subject(work, p, "readiness.fell").await
}

/// The days that follow from what a plan has.
async fn reckon(work: &mut Work, p: &mut ReadyPlan) -> Result<()> {
    let zone = work.zone();
    let calendar = clock::calendar(work, zone).await?;
    let of_zone = Zone::get(work, zone).await?;
    let filing = filing_due(p.kind, p.published_on, &calendar);
    let from = p.drilled_on.or(p.approved_at.map(|at| at.day(&of_zone.time_zone())));
    let drill = drill_due(p.kind, p.hazard, from);
    if filing != p.filing_due {
        (p.filing_due, p.filing_told) = (filing, 0);
    }
    if drill != p.drill_due {
        (p.drill_due, p.drill_told) = (drill, 0);
    }
    Ok(())
}

/// Does something with a plan. Answers it.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: ReadyAct) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let mut p = seen(&mut work, who, id).await?;
    // Its subject is neither merged away nor taken out meanwhile.
    subject::held(&mut work, zone, p.subject_kind, p.subject_id).await?;
    who.saw(p.version)?;
    let items = store::items(&mut work, zone, id).await?;
    let parts = parts(who, &authors(&p, &items));
    let does = act.does();
    if !may(does, p.state, &[Part::Writer, Part::Checker]) {
        return Err(Error::state("ready_state"));
    }
    if !may(does, p.state, &parts) {
        return Err(if who.is(CHECKERS) { Error::state("ready_own") } else { Error::Forbidden });
    }
    let today = Zone::get(&mut work, zone).await?.day(now);
    let mut check = Check::new();
    let mut fallen = false;
    let (entry, made, note, notice) = match act {
        ReadyAct::Write { answers, hazard, published_on } => {
            check.that(published_on.is_none_or(|day| day <= today), "published_on", "future");
            check.done()?;
            let changed = write(&mut work, &p, &items, answers).await?;
            let before = (p.hazard, p.published_on);
            p.hazard = hazard.unwrap_or(p.hazard);
            p.published_on = published_on.or(p.published_on);
            reckon(&mut work, &mut p).await?;
            if changed.is_empty() && before == (p.hazard, p.published_on) {
                return work.commit(id).await;
            }
            let after = store::items(&mut work, zone, id).await?;
            if p.state == ReadyState::Approved && p.facts_hash.as_deref() != Some(&facts_hash(&after)) {
                let titles = changed.join("、");
                // The register may have changed what was approved, without this save.
                fall(&mut p, if titles.is_empty() { BY_REGISTER } else { &titles }, now);
                fallen = true;
            }
            let made = json!({"items": changed, "hazard": p.hazard, "published_on": p.published_on});
            ("readiness.write", made, None, None)
        }
        ReadyAct::Submit => {
            let lacks: Vec<FieldError> = gaps(&items)
                .into_iter()
                .map(|(item, lack)| FieldError::new(format!("item_{}", item.key), code(lack)).with("item", &item.title))
                .collect();
            if !lacks.is_empty() {
                return Err(Error::Invalid(lacks));
            }
            p.state = ReadyState::Submitted;
            (p.submitted_by, p.submitted_at) = (who.person_id, Some(now));
            (p.reviewed_by, p.reviewed_at, p.review_mode, p.review_note) = (None, None, None, None);
            (p.approved_by, p.approved_at, p.facts_hash, p.valid_until) = (None, None, None, None);
            ("readiness.submit", json!({"state": p.state}), None, Some("readiness.submitted"))
        }
        ReadyAct::Recall => {
            p.state = ReadyState::Draft;
            ("readiness.recall", json!({"state": p.state}), None, None)
        }
        ReadyAct::Return { gaps, late_reason } => {
            let told = returned(&mut work, &p, &items, gaps, late_reason).await?;
            (p.state, p.returned_at) = (ReadyState::Returned, Some(now));
            ("readiness.return", json!({"state": p.state, "items": told}), None, Some("readiness.returned"))
        }
        ReadyAct::Review { mode, note } => {
            let note = check.text("note", &note, LONG);
            check.done()?;
            p.state = ReadyState::Reviewed;
            (p.reviewed_by, p.reviewed_at) = (who.person_id, Some(now));
            (p.review_mode, p.review_note) = (Some(mode), Some(note.clone()));
            ("readiness.review", json!({"state": p.state, "review_mode": mode}), Some(note), None)
        }
        ReadyAct::Approve { valid_until: until } => {
            let until = until.unwrap_or_else(|| valid_until(p.kind, today));
            check.that(until > today, "valid_until", "past");
            check.that(until <= valid_until(p.kind, today), "valid_until", "ready_long");
            // What the register said when it was handed in may have changed since.
            check.that(gaps(&items).is_empty(), "valid_until", "ready_gaps");
            check.done()?;
            p.state = ReadyState::Approved;
            (p.approved_by, p.approved_at, p.valid_until) = (who.person_id, Some(now), Some(until));
            (p.facts_hash, p.valid_told) = (Some(facts_hash(&items)), 0);
            (p.fell_at, p.fell_why) = (None, None);
            p.published_on = p.published_on.or(Some(today).filter(|_| p.kind == ReadyKind::Emergency));
            reckon(&mut work, &mut p).await?;
            let made = json!({"state": p.state, "valid_until": until});
            ("readiness.approve", made, None, Some("readiness.approved"))
        }
        ReadyAct::File { filed_on, filing_no } => {
            check.that(p.kind == ReadyKind::Emergency, "filed_on", "ready_filing");
            check.that(filed_on <= today, "filed_on", "future");
            let filing_no = check.text("filing_no", &filing_no, 60);
            check.done()?;
            (p.filed_on, p.filing_no) = (Some(filed_on), Some(filing_no.clone()));
            ("readiness.file", json!({"filed_on": filed_on, "filing_no": filing_no}), None, None)
        }
        ReadyAct::Drill { kind, held_on, people, scenario, outcome, findings, revise } => {
            let scenario = check.text("scenario", &scenario, 500);
            let outcome = check.opt_text("outcome", outcome.as_deref(), LONG);
            check.that(held_on <= today, "held_on", "future");
            check.that((1..=1_000_000).contains(&people), "people", "ready_people");
            let mut found = Vec::new();
            for text in findings.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
                found.push(check.text("findings", text, 100));
            }
            if found.len() > FINDINGS {
                check.add(FieldError::new("findings", "too_many").with("max", FINDINGS));
            }
            check.done()?;
            let drill = ReadyDrill { id: Uuid::now_v7(), kind, held_on, people, scenario, outcome };
            store::insert_drill(&mut work, id, &drill).await?;
            find(&mut work, &p, &drill, &found, today).await?;
            p.drilled_on = p.drilled_on.max(Some(held_on));
            reckon(&mut work, &mut p).await?;
            if revise && p.state == ReadyState::Approved {
                fall(&mut p, BY_DRILL, now);
                fallen = true;
            }
            let made = json!({"drill_kind": kind, "held_on": held_on, "people_count": people, "findings": found});
            ("readiness.drill", made, Some(drill.scenario), None)
        }
    };
    if !store::save(&mut work, &p).await? {
        return Err(Error::Conflict(Conflict::Stale(p.version)));
    }
    work.log(entry, about(&p), Change::made(made).because(note.unwrap_or_default())).await?;
    match notice {
        Some(kind @ "readiness.submitted") => tell_office(&mut work, &p, kind).await?,
        Some(kind) => tell_subject(&mut work, &p, kind).await?,
        None => {}
    }
    if fallen {
        fell(&mut work, &p).await?;
    }
    work.commit(id).await
}

/// The code of a gap, as forms and API tell it.
const fn code(lack: super::Lack) -> &'static str {
    match lack {
        super::Lack::Empty => "ready_empty",
        super::Lack::NoPhone => "ready_no_phone",
        super::Lack::Gone => "ready_gone",
        super::Lack::TooFew => "ready_too_few",
    }
}

/// Notes what a return names, all at once; one that could have been told before has its
/// reason. Answers the titles.
async fn returned(
    work: &mut Work,
    p: &ReadyPlan,
    items: &[ReadyItem],
    new: Vec<NewReadyGap>,
    late_reason: Option<String>,
) -> Result<Vec<String>> {
    let zone = work.zone();
    let mut check = Check::new();
    let late_reason = check.opt_text("late_reason", late_reason.as_deref(), 500);
    check.that(!new.is_empty(), "gaps", "required");
    let before = match p.returned_at {
        Some(at) => store::told(work, zone, p.id, at).await?,
        None => Vec::new(),
    };
    let mut titles = Vec::new();
    let mut told = Vec::new();
    for gap in new {
        let Some(item) = items.iter().find(|item| item.key == gap.item_key) else {
            check.add(FieldError::new("gaps", "ready_item").with("key", &gap.item_key));
            continue;
        };
        let text = check.text(&format!("gap_{}", item.key), &gap.text, 500);
        let in_time = is_told_in_time(item, p.returned_at, &before);
        if !in_time && late_reason.is_none() && !check.has("late_reason") {
            check.add(FieldError::new("late_reason", "ready_late").with("item", &item.title));
        }
        titles.push(item.title.clone());
        told.push((NewReadyGap { text, ..gap }, late_reason.clone().filter(|_| !in_time)));
    }
    check.done()?;
    for (gap, late) in told {
        store::tell_gap(work, p.id, &gap, late.as_deref()).await?;
    }
    Ok(titles)
}

/// Notes what a drill found. Each becomes a task of the officer; where nobody answers for
/// the enterprise it waits for one.
async fn find(work: &mut Work, p: &ReadyPlan, drill: &ReadyDrill, found: &[String], today: Day) -> Result<()> {
    let doers: Vec<Uuid> = keepers(work, p).await?.into_iter().take(1).collect();
    let due_on = Day(today.0.saturating_add(jiff::Span::new().days(FINDING_DAYS)));
    for (position, text) in (0..).zip(found) {
        let task = match doers.is_empty() {
            true => None,
            false => {
                let new = task::NewTask {
                    title: text.clone(),
                    body: Some(drill.scenario.clone()),
                    due_on: Some(due_on),
                    doers: doers.clone(),
                    plan_id: Some(p.id),
                    ..task::NewTask::default()
                };
                Some(task::desk::make_of_plan(work, (p.subject_kind, p.subject_id), new).await?)
            }
        };
        store::insert_finding(work, (p.id, drill.id), position, text, task).await?;
    }
    Ok(())
}

/// Binds what a form kept to a plan, as the answer of an item.
pub async fn add_file(app: &App, who: &Actor, id: Uuid, key: &str, form: Uuid) -> Result<Uuid> {
    let kept = attachment::desk::kept(app, who, form).await?;
    let Some(file) = kept.last().map(|file| file.id) else { return Err(Error::field("files", "required")) };
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let (eyes, subject) = eyes(&mut work, who, id).await?;
    if !attachment::takes(&eyes, Purpose::Report, None) {
        return Err(Error::state("ready_state"));
    }
    let mut p = seen(&mut work, who, id).await?;
    let items = store::items(&mut work, zone, id).await?;
    let item = items.iter().find(|item| item.key == key && item.kind == ReadyItemKind::File);
    let item = item.ok_or_else(|| Error::field("key", "unknown"))?;
    let to = attachment::desk::Bound {
        owner: Owner::Plan,
        owner_id: id,
        purpose: Purpose::Report,
        message_id: None,
        work_order_id: None,
        own: eyes.owner,
        subject,
    };
    attachment::desk::bind(&mut work, form, &to).await?;
    let answer = ReadyAnswer { key: key.to_owned(), file_id: Some(file), ..ReadyAnswer::default() };
    store::answer(&mut work, id, &answer).await?;
    let fallen = p.state == ReadyState::Approved;
    if fallen {
        let now = work.now;
        fall(&mut p, &item.title, now);
    }
    if !store::save(&mut work, &p).await? {
        return Err(Error::Conflict(Conflict::Stale(p.version)));
    }
    work.log("readiness.write", about(&p), Change::made(json!({"items": [item.title]}))).await?;
    if fallen {
        fell(&mut work, &p).await?;
    }
    work.commit(id).await
}

/// What somebody is towards the files of a plan, and where the ledger writes of them.
pub async fn eyes(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(Eyes, Subject)> {
    let plan = seen(tx, who, id).await?;
    let office = who.is(OFFICE);
    let eyes = Eyes {
        office,
        owner: !office,
        keeper: who.is(CHECKERS),
        open: may(ReadyMove::Write, plan.state, &[Part::Writer]),
        me: who.poster(),
        ..Eyes::default()
    };
    Ok((eyes, about(&plan)))
}

// ---- by itself ----

/// Looks at every plan in force: lets fall back what rests on facts that have changed,
/// ends what has expired, and reminds of the days. Answers how many it touched.
pub async fn watch(app: &App, zone: Uuid) -> Result<usize> {
    let mut tx = app.read().await?;
    let today = Zone::get(&mut tx, zone).await?.day(app.now());
    let plans = store::watched(&mut tx, zone).await?;
    let mut items: BTreeMap<Uuid, Vec<ReadyItem>> = BTreeMap::new();
    for item in store::approved_items(&mut tx, zone).await? {
        items.entry(item.plan_id).or_default().push(item);
    }
    drop(tx);
    let mut count = 0;
    for plan in plans {
        let of_plan = items.remove(&plan.id).unwrap_or_default();
        count += usize::from(look(app, zone, plan, &of_plan, today).await?);
    }
    Ok(count)
}

async fn look(app: &App, zone: Uuid, mut p: ReadyPlan, items: &[ReadyItem], today: Day) -> Result<bool> {
    let approved = p.state == ReadyState::Approved;
    let changed = approved && p.facts_hash.as_deref() != Some(&facts_hash(items));
    let expired = approved && !changed && p.valid_until.is_some_and(|day| day < today);
    let step = |day: Option<Day>, near: i64| day.map_or(0, |day| nearness(day, today, near));
    let filing = if p.filed_on.is_none() { step(p.filing_due, NEAR_FILING) } else { 0 };
    let days = [
        (if approved && !expired { step(p.valid_until, NEAR_VALID).min(1) } else { 0 }, "readiness.near_valid"),
        (filing, if filing == 2 { "readiness.over_filing" } else { "readiness.near_filing" }),
        (step(p.drill_due, NEAR_DRILL), ""),
    ];
    let drill = if days[2].0 == 2 { "readiness.over_drill" } else { "readiness.near_drill" };
    let (is_valid, is_filing, is_drill) =
        (days[0].0 > p.valid_told, days[1].0 > p.filing_told, days[2].0 > p.drill_told);
    if !(changed || expired || is_valid || is_filing || is_drill) {
        return Ok(false);
    }
    let mut work = app.work(&Actor::rule(zone)).await?;
    if changed {
        let now = work.now;
        let gone: Vec<&str> = gaps(items).iter().map(|(item, _)| item.title.as_str()).collect();
        let gone = gone.join("、");
        fall(&mut p, if gone.is_empty() { BY_REGISTER } else { &gone }, now);
    } else if expired {
        p.state = ReadyState::Expired;
    }
    p.valid_told = p.valid_told.max(days[0].0);
    p.filing_told = p.filing_told.max(days[1].0);
    p.drill_told = p.drill_told.max(days[2].0);
    if !store::save(&mut work, &p).await? {
        // Somebody is at it; the next look finds what is left.
        return Ok(false);
    }
    if changed {
        fell(&mut work, &p).await?;
    }
    if expired {
        work.log("readiness.expire", about(&p), Change::made(json!({"state": p.state}))).await?;
        tell_office(&mut work, &p, "readiness.expired").await?;
        tell_subject(&mut work, &p, "readiness.expired").await?;
    }
    for (kind, due) in [
        (days[1].1, p.filing_due.filter(|_| is_filing)),
        (drill, p.drill_due.filter(|_| is_drill)),
        (days[0].1, p.valid_until.filter(|_| is_valid)),
    ] {
        let Some(day) = due else { continue };
        work.log("readiness.remind", about(&p), Change::made(json!({"ready_due": day}))).await?;
        let mut args = told(&p);
        args["day"] = json!(day);
        let mut people = keepers(&mut work, &p).await?;
        people.extend(subject::accounts(&mut work, zone, p.subject_kind, p.subject_id).await?);
        for person in people {
            work.notify(person, kind, about(&p), args.clone()).await?;
        }
    }
    work.commit(p.id).await?;
    Ok(true)
}

// ---- reading ----

/// What a plan is called, and whose it is, for who reaches it.
pub async fn about_plan(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(String, (SubjectKind, Uuid))> {
    let plan = seen(tx, who, id).await?;
    let kind = crate::text::Lang::Zh.word("ready-kind", plan.kind.word());
    Ok((format!("{} {kind}", plan.subject_name), (plan.subject_kind, plan.subject_id)))
}

/// A plan with everything about it. The telephones are whole for its own people; the
/// office reads them masked, or whole with a trace where `shown` says from where.
pub async fn record(app: &App, who: &Actor, id: Uuid, shown: Option<IpAddr>) -> Result<ReadyRecord> {
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let plan = seen(&mut tx, who, id).await?;
    let mut items = store::items(&mut tx, zone, id).await?;
    let told = match plan.returned_at.filter(|_| plan.state == ReadyState::Returned) {
        Some(at) => store::told(&mut tx, zone, id, at).await?,
        None => Vec::new(),
    };
    let parts = parts(who, &authors(&plan, &items));
    let record = ReadyRecord {
        missing: gaps(&items).into_iter().map(|(item, lack)| (item.key.clone(), lack)).collect(),
        drills: store::drills(&mut tx, zone, id).await?,
        findings: store::findings(&mut tx, zone, id).await?,
        possible: ReadyMove::ALL.iter().copied().filter(|does| may(*does, plan.state, &parts)).collect(),
        items: Vec::new(),
        told,
        plan,
    };
    drop(tx);
    if who.is(OFFICE) && !who.is_rule() {
        match shown {
            Some(address) => {
                let traced = Trace { kind: trace::Kind::ContactShow, table: TABLE, id: Some(id), count: None };
                trace::note(app, who, address, traced).await?;
            }
            None => items.iter_mut().filter_map(|item| item.phone.as_mut()).for_each(|phone| {
                *phone = identifiers::phone::mask(phone);
            }),
        }
    }
    let possible = record.possible.into_iter();
    let possible = possible.filter(|does| *does != ReadyMove::File || record.plan.kind == ReadyKind::Emergency);
    Ok(ReadyRecord { possible: possible.collect(), items, ..record })
}

/// A plan with its telephones whole, for a document that is issued and leaves its own trace.
pub async fn to_print(app: &App, who: &Actor, id: Uuid) -> Result<(ReadyRecord, String)> {
    let mut record = record(app, who, id, None).await?;
    let mut tx = app.read().await?;
    record.items = store::items(&mut tx, who.zone_id, id).await?;
    let named = subject::named(&mut tx, who.zone_id, record.plan.subject_kind, record.plan.subject_id).await?;
    Ok((record, named.name))
}

/// The people of whose plan it is, to choose from.
pub async fn people(app: &App, who: &Actor, plan: &ReadyPlan) -> Result<Vec<(Uuid, String)>> {
    who.must(READERS)?;
    Ok(store::people(&mut app.read().await?, who.zone_id, plan.subject_id).await?)
}

/// What a list of plans is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Of this kind.
    pub kind: Option<ReadyKind>,
    /// In this state.
    pub state: Option<ReadyState>,
    /// Of this enterprise or project.
    pub subject_id: Option<Uuid>,
}

/// Plans within reach, what changed last first.
pub async fn plans(
    app: &App,
    who: &Actor,
    asked: &Asked,
    sort: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<ReadyPlan>> {
    who.must(READERS)?;
    let walk = Walk::read(store::PLAN_KEYS, "-changed", sort, cursor, limit)?;
    let filter = store::Filter {
        kind: asked.kind,
        states: asked.state.into_iter().collect(),
        subject_id: asked.subject_id,
        reach: reach::subjects(who, "r.subject_id"),
    };
    let mut tx = app.read().await?;
    let (items, next) = store::plans(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::count(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// What the list by enterprise is asked.
#[derive(Clone, Debug, Default)]
pub struct StandingAsked {
    /// Narrowed to these.
    pub show: Option<ReadyShow>,
    /// Only key enterprises and projects.
    pub key: bool,
    /// Only those assigned to the reader himself.
    pub mine: bool,
    /// Of this enterprise or project.
    pub subject_id: Option<Uuid>,
    /// With these words in the name.
    pub q: Option<String>,
    /// How it runs.
    pub sort: Option<String>,
    /// Where it goes on.
    pub cursor: Option<String>,
}

/// How enterprises and projects within reach stand with both plans.
pub async fn standing(app: &App, who: &Actor, asked: &StandingAsked, limit: i64) -> Result<Page<ReadyStanding>> {
    who.must(READERS)?;
    let walk = Walk::read(store::STANDING_KEYS, "name", asked.sort.as_deref(), asked.cursor.as_deref(), limit)?;
    let mut tx = app.read().await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let mut within: Vec<::store::Sql> = reach::subjects(who, "u.id").into_iter().collect();
    within.extend(asked.mine.then(|| reach::assigned(who, "u.id")));
    let filter = store::StandingFilter {
        show: asked.show,
        key: asked.key,
        subject_id: asked.subject_id,
        within,
        found: list::subjects(&mut tx, who.zone_id, "u.id", None, asked.q.as_deref()).await?,
        q: asked.q.clone(),
        today: Some(zone.day(app.now())),
    };
    let (items, next) = store::standing(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::count_standing(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// How one enterprise or project stands, for whoever reaches it.
pub async fn of_subject(app: &App, who: &Actor, subject: Uuid) -> Result<Option<ReadyStanding>> {
    if !who.is(READERS) {
        return Ok(None);
    }
    let asked = StandingAsked { subject_id: Some(subject), ..StandingAsked::default() };
    Ok(standing(app, who, &asked, 1).await?.items.pop())
}

/// What somebody has to do about plans: their own people what was returned, lapsed or is
/// due; the officer what was handed in.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.is(READERS) || who.person_id.is_none() {
        return Ok(Vec::new());
    }
    let outside = who.is(OUTSIDE);
    let mut tx = app.read().await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let (now, today) = (app.now(), zone.day(app.now()));
    use ReadyState::{Approved, Expired, FallenBack, Returned, Reviewed, Submitted};
    let states = if outside { vec![Returned, FallenBack, Expired, Approved] } else { vec![Submitted, Reviewed] };
    // Of the office, what is assigned to oneself; who reaches everything is told numbers.
    let reach = if outside { reach::subjects(who, "r.subject_id") } else { Some(reach::assigned(who, "r.subject_id")) };
    if !outside && !who.is(CHECKERS) {
        return Ok(Vec::new());
    }
    let filter = store::Filter { states, reach, ..store::Filter::default() };
    let walk = Walk::first(store::PLAN_KEYS, 50);
    let (plans, _) = store::plans(&mut tx, who.zone_id, &filter, &walk).await?;
    let mut all = Vec::new();
    for p in plans {
        let mut item = |action, due_at: Option<Time>| {
            all.push(ToDo {
                action,
                title: crate::text::Lang::Zh.word("ready-kind", p.kind.word()).into_owned(),
                about: Some(p.subject_name.clone()),
                href: format!("/plans/{}", p.id),
                due_at,
                light: continuity::urgency(due_at, now),
            });
        };
        match p.state {
            Returned => item("todo-ready-mend", None),
            FallenBack | Expired => item("todo-ready-renew", None),
            Submitted => item("todo-ready-review", None),
            Reviewed => item("todo-ready-approve", None),
            ReadyState::Draft | Approved => {}
        }
        let near = |day: Option<Day>, near| day.filter(|day| nearness(*day, today, near) > 0);
        let last = |day: Day| day.last(&zone.time_zone());
        if outside && let Some(day) = near(p.drill_due, NEAR_DRILL) {
            item("todo-ready-drill", Some(last(day)));
        }
        if outside
            && p.filed_on.is_none()
            && let Some(day) = near(p.filing_due, NEAR_FILING)
        {
            item("todo-ready-file", Some(last(day)));
        }
    }
    Ok(all)
}

/// For who reaches the whole zone: how many plans wait for review, and how many lapsed.
pub async fn lines(app: &App, who: &Actor) -> Result<Vec<Line>> {
    if who.scope != Scope::All || !who.is(OFFICE) {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for (text, show, href) in [
        ("home-ready-waiting", ReadyShow::Waiting, "/plans?show=waiting"),
        ("home-ready-fallen", ReadyShow::FallenBack, "/plans?show=fallen_back"),
        ("home-ready-expired", ReadyShow::Expired, "/plans?show=expired"),
    ] {
        let asked = StandingAsked { show: Some(show), ..StandingAsked::default() };
        let page = standing(app, who, &asked, 1).await?;
        let n = page.total.or(page.total_at_least).unwrap_or_default();
        all.extend((n > 0).then_some(Line { text, n, href }));
    }
    Ok(all)
}
