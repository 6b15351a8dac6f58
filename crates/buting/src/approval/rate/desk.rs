//! The rates of a period.

use super::{Rates, store};
use crate::actor::{Actor, OFFICE, Roles};
use crate::app::App;
use crate::days::Days;
use crate::error::Result;
use crate::time::{Day, Time};
use crate::zone::Zone;

/// Who reads the rates: the office, each of what he may know of.
pub const READERS: Roles = OFFICE;

/// A period as it is asked, ninety days until today when nothing is: its days, its first
/// instant and the first after it.
pub async fn period(app: &App, who: &Actor, from: Option<Day>, to: Option<Day>) -> Result<(Day, Day, Time, Time)> {
    let zone = Zone::get(&mut app.read().await?, who.zone_id).await?;
    let days = Days::asked(&zone, app.now(), from, to, 90)?;
    let (begins, ends) = days.bounds(&zone.time_zone())?;
    Ok((days.from, days.to, begins, ends))
}

/// The rates of a period, of what somebody may know of.
pub async fn rates(app: &App, who: &Actor, from: Option<Day>, to: Option<Day>) -> Result<Rates> {
    who.must(READERS)?;
    let (from, to, begins, ends) = period(app, who, from, to).await?;
    let matters = store::of_matters(&mut app.read().await?, who, begins, ends).await?;
    Ok(Rates::of(from, to, matters))
}
