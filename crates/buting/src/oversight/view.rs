//! 总览: prevention and economy side by side, never one without the other
//! (requirement RPT-2). Everything here leads to the records it counts.

use super::store;
use crate::actor::{Actor, Role, Roles};
use crate::app::App;
use crate::appeal::{self, Status};
use crate::assignment;
use crate::clock::{self, Holder};
use crate::continuity::{self, Board, Disruption, State, Tile};
use crate::error::Result;
use crate::time::{DAY_MS, Day, Time};
use crate::visit::campaign::{self, Campaign};
use crate::zone::Zone;
use jiff::ToSpan as _;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who reads the overview.
pub const READERS: Roles = Roles::of(&[Role::Leader, Role::Oversight, Role::Dispatcher]);
/// Weeks of the trend.
const WEEKS: i64 = 8;
/// Days over which it is told who held appeals for how long.
const HELD_DAYS: i64 = 60;
/// Categories of appeals that are about prevention and safety, not about business.
pub const PREVENTION: &[&str] = &["epidemic", "safety_env"];

/// The columns of the table of open appeals: their heading and what they count.
pub const COLUMNS: [(&str, &[Status]); 5] = [
    ("overview-waiting", &[Status::Registered, Status::Dispatched, Status::Objected]),
    ("overview-working", &[Status::Signed, Status::Working, Status::Planned]),
    ("overview-standing", &[Status::WaitingEnterprise, Status::WithPartner, Status::Suspended]),
    ("overview-answered", &[Status::Answered, Status::Reviewed, Status::ReturnVisit]),
    ("overview-long-term", &[Status::LongTerm]),
];

/// Open appeals of one department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The department; none while nobody leads.
    pub department_id: Option<Uuid>,
    /// Its short name.
    pub name: Option<String>,
    /// How many, column by column.
    pub counts: [i64; COLUMNS.len()],
}

impl Row {
    /// All of them.
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Heading, number, and the list of what was counted, where a list can ask for it.
    pub fn cells(&self) -> Vec<(&'static str, i64, Option<String>)> {
        let cell = |((heading, statuses), n): (&(&'static str, &[Status]), &i64)| {
            let list = self.department_id.filter(|_| *n > 0).map(|id| {
                let asked: String = statuses.iter().map(|status| format!("&status={status}")).collect();
                format!("/appeals?department_id={id}{asked}")
            });
            (*heading, *n, list)
        };
        COLUMNS.iter().zip(&self.counts).map(cell).collect()
    }

    fn add(&mut self, status: Status, n: i64) {
        if let Some(at) = COLUMNS.iter().position(|(_, statuses)| statuses.contains(&status)) {
            self.counts[at] += n;
        }
    }
}

/// What came in and what was closed in one week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its first day.
    pub from: Day,
    /// Appeals that came in.
    pub opened: i64,
    /// Appeals that were closed.
    pub closed: i64,
}

/// How long one kind of holder had appeals in hand, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Who.
    pub holder: Holder,
    /// Appeals that this holder had.
    pub appeals: i64,
    /// Working days per appeal.
    pub days: f64,
}

/// The overview.
#[derive(Debug)]
pub struct Overview {
    /// The lights.
    pub board: Board,
    /// Disruptions that run.
    pub disruptions: Vec<Disruption>,
    /// Open appeals by department, the fullest first.
    pub rows: Vec<Row>,
    /// Open appeals past their due time; above 1,000 one more.
    pub overdue: i64,
    /// Open appeals about prevention and safety, by category.
    pub prevention: Vec<(&'static str, i64)>,
    /// Subjects without somebody who answers.
    pub gaps: i64,
    /// Who held appeals for how long.
    pub held: Vec<Held>,
    /// The last weeks.
    pub trend: Vec<Week>,
    /// Campaigns of visits that run.
    pub campaigns: Vec<Campaign>,
}

impl Overview {
    /// All open appeals.
    pub fn open(&self) -> i64 {
        self.rows.iter().map(Row::total).sum()
    }

    /// Open appeals that are about business.
    pub fn economy(&self) -> i64 {
        (self.open() - self.prevention.iter().map(|(_, n)| n).sum::<i64>()).max(0)
    }

    /// Projects of which a line stands so.
    pub fn projects(&self, state: State) -> Vec<&Tile> {
        self.board.projects.iter().filter(|tile| tile.worst() == state).collect()
    }

    /// Projects and enterprises that a measure keeps going.
    pub fn kept_going(&self) -> Vec<&Tile> {
        self.board.tiles().filter(|tile| tile.lights.iter().any(|light| light.kept_going())).collect()
    }
}

/// Sets the overview together.
pub async fn overview(app: &App, who: &Actor) -> Result<Overview> {
    who.must(READERS)?;
    let board = continuity::desk::board(app, who, None).await?;
    let mut rows: BTreeMap<Option<Uuid>, Row> = BTreeMap::new();
    for count in appeal::desk::counts(app, who).await? {
        let row = rows.entry(count.department_id).or_default();
        row.department_id = count.department_id;
        row.name = count.department_name.clone();
        row.add(count.status, count.count);
    }
    let mut rows: Vec<Row> = rows.into_values().filter(|row| row.total() > 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.total()));
    let overdue = overdue(app, who).await?;
    let mut prevention = Vec::new();
    for category in PREVENTION {
        let filter = appeal::desk::Filter {
            open: true,
            category: Some((*category).to_owned()),
            limit: 1,
            ..appeal::desk::Filter::default()
        };
        prevention.push((*category, counted(&appeal::desk::list(app, who, &filter).await?)));
    }
    let gaps = assignment::desk::gap_count(app, who).await?;
    let mut tx = app.read().await?;
    let disruptions = continuity::desk::open_disruptions(&mut tx, who.zone_id).await?;
    let now = app.now();
    let zone = Zone::get(&mut tx, who.zone_id).await?;
    let trend = trend(store::weeks(&mut tx, who.zone_id, week_start(&zone, now), WEEKS).await?, &zone, now);
    let calendar = clock::calendar(&mut tx, who.zone_id).await?;
    let handovers = store::handovers(&mut tx, who.zone_id, now.plus(-HELD_DAYS * DAY_MS)).await?;
    let held = held(&handovers, now, &calendar);
    drop(tx);
    let campaigns = campaign::desk::running(app, who).await?;
    Ok(Overview { board, disruptions, rows, overdue, prevention, gaps, held, trend, campaigns })
}

/// How many appeals are overdue, of those that somebody sees.
pub async fn overdue(app: &App, who: &Actor) -> Result<i64> {
    let filter = appeal::desk::Filter { overdue: true, limit: 1, ..appeal::desk::Filter::default() };
    Ok(counted(&appeal::desk::list(app, who, &filter).await?))
}

fn counted<T>(page: &crate::http::api::Page<T>) -> i64 {
    page.total.or(page.total_at_least).unwrap_or_default()
}

/// The Monday with which the trend begins.
fn week_start(zone: &Zone, now: Time) -> Time {
    let today = zone.day(now).0;
    let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).unwrap_or(today);
    let first = monday.checked_sub(((WEEKS - 1) * 7).days()).unwrap_or(monday);
    Day(first).start(&zone.time_zone())
}

fn trend(counts: BTreeMap<i64, (i64, i64)>, zone: &Zone, now: Time) -> Vec<Week> {
    let first = zone.day(week_start(zone, now)).0;
    (0..WEEKS)
        .map(|n| {
            let (opened, closed) = counts.get(&n).copied().unwrap_or_default();
            Week { from: Day(first.checked_add((n * 7).days()).unwrap_or(first)), opened, closed }
        })
        .collect()
}

/// Sets together how long each kind of holder had each record.
pub fn held(handovers: &[store::Handover], now: Time, calendar: &almanac::Calendar) -> Vec<Held> {
    let mut all: BTreeMap<Holder, (i64, i64)> = BTreeMap::new();
    for records in handovers.chunk_by(|a, b| a.owner_id == b.owner_id) {
        let steps: Vec<_> = records.iter().map(|step| (step.at.stamp(), step.holder.clone())).collect();
        let until = records.first().and_then(|step| step.closed_at).unwrap_or(now);
        for (holder, days) in almanac::held(&steps, until.stamp(), calendar) {
            let Some(holder) = Holder::parse(&holder) else { continue };
            let (appeals, sum) = all.entry(holder).or_default();
            *appeals += 1;
            *sum += days;
        }
    }
    let average =
        |(holder, (appeals, sum)): (Holder, (i64, i64))| Held { holder, appeals, days: sum as f64 / appeals as f64 };
    all.into_iter().map(average).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_open_status_is_counted_once() {
        for status in Status::ALL {
            let mut row = Row::default();
            row.add(*status, 3);
            let counted = if status.is_open() && *status != Status::Draft { 3 } else { 0 };
            assert_eq!(row.total(), counted, "{status}");
        }
    }

    #[test]
    fn who_held_a_record_is_told_in_working_days() {
        let at = |text: &str| Time::of(format!("{text}+08:00").parse().expect("a time"));
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let step = |owner_id, day: &str, holder: &str, closed: Option<&str>| store::Handover {
            owner_id,
            at: at(day),
            holder: holder.into(),
            closed_at: closed.map(at),
        };
        let handovers = [
            step(a, "2026-11-02T09:00:00", "desk", Some("2026-11-06T17:00:00")),
            step(a, "2026-11-03T09:00:00", "department", Some("2026-11-06T17:00:00")),
            step(b, "2026-11-09T09:00:00", "department", None),
        ];
        let held = held(&handovers, at("2026-11-10T12:00:00"), &almanac::Calendar::built_in());
        let of = |holder| held.iter().find(|held| held.holder == holder).map(|held| (held.appeals, held.days));
        assert_eq!(of(Holder::Desk), Some((1, 1.0)));
        assert_eq!(of(Holder::Department), Some((2, 2.0)), "three days and one");
        assert_eq!(of(Holder::Law), None);
    }
}
