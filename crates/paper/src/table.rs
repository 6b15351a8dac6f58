use crate::read::Sheet;
use std::collections::BTreeMap;

/// A column that is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in the program.
    pub key: &'static str,
    /// How offices head it, the usual one first.
    pub titles: &'static [&'static str],
    /// Whether the import cannot do without it.
    pub required: bool,
}

/// A sheet read as a table: which column is where, and its records.
#[derive(Clone, Debug)]
pub struct Table {
    /// The sheet's name.
    pub sheet: String,
    /// Index of each column that was found.
    pub found: BTreeMap<&'static str, usize>,
    /// Required columns that were not found.
    pub missing: Vec<Column>,
    /// Headings that mean nothing to the program.
    pub unknown: Vec<String>,
    /// The head as it stands in the sheet.
    pub head: Vec<String>,
    /// The rows below the head.
    pub records: Vec<Record>,
}

/// One row below the head.
#[derive(Clone, Debug)]
pub struct Record {
    /// The number that the spreadsheet shows.
    pub row: usize,
    cells: Vec<String>,
    found: std::sync::Arc<BTreeMap<&'static str, usize>>,
}

impl Record {
    /// The cell of a column; empty when there is none.
    pub fn get(&self, key: &str) -> &str {
        self.found.get(key).and_then(|i| self.cells.get(*i)).map_or("", String::as_str)
    }

    /// The cell of a column, if it holds anything.
    pub fn opt(&self, key: &str) -> Option<&str> {
        Some(self.get(key)).filter(|cell| !cell.is_empty())
    }

    /// Every cell of the row, as it stands in the sheet.
    pub fn cells(&self) -> &[String] {
        &self.cells
    }

    /// The letter of a column as the spreadsheet shows it.
    pub fn letter(&self, key: &str) -> String {
        self.found.get(key).map_or_else(String::new, |i| column_letter(*i))
    }
}

/// 0 → A, 25 → Z, 26 → AA.
pub fn column_letter(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(index % 26).unwrap_or_default()));
        if index < 26 {
            return letters.iter().rev().collect();
        }
        index = index / 26 - 1;
    }
}

/// A heading as it is compared: without spaces, stars, and what stands in brackets.
fn plain(heading: &str) -> String {
    let mut depth = 0_u32;
    heading
        .chars()
        .filter(|c| {
            match c {
                '(' | '（' | '[' | '【' => depth += 1,
                ')' | '）' | ']' | '】' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0 && !c.is_whitespace() && !matches!(c, '*' | '＊' | ':' | '：')
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// How many rows from the top the head may stand in.
const HEAD_WITHIN: usize = 10;

/// Finds the head of a sheet (titles may stand above it) and reads the rows below.
pub fn table(sheet: &Sheet, columns: &[Column]) -> Table {
    let positions = |cells: &[String]| -> BTreeMap<&'static str, usize> {
        let headings: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        columns
            .iter()
            .filter_map(|column| {
                let at = column.titles.iter().find_map(|title| headings.iter().position(|h| *h == plain(title)))?;
                Some((column.key, at))
            })
            .collect()
    };
    let head = sheet
        .rows
        .iter()
        .take(HEAD_WITHIN)
        .enumerate()
        .map(|(i, row)| (i, positions(&row.cells)))
        // The first of the best: a later row that is as good is data.
        .reduce(|best, next| if next.1.len() > best.1.len() { next } else { best });
    let (at, found) = head.unwrap_or_default();
    let head_cells = sheet.rows.get(at).map_or(&[][..], |row| &row.cells);
    let unknown = head_cells.iter().enumerate().filter(|(i, cell)| !cell.is_empty() && !found.values().any(|f| f == i));
    let shared = std::sync::Arc::new(found.clone());
    Table {
        sheet: sheet.name.clone(),
        missing: columns.iter().filter(|c| c.required && !found.contains_key(c.key)).copied().collect(),
        unknown: unknown.map(|(_, cell)| cell.clone()).collect(),
        head: head_cells.to_vec(),
        records: sheet
            .rows
            .iter()
            .skip(at + 1)
            .map(|row| Record { row: row.number, cells: row.cells.clone(), found: std::sync::Arc::clone(&shared) })
            .collect(),
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Limits, read};

    const COLUMNS: &[Column] = &[
        Column { key: "name", titles: &["企业名称", "单位名称", "name"], required: true },
        Column { key: "uscc", titles: &["统一社会信用代码", "信用代码", "uscc"], required: false },
        Column { key: "headcount", titles: &["职工人数", "人数"], required: false },
    ];

    #[test]
    fn the_head_is_found_below_a_title() {
        let text = "大学城企业台账,,\n（截至11月）,,\n* 单位 名称（全称）,人数,电话\n北辰机电,120,1\n";
        let table = table(&read(text.as_bytes(), Limits::default()).expect("reads")[0], COLUMNS);
        assert_eq!(table.found, BTreeMap::from([("name", 0), ("headcount", 1)]));
        assert_eq!(table.unknown, ["电话"]);
        assert!(table.missing.is_empty());
        let record = &table.records[0];
        assert_eq!((record.row, record.get("name"), record.opt("uscc")), (4, "北辰机电", None));
        assert_eq!(record.letter("headcount"), "B");
    }

    #[test]
    fn a_missing_column_is_named() {
        let table = table(&read("人数\n3\n".as_bytes(), Limits::default()).expect("reads")[0], COLUMNS);
        assert_eq!(table.missing[0].key, "name");
    }

    #[test]
    fn letters() {
        for (i, letter) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_letter(i), letter);
        }
    }
}
