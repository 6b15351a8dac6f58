//! What can be done with a plan: compute it, accept it.

use super::super::desk::{DECIDERS, bulk_up_to};
use super::super::{Bulk, Duty, Field, Unit, store as assignments};
use super::{Holder, Move, Other, Plan, Question, Share, ask, seen, sentences, store};
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, FieldError, Result};
use crate::text::Lang;
use allotment::{Cost, Step, propose};
use std::collections::HashMap;
use uuid::Uuid;

/// Places that one plan may change: those of a city's worth of enterprises.
const MOST: usize = 20_000;

/// So many moves are explained with the alternatives to each.
const EXPLAINED: usize = 100;
/// So many alternatives are shown.
const OTHERS: usize = 6;

/// Computes a plan. Nothing is stored.
pub async fn plan(app: &App, who: &Actor, question: &Question, lang: Lang) -> Result<Plan> {
    who.must(DECIDERS)?;
    if !Duty::NEEDED.contains(&question.role) {
        return Err(Error::field("role", "unknown"));
    }
    if question.capacity == Some(0) {
        return Err(Error::Invalid(vec![FieldError::new("capacity", "range").with("min", 1).with("max", 10_000)]));
    }
    let zone = who.zone_id;
    let mut tx = app.db.snapshot().await?;
    let mut subjects = store::subjects(&mut tx, zone, question.role).await?;
    let open = store::open_appeals(&mut tx, zone).await?;
    let field = assignments::field(&mut tx, zone).await?;
    let industries = store::industries(&mut tx, zone).await?;
    let carriers = store::carriers(&mut tx, zone, question.role).await?;
    tx.commit().await?;
    for one in &mut subjects {
        one.open_appeals = open.get(&one.id).copied().unwrap_or(0);
    }
    let units = units(field, question.role).into_iter().map(|unit| holder(unit, question.role));
    let holders = units.map(|holder| holder.with(&industries, &carriers)).collect();
    let question = question.clone();
    // A city takes seconds: not on the thread that serves.
    let solved = tokio::task::spawn_blocking(move || solve(&question, subjects, holders, lang));
    solved.await.map_err(|error| Error::Internal(error.to_string()))?
}

fn units(field: Field, role: Duty) -> Vec<Unit> {
    match role {
        Duty::LeadLeader => field.leaders,
        Duty::LeadDept => field.departments,
        _ => field.officers,
    }
}

fn holder(unit: Unit, role: Duty) -> Holder {
    let department_id = if role == Duty::LeadDept { Some(unit.id) } else { unit.department_id };
    Holder { id: unit.id, name: unit.name, department_id, industries: Vec::new(), carriers: Vec::new() }
}

fn solve(question: &Question, subjects: Vec<super::Known>, holders: Vec<Holder>, lang: Lang) -> Result<Plan> {
    let asked = ask(question, subjects, holders);
    let answer = propose(&asked.case)
        .map_err(|faults| Error::Internal(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let names: HashMap<Uuid, &str> = asked.holders.iter().map(|holder| (holder.id, holder.name.as_str())).collect();
    let mut changed: Vec<usize> =
        (0..answer.places.len()).filter(|i| !matches!(answer.places[*i].step, Step::Kept)).collect();
    changed.sort_by_key(|i| (std::cmp::Reverse(asked.case.subjects[*i].load), asked.subjects[*i].name.clone()));
    let explained = &changed[..changed.len().min(EXPLAINED)];
    let mut others = answer.alternatives(explained).into_iter();
    let mut moves = Vec::with_capacity(changed.len());
    let mut text = format!("{}", question.role);
    for i in &changed {
        let (known, place) = (&asked.subjects[*i], &answer.places[*i]);
        let unit = place.officer.map(|o| &asked.holders[o]);
        let why = place.officer.map(|o| sentences(&answer.why(*i, o))).unwrap_or_default();
        let why = if unit.is_none() { vec![("plan-why-nobody", None)] } else { why };
        let seen = seen(known);
        text.push_str(&format!("\n{} {} {seen}", known.id, unit.map_or(Uuid::nil(), |unit| unit.id)));
        let other = |one: &allotment::Alternative| Other {
            unit_id: asked.holders[one.officer].id,
            unit: asked.holders[one.officer].name.clone(),
            more: one.more.points,
        };
        let placed = |one: &&allotment::Alternative| one.more.unplaced <= Cost::default().unplaced;
        moves.push(Move {
            subject_id: known.id,
            subject: known.name.clone(),
            load: known.load(),
            before_id: known.today(),
            before: known.today().and_then(|id| names.get(&id).map(|name| (*name).to_owned())),
            unit_id: unit.map(|unit| unit.id),
            unit: unit.map(|unit| unit.name.clone()),
            pinned: place.pinned,
            why: why.into_iter().map(|(key, n)| say(lang, key, n)).collect(),
            others: others.next().unwrap_or_default().iter().filter(placed).take(OTHERS).map(other).collect(),
            seen,
        });
    }
    let count = |step: fn(&Step) -> bool| answer.places.iter().filter(|place| step(&place.step)).count();
    let shares = answer.shares.iter().zip(&asked.holders).map(|(share, holder)| Share {
        unit_id: holder.id,
        unit: holder.name.clone(),
        subjects_before: share.subjects_before,
        subjects_after: share.subjects_after,
        load_before: share.load_before,
        load_after: share.load_after,
        fair: share.fair,
    });
    Ok(Plan {
        moves,
        kept: count(|step| *step == Step::Kept),
        moved: count(|step| *step == Step::Moved),
        new: count(|step| *step == Step::New),
        nobody: count(|step| matches!(step, Step::Nobody(_))),
        shares: shares.collect(),
        cheapest: answer.cost == answer.bound,
        mark: vault::hash::hex(&vault::token::digest(&text)[..12]),
    })
}

fn say(lang: Lang, key: &str, n: Option<i64>) -> String {
    match n {
        Some(n) => lang.with(key, &[("n", &n)]),
        None => lang.t(key).into_owned(),
    }
}

/// Carries out a plan in one transaction, if it is still the plan that was looked
/// at. Answers the batch.
pub async fn accept(
    app: &App,
    who: &Actor,
    question: &Question,
    mark: &str,
    basis: Option<String>,
    reason: Option<String>,
) -> Result<Uuid> {
    let plan = plan(app, who, question, Lang::Zh).await?;
    if plan.mark != mark {
        return Err(Error::state("plan_moved_on"));
    }
    let items = plan.items(question.role);
    if items.is_empty() {
        return Err(Error::state("plan_empty"));
    }
    if items.len() > MOST {
        return Err(Error::state("plan_too_long"));
    }
    bulk_up_to(app, who, Bulk { items, replace: true, basis, reason }, MOST).await
}
