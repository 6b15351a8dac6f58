//! A zone: the tenant, one committee (管委会) and its time zone.

use crate::error::{Error, Result};
use crate::text::Label;
use crate::time::{Day, Time};
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use store::{Tx, from_row, sql};
use uuid::Uuid;

/// The log of accesses is kept six months at least (网络安全法 §21), whatever a
/// zone's settings say.
const LEAST_LOG_MONTHS: i64 = 6;
/// And so long when they say nothing.
const LOG_MONTHS: i64 = 12;
/// Days for which a person who left is kept, unless the zone says otherwise.
pub const PERSON_DAYS: i64 = 730;

/// For how long a zone keeps what need not be kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days for which people who left are kept.
    pub person_days: i64,
    /// Months for which the log of accesses is kept.
    pub log_months: i64,
}

impl Retention {
    /// What settings say, and what holds where they say nothing.
    pub fn of(settings: &Json) -> Self {
        Self {
            person_days: settings["person_days"].as_i64().filter(|days| *days >= 1).unwrap_or(PERSON_DAYS),
            log_months: settings["access_log_months"].as_i64().unwrap_or(LOG_MONTHS).max(LEAST_LOG_MONTHS),
        }
    }
}

/// A zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its key.
    pub zone_id: Uuid,
    /// The name in `user@handle`.
    pub handle: String,
    /// The committee's name, such as 大学城管委会.
    pub name: String,
    time_zone: String,
    /// Labels and switches; see `docs/`.
    pub settings: Json,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Zone { zone_id, handle, name, time_zone, settings, version });

/// The time zone of most zones.
pub fn default_time_zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::fixed(jiff::tz::offset(8)))
}

impl Zone {
    /// The zone of that key.
    pub async fn get(tx: &mut Tx, zone_id: Uuid) -> Result<Self> {
        tx.opt(sql!("SELECT zone_id, handle, name, time_zone, settings, version FROM zone WHERE zone_id = $1", zone_id))
            .await?
            .ok_or(Error::NotFound)
    }

    /// Every zone, oldest first.
    pub async fn all(tx: &mut Tx) -> Result<Vec<Self>> {
        Ok(tx
            .list("SELECT zone_id, handle, name, time_zone, settings, version FROM zone ORDER BY created_at, handle")
            .await?)
    }

    /// The first zone: the one that is meant when a user name names none.
    pub async fn first(tx: &mut Tx) -> Result<Option<Self>> {
        Ok(Self::all(tx).await?.into_iter().next())
    }

    /// The zone of an installation that has only one.
    pub async fn only(tx: &mut Tx) -> Result<Option<Self>> {
        let mut zones = Self::all(tx).await?;
        Ok(if zones.len() == 1 { zones.pop() } else { None })
    }

    /// The zone's own time.
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or_else(|_| default_time_zone())
    }

    /// The zone's day at an instant.
    pub fn day(&self, time: Time) -> Day {
        time.day(&self.time_zone())
    }

    /// For how long it keeps what need not be kept for ever.
    pub fn retention(&self) -> Retention {
        Retention::of(&self.settings)
    }

    /// The word for the tie of leader, department and officer to an enterprise:
    /// 包联, 包挂, 挂包 or 联系.
    pub fn label(&self) -> Label {
        Label::of(&self.settings)
    }
}
