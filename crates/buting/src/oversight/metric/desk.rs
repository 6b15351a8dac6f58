//! What can be asked of the figures.

use super::records::{self, Span};
use super::{By, Chapter, Figure, Group, Key, Metric, Of, Part, READERS, Record};
use crate::actor::Actor;
use crate::app::App;
use crate::continuity::desk as continuity;
use crate::continuity::{Line, State};
use crate::error::{Error, FieldError, Result};
use crate::http::api::Page;
use crate::list::{Key as SortKey, Walk};
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::zone::Zone;
use ::store::{FromRow, Row, Sql, Tx, from_row, sql};
use jiff::{Span as Stretch, ToSpan as _};
use std::collections::HashMap;
use uuid::Uuid;

/// Points of a trend.
const POINTS: i64 = 12;
/// Days of a figure when nobody says which.
const DAYS: i64 = 30;

/// Days, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Day,
    /// The last.
    pub to: Day,
}

impl Days {
    /// How many.
    pub fn count(self) -> i64 {
        self.from.0.until(self.to.0).map_or(0, |span| i64::from(span.get_days())) + 1
    }

    fn moved(self, by: Stretch) -> Option<Self> {
        Some(Self { from: Day(self.from.0.checked_add(by).ok()?), to: Day(self.to.0.checked_add(by).ok()?) })
    }

    /// Whole calendar months, which are compared with months.
    fn is_months(self) -> bool {
        self.from.0.day() == 1 && self.to.0.tomorrow().is_ok_and(|next| next.day() == 1)
    }

    fn months(self) -> i32 {
        let (from, to) = (self.from.0, self.to.0);
        i32::from(to.year() - from.year()) * 12 + i32::from(to.month()) - i32::from(from.month()) + 1
    }

    /// As many days (or whole months) before them.
    pub fn before(self) -> Option<Self> {
        if self.is_months() {
            let from = self.from.0.checked_sub(self.months().months()).ok()?;
            return Some(Self { from: Day(from), to: Day(self.from.0.yesterday().ok()?) });
        }
        self.moved((-self.count()).days())
    }

    /// The same days a year before (the last of February for the 29th).
    pub fn year_before(self) -> Option<Self> {
        let mut earlier = self.moved((-1).years())?;
        if self.is_months() {
            earlier.to = Day(earlier.to.0.last_of_month());
        }
        Some(earlier)
    }
}

/// The days that somebody asks for: the last thirty when he does not say.
pub async fn days(tx: &mut Tx, zone: Uuid, now: Time, from: Option<Day>, to: Option<Day>) -> Result<Days> {
    let to = match to {
        Some(to) => to,
        None => Zone::get(tx, zone).await?.day(now),
    };
    let from = match from {
        Some(from) => from,
        None => Day(to.0.checked_sub((DAYS - 1).days()).map_err(|_| Error::field("to", "unreadable"))?),
    };
    if from > to {
        return Err(Error::Invalid(vec![FieldError::new("from", "after_to")]));
    }
    Ok(Days { from, to })
}

/// The instants of days in the zone's time.
async fn span(tx: &mut Tx, zone: Uuid, now: Time, days: Days) -> Result<Span> {
    let time_zone = Zone::get(tx, zone).await?.time_zone();
    let end = Day(days.to.0.tomorrow().map_err(|_| Error::field("to", "unreadable"))?);
    Ok(Span { from: days.from.start(&time_zone), to: end.start(&time_zone), now })
}

/// A figure and, when asked for, its parts.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The whole.
    pub figure: Figure,
    /// Its parts, the greatest first.
    pub groups: Vec<GroupRow>,
}

/// A part of a figure.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// The department, carrier or disruption.
    pub id: Option<Uuid>,
    /// Its short name.
    pub name: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// What counts.
    pub numerator: i64,
    /// Of what.
    pub denominator: i64,
}

from_row!(GroupRow { id, name, category, numerator, denominator });

impl GroupRow {
    /// Its figure.
    pub const fn figure(&self) -> Figure {
        Figure { numerator: self.numerator, denominator: self.denominator }
    }

    /// The word that asks for its list.
    pub fn asked(&self) -> String {
        self.id.map(|id| id.to_string()).or_else(|| self.category.clone()).unwrap_or_else(|| NONE.to_owned())
    }
}

/// The word of the part that has none: what nobody leads, what sits in no carrier.
pub const NONE: &str = "none";

/// Reckons a figure; its parts as well, when told by what.
pub async fn counted(app: &App, who: &Actor, key: Key, days: Days, by: Option<By>) -> Result<Counted> {
    who.must(READERS)?;
    if by.is_some_and(|by| !key.splits().contains(&by)) {
        return Err(Error::field("by", "not_for_figure"));
    }
    let mut tx = app.read().await?;
    let span = span(&mut tx, who.zone_id, app.now(), days).await?;
    let Some((records, _)) = records::of(&mut tx, who, key, &span).await? else {
        let lit = lit(app, who, &mut tx, key, days, &span).await?;
        return Ok(sum_up(&lit, by));
    };
    let figure = totals(&mut tx, records.clone()).await?;
    let groups = match by {
        Some(by) => tx.list(grouped(records, by, who.zone_id)).await?,
        None => Vec::new(),
    };
    Ok(Counted { figure, groups })
}

async fn totals(tx: &mut Tx, records: Sql) -> Result<Figure> {
    let mut query = Sql::from("SELECT CAST(coalesce(sum(r.hit), 0) AS bigint), count(*) FROM (");
    query.append(records).push(") r");
    let (numerator, denominator): (i64, i64) = tx.one(query).await?;
    Ok(Figure { numerator, denominator })
}

fn grouped(records: Sql, by: By, zone: Uuid) -> Sql {
    const SUMS: &str = ", CAST(coalesce(sum(r.hit), 0) AS bigint) AS numerator, count(*) AS denominator FROM (";
    let (table, column) = match by {
        By::Category => {
            let mut query =
                Sql::from("SELECT CAST(NULL AS uuid) AS id, CAST(NULL AS text) AS name, r.category AS category");
            query.push(SUMS).append(records).push(") r GROUP BY r.category ORDER BY 5 DESC, 3");
            return query;
        }
        By::Department => ("d.short_name", " LEFT JOIN department d ON d.id = r.department_id AND d.zone_id = "),
        By::Carrier => ("d.short_name", " LEFT JOIN carrier d ON d.id = r.carrier_id AND d.zone_id = "),
        By::Disruption => ("d.name", " LEFT JOIN disruption d ON d.id = r.disruption_id AND d.zone_id = "),
    };
    let id = column_of(by);
    let mut query = Sql::from("SELECT ");
    query.push(id).push(" AS id, ").push(table).push(" AS name, CAST(NULL AS text) AS category").push(SUMS);
    query.append(records).push(") r").push(column).arg(zone);
    query.push(" GROUP BY ").push(id).push(", ").push(table).push(" ORDER BY 5 DESC, 2");
    query
}

const fn column_of(by: By) -> &'static str {
    match by {
        By::Department => "r.department_id",
        By::Carrier => "r.carrier_id",
        By::Category => "r.category",
        By::Disruption => "r.disruption_id",
    }
}

/// A record of a figure of the lights, which the board reckons.
struct Lit {
    record: Record,
    department_id: Option<Uuid>,
    carrier_id: Option<Uuid>,
}

/// Where an enterprise stands in the house.
struct Place {
    id: Uuid,
    department_id: Option<Uuid>,
    department: Option<String>,
    carrier_id: Option<Uuid>,
    carrier: Option<String>,
}

from_row!(Place { id, department_id, department, carrier_id, carrier });

/// Lines that a figure of the lights counts, by name.
async fn lit(app: &App, who: &Actor, tx: &mut Tx, key: Key, days: Days, span: &Span) -> Result<Vec<Lit>> {
    let (kinds, line): (&[SubjectKind], Line) = match key {
        Key::ProductionRunningRate => (&[SubjectKind::Enterprise], Line::Production),
        Key::ConstructionRunningRate => (&[SubjectKind::Project], Line::Works),
        _ => (&[SubjectKind::Enterprise, SubjectKind::Project], Line::Transport),
    };
    let mut query = Sql::from(
        "SELECT p.id, p.department_id, d.short_name AS department, p.carrier_id, c.short_name AS carrier FROM (SELECT e.id, e.zone_id, e.carrier_id, ",
    );
    query.append(records::department_of(span)).push(" AS department_id FROM enterprise e WHERE e.zone_id = ");
    query.arg(who.zone_id).push(
        ") p LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
             LEFT JOIN carrier c ON c.zone_id = p.zone_id AND c.id = p.carrier_id",
    );
    let places: Vec<Place> = tx.list(query).await?;
    let places: HashMap<Uuid, Place> = places.into_iter().map(|place| (place.id, place)).collect();
    let board = continuity::board(app, who, Some(days.to)).await?;
    let mut all = Vec::new();
    for tile in board.tiles().filter(|tile| kinds.contains(&tile.kind)) {
        let Some(light) = tile.lights.iter().find(|light| light.line == line) else { continue };
        if matches!(light.state, State::NotApplicable | State::SuspendedFiled) {
            continue;
        }
        let place = places.get(&tile.id);
        all.push(Lit {
            record: Record {
                id: tile.id,
                of: if tile.kind == SubjectKind::Project { Of::Project } else { Of::Enterprise },
                number: None,
                name: tile.name.clone(),
                subject: Some(tile.name.clone()),
                department: place.and_then(|place| place.department.clone()),
                carrier: place.and_then(|place| place.carrier.clone()),
                at: light.at.unwrap_or(span.at()),
                counts: matches!(light.state, State::Running | State::Reduced),
            },
            department_id: place.and_then(|place| place.department_id),
            carrier_id: place.and_then(|place| place.carrier_id),
        });
    }
    all.sort_by(|a, b| (&a.record.name, a.record.id).cmp(&(&b.record.name, b.record.id)));
    Ok(all)
}

fn sum_up(lit: &[Lit], by: Option<By>) -> Counted {
    let mut figure = Figure::default();
    let mut groups: Vec<GroupRow> = Vec::new();
    for one in lit {
        let hit = i64::from(one.record.counts);
        figure.numerator += hit;
        figure.denominator += 1;
        let (id, name) = match by {
            Some(By::Department) => (one.department_id, &one.record.department),
            Some(By::Carrier) => (one.carrier_id, &one.record.carrier),
            _ => continue,
        };
        match groups.iter_mut().find(|group| group.id == id) {
            Some(group) => {
                group.numerator += hit;
                group.denominator += 1;
            }
            None => groups.push(GroupRow { id, name: name.clone(), category: None, numerator: hit, denominator: 1 }),
        }
    }
    groups.sort_by(|a, b| b.denominator.cmp(&a.denominator).then_with(|| a.name.cmp(&b.name)));
    Counted { figure, groups }
}

/// Reckons a figure over days (both counted; the last thirty when not said), with the
/// addresses of its lists.
pub async fn metric(
    app: &App,
    who: &Actor,
    key: Key,
    from: Option<Day>,
    to: Option<Day>,
    by: Option<By>,
) -> Result<Metric> {
    who.must(READERS)?;
    let days = days(&mut app.read().await?, who.zone_id, app.now(), from, to).await?;
    let counted = counted(app, who, key, days, by).await?;
    let group = |by: By, row: GroupRow| Group {
        link: list_href(key, days, Part::Whole, Some((by, &row.asked()))),
        rate: if key.is_count() { None } else { row.figure().rate() },
        id: row.id,
        category: row.category,
        name: row.name,
        numerator: row.numerator,
        denominator: row.denominator,
    };
    let groups = by.map_or_else(Vec::new, |by| counted.groups.into_iter().map(|row| group(by, row)).collect());
    Ok(Metric {
        key,
        from: days.from,
        to: days.to,
        numerator: counted.figure.numerator,
        denominator: counted.figure.denominator,
        rate: if key.is_count() { None } else { counted.figure.rate() },
        link: list_href(key, days, Part::Whole, None),
        groups,
    })
}

/// The address of the list behind a number.
pub fn list_href(key: Key, days: Days, part: Part, of: Option<(By, &str)>) -> String {
    let mut href = format!("/figures/{key}/list?from={}&to={}", days.from, days.to);
    if part != Part::Whole {
        href.push_str(&format!("&part={part}"));
    }
    if let Some((by, group)) = of {
        href.push_str(&format!("&by={by}&group={}", crate::http::page::encode(group)));
    }
    href
}

/// A figure beside what it was.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Which.
    pub key: Key,
    /// On the days.
    pub now: Figure,
    /// On as many days before.
    pub before: Option<(Days, Figure)>,
    /// On the same days a year ago.
    pub year_before: Option<(Days, Figure)>,
}

/// A figure beside what it was before and a year ago.
pub async fn compared(app: &App, who: &Actor, key: Key, days: Days) -> Result<Compared> {
    let now = counted(app, who, key, days, None).await?.figure;
    let (mut before, mut year_before) = (None, None);
    if key.has_past() {
        for (earlier, into) in [(days.before(), &mut before), (days.year_before(), &mut year_before)] {
            if let Some(earlier) = earlier {
                *into = Some((earlier, counted(app, who, key, earlier, None).await?.figure));
            }
        }
    }
    Ok(Compared { key, now, before, year_before })
}

/// Every figure of the catalogue, in its chapters.
pub async fn catalogue(app: &App, who: &Actor, days: Days) -> Result<Vec<(Chapter, Vec<Compared>)>> {
    who.must(READERS)?;
    let mut chapters = Vec::new();
    for chapter in Chapter::ALL {
        let mut all = Vec::new();
        for key in Key::ALL.iter().filter(|key| key.chapter() == *chapter) {
            all.push(compared(app, who, *key, days).await?);
        }
        chapters.push((*chapter, all));
    }
    Ok(chapters)
}

/// A figure over periods of the same length (months, when the days are whole months), the
/// last of them the days themselves; those before anything was counted are left out.
pub async fn trend(app: &App, who: &Actor, key: Key, days: Days) -> Result<Vec<(Days, Figure)>> {
    let mut points = Vec::new();
    let mut some = Some(days);
    let wanted = if key.has_past() { POINTS } else { 1 };
    for _ in 0..wanted {
        let Some(days) = some else { break };
        points.push((days, counted(app, who, key, days, None).await?.figure));
        some = days.before();
    }
    // Nothing is drawn of the time before there was anything to count.
    while points.len() > 2 && points.last().is_some_and(|(_, figure)| figure.denominator == 0) {
        points.pop();
    }
    points.reverse();
    Ok(points)
}

/// What the list behind a number is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which figure.
    pub key: Key,
    /// Over which days.
    pub days: Days,
    /// Which of its records.
    pub part: Part,
    /// Of which part of the house: a department, carrier, category, disruption, or [`NONE`].
    pub group: Option<(By, String)>,
    /// The order.
    pub sort: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many.
    pub limit: i64,
}

/// What a list of records is sorted by.
const KEYS: &[SortKey] = &[SortKey::number("at", "r.at"), SortKey::text("name", "r.name")];

/// The records that a number counts: exactly so many.
pub async fn list(app: &App, who: &Actor, asked: &Asked) -> Result<Page<Record>> {
    who.must(READERS)?;
    let group = match &asked.group {
        Some((by, _)) if !asked.key.splits().contains(by) => return Err(Error::field("by", "not_for_figure")),
        Some((by, word)) => Some((*by, Wanted::read(*by, word)?)),
        None => None,
    };
    let mut tx = app.read().await?;
    let span = span(&mut tx, who.zone_id, app.now(), asked.days).await?;
    let Some((records, of)) = records::of(&mut tx, who, asked.key, &span).await? else {
        let lit = lit(app, who, &mut tx, asked.key, asked.days, &span).await?;
        return lit_page(lit, asked, group.as_ref());
    };
    let mut from = Sql::from(" FROM (");
    from.append(records).push(") r LEFT JOIN department d ON d.id = r.department_id AND d.zone_id = ").arg(who.zone_id);
    from.push(" LEFT JOIN carrier c ON c.id = r.carrier_id AND c.zone_id = ").arg(who.zone_id).push(" WHERE TRUE");
    match asked.part {
        Part::Whole => {}
        Part::Hit => drop(from.push(" AND r.hit = 1")),
        Part::Rest => drop(from.push(" AND r.hit = 0")),
    }
    if let Some((by, wanted)) = &group {
        from.push(" AND ").push(column_of(*by));
        match wanted {
            Wanted::Nothing => drop(from.push(" IS NULL")),
            Wanted::Id(id) => drop(from.push(" = ").arg(*id)),
            Wanted::Word(word) => drop(from.push(" = ").arg(word.as_str())),
        }
    }
    let mut count = Sql::from("SELECT count(*)");
    count.append(from.clone());
    let total: i64 = tx.value(count).await?;
    let walk = Walk::read(KEYS, "-at", asked.sort.as_deref(), asked.cursor.as_deref(), asked.limit)?;
    let mut query = Sql::from(
        "SELECT r.id, r.target_id, CAST(r.hit AS bigint) AS hit, r.at, r.number, r.name, r.subject, d.short_name AS department, c.short_name AS carrier",
    );
    walk.column(&mut query);
    query.append(from);
    let (rows, next_cursor): (Vec<RecordRow>, _) = walk.list(&mut tx, query, "r.id").await?;
    let items = rows.into_iter().map(|row| row.record(of)).collect();
    Ok(Page { items, next_cursor, total: Some(total), total_at_least: None })
}

enum Wanted {
    Nothing,
    Id(Uuid),
    Word(String),
}

impl Wanted {
    fn read(by: By, word: &str) -> Result<Self> {
        match (by, word) {
            (_, NONE) => Ok(Self::Nothing),
            (By::Category, word) => Ok(Self::Word(word.to_owned())),
            (_, id) => Uuid::parse_str(id).map(Self::Id).map_err(|_| Error::field("group", "unknown")),
        }
    }
}

struct RecordRow(Record, i64);

impl FromRow for RecordRow {
    fn from_row(row: &Row) -> ::store::Result<Self> {
        let record = Record {
            id: row.get("target_id")?,
            of: Of::Appeal,
            number: row.get("number")?,
            name: row.get("name")?,
            subject: row.get("subject")?,
            department: row.get("department")?,
            carrier: row.get("carrier")?,
            at: row.get("at")?,
            counts: false,
        };
        Ok(Self(record, row.get("hit")?))
    }
}

impl RecordRow {
    fn record(self, of: Of) -> Record {
        Record { of, counts: self.1 == 1, ..self.0 }
    }
}

/// A page of what is held in memory; its cursor is how many came before.
fn lit_page(mut lit: Vec<Lit>, asked: &Asked, group: Option<&(By, Wanted)>) -> Result<Page<Record>> {
    lit.retain(|one| match asked.part {
        Part::Whole => true,
        Part::Hit => one.record.counts,
        Part::Rest => !one.record.counts,
    });
    if let Some((by, wanted)) = group {
        lit.retain(|one| {
            let id = if *by == By::Carrier { one.carrier_id } else { one.department_id };
            match wanted {
                Wanted::Id(wanted) => id == Some(*wanted),
                _ => id.is_none(),
            }
        });
    }
    let skip: usize = match asked.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => cursor.parse().map_err(|_| Error::field("cursor", "unreadable"))?,
        None => 0,
    };
    let (total, limit) = (lit.len(), usize::try_from(asked.limit).unwrap_or_default());
    let items: Vec<Record> = lit.into_iter().skip(skip).take(limit).map(|one| one.record).collect();
    let next_cursor = (skip + items.len() < total).then(|| (skip + items.len()).to_string());
    Ok(Page { items, next_cursor, total: Some(total as i64), total_at_least: None })
}

/// Every record of a figure, with whether it counts: what a freeze keeps. Reckoned for the
/// whole zone, whoever asks.
pub(super) async fn members(app: &App, zone: Uuid, key: Key, days: Days) -> Result<Vec<(Uuid, bool)>> {
    let rule = Actor::rule(zone);
    let mut tx = app.read().await?;
    let span = span(&mut tx, zone, app.now(), days).await?;
    let Some((records, _)) = records::of(&mut tx, &rule, key, &span).await? else {
        let lit = lit(app, &rule, &mut tx, key, days, &span).await?;
        return Ok(lit.into_iter().map(|one| (one.record.id, one.record.counts)).collect());
    };
    let mut query = Sql::from("SELECT r.id, CAST(r.hit AS bigint) FROM (");
    query.append(records).push(") r ORDER BY r.id");
    let rows: Vec<(Uuid, i64)> = tx.list(query).await?;
    Ok(rows.into_iter().map(|(id, hit)| (id, hit == 1)).collect())
}

/// What a record of a figure is.
pub(super) async fn of(app: &App, zone: Uuid, key: Key, days: Days) -> Result<Of> {
    let mut tx = app.read().await?;
    let span = span(&mut tx, zone, app.now(), days).await?;
    let found = records::of(&mut tx, &Actor::rule(zone), key, &span).await?;
    Ok(found.map_or(Of::Enterprise, |(_, of)| of))
}

/// The categories by their word, to be told by name.
pub async fn category_names(tx: &mut Tx, zone: Uuid) -> Result<HashMap<String, Option<String>>> {
    let all = crate::appeal::desk::categories(tx, zone).await?;
    Ok(all.into_iter().map(|category| (category.key, category.name)).collect())
}

/// The name of a disruption, carrier or department that a list is of.
pub async fn group_name(tx: &mut Tx, zone: Uuid, by: By, id: Uuid) -> Result<Option<String>> {
    let text = match by {
        By::Department => "SELECT short_name FROM department WHERE zone_id = $1 AND id = $2",
        By::Carrier => "SELECT short_name FROM carrier WHERE zone_id = $1 AND id = $2",
        By::Disruption => "SELECT name FROM disruption WHERE zone_id = $1 AND id = $2",
        By::Category => return Ok(None),
    };
    Ok(tx.opt_value(sql!(text, zone, id)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> Days {
        Days { from: Day::read(from).expect("a day"), to: Day::read(to).expect("a day") }
    }

    #[test]
    fn what_a_period_is_compared_with() {
        for (from, to, before, year_before) in [
            // Whole months with whole months.
            ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31"), ("2025-11-01", "2025-11-30")),
            ("2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
            ("2028-02-01", "2028-02-29", ("2028-01-01", "2028-01-31"), ("2027-02-01", "2027-02-28")),
            ("2025-02-01", "2025-02-28", ("2025-01-01", "2025-01-31"), ("2024-02-01", "2024-02-29")),
            ("2026-07-01", "2026-09-30", ("2026-04-01", "2026-06-30"), ("2025-07-01", "2025-09-30")),
            // Days with as many days.
            ("2026-11-23", "2026-11-29", ("2026-11-16", "2026-11-22"), ("2025-11-23", "2025-11-29")),
            ("2026-11-01", "2026-11-29", ("2026-10-03", "2026-10-31"), ("2025-11-01", "2025-11-29")),
        ] {
            let these = days(from, to);
            assert_eq!(these.before(), Some(days(before.0, before.1)), "{from} to {to}");
            assert_eq!(these.year_before(), Some(days(year_before.0, year_before.1)), "{from} to {to}");
        }
        assert_eq!(days("2026-11-01", "2026-11-30").count(), 30);
    }
}
