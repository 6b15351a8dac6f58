//! The zone's calendar: the days built into the program, and over them what the
//! zone has loaded (`policy_data` of kind `calendar`):
//!
//! * key `year-2027`: `{"tsv": "2027-01-01\toff\t元旦\n…"}` or
//!   `{"holiday_cn": {"year": 2027, "days": […]}}`, the official days of a year;
//! * key `hours`: `{"hours": [["08:30", "12:00"], ["13:30", "17:30"]]}`;
//! * key `days`: `{"days": [{"date": "2026-11-05", "works": false, "name": "停电"}]}`,
//!   single days of this place.

use super::store;
use crate::app::{Change, Subject, Work};
use crate::error::{Error, FieldError, Result};
use crate::zone::Zone;
use ::store::Tx;
use almanac::{Calendar, LoadError, Status};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use uuid::Uuid;

/// What a zone's cached calendar was made from.
type Stamp = (i64, i64, i64);

type Cache = Mutex<HashMap<Uuid, (Stamp, Arc<Calendar>)>>;

static BUILT_IN: LazyLock<Arc<Calendar>> = LazyLock::new(|| Arc::new(Calendar::built_in()));
static CACHE: LazyLock<Cache> = LazyLock::new(Mutex::default);

/// The zone's calendar. Kept per version, so that asking again costs one small
/// query.
pub async fn calendar(tx: &mut Tx, zone: Uuid) -> Result<Arc<Calendar>> {
    let stamp = store::calendar_stamp(tx, zone).await?;
    let known = CACHE.lock().unwrap_or_else(PoisonError::into_inner).get(&zone).cloned();
    if let Some((of, calendar)) = known
        && of == stamp
    {
        return Ok(calendar);
    }
    let calendar = Arc::new(build(tx, zone).await?);
    CACHE.lock().unwrap_or_else(PoisonError::into_inner).insert(zone, (stamp, Arc::clone(&calendar)));
    Ok(calendar)
}

async fn build(tx: &mut Tx, zone: Uuid) -> Result<Calendar> {
    let mut calendar = (**BUILT_IN).clone().with_time_zone(Zone::get(tx, zone).await?.time_zone());
    let rows = store::calendar_rows(tx, zone).await?;
    let mut versions = Vec::new();
    // A year replaces all its days, so the single days of the place come after.
    for (key, version, body) in rows
        .iter()
        .filter(|(key, ..)| key.starts_with("year-"))
        .chain(rows.iter().filter(|(key, ..)| !key.starts_with("year-")))
    {
        match apply(calendar.clone(), body) {
            Ok(with) => calendar = with,
            Err(error) => tracing::error!(%zone, key, %error, "a stored calendar does not read and is left out"),
        }
        versions.push(format!("{key}.{version}"));
    }
    if !versions.is_empty() {
        let version = format!("{} + {}", BUILT_IN.version(), versions.join(" "));
        calendar = calendar.with_version(version);
    }
    Ok(calendar)
}

fn apply(mut calendar: Calendar, body: &Json) -> Result<Calendar, LoadError> {
    let wrong = |what: &str| LoadError { row: 0, what: what.to_owned() };
    if let Some(tsv) = body["tsv"].as_str() {
        calendar = calendar.with_tsv(tsv)?;
    }
    if body["holiday_cn"].is_object() {
        calendar = calendar.with_holiday_cn(&body["holiday_cn"].to_string())?;
    }
    if let Some(hours) = body["hours"].as_array() {
        let read = |value: &Json| value.as_str().and_then(|text| text.parse().ok());
        let pairs: Option<Vec<(jiff::civil::Time, jiff::civil::Time)>> =
            hours.iter().map(|pair| Some((read(&pair[0])?, read(&pair[1])?))).collect();
        let pairs = pairs.ok_or_else(|| wrong("hours are pairs such as [\"08:30\", \"12:00\"]"))?;
        let ordered = pairs.iter().all(|(from, to)| from < to) && pairs.windows(2).all(|two| two[0].1 <= two[1].0);
        if pairs.is_empty() || !ordered {
            return Err(wrong("hours are in order and do not overlap"));
        }
        calendar = calendar.with_hours(pairs);
    }
    for day in body["days"].as_array().into_iter().flatten() {
        let date = day["date"].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| wrong("a day has a date"))?;
        let works = day["works"].as_bool().ok_or_else(|| wrong("a day says whether it is worked"))?;
        calendar = calendar.with_exception(date, works, day["name"].as_str().unwrap_or_default());
    }
    Ok(calendar)
}

/// Loads the official days of one or more years, as TSV (`date`, `off|work`,
/// name) or as JSON of `holiday-cn`. Open clocks are not touched: call
/// [`super::recompute_open`] afterwards, and let each job take over what changed.
pub async fn load_days(work: &mut Work, text: &str) -> Result<Vec<i16>> {
    let body = match serde_json::from_str::<Json>(text) {
        Ok(json) if json.is_object() => json!({ "holiday_cn": json }),
        _ => json!({ "tsv": text }),
    };
    let refused = |error: LoadError| {
        Error::Invalid(vec![FieldError::new("days", "calendar").with("row", error.row).with("what", error.what)])
    };
    let before = (**BUILT_IN).clone();
    apply(before, &body).map_err(refused)?;
    let mut years: Vec<i16> =
        dates(&body).filter_map(|date| Some(date.parse::<jiff::civil::Date>().ok()?.year())).collect();
    years.sort_unstable();
    years.dedup();
    let (zone, now) = (work.zone(), work.now);
    for year in &years {
        let of_year = only_year(&body, *year);
        let version = store::set_calendar(work, zone, &format!("year-{year}"), &of_year, now).await?;
        let made = json!({"year": year, "version": version});
        work.log("calendar.load", Subject::new("zone", zone), Change::made(made)).await?;
    }
    Ok(years)
}

fn dates(body: &Json) -> impl Iterator<Item = String> {
    let listed: Vec<String> = match body["tsv"].as_str() {
        Some(tsv) => tsv
            .lines()
            .filter_map(|line| line.trim_start_matches('\u{feff}').split('\t').next())
            .map(|cell| cell.trim().to_owned())
            .collect(),
        None => body["holiday_cn"]["days"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|day| day["date"].as_str().map(str::to_owned))
            .collect(),
    };
    listed.into_iter()
}

fn only_year(body: &Json, year: i16) -> Json {
    let prefix = format!("{year}-");
    match body["tsv"].as_str() {
        Some(tsv) => {
            let lines: Vec<&str> = tsv
                .lines()
                .map(|l| l.trim_start_matches('\u{feff}').trim())
                .filter(|l| l.starts_with(&prefix))
                .collect();
            json!({"tsv": lines.join("\n")})
        }
        None => {
            let days: Vec<&Json> = body["holiday_cn"]["days"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|day| day["date"].as_str().is_some_and(|date| date.starts_with(&prefix)))
                .collect();
            json!({"holiday_cn": {"year": year, "days": days}})
        }
    }
}

/// The years around now and whether their official days are in, for the banner
/// 暂按法定节假日推算.
pub fn years(calendar: &Calendar, today: jiff::civil::Date) -> Vec<(i16, bool)> {
    [today.year(), today.year() + 1]
        .into_iter()
        .map(|year| (year, calendar.year_status(year) == Status::Official))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_zone_loads_is_checked() {
        let base = || Calendar::built_in();
        let day: jiff::civil::Date = "2026-11-05".parse().expect("a date");
        let closed = apply(base(), &json!({"days": [{"date": "2026-11-05", "works": false, "name": "停电"}]}));
        assert!(!closed.expect("it reads").is_working(day));
        for wrong in [
            json!({"hours": []}),
            json!({"hours": [["12:00", "08:30"]]}),
            json!({"hours": [["08:30", "12:00"], ["11:00", "17:30"]]}),
            json!({"days": [{"date": "5 November", "works": true}]}),
            json!({"tsv": "2027-01-01\tfrei\tNeujahr"}),
        ] {
            assert!(apply(base(), &wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn years_are_kept_apart() {
        let body = json!({"tsv": "2027-01-01\toff\t元旦\n2028-01-01\toff\t元旦"});
        assert_eq!(only_year(&body, 2028), json!({"tsv": "2028-01-01\toff\t元旦"}));
        let body = json!({"holiday_cn": {"days": [{"date": "2027-01-01", "name": "元旦", "isOffDay": true}]}});
        assert_eq!(only_year(&body, 2027)["holiday_cn"]["days"].as_array().map(Vec::len), Some(1));
        assert_eq!(only_year(&body, 2026)["holiday_cn"]["days"].as_array().map(Vec::len), Some(0));
    }
}
