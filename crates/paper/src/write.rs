use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// A cell to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text; codes and telephone numbers stay as they are.
    Text(String),
    /// A number.
    Number(f64),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Number(n as f64)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A sheet to write.
#[derive(Clone, Debug)]
pub struct SheetOut<'a> {
    /// Its name; what a spreadsheet does not allow in it is left out.
    pub name: &'a str,
    /// The head.
    pub head: Vec<&'a str>,
    /// The rows below it.
    pub rows: Vec<Vec<Cell>>,
}

/// An XLSX with one sheet: head bold, frozen and filterable. Text is written as
/// text, so nothing in it can become a formula.
pub fn xlsx(name: &str, head: &[&str], rows: &[Vec<Cell>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    add_sheet(&mut book, name, head, rows)?;
    book.save_to_buffer()
}

/// An XLSX with several sheets, written like [`xlsx`]. Names must differ.
pub fn workbook(sheets: &[SheetOut<'_>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    for sheet in sheets {
        add_sheet(&mut book, sheet.name, &sheet.head, &sheet.rows)?;
    }
    book.save_to_buffer()
}

fn add_sheet(book: &mut Workbook, name: &str, head: &[&str], rows: &[Vec<Cell>]) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    sheet.set_name(name.chars().filter(|c| !"[]:*?/\\".contains(*c)).take(31).collect::<String>())?;
    let bold = Format::new().set_bold();
    for (column, title) in (0_u16..).zip(head) {
        sheet.write_string_with_format(0, column, *title, &bold)?;
        sheet.set_column_width(column, (title.chars().count() * 2 + 6).min(40) as f64)?;
    }
    for (row, cells) in (1_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                Cell::Number(n) => sheet.write_number(row, column, *n)?,
                Cell::Empty => continue,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    if let (Ok(last), Some(right)) = (u32::try_from(rows.len()), head.len().checked_sub(1)) {
        sheet.autofilter(0, 0, last, u16::try_from(right).unwrap_or_default())?;
    }
    Ok(())
}

/// CSV that opens in WPS and Excel: UTF-8 with mark, CRLF. A text that a
/// spreadsheet would take for a formula gets an apostrophe in front.
pub fn csv(head: &[&str], rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut out = String::from('\u{feff}');
    lines(&mut out, head, rows);
    out.into_bytes()
}

/// Several sheets as one CSV, written like [`csv`]: one alone as it is, of several
/// each below a line with its name.
pub fn csv_of(sheets: &[SheetOut<'_>]) -> Vec<u8> {
    let mut out = String::from('\u{feff}');
    for sheet in sheets {
        if sheets.len() > 1 {
            out.push_str(&quoted(&harmless(sheet.name)));
            out.push_str("\r\n");
        }
        lines(&mut out, &sheet.head, &sheet.rows);
    }
    out.into_bytes()
}

fn lines(out: &mut String, head: &[&str], rows: &[Vec<Cell>]) {
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    };
    line(&mut head.iter().map(|title| harmless(title)));
    for row in rows {
        line(&mut row.iter().map(|cell| match cell {
            Cell::Text(text) => harmless(text),
            Cell::Number(n) => n.to_string(),
            Cell::Empty => String::new(),
        }));
    }
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r', ';', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Limits, read};
    use proptest::prelude::*;

    #[test]
    fn nothing_becomes_a_formula() {
        let rows = vec![vec![Cell::from("=1+1"), Cell::from("+86"), Cell::Number(-3.0)]];
        let text = String::from_utf8(csv(&["甲", "乙", "丙"], &rows)).expect("UTF-8");
        assert_eq!(text, "\u{feff}甲,乙,丙\r\n'=1+1,'+86,-3\r\n");
    }

    proptest! {
        #[test]
        fn a_workbook_comes_back_as_it_was_written(rows in prop::collection::vec(prop::collection::vec("[\\p{Han}a-z0-9=+@,;\"]{1,12}", 1..5), 1..8)) {
            let cells: Vec<Vec<Cell>> = rows.iter().map(|row| row.iter().map(|c| Cell::from(c.as_str())).collect()).collect();
            let bytes = xlsx("台账", &["甲", "乙", "丙", "丁"], &cells).expect("written");
            let sheet = read(&bytes, Limits::default()).expect("read").remove(0);
            let back: Vec<Vec<String>> = sheet.rows.into_iter().skip(1).map(|row| row.cells).collect();
            prop_assert_eq!(back, rows);
        }
    }

    #[test]
    fn codes_stored_as_numbers_come_out_as_digits() {
        let rows = vec![vec![Cell::Number(370_100_200_012_345.0), Cell::Number(13_900_000_001.0), Cell::Number(0.5)]];
        let bytes = xlsx("台账", &["注册号", "电话", "比例"], &rows).expect("written");
        let sheet = read(&bytes, Limits::default()).expect("read").remove(0);
        assert_eq!(sheet.rows[1].cells, ["370100200012345", "13900000001", "0.5"]);
    }
}
