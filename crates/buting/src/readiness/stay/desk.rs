//! What can be done with closed loops.

use super::store;
use super::{
    ClosedLoop, Count, LoopAct, LoopMove, LoopState, Member, NewLoop, NewMember, READERS, Roster, RowFault, Shift,
    ShiftShown, Stay, Supplies, WRITERS, fits, head_count, lacks, may,
};
use crate::actor::{Actor, OFFICE, OUTSIDE, Scope};
use crate::app::{App, Change, Subject, Work};
use crate::assignment::{self, reach};
use crate::continuity::desk as continuity;
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::{self, Walk};
use crate::subject::{self, SubjectKind};
use crate::time::{DAY_MS, Time};
use crate::todo::{Line, ToDo};
use ::store::{Sql, Tx};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The table, as the ledger and notices name it.
pub const TABLE: &str = "closed_loop";
/// Rows of a roster, at most.
const MOST: usize = 5_000;
/// Rows that come in at once, at most.
pub const MOST_ROWS: usize = 1_000;
/// Longest text.
const LONG: usize = 500;
/// How far ahead the register may be written: nobody goes in tomorrow.
const AHEAD: i64 = 5 * 60 * 1000;

fn about(l: &ClosedLoop) -> Subject {
    Subject::about(TABLE, l.id, l.subject_id)
}

/// A loop within reach.
async fn seen(tx: &mut Tx, who: &Actor, id: Uuid) -> Result<ClosedLoop> {
    who.must(READERS)?;
    let found = store::closed(tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if !reach::reaches(tx, who, found.subject_id).await? {
        return Err(Error::NotFound);
    }
    Ok(found)
}

/// Whether somebody may read the names of those inside and keep the register: the
/// enterprise itself, and the officer that it is assigned to.
async fn keeps(tx: &mut Tx, who: &Actor, subject_kind: SubjectKind, subject_id: Uuid, now: Time) -> Result<bool> {
    if who.is_rule() {
        return Ok(true);
    }
    if who.is(OUTSIDE) {
        return Ok(matches!(who.scope, Scope::Enterprise(id) | Scope::Project(id) if id == subject_id));
    }
    let answerable = assignment::desk::as_of(tx, who.zone_id, subject_kind, subject_id, now).await?;
    let officers = answerable.officer.into_iter().chain(answerable.stand_in).filter(|holder| !holder.gone);
    Ok(who.person_id.is_some() && officers.map(|holder| holder.person_id).any(|id| id == who.person_id))
}

fn supplied(check: &mut Check, s: &Supplies) -> Supplies {
    let areas = check.opt_text("areas", s.areas.as_deref(), LONG);
    for (field, n) in [("beds", s.beds), ("meals", s.meals), ("medicine_days", s.medicine_days), ("party", s.party)] {
        check.that(n.is_none_or(|n| (0..=100_000).contains(&n)), field, "loop_number");
    }
    Supplies { areas, ..s.clone() }
}

/// Begins to prepare a closed loop. A subject has one that has not ended.
pub async fn begin(app: &App, who: &Actor, new: NewLoop) -> Result<Uuid> {
    who.must(WRITERS)?;
    let (subject_kind, subject_id) = match (new.enterprise_id, new.project_id, &who.scope) {
        (None, None, Scope::Enterprise(id)) => (SubjectKind::Enterprise, *id),
        (None, None, Scope::Project(id)) => (SubjectKind::Project, *id),
        (enterprise, project, _) => continuity::subject_of(enterprise, project)?,
    };
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    if !reach::reaches(&mut work, who, subject_id).await? {
        return Err(Error::NotFound);
    }
    let subject = subject::held_alone(&mut work, zone, subject_kind, subject_id).await?;
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::closed(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    if store::open_of(&mut work, zone, subject_id).await?.is_some() {
        return Err(Error::state("loop_there"));
    }
    let mut check = Check::new();
    let reason = check.text("reason", &new.reason, LONG);
    let s = supplied(&mut check, &new.supplies);
    check.done()?;
    if let Some(disruption) = new.disruption_id {
        continuity::open_disruption(&mut work, zone, disruption).await?;
    }
    let made = ClosedLoop {
        id,
        subject_kind,
        subject_id,
        subject_name: subject.short_name,
        disruption_id: new.disruption_id,
        disruption: None,
        state: LoopState::Preparing,
        reason: reason.clone(),
        areas: s.areas,
        beds: s.beds,
        meals: s.meals,
        medicine_days: s.medicine_days,
        party: s.party,
        began_at: now,
        closed_at: None,
        ended_at: None,
        end_reason: None,
        inside: 0,
        enlisted: 0,
        version: 1,
    };
    store::insert(&mut work, &made).await?;
    let after =
        json!({"loop_state": made.state, "disruption_id": made.disruption_id, "beds": made.beds, "meals": made.meals});
    work.log("loop.begin", about(&made), Change::made(after).because(reason)).await?;
    tell(&mut work, &made, "loop.began", json!({"subject": made.subject_name})).await?;
    work.commit(id).await
}

/// Tells the officer with his stand-in, or else the leader.
async fn tell(work: &mut Work, l: &ClosedLoop, kind: &str, args: Json) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let answerable = assignment::desk::as_of(work, zone, l.subject_kind, l.subject_id, now).await?;
    let there = |holder: &assignment::Holder| !holder.gone;
    let officers = answerable.officer.into_iter().chain(answerable.stand_in).filter(there);
    let mut people: BTreeSet<Uuid> = officers.filter_map(|holder| holder.person_id).collect();
    if people.is_empty() {
        people.extend(answerable.leader.filter(there).and_then(|holder| holder.person_id));
    }
    for person in people {
        work.notify(person, kind, about(l), args.clone()).await?;
    }
    Ok(())
}

fn checked(check: &mut Check, new: &NewMember) -> NewMember {
    let name = check.opt_text("name", new.name.as_deref(), 40);
    let number = new.number.unwrap_or(1);
    check.that((1..=10_000).contains(&number), "number", "loop_number");
    check.that(name.is_none() || number == 1, "number", "loop_named");
    let phone = check.opt_text("phone", new.phone.as_deref(), 30).and_then(|text| {
        let phone = identifiers::phone::parse(&text).ok().map(|phone| phone.to_string());
        check.that(phone.is_some(), "phone", "loop_phone");
        phone
    });
    NewMember {
        job: check.text("job", &new.job, 60),
        crew: Some(new.crew.unwrap_or(super::LoopGroup::Worker)),
        number: Some(number),
        name,
        phone,
        responsible: new.responsible,
        planned_on: new.planned_on,
    }
}

/// Whether the roster has this one already: a name with its telephone, once.
fn is_there(members: &[Member], new: &NewMember) -> bool {
    new.name.is_some() && members.iter().any(|member| (&member.name, &member.phone) == (&new.name, &new.phone))
}

/// Members that are all of this loop, each once.
fn chosen(check: &mut Check, members: &[Member], ids: &[Uuid]) -> Vec<Uuid> {
    let mut seen = BTreeSet::new();
    let all: Vec<Uuid> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    check.that(!all.is_empty(), "member_ids", "required");
    check.that(all.iter().all(|id| members.iter().any(|member| member.id == *id)), "member_ids", "unknown");
    all
}

/// Does something with a closed loop. Answers it.
pub async fn act(app: &App, who: &Actor, id: Uuid, act: LoopAct) -> Result<Uuid> {
    who.must(WRITERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let mut l = seen(&mut work, who, id).await?;
    subject::held(&mut work, zone, l.subject_kind, l.subject_id).await?;
    if !keeps(&mut work, who, l.subject_kind, l.subject_id, now).await? {
        return Err(Error::state("loop_not_keeper"));
    }
    who.saw(l.version)?;
    if !may(act.does(), l.state) {
        return Err(Error::state("loop_state"));
    }
    let members = store::members(&mut work, zone, id).await?;
    let stays = store::stays(&mut work, zone, id).await?;
    let number = |ids: &[Uuid]| -> i64 {
        members.iter().filter(|member| ids.contains(&member.id)).map(|member| member.number).sum()
    };
    let mut check = Check::new();
    let (entry, made, note) = match act {
        LoopAct::Change { supplies } => {
            let s = supplied(&mut check, &supplies);
            check.done()?;
            (l.areas, l.beds, l.meals, l.medicine_days, l.party) = (s.areas, s.beds, s.meals, s.medicine_days, s.party);
            ("loop.change", json!({"beds": l.beds, "meals": l.meals, "medicine_days": l.medicine_days}), None)
        }
        LoopAct::Close => {
            (l.state, l.closed_at) = (LoopState::Closed, Some(now));
            ("loop.close", json!({"loop_state": l.state}), None)
        }
        LoopAct::End { reason } => {
            let reason = check.text("reason", &reason, LONG);
            check.done()?;
            (l.state, l.ended_at, l.end_reason) = (LoopState::Ended, Some(now), Some(reason.clone()));
            let inside = head_count(&stays, &members, now).total;
            for stay in stays.iter().filter(|stay| stay.holds() && stay.out_at.is_none()) {
                store::leave(&mut work, stay.id, now.max(stay.in_at.plus(1)), None).await?;
            }
            ("loop.end", json!({"loop_state": l.state, "people_count": inside}), Some(reason))
        }
        LoopAct::Enlist { members: new } => {
            check.that(!new.is_empty(), "members", "required");
            if members.len() + new.len() > MOST || new.len() > MOST_ROWS {
                check.add(FieldError::new("members", "too_many").with("max", MOST_ROWS));
            }
            let new: Vec<NewMember> = new.iter().map(|one| checked(&mut check, one)).collect();
            let mut named = BTreeSet::new();
            let mut twice =
                |one: &NewMember| one.name.is_some() && !named.insert((one.name.clone(), one.phone.clone()));
            check.that(!new.iter().any(|one| is_there(&members, one) || twice(one)), "name", "loop_twice");
            check.done()?;
            for one in &new {
                store::enlist(&mut work, id, Uuid::now_v7(), one).await?;
            }
            ("loop.enlist", json!({"people_count": new.iter().filter_map(|one| one.number).sum::<i64>()}), None)
        }
        LoopAct::Strike { member_id } => {
            let member = members.iter().find(|member| member.id == member_id);
            let n = member.ok_or_else(|| Error::field("member_id", "unknown"))?.number;
            if stays.iter().any(|stay| stay.member_id == member_id) {
                return Err(Error::state("loop_was_inside"));
            }
            store::strike(&mut work, id, member_id).await?;
            ("loop.strike", json!({"people_count": n}), None)
        }
        LoopAct::Enter { member_ids, area, at } => {
            let all = chosen(&mut check, &members, &member_ids);
            let area = check.opt_text("area", area.as_deref(), 60);
            let areas = l.areas();
            check.that(area.as_ref().is_none_or(|area| areas.is_empty() || areas.contains(area)), "area", "unknown");
            let at = at.unwrap_or(now);
            check.that(at <= now.plus(AHEAD), "at", "future");
            check.done()?;
            for member in &all {
                if !fits(&stays, *member, at, None) {
                    return Err(Error::field("member_ids", "loop_inside"));
                }
                let stay = Stay {
                    id: Uuid::now_v7(),
                    member_id: *member,
                    area: area.clone(),
                    in_at: at,
                    out_at: None,
                    note: None,
                    corrects_id: None,
                    void_at: None,
                };
                store::add_stay(&mut work, id, &stay).await?;
            }
            ("loop.enter", json!({"people_count": number(&all), "area": area, "in_at": at}), None)
        }
        LoopAct::Leave { member_ids, at, reason } => {
            let all = chosen(&mut check, &members, &member_ids);
            let reason = check.opt_text("reason", reason.as_deref(), LONG);
            let at = at.unwrap_or(now);
            check.that(at <= now.plus(AHEAD), "at", "future");
            check.done()?;
            for member in &all {
                let open = stays.iter().find(|stay| stay.member_id == *member && stay.holds() && stay.out_at.is_none());
                let open = open.ok_or_else(|| Error::field("member_ids", "loop_outside"))?;
                if at <= open.in_at {
                    return Err(Error::field("at", "loop_before"));
                }
                store::leave(&mut work, open.id, at, reason.as_deref()).await?;
            }
            // Why somebody goes may tell of his health: it stands in the register, for who reads names.
            ("loop.leave", json!({"people_count": number(&all), "out_at": at}), None)
        }
        LoopAct::Correct { stay_id, in_at, out_at, reason } => {
            let reason = check.text("reason", &reason, LONG);
            check.that(in_at <= now.plus(AHEAD), "in_at", "future");
            check.that(out_at.is_none_or(|out| out <= now.plus(AHEAD)), "out_at", "future");
            check.that(out_at.is_some() || l.state != LoopState::Ended, "out_at", "required");
            check.that(out_at.is_none_or(|out| in_at < out), "out_at", "loop_before");
            check.done()?;
            let old = stays.iter().find(|stay| stay.id == stay_id && stay.holds());
            let old = old.ok_or_else(|| Error::field("stay_id", "unknown"))?.clone();
            let others: Vec<Stay> = stays.iter().filter(|stay| stay.id != stay_id).cloned().collect();
            if !fits(&others, old.member_id, in_at, out_at) {
                return Err(Error::field("in_at", "loop_overlap"));
            }
            store::void(&mut work, stay_id).await?;
            let new = Stay {
                id: Uuid::now_v7(),
                in_at,
                out_at,
                note: Some(reason),
                corrects_id: Some(stay_id),
                ..old.clone()
            };
            store::add_stay(&mut work, id, &new).await?;
            ("loop.correct", json!({"in_at": in_at, "out_at": out_at}), None)
        }
        LoopAct::Shift { label, starts_at, ends_at, least, member_ids } => {
            let label = check.text("label", &label, 40);
            check.that(starts_at < ends_at && ends_at.ms() - starts_at.ms() <= DAY_MS, "ends_at", "loop_shift");
            check.that(ends_at > now, "ends_at", "past");
            check.that((1..=10_000).contains(&least), "least", "loop_number");
            let all = if member_ids.is_empty() { Vec::new() } else { chosen(&mut check, &members, &member_ids) };
            check.done()?;
            let shift = Shift { id: Uuid::now_v7(), label: label.clone(), starts_at, ends_at, least, told: 0 };
            store::add_shift(&mut work, id, &shift, &all).await?;
            let made = json!({"label": label, "starts_at": starts_at, "ends_at": ends_at, "least": least, "people_count": number(&all)});
            ("loop.shift", made, None)
        }
        LoopAct::Unshift { shift_id } => {
            if !store::drop_shift(&mut work, id, shift_id).await? {
                return Err(Error::field("shift_id", "unknown"));
            }
            ("loop.unshift", json!({}), None)
        }
    };
    if !store::save(&mut work, &l).await? {
        return Err(Error::Conflict(Conflict::Stale(l.version)));
    }
    work.log(entry, about(&l), Change::made(made).because(note.unwrap_or_default())).await?;
    match entry {
        "loop.close" => tell(&mut work, &l, "loop.closed", json!({"subject": l.subject_name})).await?,
        "loop.end" => tell(&mut work, &l, "loop.ended", json!({"subject": l.subject_name})).await?,
        _ => {}
    }
    work.commit(id).await
}

/// What came of rows that were handed in.
pub struct Taken {
    /// Rows that came onto the roster.
    pub kept: usize,
    /// Cells that could not be taken in.
    pub faults: Vec<RowFault>,
}

/// Takes rows of a sheet onto the roster: good ones are kept, whatever the others are.
pub async fn take(app: &App, who: &Actor, id: Uuid, rows: &[(usize, Vec<String>)]) -> Result<Taken> {
    who.must(WRITERS)?;
    if rows.is_empty() {
        return Err(Error::field("rows", "required"));
    }
    if rows.len() > MOST_ROWS {
        return Err(Error::Invalid(vec![FieldError::new("rows", "too_many").with("max", MOST_ROWS)]));
    }
    let (read, mut faults) = super::read_roster(rows);
    let there = {
        let mut tx = app.read().await?;
        let l = seen(&mut tx, who, id).await?;
        // What is on the roster already is told by name: only to who keeps it.
        if !keeps(&mut tx, who, l.subject_kind, l.subject_id, app.now()).await? {
            return Err(Error::state("loop_not_keeper"));
        }
        store::members(&mut tx, who.zone_id, id).await?
    };
    let mut names = BTreeSet::new();
    let mut new = Vec::new();
    for one in read {
        let twice =
            is_there(&there, &one) || one.name.is_some() && !names.insert((one.name.clone(), one.phone.clone()));
        if twice {
            let named = |cells: &[String]| one.name.as_ref().is_some_and(|name| cells.iter().any(|cell| cell == name));
            let row = rows.iter().rev().find(|(_, cells)| named(cells)).map_or(0, |(row, _)| *row);
            faults.push(RowFault { row, column: "name", code: "twice" });
        } else {
            new.push(one);
        }
    }
    faults.sort_by_key(|fault| fault.row);
    let kept = new.len();
    if kept > 0 {
        match act(app, who, id, LoopAct::Enlist { members: new }).await {
            Ok(_) | Err(Error::Replayed(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Taken { kept, faults })
}

// ---- by itself ----

/// Tells of every shift that begins within a day and lacks people or who leads, once.
pub async fn watch(app: &App, zone: Uuid) -> Result<usize> {
    let now = app.now();
    let untold = store::untold(&mut app.read().await?, zone, now, now.plus(DAY_MS)).await?;
    let mut count = 0;
    for (closed, shift) in untold {
        let mut work = app.work(&Actor::rule(zone)).await?;
        let Some(l) = store::closed(&mut work, zone, closed).await? else { continue };
        let shown = shifts(&mut work, zone, &l, now).await?;
        let Some(one) = shown.into_iter().find(|one| one.shift.id == shift && !one.lacks.is_empty()) else { continue };
        if !store::tell_shift(&mut work, shift).await? {
            continue;
        }
        let made = json!({"label": one.shift.label, "starts_at": one.shift.starts_at, "shift_lack": one.lacks});
        work.log("loop.short", about(&l), Change::made(made)).await?;
        let args =
            json!({"subject": l.subject_name, "shift": one.shift.label, "n": one.crew.total, "least": one.shift.least});
        for person in subject::accounts(&mut work, zone, l.subject_kind, l.subject_id).await? {
            work.notify(person, "loop.short", about(&l), args.clone()).await?;
        }
        tell(&mut work, &l, "loop.short", args).await?;
        work.commit(closed).await?;
        count += 1;
    }
    Ok(count)
}

/// Shifts that are not over, each with its crew and what lacks.
async fn shifts(tx: &mut Tx, zone: Uuid, l: &ClosedLoop, now: Time) -> Result<Vec<ShiftShown>> {
    let members = store::members(tx, zone, l.id).await?;
    let places = store::shift_members(tx, zone, l.id).await?;
    let shown = |shift: Shift| {
        let on: Vec<Uuid> = places.iter().filter(|(of, _)| *of == shift.id).map(|(_, member)| *member).collect();
        let crew: Vec<Member> = members.iter().filter(|member| on.contains(&member.id)).cloned().collect();
        let crew = Count::of(&crew);
        ShiftShown { lacks: lacks(shift.least, &crew), members: on, crew, shift }
    };
    Ok(store::shifts(tx, zone, l.id, now).await?.into_iter().map(shown).collect())
}

// ---- reading ----

/// A closed loop with everything about it, counted at an instant; now when none is asked.
pub async fn roster(app: &App, who: &Actor, id: Uuid, at: Option<Time>) -> Result<Roster> {
    let mut tx = app.read().await?;
    let (zone, now) = (who.zone_id, app.now());
    let closed = seen(&mut tx, who, id).await?;
    let names = keeps(&mut tx, who, closed.subject_kind, closed.subject_id, now).await?;
    let mut members = store::members(&mut tx, zone, id).await?;
    let stays = store::stays(&mut tx, zone, id).await?;
    let shifts = shifts(&mut tx, zone, &closed, now).await?;
    let at = at.unwrap_or(now);
    let (now_inside, planned) = (head_count(&stays, &members, at), Count::of(&members));
    if !names {
        // What a named one does in the plant tells who he is.
        members.retain(|member| !member.named);
    }
    let possible = LoopMove::ALL.iter().copied().filter(|does| names && who.is(WRITERS) && may(*does, closed.state));
    Ok(Roster {
        possible: possible.collect(),
        stays: if names { stays } else { Vec::new() },
        closed,
        names,
        at,
        now_inside,
        planned,
        members,
        shifts,
    })
}

/// What the list is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// In this state.
    pub state: Option<LoopState>,
    /// Not ended, or ended.
    pub open: Option<bool>,
    /// Only those assigned to the reader himself.
    pub mine: bool,
    /// Of this enterprise or project.
    pub subject_id: Option<Uuid>,
    /// Under this disruption.
    pub disruption_id: Option<Uuid>,
    /// With these words in the name or the reason.
    pub q: Option<String>,
    /// How it runs.
    pub sort: Option<String>,
    /// Where it goes on.
    pub cursor: Option<String>,
}

/// Closed loops within reach, the last first.
pub async fn list(app: &App, who: &Actor, asked: &Asked, limit: i64) -> Result<Page<ClosedLoop>> {
    who.must(READERS)?;
    let walk = Walk::read(store::KEYS, "-began", asked.sort.as_deref(), asked.cursor.as_deref(), limit)?;
    let mut tx = app.read().await?;
    let reach: Option<Sql> = match asked.mine {
        true => Some(reach::assigned(who, "l.subject_id")),
        false => reach::subjects(who, "l.subject_id"),
    };
    let filter = store::Filter {
        state: asked.state,
        open: asked.open,
        subject_id: asked.subject_id,
        disruption_id: asked.disruption_id,
        reach,
        found: list::subjects(&mut tx, who.zone_id, "l.subject_id", None, asked.q.as_deref()).await?,
        q: asked.q.clone(),
    };
    let (items, next) = store::list(&mut tx, who.zone_id, &filter, &walk).await?;
    let total = store::count(&mut tx, who.zone_id, &filter, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// The loops of one enterprise or project, the last first, for whoever reaches it.
pub async fn of_subject(app: &App, who: &Actor, subject: Uuid) -> Result<Vec<ClosedLoop>> {
    if !who.is(READERS) {
        return Ok(Vec::new());
    }
    let asked = Asked { subject_id: Some(subject), ..Asked::default() };
    Ok(list(app, who, &asked, 5).await?.items)
}

/// Shifts of one's own that begin within a day and lack something.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.is(WRITERS) || who.person_id.is_none() {
        return Ok(Vec::new());
    }
    let asked = Asked { open: Some(true), mine: !who.is(OUTSIDE), ..Asked::default() };
    let loops = list(app, who, &asked, 20).await?.items;
    let mut tx = app.read().await?;
    let now = app.now();
    let mut all = Vec::new();
    for l in loops {
        for one in shifts(&mut tx, who.zone_id, &l, now).await? {
            let soon = one.shift.starts_at <= now.plus(DAY_MS);
            if soon && !one.lacks.is_empty() {
                all.push(ToDo {
                    action: "todo-loop-short",
                    title: one.shift.label,
                    about: Some(l.subject_name.clone()),
                    href: format!("/closed-loops/{}#shifts", l.id),
                    due_at: Some(one.shift.starts_at),
                    light: continuity::urgency(Some(one.shift.starts_at), now),
                });
            }
        }
    }
    Ok(all)
}

/// For who reaches the whole zone: how many are closed.
pub async fn lines(app: &App, who: &Actor) -> Result<Vec<Line>> {
    if who.scope != Scope::All || !who.is(OFFICE) {
        return Ok(Vec::new());
    }
    let asked = Asked { open: Some(true), ..Asked::default() };
    let page = list(app, who, &asked, 1).await?;
    let n = page.total.or(page.total_at_least).unwrap_or_default();
    Ok((n > 0).then_some(Line { text: "home-loops", n, href: "/closed-loops" }).into_iter().collect())
}
