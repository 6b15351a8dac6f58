use crate::hidden;
use calamine::{DataRef, Dimensions, Reader, SheetType, SheetVisible, Xlsx};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;

/// How much a file may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Bytes when unpacked.
    pub unpacked: u64,
    /// Rows of one sheet.
    pub rows: usize,
    /// Columns of one sheet.
    pub columns: usize,
    /// Cells of all sheets together.
    pub cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 20 << 20, unpacked: 300 << 20, rows: 200_000, columns: 200, cells: 6_000_000 }
    }
}

/// Why a file is not read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Larger than allowed.
    TooLarge,
    /// More rows or columns than allowed; names the sheet.
    TooMany(String),
    /// It would unpack to far more than its size.
    Bomb,
    /// An .xls of before 2007, or protected by a password.
    OldOrLocked,
    /// Damaged, or no spreadsheet.
    Damaged(String),
    /// Nothing in it.
    Empty,
}

impl ReadError {
    /// Stable code, also the tail of a locale key.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooMany(_) => "too_many",
            Self::Bomb => "bomb",
            Self::OldOrLocked => "old_or_locked",
            Self::Damaged(_) => "damaged",
            Self::Empty => "empty",
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(sheet) => write!(f, "sheet {sheet} has too many rows or columns"),
            Self::Damaged(what) => write!(f, "damaged: {what}"),
            other => f.write_str(other.code()),
        }
    }
}

impl std::error::Error for ReadError {}

/// A row as the office sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number that the spreadsheet shows, from 1.
    pub number: usize,
    /// Its cells as text, trimmed.
    pub cells: Vec<String>,
    /// Whether one text is merged over several of its columns, as titles are.
    pub across: bool,
}

/// A sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether it is shown. What is hidden is not read.
    pub visible: bool,
    /// Rows that hold anything and are shown.
    pub rows: Vec<Row>,
    /// Numbers of the rows that hold something and are hidden.
    pub hidden: Vec<usize>,
}

/// Reads a spreadsheet; its kind is told by its content, not by its name.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Vec<Sheet>, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge);
    }
    let sheets = match bytes {
        [b'P', b'K', 3 | 5, ..] => workbook(bytes, limits)?,
        // The compound file of old Excel, and of encrypted new ones.
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(ReadError::OldOrLocked),
        _ => vec![text(bytes, limits)?],
    };
    if sheets.iter().all(|sheet| sheet.rows.is_empty()) { Err(ReadError::Empty) } else { Ok(sheets) }
}

/// What the zip's directory says that its parts unpack to.
fn declared_size(bytes: &[u8]) -> Option<u64> {
    let tail = bytes.len().saturating_sub(66_000);
    let end = bytes[tail..].windows(4).rposition(|w| w == b"PK\x05\x06")? + tail;
    let u16_at = |i: usize| Some(u16::from_le_bytes(bytes.get(i..i + 2)?.try_into().ok()?));
    let u32_at = |i: usize| Some(u32::from_le_bytes(bytes.get(i..i + 4)?.try_into().ok()?));
    let (entries, mut at) = (u16_at(end + 10)?, u32_at(end + 16)? as usize);
    let mut total = 0_u64;
    for _ in 0..entries {
        if bytes.get(at..at + 4)? != b"PK\x01\x02" {
            return None;
        }
        total += u64::from(u32_at(at + 24)?);
        at += 46 + usize::from(u16_at(at + 28)?) + usize::from(u16_at(at + 30)?) + usize::from(u16_at(at + 32)?);
    }
    Some(total)
}

fn workbook(bytes: &[u8], limits: Limits) -> Result<Vec<Sheet>, ReadError> {
    let unpacked = declared_size(bytes).ok_or_else(|| ReadError::Damaged("the zip directory".into()))?;
    // Honest sheets of numbers pack to a tenth; a hundredth and more is a trap.
    if unpacked > limits.unpacked || (unpacked > 10 << 20 && unpacked / 150 > bytes.len() as u64) {
        return Err(ReadError::Bomb);
    }
    let damaged = |error: &dyn fmt::Display| ReadError::Damaged(error.to_string());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let hidden = hidden::rows(bytes);
    let known: Vec<_> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .collect();
    let mut room = limits.cells;
    let mut sheets = Vec::new();
    for (name, visible) in known {
        if !visible {
            sheets.push(Sheet { name, visible, rows: Vec::new(), hidden: Vec::new() });
            continue;
        }
        let merged = book.merge_cells_by_sheet_name(&name).map_err(|e| damaged(&e))?;
        let mut rows = cells_of(&mut book, &name, limits, &mut room)?;
        spread(&mut rows, &merged);
        let out_of_sight = hidden.get(&name);
        let is_hidden = |row: &Row| out_of_sight.is_some_and(|rows| rows.contains(&row.number));
        let (hidden, rows): (Vec<Row>, Vec<Row>) = filled(rows.into_values()).into_iter().partition(is_hidden);
        sheets.push(Sheet { name, visible, rows, hidden: hidden.into_iter().map(|row| row.number).collect() });
    }
    Ok(sheets)
}

/// The rows of a sheet by their place from 0. Read cell by cell: a sheet that
/// says it reaches from A1 to XFD1048576 costs no more than what stands in it.
fn cells_of(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    limits: Limits,
    room: &mut usize,
) -> Result<BTreeMap<u32, Row>, ReadError> {
    let damaged = |error: &dyn fmt::Display| ReadError::Damaged(error.to_string());
    let too_many = || ReadError::TooMany(name.to_owned());
    let mut reader = book.worksheet_cells_reader(name).map_err(|e| damaged(&e))?;
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    while let Some(found) = reader.next_cell().map_err(|e| damaged(&e))? {
        let text = cell(found.get_value());
        if text.is_empty() {
            continue;
        }
        let (row, column) = found.get_position();
        let column = column as usize;
        if column >= limits.columns || (rows.len() >= limits.rows && !rows.contains_key(&row)) {
            return Err(too_many());
        }
        let row = rows.entry(row).or_insert_with(|| Row { number: row as usize + 1, cells: Vec::new(), across: false });
        let more = (column + 1).saturating_sub(row.cells.len());
        *room = room.checked_sub(more).ok_or_else(too_many)?;
        row.cells.resize(row.cells.len() + more, String::new());
        row.cells[column] = text;
    }
    Ok(rows)
}

/// How many cells merged regions may fill in all: a file can name regions that
/// overlap without end.
const SPREAD: usize = 2_000_000;

/// Gives the text of a region that was merged downwards to each of its rows, and
/// notes rows that one text spans from side to side.
fn spread(rows: &mut BTreeMap<u32, Row>, merged: &[Dimensions]) {
    let mut left = SPREAD;
    for region in merged {
        let ((top, column), (bottom, right)) = (region.start, region.end);
        let Some(first) = rows.get_mut(&top) else { continue };
        let Some(text) = first.cells.get(column as usize).filter(|text| !text.is_empty()).cloned() else { continue };
        first.across |= right > column + 1;
        if bottom <= top {
            continue;
        }
        for (_, row) in rows.range_mut(top + 1..=bottom) {
            left -= 1;
            if left == 0 {
                return;
            }
            if row.cells.len() <= column as usize {
                row.cells.resize(column as usize + 1, String::new());
            }
            if row.cells[column as usize].is_empty() {
                row.cells[column as usize].clone_from(&text);
            }
        }
    }
}

/// A cell as people read it: codes without exponent, days without time.
fn cell(data: &DataRef<'_>) -> String {
    match data {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) if n.fract() == 0.0 && n.abs() < 1e15 => format!("{n:.0}"),
        DataRef::Float(n) => n.to_string(),
        DataRef::Bool(yes) => if *yes { "是" } else { "否" }.to_owned(),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, ..) = at.to_ymd_hms_milli();
            if hour == 0 && minute == 0 {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.trim().to_owned(),
    }
}

fn filled(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    rows.filter(|row| row.cells.iter().any(|cell| !cell.is_empty()))
        .map(|mut row| {
            while row.cells.last().is_some_and(String::is_empty) {
                row.cells.pop();
            }
            row
        })
        .collect()
}

/// CSV in UTF-8 (with or without mark), UTF-16 with mark, or GBK.
fn text(bytes: &[u8], limits: Limits) -> Result<Sheet, ReadError> {
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => encoding_rs::GB18030.decode_without_bom_handling(bytes).0,
        },
    };
    let odd = text.chars().take(2000).filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).count();
    if odd > 0 || text.contains('\0') {
        return Err(ReadError::Damaged("neither a spreadsheet nor text".into()));
    }
    // Every line of a table is parted by it; another sign stands in some cell only.
    let lines: Vec<&str> = text.lines().take(10).collect();
    let parts = |s: &u8| {
        let counts = lines.iter().map(|line| line.bytes().filter(|b| b == s).count());
        (counts.clone().filter(|n| *n > 0).count(), counts.max())
    };
    let separator = [b'|', b';', b'\t', b','].into_iter().max_by_key(parts);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let bytes = text.as_bytes();
    let (mut number, mut counted, mut cells) = (1, 0, 0);
    for record in reader.records() {
        let record = record.map_err(|e| ReadError::Damaged(e.to_string()))?;
        // The reader begins a record at the empty lines before it; the sheet's
        // own number is that of the line on which its first cell stands.
        let mut start = record.position().map_or(counted, |p| usize::try_from(p.byte()).unwrap_or(counted));
        while bytes.get(start).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            start += 1;
        }
        number += bytes.get(counted..start).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
        counted = start;
        cells += record.len();
        if rows.len() >= limits.rows || record.len() > limits.columns || cells > limits.cells {
            return Err(ReadError::TooMany("CSV".into()));
        }
        let cells = record.iter().map(|cell| cell.trim().to_owned()).collect();
        rows.push(Row { number, cells, across: false });
    }
    Ok(Sheet { name: "CSV".into(), visible: true, rows: filled(rows.into_iter()), hidden: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        read(bytes, Limits::default()).expect("reads").remove(0).rows.into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn text_as_offices_send_it() {
        let expected = vec![vec!["企业名称", "人数"], vec!["北辰机电", "120"]];
        let (gbk, ..) = encoding_rs::GBK.encode("企业名称,人数\r\n北辰机电,120\r\n");
        for bytes in [
            "企业名称,人数\n北辰机电,120\n".as_bytes().to_vec(),
            "\u{feff}企业名称;人数\n\n北辰机电;120\n".as_bytes().to_vec(),
            "企业名称\t人数\n北辰机电\t 120 \t\n".as_bytes().to_vec(),
            "企业名称|人数\n北辰机电|120\n".as_bytes().to_vec(),
            gbk.into_owned(),
        ] {
            assert_eq!(cells(&bytes), expected);
        }
    }

    #[test]
    fn row_numbers_are_those_of_the_sheet() {
        let sheet = read("a,b\n\n1,2\n".as_bytes(), Limits::default()).expect("reads").remove(0);
        assert_eq!(sheet.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn what_is_refused() {
        let limits = Limits { bytes: 100, ..Limits::default() };
        assert_eq!(read(&[b'a'; 101], limits), Err(ReadError::TooLarge));
        assert_eq!(read(&[0xd0, 0xcf, 0x11, 0xe0, 0, 0], limits), Err(ReadError::OldOrLocked));
        assert!(matches!(read(b"PK\x03\x04 no zip at all", limits), Err(ReadError::Damaged(_))));
        assert!(matches!(read(b"\x7fELF\x00\x01\x02", limits), Err(ReadError::Damaged(_))));
        assert_eq!(read(b"\n\n", limits), Err(ReadError::Empty));
        assert!(matches!(read(b"a\nb\nc\n", Limits { rows: 2, ..limits }), Err(ReadError::TooMany(_))));
    }

    #[test]
    fn a_declared_bomb_is_not_unpacked() {
        let mut bytes = b"PK\x03\x04".to_vec();
        let at = bytes.len() as u32;
        let mut entry = b"PK\x01\x02".to_vec();
        entry.resize(46, 0);
        entry[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes.extend(entry);
        let mut end = b"PK\x05\x06".to_vec();
        end.resize(22, 0);
        end[10..12].copy_from_slice(&1_u16.to_le_bytes());
        end[16..20].copy_from_slice(&at.to_le_bytes());
        bytes.extend(end);
        assert_eq!(read(&bytes, Limits::default()), Err(ReadError::Bomb));
    }
}
