//! What can be done with disruptions, lights and measures.

use super::store::{self, LightRow};
use super::{
    Board, Disruption, DisruptionChange, DisruptionEnd, DisruptionState, Freshness, Light, Line, Measure,
    MeasureChange, MeasureEnd, MeasureState, NewDisruption, NewLight, NewMeasure, Source, State, Tile,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::appeal;
use crate::assignment::{self, reach};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{self, Walk, cut, read_cursor};
use crate::subject::{self, Named, SubjectKind};
use crate::time::{Day, Time};
use crate::todo::ToDo;
use crate::zone::Zone;
use ::store::{Error as StoreError, Tx};
use almanac::Light as Urgency;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

pub use super::store::{LightFilter, MeasureFilter};

/// Those of the office who write lights and measures.
pub const WRITERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher, Role::Officer, Role::Specialist]);
/// Who declares and closes a disruption.
pub const COMMANDERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher]);
/// Who may read lights and measures, each within his reach.
pub const READERS: Roles = OFFICE.and(OUTSIDE);

/// The subject that an input names by `enterprise_id` or `project_id`.
pub fn subject_of(enterprise: Option<Uuid>, project: Option<Uuid>) -> Result<(SubjectKind, Uuid)> {
    match (enterprise, project) {
        (Some(id), None) => Ok((SubjectKind::Enterprise, id)),
        (None, Some(id)) => Ok((SubjectKind::Project, id)),
        (None, None) => Err(Error::field("enterprise_id", "required")),
        (Some(_), Some(_)) => Err(Error::field("project_id", "one_subject")),
    }
}

/// A subject that the actor reaches; `NotFound` for any other.
pub async fn reached(tx: &mut Tx, who: &Actor, kind: SubjectKind, id: Uuid) -> Result<Named> {
    if !reach::reaches(tx, who, id).await? {
        return Err(Error::NotFound);
    }
    subject::named(tx, who.zone_id, kind, id).await
}

/// Like [`reached`], for who is about to say or note something of it: see [`subject::held`].
pub async fn reached_to_write(work: &mut Work, kind: SubjectKind, id: Uuid) -> Result<Named> {
    let who = work.who.clone();
    if !reach::reaches(work, &who, id).await? {
        return Err(Error::NotFound);
    }
    subject::held(work, who.zone_id, kind, id).await
}

/// Who says it, from his roles: an enterprise for itself, the office for all it reaches.
fn source_of(who: &Actor) -> Result<Source> {
    if who.is_rule() {
        return Ok(Source::Rule);
    }
    who.must(WRITERS.and(OUTSIDE))?;
    Ok(match who.scope {
        Scope::Enterprise(_) => Source::Enterprise,
        Scope::Project(_) => Source::Project,
        _ => Source::Officer,
    })
}

// Lights

/// Says how a line of an enterprise or project stands.
pub async fn say(app: &App, who: &Actor, kind: SubjectKind, subject_id: Uuid, new: NewLight) -> Result<Uuid> {
    say_all(app, who, kind, subject_id, vec![new]).await
}

/// Says how several lines stand, in one transaction. Answers the last word's key.
pub async fn say_all(app: &App, who: &Actor, kind: SubjectKind, subject_id: Uuid, news: Vec<NewLight>) -> Result<Uuid> {
    let source = source_of(who)?;
    if news.is_empty() {
        return Err(Error::field("line", "required"));
    }
    let mut work = app.work(who).await?;
    let subject = reached_to_write(&mut work, kind, subject_id).await?;
    let mut last = Uuid::nil();
    for new in news {
        last = say_in(&mut work, &subject, new, source, None).await?;
    }
    work.commit(last).await
}

/// Says how a line stands, within a piece of work that has checked the actor's
/// right to speak for the subject. A visit gives its key.
pub async fn say_in(
    work: &mut Work,
    subject: &Named,
    new: NewLight,
    source: Source,
    visit: Option<Uuid>,
) -> Result<Uuid> {
    let (zone, now) = (work.zone(), work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::light(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut new = new.checked(subject.kind, now)?;
    if let Some(disruption) = new.disruption_id {
        open_disruption(work, zone, disruption).await?;
    }
    if let Some(measure) = new.measure_id {
        let measure = store::measure(work, zone, measure).await?;
        let fits = measure.is_some_and(|m| m.subject_id == subject.id && m.line == new.line);
        if !fits {
            return Err(Error::field("measure_id", "unknown"));
        }
    }
    let before = store::current(work, zone, subject.id).await?.into_iter().find(|light| light.line == new.line);
    let was = before.as_ref().map_or(new.line.unsaid(subject.kind), |light| light.state);
    // The same state said again goes on since it began.
    let began = before.as_ref().filter(|light| light.state == new.state).and_then(|light| light.since);
    let since = new.since.or(began).unwrap_or(now);
    new.since = Some(since);
    let row = LightRow {
        id,
        kind: subject.kind,
        subject_id: subject.id,
        new: &new,
        was,
        since,
        source,
        visit_id: visit,
        same_as: None,
    };
    store::insert_light(work, &row).await.map_err(meanwhile)?;
    let after = json!({
        "line": new.line, "state": new.state, "reduced_to": new.reduced_to, "cause": new.cause,
        "cause_kind": new.cause_kind, "since": since, "expected_recovery_at": new.expected_recovery_at,
        "measure_id": new.measure_id, "disruption_id": new.disruption_id, "visit_id": visit, "source": source,
    });
    let change = Change::from_to(json!({"line": new.line, "state": was}), after);
    work.log("continuity.say", Subject::about("continuity", id, subject.id), change).await?;
    if was.worsens_to(new.state) {
        tell(work, subject, id, &new).await?;
    }
    Ok(id)
}

/// Somebody else said something on the same line in the same instant.
fn meanwhile(error: StoreError) -> Error {
    match error {
        StoreError::Duplicate(_) => Error::state("said_meanwhile"),
        other => other.into(),
    }
}

/// "No change": repeats the last word on one line as a new one.
pub async fn same(app: &App, who: &Actor, light_id: Uuid) -> Result<Uuid> {
    let source = source_of(who)?;
    let mut work = app.work(who).await?;
    let light = store::light(&mut work, who.zone_id, light_id).await?.ok_or(Error::NotFound)?;
    let subject = reached_to_write(&mut work, light.subject_kind, light.subject_id).await?;
    let current = store::current(&mut work, who.zone_id, subject.id).await?;
    if !current.iter().any(|c| c.id == light.id) {
        return Err(Error::state("not_the_last_word"));
    }
    let id = repeat(&mut work, &subject, light, source, None).await?;
    work.commit(id).await
}

/// "No change" on every line of a subject on which something was said.
pub async fn same_all(app: &App, who: &Actor, kind: SubjectKind, subject_id: Uuid) -> Result<Uuid> {
    let source = source_of(who)?;
    let mut work = app.work(who).await?;
    let subject = reached_to_write(&mut work, kind, subject_id).await?;
    let last = same_in(&mut work, &subject, source, None).await?;
    work.commit(last).await
}

/// "No change" on every line, within a piece of work (a visit).
pub async fn same_in(work: &mut Work, subject: &Named, source: Source, visit: Option<Uuid>) -> Result<Uuid> {
    let zone = work.zone();
    let mut last = None;
    for light in store::current(work, zone, subject.id).await? {
        last = Some(repeat(work, subject, light, source, visit).await?);
    }
    last.ok_or(Error::state("nothing_said_yet"))
}

async fn repeat(work: &mut Work, subject: &Named, light: Light, source: Source, visit: Option<Uuid>) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let since = light.since.unwrap_or(work.now);
    let new = NewLight {
        id: Some(id),
        line: light.line,
        state: light.state,
        reduced_to: light.reduced_to,
        cause: light.cause,
        cause_kind: light.cause_kind,
        since: Some(since),
        expected_recovery_at: light.expected_recovery_at,
        measure_id: light.measure_id,
        disruption_id: light.disruption_id,
        appeal_id: light.appeal_id,
    };
    let row = LightRow {
        id,
        kind: subject.kind,
        subject_id: subject.id,
        new: &new,
        was: light.state,
        since,
        source,
        visit_id: visit,
        same_as: light.id,
    };
    store::insert_light(work, &row).await.map_err(meanwhile)?;
    let after = json!({"line": new.line, "state": new.state, "same_as": light.id, "source": source});
    work.log("continuity.same", Subject::about("continuity", id, subject.id), Change::made(after)).await?;
    Ok(id)
}

/// Bad news: the leader, the officer and his stand-in hear it at once.
async fn tell(work: &mut Work, subject: &Named, id: Uuid, new: &NewLight) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let answerable = assignment::desk::as_of(work, zone, subject.kind, subject.id, now).await?;
    let holders = answerable.leader.into_iter().chain(answerable.officer).chain(answerable.stand_in);
    let people: BTreeSet<Uuid> = holders.filter(|holder| !holder.gone).filter_map(|holder| holder.person_id).collect();
    let args = json!({
        "subject": subject.short_name, "line": new.line, "state": new.state, "cause": new.cause.as_deref().unwrap_or_default(),
    });
    for person in people {
        work.notify(person, "continuity.worse", Subject::about("continuity", id, subject.id), args.clone()).await?;
    }
    Ok(())
}

/// One word, for whom it concerns.
pub async fn light(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Light> {
    let light = store::light(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if !reach::reaches(tx, who, light.subject_id).await? {
        return Err(Error::NotFound);
    }
    Ok(light)
}

/// How every line of a subject stands, said or not, in the order of the board.
/// Does not ask who reads: check reach first.
pub async fn current(tx: &mut Tx, zone: Uuid, subject: &Named) -> Result<Vec<Light>> {
    let said = store::current(tx, zone, subject.id).await?;
    Ok(filled(subject.kind, subject.id, &subject.short_name, said))
}

/// What was last said on the lines of many subjects, for the marks in a list.
/// Whoever does not reach a subject is told nothing of it.
pub async fn standing(tx: &mut Tx, who: &Actor, subjects: &[Uuid]) -> Result<HashMap<Uuid, Vec<Light>>> {
    let mut standing: HashMap<Uuid, Vec<Light>> = HashMap::new();
    if !subjects.is_empty() && who.is(READERS) {
        for light in store::standing(tx, who, subjects).await? {
            standing.entry(light.subject_id).or_default().push(light);
        }
    }
    Ok(standing)
}

fn filled(kind: SubjectKind, id: Uuid, name: &str, mut said: Vec<Light>) -> Vec<Light> {
    Line::of(kind)
        .iter()
        .map(|line| match said.iter().position(|light| light.line == *line) {
            Some(at) => said.swap_remove(at),
            None => Light::unsaid(kind, id, name, *line),
        })
        .collect()
}

/// What was ever said about a subject, newest first, at most `limit`.
pub async fn history(tx: &mut Tx, who: &Actor, subject_id: Uuid, limit: i64) -> Result<Vec<Light>> {
    let filter = LightFilter { subject_id: Some(subject_id), ..LightFilter::default() };
    Ok(store::lights(tx, who, &filter, None, limit).await?)
}

/// What was said in a visit. Does not ask who reads: the visit's desk does.
pub async fn of_visit(tx: &mut Tx, zone: Uuid, visit_id: Uuid) -> Result<Vec<Light>> {
    Ok(store::of_visit(tx, zone, visit_id).await?)
}

/// Lights within reach, newest first.
pub async fn lights(
    app: &App,
    who: &Actor,
    filter: &LightFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Light>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let found = list::subjects(&mut tx, who.zone_id, "c.subject_id", None, filter.q.as_deref()).await?;
    let filter = &LightFilter { found, ..filter.clone() };
    let counted = store::count_lights(&mut tx, who, filter).await?;
    let mut items = store::lights(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |light| light.at.zip(light.id));
    Ok(Page::new(items, next, counted))
}

/// The board of a day: every enterprise and project within reach, as its lines
/// stood at the end of that day (or stand now).
pub async fn board(app: &App, who: &Actor, day: Option<Day>) -> Result<Board> {
    who.must(OFFICE)?;
    let mut tx = app.db.snapshot().await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let now = app.now();
    let today = zone.day(now);
    let day = day.filter(|day| *day < today).unwrap_or(today);
    let tomorrow = Day(day.0.tomorrow().map_err(|_| Error::field("day", "unreadable"))?);
    let is_today = day == today;
    let at = if is_today { now } else { tomorrow.start(&zone.time_zone()).plus(-1) };
    let (enterprises, projects) = tiles(&mut tx, who, at, is_today, day.start(&zone.time_zone())).await?;
    Ok(Board::of(day, at, is_today, enterprises, projects))
}

/// Enterprises and projects within reach, to choose from: `kind:id` and name.
pub async fn subjects(app: &App, who: &Actor) -> Result<Vec<(String, String)>> {
    let mut tx = app.read().await?;
    let mut all = store::shown(&mut tx, who, app.now()).await?;
    all.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(all.into_iter().map(|shown| (format!("{}:{}", shown.kind, shown.id), shown.name)).collect())
}

type Tiles = (Vec<(Option<Uuid>, String, Tile)>, Vec<Tile>);

/// Subjects whose lights are looked up by their keys.
const FEW: usize = 300;

async fn tiles(tx: &mut Tx, who: &Actor, at: Time, now: bool, day_start: Time) -> Result<Tiles> {
    let all = store::shown(tx, who, at).await?;
    // A few subjects are looked up one by one; a zone is read through.
    let few: Option<Vec<Uuid>> = (all.len() <= FEW).then(|| all.iter().map(|one| one.id).collect());
    let mut said: HashMap<Uuid, Vec<Light>> = HashMap::new();
    for light in store::words_at(tx, who.zone_id, (!now).then_some(at), few.as_deref()).await? {
        said.entry(light.subject_id).or_default().push(light);
    }
    let changes = store::changed(tx, who.zone_id, day_start, at).await?;
    let changed: HashSet<Uuid> =
        changes.into_iter().filter(|(_, was, state)| was.changes_to(*state)).map(|(id, ..)| id).collect();
    let (mut enterprises, mut projects) = (Vec::new(), Vec::new());
    for shown in all {
        let words = said.remove(&shown.id).unwrap_or_default();
        let tile = Tile {
            kind: shown.kind,
            id: shown.id,
            changed: changed.contains(&shown.id),
            lights: filled(shown.kind, shown.id, &shown.name, words),
            name: shown.name,
            key: shown.key,
        };
        match shown.kind {
            SubjectKind::Project => projects.push(tile),
            _ => enterprises.push((shown.carrier_id, shown.carrier_name, tile)),
        }
    }
    Ok((enterprises, projects))
}

// Measures

/// Writes down a measure.
pub async fn add_measure(app: &App, who: &Actor, new: NewMeasure) -> Result<Uuid> {
    who.must(WRITERS)?;
    let (kind, subject_id) = subject_of(new.enterprise_id, new.project_id)?;
    let mut work = app.work(who).await?;
    let subject = reached_to_write(&mut work, kind, subject_id).await?;
    let id = add_measure_in(&mut work, &subject, new).await?;
    work.commit(id).await
}

/// Writes down a measure within a piece of work that has checked the actor's reach.
pub async fn add_measure_in(work: &mut Work, subject: &Named, new: NewMeasure) -> Result<Uuid> {
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::measure(work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    check.that(Line::of(subject.kind).contains(&new.line), "line", "line_of_subject");
    let text = check.text("text", &new.text, 1000);
    let rule = check.opt_text("rule", new.rule.as_deref(), 500);
    let place = check.opt_text("place", new.place.as_deref(), 200);
    let later_duty = check.opt_text("later_duty", new.later_duty.as_deref(), 500);
    check.that(later_duty.is_some() || new.later_due_at.is_none(), "later_duty", "required");
    check.done()?;
    if let Some(disruption) = new.disruption_id {
        open_disruption(work, zone, disruption).await?;
    }
    let owner_id = match new.owner_id {
        Some(owner) => Some(colleague(work, zone, owner).await?),
        None => work.who.person_id,
    };
    let new = NewMeasure { text, rule, place, later_duty, owner_id, ..new };
    store::insert_measure(work, id, subject.kind, subject.id, &new, MeasureState::InForce).await?;
    let made = json!({
        "line": new.line, "kind": new.kind, "text": new.text, "owner_id": new.owner_id, "due_at": new.due_at,
        "rule": new.rule, "later_duty": new.later_duty, "later_due_at": new.later_due_at,
    });
    let about = Subject::about("measure", id, subject.id);
    work.log("measure.add", about, Change::made(made)).await?;
    if let Some(owner) = new.owner_id {
        work.notify(owner, "measure.given", about, json!({"subject": subject.short_name, "text": new.text})).await?;
    }
    Ok(id)
}

/// A person of the office, by key.
async fn colleague(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Uuid> {
    match crate::organisation::desk::person(tx, zone, id).await {
        Ok(person) if person.department_id.is_some() => Ok(id),
        Ok(_) | Err(Error::NotFound) => Err(Error::field("owner_id", "unknown")),
        Err(other) => Err(other),
    }
}

/// One measure, for whom it concerns.
pub async fn measure(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Measure> {
    let measure = store::measure(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let mine = measure.owner_id.is_some() && measure.owner_id == who.person_id;
    if !mine && !reach::reaches(tx, who, measure.subject_id).await? {
        return Err(Error::NotFound);
    }
    Ok(measure)
}

/// Measures within reach, newest first.
pub async fn measures(
    app: &App,
    who: &Actor,
    filter: &MeasureFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Measure>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let found = list::subjects(&mut tx, who.zone_id, "m.subject_id", None, filter.q.as_deref()).await?;
    let filter = &MeasureFilter { found, ..filter.clone() };
    let counted = store::count_measures(&mut tx, who, filter).await?;
    let mut items = store::measures(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |measure| Some((measure.created_at, measure.id)));
    Ok(Page::new(items, next, counted))
}

/// Changes a measure that goes on.
pub async fn change_measure(app: &App, who: &Actor, id: Uuid, change: MeasureChange) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let old = measure(&mut work, who, id).await?;
    who.saw(old.version)?;
    let duty_only = old.ended_at.is_some();
    let mut check = Check::new();
    let mut new = old.clone();
    if let Some(text) = &change.text {
        new.text = check.text("text", text, 1000);
    }
    if let Some(state) = change.state {
        check.that(matches!(state, MeasureState::Planned | MeasureState::InForce), "state", "end_by_closing");
        new.state = state;
    }
    new.owner_id = change.owner_id.apply(old.owner_id);
    new.due_at = change.due_at.apply(old.due_at);
    new.rule = check.opt_text("rule", change.rule.apply(old.rule.clone()).as_deref(), 500);
    new.place = check.opt_text("place", change.place.apply(old.place.clone()).as_deref(), 200);
    new.later_duty = check.opt_text("later_duty", change.later_duty.apply(old.later_duty.clone()).as_deref(), 500);
    new.later_due_at = change.later_due_at.apply(old.later_due_at);
    new.later_done_at = change.later_done_at.apply(old.later_done_at);
    check.that(new.later_done_at.is_none_or(|at| at <= work.now), "later_done_at", "in_future");
    check.that(new.later_duty.is_some() || new.later_done_at.is_none(), "later_duty", "required");
    check.done()?;
    if duty_only && (new.text != old.text || new.state != old.state || new.owner_id != old.owner_id) {
        return Err(Error::state("measure_ended"));
    }
    if let Some(owner) = new.owner_id.filter(|owner| Some(*owner) != old.owner_id) {
        colleague(&mut work, who.zone_id, owner).await?;
    }
    save_measure(&mut work, &old, &new, "measure.change").await?;
    work.commit(id).await
}

/// Ends a measure: what it brought, and how the line stands now. A line that
/// goes on again shows the measure as its reason.
pub async fn end_measure(app: &App, who: &Actor, id: Uuid, end: MeasureEnd) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let old = measure(&mut work, who, id).await?;
    who.saw(old.version)?;
    if old.ended_at.is_some() {
        return Err(Error::state("measure_ended"));
    }
    let mut check = Check::new();
    let effect_text = check.opt_text("effect_text", end.effect_text.as_deref(), 1000);
    if end.days_saved.is_some_and(|days| !(0..=3650).contains(&days)) {
        check.add(FieldError::new("days_saved", "range").with("min", 0).with("max", 3650));
    }
    check.that(end.light.is_none_or(|state| state == State::Running), "light", "measure_turns");
    check.done()?;
    let subject = match end.light {
        Some(_) => Some(subject::held(&mut work, who.zone_id, old.subject_kind, old.subject_id).await?),
        None => None,
    };
    let mut new = old.clone();
    new.effect = Some(end.effect);
    new.effect_text = effect_text;
    new.days_saved = end.days_saved;
    new.state = if end.dropped { MeasureState::Dropped } else { MeasureState::Done };
    new.ended_at = Some(work.now);
    save_measure(&mut work, &old, &new, "measure.end").await?;
    if let (Some(state), Some(subject)) = (end.light, subject) {
        let disruption_id = match old.disruption_id {
            Some(id) => {
                store::disruption(&mut work, who.zone_id, id).await?.filter(|d| d.ended_at.is_none()).map(|d| d.id)
            }
            None => None,
        };
        let light = NewLight { measure_id: Some(id), disruption_id, ..NewLight::new(old.line, state) };
        say_in(&mut work, &subject, light, source_of(who)?, None).await?;
    }
    work.commit(id).await
}

async fn save_measure(work: &mut Work, old: &Measure, new: &Measure, action: &'static str) -> Result<()> {
    if !store::update_measure(work, new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version)));
    }
    let fields = |m: &Measure| {
        json!({
            "text": m.text, "state": m.state, "owner_id": m.owner_id, "due_at": m.due_at, "rule": m.rule,
            "place": m.place, "effect": m.effect, "effect_text": m.effect_text, "days_saved": m.days_saved,
            "later_duty": m.later_duty, "later_due_at": m.later_due_at, "later_done_at": m.later_done_at,
        })
    };
    let (before, after) = differences(fields(old), fields(new));
    work.log(action, Subject::about("measure", old.id, old.subject_id), Change::from_to(before, after)).await
}

/// Keeps of two documents the fields in which they differ.
fn differences(mut before: serde_json::Value, mut after: serde_json::Value) -> (serde_json::Value, serde_json::Value) {
    if let (Some(before), Some(after)) = (before.as_object_mut(), after.as_object_mut()) {
        let same: Vec<String> =
            before.iter().filter(|(key, value)| after.get(*key) == Some(value)).map(|(k, _)| k.clone()).collect();
        for key in same {
            before.remove(&key);
            after.remove(&key);
        }
    }
    (before, after)
}

// Disruptions

/// Declares a disruption.
pub async fn open(app: &App, who: &Actor, new: NewDisruption) -> Result<Uuid> {
    who.must(COMMANDERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::disruption(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let area = check.opt_text("area", new.area.as_deref(), 200);
    let source = check.opt_text("source", new.source.as_deref(), 200);
    check_levels(&mut check, new.grade, new.response_level);
    let started_at = new.started_at.unwrap_or(now);
    check.that(started_at <= now, "started_at", "in_future");
    check.that(new.expected_end_at.is_none_or(|end| end >= started_at), "expected_end_at", "before_start");
    check.that(new.state != Some(DisruptionState::Closed), "state", "end_by_closing");
    check.done()?;
    let new = NewDisruption { name, area, source, started_at: Some(started_at), ..new };
    let day = Zone::get(&mut work, zone).await?.day(now).compact();
    let number = work.next_number("SJ", &day).await?;
    store::insert_disruption(&mut work, id, &number, &new).await?;
    let made = json!({
        "number": number, "name": new.name, "kind": new.kind, "grade": new.grade, "response_level": new.response_level,
        "warning_colour": new.warning_colour, "exercise": new.exercise, "clock_mode": new.clock_mode,
        "started_at": started_at, "source": new.source,
    });
    work.log("disruption.open", Subject::about("disruption", id, id), Change::made(made)).await?;
    work.commit(id).await
}

fn check_levels(check: &mut Check, grade: Option<i64>, response_level: Option<i64>) {
    for (field, value) in [("grade", grade), ("response_level", response_level)] {
        if value.is_some_and(|level| !(1..=4).contains(&level)) {
            check.add(FieldError::new(field, "range").with("min", 1).with("max", 4));
        }
    }
}

/// One disruption.
pub async fn disruption(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Disruption> {
    store::disruption(tx, zone, id).await?.ok_or(Error::NotFound)
}

/// A disruption that new records may still be put under, held against its end until
/// they are.
pub async fn open_disruption(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Disruption> {
    store::hold_disruption(tx, zone, id).await?;
    let found = store::disruption(tx, zone, id).await?.ok_or_else(|| Error::field("disruption_id", "unknown"))?;
    if found.ended_at.is_some() {
        return Err(Error::field("disruption_id", "disruption_closed"));
    }
    Ok(found)
}

/// A page of disruptions: running ones first, then the newest.
pub async fn disruptions(
    app: &App,
    who: &Actor,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Disruption>> {
    let walk = Walk::read(store::DISRUPTION_KEYS, "-started", None, cursor, limit)?;
    let mut tx = app.read().await?;
    let (items, next) = store::disruptions(&mut tx, who.zone_id, q, &walk).await?;
    let counted = store::count_disruptions(&mut tx, who.zone_id, q).await?;
    Ok(Page::new(items, next, counted))
}

/// Disruptions that have not ended.
pub async fn open_disruptions(tx: &mut Tx, zone: Uuid) -> Result<Vec<Disruption>> {
    Ok(store::open_disruptions(tx, zone).await?)
}

/// Whether a real disruption (no exercise) runs: then every light grows old within days.
pub async fn emergency(tx: &mut Tx, zone: Uuid) -> Result<bool> {
    let live = |d: &Disruption| !d.exercise && !matches!(d.state, DisruptionState::Watching | DisruptionState::Closed);
    Ok(open_disruptions(tx, zone).await?.iter().any(live))
}

/// Changes a disruption that runs.
pub async fn change_disruption(app: &App, who: &Actor, id: Uuid, change: DisruptionChange) -> Result<Uuid> {
    who.must(COMMANDERS)?;
    let mut work = app.work(who).await?;
    let old = disruption(&mut work, who.zone_id, id).await?;
    who.saw(old.version)?;
    if old.ended_at.is_some() {
        return Err(Error::state("disruption_closed"));
    }
    let mut check = Check::new();
    let mut new = old.clone();
    if let Some(name) = &change.name {
        new.name = check.text("name", name, 60);
    }
    if let Some(state) = change.state {
        check.that(state != DisruptionState::Closed, "state", "end_by_closing");
        new.state = state;
    }
    new.grade = change.grade.apply(old.grade);
    new.response_level = change.response_level.apply(old.response_level);
    check_levels(&mut check, new.grade, new.response_level);
    new.warning_colour = change.warning_colour.apply(old.warning_colour);
    new.clock_mode = change.clock_mode.unwrap_or(old.clock_mode);
    new.area = check.opt_text("area", change.area.apply(old.area.clone()).as_deref(), 200);
    new.source = check.opt_text("source", change.source.apply(old.source.clone()).as_deref(), 200);
    new.expected_end_at = change.expected_end_at.apply(old.expected_end_at);
    check.that(new.expected_end_at.is_none_or(|end| end >= old.started_at), "expected_end_at", "before_start");
    check.done()?;
    save_disruption(&mut work, &old, &new, "disruption.change").await?;
    work.commit(id).await
}

/// Closes a disruption. What was said under it stays as it is.
pub async fn close(app: &App, who: &Actor, id: Uuid, end: DisruptionEnd) -> Result<Uuid> {
    who.must(COMMANDERS)?;
    let mut work = app.work(who).await?;
    let old = disruption(&mut work, who.zone_id, id).await?;
    who.saw(old.version)?;
    if old.ended_at.is_some() {
        return Err(Error::state("disruption_closed"));
    }
    let ended_at = end.ended_at.unwrap_or(work.now);
    let mut check = Check::new();
    check.that(ended_at >= old.started_at, "ended_at", "before_start");
    check.that(ended_at <= work.now, "ended_at", "in_future");
    let lessons = check.opt_text("lessons", end.lessons.as_deref(), 5000);
    check.done()?;
    let new = Disruption { state: DisruptionState::Closed, ended_at: Some(ended_at), lessons, ..old.clone() };
    save_disruption(&mut work, &old, &new, "disruption.close").await?;
    work.commit(id).await
}

async fn save_disruption(work: &mut Work, old: &Disruption, new: &Disruption, action: &'static str) -> Result<()> {
    if !store::update_disruption(work, new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version)));
    }
    let fields = |d: &Disruption| {
        json!({
            "name": d.name, "state": d.state, "grade": d.grade, "response_level": d.response_level,
            "warning_colour": d.warning_colour, "clock_mode": d.clock_mode, "area": d.area, "source": d.source,
            "expected_end_at": d.expected_end_at, "ended_at": d.ended_at, "lessons": d.lessons,
        })
    };
    let (before, after) = differences(fields(old), fields(new));
    work.log(action, Subject::about("disruption", old.id, old.id), Change::from_to(before, after)).await?;
    if old.hours() != new.hours() {
        appeal::limits::desk::turn_hours(work, old.id, new.hours(), &new.name).await?;
    }
    Ok(())
}

// What waits

/// At most so many subjects are asked about in one list.
const ASK: usize = 20;

/// Measures to see to, duties they left, and subjects that should be asked how
/// they are.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = Vec::new();
    let Some(person) = who.person_id else { return Ok(items) };
    if !who.is(READERS) {
        return Ok(items);
    }
    let now = app.now();
    let mut tx = app.read().await?;
    if who.is(WRITERS) {
        let mut mine = who.clone();
        // What is in one's own hands stays there when the assignment has moved on.
        mine.scope = Scope::All;
        let filter = MeasureFilter { owner_id: Some(person), open: true, ..MeasureFilter::default() };
        for measure in store::measures(&mut tx, &mine, &filter, None, 200).await? {
            let ended = measure.ended_at.is_some();
            let due_at = if ended { measure.later_due_at } else { measure.due_at };
            items.push(ToDo {
                action: if ended { "todo-measure-later" } else { "todo-measure" },
                title: if ended { measure.later_duty.unwrap_or_default() } else { measure.text },
                about: Some(measure.subject_name),
                href: format!("/measures/{}", measure.id),
                due_at,
                light: urgency(due_at, now),
            });
        }
    }
    if who.scope == Scope::All {
        return Ok(items);
    }
    let emergency = emergency(&mut tx, who.zone_id).await?;
    let (enterprises, projects) = tiles(&mut tx, who, now, true, now).await?;
    let mut stale: Vec<(Freshness, Tile)> = enterprises
        .into_iter()
        .map(|(.., tile)| tile)
        .chain(projects)
        .filter_map(|tile| {
            let oldest = tile.lights.iter().map(|l| Freshness::of(l.state, l.at, now, emergency)).max()?;
            (oldest >= Freshness::Stale).then_some((oldest, tile))
        })
        .collect();
    stale.sort_by(|a, b| {
        (std::cmp::Reverse(a.1.worst().severity()), &a.1.name)
            .cmp(&(std::cmp::Reverse(b.1.worst().severity()), &b.1.name))
    });
    let outside = who.is(OUTSIDE);
    items.extend(stale.into_iter().take(ASK).map(|(freshness, tile)| ToDo {
        action: match (outside, freshness) {
            (true, _) => "todo-lights-own",
            (false, Freshness::Never) => "todo-lights-never",
            (false, _) => "todo-lights-stale",
        },
        href: format!("{}/lights", tile.kind.href(tile.id)),
        title: tile.name.clone(),
        about: Some(tile.name),
        due_at: None,
        light: if tile.lights.iter().any(|l| l.state.is_trouble()) { Urgency::Behind } else { Urgency::Normal },
    }));
    Ok(items)
}

/// The light of a plain due time: near within a day.
pub(crate) fn urgency(due_at: Option<Time>, now: Time) -> Urgency {
    match due_at {
        Some(due) if due < now => Urgency::Overdue,
        Some(due) if due < now.plus(crate::time::DAY_MS) => Urgency::Near,
        _ => Urgency::Normal,
    }
}
