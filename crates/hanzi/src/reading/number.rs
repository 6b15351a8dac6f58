//! Numbers with their units, and dates.

use super::{Bound, Draft, Text, What};
use crate::is_han;
use std::ops::Range;

/// Units, the longer before what it begins with.
const UNITS: &[&str] = &[
    "个百分点",
    "个工作日",
    "亿元",
    "万元",
    "万人",
    "平方米",
    "公里",
    "万吨",
    "小时",
    "人次",
    "元",
    "家",
    "名",
    "人",
    "位",
    "%",
    "％",
    "亩",
    "项",
    "处",
    "件",
    "台",
    "辆",
    "个",
    "天",
    "吨",
    "趟",
    "次",
    "张",
    "户",
    "条",
    "场",
    "套",
    "批",
    "年",
];
/// Before 一, these make no number: 一名 is one, 一线 is none.
const AFTER_ONE: &[&str] = &["名", "家", "张", "位", "台", "处"];
const DIGITS: &str = "零一二三四五六七八九";

/// A number that begins at a place: its value and its end.
fn number(chars: &[char], start: usize) -> Option<(f64, usize)> {
    let mut end = start;
    while chars.get(end).is_some_and(char::is_ascii_digit)
        || (end > start
            && matches!(chars.get(end), Some('.' | ','))
            && chars.get(end + 1).is_some_and(char::is_ascii_digit))
    {
        end += 1;
    }
    if end > start {
        let digits: String = chars[start..end].iter().filter(|c| **c != ',').collect();
        return digits.parse().ok().map(|value| (value, end));
    }
    let (mut total, mut section, mut digit) = (0_u64, 0_u64, None);
    while let Some(c) = chars.get(end) {
        let place = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1000,
            '万' => 10_000,
            '亿' => 100_000_000,
            '两' => {
                digit = Some(2);
                end += 1;
                continue;
            }
            c => match DIGITS.chars().zip(0_u64..).find(|(d, _)| d == c) {
                Some((_, value)) => {
                    digit = Some(value);
                    end += 1;
                    continue;
                }
                None => break,
            },
        };
        if place >= 10_000 {
            total =
                total.saturating_add(section).saturating_add(digit.take().unwrap_or(0)).max(1).saturating_mul(place);
            section = 0;
        } else {
            section = section.saturating_add(digit.take().unwrap_or(1).saturating_mul(place));
        }
        end += 1;
    }
    (end > start).then(|| ((total.saturating_add(section).saturating_add(digit.unwrap_or(0))) as f64, end))
}

fn ends_with(text: &Text, end: usize, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let word: Vec<char> = word.chars().collect();
        text.chars[..end].ends_with(&word)
    })
}

fn begins(text: &Text, start: usize, word: &str) -> bool {
    word.chars().enumerate().all(|(i, c)| text.chars.get(start + i) == Some(&c))
}

pub(super) fn quantities(text: &Text) -> Vec<Draft> {
    let mut out = Vec::new();
    for clause in text.clauses() {
        let mut at = clause.start;
        while at < clause.end {
            let Some((value, end)) = number(&text.chars, at).filter(|_| !inside_number(text, at)) else {
                at += 1;
                continue;
            };
            let mut stop = end;
            let more = matches!(text.chars.get(stop), Some('余' | '多'));
            stop += usize::from(more);
            let Some(unit) = UNITS.iter().find(|unit| begins(text, stop, unit)) else {
                at = end;
                continue;
            };
            stop += unit.chars().count();
            let chinese = !text.chars[at].is_ascii_digit();
            let plain_one = chinese && value < 2.0 && (end - at == 1) && !AFTER_ONE.contains(unit);
            let year = *unit == "年" && value > 1900.0;
            let month = begins(text, end, "月") || begins(text, end, "日");
            if plain_one || year || month || (chinese && ends_with(text, at, &["第", "每", "之"])) {
                at = stop;
                continue;
            }
            let after = |words: &[&str]| words.iter().any(|word| begins(text, stop, word));
            let at_least = more || after(&["以上", "多"]) || ends_with(text, at, &["上", "超", "超过", "逾", "至少"]);
            let bound = if ends_with(text, at, &["近", "不超过", "最高", "以内", "不到"]) || after(&["以下", "以内"])
            {
                Bound::AtMost
            } else if at_least {
                Bound::AtLeast
            } else if ends_with(text, at, &["约", "大约"]) || after(&["左右"]) {
                Bound::About
            } else {
                Bound::Exact
            };
            // 上百 is a hundred at least; its 上 is said with it.
            let start =
                if ends_with(text, at, &["上", "近", "约", "超"]) && at > clause.start { at - 1 } else { at };
            let meaning = meaning(text, &clause, start, stop, unit);
            let unit = (*unit).to_owned();
            out.push(text.draft(start..stop, What::Quantity { value, unit, bound, meaning }));
            at = stop;
        }
    }
    out
}

fn inside_number(text: &Text, at: usize) -> bool {
    at > 0 && text.chars[at].is_ascii_digit() && matches!(text.chars[at - 1], '0'..='9' | 'A'..='Z' | 'a'..='z' | '.')
}

/// What is counted stands behind the number (20家水泥生产企业), what is measured before it (开工率达到90.7%).
fn meaning(text: &Text, clause: &Range<usize>, start: usize, end: usize, unit: &str) -> String {
    let counted = !matches!(unit, "%" | "％" | "亿元" | "万元" | "元" | "个百分点" | "天" | "小时" | "个工作日");
    let signs = |i: &usize| !is_han(text.chars[*i]) || text.chars[*i] == '的';
    if counted {
        let stop = (end..clause.end).find(signs).unwrap_or(clause.end).min(end + 10);
        if stop > end {
            return text.slice(end..stop);
        }
    }
    let from = (clause.start..start).rev().find(|i| !is_han(text.chars[*i])).map_or(clause.start, |i| i + 1);
    text.slice(from.max(start.saturating_sub(12))..start)
}

pub(super) fn dates(text: &Text, vague: &[&str]) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let mut at = 0;
    while at < text.chars.len() {
        let part = |from: usize, sign: char| {
            number(&text.chars, from)
                .filter(|(_, end)| text.chars.get(*end) == Some(&sign) && text.chars[from].is_ascii_digit())
                .map(|(value, end)| (value, end + 1))
        };
        if text.dropped(at) || inside_number(text, at) {
            at += 1;
            continue;
        }
        let year = part(at, '年').filter(|(value, _)| (1900.0..2200.0).contains(value));
        let month = part(year.map_or(at, |(_, end)| end), '月').filter(|(value, _)| (1.0..=12.0).contains(value));
        let day = month.and_then(|(_, end)| part(end, '日')).filter(|(value, _)| (1.0..=31.0).contains(value));
        let Some((_, end)) = day.or(month).or(year) else {
            at += 1;
            continue;
        };
        let what = What::Date {
            year: year.map(|(value, _)| value as i16),
            month: month.map(|(value, _)| value as i8),
            day: day.map(|(value, _)| value as i8),
        };
        out.push(text.draft(at..end, what));
        at = end;
    }
    let mut words: Vec<&&str> = vague.iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words {
        for span in text.find(word) {
            if !out.iter().any(|d| d.span.start < span.end && span.start < d.span.end) {
                out.push(text.draft(span, What::Date { year: None, month: None, day: None }));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value, length) in [
            ("20", 20.0, 2),
            ("1.2亿", 1.2, 3),
            ("3,860万", 3860.0, 5),
            ("两名", 2.0, 1),
            ("百家", 100.0, 1),
            ("三十五", 35.0, 3),
            ("一千二百", 1200.0, 4),
        ] {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(number(&chars, 0), Some((value, length)), "{text}");
        }
        assert_eq!(number(&['好'], 0), None);
        let many: Vec<char> = "九亿".repeat(40).chars().collect();
        assert!(number(&many, 0).is_some());
    }
}
