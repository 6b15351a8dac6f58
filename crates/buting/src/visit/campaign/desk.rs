//! What can be done with campaigns.

use super::store;
use super::{Campaign, NewCampaign, Reached, Target, TargetFilter};
use crate::actor::{Actor, OFFICE, Role, Roles};
use crate::app::{App, Change, Subject};
use crate::error::{Check, Conflict, Error, Result};
use crate::http::api::Page;
use crate::list::{cut, read_cursor};
use crate::settings;
use crate::subject::{self, SubjectKind};
use ::store::Tx;
use serde_json::json;
use uuid::Uuid;

/// Who starts campaigns, adds to them and ends them.
pub const MAKERS: Roles = Roles::of(&[Role::Leader, Role::Dispatcher]);
/// No campaign has more enterprises.
const MOST: i64 = 20_000;

/// How many enterprises a campaign with that filter would begin with.
pub async fn matching(app: &App, who: &Actor, filter: &TargetFilter) -> Result<i64> {
    who.must(MAKERS)?;
    let mut tx = app.read().await?;
    Ok(store::matching(&mut tx, who.zone_id, filter, app.now(), MOST + 1).await?.len() as i64)
}

/// Starts a campaign: the list of enterprises is what the filter finds now. Those who
/// look after them are told how many of theirs are in it.
pub async fn start(app: &App, who: &Actor, mut new: NewCampaign) -> Result<Uuid> {
    who.must(MAKERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (who.zone_id, work.now);
    let id = new.id.unwrap_or_else(Uuid::now_v7);
    if store::campaign(&mut work, zone, id).await?.is_some() {
        return Err(Error::Replayed(id));
    }
    let blocks = settings::desk::visit_blocks(&mut work, zone, false).await?;
    let mut check = Check::new();
    new.check(&mut check, &blocks, now);
    check.done()?;
    if new.blocks.is_empty() {
        new.blocks = blocks.into_iter().map(|block| block.key).collect();
    }
    let found = store::matching(&mut work, zone, &new.filter, now, MOST + 1).await?;
    if found.is_empty() {
        return Err(Error::field("filter", "campaign_empty"));
    }
    if found.len() as i64 > MOST {
        return Err(Error::field("filter", "campaign_many"));
    }
    store::insert(&mut work, id, &new, &json!(new.filter), &json!(new.blocks)).await?;
    store::add_targets(&mut work, id, &found).await?;
    let about = Subject::new("campaign", id);
    let made = json!({
        "name": new.name, "purpose": new.purpose, "starts_at": new.starts_at, "ends_at": new.ends_at,
        "rounds": new.rounds.unwrap_or(1), "blocks": new.blocks, "filter": new.filter, "enterprises": found.len(),
    });
    work.log("visit.campaign", about, Change::made(made)).await?;
    for (person, n) in store::officers(&mut work, zone, id).await? {
        work.notify(person, "visit.campaign", about, json!({"name": new.name, "n": n})).await?;
    }
    work.commit(id).await
}

/// Adds an enterprise to a campaign that has begun, with the reason.
pub async fn add(app: &App, who: &Actor, id: Uuid, enterprise: Uuid, reason: &str) -> Result<Uuid> {
    who.must(MAKERS)?;
    let mut work = app.work(who).await?;
    let campaign = store::campaign(&mut work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    if campaign.ended_at.is_some() {
        return Err(Error::state("campaign_ended"));
    }
    let subject = match subject::held(&mut work, who.zone_id, SubjectKind::Enterprise, enterprise).await {
        Err(Error::NotFound) => return Err(Error::field("enterprise_id", "unknown")),
        found => found?,
    };
    let mut check = Check::new();
    let reason = check.text("reason", reason, 200);
    check.done()?;
    if !store::add_target(&mut work, id, enterprise, &reason).await? {
        return Err(Error::field("enterprise_id", "campaign_has"));
    }
    let about = Subject::about("campaign", id, enterprise);
    let made = json!({"enterprise_id": enterprise, "name": subject.short_name});
    work.log("visit.campaign_add", about, Change::made(made).because(reason)).await?;
    work.commit(id).await
}

/// Ends a campaign, before its last day or after.
pub async fn end(app: &App, who: &Actor, id: Uuid, note: Option<&str>) -> Result<Uuid> {
    who.must(MAKERS)?;
    let mut work = app.work(who).await?;
    let campaign = store::campaign(&mut work, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    who.saw(campaign.version)?;
    if campaign.ended_at.is_some() {
        return Err(Error::state("campaign_ended"));
    }
    let mut check = Check::new();
    let note = check.opt_text("note", note, 500);
    check.done()?;
    if !store::end(&mut work, &campaign, note.as_deref()).await? {
        return Err(Error::Conflict(Conflict::Stale(campaign.version)));
    }
    let counts = store::counts(&mut work, who, &[id]).await?.remove(&id).unwrap_or_default();
    let change = Change::made(json!({"name": campaign.name, "counts": counts}));
    work.log("visit.campaign_end", Subject::new("campaign", id), change.because(note.unwrap_or_default())).await?;
    work.commit(id).await
}

/// Campaigns with how many of the enterprises within reach are how far.
async fn counted(tx: &mut Tx, who: &Actor, mut campaigns: Vec<Campaign>) -> Result<Vec<Campaign>> {
    let ids: Vec<Uuid> = campaigns.iter().map(|campaign| campaign.id).collect();
    let mut counts = store::counts(tx, who, &ids).await?;
    for campaign in &mut campaigns {
        campaign.counts = counts.remove(&campaign.id).unwrap_or_default();
    }
    Ok(campaigns)
}

/// Campaigns, the latest first, with how many of the enterprises within reach are how far.
pub async fn campaigns(
    app: &App,
    who: &Actor,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Campaign>> {
    who.must(OFFICE)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let total = store::count(&mut tx, who.zone_id, q).await?;
    let mut items = store::campaigns(&mut tx, who.zone_id, q, after, limit + 1).await?;
    let next = cut(&mut items, limit, |campaign| Some((campaign.starts_at, campaign.id)));
    Ok(Page::new(counted(&mut tx, who, items).await?, next, total))
}

/// The campaigns that run today, for the overview.
pub async fn running(app: &App, who: &Actor) -> Result<Vec<Campaign>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let all = store::running(&mut tx, who.zone_id, app.now()).await?;
    counted(&mut tx, who, all).await
}

/// The running campaigns that an enterprise is in: what a visitor is to ask.
pub(in crate::visit) async fn running_for(
    app: &App,
    tx: &mut Tx,
    who: &Actor,
    enterprise: Uuid,
) -> Result<Vec<Campaign>> {
    Ok(store::running_for(tx, who.zone_id, enterprise, app.now()).await?)
}

/// One campaign.
pub async fn campaign(app: &App, who: &Actor, id: Uuid) -> Result<Campaign> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let campaign = store::campaign(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    counted(&mut tx, who, vec![campaign]).await?.pop().ok_or(Error::NotFound)
}

/// The enterprises of a campaign within reach, those that nobody was at first. The
/// cursor is the number of those that were shown.
pub async fn targets(
    app: &App,
    who: &Actor,
    id: Uuid,
    reached: Option<Reached>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<Target>> {
    who.must(OFFICE)?;
    let after = match cursor {
        None => 0,
        Some(text) => {
            text.parse().ok().filter(|n| (0..=MOST).contains(n)).ok_or_else(|| Error::field("cursor", "unreadable"))?
        }
    };
    let mut tx = app.read().await?;
    store::campaign(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let counts = store::counts(&mut tx, who, &[id]).await?.remove(&id).unwrap_or_default();
    let total = match reached {
        None => counts.total(),
        Some(reached) => counts.each().iter().find(|(one, _)| *one == reached).map_or(0, |(_, n)| *n),
    };
    let mut items = store::targets(&mut tx, who, id, reached, after, limit + 1).await?;
    let more = items.len() as i64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Page::new(items, more.then(|| (after + limit).to_string()), total))
}
