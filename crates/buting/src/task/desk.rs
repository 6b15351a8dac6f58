//! What can be done with tasks.

use super::store::{self, Row};
use super::{Act, Full, NewTask, Part, RecordKind, Task, TaskKind, TaskMove, TaskState, may};
use crate::actor::{Actor, OFFICE, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::desk::{self as appeals, Matter};
use crate::continuity::desk::urgency;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{self, cut, read_cursor};
use crate::organisation::{self, post};
use crate::readiness::plan::desk as plans;
use crate::subject::{self, SubjectKind};
use crate::time::{DAY_MS, Day, Time};
use crate::todo::ToDo;
use crate::visit;
use crate::visit::remind::Stage;
use crate::zone::Zone;
use ::store::Tx;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use uuid::Uuid;

pub use super::store::Filter;

/// Who makes tasks, has them and sees them, each those that concern him.
pub const READERS: Roles = OFFICE;
/// Who keeps any task that he may see.
const KEEPERS: Roles = Roles::of(&[Role::Dispatcher, Role::Leader, Role::Oversight]);
/// People of a task, at most.
const PEOPLE: usize = 20;
/// Objectives of a task, at most.
const OBJECTIVES: usize = 10;
/// Longest text.
const LONG: usize = 2000;
/// Longest line.
const SHORT: usize = 500;
/// Tasks on the page of a record.
const OF_RECORD: i64 = 50;

/// What a task is of, as its maker may see it.
struct Of {
    record: Option<(RecordKind, Uuid)>,
    subject: Option<(SubjectKind, Uuid)>,
    matter: Option<Matter>,
}

async fn record_of(tx: &mut Tx, who: &Actor, new: &NewTask) -> Result<Of> {
    let named = [new.appeal_id, new.visit_id, new.project_id, new.plan_id];
    if named.iter().flatten().count() > 1 {
        return Err(Error::field("appeal_id", "one_of"));
    }
    let unknown = |field: &'static str| {
        move |error| match error {
            Error::NotFound => Error::field(field, "unknown"),
            other => other,
        }
    };
    if let Some(id) = new.appeal_id {
        let matter = appeals::matter(tx, who, id).await.map_err(unknown("appeal_id"))?;
        if !matter.open {
            return Err(Error::state("appeal_status"));
        }
        return Ok(Of { record: Some((RecordKind::Appeal, id)), subject: matter.subject, matter: Some(matter) });
    }
    if let Some(id) = new.visit_id {
        let (_, kind, subject) = visit::desk::about(tx, who, id).await.map_err(unknown("visit_id"))?;
        return Ok(Of { record: Some((RecordKind::Visit, id)), subject: Some((kind, subject)), matter: None });
    }
    if let Some(id) = new.project_id {
        subject::named(tx, who.zone_id, SubjectKind::Project, id).await.map_err(unknown("project_id"))?;
        let subject = Some((SubjectKind::Project, id));
        return Ok(Of { record: Some((RecordKind::Project, id)), subject, matter: None });
    }
    if let Some(id) = new.plan_id {
        let (_, subject) = plans::about_plan(tx, who, id).await.map_err(unknown("plan_id"))?;
        return Ok(Of { record: Some((RecordKind::Plan, id)), subject: Some(subject), matter: None });
    }
    Ok(Of { record: None, subject: None, matter: None })
}

/// Refuses who is not of the committee, or has left; and who must not learn of a
/// complaint about his department.
async fn colleagues(work: &mut Work, people: &[Uuid], recused: &[Uuid]) -> Result<()> {
    let zone = work.zone();
    let own: BTreeSet<Uuid> = appeals::departments(work, zone)
        .await?
        .into_iter()
        .filter(|department| department.kind.is_own())
        .map(|department| department.id)
        .collect();
    if people.len() > PEOPLE {
        return Err(Error::Invalid(vec![FieldError::new("doers", "too_many").with("max", PEOPLE)]));
    }
    for id in people {
        let known = match organisation::desk::person(work, zone, *id).await {
            Ok(person) => person.left_at.is_none() && person.department_id.is_some_and(|of| own.contains(&of)),
            Err(Error::NotFound) => false,
            Err(error) => return Err(error),
        };
        if !known {
            return Err(Error::field("doers", "unknown"));
        }
        if recused.contains(id) {
            return Err(Error::state("recusal"));
        }
    }
    Ok(())
}

/// Makes a task.
pub async fn make(app: &App, who: &Actor, new: NewTask) -> Result<Uuid> {
    who.must(READERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, id).await? {
        return Err(Error::Replayed(id));
    }
    let of = record_of(&mut work, who, &new).await?;
    make_in(&mut work, id, of, new).await?;
    work.commit(id).await
}

/// Makes a task of a plan within a piece of work that has checked who may: what a drill
/// found may be told by the enterprise itself.
pub async fn make_of_plan(work: &mut Work, subject: (SubjectKind, Uuid), new: NewTask) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let record = new.plan_id.map(|plan| (RecordKind::Plan, plan));
    make_in(work, id, Of { record, subject: Some(subject), matter: None }, new).await?;
    Ok(id)
}

async fn make_in(work: &mut Work, id: Uuid, of: Of, mut new: NewTask) -> Result<()> {
    let zone = work.zone();
    let of_zone = Zone::get(work, zone).await?;
    let mut check = Check::new();
    new.title = check.text("title", &new.title, 100);
    new.body = check.opt_text("body", new.body.as_deref(), LONG);
    check.that(new.due_on.is_some(), "due_on", "required");
    check.that(new.due_on.is_none_or(|day| day >= of_zone.day(work.now)), "due_on", "past");
    new.objectives.retain(|text| !text.trim().is_empty());
    if new.objectives.len() > OBJECTIVES {
        check.add(FieldError::new("objectives", "too_many").with("max", OBJECTIVES));
    }
    let mut objectives = Vec::new();
    for text in &new.objectives {
        objectives.push(check.text("objectives", text, 200));
    }
    new.objectives = objectives;
    if let Some(department) = new.department_id {
        let all = appeals::departments(work, zone).await?;
        let own = all.iter().any(|d| d.id == department && d.kind.is_own());
        check.that(own, "department_id", "unknown");
        let assists = of.matter.as_ref().is_none_or(|matter| matter.assisting.contains(&department));
        check.that(!own || assists, "department_id", "not_assisting");
    }
    check.done()?;
    let due_at = new.due_on.ok_or_else(|| Error::field("due_on", "required"))?.last(&of_zone.time_zone());
    new.doers = unique(&new.doers);
    if new.doers.is_empty() && new.department_id.is_none() {
        new.doers = vec![work.who.person()?];
    }
    let recused = of.matter.as_ref().map_or(&[][..], |matter| &matter.recused);
    colleagues(work, &new.doers, recused).await?;
    if of.matter.as_ref().is_some_and(|matter| matter.accused.is_some() && matter.accused == new.department_id) {
        return Err(Error::state("recusal"));
    }
    let kind = if new.department_id.is_some() { TaskKind::FollowUp } else { TaskKind::Task };
    let number = work.next_number("RW", &of_zone.day(work.now).compact()).await?;
    let row = Row { id, number: &number, kind, new: &new, record: of.record, subject: of.subject, due_at };
    store::insert(work, &row).await?;
    let made = json!({
        "number": number, "kind": kind, "title": new.title, "due_at": due_at, "doers": new.doers,
        "department_id": new.department_id, "objectives": new.objectives,
    });
    let task = store::task(work, &Actor::rule(zone), id).await?.ok_or(Error::NotFound)?;
    work.log("task.make", subject_of(&task), Change::made(made)).await?;
    tell_doers(work, &task, "task.given").await?;
    Ok(())
}

/// Each once, in their order.
fn unique(people: &[Uuid]) -> Vec<Uuid> {
    let mut seen = BTreeSet::new();
    people.iter().copied().filter(|id| seen.insert(*id)).collect()
}

fn subject_of(task: &Task) -> Subject {
    Subject { kind: "task", id: task.id, about: task.subject_id }
}

/// Those who do it, and for a follow-up those who deal with the department's orders.
async fn doers(tx: &mut Tx, zone: Uuid, task: &Task) -> Result<BTreeSet<Uuid>> {
    let mut all: BTreeSet<Uuid> =
        store::people(tx, zone, task.id).await?.into_iter().map(|doer| doer.person_id).collect();
    if let Some(department) = task.department_id.filter(|_| all.is_empty()) {
        all.extend(appeals::officers_of(tx, zone, department).await?);
    }
    Ok(all)
}

fn told(task: &Task) -> Json {
    json!({"number": task.number, "title": task.title})
}

async fn tell_doers(work: &mut Work, task: &Task, kind: &str) -> Result<()> {
    let zone = work.zone();
    for person in doers(work, zone, task).await? {
        work.notify(person, kind, subject_of(task), told(task)).await?;
    }
    Ok(())
}

/// What somebody is to a task.
async fn parts(tx: &mut Tx, who: &Actor, task: &Task) -> Result<Vec<Part>> {
    let mut all = Vec::new();
    let me = who.person_id;
    let of_department = task.department_id.is_some_and(|department| who.departments().contains(&department));
    let people = store::people(tx, who.zone_id, task.id).await?;
    if of_department || people.iter().any(|doer| Some(doer.person_id) == me) {
        all.push(Part::Doer);
    }
    let leads = match (task.record_kind, task.record_id) {
        (Some(RecordKind::Appeal), Some(id)) => match appeals::matter(tx, who, id).await {
            Ok(matter) => matter.leads,
            Err(Error::NotFound) => false,
            Err(error) => return Err(error),
        },
        _ => false,
    };
    if me.is_some() && task.made_by == me || who.is(KEEPERS) || leads {
        all.push(Part::Keeper);
    }
    Ok(all)
}

/// A task with everything about it, for whom it concerns.
pub async fn full(app: &App, who: &Actor, id: Uuid) -> Result<Full> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let task = store::task(&mut tx, who, id).await?.ok_or(Error::NotFound)?;
    let people = store::people(&mut tx, who.zone_id, id).await?;
    let objectives = store::objectives(&mut tx, who.zone_id, id).await?;
    let parts = if task.is_open() { parts(&mut tx, who, &task).await? } else { Vec::new() };
    let left = objectives.iter().any(|objective| objective.reached_at.is_none());
    let possible = TaskMove::ALL.iter().copied().filter(|does| may(*does, &parts));
    let possible = possible.filter(|does| match does {
        TaskMove::Done => !left,
        TaskMove::Block | TaskMove::Reach => left,
        TaskMove::Lift => objectives.iter().any(super::Objective::is_blocked),
        _ => true,
    });
    let possible = possible.collect();
    Ok(Full { task, people, objectives, possible })
}

/// A task, for whom it concerns.
pub async fn task(app: &App, who: &Actor, id: Uuid) -> Result<Task> {
    who.must(READERS)?;
    store::task(&mut app.read().await?, who, id).await?.ok_or(Error::NotFound)
}

/// Does something with an open task. Answers it.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: Act) -> Result<Uuid> {
    who.must(READERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let mut task = store::task(&mut work, who, id).await?.ok_or(Error::NotFound)?;
    who.saw(task.version)?;
    if !task.is_open() {
        return Err(Error::state("task_over"));
    }
    let parts = parts(&mut work, who, &task).await?;
    if !may(act.does(), &parts) {
        return Err(Error::Forbidden);
    }
    let mut check = Check::new();
    let mut anew = false;
    let (entry, made, note) = match act {
        Act::Done { outcome } => {
            let outcome = check.opt_text("outcome", outcome.as_deref(), SHORT);
            check.done()?;
            let all = store::objectives(&mut work, zone, id).await?;
            if all.iter().any(|objective| objective.reached_at.is_none()) {
                return Err(Error::state("task_objectives_open"));
            }
            end(&mut task, TaskState::Done, outcome, work.now);
            ("task.done", json!({"state": task.state}), task.outcome.clone())
        }
        Act::NotDone { reason } => {
            let reason = check.text("reason", &reason, SHORT);
            check.done()?;
            end(&mut task, TaskState::NotDone, Some(reason.clone()), work.now);
            ("task.not_done", json!({"state": task.state}), Some(reason))
        }
        Act::Cancel { reason } => {
            let reason = check.text("reason", &reason, SHORT);
            check.done()?;
            end(&mut task, TaskState::Cancelled, Some(reason.clone()), work.now);
            ("task.cancel", json!({"state": task.state}), Some(reason))
        }
        Act::Extend { due_on, reason } => {
            let of_zone = Zone::get(&mut work, zone).await?;
            let reason = check.text("reason", &reason, SHORT);
            check.that(due_on >= of_zone.day(work.now), "due_on", "past");
            check.done()?;
            task.due_at = due_on.last(&of_zone.time_zone());
            anew = true;
            ("task.extend", json!({"due_at": task.due_at}), Some(reason))
        }
        Act::Staff { doers } => {
            let people = unique(&doers);
            check.that(!people.is_empty() || task.department_id.is_some(), "doers", "required");
            check.done()?;
            let recused = match (task.record_kind, task.record_id) {
                (Some(RecordKind::Appeal), Some(appeal)) => match appeals::matter(&mut work, who, appeal).await {
                    Ok(matter) => matter.recused,
                    Err(Error::NotFound) => Vec::new(),
                    Err(error) => return Err(error),
                },
                _ => Vec::new(),
            };
            let before: Vec<Uuid> =
                store::people(&mut work, zone, id).await?.into_iter().map(|doer| doer.person_id).collect();
            let new: Vec<Uuid> = people.iter().copied().filter(|person| !before.contains(person)).collect();
            colleagues(&mut work, &new, &recused).await?;
            store::staff(&mut work, id, &people).await?;
            for person in new {
                work.notify(person, "task.given", subject_of(&task), told(&task)).await?;
            }
            ("task.staff", json!({"doers": people}), None)
        }
        Act::Block { objective_id, blocker, since, lifter } => {
            let of_zone = Zone::get(&mut work, zone).await?;
            let blocker = check.text("blocker", &blocker, SHORT);
            let lifter = check.text("lifter", &lifter, 100);
            check.that(since.is_none_or(|day| day <= of_zone.day(work.now)), "since", "future");
            check.done()?;
            let mut objective = objective_of(&mut work, id, objective_id).await?;
            let since = since.map_or(work.now, |day: Day| day.start(&of_zone.time_zone()));
            objective.blocker = Some(blocker.clone());
            (objective.blocked_since, objective.lifter) = (Some(since), Some(lifter.clone()));
            store::save_objective(&mut work, id, &objective).await?;
            if let Some(maker) = task.made_by {
                let mut args = told(&task);
                args["blocker"] = json!(blocker);
                work.notify(maker, "task.blocked", subject_of(&task), args).await?;
            }
            let made =
                json!({"objective": objective.text, "blocker": blocker, "blocked_since": since, "lifter": lifter});
            ("task.block", made, None)
        }
        Act::Lift { objective_id, note } => {
            let note = check.opt_text("note", note.as_deref(), SHORT);
            check.done()?;
            let mut objective = objective_of(&mut work, id, objective_id).await?;
            if objective.blocker.is_none() {
                return Err(Error::state("task_not_blocked"));
            }
            let made = json!({"objective": objective.text, "blocker": objective.blocker.take()});
            (objective.blocked_since, objective.lifter) = (None, None);
            store::save_objective(&mut work, id, &objective).await?;
            ("task.lift", made, note)
        }
        Act::Reach { objective_id } => {
            let mut objective = objective_of(&mut work, id, objective_id).await?;
            objective.reached_at = Some(work.now);
            store::save_objective(&mut work, id, &objective).await?;
            ("task.reach", json!({"objective": objective.text}), None)
        }
    };
    if !store::save(&mut work, &task, anew).await? {
        return Err(Error::Conflict(Conflict::Stale(task.version)));
    }
    work.log(entry, subject_of(&task), Change::made(made).because(note.unwrap_or_default())).await?;
    if let Some(maker) = task.made_by.filter(|_| !task.is_open()) {
        let mut args = told(&task);
        args["state"] = json!(task.state);
        work.notify(maker, "task.ended", subject_of(&task), args).await?;
    }
    work.commit(id).await
}

fn end(task: &mut Task, state: TaskState, outcome: Option<String>, now: Time) {
    (task.state, task.outcome, task.ended_at) = (state, outcome, Some(now));
}

/// An objective of a task that is not reached yet.
async fn objective_of(work: &mut Work, task: Uuid, id: Uuid) -> Result<super::Objective> {
    let zone = work.zone();
    let all = store::objectives(work, zone, task).await?;
    let found = all.into_iter().find(|objective| objective.id == id);
    let objective = found.ok_or_else(|| Error::field("objective_id", "unknown"))?;
    match objective.reached_at {
        Some(_) => Err(Error::state("task_reached")),
        None => Ok(objective),
    }
}

// Reading

/// Tasks that concern somebody, the earliest due first.
pub async fn tasks(app: &App, who: &Actor, filter: &Filter, cursor: Option<&str>, limit: i64) -> Result<Page<Task>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let found = list::subjects(&mut tx, who.zone_id, "t.subject_id", None, filter.q.as_deref()).await?;
    let filter = &Filter { found, ..filter.clone() };
    let counted = store::count(&mut tx, who, filter).await?;
    let mut items = store::tasks(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |task| Some((task.due_at, task.id)));
    Ok(Page::new(items, next, counted))
}

/// The tasks of a record, for its page; none for those outside.
pub async fn of_record(app: &App, who: &Actor, record: Uuid) -> Result<Vec<Task>> {
    if !who.is(READERS) {
        return Ok(Vec::new());
    }
    let filter = Filter { record_id: Some(record), ..Filter::default() };
    Ok(store::tasks(&mut app.read().await?, who, &filter, None, OF_RECORD).await?)
}

/// What somebody is narrowed to by 我的: what he does, and what his departments owe.
pub fn mine(who: &Actor) -> Option<(Uuid, Vec<Uuid>)> {
    Some((who.person_id?, who.departments()))
}

/// Open tasks of somebody and follow-ups that his departments owe.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.is(READERS) || who.person_id.is_none() {
        return Ok(Vec::new());
    }
    let now = app.now();
    let filter = Filter { open: Some(true), mine: mine(who), ..Filter::default() };
    let tasks = store::tasks(&mut app.read().await?, who, &filter, None, 50).await?;
    let item = |task: Task| ToDo {
        action: match task.kind {
            _ if task.blocked > 0 => "todo-task-blocked",
            TaskKind::Task => "todo-task",
            TaskKind::FollowUp => "todo-follow-up",
        },
        about: task.subject_name,
        href: format!("/tasks/{}", task.id),
        due_at: Some(task.due_at),
        light: urgency(Some(task.due_at), now),
        title: task.title,
    };
    Ok(tasks.into_iter().map(item).collect())
}

/// Reminds of every task that came near or is over: those who do it, and when its day is
/// over also who made it and the first of the department that owes it. Answers how many.
pub async fn remind(app: &App, zone: Uuid) -> Result<usize> {
    let now = app.now();
    let waiting = store::to_remind(&mut app.read().await?, zone, now, now.plus(DAY_MS)).await?;
    let rule = Actor::rule(zone);
    let mut count = 0;
    for one in waiting {
        let stage = Stage::at(one.due_at, now);
        if stage.step() <= one.remind_step {
            continue;
        }
        let mut work = app.work(&rule).await?;
        if !store::reminded(&mut work, one.id, stage.step()).await? {
            // Another process was quicker, or it has ended meanwhile.
            continue;
        }
        let task = store::task(&mut work, &rule, one.id).await?.ok_or(Error::NotFound)?;
        let mut people = doers(&mut work, zone, &task).await?;
        if stage == Stage::Over {
            people.extend(one.made_by);
            if let Some(department) = one.department_id {
                people.extend(post::desk::chief_of(&mut work, zone, department).await?);
            }
        }
        let kind = if stage == Stage::Over { "task.over" } else { "task.near" };
        let about = Subject { kind: "task", id: one.id, about: one.subject_id };
        work.log("task.remind", about, Change::made(json!({"title": one.title, "due_at": one.due_at}))).await?;
        for person in people {
            work.notify(person, kind, about, told(&task)).await?;
        }
        work.commit(one.id).await?;
        count += 1;
    }
    Ok(count)
}

/// Names people who can be given a task: key and name, those of the committee.
pub async fn choices(app: &App, who: &Actor) -> Result<Vec<(Uuid, String)>> {
    who.must(READERS)?;
    let own: BTreeSet<Uuid> = appeals::departments(&mut app.read().await?, who.zone_id)
        .await?
        .into_iter()
        .filter(|department| department.kind.is_own())
        .map(|department| department.id)
        .collect();
    let staff = organisation::desk::staff(app, who, None, None, crate::http::api::MAX_LIMIT).await?;
    let there = |person: &organisation::Person| {
        person.left_at.is_none() && person.department_id.is_some_and(|of| own.contains(&of))
    };
    Ok(staff.items.into_iter().filter(there).map(|person| (person.id, person.name)).collect())
}

/// The departments that can owe a follow-up: those that assist an appeal, or else all of
/// the committee.
pub async fn departments(app: &App, who: &Actor, appeal: Option<Uuid>) -> Result<Vec<(Uuid, String)>> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let assisting = match appeal {
        Some(id) => Some(appeals::matter(&mut tx, who, id).await?.assisting),
        None => None,
    };
    let all = appeals::departments(&mut tx, who.zone_id).await?;
    let fits = |d: &organisation::Department| {
        d.kind.is_own() && assisting.as_ref().is_none_or(|assisting| assisting.contains(&d.id))
    };
    Ok(all.into_iter().filter(fits).map(|d| (d.id, d.short_name)).collect())
}

/// What a task that is about to be made is of: its name, for the head of the form.
pub async fn name_of(app: &App, who: &Actor, new: &NewTask) -> Result<Option<String>> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    if let Some(id) = new.plan_id {
        return Ok(Some(plans::about_plan(&mut tx, who, id).await?.0));
    }
    Ok(match (new.appeal_id, new.visit_id, new.project_id) {
        (Some(id), ..) => Some(appeals::matter(&mut tx, who, id).await?.number),
        (_, Some(id), _) => Some(visit::desk::about(&mut tx, who, id).await?.0),
        (.., Some(id)) => Some(subject::named(&mut tx, who.zone_id, SubjectKind::Project, id).await?.short_name),
        _ => None,
    })
}
