//! What is done with the orders of outer platforms. Each order is taken in by itself,
//! in one transaction: one that is refused does not keep the others out, and one that
//! comes again is known by its number.

use super::super::policy::Category;
use super::super::record::Appeal;
use super::super::rows::category_name;
use super::super::{Channel, NewAppeal, Urgency, desk as appeals, store as records};
use super::store::{self, Answer, Outer, Stage};
use super::{CHANNELS, Order, category_of, title_of};
use crate::actor::{Actor, OFFICE, Role, Roles};
use crate::app::{App, Change, Subject};
use crate::error::{Check, Error, Result};
use crate::http::api::{self, Page, TOTAL_CAP};
use crate::list::Walk;
use crate::subject::{SubjectKind, called};
use crate::text::Lang;
use crate::time::Time;
use crate::trace::{self, Trace};
use ::store::Tx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Who takes orders in and answers them back.
pub const KEEPERS: Roles = Roles::of(&[Role::Dispatcher]);
/// The category of what fits none.
const OTHER: &str = "other";

/// The appeal that an order was taken in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Known {
    /// The appeal.
    pub id: Uuid,
    /// Its number here.
    pub number: String,
}

/// An order with what the program makes of it, for a person to look at.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The order; its title and category filled in.
    pub order: Order,
    /// The enterprise that is called so, when it is one.
    pub enterprise: Option<String>,
    /// Enterprises that may be meant.
    pub candidates: Vec<String>,
    /// What it was taken in as before.
    pub known: Option<Known>,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is an appeal now.
    Taken(Known),
    /// It was one already; nothing was changed.
    Known(Known),
}

/// What a list of orders is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrdersQuery {
    /// At most so many, up to 200.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `taken`, `due`; with `-` the greatest first.
    pub sort: Option<String>,
    /// `working`, `ready` (to be answered back) or `reported`; all when absent.
    pub stage: Option<String>,
}

fn stage_of(word: Option<&str>) -> Result<Option<Stage>> {
    Ok(match word.unwrap_or_default() {
        "" => None,
        "working" => Some(Stage::Working),
        "ready" => Some(Stage::Ready),
        "reported" => Some(Stage::Reported),
        _ => return Err(Error::field("stage", "unknown")),
    })
}

/// What the program makes of orders: whose they are, what they are about, and which
/// were taken in before. Nothing is changed.
pub async fn propose(app: &App, who: &Actor, channel: Channel, orders: Vec<Order>) -> Result<Vec<Proposal>> {
    who.must(KEEPERS)?;
    let mut tx = app.read().await?;
    let zone = who.zone_id;
    let names = names(&appeals::categories(&mut tx, zone).await?);
    let mut proposals = Vec::with_capacity(orders.len());
    for mut order in orders {
        let known = store::known(&mut tx, zone, channel, &order.outer_number).await?;
        let subject = order.subject.trim();
        let mut exact = store::called(&mut tx, zone, subject).await?;
        let enterprise = (exact.len() == 1).then(|| exact.remove(0).1);
        let candidates = match &enterprise {
            Some(_) => Vec::new(),
            None if !exact.is_empty() => exact.into_iter().map(|(_, name)| name).collect(),
            None if subject.is_empty() => Vec::new(),
            None => {
                let found = called(&mut tx, zone, &[SubjectKind::Enterprise], subject).await?;
                found.into_iter().map(|one| one.name).collect()
            }
        };
        order.title = Some(order.title.filter(|t| !t.trim().is_empty()).unwrap_or_else(|| title_of(&order.body)));
        order.category = category_of(order.category.as_deref(), &names);
        proposals.push(Proposal { order, enterprise, candidates, known });
    }
    Ok(proposals)
}

/// The names that platforms may use for the categories: they speak Chinese.
fn names(categories: &[Category]) -> Vec<(String, String)> {
    categories.iter().map(|c| (c.key.clone(), category_name(Lang::Zh, categories, &c.key))).collect()
}

/// Takes an order in. One that was taken in before is answered with what it is.
pub async fn take(app: &App, who: &Actor, channel: Channel, order: &Order) -> Result<Outcome> {
    who.must(KEEPERS)?;
    // Its number tells a repeat; a key of the post would hold the first order only.
    let who = Actor { once: None, ..who.clone() };
    let mut work = app.work(&who).await?;
    let zone = work.zone();
    let mut check = Check::new();
    check.that(CHANNELS.contains(&channel), "channel", "unknown");
    let outer_number = check.text("outer_number", &order.outer_number, 60);
    let subject = check.text("subject", &order.subject, 100);
    let caller = check.opt_text("caller", order.caller.as_deref(), 40);
    let caller_phone = check.opt_text("caller_phone", order.caller_phone.as_deref(), 30);
    check.text("body", &order.body, 5000);
    check.done()?;
    if let Some(known) = store::known(&mut work, zone, channel, &outer_number).await? {
        return Ok(Outcome::Known(known));
    }
    let enterprise = match store::called(&mut work, zone, &subject).await?.as_slice() {
        [(id, _)] => *id,
        [] => return Err(Error::field("subject", "no_enterprise")),
        _ => return Err(Error::field("subject", "several_enterprises")),
    };
    let names = names(&appeals::categories(&mut work, zone).await?);
    let title = order.title.clone().filter(|title| !title.trim().is_empty());
    let new = NewAppeal {
        enterprise_id: Some(enterprise),
        title: title.unwrap_or_else(|| title_of(&order.body)),
        body: order.body.clone(),
        category: category_of(order.category.as_deref(), &names).unwrap_or_else(|| OTHER.to_owned()),
        urgency: order.urgency.unwrap_or(Urgency::Normal),
        channel,
        outer_number: Some(outer_number.clone()),
        outer: Some(Outer { caller, caller_phone, due_on: order.due_on, reported_at: None }),
        ..NewAppeal::default()
    };
    let id = appeals::open_in(&mut work, new).await?;
    let known = store::known(&mut work, zone, channel, &outer_number).await?.ok_or(Error::NotFound)?;
    work.commit(id).await?;
    Ok(Outcome::Taken(known))
}

/// Orders of platforms with how they stand.
pub async fn orders(app: &App, who: &Actor, query: &OrdersQuery) -> Result<Page<Answer>> {
    who.must(KEEPERS)?;
    let stage = stage_of(query.stage.as_deref())?;
    let limit = api::limit(query.limit)?;
    let walk = Walk::read(store::KEYS, "taken", query.sort.as_deref(), query.cursor.as_deref(), limit)?;
    let mut tx = app.read().await?;
    let visible = records::visible(who);
    let (items, next) = store::answers(&mut tx, who.zone_id, stage, visible.clone(), &walk).await?;
    let total = store::count(&mut tx, who.zone_id, stage, visible, TOTAL_CAP + 1).await?;
    Ok(Page::new(items, next, total))
}

/// How many answers wait to go back to their platform.
pub async fn waiting(app: &App, who: &Actor) -> Result<i64> {
    if !who.is(KEEPERS) {
        return Ok(0);
    }
    let mut tx = app.read().await?;
    Ok(store::count(&mut tx, who.zone_id, Some(Stage::Ready), records::visible(who), TOTAL_CAP + 1).await?)
}

/// Writes down that these were answered back on their platform, with the answers that
/// they had by `seen`; answers how many had one.
pub async fn report(app: &App, who: &Actor, appeals: &[Uuid], seen: Option<Time>) -> Result<i64> {
    who.must(KEEPERS)?;
    // What is reported is ready no longer: a repeat finds nothing to do.
    let who = &Actor { once: None, ..who.clone() };
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let mut visible = records::visible(who);
    visible.push(" AND a.id IN ").list(appeals.iter().copied());
    let walk = Walk::read(store::KEYS, "taken", None, None, i64::try_from(appeals.len()).unwrap_or(i64::MAX))?;
    let (ready, _) = store::answers(&mut work, zone, Some(Stage::Ready), visible, &walk).await?;
    let ready: Vec<_> = ready.into_iter().filter(|one| seen.is_none_or(|seen| one.ready_at <= Some(seen))).collect();
    for one in &ready {
        if store::report(&mut work, zone, one.id, now).await? {
            let change = Change::made(json!({"outer_number": one.outer_number}));
            work.log("appeal.report", Subject::new("appeal", one.id), change).await?;
        }
    }
    work.commit(zone).await?;
    Ok(i64::try_from(ready.len()).unwrap_or(i64::MAX))
}

/// Keeps what a platform said of a new appeal, whoever writes it down.
pub(in super::super) async fn keep(tx: &mut Tx, appeal: &Appeal, outer: Option<Outer>, now: Time) -> Result<()> {
    let Some(number) = appeal.outer_number.as_deref().filter(|_| CHANNELS.contains(&appeal.channel)) else {
        return Ok(());
    };
    let zone = appeal.zone_id;
    if store::known(tx, zone, appeal.channel, number).await?.is_some() {
        return Err(Error::field("outer_number", "taken_in"));
    }
    let outer = outer.unwrap_or(Outer { caller: None, caller_phone: None, due_on: None, reported_at: None });
    store::insert(tx, zone, appeal.channel, number, appeal.id, &outer, now).await.map_err(|error| match error {
        ::store::Error::Duplicate(_) => Error::field("outer_number", "taken_in"),
        other => other.into(),
    })
}

/// What the platform said of an appeal, for the office. The number of who called is
/// masked unless `show` is asked by whom the case is with, which leaves a trace.
pub async fn of_appeal(app: &App, who: &Actor, appeal: &Appeal, show: Option<IpAddr>) -> Result<Option<(Outer, bool)>> {
    if !who.is(OFFICE) || appeal.accused_department_id.is_some() || !CHANNELS.contains(&appeal.channel) {
        return Ok(None);
    }
    let found = store::of_appeal(&mut app.read().await?, who.zone_id, appeal.id).await?;
    let Some(mut outer) = found else { return Ok(None) };
    let with = who.is(KEEPERS)
        || appeal.handler_id.is_some() && appeal.handler_id == who.person_id
        || appeal.lead_department_id.is_some_and(|lead| who.departments().contains(&lead));
    match show.filter(|_| with && outer.caller_phone.is_some()) {
        Some(address) => {
            let shown = Trace { kind: trace::Kind::ContactShow, table: "appeal", id: Some(appeal.id), count: Some(1) };
            trace::note(app, who, address, shown).await?;
        }
        None => outer.caller_phone = outer.caller_phone.map(|phone| identifiers::phone::mask(&phone)),
    }
    Ok(Some((outer, with)))
}
