//! The rates of a period.

use super::{Rates, store};
use crate::actor::{Actor, OFFICE, Roles};
use crate::app::App;
use crate::error::{Error, Result};
use crate::time::{Day, Time};
use crate::zone::Zone;
use jiff::ToSpan as _;

/// Who reads the rates: the office, each of what he may know of.
pub const READERS: Roles = OFFICE;

/// A period as it is asked: ninety days until today, when nothing is.
pub async fn period(app: &App, who: &Actor, from: Option<Day>, to: Option<Day>) -> Result<(Day, Day, Time, Time)> {
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    let to = to.unwrap_or_else(|| zone.day(app.now()));
    let from = from.unwrap_or_else(|| Day(to.0.saturating_sub(89.days())));
    if from > to {
        return Err(Error::field("from", "period_backwards"));
    }
    Ok((from, to, from.start(&zone.time_zone()), to.last(&zone.time_zone()).plus(1)))
}

/// The rates of a period, of what somebody may know of.
pub async fn rates(app: &App, who: &Actor, from: Option<Day>, to: Option<Day>) -> Result<Rates> {
    who.must(READERS)?;
    let (from, to, begins, ends) = period(app, who, from, to).await?;
    let matters = store::of_matters(&mut app.read().await?, who, begins, ends).await?;
    Ok(Rates::of(from, to, matters))
}
