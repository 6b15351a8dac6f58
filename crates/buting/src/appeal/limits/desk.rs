//! Which limits hold for whom; changing them with a look ahead; the ladder; the
//! hours of an emergency.

use super::{
    Case, Figure, LADDER, MOST_RULES, MOST_RUNGS, ONE, PROFILE, Profile, RULES, Rule, Rung, SHANDONG_ENTERPRISE,
    SHIPPED, Shipped, choose, differences, shipped, shipped_ladder, shipped_rules, store,
};
use crate::actor::Actor;
use crate::app::{App, Change, Subject, Work};
use crate::appeal::desk::take_over;
use crate::appeal::record::Appeal;
use crate::appeal::{self, step};
use crate::clock::{self, Clock, ClockKind, ClockMode, ClockState, Told};
use crate::error::{Check, Error, FieldError, Result};
use crate::settings::Version;
use crate::settings::desk::{KEEPERS, READERS};
use crate::time::Time;
use crate::zone::Zone;
use ::store::Tx;
use almanac::{Count, Limit, Point, Unit};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

// What holds

/// The profile in force under a name at a time, and its version: 0 for the program's own.
pub async fn profile_at(tx: &mut Tx, zone: Uuid, key: &str, at: Time) -> Result<(i64, Profile)> {
    match store::profile_at(tx, zone, key, at).await? {
        Some(found) => Ok(found),
        None => Ok((0, of_program(key)?)),
    }
}

/// The limits of an appeal: its profile in the version that it began with, as it is
/// for a case of its kind.
pub async fn profile_of(tx: &mut Tx, a: &Appeal) -> Result<Profile> {
    let profile = match a.profile_version {
        0 => of_program(&a.profile)?,
        version => store::profile(tx, a.zone_id, &a.profile, version).await?,
    };
    Ok(profile.of_case(&case_of(a)))
}

fn of_program(key: &str) -> Result<Profile> {
    let found = shipped(key).ok_or_else(|| Error::Internal(format!("there is no limit profile {key}")))?;
    Ok(found.profile.clone())
}

/// What the limits of an appeal are chosen by.
pub fn case_of(a: &Appeal) -> Case<'_> {
    Case { channel: a.channel, kind: a.kind, category: &a.category, urgency: a.urgency, grade: a.grade.as_deref() }
}

/// The name of the profile that a case takes now, and its version.
pub async fn choice(tx: &mut Tx, zone: Uuid, case: &Case<'_>, now: Time) -> Result<(String, i64)> {
    let settings = Zone::get(tx, zone).await?.settings;
    let usual = settings["limit_profile"].as_str().filter(|key| shipped(key).is_some()).unwrap_or(SHANDONG_ENTERPRISE);
    let rules = rules(tx, zone).await?;
    let key = choose(&rules, usual, case).to_owned();
    let (version, _) = profile_at(tx, zone, &key, now).await?;
    Ok((key, version))
}

/// The rules of a zone.
pub async fn rules(tx: &mut Tx, zone: Uuid) -> Result<Vec<Rule>> {
    Ok(store::rules(tx, zone).await?.unwrap_or_else(shipped_rules))
}

/// The ladder of a zone.
pub async fn ladder(tx: &mut Tx, zone: Uuid) -> Result<Vec<Rung>> {
    Ok(store::ladder(tx, zone).await?.unwrap_or_else(shipped_ladder))
}

/// A profile as the page of limits shows it.
pub struct Standing {
    /// The program's own, with its source.
    pub shipped: &'static Shipped,
    /// The version in force: 0 is the program's own.
    pub version: i64,
    /// Since when; none for the program's own.
    pub since: Option<Time>,
    /// Until when, where an end is set.
    pub until: Option<Time>,
    /// What it says.
    pub profile: Profile,
    /// Versions that begin later: which, and when.
    pub planned: Vec<(i64, Time)>,
    /// How many open appeals have it, in whatever version.
    pub open: i64,
}

/// Every profile, as it stands.
pub async fn standing(tx: &mut Tx, who: &Actor, now: Time) -> Result<Vec<Standing>> {
    who.must(READERS)?;
    let versions = store::versions(tx, who.zone_id).await?;
    let counts = store::open_counts(tx, who.zone_id).await?;
    let mut all = Vec::new();
    for one in SHIPPED.iter() {
        let mut standing = Standing {
            shipped: one,
            version: 0,
            since: None,
            until: None,
            profile: one.profile.clone(),
            planned: Vec::new(),
            open: counts.get(&one.key).copied().unwrap_or_default(),
        };
        let mut first: Option<Time> = None;
        for (_, version, from, to, body) in versions.iter().filter(|(key, ..)| *key == one.key) {
            if to.is_some_and(|to| to <= *from) {
                continue; // replaced before it began
            }
            first = Some(first.map_or(*from, |first| first.min(*from)));
            if *from > now {
                standing.planned.push((*version, *from));
            } else if to.is_none_or(|to| to > now) && standing.version == 0 {
                (standing.version, standing.since, standing.until) = (*version, Some(*from), *to);
                standing.profile =
                    serde_json::from_value(body.clone()).map_err(|e| Error::Internal(format!("profile: {e}")))?;
            }
        }
        if standing.version == 0 {
            standing.until = first.filter(|from| *from > now);
        }
        all.push(standing);
    }
    Ok(all)
}

// Changing a profile

/// A profile as somebody would have it.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Which one.
    pub key: String,
    /// The limits.
    pub profile: Profile,
    /// From when on; none is at once.
    pub from: Option<Time>,
    /// Whether open appeals of the office take them too.
    pub retime: bool,
}

/// A due time that would move.
#[derive(Clone, Debug)]
pub struct Shift {
    /// The appeal's number; none for whom it is about.
    pub number: Option<String>,
    /// The department, for the clocks of a work order.
    pub department: Option<String>,
    /// What is measured.
    pub kind: ClockKind,
    /// When it is due now; none while it stands still.
    pub from: Option<Time>,
    /// When it would be due.
    pub to: Option<Time>,
    /// Whether it was told to an enterprise, and so does not come nearer.
    pub told: bool,
    /// Whether it would be over at once.
    pub over: bool,
}

/// What would become of it.
pub struct Preview {
    /// The version in force now.
    pub version: i64,
    /// Open appeals by the version that they have: how many keep theirs, or would give it up.
    pub open: BTreeMap<i64, usize>,
    /// What is another for new appeals: figure, before, after.
    pub differences: Vec<(String, Figure, Figure)>,
    /// Versions that were to begin later and never would.
    pub replaced: Vec<Version>,
    /// The due times that would move; empty unless open appeals take part.
    pub shifts: Vec<Shift>,
    /// What was looked at, to be handed back with the confirmation.
    pub seen: String,
}

/// A clock that moved, and when it was due before.
type Moved = (Clock, Option<Time>);

/// A move of a clock, and whose it is.
struct Planned {
    appeal_id: Uuid,
    number: String,
    hidden: bool,
    department: Option<String>,
    clock: clock::Move,
}

/// Looks ahead: nothing is changed.
pub async fn preview(app: &App, who: &Actor, proposal: &Proposal) -> Result<Preview> {
    who.must(KEEPERS)?;
    let now = app.now();
    let mut tx = app.db.snapshot().await?;
    check(proposal, now)?;
    let (preview, _) = look_ahead(&mut tx, who, proposal, now).await?;
    tx.commit().await?;
    Ok(preview)
}

fn check(proposal: &Proposal, now: Time) -> Result<()> {
    let profile = &proposal.profile;
    let mut check = Check::new();
    check.that(shipped(&proposal.key).is_some(), "key", "unknown");
    check.that((1..=250).contains(&profile.finish.n), "finish", "length");
    check.that(profile.longest >= profile.finish.n, "longest", "length");
    check.that(!profile.approvers.is_empty() || profile.extensions == 0, "approvers", "required");
    for grade in &profile.grades {
        let finish = grade.finish.unwrap_or(profile.finish);
        let longest = grade.longest.unwrap_or(profile.longest);
        check.that((1..=250).contains(&finish.n), &format!("grade-{}-finish", grade.key), "length");
        check.that(longest >= finish.n, &format!("grade-{}-longest", grade.key), "length");
    }
    check.that(proposal.from.is_none_or(|from| from >= now), "from", "past");
    check.that(!proposal.retime || proposal.from.is_none(), "retime", "only_at_once");
    check.done()
}

async fn look_ahead(tx: &mut Tx, who: &Actor, proposal: &Proposal, now: Time) -> Result<(Preview, Vec<Planned>)> {
    let (zone, key) = (who.zone_id, proposal.key.as_str());
    let (version, present) = profile_at(tx, zone, key, now).await?;
    let cases = store::open_of(tx, zone, key).await?;
    let mut open = BTreeMap::new();
    for case in &cases {
        *open.entry(case.profile_version).or_insert(0) += 1;
    }
    let planned = if proposal.retime { moves(tx, who, &cases, &proposal.profile, now).await? } else { Vec::new() };
    let shifts: Vec<Shift> = planned
        .iter()
        .map(|one| {
            let clock = &one.clock.clock;
            Shift {
                number: Some(one.number.clone()).filter(|_| !one.hidden),
                department: one.department.clone().filter(|_| !one.hidden),
                kind: clock.kind,
                from: clock.due_at,
                to: one.clock.to,
                told: clock.told == Told::Enterprise,
                over: one.clock.to.is_some_and(|to| to < now) && !clock.is_late(now),
            }
        })
        .collect();
    let replaced = store::planned(tx, zone, key, proposal.from.unwrap_or(now)).await?;
    let whole = json!({
        "key": key, "profile": proposal.profile, "from": proposal.from, "retime": proposal.retime,
        "version": version, "open": open, "replaced": replaced.iter().map(|one| one.version).collect::<Vec<_>>(),
        "moves": planned.iter().map(|one| (one.clock.clock.id, one.clock.limit, one.clock.to)).collect::<Vec<_>>(),
    });
    let seen = vault::hash::hex(&vault::hash::sha256(whole.to_string().as_bytes())[..8]);
    let differences = differences(&present, &proposal.profile);
    Ok((Preview { version, open, differences, replaced, shifts, seen }, planned))
}

/// The clocks of open appeals that a profile would move.
async fn moves(
    tx: &mut Tx,
    who: &Actor,
    cases: &[store::OpenCase],
    profile: &Profile,
    now: Time,
) -> Result<Vec<Planned>> {
    let zone = who.zone_id;
    let units = appeal::store::units_of(who);
    let mut all = Vec::new();
    for some in cases.chunks(200) {
        let ids: Vec<Uuid> = some.iter().map(|case| case.id).collect();
        let of_appeal: HashMap<Uuid, &store::OpenCase> = some.iter().map(|case| (case.id, case)).collect();
        let orders = store::open_orders(tx, zone, &ids).await?;
        let of_order: HashMap<Uuid, (Uuid, &String)> =
            orders.iter().map(|(id, appeal, name)| (*id, (*appeal, name))).collect();
        let profiles: HashMap<Uuid, Profile> = some
            .iter()
            .map(|one| {
                let case = Case {
                    channel: one.channel,
                    kind: one.kind,
                    category: &one.category,
                    urgency: one.urgency,
                    grade: one.grade.as_deref(),
                };
                (one.id, profile.clone().of_case(&case))
            })
            .collect();
        let appeal_of = |owner: Uuid| of_order.get(&owner).map_or(owner, |(appeal, _)| *appeal);
        let owners: Vec<Uuid> = ids.iter().chain(of_order.keys()).copied().collect();
        let mut clocks = clock::of(tx, zone, &owners).await?;
        clocks.retain(|clock| clock.state != ClockState::Stopped);
        let limit_of = |clock: &Clock| profiles.get(&appeal_of(clock.owner_id))?.limit_of(clock.kind);
        for one in clock::would_move(tx, zone, clocks, now, limit_of).await? {
            let owner = one.clock.owner_id;
            let Some(case) = of_appeal.get(&appeal_of(owner)) else { continue };
            all.push(Planned {
                appeal_id: case.id,
                number: case.number.clone(),
                hidden: case.accused_department_id.is_some_and(|accused| units.contains(&accused)),
                department: of_order.get(&owner).map(|(_, name)| (*name).clone()),
                clock: one,
            });
        }
    }
    all.sort_by(|a, b| {
        (&a.number, a.clock.clock.started_at, a.clock.clock.id).cmp(&(
            &b.number,
            b.clock.clock.started_at,
            b.clock.clock.id,
        ))
    });
    Ok(all)
}

/// Sets a profile from a time on, as it was looked at. What began before keeps its
/// version, unless open appeals were to take part.
pub async fn set_profile(app: &App, who: &Actor, proposal: &Proposal, reason: &str, seen: &str) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let mut wrong = Check::new();
    let reason = wrong.text("reason", reason, 500);
    wrong.done()?;
    check(proposal, now)?;
    appeal::store::hold_open(&mut work, zone).await?;
    let (preview, planned) = look_ahead(&mut work, who, proposal, now).await?;
    if preview.seen != seen {
        return Err(Error::field("seen", "preview_old"));
    }
    let from = proposal.from.unwrap_or(now);
    let (_, before) = profile_at(&mut work, zone, &proposal.key, now).await?;
    let body = serde_json::to_value(&proposal.profile).map_err(|e| Error::Internal(e.to_string()))?;
    let version = crate::settings::desk::put_from(&mut work, PROFILE, &proposal.key, &body, from).await?;
    let change = Change {
        before: Some(json!({ "body": before })),
        after: Some(json!({
            "kind": PROFILE, "key": proposal.key, "version": version, "valid_from": from, "body": body,
            "retimed": proposal.retime.then(|| preview.open.values().sum::<usize>()),
        })),
        note: None,
    };
    work.log("settings.set", Subject::new("policy_data", zone), change.because(reason.clone())).await?;
    if proposal.retime {
        store::take_version(&mut work, zone, &proposal.key, version).await?;
        retime(&mut work, planned, &reason).await?;
    }
    work.commit(zone).await
}

async fn retime(work: &mut Work, planned: Vec<Planned>, reason: &str) -> Result<()> {
    let mut moved: BTreeMap<Uuid, Vec<Moved>> = BTreeMap::new();
    for one in planned {
        let before = one.clock.clock;
        let now = clock::retarget(work, before.owner_id, before.kind, one.clock.limit).await?;
        moved.entry(one.appeal_id).or_default().extend(now.map(|now| (now, before.due_at)));
    }
    for (appeal_id, clocks) in moved {
        tell_moved(work, appeal_id, &clocks, "appeal.retime", "appeal.retimed", reason).await?;
    }
    Ok(())
}

/// Takes over, writes down and tells that deadlines of an appeal moved: those who
/// work on it, and its owner where the result comes later.
async fn tell_moved(
    work: &mut Work,
    appeal_id: Uuid,
    clocks: &[Moved],
    entry: &'static str,
    notice: &'static str,
    reason: &str,
) -> Result<()> {
    let zone = work.zone();
    let now: Vec<Clock> = clocks.iter().map(|(clock, _)| clock.clone()).collect();
    take_over(work, &now).await?;
    let Some(a) = appeal::store::appeal(work, zone, appeal_id).await? else { return Ok(()) };
    let dues = |due: fn(&Moved) -> Option<Time>| {
        clocks.iter().map(|one| json!({"clock": one.0.kind, "due_at": due(one)})).collect::<Vec<_>>()
    };
    let change = Change::from_to(json!({"clocks": dues(|one| one.1)}), json!({"clocks": dues(|one| one.0.due_at)}));
    work.log(entry, step::subject_of(&a), change.because(reason)).await?;
    let mut people = step::workers_of(work, &a).await?;
    let later = |(clock, before): &Moved| clock.kind == ClockKind::Finish && clock.due_at > *before;
    if clocks.iter().any(later) {
        people.extend(step::owners(work, &a).await?);
    }
    let args = step::told_of(&a);
    if clocks.is_empty() {
        return Ok(());
    }
    for person in step::not_accused(work, &a, people).await? {
        work.notify(person, notice, step::subject_of(&a), args.clone()).await?;
    }
    Ok(())
}

fn at_most(check: &mut Check, field: &str, n: usize, max: usize) {
    if n > max {
        check.add(FieldError::new(field, "too_many").with("max", max));
    }
}

// Rules and ladder

/// Sets which appeals take which profile, from now on.
pub async fn set_rules(app: &App, who: &Actor, rules: &[Rule]) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let categories = appeal::desk::categories(&mut work, zone).await?;
    let mut check = Check::new();
    at_most(&mut check, "profile", rules.len(), MOST_RULES);
    for (n, rule) in rules.iter().enumerate() {
        let mut must = |holds: bool, field: &str, code| {
            if !holds {
                check.add(FieldError::new(format!("{field}-{n}"), code));
            }
        };
        must(shipped(&rule.profile).is_some(), "profile", "unknown");
        let known = |key: &str| categories.iter().any(|category| category.key == key);
        must(rule.category.as_deref().is_none_or(known), "category", "unknown");
        let narrows = rule.channel.is_some() || rule.kind.is_some() || rule.category.is_some();
        must(narrows, "profile", "rule_for_all");
    }
    check.done()?;
    crate::settings::desk::put(&mut work, RULES, ONE, json!({ "rules": rules })).await?;
    work.commit(zone).await
}

/// What is wrong with a ladder, by the place of the rung.
fn check_ladder(rungs: &[Rung]) -> Result<()> {
    let mut check = Check::new();
    check.that(!rungs.is_empty(), "n-0", "required");
    at_most(&mut check, "n-0", rungs.len(), MOST_RUNGS);
    for (n, rung) in rungs.iter().enumerate() {
        let (field, fits, min, max) = match rung.at {
            Point::Days(days) => (format!("n-{n}"), (-60..=60).contains(&days), -60, 60),
            Point::Share(percent) => (format!("n-{n}"), (1..=99).contains(&percent), 1, 99),
        };
        if !fits {
            check.add(FieldError::new(field, "range").with("min", min).with("max", max));
        }
        check.that(!rung.reaches.is_empty(), &format!("reaches-{n}"), "required");
    }
    check.done()
}

/// A deadline as an example.
#[derive(Clone, Debug)]
pub struct Example {
    /// When it begins.
    pub start: Time,
    /// When it is due.
    pub due: Option<Time>,
    /// When each rung would be reached.
    pub reached: Vec<Option<Time>>,
}

/// When each rung would be reached by a deadline of so many working days that
/// begins then. Nothing is changed.
pub async fn preview_ladder(app: &App, who: &Actor, rungs: &[Rung], start: Time, days: i64) -> Result<Example> {
    who.must(KEEPERS)?;
    check_ladder(rungs)?;
    let n = u32::try_from(days).ok().filter(|n| (1..=250).contains(n));
    let n = n.ok_or_else(|| Error::Invalid(vec![FieldError::new("days", "range").with("min", 1).with("max", 250)]))?;
    let mut tx = app.read().await?;
    let calendar = clock::calendar(&mut tx, who.zone_id).await?;
    let rules: Vec<_> = rungs.iter().map(Rung::rule).collect();
    let limit = Limit { n, unit: Unit::Day, count: Count::Working };
    let (due, reached) = clock::climb(limit, start, &rules, &calendar);
    Ok(Example { start, due, reached })
}

/// Sets the ladder from now on, for what runs too: a deadline that stands above a
/// new rung does not climb down to it.
pub async fn set_ladder(app: &App, who: &Actor, rungs: &[Rung], reason: &str) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 500);
    check.done()?;
    check_ladder(rungs)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    crate::settings::desk::put_because(&mut work, LADDER, ONE, json!({ "rungs": rungs }), &reason).await?;
    work.commit(zone).await
}

// The hours of an emergency

/// Other hours count from now on for the open appeals under a disruption.
pub async fn turn_hours(work: &mut Work, disruption: Uuid, mode: ClockMode, reason: &str) -> Result<()> {
    let zone = work.zone();
    appeal::store::hold_open(work, zone).await?;
    for (id, open) in store::under(work, zone, disruption).await? {
        turn_one(work, (id, open), disruption, mode, reason).await?;
    }
    Ok(())
}

async fn turn_one(
    work: &mut Work,
    (id, open): (Uuid, bool),
    disruption: Uuid,
    mode: ClockMode,
    reason: &str,
) -> Result<()> {
    let zone = work.zone();
    let orders = appeal::store::orders(work, zone, id).await?;
    let owners: Vec<Uuid> = orders.iter().map(|order| order.id).chain([id]).collect();
    store::set_hours(work, zone, id, disruption, mode).await?;
    let moved = clock::turn(work, &owners, mode, reason).await?;
    if !open {
        return Ok(());
    }
    let (entry, notice) = match mode {
        ClockMode::Hours24 => ("appeal.hours24", "appeal.hours24"),
        ClockMode::Office => ("appeal.office_hours", "appeal.office_hours"),
    };
    tell_moved(work, id, &moved, entry, notice, reason).await
}

/// At most so many appeals are put under a disruption at once.
const MOST_AT_ONCE: usize = 200;

/// Puts running appeals under a disruption, by their numbers; from now on its hours
/// count for them. An exercise changes no hours, and takes none from a real one.
pub async fn join(app: &App, who: &Actor, disruption: Uuid, numbers: &str, reason: &str) -> Result<Uuid> {
    who.must(crate::continuity::desk::COMMANDERS)?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let found = crate::continuity::desk::open_disruption(&mut work, zone, disruption).await?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 500);
    let numbers: Vec<&str> = numbers
        .split(|c: char| c.is_whitespace() || ",，、;；".contains(c))
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .collect();
    check.that(!numbers.is_empty(), "numbers", "required");
    at_most(&mut check, "numbers", numbers.len(), MOST_AT_ONCE);
    check.done()?;
    appeal::store::hold_open(&mut work, zone).await?;
    let mode = found.hours();
    for number in numbers {
        let unknown = || Error::Invalid(vec![FieldError::new("numbers", "unknown_number").with("number", number)]);
        let id = store::by_number(&mut work, zone, number).await?.ok_or_else(unknown)?;
        let seen = step::see(&mut work, who, id, true).await.map_err(|error| match error {
            Error::NotFound => unknown(),
            other => other,
        })?;
        if !seen.appeal.open {
            return Err(Error::Invalid(vec![FieldError::new("numbers", "appeal_ended").with("number", number)]));
        }
        match seen.appeal.disruption_id {
            Some(same) if same == disruption => continue,
            Some(other) => {
                let other = crate::continuity::desk::disruption(&mut work, zone, other).await?;
                if other.ended_at.is_none() && !other.exercise {
                    let under = FieldError::new("numbers", "under_another").with("number", number);
                    return Err(Error::Invalid(vec![under]));
                }
            }
            None => {}
        }
        let made = json!({"disruption": found.number, "name": found.name});
        let subject = step::subject_of(&seen.appeal);
        work.log("appeal.join_disruption", subject, Change::made(made).because(reason.clone())).await?;
        if seen.appeal.clock_mode == mode {
            store::set_hours(&mut work, zone, id, disruption, mode).await?;
        } else {
            let why = format!("{}：{reason}", found.name);
            turn_one(&mut work, (id, true), disruption, mode, &why).await?;
        }
    }
    work.commit(disruption).await
}
