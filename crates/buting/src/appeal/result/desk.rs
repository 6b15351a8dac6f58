//! What is done about results. The steps of an appeal call back here: what was accepted,
//! said on the telephone or taken up again leaves its row in the same transaction.

pub use super::exclusion::{DECIDERS, Decision, NewExclusion, ask, decide, get as exclusion, list as exclusions};

use super::rates::{Group, Measure, Part, Period, Rate, Split};
use super::store::{self, Call, Case, Ended, Exclusion, Given};
use super::{
    Accepted, CallState, CaseState, FIX_DAYS, Found, How, LINK_DAYS, Logged, Policy, SETTING, Verified, Why, chosen,
    sight,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Once, Role, Roles, Scope, Via};
use crate::app::{App, Change, Work};
use crate::appeal::act::Act;
use crate::appeal::contact::{self, Callee};
use crate::appeal::record::{Appeal, Line};
use crate::appeal::step::{self, OVERSEERS};
use crate::appeal::{
    Action, Confirmation, Hat, ResultKind, Status, Verdict, desk as appeals, guard, store as records, turn,
};
use crate::clock::{self, ClockKind, ClockMode, Explanation, NewClock, Told};
use crate::days::Days;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::link::{self, Handed, Opens};
use crate::list::Walk;
use crate::settings;
use crate::subject::{self, SubjectKind};
use crate::time::{Day, Time};
use crate::todo;
use crate::trace::{self, Trace};
use crate::zone::Zone;
use ::store::{Sql, Tx};
use almanac::{Calendar, Limit};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Who calls back: those who coordinate and supervise, and whose enterprise it is.
pub const CALLERS: Roles =
    Roles::of(&[Role::Dispatcher, Role::Officer, Role::Specialist, Role::Oversight, Role::Leader]);
/// The page of a link to confirm.
const CONFIRM: &str = "/confirm";

// ---- policy ----

/// Whom the committee calls back.
pub async fn policy(tx: &mut Tx, zone: Uuid) -> Result<Policy> {
    Ok(Policy::of(&Zone::get(tx, zone).await?.settings))
}

/// Sets how large the sample is and what is satisfied. The seed is drawn the first time
/// and stays: whoever could draw again would choose.
pub async fn set_policy(app: &App, who: &Actor, percent: i64, satisfied_from: i64) -> Result<Uuid> {
    who.must(settings::desk::KEEPERS)?;
    let mut check = Check::new();
    for (field, value, min, max) in [("percent", percent, 0, 100), ("satisfied_from", satisfied_from, 3, 4)] {
        if !(min..=max).contains(&value) {
            check.add(FieldError::new(field, "range").with("min", min).with("max", max));
        }
    }
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let before = policy(&mut work, zone).await?;
    let seed = before.seed.unwrap_or_else(|| Uuid::now_v7().simple().to_string());
    let body = serde_json::to_value(Policy { percent, satisfied_from, seed: Some(seed) })
        .map_err(|e| Error::Internal(e.to_string()))?;
    settings::desk::set_zone_in(&mut work, &[(SETTING, body)]).await?;
    work.commit(zone).await
}

// ---- what the steps of an appeal leave here ----

/// An answer was accepted, by word or by silence: whoever is called back is chosen now.
pub(in super::super) async fn accepted(work: &mut Work, a: &Appeal) -> Result<()> {
    let policy = policy(work, a.zone_id).await?;
    let one = Accepted {
        id: a.id,
        zone: a.zone_id,
        rating: a.rating,
        kind: a.kind,
        channel: a.channel,
        urgency: a.urgency,
        sent_back: a.sent_back,
        reopened: a.reopened,
    };
    due(work, a.zone_id, a.id, chosen(&one, &policy)).await
}

/// A call becomes due, or the one that is has more reasons.
async fn due(work: &mut Work, zone: Uuid, appeal: Uuid, why: Vec<Why>) -> Result<()> {
    if why.is_empty() {
        return Ok(());
    }
    let now = work.now;
    match store::open_call(work, zone, appeal).await? {
        Some(call) => {
            let mut all = call.why();
            all.extend(why);
            all.sort();
            all.dedup();
            store::set_reasons(work, zone, call.id, &all).await?;
        }
        None => {
            let calendar = clock::calendar(work, zone).await?;
            let today = calendar.next_working(calendar.local_day(now.stamp()));
            store::insert_call(work, zone, Uuid::now_v7(), appeal, &why, Day(today), now).await?;
        }
    }
    Ok(())
}

/// Somebody called, whether or not he was asked to.
pub(in super::super) async fn called(
    work: &mut Work,
    a: &Appeal,
    verdict: Verdict,
    level: Option<i64>,
    note: Option<&str>,
) -> Result<()> {
    let (zone, now, by) = (a.zone_id, work.now, work.who.person_id);
    let calendar = clock::calendar(work, zone).await?;
    let today = calendar.local_day(now.stamp());
    let open = match store::open_call(work, zone, a.id).await? {
        Some(call) => Some(call),
        // Nobody was asked to call: that he did counts, that nobody answered does not.
        None if verdict == Verdict::NotReached => None,
        None => {
            store::insert_call(work, zone, Uuid::now_v7(), a.id, &[], Day(today), now).await?;
            store::open_call(work, zone, a.id).await?
        }
    };
    let Some(call) = open else { return Ok(()) };
    let mut tried = call.tried();
    let state = match verdict {
        Verdict::Solved | Verdict::Partly | Verdict::NotSolved => CallState::Reached,
        Verdict::Refused => CallState::Refused,
        Verdict::NotReached => {
            tried = tried.again(Day(today));
            let tomorrow = Day(calendar.next_working(calendar.add_working_days(today, 1)));
            store::tried(work, zone, call.id, tried, tried.next(Day(today), tomorrow)).await?;
            if !tried.is_over() {
                return Ok(());
            }
            CallState::Unreached
        }
    };
    let end = Ended { state, verdict: Some(verdict), level, note, by, at: now };
    store::end_call(work, zone, call.id, &end).await?;
    if state == CallState::Reached {
        store::cases_called(work, zone, a.id, by, now).await?;
    }
    Ok(())
}

/// It is worked on again: nobody is called back about what it was.
pub(in super::super) async fn worked_again(work: &mut Work, a: &Appeal) -> Result<()> {
    let now = work.now;
    Ok(store::drop_calls(work, a.zone_id, a.id, now).await?)
}

/// The enterprise rated. `contact_due_at` says until when a bad rating is called about.
pub(in super::super) async fn rated(
    work: &mut Work,
    a: &Appeal,
    name: Option<&str>,
    contact_due_at: Option<Option<Time>>,
) -> Result<()> {
    let Some(level) = a.rating else { return Ok(()) };
    let how = match (work.who.via, a.confirmation) {
        (_, Some(Confirmation::Phone)) => How::Phone,
        (Via::Link, _) => How::Link,
        _ => How::Account,
    };
    let given = Given {
        id: Uuid::now_v7(),
        appeal_id: a.id,
        level,
        text: a.rating_text.as_deref(),
        how,
        by_name: name,
        by: work.who.person_id,
        at: work.now,
        contact_due_at,
    };
    Ok(store::insert_rating(work, a.zone_id, &given).await?)
}

/// Takes over the due time of a clock that the calendar moved.
pub(in super::super) async fn take_over(work: &mut Work, owner: &str, clock: &clock::Clock) -> Result<()> {
    let zone = work.zone();
    match (owner, clock.kind) {
        ("appeal", ClockKind::Contact) => {
            store::set_contact_due(work, zone, clock.owner_id, clock.due_at).await?;
        }
        ("appeal_rating", ClockKind::Fix) => store::set_fix_due(work, zone, clock.owner_id, clock.due_at).await?,
        _ => {}
    }
    Ok(())
}

/// The appeal that a rating is about.
pub(in super::super) async fn appeal_of_rating(tx: &mut Tx, zone: Uuid, rating: Uuid) -> Result<Option<Uuid>> {
    Ok(store::CASES.one(tx, zone, rating).await?.map(|case| case.appeal_id))
}

// ---- return calls ----

/// Which calls.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Only those to be made by today.
    pub today: bool,
    /// Where they stand; open ones when absent.
    pub state: Option<CallState>,
    /// `call` (the default) or `made`; with `-` the latest first.
    pub sort: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many.
    pub limit: i64,
}

/// The calls that somebody may make or made.
pub async fn calls(app: &App, who: &Actor, filter: &CallFilter) -> Result<Page<Call>> {
    who.must(CALLERS)?;
    let walk = Walk::read(store::CALL_KEYS, "call", filter.sort.as_deref(), filter.cursor.as_deref(), filter.limit)?;
    let mut tx = app.read().await?;
    let mut condition = sight::callable(who);
    match filter.state.unwrap_or(CallState::Open) {
        // The word itself opens the index over what is open.
        CallState::Open => drop(condition.push(" AND x.state = 'open'")),
        state => drop(condition.push(" AND x.state = ").arg(state)),
    }
    if filter.today {
        let today = Zone::get(&mut tx, who.zone_id).await?.day(app.now());
        condition.push(" AND x.call_on <= ").arg(today);
    }
    sight::page(&mut tx, who, &store::CALLS, condition, &walk).await
}

/// A call with what is needed to make it.
pub struct CallView {
    /// The call.
    pub call: Call,
    /// The appeal.
    pub appeal: Appeal,
    /// Whom to call, where he agreed to that.
    pub callee: Option<Callee>,
    /// Why it cannot be made now, by whoever reads this: the code of `conflict-<code>`.
    pub why_not: Option<&'static str>,
}

/// One call, for whoever makes it. That the number was looked at leaves a trace.
pub async fn call(app: &App, who: &Actor, id: Uuid, address: IpAddr) -> Result<CallView> {
    who.must(CALLERS)?;
    let mut tx = app.read().await?;
    let mut call = store::CALLS.one(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let seen = step::see(&mut tx, who, call.appeal_id, false).await?;
    sight::mask(who, &mut call);
    let facts = appeals::facts_of(&mut tx, who, &seen, app.now()).await?;
    let why_not = match turn(seen.appeal.status, Action::ReturnVisit, seen.hats) {
        _ if call.state != CallState::Open => Some("call_over"),
        Ok(_) => guard(Action::ReturnVisit, &facts).err(),
        Err(_) => Some("call_not_yours"),
    };
    let callee = match why_not {
        None if !seen.masked => contact::callee(&mut tx, &seen.appeal).await?,
        _ => None,
    };
    drop(tx);
    if callee.as_ref().is_some_and(|callee| callee.phone.is_some()) {
        let shown = Trace { kind: trace::Kind::ContactShow, table: "appeal", id: Some(call.appeal_id), count: Some(1) };
        trace::note(app, who, address, shown).await?;
    }
    Ok(CallView { call, appeal: seen.appeal, callee, why_not })
}

/// Writes a call down: what was found, or that nobody answered. One save.
pub async fn log(app: &App, who: &Actor, id: Uuid, said: Logged) -> Result<Uuid> {
    who.must(CALLERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let call = store::CALLS.one(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    if call.state != CallState::Open {
        step::see(&mut work, who, call.appeal_id, false).await?;
        return Err(Error::state("call_over"));
    }
    let reached = !matches!(said.verdict, Verdict::NotReached | Verdict::Refused);
    if reached && said.rating.is_none() {
        return Err(Error::field("rating", "required"));
    }
    let act = Act::ReturnVisit { verdict: said.verdict, rating: said.rating.filter(|_| reached), text: said.note };
    appeals::act_in(&mut work, call.appeal_id, act).await?;
    work.commit(id).await
}

// ---- bad ratings ----

/// Who looks into bad ratings.
pub const CASE_READERS: Roles = OFFICE;

/// The bad ratings that somebody may know of.
pub async fn cases(
    app: &App,
    who: &Actor,
    state: Option<CaseState>,
    overdue: bool,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Case>> {
    who.must(CASE_READERS)?;
    let walk = Walk::read(store::CASE_KEYS, "-at", None, cursor, limit)?;
    let mut condition = records::visible(who);
    if state != Some(CaseState::Done) {
        condition.push(" AND x.state IS NOT NULL AND x.state <> 'done'");
    }
    if let Some(state) = state {
        condition.push(" AND x.state = ").arg(state);
    }
    if overdue {
        let now = app.now();
        condition.push(" AND (x.state = 'contact' AND x.contacted_at IS NULL AND x.contact_due_at < ").arg(now);
        condition.push(" OR x.state = 'fix' AND x.fix_due_at < ").arg(now).push(")");
    }
    let mut tx = app.read().await?;
    sight::page(&mut tx, who, &store::CASES, condition, &walk).await
}

/// A bad rating with what can be done about it.
pub struct CaseView {
    /// The rating.
    pub case: Case,
    /// Its deadlines, explained.
    pub dues: Vec<Explanation>,
    /// Whether the reader may write down what he found.
    pub may_verify: bool,
    /// Whether the reader may say that it was put right.
    pub may_fix: bool,
}

/// One bad rating.
pub async fn case(app: &App, who: &Actor, id: Uuid) -> Result<CaseView> {
    who.must(CASE_READERS)?;
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let mut case =
        store::CASES.one(&mut tx, zone, id).await?.filter(|case| case.state.is_some()).ok_or(Error::NotFound)?;
    let seen = step::see(&mut tx, who, case.appeal_id, false).await?;
    sight::mask(who, &mut case);
    let calendar = clock::calendar(&mut tx, zone).await?;
    let mut clocks = clock::of(&mut tx, zone, &[case.appeal_id, case.id]).await?;
    clocks.retain(|clock| matches!(clock.kind, ClockKind::Contact | ClockKind::Fix));
    let dues = Explanation::of(&mut tx, zone, clocks, &calendar).await?;
    let may_verify = case.state == Some(CaseState::Contact) && may_verify(who, &seen.appeal, seen.hats);
    let may_fix = case.state == Some(CaseState::Fix) && seen.hats.any(&[Hat::Lead, Hat::Desk]);
    Ok(CaseView { case, dues, may_verify, may_fix })
}

/// Whoever looks into a bad rating coordinates or supervises, or answers for the
/// enterprise, and is not of the department that led.
fn may_verify(who: &Actor, appeal: &Appeal, hats: crate::appeal::Hats) -> bool {
    let own = appeal.lead_department_id.is_some_and(|lead| who.departments().contains(&lead));
    !own && hats.any(&[Hat::Desk, Hat::Overseer, Hat::Keeper])
}

/// Somebody called about a bad rating and writes down what it was. A valid one is put
/// right by a day, which its clock keeps; others are done.
pub async fn verify(app: &App, who: &Actor, id: Uuid, said: Verified) -> Result<Uuid> {
    who.must(CASE_READERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let case = store::CASES.one(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    let seen = step::see(&mut work, who, case.appeal_id, true).await?;
    who.saw(case.version)?;
    if case.state != Some(CaseState::Contact) {
        return Err(Error::state("case_verified"));
    }
    if !may_verify(who, &seen.appeal, seen.hats) {
        return Err(Error::Forbidden);
    }
    let calendar = clock::calendar(&mut work, zone).await?;
    let said = checked(said, &calendar, now)?;
    let mut fix_due_at = None;
    if let Some(day) = said.fix_on {
        let days = calendar.remaining(calendar.local_day(now.stamp()), day.0);
        let limit = Limit::working_days(u32::try_from(days).unwrap_or(1));
        let new = NewClock {
            owner: "appeal_rating",
            owner_id: id,
            kind: ClockKind::Fix,
            limit,
            mode: ClockMode::Office,
            told: Told::Office,
        };
        fix_due_at = clock::start(&mut work, &calendar, vec![new]).await?.first().and_then(|clock| clock.due_at);
    }
    clock::stop(&mut work, case.appeal_id, ClockKind::Contact).await?;
    let to = if said.found == Found::Valid { CaseState::Fix } else { CaseState::Done };
    if !store::verify(&mut work, zone, &case, to, &said, (who.person_id, now), fix_due_at).await? {
        return Err(Error::Conflict(Conflict::Stale(case.version)));
    }
    let subject = step::subject_of(&seen.appeal);
    let made = json!({"found": said.found, "rectification": said.rectification, "fix_on": said.fix_on});
    work.log("appeal.rating_verify", subject, Change::made(made).because(said.reason)).await?;
    if to == CaseState::Fix {
        let people = step::workers_of(&mut work, &seen.appeal).await?;
        let args = step::told_of(&seen.appeal);
        for person in step::not_accused(&mut work, &seen.appeal, people).await? {
            work.notify(person, "appeal.rating_to_fix", subject, args.clone()).await?;
        }
    }
    work.commit(id).await
}

/// What was found names its reason; what is valid says what is done, and by when.
fn checked(said: Verified, calendar: &Calendar, now: Time) -> Result<Verified> {
    let mut check = Check::new();
    let reason = check.text("reason", &said.reason, 500);
    let valid = said.found == Found::Valid;
    let rectification = check.opt_text("rectification", said.rectification.as_deref(), 500).filter(|_| valid);
    check.that(!valid || rectification.is_some(), "rectification", "required");
    let fix_on = said.fix_on.filter(|_| valid);
    let today = calendar.local_day(now.stamp());
    match fix_on {
        None => drop(check.that(!valid, "fix_on", "required")),
        Some(day) => {
            check.that(calendar.is_working(day.0), "fix_on", "rest_day");
            let left = calendar.remaining(today, day.0);
            if !(1..=FIX_DAYS).contains(&left) {
                check.add(FieldError::new("fix_on", "fix_within").with("max", FIX_DAYS));
            }
        }
    }
    check.done()?;
    Ok(Verified { found: said.found, reason, rectification, fix_on })
}

/// It was put right: the enterprise is called back.
pub async fn fixed(app: &App, who: &Actor, id: Uuid, note: &str) -> Result<Uuid> {
    who.must(CASE_READERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let case = store::CASES.one(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    let seen = step::see(&mut work, who, case.appeal_id, true).await?;
    who.saw(case.version)?;
    if case.state != Some(CaseState::Fix) {
        return Err(Error::state("case_not_to_fix"));
    }
    if !seen.hats.any(&[Hat::Lead, Hat::Desk]) {
        return Err(Error::Forbidden);
    }
    let mut check = Check::new();
    let note = check.text("note", note, 500);
    check.done()?;
    clock::stop(&mut work, id, ClockKind::Fix).await?;
    if !store::fixed(&mut work, zone, &case, &note, who.person_id, now).await? {
        return Err(Error::Conflict(Conflict::Stale(case.version)));
    }
    due(&mut work, zone, case.appeal_id, vec![Why::BadRating]).await?;
    work.log("appeal.rating_fix", step::subject_of(&seen.appeal), Change::default().because(note)).await?;
    work.commit(id).await
}

// ---- what waits ----

/// What waits for somebody besides his own cases: calls to make today, bad ratings to
/// look into, exclusions to decide.
pub async fn lines(app: &App, who: &Actor) -> Result<Vec<todo::Line>> {
    if !who.roles.meets(CALLERS) || who.person_id.is_none() {
        return Ok(Vec::new());
    }
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let today = Zone::get(&mut tx, zone).await?.day(app.now());
    let mut calls = sight::callable(who);
    calls.push(" AND x.state = 'open' AND x.call_on <= ").arg(today);
    let calls = store::CALLS.count(&mut tx, zone, calls, TOTAL_CAP + 1).await?;
    let cases = if who.roles.meets(OVERSEERS) || who.has(Role::Dispatcher) {
        let mut open = records::visible(who);
        open.push(" AND x.state IS NOT NULL AND x.state <> 'done' AND x.state = 'contact'");
        store::CASES.count(&mut tx, zone, open, TOTAL_CAP + 1).await?
    } else {
        0
    };
    let exclusions = super::exclusion::waiting(&mut tx, who).await?;
    let lines = [
        todo::Line { text: "home-calls", n: calls, href: "/appeals/calls" },
        todo::Line { text: "home-bad-ratings", n: cases, href: "/appeals/ratings?state=contact" },
        todo::Line { text: "home-exclusions", n: exclusions, href: "/appeals/exclusions?state=asked" },
    ];
    Ok(lines.into_iter().filter(|line| line.n > 0).collect())
}

/// What the page of an appeal shows of its result.
pub struct OfAppeal {
    /// Every rating, oldest first.
    pub ratings: Vec<Case>,
    /// Every return call, oldest first.
    pub calls: Vec<Call>,
    /// Every request to leave it out of the rates, oldest first.
    pub exclusions: Vec<Exclusion>,
    /// The link to confirm, with the day until which it works, for whoever may hand it on.
    pub link: Option<(Handed, Day)>,
    /// Whether the reader may ask to leave it out.
    pub may_exclude: bool,
}

/// What the page of an appeal shows of its result, for the office.
pub async fn of_appeal(app: &App, who: &Actor, id: Uuid) -> Result<Option<OfAppeal>> {
    if !who.is(OFFICE) {
        return Ok(None);
    }
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let seen = step::see(&mut tx, who, id, false).await?;
    let exclusions = store::EXCLUSIONS.of(&mut tx, zone, id).await?;
    let calendar = clock::calendar(&mut tx, zone).await?;
    let until = open_until(&seen.appeal, &calendar);
    let link = until
        .filter(|_| hands_on(&seen) && app.now() < end_of(&calendar, until))
        .map(|day| (handed(app, zone, &seen.appeal), day));
    Ok(Some(OfAppeal {
        ratings: store::CASES.of(&mut tx, zone, id).await?,
        calls: store::CALLS.of(&mut tx, zone, id).await?,
        may_exclude: seen.hats.any(&[Hat::Lead, Hat::Desk])
            && seen.appeal.answered_at.is_some()
            && exclusions.iter().all(|one| one.state == super::ExclusionState::Refused),
        exclusions,
        link,
    }))
}

// ---- rates ----

/// What the rates are asked.
#[derive(Clone, Debug)]
pub struct RatesQuery {
    /// The first day; thirty days before the last when absent.
    pub from: Option<Day>,
    /// The last day; today when absent.
    pub to: Option<Day>,
    /// By what they are split.
    pub split: Split,
}

/// The rates of a period.
pub struct Rates {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// What counts as satisfied.
    pub policy: Policy,
    /// Each rate: the whole, and its parts.
    pub all: Vec<(Measure, Rate, Vec<Group>)>,
}

/// The days and the period that somebody asks for.
async fn period(
    tx: &mut Tx,
    zone_id: Uuid,
    now: Time,
    from: Option<Day>,
    to: Option<Day>,
) -> Result<(Day, Day, Period)> {
    let zone = Zone::get(tx, zone_id).await?;
    let days = Days::asked(&zone, now, from, to, 30)?;
    let (begins, ends) = days.bounds(&zone.time_zone())?;
    let policy = Policy::of(&zone.settings);
    Ok((days.from, days.to, Period { from: begins, to: ends, zone: zone_id, policy }))
}

/// One rate by department or category, of what somebody may see.
async fn groups(tx: &mut Tx, who: &Actor, measure: Measure, period: &Period, split: Split) -> Result<Vec<Group>> {
    let zone = who.zone_id;
    let mut condition = records::visible(who);
    condition.append(measure.whole(period));
    let hit = measure.hit(period);
    let rate =
        |denominator, numerator, excluded, excluded_hits| Rate { numerator, denominator, excluded, excluded_hits };
    Ok(match split {
        Split::Department => {
            let names = store::department_names(tx, zone).await?;
            let mut rows = store::counted::<Uuid>(tx, zone, "a.lead_department_id", condition, hit).await?;
            let place = |id: &Option<Uuid>| names.iter().position(|(name, _)| Some(*name) == *id).unwrap_or(usize::MAX);
            rows.sort_by_key(|(id, ..)| place(id));
            let name = |id: Option<Uuid>| names.iter().find(|(one, _)| Some(*one) == id).map(|(_, name)| name.clone());
            rows.into_iter()
                .map(|(id, d, n, x, xn)| Group {
                    key: id.map(|id| id.to_string()),
                    name: name(id),
                    rate: rate(d, n, x, xn),
                })
                .collect()
        }
        Split::Category => {
            let mut rows = store::counted::<String>(tx, zone, "a.category", condition, hit).await?;
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            rows.into_iter().map(|(key, d, n, x, xn)| Group { key, name: None, rate: rate(d, n, x, xn) }).collect()
        }
    })
}

/// Every rate over a period, of what somebody may see.
pub async fn rates(app: &App, who: &Actor, query: &RatesQuery) -> Result<Rates> {
    who.must(OFFICE)?;
    let mut tx = app.db.snapshot().await?;
    let (from, to, period) = period(&mut tx, who.zone_id, app.now(), query.from, query.to).await?;
    let mut all = Vec::new();
    for measure in Measure::ALL {
        let groups = groups(&mut tx, who, *measure, &period, query.split).await?;
        let whole = groups.iter().fold(Rate::default(), |sum, group| sum.plus(group.rate));
        all.push((*measure, whole, groups));
    }
    tx.commit().await?;
    Ok(Rates { from, to, policy: period.policy, all })
}

/// A rate as conditions on an appeal `a`, for figures that others show: which are its
/// whole (with ` AND`), and which of them count.
pub async fn conditions(tx: &mut Tx, zone: Uuid, measure: Measure, from: Time, to: Time) -> Result<(Sql, Sql)> {
    let policy = Policy::of(&Zone::get(tx, zone).await?.settings);
    let period = Period { from, to, zone, policy };
    Ok((measure.whole(&period), measure.hit(&period)))
}

/// What the list behind a number is asked.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Which rate.
    pub measure: Measure,
    /// Which of its appeals.
    pub part: Part,
    /// Whether what another unit left out is not among them.
    pub without: bool,
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
    /// The department that led; `Some(None)` for what nobody led.
    pub department: Option<Option<Uuid>>,
    /// The category.
    pub category: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many.
    pub limit: i64,
}

/// The appeals that a number counts: exactly so many rows.
pub async fn counted(app: &App, who: &Actor, asked: &Counted) -> Result<Page<Line>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let (_, _, period) = period(&mut tx, who.zone_id, app.now(), asked.from, asked.to).await?;
    let mut condition = records::visible(who);
    condition.append(asked.measure.of(asked.part, asked.without, &period));
    match asked.department {
        Some(Some(id)) => drop(condition.push(" AND a.lead_department_id = ").arg(id)),
        Some(None) => drop(condition.push(" AND a.lead_department_id IS NULL")),
        None => {}
    }
    if let Some(category) = &asked.category {
        condition.push(" AND a.category = ").arg(category.as_str());
    }
    let walk = Walk::read(records::KEYS, "-created", None, asked.cursor.as_deref(), asked.limit)?;
    let total = store::count_appeals(&mut tx, who.zone_id, condition.clone()).await?;
    let (mut items, next_cursor) = records::page(&mut tx, who.zone_id, condition, &walk).await?;
    for line in &mut items {
        appeals::hide(who, line);
    }
    Ok(Page { items, next_cursor, total: Some(total), total_at_least: None })
}

// ---- the link to confirm ----

/// The last day on which the link of an appeal works, while its answer is before the
/// enterprise or was accepted by that link's round.
fn open_until(a: &Appeal, calendar: &Calendar) -> Option<Day> {
    let reviewed = a.reviewed_at.filter(|_| a.status == Status::Reviewed)?;
    Some(Day(calendar.add_working_days(calendar.local_day(reviewed.stamp()), LINK_DAYS)))
}

fn end_of(calendar: &Calendar, day: Option<Day>) -> Time {
    day.map_or(Time::from_ms(0), |day| Time::of(calendar.close(day.0)))
}

/// Whether somebody hands the link on: who may write down what the enterprise says on
/// the telephone, or sends it on its way. Never the department that is complained about.
fn hands_on(seen: &step::Seen) -> bool {
    !seen.masked && seen.hats.any(&[Hat::Keeper, Hat::Desk, Hat::Lead, Hat::Overseer])
}

fn handed(app: &App, zone: Uuid, a: &Appeal) -> Handed {
    link::handed(app.db.keyring(), Opens::Confirm, CONFIRM, zone, a.id, a.link_serial)
}

/// Makes a new link and a new code; whoever has the old ones reads nothing more.
pub async fn renew(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(OFFICE)?;
    let mut work = app.work(who).await?;
    let seen = step::see(&mut work, who, id, true).await?;
    if !hands_on(&seen) {
        return Err(Error::Forbidden);
    }
    if seen.appeal.status != Status::Reviewed {
        return Err(Error::state("link_not_now"));
    }
    let zone = work.zone();
    store::renew_link(&mut work, zone, id).await?;
    let change = Change::made(json!({"number": seen.appeal.number}));
    work.log("appeal.link", step::subject_of(&seen.appeal), change).await?;
    work.commit(id).await
}

/// The link of an appeal, for the office to hand on.
pub async fn link_of(app: &App, who: &Actor, id: Uuid) -> Result<(Handed, Day)> {
    let found = of_appeal(app, who, id).await?.ok_or(Error::Forbidden)?;
    found.link.ok_or(Error::state("link_not_now"))
}

/// What the enterprise reads that has only the link.
pub struct Shown {
    /// The appeal.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Whose it is.
    pub subject: String,
    /// Who led.
    pub department: Option<String>,
    /// The result.
    pub result: Option<ResultKind>,
    /// What was answered.
    pub answer: String,
    /// Whether it may still be confirmed.
    pub open: bool,
    /// How it was rated, once it was.
    pub rating: Option<i64>,
    /// Until when the link works.
    pub until: Option<Day>,
    /// The appeal's version.
    pub version: i64,
    /// The zone.
    pub zone: Zone,
}

/// Who comes by a link, and what he reads. A link that is altered or withdrawn, or whose
/// answer is worked on again or too old, leads nowhere.
pub async fn by_link(app: &App, token: &str) -> Result<(Actor, Shown)> {
    let (zone_id, id) = link::read(token).ok_or(Error::NotFound)?;
    let mut tx = app.read().await?;
    let appeal = records::appeal(&mut tx, zone_id, id).await?.ok_or(Error::NotFound)?;
    if !link::genuine(app.db.keyring(), Opens::Confirm, token, zone_id, id, appeal.link_serial) {
        return Err(Error::NotFound);
    }
    let (kind, role, scope, subject_id) = match (appeal.enterprise_id, appeal.project_id) {
        (Some(id), _) => (SubjectKind::Enterprise, Role::Enterprise, Scope::Enterprise(id), id),
        (None, Some(id)) => (SubjectKind::Project, Role::Project, Scope::Project(id), id),
        (None, None) => return Err(Error::NotFound),
    };
    let calendar = clock::calendar(&mut tx, zone_id).await?;
    let reviewed = appeal.reviewed_at.ok_or(Error::NotFound)?;
    let until = Day(calendar.add_working_days(calendar.local_day(reviewed.stamp()), LINK_DAYS));
    let over = app.now() > end_of(&calendar, Some(until));
    let answered = matches!(appeal.status, Status::Reviewed | Status::ReturnVisit | Status::Closed);
    if over || !answered || !appeal.answer_is_out() {
        return Err(Error::NotFound);
    }
    let named = subject::named(&mut tx, zone_id, kind, subject_id).await?;
    let line = records::line(&mut tx, zone_id, id).await?.ok_or(Error::NotFound)?;
    let zone = Zone::get(&mut tx, zone_id).await?;
    let who =
        Actor { name: named.name.clone(), roles: Roles::of(&[role]), scope, via: Via::Link, ..Actor::rule(zone_id) };
    let shown = Shown {
        id,
        open: appeal.status == Status::Reviewed,
        until: open_until(&appeal, &calendar),
        number: appeal.number,
        title: appeal.title,
        subject: named.name,
        department: line.lead_department_name,
        result: appeal.result,
        answer: appeal.answer.unwrap_or_default(),
        rating: appeal.rating,
        version: appeal.version,
        zone,
    };
    Ok((who, shown))
}

/// The token of the answer that a number and a code open, if they do.
pub async fn by_code(app: &App, number: &str, code: &str) -> Result<String> {
    let number = number.trim().to_uppercase();
    let keys = app.db.keyring();
    let mut tx = app.read().await?;
    for (zone, id, serial) in store::numbered(&mut tx, &number).await? {
        if link::opened_by(keys, Opens::Confirm, code, zone, id, serial) {
            return Ok(link::token(keys, Opens::Confirm, zone, id, serial));
        }
    }
    Err(Error::field("code", "receipt_code"))
}

/// What somebody says by the link.
#[derive(Clone, Debug)]
pub enum Word {
    /// It is accepted and rated.
    Confirm {
        /// 1 to 5.
        rating: i64,
        /// In words.
        text: Option<String>,
        /// Who says so.
        name: String,
    },
    /// It is not accepted.
    Dispute {
        /// Why.
        reason: String,
    },
}

/// The enterprise says by its link what it thinks of the answer. `once` is the one-time
/// key of its form, `version` what it saw.
pub async fn say_by_link(app: &App, token: &str, word: Word, once: Option<Once>, version: Option<i64>) -> Result<Uuid> {
    let (mut who, shown) = by_link(app, token).await?;
    who.must(OUTSIDE)?;
    who.once = once;
    who.seen_version = version;
    let act = match word {
        Word::Confirm { rating, text, name } => {
            let mut check = Check::new();
            who.name = check.text("name", &name, 60);
            check.done()?;
            Act::Confirm { rating, text }
        }
        Word::Dispute { reason } => Act::Dispute { reason },
    };
    appeals::act(app, &who, shown.id, act).await
}
