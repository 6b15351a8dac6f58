//! What can be done with planned visits.

use super::feed::{self, Event};
use super::store::{self, Move, Step};
use super::{Companion, LAPSE_DAYS, Near, NewPlan, NewTime, Plan, PlanAnswer, PlanRecord, PlanState, Side, near_span};
use crate::actor::{Actor, OFFICE, OUTSIDE, Once, Role, Roles, Scope, Via};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::reach;
use crate::continuity::desk as continuity;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::http::session;
use crate::link::{self, Opens};
use crate::list::{cut, read_cursor};
use crate::subject::{self, Named, SubjectKind, accounts};
use crate::text::Lang;
use crate::time::{DAY_MS, Time};
use crate::todo::ToDo;
use crate::visit::desk::{READERS, RECORDERS, end_of};
use crate::visit::rules::desk as rules;
use crate::visit::{Channel, VisitKind};
use crate::zone::Zone;
use ::store::Tx;
use almanac::Light;
use serde_json::json;
use uuid::Uuid;

pub use super::store::PlanFilter;

/// A link to a plan shows it for so long after the day.
const LINK_DAYS: i64 = 30;
/// A calendar holds what was so many days ago, and what is within a year.
const FEED_PAST_DAYS: i64 = 90;
/// No calendar page or feed holds more.
const MANY: i64 = 500;

/// Visits and plans of anybody within seven days of a time. Whoever plans may
/// see that somebody comes, not what was said.
pub async fn near(app: &App, who: &Actor, subject_id: Uuid, at: Time) -> Result<Vec<Near>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    Ok(store::near(&mut tx, who.zone_id, subject_id, near_span(at), None).await?)
}

/// What counts against the bound on visits at a time, and the days of that bound: one
/// who is refused by it sees whom he can join.
pub async fn counted(app: &App, who: &Actor, subject_id: Uuid, at: Time) -> Result<(Vec<Near>, i64)> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let rules = rules::get(&mut tx, who.zone_id).await?;
    let others = store::near(&mut tx, who.zone_id, subject_id, rules.cap_span(at), None).await?;
    Ok((others, rules.cap_days))
}

/// A plan about to get its time.
struct Timed<'a> {
    /// The plan itself, when it is moved.
    id: Option<Uuid>,
    subject_id: Uuid,
    kind: VisitKind,
    channel: Channel,
    at: Time,
    despite: Option<&'a str>,
}

/// Notes what speaks against the time: others who come in the same days, or more
/// visits than the zone has settled. A reason lets it pass. Answers whether it is
/// more than settled. An emergency waits for nobody, but goes beyond the bound with a
/// reason that can be read afterwards. The subject is held alone: of two who count at
/// the same time the second counts the first.
async fn check_time(work: &mut Work, timed: &Timed<'_>, check: &mut Check) -> Result<bool> {
    let zone = work.zone();
    check.that(timed.at >= work.now.plus(-DAY_MS), "planned_at", "in_past");
    if !timed.channel.is_on_site() {
        return Ok(false);
    }
    let rules = rules::get(work, zone).await?;
    let others = store::on_site(work, zone, timed.subject_id, rules.cap_span(timed.at), timed.id).await?;
    let over = rules.over_cap(timed.channel, timed.at, &others);
    let urgent = timed.kind == VisitKind::Emergency;
    if timed.despite.is_none() {
        if over {
            let code = if urgent { "over_cap_urgent" } else { "over_cap" };
            check.add(FieldError::new("despite", code).with("n", rules.cap).with("days", rules.cap_days));
        } else if !urgent {
            let near = store::near(work, zone, timed.subject_id, near_span(timed.at), timed.id).await?;
            check.that(near.is_empty(), "despite", "visited_near");
        }
    }
    Ok(over)
}

/// Proposes a visit to an enterprise. When others come within seven days, or it is
/// oftener than the zone has settled, it must say why it comes all the same, or go
/// together with them.
pub async fn plan(app: &App, who: &Actor, new: NewPlan) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let (kind, subject_id) = continuity::subject_of(new.enterprise_id, new.project_id)?;
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::plan(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let subject = subject::held_alone(&mut work, zone, kind, subject_id).await?;
    let mut check = Check::new();
    let purpose = check.text("purpose", &new.purpose, 200);
    let despite = check.opt_text("despite", new.despite.as_deref(), 200);
    let timed = Timed {
        id: None,
        subject_id,
        kind: new.kind.unwrap_or(VisitKind::Routine),
        channel: new.channel.unwrap_or(Channel::Onsite),
        at: new.planned_at,
        despite: despite.as_deref(),
    };
    let over_cap = check_time(&mut work, &timed, &mut check).await?;
    check.done()?;
    let new = NewPlan { purpose, despite, ..new };
    store::insert(&mut work, id, kind, subject_id, &new, over_cap).await?;
    let about = Subject::about("visit_plan", id, subject_id);
    let made = json!({
        "purpose": new.purpose, "planned_at": new.planned_at, "despite": new.despite, "kind": new.kind,
        "channel": new.channel, "over_cap": over_cap,
    });
    work.log("visit.plan", about, Change::made(made)).await?;
    for person in accounts(&mut work, zone, kind, subject_id).await? {
        work.notify(person, "visit.planned", about, json!({"subject": subject.short_name, "purpose": new.purpose}))
            .await?;
    }
    work.commit(id).await
}

/// One plan, for whom it concerns: who reaches the subject and who goes.
pub async fn plan_of(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Plan> {
    Ok(record(tx, who, id).await?.plan)
}

/// One plan with those who go along.
pub async fn record(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<PlanRecord> {
    who.must(READERS)?;
    let plan = store::plan(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let companions = store::companions(tx, who.zone_id, &[id]).await?;
    let record = PlanRecord { plan, companions };
    if !record.goes(who.person_id) && !reach::reaches(tx, who, record.plan.subject_id).await? {
        return Err(Error::NotFound);
    }
    Ok(PlanRecord { plan: for_reader(who, record.plan), ..record })
}

/// A plan as somebody may read it: why the office comes in spite of its own bound is
/// no matter of the enterprise's.
fn for_reader(who: &Actor, mut plan: Plan) -> Plan {
    if side(who) == Side::Outside {
        (plan.despite, plan.over_cap) = (None, false);
    }
    plan
}

/// Plans that the actor may see, the earliest first.
pub async fn plans(
    app: &App,
    who: &Actor,
    filter: &PlanFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Plan>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let counted = store::count(&mut tx, who, filter).await?;
    let mut items = store::page(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |plan| Some((plan.planned_at, plan.id)));
    let items = items.into_iter().map(|plan| for_reader(who, plan)).collect();
    Ok(Page::new(items, next, counted))
}

/// Plans that no answer came to within the days of the zone's rules.
pub async fn unanswered(app: &App, who: &Actor) -> Result<PlanFilter> {
    let rules = rules::get(&mut app.read().await?, who.zone_id).await?;
    let since = app.now().plus(-rules.answer_days * DAY_MS);
    Ok(PlanFilter { unanswered_since: Some(since), ..PlanFilter::default() })
}

/// Open plans for a subject, the earliest first.
pub(in crate::visit) async fn open(tx: &mut Tx, who: &Actor, subject: Uuid) -> Result<Vec<Plan>> {
    let filter = PlanFilter { open: true, subject_id: Some(subject), ..PlanFilter::default() };
    let plans = store::first(tx, who, &filter, 20).await?;
    Ok(plans.into_iter().map(|plan| for_reader(who, plan)).collect())
}

/// What a calendar page shows: the plans of its days, with those who go along, and how
/// many there are. Of very many it shows the first and says so.
pub async fn calendar(app: &App, who: &Actor, filter: &PlanFilter) -> Result<(Vec<PlanRecord>, i64)> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let plans = store::first(&mut tx, who, filter, MANY).await?;
    let all = match plans.len() as i64 {
        MANY => store::count(&mut tx, who, filter).await?,
        n => n,
    };
    let plans = plans.into_iter().map(|plan| for_reader(who, plan)).collect();
    Ok((with_companions(&mut tx, who.zone_id, plans).await?, all))
}

async fn with_companions(tx: &mut Tx, zone: Uuid, plans: Vec<Plan>) -> Result<Vec<PlanRecord>> {
    let ids: Vec<Uuid> = plans.iter().map(|plan| plan.id).collect();
    let all = store::companions(tx, zone, &ids).await?;
    let of = |id: Uuid| all.iter().filter(|one| one.plan_id == id).cloned().collect::<Vec<Companion>>();
    Ok(plans.into_iter().map(|plan| PlanRecord { companions: of(plan.id), plan }).collect())
}

/// The side that an actor is of.
fn side(who: &Actor) -> Side {
    match who.scope {
        Scope::Enterprise(_) | Scope::Project(_) => Side::Outside,
        _ => Side::Office,
    }
}

/// Tells the other side of a plan: the enterprise's people, or all who go.
async fn tell(work: &mut Work, record: &PlanRecord, kind: &str) -> Result<()> {
    let (plan, zone) = (&record.plan, work.zone());
    let people = match side(&work.who) {
        Side::Office => accounts(work, zone, plan.subject_kind, plan.subject_id).await?,
        Side::Outside => plan.planned_by.into_iter().chain(record.companions.iter().map(|one| one.person_id)).collect(),
    };
    let about = Subject::about("visit_plan", plan.id, plan.subject_id);
    for person in people {
        work.notify(person, kind, about, json!({"subject": plan.subject_name, "purpose": plan.purpose})).await?;
    }
    Ok(())
}

/// Tells those of the office who go, but for the one who acts.
async fn tell_companions(work: &mut Work, record: &PlanRecord, kind: &str) -> Result<()> {
    let plan = &record.plan;
    let about = Subject::about("visit_plan", plan.id, plan.subject_id);
    let args = json!({"subject": plan.subject_name, "purpose": plan.purpose, "name": work.who.name});
    for person in plan.planned_by.into_iter().chain(record.companions.iter().map(|one| one.person_id)) {
        work.notify(person, kind, about, args.clone()).await?;
    }
    Ok(())
}

/// The enterprise agrees to a planned visit, names another day or declines; the
/// office cancels it.
pub async fn answer(app: &App, who: &Actor, id: Uuid, said: PlanAnswer) -> Result<Uuid> {
    who.must(RECORDERS.and(OUTSIDE))?;
    let mut work = app.work(who).await?;
    let record = record(&mut work, who, id).await?;
    let plan = &record.plan;
    who.saw(plan.version)?;
    if said.state.said_by() != Some(side(who)) {
        return Err(Error::Forbidden);
    }
    if said.state == PlanState::Cancelled && !settles(&mut work, who, plan).await? {
        return Err(Error::Forbidden);
    }
    if !plan.state.may_become(said.state) {
        return Err(Error::state("plan_ended"));
    }
    let mut check = Check::new();
    let reason = check.opt_text("reason", said.reason.as_deref(), 200);
    let other_at = said.other_at.filter(|_| said.state == PlanState::Countered);
    if said.state == PlanState::Countered {
        check.that(other_at.is_some(), "other_at", "required");
        check.that(other_at.is_none_or(|at| at > work.now), "other_at", "in_past");
    }
    check.done()?;
    let step = Step { state: said.state, reason: reason.as_deref(), other_at, visit: None };
    if !store::answer(&mut work, plan, &step).await? {
        return Err(Error::Conflict(Conflict::Stale(plan.version)));
    }
    let about = Subject::about("visit_plan", id, plan.subject_id);
    let (action, notice) = match said.state {
        PlanState::Agreed => ("visit.agree", "visit.agreed"),
        PlanState::Declined => ("visit.decline", "visit.declined"),
        PlanState::Countered => ("visit.counter", "visit.countered"),
        _ => ("visit.cancel", "visit.cancelled"),
    };
    let after = json!({"state": said.state, "purpose": plan.purpose, "other_at": other_at});
    let change = Change::from_to(json!({"state": plan.state}), after);
    work.log(action, about, change.because(reason.unwrap_or_default())).await?;
    tell(&mut work, &record, notice).await?;
    if said.state == PlanState::Cancelled {
        tell_companions(&mut work, &record, notice).await?;
    }
    work.commit(id).await
}

/// Gives a plan another time; the enterprise is asked again, unless it has named
/// that time itself.
pub async fn move_to(app: &App, who: &Actor, id: Uuid, new: NewTime) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let record = record(&mut work, who, id).await?;
    let plan = &record.plan;
    who.saw(plan.version)?;
    if !settles(&mut work, who, plan).await? {
        return Err(Error::Forbidden);
    }
    if !plan.state.is_open() {
        return Err(Error::state("plan_ended"));
    }
    match subject::held_alone(&mut work, who.zone_id, plan.subject_kind, plan.subject_id).await {
        // It was merged into another since the plan was read.
        Err(Error::NotFound) => return Err(Error::Conflict(Conflict::Stale(plan.version))),
        held => held?,
    };
    let mut check = Check::new();
    let reason = check.opt_text("reason", new.reason.as_deref(), 200);
    // What was said of another day tells nothing of this one.
    let despite = check.opt_text("despite", new.despite.as_deref(), 200);
    check.that(new.planned_at != plan.planned_at, "planned_at", "same_time");
    let timed = Timed {
        id: Some(id),
        subject_id: plan.subject_id,
        kind: plan.kind,
        channel: plan.channel,
        at: new.planned_at,
        despite: despite.as_deref(),
    };
    let over_cap = check_time(&mut work, &timed, &mut check).await?;
    check.done()?;
    let state = PlanState::moved(plan.other_at, new.planned_at);
    let to = Move { at: new.planned_at, state, reason: reason.as_deref(), despite: despite.as_deref(), over_cap };
    if !store::set_time(&mut work, plan, &to).await? {
        return Err(Error::Conflict(Conflict::Stale(plan.version)));
    }
    let about = Subject::about("visit_plan", id, plan.subject_id);
    let change = Change::from_to(
        json!({"planned_at": plan.planned_at, "state": plan.state}),
        json!({"planned_at": new.planned_at, "state": state, "despite": despite, "over_cap": over_cap}),
    );
    work.log("visit.move", about, change.because(reason.unwrap_or_default())).await?;
    tell(&mut work, &record, "visit.moved").await?;
    tell_companions(&mut work, &record, "visit.moved").await?;
    work.commit(id).await
}

/// Goes along with a plan instead of coming on another day. Whoever plans may see
/// that somebody comes, so he may ask to come along; the planner and the enterprise
/// are told.
pub async fn join(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let person = who.person()?;
    let mut work = app.work(who).await?;
    let plan = store::plan(&mut work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let companions = store::companions(&mut work, who.zone_id, &[id]).await?;
    let record = PlanRecord { plan, companions };
    who.saw(record.plan.version)?;
    if !record.plan.state.is_open() {
        return Err(Error::state("plan_ended"));
    }
    if record.goes(Some(person)) {
        return Err(Error::state("plan_joined"));
    }
    if !store::join(&mut work, id, person, who.department_id).await? || !store::touch(&mut work, &record.plan).await? {
        return Err(Error::Conflict(Conflict::Stale(record.plan.version)));
    }
    let about = Subject::about("visit_plan", id, record.plan.subject_id);
    let made = json!({"person_id": person, "department_id": who.department_id});
    work.log("visit.join", about, Change::made(made)).await?;
    tell(&mut work, &record, "visit.joining").await?;
    tell_companions(&mut work, &record, "visit.joined").await?;
    work.commit(id).await
}

/// No longer goes along.
pub async fn leave(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let person = who.person()?;
    let mut work = app.work(who).await?;
    let record = record(&mut work, who, id).await?;
    who.saw(record.plan.version)?;
    if !record.plan.state.is_open() {
        return Err(Error::state("plan_ended"));
    }
    if !store::leave(&mut work, id, person).await? || !store::touch(&mut work, &record.plan).await? {
        return Err(Error::state("plan_not_joined"));
    }
    let about = Subject::about("visit_plan", id, record.plan.subject_id);
    work.log("visit.leave", about, Change::made(json!({"person_id": person}))).await?;
    if let Some(planner) = record.plan.planned_by {
        let args = json!({"subject": record.plan.subject_name, "purpose": record.plan.purpose, "name": who.name});
        work.notify(planner, "visit.left", about, args).await?;
    }
    work.commit(id).await
}

/// The plan that a visit fulfils.
pub(in crate::visit) async fn fulfil(work: &mut Work, plan_id: Uuid, subject: &Named, visit: Uuid) -> Result<()> {
    let who = work.who.clone();
    let plan = match plan_of(work, &who, plan_id).await {
        Ok(plan) if plan.subject_id == subject.id && plan.state.can_take_place() => plan,
        Ok(_) | Err(Error::NotFound) => return Err(Error::field("plan_id", "unknown")),
        Err(error) => return Err(error),
    };
    let step = Step { state: PlanState::Done, reason: None, other_at: None, visit: Some(visit) };
    if !store::answer(work, &plan, &step).await? {
        return Err(Error::Conflict(Conflict::Stale(plan.version)));
    }
    let change = Change::from_to(json!({"state": plan.state}), json!({"state": PlanState::Done}));
    work.log("visit.fulfil", Subject::about("visit_plan", plan_id, subject.id), change).await
}

/// So many plans lapse in one transaction.
const BATCH: i64 = 100;

/// Lets open plans lapse whose day is long over: they count no longer, and those who
/// were to go are told. Answers how many.
pub async fn lapse(app: &App, zone: Uuid) -> Result<usize> {
    let mut lapsed = 0;
    loop {
        let mut work = app.work(&Actor::rule(zone)).await?;
        let before = work.now.plus(-LAPSE_DAYS * DAY_MS);
        let plans = store::left_over(&mut work, zone, before, BATCH).await?;
        if plans.is_empty() {
            return Ok(lapsed);
        }
        let records = with_companions(&mut work, zone, plans).await?;
        for record in &records {
            let plan = &record.plan;
            let reason = plan.reason.as_deref();
            let step = Step { state: PlanState::Lapsed, reason, other_at: None, visit: None };
            if !store::answer(&mut work, plan, &step).await? {
                continue;
            }
            let change = Change::from_to(json!({"state": plan.state}), json!({"state": PlanState::Lapsed}));
            work.log("visit.lapse", Subject::about("visit_plan", plan.id, plan.subject_id), change).await?;
            tell_companions(&mut work, record, "visit.lapsed").await?;
        }
        lapsed += records.len();
        work.commit(zone).await?;
    }
}

/// Whether somebody of the office may call a plan off or move it: whoever made it, and
/// whoever answers for whom it is to; going along is no say in it.
pub async fn settles(tx: &mut Tx, who: &Actor, plan: &Plan) -> Result<bool> {
    let made = plan.planned_by.is_some() && plan.planned_by == who.person_id;
    Ok(who.is(RECORDERS) && (made || reach::reaches(tx, who, plan.subject_id).await?))
}

// By link

/// A plan as the enterprise sees it that has only its link.
pub struct Invitation {
    /// The plan.
    pub record: PlanRecord,
    /// Where the visit is.
    pub address: Option<String>,
    /// The zone.
    pub zone: Zone,
}

/// The token of a plan's link, for the office to hand on.
pub fn link_of(app: &App, who: &Actor, plan: &Plan) -> Option<String> {
    let fits = who.is(RECORDERS) && plan.state.is_open();
    fits.then(|| link::token(app.db.keyring(), Opens::Plan, who.zone_id, plan.id, plan.link_serial))
}

/// Withdraws the link of a plan: whoever has it sees nothing more, and a new one can be
/// handed on.
pub async fn withdraw_link(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(RECORDERS)?;
    let mut work = app.work(who).await?;
    let plan = record(&mut work, who, id).await?.plan;
    who.saw(plan.version)?;
    if !settles(&mut work, who, &plan).await? {
        return Err(Error::Forbidden);
    }
    if !plan.state.is_open() {
        return Err(Error::state("plan_ended"));
    }
    if !store::withdraw_link(&mut work, &plan).await? {
        return Err(Error::Conflict(Conflict::Stale(plan.version)));
    }
    let about = Subject::about("visit_plan", id, plan.subject_id);
    work.log("visit.plan_link", about, Change::made(json!({"purpose": plan.purpose}))).await?;
    work.commit(id).await
}

/// Who comes by a link, and the plan. A link that is altered, withdrawn or long
/// past leads nowhere.
pub async fn by_link(app: &App, token: &str) -> Result<(Actor, Invitation)> {
    let (zone_id, id) = link::read(token).ok_or(Error::NotFound)?;
    let mut tx = app.read().await?;
    let plan = store::plan(&mut tx, zone_id, id).await?.ok_or(Error::NotFound)?;
    let genuine = link::genuine(app.db.keyring(), Opens::Plan, token, zone_id, id, plan.link_serial);
    if !genuine || plan.planned_at < app.now().plus(-LINK_DAYS * DAY_MS) {
        return Err(Error::NotFound);
    }
    let (role, scope) = match plan.subject_kind {
        SubjectKind::Enterprise => (Role::Enterprise, Scope::Enterprise(plan.subject_id)),
        SubjectKind::Project => (Role::Project, Scope::Project(plan.subject_id)),
        SubjectKind::Carrier => return Err(Error::NotFound),
    };
    let who = Actor {
        name: plan.subject_name.clone(),
        roles: Roles::of(&[role]),
        scope,
        via: Via::Link,
        ..Actor::rule(zone_id)
    };
    let address = store::address(&mut tx, zone_id, plan.subject_kind, plan.subject_id).await?;
    let zone = Zone::get(&mut tx, zone_id).await?;
    let mut records = with_companions(&mut tx, zone_id, vec![plan]).await?;
    let record = records.pop().ok_or(Error::NotFound)?;
    Ok((who, Invitation { record, address, zone }))
}

/// The enterprise answers by its link. `once` is the one-time key of its form,
/// `seen` the version that it saw.
pub async fn answer_by_link(
    app: &App,
    token: &str,
    said: PlanAnswer,
    once: Option<Once>,
    seen: Option<i64>,
) -> Result<Uuid> {
    let (mut who, invitation) = by_link(app, token).await?;
    who.once = once;
    who.seen_version = seen;
    answer(app, &who, invitation.record.plan.id, said).await
}

// The calendar of programs

/// The token of a person's calendar link, while one is open.
pub async fn feed_of(app: &App, who: &Actor) -> Result<Option<String>> {
    who.must(READERS)?;
    let person = who.person()?;
    let found = store::feed(&mut app.read().await?, who.zone_id, person).await?;
    Ok(found
        .filter(|(_, open)| *open)
        .map(|(serial, _)| link::token(app.db.keyring(), Opens::Calendar, who.zone_id, person, serial)))
}

/// Opens a new calendar link or revokes it; whoever has the old one reads nothing more.
pub async fn set_feed(app: &App, who: &Actor, open: bool) -> Result<Uuid> {
    who.must(READERS)?;
    let person = who.person()?;
    let mut work = app.work(who).await?;
    store::set_feed(&mut work, person, open).await?;
    work.log("visit.feed", Subject::new("person", person), Change::made(json!({"open": open}))).await?;
    work.commit(person).await
}

/// The calendar behind a link: the plans that the person goes along with, or those
/// to his enterprise.
pub async fn feed(app: &App, token: &str, lang: Lang) -> Result<String> {
    let (zone_id, person) = link::read(token).ok_or(Error::NotFound)?;
    let mut tx = app.read().await?;
    let (serial, open) = store::feed(&mut tx, zone_id, person).await?.ok_or(Error::NotFound)?;
    if !open || !link::genuine(app.db.keyring(), Opens::Calendar, token, zone_id, person, serial) {
        return Err(Error::NotFound);
    }
    // Whoever has left, or whose account is disabled, has no calendar.
    let who = session::actor_of(&mut tx, zone_id, person).await?;
    if !who.is(READERS) {
        return Err(Error::NotFound);
    }
    let now = app.now();
    let filter = PlanFilter {
        from: Some(now.plus(-FEED_PAST_DAYS * DAY_MS)),
        to: Some(now.plus(366 * DAY_MS)),
        person_id: (side(&who) == Side::Office).then_some(person),
        ..PlanFilter::default()
    };
    let plans = store::first(&mut tx, &who, &filter, MANY).await?;
    let mut events = Vec::new();
    for PlanRecord { plan, companions } in with_companions(&mut tx, zone_id, plans).await? {
        let location = match plan.channel.is_on_site() {
            true => store::address(&mut tx, zone_id, plan.subject_kind, plan.subject_id).await?,
            false => None,
        };
        let state = lang.word("plan-state", plan.state.word());
        let record = PlanRecord { plan, companions };
        let description = format!("{state}\n{}", record.departments().join(&lang.t("comma")));
        let plan = record.plan;
        events.push(Event {
            id: plan.id,
            sequence: plan.version - 1,
            changed_at: plan.changed_at,
            starts_at: plan.planned_at,
            state: plan.state,
            summary: format!("{}{}{}", plan.subject_name, lang.t("colon"), plan.purpose),
            location,
            description,
        });
    }
    Ok(feed::document(&lang.t("visit-plans"), &events))
}

// What waits

/// Visits planned for today, days that an enterprise names instead, plans that no
/// answer came to; for an enterprise, visits to answer.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = Vec::new();
    let Some(person) = who.person_id else { return Ok(items) };
    let now = app.now();
    let mut tx = app.read().await?;
    let item = |action, plan: Plan, href: String, light| ToDo {
        action,
        title: plan.purpose,
        about: Some(plan.subject_name),
        href,
        due_at: Some(plan.planned_at),
        light,
    };
    let page = |plan: &Plan| format!("/visits/plans/{}", plan.id);
    if who.is(RECORDERS) {
        let zone = Zone::get(&mut tx, who.zone_id).await?;
        let rules = rules::get(&mut tx, who.zone_id).await?;
        let today = end_of(zone.day(now), &zone);
        let silent = now.plus(-rules.answer_days * DAY_MS);
        let filter = PlanFilter { open: true, person_id: Some(person), ..PlanFilter::default() };
        for plan in store::first(&mut tx, who, &filter, 200).await? {
            let mine = plan.planned_by == Some(person);
            if plan.planned_at < today {
                let href = format!("/visits/new?plan={}&{}={}", plan.id, plan.subject_kind, plan.subject_id);
                let light = if plan.planned_at < now.plus(-DAY_MS) { Light::Behind } else { Light::Near };
                items.push(item("todo-visit", plan, href, light));
            } else if mine && plan.state == PlanState::Countered {
                let href = page(&plan);
                items.push(item("todo-plan-countered", plan, href, Light::Near));
            } else if mine && plan.state == PlanState::Proposed && plan.asked_at < silent {
                let href = page(&plan);
                items.push(item("todo-plan-unanswered", plan, href, Light::Near));
            }
        }
    }
    if side(who) == Side::Outside {
        let filter = PlanFilter { open: true, ..PlanFilter::default() };
        for plan in store::first(&mut tx, who, &filter, 200).await? {
            if plan.state == PlanState::Proposed {
                let (href, department) = (page(&plan), plan.department_name.clone());
                items.push(ToDo { about: department, ..item("todo-plan-answer", plan, href, Light::Near) });
            }
        }
    }
    Ok(items)
}
