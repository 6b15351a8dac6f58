//! Reading and setting policy. Other jobs read it here too.

use super::{Holder, VISIT_BLOCK, VISIT_BLOCKS, Version, VisitBlock, overlay, read_days, read_hours, shipped, store};
use crate::actor::{ADMINS, Actor, Role, Roles};
use crate::app::{App, Change, Subject, Work};
use crate::appeal::{self, limits};
use crate::clock;
use crate::error::{Check, Error, FieldError, Result};
use crate::organisation::accounts;
use crate::text::LABELS;
use crate::time::Time;
use crate::todo::ToDo;
use crate::zone::Zone;
use ::store::Tx;
use almanac::{Light, Status};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// What holds now under a key: what the zone set, otherwise what is shipped.
pub async fn current(tx: &mut Tx, zone: Uuid, kind: &str, key: &str) -> Result<Option<Json>> {
    if let Some(body) = store::current(tx, zone, kind, key).await? {
        return Ok(Some(body));
    }
    Ok(shipped(kind).into_iter().find(|(shipped, _)| shipped == key).map(|(_, body)| body))
}

/// Everything of a kind that holds now: what is shipped in its order, changed by
/// what the zone set, then the zone's own.
pub async fn all_current(tx: &mut Tx, zone: Uuid, kind: &str) -> Result<Vec<(String, Json)>> {
    Ok(overlay(shipped(kind), store::all_current(tx, zone, kind).await?))
}

/// Every version of one key that the zone ever set, newest first.
pub async fn versions(tx: &mut Tx, zone: Uuid, kind: &str, key: &str) -> Result<Vec<Version>> {
    Ok(store::versions(tx, zone, kind, key).await?)
}

/// Sets a piece of policy from now on; answers its version. What came before
/// stays as it was. Who may do this is for the caller to check.
pub async fn put(work: &mut Work, kind: &'static str, key: &str, body: Json) -> Result<i64> {
    put_because(work, kind, key, body, "").await
}

/// Sets a piece of policy from a time on, which may lie ahead; answers its version. What
/// the ledger says of it is for the caller too.
pub async fn put_from(work: &mut Work, kind: &'static str, key: &str, body: &Json, from: Time) -> Result<i64> {
    let zone = work.zone();
    Ok(store::put(work, zone, kind, key, body, from).await?)
}

/// [`put`], with the reason that was given.
pub async fn put_because(work: &mut Work, kind: &'static str, key: &str, body: Json, reason: &str) -> Result<i64> {
    let (zone, now) = (work.zone(), work.now);
    let before = current(work, zone, kind, key).await?;
    let version = store::put(work, zone, kind, key, &body, now).await?;
    let change = Change {
        before: before.map(|body| json!({ "body": body })),
        after: Some(json!({"kind": kind, "key": key, "version": version, "body": body})),
        note: None,
    };
    work.log("settings.set", Subject::new("policy_data", zone), change.because(reason)).await?;
    Ok(version)
}

/// The blocks of a visit's record, in the order of the form; those that are
/// offered no longer only when asked for, so that old records keep their heads.
pub async fn visit_blocks(tx: &mut Tx, zone: Uuid, with_retired: bool) -> Result<Vec<VisitBlock>> {
    let mut blocks = Vec::new();
    for (key, body) in all_current(tx, zone, VISIT_BLOCK).await? {
        let block: VisitBlock =
            serde_json::from_value(body).map_err(|e| Error::Internal(format!("visit block {key}: {e}")))?;
        if with_retired || !block.retired {
            blocks.push(VisitBlock { key, ..block });
        }
    }
    blocks.sort_by_key(|block| block.position);
    Ok(blocks)
}

// Who sets what

/// Who keeps categories, limits, calendar, blocks and labels.
pub const KEEPERS: Roles = Roles::of(&[Role::Sysadmin, Role::Dispatcher]);
/// Who sets what protects accounts and data.
pub const PROTECTORS: Roles = Roles::of(&[Role::Secadmin]);
/// Who looks at settings.
pub const READERS: Roles = ADMINS.and(KEEPERS);
/// Days for which people who left are kept: a month to ten years.
const PERSON_DAYS: std::ops::RangeInclusive<i64> = 30..=3650;
/// Months for which the log of accesses is kept: six at least (网络安全法 §21).
const LOG_MONTHS: std::ops::RangeInclusive<i64> = 6..=60;

/// What the office calls things, and whom to ask about personal data.
#[derive(Clone, Debug, Default)]
pub struct OfficeChange {
    /// 包联, 包挂, 挂包 or 联系.
    pub label: String,
    /// The limit profile of appeals that do not come from the hotline.
    pub limit_profile: String,
    /// Contact for personal data: name.
    pub contact_name: String,
    /// Contact for personal data: telephone.
    pub contact_phone: String,
    /// Contact for personal data: address.
    pub contact_address: String,
}

/// Sets labels, the usual limits and the contact for personal data.
pub async fn set_office(app: &App, who: &Actor, change: OfficeChange) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let mut check = Check::new();
    check.that(LABELS.contains(&change.label.as_str()), "label", "unknown");
    check.that(limits::shipped(&change.limit_profile).is_some(), "limit_profile", "unknown");
    let name = check.opt_text("contact_name", Some(&change.contact_name), 60);
    let phone = check.opt_text("contact_phone", Some(&change.contact_phone), 30);
    let address = check.opt_text("contact_address", Some(&change.contact_address), 120);
    if let Some(phone) = &phone {
        check.that(identifiers::phone::parse(phone).is_ok(), "contact_phone", "phone");
    }
    check.done()?;
    let set = [
        ("assignment_label", json!(change.label)),
        ("limit_profile", json!(change.limit_profile)),
        ("privacy_contact", json!({"name": name, "phone": phone, "address": address})),
    ];
    set_zone(app, who, &set).await
}

/// What protects accounts and data.
#[derive(Clone, Copy, Debug)]
pub struct ProtectionChange {
    /// Whether administrators and approvers need a second factor.
    pub require_totp: bool,
    /// Days for which people who left are kept.
    pub person_days: i64,
    /// Months for which the log of accesses is kept.
    pub access_log_months: i64,
}

/// Sets the second factor and how long personal data and logs are kept.
pub async fn set_protection(app: &App, who: &Actor, change: ProtectionChange) -> Result<Uuid> {
    who.must(PROTECTORS)?;
    let mut wrong = Vec::new();
    for (field, value, range) in
        [("person_days", change.person_days, PERSON_DAYS), ("access_log_months", change.access_log_months, LOG_MONTHS)]
    {
        if !range.contains(&value) {
            wrong.push(FieldError::new(field, "range").with("min", range.start()).with("max", range.end()));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let set = [
        ("require_totp", json!(change.require_totp)),
        ("person_days", json!(change.person_days)),
        ("access_log_months", json!(change.access_log_months)),
    ];
    let mut work = app.work(who).await?;
    let zone = Zone::get(&mut work, who.zone_id).await?;
    if zone.settings["require_totp"].as_bool().unwrap_or(false) != change.require_totp {
        accounts::demand_second_factor(&mut work, change.require_totp).await?;
    }
    set_zone_in(&mut work, &set).await?;
    let id = work.zone();
    work.commit(id).await
}

async fn set_zone(app: &App, who: &Actor, set: &[(&str, Json)]) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    set_zone_in(&mut work, set).await?;
    let id = work.zone();
    work.commit(id).await
}

/// A setting as the ledger tells it: of a secret, only whether there is one.
fn told(mut value: Json) -> Json {
    if let Some(secret) = value.get_mut("secret") {
        *secret = json!(!secret.is_null());
    }
    value
}

/// Sets some of the zone's labels and switches within a piece of work; what is as
/// it was is not written.
pub(crate) async fn set_zone_in(work: &mut Work, set: &[(&str, Json)]) -> Result<()> {
    let id = work.zone();
    let zone = Zone::get(work, id).await?;
    work.who.saw(zone.version)?;
    let mut settings = zone.settings.as_object().cloned().unwrap_or_default();
    let (mut before, mut after) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, value) in set {
        let old = settings.insert((*name).to_owned(), value.clone()).unwrap_or(Json::Null);
        if old != *value {
            before.insert((*name).to_owned(), told(old));
            after.insert((*name).to_owned(), told(value.clone()));
        }
    }
    if after.is_empty() {
        return Ok(());
    }
    if !store::set_zone(work, id, zone.version, &Json::Object(settings)).await? {
        return Err(Error::Conflict(crate::error::Conflict::Stale(zone.version + 1)));
    }
    work.log("settings.zone", Subject::new("zone", id), Change::from_to(Json::Object(before), Json::Object(after)))
        .await
}

// The calendar

/// Sets the hours of the office, as typed (`08:30-12:00 13:30-17:30`). Open
/// deadlines are reckoned again.
pub async fn set_hours(app: &App, who: &Actor, text: &str) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let hours = read_hours(text).ok_or_else(|| Error::field("hours", "hours"))?;
    set_calendar(app, who, "hours", json!({ "hours": hours })).await
}

/// Sets single days of this place, one a line (`2026-11-05 休 停电`): all of them,
/// so that a line left out is taken back. Open deadlines are reckoned again.
pub async fn set_days(app: &App, who: &Actor, text: &str) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let days =
        read_days(text).map_err(|row| Error::Invalid(vec![FieldError::new("days", "day_line").with("row", row)]))?;
    set_calendar(app, who, "days", days).await
}

async fn set_calendar(app: &App, who: &Actor, key: &str, body: Json) -> Result<Uuid> {
    let mut work = app.work(who).await?;
    let zone = work.zone();
    put(&mut work, "calendar", key, body).await?;
    appeal::desk::reckon_again(&mut work).await?;
    work.commit(zone).await
}

/// The next year, when it is time to load its official days and they are not in:
/// from the first of November (the notice of the State Council comes about then).
pub async fn year_to_load(tx: &mut Tx, zone: Uuid, now: crate::time::Time) -> Result<Option<i16>> {
    let calendar = clock::calendar(tx, zone).await?;
    let today = calendar.local_day(now.stamp());
    let provisional = |year: i16| calendar.year_status(year) != Status::Official;
    if provisional(today.year()) {
        return Ok(Some(today.year()));
    }
    Ok(Some(today.year() + 1).filter(|year| today.month() >= 11 && provisional(*year)))
}

// The blocks of a visit

/// Sets a block of a visit's record. What was written before keeps its head.
pub async fn set_visit_block(app: &App, who: &Actor, block: &VisitBlock) -> Result<Uuid> {
    who.must(KEEPERS)?;
    let key = block.key.as_str();
    let fits = !key.is_empty()
        && key.len() <= 40
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let mut check = Check::new();
    check.that(fits, "key", "handle");
    let name = check.opt_text("name", block.name.as_deref(), 20);
    check.that(VISIT_BLOCKS.contains(&key) || name.is_some(), "name", "required");
    check.done()?;
    let mut work = app.work(who).await?;
    let zone = work.zone();
    let left = visit_blocks(&mut work, zone, false).await?;
    if block.retired && left.iter().all(|other| other.key == key) {
        return Err(Error::state("last_visit_block"));
    }
    let body =
        serde_json::to_value(VisitBlock { name, ..block.clone() }).map_err(|e| Error::Internal(e.to_string()))?;
    put(&mut work, VISIT_BLOCK, key, body).await?;
    work.commit(zone).await
}

/// Who of the office has which role, and how far it reaches.
pub async fn holders(tx: &mut Tx, who: &Actor) -> Result<Vec<Holder>> {
    who.must(READERS)?;
    Ok(store::holders(tx, who.zone_id).await?)
}

/// What waits for those who keep the calendar.
pub async fn to_do(app: &App, who: &Actor) -> Result<Vec<ToDo>> {
    if !who.roles.meets(KEEPERS) {
        return Ok(Vec::new());
    }
    let year = year_to_load(&mut app.read().await?, who.zone_id, app.now()).await?;
    let item = |year: i16| ToDo {
        action: "todo-calendar-load",
        title: year.to_string(),
        about: None,
        href: "/settings/calendar".to_owned(),
        due_at: None,
        light: Light::Near,
    };
    Ok(year.map(item).into_iter().collect())
}
