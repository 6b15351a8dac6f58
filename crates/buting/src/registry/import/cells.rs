//! Cells as offices write them.

use crate::text::Lang;
use crate::time::Day;
use identifiers::half_width;
use jiff::civil::{Date, date};

/// A whole number: `1,200人`, `１２`, `120.0`. The error is a text.
pub fn number(text: &str) -> Option<i64> {
    let plain = half_width(text).replace([',', '，'], "");
    let plain = plain.trim_end_matches(['人', '名', '余']);
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    if part.bytes().any(|b| b != b'0') {
        return None;
    }
    whole.parse().ok()
}

/// Yes or no.
pub fn truth(text: &str) -> Option<bool> {
    match half_width(text).to_lowercase().as_str() {
        "是" | "有" | "√" | "✓" | "✔" | "1" | "y" | "yes" | "true" | "重点" | "重点企业" | "首要" => {
            Some(true)
        }
        "" | "否" | "无" | "×" | "✗" | "x" | "0" | "n" | "no" | "false" | "非重点" | "一般" | "-" => {
            Some(false)
        }
        _ => None,
    }
}

/// The first and last day that a spreadsheet's number is taken for.
const SERIALS: std::ops::RangeInclusive<i64> = 32_874..=55_153; // 1990 to 2050

/// A day: `2026-11-03`, `2026/11/3`, `2026.11.3`, `2026年11月3日`, `20261103`, the
/// number that a spreadsheet keeps (46329), each with or without a time.
pub fn day(text: &str) -> Option<Day> {
    let text = text.trim();
    let first = text.split_once([' ', 'T']).map_or(text, |(day, _)| day);
    let plain = half_width(first).replace(['年', '月', '/', '.'], "-").replace('日', "");
    let parts: Vec<&str> = plain.trim_end_matches('-').split('-').collect();
    let made = |year: &str, month: &str, day: &str| -> Option<Day> {
        let year: i16 = year.parse().ok()?;
        // Two digits are of this century: 26-11-3.
        let year = if year < 100 { 2000 + year } else { year };
        Date::new(year, month.parse().ok()?, day.parse().ok()?).ok().map(Day)
    };
    match parts.as_slice() {
        [year, month, day] => made(year, month, day),
        [all] if all.len() == 8 && all.bytes().all(|b| b.is_ascii_digit()) => made(&all[..4], &all[4..6], &all[6..]),
        _ => {
            let serial = half_width(text).split('.').next()?.parse().ok().filter(|n| SERIALS.contains(n))?;
            date(1899, 12, 30).checked_add(jiff::Span::new().days(serial)).ok().map(Day)
        }
    }
}

/// The word whose Chinese label this is.
pub fn labelled<T: Copy>(all: &[T], family: &str, word: impl Fn(T) -> &'static str, text: &str) -> Option<T> {
    let text = text.trim();
    all.iter().copied().find(|one| word(*one) == text || Lang::Zh.word(family, word(*one)) == text)
}

/// The parts of a list in one cell.
pub fn list_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', '，', ',', '；', ';', '/', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{Status, Tag};

    #[test]
    fn numbers_and_truth_as_offices_write_them() {
        for (text, n) in [
            ("120", Some(120)),
            ("1,200人", Some(1200)),
            ("１２", Some(12)),
            ("120.0", Some(120)),
            ("120余人", Some(120)),
            ("一百多人", None),
            ("12.5", None),
            ("", None),
        ] {
            assert_eq!(number(text), n, "{text}");
        }
        for (text, yes) in
            [("是", Some(true)), ("√", Some(true)), ("否", Some(false)), ("", Some(false)), ("大概", None)]
        {
            assert_eq!(truth(text), yes, "{text}");
        }
    }

    #[test]
    fn days_as_offices_write_them() {
        let third = Some(Day(date(2026, 11, 3)));
        for text in [
            "2026-11-03",
            "2026/11/3",
            "2026.11.3",
            "2026年11月3日",
            "20261103",
            "２０２６年１１月３日",
            "46329",
            "46329.5",
            "2026-11-03 08:30",
            "26.11.3",
            "2026-11-03T00:00:00",
        ] {
            assert_eq!(day(text), third, "{text}");
        }
        for text in ["", "上周", "2026年11月", "11月3日", "2026-13-01", "120", "20261340"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn words_are_read_by_their_labels() {
        assert_eq!(labelled(Tag::ALL, "enterprise-tag", Tag::word, "专精特新"), Some(Tag::Specialised));
        assert_eq!(labelled(Status::ALL, "enterprise-status", Status::word, "在区"), Some(Status::Active));
        assert_eq!(labelled(Status::ALL, "enterprise-status", Status::word, "在火星"), None);
        assert_eq!(list_of("规上、专精特新，保供").collect::<Vec<_>>(), ["规上", "专精特新", "保供"]);
    }
}
