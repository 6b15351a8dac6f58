//! Instants and days. An instant is UTC milliseconds in the database and RFC
//! 3339 text in the API; people read it in the zone's own time.

use jiff::civil;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use store::{FromValue, Kind, ToValue, Value};

/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// An instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// From UTC milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// UTC milliseconds since 1970.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// So many milliseconds later.
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }

    /// As jiff's timestamp; out-of-range values become the epoch.
    pub fn stamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// From jiff's timestamp.
    pub fn of(stamp: jiff::Timestamp) -> Self {
        Self(stamp.as_millisecond())
    }

    /// Day and time in a time zone.
    pub fn local(self, zone: &TimeZone) -> civil::DateTime {
        zone.to_datetime(self.stamp())
    }

    /// The day in a time zone.
    pub fn day(self, zone: &TimeZone) -> Day {
        Day(self.local(zone).date())
    }

    /// Reads RFC 3339, or a local `2026-11-24T08:30` / `2026-11-24` of a form.
    pub fn read(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
            return Some(Self::of(stamp));
        }
        let local =
            text.parse::<civil::DateTime>().or_else(|_| text.parse::<civil::Date>().map(|d| d.at(0, 0, 0, 0))).ok()?;
        Some(Self::of(zone.to_timestamp(local).ok()?))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.stamp())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse::<jiff::Timestamp>()
            .map(Self::of)
            .map_err(|_| de::Error::custom(format!("`{text}` is no RFC 3339 time")))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "example": "2026-11-24T00:30:00.000Z"})
    }
    fn inline_schema() -> bool {
        true
    }
}

impl ToValue for Time {
    const KIND: Kind = Kind::Int;
    fn to_value(&self) -> Value {
        Value::Int(self.0)
    }
}

impl FromValue for Time {
    fn from_value(value: Value) -> store::Result<Self> {
        i64::from_value(value).map(Self)
    }
}

/// A day of the calendar, `2026-11-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub civil::Date);

impl Day {
    /// Reads `2026-11-24`.
    pub fn read(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(Self)
    }

    /// `20261124`, as it stands in numbers.
    pub fn compact(self) -> String {
        self.to_string().replace('-', "")
    }

    /// The first instant of the day in a time zone.
    pub fn start(self, zone: &TimeZone) -> Time {
        zone.to_timestamp(self.0.at(0, 0, 0, 0)).map(Time::of).unwrap_or_default()
    }

    /// The last instant of the day in a time zone: how something stood on that day.
    pub fn last(self, zone: &TimeZone) -> Time {
        self.0.tomorrow().map_or(self, Day).start(zone).plus(-1)
    }

    /// The day as the instant at which something begins or ends: today is now, since
    /// nothing does so in advance.
    pub fn first(self, zone: &TimeZone, now: Time) -> Time {
        if self == now.day(zone) { now } else { self.start(zone) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no day (YYYY-MM-DD)")))
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date", "example": "2026-11-24"})
    }
    fn inline_schema() -> bool {
        true
    }
}

impl ToValue for Day {
    const KIND: Kind = Kind::Text;
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl FromValue for Day {
    fn from_value(value: Value) -> store::Result<Self> {
        let text = String::from_value(value)?;
        Self::read(&text).ok_or_else(|| store::Error::Shape(format!("{text} is no day")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_programs_write_times_differently() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a time zone");
        let expected = Time::from_ms(1_795_480_200_000);
        assert_eq!(Time::read("2026-11-24T08:30", &zone), Some(expected));
        assert_eq!(Time::read("2026-11-24T00:30:00Z", &zone), Some(expected));
        assert_eq!(Time::read("2026-11-24T08:30:00+08:00", &zone), Some(expected));
        assert_eq!(expected.to_string(), "2026-11-24T00:30:00.000Z");
        assert_eq!(expected.day(&zone).compact(), "20261124");
        assert_eq!(Time::read("gestern", &zone), None);
    }
}
