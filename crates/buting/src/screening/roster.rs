//! A list of people, pasted or in a sheet: which of its rows are people, and what is wrong
//! with the others. Pure.

use super::Fault;
use paper::{Column, Headings, Limits, column_letter};
use std::collections::HashSet;

/// Rows of one list, at most.
pub const MOST: usize = 5000;

/// What the columns of a list are called.
const COLUMNS: &[Column] = &[
    Column { key: "name", titles: &["姓名", "人员姓名", "名字", "name"], required: true },
    Column { key: "no", titles: &["工号", "员工编号", "编号", "胸牌号", "no"], required: false },
    Column {
        key: "unit", titles: &["分包单位", "班组", "所属单位", "单位", "部门", "unit"], required: false
    },
    Column {
        key: "reason", titles: &["免检原因", "免检", "免检理由", "请假原因", "reason"], required: false
    },
];

/// Longest name, number, unit, reason.
const LONG: [(&str, usize); 4] = [("name", 40), ("no", 40), ("unit", 60), ("reason", 100)];

/// Somebody on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The row, as a spreadsheet counts it.
    pub row: i64,
    /// Name.
    pub name: String,
    /// Number at work.
    pub no: Option<String>,
    /// Subcontractor.
    pub unit: Option<String>,
    /// Why he is exempt.
    pub reason: Option<String>,
    /// The letter of the column of his name, for what is found wrong later.
    pub column: String,
}

/// Why a list cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It has more rows than one list may have.
    TooMany,
    /// It holds nobody.
    Nobody,
    /// It is no list.
    File,
}

/// Somebody's name as it is compared: without spaces.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn owned(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads a list. Good rows are answered beside what is wrong with the others.
pub fn read(bytes: &[u8]) -> Result<(Vec<Line>, Vec<Fault>), Unread> {
    let sheets = paper::read(bytes, Limits::default()).map_err(|error| match error {
        paper::ReadError::Empty => Unread::Nobody,
        _ => Unread::File,
    })?;
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for sheet in sheets.into_iter().filter(|sheet| sheet.visible) {
        let rows = sheet.rows.clone();
        let table = paper::table(sheet, COLUMNS, &Headings::new());
        let read: Vec<Line> = match table.missing.is_empty() {
            true => table
                .records
                .iter()
                .map(|record| Line {
                    row: number(record.row),
                    name: record.get("name").to_owned(),
                    no: owned(record.get("no")),
                    unit: owned(record.get("unit")),
                    reason: owned(record.get("reason")),
                    column: record.letter("name"),
                })
                .collect(),
            // Names alone, one a line, with a number and a unit beside them where there are.
            false => rows
                .iter()
                .map(|row| {
                    let cell = |n: usize| row.cells.get(n).map_or("", String::as_str);
                    Line {
                        row: number(row.number),
                        name: cell(0).to_owned(),
                        no: owned(cell(1)),
                        unit: owned(cell(2)),
                        reason: owned(cell(3)),
                        column: column_letter(0),
                    }
                })
                .collect(),
        };
        let letter = |key: &str| table.found.get(key).map_or_else(|| column_letter(0), |n| column_letter(*n));
        for line in read {
            match wrong(&line) {
                Some((key, code)) => {
                    faults.push(Fault { row: line.row, column: letter(key), code, text: line.name.clone() });
                }
                None => {
                    let key = (plain(&line.name), line.no.as_deref().map(plain));
                    if seen.insert(key) {
                        lines.push(line);
                    } else {
                        let column = line.column.clone();
                        faults.push(Fault { row: line.row, column, code: "twice", text: line.name });
                    }
                }
            }
        }
    }
    match lines.len() {
        n if n > MOST => Err(Unread::TooMany),
        0 if faults.is_empty() => Err(Unread::Nobody),
        _ => Ok((lines, faults)),
    }
}

fn number(row: usize) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

/// What is wrong with a row: the column and the code.
fn wrong(line: &Line) -> Option<(&'static str, &'static str)> {
    let long = |key: &str| match key {
        "name" => Some(line.name.as_str()),
        "no" => line.no.as_deref(),
        "unit" => line.unit.as_deref(),
        _ => line.reason.as_deref(),
    };
    let too_long = LONG.iter().find(|(key, most)| long(key).is_some_and(|text| text.chars().count() > *most));
    match too_long {
        _ if line.name.is_empty() => Some(("name", "no_name")),
        // Somebody's number where his name belongs.
        _ if line.name.chars().all(|c| c.is_ascii_digit()) => Some(("name", "number_as_name")),
        Some((key, _)) => Some((key, "too_long")),
        None => None,
    }
}

/// Lines of samples: the row, the code of the tube, the person. With `code` every line is a
/// person; without it each begins with its own.
pub fn samples(text: &str, code: Option<&str>) -> (Vec<(i64, String, String)>, Vec<Fault>) {
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for (row, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() {
            continue;
        }
        match (code, line.split_once([' ', '\t', ',', '，', '　'])) {
            (Some(code), _) => all.push((row, code.to_owned(), line.to_owned())),
            (None, Some((code, person))) if !person.trim().is_empty() => {
                all.push((row, code.trim().to_owned(), person.trim().to_owned()));
            }
            (None, _) => faults.push(Fault { row, column: "B".into(), code: "no_person", text: line.to_owned() }),
        }
    }
    (all, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.name.as_str()).collect()
    }

    fn told(faults: &[Fault]) -> Vec<(i64, &str, &str)> {
        faults.iter().map(|fault| (fault.row, fault.column.as_str(), fault.code)).collect()
    }

    #[test]
    fn good_rows_are_kept_beside_bad_ones() {
        let text = "某项目人员名单,,,\n工号,姓名,分包单位,免检原因\n001,张立,,\n002,,安装队,\n003,王敏,安装队,产假\n001,张立,,\n004,13800000000,,\n";
        let (lines, faults) = read(text.as_bytes()).expect("a list");
        assert_eq!(names(&lines), ["张立", "王敏"]);
        assert_eq!(lines[1].unit.as_deref(), Some("安装队"));
        assert_eq!(lines[1].reason.as_deref(), Some("产假"));
        assert_eq!(told(&faults), [(4, "B", "no_name"), (6, "B", "twice"), (7, "B", "number_as_name")]);
    }

    #[test]
    fn names_alone_are_a_list() {
        let (lines, faults) = read("赵一\n钱二\n孙三\n".as_bytes()).expect("a list");
        assert_eq!((names(&lines), faults.len()), (vec!["赵一", "钱二", "孙三"], 0));
        let (lines, _) = read("赵一\tA1\n赵一\tA2\n".as_bytes()).expect("a list");
        assert_eq!(lines.len(), 2, "two of one name are told apart by their numbers");
        assert_eq!(read(b""), Err(Unread::Nobody));
        assert_eq!(read(b"PK\x03\x04 no workbook"), Err(Unread::File));
    }

    #[test]
    fn lines_of_samples() {
        let (all, faults) = samples("G1 张立\nG1，A2\n\nG2\n", None);
        let told_all: Vec<_> = all.iter().map(|(row, code, who)| (*row, code.as_str(), who.as_str())).collect();
        assert_eq!(told_all, [(1, "G1", "张立"), (2, "G1", "A2")]);
        assert_eq!(told(&faults), [(4, "B", "no_person")]);
        let (all, _) = samples("张 立\nA2", Some("G9"));
        assert_eq!(all[0], (1, "G9".to_owned(), "张 立".to_owned()));
    }
}
