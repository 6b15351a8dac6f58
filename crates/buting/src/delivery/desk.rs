//! What can be done with deliveries: put them out with the notice, send them, send them
//! again; set channels up and try them; confirm one's own addresses, say what one wants.

use super::message::{Line, Message};
use super::send::{self, Fault, Secrets};
use super::store::{self, NewDelivery, Receiver, Sending, Tried, Wanted};
use super::{
    Channel, Delivery, Family, Kind, Preference, Quiet, Security, Setup, State, Why, is_urgent, outgoing, sentence,
    sign, when,
};
use crate::actor::{Actor, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::error::{Check, Conflict, Error, FieldError, Result};
use crate::http::api::{Page, TOTAL_CAP};
use crate::list::Walk;
use crate::organisation::{desk as people, notices};
use crate::registry::fact::{self, NewFailure};
use crate::settings;
use crate::text::Lang;
use crate::time::{DAY_MS, HOUR_MS, Time};
use crate::todo::ToDo;
use crate::zone::Zone;
use ::store::Tx;
use almanac::Light;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Who sets channels up and looks after deliveries.
pub const KEEPERS: Roles = Roles::of(&[Role::Sysadmin]);
/// The kind of job that sends one delivery.
pub const JOB: &str = "delivery.send";
/// After so many tries a delivery is given up.
pub const MAX_TRIES: i64 = 9;
/// So long nobody else sends what one has taken: longer than any message takes.
const TAKEN_MS: i64 = 2 * 60 * 1000;
/// After so many tries, those in which the program itself ended counted too, it is given up.
const MOST_TRIES: i64 = 2 * MAX_TRIES;
/// A delivery that is so long overdue has lost its job.
const STRANDED_MS: i64 = 15 * 60 * 1000;
/// Deliveries that are found in one go.
const SWEPT: i64 = 500;
/// The first pause; each is twice the one before.
const PAUSE_MS: i64 = 30_000;
/// The longest pause.
const LONGEST_PAUSE_MS: i64 = 2 * 60 * 60 * 1000;
/// So long a code can be said.
const CODE_MS: i64 = 30 * 60 * 1000;
/// So long after one code no other is sent.
const CODE_PAUSE_MS: i64 = 60_000;
/// So often a code may be guessed.
const GUESSES: i64 = 5;
/// So long a webhook is signed with the former key too, once there is another.
pub const BOTH_KEYS_MS: i64 = DAY_MS;
/// The most channels of a zone.
const MOST: usize = 30;

// ---- with the notice -------------------------------------------------------------

/// What a piece of work knows of the zone's channels, once it has told somebody.
pub struct Outlets {
    channels: Vec<Channel>,
    time_zone: jiff::tz::TimeZone,
}

/// A notice that somebody was given.
pub struct Told<'a> {
    /// The notice.
    pub id: Uuid,
    /// Who was told.
    pub person_id: Uuid,
    /// Its kind.
    pub kind: &'a str,
    /// What it is about.
    pub subject: Subject,
    /// Its values.
    pub args: &'a Json,
}

/// Puts a notice out by every channel that is for it, in the transaction of the notice.
pub async fn put_out(work: &mut Work, told: Told<'_>) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let outlets = match &work.outlets {
        Some(known) => Arc::clone(known),
        None => {
            let channels = store::channels_in_use(work, zone).await?;
            let time_zone = match channels.is_empty() {
                true => crate::zone::default_time_zone(),
                false => Zone::get(work, zone).await?.time_zone(),
            };
            let found = Arc::new(Outlets { channels, time_zone });
            work.outlets = Some(Arc::clone(&found));
            found
        }
    };
    if outlets.channels.is_empty() {
        return Ok(());
    }
    let Some(receiver) = store::receiver(work, zone, told.person_id).await? else { return Ok(()) };
    let family = Family::of(told.kind);
    let urgent = is_urgent(told.kind, told.args);
    let args = outgoing(told.args);
    for channel in &outlets.channels {
        let Some(rhythm) = reaches(channel, &receiver, family, urgent) else { continue };
        let (due_at, held_for) = when(&rhythm, urgent, now, &outlets.time_zone);
        // A group is told once for each department, however many of it are.
        let (person_id, unit, event) = if channel.kind.is_personal() {
            (Some(told.person_id), None, told.id.to_string())
        } else {
            let unit = receiver.unit.as_deref();
            let event = format!("{} {} {} {}", told.kind, told.subject.id, now.ms(), unit.unwrap_or_default());
            (None, unit, event)
        };
        let new = NewDelivery {
            id: Uuid::now_v7(),
            channel_id: channel.id,
            person_id,
            event: &event,
            kind: told.kind,
            subject: told.subject.kind,
            subject_id: told.subject.id,
            unit,
            args: &args,
            urgent,
            held_for,
            due_at,
        };
        if store::insert(work, zone, &new, now).await? {
            work.enqueue(zone, JOB, &json!({"id": new.id}), due_at.ms(), None).await?;
        }
    }
    Ok(())
}

/// When a channel is for a notice to somebody, and in what rhythm.
fn reaches(channel: &Channel, to: &Receiver, family: Family, urgent: bool) -> Option<super::Rhythm> {
    let setup = &channel.setup;
    match channel.kind {
        Kind::Email | Kind::Sms => {
            let there = if channel.kind == Kind::Email { to.email.is_some() } else { to.phone.is_some() };
            (there && to.preference.wants(channel.kind, family, urgent)).then_some(to.preference.rhythm)
        }
        // What an enterprise is told is between it and the office.
        _ => {
            let told = !to.outside && family.for_groups() && setup.families.contains(&family);
            (told && (urgent || !setup.urgent_only)).then_some(setup.rhythm)
        }
    }
}

// ---- sending ---------------------------------------------------------------------

/// The pause after so many tries.
fn pause_ms(tries: i64) -> i64 {
    PAUSE_MS.saturating_mul(1 << tries.saturating_sub(1).clamp(0, 20)).min(LONGEST_PAUSE_MS)
}

/// The job of one delivery: sends it, with all that is held for the same receiver. Comes
/// it again after it was acknowledged, it does nothing.
pub async fn run(app: &App, zone: Uuid, args: &Json) -> Result<()> {
    let id = args["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let id = id.ok_or_else(|| Error::Internal("a job names no delivery".into()))?;
    let taken = {
        let now = app.now();
        let mut tx = app.db.write().await?;
        let Some(one) = store::sending(&mut tx, zone, id).await?.filter(|one| one.state.is_open()) else {
            return Ok(());
        };
        if one.due_at > now {
            // It was put off, or the clock was set back.
            tx.enqueue(zone, JOB, args, one.due_at.ms(), None).await?;
            tx.commit().await?;
            return Ok(());
        }
        let until = now.plus(TAKEN_MS);
        let taken = store::take(&mut tx, zone, &one, until, now).await?;
        if taken.is_empty() {
            // Somebody is at it, or died at it: it is looked at again when his time is over.
            let again = one.sending_until.filter(|at| *at > now).unwrap_or(until).plus(1);
            tx.enqueue(zone, JOB, args, again.ms(), None).await?;
        }
        tx.commit().await?;
        taken
    };
    let Some(first) = taken.first() else { return Ok(()) };
    // What ends the program whenever it is sent must not do so for ever.
    let (sent, to) = match taken.iter().any(|one| one.attempts > MOST_TRIES) {
        true => (Err(Fault::of(Why::Broken, "")), None),
        false => deliver(app, zone, &taken).await?,
    };
    note(app, zone, first, &taken, sent, to).await
}

/// Finds deliveries that are long overdue, since every job that was to send them is gone,
/// and gives them new ones. Answers how many.
pub async fn sweep(app: &App, zone: Uuid) -> Result<usize> {
    let now = app.now();
    let mut tx = app.db.write().await?;
    let found = store::stranded(&mut tx, zone, now.plus(-STRANDED_MS), now, SWEPT).await?;
    for id in &found {
        // One an hour, should the queue only be slow.
        let key = format!("{id} {}", now.ms() / HOUR_MS);
        tx.enqueue(zone, JOB, &json!({"id": id}), now.ms(), Some(&key)).await?;
    }
    tx.commit().await?;
    Ok(found.len())
}

/// Sends deliveries to their one receiver; answers how it ended, and where it went.
async fn deliver(
    app: &App,
    zone_id: Uuid,
    taken: &[Sending],
) -> Result<(std::result::Result<(), Fault>, Option<String>)> {
    let mut tx = app.read().await?;
    let zone = Zone::get(&mut tx, zone_id).await?;
    let Some(first) = taken.first() else { return Ok((Ok(()), None)) };
    let channel = store::channel(&mut tx, zone_id, first.channel_id).await?.filter(|channel| channel.is_on);
    let Some(channel) = channel else { return Ok((Err(Fault::of(Why::Off, "")), None)) };
    let (mut to, mut lang) = (None, Lang::default());
    if let Some(person) = first.person_id {
        let receiver = store::receiver(&mut tx, zone_id, person).await?;
        lang = receiver.as_ref().and_then(|one| Lang::of_tag(one.locale.as_deref()?)).unwrap_or_default();
        to = receiver.and_then(|one| if channel.kind == Kind::Email { one.email } else { one.phone });
        if to.is_none() {
            return Ok((Err(Fault::of(Why::Unconfirmed, "")), None));
        }
    }
    let secrets = open(&mut tx, zone_id, &channel, app.now()).await?;
    drop(tx);
    let line = |one: &Sending| Line {
        text: sentence(lang, &one.kind, &one.args),
        href: link(&zone, &one.subject, one.subject_id),
        unit: one.unit.clone(),
        kind: one.kind.clone(),
        subject: (one.subject.clone(), one.subject_id),
        at: one.created_at,
    };
    let message = Message {
        id: first.id,
        lang,
        zone: zone.name.clone(),
        lines: taken.iter().map(line).collect(),
        urgent: taken.iter().any(|one| one.urgent),
    };
    let allowed = &app.config.outgoing;
    let sent = send::send(channel.kind, &channel.setup, &secrets, to.as_deref(), &message, app.now(), allowed).await;
    Ok((sent, to))
}

/// Notes how it ended. What failed is tried again, or given up; an address that does not
/// exist is marked.
async fn note(
    app: &App,
    zone: Uuid,
    first: &Sending,
    taken: &[Sending],
    sent: std::result::Result<(), Fault>,
    to: Option<String>,
) -> Result<()> {
    let ids: Vec<Uuid> = taken.iter().map(|one| one.id).collect();
    let mut work = app.work(&Actor::rule(zone)).await?;
    let now = work.now;
    let Err(fault) = sent else {
        let end = Tried { state: State::Sent, due_at: None, fault: None };
        store::tried(&mut work, zone, &ids, &end, now).await?;
        metrics::counter!("deliveries_total", "state" => "sent").increment(ids.len() as u64);
        work.commit(first.id).await?;
        return Ok(());
    };
    let tries = taken.iter().map(|one| one.attempts).max().unwrap_or(MAX_TRIES);
    let over = fault.is_final || tries >= MAX_TRIES;
    let said = Some((fault.why, fault.detail.as_str()));
    if over {
        let end = Tried { state: State::GivenUp, due_at: None, fault: said };
        store::tried(&mut work, zone, &ids, &end, now).await?;
    } else {
        let due_at = now.plus(pause_ms(tries));
        let end = Tried { state: State::Failed, due_at: Some(due_at), fault: said };
        store::tried(&mut work, zone, &ids, &end, now).await?;
        // One each: who finds that another has sent it all does nothing.
        for id in &ids {
            work.enqueue(zone, JOB, &json!({"id": id}), due_at.ms(), None).await?;
        }
    }
    if let (Why::Recipient, Some(person), Some(to)) = (fault.why, first.person_id, &to) {
        mark(&mut work, first.channel_id, person, to, &fault.detail).await?;
    }
    tracing::warn!(channel = %first.channel_id, why = %fault.why, detail = fault.detail, over, "a delivery failed");
    metrics::counter!("deliveries_total", "state" => if over { "given_up" } else { "failed" })
        .increment(ids.len() as u64);
    work.commit(first.id).await?;
    Ok(())
}

/// An address does not exist: nothing goes there until it is confirmed again, and who
/// keeps the contacts of an enterprise is told.
async fn mark(work: &mut Work, channel: Uuid, person: Uuid, to: &str, detail: &str) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let Some(kind) = store::channel(work, zone, channel).await?.map(|channel| channel.kind) else { return Ok(()) };
    store::fail_contact(work, zone, person, kind, to, now).await?;
    work.log("delivery.bounce", Subject::new("person", person), Change::made(json!({"channel": kind}))).await?;
    let failure = NewFailure {
        channel: if kind == Kind::Email { fact::Channel::Email } else { fact::Channel::Phone },
        why: fact::Why::Bounced,
        detail: Some(detail.to_owned()),
    };
    match fact::desk::not_reached_in(work, person, failure).await {
        // Only the register's contacts of enterprises stand there.
        Err(Error::NotFound | Error::Conflict(_)) => Ok(()),
        done => done,
    }
}

/// The page of what a notice is about, as a link from outside.
fn link(zone: &Zone, subject: &str, id: Uuid) -> Option<String> {
    let site = zone.settings["site"].as_str()?;
    Some(format!("{site}{}", notices::href_of(subject, id).unwrap_or_else(|| "/notices".to_owned())))
}

/// The secrets of a channel; those that no longer open are none.
async fn open(tx: &mut Tx, zone: Uuid, channel: &Channel, now: Time) -> Result<Secrets> {
    let mut secrets = Secrets::default();
    for (name, sealed) in &channel.sealed {
        let value = tx.open(zone, sealed).await?;
        match name.as_str() {
            "url" => secrets.url = value,
            "secret" => secrets.secret = value,
            "former" if channel.setup.both_until.is_some_and(|until| now < until) => secrets.former = value,
            _ => {}
        }
    }
    Ok(secrets)
}

// ---- looking after deliveries ----------------------------------------------------

/// What the list of deliveries is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Those that stand so.
    pub state: Option<State>,
    /// Those of this channel.
    pub channel_id: Option<Uuid>,
    /// `-created` when nothing is said; else `created`, `due`.
    pub sort: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many.
    pub limit: i64,
}

/// A page of deliveries.
pub async fn deliveries(app: &App, who: &Actor, asked: &Asked) -> Result<Page<Delivery>> {
    who.must(KEEPERS)?;
    let walk = Walk::read(store::KEYS, "-created", asked.sort.as_deref(), asked.cursor.as_deref(), asked.limit)?;
    let mut tx = app.read().await?;
    let wanted = Wanted { state: asked.state, channel_id: asked.channel_id };
    let (items, next) = store::deliveries(&mut tx, who.zone_id, wanted, &walk).await?;
    let counted = store::count(&mut tx, who.zone_id, wanted, TOTAL_CAP).await?;
    Ok(Page::new(items, next, counted))
}

/// How many deliveries stand how, of all channels or of one.
pub async fn counts(app: &App, who: &Actor, channel: Option<Uuid>) -> Result<BTreeMap<State, i64>> {
    who.must(KEEPERS)?;
    Ok(store::counts(&mut app.read().await?, who.zone_id, channel).await?)
}

/// One delivery.
pub async fn delivery(app: &App, who: &Actor, id: Uuid) -> Result<Delivery> {
    who.must(KEEPERS)?;
    store::delivery(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// Sends a delivery now: one that is not out yet as it is, one that was acknowledged as
/// another one, so that the receiver can tell them apart.
pub async fn resend(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let one = store::sending(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(one.version)?;
    let sends = if one.state == State::Sent {
        let (new, event) = (Uuid::now_v7(), format!("{} {}", one.event, Uuid::now_v7()));
        let copy = NewDelivery {
            id: new,
            channel_id: one.channel_id,
            person_id: one.person_id,
            event: &event,
            kind: &one.kind,
            subject: &one.subject,
            subject_id: one.subject_id,
            unit: one.unit.as_deref(),
            args: &one.args,
            urgent: one.urgent,
            held_for: None,
            due_at: now,
        };
        store::insert(&mut work, zone, &copy, now).await?;
        new
    } else {
        if !store::again(&mut work, zone, id, one.version, now).await? {
            return Err(Error::state("delivery_busy"));
        }
        id
    };
    work.enqueue(zone, JOB, &json!({"id": sends}), now.ms(), None).await?;
    let change = Change::from_to(json!({"state": one.state}), json!({"delivery": sends, "channel": one.channel_id}));
    work.log("delivery.resend", Subject::new("delivery", id), change).await?;
    work.commit(sends).await
}

/// Deletes what is over and older than that.
pub async fn clean(work: &mut Work, before: Time) -> Result<u64> {
    let zone = work.zone();
    Ok(store::clean(work, zone, before).await?)
}

/// What waits for those who look after deliveries.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.roles.meets(KEEPERS) {
        return Ok(Vec::new());
    }
    let wanted = Wanted { state: Some(State::GivenUp), channel_id: None };
    let given_up = store::count(&mut app.read().await?, who.zone_id, wanted, TOTAL_CAP).await?;
    let item = ToDo {
        action: "todo-delivery-given_up",
        title: given_up.to_string(),
        about: None,
        href: "/admin/deliveries?state=given_up".to_owned(),
        due_at: None,
        light: Light::Near,
    };
    Ok((given_up > 0).then_some(item).into_iter().collect())
}

// ---- channels --------------------------------------------------------------------

/// Every channel of the zone, those in use first.
pub async fn channels(app: &App, who: &Actor) -> Result<Vec<Channel>> {
    who.must(KEEPERS)?;
    Ok(store::channels(&mut app.read().await?, who.zone_id).await?)
}

/// One channel.
pub async fn channel(app: &App, who: &Actor, id: Uuid) -> Result<Channel> {
    who.must(KEEPERS)?;
    store::channel(&mut app.read().await?, who.zone_id, id).await?.ok_or(Error::NotFound)
}

/// A channel as it is typed; what is not of its kind is left out.
#[derive(Clone, Debug, Default)]
pub struct ChannelChange {
    /// What it is called.
    pub title: String,
    /// Whether it is in use.
    pub is_on: bool,
    /// The whole address; of a channel that has one, empty leaves it as it is.
    pub url: String,
    /// Password or key; empty leaves it as it is.
    pub secret: String,
    /// Everything else.
    pub setup: Setup,
}

/// A kind of channel with a rule for each of its fields.
fn checked(kind: Kind, mut new: ChannelChange, has_url: bool) -> Result<ChannelChange> {
    let mut check = Check::new();
    new.title = check.text("channel_title", &new.title, 40);
    new.url = check.opt_text("url", Some(&new.url), 1000).unwrap_or_default();
    new.secret = check.opt_text("channel_password", Some(&new.secret), 500).unwrap_or_default();
    let setup = &mut new.setup;
    if kind == Kind::Email {
        setup.host = check.text("host", &setup.host, 253);
        let plain = setup.host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
        check.that(plain || check.has("host"), "host", "host");
        check.that(setup.port > 0, "port", "port");
        check.that(setup.security.is_some(), "security", "required");
        setup.sender = check.text("sender", &setup.sender, 200);
        let mailbox = setup.sender.parse::<lettre::message::Mailbox>().is_ok();
        check.that(mailbox || check.has("sender"), "sender", "sender");
        setup.login = check.opt_text("login", setup.login.as_deref(), 200);
    } else {
        let url = send::post_address(&new.url);
        check.that(url.is_some() || (new.url.is_empty() && has_url), "url", "post_address");
        if let Some(url) = url {
            setup.host = url.host_str().unwrap_or_default().to_owned();
        }
    }
    if kind == Kind::Sms {
        setup.header = check.opt_text("header", setup.header.as_deref(), 100);
        let header = setup.header.as_deref().is_none_or(|name| name.parse::<axum::http::HeaderName>().is_ok());
        check.that(header, "header", "header");
        let body = serde_json::from_str::<Json>(&setup.body).ok().map(|body| body.to_string());
        let places = body.is_some_and(|body| body.contains("{phone}") && body.contains("{text}"));
        check.that(places && setup.body.len() <= 4000, "gateway_body", "gateway_body");
        setup.accepted = check.opt_text("accepted", setup.accepted.as_deref(), 200);
        let rule = setup.accepted.as_deref().is_none_or(|rule| rule.starts_with('/') && rule.contains('='));
        check.that(rule, "accepted", "gateway_accepted");
    }
    if !kind.is_personal() {
        check.that(!setup.families.is_empty(), "families", "required");
        setup.families.retain(|family| family.for_groups());
    }
    check.done()?;
    Ok(new)
}

/// Sets a channel up, or anew. Answers the channel.
pub async fn put_channel(app: &App, who: &Actor, id: Option<Uuid>, kind: Kind, new: ChannelChange) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let old = match id {
        Some(id) => {
            let old = store::channel(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
            who.saw(old.version)?;
            Some(old)
        }
        None if store::channels(&mut work, zone).await?.len() >= MOST => return Err(Error::state("channels_full")),
        None => None,
    };
    let kind = old.as_ref().map_or(kind, |old| old.kind);
    let mut new = checked(kind, new, old.as_ref().is_some_and(|old| old.sealed.contains_key("url")))?;
    let mut sealed = old.as_ref().map(|old| old.sealed.clone()).unwrap_or_default();
    if let Some(old) = &old {
        if new.url.is_empty() && kind != Kind::Email {
            new.setup.host = old.setup.host.clone();
        }
        new.setup.both_until = old.setup.both_until;
        // A password goes only to the one that it was agreed with.
        if matches!(kind, Kind::Email | Kind::Sms) && new.setup.host != old.setup.host {
            sealed.remove("secret");
        }
    }
    if kind == Kind::Webhook && old.is_none() {
        new.secret = sign::new_key().ok_or_else(|| Error::Internal("the system gave no randomness".into()))?;
    }
    if kind != Kind::Webhook || old.is_none() {
        for (name, value) in [("url", &new.url), ("secret", &new.secret)] {
            if !value.is_empty() {
                sealed.insert(name.to_owned(), work.seal(zone, zone, now.ms(), value).await?);
            }
        }
    } else if !new.url.is_empty() {
        sealed.insert("url".to_owned(), work.seal(zone, zone, now.ms(), &new.url).await?);
    }
    let channel = Channel {
        id: old.as_ref().map_or_else(Uuid::now_v7, |old| old.id),
        kind,
        title: new.title,
        is_on: new.is_on,
        setup: new.setup,
        sealed,
        tested_at: None,
        fault: None,
        detail: None,
        version: old.as_ref().map_or(0, |old| old.version),
    };
    keep(&mut work, &channel).await?;
    let told = |channel: &Channel| json!({"kind": channel.kind, "title": channel.title, "is_on": channel.is_on, "host": channel.setup.host});
    let change = Change { before: old.as_ref().map(told), after: Some(told(&channel)), note: None };
    work.log("delivery.channel", Subject::new("delivery_channel", channel.id), change).await?;
    work.commit(channel.id).await
}

async fn keep(work: &mut Work, channel: &Channel) -> Result<()> {
    let (zone, now) = (work.zone(), work.now);
    let sealed = json!(channel.sealed);
    if !store::put_channel(work, zone, channel, &store::json_of(&channel.setup)?, &sealed, now).await? {
        return Err(Error::Conflict(Conflict::Stale(channel.version + 1)));
    }
    Ok(())
}

/// The key that the receiver of a webhook checks signatures with. Who looks at it is
/// written down.
pub async fn key(app: &App, who: &Actor, id: Uuid) -> Result<Option<String>> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let channel = store::channel(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    if channel.kind != Kind::Webhook {
        return Err(Error::NotFound);
    }
    let key = open(&mut work, zone, &channel, now).await?.secret;
    work.log("delivery.key", Subject::new("delivery_channel", id), Change::default()).await?;
    work.commit(id).await?;
    Ok(key)
}

/// Gives a webhook another key. For a day both sign, so that the receiver can follow.
pub async fn rotate(app: &App, who: &Actor, id: Uuid) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let mut channel = store::channel(&mut work, zone, id).await?.ok_or(Error::NotFound)?;
    who.saw(channel.version)?;
    if channel.kind != Kind::Webhook {
        return Err(Error::NotFound);
    }
    let key = sign::new_key().ok_or_else(|| Error::Internal("the system gave no randomness".into()))?;
    let key = work.seal(zone, zone, now.ms(), &key).await?;
    if let Some(former) = channel.sealed.insert("secret".to_owned(), key) {
        channel.sealed.insert("former".to_owned(), former);
        channel.setup.both_until = Some(now.plus(BOTH_KEYS_MS));
    }
    keep(&mut work, &channel).await?;
    let made = Change::made(json!({"both_until": channel.setup.both_until}));
    work.log("delivery.rotate", Subject::new("delivery_channel", id), made).await?;
    work.commit(id).await
}

/// Sends a message by a channel, to oneself where it is for people: whether it was taken,
/// or why not.
pub async fn try_out(app: &App, who: &Actor, lang: Lang, id: Uuid) -> Result<std::result::Result<(), Fault>> {
    who.must(KEEPERS)?;
    let mut tx = app.read().await?;
    let channel = store::channel(&mut tx, who.zone_id, id).await?.ok_or(Error::NotFound)?;
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let to = own_address(&mut tx, who, channel.kind).await?;
    if channel.kind.is_personal() && to.is_none() {
        return Err(Error::state(if channel.kind == Kind::Email { "no_own_email" } else { "no_own_phone" }));
    }
    let secrets = open(&mut tx, who.zone_id, &channel, app.now()).await?;
    drop(tx);
    let line = Line {
        text: lang.with("delivery-test", &[("zone", &zone.name)]),
        href: zone.settings["site"].as_str().map(|site| format!("{site}/notices")),
        unit: None,
        kind: "delivery.test".into(),
        subject: ("delivery_channel".into(), id),
        at: app.now(),
    };
    let message = Message { id: Uuid::now_v7(), lang, zone: zone.name, lines: vec![line], urgent: false };
    // A form that is sent twice sends one message.
    app.work(who).await?.commit(id).await?;
    let allowed = &app.config.outgoing;
    let sent = send::send(channel.kind, &channel.setup, &secrets, to.as_deref(), &message, app.now(), allowed).await;
    let mut work = app.work(&Actor { once: None, ..who.clone() }).await?;
    let fault = sent.as_ref().err().map(|fault| (fault.why, fault.detail.as_str()));
    let now = work.now;
    store::tested(&mut work, who.zone_id, id, now, fault).await?;
    let made = Change::made(json!({"why": fault.map(|(why, _)| why)}));
    work.log("delivery.test", Subject::new("delivery_channel", id), made).await?;
    work.commit(id).await?;
    Ok(sent)
}

/// Sets the address of the site, which links begin with. Empty: messages carry none.
pub async fn set_site(app: &App, who: &Actor, text: &str) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let text = text.trim().trim_end_matches('/');
    let url = send::post_address(text).filter(|url| url.path() == "/" && url.query().is_none());
    if !text.is_empty() && url.is_none() {
        return Err(Error::field("site", "post_address"));
    }
    let mut work = app.work(who).await?;
    let site = if text.is_empty() { Json::Null } else { json!(text) };
    settings::desk::set_zone_in(&mut work, &[("site", site)]).await?;
    work.commit(who.zone_id).await
}

// ---- one's own -------------------------------------------------------------------

/// An address of one's own, as its page shows it.
#[derive(Clone, Debug)]
pub struct Own {
    /// The kind of channel.
    pub kind: Kind,
    /// The address, masked; none when the register has none.
    pub address: Option<String>,
    /// Whether it is confirmed.
    pub confirmed: bool,
    /// Whether a code was sent that can still be said.
    pub asked: bool,
    /// Since when it is known not to exist.
    pub failed_at: Option<Time>,
    /// Whether the zone has such a channel in use.
    pub offered: bool,
}

async fn own_address(tx: &mut Tx, who: &Actor, kind: Kind) -> Result<Option<String>> {
    let person = people::person(tx, who.zone_id, who.person()?).await?;
    Ok(match kind {
        Kind::Email => person.email,
        Kind::Sms => person.phone,
        _ => None,
    })
}

/// One's own addresses and how far they are confirmed.
pub async fn own(app: &App, who: &Actor) -> Result<Vec<Own>> {
    let (me, now) = (who.person()?, app.now());
    let mut tx = app.read().await?;
    let in_use = store::channels_in_use(&mut tx, who.zone_id).await?;
    let mut all = Vec::new();
    for kind in [Kind::Email, Kind::Sms] {
        let address = own_address(&mut tx, who, kind).await?;
        let contact = store::contact(&mut tx, who.zone_id, me, kind).await?;
        let contact = contact.filter(|contact| Some(&contact.destination) == address.as_ref());
        let mask = |address: &String| match kind {
            Kind::Email => crate::organisation::mask_email(address),
            _ => identifiers::phone::mask(address),
        };
        all.push(Own {
            kind,
            confirmed: contact.as_ref().is_some_and(|contact| contact.confirmed_at.is_some()),
            asked: contact.as_ref().is_some_and(|contact| can_be_said(contact, now)),
            failed_at: contact.and_then(|contact| contact.failed_at),
            offered: in_use.iter().any(|channel| channel.kind == kind),
            address: address.as_ref().map(mask),
        });
    }
    Ok(all)
}

fn can_be_said(contact: &store::Contact, now: Time) -> bool {
    let sent = contact.code_at.is_some_and(|at| now.ms() - at.ms() < CODE_MS);
    contact.confirmed_at.is_none() && contact.digest.is_some() && sent && contact.tries < GUESSES
}

/// Sends a code to one's own address. It is written down before it is sent, so that only
/// the last one counts.
pub async fn ask_code(app: &App, who: &Actor, lang: Lang, kind: Kind) -> Result<std::result::Result<Uuid, Fault>> {
    let me = who.person()?;
    let mut work = app.work(who).await?;
    let (zone_id, now) = (work.zone(), work.now);
    let to = own_address(&mut work, who, kind).await?;
    let to = to.ok_or_else(|| Error::state(if kind == Kind::Email { "no_own_email" } else { "no_own_phone" }))?;
    let in_use = store::channels_in_use(&mut work, zone_id).await?;
    let channel = in_use.into_iter().find(|channel| channel.kind == kind);
    let channel = channel.ok_or_else(|| Error::state("channel_off"))?;
    if let Some(last) = store::contact(&mut work, zone_id, me, kind).await?.and_then(|contact| contact.code_at)
        && now.ms() - last.ms() < CODE_PAUSE_MS
    {
        return Err(Error::TooMany((CODE_PAUSE_MS - (now.ms() - last.ms())) / 1000 + 1));
    }
    let code = vault::token::code();
    store::put_code(&mut work, zone_id, me, kind, &to, &vault::token::code_digest(&code), now).await?;
    work.log("delivery.code", Subject::new("person", me), Change::made(json!({"channel": kind}))).await?;
    let zone = Zone::get(&mut work, zone_id).await?;
    let secrets = open(&mut work, zone_id, &channel, now).await?;
    work.commit(me).await?;
    let line = Line {
        text: lang.with("delivery-code", &[("code", &code), ("zone", &zone.name)]),
        href: None,
        unit: None,
        kind: "delivery.code".into(),
        subject: ("person".into(), me),
        at: now,
    };
    let message = Message { id: Uuid::now_v7(), lang, zone: zone.name, lines: vec![line], urgent: true };
    let allowed = &app.config.outgoing;
    let sent = send::send(kind, &channel.setup, &secrets, Some(&to), &message, now, allowed).await;
    Ok(sent.map(|()| me))
}

/// Confirms one's own address by the code that went there.
pub async fn confirm(app: &App, who: &Actor, kind: Kind, code: &str) -> Result<Uuid> {
    let me = who.person()?;
    let mut work = app.work(who).await?;
    let (zone, now) = (work.zone(), work.now);
    let address = own_address(&mut work, who, kind).await?;
    let contact = store::contact(&mut work, zone, me, kind).await?;
    let contact = contact.filter(|contact| Some(&contact.destination) == address.as_ref());
    let Some(contact) = contact.filter(|contact| can_be_said(contact, now)) else {
        return Err(Error::state("code_over"));
    };
    let said = vault::token::code_digest(code);
    if !contact.digest.is_some_and(|digest| vault::hash::eq(&digest, &said)) {
        // The guess counts; the post does not, so that it can be sent again.
        drop(work);
        let mut tx = app.db.write().await?;
        store::guess(&mut tx, zone, me, kind).await?;
        tx.commit().await?;
        return Err(Error::field("code", "code_wrong"));
    }
    if !store::confirm(&mut work, zone, me, kind, &said, now).await? {
        return Err(Error::state("code_over"));
    }
    work.log("delivery.confirm", Subject::new("person", me), Change::made(json!({"channel": kind}))).await?;
    work.commit(me).await
}

/// Takes an address of one's own out of use.
pub async fn stop(app: &App, who: &Actor, kind: Kind) -> Result<Uuid> {
    let me = who.person()?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    if store::forget_contact(&mut work, zone, me, kind).await? {
        work.log("delivery.stop", Subject::new("person", me), Change::made(json!({"channel": kind}))).await?;
    }
    work.commit(me).await
}

/// What one wants by which way, and when.
pub async fn preference(app: &App, who: &Actor) -> Result<Preference> {
    Ok(store::preference(&mut app.read().await?, who.zone_id, who.person()?).await?)
}

/// Says what one wants.
pub async fn prefer(app: &App, who: &Actor, mut new: Preference) -> Result<Uuid> {
    let me = who.person()?;
    let mut wrong = Vec::new();
    let day = 0..24 * 60;
    if new.rhythm.digest_at.is_some_and(|minute| !day.contains(&minute)) {
        wrong.push(FieldError::new("digest_at", "unreadable"));
    }
    if new.rhythm.quiet.is_some_and(|Quiet { from, to }| !day.contains(&from) || !day.contains(&to) || from == to) {
        wrong.push(FieldError::new("quiet_from", "quiet"));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    for wanted in [&mut new.email, &mut new.sms] {
        wanted.sort_unstable();
        wanted.dedup();
    }
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let old = store::preference(&mut work, zone, me).await?;
    who.saw(old.version)?;
    new.version = old.version;
    let wanted = json!({"email": new.email, "sms": new.sms});
    if !store::put_preference(&mut work, zone, me, &wanted, &new).await? {
        return Err(Error::Conflict(Conflict::Stale(old.version + 1)));
    }
    let plain = |one: &Preference| json!({"email": one.email, "sms": one.sms, "rhythm": one.rhythm});
    work.log("delivery.prefer", Subject::new("person", me), Change::from_to(plain(&old), plain(&new))).await?;
    work.commit(me).await
}

/// How a new channel of that kind is set up, until somebody says otherwise.
pub fn usual(kind: Kind) -> Setup {
    let body = match kind {
        Kind::Sms => "{\"phone\": \"{phone}\", \"text\": \"{text}\", \"id\": \"{id}\"}".to_owned(),
        _ => String::new(),
    };
    Setup {
        port: 465,
        security: Some(Security::Tls),
        body,
        families: Family::ALL.iter().copied().filter(|family| family.for_groups()).collect(),
        rhythm: super::Rhythm { digest_at: None, quiet: (kind != Kind::Webhook).then_some(super::USUAL_QUIET) },
        ..Setup::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow() {
        let minutes: Vec<i64> = (1..MAX_TRIES).map(|tries| pause_ms(tries) / 1000).collect();
        assert_eq!(minutes, [30, 60, 120, 240, 480, 960, 1920, 3840]);
        assert_eq!(pause_ms(40), LONGEST_PAUSE_MS);
    }

    fn channel(kind: Kind, families: &[Family], urgent_only: bool) -> Channel {
        Channel {
            id: Uuid::nil(),
            kind,
            title: String::new(),
            is_on: true,
            setup: Setup { families: families.to_vec(), urgent_only, ..Setup::default() },
            sealed: BTreeMap::new(),
            tested_at: None,
            fault: None,
            detail: None,
            version: 1,
        }
    }

    #[test]
    fn whom_a_channel_reaches() {
        let person = |outside, email: bool| Receiver {
            outside,
            unit: None,
            email: email.then(|| "a@example.com".to_owned()),
            phone: None,
            locale: None,
            preference: Preference::default(),
        };
        let (mail, sms) = (channel(Kind::Email, &[], false), channel(Kind::Sms, &[], false));
        let group = channel(Kind::Wecom, &[Family::Appeal], false);
        let alarm = channel(Kind::Webhook, &[Family::Appeal, Family::Privacy], true);
        for (channel, to, family, urgent, told) in [
            (&mail, person(false, true), Family::Visit, false, true),
            (&mail, person(true, true), Family::Visit, false, true),
            // No confirmed address: nothing goes there.
            (&mail, person(false, false), Family::Visit, true, false),
            (&sms, person(false, true), Family::Visit, true, false),
            (&group, person(false, false), Family::Appeal, false, true),
            (&group, person(false, false), Family::Visit, true, false),
            // What an enterprise is told is not for the office's group.
            (&group, person(true, true), Family::Appeal, true, false),
            (&alarm, person(false, false), Family::Appeal, false, false),
            (&alarm, person(false, false), Family::Appeal, true, true),
            // What concerns one person alone never is.
            (&alarm, person(false, false), Family::Privacy, true, false),
        ] {
            let reached = reaches(channel, &to, family, urgent).is_some();
            assert_eq!(reached, told, "{} {family} urgent: {urgent} outside: {}", channel.kind, to.outside);
        }
    }

    #[test]
    fn a_channel_is_set_up_whole() {
        let sms = || ChannelChange {
            title: "短信".into(),
            url: "https://sms.example/send".into(),
            setup: usual(Kind::Sms),
            ..ChannelChange::default()
        };
        let mail = || ChannelChange {
            title: "邮件".into(),
            setup: Setup {
                host: "mail.example".into(),
                sender: "管委会 <office@example.com>".into(),
                ..usual(Kind::Email)
            },
            ..ChannelChange::default()
        };
        let wrong = |kind, change: &dyn Fn(&mut ChannelChange)| {
            let mut new = if kind == Kind::Email { mail() } else { sms() };
            change(&mut new);
            match checked(kind, new, false) {
                Ok(_) => String::new(),
                Err(Error::Invalid(all)) => all.iter().map(|one| one.field.as_str()).collect::<Vec<_>>().join(" "),
                Err(other) => panic!("{other}"),
            }
        };
        assert_eq!(wrong(Kind::Email, &|_| {}), "");
        assert_eq!(wrong(Kind::Sms, &|_| {}), "");
        assert_eq!(wrong(Kind::Email, &|new| new.setup.host = "http://mail".into()), "host");
        assert_eq!(wrong(Kind::Email, &|new| new.setup.port = 0), "port");
        assert_eq!(wrong(Kind::Email, &|new| new.setup.sender = "office".into()), "sender");
        assert_eq!(wrong(Kind::Sms, &|new| new.url = "ftp://x".into()), "url");
        assert_eq!(wrong(Kind::Sms, &|new| new.url.clear()), "url");
        assert_eq!(wrong(Kind::Sms, &|new| new.setup.body = "{\"to\": \"{phone}\"}".into()), "gateway_body");
        assert_eq!(wrong(Kind::Sms, &|new| new.setup.body = "{phone} {text}".into()), "gateway_body");
        assert_eq!(wrong(Kind::Sms, &|new| new.setup.header = Some("a b".into())), "header");
        assert_eq!(wrong(Kind::Sms, &|new| new.setup.accepted = Some("ok".into())), "accepted");
        assert_eq!(wrong(Kind::Wecom, &|new| new.setup.families.clear()), "families");
    }
}
