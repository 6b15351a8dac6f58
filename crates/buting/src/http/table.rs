//! Lists as tables. A job says what its columns are ([`Column`]) and what each
//! holds ([`Row::cell`]); the page and the files are both made from that, so that
//! a file holds what the page shows.

use super::cx::Cx;
use super::form::Form;
use super::page::Shell;
use super::part::Html;
use super::sheet::Format;
use crate::error::Result;
use crate::http::api::Page;
use crate::list::{Column, Columns};
use crate::text::Lang;
use crate::time::Time;
use crate::trace::{self, Kind, Trace};
use almanac::Light;
use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::response::Response;
use uuid::Uuid;

/// Rows whose particulars are read at once for a file.
pub const CHUNK: usize = 1_000;

/// One thing that stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// Words that are not broken: a date, a code, a name with its office.
    Fixed(String),
    /// Words of less weight.
    Quiet(String),
    /// How deep in a tree the row stands, for the eye alone.
    Branch(usize),
    /// A number.
    Number(i64),
    /// A number that leads to what it counts: address, number.
    Count(String, i64),
    /// Words that lead somewhere: address, words.
    Link(String, String),
    /// Several words of one kind.
    Words(Vec<String>),
    /// How something stands, and whether it is over.
    State(String, bool),
    /// A state of production, works or transport, or of a deadline: its style, its words.
    Light(String, String),
    /// Lights as shapes, each with its style and its words: the address of all, the lights.
    Shapes(String, Vec<(String, String)>),
    /// What presses: its style, its words.
    Urgency(String, String),
    /// An instant.
    When(Time),
    /// An instant by how long ago it was.
    Ago(Time),
    /// A due time with its light.
    Due(Option<Time>, Light),
    /// A number to call; masked ones are only read.
    Phone(String),
    /// Nothing, and that says something.
    Nothing,
}

impl Piece {
    /// A light of a deadline.
    pub fn light(s: &Shell, light: &Light) -> Self {
        let word = s.light_word(light);
        Self::Light(word.to_owned(), s.word("light", word).into_owned())
    }

    fn may_call(&self) -> bool {
        matches!(self, Self::Phone(number) if !number.contains('*'))
    }

    /// As a file holds it.
    fn said(&self, s: &Shell) -> String {
        match self {
            Self::Text(text)
            | Self::Fixed(text)
            | Self::Quiet(text)
            | Self::Link(_, text)
            | Self::State(text, _)
            | Self::Light(_, text)
            | Self::Urgency(_, text)
            | Self::Phone(text) => text.clone(),
            Self::Number(n) | Self::Count(_, n) => n.to_string(),
            Self::Words(words) => words.join("、"),
            Self::Shapes(_, lights) => lights.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("、"),
            Self::When(at) | Self::Ago(at) => s.datetime(at),
            Self::Due(at, light) => {
                let light = s.word("light", s.light_word(light));
                at.map_or_else(|| light.to_string(), |at| format!("{} {light}", s.datetime(&at)))
            }
            Self::Branch(_) | Self::Nothing => String::new(),
        }
    }
}

/// What a column holds of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    pieces: Vec<Piece>,
    /// What the page sets beside it for the eye; a column of its own holds it too.
    beside: Vec<Piece>,
}

impl Cell {
    /// With another piece.
    pub fn and(mut self, piece: impl Into<Option<Piece>>) -> Self {
        self.pieces.extend(piece.into());
        self
    }

    /// With something that the page alone sets beside it, since another column holds it.
    pub fn beside(mut self, piece: impl Into<Option<Piece>>) -> Self {
        self.beside.extend(piece.into());
        self
    }

    fn all(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().chain(&self.beside)
    }

    /// As a file holds it: numbers as numbers, everything else as words.
    pub fn of_file(&self, s: &Shell) -> paper::Cell {
        if let [Piece::Number(n) | Piece::Count(_, n)] = self.pieces[..] {
            return n.into();
        }
        let said: Vec<String> = self.pieces.iter().map(|piece| piece.said(s)).filter(|text| !text.is_empty()).collect();
        if said.is_empty() { paper::Cell::Empty } else { said.join(" ").into() }
    }
}

impl From<Piece> for Cell {
    fn from(piece: Piece) -> Self {
        Self { pieces: vec![piece], beside: Vec::new() }
    }
}

impl From<Vec<Piece>> for Cell {
    fn from(pieces: Vec<Piece>) -> Self {
        Self { pieces, beside: Vec::new() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Piece::Text(text).into()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Cow> for Cell {
    fn from(text: Cow) -> Self {
        text.into_owned().into()
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Piece::Number(n).into()
    }
}

impl From<Time> for Cell {
    fn from(at: Time) -> Self {
        Piece::When(at).into()
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::default, Into::into)
    }
}

type Cow = std::borrow::Cow<'static, str>;

/// A row of a list.
pub trait Row {
    /// Every column of the list; the first names the row.
    const COLUMNS: &'static [Column];

    /// The record.
    fn id(&self) -> Uuid;

    /// What it is called.
    fn name(&self) -> &str;

    /// What a column holds, by its word.
    fn cell(&self, column: &str, s: &Shell) -> Cell;
}

/// The columns that the address of a page asks for.
pub fn columns<R: Row>(s: &Shell) -> Columns {
    Columns::read(R::COLUMNS, Form::parse(s.query.as_bytes()).all("columns"))
}

struct Line {
    id: Uuid,
    name: String,
    cells: Vec<(&'static Column, Cell)>,
}

/// A list as its page shows it.
pub struct Table {
    caption: String,
    /// The columns, to be chosen.
    pub columns: Columns,
    lines: Vec<Line>,
    ticks: bool,
}

impl Table {
    /// Rows with the columns that the address asks for; `caption` is a locale key.
    pub fn of<R: Row>(s: &Shell, caption: &str, rows: &[R]) -> Self {
        Self::with(s, caption, columns::<R>(s), rows)
    }

    /// Rows with these columns, whatever the address asks for.
    pub fn with<R: Row>(s: &Shell, caption: &str, columns: Columns, rows: &[R]) -> Self {
        let line = |row: &R| Line {
            id: row.id(),
            name: row.name().to_owned(),
            cells: columns.shown().map(|column| (column, row.cell(column.word, s))).collect(),
        };
        let lines = rows.iter().map(line).collect();
        Self { caption: s.t(caption).into_owned(), columns, lines, ticks: false }
    }

    /// Each row with a box to tick, where the reader may do something with several.
    pub fn ticked(mut self, may: bool) -> Self {
        self.ticks = may;
        self
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// A table, drawn.
#[derive(Template)]
#[template(path = "parts/table.html")]
pub struct Drawn<'a> {
    s: &'a Shell,
    table: &'a Table,
}

/// A table as it stands on its page.
pub fn draw<'a>(s: &'a Shell, table: &'a Table) -> Html<Drawn<'a>> {
    HtmlSafeOutput(Drawn { s, table })
}

/// The links to what is shown as files.
#[derive(Template)]
#[template(path = "parts/export.html")]
pub struct Exports<'a> {
    s: &'a Shell,
    href: &'a str,
}

/// The links to what is shown as files.
pub fn exports<'a>(s: &'a Shell, href: &'a str) -> Html<Exports<'a>> {
    HtmlSafeOutput(Exports { s, href })
}

/// Reads a list to its end, page by page.
pub async fn every<T, R>(mut page: impl FnMut(Option<String>) -> R) -> Result<Vec<T>>
where
    R: Future<Output = Result<Page<T>>>,
{
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let part = page(cursor).await?;
        all.extend(part.items);
        cursor = part.next_cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// A list to its end, page by page, as a file under a name; it leaves a trace of so
/// many rows of `table`.
pub async fn exported<T: Row, R>(
    cx: &Cx,
    name: &str,
    table: &'static str,
    page: impl FnMut(Option<String>) -> R,
) -> Result<Response>
where
    R: Future<Output = Result<Page<T>>>,
{
    let all = every(page).await?;
    let mut file = File::of::<T>(Shell::of(cx).await?);
    file.add(&all);
    file.answer(cx, name, table).await
}

/// A list as a file: every row that the filters find, in the order and with the
/// columns of its page.
pub struct File {
    s: Shell,
    columns: Columns,
    rows: Vec<Vec<paper::Cell>>,
}

impl File {
    /// A file with the columns that the address of the page asks for.
    pub fn of<R: Row>(s: Shell) -> Self {
        let columns = columns::<R>(&s);
        Self::with(s, columns)
    }

    /// A file with these columns. It speaks Chinese to everybody.
    pub fn with(mut s: Shell, columns: Columns) -> Self {
        s.lang = Lang::Zh;
        Self { s, columns, rows: Vec::new() }
    }

    /// Its columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Adds rows.
    pub fn add<R: Row>(&mut self, rows: &[R]) {
        let cells = |row: &R| self.columns.shown().map(|c| row.cell(c.word, &self.s).of_file(&self.s)).collect();
        let rows: Vec<Vec<paper::Cell>> = rows.iter().map(cells).collect();
        self.rows.extend(rows);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its bytes; `name` is that of the sheet.
    pub fn bytes(&self, format: Format, name: &str) -> Result<Vec<u8>> {
        let heads = self.columns.heads();
        let heads: Vec<&str> = heads.iter().map(AsRef::as_ref).collect();
        format.write(name, &heads, &self.rows)
    }

    /// The file as a download, in the `format` of the address. It leaves a trace of
    /// so many rows of `table`, with the address that it goes to.
    pub async fn answer(self, cx: &Cx, name: &str, table: &'static str) -> Result<Response> {
        let format = Format::read(Form::parse(cx.request.query.as_bytes()).value("format"));
        let bytes = self.bytes(format, name)?;
        let traced = Trace::many(Kind::Export, table, self.len());
        trace::note(&cx.app, &cx.who, cx.request.address, traced).await?;
        format.answer(&format!("{name}-{}", self.s.date(&self.s.now)), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(i64);

    impl Row for One {
        const COLUMNS: &'static [Column] = &[
            Column::new("name", "field-name", "名称").sorted(),
            Column::new("count", "field-headcount", "人数").number(),
            Column::new("state", "field-status", "状态").hidden(),
        ];

        fn id(&self) -> Uuid {
            Uuid::nil()
        }

        fn name(&self) -> &str {
            "<甲>"
        }

        fn cell(&self, column: &str, _: &Shell) -> Cell {
            match column {
                "name" => Cell::from("<甲>").beside(Piece::State("重点".into(), false)),
                "count" => self.0.into(),
                "state" => Piece::State("正常".into(), false).into(),
                _ => Cell::default(),
            }
        }
    }

    fn shell(query: &str) -> Shell {
        let mut s = Shell::bare(Lang::Zh);
        (s.path, s.query) = ("/list".into(), query.into());
        s
    }

    #[test]
    fn the_page_and_the_file_hold_the_columns_that_were_chosen() {
        for (query, heads, row) in [
            ("", vec!["名称", "人数"], vec!["<甲>", "7"]),
            ("columns=state&sort=name", vec!["名称", "状态"], vec!["<甲>", "正常"]),
            ("columns=count,state", vec!["名称", "人数", "状态"], vec!["<甲>", "7", "正常"]),
        ] {
            let s = shell(query);
            let mut file = File::of::<One>(s.clone());
            file.add(&[One(7)]);
            let text = String::from_utf8(file.bytes(Format::Csv, "名单").expect("a file")).expect("UTF-8");
            let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
            assert_eq!(lines, [heads.join(","), row.join(",")], "{query}");
            let html = draw(&s, &Table::of(&s, "field-name", &[One(7)])).0.render().expect("a page");
            assert_eq!(html.matches("<th scope=\"col\"").count(), heads.len(), "{query}: {html}");
            assert!(html.contains("&#60;甲&#62;") && html.contains("重点") && !html.contains("checkbox"), "{html}");
            assert_eq!(html.contains("正常"), heads.contains(&"状态"), "{query}");
        }
    }

    #[test]
    fn a_row_can_be_ticked_where_something_can_be_done_with_it() {
        let s = shell("");
        let html = draw(&s, &Table::of(&s, "field-name", &[One(7)]).ticked(true)).0.render().expect("a page");
        assert!(html.contains("type=\"checkbox\" name=\"item\""), "{html}");
    }

    #[test]
    fn every_piece_is_said_in_a_file_as_on_the_page() {
        let s = shell("");
        let at = Time::from_ms(1_795_480_200_000);
        for (cell, said) in [
            (Cell::from(Piece::Words(vec!["甲".into(), "乙".into()])), "甲、乙"),
            (Cell::from(Piece::Quiet("责任部门".into())).and(Piece::Text("规建".into())), "责任部门 规建"),
            (Cell::from(Piece::Shapes("/".into(), vec![("running".into(), "生产：正常".into())])), "生产：正常"),
            (Cell::from(Piece::Due(Some(at), Light::Overdue)), "2026-11-24 08:30 超期"),
            (Cell::from(Piece::Phone("138****0000".into())), "138****0000"),
            (Cell::from(Piece::Nothing), ""),
        ] {
            let said_so = match cell.of_file(&s) {
                paper::Cell::Text(text) => text,
                paper::Cell::Number(n) => n.to_string(),
                paper::Cell::Empty => String::new(),
            };
            assert_eq!(said_so, said);
        }
    }
}
