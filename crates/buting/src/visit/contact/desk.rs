//! Who is due, who was asked too often, and the rules behind that.

use super::store::{self, Found};
use super::{CONTACT_RULE, ContactRule, Due, Often, Tier};
use crate::actor::{Actor, OFFICE};
use crate::app::App;
use crate::error::{Check, Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{cut, read_cursor};
use crate::settings;
use crate::time::DAY_MS;
use crate::todo::Line;
use crate::visit::desk::RECORDERS;
use crate::visit::rules::desk as rules;
use ::store::Tx;
use uuid::Uuid;

/// The rules of a zone, one for each tier.
pub async fn rules_of(tx: &mut Tx, zone: Uuid) -> Result<Vec<(Tier, ContactRule)>> {
    let set = settings::desk::all_current(tx, zone, CONTACT_RULE).await?;
    Ok(Tier::ALL.iter().map(|tier| (*tier, ContactRule::of(*tier, &set))).collect())
}

/// Sets the rule of a tier from now on.
pub async fn set_rule(app: &App, who: &Actor, tier: Tier, rule: &ContactRule) -> Result<Uuid> {
    who.must(settings::desk::KEEPERS)?;
    let mut check = Check::new();
    if !(0..=730).contains(&rule.days) {
        check.add(FieldError::new("contact_days", "range").with("min", 0).with("max", 730));
    }
    check.that(!rule.counts.is_empty(), "contact_counts", "required");
    check.done()?;
    let body = serde_json::to_value(rule).map_err(|e| Error::Internal(e.to_string()))?;
    let mut work = app.work(who).await?;
    settings::desk::put(&mut work, CONTACT_RULE, tier.word(), body).await?;
    let zone = work.zone();
    work.commit(zone).await
}

/// Whose enterprises a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those within reach.
    Reached,
    /// Those that are assigned to the person himself.
    Own,
}

/// Enterprises that somebody should talk to, those that waited longest first. Who is
/// booked already is not among them.
pub async fn due(app: &App, who: &Actor, whose: Whose, cursor: Option<&str>, limit: i64) -> Result<Page<Due>> {
    who.must(OFFICE)?;
    let after = read_cursor(cursor)?;
    let mut tx = app.read().await?;
    let now = app.now();
    let rules = rules_of(&mut tx, who.zone_id).await?;
    let total = store::count_due(&mut tx, who, whose, &rules, now).await?;
    let mut items = store::due(&mut tx, who, whose, &rules, now, after, limit + 1).await?;
    let next = cut(&mut items, limit, |found| Some((found.due_at, found.id)));
    let mut all = Vec::new();
    for Found { id, name, tier, last_at, agreed_at, .. } in items {
        let Some((_, rule)) = rules.iter().find(|(one, _)| *one == tier) else { continue };
        let Some((_, reason)) = rule.due(last_at, agreed_at, now) else { continue };
        let days_ago = last_at.map(|at| (now.ms() - at.ms()) / DAY_MS);
        let rule_days = rule.days;
        all.push(Due { enterprise_id: id, name, tier, reason, last_at, days_ago, rule_days, agreed_at });
    }
    Ok(Page::new(all, next, total))
}

/// Enterprises and projects on which too many called within the days of the zone's
/// rules, those with the most visits first, at most so many.
pub async fn often(app: &App, who: &Actor, whose: Whose, limit: i64) -> Result<Vec<Often>> {
    who.must(OFFICE)?;
    let mut tx = app.read().await?;
    let rules = rules::get(&mut tx, who.zone_id).await?;
    let since = app.now().plus(-rules.cap_days * DAY_MS);
    let all = store::called(&mut tx, who, whose, &rules, since, limit).await?;
    let ids: Vec<Uuid> = all.iter().map(|called| called.subject_id).collect();
    let departments = store::departments(&mut tx, who.zone_id, &ids, since).await?;
    let names = |id| departments.iter().filter(|(of, _)| *of == id).map(|(_, name)| name.clone()).collect();
    Ok(all.into_iter().map(|called| (names(called.subject_id), called)).map(|(n, c)| Often::of(c, n)).collect())
}

/// No line on the first page counts further.
const MANY: i64 = 200;

/// What an officer sees of it on his first page: how many of his own are due, and how
/// many of them were asked too often.
pub async fn lines(app: &App, who: &Actor) -> Result<Vec<Line>> {
    if !who.is(RECORDERS) || who.person_id.is_none() {
        return Ok(Vec::new());
    }
    let mut tx = app.read().await?;
    let rules = rules_of(&mut tx, who.zone_id).await?;
    let due = store::count_due(&mut tx, who, Whose::Own, &rules, app.now()).await?;
    drop(tx);
    let often = often(app, who, Whose::Own, MANY).await?.len() as i64;
    let lines = [
        Line { text: "home-due", n: due, href: "/visits/due?show=own" },
        Line { text: "home-often", n: often, href: "/visits/due?show=own-often" },
    ];
    Ok(lines.into_iter().filter(|line| line.n > 0).collect())
}
