//! What can be asked of the figures.

use super::records::{self, Span};
use super::{By, Chapter, Figure, Group, Key, Metric, Of, Part, READERS, Record};
use crate::actor::Actor;
use crate::app::App;
use crate::continuity::desk as continuity;
use crate::continuity::{Board, Light, Line, State, Tile};
use crate::days::Days;
use crate::error::{Error, Result};
use crate::http::api::Page;
use crate::list::{Key as SortKey, Walk};
use crate::subject::SubjectKind;
use crate::time::{Day, Time};
use crate::zone::Zone;
use ::store::{FromRow, Row, Sql, Tx, from_row, sql};
use std::collections::HashMap;
use uuid::Uuid;

/// Points of a trend.
const POINTS: i64 = 12;
/// Days of a figure when nobody says which.
const DAYS: i64 = 30;

/// The days that somebody asks for: the last thirty when he does not say.
pub async fn days(tx: &mut Tx, zone: Uuid, now: Time, from: Option<Day>, to: Option<Day>) -> Result<Days> {
    Days::asked(&Zone::get(tx, zone).await?, now, from, to, DAYS)
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
    let mut over = Over::new(app, who, days).await?;
    match by {
        Some(by) => over.parts(key, by).await,
        None => Ok(Counted { figure: over.figure(key).await?, groups: Vec::new() }),
    }
}

/// The figures of some days as somebody reads them: what several of them need is asked once.
struct Over<'a> {
    app: &'a App,
    who: &'a Actor,
    days: Days,
    span: Span,
    tx: Tx,
    /// The board of the last day, once a figure of the lights asked for it.
    board: Option<Board>,
}

impl<'a> Over<'a> {
    async fn new(app: &'a App, who: &'a Actor, days: Days) -> Result<Self> {
        let mut tx = app.read().await?;
        let (from, to) = days.bounds(&Zone::get(&mut tx, who.zone_id).await?.time_zone())?;
        Ok(Self { app, who, days, span: Span { from, to, now: app.now() }, tx, board: None })
    }

    /// The statement of a figure; none of the lights, which are read from the board.
    async fn records(&mut self, key: Key) -> Result<Option<Sql>> {
        records::of(&mut self.tx, self.who, key, &self.span).await
    }

    async fn figure(&mut self, key: Key) -> Result<Figure> {
        match self.records(key).await? {
            Some(records) => totals(&mut self.tx, records).await,
            None => {
                let mut figure = Figure::default();
                for (_, light) in lines(self.board().await?, key) {
                    figure.numerator += i64::from(goes_on(light));
                    figure.denominator += 1;
                }
                Ok(figure)
            }
        }
    }

    /// The parts of a figure, and the whole that they make.
    async fn parts(&mut self, key: Key, by: By) -> Result<Counted> {
        if !key.splits().contains(&by) {
            return Err(Error::field("by", "not_for_figure"));
        }
        let groups: Vec<GroupRow> = match self.records(key).await? {
            Some(records) => self.tx.list(grouped(records, by, self.who.zone_id)).await?,
            None => parts_of(&self.lit(key).await?, by),
        };
        let mut figure = Figure::default();
        for group in &groups {
            figure.numerator += group.numerator;
            figure.denominator += group.denominator;
        }
        Ok(Counted { figure, groups })
    }

    async fn board(&mut self) -> Result<&Board> {
        let board = match self.board.take() {
            Some(board) => board,
            None => continuity::board(self.app, self.who, Some(self.days.to)).await?,
        };
        Ok(self.board.insert(board))
    }

    /// The lines that a figure of the lights counts, by name, with where their subjects stand.
    async fn lit(&mut self, key: Key) -> Result<Vec<Lit>> {
        let mut query = Sql::from(
            "SELECT p.id, p.department_id, d.short_name AS department, p.carrier_id, c.short_name AS carrier FROM (SELECT e.id, e.zone_id, e.carrier_id, ",
        );
        query.append(records::department_of(&self.span)).push(" AS department_id FROM enterprise e WHERE e.zone_id = ");
        query.arg(self.who.zone_id).push(
            ") p LEFT JOIN department d ON d.zone_id = p.zone_id AND d.id = p.department_id
                 LEFT JOIN carrier c ON c.zone_id = p.zone_id AND c.id = p.carrier_id",
        );
        let places: Vec<Place> = self.tx.list(query).await?;
        let places: HashMap<Uuid, Place> = places.into_iter().map(|place| (place.id, place)).collect();
        let at = self.span.at();
        let lit = |(tile, light): (&Tile, &Light)| {
            let place = places.get(&tile.id);
            Lit {
                record: Record {
                    id: tile.id,
                    of: if tile.kind == SubjectKind::Project { Of::Project } else { Of::Enterprise },
                    number: None,
                    name: tile.name.clone(),
                    subject: Some(tile.name.clone()),
                    department: place.and_then(|place| place.department.clone()),
                    carrier: place.and_then(|place| place.carrier.clone()),
                    at: light.at.unwrap_or(at),
                    counts: goes_on(light),
                },
                department_id: place.and_then(|place| place.department_id),
                carrier_id: place.and_then(|place| place.carrier_id),
            }
        };
        let mut all: Vec<Lit> = lines(self.board().await?, key).map(lit).collect();
        all.sort_by(|a, b| (&a.record.name, a.record.id).cmp(&(&b.record.name, b.record.id)));
        Ok(all)
    }
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

/// The lines of the board that a figure of the lights counts: those that should go on.
fn lines(board: &Board, key: Key) -> impl Iterator<Item = (&Tile, &Light)> {
    let (kinds, line): (&[SubjectKind], Line) = match key {
        Key::ProductionRunningRate => (&[SubjectKind::Enterprise], Line::Production),
        Key::ConstructionRunningRate => (&[SubjectKind::Project], Line::Works),
        _ => (&[SubjectKind::Enterprise, SubjectKind::Project], Line::Transport),
    };
    board.tiles().filter(move |tile| kinds.contains(&tile.kind)).filter_map(move |tile| {
        let light = tile.lights.iter().find(|light| light.line == line)?;
        (!matches!(light.state, State::NotApplicable | State::SuspendedFiled)).then_some((tile, light))
    })
}

/// Whether a line goes on, fully or in part.
const fn goes_on(light: &Light) -> bool {
    matches!(light.state, State::Running | State::Reduced)
}

/// The parts of a figure of the lights, the greatest first.
fn parts_of(lit: &[Lit], by: By) -> Vec<GroupRow> {
    let mut groups: Vec<GroupRow> = Vec::new();
    for one in lit {
        let hit = i64::from(one.record.counts);
        let (id, name) = match by {
            By::Carrier => (one.carrier_id, &one.record.carrier),
            _ => (one.department_id, &one.record.department),
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
    groups
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

/// Every figure of the catalogue, in its chapters.
pub async fn catalogue(app: &App, who: &Actor, days: Days) -> Result<Vec<(Chapter, Vec<Compared>)>> {
    who.must(READERS)?;
    let mut now = Over::new(app, who, days).await?;
    let mut earlier = Vec::new();
    for days in [days.before(), days.year_before()] {
        earlier.push(match days {
            Some(days) => Some(Over::new(app, who, days).await?),
            None => None,
        });
    }
    let mut chapters = Vec::new();
    for chapter in Chapter::ALL {
        let mut all = Vec::new();
        for &key in Key::ALL.iter().filter(|key| key.chapter() == *chapter) {
            let mut found = [None, None];
            for (over, into) in earlier.iter_mut().zip(&mut found) {
                if let Some(over) = over.as_mut().filter(|_| key.has_past()) {
                    *into = Some((over.days, over.figure(key).await?));
                }
            }
            let [before, year_before] = found;
            all.push(Compared { key, now: now.figure(key).await?, before, year_before });
        }
        chapters.push((*chapter, all));
    }
    Ok(chapters)
}

/// A figure with all that its page tells.
#[derive(Clone, Debug)]
pub struct Detail {
    /// Beside what it was.
    pub compared: Compared,
    /// Its parts.
    pub groups: Vec<GroupRow>,
    /// Over periods of the same length, see [`trend`].
    pub points: Vec<(Days, Figure)>,
}

/// A figure with its parts, its trend, and what it was a year ago.
pub async fn detail(app: &App, who: &Actor, key: Key, days: Days, by: By) -> Result<Detail> {
    let groups = counted(app, who, key, days, Some(by)).await?.groups;
    let points = trend(app, who, key, days).await?;
    let year_before = match days.year_before().filter(|_| key.has_past()) {
        Some(earlier) => Some((earlier, counted(app, who, key, earlier, None).await?.figure)),
        None => None,
    };
    // The trend ends with the days themselves, and with those before them.
    let mut last = points.iter().rev().copied();
    let now = last.next().map(|(_, figure)| figure).unwrap_or_default();
    let compared = Compared { key, now, before: last.next(), year_before };
    Ok(Detail { compared, groups, points })
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
    let mut over = Over::new(app, who, asked.days).await?;
    let Some(records) = over.records(asked.key).await? else {
        return lit_page(over.lit(asked.key).await?, asked, group.as_ref());
    };
    let (mut tx, of) = (over.tx, asked.key.of());
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
    let mut over = Over::new(app, &rule, days).await?;
    let Some(records) = over.records(key).await? else {
        return Ok(lines(over.board().await?, key).map(|(tile, light)| (tile.id, goes_on(light))).collect());
    };
    let mut query = Sql::from("SELECT r.id, CAST(r.hit AS bigint) FROM (");
    query.append(records).push(") r ORDER BY r.id");
    let rows: Vec<(Uuid, i64)> = over.tx.list(query).await?;
    Ok(rows.into_iter().map(|(id, hit)| (id, hit == 1)).collect())
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
