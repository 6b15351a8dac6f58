//! What can be done with points, trainings, lists and samples.

use super::store::{self, NewPerson, PeopleFilter, Person, Table};
use super::{
    Candidate, CandidateState, Evidence, Fault, FullPoint, FullRound, FullTraining, Missing, Named, NewCandidate,
    NewPoint, NewRoster, NewRound, NewSamples, NewTraining, Outcome, POOLS, PersonState, Point, PointAct, PointMove,
    PointState, Round, RoundAct, RoundState, Side, Silence, Standing, Taken, Training, TrainingAct, TrainingState,
    Tube, TubeState, VALID_MONTHS, by_day, lacking, outcome, point_moved, read_clock, result_of, roster, slots,
    valid_to,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::desk as appeals;
use crate::assignment::{self, reach};
use crate::continuity::desk::{self as continuity, subject_of, urgency};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{cut, read_cursor};
use crate::subject::{self, SubjectKind};
use crate::time::{DAY_MS, Day};
use crate::todo::ToDo;
use crate::zone::Zone;
use ::store::vault::canonical::Canonical;
use ::store::vault::field::DataKey;
use ::store::{Error as StoreError, Tx};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

pub use super::store::{CandidateFilter, PointFilter, RoundFilter};

/// Who reads points and rounds, each as far as he reaches.
pub const READERS: Roles = OFFICE.and(OUTSIDE);
/// Who proposes samplers, suggests points, keeps lists and fills tubes, within his reach.
pub const WRITERS: Roles = continuity::WRITERS.and(OUTSIDE);
/// Who makes rounds, asks for trainings and writes down what laboratories say.
pub const LEADS: Roles = continuity::WRITERS;
/// Who decides about points and closes rounds.
pub const DECIDERS: Roles = continuity::COMMANDERS;
/// Who reads trainings and samplers: partners those of their own.
pub const LEARNERS: Roles = READERS.and(Roles::of(&[Role::Agency]));
/// Who plans trainings and says what came of them.
pub const TEACHERS: Roles = continuity::WRITERS.and(Roles::of(&[Role::Agency]));

/// Longest text.
const LONG: usize = 500;
/// Tubes on the page of a round.
const TUBES: i64 = 300;
/// Lines of one post of samples, at most.
const LINES: usize = 500;
/// Bytes of a list.
const LIST: usize = 4 << 20;

async fn today(tx: &mut Tx, app: &App, zone: Uuid) -> Result<Day> {
    Ok(Zone::get(tx, zone).await?.day(app.now()))
}

fn wrong(field: &'static str, code: &'static str) -> Error {
    Error::field(field, code)
}

/// The subject that an input names; of who is outside it is his own.
fn named_subject(who: &Actor, enterprise: Option<Uuid>, project: Option<Uuid>) -> Result<(SubjectKind, Uuid)> {
    match (&who.scope, enterprise, project) {
        (Scope::Enterprise(id), None, None) => Ok((SubjectKind::Enterprise, *id)),
        (Scope::Project(id), None, None) => Ok((SubjectKind::Project, *id)),
        _ => subject_of(enterprise, project),
    }
}

/// Those who are told of what concerns a subject: its accounts, its officer and who stands
/// in for him.
async fn concerned(work: &mut Work, kind: SubjectKind, id: Uuid) -> Result<BTreeSet<Uuid>> {
    let (zone, now) = (work.zone(), work.now);
    let mut people: BTreeSet<Uuid> = subject::accounts(work, zone, kind, id).await?.into_iter().collect();
    let answers = assignment::desk::as_of(work, zone, kind, id, now).await?;
    let holders = answers.officer.into_iter().chain(answers.stand_in);
    people.extend(holders.filter(|holder| !holder.gone).filter_map(|holder| holder.person_id));
    Ok(people)
}

/// Of these subjects, those whose people the actor is told by name: his own, and those
/// whose officer he is, or for whom he stands in.
async fn named_to(
    app: &App,
    tx: &mut Tx,
    who: &Actor,
    subjects: &BTreeSet<(SubjectKind, Uuid)>,
) -> Result<HashSet<Uuid>> {
    if who.is_rule() {
        return Ok(subjects.iter().map(|(_, id)| *id).collect());
    }
    match &who.scope {
        Scope::Enterprise(own) | Scope::Project(own) if who.is(OUTSIDE) => {
            return Ok(subjects.iter().map(|(_, id)| *id).filter(|id| id == own).collect());
        }
        _ if !who.is(OFFICE) => return Ok(HashSet::new()),
        _ => {}
    }
    let mut told = HashSet::new();
    for kind in [SubjectKind::Enterprise, SubjectKind::Project] {
        let ids: Vec<Uuid> = subjects.iter().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect();
        if ids.is_empty() {
            continue;
        }
        for (id, answers) in assignment::desk::current_of(app, tx, who.zone_id, kind, &ids).await? {
            let mine = |holder: &assignment::Holder| !holder.gone && holder.person_id == who.person_id;
            if answers.officer.iter().chain(&answers.stand_in).any(mine) {
                told.insert(id);
            }
        }
    }
    Ok(told)
}

fn stale(version: i64) -> Error {
    Error::Conflict(Conflict::Stale(version))
}

// ---- candidates ---------------------------------------------------------------------------

/// The departments whose trainings somebody teaches; empty for who reaches by subject.
fn taught(who: &Actor) -> Vec<Uuid> {
    if who.has(Role::Agency) { who.departments() } else { Vec::new() }
}

/// Proposes somebody with a medical background who agreed.
pub async fn nominate(app: &App, who: &Actor, mut new: NewCandidate) -> Result<Uuid> {
    who.must(WRITERS)?;
    let (kind, subject) = named_subject(who, new.enterprise_id, new.project_id)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, Table::Candidate, id).await? {
        return Err(Error::Replayed(id));
    }
    let named = continuity::reached_to_write(&mut work, kind, subject).await?;
    let mut check = Check::new();
    new.name = check.text("name", &new.name, 40);
    new.background_note = check.opt_text("background_note", new.background_note.as_deref(), 100);
    check.that(new.consent, "consent", "screening_consent");
    check.done()?;
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(&mut work, zone, disruption).await?;
    }
    let day = today(&mut work, app, zone).await?;
    store::insert_candidate(&mut work, id, (kind, subject), &new, day).await?;
    let made = json!({
        "subject": named.short_name, "background": new.background, "consented_on": day, "disruption_id": new.disruption_id,
    });
    work.log("screening.nominate", Subject::about("screening_candidate", id, subject), Change::made(made)).await?;
    work.commit(id).await
}

/// One candidate whom the actor may know.
pub async fn candidate(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Candidate> {
    let filter = CandidateFilter { id: Some(id), ..CandidateFilter::default() };
    store::candidates(tx, who, &filter, &taught(who), None, 1).await?.pop().ok_or(Error::NotFound)
}

/// A page of those whom the actor may know, the newest first.
pub async fn candidates(
    app: &App,
    who: &Actor,
    filter: &CandidateFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Candidate>> {
    who.must(LEARNERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let taught = taught(who);
    let counted = store::count_candidates(&mut tx, who, filter, &taught).await?;
    let mut items = store::candidates(&mut tx, who, filter, &taught, after, limit + 1).await?;
    let next = cut(&mut items, limit, |one| Some((one.made_at, one.id)));
    Ok(Page::new(items, next, counted))
}

/// Today, as the zone counts days.
pub async fn day(app: &App, who: &Actor) -> Result<Day> {
    today(&mut app.read().await?, app, who.zone_id).await
}

/// Somebody no longer takes samples.
pub async fn withdraw(app: &App, who: &Actor, id: Uuid, reason: &str) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let mut one = candidate(&mut work, who, id).await?;
    who.saw(one.version)?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, LONG);
    check.done()?;
    if one.state == CandidateState::Withdrawn {
        return Err(Error::state("screening_withdrawn"));
    }
    let was = one.state;
    one.state = CandidateState::Withdrawn;
    one.reason = Some(reason.clone());
    if !store::save_candidate(&mut work, &one).await? {
        return Err(stale(one.version));
    }
    let change = Change::from_to(json!({"state": was}), json!({"state": one.state})).because(reason);
    work.log("screening.withdraw", Subject::about("screening_candidate", id, one.subject_id), change).await?;
    work.commit(id).await
}

// ---- trainings ----------------------------------------------------------------------------

/// Asks a partner for a training.
pub async fn ask(app: &App, who: &Actor, new: NewTraining) -> Result<Uuid> {
    who.must(LEADS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, Table::Training, id).await? {
        return Err(Error::Replayed(id));
    }
    let mut check = Check::new();
    let topic = check.text("topic", &new.topic, 100);
    let note = check.opt_text("note", new.note.as_deref(), LONG);
    let known = appeals::departments(&mut work, zone).await?;
    let department = new.department_id.filter(|id| known.iter().any(|d| d.id == *id));
    check.that(new.department_id.is_some(), "department_id", "required");
    check.that(new.department_id.is_none() || department.is_some(), "department_id", "unknown");
    check.done()?;
    let department_id = department.ok_or_else(|| wrong("department_id", "required"))?;
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(&mut work, zone, disruption).await?;
    }
    let number = next_number(&mut work, "PX").await?;
    let training = Training {
        id,
        number: number.clone(),
        topic: topic.clone(),
        department_id,
        department_name: None,
        state: TrainingState::Asked,
        held_at: None,
        hours: None,
        place: None,
        note,
        disruption_id: new.disruption_id,
        disruption_name: None,
        people: 0,
        passed: 0,
        made_at: work.now,
        version: 1,
    };
    store::insert_training(&mut work, &training).await?;
    let made = json!({
        "number": number, "topic": topic, "department_id": department_id, "disruption_id": new.disruption_id,
    });
    work.log("screening.ask_training", Subject::new("screening_training", id), Change::made(made)).await?;
    enrol(&mut work, &training, &new.candidates).await?;
    for person in appeals::officers_of(&mut work, zone, department_id).await? {
        let args = json!({"number": number, "topic": topic});
        work.notify(person, "screening.training_asked", Subject::new("screening_training", id), args).await?;
    }
    work.commit(id).await
}

async fn next_number(work: &mut Work, prefix: &str) -> Result<String> {
    let (zone, now) = (work.zone(), work.now);
    let day = Zone::get(work, zone).await?.day(now).compact();
    work.next_number(prefix, &day).await
}

async fn enrol(work: &mut Work, training: &Training, who: &[Uuid]) -> Result<()> {
    let actor = work.who.clone();
    for id in who.iter().copied().collect::<BTreeSet<_>>() {
        let mut one = match candidate(work, &actor, id).await {
            Ok(one) => one,
            Err(Error::NotFound) => return Err(wrong("candidates", "unknown")),
            Err(error) => return Err(error),
        };
        if one.state == CandidateState::Withdrawn {
            return Err(Error::state("screening_withdrawn"));
        }
        if one.state == CandidateState::Enrolled {
            return Err(wrong("candidates", "screening_enrolled"));
        }
        let was = one.state;
        one.state = CandidateState::Enrolled;
        one.training_id = Some(training.id);
        (one.attended, one.score, one.reason) = (None, None, None);
        (one.certificate_no, one.valid_from, one.valid_to) = (None, None, None);
        if !store::save_candidate(work, &one).await? {
            return Err(stale(one.version));
        }
        let change = Change::from_to(json!({"state": was}), json!({"state": one.state, "training": training.number}));
        work.log("screening.enrol", Subject::about("screening_candidate", id, one.subject_id), change).await?;
    }
    Ok(())
}

/// Whether the actor may know a training: the office all, a partner his own, who is outside
/// those that his people take part in.
async fn known_training(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<(Training, Vec<Candidate>)> {
    let training = store::training(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let filter = CandidateFilter { training_id: Some(id), ..CandidateFilter::default() };
    let candidates = store::candidates(tx, who, &filter, &taught(who), None, 500).await?;
    let own = who.departments().contains(&training.department_id);
    if who.is(OFFICE) || own || who.is(OUTSIDE) && !candidates.is_empty() {
        return Ok((training, candidates));
    }
    Err(Error::NotFound)
}

/// A training with those of its people whom the actor may know.
pub async fn training(app: &App, who: &Actor, id: Uuid) -> Result<FullTraining> {
    who.must(LEARNERS)?;
    let (training, candidates) = known_training(&mut app.read().await?, who, id).await?;
    let (teaches, keeps) = (teaches(who, &training), who.is(LEADS));
    Ok(FullTraining { training, candidates, teaches, keeps })
}

fn teaches(who: &Actor, training: &Training) -> bool {
    who.is_rule()
        || who.departments().contains(&training.department_id) && who.is(TEACHERS)
        || who.is(DECIDERS)
        || who.is(LEADS)
}

/// A page of trainings, the newest first.
pub async fn trainings(app: &App, who: &Actor, cursor: Option<&str>, limit: i64) -> Result<Page<Training>> {
    who.must(TEACHERS.and(OFFICE))?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let own = who.departments();
    let of = (!who.is(OFFICE)).then_some(own.as_slice());
    if of.is_some_and(<[Uuid]>::is_empty) {
        return Ok(Page::new(Vec::new(), None, 0));
    }
    let mut items = store::trainings(&mut tx, who.zone_id, of, after, limit + 1).await?;
    let next = cut(&mut items, limit, |one| Some((one.made_at, one.id)));
    let shown = i64::try_from(items.len()).unwrap_or_default();
    Ok(Page::new(items, next, shown))
}

/// Does something with a training.
pub async fn act_training(app: &App, who: &Actor, id: Uuid, act: TrainingAct) -> Result<Uuid> {
    who.must(TEACHERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let (mut training, candidates) = known_training(&mut work, who, id).await?;
    who.saw(training.version)?;
    let about = Subject::new("screening_training", id);
    let mut check = Check::new();
    match act {
        TrainingAct::Enrol { candidates } => {
            who.must(LEADS)?;
            check.that(!candidates.is_empty(), "candidates", "required");
            check.done()?;
            if !training.is_open() {
                return Err(Error::state("screening_training_over"));
            }
            enrol(&mut work, &training, &candidates).await?;
        }
        TrainingAct::Plan { held_at, hours, place } => {
            if !teaches(who, &training) {
                return Err(Error::Forbidden);
            }
            let place = check.text("place", &place, 100);
            check.that(hours.is_none_or(|hours| (1..=200).contains(&hours)), "hours", "unreadable");
            check.done()?;
            if training.state == TrainingState::Cancelled {
                return Err(Error::state("screening_training_over"));
            }
            training.state = TrainingState::Planned;
            (training.held_at, training.hours, training.place) = (Some(held_at), hours, Some(place.clone()));
            let made = json!({"state": training.state, "held_at": held_at, "hours": hours, "place": place});
            work.log("screening.plan_training", about, Change::made(made)).await?;
        }
        TrainingAct::Result { candidate_id, attended, passed, score, certificate_no, months, reason } => {
            if !teaches(who, &training) {
                return Err(Error::Forbidden);
            }
            let Some(held_at) = training.held_at.filter(|at| *at <= work.now) else {
                return Err(Error::state("screening_training_not_yet"));
            };
            let Some(mut one) = candidates.into_iter().find(|one| one.id == candidate_id) else {
                return Err(wrong("candidate_id", "unknown"));
            };
            if one.state != CandidateState::Enrolled {
                return Err(Error::state("screening_result_given"));
            }
            let Some(state) = result_of(attended, passed) else { return Err(wrong("passed", "screening_absent")) };
            check.that(score.is_none_or(|score| (0..=100).contains(&score)), "score", "unreadable");
            let number = check.opt_text("certificate_no", certificate_no.as_deref(), 40);
            check.that(!passed || number.is_some(), "certificate_no", "required");
            check.that(months.is_none_or(|months| (1..=60).contains(&months)), "months", "unreadable");
            let reason = check.opt_text("reason", reason.as_deref(), LONG);
            check.done()?;
            one.state = state;
            (one.attended, one.score, one.reason) = (Some(attended), score, reason);
            if passed {
                let from = Zone::get(&mut work, zone).await?.day(held_at);
                one.certificate_no = number;
                one.valid_from = Some(from);
                one.valid_to = Some(valid_to(from, months.unwrap_or(VALID_MONTHS)));
            }
            let saved = store::save_candidate(&mut work, &one).await.map_err(|error| match error {
                StoreError::Duplicate(_) => Error::Conflict(Conflict::Taken("certificate_no")),
                other => other.into(),
            })?;
            if !saved {
                return Err(stale(one.version));
            }
            let after = json!({
                "state": one.state, "attended": attended, "certificate_no": one.certificate_no, "valid_to": one.valid_to,
            });
            let of = Subject::about("screening_candidate", one.id, one.subject_id);
            work.log("screening.training_result", of, Change::made(after)).await?;
            training.state = TrainingState::Held;
        }
        TrainingAct::Cancel { reason } => {
            who.must(LEADS)?;
            let reason = check.text("reason", &reason, LONG);
            check.done()?;
            if !training.is_open() {
                return Err(Error::state("screening_training_over"));
            }
            training.state = TrainingState::Cancelled;
            training.note = Some(reason.clone());
            // Who was enrolled can be enrolled elsewhere.
            for mut one in candidates.into_iter().filter(|one| one.state == CandidateState::Enrolled) {
                one.state = CandidateState::Nominated;
                one.training_id = None;
                store::save_candidate(&mut work, &one).await?;
            }
            let change = Change::made(json!({"state": training.state})).because(reason);
            work.log("screening.cancel_training", about, change).await?;
        }
    }
    if !store::save_training(&mut work, &training).await? {
        return Err(stale(training.version));
    }
    work.commit(id).await
}

// ---- points -------------------------------------------------------------------------------

/// What is said of a point when it is suggested or changed, checked.
struct Facts {
    place: String,
    people: i64,
    teams: i64,
    opens_at: i64,
    closes_at: i64,
}

fn facts(place: &str, people: Option<i64>, teams: Option<i64>, opens: &str, closes: &str) -> Result<Facts> {
    let mut check = Check::new();
    let place = check.text("place", place, 100);
    check.that(people.is_some_and(|n| (1..=100_000).contains(&n)), "people", "screening_number");
    check.that(teams.is_some_and(|n| (1..=50).contains(&n)), "teams", "screening_number");
    let (opens, closes) = (read_clock(opens), read_clock(closes));
    check.that(opens.is_some(), "opens", "screening_clock");
    check.that(closes.is_some(), "closes", "screening_clock");
    check.that(opens.zip(closes).is_none_or(|(from, to)| from < to), "closes", "before_start");
    check.done()?;
    Ok(Facts {
        place,
        people: people.unwrap_or_default(),
        teams: teams.unwrap_or_default(),
        opens_at: opens.unwrap_or_default(),
        closes_at: closes.unwrap_or_default(),
    })
}

/// Suggests a point.
pub async fn suggest(app: &App, who: &Actor, new: NewPoint) -> Result<Uuid> {
    who.must(WRITERS)?;
    let (kind, subject) = named_subject(who, new.enterprise_id, new.project_id)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, Table::Point, id).await? {
        return Err(Error::Replayed(id));
    }
    let named = continuity::reached_to_write(&mut work, kind, subject).await?;
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let facts = facts(&new.place, new.people, new.teams, &new.opens, &new.closes);
    let facts = match (check.done(), facts) {
        (Err(Error::Invalid(mut errors)), Err(Error::Invalid(more))) => {
            errors.extend(more);
            return Err(Error::Invalid(errors));
        }
        (checked, facts) => {
            checked?;
            facts?
        }
    };
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(&mut work, zone, disruption).await?;
    }
    let number = next_number(&mut work, "CY").await?;
    let point = Point {
        id,
        number: number.clone(),
        name: name.clone(),
        subject_kind: kind,
        subject_id: subject,
        subject_name: Some(named.short_name),
        place: facts.place,
        people: facts.people,
        teams: facts.teams,
        opens_at: facts.opens_at,
        closes_at: facts.closes_at,
        state: PointState::Suggested,
        reason: None,
        approved_at: None,
        opened_at: None,
        heard_at: None,
        silent_step: 0,
        disruption_id: new.disruption_id,
        disruption_name: None,
        sampled: 0,
        samplers: 0,
        made_at: work.now,
        version: 1,
    };
    store::insert_point(&mut work, &point).await?;
    let made = json!({
        "number": number, "name": name, "place": point.place, "people": point.people, "teams": point.teams,
        "hours": point.hours(), "disruption_id": new.disruption_id,
    });
    work.log("screening.suggest", Subject::about("screening_point", id, subject), Change::made(made)).await?;
    work.commit(id).await
}

/// One point that the actor reaches.
pub async fn point_of(tx: &mut Tx, app: &App, who: &Actor, id: Uuid) -> Result<Point> {
    let day = today(tx, app, who.zone_id).await?;
    let filter = PointFilter { id: Some(id), ..PointFilter::default() };
    store::points(tx, who, &filter, day, None, 1).await?.pop().ok_or(Error::NotFound)
}

fn sides(who: &Actor) -> Vec<Side> {
    let site = who.is(WRITERS).then_some(Side::Site);
    site.into_iter().chain(who.is(DECIDERS).then_some(Side::Decider)).collect()
}

/// A point with everything about it.
pub async fn point(app: &App, who: &Actor, id: Uuid) -> Result<FullPoint> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let point = point_of(&mut tx, app, who, id).await?;
    let evidence = store::evidence(&mut tx, who.zone_id, id).await?;
    let lacking = lacking(&evidence.iter().map(|given| given.kind).collect::<Vec<_>>());
    let of_site = CandidateFilter { subject_id: Some(point.subject_id), ..CandidateFilter::default() };
    let candidates = store::candidates(&mut tx, who, &of_site, &[], None, 100).await?;
    let sides = sides(who);
    let possible = PointMove::ALL.iter().copied().filter(|does| point_moved(point.state, *does, &sides).is_some());
    let possible = possible
        .filter(|does| match does {
            PointMove::Approve => lacking.is_empty(),
            PointMove::Open | PointMove::Resume => point.samplers > 0,
            _ => true,
        })
        .collect();
    let keeps = who.is(WRITERS) && point.state != PointState::Closed;
    Ok(FullPoint {
        capacity: point.capacity(),
        needs: point.needs(),
        evidence,
        lacking,
        candidates,
        possible,
        keeps,
        point,
    })
}

/// A page of points within reach, the newest first.
pub async fn points(
    app: &App,
    who: &Actor,
    filter: &PointFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Point>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let day = today(&mut tx, app, who.zone_id).await?;
    let counted = store::count_points(&mut tx, who, filter).await?;
    let mut items = store::points(&mut tx, who, filter, day, after, limit + 1).await?;
    let next = cut(&mut items, limit, |one| Some((one.made_at, one.id)));
    Ok(Page::new(items, next, counted))
}

/// The entry that a move leaves.
const fn entry(does: PointMove) -> &'static str {
    match does {
        PointMove::Apply => "screening.apply",
        PointMove::Approve => "screening.approve",
        PointMove::SendBack => "screening.send_back",
        PointMove::Open => "screening.open",
        PointMove::Report => "screening.report",
        PointMove::Pause => "screening.pause",
        PointMove::Resume => "screening.resume",
        PointMove::Close => "screening.close_point",
    }
}

/// Does something with a point.
pub async fn act_point(app: &App, who: &Actor, id: Uuid, act: PointAct) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let mut point = point_of(&mut work, app, who, id).await?;
    who.saw(point.version)?;
    let was = point.state;
    let about = Subject::about("screening_point", id, point.subject_id);
    if let Some(does) = act.does() {
        let Some(to) = point_moved(was, does, &sides(who)) else {
            let known = point_moved(was, does, Side::ALL).is_some();
            return Err(if known { Error::Forbidden } else { Error::state("screening_point_state") });
        };
        let reason = match act {
            PointAct::SendBack { reason } | PointAct::Pause { reason } | PointAct::Close { reason } => {
                let mut check = Check::new();
                let reason = check.text("reason", &reason, LONG);
                check.done()?;
                Some(reason)
            }
            _ => None,
        };
        move_point(&mut work, &mut point, does, to, reason).await?;
        return work.commit(id).await;
    }
    if was == PointState::Closed {
        return Err(Error::state("screening_point_state"));
    }
    match act {
        PointAct::Show { kind, text } => {
            let mut check = Check::new();
            let text = check.text("text", &text, LONG);
            check.done()?;
            store::put_evidence(&mut work, id, kind, &text).await?;
            work.log("screening.show", about, Change::made(json!({"evidence": kind, "text": text}))).await?;
        }
        PointAct::Change { place, people, teams, opens, closes } => {
            let new = facts(&place, Some(people), Some(teams), &opens, &closes)?;
            let said = |p: &Point| json!({"place": p.place, "people": p.people, "teams": p.teams, "hours": p.hours()});
            let before = said(&point);
            (point.place, point.people, point.teams) = (new.place, new.people, new.teams);
            (point.opens_at, point.closes_at) = (new.opens_at, new.closes_at);
            let after = said(&point);
            if before == after {
                return work.commit(id).await;
            }
            work.log("screening.change_point", about, Change::from_to(before, after)).await?;
            // What was approved is no longer what stands there, unless the committee itself says so.
            let approved = matches!(was, PointState::Approved | PointState::Open | PointState::Paused);
            if approved && !who.is(DECIDERS) {
                point.state = PointState::Applied;
                point.approved_at = None;
                let change = Change::from_to(json!({"state": was}), json!({"state": point.state}));
                work.log("screening.approval_falls", about, change).await?;
                for person in concerned(&mut work, point.subject_kind, point.subject_id).await? {
                    let args = json!({"name": point.name, "state": point.state});
                    work.notify(person, "screening.point_moved", about, args).await?;
                }
            }
        }
        _ => return Err(Error::Internal("a move that is none".into())),
    }
    if !store::save_point(&mut work, &point).await? {
        return Err(stale(point.version));
    }
    work.commit(id).await
}

/// Moves a point: what it must have for that, the entry, who is told.
async fn move_point(
    work: &mut Work,
    point: &mut Point,
    does: PointMove,
    to: PointState,
    reason: Option<String>,
) -> Result<()> {
    let (zone, now, was) = (work.zone(), work.now, point.state);
    let about = Subject::about("screening_point", point.id, point.subject_id);
    match does {
        PointMove::Approve => {
            let given: Vec<Evidence> =
                store::evidence(work, zone, point.id).await?.into_iter().map(|given| given.kind).collect();
            if !lacking(&given).is_empty() {
                return Err(Error::state("screening_evidence"));
            }
            point.approved_at = Some(now);
        }
        PointMove::Open | PointMove::Resume if point.samplers == 0 => {
            return Err(Error::state("screening_no_sampler"));
        }
        PointMove::Open => point.opened_at = Some(now),
        _ => {}
    }
    if to == PointState::Open {
        point.heard_at = Some(now);
        point.silent_step = 0;
    }
    point.state = to;
    point.reason = reason.clone();
    if !store::save_point(work, point).await? {
        return Err(stale(point.version));
    }
    let change = Change::from_to(json!({"state": was}), json!({"state": to}));
    work.log(entry(does), about, change.because(reason.unwrap_or_default())).await?;
    if does != PointMove::Report {
        for person in concerned(work, point.subject_kind, point.subject_id).await? {
            let args = json!({"name": point.name, "state": to});
            work.notify(person, "screening.point_moved", about, args).await?;
        }
    }
    Ok(())
}

/// Warns open points that were not heard of, and pauses those that stay silent. Answers how
/// many it warned or paused.
pub async fn silence(app: &App, zone: Uuid) -> Result<usize> {
    let rule = Actor::rule(zone);
    let of_zone = Zone::get(&mut app.read().await?, zone).await?;
    let today = of_zone.day(app.now());
    let quiet = store::silent(&mut app.read().await?, zone, app.now().plus(-DAY_MS)).await?;
    let mut count = 0;
    for id in quiet {
        let mut work = app.work(&rule).await?;
        let mut point = point_of(&mut work, app, &rule, id).await?;
        let Some(heard) = point.heard_at.filter(|_| point.state == PointState::Open) else { continue };
        let about = Subject::about("screening_point", id, point.subject_id);
        match super::silence(of_zone.day(heard), today) {
            Silence::None => continue,
            Silence::Warn if point.silent_step > 0 => continue,
            Silence::Warn => {
                point.silent_step = 1;
                if !store::save_point(&mut work, &point).await? {
                    continue;
                }
                work.log("screening.silent", about, Change::made(json!({"heard_at": heard}))).await?;
                for person in concerned(&mut work, point.subject_kind, point.subject_id).await? {
                    work.notify(person, "screening.point_silent", about, json!({"name": point.name})).await?;
                }
            }
            Silence::Pause => {
                let reason = Some(crate::text::Lang::Zh.t("screening-silent-reason").into_owned());
                match move_point(&mut work, &mut point, PointMove::Pause, PointState::Paused, reason).await {
                    // Somebody was quicker.
                    Err(Error::Conflict(Conflict::Stale(_))) => continue,
                    done => done?,
                }
            }
        }
        work.commit(id).await?;
        count += 1;
    }
    Ok(count)
}

// ---- rounds -------------------------------------------------------------------------------

/// Makes a round.
pub async fn begin(app: &App, who: &Actor, new: NewRound) -> Result<Uuid> {
    who.must(LEADS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::is_there(&mut work, zone, Table::Round, id).await? {
        return Err(Error::Replayed(id));
    }
    let starts_at = new.starts_at.unwrap_or(work.now);
    let mut check = Check::new();
    let title = check.text("title", &new.title, 80);
    let lab = check.opt_text("lab", new.lab.as_deref(), 60);
    let pool_size = new.pool_size.unwrap_or(10);
    check.that(POOLS.contains(&pool_size), "pool_size", "unknown");
    check.that(new.ends_at.is_some(), "ends_at", "required");
    check.that(new.ends_at.is_none_or(|ends| ends > starts_at), "ends_at", "before_start");
    check.done()?;
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(&mut work, zone, disruption).await?;
    }
    let number = next_number(&mut work, "LC").await?;
    let round = Round {
        id,
        number: number.clone(),
        kind: new.kind,
        title: title.clone(),
        starts_at,
        ends_at: new.ends_at.ok_or_else(|| wrong("ends_at", "required"))?,
        pool_size,
        lab,
        state: RoundState::Open,
        closed_at: None,
        reason: None,
        disruption_id: new.disruption_id,
        disruption_name: None,
        exercise: None,
        people: 0,
        exempt: 0,
        done: 0,
        made_at: work.now,
        version: 1,
    };
    store::insert_round(&mut work, &round).await?;
    let made = json!({
        "number": number, "kind": round.kind, "title": title, "ends_at": round.ends_at, "pool_size": pool_size,
        "disruption_id": new.disruption_id,
    });
    work.log("screening.begin", Subject::new("screening_round", id), Change::made(made)).await?;
    work.commit(id).await
}

/// One round that the actor may know.
pub async fn round_of(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Round> {
    let filter = RoundFilter { id: Some(id), ..RoundFilter::default() };
    store::rounds(tx, who, &filter, None, 1).await?.pop().ok_or(Error::NotFound)
}

/// A round with everything that the actor may know; nobody's name.
pub async fn round(app: &App, who: &Actor, id: Uuid) -> Result<FullRound> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let round = round_of(&mut tx, who, id).await?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let parts = store::parts(&mut tx, who, id).await?;
    let times = store::done_times(&mut tx, who, id).await?;
    let days = by_day(times.into_iter().map(|at| zone.day(at)).collect(), round.share().of);
    let tubes = store::tubes(&mut tx, who, id, TUBES).await?;
    let open = round.is_open();
    Ok(FullRound {
        needs: round.needs(),
        on_site: parts.iter().map(|part| part.on_site).sum(),
        keeps: open && who.is(WRITERS),
        leads: open && who.is(LEADS),
        days,
        parts,
        tubes,
        round,
    })
}

/// A page of rounds, those that end last first.
pub async fn rounds(
    app: &App,
    who: &Actor,
    filter: &RoundFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Round>> {
    who.must(READERS)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let counted = store::count_rounds(&mut tx, who, filter).await?;
    let mut items = store::rounds(&mut tx, who, filter, after, limit + 1).await?;
    let next = cut(&mut items, limit, |one| Some((one.ends_at, one.id)));
    Ok(Page::new(items, next, counted))
}

// ---- who is on a list -----------------------------------------------------------------------

/// Whose key seals the names and results of a round.
fn owner(round: &Round) -> Uuid {
    round.disruption_id.unwrap_or(round.id)
}

fn digest(work: &Tx, kind: &str, round: Uuid, text: &str) -> String {
    let canonical =
        Canonical::new("buting.screening.v1").str(kind).str(&round.to_string()).str(&roster::plain(text)).finish();
    vault::hash::hex(&vault::mac::row(work.db().keyring(), &canonical))
}

fn sealed_name(key: &DataKey, person: Uuid, name: &str, no: Option<&str>) -> Vec<u8> {
    key.seal(&format!("screening_person.sealed_name:{person}"), json!({"name": name, "no": no}).to_string().as_bytes())
}

fn sealed(key: &DataKey, column: &str, id: Uuid, text: &str) -> Vec<u8> {
    key.seal(&format!("{column}:{id}"), text.as_bytes())
}

fn opened(key: Option<&DataKey>, column: &str, id: Uuid, sealed: Option<&[u8]>) -> Option<String> {
    let plain = key?.open(&format!("{column}:{id}"), sealed?).ok()?;
    String::from_utf8(plain).ok()
}

/// Name and number; what was purged says so by its absence.
fn name_of(key: Option<&DataKey>, person: &Person) -> (String, Option<String>) {
    let text = opened(key, "screening_person.sealed_name", person.id, Some(&person.sealed_name));
    let said: Json = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    (said["name"].as_str().unwrap_or("—").to_owned(), said["no"].as_str().map(str::to_owned))
}

fn outcome_of(key: Option<&DataKey>, person: &Person) -> Option<Outcome> {
    let word = opened(key, "screening_result.sealed_result", person.id, person.sealed_result.as_deref())?;
    Outcome::parse(&word)
}

/// Adds people to the list of a subject. Good rows are kept; the others are told.
pub async fn add_people(app: &App, who: &Actor, new: &NewRoster) -> Result<Taken> {
    let (enterprise, project) = (new.enterprise_id, new.project_id);
    let subject = named_subject(who, enterprise, project)?;
    add_sheet(app, who, new.round_id, subject, new.text.as_bytes().to_vec(), "text").await
}

/// The same from the bytes of a sheet; `field` is where it was given.
pub async fn add_sheet(
    app: &App,
    who: &Actor,
    round: Uuid,
    (kind, subject): (SubjectKind, Uuid),
    bytes: Vec<u8>,
    field: &'static str,
) -> Result<Taken> {
    who.must(WRITERS)?;
    if bytes.len() > LIST {
        return Err(Error::TooLarge(LIST));
    }
    // Reading a workbook keeps a core busy for a while.
    let read = tokio::task::spawn_blocking(move || roster::read(&bytes))
        .await
        .map_err(|error| Error::Internal(format!("reading a list ended: {error}")))?;
    let (lines, mut faults) = read.map_err(|why| match why {
        roster::Unread::TooMany => {
            Error::Invalid(vec![FieldError::new(field, "screening_too_many").with("max", roster::MOST)])
        }
        roster::Unread::Nobody => wrong(field, "screening_nobody"),
        roster::Unread::File => wrong(field, "screening_file"),
    })?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let named = continuity::reached_to_write(&mut work, kind, subject).await?;
    let round = round_of(&mut work, who, round).await?;
    if !store::hold_round(&mut work, round.id).await? {
        return Err(Error::state("screening_round_closed"));
    }
    // Names of the subject that have a number, names that have none, and all numbers.
    let (mut told_apart, mut plain, mut numbers) = (HashSet::new(), HashSet::new(), HashSet::new());
    for (of, name, no) in store::digests(&mut work, zone, round.id).await? {
        let numbered = no.is_some();
        numbers.extend(no);
        if of == subject {
            let names = if numbered { &mut told_apart } else { &mut plain };
            names.insert(name);
        }
    }
    let now = work.now;
    let key = work.data_key(zone, owner(&round), now.ms()).await?;
    let mut kept = 0;
    for line in lines {
        let name_digest = digest(&work, "name", round.id, &line.name);
        let no_digest = line.no.as_deref().map(|no| digest(&work, "no", round.id, no));
        // Who has no number may be anybody of his name.
        let new = match &no_digest {
            Some(no) => !plain.contains(&name_digest) && numbers.insert(no.clone()),
            None => !told_apart.contains(&name_digest) && plain.insert(name_digest.clone()),
        };
        if new && no_digest.is_some() {
            told_apart.insert(name_digest.clone());
        }
        if !new {
            faults.push(Fault { row: line.row, column: line.column, code: "known", text: line.name });
            continue;
        }
        let id = Uuid::now_v7();
        let reason = line.reason.as_deref().map(|text| sealed(&key, "screening_person.sealed_reason", id, text));
        let person = NewPerson {
            id,
            unit: line.unit,
            position: line.row,
            sealed_name: sealed_name(&key, id, &line.name, line.no.as_deref()),
            state: if reason.is_some() { PersonState::Exempt } else { PersonState::Due },
            sealed_reason: reason,
            name_digest,
            no_digest,
        };
        store::insert_person(&mut work, round.id, (kind, subject), person).await?;
        kept += 1;
    }
    faults.sort_by_key(|fault| fault.row);
    let refused = i64::try_from(faults.len()).unwrap_or_default();
    if kept > 0 {
        let made = json!({
            "round": round.number, "subject": named.short_name, "added": kept, "refused": refused,
            "disruption_id": round.disruption_id,
        });
        work.log("screening.roster", Subject::about("screening_round", round.id, subject), Change::made(made)).await?;
    }
    work.commit(round.id).await?;
    Ok(Taken { kept, faults })
}

/// Everybody of a list who is missing, for who is told names: the subject itself and its
/// officer. Others are told nobody.
pub async fn missing(app: &App, who: &Actor, round: Uuid) -> Result<Vec<Missing>> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let round = round_of(&mut tx, who, round).await?;
    let subjects = subjects_of(&mut tx, who, round.id).await?;
    let told = named_to(app, &mut tx, who, &subjects).await?;
    missing_of(&mut tx, who.zone_id, &round, &told).await
}

async fn subjects_of(tx: &mut Tx, who: &Actor, round: Uuid) -> Result<BTreeSet<(SubjectKind, Uuid)>> {
    let parts = store::parts(tx, who, round).await?;
    Ok(parts.into_iter().map(|part| (part.subject_kind, part.subject_id)).collect())
}

async fn missing_of(tx: &mut Tx, zone: Uuid, round: &Round, told: &HashSet<Uuid>) -> Result<Vec<Missing>> {
    let mut all = Vec::new();
    let key = tx.known_key(zone, owner(round)).await?;
    for subject in told {
        let filter = PeopleFilter { subject_id: Some(*subject), open: true, ..PeopleFilter::default() };
        for person in store::people(tx, zone, round.id, filter).await? {
            let recheck = outcome_of(key.as_ref(), &person) == Some(Outcome::Recheck);
            if !person.state.is_missing() && !recheck {
                continue;
            }
            let (name, no) = name_of(key.as_ref(), &person);
            all.push(Missing {
                id: person.id,
                name,
                no,
                subject_name: person.subject_name.unwrap_or_default(),
                unit: person.unit,
                slot_at: person.slot_at,
                recheck,
            });
        }
    }
    all.sort_by(|a, b| {
        (!a.recheck, &a.subject_name, &a.unit, &a.name).cmp(&(!b.recheck, &b.subject_name, &b.unit, &b.name))
    });
    Ok(all)
}

/// Whose lists the actor may open by name in a round: key and short name.
pub async fn named_lists(app: &App, who: &Actor, full: &FullRound) -> Result<Vec<(Uuid, String)>> {
    let subjects = full.parts.iter().map(|part| (part.subject_kind, part.subject_id)).collect();
    let told = named_to(app, &mut app.read().await?, who, &subjects).await?;
    let parts = full.parts.iter().filter(|part| told.contains(&part.subject_id));
    let all: BTreeSet<_> = parts.map(|part| (part.subject_name.clone().unwrap_or_default(), part.subject_id)).collect();
    Ok(all.into_iter().map(|(name, id)| (id, name)).collect())
}

/// The list of a subject by name with what came of it. Asks for a reason, and is written
/// down before anything is shown.
pub async fn names(app: &App, who: &Actor, round: Uuid, subject: Uuid, reason: &str) -> Result<Vec<Named>> {
    who.must(READERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let round = round_of(&mut work, who, round).await?;
    let subjects = subjects_of(&mut work, who, round.id).await?;
    if !named_to(app, &mut work, who, &subjects).await?.contains(&subject) {
        return Err(Error::NotFound);
    }
    let mut check = Check::new();
    let reason = check.text("reason", reason, LONG);
    check.done()?;
    let key = work.known_key(zone, owner(&round)).await?;
    let filter = PeopleFilter { subject_id: Some(subject), ..PeopleFilter::default() };
    let people = store::people(&mut work, zone, round.id, filter).await?;
    let seen = json!({"round": round.number, "people": people.len(), "disruption_id": round.disruption_id});
    let about = Subject::about("screening_round", round.id, subject);
    work.log("screening.names", about, Change::made(seen).because(reason)).await?;
    work.commit(round.id).await?;
    let named = |person: Person| {
        let (name, no) = name_of(key.as_ref(), &person);
        let reason = opened(key.as_ref(), "screening_person.sealed_reason", person.id, person.sealed_reason.as_deref());
        Named {
            id: person.id,
            name,
            no,
            subject_name: person.subject_name.clone().unwrap_or_default(),
            unit: person.unit.clone(),
            state: person.state,
            reason,
            slot_at: person.slot_at,
            done_at: person.done_at,
            outcome: outcome_of(key.as_ref(), &person),
        }
    };
    Ok(people.into_iter().map(named).collect())
}

/// The one on the list whom a name or a number means.
async fn found(
    tx: &mut Tx,
    round: &Round,
    zone: Uuid,
    text: &str,
    of: Option<Uuid>,
) -> Result<Result<Person, &'static str>> {
    let (name, no) = (digest(tx, "name", round.id, text), digest(tx, "no", round.id, text));
    let filter = PeopleFilter { subject_id: of, digests: Some((&name, &no)), ..PeopleFilter::default() };
    let mut all = store::people(tx, zone, round.id, filter).await?;
    // A number means one; a name may mean several.
    if let Some(at) = all.iter().position(|person| person.no_digest.as_deref() == Some(no.as_str())) {
        return Ok(Ok(all.swap_remove(at)));
    }
    Ok(match all.len() {
        0 => Err("not_on_list"),
        1 => Ok(all.remove(0)),
        _ => Err("several"),
    })
}

// ---- samples --------------------------------------------------------------------------------

/// Puts people into tubes, or ticks them where the round has none. Good lines are kept; the
/// others are told. A tube never holds more than it may, nobody is taken twice, and who takes
/// the sample must have a certificate that holds today.
pub async fn fill(app: &App, who: &Actor, new: NewSamples) -> Result<Taken> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let round = round_of(&mut work, who, new.round_id).await?;
    if !store::hold_round(&mut work, round.id).await? {
        return Err(Error::state("screening_round_closed"));
    }
    let of = match (new.enterprise_id, new.project_id) {
        (None, None) => None,
        (enterprise, project) => Some(subject_of(enterprise, project)?.1),
    };
    let (lines, mut faults) = match round.kind.has_tubes() {
        true => roster::samples(&new.lines, new.code.as_deref().map(str::trim).filter(|code| !code.is_empty())),
        false => roster::samples(&new.lines, Some("")),
    };
    if lines.len() > LINES {
        return Err(Error::Invalid(vec![FieldError::new("lines", "screening_too_many").with("max", LINES)]));
    }
    if lines.is_empty() && faults.is_empty() {
        return Err(wrong("lines", "required"));
    }
    let site = if round.kind.has_tubes() { Some(site(&mut work, app, &new, &round).await?) } else { None };
    let key = work.known_key(zone, owner(&round)).await?;
    let (mut kept, mut tubes, mut subjects) = (0, HashMap::<String, Tube>::new(), BTreeSet::new());
    for (row, code, text) in lines {
        let mut fault =
            |column: &str, code| faults.push(Fault { row, column: column.into(), code, text: text.clone() });
        let place = if new.code.is_some() || !round.kind.has_tubes() { "A" } else { "B" };
        let person = match found(&mut work, &round, zone, &text, of).await? {
            Ok(person) => person,
            Err(why) => {
                fault(place, why);
                continue;
            }
        };
        if !reach::reaches(&mut work, who, person.subject_id).await? {
            fault(place, "not_on_list");
            continue;
        }
        let again = outcome_of(key.as_ref(), &person) == Some(Outcome::Recheck) && person.single_id.is_none();
        match person.state {
            PersonState::Exempt => {
                fault(place, "exempt");
                continue;
            }
            PersonState::Done if !again => {
                fault(place, "done");
                continue;
            }
            _ => {}
        }
        let Some(site) = &site else {
            if store::done(&mut work, person.id, None).await? {
                kept += 1;
                subjects.insert(person.subject_id);
            } else {
                fault(place, "done");
            }
            continue;
        };
        let tube = match tube_for(&mut work, &round, site, &code, again, &mut tubes).await? {
            Ok(tube) => tube,
            Err(why) => {
                fault("A", why);
                continue;
            }
        };
        if !store::fill(&mut work, tube).await? {
            fault("A", "full");
            continue;
        }
        let taken = match again {
            true => store::single(&mut work, person.id, tube).await?,
            false => store::done(&mut work, person.id, Some(tube)).await?,
        };
        if !taken {
            // Somebody else took the sample in this instant; the place in the tube is not given back.
            return Err(Error::state("said_meanwhile"));
        }
        kept += 1;
        subjects.insert(person.subject_id);
    }
    for tube in tubes.values() {
        store::drop_empty(&mut work, tube.id).await?;
    }
    faults.sort_by_key(|fault| fault.row);
    if kept > 0 {
        if let Some(site) = &site {
            store::heard(&mut work, site.point.id).await?;
        }
        let mut codes: Vec<&String> = tubes.keys().collect();
        codes.sort();
        let made = json!({
            "round": round.number, "added": kept, "tubes": codes, "point": site.as_ref().map(|site| site.point.name.clone()),
            "certificate_no": site.as_ref().and_then(|site| site.certificate.clone()), "disruption_id": round.disruption_id,
        });
        let about = (subjects.len() == 1).then(|| subjects.first().copied()).flatten();
        let subject = Subject { kind: "screening_round", id: round.id, about };
        work.log(if site.is_some() { "screening.sample" } else { "screening.tick" }, subject, Change::made(made))
            .await?;
    }
    work.commit(round.id).await?;
    Ok(Taken { kept, faults })
}

/// Where samples are taken, and by whom.
struct Site {
    point: Point,
    sampler: Uuid,
    certificate: Option<String>,
    pool: i64,
}

/// The open point and the sampler whose certificate holds today.
async fn site(work: &mut Work, app: &App, new: &NewSamples, round: &Round) -> Result<Site> {
    let who = work.who.clone();
    let mut check = Check::new();
    check.that(new.point_id.is_some(), "point_id", "required");
    check.that(new.sampler_id.is_some(), "sampler_id", "required");
    let pool = new.pool_size.unwrap_or(round.pool_size);
    check.that(POOLS.contains(&pool), "pool_size", "unknown");
    check.done()?;
    let (point_id, sampler_id) = (new.point_id.unwrap_or_default(), new.sampler_id.unwrap_or_default());
    let unknown = |field: &'static str| {
        move |error| match error {
            Error::NotFound => wrong(field, "unknown"),
            other => other,
        }
    };
    let point = point_of(work, app, &who, point_id).await.map_err(unknown("point_id"))?;
    if point.state != PointState::Open {
        return Err(wrong("point_id", "screening_point_shut"));
    }
    let sampler = candidate(work, &who, sampler_id).await.map_err(unknown("sampler_id"))?;
    if sampler.subject_id != point.subject_id {
        return Err(wrong("sampler_id", "screening_other_site"));
    }
    let zone = work.zone();
    match sampler.standing(today(work, app, zone).await?) {
        Standing::Valid => Ok(Site { point, sampler: sampler.id, certificate: sampler.certificate_no, pool }),
        Standing::Expired => Err(wrong("sampler_id", "screening_expired")),
        Standing::None | Standing::NotYet => Err(wrong("sampler_id", "screening_untrained")),
    }
}

/// The tube with a code for one more: one that is begun here, or a new one. Who is called
/// again has a tube of his own.
async fn tube_for(
    work: &mut Work,
    round: &Round,
    site: &Site,
    code: &str,
    alone: bool,
    tubes: &mut HashMap<String, Tube>,
) -> Result<Result<Uuid, &'static str>> {
    let zone = work.zone();
    if code.chars().count() > 40 || code.chars().any(char::is_control) {
        return Ok(Err("bad_code"));
    }
    let known = match tubes.get(code) {
        Some(tube) => Some((round.id, tube.clone())),
        None => store::tube(work, zone, code).await?,
    };
    if let Some((of, tube)) = known {
        let why = if of != round.id || tube.point_id != site.point.id {
            Some("tube_elsewhere")
        } else if tube.state != TubeState::Filling {
            Some("tube_closed")
        } else if alone && (tube.pool_size > 1 || tube.filled > 0) {
            Some("needs_single")
        } else {
            None
        };
        tubes.entry(code.to_owned()).or_insert_with(|| tube.clone());
        return Ok(why.map_or(Ok(tube.id), Err));
    }
    let tube = Tube {
        id: Uuid::now_v7(),
        code: code.to_owned(),
        point_id: site.point.id,
        point_name: None,
        pool_size: if alone { 1 } else { site.pool },
        filled: 0,
        state: TubeState::Filling,
        made_at: work.now,
        handed_to: None,
        handed_at: None,
        result_at: None,
    };
    store::insert_tube(work, round.id, site.sampler, &tube).await.map_err(|error| match error {
        StoreError::Duplicate(_) => Error::state("said_meanwhile"),
        other => other.into(),
    })?;
    let id = tube.id;
    tubes.insert(code.to_owned(), tube);
    Ok(Ok(id))
}

/// A tube of a round at a point that the actor reaches.
async fn tube_of(work: &mut Work, app: &App, round: &Round, code: &str) -> Result<(Tube, Point)> {
    let (zone, who) = (work.zone(), work.who.clone());
    let unknown = || wrong("code", "unknown");
    let (of, tube) = store::tube(work, zone, code.trim()).await?.ok_or_else(unknown)?;
    if of != round.id {
        return Err(unknown());
    }
    match point_of(work, app, &who, tube.point_id).await {
        Ok(point) => Ok((tube, point)),
        Err(Error::NotFound) => Err(unknown()),
        Err(error) => Err(error),
    }
}

/// Does something with a round.
pub async fn act_round(app: &App, who: &Actor, id: Uuid, act: RoundAct) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let round = round_of(&mut work, who, id).await?;
    who.saw(round.version)?;
    if !store::hold_round(&mut work, id).await? {
        return Err(Error::state("screening_round_closed"));
    }
    let mut check = Check::new();
    match act {
        RoundAct::Exempt { enterprise_id, project_id, person, reason } => {
            let (kind, subject) = named_subject(who, enterprise_id, project_id)?;
            continuity::reached_to_write(&mut work, kind, subject).await?;
            let text = check.text("person", &person, 40);
            let reason = check.text("reason", &reason, 100);
            check.done()?;
            let person = match found(&mut work, &round, zone, &text, Some(subject)).await? {
                Ok(person) => person,
                Err("several") => return Err(wrong("person", "screening_several")),
                Err(_) => return Err(wrong("person", "screening_not_on_list")),
            };
            if !person.state.may_become(PersonState::Exempt) {
                return Err(wrong("person", "screening_done"));
            }
            let now = work.now;
            let key = work.data_key(zone, owner(&round), now.ms()).await?;
            let reason = sealed(&key, "screening_person.sealed_reason", person.id, &reason);
            if !store::exempt(&mut work, person.id, person.state, reason).await? {
                return Err(Error::state("said_meanwhile"));
            }
            let made = json!({"round": round.number, "exempt": 1});
            work.log("screening.exempt", Subject::about("screening_round", id, subject), Change::made(made)).await?;
        }
        RoundAct::Book { enterprise_id, project_id, first_at, minutes, teams } => {
            let (kind, subject) = named_subject(who, enterprise_id, project_id)?;
            continuity::reached_to_write(&mut work, kind, subject).await?;
            check.that((5..=240).contains(&minutes), "minutes", "screening_number");
            check.that((1..=50).contains(&teams), "teams", "screening_number");
            check.that(first_at < round.ends_at, "first_at", "screening_after_end");
            check.done()?;
            let filter = PeopleFilter { subject_id: Some(subject), open: true, ..PeopleFilter::default() };
            let due: Vec<Person> = store::people(&mut work, zone, id, filter)
                .await?
                .into_iter()
                .filter(|person| person.state.is_missing())
                .collect();
            if due.is_empty() {
                return Err(Error::state("screening_nobody_due"));
            }
            for (person, at) in due.iter().zip(slots(due.len(), teams, first_at, minutes)) {
                store::book(&mut work, person.id, at).await?;
            }
            let made = json!({"round": round.number, "booked": due.len(), "first_at": first_at});
            work.log("screening.book", Subject::about("screening_round", id, subject), Change::made(made)).await?;
        }
        RoundAct::HandOver { code, to } => {
            let to = check.text("to", &to, 60);
            check.done()?;
            let (tube, point) = tube_of(&mut work, app, &round, &code).await?;
            if !store::hand_over(&mut work, tube.id, &to).await? {
                return Err(Error::state("screening_tube_state"));
            }
            let made = json!({"round": round.number, "code": tube.code, "handed_to": to, "filled": tube.filled});
            let about = Subject::about("screening_round", id, point.subject_id);
            work.log("screening.hand_over", about, Change::made(made)).await?;
        }
        RoundAct::Result { code, result } => {
            who.must(LEADS)?;
            let (tube, point) = tube_of(&mut work, app, &round, &code).await?;
            let now = work.now;
            let key = work.data_key(zone, owner(&round), now.ms()).await?;
            let word = sealed(&key, "screening_tube.sealed_result", tube.id, result.word());
            if !store::result(&mut work, tube.id, word).await? {
                return Err(Error::state("screening_tube_state"));
            }
            let filter = PeopleFilter { tube_id: Some(tube.id), ..PeopleFilter::default() };
            let people = store::people(&mut work, zone, id, filter).await?;
            let means = outcome(result, tube.filled);
            let again = means == Outcome::Recheck;
            let mut called: BTreeMap<(SubjectKind, Uuid), i64> = BTreeMap::new();
            for person in &people {
                let word = sealed(&key, "screening_result.sealed_result", person.id, means.word());
                store::put_result(&mut work, id, person.id, word, again).await?;
                *called.entry((person.subject_kind, person.subject_id)).or_default() += 1;
            }
            // What it says is health data, and no part of the ledger.
            let made =
                json!({"round": round.number, "code": tube.code, "filled": tube.filled, "state": TubeState::Resulted});
            let about = Subject::about("screening_round", id, point.subject_id);
            work.log("screening.result", about, Change::made(made)).await?;
            for ((kind, subject), n) in called.into_iter().filter(|_| again) {
                let about = Subject::about("screening_round", id, subject);
                for person in concerned(&mut work, kind, subject).await? {
                    work.notify(person, "screening.recheck", about, json!({"title": round.title, "n": n})).await?;
                }
            }
        }
        RoundAct::Close { reason } => {
            who.must(DECIDERS)?;
            let reason = check.opt_text("reason", reason.as_deref(), LONG);
            check.that(round.missing() == 0 || reason.is_some(), "reason", "screening_missing");
            check.done()?;
            if !store::close_round(&mut work, id, reason.as_deref(), round.version).await? {
                return Err(stale(round.version));
            }
            let after = json!({"state": RoundState::Closed, "done": round.done, "of": round.share().of});
            let change = Change::from_to(json!({"state": round.state}), after).because(reason.unwrap_or_default());
            work.log("screening.close", Subject::new("screening_round", id), change).await?;
        }
    }
    work.commit(id).await
}

// ---- what waits -----------------------------------------------------------------------------

/// Lists on which people are missing, points to decide about, trainings that were asked for.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    let mut items = Vec::new();
    if who.person_id.is_none() {
        return Ok(items);
    }
    let now = app.now();
    let mut tx = app.read().await?;
    let mine = match &who.scope {
        Scope::Enterprise(_) | Scope::Project(_) if who.is(OUTSIDE) => reach::subjects(who, "q.subject_id"),
        _ if who.is(continuity::WRITERS) => Some(reach::assigned(who, "q.subject_id")),
        _ => None,
    };
    if let Some(mine) = mine {
        for (id, title, ends_at, n) in store::waiting(&mut tx, who.zone_id, mine).await? {
            items.push(ToDo {
                action: "todo-screening-missing",
                title,
                about: Some(n.to_string()),
                href: format!("/screening/rounds/{id}#missing"),
                due_at: Some(ends_at),
                light: urgency(Some(ends_at), now),
            });
        }
    }
    if who.is(DECIDERS) {
        let filter = PointFilter { state: Some(PointState::Applied), ..PointFilter::default() };
        let day = today(&mut tx, app, who.zone_id).await?;
        for point in store::points(&mut tx, who, &filter, day, None, 20).await? {
            items.push(ToDo {
                action: "todo-screening-point",
                title: point.name,
                about: point.subject_name,
                href: format!("/screening/points/{}", point.id),
                due_at: None,
                light: urgency(None, now),
            });
        }
    }
    let own = who.departments();
    if who.is(TEACHERS) && !own.is_empty() {
        for training in store::trainings(&mut tx, who.zone_id, Some(&own), None, 20).await? {
            if training.state == TrainingState::Asked {
                items.push(ToDo {
                    action: "todo-screening-training",
                    title: training.topic,
                    about: None,
                    href: format!("/screening/trainings/{}", training.id),
                    due_at: None,
                    light: urgency(None, now),
                });
            }
        }
    }
    Ok(items)
}

/// What a subject's page shows: its points, and the rounds that name its people with who of
/// them is missing, as far as the actor is told.
pub async fn of_subject(app: &App, who: &Actor, id: Uuid) -> Result<(Vec<Point>, Vec<(Round, Vec<Missing>)>)> {
    let mut tx = app.read().await?;
    if !who.is(READERS) || !reach::reaches(&mut tx, who, id).await? {
        return Ok((Vec::new(), Vec::new()));
    }
    let day = today(&mut tx, app, who.zone_id).await?;
    let of = PointFilter { subject_id: Some(id), ..PointFilter::default() };
    let points = store::points(&mut tx, who, &of, day, None, 20).await?;
    let of = RoundFilter { subject_id: Some(id), state: Some(RoundState::Open), ..RoundFilter::default() };
    let mut rounds = Vec::new();
    for round in store::rounds(&mut tx, who, &of, None, 20).await? {
        let subjects = subjects_of(&mut tx, who, round.id).await?.into_iter().filter(|(_, of)| *of == id).collect();
        let told = named_to(app, &mut tx, who, &subjects).await?;
        let missing = missing_of(&mut tx, who.zone_id, &round, &told).await?;
        rounds.push((round, missing));
    }
    Ok((points, rounds))
}
