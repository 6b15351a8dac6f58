//! A document of an office, described once: what stands on the sheet, and nothing of how
//! any program sets it. [`crate::pdf`], [`crate::docx`] and pages all read this.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A document. All its texts are plain: no writer reads markup in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The office that issues it, as it stands in the red head.
    pub office: String,
    /// What it is: 交办单.
    pub title: String,
    /// Its number, such as 智谷管办〔2026〕12号; none while it is a draft.
    pub number: Option<String>,
    /// The number of the one that it comes after.
    pub earlier: Option<String>,
    /// The day that it bears.
    pub day: Date,
    /// When it was made: the date in a file's own data, so that the same document is the
    /// same file whenever it is written.
    pub made_at: Timestamp,
    /// Whether the sheet lies on its long side, for wide tables.
    pub wide: bool,
    /// What it says, from top to bottom.
    pub blocks: Vec<Block>,
    /// What is set across each sheet: 作废. It comes with a printing and is no part of what was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// How whoever holds the sheet finds out whether it is genuine. It comes with a
    /// printing and is no part of what was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// Whom it is addressed to, at the left margin, with a colon behind.
    To {
        /// The names.
        names: Vec<String>,
    },
    /// A heading within the text.
    Heading {
        /// Its words.
        text: String,
    },
    /// Text; every line is a paragraph of its own.
    Text {
        /// Its words.
        text: String,
    },
    /// Labels with their values, ruled, two to a row unless a value needs the whole row.
    Facts {
        /// The pairs.
        facts: Vec<Fact>,
    },
    /// A table whose head comes again on every sheet.
    Table {
        /// What it is called for readers who do not see it.
        name: String,
        /// Its columns.
        columns: Vec<Column>,
        /// Its rows, each with one text for every column.
        rows: Vec<Vec<String>>,
    },
    /// Lines to be filled in by hand, each with a place for a date.
    Sign {
        /// Who signs, by what he is: 签收人.
        labels: Vec<String>,
    },
    /// The office's name with the day, and the place of its seal.
    Seal,
    /// A remark in small type.
    Note {
        /// Its words.
        text: String,
    },
}

/// A label with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The label.
    pub label: String,
    /// The value; empty for what is filled in by hand.
    pub text: String,
    /// Whether it has a row of its own.
    pub wide: bool,
    /// Lines of empty room that are kept for it at least.
    pub room: u8,
}

impl Fact {
    /// A pair that shares a row with another.
    pub fn new(label: &str, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into(), wide: false, room: 1 }
    }

    /// A pair with a row of its own.
    pub fn wide(label: &str, text: impl Into<String>) -> Self {
        Self { wide: true, ..Self::new(label, text) }
    }

    /// Room to write by hand, in lines.
    pub fn room(label: &str, lines: u8) -> Self {
        Self { room: lines, ..Self::wide(label, "") }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its head.
    pub head: String,
    /// Its share of the width, beside those of the others.
    pub share: u8,
}

/// How a sheet is shown to be genuine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// The address that the square code holds.
    pub url: String,
    /// The digest that the page at that address must show too.
    pub digest: String,
}

impl Document {
    /// What it is called in a file's own data: title and number.
    pub fn name(&self) -> String {
        match &self.number {
            Some(number) => format!("{} {number}", self.title),
            None => self.title.clone(),
        }
    }

    /// Its day as documents bear it: 2026年11月24日.
    pub fn day_text(&self) -> String {
        format!("{}年{}月{}日", self.day.year(), self.day.month(), self.day.day())
    }

    /// The remark under its number that names the one before.
    pub fn earlier_text(&self) -> Option<String> {
        self.earlier.as_ref().map(|number| format!("（接续{number}，内容以本件为准）"))
    }
}

/// Facts as rows: two that fit beside one another, or one alone.
pub fn fact_rows(facts: &[Fact]) -> Vec<(&Fact, Option<&Fact>)> {
    let mut rows = Vec::new();
    let mut rest = facts.iter().peekable();
    while let Some(fact) = rest.next() {
        let beside = if fact.wide { None } else { rest.next_if(|next| !next.wide) };
        rows.push((fact, beside));
    }
    rows
}

/// The words beside the square code.
pub(crate) fn verify_lines(verify: &Verify) -> [String; 2] {
    ["扫码核验本件编号、日期、签发机关及是否有效".to_owned(), format!("校验码：{}", grouped(&verify.digest))]
}

/// A digest in groups of four, which the eye compares.
pub(crate) fn grouped(digest: &str) -> String {
    let letters: Vec<char> = digest.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_short_facts_share_a_row() {
        let facts = [
            Fact::new("来源", "走访"),
            Fact::new("类别", "用电"),
            Fact::new("期限", "三日"),
            Fact::wide("内容", "停电"),
            Fact::new("电话", ""),
        ];
        let rows: Vec<_> =
            fact_rows(&facts).into_iter().map(|(one, two)| (&*one.label, two.map(|two| &*two.label))).collect();
        assert_eq!(rows, [("来源", Some("类别")), ("期限", None), ("内容", None), ("电话", None)]);
    }

    #[test]
    fn a_digest_is_read_in_fours() {
        assert_eq!(grouped("0123456789ab"), "0123 4567 89ab");
    }

    #[test]
    fn what_was_issued_is_read_back_as_it_was() {
        let document = Document {
            office: "管委会".into(),
            title: "交办单".into(),
            number: Some("管〔2026〕1号".into()),
            earlier: None,
            day: jiff::civil::date(2026, 11, 4),
            made_at: Timestamp::UNIX_EPOCH,
            wide: false,
            blocks: vec![Block::Text { text: "一".into() }, Block::Seal],
            mark: None,
            verify: None,
        };
        let text = serde_json::to_string(&document).expect("JSON");
        assert!(!text.contains("verify") && !text.contains("mark"), "{text}");
        assert_eq!(serde_json::from_str::<Document>(&text).expect("the same"), document);
        assert_eq!(document.day_text(), "2026年11月4日");
        assert_eq!(document.name(), "交办单 管〔2026〕1号");
    }
}
