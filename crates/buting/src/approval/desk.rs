//! What can be done with applications.

use super::matter::{self, Asks, Content, desk as matters};
use super::store::{self, NewTouch, Row};
use super::{
    ACCEPT_DAYS, Act, Application, Channel, DELIVER_DAYS, EXTEND_DAYS, Full, Known, Move, NewApplication, Part,
    Refusal, State, courier, may, trips,
};
use crate::actor::{Actor, OFFICE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::attachment::{self, Eyes, Owner, Purpose};
use crate::clock::{self, ClockKind, ClockMode, ClockView, Explanation, Holder, NewClock, Told};
use crate::continuity::desk::urgency;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{self, Walk};
use crate::organisation::{self, post};
use crate::registry::{self, fact};
use crate::subject::{self, SubjectKind};
use crate::time::{DAY_MS, Day, Time};
use crate::todo::ToDo;
use crate::visit::remind::Stage;
use crate::zone::Zone;
use ::store::Tx;
use almanac::Limit;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub use super::store::{Filter, KEYS};

/// Who has to do with applications: the office, and enterprises with their own.
pub const PARTIES: Roles = OFFICE.and(Roles::of(&[Role::Enterprise]));
/// Longest text.
const LONG: usize = 2000;
/// Longest line.
const SHORT: usize = 500;

/// On whose timeline a case shows.
pub(super) fn subject_of(a: &Application) -> Subject {
    Subject::about("application", a.id, a.enterprise_id)
}

/// What somebody is to a case.
async fn parts(tx: &mut Tx, who: &Actor, a: &Application, now: Time) -> Result<Vec<Part>> {
    if who.is_rule() {
        return Ok(Part::ALL.to_vec());
    }
    let me = who.person_id;
    let mut all = Vec::new();
    let own = who.has(Role::Enterprise) && who.scope == Scope::Enterprise(a.enterprise_id);
    if own || a.on_behalf && me.is_some() && a.made_by == me {
        all.push(Part::Applicant);
    }
    if !who.is(OFFICE) {
        return Ok(all);
    }
    if me.is_some() && (a.handler_id == me || a.acting(now) == me) {
        all.push(Part::Specialist);
    }
    if who.has(Role::Dispatcher) {
        all.push(Part::Desk);
    }
    let chief = post::desk::chief_of(tx, who.zone_id, a.department_id).await?;
    if who.has(Role::Leader) || me.is_some() && chief == me {
        all.push(Part::Head);
    }
    Ok(all)
}

/// Whether the five working days went by, so that it stands accepted already.
async fn is_deemed(tx: &mut Tx, zone: Uuid, a: &Application, now: Time) -> Result<bool> {
    if a.state != State::Submitted {
        return Ok(false);
    }
    Ok(clock::find(tx, zone, a.id, ClockKind::Accept).await?.is_some_and(|clock| clock.is_late(now)))
}

// ---- what is filled in ---------------------------------------------------------------

/// What the register knows of an enterprise that the matter asks, with its source.
async fn known_of(tx: &mut Tx, zone: Uuid, enterprise: Uuid, said: &Content, now: Time) -> Result<Vec<Known>> {
    if said.questions.iter().all(|question| question.known.is_none()) {
        return Ok(Vec::new());
    }
    let mut found = registry::desk::enterprises_of(tx, zone, &[enterprise]).await?;
    let Some(one) = found.pop() else { return Ok(Vec::new()) };
    let facts = fact::desk::known(tx, zone, enterprise, now).await?;
    let contact = match registry::desk::first_contact(tx, zone, enterprise).await? {
        Some(id) => organisation::desk::person(tx, zone, id).await.ok().map(|person| person.name),
        None => None,
    };
    let mut all = Vec::new();
    for question in &said.questions {
        let Some(key) = question.known else { continue };
        let value = match key {
            fact::Key::Name => Some(one.name.clone()),
            fact::Key::Uscc => one.uscc.clone(),
            fact::Key::Carrier => one.carrier.clone(),
            fact::Key::Industry => one.industry_code.clone(),
            fact::Key::Headcount => one.headcount.map(|n| n.to_string()),
            fact::Key::Address => one.address.clone(),
            fact::Key::Contacts => contact.clone(),
            fact::Key::KeyEnterprise => None,
        };
        let standing = facts.iter().find(|fact| fact.key == key);
        if let (Some(value), Some(fact)) = (value, standing) {
            all.push(Known {
                key: question.key.clone(),
                label: question.label.clone(),
                value,
                source: fact.source,
                confirmed_at: fact.confirmed_at,
            });
        }
    }
    Ok(all)
}

/// Reads the answers; what the register answers is not asked again.
fn answered(
    check: &mut Check,
    said: &Content,
    known: &[Known],
    answers: &BTreeMap<String, String>,
    sending: bool,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for key in answers.keys().filter(|key| said.questions.iter().all(|question| question.key != **key)) {
        check.add(FieldError::new(format!("answers/{key}"), "unknown"));
    }
    for question in &said.questions {
        if known.iter().any(|known| known.key == question.key) {
            continue;
        }
        let field = format!("answers/{}", question.key);
        let max = if question.asks == Asks::Long { LONG } else { SHORT };
        let typed = answers.get(&question.key).map(String::as_str);
        let Some(text) = check.opt_text(&field, typed, max) else {
            if sending && question.required && !check.has(&field) {
                check.add(FieldError::new(field, "required"));
            }
            continue;
        };
        let reads = match question.asks {
            Asks::Text | Asks::Long => true,
            Asks::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
            Asks::Day => Day::read(&text).is_some(),
            Asks::Choice => question.options.contains(&text),
        };
        check.that(reads, &field, "unreadable");
        all.insert(question.key.clone(), text);
    }
    all
}

/// Reads which materials are there. Answers them, and what is owed when it is sent.
fn handed_in(
    check: &mut Check,
    said: &Content,
    papers: &[usize],
    promise: bool,
    sending: bool,
) -> (Vec<usize>, Vec<String>) {
    let papers: Vec<usize> = papers.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    check.that(papers.iter().all(|place| *place < said.materials.len()), "papers", "unknown");
    if !sending {
        return (papers, Vec::new());
    }
    let missing = said.missing(&papers);
    if !missing.is_empty() {
        check.add(FieldError::new("papers", "papers_missing").with("names", missing.join("、")));
    }
    let debts: Vec<String> = said.tolerated(&papers).into_iter().map(str::to_owned).collect();
    if !debts.is_empty() && !promise {
        check.add(FieldError::new("promise", "tolerate_promise").with("names", debts.join("、")));
    }
    (papers, debts)
}

/// What somebody who begins an application is asked, and what is known already.
#[derive(Debug)]
pub struct Beginning {
    /// The matter.
    pub matter: matter::Matter,
    /// Its present edition.
    pub said: Content,
    /// For whom.
    pub enterprise: Option<subject::Named>,
    /// What the register gives.
    pub known: Vec<Known>,
}

/// The form of a new application; `enterprise` is for whom the office fills it in.
pub async fn beginning(app: &App, who: &Actor, matter: Uuid, enterprise: Option<Uuid>) -> Result<Beginning> {
    who.must(PARTIES)?;
    let mut tx = app.read().await?;
    let found = matters::read(&mut tx, who, matter).await?;
    if found.closed_at.is_some() {
        return Err(Error::state("matter_closed"));
    }
    let said = found.said();
    let id = match who.scope {
        Scope::Enterprise(id) if !who.is(OFFICE) => Some(id),
        _ => enterprise,
    };
    let mut beginning = Beginning { matter: found, said, enterprise: None, known: Vec::new() };
    if let Some(id) = id {
        beginning.enterprise = Some(subject::named(&mut tx, who.zone_id, SubjectKind::Enterprise, id).await?);
        beginning.known = known_of(&mut tx, who.zone_id, id, &beginning.said, app.now()).await?;
    }
    Ok(beginning)
}

/// What the register gives to a case that is still filled in.
pub async fn known_now(app: &App, who: &Actor, full: &Full) -> Result<Vec<Known>> {
    who.must(PARTIES)?;
    let a = &full.application;
    if !matches!(a.state, State::Draft | State::Correction) {
        return Ok(a.known());
    }
    known_of(&mut app.read().await?, who.zone_id, a.enterprise_id, &full.matter, app.now()).await
}

/// Begins an application: sends it, or keeps it as a draft.
pub async fn apply(app: &App, who: &Actor, new: NewApplication) -> Result<Uuid> {
    who.must(PARTIES)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, id).await? {
        return Err(Error::Replayed(id));
    }
    let matter = match matters::read(&mut work, who, new.matter_id).await {
        Err(Error::NotFound) => return Err(Error::field("matter_id", "unknown")),
        found => found?,
    };
    if matter.closed_at.is_some() {
        return Err(Error::state("matter_closed"));
    }
    let outside = !who.is(OFFICE);
    let enterprise = match (&who.scope, outside) {
        (Scope::Enterprise(own), true) if new.enterprise_id.is_none_or(|id| id == *own) => *own,
        (_, true) => return Err(Error::field("enterprise_id", "unknown")),
        _ => new.enterprise_id.ok_or_else(|| Error::field("enterprise_id", "required"))?,
    };
    match subject::held(&mut work, zone, SubjectKind::Enterprise, enterprise).await {
        Err(Error::NotFound) => return Err(Error::field("enterprise_id", "unknown")),
        named => drop(named?),
    }
    let said = matter.said();
    let known = known_of(&mut work, zone, enterprise, &said, now).await?;
    let mut check = Check::new();
    let answers = answered(&mut check, &said, &known, &new.answers, !new.draft);
    let (papers, debts) = handed_in(&mut check, &said, &new.papers, new.promise, !new.draft);
    // Who fills it in for an enterprise says how that asked for it.
    check.that(outside || new.channel.is_some(), "channel", "required");
    check.done()?;
    let of_zone = Zone::get(&mut work, zone).await?;
    let number = work.next_number("BJ", &of_zone.day(work.now).compact()).await?;
    let row = Row {
        id,
        number: &number,
        matter_id: matter.id,
        edition: matter.edition,
        enterprise_id: enterprise,
        on_behalf: !outside,
        handler_id: matter.owner_id,
        answers: &answers,
        papers: &papers,
    };
    store::insert(&mut work, &row).await?;
    let mut a = store::one(&mut work, who, id).await?.ok_or(Error::NotFound)?;
    let made = json!({"number": number, "matter_id": matter.id, "edition": matter.edition, "on_behalf": !outside});
    work.log("application.make", subject_of(&a), Change::made(made)).await?;
    if !outside {
        let channel = new.channel.unwrap_or(Channel::Phone);
        touch(&mut work, id, channel, false, None, None).await?;
    }
    bind(&mut work, &a, new.files, Purpose::Report, None).await?;
    if !new.draft {
        a.known = store::kept(&known);
        a.debts = json!(debts);
        send(&mut work, &mut a, Move::Submit).await?;
        save(&mut work, &a).await?;
        let promised = debts.join("、");
        work.log("application.submit", subject_of(&a), Change::made(json!({"state": a.state, "debts": a.debts})))
            .await?;
        store::add_event(&mut work, id, Move::Submit.word(), &promised, false).await?;
    }
    work.commit(id).await
}

async fn save(work: &mut Work, a: &Application) -> Result<()> {
    if store::save(work, a).await? { Ok(()) } else { Err(Error::Conflict(Conflict::Stale(a.version))) }
}

/// A contact by that way, now.
async fn touch(
    work: &mut Work,
    id: Uuid,
    channel: Channel,
    met: bool,
    minutes: Option<i64>,
    note: Option<String>,
) -> Result<()> {
    let at = work.now;
    let new = NewTouch { channel, face: channel.is_face(met), minutes, note, at };
    store::add_touch(work, id, &new).await?;
    Ok(())
}

/// What the applicant sent arrives: the clock of the acceptance begins, or goes on.
async fn send(work: &mut Work, a: &mut Application, does: Move) -> Result<()> {
    a.state = State::Submitted;
    a.received_at = Some(work.now);
    if does == Move::Submit {
        let zone = work.zone();
        let calendar = clock::calendar(work, zone).await?;
        let new = clock_of(a.id, ClockKind::Accept, ACCEPT_DAYS, Told::Office);
        clock::start(work, &calendar, vec![new]).await?;
    } else {
        clock::resume(work, a.id, ClockKind::Accept).await?;
    }
    clock::hand_over(work, a.id, Holder::Department, Some(a.department_id)).await?;
    if !work.who.is(OFFICE) {
        touch(work, a.id, Channel::Web, false, None, None).await?;
    }
    let kind = if does == Move::Submit { "application.submitted" } else { "application.resubmitted" };
    tell_office(work, a, kind).await
}

fn clock_of(owner_id: Uuid, kind: ClockKind, days: u32, told: Told) -> NewClock {
    let limit = Limit::working_days(days);
    NewClock { owner: "application", owner_id, kind, limit, mode: ClockMode::Office, told }
}

/// The clocks of the decision begin with the acceptance; what is owed has its own.
async fn examine(work: &mut Work, a: &mut Application, said: &Content, from: Time) -> Result<()> {
    let days = |n: i64| u32::try_from(n).unwrap_or_default();
    let mut new = vec![
        clock_of(a.id, ClockKind::Promised, days(said.promised_days), Told::Enterprise),
        clock_of(a.id, ClockKind::Statutory, days(said.statutory_days), Told::Enterprise),
    ];
    let debts = a.debts();
    if !debts.is_empty() {
        new.push(clock_of(a.id, ClockKind::Debt, said.debt_days(&debts), Told::Enterprise));
    }
    clock::stop(work, a.id, ClockKind::Accept).await?;
    let zone = work.zone();
    let calendar = clock::calendar(work, zone).await?;
    clock::start_from(work, &calendar, from, new).await?;
    a.accepted_at = Some(from);
    Ok(())
}

fn told(a: &Application) -> Json {
    json!({"number": a.number, "title": a.matter_title, "name": a.enterprise_name})
}

/// Tells who acts for the office, and the specialist himself.
pub(super) async fn tell_office(work: &mut Work, a: &Application, kind: &str) -> Result<()> {
    let people: BTreeSet<Uuid> = a.acting(work.now).into_iter().chain(a.handler_id).collect();
    for person in people {
        work.notify(person, kind, subject_of(a), told(a)).await?;
    }
    Ok(())
}

/// Tells the people of the enterprise.
pub(super) async fn tell_applicant(work: &mut Work, a: &Application, kind: &str) -> Result<()> {
    let zone = work.zone();
    for person in subject::accounts(work, zone, SubjectKind::Enterprise, a.enterprise_id).await? {
        work.notify(person, kind, subject_of(a), told(a)).await?;
    }
    Ok(())
}

/// Hands in what a form kept.
async fn bind(
    work: &mut Work,
    a: &Application,
    files: Option<Uuid>,
    purpose: Purpose,
    message: Option<Uuid>,
) -> Result<()> {
    let Some(form) = files else { return Ok(()) };
    let to = attachment::desk::Bound {
        owner: Owner::Application,
        owner_id: a.id,
        purpose,
        message_id: message,
        work_order_id: None,
        own: !work.who.is(OFFICE),
        subject: subject_of(a),
    };
    attachment::desk::bind(work, form, &to).await.map(drop)
}

/// Does something with a case, with the files that its form kept. Answers it.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: Act, files: Option<Uuid>) -> Result<Uuid> {
    who.must(PARTIES)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let mut a = store::one(&mut work, who, id).await?.ok_or(Error::NotFound)?;
    who.saw(a.version)?;
    let (does, now) = (act.does(), work.now);
    let parts = parts(&mut work, who, &a, now).await?;
    match may(does, a.state, a.standing(), &parts) {
        Ok(()) => {}
        Err(Refusal::Who) => return Err(Error::Forbidden),
        Err(Refusal::State(code)) => return Err(Error::state(code)),
    }
    // What nobody answered in time stands accepted, whenever the rule comes to say so.
    if matches!(does, Move::AskCorrection | Move::NotAccept | Move::Accept)
        && is_deemed(&mut work, zone, &a, now).await?
    {
        return Err(Error::state("application_deemed"));
    }
    let said = matters::edition(&mut work, zone, a.matter_id, a.edition).await?;
    let mut check = Check::new();
    let mut purpose = Purpose::Message;
    let (text, change) = match act {
        Act::Save { answers, papers } => {
            let known = known_of(&mut work, zone, a.enterprise_id, &said, now).await?;
            let answers = answered(&mut check, &said, &known, &answers, false);
            let (papers, _) = handed_in(&mut check, &said, &papers, false, false);
            check.done()?;
            (a.answers, a.papers) = (json!(answers), json!(papers));
            purpose = Purpose::Report;
            (None, json!({"saved": true}))
        }
        Act::Submit { answers, papers, promise } | Act::Resubmit { answers, papers, promise } => {
            let known = known_of(&mut work, zone, a.enterprise_id, &said, now).await?;
            let answers = answered(&mut check, &said, &known, &answers, true);
            let (papers, debts) = handed_in(&mut check, &said, &papers, promise, true);
            check.done()?;
            (a.answers, a.papers) = (json!(answers), json!(papers));
            (a.known, a.debts) = (store::kept(&known), json!(debts));
            send(&mut work, &mut a, does).await?;
            purpose = Purpose::Report;
            (Some(debts.join("、")), json!({"state": a.state, "debts": a.debts}))
        }
        Act::AskCorrection { text } => {
            let text = check.text("text", &text, LONG);
            check.done()?;
            clock::pause(&mut work, id, ClockKind::Accept, Holder::Enterprise, &text).await?;
            clock::hand_over(&mut work, id, Holder::Enterprise, Some(a.enterprise_id)).await?;
            (a.state, a.corrected_at, a.correction) = (State::Correction, Some(now), Some(text.clone()));
            touch(&mut work, id, Channel::Web, false, None, None).await?;
            tell_applicant(&mut work, &a, "application.correction").await?;
            (Some(text), json!({"state": a.state}))
        }
        Act::Accept {} => {
            a.state = State::Accepted;
            examine(&mut work, &mut a, &said, now).await?;
            tell_applicant(&mut work, &a, "application.accepted").await?;
            (Some(a.debts().join("、")), json!({"state": a.state}))
        }
        Act::NotAccept { reason, right_channel } => {
            let reason = check.text("reason", &reason, LONG);
            let right_channel = check.text("right_channel", &right_channel, SHORT);
            check.done()?;
            clock::stop_all(&mut work, id).await?;
            (a.state, a.ended_at) = (State::NotAccepted, Some(now));
            (a.decision, a.remedies) = (Some(reason.clone()), Some(right_channel.clone()));
            tell_applicant(&mut work, &a, "application.not_accepted").await?;
            (Some(format!("{reason}\n{right_channel}")), json!({"state": a.state, "right_channel": right_channel}))
        }
        Act::Review {} => {
            a.state = State::InReview;
            (None, json!({"state": a.state}))
        }
        Act::Special { procedure, expected_days } => {
            check.that((1..=250).contains(&expected_days), "expected_days", "matter_days");
            check.done()?;
            for kind in [ClockKind::Promised, ClockKind::Statutory] {
                clock::pause(&mut work, id, kind, Holder::Law, procedure.word()).await?;
            }
            clock::hand_over(&mut work, id, Holder::Law, None).await?;
            (a.state, a.special) = (State::Special, Some(procedure));
            // The time that it needs is told in writing (§45).
            tell_applicant(&mut work, &a, "application.special").await?;
            let label = crate::text::Lang::Zh.word("application-special", procedure.word());
            let text = format!("{label}：{expected_days} 个工作日");
            (Some(text), json!({"state": a.state, "special": procedure, "expected_days": expected_days}))
        }
        Act::Resume { result } => {
            let result = check.text("result", &result, LONG);
            check.done()?;
            for kind in [ClockKind::Promised, ClockKind::Statutory] {
                clock::resume(&mut work, id, kind).await?;
            }
            clock::hand_over(&mut work, id, Holder::Department, Some(a.department_id)).await?;
            (a.state, a.special) = (State::InReview, None);
            tell_applicant(&mut work, &a, "application.resumed").await?;
            (Some(result), json!({"state": a.state}))
        }
        Act::Extend { days, reason } => {
            let reason = check.text("reason", &reason, SHORT);
            if !(1..=EXTEND_DAYS).contains(&days) {
                check.add(FieldError::new("days", "range").with("min", 1).with("max", EXTEND_DAYS));
            }
            check.done()?;
            let statutory = clock::find(&mut work, zone, id, ClockKind::Statutory).await?;
            if statutory.is_some_and(|clock| clock.is_late(now)) {
                return Err(Error::state("application_late"));
            }
            let n = u32::try_from(days).unwrap_or_default();
            for kind in [ClockKind::Promised, ClockKind::Statutory] {
                clock::extend(&mut work, id, kind, n).await?;
            }
            a.extended_days = Some(days);
            tell_applicant(&mut work, &a, "application.extended").await?;
            (Some(format!("{days} 个工作日：{reason}")), json!({"extended_days": days, "reason": reason}))
        }
        Act::Settle { material } => {
            let mut debts = a.debts();
            let before = debts.len();
            debts.retain(|name| *name != material);
            check.that(debts.len() < before, "material", "unknown");
            check.done()?;
            if debts.is_empty() {
                clock::stop(&mut work, id, ClockKind::Debt).await?;
            }
            let places = said.materials.iter().position(|one| one.name == material);
            let papers: BTreeSet<usize> = a.papers().into_iter().chain(places).collect();
            (a.debts, a.papers) = (json!(debts), json!(papers));
            (Some(material), json!({"debts": a.debts}))
        }
        Act::Grant { conditions } => {
            let conditions = check.opt_text("conditions", conditions.as_deref(), LONG);
            check.done()?;
            a.state = if conditions.is_some() { State::GrantedConditional } else { State::Granted };
            (a.decided_at, a.decision) = (Some(now), conditions.clone());
            for kind in [ClockKind::Promised, ClockKind::Statutory] {
                clock::stop(&mut work, id, kind).await?;
            }
            let calendar = clock::calendar(&mut work, zone).await?;
            let new = clock_of(id, ClockKind::Deliver, DELIVER_DAYS, Told::Enterprise);
            clock::start(&mut work, &calendar, vec![new]).await?;
            tell_applicant(&mut work, &a, "application.granted").await?;
            (conditions, json!({"state": a.state}))
        }
        Act::Refuse { reason, remedies } => {
            let reason = check.text("reason", &reason, LONG);
            let remedies = check.text("remedies", &remedies, LONG);
            check.done()?;
            clock::stop_all(&mut work, id).await?;
            (a.state, a.decided_at, a.ended_at) = (State::Refused, Some(now), Some(now));
            (a.decision, a.remedies) = (Some(reason.clone()), Some(remedies.clone()));
            tell_applicant(&mut work, &a, "application.refused").await?;
            (Some(format!("{reason}\n{remedies}")), json!({"state": a.state}))
        }
        Act::Deliver { channel, proof } => {
            let proof = check.text("proof", &proof, SHORT);
            // What goes by post has its number and its own way.
            check.that(channel != Channel::Post, "channel", "deliver_post");
            check.done()?;
            touch(&mut work, id, channel, true, None, None).await?;
            arrived(&mut work, &mut a).await?;
            (Some(proof), json!({"state": a.state, "channel": channel}))
        }
        Act::Withdraw { reason } => {
            let reason = check.text("reason", &reason, SHORT);
            check.done()?;
            clock::stop_all(&mut work, id).await?;
            let drafted = a.state == State::Draft;
            (a.state, a.ended_at) = (State::Withdrawn, Some(now));
            if !drafted {
                tell_office(&mut work, &a, "application.withdrawn").await?;
            }
            (Some(reason), json!({"state": a.state}))
        }
        Act::Message { text } => {
            let text = check.text("text", &text, LONG);
            check.done()?;
            touch(&mut work, id, Channel::Web, false, None, None).await?;
            match who.is(OFFICE) {
                true => tell_applicant(&mut work, &a, "application.message").await?,
                false => tell_office(&mut work, &a, "application.message").await?,
            }
            (Some(text), json!({"said": true}))
        }
        Act::Touch { channel, met, minutes, note, at } => {
            let note = check.opt_text("note", note.as_deref(), SHORT);
            if !minutes.is_none_or(|n| (0..=1440).contains(&n)) {
                check.add(FieldError::new("minutes", "range").with("min", 0).with("max", 1440));
            }
            let at = at.unwrap_or(now);
            check.that(at <= now, "at", "future");
            check.that(at >= a.made_at.plus(-DAY_MS), "at", "past");
            check.done()?;
            let face = channel.is_face(met);
            let new = NewTouch { channel, face, minutes, note: note.clone(), at };
            store::add_touch(&mut work, id, &new).await?;
            (None, json!({"channel": channel, "face": face, "minutes": minutes, "note": note}))
        }
    };
    let entry = ledger_of(does);
    work.log(entry, subject_of(&a), Change::made(change)).await?;
    let event = match does {
        // What is typed on and on, and what the list of contacts shows, is no event.
        Move::Save | Move::Touch => None,
        _ => Some(store::add_event(&mut work, id, does.word(), text.as_deref().unwrap_or_default(), false).await?),
    };
    save(&mut work, &a).await?;
    bind(&mut work, &a, files, purpose, event.filter(|_| purpose == Purpose::Message)).await?;
    work.commit(id).await
}

const fn ledger_of(does: Move) -> &'static str {
    match does {
        Move::Save => "application.save",
        Move::Submit => "application.submit",
        Move::AskCorrection => "application.ask_correction",
        Move::Resubmit => "application.resubmit",
        Move::Accept => "application.accept",
        Move::NotAccept => "application.not_accept",
        Move::Review => "application.review",
        Move::Special => "application.special",
        Move::Resume => "application.resume",
        Move::Extend => "application.extend",
        Move::Settle => "application.settle",
        Move::Grant => "application.grant",
        Move::Refuse => "application.refuse",
        Move::Deliver => "application.deliver",
        Move::Withdraw => "application.withdraw",
        Move::Message => "application.message",
        Move::Touch => "application.touch",
    }
}

/// The licence is in the hands of its holder.
async fn arrived(work: &mut Work, a: &mut Application) -> Result<()> {
    clock::stop_all(work, a.id).await?;
    (a.state, a.ended_at) = (State::Delivered, Some(work.now));
    tell_applicant(work, a, "application.delivered").await
}

/// The courier has brought it, within the piece of work of the delivery.
pub(super) async fn delivered_in(work: &mut Work, id: Uuid, proof: &str) -> Result<()> {
    let zone = work.zone();
    let mut a = store::one(work, &Actor::rule(zone), id).await?.ok_or(Error::NotFound)?;
    if !a.state.is_granted() {
        return Ok(());
    }
    arrived(work, &mut a).await?;
    save(work, &a).await?;
    store::add_event(work, id, Move::Deliver.word(), proof, false).await?;
    work.log("application.deliver", subject_of(&a), Change::made(json!({"state": a.state}))).await
}

/// A case that a delivery is of, for who sees to it or whose it is: with what he is.
pub(super) async fn for_delivery(work: &mut Work, who: &Actor, id: Uuid) -> Result<(Application, Vec<Part>)> {
    let a = store::one(work, who, id).await?.ok_or(Error::NotFound)?;
    let now = work.now;
    let parts = parts(work, who, &a, now).await?;
    Ok((a, parts))
}

/// What somebody is to a case that he may know of; nothing to others.
pub(super) async fn parts_of(tx: &mut Tx, who: &Actor, id: Uuid, now: Time) -> Result<Vec<Part>> {
    match store::one(tx, who, id).await? {
        Some(a) => parts(tx, who, &a, now).await,
        None => Ok(Vec::new()),
    }
}

/// A contact by post.
pub(super) async fn posted_in(work: &mut Work, id: Uuid, note: &str) -> Result<()> {
    touch(work, id, Channel::Post, false, None, Some(note.to_owned())).await
}

// ---- what happens by itself -----------------------------------------------------------

/// Lets stand accepted what nobody answered in five working days, from the day on which
/// the papers came in (行政许可法 §32). Answers how many.
pub async fn deem(app: &App, zone: Uuid) -> Result<usize> {
    let rule = Actor::rule(zone);
    let mut count = 0;
    for id in store::unanswered(&mut app.read().await?, zone, app.now()).await? {
        let mut work = app.work(&rule).await?;
        let Some(mut a) = store::one(&mut work, &rule, id).await? else { continue };
        let now = work.now;
        if !is_deemed(&mut work, zone, &a, now).await? {
            // Somebody answered meanwhile, or another process was quicker.
            continue;
        }
        let said = matters::edition(&mut work, zone, a.matter_id, a.edition).await?;
        a.state = State::DeemedAccepted;
        let from = a.received_at.unwrap_or(a.made_at);
        examine(&mut work, &mut a, &said, from).await?;
        if !store::save(&mut work, &a).await? {
            continue;
        }
        store::add_event(&mut work, id, "deem", "", false).await?;
        let change = Change::made(json!({"state": a.state, "accepted_at": a.accepted_at}));
        work.log("application.deem", subject_of(&a), change).await?;
        tell_applicant(&mut work, &a, "application.deemed").await?;
        tell_office(&mut work, &a, "application.deemed").await?;
        if let Some(chief) = post::desk::chief_of(&mut work, zone, a.department_id).await? {
            work.notify(chief, "application.deemed", subject_of(&a), told(&a)).await?;
        }
        work.commit(id).await?;
        count += 1;
    }
    Ok(count)
}

/// Reminds who acts of every case that is due within a day or late, once each; of what is
/// late also the head of the department. Answers how many.
pub async fn remind(app: &App, zone: Uuid) -> Result<usize> {
    let (now, rule) = (app.now(), Actor::rule(zone));
    let waiting = store::to_remind(&mut app.read().await?, zone, now, now.plus(DAY_MS)).await?;
    let mut count = 0;
    for one in waiting {
        let stage = Stage::at(one.due_at, now);
        if stage.step() <= one.remind_step {
            continue;
        }
        let mut work = app.work(&rule).await?;
        if !store::reminded(&mut work, one.id, stage.step()).await? {
            continue;
        }
        let a = store::one(&mut work, &rule, one.id).await?.ok_or(Error::NotFound)?;
        let over = stage == Stage::Over;
        let kind = if over { "application.over" } else { "application.near" };
        work.log("application.remind", subject_of(&a), Change::made(json!({"due_at": one.due_at}))).await?;
        tell_office(&mut work, &a, kind).await?;
        if let (true, Some(chief)) = (over, post::desk::chief_of(&mut work, zone, a.department_id).await?) {
            work.notify(chief, kind, subject_of(&a), told(&a)).await?;
        }
        work.commit(one.id).await?;
        count += 1;
    }
    Ok(count)
}

// ---- reading ----------------------------------------------------------------------------

/// An application that somebody may know of.
pub async fn application(app: &App, who: &Actor, id: Uuid) -> Result<Application> {
    who.must(PARTIES)?;
    store::one(&mut app.read().await?, who, id).await?.ok_or(Error::NotFound)
}

/// An application with everything about it, for whom it concerns.
pub async fn full(app: &App, who: &Actor, id: Uuid) -> Result<Full> {
    who.must(PARTIES)?;
    let (now, zone) = (app.now(), who.zone_id);
    let mut tx = app.read().await?;
    let a = store::one(&mut tx, who, id).await?.ok_or(Error::NotFound)?;
    let said = matters::edition(&mut tx, zone, a.matter_id, a.edition).await?;
    let outside = !who.is(OFFICE);
    let events = store::events(&mut tx, zone, id, outside).await?;
    let touches = store::touches(&mut tx, zone, id).await?;
    let parts = parts(&mut tx, who, &a, now).await?;
    let calendar = clock::calendar(&mut tx, zone).await?;
    let clocks: Vec<ClockView> =
        clock::of(&mut tx, zone, &[id]).await?.iter().map(|clock| clock.view(now, &calendar)).collect();
    let late = is_deemed(&mut tx, zone, &a, now).await?;
    let answers = |does: Move| matches!(does, Move::AskCorrection | Move::NotAccept | Move::Accept);
    let possible = Move::ALL
        .iter()
        .copied()
        .filter(|does| may(*does, a.state, a.standing(), &parts).is_ok() && !(late && answers(*does)))
        .collect();
    let phone = match a.acting(now) {
        Some(person) => matter::store::phone(&mut tx, zone, person).await?,
        None => None,
    };
    let deliveries = courier::desk::of(&mut tx, zone, id, &parts).await?;
    let may_address = courier::may_address(&a, &deliveries, &parts);
    let may_send = courier::may_send(&a, &parts);
    Ok(Full {
        trips: trips(&touches),
        matter: said,
        events,
        touches,
        deliveries,
        clocks,
        phone,
        possible,
        may_address,
        may_send,
        application: a,
    })
}

/// Why everything about a case is due when it is due.
pub async fn explained(app: &App, who: &Actor, id: Uuid) -> Result<Vec<Explanation>> {
    application(app, who, id).await?;
    let mut tx = app.read().await?;
    let calendar = clock::calendar(&mut tx, who.zone_id).await?;
    let clocks = clock::of(&mut tx, who.zone_id, &[id]).await?;
    Explanation::of(&mut tx, who.zone_id, clocks, &calendar).await
}

/// Applications that concern somebody.
pub async fn applications(app: &App, who: &Actor, filter: &Filter, walk: &Walk) -> Result<Page<Application>> {
    who.must(PARTIES)?;
    let mut tx = app.read().await?;
    let found = list::subjects(&mut tx, who.zone_id, "a.enterprise_id", None, filter.q.as_deref()).await?;
    let filter = &Filter { found, ..filter.clone() };
    let counted = store::count(&mut tx, who, filter).await?;
    let (items, next) = store::list(&mut tx, who, filter, walk).await?;
    Ok(Page::new(items, next, counted))
}

/// What waits for somebody, of applications.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.is(PARTIES) || who.person_id.is_none() {
        return Ok(Vec::new());
    }
    let now = app.now();
    let office = who.is(OFFICE);
    let filter = match office {
        true => Filter { open: Some(true), person: who.person_id, ..Filter::default() },
        false => Filter { state: vec![State::Draft, State::Correction], ..Filter::default() },
    };
    let (found, _) = store::list(&mut app.read().await?, who, &filter, &Walk::first(KEYS, 100)).await?;
    let mut all = Vec::new();
    for a in found {
        let action = match (a.state, office) {
            (State::Draft, false) => "todo-application-draft",
            (State::Correction, false) => "todo-application-correct",
            _ if a.acting(now) != who.person_id => continue,
            (State::Submitted, true) => "todo-application-answer",
            (State::Accepted | State::DeemedAccepted | State::InReview, true) => "todo-application-decide",
            (State::Granted | State::GrantedConditional, true) => "todo-application-deliver",
            _ => continue,
        };
        all.push(ToDo {
            action,
            about: office.then(|| a.enterprise_name.clone()),
            href: format!("/applications/{}", a.id),
            due_at: a.due_at,
            light: urgency(a.due_at, now),
            title: a.matter_title,
        });
    }
    Ok(all)
}

/// What somebody is towards the files of a case.
pub async fn eyes(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(Eyes, Subject)> {
    who.must(PARTIES)?;
    let a = store::one(tx, who, id).await?.ok_or(Error::NotFound)?;
    let office = who.is(OFFICE);
    let me = who.person_id;
    let sees_to_it = me.is_some() && (a.handler_id == me || me == Some(a.deputy_id));
    let eyes = Eyes {
        office,
        owner: !office || a.on_behalf && me.is_some() && a.made_by == me,
        keeper: sees_to_it,
        lead: sees_to_it,
        desk: who.has(Role::Dispatcher),
        open: a.state.is_open(),
        me: who.poster(),
        ..Eyes::default()
    };
    Ok((eyes, subject_of(&a)))
}
