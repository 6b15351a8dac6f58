use super::{LADDER, ONE, PROFILE, Profile, RULES};
use crate::appeal::{Channel, Kind, Urgency};
use crate::settings::Version;
use crate::time::Time;
use ::store::{Error, Result, Sql, Tx, from_row, sql};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use uuid::Uuid;

fn read<T: DeserializeOwned>(body: Json) -> Result<T> {
    serde_json::from_value(body).map_err(|e| Error::Shape(format!("policy data: {e}")))
}

/// The version of a profile that the zone has in force at a time; none where it
/// has the program's own.
pub async fn profile_at(tx: &mut Tx, zone: Uuid, key: &str, at: Time) -> Result<Option<(i64, Profile)>> {
    let stored: Option<(i64, Json)> = tx
        .opt(sql!(
            "SELECT version, body FROM policy_data
             WHERE zone_id = $1 AND kind = $2 AND key = $3 AND valid_from <= $4 AND (valid_to IS NULL OR valid_to > $4)
             ORDER BY version DESC LIMIT 1",
            zone,
            PROFILE,
            key,
            at
        ))
        .await?;
    stored.map(|(version, body)| Ok((version, read(body)?))).transpose()
}

/// One version of a profile.
pub async fn profile(tx: &mut Tx, zone: Uuid, key: &str, version: i64) -> Result<Profile> {
    let body: Json = tx
        .value(sql!(
            "SELECT body FROM policy_data WHERE zone_id = $1 AND kind = $2 AND key = $3 AND version = $4",
            zone,
            PROFILE,
            key,
            version
        ))
        .await?;
    read(body)
}

/// Every version of every profile that the zone has set, newest first.
pub async fn versions(tx: &mut Tx, zone: Uuid) -> Result<Vec<(String, i64, Time, Option<Time>, Json)>> {
    tx.list(sql!(
        "SELECT key, version, valid_from, valid_to, body FROM policy_data
         WHERE zone_id = $1 AND kind = $2 ORDER BY key, version DESC",
        zone,
        PROFILE
    ))
    .await
}

/// Versions that were to begin at that time or later.
pub async fn planned(tx: &mut Tx, zone: Uuid, key: &str, from: Time) -> Result<Vec<Version>> {
    tx.list(sql!(
        "SELECT version, valid_from, valid_to, body FROM policy_data
         WHERE zone_id = $1 AND kind = $2 AND key = $3 AND valid_from >= $4 AND (valid_to IS NULL OR valid_to > valid_from)
         ORDER BY version",
        zone,
        PROFILE,
        key,
        from
    ))
    .await
}

async fn present(tx: &mut Tx, zone: Uuid, kind: &str) -> Result<Option<Json>> {
    tx.opt_value(sql!(
        "SELECT body FROM policy_data WHERE zone_id = $1 AND kind = $2 AND key = $3 AND valid_to IS NULL",
        zone,
        kind,
        ONE
    ))
    .await
}

/// The zone's own rules, if it has any.
pub async fn rules(tx: &mut Tx, zone: Uuid) -> Result<Option<Vec<super::Rule>>> {
    present(tx, zone, RULES).await?.map(|body| read(body["rules"].clone())).transpose()
}

/// The zone's own ladder, if it has one.
pub async fn ladder(tx: &mut Tx, zone: Uuid) -> Result<Option<Vec<super::Rung>>> {
    present(tx, zone, LADDER).await?.map(|body| read(body["rungs"].clone())).transpose()
}

/// An open appeal, by what its limits depend on.
#[derive(Clone, Debug)]
pub struct OpenCase {
    pub id: Uuid,
    pub number: String,
    pub channel: Channel,
    pub kind: Kind,
    pub category: String,
    pub urgency: Urgency,
    pub grade: Option<String>,
    pub accused_department_id: Option<Uuid>,
    pub profile_version: i64,
}

from_row!(OpenCase { id, number, channel, kind, category, urgency, grade, accused_department_id, profile_version });

/// The open appeals of a profile, in the order of their numbers.
pub async fn open_of(tx: &mut Tx, zone: Uuid, key: &str) -> Result<Vec<OpenCase>> {
    tx.list(sql!(
        "SELECT id, number, channel, kind, category, urgency, grade, accused_department_id, profile_version
         FROM appeal WHERE zone_id = $1 AND open AND profile = $2 ORDER BY number, id",
        zone,
        key
    ))
    .await
}

/// How many open appeals each profile has.
pub async fn open_counts(tx: &mut Tx, zone: Uuid) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = tx
        .list(sql!("SELECT profile, count(*) FROM appeal WHERE zone_id = $1 AND open GROUP BY profile", zone))
        .await?;
    Ok(rows.into_iter().collect())
}

/// The open work orders of these appeals: the order, its appeal, the department's short name.
pub async fn open_orders(tx: &mut Tx, zone: Uuid, appeals: &[Uuid]) -> Result<Vec<(Uuid, Uuid, String)>> {
    let mut query = Sql::from(
        "SELECT w.id, w.appeal_id, coalesce(d.short_name, '') FROM work_order w
         LEFT JOIN department d ON d.zone_id = w.zone_id AND d.id = w.department_id WHERE w.zone_id = ",
    );
    query
        .arg(zone)
        .push(" AND w.open AND w.appeal_id IN ")
        .list(appeals.iter().copied())
        .push(" ORDER BY w.sent_at, w.id");
    tx.list(query).await
}

/// Takes the open appeals of a profile over to another version. The versions of
/// the appeals stay: nobody's form is made stale by it.
pub async fn take_version(tx: &mut Tx, zone: Uuid, key: &str, version: i64) -> Result<()> {
    tx.run(sql!(
        "UPDATE appeal SET profile_version = $1 WHERE zone_id = $2 AND open AND profile = $3",
        version,
        zone,
        key
    ))
    .await?;
    Ok(())
}

/// The registered appeals under a disruption: which, and whether they are open.
pub async fn under(tx: &mut Tx, zone: Uuid, disruption: Uuid) -> Result<Vec<(Uuid, bool)>> {
    tx.list(sql!("SELECT id, open FROM appeal WHERE zone_id = $1 AND disruption_id = $2 ORDER BY id", zone, disruption))
        .await
}

/// An appeal by its number.
pub async fn by_number(tx: &mut Tx, zone: Uuid, number: &str) -> Result<Option<Uuid>> {
    tx.opt_value(sql!("SELECT id FROM appeal WHERE zone_id = $1 AND number = $2", zone, number)).await
}

/// Puts an appeal under a disruption, and sets the hours that its next clocks count.
/// The version stays: nobody's form is made stale by it.
pub async fn set_hours(
    tx: &mut Tx,
    zone: Uuid,
    id: Uuid,
    disruption: Uuid,
    mode: crate::clock::ClockMode,
) -> Result<()> {
    tx.run(sql!(
        "UPDATE appeal SET disruption_id = $1, clock_mode = $2 WHERE zone_id = $3 AND id = $4",
        disruption,
        mode,
        zone,
        id
    ))
    .await?;
    Ok(())
}
