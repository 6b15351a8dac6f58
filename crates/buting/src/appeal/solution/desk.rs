//! What can be done with solutions and with the library of them.

use super::store::{self, Filter};
use super::{
    Act, Ended, Kept, Move, PROPOSERS, Phase, Remedy, RemedyAct, Solution, SolutionDraft, SolutionState, WentOnCount,
    leaks, turn,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::record::Appeal;
use crate::appeal::step::{self, Seen};
use crate::appeal::{Refusal, store as appeals};
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{self, Page, TOTAL_CAP};
use crate::list::Walk;
use crate::zone::Zone;
use ::store::{Sql, Tx};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// Who sees what was proposed for an appeal, each for those that he may see; the
/// enterprise only what it is asked about.
pub const READERS: Roles = OFFICE.and(OUTSIDE);
/// Who reads the library.
pub const LIBRARY: Roles = OFFICE;
/// Who keeps the library in order.
pub const KEEPERS: Roles = Roles::of(&[Role::Dispatcher]);
/// Solutions of one appeal, at most.
const MOST: usize = 20;
/// Entries of the library that an appeal is offered.
const OFFERED: i64 = 5;
/// Solved appeals whose solution waits for somebody to keep it.
const TO_KEEP: i64 = 20;
/// Longest text.
const LONG: usize = 2000;
/// Longest line.
const SHORT: usize = 500;

/// What one may see of the solutions of an appeal, and do with them.
#[derive(Default)]
pub struct Sight {
    /// What was proposed, with what the reader can do with each now.
    pub all: Vec<(Solution, Vec<Move>)>,
    /// Whether the reader may propose one.
    pub proposes: bool,
    /// What the library has for the category and the appeal does not.
    pub offered: Vec<Remedy>,
}

/// The solutions of an appeal as somebody sees them who may see the appeal.
pub async fn of_appeal(app: &App, who: &Actor, id: Uuid) -> Result<Sight> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let seen = step::see(&mut tx, who, id, false).await?;
    let (appeal, office) = (&seen.appeal, who.is(OFFICE));
    let phase = Phase::of(appeal.status, appeal.result);
    let mut all = Vec::new();
    for solution in store::of_appeal(&mut tx, who.zone_id, id).await? {
        if office || solution.offered && solution.state != SolutionState::Dropped {
            let can = possible(who, &seen, &solution, phase);
            all.push((if office { solution } else { outside(solution) }, can));
        }
    }
    let proposes = office && phase == Phase::AtWork && seen.hats.any(PROPOSERS);
    let offered = match proposes {
        true => store::offered_to(&mut tx, who, &appeal.category, id, OFFERED).await?,
        false => Vec::new(),
    };
    Ok(Sight { all, proposes, offered })
}

/// What those outside read: not who of the office proposed it, nor the office's reasons.
fn outside(solution: Solution) -> Solution {
    Solution { proposed_by: None, proposer: None, reason: None, remedy_id: None, remedy_number: None, ..solution }
}

/// What somebody can do with a solution now.
fn possible(who: &Actor, seen: &Seen, solution: &Solution, phase: Phase) -> Vec<Move> {
    let allowed = |does: &Move| may(who, seen, solution, *does, phase).is_ok();
    Move::ALL.iter().copied().filter(allowed).collect()
}

/// Whether somebody can do something with a solution, and what it becomes.
fn may(who: &Actor, seen: &Seen, solution: &Solution, does: Move, phase: Phase) -> Result<SolutionState> {
    let author = who.person_id.is_some() && who.person_id == solution.proposed_by;
    let to = turn(solution.state, does, seen.hats, author, phase).map_err(|refusal| match refusal {
        Refusal::NotYours => Error::Forbidden,
        Refusal::NotNow => Error::state("solution_state"),
    })?;
    match does {
        Move::Offer if solution.offered => Err(Error::state("solution_offered")),
        Move::Prefer if !solution.offered => Err(Error::state("solution_not_offered")),
        Move::Prefer if solution.preferred_at.is_some() => Err(Error::state("solution_preferred")),
        Move::Keep | Move::PassOver if solution.remedy_id.is_some() => Err(Error::state("solution_kept")),
        Move::PassOver if solution.passed_at.is_some() => Err(Error::state("solution_kept")),
        _ => Ok(to),
    }
}

/// Checks what was typed.
fn checked(check: &mut Check, draft: SolutionDraft) -> SolutionDraft {
    SolutionDraft {
        method: check.text("method", &draft.method, 60),
        measures: check.text("measures", &draft.measures, LONG),
        bearer: draft.bearer,
        pros: check.opt_text("pros", draft.pros.as_deref(), SHORT),
        limits: check.opt_text("limits", draft.limits.as_deref(), SHORT),
        basis: check.opt_text("basis", draft.basis.as_deref(), SHORT),
    }
}

/// Does something with the solutions of an appeal. Answers the solution.
pub async fn act(app: &App, who: &Actor, appeal: Uuid, act: Act) -> Result<Uuid> {
    who.must(READERS)?;
    let mut work = app.work(who).await?;
    // Held, so that of two who choose at once the second sees what the first chose.
    let seen = step::see(&mut work, who, appeal, true).await?;
    let id = match act {
        Act::Propose(draft) => propose(&mut work, &seen, draft, None).await?,
        Act::Adopt { remedy_id } => adopt(&mut work, &seen, remedy_id).await?,
        Act::Offer { solution_id } => offer(&mut work, &seen, solution_id).await?,
        Act::Prefer { solution_id } => prefer(&mut work, &seen, solution_id).await?,
        Act::Choose { solution_id, reason } => choose(&mut work, &seen, solution_id, &reason).await?,
        Act::Drop { solution_id, reason } => give_up(&mut work, &seen, solution_id, &reason).await?,
        Act::Again { solution_id } => again(&mut work, &seen, solution_id).await?,
        Act::Keep(kept) => keep(&mut work, &seen, kept).await?,
        Act::PassOver { solution_id } => pass_over(&mut work, &seen, solution_id).await?,
    };
    work.commit(id).await
}

async fn propose(work: &mut Work, seen: &Seen, draft: SolutionDraft, from: Option<&Remedy>) -> Result<Uuid> {
    let (who, zone) = (work.who.clone(), work.zone());
    if !who.is(OFFICE) || !seen.hats.any(PROPOSERS) {
        return Err(Error::Forbidden);
    }
    if Phase::of(seen.appeal.status, seen.appeal.result) != Phase::AtWork {
        return Err(Error::state("appeal_status"));
    }
    let mut check = Check::new();
    let draft = checked(&mut check, draft);
    check.done()?;
    let there = store::of_appeal(work, zone, seen.appeal.id).await?;
    if there.len() >= MOST {
        return Err(Error::state("solutions_many"));
    }
    if from.is_some_and(|remedy| there.iter().any(|x| x.remedy_id == Some(remedy.id))) {
        return Err(Error::state("solution_adopted"));
    }
    let unit = match who.department_id {
        Some(own) => appeals::department(work, zone, own).await?.map(|(name, _)| name),
        None => None,
    };
    let solution = Solution {
        id: Uuid::now_v7(),
        appeal_id: seen.appeal.id,
        method: draft.method,
        measures: draft.measures,
        bearer: draft.bearer,
        pros: draft.pros,
        limits: draft.limits,
        basis: draft.basis,
        state: SolutionState::Proposed,
        offered: false,
        preferred_at: None,
        proposed_by: who.person_id,
        proposer: None,
        proposed_unit: unit,
        proposed_at: work.now,
        chosen_at: None,
        reason: None,
        remedy_id: from.map(|remedy| remedy.id),
        remedy_number: None,
        passed_at: None,
        version: 1,
    };
    store::insert(work, zone, &solution).await?;
    let made = json!({
        "solution_id": solution.id, "method": solution.method, "bearer": solution.bearer,
        "remedy": from.map(|remedy| &remedy.number),
    });
    let entry = if from.is_some() { "solution.adopt" } else { "solution.propose" };
    let note = match from {
        Some(remedy) => format!("{} {}", solution.method, remedy.number),
        None => solution.method.clone(),
    };
    work.log(entry, step::subject_of(&seen.appeal), Change::made(made).because(note)).await?;
    let people = step::workers_of(work, &seen.appeal).await?;
    tell(work, &seen.appeal, people, "solution.proposed", &solution.method).await?;
    Ok(solution.id)
}

async fn adopt(work: &mut Work, seen: &Seen, remedy: Uuid) -> Result<Uuid> {
    let who = work.who.clone();
    if !who.is(OFFICE) {
        return Err(Error::Forbidden);
    }
    let remedy = store::remedy(work, &who, remedy).await?.ok_or_else(|| Error::field("remedy_id", "unknown"))?;
    if remedy.retired_at.is_some() {
        return Err(Error::state("remedy_retired"));
    }
    let draft = SolutionDraft {
        method: remedy.method.clone(),
        measures: remedy.measures.clone(),
        bearer: remedy.bearer,
        pros: remedy.pros.clone(),
        limits: remedy.limits.clone(),
        basis: remedy.basis.clone(),
    };
    propose(work, seen, draft, Some(&remedy)).await
}

/// A solution of the appeal that is about to be moved, as it was seen, and what it becomes.
async fn moved(work: &mut Work, seen: &Seen, id: Uuid, does: Move) -> Result<Solution> {
    let (zone, who) = (work.zone(), work.who.clone());
    let found = store::solution(work, zone, id).await?.filter(|x| x.appeal_id == seen.appeal.id);
    let mut solution = found.filter(|x| who.is(OFFICE) || x.offered).ok_or(Error::NotFound)?;
    who.saw(solution.version)?;
    let phase = Phase::of(seen.appeal.status, seen.appeal.result);
    solution.state = may(&who, seen, &solution, does, phase)?;
    Ok(solution)
}

async fn save(work: &mut Work, seen: &Seen, solution: &Solution, entry: &'static str, note: &str) -> Result<()> {
    let (zone, by) = (work.zone(), work.who.person_id);
    if !store::save(work, zone, solution, by).await? {
        return Err(Error::Conflict(Conflict::Stale(solution.version)));
    }
    let made = json!({"solution_id": solution.id, "method": solution.method, "state": solution.state});
    let note = if note.is_empty() { solution.method.clone() } else { format!("{}：{note}", solution.method) };
    work.log(entry, step::subject_of(&seen.appeal), Change::made(made).because(note)).await
}

/// Tells people of the appeal, but not those complained about.
async fn tell(work: &mut Work, appeal: &Appeal, people: Vec<Uuid>, kind: &str, method: &str) -> Result<()> {
    let mut args = step::told_of(appeal);
    args["method"] = json!(method);
    for person in step::not_accused(work, appeal, people).await? {
        work.notify(person, kind, step::subject_of(appeal), args.clone()).await?;
    }
    Ok(())
}

async fn offer(work: &mut Work, seen: &Seen, id: Uuid) -> Result<Uuid> {
    let mut solution = moved(work, seen, id, Move::Offer).await?;
    solution.offered = true;
    save(work, seen, &solution, "solution.offer", "").await?;
    let people = step::owners(work, &seen.appeal).await?;
    tell(work, &seen.appeal, people, "solution.offered", &solution.method).await?;
    Ok(id)
}

async fn prefer(work: &mut Work, seen: &Seen, id: Uuid) -> Result<Uuid> {
    let zone = work.zone();
    let mut solution = moved(work, seen, id, Move::Prefer).await?;
    store::prefer_none(work, zone, seen.appeal.id).await?;
    solution.preferred_at = Some(work.now);
    save(work, seen, &solution, "solution.prefer", "").await?;
    let people = step::workers_of(work, &seen.appeal).await?;
    tell(work, &seen.appeal, people, "solution.preferred", &solution.method).await?;
    Ok(id)
}

async fn choose(work: &mut Work, seen: &Seen, id: Uuid, reason: &str) -> Result<Uuid> {
    let zone = work.zone();
    let mut solution = moved(work, seen, id, Move::Choose).await?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, SHORT);
    check.done()?;
    store::put_back(work, zone, seen.appeal.id).await?;
    (solution.chosen_at, solution.reason) = (Some(work.now), Some(reason.clone()));
    save(work, seen, &solution, "solution.choose", &reason).await?;
    let mut people = step::workers_of(work, &seen.appeal).await?;
    people.extend(solution.proposed_by);
    tell(work, &seen.appeal, people, "solution.chosen", &solution.method).await?;
    Ok(id)
}

async fn give_up(work: &mut Work, seen: &Seen, id: Uuid, reason: &str) -> Result<Uuid> {
    let mut solution = moved(work, seen, id, Move::Drop).await?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, SHORT);
    check.done()?;
    (solution.chosen_at, solution.preferred_at, solution.reason) = (None, None, Some(reason.clone()));
    save(work, seen, &solution, "solution.drop", &reason).await?;
    Ok(id)
}

async fn again(work: &mut Work, seen: &Seen, id: Uuid) -> Result<Uuid> {
    let mut solution = moved(work, seen, id, Move::Again).await?;
    solution.reason = None;
    save(work, seen, &solution, "solution.again", "").await?;
    Ok(id)
}

async fn pass_over(work: &mut Work, seen: &Seen, id: Uuid) -> Result<Uuid> {
    let mut solution = moved(work, seen, id, Move::PassOver).await?;
    solution.passed_at = Some(work.now);
    save(work, seen, &solution, "solution.pass_over", "").await?;
    Ok(id)
}

/// Refuses texts that name somebody, field by field.
fn nameless(check: &mut Check, draft: &SolutionDraft, names: &[String]) {
    let texts = [
        ("method", Some(&draft.method)),
        ("measures", Some(&draft.measures)),
        ("pros", draft.pros.as_ref()),
        ("limits", draft.limits.as_ref()),
        ("basis", draft.basis.as_ref()),
    ];
    for (field, text) in texts {
        if let Some(code) = text.and_then(|text| leaks(text, names)) {
            check.that(false, field, code);
        }
    }
}

/// Makes an entry of the library of what an appeal was solved by.
async fn keep(work: &mut Work, seen: &Seen, kept: Kept) -> Result<Uuid> {
    let zone = work.zone();
    let mut solution = moved(work, seen, kept.solution_id, Move::Keep).await?;
    let draft = SolutionDraft {
        method: kept.method,
        measures: kept.measures,
        bearer: solution.bearer,
        pros: kept.pros,
        limits: kept.limits,
        basis: kept.basis,
    };
    let mut check = Check::new();
    let draft = checked(&mut check, draft);
    nameless(&mut check, &draft, &store::names(work, zone, seen.appeal.id).await?);
    check.done()?;
    let day = Zone::get(work, zone).await?.day(work.now).compact();
    let remedy = Remedy {
        id: Uuid::now_v7(),
        number: work.next_number("FA", &day).await?,
        category: seen.appeal.category.clone(),
        method: draft.method,
        measures: draft.measures,
        bearer: draft.bearer,
        pros: draft.pros,
        limits: draft.limits,
        basis: draft.basis,
        kept_at: work.now,
        retired_at: None,
        used: 0,
        solved: 0,
        unsolved: 0,
        at_work: 0,
        version: 1,
    };
    let by = work.who.person_id;
    store::insert_remedy(work, zone, &remedy, by).await?;
    let made = json!({"number": remedy.number, "category": remedy.category, "method": remedy.method});
    work.log("remedy.keep", Subject::new("remedy", remedy.id), Change::made(made)).await?;
    (solution.remedy_id, solution.passed_at) = (Some(remedy.id), None);
    save(work, seen, &solution, "solution.keep", &remedy.number).await?;
    Ok(solution.id)
}

/// One solution, as somebody sees it who may see its appeal.
pub async fn solution(app: &App, who: &Actor, id: Uuid) -> Result<Solution> {
    who.must(READERS)?;
    let mut tx = app.read().await?;
    let solution = store::solution(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    step::see(&mut tx, who, solution.appeal_id, false).await?;
    match who.is(OFFICE) {
        true => Ok(solution),
        false if solution.offered && solution.state != SolutionState::Dropped => Ok(outside(solution)),
        false => Err(Error::NotFound),
    }
}

// ---- the library -----------------------------------------------------------------

/// What the library is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LibraryQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `solved`, `used`, `kept`; with `-` the greatest first (so it runs anyway, by `-solved`).
    pub sort: Option<String>,
    /// For this category.
    pub category: Option<String>,
    /// `false`: what is offered; `true`: what was taken out; all when absent.
    pub retired: Option<bool>,
    /// With this word.
    pub q: Option<String>,
}

/// The library: what solved most first.
pub async fn library(app: &App, who: &Actor, query: &LibraryQuery) -> Result<Page<Remedy>> {
    who.must(LIBRARY)?;
    let limit = api::limit(query.limit)?;
    let walk = Walk::read(store::KEYS, "-solved", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let filter = Filter { category: query.category.clone(), retired: query.retired, q: query.q.clone() };
    let mut tx = app.read().await?;
    let (items, next) = store::library(&mut tx, who, &filter, &walk).await?;
    let total = store::total(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// One entry of the library.
pub async fn remedy(app: &App, who: &Actor, id: Uuid) -> Result<Remedy> {
    who.must(LIBRARY)?;
    store::remedy(&mut app.read().await?, who, id).await?.ok_or(Error::NotFound)
}

/// Changes an entry, takes it out, or offers it again.
pub async fn change(app: &App, who: &Actor, id: Uuid, act: RemedyAct) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let mut remedy = store::remedy(&mut work, who, id).await?.ok_or(Error::NotFound)?;
    who.saw(remedy.version)?;
    let before = json!({"method": remedy.method, "measures": remedy.measures});
    let mut check = Check::new();
    let (entry, change) = match act {
        RemedyAct::Change(draft) => {
            let draft = checked(&mut check, draft);
            nameless(&mut check, &draft, &[]);
            check.done()?;
            (remedy.method, remedy.measures, remedy.bearer) = (draft.method, draft.measures, draft.bearer);
            (remedy.pros, remedy.limits, remedy.basis) = (draft.pros, draft.limits, draft.basis);
            let after = json!({"method": remedy.method, "measures": remedy.measures});
            ("remedy.change", Change::from_to(before, after))
        }
        RemedyAct::Retire { reason } => {
            let reason = check.text("reason", &reason, SHORT);
            check.done()?;
            if remedy.retired_at.is_some() {
                return Err(Error::state("remedy_retired"));
            }
            remedy.retired_at = Some(work.now);
            ("remedy.retire", Change::made(json!({"method": remedy.method})).because(reason))
        }
        RemedyAct::Restore {} => {
            if remedy.retired_at.is_none() {
                return Err(Error::state("remedy_offered"));
            }
            remedy.retired_at = None;
            ("remedy.restore", Change::made(json!({"method": remedy.method})))
        }
    };
    if !store::save_remedy(&mut work, zone, &remedy).await? {
        return Err(Error::Conflict(Conflict::Stale(remedy.version)));
    }
    work.log(entry, Subject::new("remedy", id), change).await?;
    work.commit(id).await
}

/// Solved appeals whose solution waits to be kept or left out: key of the appeal, its
/// number and title, and what the solution is called.
pub async fn to_keep(app: &App, who: &Actor) -> Result<Vec<(Uuid, String, String, String)>> {
    who.must(LIBRARY)?;
    Ok(store::to_keep(&mut app.read().await?, who, TO_KEEP).await?)
}

/// Closed appeals by whether production went on meanwhile.
pub async fn went_on(app: &App, who: &Actor) -> Result<Vec<WentOnCount>> {
    who.must(LIBRARY)?;
    let mut counts = store::went_on(&mut app.read().await?, who).await?;
    counts.sort_by_key(|count| count.production_continued);
    Ok(counts)
}

/// The condition, with its ` AND`, of appeals for which an entry of the library was chosen.
pub(in crate::appeal) fn chosen_for(remedy: Uuid, end: Option<Ended>) -> Sql {
    store::chosen_for(remedy, end)
}

/// The name of an entry, for the list that it narrows.
pub async fn name_of(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<Option<String>> {
    Ok(store::remedy(tx, who, id).await?.map(|remedy| format!("{} {}", remedy.number, remedy.method)))
}
