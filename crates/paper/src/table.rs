use crate::read::{Row, Sheet};
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

/// What the headings of an office mean, where it was said before: the heading as
/// [`plain_heading`] gives it, and the column; `None` for one that is not read.
pub type Headings = BTreeMap<String, Option<&'static str>>;

/// Why a row below the head is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// A caption between the rows, or a remark below them.
    Caption,
    /// A sum.
    Total,
    /// The head once more, as on each page of a printed list.
    Head,
    /// Hidden in the sheet.
    Hidden,
}

impl Skip {
    /// Stable word, also the tail of a locale key.
    pub fn word(self) -> &'static str {
        match self {
            Self::Caption => "caption",
            Self::Total => "total",
            Self::Head => "head",
            Self::Hidden => "hidden",
        }
    }
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
    /// The head as it stands in the sheet.
    pub head: Vec<String>,
    /// The rows below the head.
    pub records: Vec<Record>,
    /// Rows that are no records: number and why, in the order of the sheet.
    pub skipped: Vec<(usize, Skip)>,
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
pub fn plain_heading(heading: &str) -> String {
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

/// Which columns a row of headings holds. What an office said of a heading comes
/// before what it usually means.
fn positions(cells: &[String], columns: &[Column], known: &Headings) -> BTreeMap<&'static str, usize> {
    let headings: Vec<String> = cells.iter().map(|cell| plain_heading(cell)).collect();
    let mut found = BTreeMap::new();
    for (i, heading) in headings.iter().enumerate() {
        if let Some(Some(key)) = known.get(heading) {
            found.entry(*key).or_insert(i);
        }
    }
    for column in columns {
        let free = |title: &&str| {
            let title = plain_heading(title);
            headings
                .iter()
                .enumerate()
                .position(|(i, h)| *h == title && !known.contains_key(h) && !found.values().any(|taken| *taken == i))
        };
        if !found.contains_key(column.key)
            && let Some(at) = column.titles.iter().find_map(free)
        {
            found.insert(column.key, at);
        }
    }
    found
}

/// A row that could be a head though none of its headings is known: several
/// texts, all different, none a number.
fn may_be_head(cells: &[String]) -> bool {
    let texts: Vec<&String> = cells.iter().filter(|cell| !cell.is_empty()).collect();
    let distinct: std::collections::BTreeSet<&&String> = texts.iter().collect();
    texts.len() >= 2 && distinct.len() == texts.len() && texts.iter().all(|text| text.parse::<f64>().is_err())
}

/// What a remark or a sum begins with.
const TOTALS: &[&str] = &["合计", "总计", "小计", "共计"];
const REMARKS: &[&str] =
    &["注：", "注:", "备注：", "备注:", "说明：", "说明:", "填表", "填报", "制表", "审核", "联系人："];

/// Why a row below the head is none of its records.
fn skip(row: &Row, head: &[String], found: &BTreeMap<&'static str, usize>, columns: &[Column]) -> Option<Skip> {
    let mut filled = row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
    let (at, first) = filled.next()?;
    if row.cells.iter().zip(head).filter(|(cell, head)| !cell.is_empty() && cell == head).count() >= 2 {
        return Some(Skip::Head);
    }
    let spaceless: String = first.chars().filter(|c| !c.is_whitespace()).collect();
    if TOTALS.iter().any(|total| spaceless.strip_prefix(total).is_some_and(|rest| rest.chars().count() <= 2)) {
        return Some(Skip::Total);
    }
    let alone = filled.next().is_none();
    let needed = columns.iter().any(|column| column.required && found.get(column.key) == Some(&at));
    let remark = REMARKS.iter().any(|remark| spaceless.starts_with(remark));
    // With few columns a row of one cell may be a record.
    (alone && (row.across || remark || (!needed && head.len() > 2))).then_some(Skip::Caption)
}

/// Finds the head of a sheet (titles may stand above it) and reads the rows below.
pub fn table(sheet: Sheet, columns: &[Column], known: &Headings) -> Table {
    let heads = sheet.rows.iter().take(HEAD_WITHIN).map(|row| positions(&row.cells, columns, known)).enumerate();
    // The first of the best: a later row that is as good is data.
    let (mut at, mut found) =
        heads.reduce(|best, next| if next.1.len() > best.1.len() { next } else { best }).unwrap_or_default();
    if found.is_empty() {
        let guess = sheet.rows.iter().take(HEAD_WITHIN).position(|row| may_be_head(&row.cells));
        at = guess.unwrap_or(0);
        found = BTreeMap::new();
    }
    let mut rows = sheet.rows.into_iter().skip(at);
    let head = rows.next().map(|row| row.cells).unwrap_or_default();
    let shared = std::sync::Arc::new(found.clone());
    let mut skipped: Vec<(usize, Skip)> = sheet.hidden.into_iter().map(|row| (row, Skip::Hidden)).collect();
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        match skip(&row, &head, &found, columns) {
            Some(why) => skipped.push((row.number, why)),
            None => {
                let found = std::sync::Arc::clone(&shared);
                records.push(Record { row: row.number, cells: row.cells, found });
            }
        }
    }
    skipped.sort_unstable();
    Table {
        sheet: sheet.name,
        missing: columns.iter().filter(|c| c.required && !found.contains_key(c.key)).copied().collect(),
        head,
        records,
        skipped,
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

    fn sheet(text: &str) -> Sheet {
        read(text.as_bytes(), Limits::default()).expect("reads").remove(0)
    }

    #[test]
    fn the_head_is_found_below_a_title() {
        let text = "大学城企业台账,,\n（截至11月）,,\n* 单位 名称（全称）,人数,电话\n北辰机电,120,1\n";
        let table = table(sheet(text), COLUMNS, &Headings::new());
        assert_eq!(table.found, BTreeMap::from([("name", 0), ("headcount", 1)]));
        assert!(table.missing.is_empty());
        let record = &table.records[0];
        assert_eq!((record.row, record.get("name"), record.opt("uscc")), (4, "北辰机电", None));
        assert_eq!(record.letter("headcount"), "B");
    }

    #[test]
    fn a_missing_column_is_named() {
        let table = table(sheet("人数\n3\n"), COLUMNS, &Headings::new());
        assert_eq!(table.missing[0].key, "name");
    }

    #[test]
    fn what_the_office_said_of_a_heading_comes_first() {
        let text = "商户,单位名称,人数\n北辰机电,北辰集团,120\n";
        let said: Headings = [("商户".to_owned(), Some("name")), ("人数".to_owned(), None)].into_iter().collect();
        let table = table(sheet(text), COLUMNS, &said);
        assert_eq!(table.found, BTreeMap::from([("name", 0)]));
        assert_eq!(table.records[0].get("name"), "北辰机电");
    }

    #[test]
    fn a_head_of_strange_words_is_still_a_head() {
        let table = table(sheet("台账,,\n商户,代码,人头\n北辰机电,1,120\n"), COLUMNS, &Headings::new());
        assert_eq!(table.head, ["商户", "代码", "人头"]);
        assert_eq!(table.records.len(), 1);
        assert_eq!(table.missing[0].key, "name");
    }

    #[test]
    fn rows_that_are_no_records() {
        let text = "序号,企业名称,人数\n1,北辰机电,120\n二、孵化器,,\n序号,企业名称,人数\n2,卓衡,\n,只有名称的企业,\n合 计,,320\n填表人：张三,,\n";
        let table = table(sheet(text), COLUMNS, &Headings::new());
        assert_eq!(table.records.iter().map(|record| record.row).collect::<Vec<_>>(), [2, 5, 6]);
        assert_eq!(table.skipped, [(3, Skip::Caption), (4, Skip::Head), (7, Skip::Total), (8, Skip::Caption)]);
    }

    #[test]
    fn letters() {
        for (i, letter) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_letter(i), letter);
        }
    }
}
