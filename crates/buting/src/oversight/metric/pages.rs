use super::desk::{self, Asked, Compared, Detail, GroupRow, NONE, list_href};
use super::freeze::{self, Freeze, NewFreeze};
use super::{By, Chapter, Figure, Key, Part, READERS, Record, told};
use crate::appeal::desk as appeals;
use crate::appeal::policy::Category;
use crate::appeal::rows::category_name;
use crate::days::Days;
use crate::error::{Error, Result};
use crate::http::api::{MAX_LIMIT, Page};
use crate::http::cx::Cx;
use crate::http::form::{Form, Posted, id_of};
use crate::http::page::{self, PageResult, Shell, go, html, html_with};
use crate::http::part::Html;
use crate::http::routes::{Access, Routes};
use crate::http::table::{self, Cell, File, Piece, Table};
use crate::list::{Column, Columns};
use crate::oversight::reading::action_text;
use crate::time::Day;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan as _;
use uuid::Uuid;

/// Rows of a list: a screen without scrolling.
const ROWS: i64 = 20;

pub fn routes(routes: &mut Routes) {
    let readers = Access::only(READERS);
    routes
        .get("/figures", readers, catalogue)
        .get("/figures/export", readers, export)
        .get("/figures/frozen", readers, freezes)
        .get("/figures/frozen/{id}", readers, frozen)
        .get("/figures/{key}", readers, figure)
        .post("/figures/{key}", readers, freeze_one)
        .get("/figures/{key}/chart.svg", readers, chart)
        .get("/figures/{key}/list", readers, list)
        .get("/figures/{key}/list/export", readers, export_list);
}

fn key_of(key: &str) -> Result<Key> {
    Key::parse(key).ok_or(Error::NotFound)
}

/// The days that the address asks for; the usual ones, and a sentence, when it asks for none
/// that there are.
async fn days_of(cx: &Cx, query: &mut Form) -> Result<(Days, bool)> {
    let (from, to) = (query.day("from"), query.day("to"));
    let unread = query.has_error("from") || query.has_error("to");
    let mut tx = cx.read().await?;
    match desk::days(&mut tx, cx.who.zone_id, cx.now(), from, to).await {
        Ok(days) => Ok((days, unread)),
        Err(Error::Invalid(_)) => Ok((desk::days(&mut tx, cx.who.zone_id, cx.now(), None, None).await?, true)),
        Err(error) => Err(error),
    }
}

/// The periods that are asked for most: their text and days.
fn usual(today: Day) -> Vec<(&'static str, Days)> {
    let day = today.0;
    let first = day.first_of_month();
    let week = day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).unwrap_or(day);
    let last_month = first.yesterday().unwrap_or(first);
    let quarter = first.checked_sub(i64::from((first.month() - 1) % 3).months()).unwrap_or(first);
    let of = |from, to| Days { from: Day(from), to: Day(to) };
    vec![
        ("figures-week", of(week, day)),
        ("figures-month", of(first, day)),
        ("figures-last-month", of(last_month.first_of_month(), last_month)),
        ("figures-quarter", of(quarter, day)),
        ("figures-year", of(day.first_of_year(), day)),
    ]
}

/// What the head of these pages offers of days.
struct Period {
    days: Days,
    usual: Vec<(&'static str, Days)>,
    wrong: bool,
}

impl Period {
    async fn of(cx: &Cx, s: &Shell, query: &mut Form) -> Result<Self> {
        let (days, wrong) = days_of(cx, query).await?;
        Ok(Self { days, usual: usual(s.now.day(&s.time_zone)), wrong })
    }

    /// The address of this page over other days.
    fn href(&self, s: &Shell, days: &Days) -> String {
        format!("{}?from={}&to={}", s.path, days.from, days.to)
    }

    fn is(&self, days: &Days) -> bool {
        self.days == *days
    }
}

fn value(s: &Shell, key: Key, figure: Figure) -> String {
    told(key, figure).unwrap_or_else(|| s.t("dash").into_owned())
}

/// How a figure differs from an earlier one: in words, and whether that is for the worse.
fn change(s: &Shell, key: Key, now: Figure, earlier: Figure) -> Option<(String, bool)> {
    let (a, b) = (now.height(key)?, earlier.height(key)?);
    if a == b {
        return Some((s.t("figures-same").into_owned(), false));
    }
    let by = (a - b).abs();
    let by =
        if key.is_count() { by.to_string() } else { s.with("figures-points", "n", format!("{}.{}", by / 10, by % 10)) };
    let worse = key.better_when_more().is_some_and(|more| more != (a > b));
    Some((s.with(if a > b { "figures-up" } else { "figures-down" }, "n", by), worse))
}

// ---- the catalogue ----

#[derive(Template)]
#[template(path = "oversight/figures.html")]
struct CataloguePage {
    s: Shell,
    period: Period,
    chapters: Vec<(Chapter, Vec<Compared>)>,
}

impl CataloguePage {
    fn value(&self, key: &Key, figure: &Figure) -> String {
        value(&self.s, *key, *figure)
    }

    fn change(&self, key: &Key, now: &Figure, earlier: &Figure) -> Option<(String, bool)> {
        change(&self.s, *key, *now, *earlier)
    }

    fn href(&self, key: &Key) -> String {
        format!("/figures/{key}?from={}&to={}", self.period.days.from, self.period.days.to)
    }

    fn list(&self, key: &Key, part: Part) -> String {
        list_href(*key, self.period.days, part, None)
    }

    fn export(&self) -> String {
        format!("/figures/export?from={}&to={}", self.period.days.from, self.period.days.to)
    }
}

async fn catalogue(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let s = Shell::of(&cx).await?;
        let period = Period::of(&cx, &s, &mut query).await?;
        let chapters = desk::catalogue(&cx.app, &cx.who, period.days).await?;
        html(&CataloguePage { s, period, chapters })
    })
    .await
}

/// A figure as a row of the file.
struct Told {
    compared: Compared,
    name: String,
    days: Days,
}

impl table::Row for Told {
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "figures-name", "指标"),
        Column::new("days", "figures-days", "统计期"),
        Column::new("numerator", "figures-numerator", "分子"),
        Column::new("denominator", "figures-denominator", "分母"),
        Column::new("value", "figures-value", "数值"),
        Column::new("before", "figures-before", "上期"),
        Column::new("year", "figures-year-before", "去年同期"),
    ];

    fn id(&self) -> Uuid {
        Uuid::nil()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        let key = self.compared.key;
        let earlier =
            |point: &Option<(Days, Figure)>| Cell::from(point.as_ref().map(|(_, figure)| value(s, key, *figure)));
        match column {
            "name" => self.name.clone().into(),
            "days" => format!("{} – {}", self.days.from, self.days.to).into(),
            "numerator" => self.compared.now.numerator.into(),
            "denominator" if key.is_count() => Cell::default(),
            "denominator" => self.compared.now.denominator.into(),
            "value" => value(s, key, self.compared.now).into(),
            "before" => earlier(&self.compared.before),
            "year" => earlier(&self.compared.year_before),
            _ => Cell::default(),
        }
    }
}

async fn export(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let mut query = Form::parse(cx.request.query.as_bytes());
        let (days, _) = days_of(&cx, &mut query).await?;
        let chapters = desk::catalogue(&cx.app, &cx.who, days).await?;
        let s = Shell::of(&cx).await?;
        let mut file = File::with(s, Columns::read(<Told as table::Row>::COLUMNS, &[]));
        let lang = crate::text::Lang::Zh;
        let rows: Vec<Told> = chapters
            .into_iter()
            .flat_map(|(_, all)| all)
            .map(|compared| Told { name: lang.word("metric", compared.key.word()).into_owned(), compared, days })
            .collect();
        file.add(&rows);
        file.answer(&cx, "指标", "metric").await
    })
    .await
}

// ---- one figure ----

/// A bar of the chart: where it stands, how high, what it says.
struct Bar {
    x: i64,
    y: f64,
    height: f64,
    label: String,
    value: String,
    last: bool,
}

/// Width of a point of the chart.
const WIDE: i64 = 56;
/// Height of the chart.
const HIGH: f64 = 110.0;

/// The bars of a trend. Rates stand on a scale to 100 %, numbers on one to the greatest.
fn bars(s: &Shell, key: Key, points: &[(Days, Figure)]) -> Vec<Bar> {
    let heights: Vec<i64> = points.iter().map(|(_, figure)| figure.height(key).unwrap_or_default()).collect();
    let top = if key.is_count() { heights.iter().copied().max().unwrap_or_default().max(1) } else { 1000 };
    let bar = |(n, (days, figure)): (usize, &(Days, Figure))| {
        let height = heights[n] as f64 / top as f64 * HIGH;
        let months = days.count() >= 28 && days.from.0.day() == 1;
        Bar {
            x: n as i64 * WIDE,
            y: HIGH + 16.0 - height,
            height,
            label: days.from.0.strftime(if months { "%Y-%m" } else { "%m-%d" }).to_string(),
            value: value(s, key, *figure),
            last: n + 1 == points.len(),
        }
    };
    points.iter().enumerate().map(bar).collect()
}

#[derive(Template)]
#[template(path = "oversight/_chart.svg", escape = "html")]
struct Chart {
    title: String,
    width: i64,
    bars: Vec<Bar>,
    /// Whether it stands alone, as a file.
    alone: bool,
}

impl Chart {
    fn of(s: &Shell, key: Key, points: &[(Days, Figure)], alone: bool) -> Self {
        let bars = bars(s, key, points);
        Self { title: s.word("metric", key).into_owned(), width: (bars.len() as i64).max(1) * WIDE, bars, alone }
    }

    fn middle(&self, bar: &Bar) -> i64 {
        bar.x + WIDE / 2
    }
}

#[derive(Template)]
#[template(path = "oversight/figure.html")]
struct FigurePage {
    s: Shell,
    period: Period,
    key: Key,
    compared: Compared,
    points: Vec<(Days, Figure)>,
    chart: Html<Chart>,
    by: By,
    groups: Vec<GroupRow>,
    categories: Vec<Category>,
    frozen: Vec<Freeze>,
    form: Form,
}

impl FigurePage {
    fn value(&self, figure: &Figure) -> String {
        value(&self.s, self.key, *figure)
    }

    fn change(&self, earlier: &Figure) -> Option<(String, bool)> {
        change(&self.s, self.key, self.compared.now, *earlier)
    }

    fn list(&self, part: Part) -> String {
        list_href(self.key, self.period.days, part, None)
    }

    fn list_of(&self, days: &Days) -> String {
        list_href(self.key, *days, Part::Whole, None)
    }

    fn group_list(&self, row: &GroupRow, part: Part) -> String {
        list_href(self.key, self.period.days, part, Some((self.by, &row.asked())))
    }

    fn group_value(&self, row: &GroupRow) -> String {
        value(&self.s, self.key, row.figure())
    }

    fn frozen_value(&self, one: &Freeze) -> String {
        value(&self.s, self.key, one.figure())
    }

    fn group_name(&self, row: &GroupRow) -> String {
        match (&row.name, &row.category) {
            (Some(name), _) => name.clone(),
            (None, Some(key)) => category_name(self.s.lang, &self.categories, key),
            (None, None) => self.s.word("figures-no", self.by).into_owned(),
        }
    }

    fn splits(&self) -> &'static [By] {
        self.key.splits()
    }

    fn unit(&self) -> &'static str {
        if self.key.is_count() { "figures-unit-count" } else { "figures-unit-rate" }
    }

    fn counted_when(&self) -> &'static str {
        if self.key.is_state() { "figures-period-state" } else { "figures-period-days" }
    }

    fn is_by(&self, by: &By) -> bool {
        self.by == *by
    }

    fn picture(&self) -> String {
        format!("/figures/{}/chart.svg?from={}&to={}", self.key, self.period.days.from, self.period.days.to)
    }

    /// The days, where a frozen figure of the whole period can be made.
    fn may_freeze(&self) -> bool {
        self.period.days.to <= self.s.now.day(&self.s.time_zone)
    }
}

async fn figure_shown(cx: &Cx, key: Key, form: Form, status: StatusCode) -> Result<Response> {
    let mut query = Form::parse(cx.request.query.as_bytes());
    let s = Shell::of(cx).await?;
    if !form.value("from").is_empty() {
        query = Form::filled(["from", "to"].map(|name| (name, form.value(name).to_owned())));
    }
    let period = Period::of(cx, &s, &mut query).await?;
    // Every figure is split by department, unless something else that its records have is asked.
    let by = By::parse(query.value("by")).filter(|by| key.splits().contains(by)).unwrap_or(By::Department);
    let Detail { compared, groups, points } = desk::detail(&cx.app, &cx.who, key, period.days, by).await?;
    let categories = appeals::categories(&mut cx.read().await?, cx.who.zone_id).await?;
    let frozen = freeze::list(&cx.app, &cx.who, Some(key), None, 5).await?.items;
    let chart = HtmlSafeOutput(Chart::of(&s, key, &points, false));
    html_with(status, &FigurePage { s, period, key, compared, points, chart, by, groups, categories, frozen, form })
}

async fn figure(cx: Cx, Path(key): Path<String>) -> PageResult {
    page::show(cx.lang, async { figure_shown(&cx, key_of(&key)?, Form::default(), StatusCode::OK).await }).await
}

async fn freeze_one(Path(key): Path<String>, Posted { cx, mut form }: Posted) -> PageResult {
    page::show(cx.lang, async {
        let key = key_of(&key)?;
        let (from, to) = (form.day("from"), form.day("to"));
        if let (Some(from), Some(to), false) = (from, to, form.failed()) {
            let new = NewFreeze { id: None, key, from, to, reason: form.opt_text("reason") };
            match freeze::freeze(&cx.app, &cx.who, new).await {
                Ok(id) | Err(Error::Replayed(id)) => {
                    return Ok(go(&format!("/figures/frozen/{id}"), "flash-figure-frozen"));
                }
                Err(error) => form.refused(error)?,
            }
        }
        figure_shown(&cx, key, form, StatusCode::UNPROCESSABLE_ENTITY).await
    })
    .await
}

/// The chart as a picture of its own.
async fn chart(cx: Cx, Path(key): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let key = key_of(&key)?;
        let mut query = Form::parse(cx.request.query.as_bytes());
        let (days, _) = days_of(&cx, &mut query).await?;
        let points = desk::trend(&cx.app, &cx.who, key, days).await?;
        let s = Shell::of(&cx).await?;
        let drawn = Chart::of(&s, key, &points, true).render().map_err(|e| Error::Internal(e.to_string()))?;
        let mut response = drawn.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
        let name = format!("attachment; filename=\"{key}-{}.svg\"", days.to);
        let name = HeaderValue::from_str(&name).map_err(|e| Error::Internal(e.to_string()))?;
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
        Ok(response)
    })
    .await
}

// ---- the records ----

impl table::Row for Record {
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "figures-record", "名称").sorted(),
        Column::new("number", "field-number", "编号").plain().class("nowrap"),
        Column::new("subject", "appeal-subject", "对象"),
        Column::new("department", "figures-department", "部门"),
        Column::new("carrier", "figures-carrier", "载体"),
        Column::new("at", "figures-at", "时间").sorted().class("nowrap"),
        Column::new("counts", "figures-counts", "是否计入"),
    ];

    fn id(&self) -> Uuid {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn cell(&self, column: &str, s: &Shell) -> Cell {
        match column {
            "name" => Piece::Link(self.of.href(self.id), self.name.clone()).into(),
            "number" => self.number.clone().into(),
            "subject" => self.subject.clone().into(),
            "department" => self.department.clone().into(),
            "carrier" => self.carrier.clone().into(),
            "at" => s.date(&self.at).into(),
            "counts" => s.t(if self.counts { "figures-counted" } else { "figures-not-counted" }).into(),
            _ => Cell::default(),
        }
    }
}

#[derive(Template)]
#[template(path = "oversight/figure_list.html")]
struct ListPage {
    s: Shell,
    key: Key,
    page: Page<()>,
    table: Table,
    line: String,
    back: String,
}

impl ListPage {
    fn export(&self) -> String {
        format!("/figures/{}/list/export", self.key)
    }
}

/// What the address of a list asks for.
async fn asked(cx: &Cx, key: Key) -> Result<Asked> {
    let mut query = Form::parse(cx.request.query.as_bytes());
    let (days, _) = days_of(cx, &mut query).await?;
    Ok(Asked {
        key,
        days,
        part: Part::parse(query.value("part")).unwrap_or(Part::Whole),
        group: By::parse(query.value("by")).zip(query.opt_text("group")),
        sort: query.opt_text("sort"),
        cursor: query.opt_text("cursor"),
        limit: ROWS,
    })
}

/// Which of the records they are, in words.
async fn line_of(cx: &Cx, s: &Shell, asked: &Asked) -> Result<String> {
    let mut line = format!("{} – {}", asked.days.from, asked.days.to);
    if asked.part != Part::Whole {
        line = format!("{line}{}{}", s.t("comma"), s.word("figures-part", asked.part));
    }
    if let Some((by, group)) = &asked.group {
        let mut tx = cx.read().await?;
        let name = match (by, group.as_str()) {
            (_, NONE) => s.word("figures-no", by).into_owned(),
            (By::Category, key) => category_name(s.lang, &appeals::categories(&mut tx, cx.who.zone_id).await?, key),
            (_, id) => match Uuid::parse_str(id) {
                Ok(id) => desk::group_name(&mut tx, cx.who.zone_id, *by, id).await?.unwrap_or_default(),
                Err(_) => String::new(),
            },
        };
        line = format!("{line}{}{name}", s.t("comma"));
    }
    Ok(line)
}

async fn list(cx: Cx, Path(key): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let key = key_of(&key)?;
        let asked = asked(&cx, key).await?;
        let page = desk::list(&cx.app, &cx.who, &asked).await?;
        let s = Shell::of(&cx).await?;
        let line = line_of(&cx, &s, &asked).await?;
        let by = asked.group.as_ref().map(|(by, _)| format!("&by={by}")).unwrap_or_default();
        let back = format!("/figures/{key}?from={}&to={}{by}", asked.days.from, asked.days.to);
        let table = Table::of(&s, "figures-records", &page.items);
        html(&ListPage { key, table, page: page.map(|_| ()), line, back, s })
    })
    .await
}

async fn export_list(cx: Cx, Path(key): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let asked = Asked { limit: MAX_LIMIT, ..asked(&cx, key_of(&key)?).await? };
        let page = |cursor: Option<String>| {
            let (cx, asked) = (&cx, Asked { cursor, ..asked.clone() });
            async move { desk::list(&cx.app, &cx.who, &asked).await }
        };
        table::exported::<Record, _>(&cx, "指标明细", "metric", page).await
    })
    .await
}

// ---- what was told ----

#[derive(Template)]
#[template(path = "oversight/frozen_list.html")]
struct FreezesPage {
    s: Shell,
    page: Page<Freeze>,
}

impl FreezesPage {
    fn value(&self, one: &Freeze) -> String {
        value(&self.s, one.key, one.figure())
    }
}

async fn freezes(cx: Cx) -> PageResult {
    page::show(cx.lang, async {
        let query = Form::parse(cx.request.query.as_bytes());
        let key = Key::parse(query.value("key"));
        let page = freeze::list(&cx.app, &cx.who, key, query.opt("cursor"), ROWS).await?;
        html(&FreezesPage { s: Shell::of(&cx).await?, page })
    })
    .await
}

#[derive(Template)]
#[template(path = "oversight/frozen.html")]
struct FrozenPage {
    s: Shell,
    c: freeze::Compared,
}

impl FrozenPage {
    fn value(&self, figure: &Figure) -> String {
        value(&self.s, self.c.freeze.key, *figure)
    }

    fn was(&self) -> String {
        self.value(&self.c.freeze.figure())
    }

    fn days(&self) -> String {
        format!("{} – {}", self.c.freeze.from_on, self.c.freeze.to_on)
    }

    fn list(&self) -> String {
        list_href(self.c.freeze.key, self.c.freeze.days(), Part::Whole, None)
    }

    fn because(&self, one: &freeze::Correction) -> String {
        match &one.because {
            Some(action) => action_text(self.s.lang, action),
            None => self.s.t("figures-by-time").into_owned(),
        }
    }

    fn more(&self) -> i64 {
        self.c.corrected - self.c.corrections.len() as i64
    }
}

async fn frozen(cx: Cx, Path(id): Path<String>) -> PageResult {
    page::show(cx.lang, async {
        let c = freeze::compare(&cx.app, &cx.who, id_of(&id)?).await?;
        html(&FrozenPage { s: Shell::of(&cx).await?, c })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_periods() {
        let day = |text: &str| Day::read(text).expect("a day");
        let all = usual(day("2026-11-29"));
        let of = |name: &str| all.iter().find(|(key, _)| *key == name).map(|(_, days)| (days.from, days.to));
        for (name, from, to) in [
            ("figures-week", "2026-11-23", "2026-11-29"),
            ("figures-month", "2026-11-01", "2026-11-29"),
            ("figures-last-month", "2026-10-01", "2026-10-31"),
            ("figures-quarter", "2026-10-01", "2026-11-29"),
            ("figures-year", "2026-01-01", "2026-11-29"),
        ] {
            assert_eq!(of(name), Some((day(from), day(to))), "{name}");
        }
    }
}
