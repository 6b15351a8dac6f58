//! The SQL of channels, deliveries, confirmed addresses and preferences.

use super::{Channel, Delivery, HeldFor, Kind, Preference, Quiet, Rhythm, Setup, State, Why};
use crate::list::{Key, Walk};
use crate::time::Time;
use ::store::{Result, Row, Sql, Tx, from_row, sql};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use uuid::Uuid;

// Channels

const CHANNEL: &str = "SELECT id, kind, title, is_on, settings, sealed, tested_at, fault, detail, version
 FROM delivery_channel WHERE zone_id = ";

/// Every channel, those in use first.
pub async fn channels(tx: &mut Tx, zone: Uuid) -> Result<Vec<Channel>> {
    let mut query = Sql::from(CHANNEL);
    query.arg(zone).push(" ORDER BY is_on DESC, created_at, id");
    tx.list(query).await
}

/// The channels that are in use.
pub async fn channels_in_use(tx: &mut Tx, zone: Uuid) -> Result<Vec<Channel>> {
    let mut query = Sql::from(CHANNEL);
    query.arg(zone).push(" AND is_on = TRUE ORDER BY created_at, id");
    tx.list(query).await
}

/// One channel.
pub async fn channel(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Channel>> {
    let mut query = Sql::from(CHANNEL);
    query.arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Makes a channel, or sets it anew when its version is still that.
pub async fn put_channel(
    tx: &mut Tx,
    zone: Uuid,
    channel: &Channel,
    setup: &Json,
    sealed: &Json,
    now: Time,
) -> Result<bool> {
    if channel.version == 0 {
        let made = tx.run(sql!(
            "INSERT INTO delivery_channel (zone_id, id, kind, title, is_on, settings, sealed, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
            zone,
            channel.id,
            channel.kind,
            channel.title,
            channel.is_on,
            setup,
            sealed,
            now
        ));
        return Ok(made.await? == 1);
    }
    let n = tx
        .run(sql!(
            "UPDATE delivery_channel SET title = $1, is_on = $2, settings = $3, sealed = $4, version = version + 1
             WHERE zone_id = $5 AND id = $6 AND version = $7",
            channel.title,
            channel.is_on,
            setup,
            sealed,
            zone,
            channel.id,
            channel.version
        ))
        .await?;
    Ok(n == 1)
}

/// Notes how the last try of a channel ended.
pub async fn tested(tx: &mut Tx, zone: Uuid, id: Uuid, at: Time, fault: Option<(Why, &str)>) -> Result<()> {
    tx.run(sql!(
        "UPDATE delivery_channel SET tested_at = $1, fault = $2, detail = $3 WHERE zone_id = $4 AND id = $5",
        at,
        fault.map(|(why, _)| why),
        fault.map(|(_, detail)| detail),
        zone,
        id
    ))
    .await
    .map(drop)
}

// Whom to tell, and how

/// Somebody who is told, with what decides on his deliveries.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Whether he belongs to an enterprise or project.
    pub outside: bool,
    /// Short name of his department.
    pub unit: Option<String>,
    /// The mail address that he has confirmed and still has.
    pub email: Option<String>,
    /// The telephone that he has confirmed and still has.
    pub phone: Option<String>,
    /// The language of his account.
    pub locale: Option<String>,
    /// What he wants.
    pub preference: Preference,
}

impl ::store::FromRow for Receiver {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            outside: row.get("outside")?,
            unit: row.get("unit")?,
            email: row.get("email")?,
            phone: row.get("phone")?,
            locale: row.get("locale")?,
            preference: preference_of(row)?,
        })
    }
}

/// What a row of `delivery_preference` says; without one, the usual.
fn preference_of(row: &Row) -> Result<Preference> {
    let Some(version) = row.get::<Option<i64>>("version")? else { return Ok(Preference::default()) };
    let wanted: Json = row.get::<Option<Json>>("wanted")?.unwrap_or_default();
    let shape = |e: serde_json::Error| ::store::Error::Shape(e.to_string());
    let quiet = row.get::<Option<i64>>("quiet_from")?.zip(row.get::<Option<i64>>("quiet_to")?);
    Ok(Preference {
        email: serde_json::from_value(wanted["email"].clone()).map_err(shape)?,
        sms: serde_json::from_value(wanted["sms"].clone()).map_err(shape)?,
        rhythm: Rhythm { digest_at: row.get("digest_at")?, quiet: quiet.map(|(from, to)| Quiet { from, to }) },
        version,
    })
}

/// Somebody of the zone who is still there.
pub async fn receiver(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Option<Receiver>> {
    tx.opt(sql!(
        "SELECT CASE WHEN p.enterprise_id IS NULL AND p.project_id IS NULL THEN FALSE ELSE TRUE END AS outside,
           d.short_name AS unit, e.destination AS email, s.destination AS phone, a.locale,
           w.version, w.wanted, w.digest_at, w.quiet_from, w.quiet_to
         FROM person p
         LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
         LEFT JOIN account a ON a.zone_id = p.zone_id AND a.id = p.id
         LEFT JOIN delivery_contact e ON e.zone_id = p.zone_id AND e.person_id = p.id AND e.channel = 'email'
           AND e.confirmed_at IS NOT NULL AND e.destination = p.email
         LEFT JOIN delivery_contact s ON s.zone_id = p.zone_id AND s.person_id = p.id AND s.channel = 'sms'
           AND s.confirmed_at IS NOT NULL AND s.destination = p.phone
         LEFT JOIN delivery_preference w ON w.zone_id = p.zone_id AND w.person_id = p.id
         WHERE p.zone_id = $1 AND p.id = $2 AND p.left_at IS NULL AND a.disabled_at IS NULL",
        zone,
        person
    ))
    .await
}

/// What somebody wants.
pub async fn preference(tx: &mut Tx, zone: Uuid, person: Uuid) -> Result<Preference> {
    let row = tx
        .all(sql!(
            "SELECT version, wanted, digest_at, quiet_from, quiet_to FROM delivery_preference
             WHERE zone_id = $1 AND person_id = $2",
            zone,
            person
        ))
        .await?;
    row.first().map_or_else(|| Ok(Preference::default()), preference_of)
}

/// Sets what somebody wants, when it is still as he saw it.
pub async fn put_preference(tx: &mut Tx, zone: Uuid, person: Uuid, wanted: &Json, new: &Preference) -> Result<bool> {
    let n = tx
        .run(sql!(
            "INSERT INTO delivery_preference (zone_id, person_id, wanted, digest_at, quiet_from, quiet_to, version)
             VALUES ($1, $2, $3, $4, $5, $6, 1)
             ON CONFLICT (zone_id, person_id) DO UPDATE SET wanted = excluded.wanted, digest_at = excluded.digest_at,
               quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, version = delivery_preference.version + 1
             WHERE delivery_preference.version = $7",
            zone,
            person,
            wanted,
            new.rhythm.digest_at,
            new.rhythm.quiet.map(|quiet| quiet.from),
            new.rhythm.quiet.map(|quiet| quiet.to),
            new.version
        ))
        .await?;
    Ok(n == 1)
}

/// An address of somebody and how far it is confirmed.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The address that a code was sent to.
    pub destination: String,
    /// The digest of the code.
    pub digest: Option<Vec<u8>>,
    /// When it was sent.
    pub code_at: Option<Time>,
    /// How often it was guessed.
    pub tries: i64,
    /// When the right one was said.
    pub confirmed_at: Option<Time>,
    /// When it was found not to exist.
    pub failed_at: Option<Time>,
}

from_row!(Contact { destination, digest, code_at, tries, confirmed_at, failed_at });

/// How far the address of a channel is confirmed.
pub async fn contact(tx: &mut Tx, zone: Uuid, person: Uuid, channel: Kind) -> Result<Option<Contact>> {
    tx.opt(sql!(
        "SELECT destination, digest, code_at, tries, confirmed_at, failed_at FROM delivery_contact
         WHERE zone_id = $1 AND person_id = $2 AND channel = $3",
        zone,
        person,
        channel
    ))
    .await
}

/// Notes the code that goes to an address. Until it is said, nothing else goes there.
pub async fn put_code(
    tx: &mut Tx,
    zone: Uuid,
    person: Uuid,
    channel: Kind,
    destination: &str,
    digest: &[u8; 32],
    now: Time,
) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO delivery_contact (zone_id, person_id, channel, destination, digest, code_at, tries)
         VALUES ($1, $2, $3, $4, $5, $6, 0)
         ON CONFLICT (zone_id, person_id, channel) DO UPDATE SET destination = excluded.destination,
           digest = excluded.digest, code_at = excluded.code_at, tries = 0, confirmed_at = NULL, failed_at = NULL",
        zone,
        person,
        channel,
        destination,
        digest,
        now
    ))
    .await
    .map(drop)
}

/// Counts a guess.
pub async fn guess(tx: &mut Tx, zone: Uuid, person: Uuid, channel: Kind) -> Result<()> {
    tx.run(sql!(
        "UPDATE delivery_contact SET tries = tries + 1 WHERE zone_id = $1 AND person_id = $2 AND channel = $3",
        zone,
        person,
        channel
    ))
    .await
    .map(drop)
}

/// The right code was said; false when another was sent meanwhile.
pub async fn confirm(tx: &mut Tx, zone: Uuid, person: Uuid, channel: Kind, digest: &[u8], now: Time) -> Result<bool> {
    let done = tx
        .run(sql!(
            "UPDATE delivery_contact SET confirmed_at = $1, digest = NULL, failed_at = NULL
             WHERE zone_id = $2 AND person_id = $3 AND channel = $4 AND digest = $5",
            now,
            zone,
            person,
            channel,
            digest
        ))
        .await?;
    Ok(done > 0)
}

/// An address does not exist: it is asked for again.
pub async fn fail_contact(tx: &mut Tx, zone: Uuid, person: Uuid, channel: Kind, to: &str, now: Time) -> Result<()> {
    tx.run(sql!(
        "UPDATE delivery_contact SET failed_at = $1, confirmed_at = NULL
         WHERE zone_id = $2 AND person_id = $3 AND channel = $4 AND destination = $5",
        now,
        zone,
        person,
        channel,
        to
    ))
    .await
    .map(drop)
}

/// Forgets an address: nothing goes there any more.
pub async fn forget_contact(tx: &mut Tx, zone: Uuid, person: Uuid, channel: Kind) -> Result<bool> {
    let gone = sql!(
        "DELETE FROM delivery_contact WHERE zone_id = $1 AND person_id = $2 AND channel = $3",
        zone,
        person,
        channel
    );
    Ok(tx.run(gone).await? == 1)
}

// Deliveries

/// A delivery to be made.
#[derive(Clone, Debug)]
pub struct NewDelivery<'a> {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub person_id: Option<Uuid>,
    pub event: &'a str,
    pub kind: &'a str,
    pub subject: &'a str,
    pub subject_id: Uuid,
    pub unit: Option<&'a str>,
    pub args: &'a Json,
    pub urgent: bool,
    pub held_for: Option<HeldFor>,
    pub due_at: Time,
}

/// Puts a delivery out; false when the same was put out before.
pub async fn insert(tx: &mut Tx, zone: Uuid, new: &NewDelivery<'_>, now: Time) -> Result<bool> {
    let state = if new.held_for.is_some() { State::Held } else { State::Waiting };
    let n = tx
        .run(sql!(
            "INSERT INTO delivery (zone_id, id, channel_id, person_id, event, kind, subject, subject_id, unit, args,
               urgent, state, held_for, due_at, attempts, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, 1)
             ON CONFLICT (zone_id, channel_id, event) DO NOTHING",
            zone,
            new.id,
            new.channel_id,
            new.person_id,
            new.event,
            new.kind,
            new.subject,
            new.subject_id,
            new.unit,
            new.args,
            new.urgent,
            state,
            new.held_for,
            new.due_at,
            now
        ))
        .await?;
    Ok(n == 1)
}

/// A delivery as the one who sends it needs it.
#[derive(Clone, Debug)]
pub struct Sending {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub person_id: Option<Uuid>,
    pub event: String,
    pub kind: String,
    pub subject: String,
    pub subject_id: Uuid,
    pub unit: Option<String>,
    pub args: Json,
    pub urgent: bool,
    pub state: State,
    pub held_for: Option<HeldFor>,
    pub due_at: Time,
    pub sending_until: Option<Time>,
    pub attempts: i64,
    pub created_at: Time,
    pub version: i64,
}

from_row!(Sending {
    id,
    channel_id,
    person_id,
    event,
    kind,
    subject,
    subject_id,
    unit,
    args,
    urgent,
    state,
    held_for,
    due_at,
    sending_until,
    attempts,
    created_at,
    version,
});

const SENDING: &str = "SELECT id, channel_id, person_id, event, kind, subject, subject_id, unit, args, urgent, state,
 held_for, due_at, sending_until, attempts, created_at, version FROM delivery WHERE zone_id = ";

/// One delivery.
pub async fn sending(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Sending>> {
    let mut query = Sql::from(SENDING);
    query.arg(zone).push(" AND id = ").arg(id);
    tx.opt(query).await
}

/// Lines of one text to a group: with their links they stay below the 2,048 bytes that a
/// robot of WeCom takes (https://developer.work.weixin.qq.com/document/path/91770).
const GROUP_DIGEST: i64 = 8;

/// Takes a delivery to send, with all that is held for the same receiver and due too.
/// Nobody else sends them until then.
pub async fn take(tx: &mut Tx, zone: Uuid, one: &Sending, until: Time, now: Time) -> Result<Vec<Sending>> {
    let mut ids = sql!(
        "UPDATE delivery SET sending_until = $1, attempts = attempts + 1, version = version + 1
         WHERE zone_id = $2 AND channel_id = $3 AND state <> 'sent' AND state IN ('waiting', 'held', 'failed') AND due_at <= $4
           AND (sending_until IS NULL OR sending_until <= $4)",
        until,
        zone,
        one.channel_id,
        now
    );
    match (one.held_for, one.person_id) {
        (None, _) => ids.push(" AND id = ").arg(one.id),
        (Some(_), Some(person)) => ids.push(" AND held_for IS NOT NULL AND person_id = ").arg(person),
        // A group's robot takes a short text; each of the others has a job of its own.
        (Some(_), None) => ids
            .push(" AND id IN (SELECT id FROM delivery WHERE zone_id = ")
            .arg(zone)
            .push(" AND channel_id = ")
            .arg(one.channel_id)
            .push(" AND held_for IS NOT NULL AND person_id IS NULL AND state IN ('waiting', 'held', 'failed') AND due_at <= ")
            .arg(now)
            .push(" AND (sending_until IS NULL OR sending_until <= ")
            .arg(now)
            .push(") ORDER BY CASE WHEN id = ")
            .arg(one.id)
            .push(" THEN 0 ELSE 1 END, id LIMIT ")
            .arg(GROUP_DIGEST)
            .push(")"),
    };
    ids.push(" RETURNING id");
    let ids: Vec<(Uuid,)> = tx.list(ids).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Sql::from(SENDING);
    query.arg(zone).push(" AND id IN ").list(ids.into_iter().map(|(id,)| id)).push(" ORDER BY id");
    tx.list(query).await
}

/// Deliveries that should have gone out before then and that nobody is at.
pub async fn stranded(tx: &mut Tx, zone: Uuid, before: Time, now: Time, limit: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .list(sql!(
            "SELECT id FROM delivery WHERE zone_id = $1 AND state <> 'sent' AND state IN ('waiting', 'held', 'failed') AND due_at < $2
               AND (sending_until IS NULL OR sending_until <= $3) ORDER BY due_at, id LIMIT $4",
            zone,
            before,
            now,
            limit
        ))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// How deliveries that were tried stand now.
pub struct Tried<'a> {
    /// Sent, failed or given up.
    pub state: State,
    /// When they are tried again.
    pub due_at: Option<Time>,
    /// Why they did not go out.
    pub fault: Option<(Why, &'a str)>,
}

/// Notes how deliveries ended that were taken. What was acknowledged stays so.
pub async fn tried(tx: &mut Tx, zone: Uuid, ids: &[Uuid], end: &Tried<'_>, now: Time) -> Result<()> {
    let mut update = Sql::from("UPDATE delivery SET sending_until = NULL, version = version + 1, state = ");
    update.arg(end.state).push(", fault = ").arg(end.fault.map(|(why, _)| why));
    update.push(", detail = ").arg(end.fault.map(|(_, detail)| detail).filter(|detail| !detail.is_empty()));
    if let Some(due_at) = end.due_at {
        update.push(", due_at = ").arg(due_at);
    }
    if end.state == State::Sent {
        update.push(", sent_at = ").arg(now);
    }
    update.push(" WHERE zone_id = ").arg(zone).push(" AND state <> 'sent' AND id IN ").list(ids.iter().copied());
    tx.run(update).await.map(drop)
}

/// Lets a delivery go out now that is not out yet, alone and with its tries counted anew.
pub async fn again(tx: &mut Tx, zone: Uuid, id: Uuid, version: i64, now: Time) -> Result<bool> {
    let n = tx
        .run(sql!(
            "UPDATE delivery SET state = 'waiting', held_for = NULL, due_at = $1, attempts = 0, fault = NULL,
               detail = NULL, version = version + 1
             WHERE zone_id = $2 AND id = $3 AND version = $4 AND state <> 'sent'
               AND (sending_until IS NULL OR sending_until <= $1)",
            now,
            zone,
            id,
            version
        ))
        .await?;
    Ok(n == 1)
}

/// What a list of deliveries is narrowed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Those that stand so.
    pub state: Option<State>,
    /// Those of this channel.
    pub channel_id: Option<Uuid>,
}

/// The orders of the list.
pub const KEYS: &[Key] = &[Key::number("created", "y.created_at"), Key::number("due", "y.due_at")];

const DELIVERY: &str = "SELECT y.id, y.channel_id, c.title AS channel, c.kind AS channel_kind, p.name AS person, y.unit,
 y.kind, y.args, y.urgent, y.state, y.held_for, y.due_at, y.attempts, y.fault, y.detail, y.created_at, y.sent_at, y.version";
const FROM: &str = " FROM delivery y JOIN delivery_channel c ON c.zone_id = y.zone_id AND c.id = y.channel_id
 LEFT JOIN person p ON p.zone_id = y.zone_id AND p.id = y.person_id WHERE y.zone_id = ";

fn narrow(query: &mut Sql, wanted: Wanted) {
    if let Some(state) = wanted.state {
        query.push(" AND y.state = ").arg(state);
    }
    if let Some(channel) = wanted.channel_id {
        query.push(" AND y.channel_id = ").arg(channel);
    }
}

/// A page of deliveries.
pub async fn deliveries(
    tx: &mut Tx,
    zone: Uuid,
    wanted: Wanted,
    walk: &Walk,
) -> Result<(Vec<Delivery>, Option<String>)> {
    let mut query = Sql::from(DELIVERY);
    walk.column(&mut query);
    query.push(FROM).arg(zone);
    narrow(&mut query, wanted);
    walk.list(tx, query, "y.id").await
}

/// One delivery as it is shown.
pub async fn delivery(tx: &mut Tx, zone: Uuid, id: Uuid) -> Result<Option<Delivery>> {
    let mut query = Sql::from(DELIVERY);
    query.push(FROM).arg(zone).push(" AND y.id = ").arg(id);
    tx.opt(query).await
}

/// How many deliveries stand so, up to a cap.
pub async fn count(tx: &mut Tx, zone: Uuid, wanted: Wanted, cap: i64) -> Result<i64> {
    let mut query = Sql::from("SELECT count(*) FROM (SELECT 1 FROM delivery y WHERE y.zone_id = ");
    query.arg(zone);
    narrow(&mut query, wanted);
    query.push(" LIMIT ").arg(cap + 1).push(") AS some_of_them");
    tx.value(query).await
}

/// How many deliveries of a channel stand how.
pub async fn counts(tx: &mut Tx, zone: Uuid, channel: Option<Uuid>) -> Result<BTreeMap<State, i64>> {
    let mut query = Sql::from("SELECT state, count(*) FROM delivery WHERE zone_id = ");
    query.arg(zone);
    if let Some(channel) = channel {
        query.push(" AND channel_id = ").arg(channel);
    }
    query.push(" GROUP BY state");
    let rows: Vec<(State, i64)> = tx.list(query).await?;
    Ok(rows.into_iter().collect())
}

/// Deletes deliveries that are over and older than that.
pub async fn clean(tx: &mut Tx, zone: Uuid, before: Time) -> Result<u64> {
    tx.run(sql!(
        "DELETE FROM delivery WHERE zone_id = $1 AND created_at < $2 AND state IN ('sent', 'given_up')",
        zone,
        before
    ))
    .await
}

/// A setup as it is kept.
pub fn json_of(setup: &Setup) -> Result<Json> {
    serde_json::to_value(setup).map_err(|e| ::store::Error::Shape(e.to_string()))
}
