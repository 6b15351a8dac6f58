//! 剔除: leaving an appeal out of the rates. One unit asks with ground and proof, another decides.

use super::store::{self, Asked, Decided, Exclusion};
use super::{ExclusionState, Ground, sight};
use crate::actor::{Actor, OFFICE, Role, Roles};
use crate::app::{App, Change};
use crate::appeal::store as appeals;
use crate::appeal::{Hat, step};
use crate::attachment::{self, Owner, Purpose};
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::Walk;
use ::store::{Sql, Tx};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// Who decides.
pub const DECIDERS: Roles = Roles::of(&[Role::Dispatcher, Role::Oversight, Role::Leader]);

/// A request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExclusion {
    /// The appeal.
    pub appeal_id: Uuid,
    /// Why.
    pub ground: Ground,
    /// What proves it.
    pub proof: String,
    /// The form whose uploads are handed in with it.
    #[serde(skip)]
    pub files: Option<Uuid>,
}

/// A decision.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether it is left out.
    pub granted: bool,
    /// Why.
    pub reason: String,
}

/// Asks to leave an appeal out: for those who led it, and for the coordination office.
/// It has a result, and no other request about it waits or was granted.
pub async fn ask(app: &App, who: &Actor, new: NewExclusion) -> Result<Uuid> {
    who.must(OFFICE)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let seen = step::see(&mut work, who, new.appeal_id, true).await?;
    if !seen.hats.any(&[Hat::Lead, Hat::Desk]) {
        return Err(Error::Forbidden);
    }
    let mut check = Check::new();
    let proof = check.text("proof", &new.proof, 2000);
    check.done()?;
    if seen.appeal.answered_at.is_none() {
        return Err(Error::state("exclusion_no_result"));
    }
    let before = store::EXCLUSIONS.of(&mut work, zone, new.appeal_id).await?;
    if before.iter().any(|one| one.state != ExclusionState::Refused) {
        return Err(Error::state("exclusion_twice"));
    }
    let id = Uuid::now_v7();
    // Whoever leads asks for his department; otherwise for his own.
    let unit = seen.appeal.lead_department_id.filter(|lead| who.departments().contains(lead)).or(who.department_id);
    let asked =
        Asked { id, appeal_id: new.appeal_id, ground: new.ground, proof: &proof, by: who.person_id, unit, at: now };
    store::ask_exclusion(&mut work, zone, &asked).await?;
    let subject = step::subject_of(&seen.appeal);
    work.log("appeal.exclusion_ask", subject, Change::made(json!({"exclusion_ground": new.ground})).because(proof))
        .await?;
    if let Some(form) = new.files {
        let to = attachment::desk::Bound {
            owner: Owner::Appeal,
            owner_id: new.appeal_id,
            purpose: Purpose::Note,
            message_id: None,
            work_order_id: None,
            own: false,
            subject,
        };
        attachment::desk::bind(&mut work, form, &to).await?;
    }
    let people = appeals::with_role(&mut work, zone, Roles::of(&[Role::Dispatcher, Role::Oversight])).await?;
    let args = step::told_of(&seen.appeal);
    for person in step::not_accused(&mut work, &seen.appeal, people).await? {
        work.notify(person, "appeal.exclusion_asked", subject, args.clone()).await?;
    }
    work.commit(id).await
}

/// Why somebody may not decide, if he may not: the code of `conflict-<code>`. It takes
/// somebody of another unit than the one that asked and the one that led.
pub fn not_decider(who: &Actor, one: &Exclusion) -> Option<&'static str> {
    let mine = who.departments();
    let of_mine = |unit: Option<Uuid>| unit.is_some_and(|unit| mine.contains(&unit));
    let own = one.asker_id.is_some() && one.asker_id == who.person_id;
    (own || of_mine(one.asker_unit_id) || of_mine(one.lead_department_id)).then_some("exclusion_own_unit")
}

/// Decides on a request; that stands.
pub async fn decide(app: &App, who: &Actor, id: Uuid, decision: Decision) -> Result<Uuid> {
    who.must(DECIDERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let one = store::EXCLUSIONS.one(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    let seen = step::see(&mut work, who, one.appeal_id, true).await?;
    who.saw(one.version)?;
    if one.state != ExclusionState::Asked {
        return Err(Error::state("exclusion_decided"));
    }
    if let Some(code) = not_decider(who, &one) {
        return Err(Error::state(code));
    }
    let mut check = Check::new();
    let reason = check.text("reason", &decision.reason, 500);
    check.done()?;
    let state = if decision.granted { ExclusionState::Granted } else { ExclusionState::Refused };
    let decided = Decided { state, by: who.person_id, unit: who.department_id, at: now, why: &reason };
    if !store::decide_exclusion(&mut work, zone, &one, &decided).await? {
        return Err(Error::Conflict(Conflict::Stale(one.version)));
    }
    let subject = step::subject_of(&seen.appeal);
    let action = if decision.granted { "appeal.exclusion_grant" } else { "appeal.exclusion_refuse" };
    work.log(action, subject, Change::made(json!({"exclusion_ground": one.ground})).because(reason)).await?;
    if let Some(asker) = one.asker_id {
        let args = step::told_of(&seen.appeal);
        work.notify(asker, "appeal.exclusion_decided", subject, args).await?;
    }
    work.commit(id).await
}

/// One request.
pub async fn get(app: &App, who: &Actor, id: Uuid) -> Result<Exclusion> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let mut one = store::EXCLUSIONS.one(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    step::see(&mut tx, who, one.appeal_id, false).await?;
    sight::mask(who, &mut one);
    Ok(one)
}

/// A page of requests that somebody may know of.
pub async fn list(
    app: &App,
    who: &Actor,
    state: Option<ExclusionState>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Exclusion>> {
    who.must(OFFICE)?;
    let walk = Walk::read(store::EXCLUSION_KEYS, "-asked", None, cursor, limit)?;
    let mut condition = appeals::visible(who);
    if let Some(state) = state {
        condition.push(" AND x.state = ").arg(state);
    }
    let mut tx = app.read().await?;
    sight::page(&mut tx, who, &store::EXCLUSIONS, condition, &walk).await
}

/// How many wait for somebody's decision.
pub async fn waiting(tx: &mut Tx, who: &Actor) -> Result<i64> {
    if !who.roles.meets(DECIDERS) {
        return Ok(0);
    }
    let mut condition = appeals::visible(who);
    condition.append(undecided(who));
    Ok(store::EXCLUSIONS.count(tx, who.zone_id, condition, TOTAL_CAP + 1).await?)
}

/// The condition, with its ` AND`, on what somebody may decide.
fn undecided(who: &Actor) -> Sql {
    let mut condition = Sql::from(" AND x.state = 'asked' AND (x.asked_by IS NULL OR x.asked_by <> ");
    condition.arg(who.person_id.unwrap_or_default()).push(")");
    let mine = who.departments();
    for column in ["x.asked_unit", "a.lead_department_id"] {
        if !mine.is_empty() {
            condition.push(" AND (").push(column).push(" IS NULL OR ").push(column).push(" NOT IN ");
            condition.list(mine.iter().copied()).push(")");
        }
    }
    condition
}
