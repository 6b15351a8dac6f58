//! What can be done to several enterprises: look ahead, and do it.

use super::super::desk::{KEEPERS, change_in, who_says};
use super::super::fact::Said;
use super::super::{Enterprise, EnterpriseQuery, desk as register, store};
use super::What;
use crate::actor::Actor;
use crate::app::{App, Work};
use crate::error::{Error, Result};
use crate::http::bulk::{self, MOST, PART, Pick, Planned, Report, Step};
use crate::time::Time;
use crate::zone::Zone;
use ::store::Tx;
use std::collections::HashMap;
use uuid::Uuid;

/// Everything that a list holds, as far as it can be changed at once; longer ones are refused.
pub async fn picks(app: &App, who: &Actor, query: &EnterpriseQuery) -> Result<Vec<Pick>> {
    who.must(KEEPERS)?;
    let mut picks = Vec::new();
    let mut query = EnterpriseQuery { limit: Some(crate::http::api::MAX_LIMIT), cursor: None, ..query.clone() };
    loop {
        let page = register::enterprises(app, who, &query).await?;
        picks.extend(page.items.iter().map(|one| Pick { id: one.id, version: Some(one.version) }));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || picks.len() > MOST {
            return Ok(picks);
        }
    }
}

/// What would become of each.
pub async fn preview(app: &App, who: &Actor, what: What, picks: &[Pick]) -> Result<Report> {
    who.must(KEEPERS)?;
    bulk::checked(picks)?;
    let mut tx = app.read().await?;
    holds(&mut tx, who.zone_id, what).await?;
    let planned = plan(&mut tx, who.zone_id, what, picks, app.now()).await?;
    Ok(Report::preview(planned.into_iter().map(|(planned, _)| planned).collect()))
}

/// Does it, in parts of one transaction each. What moved on, what is so already and
/// what cannot be is left as it is and named. A part that was carried out by the same
/// post before is not done again; one that fails is named, and the parts before it stay.
pub async fn carry_out(app: &App, who: &Actor, what: What, picks: &[Pick]) -> Result<Report> {
    who.must(KEEPERS)?;
    bulk::checked(picks)?;
    let mut report = Report::default();
    for (n, part) in picks.chunks(PART).enumerate() {
        let who = bulk::part_of(who, n);
        match do_part(app, &who, what, part).await {
            Ok(items) => report.add(items),
            Err(error) => bulk::part_failed(&mut report, n, part, error)?,
        }
    }
    Ok(report)
}

async fn do_part(app: &App, who: &Actor, what: What, part: &[Pick]) -> Result<Vec<Planned>> {
    let mut work = app.work(who).await?;
    let zone = who.zone_id;
    let ids: Vec<Uuid> = part.iter().map(|pick| pick.id).collect();
    store::hold(&mut work, zone, &ids).await?;
    holds(&mut work, zone, what).await?;
    let now = work.now;
    let planned = plan(&mut work, zone, what, part, now).await?;
    for (planned, one) in &planned {
        if let (Step::Change, Some(one)) = (planned.step, one) {
            change(&mut work, what, one).await?;
        }
    }
    work.commit(Uuid::now_v7()).await?;
    Ok(planned.into_iter().map(|(planned, _)| planned).collect())
}

async fn change(work: &mut Work, what: What, one: &Enterprise) -> Result<()> {
    let (now, said) = (work.now, Said::Now(who_says(&work.who)));
    change_in(work, one, what.patch(one, now), None, said).await.map(drop)
}

/// The carrier is there and open.
async fn holds(tx: &mut Tx, zone: Uuid, what: What) -> Result<()> {
    let What::Carrier(Some(carrier)) = what else { return Ok(()) };
    match store::carrier(tx, zone, carrier).await? {
        Some(carrier) if carrier.closed_at.is_none() => Ok(()),
        Some(_) => Err(Error::field("carrier_id", "carrier_closed")),
        None => Err(Error::field("carrier_id", "unknown")),
    }
}

async fn plan(
    tx: &mut Tx,
    zone: Uuid,
    what: What,
    picks: &[Pick],
    now: Time,
) -> Result<Vec<(Planned, Option<Enterprise>)>> {
    let ids: Vec<Uuid> = picks.iter().map(|pick| pick.id).collect();
    let found = store::enterprises_of(tx, zone, &ids).await?;
    let mut found: HashMap<Uuid, Enterprise> = found.into_iter().map(|one| (one.id, one)).collect();
    let at = Zone::get(tx, zone).await?;
    let today = at.day(now).start(&at.time_zone());
    let judged = picks.iter().map(|pick| {
        let one = found.remove(&pick.id);
        (what.judge(*pick, one.as_ref(), now, today), one)
    });
    Ok(judged.collect())
}
