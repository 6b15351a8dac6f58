//! What can be done to several appeals: look ahead, and send them.

use super::super::act::Act;
use super::super::desk::{Filter, act_in, list};
use super::super::{step, store};
use super::Dispatch;
use crate::actor::{Actor, Role, Roles};
use crate::app::App;
use crate::error::{Check, Error, Result};
use crate::http::api::MAX_LIMIT;
use crate::http::bulk::{self, MOST, PART, Pick, Planned, Report, Step};
use crate::organisation::DepartmentKind;
use ::store::Tx;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who sends appeals on their way.
pub const DISPATCHERS: Roles = Roles::of(&[Role::Dispatcher]);

/// Everything that a list holds, as far as it can be sent at once; longer ones are refused.
pub async fn picks(app: &App, who: &Actor, filter: &Filter) -> Result<Vec<Pick>> {
    who.must(DISPATCHERS)?;
    let mut picks = Vec::new();
    let mut filter = Filter { limit: MAX_LIMIT, cursor: None, ..filter.clone() };
    loop {
        let page = list(app, who, &filter).await?;
        picks.extend(page.items.iter().map(|line| Pick { id: line.id, version: Some(line.version) }));
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() || picks.len() > MOST {
            return Ok(picks);
        }
    }
}

/// What would become of each.
pub async fn preview(app: &App, who: &Actor, dispatch: &Dispatch, picks: &[Pick]) -> Result<Report> {
    who.must(DISPATCHERS)?;
    bulk::checked(picks)?;
    let mut tx = app.read().await?;
    holds(&mut tx, who.zone_id, dispatch).await?;
    Ok(Report::preview(plan(&mut tx, who, dispatch, picks).await?))
}

/// Sends them, in parts of one transaction each, as [`crate::registry::bulk::desk::carry_out`] does.
pub async fn carry_out(app: &App, who: &Actor, dispatch: &Dispatch, picks: &[Pick]) -> Result<Report> {
    who.must(DISPATCHERS)?;
    bulk::checked(picks)?;
    let mut report = Report::default();
    for (n, part) in picks.chunks(PART).enumerate() {
        let who = bulk::part_of(who, n);
        match do_part(app, &who, dispatch, part).await {
            Ok(items) => report.add(items),
            Err(error) => bulk::part_failed(&mut report, n, part, error)?,
        }
    }
    Ok(report)
}

async fn do_part(app: &App, who: &Actor, dispatch: &Dispatch, part: &[Pick]) -> Result<Vec<Planned>> {
    let mut work = app.work(who).await?;
    // Held in the order of their keys, so that two posts never wait for each other.
    let mut ids: Vec<Uuid> = part.iter().map(|pick| pick.id).collect();
    ids.sort_unstable();
    for id in ids {
        store::appeal_to_change(&mut work, who.zone_id, id).await?;
    }
    holds(&mut work, who.zone_id, dispatch).await?;
    let planned = plan(&mut work, who, dispatch, part).await?;
    for one in planned.iter().filter(|one| one.step == Step::Change) {
        work.who.seen_version = one.version;
        let instruction = dispatch.instruction.clone();
        let act = Act::Dispatch { department_id: dispatch.department_id, assist: Vec::new(), instruction, grade: None };
        act_in(&mut work, one.id, act).await?;
    }
    work.commit(Uuid::now_v7()).await?;
    Ok(planned)
}

/// The department is there and the committee's own, the instruction no longer than it may be.
async fn holds(tx: &mut Tx, zone: Uuid, dispatch: &Dispatch) -> Result<()> {
    let mut check = Check::new();
    check.opt_text("instruction", dispatch.instruction.as_deref(), step::LONG);
    check.done()?;
    let Some(department) = dispatch.department_id else { return Ok(()) };
    match own(tx, zone, department).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Error::field("department_id", "not_own")),
        None => Err(Error::field("department_id", "unknown")),
    }
}

/// Whether a department is the committee's own; none when it is not there.
async fn own(tx: &mut Tx, zone: Uuid, department: Uuid) -> Result<Option<bool>> {
    let found = store::department(tx, zone, department).await?;
    Ok(found.and_then(|(_, kind)| DepartmentKind::parse(&kind)).map(DepartmentKind::is_own))
}

async fn plan(tx: &mut Tx, who: &Actor, dispatch: &Dispatch, picks: &[Pick]) -> Result<Vec<Planned>> {
    let zone = who.zone_id;
    let categories = store::categories(tx, zone).await?;
    let mut leads: BTreeMap<Uuid, bool> = BTreeMap::new();
    let mut planned = Vec::with_capacity(picks.len());
    for pick in picks {
        let seen = match step::see(tx, who, pick.id, false).await {
            Ok(seen) => seen,
            Err(Error::NotFound) => {
                planned.push(Planned::unknown(*pick));
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut lead = dispatch.lead(&categories, &seen.appeal.category);
        if let Some(department) = lead {
            let fits = match leads.get(&department) {
                Some(fits) => *fits,
                None => own(tx, zone, department).await? == Some(true),
            };
            leads.insert(department, fits);
            lead = lead.filter(|_| fits);
        }
        planned.push(Dispatch::judge(*pick, &seen, lead));
    }
    Ok(planned)
}
